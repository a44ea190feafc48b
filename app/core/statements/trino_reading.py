"""SHOW, DESCRIBE, EXPLAIN, SET and other Trino on which nobody's access depends."""

from collections.abc import Callable

from app.core.statements.cursor import Cursor, word_set
from app.core.statements.object_names import table_name
from app.core.statements.queries import rest_as_query
from app.core.statements.types import NoEffect, Statement

Tail = Callable[[Cursor], None]

_FORMATS = word_set("TEXT GRAPHVIZ JSON")
_TYPES = word_set("LOGICAL DISTRIBUTED VALIDATE IO")


def _named(c: Cursor) -> None:
    c.name("a name")
    while c.accept("."):
        c.name("a name")


def _in(c: Cursor) -> None:
    if c.accept("IN") or c.accept("FROM"):
        _named(c)


def _like(c: Cursor) -> None:
    if c.accept("LIKE"):
        c.string("a pattern")
        if c.accept("ESCAPE"):
            c.string("a sign")


def _on(c: Cursor) -> None:
    if c.accept("ON"):
        c.accept("TABLE")
        _named(c)


def _measured(c: Cursor) -> None:
    c.expect("FOR")
    if not c.sees("("):
        _named(c)
        return
    rest_as_query(c)


#: What may follow SHOW, and what after that.
_SHOW: tuple[tuple[tuple[str, ...], tuple[Tail, ...]], ...] = (
    (("CATALOGS",), (_like,)),
    (("SCHEMAS",), (_in, _like)),
    (("TABLES",), (_in, _like)),
    (("COLUMNS",), (_in, _like)),
    (("FUNCTIONS",), (_in, _like)),
    (("SESSION",), (_like,)),
    (("STATS",), (_measured,)),
    (("CREATE", "TABLE"), (_named,)),
    (("CREATE", "SCHEMA"), (_named,)),
    (("CREATE", "VIEW"), (_named,)),
    (("CREATE", "MATERIALIZED", "VIEW"), (_named,)),
    (("CREATE", "FUNCTION"), (_named,)),
    (("CURRENT", "ROLES"), (_in,)),
    (("ROLES",), (_in,)),
    (("ROLE", "GRANTS"), (_in,)),
    (("GRANTS",), (_on,)),
)


def show(c: Cursor) -> Statement:
    """SHOW of all that Trino shows."""
    c.expect("SHOW")
    tails = next((tails for words, tails in _SHOW if c.accept(*words)), None)
    if tails is None:
        c.refuse("not understood after SHOW")
    for tail in tails:
        tail(c)
    c.end()
    return c.make(NoEffect, what="SHOW")


def describe(c: Cursor) -> Statement:
    """DESCRIBE | DESC name"""
    c.take()
    _named(c)
    c.end()
    return c.make(NoEffect, what="DESCRIBE")


def analyze(c: Cursor) -> Statement:
    """ANALYZE name [WITH (properties)]"""
    c.expect("ANALYZE")
    table_name(c, "table")
    if c.accept("WITH"):
        c.skip_brackets()
    c.end()
    return c.make(NoEffect, what="ANALYZE")


def truncate(c: Cursor) -> Statement:
    """TRUNCATE TABLE name"""
    c.expect("TRUNCATE", "TABLE")
    target = table_name(c, "table")
    c.end()
    return c.make(NoEffect, what="TRUNCATE", object=target)


def comment(c: Cursor) -> Statement:
    """COMMENT ON TABLE | VIEW | COLUMN name IS string | NULL"""
    c.expect("COMMENT", "ON")
    if not c.sees_one_of({"TABLE", "VIEW", "COLUMN"}):
        c.refuse("expected TABLE, VIEW or COLUMN")
    c.take()
    _named(c)
    c.expect("IS")
    if not c.accept("NULL"):
        c.string("a comment")
    c.end()
    return c.make(NoEffect, what="COMMENT")


def refresh(c: Cursor) -> Statement:
    """REFRESH MATERIALIZED VIEW name: its own query runs again"""
    c.expect("REFRESH", "MATERIALIZED", "VIEW")
    target = table_name(c, "view")
    c.end()
    return c.make(NoEffect, what="REFRESH MATERIALIZED VIEW", object=target)


def set_session(c: Cursor) -> Statement:
    """SET SESSION name = constant. Authorization is no property of a session."""
    c.expect("SET", "SESSION")
    if c.sees("AUTHORIZATION"):
        c.refuse_at("what follows runs as another user, whom the check does not judge", c.peek())
    _named(c)
    c.expect("=")
    c.accept("-")
    if c.peek().is_string:
        c.string("a value")
    elif c.peek().is_number or c.sees_one_of({"TRUE", "FALSE", "NULL"}):
        c.take()
    else:
        c.refuse("expected a constant")
    c.end()
    return c.make(NoEffect, what="SET SESSION")


def reset_session(c: Cursor) -> Statement:
    """RESET SESSION name"""
    c.expect("RESET", "SESSION")
    if c.sees("AUTHORIZATION"):
        c.refuse_at("who runs what follows is not known here", c.peek())
    _named(c)
    c.end()
    return c.make(NoEffect, what="RESET SESSION")


def transaction(c: Cursor) -> Statement:
    """START TRANSACTION [modes], COMMIT [WORK], ROLLBACK [WORK]"""
    if c.accept("START", "TRANSACTION"):
        if not c.ended:
            c.listed(lambda: _transaction_mode(c))
    else:
        c.take()
        c.accept("WORK")
    c.end()
    return c.make(NoEffect, what="TRANSACTION")


def _transaction_mode(c: Cursor) -> None:
    if c.accept("READ", "ONLY") or c.accept("READ", "WRITE"):
        return
    c.expect("ISOLATION", "LEVEL")
    for level in (
        ("READ", "UNCOMMITTED"),
        ("READ", "COMMITTED"),
        ("REPEATABLE", "READ"),
        ("SERIALIZABLE",),
    ):
        if c.accept(*level):
            return
    c.refuse("expected an isolation level")


def explain_options(c: Cursor) -> bool:
    """EXPLAIN [ANALYZE [VERBOSE]] [(options)]: taken; whether the statement is run."""
    c.expect("EXPLAIN")
    if c.accept("ANALYZE"):
        c.accept("VERBOSE")
        return True
    if c.sees("(", "TYPE") or c.sees("(", "FORMAT"):
        c.in_brackets(lambda: _explain_option(c))
    return False


def _explain_option(c: Cursor) -> None:
    known = _TYPES if c.accept("TYPE") else _FORMATS
    if known is _FORMATS:
        c.expect("FORMAT")
    if not c.sees_one_of(known):
        c.refuse("not understood in EXPLAIN")
    c.take()
