"""The story of a run: every formula adds up, every verdict is the engine's, every account's parts give its
end."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from books import random_scenario
from conftest import ROOT, Result

import adlcalc
from adlcalc.engine.events import (
    AccountEnded,
    AccountState,
    BookFilled,
    Deleveraged,
    Event,
    FundStopped,
    Liquidated,
    StepEnded,
)
from adlcalc.engine.loop import run
from adlcalc.engine.model import Scenario
from adlcalc.explain.story import Line, Story, Subject
from adlcalc.explain.tell import tell
from adlcalc.explain.why import KEEPS_NONE, reasons
from adlcalc.explain.witness import Witness
from adlcalc.ground.numbers import ZERO, D, exact
from adlcalc.scenario import Loaded
from adlcalc.venues.files import shipped

Command = Callable[..., Result]
HALF = "scenarios/04-fund-half-absorbs.yaml"
ONE_BOOK = "scenarios/19-one-book-many-venues.yaml"
SEEDS = range(60)


@pytest.fixture(scope="module")
def rulebook() -> object:
    return adlcalc.load(HALF).rulebook


def story_of(scenario: Scenario, subject: Subject, rulebook: object) -> tuple[Story, list[Event], Witness]:
    witness = subject.witness()
    events = list(run(scenario, observer=witness))
    loaded = Loaded(scenario, None, "", rulebook)  # type: ignore[arg-type]
    return tell(subject, loaded, events, witness), events, witness


def told(file: str, subject: Subject) -> Story:
    loaded: Loaded = adlcalc.load(file)
    return story_of(loaded.scenario, subject, loaded.rulebook)[0]


def lines(story: Story, kind: str) -> list[Line]:
    return [line for chapter in story.chapters for line in chapter.lines if line.kind == kind]


# --- one book, by hand --------------------------------------------------------------------------------------


def test_the_story_of_a_deleveraged_short() -> None:
    """bob: 12,000 + 14,000 of equity at 53,000, first of two; he gives up one at 54,000 and forgoes 1,000."""
    story = told(HALF, Subject("bob"))
    assert [chapter.step for chapter in story.chapters] == [0, 2]
    (queue,) = lines(story, "queue")
    numbers = "14,000 / 120,000 x 106,000 / 26,000 = 0.475641, rounded to six digits"
    assert queue.formulas == (f"score = pnl / entry value x exposure / equity = {numbers}",)
    (fill,) = lines(story, "deleveraged")
    assert fill.text == "bob gives up 1 of short 2 at 54,000 against alice: realized pnl 6,000"
    assert fill.amounts["realized_pnl"] == 6000
    assert fill.amounts["forgone_pnl"] == 1000
    result, cost, health = story.sums
    assert result.formulas[0].endswith("= 12,000 + 6,000 + 7,000 = 25,000")
    assert (
        cost.text
        == "deleveraging cost 1,000 against the mark, and 1,000 against holding on to the end of the path"
    )
    # a coin short from 60,000 on 6,000 of margin: equity 66,000 - mark meets 0.005 x mark at 66,000 / 1.005 =
    # 65,671.64...; at 65,671.6 the equity is 328.4 and due below 328.358
    assert health.text == "short 1 is due for liquidation at marks above 65,671.6, not at 65,671.6 itself"
    assert health.amounts["liquidation_price"] == D("65671.6")
    away = "(65,671.6 - 53,000) / 53,000 = 0.23908679, rounded half even to 0.00000001"
    assert health.formulas[1] == f"away = (liquidation price - mark) / mark = {away}"


def test_the_story_of_a_bankrupt_long() -> None:
    """alice: 12,000 - 14,000 = -2,000, taken over at 108,000 / 2 = 54,000; the fund pays for one, bob gives
    up the other."""
    story = told(HALF, Subject("alice"))
    (taken,) = lines(story, "liquidated")
    assert taken.formulas == (
        "value at the bankruptcy price = entry value - collateral = 120,000 - 12,000 = 108,000",
        "bankruptcy price = that value / size = 108,000 / 2 = 54,000, rounded up to 0.1",
        "liquidation price = that value / (1 - rate) / size = 108,000 / (1 - 0.005) / 2 = 54,271.4, rounded "
        "up to 0.1",
    )
    assert [line.kind for line in story.chapters[-1].lines] == [
        "margin",
        "liquidated",
        "in the book",
        "fund pays",
        "deleveraged",
    ]
    (paid,) = lines(story, "fund pays")
    assert paid.formulas == ("fund = 1,000 - 1,000 = 0",)
    assert story.sums[0].amounts["liquidations"] == -12000


def test_holding_on_to_the_end_may_have_been_worse(tmp_path: object) -> None:
    """The mark goes back to 58,000: the short that was closed at 54,000 would have lost 4,000 more by
    then."""
    loaded = adlcalc.load(HALF, sets=["prices=[60_000, 53_000, 58_000]"])
    story = story_of(loaded.scenario, Subject("bob"), loaded.rulebook)[0]
    (fill,) = lines(story, "deleveraged")
    assert (fill.amounts["forgone_pnl"], fill.amounts["kept"]) == (1000, -4000)


def test_who_stood_in_the_queue_but_was_not_reached_is_told_so() -> None:
    story = told(HALF, Subject("carol"))
    (queue,) = lines(story, "queue")
    assert queue.text.endswith(
        "rank 2 of 2 in the queue, 2 of 3 contracts before it, score 0.386157; it was not reached"
    )


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


# --- every book ---------------------------------------------------------------------------------------------


def random_book(seed: int) -> Scenario:
    return random_scenario(seed, inverse=seed % 2 == 0, funding=seed % 3 == 0, most_accounts=10)


def ended(events: Sequence[Event]) -> list[AccountState]:
    """The accounts at the end."""
    return [event.state for event in events if isinstance(event, AccountEnded)]


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_parts_give_the_equity_at_the_end_and_margin_is_lost_in_liquidations_only(
    seed: int, rulebook: object
) -> None:
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


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_the_stories_of_all_add_up_to_the_audit(seed: int, rulebook: object) -> None:
    """What accounts and funds gained, with what the rest of the market and the venue gained, is the bad
    debt."""
    scenario = random_book(seed)
    whole = ZERO
    with exact():
        for account in scenario.accounts:
            amounts = story_of(scenario, Subject(account.id), rulebook)[0].sums[0].amounts
            whole += amounts["equity at the end"] - amounts["equity at the start"]
        story, events, _ = story_of(scenario, Subject(fund=True), rulebook)
        for line in story.sums:
            assert (
                line.amounts["closing"]
                == line.amounts["opening"] + line.amounts["received"] - line.amounts["paid"]
            )
            whole += line.amounts["received"] - line.amounts["paid"]
        stepped = next(event for event in reversed(events) if isinstance(event, StepEnded))
        names = {account.id for account in scenario.accounts}
        others = sum(
            (state.equity_end - state.equity_start for state in ended(events) if state.account not in names),
            ZERO,
        )
        assert whole + others == stepped.bad_debt


TOKEN = re.compile(
    r"[0-9]{1,3}(?:,[0-9]{3})*[0-9]*(?:\.[0-9]+)?(?:\.\.)?(?:/[0-9]+)?|[a-wyz][a-z]*|[-+x/(),]"
)


class Sum:
    """The value of '2/3 x 90 + (1 - 1/3) x max(91, 2)', a term, a factor and an atom at a time; cut: a number
    of it was."""

    def __init__(self, text: str, unit: Fraction) -> None:
        assert not TOKEN.sub("", text).strip(), text
        self.tokens, self.at, self.unit, self.cut = [m[0] for m in TOKEN.finditer(text)], 0, unit, False
        self.value = self.sum()
        assert self.at == len(self.tokens), text

    def take(self, *texts: str) -> str:
        found = self.tokens[self.at] if self.at < len(self.tokens) else ""
        if found not in texts:
            return ""
        self.at += 1
        return found

    def sum(self) -> Fraction:
        total = self.product()
        while sign := self.take("+", "-"):
            total += self.product() * (1 if sign == "+" else -1)
        return total

    def product(self) -> Fraction:
        value = self.atom()
        while sign := self.take("x", "/"):
            value = value * self.atom() if sign == "x" else value / self.atom()
        return value

    def atom(self) -> Fraction:
        if self.take("-"):
            return -self.atom()
        name = self.take("min", "max", "rounded")
        if self.take("("):
            parts = [self.sum()]
            while self.take(","):
                parts.append(self.sum())
            assert self.take(")"), self.tokens
            if name == "rounded":
                return round(parts[0] / self.unit) * self.unit
            return {"": lambda x: x[0], "min": min, "max": max}[name](parts)  # type: ignore[operator]
        text = self.tokens[self.at].replace(",", "")
        self.at += 1
        self.cut = self.cut or text.endswith("..")
        return Fraction(text.removesuffix(".."))


ROUNDED = re.compile(
    r"^(?P<result>.*?)(, (?P<how>rounded half even to|rounded up to|rounded down to|in units of) "
    r"(?P<unit>[0-9,.]*[0-9])"
    r"(, what that leaves goes by the rule)?|, (?P<six>rounded to six digits))?$"
)


def agrees(formula: str) -> bool:
    """Does what stands before the last '=' give what stands behind it, rounded as it says? False where it is
    no arithmetic."""
    if " = " not in formula:  # a sentence
        return False
    *_, numbers, result = formula.split(" = ")
    found = ROUNDED.match(result)
    assert found
    if not re.fullmatch(r"\(?-?[0-9.,/]+\)?", found["result"]) or re.search(
        "[a-wyz]", re.sub("min|max|rounded", "", numbers)
    ):
        return False
    unit = Fraction((found["unit"] or "0").replace(",", ""))
    worked, told = Sum(numbers, unit), Sum(found["result"], unit)
    off = abs(worked.value - told.value)
    if found["six"]:
        assert off <= abs(told.value) / 10**5, formula
    elif worked.cut or told.cut:  # a number with '..' is shown to twelve decimals
        assert off <= Fraction(1, 10**8) + abs(told.value) / 10**9 + unit, formula
    elif found["how"] == "rounded half even to":
        assert off <= unit / 2, formula
    elif found["how"] in ("rounded up to", "rounded down to"):
        assert (told.value - worked.value) * (1 if found["how"] == "rounded up to" else -1) in Within(unit), (
            formula
        )
    elif found["how"]:
        assert off < unit, formula
    else:
        assert not off or found["how"], formula
    return True


class Within:
    """Zero or more, less than a unit."""

    def __init__(self, unit: Fraction) -> None:
        self.unit = unit

    def __contains__(self, x: object) -> bool:
        return isinstance(x, Fraction) and 0 <= x < self.unit


FILLS = ("in the book", "backstop", "deleveraged", "fund pays", "fund receives", "fund stops", "fund pays "
"again", "liquidated",
         "queue", "shared loss", "funding", "funding due", "held")  # fmt: skip


def hold_to_its_arithmetic(scenario: Scenario, rulebook: object, subjects: list[Subject]) -> int:
    """Every formula that these stories tell adds up, and no line about a price, a fill or the fund is without
    one."""
    checked = 0
    for subject in subjects:
        story = story_of(scenario, subject, rulebook)[0]
        for line in [*(line for chapter in story.chapters for line in chapter.lines), *story.sums]:
            for formula in line.formulas:
                checked += agrees(formula)
            assert line.kind not in FILLS or line.formulas, line
    return checked


def everybody_at_each_step(scenario: Scenario) -> list[Subject]:
    return [Subject(fund=True), *(Subject(step=step) for step in range(scenario.path.steps))]


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_every_formula_adds_up_again(seed: int, rulebook: object) -> None:
    scenario = random_book(seed)
    subjects = [*everybody_at_each_step(scenario), *(Subject(account.id) for account in scenario.accounts)]
    assert hold_to_its_arithmetic(scenario, rulebook, subjects) or not scenario.accounts


@pytest.mark.slow
@pytest.mark.parametrize("venue", shipped())
def test_every_number_of_every_rulebook_is_told_with_its_arithmetic(venue: str) -> None:
    loaded = adlcalc.load(ONE_BOOK, venue=venue)
    assert (
        hold_to_its_arithmetic(loaded.scenario, loaded.rulebook, everybody_at_each_step(loaded.scenario)) > 15
    )


SHIPPED = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "scenarios").rglob("*.yaml")
    if path.parent.name != "large"
)


@pytest.mark.slow
@pytest.mark.parametrize("file", SHIPPED)
def test_every_number_of_every_scenario_is_told_with_its_arithmetic(file: str) -> None:
    loaded = adlcalc.load(ROOT / file)
    assert hold_to_its_arithmetic(loaded.scenario, loaded.rulebook, everybody_at_each_step(loaded.scenario))


def test_the_price_of_ftx_is_told_as_two_thirds_and_one_third() -> None:
    """2/3 of the bankruptcy price, 55,000, and 1/3 of the mark, 53,000: 54,333.33, to the tick 54,333.3."""
    loaded = adlcalc.load(ONE_BOOK, venue="ftx")
    story = story_of(loaded.scenario, Subject("dora"), loaded.rulebook)[0]
    price = (
        "w x bankruptcy price + (1 - w) x mark = 2/3 x 55,000 + 1/3 x 53,000 = 54,333.3, rounded half "
        "even to 0.1"
    )
    assert lines(story, "deleveraged")[0].formulas[0] == f"price = {price}"


def test_the_closing_fee_is_told_apart_from_the_maintenance_rate(adlcalc: Command, tmp_path: Path) -> None:
    """OKX: 0.4 % and a closing fee of 0.05 %; 0.0045 x 0.7 x 58,000 = 182.7."""
    path = tmp_path / "okx.yaml"
    path.write_text(
        "venue: okx\nmarkets: {BTC-USDT-SWAP: {}}\naccounts:\n"
        "- {id: me, side: long, size: 0.7, entry: 61500, leverage: 20}\nprices: [61500, 58000]\n",
        encoding="utf-8",
    )
    printed = " ".join(adlcalc("explain", str(path), "me").out.split())
    assert "maintenance margin = rate x notional = (0.004 + closing fee 0.0005) x 40,600 = 182.7" in printed


def test_the_drawdown_is_told_as_the_reason() -> None:
    """A fund of 5,000 that may fall by 30 %: carl's first 0.75 cost it 2,000 each, 1,500 in all; then dora
    gives up the rest."""
    rule = ["rules.fund.drawdown={start: 0.30, stop: 0.25, window_hours: 8}"]
    loaded = adlcalc.load(ONE_BOOK, sets=rule)
    story, events, _ = story_of(loaded.scenario, Subject("dora"), loaded.rulebook)
    (stop,) = (event for event in events if isinstance(event, FundStopped))
    assert (stop.balance, stop.peak, stop.fall, stop.limit, stop.window, stop.left) == (
        3500,
        5000,
        1500,
        1500,
        28800,
        0,
    )
    assert [line.rules for line in story.why] == [("fund.drawdown",), ("adl.score",)]
    assert story.why[0].text == (
        "dora was deleveraged against carl because the fund had stopped paying, with 3,500 in it: it was "
        "1,500 below its peak of"
        " 8 hours, 5,000, and its limit is 1,500"
    )
    assert story.rules[0].rule == "fund.drawdown"
    fund = story_of(loaded.scenario, Subject(fund=True), loaded.rulebook)[0]
    (line,) = lines(fund, "fund stops")
    assert line.formulas == (
        "fall = peak - balance = 5,000 - 3,500 = 1,500",
        "limit = start x peak = 0.3 x 5,000 = 1,500",
    )


def test_a_fund_that_is_used_up_is_told_as_the_reason(adlcalc: Command, tmp_path: Path) -> None:
    """The queue comes before the book, which pays 84 for what is bankrupt at 83.88; of the claim that has
    used the fund up the book took no more."""
    text = """fund: {fund}
