"""The `expect` block, as plain values: what `adlcalc check` compares a run with. None means: not compared.

Public: Expect, ExpectedLiquidation, ExpectedFill, ExpectedPosition, About, build_expect.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from adlcalc.engine.model import LONG, SHORT
from adlcalc.engine.numbers import D
from adlcalc.scenario.draft import RESERVED_IDS, Draft
from adlcalc.scenario.expect_schema import AboutSpec, ExpectSpec, FillSpec, HeldSpec, LiquidationSpec
from adlcalc.source.nodes import List, Map, Node
from adlcalc.source.problems import closest_hint, quote

SIDES = {"long": LONG, "short": SHORT}


@dataclass(frozen=True, slots=True)
class About:
    """A number that need not be met exactly: not further away than `within`."""

    value: Decimal
    within: Decimal


Amount = Decimal | About


@dataclass(frozen=True, slots=True)
class ExpectedLiquidation:
    """A position that must be liquidated; what is None may be anything."""

    account: str
    step: int | None = None
    market: str | None = None
    side: int | None = None
    size: Amount | None = None
    entry_price: Amount | None = None
    mark_price: Amount | None = None
    bankruptcy_price: Amount | None = None
    liquidation_price: Amount | None = None


@dataclass(frozen=True, slots=True)
class ExpectedFill:
    """An ADL fill that must happen; what is None may be anything."""

    account: str
    size: Amount | None = None
    price: Amount | None = None
    rank: int | None = None
    market: str | None = None
    side: int | None = None
    step: int | None = None
    bankrupt: str | None = None
    score: Amount | None = None
    realized_pnl: Amount | None = None
    forgone_pnl: Amount | None = None


@dataclass(frozen=True, slots=True)
class ExpectedPosition:
    """A position that must be held at the end."""

    side: int
    size: Amount
    market: str | None = None
    entry: Amount | None = None


@dataclass(frozen=True, slots=True)
class Expect:
    """liquidated and skipped are complete but in any order, deleveraged and liquidated_in_order complete and in order, positions
    complete for each account named. The fund's amounts are totals over all steps, of all funds or by fund. where:
    'file:line:column' of each expectation by its path ('fund_paid', 'deleveraged.0.price')."""

    liquidated: tuple[ExpectedLiquidation, ...] | None = None
    liquidated_in_order: tuple[ExpectedLiquidation, ...] | None = None
    fund_paid: Amount | Mapping[str, Amount] | None = None
    fund_received: Amount | Mapping[str, Amount] | None = None
    fund_left: Amount | Mapping[str, Amount] | None = None
    deleveraged: tuple[ExpectedFill, ...] | None = None
    skipped: tuple[str, ...] | None = None
    ranks: Mapping[str, int] = field(default_factory=dict)
    bad_debt: Amount | None = None
    equity: Mapping[str, Amount] = field(default_factory=dict)
    positions: Mapping[str, tuple[ExpectedPosition, ...]] = field(default_factory=dict)
    where: Mapping[str, str] = field(default_factory=dict)


def build_expect(
    draft: Draft, spec: ExpectSpec, ids: Collection[str], markets: Collection[str], funds: Collection[str]
) -> Expect:
    """The block with its names checked against the accounts, markets and funds of the scenario."""
    known = {"account": ids, "market": markets, "fund": funds}
    for kind, path, name, is_key in _names(spec):
        if name not in known[kind] and not (kind == "account" and name in RESERVED_IDS):
            place = draft.key("expect", *path) if is_key else draft.node("expect", *path)
            draft.problems.add(place, f"there is no {kind} {quote(name)}", closest_hint(name, known[kind]))
    for path, about in _abouts(spec, ()):
        if not about.about and about.within is None:
            draft.add(("expect", *path), "'about: 0' does not say how near is near enough", "within: the greatest difference")
    return Expect(
        liquidated=_liquidated(spec.liquidated),
        liquidated_in_order=_liquidated(spec.liquidated_in_order),
        fund_paid=_amount(spec.fund_paid),
        fund_received=_amount(spec.fund_received),
        fund_left=_amount(spec.fund_left),
        deleveraged=None if spec.deleveraged is None else tuple(ExpectedFill(**_fields(fill)) for fill in spec.deleveraged),
        skipped=None if spec.skipped is None else tuple(spec.skipped),
        ranks=dict(spec.ranks or {}),
        bad_debt=_amount(spec.bad_debt),
        equity=_amount(spec.equity or {}),
        positions={
            account: tuple(ExpectedPosition(**_fields(one)) for one in held) for account, held in (spec.positions or {}).items()
        },
        where=dict(_places(draft.node("expect"), "")),
    )


def _liquidated(spec: list[str | LiquidationSpec] | None) -> tuple[ExpectedLiquidation, ...] | None:
    if spec is None:
        return None
    return tuple(ExpectedLiquidation(one) if isinstance(one, str) else ExpectedLiquidation(**_fields(one)) for one in spec)


def _fields(spec: LiquidationSpec | FillSpec | HeldSpec) -> dict[str, Any]:
    """The fields of a row as plain values."""
    return {name: SIDES[value] if name == "side" and value else _amount(value) for name, value in spec}


def _amount(value: Any) -> Any:
    """An amount without its declaration: half a unit of the last digit written is near enough where nothing else is said."""
    if isinstance(value, dict):
        return {name: _amount(one) for name, one in value.items()}
    if not isinstance(value, AboutSpec):
        return value
    exponent = value.about.as_tuple().exponent
    assert isinstance(exponent, int)  # a number of a file is finite
    return About(value.about, D(5).scaleb(exponent - 1) if value.within is None else value.within)


def _abouts(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], AboutSpec]]:
    """Every number written `about:`, with its path."""
    if isinstance(value, AboutSpec):
        yield path, value
    elif isinstance(value, dict | list | ExpectSpec | LiquidationSpec | FillSpec | HeldSpec):
        for key, one in enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else value:
            yield from _abouts(one, (*path, key))


def _names(spec: ExpectSpec) -> Iterator[tuple[str, tuple[str | int, ...], str, bool]]:
    """Every account, market and fund that the block names: kind, path, name, whether it is a key."""
    for key in ("liquidated", "liquidated_in_order", "deleveraged"):
        for i, row in enumerate(getattr(spec, key) or ()):
            if isinstance(row, str):
                yield "account", (key, i), row, False
                continue
            yield "account", (key, i, "account"), row.account, False
            if row.market is not None:
                yield "market", (key, i, "market"), row.market, False
            if getattr(row, "bankrupt", None) is not None:
                yield "account", (key, i, "bankrupt"), row.bankrupt, False
    for i, name in enumerate(spec.skipped or ()):
        yield "account", ("skipped", i), name, False
    for key in ("ranks", "equity", "positions"):
        for name in getattr(spec, key) or ():
            yield "account", (key, name), name, True
    for account, held in (spec.positions or {}).items():
        for i, one in enumerate(held):
            if one.market is not None:
                yield "market", ("positions", account, i, "market"), one.market, False
    for key in ("fund_paid", "fund_received", "fund_left"):
        amounts = getattr(spec, key)
        for name in amounts if isinstance(amounts, dict) else ():
            yield "fund", (key, name), name, True


def _places(node: Node, path: str) -> Iterator[tuple[str, str]]:
    """'file:line:column' of every value below a node."""
    if path:
        yield path, f"{node.source.name}:{node.line}:{node.column}" if node.source.excerpt else node.source.name
    parts = node.items.items() if isinstance(node, Map) else enumerate(node.items) if isinstance(node, List) else ()
    for part, inner in parts:
        yield from _places(inner, f"{path}.{part}" if path else str(part))
