"""The rules of a run, as closed types: what could not act cannot be written.

A rule is a field of the type that it plays a part in: `Portion` has its parameters, `Takeover` has none of
them. A choice is a name in a dictionary (METHODS, SIZES, LIMITS, ...), behind which stands the type or the
function that does it; its docstring says what it does. Rulebooks write the rules of a section under the names
of the fields here, flat; venues/parts.py puts them together.

Public: Rules, Assumption, its sections MarginRules, LiquidationRules, FundRules, BackstopRules, AdlRules,
LastResortRules, the dictionaries, in_papers, and the types and words that they lead to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

from adlcalc.engine.declared import Choices, Takes, Word, closed, given, part
from adlcalc.engine.formulas.haircuts import HAIRCUTS, Haircut
from adlcalc.engine.formulas.policies import POLICIES, Policy, queue
from adlcalc.engine.formulas.prices import FILLS, PRICES, BySolvency, MarkFirst, Price, bankruptcy
from adlcalc.engine.formulas.scores import SCORES, Score
from adlcalc.ground.numbers import ONE, ZERO


@closed
class TablePart:
    """The part of a market's maintenance table where what its tiers measure is above one bound and at most
    another."""

    market: str
    above: Decimal
    up_to: Decimal | None


@closed
class Assumption:
    """A rule that the venue does not document: where it stands in the rulebook ('adl.ties') and what is
    assumed. part: the part of a table that it concerns alone."""

    rule: str
    note: str
    part: TablePart | None = None


# --- margin -------------------------------------------------------------------------------------------------


class DueWhen(Word):
    """Equity against maintenance margin."""

    AT_OR_BELOW = "at-or-below", "Equity at or below the maintenance margin is liquidated."
    BELOW = "below", "Only equity below the maintenance margin is liquidated."


@closed
class MarginRules:
    """When is an account due?"""

    due: DueWhen = given(
        "liquidated when equity is at or below, or only below, maintenance margin",
        DueWhen,
        DueWhen.AT_OR_BELOW,
        required=True,
    )


# --- liquidation: the venue takes it over -------------------------------------------------------------------


@closed
class Reduction:
    """Orders in the account's name before a takeover: each brings the position `tiers` tiers lower, from tier
    number `from_tier` (the lowest is 1) on; `repeat` them until the unit is no longer due."""

    meaning: str
    tiers: int
    from_tier: int
    repeat: bool


REDUCTIONS: Choices = {
    "none": Reduction("Nothing is tried before the takeover.", 0, 0, repeat=False),
    "lower-tier": Reduction(
        "One order into the tier below, else takeover. BitMEX, Bybit, Binance.", 1, 2, repeat=False
    ),
    "tier-by-tier": Reduction(
        "Orders into the tier below, until it is no longer due. MEXC, HTX, Gate.", 1, 2, repeat=True
    ),
    "two-tiers": Reduction(
        "Two tiers at a time, from the third tier on, until it is no longer due. OKX, Bitget.",
        2,
        3,
        repeat=True,
    ),
}


class ReductionOrder(Word):
    """What becomes of an order into a lower tier that the book cannot fill whole."""

    FILL_OR_KILL = "fill-or-kill", "It is not filled at all."
    IMMEDIATE_OR_CANCEL = "immediate-or-cancel", "What the book takes is filled, the rest cancelled. Binance."


class TakeoverAt(Word):
    """At which price the venue takes a position over."""

    BANKRUPTCY = (
        "bankruptcy",
        "The bankruptcy price: what it is worth beyond that is known when it is closed.",
    )
    MARK = (
        "mark",
        "The mark: what is left of the margin is the fund's at once, and a debt is the fund's to pay. Vega.",
    )


class Surplus(Word):
    """Who keeps what a fill is better than the bankruptcy price."""

    FUND = "fund", "The insurance fund."
    ACCOUNT = "account", "The closed account."


@closed
class Takeover:
    """The venue takes a due unit over, at its bankruptcy price or at the mark."""

    reduce: Reduction = given(
        "what is tried first, in the account's name: nothing, or orders that bring the position into a lower "
        "tier",
        REDUCTIONS,
        REDUCTIONS["none"],
        required=True,
    )
    order: ReductionOrder = given(
        "whether such an order is filled whole or not at all, or as far as the book goes",
        ReductionOrder,
        ReductionOrder.FILL_OR_KILL,
    )
    takeover_at: TakeoverAt = given(
        "at which price it takes the unit over", TakeoverAt, TakeoverAt.BANKRUPTCY
    )
    surplus: Surplus = given(
        "who keeps what a fill is better than the bankruptcy price", Surplus, Surplus.FUND
    )


@closed
class TooLate(Takeover):
    """A unit whose equity is below a share of its maintenance margin is taken over after all (FTX's
    auto-close)."""

    takeover_below: Decimal = given(
        "accounts whose equity is below this share of maintenance margin are taken over", Takes.FRACTION, ZERO
    )


# --- liquidation: orders in the account's own name ----------------------------------------------------------


class Positions(Word):
    """How many positions of an account are worked in a step."""

    ALL = "all", "All positions of an account."
    ONE = (
        "one",
        "The first one of which anything can be closed. dYdX: one perpetual of an account in a block.",
    )


class Share(Word):
    """How much of the account's equity a bankruptcy price counts."""

    MAINTENANCE = "maintenance", "The position's share, by its maintenance margin."
    ALL = "all", "All of the equity. Dango."


