"""The `expect:` block of a file: everything a reader would assert, exactly or `about:`."""

from __future__ import annotations

from pathlib import Path

import pytest

import adlcalc
from adlcalc.check.expectations import differences

BOOK = """\
fund: 1_000
markets: {BTC: {tick: 0.1, lot: 0.001}}
accounts:
  - {id: alice, side: long,  size: 2, entry: 60_000, leverage: 10}
  - {id: anna,  side: long,  size: 1, entry: 58_000, leverage: 10}
  - {id: bob,   side: short, size: 2, entry: 60_000, leverage: 10}
  - {id: carol, side: short, size: 1, entry: 61_000, margin: cross, balance: 10_000}
prices: [60_000, 56_000, 53_000, 50_000]
expect:
"""


@pytest.fixture
def told(tmp_path: Path):  # type: ignore[no-untyped-def]
    """told("fund_paid: 1"): what is said about a run of BOOK that expects this."""

    def messages(*lines: str) -> list[str]:
        path = tmp_path / "book.yaml"
        path.write_text(BOOK + "".join(f"  {line}\n" for line in lines), encoding="utf-8")
        loaded = adlcalc.load(path)
        assert loaded.expect is not None
        found = differences(adlcalc.run(loaded), loaded.expect)
        assert all(difference.place(loaded.expect.where)[0] >= 10 for difference in found)
        return [difference.message for difference in found]

    return messages


ALL = (
    "liquidated: [anna, {account: alice, step: 2, side: long, size: 2, bankruptcy_price: 54_000, mark_price: "
    "53_000}]",
    "liquidated_in_order: [alice, {account: anna, step: 3, market: BTC, entry_price: 58_000, "
    "bankruptcy_price: 52_200}]",
    "fund_paid: 1_000",
    "fund_left: {fund: 0}",
    "fund_received: {fund: {about: 0, within: 1}}",
    "deleveraged:",
    "  - {account: bob, side: short, size: 1, price: 54_000, bankrupt: alice, score: {about: 0.47564}, "
    "realized_pnl: 6_000}",
    "  - {account: bob, size: 1, price: {about: 52_000, within: 200}, bankrupt: anna, forgone_pnl: 2_200}",
    "ranks: {bob: 1}",
    "bad_debt: 0",
    "equity: {bob: {about: 25_800}, alice: 0}",
    "positions: {bob: [], carol: [{side: short, size: 1, entry: 61_000}]}",
)


def test_everything_that_is_so_may_be_expected(told) -> None:  # type: ignore[no-untyped-def]
    assert told(*ALL) == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "liquidated: [alice]",
            "liquidated: did not expect anna (the list is held to be complete, of 2 names; "
            "for one account: holds: 'liquidated(alice)')",
        ),
        ("liquidated: [alice, {account: anna, step: 2}]", "liquidated: anna: expected at step 2, got step 3"),
        (
            "liquidated: [alice, {account: anna, size: 3}]",
            "liquidated: anna: size: expected 3, got 1 (difference -2)",
        ),
        (
            "liquidated: [alice, {account: anna, side: short}]",
            "liquidated: anna: side: expected short, got long",
        ),
        (
            "liquidated_in_order: [alice]",
            "liquidated_in_order: row 2: expected nobody, got anna, at step 3 (the list is held to be "
            "complete, of "
            "2 rows; for one account: holds: 'liquidated(alice)')",
        ),
        ("liquidated_in_order: [alice, anna, bob]", "liquidated_in_order: row 3: expected bob, got nobody"),
        ("fund_paid: {fund: 1}", "fund_paid: fund: expected 1, got 1000 (difference 999)"),
        (
            "fund_paid: {about: 990, within: 9}",
            "fund_paid: expected about 990 (within 9), got 1000 (difference 10)",
        ),
        ("fund_paid: {about: 999}", "fund_paid: expected about 999 (within 0.5), got 1000 (difference 1)"),
        ("ranks: {bob: 2}", "ranks: bob: expected 2, got 1"),
        ("ranks: {carol: 2}", "ranks: carol: expected 2, got none: the queue was not worked that far"),
        (
            "equity: {bob: {about: 25_000, within: 1}}",
            "equity: bob: expected about 25000 (within 1), got 25800 (difference 800)",
        ),
        (
            "deleveraged: []",
            "deleveraged: row 1: expected nobody, got bob, who gave up 1 at 54000, and 1 more",
        ),
        (
            "deleveraged: [{account: bob}]",
            "deleveraged: row 2: expected nobody, got bob, who gave up 1 at 52200 (the list is held to be "
            "complete, of "
            "2 rows; for one account: holds: 'adl(bob)')",
        ),
        ("positions: {carol: []}", "positions: carol: did not expect short 1 BTC"),
        ("positions: {bob: [{side: short, size: 1}]}", "positions: bob: short: expected 1, got none"),
        (
            "positions: {carol: [{side: short, size: 2}]}",
            "positions: carol: short: size: expected 2, got 1 (difference -1)",
        ),
    ],
)
def test_what_is_not_so_is_told(told, line: str, message: str) -> None:  # type: ignore[no-untyped-def]
    assert told(line) == [message]


def test_a_difference_may_have_more_digits_than_a_number_holds(told) -> None:  # type: ignore[no-untyped-def]
    (message,) = told("deleveraged: [{account: bob, score: 123456789012345.5}, {account: bob}]")
    assert message.startswith("deleveraged: row 1 (bob): score: expected 123456789012345.5, got 0.475641025")


def test_the_order_is_held_where_it_is_given(told) -> None:  # type: ignore[no-untyped-def]
    assert told("liquidated: [anna, alice]") == []
    assert told("liquidated_in_order: [anna, alice]") == [
        "liquidated_in_order: row 1: expected anna, got alice",
        "liquidated_in_order: row 2: expected alice, got anna",
    ]


def test_who_stood_at_the_rank_is_told(told) -> None:  # type: ignore[no-untyped-def]
    """bob stood there, who was expected at another one."""
    assert told("ranks: {carol: 1}") == [
        "ranks: carol: expected 1, got none: the queue was not worked that far; at rank 1 stood bob"
    ]
