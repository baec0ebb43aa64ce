"""The papers' measures of a way to share a loss, as plain formulas over numbers.

    u_i  what account i could pay: its positive pnl (the haircutable endowment)      U = sum u_i
    x_i  what it pays                                                                H = sum x_i, h_i = x_i / u_i
    D    the deficit: what bankrupt accounts owe     Delta: the largest single one   theta = H / D, the severity
    B    the needed budget: the part of D that somebody must pay

C25 is arXiv 2512.01112 (v3), C26 is arXiv 2602.15182. The repository is the one published with them; where its code measures
something else under the paper's name, it is another function here. Results are exact fractions, None where a measure has no
value.

Public: overshoot, undershoot, tracking_error, fairness_term, largest_haircut, largest_share, top_share, gini, inversions,
survivor, ptsr, pmr, ptsr_repository, pmr_repository, rd_nse, path_variation, regret_bound, queue_regret, discounted, backoff,
severity_step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Context, Decimal
from fractions import Fraction
from itertools import pairwise

from adlcalc.ground.numbers import PRECISION

Number = Decimal | Fraction | int
_ROOTS = Context(prec=PRECISION, traps=[])
"""Roots and powers have no exact value; they are rounded to 60 digits."""


def overshoot(paid: Number, needed: Number) -> Fraction:
    """(H - B)+: what was taken beyond the need. Source: C26, section 3.7."""
    return max(Fraction(paid) - Fraction(needed), Fraction(0))


def undershoot(paid: Number, needed: Number) -> Fraction:
    """(B - H)+: what was left uncovered. Source: C26, section 3.7."""
    return max(Fraction(needed) - Fraction(paid), Fraction(0))


def tracking_error(paid: Number, needed: Number) -> Fraction:
    """|H - B|. Source: C26, eq. 10 and Table 2 (there summed over the rounds)."""
    return abs(Fraction(paid) - Fraction(needed))


def fairness_term(needed: Number, worst: Number, reference: Number) -> Fraction:
    """B x |m - m_ref|, m = the largest h of the rule and m_ref that of the min-max integer program.

    Source: the fairness column of C26, Table 2, as the repository computes it. It punishes a rule for being fairer than the
    reference, too.
    """
    return Fraction(needed) * abs(Fraction(worst) - Fraction(reference))


def largest_haircut(could: Sequence[Number], paid: Sequence[Number]) -> Fraction | None:
    """max h_i = max x_i / u_i: the largest part of a profit that anybody loses. Source: C26, eq. 10."""
    return max((Fraction(x) / Fraction(u) for u, x in zip(could, paid, strict=True) if u > 0), default=None)


def largest_share(paid: Sequence[Number]) -> Fraction | None:
    """max x_i / H: how much of the whole the hardest hit account pays."""
    return top_share(paid, 1)


def top_share(paid: Sequence[Number], n: int) -> Fraction | None:
    """The part of H that the n largest payers pay."""
    parts = sorted((Fraction(x) for x in paid), reverse=True)
    whole = sum(parts, Fraction(0))
    return sum(parts[:n], Fraction(0)) / whole if whole else None


def gini(paid: Sequence[Number]) -> Fraction | None:
    """sum (2 i - n - 1) x_(i) / (n H) with x sorted upward: 0 where all pay alike, near 1 where one pays all. (Not in the
    papers.)"""
    ordered = sorted(Fraction(x) for x in paid)
    n, whole = len(ordered), sum(ordered, Fraction(0))
    return sum(((2 * i - n - 1) * x for i, x in enumerate(ordered, 1)), Fraction(0)) / (n * whole) if whole else None


def inversions(could: Sequence[Number], paid: Sequence[Number]) -> Fraction | None:
    """The part of neighbors in the order of u whose order by u - x is the other way round: who had more has less now. Source:
    C26, the queue's instability."""
    left = [Fraction(u) - Fraction(x) for u, x in sorted(zip(could, paid, strict=True), key=lambda pair: -pair[0])]
    return Fraction(sum(a < b for a, b in pairwise(left)), len(left) - 1) if len(left) > 1 else None


