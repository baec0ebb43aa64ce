"""A table: named columns of strings that are already written as a person shall read them.

Where a table is wider than a page, long names are shortened in the middle; then whole columns go, in a stated
order, so that a line never wraps, and the table knows which have gone. A column that has nothing to say in
any row may be left out as well.

Public: PAGE, Column, Table, words, names, lines, listed, right, counts, numbers, table, fit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from adlcalc.report.human import NOTHING, clean, column_of_numbers
from adlcalc.report.tones import Tone

PAGE = 80
GAP = 2  # blanks between two columns
HYPHEN = "\xad"
"""The soft hyphen: where a heading breaks within a word."""
_LONG = re.compile(r"[^\s,]{25,}")
HEAD, TAIL = 10, 8  # what is left of a long name
LAST = 14  # the last part of a path, such as maintenance, stays whole up to so many


@dataclass(frozen=True, slots=True)
class Column:
    """Heading and cells may have several lines. drop: 0 stays, 1 is the first to go where the table is too
    wide, then 2, 3...;
    point: its cells are numbers, which stand point under point; ids: its cells are names, which may be
    shortened; tone: what stands out in it on a terminal."""

    heading: str
    cells: tuple[str, ...]
    right: bool = False
    drop: int = 0
    point: bool = False
    ids: bool = False
    tone: Tone | None = None

    @property
    def padded(self) -> tuple[str, ...]:
        """The cells with blanks behind numbers, so that points stand under one another."""
        if not self.point:
            return self.cells
        most = max(map(_fraction, self.cells), default=0)
        return tuple(cell + " " * (most - _fraction(cell)) for cell in self.cells) if most else self.cells

    @property
    def width(self) -> int:
        """The widest line of the heading or of a cell, in characters."""
        cells = (line for cell in self.padded for line in cell.split("\n"))
        return max(map(len, (*self.lines, *cells)))

    @property
    def lines(self) -> list[str]:
        """The lines of the heading; one that ends within a word (`HYPHEN`) ends with a hyphen."""
        return self.heading.replace(HYPHEN, "-").split("\n")

    @property
    def name(self) -> str:
        """The heading in one line, its words whole; a hyphen of their own stays."""
        return (
            self.heading.replace(HYPHEN + "\n", "").replace("-\n", "-").replace(".\n", ".").replace("\n", " ")
        )


def _fraction(cell: str) -> int:
    """How many characters a number has from its point on."""
    return len(cell) - cell.index(".") if "." in cell else 0


@dataclass(frozen=True, slots=True)
class Table:
    """A title and columns of equally many cells. more: rows that a limit cut off; nothing: the sentence for
    an empty table;
    dropped: the columns for which there was no room; gap: blanks between two columns."""

    title: str
    nothing: str
    columns: tuple[Column, ...]
    more: int = 0
    dropped: tuple[str, ...] = ()
    gap: int = GAP

    @property
    def height(self) -> int:
        return len(self.columns[0].cells) if self.columns else 0

    @property
    def width(self) -> int:
        return sum(column.width for column in self.columns) + self.gap * (len(self.columns) - 1)


def words(
    heading: str, cells: Iterable[str | None], *, drop: int = 0, hide: bool = False, zero: str | None = None
) -> Column | None:
    """A column of text, to the left. hide: None instead of a column that has nothing in any row."""
    return _column(heading, (NOTHING if cell is None else clean(cell) for cell in cells), False, drop, hide)


def names(
    heading: str, cells: Iterable[str | None], *, drop: int = 0, hide: bool = False, zero: str | None = None
) -> Column | None:
    """A column of names, to the left."""
    column = words(heading, cells, drop=drop, hide=hide)
    return column and replace(column, ids=True)


def listed(
    heading: str, cells: Iterable[str], *, drop: int = 0, hide: bool = False, zero: str | None = None
) -> Column | None:
    """A column of lists of names, which are clean already."""
    column = lines(heading, cells, drop=drop, hide=hide)
    return column and replace(column, ids=True)


def lines(
    heading: str, cells: Iterable[str], *, drop: int = 0, hide: bool = False, zero: str | None = None
) -> Column | None:
    """A column of text that is clean already and may have several lines."""
    return _column(heading, cells, False, drop, hide)


def right(
    heading: str, cells: Iterable[str], *, drop: int = 0, hide: bool = False, zero: str | None = None
) -> Column | None:
    """A column of numbers that are written already, or of what stands for them, to the right."""
    return _column(heading, cells, True, drop, hide)


def counts(
    heading: str, values: Iterable[int | None], *, drop: int = 0, hide: bool = False, zero: str | None = None
) -> Column | None:
    """A column of steps or ranks, to the right."""
    return _column(heading, (NOTHING if value is None else str(value) for value in values), True, drop, hide)


def numbers(
    heading: str,
    values: Iterable[Decimal | None],
    *,
    drop: int = 0,
    hide: bool = False,
    zero: str | None = None,
) -> Column | None:
    """A column of numbers, point under point; `zero` is what 0 is shown as."""
    column = _column(heading, column_of_numbers(values, zero=zero), True, drop, hide)
    return column and replace(column, point=True)


def _column(heading: str, cells: Iterable[str], right: bool, drop: int, hide: bool) -> Column | None:
    texts = tuple(cells)
    return None if hide and all(text == NOTHING for text in texts) else Column(heading, texts, right, drop)


def table(title: str, nothing: str, columns: Iterable[Column | None], more: int = 0) -> Table:
    """The table of those columns that are there."""
    return Table(title, nothing, tuple(column for column in columns if column is not None), more)


def fit(wide: Table, width: int | None = PAGE) -> Table:
    """The table with as many columns as fit into `width` (None: all). Where those that must stay are too wide
    as well, they stand closer, and the last of them that is no name goes."""
    if width is None or wide.width <= width:
        return wide
    columns = tuple(map(_shortened, wide.columns))
    widths = [column.width for column in columns]
    left = list(range(len(columns)))
    while sum(widths[i] for i in left) + GAP * (len(left) - 1) > width:
        going = min((i for i in left if columns[i].drop), key=lambda i: columns[i].drop, default=None)
        if going is None:
            break
        left.remove(going)
    gap = GAP
    while sum(widths[i] for i in left) + gap * (len(left) - 1) > width:
        last = next((i for i in reversed(left[1:]) if not columns[i].ids), None)
        if gap > 1:
            gap = 1
        elif last is None:
            break
        else:
            left.remove(last)
    dropped = tuple(column.name for i, column in enumerate(columns) if i not in left)
    return replace(wide, columns=tuple(columns[i] for i in left), dropped=dropped, gap=gap)


def _broken(*parts: str) -> str:
    """A path on several lines, broken behind its dots."""
    lines = [""]
    for part in parts:
        if len(lines[-1]) + len(part) > LAST:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


def _shortened(column: Column) -> Column:
    """Long names by their beginning and end; a path in a heading on several lines, or by its end as well: what
    is varied may name an account."""

    def short(found: re.Match[str]) -> str:
        return f"{found[0][:HEAD]}…{found[0][-TAIL:]}"

    def path(found: re.Match[str]) -> str:
        *rest, last = found[0].split(".")
        if len(last) > LAST:
            return short(found)
        if any(len(part) > LAST for part in rest):
            return f"{found[0][:HEAD]}…{last}"
        return _broken(*(f"{part}." for part in rest), last)

    column = replace(column, heading=_LONG.sub(path, column.heading))
    return (
        replace(column, cells=tuple(_LONG.sub(short, cell) for cell in column.cells))
        if column.ids
        else column
    )
