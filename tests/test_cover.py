"""`adlcalc cover`: what the largest losers' defaults would cost, worked by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adlcalc.study.cover import ShocksError, shocks_of

BOOK = """\
because: >-
  marks 100, shocked to 80: one: 2 x 20 - 20 = 20 missing; two, the same owner: 1 x 20 - 0 - 5 = 15, so whale lacks 35, not
  35 - the 1,000 that lie free in it, for an isolated position is all that it stakes. cross: 3 x 20 = 60 on the long, + 2 x 20 on
  the short = -20 + balance 12: 8 missing. calm: 1 x 20 - 50: nothing missing. At 120: the shorts: cross 3 x 20 - 2 x 20 + 12 > 0;
  bear 1 x 20 - 10 = 10.
"""
SCENARIO = """\
fund: {balance: 40, floor: 10}
markets:
  X: {tick: 1, lot: 1, liquidity: [[0, 1], [5, 1]]}
accounts:
  - {id: one, owner: whale, side: long, size: 2, entry: 100, collateral: 20, balance: 1_000}
  - {id: two, owner: whale, side: long, size: 1, entry: 100, leverage: 20}
  - id: cross
    margin: cross
    balance: 12
    positions:
      - {side: long, size: 3, entry: 100}
      - {side: short, size: 2, entry: 100}
  - {id: calm, side: long, size: 1, entry: 100, leverage: 2}
  - {id: bear, side: short, size: 1, entry: 100, leverage: 10}
