"""A result held against its golden: what differs, in which table, row and column, and at which event the two runs part.

Public: compare, Comparison, Difference.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from adlcalc.check.golden_rows import Row, rows_of
from adlcalc.report.human import clean

OUTCOME = frozenset(("in the book", "at price", "back-stop", "by adl", "by ADL", "still held", "surplus", "shortfall"))
OUTCOME |= {"book size", "book price", "backstop size", "deleveraged size", "held size"}
"""Columns of a liquidation that later steps still write to."""
STAGES = ("mark", "funding", "liquidated", "skipped", "deleveraged", "socialized", "outcome", "bad debt", "fund", "steps")
"""The order in which a step's rows come about, as far as rows tell."""
HAPPENS = {"liquidated": "liquidated", "deleveraged": "deleveraged", "skipped": "skipped in the queue"}
NEVER = 10**9
CONTEXT, LINES = 3, 400


class Difference(NamedTuple):
    """One value that differs. old or new is None where the whole row (column '') or the column is only in one of the two."""

    table: str
    step: int | None
    row: str
    column: str
    old: str | None
    new: str | None

    @property
    def event(self) -> str:
        """'step 2: alice: bankruptcy price 54000 → 53990'."""
        step = "" if self.step is None else f"step {self.step}: "
        what = clean(self.row) or "the step"
        if self.column:
            of = f"{clean(self.row)}: " if self.row else ""
            return f"{step}{of}{clean(self.column)} {_shown(self.old)} → {_shown(self.new)}"
        verb = HAPPENS.get(self.table)
        now = "now" if self.old is None else "no longer"
        if verb:
            return f"{step}{what}: {now} {verb} ({_shown(self.new if self.old is None else self.old)})"
        return f"{step}{what}: row {'is new' if self.old is None else 'is gone'} ({_shown(self.new or self.old)})"

    def __str__(self) -> str:
        return f"{self.table}: {self.event}"


class Comparison(NamedTuple):
    """first: the event at which the two part; differences: all of them in that order; diff: the texts line by line; line: the
    first line of the golden that differs, from 1."""

    first: str
    differences: tuple[Difference, ...]
    diff: str
    line: int


def compare(old: str, new: str, *, old_name: str, new_name: str) -> Comparison | None:
    """What differs between a golden and a result; None if they are the same text."""
    if old == new:
        return None
    before, after = old.splitlines(), new.splitlines()
    differences = _sorted(_differences(rows_of(old), rows_of(new)))
    line = next((i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after)))
    first = differences[0].event if differences else _first_line(before, after, line)
    return Comparison(first, differences, _unified(before, after, line, old_name, new_name), line + 1)


def _first_line(before: list[str], after: list[str], line: int) -> str:
    """The place where two texts with the same rows differ."""
    if before == after:
        return "the line break at the end differs"
    was, now = (lines[line] if line < len(lines) else None for lines in (before, after))
    return f"line {line + 1}: {_shown(was)} → {_shown(now)}"


def _shown(text: str | None) -> str:
    return "nothing" if text is None else clean(text) if text.strip() else "nothing"


# --- rows ------------------------------------------------------------------------------------------------------------


def _differences(old: Sequence[Row], new: Sequence[Row]) -> Iterator[tuple[int, Difference]]:
    """Every difference, with its place in the order of the results."""
    if not old or not new:  # one of them is no result of ours: the lines must do
        return
    before, after = _keyed(old), _keyed(new)
    # a column that one page has no room for says nothing; those that are hidden where all is zero are OUTCOME
    common = _columns(old) & _columns(new)
    both = {row.table for row in old} & {row.table for row in new}
    for order, key in enumerate(dict.fromkeys([*before, *after])):
        was, now = before.get(key), after.get(key)
        row = was or now
        assert row is not None
        if was is None or now is None:
            shown = ", ".join(f"{column} {value}" for column, value in row.cells.items() if value != "-")
            old_new = (None, shown) if was is None else (shown, None)
            yield order, Difference(row.table, row.step, row.label, "", *old_new)
            continue
        for column in dict.fromkeys([*was.cells, *now.cells]):
            a, b = was.cells.get(column), now.cells.get(column)
            if a != b and (column in OUTCOME or (row.table, column) in common):
                yield order, Difference(row.table, row.step, row.label, column, a, b)
    yield from _order(old, new, both)