class Rounded(Word):
    """What is rounded for the closed account."""

    PRICE = "price", "The bankruptcy price, to the tick."
    MONEY = "money", "The money that the bankruptcy price brings. dYdX."


@closed
class InBook:
    """The order book of the step."""


@closed
class Liquidator:
    """A liquidator who takes any size at the mark less a discount, or as much as it has capacity for."""

    discount: Decimal = given("what it pays less than the mark, a rate", Takes.FRACTION_BELOW_ONE, ZERO)
    capacity: Decimal | None = given(
        "the most notional at the mark that it takes of a market in a step", Takes.POSITIVE, None
    )


BUYERS: Choices = {"book": InBook, "liquidator": Liquidator}


@closed
class AnyPrice:
    """No limit: whatever the book pays."""


@closed
class AtBankruptcy:
    """The bankruptcy price."""


@closed
class AtBankruptcyOrMark:
    """The bankruptcy price while there is equity, else the mark. Dango, Injective."""


@closed
class Fillable:
    """dYdX's fillable price. The fund pays what a fill is worse than the bankruptcy price, and the order ends
    when the account is no longer due."""

    spread: Decimal = given("spread to maintenance margin ratio", Takes.NOT_NEGATIVE, ZERO)
    adjustment: Decimal = given("bankruptcy adjustment", Takes.NOT_NEGATIVE, ONE)
    max_fund_paid: Decimal | None = given(
        "the most that the fund pays for an account in a step", Takes.POSITIVE, None
    )


LIMITS: Choices = {
    "none": AnyPrice,
    "bankruptcy": AtBankruptcy,
    "bankruptcy-or-mark": AtBankruptcyOrMark,
    "fillable": Fillable,
}


class FeeCap(Word):
    """What a liquidation fee is at most."""

    SURPLUS = "surplus", "The surplus over the bankruptcy price. dYdX."
    EQUITY = "equity", "The equity that is left. Dango."
    REMAINDER = "remainder", "95 % of what the margin rate leaves after discount and deficit. Drift."


@closed
class Charge:
    """A liquidation fee on what is closed, to the fund."""

    fee: Decimal = given(
        "liquidation fee on what is closed in the account's own name, a rate, to the fund (fees.liquidation: "
        "on what "
        "the venue closes)",
        Takes.FRACTION,
        ZERO,
    )
    fee_cap: FeeCap = given("what the fee is at most", FeeCap, FeeCap.SURPLUS)


