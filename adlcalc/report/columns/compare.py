"""Policies and venues beside one another. Public: COMPARE."""

from __future__ import annotations

from adlcalc.report.columns.shared import DESCRIPTION
from adlcalc.report.field import CSV, DIGITS, JSON, Document, Field, Plain, Rows

METRICS_SCHEMA: Plain = {
    "type": "object",
    "additionalProperties": {"type": ["string", "null"], "pattern": DIGITS["pattern"]},
}
COMPARE = Document(
    "adlcalc.compare/1",
    "Policies on one book. Quotients are rounded half even to twelve decimals.",
    (
        Rows(
            "scenario",
            "what was compared",
            (
                Field("title", "text", "its title", of="scenario.title", null=True, prose=True),
                DESCRIPTION,
                Field("file", "text", "the name that it was read under", null=True, prose=True),
                Field(
                    "markout_steps",
                    "text",
                    "after how many steps fills are marked out",
                    of=lambda comparison, _: str(comparison.markout),
                ),
            ),
            records=lambda comparison: comparison,
            one=True,
            where=(JSON,),
        ),
        Rows(
            "policies",
            "the policies, under each venue",
            (
                Field("venue", "text", "the rulebook"),
                Field("policy", "text", "the policy", of="choice.label"),
                Field("space", "text", "what it works on: positions, or profits", of="choice.space"),
                Field("liquidated", "texts", "who was liquidated", of="outcome.liquidated"),
                Field(
                    "assumed",
                    "texts",
                    "the assumed rules that its run used",
                    of="outcome.assumed",
                    prose=True,
                ),
                Field(
                    "rounds",
                    "steps",
                    "the steps at which a loss was covered",
                    of=lambda result, _: [each.step for each in result.outcome.rounds],
                ),
                Field(
                    "metrics",
                    "text",
                    "what it came to, by metric; none where a metric does not apply",
                    of="written",
                    of_schema=METRICS_SCHEMA,
                ),
            ),
            where=(JSON,),
            by="venue policy",
        ),
        Rows(
            "accounts",
            "what each account could pay and paid in each round",
            (
                Field("venue", "text", "the rulebook"),
                Field("policy", "text", "the policy"),
                Field("step", "step", "at which step"),
                Field("account", "account", "who pays"),
                Field("could_pay", "number", "what it could pay at most"),
                Field("paid", "number", "what it paid"),
                Field("haircut", "number", "paid / could pay", null=True),
            ),
            records="burdens",
            where=(JSON,),
            by="venue policy account",
        ),
        Rows(
            "axioms",
            "the axioms that were tried on this book",
            (
                Field("venue", "text", "the rulebook"),
                Field("policy", "text", "the policy"),
                Field("axiom", "text", "which", of="finding.axiom"),
                Field("holds", "flag", "none where it could not be tried", of="finding.holds", null=True),
                Field("account", "account", "who it fails for", of="finding.account", null=True),
                Field("before", "number", "what it paid before", of="finding.before", null=True),
                Field("after", "number", "what it paid after", of="finding.after", null=True),
                Field("because", "text", "why", of="finding.because", prose=True),
            ),
            records="tried",
            where=(JSON,),
            by="venue policy axiom",
        ),
        Rows(
            "ranges",
            "the metrics that move under other readings of assumed rules, where that was asked for",
            (
                Field("venue", "text", "the rulebook"),
                Field("policy", "text", "the policy"),
                Field("metric", "text", "which"),
                Field("value", "text", "as written", null=True),
                Field("low", "text", "the least"),
                Field("high", "text", "the most"),
            ),
            where=(JSON,),
            by="venue policy metric",
        ),
        Rows(
            "measures",
            "a line for each venue, policy and measure: one number a line, not one policy a line",
            (
                Field("venue", "text", "the rulebook"),
                Field("policy", "text", "the policy"),
                Field("measure", "text", "a metric; or paid, by account; or axiom and its name"),
                Field("account", "text", "whose number it is; nobody's of a metric"),
                Field(
                    "value",
                    "text",
                    "the number; holds, fails or - of an axiom; nothing where it does not apply",
                ),
            ),
            where=(CSV,),
        ),
    ),
    tables=False,
)
