"""A written result (the text page, JSON or CSV) read back as named rows, so that two of them can be compared value by value.

Only what explains a difference is read: whether two results are the same is decided by their bytes, never here. A text that is
no result of ours has no rows.

Public: Row, Style, style_of, rows_of.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from itertools import pairwise
from typing import Any, NamedTuple

from adlcalc.ground.numbers import D, show

NAMES = {  # tables as they are called in the three forms -> one name
    "liquidations": "liquidated",
    "liquidation": "liquidated",
    "insurance fund": "fund",
    "step by step": "steps",
    "mark": "steps",
    "accounts that changed": "accounts",
    "account": "accounts",
    "position": "positions",
    "assumption": "assumptions",
    "socialized losses": "socialized",
    "bad_debt": "bad debt",
    "rest_of_market": "audit",
}
_SKIPPED = re.compile(r"skipped in the queue.*")
_RULE = re.compile(r"-{2,}(  -{2,})*")
_GROUPED = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?|-?\d+(\.\d+)?")
_AUDIT = re.compile(r"(money difference|open interest difference|bad debt) (-?[\d,]+(?:\.\d+)?)")


class Style(StrEnum):
    """The forms of a golden; which one a golden has shows in its first characters."""

    table = "table"
    json = "json"
    csv = "csv"


class Row(NamedTuple):
    """One row: its table, the step it belongs to (None: the end of the run), its label ('alice'), and its values by column."""

    table: str
    step: int | None
    label: str
    cells: Mapping[str, str]


def style_of(text: str) -> Style:
    """The form of a written result."""
    if text.startswith(("{", "[")):
        return Style.json
    return Style.csv if text.startswith("table,") else Style.table


def rows_of(text: str) -> list[Row]:
    """The rows of a result in its order; none where it cannot be read."""
    style = style_of(text)
    try:
        if style is Style.json:
            return list(_json_rows(json.loads(text)))
        return list(_csv_rows(text) if style is Style.csv else _page_rows(text))
    except (ValueError, TypeError, AttributeError, KeyError, csv.Error, RecursionError):
        return []


def _row(table: str, cells: Mapping[str, Any]) -> Row:
    """A row with its values as plain digits and words; empty ones are left out."""
    table = NAMES.get(table.lower(), table.lower())
    texts = {str(key).replace("_", " "): _plain(value) for key, value in cells.items() if value not in (None, "")}
    step = texts.pop("step", "")
    names = [texts.pop(key) for key in ("account", "fund", "rule") if key in texts and not (key == "fund" and table == "steps")]
    market = texts.get("market", "") if table in ("steps", "positions", "audit") else ""
    label = " ".join(name for name in (*names, market) if name) or ("" if table == "steps" else table)
    return Row(table, int(step) if step.isdigit() else None, label, texts)


def _plain(value: Any) -> str:
    """'54,000.00' -> '54000': the same number is the same text however wide its column is."""
    if isinstance(value, bool):
        return str(value).lower()
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return show(D(text.replace(",", ""))) if _GROUPED.fullmatch(text) and len(text) < 200 else text


# --- JSON and CSV ----------------------------------------------------------------------------------------------------


def _json_rows(document: dict[str, Any]) -> Iterator[Row]:
    for table, value in document.items():
        if isinstance(value, list):
            for entry in value:
                yield from _json_row(table, dict(entry))
        elif isinstance(value, dict):
            yield from _json_row(table, value)
        else:
            yield Row("document", None, "document", {table: _plain(value)})


def _json_row(table: str, entry: dict[str, Any]) -> Iterator[Row]:
    """One entry: maps inside it become columns, lists of maps rows of their own."""
    flat: dict[str, Any] = {}
    inner: list[tuple[str, dict[str, Any]]] = []
    for key, value in entry.items():
        if isinstance(value, dict):
            flat |= {f"{key.removesuffix('s')} {name}": x for name, x in value.items()}
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            inner += [(key, {"account": entry.get("account"), **one}) for one in value]
        else:
            flat[key] = value
    yield _row(table, flat)
    for key, one in inner:
        yield _row(key, one)


def _csv_rows(text: str) -> Iterator[Row]:
    for cells in csv.DictReader(io.StringIO(text)):
        yield _row(cells.pop("table"), {key: value for key, value in cells.items() if key is not None})


# --- the page --------------------------------------------------------------------------------------------------------


def _page_rows(text: str) -> Iterator[Row]:
    """Title, tables (found by the line of dashes under their headings), audit line, footnotes."""
    blocks = [block.split("\n") for block in re.split(r"\n{2,}", text.strip("\n"))]
    title, *subtitle = blocks[0]
    yield Row("scenario", None, "scenario", {"title": title, "venue and accounts": " ".join(subtitle)})
    for before, block in pairwise(blocks):
        rule = next((i for i, line in enumerate(block) if i and _RULE.fullmatch(line)), None)
        if rule is not None:
            name = _SKIPPED.sub("skipped", " ".join(before).lower())
            yield from (_row(name, cells) for cells in _table(block, rule))
        elif block[0].startswith("Audit: "):
            yield Row("audit", None, "audit", {name: _plain(value) for name, value in _AUDIT.findall(" ".join(block))})
        elif block[0].startswith("Longs and shorts "):
            yield Row("audit", None, "rest of market", {"begins with": " ".join(block)})
        elif block[0].startswith("Assumed rules"):
            yield from _footnotes(block[1:])


def _table(block: list[str], rule: int) -> Iterator[dict[str, str]]:
    """The rows of a table: cells stand under the dashes; a line without its first cell goes on with the row above."""
    spans = [found.span() for found in re.finditer(r"-+", block[rule])]
    headings = [" ".join(part for line in block[:rule] if (part := line[a:b].strip())) for a, b in spans]
    headings = [heading.replace("- ", "-") for heading in headings]
    rows: list[dict[str, str]] = []
    for line in block[rule + 1 :]:
        if line.startswith("…"):
            break
        cells = dict(zip(headings, (line[a:b].strip() for a, b in spans), strict=True))
        if rows and not cells[headings[0]]:
            rows[-1] = {key: f"{rows[-1][key]}, {cell}" if cell else rows[-1][key] for key, cell in cells.items()}
        else:
            rows.append(cells)
    return iter(rows)


def _footnotes(lines: Iterable[str]) -> Iterator[Row]:
    notes: list[str] = []
    for line in lines:
        if line.startswith("* ") or not notes:
            notes.append(line.removeprefix("* "))
        else:
            notes[-1] += " " + line.strip()
    for note in notes:
        rule, _, words = note.partition(": ")
        yield Row("assumptions", None, rule, {"note": words})
