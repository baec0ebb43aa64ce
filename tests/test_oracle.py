"""The oracle against examples worked by hand: it must be right before anything is held to it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from books import account, d, random_scenario, scenario
from oracle import Oracle, UnspecifiedError, run_oracle

from adlcalc.engine.model import (
    LONG,
    SHORT,
    Account,
    Contract,
    Fund,
    Liquidity,
    Maintenance,
    Market,
    Path,
    Position,
    Scenario,
    Tier,
)


def F(x: Any) -> Fraction:  # noqa: N802  (short, as D is in the engine)
    return Fraction(str(x))


def equity(result: dict[str, Any]) -> dict[str, Fraction]:
    return {row["account"]: row["equity_end"] for row in result["accounts"]}


def adl(result: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [(row["account"], row["size"], row["price"]) for row in result["deleveraged"]]


def test_the_fund_covers_half_and_one_short_is_deleveraged() -> None:
    carol = Account("carol", (Position("M", SHORT, d(1), d(61_000)),), d(10_000))
    book = [account("alice", 2, 60_000, 12_000), account("bob", -2, 60_000, 12_000), carol]
    result = run_oracle(scenario(book, [60_000, 56_000, 53_000], 1_000))
    (claim,) = result["liquidations"]
    assert (claim["account"], claim["step"], claim["bankruptcy_price"]) == ("alice", 2, 54_000)
    assert (claim["book_size"], claim["shortfall"], claim["deleveraged_size"]) == (1, 1_000, 1)
    (fill,) = result["deleveraged"]
    assert (fill["account"], fill["size"], fill["price"]) == ("bob", 1, 54_000)
    assert (fill["realized_pnl"], fill["forgone_pnl"], fill["rank"]) == (6_000, 1_000, 1)
    assert round(fill["score"], 3) == F("0.476")
    assert result["funds"] == {"fund": 0}
    assert equity(result) == {"alice": 0, "bob": 12_000 + 6_000 + 7_000, "carol": 18_000}
    assert result["bad_debt"] == 0


@pytest.mark.parametrize(("mark", "opening", "closing"), [("99.25", 0, "0.25"), ("98.75", "0.25", 0)])
def test_the_fund_gets_the_surplus_and_pays_the_shortfall(mark: str, opening: Any, closing: Any) -> None:
    """A long from 100 with bankruptcy price 99, sold a quarter above it and a quarter below it."""
    result = run_oracle(scenario([account("a", 1, 100, 1), account("b", -1, 100, 50)], [100, mark], opening))
    assert result["liquidations"][0]["bankruptcy_price"] == 99
    assert result["funds"]["fund"] == F(closing)
    assert result["deleveraged"] == []


def test_a_risk_step_holds_for_the_whole_position() -> None:
    steps = Maintenance((Tier(d(0), d("0.004")), Tier(d(200), d("0.008"))), by="entry-value")
    for coins, money in ((180, "0.72"), (199, "0.796"), (200, "1.6"), (300, "2.4")):
        book = scenario(
            [account("a", 1_000 * coins, 1_000, 50)], [1_000], contract=Contract("inverse"), maintenance=steps
        )
        oracle = Oracle(book)
        oracle.step = 0
        assert oracle.maintenance(oracle.all_holdings()[0]) == F(money)


def test_the_pnl_of_an_inverse_contract() -> None:
    book = [account("a", 1_000, 1_000, 1), account("b", -1_000, 1_000, 1)]
    result = run_oracle(scenario(book, [1_000, 1_250], contract=Contract("inverse")))
    assert equity(result) == {"a": F("1.2"), "b": F("0.8")}


def test_without_a_fund_the_winner_gets_what_the_loser_had() -> None:
    """4 of margin each: at 110 the loser's 4 are all there is, 6 are missing."""
    result = run_oracle(scenario([account("a", 1, 100, 4), account("b", -1, 100, 4)], [100, 110]))
    assert adl(result) == [("a", 1, 104)]
    assert result["deleveraged"][0]["forgone_pnl"] == 6
    assert equity(result) == {"a": 8, "b": 0}


