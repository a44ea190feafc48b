"""Exposures as JSON-ready dicts: the one shape that reports and the API publish.

Row numbers of one run's files (`table_ordinal`, `verdict`) mean nothing outside them and
are left out; times become ISO 8601. docs/schemas/audit.schema.json describes every field.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pyarrow as pa

from app.core.exposures import SCHEMA
from app.report.moments import iso_time

Row = dict[str, Any]

_INTERNAL = ("table_ordinal", "verdict")
_TIMES = ("opened_at", "granted_at")

#: The published fields of an exposure, in their order.
FIELDS: tuple[str, ...] = tuple(name for name in SCHEMA.names if name not in _INTERNAL)

#: At most this many rows are held as Python objects at a time.
ROWS_AT_ONCE = 1_000


def exposure_page(batch: pa.RecordBatch) -> list[Row]:
    """The rows of one batch."""
    columns = [_column(name, batch.column(name)) for name in FIELDS]
    return [dict(zip(FIELDS, values, strict=True)) for values in zip(*columns, strict=True)]


def written_rows(
    batches: Iterable[pa.RecordBatch], write: Callable[[Any], str]
) -> Iterator[list[tuple[str, ...]]]:
    """The fields of each row as texts, some hundreds of rows at a time.

    `write` is asked once for each distinct value of a column among them: most columns have
    few, as thousands of tables are exposed in the same way.
    """
    for batch in batches:
        for start in range(0, batch.num_rows, ROWS_AT_ONCE):
            page = batch.slice(start, ROWS_AT_ONCE)
            columns = [_written(_column(name, page.column(name)), write) for name in FIELDS]
            yield list(zip(*columns, strict=True))


def _written(values: list[Any], write: Callable[[Any], str]) -> list[str]:
    if not isinstance(values[0], list):
        texts = {value: write(value) for value in set(values)}
        return [texts[value] for value in values]
    if any(isinstance(each, dict) for value in values for each in value):
        return [write(value) for value in values]
    keys = [tuple(value) for value in values]
    texts = {key: write(list(key)) for key in set(keys)}
    return [texts[key] for key in keys]


def _column(name: str, values: pa.Array) -> list[Any]:
    if pa.types.is_list(values.type):
        return _lists(name, values)
    if pa.types.is_struct(values.type):
        return _structs(values)
    if name in _TIMES:
        return [iso_time(moment) for moment in values.to_pylist()]
    found: list[Any] = values.to_pylist()
    return found


def _lists(name: str, values: pa.ListArray) -> list[list[Any]]:
    # The values of all rows at once, then cut: far fewer objects than row by row.
    # A list that is missing is empty.
    inner = _column(name, values.flatten())
    found, start = [], 0
    for length in values.value_lengths().to_pylist():
        end = start + (length or 0)
        found.append(inner[start:end])
        start = end
    return found


def _structs(values: pa.StructArray) -> list[Row]:
    names = [field.name for field in values.type]
    columns = [_column(name, column) for name, column in zip(names, values.flatten(), strict=True)]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
