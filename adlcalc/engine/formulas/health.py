"""How a margin unit stands: at which marks it is safe, at which mark a position is told to be liquidated, and
what each of its positions is worth when all of its margin is lost.

All positions of the unit in a market move with its mark; the other markets are held. With x = m P (linear) or
m / P (inverse) every value is +-q x and every maintenance margin the largest of lines rate x q x - deduction,
so that

    spare(x) = cash + sign x Q x - sum of maintenance margins          Q: the signed size of all positions in
                                                                       the market

is concave: the marks at which it is not negative form one interval. A long is told its lower end, a short its
upper, wherever the mark stands. cash: all equity but the values in this market, less the maintenance margin
of the positions in others.

Public: Leg, Part, Stand, safe_marks, liquidation_mark, liquidation_price, bankrupt_values, shares_of,
weights_of, SHARE_UNIT, liquidation_worked.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import pairwise
from math import ceil, floor
from typing import NamedTuple

from adlcalc.engine.contract import LINEAR, Contract, LiquidationPrice
from adlcalc.engine.formulas import margin
from adlcalc.engine.formulas.margin import Lines, Quotes
from adlcalc.engine.formulas.worked import How, Worked
from adlcalc.ground.numbers import DOWN, FLOOR, ONE, UP, ZERO, D, divide, drawing, rounder
from adlcalc.ground.objects import record

SHARE_UNIT = D("1E-24")
"""Shares of an equity are kept to 24 decimals before they become a price: far below any tick."""
share_unit = rounder(SHARE_UNIT, FLOOR)


class Leg(NamedTuple):
    """A position of the market: its signed size in contracts, its lines of maintenance margin."""

    signed_size: Decimal
    lines: Lines


Ends = tuple[Fraction | None, Fraction | None]


def liquidation_price(quotes: Quotes, legs: Sequence[Leg], cash: Decimal) -> Decimal | None:
    """The tick at which a position of a side is told to be liquidated: none on its safe side is due, the
    first beyond it is. None where no mark on its losing side is due, or no tick is safe.

    It is the end of the safe marks, rounded toward them (or as the venue does it:
    contract.liquidation_price), values taken unrounded: whether equity at the maintenance margin is due (rule
    due) is asked of this one tick alone."""
    if len(legs) == 1 and not margin.hurt_both_ways(legs[0].lines):  # has one end, and a formula
        size, lines = legs[0]
        return quotes.liquidation_price(abs(size), lines, cash)
    contract, side, tick = quotes.contract, quotes.side, quotes.tick
    low, high = _safe(contract, legs, Fraction(cash)) or (None, None)
    end = low if side > 0 else high
    if end is None:
        return None
    rounding, exactly = quotes.to_liquidation, end / Fraction(tick)
    if contract.liquidation_price != LiquidationPrice.AGAINST_ACCOUNT:
        whole = floor(exactly) if rounding == DOWN else ceil(exactly) if rounding == UP else round(exactly)
        return whole * tick if whole > 0 else None
    ticks = ceil(exactly) if side > 0 else floor(exactly)
    price = ticks * tick
    within = (low is None or low <= Fraction(price)) and (high is None or Fraction(price) <= high)
    return price if ticks > 0 and within else None


# --- where nothing is rounded -------------------------------------------------------------------------------


def safe_marks(
    contract: Contract, legs: Sequence[Leg], cash: Decimal
) -> tuple[Decimal | None, Decimal | None] | None:
    """(lower, upper) end of the marks at which the unit is safe, unrounded, None for an end that there is
    not; None where no mark is safe."""
    ends = _safe(contract, legs, Fraction(cash))
    if ends is None:
        return None
    low, high = (None if end is None else divide(D(end.numerator), D(end.denominator)) for end in ends)
    return low, high


def liquidation_mark(contract: Contract, legs: Sequence[Leg], cash: Decimal, side: int) -> Decimal | None:
    """The mark at which a position of `side` is told to be liquidated, unrounded: the end of the safe marks
    on its losing side."""
    ends = safe_marks(contract, legs, cash)
    return None if ends is None else ends[0] if side > 0 else ends[1]


def _safe(contract: Contract, legs: Sequence[Leg], cash: Fraction) -> Ends | None:
    """`safe_marks` as fractions."""
    linear = contract.kind == LINEAR
    slope = sum((Fraction(leg.signed_size) for leg in legs), Fraction()) * (1 if linear else -1)
    sizes = [abs(Fraction(leg.signed_size)) for leg in legs]
    lines = [[(Fraction(rate), Fraction(less)) for rate, less in leg.lines] for leg in legs]

    def left(x: Fraction) -> Fraction:
        needed = (max(r * q * x - d for r, d in own) for q, own in zip(sizes, lines, strict=True))
        return cash + slope * x - sum(needed, Fraction())

    corners = {Fraction()}
    for q, own in zip(sizes, lines, strict=True):
        corners |= {
            (d1 - d0) / (q * (r1 - r0)) for (r0, d0), (r1, d1) in pairwise(own) if r1 > r0 and d1 > d0
        }
    points = sorted(corners)
    points.append(points[-1] + 1)
    spares = [left(x) for x in points]
    low: Fraction | None = None
    high: Fraction | None = None
    for i, ((x0, x1), (y0, y1)) in enumerate(zip(pairwise(points), pairwise(spares), strict=True)):
        if y0 == y1:
            continue
        crossing = x0 + (x1 - x0) * y0 / (y0 - y1)
        if x0 <= crossing and (crossing <= x1 or i == len(points) - 2):  # the last one has no end
            if y1 < y0:
                high = crossing
            elif crossing:
                low = crossing
    if high == 0 or (low is None and high is None and spares[0] <= 0):  # equity at maintenance is due
        return None
    return _marks(contract, low, high)


def _marks(contract: Contract, low: Fraction | None, high: Fraction | None) -> Ends:
    """Ends in x -> ends in the mark; x = m / P turns them round."""
    m = Fraction(contract.multiplier)
    if contract.kind == LINEAR:
        return None if low is None else low / m, None if high is None else high / m
    return None if high is None else m / high, None if low is None else m / low


# --- bankruptcy ---------------------------------------------------------------------------------------------


def bankrupt_values(
    cash: Decimal, values: Sequence[Decimal], maintenances: Sequence[Decimal]
) -> list[Decimal]:
    """The value at which each position of a unit has lost its share of the unit's equity: value(P) =
    value(mark) - share.

    One position has the whole equity (value(P) = -cash); several share it in proportion to their maintenance
    margins (to their notionals where none has any, in equal parts where none is worth anything)."""
    if len(values) == 1:
        return [-cash]
    _, weights = weights_of(values, maintenances)
    shares = shares_of(cash + sum(values, ZERO), weights, sum(weights, ZERO))
    return [v - share for v, share in zip(values, shares, strict=True)]


def shares_of(equity: Decimal, weights: Sequence[Decimal], whole: Decimal) -> list[Decimal]:
    """What each position has of the equity; rounded down, so that together they are no more than it."""
    return [share_unit(divide(equity * weight, whole)) for weight in weights]


def weights_of(values: Sequence[Decimal], maintenances: Sequence[Decimal]) -> tuple[str, list[Decimal]]:
    """By what the equity is shared: a word for it, and how much each position has of it."""
    if any(maintenances):
        return "maintenance margin", list(maintenances)
    if any(values):
        return "notional", [abs(v) for v in values]
    return "part", [ONE] * len(values)


# --- how a liquidation price is told ------------------------------------------------------------------------


class Part(NamedTuple):
    """An open position of a unit with its lines of maintenance margin, and the mark of its market."""

    market: str
    quotes: Quotes
    signed_size: Decimal
    lines: Lines
    mark: Decimal

    def value(self) -> Decimal:
        """At the mark."""
        return margin.value(self.quotes.contract, self.signed_size, self.mark, self.quotes.unit)


class Stand(NamedTuple):
    """How a unit stood: what the liquidation prices of its positions are made of, which are worked out where
    somebody asks for one. cash: equity but for the values at the marks; alone: no position is beside it."""

    parts: tuple[Part, ...]
    cash: Decimal
    alone: bool

    def liquidation_how(self, market: str, side: int) -> How:
        """How the mark of a market comes about at which the position there is told to be liquidated
        (`liquidation_price`); nothing where there is none."""
        with drawing():
            here = [part for part in self.parts if part.market == market]
            quotes = next((part.quotes for part in here if part.quotes.side == side), None)
            if quotes is None:
                return ()
            legs = [Leg(part.signed_size, part.lines) for part in here]
            value = sum((part.value() for part in here), ZERO)
            # the other markets are held: equity there, less what the positions need
            held = [(part.value(), part.lines) for part in self.parts if part.market != market]
            equity = self.cash + value + sum((worth for worth, _ in held), ZERO)
            needed = sum((margin.maintenance_margin(lines, abs(worth)) for worth, lines in held), ZERO)
            cash = equity - value - needed
            price = liquidation_price(quotes, legs, cash)
            if price is None:
                return ()
            made = liquidation_worked(quotes, legs, cash, price)
            return (made,) if self.alone else (free_worked(quotes, value, equity, needed), made)


def free_worked(quotes: Quotes, value: Decimal, equity: Decimal, needed: Decimal) -> Worked:
    """What the positions of a market are worth without the equity that is free: that is not needed by those
    in others."""
    sign, back = ("-", "+") if quotes.rises else ("+", "-")
    result, formula = value - equity + needed, f"[value at the mark] {sign} [equity]"
    parts: tuple[Decimal, ...] = (value if quotes.rises else -value, equity)
    if needed:
        formula, parts = f"{formula} {back} [maintenance margin of the other markets]", (*parts, needed)
    return Worked(
        "value without the equity that is free", result if quotes.rises else -result, formula, parts
    )


def liquidation_worked(quotes: Quotes, legs: Sequence[Leg], cash: Decimal, price: Decimal) -> Worked:
    """How `liquidation_price` came about, from the lines of maintenance margin that count there.

    Where equity without the legs' values (cash) and their values are together their maintenance margins: x
    (net size - sum of rate x size) = spent - deductions, with spent = -cash, for a net position whose value
    rises with x, and x (net size + sum of rate x size) = spent + deductions, with spent = cash, for one whose
    value falls with it."""
    contract, up, linear, one, deductions = quotes.contract, quotes.rises, quotes.linear, quotes.one, ZERO
    numbers: tuple[Decimal, ...]
    if len(legs) == 1:
        q, found = legs[0]
        size = abs(q)
        rate, deductions = found[0] if len(found) == 1 else _counting(contract, found, size, price)
        numbers = (rate, size)
    else:
        lines = [(abs(q), *_counting(contract, found, abs(q), price)) for q, found in legs]
        net = sum((q for q, _ in legs), ZERO) * (1 if up == linear else -1)
        numbers = (net, sum((size * rate for size, rate, _ in lines), ZERO))
        deductions = sum((d for _, _, d in lines), ZERO)
    spent = -cash if up else cash
    numbers = (spent, deductions, *numbers) if deductions else (spent, *numbers)
    if not linear:
        numbers = (contract.multiplier, *numbers)
    elif not one:
        numbers = (*numbers, contract.multiplier)
    formula = _formula(linear, one, up, bool(deductions), len(legs) == 1)
    return record(Worked, ("liquidation price", price, formula, numbers, quotes.tick, quotes.to_liquidation))


@cache
def _formula(linear: bool, one: bool, up: bool, deducted: bool, alone: bool) -> str:
    """The formula of `liquidation_worked` in words; one: the multiplier is 1."""
    sign = "-" if up else "+"
    above = f"([that value] {sign} [deduction])" if deducted else "[that value]"
    below = f"(1 {sign} [rate]) / [size]" if alone else f"([net size] {sign} [sizes x rates])"
    formula = f"{above} / {below}"
    if not linear:
        return f"[multiplier] / ({formula})"
    return formula if one else f"{formula} / [multiplier]"


def _counting(contract: Contract, lines: Lines, size: Decimal, price: Decimal) -> tuple[Decimal, Decimal]:
    """The line that is the maintenance margin of the notional at a price."""
    if len(lines) == 1:
        return lines[0]
    with drawing():  # which line is told; more than 60 digits tell no two of them apart
        contracts = size * contract.multiplier
        n = contracts * price if contract.kind == LINEAR else contracts / price
        return max(lines, key=lambda line: line[0] * n - line[1])
