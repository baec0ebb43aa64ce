"""Tables as text and as Markdown. Cells come written and go out as they are: no number is parsed, no width is guessed.

Public: text_table, markdown_table, escape_markdown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import zip_longest
from threading import Lock

from adlcalc.ground.text import clean
from adlcalc.report.table import GAP, Column, Table

LARGE = 5_000  # rows from which on our own padding, many times faster than tabulate, writes the text table
_ONE_AT_A_TIME = Lock()
_MARKUP = re.compile(r"[\\`*_~<>\[\]|&$]")


def text_table(table: Table) -> str:
    """Headings, a rule of dashes and the rows; numbers to the right."""
    table = _unfolded(table)
    return _padded(table) if table.height > LARGE else _tabulated(table, "simple")


def markdown_table(table: Table) -> str:
    """A GitHub table: one line of heading, markup in cells escaped."""
    return _tabulated(table, "pipe")


def escape_markdown(text: str) -> str:
    """The text with every character that Markdown would act upon inside a line preceded by a backslash."""
    return _MARKUP.sub(r"\\\g<0>", "\n".join(map(clean, text.split("\n"))))


def _tabulated(table: Table, style: str) -> str:
    import tabulate

    markdown = style == "pipe"
    headings = [column.heading.replace("\n", " ") if markdown else column.heading for column in table.columns]
    cells = [_markdown_cells(column) if markdown else column.cells for column in table.columns]
    with _plain_tabulate():
        text = tabulate.tabulate(
            list(zip(*cells, strict=True)),
            headers=headings,
            tablefmt=style,
            disable_numparse=True,
            colalign=["right" if column.right else "left" for column in table.columns],
        )
    return "\n".join(line.rstrip() for line in text.split("\n"))


def _markdown_cells(column: Column) -> tuple[str, ...]:
    return tuple(escape_markdown(cell).replace("\n", "<br>") for cell in column.cells)


def _unfolded(table: Table) -> Table:
    """A row whose cells have several lines becomes as many rows, blank where a cell has no more to say."""
    rows = [[cell.split("\n") for cell in row] for row in zip(*(column.cells for column in table.columns), strict=True)]
    if all(len(lines) == 1 for row in rows for lines in row):
        return table
    unfolded = zip(*(line for row in rows for line in zip_longest(*row, fillvalue="")), strict=True)
    columns = (replace(column, cells=cells) for column, cells in zip(table.columns, unfolded, strict=True))
    return replace(table, columns=tuple(columns))


@contextmanager
def _plain_tabulate() -> Iterator[None]:
    """Tabulate that counts characters whether or not `wcwidth` is installed and adds no padding; then as it was.

    It has no arguments for these, only names of its module; so one table is laid out at a time.
    """
    import tabulate

    with _ONE_AT_A_TIME:
        before = tabulate.WIDE_CHARS_MODE, tabulate.MIN_PADDING
        tabulate.WIDE_CHARS_MODE, tabulate.MIN_PADDING = False, 0
        try:
            yield
        finally:
            tabulate.WIDE_CHARS_MODE, tabulate.MIN_PADDING = before


def _padded(table: Table) -> str:
    """The same bytes as tabulate's `simple`."""
    lines = max(column.heading.count("\n") for column in table.columns) + 1
    columns = []
    for column in table.columns:
        width = column.width
        heading = column.heading.split("\n")
        blank = [""] * (lines - len(heading))
        cells = [*heading, *blank, "-" * width, *column.cells]
        columns.append([cell.rjust(width) if column.right else cell.ljust(width) for cell in cells])
    return "\n".join((" " * GAP).join(row).rstrip() for row in zip(*columns, strict=True))
