"""What a book seldom means: more leverage than a tier allows, an entry far from every mark.

Public: max_leverage, note_leverage, note_entries.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from operator import attrgetter

from adlcalc.engine.columns import Columns
from adlcalc.engine.formulas.margin import value
from adlcalc.engine.model import SMALLEST, Account, Maintenance, Market
from adlcalc.ground.numbers import ZERO, show
from adlcalc.scenario.draft import Draft
from adlcalc.source.nodes import Node
from adlcalc.source.problems import quote
from adlcalc.venues.maintenance import to_engine
from adlcalc.venues.named_tables import Table


def max_leverage(rule: Maintenance, size: Decimal, entry_value: Decimal) -> Decimal | None:
    """The highest leverage that may be chosen for a position, by its tier; a notional of exactly its end is
    still inside it."""
    basis = size if rule.by == "size" else entry_value
    bisect = bisect_left if rule.by == "notional" else bisect_right
    return rule.tiers[max(bisect(rule.tiers, basis, key=attrgetter("floor")) - 1, 0)].max_leverage


def note_leverage(
    draft: Draft, tables: Mapping[str, Table], markets: Mapping[str, Market], accounts: Sequence[Account]
) -> None:
    """Tell the positions with more leverage than the venue's table allows for their tier. It is no fault: one
    book is held against the rules of many venues."""
    rules = {}
    for name, table in tables.items():
        rule = to_engine(table.rule, ZERO, money_unit=SMALLEST, lot=markets[name].lot)
        if any(tier.max_leverage for tier in rule.tiers):
            rules[name] = rule
    found: dict[str, list[tuple[str, Decimal, Decimal]]] = {}
    for name, who, leverage, limit in _above(rules, markets, accounts):
        found.setdefault(name, []).append((who, leverage, limit))
    for market, told in found.items():
        table = tables[market]
        who, leverage, limit = told[0]
        rest = len(told) - 1
        more = f"; {rest:,} more position{'s have' if rest > 1 else ' has'} too much" if rest else ""
        message = (
            f"{show(leverage)}x of account {quote(who)} is more than {table.file.venue} allows: its table of "
            f"{table.name} has at most {show(limit)}x for that tier{more}"
        )
        draft.problems.note(_where(draft, who), message, "it is worked as it is written")


def _above(
    rules: Mapping[str, Maintenance], markets: Mapping[str, Market], accounts: Sequence[Account]
) -> Iterator[tuple[str, str, Decimal, Decimal]]:
    """(market, account, leverage, limit) of each position above its limit. A large book is looked through
    only if somebody's leverage is above the least limit."""
    if not rules:
        return
    least = min(tier.max_leverage for rule in rules.values() for tier in rule.tiers if tier.max_leverage)
    if isinstance(accounts, Columns):
        chosen = accounts.leverages
        if not len(chosen) or chosen.number(max(chosen.values)) <= least:
            return
    for account in accounts:
        for one in account.positions:
            if one.leverage is None or one.leverage <= least or one.market not in rules:
                continue
            market = markets[one.market]
            cost = abs(value(market.contract, one.side * one.size, one.entry, SMALLEST))
            limit = max_leverage(rules[one.market], one.size, cost)
            if limit is not None and one.leverage > limit:
                yield one.market, account.id, one.leverage, limit


FAR = 8
"""So many times the highest mark, or the lowest so many times an entry: most likely a digit too many, or too few."""


def note_entries(draft: Draft, marks: Mapping[str, Sequence[Decimal]], accounts: Sequence[Account]) -> None:
    """Tell the first entry of a market that is far from all its marks. It is no fault: a position may be old."""
    ends = {name: (min(path), max(path)) for name, path in marks.items()}
    told: set[str] = set()
    for who, market, entry in _entries(accounts):
        low, high = ends[market]
        if market in told or (FAR * entry > low and entry < FAR * high):
            continue
        told.add(market)
        message = (
            f"account {quote(who)} entered at {show(entry)}, and the marks of market {quote(market)} are "
            + (f"{show(low)} to {show(high)}" if low < high else show(low))
        )
        draft.problems.note(_where(draft, who, "entry"), message, "it is worked as it is written")


def _entries(accounts: Sequence[Account]) -> Iterator[tuple[str, str, Decimal]]:
    """(account, market, entry) of each position; of a large book those of its ends."""
    if isinstance(accounts, Columns):
        entries, values = accounts.entries, accounts.entries.values
        for i in sorted({values.index(end(values)) for end in (min, max)}) if len(values) else ():
            yield accounts.ids[i], accounts.market, entries.number(values[i])
        return
    for account in accounts:
        for one in account.positions:
            yield account.id, one.market, one.entry


def _where(draft: Draft, who: str, key: str = "leverage") -> Node:
    """The account in the file, or the book that it is of."""
    listed = draft.file.accounts if isinstance(draft.file.accounts, list) else []
    at = next((i for i, one in enumerate(listed) if one.id == who), None)
    return draft.key("accounts") if at is None else draft.node("accounts", at, key)
