"""What `adlcalc solve` asks: the file is loaded, a thing of it is varied, and the answer is held against the
file loaded once more with --set. The command line and Python ask here.

Public: Asking, Column, Solved, solved, grid_of, may_be_proven.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

from adlcalc.engine.events import Event
from adlcalc.engine.loop import run
from adlcalc.engine.model import Scenario
from adlcalc.ground.numbers import ONE, D, exact, show
from adlcalc.scenario import Loaded, options_of
from adlcalc.scenario.knobs import Knob, Reload, knob_of, quoted
from adlcalc.scenario.loading import Origin, opened
from adlcalc.source.number import NumberError, number_of
from adlcalc.source.problems import Problem, ScenarioErrors, wrong
from adlcalc.study.answers import names_of
from adlcalc.study.differs import same
from adlcalc.study.least import ENDLESS, LEAST, why_not, with_balance
from adlcalc.study.questions import Names, Question, QuestionError, read, read_assertion
from adlcalc.study.runs import Asked as Measured
from adlcalc.study.solve import Limits, Solution, Through, Unsolvable, solve, unwatched

MOST_COLUMNS = 1_000
FINER = 2
"""What only the file can set has a grid of so many digits more than its ends are written with; a grid of 1
where it takes whole numbers only."""
HALF = D("0.5")


@dataclass(frozen=True, slots=True)
class Asking:
    """What is asked, as it was typed. question: from --until or --when; across: NAME=FROM..TO/STEP or
    NAME=A,B,C."""

    file: str
    vary: str
    question: str
    when: bool = False
    low: str | None = None
    high: str | None = None
    unit: str | None = None
    across: str | None = None
    asserted: str | None = None
    sets: tuple[str, ...] = ()
    venue: str | None = None
    as_of: str | None = None
    limits: Limits = Limits()  # noqa: RUF009  (frozen)

    @property
    def option(self) -> str:
        """The option that the question was given with."""
        return "--when" if self.when else "--until"


@dataclass(frozen=True, slots=True)
class Column:
    """One value of --across, and the answer there; None where nothing goes across."""

    at: Decimal | None
    solution: Solution


@dataclass(frozen=True, slots=True)
class UnderReading:
    """The answer under another reading of an assumed rule; None where no value does. across: the value of
    --across that it is for."""

    reading: str
    holds: Decimal | None
    across: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Solved:
    """The answer. columns: one for each value of --across, then `solution` is that of the first; verified:
    the answer's neighbors loaded with --set made the same runs; None where --set cannot name what was varied;
    said: how --set says them; asserted: what --assert says of it; readings: the answers under other readings
    of assumed rules, where it was doubted; helped: no fund of the range is enough, and the largest would be with
    this change."""

    loaded: Loaded
    asking: Asking
    what: str
    solution: Solution
    across: str = ""
    columns: Sequence[Column] = field(default_factory=tuple)
    verified: bool | None = None
    said: Mapping[Decimal, Sequence[str]] = field(default_factory=dict)
    asserted: bool | None = None
    readings: Sequence[UnderReading] = field(default_factory=tuple)
    helped: str = ""

    @property
    def scenario(self) -> Scenario:
        """What was asked about."""
        return self.loaded.scenario

    def options(self, said: Sequence[str]) -> list[str]:
        """What makes, beside the file, the scenario that was asked about with these changes."""
        return options_of((*self.asking.sets, *said), self.asking.venue, self.asking.as_of)

    @property
    def interrupted(self) -> bool:
        """Is it only what was known when somebody stopped it?"""
        return any(one.interrupted for one in ([one.solution for one in self.columns] or [self.solution]))

    @property
    def answered(self) -> bool:
        """Is there a value, in every column, and is it as it was asserted?"""
        found = [one.solution for one in self.columns] or [self.solution]
        return all(one.holds is not None for one in found) and self.asserted is not False


Asked = Knob | Reload


def solved(
    asking: Asking,
    *,
    origin: Origin | None = None,
    through: Through = unwatched,
    note: Callable[[Loaded], None] = lambda loaded: None,
) -> Solved:
    """Load, vary, verify. origin: what is loaded, where it is no file. Raises ScenarioErrors, Unsolvable."""
    holds = _assertion(asking.asserted)
    if origin is None:
        origin = Origin(asking.file, *opened(asking.file), asking.sets, asking.venue, asking.as_of)
    loaded = origin.load()
    note(loaded)
    question = _question(asking, names_of(loaded.scenario))
    low, high = _number("--from", asking.low), _number("--to", asking.high)
    knob = _knob(asking, loaded, origin, asking.vary, low, high)
    if knob.fund is not None and any(part.word == LEAST for part in question.parts):
        raise Unsolvable(
            "least_fund does not depend on what the fund holds\n"
            "hint: ask for 'no adl' or 'bad_debt == 0', or adlcalc compare --metrics least_fund"
        )
    if asking.across is not None:
        return _frontier(asking, loaded, origin, question, low, high, holds, through)
    found = solve(loaded.scenario, knob, question, low=low, high=high, limits=asking.limits, through=through)
    said = _settings(origin, knob, found, loaded.scenario) if not found.interrupted else {}
    asserted = None if holds is None else holds(_fraction(found.holds))
    return Solved(
        loaded,
        asking,
        knob.what or asking.vary,
        found,
        verified=_agreed(said, found),
        said=said,
        asserted=asserted,
        helped=KEEPING if _helped(asking, origin, knob.fund, found, question) else "",
    )


def may_be_proven(scenario: Scenario, vary: str) -> bool:
    """Is it the balance of a fund that one run with an endless one may tell all of?"""
    try:
        knob = knob_of(vary, scenario)
    except ScenarioErrors:  # it is told where it is varied
        return False
    return knob is not None and knob.fund is not None and not why_not(scenario.rules)


KEEPING = "rules.fund.holds=while-solvent"
"""The rule that lets a fund be enough where the book takes too little."""


def _helped(asking: Asking, origin: Origin, fund: str | None, found: Solution, question: Question) -> bool:
    """Would the largest fund of the range (an endless one, where nobody gave its end) be enough if it kept
    positions? That is tried before it is advised."""
    if found.holds is not None or fund is None or found.interrupted:
        return False
    try:
        there = origin.load(KEEPING).scenario
    except ScenarioErrors:
        return False
    varied = with_balance(there, fund, ENDLESS if asking.high is None else found.high)
    return question.holds(Measured(question.parts)(varied).__getitem__)


def doubted(found: Solved) -> Solved:
    """The same asked again under every other reading of an assumed rule that the run uses, as it is written
    or beside an answer."""
    from adlcalc.study.assumptions import used_assumptions
    from adlcalc.study.doubt import readings_under, used_by

    scenario = found.scenario
    across = knob_of(found.across, scenario) if found.columns else None
    if isinstance(found.solution.knob, Reload) or (found.columns and across is None):
        what = (
            f"--across {found.across}" if found.columns and across is None else f"--vary {found.asking.vary}"
        )
        raise Unsolvable(f"--doubt and {what} do not go together: the scenario is made anew for each value")
    answers = []
    used = set(used_by(scenario))
    for column in found.columns or (Column(None, found.solution),):
        for _, events in column.solution.ends:
            used.update(one.rule for one in used_assumptions(scenario, events))
    for one in readings_under(scenario, found.loaded.rulebook, used):
        assert one.variation is not None
        world = one.variation(scenario)
        for column in found.columns or (Column(None, found.solution),):
            asked = column.solution
            there = solve(
                world if across is None or column.at is None else across.turned(world, column.at),
                asked.knob,
                asked.question,
                low=asked.low,
                high=asked.high,
                limits=found.asking.limits,
            )
            answers.append(UnderReading(one.text, there.holds, column.at))
    return replace(found, readings=tuple(answers))


def _frontier(
    asking: Asking,
    loaded: Loaded,
    origin: Origin,
    question: Question,
    low: Decimal | None,
    high: Decimal | None,
    holds: Callable[[Fraction | None], bool] | None,
    through: Through,
) -> Solved:
    """An answer for each value of another thing; Ctrl-C gives those that are there."""
    name, values = grid_of(asking.across or "")
    across = _knob(asking, loaded, origin, name, min(values), max(values))
    columns: list[Column] = []
    agreed: list[bool | None] = []
    for value in values:
        scenario = across.turned(loaded.scenario, value)
        settings = next((said for said in across.said(value) if _loads(origin, said)), [])
        there = replace(origin, sets=(*origin.sets, *settings))
        knob = _knob(asking, loaded, there, asking.vary, low, high, scenario)
        found = solve(scenario, knob, question, low=low, high=high, limits=asking.limits, through=through)
        columns.append(Column(value, found))
        if found.interrupted:
            break
        agreed.append(_agreed(_settings(there, knob, found, scenario), found) if settings else None)
    asserted = None if holds is None else all(holds(_fraction(one.solution.holds)) for one in columns)
    agrees = None if None in agreed or not agreed else all(agreed)
    what = knob.what or asking.vary
    return Solved(
        loaded, asking, what, columns[0].solution, name, columns, verified=agrees, asserted=asserted
    )


def _knob(
    asking: Asking,
    loaded: Loaded,
    origin: Origin,
    name: str,
    low: Decimal | None,
    high: Decimal | None,
    scenario: Scenario | None = None,
) -> Asked:
    """What is varied. A step of it may be asked for; where only the file can say it, it follows from how the
    ends are written."""
    unit = _number("--unit", asking.unit) if name == asking.vary else None
    if unit is not None and unit <= 0:
        raise wrong("--unit", asking.unit or "", "must be greater than zero")
    found = knob_of(name, scenario or loaded.scenario)
    if found is not None:
        return found if unit is None else found.in_steps_of(unit)
    if unit is None:
        ends = [end for end in (low, high) if end is not None]
        if not ends:
            raise wrong("--vary", name, "has no range of its own: give --from and --to")
        exponents = [_digits(end) for end in ends]
        whole = min(exponents) >= 0 and _is_whole(name, origin, min(ends))
        unit = ONE if whole else ONE.scaleb(min(exponents) - FINER)
    _refuse_name(name, origin, [end for end in (low, high) if end is not None])
    return Reload(name, unit, origin)


def _is_whole(name: str, origin: Origin, end: Decimal) -> bool:
    """Does the file take whole numbers only there: a count, a seed?"""
    try:
        origin.load(f"{name}={show(end + HALF)}")
    except ScenarioErrors as errors:
        return any("whole number" in one.message for one in errors.problems)
    return False


def _refuse_name(name: str, origin: Origin, ends: Sequence[Decimal]) -> None:
    """What is wrong in the same words at both ends of a range is wrong with the name, not with a value."""
    told: list[list[Problem]] = []
    for end in ends:
        try:
            origin.load(f"{name}={show(end)}")
        except ScenarioErrors as errors:
            told.append([one._replace(file=f"--vary {name}") for one in errors.problems])
    if len(told) == 2 and ends[0] != ends[1] and told[0] == told[1]:
        raise ScenarioErrors(told[0])


def _digits(x: Decimal) -> int:
    """The exponent of its last digit, none above the point."""
    exponent = x.as_tuple().exponent
    return min(exponent, 0) if isinstance(exponent, int) else 0


def grid_of(text: str, option: str = "--across", most: int = MOST_COLUMNS) -> tuple[str, list[Decimal]]:
    """NAME=FROM..TO/STEP, or NAME=A,B,C: the name and the values. Raises ScenarioErrors."""
    name, equals, values = text.partition("=")
    if not equals or not name.strip() or not values.strip():
        raise wrong(option, text, "must be NAME=FROM..TO/STEP or NAME=A,B,C")
    if ".." not in values:
        return name.strip(), [_needed(option, one.strip()) for one in values.split(",")]
    ends, slash, step_text = values.partition("/")
    if not slash:
        raise wrong(option, text, "must say how far its values are apart: NAME=FROM..TO/STEP")
    low, high = (_needed(option, one.strip()) for one in ends.split("..", 1))
    step = _needed(option, step_text.strip())
    if step <= 0 or low > high:
        raise wrong(option, text, "must go up from FROM to TO in steps above zero")
    with exact():
        if high - low > step * most:
            raise wrong(option, text, f"has more than {most:,} values")
        count = int((high - low) // step)
        return name.strip(), [low + i * step for i in range(count + 1)]


def _needed(option: str, text: str) -> Decimal:
    found = _number(option, text)
    assert found is not None
    return found


def _number(option: str, text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        return number_of(text.strip())
    except NumberError as error:
        raise wrong(option, text, error.message, error.hint) from None


def _fraction(x: Decimal | None) -> Fraction | None:
    return None if x is None else Fraction(x)


def _question(asking: Asking, names: Names) -> Question:
    try:
        return read(asking.question, names)
    except QuestionError as error:
        raise error.told_of(asking.option, asking.question) from None


def _assertion(text: str | None) -> Callable[[Fraction | None], bool] | None:
    if text is None:
        return None
    try:
        return read_assertion(text)
    except QuestionError as error:
        raise error.told_of("--assert", text) from None


# --- once more, from the file -------------------------------------------------------------------------------


def _settings(origin: Origin, knob: Asked, found: Solution, scenario: Scenario) -> dict[Decimal, list[str]]:
    """By the answer's neighbors: how --set says them, so that the file makes the runs that were found; without
    those that --set cannot say. Another run is a bug of ours, and is told as one."""
    tried = {value: _said(origin, knob, value, events, scenario) for value, events in found.ends}
    return {value: said for value, said in tried.items() if said is not None}


def _loads(origin: Origin, said: Sequence[str]) -> bool:
    """Can the file be loaded with it?"""
    try:
        origin.load(*said)
    except ScenarioErrors:
        return False
    return True


def _agreed(said: Mapping[Decimal, Sequence[str]], found: Solution) -> bool | None:
    """None where --set cannot say one of the answer's neighbors, or there is none."""
    return True if said and len(said) == len(found.ends) else None


def _said(
    origin: Origin, knob: Asked, value: Decimal, events: Sequence[Event], scenario: Scenario
) -> list[str] | None:
    """Ticks stay what they were: one that the file leaves out would follow the price that is set."""
    loads = False
    for said in knob.said(value):
        try:
            there = origin.load(*said).scenario
            ticks = [
                f"markets.{quoted(old.name)}.tick={show(old.tick)}"
                for old, new in zip(scenario.markets, there.markets, strict=True)
                if not isinstance(knob, Reload) and old.tick != new.tick
            ]
            there = origin.load(*said, *ticks).scenario if ticks else there
        except ScenarioErrors:
            continue
        if same(tuple(run(there, accounts=False)), events):
            return [*said, *ticks]
        loads = True
    if loads:
        raise AssertionError(f"--set {knob.name} does not make the run that was found by varying it")
    return None
