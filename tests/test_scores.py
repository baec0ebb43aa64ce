"""Scores: a published-formula table of five shorts, and what tells the formulas apart."""

from __future__ import annotations

import pickle
from decimal import Decimal

import pytest

from adlcalc.engine.books.ledger import Ledger
from adlcalc.engine.formulas.scores import INFINITE, SCORES, Inputs
from adlcalc.engine.model import Account, Market, Path, Position, Scenario
from adlcalc.engine.queue.queue import inputs_of
from adlcalc.ground.numbers import ONE, ZERO, D, divide, exact
from adlcalc.venues.expression import score_of

# shorts of one linear market at mark 100, maintenance 0.5 %: entry, size, margin
BOOK = {
    "A": ("110", "10", "110"),
    "B": ("105", "50", "262.5"),
    "C": ("130", "5", "325"),
    "D": ("98", "20", "196"),
    "E": ("104", "100", "2600"),
}

# the venues' formulas worked out for that book, to six decimals
TABLE = {
    "bitmex": ("0.432900", "0.464576", "0.242915", "-0.001592", "0.128205"),
    "kucoin": ("0.432900", "0.464576", "0.242915", "-0.001592", "0.128205"),
    "bybit": ("0.432900", "0.464576", "0.242915", "-0.001592", "0.128205"),
    "generic": ("0.432900", "0.464576", "0.242915", "-0.001592", "0.128205"),
    "binance": ("0.476190", "0.487805", "0.315789", "-0.001560", "0.133333"),
    "binance-2019": ("0.021645", "0.046458", "0.002429", "0", "0.002564"),
    "bitget": ("0.002165", "0.002323", "0.001215", "-0.318367", "0.000641"),
    "pnl-percent": ("0.090909", "0.047619", "0.230769", "-0.020408", "0.038462"),
    # pnl over margin: 100/110, 250/262.5, 150/325, -40/196, 400/2600
    "roe": ("0.909091", "0.952381", "0.461538", "-0.204082", "0.153846"),
    # ... x 1000/210, 5000/512.5, 500/475, divided by 2000/156, x 10000/3000
    "okx": ("4.329004", "9.291521", "0.485830", "-0.015918", "0.512821"),
    # ... x 5/210, 25/512.5, 2.5/475, divided by 10/156, x 50/3000
    "okx-old": ("0.021645", "0.046458", "0.002429", "-3.183673", "0.002564"),
    "htx": ("0.021645", "0.046458", "0.002429", "-3.183673", "0.002564"),
    "gate": ("0.002165", "0.002323", "0.001215", "-0.318367", "0.000641"),
    # 100/110 x 1000/210, ...; and 110/100 x 1000/210, ...
    "hyperliquid": ("4.329004", "9.291521", "0.809717", "13.082156", "3.205128"),
    "hyperliquid-directional": ("5.238095", "10.243902", "1.368421", "12.564103", "3.466667"),
    "entry-price": ("110", "105", "130", "98", "104"),
    "size": ("10", "50", "5", "20", "100"),
}


def inputs(accounts: tuple[Account, ...]) -> dict[str, list[Inputs]]:
    """The inputs of every position, by account."""
    with exact():
        ledger = Ledger(Scenario((Market("M"), Market("N")), accounts, Path({})))
        for book in ledger.markets.values():
            book.mark = D(100)
        return {holder.id: [inputs_of(holding) for holding in holder.holdings] for holder in ledger.holders}


def of_book() -> dict[str, Inputs]:
    accounts = (
        Account(name, (Position("M", -1, D(size), D(entry), D(margin)),))
        for name, (entry, size, margin) in BOOK.items()
    )
    return {name: found[0] for name, found in inputs(tuple(accounts)).items()}


def test_every_score_is_in_the_table() -> None:
    assert SCORES.keys() == TABLE.keys()


@pytest.mark.parametrize("name", SCORES)
def test_score_of_five_shorts(name: str) -> None:
    found = of_book()
    with exact():
        got = [SCORES[name](found[account]) for account in BOOK]
    assert [abs(x - D(wanted)) <= D("0.0000005") for x, wanted in zip(got, TABLE[name], strict=True)] == [
        True
    ] * 5


