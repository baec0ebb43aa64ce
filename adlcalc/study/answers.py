"""What a run answers to a question (questions.py).

Public: Finished, Answers, names_of, watch_for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from adlcalc.engine.events import (
    AccountState,
    BadDebt,
    Deleveraged,
    Event,
    FundPaid,
    FundReceived,
    FundResumed,
    FundStopped,
    Held,
    Liquidated,
    LossSocialized,
    StepEnded,
)
from adlcalc.engine.model import Scenario
from adlcalc.engine.rules import AdlWhen
from adlcalc.ground.numbers import ZERO, exact
from adlcalc.study.health import FAR, Health, OpenPosition, ratio
from adlcalc.study.questions import METRICS, Measure, Names, Question, number_of, told

if TYPE_CHECKING:
    from adlcalc.study.metrics import Value
    from adlcalc.study.watch import Watch


class Finished(Protocol):
    """A finished run."""

    @property
    def scenario(self) -> Scenario: ...
    @property
    def events(self) -> Iterable[Event]: ...
    @property
    def accounts(self) -> Iterable[AccountState]: ...
    @property
    def watch(self) -> Watch | None: ...


def names_of(scenario: Scenario) -> Names:
    """What a question about a scenario may name."""
    return Names(
        {one.id: None for one in scenario.accounts}.keys(),
        {one.name: None for one in scenario.funds}.keys(),
        {one.name: None for one in scenario.markets}.keys(),
        scenario.path.steps,
        len(scenario.currencies),
        scenario.vaults,
    )


def watch_for(measures: Iterable[Measure], series: Iterable[str] = ()) -> Watch | None:
    """What must be looked at while a run is made, so that it can be asked these (and can show the series of
    these accounts); None where the events are enough."""
    asked = [one for one in measures if one.seen]
    shown = list(series)
    if not asked and not shown:
        return None
    from adlcalc.study.watch import Watch

    accounts = [str(one.of) for one in asked]
    ranked = [str(one.of) for one in asked if one.seen == "rank"]
    return Watch([*accounts, *shown], [*ranked, *shown])


class Answers:
    """Asks one run."""

    def __init__(self, run: Finished) -> None:
        self._run, self._health = run, Health(run.scenario)
        self._last = run.scenario.path.steps - 1
        self._ends: dict[str, AccountState] = {}

    def holds(self, question: Question) -> bool:
        """Is it so?"""
        return question.holds(self)

    def told(self, question: Question) -> str:
        """What the numbers in it are: 'margin_ratio(alice) is 0.92, adl is no'."""
        return ", ".join(f"{one.text} is {told(self(one))}" for one in dict.fromkeys(question.parts))

    def __call__(self, measure: Measure) -> Fraction | bool | None:
        """What a measure or predicate comes to."""
        with exact():
            of_compare = measure.word in METRICS
            found = self._metrics[measure.word] if of_compare else getattr(self, f"_{measure.word}")(measure)
        return found if isinstance(found, bool | Fraction) else number_of(found)

    @cached_property
    def _metrics(self) -> Mapping[str, Value]:
        """What `adlcalc compare` works out, for which the run is made once more and measured."""
        from adlcalc.study.metrics import all_of
        from adlcalc.study.rounds import outcome_of

        return all_of(outcome_of(self._run.scenario))

    # --- numbers of the events ------------------------------------------------------------------------------

    def _until(self, measure: Measure) -> Iterator[Event]:
        """The events up to the end of its step."""
        last = self._last if measure.step is None else measure.step
        return (event for event in self._run.events if event.step <= last)

    def _fund_paid(self, measure: Measure) -> Decimal:
        paid = (event for event in self._until(measure) if isinstance(event, FundPaid))
        return sum((event.amount for event in paid if measure.of in (None, event.fund)), ZERO)

    def _fund_received(self, measure: Measure) -> Decimal:
        received = (event for event in self._until(measure) if isinstance(event, FundReceived))
        return sum((event.amount for event in received if measure.of in (None, event.fund)), ZERO)

    def _ended(self, measure: Measure) -> StepEnded:
        """The end of its step."""
        last = self._last if measure.step is None else measure.step
        return next(
            event for event in self._run.events if isinstance(event, StepEnded) and event.step == last
        )

    def _fund_left(self, measure: Measure) -> Decimal:
        return sum((held for name, held in self._ended(measure).funds if measure.of in (None, name)), ZERO)

    def _fund_worth(self, measure: Measure) -> Decimal:
        """At the end every position that is held is told, with its pnl; whose it is hangs on rule fund.holds."""
        left = self._fund_left(measure)
        if not self._run.scenario.rules.fund.holds.held:
            return left
        behind = {market.name: market.fund for market in self._run.scenario.markets}
        held = (one for one in self._run.events if isinstance(one, Held) and one.step == self._last)
        own = (one.unrealized_pnl for one in held if measure.of in (None, behind[one.market]))
        return sum(own, left)

    def _least_fund(self, measure: Measure) -> Decimal:
        from adlcalc.study.least import least_fund

        return least_fund(self._run.scenario, measure.of)

    def _bad_debt(self, measure: Measure) -> Decimal:
        return self._ended(measure).bad_debt

    def _fills(self, measure: Measure) -> Iterator[Deleveraged]:
        return (event for event in self._until(measure) if isinstance(event, Deleveraged))

    def _adl_size(self, measure: Measure) -> Decimal:
        return sum((fill.size for fill in self._fills(measure) if measure.of in (None, fill.market)), ZERO)

    def _adl_accounts(self, measure: Measure) -> int:
        return len({fill.account for fill in self._fills(measure)})

    def _liquidations(self, measure: Measure) -> int:
        return sum(isinstance(event, Liquidated) for event in self._until(measure))

    def _forgone(self, measure: Measure) -> Decimal:
        return sum((fill.forgone_pnl for fill in self._fills(measure) if fill.account == measure.of), ZERO)

    # --- numbers of an account ------------------------------------------------------------------------------

    def _state(self, measure: Measure) -> AccountState:
        """The account at the end of its step."""
        if measure.step is None:
            if str(measure.of) not in self._ends:
                found = next(state for state in self._run.accounts if state.account == measure.of)
                self._ends[found.account] = found
            return self._ends[str(measure.of)]
        moments = self._watch.moments
        return next(
            one.state
            for one in moments
            if (one.step, one.before, one.state.account) == (measure.step, False, measure.of)
        )

    @property
    def _watch(self) -> Watch:
        if self._run.watch is None:
            raise ValueError("this run was made without looking at what is asked (see watch_for)")
        return self._run.watch

    def _equity(self, measure: Measure) -> Decimal:
        return self._state(measure).equity_end

    def _rank(self, measure: Measure) -> int | None:
        step = self._last if measure.step is None else measure.step
        places = self._watch.places.items()
        return min(
            (place.rank for (at, who, *_), place in places if (at, who) == (step, measure.of)), default=None
        )

    def _margin_ratio(self, measure: Measure) -> Decimal | None:
        """At each step when margin is looked at, and at its end."""
        ratios = [
            ratio(equity, maintenance)
            for moment in self._watch.moments
            if moment.state.account == measure.of and measure.step in (None, moment.step)
            for equity, maintenance in self._health.units(moment.state)
        ]
        return max((one for one in ratios if one is not None), default=None)

    def _liquidation_price(self, measure: Measure) -> Decimal | None:
        def away(one: OpenPosition) -> Decimal:
            distance = one.distance
            return FAR if distance is None else distance

        held = [one for one in self._health.of(self._state(measure)) if one.liquidation_price is not None]
        return min(held, key=away).liquidation_price if held else None

    # --- what is true or false ------------------------------------------------------------------------------

    def _in(self, measure: Measure) -> Iterator[Event]:
        """The events of its step, or all of them."""
        return (event for event in self._run.events if measure.step in (None, event.step))

    def _liquidation(self, measure: Measure) -> bool:
        return any(isinstance(event, Liquidated) for event in self._in(measure))

    def _liquidated(self, measure: Measure) -> bool:
        return any(
            isinstance(event, Liquidated) and event.account == measure.of for event in self._in(measure)
        )

    def _adl(self, measure: Measure) -> bool:
        fills = (event for event in self._in(measure) if isinstance(event, Deleveraged))
        return any(measure.of in (None, fill.account) for fill in fills)

    def _ran_short(self, measure: Measure) -> bool:
        """A loss went to others or to nobody; or, where the queue comes after the fund, what somebody would have
        bought at a loss went to the queue or was left over; or a fund that keeps positions could not bear one."""
        from adlcalc.study.depths import Depths

        rules, depths = self._run.scenario.rules, Depths(self._run.scenario)
        keeps, after_fund = rules.fund.holds.held, rules.adl.when == AdlWhen.AFTER_FUND
        behind = {market.name: market.fund for market in self._run.scenario.markets}
        for event in self._until(measure):
            depths.hear(event)
            if not isinstance(event, (Deleveraged, Held, LossSocialized, BadDebt)):
                continue
            if measure.of not in (None, behind[event.market]) or measure.step not in (None, event.step):
                continue
            if isinstance(event, (LossSocialized, BadDebt)):
                return True
            if keeps or not after_fund:
                short = after_fund and isinstance(event, Deleveraged)
            else:
                side = event.side if isinstance(event, Held) else -event.side
                short = depths.takes_in_all(event.market, side) is None
            if short:
                return True
        return False

    def _loss(self, measure: Measure) -> bool:
        return self._bad_debt(measure) != 0 or any(
            isinstance(event, LossSocialized) for event in self._in(measure)
        )

    def _stopped(self, measure: Measure) -> bool:
        """Without a step: ever. In a step: it was stopped then, or is so since an earlier one; a fund that
        could pay a part (`left`) is asked anew at the next."""
        still = False
        for event in self._until(measure):
            if isinstance(event, FundStopped) and event.fund == measure.of:
                if measure.step in (None, event.step):
                    return True
                still = not event.left
            elif isinstance(event, FundResumed) and event.fund == measure.of:
                still = False
        return still
