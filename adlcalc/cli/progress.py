"""A line on stderr that counts what long work has done: steps, files, policies, rows.

Public: with_progress, pace, through, counting, watched, foretell.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO, TypeVar

from adlcalc.cli.exits import say
from adlcalc.ground.how_far import hearing

if TYPE_CHECKING:
    from adlcalc.engine.events import Event
    from adlcalc.engine.model import Scenario

T = TypeVar("T")


class Counted(Protocol):
    """rows -> the same rows, counted. total: how many there are."""

    def __call__(self, rows: Iterable[T], total: int | None = None) -> Iterator[T]: ...


PATIENCE = 1.0  # seconds before the first line
PAUSE = 0.1  # seconds between two lines
LONG = 4  # a part of the work that `solve` allows itself, from which on it is told before


def with_progress(
    events: Iterable[Event],
    steps: int,
    *,
    stream: TextIO | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Event]:
    """The same events; meanwhile 'step 120 of 1,000, 40 a second, 22 s left' is kept up to date, on a
    terminal only and after the first second."""
    stream = stream or sys.stderr
    if not _is_seen(stream):
        yield from events
        return
    from adlcalc.engine.events import MarkMoved

    began = clock()
    due = began + PATIENCE
    shown = ""
    try:
        for event in events:
            if isinstance(event, MarkMoved) and (now := clock()) >= due:
                line = f"step {event.step:,} of {steps:,}{pace(event.step, steps, now - began)}"
                stream.write(f"\r{line:{len(shown)}}")
                stream.flush()
                shown, due = line, now + PAUSE
            yield event
    finally:
        if shown:
            stream.write(f"\r{' ' * len(shown)}\r")
            stream.flush()


def _is_seen(stream: TextIO) -> bool:
    """A terminal where a line can be written over."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def pace(done: int, of: int, seconds: float) -> str:
    """', 40 a second, 22 s left', once there is something to go by."""
    if not done or seconds <= 0:
        return ""
    rate = done / seconds
    left = round((of - done) / rate)
    time_left = f"{left} s" if left < 120 else f"{left // 60} min"
    return f", {rate:,.0f} a second, {time_left} left" if rate >= 1 else f", {time_left} left"


def through(quiet: bool) -> Callable[[Iterable[Event], int], Iterable[Event]]:
    """(events, steps) -> the same events, watched unless nothing is to be said."""
    return (lambda events, _: events) if quiet else with_progress


def counting(
    quiet: bool,
    what: str = "run",
    *,
    stream: TextIO | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Counted:
    """rows -> the same rows; meanwhile 'run 1,200' is kept up to date over all that are handed to it, on a
    terminal only and after the first second, unless nothing is to be said. Where it is told how many are
    handed to it, the line has how many there are by then, the rate and the time that is left too."""
    stream = stream or sys.stderr
    silent = quiet or not _is_seen(stream)
    begun = clock()
    count, due = 0, begun + PATIENCE

    def counted(rows: Iterable[T], total: int | None = None) -> Iterator[T]:
        nonlocal count, due
        shown, of = "", None if total is None else count + total
        try:
            for row in rows:
                count += 1
                if not silent and clock() >= due:
                    before = len(shown)
                    shown = f"{what} {count:,}" + _of(count, of, clock() - begun)
                    stream.write(f"\r{shown:{before}}")
                    stream.flush()
                    due = clock() + PAUSE
                yield row
        finally:
            if shown:
                stream.write(f"\r{' ' * len(shown)}\r")
                stream.flush()

    return counted


def foretell(quiet: bool, scenario: Scenario, runs: int, fewer: str, *, what: str = "run") -> None:
    """Say before long work how many runs it makes at least, and what makes it fewer: also where nobody sees a
    line that counts them. Whether it is long is told by what there is to do, not by a clock."""
    from adlcalc.report.human import counted
    from adlcalc.study.solve import WORK, size_of

    if not quiet and size_of(scenario) * runs >= WORK // LONG:
        of = f"{counted(len(scenario.accounts), 'account')} over {counted(scenario.path.steps, 'step')}"
        many = f"{counted(runs, what)}{' or more' * (what == 'run')}"
        say(f"note: {many} of {of} are to come; {fewer}")


def _of(count: int, total: int | None, seconds: float) -> str:
    return "" if total is None else f" of {total:,}{pace(count, total, seconds)}"


@contextmanager
def watched(
    quiet: bool,
    *,
    stream: TextIO | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[None]:
    """What the work of this block tells of how far it has come, as 'account 40,000 of 100,000, 20,000 a
    second, 3 s left': on a terminal only and after the first second of each kind of work, unless nothing is
    to be said."""
    out = stream or sys.stderr
    if quiet or not _is_seen(out):
        yield
        return
    at, shown, began, due = "", "", 0.0, 0.0

    def clear() -> None:
        nonlocal shown
        if shown:
            out.write(f"\r{' ' * len(shown)}\r")
            out.flush()
        shown = ""

    def hear(what: str, done: int, of: int) -> None:
        nonlocal at, shown, began, due
        if what != at:
            clear()
            at, began = what, clock()
            due = began + PATIENCE
        if done >= of:
            clear()
            at = ""
        elif (now := clock()) >= due:
            before = len(shown)
            shown = f"{what} {done:,}" + _of(done, of, now - began)
            out.write(f"\r{shown:{before}}")
            out.flush()
            due = now + PAUSE

    try:
        with hearing(hear):
            yield
    finally:
        clear()
