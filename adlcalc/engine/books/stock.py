"""What the venue holds of one side of a market: in order of the bankruptcy prices, and with running sums. So
a step costs by the claims that its mark has reached, not by those that wait.

Public: Stock, by_age.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from decimal import Decimal
from operator import attrgetter, itemgetter

from adlcalc.engine.books.claims import VenueClaim
from adlcalc.engine.books.holdings import MarketBook
from adlcalc.ground.numbers import ZERO

by_age = attrgetter("number")
"""Claims oldest first: their numbers rise."""
price_of = itemgetter(0)


class Stock:
    """Claims of one side of a market. contracts: of all of them; paid: what they cost together.

    A claim is plain if it costs exactly what it is worth at its bankruptcy price, so that it brings less than
    it costs at no better mark than that; the others are looked at one by one."""

    __slots__ = ("_has_closed", "_new", "_odd", "_partly", "_plain", "book", "contracts", "paid", "side")

    def __init__(self, book: MarketBook, side: int) -> None:
        self.book, self.side = book, side
        self.contracts = self.paid = ZERO
        self._plain: list[tuple[Decimal, int, VenueClaim]] = []  # by price, then by age
        self._odd: dict[VenueClaim, None] = {}
        # not yet in either: most are closed before anybody asks
        self._new: dict[VenueClaim, None] = {}
        self._partly: dict[VenueClaim, None] = {}  # closed in part since somebody asked
        self._has_closed = False

    def add(self, claim: VenueClaim) -> None:
        """One more."""
        self.contracts += claim.size
        self.paid += claim.cost
        self._new[claim] = None

    def _sort_in(self) -> None:
        """Put those in their places that are new, or of which a part has been closed."""
        plain: list[tuple[Decimal, int, VenueClaim]] = []
        for claim in self._new:
            if claim.size:
                if self._is_plain(claim):
                    assert claim.price is not None
                    plain.append((claim.price, claim.number, claim))
                else:
                    self._odd[claim] = None
        if len(plain) > len(self._plain):  # they are newer, and stand behind those of the same price
            self._plain += plain
            self._plain.sort(key=price_of)
        else:
            for one in plain:
                insort(self._plain, one)
        for claim in self._partly:
            if claim.size and claim not in self._odd and not self._is_plain(claim):
                self._plain.remove((claim.price or ZERO, claim.number, claim))
                self._odd[claim] = None
        self._new, self._partly = {}, {}

    def note_closed(self, claim: VenueClaim, size: Decimal, cost: Decimal) -> None:
        """So much of a claim is closed."""
        self.contracts -= size
        self.paid -= cost
        if claim.size:
            self._partly[claim] = None
        else:
            self._has_closed = True

    def forget_closed(self) -> None:
        """Of claims of which nothing is left."""
        if self._has_closed:
            self._plain = [one for one in self._plain if one[2].size]
            self._odd, self._new = (
                {claim: None for claim in some if claim.size} for some in (self._odd, self._new)
            )
            self._has_closed = False

    def _is_plain(self, claim: VenueClaim) -> bool:
        if claim.price is None or not self.book.is_plain:
            return False
        worth = claim.size * claim.price * self.book.contract.multiplier
        return claim.cost == (worth if self.side > 0 else -worth)

    def _adds_up(self) -> bool:
        """Is the sum of their values at the mark the value of the sum?"""
        return self.book.adds_up(self.contracts, self.book.mark)

    # --- what is asked --------------------------------------------------------------------------------------

    def claims(self) -> Iterator[VenueClaim]:
        """All that are open, in no order."""
        for _, _, claim in self._plain:
            if claim.size:
                yield claim
        for claim in (*self._odd, *self._new):
            if claim.size:
                yield claim

    def reached(self) -> list[VenueClaim]:
        """Whose bankruptcy price the mark has reached or passed."""
        self._sort_in()
        mark = self.book.mark
        return self._from(mark) + [c for c in self._odd if c.size and c.at_or_beyond(mark)]

    def _from(self, mark: Decimal) -> list[VenueClaim]:
        """Of the plain ones."""
        if self.side > 0:
            found = self._plain[bisect_left(self._plain, mark, key=price_of) :]
        else:
            found = self._plain[: bisect_right(self._plain, mark, key=price_of)]
        return [claim for _, _, claim in found if claim.size]

    def pnl(self) -> Decimal:
        """Of all of them at the mark."""
        if self._adds_up():
            return self.book.value(self.side * self.contracts, self.book.mark) - self.paid
        return sum((claim.pnl() for claim in self.claims()), ZERO)

    def losses(self) -> Iterator[tuple[VenueClaim, Decimal]]:
        """Who would bring less at the mark than it costs, and how much less."""
        self._sort_in()
        some = [*self._from(self.book.mark), *self._odd] if self._adds_up() else self.claims()
        for claim in some:
            if claim.size and (pnl := claim.pnl()) < 0:
                yield claim, -pnl
