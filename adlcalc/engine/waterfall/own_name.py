"""Liquidation in the account's own name (rule liquidation.method: market): orders, of which the account keeps what they leave.

A due unit is worked in this order: its orders (orders.py says how large and at which price), then vault or queue for what is
still due, then the fee, then the debt of an account that is left with nothing. What is still open stays with the account and is
looked at at every step.

Public: liquidate_in_own_name, settle_markets.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from adlcalc.engine.books.claims import Claim
from adlcalc.engine.books.fund import largest_affordable
from adlcalc.engine.books.holdings import Holding, Unit
from adlcalc.engine.books.liquidity import Offer, StepBook
from adlcalc.engine.events import BookFilled, Event, Liquidated
from adlcalc.engine.formulas.prices import BySolvency
from adlcalc.engine.rules import (
    AdlWhen,
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
    Shares,
    Vault,
)
from adlcalc.engine.waterfall.backstop import to_vault
from adlcalc.engine.waterfall.deleveraging import deleverage
from adlcalc.engine.waterfall.last_resort import uncovered
from adlcalc.engine.waterfall.liquidation import Due, bankrupt_values, bankruptcy, is_due, liquidated
from adlcalc.engine.waterfall.orders import (
    AnyOrders,
    equity_fee,
    limit_price,
    order_size,
    quote_of,
    remainder_fee_rate,
    schedule,
    surplus_fee,
)
from adlcalc.engine.waterfall.shares import hand_over_shares
from adlcalc.engine.waterfall.state import State, Used
from adlcalc.ground.numbers import ONE, ZERO, round_to


def liquidate_in_own_name(state: State, due: Due, how: OwnName) -> Iterator[Event]:
    """All that a step does for one due unit."""
    rules, unit = how.size, due.unit
    used = state.used.setdefault(unit, Used())
    opened = [(holding, holding.size) for holding in unit.open_holdings()]
    if isinstance(rules, Shares):
        yield from hand_over_shares(state, due, rules, used)
    else:
        yield from place_orders(state, unit, rules, used)
        yield from after_orders(state, unit_due(unit), rules, used)
        if rules.charge and rules.charge.fee_cap == FeeCap.EQUITY:
            closed = sum((abs(h.book.value(size - h.size, h.book.mark)) for h, size in opened), ZERO)
            fee = equity_fee(rules.charge, closed, unit.margin()[0], state.ledger.unit)
            yield from state.ledger.account_pays_fund(unit.holdings[0], used.claim, fee)
    yield from settle_flat(state, unit, used)
    if unit.is_open():
        equity, maintenance = unit.margin()
        if equity > maintenance:
            state.watchlist.watch(unit, equity - maintenance)
        else:
            state.watchlist.keep(unit)


def settle_markets(state: State) -> Iterator[Event]:
    """Everybody in file order, due or not, is closed against the other side (rule adl.when: settlement), without a book."""
    for unit in state.ledger.units:
        used = state.used.setdefault(unit, Used())
        for holding in unit.open_holdings():
            yield from close_against_queue(state, unit_due(unit), holding, used, "settled")
        yield from settle_flat(state, unit, used)


def unit_due(unit: Unit) -> Due:
    """The unit as it stands now."""
    return Due(unit, *unit.margin())


# --- orders --------------------------------------------------------------------------------------------------------------


def place_orders(state: State, unit: Unit, rules: AnyOrders, used: Used) -> Iterator[Event]:
    """One order per position while the unit is due; where then_whole, a second one for all that is left. positions 'one': until
    one of them has closed something in this step (dYdX: one perpetual of an account in a block)."""
    for whole in (False, True) if isinstance(rules, Portion) and rules.then_whole else (False,):
        for holding, size in schedule(rules, unit_due(unit)):
            now = unit_due(unit)
            state.evaluations += 1
            if not is_due(state.rules, now.equity, now.maintenance) and size is None:
                return
            if rules.positions == Positions.ONE and used.filled:
                return
            if holding.size:  # else closed meanwhile, as the other side of its own account's order
                yield from place_order(state, now, holding, rules, size, whole, used)


def place_order(
    state: State, due: Due, holding: Holding, rules: AnyOrders, size: Decimal | None, whole: bool, used: Used
) -> Iterator[Event]:
    """One order, filled as far as its limit and the fund allow; under adl.when 'remainder' the queue takes the rest of it."""
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
    yield from state.ledger.settle_funding(holding)
    claim = own_claim(state, due, holding)
    story = liquidated(state, due, holding, size, claim.price, "market", claim.id)
    events = list(fill_order(state, claim, size, rules, limit_price(rules.limit, due, holding, claim.price), used))
    done = had - holding.size
    if state.rules.adl.when == AdlWhen.REMAINDER and done < size:
        left = size - done
        state.ledger.restate(claim, left, claim.cost if claim.price is None else claim.proceeds(left, claim.price))
        events.extend(against_queue(state, due, claim))
    done = had - holding.size
    if done:
        used.filled.add(holding)
        used.notional += abs(each) if done == size else abs(book.value(done, book.mark))
    yield from told(state, holding, story, done, events, used)
    if rules.charge and rules.charge.fee_cap == FeeCap.REMAINDER and done:
        needs = due.maintenance + (rules.rate_buffer * notional if isinstance(rules, Deficit) else ZERO)
        rate = remainder_fee_rate(rules.charge, rules.discount, needs, needs - due.equity, notional)
        fee = round_to(rate * abs(book.value(done, book.mark)), state.ledger.unit)
        yield from state.ledger.account_pays_fund(holding, claim.id, fee)


def told(state: State, holding: Holding, story: Liquidated, done: Decimal, events: list[Event], used: Used) -> Iterator[Event]:
    """The story of what was closed with its fills; a number is only used up where there is something to tell."""
    if events:
        used.claim = state.ledger.next_claim()
    if done:
        holding.holder.liquidated = True
        yield story._replace(size=done)
    yield from events


def own_claim(state: State, due: Due, holding: Holding) -> Claim:
    """The position as something to be closed, still in the account's name."""
    how = state.rules.liquidation.method
    rules = how.size if isinstance(how, OwnName) and isinstance(how.size, Orders) else Orders()
    target = holding.value() - due.equity if rules.share == Share.ALL else dict(bankrupt_values(due.unit))[holding]
    price = bankruptcy(holding, target)
    cost = target if price is None else holding.book.value(holding.signed_size, price)
    number = state.ledger.claim_count + 1
    claim = Claim(number, holding.holder.id, holding.book, holding.side, holding.size, price, cost)
    claim.holding, claim.holder = holding, holding.holder
    if rules.rounding == Rounded.MONEY and price is not None:
        claim.quote = quote_of(holding)
    return claim


