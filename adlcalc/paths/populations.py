"""Accounts that are made up: each number drawn by itself, in whole steps of its grid.

The draws of an account hang on the seed, the population's name and the number of the account, and on nothing
else: with another count the first accounts stay what they were, with other sizes the leverages do. All of it
is arithmetic of whole numbers: a draw is one of 51 bits, k, and stands for (k + 1/2) / 2^51.

    Weights      one of several values, by their weights
    Quantiles    a number by its quantiles: on the straight line between the two that the draw lies between

Public: Weights, Quantiles, Drawing, Population, Drawn, scaled.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate, pairwise
from math import ceil, lcm
from typing import NamedTuple, Protocol

from adlcalc.paths.draws import WORD, Stream


class Drawing(Protocol):
    """How numbers are drawn."""

    def numbers(self, draws: Sequence[int]) -> list[int]:
        """One for each draw."""


class Weights:
    """Each value as likely as its weight says: weight / the sum of all."""

    def __init__(self, values: Sequence[int], weights: Sequence[Fraction]) -> None:
        parts = lcm(*(weight.denominator for weight in weights))
        self.values = tuple(values)
        self.ends = tuple(accumulate(int(weight * parts) for weight in weights))

    def numbers(self, draws: Sequence[int]) -> list[int]:
        """The first value whose weight, with those before it, is above draw x the sum of all."""
        values, ends, whole = self.values, self.ends, self.ends[-1]
        if len(values) == 1:
            return [values[0]] * len(draws)
        return [values[bisect_right(ends, k * whole >> WORD)] for k in draws]


class Quantiles:
    """points: (the part of all draws that is below, the number), parts from 0 to 1 and rising. Between two of
    them every number is as likely as another; what is drawn is rounded half even to a whole number, and is at
    least `least`."""

    def __init__(self, points: Sequence[tuple[Fraction, Fraction]], least: int) -> None:
        self.least = least
        self.ends = [ceil(part * 2**WORD - Fraction(1, 2)) for part, _ in points[1:-1]]
        self.lines: list[tuple[int, int, int]] = []
        for (part, low), (above, high) in pairwise(points):
            slope = (high - low) / (above - part) / 2 ** (WORD + 1)
            more = low - slope * part * 2 ** (WORD + 1)
            over = lcm(slope.denominator, more.denominator)
            self.lines.append((int(slope * over), int(more * over), over))

    def numbers(self, draws: Sequence[int]) -> list[int]:
        """low + (high - low) x (u - its part) / (the part above - its part), u = (2 k + 1) / 2^52."""
        found, ends, lines = [], self.ends, self.lines
        for k in draws:
            slope, more, over = lines[bisect_right(ends, k)]
            below, rest = divmod(slope * (2 * k + 1) + more, over)
            found.append(below + (2 * rest > over or (2 * rest == over and below & 1)))
        least = self.least
        return [max(least, one) for one in found]


class Population(NamedTuple):
    """What the numbers of so many accounts are drawn from. size, entry, leverage: in steps of their grids;
    long, cross: 1 yes, 0 no."""

    name: str
    seed: int
    accounts: int
    long: Drawing
    size: Drawing
    entry: Drawing
    leverage: Drawing
    cross: Drawing

    def drawn(self) -> Drawn:
        """All of them, account 1 first."""
        ids = range(1, self.accounts + 1)
        long, size, entry, leverage, cross = Stream(self.seed, 0).words(f"{self.name}/{i}" for i in ids)
        return Drawn(
            bytes(self.long.numbers(long)),
            self.size.numbers(size),
            self.entry.numbers(entry),
            self.leverage.numbers(leverage),
            bytes(self.cross.numbers(cross)),
        )


class Drawn(NamedTuple):
    """The numbers of the accounts of a population."""

    longs: bytes
    sizes: list[int]
    entries: list[int]
    leverages: list[int]
    crosses: bytes

    def held(self, long: bool) -> int:
        """Lots of a side."""
        return sum(size for size, is_long in zip(self.sizes, self.longs, strict=True) if is_long == long)


def scaled(drawn: Drawn, long: bool, lots: int) -> Drawn | None:
    """The same accounts with so many lots on one side: each has one, the others are shared in proportion to
    the sizes, rounded down, and what is left over goes one lot each to the first of the side. None where the
    side has nobody, or more accounts than lots."""
    side = [i for i, is_long in enumerate(drawn.longs) if is_long == long]
    if not 0 < len(side) <= lots:
        return None
    has, shared, sizes = sum(drawn.sizes[i] for i in side), lots - len(side), list(drawn.sizes)
    for i in side:
        sizes[i] = 1 + sizes[i] * shared // has
    for i in side[: lots - sum(sizes[i] for i in side)]:
        sizes[i] += 1
    return drawn._replace(sizes=sizes)
