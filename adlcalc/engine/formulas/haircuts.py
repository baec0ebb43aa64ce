"""Who pays how much when profits are cut and positions stay: the rules of profit space. (policies.py closes
positions.)

A haircut is given the winners in file order, the budget and the money unit, and says how much of each profit
is taken: whole units, never more than the profit, together exactly the budget, or all that the rule may take
where that is less. Shares are exact fractions and rounded once. The unit that rounding leaves over goes to
the largest remainders, ties in file order, but for `integer-haircut`.

leverage = notional / equity. The capped, levered and risk-weighted rules leave an account the equity that it
must keep.

Public: Winner, Base, Haircut, HAIRCUTS, budget_of, the haircuts.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar, NamedTuple

from adlcalc.engine.declared import Choices, Takes, Word, closed, given
from adlcalc.engine.formulas.sharing import capped, in_units
from adlcalc.engine.formulas.worked import SHARED, Worked, as_it_is
from adlcalc.ground.numbers import DOWN, HALF_EVEN, ONE, ZERO, D, divide, round_to


class Winner(NamedTuple):
    """A profit that may be cut: `profit` > 0, the equity and the notional that stand behind it, its score
    (for queues), and the equity that a cut must leave."""

    profit: Decimal
    equity: Decimal
    notional: Decimal
    score: Decimal = ZERO
    keep: Decimal = ZERO

    @property
    def leverage(self) -> Fraction:
        """notional / equity; zero without equity, where nothing may be taken by leverage anyway."""
        return Fraction(self.notional) / Fraction(self.equity) if self.equity > 0 else Fraction(0)


class Base(Word):
    """The profit that is cut."""

    PROFIT = "profit", "All that is unrealized, less what was cut of it before."
    MOVE = "move", "The gain of this step's move of the mark. Vega, which settles every move."


@closed
class Haircut(ABC):
    """A cut of the winners' profits."""

    whole_venue: ClassVar[bool] = False
    severity: Decimal = given(
        "the share of the loss that is shared out; the rest is bad debt", Takes.FRACTION, ONE
    )
    base: Base = given(
        "the profit that is cut: all that is unrealized and was not cut before, or the gain of this step's move",
        Base,
        Base.PROFIT,
    )

    @abstractmethod
    def cuts(self, winners: Sequence[Winner], budget: Decimal, unit: Decimal) -> list[Decimal]:
        """How much of each, given the winners in file order, the budget and the money unit."""

    def masses(self, winners: Sequence[Winner]) -> Sequence[Fraction]:
        """What the budget is shared out by, a number for each; all zero where it is not shared out."""
        return [Fraction(0)] * len(winners)

    def worked(
        self, winners: Sequence[Winner], cuts: Sequence[Decimal], budget: Decimal, unit: Decimal
    ) -> list[Worked]:
        """How each cut came about: all that may be taken of a profit, a part of the loss in proportion, or
        what the others leave of it."""
        masses, total = self.masses(winners), sum(cuts, ZERO)
        whole = sum(masses, Fraction(0))
        exact = [Fraction(budget) * mass / whole if whole else Fraction(0) for mass in masses]
        full = [Fraction(cut) < share - Fraction(unit) for cut, share in zip(cuts, exact, strict=True)]
        borne = sum((cut for cut, at_most in zip(cuts, full, strict=True) if at_most), ZERO)
        whole -= sum((mass for mass, at_most in zip(masses, full, strict=True) if at_most), Fraction(0))
        out = []
        for w, cut, mass, at_most in zip(winners, cuts, masses, full, strict=True):
            if cut == w.profit:
                out.append(as_it_is("cut", "all of the profit", cut))
            elif at_most:
                out.append(as_it_is("cut", "the most that the rule takes of it", cut))
            elif whole and abs(Fraction(budget - borne) * mass / whole - Fraction(cut)) < Fraction(unit):
                loss, parts = (
                    ("([loss] - [what others bear wholly])", (budget, borne))
                    if borne
                    else ("[loss]", (budget,))
                )
                formula, parts = (
                    f"{loss} x [its weight] / [all weights]",
                    (*parts, _amount(mass), _amount(whole)),
                )
                out.append(Worked("cut", cut, formula, parts, unit, SHARED))
            else:
                out.append(
                    Worked("cut", cut, "[what is cut in all] - [what the others bear]", (total, total - cut))
                )
        return out


def _amount(x: Fraction) -> Decimal:
    return divide(D(x.numerator), D(x.denominator))


