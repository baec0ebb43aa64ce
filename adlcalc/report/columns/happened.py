"""What a run tells of what its path brought besides marks.

Public: HAPPENED."""

from __future__ import annotations

from typing import Any

from adlcalc.report.columns.shared import STEP, TIME, several, shown_position
from adlcalc.report.field import Field, Rows
from adlcalc.report.human import NOTHING, clean
from adlcalc.report.table import lines

HOW = {
    ("spared", "exempt"): "due, but exempt",
    ("spared", "halt"): "due, but the market is halted",
    ("refused", "withdraw"): "withdrawal refused",
    ("refused", "margin"): "margin not moved",
    ("refused", "trade"): "trade refused",
}


def _how(row: Any, _: Any) -> str:
    return HOW.get((row.kind, row.what or ""), str(row.kind))


def _position(row: Any, run: Any) -> str:
    """What was traded or closed; where nothing was, the market where there are several."""
    if row.size is not None:
        return shown_position(row, run)
    return clean(row.market) if row.market is not None and several(run) else NOTHING


HAPPENED = Rows(
    "events",
    "what the path brought besides marks, and what came of it",
    (
        STEP,
        TIME,
        Field(
            "kind",
            "text",
            "deposit, withdraw, margin, trade, fund deposit, settle, settled, halt, resume, spared, refused, "
            "stop, "
            "take-profit, stop missed, mark moved (by fills in the book), mark recovering or fee",
            heading="what",
            shown=_how,
        ),
        Field(
            "account",
            "account",
            "whose",
            null=True,
            heading="account",
            hide=True,
            shown=lambda row, _: row.account or row.bankrupt,
        ),
        Field("fund", "fund", "of a deposit to a fund: which", null=True),
        Field("market", "market", "in which market", null=True),
        Field("side", "side", "long (of a trade: bought) or short", null=True),
        Field("size", "number", "contracts", null=True, heading="position", shown=_position, look=lines),
        Field("price", "number", "at which price", null=True, heading="at\nprice", hide=True),
        Field(
            "trigger",
            "number",
            "of a stop or take-profit: its price; of a mark that moved: what it was",
            null=True,
            heading="instead\nof",
            hide=True,
        ),
        Field("closed", "number", "of a trade: contracts closed of the other side", null=True),
        Field("opened", "number", "of a trade: contracts opened", null=True),
        Field(
            "realized_pnl",
            "number",
            "pnl that it realized",
            null=True,
            heading="realized\npnl",
            hide=True,
            zero=NOTHING,
        ),
        Field(
            "amount",
            "number",
            "money moved, or needed; of a stop or take-profit: how much less it brought than at its price",
            null=True,
            heading="amount",
            hide=True,
            zero=NOTHING,
        ),
        Field(
            "allowed", "number", "of what was refused: what was free", null=True, heading="free", hide=True
        ),
        Field(
            "what",
            "text",
            "of what was refused: withdraw, margin or trade; of who was spared: exempt or halt; of a fee: "
            "fund or venue",
            null=True,
        ),
        Field(
            "bankrupt",
            "account",
            "of a fee out of what a liquidated position left: whose position that was",
            null=True,
            optional=True,
        ),
    ),
    records="happened",
    table="event",
    optional=True,
    page="step time kind account size trigger price realized_pnl amount allowed",
    by="kind account market side fund",
)
