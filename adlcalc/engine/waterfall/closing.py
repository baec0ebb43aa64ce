"""The end of a run: funding is settled for everybody, and every account is told as it stands.

Public: VENUE, settle_everybody, accounts_at_end, account_state, backstops_at_end, venue_at_end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import islice
from operator import attrgetter

from adlcalc.engine.books.holdings import Holder, MarketBook
from adlcalc.engine.books.ledger import OUTSIDE, REST, REVENUE, Ledger
from adlcalc.engine.events import AccountEnded, AccountState, Event, Owed, PositionState
from adlcalc.engine.formulas import margin
from adlcalc.engine.quiet import QuietAccounts
from adlcalc.engine.waterfall.state import State
from adlcalc.ground.numbers import ZERO, exact, round_to
from adlcalc.ground.objects import record

VENUE = "venue"
AT_ONCE = 1_000
"""So many accounts are worked out under one exact context, which must be closed while the caller has
control."""

Worth = dict[MarketBook, Decimal]
"""Per market the value at the mark of what has been told so far."""


def settle_everybody(state: State) -> Iterator[Event]:
    """Settle all pending funding; what the roundings took goes to the fund."""
    yield from state.ledger.settle_everybody()
    # settlements are rounded against the account: one of nothing may end below it
    settled = (one for one in state.ledger.roster.made.values() if any(h.size for h in one.holdings))
    state.doubtful.update(dict.fromkeys(settled))
    for book in state.ledger.markets.values():
        yield from state.ledger.funding_dust_to_fund(book)


def by_name(ledger: Ledger) -> Iterator[Holder]:
    """So that the same book gives the same output in whatever order its accounts are written."""
    return ledger.roster.by_name()


def quiet_accounts(ledger: Ledger) -> QuietAccounts | None:
    """Those that nothing has happened to, told together; None where everybody is told for himself."""
    roster, columns = ledger.roster, ledger.roster.columns
    if columns is None:
        return None
    book = ledger.markets[columns.market]
    if book.funding or not columns.is_exact(book.contract, book.unit, (book.mark,)):
        return None
    touched = tuple(sorted(roster.made))
    return QuietAccounts(ledger.step, columns, touched, book.market, book.first, book.mark, book.unit)


def accounts_at_end(
    ledger: Ledger, owed: Sequence[Owed], quiet: QuietAccounts | None = None
) -> Iterator[AccountEnded]:
    """Every account by name (but for the quiet ones, where they are told together), then the rest of the
    market, backstops, the venue and the money outside, where there is anything of them."""
    worth = dict.fromkeys(ledger.markets.values(), ZERO)
    holders = by_name(ledger)
    if quiet is not None:
        holders = iter(sorted(ledger.roster.made.values(), key=attrgetter("id")))
        with exact():
            worth[ledger.markets[quiet.market.name]] += quiet.worth()
    while True:
        with exact():
            rows = [
                record(AccountEnded, (ledger.step, account_state(holder, worth)))
                for holder in islice(holders, AT_ONCE)
            ]
        if not rows:
            break
        yield from rows
    with exact():
        backstops = list(backstops_at_end(ledger, worth))
        venue = list(venue_at_end(ledger, owed, worth))
        rest = list(rest_at_end(ledger, worth))  # last: its value is what balances everybody else's
        outside = list(outside_at_end(ledger))
    yield from (AccountEnded(ledger.step, one) for one in (*rest, *backstops, *venue, *outside))


def account_state(holder: Holder, worth: Worth) -> AccountState:
    """One account as it stands."""
    positions = []
    for h in holder.holdings:
        if h.size:
            value = h.value()
            worth[h.book] += value
            positions.append(record(PositionState, (
                h.book.name, h.side, h.size, h.entry, h.cost, h.collateral, h.book.mark, value - h.cost,
                h.pending_funding(),
            )))  # fmt: skip
    status = "liquidated" if holder.liquidated else ("open" if positions else "closed")
    return record(AccountState, (
        holder.id, status, holder.deleveraged, holder.equity_start, holder.equity(), holder.balance,
        tuple(positions)
    ))  # fmt: skip


def backstops_at_end(ledger: Ledger, worth: Worth) -> Iterator[AccountState]:
    """The providers, bidders and vaults that have taken something over, and vaults with money of their
    own."""
    for backstop in ledger.backstops.values():
        equity, positions = backstop.cash, []
        for book, (size, cost) in backstop.positions.items():
            value = book.value(size, book.mark)
            worth[book] += value
            equity += value - cost
            if size:
                positions.append(position_at_end(book, size, cost, value))
        if backstop.taken or backstop.capital:
            yield someone(backstop.id, "backstop", equity, backstop.cash, positions, backstop.capital)


def venue_at_end(ledger: Ledger, owed: Sequence[Owed], worth: Worth) -> Iterator[AccountState]:
    """What the venue still holds, and its claims on accounts that stand below zero; per currency. Losses
    that nobody covers are bad debt, so only gains are its equity, and the losses that the fund covers."""
    held: dict[str, list[PositionState]] = {currency: [] for currency in ledger.currencies}
    gain = dict.fromkeys(ledger.currencies, ZERO)
    uncovered = ledger.uncovered()
    for claim in ledger.open_claims():
        book, pnl, lacking = claim.book, claim.pnl(), uncovered.get(claim, ZERO)
        value = book.value(claim.side * claim.size, book.mark)
        worth[book] += value
        gain[book.settles] += pnl + lacking
        entry = claim.price if claim.price is not None else ZERO
        held[book.settles].append(
            PositionState(
                book.name, claim.side, claim.size, entry, claim.cost, None, book.mark, value - claim.cost
            )
        )
    owing = set()
    for debt in owed:
        currency = ledger.markets[debt.market].settles
        gain[currency] += debt.amount
        owing.add(currency)
    for currency in ledger.currencies:
        if held[currency] or currency in owing:
            yield someone(ledger.named(VENUE, currency), "open", gain[currency], ZERO, held[currency])


def rest_at_end(ledger: Ledger, worth: Worth) -> Iterator[AccountState]:
    """The rest of the market, per currency. Its value is that of everybody else turned round, so that rounded
    inverse values add up to zero too."""
    for currency in ledger.currencies:
        equity = cash = ZERO
        positions = []
        for book in ledger.markets.values():
            if book.settles == currency:
                equity += book.rest_cash - worth[book] - book.rest_cost
                cash += book.rest_cash
                if book.rest_size:
                    positions.append(position_at_end(book, book.rest_size, book.rest_cost, -worth[book]))
        if positions or equity:
            yield someone(ledger.named(REST, currency), "open", equity, cash, positions)


def outside_at_end(ledger: Ledger) -> Iterator[AccountState]:
    """What has come in from outside (below zero) and gone out there, and the venue's fees, per currency,
    where there are any."""
    for name, moved in ((OUTSIDE, ledger.outside), (REVENUE, ledger.revenue)):
        for currency, money in moved.items():
            yield someone(ledger.named(name, currency), "open", money, money, [])


def position_at_end(book: MarketBook, signed_size: Decimal, cost: Decimal, value: Decimal) -> PositionState:
    """A position that is known by its size and cost; its entry price is worked out from them."""
    entry = round_to(margin.price_of_value(book.contract, signed_size, cost) or ZERO, book.tick)
    side = 1 if signed_size > 0 else -1
    return PositionState(book.name, side, abs(signed_size), entry, cost, None, book.mark, value - cost)


def someone(
    name: str,
    status: str,
    equity: Decimal,
    balance: Decimal,
    positions: list[PositionState],
    began_with: Decimal = ZERO,
) -> AccountState:
    """Somebody who is no account of the scenario, and begins with nothing but money of his own."""
    return AccountState(
        account=name,
        status=status,
        deleveraged=False,
        equity_start=began_with,
        equity_end=equity,
        balance=balance,
        positions=tuple(positions),
    )
