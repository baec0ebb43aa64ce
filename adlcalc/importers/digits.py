"""The tick of a market by the digits of its prices.

Public: tick_of.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from adlcalc.engine.model import SMALLEST
from adlcalc.ground.numbers import ONE

NOISE = 15
"""Digits from which on a number may be a float's: 60000.12345678901 and 0.30000000000000004 say nothing of a
tick."""
AT_LEAST = 5
"""Digits after the first one that a tick leaves to every price: 4.39 may move by 0.00001, 60000 by 0.1."""


def tick_of(prices: Iterable[Decimal]) -> Decimal:
    """The last digit that a price has: 0.01 of 60000.25 and 61000. Round prices say little of a tick, so each
    keeps at least six digits; an average or a float that has every digit says nothing."""
    given = [price.normalize() for price in prices if price > 0]
    digits = [int(price.as_tuple().exponent) for price in given if len(price.as_tuple().digits) < NOISE]
    return ONE.scaleb(
        min([*digits, *(price.adjusted() - AT_LEAST for price in given)], default=SMALLEST.adjusted())
    )
