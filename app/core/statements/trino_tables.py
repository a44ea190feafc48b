"""CREATE, ALTER and DROP of tables, views and schemas in Trino."""

from app.core.statements.column_types import column_type, names_in_brackets
from app.core.statements.cursor import Cursor
from app.core.statements.object_names import column_name, database_name, table_name
from app.core.statements.queries import check_query, rest_as_query
from app.core.statements.trino_names import principal
from app.core.statements.types import (
    CreateDatabase,
    CreateTable,
    CreateView,
    DropDatabase,
    DropTable,
    ObjectRef,
    Span,
    Statement,
)


def create_table(c: Cursor) -> Statement:
    """CREATE [OR REPLACE] TABLE [IF NOT EXISTS] name (columns) | [(names)] … AS query"""
    c.expect("CREATE")
    replace = c.accept("OR", "REPLACE")
    c.expect("TABLE")
    if_not_exists = c.accept("IF", "NOT", "EXISTS")
    target = table_name(c, "table")
    said, likes, typed = _elements(c) if c.sees("(") else ((), [], False)
    _comment(c)
    given = properties(c) if c.accept("WITH") else {}
    query, span = _as_query(c) if not typed and not likes else ("", None)
    c.end()
    if len(likes) > 1 or (likes and said):
        c.refuse_at("a table like others with columns of its own is not followed", c.last())
    return c.make(
        CreateTable,
        object=target,
        if_not_exists=if_not_exists,
        replace=replace,
        columns=said,
        partition_keys=(),
        like=likes[0] if likes else None,
        location=given.get("external_location", given.get("location", "")),
        properties=given,
        query=query,
        query_span=span,
    )


def create_view(c: Cursor) -> Statement:
    """CREATE [OR REPLACE] [MATERIALIZED] VIEW name [COMMENT] [SECURITY …] AS query"""
    c.expect("CREATE")
    replace = c.accept("OR", "REPLACE")
    materialized = c.accept("MATERIALIZED")
    c.expect("VIEW")
    if_not_exists = materialized and c.accept("IF", "NOT", "EXISTS")
    target = table_name(c, "view")
    if materialized and c.accept("GRACE", "PERIOD"):
        c.expect("INTERVAL")
        c.string("a length of time")
        c.take()
    _comment(c)
    if not materialized and c.accept("SECURITY") and not c.accept("INVOKER"):
        c.expect("DEFINER")
    if c.accept("WITH"):
        properties(c)
    c.expect("AS")
    query, span = rest_as_query(c)
    return c.make(
        CreateView,
        object=target,
        query=query,
        query_span=span,
        replace=replace,
        if_not_exists=if_not_exists,
        materialized=materialized,
    )


def create_schema(c: Cursor) -> Statement:
    """CREATE SCHEMA [IF NOT EXISTS] name [AUTHORIZATION principal] [WITH (properties)]"""
    c.expect("CREATE", "SCHEMA")
    if_not_exists = c.accept("IF", "NOT", "EXISTS")
    target = database_name(c)
    owner = principal(c) if c.accept("AUTHORIZATION") else None
    given = properties(c) if c.accept("WITH") else {}
    c.end()
    return c.make(
        CreateDatabase,
        object=target,
        if_not_exists=if_not_exists,
        owner=owner,
        location=given.get("location", ""),
        properties=given,
    )


def drop_schema(c: Cursor) -> Statement:
    """DROP SCHEMA [IF EXISTS] name [CASCADE | RESTRICT]"""
    c.expect("DROP", "SCHEMA")
    if_exists = c.accept("IF", "EXISTS")
    target = database_name(c)
    cascade = c.accept("CASCADE")
    if not cascade:
        c.accept("RESTRICT")
    c.end()
    return c.make(DropDatabase, object=target, if_exists=if_exists, cascade=cascade)


def drop_table(c: Cursor) -> Statement:
    """DROP TABLE | [MATERIALIZED] VIEW [IF EXISTS] name"""
    c.expect("DROP")
    kind = "table"
    if not c.accept("TABLE"):
        kind = "view"
        c.accept("MATERIALIZED")
        c.expect("VIEW")
    if_exists = c.accept("IF", "EXISTS")
    target = table_name(c, kind)
    c.end()
    return c.make(DropTable, object=target, if_exists=if_exists)


def properties(c: Cursor) -> dict[str, str]:
    """`(key = value, …)`, a value as it is written, a string without its quotes."""
    found: dict[str, str] = {}
    c.in_brackets(lambda: one_property(c, found))
    return found


def one_property(c: Cursor, found: dict[str, str]) -> None:
    """One `name = value`, put among those found."""
    name = column_name(c)
    c.expect("=")
    found[name] = _value(c)


def _value(c: Cursor) -> str:
    """A constant: a string, a number, a word, or ARRAY[…] of them."""
    if c.peek().is_string:
        return c.string("a value").text
    first = c.at
    if c.accept("ARRAY"):
        c.skip_brackets("[", "]")
    elif c.accept("MAP"):
        c.skip_brackets()
    else:
        c.accept("-")
        word = c.take()
        if not (word.is_number or word.key in ("TRUE", "FALSE", "NULL", "DEFAULT")):
            c.refuse_at("expected a constant as a property's value", word)
    return c.slice(first, c.at)[0]


def _elements(c: Cursor) -> tuple[tuple[str, ...], list[ObjectRef], bool]:
    """Columns with types, LIKE others, or names alone; and whether types were said."""
    if c.peek(2).key in (",", ")") and not c.sees("(", "LIKE"):
        return names_in_brackets(c), [], False
    likes: list[ObjectRef] = []
    found = c.in_brackets(lambda: _element(c, likes))
    return tuple(name for name in found if name), likes, True


def _element(c: Cursor, likes: list[ObjectRef]) -> str:
    if not c.accept("LIKE"):
        return column(c)
    likes.append(table_name(c, ""))
    if c.accept("INCLUDING") or c.accept("EXCLUDING"):
        c.expect("PROPERTIES")
    return ""


def column(c: Cursor) -> str:
    """name type [DEFAULT constant] [NOT NULL] [COMMENT string] [WITH (properties)]"""
    name = column_name(c)
    column_type(c)
    if c.accept("DEFAULT"):
        _value(c)
    c.accept("NOT", "NULL")
    _comment(c)
    if c.accept("WITH"):
        properties(c)
    return name


def _as_query(c: Cursor) -> tuple[str, Span]:
    c.expect("AS")
    until = c.count()
    tail = [word.key for word in c.words(c.at, until)][-3:]
    if tail[-2:] == ["WITH", "DATA"]:
        until -= 2
    elif tail == ["WITH", "NO", "DATA"]:
        until -= 3
    if until <= c.at:
        c.refuse("expected a query")
    text, span = c.slice(c.at, until)
    check_query(c, text, c.at, until)
    c.at = c.count()
    return text, span


def _comment(c: Cursor) -> None:
    if c.accept("COMMENT"):
        c.string("a comment")
