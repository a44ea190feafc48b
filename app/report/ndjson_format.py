"""NDJSON: the posture on the first line, then an exposure a line, then what is gone."""

from collections.abc import Iterable, Iterator

import pyarrow as pa

from app.core.run_report import RunReport
from app.report.json_format import encoded, encoded_rows
from app.report.posture_fields import SCHEMA_NAME, posture_fields
from app.report.rendering import Look, Renderer


def stream(report: RunReport, look: Look) -> Iterator[bytes]:
    """Lines of type `posture`, `exposure` and `gone`."""
    first = {"type": "posture", "schema": SCHEMA_NAME, **posture_fields(report.posture)}
    yield (encoded(first) + "\n").encode()
    yield from rows(report.exposures())
    yield from rows(report.gone(), "gone")


def rows(batches: Iterable[pa.RecordBatch], kind: str = "exposure") -> Iterator[bytes]:
    """Exposures alone, each line of the given type."""
    for page in encoded_rows(batches, f'"type":"{kind}",'):
        yield ("\n".join(page) + "\n").encode()


RENDERER = Renderer("application/x-ndjson", stream, rows)
