"""Which of the rules that a venue does not document this very run has made use of.

Public: TELLING, SHOWN_BY_LIGHTS, used_assumptions, no_window, no_times, is_reached, spared_funds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal

from adlcalc.engine.columns import Columns
from adlcalc.engine.events import (
    BackstopTook,
    BadDebt,
    Deleveraged,
    Event,
    FeePaid,
    FundingPaid,
    FundPaid,
    FundReceived,
    FundStopped,
    Held,
    Liquidated,
    LossSocialized,
    Skipped,
    Traded,
)
from adlcalc.engine.formulas.margin import value
from adlcalc.engine.model import Measure, Scenario
from adlcalc.engine.rules import AdlWhen, Assumption, Measured, Rules, TablePart, Takeover
from adlcalc.ground.numbers import ZERO, show

USED_BY: dict[str, tuple[type, ...]] = {
    "liquidation": (Liquidated,),
    "contract": (Liquidated,),
    "fund": (FundReceived, FundPaid),
    "backstop": (BackstopTook,),
    "adl": (Deleveraged, Skipped),
    "funding": (FundingPaid,),
    "last_resort": (LossSocialized, BadDebt),
    "fees": (Liquidated,),
    "fees.deleveraged": (Deleveraged,),
    "fees.to": (FeePaid,),
}
"""The events that tell that a rule, or one of a section, has decided something. Of the fees their rates decide at
every fill that none is taken, and who receives them only where one is."""

TELLING = frozenset((Traded, FundStopped, Held, *(kind for kinds in USED_BY.values() for kind in kinds)))
"""The events that tell which rules were used; the others need not be kept for that."""

SHOWN_BY_LIGHTS = "adl.lights"
"""The rule that a run uses nowhere, and that whoever shows lights tells."""
NO_GIFT = Assumption(
    "adl.price (limit)",
    "The rule's price would have left a bankrupt account with money; here it is no better for it than its "
    "bankruptcy price.",
)
FILE_ORDER = Assumption(
    "liquidation.method (order)",
    "The positions of a cross account are worked in the order in which the file lists them, and the fund had not "
    "enough for all: no venue's order was read.",
)


def no_window(rules: Rules) -> Assumption:
    """What stands in for a window where the steps have no times: of the engine too."""
    assert rules.fund.drawdown is not None
    assert rules.fund.drawdown.window is not None, "asked where no_times is so"
    hours = Decimal(rules.fund.drawdown.window) / 3600
    return Assumption(
        "fund.drawdown (window)",
        f"Its peak is that of {show(hours)} hours, and the steps have no times: here it is that of the whole "
        "run. 'interval' says how long a step is.",
    )


def used_assumptions(scenario: Scenario, events: Sequence[Event]) -> tuple[Assumption, ...]:
    """The assumed rules of the rulebook that were used: margin rules wherever there are accounts, the others
    by what happened. events: in their order; of those who deleverage nobody the kinds are enough, but for
    Traded.

    'adl.lights' never counts: nothing that happens hangs on it. 'adl.ties' counts only where two
    counterparties had exactly the same score, 'adl.own_account' where somebody who was closed against the
    queue was in it, 'fund.holds' where the queue was used although the fund had money. A rule of an unknown
    kind is reported. NO_GIFT, FILE_ORDER and no_window are of the engine, not of a rulebook."""
    happened = {type(event) for event in events}
    deleveraged = [event for event in events if isinstance(event, Deleveraged)]
    tied = any(event.tied for event in deleveraged)

    def used(assumption: Assumption) -> bool:
        rule = assumption.rule
        kind = rule.partition(".")[0]
        if assumption.part is not None:
            return is_reached(assumption.part, scenario, events)
        if rule == SHOWN_BY_LIGHTS:
            return False
        if rule == "adl.ties":
            return tied
        if rule == "adl.own_account":
            return in_own_queue(scenario, deleveraged)
        if rule == "fund.drawdown" and scenario.rules.fund.holds.held and Held in happened:
            return True  # what it may lose by what it keeps
        if rule == "fund.holds":
            return bool(spared_funds(scenario, events))
        if kind == "margin":
            return bool(scenario.accounts)
        telling = USED_BY.get(rule) or USED_BY.get(kind)
        return telling is None or not happened.isdisjoint(telling)

    cut = any(event.rule_price is not None for event in deleveraged)
    return (
        *(assumption for assumption in scenario.rules.assumptions if used(assumption)),
        *([NO_GIFT] if cut else []),
        *([FILE_ORDER] if in_file_order(scenario, events) else []),
        *([no_window(scenario.rules)] if lacked_a_window(scenario, happened) else []),
    )


def is_reached(part: TablePart, scenario: Scenario, events: Iterable[Event] = ()) -> bool:
    """Does a position get into that part of its market's table, on its way between the lowest and the highest
    mark? What is opened later counts as if nothing had been closed before it."""
    market = next(one for one in scenario.markets if one.name == part.market)
    by, marks = market.maintenance.by, scenario.path.marks[market.name]
    ends = (min(marks), max(marks)) if by == Measure.NOTIONAL else ()
    opened: dict[tuple[str, int], Decimal] = {}
    for event in events:
        if isinstance(event, Traded) and event.market == market.name and event.opened:
            place = (event.account, event.side)
            opened[place] = opened.get(place, ZERO) + event.opened

    def inside(part: TablePart, size: Decimal, entry: Decimal) -> bool:
        prices = ends or (entry,)
        measured = (
            [size]
            if by == Measure.SIZE
            else [abs(value(market.contract, size, price, scenario.money_unit)) for price in prices]
        )
        return max(measured) > part.above and (part.up_to is None or min(measured) <= part.up_to)

    accounts = scenario.accounts
    if isinstance(accounts, Columns) and not opened:  # a large book is not walked through for nothing
        size, entries = accounts.sizes.number(max(accounts.sizes.values)), accounts.entries
        ends_of = [entries.number(end(entries.values)) for end in (min, max)]
        whole = TablePart(part.market, part.above, None)
        if not any(inside(whole, size, entry) for entry in ends_of):
            return False
    for account in accounts:
        for one in account.positions:
            if one.market == market.name:
                more = opened.pop((account.id, one.side), ZERO)
                if inside(part, one.size + more, one.entry):
                    return True
    return any(inside(part, size, ends[-1] if ends else marks[0]) for size in opened.values())


def spared_funds(scenario: Scenario, events: Iterable[Event]) -> frozenset[str]:
    """The funds behind what the venue had taken over that had more above their floors than a lot of it cost, just when
    somebody was deleveraged for it. events: in their order."""
    rules = scenario.rules
    if not isinstance(rules.liquidation.method, Takeover) or rules.adl.when != AdlWhen.AFTER_FUND:
        return frozenset()
    markets = {one.name: one for one in scenario.markets}
    floor = {one.name: one.floor for one in scenario.funds}
    holds = {one.name: one.balance for one in scenario.funds}
    found = set()
    for event in events:
        if isinstance(event, (FundPaid, FundReceived)):
            holds[event.fund] = event.after
        elif isinstance(event, Deleveraged):
            market = markets[event.market]
            left = holds[market.fund] - floor[market.fund]
            if left > 0 and left * event.size >= event.forgone_pnl * market.lot:
                found.add(market.fund)
    return frozenset(found)


def in_file_order(scenario: Scenario, events: Sequence[Event]) -> bool:
    """Did a fund pay for one position of a cross account that was taken over, and others for another one?"""
    if isinstance(scenario.accounts, Columns):  # of which each has one position
        return False
    fund_of = {one.name: one.fund for one in scenario.markets}
    taken = {
        event.claim: (event.step, event.account, fund_of[event.market])
        for event in events
        if isinstance(event, Liquidated) and event.margin == "cross" and event.method == "takeover"
    }
    paid: dict[tuple[int, str, str], set[int]] = {}
    for event in events:
        if isinstance(event, FundPaid) and event.claim in taken:
            paid.setdefault(taken[event.claim], set()).add(event.claim)
    return any(
        isinstance(event, (Deleveraged, BadDebt))
        and event.claim in taken
        and bool(paid.get(taken[event.claim], set()) - {event.claim})
        for event in events
    )


def lacked_a_window(scenario: Scenario, happened: Collection[type]) -> bool:
    """Would times of the steps have made a difference to a fund's drawdown? A peak of hours is never above
    that of the run, so one that did not stop the fund over the run would not have done so; but the limit of a
    contract's own pnl is a share of the fund's peak, which other contracts have lowered."""
    drawdown = scenario.rules.fund.drawdown
    if drawdown is None or not no_times(scenario):
        return False
    by_contract = drawdown.measure == Measured.CONTRACT_PNL and len(scenario.markets) > 1
    return FundStopped in happened or (by_contract and FundPaid in happened)


def no_times(scenario: Scenario) -> bool:
    """Is a fund's peak that of some hours, and no step at any time?"""
    drawdown = scenario.rules.fund.drawdown
    return drawdown is not None and drawdown.window is not None and scenario.path.seconds is None


def in_own_queue(scenario: Scenario, deleveraged: Sequence[Deleveraged]) -> bool:
    """Was anybody of whom a position was closed against the queue long and short in that market?"""
    closed = {(event.bankrupt, event.market) for event in deleveraged}
    if not closed or isinstance(scenario.accounts, Columns):  # of which each has one position
        return False
    return any(
        one.side > 0 > other.side and one.market == other.market and (account.id, one.market) in closed
        for account in scenario.accounts
        if len(account.positions) > 1
        for one in account.positions
        for other in account.positions
    )
