"""The queue and its reasons: the venues' published examples, ranks as a permutation, changes that do what
they say."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path as FilePath

import pytest
from books import account, random_scenario
from books import scenario as book
from conftest import Result

import adlcalc
from adlcalc.engine.events import Deleveraged
from adlcalc.engine.formulas.margin import initial_collateral, value
from adlcalc.engine.formulas.scores import SCORES
from adlcalc.engine.loop import run
from adlcalc.engine.model import LONG, SHORT, Account, Market, Scenario
from adlcalc.engine.rules import Eligible, Lights
from adlcalc.ground.numbers import ZERO, D, exact
from adlcalc.report.columns.rank import ratio_name
from adlcalc.study.levers import LEVERS, SIZE_ALONE
from adlcalc.study.rank import Ranked, Ranker, Ranking
from adlcalc.study.what_if import Move, lights_of
from adlcalc.venues.adl_scale import SCALES, scale_of
from adlcalc.venues.expression import score_of

Command = Callable[..., Result]
QUEUE = "scenarios/13-bitmex-queue.yaml"
SEEDS = range(120)


def rankings(
    scenario: Scenario, step: int | None = None, accounts: Iterable[str] = ()
) -> dict[tuple[str, int], Ranking]:
    """The queues of a step (the last if left out) by market and side."""
    last = scenario.path.steps - 1
    ranker = Ranker(
        scenario,
        last if step is None else step,
        [m.name for m in scenario.markets],
        (LONG, SHORT),
        tuple(accounts),
    )
    for _ in run(scenario, observer=ranker):
        pass
    return {(ranking.market, ranking.side): ranking for ranking in ranker.rankings}


def rows(scenario: Scenario, side: int = LONG, step: int | None = None) -> tuple[Ranked, ...]:
    """The queue of one side of the first market."""
    return rankings(scenario, step)[scenario.markets[0].name, side].rows


# --- published examples -------------------------------------------------------------------------------------


def test_bitmex_own_example_has_its_order_percentiles_and_lights() -> None:
    """TV-01: order 2, 5, 4, 1, 6, 3 with 20, 40, 60, 80, 80, 100 %."""
    found = rows(adlcalc.load(QUEUE).scenario)
    assert [row.account[-1] for row in found] == list("254163")
    assert [row.percentile for row in found] == [20, 40, 60, 80, 80, 100]
    assert [row.lights for row in found] == [5, 4, 3, 2, 2, 1]
    assert [row.share for row in found] == [D(x) for x in ("0.1", "0.3", "0.6", "0.7", "0.8", "1")]


def test_a_bankrupt_short_of_20_reaches_the_first_wholly_and_the_second_partly() -> None:
    """TV-02: account 2 gives its 10, account 5 gives 10 of 20."""
    scenario = adlcalc.load(QUEUE).scenario
    first, second, third = rows(scenario)[:3]
    assert first.wholly <= 20 < second.wholly
    assert second.partly <= 20 < third.partly
    assert [row.ahead for row in (first, second, third)] == [0, 10, 30]
    assert second.partly == 11  # the ten before it and one lot


DV = {
    "A": (10, 110, 110),
    "B": (50, 105, "262.5"),
    "C": (5, 130, 325),
    "D": (20, 98, 196),
    "E": (100, 104, 2600),
}
"""The shorts of the derived table: size, entry, collateral; mark 100."""


def derived_book(score: str, **adl: str) -> Scenario:
    shorts = [account(name, -size, entry, collateral) for name, (size, entry, collateral) in DV.items()]
    scenario = book(shorts, [100], lot=D(1))
    rules = replace(scenario.rules.adl, score=score_of(score), eligible=Eligible.ALL, **adl)
    return replace(scenario, rules=replace(scenario.rules, adl=rules))


@pytest.mark.parametrize(
    ("score", "order", "scores"),
    [
        ("bitmex", "BACED", ("0.464576", "0.432900", "0.242915", "0.128205", "-0.001592")),
        ("kucoin", "BACED", ("0.464576", "0.432900", "0.242915", "0.128205", "-0.001592")),
        ("binance", "BACED", ("0.487805", "0.476190", "0.315789", "0.133333", "-0.001560")),
        ("binance-2019", "BAECD", ("0.046458", "0.021645", "0.002564", "0.002429", "0")),
        ("bitget", "BACED", ("0.002323", "0.002165", "0.001215", "0.000641", "-0.318367")),
    ],
)
def test_derived_table_by_rank_and_score(score: str, order: str, scores: tuple[str, ...]) -> None:
    found = rows(derived_book(score), SHORT)
    assert "".join(row.account for row in found) == order
    assert [f"{row.score:.6f}" for row in found] == [f"{D(x):.6f}" for x in scores]


def test_derived_table_by_lights() -> None:
    """50, 60, 65, 165 and 185 of 185 contracts; one to five of five positions."""
    assert [row.lights for row in rows(derived_book("bitmex"), SHORT)] == [4, 4, 4, 1, 1]
    assert [row.lights for row in rows(derived_book("bitmex", lights="heads"), SHORT)] == [5, 4, 3, 2, 1]


def test_derived_table_by_its_inputs() -> None:
    by_name = {row.account: row for row in rows(derived_book("bitmex"), SHORT)}
    assert {name: row.leverage for name, row in by_name.items()} == {
        "A": D("4.76190476"), "B": D("9.75609756"), "C": D("1.05263158"), "D": D("12.82051282"), "E": D("3.33333333"),
    }  # fmt: skip
    assert by_name["B"].inputs.equity == D("512.5")
    assert by_name["C"].pnl_ratio == D("0.23076923")


@pytest.mark.parametrize(
    ("up_to", "lights"),
    [("0.01", 5), (20, 5), ("20.01", 4), (40, 4), (60, 3), (80, 2), ("80.01", 1), (100, 1)],
)
def test_lights_change_just_after_each_fifth(up_to: str | int, lights: int) -> None:
    assert lights_of(D(up_to), D(100)) == lights


# --- what holds for every book ------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_ranks_are_a_permutation_and_lights_never_rise(seed: int) -> None:
    scenario = random_scenario(seed, inverse=seed % 2 == 0, funding=seed % 3 == 0)
    for ranking in rankings(scenario).values():
        found = ranking.rows
        assert [row.rank for row in found] == list(range(1, len(found) + 1))
        assert len({row.account for row in found}) == len(found)
        assert [row.lights for row in found] == sorted((row.lights for row in found), reverse=True)
        assert [row.score for row in found] == sorted((row.score for row in found), reverse=True)
        ahead = ZERO
        for row in found:
            assert row.ahead == ahead
            ahead += row.size
            assert row.wholly == ahead
            assert row.ahead < row.partly <= row.wholly
        if found:
            assert found[-1].lights == 1
            assert found[-1].share == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_whoever_is_deleveraged_has_the_rank_that_is_shown(seed: int) -> None:
    scenario = random_scenario(seed, inverse=seed % 2 == 0)
    fills = [event for event in run(scenario) if isinstance(event, Deleveraged)]
    for step in {fill.step for fill in fills}:
        queues = rankings(scenario, step)
        for fill in fills:
            if fill.step == step:
                ranking = queues[fill.market, fill.side]
                row = ranking.rows[fill.rank - 1]
                assert ranking.used
                assert (row.account, row.score, row.tied) == (fill.account, fill.score, fill.tied)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_looking_on_changes_nothing(seed: int) -> None:
    scenario = random_scenario(seed, inverse=True, funding=True, most_accounts=8)
    names = [one.id for one in scenario.accounts]
    for step in range(scenario.path.steps):
        ranker = Ranker(scenario, step, [m.name for m in scenario.markets], (LONG, SHORT), names)
        seen = list(run(scenario, observer=ranker))
        plain = list(run(scenario))
        assert seen[:-1] == plain[:-1]


# --- changes ------------------------------------------------------------------------------------------------


def standing(scenario: Scenario, market: str, side: int, name: str) -> Ranked | None:
    """The row of an account at step 0."""
    return next((row for row in rankings(scenario, 0)[market, side].rows if row.account == name), None)


def changed(scenario: Scenario, move: Move, market: Market, side: int, after: Decimal) -> Scenario:
    """The scenario in which the account begins with the changed position."""
    with exact():
        accounts = tuple(
            _changed(one, move, market, side, after, scenario) if one.id == move.account else one
            for one in scenario.accounts
        )
    return replace(scenario, accounts=accounts)


def _changed(
    one: Account, move: Move, market: Market, side: int, after: Decimal, scenario: Scenario
) -> Account:
    position = next(p for p in one.positions if (p.market, p.side) == (market.name, side))
    balance = one.balance
    if move.lever == "collateral":
        if position.collateral is None:
            balance = after
        else:
            new = replace(position, collateral=after)
    elif move.lever == "leverage":
        cost = value(market.contract, side * position.size, position.entry, scenario.money_unit)
        collateral = (
            None if position.collateral is None else initial_collateral(cost, after, scenario.money_unit)
        )
        new = replace(position, leverage=after, collateral=collateral)
    else:
        mark = scenario.path.marks[market.name][0]
        part = side * (position.size - after)
        pnl = value(market.contract, part, mark, scenario.money_unit) - value(
            market.contract, part, position.entry, scenario.money_unit
        )
        released = (
            ZERO
            if position.collateral is None or move.lever == SIZE_ALONE
            else position.collateral * (position.size - after) / position.size
        )
        new = replace(
            position,
            size=after,
            collateral=None if position.collateral is None else position.collateral - released,
        )
        balance += released + pnl
    if move.lever == "collateral" and position.collateral is None:
        return replace(one, balance=balance)
    return replace(one, balance=balance, positions=tuple(new if p is position else p for p in one.positions))


def coarse_book(seed: int) -> Scenario:
    """Random accounts of one linear market at one mark, on a grid so coarse that every change can be
    tried."""
    import random

    rng = random.Random(seed)
    accounts = []
    for i in range(rng.randint(2, 9)):
        size, entry = rng.choice([1, 2, 4, 4, 8, 10]), rng.choice([50, 80, 80, 90, 96])
        if rng.random() < 0.4:
            accounts.append(account(f"u{i}", size, entry, balance=rng.choice([20, 40, 40, 100])))
        else:
            accounts.append(account(f"u{i}", size, entry, size * entry // rng.choice([2, 4, 5, 10])))
    scenario = book(accounts, [100], lot=D(1))
    rules = replace(scenario.rules.adl, lights=rng.choice(list(Lights)))
    return replace(scenario, money_unit=D(1), rules=replace(scenario.rules, adl=rules))


def reached(before: Ranked, after: Ranked | None, goal: str, scenario: Scenario) -> bool:
    """Is the goal reached, by the numbers of the rows alone?"""
    if after is None:
        return True
    if goal == "one place back":
        return after.rank > before.rank
    if goal == "one light down":
        return after.lights < before.lights
    rows_after = rankings(scenario, 0)["M", LONG].rows
    if scenario.rules.adl.lights == "heads":
        return 2 * (after.rank - 1) >= len(rows_after)
    return 2 * after.ahead >= sum((row.size for row in rows_after), ZERO)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60))
def test_a_suggested_change_does_what_it_says_and_nothing_smaller_does(seed: int) -> None:
    scenario = coarse_book(seed)
    market = scenario.markets[0]
    found = rankings(scenario, 0, [one.id for one in scenario.accounts])["M", LONG]
    before = {row.account: row for row in found.rows}
    for move in found.moves:
        grid = {"collateral": D(1), "leverage": D("0.01"), "size": D(1), SIZE_ALONE: D(1)}[move.lever]
        if move.after is not None:
            assert move.then is not None
            there = changed(scenario, move, market, LONG, move.after)
            row = standing(there, "M", LONG, move.account)
            assert row is not None
            assert reached(before[move.account], row, move.goal, there), move
            assert (row.rank, row.lights, row.ahead) == (move.then.rank, move.then.lights, move.then.ahead)
        if (
            move.lever == "leverage"
        ):  # margin is rounded to whole units here, so a hundredth less may be the same margin
            continue
        sign = -1 if move.lever.startswith("size") else 1
        steps = 60 if move.change is None else int(move.change / grid) - 1
        for n in range(1, min(steps, 60) + 1):
            after = move.before + sign * n * grid
            if move.lever.startswith("size") and after <= 0:
                break
            tried = changed(scenario, move, market, LONG, after)
            assert not reached(
                before[move.account], standing(tried, "M", LONG, move.account), move.goal, tried
            ), (move, after)


def test_changes_of_the_published_book() -> None:
    """account-4 has equity 3,300 for a leverage of 6; 5.5 is account-1's, and 660 x 30 / 5.5 = 3,600."""
    scenario = adlcalc.load(QUEUE).scenario
    found = rankings(scenario, None, ["account-4"])["XBTUSD", LONG]
    by = {(move.goal, move.lever): move for move in found.moves}
    one_down = by["one light down", "collateral"]
    assert one_down.change == D(
        "300.00000001"
    )  # at exactly 300 it ties with account-1, and the larger position comes first
    assert one_down.then is not None
    assert (one_down.then.rank, one_down.then.lights) == (4, 2)
    assert by["one light down", "leverage"].after == D("9.99")
    assert by["one light down", "size"].after is None  # isolated: margin leaves with the size
    # with its 1,500 kept, 660 n / (1,500 + 60 n) is 5.5 at 25, a tie that goes to the larger; 24 stand behind
    assert by["one light down", SIZE_ALONE].after == 24
    assert by["back half", "collateral"].change == D("2100.00000001")


