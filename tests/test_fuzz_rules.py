"""Random books under every rulebook with random rules, a few hundred here: see fuzz_rules.py, which runs them
by the hour."""

from __future__ import annotations

import os

import pytest
from fuzz_rules import attempt, case, cuts, shrunk
from fuzz_rules import fault_of as fault

BLOCKS = 5
CASES = int(os.environ.get("ADLCALC_FUZZ_CASES", "150"))


@pytest.mark.slow
@pytest.mark.parametrize("block", range(BLOCKS))
def test_any_rules_end_in_a_run_or_in_located_errors(block: int) -> None:
    outcomes = {"run": 0, "refused": 0}
    for seed in range(block * CASES // BLOCKS, (block + 1) * CASES // BLOCKS):
        try:
            outcomes[attempt(case(seed))] += 1
        except Exception as error:
            raise AssertionError(
                f"seed {seed} (python -m tests.fuzz_rules --seed {seed} shrinks it): {error!r}"
            ) from error
    assert outcomes["run"] > CASES // BLOCKS // 10, f"few of them say anything: {outcomes}"


@pytest.mark.slow
def test_a_fault_is_found_named_and_made_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule of the engine is broken for real: what is left of the case is what it takes."""
    from adlcalc.engine.books.ledger import Ledger
    from adlcalc.engine.model import Scenario
    from adlcalc.engine.waterfall import last_resort

    seed = next(
        seed for seed in range(2000) if attempt(case(seed)) == "run" and len(case(seed)["accounts"]) > 5
    )
    assert last_resort  # the engine is loaded before it is broken
    plain = Ledger.begin

    def broken(self: Ledger, scenario: Scenario, step: int) -> None:
        plain(self, scenario, step)
        if self.holders and not step:
            self.holders[0].balance += 1

    monkeypatch.setattr(Ledger, "begin", broken)
    tree = case(seed)
    found = fault(tree)
    assert "AuditError" in found
    small = shrunk(tree, found)
    assert fault(small) == found
    assert len(small["accounts"]) == 1
    assert not small.get("rules")
    assert list(cuts(small))
