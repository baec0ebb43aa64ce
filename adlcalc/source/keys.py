"""What a file may hold, declared: a class for each map, one `key` for each of its keys, and the reading by
it.

    class FundSpec(Strict):
        '''An insurance fund.'''

        balance: NotNegative = key(Decimal(0), description="what it holds at the start")
        floor: NotNegative | None = key(None, description="...")

A key that may be left out is None where it is; no value of a file may be null. The type says what a key
takes:

    another such class, list[...], dict[str, ...], a Literal, Any
    a kind of value of source/fields.py: Annotated with what reads it and what it is in JSON Schema
    one of several, told apart by their shape

The JSON Schemas are made from the same declarations (source/json_schema.py).

Public: Strict, Key, key, home_of, keys_of, made, REQUIRED; the marks Reads, Then, InJsonSchema, Tag, ByShape;
Refused, Wrong, Faults, Fault, wrong, without_none."""

from __future__ import annotations

import sys
import types
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import (
    Annotated,
    Any,
    Literal,
    NamedTuple,
    Self,
    TypeVar,
    Union,
    get_args,
    get_origin,
)

from adlcalc.source.problems import kind_of, nearest, quote

Path = tuple[str | int, ...]
Reader = Callable[[Any], Any]
REQUIRED: Any = object()
"""The default of a key that must be given."""


class Key:
    """A key of a map. name: as it is written; attribute: as it is called here; make: makes the default, where
    one cannot be shared; by_contract: a rule that may differ by contract kind."""

    def __init__(
        self,
        default: Any,
        description: str,
        *,
        name: str = "",
        make: Callable[[], Any] | None = None,
        examples: Iterable[Any] = (),
        by_contract: bool = False,
        takes: Any = None,
    ) -> None:
        self.default, self.description, self.name, self.make = default, description, name, make
        self.examples, self.by_contract = list(examples), by_contract
        if takes is not None:
            self.takes = takes

    def __set_name__(self, owner: type, attribute: str) -> None:
        self.owner, self.attribute = owner, attribute
        self.name = self.name or attribute

    @property
    def required(self) -> bool:
        """Must it be given?"""
        return self.default is REQUIRED and self.make is None

    def otherwise(self) -> Any:
        """What it is where it is left out."""
        return self.default if self.make is None else self.make()

    @cached_property
    def takes(self) -> Any:
        """Its type: worked out when it is first asked for, and of this key alone, as no file has all keys."""
        written = self.owner.__annotations__[self.attribute]
        return eval(written, vars(sys.modules[self.owner.__module__]))

    @cached_property
    def read(self) -> Reader:
        """Bare value -> value."""
        return reader_of(self.takes)


def key(
    default: Any = REQUIRED,
    *,
    description: str,
    name: str = "",
    make: Callable[[], Any] | None = None,
    examples: Iterable[Any] = (),
    by_contract: bool = False,
) -> Any:
    """Declare a key of a map."""
    return Key(default, description, name=name, make=make, examples=examples, by_contract=by_contract)


class Strict:
    """The base of everything that users write: unknown keys are errors, values do not change."""

    __keys__: Mapping[str, Key] = {}

    def __init_subclass__(cls) -> None:
        cls.__keys__ = {
            **cls.__keys__,
            **{one.name: one for one in vars(cls).values() if isinstance(one, Key)},
        }

    def __init__(self, **given: Any) -> None:
        """One that is not read but made, by its attributes: what is given is taken as it is."""
        known = {one.attribute: one for one in self.__keys__.values()}
        wrong = [
            *(given.keys() - known.keys()),
            *(name for name, one in known.items() if one.required and name not in given),
        ]
        if wrong:
            raise TypeError(f"{type(self).__name__} does not know, or lacks, {', '.join(sorted(wrong))}")
        vars(self).update(
            {name: given[name] if name in given else one.otherwise() for name, one in known.items()}
        )

    def changed(self, **given: Any) -> Self:
        """Another one with other values of these attributes."""
        return type(self)(**{**vars(self), **given})

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{type(self).__name__} does not change")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    __hash__ = None  # type: ignore[assignment]  # it may hold lists

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """The attributes with their values."""
        return iter(vars(self).items())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self)})"

    @classmethod
    def read(cls, value: Any) -> Self:
        """A map as bare values; Refused where it is none, or not such a one."""
        if not isinstance(value, dict):
            raise Wrong(f"must be a map of keys, not {kind_of(value)}")
        found: dict[str, Any] = {}
        faults: list[Fault] = []
        given = 0
        for name, one in cls.__keys__.items():
            if name in value:
                given += 1
                try:
                    found[one.attribute] = one.read(value[name])
                except Refused as refused:
                    faults += refused.under(name)
            elif one.required:
                faults.append(Fault((name,), cls, is_missing=True))
            else:
                found[one.attribute] = one.otherwise()
        if given < len(value):
            faults += (Fault((name,), cls) for name in value if name not in cls.__keys__)
        if faults:
            raise Faults(faults)
        made = cls.__new__(cls)
        vars(made).update(found)
        return made