def test_a_cross_position_moves_back_when_a_part_of_it_is_closed() -> None:
    """Ten at 50 with 400 behind them: score 1 x 1,000 / 900; the other has 1 x 1,000 / 1,000. Closing one
    leaves 900 / 900, a tie that goes to the larger position."""
    scenario = book(
        [account("big", 10, 50, balance=400), account("other", 10, 50, balance=500)], [100], lot=D(1)
    )
    moves = {(m.goal, m.lever): m for m in rankings(scenario, 0, ["big"])["M", LONG].moves}
    assert (moves["back half", "size"].after, moves["back half", "size"].change) == (9, 1)


def test_alone_in_the_queue_nothing_moves_anybody() -> None:
    scenario = book([account("one", 10, 50, 100)], [100])
    assert rankings(scenario, 0, ["one"])["M", LONG].moves == ()


# --- the venues' own scales ---------------------------------------------------------------------------------


@pytest.mark.parametrize("venue", SCALES)
def test_every_scale_gives_its_own_lights_back(venue: str) -> None:
    scale = SCALES[venue]
    with exact():
        assert [scale.lights(scale.value(lights)) for lights in range(1, 6)] == [1, 2, 3, 4, 5]


def test_gate_counts_the_other_way_round() -> None:
    assert [SCALES["gate"].value(lights) for lights in (5, 1)] == [1, 5]
    assert SCALES["gate"].lights(D(6)) is None


