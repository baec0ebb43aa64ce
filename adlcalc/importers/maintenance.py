"""The maintenance margin of a market, read from a row in the way that agrees with what the row itself says.

ccxt's maintenanceMarginPercentage is the rate of a tier at some exchanges; elsewhere it holds the fee of
closing, is a percentage, lacks the deduction of the tier, or is the margin at the liquidation price. Each of
these is a reading. The first one is taken under which the row's own maintenance margin and, of an isolated
position, its own liquidation price come out; where none does, the nearest.

Public: Reading, readings, chosen, Judged, written.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from adlcalc.engine.contract import OF_ENTRY
from adlcalc.engine.formulas.margin import commission
from adlcalc.engine.model import SMALLEST, Maintenance
from adlcalc.ground.numbers import ZERO, D, divide, round_to, show
from adlcalc.importers.positions import Found
from adlcalc.importers.touchstone import TOLERANCE, Unit, liquidation_of, maintenance_at, off
from adlcalc.venues.maintenance import MaintenanceValue, TierLine, TierTable
from adlcalc.venues.rulebook import Rulebook

HIGHEST = D("0.5")
"""A rate above it is no rate of a position that anybody holds."""


class Reading(NamedTuple):
    """value: the rule as a scenario has it, None for the rulebook's own; why: a sentence about it."""

    value: MaintenanceValue | None
    why: str


class Judged(NamedTuple):
    """A reading, the engine's rule of it, and by how much it misses the row's own numbers (None: the row has
    none)."""

    reading: Reading
    rule: Maintenance
    miss: Decimal | None


ASSUMED = "the maintenance margin rate of the position's tier holds at every size; --tiers gives the table"


def readings(one: Found, rulebook: Rulebook) -> Iterator[Reading]:
    """The ways to read a row, the one that the exchange means first."""
    exchange = one.exchange
    rule = rulebook.maintenance(one.contract.kind, own=ZERO, money_unit=SMALLEST, lot=SMALLEST)
    fee = commission(rule, isolated=not one.cross)
    inside = exchange.fee or ZERO
    if (
        exchange.table
        and one.base in (exchange.table, "XBT")
        and (one.maintenance or one.liquidation)
        and _is_shipped(one, rulebook)
    ):
        yield Reading(
            None, f"the row's numbers are those of the rulebook's table of {exchange.table}, which is taken"
        )
    rates = dict(_rates(one, inside))
    for rate, why in rates.items():
        told = one.maintenance
        usable = told is not None and exchange.percent != "percent" and not _is_at_liquidation(one)
        lacking = ZERO if told is None or not usable else (rate + inside) * one.notional - told
        if told is not None and lacking > TOLERANCE * told and rate:
            amount = round_to(lacking, SMALLEST)
            if amount < rate * one.notional:
                yield Reading(
                    _with_deduction(rate, amount),
                    f"rate {show(rate)} less the maintenance amount {show(amount)} of the row's tier",
                )
        yield Reading(rate, why)
    if one.maintenance is not None:
        if _is_at_liquidation(one) and one.liquidation is not None:
            rate = round_to(divide(one.maintenance, abs(one.value_at(one.liquidation))) - fee, SMALLEST)
            why = (
                "the row's maintenance margin is that at its liquidation price, so the rate is "
                f"{show(rate)}; {ASSUMED}"
            )
        else:
            rate = round_to(divide(one.maintenance, one.notional) - inside, SMALLEST)
            why = f"maintenance margin / notional of the row is the rate {show(rate)}; {ASSUMED}"
        if ZERO <= rate <= HIGHEST and rate not in rates:
            yield Reading(rate, why)
    yield Reading(None, "no maintenance margin rate is given; the rulebook's is taken")
    if not rates and one.maintenance is None and one.margin is not None and one.liquidation is not None:
        spare = one.margin + one.value_at(one.liquidation) - one.cost
        of_entry = rulebook.values[one.contract.kind].margin.maintenance_on == OF_ENTRY
        value = one.cost if of_entry else one.value_at(one.liquidation)
        rate = round_to(divide(spare, abs(value)) - fee, SMALLEST)
        if ZERO <= rate <= HIGHEST:
            yield Reading(
                rate, f"rate {show(rate)} is what makes the row's own liquidation price, which so is no check"
            )


