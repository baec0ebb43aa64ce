"""A number with how it was worked out: what the step that computes hands to the event that tells of it.

The formula is a text that is written beside the rule, so handing it over costs a tuple and no arithmetic; it
is put into words only where somebody asks.

Public: Worked, How, SHARED, rounded, as_it_is.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from adlcalc.ground.numbers import HALF_EVEN, round_to
from adlcalc.ground.objects import record

SHARED = "shared"
"""The rounding of a part, where all parts sum to the whole."""


class Worked(NamedTuple):
    """name      what it is: 'ADL price'
    result    the number
    formula   in words, what goes into it in brackets: '[w] x [bankruptcy price] + [1 - w] x [mark]'; x and /
              go before + and -, and min(), max(), floor() are what they are anywhere
    parts     the amounts in brackets, in their order
    unit      the tick or unit that the formula's value was rounded to; None: nothing was rounded
    rounding  in which direction; SHARED: down, and the units that are left go one each by the rule
    """

    name: str
    result: Decimal
    formula: str
    parts: tuple[Decimal, ...]
    unit: Decimal | None = None
    rounding: str = HALF_EVEN


How = tuple[Worked, ...]
"""How a number was worked out; later ones build on earlier ones."""


def rounded(
    name: str,
    formula: str,
    parts: tuple[Decimal, ...],
    value: Decimal,
    unit: Decimal,
    rounding: str = HALF_EVEN,
) -> Worked:
    """The formula's value, rounded; where it lies on a multiple of the unit anyway, nothing is said of it."""
    result = round_to(value, unit, rounding)
    return record(Worked, (name, result, formula, parts, None if result == value else unit, rounding))


def as_it_is(name: str, what: str, number: Decimal) -> Worked:
    """A number that is taken from somewhere: 'ADL price = mark = 53,000'."""
    return record(Worked, (name, number, f"[{what}]", (number,), None, HALF_EVEN))
