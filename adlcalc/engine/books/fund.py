"""The insurance fund: it keeps surpluses and pays shortfalls while it may.

Public: FundBook, largest_affordable.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from adlcalc.engine.model import Fund
from adlcalc.engine.rules import FundRules
from adlcalc.ground.numbers import DOWN, ONE, ZERO, D, divide, round_to, rounder

ENDLESS = D("1E+50")
"""What a fund that may go below zero can always pay."""


class FundBook:
    """An insurance fund while it runs."""

    __slots__ = ("_history", "_money", "_opening_peak", "_stopped", "balance", "floor", "name", "rules")

    def __init__(self, fund: Fund, rules: FundRules, unit: Decimal) -> None:
        self.name, self.balance, self.floor, self.rules = fund.name, fund.balance, fund.floor, rules
        self._money = rounder(unit, DOWN)
        self._stopped = False
        # (seconds, balance) from which the peak is taken; a peak that the scenario gives counts from the first step
        self._history: list[tuple[int, Decimal]] = []
        self._opening_peak = fund.balance if fund.peak is None else max(fund.peak, fund.balance)

    def begin(self, seconds: int) -> None:
        """A new step at `seconds`: what has left the window no longer counts, and a stopped fund may have recovered."""
        drawdown = self.rules.drawdown
        if drawdown is None:
            return
        self._history.append((seconds, self.balance if self._history else self._opening_peak))
        if drawdown.window is not None:
            self._history = [entry for entry in self._history if entry[0] >= seconds - drawdown.window]
        if self._stopped and self.balance > self.peak() * (ONE - drawdown.stop):
            self._stopped = False

    def peak(self) -> Decimal:
        """The highest balance in the window; before the first step, the opening one."""
        return max(self.balance, max((balance for _, balance in self._history), default=self._opening_peak))

    @property
    def stopped(self) -> bool:
        """Has its drawdown stopped it?"""
        return self._stopped

    def reserve(self) -> Decimal:
        """What it has above its floor, stopped by its drawdown or not: it pays losses that are made already, and ADL at the
        mark.
        """
        return ENDLESS if self.rules.negative else max(self.balance - self.floor, ZERO)

    def available(self) -> Decimal:
        """What it may still pay: the balance above its floor, or above where its drawdown stops it; never below zero.

        Drawdown: down to peak - max(start x peak, at_least), where that is more than `above`. Once there it pays nothing
        until it is less than `stop` below the peak.
        """
        drawdown = self.rules.drawdown
        if drawdown is None or self.rules.negative:
            return self.reserve()
        peak = self.peak()
        limit = peak - max(drawdown.start * peak, drawdown.at_least)
        left = self._money(self.balance - (max(self.floor, limit) if limit > drawdown.above else self.floor))
        if left <= 0:
            self._stopped = True
        return ZERO if self._stopped else left


def largest_affordable(size: Decimal, lot: Decimal, loss: Callable[[Decimal], Decimal], available: Decimal) -> Decimal:
    """How much of `size` the fund can pay for: all of it, or the largest whole number of lots whose loss it can afford.

    `loss(x)`: the shortfall of closing x, in money; it rises with x beyond the point where it is positive.
    """
    if loss(size) <= available:
        return size
    low, high = ZERO, round_to(divide(size, lot), ONE, DOWN)  # in lots; low is affordable, high + 1 is not
    if high and loss(high * lot) <= available:
        return high * lot
    while high - low > 1:
        middle = round_to(divide(low + high, ONE + ONE), ONE, DOWN)
        if loss(middle * lot) <= available:
            low = middle
        else:
            high = middle
    return low * lot