@closed
class Orders:
    """What all orders in the account's own name have in common."""

    positions: Positions = given(
        "whether a step works all positions of an account, or the first that anything can be closed of",
        Positions,
        Positions.ALL,
    )
    share: Share = given(
        "whether a bankruptcy price counts the position's share of the equity, or all of it",
        Share,
        Share.MAINTENANCE,
    )
    rounding: Rounded = given(
        "what is rounded for the closed account, its bankruptcy price or the money that it brings",
        Rounded,
        Rounded.PRICE,
    )
    buyer: InBook | Liquidator = given(
        "the book, or a liquidator who takes any size at the mark less the discount", BUYERS, InBook()
    )
    limit: AnyPrice | AtBankruptcy | AtBankruptcyOrMark | Fillable = given(
        "the worst price an order is filled at", LIMITS, AnyPrice()
    )
    charge: Charge | None = part(Charge, by="fee")

    @property
    def discount(self) -> Decimal:
        """What the buyer pays less than the mark, a rate."""
        return self.buyer.discount if isinstance(self.buyer, Liquidator) else ZERO


MAX_NOTIONAL = "the most notional that an account's orders close in a step"


@closed
class Whole(Orders):
    """One order closes all of a position."""

    max_notional: Decimal | None = given(MAX_NOTIONAL, Takes.POSITIVE, None)


@closed
class Portion(Orders):
    """One order closes a portion of a position. Hyperliquid, dYdX, FTX."""

    portion: Decimal = given("the share of the position that one order closes", Takes.PORTION, ONE)
    portion_above: Decimal = given("a notional up to this is closed whole", Takes.NOT_NEGATIVE, ZERO)
    portion_at_least: Decimal = given("the least notional of an order", Takes.NOT_NEGATIVE, ZERO)
    then_whole: bool = given(
        "is what is still due after the first order closed whole in the same step?", Takes.FLAG, False
    )
    max_notional: Decimal | None = given(MAX_NOTIONAL, Takes.POSITIVE, None)


@closed
class Deficit(Orders):
    """Orders close what restores the maintenance margin, largest maintenance margin first. Dango, Drift,
    Lighter."""

    buffer: Decimal = given("equity is restored to 1 + this of maintenance", Takes.NOT_NEGATIVE, ZERO)
    rate_buffer: Decimal = given("added to the maintenance rate to be restored", Takes.FRACTION, ZERO)


@closed
class Shares:
    """The vault takes the same share of every position at the mark: the smallest multiple of the portion that
    brings maintenance / equity below the target. Paradex."""

    portion: Decimal = given("the step of the share", Takes.PORTION, ONE)
    target: Decimal = given("closed until maintenance / equity is below this", Takes.FRACTION, ONE)
    fee: Decimal = given(
        "liquidation fee on the maintenance margin of what is closed, a rate, to the fund",
        Takes.FRACTION,
        ZERO,
    )


SIZES: Choices = {"whole": Whole, "portion": Portion, "deficit": Deficit, "shares": Shares}


@closed
class OwnName:
    """Orders in the account's own name, which keeps what they leave it."""

    size: Whole | Portion | Deficit | Shares = given("how much is closed at a time", SIZES, Whole())
    too_late: TooLate | None = part(TooLate, by="takeover_below")


METHODS: Choices = {"takeover": Takeover, "market": OwnName}


@closed
class LiquidationRules:
    """How is a due position closed?"""

    method: Takeover | OwnName = given(
        "whether the venue takes a due position over, or orders close it in the account's own name",
        METHODS,
        Takeover(),
    )

    def idle(self) -> Iterator[tuple[str, str]]:
        """Where no order is tried first, none is filled."""
        if self.takeover is not None and not self.takeover.reduce.tiers:
            yield "order", "'reduce' of 'liquidation' is none"

    @property
    def takeover(self) -> Takeover | None:
        """How the venue works what it takes over; None where it takes nothing over."""
        return self.method if isinstance(self.method, Takeover) else self.method.too_late


# --- the fund and the backstop ------------------------------------------------------------------------------


