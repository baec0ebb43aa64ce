"""What a rulebook file may say: the rules and their values, as engine/rules.py declares them, and the file
around them.

Public: RuleValues, RuleEntry, SilentEntry, VectorNotes, Head, CommissionByMode, by_mode, section_of,
is_by_contract.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from adlcalc.engine.contract import BankruptcyPrice, Commission, LiquidationPrice
from adlcalc.engine.declared import Declared, Takes
from adlcalc.engine.formulas.policies import POLICIES
from adlcalc.engine.formulas.scores import SCORES
from adlcalc.engine.model import RateOf, Rounding
from adlcalc.engine.rules import LAST_RESORTS, Measured, in_papers
from adlcalc.ground.numbers import show
from adlcalc.source.fields import (
    Count,
    Flag,
    Fraction,
    FractionBelowOne,
    NotNegative,
    Positive,
    Rate,
    Step,
    Text,
    by_shape,
)
from adlcalc.source.keys import (
    REQUIRED,
    InJsonSchema,
    Key,
    Reads,
    Strict,
    Tag,
    Then,
    key,
    keys_of,
    made,
    wrong,
)
from adlcalc.source.problems import kind_of, near_and_all, nearest, quote
from adlcalc.venues.expression import NAMES, ExpressionError, score_of
from adlcalc.venues.maintenance import MaintenanceRule
from adlcalc.venues.parts import SECTIONS, Leaf, default_of, leaves_of, where_words

LEAST_PORTION, GREATEST_EXPONENT = Decimal("0.001"), 32


def _portion(number: Decimal) -> Decimal:
    if number < LEAST_PORTION:
        raise wrong(f"must be at least {LEAST_PORTION}, not {show(number)}")
    return number


def _exponent(number: int) -> int:
    if number > GREATEST_EXPONENT:
        raise wrong(f"must be a whole number from 1 to {GREATEST_EXPONENT}, not {number}")
    return number


Portion = Annotated[
    Fraction, Then(_portion), InJsonSchema(type=["number", "string"], minimum=0.001, maximum=1)
]
Exponent = Annotated[
    Count, Then(_exponent), InJsonSchema(type=["integer", "string"], minimum=1, maximum=GREATEST_EXPONENT)
]


def _score(value: Any) -> str:
    """The name of a score, or an expression that can be read; a single word is taken for a name."""
    if not isinstance(value, str):
        raise wrong(f"must be the name of a score or an expression, not {kind_of(value)}")
    try:
        score_of(value)
    except ExpressionError as error:
        if re.fullmatch(r"[\w-]*", value):
            hint = near_and_all(
                value, SCORES if not nearest(value, NAMES) else dict.fromkeys((*SCORES, *NAMES))
            )
            raise wrong(f"must be the name of a score or an expression, not {kind_of(value)}", hint) from None
        start = error.column - 1
        near = None if error.hint else nearest(value[start : start + error.length], NAMES)
        hint = f"did you mean {quote(near)}?" if near else error.hint
        raise wrong(error.message, hint, part=(start, error.length)) from None
    return value


_NAME_OR_EXPRESSION = {
    "anyOf": [{"enum": list(SCORES)}, {"description": f"over {', '.join(NAMES)}", "type": "string"}]
}
Score = Annotated[str, Reads(_score), InJsonSchema(**_NAME_OR_EXPRESSION)]


def _policy(value: Any) -> str:
    """A policy closes positions; one that cuts profits belongs to the last resort."""
    return _named(
        value, tuple(POLICIES), tuple(LAST_RESORTS), "a policy", "it cuts profits: last_resort {policy: ...}"
    )


def _last_resort(value: Any) -> str:
    return _named(
        value, tuple(LAST_RESORTS), tuple(POLICIES), "a last resort", "it closes positions: adl {policy: ...}"
    )


def _named(value: Any, names: tuple[str, ...], others: tuple[str, ...], what: str, if_other: str) -> str:
    if not isinstance(value, str) or value not in names:
        if ours := in_papers(value):
            hint = f"it is {quote(ours)} here" + (f", and {if_other}" if ours in others else "")
        else:
            hint = if_other if value in others else near_and_all(str(value), names)
        raise wrong(f"must be the name of {what}, not {kind_of(value)}", hint)
    return value


Policy = Annotated[str, Reads(_policy), InJsonSchema(enum=list(POLICIES))]
LastResort = Annotated[str, Reads(_last_resort), InJsonSchema(enum=list(LAST_RESORTS))]


if TYPE_CHECKING:
    RateOfWord: TypeAlias = str
    RoundingWord: TypeAlias = str
    BankruptcyWord: TypeAlias = str
    MeasuredWord: TypeAlias = str
    LiquidationWord: TypeAlias = str
    CommissionWord: TypeAlias = str
    CrossWord: TypeAlias = str
else:
    RateOfWord, RoundingWord = Literal[tuple(map(str, RateOf))], Literal[tuple(map(str, Rounding))]
    BankruptcyWord = Literal[tuple(map(str, BankruptcyPrice))]
    MeasuredWord = Literal[tuple(map(str, Measured))]
    LiquidationWord = Literal[tuple(map(str, LiquidationPrice))]
    CommissionWord = Literal[tuple(map(str, Commission))]
    CrossWord = Literal[str(Commission.NONE), str(Commission.MAINTENANCE)]


class CommissionByMode(Strict):
    """Which margin holds the fee of closing, where the margin modes differ."""

    isolated: CommissionWord = key(description="by margin mode: that of an isolated position")
    cross: CrossWord = key(
        description="by margin mode: that of a cross account, which has no margin of a position"
    )


def by_mode(rule: str | CommissionByMode) -> tuple[Commission, Commission]:
    """Which margin holds the fee of closing: of an isolated position, of a cross account."""
    if isinstance(rule, CommissionByMode):
        return Commission(rule.isolated), Commission(rule.cross)
    return Commission(rule), Commission(rule)


def _commission_tag(value: Any) -> str | None:
    return "<word>" if isinstance(value, str) else "<by-mode>" if isinstance(value, dict) else None


CommissionRule = Annotated[
    Annotated[CommissionWord, Tag("<word>")] | Annotated[CommissionByMode, Tag("<by-mode>")],
    by_shape(_commission_tag, f"{', '.join(Commission)}, or {{isolated, cross}}"),
]


class _Maintenance(Strict):
    """The rules of a margin that become a market's, and so may differ by contract kind."""

    maintenance: MaintenanceRule = key(
        description="maintenance margin: a rate, tiers, risk steps, a slope or a power", by_contract=True
    )
    closing_fee: Fraction = key(
        description="rate added to the maintenance margin for the cost of closing", by_contract=True
    )
    maintenance_on: RateOfWord = key(
        "mark",
        description="mark: maintenance margin moves with the mark; entry: it stays the part of the entry "
        "value that it was",
        by_contract=True,
    )
    commission: CommissionRule = key(
        "maintenance",
        description="which margin holds the fee of closing, the rate closing_fee; by margin mode, {isolated, "
        "cross}, where the "
        "two differ",
        by_contract=True,
    )


