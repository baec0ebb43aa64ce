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
    """One message on stderr, whatever its encoding can hold."""
    sys.stderr.write(message.encode("utf-8", "backslashreplace").decode("utf-8") + "\n")


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
