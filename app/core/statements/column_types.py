"""Columns and their types in Trino and Databricks; HiveQL's are in `hive_columns`."""

from app.core.statements.cursor import Cursor, word_set
from app.core.statements.hive_columns import MAX_NESTING
from app.core.statements.object_names import column_name

_PRIMITIVE = {
    "trino": word_set(
        """
        BOOLEAN TINYINT SMALLINT INTEGER INT BIGINT REAL DOUBLE DECIMAL DEC NUMERIC VARCHAR CHAR
        VARBINARY JSON DATE TIME TIMESTAMP IPADDRESS UUID HYPERLOGLOG P4HYPERLOGLOG GEOMETRY
        SPHERICALGEOGRAPHY
        """
    ),
    "databricks": word_set(
        """
        BOOLEAN TINYINT BYTE SMALLINT SHORT INT INTEGER BIGINT LONG FLOAT REAL DOUBLE DECIMAL DEC
        NUMERIC DATE TIMESTAMP TIMESTAMP_NTZ TIMESTAMP_LTZ STRING CHAR CHARACTER VARCHAR BINARY
        VOID VARIANT
        """
    ),
}
#: Words of nested types, and the brackets in which a dialect writes what they hold.
_NESTED = {
    "trino": (word_set("ARRAY MAP ROW"), "(", ")"),
    "databricks": (word_set("ARRAY MAP STRUCT"), "<", ">"),
}


def column_type(c: Cursor, depth: int = 0) -> None:
    """A type, nested or not. Raises MisreadError when it is none, or too deep."""
    if depth > MAX_NESTING:
        c.refuse(f"types are nested more than {MAX_NESTING} deep")
    nested, opening, closing = _NESTED[c.dialect]
    if c.sees_one_of(nested):
        kind = c.take().key
        c.expect(opening)
        _held(c, kind, depth + 1)
        while c.accept(","):
            _held(c, kind, depth + 1)
        c.expect(closing)
        return
    if not c.sees_one_of(_PRIMITIVE[c.dialect]):
        c.refuse("expected a type")
    word = c.take().key
    if word == "DOUBLE":
        c.accept("PRECISION")
    if c.sees("("):
        c.in_brackets(lambda: _number(c))
    if word in ("TIME", "TIMESTAMP") and c.dialect == "trino":
        _time_zone(c)


def names_in_brackets(c: Cursor) -> tuple[str, ...]:
    """`(a, b)`"""
    return tuple(c.in_brackets(lambda: column_name(c)))


def _held(c: Cursor, kind: str, depth: int) -> None:
    if kind == "STRUCT":
        column_name(c)
        c.accept(":")
    elif kind == "ROW" and (c.peek(1).key not in ("(", ",", ")") or c.peek().is_quoted):
        column_name(c)
    column_type(c, depth)
    if kind == "STRUCT":
        c.accept("NOT", "NULL")
        if c.accept("COMMENT"):
            c.string("a comment")


def _number(c: Cursor) -> None:
    if not c.peek().is_number:
        c.refuse("expected a number")
    c.take()


def _time_zone(c: Cursor) -> None:
    if c.accept("WITH") or c.accept("WITHOUT"):
        c.expect("TIME", "ZONE")
