"""Sentences that limit a number, the same wherever it stands.

Public: FUND_LIMITS, SIZE_LIMIT, LEAST_FUND_LIMITS, LIGHTS, not_modeled, money_in, in_money, paths_of, frequencies, one_sided,
at_the_price, shares_of_equity.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from adlcalc.engine.columns import Columns
from adlcalc.engine.model import Scenario, side_name
from adlcalc.engine.rules import Lights
from adlcalc.report.human import clean
from adlcalc.study.health import OpenPosition

SIZE_LIMIT = "It is not a recommended size."
FUND_LIMITS = f"It is for this path, book and depth only: marks are given and nobody trades. {SIZE_LIMIT}"

LEAST_FUND_LIMITS = (
    "A fund of least_fund never runs short, which is not that nobody is deleveraged: what the book does not "
    "take "
    "may go to the queue, however much the fund holds. adlcalc solve --vary fund --until 'no adl' asks for "
    "that."
)

LIGHTS = {
    Lights.CONTRACTS: (
        "1 to 5: the fifth of the queue's contracts that the end of a position reaches; 5 where all of it lies in "
        "the first fifth. A large position that stands first shows fewer"
    ),
    Lights.HEADS: (
        "1 to 5: the fifth of the queue's positions that a position stands in; 5 in the first fifth, however "
        "large it is"
    ),
}
"""What a light says, by the rule `adl.lights`."""

COMMON = {"quote": "the quote currency", "base": "the base coin"}


def venue_of(scenario: Scenario) -> str:
    """'bybit as of 2026-09': whose rules, and of when."""
    return clean(scenario.venue) + (f" as of {clean(scenario.as_of)}" if scenario.as_of else "")


def money_in(scenario: Scenario) -> str:
    """'money in USDT', 'money in BTC and USDT': what the amounts of a page are."""
    names = [COMMON.get(name) or clean(name) for name in scenario.currencies]
    listed = " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
    return f"money in {listed}" if listed else ""


def in_money(heading: str, scenario: Scenario) -> str:
    """The heading of a table of money, with the currency where it has a name of its own: 'Insurance fund,
    money in USDT'. That it is the quote currency or the base coin is said once, under the title of the
    page."""
    named = any(name not in COMMON for name in scenario.currencies)
    return f"{heading}, {money_in(scenario)}" if named else heading


def not_modeled(scenario: Scenario, *, liquidated: bool, deleveraged: bool = False) -> str:
    """What of a venue is not worked here and could matter to this scenario, on one line; '' where nothing is.
    A queue is of the accounts that the file has.

    Who is liquidated when depends on orders in the book, on the time that a venue takes, and on a mark that
    is given; margin across positions is each venue's own."""
    several = not isinstance(scenario.accounts, Columns) and any(  # of which each has one position
        sum(one.collateral is None for one in account.positions) > 1 for account in scenario.accounts
    )
    found = ["open orders, latency, mark against last price"] if liquidated else []
    found += ["accounts beyond those of the file"] if deleveraged else []
    found += ["portfolio margin"] if several else []
    return f"Not modeled here: {', '.join(found)}." if found else ""


def paths_of(swept: Any) -> str:
    """How many paths a sweep has drawn, and how."""
    return f"{swept.drawn:,} path{'s' * (swept.drawn != 1)} {swept.model}"


def frequencies(swept: Any) -> str:
    """What the probabilities of a sweep are of, and what they are not; '' where no path is drawn."""
    if swept.drawn is None:
        return ""
    limits = f"; {swept.limits}" if swept.limits else ""
    return (
        f"{paths_of(swept)}, seed {swept.seed}. The intervals (95%) are"
        f" sampling error only{limits}. A frequency under this model, not a forecast."
    )


def one_sided(scenario: Scenario) -> str | None:
    """What no book of one side can answer; None where some market has both."""
    sides: dict[str, set[int]] = {}
    for account in scenario.accounts:
        for one in account.positions:
            found = sides.setdefault(one.market, set())
            found.add(one.side)
            if len(found) > 1:
                return None
    held = dict.fromkeys(f"{side_name(side)}s" for found in sides.values() for side in found)
    if not held:
        return None
    who = next(iter(held)) if len(held) == 1 else "one side of each market"
    return (
        f"The file holds {who} only: nobody can be deleveraged in it, for that takes a bankrupt position on "
        "the other "
        "side."
    )


NAMED = 10
"""As many positions are named."""


def at_the_price(positions: Iterable[OpenPosition]) -> str | None:
    """Whether positions are due at their liquidation price itself, which hangs on how it is rounded and on
    the rule `margin.due`; None where none has one."""
    found = [one for one in positions if one.liquidation_price is not None and not one.due]
    there = [one for one in found if one.due_there]
    if not found:
        return None
    if not there:
        return "At its liquidation price itself a position is not due yet; a tick beyond it is."
    if len(there) == len(found):
        return "At its liquidation price itself a position is due; a tick before it is not."
    names = list(dict.fromkeys(clean(one.account) for one in there))
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    told = ", ".join(names[:NAMED]) + more
    verb = "are" if len(names) > 1 else "is"
    return f"{told} {verb} due at the liquidation price itself, the others a tick beyond theirs."


def shares_of_equity(positions: Iterable[OpenPosition]) -> str | None:
    """What the bankruptcy price of a cross position is, where one is nearer than the liquidation price; None
    where none is."""
    for one in positions:
        bankruptcy, liquidation = one.bankruptcy_price, one.liquidation_price
        if one.margin == "isolated" or bankruptcy is None or liquidation is None:
            continue
        if one.side * (bankruptcy - liquidation) > 0:
            return (
                "The bankruptcy price of a cross position is that at which it would be taken over now, when its "
                "share of the account's equity is gone: it may be nearer than the liquidation price, at which "
                "all of the account is due."
            )
    return None
