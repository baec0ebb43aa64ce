"""The postings that move money and contracts between accounts, funds, venue and the rest of the market.

Accounting is by cost. Everyone has cash and positions (signed size, cost = signed entry value); a fill of
value v moves contracts and v between two sides, so the sum of cash - cost over everybody never changes, and
neither does the sum of signed sizes: the two invariants of the audit. Realized pnl = v - the cost of what was
closed.

An audit that looked at every account at every step would cost more than the run, so each step notes which
holders it touches, and its audit compares only those with how they stood after the last one; the last audit
adds up everybody.

Public: Ledger, AuditError.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from dataclasses import replace
from decimal import Decimal
from functools import partial
from operator import attrgetter

from adlcalc.engine.books.claims import Backstop, Closing, OwnOrder, Unnumbered, VaultOrder, VenueClaim
from adlcalc.engine.books.fund import FundBook
from adlcalc.engine.books.holdings import Holder, Holding, MarketBook, Unit
from adlcalc.engine.books.inventory import Inventory
from adlcalc.engine.books.roster import Roster
from adlcalc.engine.books.stock import Stock, by_age
from adlcalc.engine.columns import ids_of
from adlcalc.engine.events import (
    BadDebt,
    Event,
    FeePaid,
    FundingPaid,
    FundingSettled,
    FundPaid,
    FundReceived,
    How,
    LossSocialized,
)
from adlcalc.engine.formulas import margin
from adlcalc.engine.formulas.funding import payment_per_contract, payment_worked, pending, settler
from adlcalc.engine.formulas.worked import Worked
from adlcalc.engine.happenings import Trade
from adlcalc.engine.model import LONG, SHORT, SMALLEST, Account, Position, Scenario
from adlcalc.engine.rules import FeeTo, FundRules, Vault
from adlcalc.ground.numbers import CEILING, DOWN, ZERO, divide, round_to, rounder
from adlcalc.ground.objects import record

REST = "rest of market"
OUTSIDE = "outside money"
REVENUE = "venue revenue"
Told = tuple[Event, ...]
"""What a posting is told as: the caller yields it."""
NOTHING: Told = ()
signed_size_of = attrgetter("signed_size")


class AuditError(Exception):
    """Money or contracts appeared or vanished: a bug, never a property of a scenario."""


class Ledger:
    """Everybody's books, and the postings."""

    def __init__(self, scenario: Scenario) -> None:
        self.step = 0
        self.unit = scenario.money_unit
        self.round_up, self.round_down = rounder(self.unit, CEILING), rounder(self.unit, DOWN)
        self._settle = settler(self.unit)
        rules = _over_the_run(scenario)
        self.funds = {fund.name: FundBook(fund, rules, self.unit) for fund in scenario.funds}
        for one in scenario.funds:
            if one.behind is not None:
                self.funds[one.name].behind = self.funds[one.behind]
        first = {name: marks[0] for name, marks in scenario.path.marks.items() if marks}
        self.markets = {
            m.name: MarketBook(m, i, self.unit, self.funds[m.fund], first.get(m.name, ZERO))
            for i, m in enumerate(scenario.markets)
        }
        self._currencies_of_funds = {
            fund: book.settles for book in self.markets.values() for fund in layers(book.fund)
        }
        for fund in self.funds.values():
            fund.stands_behind([name for name, book in self.markets.items() if fund in layers(book.fund)])
        if scenario.rules.fund.holds.held:
            for fund in {book.fund for book in self.markets.values()}:
                fund.held = partial(self.held_pnl, fund)
        self.backstops = {
            provider.id: Backstop(provider.id, self.markets[provider.market].settles)
            for provider in scenario.providers
        }
        self.claims: list[VenueClaim] = []  # what the venue holds, oldest first
        self.stocks: dict[tuple[MarketBook, int], Stock] = {}  # the same, a side of a market each
        # those that this step took over or closed a part of, with the size and the cost they began it with
        self.moved: dict[VenueClaim, tuple[Decimal, Decimal]] = {}
        self._inventories: dict[tuple[FundBook, str], Inventory] = {}
        self._carried = 0  # the number of the newest closing when the step began
        self.at_work: VenueClaim | None = None  # the one of which it is settled now what becomes of it
        self.claim_count = 0
        self.currencies = scenario.currencies
        kind = scenario.rules.backstop.kind
        if isinstance(kind, Vault) and kind.own is not None and kind.own.vault_capital is not None:
            # there from the start: its money is counted
            for name, currency in zip(scenario.vaults, self.currencies, strict=True):
                self.backstops[name] = Backstop(name, currency, kind.own.vault_capital)
        self.venue_cash = dict.fromkeys(self.currencies, ZERO)  # negative: losses that nobody covered
        self.revenue: dict[str, Decimal] = {}  # the venue's fees, less its rebates
        self.outside: dict[str, Decimal] = {}  # what has come in (negative) or gone out since the start
        self.touched: dict[Holder, list[Decimal]] = {}
        self.settled: dict[
            str, Decimal
        ] = {}  # what the accounts that nothing touched have received in this step
        self._named: dict[str, int] = {}
        self._units: list[Unit] = []
        self.roster = Roster(with_trades(scenario), self.markets, self.currencies)
        # the rest of the market is the other side of everybody, and stands at no profit and no loss
        for (book, side), found in self.roster.sides.items():
            book.holdings[side] = found
            book.open_interest[side] = found.contracts
            book.rest_size -= side * found.contracts
            book.rest_cost -= found.worth

    # --- who is there ---------------------------------------------------------------------------------------

    @property
    def holders(self) -> Sequence[Holder]:
        """Everybody, in file order: whoever goes through them makes them all (roster.py)."""
        return self.roster.everybody()

    def holder_of(self, account: str) -> Holder:
        """The account of that name."""
        return self.roster.holder(self._places()[account])

    def holders_of(self, names: Iterable[str]) -> Iterator[Holder]:
        """The accounts of these names, as far as there are."""
        places = self._places()
        return (self.roster.holder(places[name]) for name in names if name in places)

    def _places(self) -> dict[str, int]:
        if not self._named:
            self._named = {name: i for i, name in enumerate(ids_of(self.roster.accounts))}
        return self._named

    def forked(self, holding: Holding) -> tuple[Ledger, Holding]:
        """What would be, if: a ledger of that position's account alone as it stands, and the position in it.
        Whatever is posted there, nobody here notices."""
        other, holder = copy(self), copy(holding.holder)
        other.touched, other.markets, other._inventories, other.stocks = {}, {}, {}, {}
        holder.holdings = [copy(one) for one in holding.holder.holdings]
        for name, book in self.markets.items():
            own = [one for one in holder.holdings if one.book is book]
            fork = book.with_holdings({LONG: [], SHORT: []})
            fork.open_interest = dict(book.open_interest)
            other.markets[name] = fork
            for one in own:
                one.move_to(holder, fork)
        return other, holder.holdings[holding.holder.holdings.index(holding)]

    def as_account(self, vault: Backstop) -> Unit:
        """The vault as a cross account with what it holds: what its bankruptcy prices are worked out of. It
        is a picture; postings change the vault."""
        holder = Holder(vault.id, -1, vault.cash)
        for book, (size, cost) in sorted(vault.positions.items(), key=lambda held: held[0].order):
            if size:
                side = LONG if size > 0 else SHORT
                holding = Holding(holder, book, book.order, side, abs(size), book.mark, None, None)
                average = margin.price_of_value(book.contract, size, cost) or ZERO
                holding.cost, holding.entry, holding.funding = (
                    cost,
                    round_to(average, book.tick),
                    book.funding,
                )
                holder.holdings.append(holding)
        return Unit(holder, list(holder.holdings), isolated=False)

    @property
    def units(self) -> list[Unit]:
        """All margin units, in file order of their first positions: the same ones through all of the run."""
        if not self._units:
            found = dict.fromkeys(holding.unit for holder in self.holders for holding in holder.holdings)
            self._units = list(found)
        return self._units

    def begin(self, scenario: Scenario, step: int) -> None:
        """A new step: marks have moved, closed claims are forgotten, funds look at their peaks, providers
        have their capacity again."""
        path, self.step = scenario.path, step
        if any(not claim.size for claim in self.moved):
            self.claims = [claim for claim in self.claims if claim.size]
            for stock in self.stocks.values():
                stock.forget_closed()
        self.moved.clear()
        self._inventories.clear()
        self._carried = self.claim_count
        for fund in self.funds.values():
            fund.begin(path.seconds[step] if path.seconds else 0)
        for provider in scenario.providers:
            self.backstops[provider.id].left[self.markets[provider.market]] = provider.size
        for book in self.markets.values():
            book.previous = book.mark if step else path.marks[book.name][0]
            book.mark = path.marks[book.name][step]

    def take_apart(self) -> None:
        """The run is over: what it has made goes at once (roster.py)."""
        self.roster.take_apart()
        for kept in (self.claims, self.stocks, self.moved, self.touched):
            kept.clear()
        for fund in self.funds.values():
            fund.take_apart()

    # --- what the audit adds up -----------------------------------------------------------------------------

    def currency_of(self, holder: Holder) -> str:
        """What an account's money is in: the currency of its positions, which all settle in one."""
        return holder.holdings[0].book.settles if holder.holdings else self.currencies[0]

    def named(self, who: str, currency: str) -> str:
        """'venue'; 'venue (BTC)' where there are several currencies, and so one of them for each."""
        return who if len(self.currencies) == 1 else f"{who} ({currency})"

    def vault(self, who: str, currency: str) -> Backstop:
        """The vault that takes over what settles in a currency."""
        name = self.named(who, currency)
        return self.backstops.setdefault(name, Backstop(name, currency))

    def system_standing(self) -> dict[str, Decimal]:
        """Cash - cost of everybody but the accounts and the claims, by currency: funds, venue, backstops,
        rest of the market."""
        total = dict(self.venue_cash)
        for moved in (self.outside, self.revenue):
            for currency, money in moved.items():
                total[currency] += money
        for fund, currency in self._currencies_of_funds.items():
            total[currency] += fund.balance
        for backstop in self.backstops.values():
            total[backstop.settles] += backstop.standing()
        for book in self.markets.values():
            total[book.settles] += book.rest_cash - book.rest_cost
        return total

    def system_contracts(self) -> dict[str, Decimal]:
        """Signed contracts of everybody but the accounts and the claims, per market."""
        contracts = {book.name: book.rest_size for book in self.markets.values()}
        for backstop in self.backstops.values():
            for book, (size, _cost) in backstop.positions.items():
                contracts[book.name] += size
        return contracts

    def touch(self, holder: Holder) -> None:
        """Note a holder's sizes before its first change in a step; how it stood the last audit has noted."""
        if holder not in self.touched:
            self.touched[holder] = list(map(signed_size_of, holder.holdings))

    # --- trades: contracts and their value move between two sides -------------------------------------------

    def close_part(self, holding: Holding, size: Decimal, proceeds: Decimal, release: bool = True) -> Decimal:
        """An account's leg: `size` of a position closed for `proceeds` (signed value); the realized pnl.

        Cross: to the balance. Isolated: collateral is released pro rata (rounded down, the position keeps the
        dust) and goes to the free balance with the pnl; a loss larger than what is released is borne by the
        position's own collateral. release=False (a liquidation in the account's own name): pnl and collateral
        stay where the position was, so that no loss reaches the free balance."""
        holder, book, own = holding.holder, holding.book, holding.collateral
        self.touch(holder)
        book.note_change(holding)
        cost = holding.cost_of(size)
        pnl = proceeds - cost
        if own is None:
            holder.balance += pnl
        elif not release:
            holding.collateral = own + pnl
        elif size == holding.size:
            holding.collateral = own - own
            holder.balance += own + pnl
        else:
            released = self.round_down(divide(own * size, holding.size))
            own, freed = own - released, released + pnl
            if freed < 0:
                own += freed
            else:
                holder.balance += freed
            holding.collateral = own
        book.open_interest[holding.side] -= size
        holding.cost -= cost
        holding.size = left = holding.size - size
        holding.signed_size = left if holding.side > 0 else -left
        return pnl

    def close(self, claim: Closing, size: Decimal, proceeds: Decimal) -> Decimal:
        """The leg of what is being closed; its surplus (+) or shortfall (-). That of a claim of the venue is
        still to be posted (`post_result`); that of an order in the account's own name is the account's."""
        cost = claim.cost_of(size)
        before = claim.size, claim.cost
        claim.cost -= cost
        claim.size -= size
        if isinstance(claim, VenueClaim):
            self.moved.setdefault(claim, before)
            self.stocks[claim.book, claim.side].note_closed(claim, size, cost)
            if self._inventories:
                for valued in self._valued_with(claim):
                    valued.note_change(claim)
        elif isinstance(claim, OwnOrder):
            self.close_part(claim.holding, size, proceeds, release=False)
        elif isinstance(claim, VaultOrder):
            self.from_backstop(claim.vault, claim.book, size, proceeds)
        return proceeds - cost

    def from_backstop(self, backstop: Backstop, book: MarketBook, size: Decimal, proceeds: Decimal) -> None:
        """A backstop's leg: `size` of what it holds closed for `proceeds`; its cost goes pro rata, half even
        to the money unit, and the rest keeps the dust."""
        held, cost = backstop.positions[book]
        part = cost if size == abs(held) else round_to(divide(cost * size, abs(held)), self.unit)
        backstop.positions[book] = [held - size if held > 0 else held + size, cost - part]
        backstop.cash += proceeds - part

    def to_rest(self, book: MarketBook, signed_size: Decimal, fill_value: Decimal) -> None:
        """The book's leg: the rest of the market takes signed_size over for fill_value."""
        book.rest_size += signed_size
        book.rest_cost += fill_value

    def to_backstop(
        self, backstop: Backstop, book: MarketBook, signed_size: Decimal, fill_value: Decimal
    ) -> None:
        """A backstop's leg: it takes signed_size over for fill_value."""
        position = backstop.positions.setdefault(book, [ZERO, ZERO])
        position[0] += signed_size
        position[1] += fill_value
        backstop.taken = True

    def fill_in_book(self, claim: Closing, size: Decimal, proceeds: Decimal) -> Decimal:
        """A fill of a claim in the book; the claim's result."""
        result = self.close(claim, size, proceeds)
        self.to_rest(claim.book, size if claim.side > 0 else -size, proceeds)
        return result

    def reduce_in_book(self, holding: Holding, size: Decimal, proceeds: Decimal) -> Decimal:
        """A fill of an account's own order in the book, which frees the margin of what is closed; the
        realized pnl."""
        pnl = self.close_part(holding, size, proceeds)
        self.to_rest(holding.book, holding.side * size, proceeds)
        return pnl

    def open_from_rest(self, holding: Holding, size: Decimal, cost: Decimal, margin_held: Decimal) -> None:
        """A fill of an account's own order that makes its position larger, against the rest of the market; of
        an isolated one the margin is taken from the free balance."""
        self.touch(holding.holder)
        book = holding.book
        book.note_change(holding)
        self.to_rest(book, -holding.side * size, -cost)
        book.open_interest[holding.side] += size
        holding.cost += cost
        holding.size += size
        holding.signed_size = holding.size * holding.side
        average = margin.price_of_value(book.contract, holding.signed_size, holding.cost)
        holding.entry = round_to(average or ZERO, min(book.tick, SMALLEST))
        self.move_margin(holding, margin_held)

    def settle_at(self, book: MarketBook, price: Decimal) -> None:
        """The market's last price: what everybody holds there is worth that from here on."""
        book.mark = price

    def settle_backstops(self, book: MarketBook) -> None:
        """What backstops hold in a market is closed at its mark, against the rest of it."""
        for backstop in self.backstops.values():
            size, cost = backstop.positions.get(book, (ZERO, ZERO))
            if size:
                worth = book.value(size, book.mark)
                self.to_rest(book, size, worth)
                backstop.cash += worth - cost
                backstop.positions[book] = [ZERO, ZERO]

    def fill_against(
        self, claim: Closing, holding: Holding, size: Decimal, proceeds: Decimal
    ) -> tuple[Decimal, Decimal]:
        """A deleveraging; the counterparty's realized pnl and the claim's result."""
        pnl = self.close_part(holding, size, -proceeds)
        return pnl, self.close(claim, size, proceeds)

    def fill_with_backstop(
        self, claim: Closing, taker: Backstop, size: Decimal, proceeds: Decimal
    ) -> Decimal:
        """A provider takes part of a claim, out of its capacity of this step; the claim's result."""
        result = self.close(claim, size, proceeds)
        self.to_backstop(taker, claim.book, claim.side * size, proceeds)
        taker.left[claim.book] -= size
        return result

    def hand_over(self, holding: Holding, size: Decimal, proceeds: Decimal, vault: Backstop) -> None:
        """The vault takes part of an account's position."""
        self.close_part(holding, size, proceeds, release=False)
        self.to_backstop(vault, holding.book, holding.side * size, proceeds)

    def next_number(self) -> int:
        """The number of the next closing that is told: 1, 2, ..."""
        self.claim_count += 1
        return self.claim_count

    def number_of(self, claim: Closing) -> int:
        """The number under which a closing is told. An order in the account's own name takes it with its
        first fill."""
        if isinstance(claim, VenueClaim):
            return claim.number
        assert isinstance(claim, Unnumbered)
        if claim.number.given is None:
            claim.number.given = self.next_number()
        return claim.number.given

    def new_claim(self, number: int, holding: Holding, price: Decimal | None, cost: Decimal) -> VenueClaim:
        """Move a whole position to the venue for `cost`, its value at the bankruptcy price. The margin stays
        with the account's books until `empty_margin` takes it."""
        holder, book, side, size = holding.holder, holding.book, holding.side, holding.size
        self.touch(holder)
        claim = VenueClaim(holder, book, side, price, size, cost, number)
        self.claims.append(claim)
        self.moved[claim] = ZERO, ZERO
        stock = self.stocks.get((book, side))
        if stock is None:
            stock = self.stocks[book, side] = Stock(book, side)
        stock.add(claim)
        if self._inventories:
            for valued in self._valued_with(claim):
                valued.add(claim)
        book.note_change(holding)
        if holding.collateral is not None:
            holding.collateral += cost - holding.cost
        else:
            holder.balance += cost - holding.cost
        book.open_interest[side] -= size
        holding.cost = holding.size = holding.signed_size = ZERO
        return claim

    def held_pnl(self, fund: FundBook, contract: str) -> Decimal:
        """The pnl at the mark of what a fund holds (of a contract, where one is named). While a claim is
        worked only the older ones are held: whether the fund takes it, and what is left for the newer ones,
        is what is being asked."""
        if self.at_work is not None:
            return self.inventory(fund, contract).older_than(self.at_work)
        if valued := self._current(fund, contract):
            return valued.pnl
        held = (one for one in self.stocks.values() if one.book.fund is fund)
        return sum((one.pnl() for one in held if contract in ("", one.book.name)), ZERO)

    def inventory(self, fund: FundBook, contract: str = "") -> Inventory:
        """What is held for a fund (of a contract, where one is named), valued at the marks."""
        valued = self._current(fund, contract)
        if valued is None:
            mine = (claim for claim in self.open_claims() if claim.book.fund is fund)
            valued = Inventory(claim for claim in mine if contract in ("", claim.book.name))
            self._inventories[fund, contract] = valued
        return valued

    def _current(self, fund: FundBook, contract: str) -> Inventory | None:
        """The inventory that has been valued at these marks."""
        valued = self._inventories.get((fund, contract))
        return valued if valued is not None and valued.is_current() else None

    def _valued_with(self, claim: VenueClaim) -> Sequence[Inventory]:
        """The inventories that it is in."""
        if not self._inventories:
            return ()
        found = (self._inventories.get((claim.book.fund, contract)) for contract in ("", claim.book.name))
        return [valued for valued in found if valued is not None]

    def count_as_kept(self, claim: VenueClaim, size: Decimal, cost: Decimal) -> None:
        """Until the rest of a claim is gone, it counts as if only `size` of it were held, and the fund had
        paid the cost of the rest."""
        pnl = claim.book.value(claim.side * size, claim.book.mark) - claim.cost_kept(size) - cost
        for valued in self._valued_with(claim):
            valued.count(claim, pnl, size)

    def count_as_it_is(self, claim: VenueClaim) -> None:
        """It counts with all that is left of it."""
        for valued in self._valued_with(claim):
            valued.note_change(claim)

    def is_the_funds(self, claim: Closing) -> bool:
        """Has the fund kept it from an earlier step? Then what it brings is the fund's, like what it
        costs."""
        kept = isinstance(claim, VenueClaim) and claim.number <= self._carried
        return kept and claim.book.fund.held is not None

    def uncovered(self) -> dict[VenueClaim, Decimal]:
        """Of what the venue holds at a loss, the part of it at the mark that nobody covers: all of it, or
        where the fund holds what it lacks to its floor, of the newest first."""
        found = [loss for stock in self.stocks.values() if stock.contracts for loss in stock.losses()]
        lacking: dict[FundBook, Decimal] = {}
        parts = {}
        for claim, loss in sorted(found, key=lambda one: by_age(one[0]), reverse=True):
            fund = claim.book.fund
            if fund.held is None:
                parts[claim] = loss
                continue
            if fund not in lacking:
                lacking[fund] = max(-fund.can_bear_all(), ZERO)
            parts[claim] = min(loss, lacking[fund])
            lacking[fund] -= parts[claim]
        return parts

    def pnl_of_held(self) -> dict[str, Decimal]:
        """The pnl at the mark of what the venue holds, by the fund that stands behind its market: first that
        of the oldest claim."""
        held: dict[FundBook, list[Stock]] = {}
        for stock in self.stocks.values():
            if stock.contracts:
                held.setdefault(stock.book.fund, []).append(stock)
        found: dict[str, Decimal] = {}
        for claim in self.open_claims():
            if len(found) == len(held):
                break
            fund = claim.book.fund
            if fund.name not in found:
                found[fund.name] = sum((one.pnl() for one in held[fund]), ZERO)
        return found

    def open_claims(self) -> Iterator[VenueClaim]:
        """What the venue still holds."""
        return (claim for claim in list(self.claims) if claim.size)

    # --- payments: money moves between two sides; each gives back what it is told as ------------------------

    def come_in(self, holder: Holder, amount: Decimal) -> None:
        """A deposit, or (below zero) a withdrawal; the other side is the money outside."""
        self.touch(holder)
        holder.balance += amount
        self._from_outside(self.currency_of(holder), amount)

    def come_into_fund(self, fund: FundBook, currency: str, amount: Decimal) -> Told:
        """Money from outside into a fund."""
        self._from_outside(currency, amount)
        return (self._to_fund(fund, "", 0, amount, "deposit"),)

    def _from_outside(self, currency: str, amount: Decimal) -> None:
        self.outside[currency] = self.outside.get(currency, ZERO) - amount

    def move_margin(self, holding: Holding, amount: Decimal) -> None:
        """From the free balance to the margin of an isolated position; below zero: back."""
        if holding.collateral is not None and amount:
            self.touch(holding.holder)
            holding.book.note_change(holding)
            holding.collateral += amount
            holding.holder.balance -= amount

    def charge_funding(self, book: MarketBook, rate: Decimal) -> FundingPaid:
        """Funding falls due: the index moves by the payment of one long contract, and what the payers owe
        together is told. It is settled with each position before anything else changes it
        (`settle_funding`)."""
        payment = payment_per_contract(book.contract, rate, book.mark)
        book.funding += payment
        # the longs pay when the rate is positive, else the shorts; the rest of the market counts on its side
        side = 1 if rate > 0 else -1
        contracts = book.open_interest[side] + max(side * book.rest_size, ZERO)
        owed = abs(payment) * contracts
        each = payment_worked(book.contract, rate, book.mark, payment)
        all_of_them = Worked("together", owed, "[per contract] x [contracts]", (abs(payment), contracts))
        return FundingPaid(self.step, book.name, rate, book.mark, owed, (each, all_of_them))

    def settle_funding(self, holding: Holding) -> Told:
        """What a position has received or owes, rounded down (against the account); the rest of the market is
        the other side."""
        if holding.book.funding == holding.funding:
            return ()
        book, owed = holding.book, holding.pending_funding()
        book.note_change(holding)
        per_contract = book.funding - holding.funding
        holding.funding = book.funding
        amount = self._settle(owed)
        book.funding_dust += owed - amount
        if not amount:
            return ()
        self.touch(holding.holder)
        self.pay_in(holding, amount)
        book.rest_cash -= amount
        told = record(FundingSettled, (
            self.step, holding.holder.id, book.name, holding.side, amount, per_contract, holding.size
        ))  # fmt: skip
        return (told,)

    def settle_everybody(self) -> Iterator[Event]:
        """What everybody has received or owes, by name.

        An account that has not been made is not made for it: it is not due, so its position's collateral and
        pnl, whole money units, are more than it owes, and no less than that rounded up to one."""
        columns, made, places = self.roster.columns, self.roster.made, self.roster.places_by_name()
        if columns is None:
            for place in places:
                yield from self._settle_account(self.roster.holder(place))
            return
        book, owed, received = self.markets[columns.market], ZERO, ZERO
        ids, longs, sizes, settle = columns.ids, columns.longs, columns.sizes, self._settle
        step, name, index = self.step, book.name, book.funding
        for place in places:
            if place in made:
                yield from self._settle_account(made[place])
                continue
            side, size = LONG if longs[place] else SHORT, sizes[place]
            own = pending(size if side > 0 else -size, index)
            owed += own
            if amount := settle(own):
                received += amount
                yield record(FundingSettled, (step, ids[place], name, side, amount, index, size))
        book.funding_dust += owed - received
        book.rest_cash -= received
        self.roster.settle(index, received)
        self.settled[book.settles] = received

    def _settle_account(self, holder: Holder) -> Iterator[Event]:
        """What an account has received or owes for the positions that it still has."""
        for holding in holder.holdings:
            if holding.size:
                yield from self.settle_funding(holding)

    def funding_dust_to_fund(self, book: MarketBook) -> Told:
        """What rounding took from the accounts at settlements goes from the rest of the market to the
        fund."""
        dust = round_to(book.funding_dust, self.unit, DOWN)
        if not dust:
            return ()
        book.rest_cash -= dust
        return (self._to_fund(book.fund, book.name, 0, dust, "dust"),)

    def post_result(self, claim: Closing, result: Decimal, why: str) -> Told:
        """What a claim has brought: a surplus goes to the fund; a shortfall is paid by it as far as it may,
        and what is left is bad debt."""
        if not result:
            return ()
        if result > ZERO:
            book = claim.book
            return (self._to_fund(book.fund, book.name, self.number_of(claim), result, why),)
        paid = self.fund_pays_loss(claim, -result)
        left = -result - sum((event.amount for event in paid), ZERO)
        return (*paid, *self.venue_bears(claim.book, self.number_of(claim), left)) if left else paid

    def fund_pays_loss(self, claim: Closing, loss: Decimal) -> tuple[FundPaid, ...]:
        """The fund pays of a claim's loss what it may."""
        paid = min(loss, claim.book.fund.reserve())
        return self._from_fund(claim.book.fund, claim.book.name, self.number_of(claim), paid) if paid else ()

    def venue_bears(self, book: MarketBook, number: int, amount: Decimal) -> Told:
        """Money that nobody covers: the venue's books carry it, and it is a row."""
        if not amount:
            return ()
        self.venue_cash[book.settles] -= amount
        return (BadDebt(self.step, number, book.name, amount),)

    def give_back(self, claim: Closing, amount: Decimal) -> None:
        """A surplus that the account keeps goes to its balance."""
        self.touch(claim.holder)
        claim.holder.balance += amount

    def fee_of_claim(self, claim: Closing, amount: Decimal, to: FeeTo, how: How) -> Told:
        """A fee out of a claim's surplus."""
        number = self.number_of(claim)
        told = FeePaid(self.step, number, None, claim.book.name, amount, str(to), how)
        return (told, *self._fee_to(claim.book, number, amount, to, how))

    def fee_of_account(self, holding: Holding, number: int, amount: Decimal, to: FeeTo, how: How) -> Told:
        """A fee from the margin behind a position, of a closed one from the balance; below zero a rebate,
        which is the venue's."""
        self.touch(holding.holder)
        if holding.collateral is not None and holding.size:
            holding.book.note_change(holding)
            holding.collateral -= amount
        else:
            holding.holder.balance -= amount
        to = FeeTo.VENUE if amount < 0 else to
        who = self.step, number, holding.holder.id, holding.book.name
        told = FeePaid(*who, amount, str(to), how, "fees.deleveraged")
        return (told, *self._fee_to(holding.book, number, amount, to, how))

    def fee_of_order(self, holding: Holding, number: int, amount: Decimal, to: FeeTo, how: How) -> Told:
        """A fee on a fill of an order in the account's own name, out of what the fill has brought its
        balance."""
        self.touch(holding.holder)
        holding.holder.balance -= amount
        who = self.step, number, holding.holder.id, holding.book.name
        return (
            FeePaid(*who, amount, str(to), how, "fees.reduced"),
            *self._fee_to(holding.book, number, amount, to, how),
        )

    def _fee_to(self, book: MarketBook, number: int, amount: Decimal, to: FeeTo, how: How) -> Told:
        if to == FeeTo.FUND:
            return (self._to_fund(book.fund, book.name, number, amount, "fee", how),)
        self.revenue[book.settles] = self.revenue.get(book.settles, ZERO) + amount
        return ()

    def give_margin(self, unit: Unit, vault: Backstop) -> None:
        """What is left of a unit's margin goes to the vault that has taken its positions over."""
        vault.cash += self.empty_margin(unit)

    def free_margin(self, unit: Unit) -> None:
        """What is left of the margin of an isolated position that is closed goes to the account's free
        balance."""
        first, left = unit.holdings[0], unit.money()
        if first.collateral is not None:
            self.touch(unit.holder)
            first.collateral, unit.holder.balance = ZERO, unit.holder.balance + left

    def fund_pays_account(self, holding: Holding, number: int, amount: Decimal) -> Told:
        """The fund pays into the margin behind a position."""
        if amount <= 0:
            return ()
        self.touch(holding.holder)
        self.pay_in(holding, amount)
        return self._from_fund(holding.book.fund, holding.book.name, number, amount)

    def account_pays_fund(self, holding: Holding, number: int, amount: Decimal, how: How = ()) -> Told:
        """A liquidation fee from the margin behind a position to the fund."""
        if amount <= 0:
            return ()
        self.touch(holding.holder)
        self.pay_in(holding, -amount)
        return (self._to_fund(holding.book.fund, holding.book.name, number, amount, "fee", how),)

    def forgive(self, holding: Holding, amount: Decimal) -> None:
        """An account that has nothing left is relieved of its debt; the loss is still to be borne
        (`account_bears`, `rest_bears`, `venue_bears`)."""
        self.touch(holding.holder)
        self.pay_in(holding, amount)

    def account_bears(self, holding: Holding, amount: Decimal, base: Decimal, how: How = ()) -> Told:
        """An account bears its part of a loss, from the margin behind a position."""
        self.touch(holding.holder)
        self.pay_in(holding, -amount)
        return (LossSocialized(self.step, holding.holder.id, holding.book.name, amount, base, how),)

    def rest_bears(self, book: MarketBook, amount: Decimal, base: Decimal, how: How = ()) -> Told:
        """The rest of the market bears its part of a loss."""
        book.rest_cost += amount
        return (LossSocialized(self.step, REST, book.name, amount, base, how),)

    def fund_takes_excess(self, book: MarketBook, number: int, amount: Decimal) -> Told:
        """What rounding has taken from the bearers of a loss beyond it goes to the fund."""
        return (self._to_fund(book.fund, book.name, number, amount, "dust"),) if amount > 0 else ()

    # --- single legs ----------------------------------------------------------------------------------------

    def pay_in(self, holding: Holding, amount: Decimal) -> None:
        """Add to the margin behind a position: its collateral, or the balance of a cross account."""
        if holding.collateral is not None:
            holding.book.note_change(holding)
            holding.collateral += amount
        else:
            holding.holder.balance += amount

    def empty_margin(self, unit: Unit) -> Decimal:
        """Take what is left of a unit's margin (below zero: relieve it of its debt); the caller posts it."""
        left, first = unit.money(), unit.holdings[0]
        if first.collateral is not None:
            first.collateral -= left
        else:
            unit.holder.balance -= left
        return left

    def _to_fund(
        self, fund: FundBook, contract: str, number: int, amount: Decimal, why: str, how: How = ()
    ) -> FundReceived:
        before = fund.balance
        if contract:
            fund.pnl[contract] += amount
        fund.balance = before + amount
        return record(FundReceived, (self.step, fund.name, number, amount, why, before, fund.balance, how))

    def _from_fund(self, fund: FundBook, contract: str, number: int, amount: Decimal) -> tuple[FundPaid, ...]:
        """From the fund, and from the layers behind it what it cannot pay."""
        own = amount if fund.behind is None else min(amount, fund.own())
        rest = (
            ()
            if fund.behind is None or own == amount
            else self._from_fund(fund.behind, contract, number, amount - own)
        )
        if not own:
            return rest
        before = fund.balance
        fund.balance = before - own
        fund.pnl[contract] -= own
        fund.look()  # at its limit it is stopped, whatever it receives before it is asked again
        return (record(FundPaid, (self.step, fund.name, number, own, before, fund.balance)), *rest)


