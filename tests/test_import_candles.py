"""Candles and books in the shapes that people have: each reads as what it means, or is refused with what was
tried."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import Result
from hypothesis import given
from hypothesis import strategies as st

import adlcalc
from adlcalc import load
from adlcalc.engine.model import Scenario
from adlcalc.ground.numbers import D
from adlcalc.importers.book import BookOptions, import_book
from adlcalc.importers.guard import OptionError
from adlcalc.importers.klines import INLINE, KlineOptions, import_klines
from adlcalc.importers.moments import Unreadable, read_moments
from adlcalc.source.nodes import Source
from adlcalc.source.problems import ScenarioErrors

Command = Callable[..., Result]
GIVEN = Path(__file__).parent / "imports"


def made(text: str, **options: Any) -> str:
    return import_klines(Source("k", text), KlineOptions("BTC", **options)).text


def scenario_of(text: str, folder: Path) -> Scenario:
    """What comes out is loaded, and run to its end."""
    path = folder / "imported.yaml"
    path.write_text(text, encoding="utf-8")
    loaded = adlcalc.load(path)
    assert adlcalc.run(loaded).audit.money_difference == 0
    return loaded.scenario


def closes(text: str, folder: Path, **options: Any) -> list[str]:
    return [str(mark) for mark in scenario_of(made(text, **options), folder).path.marks["BTC"]]


def refused(text: str, **options: Any) -> tuple[str, str]:
    with pytest.raises(ScenarioErrors) as error:
        made(text, **options)
    problem = error.value.problems[0]
    return problem.message, problem.hint


# --- files that people have ---------------------------------------------------------------------------------

FIELD = [
    # file, closes in the order of time, first time, interval
    ("40-cryptodatadownload.csv", ["20500", "20450"], "2022-07-06T23:00Z", "1h"),
    ("41-newest-first.csv", ["7850", "7700", "7650"], "2020-03-12T08:00Z", "1m"),
    ("43-columns-open-close-high-low.json", ["7850", "7700", "7720"], "2020-03-12T08:00Z", "1m"),
    ("45-bybit-v5-envelope.json", ["17071", "17055.5"], "2022-12-09T17:00Z", "1h"),
    ("47-records.json", ["7850.5", "7750.5"], "2020-03-12T08:00Z", "1m"),
    ("48-float-seconds.csv", ["7850.5", "7750.5"], "2020-03-12T08:00Z", "1m"),
    ("51-semicolons.csv", ["7850.5", "7750.5"], "2020-03-12T08:00Z", "1m"),
    ("54-kaggle-nan-rows.csv", ["4.39", "4.4"], "2011-12-31T07:52Z", "2m"),
]


@pytest.mark.parametrize(("file", "marks", "first", "interval"), FIELD, ids=[row[0] for row in FIELD])
def test_files_of_the_field(file: str, marks: list[str], first: str, interval: str, tmp_path: Path) -> None:
    written = made((GIVEN / file).read_text(encoding="utf-8"))
    scenario = scenario_of(written, tmp_path)
    assert list(scenario.path.marks["BTC"]) == [D(mark) for mark in marks]
    assert scenario.path.times is not None
    assert scenario.path.times[0] == first
    assert f"\ninterval: {interval}\n" in written


def test_what_was_decided_is_told() -> None:
    assert (
        "# 1 line before the header passed over\n# the rows were newest first and are turned round\n"
        in made((GIVEN / "40-cryptodatadownload.csv").read_text(encoding="utf-8"))
    )
    assert "# 1 row without a price left out\n" in made(
        (GIVEN / "54-kaggle-nan-rows.csv").read_text(encoding="utf-8")
    )
    assert "# the columns are taken to be time, open, close, high, low\n" in made(
        (GIVEN / "43-columns-open-close-high-low.json").read_text(encoding="utf-8")
    )


# Three minutes of a fall, (open, high, low, close): 100 -> 98 -> 95 -> 96. Opens are the closes before.
FALL = [("100", "101", "97", "98"), ("98", "99", "94", "95"), ("95", "97", "93", "96")]
CLOSES = ["98", "95", "96"]
T = 1_584_000_000


def in_order(*columns: str, scale: int = 1, newest_first: bool = False) -> list[list[Any]]:
    """Rows with the columns named: t, o, h, l, c, v."""
    rows = [
        [{"t": (T + 60 * i) * scale, "o": o, "h": h, "l": low, "c": c, "v": "7"}[name] for name in columns]
        for i, (o, h, low, c) in enumerate(FALL)
    ]
    return rows[::-1] if newest_first else rows


def records(**names: str) -> list[dict[str, Any]]:
    return [dict(zip(names.values(), row, strict=True)) for row in in_order(*names)]


SHAPES: dict[str, Any] = {
    "ccxt OHLCV": in_order("t", "o", "h", "l", "c", "v", scale=1000),
    "KuCoin spot": {"code": "200000", "data": in_order("t", "o", "c", "h", "l", "v", "v", newest_first=True)},
    "Coinbase": in_order("t", "l", "h", "o", "c", "v", newest_first=True),
    "Bitfinex": in_order("t", "o", "c", "h", "l", "v", scale=1000, newest_first=True),
    "Gate spot": in_order("t", "v", "c", "h", "l", "o", "v"),
    "OKX": {
        "code": "0",
        "msg": "",
        "data": in_order("t", "o", "h", "l", "c", "v", "v", scale=1000, newest_first=True),
    },
    "Bybit v5": {
        "retCode": 0,
        "result": {"list": in_order("t", "o", "h", "l", "c", "v", scale=1000, newest_first=True)},
    },
    "Kraken spot": {
        "error": [],
        "result": {"XXBTZUSD": in_order("t", "o", "h", "l", "c", "v", "v", "v"), "last": T},
    },
    "Gate futures": records(t="t", o="o", h="h", l="l", c="c", v="v"),
    "Hyperliquid": [
        {**row, "T": row["t"] + 59, "s": "BTC", "i": "1m"}
        for row in records(t="t", o="o", h="h", l="l", c="c")
    ],
    "HTX": {"status": "ok", "data": records(t="id", o="open", h="high", l="low", c="close", v="vol")[::-1]},
    "dYdX": {
        "candles": [
            {
                "startedAt": f"2020-03-12T08:0{i}:00.000Z",
                "ticker": "BTC-USD",
                "low": low,
                "high": h,
                "open": o,
                "close": c,
            }
            for i, (o, h, low, c) in enumerate(FALL)
        ]
    },
    "Deribit": {
        "jsonrpc": "2.0",
        "result": {
            "status": "ok",
            "volume": [1, 1, 1],
            "ticks": [(T + 60 * i) * 1000 for i in range(3)],
            **{name: [row[at] for row in FALL] for at, name in enumerate(("open", "high", "low", "close"))},
        },
    },
    "TradingView": {
        "s": "ok",
        "t": [T, T + 60, T + 120],
        **{n: [row[at] for row in FALL] for at, n in enumerate("ohlc")},
    },
    "pandas records": records(t="date", o="open", h="high", l="low", c="close"),
    "pandas split": {
        "columns": ["open", "high", "low", "close"],
        "index": [T * 1000, T * 1000 + 60_000, T * 1000 + 120_000],
        "data": [[float(x) for x in row] for row in FALL],
    },
    "pandas columns": {
        name: {str((T + 60 * i) * 1000): float(row[at]) for i, row in enumerate(FALL)}
        for at, name in enumerate(("open", "high", "low", "close"))
    },
    "pandas index": {
        str((T + 60 * i) * 1000): dict(zip(("open", "high", "low", "close"), map(float, row), strict=True))
        for i, row in enumerate(FALL)
    },
    "BitMEX": [
        {
            "timestamp": f"2020-03-12T08:0{i}:00.000Z",
            "symbol": "XBTUSD",
            "open": o,
            "high": h,
            "low": low,
            "close": c,
        }
        for i, (o, h, low, c) in enumerate(FALL)
    ],
    "Phemex": {
        "data": {"rows": [[row[0], 60, row[1], *row[1:], 7] for row in in_order("t", "o", "h", "l", "c")]}
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_json_shapes(shape: str, tmp_path: Path) -> None:
    text = json.dumps(SHAPES[shape])
    scenario = scenario_of(made(text, path="low-first"), tmp_path)
    walked = [D(price) for o, h, low, c in FALL for price in (o, low, h, c)]
    assert list(scenario.path.marks["BTC"]) == walked
    assert scenario.path.times is not None
    assert [scenario.path.times[i] for i in (0, 4, 8)] == [
        "2020-03-12T08:00Z",
        "2020-03-12T08:01Z",
        "2020-03-12T08:02Z",
    ]


def csv_text(
    time: Callable[[int], str], header: str = "time,open,high,low,close", separator: str = ","
) -> str:
    rows = [",".join((time(T + 60 * i), *row)) for i, row in enumerate(FALL)]
    return "\n".join([header, *rows]).replace(",", separator) + "\n"


def clock(form: str) -> Callable[[int], str]:
    return lambda seconds: datetime.fromtimestamp(seconds, UTC).strftime(form)


TIMES: dict[str, Callable[[int], str]] = {
    "seconds": str,
    "float seconds": lambda s: f"{s}.0",
    "milliseconds": lambda s: f"{s}000",
    "milliseconds with .0": lambda s: f"{s}000.0",
    "microseconds": lambda s: f"{s}000000",
    "nanoseconds": lambda s: f"{s}000000000",
    "scientific": lambda s: f"{s / 1e9:.9f}e+12",
    "digits": clock("%Y%m%d%H%M%S000"),
    "date and clock in digits": clock("%Y%m%d %H%M%S"),
    "ISO": clock("%Y-%m-%dT%H:%M:%S.000Z"),
    "pandas": clock("%Y-%m-%d %H:%M:%S+00:00"),
    "UTC": clock("%Y-%m-%d %H:%M:%S UTC"),
    "slashes": clock("%Y/%m/%d %H:%M"),
    "MetaTrader": clock("%Y.%m.%d %H:%M"),
    "Dukascopy": clock("%d.%m.%Y %H:%M:%S.000"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", TIMES)
@pytest.mark.parametrize(
    "header", ["timestamp", "openTime", "Unix", "startedAt", "", "Gmt time", "time_period_start", "OpenTime"]
)
def test_times_of_all_kinds_under_all_names(name: str, header: str, tmp_path: Path) -> None:
    if name == "seconds" and header == "":
        header = "unnamed: 0"
    scenario = scenario_of(made(csv_text(TIMES[name], f"{header},open,high,low,close")), tmp_path)
    assert scenario.path.times == ("2020-03-12T08:00Z", "2020-03-12T08:01Z", "2020-03-12T08:02Z")


@pytest.mark.parametrize(
    ("texts", "first"),
    [
        (["13/03/2020", "14/03/2020"], datetime(2020, 3, 13, tzinfo=UTC)),
        (["03/13/2020", "03/14/2020"], datetime(2020, 3, 13, tzinfo=UTC)),
        (["03/11/2020", "03/12/2020", "03/13/2020"], datetime(2020, 3, 11, tzinfo=UTC)),
        (["03/04/2020 10:00", "03/04/2020 11:00", "03/05/2020 00:00"], datetime(2020, 3, 4, 10, tzinfo=UTC)),
        (["Mar 12, 2020", "Mar 13, 2020"], datetime(2020, 3, 12, tzinfo=UTC)),
        (["2022-07-06 11-PM", "2022-07-07 12-AM"], datetime(2022, 7, 6, 23, tzinfo=UTC)),
        (["2020-03-12", "2020-03-13"], datetime(2020, 3, 12, tzinfo=UTC)),
    ],
)
def test_days_as_people_write_them(texts: list[str], first: datetime) -> None:
    assert read_moments(texts)[0] == first


@pytest.mark.parametrize(
    "text", ["0", "1", "nonsense", "2020-13-01", "32.01.2020", "12:00", "99999999999999999999999"]
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(Unreadable):
        read_moments([text])


def test_a_day_that_could_be_the_month_is_not_guessed() -> None:
    with pytest.raises(Unreadable, match="may be the day or the month first"):
        read_moments(["03/04/2020", "04/05/2020"])


def test_times_that_cannot_be_read_are_refused_or_left_out_on_demand(tmp_path: Path) -> None:
    text = csv_text(lambda s: f"bar{s}")
    message, hint = refused(text)
    assert message == "'bar1584000000' is no time that can be read"
    assert hint.startswith("--no-times takes the rows in the order of the file")
    assert closes(text, tmp_path, timed=False) == CLOSES


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_separators(separator: str, tmp_path: Path) -> None:
    assert closes(csv_text(str, separator=separator), tmp_path) == CLOSES


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("time;open;high;low;close\n1584000000;7900,5;7910;7800,1;7850,5\n", ["7850.5"]),
        ("time;open;high;low;close\n1584000000;7.900,5;7.910,0;7.800,1;7.850,5\n", ["7850.5"]),
        ('time,open,high,low,close\n1584000000,"7,900.5","7,910.0","7,800.1","7,850.5"\n', ["7850.5"]),
        ("Date,Time,Open,High,Low,Close\n2020.03.12,08:00,7900,7910,7800,7850\n", ["7850"]),
        (
            "2020.03.12,08:00,7900,7910,7800,7850,12\n2020.03.12,08:01,7850,7860,7700,7701,12\n",
            ["7850", "7701"],
        ),
        (
            "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\n2020.03.12\t08:00:00\t7900\t7910\t7800\t7850\n",
            ["7850"],
        ),
        ("timestamp,mark_price,index_price,last_price\n1584000000000000,7850.5,7851,7849\n", ["7850.5"]),
        ("timestamp,markPrice\n2020-03-12T08:00:00.000Z,7850.5\n2020-03-12T08:00:00.000Z,7850\n", ["7850"]),
        ("timestamp,price\n1584000000,7850.5\n", ["7850.5"]),
        ("\ufeff"[:0] + "# a note\n\ntime,close\n1584000000,7850.5\n", ["7850.5"]),
    ],
)
def test_csv_of_other_hands(text: str, marks: list[str], tmp_path: Path) -> None:
    assert closes(text, tmp_path) == marks


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["zip", "gz"])
def test_archives(kind: str, adlcalc: Command, tmp_path: Path) -> None:
    data = csv_text(str).encode()
    file = tmp_path / f"BTCUSDT-1m.{kind}"
    if kind == "gz":
        file.write_bytes(gzip.compress(data))
    else:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("BTCUSDT-1m.csv", data)
    out, err, code = adlcalc("import", "klines", str(file), "--market", "BTC")
    assert (err, code) == ("", 0)
    assert "98, 95, 96" in out


@pytest.mark.slow
def test_archives_that_cannot_be_read(adlcalc: Command, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.csv", "x")
        archive.writestr("b.csv", "y")
    for data, message in (
        (buffer.getvalue(), "the zip archive holds 2 files: 'a.csv', 'b.csv'"),
        (buffer.getvalue()[:40], "the zip archive cannot be unpacked"),
        (gzip.compress(b"time,close\n")[:15], "the gzip file cannot be unpacked"),
    ):
        file = tmp_path / "archive"
        file.write_bytes(data)
        out, err, code = adlcalc("import", "klines", str(file))
        assert (out, code) == ("", 2)
        assert message in err


# --- what is refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "time,open,high,low,close\n1584000000,10,12,11,9\n",
            "the low of the candle is 11, but its lowest price is 9",
        ),
        ("time,open,high,low,close\n1584000000,10,12,8,-1\n", "'close' must be greater than zero, not -1"),
        ("time,open,high,low,close\n1584000000,10,12,8,.%\n", "'close' must be a number, not '0.%'"),
        ("time,open,high,low,close\n1584000000,10,12,8,NaN\n", "'close' is empty"),
        ("time,close\n1584000000,10\n1584000060,10,3\n", "this row has 3 cells, the header has 2"),
        ("time,settle\n1584000000,10\n", "the file has no column of close prices"),
        ("[[1584000000, 5, 4, 3, 9, 2]]", "the rows are no candles in any order of columns that is known"),
        ("[[1, 2]]", "the rows are no candles in any order of columns that is known"),
        ('{"a": {"b": 3}}', "there are no candles in the file"),
        ("[1584000000, {", "this is no JSON: expecting property name enclosed in double quotes"),
        ("symbol,time,close\nA,1584000000,1\nB,1584000000,2\n", "the file holds 2 symbols: 'A', 'B'"),
        (
            "time,open,high,low,close\n1584000000,10,12,8,9\n1584000000,10,12,8,11\n",
            "a second, different candle of the same time",
        ),
        ("", "the file is empty"),
        ("time,close\n", "the file has no rows of prices"),
    ],
)
def test_what_fits_no_reading_is_refused(text: str, message: str) -> None:
    assert refused(text)[0].removeprefix("row 1: ").startswith(message)


def test_the_orders_that_were_tried_are_told() -> None:
    assert (
        "time, open, close, high, low; time, low, high, open, close"
        in refused("[[1584000000, 5, 4, 3, 9, 2]]")[1]
    )


def test_columns_and_symbol_decide(tmp_path: Path) -> None:
    text = "1584000000,5,9,3,4\n1584000060,4,8,2,5\n"
    assert closes(text, tmp_path, columns="time,close,high,low,open") == ["5", "4"]
    both = "symbol,time,close\nA,1584000000,1\nB,1584000000,2\nA,1584000060,3\n"
    assert closes(both, tmp_path, symbol="A") == ["1", "3"]


@pytest.mark.parametrize("market", ["", " ", "from", "file", "balance", "a" * 300, " BTC", "B\nTC"])
def test_names_that_no_scenario_has_are_refused(market: str) -> None:
    with pytest.raises(OptionError, match="--market"):
        import_klines(Source("k", csv_text(str)), KlineOptions(market))


@pytest.mark.slow
@given(st.text(max_size=30))
def test_a_market_of_any_name_runs_or_is_refused(market: str) -> None:
    """`import` itself loads what it writes; it never hands out what `run` refuses."""
    try:
        text = import_klines(Source("k", csv_text(str)), KlineOptions(market)).text
    except (OptionError, ScenarioErrors):
        return
    assert json.dumps(market, ensure_ascii=False) in text


def test_missing_candles_are_said_and_times_listed(tmp_path: Path) -> None:
    text = csv_text(str) + f"{T + 300},96,97,95,96\n"
    written = made(text)
    assert "# 1 step is longer than 0:01:00: candles are missing there" in written
    assert len(scenario_of(written, tmp_path).path.times or ()) == 4


def test_a_tick_by_the_digits_of_the_prices(tmp_path: Path) -> None:
    assert scenario_of(made("time,close\n1584000000,60000.25\n"), tmp_path).markets[0].tick == D("0.01")
    assert scenario_of(made("time,close\n1584000000,5\n"), tmp_path).markets[0].tick == D("0.00001")
    assert scenario_of(made("time,close\n1584000000,0.00000065432\n"), tmp_path).markets[0].tick == D("1E-12")


# --- long paths ---------------------------------------------------------------------------------------------


def long_csv(rows: int) -> str:
    return "time,open,high,low,close\n" + "".join(f"{T + 60 * i},10,12,8,{9 + i % 3}\n" for i in range(rows))


@pytest.mark.slow
def test_a_long_path_goes_beside_the_scenario(adlcalc: Command, tmp_path: Path) -> None:
    source, target = tmp_path / "long.csv", tmp_path / "crash.yaml"
    source.write_text(long_csv(INLINE // 4 + 1), encoding="utf-8")
    out, err, code = adlcalc("import", "klines", str(source), "--path", "low-first")
    assert (out, code) == ("", 2)
    assert "-o FILE writes the scenario, and a CSV beside it" in err
    assert adlcalc("import", "klines", str(source), "--path", "low-first", "-o", str(target)).code == 0
    beside = (tmp_path / "crash-prices.csv").read_text(encoding="utf-8")
    assert beside.startswith("time,open,high,low,close\n2020-03-12T08:00Z,10,")
    assert load(target).scenario.path.steps == INLINE + 4


@pytest.mark.slow
def test_the_file_that_is_read_is_never_written_over(adlcalc: Command, tmp_path: Path) -> None:
    source = tmp_path / "crash-prices.csv"
    text = long_csv(INLINE + 1)
    source.write_text(text, encoding="utf-8")
    out, err, code = adlcalc("import", "klines", str(source), "-o", str(tmp_path / "crash.yaml"))
    assert (out, code) == ("", 2)
    assert "is the file that is read" in err
    assert source.read_text(encoding="utf-8") == text


# --- books --------------------------------------------------------------------------------------------------


def book(text: str, folder: Path, **options: Any) -> Scenario:
    return scenario_of(import_book(Source("b", text), BookOptions(**options)).text, folder)


def test_a_book_of_other_hands(tmp_path: Path) -> None:
    text = "Account;Symbol;Side;Qty;Entry Price;Leverage\n"
    text += "a;BTC;Buy;1.000,5;60000,5;10x\nb;BTC;SELL;2;61000;5x\nc;BTC;Long;1;60000;3\n"
    scenario = book(text, tmp_path)
    positions = [account.positions[0] for account in scenario.accounts]
    assert [(one.side, one.size, one.entry) for one in positions] == [
        (1, D("1000.5"), D("60000.5")), (-1, 2, 61000), (1, 1, 60000),
    ]  # fmt: skip
    assert [one.leverage for one in positions] == [10, 5, 3]


def test_a_book_with_signed_sizes_and_crossed_margin(tmp_path: Path) -> None:
    text = '"user","qty","entry","margin","balance","mark"\na,-1.5,"60,000.5",crossed,"1,000.5",60100\na,0,1,,,\n'
    (account,) = book(text, tmp_path, market="ETH").accounts
    assert (account.balance, account.positions[0].side, account.positions[0].size) == (
        D("1000.5"),
        -1,
        D("1.5"),
    )


def test_a_long_book_goes_beside_the_scenario(tmp_path: Path) -> None:
    text = "id,side,size,entry,leverage\n" + "".join(f"a{i},long,1,60000,{1 + i % 9}\n" for i in range(300))
    found = import_book(Source("b", text), BookOptions(beside="mine-book.csv"))
    (tmp_path / "mine-book.csv").write_text(found.beside["mine-book.csv"], encoding="utf-8")
    assert len(scenario_of(found.text, tmp_path).accounts) == 300


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,side,size,entry\na,up,1,2\n", "side must be long or short (buy or sell), not 'up'"),
        (
            "id,side,size,entry,leverage\nvenue,long,1,2,3\n",
            "account id 'venue' is a name that adlcalc itself uses",
        ),
        ("id,side,size,entry,leverage\na,long,one,2,3\n", "'size' must be a number, not 'one'"),
        ("id,side,size,entry\na,long,1,2\n", "the position has neither leverage nor collateral"),
        ("id,side,size\na,long,1\n", "the file has no column 'entry'"),
        ("1,2,3\n4,5,6\n", "the file has no header that names its columns"),
    ],
)
def test_faults_of_a_book(text: str, message: str) -> None:
    with pytest.raises(ScenarioErrors) as error:
        import_book(Source("b", text), BookOptions())
    assert error.value.problems[0].message == message


def test_positions_are_told_from_candles() -> None:
    """They have a price in each row too: as Binance and as ccxt give them."""
    for row in (
        {
            "symbol": "BTCUSDT",
            "positionAmt": "2",
            "entryPrice": "60000",
            "markPrice": "61000",
            "leverage": "10",
        },
        {"symbol": "BTC/USDT:USDT", "contracts": 2, "entryPrice": 60000, "markPrice": 61000, "side": "long"},
    ):
        with pytest.raises(ScenarioErrors) as found:
            import_klines(Source("k", json.dumps([row])), KlineOptions("BTC"))
        assert "k: error: this looks like positions, not candles: it has " in str(found.value)
        assert str(found.value).endswith("\nhint: adlcalc import ccxt makes a scenario of positions")
    bar = [{"time": 1584000000000, "open": "9", "high": "9", "low": "9", "close": "9", "volume": "2"}]
    assert import_klines(Source("k", json.dumps(bar)), KlineOptions("BTC"))
