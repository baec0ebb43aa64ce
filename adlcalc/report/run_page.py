"""A run as a page: title, tables, audit, footnotes.

Public: run_page, OPEN_TITLE.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice

from adlcalc.engine.events import AccountState, FeePaid
from adlcalc.engine.rules import AdlWhen
from adlcalc.ground.numbers import ZERO
from adlcalc.report.columns.happened import HAPPENED
from adlcalc.report.columns.health import POSITIONS
from adlcalc.report.columns.run import (
    ACCOUNTS,
    BAD_DEBT,
    DELEVERAGED,
    FUND,
    LIQUIDATIONS,
    RUN,
    SKIPPED,
    SOCIALIZED,
    STEPS,
)
from adlcalc.report.columns.series import SERIES
from adlcalc.report.facts import MANY, Facts
from adlcalc.report.field import Rows
from adlcalc.report.human import clean, counted, digits, position
from adlcalc.report.limits import in_money, money_in, not_modeled, shares_of_equity, venue_of
from adlcalc.report.page import Block, Page, notes, title_of, under_title
from adlcalc.report.series_view import bars
from adlcalc.report.table import Table, table, words
from adlcalc.report.verdict import ask_what_rests, ask_why, gain, verdict, worth_of_held

FUND_TITLE, CHANGED_TITLE, OPEN_TITLE = "Insurance fund", "Accounts that changed", "Open positions"
MONEY = ", money in "
NOTES = "Assumed rules that this run used"
SHOWN = {
    LIQUIDATIONS: ("Liquidated", "No account was liquidated."),
    DELEVERAGED: ("Deleveraged", "Nobody was deleveraged."),
    STEPS: ("Step by step", "The path has no step."),
    HAPPENED: ("What else happened", ""),
    SKIPPED: ("Skipped in the queue: the fill would have left them below zero", ""),
    SOCIALIZED: ("Socialized losses", ""),
    BAD_DEBT: ("Bad debt", ""),
}
"""The title of a table, and what is said instead of an empty one ('': nothing, it is left out)."""
OF_MONEY = {FUND_TITLE, CHANGED_TITLE, OPEN_TITLE, *(title for title, _ in SHOWN.values())}


def run_page(
    run: Facts,
    limit: int = 0,
    *,
    steps: bool = False,
    drawn: bool = False,
    chart: bool = False,
    health: bool = True,
    money: bool = True,
    closing: bool = False,
) -> Page:
    """At most `limit` rows of each table (0: all); with `steps` the path step by step as well.

    drawn: little bars beside a series; chart: the run in such bars first;
    health: how open positions stand (which a page that was written long
    ago does not have); money: what the amounts are (nor that);
    closing: the run in one sentence, at the end or, of a large book, first; and the
    command that asks why. Goldens are without them."""
    accounts = counted(len(run.scenario.accounts), "account")

    def blocks(width: int | None) -> Iterator[Block]:
        yield from under_title(run.scenario)
        if chart:
            from adlcalc.report.chart_view import chart as charted

            yield charted(run, width)
        for block in _blocks(run, limit, steps, drawn=drawn, health=health, closing=closing):
            yield _named(block, run) if money else block

    return Page(
        title=title_of(run.scenario, run.file),
        subtitle=f"Venue {venue_of(run.scenario)}, {accounts}, steps 0 to {max(run.step_count - 1, 0):,}"
        + (f", {money_in(run.scenario)}" if money else ""),
        blocks=blocks,
        document=RUN,
        about=run,
        asked=("steps",) if steps else (),
        name=clean(run.file or ""),
    )


def _blocks(
    run: Facts, limit: int, steps: bool, *, drawn: bool, health: bool, closing: bool
) -> Iterator[Block]:
    """Three tables always, the others where they have something to say."""
    large = len(run.scenario.accounts) > MANY
    if closing and large:
        yield verdict(run)
    if steps:
        yield _table(STEPS, run, limit)
    yield _table(LIQUIDATIONS, run, limit)
    yield _fund(run, limit)
    yield from _kept(run)
    yield _table(DELEVERAGED, run, limit)
    for rows in (HAPPENED, SKIPPED, SOCIALIZED, BAD_DEBT):
        if rows.of(run):
            yield _table(rows, run, limit)
    yield from _accounts(run, limit, health=health)
    yield from _series(run, limit, drawn=drawn)
    yield from _audit(run)
    yield notes(NOTES, run.assumptions)
    if closing and (asking := ask_what_rests(run)):
        yield asking
    if run.rests is not None:
        yield from _rests(run.rests)
    if run.untested:
        what = (
            "documented rule of this rulebook" if run.untested == 1 else "documented rules of this rulebook"
        )
        yield (
            f"{run.untested:,} {what} no published number has tested: adlcalc venues "
            f"{clean(run.scenario.venue)} --validation."
        )
    if closing:
        yield from _no_fee(run)
        if limits := not_modeled(
            run.scenario, liquidated=bool(run.closed), deleveraged=bool(run.deleveraged)
        ):
            yield limits
        if not large:
            yield verdict(run)
        if asking := ask_why(run):
            yield asking


def _named(block: Block, run: Facts) -> Block:
    """A table with the currency of its money in its heading."""
    if isinstance(block, Table) and block.title in OF_MONEY:
        return replace(block, title=in_money(block.title, run.scenario))
    return block


def _rests(rests: Mapping[str, str]) -> Iterator[str]:
    """Of a run that was doubted, what it rests on."""
    if not rests:
        yield "Rests on no assumed rule: the same happens under every other reading of one."
    for rule, change in rests.items():
        yield clean(f"Rests on {rule} (assumed): {change}.")


def _table(rows: Rows, run: Facts, limit: int) -> Table:
    records = rows.of(run)
    shown = list(islice(records, min(limit, sys.maxsize) or None))
    return table(*SHOWN[rows], rows.columns(shown, run), more=len(records) - len(shown))


def _fund(run: Facts, limit: int) -> Table:
    """The insurance fund at the steps where it moved."""
    moved = [row for row in run.fund if row.moved]
    shown = moved[: limit or None]
    more = len(moved) - len(shown)
    return table(FUND_TITLE, _stood_still(run), FUND.columns(shown, run), more=more)


def _stood_still(run: Facts) -> str:
    if len(run.scenario.funds) > 1:
        return "No insurance fund moved."
    balance = sum((one.balance for one in run.scenario.funds), ZERO)
    if not balance:
        return "The insurance fund was empty and stayed so (`fund` is 0, or not in the file)."
    why = ""
    rules = run.scenario.rules
    if run.deleveraged and rules.adl.when == AdlWhen.AFTER_FUND and not rules.fund.holds.held:
        why = " It pays for what is sold at a loss, and keeps no positions (fund.holds)."
    return f"The insurance fund did not move: it holds {digits(balance)}.{why}"


def _kept(run: Facts) -> Iterator[str]:
    """Where a fund keeps positions, what is left of it with them."""
    worth = worth_of_held(run)
    if worth:
        left = sum((row.closing for row in run.fund if row.step == run.fund[-1].step), ZERO)
        yield (
            f"What the venue still holds is the fund's, and has {gain(worth)} at the last mark: with it the fund "
            f"is worth {digits(left + worth)}."
        )


def _no_fee(run: Facts) -> Iterator[str]:
    """That a fee of the venue's own trades was asked for, and that there was nothing to take it of."""
    rates = {
        "fees.liquidation": run.scenario.rules.fees.liquidation,
        "fees.taker": run.scenario.rules.fees.taker,
    }
    asked = [f"{rule} of {digits(rate)}" for rule, rate in rates.items() if rate]
    taken_over = any(one.method == "takeover" for one in run.closed)
    if asked and taken_over and all(fee.account is not None for fee in run.told(FeePaid)):
        yield f"No {' and no '.join(asked)} was taken: nothing was closed better than at its bankruptcy price."


