"""Where a rule turns: exactly at its price, its sign, its rounding. Numbers by hand, beside each."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from books import account, d
from books import scenario as book_of

import adlcalc
from adlcalc.engine.books.fund import FundBook, largest_affordable
from adlcalc.engine.events import (
    Deleveraged,
    FeePaid,
    FundingSettled,
    FundReceived,
    FundResumed,
    FundStopped,
    Held,
    LossSocialized,
)
from adlcalc.engine.formulas import margin
from adlcalc.engine.formulas.haircuts import HAIRCUTS, Base
from adlcalc.engine.formulas.scores import Inputs
from adlcalc.engine.loop import run
from adlcalc.engine.model import Contract, Fund, Kind
from adlcalc.engine.queue import head
from adlcalc.engine.queue.queue import Queue
from adlcalc.engine.rules import AdlRules, AdlWhen, Drawdown, Eligible, FundRules, LastResortRules, Rules
from adlcalc.engine.waterfall.state import State
from adlcalc.ground.numbers import exact
from adlcalc.scenario import load
from adlcalc.venues.expression import score_of


def events(one: Any, kind: type) -> list[Any]:
    return [event for event in run(one) if isinstance(event, kind)]


@pytest.mark.parametrize(("mark", "worked"), [("90.01", False), ("90", True), ("89.99", True)])
@pytest.mark.parametrize("side", [1, -1])
def test_the_queue_serves_from_the_bankruptcy_price_on(side: int, mark: str, worked: bool) -> None:
    """A long from 100 with 10 behind it is bankrupt at 90: with no book it is held above that, and
    deleveraged at it."""
    price = d(mark) if side > 0 else 200 - d(mark)
    owners = [account("a", side, 100, 10), account("b", -side, 100, 100)]
    one = book_of(owners, [100, price], liquidity=0, rate="0.2")
    assert bool(events(one, Deleveraged)) == worked
    assert bool([e for e in events(one, Held) if e.step == 1]) != worked


@pytest.mark.parametrize(
    ("entry_value", "leverage", "collateral"),
    [
        ("1", "8", "0.12"),
        ("3", "8", "0.38"),
        ("1.25", "10", "0.12"),
        ("-1.35", "10", "0.14"),
        ("1", "3", "0.33"),
    ],
)
def test_leverage_makes_a_collateral_half_even(entry_value: str, leverage: str, collateral: str) -> None:
    """0.125 -> 0.12, 0.375 -> 0.38, 0.125 -> 0.12, 0.135 -> 0.14, 0.333 -> 0.33."""
    assert margin.initial_collateral(d(entry_value), d(leverage), d("0.01")) == d(collateral)


def test_an_inverse_position_has_no_price_for_a_value_of_its_other_sign() -> None:
    """A long of 100 is worth -100 / P: -2 at 50, and neither 2 nor nothing at any price; a short the other
    way round."""
    inverse = Contract(Kind.INVERSE)
    with exact():
        assert margin.price_of_value(inverse, d(100), d(-2)) == 50
        assert margin.price_of_value(inverse, d(-100), d(2)) == 50
        for size in (100, -100):
            assert margin.price_of_value(inverse, d(size), d(0)) is None
            assert margin.price_of_value(inverse, d(size), d(2 if size > 0 else -2)) is None


def test_no_notional_is_safe_where_the_lines_have_nothing_in_common() -> None:
    """Cash -10, rates 50 % and, less a deduction of 60, 150 %: safe from n = 20 on (-10 + n >= n / 2), and up
    to n = 100 (-10 + n >= 1.5 n - 60). With a deduction of 15 only up to 10, so nowhere."""
    with exact():
        assert margin.notional_at_maintenance(((d("0.5"), d(0)), (d("1.5"), d(60))), +1, d(-10)) == 20
        assert margin.notional_at_maintenance(((d("0.5"), d(0)), (d("1.5"), d(15))), +1, d(-10)) is None
        assert margin.notional_at_maintenance(((d("0.5"), d(0)), (d("1"), d(10))), +1, d(-10)) == 20
        assert margin.notional_at_maintenance(((d("0.5"), d(0)), (d("1"), d("9.99"))), +1, d(-10)) is None


@pytest.mark.parametrize(("base", "cuts"), [("move", {"c": 20}), ("profit", {"b": 10, "c": 10})])
def test_a_profit_may_be_that_of_the_last_move_alone(base: str, cuts: dict[str, int]) -> None:
    """100 -> 70: a, long from 100 with 10, is 20 short, which nobody covers. b, short from 130 in another
    account, has 60 by now, of which the last move brought 30; c, short from 100 twice over, has 60, all of it
    by the last move.

    profit: 60 each, so 10 each. move: b has closed nothing and gained 30, c 60: 20 x 30 / 90, 20 x 60 /
    90."""
    owners = [account("a", 1, 100, 10), account("b", -1, 130, 200), account("c", -2, 100, 300)]
    one = book_of(owners, [100, 70])
    rules = LastResortRules(HAIRCUTS["haircut"](base=Base(base)))
    one = replace(one, rules=Rules(adl=AdlRules(when=AdlWhen.NEVER), last_resort=rules))
    got = {e.account: e.amount for e in events(one, LossSocialized)}
    wanted = cuts if base == "profit" else {"b": d("6.66666667"), "c": d("13.33333333")}
    assert got == wanted
    # against the move: a long that has profit from long ago has lost by this move, and pays nothing
    one = replace(one, accounts=(*one.accounts, account("old", 1, 10, 50)))
    got = {e.account: e.amount for e in events(one, LossSocialized)}
    assert ("old" in got) == (base == "profit")


def test_what_rounding_takes_at_settlements_is_kept_together_until_it_is_a_unit() -> None:
    """Funding of 0.3 a contract in whole money: two longs pay 1 for 0.3 each, the short gets 0 of its 0.6:
    0.7 + 0.7 + 0.6 = 2 units that nobody holds, one dust of the fund."""
    owners = [account("a", 1, 100, 50), account("b", 1, 100, 50), account("c", -2, 100, 100)]
    one = replace(book_of(owners, [100, 100], funding={1: "0.003"}), money_unit=d(1))
    assert [(e.claim, e.amount, e.why) for e in events(one, FundReceived)] == [(0, 2, "dust")]
    pair = [account("a", 1, 100, 50), account("c", -1, 100, 50)]
    one = replace(book_of(pair, [100, 100], funding={1: "0.003"}), money_unit=d(1))
    assert [(e.amount, e.why) for e in events(one, FundReceived)] == [(1, "dust")]  # 0.7 + 0.3


@pytest.mark.parametrize(
    ("balance", "told"), [("7", []), ("7.00000001", [FundResumed]), ("7.5", [FundResumed])]
)
def test_a_fund_that_could_not_pay_tells_when_it_has_something_again(balance: str, told: list[type]) -> None:
    """30 % under its peak of 10 it has nothing to pay; from the first unit above that on, at the next step,
    it has."""
    fund = FundBook(Fund("f", d(10)), FundRules(drawdown=Drawdown(d("0.3"), d("0.25"))), d("1E-8"))
    fund.begin(0)
    fund.balance = d(7)
    fund.refuse()
    assert [type(one) for one in fund.news] == [FundStopped]
    fund.news.clear()
    fund.balance = d(balance)
    fund.begin(1)
    assert [type(one) for one in fund.news] == told


def test_a_fund_whose_stop_nobody_met_tells_nothing_of_its_end() -> None:
    """At 7 of 10 it pays nothing, but nobody needed it; back at 10 there is nothing to tell."""
    fund = FundBook(Fund("f", d(10)), FundRules(drawdown=Drawdown(d("0.3"), d("0.25"))), d("1E-8"))
    fund.begin(0)
    fund.balance = d(7)
    assert (fund.available(), fund.stopped) == (0, True)
    fund.balance = d(10)
    fund.begin(1)
    assert (fund.stopped, fund.news) == (False, [])


def test_an_expression_may_be_as_wide_as_it_likes() -> None:
    """Depth is what is open at once: sixty brackets one after the other are one level deep."""
    score = score_of("+".join(["(pnl)"] * 60))
    assert score(Inputs(*map(Decimal, (2, 1, 1, 1, 1)))) == 120


@pytest.mark.parametrize("side", [1, -1])
def test_a_position_at_its_entry_is_a_loser_in_the_grid_too(
    side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither profit nor loss: the last of those who are eligible, with the grid as without it, changed in
    the step or not."""
    monkeypatch.setattr(head, "LONG_QUEUE", 1)
    owners = [account(f"a{i}", side * (1 + i % 3), d(100) + i % 5 - 2, 60) for i in range(40)]
    random.Random(5).shuffle(owners)
    one = replace(book_of(owners, [100]), rules=Rules(adl=AdlRules(eligible=Eligible.ALL)))
    with exact():
        state = State(one, index=True)
        book = state.ledger.markets["M"]
        book.mark = d(100)
        state.queue(book, side)
        for holding in book.holdings[side][::9]:
            book.note_change(holding)
        state.rank_anew()
        queue = state.queue(book, side)
        assert isinstance(queue, head.QueueHead)
        for holding in book.holdings[side][::7]:
            book.note_change(holding)
        found = list(queue)
        assert [p.holding.order for p in found] == [p.holding.order for p in Queue(book, side, one.rules.adl)]
        assert len(found) == 40


