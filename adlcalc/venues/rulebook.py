"""Reading a rulebook: its own rules over those it extends, a scenario's `rules` over both -> Rulebook.

Each value keeps the node it came from, so an error in any layer points at its own file and line.

Public: Rulebook, Rule, Unused, load_rulebook, shipped.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from pathlib import Path as FilePath
from typing import Any, NamedTuple

from adlcalc.engine.model import Maintenance
from adlcalc.engine.rules import Assumption, Rules
from adlcalc.ground.record import current
from adlcalc.source.document import read_document
from adlcalc.source.files import DOCUMENT_LIMIT, companion, text_of
from adlcalc.source.keys import keys_of
from adlcalc.source.nodes import Map, Node, Scalar, Source, at
from adlcalc.source.problems import Located, Problems, closest_hint, quote
from adlcalc.source.schema import check, subject
from adlcalc.venues.combinations import combination_faults
from adlcalc.venues.maintenance import MaintenanceValue, faults, to_engine
from adlcalc.venues.named_tables import Table, Tables
from adlcalc.venues.parts import SECTIONS, Part, default_of, first_leaves, put_together, wanted_by, why_not
from adlcalc.venues.schema import (
    Head,
    RuleEntry,
    RuleValues,
    SourceNote,
    VectorNotes,
    is_by_contract,
    section_of,
)

SHIPPED = FilePath(__file__).parent
KINDS = ("linear", "inverse")
LONGEST_ROW = 32
"""Rulebooks that extend one another; the shipped ones take three."""
ALL_SECTIONS = tuple(keys_of(RuleValues))
SHIPPED_AS = "adlcalc/venues/"
"""How the folder of the shipped rulebooks is shown in messages."""
GIVEN = "given"
"""The status of a rule that the scenario sets itself."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a rulebook. name: 'adl.score', or 'margin.maintenance.linear' where it is written by
    contract kind."""

    name: str
    node: Node
    source: str | None
    status: str
    note: str


@dataclass(frozen=True, slots=True)
class Unused:
    """A rule that is given and plays no part beside the others. why: what stands against it; wanted: where it
    would play one."""

    rule: Rule
    why: str
    wanted: str

    def sentence(self) -> str:
        return f"rule {self.rule.name} plays no part: {self.why}"


@dataclass(frozen=True, slots=True)
class Rulebook:
    """A checked rulebook.

    values: the rules per contract kind, as they are written; rules[kind][name]: where each came from, in file
    order.
    made: the rules as the engine has them. used: the names of those that play a part; unused: those that were
    given and play none, each with why."""

    venue: str
    title: str
    as_of: str
    sources: Mapping[str, SourceNote]
    not_modeled: tuple[str, ...]
    values: Mapping[str, RuleValues]
    rules: Mapping[str, Mapping[str, Rule]]
    vectors: VectorNotes
    made: Rules
    used: frozenset[str]
    unused: tuple[Unused, ...]
    tables: Tables | None

    def table(
        self, name: str, kind: str, problems: Problems, where: Located, *, multiplier: Decimal | None = None
    ) -> MaintenanceValue | None:
        """The maintenance of the venue's table of that name, for a market; None where `problems` says why
        not."""
        found = _table(self.venue, self.tables, name, kind, problems, where, multiplier)
        return None if found is None else found.rule

    def maintenance(
        self, kind: str, *, own: MaintenanceValue | None = None, money_unit: Decimal, lot: Decimal
    ) -> Maintenance:
        """The maintenance margin of a market: the venue's for its contract kind, or its own; the venue's fee
        is added."""
        rules = self.values[kind].margin
        maintenance = rules.maintenance if own is None else own
        return to_engine(
            maintenance, rules.closing_fee, on=rules.maintenance_on, money_unit=money_unit, lot=lot
        )

    def engine_rules(
        self, kinds: Collection[str], tabled: Collection[str], named: Collection[str] = ()
    ) -> Rules:
        """The engine's Rules. kinds: the contract kinds in use; tabled: those whose maintenance is the
        rulebook's; named: the tables that markets name."""
        return replace(self.made, assumptions=(*self._assumptions(kinds, tabled), *self._of_tables(named)))

    def _assumptions(self, kinds: Collection[str], tabled: Collection[str]) -> Iterator[Assumption]:
        """The assumed rules that a run with these contracts uses, each once, in file order."""
        told = set()
        for rule_name in dict.fromkeys(name for kind in KINDS for name in self.rules[kind]):
            for kind in tabled if rule_name == "margin.maintenance" else kinds:
                rule = self.rules[kind].get(rule_name)  # a scenario may give a rule for one kind alone
                if rule is not None and rule.status == "assumed" and rule.name not in told:
                    told.add(rule.name)
                    yield Assumption(rule.name, rule.note)

    def _of_tables(self, named: Collection[str]) -> Iterator[Assumption]:
        """What is assumed in the tables that markets name."""
        for name, table in self.tables.all(Problems()).items() if self.tables and named else ():
            if name in named and table.note:
                yield Assumption(f"tables.{name}", table.note)


