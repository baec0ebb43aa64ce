"""Liquidation in the account's own name (rule liquidation.method: market): orders in the book, of which the account keeps what they leave.

Hyperliquid: the whole position, or first a portion of a large one. dYdX: a portion at the fillable price or better. Dango: what restores the
maintenance margin. What the orders leave stays with the account, unless vault or queue takes it.

Public: liquidate_in_own_name.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from adlcalc.engine import margin
from adlcalc.engine.backstop import to_vault
from adlcalc.engine.deleveraging import deleverage
from adlcalc.engine.events import BookFilled, Event, FundPaid, FundReceived
from adlcalc.engine.ledger import Claim, Holding
from adlcalc.engine.liquidation import Due, bankrupt_values, bankruptcy, is_due, liquidated
from adlcalc.engine.numbers import CEILING, DOWN, FLOOR, ONE, ZERO, divide, round_to
from adlcalc.engine.state import State


def liquidate_in_own_name(state: State, due: Due) -> Iterator[Event]:
    """Orders, largest maintenance margin first where they are sized by the deficit, else in file order; then vault and queue."""
    rules, unit = state.rules, due.unit
    rounds = 2 if rules.liquidation.then_whole else 1
    filled: dict[Holding, bool] = {}
    opened = [(holding, holding.size) for holding in unit.open_holdings()]
    for attempt in range(rounds):
        for holding in in_order(state, due):
            equity, maintenance = unit.margin()
            state.evaluations += 1
            if not is_due(rules, equity, maintenance):
                break
            if not holding.size:  # closed meanwhile, as the other side of its own account's order
                continue
            now = Due(unit, equity, maintenance)
            events = list(place_order(state, now, holding, whole=attempt > 0))
            filled[holding] = filled.get(holding, False) or bool(events)
            yield from events
    yield from after_orders(state, unit_due(due), filled)
    if rules.liquidation.fee and rules.liquidation.fee_cap == "equity":
        yield from equity_fee(state, due, opened)
    yield from settle_flat(state, due)
    equity, maintenance = unit.margin()
    if unit.open_holdings() and equity > maintenance:
        state.watchlist.watch(unit, equity - maintenance)
    elif unit.open_holdings():
        state.watchlist.keep(unit)


def unit_due(due: Due) -> Due:
    """The unit as it stands now."""
    equity, maintenance = due.unit.margin()
    return Due(due.unit, equity, maintenance)


def in_order(state: State, due: Due) -> list[Holding]:
    holdings = due.unit.open_holdings()
    if state.rules.liquidation.size == "deficit":
        holdings.sort(key=lambda h: (-margin.maintenance_margin(h.lines(), abs(h.value())), h.order))
    return holdings


def place_order(state: State, due: Due, holding: Holding, whole: bool) -> Iterator[Event]:
    """One order of one position, filled as far as its limit and the fund allow; under adl.when 'remainder' the queue takes the rest of it."""
    book = holding.book
    claim = own_claim(state, due, holding)
    size = holding.size if whole else order_size(state, due, holding)
    limit = limit_price(state, due, holding, claim.price)
    yield from state.settle_funding(holding)
    story = liquidated(state, due, holding, size, claim.price, "market", claim.id)
    events = list(fill_order(state, claim, size, limit))
    done = sum((event.size for event in events if isinstance(event, BookFilled)), ZERO)
    if state.rules.adl.when == "remainder" and done < size:
        claim.size, claim.cost = size - done, book.value(holding.side * (size - done), claim.price) if claim.price else claim.cost
        events.extend(deleverage(state, claim))
        done = size - claim.size
    if done:
        due.unit.holder.liquidated = True
        yield story._replace(size=done)
        yield from events


def own_claim(state: State, due: Due, holding: Holding) -> Claim:
    """The position as something to be closed, still in the account's name."""
    rules = state.rules.liquidation
    target = holding.value() - due.equity if rules.share == "all" else dict(bankrupt_values(due.unit))[holding]
    price = bankruptcy(holding, target)
    cost = target if price is None else holding.book.value(holding.signed_size, price)
    claim = Claim(state.ledger.next_claim(), holding.holder.id, holding.book, holding.side, holding.size, price, cost)
    claim.holding, claim.holder = holding, holding.holder
    return claim


