"""The ADL queue of one side of one market: who is deleveraged first, ranked once per step and then used up in
order.

Public: Place, Scored, Ranked, Queue, inputs_of, is_kept.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Generator, Iterable, Iterator
from decimal import Decimal
from itertools import pairwise

from adlcalc.engine.books.holdings import Holding, MarketBook
from adlcalc.engine.formulas.margin import initial_collateral, maintenance_margin
from adlcalc.engine.formulas.scores import Inputs
from adlcalc.engine.rules import AdlRules, Eligible, Ties
from adlcalc.ground.numbers import ZERO
from adlcalc.ground.objects import record


def is_kept(rules: AdlRules) -> bool:
    """Is a side in an order that no mark moves (kept.py)?"""
    return rules.score.is_still and rules.eligible == Eligible.ALL and rules.ties == Ties.LARGER_POSITION


class Place:
    """One position's place in the queue, with its size when it was ranked. rank 1 is deleveraged first; tied:
    another place has exactly the same score."""

    __slots__ = ("holding", "rank", "score", "size", "tied")

    def __init__(self, holding: Holding, score: Decimal, size: Decimal, rank: int, tied: bool) -> None:
        self.holding, self.score, self.size, self.rank, self.tied = holding, score, size, rank, tied


class Scored(Place):
    """A place with what its score was worked out of. It is ranked when all are known."""

    __slots__ = ("inputs", "ties")

    def __init__(self, holding: Holding, score: Decimal, inputs: Inputs, ties: Ties) -> None:
        self.holding, self.score, self.size, self.rank, self.tied = holding, score, holding.size, 0, False
        self.inputs, self.ties = inputs, ties  # all set here: there may be very many

    def key(self) -> tuple[Decimal, Decimal, Decimal, int]:
        """Highest score first; among equal ones as rule `ties` has it; the last word is the order in the
        file."""
        if self.ties == Ties.PROFIT_BALANCE_NEWEST:
            return (-self.score, -self.inputs.pnl, self.inputs.balance, -self.holding.order)
        return (-self.score, -self.size, ZERO, self.holding.order)


class Ranked:
    """What a policy may ask of a queue of which it needs only the beginning."""

    def __init__(self, book: MarketBook, side: int) -> None:
        self.book, self.side = book, side
        self._round: list[Holding] | None = None
        self._at: dict[Holding, int] = {}  # where in it each is
        self._first = 0  # those before it in that order are gone
        self._heap: list[tuple[Decimal, int, Holding]] | None = None

    def __iter__(self) -> Iterator[Place]:
        """The open places, first the first."""
        raise NotImplementedError

    def open_holdings(self) -> Iterable[Holding]:
        """Of all places."""
        raise NotImplementedError

    def place_of(self, holding: Holding) -> Place | None:
        """The place of a position; None where it had none when the queue was ranked."""
        raise NotImplementedError

    def in_file_order(
        self, start: Callable[[int], int], since: Holding | None = None
    ) -> Generator[Place, None, None]:
        """The open places in file order, round, from the position on at which it starts of the so many that
        the side has; since: only from that one on."""
        if self._round is None:
            everybody = self.book.holdings[self.side]
            first = start(len(everybody)) if everybody else 0
            self._round = [one for one in (*everybody[first:], *everybody[:first]) if one.size]
            self._at = {one: i for i, one in enumerate(self._round)}
        ordered = self._round
        while self._first < len(ordered) and not ordered[self._first].size:
            self._first += 1
        for i in range(self._first if since is None else self._at[since], len(ordered)):
            if ordered[i].size and (place := self.place_of(ordered[i])):
                yield place

    def by_size(self) -> Generator[Place, None, None]:
        """The open places, largest first as they are now, ties in file order. Sizes only shrink, so a heap of
        what they once were gives them: one that is met with another size goes back."""
        if self._heap is None:
            self._heap = [(-one.size, one.order, one) for one in self.open_holdings() if one.size]
            heapq.heapify(self._heap)
        heap, seen = self._heap, []
        try:
            while heap:
                entry = heapq.heappop(heap)
                holding = entry[2]
                if not holding.size:
                    continue
                if -entry[0] != holding.size:
                    heapq.heappush(heap, (-holding.size, holding.order, holding))
                    continue
                seen.append(entry)
                if place := self.place_of(holding):
                    yield place
        finally:
            for entry in seen:
                heapq.heappush(heap, entry)


class Queue(Ranked):
    """The queue on the state of the moment it is made. Iterating skips positions that are gone; it may be
    iterated again."""

    def __init__(self, book: MarketBook, side: int, rules: AdlRules) -> None:
        super().__init__(book, side)
        score, winners_only = rules.score.of, rules.eligible == Eligible.WINNERS
        places = []
        for holding in book.holdings[side]:
            if not holding.size:
                continue
            inputs = inputs_of(holding)
            if inputs.pnl > 0 or not winners_only:
                places.append(Scored(holding, score(inputs), inputs, rules.ties))
        places.sort(key=Scored.key)
        for rank, place in enumerate(places, 1):
            place.rank = rank
        for first, second in pairwise(places):
            if first.score == second.score:
                first.tied = second.tied = True
        self._places, self._head = places, 0
        self._by_holding: dict[Holding, Scored] = {}

    def __iter__(self) -> Iterator[Scored]:
        places = self._places
        while self._head < len(places) and not places[self._head].holding.size:
            self._head += 1
        for place in places[self._head :]:
            if place.holding.size:
                yield place

    def open_holdings(self) -> Iterable[Holding]:
        return (place.holding for place in self._places)

    def place_of(self, holding: Holding) -> Place | None:
        if not self._by_holding:
            self._by_holding = {place.holding: place for place in self._places}
        return self._by_holding.get(holding)

    def __len__(self) -> int:
        return len(self._places)


def inputs_of(holding: Holding) -> Inputs:
    """The amounts of a position at the marks."""
    book, cost, own = holding.book, holding.cost, holding.collateral
    value = book.value(holding.signed_size, book.mark)
    pnl, entry_value, notional = value - cost, abs(cost), abs(value)
    if own is not None:
        balance, exposure, equity = own, notional, own + pnl
        if book.funding != holding.funding:
            equity += holding.pending_funding()
        maintenance = maintenance_margin(book.lines or holding.lines(), notional)
    else:
        unit = holding.unit
        balance, equity, exposure, maintenance = holding.holder.balance, unit.cash(), ZERO, ZERO
        for other in unit.holdings:
            if other.size:
                worth = other.value()
                equity += worth
                exposure += abs(worth)
                maintenance += maintenance_margin(other.lines(), abs(worth))
    if holding.leverage:
        initial = initial_collateral(entry_value, holding.leverage, book.unit)
    else:
        initial = entry_value if own is None else own
    return record(Inputs, (
        pnl, entry_value, notional, equity, exposure, maintenance, balance, initial,
        holding.size, holding.side, holding.entry, book.mark,
    ))  # fmt: skip
