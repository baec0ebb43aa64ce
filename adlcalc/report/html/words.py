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
OF_A_SWEEP: dict[str, str] = {
    "Interval, 95%": (
        "About 95 of 100 samples of so many paths have one that holds the probability, or the median, of the "
        "model: it tells nothing of whether the model is right."
    ),
    "Path": "The marks of a run, step by step: as the file has them, or drawn from a model and a seed.",
    "Point": "One run of a sweep: one path, with one value of each thing that is varied.",
}


def words_of(lights: Iterable[Lights], *, swept: bool = False) -> dict[str, str]:
    """The words of a page whose runs count lights so: by contracts, by heads, or one so and one so. swept: a
    sweep leads it."""
    told = " Or, where the other rule holds, ".join(f"{LIGHTS[one]}." for one in dict.fromkeys(lights))
    words = {word: told if word == LIGHTS_OF else meaning for word, meaning in WORDS.items()}
    return dict(sorted((words | OF_A_SWEEP).items())) if swept else words
