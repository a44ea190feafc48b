"""CSV: any text comes back through the csv module, and no cell can be run."""

import csv
import io
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.exposures import SCHEMA
from app.report import csv_format
from app.report.exposure_fields import FIELDS, exposure_page
from tests.report.reports_by_hand import FORMULA_NAME, exposure, grant, hostile_report

_LETTERS = st.one_of(
    st.sampled_from("=+-@＝＋－＠'\"\t\r\n ;,a\u202e"), st.characters(codec="utf-8")
)
_TEXTS = st.text(_LETTERS, max_size=12)


def _read(batches: list[pa.RecordBatch]) -> list[dict[str, str]]:
    text = b"".join(csv_format.rows(batches)).decode()
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


@settings(max_examples=200, deadline=None)
@given(_TEXTS, st.lists(_TEXTS, max_size=3), _TEXTS)
def test_any_text_comes_back(name: str, classes: list[str], detail: str) -> None:
    row = exposure(1, name, classes=classes, detail=detail, table=None)
    batch = pa.RecordBatch.from_pylist([row], SCHEMA)
    found = _read([batch])
    assert len(found) == 1
    assert list(found[0]) == list(FIELDS)
    assert csv_format.as_read(found[0]["object"]) == name
    assert csv_format.as_read(found[0]["classes"]) == "; ".join(classes)
    assert csv_format.as_read(found[0]["detail"]) == detail
    assert found[0]["table"] == ""


@given(_TEXTS)
def test_no_cell_can_be_run(text: str) -> None:
    said = csv_format.defused(text)
    assert not said.strip().startswith(tuple("=+-@＝＋－＠"))
    assert not said.startswith(("\t", "\r", "\n"))
    assert csv_format.as_read(said) == text


@pytest.mark.parametrize(
    "text", ["=1", " =1", "\t=1", "＝1", "\ufeff=1", "\x00=1", "'=1", "''=1", "@x", "\rx", "-", "+"]
)
def test_what_is_defused(text: str) -> None:
    assert csv_format.defused(text) == "'" + text


@pytest.mark.parametrize("text", ["", "a=1", "db.t", "'quoted'", "' x", "a-b", "o'brien"])
def test_what_is_left_alone(text: str) -> None:
    assert csv_format.defused(text) == text


def test_hostile_rows_stand_in_their_cells() -> None:
    rows = _read(list(hostile_report().exposures()))
    assert rows[4]["object"] == "'" + FORMULA_NAME
    assert rows[4]["openings"] == "'-1+1; ＝cmd"
    assert rows[4]["grants"] == "'+1: SELECT to @SUM(A1) with grant option"
    assert rows[0]["kinds"] == "everyone; over-head-count"
    assert rows[0]["opened_at"] == "2026-06-09T09:41:00Z"
    assert rows[0]["everyone"] == "true"
    assert rows[1]["contract"] == ""


def test_every_line_ends_as_rfc_4180_says() -> None:
    plain = [exposure(1, "db.t"), exposure(2, "db.u", grants=[grant("TBL_PRIVS 1", "role:r")])]
    written = b"".join(csv_format.rows([pa.RecordBatch.from_pylist(plain, SCHEMA)]))
    assert written.count(b"\r\n") == written.count(b"\n") == 3


def _times(moment: int | None) -> dict[str, Any]:
    row = exposure(1, "db.t", opened_at=moment)
    return exposure_page(pa.RecordBatch.from_pylist([row], SCHEMA))[0]


@pytest.mark.parametrize("moment", [None, 0, -5, 2**62])
def test_what_is_no_time_is_nothing(moment: int | None) -> None:
    assert _times(moment)["opened_at"] is None
