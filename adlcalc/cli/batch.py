"""Several scenarios in one call: each is loaded, run, held to what it expects and written; the worst exit
code wins.

Public: Request, work_through.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from adlcalc.cli.colors import paint_for
from adlcalc.cli.exits import FAILED, INTERRUPTED, RAN, UNUSABLE, explain, note, say
from adlcalc.cli.progress import watched, with_progress
from adlcalc.cli.usual import ROWS, TABLE, room, written
from adlcalc.engine.declared import closed
from adlcalc.ground.objects import no_collections
from adlcalc.ground.output import Inputs, OutputError, write
from adlcalc.ground.record import current

if TYPE_CHECKING:
    from adlcalc.engine.events import Event
    from adlcalc.report import Run
    from adlcalc.study.questions import Names, Question


@closed
class Request:
    """The options of `adlcalc run`."""

    format: str = TABLE
    output: str | None = None
    venue: str | None = None
    as_of: str | None = None
    sets: tuple[str, ...] = ()
    steps: bool = False
    limit: int = ROWS
    width: int | None = None
    fail_on: tuple[str, ...] = ()
    series: tuple[str, ...] = ()
    quiet: bool = False
    index: bool = True
    chart: bool = False
    doubt: bool = False


def work_through(files: Sequence[str], request: Request) -> int:
    """Run every file, write the results once, return the worst exit code."""
    try:
        with Inputs(request.output).collected() as inputs:
            inputs.add(files)
            with no_collections():
                return _work_through(files, request, inputs)
    except OutputError as error:
        say(f"adlcalc: {error}")
        return UNUSABLE
    except KeyboardInterrupt:
        say("adlcalc: interrupted")
        return INTERRUPTED


def _work_through(files: Sequence[str], request: Request, inputs: Inputs) -> int:
    from adlcalc.report.run_page import run_page
    from adlcalc.report.writers import FORMATS

    writer, several = FORMATS[request.format.partition(":")[0]], len(files) > 1
    drawn = request.output is None and sys.stdout.isatty() and current() is None
    paint = paint_for(request.output)
    silent = request.quiet and request.output is None
    code = RAN
    parts: list[str] = []
    unread: list[str] = []
    for file in files:
        try:
            run, found = _one(file, request)
            record = current()
            if not silent or record is not None:
                page = run_page(
                    run,
                    request.limit,
                    steps=request.steps,
                    drawn=drawn,
                    closing=True,
                    chart=request.chart,
                )
            if record is not None:
                record.pages.append(page)
            if not silent:
                page = replace(page, width=room(request.width, request.output), paint=paint)
                _, page = written(request.format, page)
                parts.append(writer.page(page, several=several, first=not parts))
            code = max(code, found)
        except OutputError:
            raise
        except Exception as error:  # the other files are worked all the same
            unread.append(file)
            code = max(code, explain(error, file))
    if parts:
        try:
            inputs.refuse_named(request.output, unread)
            write(writer.join(parts) if several else parts[0], request.output, inputs)
        except OutputError as error:
            say(f"adlcalc: {error}")
            code = max(code, UNUSABLE)
    return code


def _one(file: str, request: Request) -> tuple[Run, int]:
    """Run one file; the code is 1 if it is not what the file expects or what --fail-on allows."""
    from adlcalc.check.expectations import differences
    from adlcalc.engine.loop import run as run_engine
    from adlcalc.report import Run
    from adlcalc.scenario import load, options_of
    from adlcalc.study.answers import Answers, names_of, watch_for
    from adlcalc.venues.validation import untested

    with watched(request.quiet):
        loaded = load(file, sets=request.sets, venue=request.venue, as_of=request.as_of)
    if not request.quiet:
        note(loaded)
    questions = [_question(text, names_of(loaded.scenario)) for text in request.fail_on]
    held = (
        loaded.expect if not request.sets and request.venue is None and request.as_of is None else None
    )  # it speaks of the file as it stands
    asked = [*(part for one in questions for part in one.parts), *(held.asked if held is not None else ())]
    accounts: list[str] = []
    if request.series:
        from adlcalc.asking import accounts_of

        accounts = accounts_of(request.series, loaded.scenario, option="--series: ")
    watch = watch_for(asked, accounts)
    events: Iterator[Event] = run_engine(loaded.scenario, index=request.index, together=True, observer=watch)
    if not request.quiet:
        events = with_progress(events, loaded.scenario.path.steps)
    options, series = options_of(request.sets, request.venue, request.as_of), request.series
    run = Run(loaded.scenario, events, file=loaded.file, options=options, watch=watch, named=series)
    run.untested = len(untested(loaded.rulebook))
    if request.doubt:
        from adlcalc.asking import doubting

        found = doubting(loaded, pairs=False)
        run.rests = {
            rule: f"under `{one.reading.changes[0].value}` {found.told(one)}" for rule, one in found.rests
        }
    code = RAN
    if held is not None:
        for difference in differences(run, held):
            say(difference.at(held.where, loaded.file))
            code = FAILED
    answers = Answers(run)
    for question in questions:
        if answers.holds(question):
            code = FAILED
            if not request.quiet:
                say(
                    f"{loaded.file}: --fail-on {question.text}: "
                    f"{_happened(run, question.text) or answers.told(question)}"
                )
    return run, code


def _question(text: str, names: Names) -> Question:
    """The question of an option, or ScenarioErrors that point into it."""
    from adlcalc.study.questions import QuestionError, read

    try:
        return read(text, names)
    except QuestionError as error:
        raise error.told_of("--fail-on", text) from None


def _happened(run: Run, outcome: str) -> str:
    """What happened where one of the three plain outcomes was asked for; '' where it was another question."""
    from adlcalc.report.human import counted

    if outcome == "liquidation":
        return counted(len(run.liquidations), "position was liquidated", "positions were liquidated")
    if outcome == "adl":
        return counted(
            len({row.account for row in run.deleveraged}),
            "account was deleveraged",
            "accounts were deleveraged",
        )
    if outcome == "loss" and run.audit.bad_debt:
        return f"bad debt {run.audit.told}"
    if outcome == "loss":
        return counted(len(run.socialized), "account shares a loss", "accounts share a loss")
    return ""
