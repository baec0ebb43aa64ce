"""A command line that cannot be understood, told as everything else that is wrong is: `adlcalc: what`, and a
hint.

The parser has its own wording, which differs from version to version; ours says the option, what it must be,
and where the options are told.

Public: answered.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import typer

from adlcalc.cli.app import COMMANDS, app_for
from adlcalc.cli.exits import INTERRUPTED, RAN, UNUSABLE, say

OURS = (
    (r"^Invalid value for (?P<what>.+?): (?P<why>.*)$", r"\g<what>: \g<why>"),
    (r"^Invalid value: ", ""),
    (r"'(--?[\w-]+)'", r"\1"),
    (r": Value error, ", ": "),
    (r": Input should be (.*?)(, unable to .*)?$", r": must be \1"),
    (r"^No such (option|command):? ", r"there is no \1 "),
    (r"^Missing (argument|option|parameter):? (.*)$", r"\2 is missing"),
    (r"^Got unexpected extra argument", "there is no place for the further argument"),
    (r"^Option (\S+) requires an argument", r"\1 needs a value"),
    (r": (and|is|says) ", r" \1 "),
    (r"[.,]? \(?Did you mean.*$", ""),
    (r"\.$", ""),
)
"""The parser's wording -> ours."""


def answered(arguments: Sequence[str]) -> int:
    """Work the command line; the exit code."""
    try:
        code: Any = app_for(arguments)(arguments, prog_name="adlcalc", standalone_mode=False)
    except typer.Abort:
        return INTERRUPTED
    except Exception as error:
        if not hasattr(error, "format_message"):  # not of the parser
            raise
        return _told(error)
    return code if isinstance(code, int) else RAN


def _told(error: Any) -> int:
    """Say what is wrong with the command line; a command without arguments is answered with its help."""
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
        return UNUSABLE
    text, _, offered = error.format_message().partition(" (Possible options: ")
    if guessed := re.search(r"Did you mean '?(--[\w-]+)", text):
        offered = guessed[1]
    for theirs, ours in OURS:
        text = re.sub(theirs, ours, text)
    say(f"adlcalc: {text}\nhint: {_hint(error, text, offered.rstrip(').').split(', '))}")
    return UNUSABLE


def _hint(error: Any, text: str, offered: Sequence[str]) -> str:
    """The nearest command or option, or where the options are told."""
    from adlcalc.source.problems import nearest

    words = error.ctx.command_path.split()[1:] if getattr(error, "ctx", None) is not None else []
    wrong = re.match(r"there is no (command|option) '?([^' ]*)", text)
    near = nearest(wrong[2], COMMANDS if wrong[1] == "command" else offered) if wrong else None
    if near is not None:
        return f"did you mean '{near}'?"
    return (
        f"adlcalc help {' '.join(words)} tells the options"
        if words
        else "adlcalc help lists commands and topics"
    )
