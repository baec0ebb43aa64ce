"""Exit codes, and what is said for each way to fail.

Public: RAN, FAILED, UNUSABLE, BUG, INTERRUPTED, say, note, explain, described.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adlcalc.scenario import Loaded

RAN = 0
FAILED = 1  # a check: `expect`, --fail-on
UNUSABLE = 2  # the command line or a scenario
BUG = 70
INTERRUPTED = 130


def say(message: str) -> None:
    """One message on stderr; what a terminal could take for a command (in the name of a file, say) is written as its escape."""
    from adlcalc.report.human import clean

    sys.stderr.write("\n".join(map(clean, message.split("\n"))) + "\n")


def note(*loads: Loaded) -> None:
    """Say on stderr what a file gives that plays no part; of several venues, under which it does not."""
    from adlcalc.source.problems import Problem, format_problem

    venues: dict[Problem, list[str]] = {}
    for loaded in loads:
        for problem in loaded.notes:
            venues.setdefault(problem, []).append(loaded.scenario.venue)
    for problem, names in venues.items():
        under = f" (venue {', '.join(dict.fromkeys(names))})" if len(loads) > 1 else ""
        say(format_problem(problem._replace(message=problem.message + under)))


def explain(error: Exception, file: str) -> int:
    """Say what went wrong with a file and return the exit code: a fault of the scenario, or a bug."""
    code, text = described(error, file)
    say(text)
    return code


def described(error: Exception, file: str) -> tuple[int, str]:
    """The exit code of an exception, and what is said of it."""
    from adlcalc.engine.books.ledger import AuditError
    from adlcalc.engine.loop import PrecisionError
    from adlcalc.source import ScenarioErrors

    if isinstance(error, ScenarioErrors):
        return UNUSABLE, str(error)
    if isinstance(error, PrecisionError):
        return UNUSABLE, f"{file}: error: {error}"
    if isinstance(error, AuditError):
        return BUG, f"{file}: audit: {error}\nThis is a bug in adlcalc: please report it with the scenario."
    import traceback

    trace = "".join(traceback.format_exception(error)).rstrip()
    return BUG, f"{trace}\n{file}: this is a bug in adlcalc: please report it with the lines above and the scenario."
