"""Who pays how much when profits are cut and positions stay: the rules of profit space. (policies.py closes positions.)

A haircut is given the winners in file order, the budget and the money unit, and says how much of each profit is taken: whole
units, never more than the profit, together exactly the budget, or all that the rule may take where that is less. Shares are
exact fractions and rounded once. The unit that rounding leaves over goes to the largest remainders, ties in file order, but
for `integer-haircut`.

    haircut                in proportion to profit
    socialized             the same, over the winners of all markets
    capped-haircut         the same, with a cap for each account
    levered-haircut        in proportion to profit x leverage
    risk-weighted          in proportion to profit x leverage x g(leverage), g = leverage
    risk-weighted-power    g = leverage ^ exponent
    risk-weighted-tail     g = what leverage is above a threshold
    integer-haircut        in proportion to profit, rounded down; left-over units one each in file order
    floored-gains          what is paid of each profit is rounded down; the last in file order has what is left over
    cash-queue             by score, each profit wholly
    hybrid                 a part of the budget by cash-queue, the rest by levered-haircut

leverage = notional / equity. The capped, levered and risk-weighted rules leave an account the equity that it must keep.

Public: Winner, HaircutParams, Haircut, HAIRCUTS, budget_of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from adlcalc.engine.model import FIFTH
from adlcalc.engine.numbers import DOWN, HALF_EVEN, ONE, ZERO, D, round_to
from adlcalc.engine.sharing import capped, in_units


class Winner(NamedTuple):
    """A profit that may be cut: `profit` > 0, the equity and the notional that stand behind it, its score (for queues), and
    the equity that a cut must leave."""

    profit: Decimal
    equity: Decimal
    notional: Decimal
    score: Decimal = ZERO
    keep: Decimal = ZERO

    @property
    def leverage(self) -> Fraction:
        """notional / equity; zero without equity, where nothing may be taken by leverage anyway."""
        return Fraction(self.notional) / Fraction(self.equity) if self.equity > 0 else Fraction(0)


@dataclass(frozen=True, slots=True)
class HaircutParams:
    """max_cut: share of a profit that a capped rule takes at most. exponent, threshold: of the risk models. queue_share: of a
    hybrid."""

    max_cut: Decimal = ONE
    exponent: int = 2
    threshold: Decimal = ONE
    queue_share: Decimal = FIFTH


Haircut = Callable[[Sequence[Winner], Decimal, Decimal, HaircutParams], list[Decimal]]


def budget_of(deficit: Decimal, severity: Decimal, unit: Decimal) -> Decimal:
    """What a severity in [0, 1] has profits pay of a deficit: severity x deficit, half even to the money unit. Source: Chitra,
    Autodeleveraging: Impossibilities and Optimization (arXiv 2512.01112), budget balance."""
    return round_to(severity * deficit, unit, HALF_EVEN)


# --- in proportion ---------------------------------------------------------------------------------------------------------


def haircut(winners: Sequence[Winner], budget: Decimal, unit: Decimal, params: HaircutParams) -> list[Decimal]:
    """cut = budget x profit / sum of profits: everybody loses the same part. Source: 2512.01112 (v3), wealth pro rata on
    positive pnl; clearing houses' haircut of variation margin gains."""
    return _by_weight(winners, [Fraction(1)] * len(winners), [winner.profit for winner in winners], budget, unit)


def capped_haircut(winners: Sequence[Winner], budget: Decimal, unit: Decimal, params: HaircutParams) -> list[Decimal]:
    """cut = profit x min(eta, cap), cap = min(max_cut, 1 - (equity to keep - cash) / profit), with eta from the budget:
    water-filling.

    Source: 2512.01112, capped pro rata."""
    return _by_weight(winners, [Fraction(1)] * len(winners), _caps(winners, unit, params), budget, unit)


def levered_haircut(winners: Sequence[Winner], budget: Decimal, unit: Decimal, params: HaircutParams) -> list[Decimal]:
    """cut = budget x leverage x profit / sum of leverage x profit, at most the cap. Source: 2512.01112, levered pro rata; as
    printed there (eq. lev-pro-rata) the cuts do not sum to the budget, here they do."""
    return _by_weight(winners, [w.leverage for w in winners], _caps(winners, unit, params), budget, unit)


def risk_weighted(g: Callable[[Fraction, HaircutParams], Fraction]) -> Haircut:
    """cut = profit x min(cap, t x leverage x g(leverage)), with t from the budget. Source: 2512.01112, risk-aware pro rata
    (RAP).

    Winners whose g is zero pay, in proportion to profit, what the others' caps leave open; the paper's algorithm leaves it
    uncovered.
    """

    def rule(winners: Sequence[Winner], budget: Decimal, unit: Decimal, params: HaircutParams) -> list[Decimal]:
        weights = [w.leverage * g(w.leverage, params) for w in winners]
        return _by_weight(winners, weights, _caps(winners, unit, params), budget, unit)

    return rule


