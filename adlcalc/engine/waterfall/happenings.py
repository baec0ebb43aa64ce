"""What the path brings besides marks, worked after they have moved and before margin is looked at.

Public: happen, withdrawable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from adlcalc.engine.books.holdings import Due, Holder, Holding, MarketBook
from adlcalc.engine.contract import BY_NOTIONAL
from adlcalc.engine.events import (
    BookFilled,
    Event,
    Halted,
    MarginMoved,
    MoneyMoved,
    PositionSettled,
    Refused,
    Settled,
    Traded,
)
from adlcalc.engine.formulas.margin import initial_collateral, maintenance_margin, tier_index
from adlcalc.engine.formulas.worked import Worked, as_it_is
from adlcalc.engine.happenings import FundMoney, Halt, Margin, Money, Settlement, Trade
from adlcalc.engine.waterfall.last_resort import everybody, settle, share_losses
from adlcalc.engine.waterfall.state import State
from adlcalc.engine.waterfall.takeover import take_over
from adlcalc.ground.numbers import ZERO, divide

WITHDRAWABLE = "[balance] + [unrealized pnl of the cross positions] - [their initial margin]"


def happen(state: State) -> Iterator[Event]:
    """What this step brings, in the order of the file."""
    for one in state.scenario.path.events.get(state.step, ()):
        yield from WORKED_BY[type(one)](state, one)


# --- what an account may take out ---------------------------------------------------------------------------


def initial_margin(holding: Holding) -> Decimal:
    """Notional / chosen leverage; where none was chosen the tier's highest, else the maintenance margin."""
    n, rule = abs(holding.value()), holding.book.market.maintenance
    basis = n if rule.by == BY_NOTIONAL else abs(holding.cost)
    leverage = holding.leverage or rule.tiers[tier_index(rule, holding.size, basis)].max_leverage
    return divide(n, leverage) if leverage else maintenance_margin(holding.lines(), n)


def withdrawable(holder: Holder) -> Worked:
    """balance + unrealized pnl of the cross positions - their initial margin; not below zero. Isolated
    positions play no part: their margin has left the balance. Funding has been settled."""
    cross = [h for h in holder.holdings if h.size and h.collateral is None]
    pnl = sum((h.pnl() for h in cross), ZERO)
    needed = sum((initial_margin(h) for h in cross), ZERO)
    free = holder.balance + pnl - needed
    parts = (holder.balance, pnl, needed)
    return Worked("withdrawable", max(free, ZERO), f"max({WITHDRAWABLE}, [0])", (*parts, ZERO))


def settle_cross(state: State, holder: Holder) -> Iterator[Event]:
    """Settle the funding of the positions that stand on the balance."""
    for holding in holder.holdings:
        if holding.size and holding.collateral is None:
            yield from state.settle_funding(holding)


def look_again(state: State, holder: Holder) -> None:
    """The balance has changed: the cross positions stand on another one, and a debt may be paid or made."""
    for holding in holder.holdings:
        if holding.collateral is None:
            state.changed[holding.unit] = None
            break
    state.doubtful[holder] = None


def position_of(holder: Holder, book: MarketBook, side: int) -> Holding | None:
    """Its position on a side of a market, with or without contracts."""
    return next((h for h in holder.holdings if h.book is book and h.side == side), None)


# --- money --------------------------------------------------------------------------------------------------


def move_money(state: State, one: Money) -> Iterator[Event]:
    """A deposit goes to the balance. A withdrawal of more than may be withdrawn is refused whole."""
    holder = state.ledger.holder_of(one.account)
    yield from settle_cross(state, holder)
    if one.amount < 0 and -one.amount > (allowed := withdrawable(holder)).result:
        yield Refused(state.step, holder.id, "withdraw", -one.amount, allowed.result, how=(allowed,))
        return
    state.ledger.come_in(holder, one.amount)
    look_again(state, holder)
    yield MoneyMoved(state.step, holder.id, one.amount, holder.balance)


def move_margin(state: State, one: Margin) -> Iterator[Event]:
    """Into an isolated position as far as the balance may be withdrawn; out of it as far as its equity is
    more than its initial margin, and never more than its margin."""
    holder, book = state.ledger.holder_of(one.account), state.ledger.markets[one.market]
    holding = position_of(holder, book, one.side)
    yield from settle_cross(state, holder)
    allowed = as_it_is("margin", "nothing is held there", ZERO)
    if holding is not None and holding.collateral is not None and holding.size:
        yield from state.settle_funding(holding)
        if one.amount > 0:
            allowed = withdrawable(holder)
        else:
            equity, needed = holding.unit.margin()[0], initial_margin(holding)
            formula = "max(min([collateral], [equity] - [initial margin]), [0])"
            parts = (holding.collateral, equity, needed, ZERO)
            allowed = Worked("margin", max(min(parts[0], equity - needed), ZERO), formula, parts)
    if holding is None or abs(one.amount) > allowed.result:
        yield Refused(
            state.step, holder.id, "margin", one.amount, allowed.result, book.name, one.side, (allowed,)
        )
        return
    state.ledger.move_margin(holding, one.amount)
    state.note_change(holding)
    look_again(state, holder)
    assert holding.collateral is not None
    told = (one.amount, holding.collateral, holder.balance)
    yield MarginMoved(state.step, holder.id, book.name, one.side, *told)


def feed_fund(state: State, one: FundMoney) -> Iterator[Event]:
    """Money from outside into a fund."""
    fund = state.ledger.funds[one.fund]
    currency = next(book.settles for book in state.ledger.markets.values() if book.fund is fund)
    yield from state.ledger.come_into_fund(fund, currency, one.amount)


# --- trades -------------------------------------------------------------------------------------------------


