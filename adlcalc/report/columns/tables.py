"""The venues' maintenance tables. Public: TABLES, TIERS."""

from __future__ import annotations

from adlcalc.report.field import CSV, JSON, Document, Field, Rows

_DATED = (
    Field("as_of", "text", "the date of its numbers", heading="as of"),
    Field("title", "text", "the document that they are from"),
    Field("url", "text", "where that is", null=True),
    Field("seen", "text", "the day it was read"),
)
TIERS = Rows(
    "tiers",
    "their tiers",
    (
        Field("venue", "text", "the venue", of="of.venue"),
        Field("name", "text", "the symbol of the table", of="of.name"),
        Field("above", "number", "from where the tier holds", heading="above"),
        Field("up_to", "number", "where it ends; null: nowhere", null=True, heading="up to"),
        Field("rate", "number", "its maintenance rate", heading="rate"),
        Field(
            "deduction",
            "number",
            "what is taken off, so that the margin is continuous",
            heading="deduction",
            zero="-",
            hide=True,
        ),
        Field(
            "max_leverage",
            "number",
            "the highest leverage that its positions may choose; null: not seen",
            null=True,
            heading="highest\nleverage",
            hide=True,
        ),
        Field(
            "formula",
            "text",
            "how the rate goes on from there; empty: it does not",
            heading="then",
            shown=lambda row, _: row.formula or None,
            hide=True,
        ),
        Field(
            "measures",
            "text",
            "what it measures: notional, entry-value or size",
            of="of.measures",
            where=(CSV,),
        ),
        *(
            Field(one.key, one.kind, one.note, null=one.null, of=f"of.{one.key}", where=(CSV,))
            for one in _DATED
        ),
    ),
    records="tiers",
)
TABLES = Document(
    "adlcalc.tables/1",
    "Maintenance tables of the venues, by symbol: every tier, with the date and the document of its numbers.",
    (
        Rows(
            "tables",
            "the tables",
            (
                Field("venue", "text", "the venue", heading="venue"),
                Field("name", "text", "its symbol, as the venue spells it", heading="table"),
                Field("contract", "text", "the kind of contract that it is for", heading="contract"),
                Field(
                    "multiplier",
                    "number",
                    "base units per contract, where its tiers count contracts",
                    null=True,
                ),
                Field(
                    "measures", "text", "what its tiers measure: notional, entry-value or size", heading="by"
                ),
                Field("unit", "text", "in what, and how they are applied"),
                *_DATED,
                Field("note", "text", "what is assumed of it; empty where nothing is"),
                Field("notes", "texts", "what is assumed of parts of it"),
            ),
            records="tables",
            where=(JSON,),
        ),
        TIERS,
    ),
    tables=False,
)
