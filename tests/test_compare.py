"""adlcalc compare: the runs, the metrics by hand, the axioms, and what the command prints."""

from __future__ import annotations

import csv
import io
import json
import random
import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from books import random_scenario
from conftest import Result
from hypothesis import given, settings
from hypothesis import strategies as st

import adlcalc
from adlcalc.engine.events import BadDebt, Deleveraged, FundPaid, Liquidated, LossSocialized
from adlcalc.engine.formulas.haircuts import HAIRCUTS, CashQueue
from adlcalc.engine.formulas.policies import POLICIES
from adlcalc.engine.formulas.scores import SCORES
from adlcalc.engine.loop import run
from adlcalc.engine.model import LONG, SHORT, Account, Fund, Market, Position, Scenario
from adlcalc.engine.model import Path as Marks
from adlcalc.engine.rules import IN_PAPERS, LAST_RESORTS, AdlRules, AdlWhen, Rules
from adlcalc.engine.waterfall.facts import Facts, Observer
from adlcalc.ground.numbers import ONE, ZERO, D
from adlcalc.report.compare_view import TABLES
from adlcalc.study.axioms import findings
from adlcalc.study.compare import ALL, ARGUMENTS, KNOWN, OWN, PolicyError, Under, choices_of, compare
from adlcalc.study.defined import PAPERS
from adlcalc.study.metrics import KNOWN as KNOWN_METRICS
from adlcalc.study.metrics import METRICS, all_of, explanation
from adlcalc.study.rounds import outcome_of
from adlcalc.venues.expression import score_of

SCENARIOS = Path(__file__).parent.parent / "scenarios"
WHO_PAYS = str(SCENARIOS / "21-who-pays.yaml")


def who_pays() -> Scenario:
    return adlcalc.load(WHO_PAYS).scenario


def metrics(policy: str) -> dict[str, object]:
    (result,) = compare(who_pays(), choices_of(policy))
    return dict(result.metrics)


# --- which policies -----------------------------------------------------------------------------------------


def test_a_list_of_policies_with_arguments() -> None:
    found = choices_of(
        "queue:bitmex, queue:max(pnl, size), "
        "top-n-pro-rata:3,hybrid:0.25,risk-weighted-power:4,own,queue:bitmex"
    )
    assert [(c.name, dict(c.changes)) for c in found] == [
        ("queue", {"score": SCORES["bitmex"]}),
        ("queue", {"score": score_of("max(pnl, size)")}),
        ("top-n-pro-rata", {"top": 3}),
        ("hybrid", {"queue_share": D("0.25")}),
        ("risk-weighted-power", {"exponent": 4}),
        ("own", {}),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("quue", "there is no policy 'quue'"),
        ("", "there is no policy ''"),
        ("pro-rata:2", "policy 'pro-rata' takes no argument"),
        ("queue:bitmax", "the score of policy 'queue' must not use 'bitmax'"),
        ("queue:", "the score of policy 'queue' must have a number"),
        ("seeded-cycle:-1", "the seed of policy 'seeded-cycle' must be a whole number from 0, not '-1'"),
        ("top-n-pro-rata:0", "the top of policy 'top-n-pro-rata' must be a whole number from 1, not '0'"),
        ("hybrid:1.5", "the queue_share of policy 'hybrid' must be a fraction from 0 to 1, not '1.5'"),
        (
            "risk-weighted-tail:x",
            "the threshold of policy 'risk-weighted-tail' must be a number of zero or more, not 'x'",
        ),
    ],
)
def test_what_is_no_policy(text: str, message: str) -> None:
    with pytest.raises(PolicyError) as caught:
        choices_of(text)
    assert str(caught.value).startswith(message)


def test_each_policy_is_of_one_space() -> None:
    assert {c.space for c in choices_of(",".join(KNOWN))} == {"contract", "profit", OWN}
    rules = Rules(adl=AdlRules(when=AdlWhen.NEVER))
    (queue, cut) = choices_of("queue:size,cash-queue:pnl")
    assert queue.applied_to(rules).adl == AdlRules(score=SCORES["size"])
    assert (cut.applied_to(rules).adl.when, cut.applied_to(rules).adl.score.name) == ("never", "pnl")
    assert cut.applied_to(rules).last_resort.policy == CashQueue()


# --- the metrics of scenario 21 by hand ---------------------------------------------------------------------


