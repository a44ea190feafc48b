"""JSON: one document, its exposures one a line, written as they are read."""

import json
from collections.abc import Iterable, Iterator

import pyarrow as pa

from app.core.run_report import RunReport
from app.report.exposure_fields import FIELDS, written_rows
from app.report.posture_fields import SCHEMA_NAME, posture_fields
from app.report.rendering import Look, Renderer

# Every character outside ASCII is written as \uXXXX: exact, and nothing a terminal or an
# editor could be fooled with.
encoded = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
_indented = json.JSONEncoder(indent=1, allow_nan=False).encode

_FIELDS = ",".join(f'"{name}":%s' for name in FIELDS)


def stream(report: RunReport, look: Look) -> Iterator[bytes]:
    """`{schema, posture, exposures: […], gone: […]}`."""
    posture = _indented(posture_fields(report.posture))
    yield f'{{"schema":{encoded(SCHEMA_NAME)},\n"posture":{posture},\n"exposures":['.encode()
    yield from _elements(report.exposures())
    yield b'],\n"gone":['
    yield from _elements(report.gone())
    yield b"]}\n"


def _elements(batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    before = "\n"
    for page in encoded_rows(batches):
        yield (before + ",\n".join(page)).encode()
        before = ",\n"


def encoded_rows(batches: Iterable[pa.RecordBatch], before: str = "") -> Iterator[list[str]]:
    """Exposures as objects of one line, some hundreds at a time; `before` are first members."""
    row = f"{{{before}{_FIELDS}}}"
    for page in written_rows(batches, encoded):
        yield [row % fields for fields in page]


RENDERER = Renderer("application/json", stream)
