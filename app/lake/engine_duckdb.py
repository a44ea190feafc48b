"""The embedded engine: DuckDB over the Parquet files of a snapshot."""

import os
import re
import tempfile
from pathlib import Path
from types import TracebackType

import duckdb
import pyarrow as pa

from app.core.engine import ORDINAL_TABLES
from app.core.errors import SnapshotError
from app.core.snapshots import LAYOUT, Snapshot

#: Rows of a row group in what `write_parquet` writes; fixed so that bytes are equal.
ROW_GROUP_ROWS = 122_880

#: How DuckDB begins to say that a file's inside is not what it should be.
_DAMAGED = re.compile(r"[\w ]*: (Failed to read file|No magic bytes|File .* too small)")


class DuckDbEngine:
    """`core.engine.Engine` on DuckDB, in this process and in bounded memory.

    What does not fit into `memory_limit` goes to `spill`, or to a temporary folder that
    `close` removes. Nothing is fetched from anywhere: extensions are neither installed
    nor loaded, and a name that no table has is an error, never a Python variable.
    """

    def __init__(
        self, memory_limit: str = "1200MB", threads: int = 2, spill: Path | None = None
    ) -> None:
        self._own_spill: tempfile.TemporaryDirectory[str] | None = None
        if spill is None:
            self._own_spill = tempfile.TemporaryDirectory(prefix="lakewarden-")
            spill = Path(self._own_spill.name)
        self._connection = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": memory_limit,
                "threads": threads,
                "temp_directory": os.fspath(spill),
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "allow_community_extensions": False,
            },
        )
        self._connection.execute("SET python_enable_replacements = false")

    def open_snapshot(self, snapshot: Snapshot) -> None:
        """Make every table of the snapshot a view of its name, with its ordinal."""
        for name in self._taken().intersection(LAYOUT):
            self._drop(name)
        for name in LAYOUT:
            path = os.fspath(snapshot.parquet(name))
            ordinal = ", file_row_number::INTEGER AS ordinal" if name in ORDINAL_TABLES else ""
            self.run(
                f"CREATE VIEW {_identifier(name)} AS "
                f"SELECT *{ordinal} FROM read_parquet({_literal(path)})"
            )

    def give(self, name: str, rows: pa.Table) -> None:
        """Make an Arrow table readable under a name, replacing what had it."""
        try:
            self._connection.register(name, rows)
        except duckdb.CatalogException:  # a temp table has the name
            self._drop(name)
            self._connection.register(name, rows)

    def run(self, statement: str) -> None:
        """Run a statement for its effect."""
        try:
            self._connection.execute(statement)
        except duckdb.Error as problem:
            if not _is_damage(problem):
                raise
            raise _damage(problem) from problem

    def query(self, statement: str) -> pa.Table:
        """Run a query and return its rows."""
        try:
            return self._connection.sql(statement).to_arrow_table()
        except duckdb.Error as problem:
            if not _is_damage(problem):
                raise
            raise _damage(problem) from problem

    def write_parquet(self, query: str, path: Path) -> int:
        """Write a query's rows (it must order them) and return how many there were.

        The same rows in the same order give the same bytes. An error, or the end of the
        process, may leave a part of the file: write where nobody reads yet.
        """
        target = _literal(os.fspath(path))
        self.run(
            f"COPY ({query}) TO {target} (FORMAT parquet, COMPRESSION zstd, "
            f"ROW_GROUP_SIZE {ROW_GROUP_ROWS})"
        )
        written = self._connection.fetchone()
        return int(written[0]) if written else 0

    def close(self) -> None:
        """Give the memory, the files and the spill folder back."""
        self._connection.close()
        if self._own_spill is not None:
            self._own_spill.cleanup()
            self._own_spill = None

    def __enter__(self) -> "DuckDbEngine":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _taken(self) -> set[str]:
        """The names that temp tables, views and given Arrow tables have."""
        rows = self._connection.execute(
            "SELECT table_name FROM duckdb_tables() "
            "UNION SELECT view_name FROM duckdb_views() WHERE NOT internal"
        ).fetchall()
        return {name for (name,) in rows}

    def _drop(self, name: str) -> None:
        """Forget whatever has a name: a temp table, a view or a given Arrow table."""
        self._connection.unregister(name)
        kinds = self._connection.execute(
            "SELECT 'TABLE' FROM duckdb_tables() WHERE table_name = $1 "
            "UNION ALL SELECT 'VIEW' FROM duckdb_views() WHERE NOT internal AND view_name = $1",
            [name],
        ).fetchall()
        for (kind,) in kinds:
            self._connection.execute(f"DROP {kind} {_identifier(name)}")


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _is_damage(problem: duckdb.Error) -> bool:
    """Whether a file is missing, cut off or otherwise not what it should be."""
    return (
        isinstance(problem, duckdb.IOException)
        or type(problem) is duckdb.Error
        or _DAMAGED.match(str(problem)) is not None
    )


def _damage(problem: duckdb.Error) -> SnapshotError:
    said = str(problem) or type(problem).__name__
    return SnapshotError(
        "A file of the snapshot or of its results cannot be read or written: "
        f"{said.splitlines()[0]}",
        mend="Take a new snapshot, or free disk space, and run again",
    )
