"""What only PostgreSQL has: schemas, rights by column, sessions that end."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_ident

import psycopg
import pytest

from app.core.errors import SourceError
from app.core.facts import Facts
from app.sources.registry import open_source
from tests.conftest import FreshDatabase
from tests.postgres_cluster import PostgresCluster
from tests.sources.crawling import Crawled, crawl
from tests.sources.small_lake import ODD_NAMES, into_postgresql, small_lake

PASSWORD = "p@ss:w/rd?#%"


def run(url: str, *statements: str) -> None:
    """Run statements as the superuser."""
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


@contextmanager
def reader(postgres: PostgresCluster, url: str) -> Iterator[str]:
    """A user who may read all tables; yields the source's address as that user."""
    database = url.rpartition("/")[2]
    name = f"reader_{database}"
    run(
        url,
        f"CREATE ROLE \"{name}\" LOGIN PASSWORD '{PASSWORD}'",
        f'GRANT SELECT ON ALL TABLES IN SCHEMA public TO "{name}"',
    )
    try:
        yield "metastore+" + postgres.url(database, name, PASSWORD)
    finally:
        run(url, f'DROP OWNED BY "{name}"', f'DROP ROLE "{name}"')


def test_a_schema_of_its_own(postgres_url: FreshDatabase) -> None:
    url = postgres_url()
    address = into_postgresql(url, small_lake(), schema="Hive Schema")
    assert crawl(address).rows("tables")
    with pytest.raises(SourceError, match=r"Hive Schema may\. Add \?schema=Hive%20Schema"):
        crawl(f"metastore+{url}")
    with pytest.raises(SourceError, match="Hive Schema may"):
        crawl(f"metastore+{url}?schema=nowhere")


def test_an_empty_database(postgres_url: FreshDatabase) -> None:
    with pytest.raises(SourceError, match="holds no Hive metastore"):
        crawl(f"metastore+{postgres_url()}")


def test_only_what_may_be_read(postgres: PostgresCluster, postgres_url: FreshDatabase) -> None:
    url = postgres_url()
    into_postgresql(url, small_lake())
    with reader(postgres, url) as address:
        assert crawl(address).settings()["metastore_version"] == "4.0.0"
        name = f'"reader_{url.rpartition("/")[2]}"'
        run(url, f'REVOKE ALL ON "COLUMNS_V2", "SDS" FROM {name}')
        run(url, f'GRANT SELECT ("SD_ID", "CD_ID") ON "SDS" TO {name}')
        found = crawl(address)
        assert "lake : COLUMNS_V2 may not be read by this user" in found.gaps()
        assert found.one("tables", table_id=1)["location"] is None
        run(url, f'REVOKE ALL ON "TBL_PRIVS" FROM {name}')
        with pytest.raises(SourceError, match="TBL_PRIVS may not be read by this user"):
            crawl(address)


def test_an_unreadable_location_is_a_gap(
    postgres: PostgresCluster, postgres_url: FreshDatabase
) -> None:
    url = postgres_url()
    into_postgresql(url, small_lake())
    with reader(postgres, url) as address:
        name = f'"reader_{url.rpartition("/")[2]}"'
        run(url, f'REVOKE ALL ON "SDS" FROM {name}')
        run(url, f'GRANT SELECT ("SD_ID", "CD_ID") ON "SDS" TO {name}')
        found = crawl(address)
        assert "lake : SDS has no readable column LOCATION" in found.gaps()
        assert found.columns(2) == [("n", "string", False)]
        run(url, f'REVOKE SELECT ON "TBLS" FROM {name}')
        columns = '"TBL_ID", "CREATE_TIME", "DB_ID", "OWNER", "SD_ID", "TBL_NAME", "TBL_TYPE"'
        run(url, f'GRANT SELECT ({columns}, "VIEW_EXPANDED_TEXT") ON "TBLS" TO {name}')
        run(url, f'GRANT SELECT ("VIEW_ORIGINAL_TEXT") ON "TBLS" TO {name}')
        with pytest.raises(SourceError, match="TBLS has no readable column OWNER_TYPE"):
            crawl(address)


