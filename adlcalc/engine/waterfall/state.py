"""What a run knows while it runs: the ledger, the rules, and what this step has used up (books, queues).

Public: State, Loss, Terms, Used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from adlcalc.engine.books.claims import Backstop, Closing, VenueClaim
from adlcalc.engine.books.fund import FundBook, largest_affordable
from adlcalc.engine.books.holdings import Due, Holder, Holding, MarketBook, Unit
from adlcalc.engine.books.ledger import Ledger, Told
from adlcalc.engine.books.liquidity import HeardBook, StepBook
from adlcalc.engine.books.stock import by_age
from adlcalc.engine.events import Event, Held, How, Owed, Spared
from adlcalc.engine.formulas.prices import MarkFirst
from adlcalc.engine.model import Liquidity, Path, Scenario
from adlcalc.engine.queue.head import Grid, QueueHead, serves
from adlcalc.engine.queue.queue import Place, Queue, Ranked, is_kept
from adlcalc.engine.queue.watchlist import Everybody, Watchlist
from adlcalc.engine.rules import RankedWhen, TakeoverAt
from adlcalc.ground.numbers import HALF_EVEN, ZERO, divide, round_to
from adlcalc.ground.objects import record

if TYPE_CHECKING:
    from adlcalc.engine.queue.kept import KeptOrder


class Loss(NamedTuple):
    """Money that nobody has covered yet, and the number of the claim that left it."""

    book: MarketBook
    number: int
    amount: Decimal


class Cut(NamedTuple):
    """What haircuts have taken of a position's profit, in all and in this step; and of how many contracts."""

    whole: Decimal
    in_step: Decimal
    size: Decimal


class Terms(NamedTuple):
    """How the price of a claim's fills was worked out, and the price by the rules alone, where a bankrupt
    account was to get no more."""

    how: How
    rule_price: Decimal | None = None


class Used:
    """What the orders of a unit have done in this step: notional sold, money that the fund paid, positions
    filled, their last claim. opened: what was open before them. begun: have they, or anything else, done
    something to it?"""

    __slots__ = ("begun", "claim", "filled", "fund_paid", "notional", "opened")

    def __init__(self) -> None:
        self.notional = self.fund_paid = ZERO
        self.filled: set[Holding] = set()
        self.claim, self.begun = 0, False
        self.opened: list[tuple[Holding, Decimal]] = []


