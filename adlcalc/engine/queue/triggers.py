"""Triggers: the prices and funding indices at which a margin unit may be due, where no forecast tells the
step.

Nobody knows beforehand the marks that follow the fills (feedback), and a forecast has no room for numbers
that have too many digits together.

Only adverse moves hurt: a long is hurt when its mark falls or its funding index rises, a short by the
opposite. Every open position of a unit holds triggers, in heaps per market and side, such that no combination
of moves inside its unit's triggers can bring the unit to its maintenance margin. A unit with one position
gets its liquidation price. Any other divides its slack (equity - maintenance) among its positions by their
notionals, and where a market pays funding, nine tenths of each share are for the mark and one for funding. A
crossed trigger causes one exact evaluation, which liquidates the unit or sets its triggers anew.

Triggers are whole numbers of a fine step of the price, rounded so that a unit is touched early rather than
late; the exact margin decides.

Public: Triggers, steps_of.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import NamedTuple

from adlcalc.engine.books.holdings import Holding, MarketBook, Unit
from adlcalc.engine.books.ledger import Ledger
from adlcalc.engine.contract import LINEAR, PER_CONTRACT
from adlcalc.engine.formulas import margin
from adlcalc.engine.model import LONG, SHORT, Path
from adlcalc.engine.queue.forecast import ROUNDINGS
from adlcalc.ground.numbers import DOWN, ONE, ZERO, D, divide, rounder

PRICE_SHARE, FUNDING_SHARE = D("0.9"), D("0.1")
SHARE_UNIT = D("1E-24")


class Heap:
    """Triggers of one side of one moving number. Entries are `key << bits | position number`, smallest first;
    the key is negated where the number's fall is the adverse move, so an entry is crossed when its key is at
    most the (negated) number's."""

    def __init__(self, sign: int, step: Decimal, bits: int, now: Callable[[], Decimal]) -> None:
        self.sign, self.step, self.bits, self.now = sign, step, bits, now
        self.entries: list[int] = []

    def entry(self, level: Decimal, number: int) -> int:
        return (self.sign * steps_of(level, self.step) << self.bits) | number

    def crossed(self) -> int:
        """Entries below this are crossed by the number as it is now."""
        return self.entry(self.now(), 0) + (1 << self.bits)


def steps_of(level: Decimal, step: Decimal) -> int:
    """How many whole steps: the floor, where // would truncate toward zero."""
    key = int(level // step)
    return key - 1 if level < 0 and key * step > level else key


class Heaps(NamedTuple):
    """Of one side of a market. funding: where it pays any."""

    price: Heap
    funding: Heap | None


class Triggers:
    """Those of a ledger."""

    def __init__(self, ledger: Ledger, path: Path) -> None:
        self._roster = ledger.roster
        self._bits = max(self._roster.count.bit_length(), 1)
        self._mask = (1 << self._bits) - 1
        self._heaps = {
            (book, side): self._heaps_of(book, side, pays=any(path.funding.get(book.name, {}).values()))
            for book in ledger.markets.values()
            for side in (LONG, SHORT)
        }
        self._set: dict[Holding, tuple[int | None, int | None]] = {}
        """The entries that count: those of a position before its last change are still in the heaps."""

    def _heaps_of(self, book: MarketBook, side: int, *, pays: bool) -> Heaps:
        step = D(1).scaleb(book.first.adjusted() - 9)
        price = Heap(-side, step, self._bits, lambda: book.mark)
        funding = Heap(side, step * D("1E-6"), self._bits, lambda: book.funding)
        return Heaps(price, funding if pays else None)

    def crossed(self) -> Iterator[Unit]:
        """The units whose triggers the present marks and funding indices have crossed."""
        if not self._set:
            return
        for heaps in self._heaps.values():
            for which, heap in enumerate(heaps):
                if heap is None or not heap.entries:
                    continue
                limit, entries = heap.crossed(), heap.entries
                while entries and entries[0] < limit:
                    entry = heapq.heappop(entries)
                    holding = self._roster.holding(entry & self._mask)
                    price, funding = self._set.get(holding, (None, None))
                    if holding.size and entry == (funding if which else price):
                        self._set[holding] = (price, None) if which else (None, funding)
                        yield holding.unit

    def are_set(self) -> bool:
        """Does any position hold one?"""
        return bool(self._set)

    def drop(self, unit: Unit) -> None:
        """It holds none."""
        if self._set:
            for holding in unit.holdings:
                self._set.pop(holding, None)

    def watch(self, unit: Unit, slack: Decimal) -> None:
        """Set the triggers of a unit that has `slack` = equity - maintenance margin > 0."""
        holdings = unit.open_holdings()
        values = [h.value() for h in holdings]
        parts = [abs(v) for v in values]
        if not any(parts):  # all of them are worth nothing yet: any division is as good
            parts = [ONE] * len(parts)
        whole, count = sum(parts, ZERO), len(holdings)
        for holding, v, part in zip(holdings, values, parts, strict=True):
            book, side, size, lines = holding.book, holding.side, holding.size, holding.lines()
            heaps = self._heaps[book, side]
            share = slack if count == 1 else shorten(divide(slack * part, whole))
            for_price = share if heaps.funding is None else shorten(shorten(share) * PRICE_SHARE)
            own = v - margin.maintenance_margin(lines, abs(v))
            price = price_trigger(book, side, size, lines, for_price - own, count)
            at_price = None if price is None else heaps.price.entry(price, holding.order)
            at_index = None
            if heaps.funding is not None:
                room = shorten(divide(shorten(shorten(share) * FUNDING_SHARE), size))
                at_index = heaps.funding.entry(book.funding + side * room, holding.order)
            before = self._set.get(holding, (None, None))
            for heap, entry, stands in zip(heaps, (at_price, at_index), before, strict=True):
                if heap is not None and entry not in (None, stands):
                    heapq.heappush(heap.entries, entry)
            self._set[holding] = at_price, at_index


def price_trigger(
    book: MarketBook, side: int, size: Decimal, lines: margin.Lines, cash: Decimal, positions: int
) -> Decimal | None:
    """The mark at which cash + value(P) = maintenance(P), a little early; None where no mark does it, the
    present mark where every one does."""
    direction = side if book.contract.kind == LINEAR else -side
    error = book.unit * (ROUNDINGS * positions)
    if book.contract.rounding == PER_CONTRACT:
        error *= size
    n = margin.notional_at_maintenance(lines, direction, cash - error)
    if n is None:
        return None if direction > 0 else book.mark
    return margin.price_of_notional(book.contract, size, n)


shorten = rounder(SHARE_UNIT, DOWN)
"""To 24 decimals, toward zero: a share of the slack needs no more, and less is on the safe side."""
