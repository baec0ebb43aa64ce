"""The command as a user meets it: formats, files, exit codes, pipes, help."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import PATIENCE, ROOT, Result, hear_ctrl_c
from hand_made import half_the_fund

from adlcalc.asking import comparison
from adlcalc.cli.completion import scenario_files, venue_names
from adlcalc.cli.progress import pace, watched, with_progress
from adlcalc.ground.how_far import hearing, how_far
from adlcalc.scenario import load

ADL = "scenarios/05-fund-empty-adl.yaml"
CALM = "scenarios/01-margin-call-without-loss.yaml"
SHORT_QUEUE = "scenarios/16-queue-too-short.yaml"

Command = Callable[..., Result]


def spawn(*arguments: str, **options: object) -> subprocess.CompletedProcess[bytes]:
    """The command in a process of its own."""
    command = [sys.executable, "-m", "adlcalc", *arguments]
    return subprocess.run(command, cwd=ROOT, timeout=PATIENCE, **{"capture_output": True, **options})  # type: ignore[call-overload,no-any-return]


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    """A scenario that expects the fund to pay 1 while it pays nothing."""
    text = (ROOT / CALM).read_text(encoding="utf-8")
    assert "fund_paid: 0" in text
    path = tmp_path / "wrong.yaml"
    path.write_text(text.replace("fund_paid: 0", "fund_paid: 1"), encoding="utf-8")
    return path


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "broken.yaml"
    path.write_text("title: broken\nprizes: [1, 2]\n", encoding="utf-8")
    return path


# --- formats ------------------------------------------------------------------------------------------------


def test_run_prints_tables_and_exits_with_0(adlcalc: Command) -> None:
    out, err, code = adlcalc("run", ADL)
    assert (err, code) == ("", 0)
    assert "Deleveraged" in out
    assert max(map(len, out.splitlines())) <= 80


def test_json_is_one_document_for_one_file(adlcalc: Command) -> None:
    document = json.loads(adlcalc("run", ADL, "--format", "json").out)
    assert document["schema"] == "adlcalc.run/1"
    assert document["scenario"]["file"] == ADL
    assert [row["account"] for row in document["deleveraged"]] == ["dave", "bob", "carol"]


def test_json_is_a_list_for_several_files(adlcalc: Command) -> None:
    documents = json.loads(adlcalc("run", ADL, CALM, "-f", "json").out)
    assert [document["scenario"]["file"] for document in documents] == [ADL, CALM]


def test_csv_has_a_file_column_for_several_files_only(adlcalc: Command) -> None:
    several = list(csv.DictReader(io.StringIO(adlcalc("run", ADL, CALM, "-f", "csv").out)))
    assert {row["file"] for row in several} == {ADL, CALM}
    one = list(csv.DictReader(io.StringIO(adlcalc("run", ADL, "-f", "csv").out)))
    assert "file" not in one[0]
    assert [row["table"] for row in one].count("deleveraged") == 3


def test_text_and_markdown_have_a_heading_per_file(adlcalc: Command) -> None:
    assert f"==> {CALM} <==\n" in adlcalc("run", ADL, CALM).out
    assert f"# {CALM}\n" in adlcalc("run", ADL, CALM, "-f", "markdown").out
    assert "==>" not in adlcalc("run", ADL).out


def test_steps_and_limit_shape_the_tables(adlcalc: Command) -> None:
    assert "Step by step" in adlcalc("run", ADL, "--steps").out
    assert "Step by step" not in adlcalc("run", ADL).out
    assert "… 2 more, use --limit 0" in adlcalc("run", ADL, "--limit", "1").out
    assert adlcalc("run", ADL, "--limit", "9" * 20).out == adlcalc("run", ADL, "--limit", "0").out
    assert "mark," in adlcalc("run", ADL, "--steps", "-f", "csv").out


def test_the_index_does_not_change_a_byte(adlcalc: Command) -> None:
    for file in (ADL, SHORT_QUEUE):
        assert adlcalc("run", file, "-f", "json") == adlcalc("run", file, "-f", "json", "--no-index")


def test_standard_input_is_a_scenario_file(adlcalc: Command) -> None:
    text = (ROOT / ADL).read_bytes()
    read, named = adlcalc("run", "-", stdin=text), adlcalc("run", ADL)
    # what asks why needs a file to ask of
    assert (f"{read.out}\nWhy: adlcalc explain {ADL} dave\n", read.err, read.code) == named


# --- changes, expectations, failures ------------------------------------------------------------------------


def test_set_changes_a_value_and_the_expectations_are_not_held(adlcalc: Command) -> None:
    out, err, code = adlcalc("run", ADL, "--set", "fund=1_000")
    assert "Nobody was deleveraged." in out
    assert (err, code) == ("", 0)


def test_a_run_that_is_not_as_expected_is_explained_and_exits_with_1(adlcalc: Command, wrong: Path) -> None:
    out, err, code = adlcalc("run", str(wrong))
    assert "Liquidated" in out
    assert err.startswith(f"{wrong}:")
    assert err.endswith(": expect: fund_paid: expected 1, got 0 (difference -1)\n")
    assert code == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "outcome", "code", "says"),
    [
        (ADL, "liquidation", 1, "1 position was liquidated"),
        (ADL, "adl", 1, "3 accounts were deleveraged"),
        (ADL, "loss", 0, ""),
        (CALM, "adl", 0, ""),
        (SHORT_QUEUE, "loss", 1, "bad debt 21"),
    ],
)
def test_fail_on_turns_an_outcome_into_exit_1(
    adlcalc: Command, file: str, outcome: str, code: int, says: str
) -> None:
    got = adlcalc("run", file, "--fail-on", outcome)
    assert (got.code, got.err) == (code, f"{file}: --fail-on {outcome}: {says}\n" if says else "")
    assert adlcalc("run", file, "--fail-on", outcome, "-q").err == ""


def test_fail_on_may_be_repeated(adlcalc: Command) -> None:
    assert adlcalc("run", CALM, "--fail-on", "adl", "--fail-on", "liquidation").code == 1


def test_all_files_are_worked_and_the_worst_exit_code_wins(
    adlcalc: Command, wrong: Path, broken: Path
) -> None:
    out, err, code = adlcalc("run", str(wrong), str(broken), ADL, "-f", "json")
    assert [document["scenario"]["file"] for document in json.loads(out)] == [str(wrong), ADL]
    assert code == 2
    assert "prizes" in err
    assert "expect: fund_paid" in err


def test_a_scenario_that_cannot_be_read_exits_with_2_and_prints_nothing(
    adlcalc: Command, broken: Path
) -> None:
    for file in (str(broken), "no-such-file.yaml", "scenarios"):
        out, err, code = adlcalc("run", file)
        assert (out, code) == ("", 2)
        assert err.startswith(file)
        assert "Traceback" not in err


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [["rnu"], ["run"], ["run", ADL, "--limit", "-1"], ["run", ADL, "-f", "xml"], ["run", "--colour"]],
)
def test_a_bad_command_line_exits_with_2(adlcalc: Command, arguments: list[str]) -> None:
    out, err, code = adlcalc(*arguments)
    assert (out, code) == ("", 2)
    assert err


MISTYPED = {
    "rnk 05": "there is no command 'rnk'\nhint: did you mean 'rank'?",
    "nosuch": "there is no command 'nosuch'\nhint: adlcalc help lists commands and topics",
    "rank 05 --side "
    "sideways": "--side: 'sideways' is not one of 'long', 'short'\nhint: adlcalc help rank tells the options",
    "run 05 --qiet": "there is no option --qiet\nhint: did you mean '--quiet'?",
    "run 05 --json -f "
    "csv": "--json and --format csv do not go together\nhint: adlcalc help run tells the options",
    "compare --accounts": "FILE is needed unless --explain is given\nhint: adlcalc help compare tells the "
    "options",
    "import ccxt 05 --margin no": "--margin: 'no' is not one of 'cross', 'isolated'\n"
    "hint: adlcalc help import ccxt tells the options",
}


@pytest.mark.slow
@pytest.mark.parametrize("line", MISTYPED)
def test_what_is_mistyped_is_told_like_everything_else(adlcalc: Command, line: str) -> None:
    """Whatever the parser's own words for it are."""
    assert adlcalc(*line.split()) == Result("", f"adlcalc: {MISTYPED[line]}\n", 2)


