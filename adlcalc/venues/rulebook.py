"""A rulebook that is checked: the layers of its file, and a scenario's `rules` over them -> Rulebook.

Public: Rulebook, Unused, load_rulebook, known_book, stated.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from adlcalc.engine.contract import BankruptcyPrice, Contract, LiquidationPrice
from adlcalc.engine.declared import closed
from adlcalc.engine.model import Kind, Maintenance, Market, Rounding
from adlcalc.engine.rules import Assumption, Rules, TablePart
from adlcalc.ground.record import current
from adlcalc.source.keys import Refused, keys_of
from adlcalc.source.nodes import Map, Node, Path, Scalar, Source, at, plain
from adlcalc.source.problems import Located, Problems, quote
from adlcalc.source.schema import check, subject
from adlcalc.venues.combinations import combination_faults
from adlcalc.venues.editions import Edition
from adlcalc.venues.files import SHIPPED_AS, is_shipped, shipped
from adlcalc.venues.layers import RulebookFile, edition_of, file_of, generic_layer, known_file
from adlcalc.venues.maintenance import MaintenanceValue, faults, to_engine, without_limits
from adlcalc.venues.named_tables import Table, Tables, coin_of, coin_of_table
from adlcalc.venues.parts import SECTIONS, Part, default_of, first_leaves, put_together, wanted_by, why_not
from adlcalc.venues.schema import RuleValues, SourceNote, VectorNotes, by_mode, section_of
from adlcalc.venues.stated import (
    ALL_SECTIONS,
    ASSUMED,
    KINDS,
    Layer,
    Rule,
    conventional,
    overrides_of,
)


class Unused(NamedTuple):
    """A rule that is given and plays no part beside the others. why: what stands against it; wanted: where it
    would play one."""

    rule: Rule
    why: str
    wanted: str

    def sentence(self) -> str:
        return f"rule {self.rule.name} plays no part: {self.why}"


@closed
class Rulebook:
    """A checked rulebook.

    values: the rules per contract kind, as they are written; rules[kind][name]: where each came from, in file
    order.
    editions: those of the venue that are older. timeless: it fits any date.
    made: the rules as the engine has them. used: the names of those that play a part; unused: those that were
    given and play none, each with why."""

    venue: str
    title: str
    as_of: str
    editions: tuple[Edition, ...]
    timeless: bool
    sources: Mapping[str, SourceNote]
    not_modeled: tuple[str, ...]
    values: Mapping[str, RuleValues]
    rules: Mapping[str, Mapping[str, Rule]]
    vectors: VectorNotes
    made: Rules
    used: frozenset[str]
    unused: tuple[Unused, ...]
    tables: Tables | None
    read: RulebookFile
    layer: Layer

    def reread(self, changes: Mapping[str, Node], problems: Problems) -> Rulebook | None:
        """The rulebook with other values of some rules, by their names as `Rule` has them; None where
        `problems` says why there is none. A rule that then plays no part rests."""
        layer = dict(self.layer)
        for name, node in changes.items():
            stated = [key for key, rule in self.layer.items() if rule.name == name]
            section, _, rest = name.partition(".")
            for key in stated or [(section, rest, kind) for kind in KINDS]:
                before = self.layer.get(key) or Rule(name, node, None, ASSUMED, "")
                layer[key] = replace(before, node=node, alternatives=(), table=None)
        return _book(self.read, layer, problems, own=None)

    @property
    def unsaid(self) -> Mapping[str, Rule]:
        """What adlcalc assumes of rules that a venue's rulebook does not name and that play a part. What
        extends the generic one has its rules, those that it leaves out as well."""
        if f"{SHIPPED_AS}generic.yaml" in self.family:
            return {}
        unsaid = self.used - {f"{section}.{rule}" for section, rule, _ in self.layer}
        return {name: rule for name, rule in conventional().items() if name in unsaid}

    def taken_from(self, rule: Rule) -> str:
        """Of a rulebook of one's own the shipped one that a rule is of, which is where its status holds; ''
        of its own rules and of shipped rulebooks."""
        own, there = self.read.root.source.name, rule.node.source.name
        if own.startswith(SHIPPED_AS) or not there.startswith(SHIPPED_AS):
            return ""
        name = there.rpartition("/")[2].removesuffix(".yaml")  # of a table too
        return name if name in shipped() else ""

    def table(
        self, name: str, kind: str, problems: Problems, where: Located, *, multiplier: Decimal | None = None
    ) -> MaintenanceValue | None:
        """The maintenance of the venue's table of that name, for a market; None where `problems` says why
        not."""
        found = _table(self.venue, self.tables, name, kind, problems, where, multiplier)
        return None if found is None else found.rule

    @property
    def family(self) -> tuple[str, ...]:
        """Its file and those that it extends, the nearest first."""
        return self.read.family

    @property
    def table_file(self) -> str:
        """Where the venue's tables are; '' where it has none."""
        return self.tables.source.name if self.tables else ""

    @property
    def table_names(self) -> Collection[str]:
        """The tables of the venue."""
        return self.tables.all(Problems()) if self.tables else ()

    def lacks_table(self, name: str) -> bool:
        """Has the venue no such table? (Of a file that cannot be read nothing is known.)"""
        return self.tables is None or (name not in self.table_names and not self.tables.broken)

    def table_named(self, name: str | None) -> Table | None:
        """The venue's table of that name; None where it has none."""
        return self.tables.all(Problems()).get(name) if self.tables and name is not None else None

    def table_of_coin(self, market: str, kind: str) -> str | None:
        """The venue's table of the coin that a market's name says; None where it says none or there is
        none."""
        known = self.tables.of_coins(kind) if self.tables else {}
        return known.get(coin_of(market) or market.upper())

    def own_table(self, kind: str) -> str | None:
        """The table that stands for the venue's maintenance where a market names none."""
        rule = self.rules[kind].get("margin.maintenance")
        return None if rule is None else rule.table

    def stand_in(self, market: str, kind: str) -> tuple[str, str | None] | None:
        """The table of another coin that a market without maintenance of its own is worked by, and the
        venue's table of its coin, if it has one; None where the market's name says no other coin."""
        own, table = self.own_table(kind), self.table_of_coin(market, kind)
        if own is None:
            return None
        coin = coin_of(market) or (market.upper() if table is not None else None)
        return None if coin in (None, coin_of_table(own)) else (own, table)

    def table_for(self, market: str, kind: str, multiplier: Decimal) -> Table | None:
        """The table that stands for the venue's maintenance where the market names none, in the market's own
        contracts. That of another coin stands in as it is: what a contract of its coin is of that one, nobody
        knows."""
        table = self.table_named(self.own_table(kind))
        if table is None or coin_of(market) not in (None, coin_of_table(table.name)):
            return table
        return table.counting(multiplier)

    def maintenance_of(self, market: Market, money_unit: Decimal) -> Maintenance:
        """The maintenance margin of a market that brings none."""
        contract = market.contract
        table = self.table_for(market.name, contract.kind, contract.multiplier)
        own = None if table is None else table.rule
        made = self.maintenance(contract.kind, own=own, money_unit=money_unit, lot=market.lot)
        return made if table is None else without_limits(made)

    def maintenance(
        self, kind: str, *, own: MaintenanceValue | None = None, money_unit: Decimal, lot: Decimal
    ) -> Maintenance:
        """The maintenance margin of a rule of a market's own, or the venue's for a contract kind; the venue's
        fee is added."""
        rules = self.values[kind].margin
        maintenance = rules.maintenance if own is None else own
        made = to_engine(
            maintenance, rules.closing_fee, on=rules.maintenance_on, money_unit=money_unit, lot=lot
        )
        isolated, cross = by_mode(rules.commission)
        return replace(made, isolated=isolated, cross=cross)

    def contract(self, kind: str, multiplier: Decimal) -> Contract:
        """A contract of a market: how the venue rounds its values and prices, and the fee inside the
        latter."""
        rules = self.values[kind].contract
        return Contract(
            Kind(kind),
            multiplier,
            Rounding(rules.rounding),
            BankruptcyPrice(rules.bankruptcy_price),
            rules.bankruptcy_fee,
            LiquidationPrice(rules.liquidation_price),
        )

    def engine_rules(
        self, kinds: Collection[str], tabled: Collection[str], named: Mapping[str, Table] | None = None
    ) -> Rules:
        """The engine's Rules. kinds: the contract kinds in use; tabled: those whose maintenance is the
        rulebook's; named: the tables that markets name."""
        named = named or {}
        return replace(self.made, assumptions=(*self._assumptions(kinds, tabled), *self._of_tables(named)))

    def _assumptions(self, kinds: Collection[str], tabled: Collection[str]) -> Iterator[Assumption]:
        """The assumed rules that a run with these contracts uses, each once, in file order."""
        told = set()
        for rule_name in dict.fromkeys(name for kind in KINDS for name in self.rules[kind]):
            for kind in tabled if rule_name == "margin.maintenance" else kinds:
                rule = self.rules[kind].get(rule_name)  # a scenario may give a rule for one kind alone
                if rule is not None and rule.status == ASSUMED and rule.name not in told:
                    told.add(rule.name)
                    yield Assumption(rule.name, rule.note)
        yield from (Assumption(rule.name, rule.note) for rule in self.unsaid.values())

    def _of_tables(self, named: Mapping[str, Table]) -> Iterator[Assumption]:
        """What is assumed in the tables that markets name: of all of a table once, of its parts where a
        position of the market gets there."""
        told = set()
        for market, table in named.items():
            rule = f"tables.{table.name}"
            if table.entry.note and rule not in told:
                told.add(rule)
                yield Assumption(rule, table.entry.note)
            for part in table.entry.notes:
                yield Assumption(rule, part.note, TablePart(market, part.above, part.up_to))


