"""Which margin units a move can have made due, without looking at the others.

Only adverse moves hurt: a long is hurt when its mark falls or its funding index rises, a short by the
opposite. And the path is known: how far each market still goes either way (`Reach`). So a unit that would be
safe with every position at the worst mark and the worst index that are still to come, even together, is
safe until something changes it, and is not looked at again; an account that is so from the beginning is never
made (roster.py).

Of the others every open position holds triggers, in heaps per market and side, such that no combination of
moves inside its unit's triggers can bring the unit to its maintenance margin. A unit with one position gets
its exact liquidation price; where funding is paid, the exact value of mark x (1 - s rate) - index, the one
number that moves. Any other divides its slack (equity - maintenance) among its positions by their notionals,
nine tenths of each share for the mark and one for funding where the market pays any. A crossed trigger causes
one exact evaluation, which liquidates the unit or sets its triggers anew.

Triggers are whole numbers of a fine step of the price, rounded so that a unit is touched early rather than
late; the exact margin decides. A unit that a move in its favor may hurt too (a maintenance rate of 100 % or
more) has no such trigger and is looked at at every step. `Everybody` is the plain rule next to it: every
unit, every step.

Public: Watchlist, Everybody.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import accumulate
from typing import NamedTuple

from adlcalc.engine.books.holdings import Holding, MarketBook, Unit
from adlcalc.engine.books.ledger import Ledger
from adlcalc.engine.columns import Columns
from adlcalc.engine.contract import LINEAR, PER_CONTRACT
from adlcalc.engine.formulas import margin
from adlcalc.engine.formulas.funding import payment_per_contract
from adlcalc.engine.model import Market, Path, Position
from adlcalc.ground.numbers import CEILING, DOWN, FLOOR, ONE, ZERO, D, divide, round_to, rounder, scaled

PRICE_SHARE, FUNDING_SHARE = D("0.9"), D("0.1")
SHARE_UNIT = D("1E-24")
ROUNDINGS = 2  # a value is rounded by half a unit at most; two units a position are on the safe side


class Everybody:
    """The plain rule: every unit is evaluated at every step."""

    def __init__(self, ledger: Ledger) -> None:
        self._units = ledger.units  # all of them, once

    def touched(self) -> Iterable[Unit]:
        return self._units

    def watch(self, unit: Unit, slack: Decimal) -> None:
        """Nothing to remember."""

    def keep(self, unit: Unit) -> None:
        """Nothing to remember."""


class Reach:
    """How far a market still goes: from each step on the lowest and the highest mark, and funding index, of
    the path. Where the mark follows the fills (feedback) nobody knows."""

    def __init__(self, market: Market, path: Path) -> None:
        contract, marks, rates = market.contract, path.marks[market.name], path.funding.get(market.name, {})
        self.pays = any(rates.values())
        self.is_known = market.feedback is None
        self.marks, self._indices = marks, (ZERO,) * len(marks)
        self._low, self._high = extremes(marks)
        if self.pays:
            payments = (
                payment_per_contract(contract, rates[step], mark) if rates.get(step) else ZERO
                for step, mark in enumerate(marks)
            )
            self._indices = tuple(accumulate(payments))
            self._least, self._most = extremes(self._indices)

    def worst_mark(self, side: int, step: int) -> Decimal:
        """The lowest for a long, the highest for a short."""
        return self._low[step] if side > 0 else self._high[step]

    def worst_index(self, side: int, step: int) -> Decimal:
        """The highest for a long, the lowest for a short."""
        return self._most[step] if side > 0 else self._least[step]

    def worst_of_both(self, side: int, weight: Decimal) -> Decimal:
        """Of weight x mark - index, of the whole path: the lowest for a long, the highest for a short."""
        both = (weight * mark - index for mark, index in zip(self.marks, self._indices, strict=True))
        return min(both) if side > 0 else max(both)


def extremes(numbers: Sequence[Decimal]) -> tuple[list[Decimal], list[Decimal]]:
    """From each place on the least and the greatest."""
    return list(accumulate(reversed(numbers), min))[::-1], list(accumulate(reversed(numbers), max))[::-1]


class Heap:
    """Triggers of one side of one moving number. Entries are `key << bits | position number`, smallest first;
    the key is negated where the number's fall is the adverse move, so an entry is crossed when its key is at
    most the (negated) number's."""

    def __init__(self, sign: int, step: Decimal, bits: int, now: Callable[[], Decimal]) -> None:
        self.sign, self.step, self.bits, self.now = sign, step, bits, now
        self.entries: list[int] = []

    def entry(self, level: Decimal, number: int) -> int:
        key = int(level // self.step)
        if level < 0 and key * self.step > level:
            key -= 1  # // truncates toward zero; the floor is wanted
        return (self.sign * key << self.bits) | number

    def crossed(self) -> int:
        """Entries below this are crossed by the number as it is now."""
        return self.entry(self.now(), 0) + (1 << self.bits)


class Heaps(NamedTuple):
    """Of one side of a market. funding, both: where it pays any; both: mark x (1 - s rate) - index, where one
    line of maintenance holds for everybody."""

    price: Heap
    funding: Heap | None
    both: Heap | None


class Watchlist:
    """The trigger heaps of a ledger."""

    def __init__(self, ledger: Ledger, path: Path) -> None:
        self._ledger, self._roster = ledger, ledger.roster
        self._bits = max(self._roster.count.bit_length(), 1)
        self._mask = (1 << self._bits) - 1
        self._reach = {book: Reach(book.market, path) for book in ledger.markets.values()}
        self._heaps: dict[tuple[MarketBook, int], Heaps] = {
            (book, side): self._heaps_of(book, side) for book in self._reach for side in (1, -1)
        }
        self._kept: dict[Unit, None] = {}
        self._opened = False

    def _heaps_of(self, book: MarketBook, side: int) -> Heaps:
        step = D(1).scaleb(book.first.adjusted() - 9)
        price = Heap(-side, step, self._bits, lambda: book.mark)
        if not self._reach[book].pays:
            return Heaps(price, None, None)
        funding = Heap(side, step * D("1E-6"), self._bits, lambda: book.funding)
        if one_line(book) is None:
            return Heaps(price, funding, None)
        weight = weight_of(book, side)
        return Heaps(price, funding, Heap(-side, step, self._bits, lambda: book.mark * weight - book.funding))

    def touched(self) -> Iterable[Unit]:
        """The units whose triggers the present marks and funding indices have crossed."""
        if not self._opened:
            return self._open()
        units, self._kept = self._kept, {}
        for heaps in self._heaps.values():
            for which, heap in enumerate(heaps):
                if heap is None or not heap.entries:
                    continue
                limit, entries = heap.crossed(), heap.entries
                while entries and entries[0] < limit:
                    entry = heapq.heappop(entries)
                    holding = self._roster.holding(entry & self._mask)
                    # a position that has been made since its entry was, and not changed, does not know it
                    if holding.size and holding.triggers[which] in (entry, None):
                        units[holding.unit] = None
                        if holding.triggers[which] is not None:
                            triggers = list(holding.triggers)
                            triggers[which] = None
                            holding.triggers = tuple(triggers)
        return units

    def watch(self, unit: Unit, slack: Decimal) -> None:
        """Set the triggers of a unit that has `slack` = equity - maintenance margin > 0."""
        holdings = unit.open_holdings()
        lines = [h.lines() for h in holdings]
        if any(map(margin.hurt_both_ways, lines)):
            self.keep(unit)
            return
        # at the opening that has been asked
        if self._ledger.step and self._is_safe(
            unit.money(),
            [
                (h.book, h.side, h.size, h.cost, own, h.funding)
                for h, own in zip(holdings, lines, strict=True)
            ],
        ):
            for holding in holdings:
                holding.triggers = NOTHING_DUE
            return
        if len(holdings) == 1 and self._alone(holdings[0], unit.cash()):
            return
        values = [h.value() for h in holdings]
        parts = [abs(v) for v in values]
        if not any(parts):  # all of them are worth nothing yet: any division is as good
            parts = [ONE] * len(parts)
        whole, count = sum(parts, ZERO), len(holdings)
        for holding, its_lines, v, part in zip(holdings, lines, values, parts, strict=True):
            book, side, size = holding.book, holding.side, holding.size
            share = slack if count == 1 else divide(slack * part, whole)
            pays = self._reach[book].pays
            for_price = shorten(shorten(share) * PRICE_SHARE) if pays else shorten(share)
            own = v - margin.maintenance_margin(its_lines, abs(v))
            price = price_trigger(book, side, size, its_lines, for_price - own, count)
            level = None
            if pays:
                room = divide(shorten(shorten(share) * FUNDING_SHARE), size)
                level = book.funding + side * shorten(room)
            self._set(holding, price, level)

    def keep(self, unit: Unit) -> None:
        """A unit that stays due with its account, or that a move either way may make due: look at it at every
        step."""
        self._kept[unit] = None

    # --- the first look -------------------------------------------------------------------------------------

    def _open(self) -> Iterable[Unit]:
        """Who is safe for good is passed over; a lone position gets its trigger without an evaluation; the
        others are evaluated once."""
        self._opened = True
        columns = self._columns()
        evaluate = {} if columns is None else self._open_columns(columns)
        views = {(book.name, side): self._view(book, side) for book, side in self._heaps}
        number = 0
        for account in self._roster.accounts if columns is None else ():
            positions = account.positions
            isolated = [i for i, one in enumerate(positions) if one.collateral is not None]
            for i in isolated:
                p = positions[i]
                if not is_safe_by(views, p.collateral or ZERO, (p,)):
                    self._look(p.collateral or ZERO, (p,), (number + i,), evaluate)
            if len(isolated) < len(positions):
                cross = [i for i, one in enumerate(positions) if one.collateral is None]
                ones = [positions[i] for i in cross]
                if not is_safe_by(views, account.balance, ones):
                    self._look(account.balance, ones, [number + i for i in cross], evaluate)
            number += len(positions)
        for heaps in self._heaps.values():
            for heap in heaps:
                if heap is not None:
                    heapq.heapify(heap.entries)
        return [*evaluate, *self.touched()]

    def _view(self, book: MarketBook, side: int) -> View | None:
        """What `is_safe_by` has to know of a side; None where it cannot tell."""
        reach = self._reach[book]
        if not reach.is_known or reach.pays or book.contract.rounding == PER_CONTRACT or book.lines is None:
            return None
        if len(book.lines) != 1 or margin.hurt_both_ways(book.lines):
            return None
        (rate, deduction), mark = book.lines[0], reach.worst_mark(side, 0)
        level = None
        if book.contract.kind == LINEAR:  # to ten digits, so that products need no more than values do
            few = scaled(1, mark.adjusted() - 9)
            level = round_to(mark - side * rate * mark, few, FLOOR if side > 0 else CEILING)
        least = book.unit * ROUNDINGS - deduction
        of_cross = book.lines == book.cross_lines
        return View(least, book.contract.multiplier, level, book.value, mark, rate, of_cross)

    def _look(
        self,
        money: Decimal,
        positions: Sequence[Position],
        numbers: Sequence[int],
        evaluate: dict[Unit, None],
    ) -> None:
        """One margin unit, by its money, its positions and their numbers. Those without contracts will be
        opened by a trade, and the unit is looked at then."""
        legs: list[Leg] = []
        markets, last = self._ledger.markets, 0
        for p, number in zip(positions, numbers, strict=True):
            if p.size:
                book = markets[p.market]
                cost = book.value(p.size if p.side > 0 else -p.size, p.entry)
                lines = book.lines_of(p.size, cost, isolated=p.collateral is not None)
                legs.append((book, p.side, p.size, cost, lines, ZERO))
                last = number
        if not legs:
            return
        if not any(margin.hurt_both_ways(leg[4]) for leg in legs):
            if self._is_safe(money, legs):
                return
            if len(legs) == 1:
                book, side, size, cost, lines, _ = legs[0]
                heap, level = self._lone_level(book, side, size, lines, money - cost)
                if heap is not None:
                    if level is not None:
                        heap.entries.append(heap.entry(level, last))
                    return
        evaluate[self._roster.holding(last).unit] = None

    def _columns(self) -> Columns | None:
        """The accounts as columns, where values at all marks of the path need no rounding and one trigger is
        enough for each."""
        columns = self._roster.columns
        if columns is None:
            return None
        book = self._ledger.markets[columns.market]
        marks = self._reach[book]
        if not marks.is_known or book.lines is None or margin.hurt_both_ways(book.lines):
            return None
        if marks.pays and one_line(book) is None:
            return None
        return columns if columns.is_exact(book.contract, book.unit, marks.marks) else None

    def _open_columns(self, columns: Columns) -> dict[Unit, None]:
        """The same look at columns: who is due at no mark of the path is passed over."""
        book, bits = self._ledger.markets[columns.market], self._bits
        reach, lines, multiplier = self._reach[book], book.lines, book.contract.multiplier
        assert lines is not None
        for side in (1, -1):
            heaps = self._heaps[book, side]
            heap, worst = heaps.price, reach.worst_mark(side, 0)
            if heaps.both is not None:
                heap, worst = heaps.both, reach.worst_of_both(side, weight_of(book, side))
            sign = heap.sign
            until, paid = sign * (heap.entry(worst, 0) >> bits), heaps.both is not None
            levels = columns.due_from(side, lines, multiplier, heap.step, until=until, with_index=paid)
            heap.entries += [(sign * level << bits) | i for i, level in levels]
        return {}

    # --- safe for good, and triggers ------------------------------------------------------------------------

    def _is_safe(self, money: Decimal, legs: Sequence[Leg]) -> bool:
        """Is the equity above the maintenance margin with every position at the worst mark and index to
        come, rounding included?"""
        step = self._ledger.step
        for book, side, size, cost, lines, settled in legs:
            reach = self._reach[book]
            if not reach.is_known:
                return False
            value = book.value(size if side > 0 else -size, reach.worst_mark(side, step))
            money += value - cost - margin.maintenance_margin(lines, abs(value)) - rounding(book, size)
            if reach.pays:
                money -= side * size * (reach.worst_index(side, step) - settled)
        return money > 0

    def _alone(self, holding: Holding, cash: Decimal) -> bool:
        """Set the exact trigger of a lone position, if there is one."""
        heap, level = self._lone_level(holding.book, holding.side, holding.size, holding.lines(), cash)
        if heap is None:
            return False
        heaps = self._heaps[holding.book, holding.side]
        entry = None if level is None else heap.entry(level, holding.order)
        triggers = (entry, SAFE, SAFE) if heap is heaps.price else (SAFE, SAFE, entry)
        if entry is not None and entry not in holding.triggers:
            heapq.heappush(heap.entries, entry)
        holding.triggers = tuple(SAFE if one is None else one for one in triggers)
        return True

    def _lone_level(
        self, book: MarketBook, side: int, size: Decimal, lines: margin.Lines, cash: Decimal
    ) -> tuple[Heap | None, Decimal | None]:
        """The heap and the level of a lone position's one trigger; (None, None) where it needs several."""
        heaps = self._heaps[book, side]
        if heaps.funding is None:
            return heaps.price, price_trigger(book, side, size, lines, cash)
        if heaps.both is None:
            return None, None
        # cash + s q m P - s q (index - index now) = rate x q m P - deduction
        ((_, deduction),) = lines
        # one quotient: taking the index from a number of 60 digits would need more of them
        level = divide(-side * (cash + deduction - rounding(book, size)) - book.funding * size, size)
        return heaps.both, level

    def _set(self, holding: Holding, price: Decimal | None, funding: Decimal | None) -> None:
        heaps, number = self._heaps[holding.book, holding.side], holding.order
        at_price = SAFE if price is None else heaps.price.entry(price, number)
        at_index = SAFE if funding is None or heaps.funding is None else heaps.funding.entry(funding, number)
        if at_price not in (SAFE, holding.triggers[0]):
            heapq.heappush(heaps.price.entries, at_price)
        if heaps.funding is not None and at_index not in (SAFE, holding.triggers[1]):
            heapq.heappush(heaps.funding.entries, at_index)
        holding.triggers = at_price, at_index, SAFE


SAFE = -1 << 200
"""No entry: no move of this number alone makes the unit due, whatever entries of it are still in a heap."""
NOTHING_DUE = (SAFE, SAFE, SAFE)
Leg = tuple[MarketBook, int, Decimal, Decimal, margin.Lines, Decimal]
"""A position: market, side, size, cost, maintenance lines, and the index up to which its funding is
settled."""


class View(NamedTuple):
    """Of a side: what is more than values are rounded by, less the deduction of its one line of maintenance;
    the multiplier; its value function, worst mark and rate of maintenance. level, of a linear market: mark x
    (1 - s rate), so that the equity less the maintenance margin there is money + s q m (level - entry)."""

    least: Decimal
    multiplier: Decimal
    level: Decimal | None
    value: Callable[[Decimal, Decimal], Decimal]
    mark: Decimal
    rate: Decimal
    of_cross: bool


def is_safe_by(
    views: Mapping[tuple[str, int], View | None], money: Decimal, positions: Iterable[Position]
) -> bool:
    """`Watchlist._is_safe` of a unit that nothing has happened to, for the most frequent kinds of markets;
    False may mean anything."""
    for p in positions:
        view = views[p.market, p.side]
        if view is None or (p.collateral is None and not view.of_cross):
            return False
        least, multiplier, level, value, mark, rate, _ = view
        signed = p.size if p.side > 0 else -p.size
        if level is not None:
            money += signed * multiplier * (level - p.entry) - least
        else:
            worst = value(signed, mark)
            money += worst - value(signed, p.entry) - rate * abs(worst) - least
    return money > 0


def one_line(book: MarketBook) -> tuple[Decimal, Decimal] | None:
    """The one maintenance line of all positions of a linear market, where there is one, at a rate below 1."""
    if (
        book.contract.kind != LINEAR
        or book.lines is None
        or len(book.lines) != 1
        or book.lines != book.cross_lines
    ):
        return None
    return None if margin.hurt_both_ways(book.lines) else book.lines[0]


def weight_of(book: MarketBook, side: int) -> Decimal:
    """By what equity less maintenance margin of a contract rises with the mark, where one line holds for all:
    m (1 - s rate), turned round for a short."""
    line = one_line(book)
    assert line is not None
    return book.contract.multiplier * (ONE - side * line[0])


def rounding(book: MarketBook, size: Decimal) -> Decimal:
    """More than the value of a position and its maintenance margin are rounded by."""
    error = book.unit * ROUNDINGS
    return error * (size + ONE) if book.contract.rounding == PER_CONTRACT else error


def price_trigger(
    book: MarketBook, side: int, size: Decimal, lines: margin.Lines, cash: Decimal, positions: int = 1
) -> Decimal | None:
    """The mark at which cash + value(P) = maintenance(P), a little early; None where no mark does it, the
    present mark where every one does."""
    direction = side if book.contract.kind == LINEAR else -side
    error = book.unit * (ROUNDINGS * positions)
    if book.contract.rounding == PER_CONTRACT:
        error *= size
    n = margin.notional_at_maintenance(lines, direction, cash - error)
    if n is None:
        return None if direction > 0 else book.mark
    return margin.price_of_notional(book.contract, size, n)


shorten = rounder(SHARE_UNIT, DOWN)
"""To 24 decimals, toward zero: a share of the slack needs no more, and less is on the safe side."""
