"""`adlcalc doubt`: what an outcome rests on among the assumed rules."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rules import rulebook

import adlcalc
from adlcalc.engine.rules import AdlWhen, Takeover
from adlcalc.source.nodes import plain
from adlcalc.source.problems import Problems
from adlcalc.study.doubt import _assumed, _changed, _written, readings_of
from adlcalc.venues.coverage import lines_of, open_rulebook
from adlcalc.venues.files import shipped

MARCH, BOOK = "scenarios/18-march-2020.yaml", "scenarios/19-one-book-many-venues.yaml"
FIVE = ("generic", "bitmex", "hyperliquid", "bybit", "okx")

PLANTED = """\
venue: planted
title: who is first is assumed, and wrong
as_of: "2025"
extends: generic
adl:
  score: {value: size, status: assumed, note: "planted", alternatives: [generic]}
  ties: {value: larger-position, status: assumed, note: "none published", alternatives: [profit-balance-newest]}
  would_bankrupt: {value: skip, status: assumed, note: "none published", alternatives: [allow]}
"""
SCENARIO = """\
venue: planted.yaml
accounts:
  - {id: fallen, side: long, size: 1, entry: 100, leverage: 10}
  - {id: large, side: short, size: 3, entry: 100, leverage: 1}
  - {id: keen, side: short, size: 1, entry: 110, leverage: 10}
markets: {X: {liquidity: none}}
prices: [100, 80]
"""
"""fallen is bankrupt at 90 and one short is closed against it. By size it is large's; by pnl % x leverage it
is keen's: 0.27 x 80 / 41 = 0.53 against 0.2 x 240 / 360 = 0.13."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "planted.yaml").write_text(PLANTED, encoding="utf-8")
    (tmp_path / "s.yaml").write_text(SCENARIO, encoding="utf-8")
    return tmp_path


def doubted(adlcalc: Callable[..., Any], *words: str) -> dict[str, Any]:
    found = adlcalc("doubt", *words, "--json", "--quiet", "-o", "-")
    assert found.code == 0, found.err
    parsed: dict[str, Any] = json.loads(found.out)
    return parsed


def test_the_planted_reading_is_named(adlcalc: Callable[..., Any], folder: Path) -> None:
    found = adlcalc("doubt", str(folder / "s.yaml"))
    text = " ".join(found.out.split())
    assert "Rests on adl.score: under `generic` large is spared and keen is deleveraged." in text
    assert "adl.score 1 1 same same same" in text
    assert "the other 2" not in text  # nobody was tied: that rule was not used
    assert text.count("Rests on") == 1


@pytest.mark.slow
def test_the_book_of_nineteen_under_hyperliquid_rests_on_the_limit(adlcalc: Callable[..., Any]) -> None:
    """Found by hand with --set rules.liquidation.limit=...: bad debt 0 to 1,000, the fund pays 0 to 5,000."""
    found = adlcalc(
        "doubt", BOOK, "--venue", "hyperliquid", "--measure", "bad_debt", "--measure", "fund_paid"
    )
    text = " ".join(found.out.split())
    assert "liquidation.limit 3 3 0..1,000 0..5,000" in text
    assert "the other 4 5 0 same same" in text
    assert "No reading of the other 4 changes anything: " in text
    assert "Rests on liquidation.limit: under `none` erin is spared." in text


@pytest.mark.slow
@pytest.mark.parametrize("venue", FIVE)
@pytest.mark.parametrize("file", [MARCH, BOOK])
def test_a_reading_is_the_run_with_that_rule_set(adlcalc: Callable[..., Any], file: str, venue: str) -> None:
    """Made from the built scenario it gives what the file gives with --set."""
    words = (file, "--venue", venue)
    measures = ("--measure", "bad_debt", "--measure", "fund_paid", "--measure", "adl_size")
    found = doubted(adlcalc, *words, *measures, "--budget", "20")
    singles = [one for one in found["readings"] if " and " not in one["reading"]]
    assert found["rules"] or not singles
    for one in singles:
        rule, _, value = one["reading"].partition(" ")
        if one["refused"] or ":" in value:
            continue
        section, _, rest = rule.partition(".")
        name, _, kind = rest.partition(".")
        key = f"rules.{section}.{name}" + (f".{kind}" if kind else "")
        run = json.loads(adlcalc("run", *words, "--set", f"{key}={value}", "--json").out)
        paid = sum(float(row["paid"]) for row in run["fund"])
        taken = sum(float(row["size"]) for row in run["deleveraged"])
        assert float(one["measures"]["fund_paid"]) == pytest.approx(paid), one
        assert float(one["measures"]["adl_size"]) == pytest.approx(taken), one


