"""A venue's own row -> the words of ccxt, by a table: which field is what, and how a symbol is written.

Numbers stay the texts they are. What a venue leaves out of its rows (the size of a contract at OKX, Gate and
KuCoin) is worked out later, from the notional that it does tell.

Public: RAW, Raw, unified, account_money.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import NamedTuple

from adlcalc.engine.numbers import D, divide, round_to, show
from adlcalc.importers.fields import Fields, number_in
from adlcalc.source.nodes import Map, Scalar
from adlcalc.source.problems import Problems

PRICE = D("1E-12")
QUOTES = ("USDT", "USDC", "FDUSD", "BUSD", "USD", "EUR")


class Raw(NamedTuple):
    """Fields of a venue's row, the first that is there of several, separated by blanks. side: a field with a
    word; where it has none, the sign of the size. isolated: (field, the values that say isolated); a number
    above zero says so where `values` is '>0'.
    scale: a field to the power of ten that its units are of. contract: contracts are worth one coin (linear)
    unless said."""

    symbol: str
    size: str
    entry: str
    mark: str = ""
    side: str = ""
    notional: str = ""
    pnl: str = ""
    liquidation: str = ""
    collateral: str = ""
    initial: str = ""
    maintenance: str = ""
    leverage: str = ""
    mode: str = ""
    isolated: tuple[str, ...] = ()
    coins: bool = True


RAW: Mapping[str, Raw] = {
    "binance": Raw(
        "symbol",
        "positionAmt",
        "entryPrice",
        "markPrice",
        "",
        "notional notionalValue",
        "unRealizedProfit unrealizedProfit",
        "liquidationPrice",
        "isolatedMargin",
        "initialMargin",
        "maintMargin",
        "leverage",
        "marginType",
        ("isolatedWallet", ">0"),
    ),
    "aster": Raw(
        "symbol",
        "positionAmt",
        "entryPrice",
        "markPrice",
        "",
        "",
        "unRealizedProfit",
        "liquidationPrice",
        "isolatedMargin",
        "",
        "",
        "leverage",
        "marginType",
        ("isolatedMargin", ">0"),
    ),
    "bingx": Raw(
        "symbol",
        "positionAmt",
        "avgPrice",
        "markPrice",
        "positionSide",
        "positionValue",
        "unrealizedProfit",
        "liquidationPrice",
        "margin",
        "initialMargin",
        "",
        "leverage",
        "",
        ("isolated", "true"),
    ),
    "bybit": Raw(
        "symbol",
        "size",
        "avgPrice entryPrice",
        "markPrice",
        "side",
        "positionValue",
        "unrealisedPnl",
        "liqPrice",
        "",
        "positionIM",
        "positionMM",
        "leverage",
        "",
        ("tradeMode", "1"),
    ),
    "okx": Raw(
        "instId",
        "pos",
        "avgPx",
        "markPx",
        "posSide",
        "notionalUsd",
        "upl",
        "liqPx",
        "",
        "imr",
        "mmr",
        "lever",
        "mgnMode",
        (),
        coins=False,
    ),
    "bitget": Raw(
        "symbol",
        "total",
        "openPriceAvg avgPrice",
        "markPrice",
        "holdSide posSide",
        "",
        "unrealizedPL unrealisedPnl",
        "liquidationPrice",
        "",
        "marginSize",
        "",
        "leverage",
        "marginMode",
        (),
    ),
    "gate": Raw(
        "contract",
        "size",
        "entry_price",
        "mark_price",
        "",
        "value",
        "unrealised_pnl",
        "liq_price",
        "",
        "initial_margin",
        "maintenance_margin",
        "leverage",
        "",
        ("leverage", ">0"),
        coins=False,
    ),
    "kucoin": Raw(
        "symbol",
        "currentQty size",
        "avgEntryPrice entryPrice",
        "markPrice",
        "",
        "markValue positionValue",
        "unrealisedPnl unrealizedPnL",
        "liquidationPrice",
        "",
        "posInit initialMargin",
        "",
        "realLeverage leverage",
        "marginMode",
        ("crossMode", "false"),
        coins=False,
    ),
    "hyperliquid": Raw(
        "position.coin",
        "position.szi",
        "position.entryPx",
        "",
        "",
        "position.positionValue",
        "position.unrealizedPnl",
        "position.liquidationPx",
        "position.marginUsed",
        "",
        "",
        "position.leverage.value",
        "position.leverage.type",
        (),
    ),
    "dydx": Raw("market", "size", "entryPrice", "", "side", "", "unrealizedPnl"),
    "deribit": Raw(
        "instrument_name",
        "size",
        "average_price",
        "mark_price",
        "direction",
        "size_currency",
        "floating_profit_loss",
        "estimated_liquidation_price",
        "",
        "initial_margin",
        "maintenance_margin",
        "leverage",
    ),
    "kraken": Raw("symbol", "size", "price", "", "side", "", "unrealizedPnl"),
    "paradex": Raw(
        "market",
        "size",
        "average_entry_price",
        "",
        "side",
        "",
        "unrealized_pnl",
        "liquidation_price",
        "",
        "",
        "",
        "leverage",
    ),
    "lighter": Raw(
        "symbol",
        "position",
        "avg_entry_price",
        "",
        "sign",
        "position_value",
        "unrealized_pnl",
        "liquidation_price",
        "allocated_margin",
        "",
        "",
        "",
        "",
        ("margin_mode", "1"),
    ),
    "phemex": Raw(
        "symbol",
        "size",
        "avgEntryPriceRp avgEntryPrice",
        "markPriceRp markPrice",
        "side",
        "valueRv value",
        "unRealisedPnlRv",
        "liquidationPriceRp liquidationPrice",
        "positionMarginRv positionMargin",
        "assignedPosBalanceRv",
        "",
        "leverageRr",
        "",
        ("crossMargin", "false"),
    ),
    "mexc": Raw(
        "symbol",
        "holdVol",
        "holdAvgPrice",
        "",
        "positionType",
        "",
        "",
        "liquidatePrice",
        "",
        "im",
        "",
        "leverage",
        "",
        ("openType", "1"),
        coins=False,
    ),
    "bitmex": Raw(
        "symbol",
        "currentQty",
        "avgEntryPrice",
        "markPrice",
        "",
        "",
        "",
        "liquidationPrice",
        "",
        "",
        "",
        "leverage",
        "",
        ("crossMargin", "false"),
        coins=False,
    ),
    "drift": Raw("marketIndex", "baseAssetAmount", "quoteEntryAmount"),
}
SIDES = {
    **dict.fromkeys(("long", "buy", "1", "bid", "both_long"), "long"),
    **dict.fromkeys(("short", "sell", "2", "-1", "ask", "0"), "short"),
}
MODES = {**dict.fromkeys(("cross", "crossed"), "cross"), "isolated": "isolated"}
DRIFT = {"0": "SOL", "1": "BTC", "2": "ETH"}
"""The first perp markets of Drift by index."""


def unified(venue: str, node: Map) -> Map | None:
    """The row in ccxt's words, with itself as `info`."""
    table, row = RAW[venue], Fields(node, Problems())
    texts: dict[str, str | None] = {
        "symbol": _symbol(venue, row, table),
        "side": _side(row, table),
        "entryPrice": _first(row, table.entry),
        "markPrice": _first(row, table.mark),
        "unrealizedPnl": _first(row, table.pnl),
        "liquidationPrice": _first(row, table.liquidation),
        "collateral": _first(row, table.collateral),
        "initialMargin": _first(row, table.initial),
        "maintenanceMargin": _first(row, table.maintenance),
        "leverage": _first(row, table.leverage),
        "notional": _first(row, table.notional),
        "marginMode": _mode(row, table),
        "contracts": _unsigned(_first(row, table.size)),
    }
    texts.update(SPECIAL[venue](row, texts) if venue in SPECIAL else {})
    if texts["symbol"] is None:
        return None
    if table.coins and "contractSize" not in texts and ":" in (texts["symbol"] or ""):
        texts["contractSize"] = "1"
    made = Map(node.source, node.line, node.column, node.length)
    for key, text in texts.items():
        if text is not None:
            value = Scalar(node.source, text, True, node.line, node.column, node.length)
            made.put(Scalar(node.source, key, True, node.line, node.column, node.length), value)
    made.put(Scalar(node.source, "info", True, node.line, node.column, node.length), node)
    return made


