"""CREATE and DROP of tables, views and databases in HiveQL."""

from app.core.statements.cursor import Cursor
from app.core.statements.hive_columns import columns, columns_only, name_and_comment
from app.core.statements.object_names import column_name, database_name, table_name
from app.core.statements.queries import rest_as_query
from app.core.statements.types import (
    CreateDatabase,
    CreateTable,
    CreateView,
    DropDatabase,
    DropTable,
    ObjectRef,
    Statement,
)


def create_table(c: Cursor) -> Statement:
    """CREATE [TEMPORARY] [EXTERNAL | MANAGED | TRANSACTIONAL] TABLE … [AS query]"""
    c.expect("CREATE")
    temporary = c.accept("TEMPORARY")
    if c.sees_one_of({"EXTERNAL", "TRANSACTIONAL"} | (set() if temporary else {"MANAGED"})):
        c.take()
    c.expect("TABLE")
    if_not_exists = c.accept("IF", "NOT", "EXISTS")
    target = table_name(c, "table")
    fields = {"object": target, "if_not_exists": if_not_exists, "temporary": temporary}
    if c.accept("LIKE"):
        return _create_like(c, fields)
    said = columns(c) if c.sees("(") else ()
    _comment(c)
    keys = _partition_keys(c)
    _buckets(c)
    _storage(c)
    location = _location(c)
    given = _table_properties(c)
    query, span = rest_as_query(c) if c.accept("AS") else ("", None)
    c.end()
    return c.make(
        CreateTable,
        **fields,
        columns=said,
        partition_keys=keys,
        location=location,
        properties=given,
        query=query,
        query_span=span,
    )


def _create_like(c: Cursor, fields: dict[str, object]) -> Statement:
    if c.sees("FILE") and c.peek(1).key not in (".", "<end>", "STORED", "LOCATION"):
        c.refuse_at("columns are taken from a file, which is not read here", c.peek())
    like = table_name(c, "")
    _storage(c)
    location = _location(c)
    given = _table_properties(c)
    c.end()
    return c.make(CreateTable, **fields, like=like, location=location, properties=given)


def create_view(c: Cursor) -> Statement:
    """CREATE [OR REPLACE] VIEW [IF NOT EXISTS] name [(columns)] … AS query"""
    c.expect("CREATE")
    replace = c.accept("OR", "REPLACE")
    c.expect("VIEW")
    if_not_exists = c.accept("IF", "NOT", "EXISTS")
    target = table_name(c, "view")
    named = tuple(c.in_brackets(lambda: name_and_comment(c))) if c.sees("(") else ()
    _comment(c)
    if c.accept("PARTITIONED", "ON"):
        c.in_brackets(lambda: column_name(c))
    _table_properties(c)
    c.expect("AS")
    if c.sees("FROM"):
        c.refuse("expected a query")
    query, span = rest_as_query(c)
    return c.make(
        CreateView,
        object=target,
        query=query,
        query_span=span,
        columns=named,
        replace=replace,
        if_not_exists=if_not_exists,
    )


def create_materialized_view(c: Cursor) -> Statement:
    """CREATE MATERIALIZED VIEW [IF NOT EXISTS] name … AS query"""
    c.expect("CREATE", "MATERIALIZED", "VIEW")
    if_not_exists = c.accept("IF", "NOT", "EXISTS")
    target = table_name(c, "view")
    c.accept("DISABLE", "REWRITE")
    _comment(c)
    if c.accept("PARTITIONED", "ON"):
        c.in_brackets(lambda: column_name(c))
    if c.sees_one_of({"CLUSTERED", "DISTRIBUTED"}):
        c.take()
        c.expect("ON")
        c.in_brackets(lambda: column_name(c))
        if c.accept("SORTED", "ON"):
            c.in_brackets(lambda: column_name(c))
    _storage(c)
    _location(c)
    _table_properties(c)
    c.expect("AS")
    query, span = rest_as_query(c)
    return c.make(
        CreateView,
        object=target,
        query=query,
        query_span=span,
        if_not_exists=if_not_exists,
        materialized=True,
    )


def create_database(c: Cursor) -> Statement:
    """CREATE DATABASE | SCHEMA [IF NOT EXISTS] name [COMMENT] [LOCATION] [WITH DBPROPERTIES]"""
    c.expect("CREATE")
    if c.sees("REMOTE"):
        c.refuse_at("a remote database shows tables that are not read here", c.peek())
    c.take()
    if_not_exists = c.accept("IF", "NOT", "EXISTS")
    target = database_name(c)
    _comment(c)
    location = _location(c)
    if c.accept("MANAGEDLOCATION"):
        c.string("a location")
    given = properties(c) if c.accept("WITH", "DBPROPERTIES") else {}
    c.end()
    return c.make(
        CreateDatabase,
        object=target,
        if_not_exists=if_not_exists,
        location=location,
        properties=given,
    )


