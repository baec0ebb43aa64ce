"""Candles -> a scenario file: the venues' CSV (with or without a header, times in any unit) or ccxt's OHLCV rows (JSON).

The prices stand in the file itself, so that it runs from anywhere; two accounts stand in it as an example to be replaced.

Public: import_klines.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from adlcalc.ground.numbers import exact, show
from adlcalc.scenario.klines import Prices, read_prices
from adlcalc.scenario.path_schema import PriceFile
from adlcalc.scenario.times import iso
from adlcalc.source.document import read_document
from adlcalc.source.nodes import List, Node, Place, Scalar, Source
from adlcalc.source.problems import Problems, escape

HEADER = "time,open,high,low,close,volume"
PER_LINE = 10
UNITS = (("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def import_klines(source: Source, path: str, column: str | None, market: str) -> str:
    """The scenario as YAML. path: close, low-first or high-first; column: another column than close."""
    problems = Problems()
    with exact():
        is_json = source.text.lstrip().startswith("[")
        table: Source | None = _table(source, problems) if is_json else source
        spec = PriceFile.model_validate({"file": source.name, "column": column, "path": path})
        prices = read_prices(table, spec, Place(source), problems) if table is not None and not len(problems) else None
        problems.raise_if_any()
        assert prices is not None
        return "\n".join(_yaml(source.name, path, column, market, prices)) + "\n"


def _table(source: Source, problems: Problems) -> Source | None:
    """ccxt's rows [ms, open, high, low, close, volume] as a table of the same texts."""
    root = read_document(source, problems)
    rows = [HEADER]
    for row in root.items if isinstance(root, List) else ():
        cells = _cells(row)
        if cells is None:
            problems.add(row, "must be a row [time, open, high, low, close, volume] of numbers")
        else:
            rows.append(",".join(cells))
    return Source(source.name, "\n".join(rows) + "\n", excerpt=False) if root is not None else None


def _cells(row: Node) -> list[str] | None:
    """The first six texts of a row; no volume is fine."""
    if not isinstance(row, List) or len(row.items) < 5:
        return None
    cells = [cell.text if isinstance(cell, Scalar) else "," for cell in row.items[:6]]
    return None if any("," in cell for cell in cells) else cells + [""] * (6 - len(cells))


def _yaml(name: str, path: str, column: str | None, market: str, prices: Prices) -> Iterator[str]:
    marks, times = prices
    candles = len(marks) if path == "close" else len(marks) // 4
    what = {"close": column or "close", "low-first": "open, low, high, close", "high-first": "open, high, low, close"}[path]
    yield f"# Made by `adlcalc import klines` from {escape(name)}: {candles} candles, {what}."
    yield f"title: {json.dumps(f'{market} by its candles', ensure_ascii=False)}"
    if path == "close" and column is None:
        yield "# assumed: the mark price is the close; candles of the mark price are nearer to what liquidates"
    elif path != "close":
        yield f"# assumed: within a candle the price goes {what.replace(', ', ' -> ')}"
    yield "fund: 0  # assumed"
    yield "accounts:  # assumed: an example, to be replaced by your own"
    for side in ("long", "short"):
        yield f"  - {{id: {side}, side: {side}, size: 1, entry: {show(marks[0])}, leverage: 10}}"
    if times is not None:
        yield from _times(times)
    yield "prices:"
    yield f"  {json.dumps(market, ensure_ascii=False)}: ["
    yield from _wrapped([show(mark) for mark in marks])
    yield "  ]"


def _times(times: Sequence[str]) -> Iterator[str]:
    """start and interval where they say it all, else the list; what is uneven is told."""
    moments = [_moment(text) for text in times]
    known = [moment for moment in moments if moment is not None]
    steps = {after - before for before, after in pairwise(known)}
    if len(known) == len(times) and len(steps) == 1 and (length := _interval(next(iter(steps)))):
        step = next(iter(steps))
        if [iso(known[0] + i * step) for i in range(len(known))] == list(times):
            yield f"start: {times[0]}"
            yield f"interval: {length}"
            return
    if len(known) == len(times) and len(steps) > 1 and timedelta(0) not in steps:
        shortest = min(steps)
        gaps = sum(1 for before, after in pairwise(known) if after - before != shortest)
        yield f"# {gaps} step{'s are' if gaps != 1 else ' is'} longer than {shortest}: candles are missing there"
    yield "times: ["
    yield from _wrapped([json.dumps(text, ensure_ascii=False) for text in times])
    yield "]"


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _interval(step: timedelta) -> str | None:
    """'5m' for five minutes; None for what no interval writes."""
    seconds = int(step.total_seconds())
    if seconds <= 0 or step != timedelta(seconds=seconds):
        return None
    return next(f"{seconds // length}{unit}" for unit, length in UNITS if seconds % length == 0)


def _wrapped(items: Sequence[str]) -> Iterator[str]:
    for i in range(0, len(items), PER_LINE):
        yield "    " + ", ".join(items[i : i + PER_LINE]) + ("," if i + PER_LINE < len(items) else "")
