"""What is asked of a run: the words, their numbers, and errors that point into the text."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from books import random_scenario
from conftest import Result

import adlcalc
from adlcalc.engine.events import BadDebt, Deleveraged, Held, LossSocialized
from adlcalc.engine.loop import run
from adlcalc.report import Run
from adlcalc.scenario import load
from adlcalc.study.answers import Answers, names_of, watch_for
from adlcalc.study.least import least_fund, with_balance
from adlcalc.study.questions import MEASURES, METRICS, PREDICATES, Names, QuestionError, read, read_measure

HALF = "scenarios/04-fund-half-absorbs.yaml"
Command = Callable[..., Result]
ADL = "scenarios/05-fund-empty-adl.yaml"
NAMES = Names(["alice", "bob", "a b", "it's", "x)y"], ["fund"], ["M"], 3)


def asked(text: str, file: str = ADL) -> Fraction | bool | None:
    """A measure of a scenario's run."""
    loaded = load(file)
    measure = read_measure(text, names_of(loaded.scenario))
    watch = watch_for([measure])
    return Answers(Run(loaded.scenario, run(loaded.scenario, observer=watch), watch=watch))(measure)


@pytest.mark.parametrize(
    ("measure", "value", "because"),
    [
        ("adl_size", 10, "alice's long 10 is closed against dave 4, bob 4, carol 2"),
        ("adl_accounts", 3, "dave, bob, carol"),
        ("adl_size@1", 0, "nobody is due at 95"),
        ("liquidations", 1, "alice"),
        ("bad_debt", 0, "the queue covers it all"),
        ("fund_left", 0, "it was empty"),
        ("equity(carol)", 164, "104 + 2 x (104 - 90) + 2 x (104 - 88)"),
        ("equity(carol)@0", 120, "104 + 4 x (104 - 100)"),
        ("forgone(bob)", 8, "(90 - 88) x 4"),
        ("rank(carol)", 3, "behind dave and bob"),
        ("rank(alice)", None, "she holds nothing any more"),
        ("liquidation_price(carol)", Fraction("129.35323383"), "52 + 2 (104 - P) = 0.01 P: P = 260 / 2.01"),
        (
            "liquidation_price(alice)@1",
            Fraction("90.45226131"),
            "100 + 10 (P - 100) = 0.05 P: P = 900 / 9.95",
        ),
        ("liquidation_price(alice)", None, "she holds nothing any more"),
    ],
)
def test_what_a_measure_is(measure: str, value: Fraction | int | None, because: str) -> None:
    assert asked(measure) == value, because


VAULT = """rules:
  liquidation: {method: market, limit: bankruptcy}
  backstop: {kind: vault, vault_capital: 10, vault_threshold: 0.5}
  adl: {when: negative, price: mark}
markets: {X: {liquidity: none, tick: 0.01, lot: 1, maintenance: 0.05}}
accounts:
  - {id: a, side: long,  size: 2, entry: 100, collateral: 10}
  - {id: s, side: short, size: 2, entry: 100, leverage: 1}
prices: [100, 97, 92.5]
"""


@pytest.mark.parametrize(
    ("measure", "value", "because"),
    [
        ("equity(vault)@0", 10, "its capital, before it has taken anybody over"),
        ("equity(vault)@1", 14, "and the 4 that a had left at 97"),
        ("equity(vault)", 5, "14 - 2 x 4.5, half of its capital"),
    ],
)
def test_a_vault_with_money_of_its_own_may_be_asked(
    tmp_path: Path, measure: str, value: int, because: str
) -> None:
    file = tmp_path / "vault.yaml"
    file.write_text(VAULT)
    assert asked(measure, str(file)) == value, because


KEPT = """rules: {fund: {holds: %s}}
fund: %s
markets: {X: {lot: 0.1, tick: 0.1, liquidity: 0}}
accounts:
  - {id: a, side: long,  size: 1, entry: 110, collateral: 10}
  - {id: s, side: short, size: 1, entry: 110, leverage: 1}
prices: [110, 99, 80, 82]
"""


@pytest.mark.parametrize(
    ("holds", "fund", "left", "worth", "because"),
    [
        ("while-solvent", 5, 5, Fraction("1.4"), "two lots of 0.1, from 100 to 82: 2 x 1.8"),
        ("always", 5, 5, -13, "all ten lots: 10 x 1.8"),
        ("none", 5, 5, 5, "what the book does not take goes to the queue, at 100"),
    ],
)
def test_what_a_fund_is_worth_with_what_it_keeps(
    tmp_path: Path, holds: str, fund: int, left: int, worth: Fraction | int, because: str
) -> None:
    file = tmp_path / "kept.yaml"
    file.write_text(KEPT % (holds, fund))
    assert (asked("fund_left", str(file)), asked("fund_worth(fund)", str(file))) == (left, worth), because