def budget_of(deficit: Decimal, severity: Decimal, unit: Decimal) -> Decimal:
    """What a severity in [0, 1] has profits pay of a deficit: severity x deficit, half even to the money
    unit. Source: Chitra, Autodeleveraging: Impossibilities and Optimization (arXiv 2512.01112), budget
    balance."""
    return round_to(severity * deficit, unit, HALF_EVEN)


# --- in proportion ------------------------------------------------------------------------------------------


@closed
class ProRata(Haircut):
    """cut = budget x profit / sum of profits: everybody loses the same part. Source: 2512.01112 (v3), wealth
    pro rata on positive pnl; clearing houses' haircut of variation margin gains."""

    def cuts(self, winners: Sequence[Winner], budget: Decimal, unit: Decimal) -> list[Decimal]:
        return _by_weight(
            winners, [Fraction(1)] * len(winners), [winner.profit for winner in winners], budget, unit
        )

    def masses(self, winners: Sequence[Winner]) -> Sequence[Fraction]:
        return _profits(winners)


@closed
class Socialized(ProRata):
    """As haircut, cut = budget x profit / sum of profits, over the winners of all markets together. Source:
    BitMEX blog, Dynamic Profit Equalisation, for a whole venue."""

    whole_venue: ClassVar[bool] = True


@closed
class Capped(Haircut):
    """cut = profit x min(eta, cap), cap = min(max_cut, 1 - (equity to keep - cash) / profit), with eta from
    the budget: water-filling.

    Source: 2512.01112, capped pro rata."""

    max_cut: Decimal = given("the largest share of a profit that is taken", Takes.FRACTION, ONE)

    def cuts(self, winners: Sequence[Winner], budget: Decimal, unit: Decimal) -> list[Decimal]:
        return _by_weight(winners, self.weights(winners), self.caps(winners, unit), budget, unit)

    def masses(self, winners: Sequence[Winner]) -> Sequence[Fraction]:
        return [weight * Fraction(w.profit) for weight, w in zip(self.weights(winners), winners, strict=True)]

    def weights(self, winners: Sequence[Winner]) -> list[Fraction]:
        """What a profit counts for, beside its amount."""
        return [Fraction(1)] * len(winners)

    def caps(self, winners: Sequence[Winner], unit: Decimal) -> list[Decimal]:
        """The most that may be taken from each: max_cut of the profit, rounded down, and no equity below what
        it must keep."""
        return [
            max(min(round_to(self.max_cut * w.profit, unit, DOWN), w.profit, w.equity - w.keep), ZERO)
            for w in winners
        ]


@closed
class Levered(Capped):
    """cut = budget x leverage x profit / sum of leverage x profit, at most the cap. Source: 2512.01112,
    levered pro rata; as printed there (eq. lev-pro-rata) the cuts do not sum to the budget, here they do."""

    def weights(self, winners: Sequence[Winner]) -> list[Fraction]:
        return [w.leverage for w in winners]


@closed
class RiskWeighted(Capped):
    """cut = profit x min(cap, t x leverage x g(leverage)), with t from the budget; g = leverage. Source:
    2512.01112, risk-aware pro rata (RAP).

    Winners whose g is zero pay, in proportion to profit, what the others' caps leave open; the paper's
    algorithm leaves it uncovered.
    """

    def weights(self, winners: Sequence[Winner]) -> list[Fraction]:
        return [w.leverage * self.g(w.leverage) for w in winners]

    def g(self, leverage: Fraction) -> Fraction:
        """The risk of a leverage."""
        return leverage


@closed
class RiskWeightedPower(RiskWeighted):
    """As risk-weighted, cut = profit x min(cap, t x leverage x g(leverage)), with g = leverage ^ exponent.
    Source: 2512.01112, risk-aware pro rata (RAP), g = leverage ^ c."""

    exponent: int = given("the power of leverage", Takes.EXPONENT, 2)

    def g(self, leverage: Fraction) -> Fraction:
        return leverage**self.exponent


@closed
class RiskWeightedTail(RiskWeighted):
    """As risk-weighted, cut = profit x min(cap, t x leverage x g(leverage)), with g = what leverage is above
    a threshold. Source: 2512.01112, risk-aware pro rata (RAP), g = (leverage - tau)+."""

    threshold: Decimal = given("the leverage above which profits are cut", Takes.NOT_NEGATIVE, ONE)

    def g(self, leverage: Fraction) -> Fraction:
        return max(leverage - Fraction(self.threshold), Fraction(0))


