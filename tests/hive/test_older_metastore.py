"""A real metastore of Hive 3.1.3, filled and read by Thrift: the same facts as its database."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from pymetastore.hive_metastore import ttypes

from app.sources.source_url import parse_source_url
from app.sources.thrift_client import ThriftClient
from app.sources.thrift_transport import buffered, endpoint
from tests.hive.hive_server import MetastoreServer, metastore_server
from tests.hive.older_jars import older_jars
from tests.hive.postgres_server import PostgresServer
from tests.hive.test_doors import KINDS, OF_THE_DATABASE, named, without
from tests.sources.crawling import crawl

pytestmark = pytest.mark.hive

_USER, _ROLE, _GROUP = 1, 2, 3
_INSERT_ONLY = {"transactional": "true", "transactional_properties": "insert_only"}


@contextmanager
def _client(metastore: MetastoreServer) -> Iterator[ThriftClient]:
    there = endpoint(parse_source_url(metastore.url, ()), 9083)
    client = ThriftClient(lambda: buffered(there.socket()), metastore.url, 1)
    with client.opened():
        yield client


def test_hive_3_says_the_same_through_both_doors(hive_postgres: PostgresServer) -> None:
    jars, schema = older_jars()
    database = hive_postgres.cluster.create_database("metastore")
    with psycopg.connect(hive_postgres.url(database)) as connection:
        connection.execute(schema.read_bytes())
    with metastore_server(hive_postgres, "sql-standard", database, jars=jars) as metastore:
        with _client(metastore) as client:
            _fill(client)
        by_thrift = crawl(metastore.url)
        by_database = crawl("metastore+" + hive_postgres.url(database))
    for kind in KINDS:
        expected = without(named(by_database, kind), OF_THE_DATABASE, kind)
        assert without(named(by_thrift, kind), OF_THE_DATABASE, kind) == expected
    assert len(by_thrift.rows("grants")) == 7
    assert by_thrift.gaps() == by_database.gaps() == []
    assert by_database.settings()["metastore_version"] == "3.1.0"


def _fill(client: ThriftClient) -> None:
    owned = ttypes.Database("hr", "", "file:/w/hr.db", {"pii": "yes"}, None, "lead", _ROLE)
    client.call("create_database", owned)
    for table in (
        _table("keys", keys=("day",)),
        _table("outside", "EXTERNAL_TABLE", properties={"EXTERNAL": "TRUE", "pii": "yes"}),
        _table("names", "VIRTUAL_VIEW", text="SELECT id FROM hr.keys"),
        _table("by_day", keys=("day",), properties={"PARTITION_LEVEL_PRIVILEGE": "TRUE"}),
        _table("inserts", properties=_INSERT_ONLY),
    ):
        client.call("create_table", table)
    for role in ("analysts", "lead"):
        client.call("create_role", ttypes.Role(role, 1, "admin"))
    client.call("grant_role", "analysts", "Ann", _USER, "admin", _USER, True)
    client.call("grant_role", "lead", "analysts", _ROLE, "admin", _USER, False)
    client.call("grant_role", "analysts", "public", _ROLE, "admin", _USER, False)
    kinds = ttypes.HiveObjectType
    _grant(client, "public", _ROLE, "SELECT", kinds.TABLE, "hr", "keys")
    _grant(client, "ann", _USER, "INSERT", kinds.TABLE, "hr", "keys")
    _grant(client, "staff", _GROUP, "SELECT", kinds.TABLE, "hr", "names")
    _grant(client, "bob", _USER, "SELECT", kinds.COLUMN, "hr", "keys", "ssn")
    _grant(client, "lead", _ROLE, "SELECT", kinds.DATABASE, "hr")
    _grant(client, "root", _USER, "ALL", kinds.GLOBAL)


def _grant(
    client: ThriftClient,
    who: str,
    kind: int,
    privilege: str,
    level: int,
    database: str | None = None,
    table: str | None = None,
    column: str | None = None,
) -> None:
    on = ttypes.HiveObjectRef(level, database, table, None, column)
    info = ttypes.PrivilegeGrantInfo(privilege, 5, "admin", _USER, True)
    bag = ttypes.PrivilegeBag([ttypes.HiveObjectPrivilege(on, who, kind, info)])
    client.call("grant_privileges", bag)


def _table(
    name: str,
    kind: str = "MANAGED_TABLE",
    *,
    keys: tuple[str, ...] = (),
    properties: dict[str, str] | None = None,
    text: str | None = None,
) -> ttypes.Table:
    columns = [ttypes.FieldSchema("id", "int", ""), ttypes.FieldSchema("ssn", "string", "")]
    serde = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
    storage = ttypes.StorageDescriptor(
        columns,
        f"file:/w/hr.db/{name}",
        "org.apache.hadoop.mapred.TextInputFormat",
        "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        False,
        -1,
        ttypes.SerDeInfo("serde", serde, {}),
        [],
        [],
        {},
    )
    partitions = [ttypes.FieldSchema(key, "string", "") for key in keys]
    return ttypes.Table(
        name, "hr", "ann", 1, 0, 0, storage, partitions, properties or {}, text, text, kind
    )
