"""The index looks at few accounts, and never at the wrong ones: counts of work done, not times."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path as Folder

import pytest
from books import account, d, in_cents, random_scenario
from books import scenario as book_of
from rules import under_venue

from adlcalc.engine.books.ledger import Ledger
from adlcalc.engine.events import Ended, Liquidated, MarkPushed
from adlcalc.engine.formulas.funding import pending
from adlcalc.engine.formulas.margin import hurt_both_ways, maintenance_margin
from adlcalc.engine.happenings import FundMoney, Halt, Happening, Margin, Money, Settlement, Trade
from adlcalc.engine.loop import run
from adlcalc.engine.model import (
    Contract,
    Depth,
    Feedback,
    Liquidity,
    Maintenance,
    Market,
    Path,
    Position,
    Scenario,
    Tier,
)
from adlcalc.engine.queue.forecast import NEVER, Forecast, Leg
from adlcalc.ground.numbers import exact
from adlcalc.scenario import load
from adlcalc.venues.files import shipped
from tests.bench.books import cross_book, isolated_book


def events_and_count(scenario: Scenario, index: bool = True) -> tuple[list[object], int]:
    *events, last = run(scenario, index=index)
    assert isinstance(last, Ended)
    return list(events), last.evaluations


def test_isolated_accounts_are_evaluated_only_when_they_are_due() -> None:
    scenario = isolated_book(accounts=2_000, steps=500)
    events, evaluations = events_and_count(scenario)
    liquidated = sum(isinstance(event, Liquidated) for event in events)
    assert liquidated > 300
    # the trigger of a single position is its exact liquidation price: at most a handful are touched a
    # rounding early
    assert liquidated <= evaluations <= liquidated + 5


def accounts_liquidated(events: list[object]) -> int:
    return len({event.account for event in events if isinstance(event, Liquidated)})


def with_funding(one: Scenario) -> Scenario:
    """Paid in half of its markets, either way."""
    rates = {step: d("0.0002") * (-1) ** (step // 200) for step in range(0, one.path.steps, 7)}
    paid = {market.name: rates for market in one.markets[::2]}
    return replace(one, path=replace(one.path, funding=paid))


def with_tiers(one: Scenario) -> Scenario:
    """A rate that rises from a notional on that half of the positions have."""
    tiers = (Tier(d(0), d("0.005"), d(0)), Tier(d(20_000), d("0.02"), d(300)))
    markets = tuple(replace(market, maintenance=Maintenance(tiers)) for market in one.markets)
    return replace(one, markets=markets)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [lambda one: one, with_funding, with_tiers])
def test_cross_accounts_in_eight_markets_are_evaluated_when_they_are_due(
    kind: Callable[[Scenario], Scenario],
) -> None:
    """The whole path is known, with what it pays: each is looked at in the step that makes it due, and not
    before."""
    events, evaluations = events_and_count(kind(cross_book(accounts=1_000, steps=1_000)))
    liquidated = accounts_liquidated(events)
    assert liquidated > 150
    assert liquidated <= evaluations <= liquidated + 5


def test_the_index_gives_the_same_events_as_looking_at_everybody() -> None:
    for one in (isolated_book(accounts=400, steps=150), cross_book(accounts=150, steps=150)):
        with_index, few = events_and_count(one)
        with_everybody, all_of_them = events_and_count(one, index=False)
        assert with_index == with_everybody
        assert few * 10 < all_of_them


@pytest.mark.slow
def test_ten_times_the_steps_need_hardly_more_evaluations() -> None:
    _, few_steps = events_and_count(isolated_book(accounts=1_000, steps=200))
    _, many_steps = events_and_count(isolated_book(accounts=1_000, steps=2_000))
    assert many_steps < 2 * few_steps


# --- the same events as without it --------------------------------------------------------------------------


def compared(one: Scenario) -> list[object]:
    """The events, which are those of looking at everybody."""
    events, _ = events_and_count(one)
    assert events == events_and_count(one, index=False)[0], "the index changes the events"
    return events


@pytest.mark.slow
@pytest.mark.parametrize("venue", shipped())
def test_the_index_changes_nothing_under_any_venue(venue: str) -> None:
    """Linear and inverse contracts, isolated and cross, long and short, sizes that reach every tier and rates
    that pass 100 %."""
    for seed in range(60):
        rng = random.Random(f"index {venue} {seed}")
        one = under_venue(random_scenario(seed, inverse=seed % 2 == 0, funding=seed % 4 == 0), venue, rng)
        try:
            compared(in_cents(one) if seed % 5 == 0 else one)
        except Exception as error:
            raise AssertionError(f"{venue}, seed {seed}: {error!r}") from error


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["linear", "inverse"])
@pytest.mark.parametrize("size", [1, -1])
@pytest.mark.parametrize("rate", ["0.5", "0.999", "1", "1.001", "2", "10"])
def test_a_rate_of_a_hundred_percent_hides_nobody(kind: str, size: int, rate: str) -> None:
    """A move in either direction, for a position that is safe at first: with as much collateral as notional
    or four times it."""
    contract, entry = Contract(kind), 100 if kind == "linear" else "0.01"
    for collateral in (60, 110, 250, 1050):
        for last in (1, 50, 99, 101, 150, 200, 1000):
            mark = last if kind == "linear" else d(last) / 10_000
            one = book_of([account("a", size, entry, collateral)], [entry, mark], rate=rate)
            one = replace(one, markets=(replace(one.markets[0], contract=contract),))
            compared(one)
    one = book_of([account("a", size, entry, 110)], [entry, entry], rate=rate)
    due = any(
        isinstance(e, Liquidated)
        for e in compared(replace(one, markets=(replace(one.markets[0], contract=contract),)))
    )
    assert due == (d(rate) * 100 >= 110)


def test_values_that_round_to_nothing_hide_nobody() -> None:
    """Positions worth less than half a unit of money, alone and together, in and out of nothing."""
    for unit in ("0.5", "0.01", "3"):
        for marks in (["1", "1100000", "1"], ["0.1", "0.001", "0.1"], ["100", "0.0001", "300"]):
            for kind in ("linear", "inverse"):
                owners = [
                    account("alone", "0.01", marks[0], collateral=d(unit)),
                    account("poor", "-0.01", marks[0], collateral=0),
                    replace(account("cross", "0.01", marks[0], balance=0), id="cross"),
                ]
                both = (
                    account("both", "0.01", marks[0]).positions + account("both", "-0.02", marks[0]).positions
                )
                owners.append(replace(owners[-1], id="both", positions=both, balance=d(unit)))
                owners.append(replace(owners[-1], id="nothing", balance=d(0)))
                markets = (Market("M", Contract(kind)),)
                compared(
                    Scenario(markets, tuple(owners), Path({"M": tuple(map(d, marks))}), money_unit=d(unit))
                )


def with_happenings(one: Scenario, rng: random.Random) -> Scenario:
    """Money, margin, trades, settlements and halts on the path; marks that follow the fills."""
    found: dict[int, list[Happening]] = {}
    for _ in range(rng.randint(0, 6)):
        step, account, market = (
            rng.randrange(one.path.steps),
            rng.choice(one.accounts),
            rng.choice(one.markets),
        )
        side, name = rng.choice([1, -1]), market.name
        size, leverage = market.lot * rng.choice([1, 2, 5, 10]), d(rng.choice([2, 5, 10]))
        kinds: list[Happening] = [
            Money(account.id, d(rng.choice([5, -5, 50, -1, 200]))),
            Margin(account.id, name, side, d(rng.choice([1, -1, 5]))),
            Trade(account.id, name, side, size, None, leverage, rng.random() < 0.5),
            FundMoney(one.funds[0].name, d(5)),
            Settlement(name, one.path.marks[name][step] * d("1.1")),
            Halt(name, rng.random() < 0.6),
        ]
        found.setdefault(step, []).append(rng.choice(kinds))
    follows = Feedback(d("0.5"), d("0.5")) if rng.random() < 0.3 else None
    markets = tuple(
        m if m.liquidity.kind == Depth.UNLIMITED else replace(m, feedback=follows) for m in one.markets
    )
    path = replace(one.path, events={step: tuple(events) for step, events in found.items()})
    return replace(one, markets=markets, path=path)


@pytest.mark.slow
def test_the_index_changes_nothing_where_paths_bring_more_than_marks() -> None:
    """Who is safe at the worst marks to come may be traded, drained or moved off the path's marks."""
    worked = 0
    for seed in range(250):
        one = random_scenario(seed, inverse=seed % 3 == 0, funding=seed % 2 == 0)
        if one.accounts:
            worked += bool(compared(with_happenings(one, random.Random(f"happenings {seed}"))))
    assert worked > 150


