"""`adlcalc diff`: two runs held against each other."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from books import random_scenario
from conftest import ROOT, Result
from rules import with_rules

from adlcalc.check.facts import facts_of
from adlcalc.check.golden import compare, told_apart
from adlcalc.cli.usual import facts_in
from adlcalc.engine.happenings import Halt, Happening, Money
from adlcalc.engine.loop import run
from adlcalc.engine.model import Fund, Scenario
from adlcalc.report import Run
from adlcalc.report.columns.documents import DOCUMENTS
from adlcalc.report.run_page import run_page

Command = Callable[..., Result]
HALF = "scenarios/04-fund-half-absorbs.yaml"


def test_one_file_against_itself_with_a_change(adlcalc: Command) -> None:
    """Without its 1,000 the fund pays nothing: both of alice's coins go to bob at her bankruptcy price,
    54,000."""
    got = adlcalc("diff", HALF, "--set", "fund=0")
    assert (got.err.splitlines(), got.code) == (
        [
            f"adlcalc diff: {HALF} → {HALF} with fund=0",
            "first: 1 of 3 liquidated at step 2; the fund paid 1,000 and is empty; 1 contract deleveraged from bob at 54,000.",
            "second: 1 of 3 liquidated at step 2; 2 contracts deleveraged from bob at 54,000.",
        ],
        1,
    )
    lines = got.out.splitlines()
    assert "deleveraged: step 2: bob: size 1 → 2" in lines
    assert "liquidated: step 2: alice: deleveraged size 1 → 2" in lines
    assert "fund: step 2: paid 1,000 → 0" in lines
    assert lines[0].startswith("fund: step 0: opening 1,000 → 0")


def test_two_sets_of_different_keys_say_how_they_are_taken(adlcalc: Command) -> None:
    """Somebody may have meant both changes against none: each is held against the other, and that is said."""
    got = adlcalc("diff", HALF, "--set", "fund=0", "--set", "accounts.bob.leverage=3")
    assert got.err.startswith(
        f"adlcalc diff: {HALF} with fund=0 → {HALF} with accounts.bob.leverage=3; each without the other; --both "
        "gives a value to the two\n"
    )
    got = adlcalc("diff", HALF, "--set", "fund=0", "--set", "fund=5_000")
    assert got.err.startswith(f"adlcalc diff: {HALF} with fund=0 → {HALF} with fund=5_000\nfirst: ")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("--set", "accounts.bob.leverage=3"),
            f"{HALF} → {HALF} with accounts.bob.leverage=3; both with fund=0",
        ),
        (("--venue", "bybit"), f"{HALF} → {HALF} under bybit; both with fund=0"),
        (
            ("--venue", "bybit", "--set", "fund=7"),
            f"{HALF} → {HALF} under bybit with fund=7; both with fund=0; two changes at once; --both "
            "venue=bybit leaves the second alone",
        ),
        (
            ("--both", "venue=bybit", "--set", "fund=7"),
            f"{HALF} → {HALF} with fund=7; both with fund=0, venue=bybit",
        ),
        (("--venue", "bybit", "--venue", "okx"), f"{HALF} under bybit → {HALF} under okx; both with fund=0"),
        ((HALF, "--venue", "okx"), f"{HALF} → {HALF}; both under okx with fund=0"),
        (
            ("--set", "fund=7", "--set", "fund=8"),
            f"{HALF} with fund=7 → {HALF} with fund=8; both with fund=0",
        ),
    ],
)
def test_what_both_are_to_have(adlcalc: Command, words: tuple[str, ...], told: str) -> None:
    """The same as of two files that have it, whichever way the two sides are given."""
    got = adlcalc("diff", HALF, "--both", "fund=0", *words)
    assert got.err.splitlines()[0] == f"adlcalc diff: {told}"
    assert "fund 1000" not in got.out


def test_a_change_where_the_fund_is_empty_as_well(adlcalc: Command) -> None:
    """With nothing in the fund both of alice's coins go to whoever is first: bob, and at 3 times carol, who has
    one, before him. Without --both it is one of them."""
    got = adlcalc("diff", HALF, "--both", "fund=0", "--set", "accounts.bob.leverage=3")
    assert "fund" not in got.out
    assert "deleveraged: step 2: carol: now deleveraged (" in got.out
    assert "deleveraged: step 2: bob: size 2 → 1\n" in got.out


def test_what_is_only_assumed_is_no_happening(adlcalc: Command) -> None:
    """Nobody is deleveraged in the first scenario, and no fee is taken there: who receives fees decides nothing.
    What the generic maintenance is given as outright is no longer assumed, and nothing else changes."""
    one = "scenarios/01-margin-call-without-loss.yaml"
    got = adlcalc("diff", one, "--set", "rules.fees.to=venue")
    assert (got.out, got.code) == ("", 0)
    assert got.err.endswith("adlcalc diff: the same happens in both\n")
    got = adlcalc("diff", one, "--both", "venue=bybit", "--set", "rules.margin.commission=both-sides")
    assert (got.out, got.code) == ("assumptions: no longer assumed: margin.commission\n", 1)
    assert got.err.endswith("adlcalc diff: nothing that happens changes, only what is assumed\n")


def test_rows_that_are_names_alone(adlcalc: Command) -> None:
    got = adlcalc("diff", "04-fund-half-absorbs", "--venue", "bybit")
    assert "assumptions: now assumed: adl.score\n" in got.out
    assert "(nothing)" not in got.out


def test_two_sets_two_venues_two_files(adlcalc: Command, tmp_path: Path) -> None:
    got = adlcalc("diff", HALF, "--set", "fund=0", "--set", "fund=500")
    assert "fund: step 2: paid 0 → 500" in got.out
    got = adlcalc("diff", HALF, "--venue", "generic", "--venue", "fund-only")
    assert "bob: no longer deleveraged (" in got.out
    other = tmp_path / "other.yaml"
    shutil.copy(ROOT / HALF, other)
    told = f"adlcalc diff: {HALF} → {other}\nadlcalc diff: the same happens in both\n"
    assert adlcalc("diff", HALF, str(other)) == Result("", told, 0)
    text = other.read_text(encoding="utf-8").replace("fund: 1_000", "fund: 999.9").partition("expect:")[0]
    other.write_text(text, encoding="utf-8")
    got = adlcalc("diff", HALF, str(other))
    assert (got.code, "fund: step 2: paid 1,000 → 999" in got.out) == (1, True)
    assert adlcalc("diff", HALF, str(other), "-q") == Result("", "", 1)
    got = adlcalc("diff", HALF, str(other), "--limit", "1")
    assert got.out.splitlines()[1].startswith("… ")


@pytest.mark.parametrize(
    "arguments",
    [
        [HALF],
        [HALF, HALF, HALF],
        ["-", "-"],
        ["-", "--set", "fund=1"],
        [HALF, HALF, "--venue", "okx", "--venue", "bybit"],
        [HALF, "--set", "fund=1", "--set", "fund=2", "--set", "fund=3"],
        [HALF, "no-such.yaml"],
        [HALF, "--venue", "okex"],
    ],
)
def test_what_cannot_be_held_against_each_other(adlcalc: Command, arguments: list[str]) -> None:
    got = adlcalc("diff", *arguments)
    assert (got.out, got.code) == ("", 2)
    assert got.err
    assert "Traceback" not in got.err


FEES = """
venue: kucoin
fund: 1_000
accounts:
  - {id: x, side: long, size: 1, entry: 100, leverage: 10}
  - {id: y, side: short, size: 1, entry: 100, leverage: 2}
