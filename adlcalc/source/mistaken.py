"""A file of one kind that is given for another one: a result where a scenario is expected, a scenario where a
rulebook is. That is one error, not one for each of its keys.

Public: is_of_another_kind, SCENARIO, RULEBOOK.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import NamedTuple

from adlcalc.source.nodes import List, Map, Node, Place, Scalar
from adlcalc.source.problems import Located, Problems

SCENARIO, RULEBOOK = "a scenario", "a rulebook"
OURS = re.compile(r"adlcalc\.([a-z-]+)/\d+")
"""How `schema` of a document that adlcalc has printed reads."""
OF_VENUES = ("tables", "venue", "score", "rules", "validation")
"""Documents of `adlcalc venues`, which has several."""
BOOK_COLUMNS = {"id", "account", "side", "size", "entry", "leverage"}
PATH_COLUMNS = {"time", "timestamp", "mark", "price", "open", "high", "low", "close"}


class Kind(NamedTuple):
    """What a file is. where: what shows it; hint: what to do with such a file."""

    name: str
    where: Located
    hint: str


def is_of_another_kind(root: Node, wanted: str, problems: Problems) -> bool:
    """Is the document plainly of another kind than the one that is wanted? Then that is told."""
    found = next(_kinds(root), None)
    mistaken = found is not None and found.name != wanted
    if found is not None and mistaken:
        of_no_use = wanted == RULEBOOK and found.name != SCENARIO
        hint = "adlcalc venues lists the rulebooks that come with adlcalc" if of_no_use else found.hint
        problems.add(found.where, f"this is {found.name}, not {wanted}", hint)
    return mistaken


def _kinds(root: Node) -> Iterator[Kind]:
    """What it is, the surest sign first; nothing where that cannot be told."""
    name = root.source.name
    if isinstance(root, Scalar):
        yield from _csv(root)
        return
    first = root.items[0] if isinstance(root, List) and root.items else root
    if not isinstance(first, Map):
        return
    schema, golden = (first.items.get(key) for key in ("schema", "golden"))
    if isinstance(golden, Scalar):
        hint = "adlcalc check holds the scenario of that name to it; give the scenario itself"
        yield Kind(f"a golden of `{golden.text}`", first.keys["golden"], hint)
    if isinstance(schema, Scalar) and (ours := OURS.fullmatch(schema.text)):
        yield _printed(ours[1], first, name)
    if root is not first:
        return
    if {"accounts", "prices"} & first.items.keys():
        key = next(key for key in ("accounts", "prices") if key in first.keys)
        hint = (
            "a scenario names its rulebook under 'venue'; adlcalc venues lists those that come with adlcalc"
        )
        yield Kind(SCENARIO, first.keys[key], hint)
    if "contracts" in first.items and "as_of" in first.items:
        hint = "a rulebook names it under 'tables', and a scenario that rulebook under 'venue'"
        yield Kind("a file of maintenance tables", first.keys["contracts"], hint)
    if {"as_of", "sources"} & first.keys.keys():
        hint = "name it under 'venue' of a scenario, or with --venue"
        yield Kind(RULEBOOK, first.keys["as_of" if "as_of" in first.keys else "sources"], hint)


def _printed(document: str, first: Map, name: str) -> Kind:
    """Of a document that adlcalc has printed."""
    where = first.keys["schema"]
    if document == "manifest":
        return Kind("a manifest", where, f"adlcalc verify {name} repeats the command that it tells")
    command = "venues" if document in OF_VENUES else document
    about = first.items.get("scenario")
    file = about.items.get("file") if isinstance(about, Map) else None
    said = file.text if isinstance(file, Scalar) and not file.is_null else "SCENARIO"
    hint = (
        f"give the scenario that it was made of; adlcalc verify {name} --of {said} holds it against that one"
    )
    return Kind(f"a result of `adlcalc {command}`", where, hint)


def _csv(root: Scalar) -> Iterator[Kind]:
    """Of a CSV, which as YAML is one long text."""
    source = root.source
    line = next((i for i, text in enumerate(source.text.splitlines(), 1) if text.strip()), 1)
    cells = {cell.strip().strip('"').lower() for cell in re.split("[,;\t]", source.line(line))}
    if len(cells) < 2:
        return
    where = Place(source, line, 1, len(source.line(line)))
    name = os.path.basename(source.name)
    if cells >= {"table", "step"}:
        hint = "give the scenario that it was made of"
        yield Kind("a result of adlcalc as a CSV", where, hint)
    elif len(cells & BOOK_COLUMNS) >= 2:
        yield Kind("a CSV of accounts", where, f"name it in a scenario: accounts: {{file: {name}}}")
    elif cells & PATH_COLUMNS:
        yield Kind("a CSV of prices", where, f"name it in a scenario: prices: {{file: {name}}}")
