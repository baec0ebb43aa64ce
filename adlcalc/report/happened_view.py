"""What the path brought besides marks, and what came of it, folded into rows of one shape.

Public: HappenedRow, happened_rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from adlcalc.engine.events import (
    Event,
    FeePaid,
    FundReceived,
    Halted,
    MarginMoved,
    MarkPushed,
    MoneyMoved,
    OrderFilled,
    PositionSettled,
    Refused,
    Settled,
    Spared,
    StopMissed,
    Traded,
)


class HappenedRow(NamedTuple):
    """kind: deposit, withdraw, margin, trade, fund deposit, settle, settled, halt, resume, spared, refused,
    stop, take-profit, stop missed, mark moved, mark recovering, fee. amount: money moved (of a trade: the margin
    that it took; of one refused: what it needed; of a stop or take-profit: what it brought less than its
    trigger); allowed: how much might have been; what: of one refused or spared, what or why. trigger: of a
    stop or take-profit; of a mark: what it was before, price being what it is."""

    step: int
    kind: str
    account: str | None = None
    market: str | None = None
    fund: str | None = None
    side: int | None = None
    size: Decimal | None = None
    price: Decimal | None = None
    trigger: Decimal | None = None
    closed: Decimal | None = None
    opened: Decimal | None = None
    realized_pnl: Decimal | None = None
    amount: Decimal | None = None
    allowed: Decimal | None = None
    what: str | None = None


def happened_rows(events: Iterable[Event]) -> tuple[HappenedRow, ...]:
    """In the order in which it happened."""
    made = ((ROW_OF.get(type(event)), event) for event in events)
    rows = (make(event) for make, event in made if make is not None)
    return tuple(row for row in rows if row is not None)


def _money(e: MoneyMoved) -> HappenedRow:
    kind = "deposit" if e.amount > 0 else "withdraw"
    return HappenedRow(e.step, kind, e.account, amount=e.amount.copy_abs())


def _margin(e: MarginMoved) -> HappenedRow:
    return HappenedRow(e.step, "margin", e.account, e.market, side=e.side, amount=e.amount)


def _traded(e: Traded) -> HappenedRow:
    return HappenedRow(
        e.step,
        "trade",
        e.account,
        e.market,
        side=e.side,
        size=e.size,
        price=e.price,
        closed=e.closed,
        opened=e.opened,
        realized_pnl=e.realized_pnl,
        amount=e.margin_held,
    )


def _refused(e: Refused) -> HappenedRow:
    return HappenedRow(
        e.step,
        "refused",
        e.account,
        e.market,
        side=e.side,
        amount=e.amount,
        allowed=e.allowed,
        what=e.what,
    )


def _fund(e: FundReceived) -> HappenedRow | None:
    if e.why != "deposit":
        return None
    return HappenedRow(e.step, "fund deposit", fund=e.fund, amount=e.amount)


def _settled_position(e: PositionSettled) -> HappenedRow:
    pnl = e.realized_pnl
    return HappenedRow(
        e.step, "settled", e.account, e.market, side=e.side, size=e.size, price=e.price, realized_pnl=pnl
    )


def _order(e: OrderFilled) -> HappenedRow:
    return HappenedRow(
        e.step,
        e.order,
        e.account,
        e.market,
        side=e.side,
        size=e.size,
        price=e.price,
        trigger=e.trigger,
        realized_pnl=e.realized_pnl,
        amount=e.gap,
    )


def _missed(e: StopMissed) -> HappenedRow:
    return HappenedRow(
        e.step,
        "stop missed",
        e.account,
        e.market,
        side=e.side,
        size=e.size,
        price=e.mark,
        trigger=e.trigger,
        amount=e.gap,
    )


def _pushed(e: MarkPushed) -> HappenedRow:
    kind = "mark recovering" if e.recovering else "mark moved"
    return HappenedRow(e.step, kind, market=e.market, price=e.after, trigger=e.before)


ROW_OF: dict[type, Callable[[Any], HappenedRow | None]] = {
    MoneyMoved: _money,
    MarginMoved: _margin,
    Traded: _traded,
    Refused: _refused,
    FundReceived: _fund,
    Settled: lambda e: HappenedRow(e.step, "settle", market=e.market, price=e.price),
    PositionSettled: _settled_position,
    Halted: lambda e: HappenedRow(e.step, "halt" if e.halted else "resume", market=e.market),
    OrderFilled: _order,
    StopMissed: _missed,
    MarkPushed: _pushed,
    FeePaid: lambda e: HappenedRow(e.step, "fee", e.account, e.market, amount=e.amount, what=e.to),
    Spared: lambda e: HappenedRow(e.step, "spared", e.account, e.market, what=e.why),
}
