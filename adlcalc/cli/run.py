"""`adlcalc run`: work scenarios through and print what happened.

Public: run, EXAMPLE.
"""

from __future__ import annotations

from typing import Annotated

import typer

from adlcalc.cli.batch import FailOn, Format, Request, work_through
from adlcalc.cli.completion import scenario_files, venue_names

EXAMPLE = """\b
Example:
  adlcalc run scenarios/05-fund-empty-adl.yaml --set fund=500 --steps"""


def run(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE", help="Scenario files; - is standard input.", autocompletion=scenario_files),
    ],
    format: Annotated[
        Format,
        typer.Option("--format", "-f", help="How the result is written; table keeps to 80 columns, the others leave none out."),
    ] = Format.table,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE", help="Write to FILE instead of standard output.")
    ] = None,
    venue: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Another rulebook than the file's: a name or a path.", autocompletion=venue_names),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change a value: --set accounts.alice.leverage=5. Repeatable."),
    ] = None,
    steps: Annotated[bool, typer.Option("--steps", help="Show the path step by step as well.")] = False,
    limit: Annotated[int, typer.Option(metavar="N", min=0, help="Rows of a table that are shown; 0 shows all.")] = 50,
    fail_on: Annotated[
        list[FailOn] | None,
        typer.Option(
            metavar="liquidation|adl|loss",
            help="Exit with 1 if anybody is liquidated or deleveraged, or if a loss is left to others or to nobody. Repeatable.",
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only errors on standard error.")] = False,
    no_index: Annotated[
        bool, typer.Option("--no-index", help="Look at every account at every step: slower, the same output.")
    ] = False,
) -> None:
    """Run scenarios: who is liquidated, what the fund pays, who is deleveraged, at which price, and what it costs them.

    Every file is worked through. Exit code: 0 ran; 1 the run is not what the file expects, or --fail-on; 2 a file or the command
    line cannot be used; the worst one counts. With several files, text has a heading for each, CSV a column `file`, and
    JSON is a list.
    """
    request = Request(
        format=format,
        output=output,
        venue=venue,
        sets=tuple(set_ or ()),
        steps=steps,
        limit=limit,
        fail_on=tuple(fail_on or ()),
        quiet=quiet,
        index=not no_index,
    )
    raise typer.Exit(work_through(files, request))
