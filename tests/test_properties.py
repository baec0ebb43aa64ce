"""What must hold for every book, path and rulebook, on seeded random ones by the thousand.

The engine stops a run whose money or contracts do not match; here both are added up again from nothing but
the events. Each block of seeds is a test of its own, so that a failure names few of them;
`random_scenario(seed)` makes the book of a seed again."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from books import account, d, random_scenario, scenario
from rules import under_venue, with_rules

from adlcalc.engine.events import (
    AccountEnded,
    BackstopTook,
    BadDebt,
    BookFilled,
    Deleveraged,
    Ended,
    FundingSettled,
    FundPaid,
    FundReceived,
    Held,
    Liquidated,
    LossSocialized,
    Owed,
    StepEnded,
    Traded,
)
from adlcalc.engine.formulas.haircuts import HAIRCUTS
from adlcalc.engine.loop import run
from adlcalc.engine.model import SMALLEST, Account, Fund, Market, Path, Scenario
from adlcalc.engine.rules import AdlWhen, Rules
from adlcalc.ground.numbers import ZERO, exact
from adlcalc.study.compare import choices_of
from adlcalc.venues.files import shipped

BLOCKS, SEEDS = (
    50,
    100,
)  # 5,000 books, each under the generic and under random rules, with and without the index


def book_of(seed: int) -> Scenario:
    return random_scenario(seed, inverse=seed % 3 == 0, funding=seed % 4 == 0)


def worked(one: Scenario, *, index: bool = True) -> tuple[list[Any], list[Any]]:
    """The events, and the accounts at the end."""
    events = list(run(one, index=index))
    assert isinstance(events[-1], Ended)
    accounts = [event.state for event in events if isinstance(event, AccountEnded)]
    return [event for event in events[:-1] if not isinstance(event, AccountEnded)], accounts


@pytest.mark.parametrize("block", range(BLOCKS))
@pytest.mark.parametrize("rules", ["generic", "random"])
def test_every_run(rules: str, block: int) -> None:
    for seed in range(block * SEEDS, (block + 1) * SEEDS):
        one = book_of(seed) if rules == "generic" else with_rules(book_of(seed), seed)
        try:
            events, accounts = worked(one)
            assert (events, accounts) == worked(one, index=False), "the index changes the events"
            money_is_conserved(one, events, accounts)
            nothing_is_closed_twice(one, events, accounts)
            nobody_is_below_zero_without_a_row(one, events, accounts)
        except Exception as error:
            raise AssertionError(f"seed {seed}, {rules} rules: {error!r}") from error


APART = ("venue", "rest of market", "outside money", "venue revenue")
"""Whose equity is nobody's debt."""


def money_is_conserved(one: Scenario, events: list[Any], accounts: list[Any]) -> None:
    """sum(equity) + funds - bad debt is what it was; every fund is what it received less what it paid."""
    last = events[-1]
    assert isinstance(last, StepEnded)
    with exact():
        before = sum((row.equity_start for row in accounts), ZERO) + sum(
            (fund.balance for fund in one.funds), ZERO
        )
        after = sum((row.equity_end for row in accounts), ZERO) + sum(
            (balance for _, balance in last.funds), ZERO
        )
        assert after - last.bad_debt == before, "money"
        for fund, closing in last.funds:
            opening = next(item.balance for item in one.funds if item.name == fund)
            received = sum((e.amount for e in events if isinstance(e, FundReceived) and e.fund == fund), ZERO)
            paid = sum((e.amount for e in events if isinstance(e, FundPaid) and e.fund == fund), ZERO)
            assert closing == opening + received - paid, f"fund {fund}"
        open_contracts: dict[str, Decimal] = defaultdict(Decimal)
        for row in accounts:
            for position in row.positions:
                open_contracts[position.market] += position.side * position.size
        assert not any(open_contracts.values()), "open interest"


