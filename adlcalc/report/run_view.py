"""The events of a run folded into rows: one row per liquidated position, per step and fund, per step.

Rows hold the engine's exact numbers; how they are written is decided elsewhere.

Public: LiquidationRow, FundRow, FundStop, BadDebtRow, StepRow, Audit, LiquidationRows, fund_rows,
fund_stops, bad_debt_rows, step_rows, audit, funding_by_account.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple, overload

from adlcalc.engine.events import (
    BackstopTook,
    BadDebt,
    BookFilled,
    Deleveraged,
    Event,
    FundingSettled,
    FundPaid,
    FundReceived,
    FundResumed,
    FundStopped,
    Held,
    Liquidated,
    MarginTaken,
    MarkMoved,
    MarkPushed,
    Owed,
    Started,
    StepEnded,
)
from adlcalc.engine.model import SMALLEST, Market, Scenario
from adlcalc.ground.numbers import ZERO, decimal_of, exact, round_to
from adlcalc.report.human import clean, digits


class LiquidationRow(NamedTuple):
    """A position that the venue closed, and what became of it over this step and the later ones.

    book_size, backstop_size, deleveraged_size and held_size (still held by the venue at the end) are parts of
    size. book_price is the average that gives the fills' value, None where the book took nothing. surplus and
    shortfall are the money by which fills were better and worse than the bankruptcy price; a fill at it
    counts to neither. Of a unit that was taken over at the mark they are its margin then, and fills against
    the mark."""

    step: int
    account: str
    market: str
    side: int
    size: Decimal
    entry_price: Decimal
    mark_price: Decimal
    bankruptcy_price: Decimal | None
    book_size: Decimal
    book_price: Decimal | None
    backstop_size: Decimal
    deleveraged_size: Decimal
    surplus: Decimal
    shortfall: Decimal
    claim: int
    margin: str
    method: str
    equity: Decimal
    maintenance: Decimal
    held_size: Decimal
    told: Liquidated

    @property
    def liquidation_price(self) -> Decimal | None:
        """Worked out for those that are shown."""
        return self.told.liquidation_price


class FundRow(NamedTuple):
    """One fund over one step: closing = opening + received - paid."""

    step: int
    fund: str
    opening: Decimal
    received: Decimal
    paid: Decimal
    closing: Decimal

    @property
    def moved(self) -> bool:
        """True where money came in or went out, even if it comes to the same balance."""
        return bool(self.received or self.paid)


class FundStop(NamedTuple):
    """A fund stopped paying, or pays again (kind: 'stopped', 'resumed'). left: what it might still pay;
    market: the contract whose own pnl fell, for which it stops; None: the fund's worth fell."""

    step: int
    fund: str
    kind: str
    balance: Decimal
    peak: Decimal
    fall: Decimal
    limit: Decimal
    window: int | None
    left: Decimal | None
    market: str | None


class BadDebtRow(NamedTuple):
    """Money that nobody covered, and whose claim left it. why: 'closed' at a loss, 'held' at a loss at the
    last mark, or 'owed' by an account that was not closed and stands below zero (claim 0)."""

    step: int
    claim: int
    account: str
    market: str
    amount: Decimal
    why: str


class StepRow(NamedTuple):
    """One step at a glance: marks by market and closing balances by fund, who was liquidated and deleveraged,
    and the audit."""

    step: int
    time: str | None
    marks: dict[str, Decimal]
    funds: dict[str, Decimal]
    liquidated: tuple[str, ...]
    deleveraged: tuple[str, ...]
    money_difference: Decimal
    open_interest_difference: Decimal
    bad_debt: Decimal
    bad_debts: dict[str, Decimal]


class Audit(NamedTuple):
    """The audit after the last step. rest: the signed size of the rest of the market, where longs and shorts
    do not balance.
    bad_debts: by currency, all of them; bad_debt is their sum, a number of money where there is one
    currency."""

    money_difference: Decimal
    open_interest_difference: Decimal
    bad_debt: Decimal
    rest: dict[str, Decimal]
    bad_debts: dict[str, Decimal]

    @property
    def told(self) -> str:
        """The bad debt in words: '12.5'; '12.5 USDT and 0.1 BTC' where there are several currencies."""
        if len(self.bad_debts) < 2:
            return digits(self.bad_debt)
        return " and ".join(f"{digits(x)} {clean(name)}" for name, x in self.bad_debts.items() if x) or "0"


