"""CSV text -> columns, fast; a cell is looked up in the text only when an error must point at it.

Comma-separated, quoted with double quotes, one header row (or `names` given instead), empty lines skipped,
every row as long as the header.

Public: Table, Chunk, numbers_of, numbers_or_gaps, fixed_numbers.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import cache
from io import StringIO
from itertools import islice
from typing import NamedTuple

from adlcalc.ground.how_far import how_far
from adlcalc.source.nodes import Place, Source
from adlcalc.source.number import PLAIN_COLUMN, NumberError, number_of
from adlcalc.source.problems import Problems, fail, quote

CHUNK = 50_000
BLOCK = 100_000
"""So many characters are split at once: less than the longest cell that is read (csv.field_size_limit)."""
READ = "kB read"
MOST = 100
"""Faulty cells of a column and chunk that are told."""


class Chunk(NamedTuple):
    """Some rows, by column. first: how many rows came before, so that row `first + i` of the table is item i
    of each column."""

    first: int
    size: int
    columns: dict[str, Sequence[str]]


class Table:
    """A CSV text. `names` are its columns, trimmed and in lower case."""

    def __init__(self, source: Source, *, names: Sequence[str] | None = None) -> None:
        """Read the header, or take `names` for a table that has none."""
        self.source = source
        self._has_header = names is None
        self._lines: list[int] | None = None
        self._before = 0  # lines that the reader has not seen
        self._text = StringIO(source.text, newline="")
        self._reader = csv.reader(self._text, strict=True)
        if names is None:
            header = self._next_row()
            if header is None:
                raise fail(Place(source), "the file is empty")
            names = [name.strip().lower() for name in header]
        self.names = list(names)
        self._count = 0

    def _next_row(self) -> list[str] | None:
        """The next row that is not an empty line."""
        try:
            return next((row for row in self._reader if row), None)
        except csv.Error:
            raise self._unreadable() from None

    def _unreadable(self) -> Exception:
        line = min(self._before + self._reader.line_num, self.source.text.count("\n") + 1)
        text = self.source.line(line)
        if len(text) > csv.field_size_limit():
            for start, end in _cell_spans(text):
                if end - start > csv.field_size_limit():
                    message = f"this cell is longer than {csv.field_size_limit():,} characters"
                    return fail(Place(self.source, line, start + 1, 1), message)
        return fail(
            Place(self.source, line, 1, len(text)),
            "the quotes of this row do not match",
            'write a " inside quotes twice: ""',
        )

    def chunks(self, problems: Problems) -> Iterator[Chunk]:
        """The rows, some thousands at a time. Rows of another length than the header go to `problems` and end
        the reading.

        A text without quotes needs no reader: it is split where its commas and line breaks are, as long as
        its rows are regular."""
        width, text = len(self.names), self.source.text
        if self._has_header and '"' not in text and "\r" not in text:
            at = text.find("\n", len(text) - len(text.lstrip("\n"))) + 1  # behind the header
            while at and at < len(text):
                end = text.rfind("\n", at, at + BLOCK) + 1
                columns = split_plain(text[at:end], width) if end > at else None
                if columns is None:
                    break
                yield Chunk(self._count, len(columns[0]), dict(zip(self.names, columns, strict=True)))
                self._count += len(columns[0])
                at = end
                how_far(READ, at // 1000, len(text) // 1000)
            self._skip_to(at)
        while True:
            try:
                some = list(islice(self._reader, CHUNK))
            except csv.Error:
                raise self._unreadable() from None
            if not some:
                return
            rows = [row for row in some if row]
            if not rows:
                continue
            if not all(len(row) == width for row in rows):
                self._tell_widths(
                    [(i, len(row)) for i, row in enumerate(rows) if len(row) != width], problems
                )
                return
            yield Chunk(self._count, len(rows), dict(zip(self.names, zip(*rows, strict=True), strict=True)))
            self._count += len(rows)
            how_far(READ, self._text.tell() // 1000, len(text) // 1000)

    def _skip_to(self, at: int) -> None:
        """Read on from this character."""
        if at and self._count:
            self._text.seek(at)
            self._reader, self._before = (
                csv.reader(self._text, strict=True),
                self.source.text.count("\n", 0, at),
            )

    def _tell_widths(self, odd: Sequence[tuple[int, int]], problems: Problems) -> None:
        """Tell of the rows of a chunk that are shorter or longer than the header."""
        first = "the header" if self._has_header else "the first row"
        for i, width in odd[:MOST]:
            message = f"this row has {width} cell{'s' * (width != 1)}, {first} has {len(self.names)}"
            problems.add(self.cell(self._count + i, None), message)

    def header_place(self, name: str | None) -> Place:
        """Where a column's name stands, or the header as a whole."""
        if not self._has_header:
            return Place(self.source)
        return self._find(0, None if name is None else self.names.index(name))

    def cell(self, row: int, column: str | None) -> Place:
        """Where row `row` (from 0, header and empty lines not counted) stands, or one cell of it. Reads the
        text again."""
        return self._find(
            row + (1 if self._has_header else 0), None if column is None else self.names.index(column)
        )

    def _find(self, row: int, column: int | None) -> Place:
        """The place of a row (header counted). The lines on which rows begin are found in one pass, for the
        first error."""
        if self._lines is None:
            reader, before, self._lines = csv.reader(StringIO(self.source.text, newline="")), 0, []
            with suppress(csv.Error):  # what the reading itself stops at; the rows before it are found
                for cells in reader:
                    if cells:
                        self._lines.append(before + 1)
                    before = reader.line_num
        line = self._lines[row] if row < len(self._lines) else 0
        text = self.source.line(line)
        if column is None:
            return Place(self.source, line, 1, len(text))
        start, end = next(islice(_cell_spans(text), column, None), (len(text), len(text)))
        return Place(self.source, line, start + 1, max(1, end - start))


