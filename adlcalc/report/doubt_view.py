"""What an outcome rests on, as a page (schema adlcalc.doubt/1).

Public: doubt_page, sentences.
"""

from __future__ import annotations

from collections.abc import Iterator

from adlcalc.report.columns.doubt import DOUBT
from adlcalc.report.human import clean, counted
from adlcalc.report.limits import in_money, money_in, venue_of
from adlcalc.report.page import Block, Item, Listing, Page, title_of
from adlcalc.report.table import Column, counts, right, table, words
from adlcalc.study.doubt import Doubt, Line

NOTHING = "The run uses no assumed rule."
NO_READING = "No assumed rule that the run uses has another reading."
MOST = 3
"""As many accounts or measures that a reading changes are told in a sentence."""
TOGETHER = 3
"""As many pairs that change something only together are told one by one."""
ALL = "--json has every reading with what it changes"


def doubt_page(doubt: Doubt, limit: int) -> Page:
    """A row for each assumed rule that changes something, and the sentences that name them."""
    used = len({*doubt.rules, *doubt.silent})
    return Page(
        title=title_of(doubt.scenario, doubt.file),
        subtitle=f"Venue {venue_of(doubt.scenario)}: {counted(used, 'assumed rule')} that the "
        "run uses, "
        f"{money_in(doubt.scenario)}",
        blocks=lambda _: _blocks(doubt, limit),
        document=DOUBT,
        about=doubt,
    )


def _blocks(doubt: Doubt, limit: int) -> Iterator[Block]:
    lines = [*doubt.lines, *([doubt.pairs_line] if doubt.pairs_line is not None else [])]
    title = in_money("What the outcome rests on", doubt.scenario)
    yield table(title, NO_READING if doubt.silent else NOTHING, _columns(doubt, lines) if lines else ())
    for line in lines:
        if len(line.rules) > 1:
            of = _called(doubt, line) if doubt.rests else "any of them"
            yield clean(f"No reading of {of} changes anything: {', '.join(line.rules)}.")
    yield from sentences(doubt)
    refused = [one for one in doubt.singles if one.outcome is None]
    shown = refused[: limit or None]
    items = [Item(clean(f"{one.reading.text}: {one.refused or one.reading.refused}")) for one in shown]
    if len(refused) > len(shown):
        items.append(Item(f"… {len(refused) - len(shown):,} more, use --limit 0"))
    yield Listing("Readings that the other rules do not allow", items)


def _columns(doubt: Doubt, lines: list[Line]) -> Iterator[Column | None]:
    yield words("assumed rule", [_called(doubt, line) for line in lines])
    yield counts("readings", [line.readings for line in lines])
    yield counts("differ", [line.differ for line in lines])
    for i, measure in enumerate(doubt.measures):
        heading = measure.text.replace("_", " ") if measure.of is None else measure.text
        yield right(heading, [line.ranges[i].text for line in lines], drop=max(0, 9 - i) if i > 1 else 0)


def _called(doubt: Doubt, line: Line) -> str:
    """'liquidation.limit', 'the other 3', or 'all 3' where none changes anything; a sentence names them."""
    if len(line.rules) == 1:
        return line.rules[0]
    return f"{'the other' if doubt.rests else 'all'} {len(line.rules)}"


def sentences(doubt: Doubt) -> Iterator[str]:
    """'Rests on liquidation.limit: under `none` erin is spared.'"""
    for rule, one in doubt.rests:
        yield clean(f"Rests on {rule}: under `{one.reading.changes[0].value}` {doubt.told(one, MOST)}.")
    for one in doubt.only_together[:TOGETHER]:
        yield clean(f"Only together: under {one.reading.text} {doubt.told(one, MOST)}.")
    if (more := len(doubt.only_together) - TOGETHER) > 0:
        yield f"{counted(more, 'more pair changes', 'more pairs change')} something only together: {ALL}."
    if doubt.rules and not doubt.rests and not doubt.only_together:
        yield "Rests on none of them: the same happens under every reading of them."
    for moved in doubt.whole:
        ends = {moved.low_under, moved.high_under} - {""}
        if moved.moves and any(" and " in end for end in ends):
            yield clean(f"{moved.measure.text} is {moved.text}: {'; '.join(sorted(ends))}.")
    if doubt.silent:
        yield clean(f"Without other readings in the rulebook: {', '.join(doubt.silent)}.")
    if doubt.unsaid:
        left = counted(
            doubt.unsaid,
            "rule that the rulebook does not name is",
            "rules that the rulebook does not name are",
        )
        yield f"{left} left at the defaults, and not read otherwise."
    if doubt.left:
        yield (
            f"{counted(doubt.left, 'reading or pair', 'readings and pairs')} not run: --budget is too small."
        )
