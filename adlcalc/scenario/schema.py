"""The scenario file, declared: one field per key, each with its description.

Public: ScenarioFile and the models of its parts.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from adlcalc.ground.numbers import show
from adlcalc.scenario.events_schema import EventSpec
from adlcalc.scenario.expect_schema import ExpectSpec
from adlcalc.scenario.path_schema import PATH_KEYS, RATE_KEYS, FundingSpec, IntervalSpec, Moment, PricesSpec
from adlcalc.source.fields import (
    Count,
    Flag,
    Fraction,
    NotNegative,
    Number,
    Positive,
    Step,
    Text,
    by_shape,
    tag_by_type,
)
from adlcalc.source.keys import InJsonSchema, Reads, Strict, Tag, key, keys_of, wrong
from adlcalc.source.number import NumberError, number_of
from adlcalc.source.problems import kind_of
from adlcalc.venues.maintenance import MarketMaintenance

# --- markets ------------------------------------------------------------------------------------------------


class Impact(Strict):
    """A book whose price moves with what is sold into it."""

    impact: NotNegative = key(description="price moved per contract; a fill pays the average")


def _word_or_size(value: Any) -> str | Decimal:
    if value in ("unlimited", "none"):
        return str(value)
    try:
        size = number_of(value)
    except NumberError as error:
        raise wrong(f"must be {_LIQUIDITY}, not {kind_of(value)}", error.hint) from None
    if size < 0:
        raise wrong("must be zero or more")
    return size


def _pair(value: Any, of: str) -> tuple[Decimal, Decimal]:
    """Two numbers in brackets. of: what they are."""
    if not isinstance(value, list) or len(value) != 2 or not all(isinstance(part, str) for part in value):
        raise wrong(f"must be a pair: [{of}]")
    try:
        return number_of(value[0]), number_of(value[1])
    except NumberError as error:
        raise wrong(error.message, error.hint) from None


def _level(value: Any) -> tuple[Decimal, Decimal]:
    distance, size = _pair(value, "distance from the mark, size")
    if distance < 0:
        raise wrong(
            f"must have a distance of zero or more, not {show(distance)}",
            "distances are measured from the mark outward. For bids better than it: a step of the path "
            "before, at "
            f"their price, or the mark's own level: [0, {show(abs(size))}]",
        )
    if size <= 0:
        raise wrong(f"must have a size greater than zero, not {show(size)}")
    return distance, size


_liquidity_tag = tag_by_type(text="<size>", items="<levels>", keys="<impact>")


def _book_tag(value: Any) -> str | None:
    """A list of levels is a book, a list of books has one for each step; a map of steps has those at which
    the book changes."""
    if isinstance(value, list) and value:
        first = value[0]
        of_levels = isinstance(first, list) and not any(isinstance(part, list) for part in first)
        return "<levels>" if of_levels and first else "<steps>"
    if isinstance(value, dict) and not keys_of(Impact).keys() & value.keys():
        return "<changes>"
    return _liquidity_tag(value)


_LIQUIDITY = "unlimited, none, a size, [[distance, size], ...] or {impact: ...}"
_BOOKS = (
    f"{_LIQUIDITY}; a list of these, one for each step; or {{step: one of these}}, each kept until the next"
)
_PAIR = {"type": "array", "items": {"type": ["number", "string"]}, "minItems": 2, "maxItems": 2}
WordOrSize = Annotated[str | Decimal, Reads(_word_or_size), InJsonSchema(type=["string", "number"])]
Level = Annotated[tuple[Decimal, Decimal], Reads(_level), InJsonSchema(**_PAIR)]
_Book = (
    Annotated[WordOrSize, Tag("<size>")]
    | Annotated[list[Level], Tag("<levels>")]
    | Annotated[Impact, Tag("<impact>")]
)
LiquiditySpec = Annotated[_Book, by_shape(_liquidity_tag, _LIQUIDITY)]
BooksSpec = Annotated[
    _Book
    | Annotated[list[LiquiditySpec], Tag("<steps>")]
    | Annotated[dict[str, LiquiditySpec], Tag("<changes>")],
    by_shape(_book_tag, _BOOKS),
]


class FeedbackSpec(Strict):
    """A mark that follows what is sold into the book: a model, not a rule of any venue."""

    share: Fraction = key(
        description="after each round of fills the mark moves this part of the way to the farthest of them"
    )
    recovery: Fraction = key(description="the part of the displacement that is gone at each further step")


class MarketSpec(Strict):
    """One contract that is traded."""

    contract: Literal["linear", "inverse"] = key(
        "linear", description="linear: settled in the quote currency; inverse: settled in the base coin"
    )
    settles: Text | None = key(
        None,
        description="the currency of its money; if left out quote, of an inverse market the base coin in its "
        "name or base",
    )
    multiplier: Positive = key(
        Decimal(1), description="base units per contract (linear), quote units per contract (inverse)"
    )
    tick: Positive | None = key(None, description="smallest price step; 0.00000001 if left out")
    lot: Positive | None = key(None, description="smallest size step; 0.00000001 if left out")
    liquidity: BooksSpec | None = key(
        None, description=f"what the book takes in a step: {_BOOKS}; unlimited if left out"
    )
    maintenance: MarketMaintenance | None = key(
        None, description="maintenance margin of this market; the venue's if left out"
    )
    feedback: FeedbackSpec | None = key(
        None,
        description="how fills in the book move the mark: {share, recovery}, a model of a cascade; not at "
        "all "
        "if left out",
    )
    open_interest: Positive | None = key(
        None,
        description="contracts that are open at the venue, which each side holds; `rank` reads indicators by "
        "it",
    )


# --- funds --------------------------------------------------------------------------------------------------


class FundSpec(Strict):
    """An insurance fund."""

    balance: NotNegative = key(Decimal(0), description="what it holds at the start")
    floor: NotNegative = key(Decimal(0), description="it pays down to this and no further")
    peak: NotNegative | None = key(
        None, description="the balance that drawdowns are measured from; the opening one if left out"
    )


class LayerSpec(Strict):
    """A layer of a default fund: it pays what those before it cannot."""

    name: Text = key(description="what it is called: own capital, members, assessment")
    balance: NotNegative = key(Decimal(0), description="what it holds at the start")
    floor: NotNegative = key(Decimal(0), description="it pays down to this and no further")
    peak: NotNegative | None = key(
        None, description="the balance that drawdowns are measured from; the opening one if left out"
    )


FUND_KEYS = frozenset(keys_of(FundSpec))


_amount_tag = tag_by_type(text="<number>", keys="<fund>")


def _fund_tag(value: Any) -> str | None:
    if isinstance(value, list):
        return "<layers>"
    if isinstance(value, dict) and not FUND_KEYS & value.keys():
        return "<markets>"
    return _amount_tag(value)


FundAmount = Annotated[
    Annotated[NotNegative, Tag("<number>")] | Annotated[FundSpec, Tag("<fund>")],
    by_shape(_amount_tag, "a number or {balance, floor, peak}"),
]
FundsSpec = Annotated[
    Annotated[NotNegative, Tag("<number>")]
    | Annotated[FundSpec, Tag("<fund>")]
    | Annotated[list[LayerSpec], Tag("<layers>")]
    | Annotated[dict[str, FundAmount], Tag("<markets>")],
    by_shape(
        _fund_tag,
        "a number, {balance, floor, peak}, one of these for each market, or layers [{name, balance}, ...]",
    ),
]


# --- backstop -----------------------------------------------------------------------------------------------


class ProviderSpec(Strict):
    """A backstop provider (rule backstop.kind: providers) or a bidder (auction)."""

    id: Text = key(description="name of the provider")
    market: Text | None = key(None, description="the market; may be left out where there is one")
    size: Positive = key(description="how many contracts it takes in a step")
    distance: NotNegative = key(Decimal(0), description="auction: how far from the mark it bids, in price")


# --- accounts -----------------------------------------------------------------------------------------------

Side = Literal["long", "short"]
Margin = Literal["isolated", "cross"]
_MARKET = "the market; may be left out where there is one"
_LEVERAGE = "chosen leverage; the collateral of an isolated position is its entry value / leverage"
_COLLATERAL = (
    "isolated margin in money, instead of leverage; without a fee of closing on both sides "
    "(margin.commission)"
)
_STOP = "closed in the book once the mark is at this price or worse, unless it is liquidated there already"
_TAKE_PROFIT = "closed in the book once the mark is at this price or better"
_EXEMPT = "is it never liquidated? What it lacks is told as owed"
_OWNER = "whose the account is; `cover` counts the accounts of one owner together; its own if left out"
_BALANCE = "money of the account: behind its cross positions, or free beside isolated ones"


class IndicatorSpec(Strict):
    """What the venue shows of a position's place in its queue."""

    lights: Count = key(description="lights that are lit; all of them: in the first fifth of the queue")
    of: Count = key(5, description="how many lights there are")


