"""What an event's formula needs from the events before it or beside it, by the identity of the event.

Public: fund_balances, funding_since, shared_losses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from adlcalc.engine import events as ev
from adlcalc.engine.events import Event
from adlcalc.engine.formulas.funding import payment_per_contract
from adlcalc.engine.model import Scenario
from adlcalc.ground.numbers import ZERO


def fund_balances(events: Sequence[Event]) -> Iterator[tuple[int, tuple[Decimal, Decimal]]]:
    """For each posting to a fund its balance before and after."""
    balances: dict[str, Decimal] = {}
    for event in events:
        if isinstance(event, ev.Started):
            balances = dict(event.funds)
        elif isinstance(event, ev.FundPaid | ev.FundReceived):
            before = balances.get(event.fund, ZERO)
            after = before + (event.amount if isinstance(event, ev.FundReceived) else -event.amount)
            balances[event.fund] = after
            yield id(event), (before, after)


def funding_since(events: Sequence[Event], scenario: Scenario) -> Iterator[tuple[int, Decimal]]:
    """For each settlement what one long contract has paid since the position's last one."""
    contracts = {market.name: market.contract for market in scenario.markets}
    paid = dict.fromkeys(contracts, ZERO)
    settled: dict[tuple[str, str, int], Decimal] = {}
    for event in events:
        if isinstance(event, ev.FundingPaid):
            paid[event.market] += payment_per_contract(contracts[event.market], event.rate, event.mark)
        elif isinstance(event, ev.FundingSettled):
            key = (event.account, event.market, event.side)
            yield id(event), paid[event.market] - settled.get(key, ZERO)
            settled[key] = paid[event.market]


def shared_losses(events: Sequence[Event]) -> Iterator[tuple[int, tuple[Decimal, Decimal]]]:
    """For each share of a loss the sum of the shares and of their bases. A loss ends where something else but funding happens, or
    where an account bears for the second time."""
    group: list[ev.LossSocialized] = []

    def told() -> Iterator[tuple[int, tuple[Decimal, Decimal]]]:
        whole = (sum((one.amount for one in group), ZERO), sum((one.base for one in group), ZERO))
        yield from ((id(one), whole) for one in group)
        group.clear()

    for event in events:
        if isinstance(event, ev.LossSocialized):
            if any((one.account, one.market) == (event.account, event.market) for one in group[:1]):
                yield from told()
            group.append(event)
        elif group and not isinstance(event, ev.FundingSettled):
            yield from told()
    yield from told()
