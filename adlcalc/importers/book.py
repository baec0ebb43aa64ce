"""Accounts in a table of somebody's own -> a scenario: other separators, other names, `Buy`, `10x`,
`1,000.5`, signed sizes.

Public: import_book, BookOptions.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from io import StringIO

from adlcalc.ground.numbers import exact, show
from adlcalc.importers.candles import decimal_comma, plain_number
from adlcalc.importers.digits import tick_of
from adlcalc.importers.grid import Grid, folded, read_grid
from adlcalc.importers.guard import Imported, assure, market_name
from adlcalc.scenario.draft import RESERVED_IDS, name_fault
from adlcalc.source.nodes import Place, Source
from adlcalc.source.number import NumberError, number_of
from adlcalc.source.problems import Problems, closest_hint, escape, fail, quote

INLINE = 200
"""Positions that a scenario holds itself; more go into a CSV beside it."""
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": (
        "id",
        "account",
        "accountid",
        "user",
        "userid",
        "uid",
        "wallet",
        "address",
        "trader",
        "owner",
        "name",
    ),
    "market": ("market", "symbol", "pair", "instrument", "contract", "coin", "asset", "ticker"),
    "side": ("side", "direction", "positionside", "type", "position", "longshort", "buysell"),
    "size": (
        "size",
        "qty",
        "quantity",
        "amount",
        "contracts",
        "positionsize",
        "positionamt",
        "szi",
        "volume",
    ),
    "entry": (
        "entry",
        "entryprice",
        "avgprice",
        "averageprice",
        "avgentryprice",
        "openprice",
        "price",
        "entrypx",
    ),
    "leverage": ("leverage", "lev", "leveragex"),
    "collateral": ("collateral", "isolatedmargin", "positionmargin", "marginused", "initialmargin"),
    "margin": ("margin", "marginmode", "margintype", "mode"),
    "balance": ("balance", "walletbalance", "wallet_balance", "accountbalance", "crossbalance"),
    "mark": ("mark", "markprice", "markpx", "currentprice", "lastprice"),
}
SIDES = {
    **dict.fromkeys(("long", "buy", "b", "bid", "l", "1", "+1", "bought"), "long"),
    **dict.fromkeys(("short", "sell", "s", "ask", "a", "-1", "sold"), "short"),
}
MODES = {
    **dict.fromkeys(("cross", "crossed", "crossmargin", "c"), "cross"),
    **dict.fromkeys(("isolated", "isolatedmargin", "iso", "i", ""), "isolated"),
}
FIELDS = ("id", "market", "side", "size", "entry", "leverage", "collateral", "margin", "balance")


@dataclass(frozen=True, slots=True)
class BookOptions:
    """market: where the file has no column of markets; venue: the rulebook; beside: the name of the CSV for a
    long book."""

    market: str = "MARKET"
    venue: str = "generic"
    beside: str | None = None


def import_book(source: Source, options: BookOptions) -> Imported:
    """The scenario; ScenarioErrors with everything that is wrong with the file, all at once."""
    market_name("--market", options.market)
    with exact():
        grid = read_grid(source)
        if grid.names is None:
            hint = (
                "the names that are known are id, market, side, size, entry, leverage, collateral, margin, "
                "balance, mark"
            )
            raise fail(Place(source), "the file has no header that names its columns", hint)
        at = _columns(grid)
        rows, marks, ticks = _rows(grid, at, options)
        long = len(rows) > INLINE and options.beside is not None
        lines = list(_head(grid, at, marks, ticks, options))
        tail = [
            "prices:  # one step, at the mark",
            *(f"  {_text(market)}: [{show(mark)}]" for market, mark in marks.items()),
        ]
        text = "\n".join([*lines, "accounts:", *_accounts(rows), *tail]) + "\n"
        assure(text)
        if not long:
            return Imported(text)
        named = f"accounts: {{file: {_text(options.beside or '')}}}"
        return Imported("\n".join([*lines, named, *tail]) + "\n", {options.beside or "": _csv(rows)})


def _columns(grid: Grid) -> dict[str, int]:
    """Which column is what; id, size and entry must be there. A `margin` that holds numbers is the
    collateral."""
    names = [folded(name) for name in grid.names or ()]
    found: dict[str, int] = {}
    for field, aliases in COLUMNS.items():
        free = [
            names.index(alias)
            for alias in aliases
            if alias in names and names.index(alias) not in found.values()
        ]
        if free:
            found[field] = free[0]
    if (
        "margin" in found
        and "collateral" not in found
        and all(_is_number(row[found["margin"]]) for row in grid.rows)
    ):
        found["collateral"] = found.pop("margin")
    missing = [field for field in ("id", "size", "entry") if field not in found]
    if missing:
        hint = closest_hint(missing[0], grid.names or ())
        raise fail(Place(grid.source), f"the file has no column {' or '.join(map(quote, missing))}", hint)
    return found


def _is_number(cell: str) -> bool:
    try:
        number_of(plain_number(cell))
    except NumberError:
        return False
    return True


Rows = list[dict[str, str]]


def _rows(
    grid: Grid, at: Mapping[str, int], options: BookOptions
) -> tuple[Rows, dict[str, Decimal], dict[str, Decimal]]:
    """The positions in our words, the mark of each market, its tick."""
    problems = Problems()
    comma = decimal_comma(grid, [at[field] for field in NUMBERS if field in at])
    rows: Rows = []
    marks: dict[str, Decimal] = {}
    prices: dict[str, list[Decimal]] = {}
    for i, cells in enumerate(grid.rows):
        before = len(problems)
        text = {field: cells[column] for field, column in at.items()}
        numbers = {
            field: _number(grid, i, field, text[field], comma, problems) for field in NUMBERS if field in text
        }
        side, size = _side(grid, i, text.get("side"), numbers.get("size"), problems), numbers.get("size")
        mode = MODES.get(folded(text.get("margin", "")))
        if mode is None:
            problems.add(
                grid.place(i),
                f"{grid.called(i)}margin must be isolated or cross, not {quote(text['margin'])}",
            )
        fault = name_fault(text["id"], reserved=RESERVED_IDS)
        if fault:
            problems.add(grid.place(i), f"{grid.called(i)}account id {quote(text['id'])} {fault}")
        if len(problems) > before or size is None or side is None or not size:
            continue
        market = text.get("market") or options.market
        row = {
            "id": text["id"],
            "market": market,
            "side": side,
            "size": show(abs(size)),
            "margin": mode or "isolated",
        }
        for field in ("entry", "leverage", "collateral", "balance"):
            value = numbers.get(field)
            if value is not None and not (field == "leverage" and numbers.get("collateral") is not None):
                row[field] = show(value)
        if mode == "cross":
            row.pop("collateral", None)
        elif "leverage" not in row and "collateral" not in row:
            problems.add(grid.place(i), f"{grid.called(i)}the position has neither leverage nor collateral")
        rows.append(row)
        prices.setdefault(market, []).extend(
            value for field in ("entry", "mark") if (value := numbers.get(field)) is not None
        )
        mark = numbers.get("mark") or numbers.get("entry")
        if mark is not None:
            marks.setdefault(market, mark)
    problems.raise_if_any()
    if not rows:
        raise fail(Place(grid.source), "there is no open position in the file")
    return rows, marks, {market: tick_of(found) for market, found in prices.items()}


NUMBERS = ("size", "entry", "leverage", "collateral", "balance", "mark")


def _number(grid: Grid, i: int, field: str, cell: str, comma: str, problems: Problems) -> Decimal | None:
    """A cell as a number, `10x` and `1,000.5` among them; None for an empty one that may be empty."""
    text = cell.strip()
    if not text and field not in ("size", "entry"):
        return None
    try:
        return number_of(
            plain_number(text[:-1] if field == "leverage" and text[-1:] in "xX" else text, comma)
        )
    except NumberError as error:
        what = "is empty" if not text else error.message
        problems.add(grid.place(i), f"{grid.called(i)}{quote(field)} {what}", error.hint if text else "")
        return None


def _side(grid: Grid, i: int, text: str | None, size: Decimal | None, problems: Problems) -> str | None:
    """By the word, else by the sign of the size."""
    if text is None or folded(text) in ("both", "net"):
        return None if size is None else "long" if size > 0 else "short"
    side = SIDES.get(text.strip().lower())
    if side is None:
        problems.add(
            grid.place(i), f"{grid.called(i)}side must be long or short (buy or sell), not {quote(text)}"
        )
    return side


def _head(
    grid: Grid,
    at: Mapping[str, int],
    marks: Mapping[str, Decimal],
    ticks: Mapping[str, Decimal],
    options: BookOptions,
) -> Iterator[str]:
    names = grid.names or ()
    renamed = [f"{names[column]} -> {field}" for field, column in at.items() if names[column] != field]
    yield f"# Made by `adlcalc import book` from {escape(grid.source.name)}."
    if renamed:
        yield f"# columns: {escape(', '.join(renamed))}"
    if "mark" not in at:
        yield "# assumed: marks are not in the file; the first entry price of each market is taken"
    yield 'title: "An imported book"'
    yield f"venue: {_text(options.venue)}"
    yield "markets:  # assumed: the tick by the digits of the prices; the lot is not in the file: 0.00000001"
    for market in marks:
        yield f"  {_text(market)}: {{tick: {show(ticks[market])}}}"
    yield "fund: 0  # assumed"


def _accounts(rows: Rows) -> Iterator[str]:
    """Accounts in the order in which their ids first appear."""
    held: dict[str, Rows] = {}
    for row in rows:
        held.setdefault(row["id"], []).append(row)
    for name, positions in held.items():
        yield f"  - id: {_text(name)}"
        balance = next((row["balance"] for row in positions if "balance" in row), None)
        if balance is not None:
            yield f"    balance: {balance}"
        yield "    positions:"
        for row in positions:
            keys = (
                "side",
                "size",
                "entry",
                *(key for key in ("leverage", "collateral", "margin") if key in row),
            )
            parts = [f"market: {_text(row['market'])}", *(f"{key}: {row[key]}" for key in keys)]
            yield f"      - {{{', '.join(parts)}}}"


def _csv(rows: Rows) -> str:
    out = StringIO()
    writer = csv.DictWriter(out, FIELDS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
