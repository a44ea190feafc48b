"""Real Hive servers for the tests marked `hive`: one a mode, started when first asked for."""

import shutil
from collections.abc import Iterator

import pytest

from tests.conftest import skip_loudly
from tests.hive.first_state import FirstState, first_state
from tests.hive.hive_jars import jars_ready
from tests.hive.hive_server import HiveServer, hive_server
from tests.hive.postgres_server import PostgresServer, postgres_server
from tests.postgres_cluster import NoServerError


@pytest.fixture(scope="session")
def hive_postgres() -> Iterator[PostgresServer]:
    """The server that holds the metastores."""
    if shutil.which("java") is None or not (jars_ready() or shutil.which("mvn")):
        skip_loudly(NoServerError("no Java 17 or no Maven, which a real Hive needs"))
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def _sql_standard(hive_postgres: PostgresServer) -> Iterator[tuple[HiveServer, FirstState]]:
    with hive_server(hive_postgres, "sql-standard") as server:
        yield server, first_state(server)


@pytest.fixture(scope="session")
def _legacy(hive_postgres: PostgresServer) -> Iterator[tuple[HiveServer, FirstState]]:
    with hive_server(hive_postgres, "legacy") as server:
        yield server, first_state(server)


@pytest.fixture(scope="module")
def sql_standard_hive(_sql_standard: tuple[HiveServer, FirstState]) -> HiveServer:
    """A Hive in SQL-standard mode, empty when the module begins."""
    server, first = _sql_standard
    first.restore()
    return server


@pytest.fixture(scope="module")
def legacy_hive(_legacy: tuple[HiveServer, FirstState]) -> HiveServer:
    """A Hive in legacy mode, empty when the module begins."""
    server, first = _legacy
    first.restore()
    return server