def test_a_rulebook_of_another_year_has_the_scale_of_its_venue() -> None:
    assert scale_of("binance-2019") is SCALES["binance"]
    assert scale_of("generic") is None


# --- the command --------------------------------------------------------------------------------------------


def test_rank_shows_a_table_within_80_columns(adlcalc: Command) -> None:
    out, err, code = adlcalc("rank", QUEUE)
    assert (err, code) == ("", 0)
    assert "Queue of the longs at mark 660, 6 positions" in out
    assert "Nobody stands in the queue of the shorts: at mark 660 no short is open." in out
    assert max(map(len, out.splitlines())) <= 80


def test_json_rows_have_ccxt_keys_and_the_venue_scale(adlcalc: Command) -> None:
    document = json.loads(adlcalc("rank", QUEUE, "--side", "long", "-f", "json").out)
    assert document["schema"] == "adlcalc.rank/1"
    first = document["queue"][0]
    assert (first["account"], first["rank"], first["rating"], first["percentage"]) == (
        "account-2",
        1,
        "5",
        "100",
    )
    assert first["venue_rank"] == {"field": "deleveragePercentile", "value": "1"}
    assert (first["ahead"], first["reached_partly"], first["reached_wholly"]) == ("0", "1", "10")
    assert document["scenario"]["step"] == 2


