"""Goldens: tests/golden/NAME.cmd is a command line, NAME.out all it printed: stdout, then stderr if any, then
the exit code. A few pages are held like that; what comes of the shipped scenarios is held as facts, in
tests/golden/facts.

`pytest tests/test_golden.py --update-golden` writes them anew; read the difference before you commit it.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT, Result

from adlcalc import load, run
from adlcalc.check.commands import Style, asked
from adlcalc.check.held import new_golden
from adlcalc.source.problems import format_problem

GOLDEN = Path(__file__).parent / "golden"
FACTS = GOLDEN / "facts"
COMMANDS = sorted(GOLDEN.glob("*.cmd"))
SCENARIOS = ROOT / "scenarios"
SHIPPED = sorted(path for path in SCENARIOS.rglob("*.yaml") if path.parent.name != "large")
"""Those of thousands of accounts are held by what they expect, and by a page of their totals."""


def transcript(result: Result) -> str:
    """What a golden holds."""
    err = f"--- stderr\n{result.err}" if result.err else ""
    return f"{result.out}{err}--- exit {result.code}\n"


def _marked(command: Path) -> object:
    return pytest.param(
        command, id=command.stem, marks=[pytest.mark.slow] * ("/large/" in command.read_text())
    )


@pytest.mark.parametrize("command", [*map(_marked, COMMANDS)])
def test_output_is_as_it_was(
    command: Path, adlcalc: Callable[..., Result], request: pytest.FixtureRequest
) -> None:
    program, *arguments = shlex.split(command.read_text(encoding="utf-8"), comments=True)
    assert program == "adlcalc"
    got = transcript(adlcalc(*arguments))
    golden = command.with_suffix(".out")
    if request.config.getoption("--update-golden"):
        golden.write_bytes(got.encode("utf-8"))
    assert golden.exists(), f"no {golden.name}; run with --update-golden"
    assert got == golden.read_bytes().decode("utf-8")


def test_every_golden_belongs_to_a_command() -> None:
    files = [path for path in GOLDEN.iterdir() if path.is_file()]
    orphans = [
        path.name for path in files if path.suffix != ".cmd" and path.with_suffix(".cmd") not in COMMANDS
    ]
    assert not orphans, f"outputs without a command: {orphans}"


def facts_of(scenario: Path) -> Path:
    """The golden of a shipped scenario: in the folder of facts as the scenario in its own."""
    return FACTS / scenario.relative_to(SCENARIOS).with_suffix(".golden")


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SHIPPED, ids=lambda path: path.stem)
def test_the_facts_of_a_shipped_scenario_are_as_they_were(
    scenario: Path, adlcalc: Callable[..., Result], request: pytest.FixtureRequest
) -> None:
    """Nothing differs; and nothing has been added that the golden does not hold yet, which `check` alone
    would pass."""
    golden = facts_of(scenario)
    file, folder = scenario.relative_to(ROOT).as_posix(), golden.parent.relative_to(ROOT).as_posix()
    command = ("check", file, "--golden", folder)
    loaded = load(scenario)
    # without the rules in force, which every further rule would change in all of them
    now = new_golden(asked("run"), Style.json, loaded, run(loaded), rules=False)
    if request.config.getoption("--update-golden"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(now, encoding="utf-8")
    assert golden.exists(), f"no {golden.name}; run with --update-golden"
    noted = "".join(f"{format_problem(note)}\n" for note in loaded.notes)
    well = "adlcalc check: 1 file, 1 golden: all as expected\n"
    assert adlcalc(*command) == Result("", noted.replace(f"{ROOT}/", "") + well, 0)
    assert now == golden.read_text(encoding="utf-8"), "facts have been added; run with --update-golden"


def test_every_golden_of_facts_belongs_to_a_shipped_scenario() -> None:
    held = sorted(path for path in FACTS.rglob("*") if path.is_file())
    assert held == sorted(facts_of(scenario) for scenario in SHIPPED)
