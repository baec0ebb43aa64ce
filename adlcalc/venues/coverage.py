"""What each rulebook models, in words that fit a table, and how well it is known.

Public: Coverage, Parameter, coverage_of, parameters_of, defaults_of, tables_of, users_of_score, open_rulebook.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from adlcalc.engine.numbers import D, round_to, show
from adlcalc.engine.scores import SCORES
from adlcalc.source.fields import Strict
from adlcalc.source.nodes import List, Map, Node, Place, Scalar, Source
from adlcalc.source.problems import Problems
from adlcalc.venues.maintenance import MaintenanceValue, NamedTable, RiskSteps, Slope
from adlcalc.venues.named_tables import Table
from adlcalc.venues.rulebook import KINDS, Rule, Rulebook, load_rulebook
from adlcalc.venues.schema import LiquidationRules, RuleValues, SourceNote

NONE = "none"
METHODS_AND_KINDS = ("takeover", "market", "providers", "auction", "vault")
REDUCTIONS = {"none": NONE, "lower-tier": "to lower tier", "tier-by-tier": "tier by tier", "two-tiers": "two tiers"}


@dataclass(frozen=True, slots=True)
class Coverage:
    """One line of the coverage table: how each stage of the waterfall is modeled, vectors, and rules by status."""

    venue: str
    title: str
    as_of: str
    margin: str
    partial_liquidation: str
    fund_trigger: str
    backstop: str
    adl_when: str
    score: str
    price: str
    last_resort: str
    vectors_met: int
    vectors_not_met: int
    documented: int
    observed: int
    assumed: int


@dataclass(frozen=True, slots=True)
class Parameter:
    """One rule as the rulebook states it. value: lines of text, as written. document: the source it names."""

    name: str
    value: tuple[str, ...]
    status: str
    source: str | None
    document: SourceNote | None
    note: str


def open_rulebook(name: str) -> Rulebook:
    """A shipped rulebook by name, or one's own by path; ScenarioErrors with everything that is wrong with it."""
    problems = Problems()
    found = load_rulebook(name, problems, where=Place(Source(name, "", excerpt=False), 1, 1))
    problems.raise_if_any()
    assert found is not None
    return found


def coverage_of(book: Rulebook) -> Coverage:
    """The line of a rulebook. What linear and inverse contracts differ in is told as 'linear / inverse'."""
    values = book.values[KINDS[0]]
    statuses = Counter(rule.status for rule in stated(book))
    return Coverage(
        venue=book.venue,
        title=book.title,
        as_of=book.as_of,
        margin=" / ".join(dict.fromkeys(margin_words(book.values[kind].margin.maintenance) for kind in KINDS)),
        partial_liquidation=liquidation_words(values.liquidation),
        fund_trigger=fund_words(values),
        backstop=NONE if values.backstop.kind == "none" else f"{values.backstop.kind}{_when(values)}",
        adl_when=values.adl.when.replace("-", " "),
        score=score_words(values),
        price=price_words(values.adl.price, values.adl.price_weight) if values.adl.when != "never" else NONE,
        last_resort=values.last_resort.policy.replace("-", " "),
        vectors_met=len(book.vectors.met),
        vectors_not_met=len(book.vectors.not_met),
        documented=statuses["documented"],
        observed=statuses["observed"],
        assumed=statuses["assumed"],
    )


# --- words ---------------------------------------------------------------------------------------------------------------


def percent(rate: Decimal) -> str:
    """A fraction as a person reads it, to a thousandth of a percent: 0.005 is '0.5 %'."""
    return f"{show(round_to(rate * 100, D('0.001')))} %"


def margin_words(rule: MaintenanceValue | NamedTable) -> str:
    """The kind of a maintenance margin."""
    assert not isinstance(rule, NamedTable), "the load puts the table in the place of its name"
    if isinstance(rule, Decimal):
        return percent(rule)
    if isinstance(rule, RiskSteps):
        return "risk steps"
    if isinstance(rule, Slope):
        return "slope"
    return f"{len(rule.tiers)} tiers" if len(rule.tiers) > 1 else percent(rule.tiers[0].rate)


def liquidation_words(rules: LiquidationRules) -> str:
    """What is closed before all of it is."""
    if rules.method == "takeover":
        return REDUCTIONS[rules.reduce]
    if rules.size == "portion" and rules.portion < 1:
        return f"{percent(rules.portion)} orders"
    if rules.size == "shares":
        return f"{percent(rules.portion)} shares"
    return "what is missing" if rules.size == "deficit" else "orders in the book"