@pytest.mark.parametrize("name", ["bitmex", "kucoin", "binance", "bitget"])
def test_four_venues_rank_this_book_alike(name: str) -> None:
    found = of_book()
    with exact():
        assert sorted(BOOK, key=lambda account: -SCORES[name](found[account])) == ["B", "A", "C", "E", "D"]


def test_cross_position_has_the_account_behind_it() -> None:
    account = Account("x", (Position("M", -1, D(10), D(110)), Position("N", 1, D(30), D(100))), D(500))
    first, second = inputs((account,))["x"]
    assert first.equity == second.equity == D(600)
    assert first.exposure == D(4000)
    assert (first.notional, second.notional) == (D(1000), D(3000))
    assert first.maintenance == D(20)
    assert first.balance == D(500)
    with exact():
        assert SCORES["generic"](first) == divide(D(100 * 4000), D(1100 * 600))  # all its notional
        assert SCORES["bitmex"](first) == divide(D(100 * 1000), D(1100 * 600))  # the position's own


def test_initial_margin_goes_by_the_chosen_leverage() -> None:
    chosen = Account("a", (Position("M", 1, D(10), D(90), leverage=D(9)),), D(500))
    none = Account("b", (Position("M", 1, D(10), D(90)),), D(500))
    found = inputs((chosen, none))
    assert found["a"][0].initial_margin == 100
    assert found["b"][0].initial_margin == 900


def test_literal_hyperliquid_ranks_the_less_profitable_short_first_and_the_directional_reading_does_not() -> (
    None
):
    poor = Inputs(D(10), D(1010), D(1000), D(200), D(1000), side=-1, entry=D(101), mark=D(100))
    rich = poor._replace(pnl=D(200), entry_value=D(1200), entry=D(120))
    with exact():
        assert SCORES["hyperliquid"](poor) > SCORES["hyperliquid"](rich)
        assert SCORES["hyperliquid-directional"](poor) < SCORES["hyperliquid-directional"](rich)
        long = poor._replace(side=1)
        assert SCORES["hyperliquid"](long) == SCORES["hyperliquid-directional"](long)


def test_entry_price_takes_the_best_entry_of_each_side_first() -> None:
    x = Inputs(ONE, ONE, ONE, ONE, ONE, entry=D(90))
    y = x._replace(entry=D(110))
    assert SCORES["entry-price"](x) > SCORES["entry-price"](y)
    assert SCORES["entry-price"](x._replace(side=-1)) < SCORES["entry-price"](y._replace(side=-1))


@pytest.mark.parametrize("name", ["generic", "bitmex", "binance", "okx", "okx-old", "bitget", "hyperliquid"])
@pytest.mark.parametrize("equity", [ZERO, D(-5)])
def test_without_equity_winners_are_first_and_losers_last(name: str, equity: Decimal) -> None:
    x = Inputs(D(10), D(100), D(110), equity, D(110), D(1), D(1), D(10))
    with exact():
        assert SCORES[name](x) == INFINITE
        assert SCORES[name](x._replace(pnl=D(-10))) == -INFINITE
        assert SCORES[name](x._replace(pnl=ZERO)) == 0


def test_divisions_that_have_no_result_are_caught() -> None:
    x = Inputs(D(10), D(100), D(110), D(20), D(110))
    with exact():
        assert SCORES["roe"](x._replace(initial_margin=ZERO)) == INFINITE
        assert SCORES["okx"](x._replace(initial_margin=ZERO)) == INFINITE
        assert SCORES["bitget"](x._replace(pnl=D(-1))) == -INFINITE  # no maintenance at all
        assert SCORES["binance-2019"](x._replace(equity=D(-1))) == 0


def test_a_score_is_known_by_its_name() -> None:
    """Two of them are not the same rule; one and its copy are; a text is none."""
    first, second = list(SCORES.values())[:2]
    assert first != second
    assert pickle.loads(pickle.dumps(first)) == first
    assert first != first.name
    assert first != score_of("pnl")
