"""Where two runs part: the first event that one of them lacks, else the first that is of other contracts,
else of other money. What a fund holds is no difference: two runs may have funds of different sizes.

Public: Part, first_part, same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from adlcalc.engine.events import (
    AccountEnded,
    Ended,
    Event,
    FundResumed,
    FundStopped,
    Liquidated,
    MarkMoved,
    Started,
    StepEnded,
)

PASSED_OVER = (Started, MarkMoved, StepEnded, AccountEnded, Ended)
"""The frame of a run, and how it ends: what follows from what happened."""
OF_THE_FUND = (FundStopped, FundResumed)
HELD = frozenset(("before", "after", "balance", "peak", "fall", "limit", "left", "how", "stood"))
"""What only tells of a fund's size, or comes to something that is looked at itself."""


class Part(NamedTuple):
    """Where they part. kind: 'lacks', 'contracts', 'money'; first, second: the event in each; None where that
    one lacks it."""

    kind: PartKind
    first: Event | None
    second: Event | None

    @property
    def event(self) -> Event:
        """The event, of the first run where both have it."""
        found = self.first if self.first is not None else self.second
        assert found is not None
        return found


class PartKind(StrEnum):
    """What it is that differs."""

    LACKS = "lacks"
    CONTRACTS = "contracts"
    MONEY = "money"


Key = tuple[int, str, str, str, str]


def _key(event: Event) -> Key:
    """Step, kind, account, market, and for whom."""
    account = getattr(event, "account", "") or getattr(event, "provider", "") or getattr(event, "fund", "")
    return (
        event.step,
        type(event).__name__,
        str(account),
        str(getattr(event, "market", "")),
        str(getattr(event, "bankrupt", "")),
    )


def _happened(events: Iterable[Event]) -> Iterator[tuple[tuple[Key, int], Event]]:
    """What happened, each with how many of its kind came before it."""
    seen: Counter[Key] = Counter()
    for event in events:
        if not isinstance(event, PASSED_OVER):
            key = _key(event)
            yield (key, seen[key]), event
            seen[key] += 1


def first_part(first: Sequence[Event], second: Sequence[Event], of: Collection[str] = ()) -> Part | None:
    """Where two runs part first; None where the same happens in both. of: the accounts that were asked for:
    where one run lacks an event of theirs it is that one."""
    one, two = dict(_happened(first)), dict(_happened(second))
    if of:
        theirs = _parted(*({key: x for key, x in run.items() if key[0][2] in of} for run in (one, two)))
        if theirs is not None and theirs.kind is PartKind.LACKS:
            return theirs
    return _parted(one, two)


Happened = Mapping[tuple[Key, int], Event]


def _parted(one: Happened, two: Happened) -> Part | None:
    missing = [
        (event.step, i, event, mine)
        for mine, there, other in ((True, one, two), (False, two, one))
        for i, (key, event) in enumerate(there.items())
        if key not in other
    ]
    if missing:
        _, _, event, mine = min(missing, key=lambda found: (found[0], found[1], not found[3]))
        return Part(PartKind.LACKS, *((event, None) if mine else (None, event)))
    looks: tuple[tuple[PartKind, Callable[[Event], Any]], ...] = (
        (PartKind.CONTRACTS, _contracts),
        (PartKind.MONEY, _all),
    )
    for kind, look in looks:
        for key, event in one.items():
            if look(event) != look(two[key]):
                return Part(kind, event, two[key])
    return None


def _contracts(event: Event) -> tuple[Decimal | None, ...]:
    return tuple(getattr(event, name, None) for name in ("size", "rank"))


def _all(event: Event) -> dict[str, Any]:
    """Everything of it but what a fund holds."""
    fields = {name: value for name, value in event._asdict().items() if name not in HELD}
    if isinstance(event, Liquidated):
        fields["liquidation_how"] = event.liquidation_how
    return fields


def same(first: Sequence[Event], second: Sequence[Event]) -> bool:
    """Does the same happen in both, to the last unit? A fund that stops without anything else following from
    it is no difference."""
    mine, theirs = (
        [_all(event) for event in events if not isinstance(event, (*PASSED_OVER, *OF_THE_FUND))]
        for events in (first, second)
    )
    return mine == theirs
