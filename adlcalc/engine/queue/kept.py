"""The queue of a score that no mark moves: one side of a market in its order, kept from fill to fill, so that
who is ranked anew is who has changed. `queue.Queue` is the plain rule next to it; both give the same places.

Public: KeptOrder, KeptQueue.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from decimal import Decimal

from adlcalc.engine.books.holdings import Holding, MarketBook
from adlcalc.engine.formulas.scores import Score
from adlcalc.engine.queue.queue import Place, Ranked, inputs_of

Entry = tuple[Decimal, Decimal, int, Holding]
"""Score and size of a position, turned round so that the first is the least, and its place in the file."""


class KeptOrder:
    """The open positions of one side, in order as of the last time that it was asked for."""

    def __init__(self, book: MarketBook, side: int, score: Score) -> None:
        self.book, self.side, self._score = book, side, score.of
        self._known = {one: self._entry(one) for one in book.holdings[side] if one.size}
        self._entries = sorted(self._known.values())
        self._changed: dict[Holding, None] = {}
        book.ranked[side] = self

    def _entry(self, holding: Holding) -> Entry:
        return -self._score(inputs_of(holding)), -holding.size, holding.order, holding

    def note_change(self, holding: Holding) -> None:
        """A position is about to change: it is put in its place when the order is asked for next."""
        self._changed[holding] = None

    def entries(self) -> list[Entry]:
        """In order, as it is now."""
        for holding in self._changed:
            if (known := self._known.pop(holding, None)) is not None:
                del self._entries[bisect_left(self._entries, known)]
            if holding.size:
                known = self._known[holding] = self._entry(holding)
                insort(self._entries, known)
        self._changed.clear()
        return self._entries

    def entry_of(self, holding: Holding) -> Entry | None:
        """That of the last time."""
        return self._known.get(holding)


class KeptQueue(Ranked):
    """The queue on the state of the moment that it is made."""

    def __init__(self, order: KeptOrder) -> None:
        super().__init__(order.book, order.side)
        self._order, self._entries = order, order.entries()
        self._places: dict[int, Place] = {}
        self._head = 0  # those before it are gone

    def __iter__(self) -> Iterator[Place]:
        entries = self._entries
        while self._head < len(entries) and not entries[self._head][3].size:
            self._head += 1
        for i in range(self._head, len(entries)):
            if entries[i][3].size:
                yield self._place(i)

    def open_holdings(self) -> Iterable[Holding]:
        return (entry[3] for entry in self._entries)

    def place_of(self, holding: Holding) -> Place | None:
        entry = self._order.entry_of(holding)
        return None if entry is None else self._place(bisect_left(self._entries, entry))

    def _place(self, i: int) -> Place:
        place = self._places.get(i)
        if place is None:
            score, size, _, holding = self._entries[i]
            beside = self._entries[max(i - 1, 0) : i] + self._entries[i + 1 : i + 2]
            tied = any(other[0] == score for other in beside)
            place = self._places[i] = Place(holding, -score, -size, i + 1, tied)
        return place
