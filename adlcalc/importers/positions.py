"""A position as ccxt gives it -> size, entry, mark, margin and what else the row tells, with a note on what
had to be assumed.

Public: Found, Skipped, read_position.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal

from adlcalc.engine.formulas.margin import initial_collateral, value
from adlcalc.engine.model import LONG, SHORT, SMALLEST, Contract, Kind
from adlcalc.ground.numbers import ONE, D, divide, round_to, show
from adlcalc.importers.exchanges import DEFAULT, EXCHANGES, Exchange, exchange_of
from adlcalc.importers.fields import Fields
from adlcalc.importers.guard import market_fault
from adlcalc.importers.indicators import Indicator, indicator
from adlcalc.source.problems import quote

OPTION = re.compile(r"-[0-9.]+-[CP]$|-(?:C|P)-[0-9.]+$")
NEAR = D("0.02")
"""A notional told at the entry, at another mark or for the last price is this near to that of the mark."""
PORTFOLIO = re.compile(r"portfolio|(?:^|_)pm$", re.IGNORECASE)
MODES = (
    "marginMode",
    *(f"info.{key}" for key in ("marginMode", "margin_mode", "marginType", "mgnMode", "margin_model")),
)
COINS = ("info.multiAssetsMargin", "multiAssetsMargin", "info.multiCollateral")


class Skipped(Exception):
    """The row is sound, but no perpetual position that can be calculated; the message says what it is."""


@dataclass(slots=True)
class Found:
    """One open position. margin: its collateral (isolated; None where the row does not tell it). wallet,
    equity: the money of the cross account without and with pnl, where the row tells it; hint: a figure of a
    cross row that may stand in for it. rate, percent, maintenance, liquidation, told_pnl, told_notional: what
    the row says of itself."""

    venue: str | None
    symbol: str
    side: int
    size: Decimal
    entry: Decimal
    mark: Decimal
    contract: Contract
    cross: bool
    margin: Decimal | None = None
    wallet: Decimal | None = None
    equity: Decimal | None = None
    hint: tuple[str, Decimal] | None = None
    shared: bool = False
    rate: Decimal | None = None
    percent: Decimal | None = None
    maintenance: Decimal | None = None
    liquidation: Decimal | None = None
    told_pnl: Decimal | None = None
    told_notional: Decimal | None = None
    leverage: Decimal | None = None
    indicator: Indicator | None = None
    mode_assumed: bool = False
    evidence: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def exchange(self) -> Exchange:
        """What is known of its exchange."""
        return EXCHANGES.get(self.venue or "", DEFAULT)

    @property
    def settle(self) -> str:
        """The currency of the money: 'USDT' of BTC/USDT:USDT."""
        return self.symbol.partition(":")[2].partition("-")[0] or self.symbol.partition("/")[2]

    @property
    def base(self) -> str:
        """The coin: 'BTC' of BTC/USDT:USDT."""
        return self.symbol.partition("/")[0]

    @property
    def signed(self) -> Decimal:
        """Contracts, negative for a short."""
        return self.side * self.size

    @property
    def cost(self) -> Decimal:
        """Signed value at the entry price."""
        return self.value_at(self.entry)

    @property
    def pnl(self) -> Decimal:
        """Unrealized pnl at the mark, as the engine has it."""
        return self.value_at(self.mark) - self.cost

    @property
    def notional(self) -> Decimal:
        """Size of the value at the mark."""
        return abs(self.value_at(self.mark))

    def value_at(self, price: Decimal) -> Decimal:
        """Signed value at a price."""
        return value(self.contract, self.signed, price, SMALLEST)


def read_position(row: Fields, *, venue: str | None = None, margin: str | None = None) -> Found | None:
    """The position, or None where nothing is open; what is missing and cannot be assumed goes to the
    problems.

    venue: the exchange, where it is known by more than the row; margin: the mode of rows that do not say
    theirs."""
    _refuse(row)
    evidence = exchange_of(row)
    name = venue or (evidence.exchange if evidence else None)
    exchange = EXCHANGES.get(name or "", DEFAULT)
    size = _size(row, exchange)
    if not size:
        return None
    symbol, side = row.text("symbol"), _side(row, exchange)
    if symbol is None or side is None:
        row.problems.add(row.node, f"the position has no {quote('symbol' if symbol is None else 'side')}")
        return None
    _refuse_symbol(row, symbol)
    fault = market_fault(symbol)
    if fault:
        row.problems.add(row.node, f"the symbol {quote(symbol)} {fault}, so that no market can have it")
        return None
    notes: list[str] = []
    contract = _contract(row, symbol, abs(size), notes)
    entry = _entry(row, exchange, contract, side, abs(size), notes)
    if entry is None:
        row.problems.add(row.node, "the position has no 'entryPrice'")
        return None
    mark = _mark(row, exchange, contract, abs(size), entry, notes)
    cross, assumed = _is_cross(row, exchange, margin, name, notes)
    found = Found(
        name, symbol, side, abs(size), entry, mark, contract, cross, mode_assumed=assumed, notes=notes
    )
    if evidence is not None and evidence.exchange == name:
        found.evidence = ", ".join(evidence.fields[:4])
    _take_told(row, exchange, found)
    if cross:
        _take_account(row, exchange, found)
    else:
        _take_margin(row, exchange, found)
    found.indicator = indicator(name, row, side)
    return found


def _refuse(row: Fields) -> None:
    """Accounts whose margin is no sum over positions."""
    for path in MODES:
        text = row.text(path)
        if text is not None and PORTFOLIO.search(text):
            raise Skipped(
                "portfolio margin is worked out by scenarios over the whole account, which no row tells"
            )
    if any(row.text(path) in ("true", "True", "1") for path in COINS):
        raise Skipped(
            "an account with collateral of several coins is margined with their haircuts, which no row tells"
        )


def _refuse_symbol(row: Fields, symbol: str) -> None:
    """What is no perpetual and no future."""
    if OPTION.search(symbol) or row.text("info.instType") == "OPTION" or row.text("info.kind") == "option":
        raise Skipped("an option")
    spot = row.text("info.instType") == "MARGIN" or (row.holds("info.vol_closed") and row.holds("info.cost"))
    if spot or ("/" in symbol and ":" not in symbol and row.at("contractSize") is None):
        raise Skipped("spot margin, no contract")


# --- what is held -------------------------------------------------------------------------------------------


def _size(row: Fields, exchange: Exchange) -> Decimal | None:
    """Contracts, the venue's own text where it is the same number, or where ccxt works its own out from other
    fields."""
    own = row.first(exchange.size) if exchange.own_size else None
    return own or row.exact(exchange.size or None, "contracts")


def _side(row: Fields, exchange: Exchange) -> int | None:
    """From `side`, else from the sign of the venue's own size."""
    side = row.text("side")
    if side in ("long", "short"):
        return LONG if side == "long" else SHORT
    signed = row.number(f"info.{exchange.size}") if exchange.size else None
    return None if not signed else LONG if signed > 0 else SHORT


