"""The engine against the oracle on seeded random books, row by row; with and without the index, the same
events.

Without funding every row is compared to the last digit. Funding is accumulated and settled at moments that
the rules leave open, so there money may differ by a few units."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from books import in_cents, random_scenario
from oracle import UnspecifiedError, run_oracle

from adlcalc.engine.events import (
    AccountEnded,
    BadDebt,
    BookFilled,
    Deleveraged,
    Ended,
    Event,
    FundPaid,
    FundReceived,
    Held,
    Liquidated,
    Skipped,
    StepEnded,
)
from adlcalc.engine.formulas.policies import POLICIES
from adlcalc.engine.loop import run
from adlcalc.engine.model import Depth, Liquidity, Scenario, side_name

EXACT, CLOSE = Fraction(0), Fraction("0.000001")
CLAIM = ("step", "claim", "account", "market", "side", "size", "entry_price", "mark_price", "bankruptcy_price",
         "liquidation_price", "equity", "maintenance", "margin", "method")  # fmt: skip
FILL = ("step", "claim", "account", "market", "side", "rank", "score", "size_before", "size", "price", "realized_pnl",
        "forgone_pnl", "bankrupt")  # fmt: skip
SKIP = ("step", "claim", "account", "market", "side", "rank", "score", "size", "price", "equity_after")
HELD = ("step", "claim", "market", "side", "size", "bankruptcy_price", "unrealized_pnl")
BOOK = ("step", "claim", "size", "price", "result")
ACCOUNT = ("account", "status", "deleveraged", "balance", "equity_start", "equity_end", "positions")
POSITION = ("market", "side", "size", "entry_price", "cost", "collateral")


def events_of(scenario: Scenario, *, index: bool = True) -> list[Any]:
    """Every event of a run, and the accounts at its end."""
    events: list[Any] = list(run(scenario, index=index))
    assert isinstance(events[-1], Ended)
    return [event.state if isinstance(event, AccountEnded) else event for event in events[:-1]]


def row(keys: tuple[str, ...], event: Any) -> tuple[Any, ...]:
    fields = {**event._asdict()}
    if "side" in fields:
        fields["side"] = side_name(fields["side"])
    if "entry" in fields:
        fields["entry_price"] = fields["entry"]
    if "positions" in fields:
        fields["positions"] = [
            dict(zip(POSITION, row(POSITION, p), strict=True)) for p in fields["positions"]
        ]
    return tuple(fields[k] if k in fields else getattr(event, k) for k in keys)


def told_by_engine(events: list[Event]) -> dict[str, list[tuple[Any, ...]]]:
    tables: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    kinds = {Liquidated: ("liquidations", CLAIM), BookFilled: ("book", BOOK), Deleveraged: ("deleveraged", FILL),
             Skipped: ("skipped", SKIP), Held: ("held", HELD)}  # fmt: skip
    flow: dict[tuple[str, bool], Fraction] = defaultdict(Fraction)
    for e in events:
        if type(e) in kinds:
            name, keys = kinds[type(e)]
            tables[name].append(row(keys, e))
        elif isinstance(e, FundReceived | FundPaid):
            flow[e.fund, isinstance(e, FundReceived) == (e.amount > 0)] += abs(Fraction(e.amount))
        elif isinstance(e, BadDebt):
            tables["bad_debts"].append((e.step, e.claim, e.amount))
        elif isinstance(e, StepEnded):
            assert (e.money_difference, e.open_interest_difference) == (0, 0)
            tables["audit"].append((e.step, e.bad_debt))
            tables["fund"] += [(e.step, f, flow[f, True], flow[f, False], x) for f, x in e.funds]
            flow.clear()
        elif hasattr(e, "equity_end") and e.account not in ("venue", "rest of market"):
            tables["accounts"].append(row(ACCOUNT, e))
    return tables


def told_by_oracle(scenario: Scenario) -> dict[str, list[tuple[Any, ...]]]:
    result = run_oracle(scenario)
    keys = {"liquidations": CLAIM, "book": BOOK, "fund": ("step", "fund", "received", "paid", "closing"), "deleveraged": FILL,
            "skipped": SKIP, "bad_debts": ("step", "claim", "amount"), "held": HELD, "audit": ("step", "bad_debt"),
            "accounts": ACCOUNT}  # fmt: skip
    result["held"] = [*changed(result["held"], scenario.path.steps - 1)]
    return {name: [tuple(r[c] for c in columns) for r in result[name]] for name, columns in keys.items()}


def changed(held: list[dict[str, Any]], last: int) -> Iterator[dict[str, Any]]:
    """Of the rows of every step those that the engine tells: of another size than before, and at the end."""
    sizes: dict[int, Fraction] = {}
    for one in held:
        if one["step"] == last or sizes.get(one["claim"]) != one["size"]:
            sizes[one["claim"]] = one["size"]
            yield one


def same(a: Any, b: Any, tolerance: Fraction) -> bool:
    if a == "?":
        return True
    if isinstance(a, tuple | list):
        return len(a) == len(b) and all(same(x, y, tolerance) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k], tolerance) for k in a)
    if a is None or b is None or isinstance(a, str):
        return bool(a == b)
    return abs(Fraction(a) - Fraction(b)) <= max(tolerance, abs(Fraction(b)) / 10**40)  # scores are divisions


def differences(scenario: Scenario, tolerance: Fraction) -> Iterator[str]:
    """One line for each row on which engine and oracle disagree."""
    oracle, engine = told_by_oracle(scenario), told_by_engine(events_of(scenario))
    for name, rows in oracle.items():
        got = engine[name]
        for i in range(max(len(rows), len(got))):
            expected, found = rows[i] if i < len(rows) else None, got[i] if i < len(got) else None
            if expected is None or found is None or not same(expected, found, tolerance):
                yield f"{name} {i}:\n  oracle {expected}\n  engine {found}"


@pytest.mark.parametrize("block", range(40))
@pytest.mark.parametrize("kind", ["linear", "inverse", "cents", "funding"])
def test_random_books(kind: str, block: int) -> None:
    for seed in range(block * 10, block * 10 + 10):
        scenario = random_scenario(seed, inverse=kind == "inverse", funding=kind == "funding")
        scenario = in_cents(scenario) if kind == "cents" else scenario
        try:
            found = list(differences(scenario, CLOSE if kind == "funding" else EXACT))
        except UnspecifiedError:
            continue
        assert not found, f"{kind} book {seed}: " + "\n".join(found[:5])
        assert list(map(repr, events_of(scenario))) == list(map(repr, events_of(scenario, index=False))), (
            f"{kind} book {seed}"
        )


@pytest.mark.slow
@pytest.mark.parametrize("block", range(10))
@pytest.mark.parametrize("policy", ["pro-rata", "minimax-leverage"])
def test_random_books_whose_claims_are_pooled(policy: str, block: int) -> None:
    """Several claims of a side at once, at prices of their own; accounts on both sides; places that a claim
    would bankrupt."""
    pooled = 0
    for seed in range(block * 60, block * 60 + 60):
        one = crowded(seed, policy)
        try:
            found = list(differences(one, EXACT))
        except UnspecifiedError:
            continue
        assert not found, f"{policy} book {seed}: " + "\n".join(found[:5])
        events = events_of(one)
        assert list(map(repr, events)) == list(map(repr, events_of(one, index=False))), seed
        fills = [e for e in events if isinstance(e, Deleveraged)]
        takers: dict[tuple[Any, ...], set[int]] = defaultdict(set)
        for e in fills:
            takers[e.step, e.market, e.side].add(e.claim)
        pooled += any(len(claims) > 1 for claims in takers.values())
    assert pooled > 5


def crowded(seed: int, policy: str) -> Scenario:
    """A random book with a policy of its own, seldom anybody who buys, and money in cents every third
    time."""
    one = random_scenario(seed, inverse=seed % 3 == 1)
    one = in_cents(one) if seed % 3 == 0 else one
    empty = Liquidity(Depth.LEVELS)
    markets = tuple(replace(m, liquidity=empty) for m in one.markets) if seed % 4 else one.markets
    adl = replace(one.rules.adl, policy=POLICIES[policy])
    return replace(one, markets=markets, rules=replace(one.rules, adl=adl))
