"""The one rule that made the difference for an account, told before everything else.

Public: reasons, decisions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from adlcalc.engine import events as ev
from adlcalc.engine.declared import meaning_of
from adlcalc.engine.events import Event
from adlcalc.engine.formulas.policies import queue
from adlcalc.engine.formulas.prices import CLAMPED
from adlcalc.engine.model import Scenario
from adlcalc.engine.rules import AdlWhen, DueWhen
from adlcalc.engine.waterfall.facts import PlaceFact
from adlcalc.explain.story import Line
from adlcalc.explain.story_lines import fund_name, over
from adlcalc.ground.numbers import ZERO
from adlcalc.report.human import clean, digits
from adlcalc.report.score_formula import score_text
from adlcalc.study.depths import Depths

PLACE, RANKED = "place in the queue", "adl.score"
PRICE, CLAMP = "price of the fill", "adl.clamp"
AGAINST = "others were deleveraged against it"
KEEPS_NONE = "pays for what is sold at a loss and keeps no positions (fund.holds)"
BEYOND = "and the mark was at or beyond the bankruptcy price"


def reasons(
    account: str,
    events: Sequence[Event],
    scenario: Scenario,
    place_of: Callable[[ev.Deleveraged], PlaceFact | None],
    market: str | None = None,
) -> Iterator[Line]:
    """Why the account was liquidated, deleveraged (and before whom), passed over or charged, and why others
    were deleveraged against it, as their stories say: the first time
    of each, and anew where another rule did it. place_of: its place in the queue that a fill used; market:
    only there."""
    told: set[tuple[str, str]] = set()
    funds = _Means(scenario)
    for event in events:
        funds.hear(event)
        taken_from = isinstance(event, ev.Deleveraged) and event.bankrupt == account
        if not (taken_from or getattr(event, "account", None) == account) or market not in (
            None,
            getattr(event, "market", market),
        ):
            continue
        why = _reason(event, scenario, funds)
        if why is not None and taken_from:
            if (AGAINST, why.rule) not in told:
                told.add((AGAINST, why.rule))
                yield why.line()
            continue
        if why is not None and (why.kind, why.rule) not in told:
            told.add((why.kind, why.rule))
            yield why.line()
            place = place_of(event) if isinstance(event, ev.Deleveraged) else None
            if place is not None and scenario.rules.adl.policy is queue and (PLACE, RANKED) not in told:
                told.add((PLACE, RANKED))
                yield Reason(event, PLACE, RANKED, partial(_stood, place)).line()
            if isinstance(event, ev.Deleveraged) and _is_clamped(event) and (PRICE, CLAMP) not in told:
                told.add((PRICE, CLAMP))
                yield Reason(event, PRICE, CLAMP, partial(_clamped, event)).line()


def decisions(events: Sequence[Event], scenario: Scenario) -> Iterator[tuple[str, str, str]]:
    """(rule, what it decided, for whom) over a whole run, as things happened: the rules of `reasons`, of all
    accounts at once."""
    funds, ranked = _Means(scenario), scenario.rules.adl.policy is queue
    asked = any(isinstance(event, ev.Deleveraged) for event in events)  # of others nobody asks for the funds
    for event in events:
        if asked:
            funds.hear(event)
        why = _reason(event, scenario, funds) if isinstance(event, RULED) else None
        if why is not None:
            yield why.rule, why.kind, why.account or ""
            if ranked and isinstance(event, ev.Deleveraged):
                yield RANKED, PLACE, why.account or ""
            if isinstance(event, ev.Deleveraged) and _is_clamped(event):
                yield CLAMP, PRICE, why.account or ""


class Reason(NamedTuple):
    """Which rule it was, and in words what it said of the account: they are put together at once, or for
    nobody."""

    event: Event
    kind: str
    rule: str
    text: Callable[[], str]

    @property
    def account(self) -> str | None:
        return getattr(self.event, "account", None)

    def line(self) -> Line:
        return Line(self.event.step, self.kind, self.text(), (), {}, (self.rule,), self.account)


class _Means:
    """How the funds stand, and what the books have taken in the step, while the events are gone through."""

    def __init__(self, scenario: Scenario) -> None:
        self.depths = Depths(scenario)
        self.behind = {market.name: market.fund for market in scenario.markets}
        self.floor = {fund.name: fund.floor for fund in scenario.funds}
        self.holds: dict[str, Decimal] = {}
        self.paid_for: dict[str, set[int]] = {}  # the claims that a fund has paid for
        self.kept: set[int] = set()  # the claims of whose positions the venue has kept some
        self.stopped: dict[tuple[str, str], ev.FundStopped] = {}

    def hear(self, event: Event) -> None:
        self.depths.hear(event)
        if isinstance(event, ev.Started):
            self.holds = dict(event.funds)
        elif isinstance(event, (ev.FundPaid, ev.FundReceived)):
            self.holds[event.fund] = event.after
            if isinstance(event, ev.FundPaid):
                self.paid_for.setdefault(event.fund, set()).add(event.claim)
        elif isinstance(event, ev.Held):
            self.kept.add(event.claim)
        elif isinstance(event, ev.FundStopped):
            self.stopped[event.fund, event.market] = event
        elif isinstance(event, ev.FundResumed):
            self.stopped.pop((event.fund, event.market), None)
        elif isinstance(event, ev.StepEnded):  # one that could not pay enough is asked anew
            self.stopped = {name: stop for name, stop in self.stopped.items() if not stop.left}


RULED = ev.Liquidated, ev.Deleveraged, ev.Skipped, ev.LossSocialized
"""What `_reason` knows a rule of."""


def _reason(event: Event, scenario: Scenario, funds: _Means) -> Reason | None:
    """What the rule was, and what it said of this account."""
    if isinstance(event, ev.Liquidated):
        return _liquidated(event, scenario)
    if isinstance(event, ev.Deleveraged):
        return _deleveraged(event, scenario, funds)
    if isinstance(event, ev.Skipped):
        return Reason(event, "passed over", "adl.would_bankrupt", partial(_skipped, event))
    if isinstance(event, ev.LossSocialized):
        return Reason(event, "shared loss", "last_resort.policy", partial(_socialized, event))
    return None


def _skipped(e: ev.Skipped) -> str:
    would = f"a fill at {digits(e.price)} would leave {clean(e.account)} {digits(e.equity_after)}"
    return f"{would}, so its place in the queue was passed over"


def _is_clamped(e: ev.Deleveraged) -> bool:
    return any(step.name == CLAMPED for step in e.how)


def _clamped(e: ev.Deleveraged) -> str:
    """Where it counts against the account, or for it."""
    return (
        f"{clean(e.account)} was filled at the mark, {digits(e.mark)}, for the price by the rule was farther "
        "from it than the clamp lets it be"
    )


def _socialized(e: ev.LossSocialized) -> str:
    return f"{clean(e.account)} bears {digits(e.amount)} of a loss that nobody covered"


def _liquidated(e: ev.Liquidated, scenario: Scenario) -> Reason:
    settled = scenario.rules.adl.when == AdlWhen.SETTLEMENT

    def text() -> str:
        at = f"{clean(e.account)} was liquidated at mark {digits(e.mark_price)}"
        if settled:
            return f"{at}: {_sentence(meaning_of(AdlWhen.SETTLEMENT))}"
        due = "at or below" if scenario.rules.margin.due == DueWhen.AT_OR_BELOW else "below"
        return (
            f"{at}: its equity, {digits(e.equity)}, was {due} its maintenance margin, {digits(e.maintenance)}"
        )

    return Reason(e, "liquidated", "adl.when" if settled else "margin.maintenance", text)


def _deleveraged(e: ev.Deleveraged, scenario: Scenario, funds: _Means) -> Reason:
    """The text is put together as long as the funds stand so."""
    rule, because = _because(e, scenario, funds)
    return Reason(
        e,
        "deleveraged",
        rule,
        lambda: f"{clean(e.account)} was deleveraged against {clean(e.bankrupt)}{because()}",
    )


def _because(e: ev.Deleveraged, scenario: Scenario, funds: _Means) -> tuple[str, Callable[[], str]]:
    """The rule, and its reason in words."""
    when, fund = scenario.rules.adl.when, funds.behind[e.market]
    if when != AdlWhen.AFTER_FUND:
        return "adl.when", lambda: f": {_sentence(meaning_of(when))}"
    name, balance, floor = fund_name(fund), funds.holds.get(fund, ZERO), funds.floor.get(fund, ZERO)
    stop = funds.stopped.get((fund, "")) or funds.stopped.get((fund, e.market))
    if stop is not None:
        gives = "bear" if scenario.rules.fund.holds.held else "pay"
        return "fund.drawdown", partial(_stopped, name, balance, stop, gives)
    empty = f"{name} was at its floor, {digits(floor)}" if floor else f"{name} was empty"
    if scenario.rules.adl.skips_book:
        paid = funds.paid_for.get(fund, set())  # it has been used up, and not by this claim
        if balance <= floor and paid and e.claim not in paid:
            return (
                "adl.while_triggered",
                lambda: f" because {empty}, and from then on the queue comes before the book",
            )
        if scenario.rules.fund.holds.held and e.claim in funds.kept:
            return (
                "adl.while_triggered",
                lambda: (
                    f" because what {name} held, {digits(balance)}, was used up at this mark by what it had kept, "
                    "and from then on the queue comes before the book"
                ),
            )
    book, held = funds.depths.takes_in_all(e.market, -e.side), scenario.rules.fund.holds.held
    if book is not None and not held:
        return "fund.holds", lambda: f" because {_used_up(e, book)}, {name} {KEEPS_NONE}, {BEYOND}"
    if balance > floor:
        more = "paid for no further lot"
        if held:
            more = "could bear no further lot beside what it keeps"
            if e.price == e.mark:
                more = (
                    "could not bear the loss of the whole position; keeping a part would save it nothing, as "
                    "what the queue takes at the mark costs the fund the same"
                )
        empty = f"what {name} held, {digits(balance)}, {more}"
    took = "the book took no more at a price that could be paid" if book is None else _used_up(e, book)
    return "adl.when", lambda: f" because {took}, {empty}, {BEYOND}"


def _used_up(e: ev.Deleveraged, depth: Decimal) -> str:
    """That the book has nothing left."""
    if not depth:
        return f"nobody {'bid' if e.side < 0 else 'offered'} in the book at that step"
    return f"the book had taken all that it takes in a step, {digits(depth)}"


def _stopped(name: str, balance: Decimal, stop: ev.FundStopped, gives: str) -> str:
    """That the fund has stopped paying. gives: what it does with a loss."""
    could = f"could {gives} only {digits(stop.left)} more" if stop.left else f"had stopped {gives}ing"
    fall = f"it was {digits(stop.fall)} below its peak {over(stop.window)}, {digits(stop.peak)}"
    if stop.market:
        best = f"its best {over(stop.window)}"
        fall = f"{clean(stop.market)} had brought it {digits(stop.fall)} less than {best}"
    return (
        f" because {name} {could}, with {digits(balance)} in it: {fall}, and its limit is "
        f"{digits(stop.limit)}"
    )


def _stood(place: PlaceFact) -> str:
    """Where it stood in the queue, and before whom."""
    at = "first" if place.rank == 1 else f"at rank {place.rank:,}"
    score = place.score.result
    text = (
        f"{clean(place.account)} stood {at} of {place.positions:,} in the queue, with the score "
        f"{score_text(score)}"
    )
    if place.next is None:
        return f"{text}: nobody stood behind"
    behind = "the same (adl.ties)" if place.next.score == score else score_text(place.next.score)
    return f"{text}: next was {clean(place.next.account)}, with {behind}"


def _sentence(meaning: str) -> str:
    """As the end of a sentence."""
    first = meaning.split(". ")[0].rstrip(".")
    return first[:1].lower() + first[1:]
