"""Money of two currencies is never added up: an account, a fund and the audit have one each."""

from __future__ import annotations

import json
from pathlib import Path

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