def load_rulebook(
    name: str,
    problems: Problems,
    *,
    where: Located,
    folder: str | None = None,
    overrides: Node | None = None,
    strict: bool = True,
    as_of: str | None = None,
) -> Rulebook | None:
    """The rulebook of that name or path, with a scenario's `rules` on top; None where `problems` says why
    not. as_of: of its editions the one that held on that day.

    folder: where relative paths begin, which they may not leave; None for a path from the command line, which
    may be anywhere. A rule that a file states and that plays no part beside its own other rules is a fault of
    the file; so is one of `overrides` if `strict`, which a rulebook that the file does not name is not. What
    `extends` brings in may rest."""
    if as_of is not None:
        chosen = edition_of(name, as_of, problems, where, folder)
        if chosen is None:
            return None
        name, folder = chosen
    book = _load(name, problems, where, folder, overrides, strict=strict)
    if book is not None and (record := current()) is not None:
        record.rulebooks.append(book)
    return book


def _load(
    name: str,
    problems: Problems,
    where: Located,
    folder: str | None,
    overrides: Node | None,
    *,
    strict: bool,
) -> Rulebook | None:
    read = file_of(name, problems, where, folder)
    if read is None:
        return None
    if overrides is None:
        known = known_book(name) if is_shipped(name) else None
        return known or _book(read, {**read.layer}, problems, own=read.root.source)
    if not is_shipped(name):  # those are known to be sound by themselves
        _book(read, {**read.layer}, Problems(), own=read.root.source, unused_to=problems)
    layer = overrides_of(overrides, problems)
    return _book(read, read.layer | layer, problems, own=None, given=layer if strict else {})


