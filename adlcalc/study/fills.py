"""A venue's deleveraging fills, one row each, from a CSV file: our columns, or those of a public collection
that is known by its header.

    ours          time, account, market, side, size, entry, price, equity, taken; and leverage, balance, mark,
                  exposure
    HyperReplay   `adl_detailed_analysis_REALTIME.csv` of ConejoCapital/HyperReplay and HyperMultiAssetedADL:
                  the fills of Hyperliquid on 10 October 2025; whoever wants them downloads them there (their
                  license keeps them there)

Public: VenueFill, read_fills, COLUMNS, COLLECTIONS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from adlcalc.engine.formulas.scores import Inputs
from adlcalc.engine.model import LONG, SHORT
from adlcalc.ground.numbers import ONE, ZERO, divide
from adlcalc.source.nodes import Source
from adlcalc.source.problems import Problems, closest_hint, quote
from adlcalc.source.table import Chunk, Table, numbers_of, numbers_or_gaps

REQUIRED = ("time", "account", "market", "size", "entry", "price", "equity", "taken")
OPTIONAL = ("side", "leverage", "balance", "mark", "exposure")
COLUMNS = (*REQUIRED, *OPTIONAL)
COLLECTIONS: Mapping[str, Mapping[str, str]] = {
    "HyperReplay": {
        "time": "time",
        "account": "user",
        "market": "coin",
        "size": "position_size",
        "entry": "entry_price",
        "price": "adl_price",
        "equity": "total_equity",
        "balance": "account_value_realtime",
        "taken": "adl_size",
    },
}
"""Our column -> theirs. A size below zero is a short."""
SIDES = {"long": LONG, "short": SHORT}
MOST = 100


class VenueFill(NamedTuple):
    """A position that was hit, or that stood beside those that were (taken 0). size: before it; mark: or the
    price of the fill; equity: what carries it; balance: equity without unrealized pnl; exposure: the notional
    that the equity carries, where it is more than this position."""

    time: str
    account: str
    market: str
    side: int
    size: Decimal
    entry: Decimal
    mark: Decimal
    equity: Decimal
    taken: Decimal
    balance: Decimal | None = None
    leverage: Decimal | None = None
    exposure: Decimal | None = None

    @property
    def wholly(self) -> bool:
        """Was nothing left of it?"""
        return self.taken >= self.size

    @property
    def share(self) -> Decimal:
        """The part that was taken."""
        return min(divide(self.taken, self.size), ONE)

    def inputs(self) -> Inputs:
        """What a score looks at. A rate of maintenance that is the same for all does not change an order: it
        is 1 here. Where no leverage was chosen, the initial margin is the entry value."""
        entry_value, notional = self.size * self.entry, self.size * self.mark
        pnl = self.side * (notional - entry_value)
        exposure = notional if self.exposure is None else self.exposure
        balance = self.equity - pnl if self.balance is None else self.balance
        margin = entry_value if self.leverage is None else divide(entry_value, self.leverage)
        return Inputs(
            pnl, entry_value, notional, self.equity, exposure, exposure, balance, margin, self.size,
            self.side, self.entry, self.mark,
        )  # fmt: skip


def read_fills(source: Source) -> list[VenueFill]:
    """The rows of the file; ScenarioErrors with everything that is wrong with it."""
    problems = Problems()
    table = Table(source)
    names = _names(table, problems)
    found: list[VenueFill] = []
    if names is not None:
        for chunk in table.chunks(problems):
            found += _fills(table, chunk, names, problems)
            if len(problems) > MOST:
                break
    problems.raise_if_any()
    return found


def _names(table: Table, problems: Problems) -> Mapping[str, str] | None:
    """Our column -> the file's."""
    for theirs in COLLECTIONS.values():
        if set(theirs.values()) <= set(table.names):
            return theirs
    for name in dict.fromkeys(table.names):
        if name not in COLUMNS:
            problems.add(
                table.header_place(name), f"unknown column {quote(name)}", closest_hint(name, COLUMNS)
            )
        elif table.names.count(name) > 1:
            problems.add(table.header_place(name), f"column {quote(name)} is given twice")
    missing = [name for name in REQUIRED if name not in table.names]
    if missing:
        listed = ", ".join(map(quote, missing))
        known = f"the columns are {', '.join(REQUIRED)}; {', '.join(OPTIONAL)} may be left out"
        problems.add(
            table.header_place(None), f"the header has no column{'s' * (len(missing) > 1)} {listed}", known
        )
    return None if len(problems) else {name: name for name in table.names}


def _fills(table: Table, chunk: Chunk, names: Mapping[str, str], problems: Problems) -> list[VenueFill]:
    """The rows of a chunk."""
    before = len(problems)

    def numbers(name: str) -> Sequence[Decimal]:
        return numbers_of(table, chunk, names[name], problems) or []

    def maybe(name: str) -> Sequence[Decimal | None]:
        if name not in names:
            return [None] * chunk.size
        return numbers_or_gaps(table, chunk, names[name], problems) or []

    sizes, entries, prices, taken = (numbers(name) for name in ("size", "entry", "price", "taken"))
    equities = numbers("equity")
    leverages, balances, marks, exposures = (
        maybe(name) for name in ("leverage", "balance", "mark", "exposure")
    )
    if len(problems) > before:
        return []
    sides = chunk.columns[names["side"]] if "side" in names else [""] * chunk.size
    found = []
    for i in range(chunk.size):
        wrong = _wrong(sides[i], sizes[i], entries[i], prices[i], taken[i])
        if wrong is not None:
            column, message = wrong
            if len(problems) <= before + MOST:
                problems.add(table.cell(chunk.first + i, names.get(column)), message)
            continue
        side = SIDES.get(sides[i].strip().lower()) or (LONG if sizes[i] > 0 else SHORT)
        found.append(
            VenueFill(
                chunk.columns[names["time"]][i].strip(),
                chunk.columns[names["account"]][i].strip(),
                chunk.columns[names["market"]][i].strip(),
                side,
                abs(sizes[i]),
                entries[i],
                marks[i] or prices[i],
                equities[i],
                taken[i],
                balances[i],
                leverages[i],
                exposures[i],
            )
        )
    return found


def _wrong(
    side: str, size: Decimal, entry: Decimal, price: Decimal, taken: Decimal
) -> tuple[str, str] | None:
    """What a row cannot say: (column, message)."""
    word = side.strip().lower()
    if word and word not in SIDES:
        return "side", f"'side' must be long or short, not {quote(side)}"
    if not size:
        return "size", "'size' must not be zero: nothing could be taken"
    if word and size < 0 and word == "long":
        return "size", "'size' is below zero, which is a short, and 'side' says long"
    if entry <= ZERO or price <= ZERO:
        return ("entry" if entry <= ZERO else "price"), "a price must be greater than zero"
    if taken < ZERO:
        return "taken", "'taken' must be zero or more"
    return None
