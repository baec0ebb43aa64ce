"""A table: named columns of strings that are already written as a person shall read them.

Where a table is wider than a page, whole columns go, in a stated order, so that a line never wraps; the bytes do not depend on
the terminal. A column that has nothing to say in any row may be left out as well.

Public: PAGE, Column, Table, words, lines, right, counts, numbers, table, fit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from adlcalc.report.human import NOTHING, clean, column_of_numbers

PAGE = 80
GAP = 2  # blanks between two columns


@dataclass(frozen=True, slots=True)
class Column:
    """Heading and cells may have several lines. drop: 0 stays, 1 is the first to go where the table is too wide, then 2, 3..."""

    heading: str
    cells: tuple[str, ...]
    right: bool = False
    drop: int = 0

    @property
    def width(self) -> int:
        """The widest line of the heading or of a cell, in characters."""
        return max(len(line) for text in (self.heading, *self.cells) for line in text.split("\n"))


@dataclass(frozen=True, slots=True)
class Table:
    """A title and columns of equally many cells. more: rows that a limit cut off; nothing: the sentence for an empty table."""

    title: str
    nothing: str
    columns: tuple[Column, ...]
    more: int = 0

    @property
    def height(self) -> int:
        return len(self.columns[0].cells) if self.columns else 0

    @property
    def width(self) -> int:
        return sum(column.width for column in self.columns) + GAP * (len(self.columns) - 1)


def words(
    heading: str, cells: Iterable[str | None], *, drop: int = 0, hide: bool = False, zero: str | None = None
) -> Column | None:
    """A column of text, to the left. hide: None instead of a column that has nothing in any row."""
    return _column(heading, (NOTHING if cell is None else clean(cell) for cell in cells), False, drop, hide)


def lines(heading: str, cells: Iterable[str], *, drop: int = 0, hide: bool = False, zero: str | None = None) -> Column | None:
    """A column of text that is clean already and may have several lines."""
    return _column(heading, cells, False, drop, hide)


def right(heading: str, cells: Iterable[str], *, drop: int = 0, hide: bool = False, zero: str | None = None) -> Column | None:
    """A column of numbers that are written already, or of what stands for them, to the right."""
    return _column(heading, cells, True, drop, hide)


def counts(
    heading: str, values: Iterable[int | None], *, drop: int = 0, hide: bool = False, zero: str | None = None
) -> Column | None:
    """A column of steps or ranks, to the right."""
    return _column(heading, (NOTHING if value is None else str(value) for value in values), True, drop, hide)


def numbers(
    heading: str, values: Iterable[Decimal | None], *, drop: int = 0, hide: bool = False, zero: str | None = None
) -> Column | None:
    """A column of numbers with the same places, to the right; `zero` is what 0 is shown as."""
    return _column(heading, column_of_numbers(values, zero=zero), True, drop, hide)


def _column(heading: str, cells: Iterable[str], right: bool, drop: int, hide: bool) -> Column | None:
    texts = tuple(cells)
    return None if hide and all(text == NOTHING for text in texts) else Column(heading, texts, right, drop)


def table(title: str, nothing: str, columns: Iterable[Column | None], more: int = 0) -> Table:
    """The table of those columns that are there."""
    return Table(title, nothing, tuple(column for column in columns if column is not None), more)


def fit(wide: Table, width: int | None = PAGE) -> Table:
    """The table with as many columns as fit into `width` (None: all); those that must stay do so even if they do not fit."""
    while width is not None and wide.width > width:
        going = min((column for column in wide.columns if column.drop), key=lambda column: column.drop, default=None)
        if going is None:
            break
        wide = replace(wide, columns=tuple(column for column in wide.columns if column is not going))
    return wide