rules: {adl: {while_triggered: before-book}}
markets: {X: {lot: 1}}
accounts:
- {id: a, side: long, size: 5, entry: 100, leverage: 10}
- {id: b, side: long, size: 5, entry: 93.2, leverage: 10}
- {id: c, side: short, size: 10, entry: 100, leverage: 2}
prices: [100, 84]
"""
    path = tmp_path / "s.yaml"
    path.write_text(text.replace("{fund}", "30"), encoding="utf-8")
    out = " ".join(adlcalc("explain", str(path), "c").out.split())
    told = (
        "adl.while_triggered: c was deleveraged against b because the fund was empty, and from then on the "
        "queue"
    )
    assert told in out
    path.write_text(text.replace("{fund}", "24"), encoding="utf-8")
    out = " ".join(adlcalc("explain", str(path), "c").out.split())
    assert (
        "adl.when: c was deleveraged against a because the book took no more at a price that could be paid"
        in out
    )
    assert told in out


@pytest.mark.slow
def test_the_reason_says_whether_a_fund_would_have_helped() -> None:
    """Held against the engine: where it names the fund, a fund without end leaves less to the queue at that step;
    where the book is the reason, it leaves the same. The first fill of a run, because all before it is the
    same."""
    seen: Counter[bool] = Counter()
    for seed in range(400):
        book = random_scenario(seed)
        events = list(run(book))
        fill = next((event for event in events if isinstance(event, Deleveraged)), None)
        if fill is None or any(
            isinstance(event, BookFilled) and event.claim == fill.claim
            for event in events[events.index(fill) :]
        ):
            continue  # nobody was deleveraged; or the queue ran out first, and what is left was sold at a loss
        line = next(
            one for one in reasons(fill.account, events, book, lambda _: None) if one.kind == "deleveraged"
        )
        blames_book = KEEPS_NONE in line.text
        assert line.rules == ("fund.holds" if blames_book else "adl.when",)
        endless = replace(book, funds=tuple(replace(fund, balance=D(10) ** 15) for fund in book.funds))
        before, after = (
            sum(
                event.size
                for event in told
                if isinstance(event, Deleveraged) and (event.step, event.bankrupt, event.market) == place
            )
            for place in [(fill.step, fill.bankrupt, fill.market)]
            for told in (events, run(endless))
        )
        assert after == before if blames_book else after < before, (seed, line.text)
        seen[blames_book] += 1
    assert min(seen[True], seen[False]) > 20


def test_who_was_taken_over_reads_why_others_were_deleveraged_as_they_do(
    adlcalc: Command, tmp_path: Path
) -> None:
    """That the book took nothing and no fund would have helped is one line, in the story of both sides. The price of
    629 over 7 is rounded up to 90: 7 x 90 is 1 more, the fund's dust."""
    path = tmp_path / "s.yaml"
    path.write_text(
        "markets: {X: {tick: 0.5, lot: 1, liquidity: none}}\naccounts:\n"
        "- {id: a, side: long, size: 7, entry: 100, collateral: 71}\n"
        "- {id: b, side: short, size: 7, entry: 100, leverage: 2}\nprices: [100, 84]\n",
        encoding="utf-8",
    )
    told = (
        "* fund.holds: b was deleveraged against a because nobody bid in the book at that step, the fund pays for "
        "what is sold at a loss and keeps no positions (fund.holds), and the mark was at or beyond the "
        "bankruptcy price"
    )
    dust = (
        "the fund receives 1 (dust) value at 90 = size x price = 7 x 90 = 630 "
        "dust = value at 90 - value at the bankruptcy price = 630 - 629 = 1 fund = 0 + 1 = 1"
    )
    own, other, fund = (
        " ".join(adlcalc("explain", str(path), *asked).out.split()) for asked in (["a"], ["b"], ["--fund"])
    )
    assert (own.count(told), other.count(told)) == (1, 1)
    assert (dust in own, dust in fund) == (True, True)


