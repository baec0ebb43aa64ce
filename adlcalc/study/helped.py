"""What would have helped those who were deleveraged, as far as a few runs tell.

    the fund      where the rules let one run tell (least.py), what it must hold: the run with an endless one,
                  and the run with one unit less than the answer
    the account   the smallest change of its own collateral or leverage that moves it back in the queue
                  (what_if.py), and whether it is deleveraged at all where it begins the run with it

Public: Enough, enough_fund, MovedBack, moved_back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from adlcalc.engine.events import Deleveraged, StepEnded
from adlcalc.engine.loop import run
from adlcalc.engine.model import Scenario
from adlcalc.ground.numbers import ZERO
from adlcalc.study.from_the_start import TRIED, MoveTried, tried
from adlcalc.study.least import endless, why_not, with_balance
from adlcalc.study.rank import Ranked, Ranker
from adlcalc.study.what_if import GOALS, LIGHT, Move


@dataclass(frozen=True, slots=True)
class Enough:
    """The fund of the market in which somebody was deleveraged first, and what it has. rule: under which one
    run does not tell, '' where it does; still: who is deleveraged first however much it holds; least: with
    this and with more nobody is, None where that is not known or never so; tight: with one unit less somebody
    is."""

    fund: str
    has: Decimal
    rule: str = ""
    still: Deleveraged | None = None
    least: Decimal | None = None
    tight: bool = False


def enough_fund(scenario: Scenario, first: Deleveraged) -> Enough:
    """What the fund must hold. Two runs, none where the rules do not let one tell.

    With no less than the least fund the run is that with an endless one, event by event: where nobody is
    deleveraged in that one, nobody is."""
    name = next(one.fund for one in scenario.markets if one.name == first.market)
    has = next(one.balance for one in scenario.funds if one.name == name)
    if rule := why_not(scenario.rules):
        return Enough(name, has, rule)
    found = endless(scenario, name)
    still = next((event for event in found.events if isinstance(event, Deleveraged)), None)
    if still is not None:
        return Enough(name, has, still=still)
    less = with_balance(scenario, name, max(found.least - scenario.money_unit, ZERO))
    tight = any(isinstance(event, Deleveraged) for event in run(less, accounts=False))
    return Enough(name, has, least=found.least, tight=tight)


@dataclass(frozen=True, slots=True)
class MovedBack:
    """An account in its queue of `places` positions. moves: the smallest that reach the same goal; tried: what
    they come to over the whole run; alone: nobody else stands there."""

    place: Ranked
    places: int
    moves: tuple[Move, ...] = ()
    tried: tuple[MoveTried, ...] = ()

    @property
    def alone(self) -> bool:
        """Does nobody else stand in the queue?"""
        return self.places == 1


def moved_back(scenario: Scenario, first: Deleveraged) -> MovedBack | None:
    """What moves the account of a fill back, as little as it takes: so far that it is not deleveraged in the whole
    run, if any goal comes to that, else to the first goal. One run to that step, and one for each move and for
    none. None where it was not in the first queue of its step, but came into a later one."""
    ranker = Ranker(scenario, first.step, [first.market], (first.side,), (first.account,))
    for event in run(scenario, observer=ranker):
        if isinstance(event, StepEnded) and event.step == first.step:
            break
    (ranking,) = ranker.rankings
    place = next((row for row in ranking.rows if row.account == first.account), None)
    if place is None:
        return None
    nearest: MovedBack | None = None
    seen: set[tuple[tuple[str, Decimal | None], ...]] = set()
    for goal in dict.fromkeys((LIGHT, *GOALS)):  # one place is little in a long queue
        moves = tuple(
            one for one in ranking.moves if one.goal == goal and one.lever in TRIED and one.after is not None
        )
        pulls = tuple((one.lever, one.after) for one in moves)
        if moves and pulls not in seen:  # two goals may be reached by the same
            seen.add(pulls)
            whole = tuple(tried(scenario, [replace(ranking, moves=moves)]))
            found = MovedBack(place, len(ranking.rows), moves, whole)
            if not all(one.deleveraged for one in whole):
                return found
            nearest = nearest or found
    return nearest or MovedBack(place, len(ranking.rows))
