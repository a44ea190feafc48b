"""Calls to a metastore over Thrift, taken up again after a lost connection.

The only importer of pymetastore's bindings. All calls here only read, so each may be
repeated. What a version of the metastore lacks is felt for: a call it does not know
raises MissingCallError, whatever it says of its version.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from pymetastore.hive_metastore import ThriftHiveMetastore, ttypes
from thrift.protocol.TBinaryProtocol import TBinaryProtocolAccelerated
from thrift.Thrift import TApplicationException, TException, TType
from thrift.transport.TTransport import TTransportException

from app.core.errors import SourceError
from app.sources.thrift_transport import LOST, why_lost

_Item = TypeVar("_Item")
_Found = TypeVar("_Found")

#: How often a call is tried when connections are lost, and the pauses between, in seconds.
PAUSES = (0.5, 2.0)

_REMOTE = 2  # DatabaseType.REMOTE of Hive 4


class MissingCallError(Exception):
    """The metastore does not know a call."""


class RefusedError(Exception):
    """The metastore answered a call with an error of its own; the text is its message."""


class AbsentError(RefusedError):
    """What was asked about is not there."""


def _teach_what_hive_4_added() -> None:
    """Let the bindings, which are of Hive 3, read the kind of a database.

    Source: hive_metastore.thrift of Hive 4: Database has `11: optional DatabaseType type`.
    """
    spec = ttypes.Database.thrift_spec
    if len(spec) == 9:
        new = (
            *spec,
            (9, TType.I32, "createTime", None, None),
            (10, TType.STRING, "managedLocationUri", "UTF8", None),
            (11, TType.I32, "type", None, None),
        )
        ttypes.Database.thrift_spec = new
        ThriftHiveMetastore.get_database_result.thrift_spec[0][3][1] = new


_teach_what_hive_4_added()


class ThriftClient:
    """One metastore, asked over a connection for each thread.

    open_transport: makes a transport that is not open yet, or raises SourceError.
    label: what the metastore is called in messages.
    """

    def __init__(self, open_transport: Callable[[], Any], label: str, connections: int) -> None:
        self._open_transport = open_transport
        self._label = label
        self._connections = connections
        self._busy = 0  # connections that wait for something else beside
        self._local = threading.local()
        self._opened: list[Any] = []

    @contextmanager
    def opened(self) -> Iterator["ThriftClient"]:
        """Close whatever was opened, at the end."""
        try:
            yield self
        finally:
            for transport in self._opened:
                with suppress(*LOST):
                    transport.close()

    def call(self, name: str, *arguments: Any) -> Any:
        """Call and return the answer.

        Raises MissingCallError, AbsentError, RefusedError, and SourceError when the
        metastore stays unreachable.
        """
        problem: BaseException | None = None
        for pause in (*PAUSES, None):
            try:
                return getattr(self._client(), name)(*arguments)
            except TApplicationException as refused:
                if refused.type == TApplicationException.UNKNOWN_METHOD:
                    raise MissingCallError(f"the metastore has no call {name}") from None
                self._drop()
                raise RefusedError(why_lost(refused)) from None
            except TTransportException as lost:
                problem = lost
            except TException as refused:
                kind = AbsentError if _is_absence(refused) else RefusedError
                raise kind(f"{type(refused).__name__}: {why_lost(refused)}") from None
            except LOST as lost:
                problem = lost
            self._drop()
            if pause is not None:
                time.sleep(pause)
        raise SourceError(
            f"The metastore {self._label} cannot be read: {why_lost(problem or EOFError())}",
            mend="Check that it runs, the port, and whether it wants sasl=kerberos, framed=true "
            "or tls=true in the address",
        )

    def each(
        self, items: list[_Item], ask: Callable[[_Item], _Found]
    ) -> Iterator[tuple[_Item, _Found]]:
        """Ask about every item, some at a time, and yield the answers in their order."""
        free = self._connections - self._busy
        if free == 1 or len(items) < 2:
            for item in items:
                yield item, ask(item)
            return
        with ThreadPoolExecutor(free) as threads:
            asked = [(item, threads.submit(ask, item)) for item in items]
            try:
                for item, answer in asked:
                    yield item, answer.result()
            finally:
                for _, answer in asked:
                    answer.cancel()

    @contextmanager
    def beside(self, ask: Callable[[], _Found]) -> Iterator[Callable[[], _Found]]:
        """Begin to ask over one of the connections, and yield what waits for the answer.

        With one connection in all it is asked only then.
        """
        if self._connections == 1:
            yield ask
            return
        thread = ThreadPoolExecutor(1)
        self._busy += 1
        try:
            yield thread.submit(ask).result
        finally:  # left early, nobody waits: `opened` closes the connection under the call
            self._busy -= 1
            thread.shutdown(wait=False, cancel_futures=True)

    def _client(self) -> Any:
        found = getattr(self._local, "client", None)
        if found is None:
            transport = self._open_transport()
            self._opened.append(transport)
            self._local.transport = transport
            transport.open()
            found = ThriftHiveMetastore.Client(TBinaryProtocolAccelerated(transport))
            self._local.client = found
        return found

    def _drop(self) -> None:
        self._local.client = None
        transport = getattr(self._local, "transport", None)
        if transport is not None:
            with suppress(*LOST):
                transport.close()


def _is_absence(refused: TException) -> bool:
    return isinstance(refused, (ttypes.NoSuchObjectException, ttypes.UnknownDBException))


def everything() -> Any:
    """The object reference that means all grants of all principals; a null one is an error."""
    return ttypes.HiveObjectRef()


def members_of(role: str) -> Any:
    """A request for the direct members of a role."""
    return ttypes.GetPrincipalsInRoleRequest(role)


def catalog_request(name: str) -> Any:
    """A request for one catalog."""
    return ttypes.GetCatalogRequest(name)


def tables_request(
    catalog: str | None, database: str, names: list[str], *, capable: bool = True
) -> Any:
    """A request for some tables of a database in full.

    capable: say that insert-only tables are understood, without which one fails its batch;
    a metastore of Hive 2 knows no such capability.
    """
    capabilities = ttypes.ClientCapabilities([ttypes.ClientCapability.INSERT_ONLY_TABLES])
    return ttypes.GetTablesRequest(database, names, capabilities if capable else None, catalog)


def table_request(catalog: str | None, database: str, name: str) -> Any:
    """A request for one table in full."""
    capabilities = ttypes.ClientCapabilities([ttypes.ClientCapability.INSERT_ONLY_TABLES])
    return ttypes.GetTableRequest(database, name, capabilities, catalog)


def principal_type(number: int | None) -> str | None:
    """USER, ROLE or GROUP; a number nobody knows as itself."""
    if number is None:
        return None
    known: dict[int, str] = ttypes.PrincipalType._VALUES_TO_NAMES
    return known.get(number, str(number))


def database_kind(number: int | None) -> str:
    """NATIVE or REMOTE."""
    return "REMOTE" if number == _REMOTE else "NATIVE"
