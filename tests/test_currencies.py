"""Money of two currencies is never added up: an account, a fund and the audit have one each."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adlcalc.engine.loop import run
from adlcalc.report import Run
from adlcalc.scenario import load

BOOK = """markets: {LIN: {}, BTC-USD: {contract: inverse}}
accounts:
  - {id: x, market: LIN, side: long, size: 1, entry: 100, leverage: 10}
  - {id: y, market: BTC-USD, side: long, size: 100, entry: 100, leverage: 10}
rules: {adl: {when: never}}
prices: {LIN: [100, 80], BTC-USD: [100, 80]}
"""


def ran(text: str, folder: Path) -> Run:
    path = folder / "s.yaml"
    path.write_text(text)
    loaded = load(str(path))
    return Run(loaded.scenario, run(loaded.scenario), file="s.yaml")


def test_the_audit_is_by_currency(tmp_path: Path) -> None:
    """x: 90 x 1 is owed, 80 comes: 10 are lost. y: bankrupt at 1 / (1/100 + 0.1/100) = 90.91, worth 1.10 of
    coin; closed at 80 it costs 1.25: 0.15 are lost, in coin."""
    result = ran(BOOK, tmp_path)
    assert {name: str(debt.normalize()) for name, debt in result.audit.bad_debts.items()} == {
        "quote": "1E+1",
        "BTC": "0.15",
    }
    audit = json.loads(result.to_json())["audit"]
    assert audit["bad_debt"] is None
    assert audit["currencies"] == [
        {"currency": "quote", "money_difference": "0", "bad_debt": "10"},
        {"currency": "BTC", "money_difference": "0", "bad_debt": "0.15"},
    ]
    assert "bad debt 10 quote and\n0.15 BTC." in result.to_text(0)
    assert [fund.name for fund in result.scenario.funds] == ["LIN", "BTC-USD"]


def test_one_currency_is_told_as_ever(tmp_path: Path) -> None:
    audit = json.loads(ran(BOOK.replace("{contract: inverse}", "{}"), tmp_path).to_json())["audit"]
    assert set(audit) == {"money_difference", "open_interest_difference", "bad_debt", "rest_of_market"}


@pytest.mark.parametrize("venue", ["hyperliquid", "drift", "lighter"])
def test_a_vault_has_a_book_for_each_currency(venue: str, tmp_path: Path) -> None:
    text = BOOK.replace("rules: {adl: {when: never}}", f"venue: {venue}").replace("80]", "93, 85, 80]")
    assert ran(text, tmp_path).audit.money_difference == 0


COINED = """fund: 10
markets: {X: {liquidity: 0.5, settles: USDT}}
accounts:
  - {id: fallen, side: long, size: 1, entry: 100, leverage: 10}
  - {id: large, side: short, size: 3, entry: 100, leverage: 1}
prices: [100, 80]
"""
ASKED = {
    "run": "Insurance fund|Liquidated|Deleveraged|Accounts that changed|Open positions",
    "run --steps": "Step by step",
    "rank": "Queue of the shorts at mark 80, 1 position",
    "margin": "Open positions",
    "compare --policies queue --accounts": "What it came to|Need and budget|What each account pays",
    "doubt": "",
    "cover --shock -30%": "What defaults would cost",
    "solve --vary fund --from 1 --to 9 --until adl": "The ends of the range",
    "sweep --vary fund=0,10 -m fund_paid": "",
    "explain --fund": "",
}


@pytest.mark.slow
@pytest.mark.parametrize("words", ASKED)
def test_every_page_says_what_its_money_is(adlcalc: Callable[..., Any], tmp_path: Path, words: str) -> None:
    """Under the title always; in the heading of each table of money where the currency has a name."""
    file = tmp_path / "s.yaml"
    command, *rest = words.split()
    for text, money in ((COINED, "USDT"), (COINED.replace(", settles: USDT", ""), "the quote currency")):
        file.write_text(text)
        out = adlcalc(command, str(file), *rest, "--width", "0").out
        head = " ".join(out.partition("\n\n")[0].split())
        assert head.count(f"money in {money}") == 1
        if money == "USDT":
            for title in filter(None, ASKED[words].split("|")):
                assert f"\n{title}, money in USDT\n" in out
        else:
            assert out.count("money in") == 1
