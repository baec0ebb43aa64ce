"""What the builders of a scenario's parts share.

Public: Draft, name_fault, RESERVED_IDS.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING
from unicodedata import is_normalized

from adlcalc.engine.declared import closed
from adlcalc.engine.happenings import Standing
from adlcalc.scenario.schema import ScenarioFile
from adlcalc.source.files import companion
from adlcalc.source.keys import keys_of
from adlcalc.source.nodes import Map, Node, Scalar, Source, at
from adlcalc.source.problems import Problems, nearest, quote

if TYPE_CHECKING:
    from adlcalc.paths.models import Model

RESERVED_IDS = frozenset(
    ("outside money", "rest of market", "rest of the market", "vault", "venue", "venue revenue")
)
"""The engine's own accounts."""
RESERVED_WITH_CURRENCY = re.compile(rf"({'|'.join(sorted(RESERVED_IDS))}) \(.*\)")
"""As they are called where there is one of them for each currency: 'venue (BTC)'."""
LONGEST_NAME = 200
INVISIBLE = (
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Letters and marks of which nothing is seen: joiners, fillers, variation selectors, the empty braille cell.
(Python calls them printable; controls and formats it does not.)"""


@closed
class Draft:
    """A scenario file whose values are sound one by one. `file` and `root` run parallel: file.accounts[3]
    stands at root['accounts'][3]. `whole` is the tree as written; `broken` names the top-level keys that lost
    something to an error. folder: where its companions are, and shown_in: how that is shown. owners: whose an
    account is, of those that say it. exempt, orders: what books of accounts say of them. models: that of its
    paths, where it has one. handed: companions that are elsewhere, by the names that a setting has for
    them."""

    file: ScenarioFile
    root: Map
    whole: Map
    broken: frozenset[str]
    problems: Problems
    folder: str
    shown_in: str
    owners: dict[str, str] = field(default_factory=dict)
    exempt: set[str] = field(default_factory=set)
    orders: list[Standing] = field(default_factory=list)
    models: list[Model] = field(default_factory=list)
    handed: Mapping[str, Source] = field(default_factory=dict)

    def node(self, *path: str | int) -> Node:
        """The value at a path, or the nearest one above it."""
        return at(self.root, path)

    def key(self, *path: str | int) -> Node:
        """The key at a path (the value where it is no key)."""
        parent = at(self.root, path[:-1])
        key: Scalar | None = parent.keys.get(str(path[-1])) if isinstance(parent, Map) else None
        return key or at(self.root, path)

    def companion(self, name: str, where: Node) -> Source:
        """The text of a file that the scenario names."""
        if name in self.handed:
            return self.handed[name]
        return companion(self.folder, name, where, shown_in=self.shown_in)

    def lacks(self, key: str, hint: str) -> None:
        """Note that a top-level key is missing, unless it was told already: as faulty, or as misspelled."""
        unknown = (other for other in self.whole.items if other not in keys_of(type(self.file)))
        if key not in self.broken and not any(
            nearest(other, keys_of(type(self.file))) == key for other in unknown
        ):
            self.problems.add(self.root, f"the scenario has no {quote(key)}", hint)

    def add(self, path: tuple[str | int, ...], message: str, hint: str = "") -> None:
        """Note a problem with the value at a path."""
        self.problems.add(at(self.root, path), message, hint)


def name_fault(name: str, *, reserved: frozenset[str] = frozenset()) -> str | None:
    """What keeps a text from naming an account or a market, as a predicate; None if nothing does."""
    if not name.strip():
        return "must not be empty"
    if len(name) > LONGEST_NAME:
        return f"is longer than {LONGEST_NAME} characters"
    if not name.isprintable():
        return "holds characters that cannot be printed"
    unseen = None if name.isascii() else re.search(INVISIBLE, name)
    if unseen:
        return f"holds U+{ord(unseen[0]):04X}, a character that cannot be seen"
    if not is_normalized("NFC", name):
        return "is not written in composed characters (Unicode NFC), and looks like another name that is"
    if name != name.strip():
        return "begins or ends with a space"
    if name in reserved or (reserved and RESERVED_WITH_CURRENCY.fullmatch(name)):
        return "is a name that adlcalc itself uses"
    return None
