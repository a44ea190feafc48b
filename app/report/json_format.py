"""JSON: one document, its exposures one a line, written as they are read."""

import json
from collections.abc import Iterable, Iterator

import pyarrow as pa

from app.core.run_report import RunReport
from app.report.exposure_fields import exposure_pages
from app.report.posture_fields import SCHEMA_NAME, posture_fields
from app.report.rendering import Look, Renderer

# Every character outside ASCII is written as \uXXXX: exact, and nothing a terminal or an
# editor could be fooled with.
_row = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
_document = json.JSONEncoder(indent=1, allow_nan=False).encode


def stream(report: RunReport, look: Look) -> Iterator[bytes]:
    """`{schema, posture, exposures: […], gone: […]}`."""
    posture = _document(posture_fields(report.posture))
    yield f'{{"schema":{_row(SCHEMA_NAME)},\n"posture":{posture},\n"exposures":['.encode()
    yield from _elements(report.exposures())
    yield b'],\n"gone":['
    yield from _elements(report.gone())
    yield b"]}\n"


def _elements(batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    before = "\n"
    for page in exposure_pages(batches):
        yield (before + ",\n".join(map(_row, page))).encode()
        before = ",\n"


RENDERER = Renderer("application/json", stream)
