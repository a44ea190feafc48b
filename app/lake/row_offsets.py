"""Where the rows of each table or database stand in a sorted table."""

import pyarrow as pa
import pyarrow.compute as pc

from app.core.facts import GRANT_LEVELS
from app.core.snapshots import OFFSETS

#: The column by which each offset table counts, in the table it points into.
_COUNTED_BY = {"grants": "object", "columns": "table", "table_properties": "table"}


def offsets_into(
    table_name: str, table: pa.Table, *, databases: int, tables: int
) -> dict[str, pa.Array]:
    """All offsets of OFFSETS that point into one table of a snapshot.

    `databases` and `tables` are how many of each the snapshot has. Each result is an
    int64 array of one more than that: rows offset[i] .. offset[i+1] belong to object i.
    """
    found = {}
    for name, (target, level) in OFFSETS.items():
        if target != table_name:
            continue
        owners = table[_COUNTED_BY[target]].combine_chunks()
        first = 0
        if level is not None:
            first, owners = _run_of_level(table["level"].combine_chunks(), owners, level)
        count = databases if level == "database" else tables
        found[name] = _offsets(owners, first, count)
    return found


def _run_of_level(levels: pa.Array, owners: pa.Array, level: str) -> tuple[int, pa.Array]:
    """The rows of one level of grants, which stand together: their first row and owners."""
    runs = pc.run_end_encode(levels, run_end_type=pa.int64())
    start = 0
    for code, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
        if GRANT_LEVELS[code] == level:
            return start, owners.slice(start, end - start)
        if code > GRANT_LEVELS.index(level):
            break
        start = end
    return start, owners.slice(0, 0)


def _offsets(owners: pa.Array, first: int, count: int) -> pa.Array:
    """Offsets from sorted owners whose first row is row `first` of the table."""
    if len(owners) == 0:
        return pa.repeat(pa.scalar(first, pa.int64()), count + 1)
    runs = pc.run_end_encode(owners, run_end_type=pa.int64())
    ends = pc.scatter(
        pc.add(runs.run_ends, first), pc.add(pc.cast(runs.values, pa.int64()), 1), max_index=count
    )
    return pc.fill_null(pc.fill_null_forward(ends), first)
