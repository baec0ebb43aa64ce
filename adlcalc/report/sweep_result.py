"""A sweep for a program: the figures as rows, the points as an Arrow table.

Public: Swept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adlcalc.report.limits import frequencies
from adlcalc.report.result import Result
from adlcalc.report.sweep_view import sweep_page

if TYPE_CHECKING:
    import pyarrow


class Swept(Result):
    """The figures, a row for each measure and group."""

    def __init__(self, found: Any) -> None:
        super().__init__(sweep_page(found), "figures")
        self._found = found

    @property
    def model(self) -> str:
        """What the frequencies are of, and what they are not; '' where no path is drawn."""
        return frequencies(self._found)

    @property
    def worked(self) -> int:
        """How many points were run now; the others were in the store."""
        return int(self._found.worked)

    def points(self) -> pyarrow.Table:
        """Every point as a pyarrow.Table (extra [frames]), with a column for each thing that is varied and
        each measure: decimals, booleans, texts."""
        from adlcalc.report.sweep_frames import points_frame

        return points_frame(self._found)
