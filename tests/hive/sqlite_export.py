"""Copies a metastore's tables out of PostgreSQL into SQLite, names and rows as they are.

Types become SQLite's; booleans become 0 and 1. Keys that refer to other tables are left
out, so that damaged metastores can be copied too. A `Dump` is the same as SQL text, which
is how recordings are kept.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

EXPORTED_TABLES = (
    "CDS",
    "COLUMNS_V2",
    "CTLGS",
    "DATABASE_PARAMS",
    "DATACONNECTORS",
    "DBS",
    "DB_PRIVS",
    "DC_PRIVS",
    "GLOBAL_PRIVS",
    "MV_CREATION_METADATA",
    "MV_TABLES_USED",
    "NOTIFICATION_LOG",
    "NOTIFICATION_SEQUENCE",
    "PARTITIONS",
    "PARTITION_KEYS",
    "PARTITION_KEY_VALS",
    "PART_COL_PRIVS",
    "PART_PRIVS",
    "ROLES",
    "ROLE_MAP",
    "SDS",
    "SERDES",
    "TABLE_PARAMS",
    "TBLS",
    "TBL_COL_PRIVS",
    "TBL_PRIVS",
    "VERSION",
)

_TYPES = {"bigint": "INTEGER", "integer": "INTEGER", "smallint": "INTEGER", "boolean": "INTEGER"}
_COLUMNS = """
SELECT c.column_name, c.data_type, c.is_nullable = 'YES',
  COALESCE(c.column_name IN (
    SELECT k.column_name FROM information_schema.table_constraints t
    JOIN information_schema.key_column_usage k USING (constraint_schema, constraint_name)
    WHERE t.constraint_type = 'PRIMARY KEY' AND t.table_name = c.table_name), FALSE)
FROM information_schema.columns c
WHERE c.table_schema = current_schema AND c.table_name = %s
ORDER BY c.ordinal_position
"""


def export_to_sqlite(metastore_url: str, path: Path) -> None:
    """Make the SQLite file `path` (it must not exist) out of a PostgreSQL metastore."""
    with sqlite3.connect(path) as target:
        target.executescript(metastore_as_sql(metastore_url))
    target.close()


def metastore_as_sql(metastore_url: str, replaced: Mapping[str, str] | None = None) -> str:
    """The SQL text that makes the metastore in SQLite, one row a line, in the keys' order.

    `replaced` exchanges pieces of text in the rows, such as the folder of a warehouse.
    """
    with psycopg.connect(metastore_url) as source:
        source.read_only = True
        source.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        lines = [line for table in EXPORTED_TABLES for line in _table_as_sql(source, table)]
    text = "\n".join(["BEGIN;", *lines, "COMMIT;", ""])
    for old, new in (replaced or {}).items():
        text = text.replace(old, new)
    return text


def sqlite_from_sql(dump: Path, path: Path) -> None:
    """Make the SQLite file `path` out of a recording's SQL text."""
    with sqlite3.connect(path) as target:
        target.executescript(dump.read_text(encoding="utf-8"))
    target.close()


def _table_as_sql(source: psycopg.Connection[Any], table: str) -> Iterator[str]:
    columns = source.execute(_COLUMNS, (table,)).fetchall()
    if not columns:
        raise RuntimeError(f"the metastore has no table {table}")
    keys = [name for name, _, _, is_key in columns if is_key]
    parts = [
        f"{_name(name)} {_TYPES.get(kind, 'TEXT')}{'' if nullable else ' NOT NULL'}"
        for name, kind, nullable, _ in columns
    ]
    if keys:
        parts.append(f"PRIMARY KEY ({', '.join(map(_name, keys))})")
    yield f"CREATE TABLE {_name(table)} ({', '.join(parts)});"
    names = [str(name) for name, *_ in columns]
    query = sql.SQL("SELECT {} FROM {} ORDER BY {}").format(
        sql.SQL(", ").join(map(sql.Identifier, names)),
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, keys or names)),
    )
    for row in source.execute(query):
        yield f"INSERT INTO {_name(table)} VALUES ({', '.join(map(_literal, row))});"


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int):
        return str(value)
    if isinstance(value, bytes):
        return f"X'{value.hex()}'"
    return "'" + str(value).replace("'", "''") + "'"
