"""A position as ccxt gives it -> size, entry, mark, margin, with a note on everything that had to be assumed.

Public: Found, read_position.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from adlcalc.engine.formulas.margin import initial_collateral, value
from adlcalc.engine.model import LONG, SHORT, SMALLEST, Contract, Kind
from adlcalc.ground.numbers import ONE, ZERO, divide, round_to, show
from adlcalc.importers.fields import Fields
from adlcalc.importers.venues import VENUES, Indicator, Venue, indicator, venue_of
from adlcalc.source.problems import quote


@dataclass(slots=True)
class Found:
    """One open position. margin: its collateral (isolated), or the equity that it is taken to have behind it at the mark (cross);
    shared: the same margin may be told again by other positions of the account."""

    venue: str | None
    symbol: str
    side: int
    size: Decimal
    entry: Decimal
    mark: Decimal
    contract: Contract
    cross: bool
    margin: Decimal = ZERO
    shared: bool = False
    rate: Decimal | None = None
    indicator: Indicator | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def settle(self) -> str:
        """The currency of the money: 'USDT' of BTC/USDT:USDT."""
        return self.symbol.partition(":")[2].partition("-")[0] or self.symbol.partition("/")[2]

    @property
    def pnl(self) -> Decimal:
        """Unrealized pnl at the mark, as the engine has it."""
        return self.value_at(self.mark) - self.value_at(self.entry)

    def value_at(self, price: Decimal) -> Decimal:
        """Signed value at a price."""
        return value(self.contract, self.side * self.size, price, SMALLEST)


def read_position(position: Fields) -> Found | None:
    """The position, or None where nothing is open; what is missing and cannot be assumed goes to the problems."""
    venue = venue_of(position)
    raw = VENUES[venue] if venue is not None else Venue(())
    size, entry = position.exact(raw.size, "contracts"), position.exact(raw.entry, "entryPrice")
    if not size:
        return None
    symbol, side = position.text("symbol"), _side(position, raw)
    if symbol is None or side is None or not entry or entry < 0:
        missing = "symbol" if symbol is None else "side" if side is None else "entryPrice"
        position.problems.add(position.node, f"the position has no {quote(missing)}")
        return None
    notes: list[str] = []
    contract = _contract(position, symbol, notes)
    mark = _mark(position, raw, contract, abs(size), entry, notes)
    found = Found(venue, symbol, side, abs(size), entry, mark, contract, _is_cross(position, notes), notes=notes)
    _take_margin(position, raw, found)
    found.rate = _rate(position, notes)
    found.indicator = indicator(venue, position, side)
    return found


def _side(position: Fields, raw: Venue) -> int | None:
    """From `side`, else from the sign of the venue's own size."""
    side = position.text("side")
    if side in ("long", "short"):
        return LONG if side == "long" else SHORT
    signed = position.number(f"info.{raw.size}") if raw.size else None
    return None if not signed else LONG if signed > 0 else SHORT


def _contract(position: Fields, symbol: str, notes: list[str]) -> Contract:
    """Settled in the base coin: inverse. The contract size is the multiplier."""
    size = position.number("contractSize")
    if not size or size < 0:
        notes.append("contractSize is not given: 1 is taken")
        size = ONE
    pair, _, settle = symbol.partition(":")
    base, _, quoted = pair.partition("/")
    settle = settle.partition("-")[0]
    if settle and settle not in (base, quoted):
        notes.append(f"settled in {settle}, which is neither {base} nor {quoted}: taken as linear")
    return Contract(Kind.INVERSE if settle and settle == base != quoted else Kind.LINEAR, size)


def _mark(position: Fields, raw: Venue, contract: Contract, size: Decimal, entry: Decimal, notes: list[str]) -> Decimal:
    """markPrice; else what the notional says, the last price, the entry price."""
    mark = position.exact(raw.mark, "markPrice")
    if mark and mark > 0:
        return mark
    notional, last = position.number("notional"), position.number("lastPrice")
    if notional and contract.kind == "linear":
        notes.append("markPrice is not given: the price that gives the notional is taken")
        return round_to(divide(abs(notional), size * contract.multiplier), SMALLEST)
    name, price = ("lastPrice", last) if last and last > 0 else ("entryPrice", entry)
    notes.append(f"markPrice is not given: {name} is taken")
    return price


def _is_cross(position: Fields, notes: list[str]) -> bool:
    mode = position.text("marginMode")
    if mode in ("cross", "isolated"):
        return mode == "cross"
    notes.append("marginMode is not given: isolated is taken")
    return False


def _take_margin(position: Fields, raw: Venue, found: Found) -> None:
    """The collateral of an isolated position, or the equity behind a cross one; the best of what is given."""
    if found.cross:
        _take_cross_equity(position, found)
        return
    pnl, notes = found.pnl, found.notes
    own = position.number(f"info.{raw.margin}") if raw.margin else None
    own = own if own and own > 0 else position.number("positionMargin")
    if own and own > 0:
        found.margin = own
        return
    collateral, initial = position.number("collateral"), position.number("initialMargin")
    if collateral and collateral - pnl > 0:
        notes.append("ccxt's collateral holds the unrealized pnl; it is taken off")
        found.margin = collateral - pnl
    elif initial and initial > 0:
        notes.append("no collateral is given: initialMargin is taken")
        found.margin = initial
    else:
        found.margin = _from_leverage(position, found, "collateral")


def _take_cross_equity(position: Fields, found: Found) -> None:
    """ccxt's `collateral`, but not Binance's, which is worked back from the liquidation price without the tiers' deductions."""
    collateral, initial = position.number("collateral"), position.number("initialMargin")
    if collateral and collateral > 0 and found.venue != "binance":
        found.margin, found.shared = collateral, True
        found.notes.append("the balance of the account is not given: ccxt's collateral is taken as its equity at the mark")
    elif initial and initial > 0:
        found.margin = initial
        why = " (Binance's collateral in ccxt is worked back from the liquidation price)" if found.venue == "binance" else ""
        found.notes.append(f"the balance of the account is not given: initialMargin is taken as its equity at the mark{why}")
    else:
        found.margin = _from_leverage(position, found, "balance")


def _from_leverage(position: Fields, found: Found, what: str) -> Decimal:
    """Entry value / leverage; leverage 1 where there is none."""
    leverage = position.number("leverage")
    if not leverage or leverage <= 0:
        found.notes.append(f"no {what}, margin or leverage is given: leverage 1 is taken")
        leverage = ONE
    else:
        found.notes.append(f"no {what} or margin is given: entry value / leverage {show(leverage)} is taken")
    return initial_collateral(found.value_at(found.entry), leverage, SMALLEST)


def _rate(position: Fields, notes: list[str]) -> Decimal | None:
    """The maintenance margin rate of the tier that the position stands in."""
    rate = position.number("maintenanceMarginPercentage")
    if rate is not None and not ZERO <= rate < ONE:
        notes.append(f"maintenanceMarginPercentage {show(rate)} is no fraction below 1 and is left out")
        return None
    return rate
