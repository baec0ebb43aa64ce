"""A pydantic model against a located tree: the model declares, every fault is told in our words at its line and column.

Models are fed bare text only (nodes.plain), so numbers reach them exactly as written. Types of fields: Text, Number, Positive,
NotNegative, Fraction, Count, Step; unions of shapes use `by_shape`. Tags of union members are written '<like this>' and never appear
in a message.

Public: Strict, Text, Number, Positive, NotNegative, Fraction, Count, Step, by_shape, tag_by_type, wrong, kind_of, check, Checked, subject.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Annotated, Any, Generic, NamedTuple, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Discriminator, PlainValidator, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError

from adlcalc.engine.numbers import show
from adlcalc.source.nodes import List, Map, Node, Path, Scalar, at
from adlcalc.source.nodes import plain as bare_values
from adlcalc.source.number import NumberError, number_of
from adlcalc.source.problems import Problems, closest_hint, quote

M = TypeVar("M", bound=BaseModel)
TOLD, SHAPE = "told", "shape"
"""Types of our own errors: of a field, of a union whose value has none of its shapes."""
_UNIONS = (typing.Union, types.UnionType)


class Strict(BaseModel):
    """The base of everything that users write: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False, regex_engine="python-re")


# --- fields ------------------------------------------------------------------------------------------------------


def wrong(message: str, hint: str = "") -> PydanticCustomError:
    """The error a field's own validator raises; message is a predicate: 'must be ...'."""
    return PydanticCustomError(TOLD, "{message}", {"message": message, "hint": hint})


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


_JSON_NUMBER: dict[str, Any] = {"type": ["number", "string"]}
Number = Annotated[Decimal, PlainValidator(_number), WithJsonSchema(_JSON_NUMBER)]
Positive = Annotated[Decimal, PlainValidator(_positive), WithJsonSchema({**_JSON_NUMBER, "exclusiveMinimum": 0})]
NotNegative = Annotated[Decimal, PlainValidator(_not_negative), WithJsonSchema({**_JSON_NUMBER, "minimum": 0})]
Fraction = Annotated[Decimal, PlainValidator(_fraction), WithJsonSchema({**_JSON_NUMBER, "minimum": 0, "maximum": 1})]
Count = Annotated[int, PlainValidator(_count), WithJsonSchema({"type": ["integer", "string"], "minimum": 1})]
Step = Annotated[int, PlainValidator(_step), WithJsonSchema({"type": ["integer", "string"], "minimum": 0})]
Text = Annotated[str, PlainValidator(_text), WithJsonSchema({"type": ["string", "number"]})]


def tag_by_type(*, text: str | None = None, items: str | None = None, keys: str | None = None) -> Callable[[Any], str | None]:
    """A tag function for `by_shape`: one tag for text (a number, a word), one for a list, one for a map."""

    def tag(value: Any) -> str | None:
        return text if isinstance(value, str) else items if isinstance(value, list) else keys if isinstance(value, dict) else None

    return tag


def by_shape(tag_of: Callable[[Any], str | None], expected: str) -> Discriminator:
    """Pick a union's member by the look of the value; where tag_of says None, the value 'must be <expected>'."""
    return Discriminator(tag_of, custom_error_type=SHAPE, custom_error_message=f"must be {expected}")


# --- checking ----------------------------------------------------------------------------------------------------


class Checked(NamedTuple, Generic[M]):
    """model is None where nothing could be kept; root is the tree without its faulty parts, so that model and tree run parallel;
    broken names the top-level keys that lost something."""

    model: M | None
    root: Map
    broken: frozenset[str]


