"""What many points come to: for each measure and each group of points a share or a distribution.

    adl(me), fund_paid > 0      so or not: hits of n, with an interval
    fund_paid                   a number: mean, quantiles, expected shortfalls
    quantile(fund_paid, 0.999)  that quantile; shortfall(fund_paid, 0.999) the mean beyond it

Public: Wanted, wanted_of, Figure, figures_of, Moved, moved, LEVELS, FAR, ANYBODY.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from itertools import groupby

from adlcalc.ground.numbers import D
from adlcalc.study.questions import (
    MEASURES,
    PREDICATES,
    Measure,
    Names,
    Question,
    QuestionError,
    number_of,
    read,
    read_measure,
)
from adlcalc.study.sample import Quantile, Share, Spread, share_of, spread_of
from adlcalc.study.store import Points, number_in

LEVELS = (D("0.05"), D("0.5"), D("0.95"), D("0.99"))
FAR = number_of(D("Infinity")) or Fraction(0)
"""What is kept as inf."""
_OF_LEVEL = re.compile(r"\s*(quantile|shortfall)\s*\((.*),\s*(0?\.[0-9]{1,9})\s*\)\s*", re.DOTALL)


class _Anybody(Collection[str]):
    """Every name: a store is asked without its scenario."""

    def __contains__(self, name: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 1


ANYBODY = Names(_Anybody(), _Anybody(), _Anybody(), 10_000_000)


@dataclass(frozen=True)
class Wanted:
    """What is asked of the points. parts: the measures and predicates in it; question: what shall be so, None
    where it is a number, which parts[0] then is."""

    text: str
    parts: tuple[Measure, ...]
    question: Question | None = None
    levels: tuple[Decimal, ...] = LEVELS
    only: str = ""

    @property
    def is_share(self) -> bool:
        """Is it so or not, rather than a number?"""
        return self.question is not None or self.parts[0].word in PREDICATES

    def value(self, found: Callable[[Measure], Fraction | bool | None]) -> Fraction | bool | None:
        """What it comes to at a point."""
        return found(self.parts[0]) if self.question is None else self.question.holds(found)


def wanted_of(text: str, names: Names) -> Wanted:
    """One measure as it was typed. Raises QuestionError."""
    found = _OF_LEVEL.fullmatch(text)
    if found:
        level = D(found[3])
        if level <= 0:
            raise QuestionError(1, len(text), "must have a level between 0 and 1")
        return Wanted(text, (read_measure(found[2], names),), None, (level,), found[1])
    word = re.match(r"\s*(\w*)", text)
    if word is not None and word[1] in MEASURES:
        try:
            return Wanted(text, (read_measure(text, names),))
        except QuestionError as error:
            try:
                question = read(text, names)  # a comparison begins with a measure too
            except QuestionError:
                raise error from None
            return Wanted(text, tuple(dict.fromkeys(question.parts)), question)
    if word is not None and word[1] in ("quantile", "shortfall"):
        hint = f"{word[1]}(fund_paid, 0.99)"
        raise QuestionError(1, len(text), "must have a measure and a level between 0 and 1", hint)
    question = read(text, names)
    return Wanted(text, tuple(dict.fromkeys(question.parts)), question)


@dataclass(frozen=True)
class Figure:
    """A measure over a group of points. by: what the points have in common; n: how many told it; failed: how
    many did not because the scenario or the run failed; none: how many because there is no such number;
    sample: every path stands in it once."""

    measure: str
    by: Mapping[str, str]
    n: int
    failed: int = 0
    none: int = 0
    share: Share | None = None
    mean: Fraction | None = None
    least: Fraction | None = None
    most: Fraction | None = None
    quantiles: tuple[Quantile, ...] = ()
    only: str = ""
    sample: bool = True

    @property
    def is_share(self) -> bool:
        """Is it of something that is so or not?"""
        return self.share is not None

    @property
    def worked(self) -> int:
        """How many of its points were worked, whatever came of them."""
        return self.n + self.failed + self.none

    @property
    def headline(self) -> Fraction | None:
        """The one number that it is told by: a share, the quantile or shortfall that was asked for, a
        mean."""
        if self.share is not None:
            return self.share.share
        if self.only and self.quantiles:
            return self.quantiles[0].beyond if self.only == "shortfall" else self.quantiles[0].value
        return self.mean


@dataclass(frozen=True)
class Moved:
    """A figure's headline as written, and from where to where it goes under other readings of assumed rules;
    low_under, high_under: the readings, '' as written; missing: under some there is no such number."""

    figure: Figure
    low: Fraction | None
    high: Fraction | None
    low_under: str
    high_under: str
    missing: bool

    @property
    def measure(self) -> str:
        """What was measured."""
        return self.figure.measure

    @property
    def by(self) -> Mapping[str, str]:
        """What its points have in common."""
        return self.figure.by

    @property
    def value(self) -> Fraction | None:
        """As written."""
        return self.figure.headline

    @property
    def moves(self) -> bool:
        """Is it not the same under all?"""
        return self.low != self.high or (self.missing and self.low is not None)


def moved(figures: Sequence[Figure], tried: Sequence[tuple[str, Sequence[Figure]]]) -> list[Moved]:
    """Each figure with its range over the readings that were tried; of equal ends the first is told."""
    found = []
    for figure in figures:
        mine = (figure.measure, figure.by)
        values = [("", figure.headline)]
        for reading, others in tried:
            values += [(reading, one.headline) for one in others if (one.measure, one.by) == mine]
        there = [(x, under) for under, x in values if x is not None]
        low = min(there, key=lambda one: one[0], default=(None, ""))
        high = max(there, key=lambda one: one[0], default=(None, ""))
        found.append(Moved(figure, low[0], high[0], low[1], high[1], len(there) < len(values)))
    return found


@dataclass
class _Group:
    """What the points of a group came to: how many told each measure, how many have no such number, at how
    many it is so; how many failed."""

    told: list[int]
    none: list[int]
    hits: list[int]
    failed: int = 0


def figures_of(
    points: Points,
    wanted: Sequence[Wanted],
    parts: Sequence[Measure],
    names: Sequence[str],
    by: Sequence[int],
    order: Callable[[tuple[str, ...]], object],
    drawn: int | None,
) -> tuple[list[Figure], dict[str, int]]:
    """A figure for each measure and group, groups in order; and why points failed, the commonest first.

    names, by: of what they are grouped by, and its places among the columns; drawn: how many paths there are.
    A group that has a path more than once, with different things varied, is no sample: it has no intervals.

    The points are read once to be counted; the numbers of a measure once more, in order: no more of them is
    held than one."""
    groups: dict[tuple[str, ...], _Group] = {}
    errors: dict[str, int] = {}
    none = [0] * len(wanted)
    for row in points:
        cells = (row.venue, *row.values, row.policy)
        key = tuple(cells[i] for i in by)
        group = groups.setdefault(key, _Group([*none], [*none], [*none]))
        if row.error:
            group.failed += 1
            errors[row.error] = errors.get(row.error, 0) + 1
            continue
        found = {part: number_in(one, FAR) for part, one in zip(parts, row.found, strict=True)}
        for at, one in enumerate(wanted):
            value = one.value(found.__getitem__)
            group.told[at] += value is not None or one.is_share
            group.none[at] += value is None and not one.is_share
            group.hits[at] += value is True
    figures = []
    for at, one in enumerate(wanted):
        spread = {} if one.is_share else _spreads(points, one, parts, by, groups, at, drawn)
        for key in sorted(groups, key=order):  # type: ignore[arg-type]  # what it is put in order by
            group, n = groups[key], groups[key].told[at]
            sample = drawn is not None and _copies(group, at, drawn) == 1
            figure = Figure(
                one.text,
                dict(zip(names, key, strict=True)),
                n,
                group.failed,
                group.none[at],
                only=one.only,
                sample=sample,
            )
            if one.is_share and n:
                figure = replace(figure, share=(share_of if sample else Share)(group.hits[at], n))
            elif key in spread:
                mean, least, most, quantiles = spread[key]
                mean = FAR if most >= FAR else mean
                figure = replace(figure, mean=mean, least=least, most=most, quantiles=quantiles)
            figures.append(figure)
    return figures, dict(sorted(errors.items(), key=lambda one: (-one[1], one[0])))


def _copies(group: _Group, at: int, drawn: int | None) -> int:
    """How many points of the group one path has, at most."""
    return -(-(group.told[at] + group.none[at] + group.failed) // drawn) if drawn else 1


def _spreads(
    points: Points,
    one: Wanted,
    parts: Sequence[Measure],
    by: Sequence[int],
    groups: Mapping[tuple[str, ...], _Group],
    at: int,
    drawn: int | None,
) -> dict[tuple[str, ...], Spread]:
    """How the numbers of a measure are spread, by group."""
    found = {}
    rows = points.ascending(by, parts.index(one.parts[0]))
    for key, same in groupby(rows, key=lambda row: row[0]):
        group = groups[key]
        copies = _copies(group, at, drawn)
        values = ((Fraction(number_in(text, FAR) or 0), count) for _, text, count in same)
        sample = drawn is not None and copies == 1
        found[key] = spread_of(values, group.told[at], one.levels, copies=copies, sample=sample)
    return found
