"""The exchanges of ccxt: by which fields of `info` a row is theirs, where those keep what, and what ccxt's
words mean there.

An exchange is one row. Its source is ccxt's parser of that exchange (4.5.90) and the API page that the parser
names, unless the row says another.

Public: Exchange, EXCHANGES, exchange_of, named, rulebook_of, DEFAULT.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from adlcalc.ground.numbers import D
from adlcalc.importers.fields import Fields
from adlcalc.importers.grid import words


class Exchange(NamedTuple):
    """Fields of `info`, separated by blanks; a path steps through maps and lists by points.

    keys: of its rows, those first that few others have; needs, lacks: what all its rows have, and what none
    has
    size, entry, mark: where the venue's own text of these stands
    margin: of an isolated position, without pnl; commission: what of that margin is kept for the fee of
    closing
    wallet: the money of the cross account without pnl; equity: with it
    mode: margin mode where the row does not say
    collateral: what ccxt's `collateral` of an isolated row is, 'equity' (with pnl), 'margin' (without) or ''
    cross: what ccxt's `collateral` of a cross row is: 'wallet', 'equity' or '' (a figure of the position, no
    money of the account)
    rate: fields with the maintenance rate of the tier; half_of: the field with the leverage whose 1 / 2 x is
    that rate
    percent: what ccxt's maintenanceMarginPercentage is: 'rate', 'percent', 'with-fee', 'at-liquidation'
    fee: the rate of the closing fee inside of maintenance margin and percentage as the venue tells them
    maintenance: the field with the maintenance margin at the mark; '-' where none is to be relied on
    table: the coin whose tiers the shipped rulebook has
    rulebook: where its name is not that of the exchange
    entry_value: the field with the value at entry, where there is no entry price
    own_size: ccxt passes no size on and works one out from other fields: the venue's own is taken"""

    keys: str = ""
    needs: str = ""
    lacks: str = ""
    size: str = ""
    entry: str = ""
    mark: str = ""
    margin: str = ""
    commission: str = ""
    wallet: str = ""
    equity: str = ""
    mode: str = ""
    collateral: str = "equity"
    cross: str = ""
    rate: str = ""
    half_of: str = ""
    percent: str = "rate"
    fee: Decimal | None = None
    maintenance: str = ""
    table: str = ""
    rulebook: str = ""
    entry_value: str = ""
    own_size: bool = False


