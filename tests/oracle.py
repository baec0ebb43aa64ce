"""The `generic` rulebook written a second time, slowly, straight from its specification: plain fractions,
every account looked at in every step, every queue sorted whole, no index. The tests hold the engine to it. Of
the policies it knows the queue, and those that give from everybody: pro-rata and minimax-leverage.

It shares with the engine only the words of the scenario (`adlcalc.engine.model`, and which policy its rules
name). Wherever the specification
leaves a choice, a comment `# choice:` names the one taken here.

Public: run_oracle(scenario) -> dict (rows in the words of the JSON output, numbers are Fractions),
UnspecifiedError."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor
from typing import Any

from adlcalc.engine.formulas.policies import minimax_leverage, pro_rata
from adlcalc.engine.model import LONG, Account, Market, Scenario, side_name

INFINITE = Fraction(10) ** 60


DUST = Fraction(1, 1_000_000)


class UnspecifiedError(Exception):
    """The scenario goes where the specification says nothing."""


def half_even(x: Fraction, step: Fraction) -> Fraction:
    """The multiple of `step` nearest to x; a half goes to the even one."""
    return round(x / step) * step


def up(x: Fraction, step: Fraction) -> Fraction:
    return ceil(x / step) * step


def down(x: Fraction, step: Fraction) -> Fraction:
    return floor(x / step) * step


def toward_zero(x: Fraction, step: Fraction) -> Fraction:
    return (down if x > 0 else up)(x, step)


def in_proportion(sizes: list[Fraction], quantity: Fraction) -> list[Fraction]:
    """Of each the same part, at most all of it."""
    whole = sum(sizes)
    return [min(quantity, whole) * size / whole if whole else Fraction(0) for size in sizes]


def in_lots(shares: list[Fraction], total: Fraction, lot: Fraction, most: list[Fraction]) -> list[Fraction]:
    """Whole lots by largest remainder, ties in queue order.

    choice: what is left then (less than a lot, or no room above the shares) goes to the first with room."""
    parts = [min(down(share, lot), cap) for share, cap in zip(shares, most, strict=True)]
    total = min(total, sum(most))
    for i in sorted(range(len(parts)), key=lambda i: parts[i] - shares[i]):
        if total - sum(parts) >= lot and parts[i] + lot <= most[i]:
            parts[i] += lot
    for i in range(len(parts)):
        parts[i] += min(total - sum(parts), most[i] - parts[i])
    return parts


@dataclass
class Book:
    """One side of a market's book within one step: levels that are used up, or how far an impact book has
    been pushed."""

    levels: list[list[Fraction]]
    pushed: Fraction = Fraction(0)


@dataclass(eq=False)
class Holding:
    """An open position: `cost` is side x value at entry of what is open; `accrued` is funding not yet
    settled."""

    owner: Owner
    market: Market
    side: int
    size: Fraction
    entry: Fraction
    cost: Fraction
    collateral: Fraction | None
    order: tuple[int, int]
    accrued: Fraction = Fraction(0)


@dataclass(eq=False)
class Owner:
    id: str
    balance: Fraction
    holdings: list[Holding] = field(default_factory=list)
    liquidated: bool = False
    deleveraged: bool = False
    equity_start: Fraction = Fraction(0)

    def units(self) -> list[list[Holding]]:
        """Its margin units: each isolated position alone, all cross positions together (in the place of the
        first of them)."""
        live = [h for h in self.holdings if h.size > 0]
        cross = [h for h in live if h.collateral is None]
        return [
            cross if h.collateral is None else [h] for h in live if h.collateral is not None or h is cross[0]
        ]


@dataclass(eq=False)
class Claim:
    """What the venue took over: worked until `left` is zero. cost is side x value at the bankruptcy price of
    what is left."""

    number: int
    market: Market
    side: int
    left: Fraction
    cost: Fraction
    price: Fraction  # the bankruptcy price
    row: dict[str, Any]


class Oracle:
    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.instead: dict[
            str, Fraction
        ] = {}  # marks supposed in place of the path's, to find liquidation prices
        self.unit = Fraction(scenario.money_unit)
        self.markets = {m.name: m for m in scenario.markets}
        self.funds = {f.name: Fraction(f.balance) for f in scenario.funds}
        self.floors = {f.name: Fraction(f.floor) for f in scenario.funds}
        self.owners = [self.owner(i, a) for i, a in enumerate(scenario.accounts)]
        self.rest_cost = {m: Fraction(0) for m in self.markets}  # the other side of every book fill
        self.rest = {m: Fraction(0) for m in self.markets}
        for h in self.all_holdings():
            self.rest[h.market.name] -= h.side * h.size
        self.claims: list[Claim] = []
        self.venue_funding = self.bad_debt = Fraction(0)
        self.rows: dict[str, list[dict[str, Any]]] = {
            k: []
            for k in (
                "liquidations",
                "book",
                "fund",
                "deleveraged",
                "skipped",
                "bad_debts",
                "held",
                "audit",
                "accounts",
            )
        }

    def owner(self, i: int, account: Account) -> Owner:
        owner = Owner(account.id, Fraction(account.balance))
        for k, p in enumerate(account.positions):
            market, size, entry = self.markets[p.market], Fraction(p.size), Fraction(p.entry)
            cost = p.side * self.value(market, size, entry)
            collateral = None if p.collateral is None else Fraction(p.collateral)
            owner.holdings.append(Holding(owner, market, p.side, size, entry, cost, collateral, (i, k)))
        return owner

    # --- money ----------------------------------------------------------------------------------------------

    def value(self, market: Market, size: Fraction, price: Fraction) -> Fraction:
        """size x multiplier x price, or -size x multiplier / price; rounded once, half even, to the money
        unit."""
        one = self.value_of_one(market, price)
        if market.name in self.instead or market.contract.rounding == "per-contract":
            return one * size
        return half_even(one * size, self.unit)

    def value_of_one(self, market: Market, price: Fraction) -> Fraction:
        """Of one contract: unrounded, but where each is rounded."""
        one = Fraction(market.contract.multiplier) * (
            price if market.contract.kind == "linear" else -1 / price
        )
        per_contract = market.contract.rounding == "per-contract" and market.name not in self.instead
        return half_even(one, self.unit) if per_contract else one

    def mark(self, market: Market) -> Fraction:
        return self.instead.get(market.name, Fraction(self.scenario.path.marks[market.name][self.step]))

    def pnl(self, h: Holding) -> Fraction:
        return h.side * self.value(h.market, h.size, self.mark(h.market)) - h.cost

    def notional(self, h: Holding) -> Fraction:
        return abs(self.value(h.market, h.size, self.mark(h.market)))  # choice: the rounded value, as in pnl

    def maintenance(self, h: Holding) -> Fraction:
        """The largest line rate x notional - deduction, or the one tier that entry value or size falls in;
        plus slope and fee."""
        rule, n = h.market.maintenance, self.notional(h)
        # on both sides of an isolated position it drops out of what is due
        counts = rule.cross != "none" if h.collateral is None else rule.isolated == "maintenance"
        extra = Fraction(rule.slope) * h.size + counts * Fraction(rule.closing_fee)
        if rule.by == "notional":
            return max((Fraction(t.rate) + extra) * n - Fraction(t.deduction) for t in rule.tiers)
        x = abs(h.cost) if rule.by == "entry-value" else h.size  # of what is open now
        rate = [Fraction(t.rate) for t in rule.tiers if Fraction(t.floor) <= x][-1]
        return (rate + extra) * n  # choice: not rounded to the money unit

    def equity(self, unit: list[Holding]) -> Fraction:
        """Collateral (isolated position) or balance (cross account) plus unrealized pnl and funding not yet
        settled."""
        margin = unit[0].owner.balance if unit[0].collateral is None else unit[0].collateral
        return margin + sum(self.pnl(h) + h.accrued for h in unit)

    def wealth(self, owner: Owner) -> Fraction:
        return owner.balance + sum(
            (h.collateral or 0) + self.pnl(h) + h.accrued for h in owner.holdings if h.size > 0
        )

    def all_holdings(self) -> list[Holding]:
        return [h for o in self.owners for h in o.holdings if h.size > 0]

    # --- the run --------------------------------------------------------------------------------------------

    def run(self) -> dict[str, Any]:
        for step in range(self.scenario.path.steps):
            self.step = step
            if step == 0:
                for o in self.owners:
                    o.equity_start = self.wealth(o)  # choice: at the opening mark
                money = self.money()
            opening = dict(self.funds)
            self.received = dict.fromkeys(self.funds, Fraction(0))
            self.paid = dict.fromkeys(self.funds, Fraction(0))
            self.books: dict[tuple[str, int], Book] = {}
            self.asked: set[tuple[int, Fraction]] = set()
            self.queues: dict[tuple[str, int], list[tuple[Holding, Fraction]]] = {}
            self.skipped: set[tuple[int, tuple[int, int]]] = set()
            self.funding()
            self.waterfall()
            if step == self.scenario.path.steps - 1:
                for h in self.all_holdings():
                    self.settle(h)
            self.hold()
            for name, balance in self.funds.items():
                assert opening[name] + self.received[name] - self.paid[name] == balance
                row = {
                    "opening": opening[name],
                    "received": self.received[name],
                    "paid": self.paid[name],
                    "closing": balance,
                }
                self.rows["fund"].append({"step": step, "fund": name, **row})
            assert self.money() == money, "the oracle lost money"
            assert all(self.open_interest(m) == 0 for m in self.markets), "the oracle lost contracts"
        return self.result()

    def waterfall(self) -> None:
        """Everyone due is taken over, then the venue works what it holds, oldest first; again, until nothing
        moves.

        choice: what was worked in this step already is worked again in the same step when something moved
        since (another claim's surplus may pay now). The rulebook says "at the next step" of what is held, the
        waterfall "within the step"."""
        moved = True
        while moved:
            due = sorted((u for o in self.owners for u in o.units() if self.is_due(u)), key=self.worst_first)
            for unit in due:
                self.take_over(unit)
            before = [claim.left for claim in self.claims]
            if self.scenario.rules.adl.policy in (pro_rata, minimax_leverage):
                self.work_together([claim for claim in self.claims if claim.left > 0])
            else:
                for claim in self.claims:
                    if claim.left > 0:
                        self.work(claim)
            moved = bool(due) or before != [claim.left for claim in self.claims]

    def is_due(self, unit: list[Holding]) -> bool:
        equity, maintenance = self.equity(unit), sum(map(self.maintenance, unit))
        return equity < maintenance or (
            equity == maintenance and self.scenario.rules.margin.due == "at-or-below"
        )

    def worst_first(self, unit: list[Holding]) -> tuple[Fraction, tuple[int, int]]:
        equity, maintenance = self.equity(unit), sum(map(self.maintenance, unit))
        return equity / (maintenance or 1), unit[
            0
        ].order  # choice: where no maintenance is asked, the equity itself

    # --- funding --------------------------------------------------------------------------------------------

    def funding(self) -> None:
        """rate x notional at the new mark, long to short; the venue and the rest of the market pay and
        receive like everyone."""
        for name, rates in self.scenario.path.funding.items():
            if self.step in rates:
                per_contract = Fraction(rates[self.step]) * abs(
                    Fraction(self.markets[name].contract.multiplier)
                    * (
                        self.mark(self.markets[name])
                        ** (1 if self.markets[name].contract.kind == "linear" else -1)
                    )
                )  # choice: accumulated unrounded per contract, rounded only when settled
                for h in self.all_holdings():
                    if h.market.name == name:
                        h.accrued -= h.side * per_contract * h.size
                for c in (
                    self.claims
                ):  # choice: what the venue holds pays and receives; the venue keeps it, apart from the funds
                    if c.market.name == name:
                        self.venue_funding -= c.side * per_contract * c.left
                self.rest_cost[name] += per_contract * self.rest[name]

    def settle(self, h: Holding) -> None:
        """Funding becomes money when the position changes and at the end: rounded against the account, the
        dust to the fund."""
        amount = down(h.accrued, self.unit)
        self.post(h, amount)
        self.pay_fund(h.market, h.accrued - amount)
        h.accrued = Fraction(0)

    def post(self, h: Holding, amount: Fraction) -> None:
        if h.collateral is None:
            h.owner.balance += amount
        else:
            h.collateral += amount

    # --- takeover -------------------------------------------------------------------------------------------

    def take_over(self, unit: list[Holding]) -> None:
        """Every position of the unit moves to the venue at its own bankruptcy price; what rounding leaves
        goes to the fund."""
        owner, isolated = unit[0].owner, unit[0].collateral is not None
        for h in unit:
            self.settle(h)
        equity, parts = self.equity(unit), [self.maintenance(h) for h in unit]
        if len(unit) > 1 and sum(parts) == 0:
            parts = [self.notional(h) for h in unit]  # choice: by notional where no maintenance is asked
        if sum(parts) == 0 and len(unit) > 1:
            raise UnspecifiedError("positions that are worth less than a unit of money")
        shares = [equity * part / sum(parts) if len(unit) > 1 else equity for part in parts]
        prices = [self.bankruptcy_price(h, share) for h, share in zip(unit, shares, strict=True)]
        maintenance = sum(map(self.maintenance, unit))
        arounds = [self.liquidation_price(unit, h) for h in unit]
        for h, share, price, around in zip(unit, shares, prices, arounds, strict=True):
            row = {
                "step": self.step,
                "claim": len(self.claims) + 1,
                "account": owner.id,
                **self.where(h),
                "size": h.size,
            }
            row |= {
                "entry_price": h.entry,
                "mark_price": self.mark(h.market),
                "bankruptcy_price": price,
                "equity": equity,
            }
            row |= {
                "maintenance": maintenance,
                "margin": "isolated" if isolated else "cross",
                "method": "takeover",
            }
            row |= {"liquidation_price": around}
            row |= dict.fromkeys(
                ("book_size", "backstop_size", "deleveraged_size", "surplus", "shortfall"), Fraction(0)
            )
            # choice: a unit more where half even would leave less than nothing of the share
            least = h.side * self.value(h.market, h.size, self.mark(h.market)) - share
            cost = max(h.side * self.value(h.market, h.size, price), up(least, self.unit))
            self.claims.append(Claim(len(self.claims) + 1, h.market, h.side, h.size, cost, price, row))
            self.rows["liquidations"].append(row)
            self.post(h, cost - h.cost)
            h.size = h.cost = Fraction(0)
        dust = unit[0].collateral if isolated else owner.balance
        assert dust is not None
        # choice: the dust of an account in several markets goes to the fund of the last one; a dust below
        # zero is taken from it
        self.pay_fund(unit[-1].market, dust)
        owner.liquidated = True
        if isolated:
            unit[0].collateral = Fraction(0)
        else:
            owner.balance = Fraction(0)

    def bankruptcy_price(self, h: Holding, share: Fraction) -> Fraction:
        """Where the share of the equity is lost: mark - s x share / size if linear. Long up, short down to
        the tick."""
        # of an isolated position target is cost - collateral: what its size must still be worth
        target = h.side * self.value(h.market, h.size, self.mark(h.market)) - share
        contracts = h.side * h.size * Fraction(h.market.contract.multiplier)
        if h.market.contract.kind == "inverse" and target * h.side >= 0:
            raise UnspecifiedError("an inverse position that has lost more than any price can take")
        price = target / contracts if h.market.contract.kind == "linear" else -contracts / target
        price = (up if h.side == LONG else down)(price, Fraction(h.market.tick))
        if price <= 0:  # no venue has one; the letter allows it for linear contracts
            raise UnspecifiedError("a bankruptcy price of zero or less")
        return price

    def liquidation_price(self, unit: list[Holding], h: Holding) -> Fraction | str | None:
        """The mark of this market alone at which equity is the maintenance margin; long up, short down to the
        tick; None if none.

        choice: rounded as the bankruptcy price is, values taken unrounded. The specification does not say
        what it is for an account that is both long and short in the market ("?")."""
        if sum(other.market is h.market for other in unit) > 1:
            return "?"
        tick = Fraction(h.market.tick)
        start = max(
            1, floor(self.mark(h.market) / tick) if h.side == LONG else ceil(self.mark(h.market) / tick)
        )

        def excess(ticks: int) -> Fraction:
            """Equity above maintenance, so many ticks better than the mark."""
            self.instead = {h.market.name: (start + h.side * ticks) * tick}
            result = self.equity(unit) - sum(map(self.maintenance, unit))
            self.instead = {}
            return result

        low, high = -1, start - 1 if h.side != LONG else start * 10**6
        if excess(high) < 0:
            return None
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if excess(middle) < 0 else (low, middle)
        return (start + h.side * high) * tick

    def pay_fund(self, market: Market, amount: Fraction) -> None:
        self.funds[market.fund] += amount
        if amount > 0:
            self.received[market.fund] += amount
        else:
            self.paid[market.fund] -= amount

    # --- working a claim ------------------------------------------------------------------------------------

    def work(self, claim: Claim) -> None:
        """The book while no worse or the fund pays; with the mark at or beyond bankruptcy, the queue, then
        the last resort."""
        self.close_in_book(claim, last_resort=False)
        beyond = claim.side * (self.mark(claim.market) - claim.price) <= 0
        if claim.left > 0 and beyond:
            self.deleverage(claim)
        if claim.left > 0 and beyond:
            self.close_in_book(claim, last_resort=True)

    def work_together(self, claims: list[Claim]) -> None:
        """A policy that gives from everybody: the book for each claim, oldest first; the queue of a side for
        all of its claims that are left with the mark at or beyond bankruptcy; the last resort for each."""
        for claim in claims:
            self.close_in_book(claim, last_resort=False)
        beyond = [c for c in claims if c.left > 0 and c.side * (self.mark(c.market) - c.price) <= 0]
        for side in dict.fromkeys((c.market.name, c.side) for c in beyond):
            self.deleverage_together([c for c in beyond if (c.market.name, c.side) == side])
        for claim in beyond:
            if claim.left > 0:
                self.close_in_book(claim, last_resort=True)

    def close_in_book(self, claim: Claim, last_resort: bool) -> None:
        market, mark, liquidity = claim.market, self.mark(claim.market), claim.market.liquidity
        levels = [(0, INFINITE)] if liquidity.kind == "unlimited" else liquidity.levels
        book = self.books.setdefault(
            (market.name, claim.side), Book([[Fraction(d), Fraction(q)] for d, q in levels])
        )
        if liquidity.kind == "impact":
            # choice: one slice a claim; its average price, not the marginal one, is held against the
            # bankruptcy price
            def price_of(q: Fraction) -> Fraction:
                return mark - claim.side * Fraction(liquidity.impact) * (book.pushed + q / 2)

            if price_of(claim.left) <= 0:
                raise UnspecifiedError("the book's price falls to zero or less")
            q = claim.left if last_resort else self.affordable(claim, claim.left, price_of)
            self.book_fill(claim, q, price_of(q), last_resort)
            book.pushed += q
            return
        for level in book.levels:
            price = mark - claim.side * level[0]
            if price <= 0:
                raise UnspecifiedError("a level at a price of zero or less")
            most = min(claim.left, level[1])
            better = claim.side * (price - claim.price) >= 0
            q = most if better or last_resort else self.affordable(claim, most, lambda q, price=price: price)
            level[1] -= q
            self.book_fill(claim, q, price, last_resort)
            if claim.left == 0 or q < most:  # done, or the fund's money ends within this level
                return

    def affordable(self, claim: Claim, most: Fraction, price_of: Any) -> Fraction:
        """As much as the fund, down to its floor, can pay the shortfall of: all of it, or a whole number of
        lots."""
        money = max(Fraction(0), self.funds[claim.market.fund] - self.floors[claim.market.fund])
        # choice: a claim asks once in a step for the same money; a lot whose loss rounds to nothing would be
        # asked for again and again
        if (id(claim), money) in self.asked:
            return Fraction(0)
        found = self.affordable_of(claim, most, price_of, money)
        if found < most:
            self.asked.add((id(claim), money))
        return found

    def affordable_of(self, claim: Claim, most: Fraction, price_of: Any, money: Fraction) -> Fraction:
        """How much of it that money pays for."""
        if self.scenario.path.funding and 0 < money < DUST:
            # payments are kept unrounded here until they are settled, so what is left below a unit is not the engine's
            raise UnspecifiedError("a fund of less than a millionth, which funding's rounding has left")

        def fits(q: Fraction) -> bool:
            # choice: the shortfall unrounded, so that an empty fund pays for nothing, however small, and as it
            # is posted, so that rounding takes no more than there is
            contracts = Fraction(claim.market.contract.multiplier) * q
            loss = claim.side * contracts * (
                claim.price - price_of(q) if claim.market.contract.kind == "linear" else 1 / price_of(q) - 1 / claim.price
            )  # fmt: skip
            return loss <= money and -self.result_of(claim, q, price_of(q))[0] <= money

        if (
            fits(most) or -self.result_of(claim, most, price_of(most))[0] <= money
        ):  # choice: the whole of it, as it is posted
            return most
        lot = Fraction(claim.market.lot)
        low, high = (
            0,
            ceil(most / lot),
        )  # the loss is convex in q and zero at zero, so what fits is one interval from zero on
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if fits(middle * lot) else (low, middle)
        return low * lot

    def result_of(self, claim: Claim, q: Fraction, price: Fraction) -> tuple[Fraction, Fraction]:
        """(surplus or -shortfall of closing q at price, the cost that leaves with it)."""
        # choice: a part costs its own value at the bankruptcy price, the last part takes the rest
        part = claim.cost if q == claim.left else claim.side * self.value(claim.market, q, claim.price)
        result = claim.side * self.value(claim.market, q, price) - part
        # choice: at the bankruptcy price or better nothing is lost; what rounding has left in the last part
        # is the other side's
        return (max(result, Fraction(0)) if claim.side * (price - claim.price) >= 0 else result), part

    def book_fill(self, claim: Claim, q: Fraction, price: Fraction, last_resort: bool) -> None:
        if q == 0:
            return
        result, part = self.result_of(claim, q, price)
        claim.left, claim.cost = claim.left - q, claim.cost - part
        self.rest[claim.market.name] += claim.side * q
        self.rest_cost[claim.market.name] += result + part
        claim.row["book_size"] += q
        claim.row["surplus" if result > 0 else "shortfall"] += abs(result)
        row = {"step": self.step, "claim": claim.number, "size": q, "price": price, "result": result}
        self.rows["book"].append(row)
        if last_resort:  # choice: the fund's last coins (less than a lot's shortfall) stay with it
            self.lose(claim, max(Fraction(0), -result))
            result = max(Fraction(0), result)
        self.settle_claim(claim, result)

    def settle_claim(self, claim: Claim, result: Fraction) -> None:
        """A surplus goes to the fund; a shortfall it pays down to its floor (rounding may ask for a unit
        more: bad debt)."""
        money = max(Fraction(0), self.funds[claim.market.fund] - self.floors[claim.market.fund])
        self.lose(claim, max(Fraction(0), -result - money))
        self.pay_fund(claim.market, max(result, -money))

    def lose(self, claim: Claim, amount: Fraction) -> None:
        if amount > 0:
            self.bad_debt += amount
            self.rows["bad_debts"].append({"step": self.step, "claim": claim.number, "amount": amount})

    # --- deleveraging ---------------------------------------------------------------------------------------

    def ranked(self, market: Market, side: int) -> list[tuple[Holding, Fraction]]:
        """The queue of one side: unrealized pnl > 0, highest score first, then larger size, then file order.
        Made once a step."""
        if (market.name, side) not in self.queues:
            winners = [
                h
                for h in self.all_holdings()
                if h.market.name == market.name and h.side == side and self.pnl(h) > 0
            ]
            scored = [(h, self.score(h)) for h in winners]
            self.queues[market.name, side] = sorted(scored, key=lambda hs: (-hs[1], -hs[0].size, hs[0].order))
        return self.queues[market.name, side]

    def score(self, h: Holding) -> Fraction:
        unit = next(u for u in h.owner.units() if h in u)
        if self.equity(unit) <= 0:
            return INFINITE  # choice: no equity is endless leverage
        return self.pnl(h) / abs(h.cost) * sum(map(self.notional, unit)) / self.equity(unit)

    def deleverage(self, claim: Claim) -> None:
        """Each in the queue gives up to its whole size at the claim's bankruptcy price; one that it would
        bankrupt is skipped."""
        queue = self.ranked(claim.market, -claim.side)
        for rank, (h, _) in enumerate(
            queue, 1
        ):  # choice: every claim starts at the head; one skipped earlier is asked again
            q = min(claim.left, h.size)
            if q == 0:
                continue  # used up, or taken over since the ranking
            if h.owner.id == claim.row["account"]:
                continue  # choice: an account is not deleveraged against itself
            self.give(claim, h, q, rank)

    def give(self, claim: Claim, h: Holding, q: Fraction, rank: int) -> bool:
        """One fill; False: it would bankrupt the place, which is skipped."""
        queue = self.ranked(claim.market, -claim.side)
        score = queue[rank - 1][1]
        before, unit = h.size, next(u for u in h.owner.units() if h in u)
        part = half_even(h.cost * q / h.size, self.unit)  # choice: half even
        value = sum(self.result_of(claim, q, claim.price), Fraction(0))
        realized = -value - part
        left_pnl = h.side * self.value(h.market, h.size - q, self.mark(h.market)) - (h.cost - part)
        # choice: the equity of the whole margin unit, what a partial close releases and realizes included
        after = self.equity(unit) - self.pnl(h) + realized + left_pnl
        row = {
            "step": self.step,
            "claim": claim.number,
            "account": h.owner.id,
            **self.where(h),
            "rank": rank,
            "score": score,
        }
        row |= {"size": q, "price": claim.price}
        if after < 0 and self.scenario.rules.adl.would_bankrupt == "skip":
            if (
                claim.number,
                h.order,
            ) not in self.skipped:  # choice: reported once a step, however often it is asked
                self.skipped.add((claim.number, h.order))
                self.rows["skipped"].append({**row, "equity_after": after})
            return False
        self.settle(h)
        mark_value = h.side * self.value(h.market, q, self.mark(h.market))
        forgone = mark_value + value
        h.size, h.cost = h.size - q, h.cost - part
        released = Fraction(0)
        if h.collateral is not None:
            # choice: rounded down (below nothing: up); more than pro rata where the fill loses more, for that
            # is the position's loss
            released = max(toward_zero(h.collateral * q / before, self.unit), -realized)
            h.collateral -= released
        h.owner.balance += (
            released + realized
        )  # the free balance of an isolated position is the account's balance
        h.owner.deleveraged = True
        dust, part = self.result_of(claim, q, claim.price)
        claim.left, claim.cost = claim.left - q, claim.cost - part
        self.settle_claim(
            claim, dust
        )  # choice: a unit that rounding has left over in the last part is the fund's
        claim.row["deleveraged_size"] += q
        tied = rank < len(queue) and queue[rank][1] == score
        bankrupt = claim.row["account"]
        row.update(
            size_before=before, realized_pnl=realized, forgone_pnl=forgone, bankrupt=bankrupt, tied=tied
        )
        self.rows["deleveraged"].append(row)
        return True

    # --- policies that give from everybody ------------------------------------------------------------------

    def deleverage_together(self, claims: list[Claim]) -> None:
        """The policy shares out the sum of the claims once; they take it in their order, places in queue
        order, each at its own price. Who is passed over for one is offered to the next.

        choice: they are together as long as the same places are open to them; a claim that has passed
        somebody over, or whose account holds the other side too, goes on with those that have passed over the
        same."""
        queue = [(rank, h) for rank, (h, _) in enumerate(self.ranked(claims[0].market, -claims[0].side), 1)]
        passed = {c.number: {h.order for h in self.all_holdings() if self.is_own(c, h)} for c in claims}
        while claims:
            shut = set(passed[claims[0].number])
            together = [c for c in claims if passed[c.number] == shut]
            places = [(rank, h) for rank, h in queue if h.size > 0 and h.order not in shut]
            quantity, lot = sum(c.left for c in together), Fraction(claims[0].market.lot)
            shares = self.shares([h for _, h in places], quantity)
            gives = in_lots(shares, quantity, lot, [h.size for _, h in places])
            for claim in together:
                for i, (rank, h) in enumerate(places):
                    q = min(claim.left, gives[i])
                    if q > 0 and self.give(claim, h, q, rank):
                        gives[i] -= q
                    elif q > 0:
                        passed[claim.number].add(h.order)
            if sum(c.left for c in together) == quantity:
                claims = [c for c in claims if c not in together or passed[c.number] != shut]
            claims = [c for c in claims if c.left > 0]

    def is_own(self, claim: Claim, h: Holding) -> bool:
        """Is it a position of the account that is closed, on the other side?"""
        return h.owner.id == claim.row["account"] and h.market is claim.market and h.side != claim.side

    def shares(self, places: list[Holding], quantity: Fraction) -> list[Fraction]:
        """Exact parts of the quantity, at most the sizes."""
        if self.scenario.rules.adl.policy is pro_rata:
            return in_proportion([h.size for h in places], quantity)
        return self.down_to_one_leverage(places, quantity)

    def down_to_one_leverage(self, places: list[Holding], quantity: Fraction) -> list[Fraction]:
        """k = (notional - L x equity)+ / notional of one, at most the size, of the whole account; with the L
        at which they are the quantity together. Those without equity come first, in proportion to size."""
        wealth = [self.wealth(h.owner) for h in places]
        broke = in_proportion(
            [h.size if w <= 0 else Fraction(0) for h, w in zip(places, wealth, strict=True)], quantity
        )
        rest = quantity - sum(broke)
        all_of_it = [sum(self.notional(o) for o in h.owner.holdings if o.size > 0) for h in places]
        one = [abs(self.value_of_one(h.market, self.mark(h.market))) for h in places]
        able = [i for i, w in enumerate(wealth) if w > 0 and one[i] > 0]

        def at(level: Fraction, i: int) -> Fraction:
            return min(max((all_of_it[i] - level * wealth[i]) / one[i], Fraction(0)), places[i].size)

        def together(level: Fraction) -> Fraction:
            return sum((at(level, i) for i in able), Fraction(0))

        turns = [all_of_it[i] / wealth[i] for i in able]
        turns += [(all_of_it[i] - places[i].size * one[i]) / wealth[i] for i in able]
        level = high = max(turns, default=Fraction(0))
        for low in sorted(turns, reverse=True):  # a straight line from one turn to the next
            level = low
            if together(low) >= rest:
                some, more = together(high), together(low)
                level = high if more == some else high + (low - high) * (rest - some) / (more - some)
                break
            high = low
        return [at(level, i) if i in able else broke[i] for i in range(len(places))]

    # --- the audit and the result ---------------------------------------------------------------------------

    def hold(self) -> None:
        """What stays with the venue; its loss at the mark counts as bad debt, its gain as nothing yet."""
        bad_debt = self.bad_debt
        for c in self.claims:
            if c.left > 0:
                pnl = c.side * self.value(c.market, c.left, self.mark(c.market)) - c.cost
                row = {
                    "step": self.step,
                    "claim": c.number,
                    "market": c.market.name,
                    "side": side_name(c.side),
                    "size": c.left,
                }
                self.rows["held"].append({**row, "bankruptcy_price": c.price, "unrealized_pnl": pnl})
                bad_debt += max(
                    Fraction(0), -pnl
                )  # choice: claim by claim; one claim's gain covers no other's loss
        self.rows["audit"].append({"step": self.step, "bad_debt": bad_debt})

    def money(self) -> Fraction:
        """Cash of everyone, entry values subtracted; constant, whatever the marks do."""
        people = sum(
            o.balance + sum((h.collateral or 0) + h.accrued - h.cost for h in o.holdings) for o in self.owners
        )
        venue = -sum(c.cost for c in self.claims)
        return (
            people
            + venue
            + self.venue_funding
            + sum(self.funds.values())
            - sum(self.rest_cost.values())
            - self.bad_debt
        )

    def open_interest(self, market: str) -> Fraction:
        sizes = [h.side * h.size for h in self.all_holdings() if h.market.name == market]
        return (
            sum(sizes)
            + sum(c.side * c.left for c in self.claims if c.market.name == market)
            + self.rest[market]
        )

    def result(self) -> dict[str, Any]:
        for o in sorted(self.owners, key=lambda owner: owner.id):
            live = [h for h in o.holdings if h.size > 0]
            positions = [
                {
                    **self.where(h),
                    "size": h.size,
                    "entry_price": h.entry,
                    "cost": h.cost,
                    "collateral": h.collateral,
                }
                for h in live
            ]
            status = "liquidated" if o.liquidated else "open" if live else "closed"
            row = {"account": o.id, "status": status, "deleveraged": o.deleveraged, "balance": o.balance}
            row |= {"equity_start": o.equity_start, "equity_end": self.wealth(o), "positions": positions}
            self.rows["accounts"].append(row)
        return {
            **self.rows,
            "funds": self.funds,
            "rest": self.rest,
            "bad_debt": self.rows["audit"][-1]["bad_debt"],
        }

    @staticmethod
    def where(h: Holding) -> dict[str, Any]:
        return {"market": h.market.name, "side": side_name(h.side)}


def run_oracle(scenario: Scenario) -> dict[str, Any]:
    """The whole run of a scenario under the generic rules.

    Rows: liquidations, book, fund, deleveraged, skipped, bad_debts, held, audit, accounts; totals: funds,
    rest (of the market), bad_debt. Raises UnspecifiedError where the rules say nothing."""
    return Oracle(scenario).run()
