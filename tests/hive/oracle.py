"""Hive itself as the oracle: asks a running HiveServer2 what a user may do.

EXPLAIN runs the whole authorization check and touches nothing. An `Oracle` keeps one
connection per user and asks under the roles he has by default. It must be made after the
last change of memberships: a session holds the roles it began with.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from pyhive.exc import Error, OperationalError
from thrift.transport.TTransport import TTransportException

from tests.hive.hive_server import ADMIN, HiveServer
from tests.hive.lake_tables import LakeTable, quote

BATCH = 20
"""How many tables one statement asks about in SQL-standard mode."""

_DENIED = re.compile(
    r"Permission denied|No privilege '|Unsupported privilege type"
    r"|Null privilege obtained|Boolean field stored in .* had illegal value"
    r"|Failed to retrieve roles|MRoleMap\.getRole\(\)|getCurrentRoles\(\)\" is null"
)
_LOST_METASTORE = re.compile(r"Unable to instantiate \S*SessionHiveMetaStoreClient")
_DENIED_OBJECTS = re.compile(
    r"\[[\w, ]+\] on Object \[type=TABLE_OR_VIEW, name=(.+?)(?:, action=\w+)?\](?=[,\]])"
)


_StatementOf = Callable[[list[LakeTable]], str]


class OracleError(RuntimeError):
    """Hive neither allowed nor denied: the question itself went wrong."""


class Oracle:
    """Asks one Hive server; answers are Hive's, never this code's."""

    def __init__(self, server: HiveServer) -> None:
        self._server = server
        self._connections: dict[str, Any] = {}

    def close(self) -> None:
        """Close every connection."""
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()

    def leave(self, user: str) -> None:
        """Close the user's connection; he is asked over a new one next time."""
        connection = self._connections.pop(user, None)
        if connection is not None:
            with suppress(Error, TTransportException, OSError):
                connection.close()

    def selectable(self, user: str, tables: Iterable[LakeTable]) -> frozenset[LakeTable]:
        """The tables of which the user may read everything (SELECT *)."""
        return self._allowed(user, list(tables), select_statement)

    def can_be_asked(self, table: LakeTable) -> bool:
        """Whether Hive gets as far as asking who may read it: not so a view on what is gone."""
        try:
            self._may(ADMIN, select_statement([table]))
        except OracleError:
            return False
        return True

    def insertable(self, user: str, tables: Iterable[LakeTable]) -> frozenset[LakeTable]:
        """The tables into which the user may insert; views are never among them."""
        possible = [table for table in tables if table.takes_inserts]
        return self._allowed(user, possible, insert_statement)

    def readable_columns(self, user: str, table: LakeTable) -> frozenset[str]:
        """The columns the user may read by some statement.

        Hive checks no grant for a partition key that is read beside a plain column, so each
        key is asked about alone and beside every plain column.
        """
        plain = {column for column in table.columns if self._reads(user, table, [column])}
        keys = {
            key
            for key in table.partition_keys
            if self._reads(user, table, [key])
            or any(self._reads(user, table, [column, key]) for column in table.columns)
        }
        return frozenset(plain | keys)

    def may_alter(self, user: str, table: LakeTable) -> bool:
        """Whether the user may change the table's properties, or a legacy view's name.

        In legacy mode everybody may change the properties of every view.
        """
        kind = "VIEW" if table.is_view else "TABLE"
        change = "SET TBLPROPERTIES ('asked'='yes')"
        if table.is_view and self._server.mode == "legacy":
            change = f"RENAME TO {quote(table.database)}.`asked_view`"
        return self._may(user, f"ALTER {kind} {table.quoted} {change}")

    def may_drop(self, user: str, table: LakeTable) -> bool:
        """Whether the user may drop the table or view."""
        kinds = {"VIRTUAL_VIEW": "VIEW", "MATERIALIZED_VIEW": "MATERIALIZED VIEW"}
        return self._may(user, f"DROP {kinds.get(table.kind, 'TABLE')} {table.quoted}")

    def may_create(self, user: str, database: str) -> bool:
        """Whether the user may make a table in the database.

        In legacy mode the session's current database is judged beside the named one, so
        the user goes there first, which nobody is denied.
        """
        self._cursor(user).execute(f"USE {quote(database)}")
        try:
            return self._may(user, f"CREATE TABLE {quote(database)}.`asked_table` (a int)")
        finally:
            self._cursor(user).execute("USE `default`")

    def may_update(self, user: str, table: LakeTable) -> bool:
        """Whether some UPDATE passes; the table must be transactional.

        What it sets need not be read, so each column is tried.
        """
        names = [quote(name) for name in table.columns]
        pairs = zip(names, [*names[1:], names[0]], strict=True)
        return any(
            self._may(user, f"UPDATE {table.quoted} SET {name} = NULL WHERE {other} IS NULL")
            for name, other in pairs
        )

    def may_delete(self, user: str, table: LakeTable) -> bool:
        """Whether some DELETE ... WHERE passes; the table must be transactional."""
        return any(
            self._may(user, f"DELETE FROM {table.quoted} WHERE {quote(name)} IS NULL")
            for name in table.columns
        )

    def _reads(self, user: str, table: LakeTable, columns: list[str]) -> bool:
        return self._may(user, f"SELECT {', '.join(map(quote, columns))} FROM {table.quoted}")

    def _allowed(
        self, user: str, tables: list[LakeTable], statement: _StatementOf
    ) -> frozenset[LakeTable]:
        if self._server.mode == "legacy":
            return frozenset(table for table in tables if self._may(user, statement([table])))
        batches = [tables[start : start + BATCH] for start in range(0, len(tables), BATCH)]
        return frozenset(
            table for batch in batches for table in self._allowed_of(user, batch, statement)
        )

    def _allowed_of(
        self, user: str, tables: list[LakeTable], statement: _StatementOf
    ) -> list[LakeTable]:
        """SQL-standard names every denied table in one refusal, unless something is damaged."""
        refusal = self._refusal(user, statement(tables))
        if refusal is None:
            return tables
        denied = set(_DENIED_OBJECTS.findall(refusal))
        if "Permission denied" in refusal and denied:
            return [table for table in tables if table.full_name not in denied]
        if len(tables) == 1:
            return []
        middle = len(tables) // 2
        return self._allowed_of(user, tables[:middle], statement) + self._allowed_of(
            user, tables[middle:], statement
        )

    def _may(self, user: str, statement: str) -> bool:
        return self._refusal(user, statement) is None

    def _refusal(self, user: str, statement: str) -> str | None:
        """What Hive denied with, or None when it allowed. Raises OracleError.

        A busy machine's Hive sometimes has no connection to its metastore left: that is no
        answer, and it is asked again.
        """
        for pause in (2, 10, 30, None):
            try:
                self._cursor(user).execute(f"EXPLAIN {statement}")
            except OperationalError as error:
                message = _message(error)
                if _DENIED.search(message):
                    return message
                if pause is None or not _LOST_METASTORE.search(message):
                    raise OracleError(f"{user}: {statement}: {message}") from error
                self.leave(user)
                time.sleep(pause)
            else:
                break
        return None

    def _cursor(self, user: str) -> Any:
        if user not in self._connections:
            self._connections[user] = self._server.connect(user)
        return self._connections[user].cursor()


