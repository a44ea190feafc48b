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
_NO_STRINGS = pa.array([], pa.string())


class FactStore:
    """All facts of one crawl, by kind."""

    def __init__(self) -> None:
        self._batches: dict[str, list[pa.RecordBatch]] = defaultdict(list)
        self._complete: set[str] = set()

    def add(self, facts: Facts) -> None:
        """Keep a batch.

        Raises ValueError when it is not of its kind's schema, or its kind was complete.
        """
        if facts.kind in self._complete:
            raise ValueError(f"more {facts.kind} came after the last of them")
        wanted = SCHEMAS[facts.kind]
        if [_plain(field) for field in facts.batch.schema] != list(wanted):
            raise ValueError(f"a batch of {facts.kind} has the schema {facts.batch.schema}")
        if facts.batch.num_rows:
            self._batches[facts.kind].append(_compact(facts.kind, facts.batch))
        if facts.last:
            self._complete.add(facts.kind)

    def is_complete(self, *kinds: str) -> bool:
        """Has the last of all these kinds come?"""
        return self._complete.issuperset(kinds)

    def take(self, kind: str) -> pa.Table:
        """The rows of a kind; the store gives them up.

        Repeating strings are dictionaries (int32 → string), other columns as in SCHEMAS.
        """
        return pa.Table.from_batches(self._batches.pop(kind, []), _compact_schema(kind))


def _plain(field: pa.Field) -> pa.Field:
    is_encoded = field.type == _DICTIONARY
    return field.with_type(pa.string()) if is_encoded else field


def _compact_schema(kind: str) -> pa.Schema:
    repeating = _REPEATING.get(kind, ())
    return pa.schema(
        [
            pa.field(field.name, _DICTIONARY) if field.name in repeating else field
            for field in SCHEMAS[kind]
        ]
    )


def _compact(kind: str, batch: pa.RecordBatch) -> pa.RecordBatch:
    schema = _compact_schema(kind)
    columns = [_stored(batch.column(field.name), field.type) for field in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _stored(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if column.type == kind:
        return column
    if kind != _DICTIONARY:
        return column.dictionary_decode()
    if column.null_count == len(column):
        return pa.DictionaryArray.from_arrays(pa.nulls(len(column), pa.int32()), _NO_STRINGS)
    return column.dictionary_encode()
