"""Accounts written in the scenario, short form and long form -> the engine's. Those of a CSV file are in
book.py.

Public: build_accounts, build_orders, exempt_accounts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, DecimalException

from adlcalc.engine.formulas.margin import initial_collateral, value
from adlcalc.engine.happenings import Standing
from adlcalc.engine.model import LONG, SHORT, Account, Market, Position
from adlcalc.ground.numbers import ZERO
from adlcalc.scenario.draft import RESERVED_IDS, Draft, name_fault
from adlcalc.scenario.faults import (
    Fault,
    amount_faults,
    balance_faults,
    digits_fault,
    margin_faults,
    market_fault,
    needs_money,
    order_faults,
    tier_fault,
    twice_fault,
)
from adlcalc.scenario.limits import max_leverage
from adlcalc.scenario.schema import BookFile, LongAccount, PositionSpec, ShortAccount
from adlcalc.source.nodes import List, Map, Path, Scalar
from adlcalc.source.problems import quote

SIDES = {"long": LONG, "short": SHORT}


def build_accounts(draft: Draft, markets: Mapping[str, Market], unit: Decimal) -> Sequence[Account]:
    """All accounts that are listed and sound; `problems` tells of the others."""
    given = draft.file.accounts
    _tell_twice(draft)
    if given is None:
        if draft.file.population is None and "population" not in draft.broken:
            draft.lacks("accounts", "accounts: a list, which may be empty")
        return []
    if isinstance(given, BookFile):
        from adlcalc.scenario.book import build_book

        return build_book(draft, given, markets, unit)
    accounts = []
    for i, spec in enumerate(given):
        path: Path = ("accounts", i)
        fault = name_fault(spec.id, reserved=RESERVED_IDS)
        if fault:
            draft.add((*path, "id"), f"account id {quote(spec.id)} {fault}")
        if spec.owner is not None:
            if fault := name_fault(spec.owner):
                draft.add((*path, "owner"), f"owner {quote(spec.owner)} {fault}")
            draft.owners[spec.id] = spec.owner
        accounts.append(_account(draft, path, spec, markets, unit))
    return accounts


def _tell_twice(draft: Draft) -> None:
    """The ids that several accounts have, as they are written: an account that is faulty has one too."""
    accounts = draft.whole.items.get("accounts")
    items = accounts.items if isinstance(accounts, List) else []
    first: dict[str, int] = {}
    for item in items:
        name = item.items.get("id") if isinstance(item, Map) else None
        if not isinstance(name, Scalar) or name.is_null or name_fault(name.text, reserved=RESERVED_IDS):
            continue
        if name.text in first:
            message = f"account {quote(name.text)} is given twice, first on line {first[name.text]}"
            draft.problems.add(name, message)
        else:
            first[name.text] = name.line


def exempt_accounts(draft: Draft) -> frozenset[str]:
    """Those of the file itself, or of a book, that are never liquidated."""
    given = draft.file.accounts
    own = {spec.id for spec in given if spec.exempt} if isinstance(given, list) else set()
    return frozenset(draft.exempt | own)


def build_orders(draft: Draft, markets: Mapping[str, Market]) -> tuple[Standing, ...]:
    """The stops and take-profits of the positions of the file itself, in its order, and of those of a
    book."""
    given, found = draft.file.accounts, list(draft.orders)
    for i, account in enumerate(given if isinstance(given, list) else ()):
        path: Path = ("accounts", i)
        held: list[tuple[Path, PositionSpec | ShortAccount]] = (
            [(path, account)]
            if isinstance(account, ShortAccount)
            else [((*path, "positions", k), one) for k, one in enumerate(account.positions)]
        )
        for at, one in held:
            market = one.market or next(iter(markets))
            if (one.stop is None and one.take_profit is None) or market not in markets:
                continue
            side = SIDES[one.side]
            for fault in order_faults(account.id, side, one.stop, one.take_profit):
                draft.add((*at, "take_profit"), fault.message, fault.hint)
            found.append(Standing(account.id, market, side, one.stop, one.take_profit))
    return tuple(found)


def _account(
    draft: Draft, path: Path, spec: ShortAccount | LongAccount, markets: Mapping[str, Market], unit: Decimal
) -> Account:
    """One account and its positions."""
    if isinstance(spec, ShortAccount):
        specs: list[tuple[Path, PositionSpec | ShortAccount]] = [(path, spec)]
    else:
        specs = [((*path, "positions", i), position) for i, position in enumerate(spec.positions)]
    positions = [position for at, one in specs for position in _position(draft, at, spec, one, markets, unit)]
    margins = [one.margin or spec.margin for _, one in specs] or [spec.margin]
    _tell(draft, path, balance_faults(spec.id, "cross" in margins, spec.balance))
    _tell(draft, path, needs_money("balance", f"account {quote(spec.id)}", spec.balance, unit))
    held: set[tuple[str, int]] = set()
    for position, (at, _) in zip(positions, specs, strict=False):
        if (position.market, position.side) in held:
            _tell(draft, at, [twice_fault(spec.id, position)])
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
        draft.add(
            path, f"account {name} does not say in which market", f"market: one of {', '.join(markets)}"
        )
        return
    market = markets.get(spec.market) if spec.market is not None else next(iter(markets.values()))
    if market is None:
        _tell(draft, path, [market_fault(str(spec.market), markets)])
        return
    found = list(margin_faults(account.id, is_cross, spec.leverage, spec.collateral))
    found += amount_faults(account.id, market, spec.size, spec.leverage, spec.collateral, unit)
    _tell(draft, path, found)
    if not is_cross and (spec.collateral is None) == (spec.leverage is None):
        return
    try:
        cost = value(market.contract, SIDES[spec.side] * spec.size, spec.entry, unit)
        collateral = None if is_cross else spec.collateral
        if not is_cross and spec.leverage is not None:
            collateral = initial_collateral(cost, spec.leverage, unit)
    except DecimalException:
        _tell(draft, path, [digits_fault(account.id)])
        return
    limit = max_leverage(market.maintenance, spec.size, abs(cost))
    if spec.leverage is not None and limit is not None and spec.leverage > limit:
        _tell(draft, path, [tier_fault(account.id, market, spec.leverage, limit)])
    yield Position(market.name, SIDES[spec.side], spec.size, spec.entry, collateral, spec.leverage)


def _tell(draft: Draft, path: Path, found: Iterable[Fault]) -> None:
    """Each fault at its value, where there is one."""
    for fault in found:
        draft.add(path if fault.key is None else (*path, fault.key), fault.message, fault.hint)
