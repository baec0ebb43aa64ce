"""A page of the docs on a terminal.

Public: Page, WIDTH."""

from __future__ import annotations

from typing import ClassVar

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, Markdown, MarkdownElement
from rich.syntax import Syntax

WIDTH = 100
"""Longer lines are hard to read."""


class _Block(CodeBlock):
    """A block as it is: what was printed at 80 columns stands in 80 columns, without a margin to its left."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        code = str(self.text).rstrip()
        yield Syntax(code, self.lexer_name, theme=self.theme, word_wrap=True)


class Page(Markdown):
    """Markdown whose blocks keep their lines."""

    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "fence": _Block,
        "code_block": _Block,
    }
