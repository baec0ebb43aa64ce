"""A score of the user's own, written as an expression: score: "pnl_percent * effective_leverage".

    numbers       2, 0.5, 1_000
    names         those of NAMES, of one position at the marks
    operators     + - * /, ** with a whole number up to 9, parentheses
    functions     min(a, b, ...), max(a, b, ...), abs(a)
    a choice      a if b > c else d, with < <= > >= == !=

It is read by the small grammar below and by nothing else, and it is evaluated exactly: equal is equal.
The result is rounded once, to 60 digits. Division by zero gives INFINITE with the sign of what is divided,
and 0 / 0 is 0.

Public: NAMES, Amounts, Expression, ExpressionError, score_of.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal, Inexact, InvalidOperation
from fractions import Fraction
from functools import reduce
from typing import Any, NamedTuple

from adlcalc.engine.formulas.scores import (
    AMOUNT,
    INFINITE,
    SCORES,
    WITHOUT,
    Bounds,
    Inputs,
    Most,
    Ratio,
    Score,
    most_of,
)
from adlcalc.ground.numbers import ZERO, D, decimal_of, divide
from adlcalc.ground.quotient import Quotient

LENGTH, DEPTH, DEGREE = 500, 32, 32
"""How long an expression may be, how deeply nested, and how many factors may be multiplied in one term."""


class Amounts:
    """The amounts of a position that an expression uses, as numbers of one kind: Fraction, or Quotient, which
    is quicker; those of several positions as bounds (Between)."""

    def __init__(self, kind: type[Any], amounts: Mapping[str, Any]) -> None:
        self.kind = kind
        self.__dict__.update(amounts)


def _amounts_of(x: Inputs, kind: type[Any], used: Collection[str]) -> Amounts:
    return Amounts(kind, {name: kind(D(getattr(x, name))) for name in used})


_Value = Callable[[Any], Any]


def _over(a: Any, b: Any) -> Any:
    if b:
        return a / b
    sign = (a > type(a)(ZERO)) - (a < type(a)(ZERO))
    return type(a)(sign * INFINITE)


def _over_equity(a: Any, x: Any) -> Any:
    return a / x.equity if x.equity > x.kind(ZERO) else x.kind(INFINITE)


NAMES: Mapping[str, tuple[str, _Value]] = {
    "pnl": ("unrealized pnl at the mark", lambda x: x.pnl),
    "pnl_percent": ("pnl / entry_value", lambda x: _over(x.pnl, x.entry_value)),
    "roe": ("pnl / initial_margin", lambda x: _over(x.pnl, x.initial_margin)),
    "entry_value": ("notional at the entry price", lambda x: x.entry_value),
    "notional": ("notional at the mark", lambda x: x.notional),
    "exposure": ("notional of all that equity carries", lambda x: x.exposure),
    "equity": ("of the position (isolated) or of the account (cross)", lambda x: x.equity),
    "collateral": (
        "margin of the position (isolated) or balance of the account (cross)",
        lambda x: x.balance,
    ),
    "maintenance": (
        "maintenance margin of the position (isolated) or of the account (cross)",
        lambda x: x.maintenance,
    ),
    "initial_margin": (
        "entry_value / chosen leverage, else the collateral",
        lambda x: x.initial_margin,
    ),
    "effective_leverage": (
        "exposure / equity; INFINITE without equity",
        lambda x: _over_equity(x.exposure, x),
    ),
    "margin_ratio": (
        "maintenance / equity; INFINITE without equity",
        lambda x: _over_equity(x.maintenance, x),
    ),
    "size": ("contracts, always positive", lambda x: x.size),
    "side": ("1 long, -1 short", lambda x: x.side),
    "entry_price": ("entry price", lambda x: x.entry),
    "mark_price": ("mark price", lambda x: x.mark),
}
"""Every name an expression may use, and what it is."""

_OF_CONTRACTS = frozenset(
    (
        "pnl",
        "entry_value",
        "notional",
        "exposure",
        "equity",
        "collateral",
        "maintenance",
        "initial_margin",
        "size",
    )
)
"""Those of a position of twice as many contracts, with twice the margin, are twice as much; the others do not
change."""

_RATIOS: Mapping[str, str] = {
    "pnl_percent": "([pnl] / [entry_value])",
    "roe": "([pnl] / [initial_margin])",
    "effective_leverage": "([exposure] / [equity])",
    "margin_ratio": "([maintenance] / [equity])",
    "collateral": "[balance]",
    "entry_price": "[entry]",
    "mark_price": "[mark]",
}
"""The names that are not called as the amounts of `Inputs` are, in these."""


class ExpressionError(ValueError):
    """What is wrong with an expression: `message` is a predicate ('must not ...'), column (from 1) and length
    point into it."""

    def __init__(self, column: int, length: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.column, self.length, self.message, self.hint = column, length, message, hint


class Expression(Score):
    """A score that a scenario or rulebook writes out; its name is its text."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return score_of, (self.name,)


