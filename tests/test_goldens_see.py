"""Goldens of facts see every field: each is changed in turn and `check` must fail; what is no fact may change
unseen."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Result

from adlcalc import load, run
from adlcalc.check.commands import Style, asked
from adlcalc.check.facts import MANY, facts_of, read, text_of
from adlcalc.check.golden import compare
from adlcalc.check.held import new_golden, old_golden
from adlcalc.engine.loop import run as run_engine
from adlcalc.report import Run
from adlcalc.report.columns.documents import DOCUMENTS
from adlcalc.report.run_page import run_page

pytestmark = pytest.mark.slow

Command = Callable[..., Result]
SCENARIOS = (
    "04-fund-half-absorbs",
    "08-isolated-against-cross",
    "09-hedged-account",
    "12-funding-drains-a-margin",
    "14-counterparty-skipped",
    "16-queue-too-short",
    "17-held-by-the-venue",
    "18-march-2020",
)
COMMANDS = (
    "run",
    "rank",
    "rank --account bob",
    "explain bob",
    "explain --fund",
    "compare --policies queue,pro-rata --accounts --axioms",
)
PROSE = {"title", "description", "as_of", "file", "note", "claim", "text", "because", "source", "schema"}
"""What a golden leaves out: said to people, or a number of ours. Of when the rules are it need not hold: it holds the
rules."""


def other(value: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return value + "1"
    return "something" if value is None else None


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every value of a document, by the way to it; empty lists and maps count as values."""
    if isinstance(value, dict | list) and value:
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*path, key))
    else:
        yield path


def changed(document: Any, path: tuple[Any, ...]) -> Any:
    """The document with another value there."""
    twin = json.loads(json.dumps(document))
    inner = twin
    for key in path[:-1]:
        inner = inner[key]
    value = inner[path[-1]]
    inner[path[-1]] = ["x"] if value == [] else {"x": "1"} if value == {} else other(value)
    return twin


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_value_of_a_golden_is_held(name: str) -> None:
    loaded = load(ROOT / "scenarios" / f"{name}.yaml")
    whole = run(loaded)
    golden = new_golden(asked("run"), Style.json, loaded, whole)
    _, tables = read(golden)
    document = DOCUMENTS["run"]
    assert compare(tables, facts_of(run_page(whole)), document) == ()
    seen: dict[tuple[str, str], int] = {}
    for path in places(tables):
        if len(path) < 3 or seen.setdefault((path[0], path[2]), 0) >= 5:  # some rows of each key
            continue
        seen[path[0], path[2]] += 1
        assert compare(changed(tables, path), tables, document), path


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_golden_holds_whatever_the_json_holds(name: str) -> None:
    """Each number of the JSON stands in the golden, but for prose and the numbers of claims."""
    whole = run(load(ROOT / "scenarios" / f"{name}.yaml"))
    keys = {(table, key) for table, rows in facts_of(run_page(whole)).items() for row in rows for key in row}
    inner = {"markets", "positions", "currencies"}
    for table, rows in whole.to_dict().items():
        for row in rows if isinstance(rows, list) else [rows] if isinstance(rows, dict) else []:
            for key, value in row.items():
                if key in inner:
                    assert {(key, each) for one in value for each in one if each not in PROSE} <= keys
                elif key not in PROSE:
                    assert (table, key) in keys, f"{table}.{key}"


def variants(scenario: str) -> Iterator[tuple[str, Run, Run]]:
    """A run, and the same with one value of one event changed."""
    loaded = load(ROOT / "scenarios" / f"{scenario}.yaml")
    events = tuple(run_engine(loaded.scenario))
    told: set[tuple[str, str]] = set()
    for i, event in enumerate(events[:-1]):
        for key, value in zip(event._fields, event, strict=True):  # type: ignore[union-attr]
            kind = (type(event).__name__, key)
            if kind in told or not isinstance(value, Decimal | int) or key in ("step", "claim"):
                continue
            told.add(kind)
            new = not value if isinstance(value, bool) else -value if key == "side" else value + 14
            twin = (*events[:i], event._replace(**{key: new}), *events[i + 1 :])  # type: ignore[union-attr]
            yield ".".join(kind), Run(loaded.scenario, events), Run(loaded.scenario, twin)


@pytest.mark.parametrize("name", SCENARIOS[:-1])
def test_a_change_of_any_event_that_the_json_shows_is_seen(name: str) -> None:
    for what, one, two in variants(name):
        if one.to_json() != two.to_json():
            assert compare(facts_of(run_page(one)), facts_of(run_page(two)), DOCUMENTS["run"]), what


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("venue: bitmex\n", 'venue: bitmex\nrules: {adl: {score: "roe * 3"}}\n'),
        ("XBTUSD: {", "XBTUSD: {maintenance: 0.0048, "),
    ],
)
def test_what_the_page_had_no_room_for_is_seen(adlcalc: Command, tmp_path: Path, old: str, new: str) -> None:
    """A score 14 times larger, another maintenance rate: the two that goldens of 80 columns passed in
    silence."""
    for name in ("18-march-2020.yaml", "18-march-2020.csv"):
        shutil.copy(ROOT / "scenarios" / name, tmp_path)
    path = tmp_path / "18-march-2020.yaml"
    text = path.read_text(encoding="utf-8").partition("expect:")[0]
    path.write_text(text, encoding="utf-8")
    assert adlcalc("check", str(path), "--update").code == 0
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    got = adlcalc("check", str(path))
    assert got.code == 1
    assert "scalper: score 1.4131" in got.out or "ten: liquidation price 7,128.5 → 7,133.5" in got.out


