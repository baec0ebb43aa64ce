"""adlcalc: who is liquidated, what the insurance fund pays, who is auto-deleveraged, and what it costs each
of them. Exactly.

    import adlcalc
    run = adlcalc.run(adlcalc.load("scenarios/05-fund-empty-adl.yaml"))
    print(run.to_text())
    for row in run.deleveraged:
        print(row.account, row.size, row.price)

Public: load, run, __version__.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from adlcalc.engine.model import Scenario
    from adlcalc.report import Run
    from adlcalc.scenario import Loaded

__all__ = ["__version__", "load", "run"]
__version__ = "0.1.0"


def load(
    path: str | PathLike[str],
    *,
    sets: Sequence[str] = (),
    venue: str | None = None,
    as_of: str | None = None,
) -> Loaded:
    """Read a scenario file ('-' is standard input). `sets` are changes like 'fund=0', `venue` another
    rulebook than the file's.

    Raises adlcalc.source.ScenarioErrors, whose text shows every problem of the file with its line.
    """
    from os import fspath

    from adlcalc.scenario import load as load_scenario

    return load_scenario(fspath(path), sets=tuple(sets), venue=venue, as_of=as_of)


def run(scenario: Scenario | Loaded, *, index: bool = True) -> Run:
    """Run a scenario to its end. index=False looks at every account at every step: slower, the same
    result."""
    from adlcalc.engine.loop import run as run_engine
    from adlcalc.engine.model import Scenario
    from adlcalc.report import Run

    if isinstance(scenario, Scenario):
        return Run(scenario, run_engine(scenario, index=index, together=True))
    return Run(
        scenario.scenario, run_engine(scenario.scenario, index=index, together=True), file=scenario.file
    )
