"""The insurance fund: it keeps surpluses and pays shortfalls while it may.

Public: FundBook, largest_affordable.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from adlcalc.engine.events import FundResumed, FundStopped
from adlcalc.engine.formulas.worked import Worked
from adlcalc.engine.model import Fund
from adlcalc.engine.rules import Drawdown, FundRules
from adlcalc.ground.numbers import DOWN, ONE, ZERO, D, divide, round_to, rounder

ENDLESS = D("1E+50")
"""What a fund that may go below zero can always pay."""


class FundBook:
    """An insurance fund while it runs. news: that it stopped or resumed paying, not yet told;
    the step is put in by whoever tells it."""

    __slots__ = (
        "_history", "_money", "_opening_peak", "_short", "_stopped", "_told", "balance", "floor", "name", "news",
        "rules",
    )  # fmt: skip

    def __init__(self, fund: Fund, rules: FundRules, unit: Decimal) -> None:
        self.name, self.balance, self.floor, self.rules = fund.name, fund.balance, fund.floor, rules
        self._money = rounder(unit, DOWN)
        self._stopped = self._told = self._short = False
        self.news: list[FundStopped | FundResumed] = []
        # (seconds, balance) from which the peak is taken; a peak that the scenario gives counts from the
        # first step
        self._history: list[tuple[int, Decimal]] = []
        self._opening_peak = fund.balance if fund.peak is None else max(fund.peak, fund.balance)

    def begin(self, seconds: int) -> None:
        """A new step at `seconds`: what has left the window no longer counts, and a stopped fund may have
        recovered."""
        self._short = False
        drawdown = self.rules.drawdown
        if drawdown is None:
            return
        self._history.append((seconds, self.balance if self._history else self._opening_peak))
        if drawdown.window is not None:
            self._history = [entry for entry in self._history if entry[0] >= seconds - drawdown.window]
        if self._stopped and self.balance > self.peak() * (ONE - drawdown.stop):
            self._stopped = False
            self._tell_resumed("stop", drawdown.stop)

    def peak(self) -> Decimal:
        """The highest balance in the window; before the first step, the opening one."""
        return max(self.balance, max((balance for _, balance in self._history), default=self._opening_peak))

    @property
    def stopped(self) -> bool:
        """Has its drawdown stopped it?"""
        return self._stopped

    def reserve(self) -> Decimal:
        """What it has above its floor, stopped by its drawdown or not: it pays losses that are made already,
        and ADL at the mark."""
        return ENDLESS if self.rules.negative else max(self.balance - self.floor, ZERO)

    def available(self) -> Decimal:
        """What it may still pay: the balance above its floor, or above where its drawdown stops it; never
        below zero.

        Drawdown: down to peak - max(start x peak, at_least), where that is more than `above`. Once there it
        pays nothing until it is less than `stop` below the peak."""
        drawdown = self.rules.drawdown
        if drawdown is None or self.rules.negative:
            return self.reserve()
        left = self._left(drawdown)
        if left <= 0:
            self._stopped = True
        elif self._told and not self._stopped:
            self._tell_resumed("start", drawdown.start)
        return ZERO if self._stopped else left

    def _left(self, drawdown: Drawdown) -> Decimal:
        """Its balance above where it stops; zero or less: there it is."""
        peak = self.peak()
        limit = peak - max(drawdown.start * peak, drawdown.at_least)
        return self._money(self.balance - (max(self.floor, limit) if limit > drawdown.above else self.floor))

    def refuse(self) -> None:
        """What it may still pay was not enough: news where it has more, which the drawdown keeps it from
        paying."""
        drawdown = self.rules.drawdown
        if drawdown is None or self._told or self._short:
            return
        left = ZERO if self._stopped else max(self._left(drawdown), ZERO)
        if left >= self.reserve():
            return
        self._told, self._short = not left, True
        peak = self.peak()
        parts: tuple[Decimal, ...]
        if drawdown.at_least:
            most, parts = "max([start] x [peak], [at least])", (drawdown.start, peak, drawdown.at_least)
        else:
            most, parts = "[start] x [peak]", (drawdown.start, peak)
        limit = Worked("limit", max(drawdown.start * peak, drawdown.at_least), most, parts)
        self.news.append(
            FundStopped(0, self.name, *self._fall(peak), limit.result, drawdown.window, left, (limit,))
        )

    def _tell_resumed(self, name: str, share: Decimal) -> None:
        """It pays again, if it was told that it does not."""
        if self._told and self.rules.drawdown is not None:
            self._told, peak = False, self.peak()
            limit = Worked("limit", share * peak, f"[{name}] x [peak]", (share, peak))
            window = self.rules.drawdown.window
            self.news.append(FundResumed(0, self.name, *self._fall(peak), limit.result, window, (limit,)))

    def _fall(self, peak: Decimal) -> tuple[Decimal, Decimal, Decimal]:
        """Balance, peak, and how far it has fallen from it."""
        return self.balance, peak, peak - self.balance


def largest_affordable(
    size: Decimal, lot: Decimal, loss: Callable[[Decimal], Decimal], available: Decimal
) -> Decimal:
    """How much of `size` the fund can pay for: all of it, or the largest whole number of lots whose loss it
    can afford.

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
