"""Rules that each play a part and do not go together.

Public: combination_faults.
"""

from __future__ import annotations

from collections.abc import Iterator

from adlcalc.engine.rules import (
    OF_ORDERS,
    AdlWhen,
    Auction,
    BySolvency,
    OwnName,
    Providers,
    Rules,
    Takeover,
    Vault,
)
from adlcalc.ground.numbers import show
from adlcalc.source.nodes import Path


def combination_faults(rules: Rules) -> Iterator[tuple[Path, str, str]]:
    """What is wrong with rules taken together: (path, predicate, hint).

    A drawdown whose stop is not below its start would let the fund pay again while it still has to stop. The
    engine's two ways to close a position have triggers, backstops and prices of their own; one that belongs
    to the other way would never act.
    """
    drawdown = rules.fund.drawdown
    if drawdown is not None and drawdown.stop >= drawdown.start:
        hint = (
            "the fund stops paying at 'start' below its peak and pays again when it is less than 'stop' "
            "below it"
        )
        yield ("fund", "drawdown", "stop"), f"must be less than 'start', {show(drawdown.start)}", hint
    in_own_name, takes_over = (
        isinstance(rules.liquidation.method, OwnName),
        rules.liquidation.takeover is not None,
    )
    when, backstop = rules.adl.when, rules.backstop.kind
    if not takes_over and when not in (*OF_ORDERS, AdlWhen.NEVER):
        hint = f"adl: when: {', '.join(OF_ORDERS)} or never"
        yield ("liquidation", "method"), f"cannot be market where 'when' of 'adl' is {when}", hint
    if not in_own_name and when in OF_ORDERS:
        yield (
            ("adl", "when"),
            f"can be {when} only where 'method' of 'liquidation' is market",
            "after-fund, mark-at-bankruptcy, before-book or never",
        )
    if not in_own_name and isinstance(rules.adl.price, BySolvency):
        hint = "mark-then-bankruptcy asks whether the fund can pay for the mark"
        yield ("adl", "price"), "can be mark-if-solvent only where 'method' of 'liquidation' is market", hint
    if not takes_over and isinstance(backstop, Providers | Auction):
        kind = "auction" if isinstance(backstop, Auction) else "providers"
        yield (
            ("backstop", "kind"),
            f"cannot be {kind} where 'method' of 'liquidation' is market",
            "vault or none",
        )
    if isinstance(rules.liquidation.method, Takeover) and isinstance(backstop, Vault):
        yield (
            ("backstop", "kind"),
            "can be vault only where 'method' of 'liquidation' is market",
            "providers, auction or none",
        )
