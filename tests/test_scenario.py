"""Scenario files become exactly the engine's Scenario: forms, defaults, companions, overrides. Bad ones are
in tests/bad."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Result

from adlcalc.engine.events import OrderFilled, Started
from adlcalc.engine.loop import run
from adlcalc.engine.model import LONG, SHORT, SMALLEST, Account, Fund, Liquidity, Market, Position, Tier
from adlcalc.ground.numbers import D
from adlcalc.scenario import Loaded, load
from adlcalc.scenario.expect import ExpectedRow
from adlcalc.source import ScenarioErrors

ALICE = "{id: alice, side: long, size: 2, entry: 60_000, leverage: 10}"
BOOK = f"accounts: [{ALICE}]\nprices: [60_000, 53_000]\n"


@pytest.fixture
def read(tmp_path: Path):  # type: ignore[no-untyped-def]
    """read(text, 'fund=0', venue=..., book='id,...'): a scenario of that text, with CSV files beside it."""

    def reader(text: str, *sets: str, venue: str | None = None, **companions: str) -> Loaded:
        for name, content in companions.items():
            (tmp_path / f"{name}.csv").write_text(content)
        path = tmp_path / "s.yaml"
        path.write_text(text)
        return load(path, sets=sets, venue=venue)

    return reader


def messages(caught: pytest.ExceptionInfo[ScenarioErrors]) -> list[str]:
    return [problem.message for problem in caught.value.problems]


# --- the example that everyone reads ------------------------------------------------------------------------


def test_the_example_of_the_readme_is_read_to_the_letter(read) -> None:  # type: ignore[no-untyped-def]
    loaded = read(
        """
title: The fund covers half, one short is deleveraged
venue: generic
rules: {}
markets:
  BTC-PERP: {contract: linear, multiplier: 1, tick: 0.1, lot: 0.001, liquidity: unlimited}
fund: 1_000
accounts:
  - {id: alice, side: long,  size: 2, entry: 60_000, leverage: 10}
  - {id: bob,   side: short, size: 2, entry: 60_000, leverage: 10}
  - id: carol
    margin: cross
    balance: 10_000
    positions:
      - {market: BTC-PERP, side: short, size: 1, entry: 61_000}
prices: [60_000, 56_000, 53_000]
expect:
  liquidated: [alice]
  fund_paid: 1_000
  deleveraged: [{account: bob, size: 1, price: 54_000}]
"""
    )
    scenario = loaded.scenario
    assert scenario.title == "The fund covers half, one short is deleveraged"
    assert (scenario.venue, scenario.money_unit) == ("generic", SMALLEST)
    (market,) = scenario.markets
    assert (market.name, market.tick, market.lot, market.fund) == ("BTC-PERP", D("0.1"), D("0.001"), "fund")
    assert market.maintenance.tiers == (Tier(D(0), D("0.005")),)
    assert scenario.funds == (Fund("fund", D(1000)),)
    assert scenario.accounts == (
        Account("alice", (Position("BTC-PERP", LONG, D(2), D(60000), D(12000), D(10)),)),
        Account("bob", (Position("BTC-PERP", SHORT, D(2), D(60000), D(12000), D(10)),)),
        Account("carol", (Position("BTC-PERP", SHORT, D(1), D(61000)),), D(10000)),
    )
    assert scenario.path.marks == {"BTC-PERP": (D(60000), D(56000), D(53000))}
    assert (scenario.path.times, scenario.path.seconds, scenario.path.funding) == (None, None, {})
    assert [assumption.rule for assumption in scenario.rules.assumptions] == ["adl.ties"]
    expect = loaded.expect
    assert expect is not None
    assert expect.liquidated == (ExpectedRow({"account": "alice"}),)
    assert (expect.fund_paid, expect.fund_left, expect.bad_debt, expect.skipped) == (
        D(1000),
        None,
        None,
        None,
    )
    assert expect.deleveraged == (ExpectedRow({"account": "bob", "size": D(1), "price": D(54000)}),)
    assert expect.where["deleveraged.0.price"].endswith("s.yaml:20:48")


# --- accounts -----------------------------------------------------------------------------------------------


def positions(loaded: Loaded) -> list[Position]:
    return [position for account in loaded.scenario.accounts for position in account.positions]


def test_collateral_from_leverage_is_rounded_half_even_to_the_money_unit(read) -> None:  # type: ignore[no-untyped-def]
    text = "money_unit: 0.01\naccounts: [{id: a, side: long, size: 1, entry: E, leverage: 2}]\nprices: [1]\n"
    for entry, collateral in (("10.01", "5.00"), ("10.03", "5.02"), ("10.05", "5.02"), ("10.07", "5.04")):
        (position,) = positions(read(text.replace("E", entry)))  # 5.005, 5.015, 5.025, 5.035
        assert position.collateral == D(collateral), entry


def test_collateral_of_an_inverse_contract_is_in_coin(read) -> None:  # type: ignore[no-untyped-def]
    text = "accounts: [{id: a, side: short, size: 100_000, entry: 8_000, leverage: 100}]\nprices: [1]\n"
    (position,) = positions(read("markets: {XBT: {contract: inverse}}\n" + text))
    assert position.collateral == D("0.125")  # 100,000 / 8,000 = 12.5 coins


def test_a_given_collateral_is_kept_and_a_cross_leverage_makes_none(read) -> None:  # type: ignore[no-untyped-def]
    loaded = read(
        """