@closed
class InUnits(Haircut):
    """cut = budget x profit / sum of profits rounded down to the unit; the units left go one each to accounts
    in file order that have profit left. Source: the integer pro rata of MetaFlux's documentation (dust in
    ascending account order)."""

    def cuts(self, winners: Sequence[Winner], budget: Decimal, unit: Decimal) -> list[Decimal]:
        budget = min(budget, sum((w.profit for w in winners), ZERO))
        whole = Fraction(sum((w.profit for w in winners), ZERO))
        cuts = [
            D(int(Fraction(budget) * Fraction(w.profit) / whole / Fraction(unit))) * unit for w in winners
        ]
        left = budget - sum(cuts, ZERO)
        for i, winner in enumerate(winners):
            more = min(unit, left, winner.profit - cuts[i])
            cuts[i] += more
            left -= more
        return cuts

    def masses(self, winners: Sequence[Winner]) -> Sequence[Fraction]:
        return _profits(winners)


@closed
class FlooredGains(Haircut):
    """Each is paid profit x collected / expected rounded down to the unit, and the last in file order what
    rounding leaves, up to its profit (then the one before it); expected: the sum of profits, collected: that
    less the budget. Source: Vega core, loss socialization of a settlement."""

    def cuts(self, winners: Sequence[Winner], budget: Decimal, unit: Decimal) -> list[Decimal]:
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

    def masses(self, winners: Sequence[Winner]) -> Sequence[Fraction]:
        return _profits(winners)


# --- one after the other ------------------------------------------------------------------------------------


@closed
class CashQueue(Haircut):
    """By score, highest first: each pays its whole profit until the budget is met, the last one a part. Ties:
    larger profit, then file order. Source: 2512.01112, the queue policy (eq. pl-ranking)."""

    def cuts(self, winners: Sequence[Winner], budget: Decimal, unit: Decimal) -> list[Decimal]:
        return by_score(winners, budget)


def by_score(winners: Sequence[Winner], budget: Decimal) -> list[Decimal]:
    """The cuts of a cash queue."""
    cuts = [ZERO] * len(winners)
    for i in sorted(range(len(winners)), key=lambda i: (-winners[i].score, -winners[i].profit, i)):
        cuts[i] = min(winners[i].profit, budget)
        budget -= cuts[i]
    return cuts


@closed
class Hybrid(Levered):
    """queue_share of the budget by cash-queue, the rest by levered-haircut on the profits that are left. What
    one cannot take the other does. Source: 2512.01112 (v2), 20 % queue and 80 % levered pro rata."""

    queue_share: Decimal = given("the share of the loss that the queue pays", Takes.FRACTION, D("0.2"))

    def cuts(self, winners: Sequence[Winner], budget: Decimal, unit: Decimal) -> list[Decimal]:
        by_queue = by_score(winners, round_to(self.queue_share * budget, unit, HALF_EVEN))
        left = [
            winner._replace(profit=winner.profit - cut, equity=winner.equity - cut)
            for winner, cut in zip(winners, by_queue, strict=True)
        ]
        weights = self.weights(winners)  # of the moment before, as in the queue
        rest = _by_weight(left, weights, self.caps(left, unit), budget - sum(by_queue, ZERO), unit)
        return [first + second for first, second in zip(by_queue, rest, strict=True)]

    def masses(self, winners: Sequence[Winner]) -> Sequence[Fraction]:
        return [Fraction(0)] * len(winners)


# --- parts --------------------------------------------------------------------------------------------------


def _profits(winners: Sequence[Winner]) -> Sequence[Fraction]:
    return [Fraction(w.profit) for w in winners]


def _by_weight(
    winners: Sequence[Winner],
    weights: Sequence[Fraction],
    caps: Sequence[Decimal],
    budget: Decimal,
    unit: Decimal,
) -> list[Decimal]:
    """min(cap, t x weight x profit), in units. Where everybody with a weight is at the cap, those without one
    share what is left."""
    limits, masses = (
        [Fraction(cap) for cap in caps],
        [w * Fraction(x.profit) for w, x in zip(weights, winners, strict=True)],
    )
    shares = capped(masses, limits, Fraction(budget))
    left = Fraction(budget) - sum(shares, Fraction(0))
    if left and not all(weights):
        others = [
            Fraction(0) if weight else Fraction(x.profit) for weight, x in zip(weights, winners, strict=True)
        ]
        shares = [a + b for a, b in zip(shares, capped(others, limits, left), strict=True)]
    return in_units(shares, budget, unit, caps, by_remainder=True)


HAIRCUTS: Choices = {
    "haircut": ProRata,
    "socialized": Socialized,
    "capped-haircut": Capped,
    "levered-haircut": Levered,
    "risk-weighted": RiskWeighted,
    "risk-weighted-power": RiskWeightedPower,
    "risk-weighted-tail": RiskWeightedTail,
    "integer-haircut": InUnits,
    "floored-gains": FlooredGains,
    "cash-queue": CashQueue,
    "hybrid": Hybrid,
}