def test_the_dust_of_a_short_and_of_a_cross_account(adlcalc: Command, tmp_path: Path) -> None:
    """A short of 7 at 100 with 71 has lost it at 771 / 7, rounded down to 110: 770, 1 less. Cross, both
    positions lose their part of the equity, and the dust is that of both."""
    path = tmp_path / "s.yaml"
    path.write_text(
        "markets: {X: {tick: 0.5, lot: 1, liquidity: none}}\naccounts:\n"
        "- {id: a, side: short, size: 7, entry: 100, collateral: 71}\n"
        "- {id: b, side: long, size: 7, entry: 100, leverage: 2}\nprices: [100, 116]\n",
        encoding="utf-8",
    )
    out = " ".join(adlcalc("explain", str(path), "a").out.split())
    assert "dust = value at the bankruptcy price - value at 110 = 771 - 770 = 1 fund" in out
    path.write_text(
        "markets: {X: {tick: 0.5, lot: 1, liquidity: none}, Y: {tick: 0.5, lot: 1, liquidity: "
        "none}}\naccounts:\n"
        "- id: a\n  margin: cross\n  balance: 71\n  positions:\n"
        "  - {market: X, side: long, size: 7, entry: 100}\n  - {market: Y, side: short, size: 3, entry: "
        "100}\n"
        "prices: {X: [100, 84], Y: [100, 101]}\n",
        encoding="utf-8",
    )
    out = " ".join(adlcalc("explain", str(path), "a").out.split())
    dust = (
        "dust = value at 88.5 - value at the bankruptcy price = 619.5 - 617.037037037037.. = "
        "2.462962962962..",
        "dust = value at the bankruptcy price - value at 96 = 7777/27 - 288 = 1/27",
        "dust = 2.462962962962.. + 1/27 = 2.5 fund = 0 + 2.5 = 2.5",
    )
    assert [text in out for text in dust] == [True, True, True]


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


