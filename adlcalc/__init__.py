"""adlcalc: who is liquidated, what the insurance fund pays, who is auto-deleveraged, and what it costs each
of them. Exactly.

    import adlcalc
    run = adlcalc.run("05-fund-empty-adl")   # a file, the name of a shipped scenario, YAML text, or a dict
    print(run.to_text())
    for row in run.rows("deleveraged"):
        print(row.account, row.side, row.size, row.price)   # 'bob' 'short' Decimal('1') Decimal('54000')

Wherever a scenario is asked for, `load` is asked for what it takes, or give what `load` returned. Results are
sequences of rows (adlcalc.report.result.Row): the facts of the JSON by the same keys, with numbers as Decimal
and sides as 'long' and 'short'. Prices are in the market's quote, sizes in contracts, money in the currency
that the market settles in, rates and ratios are fractions (0.005 is half a percent).

Errors: ScenarioErrors where a scenario or rulebook cannot be used (its text shows every problem with line and
hint, `problems` has them as data); Unknown where something is asked for that is not there, with the nearest
name.

Public: load, run, margin, rank, explain, compare, solve, sweep, check, ScenarioErrors, Unknown, __version__.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from adlcalc.face import check, compare, explain, load, margin, rank, run, solve, sweep

if TYPE_CHECKING:
    from adlcalc.asking import Unknown
    from adlcalc.source import ScenarioErrors

__all__ = [
    "ScenarioErrors",
    "Unknown",
    "__version__",
    "check",
    "compare",
    "explain",
    "load",
    "margin",
    "rank",
    "run",
    "solve",
    "sweep",
]
__version__ = "0.2.0"


def __getattr__(name: str) -> Any:
    """The errors, imported when they are asked for: a bare `import adlcalc` imports nothing."""
    if name == "ScenarioErrors":
        from adlcalc.source import ScenarioErrors

        return ScenarioErrors
    if name == "Unknown":
        from adlcalc.asking import Unknown

        return Unknown
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class _Answering(ModuleType):
    """A room that bears the name of a function, `adlcalc.explain`, and is called as the function is."""

    def __call__(self, *given: Any, **named: Any) -> Any:
        from adlcalc import face

        return getattr(face, self.__name__.rpartition(".")[2])(*given, **named)


class _Package(ModuleType):
    """Python puts a room in the place of the function of its name once something is imported from it; so that
    `adlcalc.explain(...)` goes on answering, the room then answers as the function does."""

    def __setattr__(self, name: str, value: Any) -> None:
        before = self.__dict__.get(name)
        if isinstance(value, ModuleType) and before is not None and not isinstance(before, ModuleType):
            value.__class__ = _Answering
            value.__doc__ = f"{before.__doc__}\n\n{value.__doc__ or ''}"
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