Fill = BookFilled | BackstopTook | Deleveraged
FILLS = BookFilled, BackstopTook, Deleveraged
OF_FUNDS = Started, FundReceived, FundPaid, StepEnded
"""What `fund_rows` is made of, in their order."""
OF_STEPS = MarkMoved, MarkPushed, Liquidated, Deleveraged, StepEnded
"""What `step_rows` is made of, in their order."""
LOSSES = BadDebt, Held, Owed
"""What a row of `bad_debt_rows` tells."""


class LiquidationRows(Sequence[LiquidationRow]):
    """One row per claim, in the order in which the claims were opened. A row is made when it is asked for: of
    a large run a page shows a few."""

    def __init__(
        self,
        scenario: Scenario,
        closed: Sequence[Liquidated],
        fills: Iterable[Fill],
        margins: Iterable[MarginTaken],
        held: Mapping[int, Held],
    ) -> None:
        self._closed, self._held = closed, held
        self._markets = {market.name: market for market in scenario.markets}
        self._margins = {event.claim: event.amount for event in margins}
        self._fills: dict[int, list[Fill]] = {}
        for event in fills:
            self._fills.setdefault(event.claim, []).append(event)

    def __len__(self) -> int:
        return len(self._closed)

    @overload
    def __getitem__(self, at: int) -> LiquidationRow: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[LiquidationRow, ...]: ...
    def __getitem__(self, at: int | slice) -> LiquidationRow | tuple[LiquidationRow, ...]:
        with exact():
            if isinstance(at, slice):
                return tuple(map(self._row, self._closed[at]))
            return self._row(self._closed[at])

    def __iter__(self) -> Iterator[LiquidationRow]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        return repr(self[:])

    def _row(self, event: Liquidated) -> LiquidationRow:
        fills, held = self._fills.get(event.claim, ()), self._held.get(event.claim)
        margin, market = self._margins.get(event.claim, ZERO), self._markets[event.market]
        return _liquidation_row(event, fills, ZERO if held is None else held.size, market, margin)


def _liquidation_row(
    event: Liquidated, fills: Sequence[Fill], held: Decimal, market: Market, margin: Decimal
) -> LiquidationRow:
    in_book: list[BookFilled] = []
    book = backstop = deleveraged = ZERO
    surplus, shortfall = max(margin, ZERO), min(margin, ZERO)
    for fill in fills:
        if isinstance(fill, BookFilled):
            in_book.append(fill)
            book += fill.size
        elif isinstance(fill, BackstopTook):
            backstop += fill.size
        else:
            deleveraged += fill.size
        if fill.result > 0:
            surplus += fill.result
        else:
            shortfall += fill.result
    return LiquidationRow(
        event.step, event.account, event.market, event.side, event.size, event.entry_price, event.mark_price,
        event.bankruptcy_price, book, _average_price(in_book, market), backstop,
        deleveraged, surplus, -shortfall, event.claim, event.margin, event.method, event.equity,
        event.maintenance, held, event,
    )  # fmt: skip


def _average_price(fills: list[BookFilled], market: Market) -> Decimal | None:
    """The one price at which all the fills together have their value: by size for a linear contract, harmonic
    for an inverse one.

    A single price stays as it is; an average is rounded half even to 0.00000001 (or the tick, where that is
    finer)."""
    if len(fills) < 2 or len({fill.price for fill in fills}) < 2:
        return fills[0].price if fills else None
    size = sum((Fraction(fill.size) for fill in fills), Fraction())
    if market.contract.kind == "inverse":
        average = size / sum((Fraction(fill.size) / Fraction(fill.price) for fill in fills), Fraction())
    else:
        average = sum((Fraction(fill.size) * Fraction(fill.price) for fill in fills), Fraction()) / size
    return round_to(decimal_of(average), min(market.tick, SMALLEST))


def fund_rows(events: Sequence[Event]) -> tuple[FundRow, ...]:
    """Every fund at every step, in the funds' order; openings are the closings of the step before."""
    rows: list[FundRow] = []
    balances: dict[str, Decimal] = {}
    received: dict[str, Decimal] = {}
    paid: dict[str, Decimal] = {}
    with exact():
        for event in events:
            if isinstance(event, FundReceived):
                received[event.fund] = received.get(event.fund, ZERO) + event.amount
            elif isinstance(event, Started):
                balances = dict(event.funds)
            elif isinstance(event, FundPaid):
                paid[event.fund] = paid.get(event.fund, ZERO) + event.amount
            elif isinstance(event, StepEnded):
                rows.extend(
                    FundRow(
                        event.step,
                        name,
                        balances.get(name, ZERO),
                        received.get(name, ZERO),
                        paid.get(name, ZERO),
                        closing,
                    )
                    for name, closing in event.funds
                )
                balances, received, paid = dict(event.funds), {}, {}
    return tuple(rows)


