"""`adlcalc check`: expectations, goldens, and how a difference is told."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import PATIENCE, ROOT, Result, hear_ctrl_c

from adlcalc import face
from adlcalc.check.golden import compare, compare_pages
from adlcalc.report.columns.documents import DOCUMENTS

Command = Callable[..., Result]
HALF = "04-fund-half-absorbs"
FUND_LEFT = (ROOT / "scenarios" / f"{HALF}.yaml").read_text(encoding="utf-8").split("\n").index(
    "  fund_left: 0"
) + 1
"""The line that several tests make wrong."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three scenarios of their own, the goldens of all written."""
    for name in (HALF, "05-fund-empty-adl", "16-queue-too-short"):
        shutil.copy(ROOT / "scenarios" / f"{name}.yaml", tmp_path)
    return tmp_path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def well(files: int, goldens: int, came_out: str = "all as expected") -> str:
    """The last line on stderr."""
    told = [f"{n} {what}{'s' * (n != 1)}" for n, what in ((files, "file"), (goldens, "golden"))]
    return f"adlcalc check: {', '.join(told)}: {came_out}\n"


def without_expect(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8").partition("expect:")[0], encoding="utf-8")


# --- all is well --------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_shipped_scenarios_and_rulebooks_pass_silently(adlcalc: Command) -> None:
    """Scenario 19 has a backstop for the venues that ask one, which is noted under its own."""
    noted = adlcalc("run", "scenarios/19-one-book-many-venues.yaml").err
    assert noted.startswith("scenarios/19-one-book-many-venues.yaml:30:1: note: 'backstop' plays no part")
    told = adlcalc("check", "scenarios", "adlcalc/venues")
    assert (told.out, told.code) == ("", 0)
    files = re.fullmatch(
        r"adlcalc check: (\d+) files, 0 goldens: all as expected\n", told.err.removeprefix(noted)
    )
    assert files is not None
    assert int(files[1]) > 50
    assert adlcalc("check", "scenarios", "adlcalc/venues", "-q") == Result("", "", 0)


@pytest.mark.slow
@pytest.mark.parametrize("style", ["table", "json", "csv"])
def test_update_writes_goldens_and_says_so(adlcalc: Command, folder: Path, style: str) -> None:
    got = adlcalc("check", str(folder), "--update", "--golden-format", style)
    assert got.out.count(": new\n") == 3
    assert (got.err, got.code) == (well(3, 3, "3 written"), 0)
    assert len(list(folder.glob("*.golden"))) == 3
    assert not list(folder.glob("*.tmp"))
    assert adlcalc("check", str(folder)) == Result("", well(3, 3), 0)
    assert adlcalc("check", str(folder), "--update") == Result("", well(3, 3), 0)


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [["-f", "table"], ["-f", "json"], ["-f", "csv"], ["--steps"], ["--limit", "1"], ["--steps", "-f", "csv"]],
)
def test_what_run_has_written_is_a_golden(adlcalc: Command, folder: Path, arguments: list[str]) -> None:
    for path in folder.glob("*.yaml"):
        assert adlcalc("run", str(path), *arguments, "-o", str(path.with_suffix(".golden"))).code == 0
    got = adlcalc("check", str(folder))
    if arguments == ["--limit", "1"]:  # only the default limit can be known from a golden
        assert got.code == 1
    elif "csv" in arguments or "json" in arguments:
        assert got == Result("", well(3, 3), 0)
    else:  # a page: it is held as it is, and how to renew it is said once
        told = (
            f"{folder / HALF}.golden and 2 more hold what a page showed, and not every fact; --update "
            "renews that"
        )
        assert got == Result("", f"adlcalc check: {told}\n{well(3, 3)}", 0)
        assert adlcalc("check", str(folder), "-q") == Result("", "", 0)
        got = adlcalc("check", str(folder), "--update")
        assert got.out.count(".golden: the same, now as facts\n") == 3
        assert (
            (folder / f"{HALF}.golden").read_text(encoding="utf-8").startswith('{"golden": "adlcalc run", ')
        )
        assert adlcalc("check", str(folder)) == Result("", well(3, 3), 0)