def integer_haircut(winners: Sequence[Winner], budget: Decimal, unit: Decimal, params: HaircutParams) -> list[Decimal]:
    """cut = budget x profit / sum of profits rounded down to the unit; the units left go one each to accounts in file order
    that have profit left. Source: the integer pro rata of MetaFlux's documentation (dust in ascending account order)."""
    budget = min(budget, sum((w.profit for w in winners), ZERO))
    whole = Fraction(sum((w.profit for w in winners), ZERO))
    cuts = [D(int(Fraction(budget) * Fraction(w.profit) / whole / Fraction(unit))) * unit for w in winners]
    left = budget - sum(cuts, ZERO)
    for i, winner in enumerate(winners):
        more = min(unit, left, winner.profit - cuts[i])
        cuts[i] += more
        left -= more
    return cuts


def floored_gains(winners: Sequence[Winner], budget: Decimal, unit: Decimal, params: HaircutParams) -> list[Decimal]:
    """Each is paid profit x collected / expected rounded down to the unit, and the last in file order what rounding leaves,
    up to its profit (then the one before it); expected: the sum of profits, collected: that less the budget.
    Source: Vega core, loss socialization of a settlement."""
    expected = sum((w.profit for w in winners), ZERO)
    collected = expected - min(budget, expected)
    part = Fraction(collected) / Fraction(expected) if expected else Fraction(0)
    paid = [D(int(Fraction(w.profit) * part / Fraction(unit))) * unit for w in winners]
    left = collected - sum(paid, ZERO)
    for i in reversed(range(len(winners))):
        more = min(left, winners[i].profit - paid[i])
        paid[i] += more
        left -= more
    return [w.profit - got for w, got in zip(winners, paid, strict=True)]


# --- one after the other -----------------------------------------------------------------------------------------------------


def cash_queue(winners: Sequence[Winner], budget: Decimal, unit: Decimal, params: HaircutParams) -> list[Decimal]:
    """By score, highest first: each pays its whole profit until the budget is met, the last one a part. Ties: larger profit,
    then file order. Source: 2512.01112, the queue policy (eq. pl-ranking)."""
    cuts = [ZERO] * len(winners)
    for i in sorted(range(len(winners)), key=lambda i: (-winners[i].score, -winners[i].profit, i)):
        cuts[i] = min(winners[i].profit, budget)
        budget -= cuts[i]
    return cuts


def hybrid(winners: Sequence[Winner], budget: Decimal, unit: Decimal, params: HaircutParams) -> list[Decimal]:
    """queue_share of the budget by `cash-queue`, the rest by `levered-haircut` on the profits that are left. What one cannot
    take the other does. Source: 2512.01112 (v2), 20 % queue and 80 % levered pro rata."""
    by_queue = cash_queue(winners, round_to(params.queue_share * budget, unit, HALF_EVEN), unit, params)
    left = [
        winner._replace(profit=winner.profit - cut, equity=winner.equity - cut)
        for winner, cut in zip(winners, by_queue, strict=True)
    ]
    weights = [winner.leverage for winner in winners]  # of the moment before, as in the queue
    rest = _by_weight(left, weights, _caps(left, unit, params), budget - sum(by_queue, ZERO), unit)
    return [first + second for first, second in zip(by_queue, rest, strict=True)]


# --- parts -------------------------------------------------------------------------------------------------------------------


def _caps(winners: Sequence[Winner], unit: Decimal, params: HaircutParams) -> list[Decimal]:
    """The most that may be taken from each: max_cut of the profit, rounded down, and no equity below what it must keep."""
    return [max(min(round_to(params.max_cut * w.profit, unit, DOWN), w.profit, w.equity - w.keep), ZERO) for w in winners]


def _by_weight(
    winners: Sequence[Winner], weights: Sequence[Fraction], caps: Sequence[Decimal], budget: Decimal, unit: Decimal
) -> list[Decimal]:
    """min(cap, t x weight x profit), in units. Where everybody with a weight is at the cap, those without one share what is
    left."""
    limits, masses = [Fraction(cap) for cap in caps], [w * Fraction(x.profit) for w, x in zip(weights, winners, strict=True)]
    shares = capped(masses, limits, Fraction(budget))
    left = Fraction(budget) - sum(shares, Fraction(0))
    if left and not all(weights):
        others = [Fraction(0) if weight else Fraction(x.profit) for weight, x in zip(weights, winners, strict=True)]
        shares = [a + b for a, b in zip(shares, capped(others, limits, left), strict=True)]
    elif not left:
        caps = [cap if share else ZERO for cap, share in zip(caps, shares, strict=True)]
    return in_units(shares, budget, unit, caps)


HAIRCUTS: Mapping[str, Haircut] = {
    "haircut": haircut,
    "socialized": haircut,
    "capped-haircut": capped_haircut,
    "levered-haircut": levered_haircut,
    "risk-weighted": risk_weighted(lambda leverage, params: leverage),
    "risk-weighted-power": risk_weighted(lambda leverage, params: leverage**params.exponent),
    "risk-weighted-tail": risk_weighted(lambda leverage, params: max(leverage - Fraction(params.threshold), Fraction(0))),
    "integer-haircut": integer_haircut,
    "floored-gains": floored_gains,
    "cash-queue": cash_queue,
    "hybrid": hybrid,
}
