"""Deleveraging: closing a bankrupt position against positions of the other side, whom the policy picks and at
the price the rulebook names.

Public: deleverage, deleverage_together.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import closing
from decimal import Decimal

from adlcalc.engine.books.claims import Closing, VenueClaim
from adlcalc.engine.books.holdings import Holding
from adlcalc.engine.books.ledger import NOTHING, Told
from adlcalc.engine.contract import INVERSE
from adlcalc.engine.events import Deleveraged, Event, Skipped
from adlcalc.engine.formulas.policies import Gift, Policy, gives_from_everybody, walk_of
from adlcalc.engine.formulas.policies import queue as by_score
from adlcalc.engine.formulas.prices import capped, clamped, mark, no_gift
from adlcalc.engine.formulas.worked import Worked, rounded
from adlcalc.engine.queue.counterparty import refused
from adlcalc.engine.queue.head import QueueHead
from adlcalc.engine.queue.queue import Place, Ranked
from adlcalc.engine.rules import OwnAccount
from adlcalc.engine.waterfall.last_resort import settle
from adlcalc.engine.waterfall.state import State, Terms
from adlcalc.ground.numbers import FLOOR, ZERO, round_to
from adlcalc.ground.objects import record


def deleverage(state: State, claim: Closing, keep: Decimal = ZERO) -> Iterator[Event]:
    """Close the claim against the queue until it is covered, but for what the fund keeps of it, or nobody is
    left.

    A place whose equity the fill would push below zero is passed over and reported, and the policy shares out
    what is left among the others. A claim without a bankruptcy price (an inverse position that lost more than
    it is worth) cannot be matched at any price."""
    if claim.price is None or claim.size <= keep:
        return
    policy = state.rules.adl.policy
    if policy is by_score:
        passed = claim.holder if state.rules.adl.own_account == OwnAccount.EXCLUDED else None
        # lazily: a long queue is not copied for a short claim
        for place in state.queue(claim.book, -claim.side):
            holding, wanted = place.holding, claim.size - keep
            if holding.holder is not passed:
                size = wanted if wanted <= holding.size else holding.size
                yield from close_against(state, claim, place, size)
                if claim.size <= keep:
                    return
    elif gives_from_everybody(policy) and isinstance(claim, VenueClaim):
        state.pool.append((claim, keep))
    else:
        yield from share_out(state, [Wanted(state, claim, keep)])


def deleverage_together(state: State) -> Iterator[Event]:
    """Close what has come before the queue for a policy that gives from everybody, each side of a market
    together."""
    if not state.pool:
        return
    pool, state.pool = state.pool, []
    sides: dict[tuple[str, int], list[Wanted]] = {}
    for claim, keep in pool:
        sides.setdefault((claim.book.name, claim.side), []).append(Wanted(state, claim, keep))
    for together in sides.values():
        yield from share_out(state, together)
    for claim, _ in pool:
        state.ledger.count_as_it_is(claim)


class Wanted:
    """What is to be closed of a claim, and the positions that have been passed over for it: from the start
    those of its own account (rule adl.own_account). since: where it has been asked one after the other, the first
    who may have something left for it."""

    __slots__ = ("claim", "keep", "passed", "since")

    def __init__(self, state: State, claim: Closing, keep: Decimal) -> None:
        self.claim, self.keep, self.passed = claim, keep, set[Holding]()
        self.since: Holding | None = None
        if state.rules.adl.own_account == OwnAccount.EXCLUDED:
            others = (h for h in claim.holder.holdings if h.book is claim.book and h.side != claim.side)
            self.passed.update(holding for holding in others if holding.size)

    @property
    def size(self) -> Decimal:
        """How much is still to be closed."""
        return self.claim.size - self.keep

    def look_on(self, gifts: Sequence[Gift]) -> None:
        """Whoever has been asked is gone or passed over, but for those who gave a part."""
        asked = (place.holding for place, _ in gifts)
        self.since = next((one for one in asked if one.size and one not in self.passed), gifts[-1][0].holding)


def share_out(state: State, waiting: list[Wanted]) -> Iterator[Event]:
    """Close claims of one side of a market as the policy shares out their sum, until they are covered or
    nobody is left.

    Claims are shared out together as long as the same places are open to them: one that would bankrupt a
    place, or whose account has a place of its own, asks the others again by itself."""
    first = waiting[0].claim
    queue, policy, lot = state.queue(first.book, -first.side), state.rules.adl.policy, first.book.lot
    while waiting:
        passed = frozenset(waiting[0].passed)
        together = [one for one in waiting if one.passed == passed]
        quantity = sum((one.size for one in together), ZERO)
        since = together[0].since if len(together) == 1 else None
        gifts = gifts_of(policy, queue, passed, quantity, lot, since)
        yield from take_in_order(state, together, gifts)
        if gifts and len(together) == 1:
            together[0].look_on(gifts)
        if sum((one.size for one in together), ZERO) == quantity:
            together = [one for one in together if one.passed == passed]  # nobody is left for these
            waiting = [one for one in waiting if one not in together]
        waiting = [one for one in waiting if one.size > 0]


def take_in_order(state: State, claims: Iterable[Wanted], gifts: Iterable[Gift]) -> Iterator[Event]:
    """Claims take what is given in the order of both, each at its own price: a fill ends a claim or a gift.
    What a claim passes over, the next one is offered."""
    given = deque(gifts)
    for one in claims:
        claim, refused_by_it = one.claim, []
        while given and one.size > 0:
            place, size = given.popleft()
            had = claim.size
            yield from close_against(state, claim, place, min(size, one.size))
            if claim.size == had:
                one.passed.add(place.holding)
            if (left := size - (had - claim.size)) > 0:
                refused_by_it.append((place, left))
        given.extendleft(reversed(refused_by_it))


def gifts_of(
    policy: Policy,
    queue: Ranked | QueueHead,
    passed: Container[Holding],
    quantity: Decimal,
    lot: Decimal,
    since: Holding | None = None,
) -> list[Gift]:
    """Who gives how much of a quantity by the policy, of those that are not passed over. One that begins at a
    certain place and goes on until the quantity is covered needs no more of a long queue than that; since: of one in
    file order not even who is before that one."""
    walk = walk_of(policy)
    if walk is None or isinstance(queue, QueueHead):
        return policy([place for place in queue if place.holding not in passed], quantity, lot)
    places = queue.by_size() if walk.start is None else queue.in_file_order(walk.start, since)
    with closing(places):
        return walk.gifts((place for place in places if place.holding not in passed), quantity, lot)


def close_against(state: State, claim: Closing, place: Place, size: Decimal) -> Told:
    """Close `size` of the claim against `place` at the rulebook's price, or pass the place over."""
    if not state.mark_first:
        return match(state, claim, place, size, terms_of(state, claim))
    at_mark = state.affordable(claim, size, lambda _size: claim.book.mark, claim.book.fund.reserve())
    told = match(state, claim, place, at_mark, Terms((mark(claim.known()),))) if at_mark else NOTHING
    if at_mark == size or not place.holding.size:
        return told
    return (*told, *match(state, claim, place, size - at_mark, terms_of(state, claim)))


