"""Prices of a CSV file: a venue's candles (with or without a header), or any table with named columns.

Without a header the columns are Binance's: open time, open, high, low, close, volume, ... A candle is shown
by its open time.

Public: read_prices, Prices.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import islice

from adlcalc.ground.numbers import show
from adlcalc.scenario.path_schema import PriceFile
from adlcalc.scenario.times import is_no_date, time_text
from adlcalc.source.nodes import Source
from adlcalc.source.number import NumberError, number_of
from adlcalc.source.problems import Located, Problems, closest_hint, quote
from adlcalc.source.table import MOST, Chunk, Table, numbers_of

KLINE = (
    "open time",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "close time",
    "quote volume",
    "trades",
    "buy base",
    "buy quote",
    "ignore",
)
TIME_NAMES = ("open time", "open_time", "time", "timestamp", "date", "datetime")
CANDLE = {
    "close": ("close",),
    "low-first": ("open", "low", "high", "close"),
    "high-first": ("open", "high", "low", "close"),
}

Prices = tuple[tuple[Decimal, ...], tuple[str, ...] | None]
"""Marks, and the time of each where the file has times."""


def read_prices(source: Source, spec: PriceFile, where: Located, problems: Problems) -> Prices | None:
    """The path that a file gives: one price a row, or four; None where `problems` says why not."""
    table = _open(source)
    columns = _columns(table, spec, where, problems)
    if columns is None:
        return None
    before = len(problems)
    time_column = next((name for name in TIME_NAMES if name in table.names), None)
    marks: list[Decimal] = []
    times: list[str] = []
    for chunk in table.chunks(problems):
        rows = _rows(table, chunk, columns, problems)
        if len(problems) > before:
            return None
        marks += [price for row in rows for price in row]
        if time_column is not None:
            _check_dates(table, chunk, time_column, problems)
            times += [
                shown for cell in chunk.columns[time_column] for shown in [time_text(cell)] * len(columns)
            ]
    if len(problems) == before and not marks:
        problems.add(table.header_place(None), "the file has no rows of prices")
    return (
        (tuple(marks), tuple(times) if time_column is not None else None) if len(problems) == before else None
    )


def _check_dates(table: Table, chunk: Chunk, column: str, problems: Problems) -> None:
    """Tell of the cells that look like a date and are none."""
    wrong = (i for i, cell in enumerate(chunk.columns[column]) if is_no_date(cell))
    for i in islice(wrong, MOST):
        message = f"{quote(column)} is a date that does not exist: {quote(chunk.columns[column][i])}"
        problems.add(table.cell(chunk.first + i, column), message)


def _open(source: Source) -> Table:
    """A table with the header it has, or with the names of a candle's columns when its first cell is a
    number."""
    table = Table(source)
    try:
        number_of(table.names[0])
    except NumberError:
        return table
    extra = [f"column {i + 1}" for i in range(len(KLINE), len(table.names))]
    return Table(source, names=[*KLINE, *extra][: len(table.names)])


def _columns(table: Table, spec: PriceFile, where: Located, problems: Problems) -> Sequence[str] | None:
    """The columns that make the path, in the order in which they are walked."""
    columns: Sequence[str] = CANDLE[spec.path]
    if spec.path == "close":
        given = "close" if "close" in table.names or "mark" not in table.names else "mark"
        columns = (given if spec.column is None else spec.column.lower(),)
    elif spec.column is not None:
        problems.add(where, f"'column' has no meaning with path: {spec.path}", "leave one of the two out")
        return None
    for name in columns:
        if table.names.count(name) != 1:
            message = (
                f"the file has no column {quote(name)}"
                if name not in table.names
                else f"column {quote(name)} is given twice"
            )
            problems.add(table.header_place(None), message, closest_hint(name, table.names))
            return None
    return columns


def _rows(
    table: Table, chunk: Chunk, columns: Sequence[str], problems: Problems
) -> Sequence[tuple[Decimal, ...]]:
    """The prices of a chunk, row by row, each above zero, a candle's low lowest and its high highest."""
    numbers = [column for name in columns if (column := numbers_of(table, chunk, name, problems)) is not None]
    if len(numbers) < len(columns):
        return ()
    before = len(problems)
    rows = list(zip(*numbers, strict=True))
    for i, row in enumerate(rows):
        if min(row) <= 0:
            name = columns[row.index(min(row))]
            problems.add(
                table.cell(chunk.first + i, name),
                f"{quote(name)} must be greater than zero, not {show(min(row))}",
            )
        elif len(row) > 1 and len(problems) < before + 100:
            candle = dict(zip(columns, row, strict=True))
            for name, limit in (("low", min(row)), ("high", max(row))):
                if candle[name] != limit:
                    which = "lowest" if name == "low" else "highest"
                    message = (
                        f"the {name} of the candle is {show(candle[name])}, but its {which} price is "
                        f"{show(limit)}"
                    )
                    problems.add(table.cell(chunk.first + i, name), message)
    return rows
