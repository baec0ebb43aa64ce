"""What the options are where nobody says otherwise; a call without options needs no parser of them.

Public: ROWS, TABLE, JSON, only_files.
"""

from __future__ import annotations

from collections.abc import Sequence

ROWS = 50
"""Rows of a table that are shown where nobody asks for another number."""
TABLE, JSON = "table", "json"


def only_files(arguments: Sequence[str]) -> bool:
    """Are these names of files and nothing that looks like an option? (`-` is standard input.)"""
    return bool(arguments) and not any(one.startswith("-") and one != "-" for one in arguments)
