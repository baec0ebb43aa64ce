"""Stops and take-profits: orders that stand with a position until the mark is there.

Public: fill_standing.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from adlcalc.engine.books.fund import largest_affordable
from adlcalc.engine.books.holdings import Holding
from adlcalc.engine.events import Event, OrderFilled, StopMissed
from adlcalc.engine.waterfall.liquidation import bankrupt_values, bankruptcy, is_due
from adlcalc.engine.waterfall.state import State
from adlcalc.ground.numbers import ZERO

STOP, TAKE_PROFIT = "stop", "take-profit"


class Reached(NamedTuple):
    """An order whose trigger the mark has reached."""

    holding: Holding
    order: str
    trigger: Decimal


def fill_standing(state: State) -> Iterator[Event]:
    """Orders that the mark has reached are filled in the step's book, those first that it reached first (it
    has gone farthest past them), ties in file order.

    A unit that is due already is not stopped any more: it is liquidated, and the gap is told."""
    for one in reached(state):
        holding, unit, book = one.holding, one.holding.unit, one.holding.book
        if not holding.size:
            continue
        equity, maintenance = unit.margin()
        exempt = holding.holder.id in state.scenario.exempt
        if not exempt and is_due(state.rules, equity, maintenance):
            key = holding, one.trigger
            if one.order == STOP and key not in state.missed:
                state.missed.add(key)
                gap = book.value(holding.signed_size, one.trigger) - holding.value()
                told = (one.trigger, book.previous, book.mark, holding.size, gap)
                yield StopMissed(state.step, holding.holder.id, book.name, holding.side, *told)
            continue
        yield from state.settle_funding(holding)
        yield from fill(state, one)


def reached(state: State) -> list[Reached]:
    """Of the positions that are still held, in markets that are not halted."""
    found = []
    for one in state.scenario.orders:
        book = state.ledger.markets[one.market]
        if one.market in state.halted:
            continue
        holding = next(
            h for h in state.ledger.holder_of(one.account).holdings if (h.book, h.side) == (book, one.side)
        )
        for order, trigger, way in ((STOP, one.stop, -1), (TAKE_PROFIT, one.take_profit, 1)):
            if trigger is not None and holding.size and (book.mark - trigger) * one.side * way >= 0:
                found.append(Reached(holding, order, trigger))
    return sorted(found, key=lambda one: -abs(one.holding.book.mark - one.trigger))


def fill(state: State, one: Reached) -> Iterator[Event]:
    """The step's offers best first, none beyond the bankruptcy price; what is left is tried again at the next
    step."""
    holding, book = one.holding, one.holding.book
    limit = bankruptcy(holding, dict(bankrupt_values(holding.unit))[holding]).price
    side = state.book_side(book, holding.side)
    while holding.size and limit is not None and (offer := side.next()):
        size = holding.size if offer.size is None else min(holding.size, offer.size)
        price_of, sign, worst = offer.price, holding.side, limit
        size = largest_affordable(size, book.lot, lambda x: sign * (worst - price_of(x)), ZERO)  # noqa: B023  (called at once)
        if not size:
            return
        price = price_of(size)
        how = side.take(size)
        proceeds = book.value(holding.side * size, price)
        gap = book.value(holding.side * size, one.trigger) - proceeds
        pnl = state.ledger.reduce_in_book(holding, size, proceeds)
        state.note_change(holding)
        yield OrderFilled(
            step=state.step,
            account=holding.holder.id,
            market=book.name,
            side=holding.side,
            order=one.order,
            trigger=one.trigger,
            mark=book.mark,
            size=size,
            price=price,
            realized_pnl=pnl,
            gap=gap,
            left=holding.size,
            how=(how,),
        )
