"""`adlcalc new`: a commented scenario or rulebook to start from, or a copy of a scenario that comes with
adlcalc.

Public: register, new, EXAMPLE, template_names.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.resources import files
from textwrap import wrap
from typing import Annotated, NamedTuple

import typer

from adlcalc.cli.exits import UNUSABLE, say
from adlcalc.ground.output import OutputError, write

EXAMPLE = """\b
Examples:
  adlcalc new --list
  adlcalc new cross --output my-scenario.yaml
  adlcalc new 18-march-2020 --output crash.yaml"""
RULEBOOK = "rulebook"
WIDTH, COLUMN = 80, 32
"""Of the list, and where its second column begins."""


class _Start(NamedTuple):
    """What a new file may begin with. beside: the files that it names, which must stand beside it."""

    title: str
    text: str
    beside: Mapping[str, bytes]


def _templates() -> list[str]:
    """The names of the templates; the rulebook's is made of the rules that there are."""
    found = (entry.name for entry in files("adlcalc").joinpath("templates").iterdir())
    return sorted([RULEBOOK, *(name.removesuffix(".yaml") for name in found if name.endswith(".yaml"))])


def template_names(incomplete: str = "") -> list[str]:
    """The names that begin as typed."""
    from adlcalc.scenario import shipped

    return [name for name in (*_templates(), *shipped.names()) if name.startswith(incomplete)]


def _start(name: str) -> _Start:
    from adlcalc.scenario import shipped

    if name not in _templates():
        text, beside = shipped.text_for(name), shipped.companions_of(name)
    elif name == RULEBOOK:
        from adlcalc.venues.new_rulebook import rulebook_text

        text, beside = rulebook_text(), {}
    else:
        template = files("adlcalc").joinpath("templates").joinpath(f"{name}.yaml")
        text, beside = template.read_text(encoding="utf-8"), {}
    return _Start(_title(text), text, beside)


def _title(text: str) -> str:
    """What a template says it is."""
    line = next(line for line in text.splitlines() if line.startswith("title: "))
    return line.removeprefix("title: ").strip('"')


def register(app: typer.Typer) -> None:
    """Add the command."""
    short = "Write a commented scenario or rulebook to start from."
    app.command("new", epilog=EXAMPLE, short_help=short)(new)


def new(
    template: Annotated[
        str,
        typer.Argument(metavar="NAME", help="Which one; --list shows them.", autocompletion=template_names),
    ] = "basic",
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write to FILE, which must not be there yet."),
    ] = None,
    list_: Annotated[
        bool, typer.Option("--list", help="Show the names and what each is for; nothing is written.")
    ] = False,
) -> None:
    """Write a file to start from: basic (accounts with isolated positions), cross (cross accounts and several
    markets), book (accounts and prices in CSV files), rulebook (every rule with its alternatives), or a copy
    of one of the scenarios that come with adlcalc, each of which teaches one thing.

    The scenarios that come with adlcalc need not be copied to be run: their names work wherever a FILE does,
    as in `adlcalc run 04-fund-half-absorbs`."""
    from adlcalc.source.problems import closest_hint, quote
    from adlcalc.venues.files import shipped as venues

    known = template_names()
    try:
        if list_:
            write("".join(_listed(name, _start(name).title) for name in known), output)
            return
        if template not in known:
            near = closest_hint(template, known) or "adlcalc new --list shows all names"
            if template in venues():
                near = (
                    f"a rulebook that differs from {template} in a few rules begins with `adlcalc new rulebook -o my.yaml`; "
                    f"write `extends: {template}` there, and only what differs"
                )
            raise OutputError(f"there is no template {quote(template)}\nhint: {near}")
        _write(_start(template), output)
    except OutputError as error:
        say(f"adlcalc: {error}")
        raise typer.Exit(UNUSABLE) from None


def _listed(name: str, title: str) -> str:
    """A name and what it is for: beside it, and below a name that has no room for it there."""
    beside = f"{name:{COLUMN}}" if len(name) < COLUMN else f"{name}\n{'':{COLUMN}}"
    return beside + f"\n{'':{COLUMN}}".join(wrap(title, WIDTH - COLUMN)) + "\n"


def _write(start: _Start, output: str | None) -> None:
    """The file, and beside it what it names; nothing is written over."""
    to_file = output not in (None, "-")
    folder = os.path.dirname(str(output))
    places = {os.path.join(folder, name): data for name, data in start.beside.items()} if to_file else {}
    for path in (str(output), *places) if to_file else ():
        if os.path.lexists(path):
            raise OutputError(f"{path} is there already; give another name or folder")
    write(start.text, output)
    for path, data in places.items():
        write(data.decode("utf-8"), path)
        say(f"adlcalc new: {path} is written too: the scenario reads it")
    if start.beside and not to_file:
        names = ", ".join(start.beside)
        say(f"adlcalc new: the scenario reads {names}, which --output FILE writes beside it")
