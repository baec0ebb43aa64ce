"""The orders of a liquidation in the account's own name: which positions, how much of each, at which price at
worst, for which fee.

One short function per rule; `own_name.py` places the orders.

Public: AnyOrders, Order, schedule, order_size, deficit_sizes, limit_price, fillable_price, bankruptcy_quote,
quote_of, surplus_fee, equity_fee, remainder_fee, share_fee, remainder_fee_rate."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import NamedTuple

from adlcalc.engine.books.claims import Closing
from adlcalc.engine.books.holdings import Due, Holding
from adlcalc.engine.contract import INVERSE
from adlcalc.engine.events import How
from adlcalc.engine.formulas import margin
from adlcalc.engine.formulas.worked import Worked, rounded
from adlcalc.engine.rules import (
    AnyPrice,
    AtBankruptcy,
    AtBankruptcyOrMark,
    Charge,
    Deficit,
    FeeCap,
    Fillable,
    Portion,
    Whole,
)
from adlcalc.ground.numbers import CEILING, DOWN, FLOOR, HALF_EVEN, ONE, ZERO, D, divide, round_to
from adlcalc.ground.objects import record

AnyOrders = Whole | Portion | Deficit

RATIO_UNIT = D("1E-18")
"""Money that is only on the way to a size is kept to 18 decimals."""

FEE_PART = D("0.95")
"""Drift: the fund's fee is at most this part of the margin rate that is left."""


class Order(NamedTuple):
    """A position to be closed, and how much of it; size None: decided when its turn comes."""

    holding: Holding
    size: Decimal | None


def schedule(rules: AnyOrders, due: Due) -> list[Order]:
    """The orders of a due unit. Deficit: sized all at once, largest maintenance margin first; else one per
    position in file order."""
    if isinstance(rules, Deficit):
        return deficit_sizes(rules, due)
    return [Order(holding, None) for holding in due.unit.open_holdings()]


# --- how much -----------------------------------------------------------------------------------------------


def order_size(rules: Whole | Portion, holding: Holding, whole: bool, room: Decimal | None) -> Decimal:
    """How much of the position one order closes (rule liquidation.size): all, or `portion` of a notional
    above portion_above.

    portion: at least portion_at_least of notional; in lots rounded down, one lot at least. room: the notional
    that may still be sold in this step (rule liquidation.max_notional); None: any. All of it at the mark,
    whatever the fill pays. Sources: Hyperliquid (20 % above 100,000), dYdX v4 chain (portion, least notional
    and block limit)."""
    notional, lot = abs(holding.value()), holding.book.lot
    wanted = notional
    if isinstance(rules, Portion) and not whole and notional > rules.portion_above:
        wanted = max(notional * rules.portion, min(rules.portion_at_least, notional))
    if room is not None:
        if room * holding.size < notional * lot:
            return ZERO
        wanted = min(wanted, room)
    if wanted >= notional:
        return holding.size
    return min(max(round_to(divide(wanted * holding.size, notional), lot, DOWN), lot), holding.size)


def deficit_sizes(rules: Deficit, due: Due) -> list[Order]:
    """Close what restores the maintenance margin: largest maintenance margin first, each min(size, deficit /
    freed per contract) in lots rounded up; what it frees comes off the deficit.

    deficit = maintenance + rate_buffer x notional - equity / (1 + buffer); a contract frees its maintenance
    and its buffer, less what its closing costs (discount and fee). Sources: Dango book, close schedule
    (buffer); Drift v2, base to cover (rate_buffer, discount, fee)."""
    holdings = due.unit.open_holdings()
    notionals = {holding: abs(holding.value()) for holding in holdings}
    needs = {
        holding: margin.maintenance_margin(holding.lines(), notional) + rules.rate_buffer * notional
        for holding, notional in notionals.items()
    }
    deficit = sum(needs.values(), ZERO) - round_to(divide(due.equity, ONE + rules.buffer), RATIO_UNIT, FLOOR)
    orders = []
    for holding in sorted(holdings, key=lambda h: (-needs[h], h.order)):
        if deficit <= 0:
            break
        notional = notionals[holding]
        charge, fee = rules.charge, ZERO
        if charge and charge.fee_cap == FeeCap.REMAINDER:
            fee = remainder_fee_rate(charge, rules.discount, needs[holding], deficit, notional)
        freed = needs[holding] - (rules.discount + fee) * notional
        size = holding.size
        if freed > deficit:
            size = min(round_to(divide(deficit * holding.size, freed), holding.book.lot, CEILING), size)
        orders.append(Order(holding, size))
        deficit -= round_to(divide(freed * size, holding.size), RATIO_UNIT, FLOOR)
    return orders