def fund_stops(events: Sequence[Event]) -> tuple[FundStop, ...]:
    """Each time that a fund stopped paying or paid again."""
    rows = []
    for e in events:
        if isinstance(e, FundStopped):
            fell = (e.balance, e.peak, e.fall, e.limit, e.window)
            rows.append(FundStop(e.step, e.fund, "stopped", *fell, e.left, e.market or None))
        elif isinstance(e, FundResumed):
            fell = (e.balance, e.peak, e.fall, e.limit, e.window)
            rows.append(FundStop(e.step, e.fund, "resumed", *fell, None, e.market or None))
    return tuple(rows)


def bad_debt_rows(events: Sequence[Event]) -> tuple[BadDebtRow, ...]:
    """What was closed at a loss that nobody covered, what the venue still holds at a loss, and what accounts
    owe that were not closed; together the audit's bad debt."""
    last = last_step(events)
    accounts = {event.claim: event.account for event in events if isinstance(event, Liquidated)}
    closed = [
        BadDebtRow(
            event.step, event.claim, accounts.get(event.claim, "-"), event.market, event.amount, "closed"
        )
        for event in events
        if isinstance(event, BadDebt)
    ]
    held = [
        BadDebtRow(
            event.step,
            event.claim,
            accounts.get(event.claim, "-"),
            event.market,
            event.uncovered,
            "held",
        )
        for event in events
        if isinstance(event, Held) and event.step == last and event.uncovered > 0
    ]
    owed = [
        BadDebtRow(event.step, 0, event.account, event.market, event.amount, "owed")
        for event in events
        if isinstance(event, Owed) and event.step == last
    ]
    return (*closed, *held, *owed)


def step_rows(events: Sequence[Event]) -> tuple[StepRow, ...]:
    """Every step of the path with its audit; a market whose mark was not told again keeps its last one, and
    one whose mark fills have moved has what that came to."""
    rows: list[StepRow] = []
    marks: dict[str, Decimal] = {}
    time: str | None = None
    liquidated: dict[str, None] = {}
    deleveraged: dict[str, None] = {}
    for event in events:
        if isinstance(event, MarkMoved):
            marks[event.market] = event.mark
            time = event.time
        elif isinstance(event, MarkPushed) and not event.recovering:
            marks[event.market] = event.after
        elif isinstance(event, Liquidated):
            liquidated[event.account] = None
        elif isinstance(event, Deleveraged):
            deleveraged[event.account] = None
        elif isinstance(event, StepEnded):
            rows.append(
                StepRow(
                    event.step,
                    time,
                    dict(marks),
                    dict(event.funds),
                    tuple(liquidated),
                    tuple(deleveraged),
                    event.money_difference,
                    event.open_interest_difference,
                    event.bad_debt,
                    dict(event.bad_debts),
                )
            )
            liquidated, deleveraged = {}, {}
    return tuple(rows)


def audit(events: Sequence[Event]) -> Audit:
    """Both differences and the bad debt after the last step, and the rest of the market as it began."""
    rest: dict[str, Decimal] = {}
    last: StepEnded | None = None
    for event in events:
        if isinstance(event, Started):
            rest = {market: size for market, size in event.rest if size}
        elif isinstance(event, StepEnded):
            last = event
    if last is None:
        return Audit(ZERO, ZERO, ZERO, rest, {})
    return Audit(
        last.money_difference, last.open_interest_difference, last.bad_debt, rest, dict(last.bad_debts)
    )


def funding_by_account(events: Iterable[Event]) -> dict[str, Decimal]:
    """What each account has paid (negative) or received as funding over the whole run."""
    totals: dict[str, Decimal] = {}
    with exact():
        for event in events:
            if isinstance(event, FundingSettled):
                totals[event.account] = totals.get(event.account, ZERO) + event.amount
    return totals


def last_step(events: Sequence[Event]) -> int:
    """The number of the last step that was worked."""
    return next((event.step for event in reversed(events) if isinstance(event, StepEnded)), 0)