def fund_words(values: RuleValues) -> str:
    """When the fund stops paying."""
    drawdown = values.fund.drawdown
    if values.fund.negative:
        return "pays below zero"
    if drawdown is None:
        return "empty"
    peak = "its peak" if drawdown.window_hours is None else f"{show(drawdown.window_hours)} h peak"
    return f"{percent(drawdown.start)} under {peak}"


def score_words(values: RuleValues) -> str:
    """Who is first: the score, or the policy where that is not a queue by score."""
    if values.adl.when == "never":
        return NONE
    if values.adl.policy == "queue":
        return values.adl.score if values.adl.score in SCORES else "own formula"
    if values.adl.policy == "top-n-pro-rata":
        return f"top {values.adl.top} pro rata"
    return values.adl.policy.replace("-", " ")


def price_words(price: str, weight: Decimal) -> str:
    """The price of a fill."""
    if price == "mix":
        return f"{percent(round_to(weight, D('0.001')))} bankruptcy"
    return f"mark and {percent(weight)}" if price == "spread" else price.replace("-", " ")


def _when(values: RuleValues) -> str:
    return "" if values.backstop.kind == "vault" else f", {values.backstop.when.replace('-', ' ')}"


# --- parameters ------------------------------------------------------------------------------------------------------------


def stated(book: Rulebook) -> list[Rule]:
    """Every rule that the rulebook (or one it extends) states, once, section by section."""
    found: dict[str, Rule] = {}
    for section in RuleValues.model_fields:
        for name in {**book.rules[KINDS[0]], **book.rules[KINDS[1]]}:
            if name.startswith(f"{section}."):
                for kind in KINDS:
                    rule = book.rules[kind].get(name)
                    if rule is not None:
                        found.setdefault(rule.name, rule)
    return list(found.values())


def parameters_of(book: Rulebook) -> list[Parameter]:
    """The stated rules, with the documents they come from."""
    return [
        Parameter(
            rule.name,
            tuple(lines_of(rule.node)),
            rule.status,
            rule.source,
            book.sources[rule.source] if rule.source is not None else None,
            rule.note,
        )
        for rule in stated(book)
    ]


def defaults_of(book: Rulebook) -> Iterator[tuple[str, str]]:
    """The rules that nothing is said about and that play a part, and what they are then: (name, value)."""
    values = book.values[KINDS[0]]
    for section in RuleValues.model_fields:
        rules = getattr(values, section)
        for rule, field in type(rules).model_fields.items():
            if f"{section}.{rule}" not in book.rules[KINDS[0]] and plays_a_part(rules, field.description or ""):
                value = getattr(rules, rule)
                yield f"{section}.{rule}", show(value) if isinstance(value, Decimal) else str(value).lower()


def tables_of(book: Rulebook) -> list[Table]:
    """The maintenance tables that a market may name."""
    problems = Problems()
    tables = list(book.tables.all(problems).values()) if book.tables else []
    problems.raise_if_any()
    return tables


def plays_a_part(rules: Strict, description: str) -> bool:
    """Is a rule looked at, by the conditions that its description begins with: 'market, size portion: ...'?

    A bare word is a method or kind of its section (one of several); 'size portion' is another rule of it and its value.
    """
    conditions = description.partition(": ")[0].split(", ")
    chosen = getattr(rules, "method", getattr(rules, "kind", None))
    if any(word in METHODS_AND_KINDS for word in conditions) and chosen not in conditions:
        return False
    pairs = (condition.partition(" ") for condition in conditions)
    return all(str(getattr(rules, rule, value)) == value for rule, _, value in pairs if value)


def lines_of(node: Node) -> Iterator[str]:
    """A value as it was written, a line for each item of a list."""
    if isinstance(node, Map):
        plain = [f"{key}: {inner.text}" for key, inner in node.items.items() if isinstance(inner, Scalar)]
        if plain:
            yield ", ".join(plain)
        for key, inner in node.items.items():
            if not isinstance(inner, Scalar):
                yield f"{key}:"
                yield from (f"  {line}" for line in lines_of(inner))
    elif isinstance(node, List):
        for inner in node.items:
            yield from lines_of(inner)
    elif isinstance(node, Scalar):
        yield node.text


def users_of_score(name: str, books: Sequence[Rulebook]) -> list[str]:
    """The rulebooks that rank by a score."""
    return [book.venue for book in books if book.values[KINDS[0]].adl.score == name and book.values[KINDS[0]].adl.when != "never"]
