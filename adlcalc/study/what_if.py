"""The smallest change that moves an account back in its queue: more collateral, less leverage, a smaller
position.

Each try changes a copy of the account in a ledger of its own, lets the engine score it and looks up its place
among the others: the run that is looked at does not notice. The smallest step is found by bisection, on the
footing that the further a lever is pulled the further back the account stands; what is found is ranked once
more by the engine as a whole queue before it is told. (What a smaller position releases is rounded down, so that
it may pass a neighbor whose score is that close; a place that hangs on this dust is not looked for.)

It is the queue of one moment; what the whole run would be is asked by study/solve.py.

Public: Move, Standing, moves, standing, lights_of, GOALS, LIGHT.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Mapping
from decimal import Decimal
from itertools import accumulate
from typing import NamedTuple

from adlcalc.engine.books.holdings import Holding
from adlcalc.engine.queue.queue import Queue, Scored
from adlcalc.engine.rules import Lights
from adlcalc.engine.waterfall.facts import Facts
from adlcalc.ground.numbers import ZERO, D
from adlcalc.study.levers import LEVERS, SIZE, levers_of


class Standing(NamedTuple):
    """A place: its rank, contracts before it and in the whole queue, its lights; back_half: at least half of
    it is before it."""

    rank: int
    ahead: Decimal
    whole: Decimal
    lights: int
    back_half: bool


class Move(NamedTuple):
    """The smallest pull of one lever that reaches a goal, and where the account then stands; None where no
    pull of it does (`then` is None as well where the position would leave the queue).

    before, after: collateral or balance, leverage, or size. change: |after - before|.
    """

    account: str
    goal: str
    lever: str
    before: Decimal
    after: Decimal | None
    change: Decimal | None
    then: Standing | None


def lights_of(up_to: Decimal, whole: Decimal) -> int:
    """5 in the first fifth of the queue, 1 in the last: 6 - 5 x up_to / whole, rounded up."""
    return next(6 - fifth for fifth in range(1, 6) if 5 * up_to <= fifth * whole)


def standing(
    rank: int, ahead: Decimal, size: Decimal, whole: Decimal, positions: int, heads: bool
) -> Standing:
    """A place by what is before it; fifths and halves are of contracts, or of positions where the venue
    counts `heads`."""
    if heads:
        lights, half = lights_of(D(rank), D(positions)), 2 * (rank - 1) >= positions
    else:
        lights, half = lights_of(ahead + size, whole), 2 * ahead >= whole
    return Standing(rank, ahead, whole, lights, half)


PLACE, LIGHT = "one place back", "one light down"
GOALS: Mapping[str, Callable[[Standing, Standing], bool]] = {
    PLACE: lambda now, then: then.rank > now.rank,
    LIGHT: lambda now, then: then.lights < now.lights,
    "back half": lambda now, then: then.back_half,
}


def moves(facts: Facts, queue: Queue, accounts: Collection[str]) -> Iterator[Move]:
    """For each of the accounts that stands in the queue, each goal it has not reached and each lever."""
    places = list(queue)
    for place in places:
        if place.holding.holder.id not in accounts or len(places) == 1:  # alone, nothing moves it
            continue
        others = _Others(facts, queue, [other for other in places if other is not place])
        now = others.standing(place)
        for goal, reached in GOALS.items():
            if not reached(now, now) and goal not in _beyond(now, len(places)):
                for lever in levers_of(place.holding):
                    if goal == PLACE and _is_pro_rata(place.holding, lever):
                        continue
                    yield _smallest(_Tries(others, place, goal, lever))


def _beyond(now: Standing, places: int) -> Iterator[str]:
    """The goals beyond the end of the queue."""
    if now.rank == places:
        yield PLACE
    if now.lights == 1:
        yield LIGHT


def _is_pro_rata(holding: Holding, lever: str) -> bool:
    """Does the lever leave all ratios as they are? A smaller isolated position that releases its part of the
    collateral passes its neighbor by the dust of a rounding, if it does."""
    return lever == SIZE and holding.collateral is not None


class _Others:
    """Everybody else in the queue, to look a changed position's place up without ranking them again."""

    def __init__(self, facts: Facts, queue: Queue, places: list[Scored]) -> None:
        self.rules, self.book, self.side = facts.adl, queue.book, queue.side
        self.fork, self.count = facts.fork, len(places)
        self._keys = [place.key() for place in places]
        self._sums = list(accumulate((place.size for place in places), initial=ZERO))

    def standing(self, place: Scored) -> Standing:
        """Where a position of that score and size stands among the others."""
        return self.at(bisect_left(self._keys, place.key()) + 1, place.size)

    def at(self, rank: int, size: Decimal) -> Standing:
        """Where a position of `size` stands at that rank."""
        by_heads = self.rules.lights == Lights.HEADS
        return standing(rank, self._sums[rank - 1], size, self._sums[-1] + size, self.count + 1, by_heads)

    def alone(self, holding: Holding) -> Scored | None:
        """The place that the engine gives a position as it is now, or None where it is not eligible: a queue
        of it alone."""
        book = holding.book.with_holdings({self.side: [holding]})
        return next(iter(Queue(book, self.side, self.rules)), None)

    def ranked_by_engine(self, before: Holding, after: Holding) -> Standing | None:
        """The position's standing when the engine ranks the whole queue anew, with it as it is then."""
        holdings = [after if one is before else one for one in self.book.holdings[self.side]]
        book = self.book.with_holdings({self.side: holdings})
        places = list(Queue(book, self.side, self.rules))
        whole, ahead = sum((place.size for place in places), ZERO), ZERO
        for place in places:
            if place.holding is after:
                return standing(
                    place.rank, ahead, place.size, whole, len(places), self.rules.lights == Lights.HEADS
                )
            ahead += place.size
        return None


