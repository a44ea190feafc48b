"""Where a generated lake can be put: a SQLite metastore, a PostgreSQL one, a directory."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

import adbc_driver_postgresql.dbapi as postgresql
import adbc_driver_sqlite.dbapi as sqlite
import pyarrow as pa

from app.core.facts import Facts, Progress, no_progress
from app.demo import schema
from benchmarks.lakes.generated_lake import GeneratedLake
from benchmarks.lakes.hive_rows import HiveRows, Rows, postgresql_schema

_PRAGMAS = ("journal_mode=OFF", "synchronous=OFF", "locking_mode=EXCLUSIVE")


def write_sqlite(lake: GeneratedLake, path: Path, progress: Progress = no_progress) -> None:
    """Write the lake as a Hive 4.0 metastore in a SQLite file, which is replaced."""
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    with sqlite.connect(str(partial), autocommit=True) as connection:
        with connection.cursor() as cursor:
            for pragma in _PRAGMAS:
                cursor.execute(f"PRAGMA {pragma}").fetchall()
            for statement in _statements(schema.TABLES):
                cursor.execute(statement)
        _load(connection, lake.crawl_lake(progress))
        with connection.cursor() as cursor:
            for statement in _statements(schema.INDEXES):
                cursor.execute(statement)
    partial.replace(path)


def load_postgresql(lake: GeneratedLake, url: str, progress: Progress = no_progress) -> None:
    """Make the tables of a Hive 4.0 metastore in an empty database and fill them by COPY.

    The tables are as Hive makes them but for foreign keys.
    """
    tables = [text for text in postgresql_schema() if text.startswith("CREATE TABLE")]
    indexes = [text for text in postgresql_schema() if not text.startswith("CREATE TABLE")]
    with postgresql.connect(url, autocommit=True) as connection:
        with connection.cursor() as cursor:
            for statement in tables:
                cursor.execute(statement)
        _load(connection, lake.crawl_lake(progress))
        with connection.cursor() as cursor:
            for statement in (*indexes, "ANALYZE"):
                cursor.execute(statement)


def write_directory(lake: GeneratedLake, folder: Path, progress: Progress = no_progress) -> None:
    """Write users.csv, groups.csv and memberships.csv for the source `csv:FOLDER`."""
    folder.mkdir(parents=True, exist_ok=True)
    headers = {
        "users": ("users.csv", ["user", "kind", "active"]),
        "groups": ("groups.csv", ["group"]),
        "group_members": ("memberships.csv", ["member_type", "member", "group"]),
    }
    files = {}
    try:
        for kind, (name, header) in headers.items():
            files[kind] = (folder / name).open("w", encoding="utf-8", newline="")
            csv.writer(files[kind], lineterminator="\n").writerow(header)
        for facts in lake.crawl_directory(progress):
            rows = zip(*(column.to_pylist() for column in facts.batch.columns), strict=True)
            writer = csv.writer(files[facts.kind], lineterminator="\n")
            writer.writerows([_text(value) for value in row] for row in rows)
    finally:
        for file in files.values():
            file.close()


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _statements(script: str) -> Iterator[str]:
    return (statement.strip() for statement in script.split(";") if statement.strip())


def _load(connection: sqlite.Connection | postgresql.Connection, facts: Iterable[Facts]) -> None:
    """Append the rows of all facts, a COPY or its like for each batch."""
    rows = HiveRows()
    with connection.cursor() as cursor:
        for table, batch in _gathered(made for fact in facts for made in rows.rows(fact)):
            cursor.adbc_ingest(table, batch, mode="append")


def _gathered(rows: Iterable[Rows], enough: int = 200_000) -> Iterator[tuple[str, pa.Table]]:
    """Batches of one table put together, so that few statements carry many rows."""
    waiting: dict[str, list[pa.RecordBatch]] = {}
    for table, batch in rows:
        batches = waiting.setdefault(table, [])
        batches.append(batch)
        if sum(part.num_rows for part in batches) >= enough:
            yield table, pa.Table.from_batches(waiting.pop(table))
    for table, batches in waiting.items():
        yield table, pa.Table.from_batches(batches)