def _contract(row: Fields, symbol: str, size: Decimal, notes: list[str]) -> Contract:
    """Settled in the base coin: inverse. The contract size is the multiplier, unless the notional says that
    `contracts` are counted in coins or USD already."""
    multiplier = row.number("contractSize")
    pair, _, settle = symbol.partition(":")
    base, _, quoted = pair.partition("/")
    settle = settle.partition("-")[0]
    kind = Kind.INVERSE if settle and settle == base != quoted else Kind.LINEAR
    if settle and settle not in (base, quoted):
        notes.append(f"settled in {settle}, which is neither {base} nor {quoted}: taken as linear")
    notional, price = row.number("notional"), row.number("markPrice") or row.number("entryPrice")
    if not multiplier or multiplier < 0:
        multiplier = _of_notional(kind, size, notional, price)
        given = f"{show(multiplier)} is what the notional says" if multiplier else "1 is taken"
        notes.append(f"contractSize is not given: {given}")
        return Contract(kind, multiplier or ONE)
    if notional and price:
        # an inverse notional is in coins: contracts x size / price; some tell a linear one in coins too
        told = abs(notional)
        whole = size * multiplier
        readings = (divide(whole, price),) if kind is Kind.INVERSE else (whole * price, whole)
        bare = (divide(size, price),) if kind is Kind.INVERSE else (size * price, size)
        if (
            multiplier != 1
            and not any(_near(told, one) for one in readings)
            and any(_near(told, one) for one in bare)
        ):
            unit = quoted if kind is Kind.INVERSE else base
            notes.append(
                f"contracts x contractSize {show(multiplier)} is not the notional {show(told)}, "
                "contracts are: they are counted in "
                f"{unit}"
            )
            return Contract(kind, ONE)
    return Contract(kind, multiplier)


