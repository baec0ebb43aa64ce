"""The only place that makes, divides and rounds numbers.

Every number is an exact Decimal. Sums and products are exact (60 digits; a result that would need more is an
error, not a rounding); the one inexact operation is `divide`, and whatever it gives is rounded to a tick or a
unit before it becomes a price or money. A float handed to `D` is a TypeError.

Public: D, scaled, ZERO, ONE, CONTEXT, exact, drawing, divide, decimal_of, round_to, rounder, UP, DOWN,
HALF_EVEN, CEILING, FLOOR, show."""

from __future__ import annotations

from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_EVEN,
    ROUND_UP,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
    localcontext,
)
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from fractions import Fraction

PRECISION = 60
CONTEXT = Context(
    prec=PRECISION,
    rounding=ROUND_HALF_EVEN,
    Emin=-999,
    Emax=999,
    traps=[Inexact, InvalidOperation, DivisionByZero, Overflow],
)
_DIVISION = Context(
    prec=PRECISION,
    rounding=ROUND_HALF_EVEN,
    Emin=-999,
    Emax=999,
    traps=[InvalidOperation, DivisionByZero, Overflow],
)

ZERO = Decimal(0)
ONE = Decimal(1)

UP = ROUND_UP
DOWN = ROUND_DOWN
HALF_EVEN = ROUND_HALF_EVEN
CEILING = ROUND_CEILING
FLOOR = ROUND_FLOOR


def D(text: str | int | Decimal) -> Decimal:  # noqa: N802  (the short name every formula uses)
    """The exact number that a text, an int or a Decimal writes; a float is refused."""
    if isinstance(text, float):
        raise TypeError("money, prices and sizes are never floats; give the number as text")
    return Decimal(text)


def scaled(x: int, exponent: int) -> Decimal:
    """x times a power of ten, whatever context the caller has."""
    return Decimal(x).scaleb(exponent, CONTEXT)


def places(x: Decimal) -> int:
    """How many decimals it is written with, zeros at the end included: of a sum as many as of any part."""
    exponent = x.as_tuple().exponent
    assert isinstance(exponent, int)
    return -exponent


def exact() -> AbstractContextManager[Context]:
    """Enter the exact context: `with exact(): ...`. Contexts are per thread, so every entry point enters its
    own."""
    return localcontext(CONTEXT)


def drawing() -> AbstractContextManager[Context]:
    """Enter a context that rounds to 60 digits, half even: for where ink goes, never for what is read or
    posted."""
    return localcontext(_DIVISION)


divide: Callable[[Decimal, Decimal], Decimal] = _DIVISION.divide
"""numerator / denominator to 60 digits, half even: the only inexact operation; round its result before it is
posted."""


def decimal_of(x: Fraction | int) -> Decimal:
    """A fraction, by `divide`."""
    return divide(D(x.numerator), D(x.denominator))


def round_to(x: Decimal, step: Decimal, rounding: str = ROUND_HALF_EVEN) -> Decimal:
    """The multiple of `step` next to `x` in the direction of `rounding` (UP, DOWN, CEILING, FLOOR or
    HALF_EVEN)."""
    return rounder(step, rounding)(x)


def quantizer(step: Decimal, rounding: str = ROUND_HALF_EVEN) -> Callable[[Decimal, Decimal], Decimal] | None:
    """The library call (x, step) -> multiple of step, where step is a power of ten: 0.01, 1, 10."""
    if step.as_tuple().digits != (1,):
        return None
    return Context(prec=PRECISION, rounding=rounding, Emin=-999, Emax=999, traps=[InvalidOperation]).quantize


@cache
def rounder(step: Decimal, rounding: str = ROUND_HALF_EVEN) -> Callable[[Decimal], Decimal]:
    """The function that rounds to multiples of `step`: made once, called often."""
    quantize = quantizer(step, rounding)
    if quantize is not None:
        return lambda x: quantize(x, step)
    half = step * Decimal(
        "0.5"
    )  # compared with the rest, which may have all 60 digits: twice that would have one more

    def to_multiple(x: Decimal) -> Decimal:
        below = _DIVISION.divide_int(x, step)  # toward zero; exact, as is the rest
        rest = x - below * step
        beyond = below + (1 if rest > 0 else -1)
        goes_beyond = bool(rest) and (
            rounding == UP
            or (rounding == CEILING and rest > 0)
            or (rounding == FLOOR and rest < 0)
            or (rounding == HALF_EVEN and (abs(rest), below % 2 != 0) > (half, False))
        )
        return (beyond if goes_beyond else below) * step

    return to_multiple


def show(x: Decimal) -> str:
    """Plain digits: no exponent, no trailing zeros, no negative zero. `Decimal('1E+3')` -> '1000',
    `Decimal('-0.00')` -> '0'."""
    if not x:
        return "0"
    text = f"{x:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text
