"""Deleveraging: closing a bankrupt position against positions of the other side, whom the policy picks and at the price the
rulebook names.

Public: deleverage.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from adlcalc.engine.books.claims import Closing, VenueClaim
from adlcalc.engine.contract import INVERSE
from adlcalc.engine.events import Deleveraged, Event, Skipped
from adlcalc.engine.formulas.prices import MarkFirst, no_gift
from adlcalc.engine.queue.counterparty import refused
from adlcalc.engine.queue.policies import queue as by_score
from adlcalc.engine.queue.queue import Place
from adlcalc.engine.waterfall.last_resort import settle
from adlcalc.engine.waterfall.state import State
from adlcalc.ground.numbers import ZERO


def deleverage(state: State, claim: Closing) -> Iterator[Event]:
    """Close the claim against the queue until it is covered or nobody is left.

    A place whose equity the fill would push below zero is passed over and reported, and the policy shares out what is left
    among the others. A claim without a bankruptcy price (an inverse position that lost more than it is worth) cannot be
    matched at any price.
    """
    if claim.price is None or not claim.size:
        return
    queue = state.queue(claim.book, -claim.side)
    policy = state.rules.adl.policy
    if policy is by_score:
        for place in queue:  # lazily: a long queue is not copied for a short claim
            yield from close_against(state, claim, place, min(claim.size, place.holding.size))
            if not claim.size:
                return
        return
    passed: set[Place] = set()
    while claim.size:
        before = claim.size, len(passed)
        for place, size in policy([p for p in queue if p not in passed], claim.size, claim.book.lot):
            had = claim.size
            yield from close_against(state, claim, place, size)
            if claim.size == had:
                passed.add(place)
        if (claim.size, len(passed)) == before:
            return


def close_against(state: State, claim: Closing, place: Place, size: Decimal) -> Iterator[Event]:
    """Close `size` of the claim against `place` at the rulebook's price, or pass the place over."""
    if isinstance(state.rules.adl.price, MarkFirst):
        at_mark = state.affordable(claim, size, lambda _size: claim.book.mark, claim.book.fund.reserve())
        if at_mark:
            yield from match(state, claim, place, at_mark, claim.book.mark, claim.book.mark)
            size -= at_mark
        if not size or not place.holding.size:
            return
    by_rule, price = adl_price(state, claim)
    yield from match(state, claim, place, size, price, by_rule)


def adl_price(state: State, claim: Closing) -> tuple[Decimal, Decimal]:
    """What the rule adl.price says of a fill, and its price: the same, but for a bankrupt account (`no_gift`)."""
    known = claim.known()
    by_rule = state.rules.adl.price(known)
    return by_rule, no_gift(by_rule, known)


def match(state: State, claim: Closing, place: Place, size: Decimal, price: Decimal, by_rule: Decimal) -> Iterator[Event]:
    """One fill: `size` of the claim against `place` for the same proceeds on both sides, unless it would bankrupt the place."""
    holding, book = place.holding, claim.book
    if price <= 0 and book.contract.kind == INVERSE:
        return  # rounded to nothing by a coarse tick: no value can be put on it
    proceeds = claim.proceeds(size, price)
    forgone = proceeds - book.value(claim.side * size, book.mark)
    equity_after = refused(state.rules.adl.would_bankrupt, holding, size, forgone)
    if equity_after is not None:
        if (claim, place) not in state.skipped:  # told once a step, however often the claim is worked
            state.skipped.add((claim, place))
            yield Skipped(
                step=state.step,
                claim=state.ledger.number_of(claim),
                account=holding.holder.id,
                market=book.name,
                side=holding.side,
                rank=place.rank,
                score=place.score,
                size=size,
                price=price,
                equity_after=equity_after,
            )
        return
    yield from state.ledger.settle_funding(holding)
    before = holding.size
    pnl, result = state.ledger.fill_against(claim, holding, size, proceeds)
    holding.holder.deleveraged = True
    state.note_change(holding)
    yield Deleveraged(
        step=state.step,
        claim=state.ledger.number_of(claim),
        bankrupt=claim.holder.id,
        account=holding.holder.id,
        market=book.name,
        side=holding.side,
        rank=place.rank,
        score=place.score,
        size_before=before,
        size=size,
        price=price,
        mark=book.mark,
        realized_pnl=pnl,
        forgone_pnl=forgone,
        tied=place.tied,
        result=ZERO if price == claim.price else result,
        rule_price=None if by_rule == price else by_rule,
    )
    if isinstance(claim, VenueClaim):
        yield from state.ledger.post_result(claim, result, "dust") if price == claim.price else settle(state, claim, result)
