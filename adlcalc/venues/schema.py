"""Which rules a rulebook has, and the values that each takes. A new rule is one field here.

Public: RuleValues, RuleEntry, Head, BY_CONTRACT, STATUSES, is_by_contract.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, WithJsonSchema

from adlcalc.engine.expression import NAMES, ExpressionError, score_function
from adlcalc.engine.scores import SCORES
from adlcalc.source.fields import Fraction, Strict, Text, kind_of, wrong
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


class MarginRules(Strict):
    """When is an account due?"""

    maintenance: MaintenanceRule = Field(
        description="maintenance margin: a rate, tiers, risk steps or a slope", json_schema_extra=dict(BY_CONTRACT)
    )
    closing_fee: Fraction = Field(
        description="rate added to the maintenance margin for the cost of closing", json_schema_extra=dict(BY_CONTRACT)
    )
    due: Literal["at-or-below", "below"] = Field(
        description="liquidated when equity is at or below, or only below, maintenance margin"
    )


class LiquidationRules(Strict):
    """What is tried before a takeover?"""

    reduce: Literal["none", "lower-tier"] = Field(
        description="none: take the whole position over; lower-tier: first close what brings it into a lower tier"
    )


class AdlRules(Strict):
    """Who is deleveraged, and at which price?"""

    eligible: Literal["winners", "all"] = Field(
        description="winners: unrealized pnl above zero; all: losers rank after the winners"
    )
    score: Score = Field(description="the score that orders the queue, highest first")
    price: Literal["bankruptcy"] = Field(description="the price of an ADL fill")
    would_bankrupt: Literal["skip", "allow"] = Field(
        description="what is done with a counterparty whose equity the fill would push below zero"
    )
    ties: Literal["larger-position"] = Field(description="who is first among equal scores; after that, the order in the file")
    lights: Literal["contracts", "heads"] = Field(
        description="what a light is a fifth of: the queue's contracts or its positions"
    )


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
    adl: AdlRules
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
    source: Text | None = Field(None, description="key of the document in 'sources' that says so")
    status: Literal["documented", "observed", "assumed"] = Field(
        description="documented by the venue, observed in its data, or assumed because the venue is silent"
    )
    note: Text | None = Field(None, description="a sentence for the reader; an assumed rule must have one")


class SourceNote(Strict):
    """A document that rules are taken from."""

    title: Text = Field(description="title of the page or paper")
    url: Text | None = Field(None, description="its address")
    seen: Text = Field(description="the day it was read")


class Head(Strict):
    """What a rulebook says about itself."""

    venue: Text = Field(description="the name of the rulebook")
    title: Text = Field(description="what it models, in a line")
    as_of: Text = Field(description="the date of the rules, or the years they held")
    extends: Text | None = Field(None, description="another rulebook, whose rules hold where this one gives none")
    sources: dict[str, SourceNote] = Field(default_factory=dict, description="the documents, by key")
    not_modeled: list[Text] = Field(
        default_factory=list, description="sentences on what the venue does and this rulebook does not"
    )
