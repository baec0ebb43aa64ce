"""How a number was worked out, as a line: 'price = w x bankruptcy price + (1 - w) x mark = 2/3 x 90 + 1/3 x
91 = 90.3, ...'.

Public: formula, formulas, money, added, less.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from adlcalc.engine.formulas.worked import SHARED, Worked
from adlcalc.ground.numbers import CEILING, DOWN, FLOOR, HALF_EVEN, ZERO, D, decimal_of, round_to
from adlcalc.report.human import digits
from adlcalc.report.score_formula import score_text

AMOUNT = re.compile(r"\[([^]]+)\]")
DIRECTIONS = {
    HALF_EVEN: "rounded half even to {}",
    CEILING: "rounded up to {}",
    FLOOR: "rounded down to {}",
    DOWN: "rounded down to {}",
    SHARED: "in units of {}, what that leaves goes by the rule",
}
PLACES = 12
"""Decimals of a number that are shown; one with more is a quotient, and ends in '..'."""


def formula(worked: Worked) -> str:
    """'what = words = numbers = result, rounded up to 0.1'."""
    numbers = iter(worked.parts)
    words = AMOUNT.sub(lambda found: f"({found[1]})" if " - " in found[1] else found[1], worked.formula)
    figures = AMOUNT.sub(lambda _: money(next(numbers)), worked.formula)
    result = score_text(worked.result) if worked.name == "score" else shortened(worked.result)
    steps = [worked.name, words, figures, result]
    if figures == result:  # taken as it is
        del steps[2]
    text = " = ".join(steps)
    if worked.unit is not None:
        text += f", {DIRECTIONS[worked.rounding].format(digits(worked.unit))}"
    if worked.name == "score" and result != digits(worked.result) and "inf" not in result:
        text += ", rounded to six digits"
    return text


def formulas(how: Iterable[Worked]) -> list[str]:
    """A line for each."""
    return [formula(worked) for worked in how]


def money(x: Decimal) -> str:
    """A number inside a formula; a negative one in brackets."""
    return f"({shortened(x)})" if x < ZERO else shortened(x)


def shortened(x: Decimal) -> str:
    """Plain digits; '2/3' for a third of 30 digits, '0.333333333333..' for other quotients."""
    places = -int(x.as_tuple().exponent)
    if places <= PLACES or digits(x) == digits(round_to(x, D("1E-12"))):
        return digits(x)
    simple = Fraction(x).limit_denominator(99)
    if round_to(decimal_of(simple), D(1).scaleb(-places)) == x:
        return f"{simple.numerator}/{simple.denominator}"
    return f"{digits(round_to(x, D('1E-12'), DOWN), PLACES)}.."


def added(numbers: Iterable[Decimal]) -> str:
    """'12,000 + (-2,000)'."""
    return " + ".join(map(money, numbers))


def less(name: str, first: str, a: Decimal, second: str, b: Decimal) -> str:
    """'name = first - second = a - b = result'; of two negative values the sizes, the other way round."""
    if a < ZERO and b < ZERO:
        return less(name, second, -b, first, -a)
    return f"{name} = {first} - {second} = {money(a)} - {money(b)} = {shortened(a - b)}"
