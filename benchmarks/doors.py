"""Crawls of 2,000 tables through HiveServer2, in its three ways, and through the metastore's
Thrift service.

Each beside what asks about one object at a time on the same server: `SHOW GRANT` through
PyHive, `get_table` through the same Thrift bindings. Of those a sample is timed and scaled
to the whole lake.
"""

import random
import time
from collections.abc import Callable, Iterable, Mapping
from statistics import median
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from app.sources.hive_text import quoted
from app.sources.registry import open_source
from app.sources.source_url import parse_source_url
from app.sources.thrift_client import ThriftClient, table_request
from app.sources.thrift_transport import buffered, endpoint
from tests.hive.hive_server import ADMIN, HiveServer, MetastoreServer, hive_server, metastore_server
from tests.hive.oracle import run
from tests.hive.postgres_server import postgres_server
from tests.hive.shown_metastore import mirror_statements, sys_statements

TABLES = 2_000
DATABASES = 10
SAMPLE = 60  # objects that are asked about one by one

_BASE = 1_000_000  # ids of what is copied begin here
_COLUMNS = ", ".join(f"c{number} string" for number in range(12))
LAKE_STATEMENTS = (
    "SET ROLE ADMIN",
    "CREATE DATABASE made",
    f"CREATE TABLE made.original ({_COLUMNS}) PARTITIONED BY (day string)",
    "CREATE ROLE analysts",
    "GRANT SELECT ON TABLE made.original TO ROLE analysts",
    "GRANT SELECT ON TABLE made.original TO ROLE public",
    "GRANT SELECT ON TABLE made.original TO USER ann WITH GRANT OPTION",
)


def measure(rounds: int) -> dict[str, Any]:
    """Seconds of each round of both doors, and of one object at a time, scaled."""
    with postgres_server() as postgres, hive_server(postgres, "sql-standard") as hive:
        refused = run(hive, ADMIN, LAKE_STATEMENTS)
        if refused:
            raise RuntimeError(f"the lake was not made: {refused}")
        with psycopg.connect(hive.metastore_url) as connection:
            copy_table(connection, TABLES, DATABASES)
        with metastore_server(postgres, "sql-standard", hive.database) as metastore:
            measured = _Measured(hive, metastore, rounds)
            measured.door("statements", hive.url)
            measured.door("thrift", metastore.url)
            _show(hive, sys_statements())
            measured.door("sys", hive.url)
            _show(hive, mirror_statements())
            measured.door("mirror", hive.url)
            return measured.said()


def _show(hive: HiveServer, statements: Iterable[str]) -> None:
    """Have a Hive show its metastore."""
    refused = run(hive, ADMIN, ("SET ROLE ADMIN", *statements))
    if refused:
        raise RuntimeError(f"the metastore is not shown: {refused}")


class _Measured:
    """What was measured, door by door, each round beside one object at a time."""

    def __init__(self, hive: HiveServer, metastore: MetastoreServer, rounds: int) -> None:
        self._hive, self._metastore, self._rounds = hive, metastore, rounds
        self._doors: dict[str, list[float]] = {}
        self._singly: dict[str, list[float]] = {}

    def door(self, name: str, url: str) -> None:
        """Measure a door; its first crawl warms its server."""
        crawled(url)
        doors, singly = self._doors.setdefault(name, []), self._singly.setdefault(name, [])
        for number in range(self._rounds):
            doors.append(timed(lambda: crawled(url)))
            if name == "thrift":
                singly.append(_get_tables(self._metastore, number))
            else:
                singly.append(_show_grants(self._hive, number))

    def said(self) -> dict[str, Any]:
        """All of it."""
        return _said(self._doors, self._singly)


def _said(doors: dict[str, list[float]], singly: dict[str, list[float]]) -> dict[str, Any]:
    return {
        "tables": TABLES + 1,
        "sample": SAMPLE,
        "doors": doors,
        "singly": singly,
        "median": {
            "doors": {door: median(doors[door]) for door in doors},
            "singly": {door: median(singly[door]) for door in doors},
        },
        "ratio": {door: median(singly[door]) / median(doors[door]) for door in doors},
    }


