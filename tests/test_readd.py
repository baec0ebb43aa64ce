"""The JSON of the command, added up again by a program that knows nothing of the engine: shipped scenarios
and random books."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from books import account, as_yaml, random_scenario, scenario
from conftest import PATIENCE, ROOT, Result
from oracle import UnspecifiedError, run_oracle
from readd import faults_of

import adlcalc
from adlcalc.engine.contract import Commission
from adlcalc.engine.model import Maintenance, Scenario, Tier

Command = Callable[..., Result]
SHIPPED = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "scenarios").rglob("*.yaml")
    if path.parent.name != "large"
)


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_scenarios_add_up(name: str, adlcalc: Command) -> None:
    out, err, code = adlcalc("run", name, "--format", "json")
    assert code == 0
    assert all("note" in line for line in err.splitlines() if line.startswith("scenarios/"))
    assert faults_of(json.loads(out)) == []


PLAIN = Commission.MAINTENANCE


def without_fee(book: Scenario) -> Scenario:
    """A file gives the closing fee for all markets together."""
    markets = tuple(
        replace(m, maintenance=replace(m.maintenance, closing_fee=Decimal(0), isolated=PLAIN, cross=PLAIN))
        for m in book.markets
    )
    return replace(book, markets=markets)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(4))
def test_random_books_add_up_and_are_what_the_oracle_says(
    block: int, adlcalc: Command, tmp_path: Path
) -> None:
    """Written as files, read and run by the command: the same scenario, sums that come out, and everyone's
    money."""
    for seed in range(1000 + block * 10, 1010 + block * 10):
        book = without_fee(random_scenario(seed, inverse=seed % 2 == 1, most_accounts=12))
        lots = {market.name: market.lot for market in book.markets}
        if any(p.size < lots[p.market] for account in book.accounts for p in account.positions):
            continue  # no file may hold what could never be closed
        path = tmp_path / f"{seed}.yaml"
        path.write_text(as_yaml(book), encoding="utf-8")
        assert_same(load(path), book)
        out, err, code = adlcalc("run", str(path), "--format", "json")
        assert (err, code) == ("", 0), path.read_text(encoding="utf-8")
        told = json.loads(out)
        assert faults_of(told) == [], f"book {seed}"
        try:
            expected = run_oracle(book)
        except UnspecifiedError:
            continue
        equity = {row["account"]: Fraction(row["equity_end"]) for row in told["accounts"]}
        assert {
            row["account"]: row["equity_end"] for row in expected["accounts"]
        }.items() <= equity.items(), f"book {seed}"
        assert Fraction(told["audit"]["bad_debt"]) == expected["bad_debt"], f"book {seed}"


def load(path: Path) -> Scenario:
    return adlcalc.load(path).scenario


def assert_same(read: Scenario, written: Scenario) -> None:
    for part in ("markets", "funds", "accounts", "money_unit"):
        assert getattr(read, part) == getattr(written, part)
    assert dict(read.path.marks) == dict(written.path.marks)


def test_tiers_survive_the_file(tmp_path: Path) -> None:
    tiers = Maintenance(
        (Tier(Decimal(0), Decimal("0.01")), Tier(Decimal(50), Decimal("0.02"), Decimal("0.5")))
    )
    book = scenario([account("a", 1, 100, 10), account("b", -1, 100, 10)], [100, 95], maintenance=tiers)
    path = tmp_path / "tiers.yaml"
    path.write_text(as_yaml(book), encoding="utf-8")
    assert_same(load(path), book)


# --- the program itself: each of these changes must be noticed ----------------------------------------------


@pytest.fixture
def told(adlcalc: Command) -> dict[str, Any]:
    out, _, _ = adlcalc("run", "scenarios/04-fund-half-absorbs.yaml", "--format", "json")
    run: dict[str, Any] = json.loads(out)
    return run


@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "wrong"),
    [
        (("fund", 2, "closing"), "1"),
        (("fund", 2, "paid"), "999"),
        (("fund", 1, "opening"), "1001"),
        (("liquidations", 0, "book_size"), "1.5"),
        (("liquidations", 0, "shortfall"), "999"),
        (("liquidations", 0, "mark_price"), "53001"),
        (("deleveraged", 0, "size"), "3"),
        (("deleveraged", 0, "size"), "0.5"),
        (("deleveraged", 0, "price"), "54001"),
        (("deleveraged", 0, "forgone_pnl"), "999"),
        (("deleveraged", 0, "side"), "long"),
        (("accounts", 1, "equity_end"), "25001"),
        (("accounts", 1, "status"), "liquidated"),
        (("accounts", 1, "positions", 0, "size"), "0.9"),
        (("accounts", 1, "positions", 0, "side"), "long"),
        (("audit", "bad_debt"), "1"),
        (("steps", 2, "funds", "fund"), "1"),
        (("steps", 2, "money_difference"), "0.00000001"),
    ],
)
def test_a_wrong_number_is_noticed(where: tuple[Any, ...], wrong: str, told: dict[str, Any]) -> None:
    assert faults_of(told) == []
    changed: Any = copy.deepcopy(told)
    part = changed
    for key in where[:-1]:
        part = part[key]
    assert part[where[-1]] != wrong
    part[where[-1]] = wrong
    assert faults_of(changed)


@pytest.mark.slow
def test_the_program_reads_a_file_and_speaks_by_its_exit_code(told: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    for bad_debt, code in (("0", 0), ("7", 1)):
        told["audit"]["bad_debt"] = bad_debt
        path.write_text(json.dumps(told), encoding="utf-8")
        command = [sys.executable, str(ROOT / "tests" / "readd.py"), str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
        assert (done.returncode, bool(done.stdout), done.stderr) == (code, bool(code), "")
