"""NDJSON: the posture on the first line, then an exposure a line, then what is gone."""

import json
from collections.abc import Iterable, Iterator

import pyarrow as pa

from app.core.run_report import RunReport
from app.report.exposure_fields import exposure_pages
from app.report.posture_fields import SCHEMA_NAME, posture_fields
from app.report.rendering import Look, Renderer

_line = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def stream(report: RunReport, look: Look) -> Iterator[bytes]:
    """Lines of type `posture`, `exposure` and `gone`."""
    first = {"type": "posture", "schema": SCHEMA_NAME, **posture_fields(report.posture)}
    yield (_line(first) + "\n").encode()
    yield from rows(report.exposures())
    yield from rows(report.gone(), "gone")


def rows(batches: Iterable[pa.RecordBatch], kind: str = "exposure") -> Iterator[bytes]:
    """Exposures alone, each line of the given type."""
    for page in exposure_pages(batches):
        yield "".join(_line({"type": kind, **row}) + "\n" for row in page).encode()


RENDERER = Renderer("application/x-ndjson", stream, rows)
