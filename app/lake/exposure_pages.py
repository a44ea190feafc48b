"""Exposures of a run in any order: the SQL of one page, kept apart from who runs it.

`conditions`, `sort` and `after` are plain: conditions are (column, operator, values) with
the operators in | any | from | until; sort is (column, descending), total because it ends
with `id`; a null sorts as 0, false or the empty text.
"""

from collections.abc import Sequence
from typing import Protocol

import pyarrow as pa

from app.core.exposures import SCHEMA
from app.core.sql_text import literal

Value = str | int | bool


class Condition(Protocol):
    """One condition: column, operator, values."""

    @property
    def column(self) -> str: ...
    @property
    def operator(self) -> str: ...
    @property
    def values(self) -> Sequence[Value]: ...


def page_sql(
    relation: str,
    conditions: Sequence[Condition],
    sort: Sequence[tuple[str, bool]],
    after: Sequence[Value] | None,
    limit: int | None,
) -> str:
    """The rows wanted, in order. relation: what reads the run's exposures."""
    columns = ", ".join(f'"{name}"' for name in SCHEMA.names)
    wheres = [*map(_condition, conditions), *([_after(sort, after)] if after is not None else [])]
    order = ", ".join(
        f"{_sorted(column)} {'DESC' if descending else 'ASC'}" for column, descending in sort
    )
    return (
        f"SELECT {columns} FROM {relation} WHERE {' AND '.join(wheres) or 'true'} "
        f"ORDER BY {order}" + (f" LIMIT {int(limit)}" if limit is not None else "")
    )


def count_sql(relation: str, conditions: Sequence[Condition]) -> str:
    """How many rows meet the conditions."""
    wheres = " AND ".join(map(_condition, conditions)) or "true"
    return f"SELECT count(*) AS n FROM {relation} WHERE {wheres}"


def _condition(condition: Condition) -> str:
    column = _column(condition.column)
    values = ", ".join(_value(value) for value in condition.values)
    if condition.operator == "any":
        return f"list_has_any({column}, [{values}])"
    if condition.operator == "in":
        return f"{column} IN ({values})"
    sign = {"from": ">=", "until": "<="}[condition.operator]
    return f"{column} {sign} {values}"


def _after(sort: Sequence[tuple[str, bool]], after: Sequence[Value]) -> str:
    """Rows strictly behind the given one, whatever the directions."""
    found: list[str] = []
    same: list[str] = []
    for (column, descending), value in zip(sort, after, strict=True):
        sign = "<" if descending else ">"
        found.append(" AND ".join([*same, f"{_sorted(column)} {sign} {_value(value)}"]))
        same.append(f"{_sorted(column)} = {_value(value)}")
    return "(" + " OR ".join(f"({one})" for one in found) + ")"


def _sorted(column: str) -> str:
    kind = SCHEMA.field(column).type
    empty = "''" if pa.types.is_string(kind) else "false" if pa.types.is_boolean(kind) else "0"
    return f"coalesce({_column(column)}, {empty})"


def _column(name: str) -> str:
    SCHEMA.field(name)  # KeyError for what is no column: nothing else gets into the text
    return f'"{name}"'


def _value(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else literal(value)
