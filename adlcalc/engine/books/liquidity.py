"""What the order book takes in one step: one side of one market, from the mark outward, used up as it is
filled.

Public: StepBook, HeardBook, Offer.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from adlcalc.engine.books.fund import largest_affordable
from adlcalc.engine.formulas.worked import Worked, as_it_is
from adlcalc.engine.model import Depth, Liquidity
from adlcalc.ground.numbers import DOWN, ZERO, D, divide, round_to

HALF = D("0.5")


class Offer(NamedTuple):
    """What the book offers next: up to `size` contracts (None: any number), `price(size)` for that many."""

    size: Decimal | None
    price: Callable[[Decimal], Decimal]
    flat: bool


class StepBook:
    """The side of the book that closing a position of `side` (+1: bids, sold into; -1: asks, bought from)
    meets in this step.

    levels: prices mark - side x distance, best first; prices of zero or less are no offers. impact: the price
    moves by `impact` a contract, a fill from depth x0 to x1 pays the average mark - side x impact (x0 + x1) /
    2, while the marginal price stays positive."""

    def __init__(self, liquidity: Liquidity, side: int, mark: Decimal, lot: Decimal) -> None:
        self._liquidity, self._side, self._mark, self._lot = liquidity, side, mark, lot
        self._taken = ZERO  # impact: the depth reached
        self._levels = [[mark - side * distance, size] for distance, size in liquidity.levels if size > 0]
        self._levels = [level for level in self._levels if level[0] > 0]
        unlimited = liquidity.kind == Depth.UNLIMITED or (
            liquidity.kind == Depth.IMPACT and not liquidity.impact
        )
        self._endless = Offer(None, lambda _size: mark, flat=True) if unlimited else None
        self._at_mark = as_it_is("price", "mark", mark)

    def next(self) -> Offer | None:
        """The best offer that is left, or None."""
        if self._endless is not None:
            return self._endless
        if self._liquidity.kind == Depth.IMPACT:
            left = self._impact_left()
            return Offer(left, self._impact_price, flat=False) if left is None or left > 0 else None
        if not self._levels:
            return None
        price, size = self._levels[0]
        return Offer(size, lambda _size: price, flat=True)

    def depth(self) -> Decimal | None:
        """How much is left of it at all prices; None where it has no end."""
        if self._liquidity.kind == Depth.LEVELS:
            return sum((size for _, size in self._levels), ZERO)
        return None if self._endless is not None else self._impact_left()

    def take(self, size: Decimal) -> Worked:
        """Use up `size` of the best offer; its price."""
        if self._endless is not None:
            return self._at_mark
        mark, away = self._mark, "[mark] - " if self._side > 0 else "[mark] + "
        if self._liquidity.kind == Depth.IMPACT:
            before, price = self._taken, self._impact_price(size)
            self._taken += size
            formula = away + "[impact] x ([depth before] + [depth after]) / 2"
            return Worked("price", price, formula, (mark, self._liquidity.impact, before, self._taken))
        price = self._levels[0][0]
        self._levels[0][1] -= size
        if not self._levels[0][1]:
            del self._levels[0]
        if price == mark:
            return self._at_mark
        return Worked("price", price, away + "[distance]", (mark, abs(mark - price)))

    def fills_of(self, size: Decimal, limit: Decimal | None, *, whole: bool) -> list[tuple[Decimal, Decimal]]:
        """The fills (size, price) of an order for `size` at `limit` or better: of all of it or none at all
        (whole), or of as much as there is. Nothing is taken yet."""
        if limit is None:
            return []
        if self._liquidity.kind == Depth.LEVELS:
            offers = [(level_size, price) for price, level_size in self._levels]
        else:
            offer = self.next()
            if offer and limit is not None and not whole:  # its price moves with the size
                most, price_of = size if offer.size is None else min(size, offer.size), offer.price
                size = largest_affordable(most, self._lot, lambda x: self._side * (limit - price_of(x)), ZERO)
                offer = offer if size else None
            offers = [(size if offer.size is None else offer.size, offer.price(size))] if offer else []
        fills, left = [], size
        for offered, price in offers:
            if not left or (price < limit if self._side > 0 else price > limit):
                break
            fills.append((min(left, offered), price))
            left -= fills[-1][0]
        return [] if left and whole else fills

    def _impact_price(self, size: Decimal) -> Decimal:
        return self._mark - self._side * self._liquidity.impact * (self._taken + self._taken + size) * HALF

    def _impact_left(self) -> Decimal | None:
        """Selling stops before the marginal price is zero; buying never stops."""
        if self._side < 0:
            return None
        return max(round_to(divide(self._mark, self._liquidity.impact), self._lot, DOWN) - self._taken, ZERO)


class HeardBook(StepBook):
    """One of a market whose mark follows its fills: farthest is the price of the fill of this round that lies
    farthest from the mark."""

    farthest: Decimal | None = None

    def take(self, size: Decimal) -> Worked:
        """Prices only get worse from one fill to the next: the last one is the farthest."""
        how = super().take(size)
        self.farthest = how.result
        return how
