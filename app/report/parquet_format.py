"""Parquet of the exposures, of exposures.SCHEMA as it is; the same rows, the same bytes."""

import io
from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from app.core.exposures import SCHEMA
from app.core.run_report import RunReport
from app.report.rendering import Look, Renderer

#: Row groups have this many rows however the batches came, so that bytes depend on rows only.
ROWS_IN_A_GROUP = 20_000


def stream(report: RunReport, look: Look) -> Iterator[bytes]:
    """One file, row group after row group."""
    return rows(report.exposures())


def rows(batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """One file, row group after row group."""
    sink = _Drained()
    with pq.ParquetWriter(sink, SCHEMA, version="2.6", compression="zstd") as writer:
        for group in _groups(batches):
            writer.write_table(group, row_group_size=ROWS_IN_A_GROUP)
            yield sink.drain()
    yield sink.drain()


def _groups(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    waiting, count = [], 0
    for batch in batches:
        waiting.append(batch)
        count += batch.num_rows
        if count >= ROWS_IN_A_GROUP:
            table = pa.Table.from_batches(waiting, SCHEMA)
            whole = count - count % ROWS_IN_A_GROUP
            for start in range(0, whole, ROWS_IN_A_GROUP):
                yield table.slice(start, ROWS_IN_A_GROUP).combine_chunks()
            # Copied, so that the slice does not keep the whole batch alive.
            waiting, count = table.slice(whole).combine_chunks().to_batches(), count - whole
    if count:
        yield pa.Table.from_batches(waiting, SCHEMA).combine_chunks()


class _Drained(io.RawIOBase):
    """A file that can only be appended to, and is emptied as it is read."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        piece = bytes(data)
        self._pieces.append(piece)
        self._written += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._written

    def drain(self) -> bytes:
        """Everything written since the last time."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


RENDERER = Renderer("application/vnd.apache.parquet", stream, rows)
