"""Many runs of one scenario: a row for each variation, in order, whatever the number of processes."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

import pytest

import adlcalc
from adlcalc.engine.events import Deleveraged, Ended, Event, StepEnded
from adlcalc.engine.loop import PrecisionError, run
from adlcalc.engine.model import Scenario
from adlcalc.scenario import load
from adlcalc.study import runs
from adlcalc.study.answers import names_of
from adlcalc.study.questions import read, read_measure
from adlcalc.study.runs import Asked, Lost, Refused, as_written, measured, worked

FILE = "scenarios/04-fund-half-absorbs.yaml"


@dataclass(frozen=True)
class Fund:
    """Another opening balance."""

    balance: Decimal

    def __call__(self, scenario: Scenario) -> Scenario:
        if self.balance < 0:
            raise Refused("a fund has no less than nothing")
        return replace(scenario, funds=(replace(scenario.funds[0], balance=self.balance),))


FUNDS = [Fund(Decimal(n)) for n in range(-100, 2_100, 100)]


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load(FILE).scenario


def asked(scenario: Scenario, *texts: str) -> Asked:
    return Asked(tuple(read_measure(text, names_of(scenario)) for text in texts))


def test_a_row_for_each_variation(scenario: Scenario) -> None:
    """Alice's two coins are 2,000 short: the fund pays what it has, in thousandths of a coin that cost 1
    each."""
    measure = asked(scenario, "fund_paid", "adl_size", "equity(bob)")
    rows = [*measured(scenario, FUNDS, measure)]
    assert [row.variation for row in rows] == FUNDS
    assert str(rows[0].refused) == "a fund has no less than nothing"
    assert rows[0].found is None
    with pytest.raises(Refused):
        _ = rows[0].value
    for row in rows[1:]:
        fund = min(row.variation.balance, Decimal(2_000))
        assert [*row.value.values()] == [fund, 2 - fund / 1_000, 26_000 - (2_000 - fund)]


@pytest.mark.slow
def test_processes_give_the_same_rows_in_the_same_order(scenario: Scenario) -> None:
    measure = asked(scenario, "fund_paid", "rank(carol)", "liquidation_price(carol)", "margin_ratio(bob)")
    told = [(row.variation, row.found, str(row.refused)) for row in measured(scenario, FUNDS, measure)]
    there = measured(scenario, FUNDS, measure, jobs=2)
    assert [(row.variation, row.found, str(row.refused)) for row in there] == told


def test_a_question_is_asked_of_the_values(scenario: Scenario) -> None:
    question = read("adl(bob) and fund_left == 0", names_of(scenario))
    (row,) = measured(scenario, [as_written], Asked(question.parts))
    assert question.holds(row.value.__getitem__)


def test_rows_come_one_by_one_and_a_variation_costs_one_run(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = 0

    def counted(*arguments: object, **options: object) -> Iterator[object]:
        nonlocal made
        made += 1
        return run(*arguments, **options)  # type: ignore[arg-type]

    run = runs.run
    monkeypatch.setattr(runs, "run", counted)
    rows = measured(scenario, FUNDS[1:], asked(scenario, "bad_debt"))
    for n, _ in enumerate(rows, 1):
        assert made == n


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_numbers_too_long_to_be_exact_refuse_one_variation(scenario: Scenario, jobs: int) -> None:
    long = Fund(Decimal("1" + 55 * "0" + ".00000001"))
    rows = [*measured(scenario, [long, FUNDS[1]], asked(scenario, "fund_left"), jobs=jobs)]
    assert isinstance(rows[0].refused, PrecisionError)
    assert [*rows[1].value.values()] == [Fraction(0)]


def broken(scenario: Scenario) -> Scenario:
    """What is measured, with a bug."""
    if scenario.funds[0].balance == 1_000:
        raise ZeroDivisionError("a bug")
    return scenario


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_bug_is_raised_where_somebody_listens(scenario: Scenario, jobs: int) -> None:
    heard = []
    with pytest.raises(ZeroDivisionError, match="a bug"):
        heard.extend(row.variation for row in measured(scenario, FUNDS, broken, jobs=jobs))
    assert heard == FUNDS[:11]


def ended(scenario: Scenario) -> Scenario:
    """What ends the process that it runs in."""
    os.kill(os.getpid(), signal.SIGKILL)
    return scenario


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no such signal")
def test_a_process_that_is_killed_twice_is_told(scenario: Scenario) -> None:
    with pytest.raises(Lost, match="signal 9"):
        list(measured(scenario, FUNDS, ended, jobs=2))


def ending(n: int) -> int:
    """One of them ends its process."""
    if n == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return n


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no such signal")
@pytest.mark.parametrize("as_they_come", [False, True])
def test_what_ends_its_processes_may_be_a_result(as_they_come: bool) -> None:
    rows = worked(ending, range(40), jobs=2, lost=lambda n, by: -n, as_they_come=as_they_come)
    expected = [-n if n == 3 else n for n in range(40)]
    assert (sorted(rows) if as_they_come else [*rows]) == (sorted(expected) if as_they_come else expected)


def test_the_last_sentence_tells_what_the_venue_holds() -> None:
    """At 90 the long of 2 has lost all of its 20, not more: its bankruptcy price is 90, which the queue would
    pay, but under `holds: always` the fund's venue keeps it."""
    text = {
        "accounts": [
            {"id": "m", "side": "long", "size": 2, "entry": 100, "collateral": 20},
            {"id": "a", "side": "short", "size": 2, "entry": 100, "collateral": 100},
        ],
        "markets": {"M": {"liquidity": 0}},
        "rules": {"fund": {"holds": "always"}},
        "fund": 100,
        "prices": [100, 90],
    }
    told = adlcalc.run(text).to_text()
    assert "1 of 2 liquidated at step 1; 2 contracts of m still held by the venue." in " ".join(told.split())


def test_a_question_that_is_answered_ends_the_run(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bob is deleveraged in step 2 of 3: nothing after him is worked out for `adl`; for a number all is."""
    made: list[Event] = []

    def counted(*given: object, **named: object) -> Generator[Event, None, None]:
        for event in run(*given, **named):  # type: ignore[arg-type]  # what `run` takes
            made.append(event)
            yield event

    monkeypatch.setattr(runs, "run", counted)
    adl = read("adl", names_of(scenario)).parts
    assert Asked(adl)(scenario) == {adl[0]: True}
    assert isinstance(made[-1], Deleveraged)
    made.clear()
    asked(scenario, "fund_paid")(scenario)
    assert isinstance(made[-1], StepEnded | Ended)