def test_metrics_of_the_queue() -> None:
    """gambler forgoes 80 of 160, early 120 of 480, whale 0 of 800, late 0 of 100."""
    found = metrics("queue")
    assert (
        found
        | {
            "shortfall": D(200),
            "needed_budget": D(200),
            "haircut_total": D(200),
            "overshoot": 0,
            "undershoot": 0,
            "forgone_pnl": D(200),
            "markout": D(160),  # (90 - 82) x 20
            "notional_closed": D(1600),
            "fund_used": ZERO,
            "bad_debt": ZERO,
            "accounts_touched": 2,
            "wholly_closed": 2,
            "largest_haircut": Fraction(1, 2),
            "largest_share": Fraction(3, 5),
            "top_10_share": 1,
            "gini": Fraction(11, 20),  # 0, 0, 80, 120: (1 x 80 + 3 x 120) / (4 x 200)
            "inversions": Fraction(1, 3),  # late keeps 100, gambler 80
            "ptsr": 4,  # 800 / 200
            "pmr": 4,
            "ptsr_repository": None,  # nothing is left uncovered
            "pmr_repository": None,
            "rd_nse": 1,
            "leverage_left": Fraction(8, 3),  # late, 800 / 300
            "equity_of_most_levered": D(300),
        }
        == found
    )


def test_metrics_with_half_the_severity() -> None:
    """Half of 200 is cut: 100 / 1,540 of every profit, in cents; the other half is bad debt."""
    (result,) = compare(who_pays(), choices_of("haircut"), severity=D("0.5"), markout=0)
    found = result.metrics
    assert (found["haircut_total"], found["undershoot"], found["bad_debt"]) == (100, 100, 100)
    assert result.outcome.by_account == {
        "whale": D("51.95"),
        "early": D("31.17"),
        "gambler": D("10.39"),
        "late": D("6.49"),
    }
    left = 800 - Fraction("51.95")
    assert found["ptsr"] == left / 100
    assert found["ptsr_repository"] == left / (200 - 100)
    assert found["rd_nse"] == left / (left + 100)


def test_minimax_leverage_leaves_the_lowest_highest_leverage() -> None:
    """Of all policies that close positions, and in whole lots: nobody is left more levered than 240 / 142."""
    left = {name: metrics(name)["leverage_left"] for name in ALL if choices_of(name)[0].space == "contract"}
    assert left["minimax-leverage"] == Fraction(240, 142)
    assert min(left.values(), key=lambda x: Fraction(str(x))) == left["minimax-leverage"]


def test_what_the_fund_pays_is_not_needed_from_winners() -> None:
    scenario = replace(who_pays(), funds=(Fund("fund", D(50)),))
    (result,) = compare(scenario, choices_of("pro-rata"))
    assert (result.metrics["shortfall"], result.metrics["fund_used"], result.metrics["needed_budget"]) == (
        200,
        50,
        150,
    )
    assert result.metrics["haircut_total"] == 150


def test_what_the_venue_still_holds_is_a_loss_that_nobody_paid() -> None:
    (result,) = compare(adlcalc.load(str(SCENARIOS / "16-queue-too-short.yaml")).scenario, choices_of("own"))
    found = result.metrics
    assert found["bad_debt"] == found["undershoot"] == result.outcome.bad_debt > 0


def test_nothing_happens_nothing_is_outcome_of() -> None:
    (result,) = compare(
        adlcalc.load(str(SCENARIOS / "01-margin-call-without-loss.yaml")).scenario, choices_of("queue")
    )
    assert result.metrics["haircut_total"] == 0
    assert result.metrics["gini"] is None
    assert {finding.holds for finding in findings(result.outcome.scenario, result.outcome)} == {None}


def test_every_metric_has_a_definition_and_a_place() -> None:
    assert {name for names in TABLES.values() for name in names} == METRICS.keys()
    for name in METRICS:
        assert len(explanation(name)) > 20


# --- any book -----------------------------------------------------------------------------------------------

shorts = st.lists(
    st.tuples(st.integers(1, 9), st.integers(80, 130), st.integers(5, 60)), min_size=2, max_size=5
)


