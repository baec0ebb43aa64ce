"""A page as text of at most 80 columns, as far as names and numbers allow.

Public: page, join, wrapped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from adlcalc.ground.text import clean
from adlcalc.report.page import Block, Item, Listing, Page
from adlcalc.report.render import text_table
from adlcalc.report.table import PAGE, Table, fit


def page(page: Page, *, several: bool = False, first: bool = True) -> str:
    """Title, subtitle, blocks; where there are several pages, a line with the file's name before each."""
    parts = [f"==> {page.name} <=="] if several else []
    parts.append("\n".join(wrapped(line) for line in (page.title, page.subtitle) if line))
    parts += [text for block in page.blocks(page.width) if (text := _block(block, page.width))]
    return "\n\n".join(parts) + "\n"


def join(texts: Sequence[str]) -> str:
    """One after the other."""
    return "\n".join(texts)


def _block(block: Block, width: int | None) -> str:
    if isinstance(block, str):
        return wrapped(block)
    if isinstance(block, Listing):
        return "\n".join(_listing(block)) if block.is_there else ""
    if not block.height:
        return wrapped(block.nothing)
    return "\n".join([block.title, "", text_table(fit(block, width)), *more(block)])


def _listing(block: Listing) -> Iterator[str]:
    yield wrapped(block.heading + (":" if block.colon else ""))
    for item in block.items or [Item(block.nothing)]:
        yield wrapped(f"{item.kind}: {item.text}" if item.kind else item.text, "* ")
        yield from (wrapped(line, indent=4) for line in item.below)
        yield from (f"  {line}" for line in item.lines)


def more(block: Table) -> list[str]:
    """How many rows a limit has cut off."""
    return [f"… {block.more:,} more, use --limit 0"] if block.more else []


def wrapped(line: str, bullet: str = "", indent: int = 0) -> str:
    """A line of prose within the page's width; the lines that follow a bullet stand under its text."""
    start = " " * indent + bullet
    line = "\n".join(map(clean, line.split("\n")))
    return (
        "\n".join(
            wrap(
                line,
                PAGE,
                initial_indent=start,
                subsequent_indent=" " * len(start),
                break_long_words=False,
                break_on_hyphens=False,
            )
        )
        or line
    )
