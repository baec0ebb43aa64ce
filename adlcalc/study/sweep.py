"""What many points come to: for each measure and each group of points a share or a distribution.

    adl(me), fund_paid > 0      so or not: hits of n, with an interval
    fund_paid                   a number: mean, quantiles, expected shortfalls
    quantile(fund_paid, 0.999)  that quantile; shortfall(fund_paid, 0.999) the mean beyond it

Public: Wanted, wanted_of, Figure, Figures, Moved, moved, LEVELS, FAR, ANYBODY.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

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
from adlcalc.study.sample import Quantile, Share, mean_of, quantile_of, share_of
from adlcalc.study.store import Saved, number_in

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

    def value(self, found: Callable[[Measure], Fraction | bool | None]) -> Fraction | bool | None:
        """What it comes to at a point."""
        return found(self.parts[0]) if self.question is None else self.question.holds(found)


def split(text: str) -> list[str]:
    """A list with commas between; those in brackets and in quotes belong to what they stand in."""
    parts, depth, quote = [""], 0, ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"" and depth:
            quote = character
        else:
            depth += (character == "(") - (character == ")")
        if character == "," and not depth and not quote:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


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
    def headline(self) -> Fraction | None:
        """The one number that it is told by: a share, the quantile or shortfall that was asked for, a mean."""
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
class Figures:
    """Points, taken in one by one, by group. columns: of what each saved value is, in its order."""

    wanted: Sequence[Wanted]
    parts: Sequence[Measure]
    group: Callable[[Saved], tuple[str, ...]]
    values: dict[tuple[str, ...], list[list[Fraction | bool | None]]] = field(default_factory=dict)
    failed: dict[tuple[str, ...], int] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)

    def take(self, rows: Iterable[Saved]) -> None:
        """Points as they are kept."""
        for row in rows:
            group = self.group(row)
            kept = self.values.setdefault(group, [[] for _ in self.wanted])
            if row.error:
                self.failed[group] = self.failed.get(group, 0) + 1
                self.errors[row.error] = self.errors.get(row.error, 0) + 1
                continue
            found = {part: number_in(one, FAR) for part, one in zip(self.parts, row.found, strict=True)}
            for one, values in zip(self.wanted, kept, strict=True):
                values.append(one.value(found.__getitem__))

    def told(
        self, names: Sequence[str], order: Callable[[tuple[str, ...]], object], drawn: int | None
    ) -> list[Figure]:
        """A figure for each measure and group, groups in order. drawn: how many paths there are. A group that
        has a path more than once, with different things varied, is no sample: it has no intervals."""
        groups = sorted(self.values, key=order)  # type: ignore[arg-type]  # what it is put in order by
        return [
            _figure(
                one,
                dict(zip(names, group, strict=True)),
                self.values[group][at],
                self.failed.get(group, 0),
                drawn,
            )
            for at, one in enumerate(self.wanted)
            for group in groups
        ]


def _figure(
    one: Wanted,
    by: Mapping[str, str],
    values: Sequence[Fraction | bool | None],
    failed: int,
    drawn: int | None,
) -> Figure:
    copies = -(-(len(values) + failed) // drawn) if drawn else 1
    sample = drawn is not None and copies == 1
    if one.question is not None or (values and all(isinstance(x, bool) for x in values)):
        hits = sum(x is True for x in values)
        share = (share_of if sample else Share)(hits, len(values)) if values else None
        return Figure(one.text, by, len(values), failed, share=share, sample=sample)
    there = sorted(Fraction(x) for x in values if x is not None)
    none = len(values) - len(there)
    if not there:
        return Figure(one.text, by, 0, failed, none, only=one.only, sample=sample)
    return Figure(
        one.text,
        by,
        len(there),
        failed,
        none,
        None,
        FAR if there[-1] >= FAR else mean_of(there),
        there[0],
        there[-1],
        tuple(quantile_of(there, level, copies=copies, sample=sample) for level in one.levels),
        one.only,
        sample,
    )


def is_predicate(part: Measure) -> bool:
    """Is it so or not, rather than a number?"""
    return part.word in PREDICATES