def stated(book: Rulebook) -> list[Rule]:
    """Every rule that the rulebook (or one it extends) states, once, section by section."""
    found: dict[str, Rule] = {}
    for section in keys_of(RuleValues):
        for name in {**book.rules[KINDS[0]], **book.rules[KINDS[1]]}:
            if name.startswith(f"{section}."):
                for kind in KINDS:
                    rule = book.rules[kind].get(name)
                    if rule is not None:
                        found.setdefault(rule.name, rule)
    return list(found.values())


def _book(
    read: RulebookFile,
    layer: Layer,
    problems: Problems,
    *,
    own: Source | None,
    given: Layer | None = None,
    unused_to: Problems | None = None,
) -> Rulebook | None:
    """A rulebook from its layers. Idle rules are faults where they come from the source `own` or are in
    `given`."""
    head, root, sources, tables = read.head, read.root, read.sources, read.tables
    if not _take_tables(head.venue, layer, tables, problems):
        return None
    unsaid = _unsaid(layer)
    if unsaid and len(problems):  # what is lacking was meant, and is told as it is wrong
        layer = generic_layer() | layer
    elif unsaid:
        shown = ", ".join(unsaid[:4]) + (f" and {len(unsaid) - 4} more" if len(unsaid) > 4 else "")
        problems.add(
            root, f"rulebook {quote(head.venue)} does not say {shown}", "give them, or write extends: generic"
        )
        return None
    values = {}
    for kind in KINDS:
        tree = _tree(root, layer, kind)
        checked = check(RuleValues, tree, problems, what=f"rulebook {quote(head.venue)}")
        found = _faults_of_maintenance(tree)
        for path, message, hint in found:
            path = ("margin", "maintenance", *path)
            problems.add(at(tree, path), f"{subject(RuleValues, tree, path)} {message}", hint)
        if not found and checked.model is not None:
            values[kind] = checked.model
    if len(values) < len(KINDS):
        return None
    parts = {name: put_together(kind, _getter(values[KINDS[0]], name)) for name, kind in SECTIONS.items()}
    made = Rules(**{name: part.made for name, part in parts.items()})
    for path, message, hint in combination_faults(made):
        problems.add(at(tree, path), f"{subject(RuleValues, tree, path)} {message}", hint)
    unused = tuple(_unused(values[KINDS[0]], parts, layer))
    for one in unused:
        node = one.rule.node
        if node.source is own or one.rule in (given or {}).values():
            hint = "leave it out" + (f", or give {one.wanted}" if one.wanted else "")
            (problems if unused_to is None else unused_to).add(node, one.sentence(), hint)
    rules = {
        kind: {f"{section}.{rule}": entry for (section, rule, k), entry in layer.items() if k == kind}
        for kind in KINDS
    }
    return Rulebook(
        head.venue, head.title, head.as_of, read.editions, head.timeless, sources,
        tuple(head.not_modeled), values, rules, head.vectors,
        made, _used(parts), unused, tables, read, layer,
    )  # fmt: skip


