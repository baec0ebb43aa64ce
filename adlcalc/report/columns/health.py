"""How the open positions stand: margin, liquidation price, and how far away that is.

Public: POSITIONS, MARGIN_RATIO, DISTANCE, OF_UNIT, shown_ratio."""

from __future__ import annotations

from decimal import Decimal

from adlcalc.ground.numbers import D, round_to
from adlcalc.report.columns.shared import MARKET, shown_position
from adlcalc.report.field import DIGITS, Field, Plain, Rows, told
from adlcalc.report.human import NOTHING, digits
from adlcalc.report.table import lines, right
from adlcalc.study.expected import HELD

RATIO_SCHEMA: Plain = {"type": "string", "pattern": DIGITS["pattern"][:-1] + "$|^inf$"}
MARGIN_RATIO = Field(
    "margin_ratio",
    "text",
    "maintenance margin / equity of its margin unit; inf at an equity of zero or less",
    of="ratio_text",
    of_schema=RATIO_SCHEMA,
    null=True,
    heading="margin\nratio",
    shown=lambda row, _: shown_ratio(row.margin_ratio),
    look=right,
    drop=7,
)
DISTANCE = Field(
    "distance",
    "number",
    "|mark - liquidation price| / mark; 0 where it is due, none where no mark makes it so",
    of="shown_distance",
    null=True,
    heading="away",
    shown=lambda row, _: "due" if row.due else shown_ratio(row.distance),
    look=right,
    drop=8,
)


def shown_ratio(x: Decimal | None) -> str:
    """A ratio for reading, to four decimals; what is less is not shown as none."""
    if x is None:
        return NOTHING
    if not x.is_finite():
        return "inf"
    rounded = round_to(x, D("0.0001"))
    return digits(rounded, 4) if rounded or not x else "<0.0001"


OF_UNIT = "of its margin unit; none of what no account holds"
POSITIONS = Rows(
    "positions",
    "the positions held at the end, and how they stand",
    (
        Field("account", "account", "whose it is", where=(), heading="account"),
        MARKET,
        told(HELD["side"]),
        told(HELD["size"], heading="position", shown=shown_position, look=lines),
        told(HELD["entry_price"], of="entry", heading="entry\nprice", drop=1),
        Field("mark_price", "number", "the last mark price", of="mark", heading="mark\nprice", drop=5),
        Field("unrealized_pnl", "number", "pnl at the last mark price"),
        Field("collateral", "number", "its own margin; none where it is cross", null=True),
        Field("margin", "text", "isolated or cross", null=True, heading="margin", drop=3),
        Field("equity", "number", f"equity {OF_UNIT}", null=True, heading="equity", drop=4),
        told(HELD["maintenance_margin"], null=True),
        Field(
            "unit_maintenance",
            "number",
            f"maintenance margin {OF_UNIT}",
            null=True,
            heading="mainte\xad\nnance",
            drop=2,
        ),
        MARGIN_RATIO,
        told(HELD["liquidation_price"], null=True, heading="liquidation\nprice"),
        told(HELD["bankruptcy_price"], null=True, heading="bankruptcy\nprice", drop=6),
        DISTANCE,
    ),
    table="position",
    under="account",
    page="account size margin entry_price mark_price liquidation_price distance bankruptcy_price "
    "margin_ratio "
    "equity"
    " unit_maintenance",
    by="account market",
)
