"""What the venue holds for a fund, valued at the marks, with running sums: what older claims need is known
without going through them.

Public: Inventory.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from decimal import Decimal

from adlcalc.engine.books.claims import VenueClaim
from adlcalc.engine.books.holdings import MarketBook
from adlcalc.ground.numbers import ZERO


class Inventory:
    """Claims of one fund, oldest first (so are their numbers), as they are valued at the marks of a moment.
    pnl: of all of them."""

    __slots__ = ("_before", "_marks", "_nets", "_numbers", "_pnls", "pnl")

    def __init__(self, claims: Iterable[VenueClaim]) -> None:
        self._marks: dict[MarketBook, Decimal] = {}
        self._numbers: list[int] = []
        self._pnls: list[Decimal] = []
        self._nets: list[Decimal] = []  # signed notionals
        self._before = [(ZERO, ZERO)]  # pnl and net notional of so many of the oldest
        self.pnl = ZERO
        for claim in claims:
            self.add(claim)

    def is_current(self) -> bool:
        """Are the marks still those that it is valued at?"""
        return all(book.mark is mark for book, mark in self._marks.items())

    def add(self, claim: VenueClaim) -> None:
        """The newest claim. Where the mark has moved since the older ones were valued, it is not current."""
        self._marks.setdefault(claim.book, claim.book.mark)
        self._numbers.append(claim.number.given or 0)
        value = claim.book.value(claim.side * claim.left.size, claim.book.mark)
        pnl = value - claim.left.cost
        self._pnls.append(pnl)
        self._nets.append(claim.side * abs(value))
        self.pnl += pnl

    def note_change(self, claim: VenueClaim) -> None:
        """A part of a claim was closed: the sums after it are made anew where they are asked for. As claims
        are worked oldest first, there are none yet."""
        self.count(claim, claim.pnl(), claim.left.size)

    def count(self, claim: VenueClaim, pnl: Decimal, size: Decimal) -> None:
        """A claim counts with that pnl and the notional of so many contracts."""
        at = self._place(claim)
        self.pnl += pnl - self._pnls[at]
        self._pnls[at], self._nets[at] = pnl, net_notional(claim, size)
        del self._before[at + 1 :]

    def older_than(self, claim: VenueClaim) -> tuple[Decimal, Decimal]:
        """Pnl and net notional of the claims before it, which need not be one of them."""
        at, before = self._place(claim), self._before
        for i in range(len(before) - 1, at):
            pnl, net = before[i]
            before.append((pnl + self._pnls[i], net + self._nets[i]))
        return before[at]

    def _place(self, claim: VenueClaim) -> int:
        """How many of them are older."""
        return bisect_left(self._numbers, claim.number.given or 0)


def net_notional(claim: VenueClaim, size: Decimal) -> Decimal:
    """Signed notional of so much of it at the mark: of a long above zero."""
    return claim.side * abs(claim.book.value(size, claim.book.mark))