@pytest.mark.parametrize(
    ("collateral", "account", "told"),
    [
        (40, "a", "a stood first of 2 in the queue, with the score 0.36: next was b, with 0.3"),
        (
            30,
            "a",
            "a stood first of 2 in the queue, with the score 0.36: next was b, with the same (adl.ties)",
        ),
        (40, "b", "b stood at rank 2 of 2 in the queue, with the score 0.3: nobody stood behind"),
    ],
)
def test_why_this_account_and_not_another(
    adlcalc: Command, tmp_path: Path, collateral: int, account: str, told: str
) -> None:
    """Shorts of 2 from 100 at 90: pnl 20 of 200, so 0.1 x leverage. Equity of a 30 + 20 = 50, so 0.1 x 180 /
    50 = 0.36; of b with 40: 60, so 0.3."""
    book = f"""
accounts:
- {{id: m, side: long, size: 4, entry: 100, collateral: 30}}
- {{id: a, side: short, size: 2, entry: 100, collateral: 30}}
- {{id: b, side: short, size: 2, entry: 100, collateral: {collateral}}}
markets: {{M: {{liquidity: 0}}}}
fund: 0
prices: [100, 90]
"""
    (tmp_path / "b.yaml").write_text(book, encoding="utf-8")
    out = " ".join(adlcalc("explain", str(tmp_path / "b.yaml"), account).out.split())
    assert f"* adl.score: {told} " in out


