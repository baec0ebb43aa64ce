"""The venue takes a due unit over at its bankruptcy price, where the rulebook says so after an attempt to
make it smaller.

Public: take_over, reduce_or_take_over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from adlcalc.engine.books.holdings import Due, Holding, Unit
from adlcalc.engine.books.ledger import NOTHING, Told
from adlcalc.engine.contract import BY_ENTRY_VALUE, BY_NOTIONAL, BY_SIZE
from adlcalc.engine.events import BookFilled, Event, MarginTaken
from adlcalc.engine.formulas import margin
from adlcalc.engine.formulas.worked import as_it_is, rounded
from adlcalc.engine.rules import Reduction, ReductionOrder
from adlcalc.engine.waterfall.last_resort import settle
from adlcalc.engine.waterfall.liquidation import (
    bankrupt_values,
    bankruptcy,
    is_due,
    liquidated,
    stand_of,
    values_of,
)
from adlcalc.engine.waterfall.state import State
from adlcalc.ground.numbers import DOWN, ONE, UP, ZERO, divide, round_to


def reduce_or_take_over(state: State, due: Due, how: Reduction, order: ReductionOrder) -> Iterator[Event]:
    """Reduce what can be reduced (rule liquidation.reduce); if the unit is still due, take all of it over."""
    for holding in due.unit.open_holdings():
        yield from reduce(state, due.unit, holding, how, order)
    equity, maintenance = due.unit.margin()
    state.evaluations += 1
    if is_due(state.rules, equity, maintenance):
        yield from take_over(state, Due(due.unit, equity, maintenance))
    else:
        state.watchlist.watch(due.unit, equity - maintenance)


def take_over(state: State, due: Due) -> Sequence[Event]:
    """Every position of the unit moves to the venue, at its bankruptcy price or (rule takeover_at) at the
    mark, and the account is left nothing of that margin. At the mark the margin goes the way of a surplus at
    once, and what the account lacks is a loss (settle). Source of the mark: Vega 0012-POSR-009."""
    unit, ledger, at_mark = due.unit, state.ledger, state.at_mark
    method = "network" if at_mark else "takeover"
    told: list[Event] = []
    unit.holder.liquidated, fee_inside = True, False
    for holding in unit.holdings:
        if holding.size and holding.book.funding != holding.funding:
            told += ledger.settle_funding(holding)
    # all prices are those of the unit as it stands, before any of it is moved
    moves, stood = [], stand_of(unit)
    for holding, target in values_of(unit, stood):
        bankrupt, book = bankruptcy(holding, target), holding.book
        price, fee_inside = bankrupt.price, fee_inside or bool(holding.fee_inside())
        cost = target.value if price is None else book.value(holding.signed_size, price)
        if target.value > cost and not book.quotes[holding.side].in_favor:
            # value() rounds half even; the closed account must not end below zero, so its target is the least
            # it gets. Where the venue cuts its price off, the fund pays what the account is short of it.
            cost = target.value
        number = ledger.next_number()
        story = liquidated(state, due, holding, holding.size, bankrupt, stood, method, number)
        if at_mark:
            price, cost = book.mark, holding.value()
        moves.append((holding, price, cost, story))
    for holding, price, cost, event in moves:
        told.append(event)
        ledger.new_claim(event.claim, holding, price, ledger.round_up(cost))
    last = ledger.claims[-1]
    if at_mark:
        left = ledger.empty_margin(unit)
        told.append(MarginTaken(state.step, ledger.number_of(last), unit.holder.id, last.book.name, left))
        told += settle(state, last, left)
    elif (left := ledger.empty_margin(unit)) > ZERO and fee_inside:
        how = as_it_is("fee", "margin that the fee inside the bankruptcy price leaves", left)
        told += ledger.fee_of_claim(last, left, state.rules.fees.to, (how,))
    else:  # the dust of rounded prices; below zero where no price exists, or a rounded one is too low
        told += ledger.post_result(last, left, "dust")
    return told


def reduce(
    state: State, unit: Unit, holding: Holding, how: Reduction, order: ReductionOrder
) -> Iterator[Event]:
    """Orders in the account's own name, each of the size that brings the position into a lower tier.

    An order is filled at the bankruptcy price or better, whole or not at all (fill-or-kill), or as far as the
    book goes (immediate-or-cancel); the account keeps what it realizes."""
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
        whole = order == ReductionOrder.FILL_OR_KILL
        fills = state.book_side(book, holding.side).fills_of(size, price, whole=whole)
        if size >= holding.size or price is None or not fills:
            return
        size = sum((filled for filled, _ in fills), ZERO)
        yield from state.ledger.settle_funding(holding)
        number = state.ledger.next_number()
        stood = stand_of(unit)
        yield liquidated(
            state,
            due,
            holding,
            size=size,
            bankrupt=bankrupt,
            stood=stood,
            method="reduced",
            number=number,
        )
        unit.holder.liquidated = True
        for filled, at in fills:
            made = state.book_side(book, holding.side).take(filled)
            proceeds, before = book.value(holding.side * filled, at), unit.holder.balance
            state.ledger.reduce_in_book(holding, filled, proceeds)
            result = proceeds - book.value(holding.side * filled, price)
            yield BookFilled(
                state.step, number, book.name, holding.side, filled, at, result, (made,), proceeds
            )
            # of an isolated position no more than the fill has freed: the price there is rounded, the margin
            # is not
            surplus = min(result, unit.holder.balance - before) if unit.isolated else result
            yield from charge(state, holding, number, proceeds, surplus)
        if not how.repeat:
            return


def charge(state: State, holding: Holding, number: int, proceeds: Decimal, surplus: Decimal) -> Told:
    """The fee on a fill of an order into a lower tier, rounded down (FeeRules.of_order)."""
    fees = state.rules.fees
    parts = (fees.reduced, abs(proceeds), surplus)
    exactly = fees.of_order(proceeds, surplus)
    how = rounded("fee", "min([rate] x [value], [surplus])", parts, exactly, state.ledger.unit, DOWN)
    return state.ledger.fee_of_order(holding, number, how.result, fees.to, (how,)) if how.result else NOTHING


def size_above(holding: Holding, floor: Decimal) -> Decimal:
    """The smallest number of lots whose closing leaves less than `floor` of what the tiers measure: notional,
    entry value or size. What is left is what the ledger will post, rounded to the money unit: a lot worth
    less than that may leave all of it, and as many are closed as it takes."""
    lot, left = holding.book.lot, left_of(holding)
    basis = left(ZERO)
    few = round_to(divide((basis - floor) * holding.size, basis * lot), ONE, DOWN) + 1
    if left(few * lot) < floor:
        return few * lot
    many = round_to(divide(holding.size, lot), ONE, UP)
    while many - few > ONE:
        middle = (few + many) // 2
        if left(middle * lot) < floor:
            many = middle
        else:
            few = middle
    return many * lot


def left_of(holding: Holding) -> Callable[[Decimal], Decimal]:
    """By how much of a position is closed: what the tiers measure of the rest."""
    book, by = holding.book, holding.book.market.maintenance.by
    if by == BY_SIZE:
        return lambda closed: holding.size - closed
    if by == BY_ENTRY_VALUE:
        return lambda closed: abs(holding.cost - holding.cost_of(closed))
    return lambda closed: abs(book.value(holding.side * (holding.size - closed), book.mark))
