"""What an imported position comes to under a rulebook, held against what its own row says: the liquidation
price above all.

    isolated   cash = collateral - cost
    cross      cash = wallet - costs of all cross positions + the values of other markets at their marks -
               their maintenance

The liquidation price is the end of the marks at which equity is not below maintenance margin
(engine/formulas/health.py). The other way round, the wallet of a cross account is what makes a row's own
liquidation price come out:

    wallet = maintenance margins - pnl, both at that price in its market and at the marks in the others

Public: Unit, lines_of_position, maintenance_at, liquidation_of, wallet_at, off, TOLERANCE.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from adlcalc.engine.formulas.health import Leg, liquidation_mark
from adlcalc.engine.formulas.margin import Lines, lines_of, maintenance_margin
from adlcalc.engine.model import SMALLEST, Maintenance
from adlcalc.ground.numbers import ZERO, D, divide, round_to
from adlcalc.importers.positions import Found

TOLERANCE = D("0.001")
"""A liquidation price is met where it is off by no more than this share of it."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Positions whose margin is one: an isolated position, or the cross positions of an account. rules: by
    market."""

    positions: Sequence[Found]
    rules: Mapping[str, Maintenance]
    money: Decimal

    def with_money(self, money: Decimal) -> Unit:
        """The same positions with other collateral or wallet."""
        return Unit(self.positions, self.rules, money)

    def maintenance(self, one: Found, price: Decimal) -> Decimal:
        """Maintenance margin of one of the positions at a price."""
        return maintenance_at(self.rules[one.symbol], one, price)

    @property
    def equity(self) -> Decimal:
        """At the marks."""
        return self.money + sum((one.pnl for one in self.positions), ZERO)

    @property
    def needed(self) -> Decimal:
        """Maintenance margin at the marks."""
        return sum((self.maintenance(one, one.mark) for one in self.positions), ZERO)


def lines_of_position(rule: Maintenance, one: Found) -> Lines:
    """The lines of a position's maintenance margin under a rule."""
    return lines_of(rule, one.size, one.cost, isolated=not one.cross)


def maintenance_at(rule: Maintenance, one: Found, price: Decimal) -> Decimal:
    """Maintenance margin at a price."""
    return maintenance_margin(lines_of_position(rule, one), abs(one.value_at(price)))


def _cash(unit: Unit, market: str) -> Decimal:
    """All of the unit's equity but the values in a market, less what the other markets need."""
    others = [one for one in unit.positions if one.symbol != market]
    held = sum((one.value_at(one.mark) - unit.maintenance(one, one.mark) for one in others), ZERO)
    return unit.money - sum((one.cost for one in unit.positions), ZERO) + held


def liquidation_of(unit: Unit, one: Found) -> Decimal | None:
    """The liquidation price of one of the positions; None where no price does it."""
    legs = [
        Leg(leg.signed, lines_of_position(unit.rules[leg.symbol], leg))
        for leg in unit.positions
        if leg.symbol == one.symbol
    ]
    price = liquidation_mark(one.contract, legs, _cash(unit, one.symbol), one.side)
    return None if price is None else round_to(price, SMALLEST.scaleb(-4))


def wallet_at(unit: Unit, one: Found, price: Decimal) -> Decimal:
    """The money with which `price` is the liquidation price of a position, half even to the money unit."""
    spare = ZERO
    for leg in unit.positions:
        at = price if leg.symbol == one.symbol else leg.mark
        spare += unit.maintenance(leg, at) - (leg.value_at(at) - leg.cost)
    return round_to(spare, SMALLEST)


def off(ours: Decimal | None, theirs: Decimal) -> Decimal:
    """By how much of theirs ours is off; 1 where there is none."""
    return D(1) if ours is None else abs(divide(ours - theirs, theirs))