def test_a_golden_with_line_breaks_of_windows_is_the_same(adlcalc: Command, folder: Path) -> None:
    adlcalc("check", str(folder), "--update")
    for path in folder.glob("*.golden"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert adlcalc("check", str(folder)).code == 0


def test_standard_input_is_held_to_its_expectations(adlcalc: Command) -> None:
    text = (ROOT / "scenarios" / f"{HALF}.yaml").read_bytes()
    assert adlcalc("check", "-", stdin=text) == Result("", well(1, 0), 0)
    got = adlcalc("check", "-", stdin=text.replace(b"fund_left: 0", b"fund_left: 7"))
    assert (got.out, got.code) == (
        f"-:{FUND_LEFT}:14: expect: fund_left: expected 7, got 0 (difference -7)\n",
        1,
    )


# --- differences --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", ["json", "csv"])
def test_a_difference_is_told_with_its_table_row_column_and_first_event(
    adlcalc: Command, folder: Path, style: str
) -> None:
    path = folder / f"{HALF}.yaml"
    without_expect(path)
    adlcalc("check", str(path), "--update", "--golden-format", style)
    change(
        path,
        "{id: alice, side: long,  size: 2, entry: 60_000, leverage: 10}",
        "{id: alice, side: long, size: 2, entry: 60_000, collateral: 12_020}",
    )
    got = adlcalc("check", str(path))
    first, *more = got.out.splitlines()
    line = (
        path.read_text(encoding="utf-8")
        .split("\n")
        .index(next(x for x in path.open() if "id: alice" in x).rstrip())
        + 1
    )
    assert first == f"{path}:{line}:5: golden: step 2: alice: bankruptcy price 54,000 → 53,990"
    assert got.code == 1
    assert "  liquidated: step 2: alice: bankruptcy price 54,000 → 53,990" in more
    assert "  deleveraged: step 2: bob: price 54,000 → 53,990" in more
    assert f"--- {path.with_suffix('.golden')}" in more
    assert any(line.startswith("@@ ") for line in more)


@pytest.mark.slow
def test_a_long_diff_is_counted_until_it_is_asked_for(adlcalc: Command, folder: Path) -> None:
    """Of four times the steps more than forty rows differ; the words come first in both."""
    path = folder / f"{HALF}.yaml"
    without_expect(path)
    change(path, "prices:", "prices: [" + "60_000, 56_000, " * 30 + "53_000]\nold_prices:")
    text = path.read_text(encoding="utf-8").split("old_prices:")
    path.write_text(text[0], encoding="utf-8")
    adlcalc("check", str(path), "--update")
    change(path, "fund: 1_000", "fund: 2_000")
    short, whole = adlcalc("check", str(path)).out, adlcalc("check", str(path), "--diff").out
    words, last = short.rstrip("\n").rsplit("\n", 1)
    rows = [line for line in whole.partition("@@ ")[2].splitlines()[1:] if line.startswith(("+", "-"))]
    assert len(rows) > 40
    assert last == f"  {len(rows)} lines differ: --diff shows them"
    assert whole.startswith(words)
    assert "@@ " not in short


def test_what_happens_no_more_is_told_row_by_row() -> None:
    """A run in which nobody pays a fee has no table of what else happened."""
    fee = {"step": 2, "kind": "fee", "account": "sue", "amount": "-0.5"}
    found = compare({"events": [fee]}, {}, DOCUMENTS["run"])
    assert [difference.event for difference in found] == ["step 2: fee sue: row is gone (amount -0.5)"]


def test_who_is_deleveraged_no_longer_and_who_is_now(adlcalc: Command, folder: Path) -> None:
    path = folder / f"{HALF}.yaml"
    without_expect(path)
    adlcalc("check", str(path), "--update")
    change(path, "fund: 1_000", "rules: {adl: {score: size}}\nfund: 1_000")
    change(path, "side: short, size: 1, entry: 61_000", "side: short, size: 3, entry: 61_000")
    out = adlcalc("check", str(path)).out
    assert "carol: now deleveraged (" in out
    assert "bob: no longer deleveraged (" in out


def test_a_broken_rule_is_noticed_and_named(
    adlcalc: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from adlcalc.engine.formulas.scores import SCORES, Score
    from adlcalc.venues.rulebook import known_book

    adlcalc("check", str(folder), "--update")
    whole = SCORES["generic"]
    other_way_round = Score("generic", whole.meaning, lambda x: -whole(x), whole.formula, whole.reads)
    known_book.cache_clear()
    with monkeypatch.context() as broken:
        broken.setitem(SCORES, "generic", other_way_round)
        got = adlcalc("check", str(folder / "05-fund-empty-adl.yaml"))
    known_book.cache_clear()
    assert got.code == 1
    assert "golden: step 2: " in got.out
    assert "rank" in got.out
    assert "expect: deleveraged: row 1: expected dave, got " in got.out


OWN = """venue: mine
title: Mine
as_of: '2026'
extends: generic
margin: {maintenance: 0.01}
adl: {policy: pro-rata}
"""


def test_the_rule_that_has_changed_is_told(adlcalc: Command, tmp_path: Path) -> None:
    """A golden holds facts; the rules beside them say why they are others, and are no difference
    themselves."""
    scenario, rulebook = tmp_path / "s.yaml", tmp_path / "mine.yaml"
    scenario.write_text(
        "venue: mine.yaml\nprices: [100, 95]\n"
        "accounts: [{id: a, side: long, size: 1, entry: 100, leverage: 2}]\n",
        encoding="utf-8",
    )
    rulebook.write_text(OWN, encoding="utf-8")
    assert adlcalc("check", str(scenario), "--update").code == 0
    rulebook.write_text(OWN.replace("0.01", "0.02"), encoding="utf-8")
    told = adlcalc("check", str(scenario))
    assert told.code == 1
    assert "rule margin.maintenance is 0.02, it was 0.01" in " ".join(told.out.split())
    github = adlcalc("check", str(scenario), "-f", "github").out
    assert "rule margin.maintenance is 0.02, it was 0.01" in github.splitlines()[0]
    rulebook.write_text(OWN + "last_resort: {policy: haircut}\n", encoding="utf-8")  # of no use here
    assert adlcalc("check", str(scenario)).code == 0
    assert "the same facts; rule last_resort.policy is haircut, it was bad-debt" in " ".join(
        adlcalc("check", str(scenario), "--update").out.split()
    )
    rulebook.write_text(OWN.replace("0.01", "0.03") + "last_resort: {policy: haircut}\n", encoding="utf-8")
    updated = adlcalc("check", str(scenario), "--update")
    assert "rule margin.maintenance is 0.03, it was 0.01" in " ".join(updated.out.split())


def test_a_rule_that_has_changed_and_changes_no_fact_is_noted(adlcalc: Command, tmp_path: Path) -> None:
    """Nobody is liquidated, so that the fee on what is closed plays no part; with --rules it fails."""
    scenario, rulebook = tmp_path / "s.yaml", tmp_path / "mine.yaml"
    scenario.write_text(
        "venue: mine.yaml\nprices: [100, 95]\n"
        "accounts: [{id: a, side: long, size: 1, entry: 100, leverage: 2}]\n",
        encoding="utf-8",
    )
    rulebook.write_text(OWN + "fees: {liquidation: 0.005}\n", encoding="utf-8")
    assert adlcalc("check", str(scenario), "--update", "--golden-of", "explain a").code == 0
    rulebook.write_text(OWN + "fees: {liquidation: 0.01}\n", encoding="utf-8")
    alone = "rule fees.liquidation is 0.01, it was 0.005; no fact changes"
    told = adlcalc("check", str(scenario))
    assert (told.out, told.code) == ("", 0)
    assert told.err == f"{scenario}:1:1: note: {alone}\n{well(1, 2)}"
    assert adlcalc("check", str(scenario), "-q") == Result("", "", 0)
    noted = adlcalc("check", str(scenario), "-f", "github")
    assert noted.out == f"::notice file={scenario},line=1,col=1,title=adlcalc note::{alone}\n"
    assert (noted.err, noted.code) == (well(1, 2), 0)
    held = adlcalc("check", str(scenario), "--rules")
    assert (held.out, held.code) == (f"{scenario}:1:1: rules: {alone}\n", 1)
    assert held.err == "adlcalc check: 1 of 1 did not pass\n"
    found = adlcalc("check", str(scenario), "--rules", "-f", "github").out
    assert found == f"::error file={scenario},line=1,col=1,title=adlcalc rules::{alone}\n"
    [row] = face.check(scenario, rules=True).rows("findings")
    assert (row["kind"], row["message"]) == ("rules", alone)
    assert not face.check(scenario).rows("findings")
    change(tmp_path / "s.golden", '"95"', '"94"')  # then it is told with the fact, and nothing beside it
    differs = adlcalc("check", str(scenario))
    assert (differs.code, "no fact changes" in differs.out + differs.err) == (1, False)
    assert "rule fees.liquidation is 0.01, it was 0.005" in " ".join(differs.out.split())


def test_a_golden_that_is_gone_fails_where_it_is_required(adlcalc: Command, folder: Path) -> None:
    file = str(folder / "05-fund-empty-adl.yaml")
    assert adlcalc("check", file).code == 0
    told = adlcalc("check", file, "--require-golden")
    assert told.code == 1
    assert "it has no golden" in told.out
    assert adlcalc("check", file, "--update", "--require-golden").code == 0
    assert adlcalc("check", file, "--require-golden").code == 0


def test_a_page_at_full_width_is_a_golden_where_somebody_asks(adlcalc: Command, folder: Path) -> None:
    path = folder / f"{HALF}.yaml"
    without_expect(path)
    adlcalc("check", str(path), "--update", "--golden-format", "table")
    text = path.with_suffix(".golden").read_text(encoding="utf-8")
    assert text.startswith("# adlcalc run --steps --format table\nThe fund covers half")
    assert "bankruptcy" in text
    assert "realized" in text
    change(path, "size: 2, entry: 60_000, leverage: 10", "size: 2, entry: 60_000, collateral: 12_020")
    got = adlcalc("check", str(path))
    assert (got.code, got.err) == (1, "adlcalc check: 1 of 1 did not pass\n")
    assert "golden: line " in got.out
    assert adlcalc("check", str(path), "--update").code == 0
    assert (
        path.with_suffix(".golden")
        .read_text(encoding="utf-8")
        .startswith("# adlcalc run --steps --format table\n")
    )


def test_only_the_first_step_that_differs_is_the_first_event() -> None:
    found = compare(
        {
            "liquidations": [{"step": 1, "account": "a", "book_size": "2"}],
            "fund": [{"step": 3, "fund": "f", "paid": "1"}],
        },
        {
            "liquidations": [{"step": 1, "account": "a", "book_size": "1"}],
            "fund": [{"step": 3, "fund": "f", "paid": "2"}],
        },
        DOCUMENTS["run"],
    )
    assert [difference.event for difference in found] == [
        "step 1: a: book size 2 → 1",
        "step 3: f: paid 1 → 2",
    ]


def test_rows_in_another_order_and_pages() -> None:
    rows = [{"step": 1, "account": "a"}, {"step": 1, "account": "b"}]
    found = compare({"skipped": rows}, {"skipped": rows[::-1]}, DOCUMENTS["run"])
    assert [difference.event for difference in found] == ["step 1: row 1 of skipped: is a → b"]
    page = compare_pages("title\n\nsome\ntext\n", "title\n\nsome\nother\n", old_name="old", new_name="new")
    assert page is not None
    assert (page.first, page.line) == ("line 4: text → other", 4)
    page = compare_pages("some\n", "some", old_name="old", new_name="new")
    assert page is not None
    assert page.first == "the line break at the end differs"


def test_fills_of_one_account_against_others_are_told_apart() -> None:
    """The first of three fills is gone: the other two are the same, whatever their place."""
    fills = [{"step": 1, "account": "bob", "bankrupt": name, "size": "1"} for name in ("a", "b", "c")]
    found = compare({"deleveraged": fills}, {"deleveraged": fills[1:]}, DOCUMENTS["run"])
    assert [difference.event for difference in found] == [
        "step 1: bob (against a): no longer deleveraged (bankrupt a, size 1)"
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    ["", "{", "[1, 2]", '{"a": [1]}', "table,step\n1\n", "x\n\n---  ---\n", "a\n\nb\n--\n\n-", "[" * 100_000],
)
def test_a_golden_that_is_no_result_is_a_difference_and_no_crash(
    adlcalc: Command, folder: Path, text: str
) -> None:
    (folder / f"{HALF}.golden").write_text(text, encoding="utf-8")
    got = adlcalc("check", str(folder / f"{HALF}.yaml"))
    assert (got.code, got.err.splitlines()[-1]) == (1, "adlcalc check: 1 of 1 did not pass")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('{"golden": "adlcalc run", "schema": "adlcalc.run/1",\n<<<<<<< HEAD\n', 2, "it is no JSON: "),
        ('{"golden": "adlcalc run", "fund": 1}', 1, "'fund' is no list of rows"),
        ('{"golden": 1}', 1, "its first line names no command"),
        ('{"golden": "adlcalc rnk"}', 1, "no golden is of the command 'rnk'"),
        ('{"golden": "adlcalc rank --sied long"}', 1, "cannot be read: "),
        ('{"golden": "adlcalc rank --account bobb"}', 1, "there is no account 'bobb' in the scenario"),
        ("# adlcalc run --step \ud83d\n", 1, ""),
    ],
)
def test_a_golden_that_cannot_be_held_is_an_error_at_its_line(
    adlcalc: Command, folder: Path, text: str, line: int, message: str
) -> None:
    golden = folder / f"{HALF}.golden"
    golden.write_text(text, encoding="utf-8", errors="replace")
    got = adlcalc("check", str(folder / f"{HALF}.yaml"))
    assert got.code == 2
    assert got.err.startswith(f"{golden}:{line}:{line}: error: ") or got.err.startswith(
        f"{golden}:{line}:1: error: "
    )
    assert message in got.err
    assert "Traceback" not in got.err