def book(rows: list[tuple[int, int, int]], size: int) -> Scenario:
    """A long of `size` at 100 that is bankrupt at 90, and shorts (size, entry, collateral per contract); mark
    80."""
    accounts = [Account("alice", (Position("M", LONG, D(size), D(100), D(10 * size)),))]
    accounts += [
        Account(f"s{i}", (Position("M", SHORT, D(q), D(entry), D(q * margin)),))
        for i, (q, entry, margin) in enumerate(rows)
    ]
    markets = (Market("M", lot=ONE),)
    return Scenario(markets, tuple(accounts), Marks({"M": (D(80),)}), money_unit=D("0.01"))


@pytest.mark.slow
@pytest.mark.parametrize("policy", ALL)
@given(rows=shorts, size=st.integers(1, 20))
@settings(max_examples=25)
def test_money_balances_under_every_policy(policy: str, rows: list[tuple[int, int, int]], size: int) -> None:
    """The run's own audit holds, and what winners pay, the fund paid and nobody paid is the shortfall."""
    (choice,) = choices_of(policy)
    outcome = outcome_of(Under(choice)(book(rows, size)))
    forgone = sum((fill.event.forgone_pnl for fill in outcome.fills), ZERO)
    owed = sum((each.deficit for each in outcome.rounds), outcome.held_loss)
    assert forgone + outcome.socialized + outcome.borne.fund + outcome.bad_debt == owed


@pytest.mark.slow
@given(rows=shorts, size=st.integers(1, 20))
@settings(max_examples=15)
def test_a_haircut_pro_rata_passes_every_axiom(rows: list[tuple[int, int, int]], size: int) -> None:
    scenario = Under(choices_of("haircut")[0])(book(rows, size))
    assert all(finding.holds is not False for finding in findings(scenario, outcome_of(scenario)))


def test_axioms_with_their_counterexamples() -> None:
    def tried(policy: str) -> dict[str, tuple[bool | None, str]]:
        scenario = Under(choices_of(policy)[0])(who_pays())
        return {f.axiom: (f.holds, f.because) for f in findings(scenario, outcome_of(scenario))}

    queue = tried("queue")
    assert queue["sybil"] == (
        False,
        "early pays 120.00; as two accounts, a quarter of the size with an eighth of the margin, and the "
        "rest, 30.00",
    )
    assert queue["monotone"] == (
        False,
        "gambler had 160.00 of profit and keeps 80.00; late had 100.00 and keeps 100.00 (step 1)",
    )
    assert queue["scale"][0] is True
    assert [holds for holds, _ in tried("haircut").values()] == [True, True, True]
    assert [holds for holds, _ in tried("cash-queue").values()] == [True, True, False]
    assert [holds for holds, _ in tried("list-order").values()] == [False, True, True]


# --- the command --------------------------------------------------------------------------------------------


def test_json(adlcalc: Callable[..., Result]) -> None:
    result = adlcalc("compare", WHO_PAYS, "--policies", "queue,haircut", "--axioms", "--format", "json")
    assert (result.code, result.err) == (0, "")
    document = json.loads(result.out)
    assert list(document) == ["schema", "scenario", "policies", "accounts", "axioms", "ranges"]
    assert document["schema"] == "adlcalc.compare/1"
    queue, haircut = document["policies"]
    assert (queue["space"], haircut["space"]) == ("contract", "profit")
    assert queue["metrics"].keys() == METRICS.keys()
    assert queue["metrics"]["gini"] == "0.55"
    late = {"step": 1, "account": "late", "could_pay": "100", "paid": "12.99", "haircut": "0.1299"}
    assert {"venue": "generic", "policy": "haircut", **late} in document["accounts"]
    assert len(document["axioms"]) == 6


def test_csv(adlcalc: Callable[..., Result]) -> None:
    result = adlcalc("compare", WHO_PAYS, "--policies", "queue,pro-rata", "--accounts", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.out)))
    assert [row["value"] for row in rows if row["measure"] == "paid" and row["policy"] == "pro-rata"] == [
        "110",
        "40",
        "20",
        "30",
    ]
    assert {row["measure"] for row in rows if not row["account"]} == METRICS.keys()


