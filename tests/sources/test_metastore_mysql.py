"""What only MySQL and MariaDB have: hidden tables, engines, latin1."""

from typing import Any

import pytest

from app.core.errors import SourceError
from app.sources.registry import open_source
from tests.mariadb_server import MariadbServer
from tests.sources.crawling import crawl
from tests.sources.small_lake import into_mariadb, small_lake


def run(server: MariadbServer, *statements: str) -> None:
    """Run statements as the superuser."""
    connection: Any = server.connect()
    with connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.fixture
def database(mariadb: MariadbServer) -> str:
    """A database with the small lake."""
    name = mariadb.create_database()
    into_mariadb(mariadb, name, small_lake())
    return name


def test_only_what_may_be_read(mariadb: MariadbServer, database: str) -> None:
    user = f"u_{database}"
    tables = [table for table in small_lake() if table not in ("COLUMNS_V2", "DC_PRIVS")]
    run(
        mariadb,
        f"CREATE USER {user}@'%' IDENTIFIED BY 'p@ss/word'",
        *(f"GRANT SELECT ON {database}.{table} TO {user}@'%'" for table in tables),
    )
    address = f"metastore+mysql://{user}:p%40ss%2Fword@127.0.0.1:{mariadb.port}/{database}"
    found = crawl(address)
    hidden = "or this user may not see it"
    assert f"lake : there is no table COLUMNS_V2, {hidden}" in found.gaps()
    assert f"lake : there is no table DC_PRIVS, {hidden}" in found.gaps()
    run(mariadb, f"REVOKE SELECT ON {database}.TBL_PRIVS FROM {user}@'%'")
    with pytest.raises(SourceError, match="no table TBL_PRIVS, or this user may not see it"):
        crawl(address)


def test_an_engine_without_transactions_is_a_gap(mariadb: MariadbServer, database: str) -> None:
    run(mariadb, f"ALTER TABLE {database}.TBL_PRIVS ENGINE = MyISAM")
    gaps = crawl(f"metastore+{mariadb.url(database)}").gaps()
    assert any("TBL_PRIVS: its engine MyISAM shows no consistent view" in gap for gap in gaps)


def test_a_wrong_password_is_never_shown(mariadb: MariadbServer) -> None:
    source = open_source(f"metastore+mysql://nobody:hunter2@127.0.0.1:{mariadb.port}/hive")
    assert "hunter2" not in source.label
    with pytest.raises(SourceError, match="Access denied for user 'nobody'") as raised:
        list(source.crawl())
    assert "hunter2" not in repr(raised.value)
    assert raised.value.__cause__ is None


def test_no_server_and_no_database(mariadb: MariadbServer) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        crawl("metastore+mysql://somebody@127.0.0.1:1/hive")
    with pytest.raises(SourceError, match="Unknown database"):
        crawl(f"metastore+{mariadb.url('nowhere')}")
    with pytest.raises(SourceError, match="names no database"):
        open_source("metastore+mysql://somebody@127.0.0.1:1/")


def test_the_connection_ends_during_the_crawl(mariadb: MariadbServer, database: str) -> None:
    facts = iter(open_source(f"metastore+{mariadb.url(database)}").crawl())
    next(facts)
    connection: Any = mariadb.connect()
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT id FROM information_schema.processlist WHERE db = %s", (database,))
        for (number,) in cursor.fetchall():
            cursor.execute(f"KILL {number}")
    with pytest.raises(SourceError, match="cannot be read"):
        list(facts)


def test_a_crawl_that_is_given_up_ends_quietly(mariadb: MariadbServer, database: str) -> None:
    facts = iter(open_source(f"metastore+{mariadb.url(database)}").crawl())
    next(facts)
    facts.close()  # type: ignore[attr-defined]


def test_one_view_of_a_lake_that_changes(mariadb: MariadbServer, database: str) -> None:
    facts = iter(open_source(f"metastore+{mariadb.url(database)}").crawl())
    first = next(facts)
    run(mariadb, f"DELETE FROM {database}.TBL_PRIVS")
    kinds = [first.kind, *(batch.kind for batch in facts if batch.batch.num_rows)]
    assert kinds.count("grants") == 7
