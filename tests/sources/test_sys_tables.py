"""What of `sys` is read, and what only looks like it."""

from pathlib import Path

import psycopg
import pytest

from app.core.facts import SCHEMAS, no_progress
from app.sources import packed_mirror, sys_tables
from app.sources.metastore import MetastoreCrawl
from app.sources.metastore_reader import MetastoreReader
from app.sources.sys_copy import sys_copy
from tests.conftest import FreshDatabase
from tests.sources.crawling import Crawled, crawl
from tests.sources.small_lake import into_postgresql, small_lake

_MIRROR = Path(__file__).parents[2] / "docs" / "hive-mirror.sql"
_PROPERTIES = {
    "storage_handler": "org.apache.hive.storage.jdbc.JdbcStorageHandler",
    "hive.sql.database.type": "METASTORE",
    "hive.sql.query": 'SELECT\n  "ROLE_ID",\n  "ROLE_NAME"\nFROM\n  "ROLES"',
    "bucketing_version": "2",
}
_COLUMNS = ("role_id", "role_name")


def test_a_table_as_hives_script_makes_it_is_the_metastores() -> None:
    assert sys_tables.is_mirror("ROLES", _COLUMNS, _PROPERTIES)
    mysql = {**_PROPERTIES, "hive.sql.query": "SELECT `ROLE_ID`, `ROLE_NAME` FROM `ROLES`"}
    assert sys_tables.is_mirror("ROLES", _COLUMNS, mysql)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("storage_handler", ""),
        ("storage_handler", "org.apache.hadoop.hive.hbase.HBaseStorageHandler"),
        ("hive.sql.database.type", "POSTGRES"),
        ("hive.sql.jdbc.url", "jdbc:postgresql://elsewhere/db"),
        ("hive.sql.table", "ROLES"),
        ("hive.sql.query", ""),
        ("hive.sql.query", 'SELECT "ROLE_ID", "ROLE_NAME" FROM "OTHER"'),
        ("hive.sql.query", 'SELECT "ROLE_ID", "OWNER_NAME" FROM "ROLES"'),
        ("hive.sql.query", 'SELECT "ROLE_NAME", "ROLE_ID" FROM "ROLES"'),
        ("hive.sql.query", 'SELECT "ROLE_ID", "OWNER_NAME" AS "ROLE_NAME" FROM "ROLES"'),
        ("hive.sql.query", 'SELECT "ROLE_ID", "ROLE_NAME" FROM "ROLES" WHERE "ROLE_ID" < 5'),
        ("hive.sql.query", 'SELECT DISTINCT "ROLE_ID", "ROLE_NAME" FROM "ROLES"'),
        ("hive.sql.query", 'SELECT "ROLE_ID", "ROLE_NAME" FROM "ROLES" LIMIT 1'),
        ("hive.sql.query", 'SELECT "ROLE_ID", "ROLE_NAME" FROM x."ROLES"'),
    ],
)
def test_what_only_looks_like_it_is_not(name: str, value: str) -> None:
    assert not sys_tables.is_mirror("ROLES", _COLUMNS, {**_PROPERTIES, name: value})


def test_the_mirror_in_the_documents_is_the_one_that_is_believed() -> None:
    text = _MIRROR.read_text("utf-8")
    assert text.endswith(packed_mirror.definition() + ";\n")
    assert f"CREATE DATABASE IF NOT EXISTS {packed_mirror.DATABASE};" in text


def test_a_mirror_that_leaves_a_row_out_is_not_believed() -> None:
    properties = {**_PROPERTIES, "hive.sql.query": packed_mirror.query()}
    assert packed_mirror.is_mirror(("name", "packed"), properties)
    for name, value in (
        ("hive.sql.query", packed_mirror.query().replace("/ 1000", "/ 10")),
        ("hive.sql.query", packed_mirror.query() + " LIMIT 5"),
        ("hive.sql.database.type", "POSTGRES"),
        ("hive.sql.jdbc.url", "jdbc:postgresql://elsewhere/db"),
        ("storage_handler", ""),
    ):
        assert not packed_mirror.is_mirror(("name", "packed"), {**properties, name: value})


def test_packed_rows_are_the_databases_own(postgres_url: FreshDatabase) -> None:
    url = postgres_url()
    expected = crawl(into_postgresql(url, small_lake()))
    with psycopg.connect(url) as connection, sys_copy() as copy:
        for table, columns in packed_mirror.unpacked(
            connection.execute(packed_mirror.query().encode()).fetchall()
        ):
            copy.put(table, columns)
        reader = MetastoreReader(copy, no_progress)
        found = Crawled(MetastoreCrawl(reader).facts(reader, at_once=False))
    for kind in SCHEMAS:
        assert sorted(map(repr, found.rows(kind))) == sorted(map(repr, expected.rows(kind)))


@pytest.mark.parametrize("text", ["", "[", "[[1, 2]]", '{"a": 1}'])
def test_a_text_that_was_not_packed_so_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"columns wide|Expecting"):
        dict(packed_mirror.unpacked([("ROLES", text)]))
    with pytest.raises(ValueError, match="no table X"):
        dict(packed_mirror.unpacked([("X", "[]")]))


def test_what_belongs_to_nothing_is_found() -> None:
    whole: dict[str, dict[str, list[int | None]]] = {
        "DBS": {"DB_ID": [1]},
        "TBLS": {"TBL_ID": [7], "DB_ID": [1], "SD_ID": [70]},
        "SDS": {"SD_ID": [70], "CD_ID": [700]},
        "COLUMNS_V2": {"CD_ID": [700]},
        "TBL_PRIVS": {"TBL_ID": [7, None]},
        "ROLES": {"ROLE_ID": [3]},
        "ROLE_MAP": {"ROLE_ID": [3]},
    }
    with sys_copy() as copy:
        for table, columns in whole.items():
            copy.put(table, columns)
        assert copy.dangling() == frozenset()
        copy.put("COLUMNS_V2", {"CD_ID": [701]})
        assert copy.dangling() == {("columns of tables", 7)}
        copy.put("SDS", {"SD_ID": [71], "CD_ID": [700]})
        copy.put("TBL_PRIVS", {"TBL_ID": [7, 8]})
        copy.put("ROLE_MAP", {"ROLE_ID": [4]})
        assert copy.dangling() == {
            ("TBLS.SD_ID", 70),
            ("TBL_PRIVS.TBL_ID", 8),
            ("ROLE_MAP.ROLE_ID", 4),
        }
