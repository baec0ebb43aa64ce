"""YAML (and so JSON) text -> located tree, strictly.

Read from the parser's events with a stack, no recursion. Refused, each at its place, all at once: keys given
twice, keys that are not text, anchors, aliases, tags, several documents, more than 32 levels, control
characters (escaped ones too), more values than anybody writes. Plain scalars stay text.

Public: read_document, read_value, DEPTH, ITEMS, VALUES.
"""

from __future__ import annotations

from typing import Any

import yaml
from yaml import events as ev

from adlcalc.source.files import FORBIDDEN
from adlcalc.source.nodes import LINE_BREAK, NULLS, TRUTHS, List, Map, Node, Place, Scalar, Source
from adlcalc.source.problems import Problems, escape, quote
from adlcalc.source.syntax import bracket_below, complaint, parser_class

DEPTH = 32
ITEMS, VALUES = 250_000, 2_000_000
"""Of one list or map; of a file, keys included. What is larger takes its seconds, and belongs into a CSV
file."""
LARGE = "put large books and price paths into CSV files beside the scenario: accounts: {file: book.csv}"
TOO_DEEP = f"the values are nested more than {DEPTH} levels deep"


def read_document(source: Source, problems: Problems, *, pure: bool = False) -> Node | None:
    """The tree of a file, or None where there is nothing to go on with; what is wrong goes to `problems`."""
    before = len(problems)
    root = read_value(source, problems, pure=pure)
    is_empty = root is None or (isinstance(root, Scalar) and root.is_null)
    if is_empty and len(problems) == before:
        problems.add(Place(source), "the file is empty")
    return None if is_empty else root


def read_value(source: Source, problems: Problems, *, pure: bool = False) -> Node | None:
    """Any one value, `null` included; None where there is none, or none that can be read."""
    builder = _Builder(source, problems)
    event = None
    try:
        for event in yaml.parse(source.text, Loader=parser_class(pure=pure)):
            if not builder.take(event):
                return None
    except yaml.YAMLError as error:
        if event is not None and builder.refuses_what_opens_behind(event.end_mark):
            return None
        found = complaint(error, LINE_BREAK.split(source.text))
        length = 1 if found.column <= len(source.line(found.line)) else 0
        problems.add(Place(source, found.line, found.column, length), found.message, found.hint)
        return None
    return builder.root


