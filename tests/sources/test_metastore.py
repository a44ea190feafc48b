"""What a crawl finds in a metastore of each version, through SQLite."""

from pathlib import Path

import pytest

from app.core.errors import SourceError
from app.sources.registry import open_source
from tests.sources.crawling import Crawled, crawl
from tests.sources.hive_schema import VERSIONS
from tests.sources.small_lake import (
    ODD_NAMES,
    TRINO_SQL,
    UNICODE_NAMES,
    into_sqlite,
    small_lake,
)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Crawled:
    """The small lake, newest version."""
    path = tmp_path_factory.mktemp("metastore") / "lake.db"
    return crawl(into_sqlite(path, small_lake(names=ODD_NAMES + UNICODE_NAMES)))


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_gives_what_it_holds(version: str, tmp_path: Path) -> None:
    found = crawl(into_sqlite(tmp_path / "lake.db", small_lake(version), version))
    assert found.settings()["metastore_version"] == version
    assert found.one("tables", table_id=1)["name"] == "payroll"
    assert len(found.rows("tables")) == 11 + len(ODD_NAMES)
    has_owner_types = version >= "3"
    assert (found.one("tables", table_id=2)["owner_type"] == "ROLE") is has_owner_types
    assert (found.one("databases", database_id=3)["catalog"] == "spark") is has_owner_types
    authorizers = {row["authorizer"] for row in found.rows("grants")}
    assert authorizers == ({"SQL", None} if version >= "3.1" else {None})
    connectors = [row["connector"] for row in found.rows("grants") if row["level"] == "connector"]
    assert connectors == (["mysql_crm"] if version >= "4" else [])
    assert not [gap for gap in found.gaps() if gap.startswith("lake")]


def test_a_metastore_without_catalogs_has_the_catalog_hive(tmp_path: Path) -> None:
    found = crawl(into_sqlite(tmp_path / "lake.db", small_lake("2.3.0"), "2.3.0"))
    assert found.rows("catalogs") == [{"name": "hive", "location": None}]


def test_databases(lake: Crawled) -> None:
    assert lake.one("databases", database_id=1) == {
        "database_id": 1,
        "catalog": "hive",
        "name": "default",
        "owner": "public",
        "owner_type": "ROLE",
        "location": "hdfs://nn:8020/warehouse/1.db",
        "kind": "NATIVE",
    }
    assert lake.rows("database_properties") == [
        {"database_id": 2, "key": "team", "value": "people"}
    ]
    assert "database far: its tables live behind a data connector" in " ".join(lake.gaps())


def test_partition_keys_follow_the_columns(lake: Crawled) -> None:
    assert lake.columns(1) == [
        ("n", "string", False),
        ("amount", "int", False),
        ("ds", "string", True),
        ("region", "string", True),
    ]


def test_partitions_only_of_tables_with_rights_on_them(lake: Crawled) -> None:
    assert lake.rows("partitions") == [{"table_id": 1, "name": "ds=1/region=eu"}]


def test_views_have_the_expanded_text_and_the_original(lake: Crawled) -> None:
    view = lake.one("tables", table_id=3)
    assert view["view_text"] == "SELECT `payroll`.`n` FROM `hr`.`payroll`"
    assert view["view_original_text"] == "SELECT n FROM payroll"
    assert view["location"] is None


def test_trino_views_are_decoded_and_say_so(lake: Crawled) -> None:
    assert lake.one("tables", table_id=4)["view_text"] == TRINO_SQL
    assert lake.properties(4) == {"presto_view": "true", "view.default.database": "hr"}


def test_materialized_views_know_their_sources(lake: Crawled) -> None:
    assert lake.rows("view_sources") == [{"table_id": 8, "source_table_id": 1}]


def test_spark_tables_have_their_real_columns(lake: Crawled) -> None:
    assert lake.columns(5) == [
        ("Id", "bigint", False),
        ("Keystrokes", "bigint", False),
        ("day", "string", True),
    ]
    assert lake.columns(6) == [("a", "bigint", False), ("b", "bigint", False)]
    assert lake.properties(5) == {"spark.sql.sources.provider": "parquet"}


