"""Exit codes, and what is said for each way to fail.

Public: RAN, FAILED, UNUSABLE, BUG, INTERRUPTED, code_of, say, note, explain.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adlcalc.check.verdict import Verdict
    from adlcalc.scenario import Loaded

RAN = 0
FAILED = 1  # a check: `expect`, --fail-on
UNUSABLE = 2  # the command line or a scenario
BUG = 70
INTERRUPTED = 130


def say(message: str) -> None:
    """One message on stderr; what a terminal could take for a command (in the name of a file, say) is written
    as its escape. On a terminal a sentence is wrapped at its width (lines of a file, which begin with a
    blank, are not); elsewhere it is one line, for programs."""
    from adlcalc.ground.text import clean

    lines = [clean(line) for line in message.split("\n")]
    if sys.stderr.isatty():
        lines = [_at_width(line) for line in lines]
    sys.stderr.write("\n".join(lines) + "\n")


def _at_width(line: str) -> str:
    from shutil import get_terminal_size
    from textwrap import wrap

    from adlcalc.cli.usual import NARROW

    width = max(get_terminal_size((80, 24)).columns, NARROW)
    if len(line) <= width or line.startswith(" "):
        return line
    return "\n".join(
        wrap(line, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    )


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


def code_of(verdict: Verdict) -> int:
    """The exit code of a verdict."""
    return (RAN, FAILED, UNUSABLE, BUG)[verdict]


def explain(error: Exception, file: str) -> int:
    """Say what went wrong with a file and return the exit code: a fault of the scenario, or a bug."""
    from adlcalc.check.verdict import described

    verdict, text = described(error, file)
    say(text)
    return code_of(verdict)