def _near(a: Decimal, b: Decimal) -> bool:
    return abs(a - b) <= NEAR * abs(b)


def _of_notional(
    kind: Kind, size: Decimal, notional: Decimal | None, price: Decimal | None
) -> Decimal | None:
    """The contract size that gives the notional, if it is a round number."""
    if not notional or not price:
        return None
    told = abs(notional)
    whole = divide(told * price, size) if kind is Kind.INVERSE else divide(told, size * price)
    rounded = D(f"{whole:.1e}")
    return rounded if rounded and _near(whole, rounded) and rounded != 1 else None


def _entry(
    row: Fields, exchange: Exchange, contract: Contract, side: int, size: Decimal, notes: list[str]
) -> Decimal | None:
    """entryPrice; else by the value at entry, else by mark and pnl."""
    entry = row.exact(exchange.entry or None, "entryPrice")
    if entry and entry > 0:
        return entry
    cost = row.first(exchange.entry_value) if exchange.entry_value else None
    if cost:
        notes.append(f"entryPrice is not given: {exchange.entry_value} / size is taken")
        return round_to(divide(abs(cost), size * contract.multiplier), SMALLEST)
    mark, pnl = row.number("markPrice"), row.number("unrealizedPnl")
    if mark and mark > 0 and pnl is not None and contract.kind is Kind.LINEAR:
        notes.append("entryPrice is not given: the price that gives the unrealized pnl is taken")
        price = mark - round_to(divide(side * pnl, size * contract.multiplier), SMALLEST)
        return price if price > 0 else None
    return None


def _mark(
    row: Fields, exchange: Exchange, contract: Contract, size: Decimal, entry: Decimal, notes: list[str]
) -> Decimal:
    """markPrice; else by pnl or notional, the last price, the entry price."""
    mark = row.exact(exchange.mark or None, "markPrice")
    if mark and mark > 0:
        return mark
    pnl, notional, last = row.number("unrealizedPnl"), row.number("notional"), row.number("lastPrice")
    side = _side(row, exchange)
    if pnl is not None and side is not None and contract.kind is Kind.LINEAR:
        price = entry + round_to(divide(side * pnl, size * contract.multiplier), SMALLEST)
        if price > 0:
            notes.append("markPrice is not given: the price that gives the unrealized pnl is taken")
            return price
    if notional and contract.kind is Kind.LINEAR:
        notes.append("markPrice is not given: the price that gives the notional is taken")
        return round_to(divide(abs(notional), size * contract.multiplier), SMALLEST)
    name, price = ("lastPrice", last) if last and last > 0 else ("entryPrice", entry)
    notes.append(f"markPrice is not given: {name} is taken")
    return price


# --- whose margin -------------------------------------------------------------------------------------------


