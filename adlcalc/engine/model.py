"""What the engine is given: a Scenario of plain frozen values. It is made by `adlcalc.scenario`, never by the engine.

Units: prices in quote per base; sizes in contracts, always positive (`side` is +1 long, -1 short); money (collateral, balance,
fund, cost, value, pnl) in the settlement currency; rates are fractions, never percents.

Public: LONG, SHORT, side_name, DEFAULT_SETTLEMENT, Tier, Maintenance, Contract, Liquidity, Market, Position, Account, Fund,
Provider, Assumption,
MarginRules, LiquidationRules, Drawdown, FundRules, BackstopRules, AdlRules, LastResortRules, Rules, Path, Scenario.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal  # a type here; numbers.py makes them

from adlcalc.engine.numbers import ONE, ZERO, D

LONG, SHORT = 1, -1
FIFTH = D("0.2")
SMALLEST = D("0.00000001")  # tick, lot and money unit where a scenario gives none


DEFAULT_SETTLEMENT = {"linear": "quote", "inverse": "base"}
"""What a contract settles in, where a scenario does not name it."""


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
    by="entry-value" or "size": the one tier that the position's entry value (money) or size (contracts) falls in holds for the
    whole position, whatever the mark does (BitMEX's risk limit, OKX's position tiers); no deductions.
    on: 'mark' takes the rate of the notional at the mark; 'entry' (with by="entry-value") of the entry value, less the tier's
    deduction, so that a position's maintenance margin stays what it was when it was opened (Bybit and KuCoin until 2025).
    slope: rate added per contract of size (Deribit). closing_fee: rate added to every tier, the cost to close.
    """

    tiers: tuple[Tier, ...]
    by: str = "notional"
    on: str = "mark"
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
    """One contract that is traded. `fund` names the Fund that stands behind it; `settles`: the currency of all its money. An
    account, a fund and a provider have money of one currency, so everything that adds amounts adds those of one."""

    name: str
    contract: Contract = Contract()
    tick: Decimal = SMALLEST
    lot: Decimal = SMALLEST
    liquidity: Liquidity = Liquidity()
    maintenance: Maintenance = Maintenance(tiers=(Tier(ZERO, D("0.005")),))
    fund: str = "fund"
    settles: str = "quote"


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
    """An insurance fund; it pays down to `floor`. `peak`: what drawdowns are measured from (None: the opening balance)."""

    name: str
    balance: Decimal = ZERO
    floor: Decimal = ZERO
    peak: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Provider:
    """A backstop provider or bidder: takes up to `size` contracts of a market in a step. distance: how far from the mark it
    bids (auction).
    """

    id: str
    market: str
    size: Decimal
    distance: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Assumption:
    """A rule that the venue does not document: where it stands in the rulebook ('adl.ties') and what is assumed."""

    rule: str
    note: str


@dataclass(frozen=True, slots=True)
class MarginRules:
    """due: 'at-or-below' | 'below': equity against maintenance margin."""

    due: str = "at-or-below"


@dataclass(frozen=True, slots=True)
class LiquidationRules:
    """How a due unit is closed.

    method 'takeover': the venue takes it over at its bankruptcy price; `reduce` says what is tried before ('none',
    'lower-tier', 'tier-by-tier', 'two-tiers'); surplus: who keeps a fill better than the bankruptcy price
    ('fund' | 'account').
    method 'market': orders in the account's own name, which keeps what they leave it. orders.py has each of these rules:
    size: 'whole' | 'portion' (that share of a notional above portion_above, at least portion_at_least of it; then_whole: what
    is still due after that is closed whole in the same step) | 'deficit' (what restores the maintenance margin, with buffer and
    rate_buffer) | 'shares' (shares.py: multiples of portion go to the vault until maintenance / equity is below target).
    positions: how many positions of an account are worked in a step, 'all' | 'one'.
    max_notional, max_fund_paid: what an account's orders may close, and the fund may pay for them, in a step.
    share: a bankruptcy price counts the position's share of the account's equity by 'maintenance', or 'all' of it.
    rounding: of that price to the tick, 'price', or of the money that it brings, 'money'.
    buyer: the 'book' | a 'liquidator' who takes any size at the mark less `discount`.
    limit: 'none' | 'bankruptcy' | 'bankruptcy-or-mark' | 'fillable' (with spread and adjustment: the fund pays what a fill is
    worse than the bankruptcy price, and the order ends when the account is no longer due).
    fee: rate on what is closed, to the fund, at most what fee_cap names: the 'surplus' over the bankruptcy price, the 'equity'
    that is left, or the 'remainder' of the margin rate.
    takeover_below: a unit whose equity is below this share of its maintenance margin is taken over after all (FTX's auto-close).
    """

    method: str = "takeover"
    reduce: str = "none"
    surplus: str = "fund"
    takeover_below: Decimal = ZERO
    size: str = "whole"
    portion: Decimal = ONE
    portion_above: Decimal = ZERO
    portion_at_least: Decimal = ZERO
    max_notional: Decimal | None = None
    max_fund_paid: Decimal | None = None
    then_whole: bool = False
    buffer: Decimal = ZERO
    rate_buffer: Decimal = ZERO
    target: Decimal = ONE
    positions: str = "all"
    share: str = "maintenance"
    rounding: str = "price"
    buyer: str = "book"
    discount: Decimal = ZERO
    limit: str = "none"
    spread: Decimal = ZERO
    adjustment: Decimal = ONE
    fee: Decimal = ZERO
    fee_cap: str = "surplus"


