"""--set key.path=value: changes to the tree before it is checked, so that a changed value is held to
everything a written one is.

A path steps through keys, list positions (from 0), and the ids of lists whose items have one: `fund=0`,
`accounts.alice.leverage=5`, `markets.BTC-PERP.lot=0.1`, `prices.2=49_000`, `accounts."a.b".size=3`.
`liquidity` alone is that of the one market, as --vary has it. The value is YAML on one line; `null` removes
the key. An isolated position has a collateral or a leverage: one that is set takes the place of the other that
the file has.

Public: apply, parts_of, with_points.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from adlcalc.scenario.belongs import (
    LIQUIDITY,
    SEVERAL,
    belongs,
    ids_in,
    market_names_in,
    of_the_market,
)
from adlcalc.scenario.schema import ScenarioFile
from adlcalc.source.document import DEPTH, read_value
from adlcalc.source.files import control_character
from adlcalc.source.keys import keys_of
from adlcalc.source.nodes import List, Map, Node, Place, Scalar, Source
from adlcalc.source.problems import Problems, closest_hint, escape, quote

PART = re.compile(r'"([^"]*)"|([^."]+)')


def apply(root: Map, sets: Sequence[str], problems: Problems) -> None:
    """Change the tree in place, one setting after the other."""
    for setting in sets:
        _apply_one(root, setting, problems)


def _apply_one(root: Map, setting: str, problems: Problems) -> None:
    path_text, equals, value_text = setting.partition("=")
    shown = escape(setting)
    source = Source(f"--set {shown if len(shown) <= 200 else shown[:197] + '...'}", value_text, excerpt=False)
    here = Place(source, 1, 1)
    path = parts_of(path_text)
    if not equals or path is None:
        problems.add(
            here, "must be key.path=value", "for example --set fund=0 or --set accounts.alice.leverage=5"
        )
        return
    if len(path) > DEPTH:
        problems.add(here, f"the path has more than {DEPTH} steps; no value of a scenario lies that deep")
        return
    control_character(source)
    if path == [LIQUIDITY]:
        whole = of_the_market(names := market_names_in(root))
        if whole is None:
            problems.add(here, SEVERAL, f"markets.{names[0]}.{LIQUIDITY}")
            return
        path = parts_of(whole) or path
    if path[0] not in (known := keys_of(ScenarioFile)):
        near = belongs(path, ids_in(root), market_names_in(root)) or closest_hint(path[0], known)
        hint = with_points(path_text) or near
        problems.add(here, f"unknown key {quote(path[0])} in the scenario", hint)
        return
    before = len(problems)
    value = read_value(source, problems) if value_text.strip() else None
    if value is None:
        if len(problems) == before:
            problems.add(here, f"there is no value after '{escape(path_text)}='", "null removes a key")
        return
    parent = _walk(root, path[:-1], source, problems)
    if parent is not None:
        _put(parent, path[-1], value, here, problems)
        if path[0] == "accounts" and isinstance(parent, Map) and path[-1] in parent.items:
            _take_place(parent, EITHER.get(path[-1], ""))


def parts_of(text: str) -> list[str] | None:
    """The elements of a path; None if it is none."""
    parts, position = [], 0
    while True:
        found = PART.match(text, position)
        if not found:
            return None
        parts.append(found[1] if found[1] is not None else found[2].strip())
        if found.end() == len(text):
            return parts
        if text[found.end()] != ".":
            return None
        position = found.end() + 1


def with_points(text: str) -> str:
    """What to write instead of brackets: events.0.deposit for events[0].deposit; '' where there are none."""
    pointed = re.sub(r"\[\s*['\"]?([^]'\"]*)['\"]?\s*\]", r".\1", text.strip())
    return f"write {escape(pointed)}" if pointed != text.strip() else ""


def _walk(root: Map, path: list[str], source: Source, problems: Problems) -> Map | List | None:
    """The map or list that a path leads to; maps that are missing on the way are made."""
    node: Node = root
    here = Place(source, 1, 1)
    for i, part in enumerate(path):
        if isinstance(node, Map):
            if "file" in node.items and part not in node.items:
                problems.add(
                    here,
                    f"{quote('.'.join(path[:i]))} comes from a file, whose values cannot be set",
                    "change the file; solve and sweep try other values of it: --vary accounts.ID.leverage=...",
                )
                return None
            there = node.items.get(part)
            if there is None or (isinstance(there, Scalar) and there.is_null):
                node.put(Scalar(source, part, True, 1, 1, 1), Map(source, 1, 1, 1))
            node = node.items[part]
        elif isinstance(node, List):
            index = _index(node, part, here, problems)
            if index is None:
                return None
            node = node.items[index]
        else:
            break
        if isinstance(node, Scalar):
            problems.add(here, f"{quote('.'.join(path[: i + 1]))} is a single value and has no parts")
            return None
    return node if not isinstance(node, Scalar) else None


def _put(parent: Map | List, part: str, value: Node, here: Place, problems: Problems) -> None:
    """Set, replace or remove one value."""
    remove = isinstance(value, Scalar) and value.is_null
    if isinstance(parent, Map):
        if remove:
            parent.drop(part)
        else:
            parent.put(Scalar(here.source, part, True, 1, 1, 1), value)
        return
    index = _index(parent, part, here, problems)
    if index is None:
        return
    if remove:
        del parent.items[index]
    else:
        parent.items[index] = value


EITHER = {"collateral": "leverage", "leverage": "collateral"}


def _take_place(parent: Map, other: str) -> None:
    """Leave out what the file has and a setting replaces; what was set as well stays, for then it is said that
    there are both."""
    key = parent.keys.get(other)
    if key is not None and key.source.excerpt:
        parent.drop(other)


def _index(node: List, part: str, here: Place, problems: Problems) -> int | None:
    """Which item of a list a path element means: the one with that id, else the one at that position."""
    ids: dict[str, int] = {}
    for i, item in enumerate(node.items):
        name = item.items.get("id") if isinstance(item, Map) else None
        if isinstance(name, Scalar):
            ids.setdefault(name.text, i)
    if part in ids:
        return ids[part]
    if part.isascii() and part.isdigit() and int(part) < len(node.items):
        return int(part)
    if ids:
        problems.add(here, f"there is no item with the id {quote(part)}", closest_hint(part, ids))
    else:
        last = len(node.items) - 1
        problems.add(
            here,
            f"there is no item {quote(part)} in the list",
            f"its items are 0 to {last}" if last >= 0 else "it is empty",
        )
    return None
