"""When a rulebook held, read from what it says of itself (`as_of`), and which of its editions fits a date.

    2025            since that year          2025-08-01      since that day
    2018 to 2020    in these years           before 2025-09  until that month began

A rulebook of which that cannot be read, or that is `timeless` (a yardstick, no venue's), fits any date.

Public: Period, period_of, date_of, Edition, fitting."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

DAY = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
BETWEEN = re.compile(r"(\S+) to (\S+)")
BEFORE = re.compile(r"before (\S+)")


class Period(NamedTuple):
    """From a day on (None: ever since), until a day, which is not in it (None: without end)."""

    since: date | None
    until: date | None

    def holds(self, day: date) -> bool:
        """Is the day in it?"""
        return (self.since is None or self.since <= day) and (self.until is None or day < self.until)


class Edition(NamedTuple):
    """A rulebook among those of one venue. name: what it is called by; as_of: what it says of itself."""

    name: str
    as_of: str

    @property
    def period(self) -> Period | None:
        """When it held."""
        return period_of(self.as_of)


def date_of(text: str, *, after: bool = False) -> date | None:
    """The first day of a year, month or day as written, or (after) the first day behind it; None where it is
    none."""
    found = DAY.fullmatch(text)
    if found is None:
        return None
    year, month, day = (int(part) if part else None for part in found.groups())
    assert year is not None
    try:
        first = date(year, month or 1, day or 1)
        if not after:
            return first
        if day is not None:
            return date.fromordinal(first.toordinal() + 1)
        return date(year + (month in (None, 12)), (month % 12 + 1) if month else 1, 1)
    except (ValueError, OverflowError):
        return None


def period_of(as_of: str) -> Period | None:
    """When a rulebook held; None where that cannot be read."""
    text = as_of.strip()
    if between := BETWEEN.fullmatch(text):
        since, until = date_of(between[1]), date_of(between[2], after=True)
        return Period(since, until) if since and until else None
    if before := BEFORE.fullmatch(text):
        until = date_of(before[1])
        return Period(None, until) if until else None
    since = date_of(text)
    return Period(since, None) if since else None


def fitting(editions: Sequence[Edition], day: date) -> Edition | None:
    """The edition that held on a day: of several the one that began last; None where none did, and the first
    of those that fit any date."""
    found: Edition | None = None
    latest = date.min
    for one in editions:
        period = one.period
        if period is None:
            return one
        since = period.since or date.min
        if period.holds(day) and (found is None or since > latest):
            found, latest = one, since
    return found
