"""What a sample of paths says of all paths of its model: shares and quantiles with their intervals.

Everything is exact or Decimal, so that it is the same digits everywhere; the intervals are of 95 %, rounded
outward.

Public: Share, share_of, Quantile, Spread, spread_of, BEYOND.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from fractions import Fraction
from typing import NamedTuple

from adlcalc.ground.numbers import CEILING, FLOOR, ONE, ZERO, D, round_to

Z = D("1.959963984540054")
"""Of a normal variable, this many deviations to either side hold 95 %."""
TAIL = D("0.025")
BEYOND = 20
"""A quantile is told where so many paths at least lie beyond it."""
PLACES = D("0.000001")
CONTEXT = Context(prec=40, rounding=ROUND_HALF_EVEN, Emin=-99_999_999, Emax=99_999_999)


class Share(NamedTuple):
    """hits of n, and where the probability lies (None where they are no sample)."""

    hits: int
    n: int
    low: Decimal | None = None
    high: Decimal | None = None

    @property
    def share(self) -> Fraction:
        """hits / n."""
        return Fraction(self.hits, self.n)


def share_of(hits: int, n: int) -> Share:
    """The interval of Wilson (1927): the p for which |hits / n - p| is at most z deviations of p,
    (h + z^2 / 2 -+ z sqrt(h (n - h) / n + z^2 / 4)) / (n + z^2). It holds more than zero where there is no
    hit."""
    with localcontext(CONTEXT):
        middle = hits + Z * Z / 2
        reach = Z * (D(hits) * (n - hits) / n + Z * Z / 4).sqrt()
        low = ZERO if not hits else round_to((middle - reach) / (n + Z * Z), PLACES, FLOOR)
        high = ONE if hits == n else round_to((middle + reach) / (n + Z * Z), PLACES, CEILING)
    return Share(hits, n, low, high)


class Quantile(NamedTuple):
    """level: which; value: the smallest one that a share of `level` does not exceed; beyond: the mean of the
    share that lies beyond it (the expected shortfall of Acerbi and Tasche: of 100 values at 80 % the 20 largest; the
    smallest for a level under a half).
    Each with its ends; None where too few paths lie beyond."""

    level: Decimal
    value: Fraction | None = None
    low: Fraction | None = None
    high: Fraction | None = None
    beyond: Fraction | None = None
    beyond_low: Fraction | None = None
    beyond_high: Fraction | None = None


class Spread(NamedTuple):
    """How numbers are spread: their mean, the smallest and the largest, quantiles."""

    mean: Fraction
    least: Fraction
    most: Fraction
    quantiles: tuple[Quantile, ...]


def spread_of(
    values: Iterable[tuple[Fraction, int]],
    n: int,
    levels: Sequence[Decimal],
    *,
    copies: int = 1,
    sample: bool = True,
) -> Spread:
    """values: each with how often it is there, the smallest first, n in all (at least one), and read once;
    copies: how many of them one path has; sample: whether there are ends."""
    wanted = [_Ranks.of(level, n, copies, sample) for level in levels]
    waiting = sorted({rank for one in wanted for rank in one.ranks})
    at: dict[int, tuple[Fraction, Fraction]] = {}  # by rank: the value there, the sum of those before it
    total, seen, least, value = Fraction(0), 0, None, Fraction(0)
    for value, count in values:
        least = value if least is None else least
        while waiting and waiting[0] <= seen + count:
            rank = waiting.pop(0)
            at[rank] = value, total + value * (rank - 1 - seen)
        seen, total = seen + count, total + value * count
    assert least is not None
    assert seen == n
    return Spread(total / n, least, value, tuple(one.quantile(at, total, n) for one in wanted))


class _Ranks(NamedTuple):
    """Where a quantile of n values is found, counted from 1: itself, and the two order statistics that are
    its interval. Each end is wrong with at most 2.5 %, whatever the distribution (Clopper and Pearson's
    binomial, turned around). None where too few lie beyond."""

    level: Decimal
    rank: int | None = None
    ends: tuple[int, int] | None = None

    @classmethod
    def of(cls, level: Decimal, n: int, copies: int, sample: bool) -> _Ranks:
        rank = int(-(-n * Fraction(level) // 1))  # the first that is enough
        if (n - rank if level * 2 >= 1 else rank - 1) < BEYOND * copies:
            return cls(level)
        if not sample:
            return cls(level, rank)
        low, high = _ranks(n, level)
        return cls(level, rank, (max(low, 1), min(high, n)))

    @property
    def ranks(self) -> tuple[int, ...]:
        return () if self.rank is None else (self.rank, *(self.ends or ()))

    def quantile(self, at: Mapping[int, tuple[Fraction, Fraction]], total: Fraction, n: int) -> Quantile:
        """A shortfall is the mean of the share of all values that lies beyond, and of the quantile so much as
        belongs to that share; its ends are the means beyond those of the quantile."""
        upper = self.level * 2 >= 1

        def beyond(rank: int, within: Fraction) -> Fraction:
            """within: so many of the values lie at the quantile or below it."""
            value, before = at[rank]
            if upper:
                share = n - within
                return (total - before - value + (rank - within) * value) / share if share else value
            return (before + (within - rank + 1) * value) / within

        if self.rank is None:
            return Quantile(self.level)
        found = at[self.rank][0]
        if self.ends is None:
            return Quantile(self.level, found, beyond=beyond(self.rank, n * Fraction(self.level)))
        low, high = self.ends
        share = n * Fraction(self.level)
        means = beyond(self.rank, share), beyond(low, Fraction(low)), beyond(high, Fraction(high))
        return Quantile(self.level, found, at[low][0], at[high][0], *means)


def _ranks(n: int, level: Decimal) -> tuple[int, int]:
    """The largest l with P(B < l) <= 2.5 % and the smallest u with P(B >= u) <= 2.5 %, B binomial of n and
    level."""
    with localcontext(CONTEXT):
        odds = level / (ONE - level)
        chance = (ONE - level) ** n
        below, low, high = ZERO, 0, n + 1
        for k in range(n + 1):
            if below <= TAIL:
                low = k
            if ONE - below <= TAIL:
                high = k
                break
            below += chance
            chance = chance * (n - k) / (k + 1) * odds
    return low, high
