"""A Parquet file as the CSV text of the same rows, so that everything that is read from that, and told of it
by row and column, is read from this (extra [frames]).

Public: csv_of.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any

from adlcalc.ground.numbers import show
from adlcalc.source.files import UnfitFileError, too_large
from adlcalc.source.problems import quote

ROWS = 50_000
"""So many are written at once."""


def csv_of(data: bytes | bytearray, limit: int) -> bytearray:
    """The rows under a header; no more of them than `limit` bytes. A number is an integer, a decimal or text:
    floats are not exact."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise UnfitFileError(
            "a Parquet file needs pyarrow, which is not installed", "pip install 'adlcalc[frames]'"
        ) from None
    try:
        file = parquet.ParquetFile(BytesIO(data))
        told = file.metadata
        if sum(told.row_group(i).total_byte_size for i in range(told.num_row_groups)) > limit:
            raise too_large(limit)
        schema = file.schema_arrow
        writers = {
            name: _written(pa.types, kind) for name, kind in zip(schema.names, schema.types, strict=True)
        }
        unfit = [
            f"{quote(name)} ({schema.field(name).type})" for name, write in writers.items() if write is None
        ]
        if unfit:
            message = f"column{'s' * (len(unfit) > 1)} {', '.join(unfit)}: neither text nor exact numbers"
            raise UnfitFileError(message, "write integers, decimals or text")
        text = bytearray(_lines([schema.names]), "utf-8")
        for batch in file.iter_batches(ROWS, use_threads=False):
            columns = [
                ["" if cell is None else write(cell) for cell in column.to_pylist()]
                for column, write in zip(batch.columns, writers.values(), strict=True)
                if write is not None
            ]
            text += _lines(zip(*columns, strict=True)).encode()
            if len(text) > limit:
                raise too_large(limit)
    except UnfitFileError:
        raise
    except (pa.ArrowException, OSError, ValueError):  # ValueError: names that are given twice
        raise UnfitFileError("this is no Parquet file, or a part of one") from None
    return text


def _written(types: Any, kind: Any) -> Callable[[Any], str] | None:
    """How a value of that type is written in a cell; None where it cannot be, digit for digit."""
    if types.is_dictionary(kind):
        return _written(types, kind.value_type)
    if types.is_string(kind) or types.is_large_string(kind) or types.is_integer(kind) or types.is_null(kind):
        return str
    if types.is_decimal(kind):
        return _digits
    return _moment if types.is_timestamp(kind) or types.is_date(kind) else None


def _digits(number: Decimal) -> str:
    return show(number)


def _moment(when: date) -> str:
    return when.isoformat()


def _lines(rows: Any) -> str:
    """Rows as CSV."""
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
