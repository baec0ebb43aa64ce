"""The scenario of imported positions as YAML, with every assumption as a comment where it holds.

Public: Plan, Account, write_scenario.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from textwrap import wrap
from typing import NamedTuple

from adlcalc.engine.model import SMALLEST, Kind, side_name
from adlcalc.ground.numbers import ONE, ZERO, D, divide, round_to, show
from adlcalc.importers.digits import NOISE, tick_of
from adlcalc.importers.maintenance import Reading, written
from adlcalc.importers.positions import Found
from adlcalc.source.problems import escape

COMMENT = 110  # columns
APART = D("0.001")
"""Numbers that differ by no more than this share are one."""


class Steps(NamedTuple):
    """Tick and lot of a market, as a market file has them."""

    tick: Decimal | None
    lot: Decimal | None


@dataclass(slots=True)
class Account:
    """One account. source: where its balance is from, '' where it was given; guessed: it stands on
    nothing."""

    id: str
    positions: list[Found]
    balance: Decimal = ZERO
    source: str = ""
    guessed: bool = False


@dataclass(slots=True)
class Plan:
    """What the file says. maintenance: by market, None of a reading is the rulebook's; ticks: by market,
    where a file gave them."""

    file: str
    found: list[Found]
    flat: int
    left: list[str]
    raw: bool = False
    rulebook: str = "generic"
    venue_note: str = ""
    markets: dict[str, list[Found]] = field(default_factory=dict)
    maintenance: dict[str, Reading] = field(default_factory=dict)
    tiers_notes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    ticks: dict[str, Steps | None] = field(default_factory=dict)
    accounts: list[Account] = field(default_factory=list)
    open_interest: Mapping[str, Decimal] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def warn(self, message: str) -> None:
        """A sentence that the user should read at once: a comment of the file, and said."""
        self.warnings.append(message)


def write_scenario(plan: Plan) -> str:
    """The file."""
    return "\n".join(_lines(plan)) + "\n"


def _lines(plan: Plan) -> Iterator[str]:
    found = plan.found
    venues = list(dict.fromkeys(one.venue or "an unknown venue" for one in found))
    yield (
        f"# Made by `adlcalc import ccxt` from {escape(plan.file)}: {len(found)} open "
        f"position{'s' * (len(found) != 1)}."
    )
    if plan.raw:
        yield "# The rows are the venue's own answer."
    if plan.flat:
        yield f"# Left out: {plan.flat} without contracts."
    for left in plan.left:
        yield from _comment(0, f"left out: {left}")
    for warning in plan.warnings:
        yield from _comment(0, f"warning: {warning}")
    title = f"Positions of {', '.join(venues)}"
    yield f"title: {_text(title)}"
    yield from _comment(0, plan.venue_note.removeprefix("# "))
    yield f"venue: {plan.rulebook}"
    yield "markets:"
    for name, held in plan.markets.items():
        yield from _market(plan, name, held)
    yield "fund: 0  # assumed: what the insurance fund holds is not in the positions"
    yield "accounts:"
    for account in plan.accounts:
        yield from _account(plan, account)
    yield "prices:  # one step, at the mark"
    for name, held in plan.markets.items():
        marks = dict.fromkeys(show(one.mark) for one in held)
        if len(marks) > 1:
            yield f"  # assumed: the positions give the marks {', '.join(marks)}; the first is taken"
        yield f"  {_text(name)}: [{next(iter(marks))}]"


def _market(plan: Plan, name: str, held: Sequence[Found]) -> Iterator[str]:
    """Contract, tick and lot, maintenance margin."""
    first = held[0]
    given = plan.ticks.get(name)
    tick = (
        given.tick
        if given is not None and given.tick
        else tick_of(price for one in held for price in (one.entry, one.mark))
    )
    lot = given.lot if given is not None and given.lot else _lot(held)
    if given is None or not given.tick or not given.lot:
        yield (
            f"  # assumed: tick {show(tick)} and lot {show(lot)} by the digits of prices and sizes; "
            "--markets gives them"
        )
    interest = plan.open_interest.get(first.symbol, plan.open_interest.get(""))
    head = (
        f"contract: {first.contract.kind}, multiplier: {show(first.contract.multiplier)}, tick: "
        f"{show(tick)}, lot: {show(lot)}{'' if interest is None else f', open_interest: {show(interest)}'}"
    )
    for note in plan.tiers_notes.get(name, ()):
        yield from _comment(2, note)
    reading = plan.maintenance[name]
    if reading.why:
        yield from _comment(2, f"assumed: {reading.why}")
    rule = written(reading.value)
    yield f"  {_text(name)}: {{{head}{'' if rule is None else f', maintenance: {rule}'}}}"


def _lot(held: Sequence[Found]) -> Decimal:
    """The last digit of the sizes, 1 at most; a float's digits say nothing."""
    sizes = [one.size.normalize() for one in held]
    digits = [int(size.as_tuple().exponent) for size in sizes if len(size.as_tuple().digits) < NOISE]
    return ONE.scaleb(min([0, *digits] if len(digits) == len(sizes) else [-18]))


