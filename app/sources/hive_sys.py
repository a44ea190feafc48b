"""Reads the metastore's own tables through HiveServer2, where it shows them as `sys`.

A statement or two for each of a score of tables, whatever the size of the lake, and all that
the metastore's database says: grants of every level with their rows, properties, sources of
views.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.core.facts import Progress
from app.core.names import DEFAULT_CATALOG
from app.sources import sys_tables
from app.sources.hive_objects import HiveTable
from app.sources.hive_session import HiveSession, StatementError
from app.sources.hive_sessions import HiveSessions
from app.sources.hive_text import UnreadableTextError, described, quoted
from app.sources.metastore_schema import ESSENTIAL
from app.sources.sys_copy import Columns, Dangling, SysCopy

#: How often a copy is taken while what belongs to nothing differs.
ATTEMPTS = 4

_NEEDED = frozenset(table for read in ESSENTIAL for table in read.tables.values())
_LATER = "PARTITIONS"  # may be very long, and few tables' partitions carry rights
_LONGEST_LIST = 1_000  # ids in one condition; beyond it the whole table is read
_OF_VIEWS = ("MV_CREATION_METADATA", "MV_TABLES_USED")  # of materialized ones
_LONG = frozenset({"COLUMNS_V2", "TBL_PRIVS", "TABLE_PARAMS", "SDS"})
_DESCRIBED = frozenset({"TBLS", "DBS", "TABLE_PARAMS"})
_DEFINITIONS = """
SELECT t."TBL_NAME", p."PARAM_KEY", p."PARAM_VALUE" FROM "DBS" d
JOIN "TBLS" t ON t."DB_ID" = d."DB_ID" JOIN "TABLE_PARAMS" p ON p."TBL_ID" = t."TBL_ID"
WHERE d."NAME" = ?
"""


class NoSysError(Exception):
    """`sys` cannot be read in place of statements; the text says why."""


@dataclass(frozen=True, slots=True)
class _Refused:
    """Why a table of `sys` was not read."""

    why: str


class SysReader:
    """Copies the tables of a `sys`, and makes sure that each is what it is called.

    Three are described by Hive itself; they say how all others are defined.
    """

    def __init__(self, sessions: HiveSessions, database: str, progress: Progress) -> None:
        self._sessions = sessions
        self._database = database
        self._progress = progress
        self._columns: dict[str, tuple[str, ...]] = {}  # of the tables that were read, all of them
        self._forbidden: set[str] = set()

    def copy_into(self, copy: SysCopy) -> Dangling:
        """Copy all that a crawl reads; return what changed on the way and was not caught up.

        Raises NoSysError, and SourceError when the server stays unreachable.
        """
        there = self._listed()
        before: Dangling | None = None
        for _ in range(ATTEMPTS):
            self._read_all(copy, there)
            found = copy.dangling()
            if not found or found == before:
                return frozenset()
            before, found = found, found - (before or frozenset())
        return found

    def _listed(self) -> frozenset[str]:
        try:
            rows = self._sessions.first.rows(f"SHOW TABLES IN {quoted(self._database)}")
        except StatementError as problem:
            raise NoSysError(str(problem)) from None
        names = {str(row[0]).lower() for row in rows}
        found = {table for table in sys_tables.COLUMNS if sys_tables.hive_name(table) in names}
        missing = _NEEDED - found
        if missing:
            raise NoSysError(f"{self._database} has no {', '.join(sorted(missing))}")
        return frozenset(found)

    def _read_all(self, copy: SysCopy, there: frozenset[str]) -> None:
        self._keep(copy, "TBLS", self._table(self._sessions.first, "TBLS"))
        rest = there - {"TBLS", _LATER}
        if not copy.run("""SELECT 1 FROM "TBLS" WHERE "TBL_TYPE" = 'MATERIALIZED_VIEW' LIMIT 1"""):
            rest -= set(_OF_VIEWS)
            for table in _OF_VIEWS:
                copy.put(table, dict.fromkeys(sys_tables.COLUMNS[table], ()))
        # The longest first, so that no session is left with it alone.
        ordered = sorted(rest, key=lambda table: (table not in _LONG, table))
        for done, (table, answer) in enumerate(self._sessions.each(ordered, self._table)):
            self._keep(copy, table, answer)
            self._progress("tables of sys", done + 1, len(ordered))
        self._keep(copy, _LATER, self._partitions(copy))
        self._check_definitions(copy)
        copy.forbid(frozenset(self._forbidden))

    def _keep(self, copy: SysCopy, table: str, answer: Columns | _Refused) -> None:
        if not isinstance(answer, _Refused):
            copy.put(table, answer)
        elif table in _NEEDED:
            raise NoSysError(answer.why)
        else:
            self._forbidden.add(table)

    def _table(self, session: HiveSession, table: str, only: str = "") -> Columns | _Refused:
        shown = f"{self._database}.{sys_tables.hive_name(table)}"
        try:
            if table in _DESCRIBED and table not in self._columns:
                self._columns[table] = self._described(session, table)
            wanted = self._columns.get(table, ())
            names, rows = session.table(sys_tables.select(self._database, table, wanted, only))
        except (StatementError, UnreadableTextError) as problem:
            return _Refused(f"{shown}: {problem}")
        self._columns.setdefault(table, tuple(names))
        found = _by_column([name.upper() for name in names], rows)
        return {name: found[name] for name in sys_tables.COLUMNS[table] if name in found}

    def _described(self, session: HiveSession, table: str) -> tuple[str, ...]:
        """The columns to read of a table that Hive says to be the metastore's."""
        name = sys_tables.hive_name(table)
        rows = session.rows(f"DESCRIBE FORMATTED {quoted(self._database)}.{quoted(name)}")
        found = described(HiveTable(DEFAULT_CATALOG, self._database, name, kind=""), rows)
        names = [column for column, _ in found.columns]
        self._check(table, names, found.properties)
        return tuple(sorted({column.upper() for column in names} & sys_tables.COLUMNS[table]))

    def _check_definitions(self, copy: SysCopy) -> None:
        """The other tables, by what those three say of them."""
        found: dict[str, dict[str, str]] = {}
        for name, key, value in copy.run(_DEFINITIONS, self._database.lower()):
            known = found.setdefault(name, {})
            if known.setdefault(key, value) != value:
                raise NoSysError(f"several databases are called {self._database}")
        for table in self._columns.keys() - _DESCRIBED:
            properties = found.get(sys_tables.hive_name(table), {})
            self._check(table, self._columns[table], properties)

    def _check(self, table: str, names: Sequence[str], properties: Mapping[str, str]) -> None:
        if not sys_tables.is_mirror(table, names, properties):
            shown = f"{self._database}.{sys_tables.hive_name(table)}"
            raise NoSysError(f"{shown} is not the metastore's table {table}")

    def _partitions(self, copy: SysCopy) -> Columns | _Refused:
        """The partitions that carry rights, or whose tables say that theirs do."""
        tables = _numbers(
            copy,
            """SELECT DISTINCT "TBL_ID" FROM "TABLE_PARAMS" """
            """WHERE "PARAM_KEY" = 'PARTITION_LEVEL_PRIVILEGE'""",
            "TABLE_PARAMS",
        )
        parts = _numbers(copy, 'SELECT DISTINCT "PART_ID" FROM "PART_PRIVS"', "PART_PRIVS")
        parts += _numbers(copy, 'SELECT DISTINCT "PART_ID" FROM "PART_COL_PRIVS"', "PART_COL_PRIVS")
        if not tables and not parts:
            return dict.fromkeys(sys_tables.COLUMNS[_LATER], ())
        conditions = [
            f"`{name}` IN ({', '.join(map(str, ids))})"
            for name, ids in (("tbl_id", tables), ("part_id", parts))
            if ids
        ]
        whole = max(len(tables), len(parts)) > _LONGEST_LIST
        return self._table(self._sessions.first, _LATER, "" if whole else " OR ".join(conditions))


def _numbers(copy: SysCopy, statement: str, table: str) -> list[int]:
    if not copy.has(table):
        return []
    return sorted(number for (number,) in copy.run(statement) if isinstance(number, int))


def _by_column(columns: Sequence[str], rows: Sequence[tuple[object, ...]]) -> Columns:
    values = list(zip(*rows, strict=True)) or [()] * len(columns)
    return dict(zip(columns, values, strict=True))
