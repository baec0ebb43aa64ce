"""A book that grows and a path that goes on, step by step: whatever is added, what was stays what it was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from books import account, d, scenario
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from test_properties import money_is_conserved, nothing_is_closed_twice, without_held, worked

from adlcalc.engine.model import Account, Scenario

pytestmark = pytest.mark.slow

SIZES = st.sampled_from([1, 2, 5, "0.5", "0.25"])
MARKS = st.integers(40, 200)
MARGINS = st.sampled_from([1, 2, 4, 5, 10, 10, 20, 40])


class Market(RuleBasedStateMachine):
    """One market, whose run is looked at after every change."""

    def __init__(self) -> None:
        super().__init__()
        self.owners: list[Account] = []
        self.marks: list[Any] = [100]
        self.fund = d(0)
        self.liquidity: Any = None

    def book(self) -> Scenario:
        options = {} if self.liquidity is None else {"liquidity": self.liquidity}
        return scenario(self.owners, self.marks, self.fund, **options)

    @initialize(liquidity=st.sampled_from([None, 0, 1, 3]))
    def begin(self, liquidity: Any) -> None:
        self.liquidity = liquidity

    @rule(
        side=st.sampled_from([1, -1]),
        size=SIZES,
        entry=st.integers(80, 120),
        margin=MARGINS,
        cross=st.booleans(),
    )
    def open_account(self, side: int, size: Any, entry: int, margin: int, cross: bool) -> None:
        money = margin * d(size)
        name = f"u{len(self.owners)}"
        backing = {"balance": money} if cross else {"collateral": money}
        self.owners.append(account(name, side * d(size), entry, **backing))

    @rule(mark=MARKS)
    @precondition(lambda self: len(self.marks) < 8)
    def mark_moves(self, mark: int) -> None:
        """The steps before are as they were, but that what is still held is told at the end of a run."""
        last = len(self.marks) - 1
        before = without_held(worked(self.book())[0], last)
        self.marks.append(mark)
        after = without_held(worked(self.book())[0], last)
        assert after[: len(before)] == before

    @rule(amount=st.integers(1, 50))
    def fund_is_topped_up(self, amount: int) -> None:
        self.fund += amount

    @rule()
    @precondition(lambda self: self.owners)
    def somebody_pays_in_more_than_can_be_lost(self) -> None:
        """Who cannot lose is not liquidated."""
        rich = replace(
            self.owners[0],
            id="rich",
            balance=d(10**6),
            positions=(replace(self.owners[0].positions[0], collateral=None),),
        )
        events, _ = worked(replace(self.book(), accounts=(*self.owners, rich)))
        assert not any(
            getattr(event, "account", None) == "rich" and hasattr(event, "bankruptcy_price")
            for event in events
        )

    @invariant()
    def the_run_holds(self) -> None:
        one = self.book()
        events, accounts = worked(one)
        assert (events, accounts) == worked(one, index=False)
        money_is_conserved(one, events, accounts)
        nothing_is_closed_twice(one, events, accounts)


def test_a_market_that_lives() -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Market,
        settings=settings(
            max_examples=150,
            stateful_step_count=20,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
