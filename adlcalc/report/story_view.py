"""A story as text, Markdown, CSV and JSON (schema adlcalc.explain/1).

Public: SCHEMA, text, markdown, write_json, write_csv.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from adlcalc.engine.numbers import show
from adlcalc.report.csv_view import cell
from adlcalc.report.human import clean, digits
from adlcalc.report.page import json_text, wrapped
from adlcalc.report.render import escape_markdown
from adlcalc.report.story import Chapter, Line, RuleNote, Story

SCHEMA = "adlcalc.explain/1"
NOTHING = "Nothing happened."


def text(story: Story) -> str:
    """Steps, under each its lines, under each line its formulas; the rules at the end."""
    parts = [f"{wrapped(_title(story))}\n{wrapped(_subtitle(story))}"]
    for chapter in story.chapters:
        lines = [_block(line) for line in chapter.lines] or [wrapped(NOTHING, "* ")]
        parts.append("\n".join([wrapped(_heading(chapter)), *lines]))
    if not story.chapters and not story.sums:
        parts.append(NOTHING)
    if story.sums:
        parts.append("\n".join(["How it adds up", *map(_block, story.sums)]))
    if story.rules:
        parts.append("\n".join(["Rules", *(wrapped(_rule(note), "* ") for note in story.rules)]))
    return "\n\n".join(parts) + "\n"


def markdown(story: Story) -> str:
    """The same as nested lists."""
    parts = [f"## {escape_markdown(_title(story))}", escape_markdown(_subtitle(story))]
    for chapter in story.chapters:
        parts += [f"### {escape_markdown(_heading(chapter))}", _list(chapter.lines) or NOTHING]
    if story.sums:
        parts += ["### How it adds up", _list(story.sums)]
    if story.rules:
        parts += ["### Rules", "\n".join(f"- {escape_markdown(_rule(note))}" for note in story.rules)]
    return "\n\n".join(parts) + "\n"


def write_json(story: Story) -> str:
    """One line of the story per line."""
    lines = [_line(line) for chapter in story.chapters for line in chapter.lines]
    return json_text(
        {
            "schema": SCHEMA,
            "scenario": {"title": story.scenario.title, "venue": story.scenario.venue, "file": story.file},
            "subject": story.subject,
            "steps": [
                {
                    "step": chapter.step,
                    "time": chapter.time,
                    "marks": {market: show(mark) for market, mark in chapter.marks.items()},
                }
                for chapter in story.chapters
            ],
            "lines": lines,
            "sums": [_line(line) for line in story.sums],
            "rules": [note_row(note) for note in story.rules],
        }
    )


def write_csv(story: Story) -> str:
    """A row for each line of the story, its sums and its rules; formulas are separated by semicolons."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("table", "step", "account", "kind", "text", "formulas", "rule", "value", "status", "source", "note"))
    for table, lines in (("line", [line for chapter in story.chapters for line in chapter.lines]), ("sum", list(story.sums))):
        for line in lines:
            row = (table, line.step, line.account, line.kind, line.text, "; ".join(line.formulas), " ".join(line.rules))
            writer.writerow([*map(cell, row), "", "", "", ""])
    for note in story.rules:
        writer.writerow(["rule", "", "", "", "", "", *map(cell, (note.rule, note.value, note.status, note.source, note.note))])
    return out.getvalue()


def _line(line: Line) -> dict[str, Any]:
    return {
        "step": line.step,
        "account": line.account,
        "kind": line.kind,
        "text": line.text,
        "formulas": list(line.formulas),
        "amounts": {name: show(x) for name, x in line.amounts.items()},
        "rules": list(line.rules),
    }


def note_row(note: RuleNote) -> dict[str, str]:
    """A rule as a row."""
    return {"rule": note.rule, "value": note.value, "status": note.status, "source": note.source, "note": note.note}


def _title(story: Story) -> str:
    return f"{clean(story.scenario.title or story.file or 'Scenario')}: {story.subject}"


def _subtitle(story: Story) -> str:
    return f"Venue {clean(story.scenario.venue)}"


def _heading(chapter: Chapter) -> str:
    """'Step 2 (2020-03-12T10:00Z), mark 53,000'."""
    time = f" ({clean(chapter.time)})" if chapter.time else ""
    if len(chapter.marks) == 1:
        return f"Step {chapter.step:,}{time}, mark {digits(next(iter(chapter.marks.values())))}"
    return f"Step {chapter.step:,}{time}, marks " + ", ".join(
        f"{clean(name)} {digits(mark)}" for name, mark in chapter.marks.items()
    )


def _block(line: Line) -> str:
    return "\n".join([wrapped(f"{line.kind}: {line.text}", "* "), *(wrapped(formula, indent=4) for formula in line.formulas)])


def _list(lines: tuple[Line, ...]) -> str:
    return "\n".join(_items(lines))


def _items(lines: tuple[Line, ...]) -> Iterator[str]:
    for line in lines:
        yield f"- **{escape_markdown(line.kind)}**: {escape_markdown(line.text)}"
        yield from (f"  - {escape_markdown(formula)}" for formula in line.formulas)


def _rule(note: RuleNote) -> str:
    """'adl.price = bankruptcy (documented: BitMEX, ...). What it says.'"""
    value = f" = {clean(note.value)}" if note.value else ""
    where = ": ".join(part for part in (note.status, note.source) if part)
    return f"{note.rule}{value} ({clean(where)})" + (f". {clean(note.note)}" if note.note else "")
