"""Prose and tables as text, tables as Markdown. Cells come written and go out as they are: no number is
parsed, no width is guessed.

Public: wrapped, text_table, markdown_table, escape_markdown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import zip_longest
from textwrap import wrap
from threading import Lock

from adlcalc.ground.text import clean
from adlcalc.report.table import PAGE, Column, Table
from adlcalc.report.tones import Paint, style_of

_ONE_AT_A_TIME = Lock()
_MARKUP = re.compile(r"[\\`*_~<>\[\]|&$]")


def wrapped(line: str, bullet: str = "", indent: int = 0, width: int = PAGE) -> str:
    """A line of prose within the page's width; the lines that follow a bullet stand under its text."""
    start = " " * indent + bullet
    line = "\n".join(map(clean, line.split("\n")))
    return (
        "\n".join(
            wrap(
                line,
                max(width, len(start) + 10),
                initial_indent=start,
                subsequent_indent=" " * len(start),
                break_long_words=False,
                break_on_hyphens=False,
            )
        )
        or line
    )


def text_table(table: Table, paint: Paint | None = None) -> str:
    """Headings, a rule of dashes and the rows; numbers to the right. paint: what stands out is painted."""
    columns = tuple(replace(column, cells=column.padded, point=False) for column in table.columns)
    return _padded(_unfolded(replace(table, columns=columns)), paint)


def markdown_table(table: Table) -> str:
    """A GitHub table: one line of heading, markup in cells escaped."""
    import tabulate

    with _plain_tabulate():
        text = tabulate.tabulate(
            list(zip(*map(_markdown_cells, table.columns), strict=True)),
            headers=[column.name for column in table.columns],
            tablefmt="pipe",
            disable_numparse=True,
            colalign=["right" if column.right else "left" for column in table.columns],
        )
    return "\n".join(line.rstrip() for line in text.split("\n"))


def escape_markdown(text: str) -> str:
    """The text with every character that Markdown would act upon inside a line preceded by a backslash."""
    return _MARKUP.sub(r"\\\g<0>", "\n".join(map(clean, text.split("\n"))))


def _markdown_cells(column: Column) -> tuple[str, ...]:
    return tuple(escape_markdown(cell).replace("\n", "<br>") for cell in column.cells)


def _unfolded(table: Table) -> Table:
    """A row whose cells have several lines becomes as many rows, blank where a cell has no more to say."""
    rows = [
        [cell.split("\n") for cell in row]
        for row in zip(*(column.cells for column in table.columns), strict=True)
    ]
    if all(len(lines) == 1 for row in rows for lines in row):
        return table
    unfolded = zip(*(line for row in rows for line in zip_longest(*row, fillvalue="")), strict=True)
    columns = (replace(column, cells=cells) for column, cells in zip(table.columns, unfolded, strict=True))
    return replace(table, columns=tuple(columns))


@contextmanager
def _plain_tabulate() -> Iterator[None]:
    """Tabulate that counts characters whether or not `wcwidth` is installed and adds no padding; then as it
    was.

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


def _padded(table: Table, paint: Paint | None) -> str:
    """Every column as wide as its widest line; blanks at the end of a line go."""
    lines = max(len(column.lines) for column in table.columns)
    columns = []
    for column in table.columns:
        width = column.width
        blank = [""] * (lines - len(column.lines))
        above = [_justified(cell, column, width) for cell in [*column.lines, *blank, "-" * width]]
        columns.append([*above, *(_cell(cell, column, width, paint) for cell in column.cells)])
    return "\n".join((" " * table.gap).join(row).rstrip() for row in zip(*columns, strict=True))


def _justified(cell: str, column: Column, width: int) -> str:
    return cell.rjust(width) if column.right else cell.ljust(width)


def _cell(cell: str, column: Column, width: int, paint: Paint | None) -> str:
    """The cell in its column, as wide with what paints it as without."""
    padded, text = _justified(cell, column, width), cell.strip()
    style = style_of(column.tone, text) if paint is not None and column.tone is not None else ""
    return padded.replace(text, paint(text, style)) if paint is not None and style else padded
