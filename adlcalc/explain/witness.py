"""What the engine looked at when it decided, noted while it did: margins at the marks, places in the queues
it used.

Public: Witness.
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from adlcalc.engine.queue.queue import Queue
from adlcalc.engine.waterfall.facts import MarginFact, PlaceFact, margins, places
from adlcalc.engine.waterfall.state import Observer, State


class Witness(Observer):
    """Notes facts about `accounts` (None: all) at `step` (None: at each)."""

    def __init__(self, accounts: Collection[str] | None, step: int | None) -> None:
        self._accounts, self._step = accounts, step
        self.margins: dict[tuple[int, str], list[MarginFact]] = {}
        self.places: dict[tuple[int, str], list[PlaceFact]] = {}
        self.pnl_at_start: dict[str, Decimal] = {}

    def marked(self, state: State) -> None:
        """Every margin unit that holds something, as the engine is about to judge it."""
        if self._step not in (None, state.step) and self.pnl_at_start:
            return
        for account, pnl, units in margins(state, self._accounts):
            self.pnl_at_start.setdefault(account, pnl)
            if units and self._step in (None, state.step):
                self.margins[state.step, account] = units

    def ranked(self, state: State, queue: Queue) -> None:
        """The places of the accounts in a queue that a fill is about to use."""
        if self._step in (None, state.step):
            for fact in places(state, queue, self._accounts):
                self.places.setdefault((state.step, fact.account), []).append(fact)
