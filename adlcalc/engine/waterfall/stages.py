"""The waterfall of a rulebook as lists of stages: of a due unit, and of a position that the venue has taken
over.

Each stage is a named function of its own module; here is only which of them there are, and in which order.

Public: Stages, stages_of, close_unit, workable, work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from functools import partial
from itertools import chain
from typing import NamedTuple

from adlcalc.engine.books.claims import VenueClaim
from adlcalc.engine.books.holdings import Due
from adlcalc.engine.books.ledger import NOTHING
from adlcalc.engine.books.stock import by_age
from adlcalc.engine.events import Event
from adlcalc.engine.formulas.policies import gives_from_everybody
from adlcalc.engine.rules import (
    AdlWhen,
    Auction,
    FeeCap,
    OfferedWhen,
    OwnName,
    Providers,
    Rules,
    Shares,
    Takeover,
    Vault,
)
from adlcalc.engine.waterfall.backstop import hand_over_shares, offer_to_backstop
from adlcalc.engine.waterfall.book import close_at_any_price, close_with_fund, close_without_fund
from adlcalc.engine.waterfall.deleveraging import deleverage, deleverage_together
from adlcalc.engine.waterfall.holding import beyond_what_is_kept, waits
from adlcalc.engine.waterfall.own_name import (
    note_opened,
    pay_fee,
    place_orders,
    queue_takes,
    settle_flat,
    watch_on,
)
from adlcalc.engine.waterfall.state import State
from adlcalc.engine.waterfall.takeover import reduce_or_take_over, take_over
from adlcalc.engine.waterfall.vault import vault_takes

UnitStage = Callable[[State, Due], Iterable[Event]]
ClaimStage = Callable[[State, VenueClaim], Iterable[Event]]


class Stages(NamedTuple):
    """unit: of a due unit. late: of one whose equity is below its part of the maintenance margin (rule
    takeover_below, where there is one). claim: of what the venue has taken over; waiting: does nothing become
    of a claim there that meets no offer, and that the fund keeps?"""

    unit: tuple[UnitStage, ...]
    late: tuple[UnitStage, ...]
    takeover_below: Decimal | None
    claim: tuple[ClaimStage, ...]
    waiting: bool


def stages_of(rules: Rules) -> Stages:
    """The waterfall that the rules say."""
    how, takeover = rules.liquidation.method, rules.liquidation.takeover
    late = tuple(by_takeover(takeover)) if takeover else ()
    unit, below = late, None
    if isinstance(how, OwnName):
        unit = tuple(in_own_name(rules, how))
        below = None if how.too_late is None else how.too_late.takeover_below
    claim, holds = tuple(in_the_venues_hands(rules)), rules.fund.holds.held
    return Stages(unit, late, below, claim, bool(holds) and claim[0] is close_with_fund)


def by_takeover(how: Takeover) -> Iterator[UnitStage]:
    """Orders into lower tiers where the rulebook has them, then the takeover."""
    yield (partial(reduce_or_take_over, how=how.reduce, order=how.order) if how.reduce.tiers else take_over)


def in_own_name(rules: Rules, how: OwnName) -> Iterator[UnitStage]:
    """Orders, then vault or queue for what is still due, the fee, the debt of an account that is left with
    nothing."""
    size, backstop = how.size, rules.backstop.kind
    if isinstance(size, Shares):
        yield partial(hand_over_shares, rules=size)
    else:
        if size.charge and size.charge.fee_cap == FeeCap.EQUITY:
            yield note_opened
        yield partial(place_orders, rules=size)
        if isinstance(backstop, Vault):
            yield partial(vault_takes, rules=backstop)
        if rules.adl.when in (AdlWhen.NEGATIVE, AdlWhen.ZERO_FILL):
            yield partial(queue_takes, orders=size)
        if size.charge and size.charge.fee_cap == FeeCap.EQUITY:
            yield partial(pay_fee, charge=size.charge)
    yield settle_flat
    yield watch_on


def in_the_venues_hands(rules: Rules) -> Iterator[ClaimStage]:
    """1. In the book: at the bankruptcy price or better always, worse while the fund pays the shortfall; a
    backstop stands between the two.
    2. What remains while the mark is at or beyond the bankruptcy price is deleveraged.
    3. What the queue cannot cover is closed in what is left of the book, and the loss goes to the last
    resort. What remains while the mark is better (or when even the book is empty) is held and worked again.
    Of 2 and 3 the fund may keep a part (fund.holds). A rulebook may put backstop and queue before the book
    (backstop.when, adl.when: before-book), the queue before the fund (adl.when: mark-at-bankruptcy), or have
    no queue (adl.when: never)."""
    backstop, adl = rules.backstop.kind, rules.adl
    asked = backstop.when if isinstance(backstop, Providers | Auction) else None
    if asked == OfferedWhen.BEFORE_BOOK:
        yield offer_to_backstop
    if adl.when == AdlWhen.BEFORE_BOOK:
        yield deleverage
    if adl.skips_book:
        yield deleverage_once_triggered
    if asked == OfferedWhen.BEFORE_FUND or adl.when == AdlWhen.MARK_AT_BANKRUPTCY:
        yield close_without_fund
    if asked == OfferedWhen.BEFORE_FUND:
        yield offer_to_backstop
    if adl.when == AdlWhen.MARK_AT_BANKRUPTCY:
        yield partial(while_beyond, stage=deleverage)
    yield close_with_fund
    holds = rules.fund.holds.held
    if adl.when == AdlWhen.AFTER_FUND:
        yield partial(
            while_beyond, stage=partial(beyond_what_is_kept, stage=deleverage) if holds else deleverage
        )
    last = partial(beyond_what_is_kept, stage=close_at_any_price) if holds else close_at_any_price
    yield partial(while_beyond, stage=last)


def deleverage_once_triggered(state: State, claim: VenueClaim) -> Iterator[Event]:
    """The queue before the book, once the fund's drawdown has stopped it or it is used up. OKX: no book at
    all from then on."""
    claim.book.fund.look()
    if claim.book.fund.triggered(claim.book.name):
        yield from deleverage(state, claim)


def while_beyond(state: State, claim: VenueClaim, stage: ClaimStage) -> Iterable[Event]:
    """A stage for what remains while the mark is at or beyond the bankruptcy price."""
    if claim.size and claim.at_or_beyond(claim.book.mark):
        return stage(state, claim)
    return NOTHING


def close_unit(state: State, stages: Stages, due: Due) -> Iterable[Event]:
    """A due unit through its stages."""
    below = stages.takeover_below
    its = stages.unit if below is None or due.equity >= below * due.maintenance else stages.late
    if len(its) == 1:
        return its[0](state, due)
    return chain.from_iterable(stage(state, due) for stage in its)


def workable(state: State) -> list[VenueClaim]:
    """What the venue holds that may meet anybody, oldest first. A claim for which there is no offer in the
    book and no backstop, and whose bankruptcy price the mark has not reached, only waits; but where the queue
    comes before the book, it may take any."""
    adl, drawdown = state.rules.adl, state.rules.fund.drawdown
    asks_first = adl.when == AdlWhen.BEFORE_BOOK or (adl.skips_book and drawdown)
    room = (size for one in state.ledger.backstops.values() for size in one.left.values())
    takes_any = asks_first or any(size > 0 for size in room)
    found: list[VenueClaim] = []
    for stock in state.ledger.stocks.values():
        if not stock.contracts or stock.book.name in state.halted:
            continue
        meets_all = takes_any or state.book_side(stock.book, stock.side).next() is not None
        found += stock.claims() if meets_all else stock.reached()
    return sorted(found, key=by_age)


def work(state: State, stages: Stages, claims: Sequence[VenueClaim]) -> Iterator[Event]:
    """What the venue holds through its stages, oldest first, as far as this step allows: claim by claim, or
    where the queue takes them together (a policy that gives from everybody) stage by stage."""
    if gives_from_everybody(state.rules.adl.policy):
        return stage_by_stage(state, stages.claim, claims)
    asked = (claim for claim in claims if not waits(state, claim)) if stages.waiting else claims
    return through(state, stages.claim, asked)


def stage_by_stage(
    state: State, stages: Iterable[ClaimStage], claims: Sequence[VenueClaim]
) -> Iterator[Event]:
    """All claims through a stage, then what has come before the queue there, then the next."""
    for stage in stages:
        yield from through(state, (stage,), claims)
        yield from deleverage_together(state)


def through(state: State, stages: Sequence[ClaimStage], claims: Iterable[VenueClaim]) -> Iterator[Event]:
    """Claim by claim through some stages."""
    ledger = state.ledger
    for claim in claims:
        ledger.at_work = claim
        state.kept_whole = None
        for stage in stages:
            yield from stage(state, claim)
            if not claim.size:
                break
        ledger.at_work = None
