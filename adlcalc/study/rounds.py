"""What a run took from whom: its rounds, measured at the marks of their steps.

A round is a step in which a bankrupt position was closed at a loss. Fills are valued against the mark: an ADL
fill takes `forgone` from its counterparty, a haircut its cut. What an account could pay is its positive pnl,
at the mark, before the round's fills, on its positions in the markets concerned.

Public: Burden, Fill, Round, Outcome, outcome_of.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from adlcalc.engine.events import (
    BackstopTook,
    BadDebt,
    BookFilled,
    Deleveraged,
    Event,
    FundPaid,
    Liquidated,
    LossSocialized,
    StepEnded,
)
from adlcalc.engine.formulas import margin
from adlcalc.engine.loop import run
from adlcalc.engine.model import Scenario
from adlcalc.engine.waterfall.facts import Facts, Observer, Stake
from adlcalc.ground.numbers import ZERO, exact
from adlcalc.study.assumptions import TELLING, used_assumptions


class Burden(NamedTuple):
    """One account in a round: what it could pay and what it paid (never below zero), how many of its
    positions were closed wholly, and what its leverage and equity are after the round (leverage None: no
    position or no equity is left)."""

    account: str
    could: Decimal
    paid: Decimal
    closed: int
    leverage: Fraction | None
    equity: Decimal


class Fill(NamedTuple):
    """An ADL fill and what it was worth at the mark."""

    event: Deleveraged
    notional: Decimal


@dataclass(frozen=True, slots=True)
class Round:
    """deficit: what the positions closed in this step lost beyond their bankruptcy prices; worst: the largest
    part of it that is one account's; needed: what the fund did not pay of it."""

    step: int
    deficit: Decimal
    worst: Decimal
    needed: Decimal
    burdens: tuple[Burden, ...]

    @property
    def could(self) -> list[Decimal]:
        """u: what each account could pay."""
        return [burden.could for burden in self.burdens]

    @property
    def paid(self) -> list[Decimal]:
        """x: what each account paid."""
        return [burden.paid for burden in self.burdens]

    @property
    def total(self) -> Decimal:
        """H, the sum of x."""
        return sum(self.paid, ZERO)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished run, measured. liquidated: accounts in the order in which they were. bad_debt: after the
    last step, the loss at the mark of what the venue still holds and what accounts below zero owe included;
    held_loss is that part of it. assumed: the assumed rules that it has made use of."""

    scenario: Scenario
    rounds: tuple[Round, ...]
    fills: tuple[Fill, ...]
    liquidated: tuple[str, ...]
    fund_paid: Decimal
    socialized: Decimal
    bad_debt: Decimal
    held_loss: Decimal
    assumed: tuple[str, ...] = ()

    def by_account(self) -> dict[str, Decimal]:
        """What each account paid over all rounds, those with a profit who paid nothing included."""
        paid: dict[str, Decimal] = {}
        for each in self.rounds:
            for burden in each.burdens:
                paid[burden.account] = paid.get(burden.account, ZERO) + burden.paid
        return paid


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
    )


class _Meter(Observer):
    """Listens to the events; at the end of a step with a round it looks at the accounts."""

    def __init__(self, scenario: Scenario) -> None:
        self.rounds: list[Round] = []
        self.fills: list[Fill] = []
        self.claims: dict[int, Liquidated] = {}
        self.amounts: dict[type, list[Decimal]] = {FundPaid: [], LossSocialized: [], BadDebt: []}
        self.bad_debt = ZERO
        self._markets = {market.name: market for market in scenario.markets}
        self._unit = scenario.money_unit
        self._facts: Facts | None = None
        self._step: list[Event] = []

    def ended(self, facts: Facts) -> None:
        """The step's events are told after this, while the run stands still."""
        self._facts = facts

    def hear(self, event: Event) -> None:
        """One event of the run."""
        if isinstance(event, Liquidated):
            self.claims[event.claim] = event
        elif isinstance(event, StepEnded):
            self.bad_debt = event.bad_debt
            with exact():
                self._end_step(event.step)
            self._step = []
        elif isinstance(event, (BookFilled, BackstopTook, Deleveraged, FundPaid, LossSocialized, BadDebt)):
            self._step.append(event)
            if isinstance(event, (FundPaid, LossSocialized, BadDebt)):
                self.amounts[type(event)].append(event.amount)

    def _end_step(self, step: int) -> None:
        lost: dict[str, Decimal] = {}
        for event in self._step:
            if isinstance(event, Deleveraged):
                self.fills.append(
                    Fill(event, abs(self._value(event.market, event.side * event.size, event.mark)))
                )
            if isinstance(event, (BookFilled, BackstopTook, Deleveraged)):
                account = self.claims[event.claim].account
                lost[account] = lost.get(account, ZERO) + self._loss(event)
        deficit = sum(lost.values(), ZERO)
        shared = any(isinstance(event, (Deleveraged, LossSocialized)) for event in self._step)
        if deficit or shared:
            paid_by_fund = sum((event.amount for event in self._step if isinstance(event, FundPaid)), ZERO)
            needed = max(deficit - paid_by_fund, ZERO)
            self.rounds.append(
                Round(step, deficit, max(lost.values(), default=ZERO), needed, tuple(self._burdens()))
            )

    def _value(self, market: str, signed_size: Decimal, price: Decimal) -> Decimal:
        return margin.value(self._markets[market].contract, signed_size, price, self._unit)

    def _loss(self, event: BookFilled | BackstopTook | Deleveraged) -> Decimal:
        """How much worse than its bankruptcy price a bankrupt position was closed; an ADL fill counts at the
        mark."""
        if not isinstance(event, Deleveraged):
            return max(-event.result, ZERO)
        price = self.claims[event.claim].bankruptcy_price
        if price is None:
            return ZERO
        closed = -event.side * event.size
        return max(
            self._value(event.market, closed, price) - self._value(event.market, closed, event.mark), ZERO
        )

    def _burdens(self) -> Iterator[Burden]:
        """Every account with a profit in the markets of the round, in file order, and whoever else gave
        something."""
        assert self._facts is not None
        gave: dict[tuple[str, str, int], list[Deleveraged]] = {}
        cut: dict[str, Decimal] = {}
        for event in self._step:
            if isinstance(event, Deleveraged):
                gave.setdefault((event.account, event.market, event.side), []).append(event)
            elif isinstance(event, LossSocialized):
                cut[event.account] = cut.get(event.account, ZERO) + event.amount
        markets = {
            event.market
            for event in self._step
            if isinstance(event, (BookFilled, BackstopTook, Deleveraged, LossSocialized))
        }
        found: dict[str, list[tuple[Stake, Decimal, Decimal]]] = {}
        for stake in self._facts.stakes(markets):
            fills = gave.get((stake.account, stake.market, stake.side), [])
            could = max(stake.pnl, ZERO) + sum((f.realized_pnl + f.forgone_pnl for f in fills), ZERO)
            if could > 0 or fills or stake.account in cut:
                forgone = sum((f.forgone_pnl for f in fills), ZERO)
                found.setdefault(stake.account, []).append((stake, max(could, ZERO), forgone))
        for account, rows in found.items():
            paid = max(sum((row[2] for row in rows), cut.get(account, ZERO)), ZERO)
            closed = sum(not one.size for one, _, _ in rows if (account, one.market, one.side) in gave)
            notional, equity = self._facts.standing(account)
            leverage = Fraction(notional) / Fraction(equity) if notional and equity > 0 else None
            yield Burden(account, sum((row[1] for row in rows), ZERO), paid, closed, leverage, equity)
