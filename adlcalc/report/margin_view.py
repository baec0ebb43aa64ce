"""How accounts stand at a step, before anybody is liquidated at its marks (schema adlcalc.margin/1).

Public: Margins, margin_page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from adlcalc.engine.model import Scenario
from adlcalc.engine.rules import Assumption
from adlcalc.report.columns.health import POSITIONS
from adlcalc.report.columns.margin import MARGIN
from adlcalc.report.human import clean, counted, digits
from adlcalc.report.limits import at_the_price, in_money, money_in, shares_of_equity, venue_of
from adlcalc.report.page import Block, Page, notes, title_of
from adlcalc.report.table import table
from adlcalc.study.assumptions import is_reached
from adlcalc.study.health import OpenPosition

RULES = (
    "margin.maintenance",
    "margin.closing_fee",
    "margin.commission",
    "margin.due",
    "margin.maintenance_on",
)
NOTES = "Assumed rules behind this"


@dataclass(frozen=True, slots=True)
class Margins:
    """What is shown: positions, nearest to their liquidation first; accounts: those that were asked for;
    more: positions that a limit cut off."""

    scenario: Scenario
    file: str | None
    step: int
    marks: dict[str, Decimal]
    positions: Sequence[OpenPosition]
    accounts: Sequence[str] = ()
    more: int = 0

    @property
    def time(self) -> str | None:
        """When the step is, where the path has times."""
        return self.scenario.path.time(self.step)

    @property
    def assumptions(self) -> list[Assumption]:
        """The assumed rules that the prices depend on."""
        return [
            one
            for one in self.scenario.rules.assumptions
            if one.rule in RULES
            or (one.rule.startswith("tables.") and (not one.part or is_reached(one.part, self.scenario)))
        ]


def margin_page(margins: Margins) -> Page:
    """A row for each open position."""
    time = f" ({clean(margins.time)})" if margins.time else ""
    marks = ", ".join(
        (f"{clean(name)} " if len(margins.marks) > 1 else "") + digits(mark)
        for name, mark in margins.marks.items()
    )
    at = f"mark{'s' * (len(margins.marks) > 1)} {marks}"
    return Page(
        title=title_of(margins.scenario, margins.file),
        subtitle=f"Venue {venue_of(margins.scenario)}, step {margins.step:,}{time}, {at}, "
        f"{money_in(margins.scenario)}",
        blocks=lambda _: _blocks(margins),
        document=MARGIN,
        about=margins,
    )


def _blocks(margins: Margins) -> Iterator[Block]:
    columns = POSITIONS.columns(margins.positions, margins) if margins.positions else ()
    yield table(
        in_money("Open positions", margins.scenario), "No position is open.", columns, more=margins.more
    )
    due = len(
        {
            (one.account, one.market if one.margin == "isolated" else "")
            for one in margins.positions
            if one.due
        }
    )
    if margins.positions:
        yield "The margin ratio is maintenance margin / equity: due at 1. Some venues show equity / maintenance margin."
    if due:
        yield (
            f"{counted(due, 'margin unit is', 'margin units are')} due at these marks: equity is not above "
            "maintenance margin."
        )
    if (there := at_the_price(margins.positions)) is not None:
        yield there
    if any(one.liquidation_price is None for one in margins.positions):
        yield "A position without a liquidation price: no mark on its losing side makes its margin unit due."
    if len(margins.scenario.markets) > 1 and any(one.margin == "cross" for one in margins.positions):
        yield "Each liquidation price is that of its own market, the marks of the others held."
    if (there := shares_of_equity(margins.positions)) is not None:
        yield there
    yield notes(NOTES, margins.assumptions)