Layer = dict[tuple[str, str, str], Rule]
"""(section, rule, kind) -> Rule"""


class _Read(NamedTuple):
    """A rulebook file with what it extends under it."""

    head: Head
    root: Map
    layer: Layer
    sources: Mapping[str, SourceNote]
    tables: Tables | None


def shipped() -> list[str]:
    """The names of the rulebooks that come with adlcalc."""
    return sorted(file.stem for file in SHIPPED.glob("*.yaml"))


def load_rulebook(
    name: str,
    problems: Problems,
    *,
    where: Located,
    folder: str | None = None,
    overrides: Node | None = None,
    strict: bool = True,
) -> Rulebook | None:
    """The rulebook of that name or path, with a scenario's `rules` on top; None where `problems` says why
    not.

    folder: where relative paths begin, which they may not leave; None for a path from the command line, which
    may be anywhere. A rule that a file states and that plays no part beside its own other rules is a fault of
    the file; so is one of `overrides` if `strict`, which a rulebook that the file does not name is not. What
    `extends` brings in may rest."""
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
    read = _read(name, problems, where, folder, ())
    if read is None:
        return None
    if overrides is None:
        return _book(read, read.layer, problems, own=read.root.source)
    if not _is_shipped(name):  # those are known to be sound by themselves
        _book(read, read.layer, Problems(), own=read.root.source, unused_to=problems)
    layer = _overrides(overrides, problems)
    return _book(read, read.layer | layer, problems, own=None, given=layer if strict else {})


def _book(
    read: _Read,
    layer: Layer,
    problems: Problems,
    *,
    own: Source | None,
    given: Layer | None = None,
    unused_to: Problems | None = None,
) -> Rulebook | None:
    """A rulebook from its layers. Idle rules are faults where they come from the source `own` or are in
    `given`."""
    head, root, _, sources, tables = read
    if not _take_tables(head.venue, layer, tables, problems):
        return None
    unsaid = _unsaid(layer)
    if unsaid:
        shown = ", ".join(unsaid[:4]) + (f" and {len(unsaid) - 4} more" if len(unsaid) > 4 else "")
        problems.add(
            root, f"rulebook {quote(head.venue)} does not say {shown}", "give them, or write extends: generic"
        )
        return None
    values = {}
    for kind in KINDS:
        tree = _tree(root, layer, kind)
        checked = check(RuleValues, tree, problems, what=f"rulebook {quote(head.venue)}")
        if checked.model is None:
            continue
        found = list(faults(checked.model.margin.maintenance))
        for path, message, hint in found:
            path = ("margin", "maintenance", *path)
            problems.add(at(tree, path), f"{subject(RuleValues, tree, path)} {message}", hint)
        if not found:
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
        head.venue, head.title, head.as_of, sources, tuple(head.not_modeled), values, rules, head.vectors,
        made, _used(parts), unused, tables,
    )  # fmt: skip


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
            layer["margin", "maintenance", kind] = rule if found is None else replace(rule, node=found.node)
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


def _read(
    name: str, problems: Problems, where: Located, folder: str | None, above: tuple[str, ...]
) -> _Read | None:
    """A rulebook and what it extends. above: the rulebooks that led here, to refuse a circle and an endless
    row."""
    if len(above) > LONGEST_ROW:
        problems.add(
            where, f"more than {LONGEST_ROW} rulebooks extend one another", "write the rules into fewer files"
        )
        return None
    source = _source(name, problems, where, folder)
    if source is None:
        return None
    if source.name in above:
        problems.add(where, f"rulebook {quote(name)} extends itself")
        return None
    root = read_document(source, problems)
    if root is None:
        return None
    bare = root.copy() if isinstance(root, Map) else root
    if isinstance(bare, Map):
        for section in ALL_SECTIONS:
            bare.drop(section)
    known = (*keys_of(Head), *ALL_SECTIONS)
    checked = check(Head, _named_keys(bare, known, problems), problems, what="the rulebook")
    head = checked.model
    if head is None or not isinstance(root, Map):
        return None
    layer: Layer = {}
    sources: dict[str, SourceNote] = {}
    tables = None
    if head.extends is not None:
        base = _read(
            head.extends,
            problems,
            root.items["extends"],
            str(FilePath(source.name).parent),
            (*above, source.name),
        )
        if base is None:
            return None
        layer |= base.layer
        sources |= base.sources
        tables = base.tables
    if head.tables is not None:
        tables = Tables(_beside(head.tables, source.name, root.items["tables"]))
    for key, note in head.sources.items():
        if sources.setdefault(key, note) != note:
            place = at(root, ("sources", key))
            problems.add(
                place, f"source {quote(key)} is another document in {quote(head.extends)}", "take another key"
            )
    layer |= _stated(root, sources, problems)
    cited = head.sources.keys() | {rule.source for rule in layer.values()}
    return _Read(head, root, layer, {key: note for key, note in sources.items() if key in cited}, tables)


