"""A pydantic model against a located tree: the model declares, every fault is told in our words at its line and column.

Public: check, Checked, subject, part_of.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Generic, NamedTuple, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from adlcalc.source.fields import SHAPE, TOLD, kind_of
from adlcalc.source.nodes import List, Map, Node, Path, Place, Scalar, at
from adlcalc.source.nodes import plain as bare_values
from adlcalc.source.problems import SHOWN, Problems, closest_hint, nearest, quote

M = TypeVar("M", bound=BaseModel)
BEGINNING = 1_000
"""Items of a list that are looked at before the rest of it."""
_UNIONS = (typing.Union, types.UnionType)


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
    beginning = _beginning(root)
    if beginning is not root:  # most of a long list is wrong in the same way: say so at once
        _tell_all(model, beginning, problems, what, most=SHOWN)
    teller = _Teller(model, root, problems, what)
    try:
        found = model.model_validate(bare_values(root))
        faults = teller.tell([])
    except ValidationError as error:
        faults = teller.tell(error.errors(include_url=False))
    if not faults:
        return Checked(found, root, frozenset())
    kept = _without(root, faults, items)
    try:
        return Checked(model.model_validate(bare_values(kept)), kept, frozenset(str(path[0]) for path in faults if path))
    except ValidationError:  # something that is required went with the faulty part
        return Checked(None, kept, frozenset(str(path[0]) for path in faults if path))


def _beginning(node: Any) -> Any:
    """The tree with only the first items of long lists and maps; the tree itself where none is long."""
    if isinstance(node, Scalar):
        return node
    inner = list(node.items.items()) if isinstance(node, Map) else list(enumerate(node.items))
    short = [(key, _beginning(value)) for key, value in inner[:BEGINNING]]
    if len(inner) <= BEGINNING and all(new is old for (_, new), (_, old) in zip(short, inner, strict=True)):
        return node
    if isinstance(node, List):
        twin = node.copy()
        twin.items = [value for _, value in short]
        return twin
    part = Map(node.source, node.line, node.column, node.length)
    for key, value in short:
        part.put(node.keys[str(key)], value)
    return part


def _tell_all(model: type[BaseModel], root: Map, problems: Problems, what: str, *, most: int) -> None:
    """End the load if at least `most` faults are found."""
    try:
        model.model_validate(bare_values(root))
    except ValidationError as error:
        if error.error_count() >= most:
            _Teller(model, root, problems, what).tell(error.errors(include_url=False))
            problems.raise_if_any()


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


KEY_FAULTS = ("extra_forbidden", "missing")
WANTED = {"model_type": "a map of keys", "dict_type": "a map of keys", "list_type": "a list", "string_type": "text"}


class _Teller:
    """Tells pydantic's errors of one tree in our words."""

    def __init__(self, model: type[BaseModel], root: Map, problems: Problems, what: str) -> None:
        self.model, self.root, self.problems, self.what = model, root, problems, what

    def tell(self, faults: Iterable[Any]) -> list[Path]:
        """Tell of all faults and of all empty values; the paths of what they spoil."""
        empty = dict.fromkeys(_nulls(self.root))
        missing: dict[Path, tuple[Any, list[str]]] = {}
        misspelled: set[Path] = set()  # keys that an unknown one stands for: told once, as unknown
        spoiled = []
        for fault in faults:
            path, annotation = _resolve(self.model, fault["loc"], fault["type"])
            if fault["type"] == "missing":
                missing.setdefault(path[:-1], (annotation, []))[1].append(str(path[-1]))
                continue
            if fault["type"] == "extra_forbidden":
                empty.pop(path, None)
                meant = self._unknown(path, annotation)
                if meant is not None:
                    misspelled.add((*path[:-1], meant))
            elif path not in empty:
                self._value(path, annotation, fault)
            spoiled.append(path)
        for path, (annotation, keys) in missing.items():
            spoiled += [path or (key,) for key in keys]
            keys = [key for key in keys if (*path, key) not in misspelled]
            hint = _describe(annotation, keys[0]) if len(keys) == 1 else ""
            if keys:
                self.problems.add(at(self.root, path), f"{self._name(path)} has no {_join(map(quote, keys), 'and')}", hint)
        for path in empty:
            place = _null_place(self.root, path)
            self.problems.add(place, f"{self._name(path)} has no value", "give one, or leave the key out")
            spoiled.append(path)
        return spoiled

    def _name(self, path: Path) -> str:
        return subject(self.model, self.root, path) if path else self.what

    def _unknown(self, path: Path, annotation: Any) -> str | None:
        """A key that the map (whose type is annotation) does not have; the key that it is probably meant to be."""
        key, node = str(path[-1]), at(self.root, path[:-1])
        place = node.keys.get(key, node) if isinstance(node, Map) else node
        known = _keys_of(annotation)
        unused = [name for name in known if not isinstance(node, Map) or name not in node.items]
        hint = closest_hint(key, unused if nearest(key, unused) else known)
        if len(key) == 3 and key.isdigit():  # half of 1,000 written in a map in brackets
            hint = "write numbers without commas: 1_000"
        self.problems.add(place, f"unknown key {quote(key)} in {self._name(path[:-1])}", hint)
        return nearest(key, unused)

    def _value(self, path: Path, annotation: Any, fault: Any) -> None:
        """A value that is not what its field takes."""
        kind, given, hint = fault["type"], kind_of(fault["input"]), ""
        place: Node | Place = at(self.root, path)
        if kind == TOLD:
            message, hint, part = (fault["ctx"][key] for key in ("message", "hint", "part"))
            place = part_of(at(self.root, path), *part) if part else place
        elif kind == SHAPE:
            message = f"{fault['msg']}, not {given}"
        elif kind == "literal_error":
            choices = [str(choice) for choice in get_args(_bare(annotation))]
            near = nearest(str(fault["input"]), choices) if len(choices) > 2 else None
            message, hint = f"must be {_join(choices, 'or')}, not {given}", f"did you mean {quote(near)}?" if near else ""
        else:
            message = f"must be {WANTED.get(kind, 'what belongs here')}, not {given}"
        self.problems.add(place, f"{self._name(path)} {message}", hint)