def test_one_connection_is_enough(postgres: PostgresCluster, postgres_url: FreshDatabase) -> None:
    url = postgres_url()
    into_postgresql(url, small_lake())
    with reader(postgres, url) as address:
        both = crawl(address)
        run(url, f'ALTER ROLE "reader_{url.rpartition("/")[2]}" CONNECTION LIMIT 1')
        alone = crawl(address)
    for kind in ("tables", "grants", "columns", "gaps", "lake_settings"):
        assert sorted(map(str, alone.rows(kind))) == sorted(map(str, both.rows(kind)))


def test_the_progress_of_both_sessions_is_told_in_the_callers_thread(
    postgres_url: FreshDatabase,
) -> None:
    told: dict[str, int] = {}
    threads = set()

    def progress(what: str, done: int, total: int | None) -> None:
        told[what] = done
        threads.add(get_ident())

    list(open_source(into_postgresql(postgres_url(), small_lake())).crawl(progress))
    assert told["grants"] == sum(
        len(rows) for name, rows in small_lake().items() if "PRIVS" in name
    )
    assert threads == {get_ident()}


def test_a_wrong_password_is_never_shown(postgres: PostgresCluster) -> None:
    address = postgres.url("nowhere", "nobody", PASSWORD)
    source = open_source(f"metastore+{address}")
    assert source.label == f"metastore+postgresql://nobody@127.0.0.1:{postgres.port}/nowhere"
    with pytest.raises(SourceError, match=r"cannot be read: .*nobody") as raised:
        list(source.crawl())
    assert raised.value.__cause__ is None
    assert PASSWORD not in repr(raised.value) + str(raised.value)
    assert "%" not in str(raised.value)


def test_no_server() -> None:
    with pytest.raises(SourceError, match="Connection refused"):
        crawl("metastore+postgresql://somebody@127.0.0.1:1/hive")


def test_the_session_ends_during_the_crawl(
    postgres: PostgresCluster, postgres_url: FreshDatabase
) -> None:
    url = postgres_url()
    facts = iter(open_source(into_postgresql(url, small_lake())).crawl())
    next(facts)
    run(
        postgres.url("postgres"),
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        f"WHERE datname = '{url.rpartition('/')[2]}'",
    )
    with pytest.raises(SourceError, match="cannot be read"):
        list(facts)


def test_one_view_of_a_lake_that_changes(postgres_url: FreshDatabase) -> None:
    url = postgres_url()
    facts = iter(open_source(into_postgresql(url, small_lake())).crawl())
    seen: list[Facts] = [next(facts)]
    run(url, 'DELETE FROM "TBL_PRIVS"', 'DELETE FROM "TBLS"')
    seen += facts
    found = Crawled(seen)
    assert len(found.rows("tables")) == 11 + len(ODD_NAMES)
    assert found.one("grants", level="table", source_row=3)


def test_nothing_can_be_written(postgres_url: FreshDatabase) -> None:
    url = postgres_url()
    address = into_postgresql(url, small_lake())
    run(
        url,
        "CREATE FUNCTION write() RETURNS text LANGUAGE plpgsql AS "
        """$$ BEGIN DELETE FROM "DB_PRIVS"; RETURN 'x'; END $$""",
        'ALTER TABLE "VERSION" RENAME TO "OLD"',
        'CREATE VIEW "VERSION" AS SELECT 1 AS "VER_ID", write() AS "SCHEMA_VERSION"',
    )
    with pytest.raises(SourceError, match="read-only transaction"):
        crawl(address)


def test_a_table_of_an_old_encoding(postgres: PostgresCluster) -> None:
    run(
        postgres.url("postgres"),
        "CREATE DATABASE ascii TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'",
    )
    url = postgres.url("ascii")
    address = into_postgresql(url, small_lake(names=()))
    run(url, """UPDATE "TBLS" SET "OWNER" = E'a\\xff' WHERE "TBL_ID" = 1""")
    found = crawl(address)
    assert found.one("tables", table_id=1)["owner"] == "a\\xff"
    assert "lake : tables: 1 texts that are not UTF-8" in found.gaps()
