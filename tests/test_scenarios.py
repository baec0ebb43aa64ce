"""The shipped scenarios: what each says in `expect:` comes out, and each is in the index."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

import adlcalc
from adlcalc.ground.numbers import ZERO
from adlcalc.report import Run
from adlcalc.scenario.expect import Expect, ExpectedRow
from adlcalc.scenario.shipped import path_of

SCENARIOS = Path(__file__).parent.parent / "scenarios"
FILES = sorted(SCENARIOS.glob("*.yaml"))
MODELINE = "# yaml-language-server: $schema=../adlcalc/scenario.schema.json"


def totals(run: Run) -> tuple[Decimal, Decimal, Decimal]:
    """What the funds paid, received and have left."""
    last = run.fund[-1].step
    return (
        sum((row.paid for row in run.fund), ZERO),
        sum((row.received for row in run.fund), ZERO),
        sum((row.closing for row in run.fund if row.step == last), ZERO),
    )


def fills(run: Run, wanted: tuple[ExpectedRow, ...]) -> list[dict[str, object]]:
    """The fills of the run, each with the fields that the expectation names."""
    assert len(run.deleveraged) == len(wanted)
    return [
        {name: getattr(row, name) for name in fill.values}
        for row, fill in zip(run.deleveraged, wanted, strict=True)
    ]


def compare(expect: Expect, run: Run) -> None:
    assert expect.liquidated is not None
    liquidated = {(row.account, row.step) for row in run.liquidations}
    assert {(row.account, row.values["step"]) for row in expect.liquidated} == liquidated
    assert (expect.fund_paid, expect.fund_received, expect.fund_left) == totals(run)
    assert expect.deleveraged is not None
    assert fills(run, expect.deleveraged) == [dict(fill.values) for fill in expect.deleveraged]
    assert expect.skipped is not None
    assert set(expect.skipped) == {row.account for row in run.skipped}
    assert expect.bad_debt == run.audit.bad_debt
    assert expect.equity.items() <= {account.account: account.equity_end for account in run.accounts}.items()


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_expectations_hold(path: Path) -> None:
    loaded = adlcalc.load(path)
    assert loaded.expect is not None
    compare(loaded.expect, adlcalc.run(loaded))
    compare(loaded.expect, adlcalc.run(loaded, index=False))
    assert loaded.expect.equity.keys() == {account.id for account in loaded.scenario.accounts}


@pytest.mark.parametrize("path", sorted(SCENARIOS.rglob("*.yaml")), ids=lambda path: path.stem)
def test_has_a_modeline_and_a_title(path: Path) -> None:
    first, second, *_ = path.read_text(encoding="utf-8").splitlines()
    up = "../" * len(path.relative_to(SCENARIOS).parts)
    assert first == MODELINE.replace("../", up)
    assert second.startswith("title: ")


def test_the_index_lists_them_all_in_order() -> None:
    rows = [
        line
        for line in (SCENARIOS / "README.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| [") and "](incidents/" not in line and "](large/" not in line
    ]
    assert [row.split("](")[1].split(")")[0] for row in rows] == [path.name for path in FILES]


def test_every_scenario_of_the_claims_judges_one() -> None:
    page = (SCENARIOS / "claims.md").read_text(encoding="utf-8")
    assert all(f"claims/{path.name}" in page for path in (SCENARIOS / "claims").glob("*.yaml"))


def test_a_shipped_scenario_is_named_without_its_folder_too() -> None:
    assert path_of("2025-10-hyperliquid") == path_of("incidents/2025-10-hyperliquid") is not None
    assert path_of("no-such-incident") is None
