"""What a sample of paths says of all paths of its model: shares and quantiles with their intervals.

Everything is exact or Decimal, so that it is the same digits everywhere; the intervals are of 95 %, rounded
outward.

Public: Share, share_of, Quantile, quantile_of, mean_of, SURE, BEYOND.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from fractions import Fraction
from typing import NamedTuple

from adlcalc.ground.numbers import CEILING, FLOOR, ONE, ZERO, D, round_to

SURE = D("0.95")
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
    """level: which; value: the smallest one that a share of `level` does not exceed; beyond: the mean of
    what lies beyond it, itself included (the expected shortfall: above it, below it for a level under a half).
    Each with its ends; None where too few paths lie beyond."""

    level: Decimal
    value: Fraction | None = None
    low: Fraction | None = None
    high: Fraction | None = None
    beyond: Fraction | None = None
    beyond_low: Fraction | None = None
    beyond_high: Fraction | None = None


def quantile_of(
    values: Sequence[Fraction], level: Decimal, *, copies: int = 1, sample: bool = True
) -> Quantile:
    """values: in order; copies: how many of them one path has; sample: whether there are ends. The interval is
    that of two order statistics: each end is wrong with at most 2.5 %, whatever the distribution (Clopper and
    Pearson's binomial, turned around). A shortfall's ends are the means beyond those two."""
    n = len(values)
    rank = -(-n * Fraction(level) // 1)  # the first that is enough, from 1
    upper = level * 2 >= 1
    if (n - rank if upper else rank - 1) < BEYOND * copies:
        return Quantile(level)

    def beyond(rank: int) -> Fraction:
        return mean_of(values[rank - 1 :] if upper else values[:rank])

    if not sample:
        return Quantile(level, values[rank - 1], beyond=beyond(rank))
    low, high = _ranks(n, level)
    low, high = max(low, 1), min(high, n)
    ends = values[low - 1], values[high - 1]
    return Quantile(level, values[rank - 1], *ends, beyond(rank), beyond(low), beyond(high))


def mean_of(values: Sequence[Fraction]) -> Fraction:
    """Their mean."""
    return sum(values, Fraction(0)) / len(values)


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