# --- at which price -----------------------------------------------------------------------------------------


def limit_price(
    limit: AnyPrice | AtBankruptcy | AtBankruptcyOrMark | Fillable,
    due: Due,
    holding: Holding,
    bankrupt: Decimal | None,
) -> Decimal | None:
    """The worst price an order may be filled at (rule liquidation.limit); None: any."""
    if isinstance(limit, AtBankruptcy):
        return bankrupt
    if isinstance(limit, AtBankruptcyOrMark):
        return bankrupt if due.equity > 0 else holding.book.mark
    if isinstance(limit, Fillable):
        own = margin.maintenance_margin(holding.lines(), abs(holding.value()))
        contracts = holding.size * holding.book.contract.multiplier
        return fillable_price(
            limit,
            holding.side,
            contracts,
            abs(holding.value()),
            own,
            due.equity,
            due.maintenance,
            holding.book.tick,
        )
    return None


def fillable_price(
    rules: Fillable,
    side: int,
    size: Decimal,
    notional: Decimal,
    own: Decimal,
    equity: Decimal,
    maintenance: Decimal,
    tick: Decimal,
) -> Decimal:
    """(notional - s x ABR x spread x maintenance of the position) / size, ABR = adjustment x (1 - equity /
    maintenance) between 0 and 1.

    A long's lies below the mark and is rounded up to the tick, a short's above and is rounded down.
    Source: dYdX v4 chain, clob keeper, fillable price."""
    ratio = (
        Fraction(rules.adjustment) * (1 - Fraction(equity) / Fraction(maintenance))
        if maintenance
        else Fraction(1)
    )
    concession = min(max(ratio, Fraction(0)), Fraction(1)) * Fraction(rules.spread) * Fraction(own)
    ticks = (Fraction(notional) - side * concession) / Fraction(size) / Fraction(tick)
    return D(ceil(ticks) if side > 0 else floor(ticks)) * tick


def bankruptcy_quote(
    value_change: Decimal, own_change: Decimal, equity: Decimal, maintenance: Decimal, unit: Decimal
) -> Decimal:
    """The money that closing a part must bring so that the account loses its share of the equity and no more:
    -change of the position's value - floor(equity x |change of its maintenance| / maintenance), in units of
    money. Source: dYdX v4 chain, clob keeper, bankruptcy price in quote quantums."""
    share = (
        Fraction(equity) * Fraction(abs(own_change)) / Fraction(maintenance)
        if maintenance
        else Fraction(equity)
    )
    return -value_change - D(floor(share / Fraction(unit))) * unit


def quote_of(holding: Holding) -> Callable[[Decimal], Decimal]:
    """`bankruptcy_quote` of a part of a position, on the margins of the moment it is asked for: values cut to
    the unit toward zero, maintenance margins rounded up to it. Rule liquidation.rounding: money."""
    unit, book = holding.unit, holding.book

    def quote(size: Decimal) -> Decimal:
        values = {h: _cut(h, h.size) for h in unit.open_holdings()}
        needs = {h: _need(h, value) for h, value in values.items()}
        left = _cut(holding, holding.size - size)
        need_left = _need(holding, left)
        equity, maintenance = unit.cash() + sum(values.values(), ZERO), sum(needs.values(), ZERO)
        return bankruptcy_quote(
            left - values[holding], need_left - needs[holding], equity, maintenance, book.unit
        )

    return quote


