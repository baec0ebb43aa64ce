"""The facts of a result as a golden holds them: tables of rows without prose, file names or numbers of ours,
one row a line.

    {"golden": "adlcalc run", "schema": "adlcalc.run/1",
    "liquidations": [
    {"step": 2, "account": "alice", "market": "BTC-PERP", ...},
    ...

Behind them stand the rules that were in force (`in_force`), which are not held themselves: they tell which of
them has changed where a fact has.

The first line says which command the facts are of. What is optional in the JSON is null here, so that a value
that comes or goes is seen; a key that a golden lacks is not compared. Of a run of more than 1,000 accounts
those that no event names are one
digest: how many they are, their equity, and a SHA-256 over their rows.

Public: Tables, MANY, UNTOUCHED, NotFacts, facts_of, text_of, read, rules_of, changed, change_told,
from_json, from_csv, whole_maps.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Set
from decimal import Decimal
from hashlib import sha256
from typing import Any, TypeVar

from adlcalc.ground.numbers import ZERO, D, exact, show
from adlcalc.ground.text import clean_json
from adlcalc.report.facts import Facts
from adlcalc.report.field import Document, Rows
from adlcalc.report.page import Page

Row = dict[str, Any]
K = TypeVar("K")
Tables = dict[str, list[Row]]
MANY = 1_000
UNTOUCHED, IN_FORCE = "untouched", "in_force"
OF_ACCOUNTS = ("accounts", "positions")


class NotFacts(ValueError):
    """A text that is no golden of facts. line: of the text, from 1."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.line = line


# --- writing ------------------------------------------------------------------------------------------------


def facts_of(page: Page, like: Tables | None = None) -> Tables:
    """The facts of a page. like: those of an older golden, whose digest is worked out over the keys that it
    has."""
    tables: Tables = {name: [] for name in page.document.held}
    with exact():
        pairs: Iterable[tuple[Rows, Row]] = page.document.facts(page.about)
        if isinstance(page.about, Facts):
            wanted = len(page.about.scenario.accounts) > MANY if like is None else UNTOUCHED in like
            if wanted:
                others = {one.id for one in page.about.scenario.accounts} - page.about.touched
                digest = _Digest(others, (like or {}).get(UNTOUCHED, []))
                pairs = digest.without(pairs)
        for table, row in pairs:
            tables[table.golden].append(row)
        if isinstance(page.about, Facts) and wanted:
            tables[UNTOUCHED] = [digest.row]
    held = page.document.held
    return _merged({name: rows for name, rows in tables.items() if rows or not is_optional(held, name)})


def is_optional(held: Mapping[str, Rows], name: str) -> bool:
    """A table that most runs have no row of: a golden has it only where there is one."""
    return name in held and held[name].optional


def with_optional(old: Tables, now: Tables, held: Mapping[str, Rows]) -> Tables:
    """A golden's tables, with those that it has no row of and that have some now."""
    return {**old, **{name: [] for name in now if name not in old and is_optional(held, name)}}


def _merged(tables: Tables) -> Tables:
    """What stands at the top of a document is one row."""
    result = tables.get("result")
    return (
        tables if not result else {**tables, "result": [{key: x for row in result for key, x in row.items()}]}
    )


class _Digest:
    """Takes the accounts that nothing happened to, with their positions, out of the rows, and adds them
    up."""

    def __init__(self, untouched: Set[str], older: list[Row]) -> None:
        self._untouched = untouched
        self._keys = {
            name: keys.split()
            for name in OF_ACCOUNTS
            if older and isinstance(keys := older[0].get(f"{name}_keys"), str)
        }
        self._hash = sha256()
        self._accounts = 0
        self._start: Decimal = ZERO
        self._end: Decimal = ZERO

    def without(self, pairs: Iterable[tuple[Rows, Row]]) -> Iterator[tuple[Rows, Row]]:
        """The other rows."""
        for table, row in pairs:
            if table.golden not in OF_ACCOUNTS or row.get("account") not in self._untouched:
                yield table, row
                continue
            keys = self._keys.setdefault(table.golden, list(row))
            self._hash.update(f"{table.golden} {json.dumps({key: row.get(key) for key in keys})}\n".encode())
            if table.golden == "accounts":
                self._accounts += 1
                self._start += D(row["equity_start"])
                self._end += D(row["equity_end"])

    @property
    def row(self) -> Row:
        """All of them."""
        keys = {f"{name}_keys": " ".join(self._keys.get(name, ())) for name in OF_ACCOUNTS}
        sums = {"equity_start": show(self._start), "equity_end": show(self._end)}
        return {"accounts": self._accounts, **sums, **keys, "sha256": self._hash.hexdigest()}