EXCHANGES: Mapping[str, Exchange] = {
    # --- venues with a rulebook ---
    "binance": Exchange(
        # /fapi/v2 and v3 positionRisk and account, /dapi, /papi. A portfolio margin row (papi) has no margin
        # mode: it is cross. positionRisk: ccxt works `collateral` back from the liquidation price without the
        # maintenance amount, so it is the wallet only below the second bracket; account: crossMargin is
        # crossWalletBalance + pnl, exact.
        keys="positionAmt adlQuantile adl isolatedWallet breakEvenPrice notional notionalValue "
        "positionInitialMargin bidNotional "
        "maintMargin unrealizedProfit unRealizedProfit maxQty marginType entryPrice markPrice "
        "liquidationPrice isolatedMargin",
        needs="positionAmt",
        lacks="availableAmt avgPrice currentPrice",
        size="positionAmt",
        entry="entryPrice",
        mark="markPrice",
        margin="isolatedWallet",
        wallet="crossWalletBalance",
        mode="cross",
        cross="wallet",
        maintenance="maintMargin",
        table="BTC",
    ),
    "aster": Exchange(
        # /fapi/v2/positionRisk of Binance's shape, but without notional and isolatedWallet
        keys="positionAmt marginType isAutoAddMargin isolatedMargin maxNotionalValue positionSide "
        "unRealizedProfit updateTime",
        needs="positionAmt maxNotionalValue isolatedMargin",
        lacks="notional notionalValue isolatedWallet breakEvenPrice",
        size="positionAmt",
        entry="entryPrice",
        mark="markPrice",
        mode="cross",
        cross="wallet",
    ),
    "bingx": Exchange(
        # /openApi/swap/v2/user/positions; `margin` is initial margin + pnl
        keys="positionAmt availableAmt avgPrice positionId riskRate maxMarginReduction onlyOnePosition "
        "realisedProfit pnlRatio "
        "currentPrice",
        needs="positionAmt",
        size="positionAmt",
        entry="avgPrice",
        mark="markPrice",
        mode="cross",
    ),
    "bybit": Exchange(
        # /v5/position/list. tradeMode is always 0 in a unified account, which is cross unless its margin mode
        # was changed; positionBalance is 0 or empty there. positionMM holds the fee of closing, 0.055 % of
        # the value.
        keys="adlRankIndicator positionIdx positionIM positionMM positionBalance bustPrice liqPrice "
        "tradeMode riskId cumRealisedPnl "
        "positionValue avgPrice tpslMode unrealisedPnl",
        size="size",
        entry="avgPrice",
        mark="markPrice",
        margin="positionBalance",
        mode="cross",
        fee=D("0.00055"),
        percent="with-fee",
        maintenance="positionMM",
        table="BTC",
    ),
    "okx": Exchange(
        # /api/v5/account/positions. `collateral` of a cross row is imr + upl of the position.
        keys="avgPx mgnRatio imr mmr upl uplRatio liqPx notionalUsd markPx mgnMode adl instId posCcy optVal "
        "deltaBS",
        needs="avgPx",
        lacks="useMargin mrgPosition",
        size="pos",
        entry="avgPx",
        mark="markPx",
        margin="margin",
        mode="cross",
        maintenance="mmr",
        table="ETH",
    ),
    "bitget": Exchange(
        # /api/v2/mix/position/all-position, /api/v3/position/current-position
        keys="openPriceAvg holdSide marginSize keepMarginRate openDelegateSize achievedProfits holdMode "
        "marginCoin adlRank rank "
        "breakEvenPrice posSide",
        lacks="openAvgPx avgEntryPriceRp mgnMode positions avgPx",
        size="total",
        entry="openPriceAvg",
        mark="markPrice",
        margin="marginSize positionBalance",
        mode="cross",
        rate="keepMarginRate mmr",
        maintenance="-",
        table="BTC",
    ),
    "gate": Exchange(
        # /api/v4/futures/{settle}/positions. maintenance_margin is value x (maintenance_rate + taker fee):
        # ccxt's percentage holds the fee. leverage 0 is cross.
        keys="adl_ranking cross_leverage_limit maintenance_rate leverage_max last_close_pnl history_pnl "
        "trade_max_size risk_limit "
        "contract liq_price entry_price realised_point",
        lacks="product_symbol",
        size="size",
        entry="entry_price",
        mark="mark_price",
        margin="margin",
        mode="isolated",
        rate="maintenance_rate",
        percent="with-fee",
        fee=D("0.0005"),
        maintenance="maintenance_margin",
    ),
    "kucoin": Exchange(
        # /api/v1/positions: posMargin = posInit + posCross + posComm, and posComm waits for the fee of
        # closing; posMaint holds more than rate and fee. /api/ua/v1: initialMargin, mmr.
        keys="delevPercentage currentQty posInit posComm posMargin maintMarginReq crossMode bankruptPrice "
        "avgEntryPrice posMaint "
        "realLeverage currentCost isInverse mmr creationTime unrealizedPnL realizedPnL initialMargin",
        lacks="deleveragePercentile openingQty",
        size="currentQty",
        entry="avgEntryPrice",
        mark="markPrice",
        margin="posMargin",
        commission="posComm",
        mode="cross",
        collateral="equity",
        rate="maintMarginReq mmr",
        maintenance="-",
    ),
    "bitmex": Exchange(
        # /api/v1/position, money in units of 1e-8 (XBt) or 1e-6 (USDt); posMargin = posInit + posComm
        keys="deleveragePercentile bankruptPrice homeNotional foreignNotional maintMarginReq openingQty "
        "riskValue underlying",
        needs="",
        size="currentQty",
        entry="avgEntryPrice",
        mark="markPrice",
        mode="cross",
        rate="maintMarginReq",
        maintenance="-",
        table="BTC",
    ),
    "phemex": Exchange(
        # /g-accounts/accountPositions (fields end in Rp, Rv, Rr) and /accounts/accountPositions (fields end
        # in Ep, Ev, Er); positionMargin has no pnl, assignedPosBalance holds the commission too
        keys="deleveragePercentileRr deleveragePercentileEr avgEntryPriceRp avgEntryPriceEp "
        "assignedPosBalanceRv positionMarginRv "
        "positionMarginEv assignedPosBalanceEv bankruptPriceRp bankruptCommEv maintMarginReqRr "
        "maintMarginReqEr crossMargin posMode",
        size="size",
        entry="avgEntryPriceRp",
        mark="markPriceRp",
        margin="positionMarginRv positionMargin",
        mode="cross",
        collateral="margin",
        rate="maintMarginReqRr maintMarginReq",
        maintenance="-",
    ),
    "htx": Exchange(
        # /linear-swap-api/v1/swap_cross_position_info and v5; margin_balance is the equity of the margin
        # account. Maintenance is adjust_factor / leverage of the value.
        keys="contract_code cost_open lever_rate adjust_factor adl_risk_percent margin_balance "
        "position_margin profit_unreal "
        "risk_rate open_avg_price margin_asset margin_static",
        size="volume",
        entry="cost_open",
        margin="position_margin",
        wallet="margin_static",
        equity="margin_balance",
        mode="isolated",
        cross="equity",
    ),
    "delta": Exchange(
        # /v2/positions/margined; an isolated position has its margin, a cross one none
        keys="adl_level product_symbol bankruptcy_price realized_funding product_id",
        size="size",
        entry="entry_price",
        mark="mark_price",
        margin="margin",
        mode="cross",
    ),
    "hyperliquid": Exchange(
        # POST /info clearinghouseState. marginUsed of an isolated position holds the pnl. Maintenance is half
        # of the initial margin at the highest leverage; ccxt's percentage is margin at the liquidation price
        # / notional at the mark.
        keys="position.szi position.entryPx position.marginUsed position.maxLeverage "
        "position.returnOnEquity position.liquidationPx",
        needs="position.szi",
        size="position.szi",
        entry="position.entryPx",
        mode="cross",
        half_of="position.maxLeverage",
        percent="at-liquidation",
        maintenance="-",
    ),
    "mexc": Exchange(
        # /api/v1/private/position/open_positions; im is the margin of the position. Tiers count contracts.
        keys="holdVol holdAvgPrice holdFee openType positionType autoAddIm liquidatePrice oim closeVol",
        size="holdVol",
        entry="holdAvgPrice",
        margin="im",
        mode="cross",
    ),
    "deribit": Exchange(
        # /api/v2/private/get_positions: size is in USD (inverse) or coins (linear), not in contracts,
        # size_currency in coins; ccxt multiplies maintenance / notional by 100 and divides money by coins
        # where the contract is linear. Margin is of the account.
        keys="instrument_name size_currency floating_profit_loss estimated_liquidation_price "
        "settlement_price total_profit_loss "
        "average_price maintenance_margin direction kind",
        lacks="open_position_pnl instrument_type amount",
        size="size",
        entry="average_price",
        mark="mark_price",
        mode="cross",
        percent="percent",
        maintenance="maintenance_margin",
    ),
    "bitfinex": Exchange(
        # /v2/auth/r/positions: lists; AMOUNT is signed, in coins. Derivatives are isolated; COLLATERAL has no
        # pnl.
        keys="0 2 3 8 17",
        needs="17",
        own_size=True,
        size="2",
        entry="3",
        margin="17",
        mode="isolated",
        collateral="margin",
        maintenance="18",
    ),
    "kraken": Exchange(
        # Kraken Futures /derivatives/api/v3/openpositions: a cross account unless the row has a fixed
        # leverage
        keys="fillTime unrealizedFunding pnlCurrency maxFixedLeverage price side symbol",
        needs="fillTime",
        size="size",
        entry="price",
        mode="cross",
    ),
    "dydx": Exchange(
        # indexer /v4/perpetualPositions; cross markets share the subaccount
        keys="sumOpen sumClose netFunding createdAtHeight subaccountNumber maxSize exitPrice closedAt",
        needs="netFunding",
        size="size",
        entry="entryPrice",
        mode="cross",
        rulebook="dydx-v4",
    ),
    "lighter": Exchange(
        # /api/v1/account; allocated_margin is that of an isolated position
        keys="market_id avg_entry_price initial_margin_fraction allocated_margin position_tied_order_count "
        "position_value sign",
        needs="avg_entry_price",
        size="position",
        entry="avg_entry_price",
        margin="allocated_margin",
        mode="cross",
    ),
    "paradex": Exchange(
        # /v1/positions: margin is of the account
        keys="average_entry_price_usd average_entry_price cached_funding_index cost_usd last_fill_id "
        "unrealized_funding_pnl seq_no",
        size="size",
        entry="average_entry_price",
        mode="cross",
    ),
    "drift": Exchange(
        # user account: perpPositions in units of 1e-9 base and 1e-6 quote
        keys="baseAssetAmount quoteAssetAmount quoteEntryAmount marketIndex lpShares",
        needs="baseAssetAmount",
        mode="cross",
    ),
    # --- exchanges without one ---
    "apex": Exchange(
        keys="lightNumbers customInitialMarginRate fundingFee", entry="entryPrice", size="size", mode="cross"
    ),
    "backpack": Exchange(
        # one account for all collateral, margin by imf and mmf functions of the size
        keys="estLiquidationPrice mmf imf mmfFunction imfFunction netCost netExposureQuantity netQuantity "
        "pnlUnrealized",
        size="netQuantity",
        entry="entryPrice",
        mark="markPrice",
        mode="cross",
        rate="mmf",
    ),
    "blofin": Exchange(
        keys="averagePrice positions availablePositions unrealizedPnlRatio instId positionSide "
        "maintenanceMargin",
        needs="averagePrice positions",
        size="positions",
        entry="averagePrice",
        mark="markPrice",
        margin="margin",
        mode="cross",
        maintenance="maintenanceMargin",
    ),
    "btse": Exchange(
        keys="adlScoreBucket totalMaintenanceMargin isolatedLeverage settleWithAsset walletName "
        "positionDirection",
        size="size",
        entry="entryPrice",
        mark="markPrice",
        mode="cross",
        maintenance="totalMaintenanceMargin",
    ),
    "bullish": Exchange(
        # /v1/derivatives-positions: no entry price, but entryNotional
        keys="entryNotional mtmPnl reportedMtmPnl settlementAssetSymbol tradingAccountId",
        size="quantity",
        entry_value="entryNotional",
        mode="cross",
    ),
    "bydfi": Exchange(
        keys="unPnl positionMargin settleCoin liqPrice volume",
        needs="unPnl",
        margin="positionMargin",
        mode="cross",
    ),
    "coinbase": Exchange(
        keys="number_of_contracts daily_realized_pnl product_id avg_entry_price", mode="cross"
    ),
    "coinbaseinternational": Exchange(keys="net_size vwap im_contribution", needs="vwap", mode="cross"),
    "cryptocom": Exchange(
        # private/get-positions: open_pos_cost is the value at entry, which ccxt passes on as collateral
        keys="open_position_pnl open_pos_cost session_pnl account_id instrument_name",
        needs="open_pos_cost",
        size="quantity",
        entry_value="open_pos_cost",
        mode="cross",
        collateral="",
    ),
    "deepcoin": Exchange(
        keys="useMargin mrgPosition avgPx liqPx lever",
        needs="useMargin",
        size="pos",
        entry="avgPx",
        mode="cross",
        collateral="margin",
    ),
    "derive": Exchange(
        # private/get_positions: margins are those of the subaccount's part, negative
        keys="instrument_type average_price_excl_fees net_settlements cumulative_funding pending_funding "
        "mark_value amount",
        needs="instrument_type",
        size="amount",
        entry="average_price",
        mark="mark_price",
        mode="cross",
        maintenance="-",
    ),
    "digifinex": Exchange(
        keys="instrument_id avg_cost maint_margin_ratio risk_score open_outstanding avail_position "
        "posi_balance",
        needs="avg_cost",
        size="position",
        entry="avg_cost",
        margin="posi_balance",
        mode="cross",
        rate="maint_margin_ratio",
    ),
    "extended": Exchange(
        keys="tpTriggerPrice slTriggerPrice maxPositionSize openPrice realisedPnl accountId",
        needs="openPrice",
        size="size",
        entry="openPrice",
        mark="markPrice",
        mode="cross",
        collateral="",
    ),
    "grvt": Exchange(
        keys="est_liquidation_price quote_index_price sub_account_id cumulative_realized_funding_payment "
        "instrument event_time",
        size="size",
        entry="entry_price",
        mark="mark_price",
        margin="isolated_balance",
        mode="cross",
    ),
    "hashkey": Exchange(
        keys="minMargin position avgPrice profitRate marginRate positionValue",
        needs="minMargin",
        mode="cross",
    ),
    "hibachi": Exchange(
        keys="entryNotional notionalValue unrealizedFundingPnl unrealizedTradingPnl direction",
        needs="unrealizedTradingPnl",
        size="quantity",
        entry_value="entryNotional",
        mode="cross",
    ),
    "hitbtc": Exchange(
        # margin_balance is the money of the position's own margin account
        keys="currencies positions type",
        needs="currencies positions",
        size="positions.0.quantity",
        entry="positions.0.price_entry",
        margin="currencies.0.margin_balance",
        mode="isolated",
        collateral="margin",
    ),
    "modetrade": Exchange(
        # Orderly: one cross account
        keys="MMR_with_orders IMR_withdraw_orders est_liq_price unsettled_pnl cost_position position_qty",
        size="position_qty",
        entry="average_open_price",
        mark="mark_price",
        mode="cross",
        rate="mmr",
    ),
    "mudrex": Exchange(
        keys="order_type closed_price initial_margin entry_price",
        needs="order_type",
        mode="isolated",
        collateral="margin",
    ),
    "nado": Exchange(keys="balance product product_id", needs="balance product", mode="cross"),
    "pacifica": Exchange(
        keys="funding amount isolated entry_price side",
        needs="funding amount",
        entry="entry_price",
        mode="cross",
        collateral="margin",
    ),
    "poloniex": Exchange(
        keys="openAvgPx qty availQty mgn mgnRatio maxWAmt tpTrgPx liqPx mgnMode im mm",
        needs="openAvgPx",
        size="qty",
        entry="openAvgPx",
        mark="markPx",
        margin="mgn",
        mode="cross",
        maintenance="mm",
    ),
    "polymarket": Exchange(
        keys="instrument_id cross return_on_equity cumulative_funding position_value",
        needs="return_on_equity",
        size="size",
        entry="entry_price",
        mode="cross",
        collateral="margin",
        maintenance="maintenance_margin",
    ),
    "toobit": Exchange(
        keys="position avgPrice profitRate marginRate positionValue unrealizedPnL available",
        needs="avgPrice position",
        lacks="minMargin",
        mode="cross",
    ),
    "weex": Exchange(
        # ccxt's notional is the value at entry; marginSize of a cross position is its initial margin
        keys="separatedMode cumOpenValue openValue unrealizePnl liquidatePrice marginSize isolatedMargin",
        size="size",
        margin="isolatedMargin",
        mode="cross",
    ),
    "whitebit": Exchange(
        # /api/v4/collateral-account/positions/open: one collateral account; amount is signed
        keys="basePrice freeMargin liquidationState unrealizedFunding openDate pnlPercent tpsl",
        needs="basePrice",
        own_size=True,
        size="amount",
        entry="basePrice",
        mode="cross",
    ),
    "woo": Exchange(
        keys="holding averageOpenPrice average_open_price estLiqPrice isolatedMarginAmount "
        "isolated_margin_amount adlQuantile settlePrice",
        needs="holding",
        size="holding",
        entry="averageOpenPrice",
        mark="markPrice",
        margin="isolatedMarginAmount isolated_margin_amount",
        mode="cross",
    ),
    "xt": Exchange(
        keys="positionType contractType closeOrderSize openOrderMarginFrozen autoMargin positionSize "
        "calMarkPrice breakPrice",
        needs="positionSize",
        size="positionSize",
        entry="entryPrice",
        mark="markPrice",
        margin="isolatedMargin",
        mode="isolated",
        collateral="margin",
    ),
    "zebpay": Exchange(
        keys="datetime contractSize leverage entryPrice", needs="datetime contractSize", mode="isolated"
    ),
}
DEFAULT = Exchange()
"""What is taken of an exchange that is not recognized."""
ALSO = {
    **dict.fromkeys(("binanceusdm", "binancecoinm", "binanceus"), "binance"),
    **dict.fromkeys(("bybiteu", "bybitid"), "bybit"),
    **dict.fromkeys(("myokx", "okxus", "okex"), "okx"),
    **dict.fromkeys(("gateio", "gateeu"), "gate"),
    **dict.fromkeys(("krakenfutures",), "kraken"),
    **dict.fromkeys(("kucoinfutures",), "kucoin"),
    **dict.fromkeys(("huobi",), "htx"),
    **dict.fromkeys(("dydx-v4", "dydxv4"), "dydx"),
    **dict.fromkeys(("woofipro", "orderly"), "modetrade"),
    **dict.fromkeys(("bequant", "fmfwio"), "hitbtc"),
}
"""Other names under which ccxt has them."""


