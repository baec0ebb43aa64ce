"""The `expect` block, as plain values: what `adlcalc check` compares a run with. None means: not compared.

Public: Expect, ExpectedLiquidation, ExpectedFill, build_expect.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from adlcalc.scenario.draft import RESERVED_IDS, Draft
from adlcalc.scenario.expect_schema import ExpectSpec
from adlcalc.source.nodes import List, Map, Node
from adlcalc.source.problems import closest_hint, quote


@dataclass(frozen=True, slots=True)
class ExpectedLiquidation:
    """An account that must be liquidated, at a step if one is given."""

    account: str
    step: int | None = None


@dataclass(frozen=True, slots=True)
class ExpectedFill:
    """An ADL fill that must happen; what is None may be anything."""

    account: str
    size: Decimal | None = None
    price: Decimal | None = None
    rank: int | None = None
    market: str | None = None
    step: int | None = None
    bankrupt: str | None = None


@dataclass(frozen=True, slots=True)
class Expect:
    """liquidated and skipped are complete but in any order, deleveraged is complete and in order; the fund's amounts are totals
    over all funds and steps. where: 'file:line:column' of each expectation by its path ('fund_paid', 'deleveraged.0.price')."""

    liquidated: tuple[ExpectedLiquidation, ...] | None = None
    fund_paid: Decimal | None = None
    fund_received: Decimal | None = None
    fund_left: Decimal | None = None
    deleveraged: tuple[ExpectedFill, ...] | None = None
    skipped: tuple[str, ...] | None = None
    bad_debt: Decimal | None = None
    equity: Mapping[str, Decimal] = field(default_factory=dict)
    where: Mapping[str, str] = field(default_factory=dict)


def build_expect(draft: Draft, spec: ExpectSpec, ids: Collection[str], markets: Collection[str]) -> Expect:
    """The block with its names checked against the accounts and markets of the scenario."""
    for path, name in _accounts_named(spec):
        if name not in ids and name not in RESERVED_IDS:
            place = draft.key("expect", *path) if path[0] == "equity" else draft.node("expect", *path)
            draft.problems.add(place, f"there is no account {quote(name)}", closest_hint(name, ids))
    for i, fill in enumerate(spec.deleveraged or ()):
        if fill.market is not None and fill.market not in markets:
            draft.add(
                ("expect", "deleveraged", i, "market"),
                f"there is no market {quote(fill.market)}",
                closest_hint(fill.market, markets),
            )
    return Expect(
        liquidated=_liquidated(spec),
        fund_paid=spec.fund_paid,
        fund_received=spec.fund_received,
        fund_left=spec.fund_left,
        deleveraged=_deleveraged(spec),
        skipped=None if spec.skipped is None else tuple(spec.skipped),
        bad_debt=spec.bad_debt,
        equity=dict(spec.equity or {}),
        where=dict(_places(draft.node("expect"), "")),
    )


def _liquidated(spec: ExpectSpec) -> tuple[ExpectedLiquidation, ...] | None:
    if spec.liquidated is None:
        return None
    return tuple(
        ExpectedLiquidation(item) if isinstance(item, str) else ExpectedLiquidation(item.account, item.step)
        for item in spec.liquidated
    )


def _deleveraged(spec: ExpectSpec) -> tuple[ExpectedFill, ...] | None:
    if spec.deleveraged is None:
        return None
    return tuple(
        ExpectedFill(fill.account, fill.size, fill.price, fill.rank, fill.market, fill.step, fill.bankrupt)
        for fill in spec.deleveraged
    )


def _accounts_named(spec: ExpectSpec) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every account that the block names, with its path."""
    for i, item in enumerate(spec.liquidated or ()):
        yield (
            ("liquidated", i) if isinstance(item, str) else ("liquidated", i, "account"),
            item if isinstance(item, str) else item.account,
        )
    for i, fill in enumerate(spec.deleveraged or ()):
        yield ("deleveraged", i, "account"), fill.account
        if fill.bankrupt is not None:
            yield ("deleveraged", i, "bankrupt"), fill.bankrupt
    for i, name in enumerate(spec.skipped or ()):
        yield ("skipped", i), name
    for name in spec.equity or ():
        yield ("equity", name), name


def _places(node: Node, path: str) -> Iterator[tuple[str, str]]:
    """'file:line:column' of every value below a node."""
    if path:
        yield path, f"{node.source.name}:{node.line}:{node.column}" if node.source.excerpt else node.source.name
    parts = node.items.items() if isinstance(node, Map) else enumerate(node.items) if isinstance(node, List) else ()
    for part, inner in parts:
        yield from _places(inner, f"{path}.{part}" if path else str(part))
