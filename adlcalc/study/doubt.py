"""What an outcome rests on: the scenario is run again with every assumed rule that its run used replaced by
its other readings (`alternatives:` of the rulebook), one at a time and in pairs.

    reading    one or two assumed rules with another value of each
    differs    who is liquidated or deleveraged, when, how much and at which price, what funds, venue and winners
               get and pay, or a measure, is otherwise
    range      from the least to the most that a measure comes to, as written and under the readings

A reading that the rest of the rulebook does not allow is told with its reason and counts for nothing.

Public: Change, Reading, WithRules, CameTo, Look, Tried, Doubt, Range, doubt, readings_of, readings_used,
readings_under, reading_of, used_by, beyond."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from itertools import combinations
from typing import NamedTuple

from adlcalc.engine.events import (
    Deleveraged,
    Event,
    FeePaid,
    FundPaid,
    FundReceived,
    Liquidated,
    LossSocialized,
)
from adlcalc.engine.loop import run
from adlcalc.engine.model import Market, Scenario
from adlcalc.engine.rules import Rules
from adlcalc.ground.numbers import ZERO, exact
from adlcalc.source.nodes import Map, Node
from adlcalc.source.problems import Problems, ScenarioErrors
from adlcalc.study.answers import Answers, watch_for
from adlcalc.study.assumptions import used_assumptions
from adlcalc.study.questions import Measure, told
from adlcalc.study.runs import Ran, Refused, as_written, measured
from adlcalc.venues.coverage import defaults_of, lines_of
from adlcalc.venues.rulebook import Rulebook
from adlcalc.venues.stated import Rule

BUDGET = 200
WITH = {"value", "with"}
"""An alternative that needs other rules beside it: {value: market, with: {adl.when: remainder}}."""
Number = Fraction | bool | None


class Change(NamedTuple):
    """Another value of a rule, as it is written."""

    rule: str
    value: str

    @property
    def text(self) -> str:
        """'adl.score hyperliquid'."""
        return f"{self.rule} {self.value}"


@dataclass(frozen=True, slots=True)
class WithRules:
    """The variation that puts other rules, and markets that follow them, into a scenario."""

    rules: Rules
    markets: tuple[Market, ...]

    def __call__(self, scenario: Scenario) -> Scenario:
        """The scenario under them."""
        return replace(scenario, rules=self.rules, markets=self.markets)


@dataclass(frozen=True, slots=True)
class Reading:
    """One or two changes. variation: None where the rest of the rulebook does not allow them, for
    `refused`."""

    changes: tuple[Change, ...]
    variation: WithRules | None
    refused: str = ""

    @property
    def text(self) -> str:
        """'adl.score hyperliquid and adl.ties ...'."""
        return " and ".join(one.text for one in self.changes)


class CameTo(NamedTuple):
    """What a run came to. liquidated: (step, account, market, size, what it lacked); deleveraged: (step,
    account, market, size, price); moved: what funds and venue got and paid, and winners bore, all in all."""

    values: Mapping[Measure, Number]
    liquidated: tuple[tuple[int, str, str, Decimal], ...]
    deleveraged: tuple[tuple[int, str, str, Decimal, Decimal], ...]
    moved: Mapping[str, Decimal]

    @property
    def taken(self) -> dict[str, Decimal]:
        """What each account gave up."""
        found: dict[str, Decimal] = {}
        for _, account, _, size, _ in self.deleveraged:
            found[account] = found.get(account, ZERO) + size
        return found

    @property
    def fallen(self) -> dict[str, None]:
        """Who was liquidated."""
        return dict.fromkeys(account for _, account, *_ in self.liquidated)


@dataclass(frozen=True, slots=True)
class Look:
    """Runs a scenario and takes its outcome."""

    parts: tuple[Measure, ...]

    def __call__(self, scenario: Scenario) -> CameTo:
        """One run."""
        return self.looked(scenario)[0]

    def looked(self, scenario: Scenario) -> tuple[CameTo, tuple[Event, ...]]:
        """The outcome, and what happened."""
        watch = watch_for(self.parts)
        of_accounts = any(one.kind.takes == "account" for one in self.parts)
        events = tuple(run(scenario, accounts=of_accounts, observer=watch))
        answers = Answers(Ran(scenario, events, watch))
        fallen = (one for one in events if isinstance(one, Liquidated))
        hit = (one for one in events if isinstance(one, Deleveraged))
        outcome = CameTo(
            {one: answers(one) for one in self.parts},
            tuple((one.step, one.account, one.market, one.size) for one in fallen),
            tuple((one.step, one.account, one.market, one.size, one.price) for one in hit),
            _moved(events),
        )
        return outcome, events


def _moved(events: Iterable[Event]) -> dict[str, Decimal]:
    """'the fund receives': 120, of everybody who got or paid something beside the positions themselves."""
    found: dict[str, Decimal] = {}
    for event in events:
        if isinstance(event, FundReceived | FundPaid):
            fund = "the fund" if event.fund == "fund" else f"fund {event.fund}"
            who = f"{fund} {'receives' if isinstance(event, FundReceived) else 'pays'}"
        elif isinstance(event, FeePaid) and event.to != "fund":
            who = f"the {event.to} receives"
        elif isinstance(event, LossSocialized):
            who = f"{event.account} bears"
        else:
            continue
        found[who] = found.get(who, ZERO) + event.amount
    return {who: amount for who, amount in found.items() if amount}


@dataclass(frozen=True, slots=True)
class Tried:
    """A reading and what came of it; None where it could not be run, for `refused`."""

    reading: Reading
    outcome: CameTo | None
    refused: str = ""


class Range(NamedTuple):
    """The least and the most that a measure comes to, each with the reading under which it does ('' as
    written). What is none compares with nothing and is told by `missing`."""

    measure: Measure
    base: Number
    low: Number
    high: Number
    low_under: str
    high_under: str
    missing: bool

    @property
    def moves(self) -> bool:
        """Is it not the same everywhere?"""
        return self.low != self.high or (self.missing and self.low is not None)

    @property
    def farthest(self) -> Fraction | None:
        """How far it moves from what it is as written; None where that is no number."""
        numbers = [Fraction(x) for x in (self.base, self.low, self.high) if x is not None]
        if self.base is None or self.missing:
            return None if self.moves else Fraction(0)
        return max((abs(x - numbers[0]) for x in numbers), default=Fraction(0))

    @property
    def text(self) -> str:
        """'0..1,000', 'same'."""
        if not self.moves:
            return "same"
        ends = f"{_digits(self.low)}..{_digits(self.high)}"
        return f"{ends} or none" if self.missing else ends


def _digits(x: Number) -> str:
    """A number with separators."""
    text = told(x)
    whole, point, rest = text.partition(".")
    return f"{int(whole):,}{point}{rest}" if whole.lstrip("-").isdigit() else text


@dataclass(frozen=True, slots=True)
class Line:
    """A rule, or several that change nothing together: what its readings came to."""

    rules: tuple[str, ...]
    tried: tuple[Tried, ...]
    differ: int
    ranges: tuple[Range, ...]
    refused: int

    @property
    def readings(self) -> int:
        """How many were run."""
        return sum(one.outcome is not None for one in self.tried)


@dataclass(frozen=True)
class Doubt:
    """The answer. tried: every reading, single ones first; left: pairs for which the budget was too small;
    silent: assumed rules that the run used and that name no other reading, those of the engine and of the
    scenario's tables too, which are not among `rules`; unsaid: how many rules are at their defaults, and not
    read otherwise."""

    scenario: Scenario
    file: str | None
    measures: tuple[Measure, ...]
    base: CameTo
    rules: tuple[str, ...]
    tried: Sequence[Tried]
    left: int
    silent: tuple[str, ...]
    unsaid: int = 0

    def differs(self, one: Tried) -> bool:
        """Does something else happen?"""
        return one.outcome is not None and one.outcome != self.base

    @cached_property
    def singles(self) -> Sequence[Tried]:
        """The readings of one rule."""
        return [one for one in self.tried if len(one.reading.changes) == 1]

    @cached_property
    def pairs(self) -> Sequence[Tried]:
        """The readings of two."""
        return [one for one in self.tried if len(one.reading.changes) > 1]

    @cached_property
    def lines(self) -> Sequence[Line]:
        """A line for each rule that changes something, those that change most first; then the others."""
        by_rule = {
            rule: [one for one in self.singles if one.reading.changes[0].rule == rule] for rule in self.rules
        }
        moving = [rule for rule, tried in by_rule.items() if any(map(self.differs, tried))]
        found = [self._line((rule,), by_rule[rule]) for rule in moving]
        found.sort(key=lambda line: -line.differ)
        still = [rule for rule in self.rules if rule not in moving]
        if still:
            found.append(self._line(tuple(still), [one for rule in still for one in by_rule[rule]]))
        return found

    @cached_property
    def pairs_line(self) -> Line | None:
        """All pairs together; None where there are none."""
        return self._line(("pairs of them",), self.pairs) if self.pairs else None

    @cached_property
    def whole(self) -> Sequence[Range]:
        """The ranges over everything that was run."""
        return self._ranges(self.tried)

    def _line(self, rules: tuple[str, ...], tried: Sequence[Tried]) -> Line:
        differ = sum(map(self.differs, tried))
        refused = sum(one.outcome is None for one in tried)
        return Line(rules, tuple(tried), differ, tuple(self._ranges(tried)), refused)

    def _ranges(self, tried: Iterable[Tried]) -> list[Range]:
        runs = [
            ("", self.base),
            *((one.reading.text, one.outcome) for one in tried if one.outcome is not None),
        ]
        found = []
        for measure in self.measures:
            values = [(outcome.values[measure], under) for under, outcome in runs]
            numbers = [(Fraction(x), x, under) for x, under in values if x is not None]
            low = min(numbers, key=lambda one: one[0], default=(Fraction(0), None, ""))
            high = max(numbers, key=lambda one: one[0], default=(Fraction(0), None, ""))
            missing = len(numbers) < len(values)
            base = self.base.values[measure]
            found.append(Range(measure, base, low[1], high[1], low[2], high[2], missing))
        return found

    @cached_property
    def rests(self) -> Sequence[tuple[str, Tried]]:
        """The rules that change something, each with the reading that is told."""
        found = []
        for line in self.lines:
            moving = [one for one in line.tried if self.differs(one)]
            if moving:
                found.append((line.rules[0], next((one for one in moving if self._people(one)), moving[0])))
        return found

    @cached_property
    def only_together(self) -> Sequence[Tried]:
        """Pairs that change something of which neither rule does by itself."""
        alone = {one.reading.changes[0] for one in self.singles if self.differs(one)}
        return [one for one in self.pairs if self.differs(one) and alone.isdisjoint(one.reading.changes)]

    def _people(self, one: Tried) -> list[str]:
        """Who is hit otherwise: 'erin is spared'."""
        assert one.outcome is not None
        was, now = self.base.taken, one.outcome.taken
        parts = [f"{name} is spared" for name in was if name not in now]
        parts += [f"{name} is deleveraged" for name in now if name not in was]
        parts += [f"{name} is not liquidated" for name in self.base.fallen if name not in one.outcome.fallen]
        parts += [f"{name} is liquidated" for name in one.outcome.fallen if name not in self.base.fallen]
        return parts

    def told(self, one: Tried, most: int | None = None) -> str:
        """What a reading changes: of several of a kind the first `most`, all if left out."""
        assert one.outcome is not None
        if people := self._people(one):
            return _joined(people, most)
        was, now = self.base.taken, one.outcome.taken
        sizes = [
            f"{name} gives {_digits(Fraction(now[name]))} instead of {_digits(Fraction(was[name]))}"
            for name in was
            if was[name] != now[name]
        ]
        if sizes:
            return _joined(sizes, most)
        values = [
            f"{measure.text} is {_digits(one.outcome.values[measure])} instead of "
            f"{_digits(self.base.values[measure])}"
            for measure in self.measures
            if one.outcome.values[measure] != self.base.values[measure]
        ]
        before, after = self.base.moved, one.outcome.moved
        money = [
            f"{who} {_digits(Fraction(after.get(who, ZERO)))} instead of {_digits(Fraction(before.get(who, ZERO)))}"
            for who in {**before, **after}
            if before.get(who) != after.get(who)
        ]
        closed = "positions are closed at other prices, in other parts or at other steps"
        return _joined(values, most) or _joined(money, most) or closed


def _joined(parts: Sequence[str], most: int | None) -> str:
    """'a, b and c', so many at most."""
    if most is not None and len(parts) > most:
        return f"{', '.join(parts[:most])} and {len(parts) - most} more"
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))


def doubt(
    scenario: Scenario,
    rulebook: Rulebook,
    measures: Sequence[Measure],
    *,
    budget: int = BUDGET,
    jobs: int = 1,
    pairs: bool = True,
    file: str | None = None,
) -> Doubt:
    """Run the scenario as it is written, then under every reading, then under every pair of readings as far
    as the budget of runs goes."""
    look = Look(tuple(dict.fromkeys(measures)))
    base, events = look.looked(scenario)
    used = [one.rule for one in used_assumptions(scenario, events)]
    rules = {rule.name: rule for rule in _assumed(rulebook) if rule.name in used}
    singles = list(readings_of(scenario, rulebook, rules.values()))
    tried = list(_tried(scenario, look, singles[:budget], jobs))
    left = max(len(singles) - budget, 0)
    if pairs:
        of_two = _pairs(singles)
        room = max(budget - len(singles), 0)
        made = [_reading(scenario, rulebook, rules, changes) for changes in of_two[:room]]
        tried += _tried(scenario, look, made, jobs)
        left += len(of_two) - len(made)
    silent = tuple(name for name in used if name not in rules or not rules[name].alternatives)
    unsaid = sum(name not in rules for name, _ in defaults_of(rulebook))
    return Doubt(scenario, file, look.parts, base, tuple(rules), tried, left, silent, unsaid)


def readings_used(scenario: Scenario, rulebook: Rulebook) -> list[Reading]:
    """The other readings of each assumed rule that the scenario's run uses, one at a time, as far as the rest
    of the rulebook allows them: what other studies repeat their question under."""
    return readings_under(scenario, rulebook, used_by(scenario))


def used_by(scenario: Scenario) -> frozenset[str]:
    """The names of the assumed rules that a run of it uses."""
    return frozenset(one.rule for one in used_assumptions(scenario, tuple(run(scenario, accounts=False))))


def readings_under(scenario: Scenario, rulebook: Rulebook, used: Collection[str]) -> list[Reading]:
    """The other readings of the assumed rules of these names, as far as the rest of the rulebook allows
    them."""
    rules = (rule for rule in _assumed(rulebook) if rule.name in used)
    return [one for one in readings_of(scenario, rulebook, rules) if one.variation is not None]


def reading_of(scenario: Scenario, rulebook: Rulebook, changes: tuple[Change, ...]) -> Reading:
    """These changes once more, for the scenario of a file that was loaded anew. Refused where its rulebook
    has no such reading."""
    rules = {rule.name: rule for rule in _assumed(rulebook)}
    for one in changes:
        if one.rule not in rules or one.value not in map(_written, rules[one.rule].alternatives):
            raise Refused(f"its rulebook has no other reading {one.text}")
    return _reading(scenario, rulebook, rules, changes)


def _assumed(rulebook: Rulebook) -> Iterator[Rule]:
    """The assumed rules, each once, in the order of the file; then what it does not say."""
    told: set[str] = set()
    for by_name in rulebook.rules.values():
        for rule in by_name.values():
            if rule.status == "assumed" and rule.name not in told:
                told.add(rule.name)
                yield rule
    yield from rulebook.unsaid.values()


def readings_of(scenario: Scenario, rulebook: Rulebook, rules: Iterable[Rule]) -> Iterator[Reading]:
    """The other readings of each rule, one at a time, without those that say what the rule says already."""
    for rule in rules:
        written = _written(rule.node)
        for node in rule.alternatives:
            if _written(node) != written:
                change = (Change(rule.name, _written(node)),)
                yield _made(scenario, rulebook, change, _changed(rule.name, node))


def _pairs(singles: Sequence[Reading]) -> list[tuple[Change, ...]]:
    """Two readings of different rules."""
    usable = [one.changes[0] for one in singles if one.variation is not None]
    return [(a, b) for a, b in combinations(usable, 2) if a.rule != b.rule]


def _reading(
    scenario: Scenario, rulebook: Rulebook, rules: Mapping[str, Rule], changes: tuple[Change, ...]
) -> Reading:
    nodes: dict[str, Node] = {}
    for one in changes:
        node = next(node for node in rules[one.rule].alternatives if _written(node) == one.value)
        nodes |= _changed(one.rule, node)
    return _made(scenario, rulebook, changes, nodes)


def _written(node: Node) -> str:
    """A value on one line."""
    if isinstance(node, Map) and node.items.keys() == WITH:
        return f"{_written(node.items['value'])} with {_written(node.items['with'])}"
    return "; ".join(line.strip() for line in lines_of(node))


def _changed(rule: str, node: Node) -> dict[str, Node]:
    """The rules that a reading changes: the one, and those that `with` names beside it."""
    if isinstance(node, Map) and node.items.keys() == WITH:
        others = node.items["with"]
        return {rule: node.items["value"], **(others.items if isinstance(others, Map) else {})}
    return {rule: node}


def _made(
    scenario: Scenario, rulebook: Rulebook, changes: tuple[Change, ...], nodes: Mapping[str, Node]
) -> Reading:
    """The reading, or why there is none."""
    problems = Problems()
    with exact():
        changed = rulebook.reread(nodes, problems)
        try:
            problems.raise_if_any()
        except ScenarioErrors as error:
            return Reading(changes, None, error.problems[0].message)
        assert changed is not None, "a rulebook that is not made has a problem"
        return Reading(changes, under(scenario, rulebook, changed))


def under(scenario: Scenario, was: Rulebook, now: Rulebook) -> WithRules:
    """The variation from one rulebook to another: the rules of the engine, and what markets have of them. A
    maintenance margin that a market brings itself stays its own."""
    markets = []
    for market in scenario.markets:
        kind = str(market.contract.kind)
        old, new = (book.maintenance_of(market, scenario.money_unit) for book in (was, now))
        own = replace(market.maintenance, closing_fee=new.closing_fee, isolated=new.isolated, cross=new.cross)
        maintenance = new if market.maintenance == old else own
        contract = now.contract(kind, market.contract.multiplier)
        markets.append(replace(market, maintenance=maintenance, contract=contract))
    return WithRules(replace(now.made, assumptions=scenario.rules.assumptions), tuple(markets))


def _tried(scenario: Scenario, look: Look, readings: Sequence[Reading], jobs: int) -> Iterator[Tried]:
    """Each reading with its outcome."""
    usable = [one for one in readings if one.variation is not None]
    rows = iter(measured(scenario, [one.variation or as_written for one in usable], look, jobs=jobs))
    for one in readings:
        if one.variation is None:
            yield Tried(one, None, one.refused)
        else:
            row = next(rows)
            yield Tried(one, row.found, str(row.refused) if row.refused is not None else "")


def beyond(doubt: Doubt, within: Decimal, share: bool) -> Iterator[str]:
    """The measures that move by more than a tolerance; share: it is percent of what they are as written."""
    for one in doubt.whole:
        if not one.moves:
            continue
        far = one.farthest
        base = Fraction(one.base) if one.base is not None else Fraction(0)
        room = abs(base) * Fraction(within) / 100 if share else Fraction(within)
        if far is None or far > room:
            yield f"{one.measure.text} is {one.text}, as written {_digits(one.base)}"