@pytest.mark.parametrize(("score", "told"), [("1 / 0", "infinite"), ("-1 / 0", "-infinite")])
def test_a_score_without_end_is_told_in_every_format(score: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "endless.yaml"
    path.write_text(
        f'rules: {{adl: {{score: "{score}"}}}}\naccounts:\n  - '
        f"{{id: a, side: long, size: 1, entry: 100, leverage: 10}}\n"
        "  - {id: b, side: short, size: 1, entry: 100, leverage: 10}\nprices: [100, 80]\n"
    )
    run = adlcalc.run(adlcalc.load(path))
    assert told in run.to_text().replace(",", "")
    assert run.to_json()


@pytest.mark.parametrize(
    ("multiplier", "linear", "inverse"),
    [
        ("1", "[x] / [size]", "[size] / [x]"),
        ("2", "[x] / ([size] x [multiplier])", "[size] x [multiplier] / [x]"),
        ("0.001", "[x] / ([size] x [multiplier])", "[size] x [multiplier] / [x]"),
    ],
)
def test_a_multiplier_is_told_where_it_changes_something(multiplier: str, linear: str, inverse: str) -> None:
    for kind, told in ((Kind.LINEAR, linear), (Kind.INVERSE, inverse)):
        contract = Contract(kind, d(multiplier))
        worked = margin.quotes(contract, 1, d(1), d(1)).bankruptcy_worked(d(1), d(1), "[x]", d(1))
        assert worked.formula == told


@pytest.mark.parametrize(("tick", "fees"), [("1", []), ("0.01", [d("0.09")])])
def test_a_fee_that_rounding_has_eaten_is_not_told(tick: str, fees: list[Decimal], tmp_path: Path) -> None:
    """90 / (1 - 0.001) = 90.09009..: at 90, to the nearest whole, all of the margin is lost; at 90.09 0.09 of
    it are the fee."""
    path = tmp_path / "x.yaml"
    path.write_text(
        "rules: {contract: {bankruptcy_fee: 0.001, bankruptcy_price: nearest}, liquidation: {method: "
        "takeover}}\n"
        f"markets: {{X: {{tick: {tick}}}}}\n"
        "accounts: [{id: a, side: long, size: 1, entry: 100, leverage: 10}]\n"
        "prices: [100, 90]\n",
        encoding="utf-8",
    )
    assert [one.amount for one in events(load(str(path)).scenario, FeePaid)] == fees


def test_a_settlement_tells_what_has_come_since_the_one_before(tmp_path: Path) -> None:
    """0.1 a contract at each step: after one step 0.1, two steps later 0.2 for who was settled, 0.3 for who
    was not."""
    path = tmp_path / "x.yaml"
    path.write_text(
        "accounts:\n  - {id: a, side: long, size: 3, entry: 100, leverage: 2}\n"
        "  - {id: b, side: short, size: 3, entry: 100, leverage: 2}\n"
        "prices: [100, 100, 100, 100]\nfunding: {rate: 0.001, every: 1}\nevents:\n"
        "  - {step: 1, account: a, trade: {side: short, size: 1}}\n"
        "  - {step: 3, account: a, trade: {side: short, size: 1}}\n",
        encoding="utf-8",
    )
    told = [
        (one.step, one.account, one.per_contract) for one in events(load(str(path)).scenario, FundingSettled)
    ]
    assert told == [(1, "a", d("0.1")), (3, "a", d("0.2")), (3, "b", d("0.3"))]


@pytest.mark.parametrize("bent", [0, 1, 2])
def test_what_a_fund_can_pay_for_is_found_beside_its_share(bent: int) -> None:
    """The largest number of lots whose loss it can afford, as going through all of them finds it; of ten
    billion lots a dozen are looked at, not the 33 of halving, and where the loss bends no more than twice
    those."""
    r = random.Random(3)

    def loss(x: Decimal) -> Decimal:
        asked.append(x)
        return (x * each * (1 + bent * x / size)).quantize(Decimal("0.00000001"))

    for _ in range(200):
        asked: list[Decimal] = []
        each, size, lot = Decimal(r.randrange(1, 10**6)).scaleb(-3), Decimal(r.randrange(1, 200)), Decimal(1)
        available = Decimal(r.randrange(0, 10**6)).scaleb(-2)
        found = largest_affordable(size, lot, loss, available)
        assert found == max(n for n in range(int(size) + 1) if not n or loss(Decimal(n)) <= available)
    for _ in range(200):
        asked, size, lot = [], Decimal(r.randrange(1, 10**4)).scaleb(-2), Decimal("0.00000001")
        available = loss(size) * r.randrange(0, 100) / 100
        found = largest_affordable(size, lot, loss, available)
        assert len(asked) <= (14 if not bent else 66)
        assert loss(found) <= available < loss(found + lot)
