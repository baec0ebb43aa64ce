"""The figures: specifications that Vega-Lite's own schema accepts, the same every time, and what they say.

`pytest tests/test_charts.py --update-golden` writes tests/golden/figures anew; read the difference before you
commit it."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from books import random_scenario
from conftest import ROOT
from rules import with_rules

import adlcalc
from adlcalc.asking import comparison
from adlcalc.engine.events import FundReceived
from adlcalc.engine.loop import run as run_engine
from adlcalc.ground.numbers import D
from adlcalc.report import Run
from adlcalc.report.charts import figures
from adlcalc.report.charts import path as path_chart
from adlcalc.report.charts.alone import alone
from adlcalc.report.charts.canvas import COLORS, room, short, shortened, ticks, whole_ticks
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
        specs = [*map(figure.spec, (WIDE, NARROW)), alone(figure)]
        for spec in specs:
            errors = [error.message for error in schema.iter_errors(spec)]
            assert errors == [], figure.name
        written = json.dumps(specs[-1])
        assert all(json.dumps(text) in written for text in [key.text for key in figure.keys])


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


def test_the_rest_of_the_market_is_no_account_that_lost() -> None:
    """05: alice loses 100; bob, dave and carol gain; the longs that they were short against are nobody's."""
    told = next(f for f in drawn(ROOT / "scenarios" / "05-fund-empty-adl.yaml") if f.name == "equity")
    assert told.description.startswith("1 account lost and 3 gained. The rest of market lost too.")


def test_both_prices_of_who_was_liquidated_stand_beside_the_path() -> None:
    """alice of 05: long 10 from 100 with 100, bankrupt at 90, due at 90 / (1 - 0.005) = 90.4523."""
    path = next(f for f in drawn(ROOT / "scenarios" / "05-fund-empty-adl.yaml") if f.name == "path")
    texts = [
        row["text"] for layer in path.spec(WIDE)["layer"] for row in layer["data"]["values"] if "text" in row
    ]
    assert {"alice", "90.4523", "90"} <= set(texts)


@pytest.mark.slow
def test_a_gap_is_no_ramp_through_the_prices_between() -> None:
    """04 has three marks: each holds until the next, the last one a little beyond its step. 18 has 77, of which
    the line alone is seen."""
    for name, jumps in (("04-fund-half-absorbs", True), ("18-march-2020", False)):
        path = next(one for one in drawn(ROOT / "scenarios" / f"{name}.yaml") if one.name == "path")
        for width in (WIDE, NARROW):
            layers = path.spec(width)["layer"]
            (line,) = (one for one in layers if one["mark"]["type"] == "line")
            (area,) = (one for one in layers if one["mark"]["type"] == "area")
            assert {one["mark"].get("interpolate") for one in (line, area)} == {
                "step-after" if jumps else None
            }
            if jumps:
                points = [(row["x"], row["y"]) for row in line["data"]["values"]]
                assert points == [(0, 60_000), (1, 56_000), (2, 53_000), (2.15, 53_000)]


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


def test_what_a_fund_still_holds_is_a_part_of_the_loss() -> None:
    """Ten from 90 at 79: the margin of 100 is lost, nine stay with the fund (9 x 11), one goes to the queue; as
    all of it, 210, is what the long lost from 100 to 79. Without that rule the nine are nobody's."""
    text = (
        "fund: 100\nrules: {fund: {holds: while-solvent}}\nmarkets: {X: {lot: 1, liquidity: none}}\n"
        "accounts:\n- {id: a, side: long, size: 10, entry: 100, leverage: 10}\n"
        "- {id: b, side: short, size: 1, entry: 100, leverage: 2}\nprices: [100, 79]\n"
    )
    amounts = {row.who: row.amount for row in shares(adlcalc.run(adlcalc.load(text)), "quote")}
    own, fund, gave, nobody = D(100), D(99), D(11), D(0)
    assert amounts == {
        "own margin": own,
        "insurance fund": 0,
        "fund, still held": fund,
        "counterparties": gave,
        "nobody": nobody,
    }
    bare = text.replace("rules: {fund: {holds: while-solvent}}\n", "").replace("fund: 100", "fund: 0")
    amounts = {row.who: row.amount for row in shares(adlcalc.run(adlcalc.load(bare)), "quote")}
    assert amounts == {"own margin": own, "insurance fund": 0, "counterparties": gave, "nobody": fund}