def _first(row: Fields, paths: str) -> str | None:
    return next((text for path in paths.split() if (text := row.text(path)) is not None), None)


def _unsigned(text: str | None) -> str | None:
    return text.lstrip("-") if text is not None else None


def _side(row: Fields, table: Raw) -> str | None:
    """By its word, else by the sign of the size."""
    word = (_first(row, table.side) or "").lower() if table.side else ""
    if word in SIDES and not (word == "0" and table.side != "sign"):
        return SIDES[word]
    number = number_in(_first(row, table.size) or "")
    return None if not number else "long" if number > 0 else "short"


def _mode(row: Fields, table: Raw) -> str | None:
    """cross, isolated, or not said."""
    mode = MODES.get((_first(row, table.mode) or "").lower()) if table.mode else None
    if mode is not None or not table.isolated:
        return mode
    field, value = table.isolated
    text = row.text(field)
    if text is None or field == "tradeMode":
        return "isolated" if text == value else None
    if value == ">0":
        return "isolated" if (number_in(text) or D(0)) > 0 else "cross"
    return "isolated" if text.lower() == value else "cross"


# --- symbols ------------------------------------------------------------------------------------------------


def _symbol(venue: str, row: Fields, table: Raw) -> str | None:
    """BTC/USDT:USDT of BTCUSDT, BTC-USDT-SWAP, BTC_USDT, XBTUSDTM, BTC-PERPETUAL ...; BTC/USD:BTC where it is
    settled in the coin."""
    text = _first(row, table.symbol)
    if text is None:
        return None
    if venue == "hyperliquid":
        return f"{text}/USDC:USDC"
    if venue == "lighter":
        return f"{text}/USDC:USDC"
    if venue == "drift":
        return f"{DRIFT.get(text, f'PERP{text}')}/USDC:USDC"
    if venue == "dydx":
        return f"{text.replace('-', '/')}:USDC"
    if venue == "paradex":
        return f"{text.split('-')[0]}/USD:USDC"
    return _of_id(venue, text)