def timed(act: Callable[[], object]) -> float:
    """Seconds that an act takes."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def crawled(url: str) -> int:
    """Crawl to the end; how many tables came. Raises RuntimeError where some are missing.

    What shows the metastore are tables too.
    """
    tables: int = sum(
        facts.batch.num_rows for facts in open_source(url).crawl() if facts.kind == "tables"
    )
    if not TABLES + 1 <= tables <= TABLES + 30:
        raise RuntimeError(f"{tables} tables came through {url}")
    return tables


def _sample(number: int) -> list[tuple[str, str]]:
    chosen = random.Random(number).sample(range(1, TABLES + 1), SAMPLE)
    return [(f"big_{each % DATABASES}", f"t_{each}") for each in chosen]


def _show_grants(hive: HiveServer, number: int) -> float:
    """Seconds for the whole lake, by one SHOW GRANT for each table of a sample."""
    with hive.connect(ADMIN) as connection:
        cursor = connection.cursor()
        cursor.execute("SET ROLE ADMIN")

        def ask() -> None:
            for database, name in _sample(number):
                cursor.execute(f"SHOW GRANT ON TABLE {quoted(database)}.{quoted(name)}")
                if not cursor.fetchall():
                    raise RuntimeError(f"{database}.{name} shows no grants")

        return timed(ask) * (TABLES + 1) / SAMPLE


def _get_tables(metastore: MetastoreServer, number: int) -> float:
    """Seconds for the whole lake, by one get_table for each table of a sample."""
    there = endpoint(parse_source_url(metastore.url, ()), 9083)
    client = ThriftClient(lambda: buffered(there.socket()), metastore.url, 1)
    with client.opened():
        client.call("get_all_databases")  # the connection is not what is timed

        def ask() -> None:
            for database, name in _sample(number):
                client.call("get_table_req", table_request(None, database, name))

        return timed(ask) * (TABLES + 1) / SAMPLE


def copy_table(connection: psycopg.Connection[Any], tables: int, databases: int) -> None:
    """Put copies of `made.original`, grants and all, into a metastore's database."""
    found = connection.execute(
        'SELECT t."TBL_ID", s."SD_ID", s."CD_ID", s."SERDE_ID" FROM "TBLS" t '
        'JOIN "SDS" s USING ("SD_ID") WHERE t."TBL_NAME" = \'original\''
    ).fetchone()
    assert found is not None
    table, storage, columns, serde = found
    new = f"{_BASE} + g"
    _copy(
        connection,
        "DBS",
        "NAME",
        "made",
        databases,
        {
            "DB_ID": f"{_BASE} + g - 1",
            "NAME": "'big_' || (g - 1)",
        },
    )
    for name, key, value, changed in (
        ("CDS", "CD_ID", columns, {}),
        ("COLUMNS_V2", "CD_ID", columns, {}),
        ("SERDES", "SERDE_ID", serde, {}),
        ("SERDE_PARAMS", "SERDE_ID", serde, {}),
        ("SDS", "SD_ID", storage, {"CD_ID": new, "SERDE_ID": new}),
        (
            "TBLS",
            "TBL_ID",
            table,
            {
                "SD_ID": new,
                "DB_ID": f"{_BASE} + g % {databases}",
                "TBL_NAME": "'t_' || g",
            },
        ),
        ("TABLE_PARAMS", "TBL_ID", table, {}),
        ("PARTITION_KEYS", "TBL_ID", table, {}),
        ("TBL_PRIVS", "TBL_ID", table, {"TBL_GRANT_ID": f'{_BASE} + g * 100 + s."TBL_GRANT_ID"'}),
    ):
        _copy(connection, name, key, value, tables, {key: new, **changed})


def _copy(
    connection: psycopg.Connection[Any],
    table: str,
    key: str,
    value: str | int,
    times: int,
    changed: Mapping[str, LiteralString],
) -> None:
    names = connection.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s "
        "ORDER BY ordinal_position",
        (table,),
    ).fetchall()
    columns = [name for (name,) in names]
    values = [
        sql.SQL(changed[name]) if name in changed else sql.Identifier("s", name) for name in columns
    ]
    connection.execute(
        sql.SQL(
            "INSERT INTO {table} ({columns}) SELECT {values} "
            "FROM {table} s, generate_series(1, {times}) g WHERE s.{key} = {value}"
        ).format(
            table=sql.Identifier(table),
            columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
            values=sql.SQL(", ").join(values),
            times=sql.Literal(times),
            key=sql.Identifier(key),
            value=sql.Literal(value),
        )
    )
