"""One file held to all it is held to: it can be read, it runs, the run is what `expect:` says and what its
goldens hold.

Public: Options, Style, Finding, Outcome, Golden, check_file, check_paths, settled, unworked, orphan, told,
worst.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from adlcalc.check.collecting import GOLDEN, Job, Kind, kind_of_text
from adlcalc.check.commands import Style
from adlcalc.check.places import Places
from adlcalc.check.verdict import Verdict, described
from adlcalc.ground.opened import inside
from adlcalc.ground.output import Identity, Inputs, OutputError, write

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from adlcalc.check.golden import Comparison, Difference
    from adlcalc.report import Run
    from adlcalc.scenario import Loaded

LISTED = 20
"""As many differences of a golden are listed before the diff."""
SHORT = 40
"""As many lines of a diff follow the words unasked: a row of facts is several lines of a screen."""


@dataclass(frozen=True, slots=True)
class Options:
    """update: write goldens; strict: see `_strict`; required: a scenario without a golden fails; rules: one
    whose rules are others than its golden's fails, though no fact is; lines: tell all lines that differ,
    however many; style: of goldens that are written, None: facts, and what was asked for as a page stays one;
    commands: what else there shall be goldens of."""

    update: bool = False
    strict: bool = False
    required: bool = False
    rules: bool = False
    lines: bool = False
    style: Style | None = None
    commands: tuple[str, ...] = ()


VERDICTS = {"error": Verdict.unusable, "bug": Verdict.bug}


class Finding(NamedTuple):
    """One thing that is wrong. kind: 'error' (the file cannot be used), 'bug', 'expect', 'golden', 'rules',
    'strict' or 'orphan'; or 'note', which is no fault; line 0: the file as a whole; details: lines to print
    under the message; words: those of them that are sentences."""

    kind: str
    file: str
    line: int
    column: int
    message: str
    details: str = ""
    differences: tuple[Difference, ...] = ()
    words: str = ""

    @property
    def place(self) -> str:
        """'book.yaml:3:7', or the file's name alone."""
        from adlcalc.source.problems import escape

        return f"{escape(self.file)}:{self.line}:{self.column}" if self.line else escape(self.file)

    @property
    def verdict(self) -> Verdict:
        """How bad it is."""
        return VERDICTS.get(self.kind, Verdict.differs)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of them; ok where there is none."""
    return max(verdicts, default=Verdict.ok)


class Golden(NamedTuple):
    """A golden that --update will write: the folder that it may not leave, its name, its text, what is then
    said."""

    root: str
    path: str
    text: str
    said: str


class Outcome(NamedTuple):
    """What became of a file. written: what --update did, in a line or more; goldens: what it has still to do;
    pages: goldens of an old form, which hold what a page shows and no more; read: the files that were
    read; notes: what a run would say of the file, and no fault; noted: what else is to be known of it; held:
    how many goldens it was held to, or has now."""

    file: str
    findings: tuple[Finding, ...] = ()
    written: str = ""
    goldens: tuple[Golden, ...] = ()
    pages: tuple[str, ...] = ()
    read: frozenset[Identity] = frozenset()
    notes: str = ""
    noted: tuple[Finding, ...] = ()
    held: int = 0

    @property
    def verdict(self) -> Verdict:
        """The worst of what was found."""
        return worst(finding.verdict for finding in self.findings)


def check_file(job: Job, options: Options) -> Outcome:
    """Check one scenario or rulebook; every failure, a bug included, becomes an Outcome. Nothing is
    written."""
    with Inputs().collected() as inputs:
        try:
            outcome = _checked(job, options)
        except Exception as error:
            outcome = told(error, job.file)
    return outcome._replace(read=frozenset(inputs.seen))


def check_paths(
    paths: Sequence[str], *, strict: bool, update: bool, golden: str | None, rules: bool = False
) -> list[Outcome]:
    """All files that the paths stand for, each checked, one after the other; goldens are written if
    `update`."""
    from adlcalc.check.collecting import collect

    found = collect(paths, golden)
    options = Options(update=update, strict=strict, rules=rules)
    outcomes = [check_file(job, options) for job in found.jobs]
    inputs = Inputs()
    inputs.add(job.file for job in found.jobs)
    inputs.seen.update(*(outcome.read for outcome in outcomes))
    lacking = [(folder, "there is no scenario in the folder") for folder in found.empty]
    lacking += [(file, f"it would share a golden with {first}") for file, first in found.shared]
    return [
        *(Outcome(file, (Finding("error", file, 0, 0, message),)) for file, message in lacking),
        *(settled(outcome, inputs) for outcome in outcomes),
        *map(orphan, found.orphans),
    ]


def _checked(job: Job, options: Options) -> Outcome:
    if job.root is not None and not inside(job.root, job.file):
        message = "this link leads out of the folder; name the file itself to have it checked"
        return Outcome(job.file, (Finding("error", job.file, 0, 0, message),))
    kind = _kind(job.file)
    if kind in (Kind.rulebook, Kind.tables):
        return _rulebook(job.file, kind)
    return _scenario(job, options)


def settled(outcome: Outcome, inputs: Inputs) -> Outcome:
    """The outcome with its goldens written, once all files are worked: none of those that they read is
    replaced."""
    for golden in outcome.goldens:
        try:
            if inputs.holds(golden.path):
                raise OutputError("the golden is not written: it is a file that is read")
            os.makedirs(os.path.dirname(golden.path) or ".", exist_ok=True)
            write(golden.text, golden.path, folder=golden.root)
        except OSError as error:
            outcome = _unwritten(outcome, golden, f"the golden cannot be written: {error.strerror}")
        except OutputError as error:
            outcome = _unwritten(outcome, golden, str(error))
        else:
            outcome = outcome._replace(written="\n".join(filter(None, (outcome.written, golden.said))))
    return outcome._replace(goldens=())


def _unwritten(outcome: Outcome, golden: Golden, message: str) -> Outcome:
    return outcome._replace(findings=(*outcome.findings, Finding("error", golden.path, 0, 0, message)))


def told(error: Exception, file: str) -> Outcome:
    """The outcome of an exception."""
    from adlcalc.source.problems import SHOWN, ScenarioErrors, format_problem

    verdict, text = described(error, file)
    if not isinstance(error, ScenarioErrors):
        kind = "error" if verdict is Verdict.unusable else "bug"
        return Outcome(file, (Finding(kind, file, 0, 0, text.split("\n")[-1], text),))
    problems = error.problems[:SHOWN]
    findings = [
        Finding("error", one.file, one.line, one.column, one.message, format_problem(one)) for one in problems
    ]
    more = len(error.problems) - SHOWN
    if more > 0:
        findings.append(
            Finding("error", file, 0, 0, f"... and {more} more errors", f"... and {more} more errors")
        )
    return Outcome(file, tuple(findings))


def unworked(file: str, by: str) -> Outcome:
    """A file whose processes were ended from outside: the machine's memory is the usual reason."""
    message = (
        f"not checked: each process that worked it was ended (by {by}); with --jobs 1 there is most "
        "memory for it"
    )
    return Outcome(file, (Finding("error", file, 0, 0, message),))


