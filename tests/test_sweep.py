"""Many points, counted: against distributions that are known, and the same bytes however they were worked."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from conftest import Result
from typer.testing import CliRunner

import adlcalc
from adlcalc.cli.app import app_for
from adlcalc.cli.progress import foretell
from adlcalc.report.columns.sweep import SWEEP
from adlcalc.report.sweep_view import sweep_page
from adlcalc.report.writers import FORMATS
from adlcalc.scenario import load
from adlcalc.study.answers import names_of
from adlcalc.study.questions import QuestionError, split
from adlcalc.study.runs import Asked
from adlcalc.study.sample import Quantile, share_of, spread_of
from adlcalc.study.store import SAME, Design, Saved, Store, number_in, text_of
from adlcalc.study.sweep import ANYBODY, FAR, wanted_of
from adlcalc.study.swept import counted
from adlcalc.sweeping import Sweep, asked_again, swept

D = Decimal
BOOK = """\
title: One account on a coin
fund: {fund}
markets: {{X: {{tick: 0.00000001, lot: 0.001}}}}
accounts:
  - {{id: me,  side: long,  size: 1, entry: 100, leverage: 5}}
  - {{id: you, side: short, size: 1, entry: 100, leverage: 1}}
prices: {{model: bootstrap, file: coin.csv, from: 100, block: 1, steps: 4, seed: 7}}
"""
N = 160


@pytest.fixture(autouse=True)
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("coin.csv").write_text("close\n100\n110\n100\n", encoding="utf-8")
    Path("coin.yaml").write_text(BOOK.format(fund=1_000), encoding="utf-8")
    return tmp_path


def ran(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(app_for(words), words)
    assert done.exit_code == code, done.output
    return done.stdout if not code else done.output


def document(*words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ran("sweep", *words, "--json"))
    jsonschema.validate(found, SWEEP.schema())
    return found


# --- what is known in closed form ---------------------------------------------------------------------------


@pytest.mark.slow
def test_one_account_on_a_binomial_path_is_liquidated_as_often_as_counted_by_hand() -> None:
    """The price goes x 1.1 or / 1.1, four times. The long of leverage 5 is bankrupt at 80 and liquidated
    below 80 / 0.995 = 80.4: 100 / 1.1^2 = 82.6 is above it, 100 / 1.1^3 = 75.1 is not. Of the 16 walks of
    four moves two are ever three down: DDDU and DDDD."""
    found = document("coin.yaml", "--paths", f"n={N}", "-m", "liquidated(me), fund_paid, least_fund")
    share = found["figures"][0]
    p = 2 / 16
    assert abs(share["hits"] - N * p) < 4 * math.sqrt(N * p * (1 - p))
    assert D(share["low"]) < D(share["probability"]) < D(share["high"])
    assert D(share["probability"]) == D(share["hits"]) / N
    # at 75.13148009 the fund pays 80 - 75.13148009 = 4.86851991, and nothing else is ever paid
    for row in found["figures"][1:]:
        assert (row["least"], row["most"]) == ("0", "4.86851991")
        assert D(row["mean"]) == (D("4.86851991") * share["hits"] / N).quantize(D("1E-8"))


@pytest.mark.slow
def test_the_least_fund_of_each_path_answers_for_every_fund() -> None:
    """One run a path tells how many would have been short of any fund: the same count as a run with that
    fund."""
    by_path = document("coin.yaml", "--paths", f"n={N}", "-m", "least_fund > 4")["figures"][0]
    with_fund = document("coin.yaml", "--paths", f"n={N}", "-m", "adl", "--set", "fund=4")["figures"][0]
    assert by_path["hits"] == with_fund["hits"] > 0


def quantile_of_100(level: str) -> Quantile:
    """Of the numbers from 1 to 100."""
    return spread_of(((Fraction(n), 1) for n in range(1, 101)), 100, [D(level)]).quantiles[0]


def test_intervals_are_those_of_the_textbooks() -> None:
    """Wilson (1927) at 95 %: 0 of 10 is up to 0.277533 (z^2 / (n + z^2) = 3.841459 / 13.841459); 5 of 10 is
    0.236593 to 0.763407. Of 100 values the median lies between the 40th and the 61st (Conover, table of the
    binomial: P(B <= 39) = 0.0176)."""
    assert share_of(0, 10)[2:] == (0, D("0.277533"))
    assert share_of(10, 10)[2:] == (D("0.722467"), 1)
    assert share_of(5, 10)[2:] == (D("0.236593"), D("0.763407"))
    found = quantile_of_100("0.5")
    assert found[1:4] == (50, 40, 61)
    assert found.beyond == Fraction(sum(range(51, 101)), 50)
    assert quantile_of_100("0.8").beyond == Fraction(sum(range(81, 101)), 20), (
        "the 20 largest, and not the 80th"
    )
    assert quantile_of_100("0.795").beyond == (sum(range(81, 101)) + Fraction(80, 2)) / Fraction("20.5")
    assert quantile_of_100("0.25").beyond == Fraction(sum(range(1, 26)), 25)
    assert quantile_of_100("0.8").value == 80
    assert quantile_of_100("0.81").value is None  # 19 beyond


def test_no_hit_is_a_bound_and_no_zero() -> None:
    told = ran("sweep", "coin.yaml", "--paths", "n=50", "-m", "adl, fund_paid")
    assert "< 7.14%" in told  # 3.8415 / 53.8415 = 7.135 %, upward
    assert " 0%" not in told
    assert "not estimable" in told.lower()
    assert "A frequency under this model, not a forecast" in " ".join(told.split())
    assert (
        "50 paths of 4 moves from 100, resampled from coin.csv (2 moves there, single moves; worst step "
        "-9.1%), seed 7" in " ".join(told.split())
    )


def test_every_frequency_of_the_csv_stands_beside_its_model_and_seed() -> None:
    def rows(*words: str) -> list[dict[str, str]]:
        return [
            *csv.DictReader(
                io.StringIO(ran("sweep", "coin.yaml", "-m", "adl, fund_paid", "-f", "csv", *words))
            )
        ]

    drawn = rows("--paths", "n=50")
    assert {row["table"] for row in drawn} == {"figure", "quantile"}
    assert {(row["model"], row["seed"]) for row in drawn} == {
        (
            "50 paths of 4 moves from 100, resampled from coin.csv (2 moves there, single moves; worst step "
            "-9.1%)",
            "7",
        )
    }
    assert {(row["model"], row["seed"]) for row in rows("--vary", "fund=1,2")} == {("", "")}


def test_the_csv_has_a_column_for_each_thing_that_is_varied() -> None:
    words = ["--vary", "fund=1,2", "--venues", "okx,generic", "-m", "adl, fund_paid", "-f", "csv", "--points"]
    rows = [*csv.DictReader(io.StringIO(ran("sweep", "coin.yaml", *words)))]
    assert [*rows[0]][-3:] == ["fund", "adl", "fund_paid"]
    for row in rows:
        if row["table"] != "point":
            assert row["by"] == f"venue={row['venue']}; fund={row['fund']}"
            assert row["adl"] == row["fund_paid"] == ""
        else:
            assert row["measures"] == f"adl={row['adl']}; fund_paid={row['fund_paid']}"
            assert row["varied"] == f"fund={row['fund']}"


# --- what is varied -----------------------------------------------------------------------------------------


def test_every_value_with_every_other_under_every_venue_and_policy() -> None:
    words = ["--vary", "fund=0..2/1", "--vary", "accounts.me.leverage=5,10", "--venues", "generic,bitmex"]
    found = document(
        "coin.yaml", *words, "--policies", "queue,pro-rata", "--set", "prices=[100, 75]", "-m", "fund_paid"
    )
    rows = found["figures"]
    assert len(rows) == 3 * 2 * 2 * 2 == found["scenario"]["points"]
    assert {row["n"] for row in rows} == {1}
    # leverage 5, generic: 5 are lacking at 75, the fund pays for whole lots of a thousandth: all it has
    of = {tuple(row["by"].values()): D(row["mean"]) for row in rows}
    assert [of["generic", str(n), "5", "queue"] for n in range(3)] == [0, 1, 2]


def test_what_only_the_file_can_say_is_varied_too() -> None:
    found = document(
        "coin.yaml", "--vary", "rules.adl.policy=queue,pro-rata", "--vary", "markets.X.lot=0.1,1", "--set",
        "prices=[100, 75]", "--set", "fund=1", "-m", "adl_size",
    )  # fmt: skip
    assert [(row["by"]["markets.X.lot"], row["mean"]) for row in found["figures"]] == [
        ("0.1", "0.8"), ("1", "1"), ("0.1", "0.8"), ("1", "1"),
    ]  # 1 pays for 0.2 of the coin at 5 a coin; of whole coins, for none  # fmt: skip


def test_what_a_path_is_made_of_is_varied_by_its_name() -> None:
    """The long of leverage 5 is bankrupt at 80: a ramp that ends at 70 finds it, one that ends at 90 does
    not; nor does one from 150 to 90. A walk of no volatility stays where it is."""
    own = BOOK.format(fund=0).rpartition("prices")[0]
    Path("ramp.yaml").write_text(own + "prices: {from: 100, to: 90, steps: 4}\n", encoding="utf-8")
    found = document("ramp.yaml", "--vary", "prices.to=70,90", "-m", "liquidated(me)")
    assert [row["hits"] for row in found["figures"]] == [1, 0]
    found = document("ramp.yaml", "--vary", "prices.from=70,150", "-m", "liquidated(me)")
    assert [row["hits"] for row in found["figures"]] == [1, 0]
    walk = "prices: {model: walk, from: 100, volatility: {annual: 0.8}, steps: 9}\ninterval: 90d\n"
    Path("walk.yaml").write_text(own + walk, encoding="utf-8")
    for name in ("prices.volatility", "prices.volatility.annual"):
        found = document("walk.yaml", "--paths", "n=9", "--vary", f"{name}=0,0.8", "-m", "liquidated(me)")
        none, some = (row["hits"] for row in found["figures"])
        assert none == 0 < some
    page = ran("sweep", "walk.yaml", "--paths", "n=9", "-m", "adl")
    assert "volatility 0.8 a year, 0.397250826529 a step" in " ".join(page.split())
    assert "but for" not in page
    varied = ran(
        "sweep", "walk.yaml", "--paths", "n=9", "--vary", "prices.volatility.annual=0,0.8", "-m", "adl"
    )
    assert ", but for prices.volatility.annual, seed" in " ".join(varied.split())


def test_beside_a_least_fund_stands_what_it_is_not() -> None:
    words = ("--vary", "fund=0,1")
    said = "what the book does not take may go to the queue, however much the fund holds"
    for measure in ("least_fund", "least_fund > 4", "quantile(least_fund, 0.5)"):
        assert said in " ".join(ran("sweep", "coin.yaml", *words, "-m", measure).split())
    assert said not in " ".join(ran("sweep", "coin.yaml", *words, "-m", "fund_paid").split())
    assert said in " ".join(ran("compare", "coin.yaml", "--metrics", "least_fund").split())


def test_a_point_that_fails_is_a_row(book: Path) -> None:
    found = document("coin.yaml", "--vary", "accounts.me.size=0,1", "-m", "fund_paid", "--points")
    assert [row["error"] for row in found["points"]] == ["must be greater than zero, not 0", None]
    assert found["scenario"]["failed"] == 1
    assert found["errors"] == [{"message": "must be greater than zero, not 0", "points": 1}]
    assert "1 of 2 points failed" in ran(
        "sweep", "coin.yaml", "--vary", "accounts.me.size=0,1", "-m", "fund_paid"
    )


@pytest.mark.slow
def test_points_counted_together_have_no_interval() -> None:
    words = ["--paths", "n=30", "--vary", "fund=0,1", "-m", "adl"]
    apart = document("coin.yaml", *words)["figures"]
    (together,) = document("coin.yaml", *words, "--by", "")["figures"]
    assert together["hits"] == sum(row["hits"] for row in apart)
    assert together["low"] is None
    assert all(row["low"] is not None for row in apart)


def test_other_models_begin_where_the_file_does() -> None:
    Path("two.yaml").write_text(
        BOOK.format(fund=0).rpartition("prices")[0] + "prices: [100, 90, 80]\n", encoding="utf-8"
    )
    found = document("two.yaml", "--paths", "ramp:to=-50%,over=2,n=3,seed=1", "-m", "liquidated(me), adl")
    assert [row["hits"] for row in found["figures"]] == [3, 3]  # 100, 75, 50
    found = document("two.yaml", "--paths", "bootstrap:coin.csv,n=2,seed=1", "-m", "liquidations@2")
    assert found["paths"]["n"] == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-m", "adl", "--paths", "n=0"], "n=1 to n=1000000"),
        (["-m", "adl", "--paths", "500"], "hint: n=500"),
        (["-m", "adl", "--paths", "walk:volatility=0.1"], "n=1 to n=1000000"),
        (["-m", "adl", "--paths", "walk:volatile=0.1,n=1"], "--paths walk:volatile=0.1,n=1"),
        (["-m", "adl", "--paths", "bootstrap:nothing.csv,n=1"], "nothing.csv"),
        (["-m", "adl", "--paths", "n=1,block=2"], "does not say of which model"),
        (
            [
                "-m",
                "adl",
                "--paths",
                "walk:volatility=0.1,n=1",
                "--set",
                "prices=[100, 75]",
                "--set",
                "prices.1=7",
            ],
            "--set prices.1=7: error: plays no part: --paths draws the prices\nhint: --vary prices.1=7",
        ),
        (
            ["-m", "adl", "--paths", "ramp:to=-50%,over=2,from=90,n=1", "--set", "prices=[100, 75]"],
            "--set prices=[100, 75]: error: plays no part",
        ),
        (["-m", "adl(her)"], "adl(her)"),
        (["-m", "quantile(fund_paid, 1.5)"], "a level between 0 and 1"),
        ([], "what shall be measured"),
        (["-m", "adl", "--vary", "fund"], "NAME=FROM..TO/STEP"),
        (
            ["-m", "adl", "--vary", "rules.adl.police=1,2"],
            "--vary rules.adl.police=1: error: unknown key 'police'",
        ),
        (["-m", "adl", "--vary", "fund=1,2", "--vary", "fund=3"], "given twice"),
        (["-m", "adl", "--by", "leverage"], "nothing that is called 'leverage' is varied"),
        (["-m", "adl", "--policies", "fair"], "no policy 'fair'"),
    ],
)
def test_what_cannot_be_asked_is_told(words: list[str], said: str) -> None:
    assert said in ran("sweep", "coin.yaml", *words, code=2)


def test_two_things_that_are_varied_are_little_bars() -> None:
    """What a fund pays of 5 that are lacking at 75, of 25 at 55: all it has, up to that."""
    words = [
        "--vary",
        "fund=0..6/1",
        "--vary",
        "prices.1=55,75",
        "--set",
        "prices=[100, 75]",
        "-m",
        "fund_paid",
    ]
    told = ran("sweep", "coin.yaml", *words, "--limit", "1")
    assert "fund_paid: fund from left to right; ▁ is 0, █ is 6" in told
    assert "55  ▁▂▃▄▅▆█" in told
    assert "75  ▁▂▃▄▅▆▆" in told


def test_from_python_and_as_a_table_of_arrow() -> None:
    import adlcalc

    found = adlcalc.sweep(
        "coin.yaml", ["adl", "fund_paid"], vary={"fund": [0, 4]}, paths="n=60", store="s.sqlite"
    )
    assert [(row.measure, row.by["fund"], row.n) for row in found] == [
        ("adl", "0", 60), ("adl", "4", 60), ("fund_paid", "0", 60), ("fund_paid", "4", 60),
    ]  # fmt: skip
    assert found[0].hits == found[1].hits > 0  # 4 is not enough for 4.87
    assert isinstance(found[2].mean, Decimal)
    assert found.worked == 120
    assert found.model.startswith("60 paths of 4 moves from 100, resampled from coin.csv")
    assert len(found.rows("points")) == 120
    again = adlcalc.sweep(measures=["fund_paid > 3"], store="s.sqlite", by=["fund"])
    assert (again.worked, [row.hits for row in again]) == (0, [0, found[1].hits])
    with pytest.raises(adlcalc.Unknown, match="other measures"):
        adlcalc.sweep("coin.yaml", ["bad_debt"], vary={"fund": [0, 4]}, paths="n=60", store="s.sqlite")


@pytest.mark.slow
def test_from_python_what_is_loaded_and_what_is_written_are_swept_like_a_file() -> None:
    """With what they were loaded with: a fund of 4 is not enough for the 4.87 that three steps down cost."""
    import adlcalc

    asked: dict[str, Any] = {"measures": ["adl", "fund_paid"], "paths": "n=20", "vary": {"fund": [0, 9]}}
    text = Path("coin.yaml").read_text(encoding="utf-8")
    loaded = adlcalc.load("coin.yaml", sets=["accounts.me.leverage=4"])
    by_hand: dict[str, Any] = {
        "fund": 1_000,
        "markets": {"X": {"tick": "0.00000001", "lot": "0.001"}},
        "accounts": [
            {"id": "me", "side": "long", "size": 1, "entry": 100, "leverage": 4},
            {"id": "you", "side": "short", "size": 1, "entry": 100, "leverage": 1},
        ],
        "prices": {"model": "bootstrap", "file": "coin.csv", "from": 100, "block": 1, "steps": 4, "seed": 7},
    }
    with_four = adlcalc.sweep("coin.yaml", sets=["accounts.me.leverage=4"], **asked)
    for other in (adlcalc.sweep(loaded, **asked), adlcalc.sweep(by_hand, **asked)):
        assert other.rows("points") == with_four.rows("points")
    plain = adlcalc.sweep("coin.yaml", **asked)
    assert adlcalc.sweep(text, **asked).rows("points") == plain.rows("points") != with_four.rows("points")
    under = adlcalc.load("coin.yaml", venue="bitmex")
    assert {row.by["venue"] for row in adlcalc.sweep(under, ["adl"], paths="n=1", by=["venue"])} == {"bitmex"}


@pytest.mark.slow
def test_the_points_as_parquet() -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra [frames] is not installed")
    words = ["--paths", "n=20", "--vary", "fund=0,4", "-m", "adl, fund_paid", "--parquet", "p.parquet"]
    ran("sweep", "coin.yaml", *words)
    rows = parquet.read_table("p.parquet").to_pylist()
    points = document("coin.yaml", *words[:-2], "--points")["points"]
    assert [(row["draw"], f"{row['fund']:.0f}", row["adl"], row["fund_paid"]) for row in rows] == [
        (one["draw"], one["varied"]["fund"], one["measures"]["adl"] == "1", D(one["measures"]["fund_paid"]))
        for one in points
    ]
    assert "No such file" in ran("sweep", "coin.yaml", *words[:-1], "nowhere/p.parquet", code=2)


# --- the store ----------------------------------------------------------------------------------------------

WORDS = ["coin.yaml", "--vary", "fund=0..3/1", "-m", "adl, fund_paid", "--store", "s.sqlite"]


def dump(path: str) -> str:
    with closing(sqlite3.connect(path)) as db:
        return "\n".join(db.iterdump())


def test_resumed_is_fresh_byte_for_byte() -> None:
    ran("sweep", *WORDS, "--paths", "n=5")
    resumed = ran("sweep", *WORDS, "--paths", "n=12")
    kept = dump("s.sqlite")
    Path("s.sqlite").unlink()
    assert ran("sweep", *WORDS, "--paths", "n=12") == resumed
    assert dump("s.sqlite") == kept
    assert (
        swept(Sweep("coin.yaml", ["fund=0..3/1"], "n=12", ["adl, fund_paid"], store="s.sqlite")).worked == 0
    )


@pytest.mark.slow
def test_a_store_is_asked_again_and_nothing_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    first = document(*WORDS, "--paths", "n=40")
    monkeypatch.setattr(Asked, "__call__", None)
    assert document("--store", "s.sqlite")["figures"] == first["figures"]
    again = document("--store", "s.sqlite", "-m", "fund_paid > 0.5, quantile(fund_paid, 0.5)", "--by", "fund")
    paid = {row["by"]["fund"]: row["hits"] for row in again["figures"] if row["measure"] == "fund_paid > 0.5"}
    assert paid["0"] == 0 < paid["1"] == paid["3"]
    assert "the store has no measure 'bad_debt'" in ran(
        "sweep", "--store", "s.sqlite", "-m", "bad_debt", code=2
    )


@pytest.mark.slow
def test_a_manifest_is_of_a_scenario_whatever_store_it_is_kept_in() -> None:
    ran("sweep", *WORDS, "--paths", "n=5", "--manifest", "m.json")
    assert "--store" not in json.loads(Path("m.json").read_text(encoding="utf-8"))["command"]
    assert "The same" in ran("verify", "m.json")


@pytest.mark.slow
def test_a_store_that_is_asked_again_is_what_its_manifest_is_of() -> None:
    """Its points, however the file is laid out: more of them are another store."""
    ran("sweep", *WORDS, "--paths", "n=5")
    again = ("sweep", "--store", "s.sqlite", "-m", "fund_paid > 1")
    assert ran(*again, "--manifest", "m.json") == ran(*again)
    made = json.loads(Path("m.json").read_text(encoding="utf-8"))
    assert made["command"] == ["sweep", "--measure", "fund_paid > 1", "--store", "s.sqlite"]
    assert [(one["role"], one["name"]) for one in made["inputs"]] == [("store", "s.sqlite")]
    with closing(sqlite3.connect("s.sqlite")) as db:
        db.execute("vacuum")
    assert "The same" in ran("verify", "m.json")
    ran("sweep", *WORDS, "--paths", "n=6")
    assert "store s.sqlite has changed" in " ".join(ran("verify", "m.json", code=1).split())


def test_a_manifest_of_other_making_writes_no_store() -> None:
    ran("sweep", "coin.yaml", "-m", "adl", "--paths", "n=2", "--manifest", "m.json")
    made = json.loads(Path("m.json").read_text(encoding="utf-8"))
    made["command"] += ["--store", "written.sqlite"]
    Path("m.json").write_text(json.dumps(made), encoding="utf-8")
    assert "kept in no --store" in ran("verify", "m.json", code=1)
    assert not Path("written.sqlite").exists()


@pytest.mark.slow
def test_a_store_reads_with_plain_sqlite() -> None:
    ran("sweep", *WORDS, "--paths", "n=40")
    with closing(sqlite3.connect("s.sqlite")) as db:
        rows = db.execute(
            "select fund, sum(adl), max(cast(fund_paid as real)) from points group by fund"
        ).fetchall()
        (n,) = db.execute("select count(*) from points where error is null").fetchone()
    assert n == 160
    assert [(fund, most) for fund, _, most in rows] == [("0", 0), ("1", 1), ("2", 2), ("3", 3)] or all(
        most <= float(fund) for fund, _, most in rows
    )
    assert all(adl > 0 for _, adl, _ in rows)  # three lots' worth is never enough for 4.87


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (["--paths", "n=5,seed=8"], "another scenario"),
        (["--paths", "n=5", "--set", "accounts.you.leverage=2"], "another scenario"),
        (["--paths", "n=5", "-m", "bad_debt"], "other measures"),
        (["--paths", "n=5", "--vary", "accounts.me.leverage=5"], "other things that are varied"),
    ],
)
def test_another_sweep_is_refused_and_not_mixed(change: list[str], said: str) -> None:
    ran("sweep", *WORDS, "--paths", "n=5")
    kept = dump("s.sqlite")
    told = ran("sweep", *WORDS, *change, code=2)
    assert said in told or ("seed" in str(change) and "other paths" in told)
    assert dump("s.sqlite") == kept


def test_another_version_and_another_file_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    ran("sweep", *WORDS, "--paths", "n=5")
    Path("coin.csv").write_text("close\n100\n120\n100\n", encoding="utf-8")
    assert "s.sqlite holds points of another scenario" in ran("sweep", *WORDS, "--paths", "n=5", code=2)
    Path("coin.csv").write_text("close\n100\n110\n100\n", encoding="utf-8")
    monkeypatch.setattr("adlcalc.sweeping.program", lambda: "another")
    assert "another version of adlcalc" in ran("sweep", *WORDS, "--paths", "n=5", code=2)


def test_what_is_no_store_is_told() -> None:
    Path("text.txt").write_text(
        "this is no database at all, and longer than a header of one is\n" * 9, encoding="utf-8"
    )
    assert "is no store of a sweep" in ran("sweep", "coin.yaml", "-m", "adl", "--store", "text.txt", code=2)
    assert "No such file" in ran("sweep", "--store", "nothing.sqlite", code=2)
    assert not Path("nothing.sqlite").exists()
    with closing(sqlite3.connect("other.sqlite")) as db:
        db.execute("create table mine (x)")
    assert "not of a sweep" in ran("sweep", "coin.yaml", "-m", "adl", "--store", "other.sqlite", code=2)


def test_names_that_sqlite_takes_for_one_have_columns_of_their_own() -> None:
    text = BOOK.format(fund=0).replace("id: you", "id: ME")
    Path("coin.yaml").write_text(text, encoding="utf-8")
    found = document(
        "coin.yaml",
        "-m",
        "liquidated(me), liquidated(ME)",
        "--set",
        "prices=[100, 70]",
        "--store",
        "s.sqlite",
    )
    assert [row["hits"] for row in found["figures"]] == [1, 0]
    assert [row["hits"] for row in document("--store", "s.sqlite")["figures"]] == [1, 0]


@pytest.mark.parametrize(
    "text", ["0", "-1.5", "1/3", "123456789012345678901234567890.00000001", "-2/7", "0.0625"]
)
def test_numbers_are_kept_whole(text: str) -> None:
    assert text_of(Fraction(text), FAR) == text
    assert number_in(text, FAR) == Fraction(text)


def test_a_list_of_measures_is_split_outside_of_brackets() -> None:
    assert split("adl('a,b'), quantile(fund_paid, 0.9),bad_debt > 1") == [
        "adl('a,b')", "quantile(fund_paid, 0.9)", "bad_debt > 1",
    ]  # fmt: skip
    names = names_of(load("coin.yaml").scenario)
    assert wanted_of("fund_paid > 1 and not adl", names).question is not None
    with pytest.raises(QuestionError):
        wanted_of("fund_paid fund_left", names)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("quantile", "paths", "enough"),
    [("0.9", 199, 200), ("0.9", 200, None), ("0.1", 200, 201), ("0.1", 201, None)],
)
def test_what_will_not_be_estimable_is_told_before_anything_is_run(
    quantile: str, paths: int, enough: int | None
) -> None:
    """20 of 200 paths lie beyond 90 %, 19 of 199; before the 21st of 201, which is the tenth of them, lie
    20."""
    told, events = [], []
    asking = Sweep(file="coin.yaml", paths=f"n={paths}", measures=(f"quantile(fund_paid, {quantile})",))

    def through(rows: Iterable[Any], _: int) -> Iterator[Any]:
        events.append("run")
        yield from rows

    found = swept(asking, through=through, tell=lambda text: told.append((text, list(events))))
    (figure,) = found.figures
    assert (figure.quantiles[0].value is None) is (enough is not None)
    assert [before for _, before in told] == [[]] * (enough is not None)
    assert all(f"(n={enough} would do)" in text for text, _ in told)


# --- processes ----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_two_processes_give_the_same_bytes() -> None:
    one = ran("sweep", *WORDS, "--paths", "n=12")
    kept = dump("s.sqlite")
    Path("s.sqlite").unlink()
    assert ran("sweep", *WORDS, "--paths", "n=12", "--jobs", "2") == one
    assert dump("s.sqlite") == kept


def started(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "adlcalc", "sweep", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        start_new_session=True,
    )


def points_in(path: str) -> int:
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            return int(db.execute("select count(*) from points").fetchone()[0])
    except sqlite3.Error:
        return 0


def wait_for_points(path: str, process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 60
    while points_in(path) < 20 and process.poll() is None and time.monotonic() < until:
        time.sleep(0.02)


LONG = ["coin.yaml", "--paths", "n=3000", "--vary", "fund=0,1", "-m", "adl, fund_paid", "--store", "s.sqlite"]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no such signal")
@pytest.mark.parametrize("by", ["SIGKILL", "SIGINT"])
def test_what_was_done_outlives_a_kill_and_a_ctrl_c(by: str) -> None:
    process = started(*LONG, "--jobs", "2")
    wait_for_points("s.sqlite", process)
    if by == "SIGINT":
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.kill()
    _, told = process.communicate(timeout=60)
    done = points_in("s.sqlite")
    assert done >= 20
    if by == "SIGINT":
        assert process.returncode == 130
        assert "the same command goes on from here" in told
    short = [*LONG[:2], "n=40", *LONG[3:]]
    resumed = ran("sweep", *short)
    Path("s.sqlite").rename("killed.sqlite")
    assert ran("sweep", *short) == resumed
    with closing(sqlite3.connect("killed.sqlite")) as db, closing(sqlite3.connect("s.sqlite")) as fresh:
        rows = {row[0]: row for row in db.execute("select * from points")}
        assert all(rows[row[0]] == row for row in fresh.execute("select * from points"))


def workers_of(pid: int) -> list[int]:
    """The children of the server that its workers come from."""

    def children(of: int) -> list[int]:
        return [
            int(one) for one in Path(f"/proc/{of}/task/{of}/children").read_text(encoding="ascii").split()
        ]

    found = []
    for child in children(pid):
        with suppress(OSError):  # it has ended
            if "forkserver" in Path(f"/proc/{child}/cmdline").read_text(encoding="utf-8"):
                found += children(child)
    return found


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are found in /proc")
def test_the_points_of_a_worker_that_is_killed_are_worked_again() -> None:
    words = [*LONG[:2], "n=300", *LONG[3:]]
    process = started(*words, "--jobs", "2", "--json")
    workers: list[int] = []
    while not workers and process.poll() is None:  # from its start on a worker has points in hand
        workers = workers_of(process.pid)
    assert workers
    os.kill(workers[-1], signal.SIGKILL)
    told, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    Path("s.sqlite").rename("killed.sqlite")
    assert told == ran("sweep", *words, "--json")
    assert dump("killed.sqlite") == dump("s.sqlite")


ENDING = """
import os, signal
from adlcalc.study.points import Work

