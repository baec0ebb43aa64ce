"""What a rulebook file states of each rule, and what a scenario's `rules` do: value, source, status and note.

Public: Rule, Convention, Layer, KINDS, ALL_SECTIONS, ASSUMED, GIVEN, stated_in, overrides_of, conventions, conventional,
tell_unknown.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from adlcalc.source.document import read_document
from adlcalc.source.keys import keys_of
from adlcalc.source.nodes import List, Map, Node, Scalar, Source
from adlcalc.source.problems import Problems, near_and_all, nearest, quote
from adlcalc.source.schema import check
from adlcalc.venues.files import CONVENTIONS, conventions_source
from adlcalc.venues.schema import RuleEntry, RuleValues, SilentEntry, SourceNote, is_by_contract, section_of

KINDS = ("linear", "inverse")
ALL_SECTIONS = tuple(keys_of(RuleValues))
GIVEN = "given"
"""The status of a rule that the scenario sets itself."""
ASSUMED = "assumed"
"""The status of a rule that no document is named for."""
ENTRY_KEYS = (*keys_of(RuleEntry), *keys_of(SilentEntry))


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a rulebook. name: 'adl.score', or 'margin.maintenance.linear' where it is written by
    contract kind. alternatives: the other values that an assumed one could have; of a range its ends. table:
    the venue's table that its value was taken from."""

    name: str
    node: Node
    source: str | None
    status: str
    note: str
    alternatives: tuple[Node, ...] = ()
    table: str | None = None


class Convention(NamedTuple):
    """What holds where a venue is silent on a rule."""

    value: str
    note: str
    alternatives: tuple[Node, ...]


Layer = dict[tuple[str, str, str], Rule]
"""(section, rule, kind) -> Rule"""


def stated_in(root: Map, sources: Mapping[str, SourceNote], problems: Problems) -> Layer:
    """The rules that a rulebook file states, each {value, source, status, note}, {silent} or a plain value,
    or that by contract kind. A section without rules says nothing."""
    layer: Layer = {}
    written = root.items.get("sources")  # a faulty one is cited all the same
    known = dict.fromkeys([*sources, *(written.items if isinstance(written, Map) else ())])
    for section in ALL_SECTIONS:
        node = root.items.get(section)
        if node is None or (isinstance(node, Scalar) and node.is_null):
            continue
        if not isinstance(node, Map):
            problems.add(node, f"{quote(section)} must be a map of rules")
            continue
        tell_unknown(node, keys_of(section_of(section)), quote(section), problems)
        for rule, entry in node.items.items():
            for name, kinds, part in _by_kind(section, rule, entry, node.keys[rule], problems):
                found = _entry(name, part, known, problems)
                if found is not None:
                    layer |= {(section, rule, kind): found for kind in kinds}
    return layer


def _entry(name: str, node: Node, sources: Collection[str], problems: Problems) -> Rule | None:
    """A rule with all that is said of it, or a plain value, which is an assumption; None where nothing is
    left of it."""
    if not _says_more(node):
        return Rule(name, node, None, ASSUMED, _unsourced(node))
    assert isinstance(node, Map)
    tell_unknown(node, ENTRY_KEYS, f"rule {name}", problems)
    if "silent" in node.items:
        return _by_convention(name, node, sources, problems)
    model = check(RuleEntry, node, problems, what=f"rule {name}").model
    value = node.items.get("value")
    if model is not None:
        _check_entry(name, model, sources, node, problems)
    if value is None:
        return None
    if model is None:  # the value is checked all the same
        return Rule(name, value, None, ASSUMED, "")
    others = tuple(_alternatives(name, model.status, node, problems))
    return Rule(name, value, model.source, model.status, model.note or "", others)


def _unsourced(node: Node) -> str:
    """What is said of a plain value: `pro-rata` stands in mine.yaml, which names no source for it."""
    value = f"`{node.text}`" if isinstance(node, Scalar) else "The value"
    return (
        f"{value} stands in {os.path.basename(node.source.name)}, which names no source for it; so it is "
        "assumed."
    )


def _says_more(node: Node) -> bool:
    """Is it {value, source, status, note} or {silent}, and no value that is a map itself (tiers, a
    drawdown)?"""
    if not isinstance(node, Map):
        return False
    return not node.items or any(key in ENTRY_KEYS or nearest(key, ENTRY_KEYS) for key in node.items)


