"""The text of a number -> Decimal, exactly as written.

    [+-]digits[_digits...][.digits][e[+-]digits]        60_000   0.1   1e5   -3.25   +500

No leading zeros, no hexadecimal, no percent sign, no thousands comma, no infinity. At most 30
significant digits, and zero or 1e-18 <= |x| < 1e18, so that the engine's 60 digits hold every sum and product
of what people write.

Public: number_of, NumberError, PLAIN_COLUMN.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from adlcalc.ground.numbers import CONTEXT, ZERO, D, show
from adlcalc.source.problems import quote

NUMBER = re.compile(r"[+-]?(?:0|[1-9][0-9]*(?:_[0-9]+)*)(?:\.[0-9]+)?(?:[eE][+-]?([0-9]+))?")
SMALL = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,12})?")
"""Numbers that need no further look: within all limits whatever their digits."""
PLAIN_COLUMN = re.compile(r"(?:-?+(?:0|[1-9][0-9]{0,17}+)(?:\.[0-9]{1,12}+)?+\n)*+")
"""A whole column of such numbers, each ended by a line break. (Possessive: no way back is kept in mind.)"""
DIGITS = 30
LONGEST = 1_000  # characters; a longer text is not even tried
LIMIT_EXPONENT = 18
POWERS = {"k": 3, "m": 6, "b": 9}
"""What people write behind a number of thousands, millions and billions."""


class NumberError(ValueError):
    """The text is no number that we read; `hint` may say how to write it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


def number_of(text: str, *, rate: bool = False) -> Decimal:
    """The number that a text writes; NumberError with a predicate ('must be a number, not ...') if it writes
    none. rate: it is a share of something, so that a percentage is one."""
    if SMALL.fullmatch(text):
        return D(text) or ZERO  # no negative zero
    if len(text) > LONGEST:
        raise NumberError(
            f"is longer than {LONGEST:,} characters; a number has at most {DIGITS} significant digits"
        )
    written = NUMBER.fullmatch(text)
    if not written:
        raise NumberError(f"must be a number, not {quote(text)}", _how_to_write(text, rate))
    if len((written[1] or "").lstrip("0")) > 4:
        raise NumberError("must be zero or between 1e-18 and 1e18 in size")
    value = D(text.replace("_", ""))
    if not value:
        return ZERO
    if len("".join(map(str, value.as_tuple().digits)).rstrip("0")) > DIGITS:
        raise NumberError(f"has more than {DIGITS} significant digits")
    if not -LIMIT_EXPONENT <= value.adjusted() < LIMIT_EXPONENT:
        raise NumberError("must be zero or between 1e-18 and 1e18 in size")
    return value.normalize(CONTEXT) if len(text) > DIGITS else value


def _how_to_write(text: str, rate: bool) -> str:
    """One hint for the commonest slips."""
    bare = text.strip()
    if re.fullmatch(r"-?0[0-9_]+(\.[0-9]+)?", bare):
        sign, digits = ("-", bare[1:]) if bare[0] == "-" else ("", bare)
        return (
            f"write {sign}{digits.lstrip('0_') or '0'}"
            if "." not in digits
            else "leave out the leading zeros"
        )
    if re.fullmatch(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", bare):
        return f"write {bare.replace(',', '_')}"
    percent = re.fullmatch(r"(-?[0-9]*\.?[0-9]*) ?%", bare)
    if percent:
        if rate:
            share = _readable(f"{percent[1]}e-2")
            return f"for {percent[1]} % write {share}" if share else ""
        return "write the price, the amount or the number itself: this is no rate"
    thousands = re.fullmatch(r"[$€£]? ?(-?[0-9][0-9_.]*) ?(k|m|mn|mio|b|bn)", bare, re.IGNORECASE)
    if thousands:
        plain = _readable(f"{thousands[1]}e{POWERS[thousands[2][0].lower()]}")
        return f"write {D(plain):,}".replace(",", "_") if plain else ""
    if re.fullmatch(r"[+-]?[0-9]*\.?[0-9]*", bare):
        plain = _readable(bare)
        return f"write {plain}" if plain else ""
    with_unit = re.fullmatch(r"[$€£]? ?([0-9][0-9_.]*) ?(?:x|[A-Za-z]{2,6}|[$€£])?", bare)
    if with_unit:
        plain = _readable(with_unit[1])
        return f"write {plain}" if plain else ""
    if bare.lower().lstrip("+-.") in ("inf", "infinity", "nan"):
        return "numbers are finite"
    return ""


def _readable(text: str) -> str | None:
    """The number that a text means, as it is to be written; None where it means none, or one that is not read
    either."""
    try:
        return show(number_of(show(D(text))))
    except (NumberError, InvalidOperation):
        return None