plain = Work.__call__

def ending(work, point):
    '''The points of a fund of 1 end the process that has them.'''
    if os.environ["ENDING"] == "1" and work.plan.texts(point) == ("1",):
        os.kill(os.getpid(), signal.SIGKILL)
    return plain(work, point)

Work.__call__ = ending

if __name__ == "__main__":
    from adlcalc.cli import main
    main()
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no such signal")
def test_a_point_that_ends_its_processes_is_a_row_and_is_worked_the_next_time() -> None:
    Path("script.py").write_text(ENDING, encoding="utf-8")
    words = [sys.executable, "script.py", "sweep", *WORDS, "--paths", "n=3", "--jobs", "2", "--json"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

    def again(ending: str) -> dict[str, Any]:
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=120, env={**env, "ENDING": ending}
        )
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    found = again("1")
    assert found["scenario"]["failed"] == 3
    assert found["errors"] == [{"message": "each process that worked it was ended by signal 9", "points": 3}]
    with closing(sqlite3.connect("s.sqlite")) as db:
        statuses = "select fund, status, count(*) from points group by fund, status"
        assert db.execute(statuses).fetchall() == [
            ("0", "done", 3), ("1", "lost", 3), ("2", "done", 3), ("3", "done", 3),
        ]  # fmt: skip
    assert again("0")["scenario"]["failed"] == 0
    kept = dump("s.sqlite")
    Path("s.sqlite").unlink()
    again("0")
    assert dump("s.sqlite") == kept


