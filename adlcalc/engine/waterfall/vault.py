"""A vault that takes whole accounts over, and that is deleveraged itself once it has lost its own money
(rules backstop.vault_capital, vault_cap, vault_threshold).

Public: vault_takes, deleverage_vaults.
"""

from __future__ import annotations

from collections.abc import Iterator

from adlcalc.engine.books.claims import Backstop, Number, VaultOrder
from adlcalc.engine.books.holdings import Due, MarketBook
from adlcalc.engine.events import Event
from adlcalc.engine.formulas.prices import BySolvency
from adlcalc.engine.model import VAULT
from adlcalc.engine.rules import AdlWhen, OwnMoney, Vault
from adlcalc.engine.waterfall.backstop import to_vault
from adlcalc.engine.waterfall.deleveraging import deleverage
from adlcalc.engine.waterfall.liquidation import bankrupt_values, bankruptcy, is_due, liquidated
from adlcalc.engine.waterfall.state import State
from adlcalc.ground.numbers import ZERO


def vault_takes(state: State, due: Due, rules: Vault) -> Iterator[Event]:
    """The vault takes what is still due, with equity not below zero, but below its part of the maintenance
    margin; with money of its own, as long as it has not lost its part of that and the account fits under its
    cap."""
    now = state.as_it_stands(due)
    still = now.unit.is_open() and is_due(state.rules, now.equity, now.maintenance)
    if still and ZERO <= now.equity < rules.vault_below * now.maintenance and has_room(state, now, rules.own):
        yield from to_vault(state, now)


def has_room(state: State, due: Due, own: OwnMoney | None) -> bool:
    """Has the vault money left, and room under its cap for all of the unit?"""
    if own is None:
        return True
    vault = state.ledger.vault(VAULT, due.unit.holdings[0].book.settles)
    if vault.equity() <= own.line():
        return False
    taken = sum((abs(holding.value()) for holding in due.unit.open_holdings()), ZERO)
    return own.vault_cap is None or vault.notional() + taken <= own.vault_cap


def own_money(state: State) -> OwnMoney | None:
    """What a vault of its own money is told; None where there is none."""
    kind = state.rules.backstop.kind
    return kind.own if isinstance(kind, Vault) else None


def deleverage_vaults(state: State) -> Iterator[Event]:
    """A vault whose equity is at or below capital x (1 - threshold) is deleveraged like anybody: position by
    position, in the order of the markets, until it is above that or nothing is left. Sources: Hyperliquid, 26
    March 2025 (past a loss threshold); Lighter, LLP strategies (one with 1 M can lose 1 M, then it is subject
    to deleveraging)."""
    own = own_money(state)
    if own is None or state.rules.adl.when == AdlWhen.NEVER:
        return
    for vault in state.ledger.backstops.values():
        for book in sorted(vault.positions, key=lambda book: book.order):
            if vault.positions[book][0] and vault.equity() <= own.line():
                yield from close_against_queue(state, vault, book, own)


def close_against_queue(state: State, vault: Backstop, book: MarketBook, own: OwnMoney) -> Iterator[Event]:
    """A whole position of the vault against the queue; with price mark-if-solvent at the mark where the vault
    has equity."""
    equity, unit = vault.equity(), state.ledger.as_account(vault)
    holding, target = next(one for one in bankrupt_values(unit) if one[0].book is book)
    bankrupt, had = bankruptcy(holding, target), holding.size
    price = bankrupt.price
    cost = target.value if price is None else book.value(holding.signed_size, price)
    if isinstance(state.rules.adl.price, BySolvency) and equity >= 0:
        price, cost = book.mark, holding.value()
    order = VaultOrder(unit.holder, book, holding.side, price, had, cost, Number(), vault, bankrupt.how)
    events = list(deleverage(state, order))
    if order.size < had:
        yield liquidated(
            state,
            Due(unit, equity, own.line()),
            holding,
            size=had - order.size,
            bankrupt=bankrupt,
            stood=None,
            method="vault",
            number=state.ledger.number_of(order),
        )
    yield from events
