"""The sign of change of a metastore in MySQL or MariaDB.

Sources: MySQL's and MariaDB's documentation of `information_schema.TABLES`: `UPDATE_TIME`
of an InnoDB table is when a transaction that changed it last committed, to the second, and
is forgotten at a restart.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from app.sources.database_signs import WATCHED, DatabaseSigns

#: Opens a function that runs one statement, committed at once, and gives its rows as text.
OpenRows = Callable[[], AbstractContextManager[Callable[[str], list[tuple[Any, ...]]]]]

# MySQL 8 would otherwise tell what it knew a day ago; MariaDB has no such setting.
_FRESH = "SET SESSION information_schema_stats_expiry = 0"
_COLUMNS = (
    "SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS "
    "WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, ORDINAL_POSITION"
)
_TIMES = (
    "SELECT TABLE_NAME, UPDATE_TIME, TABLE_ROWS, "
    "UPDATE_TIME >= NOW() - INTERVAL 2 SECOND, NOW(6) "
    "FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()"
)
_MISSES = (
    "On tables of more than 2,000,000 rows, rows deleted or changed in place within the "
    "second of the change noticed before",
    "A change of a table that the server forgets the update time of before the next look "
    "(its cache of open tables is full, or it was started again)",
)


@contextmanager
def mysql_signs(open_rows: OpenRows) -> Iterator[DatabaseSigns]:
    """The look at a metastore in MySQL."""
    with open_rows() as rows:
        yield DatabaseSigns(MysqlLook(rows), _MISSES)


class MysqlLook:
    """Asks MySQL; implements DatabaseLook. `rows` runs a statement and gives texts."""

    def __init__(self, rows: Callable[[str], list[tuple[Any, ...]]]) -> None:
        self._rows = rows
        if rows("SHOW VARIABLES LIKE 'information_schema_stats_expiry'"):
            rows(_FRESH)
        self._columns: dict[str, list[str]] = {}
        for table, column in rows(_COLUMNS):
            if table.upper() in WATCHED:
                self._columns.setdefault(table.upper(), []).append(column)
        self.tables = tuple(table for table in WATCHED if table in self._columns)
        self._times: dict[str, Hashable] = {}
        self._estimates: dict[str, int] = {}

    def gate(self) -> Hashable | None:
        """The update times of all tables; for two seconds after a write always another."""
        self._times.clear()
        unsettled = None
        for table, time, estimate, is_fresh, now in self._rows(_TIMES):
            if table.upper() in self._columns:
                self._times[table.upper()] = time
                self._estimates[table.upper()] = int(estimate or 0)
                unsettled = now if is_fresh == "1" else unsettled
        if not any(self._times.values()):
            return None  # a server that keeps no such times: always look deeper
        return tuple(sorted(self._times.items(), key=repr)), unsettled

    def heights(self) -> Mapping[str, Hashable]:
        """The highest ids, each from the end of a primary key."""
        parts = [
            f'(SELECT MAX("{column}") FROM "{table}") AS "{table}"'
            for table in self.tables
            if (column := WATCHED[table][1]) in self._columns[table]
        ]
        if not parts:
            return {}
        names = [table for table in self.tables if WATCHED[table][1] in self._columns[table]]
        return dict(zip(names, self._rows(f"SELECT {', '.join(parts)}")[0], strict=True))

    def counters(self) -> Mapping[str, Hashable]:
        """MySQL counts no changes; when a table was last changed stands in for it."""
        return self._times

    def rows(self) -> Mapping[str, int]:
        """The server's own estimates."""
        return self._estimates

    def digest(self, table: str) -> Hashable:
        """How many rows, and the sum of their checksums."""
        texts = ", ".join(f"COALESCE(CAST(\"{c}\" AS CHAR), '\\0')" for c in self._columns[table])
        statement = f"SELECT COUNT(*), SUM(CRC32(CONCAT_WS('\\1', {texts}))) FROM \"{table}\""
        return tuple(self._rows(statement)[0])
