"""What the path brought besides marks, as lines of a story.

Public: HAPPENED_LINES, before_margin.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
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


def _order(e: ev.OrderFilled) -> Line:
    text = f"{clean(e.account)}: the {e.order} at {digits(e.trigger)} closes {side_name(e.side)}"
    text += f" {digits(e.size)} {clean(e.market)} in the book at {digits(e.price)}: realized pnl"
    text += f" {digits(e.realized_pnl)}, {_gap(e.gap)}"
    if e.left:
        text += f"; {digits(e.left)} more than the book takes, tried again at the next step"
    amounts = {"size": e.size, "price": e.price, "realized_pnl": e.realized_pnl, "gap": e.gap}
    return Line(e.step, e.order, text, tuple(formulas(e.how)), amounts, account=e.account)


def _gap(gap: Decimal) -> str:
    """What a fill brought less, or more, than its trigger would have."""
    if not gap:
        return "what its price promised"
    return f"{digits(abs(gap))} {'less' if gap > 0 else 'more'} than its price promised"


def _missed(e: ev.StopMissed) -> Line:
    text = (
        f"{clean(e.account)}: the mark goes from {digits(e.previous)} to {digits(e.mark)}, past the stop at"
    )
    text += f" {digits(e.trigger)} to where its {side_name(e.side)} {digits(e.size)} {clean(e.market)} is"
    text += f" liquidated: a gap of {digits(e.gap)}"
    return Line(e.step, "stop missed", text, (), {"gap": e.gap}, account=e.account)


def _pushed(e: ev.MarkPushed) -> Line:
    market = clean(e.market)
    text = (
        f"fills in the book move the mark of {market} from {digits(e.before)} to {digits(e.after)} (a model)"
    )
    if e.recovering:
        text = f"what fills have done to the mark of {market} leaves it at {digits(e.after)},"
        text += f" where the path has {digits(e.before)} (a model)"
    return Line(e.step, "feedback", text, tuple(formulas(e.how)), {"before": e.before, "after": e.after})


def _fee(e: ev.FeePaid) -> Line:
    to = "the fund" if e.to == "fund" else "the venue"
    text = f"{digits(e.amount)} of the surplus is a fee to {to}"
    if e.account is not None:
        text = f"{clean(e.account)} pays {to} a fee of {digits(e.amount)}"
        if e.amount < 0:
            text = f"{clean(e.account)} gets a rebate of {digits(-e.amount)} from the venue"
    rules = (e.rule,) if e.rule else ("fees.taker", "fees.liquidation")
    return Line(e.step, "fee", text, tuple(formulas(e.how)), {"amount": e.amount}, rules, e.account)


HAPPENED_LINES: dict[type, Callable[[Any], Line]] = {
    ev.MoneyMoved: _money,
    ev.MarginMoved: _margin,
    ev.Traded: _traded,
    ev.Refused: _refused,
    ev.Settled: _settled,
    ev.PositionSettled: _position_settled,
    ev.Halted: _halted,
    ev.Spared: _spared,
    ev.FeePaid: _fee,
    ev.OrderFilled: _order,
    ev.StopMissed: _missed,
    ev.MarkPushed: _pushed,
}
