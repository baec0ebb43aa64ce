"""Scores: small named functions of one position that order the queue, highest first.

A score gets the amounts below and returns one exact quotient (60 digits: equal fractions give equal scores, and different ones differ
there for all amounts the engine accepts).

    pnl          unrealized pnl at the mark
    entry_value  |cost|, the notional at entry
    notional     of the position, at the mark
    equity       of the position (isolated) or of the account (cross)
    exposure     notional that the equity carries: of the position (isolated), of all the account's cross positions

Public: Inputs, SCORES, inputs_of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import NamedTuple

from adlcalc.engine.ledger import Holding
from adlcalc.engine.numbers import D, ZERO, divide

INFINITE = D("1E+300")
"""Stands for leverage without equity: first in any queue of winners, last (a score of zero) among losers."""


class Inputs(NamedTuple):
    pnl: Decimal
    entry_value: Decimal
    notional: Decimal
    equity: Decimal
    exposure: Decimal


def inputs_of(holding: Holding) -> Inputs:
    """The amounts of a position at the marks."""
    value = holding.value()
    pnl = value - holding.cost
    notional = abs(value)
    unit = holding.unit
    if unit.isolated:
        return Inputs(pnl, abs(holding.cost), notional, unit.cash() + value, notional)
    equity, exposure = unit.cash(), ZERO
    for other in unit.holdings:
        if other.size:
            worth = other.value()
            equity += worth
            exposure += abs(worth)
    return Inputs(pnl, abs(holding.cost), notional, equity, exposure)


def generic(x: Inputs) -> Decimal:
    """pnl% x effective leverage = pnl / entry value x notional / equity, leverage of the position (isolated) or of the account (cross)."""
    return _profit_times_leverage(x, x.exposure)


def bitmex(x: Inputs) -> Decimal:
    """pnl% x effective leverage for winners, pnl% / effective leverage for losers; effective leverage = |mark value| / (mark value -
    bankrupt value), which is the position's notional / the equity behind it. Source: BitMEX, What is auto-deleveraging."""
    return _profit_times_leverage(x, x.notional)


def _profit_times_leverage(x: Inputs, exposure: Decimal) -> Decimal:
    if x.equity <= 0:
        return INFINITE if x.pnl > 0 else (-INFINITE if x.pnl < 0 else ZERO)
    if x.pnl >= 0:
        return divide(x.pnl * exposure, x.entry_value * x.equity)
    return divide(x.pnl * x.equity, x.entry_value * exposure)


SCORES: Mapping[str, Callable[[Inputs], Decimal]] = {"generic": generic, "bitmex": bitmex}
