"""A command about one scenario: it is loaded, looked at, and the result is written; whatever goes wrong has
its exit code.

Public: show, work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from adlcalc.asking import Unknown
from adlcalc.cli.colors import paint_for
from adlcalc.cli.exits import INTERRUPTED, RAN, UNUSABLE, explain, say
from adlcalc.cli.progress import watched
from adlcalc.cli.usual import room, written
from adlcalc.ground.output import Inputs, OutputError, write
from adlcalc.ground.record import current

if TYPE_CHECKING:
    from adlcalc.report.page import Page


def show(
    file: str,
    output: str | None,
    format: str,
    page: Callable[[], Page],
    *,
    quiet: bool = False,
    width: int | None = None,
) -> int:
    """Make the page and write it in a format; the exit code. quiet: nothing goes to standard output; width:
    as --width has it."""

    def result() -> str | None:
        made = replace(page(), width=room(width, output), paint=paint_for(output))
        if (record := current()) is not None:
            record.pages.append(made)
        if quiet and output is None:
            return None
        writer, made = written(format, made)
        return writer.page(made)

    return work(file, output, result, quiet=quiet)


def work(file: str, output: str | None, result: Callable[[], str | None], *, quiet: bool = False) -> int:
    """Make the result and write it, unless it is None; the exit code. How far the work has come is shown,
    unless quiet."""
    try:
        with Inputs(output).collected() as inputs, watched(quiet):
            text = result()
        if text is not None:
            write(text, output, inputs)
    except KeyboardInterrupt:
        say("adlcalc: interrupted")
        return INTERRUPTED
    except (OutputError, Unknown) as error:
        say(f"adlcalc: {error}")
        return UNUSABLE
    except Exception as error:
        return explain(error, file)
    return RAN
