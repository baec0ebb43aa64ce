"""Who gives how much when positions are closed: the policies of contract space. (Those that cut profits are in haircuts.py.)

A policy is given the open places of a queue in queue order, the quantity to close and the lot, and says how much each
place gives: at most its open size, together the quantity, or everything there is where that is less. Only places that give
something are returned.

    queue              by score, each place up to its whole size
    pro-rata           in proportion to size
    list-order         in file order, each place up to its whole size
    seeded-cycle       in file order, beginning where the seed says, and round
    top-n-pro-rata     the n largest in proportion to size, then the next n
    minimax-leverage   so that the highest leverage left is as low as it can be

Public: Policy, PolicyRules, POLICIES, ORDERED, Exposure, down_to_common_leverage.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from adlcalc.engine.holdings import Holding
from adlcalc.engine.numbers import ZERO
from adlcalc.engine.queue import Place
from adlcalc.engine.sharing import capped, in_units


@dataclass(frozen=True, slots=True)
class PolicyRules:
    """What some policies want to know. seed: where a seeded cycle begins. top: how many of the largest go first."""

    seed: int = 0
    top: int = 10


Gift = tuple[Place, Decimal]
Policy = Callable[[Sequence[Place], Decimal, Decimal, PolicyRules], list[Gift]]

# --- one after the other -------------------------------------------------------------------------------------------------


def by_score(places: Sequence[Place], rules: PolicyRules) -> list[Place]:
    """The order of the queue itself."""
    return list(places)


def by_list(places: Sequence[Place], rules: PolicyRules) -> list[Place]:
    """The order of the file. Source: dYdX v4, whose list of accounts is not ranked by profit or leverage."""
    return sorted(places, key=lambda place: place.holding.order)


def by_cycle(places: Sequence[Place], rules: PolicyRules) -> list[Place]:
    """The order of the file from a start that the seed picks, and round: dYdX v4 starts at a pseudo-random account.

    The start is position number (seed mod n) of the n that this side of the market opened with, so that it stays where it
    is while positions close; closed ones are passed over.
    """
    if not places:
        return []
    everybody = places[0].holding.book.holdings[places[0].holding.side]
    start = everybody[rules.seed % len(everybody)].order
    return sorted(places, key=lambda place: (place.holding.order < start, place.holding.order))


ORDERED: Mapping[str, Callable[[Sequence[Place], PolicyRules], list[Place]]] = {
    "queue": by_score,
    "list-order": by_list,
    "seeded-cycle": by_cycle,
}
"""The policies that take one place after the other: the order they take them in."""


def in_order_of(order: Callable[[Sequence[Place], PolicyRules], list[Place]]) -> Policy:
    """The policy that empties one place after the other in that order; the last one gives a part."""

    def policy(places: Sequence[Place], quantity: Decimal, lot: Decimal, rules: PolicyRules) -> list[Gift]:
        gifts = []
        for place in order(places, rules):
            if quantity <= 0:
                break
            size = min(quantity, place.holding.size)
            quantity -= size
            gifts.append((place, size))
        return gifts

    return policy


# --- all together --------------------------------------------------------------------------------------------------------


def pro_rata(places: Sequence[Place], quantity: Decimal, lot: Decimal, rules: PolicyRules) -> list[Gift]:
    """k = quantity x size / sum of sizes. In lots by largest remainder, ties in queue order. Source: Drift, Paradex, Reya."""
    sizes = [place.holding.size for place in places]
    exact_sizes = [Fraction(size) for size in sizes]
    shares = capped(exact_sizes, exact_sizes, Fraction(quantity))
    return _given(places, in_units(shares, quantity, lot, sizes))


def top_n_pro_rata(places: Sequence[Place], quantity: Decimal, lot: Decimal, rules: PolicyRules) -> list[Gift]:
    """The n largest positions in proportion to size; what they cannot take goes to the next n. Source: FTX (n = 10), help
    center.

    Ties of size in file order. The gifts keep that order.
    """
    largest = sorted(places, key=lambda place: (-place.holding.size, place.holding.order))
    gifts: list[Gift] = []
    for first in range(0, len(largest), rules.top):
        if quantity <= 0:
            break
        gifts += (found := pro_rata(largest[first : first + rules.top], quantity, lot, rules))
        quantity -= sum((size for _, size in found), ZERO)
    return gifts


class Exposure(NamedTuple):
    """What the leverage of one place is made of, at the mark: its open size, the notional of one contract, the notional of all
    that its account holds and all the account's equity."""

    size: Fraction
    each: Fraction
    notional: Fraction
    equity: Fraction


def minimax_leverage(places: Sequence[Place], quantity: Decimal, lot: Decimal, rules: PolicyRules) -> list[Gift]:
    """Drain the most levered down to one common leverage L: k = (notional - L x equity)+ / notional of a contract, at most
    the size, with L from sum k = quantity.

    Leverage is that of the account: all its notional over all its equity, free balance included. Closing at the mark leaves
    equity as it is, so each contract takes its notional / equity off. Of all ways to close the quantity this leaves the lowest
    highest leverage. In lots by largest remainder, ties in queue order.
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

    L falls from the top; a place closes from notional / equity on, equity / each contracts per unit of L, until it has none
    left. Places without equity have no finite leverage: they come first, together, in proportion to size. Places whose contracts
    are worth nothing have none to take off: they have no share.
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
    """The L at which the places together close the quantity: the sum of k is piecewise linear in L and only rises as L
    falls."""
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


POLICIES: Mapping[str, Policy] = {
    **{name: in_order_of(order) for name, order in ORDERED.items()},
    "pro-rata": pro_rata,
    "top-n-pro-rata": top_n_pro_rata,
    "minimax-leverage": minimax_leverage,
}
