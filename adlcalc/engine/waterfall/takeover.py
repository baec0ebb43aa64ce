"""The venue takes a due unit over at its bankruptcy price, where the rulebook says so after an attempt to
make it smaller.

Public: take_over, reduce_or_take_over.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from adlcalc.engine.books.holdings import Due, Holding, Unit
from adlcalc.engine.contract import BY_ENTRY_VALUE, BY_NOTIONAL, BY_SIZE
from adlcalc.engine.events import BookFilled, Event
from adlcalc.engine.formulas import margin
from adlcalc.engine.rules import Reduction
from adlcalc.engine.waterfall.liquidation import (
    bankrupt_values,
    bankruptcy,
    is_due,
    liquidated,
    liquidation_price,
)
from adlcalc.engine.waterfall.state import State, Used
from adlcalc.ground.numbers import DOWN, ONE, UP, divide, round_to


def reduce_or_take_over(state: State, due: Due, used: Used, how: Reduction) -> Iterator[Event]:
    """Reduce what can be reduced (rule liquidation.reduce); if the unit is still due, take all of it over."""
    for holding in due.unit.open_holdings():
        yield from reduce(state, due.unit, holding, how)
    equity, maintenance = due.unit.margin()
    state.evaluations += 1
    if is_due(state.rules, equity, maintenance):
        yield from take_over(state, Due(due.unit, equity, maintenance), used)
    else:
        state.watchlist.watch(due.unit, equity - maintenance)


def take_over(state: State, due: Due, used: Used) -> Iterator[Event]:
    """Every position of the unit moves to the venue at its bankruptcy price, and the account is left nothing
    of that margin."""
    unit, ledger = due.unit, state.ledger
    unit.holder.liquidated = True
    for holding in unit.holdings:
        if holding.size:
            yield from ledger.settle_funding(holding)
    # all prices are those of the unit as it stands, before any of it is moved
    moves = []
    for holding, target in bankrupt_values(unit):
        bankrupt = bankruptcy(holding, target)
        price = bankrupt.price
        # value() rounds half even; the closed account must not end below zero, so its target is the least it
        # gets
        cost = (
            target.value
            if price is None
            else max(holding.book.value(holding.signed_size, price), target.value)
        )
        story = liquidated(
            state,
            due,
            holding,
            size=holding.size,
            bankrupt=bankrupt,
            trigger=liquidation_price(unit, holding),
            method="takeover",
            number=ledger.next_number(),
        )
        moves.append((holding, cost, story))
    for holding, cost, event in moves:
        yield event
        ledger.new_claim(event.claim, holding, event.bankruptcy_price, ledger.round_up(cost))
    yield from ledger.take_margin(unit, ledger.claims[-1])


def reduce(state: State, unit: Unit, holding: Holding, how: Reduction) -> Iterator[Event]:
    """Fill-or-kill orders in the account's own name, each of the size that brings the position into a lower
    tier.

    An order is filled whole at the bankruptcy price or better, or not at all; the account keeps what it
    realizes."""
    book, rule = holding.book, holding.book.market.maintenance
    while True:
        equity, maintenance = unit.margin()
        state.evaluations += 1
        due = Due(unit, equity, maintenance)
        tier = (
            margin.tier_index(
                rule, holding.size, abs(holding.value()) if rule.by == BY_NOTIONAL else holding.cost
            )
            + 1
        )
        if not is_due(state.rules, equity, maintenance) or tier < how.from_tier:
            return
        size = size_above(holding, rule.tiers[tier - how.tiers].floor)
        bankrupt = bankruptcy(holding, dict(bankrupt_values(unit))[holding])
        price = bankrupt.price
        fills = state.book_side(book, holding.side).fill_or_kill(size, price)
        if size >= holding.size or price is None or not fills:
            return
        yield from state.ledger.settle_funding(holding)
        number = state.ledger.next_number()
        trigger = liquidation_price(unit, holding)
        yield liquidated(
            state,
            due,
            holding,
            size=size,
            bankrupt=bankrupt,
            trigger=trigger,
            method="reduced",
            number=number,
        )
        unit.holder.liquidated = True
        for filled, at in fills:
            made = state.book_side(book, holding.side).take(filled)
            proceeds = book.value(holding.side * filled, at)
            state.ledger.reduce_in_book(holding, filled, proceeds)
            result = proceeds - book.value(holding.side * filled, price)
            yield BookFilled(
                state.step, number, book.name, holding.side, filled, at, result, (made,), proceeds
            )
        if not how.repeat:
            return


def size_above(holding: Holding, floor: Decimal) -> Decimal:
    """The smallest number of lots whose closing leaves less than `floor` of what the tiers measure: notional,
    entry value or size. What is left is what the ledger will post, rounded to the money unit: a lot worth
    less than that may leave all of it, and as many are closed as it takes."""
    book = holding.book
    by = book.market.maintenance.by
    basis = holding.size if by == BY_SIZE else abs(holding.cost if by == BY_ENTRY_VALUE else holding.value())
    few = round_to(divide((basis - floor) * holding.size, basis * book.lot), ONE, DOWN) + 1
    if by != BY_ENTRY_VALUE or abs(holding.cost - holding.cost_of(few * book.lot)) < floor:
        return few * book.lot
    many = round_to(divide(holding.size, book.lot), ONE, UP)
    while many - few > ONE:
        middle = (few + many) // 2
        if abs(holding.cost - holding.cost_of(middle * book.lot)) < floor:
            many = middle
        else:
            few = middle
    return many * book.lot
