"""The oracle against lakes whose answers are plain, and a metastore copied to SQLite."""

import sqlite3
from pathlib import Path

import pytest

from tests.hive.hive_server import ADMIN, HiveServer
from tests.hive.lake_tables import LakeTable, lake_tables
from tests.hive.oracle import ask, oracle, run
from tests.hive.sqlite_export import export_to_sqlite

pytestmark = pytest.mark.hive

_LAKE = (
    "CREATE DATABASE oracle_try",
    "CREATE TABLE oracle_try.`open` (a int, b string)",
    "CREATE TABLE oracle_try.`shut` (a int) PARTITIONED BY (`day` string)",
    "CREATE ROLE lower_role",
    "CREATE ROLE upper_role",
    "GRANT ROLE upper_role TO ROLE lower_role",
    "GRANT ROLE lower_role TO USER orla",
    "GRANT SELECT ON TABLE oracle_try.`open` TO ROLE upper_role",
)


def test_sql_standard_answers_by_batch(sql_standard_hive: HiveServer) -> None:
    statements = ("SET ROLE ADMIN", *_LAKE, "GRANT INSERT ON TABLE oracle_try.shut TO USER orla")
    assert run(sql_standard_hive, ADMIN, statements) == []
    tables = _own_tables(sql_standard_hive)
    assert ask(sql_standard_hive, "orla", "select", tables) == {"oracle_try.open"}
    assert ask(sql_standard_hive, "orla", "insert", tables) == {"oracle_try.shut"}
    assert ask(sql_standard_hive, "bert", "select", tables) == set()


def test_legacy_answers_for_columns(legacy_hive: HiveServer, tmp_path: Path) -> None:
    extra = (
        "GRANT SELECT (a) ON TABLE oracle_try.shut TO USER bert",
        "GRANT UPDATE, CREATE ON TABLE oracle_try.shut TO USER bert",
    )
    everything = (f"GRANT ALL TO USER {ADMIN}", *_LAKE, *extra)
    assert run(legacy_hive, ADMIN, everything) == []
    tables = _own_tables(legacy_hive)
    shut = next(table for table in tables if table.name == "shut")
    assert ask(legacy_hive, "orla", "select", tables) == {"oracle_try.open"}
    assert ask(legacy_hive, "bert", "insert", tables) == {"oracle_try.shut"}
    with oracle(legacy_hive) as asked:
        assert asked.readable_columns("bert", shut) == {"a", "day"}
        assert asked.readable_columns("orla", shut) == frozenset()

    copy = tmp_path / "metastore.sqlite"
    export_to_sqlite(legacy_hive.metastore_url, copy)
    connection = sqlite3.connect(copy)
    rows = connection.execute(
        'SELECT "TBL_NAME" FROM "TBLS" JOIN "DBS" USING ("DB_ID") '
        """WHERE "NAME" = 'oracle_try' ORDER BY 1"""
    ).fetchall()
    connection.close()
    assert rows == [("open",), ("shut",)]


def _own_tables(server: HiveServer) -> list[LakeTable]:
    """Other tests of the session leave their lakes in the same Hive."""
    found = lake_tables(server.metastore_url)
    return [table for table in found if table.database == "oracle_try"]
