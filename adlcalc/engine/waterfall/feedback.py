"""A mark that follows what is sold into the book (markets.M.feedback): a model of a cascade, not a rule.

Public: recover, push_marks.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from adlcalc.engine.books.holdings import MarketBook
from adlcalc.engine.books.liquidity import HeardBook
from adlcalc.engine.events import MarkPushed
from adlcalc.engine.formulas.worked import Worked, rounded
from adlcalc.engine.model import Feedback
from adlcalc.engine.waterfall.state import State
from adlcalc.ground.numbers import ONE, ZERO, D, divide, round_to

PART = D("1E-24")
"""A displacement is kept to so many decimals: as exact as anybody can ask of a model, and short enough for
exact products."""


def markets_of(state: State) -> Iterator[tuple[MarketBook, Feedback]]:
    """Those whose marks follow their fills."""
    for book in state.ledger.markets.values():
        if book.market.feedback is not None:
            yield book, book.market.feedback


def recover(state: State) -> Iterator[MarkPushed]:
    """At the beginning of a step: the path's mark, moved by what is left of the displacement.

    mark = path's mark x (1 + displacement x (1 - recovery)), half even to the tick, at least a tick."""
    for book, rule in markets_of(state):
        path, pushed = book.mark, state.pushed.get(book.name, ZERO)
        left = round_to(pushed * (ONE - rule.recovery), PART)
        state.pushed[book.name] = left
        if left:
            formula = "[path's mark] x (1 + [displacement] x (1 - [recovery]))"
            how = rounded("mark", formula, (path, pushed, rule.recovery), path * (ONE + left), book.tick)
            book.mark = max(how.result, book.tick)
            yield MarkPushed(state.step, book.name, path, book.mark, path, recovering=True, how=(how,))
        state.opened_at[book.name] = book.mark


def push_marks(state: State) -> Iterator[MarkPushed]:
    """After a round of fills: the mark moves `share` of the way to that round's fill farthest from it, half
    even to the tick, never below one. The step's book keeps its prices, what is used up stays used; margin is
    looked at again, and queues are ranked anew."""
    for book, rule in markets_of(state):
        far = farthest(state, book)
        if far is None or book.name in state.halted:
            continue
        before = book.mark
        formula = "[mark] + [share] x ([farthest fill] - [mark])"
        value = before + rule.share * (far - before)
        how: Worked = rounded("mark", formula, (before, rule.share, far, before), value, book.tick)
        book.mark = max(how.result, book.tick)
        if book.mark == before:
            continue
        path = state.scenario.path.marks[book.name][state.step]
        state.pushed[book.name] = round_to(divide(book.mark, path) - ONE, PART)
        state.rank_anew()
        yield MarkPushed(state.step, book.name, before, book.mark, far, how=(how,))


def farthest(state: State, book: MarketBook) -> Decimal | None:
    """The fill of this round that lies farthest from the mark, of both sides; of two equally far the
    lower."""
    prices = []
    for side in (1, -1):
        step_book = state.book_side(book, side)
        if isinstance(step_book, HeardBook) and step_book.farthest is not None:
            prices.append(step_book.farthest)
            step_book.farthest = None
    return max(prices, key=lambda price: (abs(price - book.mark), -price), default=None)
