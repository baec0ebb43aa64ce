"""Accounts that are made up: from the digits of their seed and of nothing else, on the market's grid, and in
balance where that is asked for."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest
from books import d
from conftest import ROOT
from typer.testing import CliRunner

import adlcalc
from adlcalc.cli.app import app_for
from adlcalc.engine.columns import Columns
from adlcalc.engine.events import Liquidated
from adlcalc.engine.loop import run
from adlcalc.engine.model import Account, Scenario
from adlcalc.paths.populations import Drawn, Quantiles, Weights, scaled
from adlcalc.scenario import load, population
from adlcalc.source.problems import ScenarioErrors

D, F = Decimal, Fraction
BOOK = """\
title: A book that is made up
markets: {BTC-PERP: {tick: 0.5, lot: 0.01}}
fund: 100
population:
  retail:   # many, and small
    count: 40
    seed: 7
    side: {long: 3, short: 1}
    size: [[0, 0.01], [0.9, 1], [1, 20]]
    entry: [[0, 59_000], [1, 61_000]]
    leverage: {5: 2, 10: 1, 12.5: 1}
  makers:
    count: 3
    side: short
    size: 0.5
    entry: 60_000
    leverage: 3
    balanced: true
prices: [60_000, 52_000]
"""
MIXED = """\
title: Two markets, both margin modes, and an account that is listed
markets:
  BTC-PERP: {tick: 0.5, lot: 0.01}
  ETH-PERP: {tick: 0.05, lot: 0.1}
fund: 100
accounts:
  - {id: alice, market: BTC-PERP, side: long, size: 2, entry: 60_000, leverage: 10, stop: 58_000}
  - {id: credit, market: BTC-PERP, side: long, size: 1, entry: 60_000, leverage: 10, exempt: true}
population:
  btc:
    {market: BTC-PERP, count: 12, size: 1, entry: 60_000, leverage: {5: 1, 20: 1}, margin: {isolated: 1, cross: 1},
     balanced: true}
  eth:
    {market: ETH-PERP, count: 12, size: {0.5: 1, 2: 1}, entry: [[0, 3_000], [1, 3_100]], leverage: 9, margin: cross,
     balanced: true}
prices: {BTC-PERP: [60_000, 52_000], ETH-PERP: [3_000, 2_600]}
"""


def made(text: str, *sets: str) -> Scenario:
    return adlcalc.load(text, sets=sets).scenario


def by_id(scenario: Scenario) -> dict[str, Account]:
    return {account.id: account for account in scenario.accounts}


# --- the digits ---------------------------------------------------------------------------------------------


def digest() -> str:
    """Of both books."""
    return sha256(repr([tuple(made(text).accounts) for text in (BOOK, MIXED)]).encode()).hexdigest()


DIGEST = "fc169161a3ab85550cb153b376a84c2b0d91c026861e041fc3b3d4b2de268322"
"""Held under every Python that is tested."""


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("[60_000, 52_000]", "[60_000, x]", "'x'"),
        ("fund: 100", "fund: -1", "'fund'"),
        ("count: 3", "count: y", "'y'"),
    ],
    ids=["a-price", "the-fund", "another-block"],
)
def test_a_large_block_is_not_made_for_a_file_that_is_refused(
    old: str, new: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A typo in the prices beneath a million accounts is told at once."""
    made = population.Population.drawn

    def few(self: population.Population) -> Drawn:
        assert self.accounts < 1_000
        return made(self)

    monkeypatch.setattr(population.Population, "drawn", few)
    text = BOOK.replace("count: 40", "count: 900_000").replace(old, new)
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioErrors, match=says):
        load(str(tmp_path / "x.yaml"))


def test_the_digits_are_the_same_everywhere() -> None:
    assert digest() == DIGEST


