"""What an observer may note of a run: plain facts, worked out by the engine's own sums and its own verdict.

Public: PositionFact, MarginFact, PlaceFact, margins, places.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from decimal import Decimal
from typing import NamedTuple

from adlcalc.engine.books.holdings import Unit
from adlcalc.engine.formulas.margin import maintenance_margin
from adlcalc.engine.formulas.scores import Inputs
from adlcalc.engine.formulas.worked import Worked
from adlcalc.engine.queue.queue import Queue
from adlcalc.engine.waterfall.liquidation import is_due
from adlcalc.engine.waterfall.state import State
from adlcalc.ground.numbers import ZERO


class PositionFact(NamedTuple):
    """A position at the marks. rate, deduction: the line of its maintenance margin that counts."""

    market: str
    side: int
    size: Decimal
    entry: Decimal
    mark: Decimal
    value: Decimal
    cost: Decimal
    rate: Decimal
    deduction: Decimal
    maintenance: Decimal


class MarginFact(NamedTuple):
    """A margin unit when the marks of a step had moved: equity = cash + pending funding + unrealized pnl;
    due: liquidated?"""

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
    score: Worked
    inputs: Inputs
    ahead: Decimal
    whole: Decimal
    positions: int


def margins(
    state: State, accounts: Collection[str] | None
) -> Iterator[tuple[str, Decimal, list[MarginFact]]]:
    """For each of these accounts (None: all): its unrealized pnl, and its margin units that hold
    something."""
    for holder in state.ledger.holders:
        if accounts is None or holder.id in accounts:
            units = dict.fromkeys(holding.unit for holding in holder.holdings if holding.size)
            pnl = sum((holding.pnl() for holding in holder.holdings), ZERO)
            yield holder.id, pnl, [_margin(state, unit) for unit in units]


def _margin(state: State, unit: Unit) -> MarginFact:
    equity, maintenance = unit.margin()
    positions, pending = [], ZERO
    for holding in unit.open_holdings():
        pending += holding.pending_funding()
        value, lines = holding.value(), holding.lines()
        rate, deduction = max(lines, key=lambda line: line[0] * abs(value) - line[1])
        needed = maintenance_margin(lines, abs(value))
        book = holding.book
        positions.append(
            PositionFact(
                book.name,
                holding.side,
                holding.size,
                holding.entry,
                book.mark,
                value,
                holding.cost,
                rate,
                deduction,
                needed,
            )
        )
    margin = "isolated" if unit.isolated else "cross"
    due = is_due(state.rules, equity, maintenance)
    return MarginFact(
        state.step, unit.holder.id, margin, unit.money(), pending, tuple(positions), equity, maintenance, due
    )


def places(state: State, queue: Queue, accounts: Collection[str] | None) -> Iterator[PlaceFact]:
    """The places of these accounts (None: of all) in a queue that a fill is about to use."""
    found = list(queue)
    whole, ahead, score = sum((place.size for place in found), ZERO), ZERO, state.rules.adl.score
    for place in found:
        account = place.holding.holder.id
        if accounts is None or account in accounts:
            worked = score.worked(place.inputs)
            yield PlaceFact(
                state.step,
                account,
                queue.book.name,
                queue.side,
                place.rank,
                worked,
                place.inputs,
                ahead,
                whole,
                len(found),
            )
        ahead += place.size
