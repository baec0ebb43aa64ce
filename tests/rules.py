"""Random rules for random books: every rule that the engine declares, in combinations that a rulebook may
have.

Public: random_rules, random_providers, with_rules, under_venue.
"""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any

from books import d

from adlcalc.engine.declared import Takes
from adlcalc.engine.model import Maintenance, Market, Provider, Rounding, Scenario, Tier
from adlcalc.engine.rules import Rules
from adlcalc.source import Problems
from adlcalc.source.nodes import Place, Source
from adlcalc.venues.combinations import combination_faults
from adlcalc.venues.parts import SECTIONS, Leaf, default_of, leaves_of, put_together
from adlcalc.venues.rulebook import Rulebook, load_rulebook

NUMBERS: dict[Takes, tuple[Any, ...]] = {
    Takes.FRACTION: ("0.02", "0.2", "0.5", "1"),
    Takes.FRACTION_BELOW_ONE: ("0", "0.02", "0.5"),
    Takes.NOT_NEGATIVE: ("0", "0.01", "0.1", "1", "10", "300"),
    Takes.POSITIVE: ("5", "500"),
    Takes.PORTION: ("0.02", "0.2", "0.5", "1"),
    Takes.RATE: ("0.0005", "0.01", "-0.0002"),
}
USUAL = 0.5
"""How often a rule is left at its default, so that the waterfall is often walked to its end."""


def random_rules(rng: random.Random) -> Rules:
    """One combination."""
    while True:
        rules = Rules(**{name: _section(rng, kind) for name, kind in SECTIONS.items()})
        if not list(combination_faults(rules)):
            return rules


def _section(rng: random.Random, kind: type) -> Any:
    values = {leaf.name: _value(rng, leaf) for leaf in leaves_of(kind)}
    return put_together(kind, values.__getitem__).made


def _value(rng: random.Random, leaf: Leaf) -> Any:
    """A value that a rulebook might give."""
    if rng.random() < USUAL:
        return default_of(leaf)
    takes = leaf.rule.takes
    if not isinstance(takes, Takes):
        return rng.choice([str(name) for name in takes])
    if takes is Takes.FLAG:
        return rng.random() < 0.5
    if takes is Takes.DRAWDOWN:
        return SimpleNamespace(
            start=d("0.3"),
            stop=d("0.25"),
            window_hours=None,
            at_least=d(0),
            above=d(0),
            measure=rng.choice(["fund", "contract-pnl"]),
        )
    if takes in (Takes.COUNT, Takes.STEP, Takes.EXPONENT):
        return rng.randint(1, 5)
    return d(rng.choice(NUMBERS[takes]))


def random_providers(rng: random.Random, scenario: Scenario) -> tuple[Provider, ...]:
    """Some that stand behind the book."""
    return tuple(
        Provider(
            f"p{i}",
            rng.choice(scenario.markets).name,
            d(rng.choice([1, 2, 5, "0.5"])),
            d(rng.choice([0, 1, 3])),
        )
        for i in range(rng.randint(0, 3))
    )


def with_rules(scenario: Scenario, seed: int) -> Scenario:
    """The book under random rules."""
    rng = random.Random(f"rules {seed}")
    return replace(scenario, rules=random_rules(rng), providers=random_providers(rng, scenario))


@cache
def rulebook(venue: str) -> Rulebook:
    """A rulebook that comes with adlcalc."""
    problems = Problems()
    found = load_rulebook(venue, problems, where=Place(Source("test", "", excerpt=False)))
    problems.raise_if_any()
    assert found is not None
    return found


def under_venue(scenario: Scenario, venue: str, rng: random.Random) -> Scenario:
    """The book under the rules of a venue: its rounding, its margin (for sizes of any magnitude) or one of up
    to 130 %."""
    book = rulebook(venue)

    def market(one: Market) -> Market:
        kind, rule = one.contract.kind, one.maintenance
        how = rng.choice(["venue", "venue", "venue", "steep", "own"])
        if how == "venue":
            rule = book.maintenance(kind, money_unit=scenario.money_unit, lot=one.lot)
        elif how == "steep":
            rates = sorted(rng.sample(["0.2", "0.5", "0.9", "0.99", "1", "1.01", "1.3"], 2))
            bound, low, high = d(rng.choice([100, 300])), d(rates[0]), d(rates[1])
            rule = rng.choice(
                [
                    Maintenance((Tier(d(0), high),)),
                    Maintenance((Tier(d(0), low), Tier(bound, high, bound * (high - low)))),
                ]
            )
        contract = replace(one.contract, rounding=Rounding(book.values[kind].contract.rounding))
        return replace(one, maintenance=rule, contract=contract)

    kinds = sorted({one.contract.kind for one in scenario.markets}) or ["linear"]
    scale = d(rng.choice([1, 1, 10, 1000, 100_000, 10_000_000]))
    accounts = tuple(
        replace(
            a,
            balance=a.balance * scale,
            positions=tuple(
                replace(
                    p, size=p.size * scale, collateral=None if p.collateral is None else p.collateral * scale
                )
                for p in a.positions
            ),
        )
        for a in scenario.accounts
    )
    return replace(
        scenario,
        venue=venue,
        accounts=accounts,
        markets=tuple(map(market, scenario.markets)),
        rules=book.engine_rules(kinds, kinds),
        providers=random_providers(rng, scenario),
    )
