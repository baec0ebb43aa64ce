"""A scenario file with everything written out that the file only describes; all the rest of it as it was.

A key that describes more than it says has a function in PARTS, which says the lines that stand for it.

Public: expanded, PARTS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from textwrap import fill

from adlcalc.ground.numbers import show
from adlcalc.ground.text import clean
from adlcalc.scenario import Loaded
from adlcalc.source.document import read_document
from adlcalc.source.nodes import LINE_BREAK, Map, Place, Source
from adlcalc.source.problems import Problems, fail

WIDTH = 110


def _prices(loaded: Loaded) -> Iterator[str]:
    """The path that was drawn, as lists."""
    if loaded.model is None:
        return
    marks = loaded.scenario.path.marks
    yield f"# drawn from seed {loaded.model.seed}: one of the paths {clean(loaded.model.told())}"
    if len(marks) == 1:
        yield from _listed("prices: ", next(iter(marks.values())))
        return
    yield "prices:"
    for market, path in marks.items():
        name = "'" + market.replace("'", "''") + "'"
        yield from _listed(f"  {name}: ", path)


def _listed(head: str, numbers: Sequence[Decimal]) -> list[str]:
    """A list in brackets, in lines."""
    text = "[" + ", ".join(show(x) for x in numbers) + "]"
    indent = " " * (len(head) - len(head.lstrip()) + 4)
    return fill(head + text, WIDTH, subsequent_indent=indent, break_long_words=False).split("\n")


PARTS: Mapping[str, Callable[[Loaded], Iterator[str]]] = {"prices": _prices}


def expanded(source: Source, loaded: Loaded) -> str:
    """The text with the parts written out. Raises ScenarioErrors where its keys do not stand on lines of
    their own."""
    problems = Problems()
    root = read_document(source, problems)
    problems.raise_if_any()
    assert isinstance(root, Map)
    lines = LINE_BREAK.split(source.text)
    starts = sorted(key.line for key in root.keys.values())
    for key in sorted(root.keys.values(), key=lambda key: -key.line):
        if key.text not in PARTS:
            continue
        instead = [*PARTS[key.text](loaded)]
        if not instead:
            continue
        if key.column != 1:
            raise fail(
                Place(source, key.line, key.column, key.length),
                "only a file whose keys stand at the beginning of lines is written out",
            )
        end = next((line for line in starts if line > key.line), len(lines) + 1) - 1
        while end > key.line and lines[end - 1].strip()[:1] in ("", "#"):
            end -= 1  # what stands before the next key belongs to that
        lines[key.line - 1 : end] = instead
    return "\n".join(lines)