@pytest.mark.slow
def test_every_assumed_rule_of_a_shipped_rulebook_has_other_readings() -> None:
    """Each differs from what the rule says, and the rest of the rulebook allows at least one of them."""
    for name in shipped():
        book = open_rulebook(name)
        for by_name in book.rules.values():
            for rule in by_name.values():
                if rule.status != "assumed":
                    continue
                assert rule.alternatives, f"{name}: {rule.name}"
                allowed = 0
                for node in rule.alternatives:
                    problems = Problems()
                    allowed += book.reread(_changed(rule.name, node), problems) is not None and not len(
                        problems
                    )
                assert allowed, f"{name}: {rule.name}: {[list(lines_of(n)) for n in rule.alternatives]}"


def test_two_rules_that_matter_only_together_are_told(adlcalc: Callable[..., Any], folder: Path) -> None:
    """fund 5: at 80 the fund pays for a half of fallen's contract where the book takes it, and the book takes
    none; a surplus rule alone changes nothing, a limit alone nothing either: see the sentence."""
    book = PLANTED.replace(
        "adl:\n", "adl:\n  eligible: {value: winners, status: assumed, note: n, alternatives: [all]}\n"
    )
    (folder / "planted.yaml").write_text(book)
    found = doubted(adlcalc, str(folder / "s.yaml"))
    pairs = [one for one in found["readings"] if " and " in one["reading"]]
    assert len(pairs) == 3  # of the three rules that were used, with a reading each
    assert {one["differs"] for one in pairs if "adl.score" in one["reading"]} == {True}
    assert {one["differs"] for one in pairs if "adl.score" not in one["reading"]} == {False}


@pytest.mark.slow
def test_the_budget_is_kept_and_told(adlcalc: Callable[..., Any]) -> None:
    found = doubted(adlcalc, BOOK, "--venue", "hyperliquid", "--budget", "12")
    assert len(found["readings"]) == 12
    assert found["scenario"]["pairs_left"] == 8 + 24 - 12
    assert "20 readings and pairs not run: --budget is too small." in " ".join(
        adlcalc("doubt", BOOK, "--venue", "hyperliquid", "--budget", "12").out.split()
    )


@pytest.mark.slow
def test_more_processes_find_the_same(adlcalc: Callable[..., Any]) -> None:
    words = (BOOK, "--venue", "hyperliquid", "--budget", "12")
    assert doubted(adlcalc, *words, "--jobs", "2") == doubted(adlcalc, *words)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("within", "code"),
    [("0", 1), ("999", 1), ("1_000", 1), ("5000", 0), ("99%", 1), ("100%", 1), ("1000%", 1)],
)
def test_strict_lets_a_measure_move_within(adlcalc: Callable[..., Any], within: str, code: int) -> None:
    """As written nothing is lost and the fund pays nothing or all; a share of zero is zero."""
    words = ("doubt", BOOK, "--venue", "hyperliquid", "--measure", "bad_debt", "--measure", "fund_paid")
    found = adlcalc(*words, "--strict", "--within", within)
    assert found.code == code
    alone = adlcalc(*words, "--within", within)
    assert (alone.code, "give --strict too" in alone.err) == (2, True)