class State:
    """The ledger with the step's own things. `evaluations` counts the exact margin evaluations: the measure
    of the index."""

    def __init__(self, scenario: Scenario, index: bool) -> None:
        self.on_ranked: Callable[[Queue], None] | None = None
        """Who is told of a queue that has been ranked, for a fill that is about to be made."""
        self.scenario, self.rules = scenario, scenario.rules
        takeover = scenario.rules.liquidation.takeover
        self.surplus = takeover.surplus if takeover else None  # of what the venue has taken over
        self.at_mark = takeover is not None and takeover.takeover_at == TakeoverAt.MARK
        self.providers = scenario.providers
        self.ledger = Ledger(scenario)
        self._newsworthy = [fund for fund in self.ledger.funds.values() if fund.rules.drawdown]
        self.step = self.evaluations = 0
        self.watchlist: Watchlist | Everybody = (
            Watchlist(self.ledger, scenario.path) if index else Everybody(self.ledger)
        )
        self.changed: dict[Unit, None] = {}  # units that a fill changed since they were last evaluated
        self.skipped: set[tuple[Closing, Place]] = set()  # places passed over in this step
        self.refused: set[tuple[Closing, Decimal]] = set()  # a fund with so much did not pay all
        self.for_sale: dict[
            Closing, Decimal
        ] = {}  # what a patient fund may still sell at a loss in this step
        self.capacity: dict[str, Decimal] = {}  # contracts that a liquidator still takes in this step
        self.kept_whole: VenueClaim | None = None  # the claim that is worked, where the fund keeps all of it
        # what has come before the queue, to be shared out together, and how much of it the fund keeps
        self.pool: list[tuple[VenueClaim, Decimal]] = []
        self.unsettled: list[Unit] | None = None  # where a market is wound up: who still has something open
        self.mark_first = isinstance(scenario.rules.adl.price, MarkFirst)
        self.terms: dict[Closing, tuple[Decimal, Terms]] = {}  # of the fills of a claim at a mark
        self.losses: list[Loss] = []  # uncovered and not yet shared out
        self.cuts: dict[Holding, Cut] = {}  # what haircuts have taken of profits
        self.doubtful: dict[
            Holder, None
        ] = {}  # who may stand below zero at the end of the step: the due, and old debtors
        self.owed: list[Owed] = []  # who did at the end of the last step
        self.used: dict[Unit, Used] = {}  # what orders in an account's own name have done in this step
        self._sides: dict[tuple[str, int], StepBook] = {}
        self.pushed: dict[str, Decimal] = {}  # how far fills have moved the mark, as a part of the path's
        self.opened_at: dict[str, Decimal] = {}  # of such markets: the mark that the step's book is around
        self._liquidity: dict[str, Liquidity] = {}  # where the path has changed it
        self._queues: dict[tuple[str, int], Ranked | QueueHead] = {}
        self._grids: dict[tuple[str, int], Grid] = {}
        self._orders: dict[tuple[str, int], KeptOrder] = {}
        self._index = index
        self.has_feedback = any(market.feedback for market in scenario.markets)
        self._brought = steps_of_more(scenario.path)
        self.halted: set[str] = set()  # markets in which nothing is liquidated
        self.missed: set[tuple[Holding, Decimal]] = set()  # stops that a jump has passed, told
        self.spared: list[Spared] = []  # who is due and was left alone, not yet told
        self._told: set[Unit] = set()  # of whom that is known in this step
        self.uncovered: dict[VenueClaim, Decimal] = {}  # at the end of the step (Ledger.uncovered)
        self._held_told: dict[VenueClaim, Decimal] = {}  # with the size that it was last told with

    def cut_of(self, holding: Holding) -> tuple[Decimal, Decimal]:
        """What haircuts have taken of a position's profit, and what of that in this step. With contracts that
        were closed since then their part has gone, half even to the money unit, as a position's cost goes."""
        found = self.cuts.get(holding)
        if found is None:
            return ZERO, ZERO
        whole, in_step = found.whole, found.in_step
        if holding.size < found.size:
            left, unit = holding.size, self.ledger.unit
            whole = round_to(divide(whole * left, found.size), unit, HALF_EVEN)
            in_step = round_to(divide(in_step * left, found.size), unit, HALF_EVEN)
        return whole, in_step

    def begin(self, step: int) -> None:
        """A new step: books are whole again, queues are not ranked yet, closed claims are forgotten, and so is what
        was cut of a position that is closed: one that is opened anew owes it nothing."""
        if self.cuts:
            self.cuts = {one: Cut(self.cut_of(one)[0], ZERO, one.size) for one in self.cuts if one.size}
        self.step = step
        self.ledger.begin(self.scenario, step)
        self.opened_at.clear()
        self._sides.clear()
        for market, changes in self.scenario.path.liquidity.items():
            if step in changes:
                self._liquidity[market] = changes[step]
        self.rank_anew()
        self.skipped.clear()
        self.refused.clear()
        self.for_sale.clear()
        self.terms.clear()
        self.capacity.clear()
        self.used.clear()
        self._told.clear()
        self.missed.clear()
        if self.rules.adl.skips_book and self.rules.fund.holds.held:
            for fund in self.ledger.funds.values():  # what it holds may have stopped it at these marks
                fund.look_at_marks()

    def take_apart(self) -> None:
        """The run is over: what it has made goes at once (roster.py)."""
        self.on_ranked = None
        self.rank_anew()
        for kept in (self.terms, self._grids, self._orders, self.changed, self._held_told):
            kept.clear()
        self.ledger.take_apart()

    def used_by(self, unit: Unit) -> Used:
        """What its orders have done in this step so far."""
        if unit not in self.used:
            self.used[unit] = Used()
        return self.used[unit]

    def as_it_stands(self, due: Due) -> Due:
        """A unit as it is now: as it was found due, where nothing has happened to it since."""
        used = self.used.get(due.unit)
        if due.unit in self.changed or (used is not None and used.begun):
            return record(Due, (due.unit, *due.unit.margin()))
        return due

    def book_side(self, book: MarketBook, side: int) -> StepBook:
        """What closing a position of `side` meets in the book in this step."""
        key = (book.name, side)
        found = self._sides.get(key)
        if found is None:
            liquidity = self._liquidity.get(book.name, book.market.liquidity)
            kind = HeardBook if book.market.feedback else StepBook
            found = kind(liquidity, side, self.opened_at.get(book.name, book.mark), book.lot)
            self._sides[key] = found
        return found

    def queue(self, book: MarketBook, side: int) -> Ranked | QueueHead:
        """The queue of the positions of `side`, ranked when it is first needed in a step."""
        key = (book.name, side)
        if key not in self._queues or self.rules.adl.rank == RankedWhen.EACH_CLAIM:
            self._queues[key] = self._ranked(book, side)
        return self._queues[key]

    def is_idle(self) -> bool:
        """Is there nothing to do in a step in which no unit is looked at: no claim, no loss, no orders that
        stand with positions, no mark that follows the fills, no vault of its own money?"""
        idle = not self.ledger.claims and not self.losses
        return idle and not (self.has_feedback or self.scenario.orders or self.ledger.backstops)

    def is_still(self) -> bool:
        """Has the step posted nothing, and does nothing stand in the books whose worth moves with the marks?
        Every number that it ends with is then that of any other such step before or behind it."""
        ledger = self.ledger
        return self.is_idle() and not (ledger.touched or ledger.moved or self.doubtful or self.owed)

    def still_until(self, step: int) -> int:
        """The first step from `step` on in which something may happen, where one that `is_still` lies before
        it: the path brings more than marks, somebody is looked at, it is the last. Each may be one where
        funds look back at their best, or not all looks are foreseen."""
        foreseen = self.watchlist.foreseen()
        if foreseen is None or self._newsworthy:
            return step
        last = self.scenario.path.steps - 1
        return next((n for n in range(step, last) if n in foreseen or n in self._brought), last)

    def rank_anew(self) -> None:
        """The marks have moved."""
        self._queues.clear()
        for grid in self._grids.values():
            grid.end_step()

    def _ranked(self, book: MarketBook, side: int) -> Ranked | QueueHead:
        """Whole, or where nobody looks on, only as far as it will be used: in an order that is kept, or by a
        grid of a long side."""
        key, score = (book.name, side), self.rules.adl.score
        if self._index and not self.on_ranked and is_kept(self.rules.adl):
            from adlcalc.engine.queue.kept import KeptOrder, KeptQueue

            if key not in self._orders:
                self._orders[key] = KeptOrder(book, side, score)
            return KeptQueue(self._orders[key])
        if self._index and not self.on_ranked and serves(book, side, self.rules):
            if key not in self._grids or self._grids[key].is_worn():
                self._grids[key] = Grid(book, side, score)
            return QueueHead(self._grids[key], self.rules)
        queue = Queue(book, side, self.rules.adl)
        if self.on_ranked:
            self.on_ranked(queue)
        return queue

    def affordable(
        self,
        claim: Closing,
        size: Decimal,
        price: Callable[[Decimal], Decimal],
        available: Decimal | None = None,
    ) -> Decimal:
        """How much of `size` the fund can pay for where closing x contracts at price(x) is worse than the
        bankruptcy price.

        available: what it may pay (None: what it has).
        """
        if available is None:
            available = claim.book.fund.available(claim.book.name)
        return largest_affordable(
            size, claim.book.lot, lambda x: claim.loss(x, price(x), x == size), available
        )

    def with_news(self, events: Iterator[Event]) -> Iterator[Event]:
        """The events, and before what follows from it that a fund stopped or resumed paying."""
        return self._among(events, self._newsworthy) if self._newsworthy else events

    def _among(self, events: Iterator[Event], funds: Sequence[FundBook]) -> Iterator[Event]:
        for event in chain(events, (None,)):
            for fund in funds:
                news, fund.news = fund.news, []
                yield from (one._replace(step=self.step) for one in news)
            if event is not None:
                yield event

    def distance_of(self, backstop: Backstop, book: MarketBook) -> Decimal:
        """How far from the mark a bidder bids in a market."""
        return next(
            (p.distance for p in self.providers if p.id == backstop.id and p.market == book.name), ZERO
        )

    def note_change(self, holding: Holding) -> None:
        """A fill changed this position's unit, and the balance that the account's cross positions stand
        on."""
        unit = holding.unit
        self.changed[unit] = None
        if unit.isolated and len(holding.holder.holdings) > 1:
            for other in holding.holder.holdings:
                if not other.unit.isolated:
                    self.changed[other.unit] = None
                    break

    def settle_funding(self, holding: Holding) -> Told:
        """Settle it before something else that may still be refused: what rounding takes is a change too."""
        if holding.book.funding != holding.funding:
            self.changed[holding.unit] = None
        return self.ledger.settle_funding(holding)

    def spares(self, due: Due) -> bool:
        """Is a due unit left alone: of an exempt account, or with a position in a halted market? It is told,
        and looked at again at the next step."""
        held = due.unit.open_holdings()
        if due.unit.holder.id in self.scenario.exempt:
            why = "exempt"
        elif self.halted and any(holding.book.name in self.halted for holding in held):
            why = "halt"
        else:
            return False
        if due.unit not in self._told:
            self._told.add(due.unit)
            account, market = due.unit.holder.id, held[0].book.name
            self.spared.append(Spared(self.step, account, market, why, due.equity, due.maintenance))
        self.watchlist.keep(due.unit)
        self.doubt((due.unit,))
        return True

    def told_spared(self) -> Iterator[Event]:
        """Who was spared, each unit once a step."""
        yield from sorted(self.spared, key=lambda one: (one.account, one.market, one.equity, one.maintenance))
        self.spared = []

    def watch(self, safe: Iterable[Due]) -> None:
        """Units that are not due are watched from where they stand now."""
        for unit, equity, maintenance in safe:
            self.watchlist.watch(unit, equity - maintenance)

    def doubt(self, units: Iterable[Unit]) -> None:
        """The accounts of these may stand below zero at the end of the step."""
        for unit in units:
            self.doubtful[unit.holder] = None

    def take_stock(self) -> Sequence[Owed]:
        """What accounts that stand below zero owe at the end of a step: nobody has covered it, so it is a
        row."""
        owed: list[Owed] = []
        still: dict[Holder, None] = {}
        lacking = [(holder, parts) for holder in self.doubtful if (parts := holder.shortfalls())]
        for holder, parts in sorted(lacking, key=lambda one: one[0].id):
            for book, amount in parts:
                owed.append(Owed(self.step, holder.id, book.name, amount))
                still[holder] = None
        for vault in self.ledger.backstops.values():
            if vault.capital and (equity := vault.equity()) < 0:  # it has lost more than its own money
                books = [book for book in self.ledger.markets.values() if book in vault.positions]
                owed.append(Owed(self.step, vault.id, books[0].name, -equity))
        self.owed, self.doubtful = owed, still
        return owed

    def bad_debt_so_far(self) -> dict[str, Decimal]:
        """By currency: losses booked, the losses at the mark of what the venue holds (but for those that the
        fund covers, where it holds it), and what accounts below zero owe."""
        debts = {currency: -cash for currency, cash in self.ledger.venue_cash.items()}
        for owed in self.owed:
            debts[self.ledger.markets[owed.market].settles] += owed.amount
        for claim, lacking in self.uncovered.items():
            debts[claim.book.settles] += lacking
        return debts

    def value_held(self, *, tell_all: bool) -> Iterator[Held]:
        """What the venue holds at the end of a step: a claim is told when it is first held, when it has
        become smaller, and at the end of the run."""
        self.uncovered = self.ledger.uncovered() if self.ledger.claims else {}
        held = self.ledger.open_claims() if tell_all else (one for one in self.ledger.moved if one.size)
        for claim in sorted(held, key=by_age):
            if tell_all or self._held_told.get(claim) != claim.size:
                self._held_told[claim] = claim.size
                who = self.ledger.number_of(claim), claim.book.name, claim.side, claim.size, claim.price
                yield Held(self.step, *who, claim.pnl(), self.uncovered.get(claim, ZERO))


def steps_of_more(path: Path) -> frozenset[int]:
    """The steps to which the path brings more than marks."""
    paid = (step for rates in path.funding.values() for step, rate in rates.items() if rate)
    return frozenset((*path.events, *chain.from_iterable(path.liquidity.values()), *paid))