@pytest.mark.parametrize("many", [5, 61, 100])
def test_everybody_who_gives_up_is_counted(many: int) -> None:
    """A long of `many` contracts, as many shorts of one: the table and the drawing are cut, the sentence is
    not."""
    shorts = [f"- {{id: s{i}, side: short, size: 1, entry: 100.{i:03}, leverage: 5}}" for i in range(many)]
    text = (
        "markets: {M: {tick: 0.001, lot: 1, liquidity: none}}\naccounts:\n"
        f"- {{id: whale, side: long, size: {many}, entry: 100, leverage: 20}}\n"
        + "\n".join(shorts)
        + "\nprices: [100, 90]\n"
    )
    scenario = adlcalc.load(text).scenario
    ladders = Ladders()
    made = Run(scenario, run_engine(scenario, observer=ladders))
    for found in (ladders.found, {}):
        (queue,) = (one for one in figures(made, ladders=found) if one.name == "queue")
        assert f"{many} contracts to close" in queue.description
        assert f"{many} accounts give up what is needed" in queue.description


def test_the_prices_of_a_cross_account_are_drawn_where_they_held() -> None:
    """Long 1 A and 1 B from 100 with 30: when A falls to 90 its price hangs on B, so neither price is drawn
    before the step before. An isolated one's is drawn from the start; with funding from when that fell due."""
    text = (
        "markets: {A: {liquidity: none}, B: {liquidity: none}}\naccounts:\n"
        "- {id: c, margin: cross, balance: 30, positions: [{market: A, side: long, size: 1, entry: 100},"
        " {market: B, side: long, size: 1, entry: 100}]}\n"
        "- {id: i, market: A, side: long, size: 1, entry: 100, leverage: 5}\n"
        "prices: {A: [100, 99, 98, 85, 84, 79], B: [100, 99, 98, 84, 84, 79]}\n"
    )

    def starts(text: str) -> dict[str, int]:
        made = adlcalc.run(adlcalc.load(text))
        since = path_chart._since(made, [one for one in made.closed if one.market == "A"])
        return {one.account: since[one.claim] for one in made.closed if one.market == "A"}

    assert starts(text) == {"c": 2, "i": 0}
    funded = text + "funding: {A: {rate: 0.0001, every: 3}}\n"
    assert starts(funded) == {"c": 2, "i": 3}


def test_who_lost_who_gained_and_who_did_not_change_are_all_accounts() -> None:
    """a loses 5, b wins 5, and d, asked for or not, holds nothing: the rest of the market, which is empty, is
    no account."""
    text = (
        "accounts:\n- {id: a, side: long, size: 1, entry: 100, leverage: 2}\n"
        "- {id: b, side: short, size: 1, entry: 100, leverage: 2}\n"
        "- {id: d, margin: cross, balance: 7, positions: []}\nprices: [100, 95]\n"
    )
    scenario = adlcalc.load(text).scenario
    for named in ((), ("d",)):
        made = Run(scenario, run_engine(scenario), named=named)
        (equity,) = (one for one in figures(made, ladders={}) if one.name == "equity")
        assert equity.description.startswith("1 account lost and 1 gained; 1 account did not change.")


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
        paid = sum(row.paid for row in made.fund if row.fund in funds)
        dust = sum(one.amount for one in made.told(FundReceived) if one.fund in funds and one.why == "dust")
        assert paid - dust <= rows["insurance fund"] <= paid, "but for what it had of the margins themselves"
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