def orphan(golden: str) -> Outcome:
    """A golden that belongs to no scenario."""
    message = "this golden belongs to no scenario; remove or rename it"
    return Outcome(golden, (Finding("orphan", golden, 0, 0, message),))


# --- rulebooks ----------------------------------------------------------------------------------------------


def _kind(file: str) -> Kind:
    """By the look of its first part; a file that cannot be opened is left to the reader, which says why."""
    if file == "-" or not os.path.isfile(file):
        return Kind.unknown
    try:
        with open(file, encoding="utf-8", errors="replace") as opened:
            return kind_of_text(opened.read(1 << 20))
    except OSError:
        return Kind.unknown


def _rulebook(file: str, kind: Kind) -> Outcome:
    """A rulebook, or the maintenance tables beside one."""
    from adlcalc.source.files import text_of
    from adlcalc.source.nodes import Place, Source
    from adlcalc.source.problems import Problems
    from adlcalc.venues.files import is_shipped
    from adlcalc.venues.named_tables import Tables
    from adlcalc.venues.rulebook import load_rulebook

    problems = Problems()
    if kind is Kind.tables:
        Tables(text_of(file)).all(problems)
    else:
        load_rulebook(
            os.path.join(".", file) if is_shipped(file) else file, problems, where=Place(Source(file, ""))
        )
    problems.raise_if_any()
    return Outcome(file)