accounts:
  - {id: a, side: long, size: 1, entry: 100, collateral: 0, balance: 7.5}
  - {id: b, side: long, size: 1, entry: 100, margin: cross, balance: -3, leverage: 5}
prices: [100]
"""
    )
    a, b = positions(loaded)
    assert (a.collateral, a.leverage, b.collateral, b.leverage) == (D(0), None, None, D(5))
    assert [account.balance for account in loaded.scenario.accounts] == [D("7.5"), D(-3)]


def test_an_account_may_mix_margins_markets_and_sides(read) -> None:  # type: ignore[no-untyped-def]
    loaded = read(
        """
markets: {BTC: {}, ETH: {}}
accounts:
  - id: hedger
    margin: cross
    balance: 500
    positions:
      - {market: BTC, side: long, size: 1, entry: 100}
      - {market: BTC, side: short, size: 2, entry: 101}
      - {market: ETH, side: long, size: 3, entry: 10, margin: isolated, leverage: 3}
  - {id: idle, positions: [], balance: 1}
prices: {BTC: [100], ETH: [10]}
"""
    )
    assert [(p.market, p.side, p.collateral) for p in positions(loaded)] == [
        ("BTC", LONG, None),
        ("BTC", SHORT, None),
        ("ETH", LONG, D(10)),
    ]
    assert loaded.scenario.accounts[1] == Account("idle", (), D(1))


def test_no_accounts_at_all_is_a_scenario(read) -> None:  # type: ignore[no-untyped-def]
    assert read("accounts: []\nprices: [1]\n").scenario.accounts == ()


def test_ids_are_text_whatever_they_look_like(read) -> None:  # type: ignore[no-untyped-def]
    ids = ["007", "1e5", "no", "2020-03-12", "a b", "清算"]
    text = (
        "accounts:\n"
        + "".join(f"  - {{id: {i}, side: long, size: 1, entry: 1, leverage: 1}}\n" for i in ids)
        + "prices: [1]\n"
    )
    assert [account.id for account in read(text).scenario.accounts] == ids


# --- a book in a CSV file -----------------------------------------------------------------------------------


def test_a_csv_book_equals_the_same_book_in_yaml(read) -> None:  # type: ignore[no-untyped-def]
    markets = "markets: {BTC: {settles: USDT}, ETH: {contract: inverse, settles: USDT}}\n"
    prices = "prices: {BTC: [100], ETH: [10]}\n"
    yaml = """accounts:
  - {id: alice, market: BTC, side: long, size: 2.5, entry: 100.10, leverage: 3}
  - id: bob
    margin: cross
    balance: 50
    positions:
      - {market: BTC, side: short, size: 1, entry: 99}
      - {market: ETH, side: long, size: 1_000, entry: 9.5, leverage: 2}
  - {id: 'c,d', market: ETH, side: short, size: 1e3, entry: 11, collateral: 4, balance: 2}
