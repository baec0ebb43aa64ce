"""All documents that are printed, by name. Public: DOCUMENTS."""

from __future__ import annotations

from collections.abc import Mapping

from adlcalc.report.columns.check import CHECK
from adlcalc.report.columns.compare import COMPARE
from adlcalc.report.columns.cover import COVER
from adlcalc.report.columns.doubt import DOUBT
from adlcalc.report.columns.explain import EXPLAIN
from adlcalc.report.columns.manifest import MANIFEST, VERIFY
from adlcalc.report.columns.margin import MARGIN
from adlcalc.report.columns.rank import RANK
from adlcalc.report.columns.run import RUN
from adlcalc.report.columns.scores import SCORE_TEST
from adlcalc.report.columns.solve import SOLVE
from adlcalc.report.columns.sweep import SWEEP
from adlcalc.report.columns.venues import RULES, SCORE, VALIDATION, VENUE, VENUES
from adlcalc.report.field import Document

DOCUMENTS: Mapping[str, Document] = {
    one.name.split(".")[1].split("/")[0]: one
    for one in (
        RUN,
        MARGIN,
        RANK,
        EXPLAIN,
        COMPARE,
        VENUES,
        VENUE,
        SCORE,
        RULES,
        CHECK,
        MANIFEST,
        VERIFY,
        COVER,
        SOLVE,
        SCORE_TEST,
        SWEEP,
        DOUBT,
        VALIDATION,
    )
}
"""Every JSON document that is printed, by name."""