def test_an_isolated_position_loses_its_margin_only() -> None:
    book = [
        account("isolated", 1, 100, 4, 10),
        account("cross", 1, 100, None, 14),
        account("other", -2, 100, 50),
    ]
    result = run_oracle(scenario(book, [100, 94]))
    assert adl(result) == [("other", 1, 96)]
    assert equity(result) == {"isolated": 10, "cross": 8, "other": 60}


# account -> entry, size, margin, pnl% x leverage at the mark 100
SHORTS = {
    "A": (110, 10, 110),
    "B": (105, 50, "262.5"),
    "C": (130, 5, 325),
    "D": (98, 20, 196),
    "E": (104, 100, 2600),
}


def test_the_queue_of_five_shorts() -> None:
    book = [account(name, -size, entry, margin) for name, (entry, size, margin) in SHORTS.items()]
    result = run_oracle(scenario([*book, account("long", 165, 111, 1650)], [100], liquidity=0))
    rows = result["deleveraged"]
    assert [r["account"] for r in rows] == ["B", "A", "C", "E"]
    assert [round(float(r["score"]), 6) for r in rows] == [0.464576, 0.4329, 0.242915, 0.128205]
    assert [(r["rank"], r["size"]) for r in rows] == [(1, 50), (2, 10), (3, 5), (4, 100)]
    assert [r["forgone_pnl"] for r in rows] == [50, 10, 5, 100]
    assert result["funds"] == {"fund": 0}


def test_closing_at_the_bankruptcy_price_costs_the_fund_nothing() -> None:
    book = [account(name, -size, entry, margin) for name, (entry, size, margin) in SHORTS.items()]
    result = run_oracle(scenario([*book, account("long", 55, 111, 550)], [100], liquidity=0))
    assert adl(result) == [("B", 50, 101), ("A", 5, 101)]
    assert sum(r["forgone_pnl"] for r in result["deleveraged"]) == 55
    a = next(r for r in result["accounts"] if r["account"] == "A")
    # half of A is closed: 55 of collateral and 5 x 9 of pnl are free, the other half keeps 55 and is worth 50
    # more
    assert (a["balance"], a["positions"][0]["collateral"], a["equity_end"]) == (100, 55, 205)


SHORT_E = account("E", -1, 1, "0.10101010")


def test_a_fund_that_pays_for_the_impact_of_the_whole_position() -> None:
    """Bought back at 1.05 + 1/2 = 1.55 on average, 0.4489899 beyond the bankruptcy price 1.1010101."""
    thin = Liquidity("impact", impact=d(1))
    result = run_oracle(scenario([SHORT_E], [1, "1.05"], "0.5", rate="0.1", liquidity=thin))
    (fill,) = result["book"]
    assert (fill["size"], fill["price"], fill["result"]) == (1, F("1.55"), F("-0.4489899"))
    assert result["funds"]["fund"] == F("0.0510101")


def test_a_fund_that_ends_within_the_impact() -> None:
    """q x (q/2 - 0.0510101) = 0.1 at q = 0.5011234...; the mark is still better than bankruptcy, so the venue
    holds the rest."""
    thin = Liquidity("impact", impact=d(1))
    result = run_oracle(scenario([SHORT_E], [1, "1.05"], "0.1", rate="0.1", liquidity=thin))
    (claim,) = result["liquidations"]
    assert F("0.501123") < claim["book_size"] < F("0.501124")
    assert 0 <= result["funds"]["fund"] < F("0.00000001")
    assert result["held"][0]["size"] == 1 - claim["book_size"]
    assert result["bad_debt"] == 0


