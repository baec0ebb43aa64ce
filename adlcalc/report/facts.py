"""What a finished run holds: its events, and the rows that they fold into. It knows no form that they are
written in.

Public: Facts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from heapq import merge
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from adlcalc.engine.events import (
    AccountEnded,
    AccountState,
    BadDebt,
    Deleveraged,
    Ended,
    Event,
    FeePaid,
    FundingPaid,
    FundingSettled,
    FundReceived,
    FundResumed,
    FundStopped,
    Held,
    Liquidated,
    LossSocialized,
    MarginTaken,
    Skipped,
    Started,
    StepEnded,
    Traded,
)
from adlcalc.engine.formulas.margin import hurt_both_ways
from adlcalc.engine.model import Scenario
from adlcalc.engine.rules import Assumption
from adlcalc.ground.numbers import exact
from adlcalc.report import run_view
from adlcalc.report.happened_view import TOLD, HappenedRow, happened_rows
from adlcalc.report.series_view import SeriesRow, series_rows
from adlcalc.study.assumptions import TELLING, used_assumptions
from adlcalc.study.health import Health, OpenPosition

if TYPE_CHECKING:
    from adlcalc.engine.quiet import QuietAccounts
    from adlcalc.study.watch import Watch


AT_THE_END = (AccountEnded, Ended)
MANY = 1_000
"""A book of more accounts is large: only those quiet ones that are shown are worked out, and a page begins
with the totals."""
FEW = 20
"""So many accounts of a kind may be shown by figures of a large book."""


class Facts:
    """What happened when a scenario was run: the events, and rows that are worked out when they are first
    asked for.

    `file` is the name the scenario was read under, or None; `options` are those of the command line that
    changed the scenario. watch: what was looked at while it ran, where somebody asked; named: the accounts,
    funds and markets whose series was asked for. rests: where it was doubted, the assumed rules that the
    outcome rests on, each with what another reading changes. untested: how many documented rules
    of the rulebook no published number has tested, where somebody looked."""

    def __init__(
        self,
        scenario: Scenario,
        events: Iterable[Event],
        *,
        file: str | None = None,
        options: Sequence[str] = (),
        watch: Watch | None = None,
        named: Sequence[str] = (),
    ) -> None:
        self.scenario = scenario
        self.file = file
        self.options = tuple(options)
        self.watch = watch
        self.named = tuple(named)
        self.rests: Mapping[str, str] | None = None
        self.untested = 0
        self.events: tuple[Event, ...] = tuple(events)
        end = self.events[-1] if self.events else None
        self.quiet = end.quiet if isinstance(end, Ended) else None
        """The accounts that nothing happened to, where they were told together."""
        # they come last, before the end: a big book's are many, and no other row is made of them
        last = len(self.events)
        while last and isinstance(self.events[last - 1], AT_THE_END):
            last -= 1
        self._happened = self.events[:last]
        self._kinds: dict[type, list[Any]] = defaultdict(list)
        for event in self._happened:
            self._kinds[type(event)].append(event)

    def told(self, *kinds: type) -> list[Any]:
        """The events of these kinds: those of a kind in their order, kind after kind."""
        return [event for kind in kinds for event in self._kinds.get(kind, ())]

    def in_order(self, *kinds: type) -> list[Any]:
        """The events of these kinds in the order in which they happened."""
        asked = {kind for kind in kinds if kind in self._kinds}
        if len(asked) < 2:
            return self.told(*asked)
        return [event for event in self._happened if type(event) in asked]

    @cached_property
    def closed(self) -> Sequence[Liquidated]:
        """The positions that the venue closed, as it was told."""
        return self.told(Liquidated)

    @cached_property
    def held(self) -> Mapping[int, Held]:
        """What the venue still holds at the end, by claim."""
        last = run_view.last_step(self.told(StepEnded))
        return {event.claim: event for event in self.told(Held) if event.step == last}

    @cached_property
    def liquidations(self) -> Sequence[run_view.LiquidationRow]:
        """One row per position that the venue closed, with what became of it."""
        fills, margins = self.told(*run_view.FILLS), self.told(MarginTaken)
        return run_view.LiquidationRows(self.scenario, self.closed, fills, margins, self.held)

    @cached_property
    def fund(self) -> tuple[run_view.FundRow, ...]:
        """One row per step and fund."""
        return run_view.fund_rows(self.in_order(*run_view.OF_FUNDS))

    @cached_property
    def fund_stops(self) -> tuple[run_view.FundStop, ...]:
        """One row for each time that a fund stopped paying or paid again."""
        return run_view.fund_stops(self._happened) if self.told(FundStopped, FundResumed) else ()

    @cached_property
    def deleveraged(self) -> tuple[Deleveraged, ...]:
        """One row per counterparty and fill."""
        return tuple(self.told(Deleveraged))

    @cached_property
    def skipped(self) -> tuple[Skipped, ...]:
        """Counterparties that were passed over because the fill would have bankrupted them."""
        return tuple(self.told(Skipped))

    @cached_property
    def happened(self) -> tuple[HappenedRow, ...]:
        """What the path brought besides marks, and what came of it."""
        owners = {one.claim: one.account for one in self.closed} if self.told(FeePaid) else {}
        # a fund's many receipts are none of it, but for what the path brings it
        kinds = TOLD if self.scenario.path.events else TOLD.keys() - {FundReceived}
        return happened_rows(self.in_order(*kinds), owners)

    @cached_property
    def funding(self) -> tuple[FundingPaid, ...]:
        """One row per market and step at which funding fell due."""
        return tuple(self.told(FundingPaid))

    @cached_property
    def socialized(self) -> tuple[LossSocialized, ...]:
        """One row per account whose profit was cut to cover a loss."""
        return tuple(self.told(LossSocialized))

    @cached_property
    def bad_debt(self) -> tuple[run_view.BadDebtRow, ...]:
        """Money that nobody covered, row by row."""
        if not self.told(*run_view.LOSSES):
            return ()
        return run_view.bad_debt_rows(self.told(*run_view.LOSSES, Liquidated, StepEnded))

    @cached_property
    def steps(self) -> tuple[run_view.StepRow, ...]:
        """One row per step of the path."""
        return run_view.step_rows(self.in_order(*run_view.OF_STEPS))

    @property
    def step_count(self) -> int:
        """How many there are."""
        return len(self.told(StepEnded))

    @cached_property
    def audit(self) -> run_view.Audit:
        """The audit after the last step."""
        return run_view.audit(self.told(Started, StepEnded))

    @cached_property
    def pnl_of_held(self) -> Mapping[str, Decimal]:
        """By currency: the pnl at the last mark of what the venue still holds."""
        ended = self.told(StepEnded)
        return dict(ended[-1].held) if ended else {}

    @cached_property
    def assumptions(self) -> tuple[Assumption, ...]:
        """The assumed rules that this run has used."""
        if self.told(Deleveraged, BadDebt):
            return used_assumptions(self.scenario, self.in_order(*TELLING))
        # of nearly all kinds it is only asked whether there is any
        first = (event for kind in TELLING - {Traded} for event in self._kinds.get(kind, ())[:1])
        told = [*self.told(Traded), *first]
        return used_assumptions(self.scenario, told)

    @property
    def accounts(self) -> Iterator[AccountState]:
        """Every account at the end, by name; then the rest of the market, backstops and the venue, where they
        hold anything."""
        return self._with_quiet(None if self.quiet is None else self.quiet.by_name())

    @property
    def told_accounts(self) -> Iterator[AccountState]:
        """Those of them that were told one by one: whatever something happened to is."""
        ended = self.events[len(self._happened) :]
        return (event.state for event in ended if isinstance(event, AccountEnded))

    @cached_property
    def backstops(self) -> tuple[AccountState, ...]:
        """The providers and vaults that have taken something over, or have money of their own, at the end."""
        return tuple(state for state in self.told_accounts if state.status == "backstop")

    def _with_quiet(self, places: Sequence[int] | None) -> Iterator[AccountState]:
        """The accounts that were told one by one, and the quiet ones of these places in the order of their
        names."""
        told = self.told_accounts
        if self.quiet is None or not places:
            return told
        touched = islice(told, len(self.quiet.touched))
        return chain(merge(touched, self.quiet.states(places), key=lambda state: state.account), told)

    def few_accounts(self, limit: int) -> tuple[Iterator[AccountState], int, bool]:
        """The accounts that a page of `limit` rows a table may show (0: all); how many others there are, all
        of them open, and whether their equity has moved."""
        quiet = self.quiet
        lines = None if quiet is None else self.health.lines_of(quiet.market)
        if quiet is None or lines is None or not limit or len(quiet) <= MANY or hurt_both_ways(lines):
            return self.accounts, 0, False
        some = set(quiet.first_by_name(limit)) | set(quiet.nearest(lines, limit))
        places = sorted(some, key=quiet.accounts.ids.__getitem__)
        return self._with_quiet(places), len(quiet) - len(places), quiet.moved

    @cached_property
    def apart(self) -> tuple[Sequence[AccountState], QuietAccounts | None]:
        """The accounts that figures may show one by one: those that something happened to, those that were
        asked for, the few that are nearest to liquidation or have changed most; and all others, together."""
        quiet = self.quiet
        lines = None if quiet is None else self.health.lines_of(quiet.market)
        if quiet is None or lines is None or len(quiet) <= MANY or hurt_both_ways(lines):
            return list(self.accounts), None
        ids = quiet.accounts.ids
        some = {i for i, name in enumerate(ids) if name in self.named} if self.named else set()
        some |= quiet.largest(FEW) | set(quiet.nearest(lines, FEW))
        places = sorted(some.difference(quiet.touched), key=ids.__getitem__)
        return list(self._with_quiet(places)), quiet.without(places)

    @cached_property
    def health(self) -> Health:
        """How open positions stand."""
        return Health(self.scenario)

    def positions_of(self, state: AccountState) -> tuple[OpenPosition, ...]:
        """The open positions of an account, and how they stand."""
        with exact():
            return self.health.of(state)

    @cached_property
    def series(self) -> tuple[SeriesRow, ...]:
        """The series that were asked for, step by step."""
        with exact():
            return tuple(series_rows(self.scenario, self.events, self.watch, self.named))

    @cached_property
    def funding_by_account(self) -> dict[str, Decimal]:
        """What each account has paid (negative) or received as funding over the whole run."""
        return run_view.funding_by_account(self.told(FundingSettled))

    @cached_property
    def claimed(self) -> dict[int, str]:
        """By the number of a claim, whose position it was and when the venue closed it: 'alice at step 2'."""
        return {event.claim: f"{event.account} at step {event.step}" for event in self.closed}

    @cached_property
    def touched(self) -> frozenset[str]:
        """The accounts that an event of the run names; what every account pays or receives by the same rule
        (funding) apart."""
        found: set[str] = set()
        for event in self._happened:
            if not isinstance(event, FundingSettled):
                found.update(getattr(event, key, "") for key in ("account", "provider", "bankrupt"))
        return frozenset(found)

    def __repr__(self) -> str:
        name = self.scenario.title or self.file or ""
        counts = (
            f"{self.step_count} steps, {len(self.liquidations)} liquidated, {len(self.deleveraged)} "
            "deleveraged"
        )
        return f"<adlcalc run {name!r}: {counts}, bad debt {self.audit.bad_debt:f}>"
