"""May a counterparty take an ADL fill? (rule adl.would_bankrupt)

Public: refused, may_move.
"""

from __future__ import annotations

from decimal import Decimal

from adlcalc.engine.books.holdings import Holding, Unit
from adlcalc.engine.contract import BY_NOTIONAL
from adlcalc.engine.formulas import margin
from adlcalc.engine.rules import WouldBankrupt
from adlcalc.ground.numbers import ZERO, divide

SKIP, MARGIN_CHECK = WouldBankrupt.SKIP, WouldBankrupt.MARGIN_CHECK


def refused(rule: WouldBankrupt, holding: Holding, size: Decimal, forgone: Decimal) -> Decimal | None:
    """The equity that the fill would leave behind the position, where the rule passes the position over for
    it; else None.

    skip: a fill worse than the mark that leaves less than zero. margin-check: a fill that `may_move` forbids.
    allow: none."""
    if rule is SKIP and forgone > ZERO:
        after = holding.unit.equity() - forgone
        return after if after < ZERO else None
    if rule is MARGIN_CHECK:
        equity, maintenance = holding.unit.margin()
        after = equity - forgone
        left = holding.size - size
        own = margin.maintenance_margin(holding.lines(), abs(holding.value()))
        own_after = margin.maintenance_margin(*_shrunk(holding, left)) if left else ZERO
        initial = initial_margin(holding.unit, holding, left)
        allowed = may_move(equity, maintenance, after, maintenance - own + own_after, initial)
        return None if allowed else after
    return None


def may_move(
    equity: Decimal,
    maintenance: Decimal,
    equity_after: Decimal,
    maintenance_after: Decimal,
    initial_after: Decimal | None,
) -> bool:
    """May an account go from one state to the other? It may where the equity covers the initial margin (None:
    unknown); else the maintenance margin must not rise, and equity per maintenance margin must not fall;
    without margin the equity must not be negative. Source: dYdX v4 chain, subaccounts, state transitions of
    an undercollateralized account."""
    if initial_after is not None and equity_after >= initial_after:
        return True
    if maintenance_after > maintenance:
        return False
    if not maintenance_after:
        return equity_after >= 0 or (not maintenance and equity_after > equity)
    return equity_after * maintenance >= equity * maintenance_after


def initial_margin(unit: Unit, shrunk: Holding, left: Decimal) -> Decimal | None:
    """Notional / highest leverage of the tier, over all positions of the unit, one of them shrunk to `left`;
    None where a tier names no leverage."""
    total = ZERO
    for holding in unit.holdings:
        size = left if holding is shrunk else holding.size
        if not size:
            continue
        notional = abs(holding.book.value(size, holding.book.mark))
        leverage = _max_leverage(holding, size, notional)
        if leverage is None:
            return None
        total += divide(notional, leverage)
    return total


def _max_leverage(holding: Holding, size: Decimal, notional: Decimal) -> Decimal | None:
    rule = holding.book.market.maintenance
    basis = notional if rule.by == BY_NOTIONAL else holding.cost_of(size)
    return rule.tiers[margin.tier_index(rule, size, basis)].max_leverage


def _shrunk(holding: Holding, left: Decimal) -> tuple[margin.Lines, Decimal]:
    """The maintenance lines and the notional of a position of which `left` is left."""
    cost = holding.cost - holding.cost_of(holding.size - left)
    lines = holding.book.lines_of(left, cost, isolated=holding.collateral is not None)
    return lines, abs(holding.book.value(left, holding.book.mark))
