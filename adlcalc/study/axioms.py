"""What a fair rule would keep, tried out on the user's own book. A rule that holds here may fail on another
book; one that fails here fails, and the counterexample says how.

    sybil       Two halves of an account pay together what it paid, and no other way to split it pays less.
    scale       Where everything is twice as large, everybody pays twice as much.
    monotone    Whoever had more profit than another has no less after the round.

Source: arXiv 2512.01112, section 6: together with smoothness they leave capped pro rata alone. The first two
are runs of the whole scenario, under the venue's rules as they are: tiers by notional, for instance, do not
scale.

Public: Finding, AXIOMS, findings.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from adlcalc.engine.model import Account, Fund, Liquidity, Market, Position, Scenario
from adlcalc.ground.numbers import DOWN, HALF_EVEN, ZERO, D, divide, exact, round_to
from adlcalc.study.rounds import Outcome, Round, outcome_of

AXIOMS = ("sybil", "scale", "monotone")
TRIED = 5
"""So many accounts are split, those that pay most first."""
TWO, SMALL = D(2), D("0.0001")


class Split(NamedTuple):
    """What the first of two parts gets of the size and of the margin."""

    size: Decimal
    margin: Decimal
    words: str

    @property
    def even(self) -> bool:
        """Are both parts as levered as the whole?"""
        return self.size == self.margin


SPLITS = (
    Split(D("0.5"), D("0.5"), "two halves"),
    Split(D("0.25"), D("0.125"), "a quarter of the size with an eighth of the margin, and the rest"),
)


class Finding(NamedTuple):
    """holds is None where nothing could be tried; otherwise `because` tells the counterexample, or what was
    tried."""

    axiom: str
    holds: bool | None
    account: str | None
    before: Decimal | None
    after: Decimal | None
    because: str


def findings(scenario: Scenario, outcome: Outcome) -> tuple[Finding, ...]:
    """The three axioms for a scenario whose rules hold the policy; outcome: its run."""
    if not any(each.total for each in outcome.rounds):
        return tuple(Finding(axiom, None, None, None, None, "nobody paid anything") for axiom in AXIOMS)
    with exact():
        return (_sybil(scenario, outcome), _scale(scenario, outcome), _monotone(outcome))


def _dust(scenario: Scenario, outcome: Outcome, lots_moved: int = 2) -> Decimal:
    """What rounding to lots, ticks and money units may move: so many lots at the dearest fill of the run, and
    a ten-thousandth of the largest payment."""
    lots = {market.name: market.lot for market in scenario.markets}
    fills = [fill.event for fill in outcome.fills]
    a_lot = max((abs(divide(f.forgone_pnl * lots[f.market], f.size)) for f in fills), default=ZERO)
    largest = max(outcome.by_account.values(), default=ZERO)
    return (
        round_to(lots_moved * a_lot + largest * SMALL, scenario.money_unit, HALF_EVEN)
        + 8 * scenario.money_unit
    )


# --- Sybil --------------------------------------------------------------------------------------------------


def _sybil(scenario: Scenario, outcome: Outcome) -> Finding:
    """Split each of the largest payers and see what its parts pay together; the second part comes last in the
    file, as a new account would."""
    paid = outcome.by_account
    dust, tried = _dust(scenario, outcome), 0
    for account in sorted((a for a in scenario.accounts if paid.get(a.id)), key=lambda a: -paid[a.id])[
        :TRIED
    ]:
        for split in SPLITS:
            parts = _parts(account, split, scenario)
            if parts is None:
                continue
            others = (parts[0] if a is account else a for a in scenario.accounts)
            run = outcome_of(replace(scenario, accounts=(*others, parts[1])))
            if any(part.id in run.liquidated for part in parts):
                continue
            tried += 1
            together = sum((run.by_account.get(part.id, ZERO) for part in parts), ZERO)
            less = together < paid[account.id] - dust
            if less or (split.even and together > paid[account.id] + dust):
                because = (
                    f"{account.id} pays {paid[account.id]:f}; as two accounts, {split.words}, {together:f}"
                )
                return Finding("sybil", False, account.id, paid[account.id], together, because)
    if not tried:
        return Finding(
            "sybil",
            None,
            None,
            None,
            None,
            "no payer can be split in whole lots without a part being liquidated",
        )
    return Finding(
        "sybil", True, None, None, None, f"{tried} ways to split the largest payers were tried, and none pays"
    )


def _parts(account: Account, split: Split, scenario: Scenario) -> tuple[Account, Account] | None:
    """The account as two; None where a position is too small for it."""
    lots, unit = {market.name: market.lot for market in scenario.markets}, scenario.money_unit
    first, second = [], []
    for position in account.positions:
        size = round_to(position.size * split.size, lots[position.market], DOWN)
        if not size:
            return None
        one = other = None
        if position.collateral is not None:
            one = round_to(position.collateral * split.margin, unit, HALF_EVEN)
            other = position.collateral - one
        first.append(replace(position, size=size, collateral=one))
        second.append(replace(position, size=position.size - size, collateral=other))
    balance = round_to(account.balance * split.margin, unit, HALF_EVEN)
    return (
        Account(f"{account.id} (1st part)", tuple(first), balance),
        Account(f"{account.id} (2nd part)", tuple(second), account.balance - balance),
    )


# --- scale --------------------------------------------------------------------------------------------------


def _scale(scenario: Scenario, outcome: Outcome) -> Finding:
    """Everything twice: positions, margin, funds and what the book takes."""
    paid, twice = outcome.by_account, outcome_of(_doubled(scenario)).by_account
    dust = 2 * _dust(scenario, outcome)
    for account in paid:
        if abs(twice.get(account, ZERO) - 2 * paid[account]) > dust:
            because = (
                f"{account} pays {paid[account]:f}; with everything doubled, {twice.get(account, ZERO):f}"
            )
            return Finding("scale", False, account, paid[account], twice.get(account, ZERO), because)
    return Finding("scale", True, None, None, None, "with everything doubled, everybody pays double")


def _doubled(scenario: Scenario) -> Scenario:
    return replace(
        scenario,
        accounts=tuple(_doubled_account(account) for account in scenario.accounts),
        funds=tuple(_doubled_fund(fund) for fund in scenario.funds),
        markets=tuple(_doubled_market(market) for market in scenario.markets),
        providers=tuple(replace(provider, size=2 * provider.size) for provider in scenario.providers),
    )


def _doubled_account(account: Account) -> Account:
    return replace(
        account, balance=2 * account.balance, positions=tuple(map(_doubled_position, account.positions))
    )


def _doubled_position(position: Position) -> Position:
    collateral = None if position.collateral is None else 2 * position.collateral
    return replace(position, size=2 * position.size, collateral=collateral)


def _doubled_fund(fund: Fund) -> Fund:
    return replace(
        fund,
        balance=2 * fund.balance,
        floor=2 * fund.floor,
        peak=None if fund.peak is None else 2 * fund.peak,
    )


def _doubled_market(market: Market) -> Market:
    book: Liquidity = market.liquidity
    levels = tuple((distance, 2 * size) for distance, size in book.levels)
    return replace(market, liquidity=replace(book, levels=levels, impact=divide(book.impact, TWO)))


# --- monotone -----------------------------------------------------------------------------------------------


def _monotone(outcome: Outcome) -> Finding:
    """Neighbors in the order of profit before; a pair that is out of order has neighbors between it that
    are."""
    dust = _dust(outcome.scenario, outcome, 1)
    for each in outcome.rounds:
        found = _out_of_order(each, dust)
        if found is not None:
            return found
    return Finding("monotone", True, None, None, None, "whoever had more profit has no less after it")


def _out_of_order(each: Round, dust: Decimal) -> Finding | None:
    ordered = sorted(each.burdens, key=lambda burden: -burden.could)
    for more, less in pairwise(ordered):
        left, other = more.could - more.paid, less.could - less.paid
        if more.could > less.could and left < other - dust:
            because = (
                f"{more.account} had {more.could:f} of profit and keeps {left:f};"
                f" {less.account} had {less.could:f} and keeps {other:f} (step {each.step})"
            )
            return Finding("monotone", False, more.account, left, other, because)
    return None
