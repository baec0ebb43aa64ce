"""Times as files write them -> moments in UTC: epochs of any unit, digits of a date, ISO 8601, and the usual
ways to write a day.

    1584000000  1584000000.0  1.584e+12  1584000000000000000     seconds, milliseconds, microseconds,
                nanoseconds since 1970
    20200312  202003120800  20200312 080000  20241119185000000    digits of a date
    2020-03-12T08:00Z  2020-03-12 08:00:00+00:00  2020.03.12 08:00
    2022-07-06 11-PM  12.03.2020 08:00:00.000  03/13/2020  Mar 12, 2020

A day and a month that could be either are taken in the order in which the column runs evenly one way; where
both do, nothing is guessed.

Public: read_moments, Unreadable.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from adlcalc.ground.numbers import D
from adlcalc.importers.grid import words
from adlcalc.source.number import NumberError, number_of
from adlcalc.source.problems import quote

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = D(10) ** 8  # 1973 in seconds: a smaller number is a count, no time
UNITS = ((D(10) ** 11, 10**6), (D(10) ** 14, 10**3), (D(10) ** 17, 1))
"""A number below the first is that many microseconds a unit: seconds, milliseconds, microseconds; above all,
nanoseconds."""
MONTHS = {name: i for i, name in enumerate(words("jan feb mar apr may jun jul aug sep oct nov dec"), 1)}
CLOCK = r"(?:[ T,]+(\d{1,2})(?:[:h](\d{2}))?(?::(\d{2})(?:[.,](\d+))?)?(?:[ -]?([AaPp])[Mm])?)?"
YEAR_FIRST = re.compile(rf"(\d{{4}})[-./](\d{{1,2}})[-./](\d{{1,2}}){CLOCK}")
YEAR_LAST = re.compile(rf"(\d{{1,2}})[-./](\d{{1,2}})[-./](\d{{4}}|\d{{2}}){CLOCK}")
NAMED = re.compile(rf"(?:(\d{{1,2}})[ -])?([A-Za-z]{{3}})[a-z]*\.?[ -](?:(\d{{1,2}}),? )?(\d{{4}}){CLOCK}")
HOUR_DASH = re.compile(r"(\d{4}-\d{2}-\d{2}) (\d{1,2})-([AaPp][Mm])")
ZONE = re.compile(r" ?(?:UTC|GMT|Z)(?:[+-]0?0:?00)?$", re.IGNORECASE)
DIGITS = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})(?:[ T]?(\d{2})(\d{2})(\d{2})?(\d{3})?)?")


class Unreadable(ValueError):
    """A time that cannot be read, or can be read in two ways: item is its place in the column."""

    def __init__(self, item: int, message: str) -> None:
        super().__init__(message)
        self.item, self.message = item, message


def read_moments(texts: Sequence[str]) -> list[datetime]:
    """The moments of a column; Unreadable with the first text that is none."""
    tried: list[list[datetime]] = []
    worst = 0
    for reader in (_unambiguous, _day_first, _month_first):
        found = [reader(text.strip()) for text in texts]
        moments = [moment for moment in found if moment is not None]
        if len(moments) == len(texts):
            if reader is _unambiguous:
                return moments
            tried.append(moments)
        worst = max(worst, found.index(None) if None in found else 0)
    if not tried:
        raise Unreadable(worst, f"{quote(texts[worst])} is no time that can be read")
    even = [moments for moments in tried if _runs_one_way(moments)]
    if len(even) == 1 or len(tried) == 1 or all(moments == tried[0] for moments in tried):
        return even[0] if even else tried[0]
    raise Unreadable(0, f"{quote(texts[0])} may be the day or the month first: write the year first")


def _runs_one_way(moments: Sequence[datetime]) -> bool:
    """All steps forward, or all back, and no step longer than 40 times the shortest."""
    steps = [after - before for before, after in pairwise(moments) if after != before]
    if not steps:
        return True
    sizes = [abs(step) for step in steps]
    return len({step > timedelta(0) for step in steps}) == 1 and max(sizes) <= 40 * min(sizes)


def _unambiguous(text: str) -> datetime | None:
    """Every way that says by itself which number is what."""
    text = ZONE.sub("", text)
    number = _number(text)
    if number is not None or DIGITS.fullmatch(text):
        return _of_digits(text) or (_of_epoch(number) if number is not None else None)
    hour = HOUR_DASH.fullmatch(text)
    if hour:
        text = f"{hour[1]} {hour[2]} {hour[3]}"
    written = YEAR_FIRST.fullmatch(text)
    if written:
        return _moment(written[1], written[2], written[3], *written.groups()[3:])
    named = NAMED.fullmatch(text)
    if named and named[2].lower() in MONTHS and (named[1] or named[3]):
        return _moment(named[4], str(MONTHS[named[2].lower()]), named[1] or named[3], *named.groups()[4:])
    dotted = YEAR_LAST.fullmatch(text)
    if dotted and "." in text[:3]:  # 12.03.2020 has the day first wherever it is written
        return _moment(dotted[3], dotted[2], dotted[1], *dotted.groups()[3:])
    try:
        moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _day_first(text: str) -> datetime | None:
    written = YEAR_LAST.fullmatch(ZONE.sub("", text))
    return (
        _moment(written[3], written[2], written[1], *written.groups()[3:]) if written else _unambiguous(text)
    )


def _month_first(text: str) -> datetime | None:
    written = YEAR_LAST.fullmatch(ZONE.sub("", text))
    return (
        _moment(written[3], written[1], written[2], *written.groups()[3:]) if written else _unambiguous(text)
    )


def _number(text: str) -> Decimal | None:
    """Nanoseconds have more digits before the point than a price may have."""
    if text.isascii() and text.isdigit() and len(text) <= 20:
        return D(text)
    try:
        return number_of(text)
    except NumberError:
        return None


def _of_epoch(number: Decimal) -> datetime | None:
    """Seconds and their parts since 1970, by size."""
    if number < EARLIEST:
        return None
    micro = next((int(number * unit) for limit, unit in UNITS if number < limit), int(number // 1000))
    try:
        return EPOCH + timedelta(microseconds=micro)
    except OverflowError:
        return None


def _of_digits(text: str) -> datetime | None:
    """8, 12, 14 or 17 digits are those of a date; 10, 13, 16 and 19 are an epoch."""
    written = DIGITS.fullmatch(text)
    if written is None:
        return None
    hour, minute, second, part = written.groups()[3:]
    return _moment(written[1], written[2], written[3], hour, minute, second, part, None)


def _moment(year: str, month: str, day: str, *clock: str | None) -> datetime | None:
    """Numbers as texts -> a moment; None where the calendar or the clock has no such one."""
    hour, minute, second, part, half = clock
    hours = int(hour or 0)
    if half is not None:
        if not 1 <= hours <= 12:
            return None
        hours = hours % 12 + (12 if half.lower() == "p" else 0)
    years = int(year) if len(year) == 4 else 2000 + int(year)
    micro = int(((part or "0") + "000000")[:6])
    try:
        return datetime(
            years, int(month), int(day), hours, int(minute or 0), int(second or 0), micro, tzinfo=UTC
        )
    except ValueError:
        return None
