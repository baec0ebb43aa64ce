"""Every example that a help page shows works for somebody who has only installed adlcalc: in an empty folder,
as it stands."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import PATIENCE, ROOT, Result

from adlcalc.cli.app import COMMANDS, app_for
from adlcalc.cli.topics import folded, text_of, topics

Adlcalc = Callable[..., Result]
SHELL = f'adlcalc() {{ "{sys.executable}" -m adlcalc "$@"; }}; set -o pipefail; '
OTHERS_FILES = ("positions.json", "markets.json", "accounts.csv", "fills.csv", "BTCUSDT-1m-2020-03-12.csv")
"""What the user has and we do not; beside such an example stands one to try."""


def pages() -> list[tuple[str, ...]]:
    """The commands, each with those below it."""
    importers = ("ccxt", "ccxt-markets", "klines", "book")
    return [*((name,) for name in COMMANDS if name != "import"), *(("import", name) for name in importers)]


def examples(page: tuple[str, ...]) -> list[str]:
    """The lines of a help page that are to be typed."""
    command = [sys.executable, "-m", "adlcalc", *page, "--help"]
    text = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    shown = re.split(r"^ *Examples?:\n", text, flags=re.MULTILINE)[-1]
    return [line.strip() for line in shown.splitlines() if "adlcalc " in line]


@pytest.mark.slow
@pytest.mark.parametrize("page", pages(), ids="-".join)
def test_every_example_works_in_an_empty_folder(page: tuple[str, ...], tmp_path: Path) -> None:
    found = examples(page)
    assert found, "a help page has an example"
    tried = [line for line in found if not any(name in line for name in OTHERS_FILES)]
    assert tried, "and one that needs nobody else's files"
    for line in tried:
        done = subprocess.run(
            ["bash", "-c", SHELL + line],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=PATIENCE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        if "needs the extra" in done.stderr:
            pytest.skip("what the extra has is not installed")
        assert done.returncode == (1 if page == ("diff",) else 0), (line, done.stderr)
        assert done.stdout or "-o " in line or "--output" in line or "check" in line, line


@pytest.mark.slow
def test_help_is_what_the_command_says_of_itself(adlcalc: Adlcalc) -> None:
    for words in (["run"], ["import", "book"]):
        assert adlcalc("help", *words).out == adlcalc(*words, "--help").out != ""
    got = adlcalc("help", "rnu")
    assert (got.code, got.err) == (
        2,
        "adlcalc: there is no command or topic 'rnu'\nhint: did you mean 'run'?\n",
    )


def test_a_help_page_lists_every_command() -> None:
    listed = {command.name for command in app_for([]).registered_commands}
    assert listed | {"import"} == set(COMMANDS)


# --- the scenarios that come with adlcalc -------------------------------------------------------------------


def test_a_scenario_is_run_by_its_name(
    adlcalc: Adlcalc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_path = adlcalc("run", "scenarios/18-march-2020.yaml").out
    monkeypatch.chdir(tmp_path)
    assert adlcalc("run", "18-march-2020").out == by_path.replace(
        "scenarios/18-march-2020.yaml", "18-march-2020"
    )
    near = (
        "18-march-2020: error: there is no such file\nhint: did you mean '18-march-2020', which comes with "
        "adlcalc?\n"
    )
    for name in ("18-marsch-2020", "18", "scenarios/18-march-2020.yaml"):
        got = adlcalc("run", name)
        assert (got.code, got.err) == (2, name + near.removeprefix("18-march-2020"))
    Path("18-march-2020").write_text("prices: 5\n")  # the user's own file comes first
    assert "'prices' must be" in adlcalc("run", "18-march-2020").err


NEAR_T2 = [
    ("run", "t2.yml"),
    ("run", "t2"),
    ("margin", "T2.YAML"),
    ("check", "t2-.yaml"),
    ("diff", "t2.yaml", "t2.yam"),
    ("verify", "t2.json"),
    ("import", "ccxt", "t2.json"),
    ("run", "t2.yaml", "--venue", "./t2.yml"),
]


@pytest.mark.slow
@pytest.mark.parametrize("line", NEAR_T2, ids=" ".join)
def test_a_file_that_is_not_there_is_told_with_the_one_beside_it(
    adlcalc: Adlcalc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t2.yaml").write_text(
        "accounts: [{id: a, side: long, size: 1, entry: 9, leverage: 2}]\nprices: [9, 8]\n"
    )
    Path("t2.golden").write_text("")
    Path("book.csv").write_text("id,side,size,entry,leverage\na,long,1,9,2\n")
    got = adlcalc(*line)
    folder = "./" if "./" in line[-1] else ""
    assert (got.code, got.err.split("adlcalc check")[0]) == (
        2,
        f"{line[-1]}: error: there is no such file\nhint: did you mean '{folder}t2.yaml'?\n",
    )


def test_what_is_like_nothing_beside_it_has_no_hint(
    adlcalc: Adlcalc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t2.yaml").write_text("accounts: {file: bok.csv}\nprices: [9, 8]\n")
    Path("book.csv").write_text("")
    assert adlcalc("run", "quite-another.yaml").err == "quite-another.yaml: error: there is no such file\n"
    assert adlcalc("run", "nowhere/t2.yml").err == "nowhere/t2.yml: error: there is no such file\n"
    assert adlcalc("run", "t2.yaml").err.endswith("hint: did you mean 'book.csv'?\n")


def test_new_copies_a_scenario_with_the_files_that_it_reads(
    adlcalc: Adlcalc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    got = adlcalc("new", "18-march-2020", "-o", "crash.yaml")
    assert got == Result("", "adlcalc new: 18-march-2020.csv is written too: the scenario reads it\n", 0)
    lines = Path("crash.yaml").read_text().splitlines()
    assert lines[0] == "# yaml-language-server: $schema=scenario.schema.json"
    assert lines[1:] == (ROOT / "scenarios/18-march-2020.yaml").read_text().splitlines()[1:]
    assert adlcalc("check", "crash.yaml") == Result(
        "", "adlcalc check: 1 file, 0 goldens: all as expected\n", 0
    )
    got = adlcalc("new", "18-march-2020", "-o", "again.yaml")
    assert (got.code, got.err) == (
        2,
        "adlcalc: 18-march-2020.csv is there already; give another name or folder\n",
    )
    assert not Path("again.yaml").exists()


def test_the_wheel_has_the_scenarios() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    assert '"scenarios" = "adlcalc/scenarios"' in text.partition("force-include]")[2]


# --- the rulebook to start from -----------------------------------------------------------------------------


def stated(text: str) -> list[str]:
    """The lines that state a rule behind a #."""
    return re.findall(r"^  #(\w+: .*)$", text, re.MULTILINE)


