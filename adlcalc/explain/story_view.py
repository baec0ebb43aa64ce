"""A story as a page (schema adlcalc.explain/1).

Public: story_page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from adlcalc.explain.story import Chapter, Line, RuleNote, Story
from adlcalc.report.columns.explain import EXPLAIN
from adlcalc.report.human import clean, counted, digits
from adlcalc.report.limits import money_in, venue_of
from adlcalc.report.page import Block, Item, Listing, Page, title_of, under_title

NOTHING = "Nothing happened."


def story_page(story: Story, *, rules: bool = True) -> Page:
    """Why it came to it; steps, under each its lines, under each line its formulas; at the end the rules, or
    only those that made the difference."""
    return Page(
        title=f"{title_of(story.scenario, story.file)}: {story.subject}",
        subtitle=f"Venue {venue_of(story.scenario)}, {money_in(story.scenario)}",
        blocks=lambda _: _blocks(story, rules),
        document=EXPLAIN,
        about=story,
    )


def _blocks(story: Story, rules: bool) -> Iterator[Block]:
    yield from under_title(story.scenario)
    yield Listing("Why", [Item(line.text, line.rules[0]) for line in story.why], colon=False)
    for chapter in story.chapters:
        yield Listing(_heading(chapter), _items(chapter.lines), NOTHING, colon=False)
    if not story.chapters and not story.sums:
        yield NOTHING
    yield Listing("How it adds up", _items(story.sums), colon=False)
    shown = story.rules if rules else [note for note in story.rules if _leads(note, story)]
    yield Listing("Rules", [Item(_rule(note)) for note in shown], colon=False)
    if more := len(story.rules) - len(shown):
        further = "more " if shown else ""
        stands = counted(more, f"{further}rule stands", f"{further}rules stand")
        yield f"{stands} behind it, with values and sources: add --rules."


def _leads(note: RuleNote, story: Story) -> bool:
    """Is it a rule that made the difference? ('margin.maintenance' stands in the rulebook by contract
    kind.)"""
    return any(f"{note.rule}.".startswith(f"{line.rules[0]}.") for line in story.why)


def _items(lines: Iterable[Line]) -> list[Item]:
    return [Item(line.text, line.kind, line.formulas) for line in lines]


def _heading(chapter: Chapter) -> str:
    """'Step 2 (2020-03-12T10:00Z), mark 53,000'."""
    time = f" ({clean(chapter.time)})" if chapter.time else ""
    if len(chapter.marks) == 1:
        return f"Step {chapter.step:,}{time}, mark {digits(next(iter(chapter.marks.values())))}"
    return f"Step {chapter.step:,}{time}, marks " + ", ".join(
        f"{clean(name)} {digits(mark)}" for name, mark in chapter.marks.items()
    )


def _rule(note: RuleNote) -> str:
    """'adl.price = bankruptcy (documented: BitMEX, ...). What it says.'"""
    value = f" = {clean(note.value)}" if note.value else ""
    status = f"{note.status} as {note.taken}" if note.taken else note.status
    where = ": ".join(part for part in (status, note.source) if part)
    return f"{note.rule}{value} ({clean(where)})" + (f". {clean(note.note)}" if note.note else "")
