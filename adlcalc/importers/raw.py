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

from adlcalc.ground.numbers import D, divide, round_to, show
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
        symbol="symbol",
        size="positionAmt",
        entry="entryPrice",
        mark="markPrice",
        notional="notional notionalValue",
        pnl="unRealizedProfit unrealizedProfit",
        liquidation="liquidationPrice",
        collateral="isolatedMargin",
        initial="initialMargin",
        maintenance="maintMargin",
        leverage="leverage",
        mode="marginType",
        isolated=("isolatedWallet", ">0"),
    ),
    "aster": Raw(
        symbol="symbol",
        size="positionAmt",
        entry="entryPrice",
        mark="markPrice",
        pnl="unRealizedProfit",
        liquidation="liquidationPrice",
        collateral="isolatedMargin",
        leverage="leverage",
        mode="marginType",
        isolated=("isolatedMargin", ">0"),
    ),
    "bingx": Raw(
        symbol="symbol",
        size="positionAmt",
        entry="avgPrice",
        mark="markPrice",
        side="positionSide",
        notional="positionValue",
        pnl="unrealizedProfit",
        liquidation="liquidationPrice",
        collateral="margin",
        initial="initialMargin",
        leverage="leverage",
        isolated=("isolated", "true"),
    ),
    "bybit": Raw(
        symbol="symbol",
        size="size",
        entry="avgPrice entryPrice",
        mark="markPrice",
        side="side",
        notional="positionValue",
        pnl="unrealisedPnl",
        liquidation="liqPrice",
        initial="positionIM",
        maintenance="positionMM",
        leverage="leverage",
        isolated=("tradeMode", "1"),
    ),
    "okx": Raw(
        symbol="instId",
        size="pos",
        entry="avgPx",
        mark="markPx",
        side="posSide",
        notional="notionalUsd",
        pnl="upl",
        liquidation="liqPx",
        initial="imr",
        maintenance="mmr",
        leverage="lever",
        mode="mgnMode",
        coins=False,
    ),
    "bitget": Raw(
        symbol="symbol",
        size="total",
        entry="openPriceAvg avgPrice",
        mark="markPrice",
        side="holdSide posSide",
        pnl="unrealizedPL unrealisedPnl",
        liquidation="liquidationPrice",
        initial="marginSize",
        leverage="leverage",
        mode="marginMode",
    ),
    "gate": Raw(
        symbol="contract",
        size="size",
        entry="entry_price",
        mark="mark_price",
        notional="value",
        pnl="unrealised_pnl",
        liquidation="liq_price",
        initial="initial_margin",
        maintenance="maintenance_margin",
        leverage="leverage",
        isolated=("leverage", ">0"),
        coins=False,
    ),
    "kucoin": Raw(
        symbol="symbol",
        size="currentQty size",
        entry="avgEntryPrice entryPrice",
        mark="markPrice",
        notional="markValue positionValue",
        pnl="unrealisedPnl unrealizedPnL",
        liquidation="liquidationPrice",
        initial="posInit initialMargin",
        leverage="realLeverage leverage",
        mode="marginMode",
        isolated=("crossMode", "false"),
        coins=False,
    ),
    "hyperliquid": Raw(
        symbol="position.coin",
        size="position.szi",
        entry="position.entryPx",
        notional="position.positionValue",
        pnl="position.unrealizedPnl",
        liquidation="position.liquidationPx",
        collateral="position.marginUsed",
        leverage="position.leverage.value",
        mode="position.leverage.type",
    ),
    "dydx": Raw(
        symbol="market",
        size="size",
        entry="entryPrice",
        side="side",
        pnl="unrealizedPnl",
    ),
    "deribit": Raw(
        symbol="instrument_name",
        size="size",
        entry="average_price",
        mark="mark_price",
        side="direction",
        notional="size_currency",
        pnl="floating_profit_loss",
        liquidation="estimated_liquidation_price",
        initial="initial_margin",
        maintenance="maintenance_margin",
        leverage="leverage",
    ),
    "kraken": Raw(
        symbol="symbol",
        size="size",
        entry="price",
        side="side",
        pnl="unrealizedPnl",
    ),
    "paradex": Raw(
        symbol="market",
        size="size",
        entry="average_entry_price",
        side="side",
        pnl="unrealized_pnl",
        liquidation="liquidation_price",
        leverage="leverage",
    ),
    "lighter": Raw(
        symbol="symbol",
        size="position",
        entry="avg_entry_price",
        side="sign",
        notional="position_value",
        pnl="unrealized_pnl",
        liquidation="liquidation_price",
        collateral="allocated_margin",
        isolated=("margin_mode", "1"),
    ),
    "phemex": Raw(
        symbol="symbol",
        size="size",
        entry="avgEntryPriceRp avgEntryPrice",
        mark="markPriceRp markPrice",
        side="side",
        notional="valueRv value",
        pnl="unRealisedPnlRv",
        liquidation="liquidationPriceRp liquidationPrice",
        collateral="positionMarginRv positionMargin",
        initial="assignedPosBalanceRv",
        leverage="leverageRr",
        isolated=("crossMargin", "false"),
    ),
    "mexc": Raw(
        symbol="symbol",
        size="holdVol",
        entry="holdAvgPrice",
        side="positionType",
        liquidation="liquidatePrice",
        initial="im",
        leverage="leverage",
        isolated=("openType", "1"),
        coins=False,
    ),
    "bitmex": Raw(
        symbol="symbol",
        size="currentQty",
        entry="avgEntryPrice",
        mark="markPrice",
        liquidation="liquidationPrice",
        leverage="leverage",
        isolated=("crossMargin", "false"),
        coins=False,
    ),
    "drift": Raw(
        symbol="marketIndex",
        size="baseAssetAmount",
        entry="quoteEntryAmount",
    ),
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
