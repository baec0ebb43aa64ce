"""Scores of the user's own: what an expression gives, what it may not be, and where the error points."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import adlcalc
from adlcalc.engine.formulas.scores import INFINITE, SCORES, Inputs
from adlcalc.ground.numbers import ZERO, D, divide, exact
from adlcalc.source.problems import ScenarioErrors
from adlcalc.venues.expression import NAMES, Amounts, ExpressionError, score_of

X = Inputs(
    pnl=D(100), entry_value=D(1100), notional=D(1000), equity=D(210), exposure=D(4000), maintenance=D(5), balance=D(110),
    initial_margin=D(220), size=D(10), side=-1, entry=D(110), mark=D(100),
)  # fmt: skip


def value(text: str, x: Inputs = X) -> Decimal:
    with exact():
        return score_of(text)(x)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("pnl", "100"),
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("7 - 2 - 1", "4"),
        ("8 / 4 / 2", "1"),
        ("-2 ** 2", "-4"),
        ("(-2) ** 2", "4"),
        ("2 * -3", "-6"),
        ("+5 - -5", "10"),
        ("1_000.5", "1000.5"),
        ("0.1 + 0.2", "0.3"),
        ("min(3, 1, 2) + max(3, 1, 2) + abs(0 - 5)", "9"),
        ("pnl if side > 0 else 0 - pnl", "-100"),
        ("1 if pnl == 100 else 2 if pnl < 0 else 3", "1"),
        ("1 if pnl != 100 else 2 if pnl < 0 else 3", "3"),
        ("(1 if size <= 10 else 0) + (1 if size >= 10 else 0)", "2"),
        ("entry_price - mark_price", "10"),
        ("size * side", "-10"),
        ("collateral + maintenance + initial_margin", "335"),
        ("exposure / notional", "4"),
        ("pnl_percent * 11", "1"),
        ("roe * 11", "5"),
        ("margin_ratio * 42", "1"),
        ("entry_value ** 0", "1"),
    ],
)  # fmt: skip
def test_value(text: str, result: str) -> None:
    assert value(text) == D(result)


def test_thirds_are_exact_until_the_end() -> None:
    assert value("pnl / 3 + pnl / 3 + pnl / 3") == 100
    assert value("1 / 3") == divide(D(1), D(3))
    assert value("1 if 1 / 3 * 3 == 1 else 0") == 1


def test_division_by_zero_is_infinite_with_the_sign_of_what_is_divided() -> None:
    assert value("pnl / 0") == INFINITE
    assert value("(0 - pnl) / 0") == -INFINITE
    assert value("0 / 0") == 0
    assert value("1 / 0 * 2 / 0 * 9") == INFINITE


@pytest.mark.parametrize("equity", ["0", "-7"])
def test_leverage_without_equity_is_infinite(equity: str) -> None:
    broke = X._replace(equity=D(equity))
    assert value("effective_leverage", broke) == value("margin_ratio", broke) == INFINITE
    assert value("pnl_percent * effective_leverage", broke._replace(pnl=D(-1))) < -(10**290)


amounts = st.integers(1, 10**9).map(lambda n: D(n).scaleb(-4))


@pytest.mark.slow
@given(amounts, amounts, amounts, amounts)
def test_the_generic_score_of_winners_is_this_expression(
    pnl: Decimal, entry: Decimal, held: Decimal, equity: Decimal
) -> None:
    x = Inputs(pnl, entry, held, equity, held)
    assert value("pnl_percent * effective_leverage", x) == value("generic", x)
    with exact():
        assert value("generic", x) == SCORES["generic"](x)


def test_every_name_can_be_used() -> None:
    for name in NAMES:
        assert isinstance(value(name), Decimal)


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("", 1, "must have a number, a name or '(' here, not the end"),
        ("pnl *", 6, "must have a number, a name or '(' here, not the end"),
        ("pnl pnl", 5, "must have an operator here, not 'pnl'"),
        ("(pnl", 5, "must have ')' here, not the end"),
        ("pnl)", 4, "must have an operator here, not ')'"),
        ("pln * 2", 1, "must not use 'pln', which is no name of a quantity"),
        ("pnl.real", 4, "must not contain '.real'"),
        ("__import__('os')", 12, 'must not contain "\'"'),
        ("open(1)", 1, "must not call 'open'"),
        ("pnl ** size", 8, "must have a whole number from 0 to 9 here, not 'size'"),
        ("pnl ** 10", 8, "must have a whole number from 0 to 9 here, not '10'"),
        ("pnl ** 9 ** 9", 10, "must have an operator here, not '**'"),
        ("((pnl ** 9) ** 9) ** 9", 13, "must not multiply more than 32 quantities in one term"),
        ("1e5", 1, "must not contain '1e5'"),
        ("1.", 1, "must not contain '1.'"),
        ("010 + 1234567890123456789012345678901", 7, "must not have a number of more than 30 digits"),
        ("pnl > 0", 5, "must have an operator here, not '>'"),
        ("1 if pnl else 2", 10, "must have a comparison here, not 'else'"),
        ("1 if pnl > 0", 13, "must have 'else' here, not the end"),
        ("1 if 0 < pnl < 2 else 3", 14, "must have 'else' here, not '<'"),
        ("abs(1, 2)", 1, "must give 'abs' one argument"),
        ("max(1)", 1, "must give 'max' two arguments or more"),
        ("min()", 5, "must have a number, a name or '(' here, not ')'"),
        ("pnl; 1", 4, "must not contain ';'"),
        ("pnl # note", 5, "must not contain '#'"),
        ("5 % 2", 3, "must not contain '%'"),
        ("ｐnl", 1, "must not contain '\\uff50nl'"),
        ("lambda", 1, "must not use 'lambda', which is no name of a quantity"),
        ("x" * 501, 1, "must have at most 500 characters, not 501"),
        ("(" * 33 + "1" + ")" * 33, 34, "must not be nested deeper than 32 levels"),
        ("-" * 40 + "1", 34, "must not be nested deeper than 32 levels"),
    ],
)  # fmt: skip
def test_what_it_may_not_be(text: str, column: int, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        score_of(text)
    assert (caught.value.column, caught.value.message) == (column, message)


@pytest.mark.slow
@given(st.text(alphabet="pnl()+-*/<>=,. 019ifelsmaxb_", max_size=60))
def test_any_text_is_a_score_or_an_error(text: str) -> None:
    fault = None
    try:
        found = value(text)
    except ExpressionError as error:
        fault = error
    if fault is None:
        assert -INFINITE <= found <= INFINITE
    else:
        assert 1 <= fault.column <= len(text) + 1
        assert fault.length >= 1


def as_python(text: str) -> Fraction:
    amounts = Amounts(Fraction, {name: Fraction(D(getattr(X, name))) for name in X._fields})
    names = {name: what(amounts) for name, (_, what) in NAMES.items()}
    return eval(
        text, {"__builtins__": {}, "F": Fraction, "min": min, "max": max, "abs": abs}, names
    )  # the test's own text only


numbers = st.integers(1, 20).map(str)
texts = st.recursive(
    st.one_of(numbers, st.sampled_from(["pnl", "size", "side", "entry_price"])),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(lambda t: f"{t[0]} {t[1]} {t[2]}"),
        inner.map(lambda t: f"-{t}"),
        st.tuples(inner, inner).map(lambda t: f"max({t[0]}, {t[1]})"),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} if {t[1]} < {t[2]} else {t[0]} + 1)"),
    ),
    max_leaves=6,
)


@pytest.mark.slow
@given(texts)
def test_it_reads_as_python_would(text: str) -> None:
    assert Fraction(value(text)) == as_python(text)


# --- in a scenario ------------------------------------------------------------------------------------------

SCENARIO = """\
rules:
  adl: {score: %s}