def test_a_large_difference_is_cut() -> None:
    old = "".join(f"line {i}\n" for i in range(200_000))
    found = compare_pages(old, old.replace("line", "row"), old_name="old", new_name="new")
    assert found is not None
    assert found.diff.endswith("... the diff ends here, 199,600 lines follow")


def test_no_control_character_of_a_golden_reaches_the_terminal(adlcalc: Command, folder: Path) -> None:
    (folder / f"{HALF}.golden").write_text("\x1b[31mred\x07\n", encoding="utf-8")
    out = adlcalc("check", str(folder / f"{HALF}.yaml")).out
    assert "\x1b" not in out
    assert "\\x1b[31mred\\x07" in out


# --- expect, strict, broken files ---------------------------------------------------------------------------


def test_an_expectation_that_is_not_met_is_told_with_its_line(adlcalc: Command, folder: Path) -> None:
    path = folder / f"{HALF}.yaml"
    change(path, "fund_left: 0", "fund_left: 5")
    got = adlcalc("check", str(folder))
    assert got.out == f"{path}:{FUND_LEFT}:14: expect: fund_left: expected 5, got 0 (difference -5)\n"
    assert (got.err, got.code) == ("adlcalc check: 1 of 3 did not pass\n", 1)
    assert adlcalc("check", str(folder), "-q").err == ""


