"""--manifest and `adlcalc verify`: an answer can be repeated, and what is otherwise is told by its name."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from shlex import join

import pytest

from adlcalc.check.golden import compare
from adlcalc.check.manifest import NotManifest, deviations, read
from adlcalc.cli.app import COMMANDS, SILENT
from adlcalc.ground.record import digest_of
from adlcalc.report.columns.sweep import SWEEP

SCENARIO = """\
venue: own.yaml
fund: 5
markets:
  X: {tick: 0.01, lot: 0.01, maintenance: {table: X}}
accounts: {file: book.csv}
prices: {file: path.csv, path: close}
"""
BOOK = "id,side,size,entry,leverage\namy,long,1,100,10\nben,short,1,100,10\n"
PATH = "time,open,high,low,close\n2025-10-10 00:00,100,100,100,100\n2025-10-10 01:00,80,80,80,80\n"
RULEBOOK = """\
venue: own
title: of our own
as_of: "2025"
extends: generic
tables: tables.yaml
"""
TABLES = """\
venue: own
as_of: "2025"
unit: quote
source: {title: "a page", seen: 2026-11-25}
contracts: {X: {maintenance: {tiers: [{rate: 0.01}]}}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, adlcalc: Callable[..., object]) -> Path:
    """A scenario with a book, a path, a rulebook and a table, each in a file of its own."""
    files = {
        "s.yaml": SCENARIO,
        "book.csv": BOOK,
        "path.csv": PATH,
        "own.yaml": RULEBOOK,
        "tables.yaml": TABLES,
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


COMMANDS_GIVEN = [
    ("run", "s.yaml"),
    ("run", "s.yaml", "--set", "fund=0", "--json"),
    ("run", "s.yaml", "s.yaml", "--format", "csv"),
    ("margin", "s.yaml"),
    ("rank", "s.yaml", "--side", "short"),
    ("explain", "s.yaml", "ben"),
    ("compare", "s.yaml", "--policies", "queue,pro-rata"),
    ("diff", "s.yaml", "--set", "fund=0"),
    ("venues", "bitmex"),
]


@pytest.mark.slow
@pytest.mark.parametrize("words", COMMANDS_GIVEN, ids=" ".join)
def test_an_answer_is_repeated(adlcalc: Callable[..., object], folder: Path, words: tuple[str, ...]) -> None:
    plain, kept = adlcalc(*words), adlcalc(*words, "--manifest", "m.json")
    assert kept == plain  # nothing is answered otherwise because it is recorded
    assert kept.code in (0, 1)
    again = adlcalc("verify", "m.json")
    assert (again.code, again.err) == (0, "")
    assert "The same: " in again.out
    told = " ".join(again.out.split())
    for one in json.loads((folder / "m.json").read_text())["inputs"]:
        assert f"{one['role']} {one['name']}, SHA-256 {one['sha256']}" in told
        assert one in json.loads(adlcalc("verify", "m.json", "--json").out)["inputs"]
    (folder / "other.json").write_text((folder / "m.json").read_text().replace(kept_digest(folder), "0" * 64))
    assert "the result is not the same text" in adlcalc("verify", "other.json").out.replace("\n", " ")


def kept_digest(folder: Path) -> str:
    return str(json.loads((folder / "m.json").read_text())["result"]["sha256"])


@pytest.mark.slow
def test_every_command_that_answers_has_it(adlcalc: Callable[..., object]) -> None:
    for name in COMMANDS:
        assert ("--manifest FILE" in adlcalc(name, "--help").out) == (name not in SILENT), name


def test_it_holds_every_file_and_nothing_of_the_machine(adlcalc: Callable[..., object], folder: Path) -> None:
    adlcalc("run", "s.yaml", "--manifest", "m.json", "-o", "out.txt")
    text = (folder / "m.json").read_text()
    found = json.loads(text)
    assert [one["name"] for one in found["inputs"]] == [
        "s.yaml", "book.csv", "path.csv", "adlcalc/venues/generic.yaml", "own.yaml", "tables.yaml",
    ]  # fmt: skip
    assert str(folder) not in text
    assert "out.txt" not in text
    assert found["command"] == ["run", "s.yaml"]


CHANGED = [
    ("s.yaml", "fund: 5", "fund: 6", "scenario s.yaml has changed, and is as long as it was ("),
    (
        "book.csv",
        "amy,long,1,100,10",
        "amy,long,1,100,11",
        "companion book.csv has changed, and is as long as it was (",
    ),
    ("path.csv", "80,80\n", "80,81\n", "companion path.csv has changed, and is as long as it was ("),
    ("own.yaml", "of our own", "of our owm", "rulebook own.yaml has changed, and is as long as it was ("),
    ("tables.yaml", "0.01", "0.02", "table tables.yaml has changed, and is as long as it was ("),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "old", "new", "told"), CHANGED, ids=[one[0] for one in CHANGED])
