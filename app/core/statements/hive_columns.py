"""Columns and their types in HiveQL."""

from collections.abc import Callable

from app.core.statements.cursor import Cursor, word_set
from app.core.statements.object_names import column_name

MAX_NESTING = 100

_PRIMITIVE = word_set(
    """
    TINYINT SMALLINT INT INTEGER BIGINT BOOLEAN FLOAT REAL DOUBLE DATE DATETIME TIMESTAMP
    TIMESTAMPLOCALTZ BINARY STRING DECIMAL DEC NUMERIC VARCHAR CHAR
    """
)
_DECIMAL = frozenset({"DECIMAL", "DEC", "NUMERIC"})
_CONSTRAINT_WORDS = word_set(
    """
    NOT NULL PRIMARY KEY UNIQUE ENABLE DISABLE VALIDATE NOVALIDATE RELY NORELY ENFORCED
    """
)
_TABLE_CONSTRAINTS = frozenset({"PRIMARY", "UNIQUE", "FOREIGN", "CHECK", "CONSTRAINT"})


def columns(c: Cursor) -> tuple[str, ...]:
    """`(a int COMMENT 'x', …, PRIMARY KEY (a) …)`: the names of the columns."""
    found = c.in_brackets(lambda: _column_or_constraint(c))
    return tuple(name for name in found if name)


def columns_only(c: Cursor) -> tuple[str, ...]:
    """`(a int COMMENT 'x', …)` without constraints of the table."""
    return tuple(c.in_brackets(lambda: column(c)))


def column(c: Cursor) -> str:
    """A column with its type, constraints and comment."""
    name = column_name(c)
    column_type(c)
    _constraints(c)
    return name


def name_and_comment(c: Cursor) -> str:
    """A view's column: a name and perhaps a comment."""
    name = column_name(c)
    if c.accept("COMMENT"):
        c.string("a comment")
    return name


def column_type(c: Cursor, depth: int = 0) -> None:
    """A type, nested or not. Raises MisreadError when it is none, or too deep."""
    if depth > MAX_NESTING:
        c.refuse(f"types are nested more than {MAX_NESTING} deep")
    word = c.peek().key
    if word in ("ARRAY", "UNIONTYPE"):
        c.take()
        _in_angles(c, lambda: column_type(c, depth + 1), only_one=word == "ARRAY")
    elif word == "MAP":
        c.take()
        c.expect("<")
        _primitive(c)
        c.expect(",")
        column_type(c, depth + 1)
        c.expect(">")
    elif word == "STRUCT":
        c.take()
        _in_angles(c, lambda: _member(c, depth + 1), only_one=False)
    else:
        _primitive(c)


def _in_angles(c: Cursor, read: Callable[[], None], *, only_one: bool) -> None:
    c.expect("<")
    read()
    while not only_one and c.accept(","):
        read()
    c.expect(">")


def _member(c: Cursor, depth: int) -> None:
    column_name(c)
    c.expect(":")
    column_type(c, depth)
    if c.accept("COMMENT"):
        c.string("a comment")


def _primitive(c: Cursor) -> None:
    if not c.sees_one_of(_PRIMITIVE):
        c.refuse("expected a type")
    word = c.take().key
    if word == "DOUBLE":
        c.accept("PRECISION")
    elif word == "TIMESTAMP":
        c.accept("WITH", "LOCAL", "TIME", "ZONE")
    elif word in ("VARCHAR", "CHAR"):
        _numbers(c, 1)
    elif word in _DECIMAL and c.sees("("):
        _numbers(c, 2)


def _numbers(c: Cursor, most: int) -> None:
    c.expect("(")
    for number in range(most):
        if number and not c.accept(","):
            break
        if not c.peek().is_number:
            c.refuse("expected a number")
        c.take()
    c.expect(")")


def _column_or_constraint(c: Cursor) -> str:
    if c.sees_one_of(_TABLE_CONSTRAINTS) and (not c.sees("CHECK") or c.sees("CHECK", "(")):
        table_constraint(c)
        return ""
    return column(c)


def table_constraint(c: Cursor) -> None:
    """[CONSTRAINT name] PRIMARY KEY | UNIQUE | FOREIGN KEY | CHECK …: no right depends on it."""
    if c.accept("CONSTRAINT"):
        c.name("the name of a constraint")
    if c.accept("FOREIGN", "KEY"):
        c.in_brackets(lambda: column_name(c))
        _references(c)
    elif c.accept("PRIMARY", "KEY") or c.accept("UNIQUE"):
        c.in_brackets(lambda: column_name(c))
    else:
        c.expect("CHECK")
        c.skip_brackets()
    _constraints(c, with_comment=False)


def _references(c: Cursor) -> None:
    c.expect("REFERENCES")
    c.name("the name of a table")
    while c.accept("."):
        c.name("the name of a table")
    c.in_brackets(lambda: column_name(c))


def _constraints(c: Cursor, *, with_comment: bool = True) -> None:
    while not c.ended and not c.sees_one_of({",", ")", "FIRST", "AFTER", "CASCADE", "RESTRICT"}):
        if with_comment and c.accept("COMMENT"):
            c.string("a comment")
        elif c.accept("CONSTRAINT"):
            c.name("the name of a constraint")
        elif c.sees_one_of(_CONSTRAINT_WORDS):
            c.take()
        elif c.accept("CHECK"):
            c.skip_brackets()
        elif c.accept("DEFAULT"):
            _default(c)
        elif c.sees("REFERENCES"):
            _references(c)
        else:
            c.refuse("not understood in a column")


def _default(c: Cursor) -> None:
    """A constant, a signed number or a call."""
    if c.sees_one_of({"-", "+"}):
        c.take()
    c.take()
    if c.peek().is_string:  # DATE '2020-01-01'
        c.take()
    if c.sees("("):
        c.skip_brackets()