PERPETUAL = re.compile(r"[-_]?(?:PERPETUAL|PERP|SWAP)$")


def _of_id(venue: str, text: str) -> str:
    """By its parts, or by the currency it ends in."""
    upper = text.upper()
    inverse = upper.startswith("PI_") or (venue == "kucoin" and upper.endswith("USDM"))
    upper = re.sub(r"^P[FI]_", "", upper)
    if venue == "kucoin":
        upper = upper.removesuffix("M")
    bare = PERPETUAL.sub("", upper)
    parts = [part for part in re.split(r"[-_/]", bare) if part]
    base, quoted = _split(parts)
    if base == "XBT":
        base = "BTC"
    settle = quoted
    if venue == "deribit":
        quoted, settle = (quoted, quoted) if quoted in ("USDC", "USDT") else ("USD", base)
    elif (
        quoted == "USD"
        and venue
        in (
            "binance",
            "bybit",
            "okx",
            "gate",
            "bitmex",
            "phemex",
            "kucoin",
            "htx",
            "bingx",
            "bitget",
        )
    ) or inverse:
        settle = base
    return f"{base}/{quoted}:{settle}"


def _split(parts: list[str]) -> tuple[str, str]:
    if len(parts) > 1 and parts[1] in QUOTES:
        return parts[0], parts[1]
    quoted = next((each for each in QUOTES if parts[0].endswith(each) and parts[0] != each), "USD")
    return parts[0].removesuffix(quoted), quoted


