"""What `adlcalc sweep` asks: files are loaded, the points laid out, worked, kept and counted. The command
line and Python ask here.

    swept          the whole of it; with `doubt` all points once more under each other reading of an assumed
                   rule that any of them uses
    asked_again    of a store alone

Public: Sweep, swept, asked_again, Workers.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain, pairwise
from weakref import finalize

from adlcalc.asking import OWN, Unknown, choices
from adlcalc.engine.model import Scenario
from adlcalc.ground.numbers import show
from adlcalc.ground.record import current, recording
from adlcalc.paths.models import Bootstrap, lasting
from adlcalc.scenario import Loaded
from adlcalc.scenario.knobs import knob_of
from adlcalc.scenario.loading import Origin, opened
from adlcalc.scenario.path_option import drawn_by, told_of_paths
from adlcalc.solving import grid_of
from adlcalc.source.problems import Problem, ScenarioErrors, closest_hint, quote, wrong
from adlcalc.study.answers import names_of
from adlcalc.study.doubt import readings_under, used_by
from adlcalc.study.least import LEAST, unproven, why_not
from adlcalc.study.plan import Axis, Chosen, Plan, Point, World
from adlcalc.study.points import Uses, Work
from adlcalc.study.questions import Measure, Names, QuestionError, split
from adlcalc.study.runs import Asked, worked
from adlcalc.study.sample import BEYOND
from adlcalc.study.store import ASKED, SCHEMA, TEMPORARY, Bounds, Design, Saved, Store, key_of, program
from adlcalc.study.sweep import ANYBODY, Wanted, moved, wanted_of
from adlcalc.study.swept import OtherName, Swept, counted

MOST_VALUES = 1_000_000
FUND_RULES = ("rules", "venue")
"""What is varied under these names may change what a fund pays for."""


@dataclass(frozen=True)
class Sweep:
    """What is asked, as it was typed. vary: NAME=FROM..TO/STEP or NAME=A,B,C; paths: MODEL:..., or n=... of
    the file's own; by: the names of what the points are grouped by, None for all that is varied; doubt: under
    the other readings of assumed rules as well."""

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


Through = Callable[[Iterable[Saved], int], Iterable[Saved]]
Workers = Callable[[Work, Sequence[Point]], Iterator[Saved]]
"""Who works points. A row for each, as they come."""


def _as_they_come(rows: Iterable[Saved], _: int) -> Iterable[Saved]:
    return rows


def _local(jobs: int) -> Workers:
    """Processes of this machine."""
    return lambda work, points: worked(work, points, jobs=jobs, lost=work.lost, as_they_come=True)


def swept(
    asking: Sweep,
    *,
    origin: Origin | None = None,
    through: Through = _as_they_come,
    keep_rows: bool = False,
    workers: Workers | None = None,
    tell: Callable[[str], None] | None = None,
    foretell: Callable[[Scenario, int], None] | None = None,
) -> Swept:
    """Load, lay out, work what is not in the store, and count. Ctrl-C counts what is there. Raises
    ScenarioErrors, Unknown, StoreError. origin: what is loaded, where it is no file; workers: who works the
    points, instead of local processes; tell: hears, before anything is worked, what will not be known; foretell: how many
    points are to come, each about as long as a run of that scenario."""
    plan, inputs, notes = _laid_out(asking, origin)
    wanted = _wanted(asking.measures, names_of(plan.worlds[0].scenario))
    _refuse_unproven(wanted, plan)
    if tell is not None:
        for text in (*_not_estimable(wanted, plan), *_of_the_end(wanted)):
            tell(text)
    parts = tuple(dict.fromkeys(part for one in wanted for part in one.parts))
    design = _design(asking, plan, parts, inputs, [one.text for one in wanted])
    base = key_of(*(design.facts[name] for name in ("program", "inputs", "paths", "measures")))
    work = Work(plan, base, Asked(parts))
    by, workers = _split_by(asking.by), workers or _local(asking.jobs)
    with ExitStack() as until:
        store = until.enter_context(closing(Store(asking.store or TEMPORARY, design)))
        places = store.missing((i, work.key(point)) for i, point in enumerate(plan))
        todo = Chosen(plan, array("Q", places))
        if foretell is not None:
            foretell(plan.worlds[0].scenario, len(todo))
        done, stopped = 0, False
        try:
            for saved in through(workers(work, todo), len(todo)):
                store.put(saved)
                done += 1
        except KeyboardInterrupt:
            stopped = True
        store.commit()
        found = _counted(store, wanted, by, plan.bounds, keep_rows)
        found = replace(found, worked=done, interrupted=stopped, left=len(todo) - done, notes=notes)
        if not asking.doubt and not stopped:
            assumed = {world.label: sorted(used_by(world.scenario)) for world in plan.worlds}
            found = replace(found, assumed={venue: rules for venue, rules in assumed.items() if rules})
        if asking.doubt and not stopped:
            found = _doubted(asking, found, wanted, work, store, through, workers)
        if keep_rows:  # they are read from it for as long as somebody has them
            finalize(found.rows, until.pop_all().close)
    return found


def _of_the_end(wanted: Sequence[Wanted]) -> Iterator[str]:
    """The questions that ask what a fund holds where it may be meant whether it was used up."""
    for one in wanted:
        if one.is_share and any(
            part.word in ("fund_left", "fund_worth") and part.step is None for part in one.parts
        ):
            yield (
                f"{one.text} is of the end of the path, after what the fund has received: ran_short asks whether it "
                "was used up"
            )


def _not_estimable(wanted: Sequence[Wanted], plan: Plan) -> Iterator[str]:
    """The quantiles that so few paths cannot tell, and how many could."""
    draws = plan.draws or 0
    for one in wanted:
        for level in one.levels if one.only and draws else ():
            rare = min(Fraction(level), 1 - Fraction(level))
            needed = -(-BEYOND // rare) if rare < level else BEYOND // rare + 1
            if draws < needed:
                yield (
                    f"{one.text} will not be estimable: fewer than {BEYOND} of {draws:,} paths lie beyond it "
                    f"(n={needed:_} would do)"
                )


def asked_again(
    path: str, measures: Sequence[str], by: str | None = None, *, keep_rows: bool = False
) -> Swept:
    """A store is counted once more; nothing is run. measures: none, for those that its sweep asked for last
    (all numbers in it, where an older version made it, which did not note them)."""
    with ExitStack() as until:
        store = until.enter_context(closing(Store(path)))
        if (record := current()) is not None:
            record.content(path, *store.digest(), "store")
        design = store.design
        parts = {one.text: one for one in (Measure(*part) for part in json.loads(design.facts["parts"]))}
        wanted = _wanted(
            measures or json.loads(design.facts.get(ASKED, "[]")) or design.measures, ANYBODY, parts
        )
        for part in (part for one in wanted for part in one.parts):
            if part.text not in parts:
                known = ", ".join(design.measures)
                raise Unknown(f"the store has no measure {part.text!r}\nhint: it has {known}")
        found = _counted(store, wanted, _split_by(by), None, keep_rows)
        if keep_rows:
            finalize(found.rows, until.pop_all().close)
        return found


def _counted(
    store: Store, wanted: Sequence[Wanted], by: Sequence[str] | None, bounds: Bounds | None, keep_rows: bool
) -> Swept:
    try:
        return counted(store, wanted, by, bounds, keep_rows=keep_rows)
    except OtherName as error:
        hint = closest_hint(error.name, error.known) or f"there are {', '.join(error.known)}"
        raise Unknown(f"--by: nothing that is called {quote(error.name)} is varied\nhint: {hint}") from None


def _split_by(by: str | None) -> list[str] | None:
    return None if by is None else [name.strip() for name in by.split(",") if name.strip()]


# --- the points once more, under other readings -------------------------------------------------------------


def _doubted(
    asking: Sweep,
    found: Swept,
    wanted: Sequence[Wanted],
    work: Work,
    store: Store,
    through: Through,
    workers: Workers,
) -> Swept:
    """Every figure once more under each other reading of an assumed rule that any point of its venue uses:
    the points of that venue are worked again, the others stand as they are. Of a doubt that is stopped there
    is nothing."""
    plan, tried = work.plan, []
    used: list[set[str]] = [set() for _ in plan.worlds]
    try:
        for point, rules in worked(Uses(work), plan, jobs=asking.jobs, as_they_come=True):
            used[point.venue] |= rules
        worlds, of = [], []
        for at, world in enumerate(plan.worlds):
            for one in readings_under(world.scenario, found.notes[at].rulebook, used[at]):
                assert one.variation is not None, "what the rulebook does not allow is no reading"
                of.append(at)
                scenario, digest = one.variation(world.scenario), key_of(world.digest, one.text)
                worlds.append(replace(world, scenario=scenario, digest=digest, reading=one.changes))
        axes = [replace(axis, knobs=tuple(axis.knobs[at] for at in of if axis.knobs)) for axis in plan.axes]
        labels = [f"{world.label}, {n}" for n, world in enumerate(worlds)]  # each its own, to tell them apart
        named = [replace(world, label=label) for world, label in zip(worlds, labels, strict=True)]
        again = replace(plan, worlds=tuple(named), axes=tuple(axes))
        with closing(Store(TEMPORARY, store.design)) as others:
            if worlds:
                for saved in through(workers(replace(work, plan=again, _again={}), again), len(again)):
                    others.put(saved)
            for world, label in zip(worlds, labels, strict=True):
                bounds = replace(again.bounds, venues=[label])
                own = (saved._replace(venue=world.label) for saved in others.points(bounds))
                rest = (saved for saved in store.points(plan.bounds) if saved.venue != world.label)
                with closing(Store(TEMPORARY, store.design)) as mixed:
                    for saved in chain(rest, own):
                        mixed.put(saved)
                    figures = _counted(mixed, wanted, _split_by(asking.by), None, False).figures
                tried.append((_told(world, several=len(plan.worlds) > 1), figures))
    except KeyboardInterrupt:
        return replace(found, interrupted=True, left=found.points)
    return replace(found, readings=[reading for reading, _ in tried], doubts=moved(found.figures, tried))


def _told(world: World, *, several: bool) -> str:
    """A reading in words."""
    reading = " and ".join(one.text for one in world.reading)
    return f"{world.label}: {reading}" if several else reading


# --- what is measured ---------------------------------------------------------------------------------------


def _wanted(texts: Sequence[str], names: Names, kept: Mapping[str, Measure] | None = None) -> list[Wanted]:
    """The measures as they were typed. kept: those of a store, which may be named as they stand there."""
    found = {}
    for text in (part for each in texts for part in split(each)):
        try:
            found[text] = Wanted(text, (kept[text],)) if kept and text in kept else wanted_of(text, names)
        except QuestionError as error:
            raise error.told_of("--measure", text) from None
    if not found:
        raise Unknown("what shall be measured? For example --measure 'adl(me),fund_paid'")
    return [*{one.text: one for one in found.values()}.values()]


def _refuse_unproven(wanted: Sequence[Wanted], plan: Plan) -> None:
    """Where the least fund is proven under none of the rulebooks, no point will have one. (Where it hangs on
    what is varied, those points are told that have none.)"""
    if any(axis.name.partition(".")[0] in FUND_RULES for axis in plan.axes):
        return
    rules = [(world.scenario.venue, why_not(world.scenario.rules)) for world in plan.worlds]
    asked = [one.text for one in wanted if any(part.word == LEAST for part in one.parts)]
    if asked and all(rule for _, rule in rules):
        message = f"{LEAST} cannot be measured: it {unproven(*rules[0])}"
        hint = "ran_short and adl tell how often a fund is not enough; adlcalc solve --vary fund --until 'no adl' tries values"
        place = asked[0].index(LEAST) + 1, len(LEAST)
        raise ScenarioErrors([Problem("--measure", 1, *place, message, hint, asked[0])])


# --- laying out ---------------------------------------------------------------------------------------------


def _laid_out(asking: Sweep, origin: Origin | None) -> tuple[Plan, str, list[Loaded]]:
    """The plan, the digest of what was read for it, and what was loaded."""
    asking = _venues_varied(asking)
    own = origin or Origin(asking.file, *opened(asking.file), tuple(asking.sets), None, asking.as_of)
    drawn = drawn_by(asking.paths, own)
    labels = [own.venue] if asking.venues is None else [one.strip() for one in asking.venues.split(",")]
    worlds, notes, inputs = [], [], []
    for label in dict.fromkeys(labels):
        there = replace(
            own, sets=(*own.sets, *drawn.settings), handed={**own.handed, **drawn.handed}, venue=label
        )
        outer = current()
        with recording() as record:
            loaded = told_of_paths(asking.paths, own.sets, there.load)
        if outer is not None:
            outer.read.update(record.read)
            outer.rulebooks.extend(record.rulebooks)
        read = sorted({(one.role, one.sha256) for one in record.read.values()})
        rules = [one for one in read if one[0] in ("rulebook", "table")]
        inputs = [one for one in read if one not in rules]
        notes.append(loaded)
        digest = key_of(rules, loaded.scenario.venue, loaded.rulebook.as_of)
        name = label or loaded.scenario.venue
        worlds.append(World(name, there, loaded.scenario, loaded.model, digest))
    if drawn.draws is not None and worlds[0].model is None:
        raise Unknown(
            "--paths n=... draws from the model of the file, which has none\n"
            "hint: --paths bootstrap:candles.csv,block=12,n=1000, or prices: {model: ...} in the file"
        )
    axes = tuple(_axis(text, worlds) for text in asking.vary)
    names = [axis.name for axis in axes]
    for name in names:
        if names.count(name) > 1:
            raise wrong("--vary", name, "is given twice")
    policies = choices(asking.policies or OWN, worlds[0].scenario)
    digest = key_of(inputs, key_of(own.source.text), list(own.sets), own.as_of)
    return Plan(tuple(worlds), axes, policies, drawn.draws), digest, notes


def _step_of(scenario: Scenario) -> str:
    """How long a step of the path is, where it has times that are evenly apart."""
    seconds = scenario.path.seconds or ()
    apart = {after - before for before, after in pairwise(seconds)}
    return f", a step each {lasting(apart.pop(), 1)}" if len(apart) == 1 else ""


def _venues_varied(asking: Sweep) -> Sweep:
    """`--vary venue=A,B` asks for what `--venues A,B` does: each under its own name."""
    named = [text.partition("=")[2] for text in asking.vary if text.partition("=")[0].strip() == "venue"]
    if not named:
        return asking
    if asking.venues is not None or len(named) > 1:
        raise wrong(
            "--vary", f"venue={named[0]}", "the venues are given twice", "--venues A,B,... names all of them"
        )
    rest = tuple(text for text in asking.vary if text.partition("=")[0].strip() != "venue")
    return replace(asking, vary=rest, venues=named[0])


def _axis(text: str, worlds: Sequence[World]) -> Axis:
    """One --vary: a range or a list; what only the file can say may be of texts."""
    name, equals, values = (part.strip() for part in text.partition("="))
    if not equals or not name or not values:
        raise wrong("--vary", text, "must be NAME=FROM..TO/STEP or NAME=A,B,C")
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


def _but_for(varied: Sequence[str]) -> str:
    """Which numbers of the model are not those of the file at every point."""
    own = [name for name in varied if name.startswith("prices.")]
    return f", but for {' and '.join(own)}" if own else ""


def _design(asking: Sweep, plan: Plan, parts: Sequence[Measure], inputs: str, asked: Sequence[str]) -> Design:
    """What the store is of. asked: the measures as they were typed, which its next reader is shown."""
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
        ASKED: json.dumps(asked, ensure_ascii=False),
        "varied": json.dumps(varied, ensure_ascii=False),
        "parts": json.dumps([(one.word, one.of, one.step) for one in parts], ensure_ascii=False),
        "policies": json.dumps([one.label for one in plan.policies], ensure_ascii=False),
        "file": asking.file,
        "title": first.scenario.title,
        "model": "" if model is None else model.told() + _step_of(first.scenario) + _but_for(varied),
        "limits": "" if model is None else model.limits(),
        "seed": "" if model is None else str(model.seed),
    }
    venues = {one.label: one.digest for one in plan.worlds}
    return Design(facts, venues, varied, texts)
