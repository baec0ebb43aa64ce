"""The path of a market: its marks, who was liquidated where, and at which prices positions were deleveraged.

Public: figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple

from adlcalc.engine.events import (
    Deleveraged,
    FundingPaid,
    Liquidated,
    MarginMoved,
    PositionSettled,
    Traded,
)
from adlcalc.ground.numbers import ZERO, D
from adlcalc.report.charts.canvas import Plot, Spec, room, short, shortened, ticks
from adlcalc.report.charts.figure import ROWS, Figure, Key
from adlcalc.report.charts.labels import Places
from adlcalc.report.charts.steps import Below
from adlcalc.report.columns.run import DELEVERAGED, LIQUIDATIONS
from adlcalc.report.columns.series import SERIES
from adlcalc.report.facts import Facts
from adlcalc.report.human import clean, counted, digits
from adlcalc.report.series_view import of_market
from adlcalc.report.table import table

MARKETS = 6
"""Markets that are drawn; of more, those where something happened come first."""
NAMED = 8
"""Liquidated positions whose prices are drawn as lines with a name; of more only where they are closed."""
NEAR = D("0.6")
"""How far beyond the marks, as a share of their range, a price is still drawn."""
FEW, CROWD = 16, 120
"""Signs up to which each says how many it stands for, and beyond which not each has one."""
RADIUS, ABOVE = 7, -11
"""Of a sign, in pixels; and how far above its mark who was liquidated is drawn."""
OFFSETS = tuple(sign * n * ABOVE for n in (1, 2, 3) for sign in (1, -1))
"""Where that is drawn instead if something else is there."""
BESIDE, LABELS = 14, 34
"""From the last step to the end of what stands beside its signs, and to the labels beside the drawing, which
are none of theirs."""
NAME, SHORT = 14, 9
"""Letters of a name beside a drawing, and below a narrow one."""
ROW = 17
"""How high a line of them is, in pixels."""
PIECE = 14
"""How long the piece of a line is that stands before its price, in pixels."""
DOTS = 24
"""Steps that have a dot each, and between which the mark jumps; of more the line alone, which goes straight
from one to the next."""
TAIL = D("0.15")
"""How long the last mark is drawn to hold, in steps."""


_Point = tuple[Decimal | int, Decimal]


class _Line(NamedTuple):
    """A price of a liquidated position that is drawn as a line: its field, its sign in the legend, its
    look."""

    price: str
    sign: str
    style: Mapping[str, list[int]]


LINES = (
    _Line("liquidation_price", "line-liquidation", {"strokeDash": [2, 4]}),
    _Line("bankruptcy_price", "line-bankruptcy", {}),
)


class _Drawn(NamedTuple):
    """What a drawing needs of a market. since: by claim, from which step on its prices were what they are."""

    marks: Sequence[tuple[int, Decimal]]
    times: Sequence[str | None]
    closed: Sequence[Liquidated]
    fills: Sequence[Deleveraged]
    low: Decimal
    high: Decimal
    since: Mapping[int, int]

    @property
    def jumps(self) -> bool:
        """Is a mark drawn to hold until the next one? That is all that is known of it: between two steps it
        passes no price, and nobody is due there."""
        return len(self.marks) <= DOTS


def figures(run: Facts) -> list[Figure]:
    """A figure a market; those where positions were closed first, where there are many."""
    touched = {one.market for one in run.closed} | {row.market for row in run.deleveraged}
    names = [market.name for market in run.scenario.markets]
    shown = names
    if len(names) > MARKETS:
        first = sorted(names, key=lambda name: name not in touched)[:MARKETS]
        shown = [name for name in names if name in first]
    left = len(names) - len(shown)
    return (
        [_figure(run, name, i, len(names) > 1, left) for i, name in enumerate(shown, 1)] if run.steps else []
    )


def _figure(run: Facts, market: str, number: int, several: bool, left: int) -> Figure:
    steps = [(row.step, row.marks[market]) for row in run.steps if market in row.marks]
    at = [i for i, one in enumerate(run.closed) if one.market == market]
    closed = [run.closed[i] for i in at]
    fills = [row for row in run.deleveraged if row.market == market]
    marks = [mark for _, mark in steps]
    low, high = min(marks), max(marks)
    reach = (high - low) * NEAR or high * D("0.05")
    prices = [
        price
        for row in (closed if len(closed) <= NAMED else ())
        for price in (row.bankruptcy_price, row.liquidation_price)
        if price is not None and low - reach <= price <= high + reach
    ] + [row.price for row in fills if low - reach <= row.price <= high + reach]
    low, high = min(low, *prices, low), max(high, *prices, high)
    drawn = _Drawn(steps, [row.time for row in run.steps], closed, fills, low, high, _since(run, closed))
    rows = list(of_market(run.steps, (*run.closed, *run.deleveraged), market))
    told = [row for row in rows if row.liquidated or row.deleveraged] if len(rows) > ROWS else rows
    tables = [
        table(
            "Step by step" if told is rows else "The steps at which positions were closed",
            "",
            SERIES.columns(told[:ROWS], run),
            len(rows) - len(told[:ROWS]),
        )
    ]
    if closed:
        tables.append(
            table(
                "Liquidated",
                "",
                LIQUIDATIONS.columns([run.liquidations[i] for i in at[:ROWS]], run),
                len(at) - len(at[:ROWS]),
            )
        )
    if fills:
        tables.append(
            table("Deleveraged", "", DELEVERAGED.columns(fills[:ROWS], run), len(fills) - len(fills[:ROWS]))
        )
    keys = [Key("line-mark", "mark price")]
    if closed:
        keys.append(Key("liquidated", "liquidated"))
        if len(closed) <= NAMED:
            keys += [Key(line.sign, line.price.replace("_", " ")) for line in LINES]
    if fills:
        keys.append(Key("deleveraged", "deleveraged, at its price"))
    return Figure(
        name="path" if not several else f"path-{number}",
        title=f"The path of {clean(market)}" if several else "The path",
        description=_told(drawn, left if number == 1 else 0),
        tables=tuple(tables),
        draw=lambda width: _spec(drawn, width),
        keys=tuple(keys),
    )


def _since(run: Facts, closed: Sequence[Liquidated]) -> dict[int, int]:
    """From which step on the prices of those who are named held. Those of an isolated position move with its
    margin, its size and funding only; those of a cross account with every mark of its other markets, and so
    they are known for the step alone."""
    if not 0 < len(closed) <= NAMED:
        return {}
    who = {one.account for one in closed}
    changes: list[tuple[int, str | None]] = [
        (one.step, one.account)
        for one in (*run.told(MarginMoved), *run.told(Traded), *run.told(PositionSettled))
        if one.account in who and one.market == closed[0].market
    ]
    changes += [(one.step, None) for one in run.told(FundingPaid) if one.market == closed[0].market]
    since: dict[int, int] = {}
    for one in closed:
        own = (step for step, account in changes if account in (None, one.account) and step <= one.step)
        start = max(own, default=0) if one.margin == "isolated" else one.step
        since[one.claim] = min(start, max(one.step - 1, 0))
        changes.append((one.step, one.account))
    return since


def _told(drawn: _Drawn, left: int) -> str:
    first, last = drawn.marks[0][1], drawn.marks[-1][1]
    lowest, highest = min(mark for _, mark in drawn.marks), max(mark for _, mark in drawn.marks)
    moves = len(drawn.marks) - 1
    parts = [f"From {digits(first)} to {digits(last)} in {counted(moves, 'move')}"]
    if not moves:
        parts = [f"One step, at {digits(first)}"]
    if lowest < min(first, last):
        parts.append(f"as low as {digits(lowest)}")
    if highest > max(first, last):
        parts.append(f"as high as {digits(highest)}")
    text = ", ".join(parts) + "."
    if drawn.closed:
        who = list(dict.fromkeys(row.account for row in drawn.closed))
        named = clean(who[0]) if len(who) == 1 else f"{len(who):,} accounts"
        text += f" {named[:1].upper() + named[1:] if len(who) > 1 else named} "
        text += f"{'is' if len(who) == 1 else 'are'} liquidated, first at step {drawn.closed[0].step:,}."
    if drawn.fills:
        text += (
            f" {counted(len(drawn.fills), 'fill')} deleverage{'s' if len(drawn.fills) == 1 else ''} "
            "counterparties."
        )
    if left:
        text += f" {counted(left, 'further market is', 'further markets are')} not drawn."
    return text


def _spec(drawn: _Drawn, width: int) -> Spec:
    wide = width > 600
    named = drawn.closed if len(drawn.closed) <= NAMED else ()
    last = drawn.marks[-1][0]
    margin = (drawn.high - drawn.low) * D("0.08") or drawn.high * D("0.02")
    low, high = drawn.low - margin, drawn.high + margin
    at = ticks(low, high, 5)
    below = Below(drawn.times)
    left = max(*(room(short(x), 12) + 12 for x in at), below.half)
    told = _beside(named, low, high, NAME if wide else SHORT)
    right = max(below.half, 14, _columns(told, LABELS)[-1] if told and wide else 0)
    tail = TAIL if drawn.jumps else ZERO
    under = 0 if wide or not told else ROW * len(told) + 8
    plot = Plot(
        width,
        330 if wide else 250 + under,
        x=(0, max(last, 1) + tail),
        y=(low, high),
        left=left,
        right=right,
        top=14,
        bottom=26 + under,
    )
    plot.grid(at)
    below.draw(plot, low)
    line: list[_Point] = [*thinned(drawn.marks, plot.width)]
    if drawn.jumps:
        line = [*line, (last + tail, line[-1][1])]
    how = {"interpolate": "step-after"} if drawn.jumps else {}
    plot.add("area", [{"x": x, "y": mark, "y2": low} for x, mark in line], "area", **how)
    _lines(plot, drawn, named, last)
    plot.add(
        "line", [{"x": x, "y": mark} for x, mark in line], "mark", strokeWidth=2.2, strokeJoin="round", **how
    )
    if len(drawn.marks) <= DOTS:
        dots = [{"x": x, "y": mark} for x, mark in drawn.marks]
        plot.rings(dots, "mark", 34, 1.8)
    _events(plot, drawn, line, named)
    if told and wide:
        heights = _heights(plot, told, low, high)
        _names(plot, max(last, 1) + tail, told, heights, LABELS, _columns(told, LABELS), 0)
    elif told:
        columns = _columns(told, 6 - left)
        for i, one in enumerate(told):
            down = 26 + 8 + ROW * i + ROW // 2
            _names(plot, ZERO, [one], [float(low)], 6 - left, columns, down)
    return plot.spec(_told(drawn, 0))


def thinned(points: Sequence[tuple[int, Decimal]], pixels: int) -> list[tuple[int, Decimal]]:
    """A line of at most two points a pixel or so: the lowest and the highest of each stretch, in order, and
    both ends."""
    stretch = len(points) * 2 // max(pixels, 1)
    if stretch < 4:
        return list(points)
    kept = [points[0]]
    for start in range(0, len(points), stretch):
        part = points[start : start + stretch]
        kept += sorted({min(part, key=lambda p: p[1]), max(part, key=lambda p: p[1])})
    kept.append(points[-1])
    return list(dict.fromkeys(kept))


def _stairs(line: Sequence[_Point]) -> list[_Point]:
    """The corners of a line that holds until the next point."""
    corners = [line[0]]
    for (_, before), (x, mark) in pairwise(line):
        corners += [(x, before), (x, mark)]
    return corners


def _lines(plot: Plot, drawn: _Drawn, named: Sequence[Liquidated], last: int) -> None:
    """The prices of those who are named, from when they were these to where they were closed."""
    for line in LINES:
        rows = [
            {"x": drawn.since[row.claim], "x2": row.step or last, "y": getattr(row, line.price)}
            for row in named
            if getattr(row, line.price) is not None and drawn.low <= getattr(row, line.price) <= drawn.high
        ]
        plot.add("rule", rows, "liq", strokeWidth=1.4, **line.style)


def _events(plot: Plot, drawn: _Drawn, line: Sequence[_Point], named: Sequence[Liquidated]) -> None:
    """One sign a step for those who were liquidated, above its mark or where that is taken below it; one a
    step and price for those who were deleveraged; and how many where it is several and there is room."""
    marks = dict(drawn.marks)
    closed: dict[int, int] = {}
    for row in drawn.closed:
        closed[row.step] = closed.get(row.step, 0) + 1
    fills: dict[tuple[int, Decimal], int] = {}
    for fill in drawn.fills:
        if drawn.low <= fill.price <= drawn.high:
            fills[fill.step, fill.price] = fills.get((fill.step, fill.price), 0) + 1
    few, few_fills = len(closed) <= FEW, len(fills) <= FEW
    if len(fills) > CROWD:
        fills = _beside_one_another(plot, fills)
    places = Places(plot, BESIDE)
    if few or few_fills:
        for step, price in fills:
            places.take(places.sign(step, price, RADIUS if few_fills else RADIUS / 2))
        if len(drawn.marks) <= DOTS:
            for step, mark in drawn.marks:
                places.take(places.sign(step, mark, RADIUS / 2))
        places.line(_stairs(line) if drawn.jumps else line)
        for row in named:
            for line_of in LINES:
                y = getattr(row, line_of.price)
                if y is not None and drawn.low <= y <= drawn.high:
                    places.line([(drawn.since[row.claim], y), (row.step, y)])
    offsets: dict[int, int] = {}
    for step in closed:
        offsets[step] = ABOVE
        if few:
            boxes = {dy: places.sign(step, marks[step], RADIUS - 1, dy) for dy in OFFSETS}
            offsets[step] = next((dy for dy, box in boxes.items() if places.free(box)), ABOVE)
            places.take(boxes[offsets[step]])
    for offset in OFFSETS:
        rows = [{"x": step, "y": marks[step]} for step in closed if offsets[step] == offset]
        plot.dots(rows, "liq", "triangle-down", 110 if few else 50, yOffset=offset)
    rows = [{"x": step, "y": price} for step, price in fills]
    plot.dots(rows, "adl", "diamond", 100 if few_fills else 34)
    if few:
        for step, many in closed.items():
            _count(plot, places, step, marks[step], many, "liq", offsets[step])
    if few_fills:
        for (step, price), many in fills.items():
            _count(plot, places, step, price, many, "adl", 0)


def _count(plot: Plot, places: Places, step: int, price: Decimal, many: int, color: str, offset: int) -> None:
    """How many a sign stands for."""
    text = f"{many:,}×"
    if many > 1 and (found := places.beside(step, price, text, RADIUS, offset, 11)) is not None:
        plot.text([{"x": step, "y": price, "text": text}], color, bold=True, size=11, **found)


def _beside_one_another(
    plot: Plot, fills: Mapping[tuple[int, Decimal], int]
) -> dict[tuple[int, Decimal], int]:
    """Of very many signs the first of each patch of a few pixels: the others would lie under it."""
    kept: dict[tuple[int, int], tuple[tuple[int, Decimal], int]] = {}
    for (step, price), count in fills.items():
        patch = (int(step / plot.px("x", 4)), int(float(price) / abs(plot.px("y", 7))))
        kept.setdefault(patch, ((step, price), count))
    return dict(kept.values())


class _Told(NamedTuple):
    """A position's prices as they stand beside the drawing, in the order of `LINES`."""

    name: str
    prices: tuple[Decimal | None, ...]

    @property
    def height(self) -> Decimal:
        """Where it stands: at its bankruptcy price, or at the other one where it has none."""
        return next(price for price in reversed(self.prices) if price is not None)