# --- the command --------------------------------------------------------------------------------------------


def test_explain_prints_a_story_within_80_columns(adlcalc: Command) -> None:
    out, err, code = adlcalc("explain", HALF, "bob")
    assert (err, code) == ("", 0)
    assert out.startswith(
        "The fund covers half, one short is deleveraged: bob\nVenue generic, money in the quote currency\n\n"
        "Why\n* adl.when: bob was deleveraged against alice"
    )
    assert max(map(len, out.splitlines())) <= 80
    assert "* adl.when = after-fund (default)" in out
    assert "5 more rules stand behind it, with values and sources: add --rules." in " ".join(out.split())
    whole = adlcalc("explain", HALF, "bob", "--rules").out
    assert "* adl.score = generic (documented: adlcalc, the generic rulebook" in whole
    assert max(map(len, whole.splitlines())) <= 80


def test_json_has_the_numbers_that_the_text_has(adlcalc: Command) -> None:
    document = json.loads(adlcalc("explain", HALF, "bob", "--format", "json").out)
    assert document["schema"] == "adlcalc.explain/1"
    fill = next(line for line in document["lines"] if line["kind"] == "deleveraged")
    assert fill["amounts"] == {
        "size": "1",
        "price": "54000",
        "realized_pnl": "6000",
        "forgone_pnl": "1000",
        "kept": "1000",
    }
    assert all(isinstance(x, str) for line in document["lines"] for x in line["amounts"].values())
    assert {rule["rule"] for rule in document["rules"]} >= set(fill["rules"]) & {"adl.price"}