"""
    book = """id,market,side,size,entry,leverage,collateral,margin,balance
alice,BTC,long,2.5,100.10,3,,,
bob,BTC,short,1,99,,,cross,50
"c,d",ETH,short,1e3,11,,4,isolated,2

bob,ETH,long,1_000,9.5,2,,cross,
"""
    with_yaml, with_csv = (
        read(markets + yaml + prices),
        read(markets + "accounts: {file: book.csv}\n" + prices, book=book),
    )
    assert with_csv.scenario == with_yaml.scenario


def test_a_csv_book_needs_only_the_columns_it_uses(read) -> None:  # type: ignore[no-untyped-def]
    loaded = read(
        "accounts: {file: book.csv}\nprices: [60_000]\n",
        book="size,entry,id,side,leverage\r\n2,60000,alice,long,10\r\n",
    )
    assert loaded.scenario.accounts == read(BOOK).scenario.accounts


def test_a_csv_book_may_name_the_market(read) -> None:  # type: ignore[no-untyped-def]
    book = "id,market,side,size,entry,leverage\na,BTC,long,1,100,5\nb,,short,1,100,5\n"
    loaded = read("accounts: {file: book.csv}\nprices: [100]\n", book=book)
    assert [position.market for position in positions(loaded)] == ["BTC", "BTC"]


def test_rows_of_one_account_must_agree(read) -> None:  # type: ignore[no-untyped-def]
    book = "id,side,size,entry,margin,balance\na,long,1,100,cross,5\na,short,1,100,cross,6\n"
    with pytest.raises(ScenarioErrors) as caught:
        read("accounts: {file: book.csv}\nprices: [1]\n", book=book)
    assert messages(caught) == ["account 'a' has another balance on its first row"]


# --- markets, liquidity, funds ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (BOOK, ["MARKET"]),
        (BOOK.replace("leverage: 10", "leverage: 10, market: BTC"), ["BTC"]),
        (BOOK.replace("[60_000, 53_000]", "{ETH: [1, 2]}"), ["ETH"]),
        (
            BOOK.replace("leverage: 10", "leverage: 10, market: B").replace(
                "[60_000, 53_000]", "{A: [1, 2], B: [1, 2]}"
            ),
            ["A", "B"],
        ),
        ("markets: {XBT: {}}\n" + BOOK, ["XBT"]),
    ],
)
def test_where_markets_get_their_names_from(read, text: str, names: list[str]) -> None:  # type: ignore[no-untyped-def]
    assert [market.name for market in read(text).scenario.markets] == names


def market(loaded: Loaded) -> Market:
    return loaded.scenario.markets[0]


@pytest.mark.parametrize(
    ("written", "liquidity"),
    [
        ("unlimited", Liquidity()),
        ("none", Liquidity("levels")),
        ("0", Liquidity("levels")),
        ("2.5", Liquidity("levels", ((D(0), D("2.5")),))),
        ("[[0, 1], [0.5, 2]]", Liquidity("levels", ((D(0), D(1)), (D("0.5"), D(2))))),
        ("[]", Liquidity("levels")),
        ("{impact: 0.01}", Liquidity("impact", impact=D("0.01"))),
        ("{impact: 0}", Liquidity()),
    ],
)
def test_the_forms_of_liquidity(read, written: str, liquidity: Liquidity) -> None:  # type: ignore[no-untyped-def]
    assert market(read(f"markets: {{M: {{liquidity: {written}}}}}\n" + BOOK)).liquidity == liquidity


def test_the_forms_of_a_fund(read) -> None:  # type: ignore[no-untyped-def]
    two = "markets: {A: {}, B: {}}\naccounts: []\nprices: {A: [1], B: [1]}\n"
    assert read(BOOK).scenario.funds == (Fund("fund"),)
    assert read("fund: 1_000.5\n" + BOOK).scenario.funds == (Fund("fund", D("1000.5")),)
    assert read("fund: {balance: 10, floor: 2, peak: 20}\n" + BOOK).scenario.funds == (
        Fund("fund", D(10), D(2), D(20)),
    )
    per_market = read("fund: {B: {balance: 5, floor: 1}}\n" + two).scenario
    assert per_market.funds == (Fund("A"), Fund("B", D(5), D(1)))
    assert [each.fund for each in per_market.markets] == ["A", "B"]
    assert [each.fund for each in read("fund: 7\n" + two).scenario.markets] == ["fund", "fund"]


def test_tiers_get_continuous_deductions(read) -> None:  # type: ignore[no-untyped-def]
    tiers = (
        "[{up_to: 50_000, rate: 0.004, max_leverage: 125}, {up_to: 600_000, rate: 0.005}, {rate: 0.0065, "
        "deduction: 950}]"
    )
    loaded = read(f"markets: {{M: {{maintenance: {{tiers: {tiers}}}}}}}\n" + BOOK)
    assert market(loaded).maintenance.tiers == (
        Tier(D(0), D("0.004"), D(0), D(125)),
        Tier(D(50000), D("0.005"), D(50)),
        Tier(D(600000), D("0.0065"), D(950)),
    )


@pytest.mark.parametrize(("bounds", "floor"), [("exclusive", "10"), ("inclusive", "10.1")])
def test_an_inclusive_bound_moves_the_next_tier_up_by_one_lot(read, bounds: str, floor: str) -> None:  # type: ignore[no-untyped-def]
    table = f"{{by: size, bounds: {bounds}, tiers: [{{up_to: 10, rate: 0.01}}, {{rate: 0.02}}]}}"
    loaded = read(f"markets: {{M: {{lot: 0.1, maintenance: {table}}}}}\n" + BOOK)
    maintenance = market(loaded).maintenance
    assert (maintenance.by, [tier.floor for tier in maintenance.tiers]) == ("size", [D(0), D(floor)])


def test_risk_steps_and_slopes(read) -> None:  # type: ignore[no-untyped-def]
    steps = "{base_limit: 200, step: 100, base_rate: 0.4, step_rate: 0.3}"
    rule = market(read(f"markets: {{M: {{maintenance: {steps}}}}}\n" + BOOK)).maintenance
    assert rule.by == "entry-value"
    assert [(tier.floor, tier.rate) for tier in rule.tiers] == [
        (D(0), D("0.4")),
        (D(200), D("0.7")),
        (D(300), D("1.0")),
    ]
    rule = market(read("markets: {M: {maintenance: {base_rate: 0.01, slope: 0.00005}}}\n" + BOOK)).maintenance
    assert (rule.tiers, rule.slope) == ((Tier(D(0), D("0.01")),), D("0.00005"))


def test_the_highest_leverage_of_a_tier_holds_up_to_its_end(read) -> None:  # type: ignore[no-untyped-def]
    table = "{tiers: [{up_to: 1_000, rate: 0.01, max_leverage: 50}, {rate: 0.02, max_leverage: 20}]}"
    text = f"markets: {{M: {{maintenance: {table}}}}}\nprices: [1]\n"
    text += "accounts: [{id: a, side: long, size: SIZE, entry: 100, leverage: 50}]\n"
    read(text.replace("SIZE", "10"))
    with pytest.raises(ScenarioErrors, match="allows at most 20"):
        read(text.replace("SIZE", "10.01"))


# --- prices, times, funding ---------------------------------------------------------------------------------


def test_a_ramp_is_even_and_rounded_to_the_tick(read) -> None:  # type: ignore[no-untyped-def]
    text = "markets: {M: {tick: 0.5}}\naccounts: []\nprices: {from: 10.1, to: 8, steps: 3}\n"
    assert read(text).scenario.path.marks["M"] == (D("10.1"), D("9.5"), D("8.5"), D("8"))  # 9.4, 8.7 between


BINANCE = """\
1583971200000,7900,7950,7890,7920.5,1,1583971259999,9,9,9,9,0
1583971260000,7920.5,7930,7800,7810,1,1583971319999,9,9,9,9,0
"""
HEADER = "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n"


@pytest.mark.parametrize(
    "klines", [BINANCE, HEADER + BINANCE, HEADER.title() + BINANCE.replace("000,", "000000,")]
)
def test_candles_with_and_without_header_in_milli_and_microseconds(read, klines: str) -> None:  # type: ignore[no-untyped-def]
    path = read("accounts: []\nprices: {file: klines.csv}\n", klines=klines).scenario.path
    assert path.marks == {"MARKET": (D("7920.5"), D(7810))}
    assert path.times == ("2020-03-12T00:00Z", "2020-03-12T00:01Z")
    assert path.seconds == (1583971200, 1583971260)


@pytest.mark.parametrize(
    ("way", "marks"),
    [
        ("low-first", "7900 7890 7950 7920.5 7920.5 7800 7930 7810"),
        ("high-first", "7900 7950 7890 7920.5 7920.5 7930 7800 7810"),
    ],
)
def test_a_candle_is_walked_low_or_high_first(read, way: str, marks: str) -> None:  # type: ignore[no-untyped-def]
    path = read(f"accounts: []\nprices: {{file: klines.csv, path: {way}}}\n", klines=BINANCE).scenario.path
    assert path.marks["MARKET"] == tuple(map(D, marks.split()))
    assert path.times == ("2020-03-12T00:00Z",) * 4 + ("2020-03-12T00:01Z",) * 4


def test_any_table_with_time_and_mark_will_do(read) -> None:  # type: ignore[no-untyped-def]
    text = "accounts: []\nprices: {A: {file: a.csv}, B: {file: b.csv, column: index}}\n"
    path = read(text, a="Time,Mark\nnoon,10\none,9\n", b="time,index,mark\nnoon,5,1\none,4,1\n").scenario.path
    assert path.marks == {"A": (D(10), D(9)), "B": (D(5), D(4))}
    assert (path.times, path.seconds) == (("noon", "one"), None)


def test_steps_get_times_from_interval_and_start(read) -> None:  # type: ignore[no-untyped-def]
    path = read(BOOK + "interval: 8h\nstart: 2020-03-12T23:30+02:00\n").scenario.path
    assert (path.times, path.seconds) == (("2020-03-12T21:30Z", "2020-03-13T05:30Z"), (0, 28800))
    path = read(BOOK + "interval: 5m\n").scenario.path
    assert (path.times, path.seconds) == (("+0m", "+5m"), (0, 300))
    path = read(BOOK + "times: [open, '2nd bell']\n").scenario.path
    assert (path.times, path.seconds) == (("open", "2nd bell"), None)


@pytest.mark.parametrize(
    ("written", "rates"),
    [
        ("0.001", {1: "0.001", 2: "0.001", 3: "0.001"}),
        ("0", {}),
        ("[0.1, 0, -0.2, 0]", {0: "0.1", 2: "-0.2"}),
        ("{rate: 0.01, every: 2}", {2: "0.01"}),
        ("{rate: 0.01, every: 4}", {}),
        ("{M: -0.5}", {1: "-0.5", 2: "-0.5", 3: "-0.5"}),
    ],
)
def test_the_forms_of_funding(read, written: str, rates: dict[int, str]) -> None:  # type: ignore[no-untyped-def]
    path = read(
        f"markets: {{M: {{}}}}\naccounts: []\nprices: [4, 3, 2, 1]\nfunding: {written}\n"
    ).scenario.path
    assert path.funding["M"] == {step: D(rate) for step, rate in rates.items()}


def test_the_prices_of_a_thousand_steps_may_come_from_below_the_folder(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "p.csv").write_text("close\n" + "1\n" * 1000)
    (tmp_path / "s.yaml").write_text("accounts: []\nprices: {file: data/p.csv}\n")
    assert load(tmp_path / "s.yaml").scenario.path.steps == 1000


# --- overrides ----------------------------------------------------------------------------------------------


def test_settings_change_what_is_written_before_it_is_checked(read) -> None:  # type: ignore[no-untyped-def]
    loaded = read(
        BOOK,
        "fund={balance: 5, floor: 1}",
        "accounts.alice.leverage=null",
        "accounts.0.collateral=7",
        "prices.1=1e4",
        "markets.BTC-PERP.lot=0.1",
        "rules.adl.score=size",
        "title='A title: with a colon'",
    )
    scenario = loaded.scenario
    assert scenario.funds == (Fund("fund", D(5), D(1)),)
    assert positions(loaded)[0].collateral == D(7)
    assert scenario.path.marks == {"BTC-PERP": (D(60000), D(10000))}
    assert (market(loaded).lot, scenario.rules.adl.score.name, scenario.title) == (
        D("0.1"),
        "size",
        "A title: with a colon",
    )


def test_a_collateral_that_is_set_takes_the_place_of_the_leverage(read) -> None:  # type: ignore[no-untyped-def]
    """And the other way round; what is set twice over is a fault all the same."""
    assert positions(read(BOOK, "accounts.alice.collateral=7"))[0].collateral == D(7)
    back = BOOK.replace("leverage: 10", "collateral: 7")
    assert back != BOOK
    leverage = positions(read(back, "accounts.alice.leverage=20"))[0]
    assert (leverage.leverage, leverage.collateral) == (D(20), D(6000))
    with pytest.raises(ScenarioErrors, match="both 'leverage' and 'collateral'"):
        read(BOOK, "accounts.alice.collateral=7", "accounts.alice.leverage=20")


def test_an_id_with_dots_is_quoted_in_a_setting(read) -> None:  # type: ignore[no-untyped-def]
    loaded = read(BOOK.replace("alice", "a.b"), 'accounts."a.b".leverage=20')
    assert positions(loaded)[0].collateral == D(6000)


def test_an_id_comes_before_a_position_in_a_list(read) -> None:  # type: ignore[no-untyped-def]
    two = BOOK.replace("alice", "1").replace(
        "[{", "[{id: zero, side: short, size: 1, entry: 1, leverage: 1}, {"
    )
    assert positions(read(two, "accounts.1.size=9"))[1].size == D(9)
    assert positions(read(two, "accounts.0.size=9"))[0].size == D(9)


def test_a_venue_of_the_command_line_wins(read) -> None:  # type: ignore[no-untyped-def]
    loaded = read("venue: generic\n" + BOOK, venue="bitmex")
    assert (loaded.scenario.venue, loaded.scenario.rules.adl.score.name) == ("bitmex", "bitmex")


# --- the load as a whole ------------------------------------------------------------------------------------


def test_faults_of_all_stages_are_told_at_once_in_file_order(read) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ScenarioErrors) as caught:
        read(
            """
