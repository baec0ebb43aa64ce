"""A run held against what its file expects of it (`expect:`). Every number is compared exactly.

Public: Expectations, ExpectedLiquidation, ExpectedFill, Difference, differences.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple, Protocol

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


class ExpectedFill(Protocol):
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


class Difference(NamedTuple):
    """path: which expectation is not met ('fund_paid', 'deleveraged.0.price', 'equity.bob'); message: how."""

    path: str
    message: str

    def at(self, where: Mapping[str, str], file: str) -> str:
        """The message behind the place of the expectation in its file, or of the nearest one around it."""
        path = self.path
        while path and path not in where:
            path = path.rpartition(".")[0]
        return f"{where.get(path, file)}: expect: {self.message}"


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
    def deleveraged(self) -> Sequence[ExpectedFill] | None: ...
    @property
    def bad_debt(self) -> Decimal | None: ...
    @property
    def equity(self) -> Mapping[str, Decimal]: ...
    @property
    def skipped(self) -> Sequence[str] | None: ...
    @property
    def where(self) -> Mapping[str, str]:
        """'file:line:column' of each expectation by its path."""


def differences(run: Run, expected: Expectations) -> list[Difference]:
    """Everything that is not as expected, in the order in which a run tells it; nothing if all is well."""
    with exact():
        return [*_all(run, expected)]


def _all(run: Run, expected: Expectations) -> Iterator[Difference]:
    if expected.liquidated is not None:
        yield from _liquidated(run, expected.liquidated)
    last = run.steps[-1].step if run.steps else 0
    yield from _number("fund_paid", expected.fund_paid, sum((row.paid for row in run.fund), ZERO))
    yield from _number("fund_received", expected.fund_received, sum((row.received for row in run.fund), ZERO))
    yield from _number("fund_left", expected.fund_left, sum((row.closing for row in run.fund if row.step == last), ZERO))
    if expected.deleveraged is not None:
        yield from _deleveraged(run.deleveraged, expected.deleveraged)
    if expected.skipped is not None:
        yield from _names("skipped", expected.skipped, [row.account for row in run.skipped])
    yield from _number("bad_debt", expected.bad_debt, run.audit.bad_debt)
    if expected.equity:
        yield from _equity(run, expected.equity)


def _liquidated(run: Run, expected: Sequence[ExpectedLiquidation]) -> Iterator[Difference]:
    """The same accounts, in any order; where steps are given for an account, at those steps and no others."""
    yield from _names("liquidated", [row.account for row in expected], [row.account for row in run.liquidations])
    wanted: dict[str, set[int]] = {}
    first: dict[str, int] = {}
    for i, one in enumerate(expected):
        if one.step is not None:
            wanted.setdefault(one.account, set()).add(one.step)
            first.setdefault(one.account, i)
    for account, steps in wanted.items():
        got = {row.step for row in run.liquidations if row.account == account}
        if got and got != steps:
            message = f"liquidated: {clean(account)}: expected at {_steps(steps)}, got {_steps(got)}"
            yield Difference(f"liquidated.{first[account]}.step", message)


def _steps(steps: set[int]) -> str:
    return f"step{'s' * (len(steps) > 1)} {', '.join(map(str, sorted(steps)))}"


def _deleveraged(rows: Sequence[Deleveraged], expected: Sequence[ExpectedFill]) -> Iterator[Difference]:
    """Row by row, in order."""
    for i, (wanted, row) in enumerate(zip(expected, rows, strict=False)):
        path, what = f"deleveraged.{i}", f"deleveraged: row {i + 1}"
        if wanted.account != row.account:
            yield Difference(f"{path}.account", f"{what}: expected {clean(wanted.account)}, got {clean(row.account)}")
            continue
        what += f" ({clean(row.account)})"
        yield from _number(f"{path}.size", wanted.size, row.size, f"{what}: size")
        yield from _number(f"{path}.price", wanted.price, row.price, f"{what}: price")
        for name in ("rank", "step", "market", "bankrupt"):
            one, other = getattr(wanted, name), getattr(row, name)
            if one is not None and one != other:
                yield Difference(f"{path}.{name}", f"{what}: {name}: expected {clean(str(one))}, got {clean(str(other))}")
    for i, missing in enumerate(expected[len(rows) :], len(rows)):
        yield Difference(f"deleveraged.{i}", f"deleveraged: row {i + 1}: expected {clean(missing.account)}, got nobody")
    for i, row in enumerate(rows[len(expected) :], len(expected)):
        what = f"{clean(row.account)}, who gave up {show(row.size)} at {show(row.price)}"
        yield Difference("deleveraged", f"deleveraged: row {i + 1}: expected nobody, got {what}")


def _equity(run: Run, expected: Mapping[str, Decimal]) -> Iterator[Difference]:
    found = {state.account: state.equity_end for state in run.accounts if state.account in expected}
    for account, wanted in expected.items():
        # the rest of the market and the venue are told of only where they hold anything
        yield from _number(f"equity.{account}", wanted, found.get(account, ZERO), f"equity: {clean(account)}")


def _number(path: str, wanted: Decimal | None, got: Decimal, what: str = "") -> Iterator[Difference]:
    if wanted is not None and wanted != got:
        message = f"{what or path}: expected {show(wanted)}, got {show(got)} (difference {show(got - wanted)})"
        yield Difference(path, message)


def _names(what: str, wanted: Sequence[str], got: Sequence[str]) -> Iterator[Difference]:
    """The same names in any order, however often."""
    missing = [name for name in dict.fromkeys(wanted) if name not in set(got)]
    more = [name for name in dict.fromkeys(got) if name not in set(wanted)]
    if missing:
        yield Difference(what, f"{what}: expected {', '.join(map(clean, missing))} as well")
    if more:
        yield Difference(what, f"{what}: did not expect {', '.join(map(clean, more))}")