S = TypeVar("S", bound=Strict)


def keys_of(kind: type[Strict]) -> Mapping[str, Key]:
    """The keys of a map, by their names."""
    return kind.__keys__


def made(name: str, note: str, keys: Mapping[str, Key], base: type[Strict] = Strict) -> Any:
    """A map whose keys are not written here but known from elsewhere."""
    return type(name, (base,), {"__doc__": note, "__module__": base.__module__, **keys})


# --- what is wrong ------------------------------------------------------------------------------------------


class Fault(NamedTuple):
    """What is wrong at a path: with the value (`wrong`), or with the key, which `owner` does not know or
    lacks."""

    path: Path
    owner: type[Strict] | None = None
    is_missing: bool = False
    wrong: Wrong | None = None


class Refused(Exception, ABC):
    """A value that is not what it should be."""

    @abstractmethod
    def under(self, part: str | int) -> list[Fault]:
        """The faults as they are seen from the map or list that holds the value."""


MEANT = {"buy": "long", "sell": "short"}
"""What exchanges call the words of a scenario."""


class Wrong(Refused):
    """One fault, of the value itself; message is a predicate. part: (start, length) of the fault within a
    text, where it is not all of it; choices: what it might have been meant to be, where the hint is not known
    yet."""

    def __init__(
        self,
        message: str,
        hint: str = "",
        part: tuple[int, int] | None = None,
        choices: tuple[str, ...] = (),
        given: str = "",
    ) -> None:
        super().__init__(message)
        self.message, self.part = message, part
        self._hint, self._choices, self._given = hint, choices, given

    @property
    def hint(self) -> str:
        """Looked for when it is told, which not all are."""
        meant = self._given.lower()
        meant = MEANT.get(meant, meant)
        several = len(self._choices) > 2
        near = meant if meant in self._choices else nearest(self._given, self._choices) if several else None
        return f"did you mean {quote(near)}?" if near else self._hint

    def under(self, part: str | int) -> list[Fault]:
        return [Fault((part,), wrong=self)]


class Faults(Refused):
    """Faults of what a map or a list holds."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(faults)
        self.faults = faults

    def under(self, part: str | int) -> list[Fault]:
        return [fault._replace(path=(part, *fault.path)) for fault in self.faults]


def wrong(message: str, hint: str = "", part: tuple[int, int] | None = None) -> Wrong:
    """The error that a reader raises; message is a predicate: 'must be ...'."""
    return Wrong(message, hint, part)


# --- what a type takes --------------------------------------------------------------------------------------


class Reads(NamedTuple):
    """Mark of a type: the function that makes a value of a bare one."""

    read: Reader


class Then(NamedTuple):
    """Mark of a type: a function that the value goes through once it is read."""

    read: Reader


class InJsonSchema:
    """Mark of a type: what it is in JSON Schema."""

    def __init__(self, **keywords: Any) -> None:
        self.keywords = keywords


class Tag(NamedTuple):
    """Mark of one of several types."""

    tag: str


class ByShape(NamedTuple):
    """Mark of several types: which of them a bare value is, by its tag; without one it 'must be
    <expected>'."""

    tag_of: Callable[[Any], str | None]
    expected: str