@dataclass(frozen=True, slots=True)
class Drawdown:
    """The fund stops paying once it is `start` of its peak below the peak of the last `window` seconds (None: of the run), at
    least `at_least` in money, and pays again when it is less than `stop` below it. It does not stop at `above` or below: such a
    fund pays to its floor."""

    start: Decimal
    stop: Decimal
    window: int | None = None
    at_least: Decimal = ZERO
    above: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class FundRules:
    """negative: may the fund go below zero? drawdown: when it stops paying before it is empty."""

    negative: bool = False
    drawdown: Drawdown | None = None


@dataclass(frozen=True, slots=True)
class BackstopRules:
    """kind: 'none'; 'providers' share a claim pro rata to their capacity; 'auction': the best bid first, each at its own price;
    'vault': takes units whose equity is below `vault_below` of their maintenance margin, with all their margin, at the mark.

    when (providers, auction): 'before-fund' (after the book at the bankruptcy price or better) | 'before-book'. price,
    price_weight (providers): as in AdlRules.
    """

    kind: str = "none"
    when: str = "before-fund"
    price: str = "bankruptcy"
    price_weight: Decimal = ONE
    vault_below: Decimal = ONE


@dataclass(frozen=True, slots=True)
class AdlRules:
    """Who is deleveraged, when, at which price.

    when: 'after-fund' | 'before-book' | 'never'. With liquidation.method 'market': 'remainder' (what the order left),
    'negative' (equity below zero), 'zero-fill' (nothing was filled and equity is below zero), 'settlement' (everybody, due or
    not: the market is wound up).
    policy: a name of policies.POLICIES; seed, top: its parameters.
    eligible: 'winners' (unrealized pnl > 0) | 'all' (losers after winners).
    price: 'bankruptcy' | 'mark' | 'mark-then-bankruptcy' (at the mark while the fund pays for it) | 'previous-mark' | 'mix'
    (price_weight of the bankruptcy price, the rest of the mark) | 'spread' (price_weight of the mark worse than the mark for
    the closed side) | 'mark-if-solvent' (method 'market': the mark where the account has equity, else its bankruptcy price).
    would_bankrupt: 'skip' | 'allow' | 'margin-check' (counterparty.py).
    rank: 'once' a step | 'each-claim'. lights: a fifth of the queue's 'contracts' | 'heads'.
    """

    when: str = "after-fund"
    policy: str = "queue"
    seed: int = 0
    top: int = 10
    eligible: str = "winners"
    score: str = "generic"
    price: str = "bankruptcy"
    price_weight: Decimal = ONE
    would_bankrupt: str = "skip"
    rank: str = "once"
    lights: str = "contracts"


@dataclass(frozen=True, slots=True)
class LastResortRules:
    """What becomes of a loss that nobody covers: policy 'bad-debt', a name of haircuts.HAIRCUTS (the market's winners' profits
    are cut), or 'per-contract' (every open contract of the market, winners and losers alike).

    severity: the share of the loss that is shared out; the rest is bad debt. base: a winner's profit is all its unrealized
    'profit', or its gain in the 'move' of this step. The others are the parameters of haircuts.
    """

    policy: str = "bad-debt"
    severity: Decimal = ONE
    base: str = "profit"
    max_cut: Decimal = ONE
    exponent: int = 2
    threshold: Decimal = ONE
    queue_share: Decimal = FIFTH


@dataclass(frozen=True, slots=True)
class Rules:
    """The named rules that the rulebook picked, in its own sections; the engine looks each name up in its own tables."""

    margin: MarginRules = MarginRules()
    liquidation: LiquidationRules = LiquidationRules()
    fund: FundRules = FundRules()
    backstop: BackstopRules = BackstopRules()
    adl: AdlRules = AdlRules()
    last_resort: LastResortRules = LastResortRules()
    assumptions: tuple[Assumption, ...] = ()


@dataclass(frozen=True, slots=True)
class Path:
    """marks[market][step], all of one length; times[step] as written, or None; funding[market][step] = rate where one is paid;
    seconds[step] since any fixed moment, where the steps have times that can be compared."""

    marks: Mapping[str, tuple[Decimal, ...]]
    times: tuple[str, ...] | None = None
    funding: Mapping[str, Mapping[int, Decimal]] = field(default_factory=dict)
    seconds: tuple[int, ...] | None = None

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
    providers: tuple[Provider, ...] = ()

    @property
    def currencies(self) -> tuple[str, ...]:
        """What the markets settle in, each once."""
        return tuple(dict.fromkeys(market.settles for market in self.markets))