_INDICATOR = (
    "what the venue shows of the position's place in its queue; kept for `rank`, no run depends on it"
)


class PositionSpec(Strict):
    """A position of an account's long form."""

    market: Text | None = key(None, description=_MARKET)
    side: Side = key(description="long or short")
    size: Positive = key(description="contracts, always positive")
    entry: Positive = key(description="entry price")
    leverage: Positive | None = key(None, description=_LEVERAGE)
    collateral: NotNegative | None = key(None, description=_COLLATERAL)
    margin: Margin | None = key(None, description="isolated or cross; that of the account if left out")
    stop: Positive | None = key(None, description=_STOP)
    take_profit: Positive | None = key(None, description=_TAKE_PROFIT)
    indicator: IndicatorSpec | None = key(None, description=_INDICATOR)


class ShortAccount(Strict):
    """An account with one position, on one line."""

    id: Text = key(description="the account's name, once in the file")
    market: Text | None = key(None, description=_MARKET)
    side: Side = key(description="long or short")
    size: Positive = key(description="contracts, always positive")
    entry: Positive = key(description="entry price")
    leverage: Positive | None = key(None, description=_LEVERAGE)
    collateral: NotNegative | None = key(None, description=_COLLATERAL)
    margin: Margin = key("isolated", description="isolated or cross")
    balance: Number | None = key(None, description=_BALANCE)
    exempt: Flag = key(False, description=_EXEMPT)
    owner: Text | None = key(None, description=_OWNER)
    stop: Positive | None = key(None, description=_STOP)
    take_profit: Positive | None = key(None, description=_TAKE_PROFIT)
    indicator: IndicatorSpec | None = key(None, description=_INDICATOR)


