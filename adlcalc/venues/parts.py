"""From the flat rules of a rulebook to the engine's types, and which of the rules play a part there.

Everything here is read from the declarations of engine/rules.py: a rule plays a part where the chosen types
have it.

Public: SECTIONS, Leaf, leaves_of, first_leaves, default_of, Part, put_together, why_not, wanted_by,
where_words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from adlcalc.engine.declared import Declared, Takes, declared_in, name_in
from adlcalc.engine.rules import Drawdown, Measured, Rules
from adlcalc.ground.numbers import show
from adlcalc.source.problems import quote
from adlcalc.venues.expression import score_of

SECTIONS: Mapping[str, type] = {f.name: type(f.default) for f in fields(Rules) if is_dataclass(f.default)}
"""The sections that the engine has: name -> the type that declares the section's rules."""

Condition = tuple[str, str | None]
"""A rule and the value that it must have; None: any but zero."""


class Leaf(NamedTuple):
    """A rule where it is declared. where: what other rules of its section must be for it to play a part."""

    name: str
    rule: Declared
    default: Any
    where: tuple[Condition, ...]


@cache
def leaves_of(kind: type) -> tuple[Leaf, ...]:
    """Every rule of a section, as often as it is declared, those of a choice behind the choice."""
    return tuple(_walk(kind, ()))


def _walk(kind: type, where: tuple[Condition, ...]) -> Iterator[Leaf]:
    for field, rule, part in declared_in(kind):
        if rule is not None:
            assert field.default is not MISSING
            yield Leaf(field.name, rule, field.default, where)
            if isinstance(rule.takes, Mapping):
                for name, choice in rule.takes.items():
                    if isinstance(choice, type):
                        yield from _walk(choice, (*where, (field.name, name)))
        elif part is not None:
            inner, by = part
            for leaf in _walk(inner, where):
                yield leaf if leaf.name == by else leaf._replace(where=(*leaf.where, (by, None)))


@cache
def first_leaves(kind: type) -> Mapping[str, Leaf]:
    """The rules of a section by their names; values and defaults are the same wherever one is declared."""
    return {leaf.name: leaf for leaf in reversed(leaves_of(kind))}


def default_of(leaf: Leaf) -> Any:
    """What a rule is where a rulebook says nothing, as it would be written."""
    return leaf.default if isinstance(leaf.rule.takes, Takes) else name_in(leaf.rule.takes, leaf.default)


def where_words(places: Iterable[tuple[Condition, ...]]) -> str:
    """Where a rule plays a part: 'method market, size portion or shares; or ...'; '' where it always does."""
    alike: dict[tuple[str, ...], list[tuple[Condition, ...]]] = {}
    for where in places:
        alike.setdefault(tuple(rule for rule, _ in where), []).append(where)
    told = []
    for rules, wheres in alike.items():
        parts = []
        for i, rule in enumerate(rules):
            values = list(dict.fromkeys(str(where[i][1]) for where in wheres if where[i][1] is not None))
            names = " or ".join(filter(None, [", ".join(values[:-1]), *values[-1:]]))
            parts.append(f"{rule} {names}" if names else rule)
        told.append(", ".join(parts))
    return "; or ".join(told)


class Part(NamedTuple):
    """A section as the engine has it. used: its rules that play a part; idle: those that would, but for a
    reason."""

    made: Any
    used: frozenset[str]
    idle: Mapping[str, str]


def put_together(kind: type, values: Callable[[str], Any]) -> Part:
    """The engine's section from its flat rules. values: the value of a rule, by its name."""
    used: dict[str, None] = {}
    made = _made(kind, values, used)
    idle = dict(made.idle()) if hasattr(kind, "idle") else {}
    for rule, why in list(idle.items()):  # with a rule rest those behind it
        idle |= {leaf.name: why for leaf in leaves_of(kind) if rule in dict(leaf.where)}
    return Part(made, frozenset(used), idle)


def _made(kind: type, values: Callable[[str], Any], used: dict[str, None]) -> Any:
    """A type with its rules and those of the choices in it; what is looked at is noted in `used`."""
    found: dict[str, Any] = {}
    for field, rule, part in declared_in(kind):
        if rule is not None:
            used[field.name] = None
            found[field.name] = _value(rule, values(field.name), values, used)
        elif part is not None:
            inner, by = part
            used[by] = None
            found[field.name] = _made(inner, values, used) if values(by) else None
    return kind(**found)


def _value(rule: Declared, value: Any, values: Callable[[str], Any], used: dict[str, None]) -> Any:
    """A rule's value as the engine has it."""
    if isinstance(rule.takes, type):
        return rule.takes(value)
    if isinstance(rule.takes, Mapping):
        choice = rule.takes[value] if value in rule.takes else score_of(value)
        return _made(choice, values, used) if isinstance(choice, type) else choice
    if rule.takes is Takes.DRAWDOWN and value is not None:
        window = None if value.window_hours is None else int(value.window_hours * 3600)
        return Drawdown(value.start, value.stop, window, value.at_least, value.above, Measured(value.measure))
    return value


def why_not(kind: type, name: str, part: Part, values: Callable[[str], Any]) -> str | None:
    """Why a rule plays no part: what of its section would have to be otherwise; None where it plays one."""
    if name in part.idle:
        return part.idle[name]
    if name in part.used:
        return None
    section = next(section for section, known in SECTIONS.items() if known is kind)
    furthest, against = -1, ""
    for leaf in leaves_of(kind):
        if leaf.name == name:
            met = [
                values(rule) == wanted if wanted is not None else bool(values(rule))
                for rule, wanted in leaf.where
            ]
            first = met.index(False)
            if first > furthest:
                furthest, against = first, leaf.where[first][0]
    now = values(against)
    said = show(now) if isinstance(now, Decimal) else "none" if now is None else now
    return f"{quote(against)} of {quote(section)} is {said}"


def wanted_by(kind: type, name: str) -> str:
    """Under which rules of its section a rule plays a part."""
    return where_words(leaf.where for leaf in leaves_of(kind) if leaf.name == name)
