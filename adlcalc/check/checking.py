"""One file held to all it is held to: it can be read, it runs, the run is what `expect:` says and what the golden holds.

Public: Options, Finding, Outcome, Golden, check_file, settled, unworked, orphan, told.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from adlcalc.check.collecting import Job, Kind, kind_of_text
from adlcalc.check.golden_rows import Style, style_of
from adlcalc.cli.exits import FAILED, RAN, UNUSABLE, described
from adlcalc.ground.output import Identity, Inputs, OutputError, write
from adlcalc.source.files import inside

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adlcalc.check.golden import Comparison, Difference
    from adlcalc.report import Run
    from adlcalc.scenario import Loaded

LISTED = 20
"""As many differences of a golden are listed before the diff."""
STEPS_TITLE, LIMIT_NOTE = "\nStep by step\n", " more, use --limit 0"


@dataclass(frozen=True, slots=True)
class Options:
    """update: write goldens; strict: see `_strict`; style: of goldens that are new."""

    update: bool = False
    strict: bool = False
    style: Style = Style.table


class Finding(NamedTuple):
    """One thing that is wrong. kind: 'error' (the file cannot be used), 'bug', 'expect', 'golden', 'strict' or 'orphan'; line 0:
    the file as a whole; details: lines to print under the message."""

    kind: str
    file: str
    line: int
    column: int
    message: str
    details: str = ""
    differences: tuple[Difference, ...] = ()

    @property
    def place(self) -> str:
        """'book.yaml:3:7', or the file's name alone."""
        from adlcalc.source.problems import escape

        return f"{escape(self.file)}:{self.line}:{self.column}" if self.line else escape(self.file)


class Golden(NamedTuple):
    """A golden that --update will write: the folder that it may not leave, its name, its text, what is then said."""

    root: str
    path: str
    text: str
    said: str


class Outcome(NamedTuple):
    """What became of a file. code: as the command exits for this file alone; written: what --update did, in a line or more;
    golden: what it has still to do; read: the files that were read."""

    file: str
    code: int
    findings: tuple[Finding, ...]
    written: str = ""
    golden: Golden | None = None
    read: frozenset[Identity] = frozenset()


def check_file(job: Job, options: Options) -> Outcome:
    """Check one scenario or rulebook; every failure, a bug included, becomes an Outcome. Nothing is written."""
    with Inputs().collected() as inputs:
        try:
            outcome = _checked(job, options)
        except Exception as error:
            outcome = told(error, job.file)
    return outcome._replace(read=frozenset(inputs.seen))


def _checked(job: Job, options: Options) -> Outcome:
    if job.root is not None and not inside(job.root, job.file):
        message = "this link leads out of the folder; name the file itself to have it checked"
        return Outcome(job.file, UNUSABLE, (Finding("error", job.file, 0, 0, message),))
    return _rulebook(job.file) if _is_rulebook(job.file) else _scenario(job, options)


def settled(outcome: Outcome, inputs: Inputs) -> Outcome:
    """The outcome with its golden written, once all files are worked: none of those that they read is replaced."""
    golden = outcome.golden
    if golden is None:
        return outcome
    try:
        if inputs.holds(golden.path):
            raise OutputError("the golden is not written: it is a file that is read")
        os.makedirs(os.path.dirname(golden.path) or ".", exist_ok=True)
        write(golden.text, golden.path, folder=golden.root)
    except OSError as error:
        return _unwritten(outcome, f"the golden cannot be written: {error.strerror}")
    except OutputError as error:
        return _unwritten(outcome, str(error))
    return outcome._replace(written=golden.said, golden=None)


def _unwritten(outcome: Outcome, message: str) -> Outcome:
    assert outcome.golden is not None
    finding = Finding("error", outcome.golden.path, 0, 0, message)
    return outcome._replace(code=max(outcome.code, UNUSABLE), findings=(*outcome.findings, finding), golden=None)