def _by_convention(name: str, node: Map, sources: Collection[str], problems: Problems) -> Rule | None:
    """The convention for a rule on which a document that was read for it says nothing."""
    said = check(SilentEntry, node, problems, what=f"rule {name}").model
    if said is not None:
        _check_source(said.silent, sources, node.items["silent"], problems)
    known = conventions()
    found = known.get(name.removesuffix(".linear").removesuffix(".inverse"))
    if found is None:
        there = f"there is one for {', '.join(known)}; of others say {{value, source, status: assumed, note}}"
        problems.add(node, f"adlcalc has no convention for rule {name}", there)
    if said is None or found is None:
        return None
    value = Scalar(
        node.source, found.value, quoted=False, line=node.line, column=node.column, length=node.length
    )
    return Rule(name, value, said.silent, ASSUMED, found.note, found.alternatives)


def conventions() -> Mapping[str, Convention]:
    """What holds where a venue is silent, by the names of the rules."""
    return _conventions(conventions_source().text)


def conventional() -> Mapping[str, Rule]:
    """The same as rules."""
    return _rules(conventions_source().text)


@cache
def _conventions(text: str) -> Mapping[str, Convention]:
    return {
        name: Convention(rule.node.text, rule.note, rule.alternatives)
        for name, rule in _rules(text).items()
        if isinstance(rule.node, Scalar)
    }


@cache
def _rules(text: str) -> Mapping[str, Rule]:
    problems = Problems()
    root = read_document(Source(CONVENTIONS, text), problems)
    assert isinstance(root, Map)
    layer = stated_in(root, {}, problems)
    problems.raise_if_any()
    return {rule.name: rule for rule in layer.values()}


def _check_entry(
    name: str, entry: RuleEntry, sources: Collection[str], node: Map, problems: Problems
) -> None:
    """A rule must say where it comes from, or that it is assumed and what is."""
    if entry.source is not None:
        _check_source(entry.source, sources, node.items["source"], problems)
    if entry.source is None and entry.status != ASSUMED:
        problems.add(node, f"rule {name} is {entry.status} but has no 'source'", "source: a key of 'sources'")
    if entry.note is None and entry.status == ASSUMED:
        problems.add(
            node, f"rule {name} is assumed but has no 'note'", "note: what is assumed, in a sentence"
        )


def _check_source(key: str, sources: Collection[str], node: Node, problems: Problems) -> None:
    if key not in sources:
        problems.add(node, f"there is no source {quote(key)}", near_and_all(key, sources))


def _alternatives(name: str, status: str, entry: Map, problems: Problems) -> Iterator[Node]:
    """What else an assumed rule could be: the values of the list, or the two ends of {from, to}."""
    given = entry.items.get("alternatives")
    if given is None:
        return
    if status != "assumed":
        problems.add(
            entry.keys["alternatives"], f"rule {name} is {status}: only an assumed one has 'alternatives'"
        )
    elif isinstance(given, List):
        yield from given.items
    elif isinstance(given, Map) and given.items.keys() == {"from", "to"}:
        yield from given.items.values()
    else:
        problems.add(
            given, f"'alternatives' of rule {name} must be a list of values, or {{from, to}} for a number"
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


def overrides_of(node: Node, problems: Problems) -> Layer:
    """The `rules` of a scenario: {section: {rule: value or {value: ...}}}, by contract kind where the rule
    may differ by it."""
    layer: Layer = {}
    assert isinstance(node, Map)  # the file has been held against its schema, sections included
    for section, inner in node.items.items():
        if section not in ALL_SECTIONS:
            _unknown(node, section, "'rules'", ALL_SECTIONS, problems)
            continue
        assert isinstance(inner, Map)
        known = list(keys_of(section_of(section)))
        for rule, entry in inner.items.items():
            if rule not in known:
                _unknown(inner, rule, f"{quote(section)} of 'rules'", known, problems)
                continue
            for name, kinds, part in _by_kind(section, rule, entry, inner.keys[rule], problems):
                value = (
                    part.items["value"] if isinstance(part, Map) and part.items.keys() == {"value"} else part
                )
                for kind in kinds:
                    layer[section, rule, kind] = Rule(name, value, None, GIVEN, "")
    return layer


def tell_unknown(node: Map, known: Collection[str], what: str, problems: Problems) -> None:
    """Tell the keys that are not known, each with the nearest and the list; one is then taken for the
    nearest, where that is not given, so that what stands under it is checked as well."""
    for key in [key for key in node.items if key not in known]:
        _unknown(node, key, what, known, problems)
        meant, value, place = nearest(key, known), node.items[key], node.keys[key]
        node.drop(key)
        if meant is not None and meant not in node.items:
            node.put(Scalar(place.source, meant, True, place.line, place.column, place.length), value)


def _unknown(node: Map, key: str, what: str, known: Collection[str], problems: Problems) -> None:
    problems.add(node.keys[key], f"unknown key {quote(key)} in {what}", near_and_all(key, known))
