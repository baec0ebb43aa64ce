"""What stands out on a page: who was liquidated or deleveraged, gains and losses. A tone only adds to what
the words and signs say already, so that a page without colors lacks nothing.

Public: Tone, Paint, style_of, WORDS.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum

from adlcalc.report.human import NOTHING

Paint = Callable[[str, str], str]
"""(text, style) -> the text as a terminal shows it in that style."""


class Tone(Enum):
    """What the cells of a column are."""

    SIGNED = "a gain above zero, a loss below"
    GAIN = "money that somebody received"
    LOSS = "money that somebody lost or paid"
    STATUS = "what became of somebody"


GAINED, LOST = "green", "red"
WORDS = {"liquidated": "bold red", "deleveraged": "bold yellow", "bankrupt": "bold red"}
"""Words that stand out wherever they are: bold, and so by their shape as well."""
_NOUGHT = re.compile(r"-?[0.,]*")


def style_of(tone: Tone, cell: str) -> str:
    """The style of a cell; '' for none."""
    if tone is Tone.STATUS:
        return next((style for word, style in WORDS.items() if word in cell), "")
    if cell == NOTHING or _NOUGHT.fullmatch(cell):
        return ""
    is_loss = cell.startswith("-") if tone is Tone.SIGNED else tone is Tone.LOSS
    return LOST if is_loss else GAINED
