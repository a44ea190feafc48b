"""Metastores that are half there, damaged, or none: each says so, nothing is lost."""

import sqlite3
from pathlib import Path

import pytest

from app.core.errors import SourceError
from tests.sources.crawling import Crawled, crawl
from tests.sources.small_lake import Rows, into_sqlite, small_lake


def damaged(path: Path, *statements: str, rows: Rows | None = None, version: str = "4.0.0") -> str:
    """The small lake after some statements; the source's address."""
    url = into_sqlite(path / "lake.db", rows or small_lake(version), version)
    with sqlite3.connect(path / "lake.db") as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()
    return url


@pytest.mark.parametrize("table", ["DBS", "TBLS", "TBL_PRIVS", "ROLES", "ROLE_MAP"])
def test_without_an_essential_table_there_is_no_crawl(table: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=f"cannot be judged: there is no table {table}"):
        crawl(damaged(tmp_path, f'DROP TABLE "{table}"'))


def test_an_essential_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="TBL_PRIVS has no readable column PRINCIPAL_TYPE"):
        crawl(damaged(tmp_path, 'ALTER TABLE "TBL_PRIVS" DROP COLUMN "PRINCIPAL_TYPE"'))


@pytest.mark.parametrize(
    ("table", "doubt"),
    [
        ("SDS", "Locations and columns"),
        ("COLUMNS_V2", "Columns of all tables"),
        ("PARTITION_KEYS", "Partition keys"),
        ("TABLE_PARAMS", "Properties of tables"),
        ("DATABASE_PARAMS", "Properties of databases"),
        ("PARTITIONS", "partitions"),
        ("GLOBAL_PRIVS", "the whole lake"),
        ("DB_PRIVS", "Grants on databases"),
        ("TBL_COL_PRIVS", "Grants on columns"),
        ("PART_PRIVS", "Grants on partitions"),
        ("PART_COL_PRIVS", "Grants on columns of partitions"),
        ("DC_PRIVS", "Grants on data connectors"),
        ("CTLGS", "Locations of catalogs"),
        ("MV_TABLES_USED", "materialized views"),
        ("VERSION", "Which version"),
    ],
)
def test_without_any_other_table_the_rest_is_kept_and_a_gap_said(
    table: str, doubt: str, tmp_path: Path
) -> None:
    found = crawl(damaged(tmp_path, f'DROP TABLE "{table}"'))
    assert found.one("grants", level="table", source_row=3)["principal"] == "ann"
    assert len(found.rows("tables")) == len(small_lake()["TBLS"])
    gaps = [gap for gap in found.rows("gaps") if gap["scope"] == "lake"]
    assert any(table in gap["reason"] and doubt in gap["doubt"] for gap in gaps), gaps


def test_a_column_that_the_version_should_have_is_a_gap(tmp_path: Path) -> None:
    found = crawl(damaged(tmp_path, 'ALTER TABLE "TBL_PRIVS" DROP COLUMN "AUTHORIZER"'))
    assert "lake : TBL_PRIVS has no readable column AUTHORIZER" in found.gaps()
    assert found.one("grants", level="table", source_row=3)["authorizer"] is None


@pytest.mark.parametrize("table", ["CTLGS", "DC_PRIVS", "MV_CREATION_METADATA", "MV_TABLES_USED"])
def test_what_a_version_never_had_is_no_gap(table: str, tmp_path: Path) -> None:
    found = crawl(into_sqlite(tmp_path / "lake.db", small_lake("2.3.0"), "2.3.0"))
    assert not [gap for gap in found.gaps() if table in gap]


def test_a_database_that_is_no_metastore(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "empty.db").execute("CREATE TABLE x (y)").connection.close()
    with pytest.raises(SourceError, match="holds no Hive metastore"):
        crawl(f"metastore+sqlite:///{tmp_path}/empty.db")


@pytest.mark.parametrize("content", [b"", b"no database at all, but long enough for a header" * 9])
def test_a_file_that_is_no_database(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "file.db").write_bytes(content)
    with pytest.raises(SourceError):
        crawl(f"metastore+sqlite:///{tmp_path}/file.db")


def test_a_file_cut_short(tmp_path: Path) -> None:
    url = damaged(tmp_path)
    file = tmp_path / "lake.db"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(SourceError, match="cannot be read as an SQLite database"):
        crawl(url)


def test_text_among_numbers_is_a_gap_and_the_row_is_kept(tmp_path: Path) -> None:
    found = crawl(
        damaged(
            tmp_path,
            """UPDATE "TBL_PRIVS" SET "TBL_ID" = 'x' WHERE "TBL_GRANT_ID" = 1""",
            """UPDATE "TBL_PRIVS" SET "GRANT_OPTION" = 'maybe' WHERE "TBL_GRANT_ID" = 2""",
            """UPDATE "COLUMNS_V2" SET "INTEGER_IDX" = NULL WHERE "CD_ID" = 2001""",
        )
    )
    assert "lake : TBL_PRIVS: 2 values in columns of numbers are no numbers" in found.gaps()
    assert found.one("grants", level="table", source_row=1)["object_id"] is None
    assert found.one("grants", level="table", source_row=2)["grant_option"] is None
    assert found.one("grants", level="table", source_row=3)["object_id"] == 1