venue: bitmx
markets: {BTC: {tick: 0}, ETH: {}}
accounts:
  - {id: a, side: lnog, size: 1, entry: 1, leverage: 1, market: BTC}
  - {id: b, side: long, size: 1, size: 1, entry: 1, leverage: 1, market: ETC}
  - {id: a, side: long, size: 1, entry: 1, market: ETH}
prices: {BTC: [1, 2], ETH: [1, 2, 3]}
funds: 5
expect: {liquidated: [c]}
"""
        )
    assert messages(caught) == [
        "there is no venue 'bitmx'",
        "'tick' of market 'BTC' must be greater than zero, not 0",
        "'side' of account 'a' must be long or short, not 'lnog'",
        "'size' is given twice, first on line 6",
        "there is no market 'ETC'",
        "account 'a': an isolated position has neither 'leverage' nor 'collateral'",
        "account 'a' is given twice, first on line 5",
        "the prices of 'ETH' have 3 steps, those of 'BTC' 2 steps",
        "unknown key 'funds' in the scenario",
        "there is no account 'c'",
    ]


def test_json_is_read_too(tmp_path: Path) -> None:
    text = (
        '{"accounts": [{"id": "a", "side": "long", "size": "0.10", "entry": 100, "leverage": 5}], '
        '"prices": [100, 1.5e1]}'
    )
    path = tmp_path / "s.json"
    path.write_text(text)
    loaded = load(path)
    assert positions(loaded)[0].size == D("0.10")
    assert loaded.scenario.path.marks["MARKET"] == (D(100), D(15))


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(BOOK.encode())))
    assert load("-").file == "-"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"accounts: 5\nprices: [1]\n")))
    with pytest.raises(ScenarioErrors, match=r"^<stdin>:1:11: error"):
        load("-")


def test_the_same_file_gives_the_same_scenario(read) -> None:  # type: ignore[no-untyped-def]
    assert read(BOOK).scenario == read(BOOK).scenario


def test_importing_adlcalc_imports_neither_yaml_nor_pydantic() -> None:
    code = (
        "import sys, adlcalc, adlcalc.scenario, adlcalc.source; sys.exit(any(m in sys.modules for m in "
        "('yaml', 'pydantic')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


BOOK_WITH_STOPS = """id,side,size,entry,leverage,stop,take_profit,exempt
a,long,1,100,10,95,110,
b,short,1,100,5,,90,false
c,long,1,100,2,,,true
"""


def test_a_book_may_say_stops_take_profits_and_who_is_exempt(read) -> None:  # type: ignore[no-untyped-def]
    """The same as the accounts written out."""
    book = read("accounts: {file: book.csv}\nprices: [100, 94, 20]\n", book=BOOK_WITH_STOPS).scenario
    written = read(
        "accounts:\n"
        "  - {id: a, side: long, size: 1, entry: 100, leverage: 10, stop: 95, take_profit: 110}\n"
        "  - {id: b, side: short, size: 1, entry: 100, leverage: 5, take_profit: 90}\n"
        "  - {id: c, side: long, size: 1, entry: 100, leverage: 2, exempt: true}\n"
        "prices: [100, 94, 20]\n"
    ).scenario
    assert (book.orders, book.exempt) == (written.orders, written.exempt)
    assert book.exempt == {"c"}
    events = [event for event in run(book) if not isinstance(event, Started)]
    assert events == [event for event in run(written) if not isinstance(event, Started)]
    assert {event.account for event in events if isinstance(event, OrderFilled)} == {"a", "b"}


@pytest.mark.parametrize(
    ("row", "where", "what"),
    [
        ("a,long,1,100,10,95,94,", (2, 20), "'take_profit' of account 'a' must be above its stop"),
        ("a,short,1,100,10,95,96,", (2, 21), "'take_profit' of account 'a' must be below its stop"),
        ("a,long,1,100,10,0,,", (2, 17), "'stop' must be greater than zero, not 0"),
        ("a,long,1,100,10,x,,", (2, 17), "'stop' must be a number, not 'x'"),
        ("a,long,1,100,10,,,maybe", (2, 19), "'exempt' must be true or false, not 'maybe'"),
    ],
)
def test_what_is_wrong_with_them_is_told_at_the_cell(read, row, where, what) -> None:  # type: ignore[no-untyped-def]
    header = BOOK_WITH_STOPS.partition("\n")[0]
    with pytest.raises(ScenarioErrors) as errors:
        read("accounts: {file: book.csv}\nprices: [100]\n", book=f"{header}\n{row}\n")
    (one,) = errors.value.problems
    assert (one.line, one.column) == where
    assert one.message == what


@pytest.mark.parametrize(
    ("start", "tick", "marks"),
    [
        (None, "0.1", ["200", "150", "133", "250.1"]),
        ("60_000", "0.1", ["60000", "45000", "39900", "75030"]),
        ("60_000", "1_000", ["60000", "45000", "40000", "75000"]),  # 39,900 and 75,030 to the nearest
        ("1", "0.5", ["1", "1", "0.5", "1.5"]),  # 0.75 is as near to 1, which is even in halves, as to 0.5
    ],
)
def test_the_moves_of_a_file_may_begin_at_another_price(
    start: str | None, tick: str, marks: list[str], tmp_path: Path
) -> None:
    """start x price / 200, half even to the tick."""
    (tmp_path / "moves.csv").write_text("time,close\n1,200\n2,150\n3,133\n4,250.1\n", encoding="utf-8")
    begins = "" if start is None else f", from: {start}"
    (tmp_path / "x.yaml").write_text(
        f"markets: {{X: {{tick: {tick}}}}}\naccounts: []\nprices: {{file: moves.csv{begins}}}\n",
        encoding="utf-8",
    )
    path = load(str(tmp_path / "x.yaml")).scenario.path
    assert list(path.marks["X"]) == [D(mark) for mark in marks]


def test_a_book_of_a_header_alone_is_noted(tmp_path: Path) -> None:
    (tmp_path / "book.csv").write_text("id,side,size,entry,collateral\n", encoding="utf-8")
    (tmp_path / "s.yaml").write_text("accounts: {file: book.csv}\nprices: [100, 90]\n", encoding="utf-8")
    (note,) = load(str(tmp_path / "s.yaml")).notes
    assert note.message.startswith("'book.csv' has no rows")
    assert note.line == 1


def test_what_a_scenario_says_of_itself_stands_under_its_title(
    tmp_path: Path, adlcalc: Callable[..., Result]
) -> None:
    """In every format that is read, in the JSON, on the page; a scenario that says nothing has no line of it."""
    book = "accounts: [{id: a, side: long, size: 1, entry: 100, leverage: 10}]\nprices: [100, 80]\n"
    said = "The prices are real,\n  <the account> is made up."
    path, bare = tmp_path / "said.yaml", tmp_path / "bare.yaml"  # as long: lines break alike
    path.write_text(f"title: T\ndescription: >-\n  {said}\n{book}")
    bare.write_text(f"title: T\n{book}")
    line = "The prices are real, <the account> is made up."
    for command in (["run"], ["explain", "a"], ["compare", "--policies", "queue"]):
        name, *more = command
        got = adlcalc(name, str(path), *more).out
        blank, told = got.split("\n")[2:4]
        assert (blank, told) == ("", line), got
        assert adlcalc(name, str(bare), *more).out == got.replace(f"\n{line}\n", "", 1).replace(
            "said.yaml", "bare.yaml"
        )
        scenario = json.loads(adlcalc(name, str(path), *more, "--json").out)["scenario"]
        assert scenario["description"] == line
        assert "description" not in json.loads(adlcalc(name, str(bare), *more, "--json").out)["scenario"]


@pytest.mark.parametrize(
    ("rate", "noted"), [("0.4999", False), ("-0.05", False), ("0.5", True), ("-1", True), ("0.01", False)]
)
def test_a_rate_of_funding_that_looks_like_percents_is_noted(rate: str, noted: bool, tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(BOOK + f"funding: [0, {rate}]\n")
    notes = [one.message for one in load(path).notes]
    assert any("of the notional at a step" in one for one in notes) == noted


@pytest.mark.parametrize(
    ("entry", "noted"), [("800", True), ("799", False), ("10", True), ("10.1", False), ("100", False)]
)
@pytest.mark.parametrize("columns", [False, True])
def test_an_entry_far_from_every_mark_is_noted(
    entry: str, noted: bool, columns: bool, tmp_path: Path
) -> None:
    """Eight times the highest mark of 100, an eighth of the lowest of 80; in a list as in a book of columns."""
    path = tmp_path / "s.yaml"
    book = f"id,side,size,entry,leverage\na,long,1,90,2\nb,short,1,{entry},2\n"
    (tmp_path / "book.csv").write_text(book)
    listed = "\n".join(
        f"  - {{{', '.join(map(': '.join, zip(book.split()[0].split(','), row.split(','), strict=True)))}}}"
        for row in book.split()[1:]
    )
    path.write_text(
        f"accounts: {'{file: book.csv}' if columns else chr(10) + listed}\nprices: [100, 80, 90]\n"
    )
    notes = [one for one in load(path).notes if "entered at" in one.message]
    assert len(notes) == noted
    if noted:
        where = (1, 1) if columns else (3, listed.split("\n")[1].index(entry) + 1)
        assert (notes[0].line, notes[0].column) == where
        assert notes[0].message == (
            f"account 'b' entered at {entry}, and the marks of market 'MARKET' are 80 to 100"
        )
