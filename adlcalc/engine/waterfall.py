"""What happens to a bankrupt position in the venue's hands: book and fund, then the queue, then the last resort.

Public: work.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from adlcalc.engine.deleveraging import deleverage
from adlcalc.engine.events import BookFilled, Event
from adlcalc.engine.fund import largest_affordable
from adlcalc.engine.ledger import Claim
from adlcalc.engine.liquidity import Offer
from adlcalc.engine.numbers import ZERO
from adlcalc.engine.state import State


def work(state: State, claim: Claim) -> Iterator[Event]:
    """Work one claim as far as this step allows.

    1. In the book: at the bankruptcy price or better always, worse while the fund pays the shortfall.
    2. What remains while the mark is at or beyond the bankruptcy price is deleveraged.
    3. What the queue cannot cover is closed in what is left of the book, and the loss is bad debt.
    What remains while the mark is better (or when even the book is empty) is held and worked again.
    """
    yield from close_in_book(state, claim)
    if claim.size and claim.at_or_beyond(claim.book.mark):
        yield from deleverage(state, claim)
        if claim.size:
            yield from close_at_any_price(state, claim)


def close_in_book(state: State, claim: Claim) -> Iterator[Event]:
    """Take the book's offers best first; a surplus goes to the fund, a shortfall only as far as the fund can pay it, in lots."""
    side = state.book_side(claim.book, claim.side)
    while claim.size and (offer := side.next()):
        size = min_size(claim.size, offer)
        affordable = size if offer.flat and claim.better_or_equal(offer.price(size)) else affordable_size(state, claim, offer, size)
        if not affordable:
            return
        yield from fill(state, claim, affordable, offer.price(affordable))
        if affordable < size:
            return


def affordable_size(state: State, claim: Claim, offer: Offer, size: Decimal) -> Decimal:
    """How much of an offer that is worse than the bankruptcy price (or becomes so, with impact) the fund can pay for."""
    available = state.fund_of(claim.book).available()
    if offer.flat and not available:
        return ZERO

    def loss(part: Decimal) -> Decimal:
        # the loss that will be posted; where it rounds to nothing, the unrounded one, so that an empty fund pays for no lot at all
        price = offer.price(part)
        posted = claim.cost_of(part) - claim.book.value(claim.side * part, price)
        return posted or claim.loss(part, price)

    return largest_affordable(size, claim.book.lot, loss, available)


def close_at_any_price(state: State, claim: Claim) -> Iterator[Event]:
    """The last resort of the generic rules: what is left of the book takes it, and nobody covers the loss."""
    side = state.book_side(claim.book, claim.side)
    while claim.size and (offer := side.next()):
        size = min_size(claim.size, offer)
        yield from fill(state, claim, size, offer.price(size), covered=False)


def min_size(size: Decimal, offer: Offer) -> Decimal:
    return size if offer.size is None else min(size, offer.size)


def fill(state: State, claim: Claim, size: Decimal, price: Decimal, covered: bool = True) -> Iterator[Event]:
    """Close `size` of a claim in the book at `price`; the result is posted to the fund (covered) or, if a loss, to bad debt."""
    book = claim.book
    state.book_side(book, claim.side).take(size)
    proceeds = book.value(claim.side * size, price)
    result = state.ledger.close_claim_part(claim, size, proceeds)
    state.ledger.to_rest(book, claim.side * size, proceeds)
    yield BookFilled(state.step, claim.id, book.name, claim.side, size, price, result)
    if covered or result > 0:
        yield from state.post_result(claim, result, "surplus")
    else:
        yield from state.bad_debt(claim, -result)
