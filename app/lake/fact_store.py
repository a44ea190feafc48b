"""Keeps a crawl's facts in memory until they are made into a snapshot.

Strings that repeat (principals, privileges, column names and types) are kept once a
batch, so ten million grants take some hundred megabytes and not gigabytes.
"""

from collections import defaultdict

import pyarrow as pa

from app.core.facts import SCHEMAS, Facts

_REPEATING = {
    "columns": ("name", "type"),
    "table_properties": ("key",),
    "grants": (
        "level",
        "column",
        "partition",
        "connector",
        "principal_type",
        "principal",
        "privilege",
        "grantor",
        "grantor_type",
        "authorizer",
    ),
}
_DICTIONARY = pa.dictionary(pa.int32(), pa.string())


class FactStore:
    """All facts of one crawl, by kind."""

    def __init__(self) -> None:
        self._batches: dict[str, list[pa.RecordBatch]] = defaultdict(list)

    def add(self, facts: Facts) -> None:
        """Keep a batch. Raises ValueError when it is not of its kind's schema."""
        if not facts.batch.schema.equals(SCHEMAS[facts.kind]):
            raise ValueError(f"a batch of {facts.kind} has the schema {facts.batch.schema}")
        if facts.batch.num_rows:
            self._batches[facts.kind].append(_compact(facts.kind, facts.batch))

    def take(self, kind: str) -> pa.Table:
        """The rows of a kind; the store gives them up.

        Repeating strings are dictionaries (int32 → string), other columns as in SCHEMAS.
        """
        return pa.Table.from_batches(self._batches.pop(kind, []), _compact_schema(kind))


def _compact_schema(kind: str) -> pa.Schema:
    repeating = _REPEATING.get(kind, ())
    return pa.schema(
        [
            pa.field(field.name, _DICTIONARY) if field.name in repeating else field
            for field in SCHEMAS[kind]
        ]
    )


def _compact(kind: str, batch: pa.RecordBatch) -> pa.RecordBatch:
    repeating = _REPEATING.get(kind, ())
    if not repeating:
        return batch
    columns = [
        batch.column(field.name).dictionary_encode()
        if field.name in repeating
        else batch.column(field.name)
        for field in batch.schema
    ]
    return pa.RecordBatch.from_arrays(columns, schema=_compact_schema(kind))
