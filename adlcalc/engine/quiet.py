"""The accounts that nothing has happened to, told together: how each stands follows from how it began and
from the first and the last mark.

Public: QuietAccounts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from functools import partial
from heapq import nlargest, nsmallest
from itertools import chain, compress, count, islice
from typing import Any

from adlcalc.engine.columns import Columns, decimals
from adlcalc.engine.declared import closed
from adlcalc.engine.events import AccountState, PositionState
from adlcalc.engine.formulas.margin import Lines, valuer
from adlcalc.engine.model import LONG, SHORT, Market
from adlcalc.ground.numbers import ZERO, D, exact

AT_ONCE = 1_000
SOME = 4_000


@closed
class QuietAccounts:
    """Those of a book of lone isolated positions that no event has touched. touched: the places in the book
    of the others, in order; first, mark: of the market."""

    step: int
    accounts: Columns
    touched: tuple[int, ...]
    market: Market
    first: Decimal
    mark: Decimal
    unit: Decimal

    def __len__(self) -> int:
        return len(self.accounts) - len(self.touched)

    @property
    def moved(self) -> bool:
        """Has their equity changed? All of it, or none: values are not rounded."""
        return self.first != self.mark

    def by_name(self) -> list[int]:
        """Their places, in the order of their names."""
        touched = set(self.touched)
        quiet = (i for i in range(len(self.accounts)) if i not in touched)
        return sorted(quiet, key=self.accounts.ids.__getitem__)

    def first_by_name(self, most: int) -> list[int]:
        """So many of them, the first by their names."""
        ids, touched = self.accounts.ids, set(self.touched)
        return nsmallest(most, (i for i in range(len(ids)) if i not in touched), key=ids.__getitem__)

    def nearest(self, lines: Lines, most: int) -> list[int]:
        """Those that may be among so many that are nearest to their liquidation prices, and some more: prices
        are told to the tick."""
        step = D(1).scaleb(self.mark.adjusted() - 9)
        room, now = 2 * int(self.market.tick / step) + 4, int(self.mark / step)
        due_from = partial(
            self.accounts.due_from,
            lines=lines,
            multiplier=self.market.contract.multiplier,
            step=step,
            without=self.touched,
        )
        near: list[tuple[int, int]] = []
        for side in (LONG, SHORT):
            # so many of the first few thousand are not nearer than those that are sought: farther ones are
            # passed over without a division
            first = nsmallest(most, (abs(now - level) for _, level in islice(due_from(side), SOME)))
            until = now - side * (first[-1] + room) if len(first) == most else None
            away = [(abs(now - level), i) for i, level in due_from(side, until=until)]
            farthest = max((distance for distance, _ in nsmallest(most, away)), default=0)
            near += [one for one in away if one[0] <= farthest + room]
        farthest = max((distance for distance, _ in nsmallest(most, near)), default=0)
        return [i for distance, i in near if distance <= farthest + room]

    def largest(self, most: int) -> set[int]:
        """So many of each side whose equity the mark has moved farthest: with the largest positions; the
        first by name of equals."""
        ids, sizes = self.accounts.ids, self.accounts.sizes.values
        found: set[int] = set()
        for side in (LONG, SHORT):
            own = self.accounts.on(side, self.touched)
            least = min(nlargest(most, compress(sizes, own)), default=0)
            large = (i for i, size in enumerate(sizes) if size >= least and own[i])
            found.update(nsmallest(most, large, key=lambda i: (-sizes[i], ids[i])))
        return found

    def without(self, places: Iterable[int]) -> QuietAccounts:
        """The others, as these are told one by one."""
        return replace(self, touched=tuple(sorted({*self.touched, *places})))

    def moves(self) -> Iterator[tuple[int, int]]:
        """Equity at the first and at the last mark of each, in units of one size."""
        return ((began, ends) for began, ends, _ in self._equities())

    def margins(self, lines: Lines) -> Iterator[tuple[int, int]]:
        """Equity and maintenance margin (margin.maintenance_margin) of each at the last mark, alike."""
        digits, _ = self.accounts.finest(self.market.contract.multiplier, self.first, self.mark)
        finer = max(decimals(x) for line in lines for x in line)
        of_equity = 10**finer
        (rate, deduction), *others = (
            (int(rate.scaleb(finer)), int(deduction.scaleb(finer + digits))) for rate, deduction in lines
        )
        for _, ends, notional in self._equities():
            needed = rate * notional - deduction
            for steeper, less in others:
                needed = max(needed, steeper * notional - less)
            yield ends * of_equity, needed

    def _equities(self) -> Iterator[tuple[int, int, int]]:
        multiplier, touched = self.market.contract.multiplier, self.touched
        sides = (
            self.accounts.equities(side, multiplier, self.first, self.mark, touched) for side in (LONG, SHORT)
        )
        return chain.from_iterable(sides)

    def states(self, places: Iterable[int]) -> Iterator[AccountState]:
        """How these stand."""
        value = valuer(self.market.contract, self.unit)
        ordered, at = list(places), count(0, AT_ONCE)
        while some := ordered[(begin := next(at)) : begin + AT_ONCE]:
            with exact():
                rows = [self._state(i, value) for i in some]
            yield from rows

    def _state(self, i: int, value: Any) -> AccountState:
        account = self.accounts[i]
        (p,) = account.positions
        signed = p.side * p.size
        cost, worth, collateral = value(signed, p.entry), value(signed, self.mark), p.collateral or ZERO
        held = PositionState(
            p.market, p.side, p.size, p.entry, cost, p.collateral, self.mark, worth - cost, ZERO
        )
        began = collateral + value(signed, self.first) - cost
        return AccountState(account.id, "open", False, began, collateral + worth - cost, ZERO, (held,))

    def worth(self) -> Decimal:
        """The value of all their positions at the last mark."""
        sizes, touched = self.accounts.sizes, self.touched
        sides = (LONG, SHORT)
        signed = sum(side * sum(compress(sizes.values, self.accounts.on(side, touched))) for side in sides)
        return sizes.number(signed) * self.market.contract.multiplier * self.mark
