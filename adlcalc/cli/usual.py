"""What the options are where nobody says otherwise; a call without options needs no parser of them.

Public: ROWS, TABLE, JSON, only_files, room.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

ROWS = 50
"""Rows of a table that are shown where nobody asks for another number."""
TABLE, JSON = "table", "json"
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
