"""What is worked out exactly from numbers between bounds lies between the bounds that are worked out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_expression import texts

from adlcalc.engine.formulas.scores import SCORES, Inputs
from adlcalc.ground.between import Between, Undecided
from adlcalc.ground.numbers import exact
from adlcalc.venues.expression import score_of

tenths = st.integers(-40, 40).map(lambda n: Fraction(n, 10))
two = st.tuples(tenths, tenths).map(sorted)


@pytest.mark.slow
@given(two, two, st.fractions(0, 1), st.fractions(0, 1), st.integers(0, 5))
def test_results_lie_between_the_bounds(
    a: Sequence[Fraction], b: Sequence[Fraction], part: Fraction, other: Fraction, power: int
) -> None:
    x, y = a[0] + part * (a[1] - a[0]), b[0] + other * (b[1] - b[0])
    one, two = (Between(float(low), float(high)) for low, high in (a, b))

    def holds(found: Between, exactly: Fraction) -> bool:
        return found.low <= exactly <= found.high

    slack = Between(-1e-14, 1e-14)  # the bounds themselves are floats near tenths
    one, two = one + slack, two + slack
    assert holds(one + two, x + y)
    assert holds(one - two, x - y)
    assert holds(one * two, x * y)
    assert holds(-one, -x)
    assert holds(abs(one), abs(x))
    assert holds(one**power, x**power)
    if y:
        assert holds(one / two, x / y)
    for asked, truth in (
        (lambda: one < two, x < y),
        (lambda: one >= two, x >= y),
        (lambda: bool(one), x != 0),
    ):
        with suppress(Undecided):
            assert asked() == truth


def test_what_the_bounds_do_not_tell_is_undecided() -> None:
    wide, three = Between(1.0, 4.0), Between(Decimal(3))
    assert (three.low, three.high) == (3, 3)
    assert Between(Decimal("0.1")).low < Fraction(1, 10) < Between(Decimal("0.1")).high
    for asked in (
        lambda: wide < three,
        lambda: wide >= three,
        lambda: wide == three,
        lambda: bool(wide - three),
        lambda: bool(Between(0.0)),  # by which nobody divides: what an expression then is has no bound
        lambda: max(wide, three),
    ):
        with pytest.raises(Undecided):
            asked()
    assert three == Between(3.0) != wide + three
    assert (three / (wide - three)).high == math.inf
    assert (Between(1e300) * Between(1e300)).high == math.inf


positive = st.integers(1, 400).map(lambda n: Decimal(n) / 4)


@pytest.mark.slow
@given(
    st.one_of(texts, st.sampled_from([name for name, score in SCORES.items() if score.most])),
    st.lists(positive, min_size=6, max_size=6),
    st.integers(-50, 50).map(lambda n: Decimal(n) / 4),
    st.sampled_from([1, -1]),
    st.sampled_from([Decimal(1), Decimal("0.25"), Decimal(16)]),
    st.sampled_from([0.0, 0.01, 0.5]),
)
def test_no_position_scores_more_than_the_bound(
    text: str, some: list[Decimal], pnl: Decimal, side: int, contracts: Decimal, spread: float
) -> None:
    """Of one of so many contracts, from amounts of one of them that are known to within a part."""
    value, maintenance, balance, initial, entry, mark = some
    score = score_of(text)
    if score.most is None:
        return
    each = Inputs(
        pnl, value, abs(value + side * pnl), balance + pnl, abs(value + side * pnl), maintenance, balance,
        initial, Decimal(1), side, entry, mark,
    )  # fmt: skip
    unscaled = ("side", "entry", "mark")
    one = Inputs(
        *(x if name in unscaled else x * contracts for name, x in zip(Inputs._fields, each, strict=True))
    )
    bounds = {
        name: (float(x) - spread * abs(float(x)), float(x) + spread * abs(float(x)))
        for name, x in zip(Inputs._fields, each, strict=True)
    }
    bounds["pnl"] = (bounds["pnl"][0], min(bounds["pnl"][1], 0.0)) if pnl <= 0 else bounds["pnl"]
    bounds["side"] = (float(side), float(side))
    bounds["contracts"] = (float(contracts) * (1 - spread), float(contracts) * (1 + spread))
    with exact():
        found, most = score(one), score.most(bounds)
    assert found <= Decimal(repr(most)) + abs(Decimal(repr(most))) * Decimal("1E-9")
