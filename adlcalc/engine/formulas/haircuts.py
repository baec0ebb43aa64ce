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
from adlcalc.engine.formulas.sharing import (
    Number,
    Ratio,
    agreed,
    capped,
    capped_in_units,
    in_units,
    over_one_denominator,
    ratio_of,
)
from adlcalc.engine.formulas.worked import SHARED, Worked, as_it_is
from adlcalc.ground.numbers import DOWN, HALF_EVEN, ONE, ZERO, D, divide, round_to, rounder
from adlcalc.ground.objects import record


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
        if self.equity <= 0:
            return Fraction(0)
        (up, of_up), (down, of_down) = self.notional.as_integer_ratio(), self.equity.as_integer_ratio()
        return Fraction(up * of_down, of_up * down)


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

    def masses(self, winners: Sequence[Winner]) -> Sequence[Number]:
        """What the budget is shared out by, a number for each; all zero where it is not shared out."""
        return [ZERO] * len(winners)

    def worked(
        self, winners: Sequence[Winner], cuts: Sequence[Decimal], budget: Decimal, unit: Decimal
    ) -> list[Worked]:
        """How each cut came about: all that may be taken of a profit, a part of the loss in proportion, or
        what the others leave of it."""
        masses, total = [*map(ratio_of, self.masses(winners))], sum(cuts, ZERO)
        full = [part == BEYOND for part in _beside_parts(masses, cuts, budget, unit)[0]]
        borne = sum((cut for cut, at_most in zip(cuts, full, strict=True) if at_most), ZERO)
        some = [i for i, at_most in enumerate(full) if not at_most]
        beside, whole = _beside_parts(
            [masses[i] for i in some], [cuts[i] for i in some], budget - borne, unit
        )
        shared = {i for i, part in zip(some, beside, strict=True) if part == WITHIN and whole}
        loss, parts = (
            ("([loss] - [what others bear wholly])", (budget, borne)) if borne else ("[loss]", (budget,))
        )
        out = []
        for i, (w, cut, mass) in enumerate(zip(winners, cuts, masses, strict=True)):
            if cut == w.profit:
                out.append(as_it_is("cut", "all of the profit", cut))
            elif full[i]:
                out.append(as_it_is("cut", "the most that the rule takes of it", cut))
            elif i in shared:
                of_it = (*parts, _amount(*mass), whole)
                formula = f"{loss} x [its weight] / [all weights]"
                out.append(record(Worked, ("cut", cut, formula, of_it, unit, SHARED)))
            else:
                left = "[what is cut in all] - [what the others bear]"
                out.append(record(Worked, ("cut", cut, left, (total, total - cut), None, HALF_EVEN)))
        return out


WITHIN, BEYOND = 0, 2


def _beside_parts(
    masses: Sequence[Ratio], cuts: Sequence[Decimal], loss: Decimal, unit: Decimal
) -> tuple[list[int], Decimal]:
    """Where the part of a loss in proportion to the masses lies beside a cut: less than a unit off (WITHIN), more
    than one (BEYOND) or just one above it (1), one or more below it (-1). And the sum of the masses, to 60 digits;
    where that is zero there are no parts."""
    (shared, one, *taken), _ = over_one_denominator([loss, unit, *cuts])

    def found(weights: Sequence[int], scale: int) -> tuple[list[int], Decimal]:
        # each goes one way only as the sum of the weights rises, as `agreed` has to have it
        whole, beside = sum(weights), []
        for (n, d), cut in zip(masses, taken, strict=True):
            part, each = shared * scale * n, d * whole
            above = (cut + one) * each
            beside.append((part > above) + (part >= above) - (part <= (cut - one) * each))
        return beside, _amount(whole, scale)

    if any(n for n, _ in masses):
        return agreed(masses, found)
    return [WITHIN] * len(masses), ZERO


def _amount(above: int, below: int) -> Decimal:
    return divide(D(above), D(below))


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
        profits = self.masses(winners)
        return _by_mass(winners, profits, profits, budget, unit)

    def masses(self, winners: Sequence[Winner]) -> Sequence[Decimal]:
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
        return _by_mass(winners, self.masses(winners), self.caps(winners, unit), budget, unit)

    def masses(self, winners: Sequence[Winner]) -> Sequence[Number]:
        return _profits(winners)

    def caps(self, winners: Sequence[Winner], unit: Decimal) -> list[Decimal]:
        """The most that may be taken from each: max_cut of the profit, rounded down, and no equity below what
        it must keep."""
        down = rounder(unit, DOWN)
        return [max(min(down(self.max_cut * w.profit), w.profit, w.equity - w.keep), ZERO) for w in winners]


