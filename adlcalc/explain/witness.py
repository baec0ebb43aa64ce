"""What the engine looked at when it decided, noted while it did: margins at the marks, places in the queues it used.

Public: Witness, MarginFact, PositionFact, PlaceFact.
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import NamedTuple

from adlcalc.engine.books.holdings import Holder, Unit
from adlcalc.engine.formulas.margin import Lines, maintenance_margin
from adlcalc.engine.formulas.scores import Inputs
from adlcalc.engine.queue.queue import Queue
from adlcalc.engine.waterfall.liquidation import is_due
from adlcalc.engine.waterfall.state import Observer, State
from adlcalc.ground.numbers import ZERO


class PositionFact(NamedTuple):
    """A position at the marks. lines: its maintenance margin as (rate, deduction), the largest counts."""

    market: str
    side: int
    size: Decimal
    entry: Decimal
    mark: Decimal
    value: Decimal
    cost: Decimal
    lines: Lines

    @property
    def maintenance(self) -> Decimal:
        """Maintenance margin at the mark."""
        return maintenance_margin(self.lines, abs(self.value))


class MarginFact(NamedTuple):
    """A margin unit when the marks of a step had moved: equity = cash + pending funding + unrealized pnl; due: liquidated?"""

    step: int
    account: str
    margin: str
    cash: Decimal
    pending: Decimal
    positions: tuple[PositionFact, ...]
    equity: Decimal
    maintenance: Decimal
    due: bool


class PlaceFact(NamedTuple):
    """A place in a queue that was used: how many contracts and positions were before it and in all of it."""

    step: int
    account: str
    market: str
    side: int
    rank: int
    score: Decimal
    inputs: Inputs
    ahead: Decimal
    whole: Decimal
    positions: int


class Witness(Observer):
    """Notes facts about `accounts` (None: all) at `step` (None: at each)."""

    def __init__(self, accounts: Collection[str] | None, step: int | None) -> None:
        self._accounts, self._step = accounts, step
        self._holders: list[Holder] | None = None
        self.margins: dict[tuple[int, str], list[MarginFact]] = {}
        self.places: dict[tuple[int, str], list[PlaceFact]] = {}
        self.pnl_at_start: dict[str, Decimal] = {}

    def marked(self, state: State) -> None:
        """Every margin unit that holds something, as the engine is about to judge it."""
        if self._holders is None:
            self._holders = [h for h in state.ledger.holders if self._accounts is None or h.id in self._accounts]
            for holder in self._holders:
                self.pnl_at_start[holder.id] = sum((holding.pnl() for holding in holder.holdings), ZERO)
        if self._step not in (None, state.step):
            return
        for holder in self._holders:
            units = list(dict.fromkeys(holding.unit for holding in holder.holdings if holding.size))
            if units:
                self.margins[state.step, holder.id] = [_margin(state, unit) for unit in units]

    def ranked(self, state: State, queue: Queue) -> None:
        """The places of the accounts in a queue that a fill is about to use."""
        if self._step not in (None, state.step):
            return
        places = list(queue)
        whole, ahead = sum((place.size for place in places), ZERO), ZERO
        for place in places:
            account = place.holding.holder.id
            if self._accounts is None or account in self._accounts:
                fact = PlaceFact(
                    state.step,
                    account,
                    queue.book.name,
                    queue.side,
                    place.rank,
                    place.score,
                    place.inputs,
                    ahead,
                    whole,
                    len(places),
                )
                self.places.setdefault((state.step, account), []).append(fact)
            ahead += place.size


def _margin(state: State, unit: Unit) -> MarginFact:
    """A margin unit now, by the engine's own sums and its own verdict."""
    equity, maintenance = unit.margin()
    first = unit.holdings[0]
    cash = first.collateral if first.collateral is not None else unit.holder.balance
    positions, pending = [], ZERO
    for holding in unit.open_holdings():
        pending += holding.pending_funding()
        positions.append(
            PositionFact(
                holding.book.name,
                holding.side,
                holding.size,
                holding.entry,
                holding.book.mark,
                holding.value(),
                holding.cost,
                holding.lines(),
            )
        )
    margin = "isolated" if unit.isolated else "cross"
    due = is_due(state.rules, equity, maintenance)
    return MarginFact(state.step, unit.holder.id, margin, cash, pending, tuple(positions), equity, maintenance, due)
