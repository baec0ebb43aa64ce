"""What an outcome rests on. Public: DOUBT."""

from __future__ import annotations

from typing import Any

from adlcalc.report.columns.shared import AS_OF, DESCRIPTION
from adlcalc.report.field import JSON, TEXT, Document, Field, Plain, Rows
from adlcalc.study.questions import told

RANGES: Plain = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "properties": {
            "low": {"description": "the least", "type": ["string"]},
            "high": {"description": "the most", "type": ["string"]},
            "low_under": {"description": "under which reading; empty as written", "type": "string"},
            "high_under": {"description": "under which reading; empty as written", "type": "string"},
        },
        "required": ["low", "high", "low_under", "high_under"],
    },
}


def _ranges(found: Any) -> dict[str, dict[str, str]]:
    return {
        one.measure.text: {
            "low": told(one.low),
            "high": told(one.high),
            "low_under": one.low_under,
            "high_under": one.high_under,
        }
        for one in found
    }


def _values(outcome: Any) -> dict[str, str]:
    return {measure.text: told(x) for measure, x in outcome.values.items()}


NAMED: Plain = {"type": "object", "additionalProperties": TEXT}
DOUBT = Document(
    "adlcalc.doubt/1",
    "What an outcome rests on among the assumed rules that its run uses.",
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
                Field(
                    "as_written",
                    "text",
                    "the measures under the rules as they are written",
                    of=lambda doubt, _: _values(doubt.base),
                    of_schema=NAMED,
                ),
                Field(
                    "ranges",
                    "text",
                    "the measures over everything that was run",
                    of=lambda doubt, _: _ranges(doubt.whole),
                    of_schema=RANGES,
                ),
                Field("pairs_left", "step", "readings and pairs that the budget left out", of="left"),
                Field("silent", "texts", "assumed rules that name no other reading"),
            ),
            records=lambda doubt: doubt,
            one=True,
            where=(JSON,),
        ),
        Rows(
            "rules",
            "a row for each rule that changes something, then the others together",
            (
                Field("rules", "texts", "the rule, or several"),
                Field("readings", "step", "other readings that were run"),
                Field("differ", "step", "under which something else happens"),
                Field("refused", "step", "that the rest of the rulebook does not allow"),
                Field(
                    "ranges",
                    "text",
                    "the measures over them",
                    of=lambda line, _: _ranges(line.ranges),
                    of_schema=RANGES,
                ),
            ),
            records="lines",
            where=(JSON,),
        ),
        Rows(
            "readings",
            "every reading, single ones first",
            (
                Field("reading", "text", "which rules say what", of="reading.text"),
                Field("differs", "flag", "something else happens", of=lambda one, doubt: doubt.differs(one)),
                Field("refused", "text", "why it was not run; empty where it was"),
                Field(
                    "changes",
                    "text",
                    "what happens otherwise",
                    of=lambda one, doubt: doubt.told(one) if doubt.differs(one) else "",
                    prose=True,
                ),
                Field(
                    "measures",
                    "text",
                    "what the measures come to",
                    of=lambda one, _: {} if one.outcome is None else _values(one.outcome),
                    of_schema=NAMED,
                    where=(JSON,),
                ),
            ),
            records="tried",
            by="reading",
        ),
    ),
    tables=False,
)
