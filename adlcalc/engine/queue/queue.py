"""The ADL queue of one side of one market: who is deleveraged first, ranked once per step and then used up in
order.

Public: Place, Queue, inputs_of.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Generator, Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from adlcalc.engine.books.holdings import Holding, MarketBook
from adlcalc.engine.formulas.margin import initial_collateral, maintenance_margin
from adlcalc.engine.formulas.policies import by_size
from adlcalc.engine.formulas.scores import Inputs
from adlcalc.engine.rules import AdlRules, Eligible, Ties
from adlcalc.ground.numbers import ZERO
from adlcalc.ground.objects import record


class Place:
    """One position's place in the queue. rank 1 is deleveraged first; tied: another place has exactly the
    same score."""

    __slots__ = ("holding", "inputs", "rank", "score", "size", "tied", "ties")

    def __init__(self, holding: Holding, score: Decimal, inputs: Inputs, ties: Ties) -> None:
        self.holding, self.score, self.inputs, self.ties = holding, score, inputs, ties
        self.size, self.rank, self.tied = holding.size, 0, False

    def key(self) -> tuple[Decimal, Decimal, Decimal, int]:
        """Highest score first; among equal ones as rule `ties` has it; the last word is the order in the
        file."""
        if self.ties == Ties.PROFIT_BALANCE_NEWEST:
            return (-self.score, -self.inputs.pnl, self.inputs.balance, -self.holding.order)
        return (-self.score, -self.size, ZERO, self.holding.order)


class Queue:
    """The queue on the state of the moment it is made. Iterating skips positions that are gone; it may be
    iterated again."""

    def __init__(self, book: MarketBook, side: int, rules: AdlRules) -> None:
        score, winners_only = rules.score.of, rules.eligible == Eligible.WINNERS
        places = []
        for holding in book.holdings[side]:
            if not holding.size:
                continue
            inputs = inputs_of(holding)
            if inputs.pnl > 0 or not winners_only:
                places.append(Place(holding, score(inputs), inputs, rules.ties))
        places.sort(key=Place.key)
        for rank, place in enumerate(places, 1):
            place.rank = rank
        for first, second in pairwise(places):
            if first.score == second.score:
                first.tied = second.tied = True
        self.book, self.side = book, side
        self._places, self._head = places, 0
        self._ordered: list[Place] | None = None
        self._first = 0  # those before it in that order are gone
        self._heap: list[tuple[Decimal, int, Place]] | None = None

    def __iter__(self) -> Iterator[Place]:
        places = self._places
        while self._head < len(places) and not places[self._head].holding.size:
            self._head += 1
        for place in places[self._head :]:
            if place.holding.size:
                yield place

    def in_order(self, order: Callable[[Sequence[Place]], list[Place]]) -> Generator[Place, None, None]:
        """The open places in an order that fills do not change: it is made once."""
        if self._ordered is None:
            self._ordered = order(self._places)
        ordered = self._ordered
        while self._first < len(ordered) and not ordered[self._first].holding.size:
            self._first += 1
        return (place for i in range(self._first, len(ordered)) if (place := ordered[i]).holding.size)

    def by_size(self) -> Generator[Place, None, None]:
        """The open places, largest first as they are now, ties in file order. Sizes only shrink, so a heap of
        what they once were gives them: one that is met with another size goes back."""
        if self._heap is None:
            self._heap = [(*by_size(place), place) for place in self._places if place.holding.size]
            heapq.heapify(self._heap)
        heap, seen = self._heap, []
        try:
            while heap:
                entry = heapq.heappop(heap)
                place = entry[2]
                if not place.holding.size:
                    continue
                if -entry[0] != place.holding.size:
                    heapq.heappush(heap, (*by_size(place), place))
                    continue
                seen.append(entry)
                yield place
        finally:
            for entry in seen:
                heapq.heappush(heap, entry)

    def __len__(self) -> int:
        return len(self._places)


def inputs_of(holding: Holding) -> Inputs:
    """The amounts of a position at the marks."""
    value, unit = holding.value(), holding.unit
    pnl, entry_value, notional = value - holding.cost, abs(holding.cost), abs(value)
    if unit.isolated:
        assert holding.collateral is not None
        balance, exposure, equity = holding.collateral, notional, holding.collateral + pnl
        if holding.book.funding != holding.funding:
            equity += holding.pending_funding()
        maintenance = maintenance_margin(holding.lines(), notional)
    else:
        balance, equity, exposure, maintenance = holding.holder.balance, unit.cash(), ZERO, ZERO
        for other in unit.holdings:
            if other.size:
                worth = other.value()
                equity += worth
                exposure += abs(worth)
                maintenance += maintenance_margin(other.lines(), abs(worth))
    if holding.leverage:
        initial = initial_collateral(entry_value, holding.leverage, holding.book.unit)
    else:
        initial = entry_value if holding.collateral is None else holding.collateral
    return record(Inputs, (
        pnl, entry_value, notional, equity, exposure, maintenance, balance, initial,
        holding.size, holding.side, holding.entry, holding.book.mark,
    ))  # fmt: skip