def _cut(holding: Holding, size: Decimal) -> Decimal:
    """Value of `size` of a position at the mark, toward zero."""
    book = holding.book
    if book.contract.kind == INVERSE or not size:
        return book.value(holding.side * size, book.mark)
    return round_to(holding.side * size * book.contract.multiplier * book.mark, book.unit, DOWN)


def _need(holding: Holding, value: Decimal) -> Decimal:
    """Maintenance margin of as much of a position as is worth `value`, at the rate of the whole, rounded
    up."""
    whole, unit = abs(holding.value()), holding.book.unit
    rate = (
        Fraction(margin.maintenance_margin(holding.lines(), whole)) / Fraction(whole)
        if whole
        else Fraction(0)
    )
    return D(ceil(rate * Fraction(abs(value)) / Fraction(unit))) * unit


# --- for which fee ------------------------------------------------------------------------------------------


def surplus_fee(rules: Charge, claim: Closing, proceeds: Decimal, surplus: Decimal, unit: Decimal) -> How:
    """min(fee x value of the fill, surplus over the bankruptcy price), rounded down. Source: dYdX v4 chain,
    insurance fund delta."""
    by_rate = _by_rate(rules.fee, abs(proceeds), "value of the fill", unit)
    return by_rate, _at_most(by_rate, surplus, "surplus")


def equity_fee(rules: Charge, closed: Decimal, equity: Decimal, unit: Decimal) -> How:
    """min(fee x closed notional at the mark, equity that is left), rounded down. Source: Dango book,
    liquidation fee."""
    by_rate = _by_rate(rules.fee, closed, "notional closed", unit)
    return by_rate, _at_most(by_rate, equity, "equity left")


def remainder_fee(
    rules: Charge,
    discount: Decimal,
    needs: Decimal,
    equity: Decimal,
    notional: Decimal,
    closed: Decimal,
    unit: Decimal,
) -> How:
    """The fee rate that `remainder_fee_rate` leaves x closed notional at the mark, half even."""
    rate = remainder_fee_rate(rules, discount, needs, needs - equity, notional)
    fee = rounded("fee", "[fee rate] x [notional closed]", (rate, closed), rate * closed, unit)
    if not notional:
        return (fee,)
    formula = "max(min([fee], 0.95 x ([equity] / [notional] - [discount])), 0)"
    return Worked("fee rate", rate, formula, (rules.fee, equity, notional, discount), RATIO_UNIT, FLOOR), fee


def share_fee(share: Decimal, rate: Decimal, maintenance: Decimal, equity: Decimal, unit: Decimal) -> How:
    """min(share x fee x maintenance margin, equity), rounded down. Source: Paradex documentation,
    liquidation."""
    formula = "[share] x [fee rate] x [maintenance margin]"
    by_rate = rounded(
        "fee by the rate", formula, (share, rate, maintenance), share * rate * maintenance, unit, DOWN
    )
    return by_rate, _at_most(by_rate, equity, "equity")


def _by_rate(rate: Decimal, amount: Decimal, of: str, unit: Decimal) -> Worked:
    return rounded("fee by the rate", f"[fee rate] x [{of}]", (rate, amount), rate * amount, unit, DOWN)


def _at_most(fee: Worked, most: Decimal, what: str) -> Worked:
    least, formula = min(fee.result, max(most, ZERO)), f"min([{fee.name}], max([{what}], 0))"
    return record(Worked, ("fee", least, formula, (fee.result, most), None, HALF_EVEN))


def remainder_fee_rate(
    rules: Charge, discount: Decimal, needs: Decimal, deficit: Decimal, notional: Decimal
) -> Decimal:
    """The fund's fee rate: at most 95 % of what the margin rate leaves after discount and deficit, never
    below zero. min(fee, 0.95 x (rate with buffer - discount - deficit / notional)). Source: Drift v2,
    insurance fund fee of a liquidation."""
    if not notional:  # worth less than half a unit of money
        return ZERO
    left = round_to(divide(needs - deficit, notional), RATIO_UNIT, FLOOR) - discount
    return max(min(rules.fee, FEE_PART * left), ZERO)