def _beside(name: str, rulebook: str, where: Located) -> Source:
    """The text of a file beside a rulebook, in its folder or below."""
    if rulebook.startswith(SHIPPED_AS):
        return text_of(str(SHIPPED / name), shown_as=f"{SHIPPED_AS}{name}", role="table")
    return companion(str(FilePath(rulebook).parent), name, where, limit=DOCUMENT_LIMIT, role="table")


def _named_keys(root: Node, known: Collection[str], problems: Problems) -> Node:
    """Tell unknown top-level keys with sections among the valid ones, and go on without them."""
    if isinstance(root, Map):
        for key in [key for key in root.items if key not in known]:
            problems.add(
                root.keys[key], f"unknown key {quote(key)} in the rulebook", closest_hint(key, known)
            )
            root.drop(key)
    return root


def _is_shipped(name: str) -> bool:
    """Is it the name of a rulebook that comes with adlcalc, not a path?"""
    return "/" not in name and not name.endswith((".yaml", ".yml"))


def _source(name: str, problems: Problems, where: Located, folder: str | None) -> Source | None:
    """The text of a shipped rulebook or of a user's file."""
    if _is_shipped(name):
        names = shipped()
        if name in names:
            return text_of(
                str(SHIPPED / f"{name}.yaml"), shown_as=f"{SHIPPED_AS}{name}.yaml", role="rulebook"
            )
        problems.add(where, f"there is no venue {quote(name)}", closest_hint(name, names))
        return None
    if folder is None:
        return text_of(name, role="rulebook")
    return companion(folder, name, where, limit=DOCUMENT_LIMIT, role="rulebook")


def _stated(root: Map, sources: Mapping[str, SourceNote], problems: Problems) -> Layer:
    """The rules that a rulebook file states, each {value, source, status, note} or that by contract kind."""
    layer: Layer = {}
    for section in ALL_SECTIONS:
        node = root.items.get(section)
        if node is None:
            continue
        if not isinstance(node, Map):
            problems.add(node, f"{quote(section)} must be a map of rules")
            continue
        for rule, entry in node.items.items():
            for name, kinds, part in _by_kind(section, rule, entry, node.keys[rule], problems):
                checked = check(RuleEntry, part, problems, what=f"rule {name}")
                if checked.model is None or not isinstance(part, Map):
                    continue
                model, value = checked.model, part.items["value"]
                _check_entry(name, model, sources, part, problems)
                for kind in kinds:
                    layer[section, rule, kind] = Rule(
                        name, value, model.source, model.status, model.note or ""
                    )
    return layer


def _check_entry(
    name: str, entry: RuleEntry, sources: Mapping[str, SourceNote], node: Map, problems: Problems
) -> None:
    """A rule must say where it comes from, or that it is assumed and what is."""
    if entry.source is not None and entry.source not in sources:
        problems.add(
            node.items["source"],
            f"there is no source {quote(entry.source)}",
            closest_hint(entry.source, sources),
        )
    if entry.source is None and entry.status != "assumed":
        problems.add(node, f"rule {name} is {entry.status} but has no 'source'", "source: a key of 'sources'")
    if entry.note is None and entry.status == "assumed":
        problems.add(
            node, f"rule {name} is assumed but has no 'note'", "note: what is assumed, in a sentence"
        )


def _by_kind(
    section: str, rule: str, entry: Node, key: Scalar, problems: Problems
) -> Iterator[tuple[str, tuple[str, ...], Node]]:
    """An entry as it is, for both contract kinds, or its parts: (name, kinds, node)."""
    name = f"{section}.{rule}"
    if not isinstance(entry, Map) or not entry.items or not entry.items.keys() <= set(KINDS):
        yield name, KINDS, entry
    elif not is_by_contract(section, rule):
        problems.add(key, f"rule {name} holds for the whole venue, not by contract kind")
    else:
        for kind, part in entry.items.items():
            yield f"{name}.{kind}", (kind,), part


def _overrides(node: Node, problems: Problems) -> Layer:
    """The `rules` of a scenario: {section: {rule: value or {value: ...}}}, by contract kind where the rule
    may differ by it."""
    layer: Layer = {}
    if not isinstance(node, Map):
        problems.add(node, "'rules' must be a map of sections", f"known here: {', '.join(ALL_SECTIONS)}")
        return layer
    for section, inner in node.items.items():
        if section not in ALL_SECTIONS:
            problems.add(
                node.keys[section],
                f"unknown key {quote(section)} in 'rules'",
                closest_hint(section, ALL_SECTIONS),
            )
            continue
        if not isinstance(inner, Map):
            problems.add(inner, f"{quote(section)} of 'rules' must be a map of rules")
            continue
        known = list(keys_of(section_of(section)))
        for rule, entry in inner.items.items():
            if rule not in known:
                problems.add(
                    inner.keys[rule],
                    f"unknown key {quote(rule)} in {quote(section)} of 'rules'",
                    closest_hint(rule, known),
                )
                continue
            for name, kinds, part in _by_kind(section, rule, entry, inner.keys[rule], problems):
                value = (
                    part.items["value"] if isinstance(part, Map) and part.items.keys() == {"value"} else part
                )
                for kind in kinds:
                    layer[section, rule, kind] = Rule(name, value, None, GIVEN, "")
    return layer
