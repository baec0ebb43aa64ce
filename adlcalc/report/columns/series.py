"""Accounts, funds and markets step by step. Public: SERIES."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from adlcalc.report.columns.health import MARGIN_RATIO, OF_UNIT
from adlcalc.report.columns.shared import STEP, shown_position
from adlcalc.report.field import Field, Rows
from adlcalc.report.human import NOTHING
from adlcalc.report.table import lines
from adlcalc.report.tones import Tone


def _whole(row: Any, run: Any) -> str:
    """'short 1.5'; nothing where the account holds nothing."""
    return NOTHING if row.size is None else shown_position(row, run)


def _of_account(row: Any, _: Any) -> Decimal | None:
    """The equity of the whole account, where that is another than its margin unit's."""
    return None if row.account_equity == row.equity else row.account_equity


SERIES = Rows(
    "series",
    "accounts, funds and markets step by step, where their series were asked for",
    (
        STEP,
        Field("time", "text", "when it was", null=True, heading="time", drop=1, hide=True),
        Field("series", "text", "whose series it is"),
        Field("kind", "text", "account, fund or market"),
        Field("market", "market", "in which market", null=True),
        Field("side", "side", "long or short", null=True),
        Field(
            "size",
            "number",
            "contracts",
            null=True,
            heading="position",
            shown=_whole,
            look=lines,
            drop=2,
            hide=True,
        ),
        Field(
            "mark_price",
            "number",
            "mark price",
            of="mark",
            null=True,
            heading="mark\nprice",
            drop=6,
            hide=True,
        ),
        Field("equity", "number", f"equity {OF_UNIT}", null=True, heading="equity", drop=5, hide=True),
        Field(
            "unit_maintenance",
            "number",
            f"maintenance margin {OF_UNIT}",
            null=True,
            heading="mainte\xad\nnance",
            drop=3,
            hide=True,
        ),
        replace(MARGIN_RATIO, hide=True),
        Field(
            "liquidation_price",
            "number",
            "the mark at which its margin unit is due, the other markets held",
            null=True,
            heading="liquidation\nprice",
            hide=True,
        ),
        Field(
            "rank",
            "count",
            "its place in the queue; none where it stands in none",
            null=True,
            heading="rank",
            hide=True,
        ),
        Field(
            "lights",
            "count",
            "5 in the first fifth of the queue",
            null=True,
            heading="lights",
            drop=4,
            hide=True,
        ),
        Field(
            "balance", "number", "what the fund holds after the step", null=True, heading="balance", hide=True
        ),
        Field(
            "received",
            "number",
            "what it received",
            null=True,
            heading="received",
            zero=NOTHING,
            hide=True,
            tone=Tone.GAIN,
        ),
        Field(
            "paid",
            "number",
            "what it paid",
            null=True,
            heading="paid",
            zero=NOTHING,
            hide=True,
            tone=Tone.LOSS,
        ),
        Field(
            "held",
            "number",
            "unrealized pnl of what the venue holds in its markets",
            null=True,
            heading="pnl of\nwhat is held",
            zero=NOTHING,
            hide=True,
        ),
        Field(
            "liquidated_size",
            "number",
            "contracts that the venue closed",
            of="liquidated",
            null=True,
            heading="liquidated",
            zero=NOTHING,
            hide=True,
        ),
        Field(
            "deleveraged_size",
            "number",
            "contracts closed against counterparties",
            of="deleveraged",
            null=True,
            heading="deleveraged",
            zero=NOTHING,
            hide=True,
        ),
        Field(
            "account_equity",
            "number",
            "equity of the whole account",
            null=True,
            heading="account\nequity",
            shown=_of_account,
            drop=1,
            hide=True,
        ),
    ),
    by="series step market side",
)
