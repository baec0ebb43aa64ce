"""Random rules for random books: every named rule of the engine, in combinations that a rulebook may have.

Public: random_rules, random_providers, with_rules, under_venue.
"""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal
from functools import cache

from books import d

from adlcalc.engine.haircuts import HAIRCUTS
from adlcalc.engine.model import (
    AdlRules,
    BackstopRules,
    Drawdown,
    FundRules,
    LastResortRules,
    LiquidationRules,
    Maintenance,
    MarginRules,
    Market,
    Provider,
    Rules,
    Scenario,
    Tier,
)
from adlcalc.engine.policies import POLICIES
from adlcalc.engine.scores import SCORES
from adlcalc.source import Problems
from adlcalc.source.nodes import Place, Source
from adlcalc.venues.rulebook import Rulebook, load_rulebook

PRICES = ("bankruptcy", "bankruptcy", "mark", "mark-then-bankruptcy", "previous-mark", "mix", "spread")


def random_rules(rng: random.Random) -> Rules:
    """One combination; half of them take over at the bankruptcy price, half sell in the account's own name."""
    takeover = rng.random() < 0.5
    return Rules(
        margin=MarginRules(due=rng.choice(["at-or-below", "below"])),
        liquidation=_takeover(rng) if takeover else _market(rng),
        fund=FundRules(
            negative=rng.random() < 0.1,
            drawdown=Drawdown(d("0.3"), d("0.25")) if rng.random() < 0.2 else None,
        ),
        backstop=BackstopRules(
            kind=rng.choice(["none", "none", "providers", "auction", "vault"]),
            when=rng.choice(["before-fund", "before-book"]),
            price=rng.choice(["bankruptcy", "mark"]),
            vault_below=d(rng.choice(["0.5", "1"])),
        ),
        adl=AdlRules(
            when=rng.choice(["after-fund", "after-fund", "before-book", "never"])
            if takeover
            else rng.choice(["remainder", "negative", "zero-fill", "settlement", "never"]),
            policy=rng.choice(["queue", "queue", *POLICIES]),
            seed=rng.randint(0, 5),
            top=rng.randint(1, 5),
            eligible=rng.choice(["winners", "winners", "all"]),
            score=rng.choice(["generic", *SCORES]),
            price=rng.choice(PRICES if takeover else (*PRICES, "mark-if-solvent")),
            price_weight=_weight(rng),
            would_bankrupt=rng.choice(["skip", "skip", "allow", "margin-check"]),
            rank=rng.choice(["once", "once", "each-claim"]),
        ),
        last_resort=LastResortRules(
            policy=rng.choice(["bad-debt", "bad-debt", "per-contract", *HAIRCUTS]),
            severity=d(rng.choice([1, 1, "0.5"])),
            base=rng.choice(["profit", "move"]),
            max_cut=d(rng.choice([1, "0.5"])),
        ),
    )


def _weight(rng: random.Random) -> Decimal:
    return d(rng.choice(["0.02", "0.5", "1"]))


def _takeover(rng: random.Random) -> LiquidationRules:
    return LiquidationRules(
        reduce=rng.choice(["none", "none", "lower-tier", "tier-by-tier", "two-tiers"]),
        surplus=rng.choice(["fund", "account"]),
    )


def _market(rng: random.Random) -> LiquidationRules:
    size = rng.choice(["whole", "portion", "deficit", "shares"])
    return LiquidationRules(
        method="market",
        size=size,
        portion=d("0.2") if size in ("portion", "shares") else d(1),
        portion_above=d(rng.choice([0, 300])),
        portion_at_least=d(rng.choice([0, 0, "0.1"])),
        max_notional=rng.choice([None, None, d(500)]),
        max_fund_paid=rng.choice([None, None, d(5)]),
        buffer=d(rng.choice([0, 0, 10])),
        rate_buffer=d(rng.choice([0, 0, "0.01"])),
        positions=rng.choice(["all", "all", "one"]),
        rounding=rng.choice(["price", "money"]),
        buyer="liquidator" if size != "shares" and rng.random() < 0.2 else "book",
        discount=d(rng.choice([0, "0.01"])),
        share=rng.choice(["maintenance", "all"]),
        then_whole=rng.random() < 0.3,
        limit=rng.choice(["none", "bankruptcy", "bankruptcy-or-mark", "fillable"]),
        spread=d(rng.choice(["0", "0.01"])),
        adjustment=d(1),
        fee=d(rng.choice(["0", "0", "0.005"])),
        fee_cap=rng.choice(["surplus", "equity", "remainder"]),
    )


def random_providers(rng: random.Random, scenario: Scenario) -> tuple[Provider, ...]:
    """Some that stand behind the book."""
    return tuple(
        Provider(f"p{i}", rng.choice(scenario.markets).name, d(rng.choice([1, 2, 5, "0.5"])), d(rng.choice([0, 1, 3])))
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
    """The book under the rules of a venue: its rounding, its margin (for sizes of any magnitude) or one of up to 130 %."""
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
                [Maintenance((Tier(d(0), high),)), Maintenance((Tier(d(0), low), Tier(bound, high, bound * (high - low))))]
            )
        contract = replace(one.contract, rounding=book.values[kind].contract.rounding)
        return replace(one, maintenance=rule, contract=contract)

    kinds = sorted({one.contract.kind for one in scenario.markets}) or ["linear"]
    scale = d(rng.choice([1, 1, 10, 1000, 100_000, 10_000_000]))
    accounts = tuple(
        replace(
            a,
            balance=a.balance * scale,
            positions=tuple(
                replace(p, size=p.size * scale, collateral=None if p.collateral is None else p.collateral * scale)
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
