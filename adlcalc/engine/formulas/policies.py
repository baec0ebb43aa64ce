"""Who gives how much when positions are closed: the policies of contract space. (Those that cut profits are
in haircuts.py.)

A policy is given the open places of a queue in queue order, the quantity to close and the lot, and says how
much each place gives: at most its open size, together the quantity, or everything there is where that is
less. Only places that give something are returned.

One that gives from everybody is asked once for all claims of a side that are open together: asked for each,
it would make claims x places fills of next to nothing.

Public: Policy, POLICIES, queue, Walk, walk_of, gives_from_everybody, SeededCycle, TopNProRata, Exposure,
down_to_common_leverage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import islice
from math import lcm
from typing import TYPE_CHECKING, NamedTuple

from adlcalc.engine.contract import LINEAR, PER_CONTRACT, Contract
from adlcalc.engine.declared import Choices, Takes, closed, given
from adlcalc.engine.formulas import margin
from adlcalc.engine.formulas.sharing import Number, comparable, in_proportion, in_units, over_one_denominator
from adlcalc.ground.numbers import ONE, ZERO

if TYPE_CHECKING:
    from adlcalc.engine.books.holdings import Holding
    from adlcalc.engine.queue.queue import Place


Gift = tuple["Place", Decimal]
Policy = Callable[["Sequence[Place]", Decimal, Decimal], list[Gift]]

# --- one after the other ------------------------------------------------------------------------------------


def queue(places: Sequence[Place], quantity: Decimal, lot: Decimal) -> list[Gift]:
    """By score, highest first, each place up to its whole size, until the quantity is met. Source: BitMEX,
    What is Auto-Deleveraging?, and the venues that followed it; the queue of arXiv 2512.01112, in
    contracts."""
    return one_by_one(places, quantity)


def list_order(places: Sequence[Place], quantity: Decimal, lot: Decimal) -> list[Gift]:
    """In file order, each place up to its whole size. Source: dYdX v4, whose list of accounts is not ranked
    by profit or leverage: clob and subaccounts modules of the chain."""
    return one_by_one(in_file_order(places), quantity)


def in_file_order(places: Sequence[Place]) -> list[Place]:
    """The places by file order."""
    return sorted(places, key=lambda place: place.holding.order)


@closed
class SeededCycle:
    """In file order from a start that the seed picks, and round, each place up to its whole size. Source:
    dYdX v4 chain, clob and subaccounts modules, which start at a pseudo-random account.

    The start is position number (seed mod n) of the n that this side of the market opened with, so that it
    stays where it is while positions close; closed ones are passed over.
    """

    seed: int = given("where the cycle begins", Takes.STEP, 0)

    def __call__(self, places: Sequence[Place], quantity: Decimal, lot: Decimal) -> list[Gift]:
        if not places:
            return []
        everybody = places[0].holding.book.holdings[places[0].holding.side]
        start = everybody[self.start(len(everybody))].order
        return one_by_one(
            sorted(places, key=lambda place: (place.holding.order < start, place.holding.order)), quantity
        )

    def start(self, count: int) -> int:
        """The position at which the cycle begins, of so many in file order."""
        return self.seed % count


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
    that of all claims of the side that are open together. Source: the documents of Drift, Paradex and
    Reya."""
    sizes = [place.holding.size for place in places]
    return _given(places, in_units(in_proportion(sizes, quantity), quantity, lot, sizes))


@closed
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
    """How a policy goes through a queue of which it needs only the beginning: in file order and round, from
    the position on at which it starts of so many (None: largest first, as they are now), and who of those
    that come gives how much."""

    start: Callable[[int], int] | None
    gifts: Callable[[Iterable[Place], Decimal, Decimal], list[Gift]]


def walk_of(policy: Policy) -> Walk | None:
    """None: the policy looks at everybody."""
    if policy is list_order:
        return Walk(lambda count: 0, _one_by_one)
    if isinstance(policy, SeededCycle):
        return Walk(policy.start, _one_by_one)
    return Walk(None, policy.share) if isinstance(policy, TopNProRata) else None


def gives_from_everybody(policy: Policy) -> bool:
    """Are the claims of a side that are open together pooled for it?"""
    return policy in (pro_rata, minimax_leverage)


def _one_by_one(places: Iterable[Place], quantity: Decimal, lot: Decimal) -> list[Gift]:
    return one_by_one(places, quantity)


class Exposure(NamedTuple):
    """What the leverage of one place is made of, at the mark: its open size, the notional of one contract,
    the notional of all that its account holds and all the account's equity."""

    size: Number
    each: Fraction
    notional: Number
    equity: Number


