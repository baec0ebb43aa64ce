"""What can be asked of a scenario that is loaded: its queues, its margins, a story, a comparison. The command
line, goldens and Python all ask here; `through` may watch the events go by (to show progress).

Public: Unknown, one_of, step_of, accounts_of, queues, margins, story, comparison, covering, score_test, doubting,
measure_of, choices, metrics_of, severity_of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from adlcalc.ground.how_far import how_far

if TYPE_CHECKING:
    from decimal import Decimal

    from adlcalc.engine.events import Event
    from adlcalc.engine.model import Scenario
    from adlcalc.explain.story import Story
    from adlcalc.report.compare_view import Comparison
    from adlcalc.report.margin_view import Margins
    from adlcalc.report.rank_view import Queues
    from adlcalc.scenario import Loaded
    from adlcalc.study.compare import Choice, Result
    from adlcalc.study.cover import Covers
    from adlcalc.study.doubt import Doubt
    from adlcalc.study.falsified import Tested
    from adlcalc.study.questions import Measure

OWN = "own"
"""Each venue under its own policy, where only venues are compared."""
Through = Callable[[Iterable["Event"], int], Iterable["Event"]]


class Unknown(Exception):
    """What is asked names something that there is not."""


def one_of(what: str, name: str, known: Iterable[str]) -> str:
    """The name, if the scenario has it; else Unknown with the nearest one."""
    from adlcalc.source.problems import closest_hint, quote

    names = list(dict.fromkeys(known))
    if name in names:
        return name
    hint = closest_hint(name, names)
    raise Unknown(f"there is no {what} {quote(name)} in the scenario" + (f"\nhint: {hint}" if hint else ""))


def step_of(text: str, steps: int) -> int:
    """A step as it was typed."""
    if text == "last":
        return steps - 1
    if not (text.isascii() and text.isdigit() and int(text) < steps):
        raise Unknown(f"there is no step {text!r}: the steps are 0 to {steps - 1}, or last")
    return int(text)


def accounts_of(series: Sequence[str], scenario: Scenario, *, option: str = "") -> list[str]:
    """The accounts among the names whose series is asked for; Unknown where a name is none of the scenario's.
    option: how the names were given, where that is to be said."""
    from adlcalc.engine.columns import ids_of
    from adlcalc.report.series_view import kind_of
    from adlcalc.source.problems import closest_hint, quote

    if not series:
        return []
    ids = dict.fromkeys(ids_of(scenario.accounts))
    funds, markets = (one.name for one in scenario.funds), (one.name for one in scenario.markets)
    known = list(dict.fromkeys((*ids, "fund", *funds, *markets)))
    for name in series:
        if name not in ids and name not in known:
            hint = closest_hint(name, known)
            told = f"{option}there is no account, fund or market {quote(name)} in the scenario"
            raise Unknown(told + (f"\nhint: {hint}" if hint else ""))
    return [name for name in series if kind_of(scenario, name) == "account"]


def _as_they_are(events: Iterable[Event], _: int) -> Iterable[Event]:
    return events


def queues(
    loaded: Loaded,
    *,
    step: str = "last",
    market: str | None = None,
    side: str | None = None,
    accounts: Sequence[str] = (),
    through: Through = _as_they_are,
) -> Queues:
    """Run the scenario up to the step and keep its queues."""
    from adlcalc.engine.columns import ids_of
    from adlcalc.engine.events import StepEnded
    from adlcalc.engine.loop import run
    from adlcalc.engine.model import LONG, SHORT, side_name
    from adlcalc.report.rank_view import Queues
    from adlcalc.study.from_the_start import tried
    from adlcalc.study.rank import Ranker

    scenario = loaded.scenario
    at = step_of(step, scenario.path.steps)
    names = [one.name for one in scenario.markets]
    for name in accounts:
        one_of("account", name, ids_of(scenario.accounts))
    markets = names if market is None else [one_of("market", market, names)]
    sides = {side_name(each): each for each in (LONG, SHORT)}
    chosen = tuple(sides.values()) if side is None else (sides[one_of("side", side, sides)],)
    ranker = Ranker(scenario, at, markets, chosen, accounts)
    for event in through(run(scenario, observer=ranker), at + 1):
        if isinstance(event, StepEnded) and event.step == at:
            break
    told = loaded.told
    lights, interest = (told.lights, told.open_interest) if told is not None else ({}, {})
    whole = tuple(tried(scenario, [one for one in ranker.rankings if one.used]))
    return Queues(scenario, loaded.file, at, ranker.rankings, tuple(accounts), lights, interest, whole)


def margins(
    loaded: Loaded,
    *,
    step: str = "0",
    accounts: Sequence[str] = (),
    limit: int = 0,
    through: Through = _as_they_are,
) -> Margins:
    """Run the scenario up to the step and look at its margins, before anybody is liquidated at its marks."""
    from adlcalc.engine.columns import ids_of
    from adlcalc.engine.events import StepEnded
    from adlcalc.engine.loop import run
    from adlcalc.report.margin_view import Margins
    from adlcalc.study.health import Nearest

    scenario = loaded.scenario
    at = step_of(step, scenario.path.steps)
    for name in accounts:
        one_of("account", name, ids_of(scenario.accounts))
    nearest = Nearest(scenario, at, accounts, limit)
    for event in through(run(scenario, observer=nearest), at + 1):
        if isinstance(event, StepEnded) and event.step == at:
            break
    marks = {market.name: scenario.path.marks[market.name][at] for market in scenario.markets}
    return Margins(
        scenario, loaded.file, at, marks, nearest.found, accounts, nearest.count - len(nearest.found)
    )


def story(
    loaded: Loaded,
    *,
    account: str | None = None,
    fund: bool = False,
    step: str | None = None,
    market: str | None = None,
    through: Through = _as_they_are,
) -> Story:
    """Run the scenario to its end with a witness, and tell what was asked for."""
    from adlcalc.engine.columns import ids_of
    from adlcalc.engine.loop import run
    from adlcalc.explain.story import Subject
    from adlcalc.explain.tell import tell

    check_subject(account, fund, step)
    scenario = loaded.scenario
    if account is not None:
        one_of("account", account, ids_of(scenario.accounts))
    if market is not None:
        one_of("market", market, (one.name for one in scenario.markets))
    at = None if step is None else step_of(step, scenario.path.steps)
    subject = Subject(account, fund, at, market)
    witness = subject.witness()
    events = through(run(scenario, observer=witness), scenario.path.steps)
    return tell(subject, loaded, tuple(events), witness)


def check_subject(account: str | None, fund: bool, step: str | None) -> None:
    """A story is of an account, of the fund, or of everybody at a step."""
    if (account is not None and fund) or (account is None and not fund and step is None):
        raise Unknown("explain what? Give an ACCOUNT, or --fund, or --step N for everybody at a step")


def comparison(
    loads: Sequence[Loaded],
    *,
    policies: str | None = None,
    severity: str = "1",
    markout: int = 1,
    accounts: bool = False,
    axioms: bool = False,
    metrics: str | None = None,
    doubt: bool = False,
) -> Comparison:
    """Run the scenario, loaded once for each venue, under every policy; doubt: under every other reading of
    an assumed rule as well."""
    from adlcalc.report.compare_view import Comparison
    from adlcalc.scenario.currencies import ONE_SCENARIO_EACH, mingled
    from adlcalc.source.nodes import Place, Source
    from adlcalc.source.problems import fail
    from adlcalc.study.axioms import findings
    from adlcalc.study.compare import compare
    from adlcalc.study.doubt import readings_used

    share, shown = severity_of(severity), metrics_of(metrics)
    scenario, file = loads[0].scenario, loads[0].file
    several = mingled((m.name for m in scenario.markets), {m.name: m.settles for m in scenario.markets})
    if several:
        where = Place(Source(file, ""))
        raise fail(where, f"compare adds up the money of all accounts, and has {several}", ONE_SCENARIO_EACH)
    chosen = choices(policies, scenario)
    results: list[Result] = []
    for loaded in loads:
        for result in compare(loaded.scenario, chosen, share, markout, shown):
            results.append(result)
            how_far("policy", len(results), len(loads) * len(chosen))
    found = (
        {(r.venue, r.choice.label): findings(r.outcome.scenario, r.outcome) for r in results}
        if axioms
        else {}
    )
    others = [
        result
        for loaded in (loads if doubt else ())
        for one in readings_used(loaded.scenario, loaded.rulebook)
        if one.variation is not None
        for result in compare(one.variation(loaded.scenario), chosen, share, markout, shown)
    ]
    return Comparison(scenario, file, results, accounts, found, markout, shown, others if doubt else None)


def covering(loaded: Loaded, shocks: str, most: int = 2) -> Covers:
    """What defaults would cost at shocks of the opening marks."""
    from adlcalc.scenario.currencies import ONE_SCENARIO_EACH, mingled
    from adlcalc.source.nodes import Place, Source
    from adlcalc.source.problems import fail
    from adlcalc.study.cover import ShocksError, covers, shocks_of

    try:
        asked = shocks_of(shocks)
    except ShocksError as error:
        raise Unknown(f"--shock {error}") from None
    scenario = loaded.scenario
    several = mingled((m.name for m in scenario.markets), {m.name: m.settles for m in scenario.markets})
    if several:
        raise fail(
            Place(Source(loaded.file, "")),
            f"cover adds up what owners lack, and has {several}",
            ONE_SCENARIO_EACH,
        )
    return covers(scenario, loaded.owners, asked, most=most, file=loaded.file)


def score_test(file: str, own: Sequence[str] = (), seed: str = "1") -> Tested:
    """Published scores, and one's own, against a file of fills."""
    from adlcalc.source.files import TABLE_LIMIT, text_of
    from adlcalc.study.falsified import held_against
    from adlcalc.study.fills import read_fills
    from adlcalc.venues.expression import ExpressionError, score_of

    scores = []
    for text in own:
        try:
            scores.append(score_of(text))
        except ExpressionError as error:
            raise Unknown(
                f"--score {text!r} {error.message}" + (f"\nhint: {error.hint}" if error.hint else "")
            ) from None
    return held_against(
        read_fills(text_of(file, limit=TABLE_LIMIT, role="fills")), own=scores, seed=seed, file=file
    )


