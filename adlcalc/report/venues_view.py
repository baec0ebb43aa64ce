"""Rulebooks as pages: the coverage table of all, one with its sources, one score with its users.

Public: coverage_page, rulebook_page, validation_page, score_page, rules_page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from textwrap import wrap
from typing import Any

from adlcalc.engine.declared import meaning_of
from adlcalc.engine.formulas.scores import SCORES
from adlcalc.report.columns.venues import RULES, SCORE, VALIDATION, VENUE, VENUES
from adlcalc.report.human import clean, counted
from adlcalc.report.page import Block, Item, Listing, Page
from adlcalc.report.table import Column, Table, counts, table, words
from adlcalc.venues.coverage import Coverage, Parameter, defaults_of, lines_of, parameters_of, tables_of
from adlcalc.venues.rule_list import RuleRow
from adlcalc.venues.rulebook import Rulebook
from adlcalc.venues.stated import KINDS
from adlcalc.venues.validation import DOCUMENTED, Validated, validated

NOTHING = "There are no rulebooks."
CELL = 13
"""Characters of a cell of the coverage table, so that a line keeps to the page."""
BELOW = "(below)"
LONGEST = 20
"""Characters of a value that still has room in the table."""

# --- all of them --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Coverages:
    """All rulebooks."""

    venues: Sequence[Coverage]


def coverage_page(rows: Sequence[Coverage]) -> Page:
    """Three tables, a line per rulebook in each."""
    return Page(
        title=counted(len(rows), "rulebook"),
        subtitle=(
            "adlcalc venues NAME shows every parameter of one with its source, adlcalc venues conventions "
            "what is assumed where a"
            " venue is silent, adlcalc venues --score NAME a score's formula."
            " Vectors are numbers that the venue printed, or that follow from its rules, and that the tests "
            "hold a rulebook"
            " to."
        ),
        blocks=lambda width: _coverage_tables(rows, CELL if width else 0),
        document=VENUES,
        about=Coverages(rows),
    )


def _coverage_tables(rows: Sequence[Coverage], width: int) -> list[Table]:
    """width: where long cells are broken, 0 for never."""

    def folded(heading: str, texts: Iterable[str]) -> Column | None:
        column = words(heading, texts)
        if column is None or not width:
            return column
        return replace(column, cells=tuple(_folded(text, width) for text in column.cells))

    venue = words("venue", (row.venue for row in rows))
    return [
        table(
            "Margin, liquidation, fund",
            NOTHING,
            [
                venue,
                folded("maintenance", (row.margin for row in rows)),
                folded("partial\nliquidation", (row.partial_liquidation for row in rows)),
                folded("fund stops", (row.fund_trigger for row in rows)),
                folded("backstop", (row.backstop for row in rows)),
            ],
        ),
        table(
            "Deleveraging and what is left",
            NOTHING,
            [
                venue,
                folded("deleverages", (row.adl_when for row in rows)),
                folded("who is first", (row.score for row in rows)),
                folded("at", (row.price for row in rows)),
                folded("last resort", (row.last_resort for row in rows)),
            ],
        ),
        table(
            "How well it is known",
            NOTHING,
            [
                venue,
                folded("as of", (row.as_of for row in rows)),
                counts("vectors\nmet", (row.vectors_met for row in rows)),
                counts("not\nmet", (row.vectors_not_met for row in rows)),
                counts("rules\ndocu\xad\nmented", (row.documented for row in rows)),
                counts("\nob\xad\nserved", (row.observed for row in rows)),
                counts("\n\nassumed", (row.assumed for row in rows)),
                counts("\n\ntested", (row.tested for row in rows)),
            ],
        ),
    ]


def _folded(text: str, width: int) -> str:
    """The text in lines of at most `width`, as far as its words allow; a number and its % stay together."""
    lines = wrap(text.replace(" %", "\u00a0%"), width, break_long_words=False)
    return "\n".join(lines).replace("\u00a0", " ")


# --- one of them --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sheet:
    """A rulebook as data. only: one rule of it, of both contract kinds."""

    book: Rulebook
    only: str | None = None

    def _is_of(self, name: str) -> bool:
        return self.only is None or name == self.only or name.startswith(f"{self.only}.")

    @cached_property
    def rules(self) -> Sequence[Parameter]:
        """Its rules as it states them."""
        return [one for one in parameters_of(self.book) if self._is_of(one.name)]

    @property
    def defaults(self) -> dict[str, str]:
        """What it does not say."""
        return {name: value for name, value in defaults_of(self.book) if self._is_of(name)}

    @property
    def sources(self) -> Mapping[str, Mapping[str, str | None]]:
        """The documents by key."""
        cited = self.book.sources.keys() if self.only is None else {one.source for one in self.rules}
        return {
            key: {"title": d.title, "url": d.url, "seen": d.seen}
            for key, d in self.book.sources.items()
            if key in cited
        }

    @property
    def vectors(self) -> Mapping[str, Any]:
        """The venue's own numbers."""
        return dict(self.book.vectors)

    @property
    def unused(self) -> dict[str, str]:
        """The rules that it has from another rulebook and that play no part beside its own, each with why."""
        return {one.rule.name: one.why for one in self.book.unused}

    @property
    def tables(self) -> Mapping[str, str]:
        """Its maintenance tables by symbol, each with its date and document."""
        return {one.name: one.dated for one in tables_of(self.book)}


