"""Other people's files as scenarios: the venues' rank fields, exact numbers, stated assumptions; the result
runs and ranks."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import Result

import adlcalc
from adlcalc.engine.model import Account, Scenario
from adlcalc.ground.numbers import D, exact
from adlcalc.importers.ccxt import Options, import_positions
from adlcalc.importers.exchanges import EXCHANGES, exchange_of, rulebook_of
from adlcalc.importers.fields import Fields
from adlcalc.importers.indicators import indicator
from adlcalc.source.document import read_document
from adlcalc.source.nodes import Map, Source
from adlcalc.source.problems import Problems, ScenarioErrors
from adlcalc.venues.files import shipped

Command = Callable[..., Result]
UNIFIED: dict[str, Any] = {
    "symbol": "BTC/USDT:USDT",
    "side": "long",
    "contracts": 2.0,
    "contractSize": 1.0,
    "entryPrice": 60000.5,
    "markPrice": 61000.0,
    "marginMode": "isolated",
    "collateral": 14000.0,
    "initialMargin": 12200.0,
    "maintenanceMarginPercentage": 0.004,
}


def position(**changes: Any) -> dict[str, Any]:
    """A position of ccxt's with some of its fields changed; None leaves one out."""
    whole = {**UNIFIED, **changes}
    return {key: value for key, value in whole.items() if value is not None}


def yaml_of(*positions: Any, tiers: Any = None, rulebooks: list[str] | None = None, **options: Any) -> str:
    text = json.dumps(
        positions[0]
        if len(positions) == 1 and not isinstance(positions[0].get("symbol"), str)
        else list(positions)
    )
    tier_source = None if tiers is None else Source("tiers.json", json.dumps(tiers))
    made = import_positions(
        Source("positions.json", text), tier_source, Options(rulebooks=rulebooks or [], **options)
    )
    return made.text


def scenario_of(text: str, folder: Path) -> Scenario:
    """What comes out is loaded, and run to its end."""
    path = folder / "imported.yaml"
    path.write_text(text, encoding="utf-8")
    loaded = adlcalc.load(path)
    run = adlcalc.run(loaded)
    assert run.audit.money_difference == 0
    return loaded.scenario


def only(scenario: Scenario) -> Account:
    (account,) = scenario.accounts
    return account


# --- the venues' rank fields --------------------------------------------------------------------------------

RANK_FIELDS: list[tuple[str, dict[str, Any], int, int | None]] = [
    # TV-36: Binance LONG 0, SHORT 4, BOTH 0; OKX 2; Bybit 3; Bitget 0.7752; Gate 1 -> 1, 5, 1; 2; 3; 4; 5
    (
        "binance",
        {"positionAmt": "1", "positionSide": "LONG", "adlQuantile": {"LONG": 0, "SHORT": 4, "BOTH": 0}},
        1,
        1,
    ),
    (
        "binance",
        {"positionAmt": "-1", "positionSide": "SHORT", "adlQuantile": {"LONG": 0, "SHORT": 4, "BOTH": 0}},
        -1,
        5,
    ),
    (
        "binance",
        {"positionAmt": "1", "positionSide": "BOTH", "adlQuantile": {"LONG": 3, "SHORT": 4, "BOTH": 0}},
        1,
        1,
    ),
    ("okx", {"avgPx": "1", "adl": "2"}, 1, 2),
    ("bybit", {"adlRankIndicator": 3}, 1, 3),
    ("bitget", {"openPriceAvg": "1", "rank": "0.7752"}, 1, 4),
    ("gate", {"adl_ranking": 1}, 1, 5),
    # HEDGE is a marker, not a number of lights
    (
        "binance",
        {"positionAmt": "1", "positionSide": "LONG", "adlQuantile": {"LONG": 2, "SHORT": 2, "HEDGE": 0}},
        1,
        3,
    ),
    ("binance", {"positionAmt": "1", "adl": 4}, 1, 5),
    ("bybit", {"adlRankIndicator": 0}, 1, None),
    ("bybit", {"adlRankIndicator": 5}, 1, 5),
    ("okx", {"avgPx": "1", "adl": "0"}, 1, None),
    (
        "bitget",
        {"openPriceAvg": "1", "adlRank": "0.2248"},
        1,
        4,
    ),  # TV-59: the older field counts from the other end
    ("bitget", {"posSide": "long", "adlRank": "0.7752"}, 1, 4),  # the unified account's does not
    ("gate", {"adl_ranking": 5}, 1, 1),
    ("gate", {"adl_ranking": 6}, 1, None),
    ("kucoin", {"delevPercentage": 0.52}, 1, 3),
    ("htx", {"adl_risk_percent": "5"}, 1, 5),
    ("phemex", {"deleveragePercentileRr": "0.41"}, 1, 3),
    ("phemex", {"deleveragePercentileEr": "41000000"}, 1, 3),
    ("delta", {"adl_level": 7}, 1, None),
    ("bitmex", {"deleveragePercentile": 0.9999}, 1, 5),
    ("bitmex", {"deleveragePercentile": 0.2}, 1, 1),
    ("bitmex", {"deleveragePercentile": 0.2001}, 1, 2),
]


