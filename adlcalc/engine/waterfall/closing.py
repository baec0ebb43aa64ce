"""The end of a run: funding is settled for everybody, and every account is told as it stands.

Public: settle_everybody, FinalAccounts.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from adlcalc.engine.books.holdings import Holder, MarketBook
from adlcalc.engine.books.ledger import REST
from adlcalc.engine.events import AccountState, Event, PositionState
from adlcalc.engine.formulas import margin
from adlcalc.engine.waterfall.state import State
from adlcalc.ground.numbers import ZERO, exact, round_to

VENUE = "venue"


def settle_everybody(state: State) -> Iterator[Event]:
    """Settle all pending funding; what the roundings took goes to the fund."""
    for holder in by_name(state.ledger.holders):
        state.doubtful[holder] = None  # settlements are rounded against the account: one of nothing may end below it
        for holding in holder.holdings:
            if holding.size:
                yield from state.ledger.settle_funding(holding)
    for book in state.ledger.markets.values():
        yield from state.ledger.funding_dust_to_fund(book)


def by_name(holders: list[Holder]) -> list[Holder]:
    return sorted(holders, key=lambda holder: holder.id)


class FinalAccounts:
    """Every account at the end, by name, then backstops, the rest of the market and the venue where they hold anything.

    By name, so that the same book gives the same output in whatever order its accounts are written.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def __iter__(self) -> Iterator[AccountState]:
        ledger = self._state.ledger
        values = dict.fromkeys(ledger.markets.values(), ZERO)  # of everybody but the rest of the market
        for holder in by_name(ledger.holders):
            with exact():
                row = account_state(holder)
                for holding in holder.holdings:
                    if holding.size:
                        values[holding.book] += holding.value()
            yield row
        with exact():
            rows = list(self._others(values))
        yield from rows

    def _others(self, values: dict[MarketBook, Decimal]) -> Iterator[AccountState]:
        ledger = self._state.ledger
        worth = dict(values)
        held: dict[str, list[PositionState]] = {currency: [] for currency in ledger.currencies}
        gain = dict.fromkeys(ledger.currencies, ZERO)
        for claim in ledger.open_claims():
            value = claim.book.value(claim.side * claim.size, claim.book.mark)
            worth[claim.book] += value
            gain[claim.book.settles] += max(value - claim.cost, ZERO)
            entry = claim.price if claim.price is not None else ZERO
            held[claim.book.settles].append(
                PositionState(
                    claim.book.name, claim.side, claim.size, entry, claim.cost, None, claim.book.mark, value - claim.cost
                )
            )
        takers = []
        for backstop in ledger.backstops.values():
            own, stock = backstop.cash, []
            for book, (size, cost) in backstop.positions.items():
                value = book.value(size, book.mark)
                worth[book] += value
                own += value - cost
                if size:
                    entry = round_to(margin.price_of_value(book.contract, size, cost) or ZERO, book.tick)
                    stock.append(
                        PositionState(book.name, 1 if size > 0 else -1, abs(size), entry, cost, None, book.mark, value - cost)
                    )
            if backstop.taken:
                takers.append(AccountState(backstop.id, "backstop", False, ZERO, own, backstop.cash, tuple(stock)))
        for currency in ledger.currencies:
            yield from self._rest(currency, worth)
        yield from takers
        for debt in self._state.owed:  # a claim on each account that stands below zero
            gain[ledger.markets[debt.market].settles] += debt.amount
        owing = {ledger.markets[debt.market].settles for debt in self._state.owed}
        for currency in ledger.currencies:
            if held[currency] or currency in owing:
                name = ledger.named(VENUE, currency)
                yield AccountState(name, "open", False, ZERO, gain[currency], ZERO, tuple(held[currency]))

    def _rest(self, currency: str, worth: dict[MarketBook, Decimal]) -> Iterator[AccountState]:
        """The rest of the market, as far as it settles in a currency."""
        books = [book for book in self._state.ledger.markets.values() if book.settles == currency]
        equity, positions = ZERO, []
        for book in books:
            # the rest's value is what balances everybody else's, so rounded inverse values add up to zero too
            value = -worth[book]
            equity += book.rest_cash + value - book.rest_cost
            if book.rest_size:
                side = 1 if book.rest_size > 0 else -1
                entry = round_to(margin.price_of_value(book.contract, book.rest_size, book.rest_cost) or ZERO, book.tick)
                positions.append(
                    PositionState(
                        book.name, side, abs(book.rest_size), entry, book.rest_cost, None, book.mark, value - book.rest_cost
                    )
                )
        if positions or equity:
            cash = sum((book.rest_cash for book in books), ZERO)
            yield AccountState(self._state.ledger.named(REST, currency), "open", False, ZERO, equity, cash, tuple(positions))


def account_state(holder: Holder) -> AccountState:
    """One account as it stands."""
    positions = tuple(
        PositionState(
            h.book.name, h.side, h.size, h.entry, h.cost, h.collateral, h.book.mark, h.pnl(), h.pending_funding()
        )
        for h in holder.holdings
        if h.size
    )
    status = "liquidated" if holder.liquidated else ("open" if positions else "closed")
    return AccountState(holder.id, status, holder.deleveraged, holder.equity_start, holder.equity(), holder.balance, positions)
