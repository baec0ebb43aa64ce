"""At which step of the path a margin unit may be due first, if nothing happens to it before.

The path is known: the mark of every step, and what each payment of funding will be. So is what a unit will
have above its maintenance margin:

    left = fixed + the sum of weight x number, over the numbers that move

With v the notional of one contract (m P, inverse m / P) and s' = 1 where the value of a position rises with
it, -1 where it falls, a position of q contracts and one line of maintenance (rate, deduction) adds q (s' -
rate) v + deduction - cost, and where funding is paid -s q (index - index settled). For rates below 1 the
weight of v has the sign of s', so the worst of several steps is the least v or the greatest, alike for every
position of a side.

A row has the numbers of one step. The worst numbers of a block of steps, which need not come together, are a
row as well, and so are those of a block of blocks: a unit that has something left there has it at each of the
steps. So few rows are looked at, from the whole path down to the first step that leaves nothing: the row of a
block comes before those of its parts, and says which row is the next beyond them. Numbers are rounded so that
a unit is found early rather than late; the exact margin decides.

Public: Forecast, Course, View, Leg, ROUNDINGS, NEVER.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal, Inexact
from functools import cached_property
from itertools import accumulate
from operator import itemgetter, mul
from typing import NamedTuple

from adlcalc.engine.books.holdings import MarketBook
from adlcalc.engine.contract import LINEAR, PER_CONTRACT
from adlcalc.engine.formulas import margin
from adlcalc.engine.formulas.funding import payment_per_contract
from adlcalc.engine.model import LONG, SHORT, Path, Position
from adlcalc.ground.numbers import CEILING, FLOOR, ONE, ZERO, D, divide, round_to, rounder, scaled

BLOCK = 4
"""So many rows make one of a block."""
ROUNDINGS = 2
"""A value is rounded by half a unit of money at most; two units a position are on the safe side."""
NEVER = -1
"""The step at which a unit may be due first where there is none."""

Leg = tuple[MarketBook, int, Decimal, Decimal, margin.Lines, Decimal]
"""A position: market, side, size, cost, maintenance lines, and the index up to which its funding is
settled."""
Row = tuple[Decimal, ...]
Weight = tuple[Decimal, int]
Bent = tuple[int, list[tuple[Decimal, Decimal]]]


def tenth_digit(x: Decimal) -> Decimal:
    """What a number has ten digits in units of: a screen needs no more, and products stay short."""
    return scaled(1, x.adjusted() - 9)


class Course:
    """How a market goes on the path: the mark and the funding index of each step."""

    def __init__(self, book: MarketBook, path: Path) -> None:
        self.book, self.marks, self._rates = book, path.marks[book.name], path.funding.get(book.name, {})
        self.pays = any(self._rates.values())

    @cached_property
    def indices(self) -> Sequence[Decimal]:
        """The index after what each step pays."""
        contract, rates = self.book.contract, self._rates
        payments = (
            payment_per_contract(contract, rates[step], mark) if rates.get(step) else ZERO
            for step, mark in enumerate(self.marks)
        )
        return tuple(accumulate(payments))

    @cached_property
    def _notionals(self) -> list[Decimal]:
        """Of one contract at each step; where each contract's value is rounded (`per-contract`), that
        value."""
        contract, book = self.book.contract, self.book
        if contract.rounding == PER_CONTRACT:
            return [abs(book.value(ONE, mark)) for mark in self.marks]
        if contract.kind == LINEAR:
            return [contract.multiplier * mark for mark in self.marks]
        return [divide(contract.multiplier, mark) for mark in self.marks]

    def notionals(self, side: int) -> list[Decimal]:
        """To ten digits of the least of them, or thirty of the greatest, against a position of that side."""
        against = FLOOR if self.book.quotes[side].rises else CEILING
        numbers = self._notionals
        step = max(tenth_digit(min(numbers)), tenth_digit(max(numbers)).scaleb(-20))
        return list(map(rounder(step, against), numbers))


class Seat(NamedTuple):
    """Where the numbers of one side of a market are in a row: a contract's notional, and the funding index,
    0 where none is paid. sign: s'; worst: of several notionals, and of several indices."""

    notional: int
    funding: int
    sign: Decimal


