"""Files that people had and that went in wrong, each with its right value and the arithmetic beside it; and
their variants."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import Result
from hypothesis import given
from hypothesis import strategies as st
from test_import_exchanges import liquidation_price

import adlcalc
from adlcalc.engine.formulas.health import Leg, safe_marks
from adlcalc.engine.formulas.margin import lines_of, maintenance_margin
from adlcalc.engine.model import Account, Contract, Kind, Scenario
from adlcalc.ground.numbers import D, exact
from adlcalc.importers.ccxt import Options, import_positions
from adlcalc.importers.guard import OptionError
from adlcalc.source.nodes import Source
from adlcalc.source.problems import ScenarioErrors
from adlcalc.venues.files import shipped

Command = Callable[..., Result]
GIVEN = Path(__file__).parent / "imports"


def rows(name: str) -> list[dict[str, Any]]:
    (file,) = GIVEN.glob(f"{name}*.json")
    found: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return found


def made(what: Any, tiers: Any = None, **options: Any) -> tuple[str, Scenario]:
    text = what if isinstance(what, str) else json.dumps(what)
    table = None if tiers is None else Source("tiers.json", json.dumps(tiers))
    found = import_positions(Source("rows.json", text), table, Options(rulebooks=shipped(), **options))
    return found.text, adlcalc.scenario.loading.load_source(
        Source("mine.yaml", found.text), "mine.yaml"
    ).scenario


def only(scenario: Scenario) -> Account:
    (account,) = scenario.accounts
    return account


def price_of(scenario: Scenario, at: int = 0) -> Decimal:
    account = only(scenario)
    price = liquidation_price(scenario, account, account.positions[at])
    assert price is not None
    return price


def near(found: Decimal, wanted: str, share: str = "0.001") -> bool:
    return abs(found - D(wanted)) <= D(share) * D(wanted)


LIQUIDATION = [
    # file, venue, liquidation price, why
    ("03", "bybit", "72139.30348"),  # 5,000 + 0.4 (60,000 - P) = 0.002 P
    ("04", "binance", "20080.32128"),  # (60,000 x 0.5 - 20,000) / (0.5 x 0.996)
    ("05", "okx", "40180.81"),  # (6,000 - 2,000) / (0.1 (1 - 0.004 - 0.0005))
    ("08", "gate", "54298.64"),  # (6,000 - 600) / (0.1 (1 - 0.005 - 0.0005))
    ("09", "binance", "54266.33166"),  # (600,000 - 60,000 - 50) / (10 x 0.995)
    ("10", "kucoin", "36166.37"),  # (720 - 360) / (0.01 (1 - 0.004 - 0.0006))
    ("12", "phemex", "54271.36"),  # (6,000 - 600) / (0.1 x 0.995)
    ("13", "aster", "5873.49"),  # (13,000 - 1,300) / (2 x 0.996)
    ("24", "gate", "45248.87"),  # (5,000 - 500) / (0.1 (1 - 0.005 - 0.0005)), the row says 45,250
]


@pytest.mark.parametrize(("name", "venue", "price"), LIQUIDATION, ids=[row[0] for row in LIQUIDATION])
def test_liquidation_prices(name: str, venue: str, price: str) -> None:
    text, scenario = made(rows(name))
    assert scenario.venue == venue
    assert near(price_of(scenario), price), text
    assert "warning" not in text


@pytest.mark.parametrize(
    ("name", "balance"), [("03", "5000"), ("04", "20000"), ("05", "2000")], ids=["bybit", "binance", "okx"]
)
def test_balances_are_solved_from_the_liquidation_price(name: str, balance: str) -> None:
    text, scenario = made(rows(name))
    assert near(only(scenario).balance, balance, "0.000001")
    assert "is what makes the liquidation price of BTC/USDT:USDT" in text
    given = made(rows(name), balances={"": D(balance)})[1]
    assert near(price_of(given), rows(name)[0]["liquidationPrice"].__str__())


def test_sizes_of_deribit() -> None:
    """4,000 USD at 100,000 are the 0.04 BTC of the row; 0.25 BTC are 27,500 USDC. The rate of both is 1 %."""
    inverse, linear = made(rows("01"))[1], made(rows("02"))[1]
    assert only(inverse).positions[0].size * inverse.markets[0].contract.multiplier == 4000
    assert only(linear).positions[0].size * linear.markets[0].contract.multiplier == D("0.25")
    assert [one.markets[0].maintenance.tiers[0].rate for one in (inverse, linear)] == [D("0.01"), D("0.01")]
    for variant in (0.99, 2.0, 0.5):  # the reading does not turn over at 1 %
        row = copy.deepcopy(rows("01"))
        row[0].update(maintenanceMarginPercentage=variant, maintenanceMargin=variant / 100 * 0.04)
        row[0]["info"]["maintenance_margin"] = str(variant / 100 * 0.04)
        assert near(made(row)[1].markets[0].maintenance.tiers[0].rate, str(variant / 100))
    row = copy.deepcopy(rows("01"))
    row[0]["contracts"] = None  # ccxt 1.83 to 4.5.5
    assert only(made(row)[1]).positions[0].size * 1 == 4000


def test_kucoin_is_bankrupt_where_its_row_says(tmp_path: Path) -> None:
    """72,000 - 360 / 0.01 = 36,000, not 35,935.2."""
    position = only(made(rows("10"))[1]).positions[0]
    assert position.collateral == 360


def test_what_is_no_perpetual_is_left_out() -> None:
    with pytest.raises(ScenarioErrors, match="left out: BTC/USDT:USDT-261226-100000-C: an option"):
        made(rows("18"))
    text, scenario = made([*rows("18"), *rows("08")])
    assert "# left out: BTC/USDT:USDT-261226-100000-C: an option" in text
    assert len(only(scenario).positions) == 1


def test_an_exchange_without_a_rulebook_is_generic() -> None:
    text, scenario = made(rows("16b"))
    assert scenario.venue == "generic"
    assert "# assumed: there is no rulebook for poloniex; the generic rules stand in" in text


def test_one_bad_row_does_not_refuse_the_rest() -> None:
    text, scenario = made(rows("20"))
    assert len(only(scenario).positions) == 2
    assert "# left out: SOL/USDT:USDT: the position has no 'entryPrice'" in text
    with pytest.raises(ScenarioErrors, match="the position has no 'entryPrice'"):
        made(rows("20"), strict=True)
    row = rows("20")
    row[2]["unrealizedPnl"] = 30  # mark 150, three coins: bought at 140
    assert only(made(row)[1]).positions[2].entry == 140


def test_what_python_prints() -> None:
    position = only(made((GIVEN / "21-python-repr.txt").read_text(encoding="utf-8"))[1]).positions[0]
    assert (position.size, position.entry, position.collateral) == (D("0.5"), 60000, 3050)


def test_the_answer_of_binance_itself() -> None:
    """(30,000 - 3,000) / (0.5 x 0.996) = 54,216.87."""
    text, scenario = made(rows("22"))
    assert "# The rows are the venue's own answer." in text
    assert near(price_of(scenario), "54216.86")


# --- tiers --------------------------------------------------------------------------------------------------


def test_one_bad_symbol_of_a_tiers_file_is_nobodys_problem() -> None:
    text, scenario = made(rows("30-pos"), rows("30-tiers"))
    assert [tier.rate for tier in scenario.markets[0].maintenance.tiers] == [
        D("0.004"),
        D("0.005"),
        D("0.01"),
    ]
    bad = {**rows("30-tiers"), "OLD/USDT:USDT": [{"maintenanceMarginRate": 7}, 5]}  # type: ignore[dict-item]
    assert made(rows("30-pos"), bad)[0] == text


def test_the_ladder_of_the_leverage() -> None:
    """Leverage 20: 5,000 contracts are in the second step of three, 0.7 %."""
    text, scenario = made(rows("31-pos"), rows("31-tiers"))
    rule = scenario.markets[0].maintenance
    assert (rule.by, [tier.rate for tier in rule.tiers]) == ("size", [D("0.005"), D("0.007"), D("0.01")])
    assert "of 2 ladders that of leverage 20 is taken" in text
    assert lines_of(rule, D(5000), D(1), isolated=True)[0][0] == D("0.007")
    assert lines_of(rule, D(3999), D(1), isolated=True)[0][0] == D("0.005")


def test_tiers_in_contracts() -> None:
    """10,000 contracts are the first tier of 250,000: (0.4 % + 0.06 % fee) x 600,000 = 2,760."""
    scenario = made(rows("33-pos"), rows("33-tiers"))[1]
    lines = lines_of(
        scenario.markets[0].maintenance, only(scenario).positions[0].size, D(600_000), isolated=True
    )
    with exact():
        assert maintenance_margin(lines, D(600_000)) == 2760


def test_tiers_of_an_inverse_contract_of_kraken_are_of_contracts() -> None:
    """Its instruments list margin levels by `contracts`, each worth a dollar: 600,000 of them are past
    500,000, in the second level, whose 2 % is of the whole value. 600,000 / 50,000 = 12 coins, 0.24 of them
    maintenance."""
    row = {"symbol": "BTC/USD:BTC", "side": "short", "contracts": 600_000, "contractSize": 1, "entryPrice": 50_000,
           "markPrice": 50_000, "marginMode": "cross", "collateral": 20, "info": {"symbol": "PI_XBTUSD"}}  # fmt: skip
    levels = [
        {"tier": number + 1, "minNotional": low, "maxNotional": high, "maintenanceMarginRate": rate,
         "maxLeverage": most, "info": {"contracts": low, "initialMargin": 2 * rate, "maintenanceMargin": rate}}
        for number, (low, high, rate, most) in enumerate([(0, 500_000, 0.01, 50), (500_000, None, 0.02, 25)])
    ]  # fmt: skip
    scenario = made([row], {"BTC/USD:BTC": levels})[1]
    rule = scenario.markets[0].maintenance
    assert (rule.by, [(tier.floor, tier.rate) for tier in rule.tiers]) == (
        "size",
        [(0, D("0.01")), (500_001, D("0.02"))],  # 500,000 of them are still in the first
    )
    with exact():
        assert maintenance_margin(lines_of(rule, D(600_000), D(12), isolated=True), D(12)) == D("0.24")


def test_a_symbol_that_is_not_in_the_tiers_is_told() -> None:
    assert "# warning: the tiers file has no ETH/USDT:USDT" in made(rows("36-pos"), rows("36-tiers"))[0]


def test_equal_neighbors_are_one_tier() -> None:
    tiers = {
        "BTC/USDT:USDT": [
            {"minNotional": 0, "maxNotional": 100, "maintenanceMarginRate": 0.01, "maxLeverage": 50},
            {"minNotional": 100, "maxNotional": 200, "maintenanceMarginRate": 0.01, "maxLeverage": 40},
            {"minNotional": 200, "maxNotional": 400, "maintenanceMarginRate": 0.02, "maxLeverage": 20},
        ]
    }
    rule = made(rows("30-pos"), tiers)[1].markets[0].maintenance
    assert [(tier.floor, tier.rate) for tier in rule.tiers] == [(0, D("0.01")), (200, D("0.02"))]


# --- several positions, and what is told --------------------------------------------------------------------


def two(**changes: Any) -> list[dict[str, Any]]:
    """A long of 0.5 BTC and a short of 4 ETH of one Binance account with a wallet of 5,000, at 60,000 and
    3,000, maintenance 0.4 % and 0.5 %. The other market held: BTC: 5,000 + 0.5 (P - 60,000) - 60 = 0.002 P ->
    P = 25,060 / 0.498 = 50,321.29. ETH: 5,000 - 120 + 4 (3,000 - P) = 0.02 P -> P = 16,880 / 4.02 =
    4,199.00."""

    def row(symbol: str, amount: str, price: str, rate: float, liquidation: float) -> dict[str, Any]:
        notional = abs(float(amount)) * float(price)
        return {
            "symbol": symbol,
            "side": "long" if float(amount) > 0 else "short",
            "contracts": abs(float(amount)),
            "contractSize": 1,
            "entryPrice": float(price),
            "markPrice": float(price),
            "notional": notional,
            "marginMode": "cross",
            "maintenanceMarginPercentage": rate,
            "maintenanceMargin": rate * notional,
            "liquidationPrice": liquidation,
            "info": {
                "positionAmt": amount,
                "entryPrice": price,
                "markPrice": price,
                "isolatedMargin": "0",
                "notional": notional,
            },
        }

    found = [
        row("BTC/USDT:USDT", "0.5", "60000", 0.004, 50321.285),
        row("ETH/USDT:USDT", "-4", "3000", 0.005, 4199.005),
    ]
    found[1].update(changes)
    return found


def test_the_account_is_solved_over_all_its_positions() -> None:
    text, scenario = made(two())
    assert near(only(scenario).balance, "5000", "0.0001")
    assert near(price_of(scenario, 0), "50321.285")
    assert near(price_of(scenario, 1), "4199.005")
    assert "warning" not in text


def test_a_difference_is_told_with_both_numbers_and_a_reason() -> None:
    text, _ = made(two(liquidationPrice=4600))
    assert "the liquidation price comes out as" in text
    assert "the row says" in text
    assert (
        "the account holds money, positions or orders that the file does not tell (--balance)"
        in text.replace("\n#   ", " ")
    )


def test_a_position_due_at_its_own_mark_is_a_warning(adlcalc: Command, tmp_path: Path) -> None:
    row = rows("08")
    row[0].update(liquidationPrice=None, collateral=30)
    row[0]["info"].update(margin="30", liq_price="0")
    file = tmp_path / "rows.json"
    file.write_text(json.dumps(row), encoding="utf-8")
    out, err, code = adlcalc("import", "ccxt", str(file))
    assert code == 0
    # Gate: 6,000 x (0.5 % + the taker fee of 0.075 %)
    assert "due at the mark right after the import: equity 30, maintenance margin 34.5" in err
    assert "# warning: BTC/USDT:USDT: due at the mark" in out


@pytest.mark.slow
def test_balances_of_several_accounts(adlcalc: Command, tmp_path: Path) -> None:
    usdc = [{**row, "symbol": row["symbol"].replace("USDT", "USDC")} for row in two()]
    file = tmp_path / "rows.json"
    file.write_text(json.dumps([*two(), *usdc]), encoding="utf-8")
    out, err, code = adlcalc(
        "import", "ccxt", str(file), "--balance", "me-USDT=5000", "--balance", "me-USDC=7000.5"
    )
    assert code == 0, err
    assert "    balance: 5000\n" in out
    assert "    balance: 7000.5\n" in out
    assert adlcalc("import", "ccxt", str(file), "--balance", "you=1").code == 2
    assert "there are 2 cross accounts" in adlcalc("import", "ccxt", str(file), "--balance", "1").err


@pytest.mark.parametrize("margin", ["cross", "isolated"])
def test_margin_says_the_mode_of_rows_that_do_not(margin: str) -> None:
    position = only(made(rows("03"), margin=margin)[1]).positions[0]
    assert (position.collateral is None) == (margin == "cross")


def test_venue_says_whose_rows_they_are() -> None:
    assert made(rows("13"), venue="binance")[1].venue == "binance"
    assert made(rows("13"), venue="bybit-2024")[1].venue == "bybit-2024"
    assert made(rows("13"), venue="poloniex")[1].venue == "generic"
    with pytest.raises(OptionError, match="there is no exchange or rulebook 'nix'"):
        made(rows("13"), venue="nix")
    with pytest.raises(OptionError, match="rulebook 'bybt'; did you mean 'bybit'"):
        made(rows("13"), venue="bybt")


@pytest.mark.parametrize("field", ["marginMode", "info.margin_mode", "info.marginMode", "info.margin_model"])
@pytest.mark.parametrize("mode", ["portfolio", "PORTFOLIO_MARGIN", "cross_pm"])
def test_portfolio_margin_is_refused_with_a_sentence(field: str, mode: str) -> None:
    row = rows("08")
    inner = row[0]["info"] if field.startswith("info.") else row[0]
    inner[field.removeprefix("info.")] = mode
    with pytest.raises(
        ScenarioErrors, match="portfolio margin is worked out by scenarios over the whole account"
    ):
        made(row)


def test_collateral_of_several_coins_is_refused_with_a_sentence() -> None:
    row = rows("04")
    row[0]["info"]["multiAssetsMargin"] = True
    with pytest.raises(ScenarioErrors, match="an account with collateral of several coins"):
        made(row)


def test_a_deduction_of_another_coin_is_in_the_table() -> None:
    """0.0065 x 610,000 - 950 = 3,015: (600,000 - 60,000 - 950) / (10 (1 - 0.0065)) = 539,050 / 9.935 =
    54,257.67."""
    row = rows("09")
    row[0]["symbol"] = "ZEC/USDT:USDT"
    text, scenario = made(row)
    assert "rate 0.0065 less the maintenance amount 950 of the row's tier" in text
    assert near(price_of(scenario), "54257.67", "0.000001")


# --- the venues' own answers --------------------------------------------------------------------------------

BYBIT = {
    "symbol": "BTCUSDT",
    "side": "Buy",
    "size": "0.5",
    "avgPrice": "60000",
    "markPrice": "61000",
    "positionIdx": 0,
    "positionIM": "3066",
    "positionMM": "169.275",
    "liqPrice": "20100.5025",
    "leverage": "10",
    "tradeMode": 0,
    "adlRankIndicator": 4,
    "positionValue": "30500",
    "positionBalance": "0",
    "unrealisedPnl": "500",
}
OKX = {
    "instId": "BTC-USDT-SWAP",
    "instType": "SWAP",
    "mgnMode": "cross",
    "posSide": "net",
    "pos": "50",
    "avgPx": "60000",
    "markPx": "61000",
    "liqPx": "20090.4068",
    "imr": "3050",
    "mmr": "122",
    "upl": "500",
    "notionalUsd": "30500",
    "adl": "3",
    "lever": "10",
    "margin": "",
}
GATE = {
    "contract": "BTC_USDT",
    "size": -5000,
    "entry_price": "60000",
    "mark_price": "59000",
    "margin": "6000",
    "value": "29500",
    "leverage": "5",
    "adl_ranking": 2,
    "maintenance_rate": "0.004",
    "maintenance_margin": "132.75",
    "cross_leverage_limit": "0",
    "liq_price": "71677.4515",
    "unrealised_pnl": "500",
}
HYPERLIQUID = {
    "coin": "BTC",
    "szi": "0.5",
    "entryPx": "60000",
    "leverage": {"type": "cross", "value": 10},
    "marginUsed": "3050",
    "liquidationPx": "20253.1645",
    "maxLeverage": 40,
    "positionValue": "30500",
    "unrealizedPnl": "500",
    "returnOnEquity": "0.1",
}
KUCOIN = {
    "symbol": "XBTUSDTM",
    "currentQty": 500,
    "avgEntryPrice": 60000,
    "markPrice": 61000,
    "markValue": 30500,
    "posInit": 6000,
    "posComm": 21.6,
    "posMargin": 6021.6,
    "crossMode": False,
    "delevPercentage": 0.5,
    "maintMarginReq": 0.004,
    "liquidationPrice": 48221.82,
    "bankruptPrice": 48000,
    "unrealisedPnl": 500,
}
BITGET = {
    "symbol": "BTCUSDT",
    "marginCoin": "USDT",
    "holdSide": "long",
    "total": "0.5",
    "openPriceAvg": "60000",
    "marginSize": "6000",
    "markPrice": "61000",
    "marginMode": "isolated",
    "keepMarginRate": "0.004",
    "liquidationPrice": "48192.7711",
    "unrealizedPL": "500",
    "leverage": "5",
}
DYDX = {
    "market": "BTC-USD",
    "status": "OPEN",
    "side": "LONG",
    "size": "0.5",
    "entryPrice": "60000",
    "unrealizedPnl": "500",
    "netFunding": "0",
    "sumOpen": "0.5",
    "sumClose": "0",
}
BITMEX = {
    "symbol": "XBTUSD",
    "currency": "XBt",
    "currentQty": 10000,
    "avgEntryPrice": 40000,
    "markPrice": 40000,
    "crossMargin": False,
    "homeNotional": 0.25,
    "foreignNotional": -10000,
    "posInit": 5000000,
    "posMargin": 5018750,
    "posComm": 18750,
    "maintMarginReq": 0.004,
    "deleveragePercentile": 0.8,
    "liquidationPrice": 33492,
    "bankruptPrice": 33333.5,
    "unrealisedPnl": 0,
    "openingQty": 10000,
}
DRIFT = {
    "perpPositions": [
        {
            "baseAssetAmount": "500000000",
            "quoteAssetAmount": "-30000000000",
            "quoteEntryAmount": "-30000000000",
            "marketIndex": 1,
            "lpShares": "0",
        }
    ]
}

ANSWERS: dict[str, tuple[Any, str, str, str | None, str | None]] = {
    # answer, venue, size x multiplier, balance of the cross account, liquidation price
    "bybit": (
        {"retCode": 0, "retMsg": "OK", "result": {"list": [BYBIT], "category": "linear"}},
        "bybit",
        "0.5",
        "20000",
        "20100.5",
    ),
    "okx": ({"code": "0", "msg": "", "data": [OKX]}, "okx", "0.5", "20000", "20090.4"),
    "gate": ([GATE], "gate", "0.5", None, "71677.5"),
    "hyperliquid": (
        {
            "marginSummary": {"accountValue": "20500"},
            "crossMarginSummary": {"accountValue": "20500", "totalNtlPos": "30500"},
            "assetPositions": [{"type": "oneWay", "position": HYPERLIQUID}],
            "withdrawable": "1",
        },
        "hyperliquid",
        "0.5",
        "20000",
        "20253.2",
    ),
    "kucoin": ({"code": "200000", "data": [KUCOIN]}, "kucoin", "0.5", None, "48221.8"),
    "bitget": ({"code": "00000", "data": [BITGET]}, "bitget", "0.5", None, "48192.8"),
    "dydx": (
        {
            "subaccount": {
                "equity": "20500",
                "freeCollateral": "9",
                "openPerpetualPositions": {"BTC-USD": DYDX},
            }
        },
        "dydx-v4",
        "0.5",
        "20000",
        None,
    ),
    "bitmex": ([BITMEX], "bitmex", "10000", None, "33492"),
    "drift": (DRIFT, "drift", "0.5", None, None),
    "binance account": (
        {
            "totalCrossWalletBalance": "20000",
            "positions": [
                {
                    "symbol": "BTCUSDT",
                    "positionAmt": "0.5",
                    "entryPrice": "60000",
                    "markPrice": "61000",
                    "unrealizedProfit": "500",
                    "notional": "30500",
                    "isolatedWallet": "0",
                    "isolatedMargin": "0",
                    "maintMargin": "122",
                }
            ],
        },
        "binance",
        "0.5",
        "20000",
        "20080.3",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ANSWERS)
def test_answers_of_the_venues(name: str) -> None:
    answer, venue, coins, balance, price = ANSWERS[name]
    text, scenario = made(answer)
    assert "# The rows are the venue's own answer." in text
    assert scenario.venue == venue
    position = only(scenario).positions[0]
    assert position.size * scenario.markets[0].contract.multiplier == D(coins)
    if balance is not None:
        assert near(only(scenario).balance, balance), text
    if price is not None:
        assert near(price_of(scenario), price), text


def test_import_of_an_exchange_by_name(adlcalc: Command, tmp_path: Path) -> None:
    file = tmp_path / "rows.json"
    file.write_text(json.dumps(ANSWERS["bybit"][0]), encoding="utf-8")
    out, err, code = adlcalc("import", "bybit", str(file))
    assert (err, code) == ("", 0)
    assert "\nvenue: bybit\n" in out


# --- tick, lot, markets -------------------------------------------------------------------------------------


def test_tick_and_lot_by_the_digits_or_by_the_markets() -> None:
    row = rows("08")
    row[0].update(entryPrice=60000.25, contracts=1000)
    row[0]["info"].update(entry_price="60000.25")
    text, scenario = made(row)
    assert (scenario.markets[0].tick, scenario.markets[0].lot) == (D("0.01"), 1)
    assert "# assumed: tick 0.01 and lot 1 by the digits of prices and sizes; --markets gives them" in text
    markets = {
        "BTC/USDT:USDT": {
            "symbol": "BTC/USDT:USDT",
            "precision": {"price": 0.1, "amount": 1},
            "contractSize": 0.0001,
        }
    }
    text, scenario = made(row, markets=Source("markets.json", json.dumps(markets)))
    assert (scenario.markets[0].tick, scenario.markets[0].lot) == (D("0.1"), 1)
    assert "by the digits" not in text


@pytest.mark.parametrize("account", ["", "venue", "vault", "a" * 300, " me"])
def test_ids_that_no_scenario_has(account: str) -> None:
    with pytest.raises(OptionError, match="--account"):
        made(rows("08"), account=account)


@pytest.mark.slow
@given(st.text(max_size=20), st.text(max_size=20))
def test_whatever_the_names_what_is_written_loads(symbol: str, account: str) -> None:
    row = rows("08")
    row[0]["symbol"] = symbol
    try:
        made(row, account=account)
    except (ScenarioErrors, OptionError):
        return


@pytest.mark.slow
@given(
    st.dictionaries(
        st.sampled_from(sorted(rows("08")[0])), st.none() | st.text(max_size=5) | st.integers() | st.just([])
    )
)
def test_whatever_is_wrong_with_a_row_is_told(changes: dict[str, Any]) -> None:
    """A scenario or an error that names the fault; never a traceback."""
    try:
        made([{**rows("08")[0], **changes}])
    except (ScenarioErrors, OptionError):
        return


# --- scenarios of the field ---------------------------------------------------------------------------------


def given_scenario(name: str) -> Scenario:
    (file,) = GIVEN.glob(f"{name}*.yaml")
    return adlcalc.load(file).scenario


def test_a_coin_below_a_millionth_has_a_tick_of_its_own(adlcalc: Command) -> None:
    """Worth 0.9 x 6.5432e-7 = 5.88888e-7 without the margin. Gate's taker fee is 0.075 %, and is inside the
    bankruptcy price: 5.88888e-7 / (1 - 0.00075) = 5.8933e-7; liquidation 5.88888e-7 / (1 - 0.01 - 0.00075) =
    5.95287e-7."""
    scenario = given_scenario("62")
    assert scenario.markets[0].tick == D("1E-12")
    assert near(price_of(scenario), "0.000000595287", "0.00001")
    (file,) = GIVEN.glob("62*.yaml")
    row = json.loads(adlcalc("run", str(file), "-f", "json").out)["liquidations"][0]
    assert near(D(row["bankruptcy_price"]), "0.00000058933", "0.00001")
    assert near(D(row["liquidation_price"]), "0.000000595287", "0.00001")


def test_both_legs_of_a_hedge_move() -> None:
    """5,000 + (P - 60,000) + 0.4 (62,000 - P) = 0.004 (1 + 0.4) P -> P = 30,200 / 0.5944 = 50,807.54."""
    scenario = given_scenario("60")
    assert near(price_of(scenario, 0), "50807.54", "0.0000001")
    assert liquidation_price(scenario, only(scenario), only(scenario).positions[1]) is None


def test_what_is_my_liquidation_price() -> None:
    """3,000 - 150 = 2,850 = P (1 - 0.02) -> 2,908.163."""
    assert near(price_of(given_scenario("63")), "2908.163", "0.000001")


def test_safe_marks_of_every_kind() -> None:
    """Linear, long 1 and short 3 from 100, wallet 30, maintenance 10 %: at P, 30 + (P - 100) + 3 (100 - P) -
    0.4 P = 230 - 2.4 P: safe up to 95.83. With the long alone, 30 + P - 100 - 0.1 P: from 77.78 on. A wallet
    of -1 is safe nowhere for the short."""
    line = ((D("0.1"), D(0)),)
    linear = Contract()
    with exact():
        both = safe_marks(linear, [Leg(D(1), line), Leg(D(-3), line)], D(30) - 100 + 300)
        assert both is not None
        assert both[0] is None
        assert near(both[1] or D(0), "95.8333333", "0.00000001")
        assert near(
            (safe_marks(linear, [Leg(D(1), line)], D(30) - 100) or (D(0), None))[0] or D(0),
            "77.7777778",
            "0.00000001",
        )
        assert safe_marks(linear, [Leg(D(-1), line)], D(-1)) is None
        # tiers: 1 % to 100, 11 % above, deduction 10: a long of 1 from 200, margin 40: P - 160 = 0.11 P - 10
        # -> 150 / 0.89
        tiers = ((D("0.01"), D(0)), (D("0.11"), D(10)))
        assert near(
            (safe_marks(linear, [Leg(D(1), tiers)], D(-160)) or (D(0), None))[0] or D(0),
            "168.5393258",
            "0.00000001",
        )
        # a rate of 100 % and more: a long with 50 of spare money is safe only below 50 / 0.2
        assert near(
            (safe_marks(linear, [Leg(D(1), ((D("1.2"), D(0)),))], D(50)) or (None, D(0)))[1] or D(0), "250"
        )
        # inverse, long 100 from 10 with 2 coins: 2 + 10 - 100 / P = 0.1 x 100 / P -> P = 110 / 12
        inverse = Contract(Kind.INVERSE)
        assert near(
            (safe_marks(inverse, [Leg(D(100), line)], D(12)) or (D(0), None))[0] or D(0),
            "9.1666667",
            "0.00000001",
        )


def test_a_liquidation_price_on_the_winning_side_solves_nothing() -> None:
    """A long at 61,000 is not liquidated at 70,000: the balance is guessed, and the difference told."""
    row = rows("04")
    row[0].update(liquidationPrice=70_000, collateral=None)
    row[0]["info"].update(liquidationPrice="70000")
    text, scenario = made(row)
    assert only(scenario).balance > 0
    assert "assumed: the balance of the account is not given" in text
    assert "the row says 70000" in text.replace("\n#   ", " ")
