"""What closed positions lacked beyond their own margin, and who bore it, by the money that was posted.

    fund       what it paid, but for dust that it had of the margin of the same account
    backstop   what it paid for a takeover more than the mark of the moment, as far as that was lacking
    winners    the same of ADL fills
    shared     socialized losses, but for what rounding took too much and the fund received
    nobody     bad debt of what was closed

What was lacking is their sum. A fill brings p where its part is worth m at the mark and costs c at the
bankruptcy price: of c - min(p, m), which is lacking, whoever took it has paid min(p, c) - m. The rest, c - p,
is not looked at: prices are rounded to the tick, and what was paid for it fund, last resort and bad debt tell
to the unit. So is an account that is closed in its own name: it lacks no more than its equity is below zero,
whatever a price at a tick would make of it. What a rounded bankruptcy price leaves of the margin of who is taken
over (dust) is the fund's, and still that margin: what others then pay for the account is so much less than it
was lacking. What is still held or owed is not closed, and the end of a run tells it (Held, Owed).

Public: Borne, Losses, KINDS, TAKEN_OVER, worth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

from adlcalc.engine.events import (
    BackstopTook,
    BadDebt,
    BookFilled,
    Deleveraged,
    Event,
    FundPaid,
    FundReceived,
    Liquidated,
    LossSocialized,
    MarginTaken,
    MarkMoved,
    MarkPushed,
    Settled,
)
from adlcalc.engine.formulas import margin
from adlcalc.engine.model import Scenario
from adlcalc.ground.numbers import CEILING, ZERO, rounder

TAKEN_OVER = ("takeover", "network", "backstop")
"""The methods of a liquidation by which an account's position is another's before it is closed."""


@dataclass(slots=True)
class Borne:
    """By the account whose positions they were, lost: what they lost in all, from their entry prices;
    lacking: what of that was lacking. Then who bore the latter. dust: what the fund paid out of the dust of the
    same accounts' margin, which was not lacking."""

    lost: dict[str, Decimal] = field(default_factory=dict)
    lacking: dict[str, Decimal] = field(default_factory=dict)
    fund: Decimal = ZERO
    dust: Decimal = ZERO
    backstop: Decimal = ZERO
    winners: Decimal = ZERO
    shared: Decimal = ZERO
    nobody: Decimal = ZERO

    @property
    def whole(self) -> Decimal:
        """All that was lacking, and that somebody or nobody bore."""
        return self.fund + self.backstop + self.winners + self.shared + self.nobody

    def add(self, more: Borne) -> None:
        """What was borne later, too."""
        self.fund, self.dust = self.fund + more.fund, self.dust + more.dust
        self.backstop += more.backstop
        self.winners, self.shared = self.winners + more.winners, self.shared + more.shared
        self.nobody += more.nobody
        for account, amount in more.lacking.items():
            self.lacks(account, amount)
        for account, amount in more.lost.items():
            _add(self.lost, account, amount)

    def lacks(self, account: str, amount: Decimal) -> None:
        """So much of it is this account's."""
        _add(self.lacking, account, amount)

    def shared_less(self, amount: Decimal) -> None:
        """So much of what was socialized was more than what was lacking."""
        self.shared -= amount

    def winners_less(self, account: str, part: Decimal, amount: Decimal) -> None:
        """The same of what winners paid for an account: at most their part of it."""
        self.winners -= min(amount, part)
        self.lacks(account, -min(amount, part))


