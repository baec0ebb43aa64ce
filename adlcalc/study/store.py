"""Where finished points are kept: one SQLite file, a row a point, as it comes.

    sweep      what all points have in common: key, value
    points     one row for each: venue, policy, draw, a column for each thing that is varied and for each
               measure (plain digits; 1 and 0 for what is so or not), error: why there is no measure; status:
               done, failed (the scenario or its run), or lost (its processes were ended: worked again the
               next time)

A point's key is the SHA-256 of what determines it. What is not of the same files, version and measures is
refused, not mixed. Rows are committed as they come, so that whatever ends the program leaves what was
committed; `adlcalc` need not be there to read it.

Public: Store, Points, Bounds, Design, Saved, StoreError, text_of, number_in, key_of, program, TEMPORARY,
ASKED.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from hashlib import sha256
from itertools import groupby
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

SCHEMA = "adlcalc.sweep-store/2"
ASKED = "asked"
"""The fact that has the measures as they were typed last: a question is made of those that are kept."""
PAUSE = 0.2  # seconds between two commits
AT_ONCE = 500
FIXED = ("key", "venue", "policy", "draw", "error", "status")
TEMPORARY = ""
"""A file that SQLite keeps for itself and removes: what is too large for memory goes there."""
DIGITS = 40  # behind the point, by which numbers are put in order before they are compared
INFINITE = "inf"
SAME = {
    "schema": "another kind of store",
    "program": "another version of adlcalc",
    "inputs": "another scenario (or one of its files, or --set, is another)",
    "paths": "other paths",
    "measures": "other measures",
    "varied": "other things that are varied",
}
"""What the points of a store must have in common, and what it is where it is not the same."""


class StoreError(Exception):
    """A store that cannot be used, in a sentence."""


def key_of(*parts: Any) -> str:
    """The SHA-256 of what determines something."""
    return sha256(json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def text_of(x: Fraction | bool | None, far: Fraction) -> str | int | None:
    """A value as it is kept: 1 or 0; plain digits, numerator/denominator where they never end; inf."""
    if x is None or isinstance(x, bool):
        return None if x is None else int(x)
    if abs(x) >= far:
        return INFINITE
    rest = x.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest != 1:
        return f"{x.numerator}/{x.denominator}"
    places = max(x.denominator.bit_length(), 1)  # enough: 2^places is no less than the denominator
    scaled = x * 10**places
    digits = f"{abs(scaled.numerator):0{places + 1}d}"
    whole, part = digits[:-places], digits[-places:].rstrip("0")
    return ("-" if x < 0 else "") + whole + (f".{part}" if part else "")


def number_in(kept: str | int | None, far: Fraction) -> Fraction | bool | None:
    """The value again."""
    if kept is None or isinstance(kept, int):
        return None if kept is None else bool(kept)
    return far if kept == INFINITE else Fraction(kept)


@dataclass(frozen=True)
class Design:
    """What a sweep is. facts: key -> value, of which those named in SAME must agree; venues: label -> digest
    of its rules; varied, measures: as they are named."""

    facts: Mapping[str, str]
    venues: Mapping[str, str]
    varied: tuple[str, ...]
    measures: tuple[str, ...]

    @property
    def columns(self) -> dict[str, str]:
        """What is varied and measured -> its column. SQLite does not tell a from A."""
        taken = {*FIXED}
        found = {}
        for name in (*self.varied, *self.measures):
            column, n = name, 1
            while column.lower() in taken:
                column, n = f"{name} ({n + 1})", n + 1
            taken.add(column.lower())
            found[name] = column
        return found


class Saved(NamedTuple):
    """A point that was worked. values, found: of what is varied and measured, in the order of the design;
    error: '' where there is none; lost: its processes were ended."""

    key: str
    venue: str
    policy: str
    draw: int | None
    values: tuple[str, ...]
    found: tuple[str | int | None, ...]
    error: str
    lost: bool = False

    @property
    def status(self) -> str:
        """How it came out."""
        return "lost" if self.lost else "failed" if self.error else "done"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class Store:
    """A file of points, or a TEMPORARY one. Used in a `with`."""

    def __init__(self, path: str, design: Design | None = None) -> None:
        """design: None to read what is there."""
        self.path = path
        self._due = 0.0
        try:
            if design is None:
                with open(path, "rb"):  # sqlite would make an empty one
                    pass
            self._db = sqlite3.connect(path, isolation_level=None, timeout=10)
            self._db.execute("pragma journal_mode=wal")
            self._db.execute("pragma synchronous=normal")
            there = self._db.execute("select name from sqlite_master where type='table'").fetchall()
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror}") from None
        except sqlite3.Error as error:
            raise StoreError(f"{path} is no store of a sweep: {error}") from None
        names = {name for (name,) in there}
        if names and not {"sweep", "points"} <= names:
            raise StoreError(f"{path} is a database, but not of a sweep")
        if not names and design is None:
            raise StoreError(f"{path} is empty")
        try:
            if design is None:
                self.design = self._read()
            else:
                self.design = self._agreed(design) if names else design
                self._make(not names)
        except sqlite3.Error as error:
            raise StoreError(f"{path} cannot be written: {error}") from None

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- what it is of --------------------------------------------------------------------------------------

    def _make(self, new: bool) -> None:
        """The tables, and what the points have in common."""
        design = self.design
        self._db.execute("begin immediate")
        if new:
            columns = design.columns
            kinds = [f"{_quoted(columns[name])} text not null" for name in design.varied]
            kinds += [_quoted(columns[name]) for name in design.measures]
            self._db.execute("create table sweep (key text primary key, value text) without rowid")
            self._db.execute(
                "create table points (key text primary key, venue text, policy text, draw integer,"
                f" {''.join(f'{one}, ' for one in kinds)}error text, status text not null) without rowid"
            )
        facts = {**design.facts, "venues": json.dumps(dict(design.venues), ensure_ascii=False)}
        self._db.executemany("insert or replace into sweep values (?, ?)", sorted(facts.items()))
        self._db.execute("commit")

    def _facts(self) -> dict[str, str]:
        return dict(self._db.execute("select key, value from sweep").fetchall())

    def _read(self) -> Design:
        """What a store that is there is of."""
        facts = self._facts()
        if facts.get("schema") != SCHEMA:
            raise StoreError(f"{self.path} is {SAME['schema']}")
        venues = json.loads(facts.pop("venues"))
        varied, measures = (tuple(json.loads(facts[name])) for name in ("varied", "measures"))
        return Design(facts, venues, varied, measures)

    def _agreed(self, design: Design) -> Design:
        """The design, if the points that are there are of the same; it then has their venues too."""
        there = self._read()
        for name, what in SAME.items():
            if there.facts.get(name) != design.facts[name]:
                if name == "program":
                    what += f" ({there.facts.get('version')}; its sources are not the same)"
                raise StoreError(
                    f"{self.path} holds points of {what}\nhint: give another --store; without the scenario file "
                    "what is in this one is asked again, and nothing is run"
                )
        for label, digest in design.venues.items():
            if there.venues.get(label, digest) != digest:
                raise StoreError(
                    f"{self.path} holds points of another rulebook {label}\nhint: give another --store"
                )
        return Design(design.facts, {**there.venues, **design.venues}, design.varied, design.measures)

    # --- points ---------------------------------------------------------------------------------------------

    def missing(self, keys: Iterable[tuple[int, str]]) -> Iterator[int]:
        """(place, key) -> the places of those that are not there."""
        part: list[tuple[int, str]] = []

        def of_part() -> Iterator[int]:
            marks = ", ".join("?" * len(part))
            there_are = f"select key from points where status <> 'lost' and key in ({marks})"
            rows = self._db.execute(there_are, [k for _, k in part])
            there = {key for (key,) in rows}
            return iter([place for place, key in part if key not in there])

        for one in keys:
            part.append(one)
            if len(part) == AT_ONCE:
                yield from of_part()
                part = []
        if part:
            yield from of_part()

    def put(self, saved: Saved) -> None:
        """Keep a point; it is safe after the next commit, a moment later."""
        row = (
            saved.key,
            saved.venue,
            saved.policy,
            saved.draw,
            *saved.values,
            *saved.found,
            saved.error or None,
            saved.status,
        )
        if not self._db.in_transaction:
            self._db.execute("begin")
        self._db.execute(f"insert or replace into points values ({', '.join('?' * len(row))})", row)
        if time.monotonic() >= self._due:
            self.commit()

    def commit(self) -> None:
        """What was put is safe."""
        if self._db.in_transaction:
            self._db.execute("commit")
        self._due = time.monotonic() + PAUSE

    def points(self, bounds: Bounds | None = None) -> Points:
        """Those within the bounds, of all that there are."""
        return Points(self._db, self.design, bounds)

    def digest(self) -> tuple[str, int]:
        """The SHA-256 of all that is in it, and of how many bytes; how the file is laid out plays no part."""
        found, size = sha256(), 0
        for table in ("sweep", "points"):
            for row in self._db.execute(f"select * from {table} order by key"):
                line = json.dumps(row, ensure_ascii=False).encode() + b"\n"
                found.update(line)
                size += len(line)
        return found.hexdigest(), size

    def close(self) -> None:
        """Commit, and let go of the file; the log beside it goes too."""
        with suppress(sqlite3.Error):
            self.commit()
            self._db.execute("pragma wal_checkpoint(truncate)")
        self._db.close()


@dataclass(frozen=True)
class Bounds:
    """Which points are asked for: of these venues and policies, with these values of each thing that is
    varied, on paths of a lower number (None: points without a number)."""

    venues: Sequence[str]
    policies: Sequence[str]
    values: Sequence[Sequence[str]]
    draws: int | None

    @property
    def by(self) -> list[Sequence[str]]:
        """What there may be in each column of `Points.by`."""
        return [self.venues, *self.values, self.policies]

    @property
    def points(self) -> int:
        """How many they are, when all are there."""
        return prod(len(set(texts)) for texts in self.by) * (self.draws or 1)


class Points:
    """Points of a store, read from it as often as they are asked for: none is held here."""

    def __init__(self, db: sqlite3.Connection, design: Design, bounds: Bounds | None) -> None:
        self._db = db
        columns = design.columns
        self._varied = [_quoted(columns[name]) for name in design.varied]
        self._measures = [_quoted(columns[name]) for name in design.measures]
        self.by = ["venue", *self._varied, "policy"]
        """The columns of what points may be grouped by."""
        db.create_function("place_of", 1, _place_of, deterministic=True)
        self._where = "1" if bounds is None else self._within(bounds)

    def _within(self, bounds: Bounds) -> str:
        """The condition; its texts are in tables of their own, as they may be many."""
        conditions = ["draw is null" if bounds.draws is None else f"draw < {bounds.draws}"]
        for n, (column, texts) in enumerate(zip(self.by, bounds.by, strict=True)):
            self._db.execute(f"create temp table if not exists within{n} (text primary key) without rowid")
            self._db.execute(f"delete from within{n}")
            self._db.executemany(f"insert or ignore into within{n} values (?)", ((one,) for one in texts))
            conditions.append(f"{column} in (select text from within{n})")
        return " and ".join(conditions)

    def __iter__(self) -> Iterator[Saved]:
        """By venue, policy, what is varied as text, and draw."""
        columns = ", ".join(["key", "venue", "policy", "draw", *self._varied, *self._measures])
        order = ", ".join(["venue", "policy", *self._varied, "draw"])
        n = len(self._varied)
        for key, venue, policy, draw, *rest, error, status in self._db.execute(
            f"select {columns}, error, status from points where {self._where} order by {order}"
        ):
            values, found = tuple(rest[:n]), tuple(rest[n:])
            yield Saved(key, venue, policy, draw, values, found, error or "", status == "lost")

    def __len__(self) -> int:
        return int(self._db.execute(f"select count(*) from points where {self._where}").fetchone()[0])

    def counts(self) -> tuple[int, int | None, list[int]]:
        """How many there are, on how many paths (None: on none with a number), and how many different values
        each column of `by` has."""
        different = ", ".join(f"count(distinct {column})" for column in self.by)
        (row,) = self._db.execute(f"select count(*), max(draw), {different} from points where {self._where}")
        return row[0], None if row[1] is None else row[1] + 1, [*row[2:]]

    def ascending(self, by: Sequence[int], measure: int) -> Iterator[tuple[tuple[str, ...], str, int]]:
        """The numbers that a measure came to, in each group (by: places of columns) the smallest first: the
        group, the number as it is kept, how often. SQLite puts them in order by so many digits, and what has
        the same of these is compared exactly."""
        of, column = [self.by[i] for i in by], self._measures[measure]
        groups = ", ".join([*of, column])
        found = self._db.execute(
            f"select {groups}, count(*), place_of({column}) as place from points where {self._where}"
            f" and error is null and {column} is not null group by {groups}"
            f" order by {', '.join([*of, 'place'])}"
        )
        for _, same in groupby(found, key=lambda row: (row[: len(of)], row[-1])):
            for *group, text, count, _ in sorted(same, key=lambda row: Fraction(_ended(row[len(of)]))):
                yield tuple(group), text, count


def _ended(text: str) -> str:
    """A number to compare by: what has no end is alone in its place."""
    return "0" if text == INFINITE else text


def _place_of(text: str | None) -> str | None:
    """A text for each number, in the same order by their characters as the numbers by size; numbers that
    differ beyond DIGITS digits behind the point may have the same."""
    if text is None or text == INFINITE:
        return text and "~"
    minus, whole, part = text.startswith("-"), text.lstrip("-"), ""
    if "/" in whole:
        of, below = map(int, whole.split("/"))
        scaled = f"{of * 10**DIGITS // below:0{DIGITS + 1}d}"
        whole, part = scaled[:-DIGITS], scaled[-DIGITS:]
    else:
        whole, _, part = whole.partition(".")
    size = f"{len(whole):06d}{whole}.{part[:DIGITS]}"
    return f"0{size.translate(_COMPLEMENT)}~" if minus else f"1{size}"


_COMPLEMENT = str.maketrans("0123456789", "9876543210")


@cache
def program() -> str:
    """The digest of adlcalc's own sources: of every file that makes a number."""
    folder = Path(__file__).parent.parent
    files = (one for one in folder.rglob("*") if one.suffix in (".py", ".yaml", ".csv"))
    names = sorted((one.relative_to(folder).as_posix(), one) for one in files)
    return key_of(*((name, key_of(one.read_bytes().hex())) for name, one in names))
