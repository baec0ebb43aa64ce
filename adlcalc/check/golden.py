"""A result held against its golden: what differs, in which table, row and column, and at which event the two
runs part.

Facts are compared row by row, by what names a row; pages line by line.

Public: compare, compare_pages, lines_of, restricted, told_apart, Comparison, Difference.
"""

from __future__ import annotations

import difflib
import json
import re
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from adlcalc.check.facts import Row, Tables, whole_maps, with_optional
from adlcalc.ground.numbers import D, round_to, show
from adlcalc.report.field import Document
from adlcalc.report.human import clean

OUTCOME = frozenset(
    ("book_size", "book_price", "backstop_size", "deleveraged_size", "held_size", "surplus", "shortfall"),
)
"""Facts of a liquidation that later steps still write to."""
TOLD = {"liquidations": "liquidated", "bad_debt": "bad debt", "result": "the result"}
STAGES = (
    "mark",
    "funding",
    "liquidated",
    "skipped",
    "deleveraged",
    "socialized",
    "outcome",
    "bad debt",
    "fund",
    "steps",
)
"""The order in which a step's rows come about, as far as rows tell."""
HAPPENS = {"liquidated": "liquidated", "deleveraged": "deleveraged", "skipped": "skipped in the queue"}
NAMES = ("account", "market", "side", "bankrupt", "claimed", "fund", "method", "rank")
"""What tells rows apart that have the same name."""
ASSUMED = "assumptions"
NOTHING = "nothing"
NEVER = 10**9
CONTEXT, LINES = 3, 400
READ, FINEST = 6, 18
"""Decimals of a quotient for reading; and the most that money, a price or a size has."""
_NUMBER = re.compile(r"(-?)(\d+)((?:\.\d+)?)")
_QUOTIENT = re.compile(r"-?\d+\.(\d+)")
APART = (
    ("market", ""),
    ("bankrupt", "against "),
    ("price", "at "),
    ("side", ""),
    ("method", ""),
    ("claim", "claim "),
)
"""What tells rows of one name at one step apart for a reader, and how it is said."""


class Difference(NamedTuple):
    """One value that differs. old or new is None where the whole row (column '') or the column is only in one
    of the two. account, market: whom and what the row is about, where it is about any."""

    table: str
    step: int | None
    row: str
    column: str
    old: str | None
    new: str | None
    account: str | None = None
    market: str | None = None

    @property
    def is_assumption(self) -> bool:
        """Is it about what is assumed, and not about what happens?"""
        return self.table == ASSUMED

    @property
    def event(self) -> str:
        """'step 2: alice: bankruptcy price 54,000 → 53,990'."""
        return self._told(self.row)

    def __str__(self) -> str:
        return f"{self.table}: {self._told('' if self.row == self.table else self.row)}"

    def _told(self, row: str) -> str:
        """Of the row that is called so; '' is not said."""
        step = "" if self.step is None else f"step {self.step:,}: "
        of = f"{clean(row)}: " if row else ""
        if self.column:
            old, new = told_apart(self.old, self.new)
            return f"{step}{of}{clean(self.column)} {_shown(old)} → {_shown(new)}"
        verb = HAPPENS.get(self.table)
        now = "now" if self.old is None else "no longer"
        if self.is_assumption:
            return f"{now} assumed: {clean(self.row)}"
        told = _shown(self.new if self.old is None else self.old)
        if verb:
            return f"{step}{of or 'the step: '}{now} {verb} ({told})"
        more = "" if told == NOTHING else f" ({told})"
        of = of or ("" if self.row else "the step: ")
        return f"{step}{of}row {'is new' if self.old is None else 'is gone'}{more}"


class Comparison(NamedTuple):
    """first: the event at which the two part; differences: all of them in that order; diff: the texts line by
    line; line: the first line of the golden that differs, from 1."""

    first: str
    differences: tuple[Difference, ...]
    diff: str
    line: int


def compare(old: Tables, new: Tables, document: Document, *, of_now: bool = False) -> tuple[Difference, ...]:
    """Where the facts differ. A table or a key that the golden lacks is not compared, as it may be older than
    they are; of a table that most results have no row of it has none. of_now: both are of this version, and
    whatever one of them lacks is a difference."""
    there = with_optional(old, new, document.held)
    if of_now:
        there |= {name: [] for name in new if name not in there}
    found = [
        one for table in there for one in _of_table(table, there[table], new.get(table), document, of_now)
    ]
    return _sorted(list(enumerate(found)))


def lines_of(
    old: str, new: str, differences: tuple[Difference, ...], *, old_name: str, new_name: str
) -> Comparison:
    """The differences with the lines of both texts."""
    before, after = old.splitlines(), new.splitlines()
    pairs = enumerate(zip(before, after, strict=False))
    line = next((i for i, (a, b) in pairs if a != b), min(len(before), len(after)))
    first = differences[0].event if differences else _first_line(before, after, line)
    return Comparison(first, differences, _unified(before, after, line, old_name, new_name), line + 1)


