"""Which published number exercises which rule: every case that names a vector of its venue is run again with
each rule of the rulebook changed. One that still holds does not test the rule.

`pytest tests/test_validation.py --update-golden` measures all of it and writes adlcalc/venues/validation.csv,
which `adlcalc venues NAME --validation` shows."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal, Inexact
from pathlib import Path
from typing import Any
from unittest import mock

import yaml
from test_cases import RULES, Given, cases, differences

import adlcalc
from adlcalc.engine.declared import Takes
from adlcalc.ground.numbers import D, exact, show
from adlcalc.source import Problems
from adlcalc.source.document import read_value
from adlcalc.source.nodes import Map, Node, Source
from adlcalc.source.problems import ScenarioErrors
from adlcalc.study.doubt import _changed
from adlcalc.venues import rulebook as books
from adlcalc.venues.coverage import lines_of, open_rulebook
from adlcalc.venues.files import shipped
from adlcalc.venues.parts import SECTIONS, first_leaves
from adlcalc.venues.rulebook import Rulebook, stated
from adlcalc.venues.stated import GIVEN, Rule

FILE = Path(adlcalc.__file__).parent / "venues" / "validation.csv"
OTHERS = 4
"""So many other values of a rule are tried."""
ROUNDED = ("against-account", "down", "up", "nearest", "per-contract")
WORDS = {
    "contract.rounding": ("total", "per-contract"),
    "contract.bankruptcy_price": ROUNDED,
    "contract.liquidation_price": ROUNDED[:-1],
    "margin.maintenance_on": ("mark", "entry"),
    "margin.commission": ("none", "maintenance", "both-sides"),
}


def node_of(text: str) -> Node:
    """A value as a rulebook would write it."""
    found = read_value(Source("other", text), Problems())
    assert found is not None
    return found


def others_of(rule: Rule) -> Iterator[Node]:
    """Other values of a rule: those that an assumed one names, else others of its kind."""
    yield from rule.alternatives
    if rule.name == "liquidation.method":  # which goes with another use of the queue
        other = {
            "takeover": "market, with: {adl.when: remainder",
            "market": "takeover, with: {adl.when: after-fund",
        }
        yield node_of(f"{{value: {other[rule.node.text]}, backstop.kind: none}}}}")  # type: ignore[attr-defined]
    section, _, name = re.sub(r"\.(linear|inverse)$", "", rule.name).partition(".")
    written = "; ".join(lines_of(rule.node))
    leaf = first_leaves(SECTIONS[section]).get(name) if section in SECTIONS else None
    if leaf is None:
        words = WORDS.get(f"{section}.{name}", ())
        yield from (node_of(word) for word in words if word != written)
        if not words:
            yield from _amounts(rule.node)
    elif not isinstance(leaf.rule.takes, Takes):
        yield from (node_of(str(one)) for one in leaf.rule.takes if str(one) != written)
    elif leaf.rule.takes is Takes.FLAG:
        yield node_of("false" if written == "true" else "true")
    elif leaf.rule.takes is Takes.DRAWDOWN:
        yield node_of("none" if written != "none" else "{start: 0.1, stop: 0.05}")
        if written != "none":
            yield from _amounts(rule.node)
    else:
        yield from _amounts(rule.node)


def _amounts(node: Node) -> Iterator[Node]:
    """Twice and half of every number in a value; of zero a little."""
    if isinstance(node, Map):
        plain = yaml.safe_load(re.sub(r"(?<=\d)_(?=\d)", "", _text(node)))
        for factor in ("2", "0.5"):
            yield node_of(_dump(_scaled(plain, Decimal(factor))))
        return
    number = D(node.text.replace("_", ""))  # type: ignore[union-attr]  # a scalar
    yield from (
        node_of(show(other)) for other in ((number * 2, number / 2) if number else (D("0.001"), D(1)))
    )


def _text(node: Any) -> str:
    """A value in brackets."""
    if isinstance(node, Map):
        return "{" + ", ".join(f"{key}: {_text(inner)}" for key, inner in node.items.items()) + "}"
    if hasattr(node, "items"):
        return "[" + ", ".join(map(_text, node.items)) + "]"
    return str(node.text)


def _scaled(value: Any, factor: Decimal) -> Any:
    """Every rate times the factor."""
    if isinstance(value, dict):
        return {
            key: _scaled(inner, factor) if isinstance(inner, dict | list) or "rate" in key or key in ("start", "stop", "slope")
            else inner
            for key, inner in value.items() if key != "deduction"
        }  # fmt: skip
    if isinstance(value, list):
        return [_scaled(inner, factor) for inner in value]
    return Decimal(str(value)) * factor


def _dump(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_dump(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_dump, value)) + "]"
    return show(value) if isinstance(value, Decimal) else str(value)


def vectors_of(case: Mapping[str, Any], known: Mapping[str, Rulebook]) -> tuple[str, list[str]]:
    """The venue that a case is of, and the vectors of that venue that it names as its source."""
    venue = case.get("given", {}).get("venue", "")
    if "scenario" in case and (found := re.search(r"^venue: (\S+)", case["scenario"], re.MULTILINE)):
        venue = found[1]
    if venue not in known:
        return "", []
    met = [name.partition(" ")[0] for name in known[venue].vectors.met]
    return venue, [name for name in met if re.search(rf"\b{re.escape(name)}\b", str(case.get("source", "")))]


def holds(case: Mapping[str, Any], folder: Path) -> bool:
    """Is the case's number met?"""
    try:
        if "scenario" in case:
            file = folder / "scenario.yaml"
            file.write_text(case["scenario"], encoding="utf-8")
            got: Any = adlcalc.run(adlcalc.load(file)).to_dict()
        else:
            with exact():
                got = RULES[case["rule"]](Given(case["given"]))
    except ScenarioErrors:
        return "error" in case
    except Exception:
        return False
    try:
        with exact():
            return "error" not in case and not list(
                differences(case["expect"], got, D(case.get("within", "0")))
            )
    except Inexact:  # a number of another size altogether
        return False


