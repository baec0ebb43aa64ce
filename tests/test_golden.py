"""Goldens: tests/golden/NAME.cmd is a command line, NAME.out all it printed: stdout, then stderr if any, then the exit code.

`pytest tests/test_golden.py --update-golden` writes them anew; read the difference before you commit it.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Result

GOLDEN = Path(__file__).parent / "golden"
COMMANDS = sorted(GOLDEN.glob("*.cmd"))


def transcript(result: Result) -> str:
    """What a golden holds."""
    err = f"--- stderr\n{result.err}" if result.err else ""
    return f"{result.out}{err}--- exit {result.code}\n"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda path: path.stem)
def test_output_is_as_it_was(command: Path, adlcalc: Callable[..., Result], request: pytest.FixtureRequest) -> None:
    program, *arguments = shlex.split(command.read_text(encoding="utf-8"), comments=True)
    assert program == "adlcalc"
    got = transcript(adlcalc(*arguments))
    golden = command.with_suffix(".out")
    if request.config.getoption("--update-golden"):
        golden.write_bytes(got.encode("utf-8"))
    assert golden.exists(), f"no {golden.name}; run with --update-golden"
    assert got == golden.read_bytes().decode("utf-8")


def test_every_golden_belongs_to_a_command() -> None:
    orphans = [path.name for path in GOLDEN.iterdir() if path.suffix != ".cmd" and path.with_suffix(".cmd") not in COMMANDS]
    assert not orphans, f"outputs without a command: {orphans}"


def test_every_shipped_scenario_has_a_golden() -> None:
    commands = " ".join(path.read_text(encoding="utf-8") for path in COMMANDS)
    shipped = sorted((GOLDEN.parent.parent / "scenarios").glob("*.yaml"))
    assert [path.name for path in shipped if f"scenarios/{path.name}" not in commands] == []
