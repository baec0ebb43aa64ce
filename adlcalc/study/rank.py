"""Who stands where in the queues of a step, and why: the engine's own queues, told row by row.

The queue of a step is the one that the engine ranked there for its first fill, whoever was liquidated already
gone from it. Where the step needed none, it is ranked at the step's end, on the same rules.

    up_to     what stands in the queue down to and including a place: contracts, or positions where the venue
              counts heads
    lights    6 - the fifth of the queue that up_to falls in: 5 in the first fifth, 1 in the last (5 x up_to /
              whole, rounded up)
    ahead     contracts before a place; a bankrupt position reaches it with one lot more, and wholly with its
              size more

Public: Ranked, Ranking, Ranker, rows_of, lights_of.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from adlcalc.engine.formulas.scores import Inputs
from adlcalc.engine.model import Scenario
from adlcalc.engine.queue.queue import Queue, Scored
from adlcalc.engine.rules import AdlRules, Lights
from adlcalc.engine.waterfall.closing import account_state
from adlcalc.engine.waterfall.facts import Facts, Observer
from adlcalc.ground.numbers import ZERO, D, divide, round_to
from adlcalc.study.health import Health, OpenPosition
from adlcalc.study.what_if import Move, lights_of, moves

SHOWN = D("0.00000001")
"""Quotients that are only shown are rounded half even to this."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """One position's place. pnl_ratio = pnl / entry value; leverage = notional / equity of the margin unit,
    None without equity; partly, wholly: how large a bankrupt position must be to reach it, as long as nobody
    before it is passed over."""

    rank: int
    account: str
    lights: int
    share: Decimal
    score: Decimal
    tied: bool
    margin: str
    inputs: Inputs
    pnl_ratio: Decimal
    leverage: Decimal | None
    ahead: Decimal
    partly: Decimal
    wholly: Decimal
    stands: OpenPosition | None = None

    @property
    def size(self) -> Decimal:
        """Contracts held."""
        return self.inputs.size

    @property
    def percentile(self) -> int:
        """20 for the first fifth of the queue, 100 for the last, as BitMEX shows it."""
        return 20 * (6 - self.lights)


@dataclass(frozen=True, slots=True)
class Ranking:
    """One queue. used: the engine ranked it for a fill of this step. moves: what would move the accounts that
    were asked for."""

    market: str
    side: int
    mark: Decimal
    used: bool
    rows: tuple[Ranked, ...]
    moves: tuple[Move, ...]


def rows_of(queue: Queue, rules: AdlRules, health: Health | None = None) -> tuple[Ranked, ...]:
    """The rows of a queue that has just been ranked; with `health` how each position stands."""
    places = list(queue)
    heads = rules.lights == Lights.HEADS
    whole = D(len(places)) if heads else sum((place.size for place in places), ZERO)
    rows, ahead = [], ZERO
    for place in places:
        up_to = D(place.rank) if heads else ahead + place.size
        stands = None if health is None else _stands(health, place)
        rows.append(_row(place, lights_of(up_to, whole), divide(up_to, whole), ahead, queue.book.lot, stands))
        ahead += place.size
    return tuple(rows)


def _stands(health: Health, place: Scored) -> OpenPosition:
    """How the position of a place stands."""
    holding = place.holding
    found = health.of(account_state(holding.holder, {each.book: ZERO for each in holding.holder.holdings}))
    return next(one for one in found if (one.market, one.side) == (holding.book.name, holding.side))


def _row(
    place: Scored, lights: int, share: Decimal, ahead: Decimal, lot: Decimal, stands: OpenPosition | None
) -> Ranked:
    x = place.inputs
    return Ranked(
        rank=place.rank,
        account=place.holding.holder.id,
        lights=lights,
        share=round_to(share, SHOWN),
        score=place.score,
        tied=place.tied,
        margin="isolated" if place.holding.unit.isolated else "cross",
        inputs=x,
        pnl_ratio=round_to(divide(x.pnl, x.entry_value), SHOWN) if x.entry_value else ZERO,
        leverage=round_to(divide(x.exposure, x.equity), SHOWN) if x.equity > 0 else None,
        ahead=ahead,
        partly=ahead + min(lot, place.size),
        wholly=ahead + place.size,
        stands=stands,
    )


class Ranker(Observer):
    """Notes the queues of one step while a run is made; `rankings` has them in the order of the markets,
    longs first.

    markets, sides: which queues; accounts: for whom it is worked out what would move them.
    """

    def __init__(
        self,
        scenario: Scenario,
        step: int,
        markets: Collection[str],
        sides: Collection[int],
        accounts: Collection[str],
    ) -> None:
        self.scenario, self.step = scenario, step
        self._wanted = [
            (market.name, side)
            for market in scenario.markets
            for side in (1, -1)
            if market.name in markets and side in sides
        ]
        self._accounts = accounts
        self._health = Health(scenario)
        self._found: dict[tuple[str, int], Ranking] = {}

    @property
    def rankings(self) -> Sequence[Ranking]:
        """The queues that were asked for."""
        return [self._found[key] for key in self._wanted if key in self._found]

    def ranked(self, facts: Facts, queue: Queue) -> None:
        """A fill of this step needs the queue: here is what it was ranked on."""
        key = (queue.book.name, queue.side)
        if facts.step == self.step and key in self._wanted and key not in self._found:
            self._found[key] = self._ranking(facts, queue, used=True)

    def ended(self, facts: Facts) -> None:
        """The queues that no fill has needed."""
        if facts.step != self.step:
            return
        for market, side in self._wanted:
            if (market, side) not in self._found:
                self._found[market, side] = self._ranking(facts, facts.queue(market, side), used=False)

    def _ranking(self, facts: Facts, queue: Queue, used: bool) -> Ranking:
        rows = rows_of(queue, facts.adl, self._health)
        found = moves(facts, queue, self._accounts) if self._accounts else ()
        return Ranking(queue.book.name, queue.side, queue.book.mark, used, rows, tuple(found))
