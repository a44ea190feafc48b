"""Every format: the same rows give the same bytes, in a stream, with names left alone."""

import resource
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO, RawIOBase
from pathlib import Path

import pyarrow as pa
import pytest

from app.core.errors import SettingsError
from app.core.run_report import RunReport
from app.report.parquet_format import ROWS_IN_A_GROUP
from app.report.registry import RENDERERS, render, renderer, stream
from tests.report.reports_by_hand import hostile_report, large_report

_STREAMED = ("json", "ndjson", "csv", "parquet")


def _bytes(name: str, report: RunReport) -> bytes:
    return b"".join(stream(name, report))


def test_an_unknown_format_is_an_error_that_names_the_formats() -> None:
    with pytest.raises(SettingsError, match=r"'jsno' is not a format.*text, json, ndjson"):
        stream("jsno", hostile_report())


@pytest.mark.parametrize("name", RENDERERS)
def test_the_same_report_gives_the_same_bytes(name: str) -> None:
    assert _bytes(name, hostile_report()) == _bytes(name, hostile_report())


@pytest.mark.parametrize("name", RENDERERS)
def test_bytes_do_not_depend_on_how_rows_are_batched(name: str) -> None:
    assert _bytes(name, large_report(2_345, 2_345)) == _bytes(name, _rebatched(2_345, 100))


def _rebatched(rows: int, rows_in_a_batch: int) -> RunReport:
    whole = large_report(rows, rows)

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in whole.exposures():
            for start in range(0, rows, rows_in_a_batch):
                yield batch.slice(start, rows_in_a_batch)

    return replace(whole, exposures=batches)


@pytest.mark.parametrize("name", RENDERERS)
def test_renders_into_a_pipe_and_leaves_it_open(name: str) -> None:
    pipe, file = _Pipe(), BytesIO()
    render(name, hostile_report(), pipe)  # type: ignore[arg-type]
    render(name, hostile_report(), file)
    assert b"".join(pipe.pieces) == file.getvalue()
    assert not file.closed


class _Pipe(RawIOBase):
    """Can be written to and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.pieces.append(bytes(data))
        return len(data)


@pytest.mark.parametrize("name", _STREAMED)
def test_rows_are_written_before_more_are_read(name: str) -> None:
    written, waiting = 0, []
    size = ROWS_IN_A_GROUP if name == "parquet" else 2_000
    report = large_report(size * 4, size)

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in report.exposures():
            waiting.append(written)
            yield batch

    for piece in stream(name, replace(report, exposures=batches)):
        written += len(piece)
        if len(waiting) == 3:
            break
    assert waiting == sorted(set(waiting))


@pytest.mark.parametrize("name", _STREAMED)
def test_memory_does_not_grow_with_the_rows(name: str) -> None:
    assert _peak(name, 6_000) < _peak(name, 2_000) * 1.2 + 500_000


def test_a_hundred_thousand_rows_need_no_more_memory_than_a_thousand() -> None:
    small, large = _Resident(), _Resident()
    for _ in stream("json", large_report(1_000, 1_000)):
        small.look()
    for _ in stream("json", large_report(100_000, 1_000)):
        large.look()
    assert large.most - small.most < 20_000_000


class _Resident:
    """The most memory of this process that was in use when it was looked at, in bytes."""

    def __init__(self) -> None:
        self.most = 0

    def look(self) -> None:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        self.most = max(self.most, pages * resource.getpagesize())


def _peak(name: str, rows: int) -> int:
    report = large_report(rows, 1_000)
    tracemalloc.start()
    try:
        for _ in stream(name, report):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["ndjson", "csv", "parquet"])
def test_exposures_alone_can_be_exported(name: str) -> None:
    rows = renderer(name).rows
    assert rows is not None
    exported = b"".join(rows(hostile_report().exposures()))
    whole = _bytes(name, hostile_report())
    assert exported
    assert exported == whole or exported in whole
