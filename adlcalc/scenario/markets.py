"""Markets and the funds that stand behind them.

Public: market_names, build_markets, build_changes, build_funds, check_feedback,
check_ticks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

from adlcalc.engine.model import SMALLEST, Contract, Depth, Feedback, Fund, Kind, Liquidity, Market
from adlcalc.ground.numbers import ONE, ZERO, show
from adlcalc.scenario.currencies import mingled
from adlcalc.scenario.draft import Draft, name_fault
from adlcalc.scenario.faults import needs_money
from adlcalc.scenario.schema import (
    FUND_KEYS,
    RESERVED_MARKETS,
    BookFile,
    FundSpec,
    Impact,
    LayerSpec,
    LongAccount,
    MarketSpec,
    PositionSpec,
    ScenarioFile,
    ShortAccount,
)
from adlcalc.scenario.tables import named, own_maintenance
from adlcalc.source.nodes import Map
from adlcalc.source.problems import closest_hint, quote
from adlcalc.source.schema import subject
from adlcalc.venues.maintenance import faults, without_limits
from adlcalc.venues.rulebook import Rulebook

UNNAMED = "MARKET"
SHARED = "fund"


def market_names(draft: Draft) -> list[str] | None:
    """The markets in file order; None where the file does not let them be known.

    Named by `markets`; else by `prices` when that is a map of markets; else by the accounts when they agree;
    else one: MARKET."""
    written = draft.whole.items.get("markets")
    if isinstance(written, Map):
        if not written.items:
            draft.add(
                ("markets",),
                "'markets' has no market",
                "leave the key out where there is one market and the defaults serve",
            )
            return None
        for name in written.items:
            _check_name(draft, name, "markets")
        return list(written.items)
    if written is not None:
        return None
    prices = draft.file.prices
    if isinstance(prices, dict) and prices:
        for name in prices:
            _check_name(draft, name, "prices")
        return list(prices)
    named = _named_by_accounts(draft)
    if len(named) > 1 and prices is not None:
        draft.problems.add(
            draft.key("prices"),
            f"accounts trade in {len(named)} markets, but 'prices' is a single path",
            f"give each market its own: prices: {{{named[0]}: [...], {named[1]}: [...]}}",
        )
        return None
    return named or [UNNAMED]


def _check_name(draft: Draft, name: str, section: str) -> None:
    fault = "is a key of the scenario file" if name in RESERVED_MARKETS else name_fault(name)
    if fault:
        draft.problems.add(draft.key(section, name), f"market name {quote(name)} {fault}")


def _named_by_accounts(draft: Draft) -> list[str]:
    """The markets that accounts name, in order of appearance; of a CSV file, the first."""
    listed, made = draft.file.accounts, draft.file.population
    if isinstance(listed, BookFile) and (first := _first_of_book(draft, listed, "accounts")):
        return [first]
    found: dict[str, None] = {}
    for account in listed if isinstance(listed, list) else ():
        for position in account.positions if isinstance(account, LongAccount) else (account,):
            if position.market is not None:
                found[position.market] = None
    if isinstance(made, BookFile):
        first = None if found else _first_of_book(draft, made, "population")
        return [first] if first else list(found)
    found.update((block.market, None) for block in (made or {}).values() if block.market is not None)
    return list(found)


def _first_of_book(draft: Draft, spec: BookFile, key: str) -> str | None:
    from adlcalc.scenario.book import first_market

    return first_market(draft, spec, key=key)


def build_markets(
    draft: Draft, settles: Mapping[str, str], rulebook: Rulebook | None, unit: Decimal
) -> dict[str, Market]:
    """The engine's markets. Without a rulebook (it has errors of its own) maintenance stays at the engine's
    default."""
    specs, given = draft.file.markets or {}, draft.file.fund
    shared = given[0].name if isinstance(given, list) and given else SHARED
    own = _is_per_market(draft, settles)
    return {
        name: _market(
            draft, name, specs.get(name) or MarketSpec(), rulebook, unit, currency, name if own else shared
        )
        for name, currency in settles.items()
    }


def _market(
    draft: Draft,
    name: str,
    spec: MarketSpec,
    rulebook: Rulebook | None,
    unit: Decimal,
    settles: str,
    fund_name: str,
) -> Market:
    tick, lot = spec.tick or default_tick(draft, name), spec.lot or SMALLEST
    own = own_maintenance(draft, name, spec, rulebook)
    found = list(faults(own)) if own is not None else []
    for path, message, hint in found:
        full = ("markets", name, "maintenance", *path)
        draft.add(full, f"{subject(ScenarioFile, draft.root, full)} {message}", hint)
    plain = Contract(Kind(spec.contract), spec.multiplier)
    market = Market(
        name=name,
        contract=rulebook.contract(spec.contract, spec.multiplier) if rulebook else plain,
        tick=tick,
        lot=lot,
        liquidity=_liquidity(draft, name, spec),
        fund=fund_name,
        settles=settles,
        feedback=Feedback(spec.feedback.share, spec.feedback.recovery) if spec.feedback else None,
    )
    if rulebook is None or found:
        return market
    if own is None:
        return replace(market, maintenance=rulebook.maintenance_of(market, unit))
    maintenance = rulebook.maintenance(spec.contract, own=own, money_unit=unit, lot=lot)
    if name in named(draft, rulebook):
        maintenance = without_limits(maintenance)
    return replace(market, maintenance=maintenance)


LEAST = 5
"""Digits after its first one that a price keeps where no tick is given."""


def default_tick(draft: Draft, name: str) -> Decimal:
    """0.00000001; of a coin below a thousandth finer, so that the lowest price that the file writes keeps six
    digits."""
    prices = draft.file.prices
    path = prices.get(name) if isinstance(prices, dict) else prices
    written = list(path) if isinstance(path, list) else []
    accounts = draft.file.accounts if isinstance(draft.file.accounts, list) else []
    for account in accounts:
        for one in account.positions if isinstance(account, LongAccount) else [account]:
            if isinstance(one, (PositionSpec, ShortAccount)) and one.market in (None, name):
                written.append(one.entry)
    made = draft.file.population
    for block in made.values() if isinstance(made, dict) else ():
        if block.market in (None, name) and isinstance(block.entry, Decimal):
            written.append(block.entry)
    lowest = min(written, default=ONE)
    return min(SMALLEST, ONE.scaleb(lowest.adjusted() - LEAST))


def _liquidity(draft: Draft, name: str, spec: MarketSpec) -> Liquidity:
    """The book of a market at its first step; where the path changes it, `build_changes` has the others."""
    given, path = spec.liquidity, ("markets", name, "liquidity")
    if isinstance(given, dict):
        return _book(draft, name, (*path, "0"), given["0"]) if "0" in given else Liquidity()
    if isinstance(given, list) and given and not isinstance(given[0], tuple):
        return _book(draft, name, (*path, 0), given[0])
    return _book(draft, name, path, given)


def _book(draft: Draft, name: str, path: tuple[str | int, ...], given: Any) -> Liquidity:
    """unlimited; none: no level; a size: one level at the mark; levels by rising distance; impact per
    contract."""
    if given is None or given == "unlimited":
        return Liquidity()
    if isinstance(given, Impact):
        return Liquidity(Depth.IMPACT, impact=given.impact) if given.impact else Liquidity()
    if not isinstance(given, list):
        size = given if isinstance(given, Decimal) else ZERO
        return Liquidity(Depth.LEVELS, ((ZERO, size),) if size else ())
    for i, (before, level) in enumerate(pairwise(given), 1):
        if level[0] <= before[0]:
            draft.add(
                (*path, i),
                f"level {i + 1} of market {quote(name)} is no farther from the mark than the one before",
                "best level first",
            )
    return Liquidity(Depth.LEVELS, tuple(given))


def build_changes(draft: Draft, markets: Mapping[str, Market], steps: int) -> dict[str, dict[int, Liquidity]]:
    """market -> {step: book} from step 1 on, of the markets whose book changes."""
    found = {}
    for name in markets:
        spec, path = (draft.file.markets or {}).get(name), ("markets", name, "liquidity")
        given = spec.liquidity if spec is not None else None
        if isinstance(given, dict):
            changes = dict(_changes(draft, name, given, steps))
        elif isinstance(given, list) and given and not isinstance(given[0], tuple):
            if len(given) != steps:
                message = (
                    f"'liquidity' of market {quote(name)} has {len(given)} books, the path {steps} steps"
                )
                draft.add(path, message, "one for each step, or {step: book} for those at which it changes")
            changes = {i: _book(draft, name, (*path, i), one) for i, one in enumerate(given) if i}
        else:
            continue
        if changes:
            found[name] = changes
    return found


def _changes(
    draft: Draft, name: str, given: Mapping[str, Any], steps: int
) -> Iterator[tuple[int, Liquidity]]:
    """{step: book} but for step 0, which is the market's own."""
    for key, one in given.items():
        path = ("markets", name, "liquidity", key)
        if not re.fullmatch("0|[1-9][0-9]{0,6}", key) or int(key) >= steps:
            message = f"{quote(key)} in 'liquidity' of market {quote(name)} is no step of the path"
            draft.problems.add(draft.key(*path), message, f"steps are 0 to {steps - 1}")
        elif key != "0":
            yield int(key), _book(draft, name, path, one)