@pytest.mark.parametrize("line", ["run 05 --limit x", "run 05 --limit -1", "run 05 --set", "rank 05 06"])
def test_no_wording_of_the_parser_is_left(adlcalc: Command, line: str) -> None:
    err = adlcalc(*line.split()).err
    assert err.startswith("adlcalc: ")
    assert not any(
        theirs in err for theirs in ("Invalid", "Error", "Usage", "Input", "unexpected", "requires")
    )
    assert "\nhint: adlcalc help " in err


def test_a_sentence_is_wrapped_on_a_terminal_and_one_line_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line of a file, which begins with a blank, keeps its columns."""
    import io

    from adlcalc.cli.exits import say

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    sentence = "book.yaml:1:1: error: " + "a sentence that goes on " * 6 + "to its end"
    line = " 1 | " + "x" * 100
    monkeypatch.setenv("COLUMNS", "60")
    for stream, widest in ((Terminal(), 60), (io.StringIO(), len(sentence))):
        monkeypatch.setattr(sys, "stderr", stream)
        say(f"{sentence}\n{line}")
        *told, last, end = stream.getvalue().split("\n")
        assert (last, end, max(map(len, told)) <= widest) == (line, "", True)
        assert " ".join(part.strip() for part in told) == sentence
        assert len(told) == (1 if widest > 60 else 4)


@pytest.mark.slow
def test_the_help_of_the_whole_ends_with_where_the_topics_are(adlcalc: Command) -> None:
    for line in ((), ("-h",)):
        got = adlcalc(*line)
        assert (got.out or got.err).rstrip().splitlines()[-1].strip() == "adlcalc help lists the topics."


def test_a_bug_in_the_engine_is_said_without_a_traceback(
    adlcalc: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    from adlcalc.engine import loop
    from adlcalc.engine.books.ledger import AuditError

    def failing(*_: object, **__: object) -> None:
        raise AuditError("step 2: money differs by 1 after the posting to bob")

    monkeypatch.setattr(loop, "run", failing)
    out, err, code = adlcalc("run", ADL)
    assert (out, code) == ("", 70)
    assert "step 2: money differs by 1 after the posting to bob" in err
    assert "Traceback" not in err


def test_another_bug_shows_its_traceback_and_exits_with_70(
    adlcalc: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    from adlcalc.engine import loop

    monkeypatch.setattr(loop, "run", lambda *_, **__: 1 / 0)
    got = adlcalc("run", ADL, CALM)
    assert got.code == 70
    assert got.err.count("ZeroDivisionError") == 2


def test_ctrl_c_exits_with_130(adlcalc: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    from adlcalc.engine import loop

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(loop, "run", interrupted)
    out, err, code = adlcalc("run", ADL)
    assert (out, code) == ("", 130)
    assert err.endswith("adlcalc: interrupted\n")
    assert "Traceback" not in err


# --- where the output goes ----------------------------------------------------------------------------------


def test_output_goes_to_a_file_whole(adlcalc: Command, tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    path.write_text("old")
    assert adlcalc("run", ADL, "-f", "json", "-o", str(path)) == Result("", "", 0)
    assert path.read_bytes().decode("utf-8") == adlcalc("run", ADL, "-f", "json").out
    assert os.listdir(tmp_path) == ["out.json"]
    assert adlcalc("run", ADL, "-o", "-").out == adlcalc("run", ADL).out


def test_a_file_keeps_its_content_when_nothing_could_be_run(
    adlcalc: Command, tmp_path: Path, broken: Path
) -> None:
    path = tmp_path / "out.json"
    path.write_text("old")
    assert adlcalc("run", str(broken), "-o", str(path)).code == 2
    assert path.read_text() == "old"


def test_output_that_cannot_be_written_exits_with_2(adlcalc: Command, tmp_path: Path) -> None:
    got = adlcalc("run", ADL, "-o", str(tmp_path / "no" / "out.txt"))
    assert got == Result(
        "", f"adlcalc: cannot write {tmp_path / 'no' / 'out.txt'}: No such file or directory\n", 2
    )
    assert adlcalc("run", ADL, "-o", str(tmp_path)).code == 2
    assert os.listdir(tmp_path) == []


def test_output_never_overwrites_a_scenario_that_is_read(adlcalc: Command, wrong: Path) -> None:
    before = wrong.read_bytes()
    assert adlcalc("run", str(wrong), "-o", str(wrong)).code == 2
    assert wrong.read_bytes() == before


def test_output_through_a_link_leaves_the_link(adlcalc: Command, tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    assert adlcalc("run", ADL, "-o", str(link)).code == 0
    assert link.is_symlink()
    assert "Deleveraged" in target.read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
@pytest.mark.parametrize("command", [("run", ADL), ("-h",), ("run", "-h"), ("--version",)])
def test_a_full_disk_is_an_error_and_not_a_traceback(command: tuple[str, ...]) -> None:
    with open("/dev/full", "wb") as full:
        done = spawn(*command, stdout=full, stderr=subprocess.PIPE, capture_output=False)
    assert done.stderr == b"adlcalc: cannot write to standard output: No space left on device\n"
    assert done.returncode == 2
    assert spawn("run", ADL, "-o", "/dev/full").returncode == 2


@pytest.mark.slow
@pytest.mark.parametrize("command", [("run", ADL), ("--version",)])
def test_a_reader_that_leaves_early_is_no_error(command: tuple[str, ...]) -> None:
    read, write = os.pipe()
    os.close(read)
    done = spawn(*command, stdout=write, stderr=subprocess.PIPE, capture_output=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "closed", "code"),
    [(f"run {ADL}", ">&-", 0), ("-h", ">&-", 0), ("run -", "<&-", 2), ("run nowhere.yaml", "2>&-", 2)],
)
def test_a_stream_that_the_shell_has_closed_is_no_bug(command: str, closed: str, code: int) -> None:
    line = f"exec {sys.executable} -m adlcalc {command} {closed}"
    done = subprocess.run(["sh", "-c", line], cwd=ROOT, capture_output=True, timeout=PATIENCE, check=False)
    assert done.returncode == code
    assert b"Traceback" not in done.stderr


@pytest.mark.slow
def test_the_bytes_do_not_depend_on_locale_terminal_or_hash_seed() -> None:
    outputs = set()
    for extra in (
        {"LC_ALL": "C", "PYTHONHASHSEED": "1", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {
            "LC_ALL": "de_DE.UTF-8",
            "PYTHONHASHSEED": "2",
            "COLUMNS": "200",
            "FORCE_COLOR": "1",
            "GITHUB_ACTIONS": "1",
        },
        {"PYTHONIOENCODING": "utf-16", "COLUMNS": "20", "TERM": "dumb"},
    ):
        done = spawn("run", ADL, "--steps", "--limit", "2", env={**os.environ, **extra})
        assert (done.returncode, done.stderr) == (0, b"")
        outputs.add(done.stdout)
    assert len(outputs) == 1
    assert "…".encode() in outputs.pop()


@pytest.mark.slow
def test_a_process_that_is_interrupted_exits_with_130() -> None:
    command = [sys.executable, "-m", "adlcalc", "run", "-"]
    options: dict[str, Any] = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(command, cwd=ROOT, preexec_fn=hear_ctrl_c, **options)
    assert process.stdin is not None
    os.write(
        process.stdin.fileno(), b"#" * 1_000_000
    )  # more than a pipe holds: the command is now reading it
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert b"Traceback" not in err


def test_a_hostile_file_name_never_reaches_the_terminal_raw(adlcalc: Command, tmp_path: Path) -> None:
    name = str(tmp_path / "red\x1b[31m.yaml")
    Path(name).write_bytes((ROOT / CALM).read_bytes().replace(b"fund_paid: 0", b"fund_paid: 1"))
    for arguments in (
        [name],
        [name, name],
        [name, name, "-f", "markdown"],
        [name, "-o", name],
        [name, "--fail-on", "liquidation"],
    ):
        got = adlcalc("run", *arguments)
        assert "\x1b" not in got.out + got.err
        assert got.code in (1, 2)


# --- options that several commands share --------------------------------------------------------------------

QUEUE, COMPARED = "scenarios/13-bitmex-queue.yaml", ("compare", ADL, "--policies", "queue,pro-rata")
SHOWING = [
    ("run", ADL),
    ("rank", QUEUE),
    ("explain", ADL, "--fund"),
    COMPARED,
    ("venues",),
    ("venues", "okx"),
]
SHOWING += [("venues", "--score", "bitmex"), ("check", ADL)]


@pytest.mark.slow
@pytest.mark.parametrize("command", SHOWING, ids=" ".join)
def test_json_is_short_for_format_json(adlcalc: Command, command: tuple[str, ...]) -> None:
    short = adlcalc(*command, "--json")
    assert short == adlcalc(*command, "--format", "json")
    assert json.loads(short.out)["schema"].startswith("adlcalc.")
    other = "junit" if command[0] == "check" else "csv"
    both = adlcalc(*command, "--json", "--format", other)
    assert (both.out, both.code) == ("", 2)
    assert "--json" in both.err


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", [("run", ADL), ("rank", QUEUE), ("explain", ADL, "--fund"), COMPARED], ids=" ".join
)
def test_quiet_prints_nothing_and_writes_the_file(
    adlcalc: Command, command: tuple[str, ...], tmp_path: Path
) -> None:
    assert adlcalc(*command, "-q") == Result("", "", 0)
    target = tmp_path / "out"
    assert adlcalc(*command, "-q", "-o", str(target)) == Result("", "", 0)
    assert target.read_text(encoding="utf-8") == adlcalc(*command).out


def test_quiet_says_what_is_wrong(adlcalc: Command, wrong: Path) -> None:
    got = adlcalc("run", str(wrong), "-q")
    assert (got.out, got.code) == ("", 1)
    assert "expect: " in got.err
    got = adlcalc("check", str(wrong), "-q")
    assert got == Result("", "", 1)


@pytest.mark.slow
def test_a_step_is_asked_for_alike(adlcalc: Command) -> None:
    assert adlcalc("rank", ADL, "--step", "1").out == adlcalc("rank", ADL, "--at", "1").out
    assert "step 1, money" in adlcalc("rank", ADL, "--step", "1").out
    assert adlcalc("explain", ADL, "--step", "2").out == adlcalc("explain", ADL, "--at", "2").out
    assert "--at" not in adlcalc("rank", "--help").out
    for command in ("rank", "explain"):
        assert "there is no step '9'" in adlcalc(command, ADL, "--step", "9").err


def test_an_account_is_asked_for_alike(adlcalc: Command) -> None:
    assert adlcalc("explain", ADL, "--account", "bob") == adlcalc("explain", ADL, "bob")
    assert adlcalc("explain", ADL, "bob", "--account", "alice").code == 2


def test_a_rulebook_is_asked_for_alike(adlcalc: Command) -> None:
    got = adlcalc(*COMPARED, "--venue", "bitmex", "--json")
    assert {row["venue"] for row in json.loads(got.out)["policies"]} == {"bitmex"}
    assert [row["policy"] for row in json.loads(got.out)["policies"]] == ["queue", "pro-rata"]
    assert adlcalc(*COMPARED, "--venue", "bitmex", "--venues", "okx").code == 2


def test_a_format_that_is_not_there_is_told_with_those_that_are(adlcalc: Command) -> None:
    got = adlcalc("run", ADL, "-f", "xml")
    assert (got.out, got.code) == ("", 2)
    assert "adlcalc: --format / -f: 'xml' is not one of 'table', 'csv', 'json', 'markdown'\n" in got.err


# --- help, version, completion ------------------------------------------------------------------------------


@pytest.mark.slow
def test_every_command_has_help_that_ends_with_an_example(adlcalc: Command) -> None:
    from adlcalc.cli.app import COMMANDS

    for name in COMMANDS.keys() - {"import"}:
        for flag in ("-h", "--help"):
            out, _, code = adlcalc(name, flag)
            assert code == 0
            assert f"adlcalc {name}" in out.rstrip().splitlines()[-1]
            assert "Example" in out
    assert "Example: adlcalc run" in adlcalc("--help").out


@pytest.mark.slow
def test_version_is_one_line(adlcalc: Command) -> None:
    import adlcalc as package

    assert adlcalc("--version").out == f"adlcalc {package.__version__}\n"
    assert adlcalc("--version", "run").out == f"adlcalc {package.__version__}\n"
    assert spawn("--version").stdout == f"adlcalc {package.__version__}\n".encode()


def test_completion_lists_venues_and_scenarios(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert {"generic", "bitmex"} <= set(venue_names(""))
    assert venue_names("bitm") == ["bitmex"]
    for name in ("a.yaml", "a.csv", ".hidden.yaml", "b.json"):
        (tmp_path / name).touch()
    (tmp_path / "all").mkdir()
    monkeypatch.chdir(tmp_path)
    assert scenario_files("") == ["a.yaml", "all/", "b.json"]
    assert scenario_files("a") == ["a.yaml", "all/"]
    assert scenario_files(f"{tmp_path}/b") == [f"{tmp_path}/b.json"]
    assert scenario_files("nowhere/") == []


@pytest.mark.slow
def test_the_shell_completes_through_the_command() -> None:
    env = {
        **os.environ,
        "_ADLCALC_COMPLETE": "complete_bash",
        "COMP_WORDS": "adlcalc run --venue bit",
        "COMP_CWORD": "3",
    }
    assert "bitmex" in spawn(env=env).stdout.decode().split()


# --- progress -----------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def ticking(seconds: float) -> Callable[[], float]:
    now = iter(range(10_000))
    return lambda: next(now) * seconds


def test_progress_counts_steps_on_a_terminal_and_clears_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    events = list(with_progress(half_the_fund(), 3, stream=terminal, clock=ticking(1)))
    assert len(events) == len(list(half_the_fund()))
    assert "\rstep 1 of 3, 4 s left" in terminal.getvalue()  # one step in two seconds, two are to come
    assert terminal.getvalue().endswith("\r" + " " * len("step 2 of 3, 2 s left") + "\r")


@pytest.mark.parametrize(
    ("done", "of", "seconds", "told"),
    [
        (120, 1_000, 3, ", 40 a second, 22 s left"),  # 880 / 40
        (1, 10_000, 1, ", 1 a second, 166 min left"),
        (1, 100, 4, ", 6 min left"),
        (0, 100, 4, ""),
    ],
)
def test_progress_tells_rate_and_time_left(done: int, of: int, seconds: float, told: str) -> None:
    assert pace(done, of, seconds) == told


def test_progress_is_silent_when_short_or_not_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal, pipe = Terminal(), io.StringIO()
    list(with_progress(half_the_fund(), 3, stream=terminal, clock=ticking(0.01)))
    list(with_progress(half_the_fund(), 3, stream=pipe, clock=ticking(1)))
    monkeypatch.setenv("TERM", "dumb")
    list(with_progress(half_the_fund(), 3, stream=terminal, clock=ticking(1)))
    assert (terminal.getvalue(), pipe.getvalue()) == ("", "")


def test_long_work_tells_how_far_it_is_and_clears_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock moves by a second with each look."""
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    with watched(False, stream=terminal, clock=ticking(1)):
        for done in (0, 1_000, 3_000, 4_000):
            how_far("account", done, 4_000)
        how_far("kB read", 1, 2)
    lines = [line for line in terminal.getvalue().split("\r") if line.strip()]
    assert lines == [
        "account 0 of 4,000",
        "account 1,000 of 4,000, 500 a second, 6 s left",
        "account 3,000 of 4,000, 1,000 a second, 1 s left",
        "kB read 1 of 2, 1 a second, 1 s left",
    ]
    assert terminal.getvalue().endswith(" \r")
    how_far("account", 1, 2)  # nobody listens any more


