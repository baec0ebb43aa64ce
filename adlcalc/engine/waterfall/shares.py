"""The fund takes the same share of every position of a due unit (rule liquidation.size: shares).

Public: share_to_close, hand_over_shares.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from adlcalc.engine.events import BackstopTook, Event
from adlcalc.engine.rules import Shares
from adlcalc.engine.waterfall.backstop import VAULT
from adlcalc.engine.waterfall.liquidation import Due, bankrupt_values, bankruptcy, liquidated
from adlcalc.engine.waterfall.state import State, Used
from adlcalc.ground.numbers import CEILING, DOWN, ONE, ZERO, round_to


def share_to_close(rules: Shares, equity: Decimal, maintenance: Decimal) -> Decimal:
    """The smallest multiple of `portion` after which maintenance / equity is below `target`, the fee paid; all where none is.

    After a share k: maintenance (1 - k), equity - k x fee x maintenance. Source: Paradex documentation, liquidation (portion
    0.2, target 0.9)."""
    share = rules.portion
    while share < ONE:
        left = equity - share * rules.fee * maintenance
        if (ONE - share) * maintenance < rules.target * left:
            return share
        share += rules.portion
    return ONE


def hand_over_shares(state: State, due: Due, rules: Shares, used: Used) -> Iterator[Event]:
    """The share of every position moves at the mark to the fund's account (the vault), for a fee of share x fee x maintenance,
    at most the equity."""
    ledger, unit = state.ledger, due.unit
    share = share_to_close(rules, due.equity, due.maintenance)
    fee = min(round_to(share * rules.fee * due.maintenance, ledger.unit, DOWN), max(due.equity, ZERO))
    vault = ledger.vault(VAULT, unit.holdings[0].book.settles)
    for holding in unit.open_holdings():
        yield from ledger.settle_funding(holding)
    for holding, target in bankrupt_values(unit):
        book = holding.book
        size = min(round_to(holding.size * share, book.lot, CEILING), holding.size)
        used.claim, unit.holder.liquidated = ledger.next_claim(), True
        yield liquidated(state, due, holding, size, bankruptcy(holding, target), "shared", used.claim)
        proceeds = book.value(holding.side * size, book.mark)
        ledger.hand_over(holding, size, proceeds, vault)
        yield BackstopTook(state.step, used.claim, vault.id, book.name, holding.side, size, book.mark, ZERO)
    yield from ledger.account_pays_fund(unit.holdings[0], used.claim, fee)
