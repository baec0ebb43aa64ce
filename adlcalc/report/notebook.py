"""A page as a fragment of HTML, as notebooks show it: all columns, nothing but tables and sentences.

Public: html.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from adlcalc.ground.text import clean
from adlcalc.report.page import Listing, Page
from adlcalc.report.table import Column, Table
from adlcalc.report.tones import style_of


def html(page: Page) -> str:
    """Title, tables, lists and sentences. All text is escaped; there is no script and no style sheet."""
    parts = [f"<h3>{_text(page.title)}</h3>", f"<p>{_text(page.subtitle)}</p>" if page.subtitle else ""]
    for block in page.blocks(None):
        if isinstance(block, Table):
            parts.append(_table(block))
        elif isinstance(block, Listing):
            parts.append("".join(_listing(block)) if block.is_there else "")
        else:
            parts.append(f"<p>{_text(block)}</p>")
    return f"<div>{''.join(parts)}</div>"


def _text(text: str) -> str:
    return "<br>".join(escape(clean(line)) for line in text.split("\n"))


def _table(table: Table) -> str:
    if not table.height:
        return f"<p>{_text(table.nothing)}</p>" if table.nothing else ""
    head = "".join(f"<th scope=col>{_text(column.name)}</th>" for column in table.columns)
    body = "".join(
        f"<tr>{''.join(_cell(column, column.cells[i]) for column in table.columns)}</tr>"
        for i in range(table.height)
    )
    more = f"<p>… {table.more:,} more</p>" if table.more else ""
    caption = f"<caption>{_text(table.title)}</caption>"
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def _cell(column: Column, cell: str) -> str:
    """Numbers to the right; what stands out is strong, and so without color too."""
    text = _text(cell)
    if column.tone is not None and "bold" in style_of(column.tone, cell):
        text = f"<strong>{text}</strong>"
    return f'<td style="text-align: {"right" if column.right else "left"}">{text}</td>'


def _listing(listing: Listing) -> Iterator[str]:
    yield f"<p>{_text(listing.heading)}</p><ul>"
    for item in listing.items:
        said = f"{item.kind}: {item.text}" if item.kind else item.text
        yield f"<li>{'<br>'.join(map(_text, (said, *item.below, *item.lines)))}</li>"
    yield f"</ul>{'' if listing.items else f'<p>{_text(listing.nothing)}</p>'}"
