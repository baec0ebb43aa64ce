"""The step loop: a Scenario in, events out. Each step follows the waterfall; nothing here reads a file, a
clock or a random source.

Public: run, PrecisionError.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from decimal import Inexact, InvalidOperation, Overflow
from functools import partial
from itertools import chain, islice

from adlcalc.engine.books.audit import Audit
from adlcalc.engine.events import Ended, Event, MarkMoved, Started, StepEnded
from adlcalc.engine.model import Path, Scenario
from adlcalc.engine.rules import AdlWhen
from adlcalc.engine.waterfall.closing import accounts_at_end, quiet_accounts, settle_everybody
from adlcalc.engine.waterfall.facts import Facts, Observer
from adlcalc.engine.waterfall.feedback import push_marks, recover
from adlcalc.engine.waterfall.happenings import happen
from adlcalc.engine.waterfall.last_resort import share_losses
from adlcalc.engine.waterfall.liquidation import find_due
from adlcalc.engine.waterfall.own_name import settle_markets
from adlcalc.engine.waterfall.stages import Stages, close_unit, stages_of, work, workable
from adlcalc.engine.waterfall.standing import fill_standing
from adlcalc.engine.waterfall.state import State
from adlcalc.engine.waterfall.vault import deleverage_vaults
from adlcalc.ground.numbers import ZERO, exact
from adlcalc.ground.objects import no_collections, record


class PrecisionError(ValueError):
    """The scenario's numbers have more digits together than 60-digit arithmetic holds exactly."""


def run(
    scenario: Scenario,
    *,
    index: bool = True,
    accounts: bool = True,
    together: bool = False,
    observer: Observer | None = None,
) -> Generator[Event, None, None]:
    """The events of a scenario, step by step, and how every account stands at the end. Whoever has heard
    enough closes it.

    index=False evaluates every account at every step: slower, the same events. accounts=False: without the
    accounts at the end, for whoever runs many and asks something else. together: those that nothing happened
    to are told in one, where the book is columns. observer: looks on. Raises AuditError
    (a bug) or PrecisionError. The garbage collector is paused meanwhile: the engine makes many small objects,
    and takes their cycles apart itself."""
    with no_collections():
        # Decimal contexts belong to the thread, not to a generator: none may be open while the caller has
        # control
        with exact_step(0):
            state = State(scenario, index)
            facts = Facts(state)
            if observer and observer.listens_to_queues():
                state.on_ranked = partial(observer.ranked, facts)
        try:
            for events in worked(state, facts, observer):
                yield from events
            end = Ended(state.step, state.evaluations)
            if accounts:
                quiet = quiet_accounts(state.ledger) if together else None
                yield from accounts_at_end(state.ledger, state.owed, quiet)
                end = end._replace(quiet=quiet)
            yield end
        finally:
            state.take_apart()


def worked(state: State, facts: Facts, observer: Observer | None) -> Iterator[Iterable[Event]]:
    """The events of all steps, some steps at a time."""
    scenario = state.scenario
    audit: Audit | None = None
    still: StepEnded | None = None  # how a step ends in which nothing was posted, as in the one before it
    stages, step, last = stages_of(scenario.rules), 0, scenario.path.steps - 1
    while step <= last:
        if still is not None and observer is None:
            first, step = step, state.still_until(step)
            yield still_steps(state, range(first, step), still)
        with exact_step(step):
            events = begin_step(state, scenario.path, step)
            audit = audit or Audit(state.ledger)
            if scenario.path.events:
                events.extend(state.with_news(happen(state)))
            if observer:
                observer.marked(facts)
            told = state.with_news(one_step(state, stages))
            if observer:
                told = iter(list(told))  # it looks on when all of it is done
                observer.ended(facts)
        if step == last and any(scenario.path.funding.values()):
            told = chain(told, settle_everybody(state))
        is_long = False
        for part in parts(told, step):
            events += part
            if len(part) == PART:
                yield events
                events, is_long = [], True
        with exact_step(step):
            if step == last:
                audit.everybody(step)
            nothing = (
                not is_long and len(events) == len(scenario.markets) and step < last and state.is_still()
            )
            if nothing and still is not None:
                end = record(StepEnded, (step, *still[1:]))
            else:
                events.extend(state.value_held(tell_all=step == last))
                events.extend(state.take_stock())
                end = end_step(state, audit)
                still = end if nothing else None
            events.append(end)
        yield events
        step += 1


PART = 1_000


