"""ccxt's leverage tiers -> the maintenance table of a market.

Public: read_tiers, TierTable.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from adlcalc.ground.numbers import ONE, ZERO, D, show
from adlcalc.importers.fields import Fields
from adlcalc.source.nodes import List, Map, Node
from adlcalc.source.problems import Problems, quote

TOLERANCE = D("1.0001")
"""rate x max leverage may be this much: some maxLeverage are 1 / rate through a float."""


class TierTable(NamedTuple):
    """(up_to, rate) per tier, the last without up_to; by: 'notional', or 'size' where the tiers are in contracts (OKX)."""

    tiers: tuple[tuple[Decimal | None, Decimal], ...]
    by: str


def read_tiers(root: Node, problems: Problems) -> dict[str, TierTable]:
    """{symbol: [tier, ...]} as fetch_leverage_tiers gives it, or the list of one market; symbol '' where a list has none."""
    tables: dict[str, TierTable] = {}
    lists: dict[str, Node] = {}
    if isinstance(root, Map):
        lists = dict(root.items)
    elif isinstance(root, List) and root.items:
        first = root.items[0]
        lists = {(Fields(first, problems).text("symbol") or "") if isinstance(first, Map) else "": root}
    if not lists:
        problems.add(root, "must be leverage tiers as ccxt gives them: {symbol: [tier, ...]} or a list of tiers")
    for symbol, node in lists.items():
        rows = [Fields(item, problems) for item in node.items if isinstance(item, Map)] if isinstance(node, List) else []
        if not rows:
            problems.add(node, f"the tiers of {quote(symbol)} must be a list of tiers")
            continue
        tables[symbol] = _table(symbol, rows)
    return tables


def _table(symbol: str, rows: list[Fields]) -> TierTable:
    """The tiers of one market, in order and without gaps; rates rise."""
    by = "size" if rows[0].at("info.maxSz") is not None else "notional"
    tiers: list[tuple[Decimal | None, Decimal]] = []
    end: Decimal | None = None
    last_rate = D("-1")
    for i, row in enumerate(rows, 1):
        rate, floor, cap = row.number("maintenanceMarginRate"), row.number("minNotional"), row.number("maxNotional")
        most = row.number("maxLeverage")
        name = f"tier {i} of {quote(symbol)}"
        if rate is None or not ZERO <= rate < ONE:
            row.problems.add(row.node, f"{name} has no maintenanceMarginRate between 0 and 1")
        elif most and rate * most > TOLERANCE:
            message = f"{name}: rate {show(rate)} x maxLeverage {show(most)} is more than 1; is the rate a percentage?"
            row.problems.add(row.node, message)
        elif rate <= last_rate:
            row.problems.add(row.node, f"{name}: its rate {show(rate)} is not above {show(last_rate)} of the tier before")
        elif floor is not None and end is not None and not _meets(floor, end):
            row.problems.add(row.node, f"{name} begins at {show(floor)}, but the tier before ends at {show(end)}")
        elif cap is None and i < len(rows):
            row.problems.add(row.node, f"{name} has no maxNotional, and it is not the last")
        else:
            tiers.append((cap if i < len(rows) else None, rate))
        end, last_rate = cap, rate if rate is not None else last_rate
    return TierTable(tuple(tiers), by)


def _meets(floor: Decimal, end: Decimal) -> bool:
    """Tiers meet, or the next begins one above the end of the one before, as whole contracts do."""
    return end <= floor <= end + 1