def _over_the_run(scenario: Scenario) -> FundRules:
    """The fund's rules; where the steps have no times, its peak is that of the whole run, however long the
    window is."""
    rules = scenario.rules.fund
    if rules.drawdown is None or scenario.path.seconds is not None:
        return rules
    return replace(rules, drawdown=replace(rules.drawdown, window=None))


def layers(fund: FundBook | None) -> Iterator[FundBook]:
    """A fund and those behind it."""
    while fund is not None:
        yield fund
        fund = fund.behind


def with_trades(scenario: Scenario) -> Sequence[Account]:
    """The accounts, with the positions that their trades may open and that they do not begin with: they are
    there from the start, without contracts."""
    trades = [one for events in scenario.path.events.values() for one in events if isinstance(one, Trade)]
    if not trades:
        return scenario.accounts
    traders = {one.account for one in trades}
    held = {
        (account.id, position.market, position.side)
        for account in scenario.accounts
        if account.id in traders
        for position in account.positions
    }
    found: dict[tuple[str, str, int], Position] = {}
    for one in trades:
        key = (one.account, one.market, one.side)
        if key not in held:
            price = one.price or scenario.path.marks[one.market][0]
            margin_held = ZERO if one.isolated else None
            found.setdefault(key, Position(one.market, one.side, ZERO, price, margin_held, one.leverage))
    opened = {who: tuple(p for (name, *_), p in found.items() if name == who) for who in traders}
    return [
        replace(account, positions=(*account.positions, *opened[account.id]))
        if account.id in opened
        else account
        for account in scenario.accounts
    ]
