"""The insurance fund: it keeps surpluses and pays shortfalls while it may.

Public: FundBook, largest_affordable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import partial

from adlcalc.engine.books.fall import Fall
from adlcalc.engine.events import FundResumed, FundStopped
from adlcalc.engine.formulas.worked import Worked
from adlcalc.engine.model import Fund
from adlcalc.engine.rules import Drawdown, FundRules, Measured
from adlcalc.ground.numbers import DOWN, ZERO, D, divide, rounder

ENDLESS = D("1E+50")
"""What a fund that may go below zero can always pay."""


class FundBook:
    """An insurance fund while it runs. pnl: what each contract has brought it; news: that it stopped or
    resumed paying, not yet told; the step is put in by whoever tells it."""

    __slots__ = (
        "_contracts",
        "_money",
        "_whole",
        "balance",
        "behind",
        "floor",
        "held",
        "name",
        "news",
        "pnl",
        "rules",
    )

    def __init__(self, fund: Fund, rules: FundRules, unit: Decimal) -> None:
        self.name, self.balance, self.floor, self.rules = fund.name, fund.balance, fund.floor, rules
        self._money = rounder(unit, DOWN)
        self.behind: FundBook | None = None  # who pays what this one cannot
        # the pnl of what it holds (of a contract: its name), where its rule lets it hold
        self.held: Callable[[str], Decimal] | None = None
        self.news: list[FundStopped | FundResumed] = []
        self.pnl: dict[str, Decimal] = {}
        peak = fund.balance if fund.peak is None else max(fund.peak, fund.balance)
        self._whole = Fall(self.worth, peak)
        self._contracts: dict[str, Fall] = {}

    def stands_behind(self, contracts: Sequence[str]) -> None:
        """The contracts that it stands behind. A peak that the scenario gives is a fall of the only one; of
        which of several it is not known."""
        alone = len(contracts) == 1
        for name in contracts:
            self.pnl[name] = ZERO
            self._contracts[name] = Fall(
                partial(self.brought_by, name), self._whole.depth() if alone else ZERO, name
            )

    def take_apart(self) -> None:
        """The run is over: its falls ask it no more, nor it the ledger."""
        self.held = None
        for fall in (self._whole, *self._contracts.values()):
            del fall.measured

    def brought_by(self, contract: str) -> Decimal:
        """What a contract has brought the fund since the start, with the pnl at the mark of what is held."""
        return self.pnl[contract] + (ZERO if self.held is None else self.held(contract))

    def _falls(self) -> Iterator[Fall]:
        """All that its drawdown is measured on."""
        drawdown = self.rules.drawdown
        if drawdown is not None and drawdown.measure == Measured.CONTRACT_PNL and self._contracts:
            yield from self._contracts.values()
        elif drawdown is not None:
            yield self._whole

    def _fall(self, contract: str) -> Fall:
        """What its drawdown is measured on where it is asked to pay for a contract."""
        return next((one for one in self._falls() if one.market == contract), self._whole)

    def begin(self, seconds: int) -> None:
        """A new step at `seconds`: what has left the window no longer counts, and a stopped fund may have
        recovered."""
        drawdown = self.rules.drawdown
        if drawdown is None:
            return
        self._whole.begin(seconds, drawdown.window)
        for fall in self._falls():
            fall.short = False
            if fall is not self._whole:
                fall.begin(seconds, drawdown.window)
            if fall.stopped and fall.depth() < drawdown.stop * self.peak():
                fall.stopped = fall.fallen = False
                self._tell_resumed(fall, "stop", drawdown.stop)
            elif (
                fall.told and not fall.stopped and self._left(drawdown, fall) > 0
            ):  # nobody need ask it first
                self._tell_resumed(fall, "start", drawdown.start)

    def peak(self) -> Decimal:
        """The highest worth in the window; before the first step, the opening one."""
        return self._whole.best()

    @property
    def stopped(self) -> bool:
        """Has its drawdown stopped it, for any contract?"""
        return any(fall.stopped for fall in self._falls())

    def triggered(self, contract: str) -> bool:
        """Has it fallen, and has that stopped it, or left nothing of it? (One that never held anything has
        not fallen.)"""
        return self._fall(contract).fallen or (self.can_bear_all() <= 0 and self.peak() > self.floor)

    def look(self) -> None:
        """At its drawdown, by what it is worth now: has that stopped it?"""
        if self.rules.drawdown is not None and not self.rules.negative:
            for fall in self._falls():
                self._look(self.rules.drawdown, fall)

    def _look(self, drawdown: Drawdown, fall: Fall) -> None:
        if self._left(drawdown, fall) <= 0:
            fall.stopped = True
            fall.fallen = fall.fallen or fall.depth() > 0

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
        return self.balance if self.held is None else self.balance + self.held("")

    def available(self, contract: str = "") -> Decimal:
        """What it may still pay for a contract: the balance above its floor, or above where its drawdown
        stops it; never below zero.

        Drawdown: until its worth is max(start x peak, at_least) below its peak (measure contract-pnl: until
        the contract has brought it so much less than at its best), where it is worth more than `above` then.
        Once there it pays nothing until that is less than `stop` x peak."""
        own = self._available(contract)
        return own if self.behind is None else own + self.behind.available(contract)

    def _available(self, contract: str) -> Decimal:
        drawdown = self.rules.drawdown
        if drawdown is None or self.rules.negative:
            return self.own()
        fall = self._fall(contract)
        self._look(drawdown, fall)
        if fall.stopped:
            return ZERO
        if fall.told:
            self._tell_resumed(fall, "start", drawdown.start)
        return min(self._left(drawdown, fall), self.own())

    def can_bear(self, contract: str) -> Decimal:
        """How much its worth, with the layers behind it, may still fall by what it holds of a contract: to
        its floor, or to where its drawdown stops it; nothing once it is stopped."""
        if self.rules.negative:
            return ENDLESS
        drawdown, behind = (
            self.rules.drawdown,
            ZERO if self.behind is None else self.behind.can_bear(contract),
        )
        if drawdown is None:
            return self.worth() - self.floor + behind
        fall = self._fall(contract)
        return behind if fall.stopped else self._left(drawdown, fall) + behind

    def can_bear_all(self) -> Decimal:
        """How much its worth, with the layers behind it, is above the floors; below zero: what it lacks."""
        if self.rules.negative:
            return ENDLESS
        return self.worth() - self.floor + (ZERO if self.behind is None else self.behind.can_bear_all())

    def _left(self, drawdown: Drawdown, fall: Fall) -> Decimal:
        """Its worth above where it stops; zero or less: there it is."""
        worth = self.worth()
        peak = self._whole.best_with(worth)
        depth = peak - worth if fall is self._whole else fall.depth()
        line = worth - (max(drawdown.start * peak, drawdown.at_least) - depth)
        return self._money(worth - (max(self.floor, line) if line > drawdown.above else self.floor))

    def refuse(self, contract: str = "", *, bears: bool = False) -> None:
        """What it may still pay for a contract (bears: lose by keeping of it) was not enough: news where it
        has more, which the drawdown keeps it from giving."""
        drawdown, fall = self.rules.drawdown, self._fall(contract)
        if drawdown is None or fall.told or fall.short:
            return
        left = ZERO if fall.stopped else max(self._left(drawdown, fall), ZERO)
        worth = self.worth() - self.floor
        if left >= (worth if bears else self.own()) or (left >= worth and not fall.stopped):
            return  # it has no more, or what it holds has lost the rest
        self._tell_stopped(fall, left)

    def look_at_marks(self) -> None:
        """The same as look, where marks have moved: news of what they have stopped, while it is worth something; one
        that is worth nothing more is used up, whatever its limit."""
        before = [fall for fall in self._falls() if fall.stopped]
        self.look()
        for fall in self._falls():
            if (
                fall.stopped
                and fall.fallen
                and fall not in before
                and not fall.told
                and self.worth() > self.floor
            ):
                self._tell_stopped(fall, ZERO)

    def _tell_stopped(self, fall: Fall, left: Decimal) -> None:
        """That it may give `left` more at most."""
        drawdown = self.rules.drawdown
        assert drawdown is not None
        fall.told, fall.short = not left, True
        peak = self.peak()
        parts: tuple[Decimal, ...]
        if drawdown.at_least:
            most, parts = "max([start] x [peak], [at least])", (drawdown.start, peak, drawdown.at_least)
        else:
            most, parts = "[start] x [peak]", (drawdown.start, peak)
        limit = Worked("limit", max(drawdown.start * peak, drawdown.at_least), most, parts)
        self.news.append(
            FundStopped(
                0, self.name, self.worth(), peak, fall.depth(), limit.result, drawdown.window, left, (limit,),
                *_of_contract(fall),
            )
        )  # fmt: skip

    def _tell_resumed(self, fall: Fall, name: str, share: Decimal) -> None:
        """It pays again, if it was told that it does not."""
        if fall.told and self.rules.drawdown is not None:
            fall.told, peak = False, self.peak()
            limit = Worked("limit", share * peak, f"[{name}] x [peak]", (share, peak))
            window = self.rules.drawdown.window
            self.news.append(
                FundResumed(
                    0,
                    self.name,
                    self.worth(),
                    peak,
                    fall.depth(),
                    limit.result,
                    window,
                    (limit,),
                    *_of_contract(fall),
                )
            )


def _of_contract(fall: Fall) -> tuple[str, Decimal | None]:
    """Which contract has fallen, and its best; '' and None of the fund itself."""
    return fall.market, fall.best() if fall.market else None


def largest_affordable(
    size: Decimal, lot: Decimal, loss: Callable[[Decimal], Decimal], available: Decimal
) -> Decimal:
    """How much of `size` the fund can pay for: all of it, or the largest whole number of lots whose loss it
    can afford.

    `loss(x)`: the shortfall of closing x, in money; it rises with x beyond the point where it is positive.
    """
    if loss(size) <= available:
        return size
    low, high = 0, int(divide(size, lot))  # in lots; low is affordable, high + 1 is not
    lost = loss(high * lot) if high else ZERO
    if lost <= available:
        return high * lot
    # a loss is nearly in proportion to the size: the answer is sought from there, in steps that double
    middle, step = max(int(divide(high * available, lost)), 1) if available > 0 else 1, 1
    while high - low > 1:
        if not low < middle < high:
            middle = (low + high) // 2
        if loss(middle * lot) <= available:
            low, middle = middle, middle + step
        else:
            high, middle = middle, middle - step
        step *= 2
    return low * lot
