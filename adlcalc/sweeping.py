"""What `adlcalc sweep` asks: files are loaded, the points laid out, worked, kept and counted. The command line
and Python ask here.

    Plan     all points, by their places; none is made before it is worked
    Work     a point -> what is kept of it, in whatever process
    swept    the whole of it; asked_again: of a store alone
    doubt    all points once more under each other reading of an assumed rule that any of them uses

Public: Sweep, Swept, swept, asked_again, Plan, Point, Work.
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from math import prod
from pathlib import Path
from typing import Any, NamedTuple, overload

from adlcalc.asking import Unknown, choices
from adlcalc.engine.loop import PrecisionError
from adlcalc.engine.model import Scenario
from adlcalc.ground.numbers import exact, show
from adlcalc.ground.record import current, recording
from adlcalc.paths.models import Bootstrap, Model, PathError
from adlcalc.report.columns.sweep import number
from adlcalc.scenario import Loaded
from adlcalc.scenario.knobs import Knob, knob_of
from adlcalc.scenario.loading import Origin, opened
from adlcalc.solving import grid_of
from adlcalc.source.files import TABLE_LIMIT, text_of
from adlcalc.source.nodes import Source
from adlcalc.source.number import NumberError, number_of
from adlcalc.source.problems import Problem, ScenarioErrors
from adlcalc.study.answers import names_of
from adlcalc.study.compare import OWN, Choice
from adlcalc.study.doubt import Change, reading_of, readings_under, used_by
from adlcalc.study.questions import Measure, Names, QuestionError
from adlcalc.study.runs import Asked, Refused, worked
from adlcalc.study.store import SCHEMA, Design, Saved, Store, key_of
from adlcalc.study.store import text_of as kept
from adlcalc.study.sweep import ANYBODY, FAR, Figure, Figures, Moved, Wanted, moved, split, wanted_of

MOST_VALUES = 1_000_000
VENUE, POLICY = "venue", "policy"
FORECAST = "A frequency under this model, not a forecast."
LOADED_AT_ONCE = 16


@dataclass(frozen=True)
class Sweep:
    """What is asked, as it was typed. vary: NAME=FROM..TO/STEP or NAME=A,B,C; paths: MODEL:..., or n=... of the
    file's own; by: the names of what the points are grouped by, None for all that is varied; doubt: under the other
    readings of assumed rules as well."""

    file: str
    vary: Sequence[str] = ()
    paths: str | None = None
    measures: Sequence[str] = ()
    venues: str | None = None
    policies: str | None = None
    by: str | None = None
    sets: Sequence[str] = ()
    as_of: str | None = None
    store: str | None = None
    jobs: int = 1
    doubt: bool = False


# --- the points ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Axis:
    """Something that is varied. knobs: how it is turned under each venue; () where the file is loaded anew."""

    name: str
    texts: tuple[str, ...]
    knobs: tuple[Knob, ...] = ()


class Point(NamedTuple):
    """Places: of the venue, of each axis' value, of the policy; the number of the path, where they are drawn."""

    venue: int
    values: tuple[int, ...]
    policy: int
    draw: int | None


