"""What `adlcalc report` asks of a scenario: its run, the queues that it used, and where they are wanted a
comparison and a frontier. The command line and Python ask here.

Public: Wanted, told.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from adlcalc.asking import OWN, Unknown, comparison, one_of
from adlcalc.engine.formulas.policies import queue as by_score
from adlcalc.engine.loop import run as run_engine
from adlcalc.engine.waterfall.facts import Observer
from adlcalc.ground.numbers import CEILING, ONE, D, divide, drawing, exact, round_to, show
from adlcalc.report.charts import figures
from adlcalc.report.given_up import Sentence, sentences
from adlcalc.report.html.decided import Decided
from adlcalc.report.html.written import Leading, Pictured, few
from adlcalc.report.human import clean
from adlcalc.report.run import Run
from adlcalc.report.verdict import named, typed
from adlcalc.scenario import Loaded, load, options_of
from adlcalc.scenario.knobs import knob_of, quoted
from adlcalc.source.problems import ScenarioErrors
from adlcalc.study.ladder import WATCHED, Ladders, Together
from adlcalc.study.watch import Watch

if TYPE_CHECKING:
    from decimal import Decimal

    from adlcalc.engine.events import Event, Liquidated
    from adlcalc.engine.model import Scenario
    from adlcalc.report.charts.least_fund import LeastFund
    from adlcalc.report.compare_view import Comparison
    from adlcalc.study.swept import Swept

FUND = "fund"
"""What --solve takes."""
MARKS = 40
"""Marks that a frontier has, about."""
DEEPER = D("0.5")
"""How far beyond its own deepest mark a frontier goes, as a share of the way there."""
DRAWS = 20
"""Paths of a sweep among which that of the file is looked for."""
VALUES, BUDGET = 100, 4_000
"""What a search at one mark may take where nothing is proven."""
ALL = 1_000
"""As many runs as this are enough for all marks and funds: most of them are proven."""
FEWEST, EACH = 8, 12
"""Marks that a frontier of a large book has at least, and about how many runs each of them takes."""
DIGITS = 1
"""The funds of a large book are found to so many digits behind the first of one that never runs short."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the page shall show. accounts: those that are named; compare: policies and rulebooks; solve:
    'fund', values: how many funds are tried at each mark; store: of a sweep, whose measures are shown."""

    venue: str | None = None
    as_of: str | None = None
    sets: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    compare: str | None = None
    solve: str | None = None
    values: int | None = None
    jobs: int = 1
    store: str | None = None

    @property
    def changes(self) -> list[str]:
        """The options that make another scenario of the file."""
        return options_of(self.sets, self.venue, self.as_of)

    def loaded(self, file: str, venue: str | None = None) -> Loaded:
        """The scenario, under another rulebook where one is named."""
        return load(file, sets=self.sets, venue=venue or self.venue, as_of=self.as_of)


def told(
    file: str,
    wanted: Wanted,
    *,
    note: Callable[[Loaded], None] = lambda loaded: None,
    through: Callable[[Iterable[Event], int], Iterable[Event]] = lambda events, _: events,
    foretell: Callable[[Scenario, int], None] = lambda scenario, runs: None,
) -> Pictured:
    """Run a scenario and make its figures. foretell: hears, before them, how many runs --solve makes at
    least. Raises ScenarioErrors and Unknown."""
    if wanted.solve not in (None, FUND):
        raise Unknown(f"--solve takes {FUND}, not {wanted.solve!r}: adlcalc solve has the others")
    loaded = wanted.loaded(file)
    note(loaded)
    scenario = loaded.scenario
    for name in wanted.accounts:
        one_of("account", name, (one.id for one in scenario.accounts))
    from adlcalc.explain.formula import formula

    ladders, watch = Ladders(), Watch(wanted.accounts, wanted.accounts) if wanted.accounts else None
    looking: list[Observer] = [ladders] if len(scenario.accounts) <= WATCHED else []
    looking += [watch] if watch is not None else []
    events = run_engine(scenario, together=True, observer=Together(looking) if looking else None)
    run = Run(
        scenario,
        through(events, scenario.path.steps),
        file=loaded.file,
        options=wanted.changes,
        watch=watch,
        named=tuple(dict.fromkeys(wanted.accounts)),
    )
    compared = _compared(loaded, file, wanted) if wanted.compare is not None else None
    least = _frontier(run, file, wanted, foretell) if wanted.solve is not None else None
    swept = _swept(wanted.store) if wanted.store is not None else None
    drawn = figures(run, ladders=ladders.found, comparison=compared, least=least)
    leading = _leading(swept, loaded, file, wanted) if swept is not None else None
    with exact():
        given_up = sentences(run, ladders.found, formula)
    return Pictured(run, drawn, _decided(run, loaded), leading, given_up, _helped(run, least))


def _leading(swept: Swept, loaded: Loaded, file: str, wanted: Wanted) -> Leading:
    """A sweep, and what the run of the file is beside it: one of its paths where both draw from one model;
    and whether it has what is varied at a value that was swept."""
    from adlcalc.report.charts import spread

    model, marks = loaded.model, loaded.scenario.path.marks
    if swept.drawn is None:
        path = "The scenario as its file has it"
    elif model is None or swept.seed != str(model.seed) or not swept.model.startswith(model.told()):
        path = "The path of the file itself, which is none of these"
    else:
        tried = range(min(swept.drawn, DRAWS))
        draw = next((n for n in tried if dict(model.marks(n)) == dict(marks)), None)
        path = "One path of this model" if draw is None else f"One of these paths: draw {draw:,}"
    with exact():
        there, not_there = _among(swept, loaded.scenario)
        if there:
            path += f", with {' and '.join(there)}"
        elif swept.drawn is not None:
            path += ", with everything as the file has it"
        return Leading(swept, spread.figures(swept), path, _beside(not_there, file, wanted))


def _helped(run: Run, least: LeastFund | None) -> Sequence[Sentence]:
    """What would have helped those who were deleveraged, of the accounts that were asked for, else the first: a
    few runs more; and those of them who were liquidated."""
    from adlcalc.report.helped_view import helped, kept

    hit = {one.account: one for one in reversed(run.closed)}
    closed = [(hit[name], _margin_of(run.scenario, hit[name])) for name in run.named if name in hit]
    if not run.deleveraged:
        return [*kept(run, closed)]
    from adlcalc.report.charts.least_fund import enough
    from adlcalc.study.helped import enough_fund, moved_back

    scenario, first = run.scenario, run.deleveraged[0]
    looked = len(scenario.accounts) <= WATCHED and scenario.rules.adl.policy is by_score
    with exact():
        fund = enough_fund(scenario, first)
        curve = enough(least) if least is not None and fund.rule else ""
        vary = _vary(scenario, fund.fund)
        fills = {row.account: row for row in reversed(run.deleveraged)}
        asked = [fills[name] for name in run.named if name in fills] or [first]
        moved = [(fill, moved_back(scenario, fill) if looked else None) for fill in asked]
        return [*kept(run, closed), *helped(run, fund, moved, vary, curve)]


def _vary(scenario: Scenario, fund: str) -> str:
    """How solve names what a fund holds."""
    several = len(scenario.funds) > 1 or scenario.funds[0].name != FUND
    return f"{FUND}.{quoted(fund)}" if several else FUND


def _margin_of(scenario: Scenario, closed: Liquidated) -> str:
    """How solve names the margin that stands behind a position; '' where the account did not begin with it."""
    account = next((one for one in scenario.accounts if one.id == closed.account), None)
    if account is None:
        return ""
    of = f"accounts.{quoted(account.id)}"
    if closed.margin == "cross":
        return f"{of}.balance"
    places = [(one.market, one.side) for one in account.positions]
    if (closed.market, closed.side) not in places:
        return ""
    at = places.index((closed.market, closed.side))
    return f"{of}.collateral" if len(places) == 1 else f"{of}.positions.{at}.collateral"


class _Else(NamedTuple):
    """Something that is varied and that the file has at another value than any that was swept: its name, that
    value, and those that were swept."""

    name: str
    own: str
    texts: Sequence[str]


def _among(swept: Swept, scenario: Scenario) -> tuple[list[str], list[_Else]]:
    """Of what is varied: which of its values the scenario has ('fund=1,000'); and what it has otherwise."""
    from adlcalc.report.sweep_view import are_numbers, label_of
    from adlcalc.study.swept import POLICY, VENUE

    there, not_there = [], []
    for name in swept.names:
        texts = list(dict.fromkeys(one.by[name] for one in swept.figures))
        if name == VENUE:
            own, among = scenario.venue, scenario.venue in texts
        else:
            now = None if name == POLICY else _now(name, scenario)
            if now is None:
                continue
            own, among = show(now), are_numbers(texts) and any(D(text) == now for text in texts)
        if among:
            there.append(f"{clean(name)}={label_of(own)}")
        else:
            not_there.append(_Else(name, own, texts))
    return there, not_there


def _now(name: str, scenario: Scenario) -> Decimal | None:
    """What the scenario has under that name; None where that is not one number."""
    try:
        knob = knob_of(name, scenario)
    except ScenarioErrors:
        return None
    return None if knob is None else knob.now


def _beside(not_there: Sequence[_Else], file: str, wanted: Wanted) -> str:
    """What a reader takes for a point of the sweep, and is none; '' where it is one."""
    if not not_there:
        return ""
    from adlcalc.report.sweep_view import label_of
    from adlcalc.study.swept import VENUE

    told = [
        f"{clean(one.name)} is {label_of(one.own)} here, which is none of the {len(one.texts):,} swept "
        f"({few(map(label_of, one.texts))})"
        for one in not_there
    ]
    sets = [
        word for one in not_there for word in ("--set", f"{one.name}={one.texts[0]}") if one.name != VENUE
    ]
    sets += [word for one in not_there for word in ("--venue", one.texts[0]) if one.name == VENUE]
    text = "; ".join(told)
    how = typed("report", file, "--store", wanted.store or "", *wanted.changes, *sets)
    return f"{text[:1].upper()}{text[1:]}: what follows is no point of the sweep. `{how}` shows one."


def _decided(run: Run, loaded: Loaded) -> tuple[Decided, ...]:
    """The rules that made a difference, as `explain` tells them, each with what it decided and for whom."""
    from adlcalc.explain.tell import rule_note
    from adlcalc.explain.why import decisions

    told: dict[str, dict[str, list[str]]] = {}
    with exact():
        for rule, kind, who in decisions(run.events, run.scenario):
            told.setdefault(rule, {}).setdefault(kind, []).append(who)
    made = []
    for rule, kinds in told.items():
        note = rule_note(rule, loaded)
        if note is not None:
            what = "; ".join(f"{kind}: {named(whom)}" for kind, whom in kinds.items())
            head = (note.rule, note.value, note.status, what)
            made.append(Decided(*head, note.source, note.note, note.title, note.url))
    return tuple(made)


def _swept(store: str) -> Swept:
    """What a sweep left in its store, counted once more."""
    from adlcalc.study.store import StoreError
    from adlcalc.sweeping import asked_again

    try:
        return asked_again(store, (), keep_rows=True)
    except StoreError as error:
        raise Unknown(f"--store: {error}") from None


def _compared(loaded: Loaded, file: str, wanted: Wanted) -> Comparison:
    """The same scenario under the policies and rulebooks that are named; a name that is no policy is a
    rulebook."""
    from adlcalc.source.problems import quote
    from adlcalc.study.compare import ALL, hint_for, named
    from adlcalc.venues.files import shipped

    policies, venues = named(wanted.compare or "")
    for name in venues:
        if name not in shipped() and not os.path.exists(name):
            known = (*ALL, *shipped())
            hint = hint_for(name, known) or "adlcalc venues lists rulebooks, adlcalc compare --help policies"
            raise Unknown(f"--compare: there is no policy and no rulebook {quote(name)}\nhint: {hint}")
    loads = [wanted.loaded(file, one) for one in venues] if venues else [loaded]
    chosen = policies if policies is not None else OWN if venues else None
    return comparison(loads, policies=chosen, accounts=True)


class _Effort(NamedTuple):
    """What a frontier takes: about so many marks, so many funds tried at each where nothing is proven, found
    to a step of so much (None: the money unit);
    budget: runs at a mark, at most."""

    marks: int
    values: int
    unit: Decimal | None
    budget: int = BUDGET


def _effort(scenario: Scenario, fund: str, values: int | None) -> _Effort:
    """Of a book for which all marks to the last unit are more work than `solve` allows itself, fewer marks,
    fewer funds, and coarser ones."""
    from adlcalc.study.least import least_fund
    from adlcalc.study.solve import FEW, WORK, size_of

    runs = WORK // size_of(scenario)
    if runs >= ALL:
        return _Effort(MARKS, values or VALUES, None)
    marks = max(runs // EACH, FEWEST)
    never_short = least_fund(scenario, fund)
    unit = ONE.scaleb(never_short.adjusted() - DIGITS) if never_short else None
    values = values or max(min(VALUES, runs // marks // 2), FEW)
    return _Effort(marks, values, unit, values + EACH)


def _frontier(
    run: Run, file: str, wanted: Wanted, foretell: Callable[[Scenario, int], None]
) -> LeastFund | None:
    """The least fund at marks from the first one to beyond the one that is farthest from it, in the market
    where somebody was liquidated first. None where the marks never move."""
    from adlcalc.report.charts.least_fund import LeastFund
    from adlcalc.solving import Asking, solved
    from adlcalc.study.solve import Limits, Unsolvable

    scenario = run.scenario
    name = run.liquidations[0].market if run.liquidations else scenario.markets[0].name
    market = next(one for one in scenario.markets if one.name == name)
    marks = scenario.path.marks[name]
    step = max(range(len(marks)), key=lambda i: (abs(marks[i] - marks[0]), -i))
    if marks[step] == marks[0]:
        return None
    effort = _effort(scenario, market.fund, wanted.values)
    low, high, apart = _range(marks[0], marks[step], market.tick, effort.marks)
    with exact():
        foretell(scenario, (int((high - low) // apart) + 1) * effort.values)
    asking = Asking(
        file,
        _vary(scenario, market.fund),
        "no adl",
        across=f"prices.{quoted(name)}.{step}={show(low)}..{show(high)}/{show(apart)}",
        sets=wanted.sets,
        venue=wanted.venue,
        as_of=wanted.as_of,
        unit=None if effort.unit is None else show(effort.unit),
        limits=Limits(None, effort.values, effort.budget, wanted.jobs),
    )
    try:
        found = solved(asking)
    except Unsolvable as error:
        raise Unknown(f"--solve {FUND}: {error}") from None
    if found.interrupted:
        raise KeyboardInterrupt
    balance = _balance(scenario, market.fund)
    return LeastFund(found, name, step, marks[step], balance)


def _range(first: Decimal, deepest: Decimal, tick: Decimal, marks: int) -> tuple[Decimal, Decimal, Decimal]:
    """From the first mark to half as far again as the deepest, in about so many steps of whole ticks, the
    deepest one among them."""
    with drawing():
        way = abs(deepest - first)
        apart = max(round_to(divide(way * (ONE + DEEPER), D(marks)), tick, CEILING), tick)
        below = min(deepest - way * DEEPER, first) if deepest < first else first
        above = first if deepest < first else deepest + way * DEEPER
        down = int((deepest - max(below, tick)) // apart)
        up = int((above - deepest) // apart)
        return deepest - max(down, 0) * apart, deepest + up * apart, apart


def _balance(scenario: Scenario, fund: str) -> Decimal:
    return next(one.balance for one in scenario.funds if one.name == fund)