class Rows:
    """The rows of a path, that of a block before those of its parts. numbers: of each; beyond: the row that
    comes after it and its parts; steps: which step it has, NEVER of a block; of_steps: the row of each step,
    and where they end."""

    __slots__ = ("beyond", "numbers", "of_steps", "steps")

    def __init__(self, heights: Sequence[Sequence[Row]]) -> None:
        """heights: the rows of the steps, those of blocks of them, and so on up to the one of the whole
        path."""
        self.numbers: list[Row] = []
        self.beyond: list[int] = []
        self.steps: list[int] = []
        self.of_steps: list[int] = []
        self._lay(heights, len(heights) - 1, 0)
        self.of_steps.append(len(self.numbers))

    def _lay(self, heights: Sequence[Sequence[Row]], height: int, place: int) -> None:
        """The row at a place of some height, and its parts."""
        at = len(self.numbers)
        self.numbers.append(heights[height][place])
        self.steps.append(NEVER if height else place)
        self.beyond.append(at + 1)
        if not height:
            self.of_steps.append(at)
            return
        first = place * BLOCK
        for part in range(first, min(first + BLOCK, len(heights[height - 1]))):
            self._lay(heights, height - 1, part)
        self.beyond[at] = len(self.numbers)

    def first(self, is_left: Callable[[Row], bool], at: int) -> int:
        """The first step, in the rows from one on, that leaves nothing, or NEVER: what the row of a block
        leaves is left at each of its steps, and the row beyond them is asked; else those of its parts are."""
        numbers, beyond, steps, end = self.numbers, self.beyond, self.steps, len(self.numbers)
        while at < end:
            if is_left(numbers[at]):
                at = beyond[at]
            elif steps[at] != NEVER:
                return steps[at]
            else:
                at += 1
        return NEVER


class View(NamedTuple):
    """What a screen of a unit has to know of a side: what more than values are rounded by, less the deduction
    of its one line of maintenance; what a contract is worth less its maintenance margin, and has received, at
    the worst numbers of the path; by what its entry price is multiplied for its cost, None where that is
    rounded; the value function; the weights of a contract, each with where its number is in a row."""

    least: Decimal
    worst: Decimal
    entry: Decimal | None
    value: Callable[[Decimal, Decimal], Decimal]
    weights: tuple[tuple[Decimal, int], ...]


