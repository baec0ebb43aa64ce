"""The figures: specifications that Vega-Lite's own schema accepts, the same every time, and what they say.

`pytest tests/test_charts.py --update-golden` writes tests/golden/figures anew; read the difference before you
commit it."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from books import random_scenario
from conftest import ROOT
from rules import with_rules

import adlcalc
from adlcalc.asking import comparison
from adlcalc.engine.loop import run as run_engine
from adlcalc.ground.numbers import D
from adlcalc.report import Run
from adlcalc.report.charts import figures
from adlcalc.report.charts.canvas import COLORS, short, shortened, ticks, whole_ticks
from adlcalc.report.charts.cover import shares
from adlcalc.report.charts.figure import NARROW, WIDE, Figure
from adlcalc.report.charts.path import thinned
from adlcalc.study.ladder import Ladders, Together
from adlcalc.study.watch import Watch

FIGURES = Path(__file__).parent / "golden" / "figures"
SCENARIOS = sorted((ROOT / "scenarios").glob("*.yaml"))
HELD = (
    "04-fund-half-absorbs",
    "14-counterparty-skipped",
    "18-march-2020",
    "21-who-pays",
)


def drawn(path: Path, *, compare: str | None = None, account: str | None = None) -> list[Figure]:
    loaded = adlcalc.load(path)
    ladders = Ladders()
    watch = Watch([account], [account]) if account else None
    observer = Together([ladders, watch] if watch else [ladders])
    named = (account,) if account else ()
    made = Run(loaded.scenario, run_engine(loaded.scenario, observer=observer), watch=watch, named=named)
    compared = comparison([loaded], policies=compare, accounts=True) if compare else None
    return figures(made, ladders=ladders.found, comparison=compared)


def of_21() -> list[Figure]:
    """One with a named account and a comparison."""
    path = ROOT / "scenarios" / "21-who-pays.yaml"
    return drawn(path, compare="queue,pro-rata,minimax-leverage,haircut", account="whale")


def written(figure: Figure, width: int) -> str:
    return json.dumps(figure.spec(width), ensure_ascii=False, indent=1) + "\n"


@pytest.fixture(scope="module")
def schema() -> Any:
    """Vega-Lite's own, which altair brings."""
    altair = pytest.importorskip("altair", reason="altair brings the schema of Vega-Lite")
    jsonschema = pytest.importorskip("jsonschema")
    path = Path(altair.__file__).parent / "vegalite" / "v6" / "schema" / "vega-lite-schema.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    return jsonschema.validators.validator_for(found)(found)


@pytest.mark.slow
@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_every_specification_is_one_of_vega_lite(path: Path, schema: Any) -> None:
    for figure in of_21() if path.stem.startswith("21") else drawn(path):
        for width in (WIDE, NARROW):
            errors = [error.message for error in schema.iter_errors(figure.spec(width))]
            assert errors == [], figure.name


@pytest.mark.slow
def test_the_schema_would_find_a_fault(schema: Any) -> None:
    spec = drawn(SCENARIOS[0])[0].spec(WIDE)
    spec["layer"][0]["mark"] = {"type": "no such mark"}
    assert list(schema.iter_errors(spec))


@pytest.mark.slow
@pytest.mark.parametrize("name", HELD)
def test_figures_are_as_they_were(name: str, request: pytest.FixtureRequest) -> None:
    made = of_21() if name.startswith("21") else drawn(ROOT / "scenarios" / f"{name}.yaml")
    for figure in made:
        golden = FIGURES / f"{name}.{figure.name}.json"
        text = written(figure, WIDE)
        assert text == written(figure, WIDE), "twice the same"
        if request.config.getoption("--update-golden"):
            golden.parent.mkdir(exist_ok=True)
            golden.write_text(text, encoding="utf-8")
        assert text == golden.read_text(encoding="utf-8"), figure.name
    held = {path.name.split(".")[1] for path in FIGURES.glob(f"{name}.*.json")}
    assert held == {figure.name for figure in made}


