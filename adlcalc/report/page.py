"""The page that every command makes, whatever it is written as: what a person reads, and the same as data.

Public: Page, Block, Listing, Item, Writer, notes, title_of, under_title.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from adlcalc.engine.declared import closed
from adlcalc.engine.model import Scenario
from adlcalc.engine.rules import Assumption
from adlcalc.report.field import Document
from adlcalc.report.human import clean
from adlcalc.report.table import PAGE, Table
from adlcalc.report.tones import Paint


class Item(NamedTuple):
    """A sentence of a list. kind: the word that it begins with; below: sentences that belong to it; lines:
    what is never broken (an address)."""

    text: str
    kind: str = ""
    below: Sequence[str] = ()
    lines: Sequence[str] = ()


class Listing(NamedTuple):
    """A list under a heading. nothing: what is said where it is empty ('': the list is left out)."""

    heading: str
    items: Sequence[Item]
    nothing: str = ""
    colon: bool = True

    @property
    def is_there(self) -> bool:
        """Is there anything to show?"""
        return bool(self.items or self.nothing)


Block = Table | Listing | str
"""What a page is made of; a text is a sentence. All text is clean: nothing in it acts on a terminal."""


@closed
class Page:
    """What a command has to show, for every format.

    blocks    width -> the tables, sentences and lists; width: the columns there is room for, None where there
              is no end
    document  what it is as data, and about: what that is got from; asked: the tables that were asked for
    name      the file that it is about, where there may be several
    width     the columns that a text of it may have, None where there is no end
    paint     how a terminal shows what stands out, None where nothing does
    only      the one table that a CSV has, '' where it has all
    """

    title: str
    subtitle: str
    blocks: Callable[[int | None], Iterable[Block]]
    document: Document
    about: Any
    asked: Sequence[str] = ()
    name: str = ""
    width: int | None = PAGE
    paint: Paint | None = None
    only: str = ""


class Writer(Protocol):
    """A format. One page is one text; of several, `page` is told which is the first, and `join` puts them
    together."""

    def page(self, page: Page, *, several: bool = False, first: bool = True) -> str:
        """The text of one page, ending in a line feed."""

    def join(self, texts: Sequence[str]) -> str:
        """Several such texts as one."""


def notes(heading: str, assumptions: Iterable[Assumption]) -> Listing:
    """The assumed rules, at the end of a page."""
    return Listing(heading, [Item(f"{clean(note.rule)}: {clean(note.note)}") for note in assumptions])


def title_of(scenario: Scenario, file: str | None) -> str:
    """What a page about a scenario is called."""
    return clean(scenario.title or (file if file != "-" else None) or "Scenario")


def under_title(scenario: Scenario) -> Iterator[Block]:
    """What the scenario says of itself: a sentence, however its lines are broken in the file."""
    if scenario.description:
        yield clean(" ".join(scenario.description.split()))
