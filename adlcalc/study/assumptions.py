"""Which of the rules that a venue does not document this very run has made use of.

Public: TELLING, used_assumptions.
"""

from __future__ import annotations

from collections.abc import Sequence

from adlcalc.engine.columns import Columns
from adlcalc.engine.events import (
    BackstopTook,
    BadDebt,
    Deleveraged,
    Event,
    FundingPaid,
    FundPaid,
    FundReceived,
    Liquidated,
    LossSocialized,
    Skipped,
)
from adlcalc.engine.model import Scenario
from adlcalc.engine.rules import Assumption

USED_BY: dict[str, tuple[type, ...]] = {
    "liquidation": (Liquidated,),
    "contract": (Liquidated,),
    "fund": (FundReceived, FundPaid),
    "backstop": (BackstopTook,),
    "adl": (Deleveraged, Skipped),
    "funding": (FundingPaid,),
    "last_resort": (LossSocialized, BadDebt),
}

TELLING = frozenset(kind for kinds in USED_BY.values() for kind in kinds)
"""The events that tell which rules were used; the others need not be kept for that."""

NO_GIFT = Assumption(
    "adl.price (limit)",
    "The rule's price would have left a bankrupt account with money; here it is no better for it than its "
    "bankruptcy price.",
)


def used_assumptions(scenario: Scenario, events: Sequence[Event]) -> tuple[Assumption, ...]:
    """The assumed rules of the rulebook that were used: margin rules wherever there are accounts, the others
    by what happened.

    'adl.ties' counts only where two counterparties had exactly the same score, 'adl.own_account' where
    somebody who was closed against the queue was in it. A rule of an unknown kind is reported. NO_GIFT is of
    the engine, not of a rulebook."""
    happened = {type(event) for event in events}
    deleveraged = [event for event in events if isinstance(event, Deleveraged)]
    tied = any(event.tied for event in deleveraged)

    def used(rule: str) -> bool:
        kind = rule.partition(".")[0]
        if rule == "adl.ties":
            return tied
        if rule == "adl.own_account":
            return in_own_queue(scenario, deleveraged)
        if kind == "margin":
            return bool(scenario.accounts)
        return kind not in USED_BY or not happened.isdisjoint(USED_BY[kind])

    cut = any(event.rule_price is not None for event in deleveraged)
    return (
        *(assumption for assumption in scenario.rules.assumptions if used(assumption.rule)),
        *([NO_GIFT] if cut else []),
    )


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
