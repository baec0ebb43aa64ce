"""What each rulebook models, in words that fit a table, and how well it is known.

Public: Coverage, Parameter, coverage_of, parameters_of, defaults_of, InForce, in_force, rule_differences,
tables_of, users_of_score, open_rulebook."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from adlcalc.engine.declared import name_in
from adlcalc.engine.formulas.policies import POLICIES, TopNProRata, queue
from adlcalc.engine.formulas.prices import FILLS, Mix, Price, Spread
from adlcalc.engine.formulas.scores import SCORES
from adlcalc.engine.rules import (
    BACKSTOPS,
    LAST_RESORTS,
    REDUCTIONS,
    AdlRules,
    AdlWhen,
    Auction,
    Deficit,
    FundRules,
    Measured,
    OwnName,
    Portion,
    Providers,
    Shares,
    Takeover,
)
from adlcalc.ground.numbers import D, divide, round_to, show
from adlcalc.source.keys import keys_of
from adlcalc.source.nodes import List, Map, Node, Place, Scalar, Source
from adlcalc.source.problems import Problems
from adlcalc.venues.maintenance import MaintenanceValue, NamedTable, PowerRate, RiskSteps, Slope
from adlcalc.venues.named_tables import Table
from adlcalc.venues.rulebook import Rulebook, load_rulebook, stated
from adlcalc.venues.schema import RuleValues, SourceNote
from adlcalc.venues.stated import KINDS
from adlcalc.venues.validation import validated

NONE, HOUR = "none", D(3600)
REDUCED = {"none": NONE, "lower-tier": "to lower tier"}
"""Words for a reduction where its name is not what a table would say."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """One line of the coverage table: how each stage of the waterfall is modeled, vectors, and rules by
    status."""

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
    tested: int


@dataclass(frozen=True, slots=True)
class Parameter:
    """One rule as the rulebook states it. value: lines of text, as written. document: the source it names.
    taken: the rulebook that it is taken over from, where that is another venue's."""

    name: str
    value: tuple[str, ...]
    status: str
    source: str | None
    document: SourceNote | None
    note: str
    taken: str = ""


def open_rulebook(name: str) -> Rulebook:
    """A shipped rulebook by name, or one's own by path; ScenarioErrors with everything that is wrong with
    it."""
    problems = Problems()
    found = load_rulebook(name, problems, where=Place(Source(name, "", excerpt=False), 1, 1))
    problems.raise_if_any()
    assert found is not None
    return found


def coverage_of(book: Rulebook) -> Coverage:
    """The line of a rulebook. What linear and inverse contracts differ in is told as 'linear / inverse'."""
    rules, backstop = book.made, book.made.backstop.kind
    statuses = Counter(rule.status for rule in stated(book))
    return Coverage(
        venue=book.venue,
        title=book.title,
        as_of=book.as_of,
        margin=" / ".join(
            dict.fromkeys(margin_words(book.values[kind].margin.maintenance) for kind in KINDS)
        ),
        partial_liquidation=liquidation_words(rules.liquidation.method),
        fund_trigger=fund_words(rules.fund),
        backstop=name_in(BACKSTOPS, backstop)
        + (f", {_spaced(backstop.when)}" if isinstance(backstop, Providers | Auction) else ""),
        adl_when=_spaced(rules.adl.when),
        score=score_words(rules.adl),
        price=price_words(rules.adl.price) if rules.adl.when != AdlWhen.NEVER else NONE,
        last_resort=_spaced(name_in(LAST_RESORTS, rules.last_resort.policy)),
        vectors_met=len(book.vectors.met),
        vectors_not_met=len(book.vectors.not_met),
        documented=statuses["documented"],
        observed=statuses["observed"],
        assumed=statuses["assumed"],
        tested=sum(one.status == "documented" and bool(one.vectors) for one in validated(book)),
    )


# --- words --------------------------------------------------------------------------------------------------


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
    if isinstance(rule, Slope | PowerRate):
        return "slope" if isinstance(rule, Slope) else "power"
    return f"{len(rule.tiers)} tiers" if len(rule.tiers) > 1 else percent(rule.tiers[0].rate)


