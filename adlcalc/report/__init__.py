"""Events into tables: what a run is shown as. Everything here is a view of the engine's events and of nothing else.

Public: Run.
"""

from adlcalc.report.run import Run

__all__ = ["Run"]
