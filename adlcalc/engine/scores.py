"""Scores: small named functions of one position that order the queue, highest first.

A score gets the amounts of `Inputs` and returns one exact quotient (60 digits: equal fractions give equal scores, and
different ones differ there for all amounts the engine accepts). Where equity is zero or less, leverage has no number: a
winner then stands before everybody, a loser behind everybody.

    name                       winners                                          losers
    generic                    pnl% x notional / equity, of the margin unit     divided by it
    bitmex, bybit, kucoin      pnl% x notional / equity                         divided by it
    binance                    pnl / notional x notional / equity               divided by it
    binance-2019               pnl / balance x maintenance / equity             0
    okx                        ROE x leverage of the margin unit                divided by it
    okx-old, htx               ROE x maintenance / equity                       divided by it
    bitget, gate               pnl% x maintenance / equity                      divided by it
    hyperliquid                mark / entry x notional / equity                 the same
    hyperliquid-directional    the same, with entry / mark for shorts           the same
    pnl-percent                pnl%                                             the same
    roe                        ROE                                              the same
    entry-price                worst entry of the liquidated side first         the same
    size                       size                                             the same

pnl% is on the entry value, ROE (return on equity) on the initial margin. A scenario may bring its own: see expression.py.

Public: Inputs, Score, SCORES, INFINITE, inputs_of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import NamedTuple

from adlcalc.engine.holdings import Holding
from adlcalc.engine.margin import initial_collateral, maintenance_margin
from adlcalc.engine.model import LONG
from adlcalc.engine.numbers import ONE, ZERO, D, divide

INFINITE = D("1E+300")
"""Stands for leverage without equity: first in any queue of winners, last (a score of zero) among losers."""


class Inputs(NamedTuple):
    """What a score may look at, at the marks. Money in the settlement currency, equity with pending funding.

    pnl: unrealized. entry_value: |cost|. notional: at the mark. equity, exposure (the notional that it carries), maintenance and
    balance (equity without unrealized pnl) are those of the position if isolated, of the account with all its cross positions
    if cross. initial_margin: entry value / chosen leverage; where none was chosen the collateral (isolated) or the entry value
    (cross).
    """

    pnl: Decimal
    entry_value: Decimal
    notional: Decimal
    equity: Decimal
    exposure: Decimal
    maintenance: Decimal = ZERO
    balance: Decimal = ZERO
    initial_margin: Decimal = ONE
    size: Decimal = ONE
    side: int = LONG
    entry: Decimal = ONE
    mark: Decimal = ONE


Score = Callable[[Inputs], Decimal]


def inputs_of(holding: Holding) -> Inputs:
    """The amounts of a position at the marks."""
    value, unit = holding.value(), holding.unit
    pnl, entry_value, notional = value - holding.cost, abs(holding.cost), abs(value)
    if unit.isolated:
        assert holding.collateral is not None
        balance, equity, exposure = holding.collateral, unit.cash() + value, notional
        maintenance = maintenance_margin(holding.lines(), notional)
    else:
        balance, equity, exposure, maintenance = holding.holder.balance, unit.cash(), ZERO, ZERO
        for other in unit.holdings:
            if other.size:
                worth = other.value()
                equity += worth
                exposure += abs(worth)
                maintenance += maintenance_margin(other.lines(), abs(worth))
    if holding.leverage:
        initial = initial_collateral(entry_value, holding.leverage, holding.book.unit)
    else:
        initial = entry_value if holding.collateral is None else holding.collateral
    return Inputs(
        pnl, entry_value, notional, equity, exposure, maintenance, balance, initial,
        holding.size, holding.side, holding.entry, holding.book.mark,
    )  # fmt: skip


# --- profit and leverage -------------------------------------------------------------------------------------------------


def generic(x: Inputs) -> Decimal:
    """pnl / entry value x leverage for winners, divided by it for losers; leverage = notional / equity, of the position
    (isolated) or of the account (cross)."""
    return _times_leverage(x, x.entry_value, x.exposure)


def bitmex(x: Inputs) -> Decimal:
    """pnl / entry value x effective leverage for winners, divided by it for losers.

    Effective leverage = |mark value| / (mark value - bankrupt value), which is the position's notional / the equity behind it.
    Source: BitMEX, What is Auto-Deleveraging. MEXC has the same words."""
    return _times_leverage(x, x.entry_value, x.notional)


def bybit(x: Inputs) -> Decimal:
    """Leveraged return: Bybit's help center names it without its algebra, BitMEX's stands in for it."""
    return bitmex(x)


def kucoin(x: Inputs) -> Decimal:
    """Return on entry value x effective leverage for winners, divided by it for losers; effective leverage = position value /
    (margin + pnl), cross: / cross margin balance. Source: KuCoin support 26686471898009, December 2025."""
    return bitmex(x)


def binance(x: Inputs) -> Decimal:
    """pnl / notional x notional / (wallet balance + pnl) for winners, divided by it for losers.

    A winner's score is so pnl / equity. Source: Binance FAQ 360033525471 as it stood in December 2025."""
    return _times_leverage(x, x.notional, x.notional)


def okx(x: Inputs) -> Decimal:
    """Position pnl% x effective leverage, highest first; pnl% on the initial margin (`uplRatio`). Source: OKX, Introduction to
    auto-deleveraging, August 2025. It does not say what the leverage of a cross account is or how losers rank: as in generic."""
    return _times_leverage(x, x.initial_margin, x.exposure)


