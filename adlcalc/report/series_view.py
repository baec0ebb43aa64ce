"""A run step by step, as seen from one account, fund or market.

Public: SeriesRow, series_rows, of_fund, of_market, kind_of, BARS, bars.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from adlcalc.engine.events import Deleveraged, Event, Liquidated, StepEnded
from adlcalc.engine.model import Scenario
from adlcalc.ground.numbers import ZERO, drawing
from adlcalc.report.run_view import FundRow, StepRow, fund_rows, step_rows
from adlcalc.study.health import FAR, Health, ratio_text

if TYPE_CHECKING:
    from adlcalc.study.watch import Watch

BARS = "▁▂▃▄▅▆▇█"


class SeriesRow(NamedTuple):
    """One step of a series. Of an account: a row for each open position, one without a position where it
    holds none; equity, unit_maintenance and margin_ratio are those of the position's margin unit,
    account_equity is that of all its units and its free balance. Of a fund:
    its balance, what it received and paid, and the unrealized pnl of what the venue holds in its markets. Of
    a market: the contracts that were liquidated and deleveraged in the step."""

    step: int
    time: str | None
    series: str
    kind: str
    market: str | None = None
    side: int | None = None
    size: Decimal | None = None
    mark: Decimal | None = None
    equity: Decimal | None = None
    unit_maintenance: Decimal | None = None
    margin_ratio: Decimal | None = None
    liquidation_price: Decimal | None = None
    rank: int | None = None
    lights: int | None = None
    balance: Decimal | None = None
    received: Decimal | None = None
    paid: Decimal | None = None
    held: Decimal | None = None
    liquidated: Decimal | None = None
    deleveraged: Decimal | None = None
    account_equity: Decimal | None = None

    @property
    def ratio_text(self) -> str | None:
        """The margin ratio as data."""
        return ratio_text(self.margin_ratio)

    @property
    def drawn(self) -> Decimal | None:
        """What a little bar stands for: margin ratio, balance, mark."""
        return {"account": self.margin_ratio, "fund": self.balance}.get(self.kind, self.mark)


def kind_of(scenario: Scenario, name: str) -> str:
    """What a name names; an account before a fund before a market."""
    if any(one.id == name for one in scenario.accounts):
        return "account"
    return "fund" if name == "fund" or any(one.name == name for one in scenario.funds) else "market"


def series_rows(
    scenario: Scenario, events: Sequence[Event], watch: Watch | None, names: Sequence[str]
) -> Iterator[SeriesRow]:
    """Series after series, in the order in which they were asked for."""
    steps = step_rows(events) if names else ()
    for name in dict.fromkeys(names):
        kind = kind_of(scenario, name)
        if kind == "account" and watch is not None:
            yield from _of_account(scenario, steps, watch, name)
        elif kind == "fund":
            yield from of_fund(scenario, steps, events, name)
        elif kind == "market":
            yield from of_market(steps, events, name)


def _of_account(scenario: Scenario, steps: Sequence[StepRow], watch: Watch, name: str) -> Iterator[SeriesRow]:
    health = Health(scenario)
    for moment in watch.moments:
        if moment.before or moment.state.account != name:
            continue
        step = steps[moment.step]
        held, whole = health.of(moment.state), moment.state.equity_end
        if not held:
            yield SeriesRow(step.step, step.time, name, "account", equity=whole, account_equity=whole)
        for one in held:
            place = watch.places.get((moment.step, name, one.market, one.side))
            yield SeriesRow(
                step.step,
                step.time,
                name,
                "account",
                market=one.market,
                side=one.side,
                size=one.size,
                mark=one.mark,
                equity=one.equity,
                unit_maintenance=one.unit_maintenance,
                margin_ratio=one.margin_ratio,
                liquidation_price=one.liquidation_price,
                rank=place.rank if place else None,
                lights=place.lights if place else None,
                account_equity=whole,
            )


def of_fund(
    scenario: Scenario, steps: Sequence[StepRow], events: Sequence[Event], name: str
) -> Iterator[SeriesRow]:
    """`fund` is every fund where none is called so."""
    funds = [one.name for one in scenario.funds]
    wanted = [name] if name in funds else funds
    held = {
        (event.step, fund): pnl
        for event in events
        if isinstance(event, StepEnded)
        for fund, pnl in event.held
    }
    rows: dict[tuple[int, str], FundRow] = {(row.step, row.fund): row for row in fund_rows(events)}
    for fund in wanted:
        for step in steps:
            row = rows[step.step, fund]
            yield SeriesRow(
                step.step,
                step.time,
                fund,
                "fund",
                balance=row.closing,
                received=row.received,
                paid=row.paid,
                held=held.get((step.step, fund), ZERO),
            )


def of_market(steps: Sequence[StepRow], events: Sequence[Event], name: str) -> Iterator[SeriesRow]:
    sums: dict[tuple[int, bool], Decimal] = {}
    for event in events:
        if isinstance(event, Liquidated | Deleveraged) and event.market == name:
            key = event.step, isinstance(event, Liquidated)
            sums[key] = sums.get(key, ZERO) + event.size
    for step in steps:
        yield SeriesRow(
            step.step,
            step.time,
            name,
            "market",
            market=name,
            mark=step.marks[name],
            liquidated=sums.get((step.step, True), ZERO),
            deleveraged=sums.get((step.step, False), ZERO),
        )


def bars(values: Sequence[Decimal | None]) -> list[str]:
    """A little bar for each value, from the least (▁) to the greatest (█); nothing where there is no
    value."""
    known = [x for x in values if x is not None and x != FAR]
    low, high = min(known, default=ZERO), max(known, default=ZERO)

    def bar(x: Decimal | None) -> str:
        if x is None:
            return ""
        if x == FAR:
            return BARS[-1]
        with drawing():  # a margin ratio is a quotient of 60 digits
            level = (x - low) * len(BARS) // (high - low) if high > low else ZERO
        return BARS[min(int(level), len(BARS) - 1)]

    return [bar(x) for x in values]
