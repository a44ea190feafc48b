"""A metastore made empty again while its server runs on: starting a Hive takes ten seconds."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import Connection
from psycopg.sql import SQL, Identifier

from tests.hive.hive_server import HiveServer

# The server keeps numbers that it reserved for itself: none is given out again.
_COUNTERS = {"SEQUENCE_TABLE", "NOTIFICATION_SEQUENCE"}


@dataclass(frozen=True)
class FirstState:
    """All rows that stood in a metastore's tables when its server had just started."""

    url: str
    warehouses: tuple[Path, ...]
    rows: Mapping[str, bytes]

    def restore(self) -> None:
        """Put back those rows and no others, in one transaction; no table has a folder."""
        for folder in self.warehouses:
            for made in folder.iterdir():
                shutil.rmtree(made)
        with psycopg.connect(self.url) as connection:
            # As for a restored dump: each row is checked against others when none moves any more.
            connection.execute("SET session_replication_role = replica")
            for table, rows in self.rows.items():
                name = Identifier("public", table)
                connection.execute(SQL("DELETE FROM {}").format(name))
                if rows:
                    copied = SQL("COPY {} FROM STDIN").format(name)
                    with connection.cursor() as cursor, cursor.copy(copied) as copy:
                        copy.write(rows)


def first_state(server: HiveServer) -> FirstState:
    """What its metastore holds now."""
    with psycopg.connect(server.metastore_url) as connection:
        rows = {name: _rows(connection, name) for name in _tables(connection)}
    return FirstState(server.metastore_url, server.warehouses, rows)


def _tables(connection: Connection) -> list[str]:
    found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return sorted({str(name) for (name,) in found} - _COUNTERS)


def _rows(connection: Connection, table: str) -> bytes:
    copied = SQL("COPY {} TO STDOUT").format(Identifier("public", table))
    with connection.cursor() as cursor, cursor.copy(copied) as copy:
        return b"".join(bytes(part) for part in copy)