def part_of(node: Node, start: int, length: int) -> Node | Place:
    """A stretch of a text where it stands in its line; all of it where it is written over several lines or with escapes."""
    found = node.source.line(node.line).find(node.text, node.column - 1) if isinstance(node, Scalar) else -1
    return node if found < 0 else Place(node.source, node.line, found + start + 1, length)


def _join(words: Iterable[str], last: str) -> str:
    """a, b and c."""
    *first, final = words
    return f"{', '.join(first)} {last} {final}" if first else final


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


def _resolve(model: type[BaseModel], loc: tuple[str | int, ...], kind: str) -> tuple[Path, Any]:
    """pydantic's location without the tags of unions, and the type declared there (for a missing or unknown key: of its map)."""
    path: list[str | int] = []
    annotation: Any = model
    for part in loc[:-1] if kind in KEY_FAULTS else loc:
        in_union = get_origin(_bare(annotation)) in _UNIONS
        if not (in_union and isinstance(part, str) and part.startswith("<")):
            path.append(part)
        annotation = _into(annotation, part)
    return (*path, *loc[-1:]) if kind in KEY_FAULTS else tuple(path), annotation


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
            if owner.endswith("s"):
                return f"{kind} {part + 1}{_of(model, root, parent[:-1])}"
        return f"item {part + 1} of {subject(model, root, parent)}" if parent else f"item {part + 1}"
    if parent and isinstance(parent[-1], str) and parent[-1].endswith("s") and len(parent) == 1 and isinstance(node, Map):
        declared = _bare(_into(model, parent[-1]))
        if get_origin(declared) is dict and _is_model(_bare(get_args(declared)[1])):
            return f"{parent[-1][:-1]} {quote(part)}"
    return f"{quote(part)}{_of(model, root, parent)}"


def _of(model: type[BaseModel], root: Node, path: Path) -> str:
    return f" of {subject(model, root, path)}" if path else ""
