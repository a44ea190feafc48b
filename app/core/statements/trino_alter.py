"""Trino's ALTER of schemas, tables and views."""

from app.core.statements.column_types import column_type
from app.core.statements.cursor import Cursor
from app.core.statements.object_names import column_name, database_name, table_name
from app.core.statements.trino_names import principal
from app.core.statements.trino_tables import column, one_property
from app.core.statements.types import (
    NoEffect,
    ObjectRef,
    Rename,
    SetColumns,
    SetOwner,
    SetProperties,
    Statement,
)


def alter_schema(c: Cursor) -> Statement:
    """ALTER SCHEMA name RENAME TO name | SET AUTHORIZATION principal"""
    c.expect("ALTER", "SCHEMA")
    target = database_name(c)
    if c.accept("RENAME", "TO"):
        word = c.name("the name of a schema")
        place = c.span_of(word)
        to = ObjectRef(target.catalog, word.text.lower(), "", "database", place)
        c.end()
        return c.make(Rename, object=target, to=to)
    found = _owner(c, target)
    if found is None:
        c.refuse("not understood in ALTER SCHEMA")
    c.end()
    return found


def alter_table(c: Cursor) -> Statement:
    """ALTER TABLE [IF EXISTS] name …"""
    c.expect("ALTER", "TABLE")
    c.accept("IF", "EXISTS")
    target = table_name(c, "table")
    for form in (_rename, _owner, _properties, _columns, _column_change):
        found = form(c, target)
        if found is not None:
            break
    else:
        if c.sees("EXECUTE"):
            c.refuse_at("which rows the table holds afterwards is unknown here", c.peek())
        c.refuse("not understood in ALTER TABLE")
    c.end()
    return found


def alter_view(c: Cursor) -> Statement:
    """ALTER [MATERIALIZED] VIEW name RENAME TO | SET AUTHORIZATION | SET PROPERTIES"""
    c.expect("ALTER")
    materialized = c.accept("MATERIALIZED")
    c.expect("VIEW")
    if materialized:
        c.accept("IF", "EXISTS")
    target = table_name(c, "view")
    found = _rename(c, target) or _owner(c, target)
    if found is None and materialized:
        found = _properties(c, target)
    if found is None:
        c.refuse("not understood in ALTER VIEW")
    c.end()
    return found


def _rename(c: Cursor, target: ObjectRef) -> Statement | None:
    if not c.accept("RENAME", "TO"):
        return None
    to = table_name(c, target.kind)
    if target.database and not to.database:  # a short name keeps the schema of the object
        to = ObjectRef(target.catalog, target.database, to.name, to.kind, to.span)
    return c.make(Rename, object=target, to=to)


def _owner(c: Cursor, target: ObjectRef) -> Statement | None:
    if not c.accept("SET", "AUTHORIZATION"):
        return None
    return c.make(SetOwner, object=target, owner=principal(c))


def _properties(c: Cursor, target: ObjectRef) -> Statement | None:
    if not c.accept("SET", "PROPERTIES"):
        return None
    found: dict[str, str] = {}
    first = c.peek()
    c.listed(lambda: one_property(c, found))
    if {"location", "external_location"} & found.keys():
        c.refuse_at("the table shows other files afterwards, whose classes are unknown here", first)
    return c.make(SetProperties, object=target, properties=found)


def _columns(c: Cursor, target: ObjectRef) -> Statement | None:
    if c.accept("ADD", "COLUMN"):
        c.accept("IF", "NOT", "EXISTS")
        added = column(c)
        if c.accept("AFTER"):
            column_name(c)
        elif not c.accept("FIRST"):
            c.accept("LAST")
        return c.make(SetColumns, object=target, added=(added,))
    if c.accept("DROP", "COLUMN"):
        c.accept("IF", "EXISTS")
        return c.make(SetColumns, object=target, dropped=(column_name(c),))
    if c.accept("RENAME", "COLUMN"):
        c.accept("IF", "EXISTS")
        before = column_name(c)
        c.expect("TO")
        return c.make(SetColumns, object=target, renamed=((before, column_name(c)),))
    return None


def _column_change(c: Cursor, target: ObjectRef) -> Statement | None:
    if not c.accept("ALTER", "COLUMN"):
        return None
    column_name(c)
    if c.accept("SET", "DATA", "TYPE"):
        column_type(c)
    else:
        c.expect("DROP", "NOT", "NULL")
    return c.make(NoEffect, what="ALTER COLUMN", object=target)
