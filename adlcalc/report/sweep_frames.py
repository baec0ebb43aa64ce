"""Every point of a sweep as an Arrow table, and as a Parquet file (extra [frames]).

The points are gone through twice and never held: once for the types of their columns, then a batch at a time.
A column for each thing that is varied and each measure: numbers are decimals of one scale where 38 digits
hold them, else text; what is so or not is a boolean.

Public: points_frame, write_points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import InvalidOperation
from itertools import islice
from typing import TYPE_CHECKING, Any

from adlcalc.ground.numbers import D
from adlcalc.report.limits import frequencies

if TYPE_CHECKING:
    import pyarrow

BATCH = 10_000
"""Points that are made into columns at a time."""


def points_frame(swept: Any) -> pyarrow.Table:
    """The points that a sweep kept (keep_rows), in the order of the store."""
    import pyarrow as pa

    columns = _Columns(swept)
    return pa.Table.from_batches(columns.batches(), columns.schema)


def write_points(swept: Any, path: str) -> None:
    """The table as a Parquet file."""
    from pyarrow import parquet

    columns = _Columns(swept)
    with parquet.ParquetWriter(path, columns.schema) as writer:
        for batch in columns.batches():
            writer.write_batch(batch)


class _Columns:
    """The columns of the points, with their types."""

    def __init__(self, swept: Any) -> None:
        import pyarrow as pa

        self._rows = swept.rows
        varied, measures = [_Column() for _ in swept.varied], [_Column() for _ in swept.measures]
        for row in self._rows:
            for column, value in zip((*varied, *measures), (*row.values, *row.found), strict=True):
                column.see(value)

        def typed(kind: Any) -> Callable[[Sequence[Any]], pyarrow.Array]:
            return lambda values: pa.array(values, kind)

        self._made: list[tuple[str, Callable[[Any], Any], Callable[[Sequence[Any]], pyarrow.Array]]] = [
            ("venue", lambda row: row.venue, typed(pa.string())),
            ("policy", lambda row: row.policy, typed(pa.string())),
            ("draw", lambda row: row.draw, typed(pa.int64())),
            *((name, _nth("values", i), varied[i].array) for i, name in enumerate(swept.varied)),
            *((name, _nth("found", i), measures[i].array) for i, name in enumerate(swept.measures)),
            ("error", lambda row: row.error or None, typed(pa.string())),
        ]
        note = {"model": frequencies(swept), "file": swept.file}
        self.schema = pa.schema([(name, array([]).type) for name, _, array in self._made], metadata=note)

    def batches(self) -> Iterator[pyarrow.RecordBatch]:
        import pyarrow as pa

        rows = iter(self._rows)
        while some := [*islice(rows, BATCH)]:
            arrays = [array([of(row) for row in some]) for _, of, array in self._made]
            yield pa.record_batch(arrays, schema=self.schema)


def _nth(name: str, i: int) -> Callable[[Any], Any]:
    return lambda row: getattr(row, name)[i]


class _Column:
    """What is in a column, as far as it has been seen: flags, numbers or texts."""

    def __init__(self) -> None:
        from adlcalc.report.frames import Digits

        self._kinds: set[type] = set()
        self._are_numbers, self._digits = True, Digits()

    def see(self, value: str | int | None) -> None:
        if value is None:
            return
        self._kinds.add(type(value))
        if self._are_numbers:
            try:
                self._digits.see(D(value))
            except InvalidOperation:
                self._are_numbers = False

    def array(self, values: Sequence[str | int | None]) -> pyarrow.Array:
        """Booleans, decimals or texts."""
        import pyarrow as pa

        from adlcalc.report.frames import numbers_array, shown

        if self._kinds == {int}:
            return pa.array([None if x is None else bool(x) for x in values], pa.bool_())
        if self._are_numbers and self._digits.scale is not None:
            return numbers_array([None if x is None else D(x) for x in values], self._digits.scale)
        text = (lambda x: shown(D(x))) if self._are_numbers else str
        return pa.array([None if x is None else text(x) for x in values], pa.string())
