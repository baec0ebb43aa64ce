"""The leverage that a tier allows.

Public: max_leverage.
"""

from __future__ import annotations

from decimal import Decimal

from adlcalc.engine.model import Maintenance


def max_leverage(rule: Maintenance, size: Decimal, entry_value: Decimal) -> Decimal | None:
    """The highest leverage that may be chosen for a position, by its tier; a notional of exactly its end is still inside it."""
    basis = size if rule.by == "size" else entry_value
    limit = rule.tiers[0].max_leverage
    for tier in rule.tiers[1:]:
        if basis > tier.floor or (basis == tier.floor and rule.by != "notional"):
            limit = tier.max_leverage
    return limit
