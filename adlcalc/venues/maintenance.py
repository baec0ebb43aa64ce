"""The ways to write a maintenance margin, checked, and what the engine makes of them.

    0.005                                                          one rate for everything
    {tiers: [{up_to: 50_000, rate: 0.004}, {rate: 0.005}]}         marginal tiers on the notional, deductions
                                                                   computed
    {by: size, tiers: [...]}                                       the one tier that the size (or entry value)
                                                                   falls in
    {base_limit: 200, step: 100, base_rate: 0.004, step_rate: 0.004}   risk steps on the entry value
    {base_rate: 0.01, slope: 0.00005}                              a rate that rises with the size
    {base_rate: 0.03, factor: 0.0006, exponent: 0.5, of: size}     a rate that rises with a power of the size
                                                                   or entry value
    {table: BTCUSDT}                                               one of the venue's tables (named_tables.py)
    {table: {binance: ETHUSDT, hyperliquid: ETH}}                  of a market: one for each venue

Public: MaintenanceRule, MarketMaintenance, MaintenanceValue, TierTable, RiskSteps, Slope, PowerRate,
NamedTable, NamedTables, to_engine, without_limits, faults.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Any, Literal

from adlcalc.engine.model import Maintenance, Measure, Power, RateOf, Tier
from adlcalc.ground.numbers import FLOOR, ONE, ZERO, D, divide, round_to, show
from adlcalc.source.fields import Fraction, NotNegative, Positive, Text, by_shape, tag_by_type
from adlcalc.source.keys import InJsonSchema, Reads, Strict, Tag, key, wrong
from adlcalc.source.nodes import Path
from adlcalc.source.problems import kind_of


class TierLine(Strict):
    """One tier of a maintenance table."""

    up_to: Positive | None = key(None, description="where the tier ends; the last one has none")
    rate: Fraction = key(description="maintenance rate, a fraction of the notional")
    deduction: NotNegative | None = key(
        None, description="maintenance amount taken off; computed if left out"
    )
    max_leverage: Positive | None = key(
        None,
        description="the highest leverage that a position of this tier may choose; of a venue's table it is "
        "told, not enforced",
    )


class TierTable(Strict):
    """Tiers by notional (marginal, continuous through deductions), or by entry value or size (one for the
    whole position)."""

    tiers: list[TierLine] = key(description="the tiers, smallest first; the last without up_to")
    by: Literal["notional", "entry-value", "size"] = key("notional", description="what the tiers measure")
    bounds: Literal["exclusive", "inclusive"] = key(
        "exclusive", description="whether a size or entry value of exactly up_to is still inside the tier"
    )


class RiskSteps(Strict):
    """base_rate up to base_limit of entry value, and step_rate more for each step begun above it (BitMEX's
    risk limits)."""

    base_limit: Positive = key(description="entry value at which the first step begins")
    step: Positive = key(description="entry value of each further step")
    base_rate: Fraction = key(description="maintenance rate below base_limit")
    step_rate: Fraction = key(description="what each step adds to the rate")


class Slope(Strict):
    """base_rate + slope x size (Deribit)."""

    base_rate: Fraction = key(description="maintenance rate of a size near zero")
    slope: NotNegative = key(description="what each contract adds to the rate")


class PowerRate(Strict):
    """factor x basis ^ exponent, at least base_rate (FTX, Drift, Orderly)."""

    base_rate: Fraction = key(description="the least maintenance rate")
    factor: Positive = key(description="what the power is multiplied with")
    exponent: Positive = key(description="the power, at most 2, in hundredths")
    of: Literal["size", "entry-value"] = key(
        description="what is raised to it: the contracts, or the entry value"
    )


def _symbol(value: Any) -> str:
    if isinstance(value, dict):
        raise wrong(
            "must be the symbol of a table of this venue, not a map",
            "a market names one for each venue: markets: {NAME: {maintenance: {table: {...}}}}",
        )
    if not isinstance(value, str):
        raise wrong(f"must be text, not {kind_of(value)}")
    return value


class NamedTable(Strict):
    """A table of the venue, by its symbol."""

    table: Annotated[str, Reads(_symbol), InJsonSchema(type=["string", "number"])] = key(
        description="the symbol, as the venue spells it"
    )


class NamedTables(Strict):
    """A table of the venue, or one of each of several."""

    table: Annotated[
        Annotated[Text, Tag("<symbol>")] | Annotated[dict[str, Text], Tag("<by venue>")],
        by_shape(
            tag_by_type(text="<symbol>", keys="<by venue>"),
            "the symbol of a table, or one for each venue: {okx: BTC-USDT-SWAP, hyperliquid: BTC}",
        ),
    ] = key(
        description="the symbol, as the venue spells it; or one for each rulebook (a name, or the path of "
        "one's "
        "own), which those that extend it share: a venue that is not among them has its own maintenance"
    )


def _tag(value: Any) -> str | None:
    if isinstance(value, str):
        return "<rate>"
    if not isinstance(value, dict):
        return None
    if "table" in value:
        return "<named>"
    if "tiers" in value or "by" in value:
        return "<tiers>"
    if {"base_limit", "step", "step_rate"} & value.keys():
        return "<steps>"
    if {"factor", "exponent", "of"} & value.keys():
        return "<power>"
    return "<slope>" if {"base_rate", "slope"} & value.keys() else None


_SHAPES = by_shape(
    _tag,
    "a rate, {tiers: ...}, {base_limit, step, base_rate, step_rate}, {base_rate, slope}, {base_rate, "
    "factor, exponent, of} "
    "or {table: SYMBOL}",
)
_Own = (
    Annotated[Fraction, Tag("<rate>")]
    | Annotated[TierTable, Tag("<tiers>")]
    | Annotated[RiskSteps, Tag("<steps>")]
    | Annotated[Slope, Tag("<slope>")]
    | Annotated[PowerRate, Tag("<power>")]
)
MaintenanceRule = Annotated[_Own | Annotated[NamedTable, Tag("<named>")], _SHAPES]
"""Of a rulebook, whose tables are its own."""
MarketMaintenance = Annotated[_Own | Annotated[NamedTables, Tag("<named>")], _SHAPES]
"""Of a market of a scenario, which may be run under several rulebooks."""
HUNDREDTH = D("0.01")
MOST_TIERS = 1_000
"""Of a table; venues have tens. Tiers by notional are compared one by one whenever a margin is looked at."""
MaintenanceValue = Decimal | TierTable | RiskSteps | Slope | PowerRate
"""A rule that stands for itself: what a NamedTable names."""


def to_engine(
    rule: MaintenanceValue | NamedTable,
    closing_fee: Decimal,
    *,
    on: str = RateOf.MARK,
    money_unit: Decimal,
    lot: Decimal,
) -> Maintenance:
    """The engine's form of a rule; nothing is worked out of one with `faults`, which are told, so that a load
    goes on to its end.

    An inclusive bound moves the next tier's floor to the first unit above it.

    on 'entry': the tier of a notional is that of the entry value, once and for all.
    """
    assert not isinstance(rule, NamedTable), "the load puts the table in the place of its name"
    what = RateOf(on)
    by = Measure.NOTIONAL if what == RateOf.MARK else Measure.ENTRY_VALUE
    if any(True for _ in faults(rule)):
        return Maintenance((Tier(ZERO, ZERO),))
    if isinstance(rule, Decimal):
        return Maintenance((Tier(ZERO, rule),), by=by, on=what, closing_fee=closing_fee)
    if isinstance(rule, Slope):
        return Maintenance(
            (Tier(ZERO, rule.base_rate),), by=by, on=what, slope=rule.slope, closing_fee=closing_fee
        )
    if isinstance(rule, PowerRate):
        power = Power(rule.factor, rule.exponent, Measure(rule.of))
        return Maintenance(
            (Tier(ZERO, rule.base_rate),), by=by, on=what, closing_fee=closing_fee, power=power
        )
    if isinstance(rule, RiskSteps):
        return Maintenance(tuple(_risk_steps(rule)), by=Measure.ENTRY_VALUE, on=what, closing_fee=closing_fee)
    inside = (
        {"size": lot, "entry-value": money_unit}.get(rule.by, ZERO) if rule.bounds == "inclusive" else ZERO
    )
    deductions = computed_deductions(rule) if rule.by == "notional" else [ZERO] * len(rule.tiers)
    ends = [tier.up_to for tier in rule.tiers if tier.up_to is not None]
    floors = [ZERO, *(round_to(end, inside, FLOOR) + inside if inside else end for end in ends)]
    lines = zip(floors, rule.tiers, deductions, strict=True)
    tiers = tuple(Tier(floor, tier.rate, deduction, tier.max_leverage) for floor, tier, deduction in lines)
    return Maintenance(
        tiers, by=by if rule.by == "notional" else Measure(rule.by), on=what, closing_fee=closing_fee
    )


def without_limits(maintenance: Maintenance) -> Maintenance:
    """The margins without the highest leverages: those of a venue's table are told, not enforced, so that one
    book can be held against many venues."""
    tiers = tuple(replace(tier, max_leverage=None) for tier in maintenance.tiers)
    return replace(maintenance, tiers=tiers)


def _risk_steps(rule: RiskSteps) -> Iterator[Tier]:
    """base_rate, then step_rate more per step, as long as the rate is at most 1."""
    floor, rate = ZERO, rule.base_rate
    while rate <= 1:
        yield Tier(floor, rate)
        if not rule.step_rate:
            return
        floor = floor + rule.step if floor else rule.base_limit
        rate += rule.step_rate


def computed_deductions(table: TierTable) -> list[Decimal]:
    """Deductions that make the maintenance continuous: d(n) = d(n-1) + up_to(n-1) x (rate(n) - rate(n-1))."""
    deductions = [ZERO]
    for before, tier in zip(table.tiers, table.tiers[1:], strict=False):
        deductions.append(deductions[-1] + (before.up_to or ZERO) * (tier.rate - before.rate))
    return deductions


def faults(rule: MaintenanceValue | NamedTable) -> Iterator[tuple[Path, str, str]]:
    """What is wrong with a rule beyond the form of its keys: (path within the rule, predicate, hint)."""
    if (
        isinstance(rule, RiskSteps)
        and rule.step_rate
        and divide(ONE - rule.base_rate, rule.step_rate) > 100_000
    ):
        yield ("step_rate",), "is too small: more than 100000 steps", ""
    if isinstance(rule, PowerRate) and (rule.exponent > 2 or rule.exponent % HUNDREDTH):
        yield ("exponent",), f"must be at most 2, in hundredths, not {show(rule.exponent)}", "0.5 is the root"
    if not isinstance(rule, TierTable):
        return
    if not rule.tiers:
        yield ("tiers",), "must have at least one tier", ""
        return
    if len(rule.tiers) > MOST_TIERS:
        yield ("tiers",), f"has {len(rule.tiers)} tiers, more than {MOST_TIERS}", ""
        return
    last = len(rule.tiers) - 1
    before: TierLine | None = None
    for i, tier in enumerate(rule.tiers):
        yield from _tier_faults(i, last, before, tier)
        before = tier
    if any(tier.up_to is None for tier in rule.tiers[:-1]):
        return
    for i, (tier, computed) in enumerate(zip(rule.tiers, computed_deductions(rule), strict=True)):
        path = ("tiers", i, "deduction")
        if tier.deduction and rule.by != "notional":
            yield path, f"has no meaning in tiers by {rule.by}", "leave it out"
        elif tier.deduction is not None and tier.deduction != computed:
            yield (
                path,
                f"is {show(tier.deduction)}, but {show(computed)} makes the maintenance continuous",
                "leave it out to have it computed",
            )


def _tier_faults(
    i: int, last: int, before: TierLine | None, tier: TierLine
) -> Iterator[tuple[Path, str, str]]:
    """One tier against the one before it."""
    here: Path = ("tiers", i)
    if tier.up_to is None and i < last:
        yield (
            here,
            "has no 'up_to', but it is not the last one",
            "up_to: the notional (size, entry value) at which the tier ends",
        )
    if tier.up_to is not None and i == last:
        yield (*here, "up_to"), "must be left out in the last tier", "the last tier has no end"
    if (
        before is not None
        and tier.up_to is not None
        and before.up_to is not None
        and tier.up_to <= before.up_to
    ):
        yield (*here, "up_to"), f"must be greater than that of the tier before, {show(before.up_to)}", ""
    if before is not None and tier.rate <= before.rate:
        yield (*here, "rate"), f"must be greater than that of the tier before, {show(before.rate)}", ""
    if tier.max_leverage is not None and tier.rate * tier.max_leverage > 1:
        product = show(tier.rate * tier.max_leverage)
        yield (
            (*here, "max_leverage"),
            f"x the maintenance rate {show(tier.rate)} is {product}, more than 1",
            "at that leverage a position opens below its maintenance margin",
        )
