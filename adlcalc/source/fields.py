"""What a field of a file may hold: the base of all models, kinds of numbers and text, unions told apart by shape.

Models are fed bare text only (nodes.plain), so numbers reach them exactly as written. A field's own check raises
`wrong(predicate)`; tags of union members are written '<like this>' and never appear in a message.

Public: Strict, Text, Number, Positive, NotNegative, Fraction, FractionBelowOne, Count, Step, by_shape,
tag_by_type, InJsonSchema, wrong, kind_of, TOLD, SHAPE.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Discriminator, PlainValidator
from pydantic_core import PydanticCustomError

from adlcalc.ground.numbers import show
from adlcalc.source.number import NumberError, number_of
from adlcalc.source.problems import quote

TOLD, SHAPE = "told", "shape"
"""Types of our own errors: of a field, of a union whose value has none of its shapes."""


class Strict(BaseModel):
    """The base of everything that users write: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False, regex_engine="python-re")


def wrong(message: str, hint: str = "", part: tuple[int, int] | None = None) -> PydanticCustomError:
    """The error a field's own validator raises; message is a predicate: 'must be ...'. part: (start, length) of the fault within
    the text, where it is not all of it."""
    return PydanticCustomError(TOLD, "{message}", {"message": message, "hint": hint, "part": part})


def kind_of(value: Any) -> str:
    """A bare value named in a sentence."""
    if isinstance(value, dict):
        return "a map"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return "true" if value else "false"
    return quote(value)


def _number(value: Any) -> Decimal:
    if not isinstance(value, str):
        if isinstance(value, Decimal):
            return value
        raise wrong(f"must be a number, not {kind_of(value)}")
    try:
        return number_of(value)
    except NumberError as error:
        raise wrong(error.message, error.hint) from None


def _positive(value: Any) -> Decimal:
    number = _number(value)
    if number <= 0:
        raise wrong(f"must be greater than zero, not {show(number)}")
    return number


def _not_negative(value: Any) -> Decimal:
    number = _number(value)
    if number < 0:
        raise wrong(f"must be zero or more, not {show(number)}")
    return number


def _fraction(value: Any) -> Decimal:
    number = _not_negative(value)
    if number > 1:
        raise wrong(
            f"must be a fraction of at most 1, not {show(number)}", f"for {show(number)} % write {show(number.scaleb(-2))}"
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
        raise wrong(f"must be text, not {kind_of(value)}", "write it in quotes" if isinstance(value, bool) else "")
    return value


class InJsonSchema:
    """What a type is in JSON Schema. Every use gets a copy: a field's default is written into it, by some versions of pydantic
    into the one that all uses share."""

    def __init__(self, **keywords: Any) -> None:
        self.keywords = keywords

    def __get_pydantic_json_schema__(self, _core: Any, _handler: Any) -> dict[str, Any]:
        return copy.deepcopy(self.keywords)


_NUMBER, _WHOLE = ["number", "string"], ["integer", "string"]
Number = Annotated[Decimal, PlainValidator(_number), InJsonSchema(type=_NUMBER)]
Positive = Annotated[Decimal, PlainValidator(_positive), InJsonSchema(type=_NUMBER, exclusiveMinimum=0)]
NotNegative = Annotated[Decimal, PlainValidator(_not_negative), InJsonSchema(type=_NUMBER, minimum=0)]
Fraction = Annotated[Decimal, PlainValidator(_fraction), InJsonSchema(type=_NUMBER, minimum=0, maximum=1)]
FractionBelowOne = Annotated[
    Decimal, PlainValidator(_fraction_below_one), InJsonSchema(type=_NUMBER, minimum=0, exclusiveMaximum=1)
]
Count = Annotated[int, PlainValidator(_count), InJsonSchema(type=_WHOLE, minimum=1)]
Step = Annotated[int, PlainValidator(_step), InJsonSchema(type=_WHOLE, minimum=0)]
Text = Annotated[str, PlainValidator(_text), InJsonSchema(type=["string", "number"])]


def tag_by_type(*, text: str | None = None, items: str | None = None, keys: str | None = None) -> Callable[[Any], str | None]:
    """A tag function for `by_shape`: one tag for text (a number, a word), one for a list, one for a map."""

    def tag(value: Any) -> str | None:
        return text if isinstance(value, str) else items if isinstance(value, list) else keys if isinstance(value, dict) else None

    return tag


def by_shape(tag_of: Callable[[Any], str | None], expected: str) -> Discriminator:
    """Pick a union's member by the look of the value; where tag_of says None, the value 'must be <expected>'."""
    return Discriminator(tag_of, custom_error_type=SHAPE, custom_error_message=f"must be {expected}")
