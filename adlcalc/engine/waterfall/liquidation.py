"""Liquidation: a margin unit that is due is first reduced where the rulebook says so, then taken over at its bankruptcy price.

Public: Due, find_due, worst_first, liquidate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from adlcalc.engine.books.holdings import Holding, Unit
from adlcalc.engine.contract import BY_ENTRY_VALUE, BY_NOTIONAL, BY_SIZE
from adlcalc.engine.events import BookFilled, Event, Liquidated
from adlcalc.engine.formulas import health, margin
from adlcalc.engine.rules import Due as RuleDue
from adlcalc.engine.rules import Reduction, Rules
from adlcalc.ground.numbers import DOWN, ONE, divide, round_to

if TYPE_CHECKING:
    from adlcalc.engine.waterfall.state import State


class Due(NamedTuple):
    """A margin unit under its maintenance margin."""

    unit: Unit
    equity: Decimal
    maintenance: Decimal

    def order(self) -> tuple[Decimal, int]:
        """Worst first: lowest equity per maintenance margin, ties in file order."""
        return (divide(self.equity, self.maintenance) if self.maintenance else self.equity, self.unit.order)


def is_due(rules: Rules, equity: Decimal, maintenance: Decimal) -> bool:
    """Equity at or below maintenance margin (rule due: 'below' wants it strictly below)."""
    return equity < maintenance or (equity == maintenance and rules.margin.due == RuleDue.AT_OR_BELOW)


def find_due(state: State, units: Iterable[Unit]) -> list[Due]:
    """The units that are due at the marks, worst first; the others are watched from where they stand now."""
    due = []
    for unit in units:
        if not unit.is_open():
            if unit.holder.balance < 0:
                state.doubtful[unit.holder] = None
            continue
        equity, maintenance = unit.margin()
        state.evaluations += 1
        if is_due(state.rules, equity, maintenance):
            due.append(Due(unit, equity, maintenance))
            state.doubtful[unit.holder] = None
        else:
            state.watchlist.watch(unit, equity - maintenance)
    due.sort(key=Due.order)
    return due


def liquidate(state: State, due: Due, how: Reduction) -> Iterator[Event]:
    """Reduce what can be reduced (rule liquidation.reduce); if the unit is still due, take all of it over."""
    for holding in due.unit.open_holdings():
        yield from reduce(state, due.unit, holding, how)
    equity, maintenance = due.unit.margin()
    state.evaluations += 1
    if is_due(state.rules, equity, maintenance):
        yield from take_over(state, Due(due.unit, equity, maintenance))
    else:
        state.watchlist.watch(due.unit, equity - maintenance)


def take_over(state: State, due: Due) -> Iterator[Event]:
    """Every position of the unit moves to the venue at its bankruptcy price, and the account is left nothing of that margin."""
    unit, ledger = due.unit, state.ledger
    unit.holder.liquidated = True
    for holding in unit.holdings:
        if holding.size:
            yield from ledger.settle_funding(holding)
    # all prices are those of the unit as it stands, before any of it is moved
    moves = []
    for holding, target in bankrupt_values(unit):
        price = bankruptcy(holding, target)
        # value() rounds half even; the closed account must not end below zero, so its target is the least it gets
        cost = target if price is None else max(holding.book.value(holding.signed_size, price), target)
        moves.append((holding, cost, liquidated(state, due, holding, holding.size, price, "takeover", ledger.next_claim())))
    for holding, cost, event in moves:
        yield event
        ledger.new_claim(event.claim, holding, event.bankruptcy_price, ledger.round_up(cost))
    yield from ledger.take_margin(unit, ledger.claims[-1])


def bankruptcy(holding: Holding, target: Decimal) -> Decimal | None:
    """The bankruptcy price of a position that is worth `target` there (margin.bankruptcy_price)."""
    book = holding.book
    return margin.bankruptcy_price(book.contract, holding.side, holding.size, target, book.tick)


def bankrupt_values(unit: Unit) -> list[tuple[Holding, Decimal]]:
    """For each open position the value at which it has lost its share of the unit's equity (health.bankrupt_values)."""
    holdings = unit.holdings if len(unit.holdings) == 1 else unit.open_holdings()
    if len(holdings) == 1:
        return [(holdings[0], -unit.cash())]
    values = [holding.value() for holding in holdings]
    needed = [margin.maintenance_margin(holding.lines(), abs(v)) for holding, v in zip(holdings, values, strict=True)]
    return list(zip(holdings, health.bankrupt_values(unit.cash(), values, needed), strict=True))


def liquidated(
    state: State, due: Due, holding: Holding, size: Decimal, price: Decimal | None, method: str, number: int
) -> Liquidated:
    """The event of a position that is closed, with the prices that explain it."""
    book, unit = holding.book, due.unit
    legs, cash = [], unit.cash()
    for one in unit.open_holdings():
        if one.book is book:
            legs.append(health.Leg(one.signed_size, one.lines()))
        else:  # the other markets are held: equity there, less what they need
            worth = one.value()
            cash += worth - margin.maintenance_margin(one.lines(), abs(worth))
    trigger = health.liquidation_price(book.contract, legs, cash, holding.side, book.tick)
    return Liquidated(
        state.step, number, unit.holder.id, book.name, holding.side, size, holding.entry, book.mark,
        price, trigger, due.equity, due.maintenance, "isolated" if unit.isolated else "cross", method,
    )  # fmt: skip


def reduce(state: State, unit: Unit, holding: Holding, how: Reduction) -> Iterator[Event]:
    """Fill-or-kill orders in the account's own name, each of the size that brings the position into a lower tier.

    An order is filled whole at the bankruptcy price or better, or not at all; the account keeps what it realizes.
    """
    book, rule = holding.book, holding.book.market.maintenance
    while True:
        equity, maintenance = unit.margin()
        state.evaluations += 1
        due = Due(unit, equity, maintenance)
        tier = margin.tier_index(rule, holding.size, abs(holding.value()) if rule.by == BY_NOTIONAL else holding.cost) + 1
        if not is_due(state.rules, equity, maintenance) or tier < how.from_tier:
            return
        size = size_above(holding, rule.tiers[tier - how.tiers].floor)
        price = bankruptcy(holding, dict(bankrupt_values(unit))[holding])
        fills = state.book_side(book, holding.side).fill_or_kill(size, price)
        if size >= holding.size or price is None or not fills:
            return
        yield from state.ledger.settle_funding(holding)
        number = state.ledger.next_claim()
        yield liquidated(state, due, holding, size, price, "reduced", number)
        unit.holder.liquidated = True
        for filled, at in fills:
            state.book_side(book, holding.side).take(filled)
            proceeds = book.value(holding.side * filled, at)
            state.ledger.reduce_in_book(holding, filled, proceeds)
            result = proceeds - book.value(holding.side * filled, price)
            yield BookFilled(state.step, number, book.name, holding.side, filled, at, result)
        if not how.repeat:
            return


def size_above(holding: Holding, floor: Decimal) -> Decimal:
    """The smallest number of lots whose closing leaves less than `floor` of what the tiers measure: notional, entry value or
    size.
    """
    book = holding.book
    by = book.market.maintenance.by
    basis = holding.size if by == BY_SIZE else abs(holding.cost if by == BY_ENTRY_VALUE else holding.value())
    lots = round_to(divide((basis - floor) * holding.size, basis * book.lot), ONE, DOWN)
    return (lots + 1) * book.lot
