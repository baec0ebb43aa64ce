"""Prices of a forced trade, by the names that rulebooks give them (rules adl.price, backstop.price).

b = bankruptcy price of what is closed, m = mark, p = mark of the step before, w = price_weight, s = its side
(+1 long, -1 short). A price that is worked out is rounded half even to the tick, since neither side is the
one to be spared; b, m and p are on it.

Public: Known, Price, PRICES, MarkFirst, BySolvency, FILLS, no_gift.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from adlcalc.engine.declared import Takes, given
from adlcalc.ground.numbers import HALF_EVEN, ONE, round_to


class Known(NamedTuple):
    """What a price may be made of."""

    b: Decimal
    m: Decimal
    p: Decimal
    s: int
    tick: Decimal


Price = Callable[[Known], Decimal]


def bankruptcy(x: Known) -> Decimal:
    """b, the bankruptcy price: the trade costs nobody but the closed account."""
    return x.b


def mark(x: Known) -> Decimal:
    """m, the mark: the counterparty gives up nothing, and the fund bears what the closed account lacks."""
    return x.m


def previous_mark(x: Known) -> Decimal:
    """p, the mark of the step before."""
    return x.p


@dataclass(frozen=True, slots=True)
class Mix:
    """w b + (1 - w) m: between the bankruptcy price and the mark. FTX: w = 2/3."""

    price_weight: Decimal = given("w, the weight of the bankruptcy price", Takes.FRACTION, ONE)

    def __call__(self, x: Known) -> Decimal:
        return round_to(self.price_weight * x.b + (ONE - self.price_weight) * x.m, x.tick, HALF_EVEN)


@dataclass(frozen=True, slots=True)
class Spread:
    """m (1 - s w): worse than the mark for the closed side. Deribit."""

    price_weight: Decimal = given("w, the rate of the spread", Takes.FRACTION, ONE)

    def __call__(self, x: Known) -> Decimal:
        return round_to(x.m * (ONE - x.s * self.price_weight), x.tick, HALF_EVEN)


PRICES: Mapping[str, Any] = {
    "bankruptcy": bankruptcy,
    "mark": mark,
    "previous-mark": previous_mark,
    "mix": Mix,
    "spread": Spread,
}
"""The price of a trade that is one price."""


@dataclass(frozen=True, slots=True)
class MarkFirst:
    """At the mark as far as the fund can pay for it, the rest at the bankruptcy price."""

    def __call__(self, x: Known) -> Decimal:
        """The price of the rest."""
        return x.b


@dataclass(frozen=True, slots=True)
class BySolvency:
    """At the mark where the account has equity, else at its bankruptcy price."""

    def __call__(self, x: Known) -> Decimal:
        """The price of a claim; deleveraging.py makes the mark the claim's own price where the account is
        solvent."""
        return x.b


def no_gift(price: Decimal, x: Known) -> Decimal:
    """A price never leaves a bankrupt account better off than its bankruptcy price does: where the mark is at that
    price or beyond, a better one is cut to it. (The mark of the step before may lie far on the other side of a gap.)"""
    if (x.m <= x.b) if x.s > 0 else (x.m >= x.b):
        return min(price, x.b) if x.s > 0 else max(price, x.b)
    return price


FILLS: Mapping[str, Any] = {**PRICES, "mark-then-bankruptcy": MarkFirst, "mark-if-solvent": BySolvency}
"""How a deleveraging is filled: at one price at once, or in one of two steps (rule adl.price)."""
