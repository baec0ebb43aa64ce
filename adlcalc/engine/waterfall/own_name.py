"""Liquidation in the account's own name (rule liquidation.method: market): orders, of which the account keeps
what they leave.

A due unit is worked in this order: its orders (orders.py says how large and at which price), then vault or
queue for what is still due, then the fee, then the debt of an account that is left with nothing. What is
still open stays with the account and is looked at at every step.

Public: place_orders, vault_takes, queue_takes, pay_fee, settle_flat, watch_on, settle_markets.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from adlcalc.engine.books.claims import Closing, Number, OwnOrder
from adlcalc.engine.books.fund import largest_affordable
from adlcalc.engine.books.holdings import Due, Holding, MarketBook, Unit
from adlcalc.engine.books.ledger import NOTHING, Told
from adlcalc.engine.books.liquidity import Offer, StepBook
from adlcalc.engine.events import BookFilled, Event
from adlcalc.engine.formulas.health import Stand
from adlcalc.engine.formulas.prices import BySolvency
from adlcalc.engine.formulas.worked import Worked, as_it_is, rounded
from adlcalc.engine.rules import (
    AdlWhen,
    Charge,
    Deficit,
    FeeCap,
    Fillable,
    InBook,
    Liquidator,
    Orders,
    OwnName,
    Portion,
    Positions,
    Rounded,
    Share,
)
from adlcalc.engine.waterfall.deleveraging import deleverage
from adlcalc.engine.waterfall.last_resort import uncovered
from adlcalc.engine.waterfall.liquidation import (
    EQUITY,
    Priced,
    bankrupt_values,
    bankruptcy,
    is_due,
    less,
    liquidated,
    stand_of,
)
from adlcalc.engine.waterfall.orders import (
    AnyOrders,
    equity_fee,
    limit_price,
    order_size,
    quote_of,
    remainder_fee,
    schedule,
    surplus_fee,
)
from adlcalc.engine.waterfall.state import State, Used
from adlcalc.ground.numbers import ONE, ZERO, D


def settle_markets(state: State) -> Iterator[Event]:
    """Everybody in file order, due or not, is closed against the other side (rule adl.when: settlement),
    without a book. Who has nothing open opens nothing but by a trade of the path."""
    if state.unsettled is None or state.scenario.path.events:
        state.unsettled = state.ledger.units
    state.unsettled = [unit for unit in state.unsettled if unit.is_open()]
    state.doubt(state.unsettled)
    for unit in state.unsettled:
        if not unit.is_open():
            continue  # closed as the other side of somebody before it
        for holding in unit.open_holdings():
            yield from close_against_queue(state, unit_due(unit), holding, "settled")
        yield from settle_flat(state, unit_due(unit))


def unit_due(unit: Unit) -> Due:
    """The unit as it stands now."""
    return Due(unit, *unit.margin())


# --- orders -------------------------------------------------------------------------------------------------


def note_opened(state: State, due: Due) -> Told:
    """What was open before the orders, for a fee on all that they close (`pay_fee`)."""
    state.used_by(due.unit).opened = [(holding, holding.size) for holding in due.unit.open_holdings()]
    return NOTHING


def place_orders(state: State, due: Due, rules: AnyOrders) -> Iterator[Event]:
    """One order per position while the unit is due; where then_whole, a second one for all that is left.
    positions 'one': until one of them has closed something in this step (dYdX: one perpetual of an account in
    a block)."""
    unit, used = due.unit, state.used_by(due.unit)
    if only_waits(state, unit, rules):
        return
    for whole in (False, True) if isinstance(rules, Portion) and rules.then_whole else (False,):
        for holding, size in schedule(rules, state.as_it_stands(due)):
            now = state.as_it_stands(due)
            state.evaluations += 1
            if not is_due(state.rules, now.equity, now.maintenance) and size is None:
                return
            if rules.positions == Positions.ONE and used.filled:
                return
            if holding.size:  # else closed meanwhile, as the other side of its own account's order
                yield from place_order(state, now, holding, rules, size, whole, used)


def only_waits(state: State, unit: Unit, rules: AnyOrders) -> bool:
    """Would none of its orders meet anybody, in a book without an offer, nor settle any funding?"""
    if state.rules.adl.when == AdlWhen.REMAINDER or not isinstance(rules.buyer, InBook):
        return False
    for holding in unit.open_holdings():
        book = holding.book
        if book.funding != holding.funding or state.book_side(book, holding.side).next() is not None:
            return False
    return True


def place_order(
    state: State, due: Due, holding: Holding, rules: AnyOrders, size: Decimal | None, whole: bool, used: Used
) -> Iterator[Event]:
    """One order, filled as far as its limit and the fund allow; under adl.when 'remainder' the queue takes
    the rest of it."""
    book = holding.book
    if isinstance(rules, Deficit):
        assert size is not None  # its orders are sized all at once
        size = min(size, holding.size)
    else:
        room = None if rules.max_notional is None else rules.max_notional - used.notional
        size = order_size(rules, holding, whole, room)
    if not size:
        return
    had, notional, each = holding.size, abs(holding.value()), book.value(holding.side * size, book.mark)
    used.begun = True
    yield from state.ledger.settle_funding(holding)
    queued = state.rules.adl.when == AdlWhen.REMAINDER
    if not queued and buyer_of(state, book, holding.side, rules.buyer).next() is None:
        return  # nobody would fill it at any price
    order, stood = own_order(state, due, holding), stand_of(due.unit)
    events = list(
        fill_order(state, order, size, rules, limit_price(rules.limit, due, holding, order.price), used)
    )
    done = had - holding.size
    if queued and done < size:
        events.extend(against_queue(state, due, order.of_size(size - done)))
    done = had - holding.size
    if done:
        used.filled.add(holding)
        used.notional += abs(each) if done == size else abs(book.value(done, book.mark))
    yield from told(state, due, order, stood, done, "market", events, used)
    if rules.charge and rules.charge.fee_cap == FeeCap.REMAINDER and done:
        needs = due.maintenance + (rules.rate_buffer * notional if isinstance(rules, Deficit) else ZERO)
        closed = abs(book.value(done, book.mark))
        fee = remainder_fee(
            rules.charge, rules.discount, needs, due.equity, notional, closed, state.ledger.unit
        )
        yield from state.ledger.account_pays_fund(holding, state.ledger.number_of(order), fee[-1].result, fee)


def told(
    state: State,
    due: Due,
    order: OwnOrder,
    stood: Stand,
    done: Decimal,
    method: str,
    events: list[Event],
    used: Used,
) -> Iterator[Event]:
    """How much of a position was closed, then the fills that did it. stood: how its unit did before them."""
    if events:
        used.claim = state.ledger.number_of(order)
    if done:
        order.holder.liquidated = True
        bankrupt = Priced(order.price, order.how)
        yield liquidated(
            state,
            due,
            order.holding,
            size=done,
            bankrupt=bankrupt,
            stood=stood,
            method=method,
            number=used.claim,
        )
    yield from events


def own_order(state: State, due: Due, holding: Holding) -> OwnOrder:
    """The position as something to be closed, still in the account's name."""
    how = state.rules.liquidation.method
    rules = how.size if isinstance(how, OwnName) and isinstance(how.size, Orders) else Orders()
    if rules.share == Share.ALL:
        target = less(holding, holding.value(), as_it_is(EQUITY, EQUITY, due.equity))
    else:
        target = dict(bankrupt_values(due.unit))[holding]
    price, made = bankruptcy(holding, target)
    cost = target.value if price is None else holding.book.value(holding.signed_size, price)
    return OwnOrder(
        holder=holding.holder,
        book=holding.book,
        side=holding.side,
        price=price,
        size=holding.size,
        cost=cost,
        number=Number(),
        holding=holding,
        how=made,
        quote=quote_of(holding) if rules.rounding == Rounded.MONEY and price is not None else None,
    )


