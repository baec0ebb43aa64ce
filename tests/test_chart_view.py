"""`run --chart`: the run in little bars."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conftest import ROOT, Result

import adlcalc
from adlcalc.report import Run
from adlcalc.report.chart_view import chart
from adlcalc.report.run_page import run_page
from adlcalc.report.writers import FORMATS

CHART = """\
Chart

              first  steps 0 to 2                last
-----------  ------  ------------------------  ------
BTC-PERP     60,000  ████████▄▄▄▄▄▄▄▄▁▁▁▁▁▁▁▁  53,000
fund          1,000  ████████████████▁▁▁▁▁▁▁▁       0
liquidated                           ▼▼▼▼▼▼▼▼
deleveraged                          ◆◆◆◆◆◆◆◆
"""


def run_of(name: str) -> Run:
    return adlcalc.run(adlcalc.load(ROOT / "scenarios" / f"{name}.yaml"))


def test_a_short_path() -> None:
    """04: 60,000, 57,000, 53,000; the fund is spent at step 2, where alice falls and bob gives up one."""
    page = run_page(run_of("04-fund-half-absorbs"), chart=True)
    assert CHART in FORMATS["table"].page(page)


@pytest.mark.parametrize("width", [40, 60, 80, 200, None])
def test_it_keeps_to_the_width(width: int | None) -> None:
    """A long path has a character for several steps, and the lowest mark stays the lowest bar."""
    drawn = chart(run_of("18-march-2020"), width)
    assert drawn.width <= max(width or 80, 60)
    bars = drawn.columns[2].cells[0]
    assert "▁" in bars
    assert bars[0] == "█"


def test_in_a_pipe_it_is_drawn_as_well(adlcalc: Callable[..., Result]) -> None:
    plain = adlcalc("run", "scenarios/04-fund-half-absorbs.yaml")
    found = adlcalc("run", "scenarios/04-fund-half-absorbs.yaml", "--chart")
    assert CHART in found.out
    assert found.out.replace(CHART + "\n", "") == plain.out
    assert (found.code, found.err) == (plain.code, plain.err)
