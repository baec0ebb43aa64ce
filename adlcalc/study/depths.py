"""What the books have taken in a step, from the events of a run: was there anybody left who would have bought?

Public: Depths."""

from __future__ import annotations

from decimal import Decimal

from adlcalc.engine.books.liquidity import StepBook
from adlcalc.engine.events import BookFilled, Event, MarkMoved, OrderFilled
from adlcalc.engine.model import Scenario
from adlcalc.ground.numbers import ZERO


class Depths:
    """Follows the books while the events of a run are gone through."""

    def __init__(self, scenario: Scenario) -> None:
        self._markets = {market.name: market for market in scenario.markets}
        self._liquidity = {market.name: market.liquidity for market in scenario.markets}
        self._changes = scenario.path.liquidity
        self._filled: dict[tuple[str, int], Decimal] = {}
        self._marks: dict[str, Decimal] = {}
        self._step = -1

    def hear(self, event: Event) -> None:
        """One event of the run."""
        if event.step != self._step:  # books are whole again
            self._step = event.step
            self._filled.clear()
            for market, by_step in self._changes.items():
                self._liquidity[market] = by_step.get(event.step, self._liquidity[market])
        if isinstance(event, MarkMoved):
            self._marks[event.market] = event.mark
        elif isinstance(event, (BookFilled, OrderFilled)):
            key = event.market, event.side
            self._filled[key] = self._filled.get(key, ZERO) + event.size

    def takes_in_all(self, market: str, side: int) -> Decimal | None:
        """The contracts of that side (+1: longs, which are sold) that the book takes in the step, where it has
        taken all of them; else None."""
        book, lot = self._liquidity[market], self._markets[market].lot
        depth = StepBook(book, side, self._marks[market], lot).depth()
        return depth if depth is not None and self._filled.get((market, side), ZERO) >= depth else None
