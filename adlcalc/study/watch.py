"""What is looked at while a run is made because somebody asks for it: named accounts step by step, and
their places in the queues.

Public: Watch, Moment, InQueue.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import NamedTuple

from adlcalc.engine.events import AccountState
from adlcalc.engine.queue.queue import Queue
from adlcalc.engine.rules import AdlRules, Lights
from adlcalc.engine.waterfall.facts import Facts, Observer
from adlcalc.ground.numbers import ZERO, D
from adlcalc.study.what_if import lights_of


class Moment(NamedTuple):
    """An account at a step. before: when margin is looked at, nobody having been liquidated at these marks
    yet; else at the step's end."""

    step: int
    before: bool
    state: AccountState


class InQueue(NamedTuple):
    """A place in a queue."""

    rank: int
    lights: int


class Watch(Observer):
    """Notes what was asked for.

    moments   the accounts at every step, before margin is looked at and at the end
    places    by step, account, market and side: where the accounts of `ranked` stand in the queue that a fill
              of the step was the first to need; else in that of the step's end
    """

    def __init__(self, accounts: Collection[str] = (), ranked: Collection[str] = ()) -> None:
        self._accounts, self._ranked = {*accounts, *ranked}, frozenset(ranked)
        self._done: set[tuple[str, int]] = set()
        self.moments: list[Moment] = []
        self.places: dict[tuple[int, str, str, int], InQueue] = {}

    def marked(self, facts: Facts) -> None:
        """Before margin is looked at."""
        self._done.clear()
        self._note(facts, before=True)

    def placed(self, facts: Facts, queue: Queue) -> None:
        """Where the accounts stand in a queue."""
        key = (queue.book.name, queue.side)
        if key not in self._done:
            self._done.add(key)
            for account, standing in standings(queue, facts.adl, self._ranked):
                self.places[facts.step, account, *key] = standing

    def ranked(self, facts: Facts, queue: Queue) -> None:
        """A fill needs the queue."""
        if self._ranked:
            self.placed(facts, queue)

    def ended(self, facts: Facts) -> None:
        """What no fill has needed, and what the step leaves."""
        self._note(facts, before=False)
        held = (one for state in facts.accounts(self._ranked) for one in state.positions)
        for market, side in {(one.market, one.side): None for one in held}:
            if (market, side) not in self._done:
                self.placed(facts, facts.queue(market, side))

    def _note(self, facts: Facts, *, before: bool) -> None:
        found = [*facts.accounts(self._accounts)]
        if len(found) < len(self._accounts):  # a name is that of the venue or of a backstop
            found += (one for one in facts.others() if one.account in self._accounts)
        self.moments += (Moment(facts.step, before, state) for state in found)


def standings(queue: Queue, rules: AdlRules, accounts: Collection[str]) -> Iterable[tuple[str, InQueue]]:
    """Rank and lights of those accounts, as `adlcalc rank` has them."""
    places = list(queue)
    heads = rules.lights == Lights.HEADS
    whole: Decimal = D(len(places)) if heads else sum((place.size for place in places), ZERO)
    ahead = ZERO
    for place in places:
        ahead += place.size
        account = place.holding.holder.id
        if account in accounts:
            yield account, InQueue(place.rank, lights_of(D(place.rank) if heads else ahead, whole))
