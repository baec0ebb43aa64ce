"""How large a fund keeps everybody from being deleveraged, by how deep the crash is.

Public: figures, LeastFund, enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from adlcalc.ground.numbers import ZERO, D
from adlcalc.report.charts.canvas import Plot, Spec, room, short, ticks
from adlcalc.report.charts.figure import Figure, Key
from adlcalc.report.columns.solve import SOLVE
from adlcalc.report.human import clean, counted, digits
from adlcalc.report.limits import FUND_LIMITS
from adlcalc.report.table import table, words
from adlcalc.study.solve import Method, Solution


@dataclass(frozen=True, slots=True)
class LeastFund:
    """A frontier. solved: the answers of solve, a column for each mark; market, step: whose mark is varied;
    mark, fund: as the scenario has them."""

    solved: Any
    market: str
    step: int
    mark: Decimal
    fund: Decimal


def figures(least: LeastFund) -> list[Figure]:
    """One figure."""
    columns = least.solved.columns
    points = [(one.at, one.solution.holds) for one in columns]
    sampled = sum(one.solution.method is Method.SAMPLED for one in columns)
    none = sum(value == 0 for _, value in points)
    runs = sum(one.solution.runs for one in columns)
    told = f"{own} " if (own := enough(least)) else ""
    told += (
        f"{counted(runs, 'run')}: at each of {len(columns):,} marks nobody is deleveraged with the fund of "
        f"its dot, and somebody with {_less(least)} less{' (where it is above 0)' if none else ''}."
    )
    if sampled:
        told += f" At {sampled:,} of {len(columns):,} marks that was sampled, and an interval may be missing."
    short = sum(not one.solution.whole for one in columns)
    if short:
        told += f" At {short:,} of them not all changes were followed to their end."
    missing = sum(value is None for _, value in points)
    if missing:
        told += f" At {counted(missing, 'mark')} no fund does."
    again = [_again(one.solution) for one in columns]
    if any(again):
        told += (
            f" At {sum(map(bool, again)):,} of them it is not safe to have more: a larger fund deleverages "
            "again, and the least one is drawn."
        )
    told += f" {FUND_LIMITS}"
    frontier = next(one for one in SOLVE.sections if one.name == "frontier")
    larger = words("larger funds", [one or None for one in again], hide=True)
    where = f"mark of {clean(least.market)} at step {least.step:,}"
    return [
        Figure(
            name="least-fund",
            title="How large a fund, for how deep a crash?",
            description=told,
            tables=(
                table(
                    f"The least fund by the {where}", "", [*frontier.columns(columns, least.solved), larger]
                ),
            ),
            draw=lambda width: _spec(least, points, where, told, width),
            keys=(
                Key("line-least", "least fund"),
                Key("box-below", "somebody is deleveraged"),
                Key("this", f"this scenario: {digits(least.fund)} at {digits(least.mark)}"),
            ),
        )
    ]


def enough(least: LeastFund) -> str:
    """What would have been enough in the scenario itself: '200 would have been enough: at 80, ...'; '' where
    its mark is none of those of the curve."""
    column = next((one for one in least.solved.columns if one.at == least.mark), None)
    if column is None:
        return ""
    mark, found = f"at {digits(least.mark)}, the mark of this scenario", column.solution.holds
    if found is None:
        return f"No fund that was tried would have been enough {mark}."
    text = f"{digits(found)} {'would have been' if found > least.fund else 'is'} enough"
    text += ", as far as was tried" if column.solution.method is Method.SAMPLED else ""
    text += f": {mark}, nobody is deleveraged with it."
    if again := _again(column.solution):
        text += f" But more is not safe: larger funds {again}."
    return text


def _again(solution: Solution) -> str:
    """'deleverage again from 600 to 700': what is not safe about more than the answer; '' where nothing is known
    to be."""
    if solution.holds is None:
        return ""
    spans = [
        (one.low, one.high) for one in solution.stretches if one.holds is False and one.low > solution.holds
    ]
    told = [
        f"from {digits(low)}"
        + f" to {digits(high)}"
        + (", the end of the range" if high == solution.high else "")
        for low, high in spans
    ]
    return f"deleverage again {' and '.join(told)}" if told else ""


def _less(least: LeastFund) -> str:
    """By how much a fund is smaller with which somebody is deleveraged."""
    unit = least.solved.solution.knob.unit
    return f"{digits(unit)}" if least.solved.asking.unit is not None else "one unit"


def _spec(
    least: LeastFund, points: list[tuple[Decimal, Decimal | None]], where: str, told: str, width: int
) -> Spec:
    known = [(x, y) for x, y in points if y is not None]
    high = max([y for _, y in known] + [least.fund, ZERO]) * D("1.08") or D(1)
    low_mark, high_mark = points[0][0], points[-1][0]
    at = ticks(ZERO, high, 5)
    plot = Plot(
        width,
        340 if width > 600 else 270,
        x=(low_mark, high_mark if high_mark > low_mark else low_mark + 1),
        y=(ZERO, high),
        left=max(room(short(x), 12) for x in at) + 14,
        right=26,
        top=14,
        bottom=48,
    )
    plot.add("area", [{"x": x, "y": y, "y2": ZERO} for x, y in known], "adlbg")
    plot.grid(at)
    plot.add("rule", [{"x": least.mark, "y": ZERO, "y2": high}], "edge", strokeDash=[2, 3])
    plot.add("line", [{"x": x, "y": y} for x, y in known], "fg", strokeWidth=2.2, strokeJoin="round")
    plot.add("point", [{"x": x, "y": y} for x, y in known], "fg", filled=True, opacity=1, size=16)
    here = [{"x": least.mark, "y": least.fund}]
    plot.dots(here, "fund", "circle", 100, 1.5)
    marks = ticks(low_mark, high_mark, 6 if width > 600 else 3)
    plot.text([{"x": x, "y": ZERO, "text": short(x)} for x in marks], "muted", align="center", size=12, dy=15)
    middle = (low_mark + high_mark) / 2
    plot.text([{"x": middle, "y": ZERO, "text": where}], "muted", align="center", size=12, dy=36)
    return plot.spec(told)
