"""The insurance fund: it keeps surpluses and pays shortfalls while it may.

Public: largest_affordable.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from adlcalc.engine.numbers import DOWN, ONE, ZERO, divide, round_to


def largest_affordable(size: Decimal, lot: Decimal, loss: Callable[[Decimal], Decimal], available: Decimal) -> Decimal:
    """How much of `size` the fund can pay for: all of it, or the largest whole number of lots whose loss it can afford.

    `loss(x)`: the shortfall of closing x, in money; it rises with x beyond the point where it is positive.
    """
    if loss(size) <= available:
        return size
    low, high = ZERO, round_to(divide(size, lot), ONE, DOWN)  # in lots; low is affordable, high + 1 is not
    if high and loss(high * lot) <= available:
        return high * lot
    while high - low > 1:
        middle = round_to(divide(low + high, ONE + ONE), ONE, DOWN)
        if loss(middle * lot) <= available:
            low = middle
        else:
            high = middle
    return low * lot
