"""Prices of a forced trade, by the names that rulebooks give them (rules adl.price, backstop.price).

b = bankruptcy price of what is closed, m = mark, p = mark of the step before, w = price_weight, s = its side
(+1 long, -1 short). A price that is worked out is rounded half even to the tick, since neither side is the
one to be spared; b, m and p are on it.

A rule gives its price with how it was worked out, which the event of the trade carries.

Public: Known, Price, PRICES, MarkFirst, BySolvency, FILLS, no_gift, clamped,
capped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from adlcalc.engine.declared import Takes, closed, given
from adlcalc.engine.formulas.worked import Worked, as_it_is, rounded
from adlcalc.ground.numbers import HALF_EVEN, ONE


class Known(NamedTuple):
    """What a price may be made of."""

    b: Decimal
    m: Decimal
    p: Decimal
    s: int
    tick: Decimal


Price = Callable[[Known], Worked]


def bankruptcy(x: Known) -> Worked:
    """b, the bankruptcy price: the trade costs nobody but the closed account."""
    return as_it_is("price", "bankruptcy price", x.b)


def mark(x: Known) -> Worked:
    """m, the mark: the counterparty gives up nothing, and the fund bears what the closed account lacks."""
    return as_it_is("price", "mark", x.m)


def previous_mark(x: Known) -> Worked:
    """p, the mark of the step before."""
    return as_it_is("price", "mark of the step before", x.p)


@closed
class Mix:
    """w b + (1 - w) m: between the bankruptcy price and the mark. FTX: w = 2/3."""

    price_weight: Decimal = given("w, the weight of the bankruptcy price", Takes.FRACTION, ONE)

    def __call__(self, x: Known) -> Worked:
        w, rest = self.price_weight, ONE - self.price_weight
        formula = "[w] x [bankruptcy price] + [1 - w] x [mark]"
        return rounded("price", formula, (w, x.b, rest, x.m), w * x.b + rest * x.m, x.tick, HALF_EVEN)


@closed
class Spread:
    """m (1 - s w): worse than the mark for the closed side. Deribit."""

    price_weight: Decimal = given("w, the rate of the spread", Takes.FRACTION, ONE)

    def __call__(self, x: Known) -> Worked:
        w = self.price_weight
        formula = "[mark] x (1 - [w])" if x.s > 0 else "[mark] x (1 + [w])"
        return rounded("price", formula, (x.m, w), x.m * (ONE - x.s * w), x.tick, HALF_EVEN)


PRICES: Mapping[str, Any] = {
    "bankruptcy": bankruptcy,
    "mark": mark,
    "previous-mark": previous_mark,
    "mix": Mix,
    "spread": Spread,
}
"""The price of a trade that is one price."""


@closed
class MarkFirst:
    """At the mark as far as the fund can pay for it, the rest at the bankruptcy price."""

    def __call__(self, x: Known) -> Worked:
        """The price of the rest."""
        return bankruptcy(x)


@closed
class BySolvency:
    """At the mark where the account has equity, else at its bankruptcy price."""

    def __call__(self, x: Known) -> Worked:
        """The price of a claim; deleveraging.py makes the mark the claim's own price where the account is
        solvent."""
        return mark(x) if x.b == x.m else bankruptcy(x)


def no_gift(price: Worked, x: Known) -> Worked:
    """A price never leaves a bankrupt account better off than its bankruptcy price does: where the mark is at
    that price or beyond, a better one is cut to it. (The mark of the step before may lie far on the other
    side of a gap.)"""
    bankrupt = (x.m <= x.b) if x.s > 0 else (x.m >= x.b)
    if not bankrupt or ((price.result <= x.b) if x.s > 0 else (price.result >= x.b)):
        return price
    least = "min" if x.s > 0 else "max"
    return Worked("price", x.b, f"{least}([price by the rule], [bankruptcy price])", (price.result, x.b))


CLAMPED = "price within the clamp"


def clamped(price: Worked, x: Known, clamp: Decimal | None) -> Worked:
    """A price farther from the mark than `clamp` of it is the mark instead (rule adl.clamp)."""
    if clamp is None or abs(price.result - x.m) <= clamp * x.m:
        return price
    return as_it_is(CLAMPED, "mark", x.m)


def capped(price: Worked, x: Known) -> Worked:
    """A price never worse for what is closed, and so for the fund, than its bankruptcy price (rule
    adl.capped)."""
    if (price.result >= x.b) if x.s > 0 else (price.result <= x.b):
        return price
    most = "max" if x.s > 0 else "min"
    return Worked("price", x.b, f"{most}([price by the rule], [bankruptcy price])", (price.result, x.b))


FILLS: Mapping[str, Any] = {**PRICES, "mark-then-bankruptcy": MarkFirst, "mark-if-solvent": BySolvency}
"""How a deleveraging is filled: at one price at once, or in one of two steps (rule adl.price)."""