class Losses:
    """Goes through the events of a run, step by step, in the exact context. currency: only what is in it."""

    def __init__(self, scenario: Scenario, currency: str | None = None) -> None:
        markets = [one for one in scenario.markets if currency in (None, one.settles)]
        self._value = {one.name: margin.valuer(one.contract, scenario.money_unit) for one in markets}
        self._up = rounder(scenario.money_unit, CEILING)
        behind = {fund.name: fund.behind for fund in scenario.funds}
        self._funds: set[str] = set()
        for one in markets:
            fund: str | None = one.fund
            while fund is not None:  # and the layers behind it
                self._funds.add(fund)
                fund = behind.get(fund)
        self.claims: dict[int, Liquidated] = {}
        self._marks: dict[str, Decimal] = {}
        self._owing: dict[int, Decimal] = {}  # how far below zero who is closed in his own name stands
        self._dust_of: dict[str, Decimal] = {}  # by account: of its margin, and covers no loss yet
        self._begin()

    def _begin(self) -> None:
        """A new step."""
        self._found = Borne()
        self._posted: dict[str, Decimal] = {}  # by account: what the fund paid and nobody paid
        # by account: how much worse than at its bankruptcy price it closed
        self._short: dict[str, Decimal] = {}
        self._own: dict[str, int] = {}  # by account: its newest claim in its own name
        self._dust: Callable[[Decimal], None] | None = None  # whose the dust is, should the fund receive any

    def of_step(self, events: Iterable[Event]) -> Borne:
        """What the events of one step come to."""
        for event in events:
            HEARD[type(event)](self, event)
        found = self._found
        for account, amount in self._posted.items():
            found.lacks(account, amount)
        if found.shared:
            self._share(found)
        self._begin()
        return found

    def _share(self, found: Borne) -> None:
        """Whose the losses were that have been shared out: they are told of all claims together. An account's
        that is closed in its own name is how far it stood below zero, else what its fills lacked, and nothing
        was posted for; the last one has what rounding moved."""
        left, last = found.shared, ""
        for account in {**self._short, **self._own}:
            lacks = self._short.get(account, ZERO) - self._posted.get(account, ZERO)
            if account in self._own:
                lacks = self._owing[self._own[account]]
            own = min(max(lacks, ZERO), left)
            left, last = left - own, account
            found.lacks(account, own)
        found.lacks(last, left)

    def _whose(self, claim: int) -> str:
        told = self.claims.get(claim)
        return told.account if told else ""

    def _brings(self, claim: int, amount: Decimal) -> None:
        """Who is closed in his own name has got so much more (or less) than the mark was worth to him."""
        if claim in self._owing:
            self._owing[claim] -= amount

    def _less_dust(self, account: str, amount: Decimal) -> Decimal:
        """What others have paid for an account, but for what its own margin had paid them."""
        own = min(self._dust_of.get(account, ZERO), amount)
        if own:
            _add(self._dust_of, account, -own)
            _add(self._found.lost, account, -own)
        return amount - own

    # --- the events -----------------------------------------------------------------------------------------

    def mark_moved(self, event: MarkMoved) -> None:
        self._marks[event.market] = event.mark

    def mark_pushed(self, event: MarkPushed) -> None:
        self._marks[event.market] = event.after

    def settled(self, event: Settled) -> None:
        self._marks[event.market] = event.price

    def liquidated(self, event: Liquidated) -> None:
        self.claims[event.claim], self._dust = event, None
        if event.method not in TAKEN_OVER:
            self._owing[event.claim] = self._up(-event.equity)  # its funding is settled against it
            self._own[event.account] = event.claim

    def margin_taken(self, event: MarginTaken) -> None:
        if event.market in self._value:
            _add(self._short, event.account, max(-event.amount, ZERO))
            _add(self._found.lost, event.account, max(event.amount, ZERO))

    def fund_paid(self, event: FundPaid) -> None:
        if event.fund in self._funds:
            account = self._whose(event.claim)
            amount = self._less_dust(account, event.amount)
            self._found.fund += amount
            self._found.dust += event.amount - amount
            self._brings(event.claim, event.amount)
            _add(self._posted, account, amount)

    def fund_received(self, event: FundReceived) -> None:
        """Dust behind a payment: by rounding it was more than what was lacking. Dust of a takeover: margin."""
        if event.why != "dust" or not event.claim or event.fund not in self._funds:
            return
        if self._dust is not None:
            self._dust(event.amount)
            self._dust = None
        elif (claim := self.claims.get(event.claim)) is not None and claim.method in TAKEN_OVER:
            _add(self._dust_of, claim.account, event.amount)
            _add(self._found.lost, claim.account, event.amount)

    def loss_socialized(self, event: LossSocialized) -> None:
        if event.market in self._value:
            self._found.shared += event.amount
            self._dust = self._found.shared_less

    def bad_debt(self, event: BadDebt) -> None:
        if event.market in self._value:
            self._found.nobody += event.amount
            self._brings(event.claim, event.amount)
            _add(self._posted, self._whose(event.claim), event.amount)

    def book_filled(self, event: BookFilled) -> None:
        if event.market in self._value:
            self._dust = None
            _add(self._short, self._whose(event.claim), max(-event.result, ZERO))
            self._closed(event, event.proceeds)
            if event.claim in self._owing:
                self._brings(event.claim, event.proceeds - self._at_mark(event))

    def backstop_took(self, event: BackstopTook) -> None:
        if event.market in self._value:
            self._dust, account = None, self._whose(event.claim)
            _add(self._short, account, max(-event.result, ZERO))
            value = self._at_mark(event)
            self._closed(event, min(event.proceeds, value))
            part = self._less_dust(account, _paid(event, value))
            self._found.backstop += part
            self._found.lacks(account, part)

    def deleveraged(self, event: Deleveraged) -> None:
        if event.market in self._value:
            value, account = worth(event), event.bankrupt
            _add(self._short, account, max(-event.result, ZERO))
            self._closed(event, min(event.proceeds, value))
            part = _paid(event, value)
            if (owing := self._owing.get(event.claim)) is not None:
                part = min(part, max(owing, ZERO))
                self._brings(event.claim, event.proceeds - value)
            part = self._less_dust(account, part)
            self._found.winners += part
            self._found.lacks(account, part)
            self._dust = partial(self._found.winners_less, account, part)

    def _closed(self, event: BookFilled | BackstopTook | Deleveraged, brought: Decimal) -> None:
        """What a position lost by a fill: its value at entry less what that brought, or was worth at the mark
        where somebody paid more. One that was taken over is lost up to its bankruptcy price, as what it brings
        beyond that is another's. What a vault of its own money loses is no margin of an account."""
        claim = self.claims.get(event.claim)
        if claim is None or claim.method == "vault":
            return
        if claim.method in TAKEN_OVER:
            brought = min(brought, event.proceeds - event.result)
        opened = self._value[event.market](claim.side * event.size, claim.entry_price)
        _add(self._found.lost, claim.account, opened - brought)

    def _at_mark(self, event: BookFilled | BackstopTook) -> Decimal:
        return self._value[event.market](event.side * event.size, self._marks[event.market])