prices: [100, 90.3]
"""


def test_a_table_that_only_one_of_the_two_has(adlcalc: Command, tmp_path: Path) -> None:
    """A halt that nobody notices, and a fee on a liquidation at 90.3: 0.002 x 90.3 = 0.1806 of a surplus of
    0.3. Without them nothing of the kind happens, and the run has no such table."""
    file = tmp_path / "s.yaml"
    file.write_text(FEES)
    halted = "events=[{step: 0, halt: true}, {step: 1, halt: false}]"
    now = adlcalc("diff", str(file), "--both", "venue=generic", "--set", halted)
    gone = adlcalc("diff", str(file), "--both", "venue=generic", "--both", halted, "--set", "events=[]")
    assert (now.code, gone.code) == (1, 1)
    assert "events: step 0: halt MARKET: row is new\n" in now.out
    assert "events: step 0: halt MARKET: row is gone\n" in gone.out
    fee = adlcalc("diff", str(file), "--set", "rules.fees.liquidation=0.002")
    assert "row is new (amount 0.1806" in fee.out
    quiet = ("verify", str(tmp_path / "r.json"), "--of")
    (tmp_path / "r.json").write_text(adlcalc("run", str(file), "-f", "json").out)
    assert adlcalc(*quiet, f"run {file} -f json").code == 0
    sent = adlcalc(*quiet, f"run {file} -f json --set rules.fees.liquidation=0.002")
    assert (sent.code, "row is new (amount 0.1806" in sent.out) == (1, True)


PROSE = {"schema", "title", "description", "as_of", "file", "note", "claim", "text", "because", "source"}
"""What is said to people, and the numbers of claims: no fact."""


def told(value: Any) -> Any:
    """A JSON without its prose."""
    if isinstance(value, dict):
        return {key: told(one) for key, one in value.items() if key not in PROSE}
    return [told(one) for one in value] if isinstance(value, list) else value


def changes(one: Scenario, rng: random.Random) -> Iterator[Scenario]:
    """The scenario with one thing changed, as any of it may be."""
    market, step = rng.choice(one.markets).name, rng.randrange(one.path.steps)
    halted = {step: (Halt(market, True),), one.path.steps - 1: (Halt(market, False),)}
    yield one
    yield with_rules(one, rng.randrange(1000))
    yield replace(
        one, funds=tuple(Fund(a.name, rng.choice([0, 3, 99]) + a.floor, a.floor) for a in one.funds)
    )
    yield replace(one, accounts=one.accounts[1:])
    yield with_events(one, halted)
    for who in one.accounts[:1]:
        yield with_events(one, {step: (Money(who.id, Decimal(rng.choice([7, -7]))),)})
    yield replace(one, exempt=frozenset(who.id for who in one.accounts[:2]))


def with_events(one: Scenario, events: dict[int, tuple[Happening, ...]]) -> Scenario:
    return replace(one, path=replace(one.path, events=events))


@pytest.mark.slow
@pytest.mark.parametrize("block", range(4))
def test_nothing_differs_only_where_both_tell_the_same(block: int) -> None:
    """Of any change of any book, one way and back: a fact of the JSON that differs is told, and where none does
    there is nothing to tell."""
    same = 0
    for seed in range(block * 20, block * 20 + 20):
        rng = random.Random(seed)
        first = with_rules(random_scenario(seed, funding=seed % 2 == 0, most_accounts=9), seed)
        runs = [Run(each, tuple(run(each))) for each in (first, *changes(first, rng))]
        facts = [facts_of(run_page(each)) for each in runs]
        json = [told(each.to_dict()) for each in runs]
        for i in range(1, len(runs)):
            for a, b in ((0, i), (i, 0)):
                found = compare(facts[a], facts[b], DOCUMENTS["run"], of_now=True)
                assert (not found) == (json[a] == json[b]), (seed, i, found[:3])
                same += not found
    assert same > 40


TWICE = """
fund: 0
accounts:
  - {id: x, side: long, size: 1, entry: 100, leverage: 10}
  - {id: y, side: long, size: 1, entry: 99, leverage: 10}
  - {id: bea, side: short, size: 3, entry: 103, leverage: 3}
