"""The papers' measures: published aggregates of 10 October 2025 to the cent (oct10/README.md has their
source), closed forms."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adlcalc.study import formulas

DATA = Path(__file__).parent / "oct10"
CENT = Fraction(1, 100)


def table(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def published(name: str) -> Any:
    return json.loads((DATA / "published.json").read_text(encoding="utf-8"), parse_float=Decimal)[name]


def numbers(rows: list[dict[str, str]], column: str) -> list[Fraction]:
    return [Fraction(row[column]) for row in rows]


def near(x: Fraction | Decimal, y: Decimal | int, within: Fraction = CENT / 2) -> bool:
    return abs(Fraction(x) - Fraction(y)) <= within


@pytest.mark.parametrize("row", range(5))
def test_table_2_to_the_cent(row: int) -> None:
    wanted = list(published("table_2").values())[row]
    waves, suffix = table("waves.csv"), wanted["column_suffix"]
    needed, paid = numbers(waves, "budget_needed"), numbers(waves, f"budget_{suffix}")
    over, under = (sum(map(of, paid, needed)) for of in (formulas.overshoot, formulas.undershoot))
    assert near(over + under, wanted["tracking"])


def test_overshoot_by_horizon() -> None:
    rows = table("horizons.csv")
    by_horizon: dict[int, Fraction] = {}
    for row in rows:
        horizon, over = (
            int(row["horizon_ms"]),
            Fraction(row["budget_prod_usd"]) - Fraction(row["budget_needed_usd"]),
        )
        by_horizon[horizon] = by_horizon.get(horizon, Fraction(0)) + over
    wanted = published("overshoot_by_horizon_ms")
    assert len(by_horizon) == len(wanted)
    assert all(near(by_horizon[int(horizon)], over) for horizon, over in wanted.items())


def test_needed_budget_by_wave() -> None:
    by_wave: dict[str, Fraction] = {}
    for row in table("gaps.csv"):
        by_wave[row["wave"]] = by_wave.get(row["wave"], Fraction(0)) + Fraction(row["gap_usd_x_qty"])
    wanted = published("needed_budget_by_wave")
    assert all(near(by_wave[wave], amount, Fraction(1, 10**6)) for wave, amount in wanted.items())
    assert near(sum(by_wave[wave] for wave in wanted), published("needed_budget"), Fraction(1, 10**5))


@pytest.mark.parametrize("suffix", ["prod", "pr", "vector", "contract_pr", "fixed_point_ilp_integer"])
def test_the_repository_columns_are_the_repository_variants(suffix: str) -> None:
    """From its PTSR the survivor follows, and from that its PMR and RD-NSE; the paper's ratios of the same
    round are other numbers."""
    for row in table("waves.csv"):
        deficit, worst, paid = (
            Fraction(row[name]) for name in ("deficit_usd", "max_loss_usd", f"budget_{suffix}")
        )
        if deficit <= paid:
            continue
        top = Fraction(row[f"ptsr_{suffix}"]) * (deficit - paid)
        tolerance = Fraction(1, 10**6)
        assert near(
            formulas.ptsr_repository(top, paid, deficit) or 0, Decimal(row[f"ptsr_{suffix}"]), tolerance
        )
        assert near(
            formulas.pmr_repository(top, paid, deficit, worst) or 0, Decimal(row[f"pmr_{suffix}"]), tolerance
        )
        assert near(formulas.rd_nse(top, paid, deficit) or 0, Decimal(row[f"rd_nse_{suffix}"]), tolerance)


# --- closed forms -------------------------------------------------------------------------------------------


def test_survivor_and_ratios_of_the_five_accounts() -> None:
    could, queue, shared = (
        (8, 4, Fraction(1, 2)),
        (Fraction(7, 2), 4, 0),
        (Fraction(24, 5), Fraction(12, 5), Fraction(3, 10)),
    )
    assert formulas.survivor(could, queue) == Fraction(9, 2)
    assert formulas.survivor(could, shared) == Fraction(16, 5)
    assert formulas.ptsr(Fraction(16, 5), Fraction(15, 2)) == Fraction(32, 75)
    assert formulas.pmr(Fraction(16, 5), Fraction(15, 2), 15, 12) == Fraction(16, 5) / (Fraction(1, 2) * 12)
    assert formulas.ptsr_repository(Fraction(16, 5), Fraction(15, 2), 15) == Fraction(
        32, 75
    )  # half is paid: D - H = H
    assert formulas.inversions(could, queue) == Fraction(
        1, 2
    )  # 4.5, 0, 0.5: the second has less than the third now
    assert formulas.inversions(could, shared) == 0
    assert formulas.largest_haircut(could, queue) == 1
    assert formulas.largest_haircut(could, shared) == Fraction(3, 5)


def test_concentration() -> None:
    assert formulas.gini([5, 5, 5, 5]) == 0
    assert formulas.gini([0, 0, 0, 8]) == Fraction(3, 4)
    assert formulas.gini([1, 3]) == Fraction(1, 4)
    assert formulas.top_share([1, 2, 3, 4], 2) == Fraction(7, 10)
    assert formulas.largest_share([1, 2, 3, 4]) == Fraction(4, 10)


def test_who_had_the_same_is_no_neighbor_of_one_another() -> None:
    """5, 3, 3, 1 of which 1, 3, 1, 1 are left. Neighbors are 5 with either 3, and either 3 with 1: of these four one
    has changed places, the first with the 3 that paid nothing. The two of 3 never had an order."""
    for could, paid in (
        ((5, 3, 3, 1), (4, 0, 2, 0)),
        ((1, 3, 3, 5), (0, 2, 0, 4)),
        ((3, 5, 1, 3), (0, 4, 0, 2)),
    ):
        assert formulas.inversions(could, paid) == Fraction(1, 4)
    assert formulas.inversions((3, 3), (0, 2)) is None


def test_measures_without_a_value() -> None:
    assert formulas.gini([0, 0]) is None
    assert formulas.gini([]) is None
    assert formulas.largest_share([]) is None
    assert formulas.largest_haircut([], []) is None
    assert formulas.inversions([1], [0]) is None
    assert formulas.ptsr(1, 0) is None
    assert formulas.ptsr_repository(1, 5, 5) is None
    assert formulas.survivor([], []) == 0


amounts = st.lists(st.tuples(st.integers(1, 99), st.integers(0, 99)), min_size=1, max_size=8)


@given(amounts)
def test_bounds(pairs: list[tuple[int, int]]) -> None:
    could, paid = [u for u, _ in pairs], [min(x, u) for u, x in pairs]
    worst, unequal, share = (
        formulas.largest_haircut(could, paid),
        formulas.gini(paid),
        formulas.largest_share(paid),
    )
    assert worst is not None
    assert 0 <= worst <= 1
    assert unequal is None or 0 <= unequal < 1
    assert share is None or Fraction(1, len(paid)) <= share <= 1
    assert formulas.overshoot(sum(paid), 50) - formulas.undershoot(sum(paid), 50) == sum(paid) - 50


@given(amounts)
def test_inversions_by_their_definition(pairs: list[tuple[int, int]]) -> None:
    """Of all pairs with nobody between, in whatever order they come; few amounts, so that many are alike."""
    alike = [(u % 5, x % 4) for u, x in pairs]
    levels = {u for u, _ in alike}
    neighbors = [
        (u - x) < (v - y)
        for u, x in alike
        for v, y in alike
        if u > v and not any(v < between < u for between in levels)
    ]
    expected = Fraction(sum(neighbors), len(neighbors)) if neighbors else None
    for some in (alike, alike[::-1], sorted(alike, key=lambda pair: pair[1])):
        assert formulas.inversions([u for u, _ in some], [x for _, x in some]) == expected