@pytest.mark.parametrize(("venue", "info", "side", "lights"), RANK_FIELDS)
def test_rank_fields_in_lights(venue: str, info: dict[str, Any], side: int, lights: int | None) -> None:
    problems = Problems()
    root = read_document(Source("row", json.dumps({"info": info})), problems)
    assert isinstance(root, Map)
    row = Fields(root, problems)
    evidence = exchange_of(row)
    assert evidence is not None
    assert evidence.exchange == venue
    with exact():
        found = indicator(venue, row, side)
    assert found is not None
    assert found.lights == lights


@pytest.mark.parametrize(
    "info",
    [
        {"holdAvgPrice": "1"},
        {"instrument_name": "BTC-PERPETUAL"},
        {"htx": None, "contract_code": "X", "adl_risk_percent": None},
    ],
)
def test_venues_without_a_rank_field_have_no_lights(info: dict[str, Any]) -> None:
    problems = Problems()
    root = read_document(Source("row", json.dumps({"info": info})), problems)
    assert isinstance(root, Map)
    row = Fields(root, problems)
    evidence = exchange_of(row)
    assert evidence is not None
    assert indicator(evidence.exchange, row, 1) is None


def test_lights_are_a_comment_of_the_scenario() -> None:
    text = yaml_of(position(info={"adl_ranking": 1}))
    assert "# gate shows adl_ranking 1: 5 of 5 lights" in text


# --- numbers ------------------------------------------------------------------------------------------------


def test_the_venue_text_is_taken_where_it_is_the_same_number(tmp_path: Path) -> None:
    """ccxt's float has lost the last digits of the entry price."""
    info = {
        "positionAmt": "2.000",
        "entryPrice": "60000.123456789012345",
        "markPrice": "61000.00",
        "isolatedWallet": "11999.87654321",
    }
    row = position(entryPrice=60000.12345678901, info=info)
    account = only(scenario_of(yaml_of(row), tmp_path))
    assert account.positions[0].entry == D("60000.123456789012345")
    assert account.positions[0].collateral == D("11999.87654321")


def test_a_venue_text_in_other_units_is_not_taken(tmp_path: Path) -> None:
    """The venue counts lots of 0.001; ccxt's two contracts stand."""
    row = position(info={"adl_ranking": 3, "size": 2000, "entry_price": "60000.5"})
    assert only(scenario_of(yaml_of(row), tmp_path)).positions[0].size == 2


def test_a_short_is_known_by_the_sign_of_the_venue_size(tmp_path: Path) -> None:
    row = position(side=None, info={"positionAmt": "-2", "isolatedWallet": "12000"})
    assert only(scenario_of(yaml_of(row), tmp_path)).positions[0].side == -1


def test_numbers_are_not_read_as_floats(tmp_path: Path) -> None:
    text = (
        '[{"symbol": "A/B:B", "side": "long", "contracts": 1e-05, "entryPrice": 0.30000000000000004,'
        ' "positionMargin": 0.1, "markPrice": 0.3}]'
    )
    account = only(scenario_of(import_positions(Source("p", text), None, Options()).text, tmp_path))
    assert (account.positions[0].size, account.positions[0].entry) == (D("0.00001"), D("0.30000000000000004"))


