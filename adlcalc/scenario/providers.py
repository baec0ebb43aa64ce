"""The backstop of a scenario: providers and bidders.

Public: build_providers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from adlcalc.engine.model import Market, Provider
from adlcalc.scenario.draft import RESERVED_IDS, Draft, name_fault
from adlcalc.source.problems import closest_hint, quote


def build_providers(
    draft: Draft, markets: Mapping[str, Market], accounts: Collection[str]
) -> tuple[Provider, ...]:
    """The providers in file order. One may stand behind several markets, once in each; its name is no
    account's."""
    providers: list[Provider] = []
    seen: set[tuple[str, str]] = set()
    for i, spec in enumerate(draft.file.backstop or ()):
        path = ("backstop", i)
        fault = (
            "is the name of an account" if spec.id in accounts else name_fault(spec.id, reserved=RESERVED_IDS)
        )
        if fault:
            draft.add((*path, "id"), f"provider {quote(spec.id)} {fault}")
        market = (
            spec.market if spec.market is not None else next(iter(markets)) if len(markets) == 1 else None
        )
        if market is None:
            draft.add(path, f"provider {quote(spec.id)} has no market", f"one of {', '.join(markets)}")
        elif market not in markets:
            draft.add((*path, "market"), f"there is no market {quote(market)}", closest_hint(market, markets))
        elif (spec.id, market) in seen:
            draft.add((*path, "id"), f"provider {quote(spec.id)} is given twice in market {quote(market)}")
        else:
            seen.add((spec.id, market))
            providers.append(Provider(spec.id, market, spec.size, spec.distance))
    return tuple(providers)
