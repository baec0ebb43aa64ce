"""The head of a long queue without scoring everybody. `queue.Queue` is the plain rule next to it; both give
the same places.

For an isolated linear position a score that is a product of ratios (Score.ratios) depends, per contract, on
the mark P and on what does not move: the entry e, the collateral k, the initial margin. Its profit is x = P -
e (long) or e - P (short), its equity k + x, its notional P. So the positions of a side are laid once into a
grid of cells of neighboring e and k; at any mark each amount lies between two bounds in a cell, and the score
of its winners below the product of the upper ones over the lower ones. Cells are opened best bound first
until the best exact score found is beyond every bound that is left. Floats only choose which cells are
opened, with room for their error; exact scores decide. Cross positions, whose equity depends on other marks,
and positions that a fill has changed are scored one by one.

The queue of a score that nothing moves is put in order once.

Public: Grid, Lazy, QueueHead, serves, FixedQueue, fixed_order, is_fixed, LONG_QUEUE.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import chain, groupby
from operator import itemgetter
from typing import NamedTuple

from adlcalc.engine.books.holdings import Holding, MarketBook
from adlcalc.engine.books.roster import Side
from adlcalc.engine.contract import LINEAR
from adlcalc.engine.formulas.policies import queue as by_score
from adlcalc.engine.formulas.scores import INITIAL_MARGIN, MAINTENANCE, Ratio
from adlcalc.engine.queue.queue import Place, inputs_of
from adlcalc.engine.rules import BadDebt, Eligible, Rules, Takeover, Ties
from adlcalc.ground.numbers import ZERO, D

LONG_QUEUE = 200
"""Below so many positions a side is ranked plainly."""
CELLS, MEMBERS = 48, 12
"""A side is cut into at most so many bands of the entry, and each band into as many of the collateral: so
many that a cell has about so many members."""
SMALLEST_MONEY = 10**6
"""Positions with less collateral or entry value than this many money units are scored one by one."""
ROUNDED = 1 / SMALLEST_MONEY
"""So the value of a contract, rounded with its position, is off by less than this part of its entry price."""
ROOM = 1e-9
"""How far beyond a bound, as a part of it, a score must be to be certain: far above the error of floats."""
BOUNDED = {"pnl", "entry_value", "notional", "exposure", "equity", "maintenance", "balance", "initial_margin"}
"""The amounts that have bounds in a cell."""


def serves(book: MarketBook, side: int, rules: Rules) -> bool:
    """Does the grid hold for this queue: a long side of a linear market without funding, under a score that
    is a product of ratios, with the winners first?"""
    ratios = rules.adl.score.ratios
    return (
        len(book.holdings[side]) >= LONG_QUEUE
        and book.contract.kind == LINEAR
        and not book.funding
        and rules.adl.policy is by_score
        and ratios != ()
        and BOUNDED.issuperset(names := {name for ratio in ratios for name in ratio})
        and (MAINTENANCE not in names or all(line[1] >= 0 for line in book.lines or ((0, -1),)))
        and (rules.adl.eligible == Eligible.WINNERS or rules.adl.score.winners_first)
        and isinstance(rules.liquidation.method, Takeover)
        and isinstance(rules.last_resort.policy, BadDebt)
    )


Bounds = tuple[float, float]
"""Of an amount of a contract: no winner of a cell has less, and none has more."""


class Cell(NamedTuple):
    """Positions of neighboring entry and collateral per contract, and between what that and the initial
    margin lie; largest: the size of the largest one."""

    entry: Bounds
    collateral: Bounds
    initial: Bounds
    largest: float
    members: list[Holding | int]  # by their numbers where they have not been made

    def bound(self, grid: Grid, mark: float) -> float:
        """No winner of the cell scores more than this at the mark; minus infinity where it holds no
        winner."""
        low, high = self.entry
        off = high * ROUNDED
        gains = (mark - high, mark - low) if grid.side > 0 else (low - mark, high - mark)
        x = max(gains[0] - off, 0.0), gains[1] + off
        if x[1] <= 0:
            return -math.inf
        worth, least = (mark - off, mark + off), self.collateral[0] + x[0] - off
        amounts: dict[str, Bounds] = {
            "pnl": x,
            "entry_value": (low - off, high + off),
            "notional": worth,
            "exposure": worth,
            "equity": (least, self.collateral[1] + x[1] + off),
            "maintenance": (0.0, grid.most_maintenance(self.largest, worth[1]) + off),
            "balance": self.collateral,
            "initial_margin": (self.initial[0] - off, self.initial[1] + off),
        }
        bound = 1.0
        for above, below in grid.ratios:
            divisor = amounts[below][0]
            if divisor <= 0:
                return math.inf
            bound *= amounts[above][1] / divisor
        return bound


class Grid:
    """One side of a market, cut into cells once; `single` are the positions that are scored one by one."""

    def __init__(self, book: MarketBook, side: int, ratios: tuple[Ratio, ...]) -> None:
        self.book, self.side, self.ratios = book, side, ratios
        self.single: list[Holding] = []
        least, multiplier = float(book.unit * SMALLEST_MONEY), float(book.contract.multiplier)
        placed: list[Placed] = []
        chosen = any(INITIAL_MARGIN in ratio for ratio in ratios)
        for one, size, cost, collateral in in_floats(book, side):
            if collateral is None or collateral < least or cost < least:
                self.single.append(self._made(one))
            else:
                leverage = float(self._made(one).leverage or 0) if chosen else 0
                contracts = size * multiplier
                entry, own = cost / contracts, collateral / contracts
                placed.append((entry, own, entry / leverage if leverage else own, size, one))
        placed.sort(key=itemgetter(0))
        self.cells: list[Cell] = []
        cuts = min(CELLS, max(math.isqrt(len(placed) // MEMBERS), 1))
        for band in bands(placed, cuts):
            band.sort(key=itemgetter(1))
            for part in bands(band, cuts):
                entries, collaterals, initials, sizes, members = zip(*part, strict=True)
                cell = Cell(
                    (min(entries), max(entries)),
                    (min(collaterals), max(collaterals)),
                    (min(initials), max(initials)),
                    max(sizes),
                    list(members),
                )
                self.cells.append(cell)
        self._lines = [(float(rate), float(deduction)) for rate, deduction in book.lines or ()]
        book.changed[side].clear()

    def most_maintenance(self, size: float, worth: float) -> float:
        """More than the maintenance margin of a contract of positions up to that size: the rate of the
        largest one, rate - deduction / notional."""
        notional = size * float(self.book.contract.multiplier) * worth
        return max((rate - deduction / notional for rate, deduction in self._lines), default=0.0) * worth

    def _made(self, one: Holding | int) -> Holding:
        if isinstance(one, Holding):
            return one
        positions = self.book.holdings[self.side]
        assert isinstance(positions, Side)
        return positions.holding(one)

    def holdings_of(self, cell: Cell) -> Iterator[Holding]:
        """The positions of a cell that is opened."""
        cell.members[:] = [self._made(one) for one in cell.members]
        return (one for one in cell.members if isinstance(one, Holding))

    def one_by_one(self) -> list[Holding]:
        """Cross positions, small ones, and those that a fill has changed since the grid was made."""
        return [*dict.fromkeys((*self.single, *self.book.changed[self.side]))]


Placed = tuple[float, float, float, float, Holding | int]
"""Entry, collateral and initial margin per contract, size, and the position."""


def in_floats(book: MarketBook, side: int) -> Iterator[tuple[Holding | int, float, float, float | None]]:
    """The open positions of a side, size, entry value and collateral near enough to lay them into cells:
    those that have been made, and the others by their numbers."""
    positions = book.holdings[side]
    made: Iterator[tuple[Holding | int, float, float, float | None]] = (
        (
            one,
            float(one.size),
            abs(float(one.cost)),
            None if one.collateral is None else float(one.collateral),
        )
        for one in (positions.made() if isinstance(positions, Side) else positions)
        if one.size
    )
    if not isinstance(positions, Side):
        return made
    scale, sketches = positions.sketches()
    q, c, k = map(float, scale)
    rest = (
        (number, float(size) * q, float(cost) * c, None if money is None else float(money) * k)
        for number, size, cost, money in sketches
    )
    return chain(made, rest)


def bands(placed: list[Placed], parts: int) -> Iterator[list[Placed]]:
    """At most so many parts of nearly the same length."""
    length = max(math.ceil(len(placed) / parts), 1)
    for first in range(0, len(placed), length):
        yield placed[first : first + length]


class Lazy:
    """A queue on the state of the moment it is made, worked out as far as it is used. Iterates like
    `Queue`."""

    def __init__(self, rest: Iterator[Place]) -> None:
        self._found: list[Place] = []
        self._head, self._rest = 0, rest

    def __iter__(self) -> Iterator[Place]:
        while self._head < len(self._found) and not self._found[self._head].holding.size:
            self._head += 1
        i = self._head
        while self._reach(i):
            place = self._found[i]
            if place.holding.size:
                yield place
            i += 1

    def _reach(self, i: int) -> bool:
        """Find the places up to i, and the one after it, which tells whether i is tied."""
        while len(self._found) < i + 2:
            place = next(self._rest, None)
            if place is None:
                return i < len(self._found)
            if self._found and self._found[-1].score == place.score:
                self._found[-1].tied = place.tied = True
            self._found.append(place)
            place.rank = len(self._found)
        return True


class FixedQueue(Lazy):
    """The queue of a score that nothing moves (Score.of_entry): everybody is put in order once a run, and
    only who is open, and how large, is looked at anew."""

    def __init__(self, order: Sequence[tuple[Decimal, Holding]], ties: Ties) -> None:
        self._ties = ties
        super().__init__(self._in_order([(score, one, one.size) for score, one in order if one.size]))

    def _in_order(self, found: list[tuple[Decimal, Holding, Decimal]]) -> Iterator[Place]:
        for score, tied in groupby(found, key=itemgetter(0)):
            places = []
            for _, holding, size in tied:
                place = Place(holding, score, inputs_of(holding), self._ties)
                place.size = size
                places.append(place)
            yield from sorted(places, key=Place.key)


def fixed_order(book: MarketBook, side: int, rules: Rules) -> list[tuple[Decimal, Holding]]:
    """Everybody with his score, highest first."""
    score = rules.adl.score.of
    return sorted(((score(inputs_of(one)), one) for one in book.holdings[side]), key=lambda found: -found[0])


def is_fixed(book: MarketBook, side: int, rules: Rules) -> bool:
    """Is a long side in an order that nothing moves? Where no trade changes an entry price."""
    adl = rules.adl
    fixed = adl.score.of_entry and adl.eligible == Eligible.ALL and adl.ties == Ties.LARGER_POSITION
    return fixed and adl.policy is by_score and len(book.holdings[side]) >= LONG_QUEUE


class QueueHead(Lazy):
    """The queue by a grid."""

    def __init__(self, grid: Grid, rules: Rules) -> None:
        self._grid, self._score, self._ties = grid, rules.adl.score.of, rules.adl.ties
        self._losers_too = rules.adl.eligible == Eligible.ALL
        # what a later fill of this step could change is scored now
        self._first = [
            place for holding in grid.one_by_one() if holding.size and (place := self._place(holding))
        ]
        self._known: set[Holding] = set(grid.book.changed[grid.side])
        super().__init__(self._in_order())

    def _place(self, holding: Holding) -> Place:
        inputs = inputs_of(holding)
        return Place(holding, self._score(inputs), inputs, self._ties)

    def _in_order(self) -> Iterator[Place]:
        """Winners by opening cells best bound first, then, if the rulebook ranks them, the losers."""
        grid, mark = self._grid, float(self._grid.book.mark)
        best = [(place.key(), place) for place in self._first if place.inputs.pnl > 0]
        heapq.heapify(best)
        bounds = [(-cell.bound(grid, mark), n) for n, cell in enumerate(grid.cells)]
        heapq.heapify(bounds)
        certain = self._beyond(bounds)
        while True:
            while bounds and bounds[0][0] != math.inf and not (best and best[0][1].score > certain):
                _, n = heapq.heappop(bounds)
                certain = self._beyond(bounds)
                for holding in grid.holdings_of(grid.cells[n]):
                    if holding.size and holding not in self._known:
                        place = self._place(holding)
                        if place.inputs.pnl > 0:
                            heapq.heappush(best, (place.key(), place))
            if not best:
                break
            yield heapq.heappop(best)[1]
        if self._losers_too:
            losers = [place for place in self._first if place.inputs.pnl <= 0]
            for cell in grid.cells:
                losers.extend(
                    place
                    for holding in grid.holdings_of(cell)
                    if holding.size
                    and holding not in self._known
                    and (place := self._place(holding)).inputs.pnl <= 0
                )
            yield from sorted(losers, key=Place.key)

    @staticmethod
    def _beyond(bounds: Sequence[tuple[float, int]]) -> Decimal:
        """An exact score above this is beyond anything that the cells of these bounds can hold."""
        return D(repr(-bounds[0][0] * (1 + ROOM))) if bounds else ZERO