def test_what_applies_is_drawn_and_nothing_else() -> None:
    """01: nobody loses beyond margin and no counterparty is asked, so there is no queue; 04: all of it."""
    names = {path.stem[:2]: [figure.name for figure in drawn(path)] for path in SCENARIOS[:4]}
    assert names["04"] == ["path", "cover", "fund", "queue", "equity", "health"]
    assert "queue" not in names["01"]
    assert "queue" not in names["03"]


@pytest.mark.slow
def test_colors_are_told_apart() -> None:
    """A page puts its own in their place, so none may stand for two things."""
    assert len(set(COLORS.values())) == len(COLORS)
    used = {color for path in SCENARIOS for figure in drawn(path) for color in _hex(figure.spec(WIDE))}
    assert used <= set(COLORS.values())


def _hex(node: Any) -> set[str]:
    if isinstance(node, dict):
        return set().union(*(_hex(value) for key, value in node.items() if key != "data"), set())
    if isinstance(node, list):
        return set().union(*map(_hex, node), set())
    return {node} if isinstance(node, str) and node.startswith("#") else set()


def test_who_covered_the_loss() -> None:
    """21: alice is long 20 from 100 with a margin of 200 and bankrupt at 90; at 80 she has lost 400. 200 of
    it was hers, and the fills of 8 and 12 at 90 cost gambler 80 and early 120 against the mark."""
    loaded = adlcalc.load(ROOT / "scenarios" / "21-who-pays.yaml")
    rows = {row.who: row.amount for row in shares(adlcalc.run(loaded), "quote")}
    assert rows == {"own margin": 200, "insurance fund": 0, "counterparties": 200, "nobody": 0}


def test_nobody_covers_what_the_queue_cannot() -> None:
    """16: what is bad debt there is what nobody covered here."""
    made = adlcalc.run(adlcalc.load(ROOT / "scenarios" / "16-queue-too-short.yaml"))
    rows = {row.who: row.amount for row in shares(made, "quote")}
    assert rows["nobody"] == made.audit.bad_debt > 0


@pytest.mark.slow
@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_parts_of_a_loss_are_the_loss(path: Path) -> None:
    """Beyond the margins, the fund, counterparties and nobody have paid what the accounts that were closed
    could not: worked out once more from the rows of the run."""
    made = adlcalc.run(adlcalc.load(path))
    for currency in made.scenario.currencies:
        markets = {one.name for one in made.scenario.markets if one.settles == currency}
        funds = {one.fund for one in made.scenario.markets if one.settles == currency}
        rows = {row.who: row.amount for row in shares(made, currency)}
        assert rows["insurance fund"] == sum(row.paid for row in made.fund if row.fund in funds)
        assert rows["nobody"] == sum(row.amount for row in made.bad_debt if row.market in markets)
        assert all(amount >= 0 for amount in rows.values())


@pytest.mark.parametrize(
    ("low", "high", "about", "expected"),
    [
        ("0", "100", 5, "0 20 40 60 80 100"),
        ("79.2", "100.8", 5, "80 85 90 95 100"),
        ("0.00001", "0.00003", 4, "0.00001 0.000015 0.00002 0.000025 0.00003"),
        ("-900", "2000", 6, "-500 0 500 1000 1500 2000"),
        ("5", "5", 5, "5"),
    ],
)
def test_ticks(low: str, high: str, about: int, expected: str) -> None:
    assert ticks(D(low), D(high), about) == [D(x) for x in expected.split()]


