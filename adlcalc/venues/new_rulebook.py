"""The rulebook that `adlcalc new rulebook` writes: every rule that there is, as the generic rulebook has it,
in comments with its meaning and its other values.

Made from the declarations of the rules; only what stands before and between them is written here.

Public: rulebook_text.
"""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from adlcalc.engine.declared import Takes
from adlcalc.source.keys import keys_of
from adlcalc.source.nodes import Node, Place, Scalar, Source
from adlcalc.source.problems import Problems
from adlcalc.venues.layers import GENERIC
from adlcalc.venues.rule_list import RuleRow, rule_rows
from adlcalc.venues.rulebook import Rulebook, load_rulebook
from adlcalc.venues.schema import RuleValues, section_of
from adlcalc.venues.stated import KINDS

WIDTH = 110
UNSET = "  # none where it is left out"
HEAD = """\
# yaml-language-server: $schema=rulebook.schema.json
venue: my-venue
title: A rulebook of your own, told as differences from the generic one
as_of: "2026"
extends: generic              # every rule that is not given here
# `adlcalc schema rulebook > rulebook.schema.json` lets editors complete this file. A scenario beside it names it:
# `venue: my-venue.yaml`.

sources:                      # the documents that the rules are taken from
  help: {title: Liquidation and auto-deleveraging, url: "https://example.com/help/adl", seen: 2026-11-22}

# Every rule stands below behind a `#`, with what generic says, or what holds where a rulebook says nothing. Take
# the `#` away and give another value. A plain value counts as assumed, and a run that uses it says so; with the
# document that says it, it is
#   due: {value: below, source: help, status: documented}
# and `status: observed` is what the venue's data shows; a `note` is a sentence for the reader. Where it says
# nothing, `ties: {silent: help}` takes what adlcalc assumes then (`adlcalc venues conventions`). A rule that plays
# a part only beside others says beside which; anywhere else it is refused.
"""


def rulebook_text() -> str:
    """The file."""
    book = load_rulebook(GENERIC, Problems(), where=Place(Source(GENERIC, "")))
    assert book is not None
    return HEAD + "".join(f"{line}\n" for line in _lines(book))


def _lines(book: Rulebook) -> Iterator[str]:
    for section in keys_of(RuleValues):
        kind = section_of(section)
        yield ""
        yield f"{section}:  # {' '.join((kind.__doc__ or '').split())}"
        for rule in keys_of(kind):
            yield ""
            yield from _rule(f"{section}.{rule}", book)


def _rule(name: str, book: Rulebook) -> Iterator[str]:
    """A rule's meaning, its values, and the line that states it."""
    first, *values = rule_rows([book], name)
    takes = "an expression, or one of these" if values and "expression" in first.value else first.value
    meaning = first.meaning if first.meaning.endswith("?") else f"{first.meaning}."
    yield from _comment(f"{meaning} Takes {takes}{':' if values else '.'}")
    for row in values:
        left = f" Left out: {row.default}." if row.default else ""
        yield from _comment(f"{row.value}: {row.meaning}{left}", "  ")
    if first.where:
        yield from _comment(f"Plays a part under {first.where}.")
    yield f"  #{name.partition('.')[2]}: {_value(first, book)}"


def _value(row: RuleRow, book: Rulebook) -> str:
    """What generic says, as YAML; of what has no value where it is left out, any."""
    stated = book.rules[KINDS[0]].get(row.rule)
    if stated is not None:
        return _written(stated.node)
    numbers = {str(takes.value) for takes in Takes} - {Takes.DRAWDOWN.value}
    return f"1{UNSET}" if row.default == "none" and row.value in numbers else row.default


def _written(node: Node) -> str:
    assert isinstance(node, Scalar)  # generic states no map
    return node.text


def _comment(text: str, indent: str = "") -> Iterator[str]:
    start = f"  # {indent}"
    for line in wrap(text, WIDTH - len(start), break_long_words=False, break_on_hyphens=False):
        yield start + line
        start = f"  # {indent}  " if indent else start