@contextmanager
def oracle(server: HiveServer) -> Iterator[Oracle]:
    """An oracle which is closed at the end."""
    asked = Oracle(server)
    try:
        yield asked
    finally:
        asked.close()


def ask(server: HiveServer, user: str, right: str, tables: Iterable[LakeTable]) -> set[str]:
    """`db.table` of those on which Hive allows the user `select` or `insert`, over one session."""
    with oracle(server) as asked:
        answer = {"select": asked.selectable, "insert": asked.insertable}[right]
        return {table.full_name for table in answer(user, tables)}


def run(server: HiveServer, user: str, statements: Iterable[str]) -> list[tuple[str, str]]:
    """Run statements in one session of the user; return those that failed, and why."""
    failed: list[tuple[str, str]] = []
    with server.connect(user) as connection:
        for statement in statements:
            try:
                connection.cursor().execute(statement)
            except OperationalError as error:
                failed.append((statement, _message(error)))
    return failed


def select_statement(tables: list[LakeTable]) -> str:
    """One SELECT that reads every column of every table."""
    if len(tables) == 1:
        return f"SELECT * FROM {tables[0].quoted}"
    return " UNION ALL ".join(f"SELECT 1 FROM {table.quoted}" for table in tables)


def insert_statement(tables: list[LakeTable]) -> str:
    """One statement that inserts into every table, partitions chosen by the rows."""
    inserts = " ".join(_insert(table) for table in tables)
    return f"FROM (SELECT '1' AS one) source {inserts}"


def _insert(table: LakeTable) -> str:
    keys = ", ".join(map(quote, table.partition_keys))
    values = ", ".join(["NULL"] * len(table.columns) + ["one"] * len(table.partition_keys))
    return f"INSERT INTO {table.quoted}{f' PARTITION ({keys})' if keys else ''} SELECT {values}"


def _message(error: OperationalError) -> str:
    status = getattr(error.args[0], "status", None)
    return re.sub(r"\s+", " ", str(getattr(status, "errorMessage", None) or error))
