"""Where the positions are in a file: ccxt's list or object, a venue's own answer with its envelope, or one
position.

A venue's own row becomes one in ccxt's words (raw.py), with the row itself as `info`.

Public: Entry, entries.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from adlcalc.importers.exchanges import exchange_of, named
from adlcalc.importers.fields import Fields
from adlcalc.importers.raw import RAW, account_money, unified
from adlcalc.source.nodes import List, Map, Node
from adlcalc.source.problems import Problems

WHOLE = "must be a list of positions as ccxt gives them"
LEVELS = 4


class Entry(NamedTuple):
    """A row in ccxt's words. venue: its exchange where more than the row says so; wallet: of its cross
    account, without pnl;
    equity: with it."""

    node: Node
    venue: str | None = None
    raw: bool = False
    wallet: Decimal | None = None
    equity: Decimal | None = None


def entries(root: Node, problems: Problems, venue: str | None) -> Iterator[Entry]:
    """The rows of any of the shapes; `venue` is the exchange, where it is given."""
    if isinstance(root, List):
        yield from _rows(root, problems, venue)
    elif isinstance(root, Map) and _is_unified(root):
        yield Entry(root, venue)
    elif isinstance(root, Map):
        yield from _inside(root, problems, venue)
    else:
        problems.add(root, WHOLE)


def _is_unified(node: Map) -> bool:
    """ccxt's row: its symbol has a slash, or it says what it was made from, or it has ccxt's own word
    `contracts`."""
    symbol = Fields(node, Problems()).text("symbol") or ""
    return "symbol" in node.items and ("info" in node.items or "contracts" in node.items or "/" in symbol)


def _rows(items: List, problems: Problems, venue: str | None) -> Iterator[Entry]:
    for node in items.items:
        if isinstance(node, Map) and not _is_unified(node):
            found = _raw(node, venue)
            if found is not None:
                yield found
                continue
            inner = list(_grids(node, venue, LEVELS))
            if inner:
                yield from inner
                continue
        yield Entry(node, venue)


def _inside(root: Map, problems: Problems, venue: str | None) -> Iterator[Entry]:
    """{positions: [...]}, {exchange: [...], ...}, one raw row, or a venue's answer."""
    row = _raw(root, venue)
    if row is not None:
        yield row
        return
    lists = {key: node for key, node in root.items.items() if isinstance(node, List)}
    if lists and len(lists) == len(root.items) and all(_holds_unified(node) for node in lists.values()):
        for key, node in lists.items():
            yield from _rows(node, problems, venue or named(key))
        return
    found = list(_grids(root, venue, LEVELS))
    if found:
        yield from found
    elif not lists and root.items:
        problems.add(next(iter(root.items.values())), WHOLE)


def _holds_unified(node: List) -> bool:
    return all(isinstance(item, Map) and _is_unified(item) for item in node.items)


def _grids(node: Node, venue: str | None, levels: int) -> Iterator[Entry]:
    """The rows below the keys of an answer, with the money of the account where the answer tells it."""
    if not isinstance(node, Map) or not levels:
        return
    wallet, equity = account_money(Fields(node, Problems()))
    for inner in node.items.values():
        rows = (
            inner.items
            if isinstance(inner, List)
            else list(inner.items.values())
            if isinstance(inner, Map)
            else []
        )
        found = [_raw(row, venue) for row in rows if isinstance(row, Map)]
        if found and all(each is not None for each in found) and len(found) == len(rows):
            yield from (each._replace(wallet=wallet, equity=equity) for each in found if each is not None)
        elif isinstance(inner, List) and inner.items and _holds_unified(inner):
            yield from (Entry(row, venue) for row in inner.items)
        elif isinstance(inner, Map):
            yield from _grids(inner, venue, levels - 1)
        elif isinstance(inner, List):
            for row in inner.items:
                yield from _grids(row, venue, levels - 1)


def _raw(node: Map, venue: str | None) -> Entry | None:
    """A venue's own row in ccxt's words; None where it is nobody's."""
    fields = Fields(node, Problems())
    evidence = exchange_of(fields, at="")
    name = (
        venue
        if venue in RAW
        else evidence.exchange
        if evidence is not None and len(evidence.fields) >= 3
        else None
    )
    if name is None or name not in RAW:
        return None
    row = unified(name, node)
    return None if row is None else Entry(row, venue or name, raw=True)
