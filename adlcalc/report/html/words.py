"""What every word on the page means, in a sentence each.

Public: words_of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from adlcalc.engine.rules import Lights
from adlcalc.report.limits import LIGHTS

LIGHTS_OF = "Lights"
WORDS: Mapping[str, str] = {
    "ADL, auto-deleveraging": (
        "A position that neither the book nor the insurance fund can close is closed against traders on "
        "the other side, at a price that a rule names."
    ),
    "Backstop": "A liquidity provider that takes a liquidated position over before anybody is deleveraged.",
    "Bad debt": "A loss that nobody covered: not the margin, not the fund, not a counterparty.",
    "Bankruptcy price": (
        "The price at which the equity of a position is zero: whoever closes it at a worse one loses "
        "money of somebody else's."
    ),
    "Collateral, margin": (
        "The money that stands behind a position: its own (isolated) or the balance of the account (cross)."
    ),
    "Deleveraged": (
        "Part or all of a winning position was closed by the venue, against somebody who went bankrupt."
    ),
    "Equity": "Collateral plus unrealized pnl.",
    "Forgone pnl": "What a fill of ADL cost its counterparty against the mark: |mark − price| × size.",
    "Haircut, socialized loss": "A part of a profit that is taken to cover a loss; the position stays.",
    "Insurance fund": (
        "What pays for fills worse than the bankruptcy price, as long as it has something and its rules "
        "let it."
    ),
    LIGHTS_OF: "",
    "Liquidated": "Closed by the venue because the equity no longer covered the maintenance margin.",
    "Liquidation price": "The mark at which that happens, all other marks held.",
    "Maintenance margin": "The least equity with which a position may stay open.",
    "Margin ratio": "Maintenance margin / equity: at 1 the position is due.",
    "Mark, mark price": (
        "The price at which a venue values positions; it need not be that of the last trade."
    ),
    "Queue, rank, score": (
        "The order in which winners are deleveraged: rank 1 first, by a score that the venue's rules name."
    ),
    "Rest of market": "Whoever is on the other side of a book whose longs and shorts do not balance.",
    "Surplus, shortfall": "The money by which a fill is better or worse than the bankruptcy price.",
}


def words_of(lights: Iterable[Lights]) -> dict[str, str]:
    """The words of a page whose runs count lights so: by contracts, by heads, or one so and one so."""
    told = " Or, where the other rule holds, ".join(f"{LIGHTS[one]}." for one in dict.fromkeys(lights))
    return {word: told if word == LIGHTS_OF else meaning for word, meaning in WORDS.items()}
