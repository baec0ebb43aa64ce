"""The figures of a run as a piece of HTML, for a notebook: light on a light ground of their own, whatever the
notebook is.

Public: fragment.
"""

from __future__ import annotations

from html import escape

from adlcalc.report.charts import figures
from adlcalc.report.charts.canvas import COLORS
from adlcalc.report.charts.figure import NARROW, WIDE, Figure
from adlcalc.report.facts import Facts
from adlcalc.report.html.drawn import standalone


def fragment(run: Facts) -> str:
    """One after the other; without scripts and style sheets."""
    return "".join(map(_figure, figures(run)))


def _figure(figure: Figure) -> str:
    width = NARROW if figure.half else WIDE
    drawing = standalone(figure.spec(width), figure.title, figure.description)
    ground = f"background:{COLORS['card']};color:{COLORS['fg']}"
    return (
        f'<figure style="margin:0 0 12px;padding:12px;max-width:{width}px;{ground}"><figcaption>'
        f"<strong>{escape(figure.title)}</strong><br>{escape(figure.description)}</figcaption>{drawing}</figure>"
    )
