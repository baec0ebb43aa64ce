"""Which margin units are due, and the prices of their positions that explain it.

Public: is_due, find_due, bankruptcy, bankrupt_values, liquidation_price, liquidated.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from adlcalc.engine.books.holdings import Due, Holding, Unit
from adlcalc.engine.events import Liquidated
from adlcalc.engine.formulas import health, margin
from adlcalc.engine.rules import Due as RuleDue
from adlcalc.engine.rules import Rules
from adlcalc.engine.waterfall.state import State


def is_due(rules: Rules, equity: Decimal, maintenance: Decimal) -> bool:
    """Equity at or below maintenance margin (rule due: 'below' wants it strictly below)."""
    return equity < maintenance or (equity == maintenance and rules.margin.due == RuleDue.AT_OR_BELOW)


def find_due(state: State, units: Iterable[Unit]) -> tuple[list[Due], list[Due]]:
    """The units that are due at the marks, worst first; and those that are not."""
    due: list[Due] = []
    safe: list[Due] = []
    for unit in units:
        if unit.is_open():
            equity, maintenance = unit.margin()
            state.evaluations += 1
            found = due if is_due(state.rules, equity, maintenance) else safe
            found.append(Due(unit, equity, maintenance))
    due.sort(key=Due.order)
    return due, safe


def bankruptcy(holding: Holding, target: Decimal) -> Decimal | None:
    """The bankruptcy price of a position that is worth `target` there (margin.bankruptcy_price)."""
    book = holding.book
    return margin.bankruptcy_price(book.contract, holding.side, holding.size, target, book.tick)


def bankrupt_values(unit: Unit) -> list[tuple[Holding, Decimal]]:
    """For each open position the value at which it has lost its share of the unit's equity (health.bankrupt_values)."""
    holdings = unit.holdings if len(unit.holdings) == 1 else unit.open_holdings()
    if len(holdings) == 1:
        return [(holdings[0], -unit.cash())]
    values = [holding.value() for holding in holdings]
    needed = [margin.maintenance_margin(holding.lines(), abs(v)) for holding, v in zip(holdings, values, strict=True)]
    return list(zip(holdings, health.bankrupt_values(unit.cash(), values, needed), strict=True))


def liquidation_price(unit: Unit, holding: Holding) -> Decimal | None:
    """The mark of its market at which the position is told to be liquidated, as its unit stands (health.liquidation_price)."""
    book, legs, cash = holding.book, [], unit.cash()
    for one in unit.open_holdings():
        if one.book is book:
            legs.append(health.Leg(one.signed_size, one.lines()))
        else:  # the other markets are held: equity there, less what they need
            worth = one.value()
            cash += worth - margin.maintenance_margin(one.lines(), abs(worth))
    return health.liquidation_price(book.contract, legs, cash, holding.side, book.tick)


def liquidated(
    state: State,
    due: Due,
    holding: Holding,
    *,
    size: Decimal,
    price: Decimal | None,
    trigger: Decimal | None,
    method: str,
    number: int,
) -> Liquidated:
    """A position of which `size` is closed, with the prices that explain it; trigger: its liquidation price."""
    return Liquidated(
        step=state.step,
        claim=number,
        account=due.unit.holder.id,
        market=holding.book.name,
        side=holding.side,
        size=size,
        entry_price=holding.entry,
        mark_price=holding.book.mark,
        bankruptcy_price=price,
        liquidation_price=trigger,
        equity=due.equity,
        maintenance=due.maintenance,
        margin="isolated" if due.unit.isolated else "cross",
        method=method,
    )
