"""Dividing a whole exactly: fractions inside, rounded once, and the parts sum to the whole.

Public: in_units, capped.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from adlcalc.ground.numbers import ZERO, D


def in_units(
    shares: Sequence[Fraction], total: Decimal, unit: Decimal, caps: Sequence[Decimal]
) -> list[Decimal]:
    """The exact shares of `total` in whole units, by largest remainder; none above its cap, together exactly
    the total.

    Every share is rounded down; the units that are left go one each to the largest remainders, ties in the
    order given. What is smaller than a unit, or has found no room that way, goes to the first in the order
    given that has room. Where the caps sum to less than the total, they are the result."""
    total = min(total, sum(caps, ZERO))
    whole = [int(share / Fraction(unit)) for share in shares]
    parts = [min(D(n) * unit, cap) for n, cap in zip(whole, caps, strict=True)]
    left = total - sum(parts, ZERO)
    by_remainder = sorted(range(len(shares)), key=lambda i: (Fraction(parts[i]) - shares[i], i))
    for i in by_remainder:
        if left < unit:
            break
        if parts[i] + unit <= caps[i]:
            parts[i] += unit
            left -= unit
    for i in range(len(parts)):
        if not left:
            break
        more = min(left, caps[i] - parts[i])
        parts[i] += more
        left -= more
    return parts


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
