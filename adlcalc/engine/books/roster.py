"""The accounts of a run. An account that nothing happens to needs no books of its own: its Holder and
Holdings, the objects that the rules read and the ledger changes, are made when they are first asked for.

What has to be known of everybody is added up in one pass at the opening: open interest, the size and the cost
of the rest of the market, the cash less the costs of all accounts. One that has not been made cannot have
changed, so the last audit takes those sums for it.

Public: Roster, Side, Sketch, Scale.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple, overload

from adlcalc.engine.books.holdings import Holder, Holding, MarketBook
from adlcalc.engine.columns import Columns, ids_of
from adlcalc.engine.formulas.funding import pending, settled
from adlcalc.engine.model import Account, Position
from adlcalc.ground.numbers import ONE, ZERO

Sketch = tuple[int, Decimal | int, Decimal | int, Decimal | int | None]
"""A position that has not been made, as whole numbers of `Scale` or as it is: enough to screen it. Its
number, size, |entry value| and collateral."""


class Scale(NamedTuple):
    """What one of a sketch's size, cost and collateral is."""

    size: Decimal = ONE
    cost: Decimal = ONE
    collateral: Decimal = ONE


class Roster:
    """Everybody, in file order. `number`: of a position, counted through all accounts (`Holding.order`)."""

    def __init__(
        self, accounts: Sequence[Account], markets: dict[str, MarketBook], currencies: Sequence[str]
    ) -> None:
        self.accounts, self.markets, self._currencies = accounts, markets, currencies
        self.opening = dict.fromkeys(currencies, ZERO)
        """Cash - cost of all accounts at the start, by currency."""
        self.sides = {(book, side): Side(self, book, side) for book in markets.values() for side in (1, -1)}
        self.count = 0
        """How many positions there are."""
        self.made: dict[int, Holder] = {}
        self._firsts: array[int] | None = None  # the number of each account's first position; None: its own
        self._all: list[Holder] | None = None
        self.columns = self._columns()
        """The accounts as columns of integers, where every value at the opening is one without rounding."""
        if self.columns is None:
            self._add_up()
        else:
            self._add_up_columns(self.columns, markets[self.columns.market])
        self._quiet = dict(self.opening)  # of those that have not been made
        self._settled_to = ZERO  # the index up to which their funding is settled

    def _columns(self) -> Columns | None:
        accounts = self.accounts
        if not isinstance(accounts, Columns) or not len(accounts):
            return None
        book = self.markets[accounts.market]
        return accounts if accounts.is_exact(book.contract, book.unit, (book.first,)) else None

    # --- the opening ----------------------------------------------------------------------------------------

    def _add_up(self) -> None:
        opening, firsts, number = self.opening, array("q"), 0
        found: dict[tuple[str, int], list[Position]] = {(book.name, side): [] for book, side in self.sides}
        settles = {name: book.settles for name, book in self.markets.items()}
        for account in self.accounts:
            positions, cash = account.positions, account.balance
            firsts.append(number)
            number += len(positions)
            for position in positions:
                found[position.market, position.side].append(position)
                if position.collateral is not None:
                    cash += position.collateral
            # an account's money is of one currency
            opening[settles[positions[0].market] if positions else self._currencies[0]] += cash
        for (book, side), one in self.sides.items():
            own = found[book.name, side]
            quiet, worth, cost = book.opening([p.size for p in own], [p.entry for p in own])
            one.length, one.quiet, one.worth = len(own), quiet, side * worth
            opening[book.settles] -= side * cost
        self.count = number
        is_single = firsts == array("q", range(number))
        self._firsts = None if is_single else firsts

    def _add_up_columns(self, columns: Columns, book: MarketBook) -> None:
        """The same sums, of a book whose values need no rounding."""
        found, m = columns.sums(), book.contract.multiplier
        self.count = len(columns)
        for s in (1, -1):
            side = self.sides[book, s]
            side.length, side.quiet = found.length[s], found.size[s]
            side.worth = s * found.size[s] * m * book.first
        self.opening[book.settles] += found.collateral - (found.cost[1] - found.cost[-1]) * m

    # --- making ---------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.accounts)

    def holder(self, i: int) -> Holder:
        """Account i of the file."""
        found = self.made.get(i)
        if found is None:
            found, standing = self._begun(i)
            self.made[i] = found
            for holding in found.holdings:
                self.sides[holding.book, holding.side].quiet -= holding.size
            self._quiet[self._currency(found)] -= standing
        return found

    def as_it_began(self, i: int) -> Holder:
        """The books of an account that nothing has happened to, for who only wants to look at them."""
        return self._begun(i)[0]

    def _begun(self, i: int) -> tuple[Holder, Decimal]:
        """The same, and its cash - cost."""
        accounts = self.accounts
        return (
            self._of_columns(accounts, i)
            if isinstance(accounts, Columns)
            else self._of_account(accounts[i], i)
        )

    def _of_columns(self, columns: Columns, i: int) -> tuple[Holder, Decimal]:
        holder, book, received = Holder(columns.ids[i], i, ZERO), self.markets[columns.market], ZERO
        side, size, entry, collateral, leverage = columns.terms(i)
        if self._settled_to:
            received = settled(pending(side * size, self._settled_to), book.unit)
            collateral += received
        holding = Holding(holder, book, i, side, size, entry, collateral, leverage, self._settled_to)
        holder.holdings.append(holding)
        standing = collateral - holding.cost
        holder.equity_start = standing - received + book.value(holding.signed_size, book.first)
        return holder, standing

    def _of_account(self, account: Account, i: int) -> tuple[Holder, Decimal]:
        holder, markets = Holder(account.id, i, account.balance), self.markets
        number = i if self._firsts is None else self._firsts[i]
        for n, p in enumerate(account.positions, number):
            holder.holdings.append(
                Holding(holder, markets[p.market], n, p.side, p.size, p.entry, p.collateral, p.leverage)
            )
        total = standing = holder.standing()
        for holding in holder.holdings:
            total += holding.book.value(holding.signed_size, holding.book.first)
        holder.equity_start = total
        return holder, standing

    def holding(self, number: int) -> Holding:
        """The position of a number."""
        if self._firsts is None:
            return self.holder(number).holdings[0]
        i = bisect_right(self._firsts, number) - 1
        return self.holder(i).holdings[number - self._firsts[i]]

    def everybody(self) -> list[Holder]:
        """All of them, made; in file order."""
        if self._all is None:
            self._all = [self.holder(i) for i in range(len(self.accounts))]
        return self._all

    def take_apart(self) -> None:
        """The run is over. An account, its positions and their units point at one another, as a market and
        its sides do: left so, all that a large run has made would wait for a collection."""
        for holder in self.made.values():
            holder.take_apart()
        for book, _ in self.sides:
            book.holdings, book.ranked = {}, {}
        self.made, self.sides, self.markets, self._all = {}, {}, {}, None

    # --- looking --------------------------------------------------------------------------------------------

    def places_by_name(self) -> list[int]:
        """Everybody in the order of their names, so that the same book gives the same output in whatever
        order its accounts are written."""
        ids = ids_of(self.accounts)
        return sorted(range(len(ids)), key=ids.__getitem__)

    def by_name(self) -> Iterator[Holder]:
        """Everybody in that order. Who has not been made is made for the moment."""
        for i in self.places_by_name():
            found = self.made.get(i)
            if found is not None:
                yield found
            else:
                yield (for_now := self.as_it_began(i))
                for_now.take_apart()

    def settle(self, index: Decimal, received: Decimal) -> None:
        """Those that have not been made have received so much together, and are settled up to that index."""
        columns = self.columns
        assert columns is not None
        self._settled_to = index
        self._quiet[self.markets[columns.market].settles] += received

    def standing(self) -> dict[str, Decimal]:
        """Cash - cost of all accounts by currency: of those that were made as they stand, of the others as
        they began."""
        total = dict(self._quiet)
        for holder in self.made.values():
            total[self._currency(holder)] += holder.standing()
        return total

    def contracts(self) -> dict[str, Decimal]:
        """Signed contracts of all accounts per market, counted alike."""
        total = {book.name: ZERO for book in self.markets.values()}
        for (book, side), found in self.sides.items():
            total[book.name] += side * found.quiet
        for holder in self.made.values():
            for holding in holder.holdings:
                if holding.size:
                    total[holding.book.name] += holding.signed_size
        return total

    def _currency(self, holder: Holder) -> str:
        return holder.holdings[0].book.settles if holder.holdings else self._currencies[0]

    def sketches(self, side: Side) -> tuple[Scale, Iterator[Sketch]]:
        """The positions of a side that have not been made."""
        columns, made = self.columns, self.made
        if columns is None:
            return Scale(), self._sketched(side)
        size, entry, collateral = (ONE.scaleb(-digits) for digits in columns.scale)
        scale = Scale(size, size * entry * side.book.contract.multiplier, collateral)
        return scale, ((i, q, q * e, k) for i, q, e, k in columns.rows(side.side) if i not in made)

    def _sketched(self, side: Side) -> Iterator[Sketch]:
        number = 0
        for i, account in enumerate(self.accounts):
            if i not in self.made:
                for n, p in enumerate(account.positions, number):
                    if p.side == side.side and self.markets[p.market] is side.book:
                        yield n, p.size, abs(side.book.value(p.size, p.entry)), p.collateral
            number += len(account.positions)


