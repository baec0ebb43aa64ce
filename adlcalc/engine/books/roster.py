"""The accounts of a run. An account that nothing happens to needs no books of its own: its Holder and
Holdings, the objects that the rules read and the ledger changes, are made when they are first asked for.

What has to be known of everybody is added up in one pass at the opening: open interest, the size and the cost
of the rest of the market, the cash less the costs of all accounts. One that has not been made cannot have
changed, so the last audit takes those sums for it.

Public: Roster, Side, Sketches.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import accumulate, chain
from operator import attrgetter, mul
from typing import NamedTuple, overload

from adlcalc.engine.books.holdings import Holder, Holding, MarketBook
from adlcalc.engine.columns import Columns, ids_of
from adlcalc.engine.formulas.funding import pending, settled
from adlcalc.engine.model import Account
from adlcalc.ground.numbers import ONE, ZERO

BALANCE, STOOD = attrgetter("balance"), attrgetter("stood")


class Sketches(NamedTuple):
    """Positions that have not been made, enough to screen them: columns of their numbers, sizes, entry values
    (without a sign) and collaterals (0 of a cross one), as whole numbers of a unit each or as they are; and
    these units."""

    numbers: list[int]
    sizes: Sequence[Decimal | int]
    costs: Sequence[Decimal | int]
    collaterals: Sequence[Decimal | int]
    units: tuple[Decimal, Decimal, Decimal] = (ONE, ONE, ONE)


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
        self.all_cross = False
        """Is no position isolated?"""
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
        opening, held = self.opening, [account.positions for account in self.accounts]
        if len(opening) == 1:
            opening[self._currencies[0]] += sum(map(BALANCE, self.accounts), ZERO)
        else:
            for account, positions in zip(self.accounts, held, strict=True):
                # an account's money is of one currency
                currency = self.markets[positions[0].market].settles if positions else self._currencies[0]
                opening[currency] += account.balance
        found: dict[tuple[str, int], tuple[list[Decimal], ...]] = {
            (book.name, side): ([], [], []) for book, side in self.sides
        }
        for p in chain.from_iterable(held):  # once, as a large book does not stay at hand
            sizes, entries, collaterals = found[p.market, p.side]
            sizes.append(p.size)
            entries.append(p.entry)
            if p.collateral is not None:
                collaterals.append(p.collateral)
        self.all_cross = not any(collaterals for *_, collaterals in found.values())
        for (book, side), one in self.sides.items():
            sizes, entries, collaterals = found[book.name, side]
            contracts, worth, cost = book.opening(sizes, entries)
            one.length, one.contracts, one.worth = len(sizes), contracts, side * worth
            opening[book.settles] += sum(collaterals, ZERO) - side * cost
        firsts = array("q", accumulate(map(len, held), initial=0))
        self.count = firsts.pop()
        is_single = firsts == array("q", range(self.count))
        self._firsts = None if is_single else firsts

    def _add_up_columns(self, columns: Columns, book: MarketBook) -> None:
        """The same sums, of a book whose values need no rounding."""
        found, m = columns.sums(), book.contract.multiplier
        self.count = len(columns)
        for s in (1, -1):
            side = self.sides[book, s]
            side.length, side.contracts = found.length[s], found.size[s]
            side.worth = s * found.size[s] * m * book.first
        self.opening[book.settles] += found.collateral - (found.cost[1] - found.cost[-1]) * m

    # --- making ---------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.accounts)

    def holder(self, i: int) -> Holder:
        """Account i of the file."""
        if i not in self.made:
            self._make((i,))
        return self.made[i]

    def as_it_began(self, i: int) -> Holder:
        """The books of an account that nothing has happened to, for who only wants to look at them."""
        return next(self._begun((i,)))

    def _make(self, places: Sequence[int]) -> None:
        """The books of some accounts that had none."""
        found = list(self._begun(places))
        self.made.update(zip(places, found, strict=True))
        for currency, some in self._by_currency(found):
            self._quiet[currency] -= sum(map(STOOD, some), ZERO)

    def _begun(self, places: Iterable[int]) -> Iterator[Holder]:
        """The same of any accounts, for whatever they are wanted."""
        accounts = self.accounts
        if isinstance(accounts, Columns):
            return self._of_columns(accounts, places)
        return (self._of_account(accounts[i], i) for i in places)

    def _of_columns(self, columns: Columns, places: Iterable[int]) -> Iterator[Holder]:
        book, terms, index = self.markets[columns.market], columns.terms, self._settled_to
        ids, value, first, received = columns.ids, book.value, book.first, ZERO
        for i in places:
            holder, (side, size, entry, collateral, leverage) = Holder(ids[i], i, ZERO), terms(i)
            if index:
                received = settled(pending(side * size, index), book.unit)
                collateral += received
            holding = Holding(holder, book, i, side, size, entry, collateral, leverage, index)
            holder.holdings.append(holding)
            holder.stood = stood = collateral - holding.cost
            holder.equity_start = stood - received + value(holding.signed_size, first)
            yield holder

    def _of_account(self, account: Account, i: int) -> Holder:
        holder, markets = Holder(account.id, i, account.balance), self.markets
        number = i if self._firsts is None else self._firsts[i]
        for n, p in enumerate(account.positions, number):
            holder.holdings.append(
                Holding(holder, markets[p.market], n, p.side, p.size, p.entry, p.collateral, p.leverage)
            )
        total = holder.stood = holder.standing()
        for holding in holder.holdings:
            total += holding.book.value(holding.signed_size, holding.book.first)
        holder.equity_start = total
        return holder

    def holding(self, number: int) -> Holding:
        """The position of a number."""
        return self.holdings((number,))[0]

    def holdings(self, numbers: Sequence[int]) -> list[Holding]:
        """The positions of some numbers: those that have not been made are made in one go."""
        firsts, made = self._firsts, self.made
        places = numbers if firsts is None else [bisect_right(firsts, number) - 1 for number in numbers]
        if missing := dict.fromkeys(i for i in places if i not in made):
            self._make(list(missing))
        if firsts is None:
            return [made[i].holdings[0] for i in places]
        return [made[i].holdings[number - firsts[i]] for i, number in zip(places, numbers, strict=True)]

    def everybody(self) -> list[Holder]:
        """All of them, made; in file order."""
        if self._all is None:
            places = range(len(self.accounts))
            self._make([i for i in places if i not in self.made])
            self._all = [self.made[i] for i in places]
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
        for currency, some in self._by_currency(self.made.values()):
            total[currency] += sum(map(Holder.standing, some), ZERO)
        return total

    def contracts(self) -> dict[str, Decimal]:
        """Signed contracts of all accounts per market: those that all began with, less those of who has been
        made, who has what he has now."""
        total, columns, accounts = (
            {book.name: ZERO for book in self.markets.values()},
            self.columns,
            self.accounts,
        )
        for (book, side), found in self.sides.items():
            total[book.name] += side * found.contracts
        if columns is not None:
            sizes, longs = columns.sizes.values, columns.longs
            began = sum(sizes[i] if longs[i] else -sizes[i] for i in self.made)
            total[columns.market] -= columns.sizes.number(began)
        else:
            for i in self.made:
                for p in accounts[i].positions:
                    total[p.market] -= p.size if p.side > 0 else -p.size
        for holder in self.made.values():
            for holding in holder.holdings:
                if holding.size:
                    total[holding.book.name] += holding.signed_size
        return total

    def _by_currency(self, holders: Iterable[Holder]) -> Iterable[tuple[str, Iterable[Holder]]]:
        """Accounts by the currency that their money is in."""
        first = self._currencies[0]
        if len(self._currencies) == 1:
            return ((first, holders),)
        found: dict[str, list[Holder]] = {}
        for holder in holders:
            currency = holder.holdings[0].book.settles if holder.holdings else first
            found.setdefault(currency, []).append(holder)
        return found.items()

    def sketches(self, side: Side) -> Sketches:
        """The positions of a side that have not been made."""
        columns = self.columns
        if columns is None:
            return self._sketched(side)
        numbers, sizes, entries, collaterals = map(list, columns.picked(side.side, self.made))
        size, entry, collateral = (ONE.scaleb(-digits) for digits in columns.scale)
        units = size, size * entry * side.book.contract.multiplier, collateral
        return Sketches(numbers, sizes, list(map(mul, sizes, entries)), collaterals, units)

    def _sketched(self, side: Side) -> Sketches:
        numbers: list[int] = []
        sizes: list[Decimal] = []
        costs: list[Decimal] = []
        collaterals: list[Decimal] = []
        number = 0
        for i, account in enumerate(self.accounts):
            if i not in self.made:
                for n, p in enumerate(account.positions, number):
                    if p.side == side.side and self.markets[p.market] is side.book:
                        numbers.append(n)
                        sizes.append(p.size)
                        costs.append(abs(side.book.value(p.size, p.entry)))
                        collaterals.append(p.collateral or ZERO)
            number += len(account.positions)
        return Sketches(numbers, sizes, costs, collaterals)


class Side(Sequence[Holding]):
    """The positions of one side of a market, in file order: its length is known, and who goes through it
    makes everybody."""

    def __init__(self, roster: Roster, book: MarketBook, side: int) -> None:
        self._roster, self.book, self.side = roster, book, side
        self.length = 0
        self.contracts = self.worth = ZERO
        """Of all at the opening, and their value at the opening mark."""
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

    def holdings(self, numbers: Sequence[int]) -> list[Holding]:
        """The positions of some numbers, made where they were not."""
        return self._roster.holdings(numbers)

    def made(self) -> list[Holding]:
        """The positions that have been made."""
        return [
            holding
            for holder in self._roster.made.values()
            for holding in holder.holdings
            if holding.side == self.side and holding.book is self.book
        ]

    def sketches(self) -> Sketches:
        """The others."""
        return self._roster.sketches(self)
