"""A point of a sweep is made and worked, in whatever process.

    Work     a point -> what is kept of it
    Uses     a point -> the assumed rules that its run uses

Public: Work, Uses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from adlcalc.engine.loop import PrecisionError
from adlcalc.engine.model import Scenario
from adlcalc.ground.numbers import exact
from adlcalc.paths.models import PathError
from adlcalc.source.problems import ScenarioErrors
from adlcalc.study.doubt import used_by
from adlcalc.study.least import LEAST, unproven, why_not
from adlcalc.study.plan import Plan, Point
from adlcalc.study.runs import Asked, Refused, Values
from adlcalc.study.store import Saved, key_of
from adlcalc.study.store import text_of as kept
from adlcalc.study.sweep import FAR

if TYPE_CHECKING:
    from adlcalc.paths.models import Model

LOADED_AT_ONCE = 16


@dataclass(frozen=True)
class Work:
    """A point is made from what is loaded, run and measured. What fails is told in a sentence, and is no end
    of the others."""

    plan: Plan
    base: str
    asked: Asked
    _again: dict[tuple[str, ...], tuple[Scenario, Model | None]] = field(default_factory=dict, repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        return Work, (self.plan, self.base, self.asked)

    def key(self, point: Point) -> str:
        """The digest of what determines it."""
        world, plan = self.plan.worlds[point.venue], self.plan
        names = [axis.name for axis in plan.axes]
        return key_of(
            self.base,
            world.digest,
            plan.policies[point.policy].label,
            names,
            plan.texts(point),
            point.draw,
        )

    def __call__(self, point: Point) -> Saved:
        """One point."""
        try:
            with exact():
                scenario = self.varied(point)
            if any(part.word == LEAST for part in self.asked.parts) and (rule := why_not(scenario.rules)):
                raise Refused(f"{LEAST} {unproven(scenario.venue, rule)}")
            return self._kept(point, self.asked(scenario))
        except (Refused, PrecisionError, PathError) as refused:
            return self._kept(point, error=str(refused))
        except ScenarioErrors as errors:
            return self._kept(point, error=errors.problems[0].message)
        except Exception as bug:  # of ours: the other points stand all the same
            return self._kept(point, error=f"a bug in adlcalc: {type(bug).__name__}: {bug}")

    def lost(self, point: Point, by: str) -> Saved:
        """What is kept of a point that ended each process that worked it."""
        return self._kept(point, error=f"each process that worked it was ended by {by}", lost=True)

    def _kept(
        self, point: Point, found: Values | None = None, error: str = "", *, lost: bool = False
    ) -> Saved:
        plan = self.plan
        return Saved(
            self.key(point),
            plan.worlds[point.venue].label,
            plan.policies[point.policy].label,
            point.draw,
            plan.texts(point),
            tuple(None if found is None else kept(found[part], FAR) for part in self.asked.parts),
            error,
            lost,
        )

    def varied(self, point: Point) -> Scenario:
        """What the file alone can say is loaded; then the path, what is turned, the policy."""
        texts = self.plan.texts(point)
        scenario, model = self._loaded(point.venue, texts)
        if point.draw is not None:
            assert model is not None
            scenario = replace(scenario, path=replace(scenario.path, marks=model.marks(point.draw)))
        for axis, text in zip(self.plan.axes, texts, strict=True):
            if axis.knobs:
                scenario = axis.knobs[point.venue].turned(scenario, Decimal(text))
        policy = self.plan.policies[point.policy]
        return replace(scenario, rules=policy.applied_to(scenario.rules))

    def _loaded(self, venue: int, texts: Sequence[str]) -> tuple[Scenario, Model | None]:
        world = self.plan.worlds[venue]
        settings = [
            f"{axis.name}={text}" for axis, text in zip(self.plan.axes, texts, strict=True) if not axis.knobs
        ]
        if not settings:
            return world.scenario, world.model
        key = (str(venue), *settings)
        if key not in self._again:
            if len(self._again) == LOADED_AT_ONCE:
                self._again.clear()
            self._again[key] = world.loaded(*settings)
        return self._again[key]


@dataclass(frozen=True)
class Uses:
    """A point -> it, and the assumed rules that its run uses; none where it fails."""

    work: Work

    def __call__(self, point: Point) -> tuple[Point, frozenset[str]]:
        """One run."""
        try:
            with exact():
                scenario = self.work.varied(point)
            return point, used_by(scenario)
        except (Refused, PrecisionError, PathError, ScenarioErrors):
            return point, frozenset()
