"""Deleveraging: closing a bankrupt position against the profitable positions of the other side, first in the queue first.

Public: deleverage.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from adlcalc.engine.events import Deleveraged, Event, Skipped
from adlcalc.engine.ledger import Claim, Holding
from adlcalc.engine.queue import Place
from adlcalc.engine.state import State


def deleverage(state: State, claim: Claim) -> Iterator[Event]:
    """Close the claim at its bankruptcy price against the queue, each place up to its whole size, until it is covered.

    A place whose equity the fill would push below zero is skipped and reported. A claim without a bankruptcy price (an inverse long that
    lost more than it is worth) cannot be matched at any price.
    """
    if claim.price is None:
        return
    for place in state.queue(claim.book, -claim.side):
        size = min(claim.size, place.holding.size)
        proceeds = claim.cost_of(size)
        forgone = proceeds - claim.book.value(claim.side * size, claim.book.mark)
        equity_after = equity_behind(place.holding) - forgone
        if equity_after < 0 and state.rules.adl.would_bankrupt == "skip":
            if (claim, place) not in state.skipped:  # told once a step, however often the claim is worked
                state.skipped.add((claim, place))
                yield Skipped(
                    state.step, claim.id, place.holding.holder.id, claim.book.name, -claim.side, place.rank, place.score, size, claim.price, equity_after
                )  # fmt: skip
            continue
        yield from close_against(state, claim, place, size, proceeds, forgone)
        if not claim.size:
            return


def equity_behind(holding: Holding) -> Decimal:
    """Equity of the position (isolated) or of the account (cross), at the marks."""
    unit = holding.unit
    return unit.cash() + sum(other.value() for other in unit.holdings if other.size)


def close_against(state: State, claim: Claim, place: Place, size: Decimal, proceeds: Decimal, forgone: Decimal) -> Iterator[Event]:
    """One fill: `size` of the claim against `place`, for the same `proceeds` on both sides."""
    holding = place.holding
    assert claim.price is not None
    yield from state.settle_funding(holding)
    before = holding.size
    pnl = state.ledger.close_part(holding, size, -proceeds)
    result = state.ledger.close_claim_part(claim, size, proceeds)
    holding.holder.deleveraged = True
    state.changed[holding.unit] = None
    yield Deleveraged(
        state.step, claim.id, claim.account, holding.holder.id, claim.book.name, holding.side, place.rank, place.score, before, size,
        claim.price, claim.book.mark, pnl, forgone, place.tied,
    )  # fmt: skip
    yield from state.post_result(claim, result, "dust")
