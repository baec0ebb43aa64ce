"""Exit codes, and what is said for each way to fail.

Public: RAN, FAILED, UNUSABLE, BUG, INTERRUPTED, say, explain.
"""

from __future__ import annotations

import sys

RAN = 0
FAILED = 1  # a check: `expect`, --fail-on
UNUSABLE = 2  # the command line or a scenario
BUG = 70
INTERRUPTED = 130


def say(message: str) -> None:
    """One message on stderr; what a terminal could take for a command (in the name of a file, say) is written as its escape."""
    from adlcalc.report.human import clean

    sys.stderr.write("\n".join(map(clean, message.split("\n"))) + "\n")


def explain(error: Exception, file: str) -> int:
    """Say what went wrong with a file and return the exit code: a fault of the scenario, or a bug."""
    from adlcalc.engine.ledger import AuditError
    from adlcalc.engine.loop import PrecisionError
    from adlcalc.source import ScenarioErrors

    if isinstance(error, ScenarioErrors):
        say(str(error))
        return UNUSABLE
    if isinstance(error, PrecisionError):
        say(f"{file}: error: {error}")
        return UNUSABLE
    if isinstance(error, AuditError):
        say(f"{file}: audit: {error}\nThis is a bug in adlcalc: please report it with the scenario.")
        return BUG
    import traceback

    say("".join(traceback.format_exception(error)).rstrip())
    say(f"{file}: this is a bug in adlcalc: please report it with the lines above and the scenario.")
    return BUG
