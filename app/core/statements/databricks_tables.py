"""CREATE and DROP of tables, views and schemas in Databricks."""

from app.core.statements.column_types import column_type, names_in_brackets
from app.core.statements.cursor import Cursor
from app.core.statements.hive_columns import name_and_comment, table_constraint
from app.core.statements.object_names import column_name, database_name, table_name
from app.core.statements.queries import rest_as_query
from app.core.statements.types import (
    CreateDatabase,
    CreateTable,
    CreateView,
    DropDatabase,
    DropTable,
    Statement,
)

_TABLE_CONSTRAINTS = frozenset({"PRIMARY", "FOREIGN", "CONSTRAINT"})


def create_table(c: Cursor) -> Statement:
    """CREATE [OR REPLACE] [EXTERNAL] TABLE … | REPLACE TABLE … [LIKE name | AS query]"""
    replace = c.accept("REPLACE")
    if not replace:
        c.expect("CREATE")
        replace = c.accept("OR", "REPLACE")
        c.accept("EXTERNAL")
    c.expect("TABLE")
    if_not_exists = c.accept("IF", "NOT", "EXISTS")
    target = table_name(c, "table")
    like = table_name(c, "") if c.accept("LIKE") else None
    said = columns(c) if like is None and c.sees("(") else ()
    clauses = _Clauses()
    while clauses.read_one(c):
        pass
    query, span = "", None
    if like is None and (c.accept("AS") or c.sees_one_of({"SELECT", "WITH", "VALUES"})):
        query, span = rest_as_query(c)
    c.end()
    return c.make(
        CreateTable,
        object=target,
        columns=said,
        partition_keys=clauses.partition_keys,
        like=like,
        query=query,
        query_span=span,
        if_not_exists=if_not_exists,
        location=clauses.location,
        properties=clauses.properties,
        replace=replace,
    )


class _Clauses:
    """What follows a table's columns, in any order, each once."""

    def __init__(self) -> None:
        self.partition_keys: tuple[str, ...] = ()
        self.location = ""
        self.properties: dict[str, str] = {}
        self._read: set[str] = set()

    def read_one(self, c: Cursor) -> bool:
        """One more clause, if one comes. Raises MisreadError for a second of its kind."""
        word = c.peek()
        if word.key in self._read:
            c.refuse_at(f"a second {word.key}", word)
        if c.accept("USING"):
            self._source(c)
        elif c.accept("LOCATION"):
            self.location = c.string("a location").text
            if c.accept("WITH"):
                c.expect("(", "CREDENTIAL")
                c.name("the name of a credential")
                c.expect(")")
        elif c.accept("PARTITIONED", "BY"):
            self._partitions(c)
        elif c.accept("CLUSTER", "BY"):
            if not (c.accept("AUTO") or c.accept("NONE")):
                c.skip_brackets()
        elif c.accept("COMMENT"):
            c.string("a comment")
        elif c.accept("TBLPROPERTIES"):
            self.properties = properties(c)
        else:
            return False
        self._read.add(word.key)
        return True

    def _source(self, c: Cursor) -> None:
        word = c.name("a format")
        if word.key not in ("DELTA", "ICEBERG", "PARQUET", "ORC", "CSV", "JSON", "TEXT", "AVRO"):
            c.refuse_at("where rows of this format come from is unknown here", word)

    def _partitions(self, c: Cursor) -> None:
        if c.peek(2).key in (",", ")"):
            self.partition_keys = names_in_brackets(c)
        else:
            self.partition_keys = tuple(c.in_brackets(lambda: column(c)))


def create_view(c: Cursor) -> Statement:
    """CREATE [OR REPLACE] [MATERIALIZED] VIEW [IF NOT EXISTS] name [(columns)] … AS query"""
    c.expect("CREATE")
    replace = c.accept("OR", "REPLACE")
    if c.sees_one_of({"GLOBAL", "TEMPORARY", "TEMP"}):
        c.refuse_at("a temporary view hides a name for its session: not followed", c.peek())
    materialized = c.accept("MATERIALIZED")
    c.expect("VIEW")
    if_not_exists = c.accept("IF", "NOT", "EXISTS")
    target = table_name(c, "view")
    named = tuple(c.in_brackets(lambda: name_and_comment(c))) if c.sees("(") else ()
    if c.accept("COMMENT"):
        c.string("a comment")
    if c.accept("TBLPROPERTIES"):
        properties(c)
    c.expect("AS")
    query, span = rest_as_query(c)
    return c.make(
        CreateView,
        object=target,
        query=query,
        query_span=span,
        columns=named,
        replace=replace,
        if_not_exists=if_not_exists,
        materialized=materialized,
    )