def nobody_is_below_zero_without_a_row(one: Scenario, events: list[Any], accounts: list[Any]) -> None:
    """What an account lacks at the end is told, margin by margin, and nothing else is; a vault owes like one
    where it has money of its own."""
    step, debts = events[-1].step, defaultdict(Decimal)
    owns = getattr(one.rules.backstop.kind, "own", None) is not None
    statuses = ("open", "closed", "liquidated", *(("backstop",) if owns else ()))
    for row in accounts:
        if row.status in statuses and row.account not in APART:
            own = [p.collateral + p.unrealized_pnl for p in row.positions if p.collateral is not None]
            cross = row.equity_end - sum(own, ZERO)
            debts[row.account] = -sum((min(part, ZERO) for part in [*own, cross]), ZERO)
    told: dict[str, Decimal] = defaultdict(Decimal)
    for e in events:
        if isinstance(e, Owed) and e.step == step:
            assert e.amount > 0
            told[e.account] += e.amount
    assert dict(told) == {account: debt for account, debt in debts.items() if debt}, "below zero"


def nothing_is_closed_twice(one: Scenario, events: list[Any], accounts: list[Any]) -> None:
    """No claim is filled beyond its size, no position shrinks below nothing or changes its side, each
    contract goes once."""
    size_of: dict[int, Decimal] = {}
    done: dict[int, Decimal] = defaultdict(Decimal)
    held: dict[tuple[str, str, int], Decimal] = defaultdict(Decimal)
    for owner in one.accounts:
        for position in owner.positions:
            held[owner.id, position.market, position.side] += position.size
    opening = dict(held)
    with exact():
        for e in events:
            if isinstance(e, Liquidated):
                size_of[e.claim] = e.size
            elif isinstance(e, BookFilled | BackstopTook | Deleveraged):
                assert e.size > 0
                done[e.claim] += e.size
                assert done[e.claim] <= size_of[e.claim], f"claim {e.claim} is filled beyond its size"
            elif isinstance(e, Traded) and e.opened:
                key = e.account, e.market, e.side
                opening[key] = opening.get(key, ZERO) + e.opened
            if isinstance(e, Deleveraged):
                assert ZERO < e.size <= e.size_before, "over-filled"
        for claim, size in size_of.items():
            left = [
                e.size
                for e in events
                if isinstance(e, Held) and e.claim == claim and e.step == events[-1].step
            ]
            assert done[claim] + sum(left, ZERO) <= size, f"claim {claim} is closed and held"
        for row in accounts:
            for position in row.positions:
                was = opening.get((row.account, position.market, position.side))
                assert position.size > 0
                if row.account in {owner.id for owner in one.accounts}:
                    assert was is not None, "a position changed its side"
                    assert position.size <= was, "a position grew"


# --- policies that close nothing -----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["never", *HAIRCUTS])
def test_nobody_is_deleveraged_where_that_is_said_under_any_rulebook(policy: str) -> None:
    """`adl.when: never`, and every policy of `compare` that cuts profits: no position is closed against
    another, whatever else the rulebook says of its queue; and the money still balances."""
    losses = 0
    for seed, venue in enumerate(shipped()):
        rng = random.Random(f"{policy} {seed}")
        for i in range(6):
            one = under_venue(book_of(1_000 * seed + i), venue, rng)
            funds = tuple(replace(fund, balance=fund.floor + rng.choice([0, 5, 50])) for fund in one.funds)
            one = replace(one, funds=funds, rules=closing_nothing(one.rules, policy))
            events, accounts = worked(one)
            assert not given(events), f"{venue}, seed {seed}, book {i}"
            money_is_conserved(one, events, accounts)
            losses += sum(isinstance(e, LossSocialized | BadDebt) for e in events)
    assert losses > 20, "the books are too sound to say anything"


def closing_nothing(rules: Rules, policy: str) -> Rules:
    """The rules without a queue, or with a policy that cuts profits as `compare` puts it in their place."""
    if policy == "never":
        return replace(rules, adl=replace(rules.adl, when=AdlWhen.NEVER))
    return choices_of(policy)[0].applied_to(rules)


# --- order, repetition, the past ----------------------------------------------------------------------------


