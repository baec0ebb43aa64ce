"""`prices: {model: ..., seed: ...}`: the model of the path, and the one path of it that is drawn.

Public: paths_of_model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from adlcalc.engine.model import Market
from adlcalc.ground.numbers import ONE, D, round_to, show
from adlcalc.paths.models import (
    Bootstrap,
    Jumps,
    Model,
    PathError,
    Ramps,
    Walk,
    of_a_step,
    of_a_year,
)
from adlcalc.scenario.draft import Draft
from adlcalc.scenario.klines import Prices, read_prices
from adlcalc.scenario.path_schema import (
    MOST_MOVES,
    Annual,
    BootstrapSpec,
    ModelSpec,
    PriceFile,
    RampsSpec,
    WalkSpec,
)
from adlcalc.source.problems import closest_hint, quote

AT = ("prices",)
WILD = D(10)
"""A volatility of a step that is more than this in a year is most likely one of a year: no hour of March 2020
came near it."""


def paths_of_model(
    draft: Draft, spec: ModelSpec, markets: Mapping[str, Market]
) -> Iterator[tuple[str, Prices | None]]:
    """The path of each market; the model goes to the draft."""
    model = _model(draft, spec, markets)
    if model is None:
        return
    draft.models.append(model)
    try:
        marks = model.marks(spec.draw)
    except PathError as error:
        draft.problems.add(draft.key(*AT), f"this path cannot be: {error}", "another seed, or smaller moves")
        return
    for name in markets:
        yield name, (marks[name], None)


def _model(draft: Draft, spec: ModelSpec, markets: Mapping[str, Market]) -> Model | None:
    ticks = {name: market.tick for name, market in markets.items()}
    before = len(draft.problems)
    if isinstance(spec, BootstrapSpec):
        return _bootstrap(draft, spec, markets, ticks)
    starts = _starts(draft, spec, markets, {})
    if isinstance(spec, WalkSpec):
        if spec.steps > MOST_MOVES:
            draft.add((*AT, "steps"), f"a path has at most {MOST_MOVES} moves, not {spec.steps}")
        volatility = _volatility(draft, spec)
        if volatility is None or len(draft.problems) > before:
            return None
        annual = spec.volatility.annual if isinstance(spec.volatility, Annual) else None
        jumps = Jumps(spec.jump_rate, spec.jump_mean, spec.jump_deviation)
        return Walk(
            starts, ticks, spec.steps, volatility, spec.seed, spec.drift, jumps, spec.correlation, annual
        )
    assert isinstance(spec, RampsSpec)
    steps = spec.over[1] if spec.steps is None else spec.steps
    if not spec.over[1] <= steps <= MOST_MOVES:
        draft.add(
            (*AT, "steps"), f"'steps' must be from {spec.over[1]}, the longest of 'over', to {MOST_MOVES}"
        )
    if len(draft.problems) > before:
        return None
    return Ramps(starts, ticks, steps, spec.to, spec.over, spec.seed)


def _volatility(draft: Draft, spec: WalkSpec) -> Decimal | None:
    """Of a step; that of a year is broken down by the interval. None where there is none, which is told."""
    given, interval = spec.volatility, draft.file.interval
    where = draft.node(*AT, "volatility")
    seconds = 0 if interval is None else interval.length // timedelta(seconds=1)
    if isinstance(given, Annual):
        if interval is None and "interval" not in draft.broken:
            draft.problems.add(
                where, "a volatility of a year needs an 'interval'", "interval: 1h, how long a step is"
            )
        return of_a_step(given.annual, seconds) if seconds else None
    if interval is not None and (year := of_a_year(given, seconds)) > WILD:
        draft.problems.note(
            where,
            f"'volatility' of 'prices' is that of a step: {show(given)} in {interval.number}{interval.unit} "
            "is "
            f"about {show(round_to(year, ONE))} a year",
            f"volatility: {{annual: {show(given)}}} is that of a year",
        )
    return given


def _starts(
    draft: Draft, spec: ModelSpec, markets: Mapping[str, Market], otherwise: Mapping[str, Decimal]
) -> dict[str, Decimal]:
    """The price of each market at step 0."""
    given = spec.from_
    if given is None:
        if not otherwise:
            draft.add(AT, "the model has no 'from'", "from: the price at step 0, or one for each market")
        return dict(otherwise)
    if isinstance(given, dict):
        _same_names(draft, "from", given, markets)
        return {name: given[name] for name in markets if name in given}
    if len(markets) > 1:
        draft.add((*AT, "from"), "there are several markets, but 'from' is one price", _each(markets))
    return dict.fromkeys(markets, given)


def _each(markets: Mapping[str, Market]) -> str:
    return f"give each its own: {', '.join(markets)}"


def _same_names(draft: Draft, key: str, given: Mapping[str, object], markets: Mapping[str, Market]) -> None:
    """Every market, and nothing else."""
    for name in given:
        if name not in markets:
            draft.problems.add(
                draft.key(*AT, key, name),
                f"there is no market {quote(name)}",
                closest_hint(name, list(markets)),
            )
    for name in markets:
        if name not in given:
            draft.problems.add(draft.key(*AT, key), f"market {quote(name)} is not in {quote(key)}")


class _File(NamedTuple):
    """What is known of a price file."""

    marks: tuple[Decimal, ...]
    times: tuple[str, ...] | None
    shown: str


def _bootstrap(
    draft: Draft, spec: BootstrapSpec, markets: Mapping[str, Market], ticks: Mapping[str, Decimal]
) -> Bootstrap | None:
    """Files of one length, and of the same times where they have times: a block is drawn for all of them."""
    before = len(draft.problems)
    names = spec.file if isinstance(spec.file, dict) else dict.fromkeys(markets, spec.file)
    if isinstance(spec.file, dict):
        _same_names(draft, "file", spec.file, markets)
    elif len(markets) > 1:
        draft.add((*AT, "file"), "there are several markets, but 'file' is one file", _each(markets))
    if spec.steps > MOST_MOVES:
        draft.add((*AT, "steps"), f"a path has at most {MOST_MOVES} moves, not {spec.steps}")
    if len(draft.problems) > before:
        return None
    files = {name: _read(draft, spec, names[name], name) for name in markets}
    found = {name: one for name, one in files.items() if one is not None}
    if len(found) < len(markets):
        return None
    first, *others = found
    moves = len(found[first].marks) - 1
    for name in others:
        if len(found[name].marks) - 1 != moves or found[name].times != found[first].times:
            message = (
                f"the rows of {quote(names[name])} are not of the times of those of {quote(names[first])}"
            )
            draft.add((*AT, "file"), message, "blocks are drawn for all markets at once")
    if spec.block > moves:
        draft.add(
            (*AT, "block" if spec.block > 1 else "file"),
            f"{quote(names[first])} has {moves} move{'s' * (moves != 1)}, fewer than a block of {spec.block}",
        )
    starts = _starts(draft, spec, markets, {name: one.marks[-1] for name, one in found.items()})
    if len(draft.problems) > before:
        return None
    times = found[first].times
    return Bootstrap(
        {name: one.marks for name, one in found.items()},
        starts,
        ticks,
        spec.steps,
        spec.block,
        spec.seed,
        tuple(dict.fromkeys(one.shown for one in found.values())),
        None if times is None else (times[0], times[-1]),
    )


def _read(draft: Draft, spec: BootstrapSpec, file: str, market: str) -> _File | None:
    by_market = isinstance(spec.file, dict)
    where = draft.node(*AT, "file", market) if by_market else draft.node(*AT, "file")
    source = draft.companion(file, where)
    found = read_prices(
        source,
        PriceFile(file=file, column=spec.column, path="close"),
        draft.node(*AT, "column"),
        draft.problems,
    )
    return None if found is None else _File(*found, source.name)
