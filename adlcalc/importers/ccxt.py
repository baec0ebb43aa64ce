"""Positions as ccxt gives them (JSON) -> a scenario file that runs and ranks as it is; each assumption is a comment in it.

Accepted are the list that fetch_positions returns, {positions: [...]}, one position, or {venue: [...], ...}. Positions of one
venue that settle in one currency are one account; a second position in the same market and side goes to a second account.

Public: import_positions, Options.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from textwrap import wrap

from adlcalc.engine.model import side_name
from adlcalc.ground.numbers import ZERO, exact, show
from adlcalc.importers.fields import Fields
from adlcalc.importers.positions import Found, read_position
from adlcalc.importers.tiers import TierTable, read_tiers
from adlcalc.source.document import read_document
from adlcalc.source.nodes import List, Map, Node, Source
from adlcalc.source.problems import Problems, escape


@dataclass(frozen=True, slots=True)
class Options:
    """account: the id to give; balance: the wallet balance of the cross account, if known; rulebooks: the names there are."""

    account: str = "me"
    balance: Decimal | None = None
    rulebooks: Sequence[str] = ()


def import_positions(source: Source, tiers: Source | None, options: Options) -> str:
    """The scenario as YAML; ScenarioErrors with everything that is wrong with the files."""
    problems = Problems()
    with exact():
        root = read_document(source, problems)
        found, flat = _read(root, problems)
        tables = {}
        if tiers is not None:
            tree = read_document(tiers, problems)
            tables = read_tiers(tree, problems) if tree is not None else {}
        if root is not None and not found and not len(problems):
            problems.add(root, "there is no open position in the file")
        accounts = _accounts(found, options)
        cross = [name for name, positions in accounts.items() if any(one.cross for one in positions)]
        if options.balance is not None and len(cross) != 1 and root is not None and found:
            problems.add(
                root, f"a balance is given, but there are {len(cross)} cross accounts in the file", "leave --balance out"
            )
        problems.raise_if_any()
        return "\n".join(_yaml(source.name, found, flat, accounts, tables, options)) + "\n"


def _read(root: Node | None, problems: Problems) -> tuple[list[Found], int]:
    """The open positions, and how many are flat."""
    found, flat = [], 0
    for node in _positions(root, problems) if root is not None else ():
        if not isinstance(node, Map):
            problems.add(node, "must be a position as ccxt gives it: {symbol, side, contracts, entryPrice, ...}")
            continue
        before = len(problems)
        position = read_position(Fields(node, problems))
        if position is not None:
            found.append(position)
        elif len(problems) == before:
            flat += 1
    return found, flat


def _positions(root: Node, problems: Problems) -> Iterator[Node]:
    """The positions of any of the shapes."""
    if isinstance(root, List):
        yield from root.items
    elif isinstance(root, Map) and "symbol" in root.items:
        yield root
    elif isinstance(root, Map):
        for node in root.items.values():
            if isinstance(node, List):
                yield from node.items
            else:
                problems.add(node, "must be a list of positions as ccxt gives them")
    else:
        problems.add(root, "must be a list of positions as ccxt gives them")


def _accounts(found: Sequence[Found], options: Options) -> dict[str, list[Found]]:
    """Positions by account: one for each venue and currency, further ones for a second position in the same place."""
    venues, settles = {one.venue for one in found}, {one.settle for one in found}
    accounts: dict[str, list[Found]] = {}
    for one in found:
        parts = [options.account]
        if len(venues) > 1:
            parts.append(one.venue or "unknown")
        if len(settles) > 1:
            parts.append(one.settle)
        name, number = "-".join(parts), 1
        while any((held.symbol, held.side) == (one.symbol, one.side) for held in accounts.get(_numbered(name, number), ())):
            number += 1
        accounts.setdefault(_numbered(name, number), []).append(one)
    return accounts


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}-{number}"


# --- the file ------------------------------------------------------------------------------------------------------------


def _yaml(
    name: str,
    found: Sequence[Found],
    flat: int,
    accounts: Mapping[str, Sequence[Found]],
    tables: Mapping[str, TierTable],
    options: Options,
) -> Iterator[str]:
    venues = list(dict.fromkeys(one.venue or "an unknown venue" for one in found))
    title = f"Positions of {', '.join(venues)}"
    yield f"# Made by `adlcalc import ccxt` from {escape(name)}: {len(found)} open position{'s' * (len(found) != 1)}."
    if flat:
        yield f"# Left out: {flat} without contracts."
    yield f"title: {_text(title)}"
    rulebook = _rulebook(found, options)
    if rulebook is None:
        known = venues[0] if len(venues) == 1 else "all of these venues together"
        yield f"# assumed: there is no rulebook for {known}; the generic rules stand in"
    yield f"venue: {rulebook or 'generic'}"
    yield "markets:"
    markets = _markets(found)
    for market, positions in markets.items():
        yield from _market(market, positions, tables)
    yield "# assumed: tick and lot of each market are not in the positions; 0.00000001 each"
    yield "fund: 0  # assumed: what the insurance fund holds is not in the positions"
    yield "accounts:"
    for account, held in accounts.items():
        yield from _account(account, held, markets, options)
    yield "prices:  # one step, at the mark"
    for market, positions in markets.items():
        marks = dict.fromkeys(show(one.mark) for one in positions)
        if len(marks) > 1:
            yield f"  # assumed: the positions give the marks {', '.join(marks)}; the first is taken"
        yield f"  {_text(market)}: [{next(iter(marks))}]"


def _rulebook(found: Sequence[Found], options: Options) -> str | None:
    """The rulebook of the one venue there is, by its name or the first that begins with it."""
    venues = {one.venue for one in found}
    name = next(iter(venues)) if len(venues) == 1 else None
    if name is None:
        return None
    names = [book for book in options.rulebooks if book == name or book.startswith(f"{name}-")]
    return name if name in names else next(iter(names), None)


def _markets(found: Sequence[Found]) -> dict[str, list[Found]]:
    """Positions by market; with several venues the market's name begins with the venue's."""
    several = len({one.venue for one in found}) > 1
    markets: dict[str, list[Found]] = {}
    for one in found:
        markets.setdefault(f"{one.venue or 'unknown'} {one.symbol}" if several else one.symbol, []).append(one)
    return markets


def _market(name: str, positions: Sequence[Found], tables: Mapping[str, TierTable]) -> Iterator[str]:
    """Contract and maintenance margin."""
    first = positions[0]
    head = f"contract: {first.contract.kind}, multiplier: {show(first.contract.multiplier)}"
    table = tables.get(first.symbol) or (tables.get("") if len(tables) == 1 else None)
    if table is not None:
        rows = ", ".join(
            f"{{{'' if up_to is None else f'up_to: {show(up_to)}, '}rate: {show(rate)}}}" for up_to, rate in table.tiers
        )
        rule = f"{{tiers: [{rows}], by: {table.by}}}" if len(table.tiers) > 1 else show(table.tiers[0][1])
        yield f"  {_text(name)}: {{{head}, maintenance: {rule}}}"
        return
    rates = dict.fromkeys(one.rate for one in positions if one.rate is not None)
    if not rates:
        yield "  # assumed: no maintenance margin rate is given; the rulebook's is taken"
        yield f"  {_text(name)}: {{{head}}}"
        return
    largest = max((one for one in positions if one.rate is not None), key=lambda one: one.size)
    assert largest.rate is not None
    why = "" if len(rates) == 1 else f" of the largest, of {', '.join(show(rate) for rate in rates)}"
    yield f"  # assumed: the maintenance margin rate of the position's tier{why} holds at every size; --tiers gives the table"
    yield f"  {_text(name)}: {{{head}, maintenance: {show(largest.rate)}}}"


def _account(name: str, positions: Sequence[Found], markets: Mapping[str, Sequence[Found]], options: Options) -> Iterator[str]:
    """One account in long form."""
    cross = [one for one in positions if one.cross]
    yield f"  - id: {_text(name)}"
    yield f"    margin: {'cross' if cross else 'isolated'}"
    if cross:
        if options.balance is not None:
            yield f"    balance: {show(options.balance)}"
        else:
            notes = dict.fromkeys(note for one in cross for note in one.notes if note.startswith(BALANCE))
            for note in notes:
                yield from _comment(4, f"assumed: {note}, and the unrealized pnl is taken off")
            yield f"    balance: {show(_balance(cross))}"
    yield "    positions:"
    for one in positions:
        market = next(market for market, held in markets.items() if one in held)
        yield from _position(one, market, bool(cross))


BALANCE = "the balance of the account"
COMMENT = 110  # columns


def _balance(cross: Sequence[Found]) -> Decimal:
    """Equity behind the positions less their pnl; a collateral that several positions tell alike is the account's, once."""
    equities = [one.margin for one in cross]
    whole = equities[0] if all(one.shared for one in cross) and len(set(equities)) == 1 else sum(equities, ZERO)
    return whole - sum((one.pnl for one in cross), ZERO)