class Standing:
    """A liquidator who takes any size at one price (rule liquidation.buyer); a price of zero is no offer, as in a book."""

    def __init__(self, price: Decimal) -> None:
        self._price = price

    def next(self) -> Offer | None:
        return Offer(None, lambda _size: self._price, flat=True) if self._price > 0 else None

    def take(self, size: Decimal) -> None:
        """There is always more."""


def buyer_of(state: State, claim: Claim, buyer: InBook | Liquidator) -> StepBook | Standing:
    """Who takes the order: the step's book, or a liquidator at the mark less the discount."""
    book = claim.book
    if isinstance(buyer, Liquidator):
        return Standing(round_to(book.mark * (ONE - claim.side * buyer.discount), book.tick))
    return state.book_side(book, claim.side)


def fill_order(state: State, claim: Claim, size: Decimal, rules: AnyOrders, limit: Decimal | None, used: Used) -> Iterator[Event]:
    """The offers, best first, within the limit. With limit 'fillable' a fill worse than the bankruptcy price needs the fund to
    pay for all of it; a better one pays the fee out of its surplus."""
    book, covered = claim.book, rules.limit if isinstance(rules.limit, Fillable) else None
    buyer = buyer_of(state, claim, rules.buyer)
    while size and (offer := buyer.next()):
        part = within(offer, size, limit, claim)
        if not part:
            return
        price = offer.price(part)
        proceeds = book.value(claim.side * part, price)
        result = proceeds - claim.cost_of(part)
        if covered and result < 0 and not fund_covers(covered, claim, -result, used):
            return
        buyer.take(part)
        state.ledger.fill_in_book(claim, part, proceeds)
        yield BookFilled(state.step, claim.id, book.name, claim.side, part, price, result)
        assert claim.holding is not None
        if covered and result < 0:
            used.fund_paid -= result
            yield from state.ledger.fund_pays_account(claim.holding, claim.id, -result)
        elif rules.charge and rules.charge.fee_cap == FeeCap.SURPLUS:
            fee = surplus_fee(rules.charge, claim, proceeds, result, state.ledger.unit)
            yield from state.ledger.account_pays_fund(claim.holding, claim.id, fee)
        size -= part
        if covered and not is_due(state.rules, *claim.holding.unit.margin()):
            return


