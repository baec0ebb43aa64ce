"""`adlcalc help COMMAND`: what `adlcalc COMMAND --help` says.

Public: register, help_.
"""

from __future__ import annotations

from typing import Annotated

import typer

from adlcalc.cli.completion import command_names
from adlcalc.cli.exits import UNUSABLE, say

EXAMPLE = """\b
Examples:
  adlcalc help run
  adlcalc help import book"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("help", epilog=EXAMPLE, short_help="Explain a command and its options.")(help_)


def help_(
    command: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[COMMAND]", help="Which one; all are listed if left out.", autocompletion=command_names
        ),
    ] = None,
) -> None:
    """Explain a command and its options, or list the commands."""
    from adlcalc.cli.app import COMMANDS, app_for
    from adlcalc.source.problems import closest_hint, quote

    words = command or []
    if words and words[0] not in COMMANDS:
        hint = closest_hint(words[0], COMMANDS)
        say(f"adlcalc: there is no command {quote(words[0])}" + (f"\nhint: {hint}" if hint else ""))
        raise typer.Exit(UNUSABLE)
    app_for(words)([*words, "--help"], prog_name="adlcalc")
