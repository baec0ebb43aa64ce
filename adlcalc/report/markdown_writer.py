"""A page as GitHub Markdown: the same tables with all their columns.

Public: page, join.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adlcalc.report.page import Block, Item, Listing, Page
from adlcalc.report.render import escape_markdown, markdown_table
from adlcalc.report.table_writer import more


def page(page: Page, *, several: bool = False, first: bool = True) -> str:
    """A heading, a line, the blocks; where there are several pages, each under its file's name."""
    parts = [f"# {escape_markdown(page.name)}"] if several else []
    parts.append(f"## {escape_markdown(page.title)}")
    parts += [escape_markdown(page.subtitle)] if page.subtitle else []
    parts += [part for block in page.blocks(None) for part in _block(block)]
    return "\n\n".join(parts) + "\n"


def join(texts: Sequence[str]) -> str:
    """One after the other."""
    return "\n".join(texts)


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, str):
        yield escape_markdown(block)
    elif isinstance(block, Listing):
        if block.is_there:
            yield f"### {escape_markdown(block.heading)}"
            yield "\n".join(line for item in block.items for line in _item(item)) or escape_markdown(
                block.nothing
            )
    else:
        yield f"### {escape_markdown(block.title)}"
        yield markdown_table(block) if block.height else escape_markdown(block.nothing)
        yield from more(block)


def _item(item: Item) -> Iterator[str]:
    kind = f"**{escape_markdown(item.kind)}**: " if item.kind else ""
    yield f"- {kind}{escape_markdown(' '.join([item.text, *item.lines]))}"
    yield from (f"  - {escape_markdown(line)}" for line in item.below)
