"""`adlcalc import ccxt` and `adlcalc import klines`: other people's files as scenarios.

Public: register, ccxt, ccxt_markets, of_exchange, EXCHANGES, klines, book, CCXT_EXAMPLE, KLINES_EXAMPLE,
BOOK_EXAMPLE."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from adlcalc.asking import Unknown
from adlcalc.cli import options
from adlcalc.cli.exits import say
from adlcalc.cli.single import work
from adlcalc.ground.output import write

if TYPE_CHECKING:
    from decimal import Decimal

    from adlcalc.importers.guard import Imported

CCXT_EXAMPLE = (
    "\b\nExamples:\n"
    "  adlcalc import ccxt positions.json > mine.yaml && adlcalc rank mine.yaml\n"
    """  echo '[{"symbol": "BTC/USDT:USDT", "side": "long", "contracts": 2, "entryPrice": 60000,"""
    """ "markPrice": 61000, "leverage": 10}]' | adlcalc import ccxt - --venue bybit --margin isolated"""
)
KLINES_EXAMPLE = (
    "\b\nExamples:\n"
    "  adlcalc import klines BTCUSDT-1m-2020-03-12.csv --market BTCUSDT > crash.yaml\n"
    r"  printf 'time,open,high,low,close\n1584000000000,7900,7950,5500,5600\n1584003600000,5600,6100,5400,6000\n'"
    " | adlcalc import klines - --market BTCUSDT"
)
MARKETS_EXAMPLE = (
    "\b\nExamples:\n"
    "  adlcalc import ccxt-markets markets.json --symbol BTC/USDT:USDT --price 60000 > start.yaml\n"
    """  echo '[{"symbol": "BTC/USDT:USDT", "linear": true, "contractSize": 1,"""
    """ "precision": {"price": 0.1, "amount": 0.001}}]'"""
    " | adlcalc import ccxt-markets - --symbol BTC/USDT:USDT --price 60000"
)
BOOK_EXAMPLE = (
    "\b\nExamples:\n"
    "  adlcalc import book accounts.csv --market BTC-PERP --venue bybit > book.yaml\n"
    r"  printf 'user,side,qty,avg price,lev\nalice,BUY,2,60000,10x\nbob,SELL,2,60000,10x\n'"
    " | adlcalc import book - --market BTC-PERP --venue bybit"
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

    def add(name: str, command: Callable[..., None], short: str, example: str | None = None) -> None:
        hidden = example is None
        group.command(name, epilog=example, short_help=short, no_args_is_help=True, hidden=hidden)(
            options.expanded(command)
        )

    add("ccxt", ccxt, "Positions as ccxt or a venue gives them.", CCXT_EXAMPLE)
    add("ccxt-markets", ccxt_markets, "A market as ccxt describes it.", MARKETS_EXAMPLE)
    add("klines", klines, "Candles of a venue.", KLINES_EXAMPLE)
    add("book", book, "Accounts of a table.", BOOK_EXAMPLE)
    for name in EXCHANGES:
        add(name, of_exchange(name), f"Positions as {name} answers them.")
    app.add_typer(group, name="import", help="Write scenarios from other people's files.")


class CandlePath(StrEnum):
    """Which prices of a candle make the path."""

    close = "close"
    low_first = "low-first"
    high_first = "high-first"


class Margin(StrEnum):
    """The margin mode of positions that do not say theirs."""

    cross = "cross"
    isolated = "isolated"


Rulebook = Annotated[str, typer.Option(metavar="NAME", help="The rulebook that the scenario gets.")]


@dataclass(frozen=True, slots=True)
class Positions:
    """What is read beside positions, and how."""

    tiers: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Leverage tiers as ccxt gives them, JSON: the maintenance margin tables."
        ),
    ] = None
    markets: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Markets as ccxt gives them, JSON: tick, lot and size of a contract."
        ),
    ] = None
    balance: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[ID=]AMOUNT",
            help="Wallet balance of a cross account, without unrealized pnl. Repeatable.",
        ),
    ] = None
    margin: Annotated[
        Margin | None, typer.Option(help="The margin mode of positions that do not say theirs.")
    ] = None
    open_interest: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[SYMBOL=]CONTRACTS",
            help="What is open in a market at the venue: rank reads its lights by it. Repeatable.",
        ),
    ] = None
    account: Annotated[str, typer.Option(metavar="ID", help="The id that the account gets.")] = "me"
    strict: Annotated[
        bool, typer.Option("--strict", help="One row that cannot be read refuses the file.")
    ] = False
    output: options.Output = None

    def read(self, file: str, venue: str | None) -> int:
        """Write the scenario; the exit code."""

        def result() -> str:
            from adlcalc.importers.ccxt import Options, import_positions
            from adlcalc.importers.opening import opened
            from adlcalc.venues.files import shipped

            given = Options(
                self.account,
                _amounts("--balance", self.balance or (), "ID=AMOUNT"),
                shipped(),
                venue,
                None if self.margin is None else self.margin.value,
                self.strict,
                None if self.markets is None else opened(self.markets, limit=MOST),
                _amounts("--open-interest", self.open_interest or (), "SYMBOL=CONTRACTS"),
            )
            tiers = None if self.tiers is None else opened(self.tiers, limit=MOST)
            make = partial(import_positions, opened(file, limit=MOST), tiers, given)
            return _finished(make, file, self.output)

        return work(file, self.output, result)