class StandingOffer:
    """A liquidator who takes any size at one price (rule liquidation.buyer), or what its capacity of the step
    leaves, in lots; a price of zero is no offer, as in a book."""

    def __init__(self, state: State, book: MarketBook, price: Worked, capacity: Decimal | None) -> None:
        self._price, self._state, self._book, self._capacity = price, state, book, capacity

    def next(self) -> Offer | None:
        price, size = self._price.result, None
        if self._capacity is not None:
            name, lot = self._book.name, self._book.lot
            if name not in self._state.capacity:  # in contracts, once: lots may be worth less than a unit
                most = largest_affordable(MANY * lot, lot, self._notional, self._capacity)
                self._state.capacity[name] = most
            size = self._state.capacity[name]
            if not size:
                return None
        return Offer(size, lambda _size: price, flat=True) if price > 0 else None

    def take(self, size: Decimal) -> Worked:
        """Its price."""
        if self._capacity is not None:
            self._state.capacity[self._book.name] -= size
        return self._price

    def _notional(self, size: Decimal) -> Decimal:
        """At the mark."""
        return abs(self._book.value(size, self._book.mark))


MANY = D("1E+24")
"""Lots: more than anybody holds."""


def buyer_of(
    state: State, book: MarketBook, side: int, buyer: InBook | Liquidator
) -> StepBook | StandingOffer:
    """Who takes an order that closes `side`: the step's book, or a liquidator at the mark less the
    discount."""
    if isinstance(buyer, Liquidator):
        formula = "[mark] x (1 - [discount])" if side > 0 else "[mark] x (1 + [discount])"
        price = book.mark * (ONE - side * buyer.discount)
        how = rounded("price", formula, (book.mark, buyer.discount), price, book.tick)
        return StandingOffer(state, book, how, buyer.capacity)
    return state.book_side(book, side)


