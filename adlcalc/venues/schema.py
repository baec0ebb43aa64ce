"""What a rulebook file may say: the rules and their values, as engine/rules.py declares them, and the file around them.

Public: RuleValues, RuleEntry, VectorNotes, Head, BY_CONTRACT, STATUSES, is_by_contract.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, Field, PlainValidator, Tag, create_model

from adlcalc.engine.declared import Declared, Takes
from adlcalc.engine.model import RateOf, Rounding
from adlcalc.engine.queue.policies import POLICIES
from adlcalc.engine.queue.scores import SCORES
from adlcalc.engine.rules import LAST_RESORTS
from adlcalc.ground.numbers import show
from adlcalc.source.fields import (
    Count,
    Fraction,
    FractionBelowOne,
    InJsonSchema,
    NotNegative,
    Positive,
    Step,
    Strict,
    Text,
    by_shape,
    kind_of,
    wrong,
)
from adlcalc.source.problems import nearest, quote
from adlcalc.venues.expression import NAMES, ExpressionError, score_of
from adlcalc.venues.maintenance import MaintenanceRule
from adlcalc.venues.parts import SECTIONS, Leaf, default_of, leaves_of, where_words

BY_CONTRACT = {"by_contract": True}
"""Marks a rule that may differ by contract kind, written {linear: ..., inverse: ...}; the others hold for the whole venue."""


LEAST_PORTION, GREATEST_EXPONENT = Decimal("0.001"), 32


def _portion(number: Decimal) -> Decimal:
    if number < LEAST_PORTION:
        raise wrong(f"must be at least {LEAST_PORTION}, not {show(number)}")
    return number


def _exponent(number: int) -> int:
    if number > GREATEST_EXPONENT:
        raise wrong(f"must be a whole number from 1 to {GREATEST_EXPONENT}, not {number}")
    return number


Portion = Annotated[Fraction, AfterValidator(_portion), InJsonSchema(type=["number", "string"], minimum=0.001, maximum=1)]
Exponent = Annotated[
    Count, AfterValidator(_exponent), InJsonSchema(type=["integer", "string"], minimum=1, maximum=GREATEST_EXPONENT)
]


def _score(value: Any) -> str:
    """The name of a score, or an expression that can be read; a single word is taken for a name."""
    if not isinstance(value, str):
        raise wrong(f"must be the name of a score or an expression, not {kind_of(value)}")
    try:
        score_of(value)
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
Score = Annotated[str, PlainValidator(_score), InJsonSchema(**_NAME_OR_EXPRESSION)]


def _policy(value: Any) -> str:
    """A policy closes positions; one that cuts profits belongs to the last resort."""
    return _named(value, tuple(POLICIES), tuple(LAST_RESORTS), "a policy", "it cuts profits: last_resort {policy: ...}")


def _last_resort(value: Any) -> str:
    return _named(value, tuple(LAST_RESORTS), tuple(POLICIES), "a last resort", "it closes positions: adl {policy: ...}")


def _named(value: Any, names: tuple[str, ...], others: tuple[str, ...], what: str, if_other: str) -> str:
    if not isinstance(value, str) or value not in names:
        near = nearest(str(value), names)
        hint = if_other if value in others else f"did you mean {quote(near)}?" if near else f"known here: {', '.join(names)}"
        raise wrong(f"must be the name of {what}, not {kind_of(value)}", hint)
    return value


Policy = Annotated[str, PlainValidator(_policy), InJsonSchema(enum=list(POLICIES))]
LastResort = Annotated[str, PlainValidator(_last_resort), InJsonSchema(enum=list(LAST_RESORTS))]


if TYPE_CHECKING:
    RateOfWord: TypeAlias = str
    RoundingWord: TypeAlias = str
else:
    RateOfWord, RoundingWord = Literal[tuple(map(str, RateOf))], Literal[tuple(map(str, Rounding))]


class _Maintenance(Strict):
    """The rules of a margin that become a market's, and so may differ by contract kind."""

    maintenance: MaintenanceRule = Field(
        description="maintenance margin: a rate, tiers, risk steps or a slope", json_schema_extra=dict(BY_CONTRACT)
    )
    closing_fee: Fraction = Field(
        description="rate added to the maintenance margin for the cost of closing", json_schema_extra=dict(BY_CONTRACT)
    )
    maintenance_on: RateOfWord = Field(
        "mark",
        description="mark: maintenance margin moves with the mark; entry: it stays the part of the entry value that it was",
        json_schema_extra=dict(BY_CONTRACT),
    )


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise wrong(f"must be true or false, not {kind_of(value)}")
    return value