def _is_cross(
    row: Fields, exchange: Exchange, margin: str | None, name: str | None, notes: list[str]
) -> tuple[bool, bool]:
    """(cross?, assumed?): the row's own mode, --margin, an isolated margin in it, the exchange's default."""
    mode = row.text("marginMode")
    if mode in ("cross", "isolated"):
        return mode == "cross", False
    if margin is not None:
        return margin == "cross", False
    own = (row.first(exchange.margin) if exchange.margin else None) or row.number("positionMargin")
    if exchange.mode == "cross" and own and own > 0 and row.text("info.tradeMode") != "0":
        notes.append(
            "marginMode is not given: isolated is taken, for the row has a margin of its own; --margin "
            "says otherwise"
        )
        return False, True
    if exchange.mode:
        notes.append(f"marginMode is not given: {exchange.mode} is {name}'s default; --margin says otherwise")
        return exchange.mode == "cross", True
    notes.append("marginMode is not given: isolated is taken; --margin says otherwise")
    return False, True


def _take_told(row: Fields, exchange: Exchange, found: Found) -> None:
    """What the row says of its maintenance margin, liquidation price, pnl and notional."""
    found.percent = row.number("maintenanceMarginPercentage")
    found.leverage = row.number("leverage")
    if exchange.rate:
        found.rate = row.first(exchange.rate)
    if exchange.half_of:
        most = row.first(exchange.half_of)
        found.rate = round_to(divide(ONE, 2 * most), SMALLEST) if most and most > 0 else None
    own = row.first(exchange.maintenance) if exchange.maintenance not in ("", "-") else None
    found.maintenance = None if exchange.maintenance == "-" else own or row.number("maintenanceMargin")
    found.maintenance = abs(found.maintenance) if found.maintenance else None
    liquidation = row.number("liquidationPrice")
    found.liquidation = liquidation if liquidation and liquidation > 0 else None
    found.told_pnl, found.told_notional = row.number("unrealizedPnl"), row.number("notional")


def _take_margin(row: Fields, exchange: Exchange, found: Found) -> None:
    """The collateral of an isolated position: the best of what is given, without pnl and without the fee of
    closing."""
    notes = found.notes
    own = row.first(exchange.margin) if exchange.margin else None
    own = own if own and own > 0 else row.number("positionMargin")
    if own and own > 0:
        fee = row.first(exchange.commission) if exchange.commission else None
        if fee and fee < own:
            notes.append(
                f"{exchange.commission} {show(fee)} of the margin waits for the fee of closing; it is "
                "taken off"
            )
            own -= fee
        found.margin = own
        return
    collateral, initial = row.number("collateral"), row.number("initialMargin")
    if exchange.collateral == "margin" and collateral and collateral > 0:
        found.margin = collateral
    elif exchange.collateral == "equity" and collateral and collateral - found.pnl > 0:
        notes.append("ccxt's collateral holds the unrealized pnl; it is taken off")
        found.margin = collateral - found.pnl
    elif initial and initial > 0:
        found.hint = ("initialMargin", initial)


def _take_account(row: Fields, exchange: Exchange, found: Found) -> None:
    """The money of a cross account, as far as the row knows it; else a figure that may stand in for it."""
    collateral, initial = row.number("collateral"), row.number("initialMargin")
    found.wallet = row.first(exchange.wallet) if exchange.wallet else None
    found.equity = row.first(exchange.equity) if exchange.equity else None
    if exchange.cross == "wallet" and found.wallet is None and collateral and collateral > 0:
        # Binance's account endpoint: crossMargin is wallet + pnl. Its positionRisk: worked back from the
        # liquidation price.
        if row.holds("info.unrealizedProfit") or found.liquidation is None:
            found.equity = collateral
        else:
            found.hint = ("collateral", collateral)
            return
    if collateral and collateral > 0 and exchange.collateral:
        found.hint, found.shared = ("ccxt's collateral", collateral), found.venue is None
    elif initial and initial > 0:
        found.hint = ("initialMargin", initial)


def from_leverage(found: Found, what: str) -> Decimal:
    """Entry value / leverage; leverage 1 where there is none."""
    leverage = found.leverage
    if not leverage or leverage <= 0:
        found.notes.append(f"no {what}, margin or leverage is given: leverage 1 is taken")
        leverage = ONE
    else:
        found.notes.append(f"no {what} or margin is given: entry value / leverage {show(leverage)} is taken")
    return initial_collateral(found.cost, leverage, SMALLEST)
