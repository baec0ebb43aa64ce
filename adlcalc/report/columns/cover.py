"""What a fund would pay if the largest losers defaulted. Public: COVER."""

from __future__ import annotations

from adlcalc.report.columns.shared import AS_OF, DESCRIPTION
from adlcalc.report.field import CSV, JSON, Document, Field, Rows

COVER = Document(
    "adlcalc.cover/1",
    "What a fund would pay if the largest losers defaulted, at shocks of the opening marks.",
    (
        Rows(
            "scenario",
            "what was looked at",
            (
                Field("title", "text", "its title", of="scenario.title", null=True, prose=True),
                DESCRIPTION,
                Field("venue", "text", "whose contracts", of="scenario.venue"),
                AS_OF,
                Field("file", "text", "the name that it was read under", null=True, prose=True),
                Field("fund", "number", "what the funds can pay, down to their floors"),
            ),
            records=lambda covers: covers,
            one=True,
            where=(JSON,),
        ),
        Rows(
            "covers",
            "a row for each shock and number of defaults",
            (
                Field("shock", "number", "the change of every mark, as a fraction"),
                Field("cover", "text", "cover-1, cover-2, ... or all", of="label"),
                Field("amount", "number", "what these owners lack together"),
                Field("owners", "texts", "who they are, the largest first", where=(JSON,)),
                Field("owners", "text", "", of=lambda one, _: " ".join(one.owners), where=(CSV,)),
                Field("fund_left", "number", "what the funds can pay, less the amount"),
            ),
            table="cover",
            by="shock cover",
        ),
        Rows(
            "shocks",
            "the marks of each shock, and what every owner lacks there",
            (
                Field("shock", "number", "the change of every mark, as a fraction"),
                Field("marks", "numbers", "the shocked mark price by market"),
                Field(
                    "shortfalls",
                    "numbers",
                    "what an owner lacks, by name, the largest first",
                    of=lambda one, _: dict(one.shortfalls),
                ),
            ),
            where=(JSON,),
            by="shock",
        ),
        Rows(
            "owners",
            "what the losers hold, the largest first",
            (
                Field("owner", "account", "whose it is", heading="owner"),
                Field("accounts", "count", "in how many accounts", heading="accounts"),
                Field("market", "market", "in which market", heading="market"),
                Field("side", "side", "long or short", heading="side", shown=lambda one, _: one.position),
                Field("size", "number", "contracts", heading="size"),
                Field(
                    "depth",
                    "number",
                    "contracts that the book takes in a step; none where it takes any",
                    null=True,
                    heading="book's\ndepth",
                ),
                Field("times", "number", "size / depth, to 0.01", null=True, heading="times\nthe book"),
                Field(
                    "shortfall",
                    "number",
                    "what the owner lacks at its worst shock",
                    heading="worst\nshortfall",
                ),
            ),
            table="owner",
            by="owner market side",
        ),
    ),
)
