"""`adlcalc diff`: two runs held against each other."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT, Result

Command = Callable[..., Result]
HALF = "scenarios/04-fund-half-absorbs.yaml"


def test_one_file_against_itself_with_a_change(adlcalc: Command) -> None:
    """Without its 1,000 the fund pays nothing: both of alice's coins go to bob at her bankruptcy price,
    54,000."""
    got = adlcalc("diff", HALF, "--set", "fund=0")
    assert (got.err, got.code) == ("", 1)
    lines = got.out.splitlines()
    assert "deleveraged: step 2: bob: size 1 → 2" in lines
    assert "liquidated: step 2: alice: deleveraged size 1 → 2" in lines
    assert "fund: step 2: fund: paid 1000 → 0" in lines
    assert lines[0].startswith("fund: step 0: fund: opening 1000 → 0")


def test_two_sets_of_different_keys_say_how_they_are_taken(adlcalc: Command) -> None:
    """Somebody may have meant both changes against none: each is held against the other, and that is said."""
    got = adlcalc("diff", HALF, "--set", "fund=0", "--set", "accounts.bob.leverage=3")
    assert got.err == "adlcalc diff: fund=0 is held against accounts.bob.leverage=3, each without the other\n"
    assert adlcalc("diff", HALF, "--set", "fund=0", "--set", "fund=5_000").err == ""


def test_rows_that_are_names_alone(adlcalc: Command) -> None:
    got = adlcalc("diff", "04-fund-half-absorbs", "--venue", "bybit")
    assert "assumptions: adl.score: row is new\n" in got.out
    assert "(nothing)" not in got.out


def test_two_sets_two_venues_two_files(adlcalc: Command, tmp_path: Path) -> None:
    got = adlcalc("diff", HALF, "--set", "fund=0", "--set", "fund=500")
    assert "fund: step 2: fund: paid 0 → 500" in got.out
    got = adlcalc("diff", HALF, "--venue", "generic", "--venue", "fund-only")
    assert "bob: no longer deleveraged (" in got.out
    other = tmp_path / "other.yaml"
    shutil.copy(ROOT / HALF, other)
    assert adlcalc("diff", HALF, str(other)) == Result("", "adlcalc diff: the same happens in both\n", 0)
    text = other.read_text(encoding="utf-8").replace("fund: 1_000", "fund: 999.9").partition("expect:")[0]
    other.write_text(text, encoding="utf-8")
    got = adlcalc("diff", HALF, str(other))
    assert (got.code, "fund: step 2: fund: paid 1000 → 999" in got.out) == (1, True)
    assert adlcalc("diff", HALF, str(other), "-q") == Result("", "", 1)
    got = adlcalc("diff", HALF, str(other), "--limit", "1")
    assert got.out.splitlines()[1].startswith("… ")


@pytest.mark.parametrize(
    "arguments",
    [
        [HALF],
        [HALF, HALF, HALF],
        ["-", "-"],
        ["-", "--set", "fund=1"],
        [HALF, HALF, "--venue", "okx", "--venue", "bybit"],
        [HALF, "--set", "fund=1", "--set", "fund=2", "--set", "fund=3"],
        [HALF, "no-such.yaml"],
        [HALF, "--venue", "okex"],
    ],
)
def test_what_cannot_be_held_against_each_other(adlcalc: Command, arguments: list[str]) -> None:
    got = adlcalc("diff", *arguments)
    assert (got.out, got.code) == ("", 2)
    assert got.err
    assert "Traceback" not in got.err