class Measured(Word):
    """What the drawdown of a fund is measured on."""

    FUND = "fund", "The fund's worth, against its peak."
    CONTRACT_PNL = (
        "contract-pnl",
        "What each contract has brought the fund, against its own best; the limit is a share of the fund's "
        "peak. "
        "Bybit's pools of several contracts.",
    )


@closed
class Drawdown:
    """The fund stops paying once it (or a contract's pnl) is `start` of its peak below the best of the last
    `window` seconds (None: of the run), at least `at_least` in money, and pays again when it is less than
    `stop` below it. It does not stop at `above` or below: such a fund pays to its floor."""

    start: Decimal
    stop: Decimal
    window: int | None = None
    at_least: Decimal = ZERO
    above: Decimal = ZERO
    measure: Measured = Measured.FUND


SALE_SHARE = "the share of what it holds of a position that is sold at a loss in one step"
SALE_WITHIN = "what is sold at a loss is sold no farther from the mark than this fraction of it"


@closed
class HoldsNothing:
    """What the book does not take at once goes to the queue."""

    held = False


@closed
class WhileSolvent:
    """The fund keeps what the book does not take, at its bankruptcy price, as many lots, oldest first, as its
    balance and the pnl of the older ones that it holds can bear down to its floor (or to where its drawdown
    stops it); the rest goes to the queue. Where the queue closes at the mark, the rest costs the fund as much
    as keeping it does: it keeps all of a position or nothing. BitMEX, Binance, KuCoin."""

    held = True
    holds_at_most: Decimal | None = given(
        "the net notional that it holds is at most this multiple of its balance", Takes.NOT_NEGATIVE, None
    )
    sale_share: Decimal = given(SALE_SHARE, Takes.PORTION, ONE)
    sale_within: Decimal | None = given(SALE_WITHIN, Takes.FRACTION, None)


@closed
class Always:
    """The fund keeps what the book does not take, below its floor too: nobody is deleveraged for it.
    Paradex."""

    held = True
    sale_share: Decimal = given(SALE_SHARE, Takes.PORTION, ONE)
    sale_within: Decimal | None = given(SALE_WITHIN, Takes.FRACTION, None)


HOLDS: Choices = {"none": HoldsNothing, "while-solvent": WhileSolvent, "always": Always}


@closed
class FundRules:
    """How far does the insurance fund pay?"""

    negative: bool = given("may the fund go below zero?", Takes.FLAG, False)
    drawdown: Drawdown | None = given(
        "none, or the fall from its peak at which the fund stops paying; with measure contract-pnl that of "
        "what a "
        "contract has brought it, for this contract",
        Takes.DRAWDOWN,
        None,
    )
    holds: HoldsNothing | WhileSolvent | Always = given(
        "whether the fund keeps what the book does not take, and works it at later steps",
        HOLDS,
        HoldsNothing(),
    )

    def idle(self) -> Iterator[tuple[str, str]]:
        """A fund that may go below zero has no point at which it stops."""
        if self.negative:
            yield "drawdown", "'negative' of 'fund' is true"


class OfferedWhen(Word):
    """When a backstop is asked."""

    BEFORE_FUND = "before-fund", "After the book at the bankruptcy price or better, before the fund pays."
    BEFORE_BOOK = "before-book", "Before the book."


WHEN = "whether it is asked before the fund pays, or before the book"


@closed
class NoBackstop:
    """Nobody stands behind the book."""


@closed
class Providers:
    """Providers share a claim pro rata to their capacity, at one price. FTX, Kraken, Deribit."""

    when: OfferedWhen = given(WHEN, OfferedWhen, OfferedWhen.BEFORE_FUND)
    price: Price = given("the price of a transfer", PRICES, bankruptcy)


@closed
class Auction:
    """The best bid first, each at its own price; a bid worse than the bankruptcy price only as far as the
    fund can pay."""

    when: OfferedWhen = given(WHEN, OfferedWhen, OfferedWhen.BEFORE_FUND)