def create_schema(c: Cursor) -> Statement:
    """CREATE SCHEMA | DATABASE [IF NOT EXISTS] name [COMMENT] [LOCATION] [WITH DBPROPERTIES]"""
    c.expect("CREATE")
    c.take()
    if_not_exists = c.accept("IF", "NOT", "EXISTS")
    target = database_name(c)
    if c.accept("COMMENT"):
        c.string("a comment")
    location = ""
    if c.accept("LOCATION") or c.accept("MANAGED", "LOCATION"):
        location = c.string("a location").text
    given = properties(c) if c.accept("WITH", "DBPROPERTIES") else {}
    c.end()
    return c.make(
        CreateDatabase,
        object=target,
        if_not_exists=if_not_exists,
        location=location,
        properties=given,
    )


def drop_schema(c: Cursor) -> Statement:
    """DROP SCHEMA | DATABASE [IF EXISTS] name [RESTRICT | CASCADE]"""
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


def columns(c: Cursor) -> tuple[str, ...]:
    """`(name type …, CONSTRAINT …)`: the names of the columns."""
    found = c.in_brackets(lambda: _column_or_constraint(c))
    return tuple(name for name in found if name)


def column(c: Cursor) -> str:
    """name type [NOT NULL] [DEFAULT …] [GENERATED …] [COMMENT string]; a MASK is refused."""
    name = column_name(c)
    column_type(c)
    while not c.ended and not c.sees_one_of({",", ")", "FIRST", "AFTER"}):
        if c.accept("COMMENT"):
            c.string("a comment")
        elif c.accept("GENERATED"):
            _generated(c)
        elif c.accept("DEFAULT"):
            _constant(c)
        elif not (c.accept("NOT", "NULL") or c.accept("PRIMARY", "KEY")):
            c.refuse("not understood in a column")
    return name


def properties(c: Cursor) -> dict[str, str]:
    """`(key = value, …)`: keys as strings or dotted words, values as they are written."""
    found: dict[str, str] = {}

    def one() -> None:
        key = property_key(c)
        c.accept("=")
        if c.peek().is_string:
            found[key] = c.string("a property's value").text
        elif c.peek().is_number or c.sees_one_of({"TRUE", "FALSE"}):
            found[key] = c.take().text
        else:
            c.refuse("expected a property's value")

    c.in_brackets(one)
    return found


def property_key(c: Cursor) -> str:
    """A property's name: a string, or words with dots between."""
    if c.peek().is_string:
        return c.string("a property's name").text
    parts = [c.name("a property's name").text]
    while c.accept("."):
        parts.append(c.name("a property's name").text)
    return ".".join(parts)


def _column_or_constraint(c: Cursor) -> str:
    if c.sees_one_of(_TABLE_CONSTRAINTS) and c.peek(1).key != "STRING":
        table_constraint(c)
        return ""
    return column(c)


def _generated(c: Cursor) -> None:
    if not c.accept("ALWAYS"):
        c.expect("BY", "DEFAULT")
    c.expect("AS")
    if c.accept("IDENTITY"):
        if c.sees("("):
            c.skip_brackets()
        return
    c.skip_brackets()


def _constant(c: Cursor) -> None:
    c.accept("-")
    if c.peek().is_string:
        c.string("a value")
        return
    word = c.take()
    if not (word.is_number or word.key in ("TRUE", "FALSE", "NULL")):
        if word.key not in ("CURRENT_TIMESTAMP", "CURRENT_DATE", "NOW"):
            c.refuse_at("expected a constant", word)
        if c.sees("("):
            c.skip_brackets()