def test_a_run_without_assumed_rules_rests_on_none(adlcalc: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("accounts: []\nprices: [1]\n")
    found = adlcalc("doubt", str(tmp_path / "s.yaml"), "--strict")
    assert found.code == 0
    assert "The run uses no assumed rule." in found.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--measure", "bad_dept"), "did you mean"),
        (("--measure", "equity"), "must say of which account"),
        (("--strict", "--within", "-1"), "must be zero or more"),
        (("--strict", "--within", "much"), "must be a number"),
    ],
)
def test_bad_input_is_told(adlcalc: Callable[..., Any], words: tuple[str, ...], told: str) -> None:
    found = adlcalc("doubt", BOOK, *words)
    assert found.code == 2
    assert told in found.err
    assert "Traceback" not in found.err


BAD = {
    "alternatives: [generic], status: documented, source: d": "only an assumed one has 'alternatives'",
    "alternatives: generic, status: assumed, note: n": "must be a list of values, or {from, to} for a number",
    "alternatives: {from: 1}, status: assumed, note: "
    "n": "must be a list of values, or {from, to} for a number",
}


@pytest.mark.parametrize("entry", BAD)
def test_bad_alternatives_are_told(adlcalc: Callable[..., Any], folder: Path, entry: str) -> None:
    head = "venue: x\ntitle: t\nas_of: '2025'\nextends: generic\nsources: {d: {title: t, seen: now}}\n"
    text = f"{head}adl:\n  score: {{value: size, {entry}}}\n"
    (folder / "planted.yaml").write_text(text)
    found = adlcalc("run", str(folder / "s.yaml"))
    assert found.code == 2
    assert BAD[entry] in found.err


def test_an_alternative_that_is_no_value_is_refused_by_name(
    adlcalc: Callable[..., Any], folder: Path
) -> None:
    (folder / "planted.yaml").write_text(PLANTED.replace("[allow]", "[forbid]"))
    found = adlcalc("doubt", str(folder / "s.yaml"))
    assert found.code == 0
    assert "adl.would_bankrupt forbid: " in found.out


def test_an_assumed_rule_without_alternatives_is_said_to_be_silent(
    adlcalc: Callable[..., Any], folder: Path
) -> None:
    (folder / "planted.yaml").write_text(PLANTED.replace(", alternatives: [generic]", ""))
    out = adlcalc("doubt", str(folder / "s.yaml")).out
    assert "Without other readings in the rulebook: adl.score." in " ".join(out.split())


def test_a_market_keeps_the_margin_that_it_brings(adlcalc: Callable[..., Any], tmp_path: Path) -> None:
    """The venue's rate is doubted, the market has one of its own."""
    text = (
        "venue: x\ntitle: t\nas_of: '2025'\nextends: generic\nmargin:\n  maintenance: "
        "{value: 0.01, status: assumed, note: n, alternatives: {from: 0.005, to: 0.5}}\n"
    )
    (tmp_path / "x.yaml").write_text(text)
    head = "venue: x.yaml\nmarkets: {{X: {{{}}}}}\n"
    scenario = (
        head + "accounts: [{{id: a, side: long, size: 1, entry: 100, leverage: 5}}]\nprices: [100, 90]\n"
    )
    for own, differ in {"": 1, "maintenance: 0.02": 0}.items():
        (tmp_path / "s.yaml").write_text(scenario.format(own))
        found = doubted(adlcalc, str(tmp_path / "s.yaml"))
        assert sum(one["differs"] for one in found["readings"]) == differ


def test_a_run_says_what_it_rests_on_once_it_is_asked(adlcalc: Callable[..., Any], folder: Path) -> None:
    plain, asked = adlcalc("run", str(folder / "s.yaml")), adlcalc("run", str(folder / "s.yaml"), "--doubt")
    sentence = "Rests on adl.score (assumed): under `generic` large is spared and keen is deleveraged."
    assert sentence in " ".join(asked.out.split())
    assert "Rests on" not in plain.out
    rows = json.loads(adlcalc("run", str(folder / "s.yaml"), "--doubt", "--json").out)["assumptions"]
    assert {one["rule"]: "rests" in one for one in rows} == {"adl.score": True, "adl.would_bankrupt": False}
    none = adlcalc("run", "scenarios/05-fund-empty-adl.yaml", "--doubt").out
    assert "Rests on no assumed rule" in none


