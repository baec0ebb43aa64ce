"""Every rule that a rulebook can state: its values and their keys, what each means, where it plays a part and which
rulebooks state it.

Made from the declarations of engine/rules.py and the docstrings behind them; nothing is written down here.

Public: RuleRow, rule_rows, rule_names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, get_args

from adlcalc.engine.contract import BankruptcyPrice, Commission, LiquidationPrice
from adlcalc.engine.declared import Takes, Word, meaning_of
from adlcalc.engine.formulas.scores import SCORES
from adlcalc.engine.model import RateOf, Rounding
from adlcalc.ground.numbers import show
from adlcalc.source.keys import Key, Strict, keys_of
from adlcalc.venues.parts import SECTIONS, Leaf, default_of, leaves_of, where_words
from adlcalc.venues.rulebook import Rulebook
from adlcalc.venues.schema import RuleValues, by_mode, section_of
from adlcalc.venues.stated import KINDS, conventions

NONE = "none"


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule, or one of the values that a rule may take, or of the keys of a value that is a map.

    value: the name of the value or key, or in words which values there are. where: the rules beside which it plays a
    part.
    default: what it is where a rulebook says nothing; '' where a rulebook must say it. used_by: the rulebooks
    where it plays a part and has this value (a number: where it plays a part and is not none). convention: what
    is assumed where a rulebook says that the venue is silent; '' where nothing is."""

    rule: str
    value: str
    meaning: str
    where: str
    default: str
    used_by: tuple[str, ...]
    convention: str = ""


def rule_names() -> list[str]:
    """'adl.score' and all the others, in the order in which a rulebook states them."""
    return [f"{section}.{rule}" for section in keys_of(RuleValues) for rule in keys_of(section_of(section))]


def rule_rows(books: Sequence[Rulebook], only: str | None = None) -> list[RuleRow]:
    """All rules, each with its values, or those of one."""
    found, known = [], conventions()
    for name in rule_names() if only is None else [only]:
        section, _, rule = name.partition(".")
        leaves = (
            [leaf for leaf in leaves_of(SECTIONS[section]) if leaf.name == rule]
            if section in SECTIONS
            else []
        )
        first, *values = _declared(name, leaves, books) if leaves else _of_a_market(name, books)
        assumed = known.get(name)
        found += [replace(first, convention="" if assumed is None else assumed.value), *values]
        found += _keys(name)
    return found


def _keys(name: str) -> Iterator[RuleRow]:
    """A row for each key of the maps that a rule may take: 'start' of a drawdown, 'tiers.up_to' of a maintenance
    margin."""
    section, _, rule = name.partition(".")
    seen: set[str] = set()
    for key, said in _inner(keys_of(section_of(section))[rule].takes):
        if key not in seen:
            seen.add(key)
            default = "" if said.required or said.default is None else _written(said.default)
            yield RuleRow(name, key, _sentence(said.description), "", default, ())


def _inner(takes: Any) -> Iterator[tuple[str, Key]]:
    """The keys of the maps in a type, and of those in them."""
    if isinstance(takes, type) and issubclass(takes, Strict):
        for key, said in keys_of(takes).items():
            yield key, said
            yield from ((f"{key}.{inner}", one) for inner, one in _inner(said.takes))
    else:
        for one in get_args(takes):
            yield from _inner(one)


def _sentence(text: str) -> str:
    """With a capital, unless it begins with a word that is written so."""
    return f"{text}." if text.partition(" ")[0].endswith(":") else f"{text[:1].upper()}{text[1:]}."


def _declared(name: str, leaves: Sequence[Leaf], books: Sequence[Rulebook]) -> Iterator[RuleRow]:
    """The rows of a rule that the engine declares; what it means in each place where it plays a part."""
    where = where_words(leaf.where for leaf in leaves)
    means = "; or ".join(dict.fromkeys(leaf.rule.meaning for leaf in leaves))
    first = leaves[0]
    default = "" if first.rule.required else _written(default_of(first))
    users = [book for book in books if name in book.used]
    takes = first.rule.takes
    if isinstance(takes, Takes):
        own = (
            book.venue
            for book in users
            if default != NONE or {one.lower() for one in _written_in(book, name)} != {NONE}
        )
        yield RuleRow(name, takes.value, means, where, default, tuple(own))
        return
    yield RuleRow(
        name,
        "one of these" if takes is not SCORES else "one of these, or an expression",
        means,
        where,
        default,
        (),
    )
    yield from _values(name, takes, users)
    others = tuple(book.venue for book in users if not _written_in(book, name) <= set(map(str, takes)))
    if others:
        yield RuleRow(name, "an expression", "A score that the rulebook writes out.", "", "", others)


def _values(name: str, takes: type[Word] | Mapping[str, Any], users: Sequence[Rulebook]) -> Iterator[RuleRow]:
    """A row for each value that a rule may take."""
    choices: Mapping[str, Any] = takes if isinstance(takes, Mapping) else {str(word): word for word in takes}
    for choice, entry in choices.items():
        using = tuple(book.venue for book in users if choice in _written_in(book, name))
        yield RuleRow(name, choice, meaning_of(entry), "", "", using)


OF_A_MARKET: Mapping[str, str | type[Word]] = {
    "margin.maintenance": "a rate, {tiers}, {base_limit, step, base_rate, step_rate}, {base_rate, slope} or "
    "{base_rate, factor, "
    "exponent, of}",
    "margin.closing_fee": Takes.FRACTION.value,
    "margin.maintenance_on": RateOf,
    "margin.commission": Commission,
    "contract.rounding": Rounding,
    "contract.bankruptcy_fee": Takes.FRACTION_BELOW_ONE.value,
    "contract.bankruptcy_price": BankruptcyPrice,
    "contract.liquidation_price": LiquidationPrice,
}
"""The values of the rules that become a market's or a contract's."""


def _of_a_market(name: str, books: Sequence[Rulebook]) -> Iterator[RuleRow]:
    """The row of a rule that becomes a market's: the maintenance margin, its fee, rounding."""
    section, _, rule = name.partition(".")
    said = keys_of(section_of(section))[rule]
    default = "" if said.required else _written(said.default)
    takes, users = OF_A_MARKET[name], tuple(book.venue for book in books)
    if isinstance(takes, str):
        yield RuleRow(name, takes, said.description, "", default, users)
        return
    yield RuleRow(name, "one of these", said.description, "", default, ())
    yield from _values(name, takes, books)


def _written_in(book: Rulebook, name: str) -> set[str]:
    """The values of a rule in a rulebook: one, or one for each contract kind."""
    section, _, rule = name.partition(".")
    if name == "margin.commission":  # one for each margin mode; of a fee of zero it says nothing
        margins = [book.values[kind].margin for kind in KINDS]
        return {str(word) for one in margins if one.closing_fee for word in by_mode(one.commission)}
    return {str(getattr(getattr(book.values[kind], section), rule)) for kind in KINDS}


def _written(value: Any) -> str:
    """A default as a rulebook would write it."""
    return show(value) if isinstance(value, Decimal) else str(value).lower()
