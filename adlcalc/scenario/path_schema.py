"""The declaration of prices, times and funding.

Public: PricesSpec, PathSpec, Ramp, PriceFile, FundingSpec, RateSpec, Regular, IntervalSpec, Interval, Moment,
moment_of, PATH_KEYS, RATE_KEYS."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, NamedTuple

from adlcalc.source.fields import Count, Number, Positive, Text, by_shape, tag_by_type
from adlcalc.source.keys import InJsonSchema, Reads, Strict, Tag, key, keys_of, wrong
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


PATH_KEYS = frozenset(("from", "to", "steps", "file", "column", "path"))


def _path_tag(value: Any) -> str | None:
    if isinstance(value, list):
        return "<list>"
    if isinstance(value, dict):
        return "<file>" if "file" in value else "<ramp>"
    return None


def _prices_tag(value: Any) -> str | None:
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
    | Annotated[dict[str, PathSpec], Tag("<markets>")],
    by_shape(_prices_tag, f"{_PATH}, or one of these for each market"),
]


class Regular(Strict):
    """Funding at regular steps."""

    rate: Number = key(description="funding rate, a fraction of the notional; above zero longs pay")
    every: Count = key(description="it is paid at steps every, 2 x every, ...")


_rate_tag = tag_by_type(text="<rate>", items="<list>", keys="<every>")


RATE_KEYS = frozenset(keys_of(Regular))


def _funding_tag(value: Any) -> str | None:
    if isinstance(value, dict) and not RATE_KEYS & value.keys():
        return "<markets>"
    return _rate_tag(value)


_FUNDING = "a rate, a list of rates or {rate, every}"
RateSpec = Annotated[
    Annotated[Number, Tag("<rate>")]
    | Annotated[list[Number], Tag("<list>")]
    | Annotated[Regular, Tag("<every>")],
    by_shape(_rate_tag, _FUNDING),
]
FundingSpec = Annotated[
    Annotated[Number, Tag("<rate>")]
    | Annotated[list[Number], Tag("<list>")]
    | Annotated[Regular, Tag("<every>")]
    | Annotated[dict[str, RateSpec], Tag("<markets>")],
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