@closed
class OwnMoney:
    """A vault that has money of its own, and can lose it. Hyperliquid since March 2025, Lighter."""

    vault_capital: Decimal | None = given(
        "the money that it begins with, in each currency; none: it stands for any loss", Takes.POSITIVE, None
    )
    vault_cap: Decimal | None = given(
        "the most notional at the mark that it holds; an account that does not fit in is not taken",
        Takes.POSITIVE,
        None,
    )
    vault_threshold: Decimal = given(
        "once it has lost this share of its capital it takes nobody over and is deleveraged itself",
        Takes.FRACTION,
        ONE,
    )

    def line(self) -> Decimal:
        """The equity at which it is past its threshold: capital x (1 - threshold)."""
        assert self.vault_capital is not None
        return self.vault_capital * (ONE - self.vault_threshold)


@closed
class Vault:
    """A vault takes whole units over at the mark, with all their margin. Hyperliquid, Lighter."""

    vault_below: Decimal = given(
        "it takes accounts whose equity is below this share of maintenance margin", Takes.FRACTION, ONE
    )
    own: OwnMoney | None = part(OwnMoney, by="vault_capital")


BACKSTOPS: Choices = {"none": NoBackstop, "providers": Providers, "auction": Auction, "vault": Vault}


@closed
class BackstopRules:
    """Who stands behind the book?"""

    kind: NoBackstop | Providers | Auction | Vault = given(
        "providers share a claim, bidders buy it, or a vault takes whole accounts over",
        BACKSTOPS,
        NoBackstop(),
    )


# --- deleveraging -------------------------------------------------------------------------------------------


class AdlWhen(Word):
    """When the queue is used."""

    AFTER_FUND = (
        "after-fund",
        "What book and fund could not take, while the mark is at or beyond the bankruptcy price.",
    )
    MARK_AT_BANKRUPTCY = (
        "mark-at-bankruptcy",
        "What the book has not taken at the bankruptcy price or better once the mark is there or beyond it; "
        "the "
        "fund is asked after the queue. Aster.",
    )
    BEFORE_BOOK = "before-book", "Before the book."
    NEVER = "never", "Nobody is deleveraged."
    REMAINDER = "remainder", "What an order in the account's own name left."
    NEGATIVE = "negative", "An account whose equity is negative."
    ZERO_FILL = (
        "zero-fill",
        "A position of which nothing was filled, of an account whose equity is negative. dYdX.",
    )
    SETTLEMENT = "settlement", "Everybody, due or not: the market is wound up."


OF_ORDERS = (AdlWhen.REMAINDER, AdlWhen.NEGATIVE, AdlWhen.ZERO_FILL, AdlWhen.SETTLEMENT)
"""Those that speak of the account's own orders."""


class Triggered(Word):
    """Where the book stands once the fund's drawdown has stopped it, or it is used up."""

    AFTER_BOOK = "after-book", "The book is asked first as before."
    BEFORE_BOOK = (
        "before-book",
        "Nothing goes to the book before the queue has had it. OKX, HTX, GRVT, Toobit.",
    )


class Eligible(Word):
    """Who can be deleveraged."""

    WINNERS = "winners", "Positions with an unrealized pnl above zero."
    ALL = "all", "All positions; losers rank after the winners."


class WouldBankrupt(Word):
    """What is done with a counterparty that a fill would ruin (counterparty.py)."""

    SKIP = "skip", "One whose equity the fill would push below zero is passed over and reported."
    ALLOW = "allow", "It is deleveraged all the same."
    MARGIN_CHECK = (
        "margin-check",
        "It is passed over where it would be below its initial margin and worse off by equity per "
        "maintenance "
        "margin. dYdX.",
    )


class OwnAccount(Word):
    """What becomes of a place in the queue that belongs to the account that is closed."""

    EXCLUDED = "excluded", "It is passed over: an account is not deleveraged against itself."
    INCLUDED = "included", "It is deleveraged like any other."


class RankedWhen(Word):
    """When a queue is ranked."""

    ONCE = "once", "Once a step, when the first fill there needs it."
    EACH_CLAIM = "each-claim", "Anew for every claim that needs it."


