"""The head of a long queue without scoring everybody. `queue.Queue` is the plain rule next to it; both give
the same places.

For an isolated linear position the score pnl% x notional / equity depends, per contract, on the mark P and on
two numbers that do not move: the entry e and the collateral k. With the profit x = P - e (long) or e - P
(short),

    score = x / e x P / (k + x)

falls with k; with x it rises for longs, and for shorts it peaks at sqrt(P k). So the positions of a side are
laid once into a grid of cells of neighboring e and k; at any mark each cell has an upper bound in closed
form, and cells are opened best bound first until the best exact score found is beyond every bound that is
left. Floats only choose which cells are opened, with room for their error; exact scores decide. Cross
positions, whose equity depends on other marks, and positions that a fill has changed are scored one by one.

Public: Grid, QueueHead, serves, LONG_QUEUE.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from typing import NamedTuple

from adlcalc.engine.books.holdings import Holding, MarketBook
from adlcalc.engine.books.roster import Side
from adlcalc.engine.contract import LINEAR
from adlcalc.engine.formulas.policies import queue as by_score
from adlcalc.engine.queue.queue import Place, inputs_of
from adlcalc.engine.rules import BadDebt, Eligible, Rules, Takeover
from adlcalc.ground.numbers import D

LONG_QUEUE = 200
"""Below so many positions a side is ranked plainly."""
CELLS, MEMBERS = 48, 12
"""A side is cut into at most so many bands of the entry, and each band into as many of the collateral: so many
that a cell has about so many members."""
SMALLEST_MONEY = 10**6
"""Positions with less collateral than this many money units are scored one by one: rounding could move their
score past a bound. """
ROOM, LEAST_ROOM = 1e-6, 1e-5
"""How far beyond a bound, relatively and absolutely, a score must be to be certain: far above the error of
floats and of rounding. """


def serves(book: MarketBook, side: int, rules: Rules) -> bool:
    """Does the grid hold for this queue: a long side of a linear market without funding, under the score it
    was made for?"""
    return (
        len(book.holdings[side]) >= LONG_QUEUE
        and book.contract.kind == LINEAR
        and not book.funding
        and rules.adl.policy is by_score
        and rules.adl.score.is_return_times_leverage
        and isinstance(rules.liquidation.method, Takeover)
        and isinstance(rules.last_resort.policy, BadDebt)
    )


class Cell(NamedTuple):
    """Positions of neighboring entry and collateral per contract."""

    lowest_entry: float
    highest_entry: float
    lowest_collateral: float
    members: list[Holding | int]  # by their numbers where they have not been made

    def bound(self, side: int, mark: float) -> float:
        """No winner of the cell scores more than this at the mark; minus infinity where it holds no
        winner."""
        k = self.lowest_collateral
        if side > 0:
            x = mark - self.lowest_entry
            return x / self.lowest_entry * mark / (k + x) if x > 0 else -math.inf
        highest = self.highest_entry - mark
        if highest <= 0:
            return -math.inf
        x = min(max(math.sqrt(mark * k), self.lowest_entry - mark, highest * 1e-12), highest)
        return x / (mark + x) * mark / (k + x)


class Grid:
    """One side of a market, cut into cells once; `single` are the positions that are scored one by one."""

    def __init__(self, book: MarketBook, side: int) -> None:
        self.book, self.side = book, side
        self.single: list[Holding] = []
        least, multiplier = float(book.unit * SMALLEST_MONEY), float(book.contract.multiplier)
        placed: list[Placed] = []
        for one, size, cost, collateral in in_floats(book, side):
            if collateral is None or collateral < least or cost < least:
                self.single.append(self._made(one))
            else:
                contracts = size * multiplier
                placed.append((cost / contracts, collateral / contracts, one))
        placed.sort(key=lambda entry: entry[0])
        self.cells: list[Cell] = []
        cuts = min(CELLS, max(math.isqrt(len(placed) // MEMBERS), 1))
        for band in bands(placed, cuts):
            band.sort(key=lambda entry: entry[1])
            for part in bands(band, cuts):
                entries = [entry for entry, _, _ in part]
                self.cells.append(Cell(min(entries), max(entries), part[0][1], [one for _, _, one in part]))
        book.changed[side].clear()

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


Placed = tuple[float, float, Holding | int]


def in_floats(book: MarketBook, side: int) -> Iterator[tuple[Holding | int, float, float, float | None]]:
    """The open positions of a side, size, entry value and collateral near enough to lay them into cells:
    those that have been made, and the others by their numbers."""
    positions = book.holdings[side]
    for one in positions.made() if isinstance(positions, Side) else positions:
        if one.size:
            money = None if one.collateral is None else float(one.collateral)
            yield one, float(one.size), abs(float(one.cost)), money
    if isinstance(positions, Side):
        scale, sketches = positions.sketches()
        q, c, k = map(float, scale)
        for number, size, cost, collateral in sketches:
            money = None if collateral is None else float(collateral) * k
            yield number, float(size) * q, float(cost) * c, money


def bands(placed: list[Placed], parts: int) -> Iterator[list[Placed]]:
    """At most so many parts of nearly the same length."""
    length = max(math.ceil(len(placed) / parts), 1)
    for first in range(0, len(placed), length):
        yield placed[first : first + length]


class QueueHead:
    """The queue on the state of the moment it is made, worked out as far as it is used. Iterates like
    `Queue`."""

    def __init__(self, grid: Grid, rules: Rules) -> None:
        self._grid, self._score, self._ties = grid, rules.adl.score.of, rules.adl.ties
        self._losers_too = rules.adl.eligible == Eligible.ALL
        # what a later fill of this step could change is scored now
        self._first = [
            place for holding in grid.one_by_one() if holding.size and (place := self._place(holding))
        ]
        self._known: set[Holding] = set(grid.book.changed[grid.side])
        self._found: list[Place] = []
        self._head = 0
        self._rest = self._in_order()

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

    def _place(self, holding: Holding) -> Place:
        inputs = inputs_of(holding)
        return Place(holding, self._score(inputs), inputs, self._ties)

    def _in_order(self) -> Iterator[Place]:
        """Winners by opening cells best bound first, then, if the rulebook ranks them, the losers."""
        grid, mark = self._grid, float(self._grid.book.mark)
        best = [(place.key(), place) for place in self._first if place.inputs.pnl > 0]
        heapq.heapify(best)
        bounds = [(-cell.bound(grid.side, mark), n) for n, cell in enumerate(grid.cells)]
        heapq.heapify(bounds)
        while True:
            while (
                bounds
                and bounds[0][0] != math.inf
                and not (best and self._is_certain(best[0][1], -bounds[0][0]))
            ):
                _, n = heapq.heappop(bounds)
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
    def _is_certain(place: Place, bound: float) -> bool:
        """Is this exact score beyond anything a cell of that bound can hold?"""
        return place.score > D(repr(bound * (1 + ROOM) + LEAST_ROOM))