@pytest.mark.slow
def test_strict_also_fails_on_assumed_rules_unbalanced_books_and_bad_debt(
    adlcalc: Command, folder: Path
) -> None:
    path = folder / "16-queue-too-short.yaml"
    change(path, "size: 6,  entry: 84", "size: 7,  entry: 84")
    without_expect(path)
    got = adlcalc("check", str(path), "--strict")
    assert got.code == 1
    line = path.read_text(encoding="utf-8").split("\n").index("accounts:") + 1
    rest = "the book is unbalanced: the rest of the market begins with long 1 COIN-PERP"
    assert f"{path}:{line}:1: strict: {rest}\n" in got.out
    assert f"{path}:{line}:1: strict: bad debt 21\n" in got.out
    assert adlcalc("check", str(path)).code == 0
    assert "strict: assumed rule adl." in adlcalc("check", "scenarios", "--strict").out


def test_every_file_is_worked_and_the_worst_code_wins(adlcalc: Command, folder: Path) -> None:
    (folder / "a-broken.yaml").write_text("prizes: [1]\n", encoding="utf-8")
    change(folder / f"{HALF}.yaml", "fund_left: 0", "fund_left: 5")
    got = adlcalc("check", str(folder))
    assert got.code == 2
    assert "unknown key 'prizes'" in got.err
    assert "expect: fund_left" in got.out
    assert adlcalc("check", str(folder / "no-such.yaml")).code == 2