@pytest.mark.slow
def test_the_index_changes_nothing_where_marks_follow_the_fills() -> None:
    """Nobody knows such marks beforehand; a unit may hold positions in other markets too."""
    pushed = 0
    for seed in range(150):
        one = random_scenario(seed, inverse=seed % 3 == 0, funding=seed % 2 == 0)
        thin, follows = Liquidity(Depth.IMPACT, impact=d("0.01")), Feedback(d("0.6"), d("0.3"))
        first, *others = one.markets
        one = replace(one, markets=(replace(first, liquidity=thin, feedback=follows), *others))
        if one.accounts:
            pushed += any(isinstance(event, MarkPushed) for event in compared(one))
    assert pushed > 50


@pytest.mark.slow
def test_a_forecast_is_the_first_step_that_leaves_nothing() -> None:
    """From whatever step on, for positions with several maintenance lines, inverse ones and funding, and as the
    views of the sides have it at the opening: no step before leaves nothing, and it leaves no more than is
    allowed for rounding."""
    found = never = viewed = 0
    for seed in range(120):
        rng = random.Random(f"forecast {seed}")
        one = random_scenario(seed, inverse=seed % 3 == 0)
        steps = rng.choice([1, 2, 4, 5, 17, 70])
        marks = {
            market.name: tuple(
                one.path.marks[market.name][0] * rng.randint(600, 1500) / 1000 for _ in range(steps)
            )
            for market in one.markets
        }
        rates = {step: d(rng.choice(["0.001", "-0.002"])) for step in range(steps) if rng.random() < 0.5}
        path = Path(marks, funding={one.markets[0].name: rates} if seed % 2 else {})
        with exact():
            ledger = Ledger(replace(one, path=path))
            forecast = Forecast(ledger.markets.values(), path)
            views = {isolated: forecast.views(isolated=isolated) for isolated in (True, False)}
            for unit in ledger.units:
                legs = [(h.book, h.side, h.size, h.cost, h.lines(), d(0)) for h in unit.open_holdings()]
                left = [left_at(forecast, unit.money(), legs, step) for step in range(steps)]
                few = sum(abs(cost) for _, _, _, cost, *_ in legs) * d("1E-8") + ledger.unit * 4 * len(legs)
                firsts = [
                    (since, forecast.first_due(unit.money(), legs, since)) for since in range(steps + 1)
                ]
                own = [Position(h.book.name, h.side, h.size, h.entry) for h in unit.open_holdings()]
                seen = forecast.first_seen(views[unit.isolated], unit.money(), own)
                if seen is not None:
                    firsts.append((0, seen))
                    viewed += 1
                for since, first in firsts:
                    if first is None:
                        assert any(map(hurt_both_ways, (leg[4] for leg in legs)))
                        continue
                    safe = left[since:] if first == NEVER else left[since:first]
                    assert all(one > 0 for one in safe), f"seed {seed}"
                    assert first == NEVER or (first >= since and left[first] <= few), f"seed {seed}"
                    found, never = found + (first != NEVER), never + (first == NEVER)
    assert found > 1_000
    assert never > 1_000
    assert viewed > 300


