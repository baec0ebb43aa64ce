"""A grid of texts -> candles or single prices in the order of their times, with a sentence on everything that
was decided.

Which column is what: by its name, or, where there are no names, by trying the orders that venues use. low <=
open, close <= high holds for every candle of every file; an order under which it does not is none, and a file
that fits no order is refused.

Public: Candles, Row, read_candles, ORDERS, decimal_comma, plain_number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from adlcalc.ground.numbers import ZERO, show
from adlcalc.importers.grid import Grid, folded, words
from adlcalc.importers.moments import Unreadable, read_moments
from adlcalc.source.nodes import Place
from adlcalc.source.number import NumberError, number_of
from adlcalc.source.problems import Problems, closest_hint, fail, quote

TIMES = (
    *words(
        "opentime starttime start startedat starttimestamp candletime openat timeperiodstart begin begintime"
    ),
    *words("unix unixtimestamp timestampms timestamp ts mts ticks t time datetime date gmttime localtime"),
    *words("utc utctime epoch day createdat intervalbegin id index unnamed0"),
    "",
)
"""Names of the column of times, the best first; '' is the unnamed index of pandas."""
NAMES: Mapping[str, tuple[str, ...]] = {
    "open": ("open", "openprice", "priceopen", "o", "first"),
    "high": ("high", "highprice", "pricehigh", "h", "max"),
    "low": ("low", "lowprice", "pricelow", "l", "min"),
    "close": ("close", "closeprice", "priceclose", "c", "closelast", "price"),
}
SINGLE = words("close c closeprice priceclose closelast mark markprice price markpx lastprice last value")
SYMBOLS = (
    "symbol",
    "pair",
    "ticker",
    "instrument",
    "instid",
    "market",
    "productid",
    "instrumentname",
    "coin",
    "s",
)
COUNTS = frozenset(("index", "unnamed0", "", "id"))
"""Columns that may count the rows instead of telling their times: 0, 1, 2."""
GAPS = frozenset(("", "nan", "null", "none", "na", "n/a", "-", "--"))


class Order(NamedTuple):
    """Columns of a file without names: who writes them so, and where each part stands."""

    who: str
    time: tuple[int, ...]
    open: int
    high: int
    low: int
    close: int


ORDERS = (
    Order(
        "time, open, high, low, close", (0,), 1, 2, 3, 4
    ),  # Binance, Bybit, OKX, Bitget, Kraken, ccxt, KuCoin futures
    Order("time, open, close, high, low", (0,), 1, 3, 4, 2),  # KuCoin spot, CoinEx, Bitfinex
    Order("time, low, high, open, close", (0,), 3, 2, 1, 4),  # Coinbase Exchange
    Order("time, volume, close, high, low, open", (0,), 5, 3, 4, 2),  # Gate spot
    Order("time, interval, last close, open, high, low, close", (0,), 3, 4, 5, 6),  # Phemex
    Order("date, clock, open, high, low, close", (0, 1), 2, 3, 4, 5),  # MetaTrader
    Order("time, volume, open, high, low, close", (0,), 2, 3, 4, 5),
    Order("symbol, time, open, high, low, close", (1,), 2, 3, 4, 5),
)
PARTS = ("open", "high", "low", "close")


class Row(NamedTuple):
    """A candle, or one price in all four parts; where: its row in the grid."""

    moment: datetime | None
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    where: int


@dataclass(slots=True)
class Candles:
    """rows in the order of time; whole: they have all four prices; price: the name of the column of a single
    one; notes: what was decided, as sentences."""

    rows: list[Row]
    whole: bool
    price: str = "close"
    notes: list[str] = field(default_factory=list)


def read_candles(
    grid: Grid,
    *,
    column: str | None = None,
    whole: bool = False,
    symbol: str | None = None,
    timed: bool = True,
) -> Candles:
    """column: the one to take; whole: all four prices are needed; symbol: of a file of several; timed: False
    keeps the order of the file and no times."""
    notes: list[str] = []
    if grid.skipped:
        notes.append(f"{_count(grid.skipped, 'line')} before the header passed over")
    keep = _of_symbol(grid, symbol, notes)
    found = (
        _named(grid, keep, column, whole, notes)
        if grid.names is not None
        else _unnamed(grid, keep, column, notes)
    )
    times = _times(grid, found, notes) if timed else None
    rows = [
        Row(times[i] if times is not None else None, *prices, where)
        for i, (prices, where) in enumerate(zip(found.prices, found.where, strict=True))
    ]
    return Candles(_ordered(grid, rows, found.whole, notes), found.whole, found.price, notes)


class _Found(NamedTuple):
    """The cells of the columns that were chosen: prices by row, texts of times (of each column that may be
    it, the best first), rows of the grid."""

    prices: list[tuple[Decimal, Decimal, Decimal, Decimal]]
    times: list[list[str]]
    where: list[int]
    whole: bool
    price: str


# --- files with names ---------------------------------------------------------------------------------------


def _named(grid: Grid, keep: Sequence[int], column: str | None, whole: bool, notes: list[str]) -> _Found:
    """Columns by their names; a cell that is no number, and a candle that is none, are problems of the
    file."""
    names = grid.names or ()
    parts = [_column(names, NAMES[part]) for part in PARTS]
    single = column or "close"
    if column is not None:
        chosen = [i for i, name in enumerate(names) if folded(name) == folded(column)]
        if len(chosen) != 1:
            raise fail(
                Place(grid.source), f"the file has no column {quote(column)}", closest_hint(column, names)
            )
        price: int | None = chosen[0]
    else:
        price = _column(names, SINGLE)
        single = names[price].strip() if price is not None else "close"
    has_all = all(part is not None for part in parts)
    if (whole and not has_all) or price is None:
        lacking = [part for part, at in zip(PARTS, parts, strict=True) if at is None] if whole else ["close"]
        hint = f"the columns are {', '.join(names[:12])}; --column NAME takes another as the price"
        raise fail(Place(grid.source), f"the file has no column of {' or '.join(lacking)} prices", hint)
    used = [part for part in parts if part is not None] if has_all else []
    return _cells(grid, keep, used, price, column is None and has_all, single, _time_columns(names), notes)


def _column(names: Sequence[str], aliases: Sequence[str]) -> int | None:
    """The first alias that names a column; of 't' and 'T' the small one."""
    for alias in aliases:
        found = [i for i, name in enumerate(names) if folded(name) == alias]
        if found:
            return next((i for i in found if names[i] == names[i].lower()), found[0])
    return None


def _time_columns(names: Sequence[str]) -> list[tuple[int, ...]]:
    """Each column that may be the time, the best first; of a day and a clock beside it, both together before
    either."""
    found: list[tuple[int, ...]] = [(at,) for alias in TIMES if (at := _column(names, (alias,))) is not None]
    day, clock = _column(names, ("date", "day")), _column(names, ("time", "clock"))
    if day is not None and clock is not None and found[0][0] in (day, clock):
        found.insert(0, (day, clock))
    return found


def _cells(
    grid: Grid,
    keep: Sequence[int],
    parts: Sequence[int],
    price: int,
    whole: bool,
    single: str,
    time: Sequence[tuple[int, ...]],
    notes: list[str],
) -> _Found:
    """Numbers of the columns; rows without any price are gaps, left out and counted."""
    wanted = list(dict.fromkeys((*parts, price)))
    comma = decimal_comma(grid, wanted)
    if comma:
        notes.append("the comma is the decimal sign")
    problems = Problems()
    prices, where = [], []
    gaps = 0
    for i in keep:
        row = grid.rows[i]
        if all(row[at].lower() in GAPS for at in wanted):
            gaps += 1
            continue
        numbers = {at: _price(grid, i, at, comma, problems) for at in wanted}
        if any(number is None for number in numbers.values()):
            continue
        known = {at: number for at, number in numbers.items() if number is not None}
        four = tuple(known[at] for at in parts) if parts else (known[price],) * 4
        _check(grid, i, four, problems)
        o, h, low, c = four if whole else (known[price],) * 4
        prices.append((o, h, low, c))
        where.append(i)
    problems.raise_if_any()
    if gaps:
        notes.append(f"{_count(gaps, 'row')} without a price left out")
    if not prices:
        raise fail(Place(grid.source), "the file has no rows of prices")
    texts = [[" ".join(grid.rows[i][at] for at in ats) for i in where] for ats in time]
    counts = [grid.names is not None and folded(grid.names[ats[0]]) in COUNTS for ats in time]
    texts = [
        one
        for one, count in zip(texts, counts, strict=True)
        if not count or any(len(text) >= 6 for text in one)
    ]
    return _Found(prices, texts, where, whole, single)


def _price(grid: Grid, row: int, at: int, comma: str, problems: Problems) -> Decimal | None:
    """A price above zero; what is none is a problem."""
    text = grid.rows[row][at]
    name = grid.names[at] if grid.names is not None else f"column {at + 1}"
    try:
        number = number_of(plain_number(text, comma))
    except NumberError as error:
        what = f"{quote(name)} is empty" if text.lower() in GAPS else f"{quote(name)} {error.message}"
        problems.add(grid.place(row), f"{grid.called(row)}{what}", error.hint)
        return None
    if number <= 0:
        problems.add(
            grid.place(row), f"{grid.called(row)}{quote(name)} must be greater than zero, not {show(number)}"
        )
        return None
    return number


def _check(grid: Grid, row: int, four: Sequence[Decimal], problems: Problems) -> None:
    """A candle's low is its lowest price, its high the highest."""
    low, high = min(four), max(four)
    for name, given, limit, which in (("low", four[2], low, "lowest"), ("high", four[1], high, "highest")):
        if given != limit:
            message = (
                f"{grid.called(row)}the {name} of the candle is {show(given)}, but its {which} price is "
                f"{show(limit)}"
            )
            problems.add(
                grid.place(row),
                message,
                "--columns names the columns in their order" if grid.names is None else "",
            )