def check(model: type[M], root: Node, problems: Problems, *, what: str, items: tuple[str, ...] = ()) -> Checked[M]:
    """Validate a tree. Faults go to `problems`; what they touch is left out (whole top-level keys, or single items of the keys in
    `items`), so that the checks which follow find their faults in the same load."""
    if not isinstance(root, Map):
        problems.add(root, f"{what} must be a map of keys, not {kind_of(bare_values(root))}")
        return Checked(None, Map(root.source, root.line, root.column, 1), frozenset())
    faults: list[Path] = []
    for path in _nulls(root):
        problems.add(_null_place(root, path), f"{subject(model, root, path)} has no value", "give one, or leave the key out")
        faults.append(path)
    try:
        found = model.model_validate(bare_values(root))
    except ValidationError as error:
        faults += [_tell(model, root, fault, problems, what) for fault in error.errors(include_url=False)]
    if not faults:
        return Checked(found, root, frozenset())
    kept = _without(root, faults, items)
    try:
        return Checked(model.model_validate(bare_values(kept)), kept, frozenset(str(path[0]) for path in faults if path))
    except ValidationError:  # something that is required went with the faulty part
        return Checked(None, kept, frozenset(str(path[0]) for path in faults if path))


def _nulls(node: Node, path: Path = ()) -> Iterator[Path]:
    """Where a value is missing or `null`; no field of ours takes that."""
    if isinstance(node, Map):
        for key, value in node.items.items():
            if type(value) is not Scalar:
                yield from _nulls(value, (*path, key))
            elif value.is_null:
                yield (*path, key)
    elif isinstance(node, List):
        for i, value in enumerate(node.items):
            if type(value) is not Scalar:
                yield from _nulls(value, (*path, i))
            elif value.is_null:
                yield (*path, i)


def _null_place(root: Map, path: Path) -> Node:
    """The null itself, or its key where nothing was written."""
    node, parent = at(root, path), at(root, path[:-1])
    if isinstance(node, Scalar) and not node.text and isinstance(parent, Map):
        return parent.keys[str(path[-1])]
    return node


def _without(root: Map, faults: list[Path], items: tuple[str, ...]) -> Map:
    """The tree less its faulty parts."""
    kept = root.copy()
    gone: dict[str, set[str | int]] = {}
    for path in faults:
        if not path:
            continue
        key = str(path[0])
        if key in items and len(path) > 1 and isinstance(kept.items.get(key), (Map, List)):
            gone.setdefault(key, set()).add(path[1])
        else:
            kept.drop(key)
    for key, parts in gone.items():
        node = kept.items.get(key)
        if isinstance(node, List):
            twin = node.copy()
            twin.items = [item for i, item in enumerate(node.items) if i not in parts]
            kept.items[key] = twin
        elif isinstance(node, Map):
            smaller = node.copy()
            for part in parts:
                smaller.drop(str(part))
            kept.items[key] = smaller
    return kept


def _tell(model: type[BaseModel], root: Map, fault: Any, problems: Problems, what: str) -> Path:
    """One of pydantic's errors in our words, at its place; the path of the part it spoils."""
    kind, context, loc = fault["type"], fault.get("ctx", {}), fault["loc"]
    if kind in ("extra_forbidden", "missing"):
        return _tell_key(model, root, loc, kind, problems, what)
    path, annotation = _resolve(model, loc)
    name = subject(model, root, path) if path else what
    node = at(root, path)
    if kind == TOLD:
        problems.add(node, f"{name} {context['message']}", context["hint"])
    elif kind == SHAPE:
        problems.add(node, f"{name} {fault['msg']}, not {kind_of(fault['input'])}")
    elif kind == "literal_error":
        choices = [str(choice) for choice in get_args(_bare(annotation))]
        given = kind_of(fault["input"])
        hint = closest_hint(str(fault["input"]), choices) if len(choices) > 2 and isinstance(fault["input"], str) else ""
        problems.add(node, f"{name} must be {_either(choices)}, not {given}", "" if hint.startswith("known") else hint)
    elif kind in ("model_type", "dict_type", "model_attributes_type"):
        problems.add(node, f"{name} must be a map of keys, not {kind_of(fault['input'])}")
    elif kind in ("list_type", "tuple_type"):
        problems.add(node, f"{name} must be a list, not {kind_of(fault['input'])}")
    elif kind in ("string_type", "bool_type", "bool_parsing"):
        problems.add(
            node, f"{name} must be {'text' if kind == 'string_type' else 'true or false'}, not {kind_of(fault['input'])}"
        )
    else:
        problems.add(node, f"{name} is not what belongs here")
    return path


