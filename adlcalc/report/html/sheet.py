"""All figures of a run on one sheet, as SVG: the picture of its page, for a slide or a README.

Public: sheet.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from adlcalc.report.charts.canvas import COLORS, FONT, Spec, room
from adlcalc.report.charts.figure import NARROW, WIDE, Figure
from adlcalc.report.html.drawn import SIGNS, placed
from adlcalc.report.human import clean

MARGIN, GAP, INSIDE = 28, 16, 20
BACKGROUND = "#f5f6f8"


def sheet(title: str, verdict: str, figures: Sequence[tuple[Figure, bool]]) -> str:
    """figures: each with whether it stands beside another one."""
    width = WIDE + 2 * INSIDE + 2 * MARGIN
    half = (WIDE + 2 * INSIDE - GAP) // 2
    y, parts = MARGIN + 8, []
    for size, text, color, bold in ((27, title, "fg", True), (17, verdict, "muted", False)):
        for line in _lines(clean(text), size, width - 2 * MARGIN, bold=bold):
            y += int(size * 1.25)
            weight = ' font-weight="bold"' if bold else ""
            parts.append(_text(MARGIN, y, line, size, color, weight))
        y += 8
    y += 10
    waiting: list[tuple[Figure, Spec]] = []
    for figure, is_half in figures:
        waiting.append((figure, figure.spec(NARROW if is_half else WIDE)))
        if is_half and len(waiting) < 2:
            continue
        height = max(_height(one, spec) for one, spec in waiting)
        for i, (one, spec) in enumerate(waiting):
            wide = half if is_half else WIDE + 2 * INSIDE
            name = f"s{len(parts)}"
            parts.append(_card(one, spec, name, MARGIN + i * (half + GAP), y, wide, height))
        y += height + GAP
        waiting = []
    tall = y - GAP + MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {tall}" width="{width}" '
        f'height="{tall}"'
        f' font-family="{FONT}"><rect width="{width}" height="{tall}" fill="{BACKGROUND}"/>'
        f"{''.join(parts)}</svg>\n"
    )


def _height(figure: Figure, spec: Spec) -> int:
    """Of its card."""
    padding = spec["padding"]
    return int(_head(figure) + spec["height"] + padding["top"] + padding["bottom"] + INSIDE)


def _head(figure: Figure) -> int:
    return 44 + (24 if figure.keys else 0)


def _card(figure: Figure, spec: Spec, name: str, x: int, y: int, width: int, height: int) -> str:
    """Title, legend and drawing in a frame; what there is no room for is left out of the legend."""
    parts = [
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="12" fill="{COLORS["card"]}"'
        f' stroke="{COLORS["line"]}"/>',
        _text(x + INSIDE, y + 32, figure.title, 16, "fg", ' font-weight="bold"'),
    ]
    at = x + INSIDE
    for sign, text in figure.keys:
        if at + 22 + room(text, 12) <= x + width - 8:
            parts.append(f'<g transform="translate({at},{y + 43})">{_plain(SIGNS[sign])}</g>')
            parts.append(_text(at + 20, y + 55, text, 12, "muted"))
        at += 36 + room(text, 12)
    padding = spec["padding"]
    left = (width - spec["width"] - padding["left"] - padding["right"]) // 2
    return "".join([*parts, placed(spec, name, x + left, y + _head(figure))])


def _text(x: int, y: int, text: str, size: int, color: str, more: str = "") -> str:
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" '
        f'fill="{COLORS[color]}"{more}>{escape(text, quote=False)}</text>'
    )


def _lines(text: str, size: int, width: int, *, bold: bool) -> list[str]:
    """The text in lines that fit."""
    found = [""]
    for word in text.split(" "):
        longer = f"{found[-1]} {word}".strip()
        if found[-1] and room(longer, size * 0.9, bold=bold) > width:
            found.append(word)
        else:
            found[-1] = longer
    return found


def _plain(sign: str) -> str:
    """A sign of the page in the colors of a light one."""
    for name, color in COLORS.items():
        sign = sign.replace(f"var(--{name})", color)
    return sign.replace("<svg ", '<svg width="15" height="15" ')
