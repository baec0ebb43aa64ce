"""Text and the tree that was read from it; every value knows where it stands.

A plain (unquoted) scalar stays text: what `60_000` or `1e5` means is decided by the field that it fills.
Lines and columns count from 1, lengths in characters.

Public: Source, Place, Scalar, Map, List, Node, Path, plain, at.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

LINE_BREAK = re.compile(r"\r\n|\r|\n")
NULLS = frozenset(("", "~", "null", "Null", "NULL"))
TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}

Path = tuple[str | int, ...]
"""Where a value stands in a tree: ('accounts', 0, 'size')."""


class Source:
    """A named text. `excerpt` says whether errors show its lines (a command-line option shows itself)."""

    __slots__ = ("_lines", "excerpt", "name", "text")

    def __init__(self, name: str, text: str, *, excerpt: bool = True) -> None:
        self.name, self.text, self.excerpt = name, text, excerpt
        self._lines: list[str] | None = None

    def line(self, number: int) -> str:
        """Line `number` (from 1), or nothing beyond the end."""
        if self._lines is None:
            self._lines = LINE_BREAK.split(self.text)
        return self._lines[number - 1] if 0 < number <= len(self._lines) else ""


class Place(NamedTuple):
    """A stretch of one line. Line 0: the source as a whole."""

    source: Source
    line: int = 0
    column: int = 0
    length: int = 1


class Scalar:
    """One text value. quoted: written in quotes or as a block, and so text whatever it looks like."""

    __slots__ = ("column", "length", "line", "quoted", "source", "text")

    def __init__(self, source: Source, text: str, quoted: bool, line: int, column: int, length: int) -> None:
        self.source, self.text, self.quoted, self.line, self.column, self.length = (
            source,
            text,
            quoted,
            line,
            column,
            length,
        )

    @property
    def is_null(self) -> bool:
        """Nothing, `~` or `null`."""
        return not self.quoted and self.text in NULLS


class Map:
    """Keys and values in the order of the file; `keys` are the keys where they stand."""

    __slots__ = ("column", "items", "keys", "length", "line", "source")

    def __init__(self, source: Source, line: int, column: int, length: int) -> None:
        self.source, self.line, self.column, self.length = source, line, column, length
        self.items: dict[str, Node] = {}
        self.keys: dict[str, Scalar] = {}

    def put(self, key: Scalar, value: Node) -> None:
        """Add or replace."""
        self.keys[key.text] = key
        self.items[key.text] = value

    def drop(self, key: str) -> None:
        """Remove, if it is there."""
        self.keys.pop(key, None)
        self.items.pop(key, None)

    def copy(self) -> Map:
        """A map of its own with the same values."""
        twin = Map(self.source, self.line, self.column, self.length)
        twin.items, twin.keys = dict(self.items), dict(self.keys)
        return twin


class List:
    """Values in order."""

    __slots__ = ("column", "items", "length", "line", "source")

    def __init__(self, source: Source, line: int, column: int, length: int) -> None:
        self.source, self.line, self.column, self.length = source, line, column, length
        self.items: list[Node] = []

    def copy(self) -> List:
        """A list of its own with the same values."""
        twin = List(self.source, self.line, self.column, self.length)
        twin.items = list(self.items)
        return twin


Node = Scalar | Map | List


def plain(node: Node) -> Any:
    """The bare values: dicts, lists, text, and None, True, False as YAML 1.2 writes them. (The reader bounds
    the depth.)"""
    if isinstance(node, Scalar):
        text = node.text
        if node.quoted:
            return text
        return None if text in NULLS else TRUTHS.get(text, text)
    if isinstance(node, Map):
        return {key: plain(value) for key, value in node.items.items()}
    return [plain(value) for value in node.items]


def at(root: Node, path: Path) -> Node:
    """The node at `path`, or the deepest one on the way to it."""
    node = root
    for part in path:
        inner: Node | None = None
        if isinstance(node, Map):
            inner = node.items.get(str(part))
        elif isinstance(node, List) and isinstance(part, int) and part < len(node.items):
            inner = node.items[part]
        if inner is None:
            break
        node = inner
    return node
