"""What a sweep came to: the points of a store, counted.

Public: Swept, counted, OtherName.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import product
from typing import Any

from adlcalc.source.number import NumberError, number_of
from adlcalc.study.questions import Measure
from adlcalc.study.store import Bounds, Saved, Store
from adlcalc.study.sweep import Figure, Moved, Wanted, figures_of

VENUE, POLICY = "venue", "policy"


class OtherName(ValueError):
    """A name to group points by that nothing has which is varied. known: those that there are."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(name)
        self.name, self.known = name, known


@dataclass(frozen=True)
class Swept:
    """What it came to. file, title: of the scenario; names: of what the figures are grouped by; points: how
    many there are;
    errors: why points failed, and how many; model: what the paths are, '' where they are not drawn; limits:
    what they cannot show; drawn: how many of them; seed; venues: the rulebooks; rows: the points, where they
    were asked for, read from the store as often as they are gone through.

    each: how many points each group is to have, where some are not there yet (else 0);
    worked: how many points were run now; left: how many were not, where somebody stopped it; notes: what was
    loaded;
    assumed: of each rulebook the assumed rules that a run of the file as it is written uses (of its first path);
    readings: the other readings that were tried, None where it was not doubted; doubts: what each figure
    comes to under them; wanted: what was asked of the points, each with its measures."""

    file: str
    title: str
    figures: Sequence[Figure]
    names: Sequence[str]
    points: int
    errors: dict[str, int]
    model: str
    limits: str
    seed: str
    drawn: int | None
    varied: Sequence[str]
    measures: Sequence[str]
    venues: Sequence[str] = ()
    rows: Iterable[Saved] = ()
    each: int = 0
    worked: int = 0
    interrupted: bool = False
    left: int = 0
    notes: Sequence[Any] = ()
    assumed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    readings: Sequence[str] | None = None
    doubts: Sequence[Moved] = ()
    wanted: Sequence[Wanted] = ()

    @property
    def failed(self) -> int:
        """How many points failed."""
        return sum(self.errors.values())


def counted(
    store: Store,
    wanted: Sequence[Wanted],
    by: Sequence[str] | None,
    bounds: Bounds | None = None,
    *,
    keep_rows: bool = False,
) -> Swept:
    """The figures of what is in a store, within the bounds. Raises OtherName."""
    design, facts = store.design, store.design.facts
    parts = tuple(Measure(*one) for one in json.loads(facts["parts"]))
    points = store.points(bounds)
    count, drawn, different = points.counts()
    every = (VENUE, *design.varied, POLICY)
    order = {VENUE: [*design.venues], POLICY: json.loads(facts["policies"])}
    asked = order if bounds is None else {VENUE: bounds.venues, POLICY: bounds.policies}
    several = [name in design.varied or len(asked[name]) > 1 for name in every]
    names = _grouped_by(
        by, every, [more or count > 1 for more, count in zip(several, different, strict=True)]
    )

    def place(group: tuple[str, ...]) -> tuple[tuple[int, Decimal, str], ...]:
        return tuple(_place(text, order.get(name)) for name, text in zip(names, group, strict=True))

    places = [every.index(name) for name in names]
    figures, errors = figures_of(points, wanted, parts, names, places, place, drawn)
    each = 0
    if bounds is not None and count < bounds.points:
        groups = [*product(*([*dict.fromkeys(bounds.by[i])] for i in places))]
        each = bounds.points // len(groups)
        figures = _with_those_without_points(figures, names, groups, place)
    return Swept(
        facts["file"],
        facts["title"],
        figures,
        names,
        count,
        errors,
        facts["model"],
        facts["limits"],
        facts["seed"],
        drawn,
        design.varied,
        design.measures,
        [*design.venues],
        points if keep_rows else (),
        each=each,
        wanted=wanted,
    )


def _with_those_without_points(
    figures: Sequence[Figure],
    names: Sequence[str],
    groups: Sequence[tuple[str, ...]],
    place: Callable[[tuple[str, ...]], Any],
) -> list[Figure]:
    """Every group of what was asked for, in order, also where none of its points is there yet."""
    there = {(one.measure, tuple(one.by.values())): one for one in figures}
    return [
        there.get((measure, group)) or Figure(measure, dict(zip(names, group, strict=True)), 0)
        for measure in dict.fromkeys(one.measure for one in figures)
        for group in sorted(groups, key=place)
    ]


def _grouped_by(by: Sequence[str] | None, every: Sequence[str], varied: Sequence[bool]) -> list[str]:
    """What was asked for, or all that is varied, also where the points so far do not differ in it."""
    if by is None:
        return [name for name, more in zip(every, varied, strict=True) if more]
    for name in by:
        if name not in every:
            raise OtherName(name, every)
    return list(dict.fromkeys(by))


def _place(text: str, listed: Sequence[str] | None) -> tuple[int, Decimal, str]:
    """Numbers by size, venues and policies as they were listed, other texts by themselves."""
    if listed is not None:
        return listed.index(text) if text in listed else len(listed), Decimal(0), text
    try:
        return 0, number_of(text), text
    except NumberError:
        return 1, Decimal(0), text
