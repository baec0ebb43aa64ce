"""Random paths: the same digits everywhere, made of what the model says and nothing else."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections import Counter
from decimal import Decimal, localcontext
from fractions import Fraction
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from statistics import NormalDist

import pytest
from typer.testing import CliRunner

from adlcalc.cli.app import app_for
from adlcalc.paths.draws import CONTEXT, Stream, normal_of
from adlcalc.paths.models import Bootstrap, Jumps, PathError, Ramps, Walk
from adlcalc.scenario import Loaded, load
from adlcalc.source.problems import ScenarioErrors

D = Decimal
ONE = {"X": D(100)}
TICK = {"X": D("0.01")}
COIN = Bootstrap({"X": (D(100), D(110), D(100))}, ONE, {"X": D("0.00000001")}, 4, 1, 7, ("coin.csv",))
"""A price file of two moves, x 1.1 and / 1.1: a fair coin."""
WALK = Walk(ONE, TICK, 20, D("0.02"), 7, jumps=Jumps(D("0.1"), D("-0.1"), D("0.05")))
RAMPS = Ramps(ONE, TICK, 10, (D("-0.6"), D("-0.1")), (1, 10), 7)
MODELS = {"coin": COIN, "walk": WALK, "ramps": RAMPS}


def digest() -> str:
    """Of ten paths of each model."""
    return sha256(
        repr([[*map(str, m.marks(i)["X"])] for m in MODELS.values() for i in range(10)]).encode()
    ).hexdigest()


DIGEST = "8fc4f4e66d6ba5655441f16e216cce3a1ebe5269681a020b3175023d2d8ef650"
"""Held under every Python that is tested."""


def test_the_digits_are_the_same_everywhere() -> None:
    assert digest() == DIGEST


@pytest.mark.slow
def test_hash_seed_locale_and_the_context_of_the_caller_do_not_matter() -> None:
    code = "import decimal; decimal.getcontext().prec = 5; from test_paths import digest; print(digest())"
    environment = {
        **os.environ,
        "PYTHONHASHSEED": "5",
        "LC_ALL": "C",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.strip() == DIGEST


def test_a_draw_hangs_on_its_name_alone() -> None:
    """SHA-256 of the text '7/3/block/0', its first 8 bytes plus a half, of 2^64: by the definition."""
    first = sha256(b"7/3/block/0").digest()
    with localcontext(CONTEXT):
        assert Stream(7, 3).uniform("block/0") == (D(int.from_bytes(first[:8], "big")) + D("0.5")) / D(2**64)
    assert Stream(7, 3).below(6, "block/0") == int.from_bytes(first, "big") * 6 // 2**256


def test_normals_are_those_of_the_standard_library_to_the_digits_of_a_float() -> None:
    with localcontext(CONTEXT):
        for i in range(1, 1_000):
            p = D(i) / 1_000
            assert math.isclose(normal_of(p), NormalDist().inv_cdf(i / 1_000), rel_tol=1e-12, abs_tol=1e-12)
        assert math.isclose(normal_of(D("1E-30")), -11.46402469, rel_tol=1e-7)  # beyond r = 5: the tail


def test_a_bootstrap_of_two_moves_is_a_binomial_walk() -> None:
    """After 4 moves the price is 100 x 1.1^(2k - 4), where k moves of the 4 went up: C(4, k) / 16 of the
    paths."""
    ends = [COIN.marks(i)["X"][-1] for i in range(800)]
    at = {k: (Fraction(11, 10) ** (2 * k - 4) * 100) for k in range(5)}
    found = Counter(min(at, key=lambda k: abs(at[k] - Fraction(end))) for end in ends)
    for end in ends:
        assert min(abs(Fraction(end) - one) for one in at.values()) <= Fraction(1, 10**8)
    for k in range(5):
        share = math.comb(4, k) / 16
        assert abs(found[k] - 800 * share) < 4 * math.sqrt(800 * share * (1 - share))


def test_a_block_is_drawn_for_all_markets_and_is_consecutive() -> None:
    """The second market's file is the first's, doubled: so is its path. Prices 1, 2, 6, 24, 120 have the
    moves x 2, 3, 4, 5, and a block of three is 2, 3, 4 or 3, 4, 5."""
    prices = tuple(map(D, (1, 2, 6, 24, 120)))
    both = {"A": prices, "B": tuple(2 * one for one in prices)}
    model = Bootstrap(both, {"A": D(1), "B": D(2)}, dict.fromkeys(both, D(1)), 6, 3, 1)
    seen = set()
    for i in range(30):
        marks = model.marks(i)
        assert marks["B"] == tuple(2 * one for one in marks["A"])
        moves = [int(b / a) for a, b in pairwise(marks["A"])]
        seen |= {tuple(moves[:3]), tuple(moves[3:])}
    assert seen == {(2, 3, 4), (3, 4, 5)}


def test_a_ramp_is_straight_and_stays() -> None:
    depths = set()
    for i in range(200):
        marks = RAMPS.marks(i)["X"]
        depth = marks[-1] / 100 - 1
        over = next(step for step, mark in enumerate(marks) if mark == marks[-1])
        assert D("-0.6") <= depth <= D("-0.1")
        assert all(
            abs(mark - (100 + 100 * depth * min(step, over) / over)) <= D("0.005")
            for step, mark in enumerate(marks)
        )
        depths.add(over)
    assert depths == set(range(1, 11))


def test_a_walk_without_deviation_is_its_drift_and_one_that_leaves_all_numbers_is_refused() -> None:
    """exp(0.1) = 1.10517..., exp(0.2) = 1.22140..."""
    still = Walk(ONE, TICK, 2, D(0), 7, drift=D("0.1"))
    assert still.marks(0)["X"] == (D(100), D("110.52"), D("122.14"))
    with pytest.raises(PathError, match="above"):
        Walk(ONE, TICK, 2, D(0), 7, drift=D(100)).marks(0)
    with pytest.raises(PathError):
        Walk(ONE, TICK, 2, D(0), 7, drift=D(100_000)).marks(0)
    assert Walk(ONE, TICK, 2, D(0), 7, drift=D(-500)).marks(0)["X"][-1] == TICK["X"]


def test_markets_of_correlation_one_move_as_one_and_of_zero_do_not() -> None:
    both = {"A": D(100), "B": D(100)}
    ticks = dict.fromkeys(both, D("0.01"))
    marks = Walk(both, ticks, 5, D("0.02"), 7, correlation=D(1)).marks(0)
    assert marks["A"] == marks["B"]
    marks = Walk(both, ticks, 5, D("0.02"), 7).marks(0)
    assert marks["A"] != marks["B"]


BOOK = """\
title: One against one   # a comment
fund: 100
markets: {X: {tick: 0.01, lot: 0.001}}
# the path
prices:
  model: bootstrap
  file: candles.csv
  block: 2
  steps: 30
  from: 100
  seed: 3
