"""A path of another time than the rulebook that it is run under.

Public: outside_of.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from adlcalc.scenario.path_schema import moment_of
from adlcalc.venues.editions import Edition, fitting, period_of
from adlcalc.venues.rulebook import Rulebook


def outside_of(times: Sequence[str] | None, rulebook: Rulebook) -> str:
    """'path 2020-03-12..13, rulebook okx as of 2025-11-05; no earlier edition fits', '' where the rulebook
    held then, or nothing is known of when."""
    period = None if rulebook.timeless else period_of(rulebook.as_of)
    first, last = (_day(times[0]), _day(times[-1])) if times else (None, None)
    if period is None or first is None or last is None or (period.holds(first) and period.holds(last)):
        return ""
    told = f"path {_days(first, last)}, rulebook {rulebook.venue} as of {rulebook.as_of}"
    one = fitting([Edition(rulebook.venue, rulebook.as_of), *rulebook.editions], first)
    if one is not None and one.name != rulebook.venue:
        return f"{told}; edition {one.name} (as of {one.as_of}) fits: --as-of {first.isoformat()}"
    return f"{told}; no {'earlier ' if period.since is not None and first < period.since else ''}edition fits"


def _day(time: str) -> date | None:
    """The day of a step in UTC, where its time is a date."""
    moment = moment_of(time)
    return None if moment is None else moment.date()


def _days(first: date, last: date) -> str:
    """'2020-03-12', '2020-03-12..13', '2020-03-30..2020-04-02'."""
    if first == last:
        return first.isoformat()
    same_month = (first.year, first.month) == (last.year, last.month)
    return f"{first.isoformat()}..{f'{last.day:02d}' if same_month else last.isoformat()}"
