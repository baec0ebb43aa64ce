"""Who holds what while a run runs: markets, positions, accounts, and the units that are liquidated together.

Public: MarketBook, Holding, Holder, Unit, Due.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from decimal import Decimal
from itertools import repeat
from operator import mul
from typing import NamedTuple, Protocol

from adlcalc.engine.books.fund import FundBook
from adlcalc.engine.contract import LINEAR, PER_CONTRACT
from adlcalc.engine.formulas import margin
from adlcalc.engine.formulas.funding import pending
from adlcalc.engine.model import Market
from adlcalc.ground.numbers import ZERO, divide, places, quantizer, rounder


class SideOrder(Protocol):
    """What keeps one side of a market in some order."""

    def note_change(self, holding: Holding) -> None:
        """A position is about to change."""


class MarketBook:
    """A market while it runs: its mark, its funding index (what one long contract has paid since the start),
    the rest of the market."""

    __slots__ = (
        "contract",
        "cross_fee_inside",
        "cross_lines",
        "fee_inside",
        "first",
        "fund",
        "funding",
        "funding_dust",
        "holdings",
        "is_plain",
        "lines",
        "lot",
        "mark",
        "market",
        "name",
        "open_interest",
        "order",
        "previous",
        "quotes",
        "ranked",
        "rest_cash",
        "rest_cost",
        "rest_size",
        "settles",
        "tick",
        "to_money",
        "unit",
        "value",
    )

    def __init__(self, market: Market, order: int, unit: Decimal, fund: FundBook, first: Decimal) -> None:
        self.market, self.order, self.unit, self.fund = market, order, unit, fund
        self.first = first  # the mark that the path opens with
        self.settles = market.settles
        self.name, self.contract, self.tick, self.lot = market.name, market.contract, market.tick, market.lot
        self.mark = self.previous = self.funding = ZERO
        # all holdings of a side, in file order; closed ones stay in the list with size 0
        self.holdings: dict[int, Sequence[Holding]] = {1: [], -1: []}
        self.open_interest = {1: ZERO, -1: ZERO}  # contracts that the accounts hold, per side
        # who is told of a position of the side before it changes: its grid (head.py) or order (kept.py)
        self.ranked: dict[int, SideOrder | None] = {1: None, -1: None}
        self.rest_size = self.rest_cost = self.rest_cash = ZERO
        self.funding_dust = (
            ZERO  # what rounding took from the accounts at settlements; it lies with the rest of the market
        )
        self.to_money = rounder(unit)
        # what closing signed_size at price brings: value(signed_size, price)
        self.value = margin.valuer(market.contract, unit)
        self.quotes = {side: margin.quotes(market.contract, side, market.tick, unit) for side in (1, -1)}
        # is size x multiplier x price, to a decimal of money, all that a value is?
        self.is_plain = (
            self.contract.kind == LINEAR
            and self.contract.rounding != PER_CONTRACT
            and quantizer(unit) is not None
        )
        # of all isolated, and of all cross positions, where they have the same; else None
        self.lines, self.cross_lines = (
            margin.lines_of(market.maintenance, ZERO, ZERO, isolated=alone)
            if market.maintenance.of_all
            else None
            for alone in (True, False)
        )
        self.fee_inside, self.cross_fee_inside = (
            margin.fee_inside(market.contract, market.maintenance, isolated=alone) for alone in (True, False)
        )

    def lines_of(self, size: Decimal, cost: Decimal, *, isolated: bool) -> margin.Lines:
        """The maintenance lines of a position here."""
        lines = self.lines if isolated else self.cross_lines
        return lines or margin.lines_of(self.market.maintenance, size, cost, isolated=isolated)

    def adds_up(self, contracts: Decimal, price: Decimal) -> bool:
        """Does no value at a price need rounding, of sizes that are so many contracts together? Then the sum
        of the values is the value of the sum."""
        digits = places(contracts) + places(self.contract.multiplier) + places(price)
        return self.is_plain and digits <= places(self.unit)

    def opening(
        self, sizes: Sequence[Decimal], entries: Sequence[Decimal]
    ) -> tuple[Decimal, Decimal, Decimal]:
        """Of longs: their contracts, the sum of their values at the first mark, and that at their entries."""
        whole, first, value, multiplier = sum(sizes, ZERO), self.first, self.value, self.contract.multiplier
        if self.adds_up(whole, first):
            worth = self.to_money(multiplier * whole * first)
        else:
            worth = sum(map(value, sizes, repeat(first)), ZERO)
        if self.adds_up(whole, sum(entries, ZERO)):  # no entry has more decimals than their sum
            return whole, worth, self.to_money(multiplier * sum(map(mul, sizes, entries), ZERO))
        return whole, worth, sum(map(value, sizes, entries), ZERO)

    def with_holdings(self, holdings: Mapping[int, Sequence[Holding]]) -> MarketBook:
        """The market as it stands, with these positions instead of its own."""
        other = copy(self)
        other.holdings, other.ranked = dict(holdings), {1: None, -1: None}
        return other

    def note_change(self, holding: Holding) -> None:
        """A position is about to change, or to be closed: its contracts, its cost, or its own margin."""
        if (ranked := self.ranked[holding.side]) is not None:
            ranked.note_change(holding)


class Holding:
    """One position while it runs. collateral is None for a cross one; funding is the index up to which its
    funding is settled."""

    __slots__ = (
        "_unit",
        "book",
        "collateral",
        "cost",
        "entry",
        "funding",
        "holder",
        "leverage",
        "order",
        "side",
        "signed_size",
        "size",
    )

    def __init__(
        self,
        holder: Holder,
        book: MarketBook,
        order: int,
        side: int,
        size: Decimal,
        entry: Decimal,
        collateral: Decimal | None,
        leverage: Decimal | None,
        settled: Decimal = ZERO,
    ) -> None:
        self.holder, self.book, self.order = holder, book, order
        self.side, self.size, self.entry = side, size, entry
        self.collateral, self.leverage = collateral, leverage
        self.signed_size = size if side > 0 else -size
        self.cost = book.value(self.signed_size, entry)
        self.funding = settled
        self._unit: Unit | None = None

    def move_to(self, holder: Holder, book: MarketBook) -> None:
        """It is a position of that account in that market; its unit is made anew."""
        self.holder, self.book, self._unit = holder, book, None

    @property
    def unit(self) -> Unit:
        """What it is liquidated with. The unit of an isolated position is made when it is first asked for:
        most never are."""
        if self._unit is None:
            if self.collateral is not None:
                Unit(self.holder, [self], True)
            else:
                Unit(self.holder, [h for h in self.holder.holdings if h.collateral is None], False)
            assert self._unit is not None
        return self._unit

    def value(self) -> Decimal:
        """Value at the mark."""
        return self.book.value(self.signed_size, self.book.mark)

    def pnl(self) -> Decimal:
        """Unrealized pnl = value at the mark - cost."""
        return self.value() - self.cost

    def pending_funding(self) -> Decimal:
        """Funding received (+) or owed (-) since the last settlement, unrounded: -s q (index now - index
        then)."""
        change = self.book.funding - self.funding
        return pending(self.signed_size, change) if change else ZERO

    def lines(self) -> margin.Lines:
        """The maintenance lines that hold for this position now."""
        alone, book = self.collateral is not None, self.book
        return (book.lines if alone else book.cross_lines) or margin.lines_of(
            book.market.maintenance, self.size, self.cost, isolated=alone
        )

    def exposure(self, worth: Decimal) -> tuple[Decimal, Decimal]:
        """All the notional and all the equity of its account, where it is worth so much (`Holder.exposure`):
        mostly it is all that the account has."""
        holder, own = self.holder, self.collateral
        if len(holder.holdings) > 1:
            return holder.exposure()
        equity = holder.balance + worth - self.cost
        if own is not None:
            equity += own
        if self.size and self.book.funding != self.funding:
            equity += self.pending_funding()
        return abs(worth), equity

    def fee_inside(self) -> Decimal:
        """The rate of the closing fee that is inside its bankruptcy price."""
        return self.book.cross_fee_inside if self.collateral is None else self.book.fee_inside

    def cost_of(self, size: Decimal) -> Decimal:
        """The cost of a part: pro rata, half even to the money unit; the rest keeps the dust."""
        if size == self.size:
            return self.cost
        return self.book.to_money(divide(self.cost * size, self.size))


class Holder:
    """An account while it runs. balance backs its cross positions; it is the free balance of an isolated one.
    stood: its standing as of the last audit that looked at it."""

    __slots__ = ("balance", "deleveraged", "equity_start", "holdings", "id", "liquidated", "order", "stood")

    def __init__(self, id: str, order: int, balance: Decimal) -> None:
        self.id, self.order, self.balance = id, order, balance
        self.holdings: list[Holding] = []
        self.equity_start = self.stood = ZERO
        self.liquidated = self.deleveraged = False

    def take_apart(self) -> None:
        """Nobody asks for it any more: it, its positions and their units let go of one another."""
        for holding in self.holdings:
            holding._unit = None
        self.holdings = []

    def standing(self) -> Decimal:
        """Cash - cost: what the audit adds up."""
        total = self.balance
        for holding in self.holdings:
            total -= holding.cost
            if holding.collateral is not None:
                total += holding.collateral
        return total

    def equity(self) -> Decimal:
        """All the account has at the marks: balance, collateral, unrealized pnl and pending funding."""
        total = self.balance
        for holding in self.holdings:
            if holding.size:
                total += holding.pnl() + holding.pending_funding()
            if holding.collateral is not None:
                total += holding.collateral
        return total

    def exposure(self) -> tuple[Decimal, Decimal]:
        """All its notional and all its equity, at the marks."""
        notional, equity = ZERO, self.balance
        for holding in self.holdings:
            if holding.size:
                book = holding.book
                value = book.value(holding.signed_size, book.mark)
                notional += abs(value)
                equity += value - holding.cost
                if book.funding != holding.funding:
                    equity += holding.pending_funding()
            if holding.collateral is not None:
                equity += holding.collateral
        return notional, equity

    def shortfalls(self) -> list[tuple[MarketBook, Decimal]]:
        """What each part of the account lacks, pending funding included: an isolated position that has lost
        more than its collateral, a balance that the cross positions have lost more than. What one part has
        left covers no other."""
        lacking = []
        free, first = self.balance, None
        for holding in self.holdings:
            own, gained = holding.collateral, ZERO
            if holding.size:
                gained = holding.pnl() + holding.pending_funding()
            if own is None:
                first = first or holding.book
                free += gained
            elif own + gained < ZERO:
                lacking.append((holding.book, -(own + gained)))
        if free < ZERO and self.holdings:
            lacking.append((first or self.holdings[0].book, -free))
        return lacking


class Unit:
    """What is liquidated together: one isolated position, or all cross positions of an account. looked_at:
    the step at which it may be due next, None as long as nothing has changed it since the opening."""

    __slots__ = ("holder", "holdings", "isolated", "looked_at", "order")

    def __init__(self, holder: Holder, holdings: list[Holding], isolated: bool) -> None:
        self.holder, self.holdings, self.isolated = holder, holdings, isolated
        self.order = holdings[0].order
        self.looked_at: int | None = None
        for holding in holdings:
            holding._unit = self

    def money(self) -> Decimal:
        """The collateral of an isolated position, the balance of a cross account."""
        own = self.holdings[0].collateral
        return self.holder.balance if own is None else own

    def cash(self) -> Decimal:
        """Equity but for the values at the mark: collateral or balance, less costs, plus pending funding."""
        total = self.money()
        for holding in self.holdings:
            if holding.size:
                total -= holding.cost
                if holding.book.funding != holding.funding:
                    total += holding.pending_funding()
        return total

    def equity(self) -> Decimal:
        """Of the position (isolated) or of the cross positions of the account, at the marks."""
        own = self.holdings[0].collateral
        total = self.holder.balance if own is None else own
        for holding in self.holdings:
            if holding.size:
                book = holding.book
                total += book.value(holding.signed_size, book.mark) - holding.cost
                if book.funding != holding.funding:
                    total += holding.pending_funding()
        return total

    def is_open(self) -> bool:
        """Is any position of it still open?"""
        for holding in self.holdings:  # noqa: SIM110  (any() of a generator costs thrice as much, a million times)
            if holding.size:
                return True
        return False

    def open_holdings(self) -> list[Holding]:
        return [holding for holding in self.holdings if holding.size]

    def margin(self) -> tuple[Decimal, Decimal]:
        """(equity, maintenance margin) at the marks."""
        own, maintenance = self.holdings[0].collateral, ZERO
        equity = self.holder.balance if own is None else own
        for holding in self.holdings:
            if holding.size:
                book = holding.book
                value = book.value(holding.signed_size, book.mark)
                equity += value - holding.cost
                if book.funding != holding.funding:
                    equity += holding.pending_funding()
                lines = book.lines if self.isolated else book.cross_lines
                maintenance += margin.maintenance_margin(lines or holding.lines(), abs(value))
        return equity, maintenance


class Due(NamedTuple):
    """A margin unit under its maintenance margin."""

    unit: Unit
    equity: Decimal
    maintenance: Decimal

    def order(self) -> tuple[Decimal, int]:
        """Worst first: lowest equity per maintenance margin, ties in file order."""
        return (divide(self.equity, self.maintenance) if self.maintenance else self.equity, self.unit.order)
