"""Which of the venue's maintenance tables a market is worked by, and what is to be said of it.

    maintenance: {table: ETHUSDT}                              that one, under whichever rulebook
    maintenance: {table: {binance: ETHUSDT, okx: ...}}         one for each; another rulebook has its own
    (left out)                                                 the rulebook's own

Public: own_maintenance, has_own, named, tables_of, stand_ins.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from adlcalc.engine.model import Market
from adlcalc.engine.rules import Assumption
from adlcalc.scenario.draft import Draft
from adlcalc.scenario.schema import MarketSpec
from adlcalc.source.problems import closest_hint, quote
from adlcalc.venues.files import SHIPPED_AS, is_shipped, shipped, source_of
from adlcalc.venues.maintenance import MaintenanceValue, NamedTables, TierTable
from adlcalc.venues.named_tables import Table, shipped_with, which_tables
from adlcalc.venues.rulebook import Rulebook, known_book

Path = tuple[str | int, ...]


class _Named(NamedTuple):
    """The table that a market names for a rulebook, and where."""

    symbol: str
    path: Path


def _named(draft: Draft, market: str, rulebook: Rulebook) -> _Named | None:
    """None where the market names none for it. Of several that fit the nearest: a rulebook before those that
    it extends."""
    spec = (draft.file.markets or {}).get(market)
    own = spec.maintenance if spec is not None else None
    if not isinstance(own, NamedTables):
        return None
    path = ("markets", market, "maintenance", "table")
    if isinstance(own.table, str):
        return _Named(own.table, path)
    for file in rulebook.family:
        for venue, symbol in own.table.items():
            if _is_file(draft, venue, file):
                return _Named(symbol, (*path, venue))
    return None


def _is_file(draft: Draft, venue: str, file: str) -> bool:
    """Is the rulebook of a name or path, as a scenario has it, the one of that file?"""
    if is_shipped(venue):
        return file == f"{SHIPPED_AS}{venue}.yaml"
    return os.path.realpath(os.path.join(draft.folder, venue)) == os.path.realpath(file)


def has_own(draft: Draft, market: str, rulebook: Rulebook) -> bool:
    """Has the market a maintenance of its own under this rulebook?"""
    spec = (draft.file.markets or {}).get(market)
    own = spec.maintenance if spec is not None else None
    if isinstance(own, NamedTables):
        return _named(draft, market, rulebook) is not None
    return own is not None


def tables_of(draft: Draft, rulebook: Rulebook, markets: Mapping[str, Market]) -> dict[str, Table]:
    """The venue's table of each market that is worked by one: that which it names, or the rulebook's own."""
    found = {}
    for name, market in markets.items():
        one = _named(draft, name, rulebook)
        kind, multiplier = market.contract.kind, market.contract.multiplier
        if one is not None:
            known = rulebook.table_named(one.symbol)
            table = None if known is None else known.counting(multiplier)
        elif has_own(draft, name, rulebook):
            continue
        else:
            table = rulebook.table_for(name, kind, multiplier)
        if table is not None:
            found[name] = table
    return found


def named(draft: Draft, rulebook: Rulebook) -> Iterator[str]:
    """The markets that name a table of this rulebook."""
    return (name for name in draft.file.markets or {} if _named(draft, name, rulebook) is not None)


def own_maintenance(
    draft: Draft, market: str, spec: MarketSpec, rulebook: Rulebook | None
) -> MaintenanceValue | None:
    """The maintenance that the market brings itself, or by the name of a table of the venue."""
    own = spec.maintenance
    if not isinstance(own, NamedTables):
        return own
    if not isinstance(own.table, str):
        _check(draft, market, spec, own.table, rulebook)
    one = None if rulebook is None else _named(draft, market, rulebook)
    if one is None or rulebook is None:
        return None
    where = draft.node(*one.path)
    if not isinstance(own.table, str) and not rulebook.table_names:
        return None  # told by the check
    if isinstance(own.table, str) and rulebook.lacks_table(one.symbol):
        message, hint = _lacks(rulebook, market, spec.contract, one.symbol)
        draft.problems.add(where, message, hint)
        return None
    return rulebook.table(one.symbol, spec.contract, draft.problems, where, multiplier=spec.multiplier)


def _lacks(rulebook: Rulebook, market: str, kind: str, symbol: str) -> tuple[str, str]:
    """A table that the venue has not: what to write so that the market has one under it as well."""
    at_home = shipped_with(symbol)
    for_one = f"{at_home or 'VENUE'}: {symbol}"
    if not rulebook.table_names:
        message = f"venue {quote(rulebook.venue)} has no tables"
        hint = (
            f"give the tiers: maintenance: {{tiers: [...]}}, or the table for its venue alone: {{{for_one}}}"
        )
        return message, hint
    of_coin = rulebook.table_of_coin(symbol if at_home else market, kind)
    known = which_tables(symbol, rulebook.table_names)
    several = (
        f"a book for several venues names one for each: table: {{{for_one}, {rulebook.venue}: {of_coin}}}"
    )
    stands_in = rulebook.stand_in(market, kind)
    own = "or give a rate or tiers; without maintenance " + (
        f"the venue's {stands_in[0]} stands in, told as assumed"
        if stands_in is not None and stands_in[1] is None
        else "the market has the venue's own table"
    )
    message = f"{rulebook.table_file} has no table {quote(symbol)}"
    return message, "; ".join(filter(None, (known, several if at_home and of_coin else own)))


def _check(
    draft: Draft, market: str, spec: MarketSpec, tables: Mapping[str, str], rulebook: Rulebook | None
) -> None:
    """Each rulebook that a market names a table for, and each table, also those of rulebooks that are not
    used now."""
    problems = draft.problems
    if not tables:
        draft.add(
            ("markets", market, "maintenance", "table"),
            f"'table' of market {quote(market)} names no venue",
            "table: {okx: BTC-USDT-SWAP}",
        )
    used = None if rulebook is None else _named(draft, market, rulebook)
    for venue, symbol in tables.items():
        path = ("markets", market, "maintenance", "table", venue)
        book = known_book(venue) if venue in shipped() else None
        if book is not None and not book.table_names:
            message, hint = (
                f"venue {quote(venue)} has no tables",
                "leave it out: it then has its own maintenance",
            )
            problems.add(draft.key(*path), message, hint)
        elif used is not None and path == used.path:
            continue  # told, as it is taken
        elif not is_shipped(venue):
            source_of(venue, problems, draft.key(*path), draft.folder)
        elif venue not in shipped():
            message = (
                f"'table' of market {quote(market)} names a table of {quote(venue)}, which is no rulebook"
            )
            problems.add(draft.key(*path), message, closest_hint(venue, shipped()))
        elif book is not None:
            book.table(symbol, spec.contract, problems, draft.node(*path))


def stand_ins(
    draft: Draft, rulebook: Rulebook, markets: Mapping[str, Market], tables: Mapping[str, Table]
) -> Iterator[Assumption]:
    """Markets that are worked by the table of another coin, or that name a table for other venues only: told
    where they stand, and assumed by the run."""
    for name, market in markets.items():
        if has_own(draft, name, rulebook):
            continue
        spec, kind = (draft.file.markets or {}).get(name), market.contract.kind
        own = spec.maintenance if spec is not None else None
        others = own.table if isinstance(own, NamedTables) and not isinstance(own.table, str) else {}
        found = rulebook.stand_in(name, kind)
        if found is None and not others:
            continue
        taken, table = found or ("", rulebook.table_of_coin(name, kind))
        what = (
            f"{rulebook.venue}'s maintenance table of {taken} stands in for that of {quote(name)}"
            + (", and counts contracts whatever they are worth" if _counts(tables.get(name)) else "")
            if found
            else f"market {quote(name)} names maintenance tables of {', '.join(others)}, none of "
            f"{rulebook.venue}, whose own maintenance is taken"
        )
        named_so = f"{rulebook.venue}: {table}" if others else f"{table}"
        several = f"{{..., {named_so}}}" if others else named_so
        hint = f"maintenance: {{table: {several}}}" if table else ""
        if not table and not others:
            hint = "give its tiers: maintenance: {tiers: [...]}"
        where = (
            draft.key("markets", name, "maintenance", "table")
            if others
            else draft.key("markets" if name in (draft.file.markets or {}) else "prices", name)
        )
        draft.problems.note(where, what, hint)
        yield Assumption(f"tables.{name}", f"{what[:1].upper()}{what[1:]}." if others else f"{what}.")


def _counts(table: Table | None) -> bool:
    """Do its tiers end at so many contracts?"""
    return table is not None and isinstance(table.rule, TierTable) and table.rule.by == "size"
