"""Views as Trino stores them."""

import pyarrow as pa
import pytest

from app.sources.trino_view import TrinoView, decode_trino_view, decode_views
from tests.sources.small_lake import trino_text


def test_the_query_and_its_schema_are_found() -> None:
    assert decode_trino_view(trino_text("SELECT 'é'")) == TrinoView("SELECT 'é'", "hr")
    materialized = trino_text("SELECT 1").replace("View", "Materialized View")
    assert decode_trino_view(materialized) == TrinoView("SELECT 1", "hr")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SELECT 1",
        "/* Presto View */",
        "/* Presto View: !! */",
        "/* Presto View: e30= */",
        "/* Presto View: W10= */",
    ],
)
def test_what_is_none_is_left_alone(text: str) -> None:
    assert decode_trino_view(text) is None
    columns = {
        "table_id": pa.array([1]),
        "view_text": pa.array(["x"]),
        "view_original_text": pa.array([text]),
    }
    properties = decode_views(columns)
    assert columns["view_original_text"].to_pylist() == [text]
    assert properties is None or properties.batch.num_rows == 0