def told(error: Exception, file: str) -> Outcome:
    """The outcome of an exception."""
    from adlcalc.source.problems import SHOWN, ScenarioErrors, format_problem

    code, text = described(error, file)
    if not isinstance(error, ScenarioErrors):
        return Outcome(file, code, (Finding("error" if code == UNUSABLE else "bug", file, 0, 0, text.split("\n")[-1], text),))
    findings = [
        Finding("error", one.file, one.line, one.column, one.message, format_problem(one)) for one in error.problems[:SHOWN]
    ]
    more = len(error.problems) - SHOWN
    if more > 0:
        findings.append(Finding("error", file, 0, 0, f"... and {more} more errors", f"... and {more} more errors"))
    return Outcome(file, code, tuple(findings))


def unworked(file: str, by: str) -> Outcome:
    """A file whose processes were ended from outside: the machine's memory is the usual reason."""
    message = f"not checked: each process that worked it was ended (by {by}); with --jobs 1 there is most memory for it"
    return Outcome(file, UNUSABLE, (Finding("error", file, 0, 0, message),))


def orphan(golden: str) -> Outcome:
    """A golden that belongs to no scenario."""
    return Outcome(golden, FAILED, (Finding("orphan", golden, 0, 0, "this golden belongs to no scenario; remove or rename it"),))


# --- rulebooks -------------------------------------------------------------------------------------------------------


def _is_rulebook(file: str) -> bool:
    """By the look of its first part; a file that cannot be opened is left to the reader, which says why."""
    if file == "-" or not os.path.isfile(file):
        return False
    try:
        with open(file, encoding="utf-8", errors="replace") as opened:
            return kind_of_text(opened.read(1 << 20)) is Kind.rulebook
    except OSError:
        return False


def _rulebook(file: str) -> Outcome:
    from adlcalc.source.nodes import Place, Source
    from adlcalc.source.problems import Problems
    from adlcalc.venues.rulebook import load_rulebook

    problems = Problems()
    load_rulebook(file if os.sep in file else os.path.join(".", file), problems, where=Place(Source(file, "")))
    problems.raise_if_any()
    return Outcome(file, RAN, ())


# --- scenarios -------------------------------------------------------------------------------------------------------


def _scenario(job: Job, options: Options) -> Outcome:
    from adlcalc.engine.loop import run as run_engine
    from adlcalc.report import Run
    from adlcalc.scenario import load
    from adlcalc.study.answers import watch_for

    loaded = load(job.file)
    watch = watch_for(loaded.expect.asked if loaded.expect is not None else ())
    events = run_engine(loaded.scenario, observer=watch)
    run = Run(loaded.scenario, events, file=os.path.basename(job.file), watch=watch)
    findings = list(_expect(run, loaded))
    if options.strict:
        findings += _strict(run, job.file)
    golden = None
    if job.golden is not None and not inside(job.golden_root, job.golden):
        findings.append(Finding("error", job.golden, 0, 0, "the golden leads out of its folder by a link"))
    elif job.golden is not None and options.update:
        new = _update(run, job, job.golden, options, findings)
        if isinstance(new, Finding):
            findings.append(new)
        else:
            golden = new
    elif job.golden is not None and os.path.exists(job.golden):
        findings += _held(run, job.file, job.golden)
    code = max((UNUSABLE if finding.kind == "error" else FAILED for finding in findings), default=RAN)
    return Outcome(job.file, code, tuple(findings), golden=golden)


def _expect(run: Run, loaded: Loaded) -> Iterator[Finding]:
    """What `expect:` says and the run is not."""
    from adlcalc.check.expectations import differences

    if loaded.expect is None:
        return
    for difference in differences(run, loaded.expect):
        line, column = difference.place(loaded.expect.where)
        yield Finding("expect", loaded.file, line, column, difference.message)


