"""Maintenance tables by symbol, in a file beside a rulebook: `maintenance: {table: BTCUSDT}` of a market or a
rulebook takes one.

A venue publishes hundreds of them and changes them often, so each file says when and where they were seen.
The file is read when the first of its tables is asked for.

Public: Table, Tables, coin_of, coin_of_table, which_tables, venues_with_tables,
shipped_with.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Literal, NamedTuple

from adlcalc.ground.numbers import CEILING, FLOOR, D, divide, round_to
from adlcalc.source.document import read_document
from adlcalc.source.fields import NotNegative, Positive, Text
from adlcalc.source.keys import Strict, key
from adlcalc.source.nodes import Node, Place, Source, at
from adlcalc.source.problems import Located, Problems, escape, nearest, quote
from adlcalc.source.schema import check, subject
from adlcalc.venues.files import SHIPPED, SHIPPED_AS, beside
from adlcalc.venues.maintenance import MaintenanceRule, MaintenanceValue, NamedTable, TierTable, faults
from adlcalc.venues.schema import SourceNote

TABLES_TOLD = 12
"""Tables of a venue that a hint lists."""
FINEST = D("1e-20")
"""Finer than any lot."""
SYMBOL = re.compile(r"(?:PF_|PERP_)?(?P<coin>[A-Z0-9]{2,12}?)[-_/:]?(?:USDT|USDC|USD|PERP)")
"""A coin, and what its price is in: BTCUSDT, ETH-PERP, PF_XBTUSD, PERP_BTC_USDC, SOL_USDT."""


def coin_of(symbol: str) -> str | None:
    """The coin of a contract by its symbol; None where the symbol says none."""
    found = SYMBOL.match(symbol.upper())
    return None if found is None else found["coin"].replace("XBT", "BTC")


def coin_of_table(name: str) -> str:
    """The coin of a table by its name, which at some venues is the coin itself."""
    return coin_of(name) or name.upper()


def which_tables(symbol: str, known: Iterable[str]) -> str:
    """A hint about a table that there is not: the one that was meant where that is of the same coin (the tiers of
    another coin are no misspelling), and else those that there are."""
    names = list(known)
    near = nearest(symbol, names)
    if near is not None and (coin_of(symbol) or coin_of_table(near)) == coin_of_table(near):
        return f"did you mean {quote(near)}?"
    shown = ", ".join(map(escape, names[:TABLES_TOLD]))
    more = f" and {len(names) - TABLES_TOLD} more" if len(names) > TABLES_TOLD else ""
    return f"its tables: {shown}{more}" if names else ""


class PartNote(Strict):
    """What is assumed of a part of a table; a run in which a position gets there prints it."""

    above: NotNegative = key(description="what the tiers measure is above this")
    up_to: Positive | None = key(None, description="where the part ends")
    note: Text = key(description="what is assumed there")


class TableEntry(Strict):
    """The table of one contract."""

    maintenance: MaintenanceRule = key(description="the maintenance margin, as in a rulebook")
    contract: Literal["linear", "inverse"] = key("linear", description="the kind of contract that it is for")
    multiplier: Positive | None = key(
        None, description="tiers by size: base units in one of the contracts that they count"
    )
    seen: Text | None = key(None, description="the date of its numbers, where it is not that of the file")
    note: Text | None = key(
        None, description="what is assumed where the source is silent; every run with the table prints it"
    )
    notes: list[PartNote] = key(
        make=list, description="what is assumed of parts of it, as where the source was cut"
    )


class TablesFile(Strict):
    """Tables of a venue."""

    venue: Text = key(description="whose tables they are")
    as_of: Text = key(description="the date of the numbers")
    unit: Text = key(description="what the tiers count")
    source: SourceNote = key(description="where they were seen")
    contracts: dict[str, TableEntry] = key(description="the tables by symbol, as the venue spells it")


class Table(NamedTuple):
    """One table. rule: its maintenance, which stands at `node`."""

    name: str
    rule: MaintenanceValue
    node: Node
    entry: TableEntry
    file: TablesFile

    @property
    def as_of(self) -> str:
        """The date of its numbers."""
        return self.entry.seen or self.file.as_of

    def counting(self, multiplier: Decimal) -> Table:
        """The table with tiers that count contracts of so many base units: 1,000 contracts of 0.01 end where
        10 of 1 do. An end that has none of its own is moved to the next multiple of `FINEST` inside the tier,
        so that every size is on the same side of it."""
        own = self.entry.multiplier
        if own is None or own == multiplier or not isinstance(self.rule, TierTable):
            return self
        towards = FLOOR if self.rule.bounds == "inclusive" else CEILING

        def counted(end: Decimal | None) -> Decimal | None:
            return None if end is None else round_to(divide(end * own, multiplier), FINEST, towards)

        tiers = [one.changed(up_to=counted(one.up_to)) for one in self.rule.tiers]
        notes = [one.changed(above=counted(one.above), up_to=counted(one.up_to)) for one in self.entry.notes]
        entry = self.entry.changed(multiplier=multiplier, notes=notes)
        return self._replace(rule=self.rule.changed(tiers=tiers), entry=entry)

    @property
    def dated(self) -> str:
        """Its date and the document, in a sentence."""
        document = self.file.source
        return f"as of {self.as_of}: {document.title}, seen {document.seen}"


class Tables:
    """The tables of a file."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.file: TablesFile | None = None
        self._found: dict[str, Table] | None = None
        self.broken = False

    def all(self, problems: Problems) -> Mapping[str, Table]:
        """Every table by its symbol; what is wrong with the file goes to `problems`."""
        if self._found is None or self.broken:
            before = len(problems)
            self._found = self._read(problems)
            self.broken = len(problems) > before
        return self._found

    def of_coins(self, kind: str) -> Mapping[str, str]:
        """The first table of each coin, for a kind of contract."""
        found: dict[str, str] = {}
        for name, table in self.all(Problems()).items():
            if table.entry.contract == kind:
                found.setdefault(coin_of_table(name), name)
        return found

    def find(
        self, name: str, kind: str, problems: Problems, where: Located, *, multiplier: Decimal | None = None
    ) -> Table | None:
        """The table of a symbol for a kind of contract; None where `problems` says why not.

        multiplier: that of the market, whose contracts a table by size then counts; None where there is no
        market yet (a rulebook's)."""
        tables = self.all(problems)
        table = tables.get(name)
        if table is None:
            if not self.broken:
                message = f"{self.source.name} has no table {quote(name)}"
                problems.add(where, message, which_tables(name, tables))
            return None
        entry = table.entry
        if entry.contract != kind:
            problems.add(where, f"table {quote(name)} is for {entry.contract} contracts, not {kind} ones")
            return None
        return table if multiplier is None else table.counting(multiplier)

    def _read(self, problems: Problems) -> dict[str, Table]:
        root = read_document(self.source, problems)
        if root is None:
            return {}
        checked = check(TablesFile, root, problems, what="the file of tables")
        if checked.model is None:
            return {}
        self.file = checked.model
        found = {}
        for name, entry in checked.model.contracts.items():
            path = ("contracts", name, "maintenance")
            if isinstance(entry.maintenance, NamedTable):
                problems.add(at(root, path), f"table {quote(name)} cannot name another one", "give its tiers")
                continue
            wrong = [((*path, *inner), message, hint) for inner, message, hint in faults(entry.maintenance)]
            for where, message, hint in wrong:
                problems.add(at(root, where), f"{subject(TablesFile, root, where)} {message}", hint)
            if wrong:
                continue
            found[name] = Table(name, entry.maintenance, at(root, path), entry, checked.model)
        return found


def venues_with_tables() -> list[str]:
    """The venues that come with adlcalc and have tables."""
    return sorted(file.stem for file in (SHIPPED / "tables").glob("*.yaml"))


def shipped_with(symbol: str) -> str | None:
    """The venue that comes with adlcalc and has a table of that name, the first by name."""
    for venue in venues_with_tables():
        name = f"tables/{venue}.yaml"
        if symbol in Tables(beside(name, SHIPPED_AS, Place(Source(name, "")))).all(Problems()):
            return venue
    return None
