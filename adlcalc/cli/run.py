"""`adlcalc run`: work scenarios through and print what happened.

Public: register, run, EXAMPLE.
"""

from __future__ import annotations

from typing import Annotated

import typer

from adlcalc.cli import options
from adlcalc.cli.batch import Request, work_through
from adlcalc.cli.completion import questions
from adlcalc.cli.completion import series as series_names

EXAMPLE = """\b
Example:
  adlcalc run 05-fund-empty-adl --set fund=500 --steps"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "run", epilog=EXAMPLE, short_help="Run scenarios and print what happened.", no_args_is_help=True
    )(run)


def run(
    files: options.Files,
    format: options.Format = options.TABLE,
    json: options.Json = False,
    output: options.Output = None,
    venue: options.Venue = None,
    as_of: options.AsOf = None,
    sets: options.Sets = None,
    steps: Annotated[bool, typer.Option("--steps", help="Show the path step by step as well.")] = False,
    limit: options.Limit = options.ROWS,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            metavar="QUESTION",
            help="Exit with 1 if it is so: liquidation, adl, loss (one is left to others or to nobody), or a "
            "question like "
            "'margin_ratio(alice) >= 0.8'. Repeatable.",
            autocompletion=questions,
        ),
    ] = None,
    width: options.Width = None,
    series: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Show an account, a market or the fund step by step. Repeatable.",
            autocompletion=series_names,
        ),
    ] = None,
    chart: Annotated[
        bool, typer.Option("--chart", help="Draw path and fund in little bars as well.")
    ] = False,
    quiet: options.Quiet = False,
    doubt: Annotated[
        bool,
        typer.Option("--doubt", help="Say which assumed rules the outcome rests on (see adlcalc doubt)."),
    ] = False,
    no_index: Annotated[
        bool, typer.Option("--no-index", help="Look at every account at every step: slower, the same output.")
    ] = False,
) -> None:
    """Run scenarios: who is liquidated, what the fund pays, who is deleveraged, at which price, and what it
    costs them.

    Every file is worked through. Exit code: 0 ran; 1 the run is not what the file expects, or --fail-on; 2 a
    file or the command line cannot be used; the worst one counts. With several files, text has a heading for
    each, CSV a column `file`, and JSON is a list."""
    request = Request(
        format=options.chosen(format, json),
        output=output,
        venue=venue,
        as_of=as_of,
        sets=tuple(sets or ()),
        steps=steps,
        limit=limit,
        width=width,
        fail_on=tuple(fail_on or ()),
        series=tuple(dict.fromkeys(series or ())),
        quiet=quiet,
        index=not no_index,
        chart=chart,
        doubt=doubt,
    )
    raise typer.Exit(work_through(files, request))
