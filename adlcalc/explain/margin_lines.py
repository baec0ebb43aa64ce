"""The margin of a unit as a line of a story, and how a bankruptcy price comes about.

Public: margin_line, bankruptcy_formulas, money, added.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from adlcalc.engine.events import Liquidated
from adlcalc.engine.formulas.health import SHARE_UNIT
from adlcalc.engine.formulas.margin import bankruptcy_price
from adlcalc.engine.model import SMALLEST, Market, Scenario
from adlcalc.explain.story import Line
from adlcalc.explain.witness import MarginFact, PositionFact
from adlcalc.ground.numbers import FLOOR, ZERO, divide, round_to
from adlcalc.report.human import clean, digits, position

RULES = ("margin.maintenance", "margin.closing_fee", "margin.due")


def money(x: Decimal) -> str:
    """A number inside a formula; a negative one in brackets."""
    return f"({digits(x)})" if x < ZERO else digits(x)


def added(numbers: Iterable[Decimal]) -> str:
    """'12,000 + (-2,000)'."""
    return " + ".join(map(money, numbers))


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
        formulas.append(f"maintenance margin = {added(p.maintenance for p in fact.positions)} = {digits(fact.maintenance)}")
    due = scenario.rules.margin.due.replace("-", " ")
    formulas.append(f"equity {digits(fact.equity)} is {'' if fact.due else 'not '}{due} {digits(fact.maintenance)}")
    numbers = {**parts, "equity": fact.equity, "maintenance": fact.maintenance}
    return Line(fact.step, "margin", text, tuple(formulas), numbers, RULES, fact.account)


def _of(p: PositionFact, several: bool) -> str:
    """' of long 2 BTC-PERP'."""
    return f" of {position(p.side, p.size, p.market if several else None)}"


def _unrealized(name: str, p: PositionFact) -> str:
    numbers = f"{money(p.value)} - {money(p.cost)} = {digits(p.value - p.cost)}"
    return f"unrealized pnl{name} = value at {digits(p.mark)} - cost = {numbers}"


def _maintenance(name: str, p: PositionFact) -> str:
    """The line of the maintenance table that counts: the largest at this notional."""
    notional = abs(p.value)
    rate, deduction = max(p.lines, key=lambda line: line[0] * notional - line[1])
    if not rate and deduction < 0:
        return f"maintenance margin{name} = that of the value at entry {digits(abs(p.cost))} = {digits(p.maintenance)}"
    words, numbers = "rate x notional", f"{digits(rate)} x {digits(notional)}"
    if deduction:
        words, numbers = f"{words} - deduction", f"{numbers} - {money(deduction)}"
    return f"maintenance margin{name} = {words} = {numbers} = {digits(p.maintenance)}"


def bankruptcy_formulas(e: Liquidated, facts: Sequence[MarginFact], market: Market) -> list[str]:
    """From the unit's equity to the price, if the engine's function gives the event's price from these numbers; else nothing."""
    found = ((unit, p) for unit in facts for p in unit.positions if (p.market, p.side) == (e.market, e.side))
    unit, p = next(found, (None, None))
    if e.bankruptcy_price is None or unit is None or p is None or unit.margin != e.margin:
        return []
    whole = sum((one.maintenance for one in unit.positions), ZERO)
    alone = len(unit.positions) == 1 or not whole
    share = e.equity if alone else round_to(divide(e.equity * p.maintenance, whole), SHARE_UNIT, FLOOR)
    if bankruptcy_price(market.contract, e.side, p.size, p.value - share, market.tick) != e.bankruptcy_price:
        return []
    name, out = "equity", []
    if not alone:
        share = round_to(share, SMALLEST)  # it has too many digits to be read
        name = "share of the equity"
        numbers = f"{money(e.equity)} x {digits(p.maintenance)} / {digits(whole)}"
        out.append(f"{name} = equity x its maintenance margin / the account's = {numbers} = {digits(share)}")
    numbers = f"{money(p.value)} - {money(share)} = {digits(p.value - share)}"
    out.append(f"value at the bankruptcy price = value at the mark - {name} = {numbers}")
    direction = "up" if e.side > 0 else "down"
    out.append(f"bankruptcy price = the price of that value, rounded {direction} to the tick = {digits(e.bankruptcy_price)}")
    return out
