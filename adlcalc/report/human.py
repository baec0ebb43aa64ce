"""How a person is shown a number, a side, a name: separators, fixed places, nothing that a terminal could
take for a command.

Public: NOTHING, digits, column_of_numbers, score, clean, position, counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from adlcalc.engine.model import side_name
from adlcalc.ground.numbers import HALF_EVEN, ZERO, D, round_to, show
from adlcalc.ground.text import clean

__all__ = ["NOTHING", "clean", "column_of_numbers", "counted", "digits", "position", "score"]

NOTHING = "-"
SCORE_DIGITS = 6


def digits(x: Decimal | None, places: int | None = None) -> str:
    """'60,000.5': plain digits with thousands separators; `places` pads with zeros, it never rounds; None is
    '-'."""
    if x is None:
        return NOTHING
    x = x or ZERO  # no negative zero
    return f"{x:,.{max(places or 0, _places(x))}f}"


def column_of_numbers(values: Iterable[Decimal | None], *, zero: str | None = None) -> tuple[str, ...]:
    """The values of one column, each with the decimals that it has, whatever stands in other rows; `zero` is
    shown instead of 0 if given."""
    return tuple(zero if zero is not None and x is not None and not x else digits(x) for x in values)


def score(x: Decimal) -> Decimal:
    """A score rounded for reading: six digits, but never above the decimal point (0.475634, 1234567)."""
    if not x:
        return ZERO
    if x == x.to_integral_value():  # of any size: there is nothing to round
        return x
    return round_to(x, D(f"1E{min(x.adjusted() - SCORE_DIGITS + 1, 0)}"), HALF_EVEN)


def position(side: int, size: Decimal, market: str | None) -> str:
    """'short 1.5', or 'short 1.5 BTC-PERP' where a market is given."""
    text = f"{side_name(side)} {digits(size)}"
    return text if market is None else f"{text} {clean(market)}"


def counted(n: int, one: str, many: str | None = None) -> str:
    """'1 step', '1,200 steps'."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def _places(x: Decimal) -> int:
    """How many decimals plain digits need for x."""
    return len(show(x).partition(".")[2])
