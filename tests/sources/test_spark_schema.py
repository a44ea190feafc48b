"""Spark's schemas in table properties."""

import json

import pytest

from app.sources.spark_schema import spark_columns

NESTED = {
    "type": "struct",
    "fields": [
        {"name": "Id", "type": "long"},
        {"name": "price", "type": "decimal(10,2)"},
        {"name": "tags", "type": {"type": "array", "elementType": "string"}},
        {
            "name": "person",
            "type": {
                "type": "struct",
                "fields": [{"name": "ssn", "type": "string"}, {"name": "age", "type": "integer"}],
            },
        },
        {
            "name": "scores",
            "type": {"type": "map", "keyType": "string", "valueType": {"type": "udt"}},
        },
        {"name": "Day", "type": "date"},
    ],
}


def test_types_are_written_as_hive_writes_them() -> None:
    columns = spark_columns(
        {
            "spark.sql.sources.schema": json.dumps(NESTED),
            "spark.sql.sources.schema.numPartCols": "1",
            "spark.sql.sources.schema.partCol.0": "day",
        }
    )
    assert columns is not None
    assert columns.plain == (
        ("Id", "bigint"),
        ("price", "decimal(10,2)"),
        ("tags", "array<string>"),
        ("person", "struct<ssn:string,age:int>"),
        ("scores", "map<string,string>"),
    )
    assert columns.partition == (("Day", "date"),)


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"spark.sql.sources.schema": "{"},
        {"spark.sql.sources.schema": "[]"},
        {"spark.sql.sources.schema": '{"fields": [{"name": 1, "type": "long"}]}'},
        {"spark.sql.sources.schema": '{"fields": [{"type": "long"}]}'},
        {"spark.sql.sources.schema": '{"fields": [{"name": "a", "type": {}}]}'},
        {"spark.sql.sources.schema": '{"fields": ' + "[" * 100_000},
        {"spark.sql.sources.schema.numParts": "2", "spark.sql.sources.schema.part.0": "{}"},
        {"spark.sql.sources.schema.numParts": "many"},
    ],
)
def test_no_whole_schema_is_none(properties: dict[str, str]) -> None:
    assert spark_columns(properties) is None
