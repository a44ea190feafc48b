"""The demonstration lake inside a real Hive's metastore: made for SQLite, loaded into PostgreSQL.

A `DemonstrationServer` gives Hive a metastore that holds it already when Hive starts, so
that Hive's own numbering of new rows begins above the lake's.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tests.hive.postgres_server import PostgresServer

# Parents before those that refer to them, as the foreign keys of Hive's schema have it.
_TABLES = (
    *("CTLGS", "DBS", "DATABASE_PARAMS", "CDS", "COLUMNS_V2", "SERDES", "SDS", "TBLS"),
    *("TABLE_PARAMS", "PARTITION_KEYS", "PARTITIONS", "ROLES", "ROLE_MAP", "GLOBAL_PRIVS"),
    *("DB_PRIVS", "TBL_PRIVS", "TBL_COL_PRIVS", "PART_PRIVS", "PART_COL_PRIVS"),
    *("MV_CREATION_METADATA", "MV_TABLES_USED"),
)
_MODEL = "org.apache.hadoop.hive.metastore.model."
# What Hive numbers through SEQUENCE_TABLE: its class, the table and the number's column.
_NUMBERED = (
    *(("MDatabase", "DBS", "DB_ID"), ("MTable", "TBLS", "TBL_ID"), ("MRole", "ROLES", "ROLE_ID")),
    *(("MStorageDescriptor", "SDS", "SD_ID"), ("MColumnDescriptor", "CDS", "CD_ID")),
    *(("MSerDeInfo", "SERDES", "SERDE_ID"), ("MPartition", "PARTITIONS", "PART_ID")),
    *(("MRoleMap", "ROLE_MAP", "ROLE_GRANT_ID"), ("MCatalog", "CTLGS", "CTLG_ID")),
    ("MGlobalPrivilege", "GLOBAL_PRIVS", "USER_GRANT_ID"),
    ("MDBPrivilege", "DB_PRIVS", "DB_GRANT_ID"),
    ("MTablePrivilege", "TBL_PRIVS", "TBL_GRANT_ID"),
    ("MTableColumnPrivilege", "TBL_COL_PRIVS", "TBL_COLUMN_GRANT_ID"),
    ("MPartitionPrivilege", "PART_PRIVS", "PART_GRANT_ID"),
    ("MCreationMetadata", "MV_CREATION_METADATA", "MV_CREATION_METADATA_ID"),
)


@dataclass(frozen=True)
class DemonstrationServer(PostgresServer):
    """A PostgreSQL whose new metastores hold the lake of a SQLite file."""

    lake: Path

    def create_metastore(self) -> str:
        """Make a metastore's database, load the lake and return the database's name."""
        name = super().create_metastore()
        load_metastore(self.lake, self.url(name))
        return name


def load_metastore(lake: Path, metastore_url: str) -> None:
    """Copy the rows of a SQLite metastore into an empty one of Hive's own schema."""
    with closing(sqlite3.connect(lake)) as source, psycopg.connect(metastore_url) as target:
        for table in reversed(_TABLES):  # a new metastore has a catalog of its own
            target.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
        for table in _TABLES:
            _copy(source, target, table)
        for model, table, column in _NUMBERED:
            target.execute(
                sql.SQL(
                    'INSERT INTO "SEQUENCE_TABLE" '
                    "SELECT {}, coalesce(max({}), 0) + 1 FROM {} "
                    'ON CONFLICT ("SEQUENCE_NAME") DO UPDATE SET "NEXT_VAL" = excluded."NEXT_VAL"'
                ).format(_MODEL + model, sql.Identifier(column), sql.Identifier(table))
            )
    with psycopg.connect(metastore_url, autocommit=True) as target:
        target.execute("VACUUM ANALYZE")


def _copy(source: sqlite3.Connection, target: psycopg.Connection[Any], table: str) -> None:
    rows = source.execute(f'SELECT * FROM "{table}"')
    names = [name for name, *_ in rows.description]
    typed = target.execute(
        "SELECT column_name, data_type FROM information_schema.columns "
        "WHERE table_schema = current_schema AND table_name = %s",
        (table,),
    ).fetchall()
    kinds = {str(name): str(kind) for name, kind in typed}
    known = [name for name in names if name in kinds]
    flags = [kinds.get(name) == "boolean" for name in known]
    places = [names.index(name) for name in known]
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, known))
    )
    with target.cursor() as cursor, cursor.copy(statement) as copy:
        for row in _values(rows, places, flags):
            copy.write_row(row)


def _values(
    rows: sqlite3.Cursor, places: list[int], flags: list[bool]
) -> Iterator[tuple[object, ...]]:
    for row in rows:
        yield tuple(
            bool(row[place]) if flag and row[place] is not None else row[place]
            for place, flag in zip(places, flags, strict=True)
        )
