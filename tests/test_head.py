"""The head of a long queue is the head of the whole queue, and few positions are scored for it."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from decimal import Decimal

import pytest
from rules import under_venue

from adlcalc.engine.books.holdings import Holding
from adlcalc.engine.events import Deleveraged
from adlcalc.engine.formulas.policies import POLICIES
from adlcalc.engine.formulas.scores import SCORES, Inputs
from adlcalc.engine.loop import run
from adlcalc.engine.model import Account, Fund, Liquidity, Maintenance, Market, Path, Position, Scenario, Tier
from adlcalc.engine.queue import head, kept, queue
from adlcalc.engine.queue.queue import Queue, is_kept
from adlcalc.engine.rules import AdlRules, Eligible, MarginRules, Rules
from adlcalc.engine.waterfall.state import State
from adlcalc.ground.numbers import exact
from adlcalc.venues.expression import score_of
from adlcalc.venues.rulebook import shipped
from tests.bench.measures import under

GRIDDED = (
    *(name for name, score in SCORES.items() if score.most and not score.is_still),
    "effective_leverage",
    "pnl / equity",
    "pnl_percent * effective_leverage",
    "roe * entry_value / initial_margin if pnl > 0 else roe * initial_margin / entry_value",
    "collateral / notional * margin_ratio",
    "notional / collateral if side > 0 else entry_value * entry_value / (notional * collateral)",
    "pnl",
    "pnl_percent - 2 * margin_ratio",
    "max(0, pnl) / min(equity, collateral) + abs(roe) ** 2",
    "(equity - maintenance) / size if pnl < 0 else -mark_price / entry_price",
)
"""Scores that have a bound: products of ratios, and anything that goes with a power of the contracts."""
KEPT = (
    "entry-price",
    "size",
    "entry_value / size - initial_margin",
    "-size if side > 0 else 1 / entry_price",
)
"""Scores that no mark moves."""
TIERS = (
    Tier(Decimal(0), Decimal("0.005")),
    Tier(Decimal(200), Decimal("0.02"), Decimal(3)),
    Tier(Decimal(400), Decimal("0.1"), Decimal(35)),
)


def crowded_book(
    accounts: int, seed: int, rules: Rules, marks: tuple[str, ...] = ("100", "90", "97", "80", "104", "120")
) -> Scenario:
    """Isolated and a few cross positions with round numbers, so that scores tie, and a book too thin for a
    crash."""
    r = random.Random(seed)
    book = []
    for i in range(accounts):
        size, entry = Decimal(r.choice([1, 2, 5])), Decimal(r.choice([95, 98, 100, 102, 105]))
        margin = size * entry / r.choice([2, 5, 10, 20])
        cross = r.random() < 0.1
        chosen = None if cross else Decimal(r.choice([2, 10, 40]))
        chosen = chosen if seed % 2 else None
        position = Position("M", r.choice([1, -1]), size, entry, None if cross else margin, chosen)
        book.append(Account(f"a{i}", (position,), margin if cross else Decimal(0)))
    market = Market(
        "M",
        lot=Decimal("0.5"),
        tick=Decimal("0.1"),
        liquidity=Liquidity("levels", ((Decimal(0), Decimal(3)),)),
        maintenance=Maintenance(TIERS if seed % 3 == 0 else TIERS[:1]),
    )
    path = Path({"M": tuple(Decimal(mark) for mark in marks)})
    return Scenario((market,), tuple(book), path, (Fund("fund", Decimal(20)),), rules)


@pytest.mark.slow
@pytest.mark.parametrize("cells", [1, 3, 48])
@pytest.mark.parametrize("eligible", ["winners", "all"])
@pytest.mark.parametrize("score", GRIDDED)
def test_runs_are_the_same_with_and_without_the_grid(
    score: str, eligible: str, cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(head, "LONG_QUEUE", 1)
    monkeypatch.setattr(head, "CELLS", cells)
    monkeypatch.setattr(head, "MEMBERS", 1)
    rules = Rules(margin=MarginRules(), adl=AdlRules(score=score_of(score), eligible=Eligible(eligible)))
    for seed in range(12):
        scenario = crowded_book(40, seed, rules)
        *with_grid, _ = run(scenario)
        *plainly, _ = run(scenario, index=False)
        assert with_grid == plainly


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("score", KEPT)
def test_runs_are_the_same_whether_an_order_is_kept_or_not(score: str, policy: str) -> None:
    chosen = POLICIES[policy]
    adl = AdlRules(
        score=score_of(score),
        eligible=Eligible.ALL,
        policy=chosen() if isinstance(chosen, type) else chosen,
    )
    rules = Rules(margin=MarginRules(), adl=adl)
    assert is_kept(adl)
    deleveraged = 0
    for seed in range(12):
        scenario = crowded_book(40, seed, rules)
        *kept, _ = run(scenario)
        *plainly, _ = run(scenario, index=False)
        assert kept == plainly
        deleveraged += sum(isinstance(event, Deleveraged) for event in kept)
    assert deleveraged > 100


@pytest.mark.slow
@pytest.mark.parametrize("venue", shipped())
def test_a_queue_that_is_not_ranked_whole_changes_nothing_under_any_venue(
    venue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(head, "LONG_QUEUE", 1)
    monkeypatch.setattr(head, "CELLS", 3)
    monkeypatch.setattr(head, "MEMBERS", 1)
    for seed in range(12):
        one = under_venue(crowded_book(30, seed, Rules()), venue, random.Random(f"head {venue} {seed}"))
        if seed % 4 == 1:
            rates = {1: Decimal("0.003"), 3: Decimal("-0.008"), 4: Decimal("0.0007")}
            one = replace(one, path=replace(one.path, funding={"M": rates}))
        assert list(run(one))[:-1] == list(run(one, index=False))[:-1], f"{venue}, seed {seed}"


@pytest.mark.slow
@pytest.mark.parametrize(("side", "mark"), [(-1, Decimal(90)), (1, Decimal(110))])
def test_few_positions_are_scored_for_the_head_of_a_long_queue(
    side: int, mark: Decimal, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = random.Random(3)
    entries = [Decimal(r.randrange(9_000, 11_000)).scaleb(-2) for _ in range(5_000)]
    one_side = tuple(
        Account(f"s{i}", (Position("M", side, Decimal(1), entry, entry / r.choice([2, 4, 5, 8, 10, 20])),))
        for i, entry in enumerate(entries)
    )
    scenario = Scenario((Market("M"),), one_side, Path({"M": (mark,)}))
    scored, plain = [], head.inputs_of
    monkeypatch.setattr(head, "inputs_of", lambda holding: scored.append(holding) or plain(holding))
    with exact():
        state = State(scenario, index=True)
        book = state.ledger.markets["M"]
        book.mark = mark
        queue = state.queue(book, side)
        assert isinstance(queue, head.QueueHead)
        first = [place.holding.order for place in itertools.islice(queue, 20)]
        whole = [place.holding.order for place in Queue(book, side, AdlRules())]
    assert first == whole[:20]
    assert len(scored) < 500  # of 5,000


@pytest.mark.slow
@pytest.mark.parametrize("venue", shipped())
def test_a_crash_scores_everybody_a_few_times_under_any_venue(
    venue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not once for each of the dozens of steps that deleverage."""
    scored, plain = [], queue.inputs_of

    def noted(holding: Holding) -> Inputs:
        scored.append(holding.order)
        return plain(holding)

    for where in (head, kept, queue):
        monkeypatch.setattr(where, "inputs_of", noted)
    accounts = 1_000
    one = under(venue, accounts, 100)
    steps = {event.step for event in run(one) if isinstance(event, Deleveraged)}
    assert len(scored) <= 3 * accounts, f"in {len(steps)} steps"


def test_a_queue_is_ranked_once_for_all_claims_of_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the policy; one that a rulebook ranks anew for each claim is."""
    made, rank = [], State._ranked
    monkeypatch.setattr(
        State, "_ranked", lambda state, book, side: made.append(state.step) or rank(state, book, side)
    )
    for policy in POLICIES.values():
        chosen = policy() if isinstance(policy, type) else policy
        one = crowded_book(60, 5, Rules(adl=AdlRules(policy=chosen)), marks=("100", "60"))
        events = list(run(one))
        claims = {event.claim for event in events if isinstance(event, Deleveraged)}
        assert len(claims) > 5
        assert len(made) == len({(e.step, e.side) for e in events if isinstance(e, Deleveraged)})
        made.clear()
