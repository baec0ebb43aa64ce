"""What the fund keeps of a position that the book did not take, and how patiently it sells it (rule
fund.holds).

Public: kept, waits, beyond_what_is_kept, patient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from adlcalc.engine.books.claims import VenueClaim
from adlcalc.engine.books.fund import largest_affordable
from adlcalc.engine.books.liquidity import Offer
from adlcalc.engine.contract import INVERSE
from adlcalc.engine.events import Event
from adlcalc.engine.formulas.prices import MarkFirst
from adlcalc.engine.rules import AdlWhen, Always, HoldsNothing
from adlcalc.engine.waterfall.deleveraging import terms_of
from adlcalc.engine.waterfall.state import State
from adlcalc.ground.numbers import DOWN, ONE, ZERO, round_to

Limited = Callable[[State, VenueClaim, Decimal], Iterator[Event]]
"""A stage that leaves so many contracts of a claim alone."""


def kept(state: State, claim: VenueClaim) -> Decimal:
    """How many contracts of a claim the fund keeps; what older claims need comes first.

    while-solvent: as many lots as keep balance + pnl of the older claims + pnl of these lots - what closing
    the rest against the queue costs the fund at or above the floor (or where its drawdown stops it), and the
    net notional at most `holds_at_most` x balance. (At the mark the rest costs it as much as keeping it: all
    is kept, or nothing.) always: all. Sources: BitMEX's fund on 12 March 2020; Binance, help page
    360033525371 (net notional); Paradex."""
    how, book = state.rules.fund.holds, claim.book
    if isinstance(how, HoldsNothing):
        return ZERO
    if isinstance(how, Always):
        return claim.size
    size = claim.size
    if not bears_all(claim):
        size = part_kept(state, claim, book.fund.can_bear(book.name))
    if how.holds_at_most is None or not size:
        return size
    net = state.ledger.inventory(book.fund).net_older_than(claim)
    most = how.holds_at_most * book.fund.balance - claim.side * net
    return largest_affordable(size, book.lot, lambda x: notional(claim, x), max(most, ZERO))


def bears_all(claim: VenueClaim) -> bool:
    """Can the fund bear what all of a claim has lost at the mark?"""
    book = claim.book
    return claim.loss_kept(claim.size, book.mark) <= book.fund.can_bear(book.name)


def waits(state: State, claim: VenueClaim) -> bool:
    """Does the fund keep all of a claim of which nobody in the book takes any?"""
    if state.book_side(claim.book, claim.side).next() is not None:
        return False
    state.ledger.at_work = claim
    size = claim.size
    whole = not size or kept(state, claim) == size
    state.ledger.at_work = None
    return whole


def part_kept(state: State, claim: VenueClaim, room: Decimal) -> Decimal:
    """As many lots as cost the fund no more than that, with what the rest costs it."""
    whole, book, price = claim.size, claim.book, price_of_rest(state, claim)

    def costs(part: Decimal) -> Decimal:
        loss = claim.loss_kept(part, book.mark)
        return loss if price is None or part == whole else loss + claim.loss(whole - part, price, False)

    lot = whole if price is not None and claim.side * (price - book.mark) <= 0 else book.lot
    return largest_affordable(whole, lot, costs, room)


def price_of_rest(state: State, claim: VenueClaim) -> Decimal | None:
    """At which price the queue would close what is not kept; None where that costs the fund nothing."""
    adl = state.rules.adl
    if adl.when == AdlWhen.NEVER or claim.price is None:
        return None
    price = claim.book.mark if isinstance(adl.price, MarkFirst) else terms_of(state, claim).how[-1].result
    impossible = price <= 0 and claim.book.contract.kind == INVERSE  # by a coarse tick
    return None if impossible or claim.better_or_equal(price) else price


def notional(claim: VenueClaim, size: Decimal) -> Decimal:
    """At the mark."""
    return abs(claim.book.value(size, claim.book.mark))


def beyond_what_is_kept(state: State, claim: VenueClaim, stage: Limited) -> Iterator[Event]:
    """A stage for what the fund does not keep."""
    if state.kept_whole is claim:
        return  # nothing has happened since it was asked
    keep, pooled = kept(state, claim), len(state.pool)
    state.kept_whole = claim if keep == claim.size else None
    if claim.size > keep:
        if not bears_all(claim):
            claim.book.fund.refuse(claim.book.name, bears=True)
        yield from stage(state, claim, keep)
    if len(state.pool) > pooled:  # the rest is still there, but not for what newer claims ask the fund
        price = price_of_rest(state, claim)
        cost = ZERO if price is None else claim.loss(claim.size - keep, price, True)
        state.ledger.count_as_kept(claim, keep, cost)


def patient(state: State, claim: VenueClaim, offer: Offer, size: Decimal) -> Decimal:
    """How much of an offer that costs it money a fund takes that may wait: at most `sale_share` of what it
    held of the position when the step began to work it (a lot at least), and no farther from the mark than
    `sale_within`. What is at the bankruptcy price or better is always sold."""
    how, book, side = state.rules.fund.holds, claim.book, claim.side
    if isinstance(how, HoldsNothing):
        return size
    if how.sale_share < ONE:
        share = max(round_to(how.sale_share * claim.size, book.lot, DOWN), book.lot)
        size = min(size, state.for_sale.setdefault(claim, share))
    if how.sale_within is not None:
        limit = book.mark * (ONE - side * how.sale_within)
        size = largest_affordable(size, book.lot, lambda x: side * (limit - offer.price(x)), ZERO)
    return size