# --- margin and its assumptions -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "collateral", "note"),
    [
        (position(positionMargin=12000.1), "12000.1", None),
        (position(), "12001", "ccxt's collateral holds the unrealized pnl; it is taken off"),
        (position(collateral=None), "12200", "no collateral is given: initialMargin is taken"),
        (
            position(collateral=None, initialMargin=None, leverage=10),
            "12000.1",
            "entry value / leverage 10 is taken",
        ),
        (position(collateral=None, initialMargin=None), "120001", "leverage 1 is taken"),
    ],
)
def test_isolated_margin_is_the_best_that_is_given(
    row: dict[str, Any], collateral: str, note: str | None, tmp_path: Path
) -> None:
    """pnl is 2 x (61,000 - 60,000.5) = 1,999."""
    text = yaml_of(row)
    assert only(scenario_of(text, tmp_path)).positions[0].collateral == D(collateral)
    assert note is None or note in text


def cross(**changes: Any) -> dict[str, Any]:
    return position(marginMode="cross", **changes)


@pytest.mark.parametrize(
    ("rows", "balance"),
    [
        ([cross()], "12001"),  # collateral 14,000 - pnl 1,999
        ([cross(collateral=None)], "10201"),  # initial margin 12,200 - 1,999
        ([cross(info={"positionAmt": "2"})], "12001"),  # Binance's collateral is wallet + pnl
        ([cross(), cross(symbol="ETH/USDT:USDT")], "10002"),  # one collateral told twice: 14,000 - 2 x 1,999
        ([cross(), cross(symbol="ETH/USDT:USDT", collateral=1000.0)], "11002"),  # 15,000 - 2 x 1,999
    ],
)
def test_an_unknown_balance_is_assumed_from_collateral_or_initial_margin(
    rows: list[dict[str, Any]], balance: str, tmp_path: Path
) -> None:
    text = yaml_of(*rows)
    assert only(scenario_of(text, tmp_path)).balance == D(balance)
    assert (
        "the balance is the equity of the account" in text
        or "# assumed: the balance of the account is not given:" in text
    )


def test_a_balance_may_be_given(tmp_path: Path) -> None:
    text = yaml_of(cross(), balances={"": D("5000.5")})
    assert only(scenario_of(text, tmp_path)).balance == D("5000.5")
    assert "balance of the account is not given" not in text


def test_isolated_and_cross_positions_of_one_account(tmp_path: Path) -> None:
    account = only(scenario_of(yaml_of(cross(), position(symbol="ETH/USDT:USDT")), tmp_path))
    assert [one.collateral for one in account.positions] == [None, D("12001")]


def test_a_missing_contract_size_is_one_and_said(tmp_path: Path) -> None:
    text = yaml_of(position(contractSize=None))
    assert "# assumed: contractSize is not given: 1 is taken" in text
    assert scenario_of(text, tmp_path).markets[0].contract.multiplier == 1


def test_settled_in_the_base_coin_is_inverse(tmp_path: Path) -> None:
    row = position(
        symbol="BTC/USD:BTC",
        contracts=100,
        contractSize=100,
        collateral=None,
        initialMargin=None,
        leverage=10,
    )
    scenario = scenario_of(yaml_of(row), tmp_path)
    assert (scenario.markets[0].contract.kind, scenario.markets[0].contract.multiplier) == ("inverse", 100)
    assert only(scenario).positions[0].collateral == D("0.01666653")  # 10,000 / 60,000.5 / 10


@pytest.mark.parametrize(
    ("row", "mark", "note"),
    [
        (position(markPrice=None, notional=122000.0), "61000", "the price that gives the notional is taken"),
        (position(markPrice=None, lastPrice=60900), "60900", "lastPrice is taken"),
        (position(markPrice=None), "60000.5", "entryPrice is taken"),
    ],
)
def test_a_missing_mark_is_assumed(row: dict[str, Any], mark: str, note: str, tmp_path: Path) -> None:
    text = yaml_of(row)
    assert scenario_of(text, tmp_path).path.marks["BTC/USDT:USDT"] == (D(mark),)
    assert note in text


# --- several ------------------------------------------------------------------------------------------------


def test_flat_positions_are_left_out_and_counted(tmp_path: Path) -> None:
    text = yaml_of(position(), position(contracts=0), position(contracts=None))
    assert "# Left out: 2 without contracts." in text
    assert len(only(scenario_of(text, tmp_path)).positions) == 1


