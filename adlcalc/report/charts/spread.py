"""How a sweep's measures are spread over its points; where something is varied, what they come to for each
value of it (by_value.py).

Public: figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from adlcalc.ground.numbers import decimal_of, drawing
from adlcalc.report.charts import by_value
from adlcalc.report.charts.canvas import short, ticks
from adlcalc.report.charts.figure import Figure
from adlcalc.report.charts.histogram import Bin, histogram
from adlcalc.report.human import clean, counted
from adlcalc.report.limits import frequencies
from adlcalc.report.sweep_told import sweep_verdict
from adlcalc.study.store import Saved, number_in
from adlcalc.study.sweep import FAR, Wanted

MEASURES = 12
"""Measures that are drawn; of more it is said."""
BINS = 10
"""Bins of a number, about."""


def figures(swept: Any) -> list[Figure]:
    """Of each measure that was asked for a figure by what is varied; where nothing is, of a number the bins it
    falls in, of a question how often it is so. swept: what `adlcalc sweep` tells of a store, with its
    rows."""
    found: list[Figure] = []
    shown = _each_once(swept)
    for number, one in enumerate(shown[:MEASURES], 1):
        groups = [group for group in swept.figures if group.measure == one.text]
        if swept.names and any(group.n for group in groups):
            said = frequencies(swept)
            found += by_value.figures(f"sweep-{number}", one.text, groups, swept.names, said)
        else:
            found += _over_all(swept, one, f"sweep-{number}")
    if found and len(shown) > MEASURES:
        left = counted(len(shown) - MEASURES, "further measure is", "further measures are")
        found[-1] = replace(found[-1], description=f"{found[-1].description} {left} not drawn.")
    return found


def _each_once(swept: Any) -> list[Wanted]:
    """What has a figure: where nothing is varied, a number has one, whichever of its quantiles are asked
    for."""
    return [
        *{one.text if one.is_share or swept.names else one.parts[0]: one for one in swept.wanted}.values()
    ]


def _over_all(swept: Any, wanted: Wanted, name: str) -> Iterator[Figure]:
    """One measure over all points."""
    at = {text: i for i, text in enumerate(swept.measures)}

    def value(row: Saved) -> Fraction | bool | None:
        return wanted.value(lambda part: number_in(row.found[at[part.text]], FAR))

    values = [value(row) for row in swept.rows if not row.error]
    values = [value is True for value in values] if wanted.is_share else values
    known = [value for value in values if value is not None]
    if not known:
        return
    alike = [one.text for one in swept.wanted if one.parts[0] == wanted.parts[0]]
    told = f"{counted(len(known), 'point')} of the store"
    told += f", {len(values) - len(known):,} more have no such number" if len(values) > len(known) else ""
    told += f", {counted(swept.failed, 'point')} failed" if swept.failed else ""
    told += f". {clean(said)}" if (said := frequencies(swept)) else "."
    if wanted.is_share:
        asked = [one for one in swept.figures if one.measure == wanted.text]
        bins = [Bin("so", known.count(True)), Bin("not so", known.count(False))]
    else:
        asked = [one for one in swept.figures if one.measure in alike and one.only]
        bins = _bins([Fraction(value) for value in known])
    if asked:
        told = f"{clean(sweep_verdict(replace(swept, figures=asked)))} {told}"
    what = clean(wanted.text if wanted.is_share else wanted.parts[0].text)
    yield histogram(name, f"{what} over all points", told, bins, what, "points")


def _bins(values: Sequence[Fraction]) -> list[Bin]:
    """From one round number to the next, the upper one not in it; what is only one number is one bin; what
    has no end comes last."""
    ended = [value for value in values if abs(value) < FAR]
    endless = len(values) - len(ended)
    bins: list[Bin] = []
    if ended:
        with drawing():
            low, high = decimal_of(min(ended)), decimal_of(max(ended))
            at = ticks(low, high, BINS)
        if len(at) < 2:
            bins = [Bin(short(low) if low == high else f"{short(low)} to {short(high)}", len(ended))]
        else:
            step = at[1] - at[0]
            edges = [at[0] - step, *at, at[-1] + step]
            counts = [0] * (len(edges) - 1)
            first, apart = Fraction(edges[0]), Fraction(step)
            for value in ended:
                counts[min(int((value - first) // apart), len(counts) - 1)] += 1
            labels = [f"{short(a)} to {short(a + step)}" for a in edges[:-1]]
            bins = [Bin(label, count) for label, count in zip(labels, counts, strict=True)]
            bins = bins[1:] if not bins[0].many else bins
            bins = bins[:-1] if not bins[-1].many else bins
    return [*bins, Bin("without end", endless)] if endless else bins
