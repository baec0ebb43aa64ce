"""The `expect` block, as plain values: what `adlcalc check` compares a run with. None means: not compared.

Public: Expect, ExpectedRow, About, build_expect.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from decimal import Decimal
from typing import Any, NamedTuple

from adlcalc.engine.declared import closed
from adlcalc.engine.model import LONG, SHORT
from adlcalc.ground.numbers import D
from adlcalc.scenario.draft import RESERVED_IDS, Draft
from adlcalc.scenario.expect_schema import AboutSpec, AtSpec, ExpectSpec, RowSpec
from adlcalc.source.nodes import List, Map, Node
from adlcalc.source.problems import closest_hint, quote
from adlcalc.source.schema import part_of
from adlcalc.study.expected import DELEVERAGED, HELD, LIQUIDATED, Fact
from adlcalc.study.questions import Measure, Names, Question, QuestionError, read, read_measure

SIDES = {"long": LONG, "short": SHORT}


class About(NamedTuple):
    """A number that need not be met exactly: not further away than `within`."""

    value: Decimal
    within: Decimal


Amount = Decimal | About


class ExpectedRow(NamedTuple):
    """A row that must come out. values: what is expected of it, by the name that `expect:` has for the
    column."""

    values: Mapping[str, Amount | int | str]

    @property
    def account(self) -> str:
        """Whose row it is."""
        return str(self.values["account"])


@closed
class Expect:
    """liquidated and skipped are complete but in any order, deleveraged and liquidated_in_order complete and
    in order, positions complete for each account named. at: what is expected of single steps. The fund's
    amounts are totals over all steps, of all
    funds or by fund. where: 'file:line:column' of each expectation by its path ('fund_paid',
    'deleveraged.0.price')."""

    liquidated: tuple[ExpectedRow, ...] | None = None
    liquidated_in_order: tuple[ExpectedRow, ...] | None = None
    fund_paid: Amount | Mapping[str, Amount] | None = None
    fund_received: Amount | Mapping[str, Amount] | None = None
    fund_left: Amount | Mapping[str, Amount] | None = None
    least_fund: Amount | Mapping[str, Amount] | None = None
    deleveraged: tuple[ExpectedRow, ...] | None = None
    skipped: tuple[str, ...] | None = None
    ranks: Mapping[str, int] = field(default_factory=dict)
    bad_debt: Amount | None = None
    equity: Mapping[str, Amount] = field(default_factory=dict)
    positions: Mapping[str, tuple[ExpectedRow, ...]] = field(default_factory=dict)
    measures: Mapping[str, tuple[Measure, Amount]] = field(default_factory=dict)
    holds: tuple[Question, ...] = ()
    at: tuple[tuple[int, Expect], ...] = ()
    where: Mapping[str, str] = field(default_factory=dict)

    @property
    def asked(self) -> Iterator[Measure]:
        """What is asked of the run by measures and questions."""
        yield from (measure for measure, _ in self.measures.values())
        yield from (measure for question in self.holds for measure in question.parts)
        for step, one in self.at:  # the accounts must be seen as they stand there
            yield from (Measure("equity", name, step) for name in {**one.equity, **one.positions})


def build_expect(draft: Draft, spec: ExpectSpec, names: Names) -> Expect:
    """The block with its names checked against the accounts, markets and funds of the scenario."""
    known = {"account": names.accounts, "market": names.markets, "fund": names.funds}
    for kind, path, name, is_key in _names(spec):
        if name not in known[kind] and not (kind == "account" and name in RESERVED_IDS):
            place = draft.key("expect", *path) if is_key else draft.node("expect", *path)
            draft.problems.add(place, f"there is no {kind} {quote(name)}", closest_hint(name, known[kind]))
    for path, about in _abouts(spec, ()):
        if not about.about and about.within is None:
            draft.add(
                ("expect", *path),
                "'about: 0' does not say how near is near enough",
                "within: the greatest difference",
            )
    if spec.least_fund is not None and not isinstance(spec.least_fund, dict) and len(names.funds) > 1:
        hint = f"least_fund: {{{', '.join(f'{name}: ...' for name in names.funds)}}}"
        draft.problems.add(
            draft.key("expect", "least_fund"), "there are several funds, each has its own", hint
        )
    for i, one in enumerate(spec.at or ()):
        if one.step >= names.steps:
            message = f"step {one.step} is beyond the path"
            draft.add(("expect", "at", i, "step"), message, f"steps are 0 to {names.steps - 1}")
    return replace(
        _expected(spec),
        liquidated_in_order=_rows(spec.liquidated_in_order),
        least_fund=_amount(spec.least_fund),
        ranks=dict(spec.ranks or {}),
        at=tuple((one.step, _expected(one)) for one in spec.at or ()),
        measures=_measures(draft, spec, names),
        holds=_holds(draft, spec, names),
        where=dict(_places(draft.node("expect"), "")),
    )


def _expected(spec: ExpectSpec | AtSpec) -> Expect:
    """What may be expected of a run, and of a step of it."""
    return Expect(
        liquidated=_rows(spec.liquidated),
        fund_paid=_amount(spec.fund_paid),
        fund_received=_amount(spec.fund_received),
        fund_left=_amount(spec.fund_left),
        deleveraged=_rows(spec.deleveraged),
        skipped=None if spec.skipped is None else tuple(spec.skipped),
        bad_debt=_amount(spec.bad_debt),
        equity=_amount(spec.equity or {}),
        positions={account: _rows(held) or () for account, held in (spec.positions or {}).items()},
    )


def _measures(draft: Draft, spec: ExpectSpec, names: Names) -> dict[str, tuple[Measure, Amount]]:
    """What `measures` says, by its text."""
    found = {}
    for text, amount in (spec.measures or {}).items():
        try:
            found[text] = read_measure(text, names), _amount(amount)
        except QuestionError as error:
            _wrong(draft, draft.key("expect", "measures", text), error)
    return found


def _holds(draft: Draft, spec: ExpectSpec, names: Names) -> tuple[Question, ...]:
    """What `holds` says."""
    found = []
    for i, text in enumerate(spec.holds or ()):
        try:
            found.append(read(text, names))
        except QuestionError as error:
            _wrong(draft, draft.node("expect", "holds", i), error)
    return tuple(found)


def _wrong(draft: Draft, node: Node, error: QuestionError) -> None:
    """A fault of a question, with the part of it that is wrong."""
    draft.problems.add(part_of(node, error.column - 1, error.length), f"it {error.message}", error.hint)


def _rows(spec: Iterable[str | RowSpec] | None) -> tuple[ExpectedRow, ...] | None:
    if spec is None:
        return None
    return tuple(ExpectedRow({"account": one} if isinstance(one, str) else _values(one)) for one in spec)


def _values(spec: RowSpec) -> dict[str, Any]:
    """What is expected of a row, as plain values."""
    return {
        name: SIDES[value] if name == "side" else _amount(value) for name, value in spec if value is not None
    }


def _amount(value: Any) -> Any:
    """An amount without its declaration: half a unit of the last digit written is near enough where nothing
    else is said."""
    if isinstance(value, dict):
        return {name: _amount(one) for name, one in value.items()}
    if not isinstance(value, AboutSpec):
        return value
    exponent = value.about.as_tuple().exponent
    assert isinstance(exponent, int)  # a number of a file is finite
    return About(value.about, D(5).scaleb(exponent - 1) if value.within is None else value.within)


def _abouts(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], AboutSpec]]:
    """Every number written `about:`, with its path."""
    if isinstance(value, AboutSpec):
        yield path, value
    elif isinstance(value, dict | list | ExpectSpec | AtSpec | RowSpec):
        for key, one in (
            enumerate(value)
            if isinstance(value, list)
            else value.items()
            if isinstance(value, dict)
            else value
        ):
            yield from _abouts(one, (*path, key))


def _names(spec: ExpectSpec) -> Iterator[tuple[str, tuple[str | int, ...], str, bool]]:
    """Every account, market and fund that the block names: kind, path, name, whether it is a key."""
    yield from _names_of(spec)
    for i, one in enumerate(spec.at or ()):
        for kind, path, name, is_key in _names_of(one):
            yield kind, ("at", i, *path), name, is_key


def _names_of(spec: ExpectSpec | AtSpec) -> Iterator[tuple[str, tuple[str | int, ...], str, bool]]:
    """Those of the run as a whole, or of a step."""
    for key in ("liquidated", "liquidated_in_order", "deleveraged"):
        for i, row in enumerate(getattr(spec, key, None) or ()):
            if isinstance(row, str):
                yield "account", (key, i), row, False
            else:
                yield from _named(row, DELEVERAGED if key == "deleveraged" else LIQUIDATED, (key, i))
    for i, name in enumerate(spec.skipped or ()):
        yield "account", ("skipped", i), name, False
    for key in ("ranks", "equity", "positions"):
        for name in getattr(spec, key, None) or ():
            yield "account", (key, name), name, True
    for account, held in (spec.positions or {}).items():
        for i, one in enumerate(held):
            yield from _named(one, HELD, ("positions", account, i))
    for key in ("fund_paid", "fund_received", "fund_left", "least_fund"):
        amounts = getattr(spec, key, None)
        for name in amounts if isinstance(amounts, dict) else ():
            yield "fund", (key, name), name, True


def _named(
    row: RowSpec, facts: Mapping[str, Fact], path: tuple[str | int, ...]
) -> Iterator[tuple[str, tuple[str | int, ...], str, bool]]:
    """The accounts and markets that a row names."""
    for fact in facts.values():
        name = getattr(row, fact.name)
        if fact.kind in ("account", "market") and name is not None:
            yield fact.kind, (*path, fact.name), name, False


def _places(node: Node, path: str) -> Iterator[tuple[str, str]]:
    """'file:line:column' of every value below a node."""
    if path:
        yield (
            path,
            f"{node.source.name}:{node.line}:{node.column}" if node.source.excerpt else node.source.name,
        )
    parts = (
        node.items.items()
        if isinstance(node, Map)
        else enumerate(node.items)
        if isinstance(node, List)
        else ()
    )
    for part, inner in parts:
        yield from _places(inner, f"{path}.{part}" if path else str(part))