def test_an_account_is_shown_with_its_neighbors_and_what_moves_it(adlcalc: Command) -> None:
    document = json.loads(adlcalc("rank", QUEUE, "--account", "account-1", "-f", "json").out)
    assert [row["rank"] for row in document["queue"]] == [2, 3, 4, 5, 6]
    assert [row["account"] for row in document["queue"] if row["asked"]] == ["account-1"]
    assert {move["goal"] for move in document["moves"]} == {
        "one place back",
        "one light down",
    }  # it is in the back half
    out = adlcalc("rank", QUEUE, "--account", "account-1").out
    assert "The smallest changes that move account-1 back" in out
    assert ">     4  account-1" in out


def test_leverage_without_equity_is_infinite(adlcalc: Command, tmp_path: FilePath) -> None:
    """a is long at 100 with 10 behind it: at 80 it has lost 20, and nothing in the book takes it."""
    path = tmp_path / "s.yaml"
    path.write_text(
        "venue: bitmex\nrules: {liquidation: {method: market, limit: bankruptcy}, adl: {when: "
        "remainder}}\nfund: 0\n"
        "markets: {X: {contract: linear, tick: 1, lot: 1, liquidity: none}}\naccounts:\n"
        "  - {id: a, margin: cross, balance: 10, side: long, size: 1, entry: 100}\n"
        "  - {id: b, side: long, size: 1, entry: 60, leverage: 2}\nprices: [80]\n",
        encoding="utf-8",
    )
    assert "-infinite" in adlcalc("rank", str(path)).out
    last = json.loads(adlcalc("rank", str(path), "-f", "json").out)["queue"][-1]
    assert (last["account"], last["score"], last["effective_leverage"]) == ("a", "-Infinity", None)


