"""Facts for tests of the lake room, without any source."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa

from app.core.facts import SCHEMAS, Facts

Row = Mapping[str, Any]


def facts(kind: str, *rows: Row, last: bool = False) -> Facts:
    """One batch; what a row does not name is null."""
    schema = SCHEMAS[kind]
    return Facts(kind, pa.RecordBatch.from_pylist(list(rows), schema=schema), last)


def in_batches(kind: str, rows: Iterable[Row], size: int) -> Iterator[Facts]:
    """The rows in batches of a size."""
    listed = list(rows)
    for start in range(0, len(listed), size):
        yield facts(kind, *listed[start : start + size])


def grant(level: str, object_id: int | None, principal: str = "ann", **more: Any) -> Row:
    """A row of grants."""
    return {
        "level": level,
        "object_id": object_id,
        "principal_type": "USER",
        "principal": principal,
        "privilege": "SELECT",
        "grant_option": False,
        "grantor": "root",
        "grantor_type": "USER",
        "create_time": 1,
        "authorizer": "SQL",
        **more,
    }


def tiny_lake() -> list[Facts]:
    """Two databases, three tables, a few of everything."""
    return [
        facts("catalogs", {"name": "hive"}),
        facts(
            "databases",
            {"database_id": 7, "catalog": "hive", "name": "hr", "kind": "NATIVE"},
            {"database_id": 3, "catalog": "hive", "name": "crm", "kind": "NATIVE"},
        ),
        facts("database_properties", {"database_id": 7, "key": "team", "value": "people"}),
        facts(
            "tables",
            {"table_id": 50, "database_id": 7, "name": "pay", "kind": "MANAGED_TABLE"},
            {"table_id": 10, "database_id": 7, "name": "ask", "view_text": "SELECT 1"},
            {"table_id": 99, "database_id": 3, "name": "pay", "view_text": "SELECT 1"},
        ),
        facts(
            "columns",
            {"table_id": 50, "name": "sum", "type": "int", "position": 1, "partition_key": False},
            {"table_id": 50, "name": "who", "type": "int", "position": 0, "partition_key": False},
            {"table_id": 99, "name": "who", "type": "text", "position": 0, "partition_key": True},
        ),
        facts("table_properties", {"table_id": 50, "key": "a", "value": "b"}),
        facts("view_sources", {"table_id": 10, "source_table_id": 50}),
        facts(
            "grants",
            grant("table", 50, source_row=2),
            grant("table", 50, source_row=1, grantor="sam"),
            grant("table", 50, source_row=3, grantor="sam"),
            grant("table", 99, "bob", source_row=4),
            grant("table", 404, source_row=5),
            grant("database", 7, source_row=1),
            grant("global", None, source_row=1),
            grant("column", 10, column="c", source_row=1),
        ),
        facts("roles", {"name": "r", "create_time": 1}),
        facts("role_members", {"member_type": "USER", "member": "ann", "role": "r"}),
        facts("users", {"name": "ann", "kind": "person", "active": True}),
        facts("groups", {"name": "g"}, {"name": "g"}),
        facts("group_members", {"member_type": "user", "member": "ann", "group": "g"}),
        facts("lake_settings", {"key": "source", "value": "hand"}),
    ]
