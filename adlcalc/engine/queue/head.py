"""The head of a long queue without scoring everybody. `queue.Queue` is the plain rule next to it; both give
the same places.

For an isolated linear position the amounts that a score reads depend, per contract, on the mark P and on what
does not move: the entry e, the collateral k, the initial margin. Its profit is x = P - e (long) or e - P
(short), its equity k + x and the funding since it was settled, its notional P. So the positions of a side are
laid once into a grid of cells of neighboring e and k; at any mark each amount lies between two bounds in a
cell, and so does a score that has a bound (Score.most). Cells are opened best bound first until the best
exact score found is beyond every bound that is left. Floats only choose which cells are opened, with room for
their error; exact scores decide. Cross positions, whose equity depends on other marks, and positions that
have changed since are scored one by one; when these have become many, the side is laid anew.

Public: Grid, QueueHead, serves, LONG_QUEUE.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import compress, count, repeat
from operator import itemgetter, mul, truediv
from typing import NamedTuple

from adlcalc.engine.books.holdings import Holding, MarketBook
from adlcalc.engine.books.roster import Side
from adlcalc.engine.contract import LINEAR
from adlcalc.engine.formulas.policies import queue as by_score
from adlcalc.engine.formulas.scores import INITIAL_MARGIN, MAINTENANCE, Bounds, Score
from adlcalc.engine.queue.queue import Scored, inputs_of
from adlcalc.engine.rules import Eligible, Rules
from adlcalc.ground.numbers import ZERO, D
from adlcalc.ground.objects import record

LONG_QUEUE = 200
"""Below so many positions a side is ranked plainly."""
CELLS, MEMBERS = 48, 12
"""A side is cut into at most so many bands of the entry, and each band into as many of the collateral: so
many that a cell has about so many members."""
WORN = 8
"""A grid is laid anew when one of so many of its positions has changed."""
SMALLEST_MONEY = 10**6
"""Positions with less collateral or entry value than this many money units are scored one by one."""
ROUNDED = 1 / SMALLEST_MONEY
"""So the value of a contract, rounded with its position, is off by less than this part of its entry price."""
ROOM = 1e-9
"""How far beyond a bound, as a part of it, a score must be to be certain: far above the error of floats."""
SOME = 1e-300
"""Less than any profit."""


def serves(book: MarketBook, side: int, rules: Rules) -> bool:
    """Does the grid hold for this queue: a long side of a linear market, under a score that has a bound?"""
    return (
        len(book.holdings[side]) >= LONG_QUEUE
        and book.contract.kind == LINEAR
        and rules.adl.policy is by_score
        and rules.adl.score.most is not None
    )


FloatLines = tuple[tuple[float, float], ...]
"""Maintenance lines."""


class Screened(NamedTuple):
    """Positions, by their numbers where they have not been made, and of each its size, entry value,
    collateral (0 of a cross one) and the index up to which its funding is settled."""

    members: list[Holding | int]
    sizes: list[float]
    costs: list[float]
    collaterals: list[float]
    settled: list[float]


class Laid(NamedTuple):
    """Those of a side that are laid into its grid: entry, collateral and initial margin per contract, how
    many contracts, the index up to which their funding is settled, their maintenance lines. What all have
    alike, or the score does not look at, is a pair of bounds, or the lines of all."""

    positions: list[Holding | int]
    entry: list[float]
    collateral: list[float]
    initial: list[float]
    contracts: list[float] | Bounds
    settled: list[float] | Bounds
    lines: list[FloatLines] | frozenset[FloatLines]


class Cell(NamedTuple):
    """Positions of neighboring entry and collateral, and between what their amounts lie: members, the places
    in `Laid` of those that lie in no part of it, and parts that are cells themselves."""

    entry: Bounds
    collateral: Bounds
    initial: Bounds
    contracts: Bounds
    settled: Bounds
    lines: frozenset[FloatLines]
    members: Sequence[int]
    parts: Sequence[Cell]

    @classmethod
    def of(cls, laid: Laid, some: Sequence[int], entry: Bounds) -> Cell:
        """The cell around some places in order of their collateral, whose entries lie between those."""
        collateral = wider((laid.collateral[some[0]], laid.collateral[some[-1]]))
        return record(cls, (
            entry,
            collateral,
            collateral if laid.initial is laid.collateral else wider(between(laid.initial, some)),
            wider(between(laid.contracts, some)),
            between(laid.settled, some),
            frozenset(laid.lines[i] for i in some) if isinstance(laid.lines, list) else laid.lines,
            some,
            (),
        ))  # fmt: skip

    @classmethod
    def around(cls, parts: Sequence[Cell]) -> Cell:
        """The cell around some cells."""
        *amounts, lines, _, _ = zip(*parts, strict=True)
        entry, collateral, initial, contracts, settled = (
            (min(map(LOW, some)), max(map(HIGH, some))) for some in amounts
        )
        return cls(entry, collateral, initial, contracts, settled, frozenset().union(*lines), (), parts)

    def maintenance(self, worth: Bounds) -> Bounds:
        """Between what the maintenance margin of a contract lies: of each position the largest of its lines,
        rate - deduction / notional."""
        few, many = self.contracts
        least = [
            max(rate * worth[0] - deduction / (few if deduction > 0 else many) for rate, deduction in lines)
            for lines in self.lines
        ]
        most = [
            max(rate * worth[1] - deduction / (many if deduction > 0 else few) for rate, deduction in lines)
            for lines in self.lines
        ]
        return min(least), max(most)


LOW, HIGH = itemgetter(0), itemgetter(1)


def between(column: list[float] | Bounds, some: Sequence[int]) -> Bounds:
    """Between what the numbers of some places lie."""
    if isinstance(column, tuple):
        return column
    number = column.__getitem__
    return min(map(number, some)), max(map(number, some))


def wider(some: Bounds) -> Bounds:
    """With room for the error of the floats that are between them."""
    return some[0] * (1 - ROOM), some[1] * (1 + ROOM)


class Grid:
    """One side of a market, cut into cells; `single` are the positions that are scored one by one."""

    def __init__(self, book: MarketBook, side: int, score: Score) -> None:
        self.book, self.side = book, side
        self.head: QueueHead | None = None
        """The queue of this step, which has not scored everybody."""
        self.single: list[Holding] = []
        self._changed: dict[Holding, None] = {}
        assert score.most is not None
        self._most, self._reads = score.most, score.reads
        # the product of ratios is that of a contract, however many there are
        self._counts = not score.ratios or MAINTENANCE in score.reads
        self._multiplier = float(book.contract.multiplier)
        laid = self._lay()
        self._positions, self._count = laid.positions, len(laid.positions)
        everybody = sorted(range(self._count), key=laid.entry.__getitem__)
        cuts = min(CELLS, max(math.isqrt(self._count // MEMBERS), 1))
        self.cells: list[Cell] = []
        for band in bands(everybody, cuts):
            entry = laid.entry[band[0]], laid.entry[band[-1]]
            band.sort(key=laid.collateral.__getitem__)
            self.cells.append(Cell.around([Cell.of(laid, part, entry) for part in bands(band, cuts)]))
        book.ranked[side] = self

    def _lay(self) -> Laid:
        """Everybody that is large enough, and isolated."""
        least, (positions, *numbers) = float(self.book.unit * SMALLEST_MONEY), in_floats(self.book, self.side)
        if any(min(amounts, default=least) < least for amounts in numbers[1:3]):
            fits = [money >= least and cost >= least for cost, money in zip(*numbers[1:3], strict=True)]
            self.single = self.made([one for one, does in zip(positions, fits, strict=True) if not does])
            positions = list(compress(positions, fits))
            numbers = [list(compress(column, fits)) for column in numbers]
        sizes, costs, money, settled = numbers
        contracts = sizes if self._multiplier == 1 else list(map(mul, sizes, repeat(self._multiplier)))
        entry, collateral = list(map(truediv, costs, contracts)), list(map(truediv, money, contracts))
        initial, lines = collateral, frozenset((floats(self.book.lines or ()),))
        if INITIAL_MARGIN in self._reads:
            chosen = [float(one.leverage or 0) for one in self.made(positions)]
            initial = [e / by if by else k for e, k, by in zip(entry, collateral, chosen, strict=True)]
        of_each = MAINTENANCE in self._reads and not self.book.lines
        return Laid(
            positions,
            entry,
            collateral,
            initial,
            contracts if self._counts else around(contracts),
            settled if any(settled) else (0.0, 0.0),
            [floats(one.lines()) for one in self.made(positions)] if of_each else lines,
        )

    def made(self, some: Sequence[Holding | int]) -> list[Holding]:
        """The positions that some are, made where they were numbers."""
        numbers = [one for one in some if not isinstance(one, Holding)]
        if not numbers:
            return [one for one in some if isinstance(one, Holding)]
        positions = self.book.holdings[self.side]
        assert isinstance(positions, Side)
        if len(numbers) == len(some):
            return positions.holdings(numbers)
        of = dict(zip(numbers, positions.holdings(numbers), strict=True))
        return [one if isinstance(one, Holding) else of[one] for one in some]

    def holdings_of(self, cell: Cell) -> list[Holding]:
        """The positions of a cell that is opened."""
        return self.made([self._positions[i] for i in cell.members])

    def note_change(self, holding: Holding) -> None:
        """A position is about to change: it no longer is where it was laid, and a queue that has not scored
        it yet sees it as it is."""
        if holding not in self._changed:
            self._changed[holding] = None
            if self.head is not None:
                self.head.add((holding,))

    def end_step(self) -> None:
        """The queue of this step is over. It and what it walks through point at one another: left so, all
        that it has scored would wait for a collection."""
        if self.head is not None:
            self.head._rest, self.head = iter(()), None

    def is_worn(self) -> bool:
        """Have many of its positions changed? (Those that are closed are in nobody's way.)"""
        self._changed = {holding: None for holding in self._changed if holding.size}
        return len(self._changed) * WORN > self._count

    def one_by_one(self) -> list[Holding]:
        """Cross positions, small ones, and those that have changed since the grid was laid."""
        return [*dict.fromkeys((*self.single, *self._changed))]

    # --- bounds ---------------------------------------------------------------------------------------------

    def bound(self, cell: Cell, winners_only: bool) -> float:
        """No position of the cell that is eligible scores more at the mark; minus infinity where there is
        none."""
        mark, (low, high) = float(self.book.mark), cell.entry
        off = high * ROUNDED
        least, most = (mark - high, mark - low) if self.side > 0 else (low - mark, high - mark)
        found = -math.inf
        if most + off > 0:
            found = self._most(self._amounts(cell, mark, off, (max(least - off, SOME), most + off)))
        if least - off <= 0 and not winners_only:
            losers = self._most(self._amounts(cell, mark, off, (least - off, min(most + off, 0.0))))
            found = max(found, losers)
        return found

    def _amounts(self, cell: Cell, mark: float, off: float, pnl: Bounds) -> Mapping[str, Bounds]:
        """Between what the amounts of a contract lie, with a pnl between those; off: how far the value of one
        may be from its price."""
        own, now = cell.collateral, float(self.book.funding)
        worth, entry = (mark - off, mark + off), (cell.entry[0] - off, cell.entry[1] + off)
        equity = own[0] + pnl[0] - off, own[1] + pnl[1] + off
        if now or cell.settled[1] or cell.settled[0]:
            paid = [self.side * (now - then) / self._multiplier for then in cell.settled]
            room = ROOM * (abs(now) + max(map(abs, cell.settled))) / self._multiplier
            equity = equity[0] - max(paid) - room, equity[1] - min(paid) + room
        side, size = float(self.side), 1 / self._multiplier
        amounts = {
            "pnl": pnl,
            "entry_value": entry,
            "notional": worth,
            "exposure": worth,
            "equity": equity,
            "balance": own,
            INITIAL_MARGIN: (cell.initial[0] - off, cell.initial[1] + off),
            "size": wider((size, size)),
            "side": (side, side),
            "entry": entry,
            "mark": worth,
            "contracts": cell.contracts,
        }
        if MAINTENANCE in self._reads:
            amounts[MAINTENANCE] = cell.maintenance(worth)
        return amounts


def floats(lines: Iterable[tuple[Decimal, Decimal]]) -> FloatLines:
    """Maintenance lines as floats."""
    return tuple((float(rate), float(deduction)) for rate, deduction in lines)


def in_floats(book: MarketBook, side: int) -> Screened:
    """The open positions of a side, near enough to lay them into cells."""
    positions = book.holdings[side]
    made = [one for one in (positions.made() if isinstance(positions, Side) else positions) if one.size]
    found = Screened(
        [*made],
        [float(one.size) for one in made],
        [abs(float(one.cost)) for one in made],
        [float(one.collateral or 0) for one in made],
        [float(one.funding) for one in made],
    )
    if isinstance(positions, Side):
        numbers, *columns, units = positions.sketches()
        found.members.extend(numbers)
        for column, more, unit in zip(found[1:4], columns, map(float, units), strict=True):
            column.extend(map(mul, map(float, more), repeat(unit)))
        found.settled.extend([0.0] * len(numbers))
    return found


def around(column: list[float]) -> Bounds:
    """Between what all of a column lies."""
    return min(column, default=0.0), max(column, default=0.0)


def bands(ordered: list[int], parts: int) -> Iterator[list[int]]:
    """At most so many parts of nearly the same length."""
    length = max(math.ceil(len(ordered) / parts), 1)
    for first in range(0, len(ordered), length):
        yield ordered[first : first + length]


class QueueHead:
    """The queue by a grid, on the state of the moment it is made, worked out as far as it is used. Iterates
    like `Queue`."""

    def __init__(self, grid: Grid, rules: Rules) -> None:
        self._grid, self._score, self._ties = grid, rules.adl.score.of, rules.adl.ties
        self._winners_only = rules.adl.eligible == Eligible.WINNERS
        self._found: list[Scored] = []
        self._head = 0  # those before it are gone
        self._scored: set[Holding] = set()
        self._best: list[tuple[Decimal, Decimal, Decimal, int, Scored]] = []
        self.add(grid.one_by_one())
        self._rest = self._ranked()
        grid.head = self

    def __iter__(self) -> Iterator[Scored]:
        found, i = self._found, self._head
        while True:
            if i < len(found):
                place = found[i]
            elif (following := next(self._rest, None)) is not None:
                place = following
                found.append(place)
            else:
                return
            if place.holding.size:
                yield place
            elif i == self._head:
                self._head += 1
            i += 1

    def _ranked(self) -> Iterator[Scored]:
        """The places with their ranks. Whether one is tied only the one after it tells."""
        places = self._in_order()
        rank, place = 1, next(places, None)
        while place is not None:
            place.rank, following = rank, next(places, None)
            if following is not None and following.score == place.score:
                place.tied = following.tied = True
            yield place
            rank, place = rank + 1, following

    def add(self, some: Iterable[Holding]) -> None:
        """Score positions as they are now. One that is about to change is scored now, for what a later fill
        of this step does to it the queue does not see."""
        scored, best, score = self._scored, self._best, self._score
        ties, winners_only = self._ties, self._winners_only
        for holding in some:
            if holding not in scored:
                scored.add(holding)
                if holding.size:
                    inputs = inputs_of(holding)
                    if not winners_only or inputs.pnl > ZERO:
                        place = Scored(holding, score(inputs), inputs, ties)
                        heapq.heappush(best, (*place.key(), place))

    def _in_order(self) -> Iterator[Scored]:
        """By opening cells, best bound first."""
        grid, best, numbers = self._grid, self._best, count()
        cells: list[tuple[float, int, Cell]] = []

        def put(some: Iterable[Cell]) -> Decimal:
            """Lay cells by; an exact score above what is given back is beyond anything that these and the
            others can hold."""
            for cell in some:
                bound = grid.bound(cell, self._winners_only)
                if bound > -math.inf:
                    heapq.heappush(cells, (-bound, next(numbers), cell))
            bound = -cells[0][0] if cells else 0.0
            return D(repr(bound + abs(bound) * ROOM))

        certain = put(grid.cells)
        while True:
            while cells and not (best and best[0][-1].score > certain):
                _, _, cell = heapq.heappop(cells)
                self.add(grid.holdings_of(cell))
                certain = put(cell.parts)
            if not best:
                return
            yield heapq.heappop(best)[-1]
