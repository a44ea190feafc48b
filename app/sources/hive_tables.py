"""Tables through HiveServer2: a database at once, single ones where that fails."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from app.core.errors import SourceError
from app.core.facts import Progress
from app.core.names import DEFAULT_CATALOG
from app.sources.hive_objects import HiveTable, LakeFacts, TableKey
from app.sources.hive_session import HiveSession, StatementError
from app.sources.hive_sessions import HiveSessions
from app.sources.hive_text import (
    UnreadableTextError,
    described,
    literal,
    quoted,
    tables_extended,
)

#: What TCLIService calls a kind → what Hive does; a plain TABLE is managed or external.
_KINDS = {"VIEW": "VIRTUAL_VIEW"}

_DOUBT = "Its owner, location and columns, and the classes they assign"


class TableReader:
    """Reads tables; what cannot be read becomes a gap, with the table still there."""

    def __init__(self, sessions: HiveSessions, lake: LakeFacts, progress: Progress) -> None:
        self._sessions = sessions
        self._lake = lake
        self._progress = progress
        self._kinds: dict[tuple[str, str], str] = {}
        self._wildcard = ""
        self._read: dict[str, list[HiveTable]] = {}  # what finding the wildcard read already

    @property
    def names(self) -> list[tuple[str, str]]:
        """Database and name of every table that was listed."""
        return sorted(self._kinds)

    def read(self, databases: list[str]) -> list[HiveTable]:
        """All tables of some databases. Raises SourceError where none can be listed."""
        self._kinds = self._listed(databases)
        wanted: dict[str, set[str]] = {name: set() for name in databases}
        for database, name in self._kinds:
            wanted.setdefault(database, set()).add(name)
        ordered = sorted(name for name, tables in wanted.items() if tables)
        self._wildcard = self._find_wildcard(ordered, wanted)
        found: list[HiveTable] = []
        for database, tables in self._sessions.each(ordered, self._of_database):
            found += [table for table in tables if table.name in wanted[database]]
            self._progress("tables", len(found), len(self._kinds))
        there = {table.key for table in found}
        left = sorted(
            (DEFAULT_CATALOG, database, name)
            for database, name in self._kinds
            if (DEFAULT_CATALOG, database, name) not in there
        )
        return [self._with_kind(table) for table in (*found, *self._singly(left, "tables left"))]

    def late(self, keys: list[TableKey]) -> list[HiveTable]:
        """Tables that were not listed and hold grants all the same."""
        return list(self._singly(keys, "tables that came late"))

    def described(
        self, tables: list[HiveTable], needed: Callable[[HiveTable], bool]
    ) -> list[HiveTable]:
        """The tables, those that need it described by DESCRIBE FORMATTED."""
        wanted = [table for table in tables if needed(table)]
        better: dict[TableKey, HiveTable] = {}
        for done, (table, answer) in enumerate(self._sessions.each(wanted, describe_table)):
            if isinstance(answer, str):
                self._lake.gap(
                    "table",
                    table.shown,
                    f"it cannot be described: {answer}",
                    "What it is made from, its properties and the classes they assign",
                )
            else:
                better[table.key] = answer
            self._progress("descriptions", done + 1, len(wanted))
        return [better.get(table.key, table) for table in tables]

    def _listed(self, databases: list[str]) -> dict[tuple[str, str], str]:
        try:
            types = self._sessions.first.table_types()
            return {(database, name): kind for database, name, kind in types}
        except StatementError:
            found = {}
            for database, names in self._sessions.each(databases, _show_tables):
                if isinstance(names, str):
                    raise SourceError(
                        f"HiveServer2 cannot be judged, it does not list its tables: {names}",
                        mend="Let the user run SHOW TABLES, or read the metastore",
                    ) from None
                found.update({(database, name): "" for name in names})
            return found

    def _find_wildcard(self, ordered: list[str], wanted: dict[str, set[str]]) -> str:
        """What this version takes for "all": the wrong one finds nothing, without an error."""
        for database in ordered:
            for wildcard in ("%", "*"):
                try:
                    found = _extended(self._sessions.first, database, wildcard)
                except (StatementError, UnreadableTextError):
                    continue
                if wanted[database] <= {table.name for table in found}:
                    self._read[database] = found
                    return wildcard
        return "%"

    def _of_database(self, session: HiveSession, database: str) -> list[HiveTable]:
        if database in self._read:
            return self._read[database]
        try:
            return _extended(session, database, self._wildcard)
        except (StatementError, UnreadableTextError):
            return []  # each of its tables is asked about by itself

    def _singly(self, keys: list[TableKey], what: str) -> Iterable[HiveTable]:
        for done, (key, answer) in enumerate(self._sessions.each(keys, _single)):
            if isinstance(answer, str):
                bare = HiveTable(*key, kind="")
                self._lake.gap("table", bare.shown, f"it cannot be read: {answer}", _DOUBT)
                yield bare
            elif answer is not None:
                yield answer
            elif (key[1], key[2]) not in self._kinds:
                self._lake.gap(
                    "table",
                    HiveTable(*key, kind="").shown,
                    "grants name it and HiveServer2 does not list it to this user",
                    "Who can reach it",
                )
            self._progress(what, done + 1, len(keys))

    def _with_kind(self, table: HiveTable) -> HiveTable:
        kind = self._kinds.get((table.database, table.name), "")
        return replace(table, kind=_KINDS.get(kind, kind)) if kind else table


def _extended(session: HiveSession, database: str, pattern: str) -> list[HiveTable]:
    statement = f"SHOW TABLE EXTENDED IN {quoted(database)} LIKE {literal(pattern)}"
    return list(tables_extended(database, (str(row[0]) for row in session.rows(statement))))


def _single(session: HiveSession, key: TableKey) -> HiveTable | str | None:
    """One table; None where it has gone, a text where it cannot be read."""
    _, database, name = key
    problem = "SHOW TABLE EXTENDED and DESCRIBE FORMATTED say nothing of it"
    try:
        for table in _extended(session, database, name):
            if table.name == name:
                return table
    except (StatementError, UnreadableTextError) as refused:
        problem = str(refused)
    names = _show_tables(session, database)
    if not isinstance(names, str) and name not in names:
        return None
    answer = describe_table(session, HiveTable(*key, kind=""))
    return problem if isinstance(answer, str) else answer


def describe_table(session: HiveSession, table: HiveTable) -> HiveTable | str:
    """What DESCRIBE FORMATTED says of a table, over what was known of it; or why it says none."""
    name = f"{quoted(table.database)}.{quoted(table.name)}"
    try:
        return described(table, session.rows(f"DESCRIBE FORMATTED {name}"))
    except (StatementError, UnreadableTextError) as problem:
        return str(problem)


def _show_tables(session: HiveSession, database: str) -> list[str] | str:
    """The names of a database's tables and views, or why there are none to be had."""
    found: set[str] = set()
    try:
        found.update(str(row[0]) for row in session.rows(f"SHOW TABLES IN {quoted(database)}"))
    except StatementError as problem:
        return str(problem)
    for what in ("VIEWS", "MATERIALIZED VIEWS"):  # in Hive 2 and 3 these stand apart, or are none
        try:
            rows = session.rows(f"SHOW {what} IN {quoted(database)}")
        except StatementError:
            continue
        found.update(str(row[0]) for row in rows)
    return sorted(found)
