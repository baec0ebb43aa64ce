"""Maintenance tables as a page: which there are, or the tiers of one.

Public: tables_page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from adlcalc.engine.model import SMALLEST
from adlcalc.ground.numbers import ZERO, D, round_to, show
from adlcalc.report.columns.tables import TABLES, TIERS
from adlcalc.report.human import clean, counted, digits
from adlcalc.report.page import Block, Item, Listing, Page
from adlcalc.report.table import counts, table, words
from adlcalc.venues.maintenance import PowerRate, RiskSteps, Slope, TierTable, to_engine
from adlcalc.venues.named_tables import Table

NOTHING = "There are no tables."
SHOWN = D("0.000001")
"""Rates in the list of tables; the page of one has all their digits."""
MEASURED = {
    "notional": "the notional at the mark",
    "entry-value": "the entry value",
    "size": "the size in contracts",
}


@dataclass(frozen=True, slots=True)
class Named:
    """A table as data."""

    table: Table

    @property
    def venue(self) -> str:
        """Whose it is."""
        return self.table.file.venue

    @property
    def name(self) -> str:
        """Its symbol."""
        return self.table.name

    @property
    def contract(self) -> str:
        """The kind of contract that it is for."""
        return self.table.entry.contract

    @property
    def multiplier(self) -> Decimal | None:
        """The size of a contract, where it counts contracts."""
        return self.table.entry.multiplier

    @property
    def measures(self) -> str:
        """What its tiers measure."""
        rule = self.table.rule
        if isinstance(rule, TierTable):
            return rule.by
        if isinstance(rule, PowerRate):
            return rule.of
        return (
            "size"
            if isinstance(rule, Slope)
            else "entry-value"
            if isinstance(rule, RiskSteps)
            else "notional"
        )

    @property
    def unit(self) -> str:
        """In what, and how they are applied."""
        return self.table.file.unit

    @property
    def as_of(self) -> str:
        """The date of its numbers."""
        return self.table.as_of

    @property
    def title(self) -> str:
        """The document."""
        return self.table.file.source.title

    @property
    def url(self) -> str | None:
        """Where it is."""
        return self.table.file.source.url

    @property
    def seen(self) -> str:
        """The day it was read."""
        return self.table.file.source.seen

    @property
    def note(self) -> str:
        """What is assumed of it."""
        return self.table.entry.note or ""

    @property
    def notes(self) -> list[str]:
        """What is assumed of parts of it."""
        return [
            f"above {digits(one.above)}"
            + (f" up to {digits(one.up_to)}" if one.up_to else "")
            + f": {one.note}"
            for one in self.table.entry.notes
        ]


@dataclass(frozen=True, slots=True)
class TierRow:
    """A tier of a table."""

    of: Named
    above: Decimal
    up_to: Decimal | None
    rate: Decimal
    deduction: Decimal
    max_leverage: Decimal | None
    formula: str


def _rows(named: Named) -> Iterator[TierRow]:
    """The tiers as the engine has them; what is no table of tiers is one, with the formula by which it goes
    on."""
    rule = named.table.rule
    if isinstance(rule, PowerRate):
        formula = f"at least {show(rule.factor)} x {named.measures} ^ {show(rule.exponent)}"
        yield TierRow(named, ZERO, None, rule.base_rate, ZERO, None, formula)
        return
    if isinstance(rule, Slope):
        yield TierRow(named, ZERO, None, rule.base_rate, ZERO, None, f"+ {show(rule.slope)} x size")
        return
    if isinstance(rule, RiskSteps):
        formula = f"+ {show(rule.step_rate)} for each {show(rule.step)} begun above"
        yield TierRow(named, ZERO, rule.base_limit, rule.base_rate, ZERO, None, formula)
        return
    ends = [tier.up_to for tier in rule.tiers] if isinstance(rule, TierTable) else [None]
    tiers = to_engine(rule, ZERO, money_unit=SMALLEST, lot=SMALLEST).tiers
    for above, up_to, tier in zip([ZERO, *ends], ends, tiers, strict=False):
        yield TierRow(named, above or ZERO, up_to, tier.rate, tier.deduction, tier.max_leverage, "")


@dataclass(frozen=True, slots=True)
class Tables:
    """Tables as data. whole: they are all of one venue, or of all; else it is one that was asked for."""

    tables: Sequence[Named]
    venue: str | None
    whole: bool

    @property
    def tiers(self) -> list[TierRow]:
        """All their tiers."""
        return [row for one in self.tables for row in _rows(one)]


def tables_page(found: Sequence[Table], venue: str | None, *, whole: bool) -> Page:
    """The tables of a venue (None: of all), a line each; or of one that was asked for each tier."""
    about = Tables([Named(one) for one in found], venue, whole)
    if not whole:
        (one,) = about.tables
        measured = f"the tiers measure {MEASURED[one.measures]}" + (
            f", {show(one.multiplier)} base units each" if one.multiplier else ""
        )
        title = f"{clean(one.venue)}: maintenance table {clean(one.name)}"
        subtitle = f"As of {clean(one.as_of)}; {one.contract} contracts; {measured}: {clean(one.unit)}."
    else:
        what = counted(len(found), "maintenance table")
        title = f"{what} of {clean(venue)}" if venue is not None else what
        subtitle = (
            "adlcalc venues NAME TABLE --tables shows one. A market takes one with maintenance: {table: "
            "SYMBOL}, "
            "or with {table: {VENUE: SYMBOL, ...}} one for each venue."
        )
    return Page(title=title, subtitle=subtitle, blocks=lambda _: _blocks(about), document=TABLES, about=about)


def _blocks(about: Tables) -> Iterator[Block]:
    tables = about.tables
    if about.whole:
        rows = [list(_rows(one)) for one in tables]
        columns = [
            words("venue", (one.venue for one in tables)) if about.venue is None else None,
            words("table", (one.name for one in tables)),
            words("contract", (one.contract for one in tables)),
            counts("tiers", (len(one) for one in rows)),
            words("rates", (_rates(one) for one in rows)),
            words("as of", (_first(one.as_of) for one in tables)),
        ]
        yield table("Tables", NOTHING, columns)
    else:
        yield table("Tiers", NOTHING, TIERS.columns(about.tiers, about))
        notes = [*filter(None, [tables[0].note]), *tables[0].notes]
        yield Listing("Assumed", [Item(clean(one)) for one in notes])
    documents = {(one.venue, one.title, one.seen, one.url): None for one in tables}
    items = [
        Item(f"{clean(venue)}: {clean(title)}, seen {clean(seen)}", lines=(clean(url),) if url else ())
        for venue, title, seen, url in documents
    ]
    yield Listing("Sources", items)


def _first(as_of: str) -> str:
    """The first date of '2026-09-18 (rows 1 to 3), 2026-05-28'; the table's own page has all."""
    return as_of.partition(" ")[0]


def _rates(rows: Sequence[TierRow]) -> str:
    """'0.004 to 0.5'."""
    first, last = (show(round_to(row.rate, SHOWN)) for row in (rows[0], rows[-1]))
    if rows[0].formula:
        return f"from {first}"
    return first if first == last else f"{first} to {last}"