def test_csv_and_markdown(adlcalc: Command) -> None:
    rows = list(csv.DictReader(io.StringIO(adlcalc("explain", HALF, "--fund", "-f", "csv").out)))
    assert [(row["table"], row["kind"]) for row in rows if row["table"] != "rule"] == [
        ("line", "in the book"), ("line", "fund pays"), ("sum", "result"),
    ]  # fmt: skip
    assert (
        "- **deleveraged**: bob gives up 1"
        in adlcalc("explain", HALF, "--step", "last", "-f", "markdown").out
    )


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
    assert all(
        isinstance(x, Decimal)
        for line in lines(told(HALF, Subject("bob")), "margin")
        for x in line.amounts.values()
    )
    assert D("0.475641") < lines(told(HALF, Subject("bob")), "queue")[0].amounts["score"] < D("0.475642")


@pytest.mark.slow
def test_a_story_of_one_market(adlcalc: Command) -> None:
    """Early's cross account holds shorts in 44 markets: of AVAX's it is told alone, and its margin has the
    other 43 as one sum. Every line of the market is in the whole story too, but for that margin."""
    name = "incidents/2025-10-hyperliquid"
    got = adlcalc("explain", name, "early", "--market", "AVAX")
    assert (got.code, got.err) == (0, "")
    assert "early in AVAX" in got.out.replace("\n", " ")
    assert len(got.out.splitlines()) < 100
    assert "43 other positions" in got.out
    assert not re.search(r"\b(LTC|DOGE|ZEC)\b", got.out)
    whole, own = (
        {(one["step"], one["text"]) for one in json.loads(adlcalc(*words, "--json").out)["lines"]}
        for words in (("explain", name, "early"), ("explain", name, "early", "--market", "AVAX"))
    )
    margins = {one for one in own if "other positions" in one[1]}
    assert len(margins) == 2
    assert own - margins <= whole
    fund = adlcalc("explain", name, "--step", "1", "--market", "AVAX").out
    assert not re.search(r"\b(LTC|DOGE|ZEC)\b", fund)


