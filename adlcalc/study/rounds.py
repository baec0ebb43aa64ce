"""What a run took from whom: its rounds, measured at the marks of their steps.

A round is a step in which somebody bore what a closed position lacked (study/borne.py), or winners gave
something. Fills are valued against the mark: an ADL fill takes `forgone` from its counterparty, a haircut its
cut. What an account could pay is its positive pnl, at the mark, before the round's fills, on its positions in
the markets concerned.

Public: Burden, Fill, Round, Outcome, outcome_of.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple

from adlcalc.engine.books.ledger import REST
from adlcalc.engine.events import (
    BackstopTook,
    BadDebt,
    BookFilled,
    Deleveraged,
    Event,
    FundPaid,
    Held,
    LossSocialized,
    StepEnded,
)
from adlcalc.engine.loop import run
from adlcalc.engine.model import Scenario
from adlcalc.engine.waterfall.facts import Facts, Observer
from adlcalc.ground.numbers import ZERO, divide, exact
from adlcalc.ground.objects import record
from adlcalc.study.assumptions import TELLING, used_assumptions
from adlcalc.study.borne import KINDS, Borne, Losses, worth
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
    """deficit: what the positions closed in this step lacked beyond their margin; worst: the largest part of
    it that is one account's; needed: what neither fund nor backstop paid of it; rest: what the rest of the
    market paid, which is no account."""

    step: int
    deficit: Decimal
    worst: Decimal
    needed: Decimal
    burdens: tuple[Burden, ...]
    rest: Decimal = ZERO

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
        """H, the sum of x, and what the rest of the market paid."""
        return sum(self.paid, self.rest)


@dataclass(frozen=True)
class Outcome:
    """A finished run, measured. liquidated: accounts in the order in which they were; borne: what closed
    positions lacked, and who bore it. bad_debt: after the last step, the loss at the mark of what the venue
    still holds and what accounts below zero owe included; held_loss is that part of it; kept_loss: how much
    more than that the former have lost, which a fund that keeps them can bear. assumed: the assumed rules
    that it has made use of; held: the contracts of each market that the venue still holds at the end; funds:
    their balances then; backstop_pnl: what backstops have won or lost by what they took over (None: there is
    none)."""

    scenario: Scenario
    rounds: tuple[Round, ...]
    fills: tuple[Fill, ...]
    liquidated: tuple[str, ...]
    borne: Borne
    socialized: Decimal
    bad_debt: Decimal
    held_loss: Decimal
    assumed: tuple[str, ...] = ()
    held: tuple[tuple[str, Decimal], ...] = ()
    kept_loss: Decimal = ZERO
    funds: tuple[tuple[str, Decimal], ...] = ()
    backstop_pnl: Decimal | None = None

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
        """The account with a profit that has the highest leverage after the last round, of several the one with the
        least equity."""
        burdens = self.rounds[-1].burdens if self.rounds else ()
        levered = [one for one in burdens if one.notional and one.equity > 0]
        # 60 digits tell any two of them apart
        return max(levered, key=lambda one: (divide(one.notional, one.equity), -one.equity), default=None)


def outcome_of(scenario: Scenario) -> Outcome:
    """Run a scenario and measure it."""
    meter, used = _Meter(scenario), []
    for event in run(scenario, accounts=False, observer=meter):
        meter.hear(event)
        if type(event) in TELLING:
            used.append(event)
    with exact():
        held_loss = meter.bad_debt - meter.borne.nobody
        return Outcome(
            scenario,
            tuple(meter.rounds),
            tuple(meter.fills),
            tuple(dict.fromkeys(claim.account for claim in meter.losses.claims.values())),
            meter.borne,
            meter.socialized,
            meter.bad_debt,
            held_loss,
            tuple(one.rule for one in used_assumptions(scenario, used)),
            meter.held,
            sum(meter.kept.values(), ZERO),
            meter.funds,
            meter.backstop_pnl,
        )


class _Meter(Observer):
    """Listens to the events; at the end of a step with a round it looks at the accounts."""

    def __init__(self, scenario: Scenario) -> None:
        self.rounds: list[Round] = []
        self.fills: list[Fill] = []
        self.losses, self.borne = Losses(scenario), Borne()
        self.socialized = self.bad_debt = ZERO
        # what each claim that the fund keeps has lost by the last mark, and the fund can bear
        self.kept: dict[int, Decimal] = {}
        self.held: tuple[tuple[str, Decimal], ...] = ()
        self.funds: tuple[tuple[str, Decimal], ...] = ()
        self.backstop_pnl: Decimal | None = None
        self._facts: Facts | None = None
        self._last = scenario.path.steps - 1
        self._step: list[Event] = []

    def ended(self, facts: Facts) -> None:
        """The step's events are told after this, while the run stands still."""
        self._facts = facts

    def _look_at_others(self) -> None:
        """What the venue holds after the last step, in contracts of either side, by market, and what backstops
        have won or lost: looked at while the run still stands there."""
        sizes: dict[str, Decimal] = {}
        for state in self._facts.others() if self._facts is not None else ():
            if state.status == "backstop":
                self.backstop_pnl = (self.backstop_pnl or ZERO) + state.equity_end - state.equity_start
                continue
            for one in state.positions:
                sizes[one.market] = sizes.get(one.market, ZERO) + one.size
        self.held = tuple(sizes.items())

    def hear(self, event: Event) -> None:
        """One event of the run."""
        if isinstance(event, KINDS):
            self._step.append(event)
        elif isinstance(event, Held):
            if event.step == self._last:  # all of them are told at the end
                with exact():
                    self.kept[event.claim] = max(-event.unrealized_pnl - event.uncovered, ZERO)
        elif isinstance(event, StepEnded):
            self.bad_debt = event.bad_debt
            with exact():
                self._end_step(event.step)
                if event.step == self._last:
                    self.funds = event.funds
                    self._look_at_others()
            self._step = []

    def _end_step(self, step: int) -> None:
        borne = self.losses.of_step(self._step)
        given = rest = ZERO
        gave = False
        for event in self._step:
            if isinstance(event, Deleveraged):
                gave = True
                self.fills.append(record(Fill, (event, abs(worth(event)))))
            elif isinstance(event, LossSocialized):
                gave, given = True, given + event.amount
                rest += event.amount if event.account == REST else ZERO
        deficit = borne.whole
        self.borne.add(borne)
        self.socialized += given
        if deficit or gave:
            worst, needed = max(borne.lacking.values(), default=ZERO), deficit - borne.fund - borne.backstop
            self.rounds.append(Round(step, deficit, worst, needed, tuple(self._burdens()), rest))

    def _burdens(self) -> list[Burden]:
        """Every account with a profit in the markets of the round, in file order, and whoever else gave
        something."""
        assert self._facts is not None
        # what was forgone, paid and realized: a fill that gained something pays for no other
        gave: dict[tuple[str, str, int], tuple[Decimal, Decimal, Decimal]] = {}
        cut: dict[str, Decimal] = {}
        markets: set[str] = set()
        for event in self._step:
            if isinstance(event, Deleveraged):
                place = event.account, event.market, event.side
                forgone = event.forgone_pnl
                more = forgone, forgone if forgone > ZERO else ZERO, event.realized_pnl
                if (before := gave.get(place)) is not None:
                    more = before[0] + more[0], before[1] + more[1], before[2] + more[2]
                gave[place] = more
            elif isinstance(event, LossSocialized):
                cut[event.account] = cut.get(event.account, ZERO) + event.amount
            elif isinstance(event, FundPaid):
                if event.claim in self.losses.claims:
                    markets.add(self.losses.claims[event.claim].market)
                continue
            elif not isinstance(event, (BookFilled, BackstopTook, BadDebt)):
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
                    forgone, paid, realized = gave[place]
                    could = max(could + realized + forgone, ZERO)
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
        return rows
