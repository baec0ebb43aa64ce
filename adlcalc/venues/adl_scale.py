"""How the venues' interfaces tell an account its place in the ADL queue, and what that is in lights (5 =
in the first fifth of the queue).

    field                            scale                                lights
    Binance adlQuantile, adl         0 to 4, 4 = front                    value + 1
    Bybit adlRankIndicator           1 to 5, 0 = no position              value
    OKX adl                          1 to 5, 0 = no position              value
    Bitget rank (unified: adlRank)   0 to 1, 1 = front                    5 x value, rounded up
    Gate adl_ranking                 1 = front to 5 = last, 6 = none      6 - value
    KuCoin delevPercentage           0 to 1, direction assumed            5 x value, rounded up
    HTX adl_risk_percent             1 to 5                               value
    Phemex deleveragePercentileRr    0 to 1, direction assumed            5 x value, rounded up
    BitMEX deleveragePercentile      0 to 1, 1 = front                    5 x value, rounded up

Bitget's older adlRank counts from the other end; Delta's adl_level has no published scale; other venues
publish nothing.

Public: SCALES, Scale, scale_of.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from adlcalc.ground.numbers import ONE, UP, ZERO, D, round_to


class Scale(NamedTuple):
    """One venue's field. kind: 'from-0' (0 to 4), 'same' (1 to 5), 'reversed' (1 = front), 'fraction' or
    'fraction-reversed'."""

    field: str
    kind: str

    def lights(self, value: Decimal) -> int | None:
        """The lights of a value; None for 'no position' or a value off the scale."""
        if self.kind in ("fraction", "fraction-reversed"):
            up = value if self.kind == "fraction" else ONE - value
            return max(int(round_to(5 * up, ONE, UP)), 1) if ZERO <= value <= ONE else None
        if value != round_to(value, ONE):
            return None
        found = {"from-0": int(value) + 1, "same": int(value), "reversed": 6 - int(value)}[self.kind]
        return found if 1 <= found <= 5 else None

    def value(self, lights: int) -> Decimal:
        """What the venue would show for that many lights; of a fraction the upper end of the fifth."""
        fraction = D(lights) * D("0.2")
        return {
            "from-0": D(lights - 1),
            "same": D(lights),
            "reversed": D(6 - lights),
            "fraction": fraction,
            "fraction-reversed": ONE - fraction,
        }[self.kind]


SCALES: Mapping[str, Scale] = {
    "binance": Scale("adlQuantile", "from-0"),
    "bybit": Scale("adlRankIndicator", "same"),
    "okx": Scale("adl", "same"),
    "bitget": Scale("rank", "fraction"),
    "gate": Scale("adl_ranking", "reversed"),
    "kucoin": Scale("delevPercentage", "fraction"),
    "htx": Scale("adl_risk_percent", "same"),
    "phemex": Scale("deleveragePercentileRr", "fraction"),
    "bitmex": Scale("deleveragePercentile", "fraction"),
}


def scale_of(venue: str) -> Scale | None:
    """The scale of a venue or of one of its rulebooks ('binance-2019' is Binance's); None where it has
    none."""
    return SCALES.get(venue) or SCALES.get(venue.partition("-")[0])
