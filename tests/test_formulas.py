"""The papers' measures: published aggregates of 10 October 2025 to the cent (oct10/README.md has their source), closed forms."""

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
    worst, reference = numbers(waves, f"max_pct_{suffix}"), numbers(waves, "max_pct_fixed_point_ilp_integer")
    tracking = sum(map(formulas.tracking_error, paid, needed))
    fairness = sum(map(formulas.fairness_term, needed, worst, reference))
    assert near(tracking, wanted["tracking"])
    assert near(fairness, wanted["fairness"])
    assert near(tracking + fairness, wanted["total"])


def test_instance_envelope() -> None:
    wanted, waves = published("instance_envelope"), table("waves.csv")
    deficits = numbers(waves, "deficit_usd")
    variation = formulas.path_variation(numbers(waves, "theta_needed_capped"))
    bound = formulas.regret_bound(variation, deficits)
    assert near(variation, wanted["P_T_theta"], Fraction(1, 10**9))
    assert near(formulas.regret_bound(0, deficits), wanted["sqrt_sum_D2"], Fraction(1, 10**6))
    assert near(bound, wanted["B_inst"])
    for name, total in (
        ("production", "Production queue"),
        ("integer_pro_rata", "Integer pro-rata"),
        ("vector", "Vector mirror-descent"),
    ):
        ratio = published("table_2")[total]["total"] / bound
        assert near(ratio, wanted[f"ratio_{name}"], Fraction(1, 10**6))


def test_overshoot_by_horizon_and_discounted() -> None:
    rows = table("horizons.csv")
    by_horizon: dict[int, Fraction] = {}
    for row in rows:
        horizon, over = int(row["horizon_ms"]), Fraction(row["budget_prod_usd"]) - Fraction(row["budget_needed_usd"])
        by_horizon[horizon] = by_horizon.get(horizon, Fraction(0)) + over
    wanted = published("overshoot_by_horizon_ms")
    assert len(by_horizon) == len(wanted)
    assert all(near(by_horizon[int(horizon)], over) for horizon, over in wanted.items())
    for half_life, value in published("discounted_by_half_life_ms").items():
        assert near(formulas.discounted(by_horizon, int(half_life)), value), half_life


def test_needed_budget_by_wave() -> None:
    by_wave: dict[str, Fraction] = {}
    for row in table("gaps.csv"):
        by_wave[row["wave"]] = by_wave.get(row["wave"], Fraction(0)) + Fraction(row["gap_usd_x_qty"])
    wanted = published("needed_budget_by_wave")
    assert all(near(by_wave[wave], amount, Fraction(1, 10**6)) for wave, amount in wanted.items())
    assert near(sum(by_wave[wave] for wave in wanted), published("needed_budget"), Fraction(1, 10**5))


@pytest.mark.parametrize("suffix", ["prod", "pr", "vector", "contract_pr", "fixed_point_ilp_integer"])
def test_the_repository_columns_are_the_repository_variants(suffix: str) -> None:
    """From its PTSR the survivor follows, and from that its PMR and RD-NSE; the paper's ratios of the same round are other
    numbers."""
    for row in table("waves.csv"):
        deficit, worst, paid = (Fraction(row[name]) for name in ("deficit_usd", "max_loss_usd", f"budget_{suffix}"))
        if deficit <= paid:
            continue
        top = Fraction(row[f"ptsr_{suffix}"]) * (deficit - paid)
        tolerance = Fraction(1, 10**6)
        assert near(formulas.ptsr_repository(top, paid, deficit) or 0, Decimal(row[f"ptsr_{suffix}"]), tolerance)
        assert near(formulas.pmr_repository(top, paid, deficit, worst) or 0, Decimal(row[f"pmr_{suffix}"]), tolerance)
        assert near(formulas.rd_nse(top, paid, deficit) or 0, Decimal(row[f"rd_nse_{suffix}"]), tolerance)


# --- closed forms ----------------------------------------------------------------------------------------------------------


def test_a_fixed_queue_has_linear_regret() -> None:
    """The game itself: capacities (1, M), (M, 1), ... budget 1; the queue always takes account 1, the comparator the larger
    one."""
    assert formulas.queue_regret(10, 4) == Fraction(15, 4)
    rounds, m = 10, 4
    regret = Fraction(0)
    for t in range(rounds):
        could = (1, m) if t % 2 == 0 else (m, 1)
        queue = formulas.largest_haircut(could, (1, 0))
        best = formulas.largest_haircut(could, (0, 1) if t % 2 == 0 else (1, 0))
        assert queue is not None
        assert best is not None
        regret += queue - best
    assert regret == formulas.queue_regret(rounds, m)


