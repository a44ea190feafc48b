"""PostgreSQL as the database of a Hive metastore."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from tests.hive.hive_jars import metastore_schema
from tests.postgres_cluster import SUPERUSER, PostgresCluster, postgres_cluster


@dataclass(frozen=True)
class PostgresServer:
    """A running server; its superuser needs no password, on loopback only."""

    cluster: PostgresCluster

    def url(self, database: str) -> str:
        """What psycopg connects with."""
        return self.cluster.url(database)

    def jdbc_url(self, database: str) -> str:
        """What Hive connects with, as SUPERUSER."""
        return f"jdbc:postgresql://127.0.0.1:{self.cluster.port}/{database}"

    def create_metastore(self) -> str:
        """Make a database with the empty tables of a Hive 4 metastore; return its name."""
        name = self.cluster.create_database("metastore")
        with psycopg.connect(self.url(name)) as connection:
            connection.execute(metastore_schema().read_bytes())
        return name


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Start a server; stop it and remove its files at the end."""
    with postgres_cluster() as cluster:
        yield PostgresServer(cluster)


__all__ = ["SUPERUSER", "PostgresServer", "postgres_server"]
