"""A named account over time: the mark against its liquidation price, and its margin ratio.

Public: figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from adlcalc.engine.events import Deleveraged
from adlcalc.engine.model import side_name
from adlcalc.ground.numbers import ONE, ZERO, D, divide
from adlcalc.report.charts.canvas import MINUS, Plot, Spec, room, short, ticks
from adlcalc.report.charts.figure import ROWS, Figure, Key
from adlcalc.report.charts.path import DOTS, thinned
from adlcalc.report.charts.steps import Below
from adlcalc.report.columns.run import LIQUIDATIONS
from adlcalc.report.columns.series import SERIES
from adlcalc.report.facts import Facts
from adlcalc.report.human import clean, counted, digits
from adlcalc.report.run_view import LiquidationRow
from adlcalc.report.series_view import SeriesRow
from adlcalc.report.table import Table, table

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
        closed = [run.liquidations[i] for i, one in enumerate(run.closed) if one.account == name]
        held = [(row.market, row.side) for row in rows if row.market is not None and row.side is not None]
        # one that falls at once holds nothing at the end of any step
        markets = list(dict.fromkeys([*held, *((row.market, row.side) for row in closed)]))
        for i, (market, side) in enumerate(markets[:MARKETS], 1):
            own = [row for row in rows if (row.market, row.side) == (market, side)]
            fell = [row for row in closed if (row.market, row.side) == (market, side)]
            dues = [row.liquidation_price for row in own] + [row.liquidation_price for row in fell]
            given = [
                row for row in run.deleveraged if (row.account, row.market, row.side) == (name, market, side)
            ]
            times = {*(row.step for row in own), *(row.step for row in fell), *(row.step for row in given)}
            if any(due is not None for due in dues) and (len(times) > 1 or fell or len(run.steps) == 1):
                found.append(_prices(run, name, own, fell, given, f"account-{number}-price-{i}"))
        told = {row.step for row in rows if row.margin_ratio is not None} | {row.step for row in closed}
        if len(told) > 1 or closed or (told and len(run.steps) == 1):
            found.append(_ratio(run, name, rows, closed, f"account-{number}-ratio"))
    return found


def _prices(
    run: Facts,
    name: str,
    rows: Sequence[SeriesRow],
    closed: Sequence[LiquidationRow],
    given: Sequence[Deleveraged],
    file: str,
) -> Figure:
    """Up to the last step at which the position is held, or is liquidated or deleveraged."""
    market, side = (rows or closed)[0].market or "", (rows or closed)[0].side or 0
    where = f" in {clean(market)}" if len(run.scenario.markets) > 1 else ""
    told = _ends(run, name, rows, closed, given, where) + _stood(run, rows, given, market, side)
    marks = {row.step: row.mark_price for row in closed}
    marks |= {row.step: row.mark for row in rows if row.mark is not None}
    dues = {row.step: row.liquidation_price for row in closed if row.liquidation_price is not None}
    dues |= {row.step: row.liquidation_price for row in rows if row.liquidation_price is not None}
    for fill in given:  # in the step that ends a position nothing of it is held at the end
        marks.setdefault(fill.step, fill.mark)
        before = [step for step in dues if step < fill.step]
        if before:
            dues.setdefault(fill.step, dues[max(before)])
    lines: list[_Line] = [
        ("mark", "mark", sorted(marks.items()), []),
        ("liq", "liquidation price", sorted(dues.items()), [2, 4]),
    ]
    if max(dues.values()) > max(marks.values()) * FAR_OFF:
        last = lines.pop()[2][-1][1]
        told += f" Its liquidation price, {short(last)} at the end, is too far away to be drawn."
    times = [row.time for row in run.steps]
    signs = [(row.step, marks[row.step]) for row in closed]
    fills = list(dict.fromkeys((row.step, row.price) for row in given))
    keys = [Key("line-mark", "mark price"), Key("line-liquidation", "liquidation price")][: len(lines)]
    return Figure(
        name=file,
        title=f"{clean(name)}: mark and liquidation price{where}",
        description=told,
        tables=_tables(run, rows, closed),
        draw=lambda width: _spec(lines, signs, times, None, told, width, fills),
        keys=(*keys, *_liquidated(closed), *_deleveraged(given)),
        half=True,
    )


def _tables(run: Facts, rows: Sequence[SeriesRow], closed: Sequence[LiquidationRow]) -> tuple[Table, ...]:
    """Step by step, and how it was liquidated."""
    shown = closed[:ROWS]
    more = (table("Liquidated", "", LIQUIDATIONS.columns(shown, run), len(closed) - len(shown)),)
    return (
        table("", "", SERIES.columns(rows[:ROWS], run), len(rows) - len(rows[:ROWS])),
        *(more if closed else ()),
    )


def _liquidated(closed: Sequence[LiquidationRow]) -> tuple[Key, ...]:
    return (Key("liquidated", "liquidated"),) if closed else ()


def _deleveraged(given: Sequence[Deleveraged]) -> tuple[Key, ...]:
    return (Key("deleveraged", "deleveraged, at its price"),) if given else ()


def _ends(
    run: Facts,
    name: str,
    rows: Sequence[SeriesRow],
    closed: Sequence[LiquidationRow],
    given: Sequence[Deleveraged],
    where: str,
) -> str:
    """Until when the position is held, and what ends it."""
    who, held = clean(name), rows[-1].step if rows else -1
    if closed and closed[-1].step > held:
        end = closed[-1]
        return (
            f"{who} is liquidated{where} at step {end.step:,}, at a mark of {digits(end.mark_price)}, with "
            f"{_equity(end)}."
        )
    kept = rows[-1].size if rows else None
    if held < len(run.steps) - 1:
        last = any(row.step == held + 1 for row in given)
        told = f"{who} holds the position{where} until step {held + 1:,}, at which it is "
        told += "deleveraged" if last else "closed"
    elif given and kept:
        part = f"{digits(kept)} {'contract' if kept == 1 else 'contracts'}"
        given_up = sum((row.size for row in given), ZERO)
        told = f"{who} holds {part} of the position{where} to the end, and gives up {digits(given_up)}, first at "
        told += f"step {given[0].step:,}"
    else:
        told = f"{who} holds the position{where} to the end"
    if closed:
        steps = list(dict.fromkeys(f"{row.step:,}" for row in closed))
        told += f"; of {counted(len(steps), 'liquidation')} of a part the first is at step {steps[0]}"
    return f"{told}."


def _equity(row: LiquidationRow) -> str:
    """'an equity of −500, below zero', '... of 200 against a maintenance margin of 300'."""
    text = f"an equity of {digits(row.equity).replace('-', MINUS)}"
    if row.equity < 0:
        return f"{text}, below zero"
    return f"{text} against a maintenance margin of {digits(row.maintenance)}"


def _stood(
    run: Facts, rows: Sequence[SeriesRow], given: Sequence[Deleveraged], market: str, side: int
) -> str:
    """Its best place in the queue of its own side, as the steps ended and as it was filled; what that is worth
    where nobody was taken from it."""
    ranks = [row.rank for row in rows if row.rank is not None]
    ranks += [fill.rank for fill in given if (fill.market, fill.side) == (market, side)]
    if not ranks:
        return ""
    told = f" Its best place in the queue of the {side_name(side)}s is {min(ranks):,}"
    used = any((row.market, row.side) == (market, side) for row in run.deleveraged)
    return told + ("." if used else ", which was not used: nobody was deleveraged from it.")


def _ratio(
    run: Facts, name: str, rows: Sequence[SeriesRow], closed: Sequence[LiquidationRow], file: str
) -> Figure:
    """The worst of its margin units at each step; where one was liquidated, as it was then."""
    worst: dict[int, Decimal] = {}
    for row in rows:
        if row.margin_ratio is not None:
            worst[row.step] = max(min(row.margin_ratio, HIGHEST), worst.get(row.step, ZERO))
    steps = len(worst)
    for one in closed:
        ratio = divide(one.maintenance, one.equity) if one.equity > 0 else HIGHEST
        worst[one.step] = max(min(ratio, HIGHEST), worst.get(one.step, ZERO))
    most = max(worst.values())
    told = f"Maintenance margin / equity of {clean(name)}; at 1 it is due."
    if closed:
        first = closed[0]
        told += (
            f" It is liquidated {'first ' if len(closed) > 1 else ''}at step {first.step:,}, with "
            f"{_equity(first)}."
        )
    else:
        at = next(step for step in sorted(worst) if worst[step] == most)
        told += f" Its worst is {'over ' if most == HIGHEST else ''}{short(most)}, at step {at:,}"
        told += f", of {counted(steps, 'step')} with a position."
    times = [row.time for row in run.steps]
    lines: list[_Line] = [("fund", "margin ratio", sorted(worst.items()), [])]
    signs = [(step, worst[step]) for step in dict.fromkeys(row.step for row in closed)]
    return Figure(
        name=file,
        title=f"{clean(name)}: margin ratio",
        description=told,
        tables=_tables(run, rows, closed),
        draw=lambda width: _spec(lines, signs, times, ONE, told, width),
        keys=(Key("line-fund", "margin ratio"), Key("line-due", "due"), *_liquidated(closed)),
        half=True,
    )


_Line = tuple[str, str, Sequence[tuple[int, Decimal]], Sequence[int]]


def _spec(
    lines: Sequence[_Line],
    signs: Sequence[tuple[int, Decimal]],
    times: Sequence[str | None],
    due: Decimal | None,
    told: str,
    width: int,
    fills: Sequence[tuple[int, Decimal]] = (),
) -> Spec:
    """signs: where it was liquidated; fills: where it was deleveraged."""
    values = [y for _, _, points, _ in lines for _, y in points] + ([due, ZERO] if due is not None else [])
    values += [price for _, price in fills]
    low, high = min(values), max(values)
    edge = (high - low) * D("0.08") or D(1)
    low, high = low if due is not None else low - edge, high + edge
    below = Below(times)
    at = ticks(low, high, 4)
    last = max(len(times) - 1, 1)
    plot = Plot(
        width,
        240,
        x=(0, last),
        y=(low, high),
        left=max(*(room(short(x), 12) + 12 for x in at), below.half),
        right=max(16, below.half),
        top=12,
        bottom=26,
    )
    plot.grid(at)
    if due is not None:
        plot.add("rule", [{"x": 0, "x2": last, "y": due}], "liq", strokeDash=[4, 3], strokeWidth=1.4)
    for color, _, points, dash in lines:
        rows = [{"x": x, "y": y} for x, y in thinned(points, plot.width)]
        look: dict[str, Any] = {"strokeDash": dash} if dash else {}
        if len(rows) <= DOTS:
            look["interpolate"] = "step-after"
        plot.add("line", rows, color, strokeWidth=2.2, **look)
        if len(rows) <= DOTS:
            plot.rings(rows, color, 26, 1.6)
    plot.dots([{"x": x, "y": y} for x, y in signs], "liq", "triangle-down", 110)
    plot.dots([{"x": x, "y": y} for x, y in fills], "adl", "diamond", 90)
    below.draw(plot, low)
    return plot.spec(told)