def terms_of(state: State, claim: Closing) -> Terms:
    """The price of a claim's fills, which is the same for all of them as long as the mark is."""
    mark = claim.book.mark
    found = state.terms.get(claim)
    if found is None or found[0] is not mark:
        found = state.terms[claim] = mark, worked_price(state, claim)
    return found[1]


def worked_price(state: State, claim: Closing) -> Terms:
    """The price of a fill by the rules adl.price, clamp and capped, step by step, and what becomes of it for
    a bankrupt account (`no_gift`): where that is another one, the price by the rules too."""
    known, rules = claim.known(), state.rules.adl
    how = [rules.price(known)]
    if (price := clamped(how[-1], known, rules.clamp)) is not how[-1]:
        how.append(price)
    if rules.capped and (price := capped(how[-1], known)) is not how[-1]:
        how.append(price)
    price = no_gift(how[-1], known)
    return record(Terms, (tuple(how), None) if price is how[-1] else ((*how, price), how[-1].result))


def match(state: State, claim: Closing, place: Place, size: Decimal, terms: Terms) -> Told:
    """One fill: `size` of the claim against `place` for the same proceeds on both sides, unless it would
    bankrupt the place."""
    how, rule_price = terms
    holding, book, ledger, price = place.holding, claim.book, state.ledger, how[-1].result
    if price <= ZERO and book.contract.kind == INVERSE:
        return NOTHING  # rounded to nothing by a coarse tick: no value can be put on it
    proceeds = claim.proceeds(size, price)
    forgone = proceeds - book.value(size if claim.side > 0 else -size, book.mark)
    rate = state.rules.fees.deleveraged
    # no more than the rate, a rebate no less: BitMEX's execution of 4 April 2017 has 43,077 for 43,076.5
    # satoshi
    fee = round_to(rate * abs(proceeds), ledger.unit, FLOOR) if rate else ZERO
    equity_after = refused(state.rules.adl.would_bankrupt, holding, size, forgone + fee if fee else forgone)
    if equity_after is not None:
        return pass_over(state, claim, place, size, price, forgone, equity_after)
    funding = NOTHING if book.funding == holding.funding else ledger.settle_funding(holding)
    holder, before, entry_value = holding.holder, holding.size, holding.cost
    pnl, result = ledger.fill_against(claim, holding, size, proceeds)
    holder.deleveraged = True
    state.note_change(holding)
    number, at_bankruptcy = ledger.number_of(claim), price == claim.price
    fill = record(Deleveraged, (
        state.step, number, claim.holder.id, holder.id, book.name, holding.side, place.rank, place.score,
        before, size, price, book.mark, pnl, forgone, place.tied, ZERO if at_bankruptcy else result,
        rule_price, how, proceeds, entry_value,
    ))  # fmt: skip
    charged = posted = NOTHING
    if fee:
        made = rounded(
            "fee", "[rate] x [value]", (rate, abs(proceeds)), rate * abs(proceeds), ledger.unit, FLOOR
        )
        charged = ledger.fee_of_account(holding, number, fee, state.rules.fees.to, (made,))
    if result and isinstance(claim, VenueClaim):
        posted = (
            ledger.post_result(claim, result, "dust")
            if at_bankruptcy
            else settle(state, claim, result, proceeds)
        )
    return (*funding, fill, *charged, *posted) if funding or charged or posted else (fill,)


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
