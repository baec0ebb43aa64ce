"""Fields and rows that several documents tell alike.

Public: AS_OF, DESCRIPTION, STEP, TIME, MARKET, MARKET_SHOWN, CLAIM, CLAIMED, ASSUMPTIONS, CURRENCIES, several, shown_position,
score_column, bad_debt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from adlcalc.ground.numbers import ZERO
from adlcalc.report.field import CSV, GOLDEN, JSON, Field, Rows, told
from adlcalc.report.human import position, score
from adlcalc.report.table import Column, numbers, right
from adlcalc.study import expected


def several(run: Any) -> bool:
    return len(run.scenario.markets) > 1


def shown_position(row: Any, run: Any) -> str:
    """'short 1.5', with the market where there are several."""
    return position(row.side, row.size, row.market if several(run) else None)


def score_column(scores: Sequence[Decimal], drop: int = 0) -> Iterator[Column | None]:
    """Six digits each; a column of numbers unless one of them is infinite."""
    from adlcalc.engine.formulas.scores import INFINITE
    from adlcalc.report.score_formula import score_text

    if any(abs(x) >= INFINITE for x in scores):
        yield right("score", map(score_text, scores), drop=drop)
    else:
        yield numbers("score", map(score, scores), drop=drop)


DESCRIPTION = Field(
    "description",
    "text",
    "what it says of itself: what is real in it and what is made up",
    of=lambda record, about: about.scenario.description or None,
    null=True,
    optional=True,
    prose=True,
)
AS_OF = Field(
    "as_of",
    "text",
    "when these were the venue's rules, as its rulebook says",
    of=lambda record, about: about.scenario.as_of or None,
    null=True,
    optional=True,
    prose=True,
)
STEP = told(expected.STEP, heading="step")
TIME = Field(
    "time",
    "text",
    "the time of the step",
    of=lambda row, run: run.scenario.path.times[row.step] if run.scenario.path.times else None,
    null=True,
    where=(CSV,),
    heading="time",
    drop=1,
    when=lambda run: bool(run.scenario.path.times),
)
"""A page and a CSV tell the time of a row's step where the path has any."""
MARKET = told(expected.MARKET)
MARKET_SHOWN = Field("market", "market", "in which market", heading="market", when=several)
CLAIM = Field("claim", "count", "the number of the position that the venue closed", prose=True)
CLAIMED = Field(
    "claimed",
    "text",
    "whose position it was for and at which step the venue closed that: 'alice at step 2'",
    of=lambda row, run: run.claimed.get(row.claim),
    where=(GOLDEN,),
)
"""What a golden has instead of the number of a claim, which one claim more before it would change."""
ASSUMPTIONS = Rows(
    "assumptions",
    "the assumed rules that the result depends on",
    (
        Field("rule", "text", "the rule's name"),
        Field("note", "text", "what was assumed, and why", prose=True),
        Field(
            "rests",
            "text",
            "of a run that was doubted: what another reading of it changes",
            of=lambda note, about: (getattr(about, "rests", None) or {}).get(note.rule),
            optional=True,
            prose=True,
            where=(JSON,),
        ),
    ),
    table="assumption",
    by="rule",
)

CURRENCIES = Field(
    "currencies",
    "rows",
    "the audit of each currency, where markets settle in several",
    of=lambda audit, _: list(audit.bad_debts.items()) if len(audit.bad_debts) > 1 else None,
    optional=True,
    where=(JSON,),
    inner=Rows(
        "currencies",
        "the audit of a currency",
        (
            Field("currency", "text", "its name", of=lambda debt, _: debt[0]),
            Field(
                "money_difference",
                "number",
                "money that came from or went nowhere: 0",
                of=lambda _debt, _: ZERO,
            ),
            Field("bad_debt", "number", "money that nobody covered", of=lambda debt, _: debt[1]),
        ),
        under="step",
        by="currency",
    ),
)


def bad_debt(audit: Any, _: Any) -> Decimal | None:
    """None where several currencies have some: their sum is no amount of money."""
    return audit.bad_debt if len(audit.bad_debts) < 2 or not audit.bad_debt else None