def text_of(
    command: str, schema: str, tables: Mapping[str, Iterable[Row]], rules: Mapping[str, str] | None = None
) -> str:
    """A golden. rules: those in force, by name."""
    parts = []
    in_force = [{"rule": name, "value": value} for name, value in (rules or {}).items()]
    for name, rows in {**tables, **({IN_FORCE: in_force} if in_force else {})}.items():
        lines = ",\n".join(json.dumps(row) for row in rows)
        parts.append(f"{json.dumps(name)}: [\n{lines}\n]" if lines else f"{json.dumps(name)}: []")
    head = f'{{"golden": {json.dumps(command)}, "schema": {json.dumps(schema)},\n'
    return clean_json(head + ",\n".join(parts) + "}\n")


# --- reading ------------------------------------------------------------------------------------------------


def read(text: str) -> tuple[str, Tables]:
    """The command and the tables of a golden; NotFacts where it is none."""
    document = _parsed(text)
    command = document.pop("golden", None)
    document.pop("schema", None)
    document.pop(IN_FORCE, None)
    if not isinstance(command, str):
        raise NotFacts("its first line names no command")
    return command, _tables(document)


def rules_of(text: str) -> dict[str, str]:
    """The rules that were in force when a golden was written; none of an older one."""
    rows = _tables({IN_FORCE: _parsed(text).get(IN_FORCE, [])})[IN_FORCE]
    return {str(row.get("rule")): str(row.get("value")) for row in rows}


def changed(before: Mapping[K, str], after: Mapping[K, str]) -> Iterator[tuple[K, str | None, str | None]]:
    """The rules whose values differ, with the value before and after; None: it was not stated."""
    for name in dict.fromkeys((*before, *after)):
        if before.get(name) != after.get(name):
            yield name, before.get(name), after.get(name)


def change_told(rule: str, old: str | None, new: str | None) -> str:
    """'rule adl.price is mark, it was bankruptcy'."""
    now, then = ("not stated" if value is None else value for value in (new, old))
    return f"rule {rule} is {now}, it was {then}"


def _parsed(text: str) -> Row:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise NotFacts(f"it is no JSON: {error.msg}", error.lineno) from None
    except (ValueError, RecursionError):
        raise NotFacts("it is no JSON that can be read") from None
    if not isinstance(document, dict):
        raise NotFacts("it is no JSON object")
    return document


def _tables(document: Row) -> Tables:
    for name, rows in document.items():
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise NotFacts(f"{name!r} is no list of rows")
    return document


def from_json(text: str, document: Document) -> Tables:
    """The facts in a JSON that `--format json` has written; NotFacts where it is none."""
    found = _parsed(text)
    if found.get("schema") != document.name:
        raise NotFacts(f"its schema is not {document.name}")
    tables: Tables = {}
    try:
        for table, row in document.read(found):
            tables.setdefault(table.golden, []).append(row)
    except (AttributeError, TypeError, KeyError):
        raise NotFacts(f"it is no {document.name}") from None
    outer = {rows.name for rows in document.sections}
    for (
        name,
        table,
    ) in document.held.items():  # a table without a row has none, unless the JSON does not know it yet
        if table.name in found or table.name not in outer:
            tables.setdefault(name, [])
    return _tables(_merged(tables))


def from_csv(text: str, document: Document) -> Tables:
    """The facts in a CSV by its first column, as texts; a cell that does not apply to its row is not
    there."""
    names = {table.table or table.name: name for name, table in document.held.items()}
    tables: Tables = {}
    try:
        for row in csv.DictReader(io.StringIO(text)):
            name = row.pop("table") or ""
            kept = {key: x for key, x in row.items() if x and key not in ("claim", "note")}
            tables.setdefault(names.get(name, name), []).append(kept)
    except (csv.Error, KeyError) as error:
        raise NotFacts(f"it is no CSV of ours: {error}") from None
    return tables


def whole_maps(document: Document) -> frozenset[tuple[str, str]]:
    """Table and key of the maps whose keys are names: one that a golden lacks is a difference."""
    return frozenset(
        (name, field.key) for name, table in document.held.items() for field in table.fields if field.whole
    )
