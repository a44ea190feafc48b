"""Metastores that lack calls, refuse some or lose a table: real Thrift servers on loopback."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from pymetastore.hive_metastore import ThriftHiveMetastore, ttypes
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.transport.TSocket import TServerSocket
from thrift.transport.TTransport import TBufferedTransport, TTransportException

from app.core.errors import SourceError
from tests.sources.crawling import Crawled, crawl

DATABASE = "hr"


class Metastore:
    """A metastore of a few tables, answering what a crawl asks."""

    def __init__(self, listed: tuple[str, ...], gone: str = "", broken: str = "") -> None:
        self.listed = listed
        self.gone = gone  # listed, and dropped before it is read
        self.broken = broken  # makes every answer fail that it is part of

    def get_config_value(self, name: str, default: str) -> str:
        """Nothing is set."""
        return default

    def get_all_databases(self) -> list[str]:
        """One."""
        return [DATABASE]

    def get_database(self, name: str) -> Any:
        """That one."""
        if name != DATABASE:
            raise ttypes.NoSuchObjectException(name)
        return ttypes.Database(name, None, "file:/w", {}, ownerName="etl", ownerType=1)

    def get_table_meta(self, databases: str, tables: str, types: list[str]) -> list[Any]:
        """All that are listed."""
        return [ttypes.TableMeta(DATABASE, name, "MANAGED_TABLE") for name in self.listed]

    def get_tables(self, database: str, pattern: str) -> list[str]:
        """What is there now."""
        return [name for name in self.listed if name == pattern != self.gone]

    def get_table_objects_by_name_req(self, request: Any) -> Any:
        """Those asked for that are there now."""
        if self.broken in request.tblNames:
            raise ttypes.MetaException("its serde cannot be loaded")
        found = [
            ttypes.Table(name, DATABASE, "etl", 7, sd=ttypes.StorageDescriptor([], "file:/w/t"))
            for name in request.tblNames
            if name != self.gone
        ]
        return ttypes.GetTablesResult(found)

    def get_role_names(self) -> list[str]:
        """One."""
        return ["analysts"]

    def get_principals_in_role(self, request: Any) -> Any:
        """Nobody."""
        return ttypes.GetPrincipalsInRoleResponse([])

    def list_privileges(self, name: str, kind: int, on: Any) -> list[Any]:
        """One grant on each table that is listed."""
        granted = ttypes.PrivilegeGrantInfo("SELECT", 7, "etl", 1, False)
        return [
            ttypes.HiveObjectPrivilege(
                ttypes.HiveObjectRef(3, DATABASE, each), "analysts", 2, granted, "SQL"
            )
            for each in self.listed
        ]


def hang_up(client: Any) -> None:
    """End a connection that another thread reads, which then closes it itself."""
    handle = client.handle
    if handle is not None:
        with suppress(OSError):  # closed meanwhile
            handle.shutdown(socket.SHUT_RDWR)


@contextmanager
def served(metastore: Metastore, *missing: str) -> Iterator[str]:
    """The metastore's address; it does not know the calls `missing`, nor catalogs."""
    processor = ThriftHiveMetastore.Processor(metastore)
    for name in (*missing, "get_catalogs"):
        del processor._processMap[name]
    listening = TServerSocket("127.0.0.1", 0)
    listening.listen()
    threads: list[threading.Thread] = []
    clients: list[Any] = []

    def accept() -> None:
        while True:
            try:
                client = listening.accept()
            except OSError:
                return
            clients.append(client)
            threads.append(threading.Thread(target=answer, args=(client,)))
            threads[-1].start()

    def answer(client: Any) -> None:
        protocol = TBinaryProtocol(TBufferedTransport(client))
        try:
            while True:
                processor.process(protocol, protocol)
        except (TTransportException, OSError):
            pass
        finally:
            client.close()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield f"thrift://127.0.0.1:{listening.handle.getsockname()[1]}"
    finally:
        listening.handle.shutdown(socket.SHUT_RDWR)
        accepting.join()
        listening.close()
        for client in clients:
            hang_up(client)
        for thread in threads:
            thread.join()


def crawled(metastore: Metastore, *missing: str) -> Crawled:
    """A crawl of it."""
    with served(metastore, *missing) as url:
        return crawl(url)


def test_a_whole_one() -> None:
    found = crawled(Metastore(("a", "b")))
    assert [row["name"] for row in found.rows("tables")] == ["a", "b"]
    assert len(found.rows("grants")) == 2
    assert found.gaps() == []


@pytest.mark.parametrize("missing", ["list_privileges", "get_role_names", "get_table_meta"])
def test_nothing_is_judged_without_grants_roles_and_tables(missing: str) -> None:
    with pytest.raises(SourceError, match=f"the metastore has no call {missing}"):
        crawled(Metastore(("a",)), missing)


def test_a_table_dropped_in_mid_crawl_is_gone_and_no_gap() -> None:
    found = crawled(Metastore(("a", "b", "c"), gone="b"))
    assert [row["name"] for row in found.rows("tables")] == ["a", "c"]
    assert found.gaps() == []


def test_one_table_that_cannot_be_read_hides_no_other() -> None:
    names = tuple(f"t{number}" for number in range(9))
    found = crawled(Metastore(names, broken="t4"))
    assert sorted(row["name"] for row in found.rows("tables")) == list(names)
    assert [row["owner"] for row in found.rows("tables")].count("etl") == 8
    assert len(found.gaps()) == 1
    assert found.gaps()[0].startswith("table hr.t4: ")
    assert "serde cannot be loaded" in found.gaps()[0]
