"""The commands, put together.

Public: app.
"""

from __future__ import annotations

from typing import Annotated

import typer

from adlcalc.cli import check, compare, explain, import_, new, rank, run, schema, venues


def _version(wanted: bool) -> None:
    if wanted:
        from adlcalc import __version__

        print(f"adlcalc {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Who is liquidated, what the insurance fund pays and who is auto-deleveraged, exactly, under a venue's rules."""


app = typer.Typer(
    name="adlcalc",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.callback(epilog="Example: adlcalc run scenarios/05-fund-empty-adl.yaml")(_root)
app.command("run", epilog=run.EXAMPLE, short_help="Run scenarios and print what happened.", no_args_is_help=True)(run.run)
app.command("check", epilog=check.EXAMPLE, short_help="Hold scenarios to their expectations and goldens.", no_args_is_help=True)(
    check.check
)
app.command("schema", epilog=schema.EXAMPLE, short_help="Print the JSON Schema of scenarios or rulebooks.")(schema.schema)
app.command("new", epilog=new.EXAMPLE, short_help="Write a commented scenario to start from.")(new.new)
app.command("rank", epilog=rank.EXAMPLE, short_help="Show the ADL queue with its reasons.", no_args_is_help=True)(rank.rank)
app.command(
    "explain", epilog=explain.EXAMPLE, short_help="Tell a run line by line, with formulas and sources.", no_args_is_help=True
)(explain.explain)
app.command("venues", epilog=venues.EXAMPLE, short_help="List rulebooks, their rules and sources, and scores.")(venues.venues)
imports = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
imports.command("ccxt", epilog=import_.CCXT_EXAMPLE, short_help="Positions as ccxt or a venue gives them.", no_args_is_help=True)(
    import_.ccxt
)
imports.command(
    "ccxt-markets", epilog=import_.MARKETS_EXAMPLE, short_help="A market as ccxt describes it.", no_args_is_help=True
)(import_.ccxt_markets)
imports.command("klines", epilog=import_.KLINES_EXAMPLE, short_help="Candles of a venue.", no_args_is_help=True)(import_.klines)
imports.command("book", epilog=import_.BOOK_EXAMPLE, short_help="Accounts of a table.", no_args_is_help=True)(import_.book)
for exchange in import_.EXCHANGES:
    imports.command(exchange, short_help=f"Positions as {exchange} answers them.", no_args_is_help=True, hidden=True)(
        import_.of_exchange(exchange)
    )
app.add_typer(imports, name="import", help="Write scenarios from other people's files.")
app.command("compare", epilog=compare.EXAMPLE, short_help="Compare policies on one book.", no_args_is_help=True)(compare.compare)