def test_one_byte_of_an_input_is_told_first(
    adlcalc: Callable[..., object], folder: Path, name: str, old: str, new: str, told: str
) -> None:
    adlcalc("run", "s.yaml", "--manifest", "m.json")
    text = (folder / name).read_text()
    changed = text.replace(old, new, 1)
    assert sum(a != b for a, b in zip(text, changed, strict=True)) == 1
    (folder / name).write_text(changed)
    found = adlcalc("verify", "m.json")
    assert found.code == 1
    size = f"{len(text.encode())} bytes"
    assert f"Not the same: {told}{size})." in found.out.replace("\n", " ")
    (folder / name).write_text(text)
    assert adlcalc("verify", "m.json").code == 0


def test_what_follows_is_told_behind_it(adlcalc: Callable[..., object], folder: Path) -> None:
    """amy: 1 from 100 at 10 times, bankrupt at 90; at 80 ten are missing. The fund pays 5, or with 6 in it 6:
    a half of her contract or 0.6 of it is sold, the rest is ben's."""
    adlcalc("run", "s.yaml", "--manifest", "m.json")
    (folder / "s.yaml").write_text(SCENARIO.replace("fund: 5", "fund: 6"))
    found = json.loads(adlcalc("verify", "m.json", "--json").out)
    assert next(one["kind"] for one in found["deviations"]) == "input"
    facts = [one["text"] for one in found["deviations"] if one["kind"] == "fact"]
    assert any("size 0.5 → 0.4" in text for text in facts), facts
    assert not found["same"]


def test_a_rule_is_told_by_its_name(adlcalc: Callable[..., object], folder: Path) -> None:
    adlcalc("run", "s.yaml", "--manifest", "m.json")
    rule = "adl:\n  ties: {value: profit-balance-newest, status: assumed, note: so}\n"
    (folder / "own.yaml").write_text(RULEBOOK + rule)
    found = adlcalc("verify", "m.json").out.replace("\n", " ")
    assert "rule adl.ties of own is profit-balance-newest, it was larger-position" in " ".join(found.split())


def test_a_file_that_is_gone_is_told(adlcalc: Callable[..., object], folder: Path) -> None:
    adlcalc("run", "s.yaml", "--manifest", "m.json")
    (folder / "book.csv").unlink()
    found = adlcalc("verify", "m.json")
    assert found.code == 1
    assert "companion book.csv was read, it is not now" in found.out
    assert "rule " not in found.out  # nothing was worked: there is nothing to hold against the rules
    assert "there is no file 'book.csv'" in " ".join(found.out.split())


def test_standard_input_is_verified_from_standard_input(adlcalc: Callable[..., object], folder: Path) -> None:
    text = b"accounts: [{id: a, side: long, size: 1, entry: 10, leverage: 2}]\nprices: [10, 4]\n"
    adlcalc("run", "-", "--manifest", "m.json", stdin=text)
    assert adlcalc("verify", "m.json", stdin=text).code == 0
    assert adlcalc("verify", "m.json", stdin=text.replace(b"4", b"5")).code == 1


