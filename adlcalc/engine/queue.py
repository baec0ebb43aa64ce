"""The ADL queue of one side of one market: who is deleveraged first, ranked once per step and then used up in order.

Public: Place, Queue.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

from adlcalc.engine.holdings import Holding, MarketBook
from adlcalc.engine.rules import AdlRules, Eligible
from adlcalc.engine.scores import Inputs, inputs_of


class Place:
    """One position's place in the queue. rank 1 is deleveraged first; tied: another place has exactly the same score."""

    __slots__ = ("holding", "inputs", "rank", "score", "size", "tied")

    def __init__(self, holding: Holding, score: Decimal, inputs: Inputs) -> None:
        self.holding, self.score, self.inputs = holding, score, inputs
        self.size, self.rank, self.tied = holding.size, 0, False

    def key(self) -> tuple[Decimal, Decimal, int]:
        """Highest score first, then the larger position, then the order in the file (no venue publishes a rule for ties)."""
        return (-self.score, -self.size, self.holding.order)


class Queue:
    """The queue on the state of the moment it is made. Iterating skips positions that are gone; it may be iterated again."""

    def __init__(self, book: MarketBook, side: int, rules: AdlRules) -> None:
        score, winners_only = rules.score.of, rules.eligible == Eligible.WINNERS
        places = []
        for holding in book.holdings[side]:
            if not holding.size:
                continue
            inputs = inputs_of(holding)
            if inputs.pnl > 0 or not winners_only:
                places.append(Place(holding, score(inputs), inputs))
        places.sort(key=Place.key)
        for rank, place in enumerate(places, 1):
            place.rank = rank
        for first, second in pairwise(places):
            if first.score == second.score:
                first.tied = second.tied = True
        self.book, self.side = book, side
        self._places, self._head = places, 0

    def __iter__(self) -> Iterator[Place]:
        places = self._places
        while self._head < len(places) and not places[self._head].holding.size:
            self._head += 1
        for place in places[self._head :]:
            if place.holding.size:
                yield place

    def __len__(self) -> int:
        return len(self._places)