def _is_shipped(one: Found, rulebook: Rulebook) -> bool:
    """Whether the rulebook is that of the row's exchange, and not another's or generic."""
    name = one.exchange.rulebook or one.venue or ""
    return rulebook.venue == name or rulebook.venue.startswith(f"{name}-")


def _rates(one: Found, inside: Decimal) -> Iterator[tuple[Decimal, str]]:
    """Rates that the row gives, each with what it is."""
    exchange = one.exchange
    if one.rate is not None and ZERO <= one.rate <= HIGHEST:
        yield one.rate, ASSUMED
    percent = one.percent
    if percent is None or percent < 0 or (exchange.percent == "at-liquidation" and one.rate is not None):
        return
    if exchange.percent == "with-fee" and inside < percent <= HIGHEST:
        rate = percent - inside
        why = (
            f"the row's percentage {show(percent)} holds the fee of closing {show(inside)}, which is taken "
            f"off; {ASSUMED}"
        )
        yield rate, why
    if exchange.percent == "percent" or percent > HIGHEST:
        rate = percent.scaleb(-2)
        if rate <= HIGHEST:
            yield (
                rate,
                f"maintenanceMarginPercentage {show(percent)} is a percentage: rate {show(rate)}; {ASSUMED}",
            )
    elif exchange.percent != "with-fee":
        yield percent, ASSUMED


def _with_deduction(rate: Decimal, amount: Decimal) -> TierTable:
    """rate x n - amount, and nothing below the notional at which that is zero."""
    floor = round_to(divide(amount, rate), SMALLEST)
    return TierTable(tiers=[TierLine(up_to=floor, rate=ZERO), TierLine(rate=rate)])


def chosen(one: Found, rulebook: Rulebook) -> Judged:
    """The reading under which the row agrees with itself, else the one that misses least, the first of
    equals."""
    judged = [_judge(one, reading, rulebook) for reading in readings(one, rulebook)]
    agreeing = [each for each in judged if each.miss is None or each.miss <= TOLERANCE]
    if agreeing:
        return agreeing[0]
    given = [each for each in judged if each.reading.value is not None] or judged
    return min(given, key=lambda each: each.miss or ZERO)


def _judge(one: Found, reading: Reading, rulebook: Rulebook) -> Judged:
    kind = one.contract.kind
    own = reading.value
    rule = rulebook.maintenance(kind, own=own, money_unit=SMALLEST, lot=SMALLEST)
    misses: list[Decimal] = []
    if one.maintenance is not None and not _is_at_liquidation(one):
        # the row's margin holds the fee that its exchange counts in, ours the rulebook's
        fee = one.exchange.fee if one.exchange.fee is not None else ZERO
        counted = commission(rule, isolated=not one.cross)
        ours = maintenance_at(rule, one, one.mark) + (fee - counted) * one.notional
        misses.append(off(ours, one.maintenance))
    if not one.cross and one.margin is not None and one.liquidation is not None:
        unit = Unit([one], {one.symbol: rule}, one.margin)
        misses.append(off(liquidation_of(unit, one), one.liquidation))
    return Judged(reading, rule, max(misses, default=None))


def _is_at_liquidation(one: Found) -> bool:
    """Whether the row's maintenance margin is what is left at its liquidation price, as ccxt works it out
    where the venue has none."""
    if one.cross or one.margin is None or one.liquidation is None or one.maintenance is None:
        return False
    left = one.margin + one.value_at(one.liquidation) - one.cost
    return (
        left > 0
        and off(left, one.maintenance) <= TOLERANCE
        and off(left, divide(left * one.mark, one.liquidation)) > TOLERANCE
    )


def written(value: MaintenanceValue | None) -> str | None:
    """A rule as YAML; None for the rulebook's."""
    if value is None:
        return None
    if isinstance(value, Decimal):
        return show(value)
    assert isinstance(value, TierTable)
    rows = [
        f"{{{'' if tier.up_to is None else f'up_to: {show(tier.up_to)}, '}rate: {show(tier.rate)}}}"
        for tier in value.tiers
    ]
    by = "" if value.by == "notional" else f", by: {value.by}"
    bounds = "" if value.bounds == "exclusive" else f", bounds: {value.bounds}"
    return f"{{tiers: [{', '.join(rows)}]{by}{bounds}}}"