def trade(state: State, one: Trade) -> Iterator[Event]:
    """Against the rest of the market: first what the account holds on the other side is closed, then its own
    side is opened.

    Nothing is closed where it would leave the position (isolated) or the account (cross) below zero; nothing
    is opened without its initial margin. Each of the two is done whole, or refused."""
    holder, book = state.ledger.holder_of(one.account), state.ledger.markets[one.market]
    price = book.mark if one.price is None else one.price
    closed = opened = pnl = margin_held = ZERO
    how: tuple[Worked, ...] = ()
    yield from settle_cross(state, holder)
    other, own = (position_of(holder, book, side) for side in (-one.side, one.side))
    if other is not None and other.size:
        yield from state.settle_funding(other)
        size = min(one.size, other.size)
        proceeds = book.value(other.side * size, price)
        left = other.unit.margin()[0] + proceeds - book.value(other.side * size, book.mark)
        if left < 0:
            yield Refused(state.step, holder.id, "trade", -left, ZERO, book.name, one.side)
            return
        pnl, closed = state.ledger.reduce_in_book(other, size, proceeds), size
        state.note_change(other)
    size = one.size - closed
    if size and own is not None:
        yield from state.settle_funding(own)
        needed, allowed = to_open(holder, own, one, size, price)
        if needed.result > allowed.result:
            how = (needed, allowed)
            yield Refused(
                state.step, holder.id, "trade", needed.result, allowed.result, book.name, one.side, how
            )
            size = ZERO
        else:
            margin_held = needed.result if own.collateral is not None else ZERO
            cost = book.value(own.side * size, price)
            state.ledger.open_from_rest(own, size, cost, margin_held)
            opened, how = size, (needed,)
            state.note_change(own)
            state.changed[own.unit] = None
    look_again(state, holder)
    if closed or opened:
        told = (closed + opened, price, closed, opened, pnl, margin_held, how)
        yield Traded(state.step, holder.id, book.name, one.side, *told)


def to_open(holder: Holder, own: Holding, one: Trade, size: Decimal, price: Decimal) -> tuple[Worked, Worked]:
    """The margin that opening `size` needs, and what there is for it.

    Isolated: entry value / leverage (of the trade, else the position's) out of what may be withdrawn. Cross:
    the same, and what the fill is worse than the mark. A trade that names no leverage where the position has
    none needs its whole value."""
    book, allowed = own.book, withdrawable(holder)
    cost = book.value(own.side * size, price)
    leverage = one.leverage or own.leverage
    needed, formula = abs(cost), "[entry value]"
    parts: tuple[Decimal, ...] = (needed,)
    if leverage:
        needed = initial_collateral(cost, leverage, book.unit)
        formula, parts = "[entry value] / [leverage]", (abs(cost), leverage)
    if own.collateral is None:
        worse = cost - book.value(own.side * size, book.mark)
        needed, formula, parts = needed + worse, formula + " + [worse than the mark]", (*parts, worse)
    return Worked("margin needed", needed, formula, parts, book.unit if leverage else None), allowed


# --- a market ends, or stands still -------------------------------------------------------------------------


def settle_market(state: State, one: Settlement) -> Iterator[Event]:
    """Everybody in the market is closed at one price, what the venue holds included.

    Whoever is below zero there (and holds nothing elsewhere) is taken over at the bankruptcy price first, so
    that the venue holds his loss; the fund pays what it has, and the last resort shares out the rest while
    the winners' positions are still open. OKEx 2018: the clawback came before the settlement paid."""
    book = state.ledger.markets[one.market]
    sides = {side: sum((h.size for h in book.holdings[side]), ZERO) for side in (1, -1)}
    state.ledger.settle_at(book, one.price)
    yield Settled(state.step, book.name, one.price, sides[1], sides[-1])
    for unit in dict.fromkeys(holding.unit for holding in everybody(book)):
        equity, maintenance = unit.margin()
        if equity < 0 and all(h.book is book for h in unit.open_holdings()):
            yield from take_over(state, Due(unit, equity, maintenance))
    for claim in state.ledger.open_claims():
        if claim.book is book:
            size, proceeds = claim.size, claim.proceeds(claim.size, one.price)
            result = state.ledger.fill_in_book(claim, size, proceeds)
            number, how = state.ledger.number_of(claim), as_it_is("price", "settlement price", one.price)
            yield BookFilled(
                state.step, number, book.name, claim.side, size, one.price, result, (how,), proceeds
            )
            yield from settle(state, claim, result, proceeds)
    yield from share_losses(state)
    for holding in everybody(book):
        yield from close_at_settlement(state, holding)
    state.ledger.settle_backstops(book)


def close_at_settlement(state: State, holding: Holding) -> Iterator[Event]:
    """A position at the mark, which is the settlement price."""
    yield from state.settle_funding(holding)
    size, book = holding.size, holding.book
    pnl = state.ledger.reduce_in_book(holding, size, holding.value())
    state.note_change(holding)
    state.doubt((holding.unit,))
    told = (holding.side, size, book.mark, pnl)
    yield PositionSettled(state.step, holding.holder.id, book.name, *told)


def halt(state: State, one: Halt) -> Iterator[Event]:
    """From here on nothing in the market is liquidated, or it is again."""
    if one.on != (one.market in state.halted):
        (state.halted.add if one.on else state.halted.discard)(one.market)
        yield Halted(state.step, one.market, one.on)


WORKED_BY: dict[type, Callable[[State, Any], Iterator[Event]]] = {
    Money: move_money,
    Margin: move_margin,
    FundMoney: feed_fund,
    Trade: trade,
    Settlement: settle_market,
    Halt: halt,
}
