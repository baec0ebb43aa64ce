"""Models of price paths. Each draws the paths of all markets together, a path by its number.

    Bootstrap    moves of a price file, drawn again in blocks: no distribution is assumed but that of the file
    Walk         a geometric walk: normal moves of the logarithm, jumps now and then
    Ramps        straight falls (or rises) of random depth and length, then the price stays

Every mark is rounded half even to the tick, and is at least one tick; what is rounded is not what the next
one is made from.

Public: Model, Bootstrap, Walk, Ramps, Jumps, PathError, lasting, of_a_step, of_a_year.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, DecimalException, localcontext
from itertools import pairwise
from typing import Protocol

from adlcalc.ground.numbers import ONE, ZERO, D, round_to, show
from adlcalc.paths.draws import CONTEXT, Stream

Marks = Mapping[str, tuple[Decimal, ...]]
HIGHEST = D("1E+30")
DEPTH = D("0.0001")
"""A ramp ends at a whole number of hundredths of a percent."""


class PathError(ValueError):
    """A path that leaves the numbers that prices can be."""


class Model(Protocol):
    """starts: the price of each market at step 0; ticks: what its prices are rounded to; steps: how many
    moves; seed: of all its paths."""

    @property
    def name(self) -> str: ...
    @property
    def starts(self) -> Mapping[str, Decimal]: ...
    @property
    def steps(self) -> int: ...
    @property
    def seed(self) -> int: ...

    def told(self) -> str:
        """What the paths are, to follow '17 of 10,000 paths'."""

    def limits(self) -> str:
        """What no path of it can show, as a sentence."""

    def marks(self, path: int) -> Marks:
        """The prices of that path, step 0 first."""


def _from(starts: Mapping[str, Decimal]) -> str:
    """'from 60,000', of several markets 'from 60,000 (BTC) and 3,000 (ETH)'."""
    several = len(starts) > 1
    named = [f"{price:,f}" if not several else f"{price:,f} ({name})" for name, price in starts.items()]
    return f"from {' and '.join(filter(None, (', '.join(named[:-1]), named[-1])))}"


UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def _apart(span: tuple[str, str] | None, moves: int) -> str:
    """How long a move of a file takes whose prices are evenly apart: '1 hour'; '' where that is not known."""
    if span is None:
        return ""
    try:
        first, last = map(datetime.fromisoformat, span)
    except ValueError:
        return ""
    return lasting((last - first) // timedelta(seconds=1), moves) if first.tzinfo and last.tzinfo else ""


def lasting(seconds: int, moves: int) -> str:
    """One of so many moves that take so many seconds together, in whole units."""
    each, rest = divmod(seconds, moves)
    if rest or not each:
        return ""
    size, name = next((size, name) for size, name in UNITS if not each % size)
    count = each // size
    return f"{count:,} {name}{'s' * (count != 1)}"


YEAR = 365 * 86_400  # seconds: nothing closes
VOLATILITY = D("1E-12")


def of_a_step(annual: Decimal, seconds: int) -> Decimal:
    """The volatility of a step of so many seconds: annual x sqrt(step / 365 days), half even to twelve
    decimals, so that it can be written down as it is."""
    with localcontext(CONTEXT):
        return round_to(annual * (D(seconds) / YEAR).sqrt(), VOLATILITY)


def of_a_year(volatility: Decimal, seconds: int) -> Decimal:
    """The volatility of a year, if that is the one of a step of so many seconds."""
    with localcontext(CONTEXT):
        return volatility * (D(YEAR) / seconds).sqrt()


def _rounded(moving: Iterator[Decimal], start: Decimal, tick: Decimal) -> tuple[Decimal, ...]:
    """The start as it is, then every price to the tick."""
    found = [start]
    for price in moving:
        if price > HIGHEST:
            raise PathError(f"a price of the path is above {HIGHEST}")
        found.append(max(tick, round_to(price, tick)))
    return tuple(found)


def _drawn(draw: Callable[[], Marks]) -> Marks:
    """What is drawn within the context of paths."""
    with localcontext(CONTEXT):
        try:
            return draw()
        except DecimalException:
            raise PathError("a price of the path has too many digits") from None


@dataclass(frozen=True)
class Bootstrap:
    """Blocks of consecutive moves of a price file, each begun at random, one after the other until there are
    enough; one draw for all markets, so that they move together as they did (Kunsch 1989, the moving block
    bootstrap). prices: of each market, all of one length; files: where they are from; span: from when to
    when."""

    prices: Marks
    starts: Mapping[str, Decimal]
    ticks: Mapping[str, Decimal]
    steps: int
    block: int
    seed: int
    files: tuple[str, ...] = ()
    span: tuple[str, str] | None = None
    name: str = field(default="bootstrap", init=False)

    @property
    def moves(self) -> int:
        """How many there are to draw from."""
        return len(next(iter(self.prices.values()))) - 1

    def marks(self, path: int) -> Marks:
        """price x (what the file's price became / what it was), move by move."""
        stream = Stream(self.seed, path)
        begun = [
            stream.below(self.moves - self.block + 1, f"block/{i}")
            for i in range(-(-self.steps // self.block))
        ]
        places = [first + i for first in begun for i in range(self.block)][: self.steps]
        return _drawn(lambda: {market: self._of(market, places) for market in self.starts})

    def _of(self, market: str, places: list[int]) -> tuple[Decimal, ...]:
        prices = self.prices[market]

        def moving() -> Iterator[Decimal]:
            price = self.starts[market]
            for at in places:
                price = price * prices[at + 1] / prices[at]
                yield price

        return _rounded(moving(), self.starts[market], self.ticks[market])

    @property
    def worst(self) -> Decimal:
        """The lowest move of the file, as a fraction, to a tenth of a percent."""
        with localcontext(CONTEXT):
            lowest = min(
                after / before - ONE for prices in self.prices.values() for before, after in pairwise(prices)
            )
            return round_to(lowest, D("0.001"))

    def told(self) -> str:
        """How long they are, and whence the moves are."""
        span = f"{self.span[0]} to {self.span[1]}; " if self.span else ""
        where = f"of {apart}" if (apart := _apart(self.span, self.moves)) else "there"
        blocks = f"blocks of {self.block}" if self.block > 1 else "single moves"
        return (
            f"of {self.steps:,} move{'s' * (self.steps != 1)} {_from(self.starts)}, resampled from "
            f"{', '.join(self.files)} ({span}{self.moves:,} moves {where}, {blocks}; worst step"
            f" {show(self.worst * 100)}%)"
        )

    def limits(self) -> str:
        """A move that the file has not is never drawn."""
        return "no resampled step is worse than that"


@dataclass(frozen=True, slots=True)
class Jumps:
    """rate: how likely one is in a step; mean, deviation: of the move of the logarithm that it adds."""

    rate: Decimal = ZERO
    mean: Decimal = ZERO
    deviation: Decimal = ZERO


@dataclass(frozen=True)
class Walk:
    """A geometric walk: in each step the logarithm of the price moves by drift + volatility x normal, and
    with the jumps' rate by mean + deviation x normal besides (Merton 1976). correlation: of the normals of
    any two markets; a jump is of all markets. annual: the volatility of a year that a step's follows from,
    where that is what was given."""

    starts: Mapping[str, Decimal]
    ticks: Mapping[str, Decimal]
    steps: int
    volatility: Decimal
    seed: int
    drift: Decimal = ZERO
    jumps: Jumps = Jumps()
    correlation: Decimal = ZERO
    annual: Decimal | None = None
    name: str = field(default="walk", init=False)

    def marks(self, path: int) -> Marks:
        """price x exp(the sum of the moves so far)."""
        stream = Stream(self.seed, path)
        return _drawn(lambda: dict(self._drawn(stream)))

    def _drawn(self, stream: Stream) -> Iterator[tuple[str, tuple[Decimal, ...]]]:
        shared, own = self.correlation.sqrt(), (ONE - self.correlation).sqrt()
        jumps = [self._jump(stream, step) for step in range(1, self.steps + 1)]
        common = [
            shared * stream.normal(f"all/{step}") if shared else ZERO for step in range(1, self.steps + 1)
        ]
        for at, (market, start) in enumerate(self.starts.items()):

            def moving(at: int = at, start: Decimal = start) -> Iterator[Decimal]:
                moved = ZERO
                for step in range(1, self.steps + 1):
                    normal = common[step - 1] + (own * stream.normal(f"{at}/{step}") if own else ZERO)
                    moved += self.drift + self.volatility * normal + jumps[step - 1]
                    yield start * moved.exp()

            yield market, _rounded(moving(), start, self.ticks[market])

    def _jump(self, stream: Stream, step: int) -> Decimal:
        jumps = self.jumps
        if not jumps.rate or stream.uniform(f"jump/{step}") >= jumps.rate:
            return ZERO
        return jumps.mean + (jumps.deviation * stream.normal(f"size/{step}") if jumps.deviation else ZERO)

    def told(self) -> str:
        """Its numbers."""
        jumps = self.jumps
        year = "" if self.annual is None else f"{show(self.annual)} a year, "
        parts = [f"volatility {year}{show(self.volatility)} a step", f"drift {show(self.drift)}"]
        if jumps.rate:
            parts.append(
                f"jumps at {show(jumps.rate)} a step, mean {show(jumps.mean)}, deviation "
                f"{show(jumps.deviation)}"
            )
        if len(self.starts) > 1:
            parts.append(f"correlation {show(self.correlation)}")
        return f"of a geometric walk {_from(self.starts)} ({', '.join(parts)}; {self.steps:,} moves)"

    def limits(self) -> str:
        """Nothing binds it to a market."""
        return "its parameters are assumed, not estimated"


@dataclass(frozen=True)
class Ramps:
    """All prices go to start x (1 + to) in equal steps over so many moves, and stay. to, over: drawn between
    two ends, both included, every value as likely as another."""

    starts: Mapping[str, Decimal]
    ticks: Mapping[str, Decimal]
    steps: int
    to: tuple[Decimal, Decimal]
    over: tuple[int, int]
    seed: int
    name: str = field(default="ramp", init=False)

    def marks(self, path: int) -> Marks:
        """start x (1 + to x step / over), then start x (1 + to)."""
        stream = Stream(self.seed, path)
        low, high = self.to
        depth = low + stream.below(int((high - low) / DEPTH) + 1, "to") * DEPTH
        over = self.over[0] + stream.below(self.over[1] - self.over[0] + 1, "over")

        def of(start: Decimal) -> Iterator[Decimal]:
            return (start * (over + depth * min(step, over)) / over for step in range(1, self.steps + 1))

        return _drawn(
            lambda: {
                market: _rounded(of(start), start, self.ticks[market])
                for market, start in self.starts.items()
            }
        )

    def told(self) -> str:
        """How deep and how fast."""
        (low, high), (fast, slow) = self.to, self.over
        return (
            f"that are ramps {_from(self.starts)} to {show(low * 100)}%..{show(high * 100)}% over "
            f"{fast}..{slow} moves"
            f" ({self.steps:,} moves in all)"
        )

    def limits(self) -> str:
        """They are chosen."""
        return "every depth and length is as likely as another by assumption"