def within(offer: Offer, size: Decimal, limit: Decimal | None, claim: Claim) -> Decimal:
    """How much of `size` the offer takes at the limit or better, in lots where its price moves with the size."""
    part = size if offer.size is None else min(size, offer.size)
    if limit is None or not part:
        return part
    return largest_affordable(part, claim.book.lot, lambda x: claim.side * (limit - offer.price(x)), ZERO)


def fund_covers(limit: Fillable, claim: Claim, amount: Decimal, used: Used) -> bool:
    """May the fund pay that much for this account in this step?"""
    most = limit.max_fund_paid
    return amount <= claim.book.fund.available() and (most is None or used.fund_paid + amount <= most)


# --- after the orders ----------------------------------------------------------------------------------------------------


def after_orders(state: State, due: Due, orders: AnyOrders, used: Used) -> Iterator[Event]:
    """What is still due: the vault takes it (equity not below zero, but below its part of the maintenance margin), or the queue
    does (adl.when: negative, zero-fill)."""
    rules, unit = state.rules, due.unit
    if not unit.is_open() or not is_due(rules, due.equity, due.maintenance):
        return
    backstop = rules.backstop.kind
    if isinstance(backstop, Vault) and ZERO <= due.equity < backstop.vault_below * due.maintenance:
        yield from to_vault(state, due)
        return
    if due.equity >= 0 or rules.adl.when not in (AdlWhen.NEGATIVE, AdlWhen.ZERO_FILL):
        return
    for holding in unit.open_holdings():
        if orders.positions == Positions.ONE and used.filled:
            return
        if holding.size and not (rules.adl.when == AdlWhen.ZERO_FILL and holding in used.filled):
            yield from close_against_queue(state, unit_due(unit), holding, used, "deleveraged")


def close_against_queue(state: State, due: Due, holding: Holding, used: Used, method: str) -> Iterator[Event]:
    """A whole position of the account against the queue."""
    if not holding.size:
        return
    had = holding.size
    yield from state.ledger.settle_funding(holding)
    claim = own_claim(state, due, holding)
    story = liquidated(state, due, holding, had, claim.price, method, claim.id)
    events = list(against_queue(state, due, claim))
    if holding.size < had:
        used.filled.add(holding)
    yield from told(state, holding, story, had - holding.size, events, used)


def against_queue(state: State, due: Due, claim: Claim) -> Iterator[Event]:
    """Deleverage a claim in the account's own name: with price mark-if-solvent at the mark where the account has equity."""
    if isinstance(state.rules.adl.price, BySolvency) and due.equity >= 0:
        claim.price, claim.quote = claim.book.mark, None
        state.ledger.restate(claim, claim.size, claim.book.value(claim.side * claim.size, claim.price))
    yield from deleverage(state, claim)


def settle_flat(state: State, unit: Unit, used: Used) -> Iterator[Event]:
    """A unit without positions: what is left of an isolated margin is free; a debt is paid by the fund as far as it may, and
    the rest is for the last resort."""
    first, left, ledger = unit.holdings[0], unit.money(), state.ledger
    if unit.is_open() or not left or not used.claim:
        return
    if left > 0:
        ledger.free_margin(unit)
        return
    paid = min(-left, first.book.fund.available())
    yield from ledger.fund_pays_account(first, used.claim, paid)
    if paid < -left:
        ledger.forgive(first, -left - paid)
        yield from uncovered(state, first.book, used.claim, -left - paid)
