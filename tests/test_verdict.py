"""A run in one sentence: who paid, and why one that had money did not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Result

from adlcalc import run
from adlcalc.report.verdict import verdict

A_AND_S = """
accounts:
  - {id: a, side: long,  size: 1, entry: 110, collateral: 10}
  - {id: s, side: short, size: 1, entry: 110, leverage: 1}
markets: {X: {lot: 0.1, liquidity: %s}}
fund: %s
"""


def test_what_was_kept_first_is_deleveraged_later() -> None:
    """At 80 a lot of 0.1 has lost 2 against 100: a fund of 10 bears five of ten."""
    book = A_AND_S % (0, 10) + "rules: {fund: {holds: while-solvent}}\n"
    late = verdict(run(f"{book}prices: [110, 99, 80]"))
    assert "0.5 contracts deleveraged from s at 100, for what the venue had held since step 1" in late
    at_once = verdict(run(f"{book}prices: [110, 80]"))
    assert "0.5 contracts deleveraged from s at 100;" in at_once


@pytest.mark.parametrize(
    ("fund", "why"), [("10", ", for it keeps no positions (fund.holds)"), ("4.5", ""), ("4", "")]
)
def test_a_fund_that_has_money_and_keeps_nothing_says_so(fund: str, why: str) -> None:
    """Of ten lots the book takes two, at 80, where each costs 2: 4 are paid. What is left of 4.5 would not bear one."""
    told = verdict(run(A_AND_S % (0.2, fund) + "prices: [110, 80]"))
    left = {"10": "holds 6", "4.5": "holds 0.5", "4": "is empty"}[fund]
    assert f"the fund paid 4 and {left}{why}; 0.8 contracts deleveraged" in told


def test_what_a_fund_receives_afterwards_was_not_there_before() -> None:
    """A lot of alice's costs 1.3 at 52,700, of 54,000: 769 of them are 999.7, and when bob is asked the fund has 0.3,
    less than one costs. Then dora's, from 52,500, bring 200 a contract."""
    told = verdict(
        run(
            "markets: {BTC-PERP: {tick: 0.1, lot: 0.001}}\nfund: 1_000\naccounts:\n"
            "  - {id: alice, side: long,  size: 2, entry: 60_000, leverage: 10}\n"
            "  - {id: dora, side: long,  size: 2, entry: 60_000, leverage: 8}\n"
            "  - {id: bob,   side: short, size: 4, entry: 60_000, leverage: 10}\nprices: [60_000, 52_700]\n"
        )
    )
    assert "the fund paid 999.7, received 400 and holds 400.3; 1.231 contracts deleveraged" in told


STOPS = """
rules: {fund: {drawdown: {start: 0.3, stop: 0.25, window_hours: 8}}}
interval: 1d
fund: 100
markets: {X: {lot: 0.1, liquidity: unlimited}}
accounts:
  - {id: a, side: long,  size: 5, entry: 110, collateral: 50}
  - {id: b, side: long,  size: 1, entry: 110, collateral: 40}
  - {id: s, side: short, size: 6, entry: 110, leverage: 1}
"""


def test_a_drawdown_stopped_a_fund_to_the_end_or_for_a_while() -> None:
    """a's five lose 50 at 90: 30 % of 100 is what the fund pays, three of them. A day later its peak is 70, and
    b's loss of 10 at 60 is paid."""
    stopped = verdict(run(f"{STOPS}prices: [110, 90]"))
    assert "the fund paid 30 and holds 70, for its drawdown stopped it; 2 contracts" in stopped
    went_on = verdict(run(f"{STOPS}prices: [110, 90, 60]"))
    assert "the fund paid 40 and holds 60 (its drawdown stopped it at step 1); 2 contracts" in went_on


@pytest.mark.parametrize(("mark", "told"), [("100", True), ("90", True), ("100.1", False)])
def test_a_fee_that_found_nothing_is_told(
    adlcalc: Callable[..., Result], tmp_path: Path, mark: str, told: bool
) -> None:
    """At its bankruptcy price of 100 a closing leaves nothing; a tick of 0.1 above it leaves that."""
    file = tmp_path / "s.yaml"
    file.write_text(
        A_AND_S % ("unlimited", 10) + f"rules: {{fees: {{liquidation: 0.01}}}}\nprices: [110, {mark}]\n"
    )
    said = "No fees.liquidation of 0.01 was taken" in " ".join(adlcalc("run", str(file)).out.split())
    assert said == told
