"""Questions asked backwards. Nothing is monotone unless it is proven: every counterexample that is known is a
test, and what is found is held against running every value."""

from __future__ import annotations

import io
import json
import random
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import count, groupby
from pathlib import Path

import pytest
from books import random_scenario
from conftest import ROOT, Result
from rules import under_venue, with_rules
from test_drawdown import under_a_drawdown

from adlcalc.cli.progress import counting
from adlcalc.engine.loop import run
from adlcalc.engine.model import Scenario
from adlcalc.scenario import load
from adlcalc.scenario.knobs import knob_of
from adlcalc.scenario.loading import load_source
from adlcalc.source.nodes import Source
from adlcalc.source.problems import ScenarioErrors
from adlcalc.study import runs as study_runs
from adlcalc.study.answers import Answers, names_of, watch_for
from adlcalc.study.differs import same
from adlcalc.study.least import endless, least_fund, why_not, with_balance
from adlcalc.study.questions import read
from adlcalc.study.runs import Asked, Ran, measured
from adlcalc.study.solve import At, Limits, Method, Solution, Unsolvable, solve
from adlcalc.venues.files import shipped as venues_shipped

Command = Callable[..., Result]
SCENARIOS = ROOT / "scenarios"
VENUES = venues_shipped()


def shipped(number: str, *sets: str, venue: str | None = None) -> Scenario:
    """A scenario of the repository, by the number that its name begins with."""
    (path,) = SCENARIOS.glob(f"{number}-*.yaml")
    return load(str(path), sets=sets, venue=venue).scenario


def written(text: str) -> Scenario:
    """A scenario that is written in the test."""
    return load_source(Source("test.yaml", text), "test.yaml").scenario


def asked(
    scenario: Scenario,
    vary: str,
    question: str,
    low: object = None,
    high: object = None,
    *,
    unit: object = None,
    **limits: object,
) -> Solution:
    """Solve it."""
    knob = knob_of(vary, scenario)
    assert knob is not None
    if unit is not None:
        knob = knob.in_steps_of(Decimal(str(unit)))
    ends = {name: None if end is None else Decimal(str(end)) for name, end in (("low", low), ("high", high))}
    return solve(
        scenario,
        knob,
        read(question, names_of(scenario)),
        **ends,
        limits=Limits(**limits),  # type: ignore[arg-type]
    )


def intervals(found: Solution, holds: bool | None = True) -> list[tuple[Decimal, Decimal]]:
    """Where it is so."""
    return [(one.low, one.high) for one in found.stretches if one.holds is holds]


def pairs(*ends: object) -> list[tuple[Decimal, Decimal]]:
    numbers = [Decimal(str(end)) for end in ends]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def by_hand(
    scenario: Scenario, vary: str, question: str, values: list[Decimal]
) -> list[tuple[Decimal, Decimal, bool]]:
    """Each value run by itself, and those of one answer put together."""
    knob = knob_of(vary, scenario)
    assert knob is not None
    asked_for = read(question, names_of(scenario))
    told = []
    for value in values:
        varied = knob.turned(scenario, value)
        watch = watch_for(asked_for.parts)
        ran = Ran(varied, tuple(run(varied, observer=watch)), watch)
        told.append((value, Answers(ran).holds(asked_for)))
    groups = [[*group] for _, group in groupby(told, key=lambda one: one[1])]
    return [(group[0][0], group[-1][0], group[0][1]) for group in groups]


def plain(found: Solution) -> list[tuple[Decimal, Decimal, bool | None]]:
    return [(one.low, one.high, one.holds) for one in found.stretches]


# --- the least fund -----------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "least", "because"),
    [
        ("04", "2000", "alice's two coins are sold at 53,000, 1,000 below 54,000 each"),
        ("05", "20", "ten contracts at 88, 2 below 90 each"),
        ("06", "5", "the book's levels from 89 on: 5 in all"),
        ("15", "50", "ten at 85, 5 below 90 each; what dana's takeover brings comes later"),
        ("18", "35.61166667", "13.42 + 2.075 - 0.00333333 + ... of five longs, posting by posting"),
        ("20", "0.70540351", "the deficit of the papers' example"),
        ("21", "200", "twenty at 80, 10 below 90 each"),
    ],
)
def test_least_funds(number: str, least: str, because: str) -> None:
    scenario = shipped(number)
    assert least_fund(scenario) == Decimal(least), because
    unit = scenario.money_unit
    enough, short = (with_balance(scenario, "fund", x) for x in (Decimal(least), Decimal(least) - unit))
    all_of_it = endless(scenario, "fund").events
    assert same(tuple(run(enough, accounts=False)), all_of_it)
    assert not same(tuple(run(short, accounts=False)), all_of_it)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "runs"), [("04", 3), ("05", 3), ("15", 3), ("18", 7), ("21", 3)])
def test_the_theorem_takes_a_run_and_one_for_each_draw(number: str, runs: int) -> None:
    """The endless fund, the neighbor that fails, and of the funds that run short at the same claim the
    smallest."""
    scenario = shipped(number, "rules.fund.holds=none") if number == "18" else shipped(number)
    found = asked(scenario, "fund", "no adl")
    assert (found.method, found.runs, found.whole) == (Method.THEOREM, runs, True)
    least = least_fund(shipped(number))
    assert (found.holds, found.fails) == (least, least - found.knob.unit)
    assert intervals(found) == [(least, 2 * least)]


def test_where_the_neighbors_part() -> None:
    """One unit less, and the fund cannot pay for the last thousandth of alice's two coins."""
    answer = asked(shipped("04"), "fund", "no adl").answer
    assert answer is not None
    assert answer.differs is not None
    event = answer.differs.event
    assert (answer.differs.kind, answer.differs.second) == ("lacks", None)
    assert (event.step, event.account, event.size) == (2, "bob", Decimal("0.001"))  # type: ignore[union-attr]


def test_no_fund_helps_where_the_book_is_thin() -> None:
    """The book of 16 takes three: bob's four go to the queue, whatever the fund holds."""
    found = asked(shipped("16"), "fund", "no adl")
    assert (found.method, found.holds, found.fails) == (Method.THEOREM, None, None)
    assert intervals(found, False) == [(found.low, found.high)]


# --- conditions of the theorem: each fails without it -------------------------------------------------------

ONE_LOSS = """
venue: generic
rules: {rules}
money_unit: 0.01
markets: {{M: {{lot: 0.001}}}}
fund: 0
accounts:
  - {{id: a, side: long, size: 1, entry: {entry}, leverage: 10}}
  - {{id: b, side: short, size: 1, entry: {entry}, leverage: 10}}
prices: [{entry}, {mark}]
"""


def one_loss(loss: int, rules: str = "{}") -> Scenario:
    """A long whose closing costs the fund so much: entry 20 x loss, bankrupt a tenth below, the mark beyond
    that."""
    return written(ONE_LOSS.format(entry=20 * loss, mark=17 * loss, rules=rules))


@pytest.mark.slow
def test_drawdown_above_a_threshold_a_larger_fund_deleverages() -> None:
    """Bybit's sample: the rule acts above 10,000. A loss of 5,000: a fund below it runs out; from 5,000 on it
    pays to zero as long as 70 % of it are at most 10,000 (14,285.71); then only 30 % of it are to be had, and
    those are 5,000 from 16,666.67 on."""
    scenario = replace(one_loss(5_000), rules=shipped("19", venue="bybit").rules)
    assert why_not(scenario.rules) == "fund.drawdown"
    found = asked(scenario, "fund", "no adl")
    assert found.method is Method.SAMPLED
    assert intervals(found) == pairs("5000", "14285.71", "16666.67", found.high)
    assert least_fund(scenario) == Decimal("16666.67")
    with pytest.raises(Unsolvable, match=r"fund\.drawdown"):
        asked(scenario, "fund", "no adl", method=Method.THEOREM)


