"""Bounds of numbers: what can be said of a result where its parts are only known to lie between two floats.

A result is made wider by more than floats are off, so that what is worked out exactly from numbers that lie
between the bounds of the parts lies between its own.

Public: Between, Undecided.
"""

from __future__ import annotations

import math
from decimal import Decimal

ROOM = 1e-15
"""By this part of itself a bound is moved outwards: several times what one operation of floats is off."""


class Undecided(ArithmeticError):
    """A question that the bounds do not answer."""


class Between:
    """A number from low to high."""

    __slots__ = ("high", "low")

    def __init__(self, low: Decimal | float, high: Decimal | float | None = None) -> None:
        self.low, self.high = float(low), float(low if high is None else high)
        if isinstance(low, Decimal) and self.low != low:
            self.low, self.high = outwards(self.low, self.high)

    def __add__(self, other: Between) -> Between:
        return around(self.low + other.low, self.high + other.high)

    def __sub__(self, other: Between) -> Between:
        return around(self.low - other.high, self.high - other.low)

    def __neg__(self) -> Between:
        return Between(-self.high, -self.low)

    def __abs__(self) -> Between:
        if self.low >= 0:
            return self
        return -self if self.high <= 0 else Between(0.0, max(-self.low, self.high))

    def __mul__(self, other: Between) -> Between:
        return around(*(a * b for a in (self.low, self.high) for b in (other.low, other.high)))

    def __truediv__(self, other: Between) -> Between:
        if other.low <= 0 <= other.high:
            return EVERYTHING
        return around(*(a / b for a in (self.low, self.high) for b in (other.low, other.high)))

    def __pow__(self, power: int) -> Between:
        result = Between(1.0)
        for _ in range(power):
            result = result * self
        return result

    def __bool__(self) -> bool:
        """Nor is it said of zero itself, by which nobody divides: what that is has no bound."""
        if self.low <= 0 <= self.high:
            raise Undecided
        return True

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Between):
            return NotImplemented
        if self.low == self.high == other.low == other.high:
            return True
        if self.high < other.low or other.high < self.low:
            return False
        raise Undecided

    def __lt__(self, other: Between) -> bool:
        if self.high < other.low:
            return True
        if self.low >= other.high:
            return False
        raise Undecided

    def __gt__(self, other: Between) -> bool:
        return other < self

    def __le__(self, other: Between) -> bool:
        return not other < self

    def __ge__(self, other: Between) -> bool:
        return not self < other

    __hash__ = None  # type: ignore[assignment]  # what two of them have in common is not known


def outwards(low: float, high: float) -> tuple[float, float]:
    """A little wider."""
    return low - abs(low) * ROOM, high + abs(high) * ROOM


def around(*found: float) -> Between:
    """From the least to the greatest, and a little more; everything where one of them has no end."""
    if not all(math.isfinite(x) for x in found):
        return EVERYTHING
    return Between(*outwards(min(found), max(found)))


EVERYTHING = Between(-math.inf, math.inf)
