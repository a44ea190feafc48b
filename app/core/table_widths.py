"""How many people each table's rules add up to, over a whole lake at once.

A sum over rows grouped by table needs no grouping where the rows are sorted by table: a
running sum, read at each table's first and last row, gives it. Ten million grants take a
gather and a running sum, no hash table.
"""

from array import array
from bisect import bisect_right

import pyarrow as pa
import pyarrow.compute as pc

from app.core.snapshots import Snapshot

#: Ten million grants are gone through in pieces: their columns in one piece each are new
#: memory, and getting that from the system took several times as long as the sums.
GRANTS_AT_ONCE = 250_000

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
    edges = snapshot.offsets(offsets)
    rules = snapshot.mapped("grants")["rule"]
    objects, first, last = len(edges) - 1, edges[0], edges[-1]
    read = bisect_right(edges, first)  # edges whose running sum is known
    sums = [pa.repeat(pa.scalar(0, pa.int64()), read)]
    before = 0
    for start in range(first, last, GRANTS_AT_ONCE):
        stop = min(start + GRANTS_AT_ONCE, last)
        widths = pc.take(width_of_rule, rules.slice(start, stop - start))
        running = pc.cumulative_sum(widths, start=before)
        upto = bisect_right(edges, stop, read)
        places = pc.subtract(_array(edges[read:upto]), start + 1)
        sums += pc.take(running, places).chunks
        before, read = running[-1].as_py(), upto
    at_edges = pa.concat_arrays(sums)
    return pc.subtract(at_edges.slice(1), at_edges.slice(0, objects))


def _array(numbers: memoryview) -> pa.Array:
    return pa.Array.from_buffers(pa.int64(), len(numbers), [None, pa.py_buffer(numbers)])
