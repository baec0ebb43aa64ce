"""What a name of --set or --vary means that the scenario has not at its top, and where it belongs.

    liquidity        of the one market there is: markets.NAME.liquidity
    collateral       accounts.ID.collateral
    alice.leverage   accounts.alice.leverage
    adl.policy       rules.adl.policy

Public: of_the_market, belongs, market_names_in, ids_in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from adlcalc.scenario.schema import LongAccount, MarketSpec, PositionSpec, ScenarioFile, ShortAccount
from adlcalc.source.keys import home_of, keys_of
from adlcalc.source.nodes import List, Map, Node, Scalar
from adlcalc.source.problems import nearest
from adlcalc.venues.schema import RuleValues, section_of

LIQUIDITY = "liquidity"
"""What may be named without its market, where there is one."""
UNNAMED = "MARKET"
SEVERAL = "it does not say of which market"


def of_the_market(markets: Sequence[str]) -> str | None:
    """The whole name of `liquidity`; None where there are several markets."""
    return f"markets.{_quoted(markets[0])}.{LIQUIDITY}" if len(markets) == 1 else None


def belongs(parts: Sequence[str], ids: Sequence[str], markets: Sequence[str]) -> str:
    """The hint for a name whose first part is no key of a scenario; '' where it is like nothing."""
    first, name = parts[0], ".".join(map(_quoted, parts))
    sections = keys_of(RuleValues)
    if first in ids and len(parts) > 1:
        return f"accounts.{name}"
    if first in markets and len(parts) > 1:
        return f"markets.{name}"
    if first in sections and len(parts) > 1:
        return f"rules.{name}"
    if len(parts) > 1:
        return ""
    if any(first in keys_of(kind) for kind in (PositionSpec, ShortAccount, LongAccount)):
        one = f"accounts.{_quoted(ids[0])}.{first}" if ids else f"accounts.ID.{first}"
        return one if len(ids) == 1 else f"accounts.ID.{first}, as {one}" if ids else one
    if first in keys_of(MarketSpec):
        return ", ".join(f"markets.{_quoted(market)}.{first}" for market in markets[:3])
    if nearest(first, keys_of(ScenarioFile)) is not None:
        return ""
    rules = [f"rules.{section}.{first}" for section in sections if first in keys_of(section_of(section))]
    if rules:
        return " or ".join(rules)
    home = home_of(first, ScenarioFile)
    return f"it belongs in {home}" if home else ""


def _quoted(name: str) -> str:
    return f'"{name}"' if "." in name else name


def ids_in(root: Map) -> list[str]:
    """The ids of the accounts that a file lists."""
    accounts = root.items.get("accounts")
    return list(_texts(accounts.items if isinstance(accounts, List) else (), "id"))


def market_names_in(root: Map) -> list[str]:
    """The markets that a file names: under `markets`, `prices`, or by its accounts; else the one without a
    name."""
    markets, prices = root.items.get("markets"), root.items.get("prices")
    if isinstance(markets, Map) and markets.items:
        return list(markets.items)
    if isinstance(prices, Map) and all(isinstance(one, List | Map) for one in prices.items.values()):
        return list(prices.items)
    accounts = root.items.get("accounts")
    listed = accounts.items if isinstance(accounts, List) else []
    inner = [one.items.get("positions") for one in listed if isinstance(one, Map)]
    positions = [position for one in inner if isinstance(one, List) for position in one.items]
    return list(dict.fromkeys(_texts([*listed, *positions], "market"))) or [UNNAMED]


def _texts(items: Iterable[Node], key: str) -> Iterator[str]:
    for item in items:
        value = item.items.get(key) if isinstance(item, Map) else None
        if isinstance(value, Scalar):
            yield value.text