def compare_pages(old: str, new: str, *, old_name: str, new_name: str) -> Comparison | None:
    """What differs between two pages; None if they are the same text."""
    return None if old == new else lines_of(old, new, (), old_name=old_name, new_name=new_name)


def _first_line(before: list[str], after: list[str], line: int) -> str:
    """The place where two pages differ."""
    if before == after:
        return "the line break at the end differs"
    was, now = (lines[line] if line < len(lines) else None for lines in (before, after))
    return f"line {line + 1}: {_shown(was)} → {_shown(now)}"


def told_apart(old: str | None, new: str | None) -> tuple[str | None, str | None]:
    """Two values for reading: of quotients that were never rounded, as scores are, six decimals, or as many
    as it takes to tell the two apart. Facts keep all of them."""
    for decimals in range(READ, max(_decimals(old), _decimals(new))):
        was, now = _short(old, decimals), _short(new, decimals)
        if was != now:
            return was, now
    return old, new


def _decimals(text: str | None) -> int:
    found = _QUOTIENT.fullmatch(text or "")
    return len(found[1]) if found else 0


def _short(text: str | None, decimals: int = READ) -> str | None:
    """A quotient to so many decimals; anything else as it is: no price, size or amount has more than eighteen
    decimals."""
    if text is None or _decimals(text) <= FINEST:
        return text
    return show(round_to(D(text), D(1).scaleb(-decimals)))


def _shown(text: str | None) -> str:
    return NOTHING if text is None or not text.strip() else _grouped(clean(text))


def _grouped(text: str) -> str:
    """A number with its thousands apart, as tables have it; any other text as it is."""
    found = _NUMBER.fullmatch(text)
    return text if found is None else f"{found[1]}{int(found[2]):,}{found[3]}"


# --- rows ---------------------------------------------------------------------------------------------------


def _of_table(
    name: str, old: Sequence[Row], new: Sequence[Row] | None, document: Document, of_now: bool
) -> Iterator[Difference]:
    told = TOLD.get(name, name)
    new = new or ()  # of what did not happen a run has no table at all
    rows = document.held.get(name)
    by = tuple(rows.by.split()) if rows is not None else ()
    whole = None if of_now else {key for table, key in whole_maps(document) if table == name}
    pairs = _paired(old, new, by)
    apart = _apart(old, new, by)
    for i, j in pairs:
        row = old[i] if i is not None else new[j or 0]
        label = _named(row, by) or ("" if name == "steps" else told)
        label += _said_apart(row, apart.get((_step(row), _named(row, by)), ()))
        about = Difference(
            told, _step(row), label, "", None, None, _text(row.get("account")), _text(row.get("market"))
        )
        if i is None:
            yield about._replace(new=_summary(row, by))
        elif j is None:
            yield about._replace(old=_summary(row, by))
        else:
            for column, a, b in _values(old[i], new[j], whole):
                if (name, column) == ("accounts", "status"):
                    a, b = (_status(text, each) for text, each in ((a, old[i]), (b, new[j])))
                if column not in (*by, "step"):
                    yield about._replace(column=column.replace("_", " "), old=a, new=b)
    yield from _order(told, old, new, by, [(i, j) for i, j in pairs if i is not None and j is not None])


def _status(status: str | None, row: Row) -> str | None:
    """As a run tells it: 'closed, deleveraged'."""
    hit = _text(row.get("deleveraged")) == "true"
    return f"{status}, deleveraged" if status and hit else status


def _named(row: Row, by: Sequence[str]) -> str:
    return " ".join(_name(row[key]) for key in by if row.get(key) is not None)


def _name(value: Any) -> str:
    """A value that names a row; a map as `--set` has it: 'accounts.me.leverage=5'."""
    if isinstance(value, dict):
        return ", ".join(f"{key}={_text(x)}" for key, x in value.items())
    return _text(value) or ""


def _apart(
    old: Sequence[Row], new: Sequence[Row], by: Sequence[str]
) -> dict[tuple[int | None, str], list[str]]:
    """By step and name of rows that are several: what else to say of each, as few facts as tell them
    apart."""
    found: dict[tuple[int | None, str], list[str]] = {}
    for rows in (old, new):
        several: dict[tuple[int | None, str], list[Row]] = {}
        for row in rows:
            several.setdefault((_step(row), _named(row, by)), []).append(row)
        for place, those in several.items():
            keys = found.get(place, [])
            kinds = len({tuple(_text(row.get(one)) for one in keys) for row in those})
            for key, _ in APART if len(those) > 1 else ():
                more = len({tuple(_text(row.get(one)) for one in (*keys, key)) for row in those})
                if more > kinds and key not in (*keys, *by):
                    keys, kinds = [*keys, key], more
            if keys:
                found[place] = keys
    return found


