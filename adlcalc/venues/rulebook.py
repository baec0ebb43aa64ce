"""Reading a rulebook: its own rules over those it extends, a scenario's `rules` over both -> Rulebook.

Each value keeps the node it came from, so an error in any layer points at its own file and line.

Public: Rulebook, Rule, load_rulebook, shipped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from importlib.resources import files
from pathlib import Path as FilePath
from typing import Any, NamedTuple

from adlcalc.engine.model import (
    AdlRules,
    Assumption,
    BackstopRules,
    Drawdown,
    FundRules,
    LastResortRules,
    LiquidationRules,
    Maintenance,
    MarginRules,
    Rules,
)
from adlcalc.source.document import read_document
from adlcalc.source.fields import Strict
from adlcalc.source.files import DOCUMENT_LIMIT, companion, text_of
from adlcalc.source.nodes import Map, Node, Path, Scalar, Source, at
from adlcalc.source.problems import Located, Problems, closest_hint, quote
from adlcalc.source.schema import check, subject
from adlcalc.venues.combinations import combination_faults
from adlcalc.venues.maintenance import MaintenanceValue, faults, to_engine
from adlcalc.venues.named_tables import Table, Tables
from adlcalc.venues.schema import DrawdownRule, Head, RuleEntry, RuleValues, SourceNote, VectorNotes, is_by_contract

KINDS = ("linear", "inverse")
SECTIONS = tuple(RuleValues.model_fields)
SECTION_TYPES = {
    "margin": MarginRules,
    "liquidation": LiquidationRules,
    "fund": FundRules,
    "backstop": BackstopRules,
    "adl": AdlRules,
    "last_resort": LastResortRules,
}
"""A section's rules become the engine's fields of the same names; what a rulebook leaves out keeps the engine's default."""
SHIPPED_AS = "adlcalc/venues/"
"""How the folder of the shipped rulebooks is shown in messages."""
GIVEN = "given"
"""The status of a rule that the scenario sets itself."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a rulebook. name: 'adl.score', or 'margin.maintenance.linear' where it is written by contract kind."""

    name: str
    node: Node
    source: str | None
    status: str
    note: str


@dataclass(frozen=True, slots=True)
class Rulebook:
    """A checked rulebook. values: the rules per contract kind; rules[kind][name]: where each came from, in file order."""

    venue: str
    title: str
    as_of: str
    sources: Mapping[str, SourceNote]
    not_modeled: tuple[str, ...]
    values: Mapping[str, RuleValues]
    rules: Mapping[str, Mapping[str, Rule]]
    vectors: VectorNotes
    tables: Tables | None = None

    def table(
        self, name: str, kind: str, problems: Problems, where: Located, *, multiplier: Decimal | None = None
    ) -> MaintenanceValue | None:
        """The maintenance of the venue's table of that name, for a market; None where `problems` says why not."""
        found = _table(self.venue, self.tables, name, kind, problems, where, multiplier)
        return None if found is None else found.rule

    def maintenance(self, kind: str, *, own: MaintenanceValue | None = None, money_unit: Decimal, lot: Decimal) -> Maintenance:
        """The maintenance margin of a market: the venue's for its contract kind, or its own; the venue's fee is added."""
        rules = self.values[kind].margin
        maintenance = rules.maintenance if own is None else own
        return to_engine(maintenance, rules.closing_fee, on=rules.maintenance_on, money_unit=money_unit, lot=lot)

    def engine_rules(self, kinds: Collection[str], tabled: Collection[str], named: Collection[str] = ()) -> Rules:
        """The engine's Rules. kinds: the contract kinds in use; tabled: those whose maintenance is the rulebook's; named: the
        tables that markets name."""
        values = self.values[KINDS[0]]
        sections: dict[str, Any] = {}
        for name, section in SECTION_TYPES.items():
            given = getattr(values, name, None)
            sections[name] = section(
                **{f.name: _engine_value(getattr(given, f.name)) for f in fields(section) if hasattr(given, f.name)}
            )
        return Rules(assumptions=(*self._assumptions(kinds, tabled), *self._of_tables(named)), **sections)

    def _assumptions(self, kinds: Collection[str], tabled: Collection[str]) -> Iterator[Assumption]:
        """The assumed rules that a run with these contracts uses, each once, in file order."""
        told = set()
        for rule_name in self.rules[KINDS[0]]:
            for kind in tabled if rule_name == "margin.maintenance" else kinds:
                rule = self.rules[kind][rule_name]
                if rule.status == "assumed" and rule.name not in told:
                    told.add(rule.name)
                    yield Assumption(rule.name, rule.note)

    def _of_tables(self, named: Collection[str]) -> Iterator[Assumption]:
        """What is assumed in the tables that markets name."""
        for name, table in self.tables.all(Problems()).items() if self.tables and named else ():
            if name in named and table.note:
                yield Assumption(f"tables.{name}", table.note)


