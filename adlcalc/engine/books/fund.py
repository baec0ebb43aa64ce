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
        "_fallen", "_history", "_money", "_opening_peak", "_short", "_stopped", "_told", "balance", "behind", "floor",
        "held", "name", "news", "rules",
    )  # fmt: skip

    def __init__(self, fund: Fund, rules: FundRules, unit: Decimal) -> None:
        self.name, self.balance, self.floor, self.rules = fund.name, fund.balance, fund.floor, rules
        self._money = rounder(unit, DOWN)
        self.behind: FundBook | None = None  # who pays what this one cannot
        self.held: Callable[[], Decimal] | None = (
            None  # the pnl of what it holds, where its rule lets it hold
        )
        self._stopped = self._fallen = self._told = self._short = False
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
        self._history.append((seconds, self.worth() if self._history else self._opening_peak))
        if drawdown.window is not None:
            self._history = [entry for entry in self._history if entry[0] >= seconds - drawdown.window]
        if self._stopped and self.worth() > self.peak() * (ONE - drawdown.stop):
            self._stopped = self._fallen = False
            self._tell_resumed("stop", drawdown.stop)
        elif self._told and not self._stopped and self._left(drawdown) > 0:  # nobody need ask it first
            self._tell_resumed("start", drawdown.start)

    def peak(self) -> Decimal:
        """The highest worth in the window; before the first step, the opening one."""
        return max(self.worth(), max((balance for _, balance in self._history), default=self._opening_peak))

    @property
    def stopped(self) -> bool:
        """Has its drawdown stopped it?"""
        return self._stopped

    @property
    def triggered(self) -> bool:
        """Has it fallen, and has that stopped it? (One that never held anything has not fallen.)"""
        return self._fallen

    def look(self) -> None:
        """At its drawdown, by what it is worth now: has that stopped it?"""
        drawdown = self.rules.drawdown
        if drawdown is not None and not self.rules.negative and self._left(drawdown) <= 0:
            self._stopped = True
            self._fallen = self._fallen or self.worth() < self.peak()

    def own(self) -> Decimal:
        """What it has above its floor."""
        return ENDLESS if self.rules.negative else max(self.balance - self.floor, ZERO)

    def reserve(self) -> Decimal:
        """What it and the layers behind it have above their floors, stopped by their drawdowns or not: it
        pays losses that are made already, and ADL at the mark."""
        return self.own() if self.behind is None else self.own() + self.behind.reserve()

    def worth(self) -> Decimal:
        """Its balance, with the pnl at the mark of what it holds where it may hold anything: what drawdowns
        are measured by."""
        return self.balance if self.held is None else self.balance + self.held()

    def available(self) -> Decimal:
        """What it may still pay: the balance above its floor, or above where its drawdown stops it; never
        below zero.

        Drawdown: down to peak - max(start x peak, at_least), where that is more than `above`. Once there it
        pays nothing until it is less than `stop` below the peak."""
        own = self._available()
        return own if self.behind is None else own + self.behind.available()

    def _available(self) -> Decimal:
        drawdown = self.rules.drawdown
        if drawdown is None or self.rules.negative:
            return self.own()
        self.look()
        if self._stopped:
            return ZERO
        if self._told:
            self._tell_resumed("start", drawdown.start)
        return min(self._left(drawdown), self.own())

    def can_bear(self) -> Decimal:
        """How much its worth, with the layers behind it, may still fall by what it holds: to its floor, or to
        where its drawdown stops it; nothing once it is stopped."""
        if self.rules.negative:
            return ENDLESS
        drawdown, behind = self.rules.drawdown, ZERO if self.behind is None else self.behind.can_bear()
        if drawdown is None:
            return self.worth() - self.floor + behind
        return behind if self._stopped else self._left(drawdown) + behind

    def can_bear_all(self) -> Decimal:
        """How much its worth, with the layers behind it, is above the floors; below zero: what it lacks."""
        if self.rules.negative:
            return ENDLESS
        return self.worth() - self.floor + (ZERO if self.behind is None else self.behind.can_bear_all())

    def _left(self, drawdown: Drawdown) -> Decimal:
        """Its balance above where it stops; zero or less: there it is."""
        peak = self.peak()
        limit = peak - max(drawdown.start * peak, drawdown.at_least)
        return self._money(self.worth() - (max(self.floor, limit) if limit > drawdown.above else self.floor))

    def refuse(self) -> None:
        """What it may still pay was not enough: news where it has more, which the drawdown keeps it from
        paying."""
        drawdown = self.rules.drawdown
        if drawdown is None or self._told or self._short:
            return
        left = ZERO if self._stopped else max(self._left(drawdown), ZERO)
        if left >= self.own():
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
        return self.worth(), peak, peak - self.worth()


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
