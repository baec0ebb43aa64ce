"""A book as columns of integers: the same accounts, and the same events as with plain accounts and without the
index."""

from __future__ import annotations

import os
import pickle
import random
from dataclasses import replace
from decimal import Decimal

import pytest
from books import d, random_scenario
from rules import under_venue

from adlcalc.engine.books.ledger import Ledger
from adlcalc.engine.columns import Columns
from adlcalc.engine.events import Deleveraged, Ended, Liquidated
from adlcalc.engine.loop import run
from adlcalc.engine.model import Account, Contract, Depth, Fund, Liquidity, Position, Scenario
from adlcalc.engine.queue import head
from adlcalc.ground.numbers import exact
from adlcalc.venues.rulebook import shipped
from tests.bench.books import cross_book, isolated_book

SEEDS = 60 if os.environ.get("ADLCALC_TESTS") == "all" else 4


def lone(
    name: str, side: int, size: str, entry: str, collateral: str, leverage: str | None = None
) -> Account:
    position = Position(
        "M", side, d(size), d(entry), d(collateral), None if leverage is None else d(leverage)
    )
    return Account(name, (position,))


def test_columns_are_the_accounts_they_were_made_of() -> None:
    """Numbers of several widths: the column widens, and nothing is lost."""
    accounts = (
        lone("a", 1, "1", "60000", "6000"),
        lone("b", -1, "0.12345678", "60000.5", "0.01", "7.25"),
        lone("c", 1, "200", "0.5", "0"),
    )
    columns = Columns.of(accounts)
    assert columns is not None
    assert list(columns) == list(accounts)
    assert columns == accounts
    assert accounts == columns
    assert columns[1:] == accounts[1:]
    assert columns != accounts[:2]
    assert pickle.loads(pickle.dumps(columns)) == columns


def test_what_is_no_lone_isolated_position_is_not_kept_so() -> None:
    plain = lone("a", 1, "1", "60000", "6000")
    position = plain.positions[0]
    assert Columns.of(()) is None
    assert Columns.of((plain, Account("none", ()))) is None
    assert Columns.of((plain, Account("cross", (replace(position, collateral=None),), d(1)))) is None
    assert Columns.of((plain, Account("free", (position,), d(1)))) is None
    assert Columns.of((plain, Account("two", (position, replace(position, side=-1))))) is None
    assert Columns.of((plain, Account("other", (replace(position, market="N"),)))) is None


@pytest.mark.parametrize(
    ("size", "entry"), [("9223372036854775808", "1"), ("1e17", "1"), ("1", "0.000000000000000001")]
)
def test_numbers_that_do_not_fit_63_bits_are_not_kept_so(size: str, entry: str) -> None:
    """1e17 fits alone, and not with the eleven digits behind the point that another one has; nor does 1e-18
    beside a price of 60,000."""
    accounts = (lone("a", 1, size, entry, "1"), lone("b", 1, "0.00000000001", "60000", "1"))
    assert Columns.of(accounts) is None
    assert Columns.of(accounts[1:]) == accounts[1:]


def of_lone_positions(scenario: Scenario, rng: random.Random) -> Scenario:
    """The accounts that hold anything in the first market, each with one isolated position there."""
    market = scenario.markets[0]
    found = []
    for account in scenario.accounts:
        one = next((p for p in account.positions if p.market == market.name), None)
        if one is not None:
            money = d(rng.choice([0, "0.01", 1, 5, 20, 100])) if one.collateral is None else one.collateral
            found.append(Account(account.id, (replace(one, collateral=money),)))
    fund = next(one for one in scenario.funds if one.name == market.fund)
    path = replace(
        scenario.path,
        marks={market.name: scenario.path.marks[market.name]},
        funding={name: rates for name, rates in scenario.path.funding.items() if name == market.name},
    )
    providers = tuple(one for one in scenario.providers if one.market == market.name)
    parts = {"markets": (market,), "accounts": tuple(found), "path": path, "funds": (fund,)}
    return replace(scenario, **parts, providers=providers)