class DrawdownRule(Strict):
    """When a fund stops paying although it is not empty."""

    start: Fraction = key(description="it stops this share of its peak below the peak: 0.3 is 30 % below")
    stop: Fraction = key(
        description="having stopped, it pays again when it is less than this share below the peak; less than start"
    )
    window_hours: Positive | None = key(
        None, description="the peak is that of the last so many hours; of the whole run if left out"
    )
    at_least: NotNegative = key(Decimal(0), description="the fall is at least this much money")
    above: NotNegative = key(
        Decimal(0), description="it does not stop at this balance or below, but pays to its floor"
    )
    measure: MeasuredWord = key(
        "fund",
        description="fund: the worth of the fund falls; contract-pnl: what a contract has brought it does, "
        "for which it stops",
    )


def _drawdown_tag(value: Any) -> str | None:
    return "<none>" if value == "none" else "<drawdown>" if isinstance(value, dict) else None


NoneSaid = Annotated[None, Reads(lambda _none: None), InJsonSchema(enum=["none"])]
OptionalDrawdown = Annotated[
    Annotated[NoneSaid, Tag("<none>")] | Annotated[DrawdownRule, Tag("<drawdown>")],
    by_shape(_drawdown_tag, "none or {start, stop}"),
]


RANGES: Mapping[Takes, Any] = {
    Takes.FRACTION: Fraction,
    Takes.FRACTION_BELOW_ONE: FractionBelowOne,
    Takes.RATE: Rate,
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


def _or_none(found: Any, takes: Takes) -> Any:
    """A number, or the word none, which is what such a rule is where a rulebook says nothing."""
    return Annotated[
        Annotated[found, Tag("<number>")] | Annotated[NoneSaid, Tag("<none>")],
        by_shape(lambda value: "<none>" if value == "none" else "<number>", f"{takes.value}, or none"),
    ]


def _taken(rule: Declared, default: Any) -> Any:
    """The type that a rule's value is checked with."""
    if isinstance(rule.takes, Takes):
        found = RANGES[rule.takes]
        return _or_none(found, rule.takes) if default is None and rule.takes is not Takes.DRAWDOWN else found
    return OWN_CHECKS.get(id(rule.takes)) or Literal[tuple(map(str, rule.takes))]


def _described(places: list[Leaf]) -> str:
    """What a rule means, with the rules under which it plays a part before it."""
    told: dict[str, list[Leaf]] = {}
    for leaf in places:
        told.setdefault(leaf.rule.meaning, []).append(leaf)
    wheres = {meaning: where_words(leaf.where for leaf in leaves) for meaning, leaves in told.items()}
    return "; ".join(f"{where}: {meaning}" if where else meaning for meaning, where in wheres.items())


def _section(name: str, base: type[Strict] = Strict) -> type[Strict]:
    """The declaration of a section as a file has it, from the engine's declaration of its rules."""
    kind = SECTIONS[name]
    places: dict[str, list[Leaf]] = {}
    for leaf in leaves_of(kind):
        places.setdefault(leaf.name, []).append(leaf)
    declared: dict[str, Key] = {}
    for rule, leaves in places.items():
        first = leaves[0]
        default = REQUIRED if first.rule.required else default_of(first)
        declared[rule] = Key(default, _described(leaves), takes=_taken(first.rule, first.default))
    section: type[Strict] = made(kind.__name__, kind.__doc__ or "", declared, base)
    return section


class ContractRules(Strict):
    """How are a fill's value, a bankruptcy price and a liquidation price rounded?"""

    rounding: RoundingWord = key(
        description="total: a fill's value is rounded once; per-contract: the value of one contract is "
        "rounded, then multiplied",
        by_contract=True,
    )
    bankruptcy_fee: FractionBelowOne = key(
        Decimal(0),
        description="the rate of a closing fee that is inside the bankruptcy price, and is taken with the "
        "position",
        by_contract=True,
    )
    bankruptcy_price: BankruptcyWord = key(
        "against-account", description="how a bankruptcy price is rounded to the tick", by_contract=True
    )
    liquidation_price: LiquidationWord = key(
        "against-account",
        description="how a liquidation price is rounded to the tick where it is told",
        by_contract=True,
    )


def _all_sections() -> Iterator[tuple[str, Key]]:
    """The sections in the order in which a rulebook states them; one that need not be said is what its
    defaults make it."""
    for name in SECTIONS:
        section = _section(name, _Maintenance if name == "margin" else Strict)
        needed = any(one.required for one in keys_of(section).values())
        yield name, Key(REQUIRED, section.__doc__ or "", make=None if needed else section, takes=section)
    yield "contract", Key(REQUIRED, ContractRules.__doc__ or "", takes=ContractRules)


if TYPE_CHECKING:

    class RuleValues(Strict):
        """What is known of a venue's rules by name elsewhere; the engine's sections are declared there."""

        margin: _Maintenance
        contract: ContractRules

else:
    RuleValues = made("RuleValues", "All rules of a venue for one contract kind.", dict(_all_sections()))


def section_of(name: str) -> type[Strict]:
    """The declaration of a section's rules."""
    section: type[Strict] = keys_of(RuleValues)[name].takes
    return section


def is_by_contract(section: str, rule: str) -> bool:
    """May this rule be written {linear: ..., inverse: ...}?"""
    known = keys_of(section_of(section)).get(rule) if section in keys_of(RuleValues) else None
    return known is not None and known.by_contract


# --- the file around the rules ------------------------------------------------------------------------------


class RuleEntry(Strict):
    """One rule as a rulebook states it."""

    value: Any = key(description="what the rule is set to")
    source: Text | None = key(
        None,
        description="key of the document in 'sources' that says so; of an assumed rule, the one that was "
        "read "
        "for it",
    )
    status: Literal["documented", "observed", "assumed"] = key(
        description="documented by the venue, observed in its data, or assumed because the venue is silent"
    )
    note: Text | None = key(None, description="a sentence for the reader; an assumed rule must have one")
    alternatives: Any = key(
        None,
        description="of an assumed rule: what else it could be, a list of values, or {from, to} for a "
        "number; "
        "a value that needs other rules: {value, with: {rule: value}}",
    )


class SilentEntry(Strict):
    """One rule on which the venue's documents say nothing: the convention of adlcalc holds
    (conventions.yaml)."""

    silent: Text = key(description="key of the document in 'sources' that was read for it")


class SourceNote(Strict):
    """A document that rules are taken from."""

    title: Text = key(description="title of the page or paper")
    url: Text | None = key(None, description="its address")
    seen: Text = key(description="the day it was read")


class VectorNotes(Strict):
    """Which numbers printed by the venue, or derived from its rules (ids that begin with DV-), the rulebook
    reproduces."""

    met: list[Text] = key(
        make=list, description="ids of the vectors that the test cases hold the rulebook to"
    )
    not_met: dict[str, Text] = key(make=dict, description="id of a vector that cannot be met -> the reason")
    none: Text | None = key(None, description="why the rulebook meets no printed number, where it meets none")


class Head(Strict):
    """What a rulebook says about itself."""

    venue: Text = key(description="the name of the rulebook")
    title: Text = key(description="what it models, in a line")
    as_of: Text = key(
        description="the date of the rules (2025-08), or when they held (2018 to 2020, before 2025-09)"
    )
    editions: list[Text] = key(
        make=list, description="older rulebooks of the same venue, by name or beside it: --as-of finds them"
    )
    timeless: Flag = key(False, description="true: a yardstick and no venue's rules, which fits any date")
    extends: Text | None = key(
        None, description="another rulebook, whose rules hold where this one gives none"
    )
    tables: Text | None = key(
        None, description="a file beside it with the maintenance tables of its contracts, by symbol"
    )
    sources: dict[str, SourceNote] = key(make=dict, description="the documents, by key")
    not_modeled: list[Text] = key(
        make=list, description="sentences on what the venue does and this rulebook does not"
    )
    vectors: VectorNotes = key(make=VectorNotes, description="the venue's own numbers, met and not met")