HEARD: Mapping[type, Callable[[Losses, Any], None]] = {
    MarkMoved: Losses.mark_moved,
    MarkPushed: Losses.mark_pushed,
    Settled: Losses.settled,
    Liquidated: Losses.liquidated,
    MarginTaken: Losses.margin_taken,
    BookFilled: Losses.book_filled,
    BackstopTook: Losses.backstop_took,
    Deleveraged: Losses.deleveraged,
    FundPaid: Losses.fund_paid,
    FundReceived: Losses.fund_received,
    LossSocialized: Losses.loss_socialized,
    BadDebt: Losses.bad_debt,
}
KINDS = tuple(HEARD)
"""The events that tell it."""


def _add(amounts: dict[str, Decimal], account: str, amount: Decimal) -> None:
    if amount:
        amounts[account] = amounts.get(account, ZERO) + amount


def _paid(fill: BackstopTook | Deleveraged, value: Decimal) -> Decimal:
    """What whoever took a fill has paid more than its worth at the mark, as far as that was lacking."""
    return max(min(fill.proceeds, fill.proceeds - fill.result) - value, ZERO)


def worth(fill: Deleveraged) -> Decimal:
    """The signed value at the mark of the bankrupt position's part that an ADL fill has closed."""
    return fill.proceeds - fill.forgone_pnl
