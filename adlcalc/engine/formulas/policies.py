"""Who gives how much when positions are closed: the policies of contract space. (Those that cut profits are
in haircuts.py.)

A policy is given the open places of a queue in queue order, the quantity to close and the lot, and says how
much each place gives: at most its open size, together the quantity, or everything there is where that is
less. Only places that give something are returned.

One that gives from everybody is asked once for all claims of a side that are open together: asked for each, it
would make claims x places fills of next to nothing.

Public: Policy, POLICIES, queue, Walk, walk_of, gives_from_everybody, SeededCycle, TopNProRata, Exposure,
down_to_common_leverage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from adlcalc.engine.declared import Choices, Takes, given
from adlcalc.engine.formulas.sharing import capped, in_units
from adlcalc.ground.numbers import ZERO

if TYPE_CHECKING:
    from adlcalc.engine.books.holdings import Holding
    from adlcalc.engine.queue.queue import Place


Gift = tuple["Place", Decimal]
Policy = Callable[["Sequence[Place]", Decimal, Decimal], list[Gift]]

# --- one after the other ------------------------------------------------------------------------------------


def queue(places: Sequence[Place], quantity: Decimal, lot: Decimal) -> list[Gift]:
    """By score, each place up to its whole size."""
    return one_by_one(places, quantity)


def list_order(places: Sequence[Place], quantity: Decimal, lot: Decimal) -> list[Gift]:
    """In file order, each place up to its whole size. Source: dYdX v4, whose list of accounts is not ranked
    by profit or leverage."""
    return one_by_one(in_file_order(places), quantity)


def in_file_order(places: Sequence[Place]) -> list[Place]:
    """The places by file order."""
    return sorted(places, key=lambda place: place.holding.order)


@dataclass(frozen=True, slots=True)
class SeededCycle:
    """In file order from a start that the seed picks, and round: dYdX v4 starts at a pseudo-random account.

    The start is position number (seed mod n) of the n that this side of the market opened with, so that it
    stays where it is while positions close; closed ones are passed over.
    """

    seed: int = given("where the cycle begins", Takes.STEP, 0)

    def __call__(self, places: Sequence[Place], quantity: Decimal, lot: Decimal) -> list[Gift]:
        return one_by_one(self.order(places), quantity)

    def order(self, places: Sequence[Place]) -> list[Place]:
        """The places as the cycle meets them."""
        if not places:
            return []
        everybody = places[0].holding.book.holdings[places[0].holding.side]
        start = everybody[self.seed % len(everybody)].order
        return sorted(places, key=lambda place: (place.holding.order < start, place.holding.order))


def one_by_one(places: Iterable[Place], quantity: Decimal) -> list[Gift]:
    """Empty one place after the other; the last one gives a part."""
    gifts = []
    for place in places:
        if quantity <= 0:
            break
        size = min(quantity, place.holding.size)
        quantity -= size
        gifts.append((place, size))
    return gifts


# --- all together -------------------------------------------------------------------------------------------


def pro_rata(places: Sequence[Place], quantity: Decimal, lot: Decimal) -> list[Gift]:
    """k = quantity x size / sum of sizes. In lots by largest remainder, ties in queue order. The quantity is
    that of all claims of the side that are open together. Source: Drift, Paradex, Reya."""
    sizes = [place.holding.size for place in places]
    exact_sizes = [Fraction(size) for size in sizes]
    shares = capped(exact_sizes, exact_sizes, Fraction(quantity))
    return _given(places, in_units(shares, quantity, lot, sizes))


@dataclass(frozen=True, slots=True)
class TopNProRata:
    """The n largest positions in proportion to size; what they cannot take goes to the next n. Source: FTX (n
    = 10), help center.

    Ties of size in file order. The gifts keep that order.
    """

    top: int = given("how many of the largest go first", Takes.COUNT, 10)

    def __call__(self, places: Sequence[Place], quantity: Decimal, lot: Decimal) -> list[Gift]:
        return self.share(sorted(places, key=by_size), quantity, lot)

    def share(self, largest: Iterable[Place], quantity: Decimal, lot: Decimal) -> list[Gift]:
        """The same of places that come largest first."""
        gifts: list[Gift] = []
        rest = iter(largest)
        while quantity > 0 and (group := list(islice(rest, self.top))):
            gifts += (found := pro_rata(group, quantity, lot))
            quantity -= sum((size for _, size in found), ZERO)
        return gifts


def by_size(place: Place) -> tuple[Decimal, int]:
    """Largest first, ties in file order."""
    return -place.holding.size, place.holding.order


class Walk(NamedTuple):
    """How a policy goes through a queue of which it needs only the beginning: in which order (None: largest
    first, as they are now), and who of those that come gives how much."""

    order: Callable[[Sequence[Place]], list[Place]] | None
    gifts: Callable[[Iterable[Place], Decimal, Decimal], list[Gift]]


def walk_of(policy: Policy) -> Walk | None:
    """None: the policy looks at everybody."""
    if policy is list_order:
        return Walk(in_file_order, _one_by_one)
    if isinstance(policy, SeededCycle):
        return Walk(policy.order, _one_by_one)
    return Walk(None, policy.share) if isinstance(policy, TopNProRata) else None


def gives_from_everybody(policy: Policy) -> bool:
    """Are the claims of a side that are open together pooled for it?"""
    return policy in (pro_rata, minimax_leverage)


def _one_by_one(places: Iterable[Place], quantity: Decimal, lot: Decimal) -> list[Gift]:
    return one_by_one(places, quantity)


class Exposure(NamedTuple):
    """What the leverage of one place is made of, at the mark: its open size, the notional of one contract,
    the notional of all that its account holds and all the account's equity."""

    size: Fraction
    each: Fraction
    notional: Fraction
    equity: Fraction


