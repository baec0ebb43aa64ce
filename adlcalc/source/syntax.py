"""The YAML parsers and their complaints. libyaml is used where it is there, else the pure Python one; both
report in our words.

Public: parser_class, bracket_below, complaint, Complaint.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import yaml
from yaml.scanner import ScannerError


class Complaint(NamedTuple):
    """A sentence, a hint and a place (from 1)."""

    message: str
    hint: str
    line: int
    column: int


class _PureLoader(yaml.SafeLoader):
    """The pure Python parser, which knows tabs between tokens as libyaml does: allowed where no indentation
    is measured."""

    def scan_to_next_token(self) -> None:
        while True:
            while self.peek() == " " or (
                self.peek() == "\t" and (self.flow_level or not self.allow_simple_key)
            ):
                self.forward()
            if self.peek() == "#":
                while self.peek() not in "\0\r\n":
                    self.forward()
            if not self.scan_line_break():  # type: ignore[no-untyped-call]  # PyYAML has no types
                return
            if not self.flow_level:
                self.allow_simple_key = True


def parser_class(*, pure: bool = False) -> Any:
    """The loader class whose event stream is read."""
    return _PureLoader if pure else getattr(yaml, "CSafeLoader", _PureLoader)


AHEAD = 1024
"""How far a parser reads ahead of its events, in characters: a bracket may begin a key, and a key without '?'
is no longer."""


def bracket_below(text: str, at: yaml.Mark, brackets: int, levels: int) -> tuple[int, int] | None:
    """Line and column (from 1) of the bracket that opens one level more than `levels` behind `at`, where
    `brackets` are open.

    A parser that has a limit of its own, as libyaml has from 0.2.6 on, complains of nesting while it reads
    ahead: the levels that it has read are in no event yet. Here they are counted token by token, by the pure
    parser, which has no limit."""
    loader = _PureLoader(text[at.index : at.index + AHEAD])
    loader.flow_level = brackets
    try:
        while loader.flow_level <= levels:
            if loader.done:
                return None
            loader.fetch_more_tokens()
    except yaml.YAMLError:
        return None
    mark = loader.tokens[-1].start_mark
    return at.line + mark.line + 1, mark.column + 1 + (0 if mark.line else at.column)


_QUOTE = "text with ':', '#', '[', '{' or a leading '@', '`', '%', '&', '*', '!' needs quotes"
_BY_PHRASE = (  # phrases that the two parsers share, in the order they are tried
    ("':'", "a ':' is missing after the key on this line", "write key: value"),
    (
        "values are not allowed",
        "a ':' cannot stand here",
        "check the indentation and the line above; text that holds ': ' needs quotes",
    ),
    ("entries are not allowed", "a '-' item cannot begin here", "begin the list on a line of its own"),
    ("escape", "this escape is unknown", "inside double quotes, write a backslash twice"),
    ("hexdecimal", "this escape needs hexadecimal digits", "inside double quotes, write a backslash twice"),
    ("hexadecimal", "this escape needs hexadecimal digits", "inside double quotes, write a backslash twice"),
    ("tab character", "a tab indents this line", "indent with spaces"),
    ("'\\t'", "a tab indents this line", "indent with spaces"),
    ("cannot start any token", "this character cannot begin a value", _QUOTE),
    ("directive", "directives (lines that begin with '%') are not supported", "leave the line out"),
    ("incompatible", "directives (lines that begin with '%') are not supported", "leave the line out"),
    ("<document start>", "the text goes on after the end of the document", ""),
    ("document separator", "a line of '---' or '...' ends the document inside a quoted text", ""),
    ("document indicator", "a line of '---' or '...' ends the document inside a quoted text", ""),
    (
        "alphabetic or numeric",
        "anchors and aliases ('&', '*') are not supported",
        "write the value out; text that begins with '&' or '*' needs quotes",
    ),
    ("tag", "tags ('!') are not supported", "text that begins with '!' needs quotes"),
    ("URI", "tags ('!') are not supported", "text that begins with '!' needs quotes"),
    ("node content", "a value is missing here", ""),
)


def complaint(error: yaml.YAMLError, text_lines: list[str]) -> Complaint:
    """What is wrong, in our words. The marks and phrases of the two parsers differ a little; this levels
    them."""
    problem, context = str(getattr(error, "problem", "") or ""), str(getattr(error, "context", "") or "")
    mark, opened = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    if mark is None:
        return Complaint("this is not valid YAML", "", 1, 1)
    line, column = mark.line, mark.column
    at_end = all(
        not rest.strip()
        for rest in [
            *(text_lines[line : line + 1] or [""])[0][column:].split("#")[:1],
            *text_lines[line + 1 :],
        ]
    )
    here = text_lines[line] if line < len(text_lines) else ""
    if opened is not None and ("quoted" in context and "end of stream" in problem):
        return Complaint("this quote is never closed", "", opened.line + 1, opened.column + 1)
    if here[column : column + 1] == "\t" and "cannot start" in problem and here[:column].strip():
        return Complaint("a tab indents what follows", "indent with spaces", line + 1, column + 1)
    if here[:1] == "\t" or (here.lstrip(" ")[:1] == "\t" and column <= len(here) - len(here.lstrip())):
        indent = len(here) - len(here.lstrip(" "))
        return Complaint("a tab indents this line", "indent with spaces", line + 1, indent + 1)
    if opened is not None and "flow" in context and "expected ','" in problem:
        what, close = ("map", "}") if "mapping" in context else ("list", "]")
        if at_end:
            return Complaint(
                f"this {what} is never closed by '{close}'", "", opened.line + 1, opened.column + 1
            )
        begin = f"the {what} begins on line {opened.line + 1}" if opened.line < line else ""
        return Complaint(
            f"a ',' or the '{close}' that closes the {what} is missing here", begin, line + 1, column + 1
        )
    if ("block collection" in context or "block mapping" in context) and here[:column].strip(" -"):
        return Complaint("this cannot follow what stands before it on the line", _QUOTE, line + 1, column + 1)
    if "block collection" in context or "block mapping" in context:
        return Complaint(
            "this line does not fit the ones above it",
            "items of one list or map begin in the same column",
            line + 1,
            column + 1,
        )
    if "block scalar" in context:
        return Complaint("only a line break can follow '|' or '>'", _QUOTE, line + 1, column + 1)
    for phrase, message, hint in _BY_PHRASE:
        if phrase in problem or (phrase == "directive" and phrase in context):
            if phrase == "':'" and opened is not None:
                return Complaint(message, hint, opened.line + 1, opened.column + 1)
            if phrase in ("directive", "incompatible"):
                column = 0
            if phrase == "escape" and here[column : column + 1] != "\\" and column:
                column -= 1  # one parser points at the backslash, the other behind it
            return Complaint(message, hint, line + 1, column + 1)
    return Complaint(
        "this is not valid YAML", _QUOTE if isinstance(error, ScannerError) else "", line + 1, column + 1
    )
