"""A page's data as JSON: a contract; keys are added, never renamed or taken away.

Amounts, prices, sizes, rates and scores are strings of plain digits. What counts or numbers (step, claim,
rank) is an integer; what does not apply is null. Nothing is rounded, nothing is left out.

Public: page, join, as_dict.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from adlcalc.ground.numbers import exact
from adlcalc.ground.text import clean_json
from adlcalc.report.page import Page


def page(page: Page, *, several: bool = False, first: bool = True) -> str:
    """ASCII text with one row per line, so that two results can be compared line by line."""
    parts = []
    for key, value in page.document.plain(page.about):
        if isinstance(value, Iterator | list):
            rows = ",\n".join("    " + json.dumps(row) for row in value)
            parts.append(f"  {json.dumps(key)}: [\n{rows}\n  ]" if rows else f"  {json.dumps(key)}: []")
        else:
            parts.append(f"  {json.dumps(key)}: {json.dumps(value)}")
    return clean_json("{\n" + ",\n".join(parts) + "\n}\n")


def join(texts: Sequence[str]) -> str:
    """A list."""
    return "[\n" + ",\n".join(text.rstrip("\n") for text in texts) + "\n]\n"


def as_dict(page: Page) -> dict[str, Any]:
    """The document as dicts and lists."""
    with exact():
        return {key: list(x) if isinstance(x, Iterator) else x for key, x in page.document.plain(page.about)}
