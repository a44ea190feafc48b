"""Each test gets a prepared database of its own, on both kinds."""

import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

from app.store.database import Database
from app.store.schema import open_database, upgrade
from app.store.tables import metadata
from tests.postgres_cluster import PostgresCluster, postgres_cluster

_PREPARED = "prepared_state"


@pytest.fixture(scope="session")
def state_cluster() -> Iterator[PostgresCluster]:
    """A PostgreSQL with one prepared database."""
    with postgres_cluster() as cluster:
        _create(cluster, _PREPARED)
        upgrade(cluster.url(_PREPARED))
        yield cluster


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
    cluster = request.getfixturevalue("state_cluster")
    _empty(cluster, _PREPARED)
    return str(cluster.url(_PREPARED))


@pytest.fixture
def bare_url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database that nobody has prepared."""
    if kind == "sqlite":
        return f"sqlite:///{tmp_path / 'data' / 'bare.db'}"
    return _new_database(request.getfixturevalue("state_cluster"))


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


_numbers = count()


def _new_database(cluster: PostgresCluster) -> str:
    name = f"state_{next(_numbers)}"
    _create(cluster, name)
    return cluster.url(name)


def _create(cluster: PostgresCluster, name: str) -> None:
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())


def _empty(cluster: PostgresCluster, name: str) -> None:
    """Quicker than a new database. The trail's own triggers have to be passed by."""
    tables = ", ".join(metadata.tables)
    with psycopg.connect(cluster.url(name)) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(f"TRUNCATE {tables} RESTART IDENTITY".encode())