class LongAccount(Strict):
    """An account with any number of positions."""

    id: Text = key(description="the account's name, once in the file")
    margin: Margin = key("isolated", description="isolated or cross, for positions that do not say")
    balance: Number | None = key(None, description=_BALANCE)
    exempt: Flag = key(False, description=_EXEMPT)
    owner: Text | None = key(None, description=_OWNER)
    positions: list[PositionSpec] = key(description="the account's positions")


class BookFile(Strict):
    """Accounts in a CSV file beside the scenario."""

    file: Text = key(
        description="name of the CSV file (.gz: packed by gzip; .parquet: a table of integers, decimals and "
        "text, with "
        "the extra [frames]); columns id, market, side, "
        "size, entry, leverage, collateral, margin, balance, owner, stop, take_profit, exempt"
    )


def _account_tag(value: Any) -> str | None:
    if not isinstance(value, dict):
        return None
    return "<long>" if "positions" in value else "<short>"


def _accounts_tag(value: Any) -> str | None:
    if (
        isinstance(value, dict)
        and "file" not in value
        and any(isinstance(one, dict) for one in value.values())
    ):
        hint = f"begin each with a dash: - {{id: {next(iter(value))}, side: ...}}"
        raise wrong("must be a list of accounts, not a map of them", hint)
    return _shape_of_accounts(value)


_shape_of_accounts = tag_by_type(items="<list>", keys="<file>")


