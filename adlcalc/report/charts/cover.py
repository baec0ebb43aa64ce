"""Who covered the losses of those who were liquidated: their own margin, the fund, a backstop,
counterparties, or nobody.

What each of them bore beyond the margin study/borne.py tells; here it is set against what was lost.

    own margin           what closed positions lost, less what all others bore of it
    insurance fund       what it paid
    backstop             what it paid for takeovers more than the mark of the step, as far as that was lacking
    backstop, since then what it has lost by the last mark on what it took over, less the margin it got with it
    counterparties       the same of ADL fills
    fund, still held     what it took over and still holds has lost since then, at the last mark
    profits cut          socialized losses
    nobody               bad debt

Public: figures, Share, shares.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from adlcalc.engine.events import BackstopTook
from adlcalc.engine.formulas import margin
from adlcalc.engine.model import Market
from adlcalc.ground.numbers import ZERO, D, divide, exact, round_to
from adlcalc.report.charts.canvas import Plot, Spec, room, share, short
from adlcalc.report.charts.figure import Figure
from adlcalc.report.facts import Facts
from adlcalc.report.human import clean, digits
from adlcalc.report.table import numbers, right, table, words
from adlcalc.study.borne import KINDS, Borne, Losses

HELD = "fund, still held"
SINCE = "backstop, since then"
SELDOM = ("backstop", SINCE, HELD, "profits cut")


class Share(NamedTuple):
    """Who, how much, the color it is drawn in, and what the amount is."""

    who: str
    amount: Decimal
    color: str
    note: str


def figures(run: Facts) -> list[Figure]:
    """A figure for each currency in which somebody was liquidated."""
    with exact():
        found = [(name, shares(run, name)) for name in run.scenario.currencies]
    found = [(name, rows) for name, rows in found if any(row.amount for row in rows)]
    several = len(run.scenario.currencies) > 1
    return [
        _figure(
            name if several else "",
            rows,
            i,
            several,
            bool(run.held),
            any(row.why == "owed" for row in run.bad_debt),
        )
        for i, (name, rows) in enumerate(found, 1)
    ]


def shares(run: Facts, currency: str) -> list[Share]:
    """Everybody's part of the losses in a currency; those who seldom play a part only where they do."""
    markets = {market.name: market for market in run.scenario.markets if market.settles == currency}
    borne, losses = Borne(), Losses(run.scenario, currency)
    for _, events in groupby(run.in_order(*KINDS), key=attrgetter("step")):
        borne.add(losses.of_step(events))
    own = borne.lost
    for account, amount in (*_margin_of_held(run, losses, markets), *_margin_of_debtors(run, markets)):
        own[account] = own.get(account, ZERO) + amount
    for account, amount in borne.lacking.items():
        own[account] = own.get(account, ZERO) - amount
    # what one account gains covers nobody else's loss
    margins = sum((x for x in own.values() if x > 0), ZERO)
    bad = sum((row.amount for row in run.bad_debt if row.market in markets), ZERO)
    rows = [
        Share("own margin", margins, "loss", "what was lost, less what all others bore of it"),
        Share("insurance fund", borne.fund, "fund", "what it paid, but for dust of the same margin"),
        Share("backstop", borne.backstop, "mark", "taken over at prices worse than the mark"),
        Share(
            SINCE,
            _since(run, markets, borne.backstop),
            "mark",
            "lost by the last mark on what it took over, less the margin it got",
        ),
        Share(
            "counterparties",
            borne.winners,
            "adl",
            "forgone pnl of who was deleveraged, as far as it was lacking",
        ),
        Share(HELD, _of_held(run, markets), "fund", "lost by what it took over and still holds"),
        Share("profits cut", borne.shared, "adl", "losses that were socialized"),
        Share("nobody", bad, "down", "bad debt"),
    ]
    return [row for row in rows if row.amount or row.who not in SELDOM]


def _margin_of_held(run: Facts, losses: Losses, markets: dict[str, Market]) -> Iterator[tuple[str, Decimal]]:
    """What the positions that the venue still holds had lost from the entry price to the bankruptcy price."""
    for held in run.held.values():
        if held.market in markets and held.bankruptcy_price is not None:
            market, size = markets[held.market], held.side * held.size
            value, claim = margin.valuer(market.contract, run.scenario.money_unit), losses.claims[held.claim]
            yield claim.account, value(size, claim.entry_price) - value(size, held.bankruptcy_price)


def _margin_of_debtors(run: Facts, markets: dict[str, Market]) -> Iterator[tuple[str, Decimal]]:
    """What accounts that were not closed, and owe, have lost by the last mark on the positions that they owe it
    for, but for what they owe."""
    owed: dict[str, dict[str, Decimal]] = {}
    for row in run.bad_debt:
        if row.why == "owed" and row.market in markets:
            owed.setdefault(row.account, {})[row.market] = row.amount
    for state in run.told_accounts if owed else ():
        if state.account in owed and state.status != "backstop":
            debts = owed[state.account]
            bearing = (one for one in state.positions if one.collateral is None or one.market in debts)
            lost = sum((-one.unrealized_pnl for one in bearing), ZERO)
            yield state.account, lost - sum(debts.values(), ZERO)


def _of_held(run: Facts, markets: dict[str, Market]) -> Decimal:
    """What the claims that the fund still holds have lost from the bankruptcy price to the last mark: it bears
    that, but for what is beyond it, which counts as nobody's."""
    held = [one for one in run.held.values() if one.market in markets]
    return sum((max(-one.unrealized_pnl - one.uncovered, ZERO) for one in held), ZERO)