@pytest.mark.slow
def test_solve_says_the_answer_under_other_readings(adlcalc: Callable[..., Any]) -> None:
    """Each answer is that of the same question with the rule set in the file."""
    words = ("solve", BOOK, "--venue", "hyperliquid", "--vary", "fund", "--until", "bad_debt == 0")
    found = json.loads(adlcalc(*words, "--doubt", "--json").out)
    answers = {one["reading"]: one["holds"] for one in found["readings"]}
    assert answers["liquidation.limit none"] == "6000"
    for reading in ("liquidation.limit none", "adl.would_bankrupt allow"):
        rule, value = reading.split()
        alone = json.loads(adlcalc(*words, "--set", f"rules.{rule}={value}", "--json").out)
        assert alone["answer"]["holds"] == answers[reading]
    assert "As written 0; under all readings 0 to 6,000." in adlcalc(*words, "--doubt").out
    assert json.loads(adlcalc(*words, "--json").out)["readings"] == []


@pytest.mark.slow
def test_compare_puts_the_range_beside_the_number(adlcalc: Callable[..., Any]) -> None:
    words = (
        "compare",
        BOOK,
        "--venue",
        "hyperliquid",
        "--policies",
        "own",
        "--metrics",
        "fund_used,bad_debt",
    )
    found = json.loads(adlcalc(*words, "--doubt", "--json").out)
    assert [(one["metric"], one["value"], one["low"], one["high"]) for one in found["ranges"]] == [
        ("fund_used", "0", "0", "5000"),
        ("bad_debt", "0", "0", "1000"),
    ]
    assert "fund_used 0 0..5,000" in " ".join(adlcalc(*words, "--doubt").out.split())
    assert "readings" not in adlcalc(*words).out


@pytest.fixture
def calm(folder: Path) -> str:
    """As written nothing happens: only a lower mark uses the planted rule."""
    file = folder / "calm.yaml"
    file.write_text(SCENARIO.replace("[100, 80]", "[100, 95]"), encoding="utf-8")
    return str(file)


@pytest.mark.slow
@pytest.mark.parametrize("words", [(), ("--jobs", "2"), ("--vary", "markets.X.tick=0.01,0.1")])
def test_sweep_doubts_every_rule_that_any_point_uses(
    adlcalc: Callable[..., Any], calm: str, words: tuple[str, ...]
) -> None:
    """The last: what the file alone can say is loaded anew, under the same reading."""
    asked = ("sweep", calm, "--vary", "prices.1=95,80", "-m", "adl(large), adl_size", *words)
    found = json.loads(adlcalc(*asked, "--doubt", "--json").out)
    rows = [one for one in found["doubts"] if one["measure"] == "adl(large)"]
    for one in rows:
        hit = one["by"]["prices.1"] == "80"
        assert (one["value"], one["low"], one["high"]) == (("1", "0", "1") if hit else ("0", "0", "0"))
        assert one["low_under"] == ("adl.score generic" if hit else "")
    assert len(rows) == (4 if "--vary" in words else 2)
    assert all(one["low"] == one["high"] for one in found["doubts"] if one["measure"] == "adl_size")
    plain = json.loads(adlcalc(*asked, "--json").out)
    assert "doubts" not in plain
    assert plain == {key: value for key, value in found.items() if key != "doubts"}


@pytest.mark.slow
def test_sweep_tells_the_range_and_the_reading(adlcalc: Callable[..., Any], calm: str) -> None:
    found = adlcalc("sweep", calm, "--vary", "prices.1=95,80", "-m", "adl(large)", "--doubt").out
    text = " ".join(found.split())
    assert "adl(large) 80 yes no..yes" in text
    assert "2 other readings, one at a time; 1 figure the same under all. Rests on adl.score generic." in text
    none = adlcalc("sweep", calm, "--vary", "prices.1=95,96", "-m", "adl(large)", "--doubt").out
    assert "The points use no assumed rule that has another reading." in none
    same = adlcalc("sweep", calm, "--vary", "prices.1=95,80", "-m", "adl_size", "--doubt").out
    assert "every figure is the same" in " ".join(same.split())


