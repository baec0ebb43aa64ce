"""The same loss under other policies or venues: what each account pays, and what is left behind.

Public: figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from adlcalc.ground.numbers import ZERO, D, decimal_of, divide, round_to
from adlcalc.report.charts.canvas import Plot, Spec, room, short, shortened
from adlcalc.report.charts.figure import ROWS, Figure, Key
from adlcalc.report.compare_view import PAYS, Comparison, compare_page, not_in_bad_debt
from adlcalc.report.human import clean, counted
from adlcalc.report.table import Table, numbers, table, words
from adlcalc.study.metrics import Value

WIDE, SMALL = 5, 3
"""Accounts that have a column of their own, on a page and on a phone: those who pay most."""
BACKED = "backstop_pnl"
METRICS = (
    ("bad_debt", "bad debt"),
    (BACKED, "backstop pnl"),
    ("leverage_left", "leverage left"),
    ("gini", "Gini"),
)
"""What is shown beside the bars; what backstops have won or lost only where there are any."""
UNPAID = ("bad_debt", BACKED)
"""What decides between policies: where they are not zero these take an account's place on a phone, and what
backstops have won or lost everywhere."""


def figures(comparison: Comparison) -> list[Figure]:
    """One figure, without a drawing where nobody pays; all metrics are in its tables."""
    results = comparison.results
    if not results:
        return []
    paid = [result.outcome.by_account for result in results]
    most: dict[str, Decimal] = {}
    for each in paid:
        for account, amount in each.items():
            most[account] = max(amount, most.get(account, ZERO))
    payers = sorted((account for account, x in most.items() if x), key=lambda account: -most[account])
    labels = [_label(comparison, i) for i in range(len(results))]
    what = "rulebook" if comparison.several else "policy"
    told = (
        "One book and one path under "
        f"{counted(len(results), what, 'policies' if what == 'policy' else None)}."
    )
    if payers:
        told += (
            f" {counted(len(payers), 'account pays', 'accounts pay')} under one or another; each bar is "
            "what one pays."
        )
    else:
        told += " Nobody pays under any of them."
    told = " ".join((told + _left(comparison), *not_in_bad_debt(comparison)))
    tables = [
        table(
            PAYS,
            "Nobody pays anything.",
            [
                words("account", payers[:ROWS]),
                *(
                    numbers(label, [each.get(account, ZERO) for account in payers[:ROWS]], zero="0")
                    for label, each in zip(labels, paid, strict=True)
                ),
            ]
            if payers
            else [],
            max(len(payers) - ROWS, 0),
        ),
        *(
            block
            for block in compare_page(comparison, ROWS).blocks(None)
            if isinstance(block, Table) and not block.title.startswith(PAYS)  # ours has those who pay most
        ),
    ]
    return [
        Figure(
            name="compare",
            title="The same loss under other rulebooks"
            if comparison.several
            else "The same loss under other policies",
            description=told,
            tables=tuple(one for one in tables if one.height),
            draw=(lambda width: _spec(comparison, labels, paid, payers, told, width)) if payers else None,
            keys=(Key("box-adl", "paid"), Key("least", "least of its column")) if payers else (),
        )
    ]


def _left(comparison: Comparison) -> str:
    """Why there is bad debt under a policy that closes nothing, where there is some."""
    found = [
        clean(one.choice.label)
        for one in comparison.results
        if one.choice.space == "profit" and one.outcome.bad_debt
    ]
    if not found:
        return ""
    cuts, closes = ("cuts", "closes") if len(set(found)) == 1 else ("cut", "close")
    return (
        f" {', '.join(dict.fromkeys(found))} {cuts} profits and {closes} no position: what the profits of "
        "that step do"
        " not cover, and what is lost later on positions that nobody took, is bad debt."
    )


def _label(comparison: Comparison, i: int) -> str:
    """A policy, a venue, or both where both differ."""
    result = comparison.results[i]
    policies = {one.choice.label for one in comparison.results}
    if not comparison.several:
        return clean(result.choice.label)
    return clean(result.venue if len(policies) == 1 else f"{result.venue}, {result.choice.label}")


def _spec(
    comparison: Comparison,
    labels: Sequence[str],
    paid: Sequence[dict[str, Decimal]],
    payers: Sequence[str],
    told: str,
    width: int,
) -> Spec:
    """A row a policy, a column an account, and all bars on one scale."""
    wide = width > 600
    there = [one for one, _ in METRICS if any(result.metrics[one] for result in comparison.results)]
    extra = [one for one in METRICS if one[0] in there or (wide and one[0] != BACKED)]
    extra = extra if wide else [one for one in extra if one[0] in UNPAID]
    shown = payers[: WIDE - (BACKED in there) if wide else SMALL - len(extra)]
    names = [shortened(label, 22 if wide else 14) for label in labels]
    left = max([room(name) for name in names]) + 16
    each_metric = max((room(heading, 11.5) for _, heading in extra), default=0) + 14
    right = each_metric * len(extra) + 6
    count = max(len(shown), 1)
    plot = Plot(
        width,
        34 * len(labels) + 46,
        x=(0, count),
        y=(len(labels), 0),
        left=left,
        right=right,
        top=42,
        bottom=4,
    )
    most = max((each.get(account, ZERO) for each in paid for account in shown), default=ZERO) or D(1)
    middle, thick = D("0.5"), D("0.2")
    column = D(plot.width) / count
    values = [[short(each.get(account, ZERO)) for account in shown] for each in paid]
    beside = max([room(text, 12) for line in values for text in line] + [20]) + 12
    bar = max(D("0.15"), 1 - divide(D(beside + 8), column))
    rules = [{"y": i, "x": 0, "x2": count + plot.px("x", right)} for i in range(len(labels) + 1)]
    plot.add("rule", rules, "line")
    tracks, bars = [], []
    for i, each in enumerate(paid):
        for j, account in enumerate(shown):
            box = {"x": j, "y": i + middle - thick, "y2": i + middle + thick}
            tracks.append({**box, "x2": j + bar})
            if amount := each.get(account, ZERO):
                bars.append({**box, "x2": j + bar * divide(amount, most)})
    plot.add("rect", tracks, "track", cornerRadius=3)
    plot.add("rect", bars, "adl", cornerRadius=3)
    heads = [shortened(account, max(int(column / 8), 6)) for account in shown]
    plot.text([{"x": j, "y": 0, "text": name} for j, name in enumerate(heads)], bold=True, dy=-24)
    plot.text(
        [{"x": 0, "y": i + middle, "text": name} for i, name in enumerate(names)], align="right", dx=-14
    )
    for nothing in (False, True):
        texts = [
            {"x": j + bar, "y": i + middle, "text": text}
            for i, line in enumerate(values)
            for j, text in enumerate(line)
            if (text == "0") == nothing
        ]
        plot.text(texts, "muted" if nothing else "fg", size=12, dx=7)
    for k, (metric, heading) in enumerate(extra):
        dx = each_metric * (k + 1) - 12
        plot.text([{"x": count, "y": 0, "text": heading}], "muted", size=11.5, align="right", dx=dx, dy=-24)
        found = [result.metrics[metric] for result in comparison.results]
        known = [value for value in found if value is not None]
        least = min(known) if len(set(known)) > 1 and metric != BACKED else None
        for best in (False, True):
            texts = [
                {"x": count, "y": i + middle, "text": _told(value)}
                for i, value in enumerate(found)
                if (least is not None and value == least) == best
            ]
            plot.text(texts, size=12, bold=best, align="right", dx=dx)
            if best:
                plot.sign([{"x": row["x"], "y": row["y"]} for row in texts], "left", dx + 9)
    if len(payers) > len(shown):
        plot.text(
            [{"x": count, "y": 0, "text": f"{len(payers) - len(shown):,} more pay: see the numbers"}],
            "muted",
            size=11,
            align="right",
            dy=-8,
        )
    return plot.spec(told)


def _told(value: Value) -> str:
    """A metric to four decimals."""
    if value is None:
        return "-"
    if isinstance(value, Fraction):
        value = round_to(decimal_of(value), D("0.0001"))
    return short(D(value))