# --- what is special ----------------------------------------------------------------------------------------

Texts = dict[str, str | None]


def _binance(row: Fields, texts: Texts) -> Texts:
    """COIN-M contracts are worth 100 USD of BTC, 10 USD of any other coin."""
    symbol = texts["symbol"] or ""
    coin = ":" in symbol and symbol.partition(":")[2] == symbol.partition("/")[0]
    return {"contractSize": "100" if symbol.startswith("BTC/") else "10"} if coin else {}


def _hyperliquid(row: Fields, texts: Texts) -> Texts:
    """The mark is value / size."""
    value, size = number_in(texts["notional"] or ""), number_in(texts["contracts"] or "")
    return {"markPrice": show(round_to(divide(value, size), PRICE)) if value and size else None}


def _deribit(row: Fields, texts: Texts) -> Texts:
    """size is in USD or coins: a contract is worth one of them."""
    return {"contractSize": "1", "notional": _unsigned(texts["notional"])}


def _lighter(row: Fields, texts: Texts) -> Texts:
    value, size = number_in(texts["notional"] or ""), number_in(texts["contracts"] or "")
    return {
        "markPrice": show(round_to(divide(value, size), PRICE)) if value and size else None,
        "collateral": None,
    }


MICRO = {"XBt": "1E-8", "USDt": "1E-6", "USDc": "1E-6"}


def _bitmex(row: Fields, texts: Texts) -> Texts:
    """Money in small units; the value of a contract by homeNotional (coins) and foreignNotional (USD)."""
    unit, size = D(MICRO.get(row.text("currency") or "", "1")), number_in(row.text("currentQty") or "")
    home, foreign = number_in(row.text("homeNotional") or ""), number_in(row.text("foreignNotional") or "")
    inverse = row.text("currency") == "XBt"
    worth = foreign if inverse else home
    init = number_in(row.text("posInit") or "") or number_in(row.text("posMargin") or "")
    pnl = number_in(row.text("unrealisedPnl") or "")
    symbol = texts["symbol"] or ""
    base, _, rest = symbol.partition("/")
    settle = "BTC" if inverse else (row.text("currency") or "USDT").upper()
    return {
        "symbol": f"{base}/{rest.partition(':')[0]}:{settle}",
        "contractSize": show(round_to(abs(divide(worth, size)), PRICE)) if worth and size else None,
        "notional": show(abs(home if inverse else foreign)) if home and foreign else None,
        "initialMargin": show(init * unit) if init else None,
        "collateral": None,
        "unrealizedPnl": show(pnl * unit) if pnl is not None else None,
    }


def _drift(row: Fields, texts: Texts) -> Texts:
    """Base in units of 1e-9, quote of 1e-6."""
    size, cost = number_in(row.text("baseAssetAmount") or ""), number_in(row.text("quoteEntryAmount") or "")
    if not size or not cost:
        return {"contracts": None, "entryPrice": None}
    coins = size.scaleb(-9)
    return {
        "contracts": show(abs(coins)),
        "entryPrice": show(abs(divide(cost.scaleb(-6), coins)).quantize(D("1E-8"))),
    }


SPECIAL: Mapping[str, Callable[[Fields, Texts], Texts]] = {
    "binance": _binance,
    "hyperliquid": _hyperliquid,
    "deribit": _deribit,
    "lighter": _lighter,
    "bitmex": _bitmex,
    "drift": _drift,
}


def account_money(node: Fields) -> tuple[Decimal | None, Decimal | None]:
    """(wallet, equity) of the cross account that an answer tells beside its positions: Binance's account,
    Hyperliquid's clearinghouseState, dYdX's subaccount."""
    wallet = node.text("totalCrossWalletBalance")
    equity = node.text("crossMarginSummary.accountValue") or (
        node.text("equity") if node.holds("freeCollateral") else None
    )
    return (number_in(wallet) if wallet else None), (number_in(equity) if equity else None)
