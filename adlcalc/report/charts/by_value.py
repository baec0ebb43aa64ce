"""What a sweep's measure comes to for each value of what is varied: a dot, and its interval as a bar.

Numbers go across, on a scale of logarithms where they are spread like that; venues, policies and other texts
have a row each. A second thing that is varied has a color and a sign for each of its few values; what else is
varied has a figure for each of its values.

Public: figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

from adlcalc.ground.numbers import ONE, ZERO, D
from adlcalc.report.charts.canvas import Plot, Spec, room, short, shortened, ticks
from adlcalc.report.charts.figure import ROWS, Figure, Key
from adlcalc.report.charts.labels import Places
from adlcalc.report.human import clean, counted
from adlcalc.report.sweep_told import Told, Unit, told_of, unit_of
from adlcalc.report.sweep_view import are_numbers, columns_of, label_of
from adlcalc.report.table import table
from adlcalc.study.sweep import Figure as Group

LOOKS = (("mark", "circle"), ("adl", "diamond"), ("fund", "square"), ("loss", "triangle-up"))
"""The color and the sign of each value of the second thing; of more than these there is a figure each."""
MOST = 8
"""Figures of one measure, at most."""
APART = 9
"""Pixels between the bars of two signs at the same value."""
UNEVEN = 3
"""Where the widest gap between neighbors is more than so many times the narrowest one, numbers stand on a
scale of logarithms."""
FEW = 12
"""Dots up to which each has its number beside it."""
FIRST = D("-0.85")
"""Where a drawing of rows begins above the first of them, at 0: its numbers have room below those of the scale."""
TITLE = 12
"""The size of the letters of what an axis is."""
NAMES, PHONE = 22, 600
"""Letters of a text that has a row, where the drawing is wider than so many pixels; else two thirds."""


class _Series(NamedTuple):
    """The dots of one color: of what they are, and for which value of what is varied."""

    label: str
    dots: Sequence[tuple[str, Told]]


class _Scales(NamedTuple):
    """measure: what the dots are of; across, texts: what is varied, and its values in order; numbers: are
    they?; unit: of the dots, which are all between low and high; bars: have they intervals?"""

    measure: str
    across: str
    texts: Sequence[str]
    numbers: bool
    unit: Unit
    low: Decimal
    high: Decimal
    bars: bool

    def title(self, width: int) -> str:
        """What the dots rise to: 'probability of adl, 95% interval'."""
        before = "" if self.unit in (Unit.ASKED, Unit.SINGLE) else f"{self.unit.value} of "
        before = "answer to " if self.unit is Unit.ANSWER else before
        after = ", 95% interval" if self.bars else ""
        letters = (width - 8) * 10 // int(TITLE * 6.5) - len(before) - len(after)
        return f"{before}{shortened(self.measure, max(letters, 8))}{after}"

    @property
    def ticks(self) -> list[Decimal]:
        return [ZERO, D(100)] if self.unit is Unit.ANSWER else ticks(self.low, self.high)

    def tick(self, x: Decimal) -> str:
        """Its number as it is read."""
        if self.unit is Unit.ANSWER:
            return "yes" if x else "no"
        return short(x) + "%" * (self.unit is Unit.PROBABILITY)

    def name(self, text: str, width: int) -> str:
        """Of a row."""
        return shortened(label_of(text), NAMES if width > PHONE else NAMES * 2 // 3)


def figures(
    name: str, measure: str, groups: Sequence[Group], names: Sequence[str], said: str
) -> list[Figure]:
    """name: what the files are called; groups: of this measure, in order; said: what the paths are."""
    known = [one for one in groups if one.n]
    values = {one: list(dict.fromkeys(group.by[one] for group in known)) for one in names}
    first = max(names, key=lambda one: (are_numbers(values[one]), len(values[one])))
    others = [one for one in names if one != first and len(values[one]) > 1]
    others.sort(key=lambda one: len(values[one]))
    colored = others.pop(0) if others and len(values[others[0]]) <= len(LOOKS) else None
    parts: dict[tuple[str, ...], list[Group]] = {}
    for group in known:
        parts.setdefault(tuple(group.by[one] for one in others), []).append(group)
    unit = unit_of(known)
    dots = [told for group in known if (told := told_of(group, unit)) is not None]
    bars = any(one.low is not None for one in dots)
    scales = _Scales(
        measure, first, values[first], are_numbers(values[first]), unit, *_span(dots, unit), bars
    )
    nothing = len(groups) - len(known)
    missing = f"{counted(nothing, 'group has', 'groups have')} no point that tells it."
    missing = missing if nothing else ""
    made = []
    for number, (key, own) in enumerate(list(parts.items())[:MOST], 1):
        where = [f"{clean(one)}={label_of(text)}" for one, text in zip(others, key, strict=True)]
        alike = (
            [(own, "")]
            if colored is None
            else [
                ([one for one in own if one.by[colored] == text], f"{clean(colored)}={label_of(text)}")
                for text in values[colored]
            ]
        )
        series = [
            _Series(
                label, [(one.by[first], told) for one in some if (told := told_of(one, unit)) is not None]
            )
            for some, label in alike
        ]
        described = _described(series, unit, own, len(parts) - MOST if number == MOST else 0)
        described += f" {missing}" if number == 1 and missing else ""
        shown = own[:ROWS]
        made.append(
            Figure(
                name=f"{name}-{number}" if len(parts) > 1 else name,
                title=", ".join([f"{clean(measure)} by {clean(first)}", *where]),
                description=f"{described} {clean(said)}".strip(),
                tables=(table("", "", columns_of(names, shown), len(own) - len(shown)),),
                draw=partial(_spec, series, scales, described),
                keys=tuple(Key(f"series-{i}", one.label) for i, one in enumerate(series, 1) if one.label),
                half=len(parts) > 1,
            )
        )
    return made


def _described(series: Sequence[_Series], unit: Unit, groups: Sequence[Group], left: int) -> str:
    """What a dot and its bar are, and what is not there."""
    dots = [told for one in series for _, told in one.dots]
    parts = [f"A dot is the {unit.value}, its bar the 95% interval of it."]
    if all(one.low is None for one in dots):
        parts = [f"A dot is the {unit.value}."]
    if endless := sum(not one.value.is_finite() for one in dots):
        parts.append(f"{counted(endless, 'dot')} without end {'is' if endless == 1 else 'are'} not drawn.")
    if missing := len(groups) - len(dots):
        parts.append(f"{counted(missing, 'group has', 'groups have')} no such number.")
    if failed := sum(one.failed for one in groups):
        parts.append(f"{counted(failed, 'point')} failed.")
    if left > 0:
        parts.append(f"{counted(left, 'further figure is', 'further figures are')} not drawn.")
    return " ".join(parts)


def _span(dots: Sequence[Told], unit: Unit) -> tuple[Decimal, Decimal]:
    """From where to where the numbers go: from 0 where that is near, and to no more than 100 percent."""
    if unit is Unit.ANSWER:
        return D(-8), D(108)
    ends = [x for one in dots for x in (one.value, one.low, one.high) if x is not None and x.is_finite()]
    low, high = min(ends, default=ZERO), max(ends, default=ONE)
    low = ZERO if unit is Unit.PROBABILITY or 0 <= low * 2 <= high else low
    edge = (high - low) * D("0.08") or ONE
    return low - edge * bool(low), high + edge


def _by_logarithm(scales: _Scales) -> bool:
    """Do the numbers stand by their logarithms?"""
    at = sorted(map(D, scales.texts)) if scales.numbers else []
    gaps = [b - a for a, b in pairwise(at)]
    return bool(gaps) and at[0] > 0 and max(gaps) > UNEVEN * min(gaps)


def _places(scales: _Scales) -> dict[str, Decimal]:
    """Where each value stands: as it is, by its logarithm, or one after the other."""
    if not scales.numbers:
        return {text: D(i) for i, text in enumerate(scales.texts)}
    found = {text: D(text) for text in scales.texts}
    return {text: x.log10() for text, x in found.items()} if _by_logarithm(scales) else found


def _spec(series: Sequence[_Series], scales: _Scales, told: str, width: int) -> Spec:
    places = _places(scales)
    plot = (_standing if scales.numbers else _lying)(scales, series, places, width)
    along, rises = ("x", "y") if scales.numbers else ("y", "x")
    plot.grid(scales.ticks, rises, text=scales.tick)
    rows = [_rows(plot, scales, one, i - (len(series) - 1) / 2, places) for i, one in enumerate(series)]
    few = max(map(len, rows)) <= FEW * 2
    for (color, _), own in zip(LOOKS, rows, strict=False):
        if scales.numbers:
            plot.add(
                "line", [{"x": row["x"], "y": row["y"]} for row in own], color, strokeWidth=1, opacity=0.4
            )
        bars = [
            {along: row[along], rises: row["low"], f"{rises}2": row["high"]} for row in own if "low" in row
        ]
        plot.add("rule", bars, color, strokeWidth=2.4 if few else 1.2)
    for look, own in zip(LOOKS, rows, strict=False):
        plot.dots([{"x": row["x"], "y": row["y"]} for row in own], *look, 90 if few else 30)
    if sum(map(len, rows)) <= FEW:
        _numbered(plot, scales, rows)
    return plot.spec(told)


def _rows(
    plot: Plot, scales: _Scales, series: _Series, aside: float, places: Mapping[str, Decimal]
) -> list[dict[str, Any]]:
    """Its dots in order, each with the ends of its bar where it has one. aside: how many signs from where
    they stand."""
    along, rises = ("x", "y") if scales.numbers else ("y", "x")
    step, found = abs(plot.px(along, APART)) * aside, []
    for text, told in sorted(series.dots, key=lambda pair: places[pair[0]]):
        if told.value.is_finite():
            row: dict[str, Any] = {
                along: float(places[text]) + step,
                rises: told.value,
                "text": told.text,
                "of": text,
            }
            if told.low is not None and told.high is not None:
                row |= {"low": told.low, "high": min(told.high, scales.high)}  # one without end leaves it
            found.append(row)
    return found


def _standing(scales: _Scales, series: Sequence[_Series], places: Mapping[str, Decimal], width: int) -> Plot:
    """Numbers go across; below them as many of them as there is room for, and what they are."""
    ordered = sorted(scales.texts, key=lambda text: places[text])
    first, last = places[ordered[0]], places[ordered[-1]]
    edge = (last - first) * D("0.07") or ONE
    plot = Plot(
        width,
        324 if width > PHONE else 274,
        x=(first - edge, last + edge),
        y=(scales.low, scales.high),
        left=max(room(scales.tick(x), 12) for x in scales.ticks) + 14,
        right=max(room(label_of(ordered[-1]), 12) // 2, 14),
        top=38,
        bottom=46,
    )
    labels: list[dict[str, Any]] = []
    taken = float("-inf")
    for text in ordered:
        middle, half = plot.at(places[text], scales.low)[0], room(label_of(text), 12) / 2
        if middle - half >= taken:
            labels.append({"x": places[text], "y": scales.low, "text": label_of(text)})
            taken = middle + half + 8
    strokes = [{"x": row["x"], "y": row["y"]} for row in labels]
    plot.add("point", strokes, "edge", shape="stroke", angle=90, size=20, yOffset=3, opacity=1, strokeWidth=1)
    plot.text(labels, "muted", align="center", size=12, dy=15)
    scale = " (log scale)" if _by_logarithm(scales) else ""
    name = shortened(scales.across, max(width // 10 - len(scale), 12)) + scale
    row = {"x": (first + last) / 2, "y": scales.low, "text": name}
    plot.text([row], "muted", align="center", size=TITLE, dy=35)
    _rises(plot, scales, first - edge, scales.high, width)
    return plot


def _rises(plot: Plot, scales: _Scales, x: Decimal, y: Decimal, width: int, dy: int = -26) -> None:
    """What the dots are, in a line above the drawing; x, y: its upper left corner."""
    left = plot.corner[0]
    plot.text([{"x": x, "y": y, "text": scales.title(width)}], "muted", size=TITLE, dx=4 - left, dy=dy)


def _lying(scales: _Scales, series: Sequence[_Series], places: Mapping[str, Decimal], width: int) -> Plot:
    """A row for each text."""
    names = [scales.name(text, width) for text in scales.texts]
    plot = Plot(
        width,
        (APART * len(series) + 17) * len(names) + 70,
        x=(scales.low, scales.high),
        y=(D(len(names)) - D("0.5"), FIRST),
        left=max(room(name, 12) for name in names) + 14,
        right=max(room(scales.tick(x), 12) for x in scales.ticks) // 2 + 6,
        top=50,
        bottom=10,
    )
    rows = [{"x": scales.low, "y": i, "text": name} for i, name in enumerate(names)]
    plot.text(rows, "muted", align="right", size=12, dx=-10)
    _rises(plot, scales, scales.low, FIRST, width, -34)
    return plot


def _numbered(plot: Plot, scales: _Scales, rows: Sequence[Sequence[Mapping[str, Any]]]) -> None:
    """The number of each dot beside it, where it is free; one that all of a value have is told once."""
    places = Places(plot, 12)
    for own in rows if scales.numbers else ():
        places.line((row["x"], row["y"]) for row in own)
    for row in (row for own in rows for row in own):
        places.take(places.sign(row["x"], row["y"], 6))
        if "low" in row:
            ends = row["low"], row["high"]
            places.line((row["x"], end) if scales.numbers else (end, row["y"]) for end in ends)
    numbers: dict[str, list[str]] = {}
    for row in (row for own in rows for row in own):
        numbers.setdefault(row["of"], []).append(row["text"])
    once = {of for of, texts in numbers.items() if len(texts) == len(rows) > 1 and len({*texts}) == 1}
    for i, ((color, _), own) in enumerate(zip(LOOKS, rows, strict=False), 1):
        for row in own:
            if row["of"] in once:
                if i < len(rows):
                    continue
                color = "fg"
            found = places.beside(row["x"], row["y"], row["text"], 6, 0, 12)
            if found is not None:
                label = {"x": row["x"], "y": row["y"], "text": row["text"]}
                plot.text([label], color, bold=True, size=12, **found)
