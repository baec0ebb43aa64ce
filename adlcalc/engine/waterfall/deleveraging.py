"""Deleveraging: closing a bankrupt position against positions of the other side, whom the policy picks and at
the price the rulebook names.

Public: deleverage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal

from adlcalc.engine.books.claims import Closing, VenueClaim
from adlcalc.engine.books.ledger import NOTHING, Told
from adlcalc.engine.contract import INVERSE
from adlcalc.engine.events import Deleveraged, Event, How, Skipped
from adlcalc.engine.formulas.policies import Gift, Policy, walk_of
from adlcalc.engine.formulas.policies import queue as by_score
from adlcalc.engine.formulas.prices import MarkFirst, capped, clamped, mark, no_gift
from adlcalc.engine.formulas.worked import Worked, rounded
from adlcalc.engine.queue.counterparty import refused
from adlcalc.engine.queue.head import QueueHead
from adlcalc.engine.queue.queue import Place, Queue
from adlcalc.engine.rules import OwnAccount
from adlcalc.engine.waterfall.last_resort import settle
from adlcalc.engine.waterfall.state import State
from adlcalc.ground.numbers import FLOOR, ZERO, round_to


def deleverage(state: State, claim: Closing, keep: Decimal = ZERO) -> Iterator[Event]:
    """Close the claim against the queue until it is covered, but for what the fund keeps of it, or nobody is
    left.

    A place whose equity the fill would push below zero is passed over and reported, and the policy shares out
    what is left among the others. A claim without a bankruptcy price (an inverse position that lost more than
    it is worth) cannot be matched at any price."""
    if claim.price is None or claim.size <= keep:
        return
    queue = state.queue(claim.book, -claim.side)
    policy = state.rules.adl.policy
    if policy is by_score:
        for place in queue:  # lazily: a long queue is not copied for a short claim
            if itself(state, claim, place):
                continue
            yield from close_against(state, claim, place, min(claim.size - keep, place.holding.size))
            if claim.size <= keep:
                return
        return
    passed: set[Place] = set()

    def is_passed(place: Place) -> bool:
        return place in passed or itself(state, claim, place)

    while claim.size > keep:
        before = claim.size, len(passed)
        for place, size in gifts_of(policy, queue, is_passed, claim.size - keep, claim.book.lot):
            had = claim.size
            yield from close_against(state, claim, place, size)
            if claim.size == had:
                passed.add(place)
        if (claim.size, len(passed)) == before:
            return


def itself(state: State, claim: Closing, place: Place) -> bool:
    """Does the place belong to the account that is closed, and is it passed over for that (rule
    adl.own_account)?"""
    return place.holding.holder is claim.holder and state.rules.adl.own_account == OwnAccount.EXCLUDED


def gifts_of(
    policy: Policy, queue: Queue | QueueHead, passed: Callable[[Place], bool], quantity: Decimal, lot: Decimal
) -> list[Gift]:
    """Who gives how much of a quantity by the policy, of those that are not passed over. One that begins at a
    certain place and goes on until the quantity is covered needs no more of a long queue than that."""
    walk = walk_of(policy)
    if walk is None or isinstance(queue, QueueHead):
        return policy([place for place in queue if not passed(place)], quantity, lot)
    places = queue.by_size() if walk.order is None else queue.in_order(walk.order)
    with closing(places):
        return walk.gifts((place for place in places if not passed(place)), quantity, lot)


def close_against(state: State, claim: Closing, place: Place, size: Decimal) -> Told:
    """Close `size` of the claim against `place` at the rulebook's price, or pass the place over."""
    told = NOTHING
    if isinstance(state.rules.adl.price, MarkFirst):
        at_mark = state.affordable(claim, size, lambda _size: claim.book.mark, claim.book.fund.reserve())
        if at_mark:
            told = match(state, claim, place, at_mark, (mark(claim.known()),))
            size -= at_mark
        if not size or not place.holding.size:
            return told
    how, rule_price = adl_price(state, claim)
    return (*told, *match(state, claim, place, size, how, rule_price))