def score_of(text: str) -> Score:
    """The score of that name, or the score that the expression says. Raises ExpressionError."""
    if text in SCORES:
        return SCORES[text]
    (value, _, scale), used = _Reader(text).read(), _amounts(text)

    def worked(x: Inputs) -> Any:
        try:
            return value(_amounts_of(x, Quotient, used))
        except (Inexact, InvalidOperation):
            return value(_amounts_of(x, Fraction, used))

    def of(x: Inputs) -> Decimal:
        found = worked(x)
        if _is_infinite(found):
            return INFINITE if found > type(found)(ZERO) else -INFINITE
        if isinstance(found, Quotient):
            return divide(found.above, found.below)
        return decimal_of(found)

    def formula(x: Inputs) -> str:
        return WITHOUT if _is_infinite(worked(x)) else template

    template, (ratios, losers_below) = _template(text), _product(text)
    most = most_of(ratios, losers_below) if losers_below else _most_by(value, scale, used)
    return Expression(text, text, of, formula, frozenset(used), most, ratios)


def _most_by(value: _Value, scale: float, used: Collection[str]) -> Most | None:
    """The bound of an expression: it is evaluated with bounds. Amounts are those of one contract, of which a
    position's score is the number of its contracts to the power of `scale` times as much; none where it is no
    such multiple."""
    if not math.isfinite(scale):
        return None

    def most(x: Mapping[str, Bounds]) -> float:
        from adlcalc.ground.between import Between, Undecided

        try:
            found = value(Amounts(Between, {name: Between(*x[name]) for name in used}))
            if scale:
                times = Between(*x["contracts"]) ** int(abs(scale))
                found = found * times if scale > 0 else found / times
        except Undecided:
            return math.inf
        return float(found.high)

    return most


def _product(text: str) -> tuple[tuple[Ratio, ...], bool]:
    """The ratios that a winner's score is the product of, none where it is something else; and whether a
    loser's is below zero then."""
    words = [token.text for token in _tokens(text)[:-1]]
    if words[1:-1] and "if" in words and "else" in words:
        at, other = words.index("if"), words.index("else")
        if words[at:other] != ["if", "pnl", ">", "0"]:
            return (), False
        winners, losers = _ratios_of(words[:at]), _ratios_of(words[other + 1 :])
        return (winners, _is_loss(losers)) if losers else ((), False)
    found = _ratios_of(words)
    return found, _is_loss(found)


def _ratios_of(words: Sequence[str]) -> tuple[Ratio, ...]:
    """Of names with * and / between them; none where it is anything else, or hangs on how large a position
    is."""
    above: list[str] = []
    below: list[str] = []
    for sign, word in zip(["*", *words[1::2]], words[::2], strict=False):
        if word not in NAMES or sign not in ("*", "/") or len(words) % 2 == 0:
            return ()
        over, *under = AMOUNT.findall(_RATIOS.get(word, f"[{word}]"))
        up, down = (above, below) if sign == "*" else (below, above)
        up.append(over)
        down.extend(under)
    return tuple(zip(above, below, strict=True)) if len(above) == len(below) else ()


def _is_loss(ratios: Sequence[Ratio]) -> bool:
    """Is the product below zero for every loser? It is where the pnl stands above, and nothing else has a
    sign."""
    above, below = [one for one, _ in ratios], [one for _, one in ratios]
    return (
        above.count("pnl") == 1
        and not {"equity", "balance", "side"} & {*above, *below}
        and "pnl" not in below
    )