def left_at(forecast: Forecast, money: Decimal, legs: list[Leg], step: int) -> Decimal:
    """Equity less maintenance margin at a step, by the rules."""
    for book, side, size, cost, lines, settled in legs:
        course = forecast.courses[book]
        value = book.value(side * size, course.marks[step])
        money += value - cost - maintenance_margin(lines, abs(value))
        money += pending(side * size, course.indices[step] - settled)
    return money


def test_numbers_that_a_forecast_has_no_room_for_get_triggers() -> None:
    """A size of 50 digits, less its maintenance, times a third to ten digits has more than 60; its value in
    whole money units has not. Due where size / P - size / 3 is the balance less 0.005 size / P: 1.005 / P =
    1 / 3 + 1 / 60, from 2.871 on."""
    size = "123456789012345678901234567890123456789012.34567891"
    held = replace(account("a", size, 3), balance=d("2057613150205761315020576131502057613150"))
    one = book_of([held], [3] * 40 + ["2.9"] * 20 + ["2.87"], contract=Contract("inverse"), fund="1e44")
    with exact():
        (position,), ledger = held.positions, Ledger(one)
        book, owner = ledger.markets["M"], ledger.roster.holder(0)
        leg = (book, 1, position.size, owner.holdings[0].cost, owner.holdings[0].lines(), d(0))
        assert Forecast([book], one.path).first_due(held.balance, [leg], 0) is None
    found = compared(one)
    assert [event.step for event in found if isinstance(event, Liquidated)] == [60]
    assert events_and_count(one)[1] == 2  # at the opening, and when it is due


