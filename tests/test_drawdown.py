"""What a fund may not give because of its drawdown is told (rule fund.drawdown)."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
from books import random_scenario
from conftest import Result

import adlcalc
from adlcalc.engine.events import Ended, FundResumed, FundStopped
from adlcalc.engine.formulas.prices import PRICES
from adlcalc.engine.loop import run
from adlcalc.engine.model import Fund, Scenario
from adlcalc.engine.rules import AdlRules, Drawdown, FundRules, HoldsNothing, Measured, Rules, WhileSolvent
from adlcalc.report.verdict import verdict


def under_a_drawdown(seed: int) -> Scenario:
    """A book whose fund stops at 30 % of its peak, by itself or by contract; it keeps positions or none, and the
    queue is filled at the bankruptcy price or at the mark."""
    rng = random.Random(f"drawdown {seed}")
    drawdown = Drawdown(Decimal("0.3"), Decimal("0.25"), measure=rng.choice([*Measured]))
    fund = FundRules(drawdown=drawdown, holds=rng.choice([WhileSolvent(), WhileSolvent(), HoldsNothing()]))
    adl = AdlRules(price=PRICES[rng.choice(["bankruptcy", "mark"])])
    one = random_scenario(seed)
    funds = tuple(Fund(each.name, Decimal(rng.choice([20, 50, 200]))) for each in one.funds)
    return replace(one, rules=Rules(fund=fund, adl=adl), funds=funds)


def happened(one: Scenario) -> list[Any]:
    return [event for event in run(one, accounts=False) if not isinstance(event, Ended)]


@pytest.mark.slow
@pytest.mark.parametrize("block", range(4))
def test_a_drawdown_that_changes_what_happens_is_told(block: int) -> None:
    """The first thing that goes otherwise than without the rule, goes so in a step in which the fund was stopped,
    or after it."""
    seen = 0
    for seed in range(block * 100, block * 100 + 100):
        one = under_a_drawdown(seed)
        free = replace(one, rules=replace(one.rules, fund=replace(one.rules.fund, drawdown=None)))
        events = happened(one)
        stops = [event for event in events if isinstance(event, FundStopped)]
        plain = [event for event in events if not isinstance(event, FundStopped | FundResumed)]
        pairs = zip_longest(plain, happened(free))
        parted = next((a or b for a, b in pairs if a != b), None)
        if parted is not None:
            seen += 1
            assert any(stop.step <= parted.step for stop in stops), (seed, parted)
        for stop in stops:
            assert not stop.left or abs(stop.limit - stop.fall - stop.left) < one.money_unit, (seed, stop)
    assert seen > 5


TIMELESS = """
rules: {fund: {drawdown: {start: 0.3, stop: 0.25, window_hours: 8}}}
fund: 30
accounts:
  - {id: a, side: long,  size: 1, entry: 110, collateral: 13}
  - {id: b, side: long,  size: 1, entry: 110, collateral: 36}
  - {id: s, side: short, size: 2, entry: 110, leverage: 1}
prices: [110, 89, 70]
"""


def test_a_window_of_hours_needs_steps_with_times() -> None:
    """a costs 97 - 89 = 8. Over the run 22 is 8 below the peak of 30, and 0.3 x 30 - 8 = 1 is all that b's 4 may have:
    0.25 of it. A day later the 30 have left the 8 hours: 0.3 x 22 = 6.6 is more than 4."""
    timeless, daily = adlcalc.run(TIMELESS), adlcalc.run(f"{TIMELESS}interval: 1d")
    assert [row.size for row in timeless.deleveraged] == [Decimal("0.75")]
    assert [stop.window for stop in timeless.fund_stops] == [None]
    assert [one.rule for one in timeless.assumptions] == ["fund.drawdown (window)"]
    assert "8 hours" in timeless.assumptions[0].note
    assert not daily.deleveraged
    assert not daily.assumptions
    hourly = adlcalc.run(f"{TIMELESS}interval: 1h")
    assert [stop.window for stop in hourly.fund_stops] == [8 * 3600]
    assert not hourly.assumptions


@pytest.fixture
def command(adlcalc: Callable[..., Result]) -> Callable[..., Result]:
    return adlcalc


def test_what_marks_have_stopped_is_told(command: Callable[..., Result], tmp_path: Path) -> None:
    """The fund keeps 1.2 short from 60,900 (58,000 x 1.05): at 60,800 they have brought 120, at 61,400 they cost 600,
    and 2,120 - 1,400 = 720 is more than 0.3 x 2,120 = 636."""
    file = tmp_path / "why.yaml"
    file.write_text(
        "venue: okx-2024\nfund: 2_000\nmarkets: {BTCUSDT: {tick: 0.1, lot: 0.001, liquidity: none}}\naccounts:\n"
        "  - {id: me,  side: short, size: 1.2, entry: 58_000, leverage: 20}\n"
        "  - {id: ann, side: long,  size: 1.2, entry: 57_000, leverage: 10}\nprices: [58_000, 60_800, 61_400]\n"
    )
    made = adlcalc.run(str(file))
    (stop,) = made.fund_stops
    assert (stop.step, stop.kind, stop.balance, stop.peak, stop.fall, stop.limit) == (
        2, "stopped", 1_400, 2_120, 720, 636,
    )  # fmt: skip
    assert "fund.drawdown (window)" in {one.rule for one in made.assumptions}
    why = " ".join(command("explain", str(file), "ann").out.split())
    assert (
        "fund.drawdown: ann was deleveraged against me because the fund had stopped bearing, with 2,000 in it"
        in why
    )
    assert "holds 1,400 (its drawdown stopped it at step 2); 1.2 contracts deleveraged" in verdict(made)


OKX = """
venue: okx
interval: 1h
fund: {fund}
markets: {{ABC: {{tick: 0.1, lot: 1, maintenance: 0.01, liquidity: none}}}}
accounts:
  - {{id: ida, side: long, size: 50, entry: 200, leverage: 20}}
  - {{id: jan, side: short, size: 50, entry: 205, leverage: 5}}
prices: [200, 194, 185, 180]
"""


def test_a_fund_whose_worth_is_used_up_is_not_stopped_by_its_drawdown(
    command: Callable[..., Result], tmp_path: Path
) -> None:
    """Fifty from 190 have lost 500 at 180: a fund of 500 is worth nothing then, far from the limit of 50,000; one of
    600 bears it, and by the other reading, 30 % of its peak, it would not."""
    assert [row.kind for row in adlcalc.run(OKX.format(fund=500)).fund_stops] == []
    bears = adlcalc.run(OKX.format(fund=600))
    assert not bears.deleveraged
    assert "fund.drawdown" in {one.rule for one in bears.assumptions}
    file = tmp_path / "s.yaml"
    file.write_text(OKX.format(fund=600))
    text = " ".join(command("doubt", str(file)).out.split())
    assert (
        "Rests on fund.drawdown: under `start: 0.30, stop: 0.25, window_hours: 8` jan is deleveraged." in text
    )
