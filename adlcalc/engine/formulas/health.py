"""At which marks a unit is safe: the interval of marks of one market in which its equity is not below its
maintenance margin.

All positions of the unit in that market move with the mark; the other markets are held. With x = m P (linear)
or m / P (inverse), every value is +-q x and every maintenance margin the largest of lines rate x q x -
deduction, so that

    spare(x) = cash + sign x Q x - sum of maintenance margins          Q: the signed size of all positions in the market

is concave: the marks at which it is not negative form one interval. A long is told its lower end, a short its
upper.

Public: Leg, safe_marks, liquidation_mark.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from adlcalc.engine.formulas.margin import Lines, maintenance_margin
from adlcalc.engine.model import Contract, Kind
from adlcalc.ground.numbers import ONE, ZERO, divide, round_to


class Leg(NamedTuple):
    """A position of the market: its signed size in contracts, its lines of maintenance margin."""

    signed_size: Decimal
    lines: Lines


def safe_marks(
    contract: Contract, legs: Sequence[Leg], cash: Decimal
) -> tuple[Decimal | None, Decimal | None] | None:
    """(lower, upper) end of the marks at which the unit is safe, None for an end that there is not; None
    where no mark is safe.

    cash: all equity but the values of these legs, less the maintenance margin of positions in other markets.
    """
    linear = contract.kind is Kind.LINEAR
    value_slope = sum((leg.signed_size for leg in legs), ZERO) * (1 if linear else -1)

    def spare(x: Decimal) -> Decimal:
        return (
            cash
            + value_slope * x
            - sum((maintenance_margin(leg.lines, abs(leg.signed_size) * x) for leg in legs), ZERO)
        )

    corners = sorted({ZERO, *(x for leg in legs for x in _corners(leg))})
    beyond = corners[-1] + ONE
    slopes = [(spare(b) - spare(a), b - a) for a, b in zip(corners, [*corners[1:], beyond], strict=True)]
    top = max(corners, key=spare)
    if spare(top) < 0 and slopes[-1][0] <= 0:
        return None
    low = high = None
    for i, corner in enumerate(corners):  # where spare crosses zero, segment by segment
        rise, run = slopes[i]
        end = corners[i + 1] if i + 1 < len(corners) else None
        if not rise:
            continue
        crossing = divide(corner * rise - spare(corner) * run, rise)
        if crossing > corner and (end is None or crossing <= end):
            low, high = (crossing, high) if rise > 0 else (low, crossing)
    return _ends(contract, low, high)


def liquidation_mark(contract: Contract, legs: Sequence[Leg], cash: Decimal, side: int) -> Decimal | None:
    """The mark at which a position of `side` is told to be liquidated, unrounded: the end of the safe marks
    on its losing side."""
    ends = safe_marks(contract, legs, cash)
    return None if ends is None else ends[0] if side > 0 else ends[1]


def _corners(leg: Leg) -> list[Decimal]:
    """Where one line of the maintenance margin takes over from the one before."""
    size, lines = abs(leg.signed_size), leg.lines
    return [
        _short(divide(d1 - d0, size * (r1 - r0)))
        for (r0, d0), (r1, d1) in pairwise(lines)
        if r1 > r0 and d1 > d0
    ]


def _short(x: Decimal) -> Decimal:
    """20 digits of a corner: enough for any price, and what is worked out from it stays exact."""
    return round_to(x, ONE.scaleb(x.adjusted() - 19))


def _ends(
    contract: Contract, low: Decimal | None, high: Decimal | None
) -> tuple[Decimal | None, Decimal | None]:
    """Ends in x -> ends in the mark; x = m / P turns them round."""

    def mark(x: Decimal | None) -> Decimal | None:
        if not x:
            return None
        return divide(x, contract.multiplier) if contract.kind is Kind.LINEAR else divide(contract.multiplier, x)

    return (mark(low), mark(high)) if contract.kind is Kind.LINEAR else (mark(high), mark(low))