AccountSpec = Annotated[
    Annotated[ShortAccount, Tag("<short>")] | Annotated[LongAccount, Tag("<long>")],
    by_shape(_account_tag, "a map: {id, side, size, entry, leverage}"),
]
AccountsSpec = Annotated[
    Annotated[list[AccountSpec], Tag("<list>")] | Annotated[BookFile, Tag("<file>")],
    by_shape(_accounts_tag, "a list of accounts or {file: book.csv}"),
]


# --- accounts that are made up ------------------------------------------------------------------------------


def _quantile(value: Any) -> tuple[Decimal, Decimal]:
    part, number = _pair(value, "part of the accounts, number")
    if not 0 <= part <= 1:
        raise wrong(f"must have a part from 0 to 1, not {show(part)}", "0.9: nine accounts of ten are below")
    if number <= 0:
        raise wrong(f"must have a number greater than zero, not {show(number)}")
    return part, number


Quantile = Annotated[tuple[Decimal, Decimal], Reads(_quantile), InJsonSchema(**_PAIR)]
_spread_tag = tag_by_type(text="<one>", items="<quantiles>", keys="<weights>")
SpreadSpec = Annotated[
    Annotated[Positive, Tag("<one>")]
    | Annotated[list[Quantile], Tag("<quantiles>")]
    | Annotated[dict[str, NotNegative], Tag("<weights>")],
    by_shape(_spread_tag, "a number, {number: weight, ...} or quantiles [[0, number], ..., [1, number]]"),
]


class SideWeights(Strict):
    """How likely each side is: its weight / the sum of both."""

    long: NotNegative = key(Decimal(0), description="weight of longs")
    short: NotNegative = key(Decimal(0), description="weight of shorts")


class MarginWeights(Strict):
    """How likely each margin mode is: its weight / the sum of both."""

    isolated: NotNegative = key(Decimal(0), description="weight of isolated positions")
    cross: NotNegative = key(Decimal(0), description="weight of cross accounts")


_word_tag = tag_by_type(text="<one>", keys="<weights>")
SidesSpec = Annotated[
    Annotated[Side, Tag("<one>")] | Annotated[SideWeights, Tag("<weights>")],
    by_shape(_word_tag, "long, short or {long: weight, short: weight}"),
]
MarginsSpec = Annotated[
    Annotated[Margin, Tag("<one>")] | Annotated[MarginWeights, Tag("<weights>")],
    by_shape(_word_tag, "isolated, cross or {isolated: weight, cross: weight}"),
]
_SPREAD = "a number, {number: weight, ...} or quantiles [[0, number], ..., [1, number]]"


class PopulationSpec(Strict):
    """Accounts that are made up, of one position each: NAME-1, NAME-2, ..."""

    count: Count = key(description="how many accounts")
    seed: Step = key(0, description="of the random numbers: a whole number")
    market: Text | None = key(None, description=_MARKET)
    side: SidesSpec | None = key(
        None, description="long, short or {long: weight, short: weight}; each as likely if left out"
    )
    size: SpreadSpec = key(description=f"contracts: {_SPREAD}; in whole lots")
    entry: SpreadSpec = key(description=f"entry price: {_SPREAD}; in whole ticks")
    leverage: SpreadSpec = key(
        description=f"chosen leverage: {_SPREAD}; in hundredths, and never more than the tier of the "
        "position "
        "allows"
    )
    margin: MarginsSpec = key(
        "isolated",
        description="isolated, cross or {isolated: weight, cross: weight}; a cross account's balance is "
        "entry "
        "value / leverage",
    )
    balanced: Flag = key(
        False,
        description="are its sizes of the side that holds less scaled up until longs and shorts of the "
        "market "
        "balance?",
    )


def _population_tag(value: Any) -> str | None:
    if not isinstance(value, dict):
        return None
    return "<file>" if "file" in value else "<blocks>"