def adl_price(state: State, claim: Closing) -> tuple[How, Decimal | None]:
    """The price of a fill by the rules adl.price, clamp and capped, step by step, and what becomes of it for
    a bankrupt account (`no_gift`): where that is another one, the price by the rules too."""
    known, rules = claim.known(), state.rules.adl
    how = [rules.price(known)]
    if (price := clamped(how[-1], known, rules.clamp)) is not how[-1]:
        how.append(price)
    if rules.capped and (price := capped(how[-1], known)) is not how[-1]:
        how.append(price)
    price = no_gift(how[-1], known)
    return (tuple(how), None) if price is how[-1] else ((*how, price), how[-1].result)


def match(
    state: State, claim: Closing, place: Place, size: Decimal, how: How, rule_price: Decimal | None = None
) -> Told:
    """One fill: `size` of the claim against `place` for the same proceeds on both sides, unless it would
    bankrupt the place.
    how: of its price; rule_price: by the rules alone, where a bankrupt account was to get no more."""
    price = how[-1].result
    holding, book = place.holding, claim.book
    if price <= 0 and book.contract.kind == INVERSE:
        return NOTHING  # rounded to nothing by a coarse tick: no value can be put on it
    proceeds = claim.proceeds(size, price)
    forgone = proceeds - book.value(claim.side * size, book.mark)
    rate = state.rules.fees.deleveraged
    # no more than the rate, a rebate no less: BitMEX's execution of 4 April 2017 has 43,077 for 43,076.5 satoshi
    fee = round_to(rate * abs(proceeds), state.ledger.unit, FLOOR) if rate else ZERO
    equity_after = refused(state.rules.adl.would_bankrupt, holding, size, forgone + fee)
    if equity_after is not None:
        return pass_over(state, claim, place, size, price, forgone, equity_after)
    funding = state.ledger.settle_funding(holding)
    before, entry_value = holding.size, holding.cost
    pnl, result = state.ledger.fill_against(claim, holding, size, proceeds)
    holding.holder.deleveraged = True
    state.note_change(holding)
    number, at_bankruptcy = state.ledger.number_of(claim), price == claim.price
    who = number, claim.holder.id, holding.holder.id, book.name, holding.side, place.rank, place.score
    what, beyond = (before, size, price, book.mark, pnl, forgone), ZERO if at_bankruptcy else result
    fill = Deleveraged(state.step, *who, *what, place.tied, beyond, rule_price, how, proceeds, entry_value)
    charged = posted = NOTHING
    if fee:
        made = rounded(
            "fee", "[rate] x [value]", (rate, abs(proceeds)), rate * abs(proceeds), state.ledger.unit, FLOOR
        )
        charged = state.ledger.fee_of_account(holding, number, fee, state.rules.fees.to, (made,))
    if isinstance(claim, VenueClaim):
        posted = (
            state.ledger.post_result(claim, result, "dust")
            if at_bankruptcy
            else settle(state, claim, result, proceeds)
        )
    return (*funding, fill, *charged, *posted)


def pass_over(
    state: State,
    claim: Closing,
    place: Place,
    size: Decimal,
    price: Decimal,
    forgone: Decimal,
    equity_after: Decimal,
) -> Told:
    """A place that the fill would leave with so much equity; told once a step, however often the claim is
    worked."""
    if (claim, place) in state.skipped:
        return NOTHING
    state.skipped.add((claim, place))
    holding, number = place.holding, state.ledger.number_of(claim)
    formula, parts = "[equity] - [forgone pnl]", (equity_after + forgone, forgone)
    how = (Worked("equity after", equity_after, formula, parts),)
    who = number, holding.holder.id, claim.book.name, holding.side, place.rank, place.score
    return (Skipped(state.step, *who, size, price, equity_after, how),)
