"""How many there are of each kind: bars from left to right, each with its number.

Public: Bin, histogram.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from adlcalc.ground.numbers import D
from adlcalc.report.charts.canvas import Plot, Spec, room, short, shortened
from adlcalc.report.charts.figure import Figure, Key
from adlcalc.report.table import counts, table, words


class Bin(NamedTuple):
    """A bar: what it counts, how many there are, and who of them was named."""

    label: str
    many: int
    named: tuple[str, ...] = ()


def histogram(name: str, title: str, told: str, bins: Sequence[Bin], what: str, whom: str) -> Figure:
    """A figure of such bars."""
    named = any(one.named for one in bins)
    columns = [
        words(what, [one.label for one in bins]),
        counts(whom, [one.many for one in bins]),
        words("among them", [", ".join(one.named) or None for one in bins], hide=True),
    ]
    return Figure(
        name=name,
        title=title,
        description=told,
        tables=(table("", "", columns),),
        draw=lambda width: _spec(bins, told, width),
        keys=(Key("named", "accounts that were named"),) if named else (),
    )


def _spec(bins: Sequence[Bin], told: str, width: int) -> Spec:
    """Bars that lie: the labels of many would not fit below standing ones on a phone."""
    labels = [one.label for one in bins]
    left = max(map(room, labels)) + 14
    most = max((one.many for one in bins), default=1)
    named = [[shortened(name, 14) for name in one.named[:3]] for one in bins]
    beside = [", ".join(names) for names in named]
    right = max(room(f"{most:,}") + 28 + max(map(room, beside), default=0), 60)
    right = min(right, width // 3)
    plot = Plot(
        width,
        24 * len(bins) + 12,
        x=(0, most),
        y=(len(bins) or 1, 0),
        left=left,
        right=right,
        top=6,
        bottom=6,
    )
    middle, thick = D("0.5"), D("0.34")
    bars = [
        {"x": 0, "x2": one.many, "y": i + middle - thick, "y2": i + middle + thick}
        for i, one in enumerate(bins)
        if one.many
    ]
    plot.add("rect", bars, "mark", cornerRadius=2, opacity=0.85)
    plot.text(
        [{"x": 0, "y": i + middle, "text": label} for i, label in enumerate(labels)],
        "muted",
        align="right",
        size=12,
        dx=-10,
    )
    plot.text(
        [{"x": one.many, "y": i + middle, "text": short(D(one.many))} for i, one in enumerate(bins)],
        bold=True,
        size=12,
        dx=7,
    )
    marked = [
        {"x": one.many, "y": i + middle, "text": text}
        for i, (one, text) in enumerate(zip(bins, beside, strict=True))
        if text
    ]
    dx = room(f"{most:,}", 12, bold=True) + 16
    plot.sign([{"x": row["x"], "y": row["y"]} for row in marked], "right", dx)
    plot.text(marked, "fg", size=12, dx=dx + 8)
    return plot.spec(told)
