"""The story of a run: every formula adds up, every verdict is the engine's, every account's parts give its end."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction

import pytest
from books import random_scenario
from conftest import Result

import adlcalc
from adlcalc.engine.events import AccountEnded, AccountState, Event, Liquidated, StepEnded
from adlcalc.engine.loop import run
from adlcalc.engine.model import Scenario
from adlcalc.explain.story import Line, Story, Subject
from adlcalc.explain.tell import tell
from adlcalc.explain.witness import Witness
from adlcalc.ground.numbers import ZERO, D, exact
from adlcalc.scenario import Loaded

Command = Callable[..., Result]
HALF = "scenarios/04-fund-half-absorbs.yaml"
SEEDS = range(60)


@pytest.fixture(scope="module")
def rulebook() -> object:
    return adlcalc.load(HALF).rulebook


def story_of(scenario: Scenario, subject: Subject, rulebook: object) -> tuple[Story, list[Event], Witness]:
    witness = subject.witness()
    events = list(run(scenario, observer=witness))
    return tell(subject, scenario, rulebook, events, witness), events, witness  # type: ignore[arg-type]


def told(file: str, subject: Subject) -> Story:
    loaded: Loaded = adlcalc.load(file)
    return story_of(loaded.scenario, subject, loaded.rulebook)[0]


def lines(story: Story, kind: str) -> list[Line]:
    return [line for chapter in story.chapters for line in chapter.lines if line.kind == kind]


# --- one book, by hand ---------------------------------------------------------------------------------------------------


def test_the_story_of_a_deleveraged_short() -> None:
    """bob: 12,000 + 14,000 of equity at 53,000, first of two; he gives up one at 54,000 and forgoes 1,000."""
    story = told(HALF, Subject("bob"))
    assert [chapter.step for chapter in story.chapters] == [0, 2]
    (queue,) = lines(story, "queue")
    assert queue.formulas == ("score = pnl / entry value x exposure / equity = 14,000 / 120,000 x 106,000 / 26,000 = 0.475641",)
    (fill,) = lines(story, "deleveraged")
    assert fill.text == "bob gives up 1 of short 2 at 54,000 against alice: realized pnl 6,000"
    assert fill.amounts["realized_pnl"] == 6000
    assert fill.amounts["forgone_pnl"] == 1000
    result, cost = story.sums
    assert result.formulas[0].endswith("= 12,000 + 6,000 + 7,000 = 25,000")
    assert cost.text == "deleveraging cost 1,000 against the mark, and 1,000 against holding on to the end of the path"


def test_the_story_of_a_bankrupt_long() -> None:
    """alice: 12,000 - 14,000 = -2,000, taken over at 108,000 / 2 = 54,000; the fund pays for one, bob gives up the other."""
    story = told(HALF, Subject("alice"))
    (taken,) = lines(story, "liquidated")
    assert taken.formulas == (
        "liquidation price = mark at which equity is the maintenance margin = 54,271.4",
        "value at the bankruptcy price = value at the mark - equity = 106,000 - (-2,000) = 108,000",
        "bankruptcy price = the price of that value, rounded up to the tick = 54,000",
    )
    assert [line.kind for line in story.chapters[-1].lines] == ["margin", "liquidated", "in the book", "fund pays", "deleveraged"]
    (paid,) = lines(story, "fund pays")
    assert paid.formulas == ("fund = 1,000 - 1,000 = 0",)
    assert story.sums[0].amounts["liquidations"] == -12000


def test_holding_on_to_the_end_may_have_been_worse(tmp_path: object) -> None:
    """The mark goes back to 58,000: the short that was closed at 54,000 would have lost 4,000 more by then."""
    loaded = adlcalc.load(HALF, sets=["prices=[60_000, 53_000, 58_000]"])
    story = story_of(loaded.scenario, Subject("bob"), loaded.rulebook)[0]
    (fill,) = lines(story, "deleveraged")
    assert (fill.amounts["forgone_pnl"], fill.amounts["kept"]) == (1000, -4000)


def test_who_stood_in_the_queue_but_was_not_reached_is_told_so() -> None:
    story = told(HALF, Subject("carol"))
    (queue,) = lines(story, "queue")
    assert queue.text.endswith("rank 2 of 2 in the queue, 2 of 3 contracts before it, score 0.386157; it was not reached")


def test_the_story_of_the_fund() -> None:
    story = told(HALF, Subject(fund=True))
    assert [line.kind for line in story.chapters[0].lines] == ["in the book", "fund pays"]
    assert story.sums[0].formulas == ("closing = opening + received - paid = 1,000 + 0 - 1,000 = 0",)


def test_one_step_tells_what_happened_to_everybody() -> None:
    story = told(HALF, Subject(step=2))
    assert [(line.kind, line.account) for line in story.chapters[0].lines] == [
        ("margin", "alice"), ("liquidated", "alice"), ("in the book", None), ("fund pays", None),
        ("queue", "bob"), ("deleveraged", "bob"),
    ]  # fmt: skip
    assert told(HALF, Subject(step=1)).chapters[0].lines == ()


def test_each_line_names_rules_that_the_rulebook_gives_with_source_and_status() -> None:
    story = told("scenarios/13-bitmex-queue.yaml", Subject("account-2"))
    notes = {note.rule: note for note in story.rules}
    assert notes["adl.score"].value == "bitmex"
    assert notes["adl.score"].status == "documented"
    assert notes["adl.score"].source.startswith("BitMEX: What is Auto-Deleveraging?, https://")
    assert notes["margin.due"].status == "assumed"


def test_a_rule_that_the_scenario_sets_is_its_own() -> None:
    loaded = adlcalc.load(HALF, sets=["rules.margin.due=below"])
    story = story_of(loaded.scenario, Subject("bob"), loaded.rulebook)[0]
    note = next(note for note in story.rules if note.rule == "margin.due")
    assert (note.value, note.status, note.source) == ("below", "given", "the scenario's rules")


# --- every book ----------------------------------------------------------------------------------------------------------


def random_book(seed: int) -> Scenario:
    return random_scenario(seed, inverse=seed % 2 == 0, funding=seed % 3 == 0, most_accounts=10)


def ended(events: Sequence[Event]) -> list[AccountState]:
    """The accounts at the end."""
    return [event.state for event in events if isinstance(event, AccountEnded)]


@pytest.mark.parametrize("seed", SEEDS)
def test_parts_give_the_equity_at_the_end_and_margin_is_lost_in_liquidations_only(seed: int, rulebook: object) -> None:
    scenario = random_book(seed)
    for account in scenario.accounts:
        story, events, _ = story_of(scenario, Subject(account.id), rulebook)
        state = next(one for one in ended(events) if one.account == account.id)
        parts = dict(story.sums[0].amounts)
        end = parts.pop("equity at the end")
        with exact():
            assert sum(parts.values(), ZERO) == end == state.equity_end
        if state.status != "liquidated":
            assert "liquidations" not in parts, account.id


@pytest.mark.parametrize("seed", SEEDS)
def test_the_stories_of_all_add_up_to_the_audit(seed: int, rulebook: object) -> None:
    """What accounts and funds gained, with what the rest of the market and the venue gained, is the bad debt."""
    scenario = random_book(seed)
    whole = ZERO
    with exact():
        for account in scenario.accounts:
            amounts = story_of(scenario, Subject(account.id), rulebook)[0].sums[0].amounts
            whole += amounts["equity at the end"] - amounts["equity at the start"]
        story, events, _ = story_of(scenario, Subject(fund=True), rulebook)
        for line in story.sums:
            assert line.amounts["closing"] == line.amounts["opening"] + line.amounts["received"] - line.amounts["paid"]
            whole += line.amounts["received"] - line.amounts["paid"]
        stepped = next(event for event in reversed(events) if isinstance(event, StepEnded))
        names = {account.id for account in scenario.accounts}
        others = sum((state.equity_end - state.equity_start for state in ended(events) if state.account not in names), ZERO)
        assert whole + others == stepped.bad_debt


NUMBER = re.compile(r"\(?(-?[0-9][0-9,]*(?:\.[0-9]+)?)\)?")
EXPRESSION = re.compile(rf"{NUMBER.pattern}(?: [-+x/] {NUMBER.pattern})+")


def evaluated(text: str) -> Fraction:
    """'(-120,000) + 7 x 2 / 4', x and / first, from the left."""
    tokens = [token.strip("()").replace(",", "") for token in text.split(" ")]
    total, sign, term, operator = Fraction(0), 1, Fraction(tokens[0]), ""
    for token in tokens[1:]:
        if token in ("+", "-"):
            total, sign, operator, term = total + sign * term, 1 if token == "+" else -1, token, Fraction(0)
        elif token in ("x", "/"):
            operator = token
        elif operator == "x":
            term *= Fraction(token)
        elif operator == "/":
            term /= Fraction(token)
        else:
            term = Fraction(token)
    return total + sign * term


@pytest.mark.parametrize("seed", SEEDS)
def test_every_formula_adds_up_again(seed: int, rulebook: object) -> None:
    scenario = random_book(seed)
    checked = 0
    subjects = [Subject(fund=True), *(Subject(step=step) for step in range(scenario.path.steps))]
    subjects += [Subject(account.id) for account in scenario.accounts]
    for subject in subjects:
        story = story_of(scenario, subject, rulebook)[0]
        for line in [*(line for chapter in story.chapters for line in chapter.lines), *story.sums]:
            for formula in line.formulas:
                *_, numbers, result = formula.split(" = ") if formula.count(" = ") > 1 else ("", "")
                if EXPRESSION.fullmatch(numbers):
                    checked += 1
                    given = Fraction(result.replace(",", ""))
                    rounding = Fraction(1, 10**8) + abs(given) / 10**5 if "/" in numbers else 0
                    assert abs(evaluated(numbers) - given) <= rounding, formula
    assert checked or not scenario.accounts


@pytest.mark.parametrize("seed", SEEDS)
def test_who_is_due_at_the_marks_is_liquidated_and_nobody_else_at_first(seed: int, rulebook: object) -> None:
    scenario = random_book(seed)
    witness = Witness(None, None)
    events = list(run(scenario, observer=witness))
    taken: dict[tuple[int, str], set[tuple[str, int]]] = {}
    for event in events:
        if isinstance(event, Liquidated):
            taken.setdefault((event.step, event.account), set()).add((event.market, event.side))
    for key, facts in witness.margins.items():
        for fact in facts:
            if fact.due:
                assert {(p.market, p.side) for p in fact.positions} <= taken[key]


@pytest.mark.parametrize("seed", range(20))
def test_a_witness_changes_nothing(seed: int) -> None:
    scenario = random_book(seed)
    seen, plain = list(run(scenario, observer=Witness(None, None))), list(run(scenario))
    assert seen[:-1] == plain[:-1]


# --- the command ---------------------------------------------------------------------------------------------------------


def test_explain_prints_a_story_within_80_columns(adlcalc: Command) -> None:
    out, err, code = adlcalc("explain", HALF, "bob")
    assert (err, code) == ("", 0)
    assert out.startswith(
        "The fund covers half, one short is deleveraged: bob\nVenue generic\n\nStep 0, mark 60,000\n* margin: bob"
    )
    assert max(map(len, out.splitlines())) <= 80
    assert "* adl.score = generic (documented: adlcalc, the generic rulebook" in out


def test_json_has_the_numbers_that_the_text_has(adlcalc: Command) -> None:
    document = json.loads(adlcalc("explain", HALF, "bob", "--format", "json").out)
    assert document["schema"] == "adlcalc.explain/1"
    fill = next(line for line in document["lines"] if line["kind"] == "deleveraged")
    assert fill["amounts"] == {"size": "1", "price": "54000", "realized_pnl": "6000", "forgone_pnl": "1000", "kept": "1000"}
    assert all(isinstance(x, str) for line in document["lines"] for x in line["amounts"].values())
    assert {rule["rule"] for rule in document["rules"]} >= set(fill["rules"]) & {"adl.price"}


def test_csv_and_markdown(adlcalc: Command) -> None:
    rows = list(csv.DictReader(io.StringIO(adlcalc("explain", HALF, "--fund", "-f", "csv").out)))
    assert [(row["table"], row["kind"]) for row in rows if row["table"] != "rule"] == [
        ("line", "in the book"), ("line", "fund pays"), ("sum", "result"),
    ]  # fmt: skip
    assert "- **deleveraged**: bob gives up 1" in adlcalc("explain", HALF, "--step", "last", "-f", "markdown").out


def test_nothing_happened_is_said(adlcalc: Command) -> None:
    assert "* Nothing happened." in adlcalc("explain", HALF, "--step", "1").out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("bbo",), "there is no account 'bbo' in the scenario\nhint: did you mean 'bob'?"),
        (("bob", "--step", "9"), "there is no step '9': the steps are 0 to 2, or last"),
        ((), "explain what? Give an ACCOUNT, or --fund, or --step N for everybody at a step"),
        (("bob", "--fund"), "explain what? Give an ACCOUNT, or --fund, or --step N for everybody at a step"),
    ],
)
def test_what_cannot_be_told_is_exit_2(adlcalc: Command, arguments: tuple[str, ...], message: str) -> None:
    out, err, code = adlcalc("explain", HALF, *arguments)
    assert (out, err, code) == ("", f"adlcalc: {message}\n", 2)


def test_amounts_are_decimals_of_the_engine() -> None:
    assert all(isinstance(x, Decimal) for line in lines(told(HALF, Subject("bob")), "margin") for x in line.amounts.values())
    assert D("0.475641") < lines(told(HALF, Subject("bob")), "queue")[0].amounts["score"] < D("0.475642")