prices: [100]
"""


def covered(adlcalc: Callable[..., Any], tmp_path: Path, text: str, *words: str) -> dict[str, Any]:
    file = tmp_path / "s.yaml"
    file.write_text(text, encoding="utf-8")
    found = adlcalc("cover", str(file), *words, "--json")
    assert found.code == 0, found.err
    parsed: dict[str, Any] = json.loads(found.out)
    return parsed


def amounts(found: dict[str, Any]) -> dict[tuple[str, str], str]:
    return {(one["shock"], one["cover"]): one["amount"] for one in found["covers"]}


def test_the_table_of_one_book_is_what_is_worked_by_hand(adlcalc: Callable[..., Any], tmp_path: Path) -> None:
    assert BOOK.startswith("because")
    found = covered(adlcalc, tmp_path, SCENARIO, "--shock", "-20%,0.2", "--cover", "2")
    assert amounts(found) == {
        ("-0.2", "cover-1"): "35", ("-0.2", "cover-2"): "43", ("-0.2", "all"): "43",
        ("0.2", "cover-1"): "10", ("0.2", "cover-2"): "10", ("0.2", "all"): "10",
    }  # fmt: skip
    assert found["scenario"]["fund"] == "30"
    left = {one["shock"]: one["fund_left"] for one in found["covers"] if one["cover"] == "cover-2"}
    assert left == {"-0.2": "-13", "0.2": "20"}
    assert found["shocks"][0]["shortfalls"] == {"whale": "35", "cross": "8"}
    whale = next(one for one in found["owners"] if one["owner"] == "whale")
    assert (whale["accounts"], whale["size"], whale["depth"], whale["times"]) == (2, "3", "2", "1.5")


def test_the_book_of_nineteen_is_what_is_worked_by_hand(adlcalc: Callable[..., Any]) -> None:
    """At 42,000: amy 4 x 18,000 - 24,000 = 48,000; carl 3 x 19,000 - 18,000 = 39,000; ben 2 x 18,000 - 30,000
    = 6,000. At 66,000: fay 2 x 7,000 - 5,900 = 8,100; dora 4 x 4,000 - 12,400 = 3,600."""
    found = adlcalc("cover", "scenarios/19-one-book-many-venues.yaml", "--shock", "-30%,10%", "--json")
    assert amounts(json.loads(found.out)) == {
        ("-0.3", "cover-1"): "48000", ("-0.3", "cover-2"): "87000", ("-0.3", "all"): "93000",
        ("0.1", "cover-1"): "8100", ("0.1", "cover-2"): "11700", ("0.1", "all"): "11700",
    }  # fmt: skip


def test_it_is_the_same_under_every_venue(adlcalc: Callable[..., Any]) -> None:
    """It is a matter of contracts and margin, not of who is liquidated how."""
    tables = set()
    for venue in ("generic", "bitmex", "hyperliquid", "bybit", "okx"):
        found = adlcalc("cover", "scenarios/19-one-book-many-venues.yaml", "--venue", venue, "--json")
        tables.add(json.dumps(json.loads(found.out)["covers"]))
    assert len(tables) == 1


def test_inverse_contracts_lose_coin(adlcalc: Callable[..., Any]) -> None:
    """`ten` of scenario 18 holds 500,000 x 12,800 sat from 7,812.5 with 6.4 coins; the opening mark, 7,932,
    less 50 % is 3,966: 100,000,000 / 3,966 = 25,214 sat; 500,000 x (25,214 - 12,800) sat = 62.07, 55.67 of it
    missing."""
    found = adlcalc("cover", "scenarios/18-march-2020.yaml", "--shock=-50%", "--json")
    parsed = json.loads(found.out)["shocks"][0]
    mark = Decimal(parsed["marks"]["XBTUSD"])
    sat = (Decimal(100_000_000) / mark).quantize(Decimal(1))
    assert Decimal(parsed["shortfalls"]["ten"]) == 500_000 * (sat - 12_800) / Decimal(10**8) - Decimal("6.4")


def test_a_csv_book_says_whose_its_accounts_are(adlcalc: Callable[..., Any], tmp_path: Path) -> None:
    rows = "id,side,size,entry,leverage,owner\na,long,1,100,10,zoe\nb,long,1,100,20,zoe\nc,long,1,100,20,\n"
    (tmp_path / "book.csv").write_text(rows)
    found = covered(adlcalc, tmp_path, "accounts: {file: book.csv}\nprices: [100]\n", "--shock=-20%")
    assert found["shocks"][0]["shortfalls"] == {"zoe": "25", "c": "15"}  # 20 - 10 + 20 - 5
    (tmp_path / "book.csv").write_text(rows + "a,short,1,100,10,yve\n")
    again = adlcalc("cover", str(tmp_path / "s.yaml"))
    assert again.code == 2
    assert "account 'a' has another owner on its first row" in again.err


@pytest.mark.parametrize(
    ("text", "shocks"),
    [
        ("-30%..10%/10%", ["-0.3", "-0.2", "-0.1", "0", "0.1"]),
        ("-0.3..0.1/0.2", ["-0.3", "-0.1", "0.1"]),
        ("5%", ["0.05"]),
        ("-5%, 5% , -5%", ["-0.05", "0.05"]),
    ],
)
def test_shocks_are_read_exactly(text: str, shocks: list[str]) -> None:
    assert shocks_of(text) == [Decimal(one) for one in shocks]


BAD = {
    "": "must be a number",
    "ten": "must be a number, not 'ten': -30% or -0.3",
    "-100%": "must be above -100%",
    "1..2": "must say the step of a range",
    "1/2": "must have two ends",
    "2..1/1": "must go upward",
    "1..2/0": "must go upward",
    "1..2/-1": "must go upward",
    "0..1/0.0001": "must not have more than 1,000 values",
    "0..1e17/1e-17": "must not have more than 1,000 values",
}


@pytest.mark.slow
@pytest.mark.parametrize("text", BAD)
def test_what_is_no_shock_is_told(adlcalc: Callable[..., Any], text: str) -> None:
    with pytest.raises(ShocksError):
        shocks_of(text)
    found = adlcalc("cover", "scenarios/05-fund-empty-adl.yaml", f"--shock={text}")
    assert found.code == 2
    assert BAD[text] in found.err


def test_money_of_two_currencies_is_not_added_up(adlcalc: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("markets: {A: {}, B: {settles: EUR}}\naccounts: []\nprices: {A: [1], B: [1]}\n")
    found = adlcalc("cover", str(file))
    assert found.code == 2
    assert "markets settled in two currencies" in found.err
