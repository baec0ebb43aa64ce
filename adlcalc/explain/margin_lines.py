"""The margin of a unit as a line of a story.

Public: margin_line.
"""

from __future__ import annotations

from decimal import Decimal

from adlcalc.engine.formulas.margin import commission
from adlcalc.engine.model import Scenario
from adlcalc.engine.waterfall.facts import MarginFact, PositionFact
from adlcalc.explain.formula import added, less, money
from adlcalc.explain.story import Line
from adlcalc.ground.numbers import ZERO
from adlcalc.report.human import clean, counted, digits, position

RULES = ("margin.maintenance", "margin.closing_fee", "margin.commission", "margin.due")


def margin_line(fact: MarginFact, scenario: Scenario, market: str | None = None) -> Line:
    """Equity against maintenance margin, and the verdict. market: only its positions are told one by one, the
    others as one sum."""
    several = len(scenario.markets) > 1
    shown = [p for p in fact.positions if market in (None, p.market)]
    others = [p for p in fact.positions if market not in (None, p.market)]
    rest = counted(len(others), "other position")
    held = ", ".join(position(p.side, p.size, p.market if several else None) for p in shown)
    held += f" and {rest}" if others else ""
    verdict = "it is due" if fact.due else "not liquidated"
    amounts = f"equity {digits(fact.equity)}, maintenance margin {digits(fact.maintenance)}"
    text = f"{clean(fact.account)}, {fact.margin} {held}: {amounts}: {verdict}"
    names = [_of(p, several) if len(fact.positions) > 1 else "" for p in shown]
    parts = {"collateral" if fact.margin == "isolated" else "balance": fact.cash}
    for name, p in zip(names, shown, strict=True):
        parts[f"unrealized pnl{name}"] = p.value - p.cost
    if others:
        parts[f"unrealized pnl of {rest}"] = sum((p.value - p.cost for p in others), ZERO)
    if fact.pending:
        parts["pending funding"] = fact.pending
    formulas = [_unrealized(name, p) for name, p in zip(names, shown, strict=True)]
    formulas.append(f"equity = {' + '.join(parts)} = {added(parts.values())} = {digits(fact.equity)}")
    rules = {one.name: one.maintenance for one in scenario.markets}
    fees = [commission(rules[p.market], isolated=fact.margin == "isolated") for p in shown]
    formulas += [_maintenance(*one) for one in zip(names, shown, fees, strict=True)]
    if len(fact.positions) > 1:
        needed = [p.maintenance for p in shown]
        needed += [sum((p.maintenance for p in others), ZERO)] if others else []
        of = f", the last that of {rest}" if others else ""
        formulas.append(f"maintenance margin = {added(needed)} = {digits(fact.maintenance)}{of}")
    due = scenario.rules.margin.due.replace("-", " ")
    formulas.append(
        f"equity {digits(fact.equity)} is {'' if fact.due else 'not '}{due} {digits(fact.maintenance)}"
    )
    numbers = {**parts, "equity": fact.equity, "maintenance": fact.maintenance}
    return Line(fact.step, "margin", text, tuple(formulas), numbers, RULES, fact.account)


def _of(p: PositionFact, several: bool) -> str:
    """' of long 2 BTC-PERP'."""
    return f" of {position(p.side, p.size, p.market if several else None)}"


def _unrealized(name: str, p: PositionFact) -> str:
    return less(f"unrealized pnl{name}", f"value at {digits(p.mark)}", p.value, "entry value", p.cost)


def _maintenance(name: str, p: PositionFact, closing_fee: Decimal) -> str:
    """The line of the maintenance table that counts: the largest at this notional. closing_fee: the
    part of its rate that is that."""
    if not p.rate and p.deduction < 0:
        return (
            f"maintenance margin{name} = that of the value at entry {digits(abs(p.cost))} = "
            f"{digits(p.maintenance)}"
        )
    if p.deduction < 0:  # what the notional at the mark is asked for is the closing fee
        entry, fee = digits(-p.deduction), f"{digits(p.rate)} x {digits(abs(p.value))}"
        words = "that of the value at entry + closing fee x notional"
        return f"maintenance margin{name} = {words} = {entry} + {fee} = {digits(p.maintenance)}"
    rate = digits(p.rate)
    if closing_fee:
        rate = f"({digits(p.rate - closing_fee)} + closing fee {digits(closing_fee)})"
    words, numbers = "rate x notional", f"{rate} x {digits(abs(p.value))}"
    if p.deduction:
        words, numbers = f"{words} - deduction", f"{numbers} - {money(p.deduction)}"
    return f"maintenance margin{name} = {words} = {numbers} = {digits(p.maintenance)}"
