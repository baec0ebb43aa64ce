"""What the path brought besides marks, as lines of a story.

Public: HAPPENED_LINES, before_margin.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adlcalc.engine import events as ev
from adlcalc.engine.events import Event
from adlcalc.engine.model import side_name
from adlcalc.explain.formula import formulas
from adlcalc.explain.story import Line
from adlcalc.report.human import clean, digits


def before_margin(event: Event) -> bool:
    """Did it happen before margin was looked at?"""
    return isinstance(event, ev.MoneyMoved | ev.MarginMoved | ev.Traded | ev.Refused | ev.Settled | ev.Halted)


def _money(e: ev.MoneyMoved) -> Line:
    verb = "deposits" if e.amount > 0 else "withdraws"
    text = f"{clean(e.account)} {verb} {digits(abs(e.amount))}: balance {digits(e.balance)}"
    return Line(e.step, "money", text, (), {"amount": e.amount, "balance": e.balance}, account=e.account)


def _margin(e: ev.MarginMoved) -> Line:
    way = "to" if e.amount > 0 else "from"
    text = f"{clean(e.account)} moves {digits(abs(e.amount))} of margin {way} its {side_name(e.side)}"
    text += f" {clean(e.market)}: collateral {digits(e.collateral)}, balance {digits(e.balance)}"
    amounts = {"amount": e.amount, "collateral": e.collateral, "balance": e.balance}
    return Line(e.step, "margin moved", text, (), amounts, account=e.account)


def _traded(e: ev.Traded) -> Line:
    parts = [f"closes {digits(e.closed)}, realized pnl {digits(e.realized_pnl)}"] if e.closed else []
    if e.opened:
        taken = f", margin {digits(e.margin_held)}" if e.margin_held else ""
        parts.append(f"opens {side_name(e.side)} {digits(e.opened)}{taken}")
    verb = "buys" if e.side > 0 else "sells"
    text = f"{clean(e.account)} {verb} {digits(e.size)} {clean(e.market)} at {digits(e.price)}: "
    amounts = {"size": e.size, "price": e.price, "realized_pnl": e.realized_pnl, "margin": e.margin_held}
    return Line(e.step, "trade", text + "; ".join(parts), tuple(formulas(e.how)), amounts, account=e.account)


def _refused(e: ev.Refused) -> Line:
    what = {
        "withdraw": f"{clean(e.account)} may not withdraw {digits(e.amount)}",
        "margin": f"{clean(e.account)} may not move {digits(e.amount)} of margin",
        "trade": f"{clean(e.account)} may not trade: it lacks {digits(e.amount)}",
    }[e.what]
    if e.what == "trade" and e.how:
        what = f"{clean(e.account)} may not open: it needs {digits(e.amount)}"
    text = f"{what}, {digits(e.allowed)} is free: refused whole"
    amounts = {"amount": e.amount, "allowed": e.allowed}
    return Line(e.step, "refused", text, tuple(formulas(e.how)), amounts, account=e.account)


def _settled(e: ev.Settled) -> Line:
    text = f"{clean(e.market)} is settled at {digits(e.price)}: everybody in it is closed,"
    text += f" {digits(e.long)} long and {digits(e.short)} short"
    return Line(e.step, "settlement", text, (), {"price": e.price}, ("last_resort.policy",))


def _position_settled(e: ev.PositionSettled) -> Line:
    text = f"{clean(e.account)}: {side_name(e.side)} {digits(e.size)} {clean(e.market)} is closed at"
    text += f" {digits(e.price)}, realized pnl {digits(e.realized_pnl)}"
    amounts = {"size": e.size, "price": e.price, "realized_pnl": e.realized_pnl}
    return Line(e.step, "settled", text, (), amounts, account=e.account)


def _halted(e: ev.Halted) -> Line:
    text = f"{clean(e.market)} is halted: nothing in it is liquidated" if e.halted else ""
    return Line(e.step, "halt", text or f"{clean(e.market)} goes on")


def _spared(e: ev.Spared) -> Line:
    why = "is exempt" if e.why == "exempt" else "has a position in a halted market"
    text = f"{clean(e.account)} is due and left alone, for it {why}"
    amounts = {"equity": e.equity, "maintenance": e.maintenance}
    return Line(e.step, "spared", text, (), amounts, account=e.account)


HAPPENED_LINES: dict[type, Callable[[Any], Line]] = {
    ev.MoneyMoved: _money,
    ev.MarginMoved: _margin,
    ev.Traded: _traded,
    ev.Refused: _refused,
    ev.Settled: _settled,
    ev.PositionSettled: _position_settled,
    ev.Halted: _halted,
    ev.Spared: _spared,
}
