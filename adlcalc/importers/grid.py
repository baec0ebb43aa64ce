"""Rows of prices in any of the shapes in which people have them -> one grid of texts, its columns named if
they are.

    CSV             separated by , ; tab or |; lines before the header (an address, a note) are passed over
    rows            [[time, open, ...], ...]                                   REST answers, ccxt's OHLCV
    records         [{"time": ..., "open": ...}, ...]                          Hyperliquid, BitMEX, dYdX,
                    pandas records
    columns         {"t": [...], "o": [...]} or {"open": {"0": ...}}           TradingView, Deribit, MEXC,
                    pandas columns
    split           {"columns": [...], "index": [...], "data": [[...]]}        pandas split
    by time         {"1584000000000": {"open": ...}, ...}                      pandas index
    an envelope     any of these below other keys: result.list, data, candles, result.ticks ...

Public: Grid, read_grid, folded, words.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

from adlcalc.source.nodes import Place, Source
from adlcalc.source.number import NumberError, number_of
from adlcalc.source.problems import fail

SEPARATORS = ",;\t|"
LEVELS = 5
INDEX = "index"
"""The name of a column of keys that has none of its own."""


@dataclass(frozen=True, slots=True)
class Grid:
    """names: of the columns as written, or None; lines: the line of each row in a CSV text, 0 elsewhere;
    skipped: lines before the header; separator: '' where the text was JSON."""

    source: Source
    names: tuple[str, ...] | None
    rows: Sequence[Sequence[str]]
    lines: Sequence[int]
    separator: str = ""
    skipped: int = 0

    def place(self, row: int) -> Place:
        """Where a row stands: its line, or the file where it is JSON."""
        line = self.lines[row] if self.lines else 0
        return Place(self.source, line, 1 if line else 0, len(self.source.line(line)) if line else 1)

    def called(self, row: int) -> str:
        """How a message names a row that has no line of its own."""
        return "" if self.lines else f"row {row + 1}: "


def folded(name: str) -> str:
    """A column's name without case, blanks, brackets and lines between words: 'Open time', 'open_time',
    '<OPENTIME>' are one."""
    return "".join(c for c in name.lower() if c.isalnum())


def words(text: str) -> tuple[str, ...]:
    """A list of words, written as a text."""
    return tuple(text.split())


def read_grid(source: Source) -> Grid:
    """The rows of a text; ScenarioErrors where it has none."""
    start = source.text.lstrip()[:1]
    if start in ("[", "{"):
        return _of_json(source)
    return _of_csv(source)


# --- JSON ---------------------------------------------------------------------------------------------------


def _of_json(source: Source) -> Grid:
    """Numbers keep the text they were written with; null and NaN become gaps."""
    try:
        root = json.loads(source.text, parse_float=str, parse_int=str, parse_constant=str)
    except json.JSONDecodeError as error:
        raise fail(
            Place(source, error.lineno, error.colno),
            f"this is no JSON: {error.msg[:1].lower()}{error.msg[1:]}",
        ) from None
    except RecursionError:
        raise fail(Place(source), "the values are nested too deep") from None
    found = next(_grids(source, root, LEVELS), None)
    if found is None:
        raise fail(
            Place(source),
            "there are no candles in the file",
            "tried: rows of numbers, records with open, high, low and close, columns, and each of them "
            "below other keys",
        )
    return found


def _grids(source: Source, node: Any, levels: int) -> Iterator[Grid]:
    """Every grid at or below a value, the nearest first."""
    grid = _grid(source, node)
    if grid is not None:
        yield grid
    elif levels and isinstance(node, dict):
        for inner in node.values():
            if isinstance(inner, dict | list):
                yield from _grids(source, inner, levels - 1)
    elif levels and isinstance(node, list) and len(node) == 1 and isinstance(node[0], dict):
        yield from _grids(source, node[0], levels - 1)


def _grid(source: Source, node: Any) -> Grid | None:
    """A value that is rows, records or columns itself."""
    if isinstance(node, list) and node:
        if all(isinstance(row, list) for row in node) and _flat(node):
            return _made(source, None, node)
        if all(isinstance(row, dict) for row in node) and any(_is_priced(row) for row in node[:5]):
            return _of_records(source, node)
        if all(isinstance(cell, str) for cell in node) and len(node) > 1:
            return _made(source, ("price",), [[cell] for cell in node])
    if isinstance(node, dict) and node:
        return _of_map(source, node)
    return None


def _of_map(source: Source, node: dict[str, Any]) -> Grid | None:
    """Columns, pandas' split, or records by their time."""
    if isinstance(node.get("columns"), list) and isinstance(node.get("data"), list):
        names = [str(name) for name in node["columns"]]
        index = node.get("index") or []
        rows = [row for row in node["data"] if isinstance(row, list)]
        if isinstance(index, list) and len(index) == len(rows):
            return _made(source, (INDEX, *names), [[key, *row] for key, row in zip(index, rows, strict=True)])
        return _made(source, tuple(names), rows)
    columns = {
        key: value
        for key, value in node.items()
        if isinstance(value, list) and all(isinstance(x, str) for x in value)
    }
    longest = max(map(len, columns.values()), default=0)
    columns = {key: value for key, value in columns.items() if len(value) == longest}
    if longest and _is_priced(columns):
        return _made(source, tuple(columns), [list(row) for row in zip(*columns.values(), strict=True)])
    maps = {key: value for key, value in node.items() if isinstance(value, dict) and value}
    if maps and len(maps) == len(node):
        if _is_priced(maps):  # {"open": {"0": 7900, ...}, ...}
            keys = list(next(iter(maps.values())))
            return _made(
                source, (INDEX, *maps), [[key, *(inner.get(key) for inner in maps.values())] for key in keys]
            )
        if all(_is_priced(inner) for inner in maps.values()):  # {"1584000000000": {"open": 7900, ...}, ...}
            return _of_records(source, [{INDEX: key, **inner} for key, inner in maps.items()])
    return None


