"""Which margin units are due, and the prices of their positions that explain it.

Public: is_due, find_due, Target, Priced, bankruptcy, bankrupt_values, values_of, less, EQUITY, stand_of, liquidated."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from typing import NamedTuple

from adlcalc.engine.books.holdings import Due, Holding, Unit
from adlcalc.engine.events import How, Liquidated
from adlcalc.engine.formulas import health, margin
from adlcalc.engine.formulas.health import Part, Stand
from adlcalc.engine.formulas.worked import Worked
from adlcalc.engine.rules import DueWhen, Rules
from adlcalc.engine.waterfall.state import State
from adlcalc.ground.numbers import CEILING, FLOOR, HALF_EVEN, ONE, ZERO
from adlcalc.ground.objects import record


def is_due(rules: Rules, equity: Decimal, maintenance: Decimal) -> bool:
    """Equity at or below maintenance margin (rule due: 'below' wants it strictly below)."""
    return equity < maintenance or (equity == maintenance and rules.margin.due == DueWhen.AT_OR_BELOW)


def find_due(state: State, units: Iterable[Unit]) -> tuple[list[Due], list[Due]]:
    """The units that are due at the marks, worst first; and those that are not. One that is spared
    (`State.spares`) is neither."""
    due: list[Due] = []
    safe: list[Due] = []
    spared = state.halted or state.scenario.exempt
    for unit in units:
        if unit.is_open():
            equity, maintenance = unit.margin()
            state.evaluations += 1
            one = record(Due, (unit, equity, maintenance))
            if not is_due(state.rules, equity, maintenance):
                safe.append(one)
            elif not (spared and state.spares(one)):
                due.append(one)
    due.sort(key=Due.order)
    return due, safe


VALUE, SHARE, EQUITY = "value at the bankruptcy price", "share of the equity", "equity"


class Target(NamedTuple):
    """The value of a position at its bankruptcy price, and how it was worked out."""

    value: Decimal
    how: How


class Priced(NamedTuple):
    """A price of a position (None where there is none), and how it was worked out."""

    price: Decimal | None
    how: How


def bankruptcy(holding: Holding, target: Target) -> Priced:
    """The bankruptcy price of a position that is worth `target` there (margin.bankruptcy_price)."""
    book, size, fee = holding.book, holding.size, holding.fee_inside()
    quotes = book.quotes[holding.side]
    price = quotes.bankruptcy_price(size, target.value, fee)
    if price is None:
        return Priced(None, target.how)
    how, what, of = target.how, "[that value]", target.how[-1].result
    if fee:
        sign, value = "-" if target.value > 0 else "+", abs(margin.with_fee(target.value, fee))
        parts = (of, fee)
        how = (*how, Worked("value with the fee", value, f"[that value] / (1 {sign} [fee])", parts))
        of = value
    if quotes.one_by_one:
        up, value = quotes.rises, margin.with_fee(target.value, fee)
        each = margin.value_of_one(size, value, book.unit)
        one = Worked(
            "value of a contract there",
            each if up else -each,
            "[that value] / [size]",
            (of, size),
            book.unit,
            CEILING if up else FLOOR,
        )
        how, of, size = (*how, one), one.result, ONE
    return record(Priced, (price, (*how, quotes.bankruptcy_worked(size, price, what, of))))


def bankrupt_values(unit: Unit) -> list[tuple[Holding, Target]]:
    """For each open position the value at which it has lost its share of the unit's equity
    (health.bankrupt_values)."""
    return values_of(unit, stand_of(unit))


def values_of(unit: Unit, stood: Stand) -> list[tuple[Holding, Target]]:
    """The same of a unit that stands so."""
    if len(stood.parts) == 1:
        holding = unit.holdings[0] if stood.alone else unit.open_holdings()[0]
        return [(holding, without_margin(unit, holding, stood.cash))]
    holdings = unit.open_holdings()
    values = [holding.value() for holding in holdings]
    needed = [
        margin.maintenance_margin(part.lines, abs(v)) for part, v in zip(stood.parts, values, strict=True)
    ]
    equity, (by, weights) = sum(values, stood.cash), health.weights_of(values, needed)
    whole, formula, out = sum(weights, ZERO), _share_formula(by), []
    shares = health.shares_of(equity, weights, whole)
    for holding, value, amount, weight in zip(holdings, values, shares, weights, strict=True):
        share = record(Worked, (SHARE, amount, formula, (equity, weight, whole), health.SHARE_UNIT, FLOOR))
        out.append((holding, less(holding, value, share)))
    return out


@cache
def _share_formula(by: str) -> str:
    """The formula of a position's share of the equity in words."""
    return f"[equity] x [its {by}] / [{by} of all]"


def without_margin(unit: Unit, holding: Holding, cash: Decimal) -> Target:
    """Of a position that is alone: its entry value less what is behind it, which is all its unit's cash."""
    book, cost, money, target = holding.book, holding.cost, unit.money(), -cash
    up = book.quotes[holding.side].rises
    pending = holding.pending_funding() if book.funding != holding.funding else ZERO
    parts = (abs(cost), money, pending) if pending else (abs(cost), money)
    formula = _without_margin(unit.isolated, up, bool(pending))
    made = record(Worked, (VALUE, target if up else -target, formula, parts, None, HALF_EVEN))
    return record(Target, (target, (made,)))


@cache
def _without_margin(isolated: bool, up: bool, pending: bool) -> str:
    """The formula of `without_margin` in words."""
    sign = "-" if up else "+"
    formula = f"[entry value] {sign} [{'collateral' if isolated else 'balance'}]"
    return f"{formula} {sign} [pending funding]" if pending else formula


def less(holding: Holding, value: Decimal, share: Worked) -> Target:
    """The value at the mark less an amount of equity."""
    up = holding.book.quotes[holding.side].rises
    target = value - share.result
    formula, parts = _less(share.name, up), (abs(value), share.result)
    how = record(Worked, (VALUE, target if up else -target, formula, parts, None, HALF_EVEN))
    return record(Target, (target, (how,) if share.name == EQUITY else (share, how)))


@cache
def _less(name: str, up: bool) -> str:
    """The formula of `less` in words."""
    return f"[value at the mark] {'-' if up else '+'} [{name}]"


def stand_of(unit: Unit) -> Stand:
    """How a unit stands now."""
    parts = [
        record(Part, (h.book.name, h.book.quotes[h.side], h.signed_size, h.lines(), h.book.mark))
        for h in unit.holdings
        if h.size
    ]
    return record(Stand, (tuple(parts), unit.cash(), len(unit.holdings) == 1))


def liquidated(
    state: State,
    due: Due,
    holding: Holding,
    size: Decimal,
    bankrupt: Priced,
    stood: Stand | None,
    method: str,
    number: int,
) -> Liquidated:
    """A position of which `size` is closed, with the prices that explain it: bankrupt, its bankruptcy price;
    that at which it was to be liquidated as its unit stood (None: at none)."""
    unit, book = due.unit, holding.book
    return record(Liquidated, (
        state.step, number, unit.holder.id, book.name, holding.side, size, holding.entry, book.mark,
        bankrupt.price, due.equity, due.maintenance, "isolated" if unit.isolated else "cross", method,
        bankrupt.how, stood,
    ))  # fmt: skip
