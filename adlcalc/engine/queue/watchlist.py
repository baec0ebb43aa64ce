"""Which margin units a move can have made due, without looking at the others.

Only adverse moves hurt: a long is hurt when its mark falls or its funding index rises, a short by the
opposite. So every open position holds one trigger per thing that moves, in a heap per market and side, such
that no combination of moves inside its unit's triggers can bring the unit to its maintenance margin. A unit
with one position and no funding gets its exact liquidation price; any other divides its slack (equity -
maintenance) among its positions by their notionals, nine tenths of each share for the mark and one for
funding where the market pays any. A crossed trigger causes one exact evaluation, which liquidates the unit or
sets its triggers anew.

Triggers are whole numbers of a fine step of the price, rounded so that a unit is touched early rather than
late; the exact margin decides. A unit that a move in its favor may hurt too (a maintenance rate of 100 % or
more) has no such trigger and is looked at at every step. `Everybody` is the plain rule next to it: every
unit, every step.

Public: Watchlist, Everybody.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from decimal import Decimal

from adlcalc.engine.books.holdings import Holding, MarketBook, Unit
from adlcalc.engine.books.ledger import Ledger
from adlcalc.engine.contract import LINEAR, PER_CONTRACT
from adlcalc.engine.formulas import margin
from adlcalc.engine.model import Path
from adlcalc.ground.numbers import DOWN, ONE, ZERO, D, divide, round_to

PRICE_SHARE, FUNDING_SHARE = D("0.9"), D("0.1")
SHARE_UNIT = D("1E-24")
ROUNDINGS = 2  # a value is rounded by half a unit at most; two units a position are on the safe side


class Everybody:
    """The plain rule: every unit is evaluated at every step."""

    def __init__(self, ledger: Ledger) -> None:
        self._units = ledger.units  # all of them, once

    def touched(self) -> Iterable[Unit]:
        return self._units

    def watch(self, unit: Unit, slack: Decimal) -> None:
        """Nothing to remember."""

    def keep(self, unit: Unit) -> None:
        """Nothing to remember."""


class Heap:
    """Triggers of one side of one moving number. Entries are `key << bits | position number`, smallest first;
    the key is negated where the number's fall is the adverse move, so an entry is crossed when its key is at
    most the (negated) number's."""

    def __init__(self, sign: int, step: Decimal, bits: int) -> None:
        self.sign, self.step, self.bits = sign, step, bits
        self.entries: list[int] = []

    def entry(self, level: Decimal, number: int) -> int:
        key = int(level // self.step)
        if level < 0:
            key -= 1  # // truncates toward zero; the floor is wanted
        return (self.sign * key << self.bits) | number

    def crossed(self, now: Decimal) -> int:
        """Entries below this are crossed by the number `now`."""
        return self.entry(now, 0) + (1 << self.bits)


class Watchlist:
    """The trigger heaps of a ledger."""

    def __init__(self, ledger: Ledger, path: Path) -> None:
        self._holdings = [h for holder in ledger.holders for h in holder.holdings]  # by Holding.order
        bits = max(len(self._holdings).bit_length(), 1)
        self._mask = (1 << bits) - 1
        self._heaps: dict[tuple[MarketBook, int], tuple[Heap, Heap | None]] = {}
        for book in ledger.markets.values():
            first = path.marks[book.name][0]
            step = D(1).scaleb(first.adjusted() - 9)
            pays = any(path.funding.get(book.name, {}).values())
            for side in (1, -1):
                funding = Heap(side, step * D("1E-6"), bits) if pays else None
                self._heaps[book, side] = (Heap(-side, step, bits), funding)
        self._kept: dict[Unit, None] = {}
        self._opened = False

    def touched(self) -> Iterable[Unit]:
        """The units whose triggers the present marks and funding indices have crossed."""
        if not self._opened:
            return self._open()
        units, self._kept = self._kept, {}
        for (book, _side), heaps in self._heaps.items():
            for which, (heap, now) in enumerate(zip(heaps, (book.mark, book.funding), strict=True)):
                if heap is None or not heap.entries:
                    continue
                limit, entries = heap.crossed(now), heap.entries
                while entries and entries[0] < limit:
                    entry = heapq.heappop(entries)
                    holding = self._holdings[entry & self._mask]
                    if holding.size and holding.triggers[which] == entry:
                        units[holding.unit] = None
                        holding.triggers = (
                            (None, holding.triggers[1]) if which == 0 else (holding.triggers[0], None)
                        )
        return units

    def watch(self, unit: Unit, slack: Decimal) -> None:
        """Set the triggers of a unit that has `slack` = equity - maintenance margin > 0."""
        holdings = [h for h in unit.holdings if h.size]
        if any(margin.hurt_both_ways(h.lines()) for h in holdings):
            self.keep(unit)
            return
        if len(holdings) == 1 and self._heaps[holdings[0].book, holdings[0].side][1] is None:
            self._set(holdings[0], price_trigger(holdings[0], unit.cash()), None)
            return
        values = [h.value() for h in holdings]
        parts = [abs(v) for v in values]
        if not any(parts):  # all of them are worth nothing yet: any division is as good
            parts = [ONE] * len(parts)
        whole = sum(parts, ZERO)
        for holding, v, part in zip(holdings, values, parts, strict=True):
            share = slack if len(holdings) == 1 else divide(slack * part, whole)
            pays = self._heaps[holding.book, holding.side][1] is not None
            for_price = shorten(share, PRICE_SHARE) if pays else share
            own = v - margin.maintenance_margin(holding.lines(), abs(v))
            price = price_trigger(holding, shorten(for_price) - own, len(holdings))
            level = None
            if pays:
                room = divide(shorten(share, FUNDING_SHARE), holding.size)
                level = holding.book.funding + holding.side * shorten(room)
            self._set(holding, price, level)

    def keep(self, unit: Unit) -> None:
        """A unit that stays due with its account, or that a move either way may make due: look at it at every
        step."""
        self._kept[unit] = None

    def _open(self) -> Iterable[Unit]:
        """The first look: single positions get their triggers without an evaluation, the others are evaluated
        once."""
        self._opened = True
        evaluate: dict[Unit, None] = {}
        for (book, side), (heap, funding) in self._heaps.items():
            for holding in book.holdings[side]:
                if not holding.size:  # a trade will open it
                    continue
                if funding is not None or not holding.is_alone() or margin.hurt_both_ways(holding.lines()):
                    evaluate[holding.unit] = None
                    continue
                margin_held = holding.collateral if holding.collateral is not None else holding.holder.balance
                level = price_trigger(holding, margin_held - holding.cost)
                if level is not None:
                    entry = heap.entry(level, holding.order)
                    heap.entries.append(entry)
                    holding.triggers = (entry, None)
            heapq.heapify(heap.entries)
        return [*evaluate, *self.touched()]

    def _set(self, holding: Holding, price: Decimal | None, funding: Decimal | None) -> None:
        heaps = self._heaps[holding.book, holding.side]
        old = holding.triggers
        new = (
            None if price is None else heaps[0].entry(price, holding.order),
            None if funding is None or heaps[1] is None else heaps[1].entry(funding, holding.order),
        )
        for heap, before, after in zip(heaps, old, new, strict=True):
            if heap is not None and after is not None and after != before:
                heapq.heappush(heap.entries, after)
        holding.triggers = new


def price_trigger(holding: Holding, cash: Decimal, positions: int = 1) -> Decimal | None:
    """The mark at which cash + value(P) = maintenance(P), a little early; None where no mark does it, the
    present mark where every one does."""
    book = holding.book
    direction = holding.side if book.contract.kind == LINEAR else -holding.side
    error = book.unit * (ROUNDINGS * positions)
    if book.contract.rounding == PER_CONTRACT:
        error *= holding.size
    n = margin.notional_at_maintenance(holding.lines(), direction, cash - error)
    if n is None:
        return None if direction > 0 else book.mark
    return margin.price_of_notional(book.contract, holding.size, n)


def shorten(x: Decimal, share: Decimal = ONE) -> Decimal:
    """x x share to 24 decimals, toward zero: a share of the slack needs no more, and less is on the safe
    side."""
    return round_to(round_to(x, SHARE_UNIT, DOWN) * share, SHARE_UNIT, DOWN)
