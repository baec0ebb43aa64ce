"""Backstops: providers that share a claim, bidders in an auction, a vault that takes whole units over or a
share of each of their positions (rule liquidation.size: shares).

What they take stays with them to the end of the run, at their own risk; they are accounts of the audit.

Public: offer_to_backstop, to_vault, hand_over_shares.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from functools import partial

from adlcalc.engine.books.claims import Backstop, Closing
from adlcalc.engine.books.holdings import Due
from adlcalc.engine.books.ledger import NOTHING
from adlcalc.engine.contract import INVERSE
from adlcalc.engine.events import BackstopTook, Event, How
from adlcalc.engine.formulas.prices import no_gift
from adlcalc.engine.formulas.sharing import in_units
from adlcalc.engine.formulas.worked import Worked, as_it_is
from adlcalc.engine.model import VAULT
from adlcalc.engine.rules import Providers, Shares
from adlcalc.engine.waterfall.last_resort import settle
from adlcalc.engine.waterfall.liquidation import bankrupt_values, bankruptcy, liquidated, stand_of
from adlcalc.engine.waterfall.orders import share_fee
from adlcalc.engine.waterfall.state import State
from adlcalc.ground.numbers import CEILING, ONE, ZERO, round_to


def offer_to_backstop(state: State, claim: Closing) -> Iterable[Event]:
    """Providers (rule backstop.kind) take what they can of a claim."""
    if claim.price is None or not claim.size:
        return NOTHING
    takers = [b for b in state.ledger.backstops.values() if b.left.get(claim.book, ZERO) > 0]
    if not takers:
        return NOTHING
    rules = state.rules.backstop.kind
    return (
        shared(state, claim, takers, rules) if isinstance(rules, Providers) else auction(state, claim, takers)
    )


def shared(state: State, claim: Closing, takers: list[Backstop], rules: Providers) -> Iterator[Event]:
    """All providers at one price, pro rata to the capacity they have left in this step (FTX, Kraken,
    Deribit)."""
    known = claim.known()
    book, by_rule = claim.book, rules.price(known)
    price = no_gift(by_rule, known)
    how = (by_rule,) if price is by_rule else (by_rule, price)
    left = [taker.left[book] for taker in takers]
    whole = sum(left, ZERO)
    shares = [Fraction(size) * Fraction(min(claim.size, whole)) / Fraction(whole) for size in left]
    for taker, size in zip(takers, in_units(shares, min(claim.size, whole), book.lot, left), strict=True):
        if size:
            yield from take(state, claim, taker, size, how)


def auction(state: State, claim: Closing, takers: list[Backstop]) -> Iterator[Event]:
    """The best bid first, each at its own price, ties in file order; a bid worse than the bankruptcy price is
    taken only as far as the fund can pay the difference (the reserve price)."""
    book = claim.book
    bids = {taker: book.mark - claim.side * state.distance_of(taker, book) for taker in takers}
    for taker in sorted(takers, key=lambda taker: -claim.side * bids[taker]):
        price = bids[taker]
        wanted = size = min(claim.size, taker.left[book])
        if price <= 0 or not size:
            continue
        if not claim.better_or_equal(price):
            size = state.affordable(claim, size, partial(_flat, price))
        if size:
            formula = "[mark] - [distance]" if claim.side > 0 else "[mark] + [distance]"
            bid = Worked("price", price, formula, (book.mark, abs(book.mark - price)))
            yield from take(state, claim, taker, size, (bid,))
        if size < wanted:
            book.fund.refuse(book.name)


def _flat(price: Decimal, _size: Decimal) -> Decimal:
    """A bid's price, whatever the size."""
    return price


def take(state: State, claim: Closing, taker: Backstop, size: Decimal, how: How) -> Iterator[Event]:
    """One transfer from the venue to a provider, at the price that `how` ends with."""
    book, price = claim.book, how[-1].result
    if price <= 0 and book.contract.kind == INVERSE:
        return  # rounded to nothing by a coarse tick: no value can be put on it
    proceeds = claim.proceeds(size, price)
    result = state.ledger.fill_with_backstop(claim, taker, size, proceeds)
    number = state.ledger.number_of(claim)
    yield BackstopTook(
        state.step, number, taker.id, book.name, claim.side, size, price, result, how, proceeds
    )
    yield from settle(state, claim, result, proceeds)


def to_vault(state: State, due: Due) -> Iterator[Event]:
    """The vault takes every position of the unit at the mark, and all the margin that is left with it
    (Hyperliquid)."""
    unit = due.unit
    vault = state.ledger.vault(VAULT, due.unit.holdings[0].book.settles)
    unit.holder.liquidated = state.used_by(unit).begun = True
    for holding in unit.open_holdings():
        yield from state.ledger.settle_funding(holding)
    for holding, target in bankrupt_values(unit):
        book, size = holding.book, holding.size
        worth = holding.value()
        number = state.ledger.next_number()
        yield liquidated(
            state,
            due,
            holding,
            size=size,
            bankrupt=bankruptcy(holding, target),
            stood=stand_of(unit),
            method="backstop",
            number=number,
        )
        state.ledger.hand_over(holding, size, worth, vault)
        left, how = worth - target.value, (as_it_is("price", "mark", book.mark),)
        yield BackstopTook(
            state.step, number, vault.id, book.name, holding.side, size, book.mark, left, how, worth
        )
    state.ledger.give_margin(unit, vault)


def share_to_close(rules: Shares, equity: Decimal, maintenance: Decimal) -> Decimal:
    """The smallest multiple of `portion` after which maintenance / equity is below `target`, the fee paid;
    all where none is.

    After a share k: maintenance (1 - k), equity - k x fee x maintenance. Source: Paradex documentation,
    liquidation (portion 0.2, target 0.9)."""
    share = rules.portion
    while share < ONE:
        left = equity - share * rules.fee * maintenance
        if (ONE - share) * maintenance < rules.target * left:
            return share
        share += rules.portion
    return ONE


def hand_over_shares(state: State, due: Due, rules: Shares) -> Iterator[Event]:
    """The share of every position moves at the mark to the fund's account (the vault), for a fee of share x
    fee x maintenance, at most the equity."""
    ledger, unit, used = state.ledger, due.unit, state.used_by(due.unit)
    used.begun = True
    share = share_to_close(rules, due.equity, due.maintenance)
    fee = share_fee(share, rules.fee, due.maintenance, due.equity, ledger.unit)
    vault = ledger.vault(VAULT, unit.holdings[0].book.settles)
    for holding in unit.open_holdings():
        yield from ledger.settle_funding(holding)
    for holding, target in bankrupt_values(unit):
        book = holding.book
        size = min(round_to(holding.size * share, book.lot, CEILING), holding.size)
        used.claim, unit.holder.liquidated = ledger.next_number(), True
        yield liquidated(
            state,
            due,
            holding,
            size=size,
            bankrupt=bankruptcy(holding, target),
            stood=stand_of(unit),
            method="shared",
            number=used.claim,
        )
        proceeds = book.value(holding.side * size, book.mark)
        ledger.hand_over(holding, size, proceeds, vault)
        how = (as_it_is("price", "mark", book.mark),)
        yield BackstopTook(
            state.step, used.claim, vault.id, book.name, holding.side, size, book.mark, ZERO, how, proceeds
        )
    yield from ledger.account_pays_fund(unit.holdings[0], used.claim, fee[-1].result, fee)