@pytest.mark.parametrize("last", [0, 1, 2, 5, 7, 76, 119, 1000])
def test_steps_have_ticks_at_both_ends(last: int) -> None:
    found = whole_ticks(last)
    assert (found[0], found[-1]) == (0, last)
    assert found == sorted(set(found))


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        ("0", "0"),
        ("1234.5678", "1,234.57"),
        ("-200", "−200"),
        ("1234567", "1,234,567"),
        ("12345678", "12.35M"),
        ("0.000012345678", "0.0000123457"),
        ("2500000000000", "2.5T"),
    ],
)
def test_a_number_for_a_drawing_is_short(x: str, expected: str) -> None:
    assert short(D(x)) == expected


def test_a_name_for_a_drawing_is_short_and_clean() -> None:
    assert shortened("a" * 50, 10) == "aaaaaa…aaa"
    assert shortened("\x1b[31mred\u202e", 30) == "\\x1b[31mred\\u202e"


def test_a_long_line_keeps_its_ends_and_its_extremes() -> None:
    points = [(i, Decimal((i * 7919) % 1000)) for i in range(20_000)]
    kept = thinned(points, 800)
    assert len(kept) <= 1700
    assert {points[0], points[-1], min(points, key=lambda p: p[1]), max(points, key=lambda p: p[1])} <= set(
        kept
    )
    assert [x for x, _ in kept] == sorted({x for x, _ in kept})
    assert thinned(points[:100], 800) == points[:100]


def ink(spec: dict[str, Any]) -> list[tuple[str, float, float, float]]:
    """Where something is drawn beyond the scale that it is drawn on: (channel, value, low, high)."""
    out = []
    for layer in spec["layer"]:
        for key in ("x", "y"):
            if key not in layer.get("encoding", {}):
                continue
            low, high = sorted(layer["encoding"][key]["scale"]["domain"])
            edge = (high - low) * 1e-9
            assert low < high
            for row in layer["data"]["values"]:
                ends = [end for end in (key, f"{key}2") if end in row]
                out += [
                    (end, row[end], low, high) for end in ends if not low - edge <= row[end] <= high + edge
                ]
    return out


@pytest.mark.slow
@pytest.mark.parametrize("block", range(8))
def test_of_any_book_nothing_is_drawn_beyond_its_scales(block: int) -> None:
    """Random books under random rules: all figures can be made, at both widths, every number is finite, and
    no ink lies outside."""
    for seed in range(block * 25, block * 25 + 25):
        book = random_scenario(seed, inverse=seed % 3 == 0, funding=seed % 4 == 0, most_accounts=60)
        book = with_rules(book, seed)
        ladders = Ladders()
        made = Run(book, run_engine(book, observer=ladders))
        for figure in figures(made, ladders=ladders.found):
            assert figure.tables
            for width in (WIDE, NARROW):
                spec = figure.spec(width)
                assert "NaN" not in (text := json.dumps(spec))
                assert "Infinity" not in text.replace('"text": "Infinity', "")
                assert ink(spec) == [], (seed, figure.name)


def test_money_of_two_currencies_has_figures_of_its_own(tmp_path: Path) -> None:
    """x is bankrupt at 90 and owes 10 quote, y at 90.91 and owes 0.15 coin: never in one drawing."""
    file = tmp_path / "s.yaml"
    file.write_text(
        "markets: {LIN: {}, BTC-USD: {contract: inverse}}\n"
        "accounts:\n"
        "  - {id: x, market: LIN, side: long, size: 1, entry: 100, leverage: 10}\n"
        "  - {id: y, market: BTC-USD, side: long, size: 100, entry: 100, leverage: 10}\n"
        "rules: {adl: {when: never}}\n"
        "prices: {LIN: [100, 80], BTC-USD: [100, 80]}\n"
    )
    made = {figure.name: figure for figure in drawn(file)}
    assert {"cover-1", "cover-2", "equity-1", "equity-2"} <= set(made)
    assert "10 by nobody" in made["cover-1"].description
    assert "0.15 by nobody" in made["cover-2"].description
    assert [
        row[0] for row in zip(*(column.cells for column in made["equity-2"].tables[0].columns), strict=True)
    ] == ["y"]
