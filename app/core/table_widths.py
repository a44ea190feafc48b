"""How many people each table's rules add up to, over a whole lake at once.

A sum over rows grouped by table needs no grouping where the rows are sorted by table: a
running sum, read at each table's first and last row, gives it. Ten million grants take a
gather and a running sum, no hash table.
"""

from array import array

import pyarrow as pa
import pyarrow.compute as pc

from app.core.snapshots import Snapshot

#: Levels of grants on a table or on parts of it, and the offsets that find their rows.
TABLE_OFFSETS = {
    "table": "table_grants",
    "column": "column_grants",
    "partition": "partition_grants",
    "partition_column": "partition_column_grants",
}


def sums_by_table(snapshot: Snapshot, level: str, width_of_rule: pa.Array) -> pa.Array:
    """For each table, the sum of the widths of its grants of one level (int64).

    width_of_rule: int64, one for each rule. A grant that stands twice counts twice.
    """
    return _sums(snapshot, TABLE_OFFSETS[level], width_of_rule)


def sums_by_database(snapshot: Snapshot, width_of_rule: pa.Array) -> pa.Array:
    """The same for each database and its own grants."""
    return _sums(snapshot, "database_grants", width_of_rule)


def grants_of_tables(snapshot: Snapshot, tables: pa.ChunkedArray) -> pa.Array:
    """The row numbers (int64) of the grants on some tables and on their parts."""
    rows = array("q")
    for offsets in TABLE_OFFSETS.values():
        edges = snapshot.offsets(offsets)
        for table in tables.to_pylist():
            rows.extend(range(edges[table], edges[table + 1]))
    return pa.array(rows, pa.int64())


def _sums(snapshot: Snapshot, offsets: str, width_of_rule: pa.Array) -> pa.Array:
    edges = pa.Array.from_buffers(
        pa.int64(),
        len(snapshot.offsets(offsets)),
        [None, pa.py_buffer(snapshot.offsets(offsets))],
    )
    objects = len(edges) - 1
    first, last = edges[0].as_py(), edges[objects].as_py()
    if first == last:
        return pa.repeat(pa.scalar(0, pa.int64()), objects)
    rules = snapshot.mapped("grants")["rule"].slice(first, last - first)
    widths = pc.take(width_of_rule, rules)
    running = pc.cumulative_sum(widths)
    if isinstance(running, pa.ChunkedArray):
        running = running.combine_chunks()
    from_zero = pa.concat_arrays([pa.array([0], pa.int64()), running])
    at_edges = pc.take(from_zero, pc.subtract(edges, first))
    return pc.subtract(at_edges.slice(1), at_edges.slice(0, objects))