def _account(plan: Plan, account: Account) -> Iterator[str]:
    """One account in long form."""
    cross = [one for one in account.positions if one.cross]
    yield f"  - id: {_text(account.id)}"
    yield f"    margin: {'cross' if cross else 'isolated'}"
    if cross:
        if account.source:
            yield from _comment(4, f"{'assumed: ' * account.guessed}{account.source}")
        yield f"    balance: {show(round_to(account.balance, SMALLEST))}"
    yield "    positions:"
    for one in account.positions:
        market = next(market for market, held in plan.markets.items() if one in held)
        yield from _position(one, market, bool(cross))


def _position(one: Found, market: str, account_is_cross: bool) -> Iterator[str]:
    """One position with its notes."""
    for note in one.notes:
        yield from _comment(6, f"assumed: {note}")
    for note in _differences(one):
        yield from _comment(6, note)
    parts = [
        f"market: {_text(market)}",
        f"side: {side_name(one.side)}",
        f"size: {show(one.size)}",
        f"entry: {show(one.entry)}",
    ]
    if not one.cross:
        assert one.margin is not None
        parts.append(f"collateral: {show(round_to(one.margin, SMALLEST))}")
        if account_is_cross:
            parts.append("margin: isolated")
    if one.indicator is not None:
        lights = one.indicator.lights
        meaning = (
            f"{lights} of 5 lights"
            if lights is not None
            else "no place in the queue, or a scale that is not published"
        )
        yield f"      # {one.venue} shows {one.indicator.field} {escape(one.indicator.text)}: {meaning}"
        if lights is not None:
            parts.append(f"indicator: {{lights: {lights}, of: 5}}")
    yield f"      - {{{', '.join(parts)}}}"


def _differences(one: Found) -> Iterator[str]:
    """Notional and pnl of the row that are not those of the scenario."""
    coins = one.size * one.contract.multiplier
    if one.told_notional:
        told = abs(one.told_notional)
        others = (
            one.notional,
            abs(one.cost),
            coins if one.contract.kind is Kind.LINEAR else divide(coins, one.mark),
        )
        if all(abs(told - other) > 20 * APART * other for other in others):
            yield (
                f"the row says notional {show(told)}, size x mark is {show(round_to(one.notional, SMALLEST))}"
            )
    if one.told_pnl is not None and abs(one.told_pnl - one.pnl) > APART * one.notional:
        yield (
            f"the row says unrealized pnl {show(one.told_pnl)}, entry and mark give "
            f"{show(round_to(one.pnl, SMALLEST))}"
        )


def _comment(indent: int, text: str) -> Iterator[str]:
    """A comment in lines of a readable length."""
    start = " " * indent + "# "
    return iter(
        wrap(
            escape(text),
            COMMENT,
            initial_indent=start,
            subsequent_indent=f"{start}  ",
            break_long_words=False,
        )
    )


def _text(text: str) -> str:
    """A text in double quotes, as YAML and JSON both read it."""
    return json.dumps(escape(text), ensure_ascii=False)
