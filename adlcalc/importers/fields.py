"""Reading values out of other people's JSON: numbers keep the text they were written with.

Public: Fields, number_in.
"""

from __future__ import annotations

from decimal import Decimal

from adlcalc.ground.numbers import D
from adlcalc.source.nodes import Map, Node, Scalar
from adlcalc.source.number import NumberError, number_of
from adlcalc.source.problems import Problems, quote

CLOSE = D("1E-9")
"""Two numbers that differ by less than this share of either are one number, once exact and once through a float."""


class Fields:
    """A map of a JSON file. Paths step through maps: 'info.position.szi'."""

    def __init__(self, node: Map, problems: Problems) -> None:
        self.node, self.problems = node, problems

    def at(self, path: str) -> Node | None:
        """The value at a path, if it is there and not null."""
        node: Node = self.node
        for part in path.split("."):
            if not isinstance(node, Map) or part not in node.items:
                return None
            node = node.items[part]
        return None if isinstance(node, Scalar) and node.is_null else node

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

    def exact(self, raw: str | None, unified: str) -> Decimal | None:
        """The venue's own text where it is the number that ccxt gives (its sign and a float's rounding aside), else ccxt's."""
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
