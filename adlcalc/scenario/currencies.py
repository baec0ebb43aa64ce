"""What each market settles in, and that no balance, fund or provider has money of two currencies.

`settles` of a market names it. Where it is left out, a linear market settles in `quote`; an inverse one in
its base coin where its name begins with that (BTC-USD, BTC/USD:BTC: BTC), else in `base`, or, of several that
do not say, each in one of its own, so that two coins are never taken for one.

Public: settlements, mingled, account_faults, check_currencies, ONE_SCENARIO_EACH.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from adlcalc.engine.model import DEFAULT_SETTLEMENT, Account, Market
from adlcalc.scenario.draft import Draft, name_fault
from adlcalc.scenario.faults import Fault
from adlcalc.scenario.schema import MarketSpec
from adlcalc.source.problems import quote

BASE = re.compile(r"([A-Z0-9]{2,10})[-/]USD")
"""A coin and the dollar that it is quoted in."""
ONE_EACH = "for each currency; 'settles' of a market says what it settles in"
ONE_SCENARIO_EACH = "write a scenario for each currency"
WORDS = {2: "two", 3: "three", 4: "four"}


def settlements(draft: Draft, names: Sequence[str]) -> dict[str, str]:
    """The currency of each market."""
    specs = draft.file.markets or {}
    found: dict[str, str] = {}
    unsaid: list[str] = []
    for name in names:
        spec = specs.get(name) or MarketSpec()
        base = BASE.match(name) if spec.contract == "inverse" else None
        if spec.settles is not None:
            fault = name_fault(spec.settles)
            if fault:
                draft.add(("markets", name, "settles"), f"'settles' of market {quote(name)} {fault}")
        elif spec.contract == "inverse" and base is None:
            unsaid.append(name)
        found[name] = spec.settles or (base[1] if base else DEFAULT_SETTLEMENT[spec.contract])
    return found | {name: f"base of {name}" for name in unsaid if len(unsaid) > 1}


def mingled(names: Iterable[str], settles: Mapping[str, str]) -> str | None:
    """'markets settled in two currencies: LIN in quote, INV in base', or None where they settle in one."""
    first: dict[str, str] = {}  # currency -> the market that stands for it
    for name in names:
        first.setdefault(settles[name], name)
    if len(first) < 2:
        return None
    each = ", ".join(f"{name} in {currency}" for currency, name in first.items())
    return f"markets settled in {WORDS.get(len(first), len(first))} currencies: {each}"


def account_faults(name: str, markets: Iterable[str], settles: Mapping[str, str]) -> Iterator[Fault]:
    """An account's free balance takes up what its positions leave, isolated ones too: they settle in one
    currency."""
    found = mingled(markets, settles)
    if found:
        yield Fault(None, f"account {quote(name)} has one balance and {found}", f"one account {ONE_EACH}")


def check_currencies(draft: Draft, markets: Mapping[str, Market], accounts: Collection[Account]) -> None:
    """Accounts and providers hold money of one currency each; so does a sum that `expect` names."""
    settles = {market.name: market.settles for market in markets.values()}
    if mingled(settles, settles) is None:
        return
    written = (
        draft.file.accounts if isinstance(draft.file.accounts, list) else ()
    )  # a CSV file is looked at row by row
    for i, account in enumerate(accounts if written else ()):
        for fault in account_faults(account.id, (position.market for position in account.positions), settles):
            draft.add(("accounts", i), fault.message, fault.hint)
    stands: dict[str, list[str]] = {}
    for i, provider in enumerate(draft.file.backstop or ()):
        stands.setdefault(provider.id, []).append(provider.market or "")
        found = mingled((name for name in stands[provider.id] if name in settles), settles)
        if found:
            draft.add(
                ("backstop", i),
                f"provider {quote(provider.id)} stands behind {found}",
                f"one provider {ONE_EACH}",
            )
    for key in ("fund_paid", "fund_received", "fund_left", "bad_debt"):
        given = None if draft.file.expect is None else getattr(draft.file.expect, key)
        if given is not None and not isinstance(given, dict) and not _is_zero(given):
            message = f"{quote(key)} of 'expect' is one amount for {mingled(settles, settles)}"
            draft.add(
                ("expect", key),
                message,
                "only 0 can be said of all of them; give amounts by fund, or write two scenarios",
            )


def _is_zero(given: object) -> bool:
    """An amount of zero, with or without a tolerance."""
    return not getattr(given, "about", given)
