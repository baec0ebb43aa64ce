"""A score as a person reads it.

Public: score_text.
"""

from __future__ import annotations

from decimal import Decimal

from adlcalc.engine.formulas.scores import INFINITE
from adlcalc.report.human import digits, score


def score_text(found: Decimal) -> str:
    """A score for reading; 'infinite' stands for leverage without equity."""
    if abs(found) >= INFINITE:
        return "infinite" if found > 0 else "-infinite"
    return digits(score(found))
