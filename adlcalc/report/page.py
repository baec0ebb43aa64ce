"""Pages of tables and sentences, as text and as Markdown, with the assumed rules at the end; documents as JSON.

Public: text_page, markdown_page, json_text, wrapped.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from textwrap import wrap
from typing import Any

from adlcalc.engine.rules import Assumption
from adlcalc.ground.text import clean_json
from adlcalc.report.human import clean
from adlcalc.report.render import escape_markdown, markdown_table, text_table
from adlcalc.report.table import PAGE, Table, fit

NOTES = "Assumed rules behind this"


def text_page(title: str, subtitle: str, blocks: Iterable[Table | str], notes: Sequence[Assumption]) -> str:
    """Text of at most 80 columns, as far as names and numbers allow."""
    parts = [f"{wrapped(title)}\n{wrapped(subtitle)}"]
    for block in blocks:
        if isinstance(block, str):
            parts.append(wrapped(block))
        elif block.height:
            parts.append("\n".join([block.title, "", text_table(fit(block)), *_more(block)]))
        else:
            parts.append(wrapped(block.nothing))
    if notes:
        parts.append("\n".join([f"{NOTES}:", *(wrapped(note, "* ") for note in _notes(notes))]))
    return "\n\n".join(parts) + "\n"


def markdown_page(title: str, subtitle: str, blocks: Iterable[Table | str], notes: Sequence[Assumption]) -> str:
    """GitHub Markdown, tables with all their columns."""
    parts = [f"## {escape_markdown(title)}", escape_markdown(subtitle)]
    for block in blocks:
        if isinstance(block, str):
            parts.append(escape_markdown(block))
        elif block.height:
            parts += [f"### {escape_markdown(block.title)}", markdown_table(block), *_more(block)]
        else:
            parts.append(escape_markdown(block.nothing))
    if notes:
        parts += [f"### {NOTES}", "\n".join(f"- {escape_markdown(note)}" for note in _notes(notes))]
    return "\n\n".join(parts) + "\n"


def json_text(document: Mapping[str, Any]) -> str:
    """ASCII JSON with one row of a list per line, so that two results can be compared line by line."""
    parts = []
    for key, value in document.items():
        if isinstance(value, list) and value:
            rows = ",\n".join("    " + json.dumps(row) for row in value)
            parts.append(f"  {json.dumps(key)}: [\n{rows}\n  ]")
        else:
            parts.append(f"  {json.dumps(key)}: {json.dumps(value)}")
    return clean_json("{\n" + ",\n".join(parts) + "\n}\n")


def wrapped(line: str, bullet: str = "", indent: int = 0) -> str:
    """A line of prose within the page's width; the lines that follow a bullet stand under its text."""
    start = " " * indent + bullet
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


def _more(block: Table) -> list[str]:
    return [f"… {block.more:,} more, use --limit 0"] if block.more else []


def _notes(notes: Sequence[Assumption]) -> list[str]:
    return [f"{clean(note.rule)}: {clean(note.note)}" for note in notes]