def check_feedback(
    draft: Draft, markets: Mapping[str, Market], changes: Mapping[str, Mapping[int, Liquidity]]
) -> None:
    """A book that fills at the mark only can move no mark."""
    for name, market in markets.items():
        books = [market.liquidity, *changes.get(name, {}).values()]
        if market.feedback and not any(map(_moves, books)):
            message = f"market {quote(name)} has feedback, but its book fills at the mark only"
            hint = "liquidity: levels [[distance, size], ...] or {impact: ...}"
            draft.problems.add(draft.key("markets", name, "feedback"), message, hint)


def _moves(book: Liquidity) -> bool:
    """Has it a price beside the mark?"""
    return book.kind == Depth.IMPACT or any(distance for distance, _ in book.levels)


def _is_per_market(draft: Draft, settles: Mapping[str, str]) -> bool:
    """A fund for each market: where the file says so, and where it gives none, or 0, and there are several
    currencies."""
    return isinstance(draft.file.fund, dict) or (
        draft.file.fund != [] and not draft.file.fund and mingled(settles, settles) is not None
    )


def build_funds(draft: Draft, settles: Mapping[str, str], unit: Decimal) -> tuple[Fund, ...]:
    """One shared fund, or one for each market; a market that is not named then has an empty one of its
    own."""
    given, names = draft.file.fund, list(settles)
    if isinstance(given, list):
        return _layers(draft, given, settles, unit)
    if not isinstance(given, dict) and not _is_per_market(draft, settles):
        several = mingled(settles, settles)
        if several:
            each = ", ".join(f"{name}: ..." for name in names)
            draft.add(("fund",), f"one fund stands behind {several}", f"fund: {{{each}}}")
        return (_fund(draft, ("fund",), SHARED, given, unit),)
    given = given if isinstance(given, dict) else {}
    for name in given:
        if name not in names:
            draft.problems.add(
                draft.key("fund", name),
                f"there is no market {quote(name)}",
                closest_hint(name, [*names, *sorted(FUND_KEYS)]),
            )
    return tuple(_fund(draft, ("fund", name), name, given.get(name), unit) for name in names)