def without_ties(one: Scenario, seed: int) -> Scenario:
    """The same book with sizes and collaterals of which no two are alike."""
    rng = random.Random(seed)

    def unlike(x: Decimal | None) -> Decimal | None:
        return None if x is None else x + d(rng.randint(1, 10**6)) * SMALLEST

    accounts = [
        Account(
            f"{owner.id}",
            tuple(replace(p, size=unlike(p.size), collateral=unlike(p.collateral)) for p in owner.positions),  # type: ignore[arg-type]
            unlike(owner.balance) or ZERO,
        )
        for owner in one.accounts
        if not owner.id.endswith("-twin")
    ]
    markets, ids = (
        tuple(replace(market, lot=SMALLEST) for market in one.markets),
        {one.id for one in accounts},
    )
    orders = tuple(order for order in one.orders if order.account in ids)
    events = {
        step: tuple(event for event in several if getattr(event, "account", None) in {None, *ids})
        for step, several in one.path.events.items()
    }
    path = replace(one.path, events=events)
    return replace(one, accounts=tuple(accounts), markets=markets, path=path, orders=orders)


def in_any_order(some: Scenario, seed: int) -> None:
    """The accounts end alike and give alike in whatever order the file has them, where no two of them are."""
    one = without_ties(some, seed)
    other = replace(one, accounts=tuple(random.Random(seed).sample(one.accounts, len(one.accounts))))
    (events, accounts), (events_too, accounts_too) = worked(one), worked(other)
    assert by_name(accounts) == by_name(accounts_too), f"seed {seed}: the order of the accounts matters"
    assert given(events) == given(events_too), f"seed {seed}: the order of the accounts matters"


def by_name(accounts: list[Any]) -> list[Any]:
    return sorted(accounts, key=lambda row: row.account)


def given(events: list[Any]) -> list[Any]:
    return [event for event in events if isinstance(event, Deleveraged)]


@pytest.mark.slow
@pytest.mark.parametrize("block", range(5))
def test_the_order_of_the_accounts_does_not_matter(block: int) -> None:
    for seed in range(block * 200, (block + 1) * 200):
        in_any_order(random_scenario(seed, inverse=seed % 3 == 0), seed)


@pytest.mark.slow
def test_a_run_may_be_repeated() -> None:
    for seed in range(200):
        one = with_rules(book_of(seed), seed)
        assert worked(one) == worked(one)


@pytest.mark.slow
@pytest.mark.parametrize("rules", ["generic", "random"])
def test_the_past_does_not_depend_on_the_future(rules: str) -> None:
    """The events of a step are the same however the path goes on. (Funding is settled when touched, or at the
    end; what is still held is told at the end.)"""
    for seed in range(300):
        one = book_of(seed) if rules == "generic" else with_rules(book_of(seed), seed)
        if one.path.steps < 3 or any(one.path.funding.values()):
            continue
        cut = 1 + seed % (one.path.steps - 1)
        path = Path({name: marks[:cut] for name, marks in one.path.marks.items()})
        whole, part = (without_held(worked(each)[0], cut - 1) for each in (one, replace(one, path=path)))
        assert whole[: len(part)] == part, f"seed {seed}"


def without_held(events: list[Any], step: int) -> list[Any]:
    """The events but for what is told of what the venue holds at a step."""
    return [event for event in events if not (isinstance(event, Held) and event.step == step)]


def test_funding_that_comes_back_to_nothing_is_settled_all_the_same() -> None:
    """What a long contract has paid in all is nothing at the end, but not since alice's position was last
    settled, at step 2."""
    owners = [account("alice", 10, 80, balance=5), account("bob", -1, 120, balance="0.05")]
    one = scenario(owners, [117, 117, 132, 117], funding={1: "-0.01", 3: "0.01"})
    events, accounts = worked(one)
    money_is_conserved(one, events, accounts)
    assert [(e.step, e.account, e.amount) for e in events if isinstance(e, FundingSettled)] == [
        (2, "bob", d("-1.17")),
        (2, "alice", d("11.7")),
        (3, "alice", d("-10.53")),
    ]


# --- monotonicity -------------------------------------------------------------------------------------------


def deleveraged(one: Scenario) -> Decimal:
    """Contracts given up."""
    with exact():
        return sum((e.size for e in run(one) if isinstance(e, Deleveraged)), ZERO)


def gap(seed: int) -> Scenario:
    """Isolated linear positions in one market that are all sound at first, and one move that some of them do
    not survive."""
    rng = random.Random(seed)
    owners = []
    for i in range(rng.randint(2, 20)):
        size = d(rng.choice([1, 2, 5, "0.5"]))
        owners.append(
            account(f"u{i}", size * rng.choice([1, 1, -1]), rng.randint(95, 105), size * rng.randint(7, 40))
        )
    return scenario(owners, [100, rng.choice([60, 75, 85, 92, 108, 120])], fund=0)


