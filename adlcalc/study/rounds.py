"""What a run took from whom: its rounds, measured at the marks of their steps.

A round is a step in which a bankrupt position was closed at a loss. Fills are valued against the mark: an ADL
fill takes `forgone` from its counterparty, a haircut its cut. What an account could pay is its positive pnl,
at the mark, before the round's fills, on its positions in the markets concerned.

Public: Burden, Fill, Round, Outcome, outcome_of.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple

from adlcalc.engine.events import (
    BackstopTook,
    BadDebt,
    BookFilled,
    Deleveraged,
    Event,
    FundPaid,
    Held,
    Liquidated,
    LossSocialized,
    StepEnded,
)
from adlcalc.engine.formulas import margin
from adlcalc.engine.loop import run
from adlcalc.engine.model import Scenario
from adlcalc.engine.waterfall.facts import Facts, Observer
from adlcalc.ground.numbers import ZERO, divide, exact
from adlcalc.ground.objects import record
from adlcalc.study.assumptions import TELLING, used_assumptions
from adlcalc.study.formulas import survivor


class Burden(NamedTuple):
    """One account in a round: what it could pay and what it paid (never below zero), how many of its
    positions were closed wholly, and what its notional and equity are after the round."""

    account: str
    could: Decimal
    paid: Decimal
    closed: int
    notional: Decimal
    equity: Decimal

    @property
    def leverage(self) -> Fraction | None:
        """After the round; None: no position or no equity is left."""
        return Fraction(self.notional) / Fraction(self.equity) if self.notional and self.equity > 0 else None


class Fill(NamedTuple):
    """An ADL fill and what it was worth at the mark."""

    event: Deleveraged
    notional: Decimal


@dataclass(frozen=True)
class Round:
    """deficit: what the positions closed in this step lost beyond their bankruptcy prices; worst: the largest
    part of it that is one account's; needed: what the fund did not pay of it."""

    step: int
    deficit: Decimal
    worst: Decimal
    needed: Decimal
    burdens: tuple[Burden, ...]

    @cached_property
    def could(self) -> list[Decimal]:
        """u: what each account could pay."""
        return [burden.could for burden in self.burdens]

    @cached_property
    def paid(self) -> list[Decimal]:
        """x: what each account paid."""
        return [burden.paid for burden in self.burdens]

    @cached_property
    def top(self) -> Fraction:
        """The largest profit that is left."""
        return survivor(self.could, self.paid)

    @cached_property
    def total(self) -> Decimal:
        """H, the sum of x."""
        return sum(self.paid, ZERO)


@dataclass(frozen=True)
class Outcome:
    """A finished run, measured. liquidated: accounts in the order in which they were. bad_debt: after the
    last step, the loss at the mark of what the venue still holds and what accounts below zero owe included;
    held_loss is that part of it; borne: how much more than that they have lost, which a fund that keeps them can
    bear. assumed: the assumed rules that it has made use of; held: the contracts of
    each market that the venue still holds at the end."""

    scenario: Scenario
    rounds: tuple[Round, ...]
    fills: tuple[Fill, ...]
    liquidated: tuple[str, ...]
    fund_paid: Decimal
    socialized: Decimal
    bad_debt: Decimal
    held_loss: Decimal
    assumed: tuple[str, ...] = ()
    held: tuple[tuple[str, Decimal], ...] = ()
    borne: Decimal = ZERO

    @cached_property
    def by_account(self) -> dict[str, Decimal]:
        """What each account paid over all rounds, those with a profit who paid nothing included."""
        total: dict[str, Decimal] = {}
        for each in self.rounds:
            for account, paid in zip(map(attrgetter("account"), each.burdens), each.paid, strict=True):
                total[account] = total.get(account, ZERO) + paid
        return total

    @cached_property
    def most_levered(self) -> Burden | None:
        """The account with a profit that has the highest leverage after the last round."""
        burdens = self.rounds[-1].burdens if self.rounds else ()
        levered = [one for one in burdens if one.notional and one.equity > 0]
        # 60 digits tell any two of them apart
        return max(levered, key=lambda one: divide(one.notional, one.equity), default=None)


def outcome_of(scenario: Scenario) -> Outcome:
    """Run a scenario and measure it."""
    meter, used = _Meter(scenario), []
    for event in run(scenario, accounts=False, observer=meter):
        meter.hear(event)
        if type(event) in TELLING:
            used.append(event)
    booked = sum(meter.amounts[BadDebt], ZERO)
    return Outcome(
        scenario,
        tuple(meter.rounds),
        tuple(meter.fills),
        tuple(dict.fromkeys(claim.account for claim in meter.claims.values())),
        sum(meter.amounts[FundPaid], ZERO),
        sum(meter.amounts[LossSocialized], ZERO),
        meter.bad_debt,
        meter.bad_debt - booked,
        tuple(one.rule for one in used_assumptions(scenario, used)),
        meter.held,
        max(sum(meter.standing.values(), ZERO) - (meter.bad_debt - booked), ZERO),
    )


