"""The points of a sweep, by their places: what is varied, under which worlds and policies, on which paths.
None is made before it is worked.

Public: Axis, Point, World, Plan, Chosen, Again.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, NamedTuple, Protocol, overload

from adlcalc.engine.model import Scenario
from adlcalc.study.compare import Choice
from adlcalc.study.doubt import Change, reading_of
from adlcalc.study.runs import Refused
from adlcalc.study.store import Bounds

if TYPE_CHECKING:
    from decimal import Decimal

    from adlcalc.paths.models import Model
    from adlcalc.venues.rulebook import Rulebook


class Turns(Protocol):
    """Something of a scenario that a number turns."""

    def turned(self, scenario: Scenario, to: Decimal) -> Scenario:
        """The scenario with it at that value."""


class Found(Protocol):
    """A scenario that was loaded, with its rulebook and the model of its path."""

    @property
    def scenario(self) -> Scenario: ...
    @property
    def rulebook(self) -> Rulebook: ...
    @property
    def model(self) -> Model | None: ...


class Again(Protocol):
    """What a scenario is loaded from, again and again."""

    def load(self, *settings: str) -> Found:
        """With these settings."""


@dataclass(frozen=True)
class Axis:
    """Something that is varied. knobs: how it is turned under each venue; () where the file is loaded
    anew."""

    name: str
    texts: tuple[str, ...]
    knobs: tuple[Turns, ...] = ()


class Point(NamedTuple):
    """Places: of the venue, of each axis' value, of the policy; the number of the path, where they are
    drawn."""

    venue: int
    values: tuple[int, ...]
    policy: int
    draw: int | None


@dataclass(frozen=True)
class World:
    """The scenario under one rulebook. digest: of its rules' files; reading: what it reads otherwise, where
    it is doubted."""

    label: str
    origin: Again
    scenario: Scenario
    model: Model | None
    digest: str
    reading: tuple[Change, ...] = ()

    def loaded(self, *settings: str) -> tuple[Scenario, Model | None]:
        """The file once more, with settings, under the same reading."""
        found = self.origin.load(*settings)
        scenario = found.scenario
        if self.reading:
            reading = reading_of(scenario, found.rulebook, self.reading)
            if reading.variation is None:
                raise Refused(reading.refused)
            scenario = reading.variation(scenario)
        return scenario, found.model


@dataclass(frozen=True)
class Plan(Sequence[Point]):
    """All points: venues, then the things that are varied in their order, then policies, then paths."""

    worlds: tuple[World, ...]
    axes: tuple[Axis, ...]
    policies: tuple[Choice, ...]
    draws: int | None

    @property
    def _sizes(self) -> tuple[int, ...]:
        return len(self.worlds), *(len(one.texts) for one in self.axes), len(self.policies), self.draws or 1

    def __len__(self) -> int:
        return prod(self._sizes)

    @overload
    def __getitem__(self, index: int) -> Point: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Point]: ...
    def __getitem__(self, index: int | slice) -> Point | Sequence[Point]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        places = []
        for size in reversed(self._sizes):
            index, place = divmod(index, size)
            places.append(place)
        venue, *values, policy, draw = reversed(places)
        return Point(venue, tuple(values), policy, draw if self.draws else None)

    def texts(self, point: Point) -> tuple[str, ...]:
        """What is varied, as it is kept."""
        return tuple(axis.texts[place] for axis, place in zip(self.axes, point.values, strict=True))

    @property
    def bounds(self) -> Bounds:
        """Which points of a store are of these: it may hold more."""
        return Bounds(
            [one.label for one in self.worlds],
            [one.label for one in self.policies],
            [axis.texts for axis in self.axes],
            self.draws,
        )


@dataclass(frozen=True)
class Chosen(Sequence[Point]):
    """Those points of a plan that are to be worked."""

    plan: Plan
    places: array[int]

    def __len__(self) -> int:
        return len(self.places)

    @overload
    def __getitem__(self, index: int) -> Point: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Point]: ...
    def __getitem__(self, index: int | slice) -> Point | Sequence[Point]:
        if isinstance(index, slice):
            return [self.plan[i] for i in self.places[index]]
        return self.plan[self.places[index]]
