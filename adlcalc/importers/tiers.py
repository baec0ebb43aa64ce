"""ccxt's leverage tiers -> the maintenance table of a market. Only the symbols that are held are read: what
is wrong with another one of a file of hundreds is nobody's problem.

ccxt fills minNotional and maxNotional with whatever the exchange counts; the exchange's own row tells what
that is:

    maxSz, maxSize, max_size, maxVol, riskIncrVol, contracts    contracts (OKX, KuCoin unified, BloFin, HTX,
                                                                MEXC, Kraken inverse)
    anything else                                               notional, in the currency of the margin

HTX has its ladder once for each leverage, one after the other: that of the position's leverage is taken.

Public: Tiers, TiersFile.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from adlcalc.ground.numbers import ONE, ZERO, D, show
from adlcalc.importers.fields import Fields
from adlcalc.source.nodes import List, Map, Node
from adlcalc.source.problems import Problems, quote
from adlcalc.venues.maintenance import TierLine, TierTable

TOLERANCE = D("1.0001")
"""rate x max leverage may be this much: some maxLeverage are 1 / rate through a float."""
CONTRACTS = ("maxSz", "maxSize", "max_size", "maxVol", "riskIncrVol", "contracts")


class Tiers(NamedTuple):
    """The table of a market, and what was decided in reading it."""

    table: TierTable | Decimal
    notes: tuple[str, ...] = ()


class TiersFile:
    """{symbol: [tier, ...]} as fetch_leverage_tiers gives it, or the list of one market."""

    def __init__(self, root: Node, problems: Problems) -> None:
        """What is no such file at all is a problem at once."""
        self.problems = problems
        self.lists: dict[str, Node] = {}
        if isinstance(root, Map):
            self.lists = dict(root.items)
        elif isinstance(root, List) and root.items:
            first = root.items[0]
            self.lists = {
                (Fields(first, problems).text("symbol") or "") if isinstance(first, Map) else "": root
            }
        if not self.lists:
            problems.add(
                root, "must be leverage tiers as ccxt gives them: {symbol: [tier, ...]} or a list of tiers"
            )

    def of(self, symbol: str, leverage: Decimal | None) -> Tiers | None:
        """The table of a symbol; None where the file has none for it, or where `problems` says what is wrong
        with it."""
        node = self.lists.get(symbol) or (self.lists.get("") if len(self.lists) == 1 else None)
        if node is None:
            return None
        rows = (
            [Fields(item, self.problems) for item in node.items if isinstance(item, Map)]
            if isinstance(node, List)
            else []
        )
        if not rows:
            self.problems.add(node, f"the tiers of {quote(symbol)} must be a list of tiers")
            return None
        notes: list[str] = []
        rows = _of_leverage(rows, leverage, notes)
        before = len(self.problems)
        table = _table(symbol, rows, notes)
        return Tiers(table, tuple(notes)) if len(self.problems) == before else None


def _of_leverage(rows: list[Fields], leverage: Decimal | None, notes: list[str]) -> list[Fields]:
    """One ladder of several: that of the leverage, or of the nearest above it."""
    ladders: list[list[Fields]] = []
    for row in rows:
        if not ladders or row.number("minNotional") == ZERO:
            ladders.append([])
        ladders[-1].append(row)
    if len(ladders) == 1:
        return rows
    most = [ladder[0].number("maxLeverage") or ZERO for ladder in ladders]
    enough = [each for each in most if leverage is not None and each >= leverage]
    taken = min(enough) if enough else max(most)
    notes.append(f"of {len(ladders)} ladders that of leverage {show(taken)} is taken")
    return ladders[most.index(taken)]


def _table(symbol: str, rows: list[Fields], notes: list[str]) -> TierTable | Decimal:
    """The tiers of one market, in order and without gaps; neighbours of one rate are one tier, and rates
    rise."""
    unit = next((key for key in CONTRACTS if rows[0].at(f"info.{key}") is not None), None)
    if unit is not None:
        notes.append(f"the tiers count contracts ({unit})")
    tiers: list[tuple[Decimal | None, Decimal]] = []
    end: Decimal | None = None
    last_rate = D("-1")
    for i, row in enumerate(rows, 1):
        last = i == len(rows)
        rate, floor, most = (
            row.number("maintenanceMarginRate"),
            row.number("minNotional"),
            row.number("maxLeverage"),
        )
        cap = None if last else row.number("maxNotional")  # the end of the last one may be 2^63, for none
        name = f"tier {i} of {quote(symbol)}"
        if rate is None or not ZERO <= rate < ONE:
            row.problems.add(row.node, f"{name} has no maintenanceMarginRate between 0 and 1")
        elif most and rate * most > TOLERANCE:
            message = (
                f"{name}: rate {show(rate)} x maxLeverage {show(most)} is more than 1; is the rate a "
                "percentage?"
            )
            row.problems.add(row.node, message)
        elif rate < last_rate:
            row.problems.add(
                row.node, f"{name}: its rate {show(rate)} is below {show(last_rate)} of the tier before"
            )
        elif floor is not None and end is not None and not _meets(floor, end):
            row.problems.add(
                row.node, f"{name} begins at {show(floor)}, but the tier before ends at {show(end)}"
            )
        elif cap is None and not last:
            row.problems.add(row.node, f"{name} has no maxNotional, and it is not the last")
        elif rate == last_rate and tiers:
            tiers[-1] = (cap, rate)
        else:
            tiers.append((cap, rate))
        end, last_rate = cap, rate if rate is not None else last_rate
    if len(tiers) == 1:
        return tiers[0][1]
    lines = [TierLine(up_to=up_to, rate=rate) for up_to, rate in tiers]
    return TierTable(tiers=lines, by="size", bounds="inclusive") if unit else TierTable(tiers=lines)


def _meets(floor: Decimal, end: Decimal) -> bool:
    """Tiers meet, or the next begins one above the end of the one before, as whole contracts do."""
    return end <= floor <= end + 1
