"""Small steps on record batches that every source takes."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from app.core.facts import SCHEMAS, Facts


def as_facts(kind: str, columns: Mapping[str, pa.Array], count: int) -> Facts:
    """A batch of facts from named columns; what is not named is null."""
    schema = SCHEMAS[kind]
    arrays = [
        columns[field.name] if field.name in columns else pa.nulls(count, field.type)
        for field in schema
    ]
    return Facts(kind, pa.RecordBatch.from_arrays(arrays, schema=schema))


def fact_rows(kind: str, rows: Sequence[tuple[Any, ...]]) -> Facts:
    """A batch of facts from a few rows in schema order."""
    schema = SCHEMAS[kind]
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return Facts(kind, pa.RecordBatch.from_arrays(arrays, schema=schema))


def by_name(batch: pa.RecordBatch) -> dict[str, pa.Array]:
    """The columns of a batch by name."""
    return dict(zip(batch.schema.names, batch.columns, strict=True))


def with_valid_text(batch: pa.RecordBatch) -> tuple[pa.RecordBatch, int]:
    """A batch whose texts are UTF-8, and how many were not: their bytes are escaped."""
    repaired = 0
    for position, column in enumerate(batch.columns):
        if not pa.types.is_string(column.type):
            continue
        try:
            column.validate(full=True)
        except pa.ArrowInvalid:
            raw = column.cast(pa.binary()).to_pylist()
            texts = [None if b is None else b.decode("utf-8", "backslashreplace") for b in raw]
            repaired += sum(
                t is not None and t.encode() != b for t, b in zip(texts, raw, strict=True)
            )
            batch = batch.set_column(
                position, batch.schema.names[position], pa.array(texts, pa.string())
            )
    return batch, repaired
