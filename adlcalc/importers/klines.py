"""Candles -> a scenario file: CSV or JSON in any shape that grid.py and candles.py know.

A short path stands in the file itself, so that it runs from anywhere; a long one in a CSV beside it. Two
accounts stand in it as an example to be replaced.

Public: import_klines, KlineOptions, INLINE.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from itertools import pairwise

from adlcalc.ground.numbers import exact, show
from adlcalc.importers.candles import Candles, Row, read_candles
from adlcalc.importers.digits import tick_of
from adlcalc.importers.grid import Grid, folded, read_grid
from adlcalc.importers.guard import Imported, OptionError, assure, market_name
from adlcalc.scenario.times import iso
from adlcalc.source.nodes import Place, Source
from adlcalc.source.problems import escape, fail

INLINE = 20_000
"""Prices that a scenario holds itself; more go into a CSV beside it."""
PER_LINE = 10
UNITS = (("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
WALKS = {
    "close": ("close",),
    "low-first": ("open", "low", "high", "close"),
    "high-first": ("open", "high", "low", "close"),
}


OF_POSITIONS = frozenset(
    (
        "entryprice",
        "avgentryprice",
        "avgprice",
        "positionamt",
        "leverage",
        "liquidationprice",
        "liqprice",
        "unrealizedpnl",
    )
)
"""Columns that positions have and candles have not."""


@dataclass(frozen=True, slots=True)
class KlineOptions:
    """path: close, low-first or high-first; column: another price than close; columns: names for a file
    without, in their order; symbol: the rows to take of a file of several; timed: False keeps the order of
    the file;
    beside: the name of the CSV for a long path, None where there is no place for one."""

    market: str = "MARKET"
    path: str = "close"
    column: str | None = None
    columns: str | None = None
    symbol: str | None = None
    timed: bool = True
    beside: str | None = None


def import_klines(source: Source, options: KlineOptions) -> Imported:
    """The scenario, and a CSV for a long path; ScenarioErrors with what is wrong with the file."""
    market = market_name("--market", options.market)
    whole = options.path != "close"
    if whole and options.column is not None:
        raise OptionError(f"--column has no meaning with --path {options.path}")
    with exact():
        grid = _renamed(read_grid(source), options.columns)
        _refuse_positions(grid)
        candles = read_candles(
            grid, column=options.column, whole=whole, symbol=options.symbol, timed=options.timed
        )
        marks = [mark for row in candles.rows for mark in _walk(row, options.path)]
        is_long = len(marks) > INLINE
        if is_long and options.beside is None:
            message = f"{len(marks):,} prices are more than the {INLINE:,} that a scenario holds itself"
            raise fail(Place(source), message, "-o FILE writes the scenario, and a CSV beside it")
        head = list(_head(source.name, candles, options, marks))
        prices = [f"  {_text(market)}: {{file: {_text(options.beside or '')}, path: {options.path}}}"]
        sample = ["prices:", *_inline(market, marks[:1])]
        if is_long:
            assure("\n".join([*head, *sample]) + "\n")
            text = "\n".join([*head, "prices:", *prices]) + "\n"
            return Imported(text, {options.beside or "": _csv(candles, whole)})
        text = (
            "\n".join([*head, *_times(candles.rows, options.path), "prices:", *_inline(market, marks)]) + "\n"
        )
        assure(text)
        return Imported(text)


def _refuse_positions(grid: Grid) -> None:
    """Positions have a price in each row as well, and are no candles."""
    found = [name for name in grid.names or () if folded(name) in OF_POSITIONS]
    if found:
        message = (
            f"this looks like positions, not candles: it has {', '.join(escape(name) for name in found[:3])}"
        )
        raise fail(Place(grid.source), message, "adlcalc import ccxt makes a scenario of positions")


def _renamed(grid: Grid, columns: str | None) -> Grid:
    """The names that --columns gives to a file without any."""
    if columns is None:
        return grid
    names = tuple(name.strip() for name in columns.split(","))
    if grid.names is not None:
        raise OptionError(f"--columns is for files without names; this one has {', '.join(grid.names)}")
    width = len(grid.rows[0])
    if len(names) > width:
        raise OptionError(f"--columns gives {len(names)} names, the rows have {width} cells")
    return replace(grid, names=(*names, *(f"column {i + 1}" for i in range(len(names), width))))


def _walk(row: Row, path: str) -> list[Decimal]:
    """The prices of a candle in the order in which the path goes through them."""
    return [getattr(row, part) for part in WALKS[path]]


# --- the file -----------------------------------------------------------------------------------------------


def _head(name: str, candles: Candles, options: KlineOptions, marks: Sequence[Decimal]) -> Iterator[str]:
    """Everything before times and prices."""
    walked = ", ".join(WALKS[options.path]) if options.path != "close" else candles.price
    count = len(candles.rows)
    held = f"{count} candle{'s' * (count != 1)}, {escape(walked)}"
    yield f"# Made by `adlcalc import klines` from {escape(name)}: {held}."
    for note in candles.notes:
        yield f"# {escape(note)}"
    yield f"title: {_text(f'{options.market} by its candles')}"
    if options.path == "close" and folded(candles.price) == "close" and options.column is None:
        yield (
            "# assumed: the mark price is the close; candles of the mark price are nearer to what liquidates"
        )
    elif options.path != "close":
        yield f"# assumed: within a candle the price goes {walked.replace(', ', ' -> ')}"
    tick = tick_of(marks)
    yield (
        f"# assumed: the tick by the digits of the prices is {show(tick)}; the lot is not in candles: "
        "0.00000001"
    )
    yield f"markets: {{{_text(options.market)}: {{tick: {show(tick)}}}}}"
    yield "fund: 0  # assumed"
    yield "accounts:  # assumed: an example, to be replaced by your own"
    for side in ("long", "short"):
        yield f"  - {{id: {side}, side: {side}, size: 1, entry: {show(marks[0])}, leverage: 10}}"
    yield from _missing(candles.rows)


def _missing(rows: Sequence[Row]) -> Iterator[str]:
    """Candles that are not there, by the longest steps between those that are."""
    moments = [row.moment for row in rows if row.moment is not None]
    steps = [after - before for before, after in pairwise(moments)]
    if not steps:
        return
    shortest = min(steps)
    gaps = sum(step != shortest for step in steps)
    if gaps:
        yield (
            f"# {gaps} step{'s are' if gaps != 1 else ' is'} longer than {shortest}: candles are missing "
            "there"
        )


def _times(rows: Sequence[Row], path: str) -> Iterator[str]:
    """start and interval where they say it all, else the list."""
    moments = [row.moment for row in rows if row.moment is not None]
    if not moments:
        return
    steps = {after - before for before, after in pairwise(moments)}
    length = _interval(next(iter(steps))) if len(steps) == 1 and path == "close" else None
    if length is not None:
        yield f"start: {iso(moments[0])}"
        yield f"interval: {length}"
        return
    yield "times: ["
    yield from _wrapped([_text(iso(moment)) for moment in moments for _ in WALKS[path]])
    yield "]"


def _inline(market: str, marks: Sequence[Decimal]) -> Iterator[str]:
    yield f"  {_text(market)}: ["
    yield from _wrapped([show(mark) for mark in marks])
    yield "  ]"


def _csv(candles: Candles, whole: bool) -> str:
    """The rows under the names that a scenario reads."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    timed = candles.rows[0].moment is not None
    writer.writerow(
        [*(["time"] if timed else []), *(("open", "high", "low", "close") if whole else ("close",))]
    )
    for row in candles.rows:
        prices = row[1:5] if whole else (row.close,)
        writer.writerow([*([iso(row.moment)] if row.moment is not None else []), *map(show, prices)])
    return out.getvalue()


def _interval(step: timedelta) -> str | None:
    """'5m' for five minutes; None for what no interval writes."""
    seconds = int(step.total_seconds())
    if seconds <= 0 or step != timedelta(seconds=seconds):
        return None
    number, unit = next((seconds // length, unit) for unit, length in UNITS if seconds % length == 0)
    return f"{number}{unit}" if number < 1_000_000 else None


def _text(text: str) -> str:
    """A text in double quotes, as YAML and JSON both read it."""
    return json.dumps(text, ensure_ascii=False)


def _wrapped(items: Sequence[str]) -> Iterator[str]:
    for i in range(0, len(items), PER_LINE):
        yield "    " + ", ".join(items[i : i + PER_LINE]) + ("," if i + PER_LINE < len(items) else "")
