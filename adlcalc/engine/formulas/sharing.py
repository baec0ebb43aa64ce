"""Dividing a whole exactly: fractions inside, rounded once, and the parts sum to the whole.

What is done for everybody of a long queue goes by whole numbers over one denominator: fractions look for
their lowest terms at every step, which costs more than all the rest. Where everybody has another denominator,
their common one is as long as all of them together, and each step with it costs as much as everybody: there
two bounds are looked at instead (`agreed`).

Public: in_units, capped_in_units, capped, in_proportion, over_one_denominator, comparable, agreed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from math import lcm
from operator import or_
from typing import TypeVar

from adlcalc.ground.numbers import ZERO, D, divide

Number = Decimal | Fraction | int
Ratio = tuple[int, int]
"""A numerator and its denominator."""
T = TypeVar("T")

SHORT = 1024
"""A common denominator of at most so many bits is worked with as it is."""
GUARD = 320
"""Bits that a weight has at least where it is rounded: more than the 60 digits of a number that is told."""


def in_units(
    shares: Sequence[Number],
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
    units = Units(total, unit, caps)
    exactly = [(n * units.scale, d) for n, d in map(ratio_of, shares)]
    return units.dealt(*units.rounded_down(exactly), by_remainder=by_remainder)


def capped_in_units(
    weights: Sequence[Number], caps: Sequence[Decimal], total: Decimal, unit: Decimal
) -> list[Decimal]:
    """The shares of `capped` in whole units, as `in_units` has them by remainder. The caps of those with a
    weight sum to more than the total.

    The higher the weights, the lower the level t of min(cap, t x weight). Who is at the cap at a level that is
    too low is there at the true one: only the others' weights are looked at any closer. Between two levels at
    which the same ones are at their caps, all others' shares and remainders go straight: an order that they have
    at both they have between."""
    units, ratios = Units(total, unit, caps), [*map(ratio_of, weights)]
    limits, ends = units.limits, ends_of(ratios, SHORT)
    at_cap = _full(_shares(ratios, level_of(ends[0][-1], limits, units.total), ends[1]), limits)
    left = units.total - sum(limit for limit, full in zip(limits, at_cap, strict=True) if full)
    rest = [(0, 1) if full else ratio for ratio, full in zip(ratios, at_cap, strict=True)]

    def rounded_down(whole: Sequence[int], scale: int) -> tuple[list[bool], list[int], list[int]]:
        shares = _shares(rest, level_of(whole, limits, left), scale)
        full = [*map(or_, at_cap, _full(shares, limits))]
        capped = [(limit, 1) if x else share for share, limit, x in zip(shares, limits, full, strict=True)]
        return (full, *units.rounded_down(capped))

    _, parts, order = agreed(rest, rounded_down)
    return units.dealt(parts, order, by_remainder=True)


def _shares(weights: Iterable[Ratio], level: Ratio, scale: int) -> list[Ratio]:
    """level x weight, where the level is that of the weights times `scale`."""
    up, down = level[0] * scale, level[1]
    return [(up * n, down * d) for n, d in weights]


def _full(shares: Iterable[Ratio], caps: Iterable[int]) -> list[bool]:
    """Who would have the cap or more?"""
    return [n >= cap * d for (n, d), cap in zip(shares, caps, strict=True)]


class Units:
    """A total that is dealt out in whole units, and how much each may have: whole numbers over one
    denominator, `scale`."""

    def __init__(self, total: Decimal, unit: Decimal, caps: Sequence[Decimal]) -> None:
        self.unit, self.caps = unit, caps
        (self.one, self.total, *self.limits), self.scale = over_one_denominator(
            [unit, min(total, sum(caps, ZERO)), *caps]
        )

    def rounded_down(self, shares: Sequence[Ratio]) -> tuple[list[int], list[int]]:
        """The exact shares in whole units, none above its cap; and who is first by what that leaves, where
        anything is left to deal out."""
        one = self.one
        parts = [min(n // (d * one) * one, limit) for (n, d), limit in zip(shares, self.limits, strict=True)]
        if sum(parts) == self.total:
            return parts, []
        rest = comparable([(n - part * d, d) for (n, d), part in zip(shares, parts, strict=True)])
        return parts, sorted(range(len(parts)), key=lambda i: -rest[i])

    def dealt(self, parts: list[int], order: Iterable[int], *, by_remainder: bool) -> list[Decimal]:
        """What each gets in the end."""
        one, limits, left = self.one, self.limits, self.total - sum(parts)
        if left:
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
            cap
            if part == limit
            else D(part // one) * self.unit
            if part % one == 0
            else divide(D(part), D(self.scale))
            for part, limit, cap in zip(parts, limits, self.caps, strict=True)
        ]


def agreed(weights: Sequence[Ratio], found: Callable[[Sequence[int], int], T]) -> T:
    """What is found of the weights as whole numbers, and what those are to be divided by.

    Where a common denominator is long, it is asked of the weights rounded down and once more rounded up: what
    comes of both comes of the exact ones, which lie between. `found` has to be of that kind, and says how. If
    the two differ, which takes a tie that nobody sees coming, the exact ones are asked."""
    for most in (SHORT, None):
        ends, scale = ends_of(weights, most)
        first, *others = [found(end, scale) for end in ends]
        if all(other == first for other in others):
            break
    return first


def ends_of(weights: Sequence[Ratio], most: int | None) -> tuple[list[list[int]], int]:
    """The weights over their common denominator, if that has at most so many bits (None: however many); else
    rounded down and rounded up, each to many digits of its own. And what they are to be divided by."""
    scale = 1
    for d in {d for _, d in weights}:
        scale = lcm(scale, d)
        if most is not None and scale.bit_length() > most:
            break
    else:
        return [[n * (scale // d) for n, d in weights]], scale
    bits = max(GUARD + max(d.bit_length() - n.bit_length() for n, d in weights if n), 0)
    below = [(n << bits) // d for n, d in weights]
    return [below, [x + 1 if x else 0 for x in below]], 1 << bits


def level_of(weights: Sequence[int], caps: Sequence[int], total: int) -> Ratio:
    """The t at which min(cap, t x weight) are the total together. The caps of those with a weight sum to
    more.

    Water-filling: t rises until the next cap is reached, that one stays there, and the others go on."""
    left, rest = total, sum(weights)
    if all(cap * rest >= left * weight for cap, weight in zip(caps, weights, strict=True)):
        return left, rest
    some = [i for i, weight in enumerate(weights) if weight]
    at = comparable([(caps[i], weights[i]) for i in some])
    for _, i in sorted(zip(at, some, strict=True)):
        if caps[i] * rest >= left * weights[i]:  # nobody after this one reaches a cap
            break
        left -= caps[i]
        rest -= weights[i]
    return left, rest


def ratio_of(x: Number) -> Ratio:
    """Numerator and denominator."""
    return x.as_integer_ratio()


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
