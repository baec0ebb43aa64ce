"""The papers' measures of a way to share a loss, as plain formulas over numbers.

    u_i  what account i could pay: its positive pnl (the haircutable endowment)      U = sum u_i
    x_i  what it pays                                                                H = sum x_i, h_i = x_i /
         u_i
    D    the deficit: what bankrupt accounts owe     Delta: the largest single one   theta = H / D, the
         severity
    B    the needed budget: the part of D that somebody must pay

C25 is arXiv 2512.01112 (v3), C26 is arXiv 2602.15182. The repository is the one published with them; where
its code measures something else under the paper's name, it is another function here. Results are exact
fractions, None where a measure has no value. Decimals are added up as they are: in the exact context.

Public: overshoot, undershoot, largest_haircut, largest_share, top_share, gini, inversions, survivor, ptsr,
pmr, ptsr_repository, pmr_repository, rd_nse."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import groupby, islice, pairwise
from operator import gt, itemgetter, lt, sub

Number = Decimal | Fraction | int


def overshoot(paid: Number, needed: Number) -> Fraction:
    """(H - B)+: what was taken beyond the need. Source: C26, section 3.7."""
    return max(Fraction(paid) - Fraction(needed), Fraction(0))


def undershoot(paid: Number, needed: Number) -> Fraction:
    """(B - H)+: what was left uncovered. Source: C26, section 3.7."""
    return max(Fraction(needed) - Fraction(paid), Fraction(0))


def largest_haircut(could: Sequence[Number], paid: Sequence[Number]) -> Fraction | None:
    """max h_i = max x_i / u_i: the largest part of a profit that anybody loses. Source: C26, eq. 10."""
    found: tuple[int, int] | None = None  # the fraction as it comes: comparing needs no common divisors
    for u, x in zip(could, paid, strict=True):
        if u > 0 and (x or found is None):
            (up, of_up), (down, of_down) = x.as_integer_ratio(), u.as_integer_ratio()
            part, whole = up * of_down, of_up * down
            if found is None or part * found[1] > found[0] * whole:
                found = part, whole
    return Fraction(*found) if found else None


def largest_share(paid: Sequence[Number]) -> Fraction | None:
    """max x_i / H: how much of the whole the hardest hit account pays."""
    return top_share(paid, 1)


def top_share(paid: Sequence[Number], n: int) -> Fraction | None:
    """The part of H that the n largest payers pay."""
    parts = sorted(paid, reverse=True)
    whole = Fraction(sum(parts))
    return Fraction(sum(parts[:n])) / whole if whole else None


def gini(paid: Sequence[Number]) -> Fraction | None:
    """sum (2 i - n - 1) x_(i) / (n H) with x sorted upward: 0 where all pay alike, near 1 where one pays all.
    (Not in the papers.)"""
    ordered = sorted(paid)
    n, whole = len(ordered), Fraction(sum(ordered))
    weighted = sum((2 * i - n - 1) * x for i, x in enumerate(ordered, 1))
    return Fraction(weighted) / (n * whole) if whole else None


def inversions(could: Sequence[Number], paid: Sequence[Number]) -> Fraction | None:
    """The part of neighbors in the order of u (two of different u, and nobody between) whose order by u - x is
    the other way round: who had more has less now. Source: C26, the queue's instability."""
    pairs = sorted(zip(could, paid, strict=True), key=itemgetter(0))
    profits = [*map(itemgetter(0), pairs)]
    if all(map(lt, profits, islice(profits, 1, None))):  # as nearly always: each has one neighbor before it
        kept = [u - x for u, x in pairs]  # type: ignore[operator]
        return Fraction(sum(map(gt, kept, islice(kept, 1, None))), len(kept) - 1) if len(kept) > 1 else None
    # who has the same u is no neighbor of one another, but of all of the next u
    levels = [sorted(u - x for u, x in alike) for _, alike in groupby(pairs, itemgetter(0))]  # type: ignore[operator]
    neighbors = changed = 0
    for less, more in pairwise(levels):
        neighbors += len(less) * len(more)
        changed += sum(len(less) - bisect_right(less, left) for left in more)
    return Fraction(changed, neighbors) if neighbors else None


def survivor(could: Sequence[Number], paid: Sequence[Number]) -> Fraction:
    """The largest profit that is left: max (u_i - x_i)+. Source: C25, section 3, upsilon of a policy."""
    return Fraction(max(map(sub, could, paid), default=0))


def _over(a: Fraction, b: Fraction) -> Fraction | None:
    return a / b if b > 0 else None


def ptsr(top: Number, paid: Number) -> Fraction | None:
    """Profitability to total solvency ratio of a round: survivor / (theta D) = survivor / H. Source: C25,
    section 3."""
    return _over(Fraction(top), Fraction(paid))


def pmr(top: Number, paid: Number, deficit: Number, worst: Number) -> Fraction | None:
    """Profitability to maximum solvency ratio of a round: survivor / (theta Delta), theta = H / D. Source:
    C25, section 3."""
    return _over(Fraction(top) * Fraction(deficit), Fraction(paid) * Fraction(worst))


def ptsr_repository(top: Number, paid: Number, deficit: Number) -> Fraction | None:
    """What the repository's code calls PTSR: survivor / (D - H), over the deficit that is left."""
    return _over(Fraction(top), Fraction(deficit) - Fraction(paid))


def pmr_repository(top: Number, paid: Number, deficit: Number, worst: Number) -> Fraction | None:
    """What the repository's code calls PMR: survivor / ((1 - H / D) Delta)."""
    return _over(Fraction(top) * Fraction(deficit), (Fraction(deficit) - Fraction(paid)) * Fraction(worst))


def rd_nse(top: Number, paid: Number, deficit: Number) -> Fraction | None:
    """survivor / (survivor + D - H): the repository's bounded form of its PTSR r, r / (1 + r)."""
    return _over(Fraction(top), Fraction(top) + Fraction(deficit) - Fraction(paid))
