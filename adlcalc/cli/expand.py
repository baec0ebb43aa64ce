"""`adlcalc expand`: a scenario with everything written out that its file only describes.

Public: register, expand, EXAMPLE.
"""

from __future__ import annotations

from typing import Annotated

import typer

from adlcalc.cli import options
from adlcalc.cli.single import work

EXAMPLE = """\b
Example:
  adlcalc expand 24-a-random-crash --draw 17"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "expand",
        epilog=EXAMPLE,
        short_help="Write a scenario out: random paths as lists.",
        no_args_is_help=True,
    )(expand)


def expand(
    file: options.File,
    draw: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Another path of the seed than the file's.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Another seed than the file's.")
    ] = None,
    output: options.Output = None,
) -> None:
    """Write a scenario with everything spelled out that its file only describes: the path of a price model
    becomes a list of prices. All else stands as it was, comments too, and the result runs the same."""

    def result() -> str:
        from adlcalc.scenario.expand import expanded
        from adlcalc.scenario.loading import Origin, opened

        given = {"prices.draw": draw, "prices.seed": seed}
        sets = [f"{key}={value}" for key, value in given.items() if value is not None]
        there = Origin(file, *opened(file), tuple(sets))
        return expanded(there.source, there.load())

    raise typer.Exit(work(file, output, result))
