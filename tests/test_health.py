"""Liquidation prices of positions that are still open, held to exact evaluation; how they are shown; how few
are worked out."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from books import account, d, in_cents, random_scenario
from books import scenario as book_of
from conftest import Result
from rules import under_venue, with_rules

from adlcalc.asking import margins
from adlcalc.engine.events import AccountEnded, AccountState, Liquidated, PositionState
from adlcalc.engine.formulas.health import Leg, liquidation_mark, safe_marks
from adlcalc.engine.formulas.margin import lines_of
from adlcalc.engine.loop import run
from adlcalc.engine.model import Account, Contract, Kind, Position, Scenario
from adlcalc.engine.model import Path as MarketPath
from adlcalc.engine.rules import DueWhen
from adlcalc.ground.numbers import exact
from adlcalc.report import Run
from adlcalc.scenario import load
from adlcalc.study.health import Health, OpenPosition
from adlcalc.study.watch import Watch
from adlcalc.venues.files import shipped
from tests.bench.books import cross_book, isolated_book

pytestmark = pytest.mark.slow

Command = Callable[..., Result]


# --- by exact evaluation ------------------------------------------------------------------------------------


def spare_at(scenario: Scenario, state: AccountState, of: PositionState, mark: Fraction) -> Fraction:
    """Equity less maintenance margin of a position's unit at a mark of its market, the others held; values
    unrounded there."""
    own = [one for one in state.positions if one.collateral is None] if of.collateral is None else [of]
    spare = Fraction(state.balance if of.collateral is None else of.collateral)
    markets = {market.name: market for market in scenario.markets}
    for one in own:
        market = markets[one.market]
        if one.market == of.market:
            m, size = Fraction(market.contract.multiplier), one.side * Fraction(one.size)
            value = size * m * mark if market.contract.kind == Kind.LINEAR else -size * m / mark
        else:
            value = Fraction(one.cost + one.unrealized_pnl)
        with exact():
            isolated = of.collateral is not None
            lines = lines_of(market.maintenance, one.size, one.cost, isolated=isolated)
        needed = max(Fraction(rate) * abs(value) - Fraction(less) for rate, less in lines)
        spare += value - Fraction(one.cost) + Fraction(one.pending) - needed
    return spare


def faults(
    scenario: Scenario, state: AccountState, told: OpenPosition, position: PositionState
) -> Iterator[str]:
    """Where the told price is not the one: each tick on its safe side is safe, the first beyond it is not."""
    tick = Fraction({market.name: market.tick for market in scenario.markets}[told.market])
    name = f"{told.account} {told.market} {told.side} told {told.liquidation_price}"

    def spare(mark: Fraction) -> Fraction:
        return spare_at(scenario, state, position, mark)

    mark = Fraction(told.mark)
    if told.liquidation_price is None:
        # no mark on the losing side is due unless none at all is safe
        losing = (
            [mark * Fraction(n, 64) for n in range(8, 65, 8)]
            if told.side > 0
            else [mark * n for n in (1, 2, 5, 50, 10**6)]
        )
        if spare(mark) > 0 and any(spare(x) < 0 for x in losing):
            yield f"{name}: none is told, but one is due"
        return
    price, side = Fraction(told.liquidation_price), told.side
    if spare(price) < 0 or price % tick:
        yield f"{name}: due at its own price"
    if price - side * tick > 0 and spare(price - side * tick) >= 0:
        yield f"{name}: the tick beyond it is not due"
    if spare(mark) > 0:  # not due where it stands: nor is any tick between there and the price
        between = [price + (mark - price) * Fraction(n, 4) for n in range(1, 5)]
        if any(spare(x) < 0 for x in (price + side * tick, *between)) and (mark - price) * side > tick:
            yield f"{name}: a mark on its safe side is due"
        if (price - mark) * side >= tick:  # a mark between two ticks may stand between the end and its tick
            yield f"{name}: not due at {told.mark}, which lies beyond it"


@pytest.mark.parametrize(("cash", "safe"), [("10", None), ("10.01", (None, None))])
@pytest.mark.parametrize("kind", [Kind.LINEAR, Kind.INVERSE])
def test_a_hedge_that_no_mark_moves_is_safe_everywhere_or_nowhere(
    kind: Kind, cash: str, safe: tuple[None, None] | None
) -> None:
    """A long and a short of one size, no maintenance margin but a fixed one of 10: with 10 it is due, as
    everybody at maintenance is, whatever the mark; with more, at none."""
    legs = [Leg(d(size), ((d(0), d(-5)),)) for size in (3, -3)]
    assert safe_marks(Contract(kind), legs, d(cash)) == safe


@pytest.mark.parametrize(
    ("size", "cash", "mark"), [("2", "-180", "100"), ("-2", "220", "100"), ("-2", "0", None)]
)
def test_the_mark_of_a_liquidation_is_on_the_losing_side(size: str, cash: str, mark: str | None) -> None:
    """2 x 100 - 180 = 20 = 0.1 x 200; 220 - 2 x 100 = 20 as well; a short with nothing is safe at no mark."""
    legs = [Leg(d(size), ((d("0.1"), d(0)),))]
    found = liquidation_mark(Contract(Kind.LINEAR), legs, d(cash), 1 if legs[0].signed_size > 0 else -1)
    assert found == (None if mark is None else d(mark))


class Looked(Watch):
    """Everybody at every step."""

    def __init__(self, scenario: Scenario) -> None:
        super().__init__([one.id for one in scenario.accounts])


def held_to_evaluation(scenario: Scenario) -> int:
    """Holds every position of every moment to it; how many there were."""
    looked, health, count = Looked(scenario), Health(scenario), 0
    for _ in run(scenario, observer=looked):
        pass
    for moment in looked.moments:
        with exact():
            found = health.of(moment.state)
        for told, position in zip(found, moment.state.positions, strict=True):
            assert list(faults(scenario, moment.state, told, position)) == []
            count += told.liquidation_price is not None
    return count


@pytest.mark.parametrize("kind", ["linear", "inverse", "cents", "funding"])
def test_random_books(kind: str) -> None:
    count = 0
    for seed in range(20):
        one = random_scenario(seed, inverse=kind == "inverse", funding=kind == "funding")
        count += held_to_evaluation(in_cents(one) if kind == "cents" else one)
    assert count > 200


@pytest.mark.parametrize("venue", shipped())
def test_random_books_under_every_rulebook(venue: str) -> None:
    count = 0
    for seed in range(3):
        rng = random.Random(f"health {venue} {seed}")
        count += held_to_evaluation(
            under_venue(random_scenario(seed, inverse=seed % 2 == 0, funding=seed % 4 == 0), venue, rng)
        )
    assert count


def test_random_books_under_random_rules() -> None:
    for seed in range(20):
        held_to_evaluation(with_rules(random_scenario(seed, inverse=seed % 2 == 0), seed))


@pytest.mark.parametrize("due", list(DueWhen))
@pytest.mark.parametrize("inverse", [False, True])
def test_the_run_liquidates_beyond_the_told_price_and_not_before(due: DueWhen, inverse: bool) -> None:
    """At the tick before the told price nobody of the unit is liquidated; at the first beyond it the unit
    is."""
    tried = 0
    for seed in range(40):
        rng = random.Random(f"to the tick {seed}")
        book = _hedged(rng, inverse, due)
        state = next(state for state in _end(book) if state.account == "me")
        with exact():
            told = [
                one for one in Health(book).of(state) if one.liquidation_price is not None and not one.due
            ]
        for one in told:
            assert one.liquidation_price is not None
            tick = book.markets[0].tick
            for beyond in (False, True):
                mark = one.liquidation_price - (one.side if beyond else -one.side) * tick
                events = [*run(replace(book, path=MarketPath({"M": (d(100), mark)})))]
                liquidated = any(isinstance(event, Liquidated) and event.account == "me" for event in events)
                assert liquidated == beyond, (seed, one, mark)
                prices = {
                    (e.side, e.liquidation_price)
                    for e in events
                    if isinstance(e, Liquidated) and e.account == "me"
                }
                assert not beyond or (one.side, one.liquidation_price) in prices  # the row says the same
                tried += 1
    assert tried > 40


def _hedged(rng: random.Random, inverse: bool, due: DueWhen) -> Scenario:
    """An account that is long and short in one market whose ticks the money unit tells apart."""
    contract = Contract(Kind.INVERSE if inverse else Kind.LINEAR, d(100 if inverse else 1))
    book = book_of([], [100], rate="0.01", tick=d("0.01"), lot=d(1), contract=contract, due=due)
    long, short = rng.randint(0, 30), rng.randint(0, 30)
    positions = [
        Position("M", side, d(size), d(rng.choice([90, 95, 100, 104])))
        for side, size in ((1, long), (-1, short))
        if size
    ]
    balance = d(rng.randint(1, 60)) if inverse else d(rng.randint(100, 1500))
    accounts = (Account("me", tuple(positions or [Position("M", 1, d(5), d(100))]), balance),)
    return replace(book, accounts=accounts)


def _end(scenario: Scenario) -> list[AccountState]:
    return [event.state for event in run(scenario) if isinstance(event, AccountEnded)]


# --- the screen ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["linear", "inverse", "cents", "funding", "venues", "rules"])
def test_the_screen_finds_the_nearest(kind: str) -> None:
    """Whatever the limit, the rows are the first of all rows."""
    for seed in range(20):
        one = random_scenario(
            seed, inverse=kind == "inverse" or (kind == "venues" and seed % 2 == 0), funding=kind == "funding"
        )
        if kind == "cents":
            one = in_cents(one)
        elif kind == "venues":
            one = under_venue(one, shipped()[seed % len(shipped())], random.Random(seed))
        elif kind == "rules":
            one = with_rules(one, seed)
        states = _end(one)
        every, count = Health(one).nearest(states)
        assert len(every) == count
        away = [x.distance for x in every if x.distance is not None]
        assert away == sorted(away)
        for limit in (1, 2, 3, 7):
            assert Health(one).nearest(states, limit) == (every[:limit], count)


@pytest.mark.parametrize("book", [isolated_book, cross_book])
def test_a_long_book_has_few_prices_worked_out(book: Callable[..., Scenario]) -> None:
    one = book(accounts=3_000, steps=2)
    health = Health(one)
    found, count = health.nearest(_end(one), 50)
    assert len(found) == 50
    assert count > 2_500
    assert health.worked_out < 0.3 * count
    assert found == Health(one).nearest(_end(one))[0][:50]


# --- what is shown ------------------------------------------------------------------------------------------

HEDGED = """\
venue: binance
markets: {BTCUSDT: {maintenance: 0.004}}
accounts:
  - id: me
    margin: cross
    balance: 5_000
    positions:
      - {market: BTCUSDT, side: long, size: 1, entry: 60_000}
      - {market: BTCUSDT, side: short, size: 0.4, entry: 62_000}
