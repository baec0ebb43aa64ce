"""The last resort: what becomes of a loss that neither book, backstop, fund nor queue covered.

Public: uncovered.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from adlcalc.engine.events import Event, LossSocialized
from adlcalc.engine.expression import score_function
from adlcalc.engine.haircuts import HAIRCUTS, HaircutParams, Winner, budget_of
from adlcalc.engine.ledger import Claim, Holding
from adlcalc.engine.numbers import ZERO
from adlcalc.engine.scores import Score, inputs_of
from adlcalc.engine.sharing import in_units
from adlcalc.engine.state import State


def uncovered(state: State, claim: Claim, loss: Decimal) -> Iterator[Event]:
    """A loss of `loss`: bad debt, a cut of the profits of the market's winners (a haircut), or a levy on every contract.

    What the winners' profits cannot cover, and what the severity spares them, is bad debt.
    """
    rules = state.rules.last_resort
    if rules.policy == "bad-debt":
        yield from state.bad_debt(claim, loss)
        return
    bearers = [h for side in (1, -1) for h in claim.book.holdings[side] if h.size]
    bearers.sort(key=lambda holding: holding.order)
    budget = budget_of(loss, rules.severity, state.ledger.unit)
    if rules.policy == "per-contract":
        bases = [h.size for h in bearers]
        cuts = levies(bases, budget, state.ledger.unit)
    else:
        bearers = [h for h in bearers if h.pnl() > 0]
        bases = [h.pnl() for h in bearers]
        params = HaircutParams(rules.max_cut, rules.exponent, rules.threshold, rules.queue_share)
        score = score_function(state.rules.adl.score)
        cuts = HAIRCUTS[rules.policy]([winner(h, score) for h in bearers], budget, state.ledger.unit, params)
    for holding, cut, base in zip(bearers, cuts, bases, strict=True):
        if cut:
            yield from levy(state, holding, cut, base)
    yield from state.bad_debt(claim, loss - sum(cuts, ZERO))


def levies(sizes: list[Decimal], budget: Decimal, unit: Decimal) -> list[Decimal]:
    """The budget in proportion to size, whoever has won or lost."""
    whole = Fraction(sum(sizes, ZERO))
    return in_units([Fraction(budget) * Fraction(size) / whole for size in sizes], budget, unit, [budget] * len(sizes))


def winner(holding: Holding, score: Score) -> Winner:
    """What a haircut may know of a position in profit: a cross one has the account's equity, exposure and leverage behind it."""
    x = inputs_of(holding)
    return Winner(x.pnl, x.equity, x.exposure, score(x))


def levy(state: State, holding: Holding, amount: Decimal, base: Decimal) -> Iterator[Event]:
    """Take `amount` from the margin behind a position; the venue's loss is the smaller for it (its cash was never charged)."""
    yield from state.settle_funding(holding)
    state.ledger.touch(holding.holder)
    state.ledger.pay_in(holding, -amount)
    state.note_change(holding)
    yield LossSocialized(state.step, holding.holder.id, holding.book.name, amount, base)
