"""Sessions with HiveServer2: the only importer of PyHive.

A session says SET ROLE ADMIN when it begins and again after every reconnection. All
statements here only read, so each may be repeated when a connection is lost.
"""

import queue
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from pyhive import exc, hive
from TCLIService import ttypes

from app.core.errors import SourceError
from app.sources.source_url import SourceUrl, parse_source_url
from app.sources.thrift_transport import (
    LOST,
    TLS_OPTIONS,
    Endpoint,
    buffered,
    close,
    endpoint,
    sasl,
    why_lost,
)

_Item = TypeVar("_Item")
_Found = TypeVar("_Found")

OPTIONS = (
    *TLS_OPTIONS,
    *("auth", "transport", "http_path", "database", "kerberos_service_name"),
    *("connections", "details"),
)
AUTHENTICATIONS = ("NONE", "LDAP", "CUSTOM", "KERBEROS", "NOSASL")
_DEFAULT_PORT = 10000
_DEFAULT_CONNECTIONS = 4
_ROWS = 10_000  # a fetch; a server may give fewer

#: The pauses between attempts when connections are lost, in seconds.
PAUSES = (0.5, 2.0)


class StatementError(Exception):
    """HiveServer2 answered a statement with an error; the text is its message, on one line."""


class HiveAddress:
    """A `hive://` address, understood.

    Raises SourceError for options that mean nothing or do not go together.
    """

    def __init__(self, url: str) -> None:
        address = parse_source_url(url, OPTIONS)
        self.address: SourceUrl = address
        self.endpoint: Endpoint = endpoint(address, _DEFAULT_PORT)
        self.authentication = address.query.get("auth", "NONE").upper()
        self.transport = address.query.get("transport", "binary").lower()
        self.details = address.query.get("details", "views").lower()
        self.connections = _connections(address)
        if self.authentication not in AUTHENTICATIONS:
            known = ", ".join(AUTHENTICATIONS)
            raise SourceError(
                f"auth={self.authentication} is not known", mend=f"Choose one of {known}"
            )
        if self.transport not in ("binary", "http"):
            raise SourceError(
                f"transport={self.transport} is not known", mend="Write binary or http"
            )
        if self.details not in ("views", "all"):
            raise SourceError(f"details={self.details} is not known", mend="Write views or all")
        needs_password = self.authentication in ("LDAP", "CUSTOM")
        if needs_password != bool(address.password) and self.authentication != "NONE":
            need = "needs" if needs_password else "takes no"
            raise SourceError(
                f"auth={self.authentication} {need} user:password in the source address",
                mend="Write hive://user:${env:PASSWORD}@host:10000/?auth=LDAP",
            )

    @property
    def proves_a_name(self) -> bool:
        """Whether HiveServer2 asks this door to prove who it is."""
        return self.authentication in ("LDAP", "CUSTOM", "KERBEROS")

    def new_transport(self) -> Any:
        """A transport for one connection. Raises SourceError where a library is missing."""
        query, user = self.address.query, self.address.user or "anonymous"
        if self.transport == "http":
            client = self.endpoint.http(query.get("http_path", "cliservice"))
            client.setCustomHeaders(self._http_headers(user))
            return client
        socket = self.endpoint.socket()
        if self.authentication == "NOSASL":
            return buffered(socket)
        if self.authentication == "KERBEROS":
            service = query.get("kerberos_service_name", "hive")
            return sasl(socket, "GSSAPI", service=service)
        password = self.address.password or "x"  # NONE wants one, and believes any
        return sasl(socket, "PLAIN", username=user, password=password)

    def _http_headers(self, user: str) -> dict[str, str]:
        from base64 import b64encode

        if self.authentication == "KERBEROS":
            raise SourceError(
                "Kerberos over HTTP is not spoken here",
                mend="Use transport=binary with auth=KERBEROS, or LDAP over HTTP with tls=true",
            )
        credentials = f"{user}:{self.address.password or 'x'}".encode()
        return {"Authorization": f"Basic {b64encode(credentials).decode('ascii')}"}


def _connections(address: SourceUrl) -> int:
    said = address.query.get("connections", str(_DEFAULT_CONNECTIONS))
    if not said.isdigit() or not 1 <= int(said) <= 64:
        raise SourceError(f"connections={said} is no number from 1 to 64", mend="Give 4 or so")
    return int(said)


class HiveSession:
    """One session; opened when first used, and again when its connection was lost.

    as_admin: whether SET ROLE ADMIN is said when it begins; a refusal is remembered in
    `admin_refused`, whose text says why, and is no error.
    """

    def __init__(self, address: HiveAddress) -> None:
        self._address = address
        self._connection: Any = None
        self.as_admin = False
        self.admin_refused = ""

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows, none for one that has no result.

        Raises StatementError, and SourceError when the server stays unreachable.
        """
        return self._tried(lambda: self._execute(statement))[0]

    def named_rows(self, statement: str) -> list[dict[str, Any]]:
        """The same, each row by its columns' names in lower case."""
        rows, names = self._tried(lambda: self._execute(statement))
        return [dict(zip(names, row, strict=True)) for row in rows]

    def table_types(self) -> list[tuple[str, str, str]]:
        """Database, name and type of every table and view, in one call of TCLIService.

        Types are Hive's own or TABLE, VIEW, MATERIALIZED_VIEW, as the server is set up.
        """
        return self._tried(self._get_tables)

    def become_admin(self) -> None:
        """Say SET ROLE ADMIN now and after each reconnection."""
        self.as_admin = True
        self._tried(self._set_role)

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

    def _set_role(self) -> None:
        try:
            self._execute("SET ROLE ADMIN")
        except exc.Error as refused:
            self.admin_refused = _message_of(refused)
        else:
            self.admin_refused = ""

    def _execute(self, statement: str) -> tuple[list[tuple[Any, ...]], list[str]]:
        cursor = self._connection.cursor(arraysize=_ROWS)
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


class HiveSessions:
    """A bounded number of sessions, lent to threads."""

    def __init__(self, address: HiveAddress) -> None:
        self.first = HiveSession(address)
        self._all = [self.first]
        self._all += [HiveSession(address) for _ in range(address.connections - 1)]
        self._free: queue.Queue[HiveSession] = queue.Queue()
        for session in self._all:
            self._free.put(session)

    @contextmanager
    def opened(self) -> Iterator["HiveSessions"]:
        """Close all of them at the end."""
        try:
            yield self
        finally:
            for session in self._all:
                session.close()

    def as_admin(self) -> None:
        """Have those that are still to be opened say SET ROLE ADMIN too."""
        for session in self._all:
            session.as_admin = True

    def each(
        self, items: list[_Item], ask: Callable[[HiveSession, _Item], _Found]
    ) -> Iterator[tuple[_Item, _Found]]:
        """Ask about every item, some at a time, and yield the answers in their order."""
        if len(items) == 1 or len(self._all) == 1:
            for item in items:
                yield item, ask(self.first, item)
            return

        def lent(item: _Item) -> _Found:
            session = self._free.get()
            try:
                return ask(session, item)
            finally:
                self._free.put(session)

        with ThreadPoolExecutor(len(self._all)) as threads:
            asked = [(item, threads.submit(lent, item)) for item in items]
            try:
                for item, answer in asked:
                    yield item, answer.result()
            finally:
                for _, answer in asked:
                    answer.cancel()
