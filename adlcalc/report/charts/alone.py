"""A figure that stands alone, on a slide or in a paper: its title and its legend above its drawing.

Public: alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adlcalc.report.charts.canvas import COLORS, Spec, room, shortened
from adlcalc.report.charts.figure import NARROW, WIDE, Figure, Key
from adlcalc.report.charts.signs import BOX, SIGNS, layer
from adlcalc.report.human import clean

TITLE, KEY = 15, 12
"""Sizes of the letters of the title and of the legend, in pixels."""
ABOVE, ROW = 34, 20
"""The room that the title takes, and a line of the legend."""
BESIDE, APART = 10, 16
"""How far from the left both begin, and how far two entries of the legend are from one another."""


def alone(figure: Figure) -> Spec:
    """Its specification with title and legend, as wide as it is on a page."""
    spec = figure.spec(NARROW if figure.half else WIDE)
    padding = spec["padding"]
    width = spec["width"] + padding["left"] + padding["right"]
    rows = _rows(figure.keys, width)
    above = ABOVE + ROW * len(rows)
    left, top = -padding["left"], -padding["top"] - above  # where the picture begins, as the drawing counts
    layers = [_text(_fitting(figure.title, width), left + BESIDE, top + 20, TITLE, "fg", bold=True)]
    for i, row in enumerate(rows):
        y = top + ABOVE + ROW * i + ROW // 2
        for at, key in row:
            layers.append(layer(SIGNS[key.sign], left + at + BOX // 2, y))
            layers.append(_text(clean(key.text), left + at + BOX + 5, y, KEY, "muted"))
    return {
        **spec,
        "padding": {**padding, "top": padding["top"] + above},
        "layer": [*spec["layer"], *layers],
    }


def _rows(keys: Sequence[Key], width: int) -> list[list[tuple[int, Key]]]:
    """The lines of a legend: each entry with where it begins."""
    rows: list[list[tuple[int, Key]]] = []
    at = width
    for key in keys:
        wide = BOX + 5 + room(clean(key.text), KEY)
        if at + wide > width - BESIDE or not rows:
            rows.append([])
            at = BESIDE
        rows[-1].append((at, key))
        at += wide + APART
    return rows


def _fitting(title: str, width: int) -> str:
    """The title, shortened until there is room for it."""
    words = clean(title)
    while len(words) > 8 and room(words, TITLE, bold=True) > width - 2 * BESIDE:
        words = shortened(words, len(words) - 1)
    return words


def _text(text: str, x: float, y: float, size: int, color: str, *, bold: bool = False) -> Spec:
    look: dict[str, Any] = {"type": "text", "tooltip": None, "align": "left", "baseline": "middle"}
    look |= {"fontSize": size, "fill": COLORS[color]} | ({"fontWeight": "bold"} if bold else {})
    return {
        "data": {"values": [{"text": text}]},
        "mark": look,
        "encoding": {
            "x": {"value": x},
            "y": {"value": y},
            "text": {"field": "text", "type": "nominal"},
        },
    }