@dataclass(frozen=True)
class World:
    """The scenario under one rulebook. digest: of its rules' files; reading: what it reads otherwise, where it is
    doubted."""

    label: str
    origin: Origin
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

    def has(self, saved: Saved) -> bool:
        """Is it one of these? A store may hold more."""
        return (
            saved.venue in {one.label for one in self.worlds}
            and saved.policy in {one.label for one in self.policies}
            and all(text in axis.texts for text, axis in zip(saved.values, self.axes, strict=True))
            and (saved.draw is None) == (self.draws is None)
            and (saved.draw or 0) < (self.draws or 1)
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
        plan, found, error = self.plan, None, ""
        try:
            with exact():
                scenario = self.varied(point)
            found = self.asked(scenario)
        except (Refused, PrecisionError, PathError) as refused:
            error = str(refused)
        except ScenarioErrors as errors:
            error = errors.problems[0].message
        except Exception as bug:  # of ours: the other points stand all the same
            error = f"a bug in adlcalc: {type(bug).__name__}: {bug}"
        parts = self.asked.parts
        texts = tuple(None if found is None else kept(found[part], FAR) for part in parts)
        return Saved(
            self.key(point),
            plan.worlds[point.venue].label,
            plan.policies[point.policy].label,
            point.draw,
            plan.texts(point),
            texts,
            error,
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


# --- the answer ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Swept:
    """What it came to. file, title: of the scenario; names: of what the figures are grouped by; worked: how many
    points were run now; points: how many there are, failed: of these; errors: why, and how many; model: what
    the paths are, '' where they are not drawn; drawn: how many of them; seed; rows: the points, where they were
    asked for; readings: the other readings that were tried, None where it was not doubted; doubts: what each
    figure comes to under them."""

    file: str
    title: str
    figures: Sequence[Figure]
    names: Sequence[str]
    worked: int
    points: int
    errors: dict[str, int]
    model: str = ""
    limits: str = ""
    seed: str = ""
    drawn: int | None = None
    varied: Sequence[str] = ()
    measures: Sequence[str] = ()
    rows: Sequence[Saved] = ()
    interrupted: bool = False
    left: int = 0
    notes: Sequence[Loaded] = ()
    readings: Sequence[str] | None = None
    doubts: Sequence[Moved] = ()

    @property
    def failed(self) -> int:
        """How many points failed."""
        return sum(self.errors.values())

    @property
    def sentence(self) -> str:
        """What the probabilities are of, and what they are not."""
        if self.drawn is None:
            return ""
        limits = f"; {self.limits}" if self.limits else ""
        return (
            f"{self.drawn:,} path{'s' * (self.drawn != 1)} {self.model}, seed {self.seed}. The intervals (95%) are"
            f" sampling error only{limits}. {FORECAST}"
        )

    @property
    def quantiles(self) -> Iterator[Level]:
        """The quantiles of all figures."""
        for one in self.figures:
            for found in one.quantiles:
                values = [number(x) for x in found[1:]]
                yield Level(one.measure, one.by, found.level, *values)

    @property
    def reasons(self) -> list[Reason]:
        """Why points failed, the commonest first."""
        return [Reason(message, count) for message, count in self.errors.items()]

    @property
    def kept(self) -> list[Kept]:
        """The rows that were asked for."""
        return [
            Kept(
                one.venue,
                one.policy,
                one.draw,
                dict(zip(self.varied, one.values, strict=True)),
                {k: str(v) for k, v in zip(self.measures, one.found, strict=True) if v is not None},
                one.error or None,
            )
            for one in self.rows
        ]


class Level(NamedTuple):
    """A quantile of a figure, as it is written."""

    measure: str
    by: Mapping[str, str]
    level: Decimal
    value: Decimal | None
    low: Decimal | None
    high: Decimal | None
    shortfall: Decimal | None
    shortfall_low: Decimal | None
    shortfall_high: Decimal | None


class Reason(NamedTuple):
    """Why points failed, and how many."""

    message: str
    points: int


class Kept(NamedTuple):
    """A point, by names."""

    venue: str
    policy: str
    draw: int | None
    varied: Mapping[str, str]
    measures: Mapping[str, str]
    error: str | None


Through = Callable[[Iterable[Saved], int], Iterable[Saved]]
Workers = Callable[[Work, Sequence[Point]], Iterator[Saved]]


def _as_they_come(rows: Iterable[Saved], _: int) -> Iterable[Saved]:
    return rows


def swept(
    asking: Sweep,
    *,
    through: Through = _as_they_come,
    keep_rows: bool = False,
    workers: Workers | None = None,
) -> Swept:
    """Load, lay out, work what is not in the store, and count. Ctrl-C counts what is there. Raises
    ScenarioErrors, Unknown, StoreError. workers: who works the points, instead of local processes."""
    plan, inputs, notes = _laid_out(asking)
    first = plan.worlds[0]
    wanted = _wanted(asking.measures, names_of(first.scenario))
    parts = tuple(dict.fromkeys(part for one in wanted for part in one.parts))
    design = _design(asking, plan, parts, inputs)
    base = key_of(*(design.facts[name] for name in ("program", "inputs", "paths", "measures")))
    work = Work(plan, base, Asked(parts))
    with closing(Store(asking.store or ":memory:", design)) as store:
        places = store.missing((i, work.key(point)) for i, point in enumerate(plan))
        todo = Chosen(plan, array("Q", places))
        done, stopped = 0, False
        rows = workers(work, todo) if workers is not None else worked(work, todo, jobs=asking.jobs)
        try:
            for saved in through(rows, len(todo)):
                store.put(saved)
                done += 1
        except KeyboardInterrupt:
            stopped = True
        store.commit()
        found = _counted(asking.by, wanted, parts, design, store.rows, plan, keep_rows)
        found = replace(found, worked=done, interrupted=stopped, left=len(todo) - done, notes=notes)
        if asking.doubt and not stopped:
            found = _doubted(asking, found, wanted, work, design, [*store.rows()], through, workers)
    return found


# --- the points once more, under other readings -------------------------------------------------------------


@dataclass(frozen=True)
class Uses:
    """A point -> the assumed rules that its run uses; none where it fails."""

    work: Work

    def __call__(self, point: Point) -> frozenset[str]:
        """One run."""
        try:
            with exact():
                scenario = self.work.varied(point)
            return used_by(scenario)
        except (Refused, PrecisionError, PathError, ScenarioErrors):
            return frozenset()


def _doubted(
    asking: Sweep,
    found: Swept,
    wanted: Sequence[Wanted],
    work: Work,
    design: Design,
    rows: Sequence[Saved],
    through: Through,
    workers: Workers | None,
) -> Swept:
    """Every figure once more under each other reading of an assumed rule that any point of its venue uses: the
    points of that venue are worked again, the others stand as they are. Of a doubt that is stopped there is nothing."""
    plan = work.plan
    each = len(plan) // len(plan.worlds)
    used: list[set[str]] = [set() for _ in plan.worlds]
    try:
        for point, rules in zip(plan, worked(Uses(work), plan, jobs=asking.jobs), strict=True):
            used[point.venue] |= rules
        worlds, of = [], []
        for at, world in enumerate(plan.worlds):
            for one in readings_under(world.scenario, found.notes[at].rulebook, used[at]):
                assert one.variation is not None, "what the rulebook does not allow is no reading"
                of.append(at)
                worlds.append(
                    replace(
                        world,
                        scenario=one.variation(world.scenario),
                        digest=key_of(world.digest, one.text),
                        reading=one.changes,
                    )
                )
        axes = [replace(axis, knobs=tuple(axis.knobs[at] for at in of if axis.knobs)) for axis in plan.axes]
        again = replace(plan, worlds=tuple(worlds), axes=tuple(axes))
        there = replace(work, plan=again, _again={})
        points = workers(there, again) if workers is not None else worked(there, again, jobs=asking.jobs)
        others = [*through(points, len(again))] if worlds else []
    except KeyboardInterrupt:
        return replace(found, interrupted=True, left=found.points)
    rows = [one for one in rows if plan.has(one)]
    labels = [world.label for world in plan.worlds]
    several = len(labels) > 1
    readings, tried = [], []
    for i, world in enumerate(worlds):
        reading = " and ".join(one.text for one in world.reading)
        readings.append(f"{world.label}: {reading}" if several else reading)
        own = others[i * each : (i + 1) * each]
        mixed = [one for one in rows if one.venue != world.label] + own
        counted = _counted(asking.by, wanted, work.asked.parts, design, mixed.__iter__, plan, False)
        tried.append((readings[-1], counted.figures))
    return replace(found, readings=readings, doubts=moved(found.figures, tried))


def asked_again(
    path: str, measures: Sequence[str], by: str | None = None, *, keep_rows: bool = False
) -> Swept:
    """A store is counted once more; nothing is run."""
    with closing(Store(path)) as store:
        design = store.design
        parts = tuple(Measure(*one) for one in json.loads(design.facts["parts"]))
        texts = measures or design.measures
        wanted = _wanted(texts, ANYBODY, {one.text: one for one in parts})
        for one in wanted:
            for part in one.parts:
                if part not in parts:
                    known = ", ".join(design.measures)
                    raise Unknown(f"the store has no measure {part.text!r}\nhint: it has {known}")
        return _counted(by, wanted, parts, design, store.rows, None, keep_rows)


def _counted(
    by: str | None,
    wanted: Sequence[Wanted],
    parts: Sequence[Measure],
    design: Design,
    rows: Callable[[], Iterator[Saved]],
    plan: Plan | None,
    keep_rows: bool,
) -> Swept:
    """The figures of what is in the store."""
    facts = design.facts
    order = {VENUE: [*design.venues], POLICY: json.loads(facts["policies"])}
    all_names = (VENUE, *design.varied, POLICY)

    def cells(saved: Saved) -> tuple[str, ...]:
        return saved.venue, *saved.values, saved.policy

    def there() -> Iterator[Saved]:
        return (saved for saved in rows() if plan is None or plan.has(saved))

    seen: list[set[str]] = [set() for _ in all_names]
    points, draws, kept_rows = 0, -1, []
    for saved in there():
        points += 1
        draws = max(draws, -1 if saved.draw is None else saved.draw)
        for values, text in zip(seen, cells(saved), strict=True):
            values.add(text)
        if keep_rows:
            kept_rows.append(saved)
    names = _by(by, all_names, [len(one) for one in seen])
    at = [all_names.index(name) for name in names]
    figures = Figures(wanted, parts, lambda saved: tuple(cells(saved)[i] for i in at))
    figures.take(there())

    def place(group: tuple[str, ...]) -> tuple[tuple[int, Decimal, str], ...]:
        return tuple(_place(text, order.get(name)) for name, text in zip(names, group, strict=True))

    return Swept(
        facts["file"],
        facts["title"],
        figures.told(names, place, draws + 1 if draws >= 0 else None),
        names,
        0,
        points,
        dict(sorted(figures.errors.items(), key=lambda one: (-one[1], one[0]))),
        facts["model"],
        facts["limits"],
        facts["seed"],
        draws + 1 if draws >= 0 else None,
        design.varied,
        design.measures,
        kept_rows,
    )


def _place(text: str, listed: Sequence[str] | None) -> tuple[int, Decimal, str]:
    """Numbers by size, venues and policies as they were listed, other texts by themselves."""
    if listed is not None:
        return listed.index(text) if text in listed else len(listed), Decimal(0), text
    try:
        return 0, number_of(text), text
    except NumberError:
        return 1, Decimal(0), text


def _by(by: str | None, names: Sequence[str], counts: Sequence[int]) -> list[str]:
    """What the figures are grouped by: what was asked for, or all that differs."""
    if by is None:
        return [name for name, count in zip(names, counts, strict=True) if count > 1]
    from adlcalc.source.problems import closest_hint, quote

    chosen = [name.strip() for name in by.split(",") if name.strip()]
    for name in chosen:
        if name not in names:
            hint = closest_hint(name, names) or f"there are {', '.join(names)}"
            raise Unknown(f"--by: nothing that is called {quote(name)} is varied\nhint: {hint}")
    return list(dict.fromkeys(chosen))


def _wanted(texts: Sequence[str], names: Names, kept: dict[str, Measure] | None = None) -> list[Wanted]:
    """The measures as they were typed. kept: those of a store, which may be named as they stand there."""
    found = []
    for text in (part for each in texts for part in split(each)):
        if kept and text in kept:
            found.append(Wanted(text, (kept[text],)))
            continue
        try:
            found.append(wanted_of(text, names))
        except QuestionError as error:
            problem = Problem(
                "--measure", 1, error.column, error.length, f"it {error.message}", error.hint, text
            )
            raise ScenarioErrors([problem]) from None
    if not found:
        raise Unknown("what shall be measured? For example --measure 'adl(me),fund_paid'")
    return list({one.text: one for one in found}.values())


# --- laying out ---------------------------------------------------------------------------------------------


def _laid_out(asking: Sweep) -> tuple[Plan, str, list[Loaded]]:
    """The plan, the digest of what was read for it, and what was loaded."""
    source, folder = opened(asking.file)
    own = Origin(asking.file, source, folder, tuple(asking.sets), None, asking.as_of)
    sets, handed, draws = _paths(asking, own)
    labels = [None] if asking.venues is None else [one.strip() for one in asking.venues.split(",")]
    worlds, notes, inputs = [], [], []
    for label in dict.fromkeys(labels):
        origin = replace(own, sets=(*own.sets, *sets), handed=handed, venue=label)
        outer = current()
        with recording() as record:
            loaded = _told_of_paths(asking, origin.load)
        if outer is not None:
            outer.read.update(record.read)
            outer.rulebooks.extend(record.rulebooks)
        read = sorted({(one.role, one.sha256) for one in record.read.values()})
        rules = [one for one in read if one[0] in ("rulebook", "table")]
        inputs = [one for one in read if one not in rules]
        notes.append(loaded)
        digest = key_of(rules, loaded.scenario.venue, loaded.rulebook.as_of)
        name = label or loaded.scenario.venue
        worlds.append(World(name, origin, loaded.scenario, loaded.model, digest))
    if draws is not None and worlds[0].model is None:
        raise Unknown(
            "--paths n=... draws from the model of the file, which has none\n"
            "hint: --paths bootstrap:candles.csv,block=12,n=1000, or prices: {model: ...} in the file"
        )
    axes = tuple(_axis(text, worlds) for text in asking.vary)
    names = [axis.name for axis in axes]
    for name in names:
        if names.count(name) > 1:
            raise _wrong("--vary", name, "is given twice")
    policies = choices(asking.policies or OWN, worlds[0].scenario)
    digest = key_of(inputs, key_of(source.text), list(own.sets), asking.as_of)
    return Plan(tuple(worlds), axes, policies, draws), digest, notes


def _told_of_paths(asking: Sweep, load: Callable[[], Loaded]) -> Loaded:
    """What is wrong with the settings that --paths became is told of --paths."""
    try:
        return load()
    except ScenarioErrors as errors:
        if asking.paths is None:
            raise
        ours = (("--set prices", "--set times"), f"--paths {asking.paths}")
        raise ScenarioErrors(
            [
                one._replace(file=ours[1])
                if one.file.startswith(ours[0]) and one.file[5:] not in asking.sets
                else one
                for one in errors.problems
            ]
        ) from None


def _wrong(option: str, text: str, message: str, hint: str = "") -> ScenarioErrors:
    return ScenarioErrors([Problem(f"{option} {text}", 0, 0, 0, message, hint)])


def _axis(text: str, worlds: Sequence[World]) -> Axis:
    """One --vary: a range or a list; what only the file can say may be of texts."""
    name, equals, values = (part.strip() for part in text.partition("="))
    if not equals or not name or not values:
        raise _wrong("--vary", text, "must be NAME=FROM..TO/STEP or NAME=A,B,C")
    knobs = [knob_of(name, world.scenario) for world in worlds]
    if ".." in values or all(knobs):
        _, numbers = grid_of(text, "--vary", MOST_VALUES)
        texts = [show(one) for one in numbers]
    else:
        texts = split(values)
        _some_loads(name, texts, worlds[0])
    turned = tuple(knob for knob in knobs if knob is not None)
    return Axis(name, tuple(dict.fromkeys(texts)), turned if all(knobs) else ())


def _some_loads(name: str, texts: Sequence[str], world: World) -> None:
    """A value that cannot be is a point that fails; where neither the first nor the last can be, it is the
    name."""
    first: ScenarioErrors | None = None
    for text in (texts[0], texts[-1]):
        try:
            world.origin.load(f"{name}={text}")
        except ScenarioErrors as errors:
            ours = [
                one._replace(file=f"--vary {name}={text}") if one.file == f"--set {name}={text}" else one
                for one in errors.problems
            ]
            first = first or ScenarioErrors(ours)
        else:
            return
    assert first is not None
    raise first


_PIECE = re.compile(r"\s*([a-z_]+)\s*=\s*(.*)", re.DOTALL)


def _paths(asking: Sweep, own: Origin) -> tuple[list[str], dict[str, Source], int | None]:
    """--paths MODEL:FILE,key=value,...,n=N: settings for the file, the candles where they are, and N."""
    if asking.paths is None:
        return [], {}, None
    head, colon, rest = asking.paths.partition(":")
    model, pieces = (head.strip(), rest) if colon and "=" not in head else ("", asking.paths)
    given: dict[str, str] = {}
    for piece in split(pieces):
        found = _PIECE.fullmatch(piece)
        key, value = (found[1], found[2].strip()) if found else ("file", piece.strip())
        if key in given or not value:
            raise _wrong("--paths", asking.paths, f"{key!r} is {'given twice' if key in given else 'empty'}")
        given[key] = value
    draws = _draws(asking.paths, given.pop("n", None))
    if not model:
        unknown = given.keys() - {"seed"}
        if unknown:
            hint = "bootstrap:candles.csv,block=12,n=1000,seed=7"
            raise _wrong("--paths", asking.paths, f"it does not say of which model {min(unknown)!r} is", hint)
        return [f"prices.{key}={value}" for key, value in given.items()], {}, draws
    handed: dict[str, Source] = {}
    if "file" in given:
        name = given["file"]
        handed[name] = text_of(name, limit=TABLE_LIMIT, role="companion")
    given = {"model": model, **_usual(own, model, given), **given}
    written = ", ".join(
        f"{key}: {json.dumps(value)}" if key == "file" else f"{key}: {value}" for key, value in given.items()
    )
    return ["times=null", f"prices={{{written}}}"], handed, draws


def _usual(own: Origin, model: str, given: dict[str, str]) -> dict[str, str]:
    """Where it begins and how long it is, where that is not said: as the file's own path."""
    if "from" in given and ("steps" in given or model == "ramp"):
        return {}
    try:
        scenario = own.load().scenario
    except ScenarioErrors:
        return {}
    starts = {name: show(marks[0]) for name, marks in scenario.path.marks.items()}
    found = {
        "from": next(iter(starts.values()))
        if len(starts) == 1
        else "{" + ", ".join(f"{json.dumps(name)}: {mark}" for name, mark in starts.items()) + "}"
    }
    if model != "ramp" and scenario.path.steps > 1:
        found["steps"] = str(scenario.path.steps - 1)
    return found


def _draws(paths: str, text: str | None) -> int:
    try:
        n = number_of("" if text is None else text)
    except NumberError:
        n = Decimal(0)
    if n < 1 or n != n.to_integral_value() or n > MOST_VALUES:
        raise _wrong("--paths", paths, f"must say how many: n=1 to n={MOST_VALUES}", "n=10_000, for example")
    return int(n)


def _design(asking: Sweep, plan: Plan, parts: Sequence[Measure], inputs: str) -> Design:
    """What the store is of."""
    from adlcalc import __version__

    first = plan.worlds[0]
    model = first.model if plan.draws is not None else None
    bare = replace(model, files=()) if isinstance(model, Bootstrap) else model
    texts = tuple(part.text for part in parts)
    varied = tuple(axis.name for axis in plan.axes)
    facts = {
        "schema": SCHEMA,
        "version": __version__,
        "program": program(),
        "inputs": inputs,
        "paths": "" if model is None else key_of(repr(bare)),
        "measures": json.dumps(texts, ensure_ascii=False),
        "varied": json.dumps(varied, ensure_ascii=False),
        "parts": json.dumps([(one.word, one.of, one.step) for one in parts], ensure_ascii=False),
        "policies": json.dumps([one.label for one in plan.policies], ensure_ascii=False),
        "file": asking.file,
        "title": first.scenario.title,
        "model": "" if model is None else model.told(),
        "limits": "" if model is None else model.limits(),
        "seed": "" if model is None else str(model.seed),
    }
    venues = {one.label: one.digest for one in plan.worlds}
    return Design(facts, venues, varied, texts)


@cache
def program() -> str:
    """The digest of adlcalc's own sources: of every file that makes a number."""
    folder = Path(__file__).parent
    files = (one for one in folder.rglob("*") if one.suffix in (".py", ".yaml", ".csv"))
    names = sorted((one.relative_to(folder).as_posix(), one) for one in files)
    return key_of(*((name, key_of(one.read_bytes().hex())) for name, one in names))