@pytest.mark.parametrize(
    ("text", "scenario"),
    [("rank(vault)", VAULT), ("equity(vault)", VAULT.replace("vault_capital: 10, vault_threshold: 0.5", ""))],
)
def test_a_vault_has_no_rank_and_one_without_money_no_equity(
    tmp_path: Path, text: str, scenario: str
) -> None:
    file = tmp_path / "vault.yaml"
    file.write_text(scenario.replace("vault, }", "vault}"))
    with pytest.raises(QuestionError, match="there is no such account"):
        asked(text, str(file))


def test_the_worst_margin_ratio_is_seen_before_anybody_is_liquidated() -> None:
    """At 88 alice's long 10 from 100 on 100 is worth 100 - 120 < 0: there is no greater ratio. At 95: 0.05 x
    95 x 10 / 50."""
    assert read("margin_ratio(alice) >= inf", names_of(load(ADL).scenario)).holds(asked_of())
    assert asked("margin_ratio(alice)@1") == Fraction("4.75") / 50


def asked_of() -> Answers:
    loaded = load(ADL)
    watch = watch_for([read_measure("margin_ratio(alice)", names_of(loaded.scenario))])
    return Answers(Run(loaded.scenario, run(loaded.scenario, observer=watch), watch=watch))


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("adl", True),
        ("no adl", False),
        ("adl(bob) and not adl(alice)", True),
        ("adl(alice) or liquidated(alice)", True),
        ("not (adl(alice) or liquidated(alice))", False),
        ("adl@1", False),
        ("liquidated(alice)@2", True),
        ("loss", False),
        ("bad_debt == 0 and adl_size >= 1_0.0", True),
        ("rank(alice) > 0 or rank(alice) <= 0", False),  # there is no such number
        ("stopped(fund)", False),
    ],
)
def test_what_is_so(text: str, holds: bool) -> None:
    loaded = load(ADL)
    question = read(text, names_of(loaded.scenario))
    watch = watch_for(question.parts)
    assert (
        Answers(Run(loaded.scenario, run(loaded.scenario, observer=watch), watch=watch)).holds(question)
        == holds
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [("adl('a b')", "a b"), ('adl("it\'s")', "it's"), ("adl('it''s')", "it's"), ("adl( 'x)y' )", "x)y")],
)
def test_names_in_quotes(text: str, name: str) -> None:
    assert read(text, NAMES).parts[0].of == name


@pytest.mark.parametrize(
    ("text", "column", "length", "says"),
    [
        ("bad_dept > 0", 1, 8, "no measure or predicate"),
        ("bad_debt > 0 or adl(bop)", 21, 3, "no such account"),
        ("bad_debt = 0", 10, 1, "must not contain"),
        ("bad_debt", 9, 1, "a comparison"),
        ("adl < 2", 1, 3, "compare measures"),
        ("equity > 0", 1, 6, "of which account"),
        ("bad_debt(bob) > 0", 9, 1, "brackets"),
        ("bad_debt@3 > 0", 10, 1, "0 to 2"),
        ("(adl", 5, 1, "')'"),
        ("adl)", 4, 1, "or the end"),
        ("adl(", 5, 1, "the name of an account"),
        ("", 1, 1, "must have"),
        ("not " * 40 + "adl", 129, 1, "nested"),
    ],
)
def test_an_error_points_into_the_text(text: str, column: int, length: int, says: str) -> None:
    with pytest.raises(QuestionError, match="must") as caught:
        read(text, NAMES)
    assert says in caught.value.message
    assert (caught.value.column, caught.value.length) == (column, length)


def test_every_word_has_an_answer_and_says_what_it_is() -> None:
    for word, kind in {**MEASURES, **PREDICATES}.items():
        assert word in METRICS or callable(getattr(Answers, f"_{word}"))
        assert kind.note


# --- on the command line and in files -----------------------------------------------------------------------


