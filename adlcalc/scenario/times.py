"""The time of each step: from the price file, from `times`, or from `interval` and `start`.

Numbers of 10, 13 or 16 digits are seconds, milliseconds or microseconds since 1970; they are shown as ISO
8601 in UTC, and so are dates with a time. Other times are shown as they are written.

Public: Times, build_times, time_text, is_no_date, iso.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from adlcalc.scenario.draft import Draft
from adlcalc.scenario.path_schema import moment_of
from adlcalc.source.nodes import Node
from adlcalc.source.problems import quote

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?![0-9]))?")
UNITS = {10: timedelta(seconds=1), 13: timedelta(milliseconds=1), 16: timedelta(microseconds=1)}


class Times(NamedTuple):
    """shown: a text for each step; seconds: since a fixed moment, where the texts can be read as moments."""

    shown: tuple[str, ...]
    seconds: tuple[int, ...] | None


def build_times(draft: Draft, steps: int, filed: Mapping[str, tuple[str, ...]]) -> Times | None:
    """filed: the times that price files gave, by market. None where the steps have no times."""
    keys = [key for key in ("times", "interval", "start") if getattr(draft.file, key) is not None]
    if filed:
        for key in keys:
            draft.problems.add(
                draft.key(key),
                f"{quote(key)} is given, but the price file has times of its own",
                "leave it out",
            )
        return _of_files(draft, filed)
    if draft.file.times is not None:
        return _of_list(draft, draft.file.times, steps)
    return _of_interval(draft, steps)


def _of_files(draft: Draft, filed: Mapping[str, tuple[str, ...]]) -> Times:
    """The times of the first file; those of the others must be the same."""
    first, *others = filed
    for name in others:
        if filed[name] != filed[first]:
            step = next(
                i
                for i, (one, other) in enumerate(zip(filed[name], filed[first], strict=True))
                if one != other
            )
            message = f"the times of {quote(name)} differ from those of {quote(first)}, first at step {step}"
            draft.add(("prices", name), message)
    return _compared(draft, draft.key("prices"), filed[first])


def _of_list(draft: Draft, times: Sequence[str], steps: int) -> Times | None:
    """The `times` of the file, one for each step."""
    for key in ("interval", "start"):
        if getattr(draft.file, key) is not None:
            draft.problems.add(draft.key(key), f"{quote(key)} and 'times' are both given", "leave one out")
    if len(times) != steps:
        message = (
            f"'times' has {len(times)} item{'s' * (len(times) != 1)}, the prices have {steps} "
            f"step{'s' * (steps != 1)}"
        )
        draft.problems.add(draft.key("times"), message, "give one for each step")
        return None
    for i, text in enumerate(times):
        if not text.isprintable():
            draft.add(("times", i), f"item {i + 1} of 'times' holds characters that cannot be printed")
        elif is_no_date(text):
            draft.add(("times", i), f"item {i + 1} of 'times' is a date that does not exist: {quote(text)}")
    return _compared(draft, draft.key("times"), tuple(time_text(text) for text in times))


def _compared(draft: Draft, place: Node, shown: tuple[str, ...]) -> Times:
    """Texts and, if all of them are moments, their seconds, which may not go back. A moment is shown in UTC,
    with a Z behind it."""
    moments = [moment_of(text) for text in shown]
    known = [moment for moment in moments if moment is not None]
    if len(known) < len(moments):
        return Times(shown, None)
    for step, (before, moment) in enumerate(pairwise(known), 1):
        if moment < before:
            draft.problems.add(
                place, f"the times go back at step {step}: {shown[step]} after {shown[step - 1]}"
            )
            break
    told = (
        iso(at) if ":" in text and not text.endswith("Z") else text
        for at, text in zip(known, shown, strict=True)
    )
    return Times(tuple(told), tuple((moment - EPOCH) // timedelta(seconds=1) for moment in known))


def _of_interval(draft: Draft, steps: int) -> Times | None:
    """start + interval x step, or +0m, +1m, ... where there is no start."""
    interval, start = draft.file.interval, draft.file.start
    if interval is None:
        if start is not None and "interval" not in draft.broken:
            draft.problems.add(draft.key("start"), "'start' needs an 'interval'", "for example interval: 1m")
        return None
    length = interval.length // timedelta(seconds=1)
    seconds = tuple(
        i * length for i in range(steps)
    )  # no timedeltas: a million steps of a century are beyond them
    if start is None:
        return Times(tuple(f"+{i * interval.number}{interval.unit}" for i in range(steps)), seconds)
    try:
        return Times(tuple(iso(start + i * interval.length) for i in range(steps)), seconds)
    except OverflowError:
        draft.problems.add(draft.key("interval"), "the last step lies beyond the year 9999")
        return None


def time_text(cell: str) -> str:
    """A time as it is shown: numbers of a known length as ISO 8601 in UTC, anything else as written."""
    text = cell.strip()
    unit = UNITS.get(len(text))
    if unit is None or not (text.isascii() and text.isdigit()):
        return text
    return iso(EPOCH + int(text) * unit)


def is_no_date(text: str) -> bool:
    """Does a text begin as a date and a time of ISO 8601 do, and name a day or an hour that the calendar does
    not have?"""
    written = DATE.match(text.strip())
    return written is not None and moment_of(written[0]) is None


def iso(moment: datetime) -> str:
    """2020-03-12T10:00Z, with seconds and parts of a second only where they are not zero."""
    precision = (
        "minutes"
        if not (moment.second or moment.microsecond)
        else "seconds"
        if not moment.microsecond
        else "auto"
    )
    return moment.replace(tzinfo=None).isoformat(timespec=precision) + "Z"
