"""The queues of a step as a page (schema adlcalc.rank/1).

JSON has the keys of ccxt's ADL structure in each row: `rank` is the place in the queue (1 = deleveraged
first), `rating` the lights as text, `percentage` 20 for each light (100 = the first fifth). `venue_rank` is
the number that the venue's own interface would show, on its own scale, which is what ccxt passes on as its
`rank`; null for a venue without one.

Public: Queues, rank_page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from adlcalc.engine.declared import name_in
from adlcalc.engine.formulas.policies import POLICIES
from adlcalc.engine.formulas.policies import queue as by_score
from adlcalc.engine.formulas.scores import WITHOUT, in_words
from adlcalc.engine.model import Scenario, side_name
from adlcalc.engine.rules import AdlWhen, Assumption, Eligible, Lights
from adlcalc.report.columns.rank import MOVES, QUEUE, RANK
from adlcalc.report.human import clean, counted, digits
from adlcalc.report.limits import at_the_price, in_money, money_in, one_sided, venue_of
from adlcalc.report.page import Block, Page, notes, title_of
from adlcalc.report.table import Table, table
from adlcalc.study.standing import Ahead, standing

if TYPE_CHECKING:
    from adlcalc.study.from_the_start import MoveTried
    from adlcalc.study.rank import Ranked, Ranking
    from adlcalc.study.what_if import Move

NEIGHBOURS = 2  # rows on either side of an account that was asked for
LIGHTS = 5
RULES = ("adl.score", "adl.eligible", "adl.lights", "adl.policy", "adl.rank")
NOTES = "Assumed rules behind this"


@dataclass(frozen=True, slots=True)
class Place:
    """A row and the queue that it stands in."""

    ranking: Ranking
    row: Ranked


@dataclass(frozen=True, slots=True)
class Pull:
    """A move and the queue that it is in."""

    ranking: Ranking
    move: Move


@dataclass(frozen=True, slots=True)
class Queues:
    """What is shown: the queues of a step of a scenario, `accounts` in the middle of each where some were
    asked for.

    lights, open_interest: what the venue told of positions (by account, market, side) and of markets. whole:
    what the moves come to over the whole run, of accounts that it deleverages."""

    scenario: Scenario
    file: str | None
    step: int
    rankings: Sequence[Ranking]
    accounts: Sequence[str]
    lights: Mapping[tuple[str, str, int], tuple[int, int]] = field(default_factory=dict)
    open_interest: Mapping[str, Decimal] = field(default_factory=dict)
    whole: Sequence[MoveTried] = ()

    def standing(self, ranking: Ranking, account: str) -> Ahead | None:
        """What the venue's own light says of an account's place; None where it told none."""
        shown = self.lights.get((account, ranking.market, ranking.side))
        if shown is None:
            return None
        lot = next(market.lot for market in self.scenario.markets if market.name == ranking.market)
        return standing(*shown, self.open_interest.get(ranking.market), lot)

    @property
    def is_part(self) -> bool:
        """Whether the queues hold only positions of which the venue told a light: the others are elsewhere,
        and a place among these says nothing."""
        rows = [(ranking, row.account) for ranking in self.rankings for row in ranking.rows]
        return bool(rows) and all(self.standing(ranking, account) is not None for ranking, account in rows)

    def of(self, ranking: Ranking, limit: int = 0) -> list[Place]:
        """The accounts that were asked for with their neighbours; the first `limit` rows (0: all) where none
        were."""
        rows = list(ranking.rows)
        if not self.accounts:
            return [Place(ranking, row) for row in rows[: limit or None]]
        asked = [row.rank for row in rows if row.account in self.accounts]
        near = {rank + i for rank in asked for i in range(-NEIGHBOURS, NEIGHBOURS + 1)}
        return [Place(ranking, row) for row in rows if row.rank in near]

    @property
    def places(self) -> list[Place]:
        """All that is shown of all queues."""
        return [place for ranking in self.rankings for place in self.of(ranking)]

    @property
    def moves(self) -> list[Pull]:
        """What would move the accounts that were asked for; nobody knows where the others are not there."""
        if self.is_part:
            return []
        return [Pull(ranking, move) for ranking in self.rankings for move in ranking.moves]

    @property
    def policy(self) -> str:
        """The name of the policy."""
        return name_in(POLICIES, self.scenario.rules.adl.policy)

    @property
    def time(self) -> str | None:
        """When the step is, where the path has times."""
        return self.scenario.path.time(self.step)

    @property
    def absent(self) -> list[str]:
        """Accounts that were asked for and stand in none of the queues."""
        present = {row.account for ranking in self.rankings for row in ranking.rows}
        return [account for account in self.accounts if account not in present]

    @property
    def assumptions(self) -> list[Assumption]:
        """The assumed rules that the ranks depend on; that of ties only where there is one."""
        tied = any(row.tied for ranking in self.rankings for row in ranking.rows)
        used = (*RULES, "adl.ties") if tied else RULES
        return [assumption for assumption in self.scenario.rules.assumptions if assumption.rule in used]


def rank_page(queues: Queues, limit: int = 0) -> Page:
    """At most `limit` rows of each queue (0: all), unless accounts were asked for."""
    rules = queues.scenario.rules.adl
    moment = f"step {queues.step:,}" + (f" ({clean(queues.time)})" if queues.time else "")
    venue = f"Venue {venue_of(queues.scenario)}"
    return Page(
        title=title_of(queues.scenario, queues.file),
        subtitle=f"{venue}, {moment}, {money_in(queues.scenario)}; score {clean(rules.score.name)}, "
        f"lights by {rules.lights}",
        blocks=lambda _: _blocks(queues, limit),
        document=RANK,
        about=queues,
    )


def _blocks(queues: Queues, limit: int) -> Iterator[Block]:
    for ranking in queues.rankings:
        places = queues.of(ranking, limit)
        if places or not queues.accounts:
            yield _queue(queues, ranking, places)
        for account in dict.fromkeys(move.account for move in ranking.moves if not queues.is_part):
            pulls = [Pull(ranking, move) for move in ranking.moves if move.account == account]
            title = f"The smallest changes that move {clean(account)} back"
            yield table(in_money(title, queues.scenario), "", MOVES.columns(pulls, queues))
    yield from _sentences(queues, limit)
    yield notes(NOTES, queues.assumptions)
    if queues.assumptions:
        yield "What hangs on them: adlcalc doubt FILE, with the same --venue and --set."


def _queue(queues: Queues, ranking: Ranking, places: Sequence[Place]) -> Table:
    """The rows of one queue."""
    side = side_name(ranking.side)
    several = len(queues.scenario.markets) > 1
    who = f"{side}s of {clean(ranking.market)}" if several else f"{side}s"
    place = f"at mark {digits(ranking.mark)}, {counted(len(ranking.rows), 'position')}"
    eligible = "in profit" if queues.scenario.rules.adl.eligible == Eligible.WINNERS else "open"
    return table(
        in_money(f"Queue of the {who} {place}", queues.scenario),
        f"Nobody stands in the queue of the {who}: at mark {digits(ranking.mark)} no {side} is {eligible}.",
        QUEUE.columns(places, queues),
        more=0 if queues.accounts else len(ranking.rows) - len(places),
    )


def _dim(queues: Queues, limit: int) -> Iterator[str]:
    """Who is first and shows less than all lights: it is next all the same."""
    firsts = [
        place.row
        for ranking in queues.rankings
        for place in queues.of(ranking, limit)
        if place.row.rank == 1 and place.row.lights < LIGHTS and len(ranking.rows) > 1
    ]
    if firsts and not queues.is_part:
        who = " and ".join(f"{clean(row.account)} ({row.lights} of {LIGHTS})" for row in firsts)
        heads = queues.scenario.rules.adl.lights == Lights.HEADS
        why = (
            "positions one stands, and there are few"
            if heads
            else "contracts a position ends; a large one that stands first ends further back"
        )
        yield f"Rank 1 is next whatever its lights, {who}: they tell in which fifth of the queue's {why}."


def _sentences(queues: Queues, limit: int) -> Iterator[str]:
    yield from _standings(queues)
    yield from _made_of(queues, limit)
    if not queues.is_part and any(queues.of(ranking, limit) for ranking in queues.rankings):
        yield (
            "Reached partly, wholly: how many contracts a bankrupt position must have to reach this one, and "
            "to "
            "take all of it."
        )
    yield from _dim(queues, limit)
    shown = (place.row.stands for ranking in queues.rankings for place in queues.of(ranking, limit))
    if (there := at_the_price(one for one in shown if one is not None)) is not None:
        yield there
    for ranking in queues.rankings:
        if not queues.is_part and len(ranking.rows) == 1 and _is_alone(queues, ranking):
            who, side = (
                clean(ranking.rows[0].account),
                f"{side_name(ranking.side)}s of {clean(ranking.market)}",
            )
            yield (
                f"{who} is alone in the queue of the {side}: the file holds no other, so its place says "
                "nothing."
            )
    if (told := one_sided(queues.scenario)) is not None:
        yield told
    for account in queues.absent:
        yield f"{clean(account)} stands in none of these queues at step {queues.step:,}."
    if queues.scenario.rules.adl.when == AdlWhen.NEVER:
        yield "Under these rules nobody is deleveraged; this is the order that their score would give."
    if queues.scenario.rules.adl.policy is not by_score:
        yield (
            f"The rulebook's policy is {queues.policy}: it does not take the positions one after the other "
            "in this order."
        )
    if queues.moves:
        what = "positions" if queues.scenario.rules.adl.lights == Lights.HEADS else "contracts"
        yield (
            f"In the back half at least half of the queue's {what} stand before it. Nobody else changes "
            "anything meanwhile."
        )
        yield from _kept_leverage(queues)
        yield from _over_the_run(queues)
    if any(ranking.used and queues.of(ranking) for ranking in queues.rankings):
        yield (
            "The queue is shown as it was ranked for the first fill of the step; who was deleveraged then "
            "still stands in it."
        )


def _made_of(queues: Queues, limit: int) -> Iterator[str]:
    """The formula of the score, as the rows that are shown have it."""
    found: dict[str, list[bool]] = {}
    for ranking in queues.rankings:
        for place in queues.of(ranking, limit):
            x = place.row.inputs
            found.setdefault(queues.scenario.rules.adl.score.formula(x), []).append(x.pnl < 0)
    formulas = {in_words(formula): set(losers) for formula, losers in found.items() if formula != WITHOUT}
    apart = {True} in formulas.values() and {False} in formulas.values()
    told = [
        formula + (" for a loser" if apart and who == {True} else "") for formula, who in formulas.items()
    ]
    if told:
        yield f"The score is {' or '.join(told)}."


def _is_alone(queues: Queues, ranking: Ranking) -> bool:
    """Does the file hold nobody else on that side, in profit or not?"""
    sides = ((one.market, one.side) for account in queues.scenario.accounts for one in account.positions)
    return sum(one == (ranking.market, ranking.side) for one in sides) == 1


def _from_the_start(move: Move) -> str:
    """What the run begins with: collateral comes on top of what there is then, a leverage is that
    leverage."""
    if move.lever == "collateral" and move.change is not None:
        return f"{digits(move.change)} more collateral"
    return f"{move.lever} {digits(move.after)}"


def _kept_leverage(queues: Queues) -> Iterator[str]:
    """What money that is paid in leaves as it is, where the score looks at it: a collateral in the file would
    stand in the place of the leverage, and be another initial margin."""
    score = queues.scenario.rules.adl.score
    moves = (one.move for one in queues.moves)
    paid_in = {one.account for one in moves if one.lever == "collateral" and one.change is not None}
    if any(
        place.row.account in paid_in
        and place.row.margin == "isolated"
        and "initial_margin" in score.formula(place.row.inputs)
        for ranking in queues.rankings
        for place in queues.of(ranking)
    ):
        yield (
            "Collateral is paid in, and the chosen leverage stays, by which this score takes the initial margin; a "
            "collateral in the file stands in the place of a leverage. `events: [{step: ..., account: ..., market: "
            "..., margin: ...}]` pays in."
        )


def _over_the_run(queues: Queues) -> Iterator[str]:
    """What the changes come to where the run begins with them: the table is of the queue of one moment."""
    for account in dict.fromkeys(one.move.account for one in queues.whole):
        told = {
            deleveraged: " or ".join(
                dict.fromkeys(
                    _from_the_start(one.move)
                    for one in queues.whole
                    if one.move.account == account and one.deleveraged is deleveraged
                )
            )
            for deleveraged in (False, True)
        }
        with_it = [
            f"with {told[False]} it is not" if told[False] else "",
            f"with {told[True]} it still is" if told[True] else "",
        ]
        yield (
            f"That is one moment. Over the whole run {clean(account)} is deleveraged; from the start "
            f"{', '.join(part for part in with_it if part)} (adlcalc solve asks for every value)."
        )


def _standings(queues: Queues) -> Iterator[str]:
    """What follows from the venue's lights, and no more; of a position that is not in the queue too."""
    shown = {(ranking.market, ranking.side): ranking for ranking in queues.rankings}
    for account in queues.scenario.accounts if queues.lights else ():
        for one in account.positions:
            ranking = shown.get((one.market, one.side))
            found = queues.standing(ranking, account.id) if ranking is not None else None
            if found is not None and (not queues.accounts or account.id in queues.accounts):
                who = f"{clean(account.id)}, {side_name(one.side)} {digits(one.size)} of {clean(one.market)}"
                yield f"{who}: {_follows(found, queues.open_interest.get(one.market))}"
    if queues.is_part:
        yield "The file holds nobody else: rank, and what would move it, cannot be known without the others."


def _follows(found: Ahead, interest: Decimal | None) -> str:
    """The contracts before a position, by its light."""
    light = f"light {found.lights} of {found.of}"
    if interest is None or found.at_least is None or found.at_most is None:
        return f"{light}. What stands before it cannot be known without the market's open_interest."
    reach = f"a bankrupt position below {digits(found.at_least)} does not reach it"
    return (
        f"{light}, open interest {digits(interest)}: {digits(found.at_least)} to {digits(found.at_most)} "
        "contracts "
        "stand before it if lights are equal parts of all contracts of its side (assumed); "
        f"{reach if found.at_least else 'any bankrupt position may reach it'}."
    )
