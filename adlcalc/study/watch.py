"""What is looked at while a run is made because somebody asks for it: named accounts step by step, and
their places in the queues.

Public: Watch, Moment, Standing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import NamedTuple

from adlcalc.engine.books.holdings import Holder
from adlcalc.engine.events import AccountState
from adlcalc.engine.queue.queue import Queue
from adlcalc.engine.rules import AdlRules, Lights
from adlcalc.engine.waterfall.closing import VENUE, account_state, backstops_at_end, venue_at_end
from adlcalc.engine.waterfall.state import Observer, State
from adlcalc.ground.numbers import ZERO, D
from adlcalc.study.what_if import lights_of


class Moment(NamedTuple):
    """An account at a step. before: when margin is looked at, nobody having been liquidated at these marks
    yet; else at the step's end."""

    step: int
    before: bool
    state: AccountState


class Standing(NamedTuple):
    """A place in a queue."""

    rank: int
    lights: int


class Watch(Observer):
    """Notes what was asked for.

    moments   the accounts at every step, before margin is looked at and at the end
    places    by step, account, market and side: where the accounts of `ranked` stand in the queue that a fill of the step was
              the first to need; else in that of the step's end
    """

    def __init__(self, accounts: Collection[str] = (), ranked: Collection[str] = ()) -> None:
        self._accounts, self._ranked = {*accounts, *ranked}, frozenset(ranked)
        self._holders: list[Holder] | None = None
        self._done: set[tuple[str, int]] = set()
        self.moments: list[Moment] = []
        self.places: dict[tuple[int, str, str, int], Standing] = {}

    def marked(self, state: State) -> None:
        """Before margin is looked at."""
        self._done.clear()
        self._note(state, before=True)

    def placed(self, state: State, queue: Queue) -> None:
        """Where the accounts stand in a queue."""
        key = (queue.book.name, queue.side)
        if key in self._done:
            return
        self._done.add(key)
        for account, standing in standings(queue, state.rules.adl, self._ranked):
            self.places[state.step, account, *key] = standing

    def ranked(self, state: State, queue: Queue) -> None:
        """A fill needs the queue."""
        if self._ranked:
            self.placed(state, queue)

    def ended(self, state: State) -> None:
        """What no fill has needed, and what the step leaves."""
        self._note(state, before=False)
        wanted = {
            (holding.book, holding.side)
            for holder in self._held(state)
            if holder.id in self._ranked
            for holding in holder.holdings
            if holding.size
        }
        for book, side in wanted:
            if (book.name, side) not in self._done:
                self.placed(state, Queue(book, side, state.rules.adl))

    def _held(self, state: State) -> list[Holder]:
        if self._holders is None:
            self._holders = [holder for holder in state.ledger.holders if holder.id in self._accounts]
        return self._holders

    def _note(self, state: State, *, before: bool) -> None:
        for holder in self._held(state):
            state_now = account_state(holder, dict.fromkeys(state.ledger.markets.values(), ZERO))
            self.moments.append(Moment(state.step, before, state_now))
        if not self._accounts.isdisjoint((VENUE, *state.ledger.backstops)):
            worth = dict.fromkeys(state.ledger.markets.values(), ZERO)
            held = venue_at_end(
                state.ledger, (), worth
            )  # what accounts owe is stock that is taken after this
            others = (*backstops_at_end(state.ledger, worth), *held)
            self.moments += (
                Moment(state.step, before, one) for one in others if one.account in self._accounts
            )


def standings(queue: Queue, rules: AdlRules, accounts: Collection[str]) -> Iterable[tuple[str, Standing]]:
    """Rank and lights of those accounts, as `adlcalc rank` has them."""
    places = list(queue)
    heads = rules.lights == Lights.HEADS
    whole: Decimal = D(len(places)) if heads else sum((place.size for place in places), ZERO)
    ahead = ZERO
    for place in places:
        ahead += place.size
        account = place.holding.holder.id
        if account in accounts:
            yield account, Standing(place.rank, lights_of(D(place.rank) if heads else ahead, whole))
