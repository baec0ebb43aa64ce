"""What the fund keeps of a position that the book did not take, and how patiently it sells it (rule
fund.holds).

Public: kept, beyond_what_is_kept, patient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from adlcalc.engine.books.claims import VenueClaim
from adlcalc.engine.books.fund import largest_affordable
from adlcalc.engine.books.liquidity import Offer
from adlcalc.engine.events import Event
from adlcalc.engine.rules import Always, HoldsNothing, WhileSolvent
from adlcalc.engine.waterfall.state import State
from adlcalc.ground.numbers import DOWN, ONE, ZERO, round_to

Limited = Callable[[State, VenueClaim, Decimal], Iterator[Event]]
"""A stage that leaves so many contracts of a claim alone."""


def kept(state: State, claim: VenueClaim) -> Decimal:
    """How many contracts of a claim the fund keeps; what older claims need comes first.

    while-solvent: as many lots as keep balance + pnl of the older claims + pnl of these lots at or above the
    floor (or where its drawdown stops it), and the net notional at most `holds_at_most` x balance. always:
    all. Sources: BitMEX's fund on 12 March 2020; Binance, help page 360033525371 (net notional); Paradex."""
    how, book = state.rules.fund.holds, claim.book
    if isinstance(how, HoldsNothing):
        return ZERO
    if isinstance(how, Always):
        return claim.size
    held = state.ledger.inventory(book.fund)
    older, net = held.older_than(claim)
    room = book.fund.can_bear() - (held.pnl - older)
    size = largest_affordable(claim.size, book.lot, lambda x: claim.loss_kept(x, book.mark), room)
    if how.holds_at_most is None or not size:
        return size
    most = how.holds_at_most * book.fund.balance - claim.side * net
    return largest_affordable(size, book.lot, lambda x: notional(claim, x), max(most, ZERO))


def notional(claim: VenueClaim, size: Decimal) -> Decimal:
    """At the mark."""
    return abs(claim.book.value(size, claim.book.mark))


def beyond_what_is_kept(state: State, claim: VenueClaim, stage: Limited) -> Iterator[Event]:
    """A stage for what the fund does not keep."""
    keep = kept(state, claim)
    if claim.size > keep:
        yield from stage(state, claim, keep)


def patient(state: State, claim: VenueClaim, offer: Offer, size: Decimal) -> Decimal:
    """How much of an offer that costs it money a fund takes that may wait: at most `sale_share` of what it
    held of the position when the step began to work it (a lot at least), and no farther from the mark than
    `sale_within`. What is at the bankruptcy price or better is always sold."""
    how, book, side = state.rules.fund.holds, claim.book, claim.side
    if not isinstance(how, WhileSolvent | Always):
        return size
    if how.sale_share < ONE:
        share = max(round_to(how.sale_share * claim.size, book.lot, DOWN), book.lot)
        size = min(size, state.for_sale.setdefault(claim, share))
    if how.sale_within is not None:
        limit = book.mark * (ONE - side * how.sale_within)
        size = largest_affordable(size, book.lot, lambda x: side * (limit - offer.price(x)), ZERO)
    return size