@pytest.mark.parametrize("venue", shipped())
def test_the_same_events_under_every_venue(venue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With columns, with plain accounts, without the index; the grid of the queue serves from three positions
    on."""
    monkeypatch.setattr(head, "LONG_QUEUE", 3)
    as_columns = 0
    for seed in range(SEEDS):
        rng = random.Random(f"columns {venue} {seed}")
        book = random_scenario(seed, inverse=seed % 4 == 3, funding=seed % 4 == 2)
        one = of_lone_positions(under_venue(book, venue, rng), rng)
        columns = Columns.of(one.accounts)
        if columns is None:
            continue
        as_columns += 1
        plain = list(run(one))[:-1]
        assert plain == list(run(replace(one, accounts=columns)))[:-1], f"columns, seed {seed}"
        assert plain == list(run(one, index=False))[:-1], f"without the index, seed {seed}"
    assert as_columns


@pytest.mark.parametrize("multiplier", ["1", "0.01", "5"])
def test_the_same_events_on_a_larger_book(multiplier: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long enough for the grid; nobody buys, so the queue is used."""
    m, one = d(multiplier), isolated_book(accounts=600, steps=120)
    market = replace(one.markets[0], contract=Contract(multiplier=m), liquidity=Liquidity(Depth.LEVELS))
    held = [(account, account.positions[0]) for account in one.accounts]
    scaled = [
        replace(account, positions=(replace(p, collateral=(p.collateral or d(0)) * m),))
        for account, p in held
    ]
    one = replace(one, markets=(market,), accounts=tuple(scaled), funds=(Fund("fund", d(0)),))
    columns = Columns.of(one.accounts)
    assert columns is not None
    monkeypatch.setattr(head, "LONG_QUEUE", 10)
    events = list(run(one))[:-1]
    assert events == list(run(replace(one, accounts=columns)))[:-1]
    assert sum(isinstance(event, Liquidated) for event in events) > 20
    assert sum(isinstance(event, Deleveraged) for event in events) > 20


# --- work done ----------------------------------------------------------------------------------------------


def made_of(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int, int]:
    """How many accounts were made for a run, how many were liquidated, and how many units evaluated."""
    ledgers: list[Ledger] = []
    plain = Ledger.__init__

    def noted(self: Ledger, scenario: Scenario) -> None:
        plain(self, scenario)
        ledgers.append(self)

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "__init__", noted)
        *events, last = run(scenario, accounts=False)
    assert isinstance(last, Ended)
    return (
        len(ledgers[0].roster.made),
        sum(isinstance(event, Liquidated) for event in events),
        last.evaluations,
    )


def test_only_who_is_liquidated_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    one = isolated_book(accounts=2_000, steps=500)
    for accounts in (one.accounts, Columns.of(one.accounts)):
        assert accounts is not None
        made, liquidated, evaluations = made_of(replace(one, accounts=accounts), monkeypatch)
        assert liquidated > 300
        assert liquidated <= made <= liquidated + 5
        assert liquidated <= evaluations <= liquidated + 5


def test_funding_does_not_make_everybody_be_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """One number moves for a lone position: mark x (1 - s rate) - index. Each is looked at when it is due."""
    one = isolated_book(accounts=1_000, steps=300)
    rates = {step: Decimal("0.0001") for step in range(0, 300, 3)}
    one = replace(one, path=replace(one.path, funding={"M": rates}))
    _, liquidated, evaluations = made_of(one, monkeypatch)
    assert liquidated > 100
    assert evaluations <= liquidated + 5


def test_cross_accounts_that_are_safe_at_the_worst_corner_are_never_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, _, _ = made_of(cross_book(accounts=1_000, steps=200), monkeypatch)
    assert made < 700


def test_what_needs_everybody_makes_everybody() -> None:
    one = isolated_book(accounts=50, steps=10)
    with exact():
        ledger = Ledger(one)
        assert not ledger.roster.made
        assert len(ledger.markets["M"].holdings[1]) == 25
        assert not ledger.roster.made
        assert [holding.order for holding in ledger.markets["M"].holdings[1]] == list(range(0, 50, 2))
        assert len(ledger.roster.made) == 50
        assert [holder.id for holder in ledger.holders] == [account.id for account in one.accounts]
