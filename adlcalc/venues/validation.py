"""Which published numbers of a venue exercise which of its rules. It is measured, by running every number
again with each rule changed (tests/validation.py), and kept in validation.csv; a number that holds whatever a
rule says does not test it.

Public: Validated, validated, untested, measurements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

from adlcalc.venues.files import SHIPPED, SHIPPED_AS
from adlcalc.venues.rulebook import Rulebook, stated

DOCUMENTED = "documented"


@cache
def measurements() -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Venue -> rule -> the numbers that test it, as they were measured."""
    import csv

    found: dict[str, dict[str, list[str]]] = {}
    with (SHIPPED / "validation.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["venue"], {})[row["rule"]] = row["vectors"].split()
    return found


class Validated(NamedTuple):
    """A rule and the numbers that break when it is changed."""

    rule: str
    status: str
    vectors: tuple[str, ...]


def validated(book: Rulebook) -> list[Validated]:
    """Every stated rule of a rulebook with the numbers that test it; none does in a rulebook of one's own."""
    ours = book.read.root.source.name.startswith(SHIPPED_AS)
    found = measurements().get(book.venue, {}) if ours else {}
    return [Validated(rule.name, rule.status, tuple(found.get(rule.name, ()))) for rule in stated(book)]


def untested(book: Rulebook) -> list[str]:
    """The documented rules that play a part and that no number tests; of a yardstick and of a rulebook of
    one's own nobody published any."""
    if book.timeless or not book.read.root.source.name.startswith(SHIPPED_AS):
        return []
    kinds = (".linear", ".inverse")
    return [
        one.rule
        for one in validated(book)
        if one.status == DOCUMENTED and not one.vectors
        if one.rule.removesuffix(kinds[0]).removesuffix(kinds[1]) in book.used
    ]