# --- search -------------------------------------------------------------------------------------------------


class _Tries:
    """Pulls of one lever by one position, towards one goal."""

    def __init__(self, others: _Others, place: Scored, goal: str, lever: str) -> None:
        self.others, self.place, self.goal, self.name = others, place, goal, lever
        self.lever = LEVERS[lever](*others.fork(place.holding))  # to ask what it can do; it is never pulled
        self.now = others.standing(place)

    def pulled(self, n: int) -> Holding:
        """The position after `n` steps of the lever, in a ledger of its own."""
        ledger, holding = self.others.fork(self.place.holding)
        LEVERS[self.name](ledger, holding).pull(n)
        return holding

    def standing(self, n: int) -> Standing | None:
        """Where the position stands after `n` steps of the lever; None: not in the queue."""
        alone = self.others.alone(self.pulled(n))
        return None if alone is None else self.others.standing(alone)

    def reached(self, n: int) -> bool:
        """Is the goal reached after `n` steps? Outside the queue it is."""
        then = self.standing(n)
        return then is None or GOALS[self.goal](self.now, then)

    def rank(self, n: int) -> int:
        """The rank after `n` steps; outside the queue: behind everybody."""
        then = self.standing(n)
        return self.others.count + 2 if then is None else then.rank

    def first_of_rank(self, rank: int, low: int) -> int:
        """The fewest steps, from `low` on, that lead to that rank or behind it; all of them do."""
        return first(low, self.lever.most, lambda n: self.rank(n) >= rank)

    def possible(self, rank: int, sizes: Collection[Decimal]) -> bool:
        """Could the goal be reached at that rank with one of the sizes?"""
        return rank > self.others.count + 1 or any(
            GOALS[self.goal](self.now, self.others.at(rank, size)) for size in sizes
        )


def _smallest(tries: _Tries) -> Move:
    """The smallest pull that reaches the goal, verified by the engine's own ranking of the changed queue."""
    lever, holding = tries.lever, tries.place.holding
    account = holding.holder.id
    n = smallest_size(tries) if lever.name.startswith("size") else smallest_pull(tries)
    if n is None:
        return Move(account, tries.goal, lever.name, lever.before, None, None, None)
    then = tries.standing(n)
    if tries.others.ranked_by_engine(holding, tries.pulled(n)) != then:
        raise AssertionError(
            f"{account}: {lever.name} {lever.value(n)} does not lead to the goal when the queue is ranked "
            "anew"
        )
    return Move(
        account,
        tries.goal,
        lever.name,
        lever.before,
        lever.value(n),
        abs(lever.value(n) - lever.before),
        then,
    )


def smallest_pull(tries: _Tries) -> int | None:
    """Bisection: the further, the further back. The bracket is found by doubling, so that small answers are
    found soon."""
    low, high, most = 1, 1, tries.lever.most
    while high <= most and not tries.reached(high):
        if high == most:
            return None
        low, high = high + 1, min(2 * high, most)
    return first(low, high, tries.reached) if most else None


def smallest_size(tries: _Tries) -> int | None:
    """A smaller position passes others at some sizes; between them its own part of the queue shrinks, which
    may help or hurt.

    So the ranks are gone through: at each, a goal that can be reached is reached at the largest or the
    smallest of its sizes, and what lies between is bisected."""
    lever = tries.lever
    if lever.most < 1:
        return None
    n, last = 1, tries.rank(lever.most)
    sizes = (lever.value(1), lever.value(lever.most))
    while n <= lever.most:
        rank = next((r for r in range(tries.rank(n), last + 1) if tries.possible(r, sizes)), None)
        if rank is None:
            return None
        n = tries.first_of_rank(rank, n)
        rank = tries.rank(n)
        end = lever.most
        if rank < last:
            end = tries.first_of_rank(rank + 1, n) - 1
        if tries.reached(n):
            return n
        if tries.reached(end):
            return first(n, end, tries.reached)
        n = end + 1
    return None


def first(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """The smallest n of low..high that holds, where all from there on do; `high` does."""
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low