prices: [60_000, %s]
"""
"""5000 + (P - 60000) + 0.4 (62000 - P) = 0.004 (1 + 0.4) P -> P = 30200 / 0.5944 = 50,807.537..."""


def test_the_hedged_account_is_told_one_price_whatever_the_path(adlcalc: Command, tmp_path: Path) -> None:
    file = tmp_path / "hedged.yaml"
    for last in ("60_000", "55_000", "50_808"):
        file.write_text(HEDGED % last, encoding="utf-8")
        rows = json.loads(adlcalc("run", str(file), "--json").out)["accounts"][0]["positions"]
        assert [row["liquidation_price"] for row in rows] == ["50807.53701212", None]
    for last in ("50_807", "45_000", "30_000"):
        file.write_text(HEDGED % last, encoding="utf-8")
        rows = json.loads(adlcalc("run", str(file), "--json").out)["liquidations"]
        assert [row["liquidation_price"] for row in rows] == ["50807.53701212", None]


def test_a_unit_that_is_due_is_no_distance_away(adlcalc: Command, tmp_path: Path) -> None:
    """At 45,000 the long has lost 15,000 and the short won 6,800 on a balance of 5,000: equity -3,200."""
    file = tmp_path / "due.yaml"
    file.write_text(HEDGED % "45_000", encoding="utf-8")
    rows = json.loads(adlcalc("margin", str(file), "--step", "1", "--json").out)["positions"]
    assert [(row["equity"], row["margin_ratio"], row["distance"], row["due"]) for row in rows] == [
        ("-3200", "inf", "0", True),
        ("-3200", "inf", "0", True),
    ]
    assert "1 margin unit is due at these marks" in adlcalc("margin", str(file), "--step", "1").out


def test_what_the_engine_keeps_has_no_margin(adlcalc: Command) -> None:
    file = "scenarios/05-fund-empty-adl.yaml"
    accounts = json.loads(adlcalc("run", file, "--json").out)["accounts"]
    rest = next(one for one in accounts if one["account"] == "rest of market")
    assert rest["positions"][0]["margin_ratio"] is None
    table = adlcalc("run", file).out.partition("Open positions")[2].partition("Audit")[0]
    assert "carol" in table
    assert "rest of market" not in table


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--account", "hedgr"), "there is no account 'hedgr' in the scenario\nhint: did you mean 'hedger'?"),
        (("--step", "9"), "there is no step '9': the steps are 0 to 2, or last"),
    ],
)
def test_margin_refuses_what_is_not_there(adlcalc: Command, arguments: tuple[str, ...], says: str) -> None:
    got = adlcalc("margin", "scenarios/09-hedged-account.yaml", *arguments)
    assert (got.out, got.code) == ("", 2)
    assert says in got.err


def test_margin_is_the_same_as_the_run_where_nothing_happens(adlcalc: Command, tmp_path: Path) -> None:
    file = tmp_path / "calm.yaml"
    file.write_text(HEDGED % "55_000", encoding="utf-8")
    of_run = json.loads(adlcalc("run", str(file), "--json").out)["accounts"][0]["positions"]
    of_margin = json.loads(adlcalc("margin", str(file), "--step", "last", "--json").out)["positions"]
    assert [{key: row[key] for key in of_run[0]} for row in of_margin] == of_run


def test_a_run_made_by_hand_tells_it_too() -> None:
    one = book_of([account("a", 10, 100, 100), account("b", -10, 100, 500)], [100, 99])
    ran = Run(one, run(one))
    held = [position for state in ran.accounts for position in ran.positions_of(state)]
    # 100 + 10 (P - 100) = 0.005 x 10 P -> P = 900 / 9.95; 500 + 10 (100 - P) = 0.05 P -> P = 1500 / 10.05
    assert [one.liquidation_price for one in held] == [Decimal("90.45226131"), Decimal("149.25373134")]


@pytest.mark.parametrize("due", ["at-or-below", "below"])
@pytest.mark.parametrize("rounding", ["against-account", "down", "up", "nearest"])
@pytest.mark.parametrize("contract", ["linear", "inverse"])
def test_whether_a_position_is_due_at_its_price_itself_is_told_as_the_engine_has_it(
    tmp_path: Path, due: str, rounding: str, contract: str
) -> None:
    """With the mark at the price that is told each position is due or not, as it says: 100 + 10 (P - 100) =
    0.005 x 10 P is no tick, 25 + 2 (P - 20) = 0.0625 x 2 P is exactly 8."""
    file = tmp_path / "s.yaml"
    file.write_text(
        f"markets: {{X: {{contract: {contract}, tick: 0.01, maintenance: 0.0625}}}}\n"
        f"rules: {{margin: {{due: {due}}}, contract: {{liquidation_price: {rounding}}}}}\n"
        "accounts:\n"
        "  - {id: a, side: long, size: 2, entry: 20, collateral: 25}\n"
        "  - {id: b, side: long, size: 10, entry: 100, collateral: 100}\n"
        "  - {id: c, side: short, size: 7, entry: 30, collateral: 55}\n"
        "  - {id: e, side: short, size: 3, entry: 21, leverage: 3}\n"
        "prices: [20]\n",
        encoding="utf-8",
    )
    told = [one for one in margins(load(file)).positions if one.liquidation_price is not None]
    assert told
    for one in told:
        there = margins(load(file, sets=[f"prices=[{one.liquidation_price}]"]), accounts=[one.account])
        assert there.positions[0].due is one.due_there, one


@pytest.mark.parametrize(
    ("due", "told"),
    [
        ("at-or-below", "is due; a tick before it is not."),
        ("below", "is not due yet; a tick beyond it is."),
    ],
)
def test_the_price_itself_is_told_by_the_rule(adlcalc: Command, tmp_path: Path, due: str, told: str) -> None:
    """25 + 2 (P - 20) = 0.0625 x 2 P at P = 8 exactly: due at or below, and not yet where it must be
    below."""
    file = tmp_path / "s.yaml"
    file.write_text(
        f"rules: {{margin: {{due: {due}, maintenance: 0.0625}}}}\n"
        "accounts: [{id: a, side: long, size: 2, entry: 20, collateral: 25}]\nprices: [22]\n",
        encoding="utf-8",
    )
    for command in ("margin", "rank"):
        said = " ".join(adlcalc(command, str(file)).out.split())
        assert f"At its liquidation price itself a position {told}" in said, command
    said = " ".join(adlcalc("explain", str(file), "a").out.split())
    words = "at a mark of 8 or below" if due == "at-or-below" else "at marks below 8, not at 8 itself"
    assert f"long 2 is due for liquidation {words}" in said
