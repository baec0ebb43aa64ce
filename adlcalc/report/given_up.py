"""What deleveraging cost whom, a sentence or two each in plain words, for a page.

Public: Sentence, sentences, LIST.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from adlcalc.engine.events import Deleveraged
from adlcalc.engine.formulas.worked import Worked
from adlcalc.engine.model import side_name
from adlcalc.ground.numbers import ZERO, exact
from adlcalc.report.facts import Facts
from adlcalc.report.human import clean, counted, digits
from adlcalc.report.score_formula import score_text
from adlcalc.report.verdict import named
from adlcalc.study.ladder import Ladder

LIST = 5
"""Positions that have a sentence; of more those that were asked for, then those that it cost most."""
Ladders = Mapping[tuple[int, str, int], Ladder]


class Sentence(NamedTuple):
    """who: whom it is of, '' of all others together; asked: was this account asked for? how: its score worked
    out in a line, '' where its place is not known."""

    who: str
    text: str
    asked: bool = False
    how: str = ""


def sentences(run: Facts, ladders: Ladders, line: Callable[[Worked], str] | None = None) -> list[Sentence]:
    """Of each position that was deleveraged: how much of it was closed, at which price, what that cost
    against the mark, and why it stood where it stood. line: how what is worked out is written."""
    with exact():
        positions: dict[tuple[str, str, int], list[Deleveraged]] = {}
        for fill in run.deleveraged:
            positions.setdefault((fill.account, fill.market, fill.side), []).append(fill)
        cost = {key: sum((fill.forgone_pnl for fill in fills), ZERO) for key, fills in positions.items()}
        asked: Collection[str] = frozenset(run.named)
        order = sorted(positions, key=lambda key: (key[0] not in asked, -cost[key]))
        shown, rest = order[:LIST], order[LIST:]
        told = [
            Sentence(
                clean(key[0]),
                _told(run, positions[key], cost[key], ladders),
                key[0] in asked,
                "" if line is None else _how(run, positions[key][0], ladders, line),
            )
            for key in shown
        ]
        if rest:
            text = f"and {counted(len(rest), 'position')} more"
            if len(run.scenario.currencies) == 1:
                text += f", {_against_the_mark(sum((cost[key] for key in rest), ZERO))} together"
            told.append(Sentence("", f"{text}."))
    return told


def _told(run: Facts, fills: Sequence[Deleveraged], cost: Decimal, ladders: Ladders) -> str:
    """'gave up 3 of the 5 contracts of its short at 95,000, at step 1 with the mark at 85,000: ...' The name
    stands before it."""
    first = fills[0]
    size, realized = (sum((getattr(one, of) for one in fills), ZERO) for of in ("size", "realized_pnl"))
    where = f" in {clean(first.market)}" if len(run.scenario.markets) > 1 else ""
    contracts = "contract" if first.size_before == 1 else "contracts"
    much = (
        f"all {digits(size)}"
        if size == first.size_before
        else f"{digits(size)} of the {digits(first.size_before)}"
    )
    text = f"gave up {much} {contracts} of its {side_name(first.side)}{where}"
    text += f" in {len(fills):,} fills" if len(fills) > 1 else ""
    text += (
        f" at {_range([one.price for one in fills])}, with the mark at {_range([one.mark for one in fills])}"
    )
    text += f" ({_steps(fills)}). That {_against_the_mark(cost)}; "
    text += (
        f"it realized a profit of {digits(realized)}. "
        if realized >= 0
        else f"it realized a loss of {digits(-realized)}. "
    )
    return text + _place(first, ladders) + _whom(fills)


def _against_the_mark(cost: Decimal) -> str:
    """Against what the contracts were worth at the mark."""
    if cost < 0:
        return f"brought {digits(-cost)} more than the mark"
    return f"cost {digits(cost)} against the mark" if cost else "cost nothing against the mark"


def _place(first: Deleveraged, ladders: Ladders) -> str:
    """Why it was this one."""
    ladder = ladders.get((first.step, first.market, first.side))
    of = f" of {ladder.places:,}" if ladder is not None else ""
    text = f"It stood at rank {first.rank:,}{of} in the queue of the {side_name(first.side)}s"
    text += f", with a score of {score_text(first.score)}"
    behind = (
        next((one for one in ladder.rungs if one.rank == first.rank + 1), None)
        if ladder is not None
        else None
    )
    if behind is not None:
        text += f"; next was {clean(behind.account)}, with {score_text(behind.score)}"
    return text + ". "


def _how(run: Facts, first: Deleveraged, ladders: Ladders, line: Callable[[Worked], str]) -> str:
    """The score by which it stood there, worked out."""
    ladder = ladders.get((first.step, first.market, first.side))
    place = (first.rank, first.account)
    rung = next((one for one in ladder.rungs if (one.rank, one.account) == place), None) if ladder else None
    if rung is None or rung.inputs is None:
        return ""
    return line(run.scenario.rules.adl.score.worked(rung.inputs))


def _whom(fills: Sequence[Deleveraged]) -> str:
    """Who was on the other side."""
    accounts = list(dict.fromkeys(one.bankrupt for one in fills))
    what = "position" if len(accounts) == 1 else "positions"
    return f"The other side was the liquidated {what} of {named(accounts)}."


def _range(prices: Sequence[Decimal]) -> str:
    low, high = min(prices), max(prices)
    return digits(low) if low == high else f"{digits(low)} to {digits(high)}"


def _steps(fills: Sequence[Deleveraged]) -> str:
    first, last = fills[0].step, fills[-1].step
    return f"step {first:,}" if first == last else f"steps {first:,} to {last:,}"
