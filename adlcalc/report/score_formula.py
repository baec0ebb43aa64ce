"""How a score came about: its formula with the numbers of the place put in.

Public: score_formula, score_text.
"""

from __future__ import annotations

from decimal import Decimal

from adlcalc.engine.formulas.scores import INFINITE, Inputs, Ratio, Score
from adlcalc.ground.numbers import ONE, divide
from adlcalc.report.human import digits, score


def score_formula(rule: Score, x: Inputs, found: Decimal) -> tuple[str, ...]:
    """'score = pnl / entry value x notional / equity = ... = 0.475641'; in words with all numbers if it is no such product."""
    shown = score_text(found)
    for ratios in (rule.ratios, _turned(rule)):
        if ratios and _product(ratios, x) == found:
            words = " x ".join(f"{_name(above)} / {_name(below)}" for above, below in ratios)
            figures = " x ".join(f"{_number(x, above)} / {_number(x, below)}" for above, below in ratios)
            return (f"score = {words} = {figures} = {shown}",)
    words = " ".join(rule.meaning.split()).split(". ")[0].rstrip(".")
    inputs = ", ".join(f"{_name(key)} {digits(value)}" for key, value in x._asdict().items() if isinstance(value, Decimal))
    return (f"score = {words} = {shown}", f"with {inputs}")


def score_text(found: Decimal) -> str:
    """A score for reading; 'infinite' stands for leverage without equity."""
    if abs(found) >= INFINITE:
        return "infinite" if found > 0 else "-infinite"
    return digits(score(found))


def _turned(rule: Score) -> tuple[Ratio, ...]:
    """The ratios that a loser's score is the product of."""
    return (rule.ratios[0], (rule.ratios[1][1], rule.ratios[1][0])) if rule.turned else ()


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