class _Meter(Observer):
    """Listens to the events; at the end of a step with a round it looks at the accounts."""

    def __init__(self, scenario: Scenario) -> None:
        self.rounds: list[Round] = []
        self.fills: list[Fill] = []
        self.claims: dict[int, Liquidated] = {}
        self.amounts: dict[type, list[Decimal]] = {FundPaid: [], LossSocialized: [], BadDebt: []}
        self.bad_debt = ZERO
        # what each claim of which something is held at the end has lost by the last mark
        self.standing: dict[int, Decimal] = {}
        self._value = {one.name: margin.valuer(one.contract, scenario.money_unit) for one in scenario.markets}
        self.held: tuple[tuple[str, Decimal], ...] = ()
        self._facts: Facts | None = None
        self._last = scenario.path.steps - 1
        self._step: list[Event] = []

    def ended(self, facts: Facts) -> None:
        """The step's events are told after this, while the run stands still."""
        self._facts = facts

    def _held(self) -> tuple[tuple[str, Decimal], ...]:
        """What the venue holds after the last step, in contracts of either side, by market: looked at while the run
        still stands there."""
        sizes: dict[str, Decimal] = {}
        with exact():
            for state in self._facts.others() if self._facts is not None else ():
                for one in state.positions if state.status != "backstop" else ():
                    sizes[one.market] = sizes.get(one.market, ZERO) + one.size
        return tuple(sizes.items())

    def hear(self, event: Event) -> None:
        """One event of the run."""
        if isinstance(event, Liquidated):
            self.claims[event.claim] = event
        elif isinstance(event, Held):
            if event.step == self._last:  # all of them are told at the end
                self.standing[event.claim] = max(-event.unrealized_pnl, ZERO)
        elif isinstance(event, StepEnded):
            self.bad_debt = event.bad_debt
            with exact():
                self._end_step(event.step)
            if event.step == self._last:
                self.held = self._held()
            self._step = []
        elif isinstance(event, (BookFilled, BackstopTook, Deleveraged, FundPaid, LossSocialized, BadDebt)):
            self._step.append(event)
            if isinstance(event, (FundPaid, LossSocialized, BadDebt)):
                self.amounts[type(event)].append(event.amount)

    def _end_step(self, step: int) -> None:
        lost: dict[str, Decimal] = {}
        by_fund, shared = ZERO, False
        for event in self._step:
            if isinstance(event, (BookFilled, BackstopTook, Deleveraged)):
                account = self.claims[event.claim].account
                lost[account] = lost.get(account, ZERO) + self._loss(event)
                if isinstance(event, Deleveraged):
                    shared = True
                    self.fills.append(record(Fill, (event, abs(at_mark(event)))))
            elif isinstance(event, FundPaid):
                by_fund += event.amount
            elif isinstance(event, LossSocialized):
                shared = True
        deficit = sum(lost.values(), ZERO)
        if deficit or shared:
            worst, needed = max(lost.values(), default=ZERO), max(deficit - by_fund, ZERO)
            self.rounds.append(Round(step, deficit, worst, needed, tuple(self._burdens())))

    def _loss(self, event: BookFilled | BackstopTook | Deleveraged) -> Decimal:
        """How much worse than its bankruptcy price a bankrupt position was closed; an ADL fill counts at the
        mark."""
        if not isinstance(event, Deleveraged):
            return max(-event.result, ZERO)
        price = self.claims[event.claim].bankruptcy_price
        if price is None:
            return ZERO
        value = self._value[event.market]
        return max(value(-event.side * event.size, price) - at_mark(event), ZERO)

    def _burdens(self) -> list[Burden]:
        """Every account with a profit in the markets of the round, in file order, and whoever else gave
        something."""
        assert self._facts is not None
        gave: dict[tuple[str, str, int], tuple[Decimal, Decimal]] = {}  # what was forgone and realized
        cut: dict[str, Decimal] = {}
        markets: set[str] = set()
        for event in self._step:
            if isinstance(event, Deleveraged):
                place = event.account, event.market, event.side
                more = event.forgone_pnl, event.realized_pnl
                if (before := gave.get(place)) is not None:
                    more = before[0] + more[0], before[1] + more[1]
                gave[place] = more
            elif isinstance(event, LossSocialized):
                cut[event.account] = cut.get(event.account, ZERO) + event.amount
            elif not isinstance(event, (BookFilled, BackstopTook)):
                continue
            markets.add(event.market)
        giving = {*cut, *(account for account, *_ in gave)}
        rows: list[Burden] = []
        last = None
        for account, market, side, size, pnl, notional, equity in self._facts.stakes(markets, giving):
            could, paid, closed = pnl, ZERO, 0
            if account in giving:  # of others only those with a profit are told
                could = pnl if pnl > ZERO else ZERO
                place = account, market, side
                if place in gave:
                    paid, realized = gave[place]
                    could = max(could + realized + paid, ZERO)
                    closed = 0 if size else 1
                elif not could and account not in cut:
                    continue
            if account == last:  # they come one after the other, as positions do
                row = rows[-1]
                rows[-1] = row._replace(
                    could=row.could + could, paid=row.paid + paid, closed=row.closed + closed
                )
                continue
            last = account
            paid = paid + cut[account] if account in cut else paid
            rows.append(record(Burden, (account, could, paid, closed, notional, equity)))
        return [row if row.paid >= ZERO else row._replace(paid=ZERO) for row in rows]


def at_mark(fill: Deleveraged) -> Decimal:
    """The signed value at the mark of the bankrupt position's part that an ADL fill has closed."""
    return fill.proceeds - fill.forgone_pnl
