"""The leverage that a tier allows.

Public: max_leverage.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from decimal import Decimal
from operator import attrgetter

from adlcalc.engine.model import Maintenance


def max_leverage(rule: Maintenance, size: Decimal, entry_value: Decimal) -> Decimal | None:
    """The highest leverage that may be chosen for a position, by its tier; a notional of exactly its end is
    still inside it."""
    basis = size if rule.by == "size" else entry_value
    bisect = bisect_left if rule.by == "notional" else bisect_right
    return rule.tiers[max(bisect(rule.tiers, basis, key=attrgetter("floor")) - 1, 0)].max_leverage