@pytest.mark.parametrize(
    ("mark", "size", "loser", "winner", "cash"),
    [("49.999999", 5, LONG, SHORT, 1_250), ("49.999999", 10, LONG, SHORT, 1_000),
     ("150.000001", 5, SHORT, LONG, 250), ("150.000001", 10, SHORT, LONG, 1_000)],
)  # fmt: skip
def test_closing_at_the_proportional_price(mark: str, size: int, loser: int, winner: int, cash: int) -> None:
    """Entry 100, 10 contracts with 500 each, no maintenance: the price is 50 (150); the winner's cash is as
    published."""
    book = [account("loser", loser * size, 100, 50 * size), account("winner", winner * 10, 100, 500)]
    result = run_oracle(scenario(book, [100, mark], rate=0, due="below"))
    assert adl(result) == [("winner", size, 50 if loser == LONG else 150)]
    rows = {r["account"]: r for r in result["accounts"]}
    assert rows["loser"]["equity_end"] == 0
    got = rows["winner"]["balance"] + sum(p["collateral"] - p["cost"] for p in rows["winner"]["positions"])
    assert got == cash


@pytest.mark.parametrize("mark", [50, 150])
def test_equity_of_exactly_zero_is_not_below(mark: int) -> None:
    book = [account("long", 10, 100, 500), account("short", -10, 100, 500)]
    assert run_oracle(scenario(book, [100, mark], rate=0, due="below"))["liquidations"] == []
    assert len(run_oracle(scenario(book, [100, mark], rate=0))["liquidations"]) == 1


def test_funding_moves_margin_and_with_it_the_bankruptcy_price() -> None:
    """Longs pay a third, then 0.44, of the notional: D is due at step 1, though its price rose, B at step
    2."""
    third = "0.333333333333333333333333"
    book = [account("A", 1, 1, 2), account("B", 1, 1, "0.66666667"), account("C", -4, 1, "2.66666667"),
            account("D", 1, 1, "0.10526316"), account("E", -1, 1, "0.10101010")]  # fmt: skip
    result = run_oracle(scenario(book, [1, "1.4", "1.3"], 10, rate="0.1", funding={1: third, 2: "0.44"}))
    due = [(r["step"], r["account"]) for r in result["liquidations"]]
    assert due == [(1, "D"), (2, "B")]
    assert [round(float(r["equity"]), 6) for r in result["liquidations"]] == [0.038596, -0.072]
    assert [round(float(r["bankruptcy_price"]), 6) for r in result["liquidations"]] == [1.361404, 1.372]
    ends = {name: round(float(money), 6) for name, money in equity(result).items()}
    assert ends == {"A": 1.261333, "B": 0, "C": 5.621333, "D": 0, "E": 0.839677}


def test_a_counterparty_that_the_fill_would_bankrupt_is_skipped() -> None:
    """b won 1 of pnl on 98, but at 104 it would lose 5 of its 2."""
    book = [account("a", 1, 106, 2), account("b", -1, 100, 1), account("c", -1, 110, 11)]
    result = run_oracle(scenario(book, [99], liquidity=0))
    assert [(r["account"], r["rank"], r["equity_after"]) for r in result["skipped"]] == [("b", 1, -3)]
    assert adl(result) == [("c", 1, 104)]


def two_markets(accounts: list[Account], marks: dict[str, list[int]], **funds: int) -> Scenario:
    markets = tuple(Market(m, liquidity=Liquidity("levels"), fund=m if funds else "fund") for m in marks)
    path = Path({m: tuple(d(x) for x in xs) for m, xs in marks.items()})
    return Scenario(
        markets, tuple(accounts), path, tuple(Fund(m, d(x)) for m, x in funds.items()) or (Fund("fund"),)
    )


def test_an_adl_fill_pushes_a_cross_account_under_maintenance() -> None:
    """c's short of A is closed at 96 for a loss against the mark of 16; its long of B no longer has enough
    behind it."""
    c = Account("c", (Position("A", SHORT, d(1), d(100)), Position("B", LONG, d(1), d(100))), d(6))
    book = [account("a", 1, 100, 4, market="A"), c, account("b", -1, 100, 50, market="B")]
    result = run_oracle(two_markets(book, {"A": [100, 80], "B": [100, 90]}))
    # before: 6 + 20 - 10 = 16; after the fill at 96: 6 + 4 - 10 = 0, at or below 0.45
    assert adl(result) == [("c", 1, 96), ("b", 1, 90)]
    assert [(r["account"], r["market"], r["step"]) for r in result["liquidations"]] == [
        ("a", "A", 1),
        ("c", "B", 1),
    ]
    assert equity(result) == {"a": 0, "c": 0, "b": 60}


