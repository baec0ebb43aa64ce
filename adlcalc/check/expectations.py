"""A run held against what its file expects of it (`expect:`). Numbers are compared exactly, but for those
written `about:`.

Public: Expectations, Around, Unmet, differences.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple, Protocol

from adlcalc.engine.events import Deleveraged, Skipped
from adlcalc.engine.model import side_name
from adlcalc.ground.numbers import ZERO, decimal_of, exact, show
from adlcalc.report.columns.health import POSITIONS
from adlcalc.report.columns.run import DELEVERAGED, LIQUIDATIONS
from adlcalc.report.facts import Facts
from adlcalc.report.field import Rows
from adlcalc.report.human import clean, counted
from adlcalc.report.run_view import LiquidationRow
from adlcalc.study.answers import Answers
from adlcalc.study.health import OpenPosition
from adlcalc.study.questions import INFINITE, Measure, Question, told

ELSEWHERE = ("account", "step")
"""What a liquidation is found by where the order does not count."""
NAMED = 5
"""As many are named of those that were not expected."""
ASKED = {"liquidated": "liquidated", "liquidated_in_order": "liquidated", "deleveraged": "adl"}
"""What is asked (`holds:`) where a list would say of one account alone what it says of all."""


class Around(Protocol):
    """A number that is written `about:`; right if it is not further away than `within`."""

    @property
    def value(self) -> Decimal: ...
    @property
    def within(self) -> Decimal: ...


Amount = Decimal | Around


class Named(Protocol):
    """A row that is expected, by what it says of each column; what it does not name is not compared."""

    @property
    def values(self) -> Mapping[str, Any]: ...
    @property
    def account(self) -> str: ...


class Expectations(Protocol):
    """What a file expects; None where it does not say. Fund amounts are totals over all steps: of all funds,
    or by fund."""

    @property
    def liquidated(self) -> Sequence[Named] | None: ...
    @property
    def liquidated_in_order(self) -> Sequence[Named] | None: ...
    @property
    def fund_paid(self) -> Amount | Mapping[str, Amount] | None: ...
    @property
    def fund_received(self) -> Amount | Mapping[str, Amount] | None: ...
    @property
    def fund_left(self) -> Amount | Mapping[str, Amount] | None: ...
    @property
    def least_fund(self) -> Amount | Mapping[str, Amount] | None: ...
    @property
    def deleveraged(self) -> Sequence[Named] | None: ...
    @property
    def skipped(self) -> Sequence[str] | None: ...
    @property
    def ranks(self) -> Mapping[str, int]: ...
    @property
    def bad_debt(self) -> Amount | None: ...
    @property
    def equity(self) -> Mapping[str, Amount]: ...
    @property
    def positions(self) -> Mapping[str, Sequence[Named]]: ...
    @property
    def measures(self) -> Mapping[str, tuple[Measure, Amount]]: ...
    @property
    def holds(self) -> Sequence[Question]: ...
    @property
    def at(self) -> Sequence[tuple[int, Expectations]]: ...
    @property
    def where(self) -> Mapping[str, str]:
        """'file:line:column' of each expectation by its path."""


class Unmet(NamedTuple):
    """path: which expectation is not met ('fund_paid', 'deleveraged.0.price', 'equity.bob'); message: how."""

    path: str
    message: str

    def at(self, where: Mapping[str, str], file: str) -> str:
        """The message behind the place of the expectation in its file, or of the nearest one around it."""
        line, column = self.place(where)
        return f"{clean(file)}{f':{line}:{column}' if line else ''}: expect: {self.message}"

    def place(self, where: Mapping[str, str]) -> tuple[int, int]:
        """Line and column of the expectation or of the nearest one around it; 0, 0 where there is none."""
        path = self.path
        while path and path not in where:
            path = path.rpartition(".")[0]
        parts = where.get(path, "").rsplit(":", 2)
        return (int(parts[1]), int(parts[2])) if len(parts) == 3 else (0, 0)


def differences(run: Facts, expected: Expectations) -> list[Unmet]:
    """Everything that is not as expected, in the order in which a run tells it; nothing if all is well."""
    with exact():
        return [*_all(run, expected)]


class Step:
    """A run as far as one step of it tells: what was done in it, and how things stand at its end."""

    def __init__(self, run: Facts, step: int) -> None:
        self.steps = [row for row in run.steps if row.step == step]
        self.liquidations = [row for row in run.liquidations if row.step == step]
        self.fund = [row for row in run.fund if row.step == step]
        self.deleveraged = [row for row in run.deleveraged if row.step == step]
        self.skipped = [row for row in run.skipped if row.step == step]
        self.audit = self.steps[-1]
        moments = () if run.watch is None else run.watch.moments
        self.accounts = [one.state for one in moments if one.step == step and not one.before]
        self.positions_of = run.positions_of


def _all(run: Facts, expected: Expectations) -> Iterator[Unmet]:
    yield from _told(run, expected)
    if expected.least_fund is not None:
        from adlcalc.study.least import least_fund

        least = [(fund.name, least_fund(run.scenario, fund.name)) for fund in run.scenario.funds]
        yield from _fund("least_fund", expected.least_fund, least)
    yield from _ranks(run, expected.ranks)
    yield from _asked(run, expected)
    for i, (step, one) in enumerate(expected.at):
        for path, message in _told(Step(run, step), one):
            yield Unmet(f"at.{i}.{path}", f"at step {step}: {message}")


def _told(run: Facts | Step, expected: Expectations) -> Iterator[Unmet]:
    """What is expected of a run or of a step."""
    if expected.liquidated is not None:
        yield from _liquidated(run.liquidations, expected.liquidated)
    if expected.liquidated_in_order is not None:
        yield from _in_order(run.liquidations, expected.liquidated_in_order)
    last = run.steps[-1].step if run.steps else 0
    yield from _fund("fund_paid", expected.fund_paid, [(row.fund, row.paid) for row in run.fund])
    yield from _fund("fund_received", expected.fund_received, [(row.fund, row.received) for row in run.fund])
    yield from _fund(
        "fund_left", expected.fund_left, [(row.fund, row.closing) for row in run.fund if row.step == last]
    )
    if expected.deleveraged is not None:
        yield from _deleveraged(run.deleveraged, expected.deleveraged)
    if expected.skipped is not None:
        yield from _names("skipped", expected.skipped, [row.account for row in run.skipped])
    yield from _value("bad_debt", "bad_debt", expected.bad_debt, run.audit.bad_debt)
    yield from _accounts(run, expected)


# --- liquidations -------------------------------------------------------------------------------------------


def _liquidated(rows: Sequence[LiquidationRow], expected: Sequence[Named]) -> Iterator[Unmet]:
    """The same accounts, in any order; where steps are given for an account, at those steps and no others."""
    yield from _names("liquidated", [row.account for row in expected], [row.account for row in rows])
    wanted: dict[str, set[int]] = {}
    first: dict[str, int] = {}
    for i, one in enumerate(expected):
        step = one.values.get("step")
        if step is not None:
            wanted.setdefault(one.account, set()).add(step)
            first.setdefault(one.account, i)
    for account, steps in wanted.items():
        got = {row.step for row in rows if row.account == account}
        if got and got != steps:
            message = f"liquidated: {clean(account)}: expected at {_steps(steps)}, got {_steps(got)}"
            yield Unmet(f"liquidated.{first[account]}.step", message)
    for i, one in enumerate(expected):
        step = one.values.get("step")
        path, what = f"liquidated.{i}", f"liquidated: {clean(one.account)}"
        candidates = [row for row in rows if row.account == one.account and step in (None, row.step)]
        found = [list(_fields(path, what, one, row, LIQUIDATIONS, ELSEWHERE)) for row in candidates]
        yield from min(found, key=len, default=[])


def _in_order(rows: Sequence[LiquidationRow], expected: Sequence[Named]) -> Iterator[Unmet]:
    """Row by row."""
    yield from _paired("liquidated_in_order", rows, expected, LIQUIDATIONS, lambda row: f"at step {row.step}")


def _steps(steps: set[int]) -> str:
    return f"step{'s' * (len(steps) > 1)} {', '.join(map(str, sorted(steps)))}"


# --- the queue ----------------------------------------------------------------------------------------------


def _deleveraged(rows: Sequence[Deleveraged], expected: Sequence[Named]) -> Iterator[Unmet]:
    """Row by row."""

    def gave_up(row: Deleveraged) -> str:
        return f"who gave up {show(row.size)} at {show(row.price)}"

    yield from _paired("deleveraged", rows, expected, DELEVERAGED, gave_up)


FEW = 3


def _ranks(run: Facts, expected: Mapping[str, int]) -> Iterator[Unmet]:
    """The rank at which each account was first reached: deleveraged or skipped."""
    reached: dict[str, int] = {}
    stood: dict[int, dict[str, None]] = {}
    for event in run.events if expected else ():
        if isinstance(event, Deleveraged | Skipped):
            reached.setdefault(event.account, event.rank)
            stood.setdefault(event.rank, {})[event.account] = None
    for account, rank in expected.items():
        if reached.get(account) != rank:
            got = reached.get(account, "none: the queue was not worked that far")
            there = " and ".join(map(clean, [*stood.get(rank, {})][:FEW]))
            who = f"; at rank {rank:,} stood {there}" if there else ""
            yield Unmet(f"ranks.{account}", f"ranks: {clean(account)}: expected {rank}, got {got}{who}")


def _paired(
    what: str, rows: Sequence[Any], expected: Sequence[Named], columns: Rows, tell: Any
) -> Iterator[Unmet]:
    """The n-th row against the n-th that is expected."""
    for i, (wanted, row) in enumerate(zip(expected, rows, strict=False)):
        if wanted.account != row.account:
            message = f"{what}: row {i + 1}: expected {clean(wanted.account)}, got {clean(row.account)}"
            yield Unmet(f"{what}.{i}.account", message)
        else:
            yield from _fields(
                f"{what}.{i}", f"{what}: row {i + 1} ({clean(row.account)})", wanted, row, columns
            )
    for i, missing in enumerate(expected[len(rows) :], len(rows)):
        yield Unmet(f"{what}.{i}", f"{what}: row {i + 1}: expected {clean(missing.account)}, got nobody")
    more = rows[len(expected) :]
    if more:
        message = (
            f"{what}: row {len(expected) + 1}: expected nobody, got {clean(more[0].account)}, {tell(more[0])}"
        )
        message += f", and {len(more) - 1:,} more" if len(more) > 1 else ""
        complete = _complete(what, [one.account for one in expected], [row.account for row in rows], "row")
        yield Unmet(what, message + complete)


# --- accounts -----------------------------------------------------------------------------------------------


def _accounts(run: Facts | Step, expected: Expectations) -> Iterator[Unmet]:
    """Equity and positions at the end, of the run or of a step."""
    if not expected.equity and not expected.positions:
        return
    named = {*expected.equity, *expected.positions}
    found = {state.account: state for state in run.accounts if state.account in named}
    for account, wanted in expected.equity.items():
        # the rest of the market and the venue are told of only where they hold anything
        got = found[account].equity_end if account in found else ZERO
        yield from _value(f"equity.{account}", f"equity: {clean(account)}", wanted, got)
    for account, positions in expected.positions.items():
        held = run.positions_of(found[account]) if account in found else ()
        yield from _positions(account, positions, held)


def _positions(account: str, expected: Sequence[Named], held: Sequence[OpenPosition]) -> Iterator[Unmet]:
    """All positions of an account, in any order; a position is known by its side, and its market where that
    is given."""
    left = list(held)
    for i, wanted in enumerate(expected):
        side, market = wanted.values["side"], wanted.values.get("market")
        path, what = f"positions.{account}.{i}", f"positions: {clean(account)}: {side_name(side)}"
        row = next((one for one in left if one.side == side and market in (None, one.market)), None)
        if row is None:
            yield Unmet(path, f"{what}: expected {show(wanted.values['size'])}, got none")
            continue
        left.remove(row)
        yield from _fields(path, what, wanted, row, POSITIONS)
    if left:
        names = _few([f"{side_name(row.side)} {show(row.size)} {row.market}" for row in left])
        complete = _complete(
            "positions", [one.values["side"] for one in expected], [one.side for one in held], "position"
        )
        yield Unmet(f"positions.{account}", f"positions: {clean(account)}: did not expect {names}{complete}")


# --- questions ----------------------------------------------------------------------------------------------


def _asked(run: Facts, expected: Expectations) -> Iterator[Unmet]:
    """Measures, and what must be so."""
    answers = Answers(run)
    for text, (measure, wanted) in expected.measures.items():
        got = answers(measure)
        value = None if got is None else decimal_of(got)
        if got is None or told(got) == INFINITE:
            amount = show(wanted if isinstance(wanted, Decimal) else wanted.value)
            yield Unmet(f"measures.{text}", f"measures: {clean(text)}: expected {amount}, got {told(got)}")
        else:
            yield from _value(f"measures.{text}", f"measures: {clean(text)}", wanted, value)
    for i, question in enumerate(expected.holds):
        if not answers.holds(question):
            yield Unmet(
                f"holds.{i}", f"holds: {clean(question.text)}: it is not so: {clean(answers.told(question))}"
            )


# --- values -------------------------------------------------------------------------------------------------


def _fund(what: str, wanted: Any, rows: Sequence[tuple[str, Decimal]]) -> Iterator[Unmet]:
    """A total over all funds, or one for each fund that is named."""
    if not isinstance(wanted, Mapping):
        yield from _value(what, what, wanted, sum((amount for _, amount in rows), ZERO))
        return
    for fund, one in wanted.items():
        total = sum((amount for name, amount in rows if name == fund), ZERO)
        yield from _value(f"{what}.{fund}", f"{what}: {clean(fund)}", one, total)


def _fields(
    path: str, what: str, wanted: Named, row: Any, columns: Rows, but: Collection[str] = ("account",)
) -> Iterator[Unmet]:
    """The columns that are named, in the order of the table, but for those by which the row was found."""
    for name, column in columns.expected.items():
        if name not in but and name in wanted.values:
            one, got = wanted.values[name], column.get(row, None)
            yield from _value(f"{path}.{name}", f"{what}: {name}", one, got, side=column.kind == "side")


def _value(path: str, what: str, wanted: Any, got: Any, *, side: bool = False) -> Iterator[Unmet]:
    """One value: None is not compared, a number `about:` has room, everything else must be equal."""
    if wanted is None or wanted == got:
        return
    if isinstance(got, Decimal):
        about = not isinstance(wanted, Decimal)
        value = wanted.value if about else wanted
        difference = Fraction(got) - Fraction(
            value
        )  # the two may have more digits between them than a number holds
        if about and abs(difference) <= Fraction(wanted.within):
            return
        words = f"about {show(value)} (within {show(wanted.within)})" if about else show(value)
        shown = show(decimal_of(difference))
        yield Unmet(path, f"{what}: expected {words}, got {show(got)} (difference {shown})")
        return
    if not isinstance(wanted, str | int):
        wanted = show(getattr(wanted, "value", wanted))
    pair = [side_name(x) if side else "nothing" if x is None else clean(str(x)) for x in (wanted, got)]
    yield Unmet(path, f"{what}: expected {pair[0]}, got {pair[1]}")


def _names(what: str, wanted: Sequence[str], got: Sequence[str]) -> Iterator[Unmet]:
    """The same names in any order, however often."""
    missing = [name for name in dict.fromkeys(wanted) if name not in set(got)]
    more = [name for name in dict.fromkeys(got) if name not in set(wanted)]
    if missing:
        yield Unmet(what, f"{what}: expected {', '.join(map(clean, missing))} as well")
    if more:
        complete = _complete(what, wanted, got, "name")
        yield Unmet(what, f"{what}: did not expect {_few(more)}{complete}")


def _few(names: Sequence[str]) -> str:
    """The first of them, and how many there are besides."""
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(map(clean, names[:NAMED])) + more


def _complete(what: str, wanted: Sequence[Any], got: Sequence[Any], one: str) -> str:
    """What is said of a list that names some of those that are there: that it is meant whole, and how one
    account is asked for. Nothing of one that names none of them."""
    present = set(got)
    met = [name for name in wanted if name in present]
    if not met:
        return ""
    other = f"; for one account: holds: '{ASKED[what]}({clean(met[0])})'" if what in ASKED else ""
    return f" (the list is held to be complete, of {counted(len(got), one)}{other})"
