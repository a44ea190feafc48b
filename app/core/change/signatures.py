"""What decides access to a table after a change, as a key."""

from collections.abc import Mapping
from typing import Any

from app.core import compute as pc
from app.core.change.applying import Change
from app.core.lake_view import LakeView


class Signatures:
    """What decides access to a table, as a key: tables with one key are open alike.

    A table that the change wrote to, or that has grants on parts, is its own key.
    """

    def __init__(self, change: Change) -> None:
        self._lookup = change.after.lookup
        self._has_parts = change.after.mode.has_parts
        snapshot = change.after.snapshot
        self._rules: Any = memoryview(b"").cast("i")
        rules = snapshot.mapped("grants")["rule"]
        if rules.num_chunks:
            whole = rules.combine_chunks() if rules.num_chunks > 1 else rules.chunk(0)
            self._rules = memoryview(whole.buffers()[1]).cast("i")[whole.offset :]
        self._grants = snapshot.offsets("table_grants")
        self._parts = [
            snapshot.offsets(f"{level}_grants")
            for level in ("column", "partition", "partition_column")
        ]
        self._parted = _with_partition_rights(change.after) if self._has_parts else frozenset()

    def of(self, table: int) -> tuple[Any, ...]:
        """The key of a table."""
        if table in self._lookup.tables or self.has_parts(table):
            return (table,)
        rules = bytes(self._rules[self._grants[table] : self._grants[table + 1]])
        rows = self._lookup.rows("tables")
        database = rows.value("database", table) if self._has_parts else None
        is_view = rows.value("kind", table) == "VIRTUAL_VIEW"
        return (
            rules,
            rows.value("owner", table),
            rows.value("owner_type", table),
            database,
            is_view,
        )

    def at_most(self, table: int, sizes: Mapping[int, int]) -> int:
        """As many as a table of the snapshot can be open to by its rows; sizes: by rule."""
        return sum(
            map(sizes.__getitem__, self._rules[self._grants[table] : self._grants[table + 1]])
        )

    def has_parts(self, table: int) -> bool:
        """Whether grants on its columns or partitions may open parts of it."""
        if not self._has_parts:
            return False
        if table >= len(self._grants) - 1 or table in self._parted:
            return True
        return any(offsets[table] != offsets[table + 1] for offsets in self._parts)


def _with_partition_rights(view: LakeView) -> frozenset[int]:
    rows = view.snapshot.mapped("table_properties")
    found = rows.filter(pc.equal(rows["key"], "PARTITION_LEVEL_PRIVILEGE"))
    return frozenset(found["table"].to_pylist())