def test_a_path_of_the_machine_is_refused(adlcalc: Callable[..., object], folder: Path) -> None:
    found = adlcalc("run", str(folder / "s.yaml"), "--manifest", "m.json")
    assert found.code == 2
    assert "is a path of this machine" in found.err
    assert not (folder / "m.json").exists()


def test_it_does_not_overwrite_what_is_read(adlcalc: Callable[..., object], folder: Path) -> None:
    found = adlcalc("run", "s.yaml", "--manifest", "book.csv")
    assert found.code == 2
    assert "would overwrite the file that is read" in found.err
    assert (folder / "book.csv").read_text() == BOOK


def test_a_run_that_cannot_be_worked_leaves_none(adlcalc: Callable[..., object], folder: Path) -> None:
    assert adlcalc("run", "no.yaml", "--manifest", "m.json").code == 2
    assert not (folder / "m.json").exists()


BAD = [
    ("", "it is no JSON"),
    ("[]", "its schema is not adlcalc.manifest/1"),
    ('{"schema": "adlcalc.manifest/1"}', "it does not say 'result'"),
    ('{"schema": "adlcalc.manifest/1", "result": 1}', "its 'result' is not of the kind"),
]


@pytest.mark.parametrize(("text", "told"), BAD)
def test_what_is_no_manifest_is_told(
    adlcalc: Callable[..., object], folder: Path, text: str, told: str
) -> None:
    (folder / "m.json").write_text(text)
    found = adlcalc("verify", "m.json")
    assert found.code == 2
    assert told in found.err
    assert "Traceback" not in found.err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["check", "s.yaml", "--update"], "its command is none that answers"),
        (["run", "s.yaml", "-o", "x"], "its command writes files"),
        (["run", "s.yaml", "--no-such"], "cannot be given"),
        ([], "its command is none that answers"),
    ],
)
def test_a_manifest_does_nothing_but_answer(
    adlcalc: Callable[..., object], folder: Path, command: list[str], told: str
) -> None:
    adlcalc("run", "s.yaml", "--manifest", "m.json")
    found = json.loads((folder / "m.json").read_text())
    (folder / "m.json").write_text(json.dumps({**found, "command": command}))
    answer = adlcalc("verify", "m.json")
    assert answer.code == 2
    assert told in answer.err
    assert not (folder / "x").exists()


def test_the_commit_is_that_of_the_working_tree(tmp_path: Path) -> None:
    from adlcalc.check.manifest import _checked_out

    (tmp_path / ".git" / "refs" / "heads").mkdir(parents=True)
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    assert _checked_out(tmp_path) is None
    (tmp_path / ".git" / "packed-refs").write_text("# pack\nabc refs/heads/main\n")
    assert _checked_out(tmp_path) == "abc"
    (tmp_path / ".git" / "refs" / "heads" / "main").write_text("def\n")
    assert _checked_out(tmp_path) == "def"
    shutil.rmtree(tmp_path / ".git")
    assert _checked_out(tmp_path) is None