def _since(run: Facts, markets: dict[str, Market], at_once: Decimal) -> Decimal:
    """What backstops have lost by the last mark, but for what they bore when they took over, and what a vault
    lacks beyond its own money, which is nobody's."""
    takers = {event.provider for event in run.told(BackstopTook) if event.market in markets}
    lost = sum(
        (max(one.equity_start - one.equity_end, ZERO) for one in run.backstops if one.account in takers), ZERO
    )
    owed = sum((row.amount for row in run.bad_debt if row.why == "owed" and row.account in takers), ZERO)
    return max(lost - at_once - owed, ZERO)


def _figure(
    currency: str, rows: list[Share], number: int, several: bool, still_held: bool, owes: bool
) -> Figure:
    whole = sum((row.amount for row in rows), ZERO)
    beyond = whole - rows[0].amount
    unit = f" {clean(currency)}" if currency else ""
    held = ", counting what is still held at the last mark" if still_held else ""
    owing = " and those of accounts that owe" if owes else ""
    told = f"The positions that were closed{owing} lost {digits(whole)}{unit}{held}"
    if not beyond:
        told += ", and their own margin covered all of it."
    else:
        parts = [f"{digits(row.amount)} by {_called(row.who)}" for row in rows[1:] if row.amount]
        told += f". {digits(beyond)} of it was beyond their own margin, borne {_listed(parts)}."
    return Figure(
        name=f"cover-{number}" if several else "cover",
        title=f"Who covered the loss{f' in {clean(currency)}' if currency else ''}",
        description=told,
        tables=(
            table(
                "",
                "",
                [
                    words("who", [row.who for row in rows]),
                    numbers("amount", [row.amount for row in rows]),
                    right("of the loss", [percent(row.amount, whole) for row in rows]),
                    right(
                        "of what is beyond margin",
                        ["-", *(percent(row.amount, beyond) for row in rows[1:])],
                    ),
                    words("what it is", [row.note for row in rows]),
                ],
            ),
        ),
        draw=lambda width: _spec(rows, whole, told, width),
        half=True,
    )


def _called(who: str) -> str:
    """Who, in a sentence."""
    return {
        "insurance fund": "the insurance fund",
        "backstop": "the backstop",
        SINCE: "the backstop since its takeovers",
        HELD: "the fund on what it still holds",
        "profits cut": "winners whose profits were cut",
    }.get(who, who)


def _listed(parts: Sequence[str]) -> str:
    """'a, b and c'."""
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]


def percent(part: Decimal, whole: Decimal) -> str:
    """'12.5 %'."""
    return f"{digits(round_to(divide(part * 100, whole), D('0.1')))} %" if whole else "0 %"


ROW = 40


def _spec(rows: list[Share], whole: Decimal, told: str, width: int) -> Spec:
    """The whole loss, the own margin's part of it and what is beyond; then that once more, as wide as all,
    and its parts each beginning where the one before it ends."""
    own = rows[0].amount
    beyond = whole - own
    over = [Share("whole loss", whole, "edge", ""), rows[0], Share("beyond it", beyond, "edge", "")]
    lines = [*over, *rows[1:]]
    values = [short(row.amount) for row in lines]
    widest = max(room(value, bold=True) for value in values) + 14
    left = max(room(row.who) for row in lines) + 12
    plot = Plot(
        width,
        ROW * len(lines) + 20,
        x=(0, 1),
        y=(D(len(lines)) + D("0.4"), 0),
        left=left,
        right=widest + 50,
        top=2,
        bottom=2,
    )
    top, middle, gap = D("0.22"), D("0.5"), D("0.4")
    at = [D(i) + (gap if i >= len(over) else 0) for i in range(len(lines))]
    plot.add(
        "rect", [{"x": 0, "x2": 1, "y": y + top, "y2": y + 1 - top} for y in at], "track", cornerRadius=3
    )
    start, joins = ZERO, []
    for i, (row, y) in enumerate(zip(lines, at, strict=True)):
        scale = whole if i < len(over) else beyond
        if i in (0, len(over)):
            start = ZERO
        begin = start if i else ZERO
        if row.amount:
            box = {"x": share(begin, scale), "x2": share(begin + row.amount, scale)}
            plot.add("rect", [{**box, "y": y + top, "y2": y + 1 - top}], row.color, cornerRadius=3)
        if i not in (0, 1, len(over)) and scale:
            joins.append({"x": share(begin, scale), "y": y - top, "y2": y + top})
        start = begin + row.amount if i else ZERO
    plot.add("rule", joins, "edge", strokeDash=[2, 3])
    if beyond:
        from_, to = at[2] + 1 - top, at[3] + top
        funnel = [
            {"x": share(own, whole), "y": from_, "x2": ZERO, "y2": to},
            {"x": D(1), "y": from_, "x2": D(1), "y2": to},
        ]
        plot.add("rule", funnel, "edge", strokeDash=[2, 3])
    plot.text(
        [{"x": 0, "y": y + middle, "text": row.who} for row, y in zip(lines, at, strict=True)],
        align="right",
        dx=-12,
    )
    for nothing in (False, True):
        texts = [
            {"x": 1, "y": y + middle, "text": short(row.amount)}
            for row, y in zip(lines, at, strict=True)
            if (not row.amount) == nothing
        ]
        plot.text(texts, "muted" if nothing else "fg", bold=not nothing, dx=10)
    parts = [
        {"x": 1, "y": y + middle, "text": percent(row.amount, whole if i < len(over) else beyond)}
        for i, (row, y) in enumerate(zip(lines, at, strict=True))
        if i and row.amount
    ]
    plot.text(parts, "muted", size=12, dx=widest)
    return plot.spec(told)
