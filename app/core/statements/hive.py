"""HiveQL: which words begin which statement."""

from collections.abc import Callable, MutableMapping

from app.core.statements import dml, hive_alter, hive_grants, hive_reading, hive_tables
from app.core.statements.cursor import Cursor, word_set
from app.core.statements.hive_names import NAMING
from app.core.statements.hive_settings import reset_command, set_command
from app.core.statements.object_names import database_name
from app.core.statements.types import NoEffect, Statement, Use

__all__ = ["NAMING", "read"]

Reader = Callable[[Cursor], "Statement | list[Statement]"]

_EXPLAIN_OPTIONS = word_set(
    """
    EXTENDED FORMATTED DEPENDENCY AUTHORIZATION LOGICAL AST LOCKS VECTORIZATION ONLY SUMMARY
    OPERATOR EXPRESSION DETAIL CBO COST JOINCOST REOPTIMIZATION DEBUG DDL
    """
)
#: Why statements that begin so are never judged.
_NOT_JUDGED = {
    "EXPORT": "rows are written to files that no grant guards",
    "IMPORT": "rows come from files whose classes are unknown here",
    "LOAD": "rows come from files whose classes are unknown here",
    "ADD": "code or files are added to the session",
    "SOURCE": "another file's statements are run, which are not read here",
    "DFS": "files are handled without any grant",
    "COMPILE": "code is added to the session",
    "RELOAD": "functions change, and what they do is unknown here",
    "!": "a shell command may do anything",
    "EXECUTE": "a prepared statement is run, which is not read here",
    "PREPARE": "a statement is prepared, which is not judged here",
    "REPL": "whole databases are copied",
}


def read(c: Cursor, assigned: MutableMapping[str, str]) -> Statement | list[Statement]:
    """One statement of HiveQL. Raises MisreadError where it is not understood."""
    if c.sees("SET"):
        return _read_set(c, assigned)
    if c.sees("RESET"):
        return reset_command(c, assigned)
    return _read_sql(c)


def _read_set(c: Cursor, assigned: MutableMapping[str, str]) -> Statement:
    # Hive looks for ROLE and AUTOCOMMIT between blanks only: SET role=x sets a variable.
    word, after = c.peek(1), c.peek(2)
    if after.start > word.end or after.key == "<end>":
        if word.key == "ROLE":
            return hive_grants.set_role(c)
        if word.key == "AUTOCOMMIT":
            return hive_reading.autocommit(c)
    return set_command(c, assigned)


def _read_sql(c: Cursor) -> Statement | list[Statement]:
    first = c.peek().key
    for word in (c.peek(number) for number in range(4)):
        if word.hint and first not in ("SELECT", "WITH", "FROM", "INSERT", "("):
            c.refuse_at("Hive takes no hint here", word)
    if first in _NOT_JUDGED:
        c.refuse_at(_NOT_JUDGED[first], c.peek())
    reader = _FIRST.get(first) or _SECOND.get((first, c.peek(1).key))
    if reader is None:
        c.refuse("a statement that is not understood begins here")
    return reader(c)


def _use(c: Cursor) -> Statement:
    c.expect("USE")
    target = database_name(c)
    c.end()
    return c.make(Use, object=target)


def _explain(c: Cursor) -> Statement:
    c.expect("EXPLAIN")
    runs = c.sees("ANALYZE") and not c.sees("ANALYZE", "TABLE")
    if runs:
        c.take()
    while c.sees_one_of(_EXPLAIN_OPTIONS):
        c.take()
    first = c.peek()
    if c.sees("EXPLAIN"):
        c.refuse("expected a statement to explain")
    inner = _read_sql(c)
    if runs and not isinstance(inner, NoEffect):
        c.refuse_at("EXPLAIN ANALYZE runs the statement", first)
    return c.make(NoEffect, what="EXPLAIN")


def _function(c: Cursor) -> Statement:
    c.refuse_at("what a function does is unknown here", c.peek(), c.peek(1))


_FIRST: dict[str, Reader] = {
    "GRANT": hive_grants.grant,
    "REVOKE": hive_grants.revoke,
    "USE": _use,
    "EXPLAIN": _explain,
    "SHOW": hive_reading.show,
    "DESCRIBE": hive_reading.describe,
    "DESC": hive_reading.describe,
    "ANALYZE": hive_reading.analyze,
    "MSCK": hive_reading.repair,
    "TRUNCATE": hive_reading.truncate,
    "LOCK": hive_reading.lock,
    "UNLOCK": hive_reading.lock,
    "START": hive_reading.transaction,
    "COMMIT": hive_reading.transaction,
    "ROLLBACK": hive_reading.transaction,
    "SELECT": dml.query,
    "VALUES": dml.query,
    "(": dml.query,
    "WITH": dml.with_or_from,
    "FROM": dml.with_or_from,
    "INSERT": dml.insert,
    "MERGE": dml.merge,
    "UPDATE": dml.update,
    "DELETE": dml.delete,
}
_SECOND: dict[tuple[str, str], Reader] = {
    ("CREATE", "ROLE"): hive_grants.create_role,
    ("DROP", "ROLE"): hive_grants.drop_role,
    ("CREATE", "TABLE"): hive_tables.create_table,
    ("CREATE", "TEMPORARY"): hive_tables.create_table,
    ("CREATE", "EXTERNAL"): hive_tables.create_table,
    ("CREATE", "MANAGED"): hive_tables.create_table,
    ("CREATE", "TRANSACTIONAL"): hive_tables.create_table,
    ("CREATE", "VIEW"): hive_tables.create_view,
    ("CREATE", "OR"): hive_tables.create_view,
    ("CREATE", "MATERIALIZED"): hive_tables.create_materialized_view,
    ("CREATE", "DATABASE"): hive_tables.create_database,
    ("CREATE", "SCHEMA"): hive_tables.create_database,
    ("CREATE", "REMOTE"): hive_tables.create_database,
    ("CREATE", "FUNCTION"): _function,
    ("DROP", "FUNCTION"): _function,
    ("DROP", "TABLE"): hive_tables.drop_table,
    ("DROP", "VIEW"): hive_tables.drop_view,
    ("DROP", "MATERIALIZED"): hive_tables.drop_view,
    ("DROP", "DATABASE"): hive_tables.drop_database,
    ("DROP", "SCHEMA"): hive_tables.drop_database,
    ("ALTER", "TABLE"): hive_alter.alter_table,
    ("ALTER", "VIEW"): hive_alter.alter_view,
    ("ALTER", "MATERIALIZED"): hive_alter.alter_materialized_view,
    ("ALTER", "DATABASE"): hive_alter.alter_database,
    ("ALTER", "SCHEMA"): hive_alter.alter_database,
}