def _columns(rows: Sequence[Row]) -> set[tuple[str, str]]:
    return {(row.table, column) for row in rows for column in row.cells}


def _order(old: Sequence[Row], new: Sequence[Row], tables: set[str]) -> Iterator[tuple[int, Difference]]:
    """Rows that are the same but stand in another order."""
    for table in sorted(tables):
        was, now = ([(row.step, row.label) for row in rows if row.table == table] for rows in (old, new))
        if was != now and sorted(was, key=str) == sorted(now, key=str):
            i = next(i for i, (a, b) in enumerate(zip(was, now, strict=True)) if a != b)
            step = was[i][0] if was[i][0] == now[i][0] else None
            yield NEVER, Difference(table, step, f"row {i + 1} of {table}", "is", was[i][1], now[i][1])


def _keyed(rows: Sequence[Row]) -> dict[tuple[object, ...], Row]:
    """Rows by what identifies them; the n-th of the same kind is the n-th."""
    keyed: dict[tuple[object, ...], Row] = {}
    seen: dict[tuple[object, ...], int] = {}
    for row in rows:
        key = (row.table, row.step, row.label)
        seen[key] = seen.get(key, 0) + 1
        keyed[(*key, seen[key])] = row
    return keyed


def _sorted(found: Iterator[tuple[int, Difference]]) -> tuple[Difference, ...]:
    """As things happen: by step, then by the stage of the waterfall, then as written. What a liquidation's later fills were
    counts no earlier than the first step at which anything else differs."""
    items = list(found)
    others = [_when(item) for _, item in items if not _is_outcome(item)]
    first = min(others, default=0)

    def place(item: tuple[int, Difference]) -> tuple[int, int, int]:
        order, difference = item
        stage = difference.table
        if _is_outcome(difference):
            when = _when(difference) if first == NEVER else max(_when(difference), first)
            return when, STAGES.index("outcome"), order
        if stage == "steps" and difference.column.startswith("mark"):
            stage = "mark"
        return _when(difference), STAGES.index(stage) if stage in STAGES else len(STAGES), order

    return tuple(difference for _, difference in sorted(items, key=place))


def _is_outcome(difference: Difference) -> bool:
    return difference.table == "liquidated" and difference.column in OUTCOME


def _when(difference: Difference) -> int:
    return NEVER if difference.step is None else difference.step


# --- lines -----------------------------------------------------------------------------------------------------------


def _unified(before: list[str], after: list[str], first: int, old_name: str, new_name: str) -> str:
    """The unified diff; of long texts only the part that begins where they part, so that it takes no time."""
    start = max(0, first - CONTEXT)
    old, new = before[start : first + LINES], after[start : first + LINES]
    lines = list(difflib.unified_diff(old, new, old_name, new_name, n=CONTEXT, lineterm=""))
    shifted = [_shifted(line, start) for line in lines]
    more = max(len(before), len(after)) - first - LINES
    if more > 0:
        shifted.append(f"... the diff ends here, {more:,} lines follow")
    return "\n".join(clean(line) for line in shifted)


def _shifted(line: str, by: int) -> str:
    """A hunk's header with its line numbers moved; any other line as it is."""
    if not line.startswith("@@ "):
        return line
    parts = []
    for part in line.split()[1:3]:
        number, comma, count = part[1:].partition(",")
        parts.append(f"{part[0]}{int(number) + by}{comma}{count}")
    return f"@@ {' '.join(parts)} @@"
