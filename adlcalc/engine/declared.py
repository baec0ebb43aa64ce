"""How a rule is declared: once, on the field of the type that it plays a part in.

A field says what it means, which values it takes and what it is where a rulebook says nothing. What it takes
is a range of numbers (`Takes`), a `Word`, or a dictionary of choices: name -> the type that has the choice's
own parameters, or the function or object that is the choice. A choice's docstring says what it does. The
schema of rulebooks, the checks and `adlcalc venues --rules` are made from these declarations.

Public: Takes, Word, Declared, Choices, closed, given, part, declared_in, meaning_of, name_in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import Field, FrozenInstanceError, dataclass, field, fields, is_dataclass
from enum import Enum, StrEnum
from inspect import getdoc
from typing import Any, NamedTuple, Self, TypeVar, dataclass_transform

T = TypeVar("T")


class Takes(Enum):
    """The values of a rule that is no choice of names."""

    FRACTION = "a fraction from 0 to 1"
    FRACTION_BELOW_ONE = "a fraction from 0, less than 1"
    RATE = "a rate from -1 to 1"
    NOT_NEGATIVE = "a number, zero or more"
    POSITIVE = "a number above zero"
    PORTION = "a fraction from 0.001 to 1"  # a share that comes to the whole in a thousand steps at most
    COUNT = "a whole number from 1"
    EXPONENT = "a whole number from 1 to 32"  # a power that exact fractions can be raised to
    STEP = "a whole number from 0"
    FLAG = "true or false"
    DRAWDOWN = "none or {start, stop}"


class Word(StrEnum):
    """A choice with nothing behind it but its name, written NAME = "name", "what it means".

    What is asked of each position or fill is compared with a name of its module (LINEAR = Kind.LINEAR):
    Python 3.11 looks a member up six times as slowly."""

    meaning: str

    def __new__(cls, value: str, meaning: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_, member.meaning = value, meaning
        return member


Choices = Mapping[str, Any]
"""Name -> a closed type with the parameters of the choice, or a function or an object that takes none."""


class Declared(NamedTuple):
    """One rule. required: a rulebook must say it."""

    meaning: str
    takes: Takes | type[Word] | Choices
    required: bool


def given(meaning: str, takes: Takes | type[Word] | Choices, default: Any, *, required: bool = False) -> Any:
    """The field of a rule, and the only place where its default stands."""
    return field(default=default, metadata={"rule": Declared(meaning, takes, required)})


def part(kind: type, *, by: str) -> Any:
    """A field with rules of its own, which are there unless the rule `by` of them is zero; else None."""
    return field(default=None, metadata={"part": (kind, by)})


class _Closed:
    """What is the same of all closed types: a field is given once, and its value is what they are."""

    def __setattr__(self, name: str, value: Any) -> None:
        if hasattr(self, name):
            raise FrozenInstanceError(f"{type(self).__name__} does not change")
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"{type(self).__name__} does not change")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and _values(other) == _values(self)

    def __hash__(self) -> int:
        return hash((type(self), _values(self)))

    def __repr__(self) -> str:
        names = (one.name for one in fields(self))  # type: ignore[arg-type]  # it is made a dataclass below
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"


def _values(one: Any) -> tuple[Any, ...]:
    return tuple(getattr(one, field.name) for field in fields(one))


@dataclass_transform(frozen_default=True)
def closed(kind: type[T]) -> type[T]:
    """A frozen dataclass with slots, for rules and whatever else a run makes few of.
    `dataclass(frozen=True)` would write and compile for each of seventy types what stands here once, and an
    eighth of a small run would be spent on it; what is made by the thousand is made faster by it."""
    for name in ("__setattr__", "__delattr__", "__eq__", "__hash__", "__repr__"):
        setattr(kind, name, vars(_Closed)[name])
    return dataclass(slots=True, eq=False, repr=False)(kind)


def declared_in(kind: type) -> Iterator[tuple[Field[Any], Declared | None, tuple[type, str] | None]]:
    """The fields of a type with what each declares: a rule, or a part."""
    assert is_dataclass(kind)
    for one in fields(kind):
        yield one, one.metadata.get("rule"), one.metadata.get("part")


def meaning_of(choice: Any) -> str:
    """What a choice does, on one line: a word's meaning, or the docstring."""
    told = choice.meaning if isinstance(choice, Word) or hasattr(choice, "meaning") else getdoc(choice) or ""
    return " ".join(told.split())


def name_in(choices: Choices | type[Word], value: Any) -> str:
    """The name that a value was chosen by; its own name where it is in no dictionary (a score that is an
    expression)."""
    if isinstance(value, Word):
        return str(value)
    assert not isinstance(choices, type)
    found = (name for name, entry in choices.items() if entry is value or entry is type(value))
    return next(found, None) or str(value)