@closed
class Levered(Capped):
    """cut = budget x leverage x profit / sum of leverage x profit, at most the cap. Source: 2512.01112,
    levered pro rata; as printed there (eq. lev-pro-rata) the cuts do not sum to the budget, here they do."""

    def masses(self, winners: Sequence[Winner]) -> Sequence[Number]:
        return [_times(w.leverage, w.profit) for w in winners]


@closed
class RiskWeighted(Capped):
    """cut = profit x min(cap, t x leverage x g(leverage)), with t from the budget; g = leverage. Source:
    2512.01112, risk-aware pro rata (RAP).

    Winners whose g is zero pay, in proportion to profit, what the others' caps leave open; the paper's
    algorithm leaves it uncovered.
    """

    def masses(self, winners: Sequence[Winner]) -> Sequence[Number]:
        levered = [(w.leverage, w.profit) for w in winners]
        return [_times(leverage * self.g(leverage), profit) for leverage, profit in levered]

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
        budget = min(budget, sum(_profits(winners), ZERO))
        (loss, one, *profits), _ = over_one_denominator([budget, unit, *_profits(winners)])
        whole = sum(profits) * one
        cuts = [D(loss * profit // whole) * unit for profit in profits]
        left = budget - sum(cuts, ZERO)
        for i, winner in enumerate(winners):
            more = min(unit, left, winner.profit - cuts[i])
            cuts[i] += more
            left -= more
        return cuts

    def masses(self, winners: Sequence[Winner]) -> Sequence[Decimal]:
        return _profits(winners)


@closed
class FlooredGains(Haircut):
    """Each is paid profit x collected / expected rounded down to the unit, and the last in file order what
    rounding leaves, up to its profit (then the one before it); expected: the sum of profits, collected: that
    less the budget. Source: Vega core, loss socialization of a settlement."""

    def cuts(self, winners: Sequence[Winner], budget: Decimal, unit: Decimal) -> list[Decimal]:
        expected = sum(_profits(winners), ZERO)
        collected = expected - min(budget, expected)
        (there, one, *profits), _ = over_one_denominator([collected, unit, *_profits(winners)])
        whole = sum(profits) * one
        paid = [D(there * profit // whole if whole else 0) * unit for profit in profits]
        left = collected - sum(paid, ZERO)
        for i in reversed(range(len(winners))):
            more = min(left, winners[i].profit - paid[i])
            paid[i] += more
            left -= more
        return [w.profit - got for w, got in zip(winners, paid, strict=True)]

    def masses(self, winners: Sequence[Winner]) -> Sequence[Decimal]:
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
        # of the leverage of the moment before, as in the queue
        masses = [_times(w.leverage, after.profit) for w, after in zip(winners, left, strict=True)]
        rest = _by_mass(left, masses, self.caps(left, unit), budget - sum(by_queue, ZERO), unit)
        return [first + second for first, second in zip(by_queue, rest, strict=True)]

    def masses(self, winners: Sequence[Winner]) -> Sequence[Decimal]:
        return [ZERO] * len(winners)


# --- parts --------------------------------------------------------------------------------------------------


def _profits(winners: Sequence[Winner]) -> Sequence[Decimal]:
    return [w.profit for w in winners]


def _times(weight: Fraction, profit: Decimal) -> Fraction:
    up, down = profit.as_integer_ratio()
    return Fraction(weight.numerator * up, weight.denominator * down)


def _by_mass(
    winners: Sequence[Winner],
    masses: Sequence[Number],
    caps: Sequence[Decimal],
    budget: Decimal,
    unit: Decimal,
) -> list[Decimal]:
    """min(cap, t x mass), in units. Where everybody with a mass is at the cap, those without one share what
    is left by their profits."""
    bound = [cap if mass else ZERO for cap, mass in zip(caps, masses, strict=True)]
    left = budget - sum(bound, ZERO)
    if left < 0:
        return capped_in_units(masses, caps, budget, unit)
    others = [Fraction(0 if mass else w.profit) for mass, w in zip(masses, winners, strict=True)]
    more = capped(others, [Fraction(cap) for cap in caps], Fraction(left))
    shares = [Fraction(cap) + share for cap, share in zip(bound, more, strict=True)]
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
