"""The postings that move money and contracts between accounts, funds, venue and the rest of the market.

Accounting is by cost. Everyone has cash and positions (signed size, cost = signed entry value); a fill of value v moves contracts
and v between two sides, so the sum of cash - cost over everybody never changes, and neither does the sum of signed sizes: the two
invariants of the audit. Realized pnl = v - the cost of what was closed.

An audit that looked at every account at every step would cost more than the run, so each holder notes its standing when it is
first touched in a step, and the step's audit compares only those; the last audit adds up everybody.

Public: Ledger, AuditError.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from adlcalc.engine.books.claims import Backstop, Claim
from adlcalc.engine.books.fund import FundBook
from adlcalc.engine.books.holdings import Holder, Holding, MarketBook, Unit
from adlcalc.engine.model import Scenario
from adlcalc.ground.numbers import CEILING, DOWN, FLOOR, ZERO, divide, round_to, rounder


class AuditError(Exception):
    """Money or contracts appeared or vanished: a bug, never a property of a scenario."""


class Ledger:
    """Everybody's books, and the postings."""

    def __init__(self, scenario: Scenario) -> None:
        self.unit = scenario.money_unit
        self.round_up = rounder(self.unit, CEILING)
        self.funds = {fund.name: FundBook(fund, scenario.rules.fund, self.unit) for fund in scenario.funds}
        self.markets = {m.name: MarketBook(m, i, self.unit, self.funds[m.fund]) for i, m in enumerate(scenario.markets)}
        self.backstops = {provider.id: Backstop(provider.id) for provider in scenario.providers}
        self.holders: list[Holder] = []
        self.claims: list[Claim] = []  # what the venue holds, oldest first
        self.claim_count = 0
        self.currencies = scenario.currencies
        self.venue_cash = dict.fromkeys(self.currencies, ZERO)  # negative: losses that nobody covered
        self.opening = dict.fromkeys(self.currencies, ZERO)  # the accounts' cash - cost at the start
        self.touched: dict[Holder, tuple[Decimal, list[Decimal]]] = {}
        self._open_accounts(scenario)

    # --- opening -------------------------------------------------------------------------------------------------

    def _open_accounts(self, scenario: Scenario) -> None:
        order = 0
        for i, account in enumerate(scenario.accounts):
            holder = Holder(account, i)
            self.holders.append(holder)
            for position in account.positions:
                book = self.markets[position.market]
                holding = Holding(holder, book, position, order)
                order += 1
                holder.holdings.append(holding)
                book.holdings[position.side].append(holding)
                book.rest_size -= holding.signed_size
                book.open_interest[position.side] += position.size

    @property
    def units(self) -> list[Unit]:
        """All margin units, in file order of their first positions."""
        return list(dict.fromkeys(holding.unit for holder in self.holders for holding in holder.holdings))

    def open_marks(self) -> None:
        """At the opening marks: note everybody's equity, and let the rest of the market stand at no profit and no loss."""
        for holder in self.holders:
            total = holder.balance
            for holding in holder.holdings:
                worth = holding.value()
                holding.book.rest_cost -= worth
                total += worth - holding.cost
                if holding.collateral is not None:
                    total += holding.collateral
            holder.equity_start = total
            self.opening[self.currency_of(holder)] += total
        # everybody's cash - cost: their equities without the values at the mark, which are the other side of the rest's costs
        for book in self.markets.values():
            self.opening[book.settles] += book.rest_cost

    # --- what the audit adds up ----------------------------------------------------------------------------------

    def currency_of(self, holder: Holder) -> str:
        """What an account's money is in: the currency of its positions, which all settle in one."""
        return holder.holdings[0].book.settles if holder.holdings else self.currencies[0]

    def named(self, who: str, currency: str) -> str:
        """'venue'; 'venue (BTC)' where there are several currencies, and so one of them for each."""
        return who if len(self.currencies) == 1 else f"{who} ({currency})"

    def vault(self, who: str, currency: str) -> Backstop:
        """The vault that takes over what settles in a currency."""
        name = self.named(who, currency)
        return self.backstops.setdefault(name, Backstop(name))

    def system_standing(self) -> dict[str, Decimal]:
        """Cash - cost of everybody but the accounts, by currency: funds, venue, backstops, rest of the market."""
        total = dict(self.venue_cash)
        for book in {book.fund: book for book in self.markets.values()}.values():
            total[book.settles] += book.fund.balance
        for claim in self.claims:
            total[claim.book.settles] -= claim.cost
        for backstop in self.backstops.values():
            total[next((book.settles for book in backstop.positions), self.currencies[0])] += backstop.standing()
        for book in self.markets.values():
            total[book.settles] += book.rest_cash - book.rest_cost
        return total

    def system_contracts(self) -> dict[str, Decimal]:
        """Signed contracts of everybody but the accounts, per market."""
        contracts = {book.name: book.rest_size for book in self.markets.values()}
        for claim in self.claims:
            contracts[claim.book.name] += claim.side * claim.size
        for backstop in self.backstops.values():
            for book, (size, _cost) in backstop.positions.items():
                contracts[book.name] += size
        return contracts

    def touch(self, holder: Holder) -> None:
        """Note a holder's standing and sizes before its first change in a step."""
        if holder not in self.touched:
            self.touched[holder] = (holder.standing(), [holding.signed_size for holding in holder.holdings])

    # --- postings ------------------------------------------------------------------------------------------------

    def settle_funding(self, holding: Holding) -> Decimal:
        """Post what a position has received or owes, rounded down (against the account); the rest of the market is the other
        side.
        """
        pending = holding.pending_funding()
        holding.funding = holding.book.funding
        amount = round_to(pending, self.unit, FLOOR)
        holding.book.funding_dust += pending - amount
        if amount:
            self.touch(holding.holder)
            self.pay_in(holding, amount)
            holding.book.rest_cash -= amount
        return amount

    def pay_in(self, holding: Holding, amount: Decimal) -> None:
        """Add to the margin behind a position: its collateral, or the balance of a cross account."""
        if holding.collateral is not None:
            holding.collateral += amount
        else:
            holding.holder.balance += amount

    def close_part(self, holding: Holding, size: Decimal, proceeds: Decimal, release: bool = True) -> Decimal:
        """Close `size` of a position for `proceeds` (signed value); the realized pnl.

        Cross: to the balance. Isolated: collateral is released pro rata (rounded down, the position keeps the dust) and goes to
        the free balance with the pnl; a loss larger than what is released is borne by the position's own collateral.
        release=False (a liquidation in the account's own name): pnl and collateral stay where the position was, so that no
        loss reaches the free balance.
        """
        self.touch(holding.holder)
        cost = holding.cost_of(size)
        pnl = proceeds - cost
        if holding.collateral is None:
            holding.holder.balance += pnl
        elif not release:
            holding.collateral += pnl
        else:
            whole = size == holding.size
            holding.book.changed[holding.side][holding] = None
            released = holding.collateral
            if not whole:
                released = round_to(divide(holding.collateral * size, holding.size), self.unit, DOWN)
            holding.collateral -= released
            freed = released + pnl
            if not whole and freed < 0:
                holding.collateral += freed
            else:
                holding.holder.balance += freed
        holding.book.open_interest[holding.side] -= size
        holding.cost -= cost
        holding.size -= size
        holding.signed_size = holding.size * holding.side
        return pnl

    def to_rest(self, book: MarketBook, signed_size: Decimal, fill_value: Decimal) -> None:
        """The book's other side: the rest of the market takes signed_size over for fill_value."""
        book.rest_size += signed_size
        book.rest_cost += fill_value

    def next_claim(self) -> int:
        """The number of the next claim."""
        self.claim_count += 1
        return self.claim_count

    def new_claim(self, number: int, holding: Holding, price: Decimal | None, cost: Decimal) -> Claim:
        """Move a whole position to the venue for `cost`, its value at the bankruptcy price. The margin stays with the
        account's books until `empty_margin` takes it."""
        self.touch(holding.holder)
        claim = Claim(number, holding.holder.id, holding.book, holding.side, holding.size, price, cost)
        claim.holder = holding.holder
        self.claims.append(claim)
        self.pay_in(holding, cost - holding.cost)
        holding.book.open_interest[holding.side] -= holding.size
        holding.cost = holding.size = holding.signed_size = ZERO
        return claim

    def empty_margin(self, unit: Unit) -> Decimal:
        """Take what is left of a unit's margin after takeover (the dust of rounded prices; negative only where no price
        exists).
        """
        first = unit.holdings[0]
        left = first.collateral if first.collateral is not None else unit.holder.balance
        self.pay_in(first, -left)
        return left

    def close_claim_part(self, claim: Claim, size: Decimal, proceeds: Decimal) -> Decimal:
        """Close part of a claim for `proceeds`; its surplus (+) or shortfall (-), which the caller posts to fund or bad debt."""
        cost = claim.cost_of(size)
        claim.cost -= cost
        claim.size -= size
        if claim.holding is not None:
            self.close_part(claim.holding, size, proceeds, release=False)
        return proceeds - cost

    def give_back(self, claim: Claim, amount: Decimal) -> None:
        """A surplus that the account keeps goes to its balance."""
        if claim.holder is not None:
            self.touch(claim.holder)
            claim.holder.balance += amount

    def open_claims(self) -> Iterator[Claim]:
        return (claim for claim in list(self.claims) if claim.size)
