"""A rulebook's file with those that it extends, before anything is made of it: what it says of itself, and
its rules over theirs, each with the node that it came from, so that an error in any layer points at its own
file and line.

Public: RulebookFile, file_of, known_file, generic_layer, edition_of, GENERIC.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path as FilePath
from typing import NamedTuple

from adlcalc.ground.opened import reading, was_read
from adlcalc.ground.record import Files, current, recorded_in
from adlcalc.source.document import read_document
from adlcalc.source.keys import keys_of
from adlcalc.source.nodes import Map, Node, Place, Scalar, Source, at
from adlcalc.source.problems import Located, Problems, quote
from adlcalc.source.schema import check
from adlcalc.venues.editions import Edition, date_of, fitting
from adlcalc.venues.files import SHIPPED_AS, beside, is_shipped, shipped, source_of
from adlcalc.venues.named_tables import Tables
from adlcalc.venues.schema import Head, SourceNote
from adlcalc.venues.stated import ALL_SECTIONS, Layer, stated_in, tell_unknown

LONGEST_ROW = 32
"""Rulebooks that extend one another; the shipped ones take three."""
GENERIC = "generic"


class RulebookFile(NamedTuple):
    """A rulebook file with what it extends under it."""

    head: Head
    root: Map
    layer: Layer
    sources: Mapping[str, SourceNote]
    tables: Tables | None
    editions: tuple[Edition, ...] = ()
    family: tuple[str, ...] = ()


def file_of(
    name: str, problems: Problems, where: Located, folder: str | None, above: tuple[str, ...] = ()
) -> RulebookFile | None:
    """A rulebook and what it extends. above: the rulebooks that led here, to refuse a circle and an endless
    row."""
    inside = above and above[-1].startswith(SHIPPED_AS)  # a circle among our own would know no end
    known = known_file(name) if is_shipped(name) and not inside and name in shipped() else None
    if known is None:
        return _read_file(name, problems, where, folder, above)
    known.told()
    return known.read


def generic_layer() -> Layer:
    """The rules of the generic rulebook."""
    read = file_of(GENERIC, Problems(), Place(Source(GENERIC, "")), None)
    assert read is not None
    return read.layer


def _read_file(
    name: str, problems: Problems, where: Located, folder: str | None, above: tuple[str, ...]
) -> RulebookFile | None:
    source = _below(name, problems, where, folder, above)
    root = None if source is None else read_document(source, problems)
    if source is None or root is None:
        return None
    if not isinstance(root, Map) or not {"as_of", "title"} <= root.items.keys():
        from adlcalc.source.mistaken import RULEBOOK, is_of_another_kind

        if is_of_another_kind(root, RULEBOOK, problems):
            return None
    head = _head(root, source, problems)
    if head is None or not isinstance(root, Map):
        return None
    base = _base(head, root, source, problems, above)
    sources = dict(base.sources) if base else {}
    for key, note in head.sources.items():
        if sources.setdefault(key, note) != note:
            place = at(root, ("sources", key))
            problems.add(
                place, f"source {quote(key)} is another document in {quote(head.extends)}", "take another key"
            )
    layer = (base.layer if base else {}) | stated_in(root, sources, problems)
    if head.extends is not None and base is None:
        layer = generic_layer() | layer  # its own rules are checked all the same
    tables = base.tables if base else None
    if head.tables is not None:
        tables = Tables(beside(head.tables, source.name, root.items["tables"]))
    cited = head.sources.keys() | {rule.source for rule in layer.values()}
    cited_sources = {key: note for key, note in sources.items() if key in cited}
    editions = () if above else tuple(_editions(head, root, source, problems))
    family = (source.name, *(base.family if base else ()))
    return RulebookFile(head, root, layer, cited_sources, tables, editions, family)


def _below(
    name: str, problems: Problems, where: Located, folder: str | None, above: tuple[str, ...]
) -> Source | None:
    """The text of a rulebook that is not among those above it, if these are not too many."""
    if len(above) > LONGEST_ROW:
        problems.add(
            where, f"more than {LONGEST_ROW} rulebooks extend one another", "write the rules into fewer files"
        )
        return None
    source = source_of(name, problems, where, folder)
    if source is not None and source.name in above:
        problems.add(where, f"rulebook {quote(name)} extends itself")
        return None
    return source


def _head(root: Node, source: Source, problems: Problems) -> Head | None:
    """What a rulebook says of itself; None where it is no map."""
    if not isinstance(root, Map):
        check(Head, root, problems, what="the rulebook")
        return None
    tell_unknown(root, (*keys_of(Head), *ALL_SECTIONS), "the rulebook", problems)
    bare = root.copy()
    for section in ALL_SECTIONS:
        bare.drop(section)
    head = check(Head, bare, problems, what="the rulebook", items=("sources",)).model
    if head is not None:
        return head
    extends = root.items.get("extends")  # it has no title, say: its rules are checked all the same
    based = extends.text if isinstance(extends, Scalar) and extends.text else None
    return Head(venue=source.name, title="", as_of="", extends=based)


def _base(
    head: Head, root: Map, source: Source, problems: Problems, above: tuple[str, ...]
) -> RulebookFile | None:
    """What a rulebook extends."""
    if head.extends is None:
        return None
    folder = str(FilePath(source.name).parent)
    return file_of(head.extends, problems, root.items["extends"], folder, (*above, source.name))


def _editions(head: Head, root: Map, source: Source, problems: Problems) -> Iterator[Edition]:
    """The older rulebooks that a rulebook names, with what they say of their time."""
    for i, name in enumerate(head.editions):
        where = at(root, ("editions", i))
        older = source_of(name, problems, where, str(FilePath(source.name).parent))
        tree = None if older is None else read_document(older, problems)
        said = tree.items.get("as_of") if isinstance(tree, Map) else None
        if isinstance(said, Scalar):
            yield Edition(name, said.text)
        elif older is not None:
            problems.add(where, f"edition {quote(name)} does not say its 'as_of'")


def edition_of(
    name: str, as_of: str, problems: Problems, where: Located, folder: str | None
) -> tuple[str, str | None] | None:
    """The name of the edition that held on a day, and the folder that it is looked for in; None where
    `problems` says why there is none."""
    day, option = date_of(as_of), Place(Source(f"--as-of {as_of}", "", excerpt=False), 1, 1)
    if day is None:
        problems.add(option, f"--as-of must be a date like 2024-05-31, 2024-05 or 2024, not {quote(as_of)}")
        return None
    read = file_of(name, problems, where, folder)
    if read is None:
        return None
    newest = Edition(name, read.head.as_of)
    editions = [newest, *read.editions]
    found = newest if read.head.timeless else fitting(editions, day)
    if found is None:
        listed = "; ".join(f"{one.name} as of {one.as_of}" for one in editions)
        problems.add(option, f"no edition of rulebook {quote(name)} is of {as_of}", f"there is {listed}")
        return None
    beside = folder if folder is not None or is_shipped(found.name) else str(FilePath(name).parent)
    return found.name, folder if found is newest else beside


class _Known(NamedTuple):
    """A rulebook that is known already, and what it was read from, which each of its users must hear of: an
    output must not replace it, a manifest names it."""

    read: RulebookFile
    files: tuple[tuple[str, bytes, str], ...]
    opened: tuple[tuple[str, os.stat_result], ...]

    def told(self) -> None:
        """Tell that it is used again."""
        for path, found in self.opened:
            was_read(path, found)
        if (record := current()) is not None:
            for file in self.files:
                record.file(*file)


@cache
def known_file(name: str) -> _Known | None:
    """A rulebook that comes with adlcalc, read once a process; None where something is wrong with it, which
    is told to whom asks for it."""
    problems, files = Problems(), Files()
    opened: list[tuple[str, os.stat_result]] = []
    with recorded_in(files), reading(lambda path, found: opened.append((path, found))):
        read = _read_file(name, problems, Place(Source(name, "")), None, ())
    return None if read is None or len(problems) else _Known(read, tuple(files.files), tuple(opened))
