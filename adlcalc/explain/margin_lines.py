"""The margin of a unit as a line of a story.

Public: margin_line.
"""

from __future__ import annotations

from adlcalc.engine.model import Scenario
from adlcalc.engine.waterfall.facts import MarginFact, PositionFact
from adlcalc.explain.formula import added, less, money
from adlcalc.explain.story import Line
from adlcalc.report.human import clean, digits, position

RULES = ("margin.maintenance", "margin.closing_fee", "margin.commission", "margin.due")


def margin_line(fact: MarginFact, scenario: Scenario) -> Line:
    """Equity against maintenance margin, and the verdict."""
    several = len(scenario.markets) > 1
    held = ", ".join(position(p.side, p.size, p.market if several else None) for p in fact.positions)
    verdict = "it is due" if fact.due else "not liquidated"
    amounts = f"equity {digits(fact.equity)}, maintenance margin {digits(fact.maintenance)}"
    text = f"{clean(fact.account)}, {fact.margin} {held}: {amounts}: {verdict}"
    names = [_of(p, several) if len(fact.positions) > 1 else "" for p in fact.positions]
    parts = {"collateral" if fact.margin == "isolated" else "balance": fact.cash}
    for name, p in zip(names, fact.positions, strict=True):
        parts[f"unrealized pnl{name}"] = p.value - p.cost
    if fact.pending:
        parts["pending funding"] = fact.pending
    formulas = [_unrealized(name, p) for name, p in zip(names, fact.positions, strict=True)]
    formulas.append(f"equity = {' + '.join(parts)} = {added(parts.values())} = {digits(fact.equity)}")
    formulas += [_maintenance(name, p) for name, p in zip(names, fact.positions, strict=True)]
    if len(fact.positions) > 1:
        formulas.append(
            f"maintenance margin = {added(p.maintenance for p in fact.positions)} = {digits(fact.maintenance)}"
        )
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


def _maintenance(name: str, p: PositionFact) -> str:
    """The line of the maintenance table that counts: the largest at this notional."""
    if not p.rate and p.deduction < 0:
        return f"maintenance margin{name} = that of the value at entry {digits(abs(p.cost))} = {digits(p.maintenance)}"
    if p.deduction < 0:  # what the notional at the mark is asked for is the closing fee
        entry, fee = digits(-p.deduction), f"{digits(p.rate)} x {digits(abs(p.value))}"
        words = "that of the value at entry + closing fee x notional"
        return f"maintenance margin{name} = {words} = {entry} + {fee} = {digits(p.maintenance)}"
    words, numbers = "rate x notional", f"{digits(p.rate)} x {digits(abs(p.value))}"
    if p.deduction:
        words, numbers = f"{words} - deduction", f"{numbers} - {money(p.deduction)}"
    return f"maintenance margin{name} = {words} = {numbers} = {digits(p.maintenance)}"
