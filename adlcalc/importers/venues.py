"""Which venue a position of ccxt comes from, and where its own fields keep size, entry, mark, margin and ADL indicator.

ccxt passes the venue's row on as `info`; its texts are exact, ccxt's own numbers have been through a float.

Public: Venue, VENUES, venue_of, indicator, Indicator.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from adlcalc.ground.numbers import D
from adlcalc.importers.fields import Fields, number_in
from adlcalc.venues.adl_scale import SCALES, Scale


class Venue(NamedTuple):
    """Names of fields in `info`. signs: a row that has one of these is the venue's; margin: of an isolated position, no pnl."""

    signs: tuple[str, ...]
    size: str | None = None
    entry: str | None = None
    mark: str | None = None
    margin: str | None = None


VENUES: Mapping[str, Venue] = {
    "binance": Venue(("positionAmt",), "positionAmt", "entryPrice", "markPrice", "isolatedWallet"),
    "bybit": Venue(("adlRankIndicator", "positionIdx"), "size", "avgPrice", "markPrice", "positionBalance"),
    "okx": Venue(("avgPx",), "pos", "avgPx", "markPx", "margin"),
    "bitget": Venue(("openPriceAvg", "holdSide", "posSide"), "total", "openPriceAvg", "markPrice", "marginSize"),
    "gate": Venue(("adl_ranking", "cross_leverage_limit"), "size", "entry_price", "mark_price", "margin"),
    "kucoin": Venue(("delevPercentage",), "currentQty", "avgEntryPrice", "markPrice", "posMargin"),
    "bitmex": Venue(("deleveragePercentile", "bankruptPrice"), "currentQty", "avgEntryPrice", "markPrice"),
    "phemex": Venue(
        ("deleveragePercentileRr", "deleveragePercentileEr", "avgEntryPriceRp"), "size", "avgEntryPriceRp", "markPriceRp"
    ),
    "htx": Venue(("adl_risk_percent", "contract_code"), "volume", "cost_open", None, "position_margin"),
    "delta": Venue(("adl_level", "product_symbol"), "size", "entry_price", "mark_price", "margin"),
    "hyperliquid": Venue(("position",), "position.szi", "position.entryPx"),
    "mexc": Venue(("holdAvgPrice",), "holdVol", "holdAvgPrice"),
    "deribit": Venue(("instrument_name",), "size", "average_price", "mark_price"),
}


def venue_of(position: Fields) -> str | None:
    """The venue whose row `info` looks like, the first in the order above; None if it is nobody's."""
    for name, venue in VENUES.items():
        if any(position.at(f"info.{sign}") is not None for sign in venue.signs):
            return name
    return None


class Indicator(NamedTuple):
    """What the venue shows of a position's place in the queue: its field, the text as given, and the lights (None: no place)."""

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


ONE_UNIT = D(1)


def _fields(venue: str | None, position: Fields, side: int) -> list[tuple[str, Scale | None, Decimal]]:
    """(field, scale, unit) in the order in which they are looked for."""
    if venue is None:
        return []
    scale = SCALES.get(venue)
    if venue == "binance":
        # in hedge mode each side has its own; HEDGE is only a marker
        sides = (
            ("LONG" if side > 0 else "SHORT", "BOTH") if position.text("info.positionSide") in ("LONG", "SHORT") else ("BOTH",)
        )
        return [(field, scale, ONE_UNIT) for field in (*(f"adlQuantile.{key}" for key in sides), "adlQuantile", "adl")]
    if venue == "bitget":
        # the older interface has `rank`, and an `adlRank` that counts from the other end; in the unified one 1 is the front
        older = position.at("info.openPriceAvg") is not None or position.at("info.holdSide") is not None
        reverse = Scale("adlRank", "fraction-reversed" if older else "fraction")
        return [("rank", scale, ONE_UNIT), ("adlRank", reverse, ONE_UNIT)]
    if venue == "phemex":
        return [("deleveragePercentileRr", scale, ONE_UNIT), ("deleveragePercentileEr", scale, D("1E-8"))]
    if venue == "delta":
        return [("adl_level", None, ONE_UNIT)]
    return [(scale.field, scale, ONE_UNIT)] if scale else []