def test_a_cross_account_shares_its_equity_by_maintenance() -> None:
    """Equity 10 + 20 - 32 = -2, shared as 120 to 68: both bankruptcy prices lie above the marks."""
    c = Account("c", (Position("A", LONG, d(1), d(100)), Position("B", LONG, d(1), d(100))), d(10))
    result = run_oracle(two_markets([c], {"A": [100, 120], "B": [100, 68]}))
    shares = [F(-2) * 120 / 188, F(-2) * 68 / 188]
    prices = [r["bankruptcy_price"] for r in result["liquidations"]]
    assert all(0 <= p - (m - s) < F("0.00000001") for p, m, s in zip(prices, [120, 68], shares, strict=True))
    # nobody takes them: the venue holds both, and its loss is the account's but for the tick
    assert F(2) <= result["bad_debt"] < F("2.0000001")


def test_two_bankrupts_on_opposite_sides_cannot_take_each_other() -> None:
    book = [account("x", 1, 120, 10), account("y", -1, 80, 10), account("w", -1, 120, 60)]
    result = run_oracle(scenario(book, [100], liquidity=0))
    assert [r["account"] for r in result["liquidations"]] == ["x", "y"]
    assert adl(result) == [("w", 1, 110)]
    assert result["held"][0]["size"] == 1
    assert result["bad_debt"] == 10


def test_a_queue_too_short_ends_in_bad_debt() -> None:
    """3 contracts, bankruptcy price 95, mark 90: one is deleveraged, one sold at 90 less 2, one stays."""
    book = [account("a", 3, 100, 15), account("b", -1, 100, 50)]
    deep = Liquidity("levels", ((d(2), d(1)),))
    result = run_oracle(scenario(book, [90], liquidity=deep))
    assert adl(result) == [("b", 1, 95)]
    assert [(r["size"], r["price"], r["result"]) for r in result["book"]] == [(1, 88, -7)]
    assert [(r["size"], r["unrealized_pnl"]) for r in result["held"]] == [(1, -5)]
    assert result["bad_debt"] == 12


def test_what_the_venue_holds_is_worked_at_later_steps() -> None:
    """Due at 96 with bankruptcy price 95.6; one contract a step at the mark; deleveraged once the mark is
    beyond."""
    book = [account("a", 3, 100, "13.2"), account("b", -3, 100, 100)]
    result = run_oracle(scenario(book, [96, "95.8", "95.5"], liquidity=1))
    assert [(r["step"], r["size"]) for r in result["book"]] == [(0, 1), (1, 1), (2, 1)]
    assert [r["result"] for r in result["book"]] == [F("0.4"), F("0.2"), F("-0.1")]
    assert result["deleveraged"] == []  # the fund's 0.6 pays the last tenth
    assert result["funds"]["fund"] == F("0.5")


def test_equity_exactly_at_maintenance_is_due() -> None:
    book = [account("a", 1, 100, "6.45"), account("b", -1, 100, 50)]
    assert run_oracle(scenario(book, [94]))["liquidations"] != []
    at = [account("a", 1, 100, "6.47"), account("b", -1, 100, 50)]
    assert len(run_oracle(scenario(at, [94]))["liquidations"]) == 1
    above = [account("a", 1, 100, "6.47000001"), account("b", -1, 100, 50)]
    assert run_oracle(scenario(above, [94]))["liquidations"] == []


@pytest.mark.slow
def test_the_oracle_loses_neither_money_nor_contracts() -> None:
    """It checks both after every step itself; random books only have to get through."""
    unspecified = 0
    for seed in range(200):
        try:
            run_oracle(random_scenario(seed, inverse=seed % 3 == 1, funding=seed % 5 == 2))
        except UnspecifiedError:
            unspecified += 1
    assert unspecified < 10
