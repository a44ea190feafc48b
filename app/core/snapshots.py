"""How a snapshot is laid out: what the audit and the questions read.

A snapshot is a folder of Parquet files, one per table below, plus `manifest.json`.
Row numbers are ordinals: row i of `tables` is table i everywhere else. Every file is
sorted by its SORT_KEYS (nulls first, bytewise), so the same lake gives the same bytes.

`index/` beside them holds the same tables as uncompressed Arrow IPC files (to be memory
mapped, so a question opens none of it whole) and `offsets/…` to find a table's rows.
It is derived, not hashed, and can be rebuilt.
"""

from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

FORMAT_VERSION = 1

_S, _I64, _I32, _I8, _B = pa.string(), pa.int64(), pa.int32(), pa.int8(), pa.bool_()


def _schema(*fields: tuple[str, pa.DataType]) -> pa.Schema:
    return pa.schema([pa.field(name, kind) for name, kind in fields])


LAYOUT: dict[str, pa.Schema] = {
    "catalogs": _schema(("name", _S), ("location", _S)),
    "databases": _schema(
        ("catalog", _S),
        ("name", _S),
        ("owner", _S),
        ("owner_type", _S),
        ("location", _S),
        ("kind", _S),
    ),
    "database_properties": _schema(("database", _I32), ("key", _S), ("value", _S)),
    "tables": _schema(
        ("database", _I32),
        ("name", _S),
        ("kind", _S),
        ("owner", _S),
        ("owner_type", _S),
        ("location", _S),
        ("create_time", _I64),
        ("view_text", _I32),  # row of view_texts, null for what is no view
    ),
    # Distinct view texts; `original` is null where it equals `text`.
    "view_texts": _schema(("text", _S), ("original", _S)),
    # Distinct column names and types, so that rules are tried once per name.
    "column_names": _schema(("name", _S)),
    "column_types": _schema(("type", _S)),
    "columns": _schema(
        ("table", _I32),
        ("position", _I32),
        ("name", _I32),
        ("type", _I32),
        ("partition_key", _B),
    ),
    "table_properties": _schema(("table", _I32), ("key", _S), ("value", _S)),
    "partitions": _schema(("table", _I32), ("name", _S)),
    "view_sources": _schema(("table", _I32), ("source", _I32)),
    "roles": _schema(("name", _S), ("create_time", _I64)),
    # Sorted by member so that one person's roles are found without reading the rest.
    "role_members": _schema(
        ("member_type", _S),
        ("member", _S),
        ("role", _S),
        ("admin_option", _B),
        ("grantor", _S),
        ("grantor_type", _S),
        ("create_time", _I64),
        ("source_row", _I64),
    ),
    # A rule is a distinct (principal, privilege, option, authorizer): what a grant says
    # without where, when and by whom. Millions of grants say few different things.
    "rules": _schema(
        ("principal_type", _S),
        ("principal", _S),
        ("privilege", _S),
        ("grant_option", _B),
        ("authorizer", _S),
    ),
    "grantors": _schema(("grantor", _S), ("grantor_type", _S)),
    "grants": _schema(
        ("level", _I8),  # index into facts.GRANT_LEVELS
        ("object", _I32),  # row of databases or tables; null at global and connector
        ("column", _S),
        ("partition", _S),
        ("connector", _S),
        ("rule", _I32),
        ("grantor", _I32),
        ("create_time", _I64),
        ("source_row", _I64),
        ("repeated", _B),  # the row before says the same of the same object
    ),
    "users": _schema(("name", _S), ("kind", _S), ("active", _B)),
    "groups": _schema(("name", _S)),
    "group_members": _schema(("member_type", _S), ("member", _S), ("group", _S)),
    "lake_settings": _schema(("key", _S), ("value", _S)),
    "gaps": _schema(("scope", _S), ("object", _S), ("reason", _S), ("doubt", _S)),
}

SORT_KEYS: dict[str, tuple[str, ...]] = {
    "tables": ("database", "name"),
    "columns": ("table", "position", "name"),
    "grants": (
        "level",
        "object",
        "column",
        "partition",
        "connector",
        "rule",
        "grantor",
        "create_time",
        "source_row",
    ),
}
"""Tables not named here are sorted by all their columns in schema order."""

#: index/offsets/NAME: an Arrow IPC file of one int64 column `offset` with one row per
#: table (or database) plus one; the rows of table i are offset[i] .. offset[i+1].
OFFSETS = {
    "table_grants": ("grants", "table"),
    "column_grants": ("grants", "column"),
    "partition_grants": ("grants", "partition"),
    "partition_column_grants": ("grants", "partition_column"),
    "database_grants": ("grants", "database"),
    "columns": ("columns", None),
    "table_properties": ("table_properties", None),
}


class Snapshot(Protocol):
    """A whole, immutable snapshot on disk."""

    path: Path
    content_hash: str  # hex sha256 over the files; equal for equal lakes
    manifest: dict[str, Any]  # format, counts per table, source label, file hashes

    def parquet(self, name: str) -> Path:
        """The Parquet file of one table of LAYOUT, for the engine."""
        ...

    def mapped(self, name: str) -> pa.Table:
        """The same rows, memory mapped."""
        ...

    def offsets(self, name: str) -> memoryview:
        """The offsets called `name` in OFFSETS, as a memoryview of int64."""
        ...


def lake_settings(snapshot: Snapshot) -> dict[str, str]:
    """What the lake said of itself when the snapshot was taken."""
    rows = snapshot.mapped("lake_settings")
    return dict(zip(rows["key"].to_pylist(), rows["value"].to_pylist(), strict=True))
