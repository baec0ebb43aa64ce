"""Several scenarios in one call: each is loaded, run, held to what it expects and written; the worst exit code wins.

Public: FailOn, Request, work_through.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from adlcalc.cli.exits import FAILED, INTERRUPTED, RAN, UNUSABLE, explain, note, say
from adlcalc.cli.progress import with_progress
from adlcalc.cli.usual import ROWS, TABLE, room
from adlcalc.ground.output import Inputs, OutputError, write

if TYPE_CHECKING:
    from adlcalc.report import Run


class FailOn(StrEnum):
    """Outcomes that a caller may count as a failure."""

    liquidation = "liquidation"
    adl = "adl"
    loss = "loss"


@dataclass(frozen=True, slots=True)
class Request:
    """The options of `adlcalc run`."""

    format: str = TABLE
    output: str | None = None
    venue: str | None = None
    sets: tuple[str, ...] = ()
    steps: bool = False
    limit: int = ROWS
    width: int | None = None
    fail_on: tuple[FailOn, ...] = ()
    quiet: bool = False
    index: bool = True


def work_through(files: Sequence[str], request: Request) -> int:
    """Run every file, write the results once, return the worst exit code."""
    try:
        with Inputs(request.output).collected() as inputs:
            inputs.add(files)
            return _work_through(files, request, inputs)
    except OutputError as error:
        say(f"adlcalc: {error}")
        return UNUSABLE
    except KeyboardInterrupt:
        return INTERRUPTED


def _work_through(files: Sequence[str], request: Request, inputs: Inputs) -> int:
    from adlcalc.report.run_page import run_page
    from adlcalc.report.writers import FORMATS

    writer, several = FORMATS[request.format], len(files) > 1
    silent = request.quiet and request.output is None
    code = RAN
    parts: list[str] = []
    for file in files:
        try:
            run, found = _one(file, request)
            if not silent:
                page = replace(run_page(run, request.limit, steps=request.steps), width=room(request.width, request.output))
                parts.append(writer.page(page, several=several, first=not parts))
            code = max(code, found)
        except OutputError:
            raise
        except Exception as error:  # the other files are worked all the same
            code = max(code, explain(error, file))
    if parts:
        try:
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
    from adlcalc.scenario import load

    loaded = load(file, sets=request.sets, venue=request.venue)
    if not request.quiet:
        note(loaded)
    events = run_engine(loaded.scenario, index=request.index)
    if not request.quiet:
        events = with_progress(events, loaded.scenario.path.steps)
    run = Run(loaded.scenario, events, file=loaded.file)
    code = RAN
    if loaded.expect is not None and not request.sets and request.venue is None:  # it speaks of the file as it stands
        for difference in differences(run, loaded.expect):
            say(difference.at(loaded.expect.where, loaded.file))
            code = FAILED
    for outcome in request.fail_on:
        what = _happened(run, outcome)
        if what:
            code = FAILED
            if not request.quiet:
                say(f"{loaded.file}: --fail-on {outcome}: {what}")
    return run, code


def _happened(run: Run, outcome: FailOn) -> str:
    """What happened, in words; '' if it did not."""
    from adlcalc.report.human import counted

    if outcome is FailOn.liquidation and run.liquidations:
        return counted(len(run.liquidations), "position was liquidated", "positions were liquidated")
    if outcome is FailOn.adl and run.deleveraged:
        return counted(len({row.account for row in run.deleveraged}), "account was deleveraged", "accounts were deleveraged")
    if outcome is FailOn.loss and run.audit.bad_debt:
        return f"bad debt {run.audit.told}"
    if outcome is FailOn.loss and run.socialized:
        return counted(len(run.socialized), "account shares a loss", "accounts share a loss")
    return ""