# --- files without ------------------------------------------------------------------------------------------


def _unnamed(grid: Grid, keep: Sequence[int], column: str | None, notes: list[str]) -> _Found:
    """The order of ORDERS under which every row is a candle; of several, the one whose candles follow each
    other closest."""
    if column is not None and folded(column) not in PARTS:
        raise fail(
            Place(grid.source),
            f"the file has no column {quote(column)}",
            "it has no names at all: give --columns",
        )
    fits = []
    for order in ORDERS:
        rows = _under(grid, keep, order)
        if rows is not None:
            fits.append((_breaks(rows), order, rows))
    if not fits:
        tried = "; ".join(order.who for order in ORDERS)
        hint = f"tried, with low <= open, close <= high: {tried}; --columns names the columns in their order"
        raise fail(Place(grid.source), "the rows are no candles in any order of columns that is known", hint)
    least = min(breaks for breaks, _, _ in fits)
    _, order, rows = next(fit for fit in fits if fit[0] == least)
    if order is not ORDERS[0]:
        notes.append(f"the columns are taken to be {order.who}")
    near = [(other, found) for breaks, other, found in fits if other is not order and breaks <= 2 * least]
    others = [other.who for other, found in near if [row[:4] for row in found] != [row[:4] for row in rows]]
    if others:
        notes.append(
            f"the columns ({order.who}) would fit as {' or '.join(others)} too; --columns says which"
        )
    gaps = len(keep) - len(rows)
    if gaps:
        notes.append(f"{_count(gaps, 'row')} without a price left out")
    times = [row[4] for row in rows]
    prices = [row[:4] for row in rows]
    name = folded(column) if column is not None else "close"
    if column is not None:
        at = PARTS.index(name)
        prices = [(row[at],) * 4 for row in prices]
    return _Found(prices, [times], [row[5] for row in rows], column is None, name)