# --- the same digits everywhere -----------------------------------------------------------------------------

DIGEST = "ed8c4e69a11f9538b7a7ec726bd8fc51d38179c54eaf3a98b4a3242ee90d626f"


def test_rows_and_document_are_the_same_bytes_on_every_python() -> None:
    """The rows of the store without their keys (which hold the digest of the sources), and the JSON:
    resampled moves, correlated walks with jumps, quotients that never end, a point that fails."""
    two = BOOK.format(fund=1_000).rpartition("prices")[0]
    Path("walk.yaml").write_text(
        two + "prices: {model: walk, from: 100, volatility: 0.08, jump_rate: 0.3, jump_mean: -0.2,"
        " jump_deviation: 0.05, steps: 5, seed: 3}\n",
        encoding="utf-8",
    )
    found = sha256()
    for file in ("coin.yaml", "walk.yaml"):
        words = ["--paths", "n=3", "--vary", "accounts.me.size=0,1", "--set", "fund=1"]
        measures = ["-m", "adl, fund_paid, margin_ratio(you), least_fund, largest_share"]
        found.update(
            ran("sweep", file, *words, *measures, "--points", "--json", "--store", f"{file}.s").encode()
        )
        with closing(sqlite3.connect(f"{file}.s")) as db:
            names = [name for _, name, *_ in db.execute("pragma table_info(points)") if name != "key"]
            columns = ", ".join(f'"{name}"' for name in names)
            for row in db.execute(f"select {columns} from points order by {columns}"):
                found.update(json.dumps(row).encode())
    assert found.hexdigest() == DIGEST