def _tell_key(model: type[BaseModel], root: Map, loc: tuple[str | int, ...], kind: str, problems: Problems, what: str) -> Path:
    """A key that is missing or unknown."""
    parent, annotation = _resolve(model, loc[:-1])
    key, node = str(loc[-1]), at(root, parent)
    inside = subject(model, root, parent) if parent else what
    if kind == "missing":
        problems.add(node, f"{inside} has no {quote(key)}", _describe(annotation, key))
        return parent or (key,)
    place = node.keys.get(key, node) if isinstance(node, Map) else node
    is_half_number = len(key) == 3 and key.isdigit()  # of 1,000 written in a map in brackets
    hint = "write numbers without commas: 1_000" if is_half_number else closest_hint(key, _keys_of(annotation))
    problems.add(place, f"unknown key {quote(key)} in {inside}", hint)
    return (*parent, key)


def _either(choices: list[str]) -> str:
    return choices[0] if len(choices) == 1 else f"{', '.join(choices[:-1])} or {choices[-1]}"


# --- the declaration, looked up along a path -----------------------------------------------------------------------


def _bare(annotation: Any) -> Any:
    """The type inside Annotated and Optional."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif get_origin(annotation) in _UNIONS:
            members = [member for member in get_args(annotation) if member is not type(None)]
            if len(members) != 1:
                return annotation
            annotation = members[0]
        else:
            return annotation


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _into(annotation: Any, part: str | int) -> Any:
    """The type one step down: a field, an item, or the union member with that tag; None where the declaration ends."""
    annotation = _bare(annotation)
    if _is_model(annotation):
        for name, field in annotation.model_fields.items():
            if part == (field.alias or name):
                return field.annotation
        return None
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in _UNIONS:
        for member in arguments:
            if any(getattr(mark, "tag", None) == part for mark in getattr(member, "__metadata__", ())):
                return get_args(member)[0]
        return None
    if origin is dict:
        return arguments[1]
    return arguments[0] if origin in (list, tuple) and isinstance(part, int) else None


def _resolve(model: type[BaseModel], loc: tuple[str | int, ...]) -> tuple[Path, Any]:
    """pydantic's location without the tags of unions, and the type that is declared there (None beyond the declaration)."""
    path: list[str | int] = []
    annotation: Any = model
    for part in loc:
        in_union = get_origin(_bare(annotation)) in _UNIONS
        if not (in_union and isinstance(part, str) and part.startswith("<")):
            path.append(part)
        annotation = _into(annotation, part)
    return tuple(path), annotation


def _keys_of(annotation: Any) -> list[str]:
    annotation = _bare(annotation)
    return [field.alias or name for name, field in annotation.model_fields.items()] if _is_model(annotation) else []


def _describe(annotation: Any, key: str) -> str:
    """'key: its description' of a model's field."""
    annotation = _bare(annotation)
    if _is_model(annotation):
        for name, field in annotation.model_fields.items():
            if key == (field.alias or name) and field.description:
                return f"{key}: {field.description}"
    return ""


def subject(model: type[BaseModel], root: Node, path: Path) -> str:
    """What stands at `path`, in words: 'leverage' of account 'alice'; position 2 of account 'carol'; item 3 of 'prices'."""
    if not path:
        return "the file"
    part, parent = path[-1], path[:-1]
    node = at(root, path)
    if isinstance(part, int):
        owner = str(parent[-1]) if parent and isinstance(parent[-1], str) else "list"
        kind = owner[:-1] if owner.endswith("s") else "item"
        if isinstance(node, Map):
            named = node.items.get("id")
            if isinstance(named, Scalar) and named.text:
                return f"{kind} {quote(named.text)}"
            return f"{kind} {part + 1}{_of(model, root, parent[:-1])}"
        return f"item {part + 1} of {subject(model, root, parent)}" if parent else f"item {part + 1}"
    if parent and isinstance(parent[-1], str) and parent[-1].endswith("s") and len(parent) == 1 and isinstance(node, Map):
        declared = _bare(_into(model, parent[-1]))
        if get_origin(declared) is dict and _is_model(_bare(get_args(declared)[1])):
            return f"{parent[-1][:-1]} {quote(part)}"
    return f"{quote(part)}{_of(model, root, parent)}"


def _of(model: type[BaseModel], root: Node, path: Path) -> str:
    return f" of {subject(model, root, path)}" if path else ""
