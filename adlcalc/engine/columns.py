"""A large book as columns of integers: some 40 bytes an account and its name. An account is made of them when
it is asked for.

Every column is a whole number of 10**-digits, so that sums and comparisons are exact. Only accounts of one
isolated position each, all in one market, are kept so; what does not fit into 63 bits is not.

Public: Fixed, Columns, Sums, integers, ids_of.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import compress, repeat
from math import gcd
from operator import mul
from typing import NamedTuple, overload

from adlcalc.engine.contract import LINEAR, PER_CONTRACT, Contract
from adlcalc.engine.model import LONG, SHORT, Account, Position
from adlcalc.ground.numbers import ONE, ZERO, exact, scaled

MOST = 2**63 - 1
TURNED = bytes.maketrans(b"\0\1", b"\1\0")


class Fixed:
    """A column of numbers of so many decimals. What needs more than 63 bits is an OverflowError."""

    __slots__ = ("digits", "unit", "values")

    def __init__(self) -> None:
        self.values: array[int] = array("q")
        self.digits, self.unit = 0, ONE

    def extend(self, values: Iterable[int], digits: int) -> None:
        """Add numbers that are written with so many decimals."""
        if digits > self.digits:
            finer = 10 ** (digits - self.digits)
            self.values = array("q", map(mul, self.values, repeat(finer)))
            self.digits, self.unit = digits, scaled(1, -digits)
        elif digits < self.digits:
            values = map(mul, values, repeat(10 ** (self.digits - digits)))
        self.values.extend(values)

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, i: int) -> Decimal:
        """In the exact context, where a product is made in half the time."""
        return self.unit * self.values[i]

    def number(self, x: int) -> Decimal:
        """So many of its units."""
        return scaled(x, -self.digits)


class Sums(NamedTuple):
    """Positions, contracts and entry values without the multiplier, by side; all collateral."""

    length: dict[int, int]
    size: dict[int, Decimal]
    cost: dict[int, Decimal]
    collateral: Decimal


class Half(NamedTuple):
    """The positions of one side: their places in the book, and their numbers as in its columns."""

    places: array[int]
    sizes: array[int]
    entries: array[int]
    collaterals: array[int]


class Columns(Sequence[Account]):
    """Accounts of one isolated position each. leverage: the chosen one, 0 where there was none; empty where
    nobody has chosen any."""

    def __init__(self, market: str) -> None:
        self.market = market
        self.ids: list[str] = []
        self.longs = bytearray()  # 1: long, 0: short
        self.sizes, self.entries, self.collaterals, self.leverages = Fixed(), Fixed(), Fixed(), Fixed()
        self._halves: dict[int, Half] = {}
        self._sums: Sums | None = None

    @classmethod
    def of(cls, accounts: Sequence[Account]) -> Columns | None:
        """The same accounts as columns; None where they cannot be written so."""
        market = accounts[0].positions[0].market if accounts and accounts[0].positions else ""
        lone = [account.positions[0] for account in accounts if len(account.positions) == 1]
        if not lone or len(lone) < len(accounts) or any(account.balance for account in accounts):
            return None
        if any(one.collateral is None or one.market != market for one in lone):
            return None
        made, chosen = cls(market), any(one.leverage is not None for one in lone)
        try:
            made.add(
                [account.id for account in accounts],
                bytes(one.side > 0 for one in lone),
                integers([one.size for one in lone]),
                integers([one.entry for one in lone]),
                integers([one.collateral for one in lone if one.collateral is not None]),
                integers([one.leverage or ZERO for one in lone]) if chosen else None,
            )
        except OverflowError:
            return None
        return made

    def add(
        self,
        ids: Sequence[str],
        longs: bytes,
        sizes: tuple[Iterable[int], int],
        entries: tuple[Iterable[int], int],
        collaterals: tuple[Iterable[int], int],
        leverages: tuple[Iterable[int], int] | None = None,
    ) -> None:
        """Further accounts; each column as integers, and of how many decimals they are. OverflowError, and
        none of them, where they do not fit."""
        self._halves.clear()
        self._sums = None
        before = len(self.ids)
        columns = [self.sizes, self.entries, self.collaterals]
        given = [sizes, entries, collaterals]
        if leverages is not None:
            columns.append(self.leverages)
            given.append(leverages)
        try:
            for column, (values, digits) in zip(columns, given, strict=True):
                column.extend(values, digits)
        except OverflowError:
            for column in columns:
                del column.values[before:]
            raise
        self.ids += ids
        self.longs += longs

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, at: int) -> Account: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Account, ...]: ...
    def __getitem__(self, at: int | slice) -> Account | tuple[Account, ...]:
        if isinstance(at, slice):
            return tuple(self[i] for i in range(*at.indices(len(self.ids))))
        with exact():
            return Account(self.ids[at], (Position(self.market, *self.terms(at)),))

    def terms(self, i: int) -> tuple[int, Decimal, Decimal, Decimal, Decimal | None]:
        """Side, size, entry, collateral and chosen leverage of a position; in the exact context."""
        sizes, entries, collaterals = self.sizes, self.entries, self.collaterals
        return (
            LONG if self.longs[i] else SHORT,
            sizes.unit * sizes.values[i],
            entries.unit * entries.values[i],
            collaterals.unit * collaterals.values[i],
            (self.leverages[i] or None) if self.leverages.values else None,
        )

    def __iter__(self) -> Iterator[Account]:
        return (self[i] for i in range(len(self.ids)))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Sequence) and len(other) == len(self) and all(map(Account.__eq__, self, other))
        )

    __hash__ = None  # type: ignore[assignment]  # a list of accounts has none either

    # --- sums, and who may be due: exact, and only where nothing is rounded ---------------------------------

    def is_exact(self, contract: Contract, unit: Decimal, prices: Iterable[Decimal]) -> bool:
        """Is every value, at the entries and at these prices, a multiple of the money unit?"""
        if contract.kind != LINEAR or contract.rounding == PER_CONTRACT or unit.as_tuple().digits != (1,):
            return False
        finest = max([self.entries.digits, *map(decimals, prices)])
        return self.sizes.digits + decimals(contract.multiplier) + finest <= decimals(unit)

    def sums(self) -> Sums:
        """What all of them have together; runs of the same book ask again and again."""
        if self._sums is not None:
            return self._sums
        halves = {side: self.half(side) for side in (LONG, SHORT)}
        size = {s: sum(half.sizes) for s, half in halves.items()}
        cost = {s: sum(map(mul, half.sizes, half.entries)) for s, half in halves.items()}
        self._sums = Sums(
            {s: len(half.places) for s, half in halves.items()},
            {s: self.sizes.number(x) for s, x in size.items()},
            {s: self.sizes.number(x).scaleb(-self.entries.digits) for s, x in cost.items()},
            self.collaterals.number(sum(self.collaterals.values)),
        )
        return self._sums

    @property
    def scale(self) -> tuple[int, int, int]:
        """How many decimals size, entry price and collateral have in `rows`."""
        return self.sizes.digits, self.entries.digits, self.collaterals.digits

    def rows(self, side: int, without: Iterable[int] = ()) -> Iterator[tuple[int, int, int, int]]:
        """Number, size, entry price and collateral of the positions of a side. without: the numbers of some
        that are left out."""
        return zip(*self.picked(side, without), strict=True)

    def picked(self, side: int, without: Iterable[int] = ()) -> Sequence[Iterable[int]]:
        """The columns of `rows`."""
        half = self.half(side)
        if not without:
            return half
        chosen = bytes(compress(self.on(side, without), self.on(side)))
        return [compress(column, chosen) for column in half]

    def half(self, side: int) -> Half:
        """The positions of a side, picked out once: every pass over it would ask each of the others whether
        it belongs to it."""
        if side not in self._halves:
            chosen = self.on(side)
            columns = range(len(self.ids)), self.sizes.values, self.entries.values, self.collaterals.values
            self._halves[side] = Half(*(array("q", compress(column, chosen)) for column in columns))
        return self._halves[side]

    def on(self, side: int, without: Iterable[int] = ()) -> bytearray:
        """1 for each position of a side, 0 for each other and for those of these numbers."""
        chosen = self.longs[:] if side > 0 else self.longs.translate(TURNED)
        for i in without:
            chosen[i] = 0
        return chosen

    def equities(
        self, side: int, multiplier: Decimal, first: Decimal, last: Decimal, without: Iterable[int] = ()
    ) -> Iterator[tuple[int, int, int]]:
        """Equity at two marks and notional at the second of each position of a side: collateral + s q m (P -
        entry) and q m P, in the finest unit that all of them need (`finest`). without: as in `rows`."""
        digits, of_price = self.finest(multiplier, first, last)
        each = side * int(multiplier.scaleb(digits - self.sizes.digits - of_price))
        of_collateral, of_entry = (
            10 ** (digits - self.collaterals.digits),
            10 ** (of_price - self.entries.digits),
        )
        begin, end = int(first.scaleb(of_price)), int(last.scaleb(of_price))
        for _, q, entry, collateral in self.rows(side, without):
            held, cost, worth = collateral * of_collateral, entry * of_entry, q * each
            yield held + worth * (begin - cost), held + worth * (end - cost), side * worth * end

    def finest(self, multiplier: Decimal, *prices: Decimal) -> tuple[int, int]:
        """How many decimals money at these prices has, and the prices and entries themselves."""
        of_price = max(self.entries.digits, *map(decimals, prices))
        of_value = self.sizes.digits + decimals(multiplier) + of_price
        return max(of_value, self.collaterals.digits), of_price

    def due_from(
        self,
        side: int,
        lines: Sequence[tuple[Decimal, Decimal]],
        multiplier: Decimal,
        step: Decimal,
        *,
        until: int | None = None,
        with_index: bool = False,
        without: Iterable[int] = (),
    ) -> Iterator[tuple[int, int]]:
        """Number and liquidation price in whole steps, rounded down, of each position of a side: the mark at
        which collateral - s cost + s q m P = the largest of rate x q m P - deduction (rates below 1).

        until: only of those that are due there, in steps. with_index: instead of the mark the one number that
        moves it where funding is paid, m P (1 - s rate) - index; one line only. without: as in `rows`."""
        # money in units of the finest amount: (s-side cost - s collateral - s deduction) / (q m (1 - s rate))
        s, m = (1 if side > 0 else -1), Fraction(multiplier)
        of_cost = self.sizes.digits + self.entries.digits + decimals(multiplier)
        digits = max(of_cost, self.collaterals.digits, *(decimals(deduction) for _, deduction in lines))
        per_cost = int(m * 10 ** (digits - self.sizes.digits - self.entries.digits))
        per_collateral = s * 10 ** (digits - self.collaterals.digits)
        found: dict[int, int] = {}
        worst = max if side > 0 else min
        for rate, deduction in lines:
            weight = 1 if with_index else m * (1 - s * Fraction(rate))
            each = Fraction(10**self.sizes.digits, 10**digits) / (weight * Fraction(step))
            # (q e a - k b - c) / (q d), in the smallest whole numbers that say it
            a, b = per_cost * each.numerator, per_collateral * each.numerator
            c, d = int(s * deduction.scaleb(digits)) * each.numerator, each.denominator
            common = gcd(a, b, c, d)
            a, b, c, d = a // common, b // common, c // common, d // common
            rows = self.rows(side, without)
            if (
                until is not None
            ):  # the same without a division, for those whom a rough look does not rule out
                end, rough = (until + (s < 0)) * d, abs(b) // a
                if side > 0:
                    low, least = end // a, -(-c // a)
                    some = ((i, q, e, k) for i, q, e, k in rows if q * (e - low) - k * rough >= least)
                    rows = ((i, q, e, k) for i, q, e, k in some if q * (e * a - end) - k * b >= c)
                else:
                    high, most = -(-end // a), -(-c // a)
                    some = ((i, q, e, k) for i, q, e, k in rows if q * (e - high) + k * rough < most)
                    rows = ((i, q, e, k) for i, q, e, k in some if q * (e * a - end) - k * b < c)
            levels = ((i, (q * e * a - k * b - c) // (q * d)) for i, q, e, k in rows)
            if len(lines) == 1:
                return levels
            for i, level in levels:
                found[i] = worst(found.get(i, level), level)
        return iter(sorted(found.items()))


def ids_of(accounts: Sequence[Account]) -> Sequence[str]:
    """Their names, in file order; no account is made for it."""
    return accounts.ids if isinstance(accounts, Columns) else [account.id for account in accounts]


def decimals(x: Decimal) -> int:
    """How many decimals a number has; trailing zeros do not count."""
    exponent = x.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return max(-exponent, 0)


def integers(numbers: Sequence[Decimal]) -> tuple[list[int], int]:
    """The numbers as integers of 10**-digits, and how many digits that takes."""
    digits = max(map(decimals, numbers), default=0)
    found = [int(x.scaleb(digits)) for x in numbers]
    if any(abs(x) > MOST for x in found):
        raise OverflowError("a number needs more than 63 bits")
    return found, digits
