"""Which rules a rulebook has, and the values that each takes. A new rule is one field here.

Public: RuleValues, RuleEntry, VectorNotes, Head, BY_CONTRACT, STATUSES, is_by_contract.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, Tag, WithJsonSchema

from adlcalc.engine.expression import NAMES, ExpressionError, score_function
from adlcalc.engine.haircuts import HAIRCUTS
from adlcalc.engine.policies import POLICIES
from adlcalc.engine.scores import SCORES
from adlcalc.source.fields import Count, Fraction, NotNegative, Positive, Step, Strict, Text, by_shape, kind_of, wrong
from adlcalc.source.problems import nearest, quote
from adlcalc.venues.maintenance import MaintenanceRule

BY_CONTRACT = {"by_contract": True}
"""Marks a rule that may differ by contract kind, written {linear: ..., inverse: ...}; the others hold for the whole venue."""


def _score(value: Any) -> str:
    """The name of a score, or an expression that can be read; a single word is taken for a name."""
    if not isinstance(value, str):
        raise wrong(f"must be the name of a score or an expression, not {kind_of(value)}")
    try:
        score_function(value)
    except ExpressionError as error:
        if re.fullmatch(r"[\w-]*", value):
            near = nearest(value, (*SCORES, *NAMES))
            hint = f"did you mean {quote(near)}?" if near else ""
            raise wrong(f"must be the name of a score or an expression, not {kind_of(value)}", hint) from None
        start = error.column - 1
        near = None if error.hint else nearest(value[start : start + error.length], NAMES)
        hint = f"did you mean {quote(near)}?" if near else error.hint
        raise wrong(error.message, hint, part=(start, error.length)) from None
    return value


_NAME_OR_EXPRESSION = {"anyOf": [{"enum": list(SCORES)}, {"type": "string", "description": f"over {', '.join(NAMES)}"}]}
Score = Annotated[str, PlainValidator(_score), WithJsonSchema(_NAME_OR_EXPRESSION)]


LAST_RESORTS = ("bad-debt", "per-contract", *HAIRCUTS)


def _policy(value: Any) -> str:
    """A policy closes positions; one that cuts profits belongs to the last resort."""
    return _named(value, tuple(POLICIES), LAST_RESORTS, "a policy", "it cuts profits: last_resort {policy: ...}")


def _last_resort(value: Any) -> str:
    return _named(value, LAST_RESORTS, tuple(POLICIES), "a last resort", "it closes positions: adl {policy: ...}")


def _named(value: Any, names: tuple[str, ...], others: tuple[str, ...], what: str, if_other: str) -> str:
    if not isinstance(value, str) or value not in names:
        near = nearest(str(value), names)
        hint = if_other if value in others else f"did you mean {quote(near)}?" if near else f"known here: {', '.join(names)}"
        raise wrong(f"must be the name of {what}, not {kind_of(value)}", hint)
    return value


Policy = Annotated[str, PlainValidator(_policy), WithJsonSchema({"enum": list(POLICIES)})]
LastResort = Annotated[str, PlainValidator(_last_resort), WithJsonSchema({"enum": list(LAST_RESORTS)})]


class MarginRules(Strict):
    """When is an account due?"""

    maintenance: MaintenanceRule = Field(
        description="maintenance margin: a rate, tiers, risk steps or a slope", json_schema_extra=dict(BY_CONTRACT)
    )
    closing_fee: Fraction = Field(
        description="rate added to the maintenance margin for the cost of closing", json_schema_extra=dict(BY_CONTRACT)
    )
    maintenance_on: Literal["mark", "entry"] = Field(
        "mark",
        description="mark: maintenance margin moves with the mark; entry: it stays the part of the entry value that it was",
        json_schema_extra=dict(BY_CONTRACT),
    )
    due: Literal["at-or-below", "below"] = Field(
        description="liquidated when equity is at or below, or only below, maintenance margin"
    )


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise wrong(f"must be true or false, not {kind_of(value)}")
    return value


Flag = Annotated[bool, PlainValidator(_flag), WithJsonSchema({"type": "boolean"})]
Price = Literal["bankruptcy", "mark", "mark-then-bankruptcy", "previous-mark", "mix", "spread"]
AdlPrice = Literal["bankruptcy", "mark", "mark-then-bankruptcy", "previous-mark", "mix", "spread", "mark-if-solvent"]


class LiquidationRules(Strict):
    """How is a due position closed?"""

    method: Literal["takeover", "market"] = Field(
        "takeover",
        description="takeover: the venue takes it over at its bankruptcy price; market: orders in the account's own name",
    )
    reduce: Literal["none", "lower-tier", "tier-by-tier", "two-tiers"] = Field(
        description="takeover: what is tried first, in the account's name: nothing, or orders that bring the position "
        "into a lower tier"
    )
    takeover_below: Fraction = Field(
        Decimal(0), description="market: accounts whose equity is below this share of maintenance margin are taken over"
    )
    surplus: Literal["fund", "account"] = Field(
        "fund", description="takeover: who keeps what a fill is better than the bankruptcy price"
    )
    size: Literal["whole", "portion", "deficit", "shares"] = Field(
        "whole",
        description="market: one order closes all, a portion, or what restores the maintenance margin; shares: the vault takes "
        "the same share of every position",
    )
    portion: Fraction = Field(
        Decimal(1), description="market, size portion: the share of the position that one order closes; size shares: the step"
    )
    portion_above: NotNegative = Field(Decimal(0), description="market: a notional up to this is closed whole")
    portion_at_least: NotNegative = Field(Decimal(0), description="market: the least notional of an order")
    max_notional: Positive | None = Field(None, description="market: the most notional that an account's orders close in a step")
    max_fund_paid: Positive | None = Field(None, description="market: the most that the fund pays for an account in a step")
    then_whole: Flag = Field(
        False, description="market: is what is still due after the first order closed whole in the same step?"
    )
    buffer: NotNegative = Field(Decimal(0), description="market, size deficit: equity is restored to 1 + this of maintenance")
    rate_buffer: Fraction = Field(Decimal(0), description="market, size deficit: added to the maintenance rate to be restored")
    target: Fraction = Field(Decimal(1), description="market, size shares: closed until maintenance / equity is below this")
    positions: Literal["all", "one"] = Field(
        "all", description="market: whether a step works all positions of an account, or the first that anything can be closed of"
    )
    share: Literal["maintenance", "all"] = Field(
        "maintenance", description="market: whether a bankruptcy price counts the position's share of the equity, or all of it"
    )
    rounding: Literal["price", "money"] = Field(
        "price", description="market: what is rounded for the closed account, its bankruptcy price or the money that it brings"
    )
    buyer: Literal["book", "liquidator"] = Field(
        "book", description="market: the book, or a liquidator who takes any size at the mark less the discount"
    )
    discount: Fraction = Field(Decimal(0), description="market, buyer liquidator: what it pays less than the mark, a rate")
    limit: Literal["none", "bankruptcy", "bankruptcy-or-mark", "fillable"] = Field(
        "none", description="market: the worst price an order is filled at"
    )
    spread: NotNegative = Field(Decimal(0), description="market, limit fillable: spread to maintenance margin ratio")
    adjustment: NotNegative = Field(Decimal(1), description="market, limit fillable: bankruptcy adjustment")
    fee: Fraction = Field(Decimal(0), description="market: liquidation fee on what is closed, to the fund")
    fee_cap: Literal["surplus", "equity", "remainder"] = Field(
        "surplus",
        description="market: the fee is at most the surplus over the bankruptcy price, the equity that is left, or the "
        "remainder of the margin rate",
    )


class DrawdownRule(Strict):
    """When a fund stops paying although it is not empty."""

    start: Fraction = Field(description="it stops this share of its peak below the peak")
    stop: Fraction = Field(description="it pays again when it is less than this share below the peak")
    window_hours: Positive | None = Field(
        None, description="the peak is that of the last so many hours; of the whole run if left out"
    )
    at_least: NotNegative = Field(Decimal(0), description="the fall is at least this much money")
    above: NotNegative = Field(Decimal(0), description="it does not stop at this balance or below, but pays to its floor")


def _drawdown_tag(value: Any) -> str | None:
    return "<none>" if value == "none" else "<drawdown>" if isinstance(value, dict) else None


NoDrawdown = Annotated[None, PlainValidator(lambda _none: None), WithJsonSchema({"enum": ["none"]})]
OptionalDrawdown = Annotated[
    Annotated[NoDrawdown, Tag("<none>")] | Annotated[DrawdownRule, Tag("<drawdown>")],
    by_shape(_drawdown_tag, "none or {start, stop}"),
]


class FundRules(Strict):
    """How far does the insurance fund pay?"""

    negative: Flag = Field(False, description="may the fund go below zero?")
    drawdown: OptionalDrawdown = Field(None, description="none, or the fall from its peak at which the fund stops paying")


class BackstopRules(Strict):
    """Who stands behind the book?"""

    kind: Literal["none", "providers", "auction", "vault"] = Field(
        "none", description="providers share a claim, bidders buy it, or a vault takes whole accounts over"
    )
    when: Literal["before-fund", "before-book"] = Field(
        "before-fund", description="providers, auction: before the fund pays, or before the book"
    )
    price: Price = Field("bankruptcy", description="providers: the price of a transfer")
    price_weight: NotNegative = Field(Decimal(1), description="the weight of a mix, or the rate of a spread")
    vault_below: Fraction = Field(
        Decimal(1), description="vault: it takes accounts whose equity is below this share of maintenance margin"
    )


class AdlRules(Strict):
    """Who is deleveraged, when, and at which price?"""

    when: Literal["after-fund", "before-book", "never", "remainder", "negative", "zero-fill", "settlement"] = Field(
        "after-fund",
        description="after book and fund, before the book, never; with method market: what an order left, negative equity, "
        "negative equity when nothing was filled, or settlement: everybody, the market is wound up",
    )
    policy: Policy = Field("queue", description="how the closed quantity is shared out")
    seed: Step = Field(0, description="policy seeded-cycle: where the cycle begins")
    top: Count = Field(10, description="policy top-n-pro-rata: how many of the largest go first")
    eligible: Literal["winners", "all"] = Field(
        description="winners: unrealized pnl above zero; all: losers rank after the winners"
    )
    score: Score = Field(description="the score that orders the queue, highest first")
    price: AdlPrice = Field(description="the price of an ADL fill")
    price_weight: NotNegative = Field(
        Decimal(1), description="the weight of the bankruptcy price in a mix, or the rate of a spread"
    )
    rank: Literal["once", "each-claim"] = Field(
        "once", description="once: a queue is ranked once a step; each-claim: anew for every claim that needs it"
    )
    would_bankrupt: Literal["skip", "allow", "margin-check"] = Field(
        description="what is done with a counterparty whose equity the fill would push below zero; margin-check: also with one "
        "that it would leave worse off by equity per maintenance margin"
    )
    ties: Literal["larger-position"] = Field(description="who is first among equal scores; after that, the order in the file")
    lights: Literal["contracts", "heads"] = Field(
        description="what a light is a fifth of: the queue's contracts or its positions"
    )


class LastResortRules(Strict):
    """What becomes of a loss that nobody covers?"""

    policy: LastResort = Field(
        default="bad-debt",
        description="bad-debt; per-contract: a levy on every open contract of the market; or how the winners' profits are cut",
    )
    base: Literal["profit", "move"] = Field(
        default="profit", description="the profit that is cut: all that is unrealized, or the gain of this step's move"
    )
    severity: Fraction = Field(default=Decimal(1), description="the share of the loss that is shared out; the rest is bad debt")
    max_cut: Fraction = Field(
        default=Decimal(1), description="capped and weighted haircuts: the largest share of a profit that is taken"
    )
    exponent: Count = Field(default=2, description="policy risk-weighted-power: the power of leverage")
    threshold: NotNegative = Field(
        default=Decimal(1), description="policy risk-weighted-tail: the leverage above which profits are cut"
    )
    queue_share: Fraction = Field(default=Decimal("0.2"), description="policy hybrid: the share of the loss that the queue pays")


class ContractRules(Strict):
    """How is a fill's value rounded?"""

    rounding: Literal["total", "per-contract"] = Field(
        description="total: a fill's value is rounded once; per-contract: the value of one contract is rounded, then multiplied",
        json_schema_extra=dict(BY_CONTRACT),
    )


