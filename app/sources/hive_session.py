"""Sessions with HiveServer2: the only importer of PyHive.

A session says SET ROLE ADMIN when it begins and again after every reconnection. All
statements here only read, so each may be repeated when a connection is lost.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from pyhive import exc, hive
from TCLIService import ttypes

from app.core.errors import SourceError
from app.sources.hive_address import HiveAddress
from app.sources.thrift_transport import LOST, close, why_lost

_Found = TypeVar("_Found")

_ROWS = 10_000  # a fetch; a server may give fewer

#: The pauses between attempts when connections are lost, in seconds.
PAUSES = (0.5, 2.0)


class StatementError(Exception):
    """HiveServer2 answered a statement with an error; the text is its message, on one line."""


class HiveSession:
    """One session; opened when first used, and again when its connection was lost.

    as_admin: whether SET ROLE ADMIN is said when it begins; a refusal is remembered in
    `admin_refused`, whose text says why, and is no error.
    """

    def __init__(self, address: HiveAddress) -> None:
        self._address = address
        self._connection: Any = None
        self._settings: tuple[str, ...] = ()
        self.as_admin = False
        self.admin_refused = ""

    def rows(self, statement: str, at_once: int = _ROWS) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows, none for one that has no result.

        at_once: so many are sent together. Raises StatementError, and SourceError when the
        server stays unreachable.
        """
        return self._tried(lambda: self._execute(statement, at_once))[0]

    def named_rows(self, statement: str) -> list[dict[str, Any]]:
        """The same, each row by its columns' names in lower case."""
        names, rows = self.table(statement)
        return [dict(zip(names, row, strict=True)) for row in rows]

    def table(self, statement: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """The names of a result's columns, in lower case, and its rows."""
        rows, names = self._tried(lambda: self._execute(statement))
        return names, rows

    def table_types(self) -> list[tuple[str, str, str]]:
        """Database, name and type of every table and view, in one call of TCLIService.

        Types are Hive's own or TABLE, VIEW, MATERIALIZED_VIEW, as the server is set up.
        """
        return self._tried(self._get_tables)

    def become_admin(self) -> None:
        """Say SET ROLE ADMIN now and after each reconnection."""
        self.as_admin = True
        self._tried(self._set_role)

    def begin_with(self, settings: tuple[str, ...]) -> None:
        """Say these statements when it begins, now if it has begun; a refusal is no error."""
        self._settings = settings
        if self._connection is not None:
            self._tried(self._say_settings)

    def close(self) -> None:
        """End the session, whatever state it is in."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(exc.Error, *LOST):
                connection.close()
            close(connection._transport)

    def _tried(self, ask: Callable[[], _Found]) -> _Found:
        problem: BaseException | None = None
        for pause in (*PAUSES, None):
            try:
                if self._connection is None:
                    self._connect()
                return ask()
            except exc.Error as refused:
                message = _message_of(refused)
                if "SessionHandle" not in message:
                    raise StatementError(message) from None
                problem = OSError(message)  # the server has forgotten the session
            except LOST as lost:
                problem = lost
            self._drop()
            if pause is not None:
                time.sleep(pause)
        raise SourceError(
            f"HiveServer2 at {self._address.address.label} cannot be read: "
            f"{why_lost(problem or EOFError())}",
            mend="Check that it runs and its port, and that auth=, transport= and tls= in the "
            "address are what the server is set to",
        )

    def _connect(self) -> None:
        transport = self._address.new_transport()
        query = self._address.address.query
        try:
            self._connection = hive.Connection(
                thrift_transport=transport,
                username=self._address.address.user or "anonymous",
                database=query.get("database", "default").replace("`", "``"),
            )
        except exc.Error as refused:
            raise SourceError(
                f"HiveServer2 at {self._address.address.label} lets nobody in: "
                f"{_message_of(refused)}",
                mend="The user needs a database to start in: add ?database=NAME",
            ) from None
        except AssertionError as refused:
            raise OSError(str(refused)) from None
        finally:
            if self._connection is None:
                close(transport)
        if self.as_admin:
            self._set_role()
        self._say_settings()

    def _say_settings(self) -> None:
        for statement in self._settings:
            with suppress(exc.Error):
                self._execute(statement)

    def _set_role(self) -> None:
        try:
            self._execute("SET ROLE ADMIN")
        except exc.Error as refused:
            self.admin_refused = _message_of(refused)
        else:
            self.admin_refused = ""

    def _execute(
        self, statement: str, at_once: int = _ROWS
    ) -> tuple[list[tuple[Any, ...]], list[str]]:
        cursor = self._connection.cursor(arraysize=at_once)
        try:
            cursor.execute(statement)
            described = cursor.description
            if not described:
                return [], []
            return cursor.fetchall(), [column[0].lower().rpartition(".")[2] for column in described]
        finally:
            with suppress(exc.Error, *LOST):
                cursor.close()

    def _get_tables(self) -> list[tuple[str, str, str]]:
        client, handle = self._connection.client, self._connection.sessionHandle
        request = ttypes.TGetTablesReq(sessionHandle=handle, schemaName="%", tableName="%")
        answer = client.GetTables(request)
        _check(answer)
        found: list[tuple[str, str, str]] = []
        try:
            while batch := self._fetched(client, answer.operationHandle):
                found += batch
        finally:
            with suppress(exc.Error, *LOST):
                client.CloseOperation(ttypes.TCloseOperationReq(answer.operationHandle))
        return found

    @staticmethod
    def _fetched(client: Any, operation: Any) -> list[tuple[str, str, str]]:
        answer = client.FetchResults(
            ttypes.TFetchResultsReq(
                operationHandle=operation,
                orientation=ttypes.TFetchOrientation.FETCH_NEXT,
                maxRows=_ROWS,
            )
        )
        _check(answer)
        texts = [column.stringVal.values for column in answer.results.columns[1:4]]
        return list(zip(*texts, strict=True))

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            close(connection._transport)


def _check(answer: Any) -> None:
    if answer.status.statusCode not in (
        ttypes.TStatusCode.SUCCESS_STATUS,
        ttypes.TStatusCode.SUCCESS_WITH_INFO_STATUS,
    ):
        raise exc.OperationalError(answer)


def _message_of(refused: BaseException) -> str:
    answer = refused.args[0] if refused.args else ""
    status = getattr(answer, "status", None)
    text = getattr(status, "errorMessage", None) or str(answer) or type(refused).__name__
    return " ".join(str(text).split())[:400]