@pytest.mark.slow
def test_a_larger_fund_never_deleverages_more_in_one_move() -> None:
    """In one move, of contracts that divide finely: the next tests show why neither can be left out. What a
    fund has left below the price of its last lot of 0.00000001 may buy a little more elsewhere: hence the
    grain of salt."""
    for seed in range(400):
        one = gap(seed)
        amounts = [
            deleveraged(replace(one, funds=(Fund("fund", d(x)),))) for x in (0, 1, 5, 20, 50, 100, 1000)
        ]
        for less, more in pairwise(amounts):
            assert more <= less + d("0.001"), f"seed {seed}: {amounts}"


def test_whole_contracts_a_larger_fund_may_deleverage_more() -> None:
    """The fund pays for the oldest claim first. 10 do not pay for a whole contract of alice (11 short) and so
    cover five of anna (2 short each); 11 pay for alice, and nothing is left for anna. First come, first
    served is what the rules say."""
    owners = [
        account("alice", 1, 100, 4),  # bankruptcy price 96; 11 short at 85
        account("anna", 5, 100, 65),  # bankruptcy price 87; 2 short each
        account("bob", -6, 100, 600),
    ]
    one = scenario(owners, [100, 85], lot=d(1))
    assert deleveraged(replace(one, funds=(Fund("fund", d(10)),))) == 1
    assert deleveraged(replace(one, funds=(Fund("fund", d(11)),))) == 5


def test_over_several_moves_a_larger_fund_may_deleverage_more() -> None:
    """A counterparty that the fund spares at 100 may itself be liquidated at 120, where its loss uses up what
    the fund would have had for others whose contracts are cheaper to cover."""
    owners = [
        account("alice", 5, 105, 16),  # liquidated at 100, covered by bob
        account("bob", -5, 103, 39),
        account("carol", -2, 95, 11),
        account("dave", -2, 101, 31),
        account("erin", 5, 98, 200),
    ]
    one = scenario(owners, [100, 120])
    assert deleveraged(one) == d("6.71428572")
    assert deleveraged(replace(one, funds=(Fund("fund", d(1)),))) == d("6.89130435")


@pytest.mark.slow
def test_more_collateral_never_brings_a_liquidation_forward() -> None:
    """An isolated position with more collateral is liquidated later or not at all."""
    for seed in range(400):
        rng = random.Random(seed)
        side = rng.choice([1, -1])
        marks = [100, *(rng.randint(60, 140) for _ in range(6))]

        def when(collateral: int, side: int = side, marks: list[int] = marks) -> int:
            one = scenario([account("a", side * 2, 100, collateral)], marks)
            return next((e.step for e in run(one) if isinstance(e, Liquidated)), len(marks))

        steps = [when(collateral) for collateral in (1, 5, 10, 20, 40, 80)]
        assert steps == sorted(steps), f"seed {seed}"


OF_THE_PATH = {
    *(
        "MoneyMoved",
        "Traded",
        "MarginMoved",
        "Refused",
        "Settled",
        "PositionSettled",
        "Halted",
        "OrderFilled",
    ),
    *("StopMissed", "MarkPushed", "Spared"),
}
"""What only a file's `events:`, stops, feedback and exempt accounts bring: tests/test_index.py has such
books."""


@pytest.mark.slow
def test_the_books_have_everything_in_them() -> None:
    """The random books reach what the rules are about: otherwise the properties above would say little."""
    seen: set[str] = set()
    for seed in range(400):
        seen |= {type(e).__name__ for e in worked(with_rules(book_of(seed), seed))[0]}
    assert seen == set(events_of_the_engine()) - {"AccountEnded", "Ended"} - OF_THE_PATH


def events_of_the_engine() -> Iterator[str]:
    from typing import get_args

    from adlcalc.engine import events

    yield from (kind.__name__ for kind in get_args(events.Event))


def test_a_market_without_positions_is_no_trouble() -> None:
    one = Scenario((Market("M"),), (), Path({"M": (d(1), d(2))}))
    assert worked(one)[1] == []
