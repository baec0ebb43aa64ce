"""Reading values out of other people's JSON: numbers keep the text they were written with.

Public: Fields, number_in.
"""

from __future__ import annotations

from decimal import Decimal

from adlcalc.ground.numbers import D
from adlcalc.source.nodes import List, Map, Node, Scalar
from adlcalc.source.number import NumberError, number_of
from adlcalc.source.problems import Problems, quote

CLOSE = D("1E-9")
"""Two numbers that differ by less than this share of either are one number, once exact and once through a
float."""


NOTHING = frozenset(("None", "undefined"))


class Fields:
    """A map of a JSON file. Paths step through maps and lists: 'info.position.szi', 'info.3'."""

    def __init__(self, node: Map, problems: Problems) -> None:
        self.node, self.problems = node, problems

    def _find(self, path: str) -> Node | None:
        node: Node = self.node
        for part in path.split("."):
            if isinstance(node, Map) and part in node.items:
                node = node.items[part]
            elif isinstance(node, List) and part.isdecimal() and int(part) < len(node.items):
                node = node.items[int(part)]
            else:
                return None
        return node

    def at(self, path: str) -> Node | None:
        """The value at a path, if it is there and not null; Python's None and JavaScript's undefined are
        null."""
        node = self._find(path)
        is_null = isinstance(node, Scalar) and (node.is_null or (not node.quoted and node.text in NOTHING))
        return None if is_null else node

    def holds(self, path: str) -> bool:
        """Whether there is such a key, whatever it holds."""
        return self._find(path) is not None

    def text(self, path: str) -> str | None:
        """The text at a path; None for nothing, an empty text, or no text."""
        node = self.at(path)
        return node.text if isinstance(node, Scalar) and node.text else None

    def number(self, path: str) -> Decimal | None:
        """The number at a path; a text that is none is a problem of the file."""
        node = self.at(path)
        if not isinstance(node, Scalar) or not node.text:
            return None
        try:
            return number_of(node.text)
        except NumberError as error:
            self.problems.add(node, f"{quote(path)} {error.message}", error.hint)
            return None

    def first(self, paths: str, at: str = "info.") -> Decimal | None:
        """The first number that is there and not zero, of paths separated by blanks."""
        for path in paths.split():
            text = self.text(at + path)
            number = number_in(text) if text is not None else None
            if number:
                return number
        return None

    def exact(self, raw: str | None, unified: str) -> Decimal | None:
        """The venue's own text where it is the number that ccxt gives (its sign and a float's rounding
        aside), else ccxt's."""
        ours = self.number(unified)
        text = self.text(f"info.{raw}") if raw else None
        theirs = number_in(text) if text is not None else None
        if theirs is None or (ours is not None and abs(abs(ours) - abs(theirs)) > CLOSE * abs(ours)):
            return ours
        return abs(theirs) if ours is None or ours >= 0 else -abs(theirs)


def number_in(text: str) -> Decimal | None:
    """The number that a text is, or None."""
    try:
        return number_of(text)
    except NumberError:
        return None
