"""The declaration of `events:`: what happens on the path besides the marks.

Public: EventSpec and the models of its kinds.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from adlcalc.source.fields import Flag, Number, Positive, Step, Text, by_shape
from adlcalc.source.keys import Strict, Tag, key

Side = Literal["long", "short"]
_STEP = "when: after the marks have moved, before margin is looked at"
_MARKET = "the market; may be left out where there is one"


class DepositSpec(Strict):
    """Money from outside to the balance of an account."""

    step: Step = key(description=_STEP)
    account: Text = key(description="whose balance")
    deposit: Positive = key(description="how much")


class WithdrawSpec(Strict):
    """Money from the balance of an account to the outside."""

    step: Step = key(description=_STEP)
    account: Text = key(description="whose balance")
    withdraw: Positive = key(
        description="how much; more than equity less initial margin is refused, as the venue would"
    )


class TradeOf(Strict):
    """A fill against the rest of the market."""

    side: Side = key(description="long: it buys; short: it sells")
    size: Positive = key(
        description="contracts; what it holds on the other side is closed first, the rest is opened"
    )
    price: Positive | None = key(None, description="at which price; the mark if left out")
    leverage: Positive | None = key(
        None, description="chosen leverage of what it opens; that of its position there if left out"
    )
    margin: Literal["isolated", "cross"] | None = key(
        None, description="of what it opens: isolated or cross; as its first position has it if left out"
    )


class TradeSpec(Strict):
    """An account trades."""

    step: Step = key(description=_STEP)
    account: Text = key(description="who trades")
    market: Text | None = key(None, description=_MARKET)
    trade: TradeOf = key(description="side, size, price and leverage of the fill")


class MarginSpec(Strict):
    """Margin moved between the balance and an isolated position."""

    step: Step = key(description=_STEP)
    account: Text = key(description="whose position")
    market: Text | None = key(None, description=_MARKET)
    side: Side | None = key(None, description="its side; may be left out where it holds one")
    margin: Number = key(
        description="added to the position out of the account's balance (give it one); below zero: taken back"
    )


class FundDepositSpec(Strict):
    """Money from outside to an insurance fund."""

    step: Step = key(description=_STEP)
    fund: Text = key(description="which one: fund, or the market's name where each has its own")
    deposit: Positive = key(description="how much")


class SettleSpec(Strict):
    """A market ends: everybody in it is closed at one price."""

    step: Step = key(description=_STEP)
    market: Text | None = key(None, description=_MARKET)
    settle: Positive = key(
        description="the price; losses go to the fund, then to the last resort, before anybody is paid"
    )


class HaltSpec(Strict):
    """A market stands still: marks move, and nothing in it is liquidated or deleveraged."""

    step: Step = key(description=_STEP)
    market: Text | None = key(None, description=_MARKET)
    halt: Flag = key(description="true: from this step on; false: it goes on")


KINDS = ("withdraw", "trade", "margin", "settle", "halt")


def _kind(value: Any) -> str | None:
    if not isinstance(value, dict):
        return None
    if "deposit" in value:
        return "<fund>" if "fund" in value else "<deposit>"
    return next((f"<{kind}>" for kind in KINDS if kind in value), None)


EventSpec = Annotated[
    Annotated[DepositSpec, Tag("<deposit>")]
    | Annotated[WithdrawSpec, Tag("<withdraw>")]
    | Annotated[TradeSpec, Tag("<trade>")]
    | Annotated[MarginSpec, Tag("<margin>")]
    | Annotated[FundDepositSpec, Tag("<fund>")]
    | Annotated[SettleSpec, Tag("<settle>")]
    | Annotated[HaltSpec, Tag("<halt>")],
    by_shape(_kind, "a map with a step and one of deposit, withdraw, trade, margin, settle, halt"),
]
