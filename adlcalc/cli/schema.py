"""`adlcalc schema`: the JSON Schemas that editors complete and check YAML with, and that of the outputs.

Public: register, schema, EXAMPLE.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from adlcalc.cli import options
from adlcalc.cli.exits import UNUSABLE, say
from adlcalc.ground.output import OutputError, write

EXAMPLE = """\b
Example:
  adlcalc schema scenario --output scenario.schema.json"""


class Which(StrEnum):
    """What is described."""

    scenario = "scenario"
    rulebook = "rulebook"
    output = "output"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "schema", epilog=EXAMPLE, short_help="Print the JSON Schema of scenarios, rulebooks or outputs."
    )(schema)


def schema(
    which: Annotated[Which, typer.Argument(help="What the schema describes.")] = Which.scenario,
    output: options.Output = None,
) -> None:
    """Print the JSON Schema (draft 7) of scenarios, of rulebooks, or of what --json prints.

    Editors that know the YAML language server use it where a file begins with the line
    `# yaml-language-server: $schema=scenario.schema.json`.
    """
    if which is Which.rulebook:
        from adlcalc.venues.json_schema import rulebook_schema as text_of
    elif which is Which.output:
        from adlcalc.report.output_schema import output_schema as text_of
    else:
        from adlcalc.scenario.json_schema import scenario_schema as text_of
    try:
        write(text_of(), output)
    except OutputError as error:
        say(f"adlcalc: {error}")
        raise typer.Exit(UNUSABLE) from None
