"""Rules that are well written one by one and do not go together.

Public: combination_faults.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from adlcalc.engine.numbers import show
from adlcalc.source.nodes import Path
from adlcalc.venues.schema import RuleValues

OWN_NAME_ONLY = ("remainder", "negative", "zero-fill", "settlement")
"""Values of adl.when that speak of the account's own orders."""


def combination_faults(values: RuleValues) -> Iterator[tuple[Path, str, str]]:
    """What is wrong with the rules of a contract kind taken together: (path, predicate, hint).

    A drawdown whose stop is not below its start would let the fund pay again while it still has to stop. The engine's two ways to
    close a position have triggers and backstops of their own; one that belongs to the other way would never act.
    """
    drawdown = values.fund.drawdown
    if drawdown is not None and drawdown.stop >= drawdown.start:
        hint = "the fund stops paying at 'start' below its peak and pays again when it is less than 'stop' below it"
        yield ("fund", "drawdown", "stop"), f"must be less than 'start', {show(drawdown.start)}", hint
    yield from _method_faults(values)
    for section, rules in (("adl", values.adl), ("backstop", values.backstop)):
        if rules.price in ("mix", "spread") and rules.price_weight > Decimal(1):
            yield (section, "price_weight"), f"must be at most 1 where 'price' is {rules.price}", "a fraction, 0.001 is 0.1 %"


def _method_faults(values: RuleValues) -> Iterator[tuple[Path, str, str]]:
    """Triggers and backstops that the method of liquidation does not know."""
    market = values.liquidation.method == "market"
    takes_over = not market or values.liquidation.takeover_below > 0
    when, kind = values.adl.when, values.backstop.kind
    if not takes_over and when not in (*OWN_NAME_ONLY, "never"):
        hint = f"adl: when: {', '.join(OWN_NAME_ONLY)} or never"
        yield ("liquidation", "method"), f"cannot be market where 'when' of 'adl' is {when}", hint
    if not market and when in OWN_NAME_ONLY:
        yield ("adl", "when"), f"can be {when} only where 'method' of 'liquidation' is market", "after-fund, before-book or never"
    if not takes_over and kind in ("providers", "auction"):
        yield ("backstop", "kind"), f"cannot be {kind} where 'method' of 'liquidation' is market", "vault or none"
    if not market and kind == "vault":
        yield ("backstop", "kind"), "can be vault only where 'method' of 'liquidation' is market", "providers, auction or none"
