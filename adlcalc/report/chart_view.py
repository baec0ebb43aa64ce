"""A run in little bars, for a terminal: the marks, the funds, and where somebody was liquidated or
deleveraged.

Public: chart.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TypeVar

from adlcalc.report.facts import Facts
from adlcalc.report.human import clean, digits
from adlcalc.report.series_view import bars
from adlcalc.report.table import GAP, PAGE, Table, lines, right, table, words

ROWS = 6
"""Markets and funds that are drawn, each."""
WIDEST = 8
"""Characters that a step takes at most."""
LIQUIDATED, DELEVERAGED = "▼", "◆"
_T = TypeVar("_T")


def chart(run: Facts, width: int | None) -> Table:
    """As wide as there is room. A character stands for a step, for several where they are few, or for that of
    several steps which is farthest from the beginning where they are many."""
    markets = [market.name for market in run.scenario.markets][:ROWS]
    funds = [
        fund.name for fund in run.scenario.funds if any(r.moved for r in run.fund if r.fund == fund.name)
    ]
    rows: list[tuple[str, list[Decimal]]] = [
        (name, [step.marks[name] for step in run.steps]) for name in markets
    ]
    rows += [(name, [step.funds[name] for step in run.steps]) for name in funds[:ROWS]]
    rows = [(name, values) for name, values in rows if values]
    names = [clean(name) for name, _ in rows]
    first = [digits(values[0]) for _, values in rows]
    last = [digits(values[-1]) for _, values in rows]
    signs = {
        LIQUIDATED: [bool(step.liquidated) for step in run.steps],
        DELEVERAGED: [bool(step.deleveraged) for step in run.steps],
    }
    signs = {sign: there for sign, there in signs.items() if any(there)}
    taken = (
        sum(max(map(len, column), default=0) for column in ([*names, "deleveraged"], first, last)) + 3 * GAP
    )
    cells = max((width or PAGE) - taken, 10)
    drawn = ["".join(bars(_farthest(values, cells))) for _, values in rows]
    for sign, there in signs.items():
        names.append("liquidated" if sign == LIQUIDATED else "deleveraged")
        first.append("")
        last.append("")
        drawn.append("".join(sign if any(part) else " " for part in _parts(there, cells)).rstrip())
    heading = f"steps 0 to {max(len(run.steps) - 1, 0):,}"
    columns = [words("", names), right("first", first), lines(heading, drawn), right("last", last)]
    return table("Chart", "", columns if run.steps else ())


def _parts(values: Sequence[_T], cells: int) -> list[Sequence[_T]]:
    """What each character stands for."""
    count = len(values)
    if count <= cells:
        wide = min(cells // count, WIDEST)
        return [values[i : i + 1] for i in range(count) for _ in range(wide)]
    return [values[i * count // cells : (i + 1) * count // cells] for i in range(cells)]


def _farthest(values: Sequence[Decimal], cells: int) -> list[Decimal]:
    return [max(part, key=lambda x: abs(x - values[0])) for part in _parts(values, cells)]
