"""The same lake through every database is the same snapshot, byte for byte."""

import sqlite3
from pathlib import Path

import pytest

from app.lake.snapshot import StoredSnapshot
from app.lake.snapshot_writer import Taken, write_snapshot
from app.sources.registry import open_source
from tests.conftest import FreshDatabase
from tests.hive.sqlite_export import sqlite_from_sql
from tests.mariadb_server import MariadbServer
from tests.sources.hive_schema import VERSIONS, hive_tables
from tests.sources.small_lake import (
    ODD_NAMES,
    UNICODE_NAMES,
    Rows,
    into_mariadb,
    into_postgresql,
    into_sqlite,
    small_lake,
)

RECORDINGS = sorted(
    path.parent for path in Path(__file__).parents[1].glob("hive/recordings/*/lake.sql")
)
_RECORDED = "4.0.0"


def snapshot(url: str, folder: Path) -> StoredSnapshot:
    """Crawl into a folder of its own."""
    source = open_source(url)
    return write_snapshot(source.crawl(), folder, Taken.now(source.label))


def files(snapshot: StoredSnapshot) -> dict[str, bytes]:
    """Every file of a snapshot but the time it was taken."""
    paths = (path for path in snapshot.path.rglob("*") if path.is_file())
    return {
        str(path.relative_to(snapshot.path)): path.read_bytes()
        for path in paths
        if path.name != "taken.json"
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_postgresql_and_sqlite(version: str, postgres_url: FreshDatabase, tmp_path: Path) -> None:
    rows = small_lake(version, ODD_NAMES + UNICODE_NAMES)
    one = snapshot(into_sqlite(tmp_path / "lake.db", rows, version), tmp_path / "one")
    other = snapshot(into_postgresql(postgres_url(), rows, version), tmp_path / "other")
    assert files(one) == files(other)
    assert one.content_hash == other.content_hash


@pytest.mark.parametrize("version", VERSIONS)
def test_mariadb_and_sqlite(version: str, mariadb: MariadbServer, tmp_path: Path) -> None:
    rows = small_lake(version, ODD_NAMES)
    one = snapshot(into_sqlite(tmp_path / "lake.db", rows, version), tmp_path / "one")
    url = into_mariadb(mariadb, mariadb.create_database(), rows, version)
    assert files(one) == files(snapshot(url, tmp_path / "other"))


def test_the_order_of_the_rows_does_not_matter(tmp_path: Path) -> None:
    rows = small_lake()
    backwards = {table: list(reversed(rows[table])) for table in rows}
    one = snapshot(into_sqlite(tmp_path / "one.db", rows), tmp_path / "one")
    other = snapshot(into_sqlite(tmp_path / "other.db", backwards), tmp_path / "other")
    assert files(one) == files(other)


@pytest.mark.parametrize("folder", RECORDINGS, ids=lambda folder: folder.name)
def test_a_lake_of_a_real_hive_through_all_three(
    folder: Path, postgres_url: FreshDatabase, mariadb: MariadbServer, tmp_path: Path
) -> None:
    """The damaged ones too: missing texts, odd types, memberships of roles that are gone."""
    database = tmp_path / "lake.db"
    sqlite_from_sql(folder / "lake.sql", database)
    rows = _rows_of(database)
    one = files(snapshot(f"metastore+sqlite:///{database}", tmp_path / "one"))
    other = into_postgresql(postgres_url(), rows, _RECORDED)
    assert files(snapshot(other, tmp_path / "other")) == one
    third = into_mariadb(mariadb, mariadb.create_database(), rows, _RECORDED)
    assert files(snapshot(third, tmp_path / "third")) == one


def _rows_of(database: Path) -> Rows:
    """What a recording holds of the tables that are read."""
    connection = sqlite3.connect(database)
    connection.row_factory = sqlite3.Row
    there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    rows: Rows = {}
    for name, table in hive_tables(_RECORDED).items():
        found = connection.execute(f'SELECT * FROM "{name}"') if name in there else ()
        rows[name] = [
            {
                column: bool(row[column]) if table.columns[column] == "bool" else row[column]
                for column in row.keys()  # noqa: SIM118 - a sqlite3.Row iterates over its values
                if column in table.columns and row[column] is not None
            }
            for row in found
        ]
    connection.close()
    return rows
