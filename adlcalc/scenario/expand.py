"""A scenario file with everything written out that the file only describes; all the rest of it as it was.

A key that describes more than it says has a function in PARTS, which says the lines that stand for it.
Accounts that are made up are too many for lines: they go to a CSV file beside the scenario.

Public: expanded, made_up, PARTS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from textwrap import fill

from adlcalc.engine.model import side_name
from adlcalc.ground.numbers import show
from adlcalc.ground.text import clean
from adlcalc.scenario import Loaded
from adlcalc.source.document import read_document
from adlcalc.source.nodes import LINE_BREAK, Map, Place, Source
from adlcalc.source.problems import Problems, fail

WIDTH = 110


def _prices(loaded: Loaded, book: str) -> Iterator[str]:
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
        yield from _listed(f"  {_quoted(market)}: ", path)


def _population(loaded: Loaded, book: str) -> Iterator[str]:
    """The CSV file of the accounts that were made up."""
    if loaded.made:
        yield f"# {loaded.made:,} of {len(loaded.scenario.accounts):,} accounts were made up"
        yield f"population: {{file: {_quoted(book)}}}"


def made_up(loaded: Loaded) -> Iterator[str]:
    """The accounts that the file makes up, as lines of a CSV file: a collateral follows from the leverage,
    the balance of a cross account is written."""
    accounts, several = loaded.scenario.accounts, len(loaded.scenario.markets) > 1
    made = [accounts[i] for i in range(len(accounts) - loaded.made, len(accounts))]
    crosses = any(account.positions[0].collateral is None for account in made)
    yield f"id,{'market,' * several}side,size,entry,leverage{',margin,balance' * crosses}\n"
    for account in made:
        (one,) = account.positions
        assert one.leverage is not None
        cells = [*map(_cell, (account.id, one.market) if several else (account.id,)), side_name(one.side)]
        cells += map(show, (one.size, one.entry, one.leverage))
        if crosses:
            cells += ("cross", show(account.balance)) if one.collateral is None else ("", "")
        yield ",".join(cells) + "\n"


def _cell(text: str) -> str:
    """A name in a cell."""
    return '"' + text.replace('"', '""') + '"' if '"' in text or "," in text else text


def _quoted(name: str) -> str:
    """A name in YAML."""
    return "'" + name.replace("'", "''") + "'"


def _listed(head: str, numbers: Sequence[Decimal]) -> list[str]:
    """A list in brackets, in lines."""
    text = "[" + ", ".join(show(x) for x in numbers) + "]"
    indent = " " * (len(head) - len(head.lstrip()) + 4)
    return fill(head + text, WIDTH, subsequent_indent=indent, break_long_words=False).split("\n")


PARTS: Mapping[str, Callable[[Loaded, str], Iterator[str]]] = {"prices": _prices, "population": _population}


def expanded(source: Source, loaded: Loaded, book: str = "") -> str:
    """The text with the parts written out. book: the CSV file of the accounts that are made up. Raises
    ScenarioErrors where its keys do not stand on lines of their own."""
    problems = Problems()
    root = read_document(source, problems)
    problems.raise_if_any()
    assert isinstance(root, Map)
    lines = LINE_BREAK.split(source.text)
    starts = sorted(key.line for key in root.keys.values())
    for key in sorted(root.keys.values(), key=lambda key: -key.line):
        if key.text not in PARTS:
            continue
        instead = [*PARTS[key.text](loaded, book)]
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
