"""Trino's SQL: which words begin which statement."""

from collections.abc import Callable, MutableMapping

from app.core.statements import dml, trino_alter, trino_grants, trino_reading, trino_tables
from app.core.statements.cursor import Cursor
from app.core.statements.object_names import database_name
from app.core.statements.trino_names import NAMING
from app.core.statements.types import NoEffect, Statement, Use

__all__ = ["NAMING", "read"]

Reader = Callable[[Cursor], "Statement | list[Statement]"]

#: Why statements that begin so are never judged.
_NOT_JUDGED = {
    ("CALL",): "what a procedure does is unknown here",
    ("EXECUTE",): "a prepared statement is run, which is not read here",
    ("PREPARE",): "a statement is prepared, which is not judged here",
    ("DEALLOCATE",): "a prepared statement is not judged here",
    ("CREATE", "FUNCTION"): "what a function does is unknown here",
    ("CREATE", "OR", "REPLACE", "FUNCTION"): "what a function does is unknown here",
    ("DROP", "FUNCTION"): "what a function does is unknown here",
    ("CREATE", "CATALOG"): "a catalog shows tables that are not read here",
    ("DROP", "CATALOG"): "which grants a catalog holds is unknown here",
    ("ALTER", "CATALOG"): "a catalog's owner is no part of the metastore",
    ("SET", "PATH"): "which functions names mean changes",
}


def read(c: Cursor, assigned: MutableMapping[str, str]) -> Statement | list[Statement]:
    """One statement of Trino. Raises MisreadError where it is not understood."""
    del assigned  # Trino's statements set no variables of templates
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
    c.expect("USE")
    target = database_name(c)
    c.end()
    return c.make(Use, object=target)


def _explain(c: Cursor) -> Statement:
    runs = trino_reading.explain_options(c)
    first = c.peek()
    if c.sees("EXPLAIN"):
        c.refuse("expected a statement to explain")
    inner = _read(c)
    if runs and not isinstance(inner, NoEffect):
        c.refuse_at("EXPLAIN ANALYZE runs the statement", first)
    return c.make(NoEffect, what="EXPLAIN")


_FIRST: dict[str, Reader] = {
    "GRANT": trino_grants.grant,
    "REVOKE": trino_grants.revoke,
    "DENY": trino_grants.deny,
    "USE": _use,
    "EXPLAIN": _explain,
    "SHOW": trino_reading.show,
    "DESCRIBE": trino_reading.describe,
    "DESC": trino_reading.describe,
    "ANALYZE": trino_reading.analyze,
    "TRUNCATE": trino_reading.truncate,
    "COMMENT": trino_reading.comment,
    "REFRESH": trino_reading.refresh,
    "START": trino_reading.transaction,
    "COMMIT": trino_reading.transaction,
    "ROLLBACK": trino_reading.transaction,
    "SELECT": dml.query,
    "VALUES": dml.query,
    "TABLE": dml.query,
    "(": dml.query,
    "WITH": dml.query,
    "INSERT": dml.insert,
    "MERGE": dml.merge,
    "UPDATE": dml.update,
    "DELETE": dml.delete,
}
_SECOND: dict[tuple[str, str], Reader] = {
    ("CREATE", "ROLE"): trino_grants.create_role,
    ("DROP", "ROLE"): trino_grants.drop_role,
    ("SET", "ROLE"): trino_grants.set_role,
    ("SET", "SESSION"): trino_reading.set_session,
    ("RESET", "SESSION"): trino_reading.reset_session,
    ("CREATE", "TABLE"): trino_tables.create_table,
    ("CREATE", "VIEW"): trino_tables.create_view,
    ("CREATE", "MATERIALIZED"): trino_tables.create_view,
    ("CREATE", "SCHEMA"): trino_tables.create_schema,
    ("DROP", "TABLE"): trino_tables.drop_table,
    ("DROP", "VIEW"): trino_tables.drop_table,
    ("DROP", "MATERIALIZED"): trino_tables.drop_table,
    ("DROP", "SCHEMA"): trino_tables.drop_schema,
    ("ALTER", "TABLE"): trino_alter.alter_table,
    ("ALTER", "VIEW"): trino_alter.alter_view,
    ("ALTER", "MATERIALIZED"): trino_alter.alter_view,
    ("ALTER", "SCHEMA"): trino_alter.alter_schema,
}
