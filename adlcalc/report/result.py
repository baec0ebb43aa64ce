"""A result for a program: its tables as rows of exact values, as Arrow tables, as HTML in a notebook.

Public: Row, Tabled, Result.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, overload

from adlcalc.ground.numbers import exact, show
from adlcalc.report.field import JSON, Field, Rows

if TYPE_CHECKING:
    import pyarrow

    from adlcalc.report.page import Page


class Row(dict[str, Any]):
    """One row of a table: its facts by the keys of the JSON, `row["side"]` or `row.side`.

    Prices, sizes, money, rates and scores are Decimal (a score or ratio without end is Decimal('Infinity')),
    a side is 'long' or 'short', a step, a rank or a count is int, what does not apply is None."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"this row has no {name!r}; it has {', '.join(self)}") from None


class Tabled(ABC):
    """What has a page: every table of its document as rows. `main` is the table that is meant where none is
    named."""

    main: str = ""

    @abstractmethod
    def page(self) -> Page:
        """The page of the result."""

    def tables(self) -> list[str]:
        """The names of its tables: the keys of the JSON, and the lists inside their rows."""
        return [rows.name or rows.golden for rows in _sections(self.page())]

    def rows(self, table: str = "") -> list[Row]:
        """The rows of a table, the main one where none is named; of what is no list, one row.

        Raises KeyError with the names that there are."""
        page = self.page()
        known = {rows.name or rows.golden: rows for rows in _sections(page)}
        name = table or self.main
        if name not in known:
            raise KeyError(f"there is no table {name!r}; there are {', '.join(known)}")
        with exact():
            return [_row(known[name], record, page.about, outer) for record, outer in _records(name, page)]

    def frames(self) -> dict[str, pyarrow.Table]:
        """Every table as a pyarrow.Table, by its name. Needs the extra: pip install 'adlcalc[frames]'.

        Nothing is rounded: a column of numbers is decimal128(38, s), s the decimals that it needs and 8 at
        least, or text where 38 digits do not hold it; scores and margin ratios, which have up to 60 digits,
        are text. Sides are 'long' and 'short', counts int64, lists stay lists. Read it with
        `table.to_pandas(types_mapper=pandas.ArrowDtype)` or `polars.from_arrow(table)`."""
        from adlcalc.report.frames import frame

        page = self.page()
        with exact():
            return {
                rows.name or rows.golden: frame(
                    rows,
                    [
                        _row(rows, record, page.about, outer)
                        for record, outer in _records(rows.name or rows.golden, page)
                    ],
                )
                for rows in _sections(page)
            }

    def _repr_html_(self) -> str:
        """Its tables, where a notebook shows it."""
        from adlcalc.report.notebook import html

        with exact():
            return html(self.page())


class Result(Tabled, Sequence[Row]):
    """The answer to a question: a sequence of the rows of its main table, with all the others behind
    `rows`."""

    def __init__(self, page: Page, main: str) -> None:
        self._page, self.main = page, main
        self._main: list[Row] = self.rows(main)

    def page(self) -> Page:
        """The page that the command line prints."""
        return self._page

    def __len__(self) -> int:
        return len(self._main)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | Sequence[Row]:
        return self._main[index]

    def __repr__(self) -> str:
        return f"<adlcalc {self._page.document.name}: {len(self)} rows of {self.main!r}>"

    def to_text(self) -> str:
        """The page as text of 80 columns."""
        from adlcalc.report.writers import FORMATS

        return FORMATS["table"].page(self._page)

    def to_json(self) -> str:
        """The JSON that the command line prints with --json."""
        from adlcalc.report.writers import FORMATS

        return FORMATS["json"].page(self._page)

    def to_dict(self) -> dict[str, Any]:
        """The JSON as dicts and lists: numbers are text."""
        from adlcalc.report.json_writer import as_dict

        return as_dict(self._page)


def _sections(page: Page) -> list[Rows]:
    """The tables, those inside of others behind them; of several of one name the first."""
    found: dict[str, Rows] = {}

    def take(rows: Rows) -> None:
        if JSON in rows.where:
            found.setdefault(rows.name or rows.golden, rows)
            for field in rows.fields:
                if field.inner is not None and JSON in field.where:
                    take(field.inner)

    for rows in page.document.sections:
        take(rows)
    return list(found.values())


def _records(name: str, page: Page) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """The records of a table, each with what tells the row that it stands in."""

    def inside(rows: Rows, record: Any, above: Mapping[str, Any]) -> Iterator[tuple[Any, Mapping[str, Any]]]:
        if (rows.name or rows.golden) == name:
            yield record, above
            return
        for field in rows.fields:
            if field.inner is not None and JSON in field.where:
                own = _row(rows, record, page.about, above)
                key = {field.inner.under: own[field.inner.under]} if field.inner.under in own else {}
                for one in field.get(record, page.about) or ():
                    yield from inside(field.inner, one, key)

    for rows in page.document.sections:
        if JSON in rows.where:
            for record in (rows.of(page.about),) if rows.one or not rows.name else rows.of(page.about):
                yield from inside(rows, record, {})


def _row(rows: Rows, record: Any, about: Any, outer: Mapping[str, Any]) -> Row:
    found = Row(outer)
    for field in rows.fields:
        if JSON in field.where and field.inner is None:
            found[field.key] = _value(field, field.get(record, about), about)
    return found


def _value(field: Field, value: Any, about: Any) -> Any:
    """A fact as Python has it."""
    if value is None:
        return None
    if field.is_number:
        return _number(value)
    if field.kind == "numbers" and field.of_schema is None:
        return {name: _number(x) for name, x in value.items()}
    if field.of_schema is not None and isinstance(value, dict):
        numbers = field.maps_numbers
        return {name: _number(x) if numbers and x is not None else x for name, x in value.items()}
    found = field.plain(value, about)
    return (
        str(found) if isinstance(found, str) else found
    )  # the plain text of a name that the engine chose by


def _number(value: Any) -> Decimal:
    from adlcalc.engine.formulas.scores import INFINITE

    number = Decimal(value)
    if number.is_finite() and abs(number) < INFINITE:
        return Decimal(show(number))  # 54000, not 54000.0 or 5.4E+4: as the JSON has it
    return Decimal("Infinity") if number > 0 else Decimal("-Infinity")
