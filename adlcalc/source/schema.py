"""A declaration (source/keys.py) against a located tree: every fault is told in our words at its line and
column.

Public: check, Checked, subject, part_of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Generic, NamedTuple, TypeVar, get_args, get_origin

from adlcalc.source.keys import Fault, Faults, Strict, Wrong, home_of, keys_of, without_none
from adlcalc.source.nodes import List, Map, Node, Path, Place, Scalar, at
from adlcalc.source.nodes import plain as bare_values
from adlcalc.source.problems import SHOWN, Problems, closest_hint, kind_of, nearest, quote

M = TypeVar("M", bound=Strict)
BEGINNING = 1_000
"""Items of a list that are looked at before the rest of it."""


class Checked(NamedTuple, Generic[M]):
    """model is None where nothing could be kept; root is the tree without its faulty parts, so that model and
    tree run parallel; broken names the top-level keys that lost something."""

    model: M | None
    root: Map
    broken: frozenset[str]


def check(
    model: type[M], root: Node, problems: Problems, *, what: str, items: tuple[str, ...] = ()
) -> Checked[M]:
    """Validate a tree. Faults go to `problems`; what they touch is left out (whole top-level keys, or single
    items of the keys in `items`), so that the checks which follow find their faults in the same load."""
    if not isinstance(root, Map):
        problems.add(root, f"{what} must be a map of keys, not {kind_of(bare_values(root))}")
        return Checked(None, Map(root.source, root.line, root.column, 1), frozenset())
    teller = _Teller(model, root, problems, what)
    beginning = _beginning(root)
    if beginning is not root:  # most of a long list is wrong in the same way: say so at once
        faults = _read(model, beginning)[1]
        if len(faults) >= SHOWN:
            _Teller(model, beginning, problems, what).tell(faults)
            problems.raise_if_any()
    found, faults = _read(model, root)
    spoiled = teller.tell(faults)
    if not spoiled:
        return Checked(found, root, frozenset())
    kept = _without(root, spoiled, items)
    # None where something that is required went with the faulty part
    return Checked(_read(model, kept)[0], kept, frozenset(str(path[0]) for path in spoiled if path))


def _read(model: type[M], root: Map) -> tuple[M | None, list[Fault]]:
    """What the tree holds, or what is wrong with it."""
    try:
        return model.read(bare_values(root)), []
    except Faults as error:
        return None, error.faults


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


class _Teller:
    """Tells the faults of one tree in our words."""

    def __init__(self, model: type[Strict], root: Map, problems: Problems, what: str) -> None:
        self.model, self.root, self.problems, self.what = model, root, problems, what

    def tell(self, faults: Iterable[Fault]) -> list[Path]:
        """Tell of all faults and of all empty values; the paths of what they spoil."""
        empty = dict.fromkeys(_nulls(self.root))
        missing: dict[Path, tuple[type[Strict], list[str]]] = {}
        misspelled: set[Path] = set()  # keys that an unknown one stands for: told once, as unknown
        spoiled = []
        for path, owner, is_missing, wrong in faults:
            if owner is not None and is_missing:
                missing.setdefault(path[:-1], (owner, []))[1].append(str(path[-1]))
                continue
            if owner is not None:
                empty.pop(path, None)
                meant = self._unknown(path, owner)
                if meant is not None:
                    misspelled.add((*path[:-1], meant))
            elif wrong is not None and path not in empty:
                self._value(path, wrong)
            spoiled.append(path)
        for path, (owner, keys) in missing.items():
            spoiled += [path or (key,) for key in keys]
            keys = [key for key in keys if (*path, key) not in misspelled]
            hint = f"{keys[0]}: {keys_of(owner)[keys[0]].description}" if len(keys) == 1 else ""
            if keys:
                self.problems.add(
                    at(self.root, path), f"{self._name(path)} has no {_join(map(quote, keys), 'and')}", hint
                )
        for path in empty:
            place = _null_place(self.root, path)
            self.problems.add(place, f"{self._name(path)} has no value", "give one, or leave the key out")
            spoiled.append(path)
        return spoiled

    def _name(self, path: Path) -> str:
        return subject(self.model, self.root, path) if path else self.what

    def _unknown(self, path: Path, owner: type[Strict]) -> str | None:
        """A key that the map does not have; the key that it is probably meant to be."""
        key, node = str(path[-1]), at(self.root, path[:-1])
        place = node.keys.get(key, node) if isinstance(node, Map) else node
        known = list(keys_of(owner))
        unused = [name for name in known if not isinstance(node, Map) or name not in node.items]
        hint = closest_hint(key, unused if nearest(key, unused) else known)
        home = None if nearest(key, known) else home_of(key, self.model)
        here = str(path[-2]) if len(path) > 1 else ""
        if home is not None and home.split(".")[-1] != here:  # not another way to write this map
            hint = f"it belongs in {home}"
        if len(key) == 3 and key.isdigit():  # half of 1,000 written in a map in brackets
            hint = "write numbers without commas: 1_000"
        self.problems.add(place, f"unknown key {quote(key)} in {self._name(path[:-1])}", hint)
        return nearest(key, unused)

    def _value(self, path: Path, wrong: Wrong) -> None:
        """A value that is not what its key takes."""
        node = at(self.root, path)
        place = part_of(node, *wrong.part) if wrong.part else node
        self.problems.add(place, f"{self._name(path)} {wrong.message}", wrong.hint)


def part_of(node: Node, start: int, length: int) -> Node | Place:
    """A stretch of a text where it stands in its line; all of it where it is written over several lines or
    with escapes."""
    found = node.source.line(node.line).find(node.text, node.column - 1) if isinstance(node, Scalar) else -1
    return node if found < 0 else Place(node.source, node.line, found + start + 1, length)


def _join(words: Iterable[str], last: str) -> str:
    """a, b and c."""
    *first, final = words
    return f"{', '.join(first)} {last} {final}" if first else final


# --- names in sentences ------------------------------------------------------------------------------------


def subject(model: type[Strict], root: Node, path: Path) -> str:
    """What stands at `path`, in words: 'leverage' of account 'alice'; position 2 of account 'carol'; item 3
    of 'prices'."""
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
    if len(parent) == 1 and isinstance(node, Map) and _is_map_of_maps(model, str(parent[0])):
        return f"{str(parent[0])[:-1]} {quote(part)}"
    return f"{quote(part)}{_of(model, root, parent)}"


def _is_map_of_maps(model: type[Strict], key: str) -> bool:
    """Is it a key under which users name maps of one kind: markets, say?"""
    known = keys_of(model).get(key) if key.endswith("s") else None
    declared = without_none(known.takes) if known is not None else None
    inner = get_args(declared)[1] if get_origin(declared) is dict else None
    return isinstance(inner, type) and issubclass(inner, Strict)


def _of(model: type[Strict], root: Node, path: Path) -> str:
    return f" of {subject(model, root, path)}" if path else ""