def test_long_work_is_silent_when_short_or_not_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal, pipe = Terminal(), io.StringIO()
    for quiet, stream, seconds in ((True, terminal, 1), (False, pipe, 1), (False, terminal, 0.01)):
        with watched(quiet, stream=stream, clock=ticking(seconds)):
            for done in (0, 1_000, 3_000, 4_000):
                how_far("account", done, 4_000)
    assert (terminal.getvalue(), pipe.getvalue()) == ("", "")


@pytest.mark.slow
@pytest.mark.parametrize(
    "book", ["population: {p: {count: 2_500, size: 1, entry: 100, leverage: 5}}", "csv", '"csv"']
)
def test_a_load_tells_how_far_it_is(tmp_path: Path, book: str) -> None:
    rows = "".join(f"a{i},long,1,100,5\n" for i in range(9_000))
    first = "csv,long,1,100,5\n".replace("csv", book)
    (tmp_path / "book.csv").write_text(f"id,side,size,entry,leverage\n{first}{rows}", encoding="utf-8")
    accounts = book if book.startswith("population") else "accounts: {file: book.csv}"
    (tmp_path / "book.yaml").write_text(f"{accounts}\nprices: [100, 90]\n", encoding="utf-8")
    heard: list[tuple[str, int, int]] = []
    with hearing(lambda *told: heard.append(told)):
        load(tmp_path / "book.yaml")
    if book.startswith("population"):
        assert heard == [("account", n, 2_500) for n in (0, 1_000, 2_000, 2_500)]
    else:
        size = (tmp_path / "book.csv").stat().st_size // 1_000
        assert {what for what, _, _ in heard} == {"kB read"}
        assert [done for _, done, _ in heard] == sorted(done for _, done, _ in heard)
        assert heard[-1] == ("kB read", size, size)


def test_a_comparison_tells_how_far_it_is() -> None:
    heard: list[tuple[str, int, int]] = []
    with hearing(lambda *told: heard.append(told)):
        comparison([load(ADL)], policies="queue,pro-rata,haircut")
    assert heard == [("policy", n, 3) for n in (1, 2, 3)]


# --- the Python face ----------------------------------------------------------------------------------------


def test_load_and_run_serve_a_notebook(adlcalc: Command) -> None:
    import adlcalc as package

    run = package.run(package.load(ADL))
    assert run.to_json() == adlcalc("run", ADL, "-f", "json").out
    assert run.to_text() == adlcalc("run", ADL).out
    assert package.run(run.scenario, index=False).to_dict()["accounts"] == run.to_dict()["accounts"]
