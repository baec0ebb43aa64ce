"""What a run assumes that no rulebook says."""

from __future__ import annotations

import pytest

from adlcalc import run

BOOK = """
markets: {{X: {{lot: 1, tick: 1}}, Y: {{lot: 1, tick: 1}}}}
fund: {fund}
accounts:
  - id: c
    margin: cross
    balance: 40
    positions:
      - {{market: X, side: long, size: 1, entry: 100}}
      - {{market: Y, side: long, size: {size}, entry: 100}}
  - id: s
    margin: cross
    balance: 1_000
    positions:
      - {{market: X, side: short, size: 1, entry: 100}}
      - {{market: Y, side: short, size: {size}, entry: 100}}
prices: {{X: [100, 70], Y: [100, {mark}]}}
"""


@pytest.mark.parametrize(
    ("fund", "size", "mark", "assumed"),
    [
        (0, 1, 70, False),  # 10 are lacking of each, and the fund has nothing for either
        (9, 1, 70, False),  # nor for one lot
        (10, 1, 70, True),  # it pays for X, which the file names first
        (19, 1, 70, True),
        (20, 1, 70, False),  # it pays for both
        (
            25,
            2,
            70,
            True,
        ),  # 60 of a loss of 90 are covered twice: 10 a contract, and it pays for two of three
    ],
)
def test_the_order_of_a_cross_account_is_assumed_where_it_decides(
    fund: int, size: int, mark: int, assumed: bool
) -> None:
    made = run(BOOK.format(fund=fund, size=size, mark=mark))
    assert made.liquidations
    assert ("liquidation.method (order)" in {one.rule for one in made.assumptions}) == assumed
    turned = run(
        BOOK.format(fund=fund, size=size, mark=mark)
        .replace("market: X, side: long, size: 1", "market: Z, side: long, size: 1")
        .replace(f"market: Y, side: long, size: {size}", "market: X, side: long, size: 1")
        .replace("market: Z, side: long, size: 1", f"market: Y, side: long, size: {size}")
    )
    of = [sorted((row.account, row.market, row.size) for row in one.deleveraged) for one in (made, turned)]
    if not assumed:
        assert of[0] == of[1]