def minimax_leverage(places: Sequence[Place], quantity: Decimal, lot: Decimal) -> list[Gift]:
    """Drain the most levered down to one common leverage L: k = (notional - L x equity)+ / notional of a
    contract, at most the size, with L from sum k = quantity.

    Leverage is that of the account: all its notional over all its equity, free balance included. Closing at
    the mark leaves equity as it is, so each contract takes its notional / equity off. Of all ways to close
    the quantity this leaves the lowest highest leverage. In lots by largest remainder, ties in queue order.
    The quantity is that of all claims of the side that are open together.
    Source: Campbell, Hey, Moallemi, Nutz, Risk-Based Auto-Deleveraging (arXiv 2603.15963).
    """
    exposures = [_exposure(place.holding) for place in places]
    shares = down_to_common_leverage(exposures, Fraction(quantity))
    return _given(places, in_units(shares, quantity, lot, [place.holding.size for place in places]))


def _exposure(holding: Holding) -> Exposure:
    account = holding.holder
    notional = sum((abs(other.value()) for other in account.holdings if other.size), ZERO)
    each = Fraction(abs(holding.value())) / Fraction(holding.size)
    return Exposure(Fraction(holding.size), each, Fraction(notional), Fraction(account.equity()))


def down_to_common_leverage(exposures: Sequence[Exposure], quantity: Fraction) -> list[Fraction]:
    """The exact shares of `minimax_leverage`, in contracts.

    L falls from the top; a place closes from notional / equity on, equity / each contracts per unit of L,
    until it has none left. Places without equity have no finite leverage: they come first, together, in
    proportion to size. Places whose contracts are worth nothing have none to take off: they have no share.
    """
    shares = [Fraction(0)] * len(exposures)
    bankrupt = [i for i, x in enumerate(exposures) if x.equity <= 0]
    sizes = [exposures[i].size for i in bankrupt]
    for i, share in zip(bankrupt, capped(sizes, sizes, quantity), strict=True):
        shares[i] = share
        quantity -= share
    level = _common_leverage([x for x in exposures if x.equity > 0 and x.each], quantity)
    for i, x in enumerate(exposures):
        if x.equity > 0 and x.each:
            shares[i] = min(max((x.notional - level * x.equity) / x.each, Fraction(0)), x.size)
    return shares


def _common_leverage(exposures: Sequence[Exposure], quantity: Fraction) -> Fraction:
    """The L at which the places together close the quantity: the sum of k is piecewise linear in L and only
    rises as L falls."""
    turns = [(x.notional / x.equity, x.equity / x.each) for x in exposures]
    turns += [((x.notional - x.size * x.each) / x.equity, -x.equity / x.each) for x in exposures]
    turns.sort(reverse=True)
    level, speed = (turns[0][0] if turns else Fraction(0)), Fraction(0)
    for at, change in turns:
        step = (level - at) * speed
        if speed and step >= quantity:
            return level - quantity / speed
        quantity -= step
        level, speed = at, speed + change
    return level


def _given(places: Sequence[Place], sizes: Sequence[Decimal]) -> list[Gift]:
    return [(place, size) for place, size in zip(places, sizes, strict=True) if size]


POLICIES: Choices = {
    "queue": queue,
    "list-order": list_order,
    "seeded-cycle": SeededCycle,
    "pro-rata": pro_rata,
    "top-n-pro-rata": TopNProRata,
    "minimax-leverage": minimax_leverage,
}
