"""The declaration of prices, times and funding.

Public: PricesSpec, PathSpec, Ramp, PriceFile, ModelSpec, BootstrapSpec, WalkSpec, RampsSpec, Annual,
FundingSpec, RateSpec, Regular, IntervalSpec, Interval, Moment,
moment_of, PATH_KEYS, FORM_KEYS, RATE_KEYS."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple

from adlcalc.ground.numbers import round_to
from adlcalc.source.fields import (
    Count,
    Fraction,
    Positive,
    Share,
    ShareNotNegative,
    Step,
    Text,
    by_shape,
    tag_by_type,
)
from adlcalc.source.keys import Faults, InJsonSchema, Reads, Refused, Strict, Tag, key, keys_of, one_of, wrong
from adlcalc.source.number import NumberError, number_of
from adlcalc.source.problems import kind_of


class Ramp(Strict):
    """A straight path: steps moves of equal size."""

    from_: Positive = key(name="from", description="price at step 0")
    to: Positive = key(description="price at the last step")
    steps: Count = key(description="number of moves; there is one price more")


class PriceFile(Strict):
    """Prices in a CSV file beside the scenario: a venue's candles, or columns time and close."""

    file: Text = key(description="name of the CSV file")
    column: Text | None = key(None, description="the column of the prices; close (or mark) if left out")
    path: Literal["close", "low-first", "high-first"] = key(
        "close", description="one price a candle, or four: open, low, high, close; open, high, low, close"
    )
    from_: Positive | None = key(
        None,
        name="from",
        description="price at step 0: the file's moves from there on, each price from x price / first price, "
        "to the "
        "tick; as in the file if left out",
    )


def _ends(value: Any) -> tuple[Decimal, Decimal]:
    """'A..B' or one number, each with % behind it where it is a percentage; the lower one first."""
    if not isinstance(value, str):
        raise wrong(f"must be a number or a range like -0.6..-0.1, not {kind_of(value)}")
    found = []
    for text in value.split("..", 1):
        number = text.strip()
        try:
            if number.endswith("%"):
                found.append(number_of(number[:-1].strip()).scaleb(-2))
            else:
                found.append(number_of(number))
        except NumberError as error:
            raise wrong(error.message, error.hint) from None
    return min(found), max(found)


def _falls(value: Any) -> tuple[Decimal, Decimal]:
    low, high = _ends(value)
    from adlcalc.paths.models import DEPTH

    if low <= -1 or any(one != round_to(one, DEPTH) for one in (low, high)):
        raise wrong("must be above -1, in steps of 0.0001", "for a fall by 60 % write -0.6")
    return low, high


def _counts(value: Any) -> tuple[int, int]:
    low, high = _ends(value)
    if low < 1 or high > MOST_MOVES or any(one != one.to_integral_value() for one in (low, high)):
        raise wrong(f"must be whole numbers from 1 to {MOST_MOVES}")
    return int(low), int(high)


MOST_MOVES = 1_000_000
_ENDS = InJsonSchema(type=["number", "string"])
Falls = Annotated[tuple[Decimal, Decimal], Reads(_falls), _ENDS]
Lengths = Annotated[tuple[int, int], Reads(_counts), _ENDS]
_by_market = tag_by_type(text="<one>", keys="<markets>")
Starts = Annotated[
    Annotated[Positive, Tag("<one>")] | Annotated[dict[str, Positive], Tag("<markets>")],
    by_shape(_by_market, "a price, or one for each market"),
]
PriceFiles = Annotated[
    Annotated[Text, Tag("<one>")] | Annotated[dict[str, Text], Tag("<markets>")],
    by_shape(_by_market, "the name of a file, or one for each market"),
]


class ModelSpec(Strict):
    """A random path: the same one for the same seed, everywhere."""

    seed: Step = key(0, description="of the random numbers: a whole number")
    draw: Step = key(0, description="which path of that seed; a sweep draws 0, 1, 2, ...")
    from_: Starts | None = key(None, name="from", description="price at step 0, or of each market")


class BootstrapSpec(ModelSpec):
    """Moves of a price file, drawn again in blocks."""

    model: Literal["bootstrap"] = key(description="bootstrap: moves of a price file, drawn again in blocks")
    file: PriceFiles = key(description="the price file, or that of each market, row beside row")
    column: Text | None = key(None, description="the column of the prices; close (or mark) if left out")
    block: Count = key(1, description="how many consecutive moves are drawn together")
    steps: Count = key(description="number of moves; there is one price more")


class Annual(Strict):
    """The volatility of a year."""

    annual: ShareNotNegative = key(
        description="of a year of 365 days; that of a step is annual x sqrt(interval / 365 days), half even "
        "to "
        "twelve decimals"
    )


VolatilitySpec = Annotated[
    Annotated[ShareNotNegative, Tag("<of a step>")] | Annotated[Annual, Tag("<of a year>")],
    by_shape(tag_by_type(text="<of a step>", keys="<of a year>"), "a number, of a step, or {annual: ...}"),
]


