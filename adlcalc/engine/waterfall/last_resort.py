"""The last resort: what becomes of losses that neither book, backstop, fund nor queue covered.

The losses of a market that arise together are shared out together, so that each bearer's part is rounded
once.

Public: settle, keep_surplus, uncovered, share_losses.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from decimal import Decimal

from adlcalc.engine.books.claims import Closing
from adlcalc.engine.books.holdings import Holding, MarketBook
from adlcalc.engine.books.ledger import NOTHING, Told
from adlcalc.engine.events import Event, How
from adlcalc.engine.formulas.haircuts import Base, Haircut, Winner, budget_of
from adlcalc.engine.formulas.scores import Score
from adlcalc.engine.formulas.worked import Worked, rounded
from adlcalc.engine.queue.queue import inputs_of
from adlcalc.engine.rules import BadDebt, PerContract, Surplus
from adlcalc.engine.waterfall.state import Cut, Loss, State
from adlcalc.ground.numbers import CEILING, DOWN, ZERO, divide, round_to

TO_ACCOUNT = Surplus.ACCOUNT


def keep_surplus(state: State, claim: Closing, proceeds: Decimal, result: Decimal, *, in_book: bool) -> Told:
    """What a fill brought more than the bankruptcy price: the fees first (rounded down), the rest to the fund
    or the closed account (rule liquidation.surplus). Of what the fund has kept from an earlier step all is
    its own."""
    fees, told = state.rules.fees, NOTHING
    if result > ZERO and (fees.taker or fees.liquidation) and not state.ledger.is_the_funds(claim):
        fee, rate = fees.of_claim(proceeds, result, in_book)
        parts = (rate, abs(proceeds), result)
        how = rounded("fee", "min([rate] x [value], [surplus])", parts, fee, state.ledger.unit, DOWN)
        if how.result:
            told = state.ledger.fee_of_claim(claim, how.result, fees.to, (how,))
            result -= how.result
    if state.surplus == TO_ACCOUNT and not state.ledger.is_the_funds(claim):
        state.ledger.give_back(claim, result)
        return told
    kept = state.ledger.post_result(claim, result, "surplus")
    return (*told, *kept) if told else kept


def settle(
    state: State, claim: Closing, result: Decimal, proceeds: Decimal = ZERO, *, in_book: bool = False
) -> Told:
    """Post what a transfer or a deleveraging brought. More than the bankruptcy price goes where the surplus
    of a fill goes (rule liquidation.surplus); less, the fund pays as far as it may, and the rest is for the
    last resort."""
    if result >= ZERO:
        return keep_surplus(state, claim, proceeds, result, in_book=in_book)
    paid = state.ledger.fund_pays_loss(claim, -result)
    left = -result - sum((event.amount for event in paid), ZERO)
    return (*paid, *uncovered(state, claim.book, state.ledger.number_of(claim), left)) if left else paid


def uncovered(state: State, book: MarketBook, number: int, loss: Decimal) -> Told:
    """A loss that nobody covers: bad debt at once, or kept until `share_losses`."""
    if isinstance(state.rules.last_resort.policy, BadDebt):
        return state.ledger.venue_bears(book, number, loss)
    state.losses.append(Loss(book, number, loss))
    return NOTHING


def share_losses(state: State) -> Iterator[Event]:
    """Share out, market by market (or of all markets of a currency together, where the policy says so), the
    losses that have come together; what the bearers cannot cover, and what the severity spares them, is bad
    debt of the last claims."""
    how = state.rules.last_resort.policy
    if not state.losses or isinstance(how, BadDebt):
        return
    losses, state.losses = state.losses, []
    markets = list(state.ledger.markets.values())
    whole_venue = isinstance(how, Haircut) and how.whole_venue
    together = [
        [book for book in markets if book.settles == currency] for currency in state.ledger.currencies
    ]
    for books in together if whole_venue else [[book] for book in markets]:
        mine = [loss for loss in losses if loss.book in books]
        total = sum((loss.amount for loss in mine), ZERO)
        # a loss of half a unit, where contracts are rounded one by one, is not rounded up
        budget = min(budget_of(total, how.severity, state.ledger.unit), total)
        if not budget:
            covered = ZERO
        elif isinstance(how, PerContract):
            covered = yield from per_contract(state, books[0], budget, mine[-1].number)
        else:
            covered = yield from cut_profits(state, books, budget, how)
        for loss in mine:
            own = min(loss.amount, covered)
            covered -= own
            yield from state.ledger.venue_bears(loss.book, loss.number, loss.amount - own)


def cut_profits(
    state: State, books: Sequence[MarketBook], budget: Decimal, how: Haircut
) -> Generator[Event, None, Decimal]:
    """Cut the profits of the markets' winners by the rule that the policy names; what was covered. What was cut
    of a profit before (base 'move': in this step) is none any more: nobody pays twice with the same.

    The rest of the market is no winner: what its parts have gained is not known."""
    score = state.rules.adl.score
    cut_so_far = {h: state.cut_of(h) for h in state.cuts}
    taken = {h: in_step if how.base == Base.MOVE else whole for h, (whole, in_step) in cut_so_far.items()}
    winners = [(h, winner(h, score, how.base, taken.get(h, ZERO))) for h in everybody(*books)]
    winners = [(h, w) for h, w in winners if w.profit > 0]
    cuts = how.cuts([w for _, w in winners], budget, state.ledger.unit) if winners else []
    hows = how.worked([w for _, w in winners], cuts, budget, state.ledger.unit) if winners else []
    for (holding, w), cut, made in zip(winners, cuts, hows, strict=True):
        before = taken.get(holding, ZERO)
        left = Worked(
            "profit", w.profit, "[its pnl] - [what was cut of it before]", (w.profit + before, before)
        )
        yield from levy(state, holding, cut, w.profit, (left, made) if before else (made,))
        whole, in_step = cut_so_far.get(holding, (ZERO, ZERO))
        state.cuts[holding] = Cut(whole + cut, in_step + cut, holding.size)
    return sum(cuts, ZERO)


def winner(holding: Holding, score: Score, base: Base, before: Decimal) -> Winner:
    """What a haircut may know of a position: a cross one has the account's equity, exposure and leverage
    behind it. before: what was cut of its profit already.

    base 'move': its profit is what the last move of the mark brought it (Vega, which settles every move)."""
    x, book = inputs_of(holding), holding.book
    profit = x.pnl
    if base == Base.MOVE:
        profit = holding.value() - book.value(holding.signed_size, book.previous)
    return Winner(profit - before, x.equity, x.exposure, score(x))


def per_contract(
    state: State, book: MarketBook, budget: Decimal, number: int
) -> Generator[Event, None, Decimal]:
    """Every open contract of the market pays the same, winners and losers alike: budget / contracts, rounded
    up to the money unit. What that brings too much goes to the fund. Source: Drift v2, resolution of a perp
    bankruptcy."""
    bearers, unit = everybody(book), state.ledger.unit
    contracts = sum((h.size for h in bearers), abs(book.rest_size))
    if not contracts:
        return ZERO
    each, paid = round_to(divide(budget, contracts), unit, CEILING), ZERO
    rate = Worked("levy on a contract", each, "[loss] / [open contracts]", (budget, contracts), unit, CEILING)

    def cut(size: Decimal) -> How:
        return rate, rounded("cut", "[size] x [levy on a contract]", (size, each), size * each, unit, CEILING)

    for holding in bearers:
        how = cut(holding.size)
        paid += how[-1].result
        yield from levy(state, holding, how[-1].result, holding.size, how)
    if book.rest_size:
        how = cut(abs(book.rest_size))
        paid += how[-1].result
        yield from state.ledger.rest_bears(book, how[-1].result, abs(book.rest_size), how)
    yield from state.ledger.fund_takes_excess(book, number, paid - budget)
    return budget


def everybody(*books: MarketBook) -> Sequence[Holding]:
    """The open positions of these markets, in file order."""
    open_ones = (h for book in books for side in (1, -1) for h in book.holdings[side] if h.size)
    return sorted(open_ones, key=lambda holding: holding.order)


def levy(state: State, holding: Holding, amount: Decimal, base: Decimal, how: How) -> Iterator[Event]:
    """Take `amount` from the margin behind a position; the venue's loss is the smaller for it (its cash was
    never charged)."""
    if amount:
        yield from state.ledger.settle_funding(holding)
        yield from state.ledger.account_bears(holding, amount, base, how)
        state.note_change(holding)
