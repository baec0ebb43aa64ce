"""What every figure is drawn with: a Vega-Lite specification of our own, from explicit scales, with ticks and
labels that are ours too.

Nothing in a specification depends on how wide a font is: there is no axis, no legend and no fitting by the
renderer, so that a figure is the same on every machine. Numbers are floats here and nowhere else in the
project: they say where ink goes; what is read is written from the exact ones.

Public: Plot, COLORS, FONT, MINUS, Spec, ticks, short, shortened, room, share, VEGA_LITE.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any
from unicodedata import east_asian_width

from adlcalc.ground.numbers import CEILING, FLOOR, HALF_EVEN, ZERO, D, divide, round_to
from adlcalc.report.human import clean, digits

Spec = dict[str, Any]
VEGA_LITE = "https://vega.github.io/schema/vega-lite/v6.json"
COLORS: Mapping[str, str] = {
    "fg": "#14181f",
    "muted": "#566072",
    "line": "#e3e7ec",
    "card": "#fffffe",
    "mark": "#1f4e8c",
    "area": "#e8eef6",
    "liq": "#b93a0a",
    "adl": "#6d28d9",
    "adlbg": "#f1ebfc",
    "fund": "#0d6e66",
    "fundbg": "#e0f0ee",
    "up": "#157a3a",
    "down": "#b91c1d",
    "track": "#eef0f4",
    "kept": "#c3ccd8",
    "edge": "#7d899a",
    "loss": "#334155",
}
"""The colors by what they say, as on a light page. Each is there once, so that a page may tell them apart in
a drawing and put a dark one in its place."""
FONT = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
"""One family for every text of a page and of its drawings. Signs are drawn, never written: a letter that a
family lacks turns the whole of its text into another one."""
MINUS = "−"
SIZE = 12.5
SIGNIFICANT = 6
SUFFIXES = ((D(10) ** 12, "T"), (D(10) ** 9, "B"), (D(10) ** 6, "M"))


class Plot:
    """A drawing of `width` x `height`, and inside its margins the scales x and y (a range may run
    downwards)."""

    def __init__(
        self,
        width: int,
        height: int,
        *,
        x: tuple[Decimal | int, Decimal | int],
        y: tuple[Decimal | int, Decimal | int],
        left: int = 0,
        right: int = 0,
        top: int = 0,
        bottom: int = 0,
    ) -> None:
        self.width, self.height = width - left - right, height - top - bottom
        self._padding = {"left": left, "right": right, "top": top, "bottom": bottom}
        self._scales = {"x": [float(x[0]), float(x[1])], "y": [float(y[0]), float(y[1])]}
        self._layers: list[Spec] = []

    def add(self, mark: str, rows: Sequence[Mapping[str, Any]], color: str = "", **style: Any) -> None:
        """A layer. A row has x, y, and where a thing ends x2, y2 (scales), and `text`, which is cleaned. The
        points of a line or an area have different x, in order."""
        if not rows:
            return
        look: Spec = {"type": mark, "tooltip": None, **style}
        if color:
            look["fill" if mark in ("rect", "area", "text") else "color"] = COLORS[color]
        encoding: Spec = {}
        for key in rows[0]:
            if key in ("x", "y"):
                scale = {"domain": self._scales[key], "nice": False, "zero": False}
                encoding[key] = {"field": key, "type": "quantitative", "scale": scale, "axis": None}
                if mark == "area":
                    encoding[key]["stack"] = None
            elif key == "text":
                encoding[key] = {"field": key, "type": "nominal"}
            else:
                encoding[key] = {"field": key}
        values = [{key: _value(value) for key, value in row.items()} for row in rows]
        self._layers.append({"data": {"values": values}, "mark": look, "encoding": encoding})

    def text(
        self,
        rows: Sequence[Mapping[str, Any]],
        color: str = "fg",
        *,
        align: str = "left",
        bold: bool = False,
        size: float = SIZE,
        **style: Any,
    ) -> None:
        """Labels, in the middle of their height."""
        weight = "bold" if bold else "normal"
        self.add(
            "text", rows, color, align=align, baseline="middle", fontSize=size, fontWeight=weight, **style
        )

    def sign(self, rows: Sequence[Mapping[str, Any]], points: str, dx: float) -> None:
        """Little triangles that point to the right or to the left, so many pixels from there: drawn, as a
        font may lack the letter."""
        shape = f"triangle-{points}"
        self.add("point", rows, "fg", shape=shape, filled=True, opacity=1, size=50, xOffset=dx)

    def dots(
        self,
        rows: Sequence[Mapping[str, Any]],
        color: str,
        shape: str,
        size: int,
        edge: float = 1.2,
        **style: Any,
    ) -> None:
        """Full signs, with an edge in the color of the page: they stand out from what is under them."""
        self.add(
            "point", rows, color, shape=shape, filled=True, opacity=1, size=size, **style,
            stroke=COLORS["card"], strokeWidth=edge,
        )  # fmt: skip

    def rings(
        self, rows: Sequence[Mapping[str, Any]], color: str, size: int, edge: float, **style: Any
    ) -> None:
        """Signs of which only the edge has the color."""
        self.add(
            "point", rows, color, **style, filled=False, fill=COLORS["card"], opacity=1, size=size,
            strokeWidth=edge,
        )  # fmt: skip

    def px(self, key: str, pixels: float) -> float:
        """So many pixels of a scale, as a difference in its units."""
        low, high = self._scales[key]
        return pixels * (high - low) / (self.width if key == "x" else self.height)

    @property
    def corner(self) -> tuple[int, int]:
        """Where its scales begin: the lower left corner, in pixels from the upper left one of the drawing."""
        return self._padding["left"], self._padding["top"] + self.height

    def at(self, x: Decimal | float, y: Decimal | float) -> tuple[float, float]:
        """Where a point is, in pixels from the upper left corner."""
        (x0, x1), (y0, y1) = self._scales["x"], self._scales["y"]
        across = self._padding["left"] + (float(x) - x0) / (x1 - x0) * self.width
        return across, self._padding["top"] + (y1 - float(y)) / (y1 - y0) * self.height

    def grid(
        self,
        at: Sequence[Decimal],
        key: str = "y",
        *,
        labels: bool = True,
        text: Callable[[Decimal], str] | None = None,
    ) -> None:
        """Thin lines across, each with its number (as `text` has it) outside: to the left, or above."""
        other = "x" if key == "y" else "y"
        first, last = self._scales[other]
        edge = first if key == "y" else min(first, last)
        lines = [{key: value, other: first, f"{other}2": last} for value in at]
        self.add("rule", lines, "line", strokeWidth=1)
        if labels:
            rows = [{key: value, other: edge, "text": (text or short)(value)} for value in at]
            where: Spec = {"align": "right", "dx": -8} if key == "y" else {"align": "center", "dy": -11}
            self.text(rows, "muted", size=12, **where)

    def across(self, low: Decimal, high: Decimal, about: int) -> list[Decimal]:
        """Ticks for a grid along x: `about` so many, or fewer where their numbers need more room."""
        for many in range(about, 0, -1):
            found = ticks(low, high, many)
            middles = [(self.at(x, self._scales["y"][0])[0], room(short(x), 12) / 2) for x in found]
            pairs = pairwise(middles)
            if all(a + half + 6 <= b - other for (a, half), (b, other) in pairs):
                return found
        return found[:1]

    def spec(self, description: str) -> Spec:
        """The specification."""
        return {
            "$schema": VEGA_LITE,
            "description": description,
            "width": self.width,
            "height": self.height,
            "padding": self._padding,
            "autosize": {"type": "none"},
            "background": COLORS["card"],
            "config": {"font": FONT, "view": {"stroke": None, "fill": None}, "aria": False},
            "layer": self._layers or [{"data": {"values": []}, "mark": "point"}],
        }


def _value(value: Any) -> Any:
    """As JSON has it."""
    if isinstance(value, str):
        return clean(value)
    found = float(value)
    return int(found) if found.is_integer() and abs(found) < 1e15 else found


def share(part: Decimal, whole: Decimal) -> Decimal:
    """part / whole; 0 of nothing."""
    return divide(part, whole) if whole else ZERO


def ticks(low: Decimal, high: Decimal, about: int = 5) -> list[Decimal]:
    """The multiples of 1, 2 or 5 times a power of ten between two numbers, `about` so many."""
    if high <= low:
        return [low]
    raw = divide(high - low, D(about))
    power = D(10) ** raw.adjusted()
    step = next(power * D(times) for times in (1, 2, 5, 10) if power * D(times) >= raw)
    at, last, found = round_to(low, step, CEILING), round_to(high, step, FLOOR), []
    while at <= last:
        found.append(at)
        at += step
    return found


def whole_ticks(last: int, about: int = 5) -> list[int]:
    """Steps from 0 to the last one, both among them."""
    if last <= about:
        return list(range(last + 1))
    inner = [int(x) for x in ticks(ZERO, D(last), about) if x == x.to_integral_value()]
    gap = (inner[1] - inner[0]) if len(inner) > 1 else 1
    return [*(x for x in inner if last - x > gap * 3 // 5), last]


def short(x: Decimal) -> str:
    """A number for a drawing: six digits, millions and more with their letter. (The table has all digits.)"""
    for scale, letter in SUFFIXES:
        if abs(x) >= scale * (1 if scale > D(10) ** 6 else 10):
            return digits(_rounded(divide(x, scale), 4)) + letter
    return digits(_rounded(x, SIGNIFICANT)).replace("-", MINUS)


def _rounded(x: Decimal, significant: int) -> Decimal:
    """To so many digits, but never above the point."""
    if not x:
        return ZERO
    return round_to(x, D(1).scaleb(min(x.adjusted() - significant + 1, 0)), HALF_EVEN)


def room(text: str, size: float = SIZE, *, bold: bool = False) -> int:
    """About how wide a text is, in pixels, on the safe side: fonts differ, and bold is wider."""
    ems = sum(1.0 if east_asian_width(c) in "WF" else 0.34 if c in "iIl.,:;|' " else 0.65 for c in text)
    return int(ems * size * (1.1 if bold else 1)) + 1


def shortened(name: str, most: int) -> str:
    """A name of at most so many characters, by its beginning and end."""
    name = clean(name)
    if len(name) <= most:
        return name
    tail = most // 3
    return f"{name[: most - tail - 1]}…{name[len(name) - tail :]}"
