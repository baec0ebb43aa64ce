"""`adlcalc test-scores`: a made-up file of fills whose answer is known, worked by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from itertools import permutations
from math import sqrt
from pathlib import Path
from typing import Any

import pytest

from adlcalc.source.nodes import Source
from adlcalc.study.falsified import bursts_of, held_against
from adlcalc.study.fills import VenueFill, read_fills

HEADER = "time,account,market,side,size,entry,price,equity,taken\n"
FILLS = (
    HEADER + "12:00,a,X,short,1,100,80,10,1\n12:00,b,X,short,2,90,80,100,2\n12:00,c,X,short,4,120,80,1000,0\n"
)
"""Three are taken of seven. pnl% a 0.2, b 0.111, c 0.333; leverage a 8, b 1.6, c 0.32.
pnl-percent puts c first: 3 of its 4 and nothing of the others; only c is classified right, as not closed
wholly. bitmex: a 0.2 x 8 = 1.6, b 0.111 x 1.6 = 0.178, c 0.333 x 0.32 = 0.107: a and b wholly, nothing of c:
three of three. size puts c first: one; the smallest first: three; everybody wholly: two.
Of the six orders c is first in two (1 right), second in two (2 right), last in two (3 right): 2 in the mean.
tau-b of bitmex: a and b are before c, both pairs concordant; the score ties none of three pairs, the shares
one: 2 / root 6."""


def asked(adlcalc: Callable[..., Any], tmp_path: Path, text: str, *words: str) -> dict[str, Any]:
    (tmp_path / "fills.csv").write_text(text, encoding="utf-8")
    found = adlcalc("test-scores", str(tmp_path / "fills.csv"), "--json", *words)
    assert found.code == 0, found.err
    parsed: dict[str, Any] = json.loads(found.out)
    return parsed


def test_the_made_up_file_gives_what_is_worked_by_hand(adlcalc: Callable[..., Any], tmp_path: Path) -> None:
    found = asked(adlcalc, tmp_path, FILLS)
    right = {one["score"]: one["right"] for one in found["scores"]}
    assert {name: right[name] for name in ("pnl-percent", "bitmex", "size", "smallest first", "everybody "
    "wholly")} == {
        "pnl-percent": "1", "bitmex": "3", "size": "1", "smallest first": "3", "everybody wholly": "2",
    }  # fmt: skip
    assert abs(Decimal(right["random order"]) - 2) < Decimal("0.15")
    correlation = {one["score"]: one["correlation"] for one in found["scores"]}
    assert Decimal(correlation["bitmex"]) == Decimal(2 / sqrt(6)).quantize(Decimal("0.0001"))
    assert correlation["everybody wholly"] is None
    assert found["spared"] == 1
    assert found["bursts"][0]["one_enough"] is True  # c, spared, had four
    assert found["unexplained"] == []


def test_the_random_baseline_is_the_mean_over_all_orders() -> None:
    fills = [
        VenueFill("t", str(i), "X", -1, Decimal(i + 1), Decimal(9), Decimal(8), Decimal(5), Decimal(i % 2))
        for i in range(4)
    ]
    (burst,) = bursts_of(fills)
    wholly = [one.wholly for one in burst.fills]
    orders = [
        sum(a == b for a, b in zip(burst.predicted(o), wholly, strict=True)) for o in permutations(range(4))
    ]
    mean = Decimal(sum(orders)) / len(orders)
    (found,) = held_against(fills, draws=4_000).random
    assert abs(found - mean) < Decimal("0.06")
    assert held_against(fills, seed="2").random != held_against(fills, seed="3").random
    assert held_against(fills, seed="2").random == held_against(fills, seed="2").random


def test_what_no_score_explains_is_told(adlcalc: Callable[..., Any], tmp_path: Path) -> None:
    """Two alike in everything, of three lots each, and three are taken: one of each would be closed wholly
    under any order, neither was. The larger position first, then the file: the first is predicted whole by
    all."""
    rows = "12:00,a,X,short,3,100,80,10,2\n12:00,b,X,short,3,100,80,10,1\n"
    found = asked(adlcalc, tmp_path, HEADER + rows)
    assert [one["account"] for one in found["unexplained"]] == ["a"]


def test_fills_of_an_account_at_once_are_one(adlcalc: Callable[..., Any], tmp_path: Path) -> None:
    rows = "12:00,a,X,short,3,100,80,10,2\n12:00,a,X,short,1,100,80,10,1\n12:01,a,X,long,3,100,80,10,2\n"
    found = asked(adlcalc, tmp_path, HEADER + rows)
    assert [(one["accounts"], one["wholly"], one["taken"]) for one in found["bursts"]] == [
        (1, 1, "3"),
        (1, 0, "2"),
    ]


def test_a_score_of_your_own_is_tested(adlcalc: Callable[..., Any], tmp_path: Path) -> None:
    found = asked(adlcalc, tmp_path, FILLS, "--score", "0 - size")
    assert next(one["right"] for one in found["scores"] if one["score"] == "0 - size") == "3"
    bad = adlcalc("test-scores", str(tmp_path / "fills.csv"), "--score", "sizes")
    assert bad.code == 2
    assert "hint" in bad.err or "sizes" in bad.err


def test_the_public_collection_is_known_by_its_header() -> None:
    """Made-up rows under its header: the sign of the position is its side, equity its `total_equity`."""
    header = (
        "user,coin,time,adl_price,adl_size,adl_notional,closed_pnl,position_size,entry_price,account_value_realtime,"
        "total_unrealized_pnl,total_equity,is_negative_equity,leverage_realtime,position_unrealized_pnl,pnl_percent,liquidated_user\n"
    )
    rows = "0x1,X,1,80.0,1.5,120.0,30.0,-2.0,100.0,10.5,40.0,50.5,False,3.17,40.0,20.0,0x9\n"
    (fill,) = read_fills(Source("fills.csv", header + rows))
    assert fill[:4] == ("1", "0x1", "X", -1)
    numbers = (fill.size, fill.entry, fill.mark, fill.equity, fill.taken, fill.balance)
    assert numbers == tuple(map(Decimal, ("2", "100", "80", "50.5", "1.5", "10.5")))


BAD = {
    "": "the file is empty",
    "a,b\n1,2\n": "unknown column 'a'",
    "time,account\n": "the header has no columns 'market', 'size'",
    HEADER + "12:00,a,X,up,1,100,80,10,1\n": "'side' must be long or short, not 'up'",
    HEADER + "12:00,a,X,long,0,100,80,10,1\n": "'size' must not be zero",
    HEADER + "12:00,a,X,long,-1,100,80,10,1\n": "'size' is below zero, which is a short",
    HEADER + "12:00,a,X,long,1,0,80,10,1\n": "a price must be greater than zero",
    HEADER + "12:00,a,X,long,1,100,80,10,-1\n": "'taken' must be zero or more",
    HEADER + "12:00,a,X,long,1,ten,80,10,1\n": "'entry' must be a number",
    HEADER + "12:00,a,X,long,1\n": "this row has 5 cells, the header has 9",
}


@pytest.mark.slow
@pytest.mark.parametrize("text", BAD)
def test_what_is_no_file_of_fills_is_told(adlcalc: Callable[..., Any], tmp_path: Path, text: str) -> None:
    (tmp_path / "fills.csv").write_text(text, encoding="utf-8")
    found = adlcalc("test-scores", str(tmp_path / "fills.csv"))
    assert found.code == 2
    assert BAD[text] in found.err
    assert "Traceback" not in found.err


def test_no_fills_are_no_test(adlcalc: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "fills.csv").write_text(HEADER, encoding="utf-8")
    found = adlcalc("test-scores", str(tmp_path / "fills.csv"))
    assert found.code == 0
    assert "There is no fill in the file." in found.out
