"""How far a number is below its best of a window, and what that has done to the fund (rule fund.drawdown).

Public: Fall.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal


class Fall:
    """The worth of a fund, or what one contract has brought it (market: which; '' for the fund). stopped: it has
    reached its limit, and has not recovered; fallen: it was below its best then; told: that was told; short:
    what it might still pay was not enough in this step."""

    __slots__ = ("_history", "_opening", "fallen", "market", "measured", "short", "stopped", "told")

    def __init__(self, measured: Callable[[], Decimal], opening: Decimal, market: str = "") -> None:
        self.measured, self._opening, self.market = measured, opening, market
        # (seconds, number) from which the best is taken; the opening one counts from the first step
        self._history: list[tuple[int, Decimal]] = []
        self.stopped = self.fallen = self.told = self.short = False

    def begin(self, seconds: int, window: int | None) -> None:
        """A new step at `seconds`: what has left the window no longer counts."""
        self._history.append((seconds, self.measured() if self._history else self._opening))
        if window is not None:
            self._history = [entry for entry in self._history if entry[0] >= seconds - window]

    def best(self) -> Decimal:
        """The highest in the window; before the first step, the opening one."""
        return max(self.measured(), max((number for _, number in self._history), default=self._opening))

    def depth(self) -> Decimal:
        """How far it is below its best."""
        return self.best() - self.measured()
