"""Small steps on record batches that every source takes."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from app.core.facts import SCHEMAS, Facts


def as_facts(kind: str, columns: Mapping[str, pa.Array]) -> Facts:
    """A batch of facts from named columns; a field that is not named is null.

    Columns that the kind has not are left out. There must be one that it has.
    """
    schema = SCHEMAS[kind]
    count = len(next(columns[name] for name in schema.names if name in columns))
    arrays = [
        columns[field.name] if field.name in columns else pa.nulls(count, field.type)
        for field in schema
    ]
    return Facts(kind, pa.RecordBatch.from_arrays(arrays, names=schema.names))


def fact_rows(kind: str, rows: Sequence[tuple[Any, ...]]) -> Facts:
    """A batch of facts from a few rows in schema order."""
    schema = SCHEMAS[kind]
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return Facts(kind, pa.RecordBatch.from_arrays(arrays, schema=schema))


def last_of(kind: str) -> Facts:
    """The promise that a kind's facts have all come."""
    return Facts(kind, fact_rows(kind, []).batch, last=True)


def constant_text(text: str, count: int) -> pa.DictionaryArray:
    """The same text `count` times, kept once."""
    return pa.DictionaryArray.from_arrays(
        pa.repeat(pa.scalar(0, pa.int32()), count), pa.array([text], pa.string())
    )


def filtered(columns: Mapping[str, pa.Array], mask: pa.Array) -> dict[str, pa.Array]:
    """The rows for which a mask is true."""
    return {name: column.filter(mask) for name, column in columns.items()}


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
                text is not None and text.encode() != stored
                for text, stored in zip(texts, raw, strict=True)
            )
            name = batch.schema.names[position]
            batch = batch.set_column(position, name, pa.array(texts, pa.string()))
    return batch, repaired
