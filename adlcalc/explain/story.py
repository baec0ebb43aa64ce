"""A run told as a story: what happened in order, each with its formula, the numbers put in, and the rule
behind it.

    story.py        what a story is made of
    witness.py      what the engine was seen to look at
    tell.py         which events belong to a story; its chapters, sums and rules
    story_lines.py  an event as a line with its formulas
    formula.py      a formula with the numbers put in
    why.py          the one rule that made the difference
    story_view.py   a story as text, Markdown, CSV and JSON

Public: Line, Chapter, Story, RuleNote, Subject.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from adlcalc.engine.model import Scenario
from adlcalc.explain.witness import Witness
from adlcalc.report.human import clean


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened. kind: its short name; formulas: 'what = words = numbers = result'; amounts:
    the numbers by name;
    rules: the rules of the rulebook behind it."""

    step: int
    kind: str
    text: str
    formulas: tuple[str, ...] = ()
    amounts: dict[str, Decimal] = field(default_factory=dict)
    rules: tuple[str, ...] = ()
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Chapter:
    """The lines of one step."""

    step: int
    time: str | None
    marks: dict[str, Decimal]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class RuleNote:
    """A rule that was told of, with where it comes from. title, url: of its source, where it has one; taken:
    of which other venue's rulebook it is."""

    rule: str
    value: str
    status: str
    source: str
    note: str
    title: str = ""
    url: str = ""
    taken: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """subject: whose story; why: the rules that made the difference, a line for each; chapters: step by step;
    sums: how it adds up at the end; rules: those behind it, first those of `why`."""

    scenario: Scenario
    file: str | None
    subject: str
    chapters: tuple[Chapter, ...]
    sums: tuple[Line, ...]
    rules: tuple[RuleNote, ...]
    why: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """What is told: one account, the funds, or everybody at one step; of one market, where one is named."""

    account: str | None = None
    fund: bool = False
    step: int | None = None
    market: str | None = None

    def witness(self) -> Witness:
        """The observer that sees what this story needs."""
        if self.fund:
            return Witness((), self.step)
        return Witness(None if self.account is None else (self.account,), self.step, self.market)

    def name(self) -> str:
        """'alice', 'the insurance fund', 'everybody'; in a market, at a step."""
        who = (
            clean(self.account)
            if self.account is not None
            else "the insurance fund"
            if self.fund
            else "everybody"
        )
        who += f" in {clean(self.market)}" if self.market is not None else ""
        return who if self.step is None else f"{who} at step {self.step:,}"