def _position(one: Found, market: str, account_is_cross: bool) -> Iterator[str]:
    """One position with its notes."""
    for note in one.notes:
        if not note.startswith(BALANCE):
            yield from _comment(6, f"assumed: {note}")
    if one.indicator is not None:
        lights = one.indicator.lights
        meaning = f"{lights} of 5 lights" if lights is not None else "no place in the queue, or a scale that is not published"
        yield f"      # {one.venue} shows {one.indicator.field} {escape(one.indicator.text)}: {meaning}"
    parts = [
        f"market: {_text(market)}",
        f"side: {side_name(one.side)}",
        f"size: {show(one.size)}",
        f"entry: {show(one.entry)}",
    ]
    if not one.cross:
        parts.append(f"collateral: {show(one.margin)}")
        if account_is_cross:
            parts.append("margin: isolated")
    yield f"      - {{{', '.join(parts)}}}"


def _comment(indent: int, text: str) -> Iterator[str]:
    """A comment in lines of a readable length."""
    start = " " * indent + "# "
    return iter(wrap(escape(text), COMMENT, initial_indent=start, subsequent_indent=f"{start}  ", break_long_words=False))


def _text(text: str) -> str:
    """A text in double quotes, as YAML and JSON both read it."""
    return json.dumps(escape(text), ensure_ascii=False)