fund: 0
accounts:
  - {id: alice, side: long,  size: 2, entry: 100, leverage: 10}
  - {id: small, side: short, size: 1, entry: 100, leverage: 50}
  - {id: large, side: short, size: 4, entry: 100, leverage: 2}
prices: [100, 80]
"""


def scenario(tmp_path: Path, score: str) -> adlcalc.scenario.Loaded:
    file = tmp_path / "own.yaml"
    file.write_text(SCENARIO % score, encoding="utf-8")
    return adlcalc.load(file)


def test_a_scenario_brings_its_own_score(tmp_path: Path) -> None:
    def first(score: str) -> str:
        file = tmp_path / "own.yaml"
        text = (SCENARIO % score).replace("fund: 0\n", "fund: 0\nmarkets: {X: {liquidity: none}}\n")
        file.write_text(text, encoding="utf-8")
        return adlcalc.run(adlcalc.load(file)).deleveraged[0].account

    assert first('"pnl_percent * effective_leverage"') == "small"
    assert first('"pnl"') == "large"
    assert first('"notional / equity if size < 2 else 1_000"') == "large"


@pytest.mark.parametrize(
    ("score", "line", "column", "text"),
    [
        ('"pnl * efective_leverage"', 2, 23, "did you mean 'effective_leverage'?"),
        ("pnl * efective_leverage", 2, 22, "did you mean 'effective_leverage'?"),
        ("bitmax", 2, 16, "did you mean 'bitmex'?"),
        ('"pnl *"', 2, 22, "not the end"),
        ("[1]", 2, 16, "must be the name of a score or an expression, not a list"),
    ],
)
def test_errors_point_into_the_expression(
    tmp_path: Path, score: str, line: int, column: int, text: str
) -> None:
    with pytest.raises(ScenarioErrors) as caught:
        scenario(tmp_path, score)
    problem = caught.value.problems[0]
    assert (problem.line, problem.column) == (line, column)
    assert text in str(caught.value)


def test_zero_is_a_score_like_any_other() -> None:
    assert value("0 * pnl") == ZERO
