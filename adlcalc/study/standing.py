"""What a venue's light says of the contracts that stand before a position, and no more.

    lights are taken to be parts of equal size of all contracts of the side, the highest in front:
    ahead from (of - lights) / of x open interest to (of - lights + 1) / of x open interest

Public: Ahead, standing.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from adlcalc.ground.numbers import DOWN, UP, D, divide, round_to


class Ahead(NamedTuple):
    """Contracts before a position: at least and at most, whole lots. None of both where the open interest is
    not known."""

    lights: int
    of: int
    at_least: Decimal | None
    at_most: Decimal | None


def standing(lights: int, of: int, open_interest: Decimal | None, lot: Decimal) -> Ahead:
    """Between the ends of the part that a light stands for, out to whole lots."""
    if open_interest is None:
        return Ahead(lights, of, None, None)
    before = divide(open_interest * (of - lights), D(of))
    after = divide(open_interest * (of - lights + 1), D(of))
    return Ahead(lights, of, round_to(before, lot, DOWN), round_to(after, lot, UP))
