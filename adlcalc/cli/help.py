"""`adlcalc help`: the commands and the topics; `adlcalc help COMMAND` is `adlcalc COMMAND --help`, and
`adlcalc help TOPIC` prints a page.

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
  adlcalc help import book
  adlcalc help tutorial"""


def _names(incomplete: str) -> list[str]:
    """Commands and topics that begin as typed."""
    from adlcalc.cli.topics import topics

    pages = (topic.name for topic in topics())
    return [*command_names(incomplete), *(name for name in pages if name.startswith(incomplete))]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("help", epilog=EXAMPLE, short_help="Explain a command or a topic.")(help_)


def help_(
    name: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[COMMAND|TOPIC]", help="Which one; all are listed if left out.", autocompletion=_names
        ),
    ] = None,
) -> None:
    """Explain a command and its options, or print one of the pages that come with adlcalc. The name of a
    policy or a metric is told as compare --explain tells it."""
    from adlcalc.cli.app import COMMANDS, app_for
    from adlcalc.cli.topics import show, text_of, topics
    from adlcalc.source.problems import quote
    from adlcalc.study.compare import hint_for
    from adlcalc.study.defined import DEFINED

    words, pages = name or [], topics()
    if words and words[0] in COMMANDS:
        app_for(words)([*words, "--help"], prog_name="adlcalc")
    elif not words:
        app_for(words, last="")(["--help"], prog_name="adlcalc", standalone_mode=False)
        print("\nTopics (adlcalc help TOPIC):")
        width = max(len(page.name) for page in pages)
        for page in pages:
            print(f"  {page.name:{width}}  {page.about}")
    elif len(words) == 1 and words[0] in {page.name for page in pages}:
        show(text_of(words[0]))
    elif words and all(word in DEFINED for word in ",".join(words).split(",")):
        from adlcalc.cli.compare import explained

        raise typer.Exit(explained(",".join(words)))
    else:
        hint = hint_for(words[0], [*COMMANDS, *(page.name for page in pages), *DEFINED])
        say(
            f"adlcalc: there is no command or topic {quote(' '.join(words))}"
            + (f"\nhint: {hint}" if hint else "")
        )
        raise typer.Exit(UNUSABLE)