def ccxt(
    *,
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="Positions as ccxt or the venue gives them, JSON; - is standard input."
        ),
    ],
    venue: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The exchange or rulebook, where the rows shall not tell it."),
    ] = None,
    positions: Positions,
) -> None:
    """Write a scenario from positions that ccxt or a venue gave, of one venue or several.

    Numbers are the venue's own texts where they are there; what had to be assumed is a comment in the file.
    What comes out is held against the rows' own liquidation prices. It has one step, at the mark price, and
    runs and ranks as it is."""
    raise typer.Exit(positions.read(file, venue))


EXCHANGES = (
    *(
        "binance",
        "bybit",
        "okx",
        "bitget",
        "gate",
        "kucoin",
        "bitmex",
        "hyperliquid",
        "dydx",
        "drift",
        "deribit",
        "kraken",
    ),
    *("paradex", "lighter", "phemex", "mexc", "bingx", "aster"),
)
"""Exchanges whose own answers are read; `import bybit FILE` is `import ccxt FILE --venue bybit`."""


def of_exchange(name: str) -> Callable[..., None]:
    """The command `import NAME`."""

    def command(
        *,
        file: Annotated[
            str, typer.Argument(metavar="FILE", help="What the venue answers, JSON; - is standard input.")
        ],
        positions: Positions,
    ) -> None:
        raise typer.Exit(positions.read(file, name))

    command.__doc__ = (
        f"Write a scenario from the positions that {name} itself answers, as `import ccxt --venue {name}`."
    )
    return command


MOST = 64 * 1024 * 1024
"""Bytes of a file of positions, tiers or markets: those of a large exchange have 20 MB."""


def _amounts(option: str, given: Sequence[str], form: str) -> dict[str, Decimal]:
    """AMOUNT, or NAME=AMOUNT for each of several."""
    from adlcalc.source.number import NumberError, number_of

    found: dict[str, Decimal] = {}
    for text in given:
        name, is_named, amount = text.rpartition("=")
        if name in found or (is_named and not name):
            raise Unknown(f"{option} {text!r}: one amount for each, written {form}")
        try:
            found[name] = number_of(amount)
        except NumberError as error:
            raise Unknown(f"{option} {error.message}") from None
    return found