def _accounts(run: Facts, limit: int, *, health: bool) -> Iterator[Block]:
    """The accounts that changed, then the positions that are still open, nearest to their liquidation first.
    All accounts are gone through once for both."""
    changed = _Changed(limit)
    states, others, moved = run.few_accounts(limit)
    near, count = run.health.nearest(changed.passing(states), limit)
    nothing = "No account changed." if run.scenario.accounts else "There are no accounts."
    yield table(
        CHANGED_TITLE,
        nothing,
        ACCOUNTS.columns(changed.shown, run),
        more=changed.more + (others if moved else 0),
    )
    if health:
        yield table(
            OPEN_TITLE, "", POSITIONS.columns(near, run) if near else (), more=count + others - len(near)
        )
        if (there := shares_of_equity(near)) is not None:
            yield there


class _Changed:
    """The first `limit` accounts that changed, those first that were liquidated or deleveraged, then those
    whose equity moved; and how many more there are. Holds no more than these and those that were touched."""

    def __init__(self, limit: int) -> None:
        self._limit, self._others = limit, 0
        self._touched: list[AccountState] = []
        self._moved: list[AccountState] = []

    def passing(self, states: Iterable[AccountState]) -> Iterator[AccountState]:
        """The states as they come, looked at on their way."""
        for state in states:
            if state.status == "liquidated" or state.deleveraged:
                self._touched.append(state)
            elif state.equity_end != state.equity_start:
                self._others += 1
                if not self._limit or len(self._moved) < self._limit:
                    self._moved.append(state)
            yield state

    @property
    def shown(self) -> list[AccountState]:
        """The rows."""
        return [*self._touched, *self._moved][: self._limit or None]

    @property
    def more(self) -> int:
        """Those beyond the limit."""
        return len(self._touched) + self._others - len(self.shown)


def _series(run: Facts, limit: int, *, drawn: bool) -> Iterator[Block]:
    """A table for each account, fund and market that was asked for; little bars beside it where it is
    drawn."""
    for name in dict.fromkeys(row.series for row in run.series):
        rows = [row for row in run.series if row.series == name]
        shown = rows[: limit or None]
        made = [*SERIES.columns(shown, run)]
        if drawn:
            made.append(words("", bars([row.drawn for row in shown])))
        whose = " (equity of its margin unit)" if any(row.equity is not None for row in rows) else ""
        yield table(f"{clean(name)}, step by step{whose}", "", made, more=len(rows) - len(shown))


def _audit(run: Facts) -> Iterator[str]:
    """The line that says that money and contracts match; and the rest of the market, where there is one."""
    audit = run.audit
    yield (
        f"Audit: money difference {digits(audit.money_difference)},"
        f" open interest difference {digits(audit.open_interest_difference)}, bad debt {audit.told}."
    )
    if audit.rest:
        several = len(run.scenario.markets) > 1
        held = ", ".join(
            position(1 if size > 0 else -1, abs(size), market if several else None)
            for market, size in audit.rest.items()
        )
        yield f"Longs and shorts of the scenario do not balance; the rest of the market begins with {held}."