def rulebook_page(book: Rulebook) -> Page:
    """Every parameter with value, status and source; then what the notes say, the documents, and what is not
    modeled."""
    return _page_of(Sheet(book), book.title)


def rule_page(book: Rulebook, name: str, meaning: str) -> Page:
    """One rule of a rulebook: what it means, its value, its status and the document that says so."""
    return _page_of(Sheet(book, name), name, f" {meaning[:1].upper()}{meaning[1:]}.")


def _page_of(sheet: Sheet, title: str, more: str = "") -> Page:
    book = sheet.book
    return Page(
        title=f"{book.venue}: {title}",
        subtitle=f"As of {book.as_of}.{more}",
        blocks=lambda width: _rulebook(sheet, narrow=width is not None),
        document=VENUE,
        about=sheet,
    )


def _rulebook(sheet: Sheet, *, narrow: bool) -> Iterator[Block]:
    """narrow: long values and notes stand below the table, not in it."""
    rules = sheet.rules
    columns = [
        words("rule", (rule.name for rule in rules)),
        words("value", (BELOW if narrow and _long(rule) else "\n".join(rule.value) for rule in rules)),
        words("status", (rule.status for rule in rules)),
        words("as", (rule.taken or None for rule in rules), hide=True),
        words("source", (rule.source for rule in rules)),
        None if narrow else words("note", (rule.note or None for rule in rules)),
    ]
    if rules or sheet.only is None:
        yield table("Rules", NOTHING, columns)
    if narrow:
        yield Listing("Values", [Item(rule.name, lines=rule.value) for rule in rules if _long(rule)])
        yield Listing("Notes", [Item(clean(f"{rule.name}: {rule.note}")) for rule in rules if rule.note])
    for heading, lines in _lists(sheet):
        parts = (line.partition("\n") for line in lines)
        items = [Item(clean(text), lines=(clean(more),) if more else ()) for text, _, more in parts]
        yield Listing(heading, items)


def _long(rule: Parameter) -> bool:
    """Is the value too wide for a cell of a page?"""
    return len(rule.value) > 1 or len(rule.value[0]) > LONGEST


def _lists(sheet: Sheet) -> list[tuple[str, list[str]]]:
    """What stands under the rules: (heading, lines)."""
    book = sheet.book
    documents = [
        f"{key}: {d['title']}, seen {d['seen']}" + (f"\n{d['url']}" if d["url"] else "")
        for key, d in sheet.sources.items()
    ]
    left = [f"{section}: {said}" for section, said in _left(sheet)]
    if sheet.only is not None:
        idle = [f"{name}: {why}" for name, why in sheet.unused.items() if name == sheet.only]
        return [
            ("Inherited, but without a part", idle),
            ("Other readings", list(_readings(sheet))),
            ("Sources", documents),
            ("Not said, and left at", left),
        ]
    vectors = [f"{name}: met" for name in book.vectors.met]
    vectors += [f"{name}: not met. {reason}" for name, reason in book.vectors.not_met.items()]
    vectors += [book.vectors.none] if book.vectors.none else []
    return [
        ("Inherited, but without a part", [f"{one.rule.name}: {one.why}" for one in book.unused]),
        ("Sources", documents),
        ("Tables of maintenance margin, by symbol", _tables(book)),
        ("Not modeled", list(book.not_modeled)),
        ("Vectors", vectors),
        ("Not said, and left at", left),
    ]


def _readings(sheet: Sheet) -> Iterator[str]:
    """What else an assumed rule could be."""
    stated = {rule.name: rule for kind in KINDS for rule in sheet.book.rules[kind].values()}
    for one in sheet.rules:
        others = [
            "; ".join(line.strip() for line in lines_of(node)) for node in stated[one.name].alternatives
        ]
        if others:
            yield f"{one.name}: {' | '.join(others)}"


def _tables(book: Rulebook) -> list[str]:
    """The symbols of the tables, those of one document and date together."""
    symbols: dict[str, list[str]] = {}
    for one in tables_of(book):
        symbols.setdefault(one.dated, []).append(one.name)
    return [f"{', '.join(names)}: {dated}" for dated, names in symbols.items()]