class Ties(Word):
    """Who is first among equal scores; queue.Place.key follows it. Only Ethereal publishes a rule."""

    LARGER_POSITION = "larger-position", "The larger position, then the order in the file."
    PROFIT_BALANCE_NEWEST = (
        "profit-balance-newest",
        "The highest unrealized profit, then the lowest balance (collateral if isolated), then the newest "
        "account, "
        "the last in the file. Source: Ethereal, Auto deleveraging.",
    )


class Lights(Word):
    """What a light is a fifth of."""

    CONTRACTS = "contracts", "The queue's contracts."
    HEADS = "heads", "The queue's positions."


@closed
class AdlRules:
    """Who is deleveraged, when, and at which price?"""

    when: AdlWhen = given("when the queue is used", AdlWhen, AdlWhen.AFTER_FUND)
    while_triggered: Triggered = given(
        "whether the queue comes before the book once the fund's drawdown has stopped it, or it is used up",
        Triggered,
        Triggered.AFTER_BOOK,
    )
    policy: Policy = given("how the closed quantity is shared out", POLICIES, queue)
    eligible: Eligible = given(
        "winners: unrealized pnl above zero; all: losers rank after the winners",
        Eligible,
        Eligible.WINNERS,
        required=True,
    )
    score: Score = given(
        "the score that orders the queue, highest first", SCORES, SCORES["generic"], required=True
    )
    price: Price = given("the price of an ADL fill", FILLS, bankruptcy, required=True)
    clamp: Decimal | None = given(
        "a price farther from the mark than this fraction of it is the mark", Takes.FRACTION, None
    )
    capped: bool = given(
        "is a price never worse for what is closed than its bankruptcy price?", Takes.FLAG, False
    )
    own_account: OwnAccount = given(
        "whether an account can be deleveraged against a position of its own", OwnAccount, OwnAccount.EXCLUDED
    )
    rank: RankedWhen = given(
        "once: a queue is ranked once a step; each-claim: anew for every claim that needs it",
        RankedWhen,
        RankedWhen.ONCE,
    )
    would_bankrupt: WouldBankrupt = given(
        "what is done with a counterparty whose equity the fill would push below zero; margin-check: also "
        "with one that it would leave worse off by equity per maintenance margin",
        WouldBankrupt,
        WouldBankrupt.SKIP,
        required=True,
    )
    ties: Ties = given(
        "who is first among equal scores; after that, the order in the file", Ties, Ties.LARGER_POSITION
    )
    lights: Lights = given(
        "what a light is a fifth of: the queue's contracts or its positions",
        Lights,
        Lights.CONTRACTS,
        required=True,
    )

    @property
    def skips_book(self) -> bool:
        """Does the queue come before the book once the fund is stopped or used up? Only a queue that waits
        for the fund can: under `never` there is none."""
        return self.when == AdlWhen.AFTER_FUND and self.while_triggered == Triggered.BEFORE_BOOK

    def idle(self) -> Iterator[tuple[str, str]]:
        """Where nobody is deleveraged, nothing is shared out; score, price and lights are what `rank` and
        `compare` show."""
        if self.when == AdlWhen.NEVER:
            yield "policy", "'when' of 'adl' is never"
            yield "rank", "'when' of 'adl' is never"
            for rule in ("clamp", "capped", "own_account"):
                yield rule, "'when' of 'adl' is never"
        if self.when != AdlWhen.AFTER_FUND:
            yield "while_triggered", f"'when' of 'adl' is {self.when}"


# --- the last resort ----------------------------------------------------------------------------------------


@closed
class BadDebt:
    """The venue's books carry the loss as bad debt."""


@closed
class PerContract:
    """A levy on every open contract of the market, winners and losers alike. Drift."""

    severity: Decimal = given(
        "the share of the loss that is shared out; the rest is bad debt", Takes.FRACTION, ONE
    )


