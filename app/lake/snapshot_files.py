"""The bytes of a snapshot: the same tables give the same files, on every machine.

One fixed row-group size and compression, no creation time, no pandas or Arrow schema in
the footer. `manifest.json` names every file with its rows and sha256, and carries the
content hash: the sha256 over those names and hashes in canonical JSON.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

from app.core.snapshots import FORMAT_VERSION

ROW_GROUP = 122_880  # rows; what the DuckDB engine scans at a time
MANIFEST = "manifest.json"
TAKEN = "taken.json"
INDEX = "index"
OFFSETS_FOLDER = "offsets"

_SYNCS_AT_ONCE = 16

#: Columns whose values hardly repeat: a dictionary would be built and thrown away.
_NO_DICTIONARY = ("source_row", "create_time", "text", "original")


def write_parquet(path: Path, table: pa.Table) -> dict[str, Any]:
    """Write one table and return its entry in the manifest: rows, bytes, sha256.

    It is on disk for good only after sync_all.
    """
    pq.write_table(
        table.combine_chunks(),
        path,
        row_group_size=ROW_GROUP,
        compression="zstd",
        compression_level=1,
        use_dictionary=[name for name in table.column_names if name not in _NO_DICTIONARY],
        store_schema=False,
        version="2.6",
        data_page_version="1.0",
    )
    return {"rows": table.num_rows, "bytes": path.stat().st_size, "sha256": sha256_of(path)}


def write_arrow(path: Path, table: pa.Table) -> None:
    """Write one table as an uncompressed Arrow IPC file that can be memory mapped.

    What stood there is replaced, so whoever has it mapped keeps what he sees.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with pa.OSFile(str(fresh), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    os.replace(fresh, path)


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def manifest_bytes(tables: dict[str, dict[str, Any]], **more: Any) -> bytes:
    """The manifest of a snapshot's tables, its content hash included.

    `more` stands beside the tables and is hashed with them.
    """
    content: dict[str, Any] = {"format": FORMAT_VERSION, "tables": tables, **more}
    content["content_hash"] = content_hash(content)
    return (json.dumps(content, indent=1, sort_keys=True) + "\n").encode()


def content_hash(manifest: dict[str, Any]) -> str:
    """The sha256 over everything a manifest says but its content hash itself."""
    hashed = {key: value for key, value in manifest.items() if key != "content_hash"}
    return hashlib.sha256(canonical_json(hashed)).hexdigest()


def canonical_json(value: Any) -> bytes:
    """One spelling for each value, to be hashed or signed."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


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
