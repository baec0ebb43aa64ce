"""A page as text of as many columns as it may have, as far as names and numbers allow.

Public: page, join, more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from adlcalc.report.page import Block, Item, Listing, Page
from adlcalc.report.render import text_table, wrapped
from adlcalc.report.table import PAGE, Table, fit
from adlcalc.report.tones import WORDS, Paint

_STANDS_OUT = re.compile(rf"\b({'|'.join(WORDS)})\b")


def page(page: Page, *, several: bool = False, first: bool = True) -> str:
    """Title, subtitle, blocks; where there are several pages, a line with the file's name before each."""
    parts = [f"==> {page.name} <=="] if several else []
    prose = min(page.width or PAGE, PAGE)
    parts.append("\n".join(wrapped(line, width=prose) for line in (page.title, page.subtitle) if line))
    blocks = (_block(block, page.width, prose, page.paint) for block in page.blocks(page.width))
    parts += [text for text in blocks if text]
    return "\n\n".join(parts) + "\n"


def join(texts: Sequence[str]) -> str:
    """One after the other."""
    return "\n".join(texts)


def _block(block: Block, width: int | None, prose: int, paint: Paint | None) -> str:
    if isinstance(block, str):
        return _painted(wrapped(block, width=prose), paint)
    if isinstance(block, Listing):
        return _painted("\n".join(_listing(block, prose)), paint) if block.is_there else ""
    if not block.height:
        return wrapped(block.nothing, width=prose)
    fitted = fit(block, width)
    title = wrapped(block.title, width=prose)
    return "\n".join([title, "", text_table(fitted, paint), *more(block), *_dropped(fitted, prose)])


def _painted(text: str, paint: Paint | None) -> str:
    """Prose with the words in it that stand out."""
    return text if paint is None else _STANDS_OUT.sub(lambda found: paint(found[0], WORDS[found[0]]), text)


def _listing(block: Listing, width: int) -> Iterator[str]:
    yield wrapped(block.heading + (":" if block.colon else ""), width=width)
    for item in block.items or [Item(block.nothing)]:
        yield wrapped(f"{item.kind}: {item.text}" if item.kind else item.text, "* ", width=width)
        yield from (wrapped(line, indent=4, width=width) for line in item.below)
        yield from (f"  {line}" for line in item.lines)


def more(block: Table) -> list[str]:
    """How many rows a limit has cut off."""
    return [f"… {block.more:,} more, use --limit 0"] if block.more else []


def _dropped(block: Table, width: int) -> list[str]:
    """Which columns had no room, and how to see them."""
    if not block.dropped:
        return []
    return [wrapped(f"… no room for {', '.join(block.dropped)}: --width 0 shows all", width=width)]
