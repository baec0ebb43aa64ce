"""Published scores against real fills. Public: SCORE_TEST."""

from __future__ import annotations

from typing import Any

from adlcalc.report.field import CSV, JSON, Document, Field, Rows


def _of_burst(key: str) -> Any:
    """A fact of the burst that a row is of."""
    return lambda one, _: getattr(one.burst, key) if one.burst is not None else None


VERDICT = (
    Field("score", "text", "the score, or a baseline"),
    Field("right", "number", "accounts that it classifies right; of random orders the mean"),
    Field("accounts", "count", "of so many"),
    Field("share", "number", "right / accounts, to four decimals"),
    Field(
        "correlation",
        "number",
        "Kendall's tau-b of its order with the share that was taken; none where it orders nothing",
        null=True,
    ),
)
BURST = (
    Field("time", "text", "when", of=_of_burst("time")),
    Field("market", "market", "in which market", of=_of_burst("market")),
    Field("side", "side", "whose positions were taken", of=_of_burst("side")),
)
SCORE_TEST = Document(
    "adlcalc.test-scores/1",
    "Published scores held against a venue's real deleveraging fills.",
    (
        Rows(
            "",
            "",
            (
                Field("file", "text", "the file of fills", prose=True),
                Field("seed", "text", "what the random orders are made from"),
                Field("spared", "step", "accounts of the file that were not hit"),
            ),
            records=lambda tested: tested,
            one=True,
            where=(JSON,),
        ),
        Rows(
            "scores",
            "over all bursts, the best first",
            VERDICT,
            records="verdicts",
            table="score",
            by="score",
        ),
        Rows(
            "bursts",
            "the bursts",
            (
                Field("time", "text", "when", heading="time"),
                Field("market", "market", "in which market", heading="market"),
                Field("side", "side", "whose positions were taken"),
                Field("accounts", "count", "who stood there", heading="accounts"),
                Field("wholly", "step", "closed wholly", heading="wholly\nclosed"),
                Field("taken", "number", "contracts taken", heading="taken"),
                Field(
                    "one_enough",
                    "flag",
                    "an account that was not closed wholly had more than all that was taken",
                ),
            ),
            table="burst",
            by="time market side",
        ),
        Rows(
            "results",
            "every score in every burst, the best first",
            (*BURST, *VERDICT),
            records="by_burst",
            table="result",
            by="time market side score",
        ),
        Rows(
            "unexplained",
            "accounts that no score classifies right",
            (
                Field("time", "text", "when", heading="time"),
                Field("market", "market", "in which market", heading="market"),
                Field("account", "account", "who", heading="account"),
                Field("size", "number", "what it had", heading="had"),
                Field("taken", "number", "what it gave", heading="gave"),
            ),
            table="unexplained",
            by="time market account",
            where=(JSON, CSV),
        ),
    ),
)
