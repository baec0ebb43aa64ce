"""The commands, put together. A new one is a file with a `register`, and its name here.

Public: COMMANDS, app_for.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Annotated

import typer

COMMANDS: Mapping[str, str] = {
    "run": "run",
    "report": "report",
    "check": "check",
    "schema": "schema",
    "new": "new",
    "margin": "margin",
    "rank": "rank",
    "explain": "explain",
    "venues": "venues",
    "import": "import_",
    "compare": "compare",
    "solve": "solve",
    "diff": "diff",
    "doubt": "doubt",
    "cover": "cover",
    "sweep": "sweep",
    "expand": "expand",
    "test-scores": "scores",
    "verify": "verify",
    "help": "help",
}
"""Command -> its file."""
SILENT = ("check", "schema", "new", "expand", "import", "verify", "help")
"""Commands that answer nothing that one could repeat: they write files, or hold others to something."""


EXAMPLE = "Example: adlcalc run 05-fund-empty-adl"
TOPICS = "adlcalc help lists the topics."


def app_for(arguments: Sequence[str], last: str = TOPICS) -> typer.Typer:
    """The command line as far as these arguments need it: the one command that they begin with, as every
    other one costs time to import; all of them where they begin with none, and where the shell asks what
    there is. last: how the help of the whole ends."""
    app = typer.Typer(
        name="adlcalc",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(epilog=f"{EXAMPLE}\n\n{last}")(_root)
    asked = arguments[0] if arguments and "_ADLCALC_COMPLETE" not in os.environ else ""
    for name in (asked,) if asked in COMMANDS else COMMANDS:
        before = len(app.registered_commands)
        import_module(f"adlcalc.cli.{COMMANDS[name]}").register(app)
        for made in app.registered_commands[before:]:
            from adlcalc.cli.manifest import answering
            from adlcalc.cli.options import expanded

            assert made.callback is not None
            whole = expanded(made.callback)
            made.callback = whole if name in SILENT else answering(whole)
    return app


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
    """Who is liquidated, what the insurance fund pays and who is auto-deleveraged, exactly, under a venue's
    rules."""