PopulationsSpec = Annotated[
    Annotated[dict[str, PopulationSpec], Tag("<blocks>")] | Annotated[BookFile, Tag("<file>")],
    by_shape(
        _population_tag, "a map of populations, {NAME: {count, size, entry, leverage}}, or {file: book.csv}"
    ),
]

RESERVED_MARKETS = FUND_KEYS | PATH_KEYS | RATE_KEYS
"""Words that could be read either as a market's name or as a key of a fund, a path or a funding rate."""


# --- the file -----------------------------------------------------------------------------------------------


class ScenarioFile(Strict):
    """A scenario: accounts, a price path, a venue's rules."""

    title: Text = key("", description="what the scenario shows, in a line", examples=["The fund covers half"])
    description: Text = key(
        "",
        description="what a reader must know of it: what is real in it and what is made up; it stands under the "
        "title of run, explain, compare and the page",
        examples=["The prices are real, the accounts are made up."],
    )
    venue: Text = key(
        "generic",
        description="name of a rulebook, or path of your own beside the scenario",
        examples=["bitmex", "my-venue.yaml"],
    )
    rules: dict[str, dict[str, Any]] | None = key(
        None,
        description="rules that replace the rulebook's, {section: {rule: value}}",
        examples=[{"margin": {"maintenance": "0.01"}}],
    )
    money_unit: Positive | None = key(
        None, description="smallest amount of money; 0.00000001 if left out", examples=["0.01"]
    )
    markets: dict[str, MarketSpec] | None = key(
        None,
        description="the markets, by name; may be left out where there is one and the defaults serve",
        examples=[{"BTC-PERP": {"tick": "0.1", "lot": "0.001", "liquidity": "unlimited"}}],
    )
    fund: FundsSpec | None = key(
        None,
        description="the insurance fund; empty if left out; layers pay in their order, and the first "
        "receives",
        examples=[
            "1_000",
            {"balance": "1_000", "floor": "100"},
            {"BTC-PERP": "500", "ETH-PERP": "200"},
            [{"name": "own capital", "balance": "100"}, {"name": "members", "balance": "900"}],
        ],
    )
    backstop: list[ProviderSpec] | None = key(
        None, description="who stands behind the book, where the venue has backstop providers or an auction"
    )
    accounts: AccountsSpec | None = key(
        None,
        description="the accounts, or the CSV file that holds them",
        examples=[
            [{"id": "alice", "side": "long", "size": "2", "entry": "60_000", "leverage": "10"}],
            {"file": "book.csv"},
        ],
    )
    population: PopulationsSpec | None = key(
        None,
        description="further accounts, behind those of `accounts`: made up from a seed, or of a CSV file",
        examples=[
            {
                "retail": {
                    "count": "1_000",
                    "size": [["0", "0.01"], ["0.9", "1"], ["1", "20"]],
                    "entry": "60_000",
                    "leverage": {"5": "2", "10": "1"},
                    "balanced": True,
                }
            }
        ],
    )
    prices: PricesSpec | None = key(
        None,
        description="the mark prices, step 0 first",
        examples=[
            ["60_000", "56_000", "53_000"],
            {"from": "60_000", "to": "50_000", "steps": "10"},
            {"file": "klines.csv", "path": "low-first"},
        ],
    )
    interval: IntervalSpec | None = key(None, description="time between steps", examples=["1m", "8h"])
    start: Moment | None = key(None, description="time of step 0", examples=["2020-03-12T10:00Z"])
    times: list[Text] | None = key(None, description="the time of each step, as it is to be shown")
    funding: FundingSpec | None = key(
        None,
        description="funding rates; none if left out",
        examples=["0.0001", {"rate": "0.0001", "every": "8"}],
    )
    events: list[EventSpec] | None = key(
        None,
        description="what happens besides: deposits, withdrawals, trades, margin moved, settlements and "
        "halts, each at its step",
        examples=[[{"step": "2", "account": "alice", "deposit": "500"}]],
    )
    expect: ExpectSpec | None = key(
        None,
        description="what should come out; held to it by `adlcalc check`",
        examples=[{"liquidated": ["alice"], "fund_paid": "1_000", "bad_debt": "0"}],
    )
