"""A run held against what its file expects of it (`expect:`). Every number is compared exactly.

Public: Expectations, ExpectedLiquidation, ExpectedDeleveraging, differences.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Protocol

from adlcalc.engine.events import Deleveraged
from adlcalc.engine.numbers import ZERO, exact, show
from adlcalc.report.human import clean
from adlcalc.report.run import Run


class ExpectedLiquidation(Protocol):
    """An account that is liquidated, and at which step where that is said."""

    @property
    def account(self) -> str: ...
    @property
    def step(self) -> int | None: ...


class ExpectedDeleveraging(Protocol):
    """A row of the deleveraged table; what is None is not compared."""

    @property
    def account(self) -> str: ...
    @property
    def size(self) -> Decimal | None: ...
    @property
    def price(self) -> Decimal | None: ...
    @property
    def rank(self) -> int | None: ...
    @property
    def market(self) -> str | None: ...
    @property
    def step(self) -> int | None: ...
    @property
    def bankrupt(self) -> str | None: ...


class Expectations(Protocol):
    """What a file expects; None where it does not say. Fund amounts are totals over all funds and steps."""

    @property
    def liquidated(self) -> Sequence[ExpectedLiquidation] | None: ...
    @property
    def fund_paid(self) -> Decimal | None: ...
    @property
    def fund_received(self) -> Decimal | None: ...
    @property
    def fund_left(self) -> Decimal | None: ...
    @property
    def deleveraged(self) -> Sequence[ExpectedDeleveraging] | None: ...
    @property
    def bad_debt(self) -> Decimal | None: ...
    @property
    def equity(self) -> Mapping[str, Decimal] | None: ...
    @property
    def skipped(self) -> Sequence[str] | None: ...


def differences(run: Run, expected: Expectations) -> list[str]:
    """A sentence for everything that is not as expected, in the order in which a run tells it; none if all is well."""
    with exact():
        return [*_all(run, expected)]


def _all(run: Run, expected: Expectations) -> Iterator[str]:
    if expected.liquidated is not None:
        yield from _liquidated(run, expected.liquidated)
    last = run.steps[-1].step if run.steps else 0
    amounts = {
        "fund_paid": (expected.fund_paid, sum((row.paid for row in run.fund), ZERO)),
        "fund_received": (expected.fund_received, sum((row.received for row in run.fund), ZERO)),
        "fund_left": (expected.fund_left, sum((row.closing for row in run.fund if row.step == last), ZERO)),
    }
    for name, (wanted, got) in amounts.items():
        yield from _number(name, wanted, got)
    if expected.deleveraged is not None:
        yield from _deleveraged(run.deleveraged, expected.deleveraged)
    if expected.skipped is not None:
        yield from _names("skipped", expected.skipped, [row.account for row in run.skipped])
    yield from _number("bad_debt", expected.bad_debt, run.audit.bad_debt)
    if expected.equity:
        yield from _equity(run, expected.equity)


def _liquidated(run: Run, expected: Sequence[ExpectedLiquidation]) -> Iterator[str]:
    """The same accounts, in any order; where steps are given for an account, at those steps and no others."""
    yield from _names("liquidated", [row.account for row in expected], [row.account for row in run.liquidations])
    wanted: dict[str, set[int]] = {}
    for one in expected:
        if one.step is not None:
            wanted.setdefault(one.account, set()).add(one.step)
    for account, steps in wanted.items():
        got = {row.step for row in run.liquidations if row.account == account}
        if got and got != steps:
            yield f"liquidated: {clean(account)}: expected at {_steps(steps)}, was at {_steps(got)}"


def _steps(steps: set[int]) -> str:
    return f"step{'s' * (len(steps) > 1)} {', '.join(map(str, sorted(steps)))}"


def _deleveraged(rows: Sequence[Deleveraged], expected: Sequence[ExpectedDeleveraging]) -> Iterator[str]:
    """Row by row, in order."""
    for number, (wanted, row) in enumerate(zip(expected, rows, strict=False), 1):
        where = f"deleveraged: row {number}"
        if wanted.account != row.account:
            yield f"{where}: expected {clean(wanted.account)}, got {clean(row.account)}"
            continue
        where += f" ({clean(row.account)})"
        yield from _number(f"{where}: size", wanted.size, row.size)
        yield from _number(f"{where}: price", wanted.price, row.price)
        for name, one, other in (
            ("rank", wanted.rank, row.rank),
            ("step", wanted.step, row.step),
            ("market", wanted.market, row.market),
            ("bankrupt", wanted.bankrupt, row.bankrupt),
        ):
            if one is not None and one != other:
                yield f"{where}: {name}: expected {clean(str(one))}, got {clean(str(other))}"
    for missing in expected[len(rows) :]:
        yield f"deleveraged: expected {clean(missing.account)} as well, got {len(rows)} of {len(expected)} rows"
    for row in rows[len(expected) :]:
        yield f"deleveraged: {clean(row.account)} gave up {show(row.size)} at {show(row.price)}, which is not expected"


def _equity(run: Run, expected: Mapping[str, Decimal]) -> Iterator[str]:
    found = {state.account: state.equity_end for state in run.accounts if state.account in expected}
    for account, wanted in expected.items():
        if account in found:
            yield from _number(f"equity: {clean(account)}", wanted, found[account])
        else:
            yield f"equity: {clean(account)}: there is no such account"


def _number(name: str, wanted: Decimal | None, got: Decimal) -> Iterator[str]:
    if wanted is not None and wanted != got:
        yield f"{name}: expected {show(wanted)}, got {show(got)} (difference {show(got - wanted)})"


def _names(what: str, wanted: Sequence[str], got: Sequence[str]) -> Iterator[str]:
    missing = [name for name in dict.fromkeys(wanted) if name not in set(got)]
    more = [name for name in dict.fromkeys(got) if name not in set(wanted)]
    if missing:
        yield f"{what}: expected {', '.join(map(clean, missing))}, but not so"
    if more:
        yield f"{what}: {', '.join(map(clean, more))} not expected"
