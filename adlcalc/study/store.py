"""Where finished points are kept: one SQLite file, a row a point, as it comes.

    sweep      what all points have in common: key, value
    points     one row for each: venue, policy, draw, a column for each thing that is varied and for each measure
               (plain digits; 1 and 0 for what is so or not), error: why there is no measure

A point's key is the SHA-256 of what determines it. What is not of the same files, version and measures is
refused, not mixed. Rows are committed as they come, so that whatever ends the program leaves what was
committed; `adlcalc` need not be there to read it.

Public: Store, Design, Saved, StoreError, text_of, number_in, key_of.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from typing import Any, NamedTuple

SCHEMA = "adlcalc.sweep-store/1"
PAUSE = 0.2  # seconds between two commits
AT_ONCE = 500
FIXED = ("key", "venue", "policy", "draw", "error")
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
    """What a sweep is. facts: key -> value, of which those named in SAME must agree; venues: label -> digest of
    its rules; varied, measures: as they are named."""

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
    error: '' where there is none."""

    key: str
    venue: str
    policy: str
    draw: int | None
    values: tuple[str, ...]
    found: tuple[str | int | None, ...]
    error: str


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class Store:
    """A file of points, or with ':memory:' none. Used in a `with`."""

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
                f" {''.join(f'{one}, ' for one in kinds)}error text) without rowid"
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
                    f"{self.path} holds points of {what}\nhint: give another --store, or remove that file"
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
            rows = self._db.execute(f"select key from points where key in ({marks})", [k for _, k in part])
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
        )
        if not self._db.in_transaction:
            self._db.execute("begin")
        self._db.execute(f"insert or ignore into points values ({', '.join('?' * len(row))})", row)
        if time.monotonic() >= self._due:
            self.commit()

    def commit(self) -> None:
        """What was put is safe."""
        if self._db.in_transaction:
            self._db.execute("commit")
        self._due = time.monotonic() + PAUSE

    def rows(self) -> Iterator[Saved]:
        """All points, by venue, policy, what is varied as text, and draw."""
        columns = self.design.columns
        varied = [_quoted(columns[name]) for name in self.design.varied]
        names = ["key", "venue", "policy", "draw", *varied]
        names += [_quoted(columns[name]) for name in self.design.measures]
        order = ", ".join(["venue", "policy", *varied, "draw"])
        n = len(varied)
        for key, venue, policy, draw, *rest, error in self._db.execute(
            f"select {', '.join(names)}, error from points order by {order}"
        ):
            yield Saved(key, venue, policy, draw, tuple(rest[:n]), tuple(rest[n:]), error or "")

    def close(self) -> None:
        """Commit, and let go of the file; the log beside it goes too."""
        with suppress(sqlite3.Error):
            self.commit()
            self._db.execute("pragma wal_checkpoint(truncate)")
        self._db.close()


def in_order(texts: Sequence[str]) -> list[str]:
    """Numbers by size, then other texts."""

    def place(text: str) -> tuple[bool, Decimal, str]:
        try:
            return False, Decimal(text), text
        except ArithmeticError:
            return True, Decimal(0), text

    return sorted(dict.fromkeys(texts), key=place)
