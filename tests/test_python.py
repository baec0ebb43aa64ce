"""The Python face: what it takes, the rows it gives, frames without loss, HTML; and the documentation's
example."""

from __future__ import annotations

import csv
import doctest
import io
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

import adlcalc
from adlcalc.report.result import Row, Tabled

HALF = ROOT / "scenarios" / "04-fund-half-absorbs.yaml"
SCENARIOS = sorted(path.stem for path in (ROOT / "scenarios").glob("*.yaml"))
BOOK: dict[str, Any] = {
    "fund": Decimal("10.50"),
    "accounts": [
        {"id": "a", "side": "long", "size": "1.5", "entry": 100, "leverage": 5},
        {"id": "b", "side": "short", "size": 1.5, "entry": 100, "leverage": 2},
    ],
    "prices": [100, Decimal("60.5")],
}


# --- what it takes ------------------------------------------------------------------------------------------


def test_a_path_a_text_and_a_dict_are_the_same_scenario(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (
        "fund: 10.50\naccounts:\n"
        "  - {id: a, side: long, size: 1.5, entry: 100, leverage: 5}\n"
        "  - {id: b, side: short, size: 1.5, entry: 100, leverage: 2}\n"
        "prices: [100, 60.5]\n"
    )
    path = tmp_path / "book.yaml"
    path.write_text(text)
    events = [adlcalc.run(given).events for given in (path, str(path), text, BOOK, json.loads(_json()))]
    assert all(one == events[0] for one in events)
    loaded = adlcalc.load(BOOK, sets=["fund=0"])
    assert adlcalc.run(loaded).rows("fund")[0].opening == 0
    by_name, by_path = adlcalc.run("18-march-2020"), adlcalc.run(ROOT / "scenarios/18-march-2020.yaml")
    assert by_name.events == by_path.events


def _json() -> str:
    return json.dumps({**BOOK, "fund": 10.5, "prices": [100, 60.5]})


def test_faults_of_a_dict_point_into_it_as_json() -> None:
    with pytest.raises(adlcalc.ScenarioErrors) as caught:
        adlcalc.load({**BOOK, "fund": "ten", "accunts": []})
    told = str(caught.value)
    assert "<dict>:2:11: error: " in told
    assert "unknown key 'accunts'" in told
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), Decimal("NaN"), None, object(), [[]], True, b"1"]
)
def test_a_value_that_is_none_of_ours_is_a_located_error(value: Any) -> None:
    with pytest.raises(adlcalc.ScenarioErrors):
        adlcalc.load({**BOOK, "fund": value})


def test_what_is_not_there_is_told_with_the_nearest() -> None:
    for ask in (
        lambda: adlcalc.rank(HALF, accounts=["bib"]),
        lambda: adlcalc.explain(HALF, "bib"),
        lambda: adlcalc.margin(HALF, accounts=["bib"]),
        lambda: adlcalc.compare(HALF, ["queu"]),
        lambda: adlcalc.compare(HALF, ["queue"], metrics=["ginni"]),
    ):
        with pytest.raises(adlcalc.Unknown, match=r"did you mean '(bob|queue|gini)'"):
            ask()
    with pytest.raises(adlcalc.Unknown, match="explain what"):
        adlcalc.explain(HALF)
    with pytest.raises(KeyError, match="there is no table 'nothing'; there are scenario"):
        adlcalc.run(HALF).rows("nothing")
    with pytest.raises(AttributeError, match="has no 'pric'; it has step, account"):
        adlcalc.run(HALF).rows("deleveraged")[0].pric  # noqa: B018  # the attribute is what is asked for
    assert [row.venue for row in adlcalc.compare(BOOK, venues=["bybit", "okx"])] == ["bybit", "okx"]


@pytest.mark.parametrize("source", [HALF, BOOK])
def test_what_load_made_is_loaded_again_with_its_sets(source: Any) -> None:
    """With another fund the book is another one: it stays so under every venue, and where it is varied."""
    loaded = adlcalc.load(source, sets=["fund=5_000"])
    apart = [adlcalc.compare(one, venues=["bybit"]) for one in (loaded, source)]
    given = adlcalc.compare(adlcalc.load(source, sets=["fund=5_000"], venue="bybit"), ["queue"])
    assert apart[0].to_json() != apart[1].to_json()
    assert apart[0][0].metrics == given[0].metrics
    found = [
        adlcalc.solve(one, vary="fund", until="no adl", sets=["fund=5_000"] if one is source else [])
        for one in (loaded, source)
    ]
    assert found[0].to_json() == found[1].to_json()