def test_what_settling_in_vain_takes_hides_nobody() -> None:
    """A withdrawal is refused at every step, and funding of 0.01 is settled before: rounded down to a whole
    unit of money it is 1. Of a balance of 15 five of them leave 10, which the loss at a mark of 90 takes.
    Pending would be 0.05."""
    one = book_of([account("a", 1, 100, balance=15)], [100] * 5 + [90], rate="0.01")
    events = {step: (Money("a", d(-1000)),) for step in range(1, 6)}
    path = replace(one.path, events=events, funding={"M": dict.fromkeys(range(1, 6), d("0.0001"))})
    found = compared(replace(one, path=path, money_unit=d(1)))
    assert [event.step for event in found if isinstance(event, Liquidated)] == [5]


def counted(text: str, prices: str, tmp_path: Folder) -> int:
    path = tmp_path / "book.yaml"
    path.write_text(f"{text}prices: {prices}\n", encoding="utf-8")
    return events_and_count(load(str(path)).scenario)[1]


def test_a_reduction_looks_three_times(tmp_path: Folder) -> None:
    """When the account is due, before its order and after it."""
    book = (
        "venue: bitmex\nmarkets: {XBTUSD: {contract: inverse, tick: 0.5, lot: 1}}\n"
        "accounts: [{id: a, side: long, size: 1_840_000, entry: 8_000, leverage: 20}]\n"
    )
    assert counted(book, "[8_000, 7_900]", tmp_path) == 0
    assert counted(book, "[8_000, 7_677.5]", tmp_path) == 3


def test_the_price_that_a_position_had_before_it_was_deleveraged_wakes_nobody(tmp_path: Folder) -> None:
    """A cross short of 2 is due from 132,000 / 2.01 = 65,671.7 on; deleveraged of one at 54,000, from 78,000
    / 1.005 = 77,611.9 on: at 70,000 it is not looked at."""
    book = (
        "markets: {X: {liquidity: none}}\naccounts:\n"
        "  - {id: a, side: long, size: 1, entry: 60_000, leverage: 10}\n"
        "  - id: b\n    balance: 12_000\n"
        "    positions: [{side: short, size: 2, entry: 60_000, margin: cross}]\n"
    )
    assert counted(book, "[60_000, 53_000, 70_000]", tmp_path) == counted(
        book, "[60_000, 53_000, 55_000]", tmp_path
    )
    assert counted(book, "[60_000, 53_000, 78_000]", tmp_path) > counted(
        book, "[60_000, 53_000, 55_000]", tmp_path
    )
