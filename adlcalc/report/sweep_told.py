"""The one number that a group of points is told by, with its interval; and a whole sweep in a sentence.

    so or not            how often, with its interval; of single points yes or no
    quantile, shortfall  as it was asked for
    a number             its median where each group has so many paths, else its mean; of single points itself

Public: Told, Unit, unit_of, told_of, sweep_verdict.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any, NamedTuple

from adlcalc.ground.numbers import CEILING, FLOOR, D
from adlcalc.report.columns.sweep import number
from adlcalc.report.human import clean, counted
from adlcalc.report.sweep_view import label_of, percent, probability, rounded
from adlcalc.study.sample import Quantile
from adlcalc.study.sweep import Figure

HALF = D("0.5")
MEASURES = 3
"""Measures that a sentence tells."""


class Unit(StrEnum):
    """What the number is, in words."""

    ANSWER = "answer"
    PROBABILITY = "probability"
    ASKED = "value"
    MEDIAN = "median"
    MEAN = "mean"
    SINGLE = "value of its point"


class Told(NamedTuple):
    """The number of a group (a probability in percent, yes as 100) and its interval, where it has one; text:
    as it is read."""

    value: Decimal
    low: Decimal | None
    high: Decimal | None
    text: str


def unit_of(groups: Sequence[Figure]) -> Unit:
    """What the groups of a measure are told by: all of them by the same."""
    single = all(one.n <= 1 for one in groups)
    if any(one.is_share for one in groups):
        return Unit.ANSWER if single else Unit.PROBABILITY
    if any(one.only for one in groups):
        return Unit.ASKED
    if single:
        return Unit.SINGLE
    medians = [_median(one) for one in groups if one.n]
    return Unit.MEDIAN if all(one is not None and one.value is not None for one in medians) else Unit.MEAN


def _median(one: Figure) -> Quantile | None:
    return next((found for found in one.quantiles if found.level == HALF), None)


def told_of(one: Figure, unit: Unit) -> Told | None:
    """None where there is no such number."""
    if one.share is not None:
        low, high = one.share.low, one.share.high
        if unit is Unit.ANSWER:
            return Told(D(100) * one.share.hits, None, None, "yes" if one.share.hits else "no")
        share = number(one.share.share) or D(0)
        return Told(
            share * 100,
            None if low is None else low * 100,
            None if high is None else high * 100,
            probability(one),
        )
    value, low_end, high_end = _ends(one, unit)
    found = number(value)
    return None if found is None else Told(found, number(low_end), number(high_end), rounded(found))


def _ends(one: Figure, unit: Unit) -> tuple[Fraction | None, Fraction | None, Fraction | None]:
    if unit is Unit.ASKED and one.quantiles:
        found = one.quantiles[0]
        if one.only == "shortfall":
            return found.beyond, found.beyond_low, found.beyond_high
        return found.value, found.low, found.high
    if unit is Unit.MEDIAN and (median := _median(one)) is not None:
        return median.value, median.low, median.high
    return one.mean, None, None


def sweep_verdict(swept: Any) -> str:
    """'liquidated(me): 31.25% of 400 (26.9% to 35.96%) with accounts.me.leverage=5, 90.75% of 400 (...) with
    accounts.me.leverage=50.' Of each measure the group with the least and the one with the most."""
    parts = [*_measures(swept)]
    text = "; ".join(parts[:MEASURES])
    more = f"; {counted(len(parts) - MEASURES, 'further measure')} below" if len(parts) > MEASURES else ""
    return f"{text}{more}." if parts else "There is no point."


def _measures(swept: Any) -> Iterator[str]:
    for measure in dict.fromkeys(one.measure for one in swept.figures):
        groups = [one for one in swept.figures if one.measure == measure and one.n]
        unit = unit_of(groups)
        told = [(one, found) for one in groups if (found := told_of(one, unit)) is not None]
        if not told:
            continue
        least = min(told, key=lambda pair: pair[1].value)
        most = max(told, key=lambda pair: pair[1].value)
        ends = [least, most] if least[1].value != most[1].value else [least]
        where = len(told) > 1
        texts = [_end(one, found, unit, where=where and len(ends) > 1) for one, found in ends]
        same = f" for each of {len(told):,}" if where and len(ends) == 1 else ""
        yield f"{clean(measure)}: {', '.join(texts)}{same}"


def _end(one: Figure, found: Told, unit: Unit, *, where: bool) -> str:
    """'a median of 12 (10 to 15) with fund=0'."""
    text = found.text
    if unit is Unit.PROBABILITY and one.share is not None:
        if text[0] in "<>":  # none of them, or all: the interval has no other end
            text, found = f"{one.share.hits:,} of {one.share.n:,} ({text})", found._replace(low=None)
        else:
            text += f" of {one.share.n:,}"
    elif unit in (Unit.MEDIAN, Unit.MEAN):
        text = f"{unit.value} {text}"
    if found.low is not None and found.high is not None:
        low, high = _interval(found, unit)
        text += f" ({low} to {high})"
    by = ", ".join(f"{clean(name)}={label_of(value)}" for name, value in one.by.items())
    return text + (f" with {by}" if where and by else "")


def _interval(found: Told, unit: Unit) -> tuple[str, str]:
    """Both ends of it as they are read, rounded outward."""
    assert found.low is not None
    assert found.high is not None
    if unit is Unit.PROBABILITY:
        return percent(found.low / 100, FLOOR), percent(found.high / 100, CEILING)
    return rounded(found.low), rounded(found.high)
