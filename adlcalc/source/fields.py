"""The kinds of values that a key of a file may take: numbers and text, and several told apart by their shape.

They are fed bare text only (nodes.plain), so numbers reach them exactly as written. Tags of the several are
written '<like this>'.

Public: Text, Number, Positive, NotNegative, Share, ShareNotNegative, Fraction, FractionBelowOne, Rate, Count, Step, Flag,
by_shape, tag_by_type.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any

from adlcalc.ground.numbers import show
from adlcalc.source.keys import ByShape, InJsonSchema, Reads, wrong
from adlcalc.source.number import NumberError, number_of
from adlcalc.source.problems import kind_of


def _number(value: Any, *, rate: bool = False) -> Decimal:
    if not isinstance(value, str):
        if isinstance(value, Decimal):
            return value
        raise wrong(f"must be a number, not {kind_of(value)}")
    try:
        return number_of(value, rate=rate)
    except NumberError as error:
        raise wrong(error.message, error.hint) from None


def _positive(value: Any) -> Decimal:
    number = _number(value)
    if number <= 0:
        raise wrong(f"must be greater than zero, not {show(number)}")
    return number


def _not_negative(value: Any, *, rate: bool = False) -> Decimal:
    number = _number(value, rate=rate)
    if number < 0:
        raise wrong(f"must be zero or more, not {show(number)}")
    return number


def _fraction(value: Any) -> Decimal:
    number = _not_negative(value, rate=True)
    if number > 1:
        raise wrong(
            f"must be a fraction of at most 1, not {show(number)}",
            f"for {show(number)} % write {show(number.scaleb(-2))}",
        )
    return number


def _rate(value: Any) -> Decimal:
    number = _number(value, rate=True)
    if abs(number) > 1:
        raise wrong(
            f"must be a rate from -1 to 1, not {show(number)}",
            f"for {show(number)} % write {show(number.scaleb(-2))}",
        )
    return number


def _fraction_below_one(value: Any) -> Decimal:
    number = _fraction(value)
    if number == 1:
        raise wrong("must be a fraction less than 1, not 1")
    return number


def _count(value: Any) -> int:
    number = _number(value)
    if number < 1 or number != number.to_integral_value() or number > 10_000_000:
        raise wrong(f"must be a whole number from 1 to 10000000, not {show(number)}")
    return int(number)


def _step(value: Any) -> int:
    number = _not_negative(value)
    if number != number.to_integral_value() or number > 10_000_000:
        raise wrong(f"must be a step: a whole number from 0, not {show(number)}")
    return int(number)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise wrong(
            f"must be text, not {kind_of(value)}", "write it in quotes" if isinstance(value, bool) else ""
        )
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise wrong(f"must be true or false, not {kind_of(value)}")
    return value


def _share(value: Any) -> Decimal:
    return _number(value, rate=True)


def _share_not_negative(value: Any) -> Decimal:
    return _not_negative(value, rate=True)


_NUMBER, _WHOLE = ["number", "string"], ["integer", "string"]
Number = Annotated[Decimal, Reads(_number), InJsonSchema(type=_NUMBER)]
Positive = Annotated[Decimal, Reads(_positive), InJsonSchema(type=_NUMBER, exclusiveMinimum=0)]
NotNegative = Annotated[Decimal, Reads(_not_negative), InJsonSchema(type=_NUMBER, minimum=0)]
Share = Annotated[Decimal, Reads(_share), InJsonSchema(type=_NUMBER)]
"""A rate of any size and sign: only how a percentage of it is written tells it from other numbers."""
ShareNotNegative = Annotated[Decimal, Reads(_share_not_negative), InJsonSchema(type=_NUMBER, minimum=0)]
Fraction = Annotated[Decimal, Reads(_fraction), InJsonSchema(type=_NUMBER, minimum=0, maximum=1)]
Rate = Annotated[Decimal, Reads(_rate), InJsonSchema(type=_NUMBER, minimum=-1, maximum=1)]
FractionBelowOne = Annotated[
    Decimal, Reads(_fraction_below_one), InJsonSchema(type=_NUMBER, minimum=0, exclusiveMaximum=1)
]
Count = Annotated[int, Reads(_count), InJsonSchema(type=_WHOLE, minimum=1)]
Step = Annotated[int, Reads(_step), InJsonSchema(type=_WHOLE, minimum=0)]
Flag = Annotated[bool, Reads(_flag), InJsonSchema(type="boolean")]
Text = Annotated[str, Reads(_text), InJsonSchema(type=["string", "number"])]


def tag_by_type(
    *, text: str | None = None, items: str | None = None, keys: str | None = None
) -> Callable[[Any], str | None]:
    """A tag function for `by_shape`: one tag for text (a number, a word), one for a list, one for a map."""

    def tag(value: Any) -> str | None:
        return (
            text
            if isinstance(value, str)
            else items
            if isinstance(value, list)
            else keys
            if isinstance(value, dict)
            else None
        )

    return tag


def by_shape(tag_of: Callable[[Any], str | None], expected: str) -> ByShape:
    """Pick a union's member by the look of the value; where tag_of says None, the value 'must be
    <expected>'."""
    return ByShape(tag_of, expected)
