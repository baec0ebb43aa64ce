"""Rulebooks as text, Markdown, CSV and JSON: the coverage table of all, one with its sources, one score with its users.

Public: coverage_text, coverage_csv, coverage_json, rulebook_text, rulebook_csv, rulebook_json, score_text, score_csv, score_json.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from inspect import getdoc
from textwrap import wrap

from adlcalc.engine.scores import SCORES
from adlcalc.report.csv_view import cell
from adlcalc.report.human import clean, counted
from adlcalc.report.page import json_text, markdown_page, text_page, wrapped
from adlcalc.report.render import escape_markdown
from adlcalc.report.table import Column, Table, counts, table, words
from adlcalc.venues.coverage import Coverage, Parameter, defaults_of, parameters_of, tables_of
from adlcalc.venues.rulebook import Rulebook

NOTHING = "There are no rulebooks."
CELL = 13
"""Characters of a cell of the coverage table, so that a line keeps to the page."""
BELOW = "(below)"
LONGEST = 20
"""Characters of a value that still has room in the table."""

# --- all of them -----------------------------------------------------------------------------------------------------------


def coverage_text(rows: Sequence[Coverage], markdown: bool) -> str:
    """Three tables, a line per rulebook in each."""
    page = markdown_page if markdown else text_page
    subtitle = (
        "adlcalc venues NAME shows every parameter of one with its source; adlcalc venues --score NAME a score's formula. "
        "Vectors are numbers that the venue printed, or that follow from its rules, and that the tests hold a rulebook to."
    )
    return page(f"{counted(len(rows), 'rulebook')}", subtitle, _coverage_tables(rows, 0 if markdown else CELL), ())


def _coverage_tables(rows: Sequence[Coverage], width: int) -> list[Table]:
    """width: where long cells are broken, 0 for never."""

    def folded(heading: str, texts: Iterable[str]) -> Column | None:
        column = words(heading, texts)
        if column is None or not width:
            return column
        return replace(column, cells=tuple(_folded(text, width) for text in column.cells))

    venue = words("venue", (row.venue for row in rows))
    return [
        table(
            "Margin, liquidation, fund",
            NOTHING,
            [
                venue,
                folded("maintenance", (row.margin for row in rows)),
                folded("partial\nliquidation", (row.partial_liquidation for row in rows)),
                folded("fund stops", (row.fund_trigger for row in rows)),
                folded("backstop", (row.backstop for row in rows)),
            ],
        ),
        table(
            "Deleveraging and what is left",
            NOTHING,
            [
                venue,
                folded("deleverages", (row.adl_when for row in rows)),
                folded("who is first", (row.score for row in rows)),
                folded("at", (row.price for row in rows)),
                folded("last resort", (row.last_resort for row in rows)),
            ],
        ),
        table(
            "How well it is known",
            NOTHING,
            [
                venue,
                folded("as of", (row.as_of for row in rows)),
                counts("vectors\nmet", (row.vectors_met for row in rows)),
                counts("not\nmet", (row.vectors_not_met for row in rows)),
                counts("rules\ndocumented", (row.documented for row in rows)),
                counts("\nobserved", (row.observed for row in rows)),
                counts("\nassumed", (row.assumed for row in rows)),
            ],
        ),
    ]


def _folded(text: str, width: int) -> str:
    """The text in lines of at most `width`, as far as its words allow; a number and its % stay together."""
    lines = wrap(text.replace(" %", "\u00a0%"), width, break_long_words=False)
    return "\n".join(lines).replace("\u00a0", " ")


def coverage_csv(rows: Sequence[Coverage]) -> str:
    """A row per rulebook."""
    return _csv(list(Coverage.__dataclass_fields__), ([str(x) for x in asdict(row).values()] for row in rows))


def coverage_json(rows: Sequence[Coverage]) -> str:
    """Schema adlcalc.venues/1; the counts are numbers, all else is text."""
    return json_text({"schema": "adlcalc.venues/1", "venues": [asdict(row) for row in rows]})


# --- one of them -----------------------------------------------------------------------------------------------------------


def rulebook_text(book: Rulebook, markdown: bool) -> str:
    """Every parameter with value, status and source; then what the notes say, the documents, and what is not modeled."""
    rules = parameters_of(book)
    columns = [
        words("rule", (rule.name for rule in rules)),
        words("value", ("\n".join(rule.value) if markdown or not _long(rule) else BELOW for rule in rules)),
        words("status", (rule.status for rule in rules)),
        words("source", (rule.source for rule in rules)),
        words("note", (rule.note or None for rule in rules)) if markdown else None,
    ]
    page = markdown_page if markdown else text_page
    shown = page(f"{book.venue}: {book.title}", f"As of {book.as_of}.", [table("Rules", NOTHING, columns)], ())
    notes = [f"{rule.name}: {rule.note}" for rule in rules if rule.note]
    sections = [] if markdown else [_values(rules), _section("Notes", notes)]
    sections += [_section(heading, lines, markdown) for heading, lines in _lists(book)]
    return "\n".join([shown, *filter(None, sections)])


def _long(rule: Parameter) -> bool:
    """Is the value too wide for a cell of a page?"""
    return len(rule.value) > 1 or len(rule.value[0]) > LONGEST


def _values(rules: Sequence[Parameter]) -> str:
    """The values that are too wide for the table, tier by tier."""
    lines = [line for rule in rules if _long(rule) for line in (f"* {rule.name}", *(f"  {line}" for line in rule.value))]
    return "\n".join(["Values:", *lines, ""]) if lines else ""


def _lists(book: Rulebook) -> list[tuple[str, list[str]]]:
    """What stands under the rules: (heading, lines)."""
    documents = [f"{key}: {d.title}, seen {d.seen}" + (f"\n{d.url}" if d.url else "") for key, d in book.sources.items()]
    vectors = [f"{name}: met" for name in book.vectors.met]
    vectors += [f"{name}: not met. {reason}" for name, reason in book.vectors.not_met.items()]
    vectors += [book.vectors.none] if book.vectors.none else []
    return [
        ("Sources", documents),
        ("Tables of maintenance margin, by symbol", _tables(book)),
        ("Not modeled", list(book.not_modeled)),
        ("Vectors", vectors),
        ("Not said, and left at", [f"{section}: {said}" for section, said in _left(book)]),
    ]


def _tables(book: Rulebook) -> list[str]:
    """The symbols of the tables, those of one document and date together."""
    symbols: dict[str, list[str]] = {}
    for one in tables_of(book):
        symbols.setdefault(one.dated, []).append(one.name)
    return [f"{', '.join(names)}: {dated}" for dated, names in symbols.items()]


def _left(book: Rulebook) -> Iterator[tuple[str, str]]:
    """The rules at their defaults, a line for each section."""
    by_section: dict[str, list[str]] = {}
    for name, value in defaults_of(book):
        section, _, rule = name.partition(".")
        by_section.setdefault(section, []).append(f"{rule} {value}")
    for section, rules in by_section.items():
        yield section, ", ".join(rules)


def _section(heading: str, lines: Sequence[str], markdown: bool = False) -> str:
    """A list under a heading; what follows a line feed (an address) is never broken. No lines, no heading."""
    if not lines:
        return ""
    if markdown:
        return "\n".join([f"### {heading}", "", *("- " + escape_markdown(line).replace("\n", " ") for line in lines), ""])
    shown = []
    for line in lines:
        first, _, address = line.partition("\n")
        shown += [wrapped(clean(first), "* "), *([f"  {clean(address)}"] if address else [])]
    return "\n".join([f"{heading}:", *shown, ""])


def rulebook_csv(book: Rulebook) -> str:
    """A row per rule."""
    heading = ["venue", "rule", "value", "status", "source", "title", "url", "seen", "note"]
    return _csv(
        heading,
        (
            [
                book.venue,
                rule.name,
                "; ".join(line.strip() for line in rule.value),
                rule.status,
                rule.source or "",
                *((rule.document.title, rule.document.url or "", rule.document.seen) if rule.document else ("", "", "")),
                rule.note,
            ]
            for rule in parameters_of(book)
        ),
    )


def rulebook_json(book: Rulebook) -> str:
    """Schema adlcalc.venue/1."""
    rules = [
        {
            "rule": rule.name,
            "value": list(rule.value),
            "status": rule.status,
            "source": rule.source,
            "note": rule.note,
        }
        for rule in parameters_of(book)
    ]
    return json_text(
        {
            "schema": "adlcalc.venue/1",
            "venue": book.venue,
            "title": book.title,
            "as_of": book.as_of,
            "rules": rules,
            "defaults": dict(defaults_of(book)),
            "sources": {key: {"title": d.title, "url": d.url, "seen": d.seen} for key, d in book.sources.items()},
            "tables": {table.name: table.dated for table in tables_of(book)},
            "not_modeled": list(book.not_modeled),
            "vectors": book.vectors.model_dump(),
        }
    )


# --- one score ---------------------------------------------------------------------------------------------------------------


def _formula(name: str) -> str:
    """The rule as the score's own docstring tells it, on one line."""
    return " ".join((getdoc(SCORES[name]) or "").split())


def score_text(name: str, users: Sequence[str], markdown: bool) -> str:
    """The formula of a score and the rulebooks that rank by it."""
    used = f"Used by {', '.join(users)}." if users else "No shipped rulebook uses it."
    if markdown:
        return f"## Score {escape_markdown(name)}\n\n{escape_markdown(_formula(name))}\n\n{escape_markdown(used)}\n"
    return f"Score {name}\n\n{wrapped(_formula(name))}\n\n{wrapped(used)}\n"


def score_csv(name: str, users: Sequence[str]) -> str:
    """One row."""
    return _csv(["score", "formula", "used_by"], [[name, _formula(name), " ".join(users)]])


def score_json(name: str, users: Sequence[str]) -> str:
    """Schema adlcalc.score/1."""
    return json_text({"schema": "adlcalc.score/1", "score": name, "formula": _formula(name), "used_by": list(users)})


def _csv(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(heading)
    writer.writerows([cell(text) for text in row] for row in rows)
    return out.getvalue()
