"""The bytes of a snapshot: the same tables give the same files, on every machine.

One fixed row-group size, encoding and compression, no creation time, no pandas or Arrow
schema in the footer.
"""

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc
import pyarrow.parquet as pq

from app.lake.manifest import sha256_of

ROW_GROUP = 122_880  # rows; what the DuckDB engine scans at a time
_SYNCS_AT_ONCE = 16

#: Numbers that grow from row to row or hardly repeat: stored as differences.
_GROWING = ("object", "table", "source_row", "create_time")
#: Texts that hardly repeat: a dictionary would be built and thrown away.
_TEXTS = ("text", "original", "location", "value")


def write_parquet(path: Path, table: pa.Table) -> dict[str, Any]:
    """Write one table and return its entry in the manifest: rows, bytes, sha256.

    It is on disk for good only after sync_all.
    """
    names = table.column_names
    growing = [
        field.name
        for field in table.schema
        if field.name in _GROWING and pa.types.is_integer(field.type)
    ]
    pq.write_table(
        table.combine_chunks(),
        path,
        row_group_size=ROW_GROUP,
        compression="zstd",
        compression_level=1,
        use_dictionary=[name for name in names if name not in (*growing, *_TEXTS)],
        column_encoding=dict.fromkeys(growing, "DELTA_BINARY_PACKED"),
        store_schema=False,
        version="2.6",
        data_page_version="1.0",
    )
    return {"rows": table.num_rows, "bytes": path.stat().st_size, "sha256": sha256_of(path)}


def write_arrow(path: Path, table: pa.Table) -> None:
    """Write one table as an uncompressed Arrow IPC file that can be memory mapped.

    The same table gives the same bytes: numbers under nulls, which may be anything, are
    0. What stood there is replaced, so whoever has it mapped keeps what he sees.
    """
    columns = [_zero_under_nulls(column) for column in table.combine_chunks().columns]
    table = pa.table(columns, schema=table.schema)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with pa.OSFile(str(fresh), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    os.replace(fresh, path)


def _zero_under_nulls(column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    if column.null_count == 0 or not pa.types.is_integer(column.type) or column.num_chunks != 1:
        return column
    numbers = column.chunk(0).fill_null(0)
    return pc.if_else(column.chunk(0).is_valid(), numbers, pa.scalar(None, numbers.type))


def sync_all(paths: Iterable[Path]) -> None:
    """Have files and folders on disk when this returns.

    All at once: a journaling file system commits many waiting together for the price of
    one.
    """
    with ThreadPoolExecutor(_SYNCS_AT_ONCE) as threads:
        for done in [threads.submit(_sync, path) for path in paths]:
            done.result()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