class RuleValues(Strict):
    """All rules of a venue for one contract kind."""

    margin: MarginRules
    liquidation: LiquidationRules
    fund: FundRules = FundRules()
    backstop: BackstopRules = BackstopRules()
    adl: AdlRules
    last_resort: LastResortRules = LastResortRules()
    contract: ContractRules


def is_by_contract(section: str, rule: str) -> bool:
    """May this rule be written {linear: ..., inverse: ...}?"""
    model = RuleValues.model_fields[section].annotation if section in RuleValues.model_fields else None
    field = model.model_fields.get(rule) if isinstance(model, type) and issubclass(model, Strict) else None
    return field is not None and field.json_schema_extra == BY_CONTRACT


# --- the file around the rules ---------------------------------------------------------------------------------------


class RuleEntry(Strict):
    """One rule as a rulebook states it."""

    value: Any = Field(description="what the rule is set to")
    source: Text | None = Field(
        None, description="key of the document in 'sources' that says so; of an assumed rule, the one that was read for it"
    )
    status: Literal["documented", "observed", "assumed"] = Field(
        description="documented by the venue, observed in its data, or assumed because the venue is silent"
    )
    note: Text | None = Field(None, description="a sentence for the reader; an assumed rule must have one")


class SourceNote(Strict):
    """A document that rules are taken from."""

    title: Text = Field(description="title of the page or paper")
    url: Text | None = Field(None, description="its address")
    seen: Text = Field(description="the day it was read")


class VectorNotes(Strict):
    """Which numbers printed by the venue, or derived from its rules (ids that begin with DV-), the rulebook reproduces."""

    met: list[Text] = Field(default_factory=list, description="ids of the vectors that the test cases hold the rulebook to")
    not_met: dict[str, Text] = Field(default_factory=dict, description="id of a vector that cannot be met -> the reason")
    none: Text | None = Field(None, description="why the rulebook meets no printed number, where it meets none")


class Head(Strict):
    """What a rulebook says about itself."""

    venue: Text = Field(description="the name of the rulebook")
    title: Text = Field(description="what it models, in a line")
    as_of: Text = Field(description="the date of the rules, or the years they held")
    extends: Text | None = Field(None, description="another rulebook, whose rules hold where this one gives none")
    tables: Text | None = Field(None, description="a file beside it with the maintenance tables of its contracts, by symbol")
    sources: dict[str, SourceNote] = Field(default_factory=dict, description="the documents, by key")
    not_modeled: list[Text] = Field(
        default_factory=list, description="sentences on what the venue does and this rulebook does not"
    )
    vectors: VectorNotes = Field(default_factory=VectorNotes, description="the venue's own numbers, met and not met")
