"""What a fund would pay if the largest losers defaulted, as a page (schema adlcalc.cover/1).

Public: cover_page, percent.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from adlcalc.ground.numbers import ZERO, show
from adlcalc.report.columns.cover import COVER
from adlcalc.report.human import digits
from adlcalc.report.limits import SIZE_LIMIT, in_money, money_in, venue_of
from adlcalc.report.page import Block, Page, title_of
from adlcalc.report.table import Column, names, numbers, right, table
from adlcalc.study.cover import ALL, Cover, Covers

BEHIND = (
    "A shortfall is what an owner lacks at the shocked mark: no fees, no cost of closing. "
    "An owner of several times the book cannot be closed at that mark."
)


def percent(share: Decimal) -> str:
    """'-30%'."""
    return f"{show(share * 100)}%"


def cover_page(covers: Covers, limit: int) -> Page:
    """A row for each shock."""
    return Page(
        title=title_of(covers.scenario, covers.file),
        subtitle=f"Venue {venue_of(covers.scenario)}, shocks of the opening marks, "
        f"{money_in(covers.scenario)}",
        blocks=lambda _: _blocks(covers, limit),
        document=COVER,
        about=covers,
    )


def _blocks(covers: Covers, limit: int) -> Iterator[Block]:
    shown = covers.owners[: limit or None]
    yield table(in_money("What defaults would cost", covers.scenario), "", _columns(covers))
    yield from _verdict(covers)
    yield table(
        "Who loses most, against the book",
        "Nobody lacks anything at these shocks.",
        COVER.held["owners"].columns(shown, covers) if shown else (),
        more=len(covers.owners) - len(shown),
    )
    yield BEHIND
    yield f"It is for these shocks of all marks at once: nothing is run, and nobody trades. {SIZE_LIMIT}"


def _columns(covers: Covers) -> Iterator[Column | None]:
    labels = [*(f"cover-{n}" for n in range(1, covers.most + 1)), ALL]
    by_label = {label: [one for one in covers.covers if one.label == label] for label in labels}
    yield right("shock", [percent(one.shock) for one in covers.shocks])
    for label, rows in by_label.items():
        yield numbers(label, [one.amount for one in rows])
    yield numbers(f"fund less\ncover-{covers.most}", [one.fund_left for one in covers.held], drop=2)
    yield names("largest", [", ".join(one.owners) or None for one in covers.held], drop=1)


def _verdict(covers: Covers) -> Iterator[str]:
    """Which shocks the fund stands, and where it lacks most."""
    short = [one for one in covers.held if one.fund_left < ZERO]
    cover, fund = f"cover-{covers.most}", digits(covers.fund)
    whose = "The funds, which hold" if len(covers.scenario.funds) > 1 else "The fund, which has"
    if not short:
        yield (
            f"{whose} {fund} to pay, stand{'' if len(covers.scenario.funds) > 1 else 's'} {cover} at every "
            "shock."
        )
        return
    worst: Cover = min(short, key=lambda one: one.fund_left)
    yield (
        f"{whose} {fund} to pay, {'do' if len(covers.scenario.funds) > 1 else 'does'} not stand {cover} at"
        f" {', '.join(percent(one.shock) for one in short)}; most is missing at {percent(worst.shock)}:"
        f" {digits(-worst.fund_left)}."
    )
