"""ALTER in Databricks."""

from app.core.statements.column_types import column_type, names_in_brackets
from app.core.statements.cursor import Cursor
from app.core.statements.databricks_names import principal, securable
from app.core.statements.databricks_tables import column, properties, property_key
from app.core.statements.object_names import column_name, database_name, table_name
from app.core.statements.queries import rest_as_query
from app.core.statements.types import (
    CreateView,
    NoEffect,
    ObjectRef,
    Rename,
    SetColumns,
    SetOwner,
    SetProperties,
    Statement,
)

#: Why these forms of ALTER TABLE and ALTER VIEW cannot be judged.
_NOT_JUDGED = {
    ("SET", "LOCATION"): "the table shows other files afterwards, whose classes are unknown here",
    ("SET", "ROW"): "who reads which rows changes",
    ("DROP", "ROW"): "who reads which rows changes",
    ("SET", "MASK"): "who reads which values changes",
    ("DROP", "MASK"): "who reads which values changes",
    ("SET", "TAGS"): "policies may hang on tags",
    ("UNSET", "TAGS"): "policies may hang on tags",
    ("RECOVER",): "partitions of files whose classes are unknown here are added",
}


def alter_table(c: Cursor) -> Statement:
    """ALTER TABLE name …"""
    c.expect("ALTER", "TABLE")
    target = table_name(c, "table")
    _refuse_what_is_not_judged(c)
    for form in (_rename, _owner, _properties, _columns, _column_change, _partitions):
        found = form(c, target)
        if found is not None:
            break
    else:
        c.refuse("not understood in ALTER TABLE")
    c.end()
    return found


def alter_view(c: Cursor) -> Statement:
    """ALTER [MATERIALIZED] VIEW name AS query | RENAME TO | OWNER TO | … TBLPROPERTIES"""
    c.expect("ALTER")
    materialized = c.accept("MATERIALIZED")
    c.expect("VIEW")
    target = table_name(c, "view")
    if not materialized and c.accept("AS"):
        query, span = rest_as_query(c)
        return c.make(
            CreateView, object=target, query=query, query_span=span, replace=True, alters=True
        )
    _refuse_what_is_not_judged(c)
    found = _rename(c, target) or _owner(c, target) or _properties(c, target)
    if found is None:
        c.refuse("not understood in ALTER VIEW")
    c.end()
    return found


def alter_schema(c: Cursor) -> Statement:
    """ALTER SCHEMA | DATABASE name [SET] OWNER TO | SET DBPROPERTIES"""
    c.expect("ALTER")
    c.take()
    target = database_name(c)
    _refuse_what_is_not_judged(c)
    found = _owner(c, target)
    if found is None and c.accept("SET", "DBPROPERTIES"):
        found = c.make(SetProperties, object=target, properties=properties(c))
    if found is None:
        c.refuse("not understood in ALTER SCHEMA")
    c.end()
    return found


def alter_other(c: Cursor) -> Statement:
    """ALTER CATALOG, FUNCTION, VOLUME, EXTERNAL LOCATION … name [SET] OWNER TO principal"""
    c.expect("ALTER")
    target = securable(c)
    found = _owner(c, target)
    if found is None:
        c.refuse("expected OWNER TO")
    c.end()
    return found


def _refuse_what_is_not_judged(c: Cursor) -> None:
    for words, reason in _NOT_JUDGED.items():
        if c.sees(*words):
            c.refuse_at(reason, c.peek(), c.peek(len(words) - 1))


def _rename(c: Cursor, target: ObjectRef) -> Statement | None:
    if not c.accept("RENAME", "TO"):
        return None
    return c.make(Rename, object=target, to=table_name(c, target.kind))


def _owner(c: Cursor, target: ObjectRef) -> Statement | None:
    if not (c.accept("OWNER", "TO") or c.accept("SET", "OWNER", "TO")):
        return None
    return c.make(SetOwner, object=target, owner=principal(c))


def _properties(c: Cursor, target: ObjectRef) -> Statement | None:
    if c.accept("SET", "TBLPROPERTIES"):
        return c.make(SetProperties, object=target, properties=properties(c))
    if c.accept("UNSET", "TBLPROPERTIES"):
        c.accept("IF", "EXISTS")
        names = c.in_brackets(lambda: property_key(c))
        return c.make(SetProperties, object=target, properties=dict.fromkeys(names))
    return None


def _columns(c: Cursor, target: ObjectRef) -> Statement | None:
    if c.accept("ADD", "COLUMNS") or c.accept("ADD", "COLUMN"):
        if c.sees("("):
            added = c.in_brackets(lambda: _placed_column(c))
        else:
            added = c.listed(lambda: _placed_column(c))
        return c.make(SetColumns, object=target, added=tuple(added))
    if c.accept("DROP", "COLUMNS") or c.accept("DROP", "COLUMN"):
        c.accept("IF", "EXISTS")
        dropped = names_in_brackets(c) if c.sees("(") else (column_name(c),)
        return c.make(SetColumns, object=target, dropped=dropped)
    if c.accept("RENAME", "COLUMN"):
        before = column_name(c)
        c.expect("TO")
        return c.make(SetColumns, object=target, renamed=((before, column_name(c)),))
    return None


def _placed_column(c: Cursor) -> str:
    name = column(c)
    _place(c)
    return name


def _place(c: Cursor) -> bool:
    if c.accept("AFTER"):
        column_name(c)
        return True
    return c.accept("FIRST")


def _column_change(c: Cursor, target: ObjectRef) -> Statement | None:
    """ALTER COLUMN name …: its type, place and comment; no mask."""
    if not (c.accept("ALTER", "COLUMN") or c.accept("CHANGE", "COLUMN")):
        return None
    column_name(c)
    _refuse_what_is_not_judged(c)
    if c.accept("COMMENT"):
        c.string("a comment")
    elif c.accept("TYPE"):
        column_type(c)
    elif not (c.accept("SET", "NOT", "NULL") or c.accept("DROP", "NOT", "NULL") or _place(c)):
        c.refuse("not understood in ALTER COLUMN")
    return c.make(NoEffect, what="ALTER COLUMN", object=target)


def _partitions(c: Cursor, target: ObjectRef) -> Statement | None:
    if c.sees("ADD", "PARTITION") or c.sees("ADD", "IF"):
        c.take()
        c.accept("IF", "NOT", "EXISTS")
        _added_partition(c)
        while c.sees("PARTITION"):
            _added_partition(c)
        return c.make(NoEffect, what="ADD PARTITION", object=target)
    if c.sees("DROP", "PARTITION") or c.sees("DROP", "IF"):
        c.take()
        c.accept("IF", "EXISTS")
        c.listed(lambda: _one_partition(c))
        c.accept("PURGE")
        return c.make(NoEffect, what="DROP PARTITION", object=target)
    return None


def _added_partition(c: Cursor) -> None:
    _one_partition(c)
    if c.sees("LOCATION"):
        c.refuse_at("a partition shows files of another place, whose classes are unknown", c.peek())


def _one_partition(c: Cursor) -> None:
    c.expect("PARTITION")
    c.skip_brackets()