Flag = Annotated[bool, PlainValidator(_flag), InJsonSchema(type="boolean")]


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


NoDrawdown = Annotated[None, PlainValidator(lambda _none: None), InJsonSchema(enum=["none"])]
OptionalDrawdown = Annotated[
    Annotated[NoDrawdown, Tag("<none>")] | Annotated[DrawdownRule, Tag("<drawdown>")],
    by_shape(_drawdown_tag, "none or {start, stop}"),
]


RANGES: Mapping[Takes, Any] = {
    Takes.FRACTION: Fraction,
    Takes.FRACTION_BELOW_ONE: FractionBelowOne,
    Takes.NOT_NEGATIVE: NotNegative,
    Takes.POSITIVE: Positive,
    Takes.PORTION: Portion,
    Takes.COUNT: Count,
    Takes.EXPONENT: Exponent,
    Takes.STEP: Step,
    Takes.FLAG: Flag,
    Takes.DRAWDOWN: OptionalDrawdown,
}
OWN_CHECKS: Mapping[int, Any] = {id(SCORES): Score, id(POLICIES): Policy, id(LAST_RESORTS): LastResort}
"""Choices that say more of a wrong name than which names there are."""


def _taken(rule: Declared, default: Any) -> Any:
    """The type that a rule's value is checked with."""
    if isinstance(rule.takes, Takes):
        found = RANGES[rule.takes]
        return found | None if default is None and rule.takes is not Takes.DRAWDOWN else found
    return OWN_CHECKS.get(id(rule.takes)) or Literal[tuple(map(str, rule.takes))]


def _described(places: list[Leaf]) -> str:
    """What a rule means, with the rules under which it plays a part before it."""
    told: dict[str, list[Leaf]] = {}
    for leaf in places:
        told.setdefault(leaf.rule.meaning, []).append(leaf)
    wheres = {meaning: where_words(leaf.where for leaf in leaves) for meaning, leaves in told.items()}
    return "; ".join(f"{where}: {meaning}" if where else meaning for meaning, where in wheres.items())


def _section(name: str, base: type[Strict] = Strict) -> type[Strict]:
    """The model of a section, from the engine's declaration of its rules."""
    kind = SECTIONS[name]
    places: dict[str, list[Leaf]] = {}
    for leaf in leaves_of(kind):
        places.setdefault(leaf.name, []).append(leaf)
    declared: dict[str, Any] = {}
    for rule, leaves in places.items():
        first = leaves[0]
        default = ... if first.rule.required else default_of(first)
        made = Field(default, description=_described(leaves))
        declared[rule] = (_taken(first.rule, first.default), made)
    model: type[Strict] = create_model(kind.__name__, __base__=base, __doc__=kind.__doc__, **declared)
    return model


class ContractRules(Strict):
    """How is a fill's value rounded?"""

    rounding: RoundingWord = Field(
        description="total: a fill's value is rounded once; per-contract: the value of one contract is rounded, then multiplied",
        json_schema_extra=dict(BY_CONTRACT),
    )


def _all_sections() -> Iterator[tuple[str, Any]]:
    """The sections in the order in which a rulebook states them; one that need not be said is what its defaults make it."""
    for name in SECTIONS:
        model = _section(name, _Maintenance if name == "margin" else Strict)
        yield name, (model, ... if any(field.is_required() for field in model.model_fields.values()) else model())
    yield "contract", (ContractRules, ...)


if TYPE_CHECKING:

    class RuleValues(Strict):
        """What is known of a venue's rules by name elsewhere; the engine's sections are declared there."""

        margin: _Maintenance
        contract: ContractRules

else:
    RuleValues = create_model(
        "RuleValues", __base__=Strict, __doc__="All rules of a venue for one contract kind.", **dict(_all_sections())
    )


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
