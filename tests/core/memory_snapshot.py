"""A snapshot in memory, for tests of what reads `mapped` tables only."""

from pathlib import Path
from typing import Any

import pyarrow as pa

from app.core.snapshots import LAYOUT
from tests.core.random_lakes import RandomLake


class MemorySnapshot:
    """Implements core.snapshots.Snapshot as far as the population needs it."""

    path = Path("memory")
    content_hash = "0" * 64

    def __init__(self, lake: RandomLake) -> None:
        self.manifest: dict[str, Any] = {}
        self._tables = {name: schema.empty_table() for name, schema in LAYOUT.items()}
        for name in ("role_members", "roles", "users", "groups", "group_members"):
            self._tables[name] = pa.Table.from_pylist(lake.of(name), LAYOUT[name])
        for name in ("databases", "tables"):
            rows = [
                {"owner": row["owner"], "owner_type": row["owner_type"]} for row in lake.of(name)
            ]
            self._tables[name] = pa.Table.from_pylist(rows, LAYOUT[name])
        self._tables["rules"] = pa.Table.from_pylist(lake.of("grants"), LAYOUT["rules"])

    def parquet(self, name: str) -> Path:
        """There is none."""
        raise FileNotFoundError(name)

    def mapped(self, name: str) -> pa.Table:
        """The table."""
        return self._tables[name]

    def offsets(self, name: str) -> memoryview:
        """There are none."""
        raise FileNotFoundError(name)
