"""A golden as it was found, in whichever form, and what it is made anew as.

    facts   {"golden": "adlcalc run", ...           every fact, row by row (check/facts.py)
    page    # adlcalc run --steps --format table    a page at full width, or a CSV, below the command
    older   what `adlcalc run` has printed: a page, a CSV or a JSON without a command over it

Public: Held, old_golden, new_golden.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from adlcalc.check.commands import RUN, Asked, Style, asked, first_line, page_of
from adlcalc.check.facts import (
    NotFacts,
    Tables,
    change_told,
    changed,
    facts_of,
    from_csv,
    from_json,
    read,
    rules_of,
    text_of,
    with_optional,
)
from adlcalc.check.golden import Comparison, compare, compare_pages, lines_of, restricted
from adlcalc.report.writers import FORMATS

if TYPE_CHECKING:
    from adlcalc.report import Run
    from adlcalc.report.page import Page
    from adlcalc.scenario import Loaded

STEPS_TITLE, LIMIT_NOTE = "\nStep by step\n", " more, use --limit 0"
FACTS = '{"golden"'
_CLOSING = re.compile(
    r"(?:\n\n(?:[\d,]+ of [\d,]+ liquidated |Nobody was liquidated|Why: |Not modeled here: |Rests on "
    r"|[\d,]+ documented rules? of this rulebook )[^\n]+(?:\n[^\n]+)*)+\n*\Z"
)
"""The sentence and the next command that a run may end with: the tables say the same, and the file was named
otherwise then."""


@dataclass(frozen=True, slots=True)
class Held:
    """A golden. asked: what it is of; style: its form, and renewed: the one that --update gives it where
    nobody says which; old, new: its text and that of now; tables, now: its facts and those of now, where it
    is no page; is_old: a page that holds less than the facts; rules: those in force now, by name,
    where it may be told which of them have changed."""

    asked: Asked
    style: Style
    renewed: Style
    old: str
    new: str
    page: Page
    tables: Tables | None = None
    now: Tables | None = None
    is_old: bool = False
    rules: Mapping[str, str] = field(default_factory=dict)

    @property
    def changed_rules(self) -> list[str]:
        """The rules that are others now, in sentences; none where the golden does not hold them."""
        before = rules_of(self.old) if self.rules else {}
        return [change_told(*one) for one in changed(before, self.rules)] if before else []

    def compared(self, old_name: str, new_name: str) -> Comparison | None:
        """What differs; None where nothing does."""
        if self.tables is None or self.now is None:
            return compare_pages(self.old, self.new, old_name=old_name, new_name=new_name)
        found = compare(self.tables, self.now, self.page.document)
        if not found:
            return None
        return lines_of(self.old, self.new, found, old_name=old_name, new_name=new_name)

    def grown(self, style: Style) -> str:
        """Why it is written anew although nothing differs."""
        if style is not self.style:
            return f"the same, now as {FORM[style]}"
        if self.changed_rules:
            return f"the same facts; {'; '.join(self.changed_rules)}"
        if self.tables is None or self.now is None:
            return "the same, now with the command over it"
        keys = [
            f"{table}.{key}" if self.tables.get(table) else table
            for table, rows in self.now.items()
            for key in (rows[0] if rows else ())
            if not any(key in row for row in self.tables.get(table, ()))
        ]
        if self.rules and not rules_of(self.old):
            keys.append("the rules in force")
        return (
            f"it now holds {', '.join(dict.fromkeys(keys))} as well"
            if keys
            else "the same, as it is written today"
        )


FORM = {Style.json: "facts", Style.table: "a page", Style.csv: "a CSV"}


def old_golden(text: str, loaded: Loaded, run: Run) -> Held:
    """A golden as it was found, with what would stand there now; NotFacts where its facts cannot be read."""
    if text.startswith(FACTS):
        command, tables = read(text)
        what = asked(command)
        page = page_of(what, loaded, run)
        now = facts_of(page, tables)
        tables = with_optional(tables, now, page.document.held)
        rules = rules_in_force(what, loaded)
        new = text_of(command, page.document.name, restricted(now, tables), rules if rules_of(text) else None)
        return Held(what, Style.json, Style.json, text, new, page, tables, now, rules=rules)
    under = first_line(text)
    if under is not None:
        what = asked(under[0])
        page = page_of(what, loaded, run)
        if what.style is not Style.csv:
            return Held(
                what, Style.table, Style.table, text, new_golden(what, Style.table, loaded, run), page
            )
        return _csv(what, under[1], page)
    if text.startswith("table,"):
        steps = ["--steps"] if "\nmark," in text else []
        what = asked(" ".join([RUN, *steps]))
        return _csv(what, text, page_of(what, loaded, run))
    return _older(text, loaded, run)


def _csv(what: Asked, text: str, page: Page) -> Held:
    new = FORMATS[Style.csv].page(page)
    tables, now = (from_csv(each, page.document) for each in (text, new))
    tables = with_optional(tables, now, page.document.held)
    return Held(what, Style.csv, Style.csv, text, new, page, tables, restricted(now, tables))


def _older(text: str, loaded: Loaded, run: Run) -> Held:
    """What `adlcalc run` has printed: with or without the steps, whole or cut, under the name that the file
    had then."""
    from adlcalc.report.run import ROWS
    from adlcalc.report.run_page import MONEY, OPEN_TITLE, run_page

    named = _named_as(run, text)
    what = asked(RUN)
    page = page_of(what, loaded, named)
    if text.startswith("{"):
        new = named.to_json()
        try:
            tables = from_json(text, page.document)
        except NotFacts:
            return Held(what, Style.json, Style.json, text, new, page)
        return Held(what, Style.json, Style.json, text, new, page, tables, facts_of(page, tables))
    text = _CLOSING.sub("\n", text)
    page = run_page(
        named,
        ROWS if LIMIT_NOTE in text else 0,
        steps=STEPS_TITLE in text,
        health=OPEN_TITLE in text,
        money=MONEY in text,
    )
    return Held(what, Style.table, Style.json, text, FORMATS[Style.table].page(page), page, is_old=True)


def _named_as(run: Run, old: str) -> Run:
    """The run under the file name that stands in `old`, if that is the same file seen from another folder."""
    import json

    from adlcalc.report import Run

    written = re.search(r'^  "scenario": \{.*?"file": ("(?:[^"\\]|\\.)*")', old, re.MULTILINE)
    try:
        name = json.loads(written[1]) if written else old.split("\n", 1)[0]
    except ValueError:  # an escape that JSON does not have: no name of ours
        return run
    return Run(run.scenario, run.events, file=name) if os.path.basename(name) == run.file else run


def rules_in_force(what: Asked, loaded: Loaded) -> dict[str, str]:
    """The rules of the file's own rulebook, with what it says itself; none for a command that takes
    others."""
    from adlcalc.venues.coverage import in_force

    return {rule.name: rule.value for rule in in_force(loaded.rulebook)} if what.is_plain else {}


def new_golden(what: Asked, style: Style, loaded: Loaded, run: Run, *, rules: bool = True) -> str:
    """A golden made anew: all that the command has to tell, and the rules that were in force."""
    if style is not Style.json and what.words == RUN:
        what = asked(f"{RUN} --steps")
    page = page_of(what, loaded, run)
    if style is Style.json:
        in_force = rules_in_force(what, loaded) if rules else None
        return text_of(what.command, page.document.name, facts_of(page), in_force)
    return f"# {what.command} --format {style}\n" + FORMATS[style].page(replace(page, width=None))