def test_a_market_that_is_not_there(adlcalc: Command) -> None:
    got = adlcalc("explain", "scenarios/14-counterparty-skipped.yaml", "--step", "1", "--market", "BTC-PRP")
    assert (got.code, got.out) == (2, "")
    assert "there is no market 'BTC-PRP' in the scenario" in got.err


@pytest.mark.slow
def test_the_maintenance_margin_names_table_date_and_rate(adlcalc: Command, tmp_path: Path) -> None:
    """3,001 contracts are in OKX's second row, 0.5 %. What the rulebook has by itself and what the market
    names are told alike; a rate of the market's own is told as such."""
    path = tmp_path / "s.yaml"
    book = (
        "venue: okx\nmarkets: {ETH: {multiplier: 0.1, maintenance: {table: ETH-USDT-SWAP-2021}}}\n"
        "accounts: [{id: a, side: long, size: 3_001, entry: 100, leverage: 10}, "
        "{id: b, side: short, size: 3_001, entry: 100, leverage: 10}]\nprices: [100, 80]\n"
    )
    path.write_text(book)
    said = " ".join(adlcalc("explain", str(path), "a").out.split())
    assert (
        "* margin.maintenance = table ETH-USDT-SWAP-2021 as of 2021-06-11, rate 0.005 at the start "
        "(given: OKX API: position-tiers" in said
    )
    path.write_text(
        book.replace(
            "ETH: {multiplier: 0.1, maintenance: {table: ETH-USDT-SWAP-2021}}", "BTC: {multiplier: 0.01}"
        )
    )
    said = " ".join(adlcalc("explain", str(path), "a").out.split())
    assert (
        "* margin.maintenance.linear = table BTC-USDT-SWAP as of 2026-09-18 (rows 1 to 3), 2026-05-28, "
        "rate 0.005 at the start" in said
    )
    said = " ".join(adlcalc("explain", str(path), "a", "--set", "markets.BTC.maintenance=0.02").out.split())
    assert "* margin.maintenance = rate 0.02 at the start (given: the scenario's markets)" in said


GAP = """venue: bybit
markets: {ETHUSDT: {maintenance: 0.005, tick: 0.01, lot: 0.01, liquidity: none}}
fund: 5_000
accounts:
  - {id: leo, side: long, size: 60, entry: 3_000, leverage: 10}
  - {id: sam, side: short, size: 60, entry: 3_100, leverage: 20}
prices: [3_000, 2_460]
"""


@pytest.mark.slow
def test_a_clamp_that_decided_the_price_is_told(adlcalc: Callable[..., Result], tmp_path: Path) -> None:
    """Bankrupt at 2,700, which is more than 5 % of 2,460 from it: the mark instead, where a fund of 5,000
    that can bear 5,000 / 240 = 20.83 of the 60 saves nothing by keeping those."""
    file = tmp_path / "gap.yaml"
    file.write_text(GAP)
    why = " ".join(adlcalc("explain", str(file), "sam").out.split())
    assert "adl.clamp: sam was filled at the mark, 2,460, for the price by the rule was farther" in why
    assert (
        "what the fund held, 5,000, could not bear the loss of the whole position; keeping a part would save it"
        in why
    )
    free = " ".join(adlcalc("explain", str(file), "sam", "--set", "rules.adl.clamp=none").out.split())
    assert "adl.clamp: sam was filled" not in free
    assert "nobody bid in the book at that step, what the fund held, 5,000, could bear no further lot" in free
    assert "adl.clamp" in adlcalc("report", str(file)).out.partition("Rules that decided")[2]
    ends = " ".join(adlcalc("run", str(file)).out.split())
    assert "deleveraged from sam at 2,460, the mark, by adl.clamp, which is assumed" in ends