def _said_apart(row: Row, keys: Sequence[str]) -> str:
    """' (against x, at 90)'."""
    said = [f"{how}{_text(row.get(key))}" for key, how in APART if key in keys and row.get(key) is not None]
    return f" ({', '.join(said)})" if said else ""


def _step(row: Row) -> int | None:
    step = row.get("step")
    if isinstance(step, str) and step.isdigit():  # of a CSV
        return int(step)
    return step if isinstance(step, int) else None


def _summary(row: Row, by: Sequence[str]) -> str:
    """A whole row: what it has to say."""
    cells = {key: _short(_text(x)) for key, x in row.items() if key not in (*by, "step")}
    return ", ".join(
        f"{key.replace('_', ' ')} {text if key in NAMES else _grouped(text)}"
        for key, text in cells.items()
        if text and text not in ("0", "false")
    )


def _values(
    old: Row, new: Row, whole: Collection[str] | None
) -> Iterator[tuple[str, str | None, str | None]]:
    """The columns that differ; maps name by name. whole: those of which a name that the golden lacks is a
    difference; None: of any map and of the row itself."""
    for key in old if whole is not None else dict.fromkeys([*old, *new]):
        was, now = old.get(key), new.get(key)
        if isinstance(was, dict) and isinstance(now, dict):
            for name in dict.fromkeys([*was, *now]) if whole is None or key in whole else was:
                if was.get(name) != now.get(name):
                    one = key.removesuffix("s")
                    yield one if one == name else f"{one} {name}", _text(was.get(name)), _text(now.get(name))
        elif was != now or key not in new:
            yield key, _text(was), _text(now)


def _text(value: Any) -> str | None:
    """A value in a sentence."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(x)}" for name, x in value.items())
    if isinstance(value, list):
        return ", ".join(str(_text(one)) for one in value)
    return None if value is None else str(value)


def _paired(old: Sequence[Row], new: Sequence[Row], by: Sequence[str]) -> list[tuple[int | None, int | None]]:
    """Which row of the golden is which of the run: first those that are the same, then those of the same
    names, then those that the same key names; the n-th of several the n-th. None: it has none."""
    keys = list(dict.fromkeys(key for row in old for key in row))
    stages: tuple[Callable[[Row], object], ...] = (
        lambda row: json.dumps([row.get(key) for key in keys], sort_keys=True),
        lambda row: tuple(str(row.get(key)) for key in ("step", *by, *NAMES)),
        lambda row: tuple(str(row.get(key)) for key in ("step", *by)),
    )
    partner: dict[int, int] = {}
    left, free = list(range(len(old))), list(range(len(new)))
    for key_of in stages:
        waiting: dict[object, deque[int]] = {}
        for j in free:
            waiting.setdefault(key_of(new[j]), deque()).append(j)
        for i in left:
            found = waiting.get(key_of(old[i]))
            if found:
                partner[i] = found.popleft()
        left = [i for i in left if i not in partner]
        taken = set(partner.values())
        free = [j for j in free if j not in taken]
    return [*((i, partner.get(i)) for i in range(len(old))), *((None, j) for j in free)]


def _order(
    table: str, old: Sequence[Row], new: Sequence[Row], by: Sequence[str], pairs: Sequence[tuple[int, int]]
) -> Iterator[Difference]:
    """The first of the rows that both have and that stand in another order."""
    theirs = sorted(j for _, j in pairs)
    for n, ((i, j), there) in enumerate(zip(pairs, theirs, strict=True)):
        if j != there:
            was, now = (_named(row, by) for row in (old[i], new[there]))
            step = _step(old[i]) if _step(old[i]) == _step(new[there]) else None
            if was == now:
                was, now = _summary(old[i], by), _summary(new[there], by)
            yield Difference(table, step, f"row {n + 1} of {table}", "is", was, now)
            return


def _sorted(items: Sequence[tuple[int, Difference]]) -> tuple[Difference, ...]:
    """As things happen: by step, then by the stage of the waterfall, then as written. What a liquidation's
    later fills were counts no earlier than the first step at which anything else differs."""
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
    return difference.table == "liquidated" and difference.column.replace(" ", "_") in OUTCOME


def _when(difference: Difference) -> int:
    return NEVER if difference.step is None or difference.column == "is" else difference.step


def restricted(new: Tables, old: Mapping[str, Sequence[Row]]) -> Tables:
    """The tables and keys of `new` that `old` has, in its order: what two texts are compared by."""
    found: Tables = {}
    for name, rows in old.items():
        keys = list(dict.fromkeys(key for row in rows for key in row))
        found[name] = [{key: row[key] for key in keys or row if key in row} for row in new.get(name, ())]
    return found


# --- lines --------------------------------------------------------------------------------------------------


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
