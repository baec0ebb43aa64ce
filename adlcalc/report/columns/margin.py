"""How accounts stand at a step, without a run. Public: MARGIN."""

from __future__ import annotations

from dataclasses import replace

from adlcalc.report.columns.health import POSITIONS
from adlcalc.report.columns.shared import AS_OF, ASSUMPTIONS, DESCRIPTION
from adlcalc.report.field import DATA, JSON, Document, Field, Rows

MARGIN = Document(
    "adlcalc.margin/1",
    "How accounts stand at a step, before anybody is liquidated at its marks.",
    (
        Rows(
            "scenario",
            "which step of what",
            (
                Field("title", "text", "its title", of="scenario.title", null=True, prose=True),
                DESCRIPTION,
                Field("venue", "text", "whose rules", of="scenario.venue"),
                AS_OF,
                Field("file", "text", "the name that it was read under", null=True, prose=True),
                Field("step", "step", "at which step"),
                Field("time", "text", "when that is", null=True),
                Field("marks", "numbers", "the mark price by market"),
            ),
            records=lambda standing: standing,
            one=True,
            where=(JSON,),
        ),
        Rows(
            "positions",
            "the open positions, nearest to their liquidation first",
            (
                replace(POSITIONS.fields[0], where=DATA),
                *POSITIONS.fields[1:],
                Field("due", "flag", "its margin unit is due"),
            ),
            table="position",
            by="account market side",
            page=POSITIONS.page,
        ),
        replace(ASSUMPTIONS, where=(JSON,)),
    ),
)