def _of_records(source: Source, records: Sequence[dict[str, Any]]) -> Grid:
    names = tuple(dict.fromkeys(name for record in records for name in record))
    return _made(source, names, [[record.get(name) for name in names] for record in records])


def _made(source: Source, names: tuple[str, ...] | None, rows: Sequence[Sequence[Any]]) -> Grid:
    """Whatever is no text becomes an empty cell; rows are made equally long."""
    width = len(names) if names is not None else max(map(len, rows))
    cells = [[cell if isinstance(cell, str) else "" for cell in row] for row in rows]
    return Grid(source, names, [row + [""] * (width - len(row)) for row in cells], ())


def _flat(rows: Sequence[Sequence[Any]]) -> bool:
    """Rows of single values, at least two of them numbers or times."""
    return all(len(row) >= 2 and not any(isinstance(cell, dict | list) for cell in row) for row in rows)


PRICED = frozenset(
    words("entry entryprice close c closeprice priceclose markprice mark price lastprice o open")
)


def _is_priced(record: dict[str, Any]) -> bool:
    """Keys among which there is a price."""
    return not PRICED.isdisjoint(folded(name) for name in record)


# --- CSV ----------------------------------------------------------------------------------------------------


def _of_csv(source: Source) -> Grid:
    """The separator is the one that makes most lines equally long; the header is the first line of that
    length that is no row."""
    text = source.text
    if not text.strip():
        raise fail(Place(source), "the file is empty")
    separator = _separator([line for line in text.splitlines()[:200] if line.strip()])
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    before = 0
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append([cell.strip() for cell in row])
                lines.append(before + 1)
            before = reader.line_num
    except csv.Error:
        line = min(reader.line_num, text.count("\n") + 1)
        where = Place(source, line, 1, len(source.line(line)))
        raise fail(
            where,
            "the quotes of this row do not match, or a cell is far too long",
            'write " inside quotes twice',
        ) from None
    width = Counter(len(row) for row in rows).most_common(1)[0][0]
    first = next(i for i, row in enumerate(rows) if len(row) == width)
    has_names = _names(rows[first])
    names = tuple(rows[first]) if has_names else None
    body = first + has_names
    grid = Grid(source, names, rows[body:], lines[body:], separator, first)
    for i, cells in enumerate(grid.rows):
        if len(cells) != width:
            told = "the header" if has_names else "most rows"
            what = (
                f"this row has {len(cells)} cell{'s' * (len(cells) != 1)}, {told} "
                f"{'has' if has_names else 'have'} {width}"
            )
            raise fail(grid.place(i), what)
    if not grid.rows:
        raise fail(Place(source), "the file has no rows of prices")
    return grid


def _separator(lines: Sequence[str]) -> str:
    """Most lines of one length, then most columns; a comma where nothing decides."""

    def score(separator: str) -> tuple[int, int]:
        widths = Counter(line.count(separator) for line in lines)
        (width, count), *_ = widths.most_common(1)
        return (count if width else 0, width)

    if any(";" in line for line in lines) and score(";")[0] >= score(",")[0]:
        return ";"  # 7900,5 has a comma of its own
    if any("\t" in line for line in lines) and score("\t")[0] >= score(",")[0]:
        return "\t"
    return max(SEPARATORS, key=score)


def _names(row: Sequence[str]) -> bool:
    """Whether a row is a header: no cell of it is a number (an unnamed index has an empty one)."""
    return not any(_is_number(cell) for cell in row) and any(
        cell[:1].isalpha() or cell[:1] == "<" for cell in row
    )


def _is_number(cell: str) -> bool:
    try:
        number_of(cell.replace(",", "."))
    except NumberError:
        return False
    return True
