"""The books: who holds what at which cost, and the postings that move money and contracts between them.

Accounting is by cost. Everyone has cash and positions (signed size, cost = signed entry value); a fill of value v moves contracts
and v between two sides, so the sum of cash - cost over everybody never changes, and neither does the sum of signed sizes: the two
invariants of the audit. Realized pnl = v - the cost of what was closed.

An audit that looked at every account at every step would cost more than the run, so each holder notes its standing when it is
first touched in a step, and the step's audit compares only those; the last audit adds up everybody.

Public: Holding, Holder, Unit, Claim, MarketBook, FundBook, Ledger, AuditError.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from adlcalc.engine import margin
from adlcalc.engine.fund import FundBook
from adlcalc.engine.model import Account, Market, Position, Scenario
from adlcalc.engine.numbers import CEILING, DOWN, FLOOR, ZERO, divide, round_to, rounder


class AuditError(Exception):
    """Money or contracts appeared or vanished: a bug, never a property of a scenario."""


class MarketBook:
    """A market while it runs: its mark, its funding index (what one long contract has paid since the start), the rest of the
    market.
    """

    __slots__ = (
        "changed",
        "contract",
        "fund",
        "funding",
        "funding_dust",
        "holdings",
        "lines",
        "lot",
        "mark",
        "market",
        "name",
        "open_interest",
        "order",
        "previous",
        "rest_cash",
        "rest_cost",
        "rest_size",
        "tick",
        "unit",
        "value",
    )

    def __init__(self, market: Market, order: int, unit: Decimal, fund: FundBook) -> None:
        self.market, self.order, self.unit, self.fund = market, order, unit, fund
        self.name, self.contract, self.tick, self.lot = market.name, market.contract, market.tick, market.lot
        self.mark = self.previous = self.funding = ZERO
        # all holdings of a side, in file order; closed ones stay in the list with size 0
        self.holdings: dict[int, list[Holding]] = {1: [], -1: []}
        self.open_interest = {1: ZERO, -1: ZERO}  # contracts that the accounts hold, per side
        # isolated positions that a fill changed since their side was laid into a grid (head.py)
        self.changed: dict[int, dict[Holding, None]] = {1: {}, -1: {}}
        self.rest_size = self.rest_cost = self.rest_cash = ZERO
        self.funding_dust = ZERO  # what rounding took from the accounts at settlements; it lies with the rest of the market
        # what closing signed_size at price brings: value(signed_size, price)
        self.value = margin.valuer(market.contract, unit)
        self.lines = (
            margin.lines_of(market.maintenance, ZERO, ZERO)
            if market.maintenance.by == "notional" and not market.maintenance.slope
            else None
        )


class Holding:
    """One position while it runs. collateral is None for a cross one; funding is the index up to which its funding is settled."""

    __slots__ = (
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
        "triggers",
        "_unit",
    )

    def __init__(self, holder: Holder, book: MarketBook, position: Position, order: int) -> None:
        self.holder, self.book, self.order = holder, book, order
        self.side, self.size, self.entry = position.side, position.size, position.entry
        self.collateral, self.leverage = position.collateral, position.leverage
        self.signed_size = position.size if position.side > 0 else -position.size
        self.cost = book.value(self.signed_size, position.entry)
        self.funding = ZERO
        self._unit: Unit | None = None
        self.triggers: tuple[int | None, int | None] = (None, None)

    @property
    def unit(self) -> Unit:
        """What it is liquidated with. The unit of an isolated position is made when it is first asked for: most never are."""
        if self._unit is None:
            alone = self.collateral is not None
            Unit(self.holder, [self] if alone else [h for h in self.holder.holdings if h.collateral is None], isolated=alone)
            assert self._unit is not None
        return self._unit

    def is_alone(self) -> bool:
        """Is it isolated, or the only cross position of its account?"""
        return self.collateral is not None or len(self.holder.holdings) == 1 or len(self.unit.holdings) == 1

    def value(self) -> Decimal:
        """Value at the mark."""
        return self.book.value(self.signed_size, self.book.mark)

    def pnl(self) -> Decimal:
        """Unrealized pnl = value at the mark - cost."""
        return self.value() - self.cost

    def pending_funding(self) -> Decimal:
        """Funding received (+) or owed (-) since the last settlement, unrounded: -s q (index now - index then)."""
        change = self.book.funding - self.funding
        return -self.signed_size * change if change else ZERO

    def lines(self) -> margin.Lines:
        """The maintenance lines that hold for this position now."""
        return self.book.lines or margin.lines_of(self.book.market.maintenance, self.size, self.cost)

    def cost_of(self, size: Decimal) -> Decimal:
        """The cost of a part: pro rata, half even to the money unit; the rest keeps the dust."""
        if size == self.size:
            return self.cost
        return round_to(divide(self.cost * size, self.size), self.book.unit)


class Holder:
    """An account while it runs. balance backs its cross positions; it is the free balance of an isolated one."""

    __slots__ = ("balance", "deleveraged", "equity_start", "holdings", "id", "liquidated", "order")

    def __init__(self, account: Account, order: int) -> None:
        self.id, self.order, self.balance = account.id, order, account.balance
        self.holdings: list[Holding] = []
        self.equity_start = ZERO
        self.liquidated = self.deleveraged = False

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


class Unit:
    """What is liquidated together: one isolated position, or all cross positions of an account."""

    __slots__ = ("holder", "holdings", "isolated", "order")

    def __init__(self, holder: Holder, holdings: list[Holding], isolated: bool) -> None:
        self.holder, self.holdings, self.isolated = holder, holdings, isolated
        self.order = holdings[0].order
        for holding in holdings:
            holding._unit = self

    def cash(self) -> Decimal:
        """Equity but for the values at the mark: collateral or balance, less costs, plus pending funding."""
        first = self.holdings[0]
        total = first.collateral if first.collateral is not None else self.holder.balance
        for holding in self.holdings:
            if holding.size:
                total -= holding.cost
                if holding.book.funding != holding.funding:
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
        equity, maintenance = self.cash(), ZERO
        for holding in self.holdings:
            if holding.size:
                book = holding.book
                value = book.value(holding.signed_size, book.mark)
                equity += value
                maintenance += margin.maintenance_margin(book.lines or holding.lines(), abs(value))
        return equity, maintenance


class Claim:
    """A position that is being closed. cost = its value at the bankruptcy price, so its pnl is surplus or shortfall.

    `holding` is None where the venue holds it; else it still stands in the account's own name, and the account keeps the result.
    `quote(size)` gives the value of a part at the bankruptcy price where the venue rounds that money itself; else the price does.
    """

    __slots__ = ("account", "book", "cost", "holder", "holding", "id", "price", "quote", "side", "size")

    def __init__(
        self, id: int, account: str, book: MarketBook, side: int, size: Decimal, price: Decimal | None, cost: Decimal
    ) -> None:
        self.id, self.account, self.book, self.side, self.size, self.price, self.cost = id, account, book, side, size, price, cost
        self.holding: Holding | None = None
        self.holder: Holder | None = None
        self.quote: Callable[[Decimal], Decimal] | None = None

    def proceeds(self, size: Decimal, price: Decimal) -> Decimal:
        """What closing a part at `price` brings."""
        if self.quote is not None and price == self.price:
            return self.quote(size)
        return self.book.value(self.side * size, price)

    def cost_of(self, size: Decimal) -> Decimal:
        """The cost of a part: its value at the bankruptcy price (pro rata where there is none); the last part takes what is
        left.
        """
        if self.quote is not None:
            return self.quote(size)
        if size == self.size:
            return self.cost
        if self.price is None:
            return round_to(divide(self.cost * size, self.size), self.book.unit)
        return self.book.value(self.side * size, self.price)

    def loss(self, size: Decimal, price: Decimal, whole: bool) -> Decimal:
        """How much worse than at the bankruptcy price `size` closes at `price`, in money (negative: better).

        The whole claim or offer goes by the loss that will be posted; a part by the unrounded one too, so that rounding makes
        no lot cheaper.
        """
        posted = self.cost_of(size) - self.book.value(self.side * size, price)
        if self.price is None or whole or self.book.contract.rounding == "per-contract":
            return posted
        worse = self.side * (self.price - price) * size * self.book.contract.multiplier
        return max(posted, worse if self.book.contract.kind == "linear" else divide(worse, self.price * price))

    def at_or_beyond(self, price: Decimal) -> bool:
        """Is `price` no better for closing this claim than its bankruptcy price?"""
        return self.price is None or (price <= self.price if self.side > 0 else price >= self.price)

    def better_or_equal(self, price: Decimal) -> bool:
        """Would a fill at `price` be at the bankruptcy price or better?"""
        return self.price is not None and (price >= self.price if self.side > 0 else price <= self.price)


class Backstop:
    """A backstop provider while it runs: what it has taken over, and the margin it was given with it. left: its capacity in
    this step.
    """

    __slots__ = ("cash", "id", "left", "positions", "taken")

    def __init__(self, id: str) -> None:
        self.id, self.cash, self.taken = id, ZERO, False
        self.positions: dict[MarketBook, list[Decimal]] = {}  # [signed size, cost]
        self.left: dict[MarketBook, Decimal] = {}

    def take(self, book: MarketBook, signed_size: Decimal, cost: Decimal) -> None:
        position = self.positions.setdefault(book, [ZERO, ZERO])
        position[0] += signed_size
        position[1] += cost
        self.taken = True

    def standing(self) -> Decimal:
        """Cash - cost: what the audit adds up."""
        return self.cash - sum((cost for _size, cost in self.positions.values()), ZERO)


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
        self.venue_cash = ZERO  # negative: losses that nobody covered
        self.opening = ZERO  # the accounts' cash - cost at the start
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
            self.opening += total
        # everybody's cash - cost: their equities without the values at the mark, which are the other side of the rest's costs
        self.opening += sum((book.rest_cost for book in self.markets.values()), ZERO)

    # --- what the audit adds up ----------------------------------------------------------------------------------

    def system_standing(self) -> Decimal:
        """Cash - cost of everybody but the accounts: funds, venue, rest of the market."""
        total = self.venue_cash
        for fund in self.funds.values():
            total += fund.balance
        for claim in self.claims:
            total -= claim.cost
        for backstop in self.backstops.values():
            total += backstop.standing()
        for book in self.markets.values():
            total += book.rest_cash - book.rest_cost
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