class Text(NamedTuple):
    """A label where it is drawn, in pixels of the drawing."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    def over(self, other: Text) -> bool:
        """By more than the edge of a letter?"""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return across > 1 and down > 2


def at(spec: dict[str, Any], layer: dict[str, Any], row: dict[str, Any]) -> tuple[float, float]:
    (x0, x1), (y0, y1) = (layer["encoding"][key]["scale"]["domain"] for key in ("x", "y"))
    x = spec["padding"]["left"] + (row["x"] - x0) / (x1 - x0) * spec["width"]
    return x, spec["padding"]["top"] + (y1 - row["y"]) / (y1 - y0) * spec["height"]


def texts(spec: dict[str, Any]) -> list[Text]:
    """All labels, each as wide as the widest of our fonts has it."""
    found = []
    for layer in spec["layer"]:
        mark = layer["mark"]
        if mark["type"] != "text":
            continue
        for row in layer["data"]["values"]:
            x, y = at(spec, layer, row)
            wide = room(row["text"], mark["fontSize"], bold=mark["fontWeight"] == "bold")
            x += mark.get("dx", 0) - {"left": 0, "center": wide / 2, "right": wide}[mark["align"]]
            y += mark.get("dy", 0)
            half = mark["fontSize"] * 0.5
            found.append(Text(row["text"], x, y - half, x + wide, y + half))
    return found


def ill_placed(spec: dict[str, Any]) -> list[str]:
    """Labels that leave the drawing or lie over one another."""
    all_of = texts(spec)
    width = spec["width"] + spec["padding"]["left"] + spec["padding"]["right"]
    height = spec["height"] + spec["padding"]["top"] + spec["padding"]["bottom"]
    found = [
        f"{one.text!r} leaves the drawing"
        for one in all_of
        if one.left < -1 or one.right > width + 1 or one.top < -1 or one.bottom > height + 1
    ]
    pairs = ((a, b) for i, a in enumerate(all_of) for b in all_of[i + 1 :])
    return [*found, *(f"{a.text!r} over {b.text!r}" for a, b in pairs if a.over(b))]


WRITTEN = re.compile(r"[\x20-\x7e\xa0-\xff−×…]*")
"""What every font that a reader may have can write; names of users aside, nothing else is."""


@pytest.mark.slow
@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_labels_have_room_and_keep_apart(path: Path) -> None:
    """Each scenario with everybody who fell or gave named: at both widths no label leaves the drawing, none
    lies over another, and none is in letters that turn its text into another font."""
    account = adlcalc.load(path).scenario.accounts[0].id
    for figure in of_21() if path.stem.startswith("21") else drawn(path, account=account):
        for width in (WIDE, NARROW):
            spec = figure.spec(width)
            assert ill_placed(spec) == [], (figure.name, width)
            assert all(WRITTEN.fullmatch(one.text) for one in texts(spec)), figure.name


def test_a_narrow_path_names_who_fell_below_it() -> None:
    """As many names and prices as beside a wide one."""
    path = next(f for f in drawn(ROOT / "scenarios" / "05-fund-empty-adl.yaml") if f.name == "path")
    wide, narrow = ({one.text for one in texts(path.spec(width))} for width in (WIDE, NARROW))
    assert {"alice", "90.4523", "90"} <= wide & narrow


def test_who_is_deleveraged_in_the_first_step_has_its_price_and_no_card_of_one_dot(tmp_path: Path) -> None:
    """bo is short 10 from 100 with a margin of 100, and gives all of it at step 1: al, long 10 with a margin
    of 100, is bankrupt at 90 and falls at a mark of 80. What is known of bo: both marks and the fill; his
    margin ratio is known at step 0 alone, and has no card."""
    file = tmp_path / "s.yaml"
    file.write_text(
        "fund: 0\nprices: [100, 80]\naccounts:\n"
        "  - {id: al, side: long, size: 10, entry: 100, leverage: 10}\n"
        "  - {id: bo, side: short, size: 10, entry: 100, leverage: 10}\n"
    )
    found = {one.name: one for one in drawn(file, account="bo") if one.name.startswith("account")}
    assert [*found] == ["account-1-price-1"]
    layers = found["account-1-price-1"].spec(WIDE)["layer"]
    lines = [
        [(row["x"], row["y"]) for row in one["data"]["values"]]
        for one in layers
        if one["mark"]["type"] == "line"
    ]
    assert lines[0] == [(0, 100), (1, 80)]
    (given,) = [one for one in layers if one["mark"].get("shape") == "diamond"]
    assert given["data"]["values"] == [{"x": 1, "y": 90}]


FALLEN = """
fund: 1000
accounts:
  - {id: me, side: long, size: 1, entry: 60000, leverage: 20}
  - {id: lou, side: long, size: 2, entry: 59438.6, leverage: 20}
  - {id: 2lena, side: long, size: 1, entry: 58000, leverage: 8}
  - {id: sam, side: short, size: 2, entry: 60000, leverage: 5}
  - {id: sue, side: short, size: 2, entry: 61000, leverage: 10}
