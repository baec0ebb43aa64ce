"""What moves an account back in the queue of one moment, tried over the whole run: with it from the start, is
the account deleveraged at all? The two may differ, as everything before the moment is then otherwise too.

A part that is closed at the moment is no way to start, and is not tried.

Public: FromTheStart, MoveTried, tried.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from adlcalc.engine.formulas.margin import initial_collateral, value
from adlcalc.engine.model import Account, Position, Scenario
from adlcalc.study.questions import Measure
from adlcalc.study.rank import Ranking
from adlcalc.study.runs import Asked, Refused, as_written, measured
from adlcalc.study.what_if import Move

TRIED = ("collateral", "leverage")
MANY = 1_000
"""Of more accounts than these nothing is tried: each try is a run, and `rank` is one."""


class MoveTried(NamedTuple):
    """A move, and whether the account is deleveraged in the whole run with it."""

    move: Move
    deleveraged: bool


@dataclass(frozen=True, slots=True)
class FromTheStart:
    """The variation that begins with a move: that much more collateral or balance, or that leverage (and the
    collateral that it asks for, if that is more)."""

    move: Move
    market: str
    side: int

    def __call__(self, scenario: Scenario) -> Scenario:
        """The scenario with it."""
        at = next(i for i, one in enumerate(scenario.accounts) if one.id == self.move.account)
        account = self._moved(scenario, scenario.accounts[at])
        return replace(scenario, accounts=(*scenario.accounts[:at], account, *scenario.accounts[at + 1 :]))

    def _moved(self, scenario: Scenario, account: Account) -> Account:
        mine = [one for one in account.positions if (one.market, one.side) == (self.market, self.side)]
        if not mine:
            raise Refused("the position is opened later")
        if self.move.lever == "collateral" and mine[0].collateral is None:
            return replace(account, balance=account.balance + self._change)
        positions = (self._of(scenario, one) if one is mine[0] else one for one in account.positions)
        return replace(account, positions=tuple(positions))

    @property
    def _change(self) -> Decimal:
        assert self.move.change is not None
        return self.move.change

    def _of(self, scenario: Scenario, position: Position) -> Position:
        if self.move.lever == "collateral":
            assert position.collateral is not None
            return replace(position, collateral=position.collateral + self._change)
        leverage, collateral = self.move.after, position.collateral
        assert leverage is not None
        if collateral is not None:
            market = next(one for one in scenario.markets if one.name == position.market)
            cost = value(market.contract, position.side * position.size, position.entry, scenario.money_unit)
            collateral = max(collateral, initial_collateral(cost, leverage, scenario.money_unit))
        return replace(position, leverage=leverage, collateral=collateral)


def tried(scenario: Scenario, rankings: Sequence[Ranking]) -> Iterator[MoveTried]:
    """The moves of accounts that the run deleverages, each over the whole run."""
    for ranking in rankings if len(scenario.accounts) <= MANY else ():
        for account in dict.fromkeys(move.account for move in ranking.moves):
            adl = Measure("adl", account)
            (now,) = measured(scenario, [as_written], Asked((adl,)))
            moves = [
                FromTheStart(move, ranking.market, ranking.side)
                for move in ranking.moves
                if move.account == account and move.after is not None and move.lever in TRIED
            ]
            for row in measured(scenario, moves if now.value[adl] else [], Asked((adl,))):
                if row.refused is None:
                    yield MoveTried(row.variation.move, bool(row.value[adl]))