accounts:
  - {id: alice, side: long, size: 2, entry: 100, leverage: 10}
  - {id: bob, side: short, size: 2, entry: 100, leverage: 10}
"""


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rows = [f"2020-03-{day:02d},{close}" for day, close in enumerate((90, 95, 85, 99, 80, 84), 1)]
    Path("candles.csv").write_text("\n".join(["time,close", *rows]) + "\n", encoding="utf-8")
    Path("book.yaml").write_text(BOOK, encoding="utf-8")
    return tmp_path / "book.yaml"


def ran(*words: str) -> str:
    done = CliRunner().invoke(app_for(words), words)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_what_is_written_out_runs_the_same(book: Path) -> None:
    Path("out.yaml").write_text(ran("expand", "book.yaml", "--draw", "5"), encoding="utf-8")
    written = Path("out.yaml").read_text(encoding="utf-8")
    assert written.startswith("title: One against one   # a comment\n")
    assert "model:" not in written
    drawn = load("book.yaml", sets=["prices.draw=5"])
    assert load("out.yaml").scenario == drawn.scenario
    assert drawn.scenario.path.marks != load("book.yaml").scenario.path.marks
    assert drawn.model is not None
    assert drawn.model.told() == (
        "of 30 moves from 100, resampled from candles.csv (2020-03-01 to 2020-03-06; 5 moves there, blocks "
        "of 2; "
        "worst "
        "step -19.2%)"
    )  # 80 / 99 - 1 = -0.19191...


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("prices.block=6", "'candles.csv' has 5 moves, fewer than a block of 6"),
        ("prices.model=garch", "'model' of 'prices' must be bootstrap, walk or ramp, not 'garch'"),
        ("prices.file={Y: candles.csv}", "there is no market 'Y'"),
        ("prices.file=nothing.csv", "there is no file 'nothing.csv'"),
        ("prices.steps=2000000", "at most 1000000 moves"),
        ("prices={model: walk, volatility: 0.01, steps: 5}", "the model has no 'from'"),
        ("prices={model: walk, from: 100, volatility: {annual: 0.8}, steps: 5}", "needs an 'interval'"),
        ("prices={model: walk, from: 100, volatility: [1], steps: 5}", "or {annual: ...}, not a list"),
        ("prices={model: walk, from: 100, volatility: {annual: -1}, steps: 5}", "must be zero or more"),
        ("prices={model: ramp, from: 100, to: -1, over: 3}", "must be above -1"),
        ("prices={model: ramp, from: 100, to: -0.5, over: 3, steps: 2}", "must be from 3"),
        ("prices={model: walk, from: 100, drift: 100, volatility: 1, steps: 5}", "this path cannot be"),
    ],
)
def test_what_no_model_can_be_is_told(book: Path, setting: str, said: str) -> None:
    with pytest.raises(ScenarioErrors, match="error") as caught:
        load("book.yaml", sets=[setting])
    assert said in str(caught.value)


# --- the volatility of a year -------------------------------------------------------------------------------

YEARLY = """\
prices: {{model: walk, from: 100, volatility: {volatility}, steps: 12, seed: 3}}
interval: {interval}
accounts:
  - {{id: me,  side: long,  size: 1, entry: 100, leverage: 2}}
  - {{id: you, side: short, size: 1, entry: 100, leverage: 2}}