def doubting(
    loaded: Loaded,
    *,
    measures: Sequence[str] = (),
    budget: int | None = None,
    jobs: int = 1,
    pairs: bool = True,
) -> Doubt:
    """What the outcome rests on among the assumed rules that its run uses."""
    from adlcalc.study.doubt import BUDGET, doubt

    asked = [measure_of(text, loaded.scenario) for text in measures or DOUBTED]
    return doubt(
        loaded.scenario,
        loaded.rulebook,
        asked,
        budget=BUDGET if budget is None else budget,
        jobs=jobs,
        pairs=pairs,
        file=loaded.file,
    )


DOUBTED = ("bad_debt", "fund_paid", "adl_size")
"""What is measured where nobody says what."""


def measure_of(text: str, scenario: Scenario) -> Measure:
    """The measure that --measure names."""
    from adlcalc.study.answers import names_of
    from adlcalc.study.questions import QuestionError, read_measure

    try:
        return read_measure(text, names_of(scenario))
    except QuestionError as error:
        raise Unknown(
            f"--measure {text!r} {error.message}" + (f"\nhint: {error.hint}" if error.hint else "")
        ) from None


def choices(text: str | None, scenario: Scenario) -> tuple[Choice, ...]:
    """The policies that were asked for: all that apply by default."""
    from adlcalc.study.compare import PolicyError, applicable, choices_of, hint_for

    try:
        return choices_of(text if text is not None else applicable(scenario))
    except PolicyError as error:
        hint = hint_for(error.name, error.known) if error.known else ""
        raise Unknown(f"{error}" + (f"\nhint: {hint}" if hint else "")) from None


def metrics_of(text: str | None) -> tuple[str, ...]:
    """The metrics that were asked for."""
    from adlcalc.source.problems import closest_hint, quote
    from adlcalc.study.metrics import KNOWN

    names = tuple(name.strip() for name in text.split(",")) if text is not None else ()
    for name in names:
        if name not in KNOWN:
            hint = closest_hint(name, KNOWN) or f"the metrics are {', '.join(KNOWN)}"
            raise Unknown(f"there is no metric {quote(name)}\nhint: {hint}")
    return tuple(dict.fromkeys(names))


def severity_of(text: str) -> Decimal:
    """The share of the loss that haircuts cover."""
    from adlcalc.source.number import NumberError, number_of

    try:
        found = number_of(text)
    except NumberError as error:
        raise Unknown(f"--severity {error.message}") from None
    if not 0 <= found <= 1:
        raise Unknown(f"--severity must be a fraction from 0 to 1, not {text}")
    return found
