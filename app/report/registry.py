"""The formats a report can be shown in, by name. A new one is its file and a line here."""

from collections.abc import Iterator
from typing import BinaryIO

from app.core.errors import SettingsError
from app.core.names import show
from app.core.run_report import RunReport
from app.report import (
    csv_format,
    html_format,
    json_format,
    ndjson_format,
    parquet_format,
    text_format,
)
from app.report.rendering import Look, Renderer

RENDERERS: dict[str, Renderer] = {
    "text": text_format.RENDERER,
    "json": json_format.RENDERER,
    "ndjson": ndjson_format.RENDERER,
    "csv": csv_format.RENDERER,
    "parquet": parquet_format.RENDERER,
    "html": html_format.RENDERER,
}


def renderer(name: str) -> Renderer:
    """The format of a name. Raises SettingsError when there is none."""
    if name not in RENDERERS:
        raise SettingsError(
            f"{show(name)!r} is not a format of the report",
            mend=f"Formats: {', '.join(RENDERERS)}",
        )
    return RENDERERS[name]


def stream(
    name: str,
    report: RunReport,
    *,
    colour: bool = False,
    width: int = 100,
    settings: str = "",
) -> Iterator[bytes]:
    """The report in pieces, made as they are asked for. Raises SettingsError at once."""
    return renderer(name).stream(report, Look(colour, width, settings))


def render(
    name: str,
    report: RunReport,
    out: BinaryIO,
    *,
    colour: bool = False,
    width: int = 100,
    settings: str = "",
) -> None:
    """Write the report to a binary stream, which need not be seekable and stays open."""
    for piece in stream(name, report, colour=colour, width=width, settings=settings):
        out.write(piece)
