"""A figure: what it is called, what it says in words, its numbers as tables, and how it is drawn.

Public: Figure, Key, WIDE, HALF, NARROW, MANY.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from adlcalc.ground.numbers import drawing
from adlcalc.report.charts.canvas import Spec
from adlcalc.report.table import Table

WIDE, NARROW = 800, 360
"""Widths in pixels: of a page; of half a page, or of a phone."""
MANY = 40
"""Accounts above which a figure shows how they are distributed, and of single ones those most affected."""
ROWS = 50
"""Rows that a table below a figure shows."""


class Key(NamedTuple):
    """An entry of a legend: the sign (SIGNS of charts/signs.py) and what it says."""

    sign: str
    text: str


@dataclass(frozen=True, slots=True)
class Figure:
    """name: what its files are called (never text of the user's); half: it may stand beside another one;
    draw: the drawing for a width in pixels, None where there is nothing to draw and the sentence says it."""

    name: str
    title: str
    description: str
    tables: tuple[Table, ...]
    draw: Callable[[int], Spec] | None
    keys: tuple[Key, ...] = ()
    half: bool = False

    def spec(self, width: int) -> Spec:
        """Its Vega-Lite specification."""
        assert self.draw is not None, "a figure that is only told has none"
        with drawing():
            return self.draw(width)
