"""Builds `index/`: the tables as memory-mapped Arrow files, and where rows stand in them."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from app.core.snapshots import LAYOUT
from app.lake.manifest import INDEX, OFFSETS_FOLDER
from app.lake.row_offsets import offsets_into
from app.lake.snapshot_files import write_arrow


def make_index_folders(folder: Path) -> None:
    """Make the empty folders of an index inside a snapshot's folder."""
    (folder / INDEX / OFFSETS_FOLDER).mkdir(parents=True, exist_ok=True)


def write_index(folder: Path, name: str, table: pa.Table, *, databases: int, tables: int) -> None:
    """Write one table's part of the index; the counts say how many offsets there are."""
    write_arrow(folder / INDEX / f"{name}.arrow", table)
    found = offsets_into(name, table, databases=databases, tables=tables)
    for offsets_name, offsets in found.items():
        path = folder / INDEX / OFFSETS_FOLDER / f"{offsets_name}.arrow"
        write_arrow(path, pa.table({"offset": offsets}))


def rebuild_index(folder: Path) -> None:
    """Write the whole index of a snapshot again from its Parquet files.

    Raises OSError when the folder cannot be written.
    """
    make_index_folders(folder)
    databases, tables = (
        pq.read_metadata(folder / f"{name}.parquet").num_rows for name in ("databases", "tables")
    )
    for name in LAYOUT:
        table = pq.read_table(folder / f"{name}.parquet", schema=LAYOUT[name])
        write_index(folder, name, table, databases=databases, tables=tables)