def test_fail_on_a_question(adlcalc: Command) -> None:
    got = adlcalc("run", ADL, "--fail-on", "equity(carol) > 100", "-o", "/dev/null")
    assert (got.code, got.err) == (1, f"{ADL}: --fail-on equity(carol) > 100: equity(carol) is 164\n")
    assert adlcalc("run", ADL, "--fail-on", "equity(carol) > 1_000").code == 0
    bad = adlcalc("run", ADL, "--fail-on", "equity(carl) > 1_000")
    assert (bad.out, bad.code) == ("", 2)
    assert " 1 | equity(carl) > 1_000\n   |        ^^^^\nhint: did you mean 'carol'?\n" in bad.err


def test_expect_holds_questions(adlcalc: Command, tmp_path: Path) -> None:
    text = Path(ADL).read_text(encoding="utf-8").partition("expect:")[0]
    file = tmp_path / "asked.yaml"
    expected = 'expect: {measures: {equity(carol): 164, "rank(carol)": 2}, holds: ["adl(bob)", "no adl"]}\n'
    file.write_text(text + expected, encoding="utf-8")
    for command in ("run", "check"):
        got = adlcalc(command, str(file))
        assert got.code == 1
        said = got.err + got.out
        assert "measures: rank(carol): expected 2, got 3" in said
        assert "holds: no adl: it is not so: adl is yes" in said
        assert "equity(carol)" not in said.partition("rank(carol)")[2].partition("\n")[0]
    file.write_text(text + 'expect: {measures: {"equty(carol)": 1}, holds: ["adl(bo)"]}\n', encoding="utf-8")
    got = adlcalc("check", str(file))
    assert got.code == 2
    assert "did you mean 'equity'?" in got.err
    assert "did you mean 'bob'?" in got.err


# --- series -------------------------------------------------------------------------------------------------


def test_series_of_an_account_a_fund_and_a_market(adlcalc: Command) -> None:
    rows = json.loads(
        adlcalc("run", ADL, "--series", "alice", "--series", "fund", "--series", "MARKET", "--json").out
    )["series"]
    alice = [row for row in rows if row["series"] == "alice"]
    # 100 + 10 (95 - 100) = 50, of which 0.005 x 950 is needed; taken over at 88
    assert [(row["step"], row["size"], row["equity"], row["unit_maintenance"]) for row in alice] == [
        (0, "10", "100", "5"),
        (1, "10", "50", "4.75"),
        (2, None, "0", None),
    ]
    assert {row["liquidation_price"] for row in alice[:2]} == {"90.45226131"}
    assert [row["balance"] for row in rows if row["series"] == "fund"] == ["0", "0", "0"]
    market = [row for row in rows if row["series"] == "MARKET"]
    assert [(row["mark_price"], row["liquidated_size"], row["deleveraged_size"]) for row in market] == [
        ("100", "0", "0"),
        ("95", "0", "0"),
        ("88", "10", "10"),
    ]


def test_a_series_stands_where_rank_does(adlcalc: Command) -> None:
    rows = json.loads(adlcalc("run", ADL, "--series", "carol", "--json").out)["series"]
    for row in rows:
        queue = json.loads(adlcalc("rank", ADL, "--step", str(row["step"]), "--side", "short", "--json").out)[
            "queue"
        ]
        place = next(one for one in queue if one["account"] == "carol")
        assert (row["rank"], row["lights"]) == (place["rank"], place["lights"])


def test_little_bars_are_for_a_terminal(adlcalc: Command) -> None:
    assert "▁" not in adlcalc("run", ADL, "--series", "MARKET").out
    loaded = load(ADL)
    from adlcalc.report.run_page import run_page
    from adlcalc.report.writers import FORMATS

    page = run_page(Run(loaded.scenario, run(loaded.scenario), named=["MARKET"]), drawn=True)
    lines = FORMATS["table"].page(page).partition("MARKET, step by step")[2].splitlines()
    assert [line[-1] for line in lines[5:8]] == [
        "█",
        "▅",
        "▁",
    ]  # 100, 95, 88: (95 - 88) / 12 of eight is 4.67


