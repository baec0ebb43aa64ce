"""A page's data as one CSV: every row of every table under one header, so that a spreadsheet can filter it
and any reader can read it.

The first column, `table`, says what a row is, where a document has several tables; one of them alone has its own
columns and no other. Cells that do not apply to
a row are empty. Several files have a second column, `file`. Values are those of the JSON: plain digits, no
separators; a list is separated by semicolons. A text that a spreadsheet would take for a formula (it begins
with = + - @ and is not a number) has an apostrophe before it.

Public: page, join, cell.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

from adlcalc.report.field import Plain
from adlcalc.report.human import clean
from adlcalc.report.page import Page

_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def page(page: Page, *, several: bool = False, first: bool = True) -> str:
    """The rows, lines ending in a line feed; the header stands over the first page only."""
    out = io.StringIO()
    header: Sequence[str] = page.document.header_of(page.about)
    rows: Iterable[Plain] = page.document.flat(page.about, page.asked)
    front = 1  # after the name of the table
    if page.only:
        header, rows, front = *_only(page, header, rows), 0
    columns = (*header[:front], "file", *header[front:]) if several else header
    place = {key: i for i, key in enumerate(columns)}
    blank = [""] * len(columns)
    if several:
        blank[front] = cell(page.name)
    writer = csv.writer(out, lineterminator="\n")
    if first:
        writer.writerow(columns)
    for row in rows:
        cells = blank.copy()
        for key, value in row.items():
            cells[place[key]] = cell(value)
        writer.writerow(cells)
    return out.getvalue()


def _only(page: Page, header: Sequence[str], rows: Iterable[Plain]) -> tuple[Sequence[str], list[Plain]]:
    """The columns and rows of one table; columns that are named after what was asked for come last."""
    found = [row for row in rows if row.pop("table") == page.only]
    own = page.document.csv_tables(page.asked)[page.only]
    more = {key for row in found for key in row}.difference(own)
    return (*own, *(key for key in header if key in more)), found


def join(texts: Sequence[str]) -> str:
    """One table."""
    return "".join(texts)


def cell(value: Any) -> str:
    """A value as a cell: nothing for None, and no text that a spreadsheet would take for a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = "; ".join(map(str, value)) if isinstance(value, list) else str(value)
    if text[:1] in ("=", "+", "-", "@") and not _NUMBER.fullmatch(text):
        text = "'" + text
    return clean(text)
