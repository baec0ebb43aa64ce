"""A line on stderr that counts the steps of a long run.

Public: with_progress, pace, through, counting.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TextIO, TypeVar

if TYPE_CHECKING:
    from adlcalc.engine.events import Event

T = TypeVar("T")
PATIENCE = 1.0  # seconds before the first line
PAUSE = 0.1  # seconds between two lines


def with_progress(
    events: Iterable[Event],
    steps: int,
    *,
    stream: TextIO | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Event]:
    """The same events; meanwhile 'step 120 of 1,000, 40 a second, 22 s left' is kept up to date, on a terminal
    only and after the first second."""
    stream = stream or sys.stderr
    if not stream.isatty() or os.environ.get("TERM") == "dumb":
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
) -> Callable[[Iterable[T]], Iterator[T]]:
    """rows -> the same rows; meanwhile 'run 1,200' is kept up to date over all that are handed to it, on a
    terminal only and after the first second, unless nothing is to be said."""
    stream = stream or sys.stderr
    silent = quiet or not stream.isatty() or os.environ.get("TERM") == "dumb"
    count, due = 0, clock() + PATIENCE

    def counted(rows: Iterable[T]) -> Iterator[T]:
        nonlocal count, due
        shown = ""
        try:
            for row in rows:
                count += 1
                if not silent and clock() >= due:
                    shown = f"{what} {count:,}"
                    stream.write(f"\r{shown}")
                    stream.flush()
                    due = clock() + PAUSE
                yield row
        finally:
            if shown:
                stream.write(f"\r{' ' * len(shown)}\r")
                stream.flush()

    return counted
