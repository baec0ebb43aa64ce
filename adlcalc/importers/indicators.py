"""What a venue's row says of a position's place in the queue, in lights.

Public: Indicator, indicator.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from adlcalc.ground.numbers import ONE, D
from adlcalc.importers.fields import Fields, number_in
from adlcalc.venues.adl_scale import SCALES, Scale


class Indicator(NamedTuple):
    """The venue's field, the text as given, and the lights (None: no place, or a scale that is not
    published)."""

    field: str
    text: str
    lights: int | None


def indicator(venue: str | None, position: Fields, side: int) -> Indicator | None:
    """The ADL indicator in a venue's row, in lights; None where there is none."""
    for field, scale, unit in _fields(venue, position, side):
        text = position.text(f"info.{field}")
        value = number_in(text) if text is not None else None
        if text is not None and value is not None:
            return Indicator(field, text, scale.lights(value * unit) if scale else None)
    return None


UNPUBLISHED = {
    "delta": "adl_level",
    "blofin": "adl",
    "poloniex": "adl",
    "extended": "adl",
    "woo": "adlQuantile",
    "btse": "adlScoreBucket",
    "aster": "adlQuantile",
}
"""Fields that venues without a published scale have."""


def _fields(venue: str | None, position: Fields, side: int) -> list[tuple[str, Scale | None, Decimal]]:
    """(field, scale, unit) in the order in which they are looked for."""
    if venue is None:
        return []
    scale = SCALES.get(venue)
    if venue == "binance":
        # in hedge mode each side has its own; HEDGE is only a marker
        hedged = position.text("info.positionSide") in ("LONG", "SHORT")
        sides = ("LONG" if side > 0 else "SHORT", "BOTH") if hedged else ("BOTH",)
        return [
            (field, scale, ONE) for field in (*(f"adlQuantile.{key}" for key in sides), "adlQuantile", "adl")
        ]
    if venue == "bitget":
        # the older interface has `rank`, and an `adlRank` that counts from the other end; in the unified one
        # 1 is the front
        older = position.at("info.openPriceAvg") is not None or position.at("info.holdSide") is not None
        reverse = Scale("adlRank", "fraction-reversed" if older else "fraction")
        return [("rank", scale, ONE), ("adlRank", reverse, ONE)]
    if venue == "phemex":
        return [("deleveragePercentileRr", scale, ONE), ("deleveragePercentileEr", scale, D("1E-8"))]
    if venue in UNPUBLISHED:
        return [(UNPUBLISHED[venue], None, ONE)]
    return [(scale.field, scale, ONE)] if scale else []