def order_size(state: State, due: Due, holding: Holding) -> Decimal:
    """How much of the position one order closes (rule liquidation.size).

    portion: portion x size of a position whose notional is above portion_above, at least portion_at_least and at most max_notional of notional at
    the mark, rounded down to the lot, one lot at least. deficit: (maintenance - equity) / (rate x notional of a contract), rounded up to the lot.
    """
    rules, book = state.rules.liquidation, holding.book
    each = divide(abs(holding.value()), holding.size)
    if rules.size == "portion":
        notional = abs(holding.value())
        if notional <= rules.portion_above:
            return holding.size
        wanted = max(notional * rules.portion, min(rules.portion_at_least, notional))
        if rules.max_notional is not None:
            wanted = min(wanted, rules.max_notional)
        size = max(round_to(divide(wanted, each), book.lot, DOWN), book.lot)
        return min(size, holding.size)
    if rules.size == "deficit":
        own = margin.maintenance_margin(holding.lines(), abs(holding.value()))
        size = round_to(divide((due.maintenance - due.equity) * holding.size, own), book.lot, CEILING) if own else holding.size
        return min(size, holding.size)
    return holding.size


def limit_price(state: State, due: Due, holding: Holding, bankrupt: Decimal | None) -> Decimal | None:
    """The worst price an order may be filled at (rule liquidation.limit); None: any.

    fillable (dYdX): mark - s x ABR x spread x maintenance / size, ABR = adjustment x (1 - equity / maintenance) between 0 and 1.
    """
    rules, book = state.rules.liquidation, holding.book
    if rules.limit == "bankruptcy":
        return bankrupt
    if rules.limit == "bankruptcy-or-mark":
        return bankrupt if due.equity > 0 else book.mark
    if rules.limit == "fillable":
        return fillable_price(
            holding.side, holding.size, abs(holding.value()), margin.maintenance_margin(holding.lines(), abs(holding.value())),
            due.equity, due.maintenance, rules.spread, rules.adjustment, book.tick,
        )  # fmt: skip
    return None


def fillable_price(
    side: int, size: Decimal, notional: Decimal, own: Decimal, equity: Decimal, maintenance: Decimal, spread: Decimal, adjustment: Decimal, tick: Decimal
) -> Decimal:
    """dYdX v4: (notional - s x ABR x spread x maintenance of the position) / size, up for a long, down for a short.
    Source: dYdX v4 chain, clob keeper, fillable price."""
    abr = round_to(divide(adjustment * (maintenance - equity), maintenance), SHORT) if maintenance else ONE
    abr = min(max(abr, ZERO), ONE)
    return round_to(divide(notional - side * abr * spread * own, size), tick, CEILING if side > 0 else FLOOR)


SHORT = Decimal("1E-18")


def fill_order(state: State, claim: Claim, size: Decimal, limit: Decimal | None) -> Iterator[Event]:
    """The book's offers best first, within the limit; a fill worse than the bankruptcy price needs the fund to pay the difference (dYdX: limit
    fillable), and a better one pays the liquidation fee out of its surplus."""
    rules, book = state.rules.liquidation, claim.book
    side = state.book_side(book, claim.side)
    while size and (offer := side.next()):
        part = size if offer.size is None else min(size, offer.size)
        price = offer.price(part)
        if limit is not None and (price < limit if claim.side > 0 else price > limit):
            return
        covers = rules.limit == "fillable" and not claim.better_or_equal(price)
        if covers and state.affordable(claim, part, offer.price) < part:
            return
        side.take(part)
        proceeds = book.value(claim.side * part, price)
        result = state.ledger.close_claim_part(claim, part, proceeds)
        state.ledger.to_rest(book, claim.side * part, proceeds)
        yield BookFilled(state.step, claim.id, book.name, claim.side, part, price, result)
        if covers:
            yield from fund_to_account(state, claim, -result)
        elif rules.fee and rules.fee_cap == "surplus":
            yield from fee_to_fund(state, claim, min(round_to(rules.fee * abs(proceeds), state.ledger.unit, DOWN), max(result, ZERO)))
        size -= part
        if claim.holding is not None and rules.limit == "fillable" and not is_due(state.rules, *claim.holding.unit.margin()):
            return