def parts(events: Iterator[Event], step: int) -> Iterator[list[Event]]:
    """What a step tells, so many events at a time: where nobody keeps them their memory is used again."""
    while True:
        with exact_step(step):
            part = list(islice(events, PART))
        yield part
        if len(part) < PART:
            return


def still_steps(state: State, steps: Iterable[int], end: StepEnded) -> Iterator[Event]:
    """Steps in which marks move and nothing else happens: each ends as the one before them."""
    path, books, rest = state.scenario.path, list(state.ledger.markets.values()), end[1:]
    for step in steps:
        time = path.time(step)
        for book in books:
            book.mark = path.marks[book.name][step]
            yield record(MarkMoved, (step, book.name, book.mark, time))
        yield record(StepEnded, (step, *rest))


class exact_step:  # noqa: N801  (a context like `exact`; a class, as a generator costs a fifth of a quiet step)
    """The exact context around one step; a result that needs more than 60 digits is the scenario's fault,
    said with the step."""

    def __init__(self, step: int) -> None:
        self._step, self._context = step, exact()

    def __enter__(self) -> None:
        self._context.__enter__()

    def __exit__(self, kind: object, error: BaseException | None, where: object) -> None:
        self._context.__exit__(None, None, None)
        if error is not None and isinstance(error, Inexact | Overflow | InvalidOperation):
            if isinstance(error, InvalidOperation) and not too_long(error):
                return
            raise PrecisionError(
                f"step {self._step}: the numbers have too many digits together to be worked exactly (60 at "
                "most)"
            ) from error


def too_long(error: InvalidOperation) -> bool:
    """Was it a result of more than 60 digits before the unit it is rounded to? (0 / 0 would be a bug.)"""
    return not any(issubclass(condition, ZeroDivisionError) for condition in error.args[0])


def begin_step(state: State, path: Path, step: int) -> list[Event]:
    """Marks move; funding that is due is paid at the new marks."""
    state.begin(step)
    books = state.ledger.markets.values()
    told: list[Event] = []
    if step == 0:
        funds = tuple((fund.name, fund.balance) for fund in state.ledger.funds.values())
        told.append(Started(0, funds, tuple((book.name, book.rest_size) for book in books)))
    if state.has_feedback:
        told.extend(recover(state))
    time = path.time(step)
    told += [record(MarkMoved, (step, book.name, book.mark, time)) for book in books]
    if path.funding:
        for book in books:
            rate = path.funding.get(book.name, {}).get(step)
            if rate:
                told.append(state.ledger.charge_funding(book, rate))
    return told


def one_step(state: State, stages: Stages) -> Iterator[Event]:
    """Margin, liquidation, book, fund and queue, again and again until nothing moves."""
    if state.rules.adl.when == AdlWhen.SETTLEMENT:
        yield from settle_markets(state)
        yield from share_losses(state)
        return
    pending = state.watchlist.touched()
    if state.changed:  # by what the path brought besides marks
        pending = dict.fromkeys((*pending, *state.changed))
    if not pending and state.is_idle():
        return
    while True:
        if state.scenario.orders:
            yield from fill_standing(state)
            pending = dict.fromkeys((*pending, *state.changed))
        due, safe = find_due(state, pending)
        state.watch(safe)
        if state.spared:
            yield from state.told_spared()
        state.doubt([one.unit for one in due])
        state.doubt([unit for unit in pending if unit.holder.balance < ZERO and not unit.is_open()])
        state.changed = {}
        for one in due:
            yield from close_unit(state, stages, one)
        claims = workable(state)
        sizes = [claim.size for claim in claims]
        yield from work(state, stages, claims)
        moved = sizes != [claim.size for claim in claims]
        told = state.ledger.claim_count
        yield from deleverage_vaults(state)
        moved = moved or state.ledger.claim_count != told
        yield from share_losses(state)
        pending = list(state.changed)
        if state.has_feedback:
            pushed = list(push_marks(state))
            if pushed:
                yield from pushed
                moved, pending = True, [*dict.fromkeys((*pending, *state.watchlist.touched()))]
        if not moved and not pending:
            break


def end_step(state: State, audit: Audit) -> StepEnded:
    """The audit line: both differences, and what nobody has covered so far (held inventory at the mark and
    accounts below zero included)."""
    found = audit.step(state.step)
    funds = tuple((fund.name, fund.balance) for fund in state.ledger.funds.values())
    debts = state.bad_debt_so_far()
    total, held = sum(debts.values(), ZERO), tuple(state.ledger.pnl_of_held().items())
    return StepEnded(state.step, funds, found.money, found.open_interest, total, tuple(debts.items()), held)
