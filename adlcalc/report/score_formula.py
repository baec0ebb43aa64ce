"""How a score came about: its formula with the numbers of the place put in.

Public: score_formula, score_text, score_column, score_key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from adlcalc.engine.numbers import ONE, divide, show
from adlcalc.engine.scores import INFINITE, SCORES, Inputs
from adlcalc.report.human import digits, score
from adlcalc.report.table import Column, numbers

Ratio = tuple[str, str]
PRODUCTS: Mapping[str, tuple[Ratio, ...]] = {
    "generic": (("pnl", "entry_value"), ("exposure", "equity")),
    "bitmex": (("pnl", "entry_value"), ("notional", "equity")),
    "bybit": (("pnl", "entry_value"), ("notional", "equity")),
    "kucoin": (("pnl", "entry_value"), ("notional", "equity")),
    "binance": (("pnl", "notional"), ("notional", "equity")),
    "okx": (("pnl", "initial_margin"), ("exposure", "equity")),
    "okx-old": (("pnl", "initial_margin"), ("maintenance", "equity")),
    "htx": (("pnl", "initial_margin"), ("maintenance", "equity")),
    "bitget": (("pnl", "entry_value"), ("maintenance", "equity")),
    "gate": (("pnl", "entry_value"), ("maintenance", "equity")),
    "hyperliquid": (("mark", "entry"), ("notional", "equity")),
    "pnl-percent": (("pnl", "entry_value"),),
    "roe": (("pnl", "initial_margin"),),
}
"""Scores that are products of ratios; a loser's second ratio is turned over."""


def score_formula(name: str, x: Inputs, found: Decimal) -> tuple[str, ...]:
    """'score = pnl / entry value x notional / equity = ... = 0.475641'; in words with all numbers if it is no such product."""
    shown = score_text(found)
    for ratios in (PRODUCTS.get(name, ()), _turned(PRODUCTS.get(name, ()))):
        if ratios and _product(ratios, x) == found:
            words = " x ".join(f"{_name(above)} / {_name(below)}" for above, below in ratios)
            numbers = " x ".join(f"{_number(x, above)} / {_number(x, below)}" for above, below in ratios)
            return (f"score = {words} = {numbers} = {shown}",)
    doc = SCORES[name].__doc__ if name in SCORES else None
    rule = " ".join((doc or name).split()).split(". ")[0].rstrip(".")
    inputs = ", ".join(f"{_name(key)} {digits(value)}" for key, value in x._asdict().items() if isinstance(value, Decimal))
    return (f"score = {rule} = {shown}", f"with {inputs}")


def score_column(found: Iterable[Decimal], *, drop: int = 0) -> Column | None:
    """Six digits each; a column of numbers unless one of them is infinite."""
    scores = tuple(found)
    if any(abs(one) >= INFINITE for one in scores):
        return Column("score", tuple(map(score_text, scores)), right=True, drop=drop)
    return numbers("score", map(score, scores), drop=drop)


def score_key(found: Decimal) -> str:
    """A score for a program: plain digits, or Infinity."""
    if abs(found) < INFINITE:
        return show(found)
    return "Infinity" if found > 0 else "-Infinity"


def score_text(found: Decimal) -> str:
    """A score for reading; 'infinite' stands for leverage without equity."""
    if abs(found) >= INFINITE:
        return "infinite" if found > 0 else "-infinite"
    return digits(score(found))


def _turned(ratios: tuple[Ratio, ...]) -> tuple[Ratio, ...]:
    return (ratios[0], (ratios[1][1], ratios[1][0])) if len(ratios) == 2 else ()


def _product(ratios: tuple[Ratio, ...], x: Inputs) -> Decimal | None:
    """What the engine's scores do: one division."""
    above = below = ONE
    for numerator, denominator in ratios:
        above, below = above * getattr(x, numerator), below * getattr(x, denominator)
    return divide(above, below) if below else None


def _name(key: str) -> str:
    return key.replace("_", " ")


def _number(x: Inputs, key: str) -> str:
    value: Decimal = getattr(x, key)
    return f"({digits(value)})" if value < 0 else digits(value)
