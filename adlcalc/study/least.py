"""The least fund: how much it must hold at the start so that it never runs short, and neither would any
larger one.

Where a fund pays down to its floor and no rule looks at anything else of it, one run with an endless fund
tells: what happens hangs on the fund only where it is asked for more than it has, so that a fund which holds
the largest net draw of that run (payments less receipts, posting by posting) makes the same run, and one that
holds less runs short at the first draw that goes beyond what it holds. Elsewhere (a fund that stops at a part
of its peak) it is looked for from above, run by run.

Public: LEAST, ENDLESS, Draw, Endless, endless, why_not, unproven, least_fund, with_balance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal

from adlcalc.engine.events import Event, FundPaid, FundReceived
from adlcalc.engine.loop import run
from adlcalc.engine.model import Fund, Scenario
from adlcalc.engine.rules import FundRules, Rules
from adlcalc.ground.numbers import CEILING, ZERO, D, divide, exact, round_to
from adlcalc.study.differs import same

LEAST = "least_fund"
"""The measure that it is."""
ENDLESS = D("1E+30")
"""What an endless fund holds: more than the accounts of any book, and its balance is still exact."""
PARTS = 100
"""A fund that is not enough is missed where all that are not lie within a hundredth of twice the need."""
HARMLESS = ("negative",)
"""Rules of a fund under which it is asked for no more than it has, or always has it."""


@dataclass(frozen=True, slots=True)
class Draw:
    """A payment after which the fund stood lower than ever before. total: how far below its opening; at: its
    place among the events of the run."""

    total: Decimal
    at: int
    step: int
    claim: int


@dataclass(frozen=True, slots=True)
class Endless:
    """The run with an endless fund. draws: each deeper than the one before."""

    fund: Fund
    events: tuple[Event, ...]
    draws: Sequence[Draw]

    @property
    def deepest(self) -> Decimal:
        """The largest net draw."""
        return self.draws[-1].total if self.draws else ZERO

    @property
    def least(self) -> Decimal:
        """The least fund, where the rules let one run tell. What is never drawn on may be empty."""
        return self.fund.floor + self.deepest if self.draws else ZERO


def with_balance(scenario: Scenario, fund: str, balance: Decimal) -> Scenario:
    """The scenario with that much in a fund; its peak is no less."""
    return replace(
        scenario,
        funds=tuple(
            replace(one, balance=balance, peak=None if one.peak is None else max(one.peak, balance))
            if one.name == fund
            else one
            for one in scenario.funds
        ),
    )


def endless(scenario: Scenario, fund: str) -> Endless:
    """Run it with an endless fund."""
    found = next(one for one in scenario.funds if one.name == fund)
    events = tuple(run(with_balance(scenario, fund, ENDLESS), accounts=False))
    draws: list[Draw] = []
    deepest = balance = ZERO
    with exact():
        for i, event in enumerate(events):
            if isinstance(event, FundReceived) and event.fund == fund:
                balance += event.amount
            elif isinstance(event, FundPaid) and event.fund == fund:
                balance -= event.amount
                if -balance > deepest:
                    deepest = -balance
                    draws.append(Draw(deepest, i, event.step, event.claim))
    return Endless(found, events, draws)


def why_not(rules: Rules) -> str:
    """The rule under which the largest draw is not the least fund; '' where it is. A fund that may go below
    zero always pays; its least fund is what keeps it from doing so."""
    if rules.fund.negative:
        return ""
    usual = FundRules()
    return next(
        (
            f"fund.{rule.name}"
            for rule in fields(FundRules)
            if rule.name not in HARMLESS and getattr(rules.fund, rule.name) != getattr(usual, rule.name)
        ),
        "",
    )


def unproven(venue: str, rule: str) -> str:
    """Why a distribution of least funds cannot be told under this rule: what is said of `least_fund`."""
    return f"is proven only of a fund that pays down to its floor whatever else it is, and {venue} has {rule}"


def least_fund(scenario: Scenario, fund: str | None = None) -> Decimal:
    """The least opening balance with which the fund never runs short, nor with any larger one (None: the
    only fund of the scenario). Exact to the money unit."""
    name = scenario.funds[0].name if fund is None else fund
    found = endless(scenario, name)
    return _from_above(scenario, found) if why_not(scenario.rules) else found.least


def _enough_for_sure(scenario: Scenario, found: Endless) -> Decimal:
    """Twice what the largest draw asks for: the draw itself, or where a fund stops at a part of its peak as
    much as has the draw for that part."""
    drawdown = scenario.rules.fund.drawdown
    needed = found.least if drawdown is None else divide(found.least, drawdown.start)
    return 2 * round_to(needed, scenario.money_unit, CEILING)


def _from_above(scenario: Scenario, found: Endless) -> Decimal:
    """Where the rules ask for more than the largest draw (a fund that keeps positions pays nothing for them,
    and has to bear what they lose): from one that is enough downward in parts to one
    that is not, and the end between the two by bisection. (Smaller ones may be enough again, where the rule
    does not act yet.)"""
    unit = scenario.money_unit

    def enough(n: int) -> bool:
        events = run(with_balance(scenario, found.fund.name, n * unit), accounts=False)
        return same(tuple(events), found.events)

    with exact():
        if enough(0) and not found.draws:
            return ZERO
        high = max(int(divide(_enough_for_sure(scenario, found), unit)), 1)
        while not enough(high):
            high *= 2
        part = max(high // PARTS, 1)
        low = high - part
        while low > 0 and enough(low):
            low, high = low - part, low
        low = max(low, -1)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if enough(middle) else (middle, high)
        return high * unit
