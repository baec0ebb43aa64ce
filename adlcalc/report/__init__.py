"""Events into tables: what a run is shown as. Everything here is a view of the engine's events and of nothing
else.

Public: Run.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adlcalc.report.run import Run

__all__ = ["Run"]


def __getattr__(name: str) -> object:
    """`Run` is imported when it is asked for: who needs the columns or the names of the formats does not need
    the engine."""
    if name != "Run":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from adlcalc.report.run import Run

    return Run