def test_another_folder_is_told(
    adlcalc: Callable[..., object], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adlcalc("run", "s.yaml", "--manifest", "m.json")
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    found = adlcalc("verify", "../m.json")
    assert found.code == 1
    text = " ".join(found.out.split())
    assert "Not the same: there is no scenario s.yaml in this folder; --in DIR names the one" in text
    assert not any(word in text for word in ("What else differs", "rulebook", "The command said"))
    assert adlcalc("verify", "../m.json", "--in", "..").code == 0
    lost = adlcalc("verify", "../m.json", "--in", "nowhere")
    assert (lost.code, lost.out, lost.err) == (2, "", "adlcalc: --in nowhere: there is no such folder\n")


def test_an_installation_from_a_folder_has_its_commit_while_the_same_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from adlcalc.check import manifest

    for folder in ("site", "clone"):
        (tmp_path / folder / "adlcalc" / "check").mkdir(parents=True)
        (tmp_path / folder / "adlcalc" / "check" / "manifest.py").write_text("1\n")
    (tmp_path / "clone" / ".git").mkdir()
    (tmp_path / "clone" / ".git" / "HEAD").write_text("0123\n")
    noted = json.dumps({"url": (tmp_path / "clone").as_uri(), "dir_info": {}})
    monkeypatch.setattr("importlib.metadata.PathDistribution.read_text", lambda *_: noted)
    monkeypatch.setattr(manifest, "__file__", str(tmp_path / "site" / "adlcalc" / "check" / "manifest.py"))
    assert manifest.commit() == "0123"
    (tmp_path / "clone" / "adlcalc" / "check" / "manifest.py").write_text("2\n")
    assert manifest.commit() is None


def test_a_quiet_run_has_printed_nothing(adlcalc: Callable[..., object], folder: Path) -> None:
    adlcalc("run", "s.yaml", "-q", "--manifest", "m.json")
    found = adlcalc("verify", "m.json")
    assert found.code == 0
    assert "rows of facts, nothing was printed." in " ".join(found.out.split())


@pytest.mark.parametrize("ending", ["csv", "json", "md", "txt"])
def test_a_quiet_run_that_wrote_a_file_is_repeated(
    adlcalc: Callable[..., object], folder: Path, ending: str
) -> None:
    """In the format that the ending of the file asked for."""
    adlcalc("run", "s.yaml", "-q", "-o", f"made.{ending}", "--manifest", "m.json")
    assert adlcalc("verify", "m.json", "--result", f"made.{ending}").code == 0
    format = {"csv": "csv", "json": "json", "md": "markdown"}.get(ending, "table")
    assert adlcalc("run", "s.yaml", "--format", format).out == (folder / f"made.{ending}").read_text()
    adlcalc("run", "s.yaml", "-o", f"table.{ending}", "--format", "table")
    assert (folder / f"table.{ending}").read_text() == adlcalc("run", "s.yaml").out


def test_a_row_that_a_map_names_is_told_as_it_was_typed() -> None:
    """Of a sweep's figures `by` names the row, which is a map: no notation of a programming language."""
    row = {"measure": "adl", "by": {"accounts.me.leverage": "5"}}
    name = next(name for name, rows in SWEEP.held.items() if rows.by == "measure by")
    (found,) = compare({name: [{**row, "hits": 286}]}, {name: [{**row, "hits": 266}]}, SWEEP)
    assert str(found).endswith("adl accounts.me.leverage=5: hits 286 → 266")


# --- nothing of it is held to nothing -----------------------------------------------------------------------


FREE = ("version", "commit", "command")
"""What the program was; and what is repeated, so that all the rest is held to it."""


def leaves(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where each value and each list or map of a JSON stands."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from leaves(inner, (*path, key))


def changed_at(found: object, path: tuple[str | int, ...], how: str) -> object:
    """The JSON with one value otherwise: another one, gone from its list, twice in it, or with a key more."""
    whole = json.loads(json.dumps(found))
    outer = whole
    for key in path[:-1]:
        outer = outer[key]
    last, value = path[-1], outer[path[-1]]
    if how == "gone" and isinstance(outer, list):
        del outer[last]
    elif how == "twice" and isinstance(outer, list):
        outer.insert(last, value)
    elif how == "more" and isinstance(value, dict):
        value["certified"] = "by me"
    elif how == "other" and isinstance(value, str | int) and not isinstance(value, bool):
        outer[last] = value + 1 if isinstance(value, int) else f"{value}x"
    else:
        return None
    return whole


@pytest.mark.parametrize("how", ["other", "gone", "twice", "more"])
def test_whatever_is_changed_in_a_manifest_is_told(
    adlcalc: Callable[..., object], folder: Path, how: str
) -> None:
    """Each value of it, each row and each map: what nobody compares could say anything."""
    adlcalc("run", "s.yaml", "--set", "fund=1", "--manifest", "m.json")
    text = (folder / "m.json").read_text()
    now, found, held = read(text), json.loads(text), 0
    assert deviations(now, now) == []
    for path in leaves(found):
        if not path or path[0] in FREE:
            continue
        other = changed_at(found, path, how)
        if other is None:
            continue
        held += 1
        try:
            told = deviations(read(json.dumps(other)), now)
        except NotManifest:
            continue
        assert told, path
    assert held > 20


def test_what_was_set_is_that_of_the_command(adlcalc: Callable[..., object], folder: Path) -> None:
    adlcalc("run", "s.yaml", "--set", "fund=10", "--manifest", "m.json")
    found = json.loads((folder / "m.json").read_text())
    (folder / "m.json").write_text(json.dumps({**found, "overrides": ["--set", "fund=0"], "certified": True}))
    answer = adlcalc("verify", "m.json")
    told = " ".join(answer.out.split())
    assert answer.code == 1
    assert "the manifest says overrides --set fund=0, and its command has --set fund=10" in told
    assert "the manifest has the key 'certified', which no manifest has: it is held to nothing" in told


# --- a result that was sent ---------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("format", ["table", "json", "csv", "markdown"])
def test_the_result_that_was_sent_is_held_to_the_manifest(
    adlcalc: Callable[..., object], folder: Path, format: str
) -> None:
    """amy is bankrupt at 90, ten are missing at 80: whichever way the answer is written, another fill or
    another title is no longer that answer."""
    adlcalc("run", "s.yaml", "--format", format, "-o", "result", "--manifest", "m.json")
    same = adlcalc("verify", "m.json", "--result", "result")
    assert (same.code, same.err) == (0, "")
    assert "result is that result, to the byte." in same.out
    text = (folder / "result").read_text()
    changed = text.replace("amy", "any")
    assert changed != text
    (folder / "other").write_text(changed)
    found = adlcalc("verify", "m.json", "--result", "other")
    told = " ".join(found.out.split())
    assert found.code == 1
    assert f"other is not the result of this command: its SHA-256 is {digest_of(changed.encode())}" in told
    assert f"it must be {kept_digest(folder)}" in told
    assert "amy" in told.partition("What else differs")[2]  # where it differs


def test_a_result_that_was_not_looked_at_is_told(adlcalc: Callable[..., object], folder: Path) -> None:
    adlcalc("run", "s.yaml", "--json", "-o", "result.json", "--manifest", "m.json")
    (folder / "result.json").write_text("{}")
    told = " ".join(adlcalc("verify", "m.json").out.split())
    assert f"was not looked at: it must have the SHA-256 {kept_digest(folder)}." in told


OF_COMMANDS = [
    ("run", "s.yaml"),
    ("run", "s.yaml", "s.yaml"),
    ("run", "s.yaml", "--set", "fund=0", "--series", "amy"),
    ("margin", "s.yaml"),
    ("rank", "s.yaml", "--side", "short"),
    ("explain", "s.yaml", "ben"),
    ("compare", "s.yaml", "--policies", "queue,pro-rata"),
    ("solve", "s.yaml", "--vary", "fund", "--until", "no adl"),
    ("venues", "bitmex"),
]


@pytest.mark.slow
@pytest.mark.parametrize("words", OF_COMMANDS, ids=" ".join)
def test_a_result_without_a_manifest_is_held_to_its_command(
    adlcalc: Callable[..., object], folder: Path, words: tuple[str, ...]
) -> None:
    adlcalc(*words, "--json", "-o", "result.json")
    found = adlcalc("verify", "result.json", "--of", join(words))
    assert (found.code, found.err) == (0, "")
    assert "The same: " in found.out
    document = json.loads((folder / "result.json").read_text())
    one = document[-1] if isinstance(document, list) else document
    name = next(key for key, rows in one.items() if isinstance(rows, list) and rows and key != "assumptions")
    for gone in (one[name].pop, lambda: one.pop(name)):  # a row, and then the whole table
        gone()
        (folder / "result.json").write_text(json.dumps(document))
        assert adlcalc("verify", "result.json", "--of", join(words)).code == 1


def test_the_scenario_alone_is_enough_of_a_command(adlcalc: Callable[..., object], folder: Path) -> None:
    """The fund has 5 and pays 5 of the ten that amy lacks."""
    adlcalc("run", "s.yaml", "--json", "-o", "result.json")
    assert adlcalc("verify", "result.json", "--of", "s.yaml").code == 0
    text = (folder / "result.json").read_text()
    (folder / "result.json").write_text(text.replace('"paid": "5"', '"paid": "4"'))
    found = adlcalc("verify", "result.json", "--of", "s.yaml")
    assert found.code == 1
    assert "* fund: step 1: paid 4 → 5\n" in found.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("result.json",), "this is a result of `adlcalc run`, not a manifest"),
        (("result.json",), "hint: hold it against its scenario: adlcalc verify result.json --of s.yaml; or"),
        (("result.json", "--of", "s.yaml", "--result", "x"), "--of is for a result without a manifest"),
        (("result.json", "--of", "no.yaml"), "cannot be repeated:\nno.yaml: error: there is no such file"),
        (("result.json", "--of", "'run"), "a quotation mark has no end"),
        (("result.json", "--of", "run s.yaml -o x"), "give the command without what writes files"),
        (("result.json", "--of", "check s.yaml"), "there is no such file"),
        (("book.csv", "--of", "s.yaml"), "the file does not say which command it is of"),
        (("no.json", "--of", "s.yaml"), "no.json: error: there is no such file"),
    ],
)
def test_a_result_that_cannot_be_held_to_anything_is_told(
    adlcalc: Callable[..., object], folder: Path, words: tuple[str, ...], told: str
) -> None:
    adlcalc("run", "s.yaml", "--json", "-o", "result.json")
    found = adlcalc("verify", *words)
    assert (found.code, found.out) == (2, "")
    assert told in found.err
    assert not (folder / "x").exists()


