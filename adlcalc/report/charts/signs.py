"""The signs of legends, each once: report/html/drawn.py writes them into a page, and a figure that stands alone
has them in its specification.

Public: Sign, SIGNS, layer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from adlcalc.report.charts.canvas import COLORS, Spec

BOX = 16
"""How many pixels a sign is wide and high; its coordinates are in them."""


class Sign(NamedTuple):
    """path: SVG's letters M, L, H, V and Z, each with its coordinates; '' is a circle about the middle, of that
    radius. fill, stroke: colors of COLORS, '' none."""

    path: str
    fill: str = ""
    stroke: str = ""
    width: int = 1
    dash: str = ""
    radius: float = 0


_ACROSS, _BOX = "M1 8H15", "M2 3H14V13H2Z"
_DOWN, _UP = "M2 4H14L8 13Z", "M2 13H14L8 4Z"
_DIAMOND, _SQUARE = "M8 1.5L14 8L8 14.5L2 8Z", "M3 3H13V13H3Z"

SIGNS: Mapping[str, Sign] = {
    "line-mark": Sign(_ACROSS, stroke="mark", width=2),
    "line-liquidation": Sign(_ACROSS, stroke="liq", width=2, dash="2 4"),
    "line-bankruptcy": Sign(_ACROSS, stroke="liq", width=2),
    "line-fund": Sign(_ACROSS, stroke="fund", width=2),
    "line-floor": Sign(_ACROSS, stroke="muted", width=2, dash="4 3"),
    "line-due": Sign(_ACROSS, stroke="liq", width=2, dash="4 3"),
    "line-least": Sign(_ACROSS, stroke="fg", width=2),
    "box-below": Sign(_BOX, "adlbg", "edge"),
    "box-adl": Sign(_BOX, "adl"),
    "box-kept": Sign(_BOX, "kept", "edge"),
    "box-skipped": Sign(_BOX, "card", "edge", dash="3 2"),
    "box-distance": Sign(_BOX, "fund"),
    "this": Sign("", "fund", radius=5),
    "liquidated": Sign(_DOWN, "liq"),
    "deleveraged": Sign(_DIAMOND, "adl"),
    "stopped": Sign(_SQUARE, "liq"),
    "resumed": Sign(_UP, "fund"),
    "start": Sign("", "card", "edge", width=2, radius=4.5),
    "end": Sign("", "up", radius=5),
    "least": Sign("M12 4L5 8L12 12Z", "fg"),
    "series-1": Sign("", "mark", radius=5),
    "series-2": Sign(_DIAMOND, "adl"),
    "series-3": Sign(_SQUARE, "fund"),
    "series-4": Sign(_UP, "loss"),
    "named": Sign("M4 3L13 8L4 13Z", "fg"),
}


def layer(sign: Sign, x: float, y: float) -> Spec:
    """The sign in a specification, its middle at these pixels of the drawing."""
    look: Spec = {"type": "point", "tooltip": None, "opacity": 1, "filled": bool(sign.fill)}
    look |= {"shape": _shape(sign.path), "size": BOX**2} if sign.path else {"size": (2 * sign.radius) ** 2}
    if sign.fill:
        look["fill"] = COLORS[sign.fill]
    if sign.stroke:
        look |= {"stroke": COLORS[sign.stroke], "strokeWidth": sign.width}
    if sign.dash:
        look["strokeDash"] = [int(number) for number in sign.dash.split()]
    place: Mapping[str, Any] = {"x": {"value": x}, "y": {"value": y}}
    return {"data": {"values": [{}]}, "mark": look, "encoding": place}


def _shape(path: str) -> str:
    """The path as Vega has the shape of a point: from -1 to 1 in both directions, its corners one by one."""
    x = y = 0.0
    made = []
    for letter, numbers in re.findall(r"([MLHVZ])([^MLHVZ]*)", path):
        given = [float(number) / (BOX / 2) - 1 for number in numbers.split()]
        x, y = {"H": [*given, y], "V": [x, *given], "Z": [x, y]}.get(letter, given)
        made.append("Z" if letter == "Z" else f"{'M' if letter == 'M' else 'L'}{x:g},{y:g}")
    return "".join(made)