@pytest.mark.slow
def test_drawdown_of_a_small_fund() -> None:
    """The same above 1, for a loss of 1: [0, 0.99] runs out, 1 to 1.42 pays (70 % of 1.42 is 0.994), 30 % of
    3.34 is 1.002."""
    drawdown = "{fund: {drawdown: {start: 0.3, stop: 0.25, above: 1}}}"
    found = asked(one_loss(1, drawdown), "fund", "no adl")
    assert found.method is Method.EXHAUSTIVE
    assert intervals(found, False) == pairs("0", "0.99", "1.43", "3.33")


def test_a_fund_that_may_go_below_zero_always_pays() -> None:
    """The largest draw is not what deleveraging hangs on: nothing is."""
    found = asked(one_loss(5_000, "{fund: {negative: true}}"), "fund", "no adl")
    assert (found.method, found.holds, found.fails) == (Method.THEOREM, Decimal(0), None)


HELD = """
rules: {fund: {holds: while-solvent}}
markets: {M: {lot: 1, liquidity: none}}
money_unit: 1
fund: 0
accounts:
  - {id: a, side: long, size: 10, entry: 100, leverage: 10}
  - {id: b, side: short, size: 10, entry: 100, leverage: 10}
prices: [100, 79]
"""


@pytest.mark.slow
def test_a_fund_that_keeps_positions_pays_nothing_and_must_bear_them() -> None:
    """Ten are kept from 90, and at 79 have lost 110, which nobody has paid: with 100 nine stay (99), and one
    goes to the queue."""
    scenario = written(HELD)
    assert (endless(scenario, "fund").least, least_fund(scenario)) == (0, 110)
    found = asked(scenario, "fund", "no adl")
    assert (found.method, found.not_by) == (Method.EXHAUSTIVE, "fund.holds")
    assert intervals(found) == pairs(110, 220)
    assert _measured(scenario, "fund", 100, "adl_size") == 1


@pytest.mark.slow
def test_march_2020_with_a_fund_that_may_keep() -> None:
    """The book takes everything, so that nothing is kept; but it is tried, and not proven."""
    found = asked(shipped("18"), "fund", "no adl", values=50)
    assert (found.method, found.holds, found.fails) == (
        Method.SAMPLED,
        Decimal("35.61166667"),
        Decimal("35.61166666"),
    )


SEVERAL = """
markets: {A: {lot: 1}, B: {lot: 1}}
fund: 0
money_unit: 1
accounts:
  - {id: a, market: A, side: long, size: 1, entry: 100, leverage: 10}
  - {id: b, market: B, side: long, size: 1, entry: 100, leverage: 10}
  - {id: c, market: B, side: short, size: 1, entry: 100, leverage: 1}
prices: {A: [100, 80, 80], B: [100, 100, 85]}
"""


def test_several_claims_in_whole_lots_a_larger_fund_deleverages() -> None:
    """Nobody is short in A: what the fund does not pay of a's 10 is bad debt, and of one lot it pays all or
    nothing. So with 5 to 9 it keeps what b's 5 ask for; with 10 to 14 it pays for a and lacks them; from 15
    on it pays both."""
    scenario = written(SEVERAL)
    found = asked(scenario, "fund", "no adl")
    assert intervals(found) == pairs(5, 9, 15, 30)
    assert (found.method, found.proven_from) == (Method.EXHAUSTIVE, 15)
    assert (found.fails, found.holds) == (4, 5)
    assert least_fund(scenario) == 15
    with pytest.raises(Unsolvable, match="from the least fund upward"):
        asked(scenario, "fund", "no adl", method=Method.THEOREM)


@pytest.mark.parametrize("measure", ["fund_left", "fund_worth"])
def test_a_question_about_the_fund_itself_is_tried(measure: str) -> None:
    """The run is the same with every larger fund, what the fund holds is not."""
    found = asked(written(SEVERAL), "fund", f"{measure} >= 10")
    assert (found.method, found.proven_from) == (Method.EXHAUSTIVE, None)
    assert intervals(found) == pairs(25, 30)


def test_a_floor_is_part_of_the_least_fund() -> None:
    scenario = shipped("04", "fund={balance: 0, floor: 300}")
    found = asked(scenario, "fund", "no adl")
    assert (found.method, found.holds) == (Method.THEOREM, 2_300)


# --- counterexamples ----------------------------------------------------------------------------------------

SAVED = """
fund: 0
markets: {M: {lot: 1, tick: 0.01}}
money_unit: 0.01
accounts:
  - {id: alice, side: long, size: 1, entry: 100, leverage: 10}
  - {id: me, side: short, size: 1, entry: 100, leverage: 5}
prices: [100, 85, 140]
"""


@pytest.mark.slow
def test_a_larger_fund_liquidates() -> None:
    """A fund of 5 pays alice's loss at 85, and I keep my short until it is bankrupt at 120. Without it I am
    deleveraged at 90, all of me, and saved."""
    found = asked(written(SAVED), "fund", "liquidated(me)", 0, 10)
    assert plain(found)[-1][:2] == (5, 10)
    assert found.outcome(Decimal("0")) is False


def test_dydx_a_larger_fund_deleverages_erin() -> None:
    found = asked(
        shipped("19", venue="dydx-v4"), "fund", "adl(erin)", 0, 1_000, unit=100, method=Method.EXHAUSTIVE
    )
    assert intervals(found) == pairs(0, 300, 600, 800)


def test_deleveraging_at_two_kinds_of_marks() -> None:
    """07: longs are bankrupt at 90, shorts at 110."""
    found = asked(shipped("07"), "prices.1", "adl", 80, 120, unit=1)
    assert intervals(found) == pairs(80, 90, 110, 120)


@pytest.mark.slow
def test_a_deeper_crash_spares_an_account() -> None:
    """21: at 75.61 late's leverage has passed early's in the queue; between 90 and 90.45 alice lives on to be
    closed at 82, where she is not bankrupt yet."""
    found = asked(shipped("21"), "prices.1", "adl(early)", "0.01", 100, unit="0.01", method=Method.SAMPLED)
    assert intervals(found)[-2:] == pairs("75.62", "89.99", "90.46", "100")
    assert found.spacing < Decimal("0.11")


@pytest.mark.slow
def test_slivers_that_sampling_misses() -> None:
    """Below 0.0022 there are more: values a tenth apart do not see them, and the answer says how far apart
    they were."""
    seen = asked(shipped("21"), "prices.1", "adl(early)", "0.00000001", "0.003", values=600)
    assert [one for one in intervals(seen) if one[1] < Decimal("0.0022")]
    scan = asked(shipped("21"), "prices.1", "adl(early)", "0.00000001", 100)
    assert not [one for one in intervals(scan) if one[1] < Decimal("0.0022")]


@pytest.mark.slow
def test_a_hedge_that_is_lost_between() -> None:
    """14: dana falls with her long below 798.24; between 840 and 844.22 she is deleveraged out of her hedge
    and falls with what is left; in between she is passed over, and lives."""
    found = asked(shipped("14"), "prices.BTC-PERP.1", "liquidated(dana)")
    assert [(round(low, 2), round(high, 2)) for low, high in intervals(found)] == pairs(
        "0", "798.24", "840", "844.22"
    )