def without_none(annotation: Any) -> Any:
    """The type of a key that may be left out."""
    if get_origin(annotation) in (Union, types.UnionType):
        members = [member for member in get_args(annotation) if member is not type(None)]
        if len(members) == 1:
            return members[0]
    return annotation


def home_of(key: str, root: type[Strict]) -> str | None:
    """Where in such a map a key belongs that it does not have itself, the nearest to the top: 'markets.NAME',
    'an item of accounts'."""
    level: list[tuple[str, type[Strict]]] = [("", root)]
    seen = {root}
    while level:
        deeper = []
        for path, kind in level:
            for name, one in keys_of(kind).items():
                if path and name == key:
                    return path
                for inner, under in _maps_in(one.takes, f"{path}.{name}".removeprefix(".")):
                    if inner not in seen:
                        seen.add(inner)
                        deeper.append((under, inner))
        level = deeper
    return None


def _maps_in(annotation: Any, path: str) -> Iterator[tuple[type[Strict], str]]:
    """The maps that a type takes, each with where it stands."""
    annotation = without_none(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Strict):
        yield annotation, path
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _maps_in(arguments[0], path)
    elif origin is list:
        yield from _maps_in(arguments[0], f"an item of {path.removeprefix('an item of ')}")
    elif origin is dict:
        yield from _maps_in(arguments[1], f"{path}.NAME")
    elif origin in (Union, types.UnionType):
        for member in arguments:
            yield from _maps_in(member, path)


def reader_of(annotation: Any) -> Reader:
    """The function that reads what a type takes."""
    annotation = without_none(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Strict):
        return annotation.read
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _marked(*arguments)
    if origin is list:
        return _list_of(reader_of(arguments[0]))
    if origin is dict:
        return _map_of(reader_of(arguments[1]))
    if origin is Literal:
        return one_of(arguments)
    assert annotation is Any, annotation
    return lambda value: value


def _marked(inner: Any, *marks: Any) -> Reader:
    """The reader of an Annotated type: that of its marks, or of the type in it."""
    found: Reader | None = None
    for mark in marks:
        if isinstance(mark, Reads):
            found = mark.read
        elif isinstance(mark, ByShape):
            found = _by_shape(mark, inner)
        elif isinstance(mark, Then):
            found = _then(found or reader_of(inner), mark.read)
    return found or reader_of(inner)


def _then(first: Reader, second: Reader) -> Reader:
    return lambda value: second(first(value))


def _list_of(read_item: Reader) -> Reader:
    def read(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise Wrong(f"must be a list, not {kind_of(value)}")
        found, faults = [], []
        for i, item in enumerate(value):
            try:
                found.append(read_item(item))
            except Refused as refused:
                faults += refused.under(i)
        if faults:
            raise Faults(faults)
        return found

    return read


def _map_of(read_value: Reader) -> Reader:
    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise Wrong(f"must be a map of keys, not {kind_of(value)}")
        found, faults = {}, []
        for name, item in value.items():
            try:
                found[name] = read_value(item)
            except Refused as refused:
                faults += refused.under(name)
        if faults:
            raise Faults(faults)
        return found

    return read


def one_of(choices: tuple[str, ...]) -> Reader:
    """One of these words."""

    def read(value: Any) -> str:
        if value not in choices:
            *first, last = choices
            names = f"{', '.join(first)} or {last}" if first else last
            raise Wrong(f"must be {names}, not {kind_of(value)}", choices=choices, given=str(value))
        return str(value)

    return read


def _by_shape(mark: ByShape, several: Any) -> Reader:
    members = {
        found.tag: member
        for member in get_args(several)
        for found in get_args(member)
        if isinstance(found, Tag)
    }
    readers: dict[str, Reader] = {}

    def read(value: Any) -> Any:
        tag = mark.tag_of(value)
        if tag is None:
            raise Wrong(f"must be {mark.expected}, not {kind_of(value)}")
        if tag not in readers:
            readers[tag] = reader_of(members[tag])
        return readers[tag](value)

    return read