def _layers(
    draft: Draft, given: Sequence[LayerSpec], settles: Mapping[str, str], unit: Decimal
) -> tuple[Fund, ...]:
    """Funds one behind the other, behind all markets."""
    several = mingled(settles, settles)
    if several:
        draft.add(("fund",), f"one fund stands behind {several}", "give each market its own")
    if not given:
        draft.add(("fund",), "'fund' has no layer", "leave the key out for an empty fund")
        return (Fund(SHARED),)
    seen: set[str] = set()
    for i, layer in enumerate(given):
        fault = name_fault(layer.name)
        if fault or layer.name in seen:
            what = fault or "is given twice"
            draft.add(("fund", i, "name"), f"layer {quote(layer.name)} {what}")
        seen.add(layer.name)
    made = [_fund(draft, ("fund", i), one.name, one, unit) for i, one in enumerate(given)]
    behind = [*(one.name for one in given[1:]), None]
    return tuple(replace(fund, behind=name) for fund, name in zip(made, behind, strict=True))


def _fund(
    draft: Draft,
    path: tuple[str | int, ...],
    name: str,
    spec: FundSpec | LayerSpec | Decimal | None,
    unit: Decimal,
) -> Fund:
    """One fund; its peak is no less than what it holds. Below its floor it may begin: it pays nothing then,
    and that is said."""
    if not isinstance(spec, FundSpec | LayerSpec):
        if spec is not None and spec % unit:
            draft.add(path, f"{quote(str(path[-1]))} is {show(spec)}, finer than the money unit {show(unit)}")
        return Fund(name, spec or ZERO)
    of = subject(ScenarioFile, draft.root, path)
    for key in ("balance", "floor", "peak"):
        for fault in needs_money(key, of, getattr(spec, key), unit):
            draft.add((*path, key), fault.message, fault.hint)
    if spec.peak is not None and spec.peak < spec.balance:
        message = f"'peak' of {of} is {show(spec.peak)}, less than its balance {show(spec.balance)}"
        draft.add(
            (*path, "peak"),
            message,
            "drawdowns are measured from the highest balance; leave it out for the opening one",
        )
    if spec.floor > spec.balance:
        message = (
            f"the floor of {of} is {show(spec.floor)}, its balance {show(spec.balance)}: it pays "
            "nothing until it has more"
        )
        draft.problems.note(draft.node(*path, "floor"), message)
    return Fund(name, spec.balance, spec.floor, spec.peak)


def check_ticks(draft: Draft, markets: Mapping[str, Market], marks: Mapping[str, Sequence[Decimal]]) -> None:
    """A price below the tick can be no price of a fill: a market that opens there is a slip."""
    for name, market in markets.items():
        opening = marks[name][0]
        if opening >= market.tick:
            continue
        spec = (draft.file.markets or {}).get(name)
        given = spec is not None and spec.tick is not None
        path = (
            ("markets", name, "tick")
            if given
            else ("prices", name)
            if isinstance(draft.file.prices, dict)
            else ("prices",)
        )
        message = (
            f"the tick of market {quote(name)} is {show(market.tick)}, more than its first price "
            f"{show(opening)}"
        )
        draft.add(path, message, "" if given else f"markets: {{{name}: {{tick: ...}}}}")