prices: [100, 80]
"""
"""x is bankrupt at 90, y at 89.1, and bea takes both at step 1."""


def test_two_fills_of_one_account_are_told_apart(adlcalc: Command, tmp_path: Path) -> None:
    """Of x she takes half a contract more: her short from 103 wins 13 a contract at 90. What she takes of y
    is the same, out of half a contract less."""
    file = tmp_path / "s.yaml"
    file.write_text(TWICE)
    lines = adlcalc("diff", str(file), "--set", "accounts.x.size=1.5").out.splitlines()
    assert "deleveraged: step 1: bea (against x): size 1 → 1.5" in lines
    assert "deleveraged: step 1: bea (against x): realized pnl 13 → 19.5" in lines
    assert "deleveraged: step 1: bea (against y): size before 2 → 1.5" in lines
    assert not any("MARKET" in line for line in lines if line.startswith("deleveraged"))
    assert "liquidated: step 1: x: size 1 → 1.5" in lines, "one row needs no more than its name"


def test_scores_have_the_digits_that_tell_them_apart(adlcalc: Command, tmp_path: Path) -> None:
    """pnl / entry value x notional / equity at 80: 23 / 103 x 240 / (69 + 103) = 0.311583; from 104 it is
    24 / 104 x 240 / (72 + 104) = 0.314685."""
    file = tmp_path / "s.yaml"
    file.write_text(TWICE)
    out = adlcalc("diff", str(file), "--set", "accounts.bea.entry=104").out
    assert "bea (against x): score 0.311583 → 0.314685\n" in out
    gone = adlcalc("diff", str(file), "--set", "accounts.bea.size=1").out
    assert "no longer deleveraged (" in gone
    assert "score 0.311583," in gone


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        (f"0.{'3' * 60}", f"0.{'6' * 60}", ("0.333333", "0.666667")),
        (f"0.{'3' * 60}", f"0.{'3' * 12}4{'3' * 47}", ("0.3333333333333", "0.3333333333334")),
        (f"-1.{'0' * 30}1", "2", ("-1", "2")),
        ("0.123456789012345678", "0.123456789012345679", ("0.123456789012345678", "0.123456789012345679")),
        ("54271.35678391", "54271.3567839", ("54271.35678391", "54271.3567839")),
        (None, f"0.{'3' * 60}", (None, "0.333333")),
        ("long", "short", ("long", "short")),
    ],
)
def test_values_are_as_long_as_it_takes(
    old: str | None, new: str | None, shown: tuple[str | None, str | None]
) -> None:
    assert told_apart(old, new) == shown


def test_a_fact_is_folded_where_a_width_is_asked_for(adlcalc: Callable[..., Result]) -> None:
    """In a pipe a line is a fact; with a width what follows stands under its beginning, and nothing is
    lost."""
    plain = adlcalc("diff", "okx-2024", "okx").out
    folded = adlcalc("diff", "okx-2024", "okx", "--width", "60").out
    assert max(map(len, plain.splitlines())) > 80
    assert max(map(len, folded.splitlines())) <= 60
    assert folded.split() == plain.split()
    facts = [line for line in folded.splitlines() if not line.startswith("    ")]
    assert len(facts) == len(plain.splitlines())


def test_only_what_tells_a_fact_is_folded_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "40")
    text = (
        "a.yaml:1:1: golden: it is otherwise\n  fund: step 0: opening of the fund 20 → 7 and more\n-{"
        + "x" * 50
        + "}\n"
    )
    _, fact, more, line, end = facts_in(text, None, None).split("\n")
    assert (fact, more) == ("  fund: step 0: opening of the fund", "      20 → 7 and more")
    assert (len(line), end) == (53, "")
    assert facts_in(text, None, "file.txt") == text


def test_a_status_is_told_as_a_run_tells_it(adlcalc: Command, tmp_path: Path) -> None:
    """bea gives up all three contracts where both longs fall, and none where the mark stays."""
    file = tmp_path / "s.yaml"
    file.write_text(TWICE.replace("size: 3", "size: 2"))
    out = adlcalc("diff", str(file), "--both", "markets={M: {liquidity: none}}", "--set", "prices.1=99").out
    assert "accounts: bea: status closed, deleveraged → open\n" in out


@pytest.mark.parametrize("name", ["d.json", "d.csv", "d.md"])
def test_lines_of_text_do_not_go_where_a_format_is_asked_for(
    adlcalc: Command, tmp_path: Path, name: str
) -> None:
    got = adlcalc("diff", HALF, "--set", "fund=0", "-o", str(tmp_path / name))
    assert got.code == 2
    assert "diff writes lines of text" in got.err
    assert not (tmp_path / name).exists()


def test_what_follows_from_a_line_is_no_line_of_its_own(adlcalc: Command, tmp_path: Path) -> None:
    """The fund pays 1 of 5 less, two steps later again; in between it holds what it held, and every step opens with
    what the one before closed with: three lines of the fund, and none of the steps."""
    file = tmp_path / "s.yaml"
    file.write_text(
        "fund: 100\naccounts:\n"
        "  - {id: a, side: long, size: 1, entry: 100, collateral: 10}\n"
        "  - {id: b, side: long, size: 1, entry: 100, collateral: 30}\n"
        "  - {id: s, side: short, size: 2, entry: 100, leverage: 1}\n"
        "prices: [100, 85, 85, 65]\n"
    )
    got = adlcalc("diff", str(file), "--set", "accounts.a.collateral=11")
    lines = [one for one in got.out.splitlines() if one.startswith(("fund: ", "steps: "))]
    assert lines == [
        "fund: step 1: paid 5 → 4",
        "fund: step 1: closing 95 → 96",
        "fund: step 3: closing 90 → 91",
    ]


def test_where_rulebooks_differ_their_rules_are_a_command_away(adlcalc: Command, tmp_path: Path) -> None:
    """The same happens, by other numbers: told once; which rules it was is told of two of ours."""
    file = tmp_path / "book.yaml"
    file.write_text(
        "venue: bitmex\nmarkets: {XYZ: {tick: 0.5, lot: 1, liquidity: unlimited}}\nfund: 500\naccounts:\n"
        "  - {id: kai, side: long, size: 40, entry: 1_000, leverage: 20}\n"
        "  - {id: lee, side: short, size: 25, entry: 1_010, leverage: 10}\n"
        "  - {id: mia, side: short, size: 10, entry: 990, leverage: 2}\n"
        "  - {id: noa, side: short, size: 5, entry: 1_020, leverage: 50}\nprices: [1000, 970, 930, 900]\n"
    )
    lines = adlcalc("diff", str(file), "--venue", "bybit").err.splitlines()
    assert lines[1].startswith(
        "both: 1 of 4 liquidated at step 2; the fund paid 500 and is empty; 15 contracts"
    )
    assert lines[2] == "Which rules differ: adlcalc diff bitmex bybit"
    assert "Which rules differ" not in adlcalc("diff", str(file), "--set", "fund=0").err
