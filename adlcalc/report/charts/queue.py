"""The queue as a ladder: who stood where when somebody was to be deleveraged, and who gave up how much.

Public: figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from heapq import nlargest
from typing import NamedTuple

from adlcalc.engine.model import side_name
from adlcalc.ground.numbers import ZERO, D
from adlcalc.report.charts.canvas import Plot, Spec, room, share, short, shortened
from adlcalc.report.charts.figure import ROWS, Figure, Key
from adlcalc.report.columns.shared import score_column
from adlcalc.report.facts import Facts
from adlcalc.report.human import clean, counted, digits
from adlcalc.report.score_formula import score_text
from adlcalc.report.table import counts, names, numbers, table, words
from adlcalc.study.ladder import Ladder, Rung

QUEUES = 4
"""Queues that are drawn; of more, those that gave most."""
RUNGS = 12
"""Places that are drawn."""


class _Place(NamedTuple):
    """A place: what it held when it was ranked, what it gave up, and whether it was passed over."""

    rung: Rung
    gave: Decimal
    skipped: bool


class _Queue(NamedTuple):
    """places: as many as are known, of a long queue its head; givers, passed: how many there are of each in
    all of it."""

    step: int
    market: str
    side: int
    places: tuple[_Place, ...]
    behind: int
    known: bool
    given: Decimal
    givers: int
    passed: int


def figures(run: Facts, ladders: Mapping[tuple[int, str, int], Ladder]) -> list[Figure]:
    """Each queue that somebody was deleveraged from, step by step; of many those that gave most. Without
    ladders of a run (a large book) it is known who gave, but not who came behind."""
    taken: dict[tuple[int, str, int], dict[str, Decimal]] = {}
    for row in run.deleveraged:
        gave = taken.setdefault((row.step, row.market, row.side), {})
        gave[row.account] = gave.get(row.account, ZERO) + row.size
    # contracts of two markets are not of one size: what a queue gave is weighed in its own market
    whole: dict[str, Decimal] = {}
    for (_, market, _), gave in taken.items():
        whole[market] = whole.get(market, ZERO) + sum(gave.values(), ZERO)
    chosen = nlargest(QUEUES, taken, key=lambda key: share(sum(taken[key].values(), ZERO), whole[key[1]]))
    keys = sorted(chosen)
    several = len(run.scenario.markets) > 1
    return [
        _figure(
            _queue(run, key, taken[key], ladders.get(key)), i if len(keys) > 1 else 0, several, len(taken)
        )
        for i, key in enumerate(keys, 1)
    ]


def _queue(
    run: Facts, key: tuple[int, str, int], gave: Mapping[str, Decimal], ladder: Ladder | None
) -> _Queue:
    skipped = {row.account: row for row in run.skipped if (row.step, row.market, row.side) == key}
    if ladder is None:
        found: dict[str, Rung] = {}
        for row in run.deleveraged:
            if (row.step, row.market, row.side) == key:
                found.setdefault(row.account, Rung(row.rank, row.account, row.score, row.size_before))
        for account, passed in skipped.items():
            found.setdefault(account, Rung(passed.rank, account, passed.score, passed.size))
        rungs = sorted(found.values(), key=lambda rung: rung.rank)
        behind = 0
    else:
        rungs = list(ladder.rungs)
        behind = ladder.places - len(rungs)
    places = [_Place(rung, gave.get(rung.account, ZERO), rung.account in skipped) for rung in rungs]
    return _Queue(
        *key, tuple(places), behind, ladder is not None, sum(gave.values(), ZERO), len(gave), len(skipped)
    )


def _figure(queue: _Queue, number: int, several: bool, queues: int) -> Figure:
    where = f" {clean(queue.market)}" if several else ""
    told = f"{digits(queue.given)} {'contract' if queue.given == 1 else 'contracts'}"
    told += f"{' of' + where if where else ''} to close. {clean(queue.places[0].rung.account)} stands first"
    behind = len(queue.places) + queue.behind
    told += f" of {counted(behind, f'{side_name(queue.side)} position')}" if queue.known else ""
    told += f", and {counted(queue.givers, 'account gives', 'accounts give')} up what is needed."
    told += f" {counted(queue.passed, 'account is', 'accounts are')} passed over." if queue.passed else ""
    if queues > QUEUES:
        told += (
            f" Of the {queues:,} queues that were used, the {QUEUES} that gave the largest share are drawn."
        )
    shown = queue.places[:ROWS]
    keys = [Key("box-adl", "gave up")]
    keys += (
        [Key("box-kept", "kept")]
        if any(p.gave < p.rung.size and not p.skipped for p in _drawn(queue))
        else []
    )
    keys += [Key("box-skipped", "passed over")] if queue.passed else []
    return Figure(
        name=f"queue-{number}" if number else "queue",
        title=f"Queue of {side_name(queue.side)}s{' of' + where if where else ''} at step {queue.step:,}",
        description=told,
        tables=(
            table(
                "",
                "",
                [
                    counts("rank", [place.rung.rank for place in shown]),
                    names("account", [place.rung.account for place in shown]),
                    *score_column([place.rung.score for place in shown]),
                    numbers("held", [place.rung.size for place in shown]),
                    numbers("gave up", [place.gave for place in shown], zero="-"),
                    words("passed over", ["yes" if place.skipped else None for place in shown], hide=True),
                ],
                more=len(queue.places) - len(shown) + queue.behind,
            ),
        ),
        draw=lambda width: _spec(queue, told, width),
        keys=tuple(keys),
        half=True,
    )


def _drawn(queue: _Queue) -> tuple[_Place, ...]:
    """The places that are drawn; where there are more, a line says so."""
    return queue.places if len(queue.places) <= RUNGS else queue.places[: RUNGS - 1]


def _spec(queue: _Queue, told: str, width: int) -> Spec:
    """A rung a place, each beginning where those before it end; who is passed over takes no room."""
    shown = _drawn(queue)
    more = len(queue.places) - len(shown) + queue.behind
    whole = before = ZERO
    for place in shown:  # passed over for one claim, it may have given to another
        whole = max(whole, place.rung.size, before + place.gave)
        if not place.skipped:
            before += place.rung.size
            whole = max(whole, before)
    labels = [shortened(place.rung.account, 16) for place in shown]
    left = min(max([room(label) for label in labels] + [100]) + 38, 170)
    height = len(shown) + (1 if more else 0)
    plot = Plot(
        width, 38 * height + 50, x=(ZERO, whole), y=(height, 0), left=left, right=24, top=44, bottom=6
    )
    plot.grid(plot.across(ZERO, whole, 4), "x")
    middle, thick = D("0.5"), D("0.24")
    bottom = D(len(shown))
    givers = [place for place in shown if place.gave]
    in_order = all(place.gave == place.rung.size or place.skipped for place in shown[: len(givers) - 1])
    if givers and in_order and queue.given <= whole:
        plot.add("rect", [{"x": ZERO, "x2": queue.given, "y": ZERO, "y2": bottom}], "adlbg")
        plot.add("rule", [{"x": queue.given, "y": ZERO, "y2": bottom}], "adl", strokeDash=[4, 3])
        plot.text(
            [{"x": queue.given, "y": ZERO, "text": f"{short(queue.given)} to close"}],
            "adl",
            bold=True,
            size=12,
            dy=-30,
            align="right" if queue.given * 2 > whole else "left",
        )
    ahead = ZERO
    kept: list[dict[str, Decimal]] = []
    gave: list[dict[str, Decimal]] = []
    passed: list[dict[str, Decimal]] = []
    for i, place in enumerate(shown):
        box = {"y": i + middle - thick, "y2": i + middle + thick}
        end = ahead + place.rung.size
        (passed if place.skipped else kept).append({"x": ahead, "x2": min(end, whole), **box})
        if place.gave:
            gave.append({"x": ahead, "x2": ahead + place.gave, **box})
        if not place.skipped:
            ahead = end
    plot.add("rect", kept, "kept", cornerRadius=3, stroke="#7d899a", strokeWidth=1)
    plot.add("rect", passed, "card", cornerRadius=3, stroke="#7d899a", strokeWidth=1.2, strokeDash=[3, 2])
    plot.add("rect", gave, "adl", cornerRadius=3)
    plot.text(
        [{"x": ZERO, "y": i + middle, "text": str(p.rung.rank)} for i, p in enumerate(shown)],
        "muted",
        bold=True,
        align="right",
        dx=-(left - 24),
    )
    plot.text(
        [{"x": ZERO, "y": i + middle, "text": label} for i, label in enumerate(labels)],
        dx=-(left - 34),
        dy=-7,
    )
    plot.text(
        [
            {
                "x": ZERO,
                "y": i + middle,
                "text": "passed over" if place.skipped else f"score {score_text(place.rung.score)}",
            }
            for i, place in enumerate(shown)
        ],
        "muted",
        size=11,
        dx=-(left - 34),
        dy=8,
    )
    if more:
        plot.text(
            [
                {
                    "x": ZERO,
                    "y": D(len(shown)) + middle,
                    "text": f"… and {more:,} more {'behind' if queue.known else 'that gave'}",
                }
            ],
            "muted",
            dx=-(left - 34),
        )
    return plot.spec(told)
