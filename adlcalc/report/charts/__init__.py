"""The figures of a run: one file a kind, each a Vega-Lite specification of plain data.

    canvas.py      scales, ticks, labels: what all of them are drawn with
    steps.py       the labels of steps below a drawing
    labels.py      room for labels, none over another
    figure.py      what a figure is; alone.py: with its title and legend, by itself
    signs.py       the signs of legends
    path.py        marks, liquidations, deleveragings
    cover.py       who covered the loss
    fund.py        the fund over time
    queue.py       the queue as a ladder
    equity.py      equity before and after
    health.py      how far from liquidation the open positions are
    series.py      named accounts over time
    policies.py    who pays under other policies or venues
    least_fund.py  the least fund by how deep the crash is
    by_value.py    what a sweep's measures come to for each value of what is varied
    spread.py      how a sweep's measures are spread
    histogram.py   how a large book is distributed

Public: figures.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adlcalc.report.charts.figure import Figure
    from adlcalc.report.charts.least_fund import LeastFund
    from adlcalc.report.compare_view import Comparison
    from adlcalc.report.facts import Facts
    from adlcalc.study.ladder import Ladder


def figures(
    run: Facts,
    *,
    ladders: Mapping[tuple[int, str, int], Ladder] | None = None,
    comparison: Comparison | None = None,
    least: LeastFund | None = None,
) -> list[Figure]:
    """Every figure that applies to a run, in the order in which a reader asks (those of a sweep are of no run:
    spread.py). The accounts whose series was
    asked for are named in all of them."""
    from adlcalc.ground.numbers import exact
    from adlcalc.report.charts import cover, equity, fund, health, path, queue, series

    named: Collection[str] = frozenset(run.named)
    with exact():
        found = [
            *path.figures(run),
            *cover.figures(run),
            *fund.figures(run),
            *queue.figures(run, ladders or {}),
            *equity.figures(run, named),
            *series.figures(run),
            *health.figures(run, named),
        ]
        if comparison is not None:
            from adlcalc.report.charts import policies

            found += policies.figures(comparison)
        if least is not None:
            from adlcalc.report.charts import least_fund

            found += least_fund.figures(least)
    return found