# --- profit and margin ratio ---------------------------------------------------------------------------------------------


def binance_2019(x: Inputs) -> Decimal:
    """max(0, pnl) / max(1, wallet balance) x maintenance / (wallet balance + pnl), 0 where that sum is zero or less.

    The 1 is in the settlement currency. Source: Binance announcement 360033525471, September 2019. Aster's is the same."""
    if x.pnl <= 0 or x.equity <= 0:
        return ZERO
    return divide(x.pnl * x.maintenance, max(ONE, x.balance) * x.equity)


def okx_old(x: Inputs) -> Decimal:
    """pnl ratio / margin ratio for winners, x margin ratio for losers; pnl ratio on the initial margin, margin ratio = equity /
    maintenance margin, of the position (isolated) or the account (cross). Source: OKX, 2020 to 2024, and its copies."""
    return _times_margin_ratio(x, x.initial_margin)


def htx(x: Inputs) -> Decimal:
    """Profit rate / margin ratio for winners, x margin ratio for losers, of the position or of the account; profit rate on the
    initial margin. HTX's margin ratio, with its adjustment factor, is taken as equity / maintenance. Source: HTX support
    64914554002695."""
    return _times_margin_ratio(x, x.initial_margin)


def bitget(x: Inputs) -> Decimal:
    """ROI x maintenance margin rate for winners, divided by it for losers; ROI = pnl / entry value, rate = maintenance / equity.
    Source: Bitget support 12560603800805, September 2025."""
    return _times_margin_ratio(x, x.entry_value)


def gate(x: Inputs) -> Decimal:
    """Return rate and maintenance margin ratio: Gate (futures logic 22082, November 2025) names the two and gives no formula;
    Bitget's product of them stands in. Until 2021 Gate ranked by `entry-price`."""
    return _times_margin_ratio(x, x.entry_value)


# --- one thing alone, and Hyperliquid --------------------------------------------------------------------------------------


def hyperliquid(x: Inputs) -> Decimal:
    """mark price / entry price x notional / account value, to the letter: a short in profit has mark / entry below one, so
    of two shorts the less profitable one comes first. Source: Hyperliquid documentation, Auto-deleveraging."""
    return _ratio_times_leverage(x, x.mark, x.entry)


def hyperliquid_directional(x: Inputs) -> Decimal:
    """As `hyperliquid`, but entry price / mark price for shorts, so that the ratio is above one for every winner."""
    return _ratio_times_leverage(x, x.mark, x.entry) if x.side > 0 else _ratio_times_leverage(x, x.entry, x.mark)


def roe(x: Inputs) -> Decimal:
    """Return on equity: pnl / initial margin."""
    if not x.initial_margin:
        return _without_equity(x)
    return divide(x.pnl, x.initial_margin)


def pnl_percent(x: Inputs) -> Decimal:
    """pnl / entry value. Source: Bitfinex, What is Termination: the highest percentage gain first."""
    if not x.entry_value:
        return _without_equity(x)
    return divide(x.pnl, x.entry_value)


def entry_price(x: Inputs) -> Decimal:
    """Shorts with the highest entry price first, longs with the lowest (their score is its negative). Source: Dango, Gate until
    2021."""
    return -x.entry if x.side > 0 else x.entry


def size(x: Inputs) -> Decimal:
    """The largest position first."""
    return x.size


# --- parts ---------------------------------------------------------------------------------------------------------------


def _times_leverage(x: Inputs, base: Decimal, exposure: Decimal) -> Decimal:
    """pnl / base x exposure / equity for winners; pnl / base divided by that leverage for losers."""
    if x.equity <= 0 or not base:
        return _without_equity(x)
    if x.pnl >= 0:
        return divide(x.pnl * exposure, base * x.equity)
    if not exposure:  # worth less than half a unit of money: its leverage is nothing
        return -INFINITE
    return divide(x.pnl * x.equity, base * exposure)


def _times_margin_ratio(x: Inputs, base: Decimal) -> Decimal:
    """pnl / base x maintenance / equity for winners; pnl / base divided by that ratio for losers."""
    if x.equity <= 0 or not base or (x.pnl < 0 and not x.maintenance):
        return _without_equity(x)
    if x.pnl >= 0:
        return divide(x.pnl * x.maintenance, base * x.equity)
    return divide(x.pnl * x.equity, base * x.maintenance)


def _ratio_times_leverage(x: Inputs, above: Decimal, below: Decimal) -> Decimal:
    if x.equity <= 0:
        return _without_equity(x)
    return divide(above * x.notional, below * x.equity)


def _without_equity(x: Inputs) -> Decimal:
    return INFINITE if x.pnl > 0 else (-INFINITE if x.pnl < 0 else ZERO)


SCORES: Mapping[str, Score] = {
    "generic": generic,
    "bitmex": bitmex,
    "binance": binance,
    "binance-2019": binance_2019,
    "bybit": bybit,
    "kucoin": kucoin,
    "okx": okx,
    "okx-old": okx_old,
    "htx": htx,
    "bitget": bitget,
    "gate": gate,
    "hyperliquid": hyperliquid,
    "hyperliquid-directional": hyperliquid_directional,
    "pnl-percent": pnl_percent,
    "roe": roe,
    "entry-price": entry_price,
    "size": size,
}
