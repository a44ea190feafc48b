"""Measures a crawl of a PostgreSQL metastore against COPY of the same columns to files.

    python -m benchmarks.crawl [--tables 100000] [--grants 1000000] [--rounds 3]

Starts a throw-away PostgreSQL, fills it with a made-up metastore of Hive 4.0 (ten columns
a table, skewed grants), and times in turn: the server's `COPY … TO` file of every column
that the crawl reads, table by table without joins; and the whole crawl, from connecting
to the finished snapshot. Both are repeated and the medians compared.
"""

import argparse
import json
import resource
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg

from app.lake.snapshot_writer import Taken, write_snapshot
from app.sources import metastore_schema
from app.sources.metastore_connection import Read
from app.sources.registry import open_source
from tests.postgres_cluster import PostgresCluster, postgres_cluster
from tests.sources.hive_schema import hive_schema

COLUMNS_PER_TABLE = 10

# Statements with {tables} and {grants}; generate_series makes every row.
_FILL = (
    """INSERT INTO "VERSION" VALUES (1, '4.0.0', '')""",
    """INSERT INTO "CTLGS" ("CTLG_ID", "NAME", "LOCATION_URI") VALUES (1, 'hive', 'hdfs://nn/w')""",
    """INSERT INTO "DBS" ("DB_ID", "DB_LOCATION_URI", "NAME", "OWNER_NAME", "OWNER_TYPE",
        "CTLG_NAME", "TYPE")
       SELECT i, 'hdfs://nn:8020/warehouse/db_' || i, 'db_' || i, 'owner_' || i % 50, 'USER',
        'hive', 'NATIVE' FROM generate_series(1, 200) i""",
    """INSERT INTO "SDS" ("SD_ID", "CD_ID", "LOCATION")
       SELECT i, i, 'hdfs://nn:8020/warehouse/db_' || 1 + i % 200 || '.db/table_' || i
       FROM generate_series(1, {tables}) i""",
    """INSERT INTO "TBLS" ("TBL_ID", "CREATE_TIME", "DB_ID", "OWNER", "OWNER_TYPE", "SD_ID",
        "TBL_NAME", "TBL_TYPE")
       SELECT i, 1700000000 + i, 1 + i % 200, 'user_' || i % 2000, 'USER', i, 'table_' || i,
        CASE WHEN i % 3 = 0 THEN 'EXTERNAL_TABLE' ELSE 'MANAGED_TABLE' END
       FROM generate_series(1, {tables}) i""",
    """INSERT INTO "COLUMNS_V2" ("CD_ID", "COLUMN_NAME", "TYPE_NAME", "INTEGER_IDX")
       SELECT i, 'column_' || (i * 7 + j * j) % 5000 || '_' || j,
        (ARRAY['string', 'bigint', 'int', 'double', 'timestamp', 'decimal(18,2)',
               'array<string>', 'date', 'boolean', 'struct<a:int,b:string>'])[1 + j], j
       FROM generate_series(1, {tables}) i, generate_series(0, {columns} - 1) j""",
    """INSERT INTO "PARTITION_KEYS" ("TBL_ID", "PKEY_NAME", "PKEY_TYPE", "INTEGER_IDX")
       SELECT i, 'ds', 'string', 0 FROM generate_series(1, {tables}, 2) i""",
    """INSERT INTO "TABLE_PARAMS" ("TBL_ID", "PARAM_KEY", "PARAM_VALUE")
       SELECT i, k, v || i FROM generate_series(1, {tables}) i,
        (VALUES ('EXTERNAL', 'TRUE'), ('transient_lastDdlTime', '170000'), ('numRows', '1'),
                ('numFiles', '2'), ('totalSize', '3'), ('rawDataSize', '4'),
                ('COLUMN_STATS_ACCURATE', '{{"BASIC_STATS":"true"}}'),
                ('team', 'team_')) p (k, v)""",
    """INSERT INTO "ROLES" ("ROLE_ID", "CREATE_TIME", "ROLE_NAME")
       SELECT i, 1600000000, 'role_' || i FROM generate_series(1, 2000) i""",
    """INSERT INTO "ROLE_MAP" ("ROLE_GRANT_ID", "ADD_TIME", "GRANT_OPTION", "GRANTOR",
        "GRANTOR_TYPE", "PRINCIPAL_NAME", "PRINCIPAL_TYPE", "ROLE_ID")
       SELECT i, 1600000000 + i, 0, 'admin', 'USER', 'user_' || i % 5000, 'USER', 1 + i % 2000
       FROM generate_series(1, 20000) i""",
    """INSERT INTO "TBL_PRIVS" ("TBL_GRANT_ID", "CREATE_TIME", "GRANT_OPTION", "GRANTOR",
        "GRANTOR_TYPE", "PRINCIPAL_NAME", "PRINCIPAL_TYPE", "TBL_PRIV", "TBL_ID", "AUTHORIZER")
       SELECT i, 1700000000 + i / 10, (i % 5 = 0)::int, 'user_' || i % 300, 'USER',
        CASE WHEN i % 10 < 6 THEN 'user_' || t % 2000 ELSE 'role_' || (i * i) % 2000 END,
        CASE WHEN i % 10 < 6 THEN 'USER' ELSE 'ROLE' END,
        (ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE'])[1 + i % 4], t, 'SQL'
       FROM (SELECT i, 1 + (i * 2654435761) % {tables} AS t
             FROM generate_series(1::bigint, {grants}) i) g""",
)


