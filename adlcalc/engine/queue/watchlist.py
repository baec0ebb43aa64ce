"""Which margin units a move can have made due, without looking at the others.

The path is known, and so is the step at which a unit may be due first, if nothing happens to it before
(forecast.py): it is looked at then, and not in between. Whoever is due at no step of the path is not looked
at again until something changes him; an account that is so from the beginning is never made (roster.py).
Where the path is not all that moves the marks there are triggers instead (triggers.py). A unit that a move in
its favor may hurt too (a maintenance rate of 100 % or more) is looked at at every step. `Everybody` is the
plain rule next to it: every unit, every step.

Public: Watchlist, Everybody.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import accumulate

from adlcalc.engine.books.holdings import MarketBook, Unit
from adlcalc.engine.books.ledger import Ledger
from adlcalc.engine.columns import Columns
from adlcalc.engine.contract import LINEAR
from adlcalc.engine.formulas import margin
from adlcalc.engine.model import Path, Position
from adlcalc.engine.queue.forecast import NEVER, Forecast, Leg, View
from adlcalc.engine.queue.triggers import Triggers, steps_of
from adlcalc.ground.numbers import ONE, ZERO, D


class Everybody:
    """The plain rule: every unit is evaluated at every step."""

    def __init__(self, ledger: Ledger) -> None:
        self._units = ledger.units  # all of them, once

    def touched(self) -> Iterable[Unit]:
        return self._units

    def foreseen(self) -> None:
        """All steps."""

    def watch(self, unit: Unit, slack: Decimal) -> None:
        """Nothing to remember."""

    def keep(self, unit: Unit) -> None:
        """Nothing to remember."""


class Watchlist:
    """At which step the units of a ledger are looked at next."""

    def __init__(self, ledger: Ledger, path: Path) -> None:
        self._ledger, self._roster = ledger, ledger.roster
        self._forecast = Forecast(ledger.markets.values(), path)
        self._triggers = Triggers(ledger, path)
        self._calendar: dict[int, list[int]] = {}  # by step: a position of each unit
        self._kept: dict[Unit, None] = {}
        self._opened = False

    def touched(self) -> Iterable[Unit]:
        """The units that may be due at the present marks and funding indices."""
        if not self._opened:
            self._opened = True
            self._open()
        step, units, self._kept = self._ledger.step, self._kept, {}
        for holding in self._roster.holdings(self._calendar.pop(step, ())):
            unit = holding.unit
            # one that has been made since it was foreseen, and not changed, does not know it
            foreseen = unit.looked_at
            if (foreseen is None or foreseen == step) and unit.is_open():
                units[unit] = None
        units.update(dict.fromkeys(self._triggers.crossed()))
        return units

    def foreseen(self) -> Container[int] | None:
        """The steps in which a unit is looked at, if nothing happens before; None where somebody waits for a
        mark, or is looked at in each."""
        return None if self._kept or self._triggers.are_set() else self._calendar

    def watch(self, unit: Unit, slack: Decimal) -> None:
        """When a unit is to be looked at that has `slack` = equity - maintenance margin > 0 at this step."""
        holdings = unit.open_holdings()
        legs = [(h.book, h.side, h.size, h.cost, h.lines(), h.funding) for h in holdings]
        step = self._forecast.first_due(unit.money(), legs, self._ledger.step + 1)
        self._triggers.drop(unit)
        if step is not None:
            unit.looked_at = step
            self._note(step, holdings[0].order)
        elif any(margin.hurt_both_ways(leg[4]) for leg in legs):
            self.keep(unit)
        else:
            unit.looked_at = NEVER
            self._triggers.watch(unit, slack)

    def keep(self, unit: Unit) -> None:
        """A unit that stays due with its account, or that a move either way may make due: look at it at every
        step."""
        self._kept[unit] = None

    def _note(self, step: int, number: int) -> None:
        if step != NEVER:
            self._calendar.setdefault(step, []).append(number)

    # --- the first look -------------------------------------------------------------------------------------

    def _open(self) -> None:
        """Who is safe for good is passed over; who is foreseen to be due is looked at then; only those of
        whom nothing is known are looked at now."""
        columns = self._columns()
        if columns is not None:
            self._open_columns(columns)
            return
        of_isolated, of_cross = self._forecast.views(isolated=True), self._forecast.views(isolated=False)
        number, all_cross = 0, self._roster.all_cross
        for account in self._roster.accounts:
            positions = account.positions
            cross = positions if all_cross else tuple(p for p in positions if p.collateral is None)
            if cross and not is_safe_by(of_cross, account.balance, cross):
                self._look(of_cross, account.balance, cross, number + positions.index(cross[0]))
            if len(cross) < len(positions):
                for i, p in enumerate(positions, number):
                    if p.collateral is not None and not is_safe_by(of_isolated, p.collateral, (p,)):
                        self._look(of_isolated, p.collateral, (p,), i)
            number += len(positions)

    def _look(
        self,
        views: Mapping[tuple[str, int], View],
        money: Decimal,
        positions: Sequence[Position],
        number: int,
    ) -> None:
        """One margin unit, by its money, its positions and the number of one of them. Those without contracts
        will be opened by a trade, and the unit is looked at then."""
        positions = [p for p in positions if p.size]
        if not positions:
            return
        step = self._forecast.first_seen(views, money, positions)
        if step is None:
            step = self._forecast.first_due(money, [self._leg(p) for p in positions], 0)
        if step is None:
            self.keep(self._roster.holding(number).unit)
        else:
            self._note(step, number)

    def _leg(self, p: Position) -> Leg:
        """A position that nothing has happened to."""
        book = self._ledger.markets[p.market]
        cost = book.value(p.side * p.size, p.entry)
        lines = book.lines_of(p.size, cost, isolated=p.collateral is not None)
        return book, p.side, p.size, cost, lines, ZERO

    def _columns(self) -> Columns | None:
        """The accounts as columns, where values at all marks of the path need no rounding and one number that
        moves is enough for each."""
        columns = self._roster.columns
        if columns is None:
            return None
        book = self._ledger.markets[columns.market]
        course = self._forecast.courses.get(book)
        if course is None or book.lines is None or margin.hurt_both_ways(book.lines):
            return None
        if course.pays and one_line(book) is None:
            return None
        return columns if columns.is_exact(book.contract, book.unit, course.marks) else None

    def _open_columns(self, columns: Columns) -> None:
        """The same look at columns, by mark, or by mark x (1 - s rate) - index where funding is paid: who is
        due at none of the path is passed over."""
        book = self._ledger.markets[columns.market]
        course, lines, multiplier = self._forecast.courses[book], book.lines, book.contract.multiplier
        assert lines is not None
        step = D(1).scaleb(book.first.adjusted() - 9)
        numbers = [] if course.pays else [steps_of(mark, step) for mark in course.marks]
        for side in (1, -1):
            if course.pays:
                weight, moving = weight_of(book, side), zip(course.marks, course.indices, strict=True)
                numbers = [steps_of(mark * weight - index, step) for mark, index in moving]
            # how far it has gone against the side until each step
            farthest = list(accumulate((-side * number for number in numbers), max))
            until = -side * farthest[-1]
            levels = columns.due_from(side, lines, multiplier, step, until=until, with_index=course.pays)
            for i, level in levels:
                first = bisect_left(farthest, -side * level)
                if first < len(farthest):
                    self._note(first, i)


def is_safe_by(views: Mapping[tuple[str, int], View], money: Decimal, positions: Iterable[Position]) -> bool:
    """Is a unit that nothing has happened to safe at the worst numbers of the whole path? False may mean
    anything."""
    try:
        for p in positions:
            least, worst, entry, value, _ = views[p.market, p.side]
            if entry is not None:
                money += p.size * (worst - entry * p.entry) - least
            else:
                money += p.size * worst - value(p.size if p.side > 0 else -p.size, p.entry) - least
    except KeyError:
        return False
    return money > ZERO


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