def test_where_rows_are_cut_off_those_who_pay_most_are_left(adlcalc: Callable[..., Result]) -> None:
    """By the queue early pays 120 and whale nothing; by a haircut they pay 62.34 and 103.89, the others less:
    the most under any is 120 and 103.89. The CSV has everybody, in the order of the file."""
    words = ("compare", WHO_PAYS, "--policies", "queue,haircut", "--accounts")
    cut = adlcalc(*words, "--limit", "2").out.split("What each account pays, those first that pay most")[1]
    assert [line.split()[0] for line in cut.splitlines()[4:6]] == ["early", "whale"]
    assert "… 2 more, use --limit 0" in cut
    assert "What each account pays\n" in adlcalc(*words).out
    whole, less = (adlcalc(*words, "--limit", limit, "-f", "csv").out for limit in ("0", "2"))
    assert whole == less


@pytest.mark.parametrize("words", [("compare", WHO_PAYS, "--policies"), ("compare", "--explain"), ("help",)])
def test_names_that_papers_have_lead_to_policies_that_are_there(
    words: tuple[str, ...], adlcalc: Callable[..., Result]
) -> None:
    for name in ("rap", "Risk_Aware pro-rata"):
        assert "hint: it is 'risk-weighted' here\n" in adlcalc(*words, name).err
    assert set(IN_PAPERS.values()) <= {*POLICIES, *LAST_RESORTS}
    assert not set(IN_PAPERS) & {*POLICIES, *LAST_RESORTS}


def test_only_some_metrics_in_one_table(adlcalc: Callable[..., Result]) -> None:
    result = adlcalc("compare", WHO_PAYS, "--policies", "queue", "--metrics", "gini,bad_debt")
    assert result.out.splitlines()[3:] == [
        "Metrics",
        "",
        "policy  gini   bad",
        "              debt",
        "------  ----  ----",
        "queue   0.55     0",
    ]


@pytest.mark.slow
def test_of_metrics_that_were_asked_for_the_last_go_first(adlcalc: Callable[..., Result]) -> None:
    names = "accounts_touched,haircut_total,gini,forgone_pnl,overshoot,wholly_closed,notional_closed,largest_haircut"
    told = adlcalc("compare", WHO_PAYS, "--policies", "queue", "--metrics", names, "--width", "60").out
    assert "\npolicy  accounts  haircut  gini" in told
    assert "no room for notional closed, largest haircut" in " ".join(told.split())


def test_venues_alone_are_compared_under_their_own_policies(adlcalc: Callable[..., Result]) -> None:
    result = adlcalc("compare", WHO_PAYS, "--venues", "generic,bitmex", "--format", "json")
    assert [(row["venue"], row["policy"]) for row in json.loads(result.out)["policies"]] == [
        ("generic", "own"),
        ("bitmex", "own"),
    ]
    both = adlcalc(
        "compare", WHO_PAYS, "--venues", "generic,bitmex", "--policies", "queue,haircut", "--format", "json"
    )
    assert len(json.loads(both.out)["policies"]) == 4


@pytest.mark.slow
def test_text_fits_a_page_and_is_the_same_twice(adlcalc: Callable[..., Result]) -> None:
    arguments = ("compare", WHO_PAYS, "--accounts", "--axioms")
    first = adlcalc(*arguments)
    assert first.out == adlcalc(*arguments).out
    assert max(map(len, first.out.splitlines())) <= 80


def test_explain_prints_a_definition_with_its_source(adlcalc: Callable[..., Result]) -> None:
    result = adlcalc("compare", "--explain", "ptsr")
    assert result.code == 0
    assert "2512.01112" in result.out
    assert "\n  arXiv 2512.01112: Chitra, Autodeleveraging: Impossibilities and Optimization.\n" in result.out
    assert (
        adlcalc("compare", "--explain", "all").out.count("\n\n")
        == len((*POLICIES, *HAIRCUTS, *KNOWN_METRICS)) - 1
    )
    wrong = adlcalc("compare", "--explain", "ptrs")
    assert wrong.code == 2
    assert "did you mean 'ptsr'?" in wrong.err