QUEUE = """
fund: 0
markets: {M: {tick: 0.1, lot: 0.1}}
accounts:
  - {id: alice, side: long, size: 1, entry: 100, leverage: 10}
  - {id: me, side: short, size: 1, entry: 100, leverage: 5}
  - {id: bob, side: short, size: 1, entry: 100, leverage: 5}
prices: [100, 104, 85]
"""


@pytest.mark.slow
def test_leverage_puts_me_into_the_queue_and_out_of_it() -> None:
    """From 5 on I stand before bob (at 5 by the order of the file). At 104 I am due where 100 / L - 4 is at
    most 0.52: from 22.13 on (100 / 22.13 = 4.5188; 100 / 22.12 = 4.5208)."""
    found = asked(written(QUEUE), "accounts.me.leverage", "adl(me)", 1, 50)
    assert found.method is Method.EXHAUSTIVE
    assert intervals(found) == pairs("5", "22.12")
    both = asked(written(QUEUE), "accounts.me.leverage", "not liquidated(me) and not adl(me)", 1, 50)
    assert intervals(both) == pairs("1", "4.99")
    assert (both.holds, both.fails) == (Decimal("4.99"), Decimal("5"))


@pytest.mark.slow
def test_a_sawtooth() -> None:
    """Above 25 I am bankrupt at 104, and alice, who wins there, is deleveraged but for what the fund pays
    for. It holds what my rounded bankruptcy price leaves over: 100 / L less that in tenths. That pays for a
    lot of 0.1 where it is a tenth of 104 - price: from 100 / L = 3.91 up at 103.9, 3.82 at 103.8, 3.73 at
    103.7, 3.64 at 103.6. Then alice still has
    something that bob is deleveraged for at 85."""
    found = asked(written(QUEUE), "accounts.me.leverage", "adl(bob)", 22, "27.6")
    assert intervals(found) == pairs("22.13", "25.57", "25.65", "26.17", "26.32", "26.80", "27.03", "27.47")


MARGIN = """
fund: 0
markets: {M: {lot: 1}}
money_unit: 1
accounts:
  - {id: alice, side: long, size: 10, entry: 100, leverage: 10}
  - {id: me, side: short, size: 10, entry: 100, collateral: 100}
  - {id: bob, side: short, size: 10, entry: 100, collateral: 300}
prices: [100, 85, 140]
"""


@pytest.mark.slow
def test_more_margin_liquidates() -> None:
    """Up to 5 I am due at once (0.005 x 1,000). To 300 I stand before bob, am deleveraged at 90 and saved.
    From 301 on bob is, and at 140 I lose 400 of what I have: due up to 407 (400 + 0.005 x 1,400)."""
    found = asked(written(MARGIN), "accounts.me.collateral", "liquidated(me)", 1, 500)
    assert intervals(found) == pairs(1, 5, 301, 407)


def test_a_deeper_book_has_more_bad_debt() -> None:
    """16: at 0 what stays with the venue is worth 6 x 2 = 12 less at 88; at 6 all are sold at 85: 6 x 5 =
    30."""
    rows = {depth: _measured(shipped("16"), "liquidity", depth, "bad_debt") for depth in (0, 6)}
    assert rows == {0: 12, 6: 30}
    found = asked(shipped("16"), "liquidity", "bad_debt <= 20", 0, 10)
    assert intervals(found)[0][0] == 0
    assert found.outcome(Decimal(6)) is False


def test_a_deeper_book_costs_the_fund_more() -> None:
    """07: without a book the queue takes all ten; with one of ten the fund pays 10 x 0.5."""
    for depth, paid, size in ((0, 0, 10), (10, 5, 0)):
        assert _measured(shipped("07", "fund=100"), "liquidity", depth, "fund_paid") == paid
        assert _measured(shipped("07", "fund=100"), "liquidity", depth, "adl_size") == size


def _measured(scenario: Scenario, vary: str, value: int, measure: str) -> Decimal:
    knob = knob_of(vary, scenario)
    assert knob is not None
    question = read(f"{measure} >= 0", names_of(scenario))
    (row,) = measured(scenario, [At(knob, int(value / knob.unit))], Asked(question.parts))
    (found,) = row.value.values()
    assert found is not None
    return Decimal(found.numerator) / Decimal(found.denominator)


# --- held against every value -------------------------------------------------------------------------------


def varied_book(seed: int) -> Scenario:
    """A random book under the usual rules, random ones or those of a venue."""
    rng = random.Random(f"solve {seed}")
    scenario = random_scenario(seed, inverse=rng.random() < 0.3, funding=rng.random() < 0.3, most_accounts=8)
    kind = seed % 3
    if kind == 1:
        return with_rules(scenario, seed)
    return under_venue(scenario, rng.choice(VENUES), rng) if kind == 2 else scenario


def grid(scenario: Scenario, fund: str, parts: int = 40) -> tuple[Decimal, list[Decimal]] | None:
    """A step that divides twice the need of a fund into a few, so that the need lies on it."""
    need = least_fund(scenario, fund)
    if not need:
        return None
    unit = need / parts
    exponent = max(unit.adjusted() - 1, scenario.money_unit.adjusted())
    step = Decimal(1).scaleb(exponent)
    while int(need / step) > 4 * parts:
        step *= 2
    return step, [step * i for i in range(int(2 * need / step) + 1)]


@pytest.mark.parametrize("block", range(3))
@pytest.mark.slow
def test_every_method_says_what_every_value_says(block: int) -> None:
    """Random books: the theorem, where it applies, and running all, against each value run by itself. What
    the theorem proves of the values from the least fund on holds of every question."""
    proven = 0
    for seed in range(block * 12, block * 12 + 12):
        scenario = varied_book(seed)
        fund = scenario.funds[0].name
        found = grid(scenario, fund)
        if found is None:
            continue
        step, values = found
        vary = "fund" if scenario.funds[0].name == "fund" else f"fund.{fund}"
        for question in ("no adl", "bad_debt == 0", "adl"):
            truth = by_hand(scenario, vary, question, values)
            ends = (values[0], values[-1])
            every = asked(scenario, vary, question, *ends, unit=step, method=Method.EXHAUSTIVE)
            assert plain(every) == truth, (seed, question)
            best = asked(scenario, vary, question, *ends, unit=step)
            assert plain(best) == truth, (seed, question)
            try:
                theorem = asked(scenario, vary, question, *ends, unit=step, method=Method.THEOREM)
            except Unsolvable:
                continue
            assert plain(theorem) == truth, (seed, question)
            proven += len(truth) > 1
    assert proven or block


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "vary", "question", "low", "high", "unit"),
    [
        ("08", "accounts.1.leverage", "liquidated(bob) or adl", "1", "20", "0.1"),
        ("10", "prices.1", "liquidation", "50", "150", "1"),
        ("13", "fund", "adl_accounts <= 2", "0", "150", "1"),
        ("19", "prices.2", "adl(fay)", "50_000", "60_000", "100"),
    ],
)
def test_all_values_one_by_one(number: str, vary: str, question: str, low: str, high: str, unit: str) -> None:
    scenario = shipped(number)
    question = question.replace("bob", scenario.accounts[1].id)
    step = Decimal(unit)
    values = [Decimal(low) + i * step for i in range(int((Decimal(high) - Decimal(low)) / step) + 1)]
    found = asked(scenario, vary, question, low, high, unit=unit, method=Method.EXHAUSTIVE)
    assert plain(found) == by_hand(scenario, vary, question, values)


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.slow
def test_under_every_rulebook_both_neighbors_are_as_told(venue: str) -> None:
    """Scenario 19: each change is run again from the file, with --set, at both its values."""
    (path,) = SCENARIOS.glob("19-*.yaml")
    scenario = load(str(path), venue=venue).scenario
    for vary, question, unit in (("fund", "no adl", None), ("prices.2", "adl(dora)", None)):
        found = asked(scenario, vary, question, unit=unit, values=120)
        for change in found.changes:
            for value in (change.before, change.after):
                there = load(str(path), venue=venue, sets=[f"{vary}={value:f}"]).scenario
                ran = Ran(there, tuple(run(there)), None)
                so = Answers(ran).holds(read(question, names_of(there)))
                assert so is found.outcome(value), (vary, value)
        if vary == "fund" and found.method is Method.THEOREM and found.holds is not None:
            assert found.stretches[-1].holds