def drop_database(c: Cursor) -> Statement:
    """DROP DATABASE | SCHEMA [IF EXISTS] name [RESTRICT | CASCADE]"""
    c.expect("DROP")
    c.take()
    if_exists = c.accept("IF", "EXISTS")
    target = database_name(c)
    cascade = c.accept("CASCADE")
    if not cascade:
        c.accept("RESTRICT")
    c.end()
    return c.make(DropDatabase, object=target, if_exists=if_exists, cascade=cascade)


def drop_table(c: Cursor) -> Statement:
    """DROP TABLE [IF EXISTS] name [PURGE]"""
    c.expect("DROP", "TABLE")
    if_exists = c.accept("IF", "EXISTS")
    target = table_name(c, "table")
    c.accept("PURGE")
    c.end()
    return c.make(DropTable, object=target, if_exists=if_exists)


def drop_view(c: Cursor) -> Statement:
    """DROP [MATERIALIZED] VIEW [IF EXISTS] name"""
    c.expect("DROP")
    c.accept("MATERIALIZED")
    c.expect("VIEW")
    if_exists = c.accept("IF", "EXISTS")
    target: ObjectRef = table_name(c, "view")
    c.end()
    return c.make(DropTable, object=target, if_exists=if_exists)


def properties(c: Cursor) -> dict[str, str]:
    """`('key'='value', …)`. Raises MisreadError for anything else."""
    found: dict[str, str] = {}

    def one() -> None:
        key = c.string("a property's name")
        c.expect("=")
        found[key.text] = c.string("a property's value").text

    c.in_brackets(one)
    return found


def _comment(c: Cursor) -> None:
    if c.accept("COMMENT"):
        c.string("a comment")


def _location(c: Cursor) -> str:
    return c.string("a location").text if c.accept("LOCATION") else ""


def _table_properties(c: Cursor) -> dict[str, str]:
    return properties(c) if c.accept("TBLPROPERTIES") else {}


def _partition_keys(c: Cursor) -> tuple[str, ...]:
    if not c.accept("PARTITIONED", "BY"):
        return ()
    if c.accept("SPEC"):  # made from columns that are there already
        c.skip_brackets()
        return ()
    if c.peek(2).key in (",", ")"):
        return tuple(c.in_brackets(lambda: column_name(c)))
    return columns_only(c)


def _buckets(c: Cursor) -> None:
    if c.accept("CLUSTERED", "BY"):
        c.in_brackets(lambda: column_name(c))
        if c.accept("SORTED", "BY"):
            c.in_brackets(lambda: _sorted(c))
        c.expect("INTO")
        c.take()
        c.expect("BUCKETS")
    if c.accept("SKEWED", "BY"):
        c.in_brackets(lambda: column_name(c))
        c.expect("ON")
        c.skip_brackets()
        c.accept("STORED", "AS", "DIRECTORIES")


def _sorted(c: Cursor) -> None:
    column_name(c)
    if c.sees_one_of({"ASC", "DESC"}):
        c.take()
    if c.accept("NULLS"):
        c.take()


def _storage(c: Cursor) -> None:
    if c.accept("ROW", "FORMAT"):
        if c.accept("SERDE"):
            c.string("a class")
            if c.accept("WITH", "SERDEPROPERTIES"):
                properties(c)
        else:
            _delimited(c)
    if c.accept("STORED", "BY"):
        if not c.accept("ICEBERG"):  # its rows lie in the table's own folder
            c.refuse_at("rows come from another system, whose classes are unknown here", c.peek())
        if c.accept("WITH", "SERDEPROPERTIES"):
            properties(c)
        if c.accept("STORED", "AS"):
            c.name("a file format")
    elif c.accept("STORED", "AS"):
        if c.accept("INPUTFORMAT"):
            c.string("a class")
            c.expect("OUTPUTFORMAT")
            c.string("a class")
            if c.accept("INPUTDRIVER"):
                c.string("a class")
                c.expect("OUTPUTDRIVER")
                c.string("a class")
        else:
            c.name("a file format")


def _delimited(c: Cursor) -> None:
    c.expect("DELIMITED")
    if c.accept("FIELDS", "TERMINATED", "BY"):
        c.string("a sign")
        if c.accept("ESCAPED", "BY"):
            c.string("a sign")
    if c.accept("COLLECTION", "ITEMS", "TERMINATED", "BY"):
        c.string("a sign")
    if c.accept("MAP", "KEYS", "TERMINATED", "BY"):
        c.string("a sign")
    if c.accept("LINES", "TERMINATED", "BY"):
        c.string("a sign")
    if c.accept("NULL", "DEFINED", "AS"):
        c.string("a sign")