class _Builder:
    """Takes one event after the other. `stack` holds the open collections outside the current one, each with
    its pending key; `brackets` counts those of them, and of the current one, that are written in brackets."""

    def __init__(self, source: Source, problems: Problems) -> None:
        self.source, self.problems = source, problems
        self.root: Node | None = None
        self.current: Map | List | None = None
        self.key: Scalar | None = None
        self.stack: list[tuple[Map | List | None, Scalar | None]] = []
        self.documents = self.values = self.brackets = 0

    def take(self, event: Any) -> bool:
        """Work one event; False when the rest cannot be read."""
        kind = type(event)
        if kind is ev.ScalarEvent:
            start, end = event.start_mark, event.end_mark
            line = start.line
            length = (
                end.column - start.column
                if end.line == line
                else len(self.source.line(line + 1)) - start.column
            )
            quoted = event.style not in (None, "")
            node = Scalar(self.source, event.value, quoted, line + 1, start.column + 1, length)
            if event.anchor is not None or event.tag is not None:
                self._refuse_properties(event, node)
            if quoted and FORBIDDEN.search(event.value):
                self.problems.add(node, "the text holds a control character", "")
                node.text = escape(event.value)
            self._attach(node)
            return self._has_room(node)
        if kind is ev.MappingStartEvent or kind is ev.SequenceStartEvent:
            return self._open(event, Map if kind is ev.MappingStartEvent else List)
        if kind is ev.MappingEndEvent or kind is ev.SequenceEndEvent:
            self._close(event)
        elif kind is ev.AliasEvent:
            node = self._at(event, event.end_mark.column - event.start_mark.column)
            self.problems.add(
                node, f"aliases ({quote('*' + event.anchor)}) are not supported", "write the value out"
            )
            self._attach(node)
        elif kind is ev.DocumentStartEvent:
            self.documents += 1
            if self.documents > 1:
                self.problems.add(
                    self._at(event, 3),
                    "a second document begins here",
                    "a file holds one document: leave out the line '---'",
                )
                return False
        return True

    def refuses_what_opens_behind(self, mark: Any) -> bool:
        """Whether the values behind the last event, which the parser could not read to an event, are nested
        too deeply."""
        levels = DEPTH - (len(self.stack) - self.brackets)
        place = bracket_below(self.source.text, mark, self.brackets, levels)
        if place is not None:
            self.problems.add(Place(self.source, *place, 1), TOO_DEEP)
        return place is not None

    def _at(self, event: Any, length: int) -> Scalar:
        """A stand-in for what cannot be read, at its place."""
        mark = event.start_mark
        return Scalar(self.source, "", True, mark.line + 1, mark.column + 1, length)

    def _refuse_properties(self, event: Any, node: Node) -> None:
        if event.anchor is not None:
            message = f"anchors ({quote('&' + event.anchor)}) are not supported"
            self.problems.add(node, message, "write the value out where it is needed")
        else:
            self.problems.add(node, "tags ('!') are not supported", "text that begins with '!' needs quotes")

    def _open(self, event: Any, make: type[Map] | type[List]) -> bool:
        mark = event.start_mark
        node = make(self.source, mark.line + 1, mark.column + 1, 1)
        if len(self.stack) >= DEPTH:
            self.problems.add(node, TOO_DEEP)
            return False
        if event.anchor is not None or event.tag is not None:
            self._refuse_properties(event, node)
        is_key = isinstance(self.current, Map) and self.key is None
        if is_key:
            self.problems.add(node, "a key must be text, not a list or a map")
            self.stack.append((self.current, Scalar(self.source, "", True, node.line, node.column, 0)))
        else:
            self._attach(node)
            self.stack.append((self.current, None))
        self.current, self.key = node, None
        self.brackets += bool(event.flow_style)
        return self._has_room(node)

    def _has_room(self, node: Node) -> bool:
        """False, and told, where this is one value too many for what holds it or for the file."""
        self.values += 1
        holder = self.current if self.current is not node or not self.stack else self.stack[-1][0]
        if self.values > VALUES:
            self.problems.add(node, f"the file has more than {VALUES:,} values", LARGE)
            return False
        if holder is not None and len(holder.items) > ITEMS:
            what = "list" if isinstance(holder, List) else "map"
            self.problems.add(node, f"this {what} has more than {ITEMS:,} items", LARGE)
            return False
        return True

    def _close(self, event: Any) -> None:
        node = self.current
        assert node is not None
        end = event.end_mark
        if end.line + 1 == node.line and end.column >= node.column:  # written in brackets on one line
            node.length = end.column + 1 - node.column
        elif isinstance(node, Map) and node.keys:
            first = next(iter(node.keys.values()))
            if first.line == node.line and first.column == node.column:
                node.length = first.length
        self.current, self.key = self.stack.pop()
        self.brackets -= self.brackets > 0  # in brackets there are only brackets

    def _attach(self, node: Node) -> None:
        """Put a value where it belongs: a list's next item, a map's next key or the value of its pending key,
        the root."""
        current = self.current
        if type(current) is Map:
            key = self.key
            if key is None:
                self.key = self._as_key(node)
                return
            self.key = None
            if key.text in current.keys:
                first = current.keys[key.text]
                self.problems.add(key, f"{quote(key.text)} is given twice, first on line {first.line}")
            elif key.length:
                current.put(key, node)
        elif type(current) is List:
            current.items.append(node)
        else:
            self.root = node

    def _as_key(self, node: Node) -> Scalar:
        assert isinstance(node, Scalar)
        if not node.quoted:
            if node.text == "<<":
                self.problems.add(node, "merge keys ('<<') are not supported", "write the keys out")
                node.length = 0
            elif node.text in NULLS or node.text in TRUTHS:
                shown = quote(node.text) if node.text else "nothing"
                self.problems.add(
                    node,
                    f"a key must be text, not {shown}",
                    f'write "{node.text}" in quotes' if node.text else "",
                )
                node.length = 0
        return node