def measure(tables: int = 100_000, grants: int = 1_000_000, rounds: int = 3) -> dict[str, Any]:
    """Times in seconds (medians and all rounds), their ratio, and the peak memory in MB."""
    with postgres_cluster({"shared_buffers": "512MB", "max_wal_size": "8GB"}) as cluster:
        database = cluster.create_database("crawl")
        _fill(cluster.url(database), tables, grants)
        copies, crawls = [], []
        for _ in range(rounds):
            copies.append(_copy(cluster, database))
            crawls.append(_crawl(cluster.url(database)))
    return {
        "tables": tables,
        "columns": tables * COLUMNS_PER_TABLE,
        "grants": grants,
        "copy_seconds": statistics.median(copies),
        "crawl_seconds": statistics.median(crawls),
        "ratio": statistics.median(crawls) / statistics.median(copies),
        "copies": copies,
        "crawls": crawls,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _fill(url: str, tables: int, grants: int) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in hive_schema("4.0.0", "postgresql"):
            connection.execute(statement.encode())
        for statement in _FILL:
            filled = statement.format(tables=tables, grants=grants, columns=COLUMNS_PER_TABLE)
            connection.execute(filled.encode())
        connection.execute("VACUUM ANALYZE")


def _copy(cluster: PostgresCluster, database: str) -> float:
    """The server writes the columns that the crawl reads, each table once, to files."""
    columns = _columns_read()
    with psycopg.connect(cluster.url(database), autocommit=True) as connection:
        start = time.perf_counter()
        for table, names in columns.items():
            listed = ", ".join(f'"{name}"' for name in sorted(names))
            target = cluster.folder / "data" / f"{table}.copy"
            connection.execute(f"COPY \"{table}\" ({listed}) TO '{target}'".encode())
        return time.perf_counter() - start


def _columns_read() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    reads: list[Read] = [read for read in vars(metastore_schema).values() if isinstance(read, Read)]
    reads += metastore_schema.GRANTS.values()
    for read in reads:
        for output in read.outputs:
            if output.alias in read.tables:
                found.setdefault(read.tables[output.alias], set()).add(output.column)
    found["SDS"].update(("SD_ID", "CD_ID"))  # what joins them
    found["TBLS"].add("SD_ID")
    found["COLUMNS_V2"].add("CD_ID")
    return found


def _crawl(url: str) -> float:
    folder = Path(tempfile.mkdtemp(prefix="lakewarden-crawl-"))
    try:
        start = time.perf_counter()
        source = open_source(f"metastore+{url}")
        write_snapshot(source.crawl(), folder, Taken.now(source.label))
        return time.perf_counter() - start
    finally:
        shutil.rmtree(folder)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=100_000)
    parser.add_argument("--grants", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.tables, arguments.grants, arguments.rounds), indent=1))


if __name__ == "__main__":
    main()