def _engine_value(value: Any) -> Any:
    """A rule's value as the engine has it."""
    if isinstance(value, DrawdownRule):
        window = None if value.window_hours is None else int(value.window_hours * 3600)
        return Drawdown(value.start, value.stop, window, value.at_least, value.above)
    return value


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
    return sorted(file.name[:-5] for file in files("adlcalc.venues").iterdir() if file.name.endswith(".yaml"))


def load_rulebook(
    name: str, problems: Problems, *, where: Located, folder: str | None = None, overrides: Node | None = None
) -> Rulebook | None:
    """The rulebook of that name or path, with a scenario's `rules` on top; None where `problems` says why not.

    folder: where relative paths begin, which they may not leave; None for a path from the command line, which may be anywhere.
    """
    read = _read(name, problems, where, folder, ())
    if read is None:
        return None
    head, root, layer, sources, tables = read
    if overrides is not None:
        layer |= _overrides(overrides, problems)
    if not _take_tables(head.venue, layer, tables, problems):
        return None
    unsaid = _unsaid(layer)
    if unsaid:
        shown = ", ".join(unsaid[:4]) + (f" and {len(unsaid) - 4} more" if len(unsaid) > 4 else "")
        problems.add(root, f"rulebook {quote(head.venue)} does not say {shown}", "give them, or write extends: generic")
        return None
    values = {}
    for kind in KINDS:
        tree = _tree(root, layer, kind)
        checked = check(RuleValues, tree, problems, what=f"rulebook {quote(head.venue)}")
        if checked.model is not None:
            values[kind] = checked.model
            for path, message, hint in _faults(checked.model):
                problems.add(at(tree, path), f"{subject(RuleValues, tree, path)} {message}", hint)
    if len(values) < len(KINDS):
        return None
    rules = {kind: {f"{section}.{rule}": entry for (section, rule, k), entry in layer.items() if k == kind} for kind in KINDS}
    return Rulebook(head.venue, head.title, head.as_of, sources, tuple(head.not_modeled), values, rules, head.vectors, tables)


def _take_tables(venue: str, layer: Layer, tables: Tables | None, problems: Problems) -> bool:
    """Put the venue's table where a maintenance rule names one, so that it is shown and checked like any other; False where
    `problems` says why not."""
    before = len(problems)
    for kind in KINDS:
        rule = layer.get(("margin", "maintenance", kind))
        named = rule.node.items.get("table") if rule and isinstance(rule.node, Map) and len(rule.node.items) == 1 else None
        if rule and isinstance(named, Scalar):
            found = _table(venue, tables, named.text, kind, problems, named, None)
            layer["margin", "maintenance", kind] = rule if found is None else replace(rule, node=found.node)
    return len(problems) == before


def _table(
    venue: str, tables: Tables | None, name: str, kind: str, problems: Problems, where: Located, multiplier: Decimal | None
) -> Table | None:
    if tables is not None:
        return tables.find(name, kind, problems, where, multiplier=multiplier)
    problems.add(where, f"venue {quote(venue)} has no tables", "give the tiers: maintenance: {tiers: [...]}")
    return None


def _faults(values: RuleValues) -> Iterator[tuple[Path, str, str]]:
    """What is wrong with a contract kind's rules beyond the form of their keys: (path, predicate, hint)."""
    for path, message, hint in faults(values.margin.maintenance):
        yield ("margin", "maintenance", *path), message, hint
    yield from combination_faults(values)


def _unsaid(layer: Layer) -> list[str]:
    """The rules that have no default and are not in the layer."""
    names = []
    for section in SECTIONS:
        for rule, field in _model_of(section).model_fields.items():
            if field.is_required():
                names += [f"{section}.{rule}"] * any((section, rule, kind) not in layer for kind in KINDS)
    return names


def _model_of(section: str) -> type[Strict]:
    """The model that declares a section's rules."""
    model = RuleValues.model_fields[section].annotation
    assert isinstance(model, type)
    assert issubclass(model, Strict)
    return model


def _tree(root: Map, layer: Layer, kind: str) -> Map:
    """The layer's values as one tree {section: {rule: value}} for a contract kind."""
    tree = Map(root.source, root.line, root.column, root.length)
    for section in SECTIONS:
        stated = root.items.get(section)
        spot = stated if isinstance(stated, Map) else root
        inner = Map(spot.source, spot.line, spot.column, spot.length)
        tree.put(Scalar(spot.source, section, True, spot.line, spot.column, spot.length), inner)
        for (in_section, rule, k), entry in layer.items():
            if in_section == section and k == kind:
                node = entry.node
                inner.put(Scalar(node.source, rule, True, node.line, node.column, node.length), node)
    return tree