def fill_order(
    state: State, claim: OwnOrder, size: Decimal, rules: AnyOrders, limit: Decimal | None, used: Used
) -> Iterator[Event]:
    """The offers, best first, within the limit. With limit 'fillable' a fill worse than the bankruptcy price
    needs the fund to pay for all of it; a better one pays the fee out of its surplus."""
    book, covered = claim.book, rules.limit if isinstance(rules.limit, Fillable) else None
    buyer = buyer_of(state, book, claim.side, rules.buyer)
    while size and (offer := buyer.next()):
        part = within(offer, size, limit, claim)
        if not part:
            return
        price = offer.price(part)
        proceeds = book.value(claim.side * part, price)
        result = proceeds - claim.cost_of(part)
        if covered and result < 0 and not fund_covers(covered, claim, -result, used):
            return
        how = buyer.take(part)
        state.ledger.fill_in_book(claim, part, proceeds)
        number = state.ledger.number_of(claim)
        yield BookFilled(state.step, number, book.name, claim.side, part, price, result, (how,), proceeds)
        if covered and result < 0:
            used.fund_paid -= result
            yield from state.ledger.fund_pays_account(claim.holding, number, -result)
        elif rules.charge and rules.charge.fee_cap == FeeCap.SURPLUS:
            fee = surplus_fee(rules.charge, claim, proceeds, result, state.ledger.unit)
            yield from state.ledger.account_pays_fund(claim.holding, number, fee[-1].result, fee)
        size -= part
        if covered and not is_due(state.rules, *claim.holding.unit.margin()):
            return


def within(offer: Offer, size: Decimal, limit: Decimal | None, claim: Closing) -> Decimal:
    """How much of `size` the offer takes at the limit or better, in lots where its price moves with the
    size."""
    part = size if offer.size is None else min(size, offer.size)
    if limit is None or not part:
        return part
    return largest_affordable(part, claim.book.lot, lambda x: claim.side * (limit - offer.price(x)), ZERO)