# --- in batches, and in little memory -----------------------------------------------------------------------


@pytest.mark.parametrize("denominator", [1, 8, 7 * 10**41])
def test_numbers_are_put_in_order_exactly(denominator: int) -> None:
    """By their digits where these tell, by comparison where they do not."""
    r = random.Random(denominator)
    numbers = [Fraction(r.randrange(-300, 300), denominator) for _ in range(200)]
    numbers += [Fraction(3, 10) + Fraction(n, 10**41) for n in range(-3, 4)] + [
        Fraction(1, 3),
        Fraction(-1, 3),
        FAR,
    ]
    design = Design(
        {"parts": "[]", "policies": "[]", "schema": "", **dict.fromkeys(SAME, "")}, {}, (), ("x",)
    )
    with closing(Store("", design)) as store:
        for n, number in enumerate(numbers):
            store.put(Saved(f"{n}", "v", "p", n, (), (text_of(number, FAR),), ""))
        rows = [(number_in(text, FAR), count) for _, text, count in store.points().ascending([], 0)]
    assert [one for one, count in rows for _ in range(count)] == sorted(numbers)
    spread = spread_of(
        ((Fraction(one or 0), count) for one, count in rows), len(numbers), [D("0.1"), D("0.9")]
    )
    ended = sorted(numbers)
    low, high = spread.quantiles
    at = -(-len(ended) // 10)
    assert (low.value, low.beyond) == (ended[at - 1], sum(ended[:at]) / at)
    assert (spread.least, spread.most, spread.mean) == (ended[0], FAR, sum(ended) / len(ended))
    assert high.value == ended[-(-9 * len(ended) // 10) - 1]


@pytest.mark.slow
def test_what_is_counted_and_written_is_not_held() -> None:
    """Ten times the points take no more memory, even where every one of them is printed."""

    def peak(points: int) -> int:
        design = Design(
            {
                "parts": '[["fund_paid", null, '
                'null]]', "policies": '["p"]', "file": "", "title": "", "model": "",
                "limits": "", "seed": "",
            },
            {"v": ""}, (), ("fund_paid",),
        )  # fmt: skip
        with closing(Store("", design)) as store:
            for n in range(points):
                store.put(Saved(f"{n:06d}", "v", "p", n, (), (f"{n * 7919 % 10_007}.{n % 97}",), ""))
            wanted = [wanted_of("fund_paid", ANYBODY)]
            tracemalloc.start()
            found = counted(store, wanted, None, keep_rows=True)
            written = sum(row["table"] == "point" for row in SWEEP.flat(found))
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        assert written == points
        assert found.figures[0].n == points
        return most

    peak(10)
    assert peak(5_000) < 1.2 * peak(500)


# --- the least fund -----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_least_funds_are_told_only_where_they_are_proven() -> None:
    """Bybit's fund stops at a part of its peak: an error where no point can have one, else a row."""
    words = ["coin.yaml", "--paths", "n=2", "-m", "adl, quantile(least_fund, 0.5)"]
    told = ran("sweep", *words, "--venue", "bybit", code=2)
    assert (
        "--measure:1:10: error: least_fund cannot be measured: it is proven only of a fund that pays" in told
    )
    assert "bybit has fund.drawdown" in told
    found = document(*words, "--venues", "generic,bybit", "--points")
    assert [(row["venue"], row["error"] is None) for row in found["points"]] == [
        ("bybit", False), ("bybit", False), ("generic", True), ("generic", True),
    ]  # fmt: skip
    rules = ["--vary", "rules.fund.holds=none,while-solvent"]
    found = document(*words, *rules, "--points")
    assert {row["varied"]["rules.fund.holds"]: row["error"] is None for row in found["points"]} == {
        "none": True, "while-solvent": False,
    }  # fmt: skip


# --- what the reader needs to know beside a frequency -------------------------------------------------------


@pytest.mark.slow
def test_a_sweep_says_where_its_paths_begin_how_long_a_move_is_and_what_is_assumed(
    adlcalc: Callable[..., Result], tmp_path: Path
) -> None:
    """18 moves from 09:00 to 03:00 are an hour each; a path with times says how far they are apart. Each
    venue has its assumed rules, and with --doubt the table has them."""
    sweep = ("sweep", "24-a-random-crash", "--paths", "n=3", "--measure", "adl(carol)")
    said = " ".join(adlcalc(*sweep).out.split())
    assert "3 paths of 24 moves from 60,000, resampled from 18-march-2020.csv" in said
    assert "18 moves of 1 hour, blocks of 6;" in said
    assert "true in points probability" in said
    assert "Assumed rules" not in said  # generic has none
    said = " ".join(adlcalc(*sweep, "--venues", "generic,bybit").out.split())
    assert "Assumed rules that the run of the first path uses under bybit: adl.clamp, adl.eligible" in said
    assert "Assumed rules" not in adlcalc(*sweep, "--venues", "generic,bybit", "--doubt").out
    walk = tmp_path / "walk.yaml"
    walk.write_text(
        "accounts: [{id: a, side: long, size: 1, entry: 100, leverage: 10}]\n"
        "prices: {model: walk, from: 100, volatility: 0.1, steps: 2, seed: 1}\n"
        "interval: 8h\nstart: 2020-03-12\n"
    )
    said = " ".join(adlcalc("sweep", str(walk), "--paths", "n=3", "--measure", "bad_debt").out.split())
    assert (
        "3 paths of a geometric walk from 100 (volatility 0.1 a step, drift 0; 2 moves), a step each 8 hours"
        in said
    )


@pytest.mark.parametrize(
    ("asked", "done", "told"),
    [
        ({"vary": ["accounts.me.leverage=5,10"]}, 3, [("5", 3), ("10", 0)]),
        ({"vary": ["accounts.me.leverage=5,10"]}, 6, [("5", 4), ("10", 2)]),
        ({"venues": "bybit,okx"}, 3, [("bybit", 3), ("okx", 0)]),
        ({"policies": "queue,pro-rata"}, 1, [("queue", 1), ("pro-rata", 0)]),
    ],
)
def test_a_sweep_that_is_stopped_keeps_its_groups(
    monkeypatch: pytest.MonkeyPatch, asked: dict[str, Any], done: int, told: list[tuple[str, int]]
) -> None:
    """4 paths for each value, values in order: which have how many of their points is told, those with none
    too."""

    def stopped(rows: Iterable[Any], _: int) -> Iterator[Any]:
        for count, row in enumerate(rows, 1):
            yield row
            if count == done:
                raise KeyboardInterrupt

    found = swept(Sweep("coin.yaml", paths="n=4", measures=["adl"], store="s.db", **asked), through=stopped)
    assert [(next(iter(one.by.values())), one.worked) for one in found.figures] == told
    page = " ".join(FORMATS["table"].page(sweep_page(found)).split())
    assert all(f"{worked} of 4" in page for _, worked in told)
    assert f"Not all points are worked: {done} of 8" in page
    nothing = [name for name, worked in told if not worked]
    assert ("and none is worked of" in page) == bool(nothing)
    assert all(f"={name}." in page for name in nothing)
    assert found.names == asked_again("s.db", ()).names, "and the store alone keeps the column"
    whole = swept(Sweep("coin.yaml", paths="n=4", measures=["adl"], store="s.db", **asked))
    assert "Not all points" not in FORMATS["table"].page(sweep_page(whole))


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (["--paths", "n=4", "--set", "prices.block=4%"], "--set prices.block=4%"),
        (["--paths", "n=4", "--set", "fund=4%"], "--set fund=4%"),
        (["--paths", "n=4,seed=x", "--set", "prices.block=1"], "--paths n=4,seed=x"),
        (["--paths", "walk:volatility=0.1,steps=3,n=4", "--set", "prices.block=4%"], "--set prices.block=4%"),
        (["--paths", "walk:volatility=4%,steps=3,n=4", "--set", "fund=1"], "--paths walk:volatility=4%"),
        (["--paths", "n=4", "--vary", "prices.block=4%,5%"], "--vary prices.block=4%"),
        (["--vary", "fund=1,2", "--set", "accounts.me.size=x"], "--set accounts.me.size=x"),
        (["--vary", "fund=1,2", "--paths", "n=4", "--as-of", "May"], "--as-of May"),
        (["--venues", "bybit,okx", "--paths", "n=4", "--as-of", "1999"], "--as-of 1999"),
    ],
)
def test_a_fault_is_told_of_the_option_that_has_it(
    adlcalc: Callable[..., Result], book: Path, arguments: list[str], option: str
) -> None:
    found = adlcalc("sweep", str(book / "coin.yaml"), "--measure", "adl", *arguments)
    assert (found.code, found.out) == (2, "")
    assert found.err.startswith(option), found.err
    assert found.err.count("error:") == 1


def test_many_points_are_told_before_they_are_worked(tmp_path: Path) -> None:
    """Two accounts over 2 steps are 4 a run: 40,000 points are 160,000, more than a quarter of what a search
    allows itself; 20,000 are not. Told before the first of them, and how many are worked already is left out."""
    file = tmp_path / "s.yaml"
    file.write_text(
        "prices: [100, 95]\naccounts:\n  - {id: a, side: long, size: 1, entry: 100, leverage: 5}\n"
        "  - {id: b, side: short, size: 1, entry: 100, leverage: 5}\n"
    )
    told: list[tuple[int, int]] = []

    def nobody(work: Any, todo: Any) -> Iterator[Saved]:
        assert told, "after the work it would come too late"
        return iter(())

    for many in (40_000, 20_000):
        asking = Sweep(str(file), [f"fund=1..{many}/1"], measures=["fund_paid"])
        swept(asking, workers=nobody, foretell=lambda one, runs: told.append((len(one.accounts), runs)))
    assert told == [(2, 40_000), (2, 20_000)]


@pytest.mark.parametrize(
    ("points", "said"),
    [(40_000, "note: 40,000 points of 2 accounts over 2 steps are to come; fewer\n"), (20_000, "")],
)
def test_what_is_said_of_many_points(points: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    scenario = adlcalc.load(
        {
            "prices": [100, 95],
            "accounts": [
                {"id": "a", "side": "long", "size": 1, "entry": 100, "leverage": 5},
                {"id": "b", "side": "short", "size": 1, "entry": 100, "leverage": 5},
            ],
        }
    ).scenario
    foretell(False, scenario, points, "fewer", what="point")
    foretell(True, scenario, points, "fewer", what="point")
    assert capsys.readouterr().err == said
