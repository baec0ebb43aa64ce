"""Where in a scenario's file a difference belongs: the line of the account, market or fund that it is about.

Public: Places.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from adlcalc.source.nodes import List, Map, Node, Scalar

if TYPE_CHECKING:
    from adlcalc.check.golden import Difference

KEYS = {
    "fund": ("fund", "funds"),
    "steps": ("prices",),
    "funding": ("funding", "prices"),
    "markets": ("markets", "prices"),
    "scenario": ("venue",),
    "rules": ("rules", "venue"),
    "assumptions": ("rules", "venue"),
    "prices": ("prices",),
}
"""The keys of the file that a table comes from; the accounts, where it is none of these."""


class Places:
    """The file is read when a place is first asked for; where it cannot be read again (standard input), all
    are 0, 0."""

    def __init__(self, file: str) -> None:
        self._file = file

    def of(self, difference: Difference | None = None) -> tuple[int, int]:
        """Line and column: of the account, of the market, of the table's key, of the file's first key."""
        if difference is not None:
            for name in (difference.account, difference.row):
                node = self._accounts.get(name or "")
                if node is not None:
                    return node.line, node.column
            inner = self.key("markets", difference.market) if difference.market else None
            for found in (inner, *map(self.key, KEYS.get(difference.table, ("accounts",)))):
                if found is not None:
                    return found
        return self.first

    def key(self, name: str, inner: str | None = None) -> tuple[int, int] | None:
        """A key of the file, or one of the map that it has; None where there is none."""
        root = self._root
        if not isinstance(root, Map):
            return None
        value = root.items.get(name)
        if inner is not None and isinstance(value, Map) and inner in value.keys:
            return value.keys[inner].line, value.keys[inner].column
        found = root.keys.get(name)
        return (found.line, found.column) if found is not None and inner is None else None

    @property
    def first(self) -> tuple[int, int]:
        """The file's first key."""
        if isinstance(self._root, Map) and self._root.keys:
            key = next(iter(self._root.keys.values()))
            return key.line, key.column
        return (0, 0) if self._root is None else (1, 1)

    @cached_property
    def _root(self) -> Node | None:
        from adlcalc.source.document import read_document
        from adlcalc.source.files import text_of
        from adlcalc.source.problems import Problems, ScenarioErrors

        if self._file == "-":
            return None
        try:
            return read_document(text_of(self._file), Problems())
        except (ScenarioErrors, OSError):
            return None

    @cached_property
    def _accounts(self) -> dict[str, Node]:
        """The accounts by id, where they stand in the file itself."""
        found: dict[str, Node] = {}
        accounts = self._root.items.get("accounts") if isinstance(self._root, Map) else None
        for item in accounts.items if isinstance(accounts, List) else ():
            name = item.items.get("id") if isinstance(item, Map) else None
            if isinstance(name, Scalar):
                found.setdefault(name.text, item)
        return found
