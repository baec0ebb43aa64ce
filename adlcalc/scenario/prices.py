"""Price paths and funding -> the engine's Path.

Public: build_path.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from adlcalc.engine.model import Market, Path
from adlcalc.ground.numbers import ZERO, divide, round_to
from adlcalc.scenario.draft import Draft
from adlcalc.scenario.path_schema import PATH_KEYS, RATE_KEYS, ModelSpec, PriceFile, Ramp, Regular
from adlcalc.scenario.times import build_times
from adlcalc.source.problems import closest_hint, quote

if TYPE_CHECKING:
    from adlcalc.scenario.klines import Prices

PathSpec = Sequence[Decimal] | Ramp | PriceFile
RateSpec = Decimal | Sequence[Decimal] | Regular


MOST_STEPS = 1_000_000
SMALLER = "take a smaller tick or a higher price"
"""Of a ramp; each step takes its time, and a slip of the keyboard should not take an afternoon."""


def build_path(draft: Draft, markets: Mapping[str, Market]) -> Path | None:
    """Marks of every market, all of one length, with times and funding; None where `problems` says why
    not."""
    paths = dict(_paths(draft, markets))
    found = {name: path for name, path in paths.items() if path is not None}
    lengths = {name: len(marks) for name, (marks, _) in found.items()}
    if len(set(lengths.values())) > 1:
        first, *others = lengths
        for name in others:
            if lengths[name] != lengths[first]:
                message = f"the prices of {quote(name)} have {_steps(lengths[name])}, "
                message += f"those of {quote(first)} {_steps(lengths[first])}"
                draft.add(("prices", name), message, "every market needs a price at every step")
    if len(found) < len(markets) or len(set(lengths.values())) != 1:
        return None
    steps = next(iter(lengths.values()))
    times = build_times(
        draft, steps, {name: times for name, (_, times) in found.items() if times is not None}
    )
    funding = dict(_funding(draft, markets, steps))
    marks = {name: found[name][0] for name in markets}
    return Path(marks, times and times.shown, funding, times and times.seconds)


def _steps(count: int) -> str:
    return f"{count} step{'s' * (count != 1)}"


# --- marks --------------------------------------------------------------------------------------------------


def _paths(draft: Draft, markets: Mapping[str, Market]) -> Iterator[tuple[str, Prices | None]]:
    """The path of each market."""
    given = draft.file.prices
    if given is None:
        draft.lacks("prices", "prices: the mark prices, step 0 first")
        return
    if isinstance(given, ModelSpec):
        from adlcalc.scenario.path_models import paths_of_model

        yield from paths_of_model(draft, given, markets)
        return
    if not isinstance(given, dict):
        if len(markets) > 1:
            names = ", ".join(markets)
            draft.problems.add(
                draft.key("prices"),
                "there are several markets, but 'prices' is a single path",
                f"give each its own: {names}",
            )
            return
        for name, market in markets.items():
            yield name, _one(draft, ("prices",), given, market)
        return
    for name in given:
        if name not in markets:
            known = [*markets, *sorted(PATH_KEYS)]
            draft.problems.add(
                draft.key("prices", name), f"there is no market {quote(name)}", closest_hint(name, known)
            )
    for name, market in markets.items():
        if name in given:
            yield name, _one(draft, ("prices", name), given[name], market)
        elif "markets" not in draft.broken:
            draft.problems.add(
                draft.key("prices"),
                f"market {quote(name)} has no prices",
                f"{name}: its mark prices, step 0 first",
            )


def _one(draft: Draft, path: tuple[str, ...], spec: PathSpec, market: Market) -> Prices | None:
    """A list as it is, a ramp worked out, a file read."""
    if isinstance(spec, Ramp):
        return _ramp(draft, path, spec, market.tick)
    if isinstance(spec, PriceFile):
        from adlcalc.scenario.klines import read_prices

        source = draft.companion(spec.file, draft.node(*path, "file"))
        found = read_prices(source, spec, draft.node(*path, "column"), draft.problems)
        return (
            found
            if found is None or spec.from_ is None
            else _from(draft, path, found, spec.from_, market.tick)
        )
    if not spec:
        draft.add(path, f"{quote(path[-1])} is empty", "give at least the price of step 0")
        return None
    return tuple(spec), None


def _from(draft: Draft, path: tuple[str, ...], found: Prices, start: Decimal, tick: Decimal) -> Prices | None:
    """The moves of a file from another price on: start x price / first price, half even to the tick; the
    first as written."""
    (first, *others), times = found
    marks = (start, *(round_to(divide(start * price, first), tick) for price in others))
    if min(marks) <= 0:
        draft.add(path, "a price of the file is zero when it is rounded to the tick", SMALLER)
        return None
    return marks, times


def _ramp(draft: Draft, path: tuple[str, ...], spec: Ramp, tick: Decimal) -> Prices | None:
    """(from x (steps - i) + to x i) / steps, half even to the tick; the first and the last price as
    written."""
    n = spec.steps
    if n > MOST_STEPS:
        draft.add(
            (*path, "steps"), f"a ramp has at most {MOST_STEPS} steps, not {n}", "give longer paths as a file"
        )
        return None
    between = [round_to(divide(spec.from_ * (n - i) + spec.to * i, Decimal(n)), tick) for i in range(1, n)]
    marks = (spec.from_, *between, spec.to)
    if min(marks) <= 0:
        draft.add(
            path,
            "the ramp reaches a price of zero when it is rounded to the tick",
            SMALLER,
        )
        return None
    return marks, None


# --- funding ------------------------------------------------------------------------------------------------


def _funding(
    draft: Draft, markets: Mapping[str, Market], steps: int
) -> Iterator[tuple[str, dict[int, Decimal]]]:
    """market -> {step: rate}; only steps at which something is paid."""
    given = draft.file.funding
    if given is None:
        return
    if not isinstance(given, dict):
        for name in markets:
            yield name, _rates(draft, ("funding",), given, steps)
        return
    for name, spec in given.items():
        if name in markets:
            yield name, _rates(draft, ("funding", name), spec, steps)
        else:
            hint = closest_hint(name, [*markets, *sorted(RATE_KEYS)])
            draft.problems.add(draft.key("funding", name), f"there is no market {quote(name)}", hint)


def _rates(draft: Draft, path: tuple[str, ...], spec: RateSpec, steps: int) -> dict[int, Decimal]:
    """A number: at every step from 1 on. A list: one a step, 0 for none. {rate, every}: at every, 2 x every,
    ..."""
    if isinstance(spec, Decimal):
        return dict.fromkeys(range(1, steps), spec) if spec != ZERO else {}
    if isinstance(spec, Regular):
        return dict.fromkeys(range(spec.every, steps, spec.every), spec.rate) if spec.rate != ZERO else {}
    if len(spec) != steps:
        draft.problems.add(
            draft.key(*path),
            f"{quote(path[-1])} has {len(spec)} rates, the prices have {_steps(steps)}",
            "give one for each step, 0 for none",
        )
    return {step: rate for step, rate in enumerate(spec) if rate != ZERO}
