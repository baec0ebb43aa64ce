"""What the engine looked at when it decided, noted while it did: margins at the marks, places in the queues
it used.

Public: Witness.
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from adlcalc.engine.queue.queue import Queue
from adlcalc.engine.waterfall.facts import Facts, MarginFact, Observer, PlaceFact


class Witness(Observer):
    """Notes facts about `accounts` (None: all) at `step` (None: at each), in `market` (None: in all)."""

    def __init__(self, accounts: Collection[str] | None, step: int | None, market: str | None = None) -> None:
        self.market = market
        self._accounts, self._step = accounts, step
        self.margins: dict[tuple[int, str], list[MarginFact]] = {}
        self.places: dict[tuple[int, str], list[PlaceFact]] = {}
        self.pnl_at_start: dict[str, Decimal] = {}

    def marked(self, facts: Facts) -> None:
        """Every margin unit that holds something, as the engine is about to judge it."""
        if self._step not in (None, facts.step) and self.pnl_at_start:
            return
        for account, pnl, units in facts.margins(self._accounts):
            self.pnl_at_start.setdefault(account, pnl)
            if self.market is not None:
                units = [unit for unit in units if any(p.market == self.market for p in unit.positions)]
            if units and self._step in (None, facts.step):
                self.margins[facts.step, account] = units

    def ranked(self, facts: Facts, queue: Queue) -> None:
        """The places of the accounts in a queue that a fill is about to use."""
        if self._step in (None, facts.step) and self.market in (None, queue.book.name):
            for fact in facts.places(queue, self._accounts):
                self.places.setdefault((facts.step, fact.account), []).append(fact)
