"""`adlcalc import ccxt` and `adlcalc import klines`: other people's files as scenarios.

Public: register, ccxt, klines, CCXT_EXAMPLE, KLINES_EXAMPLE.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from adlcalc.cli import options
from adlcalc.cli.single import Unknown, work

CCXT_EXAMPLE = """\b
Example:
  adlcalc import ccxt positions.json > mine.yaml && adlcalc rank mine.yaml"""
KLINES_EXAMPLE = """\b
Example:
  adlcalc import klines BTCUSDT-1m-2020-03-12.csv --market BTCUSDT > crash.yaml"""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    add = group.command
    add("ccxt", epilog=CCXT_EXAMPLE, short_help="Positions as ccxt gives them.", no_args_is_help=True)(ccxt)
    add("klines", epilog=KLINES_EXAMPLE, short_help="Candles of a venue.", no_args_is_help=True)(klines)
    app.add_typer(group, name="import", help="Write scenarios from other people's files.")


class CandlePath(StrEnum):
    """Which prices of a candle make the path."""

    close = "close"
    low_first = "low-first"
    high_first = "high-first"


def ccxt(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Positions as ccxt gives them, JSON; - is standard input.")],
    tiers: Annotated[
        str | None, typer.Option(metavar="FILE", help="Leverage tiers as ccxt gives them, JSON: the maintenance margin tables.")
    ] = None,
    balance: Annotated[
        str | None, typer.Option(metavar="AMOUNT", help="Wallet balance of the cross account; the positions do not tell it.")
    ] = None,
    account: Annotated[str, typer.Option(metavar="ID", help="The id that the account gets.")] = "me",
    output: options.Output = None,
) -> None:
    """Write a scenario from positions that ccxt gave, of one venue or several.

    Numbers are the venue's own texts where they are there; what had to be assumed is a comment in the file. It has one step, at
    the mark price, and runs and ranks as it is.
    """

    def result() -> str:
        from adlcalc.importers.ccxt import Options, import_positions
        from adlcalc.source.files import text_of
        from adlcalc.source.number import NumberError, number_of
        from adlcalc.venues.rulebook import shipped

        try:
            wallet = None if balance is None else number_of(balance)
        except NumberError as error:
            raise Unknown(f"--balance {error.message}") from None
        tier_text = None if tiers is None else text_of(tiers)
        return import_positions(text_of(file), tier_text, Options(account, wallet, shipped()))

    raise typer.Exit(work(file, output, result))


def klines(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Candles: a venue's CSV, or ccxt's OHLCV rows as JSON; - is standard input.")
    ],
    path: Annotated[
        CandlePath, typer.Option(help="The close, or four prices a candle, the low or the high first.")
    ] = CandlePath.close,
    column: Annotated[str | None, typer.Option(metavar="NAME", help="Another column than close.")] = None,
    market: Annotated[str, typer.Option(metavar="NAME", help="The name that the market gets.")] = "MARKET",
    output: options.Output = None,
) -> None:
    """Write a scenario with the price path of a venue's candles, and two example accounts to replace."""

    def result() -> str:
        from adlcalc.importers.klines import import_klines
        from adlcalc.source.files import TABLE_LIMIT, text_of

        return import_klines(text_of(file, limit=TABLE_LIMIT), path.value, column, market)

    raise typer.Exit(work(file, output, result))
