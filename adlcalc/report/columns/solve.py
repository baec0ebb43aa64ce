"""The answer to a question asked backwards. Public: SOLVE."""

from __future__ import annotations

from typing import Any

from adlcalc.report.columns.shared import AS_OF, DESCRIPTION
from adlcalc.report.field import DIGITS, JSON, Document, Field, Plain, Rows

AMOUNT: Plain = {"type": ["string", "null"], "pattern": DIGITS["pattern"]}
DIFFERS: Plain = {
    "type": ["object", "null"],
    "properties": {
        "kind": {
            "description": "what differs: one run lacks the event, or it is of other contracts, or of other "
            "money",
            "type": "string",
            "enum": ["lacks", "contracts", "money"],
        },
        "step": {"description": "at which step", "type": "integer"},
        "event": {"description": "what kind of event", "type": "string"},
        "account": {"description": "whose it is, where it is an account's", "type": ["string", "null"]},
        "market": {"description": "in which market, where it is in one", "type": ["string", "null"]},
        "at": {"description": "the value at which alone it happens, where one lacks it", **AMOUNT},
    },
}
FIRST_COLUMN = Field(
    "across",
    "number",
    "of which value of --across it is: the first",
    of=lambda _, solved: solved.columns[0].at if solved.columns else None,
    optional=True,
)
INTERVAL = (
    Field("from", "number", "the first value", of="low", heading="from"),
    Field("to", "number", "the last value", of="high", heading="to"),
    Field(
        "holds",
        "flag",
        "whether it is so; null: the scenario refuses these values",
        null=True,
        heading="holds",
        shown=lambda one, _: "refused" if one.holds is None else "yes" if one.holds else "no",
    ),
    Field(
        "why",
        "text",
        "what they are refused for",
        of=lambda one, _: one.why or None,
        optional=True,
        prose=True,
    ),
)


def _differs(change: Any, _: Any) -> Any:
    """The first event in which two runs differ, as plain values. at: at which of the two it is alone."""
    part = None if change is None else change.differs
    if part is None:
        return None
    event = part.event
    alone = None if part.kind != "lacks" else change.before if part.first is not None else change.after
    return {
        "kind": str(part.kind),
        "step": event.step,
        "event": type(event).__name__,
        "account": getattr(event, "account", None),
        "market": getattr(event, "market", None),
        "at": None
        if alone is None
        else f"{alone:f}"
        if alone != alone.to_integral_value()
        else f"{alone:.0f}",
    }


SOLVE = Document(
    "adlcalc.solve/1",
    "For which values of one thing something is so.",
    (
        Rows(
            "",
            "the question, and how it was answered",
            (
                Field("vary", "text", "what is varied, as --set names it", of="asking.vary"),
                Field("question", "text", "what shall be so", of="asking.question"),
                Field(
                    "method",
                    "text",
                    "theorem: proven for all values; exhaustive: all were run; sampled",
                    of=lambda s, _: str(s.solution.method),
                ),
                Field(
                    "spacing",
                    "number",
                    "between two values that were tried",
                    of="solution.spacing",
                ),
                Field("unit", "number", "the smallest step", of="solution.knob.unit"),
                Field("from", "number", "the first value of the range", of="solution.low"),
                Field("to", "number", "the last value of the range", of="solution.high"),
                Field("runs", "step", "how many runs it took", of="solution.runs"),
                Field(
                    "proven_from",
                    "number",
                    "from which value on all are proven",
                    of="solution.proven_from",
                    null=True,
                ),
                Field(
                    "whole",
                    "flag",
                    "false: a budget or an interruption left something out",
                    of="solution.whole",
                ),
                Field(
                    "verified",
                    "flag",
                    "the file loaded with --set makes the same runs; null: --set cannot say it",
                    null=True,
                ),
                Field(
                    "asserted",
                    "flag",
                    "what --assert says of the answer; null where nothing was asserted",
                    null=True,
                ),
            ),
            records=lambda solved: solved,
            one=True,
            where=(JSON,),
        ),
        Rows(
            "scenario",
            "what it was asked about",
            (
                Field("title", "text", "its title", of="scenario.title", null=True, prose=True),
                DESCRIPTION,
                Field("venue", "text", "whose rules", of="scenario.venue"),
                AS_OF,
                Field(
                    "file", "text", "the name that it was read under", of="asking.file", null=True, prose=True
                ),
            ),
            records=lambda solved: solved,
            one=True,
            where=(JSON,),
        ),
        Rows(
            "intervals",
            "values side by side for which it is so, or is not",
            (*INTERVAL, FIRST_COLUMN),
            records="solution.stretches",
            table="interval",
            by="from",
        ),
        Rows(
            "changes",
            "neighbors of which one holds",
            (
                Field("before", "number", "the last value of one interval"),
                Field("after", "number", "the first of the next"),
                Field(
                    "differs",
                    "text",
                    "the first event in which their runs differ: of the accounts that were asked for, else "
                    "of "
                    "all",
                    of=_differs,
                    of_schema=DIFFERS,
                ),
            ),
            records="solution.changes",
            where=(JSON,),
            by="before",
        ),
        Rows(
            "answer",
            "the neighbors of the first change from --from to --to",
            (
                FIRST_COLUMN,
                Field("holds", "number", "the one for which it is so", of="solution.holds", null=True),
                Field("fails", "number", "the one for which it is not", of="solution.fails", null=True),
                Field(
                    "differs",
                    "text",
                    "the first event in which their runs differ: of the accounts that were asked for, else "
                    "of "
                    "all",
                    of=lambda solved, about: _differs(solved.solution.answer, about),
                    where=(JSON,),
                    of_schema=DIFFERS,
                ),
            ),
            records=lambda solved: solved,
            one=True,
        ),
        Rows(
            "frontier",
            "the answer for each value of --across",
            (
                Field("across", "number", "the value", of="at", heading="across"),
                Field("holds", "number", "the answer there", of="solution.holds", null=True, heading="holds"),
                Field(
                    "fails",
                    "number",
                    "its neighbor that fails",
                    of="solution.fails",
                    null=True,
                    heading="fails",
                ),
                Field(
                    "method",
                    "text",
                    "how it was found",
                    of="solution.method.value",
                    heading="method",
                ),
                Field(
                    "changes",
                    "step",
                    "how many changes the range has",
                    of=lambda one, _: len(one.solution.changes),
                    heading="changes",
                ),
                Field("runs", "step", "how many runs it took", of="solution.runs"),
            ),
            records="columns",
            by="across",
        ),
        Rows(
            "readings",
            "the answer under other readings of assumed rules, where it was doubted",
            (
                Field("reading", "text", "which rule says what", heading="reading"),
                Field("across", "number", "for which value of --across", optional=True, null=True),
                Field("holds", "number", "the answer there", null=True, heading="holds"),
            ),
            by="reading across",
        ),
    ),
)
