"""An insurance fund over time, and where it stopped paying.

Public: figures.
"""

from __future__ import annotations

from collections.abc import Sequence

from adlcalc.engine.model import Fund
from adlcalc.ground.numbers import ZERO, D
from adlcalc.report.charts.canvas import Plot, Spec, room, short, ticks
from adlcalc.report.charts.figure import ROWS, Figure, Key
from adlcalc.report.charts.path import thinned
from adlcalc.report.charts.steps import Below
from adlcalc.report.columns.run import FUND
from adlcalc.report.facts import Facts
from adlcalc.report.human import clean, digits
from adlcalc.report.run_view import FundRow, FundStop
from adlcalc.report.table import numbers, table, words
from adlcalc.report.verdict import each_step


def figures(run: Facts) -> list[Figure]:
    """A figure for each fund that moved or stopped."""
    found = []
    for fund in run.scenario.funds:
        rows = [row for row in run.fund if row.fund == fund.name]
        stops = [stop for stop in run.fund_stops if stop.fund == fund.name]
        if any(row.moved for row in rows) or stops:
            found.append((fund, rows, stops))
    several = len(run.scenario.funds) > 1
    return [_figure(run, *each, i if several else 0) for i, each in enumerate(found, 1)]


def _figure(
    run: Facts, fund: Fund, rows: Sequence[FundRow], stops: Sequence[FundStop], number: int
) -> Figure:
    paid = sum((row.paid for row in rows), ZERO)
    received = sum((row.received for row in rows), ZERO)
    told = f"It began with {digits(rows[0].opening)}, "
    done = [f"paid {digits(paid)}"] if paid else []
    done += [f"received {digits(received)}"] if received else []
    told += f"{' and '.join(done) or 'did not move'}, and ends with {digits(rows[-1].closing)}."
    stopped = [stop for stop in stops if stop.kind == "stopped"]
    if stopped:
        told += f" Its drawdown stopped it {each_step([stop.step for stop in stopped])}."
    moved = [row for row in rows if row.moved]
    tables = [table("", "", FUND.columns(moved[:ROWS], run), len(moved) - len(moved[:ROWS]))]
    if stops:
        tables.append(
            table(
                "When it stopped and paid again",
                "",
                [
                    words("step", [str(stop.step) for stop in stops]),
                    words("what", [stop.kind for stop in stops]),
                    numbers("balance", [stop.balance for stop in stops]),
                    numbers("peak", [stop.peak for stop in stops]),
                    numbers("fall", [stop.fall for stop in stops]),
                    numbers("limit", [stop.limit for stop in stops]),
                ],
            )
        )
    keys = [Key("line-fund", "balance after the step")]
    keys += [Key("stopped", "stopped")] if stopped else []
    keys += [Key("resumed", "pays again")] if len(stopped) < len(stops) else []
    keys += [Key("line-floor", "floor")] if fund.floor else []
    times = [row.time for row in run.steps]
    return Figure(
        name=f"fund-{number}" if number else "fund",
        title=f"Insurance fund {clean(fund.name)}" if number else "The insurance fund",
        description=told,
        tables=tuple(tables),
        draw=lambda width: _spec(fund, rows, stops, times, told, width),
        keys=tuple(keys),
        half=True,
    )


def _spec(
    fund: Fund,
    rows: Sequence[FundRow],
    stops: Sequence[FundStop],
    times: Sequence[str | None],
    told: str,
    width: int,
) -> Spec:
    """Stairs: a balance holds until the next step. The first stair is what it began with."""
    balances = [rows[0].opening, *(row.closing for row in rows)]
    low = min(*balances, fund.floor, ZERO)
    high = max(balances)
    high += (high - low) * D("0.1") or D(1)
    at = ticks(low, high, 4)
    steps, below = len(rows), Below(times)
    plot = Plot(
        width,
        278,
        x=(D("-0.6"), D(max(steps - 1, 0)) + D("0.4")),
        y=(low, high),
        left=max(*(room(short(x), 12) + 12 for x in at), below.half),
        right=max(16, below.half),
        top=14,
        bottom=26,
    )
    plot.grid(at)
    end = D(max(steps - 1, 0)) + D("0.4")
    points = thinned(list(enumerate(balances[1:])), plot.width)
    stairs = [(D("-0.6"), balances[0]), *((D(i), balance) for i, balance in points), (end, balances[-1])]
    plot.add("area", [{"x": x, "y": y, "y2": low} for x, y in stairs], "fundbg", interpolate="step-after")
    if fund.floor:
        floor = [{"x": stairs[0][0], "x2": stairs[-1][0], "y": fund.floor}]
        plot.add("rule", floor, "muted", strokeDash=[4, 3])
    line = [{"x": x, "y": y} for x, y in stairs]
    plot.add("line", line, "fund", strokeWidth=2.4, interpolate="step-after")
    # where it stands at the step's end: what it stopped at may have the pnl of what it holds in it
    closing = {row.step: row.closing for row in rows}
    for kind, shape, color in (("stopped", "square", "liq"), ("resumed", "triangle-up", "fund")):
        signs = [{"x": stop.step, "y": closing[stop.step]} for stop in stops if stop.kind == kind]
        plot.dots(signs, color, shape, 90)
    below.draw(plot, low)
    return plot.spec(told)
