"""The index looks at few accounts, and never at the wrong ones: counts of work done, not times."""

from __future__ import annotations

from adlcalc.engine.events import Ended, Liquidated
from adlcalc.engine.loop import run
from adlcalc.engine.model import Scenario
from tests.bench.books import cross_book, isolated_book


def events_and_count(scenario: Scenario, index: bool = True) -> tuple[list[object], int]:
    *events, last = run(scenario, index=index)
    assert isinstance(last, Ended)
    return [*events, *last.accounts], last.evaluations


def test_isolated_accounts_are_evaluated_only_when_they_are_due() -> None:
    scenario = isolated_book(accounts=2_000, steps=500)
    events, evaluations = events_and_count(scenario)
    liquidated = sum(isinstance(event, Liquidated) for event in events)
    assert liquidated > 300
    # the trigger of a single position is its exact liquidation price: at most a handful are touched a rounding early
    assert liquidated <= evaluations <= liquidated + 5


def test_cross_accounts_in_eight_markets_are_seldom_evaluated_in_a_crash() -> None:
    scenario = cross_book(accounts=1_000, steps=1_000)
    events, evaluations = events_and_count(scenario)
    assert sum(isinstance(event, Liquidated) for event in events) > 100
    assert evaluations <= 0.005 * 1_000 * 1_000  # half a percent of all account-steps


def test_the_index_gives_the_same_events_as_looking_at_everybody() -> None:
    for scenario in (isolated_book(accounts=400, steps=150), cross_book(accounts=150, steps=150)):
        with_index, few = events_and_count(scenario)
        with_everybody, all_of_them = events_and_count(scenario, index=False)
        assert with_index == with_everybody
        assert few * 10 < all_of_them


def test_ten_times_the_steps_need_hardly_more_evaluations() -> None:
    _, few_steps = events_and_count(isolated_book(accounts=1_000, steps=200))
    _, many_steps = events_and_count(isolated_book(accounts=1_000, steps=2_000))
    assert many_steps < 2 * few_steps