@pytest.mark.slow
@pytest.mark.parametrize("name", [*POLICIES, *HAIRCUTS])
def test_explain_prints_a_policy_with_its_parameters_and_source(
    adlcalc: Callable[..., Result], name: str
) -> None:
    """A paper by its title beside its number, and the argument as --policies takes it."""
    got = adlcalc("compare", "--explain", name)
    text = " ".join(got.out.split())
    assert (got.code, got.err, text.startswith(f"{name} ")) == (0, "", True)
    assert "Source: " in text
    for number in re.findall(r"\d{4}\.\d{5}", text):
        assert PAPERS[number] in text
    if name in ARGUMENTS:
        assert f" {ARGUMENTS[name]}, as {name}:" in text
    assert max(map(len, got.out.splitlines())) <= 80
    assert adlcalc("help", name) == got


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--policies", "haircat"), "hint: did you mean 'haircut'?"),
        (("--policies", "hybrid:7"), "must be a fraction from 0 to 1"),
        (("--metrics", "gnii"), "hint: did you mean 'gini'?"),
        (("--severity", "2"), "--severity must be a fraction from 0 to 1, not 2"),
        (("--severity", "much"), "--severity must be a number"),
        (("--venues", "bitmx"), "bitmex"),
        (
            ("--venues", "okx,foo"),
            "--venues okx,foo: error: there is no venue 'foo'\nhint: adlcalc venues lists them",
        ),
    ],
)
def test_what_the_command_refuses(
    adlcalc: Callable[..., Result], arguments: tuple[str, ...], message: str
) -> None:
    result = adlcalc("compare", WHO_PAYS, *arguments)
    assert (result.code, result.out) == (2, "")
    assert message in result.err


def test_venues_tell_who_was_liquidated_and_what_was_assumed(
    adlcalc: Callable[..., Result], tmp_path: Path
) -> None:
    """Equity 100 - 95 = 5 of a long of 10 at 90.5: 0.5 % of 905 is 4.525, below it; 1 % is 9.05, above."""
    (tmp_path / "own.yaml").write_text(
        "venue: mine\ntitle: Own\nas_of: '2026'\nextends: generic\n"
        "margin: {maintenance: {value: 0.01, status: assumed, note: a guess}}\n",
        encoding="utf-8",
    )
    (tmp_path / "s.yaml").write_text(
        "accounts:\n- {id: m, side: long, size: 10, entry: 100, collateral: 100}\n"
        "- {id: a, side: short, size: 10, entry: 100, collateral: 500}\nprices: [100, 90.5]\n",
        encoding="utf-8",
    )
    result = adlcalc("compare", str(tmp_path / "s.yaml"), "--venues", f"generic,{tmp_path / 'own.yaml'}")
    table = [line.split() for line in result.out.splitlines() if " own " in line]
    assert [row[2] for row in table[:2]] == ["0", "1"]
    assert "Assumed rules that these runs used" in result.out
    assert "* mine: margin.maintenance" in result.out


@pytest.mark.slow
def test_a_least_fund_that_is_not_proven_is_told(adlcalc: Callable[..., Result]) -> None:
    words = ("compare", "18-march-2020", "--metrics", "least_fund")
    assert "least_fund under bitmex is not proven: fund.holds" in " ".join(adlcalc(*words).out.split())
    assert "not proven" not in adlcalc(*words, "--venues", "generic").out


def test_explain_takes_a_list(adlcalc: Callable[..., Result]) -> None:
    """Each once, in the order given; all that are unknown are told; `help` takes them too."""
    one, other = (adlcalc("compare", "--explain", name).out for name in ("gini", "hybrid:0.2"))
    assert adlcalc("compare", "--explain", "gini, hybrid:0.2,gini").out == f"{one}\n{other}"
    assert adlcalc("help", "gini,ptsr").out == adlcalc("compare", "--explain", "gini,ptsr").out
    wrong = adlcalc("compare", "--explain", "giny,gini,ptrs")
    assert (wrong.code, wrong.out) == (2, "")
    assert "no metric 'giny'\nhint: did you mean 'gini'?" in wrong.err
    assert "no metric 'ptrs'\nhint: did you mean 'ptsr'?" in wrong.err


def test_why_bad_debt_stays_and_what_is_held_is_told(adlcalc: Callable[..., Result], tmp_path: Path) -> None:
    """Five longs from 100 at 10x are bankrupt below 90. At 80 one is sold, the other four lose 10 each:
    haircuts cut 40 of bob's 100 and close nothing. At 60 one more is sold, three are held: 30 each below 90
    are 90, and 30 more by the one that is sold, less what the cuts paid for."""
    path = tmp_path / "s.yaml"
    path.write_text(
        "markets: {BTC: {liquidity: 1}}\naccounts:\n"
        "  - {id: alice, side: long, size: 5, entry: 100, leverage: 10}\n"
        "  - {id: bob, side: short, size: 5, entry: 100, leverage: 10}\nprices: [100, 80, 60]\n"
    )
    said = " ".join(adlcalc("compare", str(path), "--policies", "queue,haircut").out.split())
    assert "Bad debt under haircut, 90: it cuts profits and closes no position." in said
    assert "At the end the venue still holds 3 contracts under haircut; what they have lost" in said
    said = " ".join(adlcalc("compare", str(path), "--venues", "generic,fund-only").out.split())
    assert "At the end the venue still holds 3 contracts under fund-only;" in said
    assert "Bad debt under" not in said  # fund-only has no haircut
    calm = adlcalc("compare", "scenarios/21-who-pays.yaml", "--policies", "queue,haircut").out
    assert "still holds" not in calm
    assert "Bad debt under" not in calm


