"""The one rule that made the difference for an account, told before everything else.

Public: reasons, decisions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from adlcalc.engine import events as ev
from adlcalc.engine.declared import meaning_of
from adlcalc.engine.events import Event
from adlcalc.engine.formulas.policies import queue
from adlcalc.engine.model import Scenario
from adlcalc.engine.rules import AdlWhen, DueWhen
from adlcalc.engine.waterfall.facts import PlaceFact
from adlcalc.explain.story import Line
from adlcalc.explain.story_lines import fund_name, over
from adlcalc.ground.numbers import ZERO
from adlcalc.report.human import clean, digits
from adlcalc.report.score_formula import score_text

PLACE, RANKED = "place in the queue", "adl.score"
AGAINST = "others were deleveraged against it"
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
    funds = _Funds(scenario)
    for event in events:
        funds.hear(event)
        taken_from = isinstance(event, ev.Deleveraged) and event.bankrupt == account
        if not (taken_from or getattr(event, "account", None) == account) or market not in (
            None,
            getattr(event, "market", market),
        ):
            continue
        line = _reason(event, scenario, funds)
        if line is not None and taken_from:
            if (AGAINST, line.rules[0]) not in told:
                told.add((AGAINST, line.rules[0]))
                yield line
            continue
        if line is not None and (line.kind, line.rules[0]) not in told:
            told.add((line.kind, line.rules[0]))
            yield line
            place = place_of(event) if isinstance(event, ev.Deleveraged) else None
            if place is not None and scenario.rules.adl.policy is queue and (PLACE, RANKED) not in told:
                told.add((PLACE, RANKED))
                yield _line(event, PLACE, _stood(place), RANKED)


def decisions(events: Sequence[Event], scenario: Scenario) -> Iterator[tuple[str, str, str]]:
    """(rule, what it decided, for whom) over a whole run, as things happened: the rules of `reasons`, of all
    accounts at once."""
    funds, ranked = _Funds(scenario), scenario.rules.adl.policy is queue
    for event in events:
        funds.hear(event)
        line = _reason(event, scenario, funds)
        if line is not None:
            yield line.rules[0], line.kind, line.account or ""
            if ranked and isinstance(event, ev.Deleveraged):
                yield RANKED, PLACE, line.account or ""


class _Funds:
    """How the funds stand while the events are gone through."""

    def __init__(self, scenario: Scenario) -> None:
        self.behind = {market.name: market.fund for market in scenario.markets}
        self.floor = {fund.name: fund.floor for fund in scenario.funds}
        self.holds: dict[str, Decimal] = {}
        self.paid_for: dict[str, set[int]] = {}  # the claims that a fund has paid for
        self.kept: set[int] = set()  # the claims of whose positions the venue has kept some
        self.stopped: dict[tuple[str, str], ev.FundStopped] = {}

    def hear(self, event: Event) -> None:
        if isinstance(event, ev.Started):
            self.holds = dict(event.funds)
        elif isinstance(event, ev.FundPaid | ev.FundReceived):
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


def _reason(event: Event, scenario: Scenario, funds: _Funds) -> Line | None:
    """What the rule was, and what it said of this account."""
    if isinstance(event, ev.Liquidated):
        return _liquidated(event, scenario)
    if isinstance(event, ev.Deleveraged):
        return _deleveraged(event, scenario, funds)
    if isinstance(event, ev.Skipped):
        text = (
            f"a fill at {digits(event.price)} would leave {clean(event.account)} {digits(event.equity_after)}"
        )
        return _line(
            event, "passed over", f"{text}, so its place in the queue was passed over", "adl.would_bankrupt"
        )
    if isinstance(event, ev.LossSocialized):
        text = f"{clean(event.account)} bears {digits(event.amount)} of a loss that nobody covered"
        return _line(event, "shared loss", text, "last_resort.policy")
    return None


def _liquidated(e: ev.Liquidated, scenario: Scenario) -> Line:
    at = f"{clean(e.account)} was liquidated at mark {digits(e.mark_price)}"
    if scenario.rules.adl.when == AdlWhen.SETTLEMENT:
        return _line(e, "liquidated", f"{at}: {_sentence(meaning_of(AdlWhen.SETTLEMENT))}", "adl.when")
    due = "at or below" if scenario.rules.margin.due == DueWhen.AT_OR_BELOW else "below"
    text = f"{at}: its equity, {digits(e.equity)}, was {due} its maintenance margin, {digits(e.maintenance)}"
    return _line(e, "liquidated", text, "margin.maintenance")


def _deleveraged(e: ev.Deleveraged, scenario: Scenario, funds: _Funds) -> Line:
    at = f"{clean(e.account)} was deleveraged against {clean(e.bankrupt)}"
    when, fund = scenario.rules.adl.when, funds.behind[e.market]
    if when != AdlWhen.AFTER_FUND:
        return _line(e, "deleveraged", f"{at}: {_sentence(meaning_of(when))}", "adl.when")
    name, balance = fund_name(fund), funds.holds.get(fund, ZERO)
    stop = funds.stopped.get((fund, "")) or funds.stopped.get((fund, e.market))
    if stop is not None:
        could = f"could pay only {digits(stop.left)} more" if stop.left else "had stopped paying"
        fall = f"it was {digits(stop.fall)} below its peak {over(stop.window)}, {digits(stop.peak)}"
        if stop.market:
            best = f"its best {over(stop.window)}"
            fall = f"{clean(stop.market)} had brought it {digits(stop.fall)} less than {best}"
        text = (
            f"{at} because {name} {could}, with {digits(balance)} in it: {fall}, and its limit is "
            f"{digits(stop.limit)}"
        )
        return _line(e, "deleveraged", text, "fund.drawdown")
    empty = f"{name} was empty"
    if floor := funds.floor.get(fund):
        empty = f"{name} was at its floor, {digits(floor)}"
    paid = funds.paid_for.get(fund, set())  # it has been used up, and not by this claim
    used_up = balance <= funds.floor.get(fund, ZERO) and bool(paid) and e.claim not in paid
    if scenario.rules.adl.skips_book and used_up:
        text = f"{at} because {empty}, and from then on the queue comes before the book"
        return _line(e, "deleveraged", text, "adl.while_triggered")
    kept = scenario.rules.fund.holds.held and e.claim in funds.kept
    if scenario.rules.adl.skips_book and kept:
        text = (
            f"{at} because what {name} held, {digits(balance)}, was used up at this mark by what it had "
            "kept, and from then on the queue comes before the book"
        )
        return _line(e, "deleveraged", text, "adl.while_triggered")
    if balance > funds.floor.get(fund, ZERO):
        more = "could bear no further lot" if scenario.rules.fund.holds.held else "paid for no further lot"
        empty = f"what {name} held, {digits(balance)}, {more}"
    return _line(
        e,
        "deleveraged",
        f"{at} because the book took no more at a price that could be paid, {empty}, {BEYOND}",
        "adl.when",
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


def _line(event: Event, kind: str, text: str, rule: str) -> Line:
    return Line(event.step, kind, text, (), {}, (rule,), getattr(event, "account", None))