def _is_infinite(found: Any) -> bool:
    return bool(abs(found) >= type(found)(INFINITE))


def _amounts(text: str) -> tuple[str, ...]:
    """The fields of `Inputs` that the names in an expression are made of."""
    names = {token.text for token in _tokens(text) if token.text in NAMES}
    return tuple({amount for name in names for amount in AMOUNT.findall(_RATIOS.get(name, f"[{name}]"))})


def _template(text: str) -> str:
    """The expression as a formula: names in brackets, x for * and ^ for **."""

    def written(token: re.Match[str]) -> str:
        word = token[0]
        if word in NAMES:
            return _RATIOS.get(word, f"[{word}]")
        return {"*": "x", "**": "^"}.get(word, word.replace("_", ""))

    return _TOKEN.sub(written, " ".join(text.split()))


# --- reading ------------------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"(?P<number>\d+(_\d+)*(\.\d+)?)(?![\w.])|(?P<name>[A-Za-z_]\w*)|(?P<sign>\*\*|[<>=!]=|[-+*/()<>,])",
    re.ASCII,
)
_WORD = re.compile(r"[\w.]+|.", re.DOTALL)
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_WORDS = ("if", "else")
_FUNCTIONS = ("min", "max", "abs")


class _Token(NamedTuple):
    kind: str  # 'number', 'name', 'sign', 'end'
    text: str
    column: int


class _Part(NamedTuple):
    """A part that has been read: what it is worth, how many factors it multiplies at most, and to the power
    of what it goes with the number of contracts: infinity for zero, which is so many times itself, no number
    where it is no multiple."""

    value: _Value
    degree: int
    scale: float


def _tokens(text: str) -> list[_Token]:
    if len(text) > LENGTH:
        raise ExpressionError(1, len(text), f"must have at most {LENGTH} characters, not {len(text)}")
    tokens, at = [], 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found:
            tokens.append(_Token(str(found.lastgroup), found[0], at + 1))
            at = found.end()
        elif text[at] in " \t\n":
            at += 1
        else:
            bad = _WORD.findall(text, at)[0]
            raise ExpressionError(
                at + 1, len(bad), f"must not contain {bad!a}", "numbers, names, + - * / ** ( ) and commas"
            )
    return [*tokens, _Token("end", "", len(text.rstrip()) + 1)]


