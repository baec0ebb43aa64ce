"""What a fund would pay if the largest losers defaulted: Cover-1, Cover-2, all, at shocks of the marks.

    equity at a shock      of an isolated position: collateral + pnl at the shocked mark; of the cross
                           positions of an account together: balance + their pnl
    shortfall              what is missing to an equity of zero, of every such unit by itself: what one of
                           them has left does not pay for another
    of an owner            the sum over its accounts
    cover-N                the sum of the N largest owners' shortfalls

Everything is closed at the shocked mark, without fees and without moving the book: how many times the book an
owner holds is told beside it.

Public: Cover, Covers, Shock, Holding, covers, shocks_of, ShocksError."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from adlcalc.engine.formulas.margin import value
from adlcalc.engine.model import Account, Depth, Market, Scenario, side_name
from adlcalc.ground.numbers import HALF_EVEN, ONE, ZERO, D, divide, exact, round_to, show
from adlcalc.source.number import NumberError, number_of

SHOWN = D("0.01")
ALL = "all"
MANY = 1_000
"""Shocks that are looked at."""


class ShocksError(ValueError):
    """The text says no shocks; it is a predicate ('must ...')."""


def shocks_of(text: str) -> list[Decimal]:
    """`-30%..10%/10%`, `-0.3..0.1/0.1`, `-50%,-30%` -> the shocks as fractions, in order."""
    with exact():
        found = [shock for part in text.split(",") for shock in _part(part.strip())]
    low = min(found)
    if low <= -ONE:
        raise ShocksError(f"must be above -100%, where nothing has a price, not {show(low * 100)}%")
    return list(dict.fromkeys(found))


def _part(text: str) -> Iterator[Decimal]:
    """One shock, or a range of them."""
    ends, slash, step_text = text.partition("/")
    first_text, dots, last_text = ends.partition("..")
    first = _share(first_text)
    if not dots:
        if slash:
            raise ShocksError("must have two ends where it has a step: -30%..10%/10%")
        yield first
        return
    if not slash:
        raise ShocksError("must say the step of a range: -30%..10%/10%")
    last, step = _share(last_text), _share(step_text)
    if step <= 0 or last < first:
        raise ShocksError("must go upward, by a step above zero: -30%..10%/10%")
    if divide(last - first, step) >= MANY:
        raise ShocksError(f"must not have more than {MANY:,} values")
    while first <= last:
        yield first
        first += step


def _share(text: str) -> Decimal:
    """'-30%' or '-0.3'."""
    text = text.strip()
    try:
        return divide(number_of(text[:-1]), D(100)) if text.endswith("%") else number_of(text)
    except NumberError as error:
        raise ShocksError(f"{error.message}: -30% or -0.3") from None


@dataclass(frozen=True, slots=True)
class Cover:
    """What so many defaults would cost at a shock. label: cover-1, cover-2, ..., all; owners: who they are,
    the largest first, without those who lose nothing; fund_left: the fund without it."""

    shock: Decimal
    label: str
    amount: Decimal
    owners: tuple[str, ...]
    fund_left: Decimal


@dataclass(frozen=True, slots=True)
class Shock:
    """One shock. marks: the shocked ones by market; shortfalls: by owner, the largest first."""

    shock: Decimal
    marks: Mapping[str, Decimal]
    shortfalls: tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True, slots=True)
class Holding:
    """What an owner holds on a side of a market, against what the book takes there in a step. depth, times:
    None where the book takes any size."""

    owner: str
    accounts: int
    market: str
    side: int
    size: Decimal
    depth: Decimal | None
    times: Decimal | None
    shortfall: Decimal

    @property
    def position(self) -> str:
        """'long 4'."""
        return side_name(self.side)


@dataclass(frozen=True)
class Covers:
    """The answer. fund: what the funds can pay; most: up to which cover is asked."""

    scenario: Scenario
    file: str | None
    fund: Decimal
    most: int
    shocks: Sequence[Shock]
    owners: Sequence[Holding]

    @cached_property
    def covers(self) -> Sequence[Cover]:
        """A row for each shock and number of defaults."""
        return list(self._covers())

    def _covers(self) -> Iterator[Cover]:
        with exact():
            for one in self.shocks:
                for many in (*range(1, self.most + 1), len(one.shortfalls) + self.most + 1):
                    taken = one.shortfalls[:many]
                    amount = sum((x for _, x in taken), ZERO)
                    label = f"cover-{many}" if many <= self.most else ALL
                    yield Cover(
                        one.shock, label, amount, tuple(owner for owner, _ in taken), self.fund - amount
                    )

    @cached_property
    def held(self) -> Sequence[Cover]:
        """The covers that the fund is held to."""
        return [one for one in self.covers if one.label == f"cover-{self.most}"]


def covers(
    scenario: Scenario,
    owners: Mapping[str, str],
    shocks: Sequence[Decimal],
    *,
    most: int = 2,
    file: str | None = None,
) -> Covers:
    """The shortfalls at each shock of the opening marks. owners: whose an account is, where it is not its
    own."""
    with exact():
        markets = {market.name: market for market in scenario.markets}
        opening = {name: marks[0] for name, marks in scenario.path.marks.items()}
        found = [_shock(scenario, owners, markets, opening, shock) for shock in shocks]
        fund = sum((max(one.balance - one.floor, ZERO) for one in scenario.funds), ZERO)
        worst: dict[str, Decimal] = {}
        for each in found:
            for owner, missing in each.shortfalls:
                worst[owner] = max(worst.get(owner, ZERO), missing)
        return Covers(scenario, file, fund, most, found, _holdings(scenario, owners, markets, worst))


def _shock(
    scenario: Scenario,
    owners: Mapping[str, str],
    markets: Mapping[str, Market],
    opening: Mapping[str, Decimal],
    shock: Decimal,
) -> Shock:
    """Prices are rounded to the tick, half to even: a shock is nobody's fill."""
    marks = {
        name: round_to(mark * (ONE + shock), markets[name].tick, HALF_EVEN) for name, mark in opening.items()
    }
    missing: dict[str, Decimal] = {}
    for account in scenario.accounts:
        short = _shortfall(account, markets, marks, scenario.money_unit)
        if short:
            owner = owners.get(account.id, account.id)
            missing[owner] = missing.get(owner, ZERO) + short
    return Shock(shock, marks, tuple(sorted(missing.items(), key=lambda pair: -pair[1])))  # ties: file order