def fund_to_account(state: State, claim: Claim, amount: Decimal) -> Iterator[Event]:
    """The fund makes good what a fill was worse than the bankruptcy price."""
    fund = claim.book.fund
    paid = min(amount, fund.available())
    if paid > 0 and claim.holding is not None:
        fund.balance -= paid
        state.ledger.pay_in(claim.holding, paid)
        yield FundPaid(state.step, fund.name, claim.id, paid)


def fee_to_fund(state: State, claim: Claim, amount: Decimal) -> Iterator[Event]:
    """A liquidation fee from the account's margin to the fund."""
    if amount > 0 and claim.holding is not None:
        fund = claim.book.fund
        state.ledger.touch(claim.holding.holder)
        state.ledger.pay_in(claim.holding, -amount)
        fund.balance += amount
        yield FundReceived(state.step, fund.name, claim.id, amount, "fee")


def after_orders(state: State, due: Due, filled: dict[Holding, bool]) -> Iterator[Event]:
    """What is still due: the vault takes it (equity not below zero, but below its part of the maintenance margin), or the queue does
    (adl.when: negative, zero-fill)."""
    rules, unit = state.rules, due.unit
    if not unit.open_holdings() or not is_due(rules, due.equity, due.maintenance):
        return
    if rules.backstop.kind == "vault" and ZERO <= due.equity < rules.backstop.vault_below * due.maintenance:
        yield from to_vault(state, due)
        return
    if due.equity >= 0 or rules.adl.when not in ("negative", "zero-fill"):
        return
    for holding in unit.open_holdings():
        if not holding.size or (rules.adl.when == "zero-fill" and filled.get(holding)):
            continue
        now = unit_due(due)
        claim = own_claim(state, now, holding)
        had = holding.size
        yield from state.settle_funding(holding)
        story = liquidated(state, now, holding, had, claim.price, "deleveraged", claim.id)
        events = list(deleverage(state, claim))
        if holding.size < had:
            unit.holder.liquidated = True
            yield story._replace(size=had - holding.size)
        yield from events


def settle_flat(state: State, due: Due) -> Iterator[Event]:
    """The debt of an account that is closed out below zero: the fund pays it, as far as it may."""
    unit = due.unit
    first = unit.holdings[0]
    if unit.open_holdings():
        return
    left = first.collateral if first.collateral is not None else unit.holder.balance
    if left < 0:
        claim = Claim(state.ledger.claim_count, unit.holder.id, first.book, first.side, ZERO, None, ZERO)
        state.ledger.touch(unit.holder)
        state.ledger.pay_in(first, -left)
        yield from state.post_result(claim, left, "surplus")


def equity_fee(state: State, due: Due, opened: list[tuple[Holding, Decimal]]) -> Iterator[Event]:
    """fee x closed notional at the mark, at most the equity that is left (Dango)."""
    closed = sum((abs(h.book.value(size - h.size, h.book.mark)) for h, size in opened), ZERO)
    equity, _ = due.unit.margin()
    amount = min(round_to(state.rules.liquidation.fee * closed, state.ledger.unit, DOWN), max(equity, ZERO))
    if amount:
        holding = due.unit.holdings[0]
        claim = Claim(state.ledger.claim_count, due.unit.holder.id, holding.book, holding.side, ZERO, None, ZERO)
        claim.holding = holding
        yield from fee_to_fund(state, claim, amount)
