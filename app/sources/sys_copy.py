"""A copy of `sys` in memory, read through HiveServer2 and then like any metastore's database.

Its tables come one after the other and not in one view of all. So tables come before what
belongs to them, and a copy in which something belongs to nothing is taken again: what stays
so is how it is stored, what does not has changed on the way.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pyarrow as pa

from app.sources.metastore_connection import Shape
from app.sources.metastore_sqlite import SqliteMetastore, sqlite_connection

Columns = Mapping[str, Sequence[Any]]
Dangling = frozenset[tuple[str, Any]]

# What must belong to something: table and column, and the table and column that it names.
_BELONGS = (
    ("TBLS", "DB_ID", "DBS", "DB_ID"),
    ("TBLS", "SD_ID", "SDS", "SD_ID"),
    ("DB_PRIVS", "DB_ID", "DBS", "DB_ID"),
    ("TBL_PRIVS", "TBL_ID", "TBLS", "TBL_ID"),
    ("TBL_COL_PRIVS", "TBL_ID", "TBLS", "TBL_ID"),
    ("ROLE_MAP", "ROLE_ID", "ROLES", "ROLE_ID"),
)
_WITHOUT_COLUMNS = """
SELECT DISTINCT t."TBL_ID" FROM "TBLS" t JOIN "SDS" s ON s."SD_ID" = t."SD_ID"
WHERE s."CD_ID" IS NOT NULL AND s."CD_ID" NOT IN (SELECT "CD_ID" FROM "COLUMNS_V2")
"""


class SysCopy(SqliteMetastore):
    """Tables of a metastore in memory; implements MetastoreConnection.

    forbidden: tables that are there and may not be read by this user.
    """

    def __init__(self, connection: Any, cursor: Any) -> None:
        super().__init__(cursor)
        self._connection = connection
        self._tables: set[str] = set()
        self._forbidden: frozenset[str] = frozenset()

    def shape(self) -> Shape:
        """Which tables and columns were copied, and which may not be read."""
        return replace(super().shape(), forbidden=self._forbidden)

    def forbid(self, tables: frozenset[str]) -> None:
        """Tables that are there and may not be read."""
        self._forbidden = tables

    def put(self, table: str, columns: Columns) -> None:
        """Take a table's rows, column by column, in place of those it had."""
        if table in self._tables:
            self.run(f'DROP TABLE "{table}"')
        rows = pa.table({name: _typed(values) for name, values in columns.items()})
        with self._connection.cursor() as cursor:
            cursor.adbc_ingest(table, rows, mode="create")
        self._tables.add(table)

    def has(self, table: str) -> bool:
        """Whether a table was copied."""
        return table in self._tables

    def has_column(self, table: str, column: str) -> bool:
        """Whether a table that was copied has a column."""
        return bool(self.run(f"SELECT 1 FROM pragma_table_info('{table}') WHERE name = '{column}'"))

    def run(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a statement of SQLite's."""
        with self._connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return list(cursor.fetchall()) if cursor.description else []

    def dangling(self) -> Dangling:
        """What belongs to nothing, by where it stands."""
        found: set[tuple[str, Any]] = set()
        for table, column, other, key in _BELONGS:
            if self.has(table) and self.has(other):
                rows = self.run(
                    f'SELECT DISTINCT "{column}" FROM "{table}" WHERE "{column}" IS NOT NULL '
                    f'AND "{column}" NOT IN (SELECT "{key}" FROM "{other}")'
                )
                found |= {(f"{table}.{column}", number) for (number,) in rows}
        if self.has("SDS") and self.has("COLUMNS_V2"):
            rows = self.run(_WITHOUT_COLUMNS)
            found |= {("columns of tables", number) for (number,) in rows}
        return frozenset(found)


@contextmanager
def sys_copy() -> Iterator[SysCopy]:
    """An empty copy, gone at the end; nothing of it touches a disk."""
    with sqlite_connection(":memory:") as (connection, cursor):
        yield SysCopy(connection, cursor)


def _typed(values: Sequence[Any]) -> pa.Array:
    """Numbers as they are, all else as text; a column of nothing is one of text."""
    if any(isinstance(value, str) for value in values):
        return pa.array(values, pa.string())
    if any(value is not None for value in values):
        return pa.array(values, pa.int64())
    return pa.nulls(len(values), pa.string())
