"""What happens to a bankrupt position in the venue's hands: book and fund, backstop, queue, last resort, in the rulebook's order.

Public: work, close_in_book, fill.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from adlcalc.engine.books.claims import Claim
from adlcalc.engine.events import BookFilled, Event
from adlcalc.engine.rules import AdlWhen, Auction, OfferedWhen, Providers, Surplus
from adlcalc.engine.waterfall.backstop import offer_to_backstop
from adlcalc.engine.waterfall.deleveraging import deleverage
from adlcalc.engine.waterfall.last_resort import uncovered
from adlcalc.engine.waterfall.state import State
from adlcalc.ground.numbers import ZERO

ADL_BEFORE_BOOK, ADL_AFTER_FUND = AdlWhen.BEFORE_BOOK, AdlWhen.AFTER_FUND
BEFORE_BOOK, BEFORE_FUND, TO_ACCOUNT = OfferedWhen.BEFORE_BOOK, OfferedWhen.BEFORE_FUND, Surplus.ACCOUNT


def work(state: State, claim: Claim) -> Iterator[Event]:
    """Work one claim as far as this step allows.

    1. In the book: at the bankruptcy price or better always, worse while the fund pays the shortfall; a backstop stands between
    the two.
    2. What remains while the mark is at or beyond the bankruptcy price is deleveraged.
    3. What the queue cannot cover is closed in what is left of the book, and the loss goes to the last resort.
    What remains while the mark is better (or when even the book is empty) is held and worked again.
    A rulebook may put backstop and queue before the book (backstop.when, adl.when: before-book) or have no queue (adl.when:
    never).
    """
    backstop, adl = state.rules.backstop.kind, state.rules.adl
    asked = backstop.when if isinstance(backstop, Providers | Auction) else None
    if asked == BEFORE_BOOK:
        yield from offer_to_backstop(state, claim)
    if adl.when == ADL_BEFORE_BOOK:
        yield from deleverage(state, claim)
    if asked == BEFORE_FUND:
        yield from close_in_book(state, claim, ZERO)
        yield from offer_to_backstop(state, claim)
    yield from close_in_book(state, claim, None)
    if claim.size and claim.at_or_beyond(claim.book.mark):
        if adl.when == ADL_AFTER_FUND:
            yield from deleverage(state, claim)
        yield from close_at_any_price(state, claim)


def close_in_book(state: State, claim: Claim, available: Decimal | None) -> Iterator[Event]:
    """Take the book's offers best first; a surplus goes to the fund, a shortfall only as far as the fund can pay it, in lots.

    available: what the fund may pay (None: what it has)."""
    side = state.book_side(claim.book, claim.side)
    while claim.size and (offer := side.next()):
        size = claim.size if offer.size is None else min(claim.size, offer.size)
        affordable = size
        if not (offer.flat and claim.better_or_equal(offer.price(size))):
            money = claim.book.fund.available() if available is None else available
            if (claim, money) in state.refused:
                return  # a loss that rounds to nothing costs the fund nothing: it would be asked again, lot by lot
            affordable = state.affordable(claim, size, offer.price, money)
            if affordable < size:
                state.refused.add((claim, money))
        if not affordable:
            return
        yield from fill(state, claim, affordable, offer.price(affordable))
        if affordable < size:
            return


def close_at_any_price(state: State, claim: Claim) -> Iterator[Event]:
    """What is left of the book takes what nobody else could, and the loss goes to the last resort."""
    side = state.book_side(claim.book, claim.side)
    while claim.size and (offer := side.next()):
        size = claim.size if offer.size is None else min(claim.size, offer.size)
        yield from fill(state, claim, size, offer.price(size), covered=False)


def fill(state: State, claim: Claim, size: Decimal, price: Decimal, covered: bool = True) -> Iterator[Event]:
    """Close `size` of a claim in the book at `price`; the result is posted to the fund (covered) or, if a loss, to the last
    resort.
    """
    book = claim.book
    state.book_side(book, claim.side).take(size)
    proceeds = claim.proceeds(size, price)
    result = state.ledger.fill_in_book(claim, size, proceeds)
    yield BookFilled(state.step, claim.id, book.name, claim.side, size, price, result)
    if result > 0 and state.surplus == TO_ACCOUNT:
        state.ledger.give_back(claim, result)
    elif covered or result > 0:
        yield from state.ledger.post_result(claim, result, "surplus")
    else:
        yield from uncovered(state, book, claim.id, -result)
