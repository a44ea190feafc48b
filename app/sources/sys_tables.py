"""The metastore's tables as HiveServer2 shows them: the database `sys`, where there is one.

Hive's own script (hive-schema-*.hive.sql) makes `sys` of external tables that read the
metastore's database through its JDBC storage handler. It leaves out a few columns and tables
(see `sys_completion`).

Anybody may make a database called sys where there is none. So a table counts only when it is
what such a script makes: each of its columns read from the column of that name of the
metastore's table, and no row left out.
"""

import re
from collections.abc import Iterable, Mapping

from app.sources import metastore_schema as schema
from app.sources.hive_text import literal, quoted
from app.sources.metastore_connection import Read
from app.sources.table_properties import STATISTICS

#: Where Hive's script calls a table otherwise than the metastore does.
_NAMES = {"VERSION": "db_version"}

#: The class that shows tables of another database in Hive.
HANDLER = "org.apache.hive.storage.jdbc.JdbcStorageHandler"
_REFERENCE = re.compile(r'\b(\w)\."(\w+)"')
_QUERY = re.compile(r"SELECT\s+([\w\s,\"`]+?)\s+FROM\s+[\"`]?(\w+)[\"`]?\s*", re.IGNORECASE)
_IDENTIFIER = re.compile(r"[\"`]?(\w+)[\"`]?")

#: Tables whose rows may be asked for in part; the rest is read whole.
_FILTERS = {
    "TABLE_PARAMS": f"`param_key` NOT IN ({', '.join(map(literal, STATISTICS))})",
}


def _reads() -> Iterable[Read]:
    return (
        *(schema.VERSION, schema.CATALOGS, schema.DATABASES, schema.DATABASE_PROPERTIES),
        *(schema.TABLES, schema.TABLE_PROPERTIES, schema.COLUMNS, schema.PARTITION_KEYS),
        *(schema.PARTITIONS, schema.VIEW_SOURCES, schema.ROLES, schema.ROLE_MEMBERS),
        *schema.GRANTS.values(),
    )


def _columns() -> dict[str, frozenset[str]]:
    """Table → the columns of it that a crawl reads."""
    found: dict[str, set[str]] = {}
    for read in _reads():
        named = {(output.alias, output.column) for output in read.outputs}
        for alias, column in named | set(_REFERENCE.findall(read.source)):
            found.setdefault(read.tables[alias], set()).add(column)
    return {table: frozenset(columns) for table, columns in found.items()}


#: What a crawl reads: table → its columns.
COLUMNS: Mapping[str, frozenset[str]] = _columns()


def hive_name(table: str) -> str:
    """What a table of the metastore is called in `sys`."""
    return _NAMES.get(table, table.lower())


def select(database: str, table: str, columns: Iterable[str], only: str = "") -> str:
    """The statement that reads columns of a table, all where none is named.

    only: a condition on its rows.
    """
    wanted = ", ".join(quoted(name.lower()) for name in columns) or "*"
    condition = only or _FILTERS.get(table, "")
    where = f" WHERE {condition}" if condition else ""
    return f"SELECT {wanted} FROM {quoted(database)}.{quoted(hive_name(table))}{where}"


def is_mirror(table: str, columns: Iterable[str], properties: Mapping[str, str]) -> bool:
    """Whether a table of `sys` is nothing but the metastore's table of a name.

    columns: its columns as Hive lists them. properties: its table properties.
    """
    if properties.get("storage_handler") != HANDLER:
        return False
    if properties.get("hive.sql.database.type") != "METASTORE":
        return False
    if any(key.startswith("hive.sql.") and key not in _PLAIN for key in properties):
        return False
    query = _QUERY.fullmatch(properties.get("hive.sql.query", "").strip())
    if query is None or query[2] != table:
        return False
    read = [_IDENTIFIER.fullmatch(part.strip()) for part in query[1].split(",")]
    names = [part[1].lower() if part else None for part in read]
    return names == [name.lower() for name in columns]


_PLAIN = frozenset({"hive.sql.database.type", "hive.sql.query"})
