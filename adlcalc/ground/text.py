"""Text of other people's making, written so that nobody who reads our output takes it for a command.

Two readers act upon what they read. A terminal acts upon control characters. The log of a CI service acts
upon commands: GitHub upon a line that begins with `::`, blanks before it aside, and upon `##[` anywhere in a
line; Azure upon `##vso[`, TeamCity upon `##teamcity[`. Where a line will be wrapped is not known when a name
is written, so every word counts as the beginning of one.

Public: clean, clean_json.
"""

from __future__ import annotations

import re

_COMMAND = re.compile(r"(?<![^ ])([^ -~\w]*):(?=:)|#(?=#\w*\[)")
"""The first character of a command: of `::` at a word's beginning (marks that take no room before it aside),
of `##[`."""
_IN_JSON = re.compile(r"#(?=#\w*\[)")


def clean(text: str) -> str:
    """The text with everything that is not a printable character (controls, escapes, direction marks, line
    breaks) and the first character of what a CI service would take for a command written as its escape:
    '::error::' is '\\x3a:error::'."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
    if "::" in text or "##" in text:
        text = _COMMAND.sub(lambda found: f"{found[1]}\\x3a" if found[1] is not None else "\\x23", text)
    return text


def clean_json(text: str) -> str:
    """A JSON document with `##[` in its texts written as `\\u0023#[`: the same document. (None of its lines
    begins with `::`.)"""
    return _IN_JSON.sub(r"\\u0023", text) if "##" in text else text
