"""Everything that a data folder holds, as one text: to look for what must not be in it."""

from pathlib import Path

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq


def everything_stored(folder: Path) -> str:
    """The content of every file below a folder, Parquet and Arrow decompressed."""
    return "\n".join(_content(path) for path in sorted(folder.rglob("*")) if path.is_file())


def _content(path: Path) -> str:
    raw = path.read_bytes()
    if raw[:4] == b"PAR1":
        return str(pq.read_table(path).to_pylist())
    if raw[:6] == b"ARROW1":
        return str(pa.ipc.open_file(pa.py_buffer(raw)).read_all().to_pylist())
    # What is kept of parsed views: a digest, then an Arrow file.
    if raw[32:38] == b"ARROW1":
        return str(pa.ipc.open_file(pa.py_buffer(raw[32:])).read_all().to_pylist())
    return raw.decode("utf-8", "replace")