def minimax_leverage(places: Sequence[Place], quantity: Decimal, lot: Decimal) -> list[Gift]:
    """Drain the most levered down to one common leverage L: k = (notional - L x equity)+ / notional of a
    contract, at most the size, with L from sum k = quantity.

    Leverage is that of the account: all its notional over all its equity, free balance included. Closing at
    the mark leaves equity as it is, so each contract takes its notional / equity off, and of all ways to close
    the quantity this leaves the lowest highest leverage; at another price it need not, for a fill there moves
    equity. In lots by largest remainder, ties in queue order.
    The quantity is that of all claims of the side that are open together.
    Source: Campbell, Hey, Moallemi, Nutz, Risk-Based Auto-Deleveraging (arXiv 2603.15963).
    """
    shares = down_to_common_leverage([_exposure(place.holding) for place in places], quantity)
    return _given(places, in_units(shares, quantity, lot, [place.holding.size for place in places]))


def _exposure(holding: Holding) -> Exposure:
    each = _notional_of_one(holding.book.contract, holding.book.mark, holding.book.unit)
    return Exposure(holding.size, each, *holding.holder.exposure())


@lru_cache(maxsize=64)
def _notional_of_one(contract: Contract, mark: Decimal, unit: Decimal) -> Fraction:
    """At the mark; unrounded, but where contracts are rounded one by one: what rounding does to the value of
    a few is nothing that one of them takes off."""
    if contract.rounding == PER_CONTRACT:
        return Fraction(margin.notional(contract, ONE, mark, unit))
    multiplier = Fraction(contract.multiplier)
    return multiplier * Fraction(mark) if contract.kind == LINEAR else multiplier / Fraction(mark)


def down_to_common_leverage(exposures: Sequence[Exposure], quantity: Number) -> list[Fraction]:
    """The exact shares of `minimax_leverage`, in contracts.

    L falls from the top; a place closes from notional / equity on, equity / each contracts per unit of L,
    until it has none left. Places without equity have no finite leverage: they come first, together, in
    proportion to size. Places whose contracts are worth nothing have none to take off: they have no share.
    """
    shares = [Fraction(0)] * len(exposures)
    bankrupt = [i for i, x in enumerate(exposures) if x.equity <= 0]
    for i, share in zip(
        bankrupt, in_proportion([exposures[i].size for i in bankrupt], quantity), strict=True
    ):
        shares[i] = share
        quantity = Fraction(quantity) - share
    solvent = [i for i, x in enumerate(exposures) if x.equity > 0 and x.each]
    for i, share in zip(solvent, _drained([exposures[i] for i in solvent], quantity), strict=True):
        shares[i] = share
    return shares


def _drained(exposures: Sequence[Exposure], quantity: Number) -> list[Fraction]:
    """min((notional - L x equity)+ / each, size), with the L at which they are the quantity together, or all
    there is. Their sum is piecewise linear in L and only rises as L falls: its turns are where a place begins
    and where it has none left."""
    if not exposures:
        return []
    # all amounts in whole numbers: k x whole = a - L x b, at most most
    money, of_money = over_one_denominator([y for x in exposures for y in (x.notional, x.equity)])
    (wanted, *sizes), of_size = over_one_denominator([quantity, *(x.size for x in exposures)])
    prices = lcm(*(x.each.numerator for x in exposures))
    whole = of_money * prices * of_size
    weights = [x.each.denominator * (prices // x.each.numerator) * of_size for x in exposures]
    a = [n * w for n, w in zip(money[::2], weights, strict=True)]
    b = [e * w for e, w in zip(money[1::2], weights, strict=True)]
    most, wanted = [size * of_money * prices for size in sizes], wanted * of_money * prices
    up, down = common_leverage(a, b, most, wanted)
    taken = [min(max(n * down - up * e, 0), size * down) for n, e, size in zip(a, b, most, strict=True)]
    return [Fraction(part, down * whole) if part else NOTHING for part in taken]


NOTHING = Fraction(0)


def common_leverage(a: Sequence[int], b: Sequence[int], most: Sequence[int], wanted: int) -> tuple[int, int]:
    """The L, as numerator and denominator, at which min((a - L b)+, most) are `wanted` together; where that
    is more than there is, the L at which all of it is."""
    turns = [*zip(a, b, strict=True), *((n - size, e) for n, e, size in zip(a, b, most, strict=True))]
    at, some = comparable(turns), len(a)
    begun = weight = closed = (
        0  # sums of a and b of those that have begun, and of what those have closed that are done
    )
    for turn in sorted(range(len(turns)), key=lambda i: -at[i]):
        up, down = turns[turn]
        if weight and (begun + closed - wanted) * down >= up * weight:
            return begun + closed - wanted, weight
        i, sign = (turn, 1) if turn < some else (turn - some, -1)
        begun += sign * a[i]
        weight += sign * b[i]
        closed += most[i] if sign < 0 else 0
    return up, down


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
