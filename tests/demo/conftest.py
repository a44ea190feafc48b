"""One demonstration lake for all tests of the room, opened read-only."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.demo import Demonstration, build_demonstration

Ask = Callable[..., list[tuple[object, ...]]]


@pytest.fixture(scope="package")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Demonstration:
    """The lake as shipped."""
    return build_demonstration(tmp_path_factory.mktemp("demonstration"))


@pytest.fixture(scope="package")
def ask(demonstration: Demonstration) -> Iterator[Ask]:
    """Runs a SELECT against the metastore."""
    connection = open_metastore(demonstration.metastore)
    yield lambda query, *values: connection.execute(query, values).fetchall()
    connection.close()


def open_metastore(path: Path) -> sqlite3.Connection:
    """The metastore, read-only."""
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True)
