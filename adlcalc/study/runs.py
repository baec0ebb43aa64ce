"""One machine for many runs: a scenario, variations of it, what is measured -> a row for each.

    for row in measured(scenario, [as_written, Fund(D(2_000))], Asked(question.parts), jobs=2):
        row.variation, row.found, row.refused

A variation is made from the scenario that is loaded, so that it costs a run and not a load. Variations and
what is measured are plain values: with several jobs they go to other processes, and the rows come back in the
order of the variations, each as soon as it and all before it are there. Whoever stops listening (Ctrl-C) has
the rows so far, and the processes end.

Public: Variation, Refused, Lost, Row, Ran, Asked, as_written, measured, worked, AT_ONCE.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Generic, NamedTuple, Protocol, TypeVar, cast

from adlcalc.engine.events import AccountEnded, AccountState, Event
from adlcalc.engine.loop import PrecisionError, run
from adlcalc.engine.model import Scenario
from adlcalc.ground.numbers import exact
from adlcalc.ground.workers import Ended, worked_by
from adlcalc.source.problems import ScenarioErrors
from adlcalc.study.answers import Answers, watch_for
from adlcalc.study.questions import Measure
from adlcalc.study.watch import Watch

AT_ONCE = 1.5
"""So many seconds of work go to a process at once: few enough to hear of it, enough to be worth the way."""


class Refused(ValueError):
    """There is no such scenario: no leverage of 0.5, no price of 0. The text says why."""


class Lost(RuntimeError):
    """A process that worked variations was ended from outside, and so was the next one with the same."""


class Variation(Protocol):
    """A change to a scenario, as a plain value."""

    def __call__(self, scenario: Scenario) -> Scenario:
        """The scenario with the change; Refused where there is no such scenario."""


V = TypeVar("V", bound=Variation)
T = TypeVar("T")
Item = TypeVar("Item")
R = TypeVar("R")


class Row(NamedTuple, Generic[V, T]):
    """A variation and what was measured of it; refused: why it was not run to its end, None where it was
    (Refused, PrecisionError, or the ScenarioErrors of what no file could say)."""

    variation: V
    found: T | None
    refused: Exception | None = None

    @property
    def value(self) -> T:
        """What was measured; raises what the variation was refused for."""
        if self.refused is not None:
            raise self.refused
        return cast(T, self.found)


class AsAsked:
    """The events of a run, made as far as they are asked for: whether anybody is deleveraged is known with
    the first who is."""

    def __init__(self, events: Iterator[Event]) -> None:
        self._made: list[Event] = []
        self._rest = events

    def __iter__(self) -> Iterator[Event]:
        at = 0
        while True:
            while at < len(self._made):
                yield self._made[at]
                at += 1
            event = next(self._rest, None)
            if event is None:
                return
            self._made.append(event)


@dataclass(frozen=True, slots=True)
class Ran:
    """A run as `Answers` asks it; it is gone when its measures are taken."""

    scenario: Scenario
    events: Iterable[Event]
    watch: Watch | None

    @property
    def accounts(self) -> Iterator[AccountState]:
        """Every account at the end, where the run was asked for them."""
        return (event.state for event in self.events if isinstance(event, AccountEnded))


Values = dict[Measure, Fraction | bool | None]
"""What measures and predicates came to. `question.holds(values.__getitem__)` asks a question of them."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Runs a scenario and takes these measures and predicates of it."""

    parts: tuple[Measure, ...]

    def __call__(self, scenario: Scenario) -> Values:
        """One run. The accounts at the end are told only to a measure that looks at them."""
        if all(one.word == "least_fund" for one in self.parts):  # which makes a run of its own
            return _values(Ran(scenario, (), None), self.parts)
        watch = watch_for(self.parts)
        events = run(scenario, accounts=any(map(_of_the_end, self.parts)), observer=watch)
        with closing(events):
            return _values(
                Ran(scenario, AsAsked(events) if watch is None else tuple(events), watch), self.parts
            )

    def of(self, scenario: Scenario, events: Sequence[Event]) -> Values | None:
        """The same of a run that was made; None where its events do not tell."""
        if watch_for(self.parts) or any(map(_of_the_end, self.parts)):
            return None
        return _values(Ran(scenario, tuple(events), None), self.parts)


def _of_the_end(measure: Measure) -> bool:
    """Does it look at an account as it stands at the end?"""
    return measure.kind.seen == "account" and not measure.kind.always and measure.step is None


def _values(ran: Ran, parts: Iterable[Measure]) -> Values:
    answers = Answers(ran)
    return {one: answers(one) for one in dict.fromkeys(parts)}


def as_written(scenario: Scenario) -> Scenario:
    """The variation that changes nothing."""
    return scenario


def measured(
    scenario: Scenario, variations: Iterable[V], measure: Callable[[Scenario], T], *, jobs: int = 1
) -> Iterator[Row[V, T]]:
    """A row for each variation, in their order. measure: what runs a scenario and says what came of it;
    jobs: in how many processes."""
    if jobs == 1:
        for one in variations:
            yield _row(scenario, measure, one)
        return
    yield from worked(partial(_row, scenario, measure), [*variations], jobs=jobs)


def worked(
    function: Callable[[Item], R],
    items: Sequence[Item],
    *,
    jobs: int = 1,
    lost: Callable[[Item, str], R] | None = None,
    as_they_come: bool = False,
) -> Iterator[R]:
    """function(item) for each item, in their order, or as they come; items are asked for when a process takes
    them. lost: what stands for an item whose process was ended, alone with it, by what the text says; without
    it that is Lost."""
    if jobs == 1:
        yield from map(function, items)
        return
    waiting: dict[int, R | Failed] = {}
    told = 0
    processes = max(min(jobs, len(items)), 1)
    for found in worked_by(processes, partial(_tried, function), items, seconds=AT_ONCE):
        if not isinstance(found, Ended):
            index, one = found
        elif found.again:
            continue
        elif lost is None:
            raise Lost(
                f"each process that worked a variation of the scenario was ended by {found.by}\n"
                "hint: with --jobs 1 there is most memory for it"
            )
        else:
            index, one = found.item, lost(items[found.item], found.by)
        waiting[told if as_they_come else index] = one
        while told in waiting:
            first = waiting.pop(told)
            if isinstance(first, Failed):
                raise first.error
            yield first
            told += 1


def _row(scenario: Scenario, measure: Callable[[Scenario], T], variation: V) -> Row[V, T]:
    """One run."""
    try:
        with exact():
            varied = variation(scenario)
        return Row(variation, measure(varied))
    except (Refused, PrecisionError, ScenarioErrors) as error:
        return Row(variation, None, error)


class Failed(NamedTuple):
    """An error instead of what was asked for; it is raised again where somebody listens."""

    error: Exception


def _tried(function: Callable[[Item], R], item: Item) -> R | Failed:
    """What a process does."""
    try:
        return function(item)
    except Exception as error:
        return Failed(error)