def _shortfall(
    account: Account, markets: Mapping[str, Market], marks: Mapping[str, Decimal], unit: Decimal
) -> Decimal:
    """What an account lacks: each isolated position for itself, the cross ones together."""
    cross, lacks, has_cross = account.balance, ZERO, False
    for one in account.positions:
        contract, size = markets[one.market].contract, one.side * one.size
        pnl = value(contract, size, marks[one.market], unit) - value(contract, size, one.entry, unit)
        if one.collateral is None:
            cross, has_cross = cross + pnl, True
        else:
            lacks += max(-(one.collateral + pnl), ZERO)
    return lacks + (max(-cross, ZERO) if has_cross else ZERO)


def _holdings(
    scenario: Scenario,
    owners: Mapping[str, str],
    markets: Mapping[str, Market],
    worst: Mapping[str, Decimal],
) -> list[Holding]:
    """What everybody who loses anything holds: the largest loser first, then the larger part of a book."""
    sizes: dict[tuple[str, str, int], Decimal] = {}
    accounts: dict[str, int] = {}
    for account in scenario.accounts:
        owner = owners.get(account.id, account.id)
        if owner in worst:
            accounts[owner] = accounts.get(owner, 0) + 1
            for one in account.positions:
                key = (owner, one.market, one.side)
                sizes[key] = sizes.get(key, ZERO) + one.size
    found = []
    for (owner, market, side), size in sizes.items():
        depth = _depth(markets[market])
        times = round_to(divide(size, depth), SHOWN) if depth else None
        found.append(Holding(owner, accounts[owner], market, side, size, depth, times, worst[owner]))
    return sorted(found, key=lambda one: (-one.shortfall, -(one.times or ZERO)))


def _depth(market: Market) -> Decimal | None:
    """What the book of a side takes in a step; None where it takes any size."""
    if market.liquidity.kind != Depth.LEVELS:
        return None
    return sum((size for _, size in market.liquidity.levels), ZERO)
