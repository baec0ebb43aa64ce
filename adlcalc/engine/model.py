"""What the engine is given: a Scenario of plain frozen values. It is made by `adlcalc.scenario`, never by the engine.

Units: prices in quote per base; sizes in contracts, always positive (`side` is +1 long, -1 short); money (collateral, balance,
fund, cost, value, pnl) in the settlement currency; rates are fractions, never percents.

Public: LONG, SHORT, side_name, Tier, Maintenance, Contract, Liquidity, Market, Position, Account, Fund, Rules, Assumption, Path, Scenario.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal  # a type here; numbers.py makes them
from typing import Mapping

from adlcalc.engine.numbers import D, ONE, ZERO

LONG, SHORT = 1, -1
SMALLEST = D("0.00000001")  # tick, lot and money unit where a scenario gives none


def side_name(side: int) -> str:
    """'long' for +1, 'short' for -1."""
    return "long" if side > 0 else "short"


@dataclass(frozen=True, slots=True)
class Tier:
    """One line of a maintenance table: from `floor` on, maintenance = rate x notional - deduction."""

    floor: Decimal
    rate: Decimal
    deduction: Decimal = ZERO
    max_leverage: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Maintenance:
    """A maintenance margin rule.

    by="notional": marginal tiers on the notional at the mark, continuous through their deductions (rates rise, so the
    maintenance of a notional is the largest of the lines rate x n - deduction).
    by="entry-value" or "size": the one tier that the position's entry value (money) or size (contracts) falls in holds for the whole
    position, whatever the mark does (BitMEX's risk limit, OKX's position tiers); no deductions.
    slope: rate added per contract of size (Deribit). closing_fee: rate added to every tier, the cost to close.
    """

    tiers: tuple[Tier, ...]
    by: str = "notional"
    slope: Decimal = ZERO
    closing_fee: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Contract:
    """kind 'linear': value = size x multiplier x price. 'inverse': value = -size x multiplier / price (settled in the base coin).

    rounding: 'total' rounds a fill's value once; 'per-contract' rounds the value of one contract, then multiplies (BitMEX).
    """

    kind: str = "linear"
    multiplier: Decimal = ONE
    rounding: str = "total"


@dataclass(frozen=True, slots=True)
class Liquidity:
    """What one side of the book takes in one step, from the mark outward; it is whole again at every step.

    kind 'unlimited' (at the mark), 'levels' (levels: (distance from the mark in price, size), best first; one size at the mark is
    the level (0, size); none is no level), 'impact' (the price moves by `impact` per contract; a fill pays the average).
    """

    kind: str = "unlimited"
    levels: tuple[tuple[Decimal, Decimal], ...] = ()
    impact: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Market:
    """One contract that is traded. `fund` names the Fund that stands behind it."""

    name: str
    contract: Contract = Contract()
    tick: Decimal = SMALLEST
    lot: Decimal = SMALLEST
    liquidity: Liquidity = Liquidity()
    maintenance: Maintenance = Maintenance(tiers=(Tier(ZERO, D("0.005")),))
    fund: str = "fund"


@dataclass(frozen=True, slots=True)
class Position:
    """An opening position. `collateral` is the isolated margin in money; None means cross (the account's balance backs it).

    `leverage` is the chosen one where the user gave it (collateral is already worked out from it), else None.
    """

    market: str
    side: int
    size: Decimal
    entry: Decimal
    collateral: Decimal | None = None
    leverage: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """`balance` backs the cross positions; for an account with isolated positions only it is the free balance."""

    id: str
    positions: tuple[Position, ...]
    balance: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Fund:
    """An insurance fund; it pays down to `floor`. `peak` is the balance that drawdowns are measured from (None: the opening one)."""

    name: str
    balance: Decimal = ZERO
    floor: Decimal = ZERO
    peak: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Assumption:
    """A rule that the venue does not document: where it stands in the rulebook ('adl.ties') and what is assumed."""

    rule: str
    note: str


@dataclass(frozen=True, slots=True)
class Rules:
    """The named rules that the rulebook picked, one field each; the engine looks each name up in its own table.

    due: 'at-or-below' | 'below' (equity against maintenance margin).
    reduce: 'none' | 'lower-tier' (what is tried before a takeover).
    eligible: 'winners' (unrealized pnl > 0) | 'all' (losers rank after winners).
    score: name of a score. would_bankrupt: 'skip' | 'allow' (a counterparty that the fill would push below zero).
    lights: 'contracts' | 'heads' (what a fifth of the queue is a fifth of).
    """

    due: str = "at-or-below"
    reduce: str = "none"
    eligible: str = "winners"
    score: str = "generic"
    adl_price: str = "bankruptcy"
    would_bankrupt: str = "skip"
    lights: str = "contracts"
    assumptions: tuple[Assumption, ...] = ()


@dataclass(frozen=True, slots=True)
class Path:
    """marks[market][step], all of one length; times[step] as written, or None; funding[market][step] = rate where one is paid."""

    marks: Mapping[str, tuple[Decimal, ...]]
    times: tuple[str, ...] | None = None
    funding: Mapping[str, Mapping[int, Decimal]] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """How many steps there are, the opening one (step 0) included."""
        return len(next(iter(self.marks.values()), ()))


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything a run depends on. Markets, funds and accounts are in file order, which is the last tie-breaker everywhere."""

    markets: tuple[Market, ...]
    accounts: tuple[Account, ...]
    path: Path
    funds: tuple[Fund, ...] = (Fund("fund"),)
    rules: Rules = Rules()
    title: str = ""
    venue: str = "generic"
    money_unit: Decimal = SMALLEST
