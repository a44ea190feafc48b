"""Parquet: the rows as they are, in row groups of one size."""

import io

import pyarrow as pa
import pyarrow.parquet as pq

from app.core.exposures import SCHEMA
from app.report.parquet_format import ROWS_IN_A_GROUP
from app.report.registry import stream
from tests.report.reports_by_hand import clean_report, hostile_report, large_report


def test_the_rows_come_back_as_they_were() -> None:
    found = pq.read_table(io.BytesIO(b"".join(stream("parquet", hostile_report()))))
    assert found.schema.equals(SCHEMA)
    assert found.equals(pa.Table.from_batches(hostile_report().exposures(), SCHEMA))


def test_no_rows_are_a_file_of_none() -> None:
    found = pq.read_table(io.BytesIO(b"".join(stream("parquet", clean_report()))))
    assert found.schema.equals(SCHEMA)
    assert found.num_rows == 0


def test_row_groups_have_one_size() -> None:
    rows = ROWS_IN_A_GROUP * 2 + 7
    written = b"".join(stream("parquet", large_report(rows, 15_000)))
    about = pq.ParquetFile(io.BytesIO(written)).metadata
    sizes = [about.row_group(number).num_rows for number in range(about.num_row_groups)]
    assert sizes == [ROWS_IN_A_GROUP, ROWS_IN_A_GROUP, 7]