# --- what it costs, and how it ends -------------------------------------------------------------------------


@pytest.mark.slow
def test_a_thousand_variants_cost_a_thousand_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    made, loaded = [0], [0]
    engine, loading = study_runs.run, load_source

    def counted(*arguments: object, **options: object) -> object:
        made[0] += 1
        return engine(*arguments, **options)  # type: ignore[arg-type]

    def loads(*arguments: object, **options: object) -> object:
        loaded[0] += 1
        return loading(*arguments, **options)  # type: ignore[arg-type]

    scenario = shipped("04")
    monkeypatch.setattr(study_runs, "run", counted)
    monkeypatch.setattr("adlcalc.scenario.loading.load_source", loads)
    found = asked(scenario, "accounts.alice.leverage", "liquidated(alice)", "1", "10.99")
    assert (found.method, len(found.changes), made[0], loaded[0]) == (Method.EXHAUSTIVE, 1, 1_000, 0)
    assert found.runs == 1_002  # and both neighbors once more, for where they part


def test_a_budget_ends_a_search_and_is_told() -> None:
    found = asked(shipped("21"), "prices.1", "adl(early)", budget=50)
    assert (found.whole, found.interrupted) == (False, False)
    assert len(found.stretches) > 1


@pytest.mark.slow
def test_what_was_not_finished_does_not_claim_every_value(
    adlcalc: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = adlcalc("solve", "21-who-pays", "--vary", "prices.1", "--when", "adl(early)", "--budget", "50")
    text = " ".join(page.out.split())
    assert "Sampled, not to the end: 50 values were run" in text
    assert "every change" not in text

    def stopped(*_: object) -> object:
        def rows(given: Iterable[object], _total: int | None = None) -> Iterator[object]:
            for i, row in enumerate(given):
                if i == 100:
                    raise KeyboardInterrupt
                yield row

        return rows

    monkeypatch.setattr("adlcalc.cli.solve.counting", stopped)
    page = adlcalc("solve", FILE, "--vary", "accounts.bob.leverage", "--until", "adl(bob)", "--to", "20")
    text = " ".join(page.out.split())
    assert page.code == 130
    assert "Interrupted: this is what was known by then" in text
    assert "values, 0.01 apart, 100 were run" in text
    assert "Every value was run" not in text


@pytest.mark.slow
@pytest.mark.parametrize(("times", "values"), [(1, 1_000), (100_000, 5)])
def test_below_a_proven_least_fund_a_large_book_is_run_few_times(
    monkeypatch: pytest.MonkeyPatch, times: int, values: int
) -> None:
    """More draws than are looked at one by one leave what smaller funds do to the sampling."""
    monkeypatch.setattr("adlcalc.study.solve.LOW_ENDS", 0)
    monkeypatch.setattr("adlcalc.study.solve.WORK", 2_000_000 // times)
    found = asked(shipped("04"), "fund", "no adl")
    assert (found.method, found.holds) == (Method.SAMPLED, Decimal(2_000))
    assert values <= found.values <= values + 4


@pytest.mark.slow
def test_ctrl_c_gives_what_is_known() -> None:
    scenario = shipped("21")
    knob, question = knob_of("prices.1", scenario), read("adl(early)", names_of(scenario))
    seen = 0

    def stopped(rows: object, total: int | None = None) -> object:
        nonlocal seen
        for row in rows:  # type: ignore[attr-defined]
            seen += 1
            if seen == 500:
                raise KeyboardInterrupt
            yield row

    assert knob is not None
    found = solve(scenario, knob, question, through=stopped)  # type: ignore[arg-type]
    assert (found.interrupted, found.whole) == (True, False)
    assert found.values == 499
    assert found.stretches


@pytest.mark.slow
def test_processes_find_the_same() -> None:
    one, two = (
        asked(shipped("21"), "prices.1", "adl(early)", 1, 100, jobs=jobs, unit="0.01") for jobs in (1, 2)
    )
    assert replace(one, question=two.question) == two


# --- what can be varied -------------------------------------------------------------------------------------

EVERYTHING = [
    ("04", "fund", "900"),
    ("04", "fund.balance", "900"),
    ("04", "fund.floor", "100"),
    ("04", "prices.2", "53_100.5"),
    ("04", "prices.BTC-PERP.2", "53_100.5"),
    ("14", "prices.ETH-PERP.1", "86"),
    ("04", "liquidity", "1.5"),
    ("04", "markets.BTC-PERP.liquidity", "0"),
    ("04", "accounts.alice.leverage", "12.34"),
    ("04", "accounts.0.leverage", "12.34"),
    ("04", "accounts.alice.size", "1.234"),
    ("04", "accounts.alice.entry", "61_234.5"),
    ("04", "accounts.carol.balance", "12_345.67"),
    ("04", "accounts.carol.positions.0.size", "2.5"),
    ("21", "accounts.whale.collateral", "1_300.01"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("number", "vary", "value"), EVERYTHING)
def test_turned_in_what_is_loaded_as_the_file_would_say_it(number: str, vary: str, value: str) -> None:
    base = ("fund={balance: 1_000}",) if vary.startswith("fund.") else ()
    scenario = shipped(number, *base)
    knob = knob_of(vary, scenario)
    assert knob is not None
    turned = knob.turned(scenario, Decimal(value.replace("_", "")))
    settings = [f"{name}={value}" for name in knob.settings]
    agreed = []
    for setting in settings:
        try:
            agreed.append(shipped(number, *base, setting) == turned)
        except ScenarioErrors:
            agreed.append(False)
    assert any(agreed)


@pytest.mark.parametrize(
    ("number", "vary", "value"),
    [
        ("04", "fund", "-1"),
        ("04", "prices.2", "0"),
        ("04", "prices.0", "0.05"),
        ("04", "accounts.alice.leverage", "0.001"),
        ("04", "accounts.alice.size", "0.0001"),
        ("04", "accounts.alice.size", "0"),
        ("04", "liquidity", "-1"),
    ],
)
def test_what_no_file_could_say_is_refused(number: str, vary: str, value: str) -> None:
    scenario = shipped(number)
    knob = knob_of(vary, scenario)
    assert knob is not None
    with pytest.raises(ScenarioErrors):
        knob.turned(scenario, Decimal(value))
    with pytest.raises(ScenarioErrors):
        shipped(number, f"{knob.settings[0]}={value}")


def test_refused_values_are_told_apart() -> None:
    """10: the first tier allows 50 at most (or less): what is above is neither so nor not so."""
    found = asked(shipped("04"), "accounts.alice.leverage", "liquidated(alice)", "-1", "1", unit="0.5")
    assert plain(found)[0][2] is None
    assert "greater than zero" in found.stretches[0].why


def test_all_prices_scaled_and_shifted() -> None:
    scenario = shipped("04")
    scaled, shifted = knob_of("prices*", scenario), knob_of("prices+", scenario)
    assert scaled is not None
    assert shifted is not None
    assert scaled.turned(scenario, Decimal("0.5")).path.marks["BTC-PERP"] == (30_000, 28_000, 26_500)
    assert shifted.turned(scenario, Decimal("-100")).path.marks["BTC-PERP"] == (59_900, 55_900, 52_900)


# --- the command --------------------------------------------------------------------------------------------

FILE = "scenarios/04-fund-half-absorbs.yaml"
ASK = ("solve", FILE, "--vary", "fund", "--until", "no adl")


def test_the_page(adlcalc: Command) -> None:
    page = adlcalc(*ASK)
    assert page.code == 0
    for sentence in (
        "Until no adl: the fund, from 0 to 4,000, venue generic",
        "holds  2,000           alice       -                2,000         0",
        "fails  1,999.99999999  alice       bob 0.001        1,999         0",
        "With 1,999.99999999, at step 2 bob is deleveraged, 0.001 at 54,000.",
        "Every larger fund does too, and no smaller one: the fund pays to its floor.",
        "Proven; 3 runs.",
        "not a recommended size",
        "Held against the file",
    ):
        assert sentence in page.out.replace("It\nis not a", "It is not a")


def test_the_json(adlcalc: Command) -> None:
    found = json.loads(adlcalc(*ASK, "--json").out)
    assert found["schema"] == "adlcalc.solve/1"
    assert (found["vary"], found["question"], found["method"], found["runs"]) == (
        "fund",
        "no adl",
        "theorem",
        3,
    )
    assert found["intervals"] == [
        {"from": "0", "to": "1999.99999999", "holds": False},
        {"from": "2000", "to": "4000", "holds": True},
    ]
    differs = {
        "kind": "lacks", "step": 2, "event": "Deleveraged", "account": "bob", "market": "BTC-PERP", "at": "1999.99999999"
    }  # fmt: skip
    assert found["answer"] == {"holds": "2000", "fails": "1999.99999999", "differs": differs}
    assert (found["verified"], found["whole"]) == (True, True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asserted", "code"), [("<= 5_000_000", 0), ("== 2000", 0), ("> 0 and < 2_000", 1), ("<= 1_999", 1)]
)
def test_an_assertion(adlcalc: Command, asserted: str, code: int) -> None:
    assert adlcalc(*ASK, "-q", "--assert", asserted).code == code


def test_no_value_does(adlcalc: Command) -> None:
    page = adlcalc("solve", "scenarios/16-queue-too-short.yaml", "--vary", "fund", "--until", "no adl")
    assert page.code == 1
    assert "None does: the book of COIN-PERP takes 3 in a step" in page.out
    data = json.loads(
        adlcalc(
            "solve", "scenarios/16-queue-too-short.yaml", "--vary", "fund", "--until", "no adl", "--json"
        ).out
    )
    assert data["answer"] == {"holds": None, "fails": None, "differs": None}


def test_a_frontier(adlcalc: Command) -> None:
    """Two coins, each so much below 54,000."""
    page = adlcalc(*ASK, "--across", "prices.2=52_000..54_000/500", "--format", "csv")
    rows = [line.split(",") for line in page.out.splitlines()]
    head = rows[0]
    found = {row[head.index("across")]: row[head.index("holds")] for row in rows if row[0] == "frontier"}
    assert found == {"52000": "4000", "52500": "3000", "53000": "2000", "53500": "1000", "54000": "0"}
    # the intervals are of the first value, and say so
    assert {row[head.index("across")] for row in rows if row[0] in ("answer", "interval")} == {"52000"}


@pytest.mark.slow
def test_a_rate_is_varied_by_loading_the_file(adlcalc: Command) -> None:
    """Alice's equity at 56,000 is 12,000 - 8,000 = 4,000: due once the rate of 112,000 reaches it, at 0.0358
    in steps of 0.0001."""
    page = adlcalc(
        "solve", FILE, "--vary", "rules.margin.maintenance", "--when", "liquidation@1", "--from", "0.03",
        "--to", "0.04", "--json",
    )  # fmt: skip
    data = json.loads(page.out)
    assert (data["method"], data["unit"], data["answer"]["holds"]) == ("exhaustive", "0.0001", "0.0358")
    assert data["verified"] is True


def test_standard_input_is_read_once(adlcalc: Command) -> None:
    text = Path(ROOT / FILE).read_bytes()
    page = adlcalc("solve", "-", "--vary", "fund", "--until", "no adl", "--json", stdin=text)
    assert json.loads(page.out)["answer"]["holds"] == "2000"


def test_list(adlcalc: Command) -> None:
    page = adlcalc("solve", "--list")
    assert page.code == 0
    assert "  adl[(ACCOUNT)]\n      was anybody deleveraged" in page.out
    assert "least_fund" in page.out


OWN_LONG = """
accounts: [{id: me, side: long, size: 0.5, entry: 60_000, leverage: 20}]
markets: {BTC: {tick: 0.1, lot: 0.001}}
prices: [60_000, 58_000, 56_400]
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("vary", "holds", "fails"),
    [
        # at 56,400 it has lost 1,800 and needs 0.5 % of 28,200 = 141, and is due at that: more than 1,941
        ("accounts.me.collateral", "1941.00000001", "1941"),
        ("accounts.me.leverage", "15.45", "15.46"),  # 30,000 / 15.45 = 1,941.7, / 15.46 = 1,940.5
        ("accounts.me.stop", "58000", "57999.9"),  # closed there, before 56,400 is reached
    ],
)
def test_what_a_trader_can_turn_has_a_range_of_its_own(vary: str, holds: str, fails: str) -> None:
    found = asked(load_source(Source("s.yaml", OWN_LONG), "s.yaml").scenario, vary, "not liquidated(me)")
    (change,) = found.changes
    assert {change.before, change.after} == {Decimal(holds), Decimal(fails)}
    assert found.holds == Decimal(holds)


@pytest.mark.slow
def test_a_collateral_takes_the_place_of_a_leverage(adlcalc: Command, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(OWN_LONG, encoding="utf-8")
    words = ("--vary", "accounts.me.collateral", "--until", "not liquidated(me)")
    out = " ".join(adlcalc("solve", str(tmp_path / "s.yaml"), *words).out.split())
    assert "the collateral of me instead of its leverage, from 0 to 30,000" in out
    assert "The file has 1,500; 1,941.00000001 is 441.00000001 more." in out
    assert "loaded with --set, it makes the same runs" in out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--vary", "fund"), "one of the two says what is asked"),
        (("--until", "no adl"), "what is varied"),
        (("--vary", "fnud", "--until", "no adl", "--from", "0", "--to", "1"), "fnud"),
        (("--vary", "fnd", "--until", "no adl"), "did you mean 'fund'?"),
        (("--vary", "zzz", "--until", "no adl"), "unknown key 'zzz' in the scenario"),
        (
            ("--vary", "rules.fnd.floor", "--until", "no adl", "--from", "0", "--to", "5"),
            "--vary rules.fnd.floor: error: unknown key 'fnd'",
        ),
        (("--vary", "fund.blance", "--until", "no adl"), "did you mean 'balance'?"),
        (("--vary", "prices.to", "--until", "no adl"), "has no range of its own"),
        (("--vary", "prices.to", "--until", "no adl", "--from", "1", "--to", "2"), "its items are 0 to 2"),
        (("--vary", "prices[1]", "--until", "no adl"), "write prices.1"),
        (("--vary", "events[0].deposit", "--until", "no adl"), "write events.0.deposit"),
        (("--vary", "accounts.alice.positions[0].size", "--until", "adl"), "alice.positions.0.size"),
        (("--vary", "prices.two", "--until", "no adl"), "the steps are 0 to 2"),
        (("--vary", "prices.9", "--until", "no adl"), "the steps are 0 to 2"),
        (("--vary", "accounts.alcie.leverage", "--until", "no adl"), "did you mean 'alice'?"),
        (("--vary", "accounts.carol.positions.0.collateral", "--until", "adl"), "accounts.carol.balance"),
        (("--vary", "prices+", "--until", "no adl"), "give --from and --to"),
        (("--vary", "fund", "--until", "least_fund <= 100"), "does not depend on what the fund holds"),
        (("--vary", "fund", "--until", "no adll"), "did you mean 'adl'?"),
        (("--vary", "fund", "--until", "no adl", "--assert", "5"), "a comparison"),
        (("--vary", "fund", "--until", "no adl", "--assert", "adl"), "a comparison"),
        (("--vary", "fund", "--until", "no adl", "--from", "5", "--to", "4"), "there is no value"),
        (("--vary", "fund", "--until", "no adl", "--from", "5,0"), "must be a number"),
        (("--vary", "fund", "--until", "no adl", "--method", "bisection"), "is not one of"),
        (("--vary", "prices.2", "--until", "no adl", "--method", "theorem"), "the balance of a fund"),
        (("--vary", "fund", "--until", "no adl", "--method", "exhaustive"), "more than --budget"),
        (("--vary", "fund", "--until", "no adl", "--across", "prices.2"), "must be NAME=FROM..TO/STEP"),
        (("--vary", "fund", "--until", "no adl", "--across", "prices.2=1..2/0"), "in steps above zero"),
        (("--vary", "rules.fund.negative", "--until", "no adl", "--from", "0", "--to", "1"), "None does"),
        (("--vary", "fund", "--until", "no adl", "--unit", "0"), "must be greater than zero"),
    ],
)
def test_slips(adlcalc: Command, arguments: tuple[str, ...], says: str) -> None:
    page = adlcalc("solve", FILE, *arguments)
    assert page.code in (1, 2)
    assert says in " ".join((page.err + page.out).split())
    assert "Traceback" not in page.err
    assert "\\n" not in page.out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "vary"),
    [("14-counterparty-skipped", "prices.ETH-PERP.1"), ("14-counterparty-skipped", "accounts.bob.entry")],
)
def test_a_tick_that_follows_the_prices_stays_where_a_price_is_varied(
    adlcalc: Command, file: str, vary: str
) -> None:
    """Without a tick in the file, prices of less than a thousandth have a finer one: at the low end of the
    range, loading with --set alone would make another run."""
    page = adlcalc("solve", file, "--vary", vary, "--when", "liquidated(bob)", "--values", "20", "--to", "90",
                   "--from", "0.00000001")  # fmt: skip
    assert page.err == ""
    assert page.code in (0, 1)
    assert "loaded with --set, it makes the same runs" in " ".join(page.out.split())


@pytest.mark.slow
def test_a_long_name_leaves_room_for_what_happens(adlcalc: Command, tmp_path: Path) -> None:
    """An account of 44 characters is shortened in the table, in what is varied as well as below it."""
    text = (
        Path(ROOT / FILE)
        .read_text(encoding="utf-8")
        .replace("bob", "0x0123456789abcdef0123456789abcdef01234567ab")
    )
    file = tmp_path / "long.yaml"
    file.write_text(text, encoding="utf-8")
    vary = "accounts.0x0123456789abcdef0123456789abcdef01234567ab.leverage"
    page = adlcalc("solve", str(file), "--vary", vary, "--until", "no adl", "--to", "2")
    assert page.out.count("accounts.0…leverage  liquidated  deleveraged") == 1
    assert max(map(len, page.out.splitlines())) <= 80
    assert (
        vary
        in adlcalc("solve", str(file), "--vary", vary, "--until", "no adl", "--to", "2", "--width", "0").out
    )


# --- the least fund elsewhere -------------------------------------------------------------------------------


def test_a_file_expects_a_least_fund(adlcalc: Command, tmp_path: Path) -> None:
    text = (ROOT / FILE).read_text(encoding="utf-8")
    file = tmp_path / "x.yaml"
    file.write_text(text.replace("least_fund: 2_000", "least_fund: 1_999"), encoding="utf-8")
    page = adlcalc("check", str(file))
    assert page.code == 1
    assert "least_fund: expected 1999, got 2000 (difference 1)" in page.out + page.err
    assert adlcalc("check", FILE).code == 0


def test_several_funds_have_a_least_each(adlcalc: Command, tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(
        SEVERAL.replace("fund: 0", "fund: {A: 0, B: 0}") + "expect: {least_fund: {A: 10, B: 5}}\n",
        encoding="utf-8",
    )
    assert adlcalc("check", str(file)).code == 0
    file.write_text(
        SEVERAL.replace("fund: 0", "fund: {A: 0, B: 0}") + "expect: {least_fund: 15}\n", encoding="utf-8"
    )
    page = adlcalc("check", str(file))
    assert page.code == 2
    assert "there are several funds, each has its own" in page.out + page.err
    question = adlcalc(
        "run", str(file.with_name("x.yaml")), "--set", "expect=null", "-q", "--fail-on", "least_fund(A) == 10"
    )
    assert question.code == 1


def test_the_least_fund_is_not_the_needed_budget(adlcalc: Command) -> None:
    """Under the usual rules five thousand more were needed, and ten would be had; under Bybit's the fund
    keeps what the book does not take, amy's four at 1,000 under each, and may fall by 30 %: (6,000 + 4,000) /
    0.3, up to the unit."""
    page = adlcalc(
        "compare", "scenarios/19-one-book-many-venues.yaml", "--venues", "generic,bybit", "--metrics",
        "least_fund,needed_budget", "--format", "csv",
    )  # fmt: skip
    rows = [line.split(",") for line in page.out.splitlines()[1:]]
    found = {(row[0], row[2]): row[4] for row in rows}
    assert found["bybit", "least_fund"] == "33333.33333334"
    assert found["generic", "least_fund"] == "6000"
    assert found["bybit", "needed_budget"] == found["generic", "needed_budget"] == "5000"


def test_metrics_of_compare_are_measures() -> None:
    from adlcalc.study.metrics import METRICS
    from adlcalc.study.questions import MEASURES
    from adlcalc.study.questions import METRICS as ASKED

    assert {*ASKED} == METRICS.keys() - (MEASURES.keys() - {*ASKED})
    found = asked(shipped("05"), "fund", "needed_budget <= 5", 0, 20, unit=1)
    assert intervals(found)[0] == (15, 20)


# --- from Python --------------------------------------------------------------------------------------------


def test_python_has_the_answer_as_rows() -> None:
    import adlcalc

    found = adlcalc.solve(str(ROOT / FILE), "fund", until="no adl")
    (answer,) = found.rows("answer")
    assert (answer.holds, answer.fails) == (2_000, Decimal("1999.99999999"))
    assert [(row["from"], row.to, row.holds) for row in found][1] == (2_000, 4_000, True)
    (text,) = adlcalc.solve(SEVERAL, "fund", until="no adl").rows("answer")
    assert (text.holds, text.fails) == (5, 4)
    with pytest.raises(adlcalc.Unknown, match="the balance of a fund"):
        adlcalc.solve(SEVERAL, "prices.A.1", until="adl", low="1", high="9", method="theorem")


@pytest.mark.slow
def test_where_two_runs_part_is_told_of_the_account_that_was_asked_for(
    adlcalc: Command, tmp_path: Path
) -> None:
    """Both shorts give all at the boundary, bea before ann: each question has its own answer."""
    file = tmp_path / "two.yaml"
    file.write_text(
        "accounts:\n"
        "  - {id: ann, side: short, entry: 110, leverage: 10, size: 2}\n"
        "  - {id: bea, side: short, entry: 120, leverage: 10, size: 2}\n"
        "  - {id: cat, side: long, entry: 100, leverage: 10, size: 4}\n"
        "prices: [100, 95, 80]\n"
    )
    for question, account in {"adl(ann)": "ann", "adl(bea)": "bea", "adl": "bea"}.items():
        words = ("solve", str(file), "--vary", "prices.2", "--when", question)
        assert json.loads(adlcalc(*words, "--json").out)["answer"]["differs"]["account"] == account
        assert f", at step 2 {account} is deleveraged, 2 at 90." in adlcalc(*words).out


def test_what_the_venue_is_left_with_is_said(adlcalc: Command, tmp_path: Path) -> None:
    """The long of 2 is bankrupt at 90; at 85 what is kept of it has lost 2 x 5 = 10, which a fund of 10
    bears."""
    (tmp_path / "s.yaml").write_text(
        """
accounts:
- {id: m, side: long, size: 2, entry: 100, collateral: 20}
- {id: a, side: short, size: 2, entry: 100, collateral: 100}
markets: {M: {liquidity: 0, tick: 0.1, lot: 1}}
rules: {fund: {holds: while-solvent}}
prices: [100, 85]
""",
        encoding="utf-8",
    )
    words = ("--vary", "fund", "--until", "no adl", "--from", "0", "--to", "20", "--unit", "1")
    out = " ".join(adlcalc("solve", str(tmp_path / "s.yaml"), *words).out.split())
    assert "With 10 the venue still holds 2 contracts at the end of the path, -10 at the last mark." in out


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("collateral", "accounts.ID.collateral, as accounts.alice.collateral"),
        ("leverage", "accounts.ID.leverage, as accounts.alice.leverage"),
        ("alice.leverage", "accounts.alice.leverage"),
        ("maintenance", "markets.BTC-PERP.maintenance"),
        ("adl.policy", "rules.adl.policy"),
        ("policy", "rules.adl.policy or rules.last_resort.policy"),
        ("price", "did you mean 'prices'?"),
        ("drawdown", "rules.fund.drawdown"),
    ],
)
def test_set_and_vary_tell_alike_where_a_name_belongs(
    adlcalc: Callable[..., Result], name: str, hint: str
) -> None:
    file = "scenarios/04-fund-half-absorbs.yaml"
    for got in (
        adlcalc("run", file, "--set", f"{name}=1"),
        adlcalc("solve", file, "--vary", name, "--until", "no adl"),
        adlcalc("sweep", file, "--vary", f"{name}=1,2"),
    ):
        assert (got.code, got.out) == (2, "")
        assert f"error: unknown key '{name.partition('.')[0]}' in the scenario\nhint: {hint}\n" in got.err


def test_set_and_vary_have_one_name_for_the_depth_of_the_book(
    adlcalc: Callable[..., Result], tmp_path: Path
) -> None:
    """`liquidity` is that of the one market there is, however the file names it; of several neither takes
    it."""
    named = "scenarios/04-fund-half-absorbs.yaml"
    long = adlcalc("run", named, "--set", "markets.BTC-PERP.liquidity=2", "--json").out
    assert adlcalc("run", named, "--set", "liquidity=2", "--json").out == long
    accounts = "accounts: [{id: a, side: long, size: 1, entry: 100, leverage: 10%s}]\n"
    for text in (
        f"{accounts % ''}prices: [100]\n",
        f"{accounts % ', market: B'}prices: {{B: [100]}}\n",
        f"{accounts % ', market: B'}prices: [100]\n",
    ):
        (tmp_path / "s.yaml").write_text(text)
        assert adlcalc("run", str(tmp_path / "s.yaml"), "--set", "liquidity=2").code == 0, text
    hedged = "scenarios/09-hedged-account.yaml"
    for got in (
        adlcalc("run", hedged, "--set", "liquidity=2"),
        adlcalc("solve", hedged, "--vary", "liquidity", "--until", "no adl"),
    ):
        assert got.code == 2
        assert "error: it does not say of which market\nhint: markets.BTC-PERP.liquidity" in got.err


class Terminal(io.StringIO):
    """A terminal that keeps what it was told."""

    def isatty(self) -> bool:
        return True


@pytest.mark.slow
def test_how_far_it_has_come_is_told_of_how_many() -> None:
    """Ten values first, then those between two that differ: all that are known of by then."""
    scenario, terminal, now = shipped("21"), Terminal(), count()
    knob = knob_of("prices.1", scenario)
    assert knob is not None
    through = counting(False, stream=terminal, clock=lambda: float(next(now)))
    limits = Limits(Method.SAMPLED, 10)
    solve(scenario, knob, read("adl(early)", names_of(scenario)), limits=limits, through=through)
    told = re.findall(r"run (\d+) of (\d+)", terminal.getvalue())
    assert told[0] == ("1", "11")  # with the value that the file has
    assert all(int(n) <= int(of) for n, of in told)
    assert int(told[-1][1]) > 11


def test_many_runs_are_told_before(adlcalc: Command, tmp_path: Path) -> None:
    """5 accounts over 3 steps are 15 a run: 40,000 values are 600,000, more than a quarter of what a search
    allows itself; 4,000 are not. In a pipe too; not with -q."""
    rows = [
        f"  - {{id: a{i}, side: {'long' if i % 2 else 'short'}, size: 1, entry: 100, leverage: 5}}\n"
        for i in range(5)
    ]
    file = tmp_path / "s.yaml"
    file.write_text("fund: 50\nprices: [100, 95, 85]\naccounts:\n" + "".join(rows))
    asked = ("--vary", "prices.2", "--from", "80", "--to", "90", "--until", "no adl", "--budget", "9")
    many, few = (adlcalc("solve", str(file), *asked, "--values", n) for n in ("40000", "4000"))
    said = "note: 40,000 runs or more of 5 accounts over 3 steps are to come; --values and --budget make them fewer\n"
    assert (many.err, few.err) == (said, "")
    assert adlcalc("solve", str(file), *asked, "--values", "40000", "-q").err == ""
    fund = ("--vary", "fund", "--to", "90", "--until", "no adl", "--values", "40000", "--budget", "9")
    assert adlcalc("solve", str(file), *fund).err == "", "one run may tell"


@pytest.mark.slow
def test_where_no_fund_is_enough_the_rule_that_could_change_it_is_named(
    adlcalc: Command, tmp_path: Path
) -> None:
    """Under generic a fund keeps nothing: the four that the book does not take go to the queue."""
    file = tmp_path / "thin.yaml"
    file.write_text(
        "markets: {M: {liquidity: 1}}\naccounts:\n  - {id: a, side: long, size: 5, entry: 100, leverage: 10}\n"
        "  - {id: b, side: short, size: 5, entry: 100, leverage: 2}\nprices: [100, 80]\n"
    )
    asked = "solve", str(file), "--vary", "fund", "--until", "no adl", "--to", "1_000"
    said = " ".join(adlcalc(*asked).out.split())
    assert "rule fund.holds, which is none" in said
    assert "--set rules.fund.holds=while-solvent" in said
    assert "None does" not in adlcalc(*asked, "--set", "rules.fund.holds=while-solvent").out
    whole = adlcalc("solve", str(file), "--vary", "accounts.b.size", "--until", "no adl").out
    assert "the size of b, its leverage kept, from" in " ".join(whole.split())


def test_each_border_has_its_reason(adlcalc: Command, tmp_path: Path) -> None:
    """sam's short of 63,000 leaves the queue twice: with little leverage because others stand before him, and with
    so much that he is liquidated at the opening mark himself. 63,000 / 52.01 backs a short that has lost 1,000 at
    64,000 and needs 0.0033 of it; with 52.02 it is 211.07 against 211.2."""
    file = tmp_path / "gap.yaml"
    file.write_text(
        "markets: {M: {liquidity: none, tick: 0.1, lot: 0.001, maintenance: {tiers: [{rate: 0.0033}]}}}\n"
        "money_unit: 0.01\naccounts:\n"
        "  - {id: lena, side: long, size: 1, entry: 64_000, leverage: 20}\n"
        "  - {id: ben, side: short, size: 1, entry: 66_000, leverage: 25}\n"
        "  - {id: sam, side: short, size: 1, entry: 63_000, leverage: 40}\n"
        "prices: [64_000, 52_000]\n"
    )
    got = adlcalc("solve", str(file), "--vary", "accounts.sam.leverage", "--when", "not adl(sam)")
    told = " ".join(got.out.split())
    assert (
        "With 52.02, at step 0 sam's short 1 is liquidated (mark 64,000). With 52.01, that does not happen."
        in told
    )


def test_why_what_is_below_a_proven_fund_is_not_proven(adlcalc: Command, tmp_path: Path) -> None:
    """Sixty longs that are each bankrupt at another price: a fund is drawn on sixty times, and each time it sinks lower.
    Of six the smaller funds are proven too."""
    file = tmp_path / "many.yaml"

    def answer(many: int, *asked: str) -> str:
        rows = [
            f"  - {{id: a{i}, side: long, size: 1, entry: {100 + i / 10}, leverage: 10}}\n"
            for i in range(many)
        ]
        rows.append(f"  - {{id: s, side: short, size: {many}, entry: 100, leverage: 2}}\n")
        file.write_text(
            "money_unit: 0.01\nmarkets: {M: {tick: 0.01, lot: 1}}\nfund: 0\nprices: [100, 60]\naccounts:\n"
            + "".join(rows)
        )
        words = asked or ("--until", "no adl")
        return " ".join(adlcalc("solve", str(file), "--vary", "fund", *words).out.split())

    assert "and no smaller one: the fund pays to its floor. Proven; " in answer(6)
    assert (
        "Below it nothing is proven: that is done draw by draw, of 50 at most, and here there are 60."
        in answer(60)
    )
    assert "Below it nothing is proven: more is asked than whether anybody is deleveraged." in answer(
        6, "--until", "bad_debt == 0 and no adl"
    )


KEPT = """
venue: generic
rules: {fund: {drawdown: {start: 0.3, stop: 0.25}, holds: while-solvent}}
markets: {M: {liquidity: none, lot: 1}}
fund: 100
accounts:
  - {id: ann, side: long, size: 40, entry: 100, leverage: 10}
  - {id: bob, side: short, size: 40, entry: 100, leverage: 2}
prices: [100, 80]
"""
"""Taken over at 90, ann's forty lose 400 at 80: a fund bears them whose 30 % are 400, 1,333.33333334 or more."""


@pytest.mark.slow
def test_none_up_to_the_end_of_the_range_is_no_however_much(adlcalc: Command, tmp_path: Path) -> None:
    """Of 1,000 the rule lets it lose 300: thirty are kept, and bob gives ten."""
    file = tmp_path / "s.yaml"
    file.write_text(KEPT)
    words = ("solve", str(file), "--vary", "fund", "--until", "no adl", "--values", "9")
    said = " ".join(adlcalc(*words, "--to", "1_000").out.split())
    assert (
        "None does up to 1,000 of those that were tried: with 1,000, at step 1 bob is deleveraged, 10 at 90. Rule "
        "fund.drawdown let the fund give no more than 300 then: its limit is 300. With a fund that is large enough "
        "it is so: leave --to out, or give more."
    ) in said
    assert "however much" not in said
    found = json.loads(adlcalc(*words, "-f", "json").out)
    assert found["answer"]["holds"] == "1333.33333334"
    why = " ".join(adlcalc("explain", str(file), "bob", "--set", "fund=1_000").out.split())
    assert (
        "fund.drawdown: bob was deleveraged against ann because the fund could bear only 300 more, with 1,000 in it"
    ) in why


@pytest.mark.slow
@pytest.mark.parametrize("block", range(3))
def test_what_an_endless_fund_is_said_to_do_it_does(block: int) -> None:
    """Where no fund of a range is enough: with the endless one it is so, or whatever larger fund is tried is not
    enough either."""
    seen = set()
    for seed in range(block * 60, block * 60 + 60):
        scenario = under_a_drawdown(seed) if seed % 2 else with_rules(random_scenario(seed), seed)
        if [one.name for one in scenario.funds] != ["fund"]:
            continue
        high = Decimal(seed % 7)
        found = asked(scenario, "fund", "no adl", 0, high, values=5)
        if found.holds is not None:
            assert found.endless is None
            continue
        seen.add(found.endless)
        question = read("no adl", names_of(scenario))
        larger = (high + Decimal(x) for x in ("1", "100", "1E+6", "1E+15"))
        rows = (
            Asked(question.parts)(with_balance(scenario, "fund", x.quantize(scenario.money_unit)))
            for x in larger
        )
        holds = [question.holds(row.__getitem__) for row in rows]
        assert holds[-1] is found.endless, seed
        if not found.endless and not found.not_by:
            assert not any(holds), seed
    assert seen == {True, False}


@pytest.mark.slow
@pytest.mark.parametrize("venue", VENUES)
def test_a_hint_helps_under_every_rulebook(venue: str, adlcalc: Command, tmp_path: Path) -> None:
    """That the fund should keep positions is advised where an answer follows from it, and nowhere else."""
    file = tmp_path / "s.yaml"
    file.write_text(KEPT.replace("rules:", "# rules:"))
    words = ("solve", str(file), "--venue", venue, "--vary", "fund", "--until", "no adl", "--values", "3")
    if "--set rules.fund.holds=while-solvent" in " ".join(adlcalc(*words).out.split()):
        assert adlcalc(*words, "--set", "rules.fund.holds=while-solvent").code == 0


REFUSES = """
venue: bybit
markets: {BTC-PERP: {tick: 0.1, lot: 0.001}}
fund: 300
accounts:
  - {id: me, side: long, size: 0.8, entry: 62_000, leverage: 25}
  - {id: friend, side: short, size: 0.8, entry: 62_000, leverage: 5}
prices: [62_000, 60_000, 58_000, 57_000]
"""


@pytest.mark.parametrize(
    ("more", "vary", "said"),
    [
        (
            "events: [{step: 0, account: me, market: BTC-PERP, margin: 1}]\n",
            "events.0.margin",
            "With 5,000, at step 0 the venue refuses me a move of margin of 5,000: 0 at most: adlcalc explain",
        ),
        (
            "",
            "accounts.me.balance",
            "The same happens at both ends of the range: nothing hangs on accounts.me.balance.",
        ),
    ],
)
def test_why_nothing_helps_is_told(adlcalc: Command, tmp_path: Path, more: str, vary: str, said: str) -> None:
    """A trader who adds margin that he does not have would read that no margin saves him."""
    file = tmp_path / "s.yaml"
    file.write_text(REFUSES + more)
    words = ("--vary", vary, "--from", "0", "--to", "5000", "--until", "not liquidated(me)")
    told = " ".join(adlcalc("solve", str(file), *words).out.split())
    assert "None does" in told
    assert said in told
    assert f"nothing hangs on {vary}" in told
