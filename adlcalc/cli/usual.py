"""What the options are where nobody says otherwise; a call without options needs no parser of them.

Public: ROWS, TABLE, JSON, CSV, only_files, room, written, facts_in.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adlcalc.report.page import Page, Writer

ROWS = 50
"""Rows of a table that are shown where nobody asks for another number."""
TABLE, JSON, CSV = "table", "json", "csv"
NARROW = 40
"""A terminal that says it is narrower is not believed."""


def only_files(arguments: Sequence[str]) -> bool:
    """Are these names of files and nothing that looks like an option? (`-` is standard input.)"""
    return bool(arguments) and not any(one.startswith("-") and one != "-" for one in arguments)


def room(width: int | None, output: str | None) -> int | None:
    """How many columns a page may have: as asked (0: no end); those of the terminal that it goes to; 80
    elsewhere, and where the result is recorded, so that it can be repeated anywhere."""
    from adlcalc.ground.record import current
    from adlcalc.report.table import PAGE

    if width is not None:
        return width or None
    if output not in (None, "-") or not sys.stdout.isatty() or current() is not None:
        return PAGE
    from shutil import get_terminal_size

    return max(get_terminal_size((PAGE, 24)).columns, NARROW)


def written(format: str, page: Page) -> tuple[Writer, Page]:
    """What writes the page, and the page as it is written: csv:NAME is one table of it."""
    from dataclasses import replace

    from adlcalc.ground.output import OutputError
    from adlcalc.report.writers import FORMATS

    name, _, table = format.partition(":")
    tables, table = page.document.csv_tables(page.asked), page.document.csv_name(table)
    if table and table not in tables:
        has = f"it has {', '.join(tables)}" if tables else "it is one table: --format csv"
        if table in page.document.csv_tables(one.asked for one in page.document.sections):
            has = f"{table} is there where it is asked for, with --steps"
        raise OutputError(f"--format {format}: the CSV of this answer has no table {table!r}\nhint: {has}")
    return FORMATS[name], replace(page, only=table)


def facts_in(text: str, width: int | None, output: str | None) -> str:
    """Lines that tell a fact each, as `diff` and `check` do, folded where they go to a terminal or a width is
    asked for, what follows of one under its beginning; in a pipe and in a file a line is a fact, for grep.
    What is no sentence (the lines of a golden) is left as it is."""
    from adlcalc.report.render import wrapped

    to_terminal = output in (None, "-") and sys.stdout.isatty()
    most = room(width, output) if width is not None or to_terminal else None
    if most is None:
        return text

    def folded(line: str) -> str:
        if len(line) <= most or line.startswith(("+", "-", "@@", " {")):
            return line
        indent = len(line) - len(line.lstrip(" "))
        first, *rest = wrapped(line.strip(), indent=indent + 4, width=most).split("\n")
        return "\n".join([" " * indent + first.strip(), *rest])

    return "\n".join(map(folded, text.split("\n")))