def ccxt_markets(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Markets as ccxt gives them, JSON; - is standard input.")
    ],
    symbol: Annotated[str, typer.Option(metavar="SYMBOL", help="The market to take, like BTC/USDT:USDT.")],
    price: Annotated[str, typer.Option(metavar="PRICE", help="The mark price.")],
    venue: Rulebook = "generic",
    output: options.Output = None,
) -> None:
    """Write a scenario with a market's tick, lot and size of a contract, and two example accounts to replace.

    `import ccxt --markets FILE` takes the same for positions."""

    def result() -> str:
        from adlcalc.importers.markets import MarketOptions, import_markets
        from adlcalc.importers.opening import opened

        mark = _amounts("--price", [price], "PRICE").get("")
        if mark is None:
            raise Unknown("--price must be a number")
        given = MarketOptions(symbol, mark, venue)
        return _finished(lambda: import_markets(opened(file, limit=MOST), given), file, output)

    raise typer.Exit(work(file, output, result))


def klines(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="Candles or prices: CSV or JSON in any shape, also in a zip or gzip; - is standard input.",
        ),
    ],
    path: Annotated[
        CandlePath, typer.Option(help="The close, or four prices a candle, the low or the high first.")
    ] = CandlePath.close,
    column: Annotated[str | None, typer.Option(metavar="NAME", help="Another column than close.")] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES", help="For a file without a header: its columns, like time,open,close,high,low."
        ),
    ] = None,
    symbol: Annotated[
        str | None, typer.Option(metavar="NAME", help="The rows to take of a file of several symbols.")
    ] = None,
    no_times: Annotated[
        bool, typer.Option("--no-times", help="Keep the order of the file, and no times.")
    ] = False,
    market: Annotated[str, typer.Option(metavar="NAME", help="The name that the market gets.")] = "MARKET",
    output: options.Output = None,
) -> None:
    """Write a scenario with a price path of candles, and two example accounts to replace.

    Columns are found by their names or, without a header, by what makes candles of the rows; rows are put in
    the order of their times. A path of more than 20,000 prices goes into a CSV beside the scenario, which
    needs --output."""

    def result() -> str:
        from adlcalc.importers.klines import KlineOptions, import_klines
        from adlcalc.importers.opening import opened

        beside = _beside(output, "prices")
        given = KlineOptions(market, path.value, column, columns, symbol, not no_times, beside)
        return _finished(lambda: import_klines(opened(file), given), file, output)

    raise typer.Exit(work(file, output, result))


def book(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="Accounts: a table of your own with a header, CSV or JSON; - is standard input.",
        ),
    ],
    market: Annotated[
        str,
        typer.Option(metavar="NAME", help="The name of the market, where the file has no column of markets."),
    ] = "MARKET",
    venue: Rulebook = "generic",
    output: options.Output = None,
) -> None:
    """Write a scenario from a table of accounts: other names of columns, separators, `Buy` and `Sell`, `10x`,
    `1,000.5`.

    A book of more than 200 positions goes into a CSV beside the scenario where --output is given.
    """

    def result() -> str:
        from adlcalc.importers.book import BookOptions, import_book
        from adlcalc.importers.opening import opened

        return _finished(
            lambda: import_book(opened(file), BookOptions(market, venue, _beside(output, "book"))),
            file,
            output,
        )

    raise typer.Exit(work(file, output, result))


def _beside(output: str | None, what: str) -> str | None:
    """The name of a CSV beside the file that is written: crash.yaml -> crash-prices.csv."""
    if output is None or output == "-":
        return None
    return f"{os.path.splitext(os.path.basename(output))[0]}-{what}.csv"


def _finished(make: Callable[[], Imported], file: str, output: str | None) -> str:
    """The text of the scenario; what has to stand beside it is written, never over the file that is read;
    warnings are said."""
    from adlcalc.importers.guard import OptionError

    try:
        made = make()
    except OptionError as error:
        raise Unknown(str(error)) from None
    for name, text in made.beside.items():
        place = os.path.join(os.path.dirname(output or ""), name)
        if os.path.exists(place) and os.path.exists(file) and os.path.samefile(place, file):
            raise Unknown(
                f"{place} is the file that is read, and the prices would be written there: give another "
                "--output"
            )
        write(text, place)
    for warning in made.warnings:
        say(f"adlcalc: warning: {warning}")
    return made.text
