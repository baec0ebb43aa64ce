"""How far from their liquidation the open positions are.

Public: figures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from itertools import starmap

from adlcalc.engine.events import AccountState
from adlcalc.engine.model import side_name
from adlcalc.engine.quiet import QuietAccounts
from adlcalc.ground.numbers import ONE, ZERO, D, exact, round_to
from adlcalc.report.charts.canvas import Plot, Spec, room, short, shortened
from adlcalc.report.charts.figure import MANY, Figure, Key
from adlcalc.report.charts.histogram import Bin, histogram
from adlcalc.report.columns.health import POSITIONS
from adlcalc.report.facts import FEW, Facts
from adlcalc.report.human import clean, counted
from adlcalc.report.table import table
from adlcalc.study.health import OpenPosition

NEAREST = FEW
"""Positions that are drawn of a large book, besides those of named accounts."""
FARTHEST = ONE
"""Distances beyond the mark itself are drawn as that."""


def figures(run: Facts, named: Collection[str]) -> list[Figure]:
    """The open positions, nearest to their liquidation first; of a large book the nearest, and how all of
    them are distributed by margin ratio, which is what liquidates."""
    with exact():
        states, others = run.apart
        together = 0 if others is None else len(others)
        many = len(states) + together > MANY
        rows, count = run.health.nearest(states, NEAREST if many else 0)
        count += together
        more = [
            position
            for state in states
            if many and state.account in named
            for position in run.health.of(state)
        ]
        rows += [row for row in more if row not in rows]
        if not rows:
            return []
        found = [_ratios(run, states, others, named)] if many else []
    several = len(run.scenario.markets) > 1
    first = rows[0]
    told = f"{counted(count, 'position')} {'is' if count == 1 else 'are'} still open."
    if first.due:
        told += f" {clean(first.account)} is due at the last mark."
    elif first.distance is not None:
        told += (
            f" {clean(first.account)} is nearest: its liquidation price "
            f"{short(first.liquidation_price or ZERO)}"
        )
        told += f" is {_percent(first.distance)} away from the mark."
    if count > len(rows):
        told += (
            f" The {len(rows)} nearest are shown." if not more else " The nearest and those named are shown."
        )
    return [
        *found,
        Figure(
            name="health",
            title="How far from liquidation",
            description=told,
            tables=(table("", "", POSITIONS.columns(rows, run), count - len(rows)),),
            draw=lambda width: _spec(rows, named, several, told, width),
            keys=(
                Key("box-distance", "distance from the last mark to the liquidation price"),
                *([Key("named", "asked for")] if any(row.account in named for row in rows) else []),
            ),
        ),
    ]


def _percent(x: Decimal) -> str:
    """'12.5 %'; what is less than a tenth is not shown as none; far away it is so many times the mark."""
    if x >= 10:
        return f"{short(round_to(x, ONE))}× the mark"
    rounded = round_to(x * 100, D("0.1"))
    return f"{short(rounded)} %" if rounded or not x else "<0.1 %"


def _spec(rows: Sequence[OpenPosition], named: Collection[str], several: bool, told: str, width: int) -> Spec:
    """A bar as long as the way; it ends at the price."""
    wide = width > 600
    labels = [shortened(row.account, 18 if wide else 12) for row in rows]
    marked = [i for i, row in enumerate(rows) if row.account in named]
    aside = 14 if marked else 0
    notes = [
        f"{side_name(row.side)} {short(row.size)}" + (f" {shortened(row.market, 12)}" if several else "")
        for row in rows
    ]
    ends = [
        "due"
        if row.due
        else "no mark liquidates it"
        if row.distance is None
        else f"{_percent(row.distance)}, at {short(row.liquidation_price or ZERO)}"
        for row in rows
    ]
    left = max(max(map(room, labels)), max(room(note, 11) for note in notes)) + 16 + aside
    if wide:
        left = max(map(room, labels)) + max(room(note, 12) for note in notes) + 34 + aside
    far = [min(row.distance, FARTHEST) for row in rows if row.distance is not None]
    most = max([*far, D("0.05")])
    right = min(max(map(room, ends)) + 14, width * 3 // 5)
    line = 28 if wide else 38
    plot = Plot(
        width,
        line * len(rows) + 10,
        x=(ZERO, most),
        y=(len(rows), 0),
        left=left,
        right=right,
        top=4,
        bottom=6,
    )
    middle, thick = D("0.5"), D("0.26") if wide else D("0.2")
    boxes = [{"y": i + middle - thick, "y2": i + middle + thick} for i in range(len(rows))]
    plot.add("rect", [{"x": ZERO, "x2": most, **box} for box in boxes], "track", cornerRadius=3)
    bars = [
        {"x": ZERO, "x2": min(row.distance, FARTHEST), **box}
        for row, box in zip(rows, boxes, strict=True)
        if row.distance
    ]
    plot.add("rect", bars, "fund", cornerRadius=3, opacity=0.85)
    plot.add(
        "rect",
        [{"x": ZERO, "x2": most, **box} for row, box in zip(rows, boxes, strict=True) if row.due],
        "liq",
        cornerRadius=3,
    )
    if wide:
        plot.text(
            [{"x": ZERO, "y": i + middle, "text": label} for i, label in enumerate(labels)],
            dx=-(left - 4 - aside),
        )
        plot.text(
            [{"x": ZERO, "y": i + middle, "text": note} for i, note in enumerate(notes)],
            "muted",
            size=12,
            align="right",
            dx=-12,
        )
    else:
        plot.text(
            [{"x": ZERO, "y": i + middle, "text": label} for i, label in enumerate(labels)],
            align="right",
            dx=-12,
            dy=-7,
        )
        plot.text(
            [{"x": ZERO, "y": i + middle, "text": note} for i, note in enumerate(notes)],
            "muted",
            size=11,
            align="right",
            dx=-12,
            dy=8,
        )
    plot.sign([{"x": ZERO, "y": i + middle} for i in marked], "right", 9 - left)
    plot.text([{"x": most, "y": i + middle, "text": end} for i, end in enumerate(ends)], size=12, dx=10)
    return plot.spec(told)


def _tenth(equity: Decimal | int, maintenance: Decimal | int) -> int:
    """Which bar a margin unit is in: 0 without a maintenance margin, 1 below a tenth, 11 where it is due."""
    if equity <= 0:
        return 11
    tenths = int(10 * maintenance // equity)
    return 0 if maintenance <= 0 else tenths + 1 if tenths < 10 else 11


def _ratios(
    run: Facts, states: Iterable[AccountState], others: QuietAccounts | None, named: Collection[str]
) -> Figure:
    """Margin units by their margin ratio, in tenths; at 1 a unit is due."""
    counts: Counter[int] = Counter()
    marked: list[tuple[str, int]] = []
    for state in states:
        for unit in run.health.units(state):
            at = _tenth(*unit)
            counts[at] += 1
            if state.account in named:
                marked.append((state.account, at))
    if others is not None:
        lines = run.health.lines_of(others.market)
        assert lines is not None
        counts.update(starmap(_tenth, others.margins(lines)))
    labels = [
        "no maintenance margin",
        *(f"0.{n} to {'1' if n == 9 else f'0.{n + 1}'}" for n in range(10)),
        "1 or more",
    ]
    bins = [
        Bin(label, counts[i], tuple(dict.fromkeys(name for name, at in marked if at == i)))
        for i, label in enumerate(labels)
    ]
    if not bins[0].many:
        bins = bins[1:]
    while len(bins) > 1 and not bins[-1].many:
        bins.pop()
    told = (
        f"{counted(counts.total(), 'margin unit')} by margin ratio, maintenance margin / equity: at 1 one is "
        "due."
    )
    return histogram(
        "health-distribution", "Margin ratios of who is left", told, bins, "margin ratio", "margin units"
    )
