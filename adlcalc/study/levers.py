"""The levers an account can pull to move back in its queue, each on the grid that a user can type.

    collateral   money paid in, in money units: to the collateral of an isolated position, to the balance of a
                 cross account
    leverage     a lower chosen leverage, in hundredths, never below 1: the collateral of an isolated position
                 becomes its entry value / leverage; in a cross account only a score that looks at the chosen
                 leverage notices
    size         a part closed at the mark, in lots, never all of it; the pnl is realized, the collateral of an
                 isolated position is released pro rata
    size, collateral kept
                 the same of an isolated position whose collateral stays as it is

They are pulled in a ledger of the account alone (`Ledger.forked`).

Public: Lever, LEVERS, SIZE, SIZE_ALONE, levers_of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from adlcalc.engine.books.holdings import Holding
from adlcalc.engine.books.ledger import Ledger
from adlcalc.engine.formulas.margin import initial_collateral
from adlcalc.ground.numbers import CEILING, ONE, ZERO, D, divide, round_to

HUNDREDTH = D("0.01")
MOST_MONEY = D("1E+15")
"""No more collateral than this is tried."""


class Lever(NamedTuple):
    """A thing to pull in whole steps, 1 to `most`: `pull(n)` changes the books, `value(n)` is what the thing
    then is."""

    name: str
    before: Decimal
    most: int
    value: Callable[[int], Decimal]
    pull: Callable[[int], None]


def _collateral(ledger: Ledger, holding: Holding) -> Lever:
    """Money paid in."""
    unit = ledger.unit
    before = holding.holder.balance if holding.collateral is None else holding.collateral

    def pull(n: int) -> None:
        ledger.pay_in(holding, n * unit)

    return Lever("collateral", before, int(divide(MOST_MONEY, unit)), lambda n: before + n * unit, pull)


def _leverage(ledger: Ledger, holding: Holding) -> Lever:
    """A lower chosen leverage."""
    before = holding.leverage or _leverage_of(holding)
    highest = round_to(
        before, HUNDREDTH, CEILING
    )  # the first hundredth below what it is now is one step down from here
    most = max(int((highest - ONE) / HUNDREDTH), 0)

    def value(n: int) -> Decimal:
        return highest - n * HUNDREDTH

    def pull(n: int) -> None:
        holding.leverage = value(n)
        if holding.collateral is not None:
            # margin is only ever added: a position that has more than the new leverage asks for keeps it
            wanted = initial_collateral(holding.cost, value(n), ledger.unit)
            ledger.pay_in(holding, max(wanted - holding.collateral, ZERO))

    return Lever("leverage", before, most, value, pull)


def _leverage_of(holding: Holding) -> Decimal:
    """Entry value / collateral where no leverage was chosen, rounded to a hundredth; 1 for a cross
    position."""
    return round_to(divide(abs(holding.cost), holding.collateral), HUNDREDTH) if holding.collateral else ONE


def _size(ledger: Ledger, holding: Holding) -> Lever:
    """A part closed at the mark."""
    lot, before = holding.book.lot, holding.size

    def pull(n: int) -> None:
        if holding.book.funding != holding.funding:
            ledger.settle_funding(holding)
        part = n * lot
        ledger.close_part(holding, part, holding.book.value(holding.side * part, holding.book.mark))

    most = int(round_to(divide(before, lot), ONE, CEILING)) - 1
    return Lever(SIZE, before, most, lambda n: before - n * lot, pull)


def _size_alone(ledger: Ledger, holding: Holding) -> Lever:
    """A part closed at the mark, and what that releases of the collateral paid in again."""
    size = _size(ledger, holding)

    def pull(n: int) -> None:
        before = holding.collateral or ZERO
        size.pull(n)
        ledger.pay_in(holding, max(before - (holding.collateral or ZERO), ZERO))

    return size._replace(name=SIZE_ALONE, pull=pull)


SIZE, SIZE_ALONE = "size", "size, collateral kept"

LEVERS: Mapping[str, Callable[[Ledger, Holding], Lever]] = {
    "collateral": _collateral,
    "leverage": _leverage,
    SIZE: _size,
    SIZE_ALONE: _size_alone,
}


def levers_of(holding: Holding) -> Iterator[str]:
    """Those of a position: no size releases anything of a cross account's balance."""
    return (name for name in LEVERS if name != SIZE_ALONE or holding.collateral is not None)
