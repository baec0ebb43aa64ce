"""A named account over time: the mark against its liquidation price, and its margin ratio.

Public: figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from adlcalc.ground.numbers import ONE, ZERO, D
from adlcalc.report.charts.canvas import Plot, Spec, room, short, ticks, whole_ticks
from adlcalc.report.charts.figure import ROWS, Figure, Key
from adlcalc.report.charts.path import moment, thinned
from adlcalc.report.columns.series import SERIES
from adlcalc.report.facts import Facts
from adlcalc.report.human import clean, counted
from adlcalc.report.series_view import SeriesRow
from adlcalc.report.table import table

HIGHEST = D("1.2")
"""Margin ratios beyond it are drawn as it."""
FAR_OFF = 3
"""A liquidation price beyond so many times the highest mark would flatten the mark."""
MARKETS = 3
"""Markets of an account whose liquidation price is drawn."""


def figures(run: Facts) -> list[Figure]:
    """For each account whose series was asked for, those that apply."""
    found: list[Figure] = []
    names = dict.fromkeys(row.series for row in run.series if row.kind == "account")
    for number, name in enumerate(names, 1):
        rows = [row for row in run.series if row.series == name and row.kind == "account"]
        markets = list(dict.fromkeys((row.market, row.side) for row in rows if row.market is not None))
        for i, (market, side) in enumerate(markets[:MARKETS], 1):
            own = [row for row in rows if (row.market, row.side) == (market, side)]
            if any(row.liquidation_price is not None for row in own):
                several = len(run.scenario.markets) > 1
                found.append(_prices(run, name, own, f"account-{number}-price-{i}", several))
        if any(row.margin_ratio is not None for row in rows):
            found.append(_ratio(run, name, rows, f"account-{number}-ratio"))
    return found


def _prices(run: Facts, name: str, rows: Sequence[SeriesRow], file: str, several: bool) -> Figure:
    where = f" in {clean(rows[0].market or '')}" if several else ""
    told = f"{clean(name)} holds the position{where} until step {rows[-1].step:,}."
    ranks = [row.rank for row in rows if row.rank is not None]
    if ranks:
        told += f" Its best place in the queue is {min(ranks)}."
    lines: list[_Line] = [
        ("mark", "mark", [(row.step, row.mark) for row in rows if row.mark is not None], []),
        (
            "liq",
            "liquidation price",
            [(row.step, row.liquidation_price) for row in rows if row.liquidation_price is not None],
            [2, 4],
        ),
    ]
    highest = max((row.mark for row in rows if row.mark is not None), default=ZERO)
    if max(x for _, x in lines[1][2]) > highest * FAR_OFF:
        last = lines.pop()[2][-1][1]
        told += f" Its liquidation price, {short(last)} at the end, is too far away to be drawn."
    times = [row.time for row in run.steps]
    return Figure(
        name=file,
        title=f"{clean(name)}: mark and liquidation price{where}",
        description=told,
        tables=(table("", "", SERIES.columns(rows[:ROWS], run), len(rows) - len(rows[:ROWS])),),
        draw=lambda width: _spec(lines, times, None, told, width),
        keys=(Key("line-mark", "mark price"), Key("line-liquidation", "liquidation price"))[: len(lines)],
        half=True,
    )


def _ratio(run: Facts, name: str, rows: Sequence[SeriesRow], file: str) -> Figure:
    """The worst of its margin units at each step."""
    worst: dict[int, Decimal] = {}
    for row in rows:
        if row.margin_ratio is not None:
            worst[row.step] = max(min(row.margin_ratio, HIGHEST), worst.get(row.step, ZERO))
    steps = sorted(worst)
    most = max(worst.values())
    told = f"Maintenance margin / equity of {clean(name)}; at 1 it is due. "
    at = next(step for step in steps if worst[step] == most)
    told += f"Its worst is {'over ' if most == HIGHEST else ''}{short(most)}, at step {at:,}"
    told += f", of {counted(len(steps), 'step')} with a position."
    times = [row.time for row in run.steps]
    lines: list[_Line] = [("fund", "margin ratio", [(step, worst[step]) for step in steps], [])]
    return Figure(
        name=file,
        title=f"{clean(name)}: margin ratio",
        description=told,
        tables=(table("", "", SERIES.columns(rows[:ROWS], run), len(rows) - len(rows[:ROWS])),),
        draw=lambda width: _spec(lines, times, ONE, told, width),
        keys=(Key("line-fund", "margin ratio"), Key("line-due", "due")),
        half=True,
    )


_Line = tuple[str, str, Sequence[tuple[int, Decimal]], Sequence[int]]


def _spec(
    lines: Sequence[_Line], times: Sequence[str | None], due: Decimal | None, told: str, width: int
) -> Spec:
    values = [y for _, _, points, _ in lines for _, y in points] + ([due, ZERO] if due is not None else [])
    low, high = min(values), max(values)
    edge = (high - low) * D("0.08") or D(1)
    low, high = low if due is not None else low - edge, high + edge
    at = ticks(low, high, 4)
    last = max(len(times) - 1, 1)
    plot = Plot(
        width,
        240,
        x=(0, last),
        y=(low, high),
        left=max(room(short(x), 12) for x in at) + 12,
        right=16,
        top=12,
        bottom=26,
    )
    plot.grid(at)
    if due is not None:
        plot.add("rule", [{"x": 0, "x2": last, "y": due}], "liq", strokeDash=[4, 3], strokeWidth=1.4)
    for color, _, points, dash in lines:
        rows = [{"x": x, "y": y} for x, y in thinned(points, plot.width)]
        plot.add("line", rows, color, strokeWidth=2.2, **({"strokeDash": dash} if dash else {}))
        if len(rows) <= 24:
            plot.add("point", rows, color, filled=False, fill="#fffffe", opacity=1, size=26, strokeWidth=1.6)
    timed = any(times)
    for i in whole_ticks(len(times) - 1, 4 if width > 380 and not timed else 2):
        align = "center" if 0 < i < last else "left" if i == 0 else "right"
        text = moment(times[i]) if timed else f"step {i:,}"
        plot.text([{"x": i, "y": low, "text": text}], "muted", align=align, size=12, dy=15)
    return plot.spec(told)
