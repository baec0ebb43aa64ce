"""What a path brings besides marks: money that comes and goes, trades, settlements, halts.

A scenario writes them under `events:`, each with its step; the engine works them in the order of the file,
after the marks have moved and before margin is looked at (waterfall/happenings.py).

Public: Money, Margin, Trade, FundMoney, Settlement, Halt, Happening, Standing.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple


class Money(NamedTuple):
    """A deposit into an account; below zero: a withdrawal."""

    account: str
    amount: Decimal


class Margin(NamedTuple):
    """Margin moved from the free balance to an isolated position; below zero: back."""

    account: str
    market: str
    side: int
    amount: Decimal


class Trade(NamedTuple):
    """An account buys (side +1) or sells against the rest of the market, at `price` (None: the mark). It
    closes what the account holds on the other side first. What it opens is isolated with that leverage, or
    cross."""

    account: str
    market: str
    side: int
    size: Decimal
    price: Decimal | None
    leverage: Decimal | None
    isolated: bool


class FundMoney(NamedTuple):
    """Money from outside into a fund."""

    fund: str
    amount: Decimal


class Settlement(NamedTuple):
    """Everybody in the market is closed at one price."""

    market: str
    price: Decimal


class Halt(NamedTuple):
    """From here on nothing of the market is liquidated (on), or it is again."""

    market: str
    on: bool


class Standing(NamedTuple):
    """Orders that stand with a position: it is closed in the book once the mark is at the stop or worse, or
    at the take_profit or better."""

    account: str
    market: str
    side: int
    stop: Decimal | None
    take_profit: Decimal | None


Happening = Money | Margin | Trade | FundMoney | Settlement | Halt