# --- scenarios ----------------------------------------------------------------------------------------------


def _scenario(job: Job, options: Options) -> Outcome:
    from adlcalc.engine.loop import run as run_engine
    from adlcalc.report import Run
    from adlcalc.scenario import load
    from adlcalc.source.problems import format_problem
    from adlcalc.study.answers import watch_for

    loaded = load(job.file)
    watch = watch_for(loaded.expect.asked if loaded.expect is not None else ())
    events = run_engine(loaded.scenario, observer=watch)
    run = Run(loaded.scenario, events, file=os.path.basename(job.file), watch=watch)
    places = Places(job.file)
    findings = list(_expect(run, loaded))
    if options.strict:
        findings += _strict(run, loaded, job.file, places)
    work = _Goldens(
        job, options, loaded, run, places, wrong=any(finding.kind == "expect" for finding in findings)
    )
    work.all()
    return Outcome(
        job.file,
        (*findings, *work.findings),
        goldens=tuple(work.new),
        pages=tuple(work.pages),
        notes="\n".join(map(format_problem, loaded.notes)),
        noted=tuple(work.noted),
        held=work.held,
    )


def _expect(run: Run, loaded: Loaded) -> Iterator[Finding]:
    """What `expect:` says and the run is not."""
    from adlcalc.check.expectations import differences

    if loaded.expect is None:
        return
    for difference in differences(run, loaded.expect):
        line, column = difference.place(loaded.expect.where)
        yield Finding("expect", loaded.file, line, column, difference.message)


def _strict(run: Run, loaded: Loaded, file: str, places: Places) -> Iterator[Finding]:
    """Assumed rules that were used, rules of another time, a book whose longs and shorts do not balance, bad
    debt."""
    from adlcalc.report.human import clean, position

    def finding(message: str, *keys: str) -> Finding:
        found = (places.key(key) for key in keys)
        return Finding("strict", file, *next((place for place in found if place), places.first), message)

    for assumption in run.assumptions:
        yield finding(f"assumed rule {clean(assumption.rule)}: {clean(assumption.note)}", "rules", "venue")
    if loaded.outside:
        yield finding(clean(loaded.outside), "prices")
    for market, size in run.audit.rest.items():
        held = position(1 if size > 0 else -1, abs(size), market)
        yield finding(f"the book is unbalanced: the rest of the market begins with {held}", "accounts")
    if run.audit.bad_debt:
        yield finding(f"bad debt {run.audit.told}", "accounts")


# --- goldens ------------------------------------------------------------------------------------------------