LAST_RESORTS: Choices = {"bad-debt": BadDebt, "per-contract": PerContract, **HAIRCUTS}
IN_PAPERS: Mapping[str, str] = {
    "rap": "risk-weighted",
    "risk-aware": "risk-weighted",
    "risk-aware-pro-rata": "risk-weighted",
    "wealth-pro-rata": "haircut",
    "capped-pro-rata": "capped-haircut",
    "water-filling": "capped-haircut",
    "levered-pro-rata": "levered-haircut",
    "lev-pro-rata": "levered-haircut",
    "integer-pro-rata": "integer-haircut",
    "risk-based": "minimax-leverage",
    "risk-based-adl": "minimax-leverage",
    "dynamic-profit-equalisation": "socialized",
    "dynamic-profit-equalization": "socialized",
    "vmgh": "haircut",
}
"""Policies by the names that the papers and documents of their docstrings have for them."""


def in_papers(name: object) -> str:
    """The policy that papers have such a name for; '' where there is none."""
    return IN_PAPERS.get(re.sub(r"[\s_]+", "-", str(name).strip().lower()), "")


@closed
class LastResortRules:
    """What becomes of a loss that nobody covers?"""

    policy: BadDebt | PerContract | Haircut = given(
        "bad debt, a levy on every open contract of the market, or how the winners' profits are cut",
        LAST_RESORTS,
        BadDebt(),
    )


# --- fees ---------------------------------------------------------------------------------------------------


class FeeTo(Word):
    """Who gets the fees."""

    FUND = "fund", "The insurance fund."
    VENUE = "venue", "The venue; its revenue is an account of the run."


@closed
class FeeRules:
    """What do the forced trades cost?"""

    taker: Decimal = given(
        "rate on the value of what the venue closes in the book, out of what that brings more than the "
        "bankruptcy "
        "price",
        Takes.FRACTION,
        ZERO,
    )
    liquidation: Decimal = given(
        "rate on the value of what the venue closes, in the book or not, out of what that brings more than "
        "the "
        "bankruptcy price; orders in the account's own name do not pay it (fees.reduced, liquidation.fee)",
        Takes.FRACTION,
        ZERO,
    )
    reduced: Decimal = given(
        "rate on the value of what an order into a lower tier (liquidation.reduce) closes, which the account "
        "pays out "
        "of what that brings more than the bankruptcy price",
        Takes.FRACTION,
        ZERO,
    )
    deleveraged: Decimal = given(
        "rate on the value of an ADL fill that its counterparty pays; below zero: a rebate, from the venue; "
        "out of the margin of what is left of an isolated position, else of the balance (a rebate: into it)",
        Takes.RATE,
        ZERO,
    )
    to: FeeTo = given("who gets the fees", FeeTo, FeeTo.FUND)

    def of_claim(self, value: Decimal, result: Decimal, in_book: bool) -> tuple[Decimal, Decimal]:
        """The fee on a fill of the venue's, unrounded, at most what it brings more than the bankruptcy price;
        and its rate. A fee makes no shortfall."""
        rate = self.liquidation + (self.taker if in_book else ZERO)
        return min(rate * abs(value), max(result, ZERO)), rate

    def of_order(self, value: Decimal, surplus: Decimal) -> Decimal:
        """The fee on a fill of an order into a lower tier, unrounded: min(rate x value, surplus), never below
        zero. Source: Binance, Liquidation Protocols, a fee on the amount liquidated only, of the first order
        too."""
        return min(self.reduced * abs(value), max(surplus, ZERO))


@closed
class Rules:
    """The rules that the rulebook picked, in its own sections."""

    margin: MarginRules = MarginRules()
    liquidation: LiquidationRules = LiquidationRules()
    fund: FundRules = FundRules()
    backstop: BackstopRules = BackstopRules()
    adl: AdlRules = AdlRules()
    last_resort: LastResortRules = LastResortRules()
    fees: FeeRules = FeeRules()
    assumptions: tuple[Assumption, ...] = ()


__all__ = ["BySolvency", "MarkFirst"]
