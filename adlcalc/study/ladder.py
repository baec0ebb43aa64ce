"""The heads of the queues that a run used: who stood first when somebody was to be deleveraged, and who came
behind.

Public: Ladders, Rung, Ladder, Together, WATCHED.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import islice
from typing import NamedTuple

from adlcalc.engine.formulas.scores import Inputs
from adlcalc.engine.queue.queue import Queue
from adlcalc.engine.waterfall.facts import Facts, Observer

HEAD = 60
"""Places of a queue that are kept."""
WATCHED = 2_000
"""Accounts up to which a report looks on: queues are then ranked wholly, which such a book bears."""


class Rung(NamedTuple):
    """A place in a queue as it was ranked. inputs: what its score was worked out of, where the
    queue was looked at."""

    rank: int
    account: str
    score: Decimal
    size: Decimal
    inputs: Inputs | None = None


class Ladder(NamedTuple):
    """The head of a queue, and how many places the whole of it has."""

    rungs: tuple[Rung, ...]
    places: int


class Ladders(Observer):
    """Notes the first queue of each step, market and side."""

    def __init__(self) -> None:
        self.found: dict[tuple[int, str, int], Ladder] = {}

    def ranked(self, facts: Facts, queue: Queue) -> None:
        """A fill needs the queue."""
        key = (facts.step, queue.book.name, queue.side)
        if key not in self.found:
            rungs = (
                Rung(place.rank, place.holding.holder.id, place.score, place.size, place.inputs)
                for place in islice(queue, HEAD)
            )
            self.found[key] = Ladder(tuple(rungs), len(queue))


class Together(Observer):
    """Several that look on at the same run."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = tuple(observers)

    def marked(self, facts: Facts) -> None:
        """Before margin is looked at."""
        for one in self._observers:
            one.marked(facts)

    def ranked(self, facts: Facts, queue: Queue) -> None:
        """A fill needs the queue."""
        for one in self._observers:
            one.ranked(facts, queue)

    def ended(self, facts: Facts) -> None:
        """The step has been worked."""
        for one in self._observers:
            one.ended(facts)
