"""The tables of a run as a person reads them: which rows and columns, under which headings, and what is said where there is none.

Each function takes the run and the greatest number of rows (0: all).

Public: liquidated, fund, deleveraged, skipped, bad_debt, socialized, accounts, steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Protocol, TypeVar

from adlcalc.engine.events import AccountState
from adlcalc.engine.numbers import ZERO, exact
from adlcalc.report.human import NOTHING, clean, counted, digits, position, score
from adlcalc.report.run_view import funding_by_account
from adlcalc.report.table import Column, Table, counts, numbers, table, words

if TYPE_CHECKING:
    from adlcalc.report.run import Run

LIST_WIDTH = 24  # a cell that would list names beyond this width gives their number instead
MANY = 4  # positions of an account beyond which only their number is given
METHODS = {"takeover": "taken over", "reduced": "reduced"}
R = TypeVar("R")


def liquidated(run: Run, limit: int) -> Table:
    """Who was liquidated: what the position was, at which prices, and who took it."""
    rows = _cut(run.liquidations, limit)
    several = len(run.scenario.markets) > 1
    reduced = any(row.method != "takeover" for row in run.liquidations)
    return table(
        "Liquidated",
        "No account was liquidated.",
        [
            counts("step", (row.step for row in rows)),
            _times(run, rows),
            words("account", (row.account for row in rows)),
            words("position", (position(row.side, row.size, row.market if several else None) for row in rows)),
            words("how", (METHODS.get(row.method, row.method) for row in rows), drop=3) if reduced else None,
            numbers("entry\nprice", (row.entry_price for row in rows), drop=2),
            numbers("liquidation\nprice", (row.liquidation_price for row in rows), drop=5, hide=True),
            numbers("bankruptcy\nprice", (row.bankruptcy_price for row in rows), drop=7, hide=True),
            numbers("mark\nprice", (row.mark_price for row in rows), drop=6),
            numbers("in the\nbook", (row.book_size for row in rows), zero=NOTHING, hide=True),
            numbers("at\nprice", (row.book_price for row in rows), drop=4, hide=True),
            numbers("back-\nstop", (row.backstop_size for row in rows), zero=NOTHING, hide=True),
            numbers("by\nADL", (row.deleveraged_size for row in rows), zero=NOTHING, hide=True),
            numbers("still\nheld", (row.held_size for row in rows), zero=NOTHING, hide=True),
            numbers("surplus", (row.surplus for row in rows), zero=NOTHING, hide=True),
            numbers("shortfall", (row.shortfall for row in rows), zero=NOTHING, hide=True),
        ],
        more=len(run.liquidations) - len(rows),
    )


def fund(run: Run, limit: int) -> Table:
    """The insurance fund at the steps where it moved."""
    moved = [row for row in run.fund if row.moved]
    rows = _cut(moved, limit)
    several = len(run.scenario.funds) > 1
    return table(
        "Insurance fund",
        _fund_stood_still(run),
        [
            counts("step", (row.step for row in rows)),
            _times(run, rows),
            words("fund", (row.fund for row in rows)) if several else None,
            numbers("opening", (row.opening for row in rows)),
            numbers("received", (row.received for row in rows), zero=NOTHING),
            numbers("paid", (row.paid for row in rows), zero=NOTHING),
            numbers("closing", (row.closing for row in rows)),
        ],
        more=len(moved) - len(rows),
    )


def _fund_stood_still(run: Run) -> str:
    if len(run.scenario.funds) > 1:
        return "No insurance fund moved."
    balance = sum((one.balance for one in run.scenario.funds), ZERO)
    if not balance:
        return "The insurance fund was empty and stayed so."
    return f"The insurance fund did not move: it holds {digits(balance)}."


def deleveraged(run: Run, limit: int) -> Table:
    """Each deleveraged counterparty: what it gave up, at which price, what that cost it, and against whom."""
    rows = _cut(run.deleveraged, limit)
    several = len(run.scenario.markets) > 1
    return table(
        "Deleveraged",
        "Nobody was deleveraged.",
        [
            counts("step", (row.step for row in rows)),
            _times(run, rows),
            words("account", (row.account for row in rows)),
            counts("rank", (row.rank for row in rows), drop=4),
            numbers("score", (score(row.score) for row in rows), drop=3),
            words("gave up", (position(row.side, row.size, row.market if several else None) for row in rows)),
            numbers("out\nof", (row.size_before for row in rows), drop=6),
            numbers("at\nprice", (row.price for row in rows)),
            numbers("mark\nprice", (row.mark for row in rows), drop=2),
            numbers("realized\npnl", (row.realized_pnl for row in rows), drop=5),
            numbers("forgone\npnl", (row.forgone_pnl for row in rows)),
            words("against", (row.bankrupt for row in rows)),
        ],
        more=len(run.deleveraged) - len(rows),
    )


def skipped(run: Run, limit: int) -> Table:
    """Counterparties that stood in the queue but whom the fill would have bankrupted."""
    rows = _cut(run.skipped, limit)
    several = len(run.scenario.markets) > 1
    return table(
        "Skipped in the queue: the fill would have left them below zero",
        "",
        [
            counts("step", (row.step for row in rows)),
            words("account", (row.account for row in rows)),
            words("market", (row.market for row in rows)) if several else None,
            counts("rank", (row.rank for row in rows), drop=3),
            numbers("score", (score(row.score) for row in rows), drop=2),
            words("would give up", (position(row.side, row.size, None) for row in rows)),
            numbers("at\nprice", (row.price for row in rows)),
            numbers("equity\nafter", (row.equity_after for row in rows)),
        ],
        more=len(run.skipped) - len(rows),
    )


def bad_debt(run: Run, limit: int) -> Table:
    """Money that nobody covered, by the claim that left it."""
    rows = _cut(run.bad_debt, limit)
    several = len(run.scenario.markets) > 1
    why = {"closed": "closed at a loss", "held": "still held by the venue", "owed": "owed by the account, below zero"}
    return table(
        "Bad debt",
        "",
        [
            counts("step", (row.step for row in rows)),
            words("account", (row.account for row in rows)),
            words("market", (row.market for row in rows)) if several else None,
            numbers("amount", (row.amount for row in rows)),
            words("how", (why[row.why] for row in rows)),
        ],
        more=len(run.bad_debt) - len(rows),
    )


def socialized(run: Run, limit: int) -> Table:
    """Whose profit was cut to cover a loss."""
    rows = _cut(run.socialized, limit)
    several = len(run.scenario.markets) > 1
    return table(
        "Socialized losses",
        "",
        [
            counts("step", (row.step for row in rows)),
            words("account", (row.account for row in rows)),
            words("market", (row.market for row in rows)) if several else None,
            numbers("profit", (row.base for row in rows)),
            numbers("lost", (row.amount for row in rows)),
        ],
        more=len(run.socialized) - len(rows),
    )


def accounts(run: Run, limit: int) -> Table:
    """The accounts that changed: first those that were liquidated or deleveraged, then those whose equity moved."""
    rows, changed = _changed(run.accounts, limit)
    funding = funding_by_account(run.events) if run.funding else {}
    several = len(run.scenario.markets) > 1
    with exact():
        changes = [row.equity_end - row.equity_start for row in rows]
    return table(
        "Accounts that changed",
        "No account changed." if run.scenario.accounts else "There are no accounts.",
        [
            words("account", (row.account for row in rows)),
            words("status", (_status(row) for row in rows)),
            numbers("equity\nat start", (row.equity_start for row in rows)),
            numbers("equity\nat end", (row.equity_end for row in rows)),
            numbers("funding", (funding.get(row.account, ZERO) for row in rows), drop=2, hide=True, zero=NOTHING),
            numbers("change", changes, drop=1),
            Column("positions left", tuple(_positions(row, several) for row in rows), drop=3),
        ],
        more=changed - len(rows),
    )


def _changed(states: Iterable[AccountState], limit: int) -> tuple[list[AccountState], int]:
    """The first `limit` accounts that changed and how many did. Holds no more than these and the ones that were touched."""
    touched: list[AccountState] = []
    moved: list[AccountState] = []
    others = 0
    for state in states:
        if state.status == "liquidated" or state.deleveraged:
            touched.append(state)
        elif state.equity_end != state.equity_start:
            others += 1
            if not limit or len(moved) < limit:
                moved.append(state)
    return _cut([*touched, *moved], limit), len(touched) + others


def _status(state: AccountState) -> str:
    """'liquidated', 'deleveraged', both, or what the engine calls it; that a deleveraged one has nothing left shows beside it."""
    if not state.deleveraged:
        return state.status
    return "liquidated, deleveraged" if state.status == "liquidated" else "deleveraged"


def _positions(state: AccountState, several: bool) -> str:
    """One line per position, or their number where they are many."""
    if len(state.positions) > MANY:
        return counted(len(state.positions), "position")
    return "\n".join(position(one.side, one.size, one.market if several else None) for one in state.positions) or NOTHING


def steps(run: Run, limit: int) -> Table:
    """The path step by step: time, marks, who was liquidated, what the fund holds, who was deleveraged."""
    rows = _cut(run.steps, limit)
    markets = [market.name for market in run.scenario.markets]
    funds = [one.name for one in run.scenario.funds]

    def heading(what: str, name: str, names: list[str]) -> str:
        return f"{what}\n{clean(name)}" if len(names) > 1 else what

    # the last markets go first, and all of them before the funds
    mark_columns = [
        numbers(heading("mark", name, markets), [row.marks.get(name) for row in rows], drop=1 + len(markets) - i)
        for i, name in enumerate(markets)
    ]
    fund_columns = [
        numbers(heading("fund", name, funds), [row.funds.get(name) for row in rows], drop=2 + len(markets)) for name in funds
    ]
    return table(
        "Step by step",
        "The path has no step.",
        [
            counts("step", (row.step for row in rows)),
            words("time", (row.time for row in rows), drop=1, hide=True),
            *mark_columns,
            words("liquidated", (_listed(row.liquidated, "account") for row in rows)),
            *fund_columns,
            words("deleveraged", (_listed(row.deleveraged, "account") for row in rows)),
        ],
        more=len(run.steps) - len(rows),
    )


def _listed(names: Sequence[str], what: str) -> str:
    """'alice, bob', or '12 accounts' where that would be too wide; '-' for none."""
    text = ", ".join(map(clean, names)) or NOTHING
    return text if len(text) <= LIST_WIDTH or len(names) == 1 else counted(len(names), what)


def _times(run: Run, rows: Sequence[_AtStep]) -> Column | None:
    """The times of the rows' steps, where the path has any."""
    times = run.scenario.path.times
    return words("time", (times[row.step] for row in rows), drop=1) if times else None


class _AtStep(Protocol):
    @property
    def step(self) -> int: ...


def _cut(rows: Sequence[R], limit: int) -> list[R]:
    return list(islice(rows, limit or None))
