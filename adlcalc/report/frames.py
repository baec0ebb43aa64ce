"""Rows as Arrow tables, without loss (extra [frames]).

Public: frame, numbers_array, shown, Digits, PRECISION, SCALE.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from adlcalc.ground.numbers import show
from adlcalc.report.field import JSON, Field, Rows

if TYPE_CHECKING:
    import pyarrow

PRECISION, SCALE = 38, 8
"""Digits of a decimal128, and as many decimals at least, so that tables of several runs have the same
types."""


def frame(rows: Rows, found: Sequence[Mapping[str, Any]]) -> pyarrow.Table:
    """A table with a column for each fact. Its metadata says what the table is, each field's what the fact
    is."""
    import pyarrow as pa

    fields = {field.key: field for field in rows.fields if JSON in field.where and field.inner is None}
    outer = [rows.under] if rows.under and rows.under not in fields and found else []
    arrays, kinds = [], []
    for key in [*outer, *fields]:
        values = [row[key] for row in found]
        field = fields.get(key)
        array = pa.array(values) if field is None else _array(field, values)
        arrays.append(array)
        kinds.append(pa.field(key, array.type, metadata={"note": field.note if field is not None else ""}))
    return pa.Table.from_arrays(arrays, schema=pa.schema(kinds, metadata={"note": rows.note}))


def _array(field: Field, values: list[Any]) -> pyarrow.Array:
    import pyarrow as pa

    if field.is_number:
        return numbers_array(values) if field.kind == "number" else _digits(values)
    if field.of_schema is not None:
        return pa.array([_json(x) for x in values], pa.string())
    if field.kind == "numbers":
        return _maps(values)
    if field.kind == "named":
        kind = pa.list_(pa.struct([("name", pa.string()), ("value", pa.string())]))
        return pa.array([_pairs(x) for x in values], kind)
    simple = {
        "step": pa.int64(),
        "count": pa.int64(),
        "flag": pa.bool_(),
        "texts": pa.list_(pa.string()),
        "steps": pa.list_(pa.int64()),
    }
    return pa.array(values, simple.get(field.kind, pa.string()))


def _digits(values: Sequence[Decimal | None]) -> pyarrow.Array:
    """Numbers as text."""
    import pyarrow as pa

    return pa.array([None if x is None else shown(x) for x in values], pa.string())


def shown(x: Decimal) -> str:
    """Plain digits, or Infinity."""
    return show(x) if x.is_finite() else "Infinity" if x > 0 else "-Infinity"


def numbers_array(values: Sequence[Decimal | None], scale: int | None = None) -> pyarrow.Array:
    """Numbers as decimals of one scale (given, or what they need); as text where 38 digits do not hold all of
    them."""
    import pyarrow as pa

    scale = _scale([x for x in values if x is not None]) if scale is None else scale
    if scale is None:
        return _digits(values)
    return pa.array([None if x is None else _to(x, scale) for x in values], pa.decimal128(PRECISION, scale))


def _to(x: Decimal, scale: int) -> Decimal:
    """The number with so many decimals; it has no more, so no digit is lost."""
    return Decimal(f"{show(x).partition('.')[0]}.{show(x).partition('.')[2].ljust(scale, '0')}")


class Digits:
    """How many digits a column needs, as far as its numbers have been seen."""

    def __init__(self) -> None:
        self._before, self._after, self._are_finite = 0, SCALE, True

    def see(self, x: Decimal) -> None:
        if not x.is_finite():
            self._are_finite = False
            return
        before, _, after = show(x.copy_abs()).partition(".")
        self._before, self._after = max(self._before, len(before)), max(self._after, len(after))

    @property
    def scale(self) -> int | None:
        """The decimals that it needs; None where a decimal128 does not hold it."""
        return self._after if self._are_finite and self._before + self._after <= PRECISION else None


def _scale(values: Iterable[Decimal]) -> int | None:
    digits = Digits()
    for x in values:
        digits.see(x)
    return digits.scale


def _maps(values: Sequence[Mapping[str, Decimal] | None]) -> pyarrow.Array:
    """Maps of numbers as lists of {name, value}."""
    import pyarrow as pa

    flat = [x for one in values if one is not None for x in one.values()]
    scale = _scale(flat)
    kind = pa.string() if scale is None else pa.decimal128(PRECISION, scale)

    def written(x: Decimal) -> Any:
        return shown(x) if scale is None else _to(x, scale)

    made = [None if one is None else [(name, written(x)) for name, x in one.items()] for one in values]
    rows = [None if one is None else [{"name": name, "value": value} for name, value in one] for one in made]
    return pa.array(rows, pa.list_(pa.struct([("name", pa.string()), ("value", kind)])))


def _pairs(value: Mapping[str, str] | None) -> list[dict[str, str]] | None:
    return None if value is None else [{"name": name, "value": text} for name, text in value.items()]


def _json(value: Any) -> str | None:
    """What has a form of its own, as JSON; a text as it is."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, default=shown)