class _Reader:
    """Recursive descent, one method per level: choice, sum, product, sign, power, atom."""

    def __init__(self, text: str) -> None:
        self._tokens, self._at, self._depth = _tokens(text), 0, 0

    def read(self) -> _Part:
        part = self._choice()
        if self._next.kind != "end":
            raise self._unexpected("an operator")
        return part

    # where we stand

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self, *texts: str) -> str:
        """The next token's text if it is one of these; '' and nothing taken if it is not."""
        text = self._next.text
        if text not in texts or self._next.kind == "end":
            return ""
        self._at += 1
        return text

    def _need(self, text: str) -> None:
        if not self._take(text):
            raise self._unexpected(repr(text))

    def _unexpected(self, wanted: str) -> ExpressionError:
        token = self._next
        found = "the end" if token.kind == "end" else repr(token.text)
        return ExpressionError(token.column, max(len(token.text), 1), f"must have {wanted} here, not {found}")

    # the levels

    def _choice(self) -> _Part:
        first = self._sum()
        if not self._take("if"):
            return first
        left = self._sum()
        sign = self._take(*_COMPARE)
        if not sign:
            raise self._unexpected("a comparison")
        holds, right = _COMPARE[sign], self._sum()
        self._need("else")
        second = self._inside(self._choice)
        one, other, this, that = first.value, second.value, left.value, right.value
        compared = 0 * _alike(left.scale, right.scale)
        return _Part(
            lambda x: one(x) if holds(this(x), that(x)) else other(x),
            max(first.degree, second.degree),
            _alike(first.scale, second.scale) + (0 if compared == 0 else math.nan),
        )

    def _sum(self) -> _Part:
        part = self._product()
        while sign := self._take("+", "-"):
            part = _added(part, self._product(), sign)
        return part

    def _product(self) -> _Part:
        part = self._sign()
        while True:
            column = self._next.column
            sign = self._take("*", "/")
            if not sign:
                return part
            part = _multiplied(part, self._sign(), sign, column)

    def _sign(self) -> _Part:
        sign = self._take("+", "-")
        if not sign:
            return self._power()
        part = self._inside(self._sign)
        return part if sign == "+" else part._replace(value=_negative(part.value))

    def _power(self) -> _Part:
        part, column = self._atom(), self._next.column
        if not self._take("**"):
            return part
        token = self._next
        if not (token.kind == "number" and len(token.text) == 1):
            raise self._unexpected("a whole number from 0 to 9")
        self._at += 1
        return _raised(part, int(token.text), column)

    def _atom(self) -> _Part:
        token = self._next
        if token.kind == "number":
            self._at += 1
            return _number(token)
        if self._take("("):
            part = self._inside(self._choice)
            self._need(")")
            return part
        if token.kind != "name" or token.text in _WORDS:
            raise self._unexpected("a number, a name or '('")
        self._at += 1
        if self._take("("):
            return self._call(token)
        if token.text not in NAMES:
            raise ExpressionError(
                token.column, len(token.text), f"must not use {token.text!r}, which is no name of a quantity"
            )
        return _Part(NAMES[token.text][1], 1, float(token.text in _OF_CONTRACTS))

    def _call(self, name: _Token) -> _Part:
        if name.text not in _FUNCTIONS:
            hint = f"the functions are {', '.join(_FUNCTIONS)}"
            raise ExpressionError(name.column, len(name.text), f"must not call {name.text!r}", hint)
        parts = [self._inside(self._choice)]
        while self._take(","):
            parts.append(self._inside(self._choice))
        self._need(")")
        if (len(parts) == 1) != (name.text == "abs"):
            wanted = "one argument" if name.text == "abs" else "two arguments or more"
            raise ExpressionError(name.column, len(name.text), f"must give {name.text!r} {wanted}")
        values, degree = [part.value for part in parts], max(part.degree for part in parts)
        scale = reduce(_alike, (part.scale for part in parts))
        if name.text == "abs":
            return _Part(lambda x: abs(values[0](x)), degree, scale)
        pick = min if name.text == "min" else max
        return _Part(lambda x: pick(value(x) for value in values), degree, scale)

    def _inside(self, level: Callable[[], _Part]) -> _Part:
        """One level deeper, if that is not too deep."""
        self._depth += 1
        if self._depth > DEPTH:
            raise ExpressionError(self._next.column, 1, f"must not be nested deeper than {DEPTH} levels")
        part = level()
        self._depth -= 1
        return part


# --- putting parts together ---------------------------------------------------------------------------------


def _number(token: _Token) -> _Part:
    if sum(c.isdigit() for c in token.text) > 30:
        raise ExpressionError(token.column, len(token.text), "must not have a number of more than 30 digits")
    number = D(token.text.replace("_", ""))
    return _Part(lambda x: x.kind(number), 0, 0 if number else math.inf)


def _alike(a: float, b: float) -> float:
    """The scale of a sum, or of what is compared: that of both, zero having any."""
    return b if a == math.inf else a if b in (a, math.inf) else math.nan


def _negative(value: _Value) -> _Value:
    return lambda x: -value(x)


def _added(a: _Part, b: _Part, sign: str) -> _Part:
    one, other = a.value, b.value
    degree = max(a.degree, b.degree)
    value: _Value = (lambda x: one(x) + other(x)) if sign == "+" else (lambda x: one(x) - other(x))
    return _Part(value, degree, _alike(a.scale, b.scale))


def _multiplied(a: _Part, b: _Part, sign: str, column: int) -> _Part:
    one, other = a.value, b.value
    degree = _bounded(a.degree + b.degree, column)
    if sign == "*":
        return _Part(lambda x: one(x) * other(x), degree, a.scale + b.scale)
    return _Part(lambda x: _over(one(x), other(x)), degree, a.scale - b.scale)


def _raised(a: _Part, power: int, column: int) -> _Part:
    value = a.value
    degree = _bounded(max(a.degree, 1) * power, column)
    return _Part(lambda x: value(x) ** power, degree, a.scale * power)


def _bounded(degree: int, column: int) -> int:
    if degree > DEGREE:
        raise ExpressionError(column, 1, f"must not multiply more than {DEGREE} quantities in one term")
    return degree
