"""One table of HiveServer2 that holds all a crawl reads of the metastore, in one view.

An administrator makes it once (docs/hive-mirror.sql) beside Hive's JDBC storage handler. Its
rows are packed by the metastore's own database, a thousand to a text of JSON, so that they
come in one statement and as fast as they can be sent. PostgreSQL only.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.sources.hive_text import literal
from app.sources.sys_tables import COLUMNS, HANDLER
from app.sources.table_properties import STATISTICS

DATABASE, TABLE = "lakewarden", "metastore"

_ROWS = 1_000  # of a table in one text
_CONDITIONS = {
    "TABLE_PARAMS": f'WHERE "PARAM_KEY" NOT IN ({", ".join(map(literal, STATISTICS))})',
    "PARTITIONS": 'WHERE "PART_ID" IN (SELECT "PART_ID" FROM "PART_PRIVS" '
    'UNION SELECT "PART_ID" FROM "PART_COL_PRIVS") OR "TBL_ID" IN (SELECT "TBL_ID" '
    'FROM "TABLE_PARAMS" WHERE "PARAM_KEY" = \'PARTITION_LEVEL_PRIVILEGE\')',
}
# The shortest first: of what it must know to tell its columns, the handler asks for one row.
_ORDER = ("VERSION", *sorted(COLUMNS.keys() - {"VERSION"}))


def query() -> str:
    """What the table reads, in PostgreSQL's SQL."""
    return "\nUNION ALL\n".join(map(_packed, _ORDER))


def _packed(table: str) -> str:
    columns = ", ".join(f'"{name}"' for name in sorted(COLUMNS[table]))
    condition = _CONDITIONS.get(table, "")
    return (
        f"SELECT {literal(table)} AS name, "
        f"CAST(json_agg(json_build_array({columns})) AS text) AS packed\n"
        f"FROM (SELECT {columns}, row_number() OVER () / {_ROWS} AS part "
        f'FROM "{table}"{" " + condition if condition else ""}) rows GROUP BY part'
    )


def definition() -> str:
    """The statement that makes the table."""
    escaped = query().replace('"', '\\"')
    return (
        f"CREATE EXTERNAL TABLE IF NOT EXISTS {DATABASE}.{TABLE} (name string, packed string)\n"
        f"STORED BY '{HANDLER}'\n"
        f'TBLPROPERTIES (\n"hive.sql.database.type" = "METASTORE",\n'
        f'"hive.sql.query" = "{escaped}"\n)'
    )


def is_mirror(columns: Sequence[str], properties: Mapping[str, str]) -> bool:
    """Whether a table is just that one, so that nobody left out a row."""
    said = {key: value for key, value in properties.items() if key.startswith("hive.sql.")}
    return (
        list(columns) == ["name", "packed"]
        and properties.get("storage_handler") == HANDLER
        and said.keys() == {"hive.sql.database.type", "hive.sql.query"}
        and said["hive.sql.database.type"] == "METASTORE"
        and said["hive.sql.query"].split() == query().split()
    )


def unpacked(rows: Sequence[tuple[Any, ...]]) -> Iterator[tuple[str, dict[str, Sequence[Any]]]]:
    """Every table and its columns. Raises ValueError for a text that is not as it was packed."""
    found: dict[str, list[list[Any]]] = {table: [] for table in _ORDER}
    for name, text in rows:
        if name not in found:
            raise ValueError(f"there is no table {name}")
        values = json.loads(text)
        width = len(COLUMNS[name])
        if not isinstance(values, list) or any(len(row) != width for row in values):
            raise ValueError(f"the rows of {name} are not {width} columns wide")
        found[name] += values
    for table, values in found.items():
        names = sorted(COLUMNS[table])
        columns = list(zip(*values, strict=True)) or [()] * len(names)
        yield table, dict(zip(names, columns, strict=True))
