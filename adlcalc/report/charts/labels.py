"""Room for labels beside signs: none over another, none over a sign, none outside the drawing.

Public: Places, Box.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from adlcalc.report.charts.canvas import SIZE, Plot, room

Number = Decimal | float | int


class Box(NamedTuple):
    """A rectangle in pixels of the drawing, from its upper left corner."""

    left: float
    top: float
    right: float
    bottom: float

    def over(self, other: Box) -> bool:
        """Do the two share any ink?"""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def holds(self, x: float, y: float) -> bool:
        """Is the point in it?"""
        return self.left < x < self.right and self.top < y < self.bottom


class Places:
    """What is taken of a drawing. Lines may be written over where nothing else is free, signs may not.
    beside: how many pixels to the right of the scale are free; to the left and below are its numbers."""

    def __init__(self, plot: Plot, beside: float) -> None:
        self._plot = plot
        self._taken: list[Box] = []
        self._ink: list[tuple[float, float]] = []
        left, bottom = plot.corner
        self._all = Box(left, 0, left + plot.width + beside, bottom + 6)

    def sign(self, x: Number, y: Number, radius: float, dy: float = 0) -> Box:
        """Where a sign of so many pixels to each side is, or would be."""
        across, down = self._plot.at(x, y)
        down += dy
        return Box(across - radius, down - radius, across + radius, down + radius)

    def take(self, box: Box) -> None:
        """It is drawn there."""
        self._taken.append(box)

    def free(self, box: Box) -> bool:
        """Is it inside, and over nothing that is drawn?"""
        inside = (
            self._all.left <= box.left
            and self._all.top <= box.top
            and box.right <= self._all.right
            and box.bottom <= self._all.bottom
        )
        return inside and not any(box.over(other) for other in self._taken)

    def line(self, points: Iterable[tuple[Number, Number]]) -> None:
        """A line through the points is drawn."""
        before: tuple[float, float] | None = None
        for x, y in points:
            here = self._plot.at(x, y)
            if before is not None:
                many = max(int(max(abs(here[0] - before[0]), abs(here[1] - before[1])) // 3), 1)
                self._ink += [
                    (
                        before[0] + (here[0] - before[0]) * i / many,
                        before[1] + (here[1] - before[1]) * i / many,
                    )
                    for i in range(many)
                ]
            self._ink.append(here)
            before = here

    def beside(
        self, x: Number, y: Number, text: str, radius: float, dy: float = 0, size: float = SIZE
    ) -> dict[str, Any] | None:
        """How a bold label beside a sign is set: to its right, left, above, below or between these, wherever
        it is free and crosses the fewest lines. None where there is no room: the numbers have it."""
        across, down = self._plot.at(x, y)
        wide, tall = room(text, size, bold=True), size * 0.62
        gap = int(radius) + 3
        best: tuple[int, dict[str, Any], Box] | None = None
        for align, dx, more in (
            ("left", gap, 0),
            ("right", -gap, 0),
            ("center", 0, -(gap + size * 0.55)),
            ("center", 0, gap + size * 0.55),
            *((align, dx, more) for more in (-size, size) for align, dx in (("left", gap), ("right", -gap))),
        ):
            left = across + dx - {"left": 0.0, "center": wide / 2, "right": float(wide)}[align]
            middle = down + dy + more
            box = Box(left, middle - tall, left + wide, middle + tall)
            if not self.free(box):
                continue
            crossed = sum(box.holds(*point) for point in self._ink)
            if best is None or crossed < best[0]:
                best = crossed, {"align": align, "dx": dx, "dy": round(dy + more, 1)}, box
        if best is None:
            return None
        self.take(best[2])
        return best[1]
