"""What is traded, and the margin that it needs.

Public: Kind, Rounding, BankruptcyPrice, LiquidationPrice, Contract, Tier, Measure, RateOf, Power, Commission,
Maintenance.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal  # a type here; numbers.py makes them

from adlcalc.engine.declared import Word, closed
from adlcalc.ground.numbers import ONE, ZERO


@dataclass(frozen=True, slots=True)
class Tier:
    """One line of a maintenance table: from `floor` on, maintenance = rate x notional - deduction."""

    floor: Decimal
    rate: Decimal
    deduction: Decimal = ZERO
    max_leverage: Decimal | None = None


class Measure(Word):
    """What the tiers of a maintenance table measure."""

    NOTIONAL = (
        "notional",
        "Marginal tiers on the notional at the mark, continuous through their deductions: rates rise, so "
        "the maintenance of a notional is the largest of the lines rate x n - deduction.",
    )
    ENTRY_VALUE = (
        "entry-value",
        "The one tier that the entry value (money) falls in holds for the whole position. BitMEX's risk "
        "limit.",
    )
    SIZE = (
        "size",
        "The one tier that the size (contracts) falls in holds for the whole position. OKX's position tiers.",
    )


class RateOf(Word):
    """What a maintenance rate is a rate of."""

    MARK = "mark", "The notional at the mark."
    ENTRY = (
        "entry",
        "The entry value, less the tier's deduction (with by entry-value): maintenance margin stays what it "
        "was when the position was opened. Bybit and KuCoin until 2025.",
    )


BY_NOTIONAL, BY_SIZE, BY_ENTRY_VALUE, OF_ENTRY = (
    Measure.NOTIONAL,
    Measure.SIZE,
    Measure.ENTRY_VALUE,
    RateOf.ENTRY,
)


@closed
class Power:
    """A rate of factor x basis ^ exponent, where that is more than the tier's. of: what the basis is, the
    size or the entry value, so that the rate of a position does not move with the mark."""

    factor: Decimal
    exponent: Decimal
    of: Measure


class Commission(Word):
    """Which margin of a position holds the fee of closing it."""

    NONE = "none", "Neither: the position is liquidated at its maintenance margin alone."
    MAINTENANCE = (
        "maintenance",
        "The maintenance margin alone, so that the position is liquidated that much earlier. OKX, Gate, "
        "KuCoin.",
    )
    BOTH_SIDES = (
        "both-sides",
        "The margin of an isolated position and its maintenance margin alike, so that it drops out of what "
        "is "
        "due: `collateral` "
        "is told without it, and the bankruptcy price has no fee inside. A cross account has no such margin: "
        "its maintenance "
        "margin alone. BitMEX, Bybit.",
    )


@closed
class Maintenance:
    """A maintenance margin rule.

    by: what the tiers measure. on: what their rates are of. slope: rate added per contract of size (Deribit).
    power: a rate that rises with a power of the position (FTX, Drift, Orderly). closing_fee: rate of the
    notional, the cost to close; isolated, cross: which margin holds it in either margin mode.
    """

    tiers: tuple[Tier, ...]
    by: Measure = Measure.NOTIONAL
    on: RateOf = RateOf.MARK
    slope: Decimal = ZERO
    closing_fee: Decimal = ZERO
    power: Power | None = None
    isolated: Commission = Commission.MAINTENANCE
    cross: Commission = Commission.MAINTENANCE

    @property
    def of_all(self) -> bool:
        """Do the same lines hold for every position?"""
        return self.by == BY_NOTIONAL and not self.slope and self.power is None


class Kind(Word):
    """What a contract is worth."""

    LINEAR = "linear", "value = size x multiplier x price."
    INVERSE = "inverse", "value = -size x multiplier / price, settled in the base coin."


class Rounding(Word):
    """How a fill's value is rounded to the money unit."""

    TOTAL = "total", "The value is rounded once."
    PER_CONTRACT = "per-contract", "The value of one contract is rounded, then multiplied. BitMEX."


class BankruptcyPrice(Word):
    """How a bankruptcy price is rounded to the tick."""

    AGAINST_ACCOUNT = (
        "against-account",
        "A long's up, a short's down: the closed account does not end below zero, its dust is the fund's.",
    )
    DOWN = "down", "Cut off; the fund pays what that is too little. KuCoin, Bybit (2020)."
    UP = "up", "To the next tick above."
    NEAREST = "nearest", "Half even."
    PER_CONTRACT = (
        "per-contract",
        "The value of one contract there is rounded to the money unit first, then the price, both against "
        "the "
        "account. BitMEX.",
    )


class LiquidationPrice(Word):
    """How a liquidation price is told: rounded to the tick. What is due is asked of marks, whatever is
    told."""

    AGAINST_ACCOUNT = (
        "against-account",
        "A long's up, a short's down: at that tick it is not liquidated yet, or just so.",
    )
    DOWN = "down", "Cut off."
    UP = "up", "To the next tick above."
    NEAREST = "nearest", "Half even. KuCoin (2025)."


LINEAR, INVERSE, PER_CONTRACT = Kind.LINEAR, Kind.INVERSE, Rounding.PER_CONTRACT


@dataclass(frozen=True, slots=True)
class Contract:
    """What is traded in a market: its kind, the multiplier of a contract, and how a fill's value and a
    bankruptcy price are rounded, the rate of the closing fee that is inside the latter, and how a liquidation
    price is rounded."""

    kind: Kind = Kind.LINEAR
    multiplier: Decimal = ONE
    rounding: Rounding = Rounding.TOTAL
    bankruptcy_price: BankruptcyPrice = BankruptcyPrice.AGAINST_ACCOUNT
    bankruptcy_fee: Decimal = ZERO
    liquidation_price: LiquidationPrice = LiquidationPrice.AGAINST_ACCOUNT
