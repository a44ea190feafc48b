"""Parses of view texts kept in a file between runs."""

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc as ipc

from app.core.view_text import PARSE_SCHEMA

#: Above so many rows what was kept before goes, and only what was just parsed stays.
MAX_ROWS = 20_000_000

_DIGEST_BYTES = hashlib.sha256().digest_size


class ViewParseFile:
    """`core.view_text.ViewParses` in one file, best one for each lake.

    A SHA-256 digest and then an Arrow IPC file. It is a cache and nothing else: where it
    is damaged, foreign or cannot be written, texts are parsed again. It is written beside
    and renamed, so readers see a whole file; of two writers the last one wins.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def known(self) -> pa.Table:
        """What is kept, in PARSE_SCHEMA; nothing where nothing readable is."""
        try:
            content = self.path.read_bytes()
        except OSError:
            return PARSE_SCHEMA.empty_table()
        body = memoryview(content)[_DIGEST_BYTES:]
        if hashlib.sha256(body).digest() != content[:_DIGEST_BYTES]:
            return PARSE_SCHEMA.empty_table()
        rows = ipc.open_file(pa.py_buffer(body)).read_all()
        return rows if rows.schema.equals(PARSE_SCHEMA) else PARSE_SCHEMA.empty_table()

    def keep(self, rows: pa.Table) -> None:
        """Keep these too."""
        before = self.known()
        again = pc.is_in(before["key"], pc.unique(rows["key"]))
        kept = pa.concat_tables([before.filter(pc.invert(again)), rows])
        self._write(rows if kept.num_rows > MAX_ROWS else kept)

    def _write(self, rows: pa.Table) -> None:
        sink = pa.BufferOutputStream()
        with ipc.new_file(
            sink, PARSE_SCHEMA, options=ipc.IpcWriteOptions(compression="lz4")
        ) as writer:
            writer.write_table(rows.combine_chunks())
        body = sink.getvalue()
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(hashlib.sha256(body).digest())
                    file.write(body)
                Path(name).replace(self.path)
            finally:
                Path(name).unlink(missing_ok=True)
