"""Equity before and after: account by account, or of a large book how the changes are distributed and whom
they hit most.

Public: figures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from heapq import nlargest, nsmallest
from itertools import chain, starmap
from typing import NamedTuple

from adlcalc.engine.events import AccountState
from adlcalc.engine.quiet import QuietAccounts
from adlcalc.ground.numbers import ZERO, D
from adlcalc.report.charts.canvas import Plot, Spec, room, short, shortened
from adlcalc.report.charts.figure import MANY, Figure, Key
from adlcalc.report.charts.histogram import Bin, histogram
from adlcalc.report.columns.run import ACCOUNTS
from adlcalc.report.facts import FEW, Facts
from adlcalc.report.human import clean, counted
from adlcalc.report.table import table

MOST = FEW // 2
"""Of a large book: those who lost most, and those who gained most."""
OURS = ("rest of market", "venue", "venue revenue", "outside money")
"""Names under which no trader stands."""


class _Account(NamedTuple):
    state: AccountState
    named: bool

    @property
    def change(self) -> Decimal:
        return self.state.equity_end - self.state.equity_start


def figures(run: Facts, named: Collection[str]) -> list[Figure]:
    """A figure for each currency; of a large book two."""
    currencies = run.scenario.currencies
    found = []
    if len(currencies) == 1:
        found += _figures(run, *run.apart, named, "", 0)
    else:
        settles = {market.name: market.settles for market in run.scenario.markets}
        of = {a.id: settles[a.positions[0].market] for a in run.scenario.accounts if a.positions}
        states = list(run.accounts)
        for i, currency in enumerate(currencies, 1):
            own = [state for state in states if of.get(state.account) == currency]
            found += _figures(run, own, None, named, currency, i) if own else []
    return found


def _figures(
    run: Facts,
    states: Sequence[AccountState],
    others: QuietAccounts | None,
    named: Collection[str],
    currency: str,
    number: int,
) -> list[Figure]:
    """Who changed, the largest loss first; those who were named are there in any case. others: who has
    changed less."""
    suffix = f"-{number}" if number else ""
    where = f" in {clean(currency)}" if currency else ""
    moved = [
        _Account(state, state.account in named)
        for state in states
        if state.account in named
        or state.equity_end != state.equity_start
        or state.status == "liquidated"
        or state.deleveraged
    ]
    together = 0 if others is None else len(others)
    many = len(states) + together > MANY
    unseen = together if others is not None and others.moved else 0
    if not moved:
        return []
    found = [_distribution(states, others, named, where, suffix)] if many else []
    shown = moved
    if many:
        ours = [one for one in moved if one.state.account not in OURS]
        chosen = {
            id(one.state)
            for one in (
                *nsmallest(MOST, ours, key=lambda one: one.change),
                *nlargest(MOST, ours, key=lambda one: one.change),
                *(one for one in moved if one.named),
            )
        }
        shown = [one for one in moved if id(one.state) in chosen]
    rows = sorted(shown, key=lambda one: one.change)
    if many:
        told = f"The {MOST} accounts that lost most and the {MOST} that gained most"
        told += ", and those that were named." if named else "."
    else:
        traders = [one.change for one in rows if not _no_trader(one.state)]
        down, up = sum(change < 0 for change in traders), sum(change > 0 for change in traders)
        still = sum(not _no_trader(one) for one in states) + together - unseen - down - up
        told = f"{counted(down, 'account')} lost and {up:,} gained"
        told += f"; {counted(still, 'account')} did not change." if still else "."
        for verb, sign in (("lost", -1), ("gained", 1)):
            own = [
                clean(one.state.account) for one in rows if one.change * sign > 0 and _no_trader(one.state)
            ]
            too = " too" if (down if sign < 0 else up) else ""
            told += f" The {' and the '.join(own)} {verb}{too}." if own else ""
        if not currency and _adds_up(run, rows):
            told += " All changes, the fund's and the bad debt add up to zero."
    keys = [Key("start", "start")]
    kinds = {_kind(one.state) for one in rows}
    keys += [Key(sign, text) for sign, text in _SIGNS.items() if sign in kinds]
    keys += [Key("named", "asked for")] if any(one.named for one in rows) else []
    found.append(
        Figure(
            name=f"equity{suffix}",
            title=f"{'Most affected' if many else 'Before and after'}{where}",
            description=told,
            tables=(
                table(
                    "",
                    "",
                    ACCOUNTS.columns([one.state for one in rows], run),
                    len(moved) + unseen - len(rows),
                ),
            ),
            draw=lambda width: _spec(rows, told, width),
            keys=tuple(keys),
        )
    )
    return found


def _adds_up(run: Facts, rows: Sequence[_Account]) -> bool:
    """Is it so? Not where money came from outside."""
    funds = sum((row.received - row.paid for row in run.fund), ZERO)
    return sum((one.change for one in rows), ZERO) + funds == run.audit.bad_debt


_SIGNS = {"liquidated": "liquidated", "deleveraged": "deleveraged", "end": "end"}


def _kind(state: AccountState) -> str:
    """Its sign: the worst that happened to it."""
    return "liquidated" if state.status == "liquidated" else "deleveraged" if state.deleveraged else "end"


def _spec(rows: Sequence[_Account], told: str, width: int) -> Spec:
    wide = width > 600
    labels = [shortened(one.state.account, 22 if wide else 13) for one in rows]
    changes = [signed(one.change) for one in rows]
    marked = [i for i, one in enumerate(rows) if one.named]
    left = max(map(room, labels)) + (28 if marked else 16)
    right = max(room(change, bold=True) for change in changes) + 22
    values = [x for one in rows for x in (one.state.equity_start, one.state.equity_end)]
    low, high = min(*values, ZERO), max(*values, ZERO)
    edge = (high - low) * D("0.02") or D(1)
    plot = Plot(
        width,
        28 * len(rows) + 40,
        x=(low - edge, high + edge),
        y=(len(rows), 0),
        left=left,
        right=right,
        top=34,
        bottom=6,
    )
    plot.grid(plot.across(low, high, 6 if wide else 3), "x")
    middle = D("0.5")
    plot.add("rule", [{"x": ZERO, "y": 0, "y2": len(rows)}], "edge", strokeWidth=1)
    for color, rising in (("up", True), ("down", False)):
        lines = [
            {"x": one.state.equity_start, "x2": one.state.equity_end, "y": i + middle}
            for i, one in enumerate(rows)
            if one.change and (one.change > 0) == rising
        ]
        plot.add("rule", lines, color, strokeWidth=3, opacity=0.55, strokeCap="round")
    starts = [{"x": one.state.equity_start, "y": i + middle} for i, one in enumerate(rows)]
    plot.rings(starts, "edge", 62, 1.8, shape="circle")
    for kind, color, shape, size in (
        ("end", "up", "circle", 78),
        ("end", "down", "circle", 78),
        ("deleveraged", "adl", "diamond", 96),
        ("liquidated", "liq", "triangle-down", 96),
    ):
        ends = [
            {"x": one.state.equity_end, "y": i + middle}
            for i, one in enumerate(rows)
            if _kind(one.state) == kind and (kind != "end" or (one.change >= 0) == (color == "up"))
        ]
        plot.dots(ends, color, shape, size)
    for muted in (False, True):
        texts = [
            {"x": low - edge, "y": i + middle, "text": label}
            for i, (one, label) in enumerate(zip(rows, labels, strict=True))
            if (one.state.account in OURS) == muted
        ]
        plot.text(texts, "muted" if muted else "fg", align="right", dx=-12)
    for i in marked:
        plot.sign([{"x": low - edge, "y": i + middle}], "right", -room(labels[i]) - 18)
    for color, sign in (("up", 1), ("down", -1), ("muted", 0)):
        deltas = [
            {"x": high + edge, "y": i + middle, "text": text}
            for i, (one, text) in enumerate(zip(rows, changes, strict=True))
            if (one.change > 0) - (one.change < 0) == sign
        ]
        plot.text(deltas, color, align="right", bold=True, dx=right - 4)
    return plot.spec(told)


def signed(x: Decimal) -> str:
    """'+120', '−200', '0'."""
    return f"+{short(x)}" if x > 0 else short(x)


# --- a large book -------------------------------------------------------------------------------------------


EDGES = tuple(D(n).scaleb(-1) for n in range(-10, 11))
"""Of the bars: changes as shares of the equity at the start."""
UNCHANGED, WITHOUT = -1, -2
"""Of accounts that are in no bar."""


def _bar(start: Decimal | int, end: Decimal | int) -> int:
    """Which bar an account is in: the tenth, rounded up, of its equity at the start by which that changed."""
    if start == end and start > 0:
        return UNCHANGED
    if start <= 0:
        return WITHOUT
    tenths, rest = divmod(10 * (end - start), start)  # of Decimals toward zero
    at = int(tenths) + 11 if rest > 0 else int(tenths) + 10
    return 0 if at < 0 else at if at < len(EDGES) else len(EDGES)


def _distribution(
    states: Iterable[AccountState],
    others: QuietAccounts | None,
    named: Collection[str],
    where: str,
    suffix: str,
) -> Figure:
    """The change of each account as a share of its equity at the start, in tenths; more than doubled in one
    bin."""
    traders = [one for one in states if not _no_trader(one)]
    crowd = () if others is None else others.moves()
    counts = Counter(starmap(_bar, chain(((one.equity_start, one.equity_end) for one in traders), crowd)))
    unchanged, without = counts.pop(UNCHANGED, 0), counts.pop(WITHOUT, 0)
    asked = [one for one in traders if one.account in named]
    bins = [
        Bin(_label(i), counts[i], tuple(x.account for x in asked if _bar(x.equity_start, x.equity_end) == i))
        for i in range(len(EDGES) + 1)
    ]
    used = [i for i, one in enumerate(bins) if one.many]
    bins = bins[used[0] : used[-1] + 1] if used else []
    touched = counts.total()
    told = (
        f"{touched:,} accounts changed, {unchanged:,} did not: the change as a share of the equity at the "
        "start."
    )
    told += (
        f" {counted(without, 'account')} began with none and {'is' if without == 1 else 'are'} left out."
        if without
        else ""
    )
    return histogram(
        f"equity-distribution{suffix}", f"How equity changed{where}", told, bins, "change", "accounts"
    )


def _no_trader(state: AccountState) -> bool:
    """The rest of the market, the venue, and whoever takes positions over for it."""
    return state.account in OURS or state.status == "backstop"


def _label(i: int) -> str:
    """'−30 to −20 %'."""
    if i == 0:
        return "−100 % or less"
    if i == len(EDGES):
        return "over +100 %"
    low, high = EDGES[i - 1] * 100, EDGES[i] * 100
    return f"{signed(low)} to {signed(high)} %"
