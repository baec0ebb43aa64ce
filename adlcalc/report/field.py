"""What a column, a table and a document are: a fact is said once, and every form it is written in is made
from that.

    Field      one fact: its key, what kind of value it is, how it is got from the record, how a page shows it
    Rows       a table: its fields; JSON objects, CSV rows, the page's columns and a JSON Schema are made from
               them
    Document   a result: its tables in order; the JSON, the CSV with its header, and the schema of it

A function that a Field is given takes the record and what the document is about (the run, the queues, the
story).

Public: Field, told, Rows, Document, JSON, CSV, GOLDEN, DATA, DRAFT.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from operator import attrgetter
from typing import Any, NamedTuple

from adlcalc.engine.model import side_name
from adlcalc.ground.numbers import show
from adlcalc.report.table import Column, counts, names, numbers, words
from adlcalc.report.tones import Tone
from adlcalc.study.expected import Fact

JSON, CSV, GOLDEN = "json", "csv", "golden"
DATA = (JSON, CSV)
DRAFT = "http://json-schema.org/draft-07/schema#"
DIGITS = {"type": "string", "pattern": r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$"}
Plain = dict[str, Any]
Of = str | Callable[[Any, Any], Any]


class Kind(NamedTuple):
    """plain: the value as JSON has it, None for as it is; schema: what that is; column: how a page shows
    it."""

    plain: Callable[[Any], Any] | None
    schema: Plain
    column: Callable[..., Column | None] = words


def score_digits(x: Decimal) -> str:
    """A score as data; one that an empty margin gives has no end."""
    from adlcalc.engine.formulas.scores import INFINITE

    return show(x) if abs(x) < INFINITE else "Infinity" if x > 0 else "-Infinity"


TEXT: Plain = {"type": "string"}
SCORE: Plain = {"type": "string", "pattern": DIGITS["pattern"][:-1] + "$|^-?Infinity$"}
KINDS: Mapping[str, Kind] = {
    "text": Kind(str, TEXT),  # of a word its text alone
    "account": Kind(None, TEXT, names),
    "market": Kind(None, TEXT),
    "fund": Kind(None, TEXT),
    "side": Kind(side_name, {"type": "string", "enum": ["long", "short"]}),
    "number": Kind(show, DIGITS, numbers),
    "score": Kind(score_digits, SCORE, numbers),
    "step": Kind(None, {"type": "integer", "minimum": 0}, counts),
    "count": Kind(None, {"type": "integer", "minimum": 1}, counts),
    "flag": Kind(None, {"type": "boolean"}),
    "texts": Kind(list, {"type": "array", "items": TEXT}),
    "steps": Kind(list, {"type": "array", "items": {"type": "integer"}}),
    "numbers": Kind(
        lambda named: {name: show(x) for name, x in named.items()},
        {"type": "object", "additionalProperties": DIGITS},
    ),
    "named": Kind(dict, {"type": "object", "additionalProperties": TEXT}),
}
"""Kinds of values. account, market and fund are names: an expectation that names one which is not there is an
error."""


@dataclass(frozen=True, eq=False)
class Field:
    """One fact of a record.

    key      its name in JSON and CSV
    kind     what it is, of KINDS; `inner` where it is a list of records, `of_schema` where it is none of them
    note     what it says, for the schemas
    of       the attribute it is got by (dots lead further in), or a function; `key` where it has the same
             name
    null     it may be null; optional: where it is null, JSON leaves it out
    where    the data formats that have it; a golden has what JSON has, but for prose, and what is only there
             for it (GOLDEN)
    prose    it is said to people (a title, a note), or names a file, or is a number of ours: no golden holds
             it
    spread   it is a map whose keys are columns of the CSV, which Document.more names
    expect   the name by which an `expect:` block may name it: True for its key

    On the page, where it has a heading:

    shown    what stands in the cell, where that is not the value; look: the column, where that is not the
             kind's
    drop     0 stays, 1 is the first to go where the page is narrow, then 2, 3, ...
    hide     the column goes where it has nothing in any row; zero: what 0 is shown as
    tone     what stands out in it on a terminal
    when     there is such a column only if this holds; columns: one or several columns made in another way
    """

    key: str
    kind: str
    note: str
    of: Of = ""
    null: bool = False
    optional: bool = False
    where: Sequence[str] = DATA
    prose: bool = False
    spread: bool = False
    expect: bool | str = False
    heading: str | None = None
    shown: Callable[[Any, Any], Any] | None = None
    look: Callable[..., Column | None] | None = None
    drop: int = 0
    hide: bool = False
    zero: str | None = None
    tone: Tone | None = None
    when: Callable[[Any], bool] | None = None
    columns: Callable[[Sequence[Any], Any], Iterable[Column | None]] | None = None
    inner: Rows | None = None
    of_schema: Plain | None = None

    @cached_property
    def get(self) -> Callable[[Any, Any], Any]:
        """(record, about) -> the value."""
        if callable(self.of):
            return self.of
        attribute = attrgetter(self.of or self.key)
        return lambda record, about: attribute(record)

    @property
    def expected(self) -> str:
        """Its name in an `expect:` block; '' where it has none."""
        return self.key if self.expect is True else self.expect or ""

    @property
    def held(self) -> bool:
        """Does a golden hold it?"""
        return GOLDEN in self.where or (JSON in self.where and not self.prose)

    @property
    def is_number(self) -> bool:
        """Is its value a number (a ratio may be told as text, as it may have no end)?"""
        if self.of_schema is not None:
            return str(self.of_schema.get("pattern", "")).startswith(DIGITS["pattern"][:-1])
        return self.kind in ("number", "score")

    @property
    def maps_numbers(self) -> bool:
        """Is it a map of numbers with a form of its own?"""
        inner = (self.of_schema or {}).get("additionalProperties")
        return isinstance(inner, dict) and inner.get("pattern") == DIGITS["pattern"]

    @property
    def whole(self) -> bool:
        """Is it a map whose keys are names (of markets, of funds): a name more is a fact, and no key that has
        been added?"""
        return self.of_schema is None and self.kind in ("numbers", "named")

    def plain(self, value: Any, about: Any) -> Any:
        """The value as JSON has it."""
        if self.inner is not None and value is not None:
            return [self.inner.plain(one, about) for one in value]
        return value if value is None or self.to_plain is None else self.to_plain(value)

    @cached_property
    def to_plain(self) -> Callable[[Any], Any] | None:
        """What a value becomes, None for what it is."""
        return None if self.of_schema is not None else KINDS[self.kind].plain

    def schema(self) -> Plain:
        """What JSON has under the key."""
        if self.inner is not None:
            found: Plain = {"type": "array", "items": self.inner.schema()}
        else:
            found = dict(KINDS[self.kind].schema if self.of_schema is None else self.of_schema)
        if self.null:
            found = {**found, "type": [found["type"], "null"]}
            if "enum" in found:
                found["enum"] = [*found["enum"], None]
        return {"description": self.note, **found}

    def on_page(self, records: Sequence[Any], about: Any) -> Iterable[Column | None]:
        """Its column of a page; none where it has no heading."""
        if self.columns is not None:
            return self.columns(records, about)
        if self.heading is None or (self.when is not None and not self.when(about)):
            return ()
        get = self.shown or self.get
        look = self.look or KINDS[self.kind].column
        cells = [get(record, about) for record in records]
        column = look(self.heading, cells, drop=self.drop, hide=self.hide, zero=self.zero)
        return (column and replace(column, tone=self.tone),)


def told(fact: Fact, **rest: Any) -> Field:
    """The field of a fact that an expectation may name."""
    return Field(fact.key, fact.kind, fact.note, expect=fact.name, **rest)


@dataclass(frozen=True, eq=False)
class Rows:
    """A table of a document.

    name     its key in JSON; '' where its fields stand at the top of the document
    records  how the records are got from what the document is about: an attribute or a function
    table    what its rows are called in CSV's first column; the name where it is the same
    one      it is one record, not a list of them
    optional JSON leaves it out where it has no row: most runs have none
    where    the data formats that have it
    asked    CSV has it only where this was asked for
    under    the key of the outer record that rows of inner ones begin with, where they are rows of their own
    by       the keys that name a row among those of its step
    page     the order of the page's columns, where it is not that of the fields; those not named follow
    """

    name: str
    note: str
    fields: tuple[Field, ...]
    records: str | Callable[[Any], Any] = ""
    table: str = ""
    one: bool = False
    optional: bool = False
    where: Sequence[str] = DATA
    asked: str = ""
    under: str = ""
    by: str = ""
    page: str = ""

    @property
    def golden(self) -> str:
        """Its name in a golden."""
        return self.name or "result"

    def of(self, about: Any) -> Any:
        """Its records (or the one)."""
        if callable(self.records):
            return self.records(about)
        return attrgetter(self.records or self.name)(about)

    @cached_property
    def _by_format(self) -> Mapping[str, _Reader]:
        found = {form: _Reader([f for f in self.fields if form in f.where]) for form in DATA}
        return {**found, GOLDEN: _Reader([f for f in self.fields if f.held and f.inner is None], whole=True)}

    @cached_property
    def _spread(self) -> Sequence[str]:
        return [field.key for field in self.fields if field.spread]

    def plain(self, record: Any, about: Any) -> Plain:
        """The record as JSON has it."""
        return self._by_format[JSON](record, about)

    def flat(self, record: Any, about: Any) -> Iterator[Plain]:
        """The record as rows of the CSV, with those inside it."""
        row = self._by_format[CSV](record, about)
        for key in self._spread:
            row |= row.pop(key)
        inner = [
            (field.inner, row.pop(field.key))
            for field in self.fields
            if field.inner is not None and field.key in row
        ]
        yield {"table": self.table or self.name, **row}
        for rows, found in inner:
            for one in found:
                yield {"table": rows.table, rows.under: row[rows.under], **one}

    def facts(self, record: Any, about: Any, outer: Plain | None = None) -> Iterator[tuple[Rows, Plain]]:
        """The record as a golden has it, and the rows of the records inside it, each with the table that it
        is a row of."""
        row = self._by_format[GOLDEN](record, about)
        if outer is not None and self.under in outer:
            row = {self.under: outer[self.under], **row}
        yield self, row
        for field in self.fields:
            if field.inner is not None and field.held:
                for one in field.get(record, about) or ():
                    yield from field.inner.facts(one, about, row)

    def read(self, row: Plain, outer: Plain | None = None) -> Iterator[tuple[Rows, Plain]]:
        """What `facts` would give, as far as it stands in a row of the JSON."""
        kept = {
            field.key: row[field.key]
            for field in self.fields
            if field.held and not field.inner and field.key in row
        }
        if outer is not None and self.under in outer:
            kept = {self.under: outer[self.under], **kept}
        yield self, kept
        for field in self.fields:
            if field.inner is not None and field.held:
                for one in row.get(field.key) or ():
                    yield from field.inner.read(one, kept)

    def tables(self) -> Iterator[Rows]:
        """It, and the tables inside it that a golden has."""
        if JSON in self.where:
            yield self
            for field in self.fields:
                if field.inner is not None and field.held:
                    yield from field.inner.tables()

    def csv_keys(self) -> Iterator[str]:
        """The columns that the CSV needs for it."""
        for field in self.fields:
            if CSV in field.where and not field.spread:
                yield from (field.key,) if field.inner is None else field.inner.csv_keys()

    def csv_tables(self, outer: Sequence[str] = ()) -> Iterator[tuple[str, Sequence[str]]]:
        """What its rows are called in CSV, with their keys; and those inside it."""
        own = [f.key for f in self.fields if CSV in f.where and f.inner is None and not f.spread]
        yield self.table or self.name, [*outer, *own]
        for field in self.fields:
            if field.inner is not None and CSV in field.where:
                yield from field.inner.csv_tables([field.inner.under])

    @cached_property
    def _on_page(self) -> Sequence[Field]:
        order = {key: i for i, key in enumerate(self.page.split())}
        return sorted(self.fields, key=lambda field: order.get(field.key, len(order)))

    def columns(self, records: Sequence[Any], about: Any) -> Iterator[Column | None]:
        """The columns of the page."""
        for field in self._on_page:
            yield from field.on_page(records, about)

    @property
    def expected(self) -> dict[str, Field]:
        """The facts that an `expect:` block may name, by the name that it uses."""
        return {field.expected: field for field in self.fields if field.expected}

    def schema(self) -> Plain:
        """A record of it in JSON. Keys may be added to it; those that are here stay."""
        fields = [field for field in self.fields if JSON in field.where]
        return {
            "type": "object",
            "properties": {field.key: field.schema() for field in fields},
            "required": [field.key for field in fields if not field.optional],
        }


class _Reader:
    """Records as plain dicts. What is got by name is got in one call, as this is done for every account of a
    book."""

    def __init__(self, fields: Sequence[Field], *, whole: bool = False) -> None:
        self.whole = (
            whole  # what is optional is there all the same, so that a null that becomes a value is seen
        )
        named = [field for field in fields if isinstance(field.of, str)]
        self.others = [field for field in fields if callable(field.of) or field.inner is not None]
        self.keys = [field.key for field in fields]
        self.plains = [None if field in self.others else field.to_plain for field in fields]
        names = [
            str(field.of or field.key) if field in named else named[0].of or named[0].key
            for field in fields
            if named
        ]
        self.at_once = attrgetter(*map(str, names), *map(str, names[:1])) if names else None

    def __call__(self, record: Any, about: Any) -> Plain:
        row: Plain = {}
        if self.at_once is not None:  # what is got otherwise has its place in the order, and its value below
            row = {
                key: value if plain is None or value is None else plain(value)
                for key, plain, value in zip(self.keys, self.plains, self.at_once(record), strict=False)
            }
        for field in self.others:
            value = field.get(record, about)
            if value is None and field.optional and not self.whole:
                row.pop(field.key, None)
            else:
                row[field.key] = field.plain(value, about)
        return row


@dataclass(frozen=True)
class Document:
    """A result as data. name: its schema ('adlcalc.run/1'); published: the columns of its CSV in the order in
    which they were first published; a key that is added since comes behind them. tables: whether CSV's first
    column tells them apart; more: the columns that a result of its own has, behind all others."""

    name: str
    note: str
    sections: tuple[Rows, ...]
    published: str = ""
    tables: bool = True
    more: Callable[[Any], Iterable[str]] = lambda about: ()

    def plain(self, about: Any) -> Iterator[tuple[str, Any]]:
        """Key and value of the JSON document, in order; lists are iterators, so that a large book is never
        held twice."""
        yield "schema", self.name
        for rows in self.sections:
            if JSON not in rows.where or (rows.optional and not rows.of(about)):
                continue
            if not rows.name:
                yield from rows.plain(rows.of(about), about).items()
            elif rows.one:
                yield rows.name, rows.plain(rows.of(about), about)
            else:
                yield rows.name, _all(rows, about)

    def facts(self, about: Any) -> Iterator[tuple[Rows, Plain]]:
        """The rows of a golden, each with the table that it is a row of."""
        for rows in self.sections:
            if JSON in rows.where:
                for record in (rows.of(about),) if rows.one or not rows.name else rows.of(about):
                    yield from rows.facts(record, about)

    def read(self, document: Plain) -> Iterator[tuple[Rows, Plain]]:
        """The same from a JSON document that has been written."""
        for rows in self.sections:
            if JSON in rows.where:
                found = document.get(rows.name, []) if rows.name else document
                for row in found if isinstance(found, list) else [found]:
                    yield from rows.read(row)

    @cached_property
    def held(self) -> Mapping[str, Rows]:
        """The tables that a golden of it has, by their names there, in order."""
        return {table.golden: table for rows in self.sections for table in rows.tables()}

    def flat(self, about: Any, asked: Iterable[str] = ()) -> Iterator[Plain]:
        """The rows of the CSV."""
        wanted = {"", *asked}
        for rows in self.sections:
            if CSV in rows.where and rows.asked in wanted:
                for record in (rows.of(about),) if rows.one else rows.of(about):
                    for row in rows.flat(record, about):
                        if not self.tables:
                            del row["table"]
                        yield row

    @cached_property
    def header(self) -> tuple[str, ...]:
        """The columns of the CSV: those that are published, then whatever else a row may have."""
        keys = (key for rows in self.sections if CSV in rows.where for key in rows.csv_keys())
        first = ("table",) if self.tables else ()
        return tuple(dict.fromkeys((*first, *self.published.split(), *keys)))

    def header_of(self, about: Any) -> tuple[str, ...]:
        """Those of one result."""
        return tuple(dict.fromkeys((*self.header, *self.more(about))))

    def csv_name(self, table: str) -> str:
        """What the CSV calls a table: by that name, or by that of the JSON ('liquidations': 'liquidation')."""
        return next((one.table for one in self.sections if one.table and one.name == table), table)

    def csv_tables(self, asked: Iterable[str] = ()) -> Mapping[str, Sequence[str]]:
        """The tables of the CSV with their columns, where it has several."""
        wanted = {"", *asked}
        sections = [rows for rows in self.sections if CSV in rows.where and rows.asked in wanted]
        return {name: keys for rows in sections for name, keys in rows.csv_tables()} if self.tables else {}

    def schema(self) -> Plain:
        """The JSON document."""
        properties: Plain = {"schema": {"description": "what this is", "enum": [self.name]}}
        optional = {rows.name for rows in self.sections if rows.optional}
        for rows in self.sections:
            if JSON not in rows.where:
                continue
            one = rows.schema()
            if not rows.name:
                properties |= one["properties"]
            else:
                whole = one if rows.one else {"type": "array", "items": one}
                properties[rows.name] = {"description": rows.note, **whole}
        return {
            "description": self.note,
            "type": "object",
            "properties": properties,
            "required": [name for name in properties if name not in optional],
        }


def _all(rows: Rows, about: Any) -> Iterator[Plain]:
    return (rows.plain(record, about) for record in rows.of(about))