class Evidence(NamedTuple):
    """The exchange that a row is taken for, and the fields that speak for it."""

    exchange: str
    fields: tuple[str, ...]


def exchange_of(row: Fields, at: str = "info.") -> Evidence | None:
    """The exchange most of whose fields a row has, its needs met (and counted twice) and nothing there that
    it lacks; the first of equals."""
    best, most = None, 0
    for name, exchange in EXCHANGES.items():
        needs, lacks = words(exchange.needs), words(exchange.lacks)
        if not all(row.holds(at + key) for key in needs) or any(row.holds(at + key) for key in lacks):
            continue
        found = tuple(key for key in words(exchange.keys) if row.holds(at + key))
        if found and len(found) + len(needs) > most:
            best, most = Evidence(name, found), len(found) + len(needs)
    return best


def named(name: str) -> str | None:
    """The exchange of a name as ccxt or a rulebook has it."""
    lower = name.lower()
    return lower if lower in EXCHANGES else ALSO.get(lower)


def rulebook_of(exchange: str | None, rulebooks: Sequence[str]) -> str | None:
    """The rulebook of an exchange: its own name, or the first that begins with it; None where there is
    none."""
    if exchange is None:
        return None
    name = EXCHANGES[exchange].rulebook or exchange if exchange in EXCHANGES else exchange
    return (
        name if name in rulebooks else next((book for book in rulebooks if book.startswith(f"{name}-")), None)
    )
