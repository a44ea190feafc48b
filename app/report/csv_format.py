"""CSV of the exposures, for spreadsheets: RFC 4180, and no cell that one would run.

A cell that begins as a formula gets an apostrophe in front; `as_read` takes it off
again, so nothing is lost. Lists are joined by "; ".
"""

import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from app.core.run_report import RunReport
from app.report.exposure_fields import FIELDS, Row, written_rows
from app.report.rendering import Look, Renderer

BETWEEN = "; "

# What a spreadsheet takes for the beginning of a formula, and its fullwidth forms.
_FORMULA = frozenset("=+-@＝＋－＠")
_BLANK = ("\t", "\r", "\n")
# What makes a cell stand in quotes.
_QUOTED = frozenset(',"\r\n')


def stream(report: RunReport, look: Look) -> Iterator[bytes]:
    """A header and one line an exposure."""
    return rows(report.exposures())


def rows(batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """A header and one line an exposure."""
    yield _lines([FIELDS])
    for page in written_rows(batches, lambda value: _quoted(cell(value))):
        yield _lines(page)


def _lines(rows_of_cells: Iterable[Iterable[str]]) -> bytes:
    return "".join(",".join(cells) + "\r\n" for cells in rows_of_cells).encode()


def _quoted(text: str) -> str:
    if _QUOTED.isdisjoint(text):
        return text
    return '"' + text.replace('"', '""') + '"'


def cell(value: Any) -> str:
    """One value as it stands in its cell, before quoting."""
    if isinstance(value, str):
        return defused(value)
    if isinstance(value, list):
        return defused(
            BETWEEN.join(_grant(each) if isinstance(each, dict) else each for each in value)
        )
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _grant(grant: Row) -> str:
    """`TBL_PRIVS 17: SELECT to role:x by y at 2026-06-09T09:41:00Z with grant option`."""
    said = f"{grant['source']}: {grant['privilege']} to {grant['principal']}"
    if grant["grantor"] is not None:
        said += f" by {grant['grantor']}"
    if grant["granted_at"] is not None:
        said += f" at {grant['granted_at']}"
    return said + (" with grant option" if grant["grant_option"] else "")


def defused(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet would run it."""
    return "'" + text if _runs(text) else text


def as_read(text: str) -> str:
    """What `defused` was given, from what it gave."""
    return text[1:] if text.startswith("'") and _runs(text[1:]) else text


def _runs(text: str) -> bool:
    # Apostrophes are looked through, so that a name which has one of its own is told
    # from one that was given it; what cannot be seen too, as some readers drop it.
    begins = text.lstrip("'")
    if begins[:1].isalnum():
        return False
    seen = (letter for letter in begins if unicodedata.category(letter)[0] not in "CZ")
    return begins[:1] in _BLANK or next(seen, "") in _FORMULA


RENDERER = Renderer("text/csv; charset=utf-8; header=present", stream, rows)