_Candle = tuple[Decimal, Decimal, Decimal, Decimal, str, int]


def _under(grid: Grid, keep: Sequence[int], order: Order) -> list[_Candle] | None:
    """The rows as candles of an order, oldest first; None where one of them is none, or its time cannot be
    read."""
    ats = (order.open, order.high, order.low, order.close)
    if len(grid.rows[0]) <= max(*ats, *order.time):
        return None
    found: list[_Candle] = []
    comma = "," if grid.separator in (";", "\t", "|") else ""
    for i in keep:
        row = grid.rows[i]
        if all(row[at].lower() in GAPS for at in ats):
            continue
        try:
            o, h, low, c = (number_of(plain_number(row[at], comma)) for at in ats)
        except NumberError:
            return None
        if not ZERO < low <= min(o, c) <= max(o, c) <= h:
            return None
        found.append((o, h, low, c, " ".join(row[at] for at in order.time), i))
    try:
        moments = read_moments([row[4] for row in found])
    except Unreadable:
        return None
    candles = dict(zip(moments, found, strict=True))
    if any(row[:4] != candles[moment][:4] for moment, row in zip(moments, found, strict=True)):
        return None  # two candles of one time: this is not the column of times
    return [row for _, row in sorted(zip(moments, found, strict=True), key=lambda pair: pair[0])] or None


def _breaks(rows: Sequence[_Candle]) -> Decimal:
    """How far candles open from where the one before closed: near zero where the order is right."""
    return sum((abs(after[0] - before[3]) for before, after in pairwise(rows)), ZERO)


