"""A maintenance rate by a power of the position: the same digits everywhere, rounded once."""

from __future__ import annotations

from decimal import Context, localcontext
from random import Random

import pytest

from adlcalc.engine.formulas.margin import power_rate, whole_root
from adlcalc.ground.numbers import D


def test_it_is_the_decimal_modules_own_power_rounded_once() -> None:
    """What is worked in whole numbers, against a power of 90 digits."""
    rng = Random(1)
    for _ in range(300):
        factor = D(rng.choice(["0.0006", "3.517E-7", "0.5", "2"]))
        exponent = D(rng.choice(["0.5", "0.8", "1.25", "2", "0.01"]))
        basis = D(f"{rng.randint(1, 10**9)}E{rng.choice([0, -4, -8])}")
        with localcontext(Context(prec=90)):
            expected = (factor * basis**exponent).quantize(D("1E-12"))
        assert power_rate(factor, basis, exponent) == expected


@pytest.mark.parametrize(
    ("factor", "rate"),
    [("0.5E-12", "0"), ("1.5E-12", "2E-12"), ("2.5E-12", "2E-12"), ("2.500000001E-12", "3E-12")],
)
def test_a_half_goes_to_the_even_unit(factor: str, rate: str) -> None:
    assert power_rate(D(factor), D(1), D("0.5")) == D(rate)


@pytest.mark.parametrize(
    ("n", "q"),
    [(0, 3), (1, 5), (7, 3), (8, 3), (9, 3), (10**60 - 1, 2), (10**60, 2), (10**60 + 1, 2)],
)
def test_a_whole_root_is_the_largest_that_fits(n: int, q: int) -> None:
    root = whole_root(n, q)
    assert root**q <= n < (root + 1) ** q
