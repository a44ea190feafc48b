"""The sign of change of a metastore in PostgreSQL.

Sources: PostgreSQL's documentation of `txid_current_snapshot` (9.24), of
`pg_stat_user_tables` (27.2) and of `hashtext`, which every version has.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from app.sources.database_signs import WATCHED, DatabaseSigns

#: Opens a cursor whose statements are transactions of their own.
OpenCursor = Callable[[], AbstractContextManager[Any]]

_COLUMNS = """
SELECT c.relname::text, a.attname::text
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND pg_catalog.pg_table_is_visible(c.oid)
  AND has_column_privilege(c.oid, a.attnum, 'SELECT')
ORDER BY c.relname, a.attnum
"""
# The running transactions too: one that was open at the last look and has ended moves it.
_GATE = (
    "SELECT txid_current_snapshot()::text || pg_postmaster_start_time()::text "
    "|| pg_is_in_recovery()::text"
)
_COUNTERS = """
SELECT s.relname::text, s.n_tup_ins, s.n_tup_upd, s.n_tup_del, c.reltuples::bigint
FROM pg_catalog.pg_stat_user_tables s JOIN pg_catalog.pg_class c ON c.oid = s.relid
WHERE pg_catalog.pg_table_is_visible(s.relid)
"""
_SETTINGS = "SELECT current_setting('track_counts'), pg_is_in_recovery()"

_COUNTED_LATE = (
    "On tables of more than 2,000,000 rows, rows deleted or changed in place are seen by the "
    "server's own counters, which may lag 10 s (and before PostgreSQL 15 until the changing "
    "session does something else)"
)
_NOT_COUNTED = (
    "On tables of more than 2,000,000 rows, rows deleted or changed in place: the server does "
    "not count changes (track_counts is off, or it is a standby)"
)
_DETAILS = (
    "Changes of columns, properties and partitions that add no row, where the server's "
    "counters lag or are off"
)


@contextmanager
def postgresql_signs(open_cursor: OpenCursor) -> Iterator[DatabaseSigns]:
    """The look at a metastore in PostgreSQL."""
    with open_cursor() as cursor:
        look = PostgresqlLook(cursor)
        yield DatabaseSigns(look, (look.deep_misses, _DETAILS))


class PostgresqlLook:
    """Asks PostgreSQL; implements DatabaseLook. Reading takes no transaction id."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor
        self._columns: dict[str, list[str]] = {}
        for table, column in self._rows(_COLUMNS):
            if table in WATCHED:
                self._columns.setdefault(table, []).append(column)
        self.tables = tuple(table for table in WATCHED if table in self._columns)
        counted, standby = self._rows(_SETTINGS)[0]
        self.deep_misses = _COUNTED_LATE if counted == "on" and not standby else _NOT_COUNTED
        self._heights = self._heights_statement()
        self._estimates: dict[str, int] = {}

    def gate(self) -> Hashable | None:
        """The server's transaction horizon: it moves with every write in the cluster."""
        return str(self._rows(_GATE)[0][0])

    def heights(self) -> Mapping[str, Hashable]:
        """The highest ids, each from the end of a primary key."""
        return {str(table): height for table, height in self._rows(self._heights)}

    def counters(self) -> Mapping[str, Hashable]:
        """Rows inserted, updated and deleted since the statistics were last reset."""
        found: dict[str, Hashable] = {}
        for table, *counts, estimate in self._rows(_COUNTERS):
            if table in self._columns:
                found[table] = tuple(counts)
                self._estimates[table] = max(0, estimate)
        return found

    def rows(self) -> Mapping[str, int]:
        """The planner's estimates, as of the last look at the counters."""
        return self._estimates

    def digest(self, table: str) -> Hashable:
        """How many rows, and the sum of their hashes."""
        columns = ", ".join(_quoted(name) for name in self._columns[table])
        statement = (
            f"SELECT count(*), coalesce(sum(hashtext(ROW({columns})::text)::bigint), 0)::text "
            f"FROM {_quoted(table)}"
        )
        return tuple(self._rows(statement)[0])

    def _heights_statement(self) -> str:
        parts = []
        for table in self.tables:
            column = WATCHED[table][1]
            if column in self._columns[table]:
                height = f"(SELECT max({_quoted(column)}) FROM {_quoted(table)})"
                parts.append(f"SELECT '{table}' AS of_table, {height}::bigint AS height")
        return " UNION ALL ".join(parts) or "SELECT NULL::text, NULL::bigint WHERE FALSE"

    def _rows(self, statement: str) -> list[tuple[Any, ...]]:
        self._cursor.execute(statement)
        return list(self._cursor.fetchall())


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
