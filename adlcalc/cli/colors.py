"""Colors: on a terminal that shows them, and never where NO_COLOR is set.

Public: paint_for.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from adlcalc.ground.record import current

if TYPE_CHECKING:
    from adlcalc.report.tones import Paint


def paint_for(output: str | None) -> Paint | None:
    """How a page that goes there is painted; None: not at all."""
    if output not in (None, "-") or not sys.stdout.isatty() or current() is not None:
        return None
    if os.environ.get("NO_COLOR"):
        return None
    from rich.color import ColorSystem
    from rich.console import Console
    from rich.style import Style

    console = Console()
    if console.color_system is None or console.legacy_windows:  # TERM=dumb, say
        return None

    def paint(text: str, style: str) -> str:
        return Style.parse(style).render(text, color_system=ColorSystem.STANDARD)  # the terminal's own colors

    return paint