def _cell_spans(line: str) -> Iterator[tuple[int, int]]:
    """Start and end of each cell of a line; a quote that is not closed in it goes to its end."""
    start, quoted = 0, False
    for found in _MARKS.finditer(line):
        if found[0] == '"':
            quoted = not quoted
        elif not quoted:
            yield start, found.start()
            start = found.end()
    yield start, len(line)


_MARKS = re.compile('[",]')


def split_plain(block: str, width: int) -> list[list[str]] | None:
    """The columns of whole rows without quotes; None where a row is empty, shorter or longer."""
    cells = block.replace("\n", ",\n").split(",")  # a further row's first cell begins with the line break
    rows = block.count("\n")
    if len(cells) != rows * width + 1:
        return None
    first = "".join(cells[::width])
    if first.count("\n") != rows:
        return None
    found = [cells[i::width] for i in range(1, width)]
    lead = first.split("\n")[:-1]
    if width == 1:
        return [lead] if all(lead) else None
    return [lead, *found]


def fixed_numbers(cells: Sequence[str], digits: int = 0) -> tuple[list[int], int] | None:
    """A column of plain numbers as integers of 10**-digits; None where one is not plain. digits: how many
    decimals each is expected to have, which is fastest where it is so."""
    text = "\n".join(cells) + "\n"
    if _fixed(digits).fullmatch(text):
        return list(map(int, text.replace(".", "").split())), digits
    if not PLAIN_COLUMN.fullmatch(text):
        return None
    parts = [cell.partition(".") for cell in cells]
    most = max(len(decimals) for _, _, decimals in parts)
    return [int(whole + decimals) * 10 ** (most - len(decimals)) for whole, _, decimals in parts], most


@cache
def _fixed(digits: int) -> re.Pattern[str]:
    """A column of plain numbers with so many decimals."""
    decimals = f"[.][0-9]{{{digits}}}" if digits else ""
    return re.compile(f"(?:-?+(?:0|[1-9][0-9]{{0,17}}+){decimals}\\n)*+")


def numbers_of(table: Table, chunk: Chunk, name: str, problems: Problems) -> list[Decimal] | None:
    """A column as exact numbers; None, and the faulty cells in `problems`, where not all of them are."""
    numbers = numbers_or_gaps(table, chunk, name, problems, gaps=False)
    return None if numbers is None else [number for number in numbers if number is not None]


def numbers_or_gaps(
    table: Table, chunk: Chunk, name: str, problems: Problems, *, gaps: bool = True
) -> Sequence[Decimal | None] | None:
    """The same for a column whose cells may be empty: None there."""
    cells = chunk.columns[name]
    if PLAIN_COLUMN.fullmatch("\n".join(cells) + "\n"):
        try:
            return list(map(Decimal, cells))  # text, all of it: exact
        except ArithmeticError:  # a line break inside a quoted cell; told below
            pass
    numbers: list[Decimal | None] = []
    faults = 0
    for i, cell in enumerate(cells):
        text = cell.strip(" \t")
        if not text and gaps:
            numbers.append(None)
            continue
        try:
            numbers.append(number_of(text))
        except NumberError as error:
            faults += 1
            if faults <= MOST:  # each one is searched in the text
                message = f"{quote(name)} {error.message if text else 'is empty'}"
                problems.add(table.cell(chunk.first + i, name), message, error.hint if text else "")
    return None if faults else numbers