def _faults_of_maintenance(tree: Map) -> list[tuple[Path, str, str]]:
    """What is wrong with the maintenance as a whole where each of its values is right, whatever else is wrong
    with the rules."""
    try:
        maintenance = keys_of(section_of("margin"))["maintenance"].read(
            plain(at(tree, ("margin", "maintenance")))
        )
    except Refused:
        return []
    return list(faults(maintenance))


def _take_tables(venue: str, layer: Layer, tables: Tables | None, problems: Problems) -> bool:
    """Put the venue's table where a maintenance rule names one, so that it is shown and checked like any
    other; False where `problems` says why not."""
    before = len(problems)
    for kind in KINDS:
        rule = layer.get(("margin", "maintenance", kind))
        named = (
            rule.node.items.get("table")
            if rule and isinstance(rule.node, Map) and len(rule.node.items) == 1
            else None
        )
        if rule and isinstance(named, Scalar):
            found = _table(venue, tables, named.text, kind, problems, named, None)
            if found is not None:
                layer["margin", "maintenance", kind] = replace(rule, node=found.node, table=named.text)
    return len(problems) == before


def _table(
    venue: str,
    tables: Tables | None,
    name: str,
    kind: str,
    problems: Problems,
    where: Located,
    multiplier: Decimal | None,
) -> Table | None:
    if tables is not None:
        return tables.find(name, kind, problems, where, multiplier=multiplier)
    problems.add(where, f"venue {quote(venue)} has no tables", "give the tiers: maintenance: {tiers: [...]}")
    return None


def _getter(values: RuleValues, section: str) -> Callable[[str], Any]:
    """The values of a section's rules, by their names."""
    rules = getattr(values, section)
    return lambda rule: getattr(rules, rule)


def _used(parts: Mapping[str, Part]) -> frozenset[str]:
    """The rules that play a part, by their names; those that become a market's always do."""
    in_engine = {
        f"{section}.{rule}" for section, part in parts.items() for rule in part.used if rule not in part.idle
    }
    return frozenset(in_engine | _of_markets())


@cache
def _of_markets() -> frozenset[str]:
    """The rules that the engine does not declare: those that become a market's or a contract's."""
    named = ((section, rule) for section in ALL_SECTIONS for rule in keys_of(section_of(section)))
    return frozenset(
        f"{section}.{rule}"
        for section, rule in named
        if section not in SECTIONS or rule not in first_leaves(SECTIONS[section])
    )


def _unused(values: RuleValues, parts: Mapping[str, Part], layer: Layer) -> Iterator[Unused]:
    """The rules that are stated and play no part. One that must be stated may say that nothing is done."""
    for (section, name, kind), rule in layer.items():
        leaf = first_leaves(SECTIONS[section]).get(name) if section in SECTIONS else None
        if leaf is None or kind != KINDS[0]:
            continue
        getter = _getter(values, section)
        why = why_not(SECTIONS[section], name, parts[section], getter)
        if why is not None and not (leaf.rule.required and getter(name) == default_of(leaf)):
            yield Unused(rule, why, wanted_by(SECTIONS[section], name))


def _unsaid(layer: Layer) -> list[str]:
    """The rules that have no default and are not in the layer."""
    names = []
    for section in ALL_SECTIONS:
        for rule, said in keys_of(section_of(section)).items():
            if said.required:
                names += [f"{section}.{rule}"] * any((section, rule, kind) not in layer for kind in KINDS)
    return names


def _tree(root: Map, layer: Layer, kind: str) -> Map:
    """The layer's values as one tree {section: {rule: value}} for a contract kind."""
    tree = Map(root.source, root.line, root.column, root.length)
    for section in ALL_SECTIONS:
        stated = root.items.get(section)
        spot = stated if isinstance(stated, Map) else root
        inner = Map(spot.source, spot.line, spot.column, spot.length)
        tree.put(Scalar(spot.source, section, True, spot.line, spot.column, spot.length), inner)
        for (in_section, rule, k), entry in layer.items():
            if in_section == section and k == kind:
                node = entry.node
                inner.put(Scalar(node.source, rule, True, node.line, node.column, node.length), node)
    return tree


@cache
def known_book(name: str) -> Rulebook | None:
    """A rulebook that comes with adlcalc, made once a process; None where something is wrong with it."""
    known, problems = known_file(name), Problems()
    if known is None:
        return None
    book = _book(known.read, {**known.read.layer}, problems, own=known.read.root.source)
    return None if len(problems) else book
