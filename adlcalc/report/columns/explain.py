"""A story of a run. Public: EXPLAIN."""

from __future__ import annotations

from adlcalc.report.columns.shared import AS_OF, DESCRIPTION
from adlcalc.report.field import CSV, JSON, Document, Field, Rows

LINE = (
    Field("step", "step", "at which step"),
    Field("account", "account", "whom it is about", null=True),
    Field("kind", "text", "what happened, in a word or two"),
    Field("text", "text", "what happened", prose=True),
    Field("formulas", "texts", "how the numbers came about"),
    Field("amounts", "numbers", "the numbers by name", where=(JSON,)),
    Field("rules", "texts", "the rules behind it", where=(JSON,)),
    Field(
        "rule", "text", "the rules that it rests on", of=lambda line, _: " ".join(line.rules), where=(CSV,)
    ),
)
EXPLAIN = Document(
    "adlcalc.explain/1",
    "A story: what happened to somebody, line by line.",
    (
        Rows(
            "scenario",
            "what was run",
            (
                Field("title", "text", "its title", of="scenario.title", null=True, prose=True),
                DESCRIPTION,
                Field("venue", "text", "whose rules", of="scenario.venue"),
                AS_OF,
                Field("file", "text", "the name that it was read under", null=True, prose=True),
            ),
            records=lambda story: story,
            one=True,
            where=(JSON,),
        ),
        Rows(
            "",
            "",
            (Field("subject", "text", "whose story"),),
            records=lambda story: story,
            one=True,
            where=(JSON,),
        ),
        Rows(
            "steps",
            "the steps that are told",
            (
                Field("step", "step", "its number"),
                Field("time", "text", "when it was", null=True),
                Field("marks", "numbers", "the mark price by market"),
            ),
            records="chapters",
            where=(JSON,),
        ),
        Rows(
            "lines",
            "what happened",
            LINE,
            records=lambda story: [line for chapter in story.chapters for line in chapter.lines],
            table="line",
            by="kind account",
        ),
        Rows("sums", "how it adds up", LINE, table="sum", by="kind"),
        Rows("why", "the rules that made the difference", LINE, table="why", by="kind"),
        Rows(
            "rules",
            "the rules behind it",
            (
                Field("rule", "text", "its name"),
                Field("value", "text", "what it says"),
                Field("status", "text", "documented, observed, assumed, given or default"),
                Field("source", "text", "where it is documented", prose=True),
                Field("note", "text", "what else there is to say", prose=True),
            ),
            table="rule",
            by="rule",
        ),
    ),
)
