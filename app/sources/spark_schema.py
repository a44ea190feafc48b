"""The real columns of Spark's data source tables.

Spark cannot say every schema in Hive's columns. It then stores one dummy column
(`col array<string>`) and keeps the real schema as JSON in table properties, in one piece
(`spark.sql.sources.schema`) or in numbered parts. Source: Spark's HiveExternalCatalog.
"""

import json
from dataclasses import dataclass
from typing import Any

DUMMY_NAME, DUMMY_TYPE = "col", "array<string>"

_WHOLE = "spark.sql.sources.schema"
_PARTS = "spark.sql.sources.schema.numParts"
_PART = "spark.sql.sources.schema.part."
_PARTITION_COLUMNS = "spark.sql.sources.schema.numPartCols"
_PARTITION_COLUMN = "spark.sql.sources.schema.partCol."

#: Spark's JSON names of types whose SQL name differs.
_SQL_NAMES = {"integer": "int", "long": "bigint", "short": "smallint", "byte": "tinyint"}


@dataclass(frozen=True, slots=True)
class SparkColumns:
    """A table's columns: (name, Hive-like type) in order, partition columns apart."""

    plain: tuple[tuple[str, str], ...]
    partition: tuple[tuple[str, str], ...]


def spark_columns(properties: dict[str, str]) -> SparkColumns | None:
    """Decode one table's schema properties; None when they hold no whole schema."""
    text = _schema_text(properties)
    if not text:
        return None
    try:
        fields = [
            (field["name"], _type_name(field["type"])) for field in json.loads(text)["fields"]
        ]
        count = int(properties.get(_PARTITION_COLUMNS, 0))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not all(isinstance(name, str) for name, _ in fields):
        return None
    by = {properties.get(f"{_PARTITION_COLUMN}{number}", "").lower() for number in range(count)}
    return SparkColumns(
        plain=tuple(field for field in fields if field[0].lower() not in by),
        partition=tuple(field for field in fields if field[0].lower() in by),
    )


def _schema_text(properties: dict[str, str]) -> str:
    if _WHOLE in properties:
        return properties[_WHOLE]
    try:
        count = int(properties.get(_PARTS, 0))
        return "".join(properties[f"{_PART}{number}"] for number in range(count))
    except (ValueError, KeyError):
        return ""


def _type_name(kind: Any) -> str:
    if isinstance(kind, str):
        return _SQL_NAMES.get(kind, kind)
    if kind["type"] == "struct":
        inner = ",".join(f"{part['name']}:{_type_name(part['type'])}" for part in kind["fields"])
        return f"struct<{inner}>"
    if kind["type"] == "array":
        return f"array<{_type_name(kind['elementType'])}>"
    if kind["type"] == "map":
        return f"map<{_type_name(kind['keyType'])},{_type_name(kind['valueType'])}>"
    return _type_name(kind.get("sqlType", "string"))  # a user-defined type
