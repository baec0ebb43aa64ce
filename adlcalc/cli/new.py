"""`adlcalc new`: a commented scenario to start from.

Public: register, new, EXAMPLE, template_names.
"""

from __future__ import annotations

import os
from importlib.resources import files
from typing import Annotated

import typer

from adlcalc.cli.exits import UNUSABLE, say
from adlcalc.ground.output import OutputError, write

EXAMPLE = """\b
Example:
  adlcalc new cross --output my-scenario.yaml"""


def _templates() -> dict[str, str]:
    """The templates by name; the text of each begins with the editors' line and its title."""
    found = {}
    for entry in files("adlcalc").joinpath("templates").iterdir():
        if entry.name.endswith(".yaml"):
            found[entry.name.removesuffix(".yaml")] = entry.read_text(encoding="utf-8")
    return dict(sorted(found.items()))


def template_names(incomplete: str = "") -> list[str]:
    """The names that begin as typed."""
    return [name for name in _templates() if name.startswith(incomplete)]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("new", epilog=EXAMPLE, short_help="Write a commented scenario to start from.")(new)


def new(
    template: Annotated[
        str,
        typer.Argument(
            metavar="TEMPLATE", help="Which one; --list shows them.", autocompletion=template_names
        ),
    ] = "basic",
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write to FILE, which must not be there yet."),
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="Show the templates and what each is for.")] = False,
) -> None:
    """Write a commented scenario (or rulebook) to start from."""
    from adlcalc.source.problems import closest_hint, quote

    templates = _templates()
    text = templates.get(template, "")
    if list_:
        width = max(map(len, templates))
        text = "".join(f"{name:{width}}  {_title(body)}\n" for name, body in templates.items())
    elif not text:
        say(f"adlcalc: there is no template {quote(template)}\nhint: {closest_hint(template, templates)}")
        raise typer.Exit(UNUSABLE)
    if output not in (None, "-") and os.path.lexists(str(output)):
        say(f"adlcalc: {output} is there already; give another name")
        raise typer.Exit(UNUSABLE)
    try:
        write(text, output)
    except OutputError as error:
        say(f"adlcalc: {error}")
        raise typer.Exit(UNUSABLE) from None


def _title(text: str) -> str:
    """What a template says it is."""
    return next(line.removeprefix("title: ") for line in text.splitlines() if line.startswith("title: "))