# --- the rows -----------------------------------------------------------------------------------------------


def same(row: Row, plain: dict[str, Any]) -> bool:
    """Are all facts of the row those of the JSON, but for their types?"""
    return all(
        key in row and told(row[key]) == told(value)
        for key, value in plain.items()
        if value != [] and not _nested(value)
    )


def _nested(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def told(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: told(one) for key, one in value.items()}
    return "Infinity" if value == "inf" else value


def types_in(value: Any) -> set[type]:
    """What a document is made of: nothing that a reader would have to know our types for."""
    inner = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {type(value)}.union(*map(types_in, inner))


def results(name: str) -> list[tuple[Tabled, dict[str, Any]]]:
    path = ROOT / "scenarios" / f"{name}.yaml"
    found: list[Any] = [
        adlcalc.run(path),
        adlcalc.margin(path),
        adlcalc.rank(path),
        adlcalc.explain(path, fund=True),
    ]
    return [(one, one.to_dict()) for one in found]


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
def test_rows_are_the_json_with_exact_numbers_and_named_sides(name: str) -> None:
    for result, document in results(name):
        for table, plain in document.items():
            if isinstance(plain, list) and _nested(plain):
                rows = result.rows(table)
                assert len(rows) == len(plain)
                assert all(map(same, rows, plain)), table
                assert {row.get("side", "long") for row in rows} <= {"long", "short", None}
        for table in result.tables():
            for row in result.rows(table):
                assert not any(isinstance(value, float) for value in row.values())
        assert types_in(document) <= {dict, list, str, int, bool, type(None)}
        document_text = json.dumps(document)
        assert json.dumps(result.page().document.name) in document_text


def test_a_result_is_a_sequence_of_its_main_rows() -> None:
    queue = adlcalc.rank(HALF, side="short")
    assert len(queue) == len(list(queue)) == 2
    assert queue[0] is queue[:1][0]
    assert queue[0].account == queue[0]["account"] == "bob"
    assert repr(queue) == "<adlcalc adlcalc.rank/1: 2 rows of 'queue'>"
    assert queue.to_text().startswith("The fund covers half")
    assert json.loads(queue.to_json()) == queue.to_dict()


def test_check_returns_what_is_wrong_and_raises_nothing(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(HALF.read_text())
    bad.write_text("accounts: 5\nprices: [1]\n")
    found = adlcalc.check(tmp_path)
    assert [(Path(row.file).name, row.result) for row in found] == [
        ("bad.yaml", "broken"),
        ("good.yaml", "passed"),
    ]
    (finding,) = found.rows("findings")
    assert (finding.kind, finding.line) == ("error", 1)
    assert found.rows("summary")[0] == {"files": 2, "passed": 1, "failed": 0, "broken": 1}
    bad.unlink()
    assert adlcalc.check(tmp_path, update=True)[0].golden_written
    golden = tmp_path / "good.golden"
    golden.write_text(golden.read_text().replace("54000", "54001"))
    assert adlcalc.check(good)[0].result == "failed"
    assert adlcalc.check(tmp_path / "nowhere.yaml")[0].result == "broken"


# --- frames -------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
def test_frames_lose_nothing(name: str) -> None:
    """Each number of each table, read back by pandas and polars, is the one of the rows."""
    pytest.importorskip("pyarrow", reason="the extra [frames] is not installed")
    for result, _ in results(name):
        for table, frame in result.frames().items():
            rows = result.rows(table)
            back = frame.to_pylist()
            assert len(back) == len(rows)
            for read, row in zip(back, rows, strict=True):
                for key, value in row.items():
                    assert _alike(read[key], value), (table, key, read[key], value)


def _alike(read: Any, value: Any) -> bool:
    if isinstance(value, dict):
        if isinstance(read, str):
            return bool(json.loads(read) == told(value))
        return {one["name"]: one["value"] for one in read} == value
    if isinstance(value, Decimal) and isinstance(read, str):
        return Decimal(read) == value
    return bool(read == value)


@pytest.mark.slow
def test_pandas_and_polars_read_frames_without_loss() -> None:
    pytest.importorskip("pyarrow", reason="the extra [frames] is not installed")
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    polars = pytest.importorskip("polars", reason="polars is not installed")
    run = adlcalc.run("18-march-2020")
    for name, frame in run.frames().items():
        theirs = polars.from_arrow(frame)
        assert theirs.to_arrow().cast(frame.schema).equals(frame), name
        other = frame.to_pandas(types_mapper=pandas.ArrowDtype)
        assert list(other.columns) == list(frame.column_names)
        for row, read in zip(run.rows(name), other.to_dict("records"), strict=True):
            assert all(
                read[key] == value
                for key, value in row.items()
                if isinstance(value, Decimal) and not isinstance(read[key], str)
            )


def test_a_number_that_38_digits_do_not_hold_is_text() -> None:
    pytest.importorskip("pyarrow", reason="the extra [frames] is not installed")
    from adlcalc.report.frames import numbers_array

    wide = [Decimal("123456789012345678901234567890.123456789"), Decimal(1), None]
    assert numbers_array(wide).to_pylist() == ["123456789012345678901234567890.123456789", "1", None]
    tall = [Decimal("9" * 30), Decimal("0.00000001")]
    assert numbers_array(tall).to_pylist() == tall
    fine = [Decimal("0.123456789012345678901234567890"), Decimal("-12345678")]
    assert numbers_array(fine).to_pylist() == fine
    assert str(numbers_array([]).type) == "decimal128(38, 8)"


# --- notebooks, the documentation ---------------------------------------------------------------------------


@pytest.mark.slow
def test_a_notebook_shows_tables_and_no_text_of_a_file_is_markup() -> None:
    book = {**BOOK, "title": "<script>alert(1)</script> & co"}
    shown = adlcalc.run(book)._repr_html_()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; co" in shown
    assert "<script" not in shown
    assert "<caption>Accounts that changed</caption>" in shown
    assert "<strong>liquidated</strong>" in shown
    assert shown.count("<table>") == shown.count("</table>") >= 3
    for result, _ in results("04-fund-half-absorbs"):
        assert "<div><h3>" in result._repr_html_()


@pytest.mark.slow
def test_the_example_of_the_documentation_is_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pyarrow", "polars", "pandas"):
        pytest.importorskip(name, reason="the example shows frames")
    monkeypatch.chdir(ROOT)
    text = (ROOT / "adlcalc" / "docs" / "python.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```pycon\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 4
    example = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "python", "python.md", 0)
    said: list[str] = []
    outcome = doctest.DocTestRunner().run(example, out=said.append)
    assert outcome.failed == 0, "".join(said)
    assert outcome.attempted > 20


def test_a_series_is_that_of_the_command_line(request: pytest.FixtureRequest) -> None:
    """The same rows as `run --series` has, for each kind of name; a name alone is one."""
    command = request.getfixturevalue("adlcalc")
    names = ["bob", "fund", "BTC-PERP"]
    options = [word for name in names for word in ("--series", name)]
    printed = json.loads(command("run", "04-fund-half-absorbs", *options, "--json").out)["series"]
    found = adlcalc.run("04-fund-half-absorbs", series=names)
    assert found.to_dict()["series"] == printed
    bob = [row for row in found.rows("series") if row.series == "bob"]
    assert [row.equity for row in bob] == [12_000, 20_000, 13_000]
    # what the first coin brought, 6,000 + 6,000, is free and no longer the position's: README's 25,000
    assert [row.account_equity for row in bob] == [12_000, 20_000, 25_000]
    assert adlcalc.run("04-fund-half-absorbs", series="bob").to_dict()["series"] == [
        row for row in printed if row["series"] == "bob"
    ]
    with pytest.raises(adlcalc.Unknown, match="there is no account, fund or market 'bop' in the scenario"):
        adlcalc.run("04-fund-half-absorbs", series=["bop"])


def test_every_row_of_a_step_has_its_time_in_the_csv() -> None:
    """Whichever table it is of, where the path has times."""
    found = adlcalc.run("18-march-2020", series=["two", "fund"])
    times = found.scenario.path.times
    rows = [row for row in csv.DictReader(io.StringIO(found.to_csv(steps=True))) if row["step"]]
    assert {row["table"] for row in rows} >= {"liquidation", "fund", "deleveraged", "series", "mark"}
    assert [row["time"] for row in rows] == [times[int(row["step"])] for row in rows]