prices: [60000, 56000, 50000]
"""
"""me: long 1 from 60,000 with a margin of 3,000, bankrupt at 57,000. At 56,000 she has lost 4,000: her equity
is -1,000, and she falls at step 1. The shorts are in profit, the longs are not: their queue is never used."""


def fallen(tmp_path: Path) -> dict[str, Figure]:
    file = tmp_path / "s.yaml"
    file.write_text(FALLEN)
    return {figure.name: figure for figure in drawn(file, account="me")}


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_labels_beside_the_path_are_whole_and_apart_from_signs(tmp_path: Path, width: int) -> None:
    """The fill of step 2 is a diamond at the last step: no label may begin where it is."""
    spec = fallen(tmp_path)["path"].spec(width)
    assert ill_placed(spec) == []
    labels = {one.text: one for one in texts(spec)}
    if width == WIDE:
        assert {"me", "57,000", "lou", "56,466.7", "2lena", "50,750"} <= set(labels)
    for layer in spec["layer"]:
        if layer["mark"].get("shape") in ("diamond", "triangle-down"):
            for row in layer["data"]["values"]:
                x, y = at(spec, layer, row)
                y += layer["mark"].get("yOffset", 0)
                sign = Text("", x - 6, y - 6, x + 6, y + 6)
                assert [one.text for one in labels.values() if one.over(sign)] == []


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("name", ["path", "fund", "account-1-price-1", "account-1-ratio"])
def test_a_step_stands_in_the_middle_above_its_label(tmp_path: Path, name: str, width: int) -> None:
    spec = fallen(tmp_path)[name].spec(width)
    for layer in spec["layer"]:
        if layer["mark"]["type"] == "text":
            for row in layer["data"]["values"]:
                if row["text"].startswith("step "):
                    assert (layer["mark"]["align"], layer["mark"].get("dx", 0)) == ("center", 0)
                    assert row["text"] == f"step {row['x']}"


def test_the_series_of_an_account_ends_with_its_liquidation(tmp_path: Path) -> None:
    made = fallen(tmp_path)
    price, ratio = made["account-1-price-1"], made["account-1-ratio"]
    for figure in (price, ratio):
        assert "liquidated at step 1" in figure.description
        assert "an equity of −1,000, below zero" in figure.description
        (signs,) = (
            layer for layer in figure.spec(NARROW)["layer"] if layer["mark"].get("shape") == "triangle-down"
        )
        assert [row["x"] for row in signs["data"]["values"]] == [1]
        lines = [layer for layer in figure.spec(NARROW)["layer"] if layer["mark"]["type"] == "line"]
        assert all([row["x"] for row in line["data"]["values"]] == [0, 1] for line in lines)
        assert [key.text for key in figure.keys][-1] == "liquidated"
    assert "at a mark of 56,000" in price.description
    assert "worst" not in ratio.description


def test_the_best_place_is_that_of_a_fill_too(tmp_path: Path) -> None:
    """At 100 y has won 1 and x a half: y is first. At 80, where a is bankrupt, x has won 20.5 on 10, y 21 on
    20: x is first, and gives all that it has."""
    file = tmp_path / "s.yaml"
    file.write_text(
        "accounts:\n  - {id: a, side: long, size: 1, entry: 100, leverage: 10}\n"
        "  - {id: x, side: short, size: 1, entry: 100.5, leverage: 10}\n"
        "  - {id: y, side: short, size: 1, entry: 101, leverage: 5}\n"
        "markets: {M: {tick: 0.1, lot: 1, liquidity: none}}\nprices: [100, 80]\n"
    )
    x = {figure.name: figure for figure in drawn(file, account="x")}["account-1-price-1"]
    assert "Its best place in the queue of the shorts is 1." in x.description


def test_a_place_in_a_queue_that_was_not_used_is_said_to_be_none(tmp_path: Path) -> None:
    """lena, long from 58,000, is in profit at step 0 and first of the longs, from whom nobody was taken; sue
    stands in the queue of the shorts, from which she was."""
    file = tmp_path / "s.yaml"
    file.write_text(FALLEN)
    lena = {figure.name: figure for figure in drawn(file, account="2lena")}["account-1-price-1"]
    unused = (
        "Its best place in the queue of the longs is 1, which was not used: nobody was deleveraged from it."
    )
    assert lena.description.endswith(unused)
    sue = {figure.name: figure for figure in drawn(file, account="sue")}["account-1-price-1"]
    assert "Its best place in the queue of the shorts is 1." in sue.description
    assert "until step 1, at which it is deleveraged" in sue.description


def test_one_that_falls_at_once_has_a_series_too(tmp_path: Path) -> None:
    """Bankrupt at 90 and marked at 80 from the beginning: at the end of no step does it hold anything."""
    file = tmp_path / "s.yaml"
    file.write_text(
        "accounts: [{id: a, side: long, size: 1, entry: 100, leverage: 10}]\nprices: [80, 85]\nfund: 100\n"
    )
    made = {figure.name: figure for figure in drawn(file, account="a")}
    assert (
        "liquidated at step 0, at a mark of 80, with an equity of −10"
        in made["account-1-price-1"].description
    )


def test_each_queue_that_was_used_is_drawn(tmp_path: Path) -> None:
    """Lou's two are taken from sue at step 1, lena's one from sam at step 2."""
    made = fallen(tmp_path)
    assert made["queue-1"].title == "Queue of shorts at step 1"
    assert made["queue-2"].title == "Queue of shorts at step 2"
    assert made["queue-2"].description.startswith("1 contract to close. sam stands first")


def test_of_many_queues_it_is_said_which_are_drawn(tmp_path: Path) -> None:
    """Six longs fall one after the other, each a larger one: the last four gave most."""
    longs = [
        f"  - {{id: l{i}, side: long, size: {i + 1}, entry: {100 - 5 * i}, leverage: 20}}" for i in range(6)
    ]
    file = tmp_path / "s.yaml"
    file.write_text(
        "fund: 0\naccounts:\n"
        + "\n".join(longs)
        + "\n  - {id: s, side: short, size: 21, entry: 100, leverage: 2}\n"
        "prices: [100, 94, 89, 84, 79, 74, 69]\n"
    )
    queues = [figure for figure in drawn(file) if figure.name.startswith("queue")]
    assert [figure.title for figure in queues] == [f"Queue of shorts at step {i}" for i in (3, 4, 5, 6)]
    said = "Of the 6 queues that were used, the 4 that gave the largest share are drawn."
    assert all(said in figure.description for figure in queues)


def test_a_haircut_with_bad_debt_says_why(tmp_path: Path) -> None:
    """a, bankrupt at 90, is closed at 80 and lacks 10; b, short from 81, has won 1 by then, which is all that
    a haircut can take: 9 is bad debt. In the queue b's short is taken at 90 whatever it has won."""
    file = tmp_path / "s.yaml"
    file.write_text(
        "fund: 0\naccounts:\n  - {id: a, side: long, size: 1, entry: 100, leverage: 10}\n"
        "  - {id: b, side: short, size: 1, entry: 81, leverage: 2}\nprices: [100, 80]\n"
    )
    figure = drawn(file, compare="queue,haircut")[-1]
    assert "haircut cuts profits and closes no position" in figure.description
    assert "9" in {one.text for one in texts(figure.spec(WIDE))}
    assert {"9", "bad debt"} <= {one.text for one in texts(figure.spec(NARROW))}  # on a phone as well
    calm = drawn(ROOT / "scenarios" / "21-who-pays.yaml", compare="queue,haircut")[-1]
    assert "closes no position" not in calm.description


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
                assert ill_placed(spec) == [], (seed, figure.name, width)


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


def test_a_path_of_one_step_is_no_move() -> None:
    made = adlcalc.run("accounts: [{id: a, side: long, size: 1, entry: 100, leverage: 2}]\nprices: [100]\n")
    (path,) = (one for one in figures(made, ladders={}) if one.name == "path")
    assert path.description == "One step, at 100."
