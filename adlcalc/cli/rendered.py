"""A page of the docs on a terminal.

Public: Page, WIDTH."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import ClassVar

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, Markdown, MarkdownElement
from rich.syntax import Syntax

WIDTH = 100
"""Longer lines are hard to read."""


SOURCE = re.compile(r"^ *\d* \| ")
"""A line of a message that shows a file, or the carets under it."""


class _Block(CodeBlock):
    """A block as it is: what was printed at 80 columns stands in 80 columns, without a margin to its left."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        code = "\n".join(folded(str(self.text).rstrip().split("\n"), options.max_width))
        yield Syntax(code, self.lexer_name, theme=self.theme)


def folded(lines: Sequence[str], width: int) -> Iterator[str]:
    """Lines of at most that width: one that is longer goes on below, further in, never within a word that has
    room in a line. A command goes on behind a backslash, as a shell reads it; a line of a file and the carets
    under it are cut at the same places."""
    at = 0
    while at < len(lines):
        line, under = lines[at], lines[at + 1] if at + 1 < len(lines) else ""
        if (
            len(line) > width
            and SOURCE.match(line)
            and SOURCE.match(under)
            and not under.split("|", 1)[1].strip(" ^")
        ):
            yield from _together(line, under, width)
            at += 1
        elif len(line) > width:
            yield from _one(line, width)
        else:
            yield line
        at += 1


def _together(line: str, under: str, width: int) -> Iterator[str]:
    """A line and its carets in pieces."""
    gutter = SOURCE.match(line)
    start = gutter.end() if gutter else 0
    room = width - start
    for begin in range(start, max(len(line), len(under)), room):
        head = line[:start] if begin == start else f"{'|':>{start - 1}} "
        if line[begin : begin + room]:
            yield head + line[begin : begin + room]
        if under[begin : begin + room].strip():
            yield f"{'|':>{start - 1}} " + under[begin : begin + room]


def _one(line: str, width: int) -> Iterator[str]:
    """A line that goes on further in."""
    indent = len(line) - len(line.lstrip())
    is_command = line.startswith("$ ")
    further, end = " " * (indent + 4), " \\" if is_command else ""
    text = line
    while len(text) > width:
        cut = text.rfind(" ", len(further) + 1, width + 1 - len(end))
        while is_command and text[:cut].count("'") % 2 and cut > len(further):  # not within a quoted word
            cut = text.rfind(" ", len(further) + 1, cut)
        if cut <= len(further):  # one word that is too long for any line
            cut = -1 if is_command else text.find(" ", width)
        if cut < 0:
            break
        yield text[:cut].rstrip() + end
        text = further + text[cut:].lstrip()
    yield text


class Page(Markdown):
    """Markdown whose blocks keep their lines."""

    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "fence": _Block,
        "code_block": _Block,
    }
