"""How something came out, whatever the command line makes of it.

Public: Verdict, described.
"""

from __future__ import annotations

from enum import IntEnum


class Verdict(IntEnum):
    """From well to worse: the worst of several counts."""

    ok = 0
    differs = 1
    unusable = 2
    bug = 3


def described(error: Exception, file: str) -> tuple[Verdict, str]:
    """What an exception is, and what is said of it."""
    from adlcalc.asking import Unknown
    from adlcalc.engine.books.ledger import AuditError
    from adlcalc.engine.loop import PrecisionError
    from adlcalc.source import ScenarioErrors
    from adlcalc.study.runs import Lost

    if isinstance(error, ScenarioErrors):
        return Verdict.unusable, str(error)
    if isinstance(error, PrecisionError | Unknown | Lost):
        return Verdict.unusable, f"{file}: error: {error}"
    if isinstance(error, AuditError):
        return (
            Verdict.bug,
            f"{file}: audit: {error}\nThis is a bug in adlcalc: please report it with the scenario.",
        )
    import traceback

    trace = "".join(traceback.format_exception(error)).rstrip()
    return (
        Verdict.bug,
        f"{trace}\n{file}: this is a bug in adlcalc: please report it with the lines above and the scenario.",
    )