UNPAID = """
fund: 0
accounts:
  - {id: a-very-large-account, side: long, size: 1234567, entry: 60000, leverage: 10}
  - {id: b, side: short, size: 1234567, entry: 49000, leverage: 2}
prices: [60000, 48000]
"""


@pytest.mark.slow
def test_what_is_left_unpaid_has_room_on_any_page(adlcalc: Callable[..., Result], tmp_path: Path) -> None:
    """a, bankrupt at 54,000, is closed at 48,000 and lacks 6,000 a contract: 7,407,402,000. b has won 1,000 a
    contract: a haircut takes 1,234,567,000 of it and leaves 6,172,835,000, which no width may hide. Where
    nothing is left unpaid the undershoot may go."""
    file = tmp_path / "unpaid.yaml"
    file.write_text(UNPAID)
    words = ["compare", str(file), "--policies", "queue,haircut", "--venues", "generic,bitmex"]
    for width in ("50", "60", "80", "200"):
        told = adlcalc(*words, "--width", width).out
        row = next(line for line in told.splitlines() if line.startswith("generic") and "haircut" in line)
        assert row.rstrip().endswith("6,172,835,000"), width
        assert not re.search(r"no room for[^:]*(bad debt|undershoot)", told), width
        lines = [line for line in told.splitlines() if str(tmp_path) not in line]  # a path is not torn
        assert max(map(len, lines)) <= max(int(width), 80)


GAP = """\
markets: {M: {liquidity: none}}
money_unit: 0.01
fund: {fund}
rules: {fund: {holds: {holds}}}
accounts:
  - {id: lena, side: long, size: 4, entry: 64_000, leverage: 20}
  - {id: omar, side: long, size: 2, entry: 63_000, leverage: 10}
  - {id: dan, side: short, size: 9, entry: 63_000, leverage: 3}
prices: [64_000, 52_000]
"""


@pytest.mark.parametrize(("fund", "holds"), [(0, "none"), (10_000, "none"), (10_000, "while-solvent")])
def test_the_shortfall_is_the_same_whoever_bears_it(
    adlcalc: Callable[..., Result], tmp_path: Path, fund: int, holds: str
) -> None:
    """lena is bankrupt at 60,800 and omar at 56,700: by 52,000 they have lost 4 x 8,800 and 2 x 4,700 more,
    44,600 together, whether dan takes their contracts, the fund keeps some or the venue is left with all. Of these
    a fund of 10,000 that keeps what it can bear bears 10,000."""
    file = tmp_path / "gap.yaml"
    file.write_text(GAP.replace("{fund}", str(fund)).replace("{holds}", holds), encoding="utf-8")
    got = adlcalc("compare", str(file), "--policies", "queue,pro-rata,haircut", "--json")
    found = {one["policy"]: one["metrics"] for one in json.loads(got.out)["policies"]}
    borne = 10_000 if holds == "while-solvent" else 0
    assert {name: D(one["shortfall"]) for name, one in found.items()} == dict.fromkeys(found, D(44_600))
    assert D(found["haircut"]["needed_budget"]) == 44_600 - borne
    page = " ".join(adlcalc("compare", str(file), "--policies", "queue,haircut").out.split())
    assert (
        f"Bad debt under haircut, {44_600 - borne:,}: nothing was cut. A haircut shares the loss of what is sold, and nobody"
        in page
    )


# --- the order in the file ----------------------------------------------------------------------------------