# --- symbols, times, order ----------------------------------------------------------------------------------


def _of_symbol(grid: Grid, symbol: str | None, notes: list[str]) -> Sequence[int]:
    """The rows of one symbol; a file of several has to be told which."""
    at = _column(grid.names, SYMBOLS) if grid.names is not None else None
    if at is None:
        if symbol is not None:
            raise fail(Place(grid.source), "--symbol is given, but the file has no column of symbols")
        return range(len(grid.rows))
    symbols = list(dict.fromkeys(row[at] for row in grid.rows))
    if symbol is None and len(symbols) > 1:
        some = ", ".join(quote(name) for name in symbols[:8]) + (", ..." if len(symbols) > 8 else "")
        raise fail(
            Place(grid.source),
            f"the file holds {len(symbols)} symbols: {some}",
            "--symbol NAME takes one of them",
        )
    if symbol is not None and symbol not in symbols:
        raise fail(
            Place(grid.source),
            f"there is no symbol {quote(symbol)} in the file",
            closest_hint(symbol, symbols),
        )
    if symbol is not None and len(symbols) > 1:
        notes.append(f"only the rows of {symbol} of {len(symbols)} symbols")
    return [i for i, row in enumerate(grid.rows) if symbol is None or row[at] == symbol]


def _times(grid: Grid, found: _Found, notes: list[str]) -> list[datetime] | None:
    """The moments of the rows: the first column that can be read; where there is one that cannot, the file is
    refused, and a file without any keeps its order."""
    first: Unreadable | None = None
    for texts in found.times:
        try:
            return read_moments(texts)
        except Unreadable as error:
            first = first or error
    if first is None:
        notes.append("the file has no times: its order is taken as it is")
        return None
    row = found.where[first.item]
    hint = "--no-times takes the rows in the order of the file, without times"
    raise fail(grid.place(row), f"{grid.called(row)}{first.message}", hint) from None


def _ordered(grid: Grid, rows: list[Row], whole: bool, notes: list[str]) -> list[Row]:
    """By time, oldest first; a row told twice once."""
    moments = [row.moment for row in rows if row.moment is not None]
    if not moments:
        return rows
    if any(after < before for before, after in pairwise(moments)):
        newest_first = all(after <= before for before, after in pairwise(moments))
        notes.append(
            "the rows were newest first and are turned round"
            if newest_first
            else "the rows are sorted by their times"
        )
        rows = sorted(reversed(rows) if newest_first else rows, key=lambda row: row.moment or moments[0])
    kept: list[Row] = []
    for row in rows:
        if kept and row.moment == kept[-1].moment:
            if whole and row[1:5] != kept[-1][1:5]:
                message = f"{grid.called(row.where)}a second, different candle of the same time"
                raise fail(grid.place(row.where), message, "is this a file of several symbols or intervals?")
            kept.pop()
        kept.append(row)
    if len(kept) < len(rows):
        what = "candle" if whole else "price"
        notes.append(f"{_count(len(rows) - len(kept), what)} of a time that was there already left out")
    return kept


# --- numbers of other hands ---------------------------------------------------------------------------------

GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")


def decimal_comma(grid: Grid, columns: Sequence[int]) -> str:
    """',' where the comma is the decimal sign of the file: beside ; or tabs, unless a cell has a point after
    its comma."""
    cells = [row[at] for row in grid.rows for at in columns if "," in row[at]]
    if any("." in cell and cell.rfind(".") > cell.rfind(",") for cell in cells):
        return ""
    grouped = all(GROUPED.fullmatch(cell) for cell in cells) and not any("." in cell for cell in cells)
    return "," if cells and not (grouped and grid.separator == ",") else ""


def plain_number(text: str, comma: str = "") -> str:
    """A number as our reader wants it: 1,000.5 -> 1000.5, 7900,5 -> 7900.5 (comma ','), +.5 -> 0.5, 7. -> 7,
    $5 -> 5."""
    bare = text.strip().lstrip("+$\u20ac\u00a3 ").replace("\u00a0", "").replace(" ", "")
    bare = (
        bare.replace(".", "").replace(",", ".")
        if comma
        else bare.replace(",", "")
        if GROUPED.fullmatch(bare)
        else bare
    )
    if bare.startswith("."):
        bare = f"0{bare}"
    return bare[:-1] if bare.endswith(".") else bare


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"