class _Goldens:
    """The goldens of a scenario: held, or written anew."""

    def __init__(
        self, job: Job, options: Options, loaded: Loaded, run: Run, places: Places, *, wrong: bool
    ) -> None:
        self.job, self.options, self.loaded, self.run, self.places, self.wrong = (
            job,
            options,
            loaded,
            run,
            places,
            wrong,
        )
        self.findings: list[Finding] = []
        self.new: list[Golden] = []
        self.pages: list[str] = []
        self.noted: list[Finding] = []
        self.held = 0
        self._differ = False
        self._other_rules: dict[str, None] = {}  # than in a golden of which no fact has changed

    def all(self) -> None:
        """Each one that there is, and with --update those that there shall be."""
        from adlcalc.asking import Unknown
        from adlcalc.check.commands import RUN, asked, name_of
        from adlcalc.check.facts import NotFacts

        job = self.job
        if job.golden is None:
            return
        wanted: dict[str, str] = {}
        if self.options.update:
            for command in (RUN, *self.options.commands):
                name = name_of(asked(command))
                wanted[f"{job.golden.removesuffix(GOLDEN)}{f'.{name}' if name else ''}{GOLDEN}"] = command
        if self.options.required and not wanted and not os.path.exists(job.golden):
            message = f"it has no golden {job.golden}; adlcalc check --update writes it"
            self.findings.append(Finding("golden", job.file, *self.places.first, message))
        for golden in dict.fromkeys((job.golden, *job.more, *wanted)):
            if not inside(job.golden_root, golden):
                self._unusable(golden, "the golden leads out of its folder by a link")
                continue
            try:
                self._one(golden, wanted.get(golden))
            except (Unknown, NotFacts) as error:
                self._unusable(golden, str(error), getattr(error, "line", 1))
        self._rules_alone()

    def _rules_alone(self) -> None:
        """Rules that are others than when the goldens were written, and change nothing that they hold; where
        something differs they are told with that."""
        if not self._other_rules or self._differ:
            return
        message = f"{'; '.join(self._other_rules)}; no fact changes"
        found = (self.places.key(name) for name in ("rules", "venue"))
        place = next((one for one in found if one), self.places.first)
        kind, to = ("rules", self.findings) if self.options.rules else ("note", self.noted)
        to.append(Finding(kind, self.job.file, *place, message))

    def _unusable(self, golden: str, message: str, line: int = 0) -> None:
        self.findings.append(Finding("error", golden, line, line, message))

    def _one(self, golden: str, command: str | None) -> None:
        """One golden; command: what it shall be of, where it is not there."""
        from adlcalc.check.commands import asked
        from adlcalc.check.held import new_golden, old_golden

        text = _read(golden) if os.path.exists(golden) else None
        if isinstance(text, Finding):
            self.findings.append(text)
            return
        if text is None:
            if command is not None and not self._refused():
                style = self.options.style or Style.json
                made = new_golden(asked(command), style, self.loaded, self.run)
                self.new.append(Golden(self.job.golden_root, golden, made, f"{golden}: new"))
                self.held += 1
            return
        self.held += 1
        held = old_golden(text, self.loaded, self.run)
        found = held.compared(golden, f"{self.job.file} (now)")
        if not self.options.update:
            if held.is_old:
                self.pages.append(golden)
            if found is not None:
                self._differ = True
                self.findings.append(self._differs(found, golden, held.changed_rules))
            else:
                self._other_rules |= dict.fromkeys(held.changed_rules)
            return
        style = self.options.style or held.renewed
        made = new_golden(held.asked, style, self.loaded, self.run)
        if made != text and not self._refused():
            said = [
                f"{golden}: {found.first if found else held.grown(style)}",
                *(f"  {rule}" for rule in held.changed_rules if found),
                *(_words(found) if found else ()),
            ]
            self.new.append(Golden(self.job.golden_root, golden, made, "\n".join(said)))

    def _refused(self) -> bool:
        """No golden is written of a run that is known to be wrong; that is told once."""
        if self.wrong and not any(finding.kind == "golden" for finding in self.findings):
            message = "its golden is not written: the run is not what the file expects"
            self.findings.append(Finding("golden", self.job.file, *self.places.first, message))
        return self.wrong

    def _differs(self, found: Comparison, golden: str, rules: Sequence[str]) -> Finding:
        """In words, then as lines; first of all the rules that have changed, which is mostly why."""
        told = [f"  {rule}" for rule in rules[1:]]  # the first stands in the message
        words = "\n".join([*told, f"  first in {golden}, line {found.line}", *_words(found)])
        place = self.places.of(found.differences[0] if found.differences else None)
        diff = self._lines(found)
        details = f"{words}\n{diff}" if diff else words
        message = f"{found.first}; {rules[0]}" if rules else found.first
        return Finding("golden", self.job.file, *place, message, details, found.differences, words)

    def _lines(self, found: Comparison) -> str:
        """The diff; a long one that the words have told is only counted. Of two pages it is all there is."""
        many = sum(line[:1] in "+-" for line in found.diff.splitlines()[2:])
        if self.options.lines or many <= SHORT or not found.differences:
            return found.diff
        return f"  {many:,} lines differ: --diff shows them"


def _words(found: Comparison) -> list[str]:
    """The differences as sentences."""
    lines = [f"  {difference}" for difference in found.differences[:LISTED]]
    more = len(found.differences) - LISTED
    return [*lines, f"  ... and {more:,} more"] if more > 0 else lines


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