@contextmanager
def changed(venue: str, rule: str, node: Node) -> Iterator[None]:
    """Whoever loads the venue's rulebook meanwhile gets it with that rule changed, unless a scenario sets the
    rule itself."""
    load = books._load

    def other(*args: Any, **kwargs: Any) -> Rulebook | None:
        book = load(*args, **kwargs)
        if book is None or book.venue != venue:
            return book
        own = {one.name for by_name in book.rules.values() for one in by_name.values() if one.status == GIVEN}
        if rule in own:
            return book
        problems = Problems()
        found = book.reread(_changed(rule, node), problems)
        return book if found is None or len(problems) else found

    with mock.patch.object(books, "_load", other):
        yield


def measured(venue: str) -> dict[str, list[str]]:
    """Rule -> the vectors that break when it is changed, in the order in which the rulebook has them."""
    known = {name: open_rulebook(name) for name in shipped()}
    book = known[venue]
    named = ((case.values[0], *vectors_of(case.values[0], known)) for case in cases())
    mine = [(case, names) for case, at, names in named if at == venue and names]
    found: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for rule in stated(book):
            broken: dict[str, None] = {}
            for node in usable(book, rule):
                with changed(venue, rule.name, node):
                    for case, names in mine:
                        if not set(names) <= broken.keys() and not holds(case, folder):
                            broken |= dict.fromkeys(names)
            found[rule.name] = sorted(
                broken, key=lambda one: [m.partition(" ")[0] for m in book.vectors.met].index(one)
            )
    return found


def usable(book: Rulebook, rule: Rule) -> list[Node]:
    """The other values that the rest of the rulebook allows."""
    found = []
    for node in others_of(rule):
        problems = Problems()
        if book.reread(_changed(rule.name, node), problems) is not None and not len(problems):
            found.append(node)
        if len(found) == OTHERS:
            break
    return found
