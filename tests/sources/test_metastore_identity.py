"""The same lake through every database is the same snapshot, byte for byte."""

from pathlib import Path

import pytest

from app.lake.snapshot import StoredSnapshot
from app.lake.snapshot_writer import Taken, write_snapshot
from app.sources.registry import open_source
from tests.conftest import FreshDatabase
from tests.mariadb_server import MariadbServer
from tests.sources.hive_schema import VERSIONS
from tests.sources.small_lake import (
    ODD_NAMES,
    UNICODE_NAMES,
    into_mariadb,
    into_postgresql,
    into_sqlite,
    small_lake,
)


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