def _read(name: str, problems: Problems, where: Located, folder: str | None, above: tuple[str, ...]) -> _Read | None:
    """A rulebook and what it extends. above: the rulebooks that led here, to refuse a circle."""
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
        for section in SECTIONS:
            bare.drop(section)
    known = (*Head.model_fields, *SECTIONS)
    checked = check(Head, _named_keys(bare, known, problems), problems, what="the rulebook")
    head = checked.model
    if head is None or not isinstance(root, Map):
        return None
    layer: Layer = {}
    sources: dict[str, SourceNote] = {}
    tables = None
    if head.extends is not None:
        base = _read(head.extends, problems, root.items["extends"], str(FilePath(source.name).parent), (*above, source.name))
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
            problems.add(place, f"source {quote(key)} is another document in {quote(head.extends)}", "take another key")
    layer |= _stated(root, sources, problems)
    cited = head.sources.keys() | {rule.source for rule in layer.values()}
    return _Read(head, root, layer, {key: note for key, note in sources.items() if key in cited}, tables)


def _beside(name: str, rulebook: str, where: Located) -> Source:
    """The text of a file beside a rulebook, in its folder or below."""
    if rulebook.startswith(SHIPPED_AS):
        return text_of(str(files("adlcalc.venues") / name), shown_as=f"{SHIPPED_AS}{name}")
    return companion(str(FilePath(rulebook).parent), name, where, limit=DOCUMENT_LIMIT)


def _named_keys(root: Node, known: Collection[str], problems: Problems) -> Node:
    """Tell unknown top-level keys with sections among the valid ones, and go on without them."""
    if isinstance(root, Map):
        for key in [key for key in root.items if key not in known]:
            problems.add(root.keys[key], f"unknown key {quote(key)} in the rulebook", closest_hint(key, known))
            root.drop(key)
    return root


def _source(name: str, problems: Problems, where: Located, folder: str | None) -> Source | None:
    """The text of a shipped rulebook or of a user's file."""
    if "/" not in name and not name.endswith((".yaml", ".yml")):
        names = shipped()
        if name in names:
            return text_of(str(files("adlcalc.venues") / f"{name}.yaml"), shown_as=f"{SHIPPED_AS}{name}.yaml")
        problems.add(where, f"there is no venue {quote(name)}", closest_hint(name, names))
        return None
    if folder is None:
        return text_of(name)
    return companion(folder, name, where, limit=DOCUMENT_LIMIT)


def _stated(root: Map, sources: Mapping[str, SourceNote], problems: Problems) -> Layer:
    """The rules that a rulebook file states, each {value, source, status, note} or that by contract kind."""
    layer: Layer = {}
    for section in SECTIONS:
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
                    layer[section, rule, kind] = Rule(name, value, model.source, model.status, model.note or "")
    return layer


def _check_entry(name: str, entry: RuleEntry, sources: Mapping[str, SourceNote], node: Map, problems: Problems) -> None:
    """A rule must say where it comes from, or that it is assumed and what is."""
    if entry.source is not None and entry.source not in sources:
        problems.add(node.items["source"], f"there is no source {quote(entry.source)}", closest_hint(entry.source, sources))
    if entry.source is None and entry.status != "assumed":
        problems.add(node, f"rule {name} is {entry.status} but has no 'source'", "source: a key of 'sources'")
    if entry.note is None and entry.status == "assumed":
        problems.add(node, f"rule {name} is assumed but has no 'note'", "note: what is assumed, in a sentence")


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
    """The `rules` of a scenario: {section: {rule: value or {value: ...}}}, by contract kind where the rule may differ by it."""
    layer: Layer = {}
    if not isinstance(node, Map):
        problems.add(node, "'rules' must be a map of sections", f"known here: {', '.join(SECTIONS)}")
        return layer
    for section, inner in node.items.items():
        if section not in SECTIONS:
            problems.add(node.keys[section], f"unknown key {quote(section)} in 'rules'", closest_hint(section, SECTIONS))
            continue
        if not isinstance(inner, Map):
            problems.add(inner, f"{quote(section)} of 'rules' must be a map of rules")
            continue
        known = list(_model_of(section).model_fields)
        for rule, entry in inner.items.items():
            if rule not in known:
                problems.add(
                    inner.keys[rule], f"unknown key {quote(rule)} in {quote(section)} of 'rules'", closest_hint(rule, known)
                )
                continue
            for name, kinds, part in _by_kind(section, rule, entry, inner.keys[rule], problems):
                value = part.items["value"] if isinstance(part, Map) and part.items.keys() == {"value"} else part
                for kind in kinds:
                    layer[section, rule, kind] = Rule(name, value, None, GIVEN, "")
    return layer
