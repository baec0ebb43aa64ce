"""The pages that come with adlcalc (adlcalc/docs): what `adlcalc help TOPIC` prints.

Public: Topic, topics, text_of, show."""

from __future__ import annotations

import re
import sys
from importlib.resources import files
from typing import NamedTuple

from adlcalc.ground.output import write

LINE = re.compile(r"^- \[.+?\]\((?P<name>[a-z-]+)\.md\): (?P<about>.+)$")
"""A topic in the list of them: `- [title](name.md): what it is about`."""


class Topic(NamedTuple):
    """A page: its name, and what it is about."""

    name: str
    about: str


def topics() -> list[Topic]:
    """In the order of docs/README.md, which a repository shows as the list of them."""
    lines = text_of("README").splitlines()
    return [Topic(found["name"], found["about"]) for line in lines if (found := LINE.match(line))]


def text_of(name: str) -> str:
    """The Markdown of a page."""
    return files("adlcalc").joinpath("docs", f"{name}.md").read_text(encoding="utf-8")


def show(text: str) -> None:
    """Rendered on a terminal; in a pipe the Markdown that it is."""
    if sys.stdout.isatty():
        from rich.console import Console

        from adlcalc.cli.rendered import WIDTH, Page

        console = Console()
        console.print(Page(text), width=min(console.width, WIDTH))
    else:
        write(text, None)
