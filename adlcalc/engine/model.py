"""What the engine is given: a Scenario of plain frozen values. It is made by `adlcalc.scenario`, never by the
engine.

Units: prices in quote per base; sizes in contracts, always positive (`side` is +1 long, -1 short); money
(collateral, balance, fund, cost, value, pnl) in the settlement currency; rates are fractions, never percents.

The rules that it holds to are in rules.py.

Public: LONG, SHORT, side_name, DEFAULT_SETTLEMENT, Depth, Liquidity, Feedback, Market, Position, Account,
Fund, Provider, Path, Scenario; what a contract is, and the margin that it needs, from contract.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal  # a type here; numbers.py makes them

from adlcalc.engine.contract import Contract, Kind, Maintenance, Measure, Power, RateOf, Rounding, Tier
from adlcalc.engine.declared import Word, closed
from adlcalc.engine.happenings import Happening, Standing
from adlcalc.engine.rules import Rules, Vault
from adlcalc.ground.numbers import ZERO, D

__all__ = [
    "LONG", "SHORT", "Account", "Contract", "Depth", "Feedback", "Fund", "Kind", "Liquidity", "Maintenance",
    "Market", "Measure", "Path", "Position", "Power", "Provider", "RateOf", "Rounding", "Scenario", "Tier",
    "side_name",
]  # fmt: skip
LONG, SHORT = 1, -1
VAULT = "vault"
"""Who takes whole accounts over."""
SMALLEST = D("0.00000001")  # tick, lot and money unit where a scenario gives none


DEFAULT_SETTLEMENT = {"linear": "quote", "inverse": "base"}
"""What a contract settles in, where a scenario does not name it."""


def side_name(side: int) -> str:
    """'long' for +1, 'short' for -1."""
    return "long" if side > 0 else "short"


class Depth(Word):
    """The shape of a book."""

    UNLIMITED = "unlimited", "Any size at the mark."
    LEVELS = (
        "levels",
        "Levels (distance from the mark in price, size), best first; one size at the mark is the level (0, "
        "size).",
    )
    IMPACT = "impact", "The price moves by `impact` per contract; a fill pays the average."


@closed
class Liquidity:
    """What one side of the book takes in one step, from the mark outward; it is whole again at every step."""

    kind: Depth = Depth.UNLIMITED
    levels: tuple[tuple[Decimal, Decimal], ...] = ()
    impact: Decimal = ZERO


@closed
class Feedback:
    """How fills in the book move the mark: by `share` of the way to the farthest fill of a round; at each
    step `recovery` of what is left of it is gone. A model, not a rule of any venue."""

    share: Decimal
    recovery: Decimal


@closed
class Market:
    """One contract that is traded. `fund` names the Fund that stands behind it; `settles`: the currency of
    all its money. An account, a fund and a provider have money of one currency, so everything that adds
    amounts adds those of one."""

    name: str
    contract: Contract = Contract()
    tick: Decimal = SMALLEST
    lot: Decimal = SMALLEST
    liquidity: Liquidity = Liquidity()
    maintenance: Maintenance = Maintenance(tiers=(Tier(ZERO, D("0.005")),))
    fund: str = "fund"
    settles: str = "quote"
    feedback: Feedback | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """An opening position. `collateral` is the isolated margin in money; None means cross (the account's
    balance backs it).

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
    """`balance` backs the cross positions; for an account with isolated positions only it is the free
    balance."""

    id: str
    positions: tuple[Position, ...]
    balance: Decimal = ZERO


@closed
class Fund:
    """An insurance fund; it pays down to `floor`. `peak`: what drawdowns are measured from (None: the opening
    balance). behind: the name of the fund that pays what this one cannot."""

    name: str
    balance: Decimal = ZERO
    floor: Decimal = ZERO
    peak: Decimal | None = None
    behind: str | None = None


@closed
class Provider:
    """A backstop provider or bidder: takes up to `size` contracts of a market in a step. distance: how far
    from the mark it bids (auction).
    """

    id: str
    market: str
    size: Decimal
    distance: Decimal = ZERO


@closed
class Path:
    """marks[market][step], all of one length; times[step] as written, or None; funding[market][step] = rate
    where one is paid; seconds[step] since any fixed moment, where the steps have times that can be
    compared; liquidity[market][step] where the book changes, until it changes again; events[step]: what
    happens there besides, in the order of the file."""

    marks: Mapping[str, tuple[Decimal, ...]]
    times: tuple[str, ...] | None = None
    funding: Mapping[str, Mapping[int, Decimal]] = field(default_factory=dict)
    seconds: tuple[int, ...] | None = None
    liquidity: Mapping[str, Mapping[int, Liquidity]] = field(default_factory=dict)
    events: Mapping[int, tuple[Happening, ...]] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """How many steps there are, the opening one (step 0) included."""
        return len(next(iter(self.marks.values()), ()))

    def time(self, step: int) -> str | None:
        """When a step is, as it is written; None where the path has no times."""
        return self.times[step] if self.times else None


@closed
class Scenario:
    """Everything a run depends on. Markets, funds and accounts are in file order, which is the last
    tie-breaker everywhere. exempt: the accounts that are never liquidated; orders: stops and
    take-profits that stand with positions; as_of: when the rules were those of the venue, '' where they are no
    venue's."""

    markets: tuple[Market, ...]
    accounts: Sequence[Account]
    path: Path
    funds: tuple[Fund, ...] = (Fund("fund"),)
    rules: Rules = Rules()
    title: str = ""
    venue: str = "generic"
    money_unit: Decimal = SMALLEST
    providers: tuple[Provider, ...] = ()
    exempt: frozenset[str] = frozenset()
    orders: tuple[Standing, ...] = ()
    description: str = ""
    as_of: str = ""

    @property
    def currencies(self) -> tuple[str, ...]:
        """What the markets settle in, each once."""
        return tuple(dict.fromkeys(market.settles for market in self.markets))

    def of_currency(self, who: str, currency: str) -> str:
        """'venue'; 'venue (BTC)' where there are several currencies, and so one of them for each."""
        return who if len(self.currencies) == 1 else f"{who} ({currency})"

    @property
    def vaults(self) -> tuple[str, ...]:
        """The vaults that have money of their own, which are there from the start."""
        kind = self.rules.backstop.kind
        own = isinstance(kind, Vault) and kind.own is not None
        return tuple(self.of_currency(VAULT, one) for one in self.currencies) if own else ()
