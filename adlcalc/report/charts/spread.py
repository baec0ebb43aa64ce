"""How a sweep's measures are spread over its points; where something is varied, what they come to for each
value of it (by_value.py).

Public: figures.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from adlcalc.study.store import number_in
from adlcalc.study.sweep import FAR

MEASURES = 6
"""Measures that are drawn."""
BINS = 10
"""Bins of a number, about."""


def figures(swept: Any) -> list[Figure]:
    """Of each measure a figure by what is varied; where nothing is, of a number the bins it falls in, of a
    question how often it is so. swept: what `adlcalc sweep` tells of a store, with its rows."""
    found, said = [], frequencies(swept)
    for i, measure in enumerate(swept.measures[:MEASURES]):
        values = [number_in(row.found[i], FAR) for row in swept.rows if not row.error]
        known = [value for value in values if value is not None]
        if not known:
            continue
        groups = [one for one in swept.figures if one.measure == measure]
        if swept.names and any(one.n for one in groups):
            found += by_value.figures(f"sweep-{i + 1}", measure, groups, swept.names, said)
            continue
        told = f"{counted(len(known), 'point')} of the store"
        told += f", {len(values) - len(known):,} more have no such number" if len(values) > len(known) else ""
        told += f", {counted(swept.failed, 'point')} failed" if swept.failed else ""
        told += f". {clean(said)}" if said else "."
        if all(isinstance(value, bool) for value in known):
            bins = [Bin("so", known.count(True)), Bin("not so", known.count(False))]
            told = f"{clean(sweep_verdict(replace(swept, figures=groups)))} {told}"
        else:
            bins = _bins([Fraction(value) for value in known])
        title = f"{clean(measure)} over all points"
        found.append(histogram(f"sweep-{i + 1}", title, told, bins, clean(measure), "points"))
    return found


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
