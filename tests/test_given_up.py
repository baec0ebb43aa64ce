"""What deleveraging cost whom, in sentences."""

from __future__ import annotations

from pathlib import Path

from conftest import ROOT

import adlcalc
from adlcalc.engine.loop import run as run_engine
from adlcalc.report import Run
from adlcalc.report.given_up import LIST, Sentence, sentences
from adlcalc.study.ladder import Ladders


def told(path: Path, *accounts: str) -> list[Sentence]:
    scenario, ladders = adlcalc.load(path).scenario, Ladders()
    run = Run(scenario, run_engine(scenario, observer=ladders), named=accounts)
    return sentences(run, ladders.found)


def test_who_gave_up_what_and_why_it_was_that_one() -> None:
    """21: alice is bankrupt at 90, the mark is 80. early gives all of 12 at 90 and loses 10 x 12 = 120 against
    the mark, gambler 8 of his for 80. The one who was asked for comes first."""
    path = ROOT / "scenarios" / "21-who-pays.yaml"
    by_cost, asked = told(path), told(path, "gambler")
    assert [one.who for one in by_cost] == ["early", "gambler"]
    assert [(one.who, one.asked) for one in asked] == [("gambler", True), ("early", False)]
    early, gambler = (one.text for one in by_cost)
    assert early.startswith("gave up all 12 contracts of its short at 90")
    assert "at 90, with the mark at 80" in early
    assert "cost 120 against the mark" in early
    assert "cost 80 against the mark" in gambler
    assert "It stood at rank 1 of " in gambler
    assert "next was early" in gambler
    assert early.endswith("The other side was the liquidated position of alice.")


def test_those_beyond_a_few_are_counted_together(tmp_path: Path) -> None:
    """Ten shorts of 1 from 100 against a long of 10 that is bankrupt at 90, the mark at 80: each loses 10
    against the mark, those without a sentence 10 x (10 - LIST) together."""
    shorts = "".join(f"  - {{id: s{i}, side: short, size: 1, entry: 100, leverage: 2}}\n" for i in range(10))
    file = tmp_path / "s.yaml"
    file.write_text(
        "fund: 0\nprices: [100, 80]\naccounts:\n  - {id: al, side: long, size: 10, entry: 100, leverage: 10}\n"
        + shorts
    )
    found = told(file)
    assert len(found) == LIST + 1
    assert found[0].text.startswith("gave up all 1 contract of its short at 90")
    assert found[-1] == Sentence(
        "", f"and {10 - LIST} positions more, cost {10 * (10 - LIST)} against the mark together."
    )


def test_nobody_gave_up_anything() -> None:
    assert told(ROOT / "scenarios" / "01-margin-call-without-loss.yaml") == []