def test_a_series_of_nobody_names_the_nearest(adlcalc: Command) -> None:
    got = adlcalc("run", ADL, "--series", "carl")
    assert (got.out, got.code) == ("", 2)
    assert got.err.endswith(
        "there is no account, fund or market 'carl' in the scenario\nhint: did you mean 'carol'?\n"
    )


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("stopped(fund)", True),
        ("stopped(fund)@1", False),
        ("stopped(fund)@2", True),
        ("stopped(fund)@3", True),
        ("stopped(fund)@4", False),
        ("not stopped(fund)@0", True),
    ],
)
def test_a_fund_is_stopped_from_the_event_until_it_pays_again(text: str, holds: bool) -> None:
    """Fund 1,000 of a peak of 1,000, start 0.3: it pays down to 700 at step 2, where each lot of alice's 2
    coins, bankrupt at 54,000, costs 1 at a mark of 53,000: 300 lots, and the rest is deleveraged. At step 3
    it still holds 700, 0.3 below the peak. At step 4 it has received 400 at the end of step 3 and holds
    1,100, its new peak."""
    source = """
fund: 1_000
money_unit: 1
rules: {fund: {drawdown: {start: 0.3, stop: 0.25}}}
markets: {BTC-PERP: {tick: 1, lot: 0.001}}
accounts:
  - {id: alice, side: long, size: 2, entry: 60_000, leverage: 10}
  - {id: bob, side: short, size: 4, entry: 60_000, leverage: 5}
prices: [60_000, 56_000, 53_000, 53_000, 53_000]
events: [{step: 3, fund: fund, deposit: 400}]
"""
    run_ = adlcalc.run(source)
    assert run_.rows("fund")[2].paid == 300
    question = read(text, names_of(run_.scenario))
    assert watch_for(question.parts) is None
    assert Answers(run_).holds(question) == holds


@pytest.mark.parametrize(
    ("fund", "short"),
    [("0", True), ("1_000", True), ("1_999.99999999", True), ("2_000", False), ("9_000", False)],
)
def test_a_fund_has_run_short_below_what_the_path_asks_of_it(
    adlcalc: Command, fund: str, short: bool
) -> None:
    """alice's two coins are sold at 53,000, a thousand below her bankruptcy price each: 2,000. With 1,999.99999999
    the fund ends with 0.99999999, as it pays for whole lots of 0.001: what it is left with does not tell."""
    got = adlcalc("run", HALF, "-q", "--set", f"fund={fund}", "--fail-on", "ran_short")
    assert got.code == (1 if short else 0)
    assert (
        adlcalc("run", HALF, "-q", "--set", f"fund={fund}", "--fail-on", "ran_short(fund)").code == got.code
    )


@pytest.mark.slow
def test_a_fund_has_run_short_where_a_larger_one_leaves_less_to_others() -> None:
    """Held against the theorem of the least fund, which makes another run and looks at its draws, on random books of
    every depth. A fund that has run short holds less than the least. One that holds less and has not run short got
    within the step what it lacked: with more in it the queue, the last resort and the venue are left with the same."""
    seen: Counter[bool] = Counter()
    for seed in range(300):
        one = random_scenario(seed)
        short = Answers(Run(one, run(one))).holds(read("ran_short", names_of(one)))
        less = [fund for fund in one.funds if fund.balance < least_fund(one, fund.name)]
        assert less or not short, seed
        if less and not short:
            enough = one
            for fund in less:
                enough = with_balance(enough, fund.name, least_fund(one, fund.name))
            left = [
                [
                    event
                    for event in run(each)
                    if isinstance(event, (Deleveraged, Held, LossSocialized, BadDebt))
                ]
                for each in (one, enough)
            ]
            assert left[0] == left[1], seed
        seen[short] += 1
    assert min(seen[True], seen[False]) > 20


@pytest.mark.parametrize(("fund", "short"), [("20", True), ("40", False)])
def test_a_fund_that_keeps_positions_has_run_short_where_it_cannot_bear_them(
    adlcalc: Command, tmp_path: Path, fund: str, short: bool
) -> None:
    """Two longs that are bankrupt at 90 stand at 75, where nobody buys: 30 are missing. A fund of 20 bears one of
    them, and the other goes to the queue; one of 40 keeps both. One that keeps nothing was never asked."""
    file = tmp_path / "s.yaml"
    file.write_text(
        "markets: {X: {lot: 1, liquidity: none}}\nprices: [100, 75]\nrules: {fund: {holds: while-solvent}}\n"
        "accounts:\n  - {id: a, side: long, size: 2, entry: 100, leverage: 10}\n"
        "  - {id: b, side: short, size: 2, entry: 100, leverage: 2}\n"
    )
    asked = ("run", str(file), "-q", "--set", f"fund={fund}", "--fail-on", "ran_short")
    assert adlcalc(*asked).code == (1 if short else 0)
    assert adlcalc(*asked, "--set", "rules.fund.holds=none").code == 0
    swept = adlcalc("sweep", str(file), "--vary", "fund=20,40", "--measure", "ran_short", "--json")
    assert [one["hits"] for one in json.loads(swept.out)["figures"]] == [1, 0]
