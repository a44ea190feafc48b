"""Database servers for tests: started once a session, a fresh database for whoever asks.

Where a server is not installed its tests are skipped and say why; with CI=true that is a
failure, so that nothing goes green because it was not run.
"""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from tests.mariadb_server import MariadbServer, mariadb_server
from tests.postgres_cluster import NoServerError, PostgresCluster, postgres_cluster

# How long an example takes is the machine's business: no test is judged by the clock.
settings.register_profile("lakewarden", deadline=None)
settings.load_profile("lakewarden")

FreshDatabase = Callable[[], str]


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresCluster]:
    """A running PostgreSQL."""
    try:
        with postgres_cluster() as cluster:
            yield cluster
    except NoServerError as missing:
        skip_loudly(missing)


@pytest.fixture(scope="session")
def postgres_url(postgres: PostgresCluster) -> FreshDatabase:
    """Call it for the `postgresql://` address of a fresh, empty database."""
    return lambda: postgres.url(postgres.create_database())


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariadbServer]:
    """A running MariaDB."""
    try:
        with mariadb_server() as server:
            yield server
    except NoServerError as missing:
        skip_loudly(missing)


@pytest.fixture(scope="session")
def mariadb_url(mariadb: MariadbServer) -> FreshDatabase:
    """Call it for the `mysql://` address of a fresh, empty database."""
    return lambda: mariadb.url(mariadb.create_database())


class OneProcessAFile(LoadScopeScheduling):  # type: ignore[misc]
    """Each file on one process, and all that asks the Hive of one mode: starting one is slow.

    pytest-xdist's own groups are written into node ids, which pytest 9 no longer reads.
    """

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        if not file.startswith("tests/hive/") or file.endswith("/test_recordings.py"):
            return file
        return "legacy hive" if "legacy" in test else "sql-standard hive"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """How tests are spread over processes."""
    return OneProcessAFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs Hive comes first: the longest, which else one process ended on alone."""
    items.sort(key=lambda item: item.get_closest_marker("hive") is None)


def skip_loudly(missing: NoServerError) -> None:
    """Skip, or fail where every test is run, for want of a server."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI runs every test, and there is {missing}")
    pytest.skip(str(missing))