def test_a_figure_over_several_venues_has_one_of_them_read_otherwise(
    adlcalc: Callable[..., Any], calm: str
) -> None:
    """Both venues deleverage at 80 only: planted takes large, generic keen; of the four points large is hit
    at one. Under the other reading of planted at none."""
    venues = f"{Path(calm).parent / 'planted.yaml'},generic"
    words = ("--venues", venues, "--vary", "prices.1=95,80", "--by", "policy", "-m", "adl(large)")
    (row,) = json.loads(adlcalc("sweep", calm, *words, "--doubt", "--json").out)["doubts"]
    assert (row["value"], row["low"], row["high"]) == ("0.25", "0", "0.25")
    assert row["low_under"].endswith(": adl.score generic")


def test_a_store_alone_cannot_be_doubted(adlcalc: Callable[..., Any], tmp_path: Path) -> None:
    found = adlcalc("sweep", "--store", str(tmp_path / "a.db"), "-m", "adl", "--doubt")
    assert (found.code, "nothing is run" in found.err) == (2, True)


@pytest.mark.slow
def test_solve_doubts_the_answer_at_each_value_of_another_thing(
    adlcalc: Callable[..., Any], folder: Path
) -> None:
    """From which mark on is large not deleveraged? As written above the mark at which fallen is liquidated;
    under the other score at every mark. The same with the rule set in the file."""
    words = ("solve", str(folder / "s.yaml"), "--vary", "prices.1", "--until", "not adl(large)")
    range_ = ("--from", "80", "--to", "95", "--unit", "1", "--across", "accounts.large.size=2,3")
    found = json.loads(adlcalc(*words, *range_, "--doubt", "--json").out)
    readings = [(one["across"], one["reading"], one["holds"]) for one in found["readings"]]
    assert [one for one in readings if one[1] == "adl.score generic"] == [
        ("2", "adl.score generic", "80"),
        ("3", "adl.score generic", "80"),
    ]
    alone = json.loads(adlcalc(*words, *range_, "--set", "rules.adl.score=generic", "--json").out)
    assert [one["holds"] for one in alone["frontier"]] == ["80", "80"]
    assert all(one["holds"] not in (None, "80") for one in found["frontier"])
    assert "Readings, one at a time: adl.score generic" in adlcalc(*words, *range_, "--doubt").out


def test_solve_doubts_what_only_a_neighbor_of_the_answer_uses(adlcalc: Callable[..., Any], calm: str) -> None:
    """As written nothing happens; at the marks below the answer the planted rule deleverages large."""
    words = ("solve", calm, "--vary", "prices.1", "--until", "not adl(large)")
    range_ = ("--from", "80", "--to", "95", "--unit", "1")
    found = json.loads(adlcalc(*words, *range_, "--doubt", "--json").out)
    answers = {one["reading"]: one["holds"] for one in found["readings"]}
    assert answers["adl.score generic"] == "80" != found["answer"]["holds"]


TWO_KINDS = """\
venue: {venue}
markets: {{L: {{tick: 0.01}}, I: {{contract: inverse, tick: 0.01}}}}
accounts:
  - {{id: a, market: L, side: long, size: 1, entry: 100, collateral: 10}}
  - {{id: b, market: I, side: short, size: 1, entry: 100, collateral: 1}}
prices: {{L: [100], I: [100]}}
"""