def test_rules_that_do_not_take_the_queue_in_order_say_so(adlcalc: Command) -> None:
    half = "scenarios/04-fund-half-absorbs.yaml"
    assert "nobody is deleveraged" in adlcalc("rank", half, "--set", "rules.adl.when=never").out
    assert (
        "The rulebook's policy is pro-rata" in adlcalc("rank", half, "--set", "rules.adl.policy=pro-rata").out
    )


def test_a_score_of_the_scenario_ranks_too(adlcalc: Command) -> None:
    score = "rules.adl.score=size"
    document = json.loads(adlcalc("rank", QUEUE, "--side", "long", "--set", score, "-f", "json").out)
    assert [row["account"] for row in document["queue"]][:3] == ["account-4", "account-3", "account-5"]


def test_who_is_in_no_queue_is_told_so(adlcalc: Command) -> None:
    out = adlcalc("rank", QUEUE, "--account", "account-7").out
    assert "account-7 stands in none of these queues at step 2." in out


def test_at_an_earlier_step_nobody_has_been_deleveraged(adlcalc: Command) -> None:
    first = json.loads(adlcalc("rank", QUEUE, "--at", "0", "-f", "json").out)
    assert first["scenario"]["step"] == 0
    assert all(row["unrealized_pnl"] == "0" for row in first["queue"])


def test_another_venue_ranks_by_its_own_score(adlcalc: Command) -> None:
    out = adlcalc("rank", QUEUE, "--venue", "generic", "-f", "json").out
    assert json.loads(out)["scenario"]["score"] == "generic"


def test_limit_csv_and_markdown(adlcalc: Command) -> None:
    assert "… 4 more, use --limit 0" in adlcalc("rank", QUEUE, "--side", "long", "--limit", "2").out
    table = list(
        csv.DictReader(io.StringIO(adlcalc("rank", QUEUE, "--account", "account-4", "-f", "csv").out))
    )
    assert [row["table"] for row in table].count("move") == 3 * len(
        LEVERS
    ) - 1  # a smaller position keeps its ratios
    assert "### Queue of the longs" in adlcalc("rank", QUEUE, "-f", "markdown").out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--account", "acount-4"),
            "there is no account 'acount-4' in the scenario\nhint: did you mean 'account-4'?",
        ),
        (("--market", "XBT"), "there is no market 'XBT' in the scenario\nhint: did you mean 'XBTUSD'?"),
        (("--at", "3"), "there is no step '3': the steps are 0 to 2, or last"),
        (("--at", "first"), "there is no step 'first': the steps are 0 to 2, or last"),
    ],
)
def test_what_the_scenario_does_not_have_is_exit_2(
    adlcalc: Command, arguments: tuple[str, ...], message: str
) -> None:
    out, err, code = adlcalc("rank", QUEUE, *arguments)
    assert (out, err, code) == ("", f"adlcalc: {message}\n", 2)


def test_a_broken_scenario_is_exit_2_and_output_never_overwrites_it(
    adlcalc: Command, tmp_path: FilePath
) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("prizes: [1]\n", encoding="utf-8")
    assert adlcalc("rank", str(path)).code == 2
    found = adlcalc("rank", str(path), "--output", str(path))
    assert (found.code, found.err) == (2, f"adlcalc: --output {path} would overwrite the file that is read\n")
    target = tmp_path / "rank.json"
    assert adlcalc("rank", QUEUE, "-f", "json", "-q", "-o", str(target)).code == 0
    assert json.loads(target.read_text(encoding="utf-8"))["schema"] == "adlcalc.rank/1"


def test_a_scenario_may_come_from_standard_input(adlcalc: Command) -> None:
    text = (FilePath(__file__).parent.parent / QUEUE).read_bytes()
    assert adlcalc("rank", "-", stdin=text).out == adlcalc("rank", QUEUE).out