def test_a_spark_table_without_a_schema_is_a_gap(lake: Crawled) -> None:
    assert lake.columns(7) == [("col", "array<string>", False)]
    assert any(gap.startswith("table hr.spark_unknown: its real columns") for gap in lake.gaps())


def test_statistics_and_comments_are_left_out_and_long_values_cut(lake: Crawled) -> None:
    assert lake.properties(1) == {"PARTITION_LEVEL_PRIVILEGE": "true"}
    assert lake.properties(11) == {"big": "é" * 4095 + "…"}
    assert "c" * 100 not in str(lake.rows("columns"))


def test_secrets_never_leave_the_source(lake: Crawled) -> None:
    assert "hunter2" not in repr([lake.rows(kind) for kind in ("table_properties", "tables")])
    assert lake.properties(2)["url"] == "jdbc:x://h/d?user=u&password=[redacted]"
    assert lake.one("catalogs", name="spark")["location"] == "s3a://key:[redacted]@bucket/w"


def test_grants_of_every_level_are_kept_row_by_row(lake: Crawled) -> None:
    assert lake.one("grants", level="table", source_row=3) == {
        "level": "table",
        "object_id": 1,
        "column": None,
        "partition": None,
        "connector": None,
        "principal_type": "USER",
        "principal": "ann",
        "privilege": "select",
        "grant_option": True,
        "grantor": "root",
        "grantor_type": "USER",
        "create_time": 1_650_000_000,
        "authorizer": "SQL",
        "source_row": 3,
    }
    assert lake.one("grants", level="global")["object_id"] is None
    assert lake.one("grants", level="database")["object_id"] == 2
    assert lake.one("grants", level="column")["column"] == "n"
    assert lake.one("grants", level="partition")["partition"] == "ds=1/region=eu"
    assert lake.one("grants", level="partition_column", source_row=1)["column"] == "n"


def test_users_who_differ_in_case_stay_two(lake: Crawled) -> None:
    principals = {row["principal"] for row in lake.rows("grants") if row["object_id"] == 1}
    assert {"ann", "Ann"} <= principals


def test_memberships_of_missing_roles_are_counted(lake: Crawled) -> None:
    assert lake.settings()["memberships_of_missing_roles"] == "1"


@pytest.mark.parametrize("name", ODD_NAMES + UNICODE_NAMES)
def test_odd_names_survive_byte_for_byte(name: str, lake: Crawled) -> None:
    table = lake.one("tables", name=name)
    assert lake.one("databases", name=name)["owner"] == name
    assert table["owner"] == name
    assert lake.columns(table["table_id"]) == [(name, "string", False)]
    assert lake.properties(table["table_id"]) == {name: name}
    grant = lake.one("grants", object_id=table["table_id"])
    assert (grant["principal"], grant["privilege"], grant["grantor"]) == (name, name, name)


def test_progress_is_told_what_is_read(tmp_path: Path) -> None:
    told: list[tuple[str, int, int | None]] = []
    source = open_source(into_sqlite(tmp_path / "lake.db", small_lake()))
    list(source.crawl(lambda *news: told.append(news)))
    assert ("tables", 11 + len(ODD_NAMES), None) in told


def test_no_tables_is_a_gap(tmp_path: Path) -> None:
    rows = {**small_lake(), "TBLS": []}
    found = crawl(into_sqlite(tmp_path / "lake.db", rows))
    assert "lake : the metastore has no tables" in found.gaps()


def test_a_crawl_that_is_given_up_closes_its_connection(tmp_path: Path) -> None:
    facts = iter(open_source(into_sqlite(tmp_path / "lake.db", small_lake())).crawl())
    next(facts)
    facts.close()  # type: ignore[attr-defined]
    with pytest.raises(StopIteration):
        next(facts)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no SQLite file .*nowhere\.db"):
        crawl(f"metastore+sqlite:///{tmp_path}/nowhere.db")