@pytest.mark.parametrize("command", COMMANDS)
def test_goldens_of_every_command_are_held_value_by_value(command: str) -> None:
    loaded = load(ROOT / "scenarios" / "04-fund-half-absorbs.yaml")
    whole = run(loaded)
    golden = new_golden(asked(command), Style.json, loaded, whole)
    assert golden.startswith(f'{{"golden": "adlcalc {command}", ')
    held = old_golden(golden, loaded, whole)
    assert held.compared("old", "new") is None
    document, count = held.page.document, 0
    tables = read(golden)[1]
    for path in places(tables):
        if len(path) >= 3:
            assert compare(changed(tables, path), tables, document), path
            count += 1
    assert count > 5


def test_a_row_does_not_depend_on_another() -> None:
    """20 more of alice's collateral change no line but those that they change a fact of."""
    path = ROOT / "scenarios" / "04-fund-half-absorbs.yaml"
    one, two = (
        new_golden(asked("run"), Style.json, loaded, run(loaded))
        for loaded in (load(path), load(path, sets=["accounts.carol.balance=10_001.5"]))
    )
    differing = [a for a, b in zip(one.splitlines(), two.splitlines(), strict=True) if a != b]
    assert all('"carol"' in line for line in differing)
    assert differing


def test_the_json_may_grow() -> None:
    """A key, a table that a golden lacks is not compared; --update adds it and names it."""
    loaded = load(ROOT / "scenarios" / "04-fund-half-absorbs.yaml")
    whole = run(loaded)
    command, tables = read(new_golden(asked("run"), Style.json, loaded, whole))
    del tables["funding"]
    for row in tables["deleveraged"]:
        del row["score"]
    older = text_of(command, "adlcalc.run/1", tables)
    held = old_golden(older, loaded, whole)
    assert held.compared("old", "new") is None
    assert held.grown(Style.json) == "it now holds deleveraged.score, the rules in force as well"
    tables["deleveraged"][0]["price"] = "1"
    found = old_golden(text_of(command, "adlcalc.run/1", tables), loaded, whole).compared("old", "new")
    assert found is not None
    assert "score" not in "".join(line for line in found.diff.splitlines() if line.startswith(("+", "-")))


def test_no_number_of_a_claim_and_no_name_of_a_file_is_held() -> None:
    loaded = load(ROOT / "scenarios" / "16-queue-too-short.yaml")
    golden = new_golden(asked("run"), Style.json, loaded, run(loaded))
    assert '"claim":' not in golden
    assert "16-queue" not in golden
    assert str(loaded.scenario.title) not in golden
    assert '"claimed": "' in golden


# --- large books --------------------------------------------------------------------------------------------


@pytest.fixture
def crowd(tmp_path: Path) -> Path:
    """One who is liquidated, one who is deleveraged, and so many others that they are a digest."""
    rows = "".join(f"  - {{id: s{i}, side: short, size: 1, entry: 100, leverage: 2}}\n" for i in range(MANY))
    path = tmp_path / "crowd.yaml"
    path.write_text(
        "accounts:\n  - {id: alice, side: long, size: 1, entry: 100, leverage: 10}\n"
        f"  - {{id: bob, side: short, size: 1, entry: 100, leverage: 20}}\n{rows}prices: [100, 80]\n",
        encoding="utf-8",
    )
    return path


def test_the_untouched_of_a_large_book_are_one_digest(adlcalc: Command, crowd: Path) -> None:
    assert adlcalc("check", str(crowd), "--update").code == 0
    golden = crowd.with_suffix(".golden")
    _, tables = read(golden.read_text(encoding="utf-8"))
    assert [row["account"] for row in tables["accounts"]] == ["alice", "bob", "rest of market"]
    (digest,) = tables["untouched"]
    # each of the others has 50 of margin and earns 20 from 100 to 80
    assert (digest["accounts"], digest["equity_start"], digest["equity_end"]) == (MANY, "50000", "70000")
    assert adlcalc("check", str(crowd)) == Result("", "adlcalc check: 1 file, 1 golden: all as expected\n", 0)
    text = crowd.read_text(encoding="utf-8")
    crowd.write_text(
        text.replace("id: s7, side: short, size: 1, entry: 100", "id: s7, side: short, size: 1, entry: 101")
    )
    got = adlcalc("check", str(crowd))
    assert got.code == 1
    assert "untouched: sha256" in got.out
    # entry 101: 50.5 of margin, and 21 earned
    assert "untouched: equity end 70,000 → 70,001.5" in got.out


def test_a_digest_is_worked_out_over_the_keys_that_it_names(adlcalc: Command, crowd: Path) -> None:
    loaded = load(crowd)
    whole = run(loaded)
    page = run_page(whole)
    older = facts_of(
        page, {"untouched": [{"accounts_keys": "account equity_end", "positions_keys": "account size"}]}
    )
    assert older["untouched"][0]["accounts_keys"] == "account equity_end"
    held = old_golden(text_of("adlcalc run", "adlcalc.run/1", older), loaded, whole)
    assert held.compared("old", "new") is None
    assert older["untouched"][0]["sha256"] != facts_of(page)["untouched"][0]["sha256"]
