"""Every point of a sweep as an Arrow table, and as a Parquet file (extra [frames]).

A column for each thing that is varied and each measure: numbers are decimals of one scale where 38 digits hold
them, else text; what is so or not is a boolean.

Public: points_frame, write_points.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from adlcalc.ground.numbers import D
from adlcalc.report.limits import frequencies

if TYPE_CHECKING:
    import pyarrow


def points_frame(swept: Any) -> pyarrow.Table:
    """The points that a sweep kept (keep_rows), in the order of the store."""
    import pyarrow as pa

    rows = swept.rows
    columns: dict[str, Any] = {
        "venue": pa.array([one.venue for one in rows], pa.string()),
        "policy": pa.array([one.policy for one in rows], pa.string()),
        "draw": pa.array([one.draw for one in rows], pa.int64()),
    }
    for at, name in enumerate(swept.varied):
        columns[name] = _column([one.values[at] for one in rows])
    for at, name in enumerate(swept.measures):
        columns[name] = _column([one.found[at] for one in rows])
    columns["error"] = pa.array([one.error or None for one in rows], pa.string())
    note = {"model": frequencies(swept), "file": swept.file}
    return pa.table(columns).replace_schema_metadata(note)


def _column(values: Sequence[str | int | None]) -> pyarrow.Array:
    """Booleans, decimals or text."""
    import pyarrow as pa

    from adlcalc.report.frames import numbers_array

    there = [x for x in values if x is not None]
    if there and all(isinstance(x, int) for x in there):
        return pa.array([None if x is None else bool(x) for x in values], pa.bool_())
    try:
        numbers: list[Decimal | None] = [None if x is None else D(x) for x in values]
    except InvalidOperation:
        return pa.array([None if x is None else str(x) for x in values], pa.string())
    return numbers_array(numbers)


def write_points(swept: Any, path: str) -> None:
    """The table as a Parquet file."""
    from pyarrow import parquet

    parquet.write_table(points_frame(swept), path)