class WalkSpec(ModelSpec):
    """A geometric walk, with jumps."""

    model: Literal["walk"] = key(description="walk: normal moves of the logarithm, and jumps")
    volatility: VolatilitySpec = key(
        description="standard deviation of the logarithm's move in a step; {annual: 0.80} is that of a year, "
        "and "
        "needs an interval"
    )
    drift: Share = key(Decimal(0), description="mean of the logarithm's move in a step")
    jump_rate: Fraction = key(Decimal(0), description="how likely a jump is in a step")
    jump_mean: Share = key(Decimal(0), description="mean of the logarithm's move in a jump")
    jump_deviation: ShareNotNegative = key(Decimal(0), description="standard deviation of that move")
    correlation: Fraction = key(Decimal(0), description="of the moves of any two markets, without the jumps")
    steps: Count = key(description="number of moves; there is one price more")


class RampsSpec(ModelSpec):
    """Straight moves of random depth and length."""

    model: Literal["ramp"] = key(description="ramp: straight moves of random depth and length")
    to: Falls = key(
        description="where it ends, as a fraction of the start: -0.6..-0.1 is drawn between the two"
    )
    over: Lengths = key(description="in how many moves: 1..50 is drawn between the two")
    steps: Count | None = key(None, description="number of moves in all; as many as the longest if left out")


MODELS = {"bootstrap": "<bootstrap>", "walk": "<walk>", "ramp": "<model ramp>"}
_model_name = one_of(tuple(MODELS))
PATH_KEYS = frozenset(("from", "to", "steps", "file", "column", "path", "model"))
FORM_KEYS = frozenset(
    name for form in (Ramp, PriceFile, BootstrapSpec, WalkSpec, RampsSpec) for name in keys_of(form)
)
"""What a path is made of, where it is not a list of prices."""


def _path_tag(value: Any) -> str | None:
    if isinstance(value, list):
        return "<list>"
    if isinstance(value, dict):
        return "<file>" if "file" in value else "<ramp>"
    return None


def _prices_tag(value: Any) -> str | None:
    if isinstance(value, dict) and "model" in value:
        try:
            return MODELS[_model_name(value["model"])]
        except Refused as refused:  # told at the word, not at the whole map
            raise Faults(refused.under("model")) from None
    if isinstance(value, dict) and not PATH_KEYS & value.keys():
        return "<markets>"
    return _path_tag(value)


_PATH = "a list, {from, to, steps} or {file: klines.csv}"
PathSpec = Annotated[
    Annotated[list[Positive], Tag("<list>")]
    | Annotated[Ramp, Tag("<ramp>")]
    | Annotated[PriceFile, Tag("<file>")],
    by_shape(_path_tag, _PATH),
]
PricesSpec = Annotated[
    Annotated[list[Positive], Tag("<list>")]
    | Annotated[Ramp, Tag("<ramp>")]
    | Annotated[PriceFile, Tag("<file>")]
    | Annotated[BootstrapSpec, Tag("<bootstrap>")]
    | Annotated[WalkSpec, Tag("<walk>")]
    | Annotated[RampsSpec, Tag("<model ramp>")]
    | Annotated[dict[str, PathSpec], Tag("<markets>")],
    by_shape(_prices_tag, f"{_PATH}, one of these for each market, or {{model: {' | '.join(MODELS)}, ...}}"),
]


class Regular(Strict):
    """Funding at regular steps."""

    rate: Share = key(description="funding rate, a fraction of the notional; above zero longs pay")
    every: Count = key(description="it is paid at steps every, 2 x every, ...")


_rate_tag = tag_by_type(text="<rate>", items="<list>", keys="<every>")


RATE_KEYS = frozenset(keys_of(Regular))


def _funding_tag(value: Any) -> str | None:
    if isinstance(value, dict) and not RATE_KEYS & value.keys():
        return "<markets>"
    return _rate_tag(value)


_FUNDING = "a rate, a list of rates or {rate, every}"
_Rates = (
    Annotated[Share, Tag("<rate>")]
    | Annotated[list[Share], Tag("<list>")]
    | Annotated[Regular, Tag("<every>")]
)
RateSpec = Annotated[_Rates, by_shape(_rate_tag, _FUNDING)]
FundingSpec = Annotated[
    _Rates | Annotated[dict[str, RateSpec], Tag("<markets>")],
    by_shape(_funding_tag, f"{_FUNDING}, or one of these for each market"),
]


class Interval(NamedTuple):
    """The time between steps."""

    number: int
    unit: str

    @property
    def length(self) -> timedelta:
        """As a time difference."""
        return self.number * UNITS[self.unit]


UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


def _interval(value: Any) -> Interval:
    written = re.fullmatch(r"([1-9][0-9]{0,5})([smhdw])", value) if isinstance(value, str) else None
    if written is None:
        raise wrong(f"must be a time like 1m, 5m, 1h, 8h or 1d, not {kind_of(value)}")
    return Interval(int(written[1]), written[2])


def moment_of(text: str) -> datetime | None:
    """The moment that a text writes in ISO 8601; without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):  # astimezone may leave the calendar
        return None


def _moment(value: Any) -> datetime:
    moment = moment_of(value) if isinstance(value, str) else None
    if moment is None:
        raise wrong(f"must be a date and time like 2020-03-12T10:00Z, not {kind_of(value)}")
    return moment


IntervalSpec = Annotated[
    Interval, Reads(_interval), InJsonSchema(type="string", pattern="^[1-9][0-9]*[smhdw]$")
]
Moment = Annotated[datetime, Reads(_moment), InJsonSchema(type="string")]
