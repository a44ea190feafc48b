"""Small snapshots written by hand: Python literals in, a folder of Parquet files out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from app.core.snapshots import LAYOUT

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class HandTable:
    """A table or view as a test wants it. `sources` are names like `db.table`."""

    name: str
    columns: Sequence[str] = ()
    partition_keys: Sequence[str] = ()
    kind: str = ""  # MANAGED_TABLE, or VIRTUAL_VIEW where there is a view text
    owner: str | None = "etl"
    location: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    view_text: str | None = None
    original: str | None = None
    sources: Sequence[str] = ()
    create_time: int = 1_700_000_000


@dataclass(frozen=True)
class HandDatabase:
    """A database and its tables."""

    name: str
    tables: Sequence[HandTable] = ()
    catalog: str = "hive"
    owner: str | None = "etl"
    location: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass
class HandSnapshot:
    """A folder with one Parquet file for each table of LAYOUT."""

    path: Path
    tables: Mapping[str, int]  # `db.table` (`catalog.db.table` outside hive) → ordinal
    content_hash: str = "by-hand"
    manifest: dict[str, Any] = field(default_factory=dict)

    def parquet(self, name: str) -> Path:
        """The Parquet file of one table of LAYOUT."""
        return self.path / f"{name}.parquet"

    def mapped(self, name: str) -> pa.Table:
        """The same rows."""
        return pq.read_table(self.parquet(name))

    def offsets(self, name: str) -> memoryview:
        """No snapshot by hand has an index."""
        raise NotImplementedError(name)


def write_rows(folder: Path, rows: Mapping[str, Rows]) -> HandSnapshot:
    """Write the tables of LAYOUT from rows already in order; what is left out is empty."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in LAYOUT.items():
        given = [{key.name: row.get(key.name) for key in schema} for row in rows.get(name, ())]
        pq.write_table(pa.Table.from_pylist(given, schema=schema), folder / f"{name}.parquet")
    return HandSnapshot(folder, {})


def write_lake(
    folder: Path, databases: Sequence[HandDatabase], more: Mapping[str, Rows] | None = None
) -> HandSnapshot:
    """Write databases and tables, with ordinals in the layout's order, and more rows."""
    ordered = sorted(databases, key=lambda one: (one.catalog, one.name))
    placed = [
        (number, database, table)
        for number, database in enumerate(ordered)
        for table in sorted(database.tables, key=lambda one: one.name)
    ]
    ordinals = {
        _qualified(database, table): number for number, (_, database, table) in enumerate(placed)
    }
    texts = sorted(
        {(table.view_text, table.original or "") for _, _, table in placed if table.view_text}
    )
    names = sorted({name for _, _, table in placed for name in _columns(table)})
    rows: dict[str, Rows] = {
        "catalogs": [{"name": name} for name in sorted({one.catalog for one in ordered})],
        "databases": [_database_row(one) for one in ordered],
        "database_properties": [
            {"database": number, "key": key, "value": value}
            for number, one in enumerate(ordered)
            for key, value in sorted(one.properties.items())
        ],
        "tables": [_table_row(number, table, texts) for number, _, table in placed],
        "view_texts": [{"text": text, "original": original or None} for text, original in texts],
        "column_names": [{"name": name} for name in names],
        "column_types": [{"type": "string"}],
        "columns": [
            {
                "table": number,
                "position": position,
                "name": names.index(name),
                "type": 0,
                "partition_key": position >= len(table.columns),
            }
            for number, (_, _, table) in enumerate(placed)
            for position, name in enumerate(_columns(table))
        ],
        "table_properties": [
            {"table": number, "key": key, "value": value}
            for number, (_, _, table) in enumerate(placed)
            for key, value in sorted(table.properties.items())
        ],
        "view_sources": [
            {"table": number, "source": ordinals[source]}
            for number, (_, _, table) in enumerate(placed)
            for source in table.sources
        ],
    }
    written = write_rows(folder, {**rows, **(more or {})})
    return HandSnapshot(written.path, ordinals)


def _qualified(database: HandDatabase, table: HandTable) -> str:
    prefix = "" if database.catalog == "hive" else f"{database.catalog}."
    return f"{prefix}{database.name}.{table.name}"


def _columns(table: HandTable) -> list[str]:
    return [*table.columns, *table.partition_keys]


def _database_row(database: HandDatabase) -> dict[str, Any]:
    return {
        "catalog": database.catalog,
        "name": database.name,
        "owner": database.owner,
        "owner_type": "USER",
        "location": database.location,
        "kind": "NATIVE",
    }


def _table_row(database: int, table: HandTable, texts: list[tuple[str, str]]) -> dict[str, Any]:
    is_view = table.view_text is not None
    return {
        "database": database,
        "name": table.name,
        "kind": table.kind or ("VIRTUAL_VIEW" if is_view else "MANAGED_TABLE"),
        "owner": table.owner,
        "owner_type": "USER",
        "location": table.location,
        "create_time": table.create_time,
        "view_text": (
            texts.index((table.view_text, table.original or "")) if table.view_text else None
        ),
    }
