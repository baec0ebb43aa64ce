"""`adlcalc expand`: a scenario with everything written out that its file only describes.

Public: register, expand, EXAMPLE.
"""

from __future__ import annotations

import os
from typing import Annotated

import typer

from adlcalc.asking import Unknown
from adlcalc.cli import options
from adlcalc.cli.exits import say
from adlcalc.cli.single import work
from adlcalc.ground.output import Inputs, OutputError, write

EXAMPLE = """\b
Examples:
  adlcalc expand 24-a-random-crash --draw 17
  adlcalc expand large/thousands-at-once -o book/"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "expand",
        epilog=EXAMPLE,
        short_help="Write a scenario out: random paths, accounts that are made up.",
        no_args_is_help=True,
    )(expand)


def expand(
    file: options.File,
    draw: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Another path of the seed than the file's.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Another seed of the path than the file's.")
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
            help="Write to a file instead of standard output, or into a folder.",
        ),
    ] = None,
) -> None:
    """Write a scenario with everything spelled out that its file only describes: the path of a price model
    becomes a list of prices, a population a CSV file of accounts. All else stands as it was, comments too,
    and the result runs the same. Accounts need a folder to be written to, which is made: DIR/NAME.yaml and
    DIR/NAME.population.csv."""

    def result() -> str | None:
        from adlcalc.scenario.expand import expanded, made_up
        from adlcalc.scenario.loading import Origin, opened

        given = {"prices.draw": draw, "prices.seed": seed}
        sets = [f"{key}={value}" for key, value in given.items() if value is not None]
        with Inputs().collected() as inputs:
            there = Origin(file, *opened(file), tuple(sets))
            if sets and Origin(file, there.source, there.folder).load().model is None:
                which = "--draw" if draw is not None else "--seed"
                raise Unknown(
                    f"{which} is of the model of prices, and {file} has none: its path is written out"
                )
            loaded = there.load()
        if not (loaded.made or _is_folder(output)):
            return expanded(there.source, loaded)
        if output is None or os.path.isfile(output) or output.endswith((".yaml", ".yml")):
            raise OutputError(
                f"the {loaded.made:,} accounts that {file} makes up go to a file beside it: give a folder, "
                "-o "
                "DIR"
            )
        name = "scenario" if file == "-" else os.path.splitext(os.path.basename(file))[0]
        book, scenario = f"{name}.population.csv", os.path.join(output, f"{name}.yaml")
        text = expanded(there.source, loaded, book)
        try:
            os.makedirs(output, exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot make the folder {output}: {error.strerror}") from None
        inputs.refuse(scenario)
        if loaded.made:
            write("".join(made_up(loaded)), os.path.join(output, book), inputs)
        write(text, scenario, inputs)
        _try(scenario)
        return None

    raise typer.Exit(work(file, output, result))


def _is_folder(output: str | None) -> bool:
    return output is not None and (output.endswith(os.sep) or os.path.isdir(output))


def _try(scenario: str) -> None:
    """Say what the scenario still lacks where it was written: files that it names lie beside the first
    one."""
    from adlcalc.scenario import load
    from adlcalc.source.problems import ScenarioErrors

    try:
        load(scenario)
    except ScenarioErrors as errors:
        say(f"{errors}\nadlcalc: {scenario} is written, and needs the files that it names beside it")