FOUR_WINNERS = """\
venue: generic
money_unit: 0.01
markets:
  X: {tick: 0.1, lot: 1}
fund: 0
accounts:
  - {id: loser, side: long, size: 30, entry: 100, leverage: 10}
  - {id: w1, side: short, size: 20, entry: 110, leverage: 2}
  - {id: w2, side: short, size: 10, entry: 100, leverage: 10}
  - {id: w3, side: short, size: 10, entry: 95, leverage: 5}
  - {id: w4, side: short, size: 20, entry: 90, leverage: 4}
prices: [100, 85]
"""


def test_neighbors_with_the_same_profit_have_no_order_that_could_change(tmp_path: Path) -> None:
    """At 85 the shorts have won 500, 150, 100 and 100, and the long lacks 150. By the queue w2 gives all of its 10
    contracts for 5 each, w3 all of its 10, and w1 10: 450, 100, 50 and 100 are left, and nobody has overtaken
    anybody who had more. By score, of profits, w2 gives all of 150, and both of 100 now have more: two of three
    pairs."""
    lines = FOUR_WINNERS.splitlines(keepends=True)
    lines[9:11] = reversed(lines[9:11])
    for text in (FOUR_WINNERS, "".join(lines)):
        (file := tmp_path / "four.yaml").write_text(text, encoding="utf-8")
        queue, cash = compare(adlcalc.load(str(file)).scenario, choices_of("queue,cash-queue"))
        (each,) = queue.outcome.rounds
        assert {one.account: one.could - one.paid for one in each.burdens} == {
            "w1": 450, "w2": 100, "w3": 50, "w4": 100,
        }  # fmt: skip
        assert queue.metrics["inversions"] == 0
        assert cash.metrics["inversions"] == Fraction(2, 3)


PAYS = (Deleveraged, LossSocialized, BadDebt, FundPaid, Liquidated)


def who_bears(scenario: Scenario) -> list[str]:
    """What is taken from whom, whatever comes first and however claims are numbered."""
    told = ("step", "account", "bankrupt", "market", "size", "price", "amount")
    bears = [
        (type(event).__name__, *(getattr(event, name, None) for name in told))
        for event in run(scenario)
        if isinstance(event, PAYS)
    ]
    return sorted(map(repr, bears))


def test_no_metric_depends_on_the_order_in_the_file() -> None:
    """Of a policy for which that order means nothing, or that needs it for no tie: where all bear the same, all
    metrics are the same. (Whom a tie meets first is a rule of the policy.)"""
    alike = 0
    for seed in range(40):
        one = random_scenario(seed, inverse=seed % 3 == 0, funding=seed % 4 == 1)
        funds = tuple(replace(fund, balance=fund.floor) for fund in one.funds)
        one = replace(one, funds=funds) if seed % 2 else one
        mixed = random.Random(seed).sample(one.accounts, len(one.accounts))
        for choice in choices_of("queue,pro-rata,minimax-leverage,haircut,levered-haircut,cash-queue"):
            both = [Under(choice)(each) for each in (one, replace(one, accounts=tuple(mixed)))]
            bear, bear_too = map(who_bears, both)
            if bear == bear_too:
                measured, measured_too = (all_of(outcome_of(each)) for each in both)
                assert measured == measured_too, (seed, choice.label)
                alike += bool(bear)
    assert alike > 100


class _Stakes(Observer):
    """Holds what a stake tells of its account to how the account stands."""

    def __init__(self, markets: list[str]) -> None:
        self.markets, self.alone, self.several = markets, 0, 0

    def ended(self, facts: Facts) -> None:
        states = {state.account: state for state in facts.accounts()}
        for stake in facts.stakes(self.markets, states):
            state = states[stake.account]
            worth = [position.cost + position.unrealized_pnl for position in state.positions]
            assert (stake.notional, stake.equity) == (sum(map(abs, worth), ZERO), state.equity_end)
            self.alone, self.several = self.alone + (len(worth) < 2), self.several + (len(worth) > 1)


@pytest.mark.slow
def test_a_stake_tells_what_its_account_has_in_all() -> None:
    """Isolated or cross, alone or beside others, closed or not, and with funding that is not settled."""
    alone = several = 0
    for seed in range(60):
        one = random_scenario(seed, inverse=seed % 3 == 0, funding=seed % 2 == 0)
        looking = _Stakes([market.name for market in one.markets])
        for _ in run(one, accounts=False, observer=looking):
            pass
        alone, several = alone + looking.alone, several + looking.several
    assert alone > 500
    assert several > 500