class Side(Sequence[Holding]):
    """The positions of one side of a market, in file order: its length is known, and who goes through it
    makes everybody."""

    def __init__(self, roster: Roster, book: MarketBook, side: int) -> None:
        self._roster, self.book, self.side = roster, book, side
        self.length = 0
        self.quiet = self.worth = ZERO
        """Contracts of those that have not been made; the value of all at the opening mark."""
        self._holdings: list[Holding] | None = None

    def __len__(self) -> int:
        return self.length

    def _whole(self) -> list[Holding]:
        if self._holdings is None:
            self._holdings = [
                holding
                for holder in self._roster.everybody()
                for holding in holder.holdings
                if holding.side == self.side and holding.book is self.book
            ]
        return self._holdings

    @overload
    def __getitem__(self, at: int) -> Holding: ...
    @overload
    def __getitem__(self, at: slice) -> list[Holding]: ...
    def __getitem__(self, at: int | slice) -> Holding | list[Holding]:
        return self._whole()[at]

    def __iter__(self) -> Iterator[Holding]:
        return iter(self._whole())

    def holding(self, number: int) -> Holding:
        """The position of a number, made where it was not."""
        return self._roster.holding(number)

    def made(self) -> list[Holding]:
        """The positions that have been made."""
        return [
            holding
            for holder in self._roster.made.values()
            for holding in holder.holdings
            if holding.side == self.side and holding.book is self.book
        ]

    def sketches(self) -> tuple[Scale, Iterator[Sketch]]:
        """The others."""
        return self._roster.sketches(self)
