"""The question asked backwards: for which values of one thing is it so?

Nothing here is monotone unless it is proven, so every answer says how it was found:

    theorem      the balance of a fund that pays to its floor: the run with an endless fund tells (see
                 least.py)
    exhaustive   every value of the range was run
    sampled      some values were run, and every change between neighbors was bisected to the unit; an
                 interval narrower than the spacing may be missing

Public: Knob, At, Method, Unsolvable, Stretch, Turn, Solution, Limits, Through, solve, size_of, values_for, WORK,
FEW.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

from adlcalc.engine.events import Deleveraged, Event
from adlcalc.engine.formulas.policies import queue as by_score
from adlcalc.engine.loop import run
from adlcalc.engine.model import Scenario
from adlcalc.engine.rules import AdlWhen, Takeover
from adlcalc.ground.numbers import CEILING, FLOOR, ONE, ZERO, D, divide, exact, round_to
from adlcalc.study.differs import Part, first_part
from adlcalc.study.least import ENDLESS, Endless, endless, least_fund, why_not, with_balance
from adlcalc.study.questions import Measure, Question
from adlcalc.study.runs import Asked, Row, Values, measured

EXHAUSTIVE = 5_000
"""A range of at most so many values is run whole where nobody says otherwise."""
VALUES, FEWEST, BUDGET = 1_000, 20, 20_000
"""How many values are sampled, of a large book at least so many, and how many runs are made at most, where
nobody says otherwise."""
WORK = 500_000
"""Accounts times steps times values: a large book is sampled at fewer values, and says so by their
spacing."""
FEW, DEARER = 5, 4
"""Below a proven least fund the question is seldom anything but so everywhere: there a run counts as so many,
and at least so few values are run."""
MANY = 200
"""Fewer runs than these are not worth other processes."""
LOW_ENDS = 50
"""Of a run with more draws than these, what smaller funds do is sampled."""
ANYBODY = Measure("adl")


class Knob(Protocol):
    """Something to vary. unit: a step of it; fund: the fund whose balance it is, if it is one."""

    @property
    def name(self) -> str: ...
    @property
    def unit(self) -> Decimal: ...
    @property
    def now(self) -> Decimal | None: ...
    @property
    def low(self) -> Decimal | None: ...
    @property
    def high(self) -> Decimal | None: ...
    @property
    def fund(self) -> str | None: ...
    def turned(self, scenario: Scenario, to: Decimal) -> Scenario:
        """The scenario with it at that value."""


@dataclass(frozen=True, slots=True)
class At:
    """The variation that turns a knob to so many units."""

    knob: Knob
    units: int

    def __call__(self, scenario: Scenario) -> Scenario:
        """The scenario with it."""
        return self.knob.turned(scenario, self.units * self.knob.unit)


class Method(StrEnum):
    """How an answer was found."""

    THEOREM = "theorem"
    EXHAUSTIVE = "exhaustive"
    SAMPLED = "sampled"


class Unsolvable(ValueError):
    """The question cannot be worked as it is asked: a range without an end, a method that does not apply."""


class Stretch(NamedTuple):
    """Values side by side for which it is so, or is not, or (holds None) that the scenario refuses for
    `why`."""

    low: Decimal
    high: Decimal
    holds: bool | None
    why: str = ""


class Turn(NamedTuple):
    """Two neighbors of which one holds and one does not. differs: the first event in which their runs differ;
    None where one of them is refused, or nothing but the balance of a fund differs."""

    before: Decimal
    after: Decimal
    differs: Part | None


@dataclass(frozen=True, slots=True)
class Limits:
    """What a search may take. jobs: processes."""

    method: Method | None = None
    values: int | None = None
    budget: int = BUDGET
    jobs: int = 1


@dataclass(frozen=True, slots=True)
class Solution:
    """What was found. values, runs: how many values were tried, and engine runs made; spacing: between two
    values that were tried, where not all were; proven_from: the balance from which on the theorem tells;
    not_by: the rule for which it does not; open_below: why what is below is not proven; whole: nothing was left
    out (a budget, Ctrl-C); ends: the events at both neighbors of the first change (of the two ends of the range
    where there is none), by value; endless: where no value of a fund's balance holds, is it so with an endless
    fund? None where that was not asked."""

    knob: Knob
    question: Question
    low: Decimal
    high: Decimal
    method: Method
    values: int
    runs: int
    spacing: Decimal
    stretches: tuple[Stretch, ...]
    changes: tuple[Turn, ...]
    ends: tuple[tuple[Decimal, tuple[Event, ...]], ...]
    proven_from: Decimal | None = None
    not_by: str = ""
    open_below: str = ""
    whole: bool = True
    interrupted: bool = False
    endless: bool | None = None

    def outcome(self, value: Decimal) -> bool | None:
        """Is it so at that value of the range?"""
        return next((one.holds for one in self.stretches if one.low <= value <= one.high), None)

    @property
    def holds(self) -> Decimal | None:
        """The answer: of the first change from low to high the neighbor for which it is so; the low end where
        nothing changes and it is so everywhere."""
        for one in self.first or ():
            if self.outcome(one):
                return one
        return next((one.low for one in self.stretches if one.holds), None)

    @property
    def fails(self) -> Decimal | None:
        """Its neighbor, for which it is not so."""
        return next((one for one in self.first or () if self.outcome(one) is False), None)

    @property
    def first(self) -> tuple[Decimal, Decimal] | None:
        """The neighbors of the first change between it is so and it is not; else of the first change."""
        pairs = [(one.before, one.after) for one in self.changes]
        plain = [pair for pair in pairs if {self.outcome(pair[0]), self.outcome(pair[1])} == {True, False}]
        return next(iter(plain or pairs), None)

    @property
    def answer(self) -> Turn | None:
        """The first change, where there is one."""
        return next((one for one in self.changes if (one.before, one.after) == self.first), None)


class Through(Protocol):
    """The same rows, watched. total: how many there are."""

    def __call__(
        self, rows: Iterable[Row[At, Any]], total: int | None = None, /
    ) -> Iterable[Row[At, Any]]: ...


def size_of(scenario: Scenario) -> int:
    """What a run is counted as: accounts times steps."""
    return max(len(scenario.accounts) * scenario.path.steps, 1)


def values_for(scenario: Scenario, *, dearer: bool = False) -> int:
    """How many values are sampled of a scenario where nobody says how many."""
    size, fewest = size_of(scenario), FEWEST
    if dearer:
        size, fewest = DEARER * size, FEW
    return max(min(VALUES, WORK // size), fewest)


def unwatched(rows: Iterable[Row[At, Any]], total: int | None = None, /) -> Iterable[Row[At, Any]]:
    """Nobody watches."""
    return rows


def solve(
    scenario: Scenario,
    knob: Knob,
    question: Question,
    *,
    low: Decimal | None = None,
    high: Decimal | None = None,
    limits: Limits = Limits(),
    through: Through = unwatched,
) -> Solution:
    """For which values from low to high the question holds. Raises Unsolvable; Ctrl-C gives what is known so
    far. through: may watch the rows go by."""
    search = _Search(scenario, knob, question, limits, through)
    interrupted = False
    with exact():
        try:
            search.begin(low, high)
            search.work()
        except KeyboardInterrupt:
            if search.high is None:
                raise
            interrupted = True
        return search.solution(interrupted)


def _events(scenario: Scenario) -> tuple[Event, ...]:
    return tuple(run(scenario, accounts=False))


class _Search:
    """What is known so far, in whole units. proven: spans of which every value is known without its run."""

    def __init__(
        self, scenario: Scenario, knob: Knob, question: Question, limits: Limits, through: Through
    ) -> None:
        self.scenario, self.knob, self.question, self.limits = scenario, knob, question, limits
        self.through, self.unit = through, knob.unit
        self.known: dict[int, bool | None] = {}
        self.why: dict[int, str] = {}
        self.proven: list[tuple[int, int, bool]] = []
        self.low = 0
        self.high: int | None = None
        self.method = limits.method or Method.SAMPLED
        self.runs, self.short = 0, False
        self.told: dict[int, tuple[Event, ...]] = {}
        self.spacing = ONE
        self.endless: Endless | None = None
        self.not_by = ""
        self.proven_from: int | None = None
        self.open_below = ""

    # --- the range ------------------------------------------------------------------------------------------

    def begin(self, low: Decimal | None, high: Decimal | None) -> None:
        """The range, and the run with an endless fund where that may tell."""
        if self.knob.fund is not None:
            self._ask_endless()
        low = self.knob.low if low is None else low
        high = self._default_high() if high is None else high
        if low is None or high is None:
            missing = [name for name, end in (("--from", low), ("--to", high)) if end is None]
            raise Unsolvable(f"{self.knob.name} has no natural range: give {' and '.join(missing)}")
        self.low, top = self._units(low, CEILING), self._units(high, FLOOR)
        if self.low > top:
            raise Unsolvable(
                f"there is no value of {self.knob.name} from {low:f} to {high:f} (a step of it is "
                f"{self.unit:f})"
            )
        self.high = top

    def _units(self, value: Decimal, rounding: str) -> int:
        return int(round_to(divide(value, self.unit), ONE, rounding))

    def _default_high(self) -> Decimal | None:
        if self.endless is None:
            return self.knob.high
        least = least_fund(self.scenario, self.knob.fund) if self.not_by else self.endless.least
        return 2 * least or max(2 * (self.knob.now or ZERO), self.unit)

    # --- asking ---------------------------------------------------------------------------------------------

    @property
    def count(self) -> int:
        """How many values the range has."""
        assert self.high is not None
        return self.high - self.low + 1

    def ask(self, wanted: Iterable[int]) -> None:
        """Run these, as far as they are not known and the budget lasts."""
        new = [n for n in dict.fromkeys(wanted) if n not in self.known]
        left = max(self.limits.budget - self.runs, 0)
        if len(new) > left:
            new, self.short = new[:left], True
        jobs = self.limits.jobs if len(new) >= MANY else 1
        rows = measured(self.scenario, (At(self.knob, n) for n in new), Asked(self.question.parts), jobs=jobs)
        for row in self.through(rows, len(new)):
            self.runs += 1
            self._note(row)

    def _note(self, row: Row[At, Values]) -> None:
        n = row.variation.units
        if row.refused is not None:
            self.known[n], self.why[n] = None, str(row.refused)
        else:
            self.known[n] = self.question.holds(row.value.__getitem__)

    # --- the methods ----------------------------------------------------------------------------------------

    def work(self) -> None:
        """The method that was asked for, else the best that applies."""
        wanted, rest = self.limits.method, (self.low, self.high or 0)
        if wanted in (None, Method.THEOREM):
            left = self._theorem()
            if left is None:
                self.method = Method.THEOREM
                return
            if wanted is Method.THEOREM:
                raise Unsolvable(self._no_theorem())
            rest = left
        size = rest[1] - rest[0] + 1
        if wanted is Method.EXHAUSTIVE and size > self.limits.budget:
            raise Unsolvable(
                f"there are {size:,} values of {self.knob.name} from --from to --to, more than --budget "
                f"{self.limits.budget:,}"
            )
        if wanted is not Method.SAMPLED and (
            wanted is Method.EXHAUSTIVE or size <= min(EXHAUSTIVE, self.limits.budget)
        ):
            self.method = Method.EXHAUSTIVE
            self.ask(range(rest[0], rest[1] + 1))
        else:
            self.method = Method.SAMPLED
            self._sample(*rest)

    def _sample(self, low: int, high: int) -> None:
        """Values at equal distances, what the scenario has, and every change between two of them to the
        unit."""
        values = self.limits.values
        if values is None:
            values = values_for(self.scenario, dearer=self.proven_from is not None)
        parts = max(min(values, self.limits.budget, high - low + 1) - 1, 1)
        self.spacing = max(divide(D(high - low), D(parts)), ONE)
        wanted = {low + (high - low) * i // parts for i in range(parts + 1)}
        now = self.knob.now
        if now is not None and not now % self.unit and low <= self._units(now, FLOOR) <= high:
            wanted.add(self._units(now, FLOOR))
        self.ask(sorted(wanted))
        while not self.short:
            between = [
                (a + b) // 2
                for a, b in pairwise(sorted(self.known))
                if self.known[a] != self.known[b] and b - a > 1
            ]
            if not between:
                break
            self.ask(between)

    # --- the theorem ----------------------------------------------------------------------------------------

    def _ask_endless(self) -> None:
        assert self.knob.fund is not None
        self.endless = endless(self.scenario, self.knob.fund)
        self.runs += 1
        self.not_by = why_not(self.scenario.rules)

    def _no_theorem(self) -> str:
        """Why the theorem does not answer."""
        if self.endless is None:
            return "--method theorem is about the balance of a fund"
        if self.not_by:
            return (
                f"--method theorem does not hold under rule {self.not_by}: what the fund pays hangs on "
                "more than its floor"
            )
        if self._looks_at_the_fund():
            return "--method theorem does not tell of a question that looks at what the fund holds"
        return (
            "--method theorem tells of this question only from the least fund upward; smaller ones have to "
            "be tried"
        )

    def _looks_at_the_fund(self) -> bool:
        return any(one.word in ("fund_left", "fund_worth", "stopped") for one in self.question.parts)

    def _theorem(self) -> tuple[int, int] | None:
        """Prove what can be proven; the values that are left to try, None where none are."""
        high, found = self.high or 0, self.endless
        if found is None or self.not_by or self._looks_at_the_fund():
            return self.low, high
        assert self.knob.fund is not None
        if self.scenario.rules.fund.negative:  # whatever it holds, it pays
            self.proven.append((self.low, high, self._holds_at(found.fund.balance)))
            self.proven_from = self.low
            return None
        least = self._units(found.least, CEILING)
        if least <= high:
            self.proven_from = max(least, self.low)
            self.proven.append((self.proven_from, high, self._holds_at(least * self.unit)))
        if least <= self.low:
            return None
        below = min(least - 1, high)
        if self._smaller_ones_deleverage(found, below):
            self._tell([below])
            so = self.question.holds(lambda _: True)  # it asks of nothing else but whether anybody is
            if self.known.get(below) is so:
                self.proven.append((self.low, below, so))
                return None
        return self.low, below

    def _holds_at(self, balance: Decimal) -> bool:
        """Is it so with a fund that never runs short? The run with the endless one tells, but for what has to
        be looked at while it is made: then the same run is made with the least fund."""
        assert self.knob.fund is not None
        assert self.endless is not None
        varied = with_balance(self.scenario, self.knob.fund, balance)
        asked = Asked(self.question.parts)
        values = asked.of(varied, self.endless.events)
        if values is None:
            self.runs += 1
            values = asked(varied)
        return self.question.holds(values.__getitem__)

    def _tell(self, units: Iterable[int]) -> None:
        """Keep the events of these runs, and what the question is then."""
        asked = Asked(self.question.parts)
        new = [n for n in units if n not in self.told]
        for row in measured(self.scenario, (At(self.knob, n) for n in new), _events):
            n = row.variation.units
            self.runs += 1
            if row.refused is not None:
                self.known[n], self.why[n] = None, str(row.refused)
                continue
            self.told[n] = row.value
            values = asked.of(self.scenario, row.value)
            if values is not None:
                self.known.setdefault(n, self.question.holds(values.__getitem__))
        self.ask(n for n in units if n not in self.known)

    def _smaller_ones_deleverage(self, found: Endless, below: int) -> bool:
        """Does every smaller fund deleverage somebody? (It says nothing of other questions.)

        A smaller fund makes the same run up to the first draw that goes beyond what it holds. What it cannot
        pay of that claim goes to the queue at once, and it is the more the less it holds. So of all funds
        that run short at the same draw the smallest one tells: where the queue takes the most that there can
        be, it takes the less as well. This needs claims of the venue, a queue in its order, and no condition
        of deleveraging but that the fund does not pay."""
        rules = self.scenario.rules
        plain = (
            isinstance(rules.liquidation.method, Takeover)
            and rules.adl.when == AdlWhen.AFTER_FUND
            and rules.adl.policy is by_score
        )
        if {*self.question.parts} != {ANYBODY}:
            self.open_below = "more is asked than whether anybody is deleveraged"
        elif not plain:
            self.open_below = (
                "the rules are not those of a queue in its order after a fund that takes positions over"
            )
        elif len(found.draws) > LOW_ENDS:
            self.open_below = (
                f"that is done draw by draw, of {LOW_ENDS} at most, and here there are {len(found.draws):,}"
            )
        if self.open_below:
            return False
        before = ZERO
        for draw in found.draws:
            lowest = max(self._units(found.fund.floor + before, CEILING) if before else 0, self.low)
            before = draw.total
            covered = self._units(found.fund.floor + draw.total, CEILING) <= self.low
            if (
                covered
                or lowest > below
                or any(isinstance(one, Deleveraged) for one in found.events[: draw.at])
            ):
                continue
            events = run(with_balance(self.scenario, found.fund.name, lowest * self.unit), accounts=False)
            self.runs += 1
            if not any(
                isinstance(one, Deleveraged) and (one.step, one.claim) == (draw.step, draw.claim)
                for one in events
            ):
                self.open_below = "a fund that runs short does not always deleverage somebody at once"
                return False
        return True

    # --- the answer -----------------------------------------------------------------------------------------

    def solution(self, interrupted: bool) -> Solution:
        """What is known, as stretches of values, and the events at their ends."""
        stretches = tuple(self._stretches())
        pairs = [(one.high, two.low) for one, two in pairwise(stretches)]
        ends = {end for one in stretches for end in (one.low, one.high)}
        wanted = {self._units(x, FLOOR): x for x in sorted({x for pair in pairs for x in pair} or ends)}
        if self.endless is not None and self.proven_from is not None:
            # what is proven to be the run with the endless fund is not run once more
            self.told |= {n: self.endless.events for n in wanted if n >= self.proven_from}
        try:
            self._tell(n for n in wanted if n not in self.why)
        except KeyboardInterrupt:
            interrupted = True
        told = {x: self.told[n] for n, x in wanted.items() if n in self.told}
        asked = {one.of for one in self.question.parts if one.of is not None and one.kind.takes == "account"}
        changes = tuple(
            Turn(a, b, first_part(told[a], told[b], asked) if a in told and b in told else None)
            for a, b in pairs
        )
        assert self.high is not None
        found = Solution(
            self.knob, self.question, self.low * self.unit, self.high * self.unit, self.method,
            len(self.known), self.runs, self._apart(), stretches, changes, (),
            None if self.proven_from is None else self.proven_from * self.unit, self.not_by,
            self.open_below, not (self.short or interrupted), interrupted,
        )  # fmt: skip
        shown = found.first or tuple(end for one in stretches[:1] for end in (one.low, one.high))
        none = self.endless is not None and not interrupted and not any(one.holds for one in stretches)
        return replace(
            found,
            ends=tuple((x, told[x]) for x in dict.fromkeys(shown) if x in told),
            endless=self._holds_at(ENDLESS) if none else None,
            runs=self.runs,
        )

    def _apart(self) -> Decimal:
        """How far apart the values were that were tried, to eight decimals or the unit."""
        return round_to(self.spacing * self.unit, min(self.unit, D("0.00000001")), CEILING)

    def _stretches(self) -> Iterator[Stretch]:
        """Values that are known, side by side; what is proven is one piece."""
        pieces: list[tuple[int, int, bool | None]] = [*self.proven]
        spans = [(low, high) for low, high, _ in self.proven]
        pieces += [
            (n, n, holds)
            for n, holds in self.known.items()
            if not any(low <= n <= high for low, high in spans)
        ]
        now: tuple[int, int, bool | None] | None = None
        for low, high, holds in sorted(pieces, key=lambda piece: piece[0]):
            if now is not None and now[2] is holds:
                now = (now[0], high, holds)
                continue
            if now is not None:
                yield self._stretch(*now)
            now = (low, high, holds)
        if now is not None:
            yield self._stretch(*now)

    def _stretch(self, low: int, high: int, holds: bool | None) -> Stretch:
        return Stretch(low * self.unit, high * self.unit, holds, self.why.get(low, ""))