def fund_covers(limit: Fillable, claim: Closing, amount: Decimal, used: Used) -> bool:
    """May the fund pay that much for this account in this step?"""
    most = limit.max_fund_paid
    fund, name = claim.book.fund, claim.book.name
    if amount > fund.available(name):
        fund.refuse(name)
        return False
    return most is None or used.fund_paid + amount <= most


# --- after the orders ---------------------------------------------------------------------------------------


def queue_takes(state: State, due: Due, orders: AnyOrders) -> Iterator[Event]:
    """The queue takes what is still due of an account whose equity is negative (rule adl.when: negative;
    zero-fill: only a position of which nothing was filled)."""
    now = state.as_it_stands(due)
    if not still_due(state, now) or now.equity >= 0:
        return
    zero_fill, used = state.rules.adl.when == AdlWhen.ZERO_FILL, state.used_by(due.unit)
    for holding in due.unit.open_holdings():
        if orders.positions == Positions.ONE and used.filled:
            return
        if holding.size and not (zero_fill and holding in used.filled):
            yield from close_against_queue(state, unit_due(due.unit), holding, "deleveraged")


def still_due(state: State, due: Due) -> bool:
    """Is anything of it open, and under its maintenance margin?"""
    return due.unit.is_open() and is_due(state.rules, due.equity, due.maintenance)


def pay_fee(state: State, due: Due, charge: Charge) -> Told:
    """The fee on all that was closed, from the equity that is left (orders.equity_fee)."""
    unit, used = due.unit, state.used_by(due.unit)
    used.begun = True
    closed = sum((abs(h.book.value(size - h.size, h.book.mark)) for h, size in used.opened), ZERO)
    fee = equity_fee(charge, closed, unit.margin()[0], state.ledger.unit)
    return state.ledger.account_pays_fund(unit.holdings[0], used.claim, fee[-1].result, fee)


def watch_on(state: State, due: Due) -> Told:
    """What is still open stays with the account, and is looked at when its margin may be gone; while it is
    due, at every step."""
    unit = due.unit
    if unit.is_open():
        _, equity, maintenance = state.as_it_stands(due)
        if equity > maintenance:
            state.watchlist.watch(unit, equity - maintenance)
        else:
            state.watchlist.keep(unit)
    return NOTHING


def close_against_queue(state: State, due: Due, holding: Holding, method: str) -> Iterator[Event]:
    """A whole position of the account against the queue."""
    if not holding.size:
        return
    had, used = holding.size, state.used_by(due.unit)
    used.begun = True
    yield from state.ledger.settle_funding(holding)
    if not holding.book.open_interest[-holding.side]:
        return  # there is nobody on the other side
    order, stood = own_order(state, due, holding), stand_of(due.unit)
    events = list(against_queue(state, due, order))
    if holding.size < had:
        used.filled.add(holding)
    yield from told(state, due, order, stood, had - holding.size, method, events, used)


def against_queue(state: State, due: Due, order: OwnOrder) -> Iterator[Event]:
    """Deleverage an order in the account's own name: with price mark-if-solvent at the mark where the account
    has equity."""
    if isinstance(state.rules.adl.price, BySolvency) and due.equity >= 0:
        order = order.at_the_mark()
    yield from deleverage(state, order)


def settle_flat(state: State, due: Due) -> Iterator[Event]:
    """A unit without positions: what is left of an isolated margin is free; a debt is paid by the fund as far
    as it may, and the rest is for the last resort."""
    unit, ledger = due.unit, state.ledger
    first, left, used = unit.holdings[0], unit.money(), state.used_by(unit)
    if unit.is_open() or not left or not used.claim:
        return
    if left > 0:
        ledger.free_margin(unit)
        return
    paid = min(-left, first.book.fund.available(first.book.name))
    yield from ledger.fund_pays_account(first, used.claim, paid)
    if paid < -left:
        first.book.fund.refuse(first.book.name)
        ledger.forgive(first, -left - paid)
        yield from uncovered(state, first.book, used.claim, -left - paid)
