"""A random lake in a real Hive, changed, and every answer of ours against Hive's own.

The long run is by hand: `python -m tests.hive.differential`.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from tests.hive.differential import Differences, Shares, compare
from tests.hive.hive_server import ADMIN, HiveServer
from tests.hive.lake_tables import lake_databases, lake_tables, quote
from tests.hive.oracle import run
from tests.hive.random_changes import random_changes
from tests.hive.random_lake import DATABASES, RandomLake
from tests.hive.record import build

pytestmark = pytest.mark.hive

_CHANGES = 40


def test_sql_standard_answers_are_hives(sql_standard_hive: HiveServer) -> None:
    found = _compared_after_changes(
        sql_standard_hive, 20_260, Shares(other_rights=0.03, databases=0.1)
    )
    assert found.questions >= 1_000


def test_legacy_answers_are_hives(legacy_hive: HiveServer) -> None:
    shares = Shares(tables=0.18, columns=0.05, other_rights=0.1, databases=0.1)
    found = _compared_after_changes(legacy_hive, 20_261, shares)
    assert found.questions >= 200


def _compared_after_changes(server: HiveServer, seed: int, shares: Shares) -> Differences:
    lake = RandomLake(server.mode, seed)
    chance = random.Random(f"quick {seed}")
    found = Differences()
    with _cleared_afterwards(server):
        found.statements_refused += len(build(server, lake.steps()))
        found.statements_refused += len(build(server, random_changes(lake.drawn, chance, _CHANGES)))
        hives, wrong = compare(server, lake, shares, groups=False, chance=chance)
    found.note(hives, wrong)
    assert found.wrong == []
    # A lake nobody may read, or everybody, would prove nothing.
    assert 0.1 < found.allowed / found.questions < 0.9
    assert found.statements_refused < 60
    return found


@contextmanager
def _cleared_afterwards(server: HiveServer) -> Iterator[None]:
    """Leave the server to the other tests as it was found."""
    before = set(lake_databases(server.metastore_url))
    tables = {table.full_name for table in lake_tables(server.metastore_url)}
    roles = _roles(server)
    try:
        yield
    finally:
        prelude = "SET ROLE ADMIN" if server.mode == "sql-standard" else "SHOW DATABASES"
        ours = [name for name in DATABASES if name not in before]
        statements = [f"DROP DATABASE IF EXISTS {quote(name)} CASCADE" for name in ours]
        left = [
            table
            for table in lake_tables(server.metastore_url)
            if table.full_name not in tables and table.database not in ours
        ]
        kinds = {"VIRTUAL_VIEW": "VIEW", "MATERIALIZED_VIEW": "MATERIALIZED VIEW"}
        # Views first: Hive keeps a table that a materialized view was made of.
        left.sort(key=lambda table: table.kind not in kinds)
        statements += [f"DROP {kinds.get(table.kind, 'TABLE')} {table.quoted}" for table in left]
        statements += [f"DROP ROLE {quote(role)}" for role in sorted(_roles(server) - roles)]
        failed = run(server, ADMIN, [prelude, *statements])
        with psycopg.connect(server.metastore_url) as connection:
            connection.execute('DELETE FROM "GLOBAL_PRIVS" WHERE "PRINCIPAL_NAME" <> %s', (ADMIN,))
            connection.execute('DELETE FROM "DB_PRIVS" WHERE "PRINCIPAL_NAME" <> %s', (ADMIN,))
        assert failed == []


def _roles(server: HiveServer) -> set[str]:
    with psycopg.connect(server.metastore_url) as connection:
        return {str(name) for (name,) in connection.execute('SELECT "ROLE_NAME" FROM "ROLES"')}
