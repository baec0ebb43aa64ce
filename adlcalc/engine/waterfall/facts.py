"""Who looks on while a run is made, and what he may ask: plain facts, worked out by the engine's own sums and
its own verdict.

Public: Facts, Observer, PositionFact, MarginFact, PlaceFact, Stake.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from decimal import Decimal
from itertools import zip_longest
from operator import itemgetter
from typing import NamedTuple

from adlcalc.engine.books.holdings import Holding, Unit
from adlcalc.engine.books.ledger import Ledger
from adlcalc.engine.events import AccountState
from adlcalc.engine.formulas.margin import maintenance_margin
from adlcalc.engine.formulas.scores import Inputs
from adlcalc.engine.formulas.worked import Worked
from adlcalc.engine.model import LONG, SHORT
from adlcalc.engine.queue.queue import Queue
from adlcalc.engine.rules import AdlRules
from adlcalc.engine.waterfall.closing import account_state, backstops_at_end, by_name, venue_at_end
from adlcalc.engine.waterfall.liquidation import is_due
from adlcalc.engine.waterfall.state import State
from adlcalc.ground.numbers import ZERO
from adlcalc.ground.objects import record


class PositionFact(NamedTuple):
    """A position at the marks. rate, deduction: the line of its maintenance margin that counts."""

    market: str
    side: int
    size: Decimal
    entry: Decimal
    mark: Decimal
    value: Decimal
    cost: Decimal
    rate: Decimal
    deduction: Decimal
    maintenance: Decimal


class MarginFact(NamedTuple):
    """A margin unit when the marks of a step had moved: equity = cash + pending funding + unrealized pnl;
    due: liquidated?"""

    step: int
    account: str
    margin: str
    cash: Decimal
    pending: Decimal
    positions: tuple[PositionFact, ...]
    equity: Decimal
    maintenance: Decimal
    due: bool


class Next(NamedTuple):
    """Who stands behind a place, and with what score."""

    account: str
    score: Decimal


class PlaceFact(NamedTuple):
    """A place in a queue that was used: how many contracts and positions were before it and in all of it, and
    who was next."""

    step: int
    account: str
    market: str
    side: int
    rank: int
    score: Worked
    inputs: Inputs
    ahead: Decimal
    whole: Decimal
    positions: int
    next: Next | None


class Stake(NamedTuple):
    """A position as it stands in a step, a closed one with a size of zero; and all the notional and all the
    equity of its account."""

    account: str
    market: str
    side: int
    size: Decimal
    pnl: Decimal
    notional: Decimal
    equity: Decimal


class Facts:
    """What may be asked of a run while it is made. Everything is worked out when it is asked for, as the run
    then stands, by the engine's own sums; nothing that is given out changes the run.

    The places of a queue lead to the positions that the engine looks at: they are there to be read. What
    would be, if something of one were otherwise, is tried on a `fork`."""

    __slots__ = ("_state",)

    def __init__(self, state: State) -> None:
        self._state = state

    @property
    def step(self) -> int:
        """The step that is worked."""
        return self._state.step

    @property
    def adl(self) -> AdlRules:
        """The rules of its queues."""
        return self._state.rules.adl

    def accounts(self, names: Collection[str] | None = None) -> Iterator[AccountState]:
        """These accounts (None: all) as they stand, by name; a name that is none of an account is left
        out."""
        ledger = self._state.ledger
        holders = by_name(ledger) if names is None else ledger.holders_of(sorted(names))
        return (account_state(one, dict.fromkeys(ledger.markets.values(), ZERO)) for one in holders)

    def others(self) -> tuple[AccountState, ...]:
        """The backstops that have taken something over, and the venue, as they stand; what accounts owe is
        stock that is taken later."""
        ledger = self._state.ledger
        worth = dict.fromkeys(ledger.markets.values(), ZERO)
        return (*backstops_at_end(ledger, worth), *venue_at_end(ledger, (), worth))

    def stakes(self, markets: Collection[str], accounts: Collection[str]) -> Iterator[Stake]:
        """The positions in these markets that have a profit, and those of these accounts, in file order. What
        haircuts took of a profit in earlier steps is none of it."""
        books = [book for name, book in self._state.ledger.markets.items() if name in markets]
        found, cuts = [], self._state.cuts
        for book in books:
            value, mark = book.value, book.mark
            for side in (LONG, SHORT):
                for one in book.holdings[side]:
                    worth = value(one.signed_size, mark) if one.size else ZERO
                    pnl = worth - one.cost
                    if cuts and pnl > ZERO and one in cuts:
                        whole, in_step = self._state.cut_of(one)
                        pnl = max(pnl - (whole - in_step), ZERO)
                    if pnl > ZERO or one.holder.id in accounts:
                        found.append((one.order, one, worth, pnl))
        found.sort(key=itemgetter(0))
        for _, one, worth, pnl in found:
            notional, equity = one.exposure(worth)
            yield record(Stake, (
                one.holder.id, one.book.name, one.side, one.size, pnl, notional, equity
            ))  # fmt: skip

    def queue(self, market: str, side: int) -> Queue:
        """The queue of a side as it would be ranked now."""
        return Queue(self._state.ledger.markets[market], side, self.adl)

    def fork(self, holding: Holding) -> tuple[Ledger, Holding]:
        """A ledger of that position's account alone as it stands, and the position in it: to try what would
        be, if."""
        return self._state.ledger.forked(holding)

    def margins(self, accounts: Collection[str] | None) -> Iterator[tuple[str, Decimal, list[MarginFact]]]:
        """For each of these accounts (None: all): its unrealized pnl, and its margin units that hold
        something."""
        for holder in self._state.ledger.holders:
            if accounts is None or holder.id in accounts:
                units = dict.fromkeys(holding.unit for holding in holder.holdings if holding.size)
                pnl = sum((holding.pnl() for holding in holder.holdings), ZERO)
                yield holder.id, pnl, [_margin(self._state, unit) for unit in units]

    def places(self, queue: Queue, accounts: Collection[str] | None) -> Iterator[PlaceFact]:
        """The places of these accounts (None: of all) in a queue that a fill is about to use."""
        found = list(queue)
        whole, ahead = sum((place.size for place in found), ZERO), ZERO
        for place, behind in zip_longest(found, found[1:]):
            account = place.holding.holder.id
            if accounts is None or account in accounts:
                yield PlaceFact(
                    self.step,
                    account,
                    queue.book.name,
                    queue.side,
                    place.rank,
                    self.adl.score.worked(place.inputs),
                    place.inputs,
                    ahead,
                    whole,
                    len(found),
                    None if behind is None else Next(behind.holding.holder.id, behind.score),
                )
            ahead += place.size


class Observer:
    """Looks on while a run is made: ranks and explanations are told of the very numbers the engine decides
    by.

    Each method is called inside the exact context."""

    def marked(self, facts: Facts) -> None:
        """The marks of a step have moved and its funding is paid; nobody has been liquidated at them yet."""

    def ranked(self, facts: Facts, queue: Queue) -> None:
        """A queue has been ranked, for a fill that is about to be made."""

    def listens_to_queues(self) -> bool:
        """Has `ranked` been told what to do? A queue that is listened to is ranked whole."""
        return type(self).ranked is not Observer.ranked

    def ended(self, facts: Facts) -> None:
        """A step has been worked; its queues, where it had any, are still those it used."""


def _margin(state: State, unit: Unit) -> MarginFact:
    equity, maintenance = unit.margin()
    positions, pending = [], ZERO
    for holding in unit.open_holdings():
        pending += holding.pending_funding()
        value, lines = holding.value(), holding.lines()
        rate, deduction = max(lines, key=lambda line: line[0] * abs(value) - line[1])
        needed = maintenance_margin(lines, abs(value))
        book = holding.book
        positions.append(
            PositionFact(
                book.name,
                holding.side,
                holding.size,
                holding.entry,
                book.mark,
                value,
                holding.cost,
                rate,
                deduction,
                needed,
            )
        )
    margin = "isolated" if unit.isolated else "cross"
    due = is_due(state.rules, equity, maintenance)
    return MarginFact(
        state.step, unit.holder.id, margin, unit.money(), pending, tuple(positions), equity, maintenance, due
    )
