"""Each test gets a prepared database of its own, on both kinds."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from app.store.all_tables import metadata
from app.store.database import Database
from app.store.schema import open_database, upgrade
from tests.postgres_cluster import PostgresCluster


@pytest.fixture(scope="session")
def prepared_server_url(postgres: PostgresCluster) -> str:
    """A PostgreSQL database that is prepared once and emptied for each test."""
    url = postgres.url(postgres.create_database("state"))
    upgrade(url)
    return url


@pytest.fixture(scope="session")
def prepared_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared SQLite file to copy."""
    file = tmp_path_factory.mktemp("state") / "prepared.db"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Which database."""
    return str(request.param)


@pytest.fixture
def state_url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a prepared, empty database."""
    if kind == "sqlite":
        file = tmp_path / "state.db"
        shutil.copy(request.getfixturevalue("prepared_file"), file)
        return f"sqlite:///{file}"
    url = str(request.getfixturevalue("prepared_server_url"))
    _empty(url)
    return url


@pytest.fixture
def bare_url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database that nobody has prepared."""
    if kind == "sqlite":
        return f"sqlite:///{tmp_path / 'data' / 'bare.db'}"
    return str(request.getfixturevalue("postgres_url")())


@pytest.fixture
def own_database(bare_url: str) -> Iterator[Database]:
    """A prepared database that the test may break."""
    upgrade(bare_url)
    opened = open_database(bare_url)
    yield opened
    opened.close()


@pytest.fixture
def database(state_url: str) -> Iterator[Database]:
    """A prepared, empty database."""
    opened = open_database(state_url)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def prepared_database(prepared_file: Path) -> Iterator[Database]:
    """A prepared SQLite database for many examples, each of which takes back what it did."""
    opened = open_database(f"sqlite:///{prepared_file}")
    yield opened
    opened.close()


def _empty(url: str) -> None:
    """Quicker than a new database. The trail's own triggers have to be passed by."""
    tables = ", ".join(metadata.tables)
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(f"TRUNCATE {tables} RESTART IDENTITY".encode())
