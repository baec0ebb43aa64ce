"""A run as one page: title, tables, audit, footnotes; as text or as Markdown.

Public: text, markdown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from textwrap import wrap
from typing import TYPE_CHECKING

from adlcalc.report import tables
from adlcalc.report.human import clean, counted, digits, position
from adlcalc.report.render import escape_markdown, markdown_table, text_table
from adlcalc.report.table import PAGE, Table, fit

if TYPE_CHECKING:
    from adlcalc.report.run import Run


def text(run: Run, limit: int, steps: bool) -> str:
    """The page as text of at most 80 columns, as far as names and numbers allow."""
    blocks = [_wrapped(_title(run)) + "\n" + _wrapped(_subtitle(run))]
    blocks += [_text_section(one) for one in _sections(run, limit, steps)]
    blocks += [_wrapped(line) for line in _audit(run)]
    notes = list(_notes(run))
    if notes:
        blocks.append("\n".join([NOTES_TITLE + ":", *(_wrapped(note, "* ") for note in notes)]))
    return "\n\n".join(blocks) + "\n"


def markdown(run: Run, limit: int, steps: bool) -> str:
    """The page as GitHub Markdown: the same tables with all their columns."""
    blocks = [f"## {escape_markdown(_title(run))}", escape_markdown(_subtitle(run))]
    for one in _sections(run, limit, steps):
        blocks.append(f"### {one.title}")
        blocks += [markdown_table(one), *_more(one)] if one.height else [escape_markdown(one.nothing)]
    blocks += [escape_markdown(line) for line in _audit(run)]
    notes = list(_notes(run))
    if notes:
        blocks += [f"### {NOTES_TITLE}", "\n".join(f"- {escape_markdown(note)}" for note in notes)]
    return "\n\n".join(blocks) + "\n"


NOTES_TITLE = "Assumed rules that this run used"


def _title(run: Run) -> str:
    file = run.file if run.file != "-" else None
    return clean(run.scenario.title or file or "Scenario")


def _subtitle(run: Run) -> str:
    """'Venue generic, 3 accounts, steps 0 to 2'."""
    accounts = counted(len(run.scenario.accounts), "account")
    return f"Venue {clean(run.scenario.venue)}, {accounts}, steps 0 to {max(len(run.steps) - 1, 0):,}"


def _sections(run: Run, limit: int, steps: bool) -> Iterator[Table]:
    """The three tables always, the others where they have something to say."""
    rare: list[tuple[object, Callable[[Run, int], Table]]] = [
        (run.skipped, tables.skipped),
        (run.socialized, tables.socialized),
        (run.bad_debt, tables.bad_debt),
    ]
    if steps:
        yield tables.steps(run, limit)
    yield tables.liquidated(run, limit)
    yield tables.fund(run, limit)
    yield tables.deleveraged(run, limit)
    for rows, make in rare:
        if rows:
            yield make(run, limit)
    yield tables.accounts(run, limit)


def _text_section(one: Table) -> str:
    if not one.height:
        return _wrapped(one.nothing)
    return "\n".join([one.title, "", text_table(fit(one)), *_more(one)])


def _more(one: Table) -> list[str]:
    return [f"… {one.more:,} more, use --limit 0"] if one.more else []


def _audit(run: Run) -> Iterator[str]:
    """The line that says that money and contracts match; and the rest of the market, where there is one."""
    audit = run.audit
    yield (
        f"Audit: money difference {digits(audit.money_difference)},"
        f" open interest difference {digits(audit.open_interest_difference)}, bad debt {audit.told}."
    )
    if audit.rest:
        several = len(run.scenario.markets) > 1
        held = ", ".join(
            position(1 if size > 0 else -1, abs(size), market if several else None) for market, size in audit.rest.items()
        )
        yield f"Longs and shorts of the scenario do not balance; the rest of the market begins with {held}."


def _notes(run: Run) -> Iterator[str]:
    for assumption in run.assumptions:
        yield f"{clean(assumption.rule)}: {clean(assumption.note)}"


def _wrapped(line: str, bullet: str = "") -> str:
    return "\n".join(wrap(line, PAGE, initial_indent=bullet, subsequent_indent=" " * len(bullet), break_long_words=False)) or line
