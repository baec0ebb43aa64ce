"""Dividing a whole exactly: fractions inside, rounded once, and the parts sum to the whole.

What is done for everybody of a long queue goes by whole numbers over one denominator: fractions look for
their lowest terms at every step, which costs more than all the rest.

Public: in_units, capped, in_proportion, over_one_denominator, comparable.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import lcm

from adlcalc.ground.numbers import ZERO, D, divide

Number = Decimal | Fraction | int


def in_units(
    shares: Sequence[Fraction],
    total: Decimal,
    unit: Decimal,
    caps: Sequence[Decimal],
    *,
    by_remainder: bool = False,
) -> list[Decimal]:
    """The exact shares of `total` in whole units, by largest remainder; none above its cap, together exactly
    the total.

    Every share is rounded down; the units that are left go one each to the largest remainders, ties in the
    order given. What is smaller than a unit, or has found no room that way, goes to the first in the order
    given that has room; by_remainder: to the first in the order of the remainders, so that an order that
    means nothing, that of the file, does not show. Where the caps sum to less than the total, they are the
    result."""
    (one, left, *limits), scale = over_one_denominator([unit, min(total, sum(caps, ZERO)), *caps])
    exactly = [(share.numerator * scale, share.denominator) for share in shares]
    parts = [min(n // (d * one) * one, limit) for (n, d), limit in zip(exactly, limits, strict=True)]
    left -= sum(parts)
    if left:
        rest = comparable([(n - part * d, d) for (n, d), part in zip(exactly, parts, strict=True)])
        order = sorted(range(len(parts)), key=lambda i: -rest[i])
        for i in order:
            if left < one:
                break
            if parts[i] + one <= limits[i]:
                parts[i] += one
                left -= one
        for i in order if by_remainder else range(len(parts)):
            more = min(left, limits[i] - parts[i])
            parts[i] += more
            left -= more
    return [
        cap if part == limit else D(part // one) * unit if part % one == 0 else divide(D(part), D(scale))
        for part, limit, cap in zip(parts, limits, caps, strict=True)
    ]


def over_one_denominator(numbers: Sequence[Number]) -> tuple[list[int], int]:
    """The numbers as whole ones, and what they are to be divided by."""
    ratios = [x.as_integer_ratio() for x in numbers]
    scale = lcm(*{d for _, d in ratios})
    return [n * (scale // d) for n, d in ratios], scale


def comparable(ratios: Sequence[tuple[int, int]]) -> list[int]:
    """Whole numbers that compare as the fractions n / d do: n / d x 2^k, rounded down. Two different
    fractions are 1 / (d x d') apart or more; where 2^k is no less than d x d', so many times them are one
    apart or more."""
    k = 2 * max((d.bit_length() for _, d in ratios), default=0)
    return [(n << k) // d for n, d in ratios]


def in_proportion(sizes: Sequence[Number], total: Number) -> list[Fraction]:
    """The same part of each size, together the total; all of each where that is more than there is."""
    (whole, *parts), scale = over_one_denominator([total, *sizes])
    there = sum(parts)
    if whole >= there:
        return [Fraction(part, scale) for part in parts]
    return [Fraction(part * whole, there * scale) for part in parts]


def capped(weights: Sequence[Fraction], caps: Sequence[Fraction], total: Fraction) -> list[Fraction]:
    """Shares in proportion to the weights, none above its cap: min(cap, t x weight), where t makes them sum
    to the total.

    Water-filling: t rises until the next cap is reached, that one stays there, and the others go on. Where
    everybody with a weight is at the cap, those caps are the result, and they sum to less than the total."""
    shares = [Fraction(0)] * len(weights)
    order = sorted((i for i, weight in enumerate(weights) if weight > 0), key=lambda i: caps[i] / weights[i])
    weight_left, total_left = sum((weights[i] for i in order), Fraction(0)), total
    for place, i in enumerate(order):
        if caps[i] * weight_left >= total_left * weights[i]:  # nobody after this one reaches a cap
            level = total_left / weight_left
            for j in order[place:]:
                shares[j] = level * weights[j]
            break
        shares[i] = caps[i]
        weight_left -= weights[i]
        total_left -= caps[i]
    return shares
