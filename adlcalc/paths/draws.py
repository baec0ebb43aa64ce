"""Seeded draws. Each is named, and hangs on its name alone: SHA-256('seed/path/name').

Products, quotients, roots, logarithms and exponentials are those of Decimal, which are correctly rounded: the
same digits everywhere.

Public: Stream, normal_of, CONTEXT, WORD.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from hashlib import sha256

from adlcalc.ground.numbers import ONE, D

CONTEXT = Context(
    prec=40,
    rounding=ROUND_HALF_EVEN,
    Emin=-999,
    Emax=999,
    traps=[InvalidOperation, DivisionByZero, Overflow],
)
"""Paths are drawn to 40 digits and rounded to the tick; nothing of them is money."""
BITS = 256
WORDS, WORD = 5, 51
WORD_MASK = 2**WORD - 1
HALF = D("0.5")


@dataclass(frozen=True, slots=True)
class Stream:
    """The draws of one path, or of one population. What gives a Decimal is called within CONTEXT."""

    seed: int
    path: int

    def _whole(self, name: str) -> int:
        digest = sha256(f"{self.seed}/{self.path}/{name}".encode()).digest()
        return int.from_bytes(digest, "big")

    def words(self, names: Iterable[str]) -> tuple[list[int], ...]:
        """WORDS whole numbers of WORD bits for each name: parts of its digest, for who draws many."""
        digests = [self._whole(name) for name in names]
        return tuple([one >> WORD * i & WORD_MASK for one in digests] for i in range(WORDS))

    def below(self, n: int, name: str) -> int:
        """A whole number from 0 to n - 1 (one is likelier than another by less than n / 2^256)."""
        return self._whole(name) * n >> BITS

    def uniform(self, name: str) -> Decimal:
        """A number between 0 and 1, neither of the two: (k + 1/2) / 2^64."""
        return (D(self._whole(name) >> BITS - 64) + HALF) / 2**64

    def normal(self, name: str) -> Decimal:
        """A standard normal number."""
        return normal_of(self.uniform(name))


def _coefficients(text: str) -> tuple[Decimal, ...]:
    return tuple(map(D, text.split()))


CENTER = (
    _coefficients(
        "3.3871328727963666080 133.14166789178437745 1971.5909503065514427 13731.693765509461125"
        " 45921.953931549871457 67265.770927008700853 33430.575583588128105 2509.0809287301226727"
    ),
    _coefficients(
        "1 42.313330701600911252 687.18700749205790830 5394.1960214247511077 21213.794301586595867"
        " 39307.895800092710610 28729.085735721942674 5226.4952788528545610"
    ),
)
MIDDLE = (
    _coefficients(
        "1.42343711074968357734 4.63033784615654529590 5.76949722146069140550 3.64784832476320460504"
        " 1.27045825245236838258 0.241780725177450611770 0.0227238449892691845833 7.74545014278341407640E-4"
    ),
    _coefficients(
        "1 2.05319162663775882187 1.67638483018380384940 0.689767334985100004550 0.148103976427480074590"
        " 0.0151986665636164571966 5.47593808499534494600E-4 1.05075007164441684324E-9"
    ),
)
TAIL = (
    _coefficients(
        "6.65790464350110377720 5.46378491116411436990 1.78482653991729133580 0.296560571828504891230"
        " 0.0265321895265761230930 0.00124266094738807843860 2.71155556874348757815E-5"
        " 2.01033439929228813265E-7"
    ),
    _coefficients(
        "1 0.599832206555887937690 0.136929880922735805310 0.0148753612908506148525 7.86869131145613259100E-4"
        " 1.84631831751005468180E-5 1.42151175831644588870E-7 2.04426310338993978564E-15"
    ),
)
"""Wichura 1988, algorithm AS 241 (PPND16), its rational approximations: numerators and denominators."""


def normal_of(p: Decimal) -> Decimal:
    """The number that a standard normal variable is below with probability p (AS 241; relative error 1E-16).
    Called within CONTEXT."""
    q = p - HALF
    if abs(q) <= D("0.425"):
        return q * _ratio(CENTER, D("0.180625") - q * q)
    r = (-(p if q < 0 else ONE - p).ln()).sqrt()
    found = _ratio(MIDDLE, r - D("1.6")) if r <= 5 else _ratio(TAIL, r - 5)
    return -found if q < 0 else found


def _ratio(parts: tuple[Sequence[Decimal], Sequence[Decimal]], x: Decimal) -> Decimal:
    above, below = (_polynomial(one, x) for one in parts)
    return above / below


def _polynomial(coefficients: Sequence[Decimal], x: Decimal) -> Decimal:
    found = coefficients[-1]
    for one in coefficients[-2::-1]:
        found = found * x + one
    return found