@pytest.mark.slow
def test_the_new_rulebook_has_every_rule_and_each_may_be_taken_out_of_its_comment(
    adlcalc: Adlcalc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from adlcalc.venues.rule_list import rule_names

    monkeypatch.chdir(tmp_path)
    text = adlcalc("new", "rulebook").out
    assert [line.partition(":")[0] for line in stated(text)] == [
        name.partition(".")[2] for name in rule_names()
    ]
    assert max(map(len, text.splitlines())) <= 116
    for found in re.finditer(r"^  #(?=\w+: )", text, re.MULTILINE):
        Path("mine.yaml").write_text(text[: found.start()] + "  " + text[found.end() :])
        got = adlcalc("check", "mine.yaml")
        idle = "plays no part" in got.err and got.err.count("error:") == 1
        assert got.code == 0 or idle, got.err


def test_every_value_of_a_rule_stands_above_it(adlcalc: Adlcalc) -> None:
    from adlcalc.engine.formulas.scores import SCORES

    text = adlcalc("new", "rulebook").out
    above = text.partition("  #score: ")[0].rpartition("\n\n")[2]
    assert re.findall(r"^  #   ([\w-]+): ", above, re.MULTILINE) == list(SCORES)


def test_a_plain_value_is_an_assumption_that_a_run_tells(
    adlcalc: Adlcalc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Equity 10 is at or below a maintenance of 2 % of 90, but not below that of 0.5 %: the plain rate
    counts."""
    monkeypatch.chdir(tmp_path)
    Path("book.yaml").write_text(
        "venue: mine.yaml\n"
        "accounts: [{id: a, side: long, size: 1, entry: 100, collateral: 11.5}]\n"
        "prices: [100, 90]\n"
    )
    head = 'venue: mine\ntitle: Mine\nas_of: "2026"\nextends: generic\nmargin:\n'
    Path("mine.yaml").write_text(head)
    assert "No account was liquidated." in adlcalc("run", "book.yaml").out
    for rate in (
        "0.02",
        "{tiers: [{up_to: 1_000, rate: 0.02}, {rate: 0.04}]}",
        "{linear: 0.02, inverse: 0.5}",
    ):
        Path("mine.yaml").write_text(f"{head}  maintenance: {rate}\nadl:\n")
        got = adlcalc("run", "book.yaml")
        assert (got.code, got.err) == (0, "")
        assert "1 of 1 liquidated at step 1" in got.out
        assert "margin.maintenance" in got.out.partition("Assumed rules that this run used")[2]
        told = " ".join(adlcalc("venues", "./mine.yaml").out.split())
        value = f"`{rate}`" if rate == "0.02" else "The value" if "tiers" in rate else "`0.5`"
        assert f"{value} stands in mine.yaml, which names no source for it; so it is assumed." in told


# --- completion ---------------------------------------------------------------------------------------------

HALF = "04-fund-half-absorbs"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "proposed"),
    [
        (f"adlcalc compare {HALF} --policies queue,pro", ["queue,pro-rata"]),
        (f"adlcalc compare {HALF} --policies queue:bitm", ["queue:bitmex"]),
        (f"adlcalc compare {HALF} --metrics gini,acc", ["gini,accounts_liquidated", "gini,accounts_touched"]),
        (f"adlcalc compare {HALF} --venues okx,bitm", ["okx,bitmex"]),
        ("adlcalc compare --explain gin", ["gini"]),
        ("adlcalc venues --score bitm", ["bitmex"]),
        ("adlcalc venues --rules adl.pr", ["adl.price", "adl.price_weight"]),
        (f"adlcalc explain {HALF} b", ["bob"]),
        (f"adlcalc rank {HALF} --account c", ["carol"]),
        (f"adlcalc rank {HALF} --market B", ["BTC-PERP"]),
        ("adlcalc margin scenarios/09-hedged-account.yaml --account h", ["hedger"]),
        (f"adlcalc run {HALF} --series f", ["fund"]),
        (f"adlcalc run {HALF} --fail-on margin_ratio(b", ["margin_ratio(bob)"]),
        ("adlcalc margin README.md --account a", []),
        ("adlcalc margin nowhere.yaml --account a", []),
        ("adlcalc help im", ["import"]),
        ("adlcalc new 09", ["09-hedged-account"]),
        ("adlcalc run 09", ["09-hedged-account"]),
    ],
)
def test_the_shell_is_proposed_what_a_word_may_become(
    line: str, proposed: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = line.split()
    monkeypatch.chdir(ROOT)
    for name, value in {
        "_ADLCALC_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
    }.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        app_for(words[1:])(prog_name="adlcalc")
    assert capsys.readouterr().out.split() == proposed


def test_every_command_that_shows_tables_takes_a_width() -> None:
    """What writes a page has all of the options of a page."""
    import inspect

    for command in app_for([]).registered_commands:
        if command.callback is not None:
            given = set(inspect.signature(command.callback).parameters)
            assert "format" not in given or {"json", "output"} <= given, command.name
            assert "limit" not in given or "format" not in given or {"width", "quiet"} <= given, command.name


@pytest.mark.slow
def test_a_page_keeps_the_lines_of_its_blocks_on_a_terminal() -> None:
    """A block of 80 columns stands in 80 columns; text is filled."""
    from rich.console import Console

    from adlcalc.cli.rendered import Page

    line = "1234567 " * 10
    text = f"Two words\nand two.\n\n```console\n$ adlcalc run\n{line[:80]}\n```\n"
    out = io.StringIO()
    Console(file=out, width=80).print(Page(text))
    assert [row.rstrip() for row in out.getvalue().splitlines()] == [
        "Two words and two.", "", "$ adlcalc run", line.rstrip(),
    ]  # fmt: skip


def test_a_line_of_a_block_that_is_too_long_goes_on_further_in() -> None:
    """Never within a word; a command behind a backslash and not within quotes; a line of a file is cut where
    its carets are."""
    from adlcalc.cli.rendered import folded

    assert list(folded(["  one two three"], 10)) == ["  one two", "      three"]
    command = ["$ adlcalc solve a.yaml --until 'no adl of all' --json"]
    assert list(folded(command, 32)) == [
        "$ adlcalc solve a.yaml --until \\",
        "    'no adl of all' --json",
    ]
    assert list(folded([" 3 | abcdefgh", "   |       ^^"], 10)) == [" 3 | abcde", "   | fgh", "   |  ^^"]
    assert list(folded(["short", "x" * 12], 10)) == ["short", "x" * 12]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["commands", "errors", "python", "trader"])
def test_no_block_of_a_page_is_torn_at_80_columns(name: str) -> None:
    """What is longer than the terminal goes on further in, and loses nothing but spaces."""
    from importlib.resources import files

    from adlcalc.cli.rendered import folded

    text = files("adlcalc").joinpath("docs", f"{name}.md").read_text(encoding="utf-8")
    wide = [line for line in text.split("```")[1::2] for line in line.split("\n") if len(line) > 80]
    assert wide
    for line in wide:
        pieces = list(folded([line], 80))
        assert "".join(piece.strip().removesuffix(" \\") for piece in pieces).replace(
            " ", ""
        ) == line.replace(" ", "")
        long = [piece for piece in pieces if len(piece) > 80]
        assert all(max(map(len, piece.split())) > 60 or "'" in piece for piece in long), line


@pytest.mark.slow
def test_lists_keep_80_columns(adlcalc: Callable[..., Result]) -> None:
    for words in (["help"], ["new", "--list"]):
        out = adlcalc(*words).out
        assert [line for line in out.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("name", [topic.name for topic in topics()])
def test_in_a_pipe_a_page_is_its_markdown_with_its_sentences_folded(name: str) -> None:
    """The same words in the same order; blocks and rows of tables are the lines that they were; sentences keep to 80
    columns, but for one word (an address) that is longer."""
    text = text_of(name)
    got = folded(text)
    assert got.split() == text.split()
    assert folded(got) == got, "folded once more it stays"

    def kept(whole: str) -> list[str]:
        fenced, found = False, []
        for line in whole.splitlines():
            if line.lstrip().startswith("```"):
                fenced = not fenced
            if fenced or line.startswith(("|", "#")):
                found.append(line)
        return found

    assert kept(got) == kept(text)
    wide = [line for line in got.splitlines() if len(line) > 80 and line not in kept(text)]
    assert [line for line in wide if len(line.split()) > 2] == []