def _beside(named: Sequence[Liquidated], low: Decimal, high: Decimal, most: int) -> list[_Told]:
    """Whose prices are told beside the drawing (below a narrow one), names of at most so many letters, the
    highest first; those of one account that are the same are told once."""
    found = dict.fromkeys(
        _Told(shortened(row.account, most), tuple(getattr(row, line.price) for line in LINES))
        for row in named
    )
    shown = [one for one in found if any(price is not None and low <= price <= high for price in one.prices)]
    return sorted(shown, key=lambda one: -one.height)


def _columns(told: Sequence[_Told], start: int) -> list[int]:
    """Where each piece of line and its price begin, and where all ends, in pixels from where the names begin
    at `start`; the names stand before them."""
    at = start + max((room(one.name, bold=True) for one in told), default=0) + 10
    found: list[int] = []
    for i in range(len(LINES)):
        found.append(at)
        at += PIECE + 5 + max((room(_price(one.prices[i])) for one in told), default=0) + 10
    return [*found, at - 6]


def _price(price: Decimal | None) -> str:
    return "–" if price is None else short(price)


def _heights(plot: Plot, told: Sequence[_Told], low: Decimal, high: Decimal) -> list[float]:
    """Where each name stands beside the drawing: at its price, none over another."""
    gap = abs(plot.px("y", ROW))
    at = float(high) + gap
    lowest = float(low) + gap * len(told)
    heights = []
    for one in told:
        at = min(at - gap, max(float(one.height), lowest - gap * 0.5))
        lowest -= gap
        heights.append(at)
    return heights


def _names(
    plot: Plot,
    x: Decimal,
    told: Sequence[_Told],
    heights: Sequence[float],
    start: int,
    columns: Sequence[int],
    down: int,
) -> None:
    """Whose prices are where, each with a piece of its line. start, columns: pixels from x to the names and
    to the prices; down: so many lower than their heights."""
    lower: dict[str, Any] = {"dy": down} if down else {}
    plot.text(
        [{"x": x, "y": y, "text": one.name} for y, one in zip(heights, told, strict=True)],
        bold=True,
        dx=start,
        **lower,
    )
    for i, (line, at) in enumerate(zip(LINES, columns, strict=False)):
        plot.add(
            "point",
            [{"x": x, "y": y} for y in heights],
            "liq",
            shape="stroke",
            size=PIECE**2,
            xOffset=at + PIECE // 2,
            **({"yOffset": down} if down else {}),
            opacity=1,
            filled=False,
            strokeWidth=1.4,
            **line.style,
        )
        texts = [
            {"x": x, "y": y, "text": _price(one.prices[i])} for y, one in zip(heights, told, strict=True)
        ]
        plot.text(texts, "liq", dx=at + PIECE + 5, **lower)
