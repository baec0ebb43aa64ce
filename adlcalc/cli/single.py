"""A command about one scenario: it is loaded, looked at, and the result is written; whatever goes wrong has its exit code.

Public: work, Unknown, one_of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from adlcalc.cli.exits import INTERRUPTED, RAN, UNUSABLE, explain, say
from adlcalc.cli.output import Inputs, OutputError, write


class Unknown(Exception):
    """The command line names something that the scenario does not have."""


def work(file: str, output: str | None, result: Callable[[], str]) -> int:
    """Make the result and write it; the exit code."""
    try:
        with Inputs(output).collected() as inputs:
            text = result()
        write(text, output, inputs)
    except KeyboardInterrupt:
        return INTERRUPTED
    except OutputError as error:
        say(f"adlcalc: {error}")
        return UNUSABLE
    except Unknown as error:
        say(f"adlcalc: {error}")
        return UNUSABLE
    except Exception as error:
        return explain(error, file)
    return RAN


def one_of(what: str, name: str, known: Iterable[str]) -> str:
    """The name, if the scenario has it; else Unknown with the nearest one."""
    from adlcalc.source.problems import closest_hint, quote

    names = list(dict.fromkeys(known))
    if name in names:
        return name
    hint = closest_hint(name, names)
    raise Unknown(f"there is no {what} {quote(name)} in the scenario" + (f"\nhint: {hint}" if hint else ""))
