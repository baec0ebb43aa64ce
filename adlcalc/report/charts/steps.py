"""The steps below a drawing, or their times where they have some: each label in the middle under its step.

Public: Below, moment.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from adlcalc.report.charts.canvas import Plot, room, shortened, whole_ticks

SIZE = 12
APART = 12
"""Pixels between two labels, at least."""
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d:\d\d)")


def moment(time: str | None) -> str:
    """A time for a label: '03-12 10:15'; what has another form by its first 16 characters."""
    if time is None:
        return ""
    found = _ISO.match(time)
    return f"{found[2]}-{found[3]} {found[4]}" if found else shortened(time, 16)


class Below:
    """The labels of steps 0 to the last one. times: of each step, None where it has none."""

    def __init__(self, times: Sequence[str | None]) -> None:
        self._times, self._last, self._timed = times, max(len(times) - 1, 0), any(times)

    def _text(self, step: int) -> str:
        return moment(self._times[step]) if self._timed else f"step {step:,}"

    @property
    def half(self) -> int:
        """What half of the first and of the last label take: the margins that a drawing leaves for them."""
        return max(room(self._text(step), SIZE) for step in (0, self._last)) // 2 + 4

    def draw(self, plot: Plot, low: Decimal) -> None:
        """Both ends, and of round steps between them as many as there is room for, each with a short stroke
        where it is. low: the lower end of the drawing."""
        wide = max(room(self._text(step), SIZE) for step in (0, self._last // 2, self._last)) + APART
        apart = wide * plot.px("x", 1)
        steps = [0]
        for step in whole_ticks(self._last, max(int(plot.width // wide), 1)):
            if step == self._last:
                if len(steps) > 1 and step - steps[-1] < apart:
                    steps.pop()
                steps += [step] if step - steps[-1] >= apart else []
            elif step - steps[-1] >= apart:
                steps.append(step)
        strokes = [{"x": step, "y": low} for step in steps]
        plot.add(
            "point", strokes, "edge", shape="stroke", angle=90, size=20, yOffset=3, opacity=1, strokeWidth=1
        )
        labels = [{"x": step, "y": low, "text": self._text(step)} for step in steps]
        plot.text(labels, "muted", align="center", size=SIZE, dy=15)
