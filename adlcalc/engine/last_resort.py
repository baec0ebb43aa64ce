"""The last resort: what becomes of a loss that neither book, backstop, fund nor queue covered.

Public: uncovered.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from adlcalc.engine.events import Event, LossSocialized
from adlcalc.engine.ledger import Claim, Holding
from adlcalc.engine.numbers import ZERO
from adlcalc.engine.sharing import in_units
from adlcalc.engine.state import State


def uncovered(state: State, claim: Claim, loss: Decimal) -> Iterator[Event]:
    """A loss of `loss`: bad debt, a cut of the profits of the market's winners (haircut), or a levy on every contract.

    What the winners' profits cannot cover is bad debt.
    """
    policy = state.rules.last_resort.policy
    if policy == "bad-debt":
        yield from state.bad_debt(claim, loss)
        return
    bearers = [h for side in (1, -1) for h in claim.book.holdings[side] if h.size]
    bearers.sort(key=lambda holding: holding.order)
    if policy == "per-contract":
        bases = [h.size for h in bearers]
        budget, caps = loss, [loss] * len(bearers)
    else:
        bearers = [h for h in bearers if h.pnl() > 0]
        bases = [h.pnl() for h in bearers]
        budget, caps = min(loss, sum(bases, ZERO)), bases
    whole = Fraction(sum(bases, ZERO))
    cuts = in_units([Fraction(budget) * Fraction(base) / whole for base in bases], budget, state.ledger.unit, caps) if bases else []
    for holding, cut, base in zip(bearers, cuts, bases, strict=True):
        if cut:
            yield from levy(state, holding, cut, base)
    yield from state.bad_debt(claim, loss - sum(cuts, ZERO))


def levy(state: State, holding: Holding, amount: Decimal, base: Decimal) -> Iterator[Event]:
    """Take `amount` from the margin behind a position; the venue's loss is the smaller for it (its cash was never charged)."""
    yield from state.settle_funding(holding)
    state.ledger.touch(holding.holder)
    state.ledger.pay_in(holding, -amount)
    state.note_change(holding)
    yield LossSocialized(state.step, holding.holder.id, holding.book.name, amount, base)