@pytest.mark.slow
def test_hash_seed_locale_and_the_context_of_the_caller_do_not_matter() -> None:
    code = (
        "import decimal; decimal.getcontext().prec = 5; from test_population import digest; print(digest())"
    )
    environment = {
        **os.environ,
        "PYTHONHASHSEED": "5",
        "LC_ALL": "C",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == DIGEST, done.stderr


def test_an_account_is_what_its_digest_says() -> None:
    """Five numbers of 51 bits each, the lowest first, from SHA-256('seed/0/NAME/number')."""
    accounts = by_id(made(BOOK))
    sizes = [(Fraction(0), d("0.01")), (Fraction(9, 10), d("1")), (Fraction(1), d("20"))]
    for i in range(1, 41):
        whole = int.from_bytes(sha256(f"7/0/retail/{i}".encode()).digest(), "big")
        side, size, entry, leverage, _ = (whole // 2 ** (51 * n) % 2**51 for n in range(5))
        (position,) = accounts[f"retail-{i}"].positions
        assert position.side == (1 if side * 4 < 3 * 2**51 else -1)  # three of four are long
        u = Fraction(2 * size + 1, 2**52)
        (low, at_low), (high, at_high) = sizes[:2] if u < sizes[1][0] else sizes[1:]
        exactly = Fraction(at_low) + (u - low) / (high - low) * Fraction(at_high - at_low)
        assert position.size == max(1, round(exactly * 100)) * d("0.01")  # round() is half even
        exactly = 59_000 + Fraction(2 * entry + 1, 2**52) * 2_000
        assert position.entry == round(exactly * 2) * d("0.5")
        chosen = d("5") if leverage * 4 < 2 * 2**51 else d("10") if leverage * 4 < 3 * 2**51 else d("12.5")
        assert position.leverage == chosen
        assert position.collateral == round(position.size * position.entry / chosen, 8)


def test_a_quantile_is_on_the_line_between_two() -> None:
    """A quarter of the draws is between 0 and 2, the others between 2 and 102, half even: u = 1/8 is 1, u =
    5/8 is 2 + 100 x (3/8) / (3/4) = 52; 1/16 is 0.5, which is 0 and so the least, 1; 3/16 is 1.5, which is
    2."""
    drawing = Quantiles(
        [(Fraction(0), Fraction(0)), (Fraction(1, 4), Fraction(2)), (Fraction(1), Fraction(102))], 1
    )
    assert drawing.numbers([2**51 * n // 16 for n in (2, 10, 1, 3)]) == [1, 52, 1, 2]
    assert drawing.numbers([0, 2**51 - 1, 2**49 - 1, 2**49]) == [1, 102, 2, 2]
    flat = Quantiles([(Fraction(0), Fraction(7, 2)), (Fraction(1), Fraction(7, 2))], 1)
    assert flat.numbers([0, 2**50]) == [4, 4]  # exactly half: to the even one
    assert Quantiles([(Fraction(0), Fraction(5, 2)), (Fraction(1), Fraction(5, 2))], 1).numbers([3]) == [2]


def test_a_weight_of_zero_is_never_drawn() -> None:
    drawing = Weights([1, 2, 3, 4], [Fraction(0), Fraction(1, 2), Fraction(0), Fraction(3, 2)])
    assert drawing.numbers([0, 2**49 - 1, 2**49, 2**51 - 1]) == [2, 2, 4, 4]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("setting", "same"),
    [
        ("population.retail.count=10", {"side", "size", "entry", "leverage"}),
        ("population.retail.size=3", {"side", "entry", "leverage"}),
        ("population.retail.leverage=3", {"side", "size", "entry"}),
        ("population.retail.side=short", {"size", "entry", "leverage"}),
        ("population.retail.seed=8", set()),
    ],
)
def test_a_draw_hangs_on_nothing_else(setting: str, same: set[str]) -> None:
    alone = "population.makers=null"
    before, after = made(BOOK, alone), made(BOOK, setting, alone)
    names = [f"retail-{i}" for i in range(1, 11)]
    for key in ("side", "size", "entry", "leverage"):
        numbers = [[getattr(by_id(one)[name].positions[0], key) for name in names] for one in (before, after)]
        assert (numbers[0] == numbers[1]) == (key in same)


@pytest.mark.slow
def test_the_parts_are_those_that_are_asked_for() -> None:
    """Of 20,000 accounts each part within four standard deviations."""
    accounts = made(BOOK, "population.retail.count=20000", "population.makers=null").accounts
    positions = [account.positions[0] for account in accounts]

    def near(found: int, part: float) -> bool:
        return abs(found - 20_000 * part) < 4 * (20_000 * part * (1 - part)) ** 0.5

    leverages = Counter(one.leverage for one in positions)
    assert near(sum(one.side > 0 for one in positions), 0.75)
    assert near(leverages[d("5")], 0.5)
    assert near(leverages[d("10")], 0.25)
    assert near(sum(one.size <= 1 for one in positions), 0.9)
    assert near(sum(one.entry < 60_000 for one in positions), 0.5)


# --- balance ------------------------------------------------------------------------------------------------


def test_a_side_gets_so_many_lots() -> None:
    """Shorts of 1 and 2 lots shall have 8: one each, and of the other six 1 x 6 / 3 = 2 and 2 x 6 / 3 = 4. Of
    9 they get 1 + 2.33 and 1 + 4.67, rounded down 3 and 5, and the lot that is left goes to the first. Of 2,
    one each."""
    drawn = Drawn(bytes([1, 0, 0, 1]), [5, 1, 2, 3], [0] * 4, [0] * 4, bytes(4))
    for lots, sizes in ((8, [5, 3, 5, 3]), (9, [5, 4, 5, 3]), (2, [5, 1, 1, 3])):
        found = scaled(drawn, False, lots)
        assert found is not None
        assert found.sizes == sizes
    assert scaled(drawn, False, 1) is None
    assert scaled(drawn._replace(longs=bytes([1] * 4)), False, 8) is None


@pytest.mark.parametrize("seed", range(6))
def test_longs_and_shorts_are_equal(seed: int) -> None:
    both = BOOK.replace("side: short", "side: {long: 1, short: 1}").replace("count: 3", "count: 9")
    for text, blocks in ((both, ("retail",)), (MIXED, ("btc", "eth"))):
        held: Counter[str] = Counter()
        scenario = made(text, *(f"population.{block}.seed={seed}" for block in blocks))
        for account in scenario.accounts:
            for one in account.positions:
                held[one.market] += one.side * one.size  # type: ignore[assignment]  # of Decimals
        assert set(held.values()) == {0}


def test_a_block_balances_what_stands_before_it() -> None:
    """alice 2 and three longs of 1 are 5, 500 lots: two shorts of 1 and 3 get a lot each, and of 498 lots
    124.5 and 373.5, rounded down 124 and 373; the lot that is left goes to the first. So do two of 3, which
    had 6. The longs behind it stay out of it."""
    text = """\
markets: {X: {tick: 1, lot: 0.01}}
accounts: [{id: alice, side: long, size: 2, entry: 100, leverage: 10}]
population:
  before: {count: 3, side: long, size: 1, entry: 100, leverage: 10}
  makers: {count: 2, side: short, size: {1: 1, 3: 1}, entry: 100, leverage: 10, balanced: true, seed: SEED}
  behind: {count: 1, side: long, size: 1, entry: 100, leverage: 10}
prices: [100, 90]
"""
    wanted = {(d("1.26"), d("3.74")), (d("3.75"), d("1.25")), (d("2.5"), d("2.5"))}
    found = set()
    for seed in range(12):
        accounts = by_id(made(text.replace("SEED", str(seed))))
        found.add(tuple(accounts[f"makers-{i}"].positions[0].size for i in (1, 2)))
        assert accounts["behind-1"].positions[0].size == 1
    assert found == wanted


# --- what stands behind the positions -----------------------------------------------------------------------


def test_the_balance_of_a_cross_account_is_its_entry_value_by_its_leverage() -> None:
    accounts = by_id(made(MIXED))
    modes = Counter()
    for name, account in accounts.items():
        (one,) = account.positions
        if one.collateral is None:
            assert one.leverage is not None
            assert account.balance == round(one.size * one.entry / one.leverage, 8)
        else:
            assert account.balance == 0
        modes[name.partition("-")[0], one.collateral is None] += 1
    assert modes["eth", True] == 12
    assert modes["btc", True] + modes["btc", False] == 12
    assert min(modes["btc", True], modes["btc", False]) > 0


def test_no_leverage_is_above_that_of_the_tier(capsys: pytest.CaptureFixture[str]) -> None:
    """A size of 1 at 100 is in the first tier (50), one of 3 in the second (20)."""
    text = """\
markets:
  X:
    tick: 1
    lot: 1
    maintenance: {tiers: [{up_to: 200, rate: 0.01, max_leverage: 50}, {rate: 0.02, max_leverage: 20}]}
population:
  p: {count: 20, size: {1: 1, 3: 1}, entry: 100, leverage: 40}
prices: [100, 90]
"""
    loaded = adlcalc.load(text)
    found = {(a.positions[0].size, a.positions[0].leverage) for a in loaded.scenario.accounts}
    assert found == {(d("1"), d("40")), (d("3"), d("20"))}
    large = sum(account.positions[0].size == 3 for account in loaded.scenario.accounts)
    (note,) = loaded.notes
    assert note.message == f"{large} of 20 accounts of population 'p' have less leverage than was drawn"
    assert (note.line, note.column) == (7, 60)


# --- how they are kept --------------------------------------------------------------------------------------


def test_they_are_columns_where_they_can_be() -> None:
    assert isinstance(made(BOOK).accounts, Columns)
    listed = "accounts: [{id: alice, side: long, size: 0.02, entry: 60_000, collateral: 900}]\npopulation:"
    both = made(BOOK.replace("population:", listed))
    assert isinstance(both.accounts, Columns)
    assert both.accounts[0].positions[0].leverage is None
    assert both.accounts[1:41] == made(BOOK).accounts[:40]  # the makers have more to balance
    for other in (
        "accounts: [{id: alice, side: long, size: 1, entry: 60_000, margin: cross, balance: "
        "900}]\npopulation:",
        "accounts: [{id: alice, side: long, size: 1e17, entry: 60_000, leverage: 9}]\npopulation:",  # 63 bits
    ):
        plain = made(BOOK.replace("population:", other), "population.makers=null").accounts
        assert not isinstance(plain, Columns)
        assert plain[1:41] == made(BOOK).accounts[:40]
    assert not isinstance(made(BOOK, "population.makers.margin=cross").accounts, Columns)


def test_no_account_is_made_until_something_happens_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is made of an account begins with the terms of its position."""
    count = 0
    first = Columns.terms

    def counting(self: Columns, i: int) -> tuple[int, Decimal, Decimal, Decimal, Decimal | None]:
        nonlocal count
        count += 1
        return first(self, i)

    monkeypatch.setattr(Columns, "terms", counting)
    scenario = made(BOOK, "money_unit=0.0001", "fund=1e12", "population.retail.count=400")
    events = list(run(scenario, accounts=False))
    liquidated = {event.account for event in events if isinstance(event, Liquidated)}
    assert 100 < len(liquidated) < 300
    assert count == len(liquidated)


@pytest.mark.parametrize("venue", ["generic", "binance", "hyperliquid"])
def test_the_same_events_with_columns_and_without(venue: str) -> None:
    """With a stop, and with an account that is exempt."""
    listed = """\
accounts:
  - {id: alice, side: long, size: 2, entry: 60_000, leverage: 10, stop: 58_000}
  - {id: credit, side: long, size: 1, entry: 60_000, leverage: 10, exempt: true}
population:"""
    loaded = adlcalc.load(BOOK.replace("population:", listed), venue=venue)
    scenario = loaded.scenario
    assert isinstance(scenario.accounts, Columns)
    plain = Scenario(
        **{
            **{name: getattr(scenario, name) for name in scenario.__slots__},
            "accounts": tuple(scenario.accounts),
        }
    )
    events = list(run(plain))[:-1]
    assert events == list(run(scenario))[:-1]
    assert events == list(run(scenario, index=False))[:-1]


# --- written out --------------------------------------------------------------------------------------------


def ran(*words: str) -> str:
    done = CliRunner().invoke(app_for(words), words)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("text", [BOOK, MIXED])
def test_what_is_written_out_runs_the_same(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("book.yaml").write_text(text, encoding="utf-8")
    assert ran("expand", "book.yaml", "-o", "out") == ""
    written = Path("out/book.yaml").read_text(encoding="utf-8")
    assert "leverage:" not in written[text.index("population:") :]
    assert "were made up\npopulation: {file: 'book.population.csv'}\nprices: " in written
    assert written.startswith(text[: text.index("population:")])
    assert load("out/book.yaml").scenario == load("book.yaml").scenario
    outputs = {}
    for folder in (".", "out"):
        monkeypatch.chdir(tmp_path / folder)
        outputs[folder] = [
            ran("run", "book.yaml", "-f", form, "--limit", "0") for form in ("table", "json", "csv")
        ]
    assert outputs["."] == outputs["out"]


def test_the_lines_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("book.yaml").write_text(MIXED, encoding="utf-8")
    ran("expand", "book.yaml", "-o", "out/")
    header, first, *_ = Path("out/book.population.csv").read_text(encoding="utf-8").splitlines()
    assert header == "id,market,side,size,entry,leverage,margin,balance"
    account = by_id(load("book.yaml").scenario)["btc-1"]
    (one,) = account.positions
    side = "long" if one.side > 0 else "short"
    cross = f"cross,{account.balance.normalize():f}" if one.collateral is None else ","
    assert first == f"btc-1,BTC-PERP,{side},{one.size.normalize():f},60000,{one.leverage},{cross}"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "the 43 accounts that book.yaml makes up go to a file beside it: give a folder, -o DIR"),
        (("-o", "other.yaml"), "give a folder, -o DIR"),
        (("-o", "."), "would overwrite the file that is read"),
        (("-o", "book.yaml"), "would overwrite the file that is read"),
        (("-o", "file/x"), "cannot make the folder file/x"),
    ],
)
def test_where_it_cannot_be_written(
    words: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("book.yaml").write_text(BOOK, encoding="utf-8")
    Path("file").write_text("", encoding="utf-8")
    words = ("expand", "book.yaml", *words)
    done = CliRunner().invoke(app_for(words), words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["book.yaml", "file"]


def test_what_it_still_lacks_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("book.yaml").write_text(BOOK.replace("[60_000, 52_000]", "{file: k.csv}"), encoding="utf-8")
    Path("k.csv").write_text("close\n60000\n52000\n", encoding="utf-8")
    words = ("expand", "book.yaml", "-o", "out")
    done = CliRunner().invoke(app_for(words), words)
    assert done.exit_code == 0
    assert "there is no file 'k.csv' in the folder of the scenario" in done.stderr
    assert "out/book.yaml is written, and needs the files that it names beside it" in done.stderr


def test_a_scenario_without_any_goes_into_a_folder_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran("expand", "24-a-random-crash", "-o", "out/")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["24-a-random-crash.yaml"]
    assert Path("out/24-a-random-crash.yaml").read_text(encoding="utf-8") == ran(
        "expand", "24-a-random-crash"
    )


# --- everything else ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_every_command_takes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    expect = "expect: {bad_debt: 0, measures: {equity(retail-3)@0: EQUITY}}\n"
    account = by_id(made(BOOK))["retail-3"]
    (one,) = account.positions
    assert one.collateral is not None
    equity = one.collateral + one.side * one.size * (60_000 - one.entry)
    Path("book.yaml").write_text(BOOK + expect.replace("EQUITY", f"{equity:f}"), encoding="utf-8")
    assert ran("check", "book.yaml") == ""
    (row,) = adlcalc.margin("book.yaml", accounts=["retail-3"]).rows()
    assert row.equity == equity
    assert "retail-3" in {
        row.account for row in adlcalc.rank("book.yaml", step=0, accounts=["retail-3"]).rows()
    }
    assert "retail-3" in ran("explain", "book.yaml", "retail-3")
    vary = {"population.retail.count": [10, 40], "population.retail.seed": [7, 8]}
    swept = adlcalc.sweep("book.yaml", ["liquidations"], vary=vary, by=[])
    found = [int(point.measures["liquidations"]) for point in swept.rows("points")]
    alone = []
    for n in (10, 40):
        for seed in (7, 8):
            sets = [f"population.retail.count={n}", f"population.retail.seed={seed}"]
            alone.append(len(adlcalc.run(adlcalc.load(BOOK, sets=sets)).rows("liquidations")))
    assert found == alone
    assert len(set(alone)) > 1


@pytest.mark.slow
@pytest.mark.parametrize("count", [998, 997])
def test_a_large_book_begins_with_its_totals(count: int) -> None:
    """Above 1,000 accounts, of which three are makers."""
    text = adlcalc.run(adlcalc.load(BOOK, sets=[f"population.retail.count={count}"])).to_text()
    told = f"of {count + 3:,} liquidated at step 1; the fund paid "
    assert text.count(told) == 1
    assert (text.index(told) < text.index("\nLiquidated\n")) == (count + 3 > 1_000)


@pytest.mark.slow
def test_a_count_is_solved_in_whole_numbers() -> None:
    """Only a leverage of 20 is liquidated at the second price, and one of ten has it: the sixth is the
    first."""
    text = BOOK.replace("retail:   #", "p:   #")
    sets = ["population.p.seed=0", "population.p.side=long", "population.p.leverage={2: 9, 20: 1}"]
    draws = [int.from_bytes(sha256(f"0/0/p/{i}".encode()).digest(), "big") for i in range(1, 31)]
    levered = [i for i, whole in enumerate(draws, 1) if (whole // 2**153 % 2**51) * 10 >= 9 * 2**51]
    assert levered[0] == 6
    solved = adlcalc.solve(text, "population.p.count", until="liquidation", low="1", high="30", sets=sets)
    assert [(row["from"], row["to"]) for row in solved.to_dict()["intervals"]] == [("1", "5"), ("6", "30")]


def test_faults_of_blocks_do_not_make_faults_of_expectations() -> None:
    text = (
        BOOK.replace("side: short", "side: shorts") + "expect: {liquidated: [retail-1, makers-3, makers-4]}\n"
    )
    with pytest.raises(ScenarioErrors) as refused:
        adlcalc.load(text)
    assert [problem.message for problem in refused.value.problems] == [
        "'side' of 'makers' of 'population' must be long or short, not 'shorts'",
        "there is no account 'makers-4'",
    ]


def test_the_numbers_of_accounts_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(population, "MOST_MADE", 43)
    assert len(made(BOOK).accounts) == 43
    with pytest.raises(ScenarioErrors, match="at most 43 accounts are made up in all"):
        made(BOOK, "population.makers.count=4")


def test_a_market_is_named_by_a_block() -> None:
    text = (
        "population: {p: {count: 1, market: SOL-PERP, size: 1, entry: 0.00012345, leverage: 5}}\nprices: "
        "[0.00012345]\n"
    )
    (market,) = made(text).markets
    assert (market.name, market.tick) == ("SOL-PERP", Decimal("1E-9"))


def test_a_book_beside_those_that_are_listed(tmp_path: Path) -> None:
    (tmp_path / "more.csv").write_text(
        "id,side,size,entry,leverage\nbob,short,2,60000,10\n", encoding="utf-8"
    )
    path = tmp_path / "book.yaml"
    path.write_text(
        "accounts: [{id: alice, side: long, size: 2, entry: 60_000, leverage: 10}]\n"
        "population: {file: more.csv}\nprices: [60_000, 50_000]\n",
        encoding="utf-8",
    )
    scenario = load(path).scenario
    assert isinstance(scenario.accounts, Columns)
    assert [account.id for account in scenario.accounts] == ["alice", "bob"]


@pytest.mark.slow
def test_the_large_scenario_is_what_its_comments_count() -> None:
    """Longs and contracts by leverage, from the digests alone; who is behind them in the queue."""
    count: Counter[tuple[bool, int]] = Counter()
    lots: Counter[tuple[bool, int]] = Counter()
    fives = []
    points = [(F(0), F(1)), (F(1, 2), F(20)), (F(9, 10), F(500)), (F(99, 100), F(5_000)), (F(1), F(50_000))]
    for i in range(1, 95_001):
        whole = int.from_bytes(sha256(f"0/0/crowd/{i}".encode()).digest(), "big")
        side, size, _, leverage = (whole // 2 ** (51 * n) % 2**51 for n in range(4))
        u = F(2 * size + 1, 2**52)
        (low, at_low), (high, at_high) = next(pair for pair in pairwise(points) if u < pair[1][0])
        own = max(1, round(at_low + (u - low) / (high - low) * (at_high - at_low)))
        ends = {2: 30, 3: 60, 5: 90, 10: 96, 20: 99, 50: 100}
        key = side * 10 < 6 * 2**51, next(x for x, end in ends.items() if leverage * 100 < end * 2**51)
        count[key] += 1
        lots[key] += own
        if key == (False, 5):
            fives.append(own)
    text = (ROOT / "scenarios/large/thousands-at-once.yaml").read_text(encoding="utf-8")
    lost = {50: 5_300, 20: 3_500, 10: 500}
    for leverage, beyond in lost.items():
        bankrupt = 60_000 - 60_000 // leverage
        assert bankrupt - 53_500 == beyond
        held = D(lots[True, leverage]) / 1000
        row = [str(leverage), f"{count[True, leverage]:,}", f"{held:,}", f"{bankrupt:,}", f"{beyond:,}"]
        assert re.search(r"#\s+" + r"\s+".join([*row, f"{(held * beyond).normalize():,f}"]) + "\n", text)
    rest = sum(lots[True, x] for x in lost) - 188_681 - sum(lots[False, x] for x in lost)
    assert rest == 1_124_031
    fives.sort(reverse=True)
    assert sum(fives[:25]) < rest <= sum(fives[:26])
    assert sum(count[False, x] for x in lost) + 26 == 3_859
    rows = adlcalc.run(adlcalc.load(text)).rows("deleveraged")
    assert sum(row.forgone_pnl for row in rows) == d(
        "5461135.7"
    )  # what is lost beyond, less what the fund paid


# --- any population -----------------------------------------------------------------------------------------


def any_book(rng: random.Random) -> str:
    """Markets of odd lots and ticks, one of them perhaps inverse; blocks of every shape, listed accounts
    before."""
    lots = {
        name: rng.choice(["0.001", "0.005", "1", "5", "0.00000001"])
        for name in ("A", "B")[: rng.randint(1, 2)]
    }
    ticks = {name: rng.choice(["0.1", "0.25", "5", "0.00000001"]) for name in lots}

    def numbers(step: str, low: int, high: int) -> str:
        """In multiples of a step."""
        one = [rng.randint(low, high) * D(step) for _ in range(rng.randint(1, 4))]
        kind = rng.choice(["one", "weights", "quantiles"])
        if kind == "one":
            return f"{one[0]:f}"
        if kind == "weights":
            return "{" + ", ".join(f"{x:f}: {rng.randint(1, 5)}" for x in dict.fromkeys(one)) + "}"
        parts = [D(0), *sorted({D(rng.randint(1, 99)) / 100 for _ in one}), D(1)]
        values = sorted(D(rng.randint(low * 100, high * 100)) / 100 * D(step) for _ in parts)
        return "[" + ", ".join(f"[{p}, {x:f}]" for p, x in zip(parts, values, strict=True)) + "]"

    blocks = []
    for i, name in enumerate(rng.choices([*lots], k=rng.randint(1, 4))):
        keys = [f"market: {name}", f"count: {rng.randint(1, 30)}", f"seed: {rng.randint(0, 9)}"]
        keys += [f"size: {numbers(lots[name], 1, 5_000)}", f"entry: {numbers(ticks[name], 800, 1_200)}"]
        keys += [f"leverage: {numbers('0.01', 100, 9_000)}"]
        keys += rng.sample(
            ["margin: cross", "margin: {isolated: 1, cross: 2}", "side: {long: 1, short: 4}"], 1
        )
        blocks.append(f"  p{i}: {{{', '.join(keys)}}}")
    for name in lots:
        keys = [
            f"market: {name}",
            "count: 40",
            "size: " + numbers(lots[name], 1, 50),
            "leverage: 4",
            "balanced: true",
        ]
        blocks.append(f"  {name}: {{{', '.join(keys)}, entry: {1_000 * D(ticks[name]):f}}}")
    inverse = rng.random() < 0.3
    markets = [
        f"  {name}: {{lot: {lots[name]}, tick: {ticks[name]}{', contract: inverse, settles: X' * inverse}}}"
        for name in lots
    ]
    prices = [
        f"{name}: [{1_000 * D(tick):f}, {rng.randint(700, 1_300) * D(tick):f}]"
        for name, tick in ticks.items()
    ]
    listed = (
        f"accounts: [{{id: me, market: A, side: long, size: {lots['A']}, entry: {ticks['A']}, leverage: 2}}]"
    )
    lines = [f"money_unit: {rng.choice(['0.01', '0.00000001', '0.05'])}", "markets:", *markets, "fund: 100"]
    return "\n".join([*lines, listed, "population:", *blocks, f"prices: {{{', '.join(prices)}}}", ""])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40 if os.environ.get("ADLCALC_TESTS") == "all" else 8))
def test_any_population_is_on_the_grid_balances_and_runs_as_it_is_written_out(
    seed: int, tmp_path: Path
) -> None:
    rng = random.Random(f"population {seed}")
    text, venue = any_book(rng), rng.choice(["generic", "binance", "okx", "hyperliquid"])
    path = tmp_path / "book.yaml"
    path.write_text(text, encoding="utf-8")
    loaded = load(path, venue=venue)
    scenario = loaded.scenario
    markets = {market.name: market for market in scenario.markets}
    held: Counter[str] = Counter()
    for account in scenario.accounts:
        for one in account.positions:
            market = markets[one.market]
            assert one.leverage is not None
            assert [one.size % market.lot, one.entry % market.tick, one.leverage % d("0.01")] == [0, 0, 0]
            held[one.market] += one.side * one.size  # type: ignore[assignment]  # of Decimals
    assert set(held.values()) == {0}
    ran("expand", str(path), "-o", str(tmp_path / "out"))
    written = load(tmp_path / "out" / "book.yaml", venue=venue).scenario
    assert written == scenario
    events = list(run(scenario))[:-1]
    assert events == list(run(written))[:-1]
    assert events == list(run(scenario, index=False))[:-1]