@pytest.mark.slow
@pytest.mark.parametrize("venue", shipped())
def test_a_reading_is_what_a_scenario_that_says_so_loads_with(venue: str, tmp_path: Path) -> None:
    """The rules of a run and those that markets have of them, of every other reading of every assumed
    rule."""
    file = tmp_path / "s.yaml"
    file.write_text(TWO_KINDS.format(venue=venue), encoding="utf-8")
    loaded = adlcalc.load(file)
    for rule in _assumed(loaded.rulebook):
        for reading, node in zip(
            readings_of(loaded.scenario, loaded.rulebook, [rule]),
            (one for one in rule.alternatives if _written(one) != _written(rule.node)),
            strict=True,
        ):
            if reading.variation is None:
                continue
            sets = []
            for name, value in _changed(rule.name, node).items():
                section, key, *kind = name.split(".")
                written = json.dumps({kind[0]: plain(value)} if kind else plain(value))
                sets.append(f"rules.{section}.{key}={written}")
            said = adlcalc.load(file, sets=sets).scenario
            assert reading.variation.markets == said.markets, (reading.text, sets)
            assert reading.variation.rules == replace(
                said.rules, assumptions=loaded.scenario.rules.assumptions
            )


UNSAID = """
markets: {M: {liquidity: none, lot: 1}}
fund: 1_000_000
accounts:
  - {id: ann, side: long, size: 40, entry: 100, leverage: 10}
  - {id: bob, side: short, size: 40, entry: 100, leverage: 2}
prices: [100, 80]
"""
"""The fund could bear the four hundred that ann's forty have lost since 90; who keeps none of them has bob give."""


def leaves_it_unsaid(venue: str) -> bool:
    book = rulebook(venue)
    rules = book.made
    after = isinstance(rules.liquidation.method, Takeover) and rules.adl.when == AdlWhen.AFTER_FUND
    return "fund.holds" in book.unsaid and after


@pytest.mark.slow
@pytest.mark.parametrize("venue", [name for name in shipped() if leaves_it_unsaid(name)])
def test_a_rule_that_a_venue_leaves_unsaid_is_assumed_where_it_decides(
    venue: str, adlcalc: Callable[..., Any], tmp_path: Path
) -> None:
    """Under every rulebook that does not say whether the fund keeps positions: the queue is used beside a full fund,
    the run says what is assumed, and doubt finds that nobody is deleveraged under the other reading."""
    file = tmp_path / "s.yaml"
    file.write_text(UNSAID)
    run = json.loads(adlcalc("run", str(file), "--venue", venue, "-f", "json").out)
    used = [one["rule"] for one in run["assumptions"]]
    assert bool(run["deleveraged"]) == ("fund.holds" in used)
    spent = json.loads(adlcalc("run", str(file), "--venue", venue, "--set", "fund=0", "-f", "json").out)
    assert "fund.holds" not in [one["rule"] for one in spent["assumptions"]]
    if run["deleveraged"]:
        told = " ".join(adlcalc("doubt", str(file), "--venue", venue, "--budget", "40").out.split())
        assert "Rests on fund.holds: under `while-solvent` bob is spared." in told
        said = adlcalc("run", str(file), "--venue", venue, "--set", "rules.fund.holds=none", "-f", "json")
        assert "fund.holds" not in [one["rule"] for one in json.loads(said.out)["assumptions"]]


def test_some_venues_leave_it_unsaid() -> None:
    assert {"bitget", "kraken"} <= {name for name in shipped() if leaves_it_unsaid(name)}
    assert not rulebook("generic").unsaid, "a model is no venue's, and says what it is"


def test_who_gets_a_fee_is_a_difference(adlcalc: Callable[..., Any], tmp_path: Path) -> None:
    """Sold at 60,800, 1.2 short from 58,000 bring 100 a contract more than at the bankruptcy price of 60,900: 120 are
    the fund's, or by the other reading of Binance's rules the venue's."""
    file = tmp_path / "s.yaml"
    file.write_text(
        "venue: binance\naccounts: [{id: me, side: short, size: 1.2, entry: 58_000, leverage: 20}]\n"
        "prices: [58_000, 60_800]\n"
    )
    text = " ".join(adlcalc("doubt", str(file)).out.split())
    said = "under `venue` the fund receives 0 instead of 120 and the venue receives 120 instead of 0."
    assert f"Rests on fees.to: {said}" in text