def liquidation_words(method: Takeover | OwnName) -> str:
    """What is closed before all of it is."""
    if isinstance(method, Takeover):
        name = name_in(REDUCTIONS, method.reduce)
        return REDUCED.get(name, _spaced(name))
    size = method.size
    if isinstance(size, Portion) and size.portion < 1:
        return f"{percent(size.portion)} orders"
    if isinstance(size, Shares):
        return f"{percent(size.portion)} shares"
    return "what is missing" if isinstance(size, Deficit) else "orders in the book"


def fund_words(rules: FundRules) -> str:
    """When the fund stops paying."""
    drawdown = rules.drawdown
    if rules.negative:
        return "pays below zero"
    if drawdown is None:
        return "empty"
    if drawdown.measure == Measured.CONTRACT_PNL:
        return f"{percent(drawdown.start)} of it by a contract"
    peak = "its peak" if drawdown.window is None else f"{show(divide(D(drawdown.window), HOUR))} h peak"
    return f"{percent(drawdown.start)} under {peak}"


def score_words(rules: AdlRules) -> str:
    """Who is first: the score, or the policy where that is not a queue by score."""
    if rules.when == AdlWhen.NEVER:
        return NONE
    if rules.policy is queue:
        return rules.score.name if rules.score.name in SCORES else "own formula"
    if isinstance(rules.policy, TopNProRata):
        return f"top {rules.policy.top} pro rata"
    return _spaced(name_in(POLICIES, rules.policy))


def price_words(price: Price) -> str:
    """The price of a fill."""
    if isinstance(price, Mix):
        return f"{percent(round_to(price.price_weight, D('0.001')))} bankruptcy"
    return (
        f"mark and {percent(price.price_weight)}"
        if isinstance(price, Spread)
        else _spaced(name_in(FILLS, price))
    )


def _spaced(name: str) -> str:
    """A name as words."""
    return name.replace("-", " ")


# --- parameters ---------------------------------------------------------------------------------------------


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
            book.taken_from(rule),
        )
        for rule in stated(book)
    ]


def defaults_of(book: Rulebook) -> Iterator[tuple[str, str]]:
    """The rules that nothing is said about and that play a part, and what they are then: (name, value)."""
    values = book.values[KINDS[0]]
    for section in keys_of(RuleValues):
        rules = getattr(values, section)
        for rule in keys_of(type(rules)):
            if f"{section}.{rule}" not in book.rules[KINDS[0]] and f"{section}.{rule}" in book.used:
                value = getattr(rules, rule)
                yield f"{section}.{rule}", show(value) if isinstance(value, Decimal) else str(value).lower()


class InForce(NamedTuple):
    """A rule with its value on one line; status: 'default' where the rulebook does not say it."""

    name: str
    value: str
    status: str


def in_force(book: Rulebook) -> Iterator[InForce]:
    """Every rule that plays a part, stated or not."""
    for rule in stated(book):
        yield InForce(rule.name, "; ".join(line.strip() for line in lines_of(rule.node)), rule.status)
    for name, value in defaults_of(book):
        yield InForce(name, value, "default")


def rule_differences(one: Rulebook, other: Rulebook) -> Iterator[str]:
    """What a rulebook says otherwise than another: 'adl.score: okx-old (documented) → okx (documented)'."""
    before, after = ({rule.name: rule for rule in in_force(book)} for book in (one, other))
    for name in dict.fromkeys((*before, *after)):
        old, new = before.get(name), after.get(name)
        if (old and old.value) != (new and new.value):
            yield f"{name}: {_said(old)} → {_said(new)}"


def _said(rule: InForce | None) -> str:
    return "not stated" if rule is None else f"{rule.value} ({rule.status})"


def tables_of(book: Rulebook) -> list[Table]:
    """The maintenance tables that a market may name."""
    problems = Problems()
    tables = list(book.tables.all(problems).values()) if book.tables else []
    problems.raise_if_any()
    return tables


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
    return [
        book.venue
        for book in books
        if book.made.adl.score.name == name and book.made.adl.when != AdlWhen.NEVER
    ]
