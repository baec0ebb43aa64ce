"""What is wrong with a file, where, and how it is shown.

    book.yaml:9:29: error: 'leverage' of account 'alice' must be a number, not 'ten'
     9 |   - {id: alice, side: long, leverage: ten, size: 2}
       |                                       ^^^
    hint: ...

All problems of a load are collected and shown at once, in the order of the file.

Public: Problem, Problems, ScenarioErrors, format_problem, escape, quote, kind_of, nearest, closest_hint,
near_and_all, wrong.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

from adlcalc.ground.text import clean
from adlcalc.source.nodes import Source

SHOWN = 100
"""As many problems are printed; a wrong column of a large book has one in every row."""
MOST = 1_000
"""As many are collected; where that many are wrong the load ends."""
WIDTH = 120
"""Source lines longer than this are shown around the fault only."""


class Located(Protocol):
    """Anything that knows where it stands: a node of the tree or a Place."""

    @property
    def source(self) -> Source: ...
    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...
    @property
    def length(self) -> int: ...


class Problem(NamedTuple):
    """One fault, or a note: what may be meant but does nothing, or seldom what is wanted. line 0: it concerns
    the file as a whole. text: the source line, where there is one to show."""

    file: str
    line: int
    column: int
    length: int
    message: str
    hint: str = ""
    text: str = ""
    kind: str = "error"


class ScenarioErrors(Exception):
    """A scenario, rulebook or companion file is unusable; `problems` says why, in file order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        shown = "\n".join(format_problem(problem) for problem in self.problems[:SHOWN])
        more = len(self.problems) - SHOWN
        return f"{shown}\n... and {more} more errors" if more > 0 else shown


class Problems:
    """Collects problems. A second one at the same place is dropped: it follows from the first."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, int, int], Problem] = {}
        self.notes: list[Problem] = []
        self._sources: dict[int, Source] = {}

    def add(self, where: Located, message: str, hint: str = "") -> None:
        """Note one problem at a place. The 1,000th ends the load with ScenarioErrors: more than anybody wants
        to read."""
        source = where.source
        self._sources.setdefault(id(source), source)
        problem = _at(where, message, hint, "error")
        self._found.setdefault((list(self._sources).index(id(source)), where.line, where.column), problem)
        if len(self._found) >= MOST:
            self.raise_if_any()

    def note(self, where: Located, message: str, hint: str = "") -> None:
        """Note what the user may not have meant; the file is read all the same."""
        self.notes.append(_at(where, message, hint, "note"))

    def __len__(self) -> int:
        return len(self._found)

    def take(self, errors: ScenarioErrors) -> None:
        """Add the problems of a companion file that could not be read."""
        for problem in errors.problems:
            self._found.setdefault((len(self._sources), problem.line, problem.column), problem)

    def raise_if_any(self) -> None:
        """End the load here if something was found."""
        if self._found:
            raise ScenarioErrors(self._found[place] for place in sorted(self._found))


def _at(where: Located, message: str, hint: str, kind: str) -> Problem:
    source = where.source
    text = source.line(where.line) if source.excerpt else ""
    line, column = (where.line, where.column) if source.excerpt else (0, 0)
    return Problem(source.name, line, column, where.length, escape(message), escape(hint), text, kind)


def fail(where: Located, message: str, hint: str = "") -> ScenarioErrors:
    """The exception for a single problem after which nothing can be read."""
    problems = Problems()
    problems.add(where, message, hint)
    return ScenarioErrors(problems._found.values())


def format_problem(problem: Problem) -> str:
    """The problem as it is printed: place and sentence, the line with carets under the culprit, a hint."""
    place = (
        f"{escape(problem.file)}:{problem.line}:{problem.column}" if problem.line else escape(problem.file)
    )
    out = [f"{place}: {problem.kind}: {problem.message}"]
    if problem.line and problem.text.strip():
        out += _excerpt(problem)
    if problem.hint:
        out.append(f"hint: {problem.hint}")
    return "\n".join(out)


def _excerpt(problem: Problem) -> list[str]:
    """The source line behind a gutter, and carets under its faulty stretch."""
    text = problem.text.rstrip()
    start = min(problem.column - 1, len(text))
    end = max(min(start + problem.length, len(text)), start)
    first = 0 if len(text) <= WIDTH else max(0, start - WIDTH // 2)
    last = min(len(text), first + WIDTH)
    end = min(end, last)
    before = ("..." if first else "") + escape(text[first:start])
    culprit = escape(text[start:end])
    after = escape(text[end:last]) + ("..." if last < len(text) else "")
    number = str(problem.line)
    return [
        f" {number} | {before}{culprit}{after}",
        f" {' ' * len(number)} | {' ' * _columns(before)}{'^' * max(1, _columns(culprit))}",
    ]


def escape(text: str) -> str:
    """Text that is safe to print on one line: tabs are spaces, what a terminal or a CI service acts upon is
    its escape."""
    return clean(text.replace("\t", " "))


def quote(text: object) -> str:
    """'text' as it appears in a sentence: escaped, and cut when it is long."""
    shown = escape(str(text))
    return f"'{shown if len(shown) <= 60 else shown[:57] + '...'}'"


def kind_of(value: Any) -> str:
    """A bare value named in a sentence."""
    if isinstance(value, dict):
        return "a map"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return "true" if value else "false"
    return quote(value)


def _columns(text: str) -> int:
    """How many terminal columns a printable text takes: wide East Asian characters two, combining ones
    none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` most likely meant, if one is near."""
    from difflib import get_close_matches

    lower = {name.lower(): name for name in known}
    found = get_close_matches(word.lower()[:100], lower, n=1, cutoff=0.6)
    return lower[found[0]] if found else None


def closest_hint(word: str, known: Iterable[str]) -> str:
    """`did you mean 'x'?`, or the list of what there is if that is short."""
    names = list(known)
    near = nearest(word, names)
    if near is not None:
        return f"did you mean {quote(near)}?"
    return f"known here: {', '.join(escape(name) for name in names)}" if 0 < len(names) <= 20 else ""


def near_and_all(word: str, known: Iterable[str]) -> str:
    """`did you mean 'x'? Known here: ...`: the nearest and the list, for who writes what he does not know by
    heart."""
    names = list(known)
    near = nearest(word, names)
    listed = f"nown here: {', '.join(map(escape, names))}" if names else ""
    if near is None:
        return listed and f"k{listed}"
    return f"did you mean {quote(near)}? K{listed}"


def wrong(option: str, text: str, message: str, hint: str = "") -> ScenarioErrors:
    """What is wrong with an option as it was typed."""
    return ScenarioErrors([Problem(f"{option} {text}".strip(), 0, 0, 0, message, hint)])
