"""A real HiveServer2 that shows its metastore: all facts, no gap, and no administrator needed."""

from pathlib import Path

import pytest

from app.core.exposures import SETTING_KINDS
from tests.hive.doors_lake import steps
from tests.hive.hive_server import ADMIN, HiveServer
from tests.hive.oracle import run
from tests.hive.record import build
from tests.hive.shown_metastore import mirror_statements, sys_statements
from tests.hive.test_doors import KINDS, Audited, Row, audit, named, without
from tests.sources.crawling import Crawled, crawl

pytestmark = pytest.mark.hive

#: What Hive's script leaves out of `sys` and nothing in this mode depends on.
_LEFT_OUT = {
    "sql-standard": {"catalogs": {"location"}, "tables": {"owner_type"}},
    "legacy": {"catalogs": {"location"}},
}


def test_sql_standard_shows_all(sql_standard_hive: HiveServer, tmp_path: Path) -> None:
    _shows_all(sql_standard_hive, tmp_path)


def test_legacy_shows_all(legacy_hive: HiveServer, tmp_path: Path) -> None:
    _shows_all(legacy_hive, tmp_path)


def _shows_all(server: HiveServer, folder: Path) -> None:
    assert build(server, steps(server.mode)) == []
    _as_admin(server, *sys_statements())
    _a_feigned_sys_is_not_believed(server)
    by_sys = crawl(server.url)
    _same_facts(by_sys, _from_database(server), _LEFT_OUT[server.mode])
    _as_admin(server, *mirror_statements())
    _same_facts(crawl(server.url), _from_database(server), {})
    _needs_one_right(server)
    database = audit(server, "metastore+" + server.metastore_url, folder / "database")
    hive = audit(server, server.url, folder / "hive")
    assert hive.gaps == database.gaps == []
    opened, expected = map(_of_the_lake, (hive, database))
    assert len(opened) > 3
    assert opened == expected


def _a_feigned_sys_is_not_believed(server: HiveServer) -> None:
    names = ("tbls", "dbs", "tbl_privs", "roles", "role_map")
    tables = [f"CREATE TABLE feigned.{name} (tbl_id int)" for name in names]
    _as_admin(server, "CREATE DATABASE feigned", *tables)
    said = _why_not(server, "feigned")
    assert "feigned.tbls is not the metastore's table TBLS" in said
    _as_admin(
        server,
        "DROP TABLE feigned.tbls",
        "CREATE EXTERNAL TABLE feigned.tbls LIKE sys.tbls",
        r"""ALTER TABLE feigned.tbls SET TBLPROPERTIES ("hive.sql.query" =
        "SELECT * FROM \"TBLS\" WHERE \"TBL_NAME\" <> 'keys'")""",
    )
    assert "feigned.tbls" in _why_not(server, "feigned")
    _as_admin(server, "DROP DATABASE feigned CASCADE")


def _of_the_lake(audited: Audited) -> list[Row]:
    """Its exposures but for those of settings, of which the database says none."""
    return [row for row in audited.exposures if row["kind"] not in SETTING_KINDS]


def _why_not(server: HiveServer, database: str) -> str:
    """What the gaps say of a `sys` that was not read."""
    rows = crawl(f"{server.url}&sys={database}").rows("gaps")
    return " ".join(row["doubt"] for row in rows)


def _needs_one_right(server: HiveServer) -> None:
    """Nobody who asks need be an administrator."""
    url = server.url.replace(ADMIN, "auditor")
    assert crawl(url).gaps() != []
    _as_admin(server, "GRANT SELECT ON TABLE lakewarden.metastore TO USER auditor")
    _same_facts(crawl(url), _from_database(server), {})


def _as_admin(server: HiveServer, *statements: str) -> None:
    first = ("SET ROLE ADMIN",) if server.mode == "sql-standard" else ()
    assert run(server, ADMIN, (*first, *statements)) == []


def _from_database(server: HiveServer) -> Crawled:
    return crawl("metastore+" + server.metastore_url)


def _same_facts(found: Crawled, database: Crawled, left_out: dict[str, set[str]]) -> None:
    for kind in KINDS:
        expected = named(database, kind)
        assert without(named(found, kind), left_out, kind) == without(expected, left_out, kind)
    assert len(database.rows("grants")) > 10
    assert found.gaps() == database.gaps() == []
