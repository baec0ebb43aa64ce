"""Quotients of Decimals, exact and quick: above / below, not brought to its lowest terms. What `Fraction`
spends its time with is common divisors; here a sum is three products, and one division at the end tells the
same number.

What needs more than 60 digits raises Inexact: then it is to be worked out in fractions.

Public: Quotient.
"""

from __future__ import annotations

from decimal import Decimal

from adlcalc.ground.numbers import CONTEXT, ONE, ZERO

_times, _plus, _minus = CONTEXT.multiply, CONTEXT.add, CONTEXT.subtract


class Quotient:
    """above / below, with below > 0."""

    __slots__ = ("above", "below")

    def __init__(self, above: Decimal, below: Decimal = ONE) -> None:
        self.above, self.below = above, below

    def __add__(self, other: Quotient) -> Quotient:
        if self.below is other.below:
            return Quotient(_plus(self.above, other.above), self.below)
        above = _plus(_times(self.above, other.below), _times(other.above, self.below))
        return Quotient(above, _times(self.below, other.below))

    def __sub__(self, other: Quotient) -> Quotient:
        return self + -other

    def __neg__(self) -> Quotient:
        return Quotient(_minus(ZERO, self.above), self.below)

    def __abs__(self) -> Quotient:
        return -self if self.above < 0 else self

    def __mul__(self, other: Quotient) -> Quotient:
        return Quotient(_times(self.above, other.above), _times(self.below, other.below))

    def __truediv__(self, other: Quotient) -> Quotient:
        above, below = _times(self.above, other.below), _times(self.below, other.above)
        return Quotient(above, below) if below > 0 else Quotient(_minus(ZERO, above), _minus(ZERO, below))

    def __pow__(self, power: int) -> Quotient:
        result = Quotient(ONE)
        for _ in range(power):
            result = result * self
        return result

    def __bool__(self) -> bool:
        return bool(self.above)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quotient) and _times(self.above, other.below) == _times(
            other.above, self.below
        )

    def __lt__(self, other: Quotient) -> bool:
        return _times(self.above, other.below) < _times(other.above, self.below)

    def __le__(self, other: Quotient) -> bool:
        return not other < self

    def __gt__(self, other: Quotient) -> bool:
        return other < self

    def __ge__(self, other: Quotient) -> bool:
        return not self < other

    __hash__ = None  # type: ignore[assignment]  # equal ones are written in many ways