def _strict(run: Run, file: str) -> Iterator[Finding]:
    """Assumed rules that were used, a book whose longs and shorts do not balance, bad debt."""
    from adlcalc.report.human import clean, position

    for assumption in run.assumptions:
        yield Finding("strict", file, 0, 0, f"assumed rule {clean(assumption.rule)}: {clean(assumption.note)}")
    for market, size in run.audit.rest.items():
        held = position(1 if size > 0 else -1, abs(size), market)
        yield Finding("strict", file, 0, 0, f"the book is unbalanced: the rest of the market begins with {held}")
    if run.audit.bad_debt:
        yield Finding("strict", file, 0, 0, f"bad debt {run.audit.told}")


# --- goldens ---------------------------------------------------------------------------------------------------------


def _held(run: Run, file: str, golden: str) -> Iterator[Finding]:
    """The run against its golden."""
    from adlcalc.check.golden import compare

    old = _read(golden)
    if isinstance(old, Finding):
        yield old
        return
    found = compare(old, _like(run, old), old_name=golden, new_name=f"{file} (now)")
    if found is not None:
        yield Finding("golden", file, 0, 0, found.first, _explained(found, golden), found.differences)


def _explained(found: Comparison, golden: str) -> str:
    """Where in the golden, each difference, the diff."""
    lines = [f"  {difference}" for difference in found.differences[:LISTED]]
    if len(found.differences) > LISTED:
        lines.append(f"  ... and {len(found.differences) - LISTED:,} more")
    return "\n".join([f"  first in {golden}, line {found.line}", *lines, found.diff])


def _read(golden: str) -> str | Finding:
    """The text of a golden; line breaks of Windows count as ours."""
    from adlcalc.source.files import TABLE_LIMIT, UnfitFileError, bytes_of

    try:
        return bytes_of(golden, limit=TABLE_LIMIT).decode("utf-8").replace("\r\n", "\n")
    except UnfitFileError as error:
        return Finding("error", golden, 0, 0, f"the golden cannot be read: {error.args[0]}")
    except OSError as error:
        return Finding("error", golden, 0, 0, f"the golden cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        return Finding("error", golden, 0, 0, "the golden is not UTF-8 text")


def _like(run: Run, old: str) -> str:
    """The run written as `old` was: same form, with or without the steps, whole or cut, under the name that the file had then."""
    from adlcalc.report.run import ROWS

    style = style_of(old)
    if style is Style.csv:
        return run.to_csv(steps="\nmark," in old)
    if style is Style.json:
        return _named_as(run, old).to_json()
    return _named_as(run, old).to_text(ROWS if LIMIT_NOTE in old else 0, steps=STEPS_TITLE in old)


def _named_as(run: Run, old: str) -> Run:
    """The run under the file name that stands in `old`, if that is the same file seen from another folder."""
    import json
    import re

    from adlcalc.report import Run

    written = re.search(r'^  "scenario": \{.*?"file": ("(?:[^"\\]|\\.)*")', old, re.MULTILINE)
    try:
        name = json.loads(written[1]) if written else old.split("\n", 1)[0]
    except ValueError:  # an escape that JSON does not have: no name of ours
        return run
    return Run(run.scenario, run.events, file=name) if os.path.basename(name) == run.file else run


def _update(run: Run, job: Job, golden: str, options: Options, wrong: list[Finding]) -> Golden | Finding | None:
    """The golden if it is new or differs; a Finding where it must not be written: where the run is known to be wrong."""
    from adlcalc.check.golden import compare

    if any(finding.kind == "expect" for finding in wrong):
        return Finding("golden", job.file, 0, 0, "its golden is not written: the run is not what the file expects")
    old = _read(golden) if os.path.exists(golden) else None
    if isinstance(old, Finding):
        return old
    if old is None:
        return Golden(job.golden_root, golden, _new(run, options.style), f"{golden}: new")
    new = _like(run, old)
    found = compare(old, new, old_name=golden, new_name=golden)
    if found is None:
        return None
    return Golden(job.golden_root, golden, new, f"{golden}: {found.first}\n{_explained(found, golden)}")


def _new(run: Run, style: Style) -> str:
    """A golden of its own making: everything the run has to tell."""
    if style is Style.json:
        return run.to_json()
    if style is Style.csv:
        return run.to_csv(steps=True)
    return run.to_text(0, steps=True)
