"""Databricks' SQL: which words begin which statement."""

from collections.abc import Callable, MutableMapping

from app.core.statements import (
    databricks_alter,
    databricks_grants,
    databricks_reading,
    databricks_tables,
    dml,
)
from app.core.statements.cursor import Cursor
from app.core.statements.databricks_names import NAMING, catalog
from app.core.statements.object_names import database_name
from app.core.statements.types import NoEffect, ObjectRef, Statement, Use

__all__ = ["NAMING", "read"]

Reader = Callable[[Cursor], "Statement | list[Statement]"]

#: Why statements that begin so are never judged.
_NOT_JUDGED = {
    ("CALL",): "what a procedure does is unknown here",
    ("EXECUTE",): "a statement made at run time is run, which is not read here",
    ("BEGIN",): "a script may do anything",
    ("DECLARE",): "variables of the session are not followed",
    ("COPY",): "rows come from files whose classes are unknown here",
    ("RESTORE",): "which rows the table holds afterwards is unknown here",
    ("UNDROP",): "which grants come back is unknown here",
    ("MSCK",): "partitions or privileges of things that are not read here change",
    ("ADD",): "code or files are added to the session",
    ("CREATE", "FUNCTION"): "what a function does is unknown here",
    ("CREATE", "OR", "REPLACE", "FUNCTION"): "what a function does is unknown here",
    ("DROP", "FUNCTION"): "what a function does is unknown here",
    ("CREATE", "CATALOG"): "a catalog beside the metastore is not read here",
    ("DROP", "CATALOG"): "a catalog beside the metastore is not read here",
    ("CREATE", "STREAMING"): "rows come from a stream whose classes are unknown here",
}


def read(c: Cursor, assigned: MutableMapping[str, str]) -> Statement | list[Statement]:
    """One statement of Databricks. Raises MisreadError where it is not understood."""
    del assigned  # its statements set no variables of templates
    return _read(c)


def _read(c: Cursor) -> Statement | list[Statement]:
    for words, reason in _NOT_JUDGED.items():
        if c.sees(*words):
            c.refuse_at(reason, c.peek(), c.peek(len(words) - 1))
    first = c.peek().key
    reader = _FIRST.get(first) or _SECOND.get((first, c.peek(1).key))
    if reader is None and c.sees("CREATE", "OR", "REPLACE"):
        reader = _SECOND.get((first, c.peek(3).key))
    if reader is None:
        c.refuse("a statement that is not understood begins here")
    return reader(c)


def _use(c: Cursor) -> Statement:
    """USE [SCHEMA | DATABASE] name, and USE | SET CATALOG name, which makes `default` current."""
    if c.accept("USE", "CATALOG") or c.accept("SET", "CATALOG"):
        name = catalog(c)
        c.end()
        target = ObjectRef(name.catalog, "default", "", "catalog", name.span)
        return c.make(Use, object=target)
    c.expect("USE")
    if c.sees_one_of({"SCHEMA", "DATABASE"}) and c.peek(1).key != "<end>":
        c.take()
    database = database_name(c)
    c.end()
    return c.make(Use, object=database)


def _set(c: Cursor) -> Statement:
    if c.sees("SET", "CATALOG") and c.peek(2).key != "=":
        return _use(c)
    return databricks_reading.set_command(c)


def _explain(c: Cursor) -> Statement:
    c.expect("EXPLAIN")
    if c.sees_one_of({"EXTENDED", "CODEGEN", "COST", "FORMATTED"}):
        c.take()
    if c.sees("EXPLAIN"):
        c.refuse("expected a statement to explain")
    _read(c)
    return c.make(NoEffect, what="EXPLAIN")


_FIRST: dict[str, Reader] = {
    "GRANT": databricks_grants.grant,
    "REVOKE": databricks_grants.revoke,
    "DENY": databricks_grants.deny,
    "USE": _use,
    "SET": _set,
    "EXPLAIN": _explain,
    "SHOW": databricks_reading.show,
    "DESCRIBE": databricks_reading.describe,
    "DESC": databricks_reading.describe,
    "ANALYZE": databricks_reading.analyze,
    "OPTIMIZE": databricks_reading.optimize,
    "REFRESH": databricks_reading.refresh,
    "TRUNCATE": databricks_reading.truncate,
    "COMMENT": databricks_reading.comment,
    "SELECT": dml.query,
    "VALUES": dml.query,
    "TABLE": dml.query,
    "(": dml.query,
    "WITH": dml.with_or_from,
    "FROM": dml.with_or_from,
    "INSERT": dml.insert,
    "MERGE": dml.merge,
    "UPDATE": dml.update,
    "DELETE": dml.delete,
}
_SECOND: dict[tuple[str, str], Reader] = {
    ("CREATE", "TABLE"): databricks_tables.create_table,
    ("CREATE", "EXTERNAL"): databricks_tables.create_table,
    ("REPLACE", "TABLE"): databricks_tables.create_table,
    ("CREATE", "VIEW"): databricks_tables.create_view,
    ("CREATE", "MATERIALIZED"): databricks_tables.create_view,
    ("CREATE", "TEMPORARY"): databricks_tables.create_view,
    ("CREATE", "TEMP"): databricks_tables.create_view,
    ("CREATE", "GLOBAL"): databricks_tables.create_view,
    ("CREATE", "SCHEMA"): databricks_tables.create_schema,
    ("CREATE", "DATABASE"): databricks_tables.create_schema,
    ("DROP", "TABLE"): databricks_tables.drop_table,
    ("DROP", "VIEW"): databricks_tables.drop_table,
    ("DROP", "MATERIALIZED"): databricks_tables.drop_table,
    ("DROP", "SCHEMA"): databricks_tables.drop_schema,
    ("DROP", "DATABASE"): databricks_tables.drop_schema,
    ("ALTER", "TABLE"): databricks_alter.alter_table,
    ("ALTER", "VIEW"): databricks_alter.alter_view,
    ("ALTER", "MATERIALIZED"): databricks_alter.alter_view,
    ("ALTER", "SCHEMA"): databricks_alter.alter_schema,
    ("ALTER", "DATABASE"): databricks_alter.alter_schema,
    ("ALTER", "CATALOG"): databricks_alter.alter_other,
    ("ALTER", "FUNCTION"): databricks_alter.alter_other,
    ("ALTER", "VOLUME"): databricks_alter.alter_other,
    ("ALTER", "EXTERNAL"): databricks_alter.alter_other,
    ("ALTER", "STORAGE"): databricks_alter.alter_other,
    ("ALTER", "SERVICE"): databricks_alter.alter_other,
    ("ALTER", "CREDENTIAL"): databricks_alter.alter_other,
    ("ALTER", "CONNECTION"): databricks_alter.alter_other,
    ("ALTER", "SHARE"): databricks_alter.alter_other,
}
