"""Runs as one CSV: every row of every table under one header, so that a spreadsheet can filter it and any CSV reader can read it.

The first column, `table`, says what a row is: liquidation, fund, deleveraged, skipped, funding, socialized, bad_debt, account,
position, audit, rest_of_market, assumption; and mark, for each step and market, where the steps were asked for. Cells that do
not apply to a table are empty. Several runs have a second column, `file`. Values are those of the JSON: plain digits, no
separators. A text that a spreadsheet would take for a formula (it begins with = + - @ and is not a number) has an apostrophe
before it.

Public: HEADER, write, cell.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from adlcalc.report.human import clean
from adlcalc.report.json_view import sections

if TYPE_CHECKING:
    from adlcalc.report.run import Run

HEADER = (
    "table",
    "step",
    "time",
    "account",
    "market",
    "side",
    "size",
    "entry_price",
    "mark_price",
    "bankruptcy_price",
    "liquidation_price",
    "book_size",
    "book_price",
    "backstop_size",
    "deleveraged_size",
    "held_size",
    "surplus",
    "shortfall",
    "margin",
    "method",
    "equity",
    "maintenance",
    "fund",
    "opening",
    "received",
    "paid",
    "closing",
    "rank",
    "score",
    "size_before",
    "price",
    "realized_pnl",
    "forgone_pnl",
    "bankrupt",
    "tied",
    "equity_after",
    "rate",
    "amount",
    "base",
    "why",
    "equity_start",
    "equity_end",
    "status",
    "deleveraged",
    "balance",
    "funding",
    "unrealized_pnl",
    "collateral",
    "money_difference",
    "open_interest_difference",
    "bad_debt",
    "rule",
    "note",
    "claim",
)
TABLES = {"liquidations": "liquidation", "assumptions": "assumption"}  # JSON key -> table, where they differ
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def write(runs: Sequence[Run], *, steps: bool = False, files: bool = False, header: bool = True) -> str:
    """The CSV of the runs, lines ending in a line feed; `files` adds the column that tells them apart."""
    out = io.StringIO()
    columns = (HEADER[0], "file", *HEADER[1:]) if files else HEADER
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    if header:
        writer.writeheader()
    for run in runs:
        for row in _rows(sections(run), steps):
            if files:
                row["file"] = run.file
            writer.writerow({key: cell(value) for key, value in row.items()})
    return out.getvalue()


def _rows(document: dict[str, Any], steps: bool) -> Iterator[dict[str, Any]]:
    """The rows of the JSON sections, each with the name of its table."""
    if steps:
        yield from _marks(document["steps"])
    for key in ("liquidations", "fund", "deleveraged", "skipped", "funding", "socialized", "bad_debt"):
        for row in document[key]:
            yield {"table": TABLES.get(key, key), **row}
    for account in document["accounts"]:
        positions = account.pop("positions")
        yield {"table": "account", **account}
        for position in positions:
            yield {"table": "position", "account": account["account"], **position}
    audit = document["audit"]
    rest = audit.pop("rest_of_market")
    currencies = audit.pop("currencies", ())
    yield {"table": "audit", **audit}
    for row in currencies:
        yield {"table": "audit", "note": f"in {row.pop('currency')}", **row}
    for market, size in rest.items():
        yield {
            "table": "rest_of_market",
            "market": market,
            "side": "short" if size.startswith("-") else "long",
            "size": size.lstrip("-"),
        }
    for row in document["assumptions"]:
        yield {"table": "assumption", **row}


def _marks(steps: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for step in steps:
        for market, mark in step["marks"].items():
            yield {"table": "mark", "step": step["step"], "time": step["time"], "market": market, "mark_price": mark}


def cell(value: Any) -> str:
    """A value as a cell: nothing for None, and no text that a spreadsheet would take for a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if text[:1] in ("=", "+", "-", "@") and not _NUMBER.fullmatch(text):
        text = "'" + text
    return clean(text)
