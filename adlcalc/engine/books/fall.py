"""How far a number is below its best of a window, and what that has done to the fund (rule fund.drawdown).

Public: Fall.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from decimal import Decimal


class Fall:
    """The worth of a fund, or what one contract has brought it (market: which; '' for the fund). stopped: it
    has reached its limit, and has not recovered; fallen: it was below its best then; told: that was told;
    short: what it might still pay was not enough in this step."""

    __slots__ = ("_highs", "_opening", "fallen", "market", "measured", "short", "stopped", "told")

    def __init__(self, measured: Callable[[], Decimal], opening: Decimal, market: str = "") -> None:
        self.measured, self._opening, self.market = measured, opening, market
        # (seconds, number) from which the best is taken, the opening one at the first step: only those that
        # nothing later has reached, so the first is the best
        self._highs: deque[tuple[int, Decimal]] = deque()
        self.stopped = self.fallen = self.told = self.short = False

    def begin(self, seconds: int, window: int | None) -> None:
        """A new step at `seconds`: what has left the window no longer counts."""
        highs, number = self._highs, self.measured() if self._highs else self._opening
        while highs and highs[-1][1] <= number:
            highs.pop()
        highs.append((seconds, number))
        while window is not None and highs[0][0] < seconds - window:
            highs.popleft()

    def best(self) -> Decimal:
        """The highest in the window; before the first step, the opening one."""
        return self.best_with(self.measured())

    def best_with(self, now: Decimal) -> Decimal:
        """The same, where what is measured is known."""
        return max(now, self._highs[0][1] if self._highs else self._opening)

    def depth(self) -> Decimal:
        """How far it is below its best."""
        now = self.measured()
        return self.best_with(now) - now
