"""What can be wrong with an account and its positions: the same words whether they stand in the scenario or
in a CSV file.

Each function looks at one position or account; the caller knows where its values stand.

Public: Fault, LEAST_LEVERAGE, margin_faults, balance_faults, amount_faults, digits_fault, tier_fault,
twice_fault, market_fault, needs_money, order_faults."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from decimal import Decimal
from typing import NamedTuple

from adlcalc.engine.model import Market, Position, side_name
from adlcalc.ground.numbers import D, show
from adlcalc.source.problems import closest_hint, quote

LEAST_LEVERAGE = D("0.01")
"""The lowest that a venue takes (BitMEX); a margin of more than a hundred times the position is a slip of the
keyboard."""


class Fault(NamedTuple):
    """key: the value that is wrong; None: the account or position as a whole."""

    key: str | None
    message: str
    hint: str = ""


def margin_faults(
    name: str, is_cross: bool, leverage: Decimal | None, collateral: Decimal | None
) -> Iterator[Fault]:
    """An isolated position has a leverage or a collateral; a cross one has no collateral."""
    account = f"account {quote(name)}"
    if is_cross:
        if collateral is not None:
            message = f"{account}: a cross position has no 'collateral' of its own"
            yield Fault("collateral", message, "give the account's balance")
    elif leverage is not None and collateral is not None:
        message = f"{account}: an isolated position has both 'leverage' and 'collateral'"
        yield Fault("collateral", message, "give one of the two; --set ….leverage=null takes the other away")
    elif leverage is None and collateral is None:
        message = f"{account}: an isolated position has neither 'leverage' nor 'collateral'"
        yield Fault(None, message, "give one of the two")


def order_faults(name: str, side: int, stop: Decimal | None, take_profit: Decimal | None) -> Iterator[Fault]:
    """A profit is taken on the other side of the stop."""
    if stop and take_profit and (take_profit - stop) * side <= 0:
        message = (
            f"'take_profit' of account {quote(name)} must be {'above' if side > 0 else 'below'} its stop"
        )
        yield Fault("take_profit", message, "of a short both are the other way round")


def balance_faults(name: str, has_cross: bool, balance: Decimal | None) -> Iterator[Fault]:
    """Cross positions need a balance; a free one is no debt."""
    if has_cross and balance is None:
        message = f"account {quote(name)} has cross margin but no 'balance'"
        yield Fault(None, message, "balance: the money behind its cross positions")
    if not has_cross and balance is not None and balance < 0:
        yield Fault(
            "balance", f"'balance' of account {quote(name)} must be zero or more, not {show(balance)}"
        )


def amount_faults(
    name: str,
    market: Market,
    size: Decimal,
    leverage: Decimal | None,
    collateral: Decimal | None,
    unit: Decimal,
) -> Iterator[Fault]:
    """A position that the market could not hold. (An entry price is an average, and need not lie on a
    tick.)"""
    if size < market.lot:
        message = (
            f"'size' of account {quote(name)} is {show(size)}, less than a lot of market {quote(market.name)}"
        )
        yield Fault("size", message, f"lot: {show(market.lot)}")
    if leverage is not None and leverage < LEAST_LEVERAGE:
        message = (
            f"'leverage' of account {quote(name)} must be at least {show(LEAST_LEVERAGE)}, not "
            f"{show(leverage)}"
        )
        yield Fault("leverage", message, "the collateral is the entry value / leverage")
    if collateral is not None:
        yield from needs_money("collateral", f"account {quote(name)}", collateral, unit)


def needs_money(key: str, of: str, amount: Decimal | None, unit: Decimal) -> Iterator[Fault]:
    """An amount finer than the money unit: what is rounded to the unit could never add up to it."""
    if amount is not None and amount % unit:
        message = f"{quote(key)} of {of} is {show(amount)}, finer than the money unit {show(unit)}"
        yield Fault(key, message, f"money_unit: {show(D(1).scaleb(_finest(amount)))}")


def _finest(amount: Decimal) -> int:
    """The exponent of the last digit that is not zero."""
    _, _, decimals = show(amount).partition(".")
    return -len(decimals)


def digits_fault(name: str) -> Fault:
    """A value that the engine's 60 digits do not hold."""
    message = f"account {quote(name)}: size x entry has more digits than can be held exactly"
    return Fault("size", message, "use fewer digits")


def tier_fault(name: str, market: Market, leverage: Decimal, limit: Decimal) -> Fault:
    """A leverage that the tier does not allow."""
    allowed = f"its tier of market {quote(market.name)} allows at most {show(limit)}"
    return Fault("leverage", f"'leverage' of account {quote(name)} is {show(leverage)}, {allowed}")


def twice_fault(name: str, position: Position) -> Fault:
    """Two positions of one side in a market."""
    message = (
        f"account {quote(name)} holds two {side_name(position.side)} positions in market "
        f"{quote(position.market)}"
    )
    return Fault(None, message, "write them as one")


def market_fault(market: str, known: Collection[str]) -> Fault:
    """A market that there is not."""
    return Fault("market", f"there is no market {quote(market)}", closest_hint(market, known))