def test_an_input_that_changes_nothing_is_told_with_a_result_that_is_unchanged(
    adlcalc: Callable[..., object], folder: Path
) -> None:
    adlcalc("run", "s.yaml", "--manifest", "m.json")
    with open(folder / "s.yaml", "a") as file:
        file.write("# a comment\n")
    got = adlcalc("verify", "m.json")
    assert got.code == 1
    assert "Not the same: scenario s.yaml has changed" in got.out
    assert "What the command answers now is what the manifest notes, to the byte." in " ".join(
        got.out.split()
    )
    with open(folder / "book.csv", "a") as file:
        file.write("cat,short,1,100,5\n")
    assert "What the command answers now" not in adlcalc("verify", "m.json").out


def test_the_file_that_was_sent_is_told_of_before_the_rest(
    adlcalc: Callable[..., object], folder: Path
) -> None:
    """Where the scenario has changed as well, what the file is stands at the top: that it is the result, or in
    which rows it is not."""
    adlcalc("run", "s.yaml", "-o", "r.json", "--manifest", "m.json")
    told = json.loads((folder / "r.json").read_text(encoding="utf-8"))
    told["accounts"][0]["equity_end"] = "123456"
    (folder / "forged.json").write_text(json.dumps(told), encoding="utf-8")
    scenario = folder / "s.yaml"
    scenario.write_text(scenario.read_text(encoding="utf-8") + "# more\n", encoding="utf-8")
    for file, said in (
        ("r.json", "r.json is that result, to the byte."),
        ("forged.json", "is not the result"),
    ):
        found = adlcalc("verify", "m.json", "--result", file)
        assert found.code == 1
        _, what, of_file, *rest = found.out.split("\n\n")
        assert "Not the same: scenario s.yaml has changed" in what
        assert said in " ".join(of_file.split())
    assert "123,456" in "".join(rest)
