"""The seam to the SQL engine that does the heavy steps."""

from pathlib import Path
from typing import Protocol

import pyarrow as pa

from app.core.snapshots import Snapshot

#: The tables of a snapshot whose views also have their row number, as column `ordinal`.
ORDINAL_TABLES = frozenset(
    {
        "databases",
        "tables",
        "view_texts",
        "column_names",
        "column_types",
        "rules",
        "grantors",
        "grants",
    }
)


class Engine(Protocol):
    """Runs SQL written in DuckDB's dialect over a snapshot and over Arrow tables."""

    def open_snapshot(self, snapshot: Snapshot) -> None:
        """Make every table of the snapshot a view of its name, with its ordinal.

        The views in ORDINAL_TABLES also have their row number as INTEGER `ordinal`.
        """
        ...

    def give(self, name: str, rows: pa.Table) -> None:
        """Make an Arrow table readable under a name, replacing what had it."""
        ...

    def run(self, statement: str) -> None:
        """Run a statement for its effect, such as CREATE TEMP TABLE … AS."""
        ...

    def query(self, statement: str) -> pa.Table:
        """Run a query and return its rows."""
        ...

    def write_parquet(self, query: str, path: Path) -> int:
        """Write a query's rows (it must order them) and return how many there were."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...
