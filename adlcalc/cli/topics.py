"""The pages that come with adlcalc (adlcalc/docs): what `adlcalc help TOPIC` prints.

Public: Topic, topics, text_of, show, folded."""

from __future__ import annotations

import re
import sys
from importlib.resources import files
from textwrap import wrap
from typing import NamedTuple

from adlcalc.ground.output import write

LINE = re.compile(r"^- \[.+?\]\((?P<name>[a-z-]+)\.md\): (?P<about>.+)$")
"""A topic in the list of them: `- [title](name.md): what it is about`."""
ITEM = re.compile(r" *(?:[-*]|\d+\.) +|> ?")
"""Where an item of a list, or a quotation, begins."""

SPAN, SHORT = re.compile(r"`[^`]+`"), 40
"""Code in a sentence, and how short it is where it is not to be torn apart."""


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
    """Rendered on a terminal; in a pipe the Markdown that it is, its sentences folded."""
    if sys.stdout.isatty():
        from rich.console import Console

        from adlcalc.cli.rendered import WIDTH, Page

        console = Console()
        console.print(Page(text), width=min(console.width, WIDTH))
    else:
        write(folded(text), None)


def _together(span: re.Match[str]) -> str:
    return span[0].replace(" ", "\0") if len(span[0]) <= SHORT else span[0]


def folded(text: str, width: int = 80) -> str:
    """Markdown with paragraphs and items of at most that width. Blocks stay as they are, to be copied, and a row of
    a table is a line, to be searched."""
    lines: list[str] = []
    pieces: list[str] = []

    def end() -> None:
        if pieces:
            first = pieces[0]
            mark = ITEM.match(first)
            indent = " " * (len(mark[0]) if mark else len(first) - len(first.lstrip()))
            whole = SPAN.sub(_together, " ".join(piece.strip() for piece in pieces))
            wrapped = wrap(
                whole,
                width,
                initial_indent=" " * (len(first) - len(first.lstrip())),
                subsequent_indent=indent,
                break_long_words=False,
                break_on_hyphens=False,
            )
            lines.extend(line.replace("\0", " ") for line in wrapped)
            pieces.clear()

    fenced = False
    for line in text.splitlines():
        fence = line.lstrip().startswith("```")
        if fence or fenced or not line.strip() or line.startswith(("|", "#", "<")):
            end()
            lines.append(line)
            fenced ^= fence
        else:
            if ITEM.match(line):
                end()
            pieces.append(line)
    end()
    return "".join(f"{line}\n" for line in lines)
