"""What the path brought besides marks, and what came of it, folded into rows of one shape.

Public: HappenedRow, happened_rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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
    stop, take-profit, stop missed, mark moved, mark recovering, fee. amount: money moved (of a trade: the
    margin that it took; of one refused: what it needed; of a stop or take-profit: what it brought less than
    its trigger); bankrupt: of a fee out of the surplus of a liquidated position: whose that was; allowed: how
    much might have been; what: of one refused or spared, what or why. trigger: of a stop or take-profit; of a
    mark: what it was before, price being what it is."""

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
    bankrupt: str | None = None


def happened_rows(events: Iterable[Event], owners: Mapping[int, str]) -> tuple[HappenedRow, ...]:
    """In the order in which it happened. owners: whose position each claim is."""
    rows = ((event, row) for event in events if (row := _row(event)) is not None)
    return tuple(
        row._replace(bankrupt=owners.get(event.claim))
        if isinstance(event, FeePaid) and event.account is None
        else row
        for event, row in rows
    )


def _row(event: Event) -> HappenedRow | None:
    """What the event says under the names of the row, and what it says under others."""
    told = TOLD.get(type(event))
    if told is None or not (kind := told.kind(event)):
        return None
    values = {name: getattr(event, name) for name in HappenedRow._fields if hasattr(event, name)}
    named = {name: of(event) for name, of in told.named.items()}
    return HappenedRow(**{**values, **named, "kind": kind})


class HowTold(NamedTuple):
    """kind: of the row, '' where there is none; named: what the event has under another name than the row."""

    kind: Callable[[Any], str]
    named: Mapping[str, Callable[[Any], Any]] = {}


def _always(kind: str) -> Callable[[Any], str]:
    return lambda event: kind


TOLD: Mapping[type, HowTold] = {
    MoneyMoved: HowTold(
        lambda e: "deposit" if e.amount > 0 else "withdraw", {"amount": lambda e: e.amount.copy_abs()}
    ),
    MarginMoved: HowTold(_always("margin")),
    Traded: HowTold(_always("trade"), {"amount": lambda e: e.margin_held}),
    Refused: HowTold(_always("refused")),
    FundReceived: HowTold(lambda e: "fund deposit" if e.why == "deposit" else ""),
    Settled: HowTold(_always("settle")),
    PositionSettled: HowTold(_always("settled")),
    Halted: HowTold(lambda e: "halt" if e.halted else "resume"),
    OrderFilled: HowTold(lambda e: str(e.order), {"amount": lambda e: e.gap}),
    StopMissed: HowTold(_always("stop missed"), {"price": lambda e: e.mark, "amount": lambda e: e.gap}),
    MarkPushed: HowTold(
        lambda e: "mark recovering" if e.recovering else "mark moved",
        {"price": lambda e: e.after, "trigger": lambda e: e.before},
    ),
    FeePaid: HowTold(_always("fee"), {"what": lambda e: e.to}),
    Spared: HowTold(_always("spared"), {"what": lambda e: e.why}),
}
