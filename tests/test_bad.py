"""One fault per file: tests/bad/NAME.yaml is refused with exactly the text of NAME.err.

The first line of a scenario may be a comment with options: `# --set fund=abc`, `# --venue bitmx`. Files
ending in -book.yaml are rulebooks that a scenario names. After a change of wording, `python
tests/test_bad.py` writes the .err files anew; read the diff."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from adlcalc.scenario import load
from adlcalc.source import ScenarioErrors

BAD = Path(__file__).parent / "bad"
NAMES = sorted(path.stem for path in BAD.glob("*.yaml") if not path.stem.endswith("-book"))


def told(name: str) -> str:
    """What is printed about a file; the empty text if it loads."""
    first, _, _ = (BAD / f"{name}.yaml").read_text(encoding="utf-8", errors="replace").partition("\n")
    option, _, value = first.removeprefix("# ").partition(" ")
    sets = [value] if option == "--set" else []
    before = os.getcwd()
    os.chdir(BAD)
    try:
        load(f"{name}.yaml", sets=sets, venue=value if option == "--venue" else None)
    except ScenarioErrors as errors:
        return f"{errors}\n"
    finally:
        os.chdir(before)
    return ""


@pytest.mark.parametrize("name", NAMES)
def test_the_message_is_exactly_this(name: str) -> None:
    assert told(name) == (BAD / f"{name}.err").read_text(encoding="utf-8")


def test_every_message_has_its_file() -> None:
    assert sorted(path.stem for path in BAD.glob("*.err")) == NAMES


if __name__ == "__main__":
    for name in NAMES:
        (BAD / f"{name}.err").write_text(told(name), encoding="utf-8")