def test_numbers_written_as_text_are_numbers(tmp_path: Path) -> None:
    columns = 'CREATE TABLE "ROLES" ("ROLE_ID", "CREATE_TIME" TEXT, "OWNER_NAME", "ROLE_NAME")'
    found = crawl(
        damaged(
            tmp_path,
            'DROP TABLE "ROLES"',
            columns,
            """INSERT INTO "ROLES" VALUES (1.0, '12', NULL, 'admin'), ('3', 7, NULL, 'readers')""",
        )
    )
    assert found.rows("roles") == [
        {"name": "admin", "create_time": 12},
        {"name": "readers", "create_time": 7},
    ]
    assert {row["role"] for row in found.rows("role_members")} == {"admin", "readers", None}


def test_null_first_and_mixed_values_survive(tmp_path: Path) -> None:
    found = crawl(
        damaged(
            tmp_path,
            'DROP TABLE "TABLE_PARAMS"',
            'CREATE TABLE "TABLE_PARAMS" ("TBL_ID", "PARAM_KEY", "PARAM_VALUE")',
            """INSERT INTO "TABLE_PARAMS" VALUES
               (1, 'null', NULL), (1, 'int', 5), (1, 'real', 1.5), (1, 'text', 'x'),
               (1, 'blob', X'C3A9')""",
        )
    )
    expected = {"null": None, "int": "5", "real": "1.5", "text": "x", "blob": "é"}
    assert found.properties(1) == expected


def test_bytes_that_are_no_utf8_are_escaped_and_said(tmp_path: Path) -> None:
    found = crawl(
        damaged(
            tmp_path, """UPDATE "TBLS" SET "OWNER" = CAST(X'61FF' AS TEXT) WHERE "TBL_ID" = 1"""
        )
    )
    assert found.one("tables", table_id=1)["owner"] == "a\\xff"
    assert "lake : tables: 1 texts that are not UTF-8" in found.gaps()


def test_tables_that_share_a_descriptor_both_have_its_columns(tmp_path: Path) -> None:
    found = crawl(damaged(tmp_path, 'UPDATE "SDS" SET "CD_ID" = 2001 WHERE "SD_ID" = 1002'))
    assert [name for name, _, _ in found.columns(2)] == ["n", "amount"]
    assert [name for name, _, _ in found.columns(1)] == ["n", "amount", "ds", "region"]


def test_descriptors_of_partitions_are_nobodys_columns(tmp_path: Path) -> None:
    found = crawl(
        damaged(tmp_path, """INSERT INTO "COLUMNS_V2" VALUES (9999, '', 'x', 'int', 0)""")
    )
    assert "x" not in {row["name"] for row in found.rows("columns")}


def test_a_dummy_column_beside_others_is_a_column(tmp_path: Path) -> None:
    found = crawl(
        damaged(tmp_path, """INSERT INTO "COLUMNS_V2" VALUES (2005, '', 'more', 'int', 1)""")
    )
    names = [name for name, _, _ in found.columns(5)]
    assert names == ["col", "more", "day"]


def test_a_grant_that_repeats_is_kept_twice(tmp_path: Path) -> None:
    found = crawl(
        damaged(
            tmp_path,
            'INSERT INTO "TBL_PRIVS" SELECT * FROM "TBL_PRIVS" WHERE "TBL_GRANT_ID" = 1',
        )
    )
    rows = [
        row for row in found.rows("grants") if (row["level"], row["source_row"]) == ("table", 1)
    ]
    assert len(rows) == 2


def crawl_beside(path: Path) -> Crawled:
    """Crawl a file and make sure that nothing in its folder has changed."""

    def state() -> dict[str, tuple[int, bytes]]:
        return {file.name: (file.stat().st_mtime_ns, file.read_bytes()) for file in path.iterdir()}

    before = state()
    found = crawl(f"metastore+sqlite:///{path}/lake.db")
    assert state() == before
    return found


def test_nothing_is_written_beside_the_file(tmp_path: Path) -> None:
    damaged(tmp_path)
    assert crawl_beside(tmp_path).rows("tables")


def test_a_file_in_write_ahead_mode_stays_as_it_is(tmp_path: Path) -> None:
    damaged(tmp_path)
    connection = sqlite3.connect(tmp_path / "lake.db")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute('DELETE FROM "TBL_PRIVS"')
    connection.commit()
    connection.close()
    assert not [row for row in crawl_beside(tmp_path).rows("grants") if row["level"] == "table"]


def test_a_write_ahead_log_in_use_is_read_as_well(tmp_path: Path) -> None:
    url = damaged(tmp_path)
    connection = sqlite3.connect(tmp_path / "lake.db")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute('DELETE FROM "TBL_PRIVS"')
    connection.commit()
    assert not [row for row in crawl(url).rows("grants") if row["level"] == "table"]
    connection.close()


@pytest.mark.parametrize("name", ["a?b.db", "a#b.db", "a%20b.db", "spaced name.db", "ü.db"])
def test_file_names_that_are_odd_in_addresses(name: str, tmp_path: Path) -> None:
    into_sqlite(tmp_path / name, small_lake())
    url = f"metastore+sqlite:///{tmp_path}/" + name.replace("?", "%3F").replace("#", "%23")
    assert crawl(url).rows("tables")