def test_a_rulebook_is_checked_as_one(adlcalc: Command, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        'venue: mine\ntitle: t\nas_of: "2026"\nextends: generic\nadl:\n  score: {value: sze, status: '
        "assumed, "
        "note: n}\n"
    )
    got = adlcalc("check", str(tmp_path))
    assert got.err.startswith(f"{path}:6:18: error: ")
    assert got.code == 2
    change(path, "sze", "size")
    assert adlcalc("check", str(tmp_path)) == Result("", well(1, 0), 0)


@pytest.mark.slow
def test_the_fault_of_a_rulebook_is_told_once_and_spelled_one_way(
    adlcalc: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However the folder is named, and however many scenarios use the rulebook."""
    faulty = 'venue: ours\ntitle: t\nas_of: "2026"\nextends: bybit\nadl:\n  price: bankrupcy\n'
    book = (
        "venue: ours.yaml\naccounts: [{id: a, side: long, size: 1, entry: 9, leverage: 2}]\nprices: [9, 8]\n"
    )
    for name, text in {"ours.yaml": faulty, "a.yaml": book, "z.yaml": book}.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    for folder, before in {".": "", "./": "", str(tmp_path): f"{tmp_path}/"}.items():
        got = adlcalc("check", folder)
        told = [line for line in got.err.splitlines() if ": error: " in line]
        assert (got.code, told[0].partition(" error:")[0]) == (2, f"{before}ours.yaml:6:10:")
        because = f"error: it is not checked, as {before}ours.yaml cannot be used (told above)"
        assert told[1:] == [f"{before}z.yaml: {because}"]  # a.yaml is the first that tells it
    assert adlcalc("check", ".", "--format", "github").out.count("::error ") == 1
    for ending in ("yml", "json"):
        (tmp_path / "ours.yaml").rename(tmp_path / f"ours.{ending}")
        assert f"\nours.{ending}:6:10: error:" in "\n" + adlcalc("check", f"ours.{ending}").err
        (tmp_path / f"ours.{ending}").rename(tmp_path / "ours.yaml")


def test_a_folder_without_scenarios_is_an_error(adlcalc: Command, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text('{"schema": "adlcalc.run/1"}\n')
    (tmp_path / ".hidden.yaml").write_text("x")
    assert adlcalc("check", str(tmp_path)) == Result(
        "", f"adlcalc: there is no scenario in the folder {tmp_path}\n", 2
    )


def test_a_pattern_in_quotes_is_the_files_that_it_matches(adlcalc: Command, folder: Path) -> None:
    change(folder / f"{HALF}.yaml", "fund_left: 0", "fund_left: 5")
    (folder / "sub").mkdir()
    shutil.copy(folder / f"{HALF}.yaml", folder / "sub" / "deep.yaml")
    assert adlcalc("check", str(folder / "*.yaml")).err == "adlcalc check: 1 of 3 did not pass\n"
    assert adlcalc("check", str(folder / "**" / "*.yaml")).err == "adlcalc check: 2 of 4 did not pass\n"
    got = adlcalc("check", str(folder / "*.yml"))
    assert (got.code, "there is no such file" in got.err) == (2, True)
    shutil.copy(folder / "05-fund-empty-adl.yaml", folder / "[a]*.yaml")  # a file of that very name
    assert adlcalc("check", str(folder / "[a]*.yaml")) == Result("", well(1, 0), 0)


# --- goldens elsewhere, orphans, refusals -------------------------------------------------------------------


@pytest.mark.slow
def test_goldens_may_be_in_a_folder_of_their_own(
    adlcalc: Command, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (folder / "sub").mkdir()
    (folder / f"{HALF}.yaml").rename(folder / "sub" / "x.yaml")
    goldens = tmp_path_factory.mktemp("goldens") / "new"
    assert adlcalc("check", str(folder), "--golden", str(goldens), "--update").code == 0
    assert sorted(str(path.relative_to(goldens)) for path in goldens.rglob("*.golden")) == [
        "05-fund-empty-adl.golden",
        "16-queue-too-short.golden",
        "sub/x.golden",
    ]
    assert adlcalc("check", str(folder), "--golden", str(goldens)) == Result("", well(3, 3), 0)
    change(goldens / "sub" / "x.golden", '"54000"', '"54001"')
    assert adlcalc("check", str(folder), "--golden", str(goldens)).code == 1


def test_orphans_are_reported(adlcalc: Command, folder: Path) -> None:
    adlcalc("check", str(folder), "--update")
    (folder / f"{HALF}.yaml").unlink()
    got = adlcalc("check", str(folder))
    assert (
        got.out
        == f"{folder}/{HALF}.golden: orphan: this golden belongs to no scenario; remove or rename it\n"
    )
    assert got.code == 1
    assert adlcalc("check", str(folder / "05-fund-empty-adl.yaml")).code == 0


def test_two_files_may_not_share_a_golden(adlcalc: Command, folder: Path) -> None:
    shutil.copy(folder / f"{HALF}.yaml", folder / f"{HALF}.yml")
    got = adlcalc("check", str(folder))
    assert "would share a golden" in got.err
    assert got.code == 2


def test_update_refuses_where_an_invariant_or_an_expectation_fails(
    adlcalc: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from adlcalc.engine import loop
    from adlcalc.engine.books.ledger import AuditError

    path = folder / f"{HALF}.yaml"
    golden = path.with_suffix(".golden")
    golden.write_text("old\n")
    change(path, "fund_left: 0", "fund_left: 5")
    got = adlcalc("check", str(path), "--update")
    assert "its golden is not written: the run is not what the file expects" in got.out
    assert got.code == 1

    def failing(*_: object, **__: object) -> None:
        raise AuditError("step 2: money differs by 1")

    with monkeypatch.context() as patch:
        patch.setattr(loop, "run", failing)
        got = adlcalc("check", str(path), "--update")
    assert got.code == 70
    assert "step 2: money differs by 1" in got.err
    assert golden.read_text() == "old\n"


def test_update_says_what_changed(adlcalc: Command, folder: Path) -> None:
    adlcalc("check", str(folder), "--update")
    golden = folder / f"{HALF}.golden"
    before = golden.read_bytes()
    change(golden, '"54000"', '"54010"')
    got = adlcalc("check", str(folder), "--update")
    told = [
        "liquidated: step 2: alice: bankruptcy price 54,010 → 54,000",
        "deleveraged: step 2: bob: price 54,010 → 54,000",
    ]
    assert got.out == f"{golden}: step 2: alice: bankruptcy price 54,010 → 54,000\n  {told[0]}\n  {told[1]}\n"
    assert got.code == 0
    assert golden.read_bytes() == before


def test_a_golden_that_cannot_be_read_or_written(adlcalc: Command, folder: Path) -> None:
    path = folder / f"{HALF}.yaml"
    golden = path.with_suffix(".golden")
    golden.write_bytes(b"\xff\xfe")
    got = adlcalc("check", str(path))
    assert (got.err.splitlines()[0], got.code) == (f"{golden}: error: the golden is not UTF-8 text", 2)
    golden.unlink()
    golden.mkdir()
    assert adlcalc("check", str(path)).code == 2
    (folder / "file").write_text("")
    got = adlcalc("check", str(path), "--update", "--golden", str(folder / "file"))
    assert got.code == 2
    assert "cannot be written" in got.err or "cannot write" in got.err


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_an_error_and_leaves_nothing_behind(adlcalc: Command, folder: Path) -> None:
    folder.chmod(0o555)
    try:
        got = adlcalc("check", str(folder), "--update")
    finally:
        folder.chmod(0o755)
    assert got.code == 2
    assert not list(folder.glob("*.golden*"))


# --- reports ------------------------------------------------------------------------------------------------


@pytest.fixture
def mixed(folder: Path) -> Path:
    """One that passes, one that fails with a line, one that cannot be read, one orphan."""
    (folder / "05-fund-empty-adl.yaml").write_text("title: a & b <c>\nprizes: [1]\n", encoding="utf-8")
    change(folder / f"{HALF}.yaml", "fund_left: 0", "fund_left: 5")
    (folder / "gone.golden").write_text("x")
    return folder


def test_junit(adlcalc: Command, mixed: Path) -> None:
    got = adlcalc("check", str(mixed), "--format", "junit")
    suite = ElementTree.fromstring(got.out)[0]
    assert suite.attrib["tests"] == "4"
    assert (suite.attrib["failures"], suite.attrib["errors"]) == ("2", "1")
    assert [[child.tag for child in case] for case in suite] == [["failure"], ["error"], [], ["failure"]]
    assert "unknown key 'prizes'" in (suite[1][0].text or "")
    assert got.code == 2


def test_json(adlcalc: Command, mixed: Path) -> None:
    document = json.loads(adlcalc("check", str(mixed), "--format", "json").out)
    assert document["schema"] == "adlcalc.check/1"
    assert document["summary"] == {"files": 4, "passed": 1, "failed": 2, "broken": 1}
    finding = document["files"][0]["findings"][0]
    assert (finding["kind"], finding["line"], finding["column"]) == ("expect", FUND_LEFT, 14)
    without_expect(mixed / f"{HALF}.yaml")
    adlcalc("check", str(mixed / f"{HALF}.yaml"), "--update")
    change(mixed / f"{HALF}.golden", '"54000"', '"54010"')
    document = json.loads(adlcalc("check", str(mixed / f"{HALF}.yaml"), "--format", "json").out)
    assert document["files"][0]["findings"][0]["differences"][0] == {
        "table": "liquidated",
        "step": 2,
        "row": "alice",
        "column": "bankruptcy price",
        "old": "54010",
        "new": "54000",
    }


def test_github(adlcalc: Command, mixed: Path) -> None:
    got = adlcalc("check", str(mixed), "--format", "github")
    path = mixed / f"{HALF}.yaml"
    assert got.out.splitlines()[0] == (
        f"::error file={path},line={FUND_LEFT},col=14,title=adlcalc expect::fund_left: expected 5, got 0 "
        "(difference -5)"
    )
    assert all(line.startswith("::error file=") and ",line=" in line for line in got.out.splitlines())


def test_every_kind_of_difference_has_a_line_for_github(adlcalc: Command, folder: Path) -> None:
    """An expectation, a golden of the run and of another command, a page, what --strict adds, an orphan, a
    file without a key."""
    path = folder / "16-queue-too-short.yaml"
    for more in (["--golden-of", "rank"], ["--golden-format", "table"]):
        adlcalc("check", str(path), "--update", *more)
    change(path, "size: 6,  entry: 84", "size: 7,  entry: 84")
    (folder / "gone.golden").write_text("x")
    (folder / "empty.yaml").write_text("")
    change(folder / f"{HALF}.yaml", "fund_left: 0", "fund_left: 5")
    out = adlcalc("check", str(folder), "--strict", "--format", "github").out
    kinds = set(re.findall(r"title=adlcalc (\w+)::", out))
    assert kinds == {"expect", "golden", "strict", "orphan", "error"}
    assert all(
        re.match(r"::error file=[^,]+,line=[1-9]\d*,col=[1-9]\d*,title=", line) for line in out.splitlines()
    )


# --- goldens of other commands ------------------------------------------------------------------------------


@pytest.mark.slow
def test_goldens_of_other_commands_are_held_by_what_their_first_line_says(
    adlcalc: Command, folder: Path
) -> None:
    path = folder / f"{HALF}.yaml"
    without_expect(path)
    asked = [
        "rank --side short",
        "explain bob",
        "compare --policies queue,pro-rata --accounts",
        "run --set fund=0",
    ]
    got = adlcalc("check", str(path), "--update", *(x for one in asked for x in ("--golden-of", one)))
    assert (got.code, got.err) == (0, well(1, len(asked) + 1, f"{len(asked) + 1} written"))
    names = sorted(one.name for one in folder.glob("*.golden"))
    assert names == [
        f"{HALF}.compare-policies-queue-pro-rata-accounts.golden",
        f"{HALF}.explain-bob.golden",
        f"{HALF}.golden",
        f"{HALF}.rank-side-short.golden",
        f"{HALF}.run-set-fund-0.golden",
    ]
    first = (folder / f"{HALF}.run-set-fund-0.golden").read_text(encoding="utf-8").splitlines()[0]
    assert first == '{"golden": "adlcalc run --set fund=0", "schema": "adlcalc.run/1",'
    assert adlcalc("check", str(folder)) == Result("", well(3, len(asked) + 1), 0)
    change(path, "size: 1, entry: 61_000", "size: 1, entry: 61_500")  # carol's short
    got = adlcalc("check", str(path))
    assert got.code == 1
    assert got.out.count(": golden: ") == 4  # bob's story does not know carol
    assert "queue: BTC-PERP short carol: entry price 61,000 → 61,500" in got.out
    assert got.out == adlcalc("check", str(folder)).out
    assert adlcalc("check", str(path), "--update").code == 0
    assert adlcalc("check", str(path)) == Result("", well(1, len(asked) + 1), 0)


@pytest.mark.slow
def test_a_golden_belongs_to_the_scenario_with_the_longest_name(adlcalc: Command, folder: Path) -> None:
    shutil.copy(folder / f"{HALF}.yaml", folder / f"{HALF}.rank.yaml")
    assert (
        adlcalc("check", str(folder), "--update", "--golden-of", "rank --side long").out.count(": new") == 8
    )
    (folder / f"{HALF}.rank.yaml").unlink()
    got = adlcalc("check", str(folder))
    assert got.code == 0  # now they are goldens of the other, which is the same book
    (folder / f"{HALF}.yaml").unlink()
    assert adlcalc("check", str(folder)).out.count(": orphan: ") == 4


def test_golden_of_refuses_what_no_golden_is_of(adlcalc: Command, folder: Path) -> None:
    got = adlcalc("check", str(folder), "--update", "--golden-of", "rnak")
    assert (got.err, got.code) == (
        "adlcalc: no golden is of the command 'rnak'\nhint: did you mean 'rank'?\n",
        2,
    )
    assert adlcalc("check", str(folder), "--golden-of", "rank").code == 2
    assert not list(folder.glob("*.golden"))


@pytest.mark.slow
def test_processes_give_the_same_bytes_in_the_same_order(mixed: Path) -> None:
    outputs = set()
    for jobs in ("1", "2"):
        command = [sys.executable, "-m", "adlcalc", "check", str(mixed), "--jobs", jobs]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=PATIENCE)
        outputs.add((done.stdout, done.stderr, done.returncode))
    assert len(outputs) == 1


def test_the_report_goes_to_a_file(adlcalc: Command, mixed: Path) -> None:
    report = mixed / "report.xml"
    assert adlcalc("check", str(mixed), "-f", "junit", "-o", str(report), "-q") == Result("", "", 2)
    assert ElementTree.parse(report).getroot().tag == "testsuites"
    assert adlcalc("check", str(mixed), "-f", "junit", "-o", str(mixed / "no" / "report.xml")).code == 2


# --- pipes, disks, Ctrl-C -----------------------------------------------------------------------------------


def spawn(*arguments: str, **options: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "adlcalc", "check", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, **options)  # type: ignore[call-overload,no-any-return]


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_disk_is_an_error_and_not_a_traceback(mixed: Path) -> None:
    with open("/dev/full", "wb") as full:
        process = spawn(str(mixed), stdout=full)
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert b"adlcalc: cannot write to standard output: No space left on device\n" in err
    assert b"Traceback" not in err


@pytest.mark.slow
def test_a_reader_that_leaves_early_is_no_error(mixed: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    process = spawn(str(mixed / f"{HALF}.yaml"), "-q", stdout=write)
    os.close(write)
    _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (1, b"")


@pytest.mark.slow
def test_ctrl_c_ends_it_without_a_word() -> None:
    options: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "start_new_session": True}
    process = spawn("-", "--jobs", "1", preexec_fn=hear_ctrl_c, **options)
    assert process.stdin is not None
    os.write(
        process.stdin.fileno(), b"#" * 1_000_000
    )  # more than a pipe holds: the command is now reading it
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (130, b"")
    assert b"Traceback" not in err


@pytest.mark.slow
@pytest.mark.skipif(
    not os.path.exists("/proc/self/task"), reason="the system does not tell of a process's children"
)
def test_ctrl_c_ends_the_workers_without_a_word(folder: Path) -> None:
    paths = []
    for i, steps in enumerate(("3", "200_000", "1_000_000", "1_000_000")):  # the first two are worked here
        paths.append(str(folder / f"{i}.yaml"))
        Path(paths[-1]).write_text(f"accounts: []\nprices: {{from: 100, to: 90, steps: {steps}}}\n")
    options: dict[str, Any] = {"stdout": subprocess.PIPE, "start_new_session": True}
    process = spawn(*paths, "--jobs", "2", preexec_fn=hear_ctrl_c, **options)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while process.poll() is None and len(children.read_text().split()) < 2:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (130, b"")
    assert b"Traceback" not in err


# --- what a file may do to others ---------------------------------------------------------------------------


def test_no_id_is_a_formula_in_a_spreadsheet_or_a_command_to_the_terminal(
    adlcalc: Command, tmp_path: Path
) -> None:
    ids = ["=1+1", "+1", "@SUM(A1)", "-2+3", "=cmd|' /C calc'!A0"]
    path = tmp_path / "x.yaml"
    rows = [f'  - {{id: "{name}", side: long, size: 1, entry: 100, leverage: 10}}\n' for name in ids]
    path.write_text("accounts:\n" + "".join(rows) + "prices: [100, 80]\n", encoding="utf-8")
    for line in adlcalc("run", str(path), "-f", "csv").out.splitlines():
        assert not any(cell.startswith(("=", "+", "@", "-2+")) for cell in line.split(","))
    evil = tmp_path / "\x1b[31mevil.yaml"
    evil.write_text("prizes: 1\n", encoding="utf-8")
    got = adlcalc("check", str(evil), "-f", "text")
    assert "\x1b" not in got.out + got.err
    assert "\\x1b[31mevil.yaml" in got.err
    for style in ("json", "junit", "github"):
        assert "\x1b" not in adlcalc("check", str(evil), "-f", style).out


@pytest.mark.slow
def test_a_scenario_opens_no_file_outside_its_folder(adlcalc: Command, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("id,side,size,entry,leverage\na,long,1,100,10\n")
    (tmp_path / "in").mkdir()
    for name in (
        "../secret.csv",
        str(tmp_path / "secret.csv"),
        "in/../../secret.csv",
        "..\\secret.csv",
        "/dev/zero",
    ):
        path = tmp_path / "in" / "x.yaml"
        path.write_text(f"accounts: {{file: '{name}'}}\nprices: [100]\n", encoding="utf-8")
        got = adlcalc("check", str(path))
        assert got.code == 2
        assert f"{path}:1:18: error: " in got.err
        path.write_text(f"venue: '{name}.yaml'\naccounts: []\nprices: [100]\n", encoding="utf-8")
        assert adlcalc("check", str(path)).code == 2


# --- what a file names is never replaced, and what a run notes a check does ---------------------------------


@pytest.mark.parametrize("command", ["run", "check"])
def test_an_output_never_replaces_what_a_broken_file_names(
    adlcalc: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """broken.yaml ends at its first line, long before its book is opened; the book must survive all the
    same."""
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text("accounts: []\nprices: [1]\nexpect: {bad_debt: 1}\n")
    Path("broken.yaml").write_text("fund: [\naccounts: {file: book.csv}\nprices: [1]\n")
    Path("book.csv").write_text("mine\n")
    Path("other.csv").write_text("old\n")
    got = adlcalc(command, "a.yaml", "broken.yaml", "-o", "book.csv")
    assert got.code == 2
    assert "adlcalc: --output book.csv would overwrite a file that broken.yaml names\n" in got.err
    assert Path("book.csv").read_text() == "mine\n"
    assert adlcalc(command, "a.yaml", "broken.yaml", "-o", "other.csv").code == 2
    assert Path("other.csv").read_text() != "old\n"


@pytest.mark.slow
def test_a_check_notes_what_a_run_notes(
    adlcalc: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = "venue: generic\nbackstop: [{id: x, size: 1}]\naccounts: []\nprices: [1]\n"
    for name in ("a.yaml", "b.yaml"):
        Path(name).write_text(text)
    noted = adlcalc("run", "a.yaml").err
    assert noted.startswith("a.yaml:2:1: note: 'backstop' plays no part")
    assert adlcalc("check", "a.yaml") == Result("", noted + well(1, 0), 0)
    both = noted + noted.replace("a.yaml", "b.yaml")
    assert adlcalc("check", ".", "--jobs", "2").err.replace("./", "") == both + well(2, 0)
    assert adlcalc("check", "a.yaml", "-q") == Result("", "", 0)