def survivor(could: Sequence[Number], paid: Sequence[Number]) -> Fraction:
    """The largest profit that is left: max (u_i - x_i)+. Source: C25, section 3, upsilon of a policy."""
    return max((Fraction(u) - Fraction(x) for u, x in zip(could, paid, strict=True)), default=Fraction(0))


def _over(a: Fraction, b: Fraction) -> Fraction | None:
    return a / b if b > 0 else None


def ptsr(top: Number, paid: Number) -> Fraction | None:
    """Profitability to total solvency ratio of a round: survivor / (theta D) = survivor / H. Source: C25, section 3."""
    return _over(Fraction(top), Fraction(paid))


def pmr(top: Number, paid: Number, deficit: Number, worst: Number) -> Fraction | None:
    """Profitability to maximum solvency ratio of a round: survivor / (theta Delta), theta = H / D. Source: C25, section 3."""
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


# --- severity over rounds --------------------------------------------------------------------------------------------------


def path_variation(severities: Sequence[Number]) -> Fraction:
    """P = sum |theta_t - theta_(t-1)|. Source: C26, Proposition 1."""
    return sum((abs(Fraction(b) - Fraction(a)) for a, b in pairwise(severities)), Fraction(0))


def regret_bound(variation: Number, deficits: Sequence[Number]) -> Decimal:
    """sqrt((1 + 2 P) sum D^2), an upper bound on sum D |theta - theta*|. Source: C26, Proposition 1, eq. 17."""
    inside = (1 + 2 * Fraction(variation)) * sum((Fraction(d) ** 2 for d in deficits), Fraction(0))
    return _ROOTS.sqrt(_ROOTS.divide(Decimal(inside.numerator), Decimal(inside.denominator)))


def queue_regret(rounds: int, ratio: Number, weight: Number = 1) -> Fraction:
    """T / 2 x weight x (1 - 1 / M): the fairness regret of a queue that always serves account 1 when the capacities alternate
    between (1, M) and (M, 1) and the budget is 1; T even. Source: C26, eq. 18."""
    return Fraction(rounds, 2) * Fraction(weight) * (1 - 1 / Fraction(ratio))


def discounted(by_horizon: Mapping[int, Number], half_life: Number) -> Decimal:
    """The average over horizons with weights halving every `half_life`: integral of O w over integral of w, w = 2^(-horizon /
    half_life), by trapezoids between the horizons given. Source: C25 (v3), the discounted overshoot; recovered from its
    published values."""
    weighted = whole = Decimal(0)
    points = [
        (at, _decimal(value), _ROOTS.power(Decimal(2), _decimal(-Fraction(at) / Fraction(half_life))))
        for at, value in by_horizon.items()
    ]
    for (a, first, w), (b, second, v) in pairwise(sorted(points)):
        weighted = _ROOTS.add(weighted, _ROOTS.multiply(_ROOTS.multiply(first, w) + _ROOTS.multiply(second, v), Decimal(b - a)))
        whole = _ROOTS.add(whole, _ROOTS.multiply(_ROOTS.add(w, v), Decimal(b - a)))
    return _ROOTS.divide(weighted, whole)


def _decimal(x: Number) -> Decimal:
    x = Fraction(x)
    return _ROOTS.divide(Decimal(x.numerator), Decimal(x.denominator))


def backoff(before: Number, factor: Number, start: Number, limit: Number) -> Fraction:
    """The next severity of exponential backoff: min(max(factor x theta, theta_0), limit). Source: C25, section 4."""
    return min(max(Fraction(factor) * Fraction(before), Fraction(start)), Fraction(limit))


def severity_step(severity: Number, wanted: Number, deficit: Number, rate: Number) -> Fraction:
    """The next severity by online gradient descent on D |theta - theta*|: clip(theta - rate x D x sign(theta - theta*), 0, 1).
    Source: C26, Proposition 1."""
    ahead = Fraction(severity) - Fraction(wanted)
    sign = (ahead > 0) - (ahead < 0)
    return min(max(Fraction(severity) - Fraction(rate) * Fraction(deficit) * sign, Fraction(0)), Fraction(1))