def _left(sheet: Sheet) -> Iterator[tuple[str, str]]:
    """The rules at their defaults, a line for each section."""
    by_section: dict[str, list[str]] = {}
    for name, value in sheet.defaults.items():
        section, _, rule = name.partition(".")
        by_section.setdefault(section, []).append(f"{rule} {value}")
    for section, rules in by_section.items():
        yield section, ", ".join(rules)


# --- what tests it ------------------------------------------------------------------------------------------

FIT = "comparing rules, and for working through what this venue's documents say on a book of yours"
NOT_FIT = (
    "predicting who is next, or what an incident would have cost: these are numbers of rules, not of outcomes"
)
MEASURED = (
    "Measured: each number that the venue printed, or that follows from its rules, is worked again with each "
    "rule changed; one "
    "that still holds does not test the rule."
)


@dataclass(frozen=True)
class Tests:
    """A rulebook and what tests each of its rules."""

    book: Rulebook
    fit_for: str = FIT
    not_fit_for: str = NOT_FIT

    @cached_property
    def rules(self) -> Sequence[Validated]:
        """Every stated rule."""
        return validated(self.book)

    @property
    def vectors_met(self) -> int:
        """Numbers of the venue that are met."""
        return len(self.book.vectors.met)

    @property
    def documented(self) -> int:
        """Rules that are documented."""
        return sum(one.status == DOCUMENTED for one in self.rules)

    @property
    def tested(self) -> int:
        """Of these, those that a number tests."""
        return sum(one.status == DOCUMENTED and bool(one.vectors) for one in self.rules)


def validation_page(book: Rulebook) -> Page:
    """Which number exercises which rule, which rules no number tests, and what the rulebook is fit for."""
    tests = Tests(book)
    return Page(
        title=f"{book.venue}: what tests it",
        subtitle=f"As of {book.as_of}.",
        blocks=lambda _: _validation(tests),
        document=VALIDATION,
        about=tests,
    )


def _validation(tests: Tests) -> Iterator[Block]:
    rows = [one for one in tests.rules if one.vectors]
    columns = [
        words("rule", (one.rule for one in rows)),
        words("status", (one.status for one in rows)),
        words("tested by", (", ".join(one.vectors[:4]) + " …" * (len(one.vectors) > 4) for one in rows)),
    ]
    yield table(
        "Numbers that exercise a rule",
        "No number of the venue tests any of its rules.",
        columns if rows else (),
    )
    for status in dict.fromkeys(one.status for one in tests.rules):
        silent = [one.rule for one in tests.rules if one.status == status and not one.vectors]
        if silent:
            yield f"No number tests {counted(len(silent), f'{status} rule')}: {', '.join(silent)}."
    yield (
        f"{counted(tests.vectors_met, 'number')} met; of {counted(tests.documented, 'documented rule')} a "
        "number tests"
        f" {tests.tested:,}. {MEASURED}"
    )
    yield f"Fit for {tests.fit_for}; not for {tests.not_fit_for}."


# --- one score ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Score:
    """A score, and the rulebooks that rank by it."""

    name: str
    used_by: Sequence[str]

    @property
    def formula(self) -> str:
        """The rule as the score tells it, on one line."""
        return meaning_of(SCORES[self.name])


def score_page(name: str, users: Sequence[str]) -> Page:
    """The formula of a score and the rulebooks that rank by it."""
    score = Score(name, users)
    used = f"Used by {', '.join(users)}." if users else "No shipped rulebook uses it."
    return Page(f"Score {name}", "", lambda _: (score.formula, used), SCORE, score)


# --- the rules ----------------------------------------------------------------------------------------------

RULES_SUBTITLE = (
    "adlcalc venues --rules RULE shows one. A rule plays a part only where it says so; anywhere else a "
    "rulebook that states "
    "it is refused."
)


def rules_page(rows: Sequence[RuleRow], books: int) -> Page:
    """Every rule with its values, what each means, and who of so many rulebooks uses it."""
    items: dict[str, Item] = {}
    for row in rows:
        users = (
            f" Used by {'all' if len(row.used_by) == books else ', '.join(row.used_by)}."
            if row.used_by
            else ""
        )
        if row.rule in items:
            item = items[row.rule]
            left = f" Left out: {row.default}." if row.default else ""
            items[row.rule] = item._replace(below=(*item.below, f"{row.value}: {row.meaning}{left}{users}"))
        else:
            where = f" Plays a part under {row.where}." if row.where else ""
            left = f" Left out: {row.default}." if row.default else " A rulebook must say it."
            left += f" Where a venue is silent: {row.convention}." if row.convention else ""
            meaning = row.meaning if row.meaning.endswith((".", "?")) else f"{row.meaning}."
            items[row.rule] = Item(f"{row.rule}: {meaning} Takes {row.value}.{left}{where}{users}")
    listing = Listing("Rules", tuple(items.values()))
    return Page(counted(len(items), "rule"), RULES_SUBTITLE, lambda _: (listing,), RULES, rows)
