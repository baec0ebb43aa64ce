"""Accounts written in the scenario, short form and long form -> the engine's. Those of a CSV file are in book.py.

Public: build_accounts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, DecimalException

from adlcalc.engine.margin import initial_collateral, value
from adlcalc.engine.model import LONG, SHORT, Account, Market, Position
from adlcalc.engine.numbers import ZERO, show
from adlcalc.scenario.book import build_book
from adlcalc.scenario.draft import RESERVED_IDS, Draft, name_fault
from adlcalc.scenario.limits import max_leverage
from adlcalc.scenario.schema import BookFile, LongAccount, PositionSpec, ShortAccount
from adlcalc.source.nodes import Path
from adlcalc.source.problems import closest_hint, quote

SIDES = {"long": LONG, "short": SHORT}


def build_accounts(draft: Draft, markets: Mapping[str, Market], unit: Decimal) -> list[Account]:
    """All accounts that are sound; `problems` tells of the others."""
    given = draft.file.accounts
    if given is None:
        draft.lacks("accounts", "accounts: a list, which may be empty")
        return []
    if isinstance(given, BookFile):
        return build_book(draft, given, markets, unit)
    first: dict[str, int] = {}
    accounts = []
    for i, spec in enumerate(given):
        path: Path = ("accounts", i)
        fault = name_fault(spec.id, reserved=RESERVED_IDS)
        if fault:
            draft.add((*path, "id"), f"account id {quote(spec.id)} {fault}")
        elif spec.id in first:
            draft.add((*path, "id"), f"account {quote(spec.id)} is given twice, first on line {first[spec.id]}")
        else:
            first[spec.id] = draft.node(*path, "id").line
        accounts.append(_account(draft, path, spec, markets, unit))
    return accounts


def _account(draft: Draft, path: Path, spec: ShortAccount | LongAccount, markets: Mapping[str, Market], unit: Decimal) -> Account:
    """One account and its positions."""
    if isinstance(spec, ShortAccount):
        specs: list[tuple[Path, PositionSpec | ShortAccount]] = [(path, spec)]
    else:
        specs = [((*path, "positions", i), position) for i, position in enumerate(spec.positions)]
    positions = [position for at, one in specs for position in _position(draft, at, spec, one, markets, unit)]
    margins = [one.margin or spec.margin for _, one in specs] or [spec.margin]
    name = quote(spec.id)
    if "cross" in margins and spec.balance is None:
        draft.add(path, f"account {name} has cross margin but no 'balance'", "balance: the money behind its cross positions")
    if "cross" not in margins and spec.balance is not None and spec.balance < 0:
        draft.add((*path, "balance"), f"'balance' of account {name} must be zero or more, not {show(spec.balance)}")
    held: set[tuple[str, int]] = set()
    for position, (at, _) in zip(positions, specs, strict=False):
        if (position.market, position.side) in held:
            side = "long" if position.side > 0 else "short"
            draft.add(at, f"account {name} holds two {side} positions in market {quote(position.market)}", "write them as one")
        held.add((position.market, position.side))
    return Account(spec.id, tuple(positions), spec.balance or ZERO)


def _position(
    draft: Draft,
    path: Path,
    account: ShortAccount | LongAccount,
    spec: PositionSpec | ShortAccount,
    markets: Mapping[str, Market],
    unit: Decimal,
) -> Iterator[Position]:
    """One position, or none where it has no market."""
    name, is_cross = quote(account.id), (spec.margin or account.margin) == "cross"
    if spec.market is None and len(markets) > 1:
        draft.add(path, f"account {name} does not say in which market", f"market: one of {', '.join(markets)}")
        return
    market = markets.get(spec.market) if spec.market is not None else next(iter(markets.values()))
    if market is None:
        draft.add((*path, "market"), f"there is no market {quote(spec.market)}", closest_hint(str(spec.market), markets))
        return
    if is_cross and spec.collateral is not None:
        draft.add(
            (*path, "collateral"),
            f"account {name}: a cross position has no 'collateral' of its own",
            "give the account's balance",
        )
    if not is_cross and (spec.collateral is None) == (spec.leverage is None):
        both = spec.leverage is not None
        message = "has both 'leverage' and 'collateral'" if both else "has neither 'leverage' nor 'collateral'"
        at = (*path, "collateral") if both else path
        draft.add(at, f"account {name}: an isolated position {message}", "give one of the two")
        return
    try:
        cost = value(market.contract, SIDES[spec.side] * spec.size, spec.entry, unit)
        collateral = None if is_cross else spec.collateral
        if not is_cross and spec.leverage is not None:
            collateral = initial_collateral(cost, spec.leverage, unit)
    except DecimalException:
        draft.add((*path, "size"), f"account {name}: size x entry has more digits than can be held exactly", "use fewer digits")
        return
    limit = max_leverage(market.maintenance, spec.size, abs(cost))
    if spec.leverage is not None and limit is not None and spec.leverage > limit:
        allowed = f"its tier of market {quote(market.name)} allows at most {show(limit)}"
        draft.add((*path, "leverage"), f"'leverage' of account {name} is {show(spec.leverage)}, {allowed}")
    yield Position(market.name, SIDES[spec.side], spec.size, spec.entry, collateral, spec.leverage)