def test_several_venues_have_accounts_and_markets_of_their_own(tmp_path: Path) -> None:
    rows = {
        "one": [position(info={"adlRankIndicator": 3})],
        "two": [position(info={"adl_ranking": 1}, markPrice=61001)],
    }
    scenario = scenario_of(yaml_of(rows), tmp_path)
    assert [account.id for account in scenario.accounts] == ["me-bybit", "me-gate"]
    assert list(scenario.path.marks) == ["bybit BTC/USDT:USDT", "gate BTC/USDT:USDT"]


def test_several_currencies_are_several_accounts(tmp_path: Path) -> None:
    scenario = scenario_of(yaml_of(position(), position(symbol="ETH/USDC:USDC"), account="desk"), tmp_path)
    assert [account.id for account in scenario.accounts] == ["desk-USDT", "desk-USDC"]


def test_hedge_mode_is_one_account_and_twins_are_two(tmp_path: Path) -> None:
    scenario = scenario_of(yaml_of(position(), position(side="short"), position()), tmp_path)
    assert [(account.id, len(account.positions)) for account in scenario.accounts] == [("me", 2), ("me-2", 1)]


def test_the_venue_rulebook_is_named_where_there_is_one() -> None:
    row = position(info={"adlRankIndicator": 3})
    assert "\nvenue: generic\n" in yaml_of(row)
    assert "there is no rulebook for bybit" in yaml_of(row)
    assert "\nvenue: bybit\n" in yaml_of(row, rulebooks=["bybit", "bybit-2024"])
    assert "\nvenue: bybit-2024\n" in yaml_of(row, rulebooks=["bitmex", "bybit-2024"])


@pytest.mark.slow
@pytest.mark.parametrize("venue", [name for name in EXCHANGES if rulebook_of(name, shipped())])
@pytest.mark.parametrize("symbol", ["BTC/USDT:USDT", "BTC/USD:BTC"])
def test_it_runs_under_the_rulebook_that_is_shipped(venue: str, symbol: str, tmp_path: Path) -> None:
    row = position(symbol=symbol, collateral=None, initialMargin=None, leverage=5, contracts=1)
    text = yaml_of(row, cross(symbol="ETH/USDT:USDT"), rulebooks=shipped(), venue=venue)
    assert scenario_of(text, tmp_path).venue.startswith(EXCHANGES[venue].rulebook or venue)


# --- tiers --------------------------------------------------------------------------------------------------


def tier(floor: Any, cap: Any, rate: Any, most: Any, **info: Any) -> dict[str, Any]:
    return {
        "minNotional": floor,
        "maxNotional": cap,
        "maintenanceMarginRate": rate,
        "maxLeverage": most,
        "info": info,
    }


TIERS = {
    "BTC/USDT:USDT": [
        tier(0, 50000.0, 0.004, 125),
        tier(50000, 600000, 0.005, 100),
        tier(600000, None, 0.14, 7.142857142857143),
    ]
}


def test_tiers_are_the_market_maintenance_table(tmp_path: Path) -> None:
    maintenance = scenario_of(yaml_of(position(), tiers=TIERS), tmp_path).markets[0].maintenance
    assert [(one.floor, one.rate, one.deduction) for one in maintenance.tiers] == [
        (0, D("0.004"), 0), (50000, D("0.005"), 50), (600000, D("0.14"), 81050),
    ]  # fmt: skip


def test_tiers_in_contracts_go_by_size(tmp_path: Path) -> None:
    rows = [tier(0, 1000, "0.004", 100, maxSz="1000"), tier(1001, 5000, "0.01", 50, maxSz="5000")]
    maintenance = scenario_of(yaml_of(position(), tiers=rows), tmp_path).markets[0].maintenance
    assert maintenance.by == "size"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [tier(0, 5, 0.5, 100)],
            "tier 1 of 'X': rate 0.5 x maxLeverage 100 is more than 1; is the rate a percentage?",
        ),
        (
            [tier(0, 5, 0.01, 100), tier(6.5, 9, 0.02, 50)],
            "tier 2 of 'X' begins at 6.5, but the tier before ends at 5",
        ),
        (
            [tier(0, 5, 0.02, 50), tier(5, 9, 0.01, 50)],
            "tier 2 of 'X': its rate 0.01 is below 0.02 of the tier before",
        ),
        (
            [tier(0, None, 0.01, 50), tier(5, 9, 0.02, 50)],
            "tier 1 of 'X' has no maxNotional, and it is not the last",
        ),
        ([tier(0, 5, None, 50)], "tier 1 of 'X' has no maintenanceMarginRate between 0 and 1"),
    ],
)
def test_faulty_tiers_are_named(rows: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ScenarioErrors) as error:
        yaml_of(position(symbol="X"), tiers={"X": rows})
    assert [problem.message for problem in error.value.problems] == [message]


