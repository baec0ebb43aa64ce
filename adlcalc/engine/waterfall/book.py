"""A claim of the venue against the order book of the step.

Public: close_without_fund, close_with_fund, close_at_any_price.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from adlcalc.engine.books.claims import VenueClaim
from adlcalc.engine.books.ledger import NOTHING, Told
from adlcalc.engine.books.liquidity import StepBook
from adlcalc.engine.events import BookFilled, Event
from adlcalc.engine.waterfall.holding import patient
from adlcalc.engine.waterfall.last_resort import keep_surplus, uncovered
from adlcalc.engine.waterfall.state import State
from adlcalc.ground.numbers import ZERO
from adlcalc.ground.objects import record


def close_without_fund(state: State, claim: VenueClaim) -> Iterable[Event]:
    """Take the offers at the bankruptcy price or better."""
    return offer_to_book(state, claim, ZERO)


def close_with_fund(state: State, claim: VenueClaim) -> Iterable[Event]:
    """Take the offers at the bankruptcy price or better, and worse ones while the fund pays the shortfall."""
    return offer_to_book(state, claim, None)


def offer_to_book(state: State, claim: VenueClaim, available: Decimal | None) -> Iterable[Event]:
    """`close_in_book`, where there is anything to close, and anybody who takes any of it. Most often the best
    offer takes all of it, and there is nothing to repeat."""
    side, size = state.book_side(claim.book, claim.side), claim.size
    offer = side.next() if size else None
    if offer is None:
        return NOTHING
    if offer.flat and (offer.size is None or size <= offer.size):
        price = offer.price(size)
        if claim.better_or_equal(price):
            return fill(state, claim, side, size, price)
    return close_in_book(state, claim, side, available)


def close_in_book(
    state: State, claim: VenueClaim, side: StepBook, available: Decimal | None
) -> Iterator[Event]:
    """Take the book's offers best first; a surplus goes to the fund, a shortfall only as far as the fund can
    pay it, in lots.

    available: what the fund may pay (None: what it has)."""
    while claim.size and (offer := side.next()):
        size = claim.size if offer.size is None else min(claim.size, offer.size)
        affordable, at_a_loss = size, False
        if not (offer.flat and claim.better_or_equal(offer.price(size))):
            if available is None:
                size = affordable = patient(state, claim, offer, size)
                if not size:
                    return
            at_a_loss = True
            money = claim.book.fund.available(claim.book.name) if available is None else available
            if state.refused and (claim, money) in state.refused:  # the hash of a number takes long
                return  # a loss that rounds to nothing costs the fund nothing: it would be asked again, lot by lot
            affordable = state.affordable(claim, size, offer.price, money)
            if affordable < size:
                state.refused.add((claim, money))
        if affordable:
            if at_a_loss and claim in state.for_sale:
                state.for_sale[claim] -= affordable
            yield from fill(state, claim, side, affordable, offer.price(affordable))
        if affordable < size:
            if available is None:
                claim.book.fund.refuse(claim.book.name)
            return


def close_at_any_price(state: State, claim: VenueClaim, keep: Decimal = ZERO) -> Iterator[Event]:
    """What is left of the book takes what nobody else could, but for what the fund keeps, and the loss goes
    to the last resort."""
    side = state.book_side(claim.book, claim.side)
    while claim.size > keep and (offer := side.next()):
        size = claim.size - keep if offer.size is None else min(claim.size - keep, offer.size)
        yield from fill(state, claim, side, size, offer.price(size), covered=False)


def fill(
    state: State, claim: VenueClaim, side: StepBook, size: Decimal, price: Decimal, covered: bool = True
) -> Told:
    """Close `size` of a claim in the book at `price`; the result is posted to the fund (covered) or, if a
    loss, to the last resort."""
    book = claim.book
    how = side.take(size)
    proceeds = claim.proceeds(size, price)
    result = state.ledger.fill_in_book(claim, size, proceeds)
    filled = record(BookFilled, (
        state.step, claim.number, book.name, claim.side, size, price, result, (how,), proceeds
    ))  # fmt: skip
    if result > ZERO:
        return (filled, *keep_surplus(state, claim, proceeds, result, in_book=True))
    if covered:
        return (filled, *state.ledger.post_result(claim, result, "surplus"))
    return (filled, *uncovered(state, book, claim.number, -result))