class Forecast:
    """Of the units whose markets follow the path's marks; where marks follow the fills (feedback) nobody
    knows them."""

    def __init__(self, books: Iterable[MarketBook], path: Path) -> None:
        self.courses = {book: Course(book, path) for book in books if book.market.feedback is None}
        self.steps = path.steps
        self._seats: dict[tuple[MarketBook, int], Seat] = {}
        taken = 0
        for book, course in self.courses.items():
            for side in (LONG, SHORT):
                sign = ONE if book.quotes[side].rises else -ONE
                self._seats[book, side] = Seat(taken, taken + 1 if course.pays else 0, sign)
                taken += 2 if course.pays else 1

    @cached_property
    def _rows(self) -> Rows:
        """The rows of the steps, those of blocks of them, and so on up to the one of the whole path."""
        columns: list[tuple[Sequence[Decimal], Callable[..., Decimal]]] = []
        for (book, side), seat in self._seats.items():
            columns.append((self.courses[book].notionals(side), min if seat.sign > 0 else max))
            if seat.funding:
                columns.append((self.courses[book].indices, max if side > 0 else min))
        heights = [list(zip(*(numbers for numbers, _ in columns), strict=True))]
        while len(heights[-1]) > 1:
            places = range(0, len(heights[-1]), BLOCK)
            columns = [([worst(all_of[i : i + BLOCK]) for i in places], worst) for all_of, worst in columns]
            heights.append(list(zip(*(numbers for numbers, _ in columns), strict=True)))
        return Rows(heights)

    def views(self, *, isolated: bool) -> dict[tuple[str, int], View]:
        """Of the sides whose positions all have the same line of maintenance."""
        found = {}
        for (book, side), (notional, funding, sign) in self._seats.items():
            lines = book.lines if isolated else book.cross_lines
            if lines is None or len(lines) != 1 or margin.hurt_both_ways(lines):
                continue
            ((rate, deduction),), row, contract = lines, self._rows.numbers[0], book.contract
            weights = ((sign - rate, notional), *(((D(-side), funding),) if funding else ()))
            worst = sum((weight * row[at] for weight, at in weights), ZERO)
            worst = round_to(worst, tenth_digit(worst), FLOOR)
            is_plain = contract.kind == LINEAR and contract.rounding != PER_CONTRACT
            entry = side * contract.multiplier if is_plain else None
            least = book.unit * ROUNDINGS - deduction
            found[book.name, side] = View(least, worst, entry, book.value, weights)
        return found

    def first_seen(
        self, views: Mapping[tuple[str, int], View], money: Decimal, positions: Sequence[Position]
    ) -> int | None:
        """`first_due` of a unit that nothing has happened to, as the views of its sides have it. None also
        where one of them has none."""
        fixed, straight = money, list[Weight]()
        try:
            for p in positions:
                view = views.get((p.market, p.side))
                if view is None:
                    return None
                least, _, entry, value, weights = view
                cost = value(p.side * p.size, p.entry) if entry is None else p.size * (entry * p.entry)
                fixed -= cost + least
                for weight, at in weights:
                    straight.append((p.size * weight, at))
            # it is not safe for all of the path (watchlist.is_safe_by), so the one row of that need not be asked
            return self._rows.first(is_left_at(fixed, straight, ()), 1 if self.steps > 1 else 0)
        except Inexact:
            return None

    def first_due(self, money: Decimal, legs: Sequence[Leg], since: int) -> int | None:
        """The first step from `since` on at which a unit with that collateral or balance may have nothing
        left above its maintenance margin, or NEVER. None where that is not known: its marks are not, a move
        in its favor may hurt it, or the numbers have too many digits together."""
        try:
            is_left = self._is_left_of(money, legs)
            if is_left is None:
                return None
            rows = self._rows
            return rows.first(is_left, rows.of_steps[since] if since else 0)
        except Inexact:
            return None

    def _is_left_of(self, money: Decimal, legs: Sequence[Leg]) -> Callable[[Row], bool] | None:
        """Is anything left of a unit at a row?"""
        fixed = money
        straight: list[Weight] = []
        bent: list[Bent] = []
        for book, side, size, cost, lines, settled in legs:
            seat = self._seats.get((book, side))
            if seat is None or margin.hurt_both_ways(lines):
                return None
            notional, funding, sign = seat
            fixed -= cost + book.unit * ROUNDINGS
            if len(lines) == 1:
                ((rate, deduction),) = lines
                fixed += deduction
                straight.append((size * (sign - rate), notional))
            else:
                bent.append((notional, [(size * (sign - rate), deduction) for rate, deduction in lines]))
            if funding:
                fixed += side * size * settled
                straight.append((-side * size, funding))

        return is_left_at(fixed, straight, bent)


def is_left_at(fixed: Decimal, straight: Sequence[Weight], bent: Sequence[Bent]) -> Callable[[Row], bool]:
    """Is anything left of a unit at a row: of what no number moves; weights, each with where its number is;
    where a notional is, and the lines of maintenance that hold there?"""
    spent = -fixed
    if len(straight) == 1 and not bent:  # by far the most frequent, and asked a dozen times a unit
        ((weight, at),) = straight
        return lambda row: weight * row[at] > spent
    if len(straight) == 2 and not bent:
        (weight, at), (other, there) = straight
        return lambda row: weight * row[at] + other * row[there] > spent
    if len(straight) > 2 and not bent:
        weights, numbers_of = [weight for weight, _ in straight], itemgetter(*(at for _, at in straight))
        return lambda row: sum(map(mul, weights, numbers_of(row)), fixed) > ZERO

    def is_left(row: Row) -> bool:
        total = fixed
        for weight, at in straight:
            total += weight * row[at]
        for at, lines in bent:
            total += min(weight * row[at] + deduction for weight, deduction in lines)
        return total > ZERO

    return is_left
