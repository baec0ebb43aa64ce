"""The facts of a row that an expectation may name: each is said here once, for the `expect:` block of a
scenario and for the tables of a result.

Public: Fact, LIQUIDATED, DELEVERAGED, HELD.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Fact(NamedTuple):
    """key: its name in JSON and CSV; kind: what kind of value it is; note: what it says; as_: its name in an
    `expect:` block, where that is another one."""

    key: str
    kind: str
    note: str
    as_: str = ""

    @property
    def name(self) -> str:
        """Its name in an `expect:` block."""
        return self.as_ or self.key


def _by_key(*facts: Fact) -> Mapping[str, Fact]:
    return {fact.key: fact for fact in facts}


STEP = Fact("step", "step", "at which step")
MARKET = Fact("market", "market", "in which market")
LIQUIDATED = _by_key(
    STEP,
    Fact("account", "account", "who is liquidated"),
    MARKET,
    Fact("side", "side", "long or short"),
    Fact("size", "number", "contracts"),
    Fact("entry_price", "number", "entry price of the position"),
    Fact("mark_price", "number", "mark price at which it happened"),
    Fact("bankruptcy_price", "number", "the price at which its equity is zero"),
    Fact("liquidation_price", "number", "the price at which it was due"),
)
DELEVERAGED = _by_key(
    STEP,
    Fact("account", "account", "who is deleveraged"),
    MARKET,
    Fact("side", "side", "the side of the position that is given up"),
    Fact("rank", "count", "rank in the queue; 1 is first"),
    Fact("score", "score", "the score that gave the rank"),
    Fact("size", "number", "contracts given up"),
    Fact("price", "number", "price of the fill"),
    Fact("realized_pnl", "number", "pnl that the fill realized"),
    Fact("forgone_pnl", "number", "|mark - price| x size, what the fill cost against the mark"),
    Fact("bankrupt", "account", "whose position it is closed against"),
)
HELD = _by_key(
    MARKET,
    Fact("side", "side", "long or short"),
    Fact("size", "number", "contracts"),
    Fact("entry_price", "number", "entry price", as_="entry"),
    Fact("maintenance_margin", "number", "its own maintenance margin"),
    Fact(
        "liquidation_price",
        "number",
        "the mark at which its margin unit is due, the other markets held; none where there is none",
    ),
    Fact("bankruptcy_price", "number", "the price at which its equity is zero; none where there is none"),
)
