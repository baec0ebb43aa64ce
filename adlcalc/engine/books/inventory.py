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

    __slots__ = ("_claims", "_marks", "_nets", "_numbers", "_pnls", "_sums", "_values", "pnl")

    def __init__(self, claims: Iterable[VenueClaim]) -> None:
        self._marks: dict[MarketBook, Decimal] = {}
        self._claims: list[VenueClaim] = []
        self._numbers: list[int] = []
        self._values: list[Decimal] = []
        self._pnls: list[Decimal] = []
        self._sums, self._nets = [ZERO], [ZERO]  # pnl, and net notional, of so many of the oldest
        self.pnl = ZERO
        for claim in claims:
            self.add(claim)

    def is_current(self) -> bool:
        """Are the marks still those that it is valued at?"""
        return all(book.mark is mark for book, mark in self._marks.items())

    def add(self, claim: VenueClaim) -> None:
        """The newest claim. Where the mark has moved since the older ones were valued, it is not current."""
        book = claim.book
        if book not in self._marks:
            self._marks[book] = book.mark
        value = book.value(claim.side * claim.size, book.mark)
        pnl = value - claim.cost
        self._claims.append(claim)
        self._numbers.append(claim.number)
        self._values.append(value)
        self._pnls.append(pnl)
        self.pnl += pnl

    def note_change(self, claim: VenueClaim) -> None:
        """A part of a claim was closed: the sums after it are made anew where they are asked for. As claims
        are worked oldest first, there are none yet."""
        self.count(claim, claim.pnl(), claim.size)

    def count(self, claim: VenueClaim, pnl: Decimal, size: Decimal) -> None:
        """A claim counts with that pnl and the notional of so many contracts."""
        at = self._place(claim)
        self.pnl += pnl - self._pnls[at]
        self._pnls[at], self._values[at] = pnl, claim.book.value(claim.side * size, claim.book.mark)
        del self._sums[at + 1 :], self._nets[at + 1 :]

    def older_than(self, claim: VenueClaim) -> Decimal:
        """Pnl of the claims before it, which need not be one of them."""
        at, sums = self._place(claim), self._sums
        while len(sums) <= at:
            sums.append(sums[-1] + self._pnls[len(sums) - 1])
        return sums[at]

    def net_older_than(self, claim: VenueClaim) -> Decimal:
        """Their net notional: that of a long above zero."""
        at, nets = self._place(claim), self._nets
        while len(nets) <= at:
            i = len(nets) - 1
            nets.append(nets[i] + self._claims[i].side * abs(self._values[i]))
        return nets[at]

    def _place(self, claim: VenueClaim) -> int:
        """How many of them are older."""
        return bisect_left(self._numbers, claim.number)