def test_the_queue_path_varies_and_pro_rata_does_not() -> None:
    """2 T winners with profit 1 and budget 1; the slope of whoever is first alternates between 0.1 and 0.5. T = 8: 7 x 0.4."""
    slopes = [Fraction(1, 10), Fraction(5, 10)] * 4
    assert formulas.path_variation(slopes) == Fraction(28, 10)
    pro_rata = [sum(slopes, Fraction(0)) / len(slopes)] * 8
    assert formulas.path_variation(pro_rata) == 0
    assert pro_rata[0] == Fraction(3, 10)


def test_survivor_and_ratios_of_the_five_accounts() -> None:
    could, queue, shared = (8, 4, Fraction(1, 2)), (Fraction(7, 2), 4, 0), (Fraction(24, 5), Fraction(12, 5), Fraction(3, 10))
    assert formulas.survivor(could, queue) == Fraction(9, 2)
    assert formulas.survivor(could, shared) == Fraction(16, 5)
    assert formulas.ptsr(Fraction(16, 5), Fraction(15, 2)) == Fraction(32, 75)
    assert formulas.pmr(Fraction(16, 5), Fraction(15, 2), 15, 12) == Fraction(16, 5) / (Fraction(1, 2) * 12)
    assert formulas.ptsr_repository(Fraction(16, 5), Fraction(15, 2), 15) == Fraction(32, 75)  # half is paid: D - H = H
    assert formulas.inversions(could, queue) == Fraction(1, 2)  # 4.5, 0, 0.5: the second has less than the third now
    assert formulas.inversions(could, shared) == 0
    assert formulas.largest_haircut(could, queue) == 1
    assert formulas.largest_haircut(could, shared) == Fraction(3, 5)


def test_concentration() -> None:
    assert formulas.gini([5, 5, 5, 5]) == 0
    assert formulas.gini([0, 0, 0, 8]) == Fraction(3, 4)
    assert formulas.gini([1, 3]) == Fraction(1, 4)
    assert formulas.top_share([1, 2, 3, 4], 2) == Fraction(7, 10)
    assert formulas.largest_share([1, 2, 3, 4]) == Fraction(4, 10)


def test_measures_without_a_value() -> None:
    assert formulas.gini([0, 0]) is None
    assert formulas.gini([]) is None
    assert formulas.largest_share([]) is None
    assert formulas.largest_haircut([], []) is None
    assert formulas.inversions([1], [0]) is None
    assert formulas.ptsr(1, 0) is None
    assert formulas.ptsr_repository(1, 5, 5) is None
    assert formulas.survivor([], []) == 0


def test_severity_controllers() -> None:
    assert formulas.backoff(Fraction(1, 2), Fraction(1, 2), Fraction(1, 10), 1) == Fraction(1, 4)
    assert formulas.backoff(Fraction(1, 10), Fraction(1, 2), Fraction(1, 10), 1) == Fraction(1, 10)
    assert formulas.backoff(1, 2, 0, Fraction(3, 4)) == Fraction(3, 4)
    assert formulas.severity_step(Fraction(1, 2), Fraction(1, 4), 10, Fraction(1, 100)) == Fraction(4, 10)
    assert formulas.severity_step(Fraction(1, 2), 1, 100, 1) == 1
    assert formulas.severity_step(Fraction(1, 2), Fraction(1, 2), 100, 1) == Fraction(1, 2)


amounts = st.lists(st.tuples(st.integers(1, 99), st.integers(0, 99)), min_size=1, max_size=8)


@given(amounts)
def test_bounds(pairs: list[tuple[int, int]]) -> None:
    could, paid = [u for u, _ in pairs], [min(x, u) for u, x in pairs]
    worst, unequal, share = formulas.largest_haircut(could, paid), formulas.gini(paid), formulas.largest_share(paid)
    assert worst is not None
    assert 0 <= worst <= 1
    assert unequal is None or 0 <= unequal < 1
    assert share is None or Fraction(1, len(paid)) <= share <= 1
    assert formulas.overshoot(sum(paid), 50) - formulas.undershoot(sum(paid), 50) == sum(paid) - 50
    assert formulas.tracking_error(sum(paid), 50) == formulas.overshoot(sum(paid), 50) + formulas.undershoot(sum(paid), 50)