def test_what_moves_back_is_tried_over_the_whole_run_too(adlcalc: Command) -> None:
    """21: with 224 of collateral (or 25 / 7 of leverage) gambler stands behind early's 12, and is deleveraged
    for the other 8; with 250 behind whale's 40 too, and is not. It begins with
    8 x 100 / 25 = 32: 192 and 218 more."""
    page = " ".join(
        adlcalc(
            "rank", "scenarios/21-who-pays.yaml", "--side", "short", "--step", "1", "--account", "gambler"
        ).out.split()
    )
    assert (
        "Over the whole run gambler is deleveraged; from the start with 218 more collateral or leverage 3.2 "
        "it is "
        "not, with 192 more collateral or leverage 3.57 it still is"
    ) in page


@pytest.mark.slow
def test_a_book_of_one_side_says_that_nobody_can_be_deleveraged_in_it(
    adlcalc: Callable[..., Result], tmp_path: FilePath
) -> None:
    text = "accounts:\n  - {id: me, side: long, size: 1, entry: 100, leverage: 10}\nprices: [100, 120]\n"
    alone, together = tmp_path / "alone.yaml", tmp_path / "together.yaml"
    alone.write_text(text, encoding="utf-8")
    other = "prices", "  - {id: you, side: short, size: 1, entry: 100, leverage: 2}\nprices"
    together.write_text(text.replace(*other), encoding="utf-8")
    question = ("--vary", "prices.1", "--when", "adl(me)", "--from", "50", "--to", "110")
    for words in (("rank",), ("solve", *question)):
        said = " ".join(adlcalc(words[0], str(alone), *words[1:]).out.split())
        assert "The file holds longs only: nobody can be deleveraged in it" in said
        said = " ".join(adlcalc(words[0], str(together), *words[1:]).out.split())
        assert "nobody can be deleveraged in it" not in said
    assert "me is alone in the queue of the longs" in " ".join(adlcalc("rank", str(alone)).out.split())


@pytest.mark.slow
@pytest.mark.parametrize("score", [name for name, one in SCORES.items() if len(one.ratios) == 2])
def test_the_ratios_that_are_shown_make_the_score(adlcalc: Callable[..., Result], score: str) -> None:
    """Of a winner the product of the two columns is the score beside them, as far as six digits go, whatever
    the venue divides by; and the formula stands under the table."""
    words = ["rank", "scenarios/13-bitmex-queue.yaml", "--set", f"rules.adl.score={score}"]
    page = adlcalc(*words, "--width", "0").out
    (ratios,) = [[ratio_name(pair).split("\n") for pair in SCORES[score].ratios]]
    lines = page.splitlines()
    under = next(i for i, line in enumerate(lines) if line.startswith("----"))
    columns = [(found.start(), found.end()) for found in re.finditer("-+", lines[under])]
    heads = [[line[a:b].strip() for line in lines[under - 2 : under]] for a, b in columns]
    places = [heads.index(ratio) for ratio in ratios]
    (at,) = [i for i, head in enumerate(heads) if "score" in head]
    rows = [[line[a:b].strip() for a, b in columns] for line in lines[under + 1 : under + 7]]
    for row in rows:
        one, two = (Decimal(row[i].replace(",", "")) for i in places)
        assert one * two == pytest.approx(Decimal(row[at].replace(",", "")), rel=Decimal("1e-4"))
    first, second = (" / ".join(pair).replace("_", " ") for pair in SCORES[score].ratios)
    assert f"The score is {first} x {second}." in page


FOUR = """
markets: {BTC-PERP: {tick: 0.1, lot: 0.001}}
accounts:
  - {id: a64, side: short, size: 1, entry: 64_000, leverage: 2}
  - {id: b63, side: short, size: 1, entry: 63_000, leverage: 10}
  - {id: c61, side: short, size: 1, entry: 61_500, leverage: 20}
  - {id: l1, side: long, size: 3, entry: 60_500, leverage: 2}
prices: [60_000]
"""


@pytest.mark.parametrize(
    ("venue", "said"), [("okx", True), ("htx", True), ("bitmex", False), ("generic", False)]
)
def test_what_is_paid_in_leaves_the_leverage_where_the_score_looks_at_it(
    adlcalc: Callable[..., Result], tmp_path: FilePath, venue: str, said: bool
) -> None:
    """OKX's and HTX's pnl% is on the initial margin, which a collateral in the file would change."""
    file = tmp_path / "s.yaml"
    file.write_text(FOUR)
    got = adlcalc("rank", str(file), "--venue", venue, "--side", "short", "--account", "b63")
    assert got.code == 0, got.err
    assert ("Collateral is paid in, and the chosen leverage stays" in " ".join(got.out.split())) == said