"""


def yearly(volatility: str, interval: str, *sets: str) -> Loaded:
    Path("yearly.yaml").write_text(YEARLY.format(volatility=volatility, interval=interval), encoding="utf-8")
    return load("yearly.yaml", sets=sets)


@pytest.mark.parametrize(
    ("interval", "step"),
    [
        ("2190h", "0.4"),  # a quarter of 365 days: the root of 1/4 is 1/2
        ("365d", "0.8"),
        ("1h", "0.008547476863"),  # 0.8 / 93.5948716... (93.5948716^2 = 8,759.99999)
    ],
)
def test_the_volatility_of_a_year_is_broken_down_by_the_root_of_time(
    book: Path, interval: str, step: str
) -> None:
    found = yearly("{annual: 0.80}", interval)
    assert isinstance(found.model, Walk)
    assert found.model.volatility == D(step)
    assert yearly(step, interval).scenario.path.marks == found.scenario.path.marks
    # in whole numbers: twice the root of 0.8^2 x 10^24 x length / 365 days, halved to the nearest
    length = {"2190h": 2_190 * 3_600, "365d": 31_536_000, "1h": 3_600}[interval]
    doubled = math.isqrt(4 * 64 * 10**22 * length // 31_536_000)
    assert found.model.volatility == D((doubled + 1) // 2).scaleb(-12)
    assert f"volatility 0.8 a year, {found.model.volatility.normalize():f} a step" in found.model.told()
    assert not [one for one in found.notes if "volatility" in one.message]


def test_a_volatility_of_a_step_that_is_most_likely_of_a_year_is_told(book: Path) -> None:
    """0.8 x the root of 8,760 hours is 74.9; 0.1 an hour is 9.4, and an 8 hours' 0.3 is 9.9."""
    (note,) = yearly("0.80", "1h").notes
    assert (note.kind, note.line, note.column) == ("note", 1, 46)
    assert note.message == "'volatility' of 'prices' is that of a step: 0.8 in 1h is about 75 a year"
    assert note.hint == "volatility: {annual: 0.8} is that of a year"
    for volatility, interval in (("0.1", "1h"), ("0.3", "8h"), ("0.5", "1d")):
        assert yearly(volatility, interval).notes == ()
    assert yearly("0.11", "1h").notes
    assert yearly("0.8", "1d").notes
    assert yearly("0.8", "1h", "interval=null").notes == ()  # how long a step is, nobody says


def test_an_interval_that_is_wrong_is_told_once(book: Path) -> None:
    with pytest.raises(ScenarioErrors) as caught:
        yearly("{annual: 0.8}", "fast")
    assert [one.line for one in caught.value.problems] == [2]


@pytest.mark.parametrize("option", ["--seed", "--draw"])
def test_a_path_that_is_written_out_has_no_seed_and_no_draws(book: Path, option: str) -> None:
    Path("flat.yaml").write_text("accounts: []\nprices: [100]\n", encoding="utf-8")
    told = CliRunner().invoke(app_for(["expand"]), ["expand", "flat.yaml", option, "1"])
    assert told.exit_code == 2
    assert f"{option} is of the model of prices, and flat.yaml has none" in told.output + told.stderr
