"""Rulebooks, scores and rules. Public: VENUES, VENUE, SCORE, RULES, VALIDATION."""

from __future__ import annotations

from typing import Any

from adlcalc.report.field import CSV, JSON, Document, Field, Rows

VENUES = Document(
    "adlcalc.venues/1",
    "The rulebooks: what is modeled of each, and how well it is known.",
    (
        Rows(
            "venues",
            "the rulebooks",
            (
                Field("venue", "text", "its name", heading="venue"),
                Field("title", "text", "what it is of"),
                Field("as_of", "text", "the day it speaks of"),
                Field("margin", "text", "maintenance margin"),
                Field("partial_liquidation", "text", "how much is closed at once"),
                Field("fund_trigger", "text", "when its fund stops to pay"),
                Field("backstop", "text", "who takes positions over"),
                Field("adl_when", "text", "when it deleverages"),
                Field("score", "text", "who is first"),
                Field("price", "text", "at which price"),
                Field("last_resort", "text", "what becomes of the rest"),
                Field("vectors_met", "step", "numbers of the venue that are met"),
                Field("vectors_not_met", "step", "numbers of the venue that are not met"),
                Field("documented", "step", "rules that are documented"),
                Field("observed", "step", "rules that were observed"),
                Field("assumed", "step", "rules that are assumed"),
                Field("tested", "step", "documented rules that a number of the venue tests"),
            ),
        ),
    ),
    tables=False,
)


def _source(key: str) -> Any:
    """A fact of the document that a rule names; empty where it names none."""
    return lambda rule, _: (getattr(rule.document, key) or "") if rule.document else ""


VENUE = Document(
    "adlcalc.venue/1",
    "A rulebook: every rule with its value and source.",
    (
        Rows(
            "",
            "",
            (
                Field("venue", "text", "its name"),
                Field("title", "text", "what it is of"),
                Field("as_of", "text", "the day it speaks of"),
            ),
            records="book",
            one=True,
            where=(JSON,),
        ),
        Rows(
            "rules",
            "the rules",
            (
                Field("venue", "text", "whose rulebook", of=lambda _, sheet: sheet.book.venue, where=(CSV,)),
                Field("rule", "text", "its name", of="name"),
                Field("value", "texts", "what it says, line by line", where=(JSON,)),
                Field(
                    "value",
                    "text",
                    "",
                    of=lambda rule, _: "; ".join(line.strip() for line in rule.value),
                    where=(CSV,),
                ),
                Field("status", "text", "documented, observed or assumed"),
                Field("source", "text", "the key of its source", null=True),
                Field("title", "text", "what its source is called", of=_source("title"), where=(CSV,)),
                Field("url", "text", "where its source is", of=_source("url"), where=(CSV,)),
                Field("seen", "text", "the day its source was read", of=_source("seen"), where=(CSV,)),
                Field("note", "text", "what else there is to say"),
            ),
        ),
        Rows(
            "",
            "",
            (
                Field("defaults", "named", "rules that it does not say, with their values"),
                Field("unused", "named", "rules that it inherits and that play no part, each with why"),
                Field(
                    "sources",
                    "text",
                    "the documents by key",
                    of_schema={
                        "type": "object",
                        "additionalProperties": {
                            "type": "object",
                            "properties": {
                                "title": {"description": "its title", "type": "string"},
                                "url": {"description": "where it is", "type": ["string", "null"]},
                                "seen": {"description": "the day it was read", "type": "string"},
                            },
                            "required": ["title", "url", "seen"],
                        },
                    },
                ),
                Field("tables", "named", "maintenance tables by symbol, each with its date and document"),
                Field("not_modeled", "texts", "what is not modeled", of="book.not_modeled"),
                Field(
                    "vectors",
                    "text",
                    "the venue's own numbers",
                    of_schema={
                        "type": "object",
                        "properties": {
                            "met": {
                                "description": "those that are met",
                                "type": "array",
                                "items": {"type": "string"},
                            },
                            "not_met": {
                                "description": "those that are not, and why",
                                "type": "object",
                                "additionalProperties": {"type": "string"},
                            },
                            "none": {"description": "why none is met", "type": ["string", "null"]},
                        },
                        "required": ["met", "not_met", "none"],
                    },
                ),
            ),
            records=lambda sheet: sheet,
            one=True,
            where=(JSON,),
        ),
    ),
    tables=False,
)
SCORE = Document(
    "adlcalc.score/1",
    "A score: its formula, and who uses it.",
    (
        Rows(
            "",
            "",
            (
                Field("score", "text", "its name", of="name"),
                Field("formula", "text", "how it is worked out"),
                Field("used_by", "texts", "the rulebooks that rank by it", where=(JSON,)),
                Field("used_by", "text", "", of=lambda one, _: " ".join(one.used_by), where=(CSV,)),
            ),
            records=lambda one: one,
            one=True,
        ),
    ),
    tables=False,
)

RULES = Document(
    "adlcalc.rules/1",
    "The rules that a rulebook can state: their values, what each means and who uses it.",
    (
        Rows(
            "rules",
            "a row for each rule, and one for each of its values and of the keys of a value that is a map",
            (
                Field("rule", "text", "its name: section.rule"),
                Field("value", "text", "a value, a key of one, or in words which values there are"),
                Field("meaning", "text", "what it means"),
                Field("where", "text", "beside which rules it plays a part"),
                Field(
                    "default", "text", "what it is where a rulebook says nothing; empty where it must be said"
                ),
                Field("used_by", "texts", "the rulebooks that use it", where=(JSON,)),
                Field("used_by", "text", "", of=lambda one, _: " ".join(one.used_by), where=(CSV,)),
                Field(
                    "convention",
                    "text",
                    "what is assumed where a venue is silent on it; empty where nothing is",
                ),
            ),
            records=lambda rows: rows,
        ),
    ),
    tables=False,
)

VALIDATION = Document(
    "adlcalc.validation/1",
    "Which published numbers of a venue exercise which of its rules.",
    (
        Rows(
            "",
            "",
            (
                Field("venue", "text", "the rulebook", of="book.venue"),
                Field("as_of", "text", "the day it speaks of", of="book.as_of"),
                Field("vectors_met", "step", "numbers of the venue that are met"),
                Field("documented", "step", "rules that are documented"),
                Field("tested", "step", "of these, rules that a number tests"),
                Field("fit_for", "text", "what it is fit for"),
                Field("not_fit_for", "text", "what it is not fit for"),
            ),
            records=lambda sheet: sheet,
            one=True,
            where=(JSON,),
        ),
        Rows(
            "rules",
            "every stated rule",
            (
                Field("rule", "text", "its name"),
                Field("status", "text", "documented, observed or assumed"),
                Field(
                    "vectors",
                    "texts",
                    "the numbers that break when it is changed",
                    where=(JSON,),
                    of=lambda one, _: one.vectors,
                ),
                Field("vectors", "text", "", of=lambda one, _: " ".join(one.vectors), where=(CSV,)),
            ),
            by="rule",
        ),
    ),
    tables=False,
)
