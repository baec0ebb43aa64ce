"""`accounts: {file: book.parquet}`: the same book as the CSV of the same rows, the same errors at the same
places, and a clear sentence where it cannot be."""

from __future__ import annotations

import csv
import io
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adlcalc.engine.columns import Columns
from adlcalc.engine.loop import run
from adlcalc.scenario import load
from adlcalc.source import files
from adlcalc.source.files import UnfitFileError
from adlcalc.source.parquet import csv_of
from adlcalc.source.problems import ScenarioErrors

BOOK = "accounts: {file: book.ENDING}\nprices: [60_000, 52_000]\n"
ROWS: dict[str, list[Any]] = {
    "id": [f"a{i}" for i in range(60)],
    "side": ["long", "short", "short"] * 20,
    "size": [Decimal(i % 7 + 1).scaleb(-1) for i in range(60)],
    "entry": [60_000 + i for i in range(60)],
    "leverage": ["20", "3", "12.5"] * 20,
}


def parquet_of(rows: dict[str, list[Any]]) -> bytes:
    pa = pytest.importorskip("pyarrow", reason="the extra [frames] is not installed")
    from pyarrow import parquet

    file = io.BytesIO()
    parquet.write_table(pa.table(rows), file)
    return file.getvalue()


def both(folder: Path, rows: dict[str, list[Any]]) -> list[Path]:
    """The scenario with the rows as Parquet, and as CSV."""
    (folder / "book.parquet").write_bytes(parquet_of(rows))
    with open(folder / "book.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([rows, *zip(*rows.values(), strict=True)])
    found = []
    for ending in ("parquet", "csv"):
        path = folder / f"{ending}.yaml"
        path.write_text(BOOK.replace("ENDING", ending), encoding="utf-8")
        found.append(path)
    return found


def refused(path: Path) -> str:
    with pytest.raises(ScenarioErrors) as error:
        load(path)
    return str(error.value).replace(str(path.parent), "").replace(".parquet", ".csv")


@pytest.mark.slow
def test_the_same_book_and_the_same_events(tmp_path: Path) -> None:
    one, other = (load(path).scenario for path in both(tmp_path, ROWS))
    assert isinstance(one.accounts, Columns)
    assert one == other
    assert list(run(one))[:-1] == list(run(other))[:-1]


@pytest.mark.slow
def test_accounts_of_several_rows_with_gaps_and_odd_names(tmp_path: Path) -> None:
    rows = {
        "id": ["a, b", 'say "x"', "a, b"],
        "market": ["M", "M", "N"],
        "side": ["long", "short", "long"],
        "size": [Decimal("1.50"), Decimal("2"), Decimal("0.00000001")],
        "entry": [100, 100, 50],
        "margin": ["cross", None, "cross"],
        "balance": [Decimal("20"), None, None],
        "collateral": [None, 9, None],
    }
    one, other = both(tmp_path, rows)
    for path in (one, other):
        path.write_text(path.read_text().replace("[60_000, 52_000]", "{M: [100, 90], N: [50, 40]}"))
    assert load(one).scenario == load(other).scenario
    assert [account.id for account in load(one).scenario.accounts] == ["a, b", 'say "x"']


@pytest.mark.slow
def test_faults_are_told_where_they_are_in_the_same_rows_as_csv(tmp_path: Path) -> None:
    """Row 41 of the table is line 42 of the text, its header counted."""
    rows = {**ROWS, "size": [*map(str, ROWS["size"][:40]), "much", "-1", *map(str, ROWS["size"][42:])]}
    rows["side"] = ["longish", *ROWS["side"][1:]]
    one, other = map(refused, both(tmp_path, rows))
    assert one == other
    assert "/book.csv:2:4: error: 'side' must be long or short, not 'longish'" in one
    assert "/book.csv:42:11: error: 'size' must be a number, not 'much'" in one
    assert " 42 | a40,short,much,60040,3" in one


def test_what_is_not_exact_is_refused_by_its_columns(tmp_path: Path) -> None:
    rows = {**ROWS, "size": [0.1] * 60, "entry": [60_000.5] * 60, "id": [True] * 60}
    (tmp_path / "book.parquet").write_bytes(parquet_of(rows))
    (tmp_path / "x.yaml").write_text(BOOK.replace("ENDING", "parquet"), encoding="utf-8")
    assert refused(tmp_path / "x.yaml") == (
        "/book.csv: error: columns 'id' (bool), 'size' (double), 'entry' (double): neither text nor exact "
        "numbers\n"
        "hint: write integers, decimals or text"
    )


def test_dates_and_dictionaries_are_text(tmp_path: Path) -> None:
    """Prices may be of such a file too."""
    pa = pytest.importorskip("pyarrow", reason="the extra [frames] is not installed")
    times = [datetime(2020, 3, 12, 10), datetime(2020, 3, 12, 11)]
    words = pa.array(["60000", "52000"]).dictionary_encode()
    (tmp_path / "k.parquet").write_bytes(parquet_of({"time": times, "close": words}))
    path = tmp_path / "x.yaml"
    path.write_text("accounts: []\nprices: {file: k.parquet}\n", encoding="utf-8")
    scenario = load(path).scenario
    assert [*scenario.path.marks.values()] == [(60_000, 52_000)]
    assert scenario.path.times is not None
    assert scenario.path.times[1].startswith("2020-03-12T11:00")


@pytest.mark.parametrize("cut", [0, 3, 50, -1])
def test_a_broken_file_is_refused(cut: int) -> None:
    whole = parquet_of(ROWS)
    with pytest.raises(UnfitFileError, match="this is no Parquet file, or a part of one"):
        csv_of(whole[:cut], 10**6)


@pytest.mark.slow
def test_what_comes_out_has_a_limit() -> None:
    whole = parquet_of({"id": ["a" * 1_000] * 5_000})  # 5 MB that are packed small
    assert len(whole) < 50_000
    assert len(csv_of(whole, 10**7)) == 5_000 * 1_001 + 3
    for limit in (len(whole), 4_000_000):
        with pytest.raises(UnfitFileError, match="the file is larger than"):
            csv_of(whole, limit)


def test_without_the_extra_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "book.parquet").write_bytes(b"PAR1\0")
    (tmp_path / "x.yaml").write_text(BOOK.replace("ENDING", "parquet"), encoding="utf-8")
    assert refused(tmp_path / "x.yaml") == (
        "/book.csv: error: a Parquet file needs pyarrow, which is not installed\nhint: pip install "
        "'adlcalc[frames]'"
    )
    assert files.UNPACKED.keys() == {".gz", ".parquet"}