# --- faults -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "there is no open position in the file"),
        ("[]", "there is no open position in the file"),
        ("7", "must be a list of positions as ccxt gives them"),
        ("[1]", "must be a position as ccxt gives it: {symbol, side, contracts, entryPrice, ...}"),
        ('{"a": 1}', "must be a list of positions as ccxt gives them"),
        ('[{"symbol": "A/B", "contracts": 1, "entryPrice": 2}]', "the position has no 'side'"),
        ('[{"contracts": 1, "side": "long", "entryPrice": 2}]', "the position has no 'symbol'"),
        ('[{"contracts": "one", "symbol": "A/B"}]', "'contracts' must be a number, not 'one'"),
        ('[{"contracts": NaN, "symbol": "A/B"}]', "'contracts' must be a number, not 'NaN'"),
    ],
)
def test_what_is_no_positions_file_is_told_at_its_place(text: str, message: str) -> None:
    with pytest.raises(ScenarioErrors) as error:
        import_positions(Source("positions.json", text), None, Options())
    assert error.value.problems[0].message == message


def test_a_balance_needs_one_cross_account() -> None:
    with pytest.raises(ScenarioErrors, match="there are 0 cross accounts"):
        yaml_of(position(), balances={"": Decimal(5)})


WITH_HEADER = (
    "open_time,open,high,low,close,volume,close_time\n"
    "1584000000000,10,12,8,9,1,1584000059999\n"
    "1584000060000,9,9,7,7.5,1,1584000119999\n"
)

# --- the command --------------------------------------------------------------------------------------------


def test_import_then_rank_without_an_edit(adlcalc: Command, tmp_path: Path) -> None:
    """As in a shell: import ccxt, then rank."""
    file, made = tmp_path / "positions.json", tmp_path / "mine.yaml"
    file.write_text(
        json.dumps([position(), cross(symbol="ETH/USDT:USDT", side="short", markPrice=59000)]),
        encoding="utf-8",
    )
    out, err, code = adlcalc("import", "ccxt", str(file))
    assert (err, code) == ("", 0)
    made.write_text(out, encoding="utf-8")
    document = json.loads(adlcalc("rank", str(made), "-f", "json").out)
    assert [(row["account"], row["market"]) for row in document["queue"]] == [
        ("me", "BTC/USDT:USDT"),
        ("me", "ETH/USDT:USDT"),
    ]
    assert adlcalc("run", str(made)).code == 0
    assert adlcalc("explain", str(made), "me").code == 0


def test_import_reads_standard_input_and_writes_a_file(adlcalc: Command, tmp_path: Path) -> None:
    made = tmp_path / "crash.yaml"
    assert (
        adlcalc("import", "klines", "-", "--market", "BTC", "-o", str(made), stdin=WITH_HEADER.encode()).code
        == 0
    )
    assert adlcalc("run", str(made)).code == 0
    assert adlcalc("rank", str(made)).code == 0


@pytest.mark.slow
def test_faults_of_an_import_are_exit_2_with_their_place(adlcalc: Command, tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    file.write_text('[{"symbol": "A/B",\n "contracts": "x"}]', encoding="utf-8")
    out, err, code = adlcalc("import", "ccxt", str(file))
    assert (out, code) == ("", 2)
    assert f"{file}:2:15: error: 'contracts' must be a number, not 'x'" in err
    assert adlcalc("import", "ccxt", str(file), "--balance", "ten").err.startswith(
        "adlcalc: --balance must be a number"
    )
    assert adlcalc("import", "ccxt", str(tmp_path / "none.json")).code == 2
