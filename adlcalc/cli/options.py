"""The options that several commands share: each stands here once and means the same wherever it is.

Public: File, Files, Venue, AsOf, Sets, Format, Json, Output, Limit, Width, Quiet, Step, At, ROWS, TABLE, chosen.
"""

from __future__ import annotations

from typing import Annotated

import typer

from adlcalc.cli.completion import scenario_files, venue_names
from adlcalc.cli.usual import JSON
from adlcalc.cli.usual import ROWS as ROWS  # options of these defaults
from adlcalc.cli.usual import TABLE as TABLE
from adlcalc.report.writers import FORMATS


def _format(text: str) -> str:
    """A format that there is."""
    if text not in FORMATS:
        raise typer.BadParameter(f"{text!r} is not one of {', '.join(map(repr, FORMATS))}.")
    return text


def _formats(incomplete: str) -> list[str]:
    """The formats that begin as typed."""
    return [name for name in FORMATS if name.startswith(incomplete)]


def chosen(format: str, json: bool) -> str:
    """The format; --json is short for --format json."""
    if json and format not in (TABLE, JSON):
        raise typer.BadParameter(f"and --format {format} do not go together", param_hint="--json")
    return JSON if json else format


File = Annotated[
    str,
    typer.Argument(metavar="FILE", help="Scenario file; - is standard input.", autocompletion=scenario_files),
]
Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE", help="Scenario files; - is standard input.", autocompletion=scenario_files
    ),
]
Venue = Annotated[
    str | None,
    typer.Option(
        "--venue",
        metavar="NAME",
        help="Another rulebook than the file's: a name or a path.",
        autocompletion=venue_names,
    ),
]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of", metavar="DATE", help="The rulebook's edition of that day: 2024-05-31, 2024-05, 2024."
    ),
]
Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Change a value: --set accounts.alice.leverage=5. Repeatable."
    ),
]
Format = Annotated[
    str,
    typer.Option(
        "--format",
        "-f",
        metavar="FORMAT",
        help=f"{', '.join(FORMATS)}: a table keeps to the width, the others leave no column out.",
        parser=_format,
        autocompletion=_formats,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Short for --format json.")]
Output = Annotated[
    str | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write to FILE instead of standard output."),
]
Limit = Annotated[
    int, typer.Option("--limit", metavar="N", min=0, help="Rows of a table that are shown; 0 shows all.")
]
Width = Annotated[
    int | None,
    typer.Option(
        "--width",
        metavar="N",
        min=0,
        help="Columns of a table: those of the terminal, 80 in a pipe; 0 shows all.",
    ),
]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="Print nothing but errors; --output is written, the exit code tells."),
]
Step = Annotated[str | None, typer.Option("--step", metavar="STEP", help="At which step: 0, 1, ... or last.")]
At = Annotated[str | None, typer.Option("--at", metavar="STEP", hidden=True, help="What --step was called.")]
